"""Identities of the common 96-bit tags straight from their bits, for portals where every read is a new tag.

Public names: quick_identity.

All but the serial is the same for thousands of tags: it is decoded once and remembered. Layout as in
``rfid.epc_schemes``; what it takes is decided there, and a law says that ``decode`` gives the same.
"""

from __future__ import annotations

from functools import lru_cache

from rfid.epc_schemes import PREFIX_BITS, ROWS, Form, Partitioned
from rfid.gs1 import KEYS

_ROWS = {
    row.header: row
    for row in ROWS.values()
    if isinstance(row, Partitioned)
    and row.bits == 96
    and row.reference_form is Form.PADDED
    and row.serial_form in (Form.NONE, Form.INTEGER)
}
# By header: bits behind the reference, mask of the serial, mask of the spare bits, serial that means there is none.
_TAILS = {
    header: (
        row.serial_bits + row.spare_bits,
        (1 << row.serial_bits) - 1,
        (1 << row.spare_bits) - 1,
        KEYS[row.kind].no_serial,
        f"({KEYS[row.kind].serial_ai})" if KEYS[row.kind].serial_ai else "",
    )
    for header, row in _ROWS.items()
}


def quick_identity(epc_hex: str) -> str | None:
    """The identity that ``decode`` would give; ``None`` = decode it to know, it is another scheme or no EPC."""
    if len(epc_hex) != 24 or not epc_hex.isalnum():
        return None
    try:
        value = int(epc_hex, 16)
    except ValueError:
        return None
    tail = _TAILS.get(value >> 88)
    if tail is None or not epc_hex.isascii():
        return None
    low, serial_mask, spare_mask, no_serial, between = tail
    head = _head(value >> low)
    if head is None or value & spare_mask:
        return None
    if not serial_mask:
        return head
    serial = str(value & serial_mask)
    return head if serial == no_serial else head + between + serial


@lru_cache(maxsize=1 << 14)
def _head(value: int) -> str | None:
    """Element string of the number in a tag without the bits behind its reference; ``None`` where there is none.

    ``value``: header (8), filter value (3), partition (3), company prefix and reference (the rest). One argument is
    remembered faster than two: the width follows from the headers, which all begin with two zero bits and a one.
    """
    width = value.bit_length() + 2
    row = _ROWS[value >> width - 8]
    key = KEYS[row.kind]
    partition = value >> width - 14 & 7
    if partition == 7:
        return None
    reference_bits = row.reference_bits[partition]
    prefix = value >> reference_bits & (1 << PREFIX_BITS[partition]) - 1
    reference = value & (1 << reference_bits) - 1
    prefix_digits = 12 - partition
    reference_digits = key.digits - prefix_digits
    if prefix >= 10**prefix_digits or reference >= 10**reference_digits:
        return None
    reference_text = f"{reference:0{reference_digits}}" if reference_digits else ""
    return f"({key.ai}){key.number(f'{prefix:0{prefix_digits}}', reference_text)}"
