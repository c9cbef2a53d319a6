"""What fixed barcode scanners send -> codes: values in, values out.

Public names: ScanFormat, Framing, ScanFrames, BadScan, identify_code, identify_key, codes_of.

A scanner sends a frame for each object that passed: one or more codes, or its no-read text. Frames stand between STX
and ETX, or end with CR, LF or both. What stands before an STX is a header; control characters around a code belong to
the scanner. Each code may begin with its AIM symbology identifier (``]C1`` = GS1-128); GS1 element strings have FNC1 as
GS (0x1D) behind elements of variable length.

Source: ISO/IEC 15424 (symbology identifiers); ISO/IEC 15434 (messages, as in a MaxiCode); GS1 General Specifications,
clauses 5.1 (symbology identifiers), 7.8.5 (element strings of predefined length); USPS Publication 199 (IMpb).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from rfid.driver import CodesRead
from rfid.epc.gs1 import KEYS, Kind
from rfid.epc.identity import EpcError, identify

STX, ETX = 0x02, 0x03
LONGEST = 4_096
"""Octets of a frame; more are no frame."""
_GS, _CAN = "\x1d", "\x18"
_AROUND = " \x7f" + "".join(chr(code) for code in range(32) if chr(code) != _GS)
_ENDS = re.compile(r"[\0\t\r\n\x02\x03]")
"""Within a frame they stand between symbols."""
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_GS1_SYMBOLOGIES = {"]C1", "]e0", "]e1", "]e2", "]d2", "]Q3", "]J1"}
_SSCC = re.compile(r"(?:00)?([0-9]{18})")
_UNMARKED = re.compile(r"01[0-9]{14}|80030[0-9]{13}")
_LINK = re.compile(r"(https?://)[^/?#]+/|[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]+)?/", re.IGNORECASE)
# 420, ZIP code of 5 or 9 digits, perhaps FNC1, then 20, 22 or 26 digits that begin with the kind of service.
_USPS = re.compile(
    r"(?:420|\(420\))[0-9]{5}(?:[0-9]{4})?\x1d?(?:(9[1-6])|\((9[1-6])\))([0-9]{18}(?:[0-9]{2}|[0-9]{6})?)"
)
_ENVELOPE = "[)>"
_MESSAGE = re.compile(r"(?:\][A-Za-z][0-9A-Za-z])?\[\)>\x1e[^\x04]*\x04")
_BETWEEN = re.compile(r"[\x00-\x1f]+")
_SSCC_96 = re.compile(r"31[0-9A-Fa-f]{16}0{6}")
_SPELT = ("(", "urn:epc:")

# Octets of an element with its application identifier, by that one's first two digits.
_LENGTHS = {"00": 20, "01": 16, "02": 16, "03": 16, "04": 18, "20": 4, "41": 16}
_LENGTHS |= {f"{first}": 8 for first in range(11, 20)} | {f"{first}": 10 for first in range(31, 37)}
_AIS = sorted({ai for key in KEYS.values() for ai in (key.ai, key.serial_ai) if ai}, key=len, reverse=True)
_KINDS = sorted(KEYS, key=lambda kind: kind is not Kind.SSCC)


class Framing(StrEnum):
    """What marks a frame."""

    LINES = "lines"  # CR, LF or both at its end
    STX_ETX = "stx-etx"


@dataclass(frozen=True, slots=True)
class ScanFormat:
    """How a scanner is set up. ``separator``: between codes of one frame, empty = one code a frame.

    ``no_read``: what it sends where it found no code; ``heartbeat``: what it sends as a sign of life, empty = nothing.
    """

    framing: Framing = Framing.LINES
    separator: str = ""
    no_read: str = "NOREAD"
    heartbeat: str = ""


@dataclass(frozen=True, slots=True)
class BadScan:
    """Octets that are no frame, and why."""

    reason: str
    octets: bytes


class ScanFrames:
    """Takes a stream apart; any split of the stream gives the same.

    ``words``: how many frames and signs of life were right.
    """

    def __init__(self, form: ScanFormat) -> None:
        self.words = 0
        self._form = form
        self._held = bytearray()
        self._inside = form.framing is Framing.LINES
        self._ends = b"\r\n" if form.framing is Framing.LINES else bytes((ETX,))

    def feed(self, octets: bytes) -> list[CodesRead | BadScan]:
        """The frames that are whole now, without signs of life."""
        found: list[CodesRead | BadScan] = []
        lines = self._form.framing is Framing.LINES
        for octet in octets:
            if not lines and octet == STX:
                if self._held:
                    found.append(BadScan("a frame began within a frame", bytes(self._held)))
                    self._held.clear()
                self._inside = True
            elif self._inside and octet in self._ends:
                self._frame(found)
                self._inside = lines
            elif self._inside:
                self._held.append(octet)
                if len(self._held) > LONGEST:
                    found.append(BadScan(f"no end of a frame within {LONGEST} octets", bytes(self._held)))
                    self._held.clear()
                    self._inside = lines
        return found

    def _frame(self, found: list[CodesRead | BadScan]) -> None:
        octets = bytes(self._held)
        self._held.clear()
        form = self._form
        try:
            text = octets.decode()
        except UnicodeDecodeError:
            text = octets.decode("latin-1")
        _, header, behind = text.partition(chr(STX))
        text = behind if header else text
        shown = text.strip(_AROUND)
        none_found = _CAN in text or form.no_read in text
        if form.heartbeat and shown == form.heartbeat.strip(_AROUND):
            self.words += 1
            return
        if not shown and not none_found:
            return
        codes: list[str] = []
        for symbol in _symbols(text, form.separator):
            if symbol != form.no_read.strip(_AROUND):
                codes += codes_of(symbol)
        good = tuple(dict.fromkeys(code for code in codes if code and code.isprintable()))
        if good or not codes:
            found.append(CodesRead(good))
            self.words += 1
        if len(good) < len(set(codes)):
            found.append(BadScan("a code holds control characters", octets))


def _symbols(text: str, separator: str) -> list[str]:
    """The texts of a frame's symbols, without what a scanner may put around them; messages of ISO/IEC 15434 first."""
    messages = _MESSAGE.findall(text)
    parts = [text] if not messages else _MESSAGE.split(text)
    if separator:
        parts = [piece for part in parts for piece in part.split(separator)]
    symbols = [*messages, *(piece for part in parts for piece in _ENDS.split(part))]
    return [symbol for piece in symbols if (symbol := piece.strip(_AROUND))]


def identify_code(text: str) -> str:
    """The identity that a code names: ``(00)…``, ``(8003)…``, ``(01)…(21)…``; any other code is its own text.

    Takes GS1 element strings with FNC1 as GS or with brackets, Digital Links of any host in capitals or not, URIs, the
    18 digits of an SSCC, with or without ``00`` before them, the SSCC of a tag in hexadecimal, and without any mark
    ``01…21…`` and ``8003…``; check digits must be right. An AIM symbology identifier is left out, and ``420`` with a
    ZIP code before a number of USPS.
    """
    return codes_of(text)[0]


def codes_of(text: str) -> tuple[str, ...]:
    """``identify_code``, and behind it the whole text where that says more than the code."""
    aim = _AIM.match(text)
    if aim is not None:
        text = text[aim.end() :]
    if text.startswith(_ENVELOPE):
        return (_BETWEEN.sub(" ", text).strip(),)
    text, is_gs1 = text.strip(_GS), (aim is not None and aim[0] in _GS1_SYMBOLOGIES) or _GS in text
    for candidate in _candidates(text, is_gs1):
        try:
            return (identify(candidate),)
        except EpcError:
            continue
    whole = text.replace(_GS, " ")
    mailed = _USPS.fullmatch(text)
    return (whole,) if mailed is None else ((mailed[1] or mailed[2]) + mailed[3], whole)


def _candidates(text: str, is_gs1: bool) -> Iterator[str]:
    """What the text may be as something that ``identify`` takes, the likeliest first."""
    sscc = _SSCC.fullmatch(text)
    if sscc is not None and not is_gs1:
        yield f"(00){sscc[1]}"
    if is_gs1 or _UNMARKED.match(text):
        yield from _keys(text)
    if text.lower().startswith(_SPELT) or _SSCC_96.fullmatch(text):
        yield text
    link = _LINK.match(text)
    if link is not None:
        yield f"{(link[1] or 'https://').lower()}{text[link.end(1) if link[1] else 0 :]}"


def identify_key(text: str) -> str:
    """The identity of a thing named in any spelling of `identify`, or as scanners send it. Raises ``EpcError``."""
    try:
        return identify(text)
    except EpcError:
        code = identify_code(text.strip(" "))
        if code == text or not code.startswith("("):
            raise
        return identify(code)


def _keys(text: str) -> list[str]:
    """The keys in an element string without brackets, each with brackets; a parcel's number first."""
    found: dict[str, str] = {}
    while text:
        length = _LENGTHS.get(text[:2])
        element, _, behind = text.partition(_GS)
        if length is not None:
            element, behind = text[:length], text[length:].removeprefix(_GS)
        ai = next((ai for ai in _AIS if element.startswith(ai)), "")
        if ai:
            found.setdefault(ai, element[len(ai) :])
        text = behind
    keys: list[str] = []
    for kind in _KINDS:
        key = KEYS[kind]
        if key.ai in found:
            serial = f"({key.serial_ai}){found[key.serial_ai]}" if key.serial_ai in found else ""
            keys.append(f"({key.ai}){found[key.ai]}{serial}")
    return keys
