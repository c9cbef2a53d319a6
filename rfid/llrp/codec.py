"""LLRP messages: octets in, values out, and back, driven by the tables of ``llrp_schema``.

Public names: decode, encode, encoded_parameter, message, parameter, Message, RawMessage, Parameter, RawParameter,
BitString, Value, LlrpError.

What is decoded encodes back to the same octets, reserved bits included. Decoding takes sub-parameters in any
order and number; what the standard does not know stays raw.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clause 16.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rfid.llrp.frames import HEADER, Frame
from rfid.llrp.schema import (
    ENUMERATIONS,
    MESSAGES,
    MESSAGES_BY_NAME,
    PARAMETERS,
    PARAMETERS_BY_NAME,
    Definition,
    WireField,
    WireKind,
)

_MAX_DEPTH = 20
_TLV = struct.Struct(">HH")


class LlrpError(ValueError):
    """Octets that are no LLRP, or values that LLRP cannot carry.

    ``where``: message or parameter. ``offset``: octets from the start of the message's body, -1 when encoding.
    """

    def __init__(self, where: str, offset: int, reason: str) -> None:
        super().__init__(f"{where}: octet {offset}: {reason}" if offset >= 0 else f"{where}: {reason}")
        self.where = where
        self.offset = offset
        self.reason = reason


@dataclass(frozen=True, slots=True)
class BitString:
    """A bit string. ``octets`` holds ``count`` bits from the most significant on, padded to whole octets."""

    count: int
    octets: bytes


Value = int | str | bytes | BitString | tuple[int, ...]
"""A field: number, text (octets that are no UTF-8 as surrogate escapes), octets, bit string, numbers."""


@dataclass(frozen=True, slots=True)
class RawParameter:
    """A parameter the standard does not know.

    ``number`` below 128: type-value encoded without a length, so ``body`` is all that was left of its parent;
    above 1023: reserved bits of the parameter's header were set.
    """

    number: int
    body: bytes


class _Named:
    """What messages and parameters of the standard share: looking up fields and sub-parameters."""

    __slots__ = ()
    name: str
    fields: tuple[Value, ...]
    parameters: tuple[Parameter | RawParameter, ...]

    @property
    def definition(self) -> Definition:
        """The table row."""
        raise NotImplementedError

    def __getitem__(self, field: str) -> Value:
        return self.fields[self.definition.index[field]]

    def number(self, field: str) -> int:
        """A numeric field; ``TypeError`` for any other, ``KeyError`` for a field that it does not have."""
        value = self[field]
        if not isinstance(value, int):
            raise TypeError(f"{self.name}.{field} is no number")
        return value

    def text(self, field: str) -> str:
        """A text field for people: octets that are no UTF-8 as U+FFFD; ``TypeError`` for any other field."""
        value = self[field]
        if not isinstance(value, str):
            raise TypeError(f"{self.name}.{field} is no text")
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def first(self, *names: str) -> Parameter | None:
        """The first sub-parameter of one of these names."""
        return next(self.all(*names), None)

    def all(self, *names: str) -> Iterator[Parameter]:
        """The sub-parameters of these names."""
        return (p for p in self.parameters if isinstance(p, Parameter) and p.name in names)


@dataclass(frozen=True, slots=True)
class Parameter(_Named):
    """One parameter. ``fields`` in the standard's order, ``parameters`` as on the wire.

    ``reserved``: the values of the reserved fields, or empty when all are zero.
    """

    name: str
    fields: tuple[Value, ...] = ()
    parameters: tuple[Parameter | RawParameter, ...] = ()
    reserved: tuple[int, ...] = ()

    @property
    def definition(self) -> Definition:
        """The table row; ``KeyError`` for a name that the standard does not know."""
        return PARAMETERS_BY_NAME[self.name]


@dataclass(frozen=True, slots=True)
class Message(_Named):
    """One message. ``version``: 1 for LLRP 1.0.1, 2 for 1.1. The rest as in ``Parameter``."""

    name: str
    id: int
    fields: tuple[Value, ...] = ()
    parameters: tuple[Parameter | RawParameter, ...] = ()
    version: int = 1
    reserved: tuple[int, ...] = ()

    @property
    def definition(self) -> Definition:
        """The table row; ``KeyError`` for a name that the standard does not know."""
        return MESSAGES_BY_NAME[self.name]


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A message of a type the standard does not know."""

    number: int
    id: int
    body: bytes
    version: int = 1


def message(name: str, id: int, *parameters: Parameter | RawParameter, **fields: Value) -> Message:  # noqa: A002
    """A message of the standard; enumerators may be given by name. Raises ``LlrpError`` for wrong fields."""
    return Message(name, id, _values(MESSAGES_BY_NAME, name, fields), parameters)


def parameter(name: str, *parameters: Parameter | RawParameter, **fields: Value) -> Parameter:
    """A parameter of the standard; enumerators may be given by name. Raises ``LlrpError`` for wrong fields."""
    return Parameter(name, _values(PARAMETERS_BY_NAME, name, fields), parameters)


def decode(frame: Frame) -> Message | RawMessage:
    """What a frame says. Raises ``LlrpError`` when the body is not what its type demands."""
    definition = MESSAGES.get(frame.number)
    if definition is None:
        return RawMessage(frame.number, frame.id, frame.body, frame.version)
    fields, parameters, reserved = _content(definition, frame.body, 0, len(frame.body), 0)
    return Message(definition.name, frame.id, fields, parameters, frame.version, reserved)


def encode(message: Message | RawMessage) -> bytes:
    """The whole message with its header. Raises ``LlrpError`` for values that do not fit."""
    if isinstance(message, RawMessage):
        number, body = message.number, message.body
        if not 0 <= number <= 0x3FF:
            raise LlrpError(f"message {number}", -1, "number is not in 0..1023")
    else:
        definition = MESSAGES_BY_NAME.get(message.name)
        if definition is None:
            raise LlrpError(message.name, -1, "no such message")
        number = definition.number
        body = _packed(definition, message.fields, message.parameters, message.reserved)
    try:
        return HEADER.pack(message.version << 10 | number, HEADER.size + len(body), message.id) + body
    except struct.error as error:
        raise LlrpError(f"message {number}", -1, f"header: {error}") from None


def _values(known: Mapping[str, Definition], name: str, given: dict[str, Value]) -> tuple[Value, ...]:
    definition = known.get(name)
    if definition is None:
        raise LlrpError(name, -1, "not in the standard")
    if given.keys() != definition.index.keys():
        wrong = ", ".join(sorted(given.keys() ^ definition.index.keys()))
        raise LlrpError(name, -1, f"missing or unknown fields: {wrong}")
    return tuple(_enumerated(name, field, given[field.name]) for field in definition.named)


def _enumerated(name: str, field: WireField, value: Value) -> Value:
    if field.enumeration is None or not isinstance(value, str):
        return value
    for number, enumerator in ENUMERATIONS[field.enumeration].items():
        if enumerator == value:
            return number
    raise LlrpError(name, -1, f"{field.name}: {value} is no {field.enumeration}")


# A definition's fields as steps: a struct for what has a fixed size, a kind for what has not. Each item of the
# struct is one field (a cut of None) or one to two octets holding several bit fields: (shift, mask, is reserved).
_Cut = tuple[tuple[int, int, bool], ...] | None


@dataclass(frozen=True, slots=True)
class _Fixed:
    layout: struct.Struct
    cuts: tuple[_Cut, ...]
    names: tuple[str, ...]


_CODES = {
    WireKind.U8: "B",
    WireKind.S8: "b",
    WireKind.U16: "H",
    WireKind.S16: "h",
    WireKind.U32: "I",
    WireKind.U64: "Q",
    WireKind.U96: "12s",
}
_WORDS = {8: "B", 16: "H"}


def _steps(definition: Definition) -> tuple[_Fixed | WireKind, ...]:
    steps: list[_Fixed | WireKind] = []
    codes, cuts, names = "", list[_Cut](), list[str]()
    bits: list[WireField] = []

    def close() -> None:
        nonlocal codes, cuts, names
        if codes:
            steps.append(_Fixed(struct.Struct(">" + codes), tuple(cuts), tuple(names)))
        codes, cuts, names = "", [], []

    for field in definition.fields:
        if field.kind in (WireKind.U1, WireKind.U2, WireKind.RESERVED):
            bits.append(field)
            width = sum(one.bits for one in bits)
            if width % 8:
                continue
            cut, left = [], width
            for one in bits:
                left -= one.bits
                cut.append((left, (1 << one.bits) - 1, one.kind is WireKind.RESERVED))
            codes += _WORDS[width]
            cuts.append(tuple(cut))
            names.append("/".join(one.name for one in bits if one.name))
            bits = []
        elif field.bits:
            codes += _CODES[field.kind]
            cuts.append(None)
            names.append(field.name)
        else:
            close()
            steps.append(field.kind)
    close()
    return tuple(steps)


_STEPS = {id(found): _steps(found) for table in (MESSAGES, PARAMETERS) for found in table.values()}
_TV_SIZES = {
    number: sum(field.bits for field in found.fields) // 8 for number, found in PARAMETERS.items() if number < 128
}


def _content(
    definition: Definition, body: bytes, at: int, end: int, depth: int
) -> tuple[tuple[Value, ...], tuple[Parameter | RawParameter, ...], tuple[int, ...]]:
    """Fields, sub-parameters and reserved bits that stand in ``body[at:end]``."""
    values: list[Value] = []
    reserved: list[int] = []
    for step in _STEPS[id(definition)]:
        if isinstance(step, WireKind):
            value, at = _variable(definition.name, step, body, at, end)
            values.append(value)
            continue
        if end - at < step.layout.size:
            raise LlrpError(definition.name, at, f"{end - at} octets where {step.layout.size} are due")
        for item, cut in zip(step.layout.unpack_from(body, at), step.cuts, strict=True):
            if cut is None:
                values.append(item)
            else:
                for shift, mask, is_reserved in cut:
                    (reserved if is_reserved else values).append(item >> shift & mask)
        at += step.layout.size
    children = _children(definition, body, at, end, depth) if at < end else ()
    return tuple(values), children, tuple(reserved) if any(reserved) else ()


def _variable(where: str, kind: WireKind, body: bytes, at: int, end: int) -> tuple[Value, int]:
    if kind is WireKind.REST:
        return body[at:end], end
    if end - at < 2:
        raise LlrpError(where, at, f"{end - at} octets where a count of 2 is due")
    count = int.from_bytes(body[at : at + 2], "big")
    at += 2
    size = {WireKind.BITS: (count + 7) // 8, WireKind.U16S: count * 2, WireKind.U32S: count * 4}.get(kind, count)
    if end - at < size:
        raise LlrpError(where, at, f"{end - at} octets where {size} are due")
    octets = body[at : at + size]
    at += size
    if kind is WireKind.BITS:
        return BitString(count, octets), at
    if kind is WireKind.U16S:
        return struct.unpack(f">{count}H", octets), at
    if kind is WireKind.U32S:
        return struct.unpack(f">{count}I", octets), at
    if kind is WireKind.TEXT:
        return octets.decode("utf-8", "surrogateescape"), at
    return octets, at


def _children(parent: Definition, body: bytes, at: int, end: int, depth: int) -> tuple[Parameter | RawParameter, ...]:
    if depth >= _MAX_DEPTH:
        raise LlrpError(parent.name, at, f"parameters nested more than {_MAX_DEPTH} deep")
    found: list[Parameter | RawParameter] = []
    while at < end:
        if body[at] & 0x80:
            number = body[at] & 0x7F
            size = _TV_SIZES.get(number)
            if size is None:
                found.append(RawParameter(number, body[at + 1 : end]))
                break
            start, at = at + 1, at + 1 + size
            if at > end:
                raise LlrpError(PARAMETERS[number].name, start, f"{end - start} octets where {size} are due")
        else:
            if end - at < 4:
                raise LlrpError(parent.name, at, f"{end - at} octets where a parameter's header of 4 is due")
            number, length = _TLV.unpack_from(body, at)
            if number < 128 or not 4 <= length <= end - at:
                raise LlrpError(parent.name, at, f"parameter {number} of {length} octets where {end - at} are left")
            start, at = at + 4, at + length
            if number not in PARAMETERS:
                found.append(RawParameter(number, body[start:at]))
                continue
        definition = PARAMETERS[number]
        found.append(Parameter(definition.name, *_content(definition, body, start, at, depth + 1)))
    return tuple(found)


def _packed(
    definition: Definition,
    values: tuple[Value, ...],
    parameters: tuple[Parameter | RawParameter, ...],
    reserved: tuple[int, ...],
) -> bytes:
    parts: list[bytes] = []
    given, spare = iter(values), iter(reserved)
    try:
        for step in _STEPS[id(definition)]:
            if isinstance(step, WireKind):
                parts.append(_variable_packed(step, next(given)))
                continue
            items: list[Value] = []
            for cut in step.cuts:
                if cut is None:
                    items.append(next(given))
                    continue
                word = 0
                for shift, mask, is_reserved in cut:
                    part = next(spare, 0) if is_reserved else next(given)
                    if not isinstance(part, int) or part != part & mask:
                        raise ValueError(f"{part!r} is not in 0..{mask}")
                    word |= part << shift
                items.append(word)
            parts.append(step.layout.pack(*items))
    except StopIteration:
        raise LlrpError(definition.name, -1, f"{len(values)} values are too few") from None
    except (struct.error, ValueError, TypeError) as error:
        raise LlrpError(
            definition.name, -1, f"{error} in {dict(zip(definition.index, values, strict=False))}"
        ) from None
    if next(given, None) is not None:
        raise LlrpError(definition.name, -1, f"{len(values)} values are too many")
    parts.extend(encoded_parameter(one) for one in parameters)
    return b"".join(parts)


def _variable_packed(kind: WireKind, value: Value) -> bytes:
    match kind, value:
        case WireKind.REST, bytes():
            return value
        case WireKind.OCTETS, bytes():
            count, octets = len(value), value
        case WireKind.TEXT, str():
            octets = value.encode("utf-8", "surrogateescape")
            count = len(octets)
        case WireKind.BITS, BitString(count, octets):
            if len(octets) != (count + 7) // 8:
                raise ValueError(f"{count} bits in {len(octets)} octets")
        case WireKind.U16S, tuple():
            count, octets = len(value), struct.pack(f">{len(value)}H", *value)
        case WireKind.U32S, tuple():
            count, octets = len(value), struct.pack(f">{len(value)}I", *value)
        case _:
            raise TypeError(f"{value!r} is no {kind.value}")
    return struct.pack(">H", count) + octets


def encoded_parameter(given: Parameter | RawParameter) -> bytes:
    """One parameter with its header. Raises ``LlrpError`` for values that do not fit."""
    if isinstance(given, RawParameter):
        name, number, body = f"parameter {given.number}", given.number, given.body
    else:
        definition = PARAMETERS_BY_NAME.get(given.name)
        if definition is None:
            raise LlrpError(given.name, -1, "no such parameter")
        name, number = given.name, definition.number
        body = _packed(definition, given.fields, given.parameters, given.reserved)
    if number < 128:
        return bytes([0x80 | number]) + body
    if len(body) > 0xFFFF - _TLV.size or number > 0x7FFF:
        raise LlrpError(name, -1, f"{len(body)} octets are more than {0xFFFF - _TLV.size}")
    return _TLV.pack(number, _TLV.size + len(body)) + body
