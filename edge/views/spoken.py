"""What somebody types, pastes or scans in order to find something: under which names it may be stored.

Public names: Asked, asked_for, shortened, PART.

Takes what pages show, also with the words that they put around a number, and what scanners send: AIM symbology
identifiers, GS1 element strings with and without brackets, Digital Links, EPCs in hexadecimal and as URIs.

Source: ISO/IEC 15424 (symbology identifiers); GS1 General Specifications, 3 (01 GTIN, 02 content); GS1 Digital Link
Standard: URI Syntax, release 1.3, clause 4.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass

from edge.core.totes import ToteNames
from edge.orders.articles import GtinError, gtin14
from edge.views.timeline import spellings
from edge.views.words.phrase import Phrase, phrase
from edge.views.words.table import WORDS

PART = 4
"""Digits that a part of a number needs, and by which its end is found in an index."""
_LONGEST = 500
_AROUND = " \t\r\n\0\x02\x03"
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_GTIN = re.compile(r"(?:\(0[12]\)|0[12])([0-9]{14})|https?://[^?#]*/01/([0-9]{8,14})", re.IGNORECASE)
_ITEM = re.compile(r"([0-9]{6})/(\S+)")
_CUT = re.compile(r"(?:\u2026|\.{2,3})\s*(\S+)")
_SPOKEN = ("tote", "parcel", "item", "order", "track.parcel", "dock.load")
_KIND = "find.kind."
"""Words that pages put around one number, or before it."""
_WHOLE = re.compile(r"\(01\)([0-9]{14})\(21\)(.+)|\(8003\)[0-9]{14}(.+)|\(00\)[0-9]{12}([0-9]{6})", re.DOTALL)


def _said(words: str) -> re.Pattern[str]:
    before, _, behind = re.sub(r"\{\w+\}", "\0", words).partition("\0")
    gap = r"\s+" if before.strip().isascii() else r"\s*"
    return re.compile(
        rf"{re.escape(before.strip())}{gap}(\S.*?)\s*{re.escape(behind.strip())}", re.IGNORECASE | re.DOTALL
    )


_WORDS = tuple((code, _said(row)) for code in WORDS if code in _SPOKEN or code.startswith(_KIND) for row in WORDS[code])


@dataclass(frozen=True, slots=True)
class Asked:
    """``names``: under which it may be stored, whole; ``ending``: with which such a name may end, empty = there are
    fewer than `PART` digits, and it is no tote's serial; ``kind``: what the words around the number say that it is,
    empty = there were none.
    """

    text: str
    names: tuple[str, ...] = ()
    ending: str = ""
    kind: str = ""


def asked_for(text: str, totes: ToteNames | None = None) -> Asked:
    """What a text asks for; no names and no ending where it asks for nothing. ``totes``: see `spellings`."""
    text = text.strip(_AROUND).replace("\0", "")
    if not text or len(text) > _LONGEST or any(0xD800 <= ord(char) < 0xE000 for char in text):
        return Asked("")
    kind, given = "", text
    for code, pattern in _WORDS:
        if found := pattern.fullmatch(text):
            kind, text = code.removeprefix(_KIND), found[1]
            break
    if cut := _CUT.fullmatch(text):
        return Asked(text, (), cut[1], kind)
    if item := _ITEM.fullmatch(text):
        return Asked(text, (text,), f"{item[1]}(21){item[2]}", "item")
    plain = text[found.end() :] if (found := _AIM.match(text)) else text
    names = dict.fromkeys((text, given, plain, *spellings(text, totes), plain.upper(), plain.lower()))
    names |= {name[4:]: None for name in names if name.startswith("(00)")}
    gtins = [found[1] or found[2] for found in map(_GTIN.match, (plain, *names)) if found]
    for digits in (plain, *gtins):
        with suppress(GtinError):
            names[gtin14(digits)] = None
    if len(plain) > 1 and plain[0] in "#\uff03":
        names[plain[1:]] = None
    known = kind == "tote" or sum(char.isdigit() for char in plain) >= PART
    ending = plain if known and plain.isprintable() else ""
    return Asked(text, tuple(name for name in names if name), ending, kind)


def shortened(identity: str) -> Phrase | str:
    """An identity as pages say it: a tote by its serial, a parcel by its last digits, an item by article and serial."""
    found = _WHOLE.fullmatch(identity)
    if found is None:
        return identity
    gtin, serial, tote, parcel = found.groups()
    if gtin:
        return phrase("item", id=f"{gtin[-6:]}/{serial}")
    return phrase("tote", id=tote) if tote else phrase("parcel", id=f"\u2026{parcel}")
