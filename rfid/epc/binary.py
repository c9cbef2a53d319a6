"""EPC memory to values and back: every scheme by its row in the table.

Public names: decode, encode, LONGEST_BITS.

Source: GS1 EPC Tag Data Standard 2.3, clauses 14.3 to 14.6, 15.3 (+AIDC data), 9.2 (words of EPC memory).
"""

from __future__ import annotations

from typing import assert_never

from rfid.epc.bits import (
    Bits,
    Packed,
    packed_counted,
    packed_delimited,
    packed_seven_bit,
    packed_six_bit,
    packed_variable,
    seven_bit_text,
    shortest_method,
    six_bit_text,
    take_counted,
    take_delimited,
    take_digits,
    take_variable,
)
from rfid.epc.gs1 import KEYS, DateKind, EpcError, quoted
from rfid.epc.schemes import PREFIX_BITS, ROWS, SCHEME_OF_HEADER, Form, General, Partitioned, Plus, Scheme, named_header
from rfid.epc.values import Epc, EpcTag, PriorityDate

LONGEST_BITS = 496
"""EPC memory that a tag can announce: 31 words of 16 bits."""

_HEX = frozenset("0123456789ABCDEFabcdef")
_DATE_KINDS = {kind.value[0]: kind for kind in DateKind}


def decode(epc_hex: str) -> EpcTag:
    """A tag's EPC memory, hexadecimal: as long as its scheme says, filled up with zeros to whole words of 16 bits.

    The fill may be left out, as in documents. Raises ``EpcError`` for another length, an unknown header, a partition,
    encoding or date that is none, a part that exceeds its decimal digits, a wrong check digit, or reserved bits that
    are not zero.
    """
    try:
        return _decode(epc_hex)
    except EpcError as error:
        raise EpcError(f"{quoted(epc_hex)}: {error}") from None


def encode(tag: EpcTag) -> str:
    """The EPC memory of a tag as upper-case hexadecimal, in whole words of 16 bits.

    Raises ``EpcError`` when +AIDC data make it longer than ``LONGEST_BITS``.
    """
    row = ROWS[tag.scheme]
    match row:
        case Partitioned():
            fields = _partitioned_fields(tag, row)
        case Plus():
            fields = _plus_fields(tag, row)
        case General():
            parts = (tag.epc.company_prefix, tag.epc.reference, tag.epc.serial)
            fields = [(int(part), width) for part, width in zip(parts, row.widths, strict=True)]
        case _:
            assert_never(row)
    value, bits = row.header, 8
    for part, width in fields:
        value, bits = value << width | part, bits + width
    fill = -bits % 16
    if bits + fill > LONGEST_BITS:
        raise EpcError(f"{tag.scheme} with its +AIDC data has {bits} bits, EPC memory has at most {LONGEST_BITS}")
    return f"{value << fill:0{(bits + fill) // 4}X}"


def _decode(epc_hex: str) -> EpcTag:
    if len(epc_hex) < 2 or not _HEX.issuperset(epc_hex):
        raise EpcError("EPC memory must be hexadecimal digits, at least 2")
    scheme = SCHEME_OF_HEADER.get(int(epc_hex[:2], 16))
    if scheme is None:
        if not epc_hex.strip("0"):
            raise EpcError("unprogrammed, all bits are zero")
        raise EpcError(named_header(int(epc_hex[:2], 16)))
    row = ROWS[scheme]
    bits = 4 * len(epc_hex)
    if bits > LONGEST_BITS:
        raise EpcError(f"{bits} bits are more than EPC memory has, at most {LONGEST_BITS}")
    value = int(epc_hex, 16)
    match row:
        case Partitioned():
            if row.bits:
                value = _cut(scheme, value, bits, row.bits)
                return _partitioned(scheme, row, Bits(value, row.bits))
            return _partitioned(scheme, row, Bits(value, bits))
        case Plus():
            return _plus(scheme, row, Bits(value, bits))
        case General():
            rest = Bits(_cut(scheme, value, bits, row.bits), row.bits)
            rest.take("header", 8)
            manager, object_class, serial = (str(rest.take("part", width)) for width in row.widths)
            return EpcTag(scheme, 0, Epc(row.kind, manager, object_class, serial))
        case _:
            assert_never(row)


def _cut(scheme: Scheme, value: int, bits: int, wanted: int) -> int:
    """The value without the zeros that fill its last word."""
    fill = bits - wanted
    if not 0 <= fill <= -wanted % 16:
        raise EpcError(f"{scheme} has {wanted} bits, not {bits}")
    if value & (1 << fill) - 1:
        raise EpcError(f"the {fill} bits that fill the last word of {scheme} must be zero")
    return value >> fill


def _partitioned(scheme: Scheme, row: Partitioned, bits: Bits) -> EpcTag:
    key = KEYS[row.kind]
    filter_value = bits.take("filter value", 11) & 7
    partition = bits.take("partition", 3)
    if partition == 7:
        raise EpcError(f"{scheme} partition 7 must be 0..6")
    digits = 12 - partition
    prefix = _padded(scheme, "company prefix", bits.take("company prefix", PREFIX_BITS[partition]), digits)
    width = row.reference_bits[partition]
    match row.reference_form:
        case Form.PADDED:
            reference = _padded(scheme, "reference", bits.take("reference", width), key.digits - digits)
        case Form.INTEGER:
            limit = row.reference_digits[partition]
            reference = _padded(scheme, "reference", bits.take("reference", width), limit).lstrip("0") or "0"
        case Form.ASCII7:
            reference = seven_bit_text("reference", bits.take("reference", width), width)
        case _:
            reference = six_bit_text(bits, "reference", key.length - digits)
    pieces = ""
    if row.pieces_bits:
        pieces = "".join(_padded(scheme, "pieces", bits.take("pieces", 7), 2) for _ in range(row.pieces_bits // 7))
    width = row.serial_bits
    match row.serial_form:
        case Form.INTEGER:
            serial = str(bits.take("serial", width))
        case Form.ASCII7:
            serial = seven_bit_text("serial", bits.take("serial", width), width)
        case Form.MARKED:
            marked = str(bits.take("serial", width))
            if marked[0] != "1":
                raise EpcError(f"{scheme} serial {marked} must begin with the mark 1")
            serial = marked[1:]
        case _:
            serial = ""
    if bits.take("spare bits", row.spare_bits):
        raise EpcError(f"the last {row.spare_bits} bits of {scheme} must be zero")
    if not row.bits:
        _end(scheme, bits)
    return EpcTag(scheme, filter_value, Epc(row.kind, prefix, reference, serial, pieces))


def _plus(scheme: Scheme, row: Plus, bits: Bits) -> EpcTag:
    key = KEYS[row.kind]
    toggle = bits.take("+AIDC data toggle", 9) & 1
    filter_value = bits.take("filter value", 3)
    date = _date(scheme, bits) if row.dated else None
    method = None
    if key.free:
        number, method = take_delimited(bits, "number", key.length)
    else:
        number = take_digits(bits, "number", key.length)
    key.check_number(row.kind.upper(), number)
    serial = ""
    if row.serial_form is Form.VARIABLE:
        serial, method = take_variable(bits, "serial", key.serial_max)
    elif row.serial_form is Form.COUNTED:
        serial = take_counted(bits, "serial", key.serial_max)
    aidc = None
    if toggle:
        width = bits.left
        aidc = f"{bits.take('+AIDC data', width):0{width}b}" if width else ""
    else:
        _end(scheme, bits)
    end = len(number) - key.pieces
    reference = number if key.free else number[len(key.lead) : end - 1]
    pieces = "" if key.free else number[end:]
    tag = EpcTag(scheme, filter_value, Epc(row.kind, "", reference, serial, pieces), date, aidc, method)
    if method is not None and method is shortest_method(tag.variable_text()):
        return EpcTag(scheme, filter_value, tag.epc, date, aidc)
    return tag


def _date(scheme: Scheme, bits: Bits) -> PriorityDate:
    """Date type (4), year (7), month (4), day (5). Source: 14.5.8."""
    number = bits.take("date type", 4)
    if number not in _DATE_KINDS:
        raise EpcError(f"{scheme} date type {number} must be 0..{max(_DATE_KINDS)}")
    year, month, day = (bits.take("date", width) for width in (7, 4, 5))
    return PriorityDate(_DATE_KINDS[number], f"{year:02}{month:02}{day:02}")


def _end(scheme: Scheme, bits: Bits) -> None:
    """Nothing but the zeros that fill the last word may be left."""
    if bits.left >= 16:
        raise EpcError(f"{scheme} ends {bits.left} bits before the end of the memory, fewer than 16 may be left")
    if bits.take("fill", bits.left):
        raise EpcError(f"the bits that fill the last word of {scheme} must be zero")


def _padded(scheme: Scheme, what: str, value: int, digits: int) -> str:
    """``value`` with its leading zeros; zero digits hold nothing but zero."""
    if value >= 10**digits:
        raise EpcError(f"{scheme} {what} {value} has more than {digits} digits")
    return f"{value:0{digits}}" if digits else ""


def _partitioned_fields(tag: EpcTag, row: Partitioned) -> list[Packed]:
    """All parts behind the header."""
    epc = tag.epc
    partition = 12 - len(epc.company_prefix)
    fields = [(tag.filter_value, 3), (partition, 3), (int(epc.company_prefix), PREFIX_BITS[partition])]
    width = row.reference_bits[partition]
    match row.reference_form:
        case Form.ASCII7:
            fields.append(packed_seven_bit(epc.reference, width))
        case Form.CHARS6:
            fields.append(packed_six_bit(epc.reference))
        case _:
            fields.append((int(epc.reference or "0"), width))
    if row.pieces_bits:
        fields += [(int(epc.pieces[:2]), 7), (int(epc.pieces[2:]), 7)]
    match row.serial_form:
        case Form.INTEGER:
            fields.append((int(epc.serial), row.serial_bits))
        case Form.ASCII7:
            fields.append(packed_seven_bit(epc.serial, row.serial_bits))
        case Form.MARKED:
            fields.append((int("1" + epc.serial), row.serial_bits))
        case _:
            pass
    return [*fields, (0, row.spare_bits)]


def _plus_fields(tag: EpcTag, row: Plus) -> list[Packed]:
    """All parts behind the header."""
    epc, key = tag.epc, KEYS[row.kind]
    fields = [(int(tag.aidc is not None), 1), (tag.filter_value, 3)]
    if tag.date is not None:
        year, month, day = (int(tag.date.yymmdd[at : at + 2]) for at in (0, 2, 4))
        fields += [(tag.date.kind.value[0], 4), (year, 7), (month, 4), (day, 5)]
    number = key.number(epc.company_prefix, epc.reference, epc.pieces)
    fields.append(packed_delimited(number, tag.method) if key.free else (int(number, 16), 4 * len(number)))
    if row.serial_form is Form.VARIABLE:
        method = shortest_method(epc.serial) if tag.method is None else tag.method
        fields.append(packed_variable(epc.serial, method))
    elif row.serial_form is Form.COUNTED:
        fields.append(packed_counted(epc.serial))
    if tag.aidc:
        fields.append((int(tag.aidc, 2), len(tag.aidc)))
    return fields
