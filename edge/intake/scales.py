"""What scales say over a line: the usual ASCII frames, as grams and whether they stand still.

Public names: ScaleRead, ScaleError, read_frames, read_frame.

Source: A&D and many after it, ``ST,GS,+  1.234kg``; Sartorius SBI, ``N     +   1.234 kg``, without a unit while it
moves; Mettler Toledo MT-SICS, ``S S      1.234 kg``, and Toledo's continuous output: STX, three status words, six
digits of weight and six of tare, CR, perhaps a checksum.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_LONGEST = 64
_STX = 0x02
_UNITS = {
    "g": Decimal(1),
    "kg": Decimal(1000),
    "t": Decimal(1_000_000),
    "lb": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}
_COMMAS = re.compile(r"^(ST|US|OL|QT)\s*,\s*(?:(?:GS|NT|TR|G|N|T)\s*,\s*)?([+-]?)\s*([\d.,E+]*)\s*([a-zA-Z]*)$")
_SICS = re.compile(r"^S(?:I)? ([SDI+-])(?:\s+(-?)\s*([\d.]+)\s*([a-zA-Z]+))?$")
_PLAIN = re.compile(r"^(?:[A-Z][A-Za-z]?[A-Za-z]{0,4})?\s*([+-]?)\s*(\d[\d ]*\.?\d*)\s*([a-zA-Z]*)$")


class ScaleError(ValueError):
    """What a scale says is no weight; names it."""


@dataclass(frozen=True, slots=True)
class ScaleRead:
    """``stable``: it stands still. Below 0: something was taken off."""

    grams: int
    stable: bool


def read_frames(text: bytes) -> tuple[list[ScaleRead], bytes]:
    """All whole frames, in order, and what is left of the next one. Frames that are none are passed over.

    Raises ScaleError for an overload.
    """
    *lines, rest = re.split(rb"[\r\n]", text)
    found = [one for line in lines if (one := read_frame(line)) is not None]
    return found, rest[-_LONGEST:]


def read_frame(line: bytes) -> ScaleRead | None:
    """One frame without its end; None = it is none. Raises ScaleError for an overload."""
    if (start := line.rfind(_STX)) >= 0:
        toledo = line[start + 1 :]
        return _toledo(toledo) if len(toledo) == 15 else None
    text = line.decode("ascii", errors="replace").strip()
    if match := _COMMAS.match(text):
        head, sign, digits, unit = match.groups()
        if head == "OL":
            raise ScaleError(f"scale: {text}: overload")
        return _read(sign, digits, unit, head in ("ST", "QT"))
    if match := _SICS.match(text):
        state, sign, digits, unit = match.groups()
        if state in "+-":
            raise ScaleError(f"scale: {text}: {'overload' if state == '+' else 'underload'}")
        return _read(sign, digits, unit, state == "S") if digits else None
    if match := _PLAIN.match(text):
        sign, digits, unit = match.groups()
        return _read(sign, digits.replace(" ", ""), unit, bool(unit)) if unit else None
    return None


def _read(sign: str, digits: str, unit: str, stable: bool) -> ScaleRead | None:
    factor = _UNITS.get(unit.lower())
    if factor is None or not re.fullmatch(r"\d+\.?\d*|\.\d+", digits):
        return None
    grams = int((Decimal(digits) * factor).to_integral_value(ROUND_HALF_UP))
    return ScaleRead(-grams if sign == "-" else grams, stable)


def _toledo(words: bytes) -> ScaleRead | None:
    a, b, c = words[:3]
    if not all(one & 0x20 for one in (a, b, c)) or b & 0x04:
        if b & 0x04:
            raise ScaleError("scale: out of range")
        return None
    digits = words[3:9].decode("ascii", errors="replace").replace(" ", "0")
    if not digits.isdigit():
        return None
    unit = {0: "kg" if b & 0x10 else "lb", 1: "g", 2: "t", 3: "oz"}.get(c & 0x07, "")
    if not unit:
        return None
    grams = Decimal(digits).scaleb(2 - (a & 0x07)) * _UNITS[unit]
    whole = int(grams.to_integral_value(ROUND_HALF_UP))
    return ScaleRead(-whole if b & 0x02 else whole, not b & 0x08)
