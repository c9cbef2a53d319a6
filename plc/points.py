"""Named points of a PLC beside the mailbox: what each one is, its registers, and what its words mean.

Public names: Point, Table, Endianness, Encoding, PointType, PointKind, Value, Uncertain, PointFault, PointFound,
Quality, PointError, parse_type, decode, encode, scaled, unscaled, check_write, bit_mask.

A point is named ``<station>/<role>``. Numbers may be scaled: value = raw * ``scale`` + ``offset``. Source of the types:
IEC 61131-3:2013, table 10; it leaves the size of TIME and DATE_AND_TIME open: TIME is 32 bits of signed milliseconds
here, DATE_AND_TIME 32 bits of seconds since 1970 UTC, as CODESYS has them. SINT, USINT and BYTE are the low byte of a
register. A STRING has two octets a register and ends at the first NUL; line ends behind it are no part of it. With a
header it has the length that was declared and the one it has, an octet each, before it (SIMATIC S7-1500 STRING).
"""

from __future__ import annotations

import codecs
import math
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

Value: TypeAlias = bool | int | float | str

STRING_MOST = 246
"""Characters of the longest STRING: what one write carries (MODBUS Application Protocol V1.1b3, 6.12)."""
ADDRESSES = 65_536
REGISTER_BITS = 16


class PointError(ValueError):
    """A value or words that cannot be this point's. The text names point, value and what is allowed."""


class Quality(StrEnum):
    """How much a point's value is worth."""

    GOOD = "good"
    UNCERTAIN = "uncertain"  # it was read, and the device says itself that it may be wrong
    STALE = "stale"  # it was read, but not lately
    BAD = "bad"  # it cannot be read, or means nothing; there is no value


@dataclass(frozen=True, slots=True)
class PointFault:
    """Why a point has no value."""

    reason: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """A value that may be wrong, and why, as the device itself says."""

    value: Value
    reason: str


PointFound: TypeAlias = Value | Uncertain | PointFault
"""What reading a point brings."""


class Table(StrEnum):
    """The four tables of a Modbus device; the value names it in errors.

    Source: MODBUS Application Protocol V1.1b3, 4.3.
    """

    COIL = "coils"
    DISCRETE = "discrete inputs"
    INPUT = "input registers"
    HOLDING = "holding registers"

    @property
    def of_bits(self) -> bool:
        """Whether its addresses hold a bit each, not a register."""
        return self in (Table.COIL, Table.DISCRETE)


class Endianness(StrEnum):
    """Which comes first: of the words of a value, or of the bytes of a word."""

    HIGH_FIRST = "high-first"
    LOW_FIRST = "low-first"


class Encoding(StrEnum):
    """What the octets of a STRING mean, or the bits of a number: BCD has a decimal digit in four of them."""

    LATIN_1 = "latin-1"
    UTF_8 = "utf-8"
    GBK = "gbk"
    BCD = "bcd"


class PointKind(StrEnum):
    """Elementary types of IEC 61131-3 that a point may have."""

    BOOL = "BOOL"
    SINT = "SINT"
    USINT = "USINT"
    BYTE = "BYTE"
    INT = "INT"
    UINT = "UINT"
    WORD = "WORD"
    DINT = "DINT"
    UDINT = "UDINT"
    DWORD = "DWORD"
    LINT = "LINT"
    ULINT = "ULINT"
    LWORD = "LWORD"
    REAL = "REAL"
    LREAL = "LREAL"
    TIME = "TIME"
    DATE_AND_TIME = "DATE_AND_TIME"
    STRING = "STRING"


class PointType(NamedTuple):
    """A kind; ``length``: octets of a STRING at most, 0 for all others."""

    kind: PointKind
    length: int = 0

    def __str__(self) -> str:
        return f"{self.kind}[{self.length}]" if self.length else str(self.kind)


_FORMATS: dict[PointKind, str] = {
    PointKind.SINT: "xb",
    PointKind.USINT: "xB",
    PointKind.BYTE: "xB",
    PointKind.INT: "h",
    PointKind.UINT: "H",
    PointKind.WORD: "H",
    PointKind.DINT: "i",
    PointKind.UDINT: "I",
    PointKind.DWORD: "I",
    PointKind.LINT: "q",
    PointKind.ULINT: "Q",
    PointKind.LWORD: "Q",
    PointKind.REAL: "f",
    PointKind.LREAL: "d",
    PointKind.TIME: "i",
    PointKind.DATE_AND_TIME: "I",
}
_FLOATS = (PointKind.REAL, PointKind.LREAL)
_BCD = (PointKind.USINT, PointKind.UINT, PointKind.UDINT, PointKind.ULINT)
_HEADER = 2
_HEADER_MOST = 254
_ROUNDING = 1e-6
"""Share by which a REAL and a scaled number may differ from what was meant."""
_TYPE = re.compile(r"([A-Z_]+)(?:[\[(](\d{1,5})[\])])?")


def parse_type(text: str) -> PointType:
    """``INT``, ``STRING[20]`` as a type, in any case, and ``STRING(20)``. Raises PointError."""
    match = _TYPE.fullmatch(text.strip().upper())
    if match is None or match[1] not in {kind.value for kind in PointKind}:
        raise PointError(f"{text!r} is no type: allowed are {', '.join(PointKind)}[1..{STRING_MOST}]")
    kind, length = PointKind(match[1]), int(match[2] or 0)
    if (kind is PointKind.STRING) != (1 <= length <= STRING_MOST) or (match[2] and kind is not PointKind.STRING):
        raise PointError(f"{text!r} is no type: only STRING has a length, 1..{STRING_MOST}, as in STRING[20]")
    return PointType(kind, length)


@dataclass(frozen=True, slots=True)
class Point:
    """One point. Modbus: ``table`` and ``address``, counted from 0; OPC UA: ``node``, a node id as text.

    ``bit``: of a BOOL in a register, 0 = least significant after ``byte_order``. ``deadband``: a number is told again
    when it differs by more than this, in units of the value. ``low``, ``high``: limits of what may be written, None =
    the type's own. ``device_id``: Modbus unit, None = the PLC's. ``encoding``: None = Latin-1 for a STRING and
    binary for a number. ``header``: see above. Raises PointError where the parts contradict each
    other.
    """

    name: str
    type: PointType
    table: Table = Table.HOLDING
    address: int = 0
    node: str = ""
    word_order: Endianness = Endianness.HIGH_FIRST
    byte_order: Endianness = Endianness.HIGH_FIRST
    bit: int | None = None
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    deadband: float = 0.0
    writable: bool = False
    low: float | None = None
    high: float | None = None
    device_id: int | None = None
    encoding: Encoding | None = None
    header: bool = False

    def __post_init__(self) -> None:
        kind = self.type.kind
        scaled = self.scale != 1 or self.offset != 0
        if not self.scale or not math.isfinite(self.scale) or not math.isfinite(self.offset):
            raise self._trouble("scale", self.scale, "a number that is not 0, and a finite offset")
        if not self.numeric and (scaled or self.deadband or self.low is not None or self.high is not None):
            raise self._trouble("type", self.type, "a number, where there is a scale, offset, deadband or limit")
        if not self.deadband >= 0:
            raise self._trouble("deadband", self.deadband, "0 or more")
        if self.low is not None and self.high is not None and not self.low <= self.high:
            raise self._trouble("low", self.low, f"at most high, {self.high}")
        if not self.writable and (self.low is not None or self.high is not None):
            raise self._trouble("writable", self.writable, "true, where there are limits")
        text = kind is PointKind.STRING
        if self.encoding is Encoding.BCD and kind not in _BCD:
            raise self._trouble("encoding", self.encoding.value, f"text of a STRING, here bcd of {', '.join(_BCD)}")
        if self.encoding not in (None, Encoding.BCD) and not text:
            raise self._trouble("encoding", self.encoding, "bcd, or none, for a number")
        if self.header and (not text or self.size * 2 > STRING_MOST):
            raise self._trouble("header", "s7", f"with STRING[1..{STRING_MOST - _HEADER}] only")
        if self.node:
            if self.bit is not None:
                raise self._trouble("bit", self.bit, "none: an OPC UA node is whole")
            return
        if self.table.of_bits and kind is not PointKind.BOOL:
            raise self._trouble("type", self.type, f"BOOL in {self.table}")
        if (self.bit is not None) != (kind is PointKind.BOOL and not self.table.of_bits):
            raise self._trouble("bit", self.bit, "0..15 for a BOOL in a register, none for all others")
        if self.bit is not None and not 0 <= self.bit < REGISTER_BITS:
            raise self._trouble("bit", self.bit, "0..15")
        if not 0 <= self.address <= ADDRESSES - self.size:
            raise self._trouble("address", self.address, f"0..{ADDRESSES - self.size} for {self.type}")
        if self.writable and self.table in (Table.DISCRETE, Table.INPUT):
            raise self._trouble("writable", self.writable, f"false: {self.table} are read only")

    @property
    def numeric(self) -> bool:
        """Whether its values are numbers."""
        return self.type.kind not in (PointKind.BOOL, PointKind.STRING)

    @property
    def size(self) -> int:
        """Registers of a Modbus point, or 1 for a coil or discrete input."""
        if self.type.kind is PointKind.BOOL:
            return 1
        if self.type.kind is PointKind.STRING:
            return (self.type.length + self.header * _HEADER + 1) // 2
        return struct.calcsize(f">{_FORMATS[self.type.kind]}") // 2

    @property
    def where(self) -> str:
        """Its place, for people."""
        if self.node:
            return self.node
        at = f"{self.table} {self.address}"
        if self.bit is not None:
            return f"{at}.{self.bit}"
        return at if self.size == 1 else f"{at}-{self.address + self.size - 1}"

    def _trouble(self, what: str, value: object, allowed: str) -> PointError:
        return PointError(f"{what}: {value}: allowed is {allowed}")


def decode(point: Point, words: Sequence[int]) -> Value:
    """The value in a point's registers, as many as ``point.size``; for a coil or discrete input one 0 or 1.

    Raises PointError where they mean no value: a number that is not finite.
    """
    if point.table.of_bits:
        return bool(words[0])
    octets = _octets(point, words)
    match point.type.kind:
        case PointKind.BOOL:
            return bool(int.from_bytes(octets) >> (point.bit or 0) & 1)
        case PointKind.STRING:
            return _text(point, octets)
        case kind:
            if point.encoding is Encoding.BCD:
                return scaled(point, _from_bcd(octets, kind))
            (raw,) = struct.unpack(f">{_FORMATS[kind]}", octets)
            return scaled(point, raw)


def _text(point: Point, octets: bytes) -> str:
    if point.header:
        most, length = octets[:_HEADER]
        if length > most:
            raise PointError(f"its header says {length} octets of {most}")
        octets = octets[_HEADER:][:length]
    octets = octets[: point.type.length].split(b"\0", 1)[0]
    encoding = point.encoding or Encoding.LATIN_1
    try:  # the last character may be cut by the length
        return codecs.getincrementaldecoder(encoding)().decode(octets).rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise PointError(f"octet {error.start} is no text in {encoding}: {octets.hex()}") from None


def _from_bcd(octets: bytes, kind: PointKind) -> int:
    digits = octets.hex()[-2:] if kind is PointKind.USINT else octets.hex()
    if not digits.isdecimal():
        raise PointError(f"0x{digits.upper()} is no BCD: each digit is 0..9")
    return int(digits)


def _bcd(octets: bytes) -> bytes:
    """A binary number as BCD of the same size. Raises OverflowError."""
    digits = str(int.from_bytes(octets)).zfill(2 * len(octets))
    if len(digits) > 2 * len(octets):
        raise OverflowError
    return bytes.fromhex(digits)


def scaled(point: Point, raw: float) -> Value:
    """A raw number as the point's value; whole numbers stay whole without scale and offset. Raises PointError."""
    value = raw if point.scale == 1 and point.offset == 0 else raw * point.scale + point.offset
    if not math.isfinite(value):
        raise PointError(f"{value} is no number that can be shown")
    return value


def unscaled(point: Point, value: float) -> int | float:
    """The raw number that stands for a value; where the type has whole ones only, the nearest of a scaled value.

    Raises ValueError for a value that is not whole and not scaled, OverflowError for one that is too large.
    """
    if point.scale == 1 and point.offset == 0:
        raw = value
        if point.type.kind not in _FLOATS and raw != int(raw):
            raise ValueError(raw)
    else:
        raw = (value - point.offset) / point.scale
    if point.type.kind not in _FLOATS:
        return round(raw)
    if not math.isfinite(raw):
        raise OverflowError
    return float(raw)


def encode(point: Point, value: Value) -> list[int]:
    """The registers that hold a value, or one 0 or 1 for a coil; of a BOOL in a register only its bit is set.

    Raises PointError where the type cannot hold the value.
    """
    match point.type.kind:
        case PointKind.BOOL:
            if not isinstance(value, bool):
                raise _unfit(point, value, "true or false")
            if point.table.of_bits:
                return [int(value)]
            return _words(point, (int(value) << (point.bit or 0)).to_bytes(2))
        case PointKind.STRING:
            encoding = point.encoding or Encoding.LATIN_1
            most = min(point.type.length, _HEADER_MOST)
            limit = f"text in {encoding} of at most {most} octets, without NUL, no line end behind it"
            if not isinstance(value, str) or "\0" in value or value != value.rstrip("\r\n"):
                raise _unfit(point, value, limit)
            try:
                octets = value.encode(encoding)
            except UnicodeEncodeError:
                raise _unfit(point, value, limit) from None
            if len(octets) > most:
                raise _unfit(point, value, limit)
            if point.header:
                octets = bytes((most, len(octets))) + octets
            return _words(point, octets.ljust(point.size * 2, b"\0"))
        case kind:
            if isinstance(value, bool | str) or not math.isfinite(value):
                raise _unfit(point, value, "a number")
            try:
                octets = struct.pack(f">{_FORMATS[kind]}", unscaled(point, value))
                if point.encoding is Encoding.BCD:
                    octets = _bcd(octets[1:] if kind is PointKind.USINT else octets).rjust(len(octets), b"\0")
                return _words(point, octets)
            except (struct.error, ValueError, OverflowError):
                raise _unfit(point, value, f"what {point.type} holds") from None


def check_write(point: Point, value: Value) -> None:
    """Raises PointError unless the point may be written, with this value."""
    if not point.writable:
        raise PointError(f"{point.name}: is not declared writable")
    written = decode(point, encode(point, value))
    if isinstance(value, bool | str) or isinstance(written, bool | str):
        return
    low, high = -math.inf if point.low is None else point.low, math.inf if point.high is None else point.high
    # What stands in the PLC afterwards counts as well: the nearest raw number may lie beyond a limit.
    slack = _ROUNDING * max(abs(point.scale), abs(written))
    if not (low <= value <= high and low - slack <= written <= high + slack):
        raise _unfit(point, value, f"{low:g}..{high:g}{f' {point.unit}' if point.unit else ''}")


def bit_mask(point: Point) -> int:
    """The register with only a BOOL's bit set, as it goes over the wire."""
    return encode(point, True)[0]


def _octets(point: Point, words: Sequence[int]) -> bytes:
    """The registers' bytes, most significant first."""
    if point.word_order is Endianness.LOW_FIRST and point.type.kind is not PointKind.STRING:
        words = words[::-1]
    code = "<" if point.byte_order is Endianness.LOW_FIRST else ">"
    return struct.pack(f"{code}{len(words)}H", *words)


def _words(point: Point, octets: bytes) -> list[int]:
    code = "<" if point.byte_order is Endianness.LOW_FIRST else ">"
    words = list(struct.unpack(f"{code}{len(octets) // 2}H", octets))
    if point.word_order is Endianness.LOW_FIRST and point.type.kind is not PointKind.STRING:
        words.reverse()
    return words


def _unfit(point: Point, value: Value, allowed: str) -> PointError:
    return PointError(f"{point.name}: {value!r}: allowed is {allowed}")
