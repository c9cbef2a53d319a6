"""Identities of the longer and rarer tags from templates: all but the serial is decoded once and remembered.

Public names: templated_identity.

A template is what ``decode`` says of a tag with the same bits and another serial, without that serial; the serial is
then read by itself. Whatever is not plainly good is left to ``decode``, and a law says that both give the same.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rfid.epc_binary import decode
from rfid.epc_schemes import ROWS, Form, General, Partitioned
from rfid.gs1 import KEYS, Alphabet, EpcError

_PAIR_BITS = 14
_PLAIN = [chr(code) for code in range(0x20, 0x7F) if Alphabet.TEXT.value[0].fullmatch(chr(code))]
_PAIRS: list[str | None] = [None] * (1 << _PAIR_BITS)
"""Two characters of 7 bits; shorter where zeros follow, None where one is not allowed or follows a zero."""
_PAIRS[0] = ""
for _one in _PLAIN:
    _PAIRS[ord(_one) << 7] = _one
    for _other in _PLAIN:
        _PAIRS[ord(_one) << 7 | ord(_other)] = _one + _other
_CHANGING = (Form.INTEGER, Form.ASCII7, Form.MARKED)


class _Shape(NamedTuple):
    """``digits``: hexadecimal digits with the zeros that fill the last word; ``fill``: bits of those zeros.

    ``form``: of what changes from tag to tag, the serial or else the reference. ``widths``: its bits by partition.
    ``limits``: by partition, what an integer must be below, or how many characters there may be. ``none``: the serial
    that means there is none.
    """

    digits: int
    fill: int
    bits: int
    form: Form
    widths: tuple[int, ...]
    limits: tuple[int, ...]
    none: str | None


def _shape(row: Partitioned) -> _Shape | None:
    if not row.bits or row.spare_bits:
        return None
    form = row.serial_form
    widths: tuple[int, ...] = (row.serial_bits,) * 7
    limits: tuple[int, ...] = (1 << 62,) * 7
    if form is Form.NONE:
        form, widths = row.reference_form, row.reference_bits
        limits = tuple(10**digits for digits in row.reference_digits)
        if form is Form.ASCII7:
            limits = tuple(KEYS[row.kind].length - 12 + partition for partition in range(7))
    if form not in _CHANGING:
        return None
    fill = -row.bits % 16
    return _Shape((row.bits + fill) // 4, fill, row.bits, form, widths, limits, KEYS[row.kind].no_serial)


_SHAPES = {
    row.header: shape for row in ROWS.values() if isinstance(row, Partitioned) and (shape := _shape(row)) is not None
}
_GENERAL = {row.header: row for row in ROWS.values() if isinstance(row, General)}


def templated_identity(epc_hex: str) -> str | None:
    """The identity that ``decode`` would give; ``None`` = decode it to know."""
    if not epc_hex.isalnum() or not epc_hex.isascii() or len(epc_hex) < 24:
        return None
    try:
        header, value = int(epc_hex[:2], 16), int(epc_hex, 16)
    except ValueError:
        return None
    shape = _SHAPES.get(header)
    if shape is None:
        return _general(header, value) if len(epc_hex) == 24 else None
    if len(epc_hex) != shape.digits or value & (1 << shape.fill) - 1:
        return None
    value >>= shape.fill
    partition = value >> shape.bits - 14 & 7
    if partition == 7:
        return None
    width = shape.widths[partition]
    changing = value & (1 << width) - 1
    if not changing:
        return None
    if shape.form is Form.ASCII7:
        text = _text(changing, width)
        if text is not None and len(text) > shape.limits[partition]:
            return None
    elif shape.form is Form.MARKED:
        marked = str(changing)
        text = marked[1:] if marked[0] == "1" else None
    else:
        text = str(changing) if changing < shape.limits[partition] else None
    if not text or text == shape.none:
        return None
    head = _head(header, value >> width, width)
    return None if head is None else head + text


def _text(value: int, width: int) -> str | None:
    """Characters of 7 bits with zeros behind them."""
    value <<= -width % _PAIR_BITS
    width += -width % _PAIR_BITS
    pairs = [_PAIRS[value >> at & 0x3FFF] for at in range(width - _PAIR_BITS, -1, -_PAIR_BITS)]
    try:
        text = "".join(pairs)  # type: ignore[arg-type]  # None is what the error is for
    except TypeError:
        return None
    return None if value & (1 << width - 7 * len(text)) - 1 else text


@lru_cache(maxsize=1 << 14)
def _head(header: int, value: int, width: int) -> str | None:
    """What stands before the changing part. ``value``: all bits before it."""
    shape = _SHAPES[header]
    sample = {Form.ASCII7: 0x31 << width - 7, Form.MARKED: 11}.get(shape.form, 1)
    try:
        identity = decode(f"{(value << width | sample) << shape.fill:0{shape.digits}X}").epc.identity
    except EpcError:
        return None
    return identity[:-1]


def _general(header: int, value: int) -> str | None:
    row = _GENERAL.get(header)
    if row is None:
        return None
    _, middle, low = row.widths
    manager = value >> middle + low & (1 << row.widths[0]) - 1
    return f"urn:epc:id:gid:{manager}.{value >> low & (1 << middle) - 1}.{value & (1 << low) - 1}"
