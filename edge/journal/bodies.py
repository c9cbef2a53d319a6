"""The text of a record as a journal's file has it: as it is, or packed where it is long.

Public names: stored_body, body_text.

Most of a journal is evidence: what each antenna saw of each tag is some kilobytes of JSON, a quarter of it once packed.
What is packed is a zlib stream (RFC 1950) with a dictionary, whose checksum it names; short texts stay readable in any
SQLite tool. `PACKING` must never change: nothing else reads what was packed with it. A better one comes beside it.
"""

from __future__ import annotations

import zlib

PACKING = (
    b'"order":{"id":"SO1-","carrier":"POST","service":"standard","lines":[{"gtin":"09521141","quantity":1,"sku":"A1",'
    b'"name":"","epcs":[],"cancelled":0},{"gtin":"0","quantity":2,"sku":""}],"tote":"(8003)0","parcel":"(00)0",'
    b'"channel":"api","external":"","state":"open","codes":[],"refused":false,"items":[]}}'
    b'"tote":"(8003)","order":"","final":true,"matched":["(01)0(21)","(01)0(21)"],"findings":[{"kind":"","missing":[],'
    b'"aboard":[{"parcel":"(00)0","order":"","carrier":"","service":"","at_us":17,"sorted_us":17,"dock":"door1","by":"",'
    b'"text":""},{"parcel":"(00)"evidence":[{"dock":"door1","side":"outside","count":1,"first_us":17,"last_us":17,'
    b'"power":0.0000},{"dock":"door2","side":"inside","count":"feed_seq":'
    b'{"at_us":17,"line":"","passage":1,"track_id":1,"stage":"final","start_us":17,"stop_us":17,"offset_us":-1,'
    b'"claims":[{"epc":"3036451FD0","weight":1.0e-7,"rival":0.0,"power":0.000,"wanted":"","doubtful":true},'
    b'{"epc":"311BA1CC80","weight":0.000,"rival":1.0e-8,"power":0.00,"wanted":"","doubtful":false}],"tags":['
    b'{"epc":"3036451FD0","antenna":2,"count":1,"first_us":17,"last_us":17,"weight":1.0e-8,"reader":"tote1"},'
    b'{"epc":"311BA1CC80","antenna":1,"count":2,"first_us":17,"last_us":17,"weight":0.000'
)
"""What long texts have in common, what is most frequent last."""
_LONG = 800
_begun = zlib.compressobj(4, zlib.DEFLATED, 13, 6, zlib.Z_DEFAULT_STRATEGY, PACKING)
"""A window of 8 KiB and little memory: a copy for each text costs less than the text."""


def stored_body(body: str) -> str | bytes:
    """A text as it is stored; packed if that makes it shorter."""
    if len(body) < _LONG:
        return body
    text = body.encode()
    packing = _begun.copy()
    packed = packing.compress(text) + packing.flush()
    return packed if len(packed) < len(text) else body


def body_text(stored: str | bytes) -> str:
    """The text again; of what is damaged, as much as can be said: no record has it."""
    if isinstance(stored, str):
        return stored
    unpacking = zlib.decompressobj(zdict=PACKING)
    try:
        text = unpacking.decompress(stored)
        if unpacking.eof:
            return text.decode(errors="replace")
    except zlib.error:
        pass
    return stored.decode(errors="replace")
