"""What fixed barcode scanners send -> codes: values in, values out.

Public names: ScanFormat, Framing, ScanFrames, BadScan, identify_code.

A scanner sends a frame for each object that passed: one or more codes, or its no-read text. Frames stand between STX
and ETX, or end with CR, LF or both. Each code may begin with its AIM symbology identifier (``]C1`` = GS1-128); GS1
element strings have FNC1 as GS (0x1D) behind elements of variable length.

Source: ISO/IEC 15424 (symbology identifiers); GS1 General Specifications, clauses 5.1 (symbology identifiers), 7.8.5
(element strings of predefined length).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from rfid.driver import CodesRead
from rfid.epc.gs1 import KEYS, Kind
from rfid.epc.identity import EpcError, identify

STX, ETX = 0x02, 0x03
LONGEST = 4_096
"""Octets of a frame; more are no frame."""
_GS = "\x1d"
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_GS1_SYMBOLOGIES = {"]C1", "]e0", "]e1", "]e2", "]d2", "]Q3", "]J1"}
_SSCC = re.compile(r"(?:00)?([0-9]{18})")

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
    """Takes a stream apart; any split of the stream gives the same."""

    def __init__(self, form: ScanFormat) -> None:
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
        if not text.strip(" ") or (form.heartbeat and text.strip() == form.heartbeat):
            return
        parts = [part.strip(" ") for part in (text.split(form.separator) if form.separator else [text])]
        codes = [identify_code(part) for part in parts if part and part != form.no_read]
        if not all(code and code.isprintable() for code in codes):
            found.append(BadScan("a code holds control characters", octets))
            return
        found.append(CodesRead(tuple(dict.fromkeys(codes))))


def identify_code(text: str) -> str:
    """The identity that a code names: ``(00)…``, ``(8003)…``, ``(01)…(21)…``; any other code is its own text.

    Takes GS1 element strings with FNC1 as GS or with brackets, Digital Links, and the 18 digits of an SSCC, with or
    without ``00`` before them, if their check digit is right. An AIM symbology identifier is left out.
    """
    aim = _AIM.match(text)
    if aim is not None:
        text = text[aim.end() :]
    gs1 = (aim is not None and aim[0] in _GS1_SYMBOLOGIES) or _GS in text
    sscc = _SSCC.fullmatch(text)
    candidates = _keys(text.strip(_GS)) if gs1 else [f"(00){sscc[1]}"] if sscc is not None else [text]
    for candidate in candidates:
        if candidate.startswith(("(", "http://", "https://")):
            try:
                return identify(candidate)
            except EpcError:
                continue
    return text.strip(_GS).replace(_GS, " ")


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
