"""EPCs: memory in hexadecimal, URIs, element strings, Digital Links, patterns."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from fuzz.borders import Take
from rfid.epc.hexadecimal import plain_hex
from rfid.epc.identity import (
    EpcError,
    classify,
    decode,
    describe,
    encode,
    fresh_identity,
    grai96,
    parse,
    sgtin96,
    sscc96,
)
from rfid.epc.patterns import PatternError, fields_of, pattern
from rfid.epc.quick import quick_identity

_PATTERNS = (
    "urn:epc:pat:sgtin-96:3.9521141.[0-199999].*",
    "urn:epc:idpat:sgtin:9521141.*.*",
    "urn:epc:pat:sscc-96:X.9521141.X",
)


def seeds() -> Iterable[bytes]:
    """Each spelling of three tags, and patterns."""
    for tag in (sgtin96("9521141", "000101", 77), sscc96("9521141", "0000001234"), grai96("9521141", "00010", 9)):
        for said in describe(tag).values():
            yield str(said).encode()
    yield from (one.encode() for one in _PATTERNS)
    # Headers of the table with nothing behind, and the longest memory there is.
    yield from (f"{header:02X}{'0' * 22}".encode() for header in (0x2F, 0x35, 0x36, 0x39, 0x3B, 0x3C, 0x3E, 0x40, 0xF7))
    yield b"F7" + b"1F" * 61


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _take(octets: bytes) -> None:
    _text(octets.decode("utf-8", "surrogateescape"))
    _memory(octets.hex().upper())


def _text(text: str) -> None:
    _memory(plain_hex(text) or text)
    try:
        epc = parse(text)
        assert parse(epc.identity).identity == epc.identity, "its identity names another"
    except EpcError:
        pass
    for grouping in (False, True):
        try:
            made = pattern(text, grouping=grouping)
        except PatternError:
            continue
        assert pattern(str(made), grouping=grouping) == made, "its text is another pattern"
        made.group(fields_of("3034257BF7194E4000001A85"))


def _memory(epc_hex: str) -> None:
    classify(epc_hex)
    quick = quick_identity(epc_hex)
    try:
        tag = decode(epc_hex)
    except EpcError:
        assert quick is None, "what is no EPC has an identity"
        return
    assert quick in (None, tag.epc.identity), "both ways say the same"
    assert fresh_identity(epc_hex) == tag.epc.identity
    describe(epc_hex)
    again = decode(encode(tag))
    # What fills the last word behind +AIDC data, whose end the memory does not say, is taken for theirs.
    assert (again.aidc or "").rstrip("0") == (tag.aidc or "").rstrip("0")
    assert replace(again, aidc=tag.aidc) == tag, "it encodes to another tag"
