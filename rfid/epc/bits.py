"""Text and numbers in the bits of an EPC.

Public names: Bits, Method, Packed, seven_bit_text, packed_seven_bit, six_bit_text, packed_six_bit, take_variable,
packed_variable, holds, shortest_method, take_counted, packed_counted, take_digits, take_delimited, packed_delimited.

All big-endian. What is packed is a pair: the value, and its width in bits.
Source: GS1 EPC Tag Data Standard 2.3, clauses 14.3 (fields of fixed place) and 14.5 (fields that follow each other);
the clause stands with each function.
"""

from __future__ import annotations

from enum import IntEnum
from typing import assert_never

from rfid.epc.gs1 import EpcError, quoted

Packed = tuple[int, int]

_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_CODE40 = " ABCDEFGHIJKLMNOPQRSTUVWXYZ-.:0123456789"  # place 0 pads a group of three


class Bits:
    """Bits that are taken from the left, one field after the other."""

    __slots__ = ("left", "value")

    def __init__(self, value: int, width: int) -> None:
        self.value = value
        self.left = width

    def take(self, what: str, width: int) -> int:
        """The next ``width`` bits. Raises ``EpcError`` when there are not so many."""
        if width > self.left:
            raise EpcError(f"{what} is cut off: {width} bits are needed, {self.left} are left")
        self.left -= width
        return self.value >> self.left & (1 << width) - 1


class Method(IntEnum):
    """Encoding indicator of variable-length alphanumeric text. Source: 14.5.6."""

    INTEGER = 0
    UPPER_HEX = 1
    LOWER_HEX = 2
    BASE64 = 3
    ASCII7 = 4
    CODE40 = 5


_CHARACTERS = {
    Method.INTEGER: frozenset("0123456789"),
    Method.UPPER_HEX: frozenset("0123456789ABCDEF"),
    Method.LOWER_HEX: frozenset("0123456789abcdef"),
    Method.BASE64: frozenset(_BASE64),
    Method.ASCII7: frozenset(chr(code) for code in range(0x21, 0x7F)),
    Method.CODE40: frozenset(_CODE40[1:]),
}
_BITS_PER_CHARACTER = {Method.UPPER_HEX: 4, Method.LOWER_HEX: 4, Method.BASE64: 6, Method.ASCII7: 7}


def seven_bit_text(what: str, value: int, width: int) -> str:
    """Characters of 7 bits; zero bits fill the rest. Source: 14.3.2."""
    codes = [value >> at & 0x7F for at in range(width - 7, -1, -7)]
    length = codes.index(0) if 0 in codes else len(codes)
    if value & (1 << width - 7 * length) - 1:
        raise EpcError(f"{what}: all bits behind its last character must be zero")
    return "".join(map(chr, codes[:length]))


def packed_seven_bit(text: str, width: int) -> Packed:
    """As read by ``seven_bit_text``."""
    value = 0
    for char in text:
        value = value << 7 | ord(char)
    return value << width - 7 * len(text), width


def six_bit_text(bits: Bits, what: str, longest: int) -> str:
    """Characters of 6 bits up to six zero bits, which are taken too. Source: 14.3.8 and annex G."""
    text = ""
    while code := bits.take(what, 6):
        text += chr(code if code >= 0x20 else code | 0x40)
        if len(text) > longest:
            raise EpcError(f"{what} {quoted(text)} has more than {longest} characters")
    return text


def packed_six_bit(text: str) -> Packed:
    """As read by ``six_bit_text``."""
    value = 0
    for char in text:
        value = value << 6 | ord(char) & 0x3F
    return value << 6, 6 * len(text) + 6


def take_variable(bits: Bits, what: str, longest: int) -> tuple[str, Method]:
    """Text behind encoding indicator (3) and length indicator (5). Source: 14.5.6."""
    indicator, length = bits.take(what, 3), bits.take(what, 5)
    if indicator > max(Method):
        raise EpcError(f"{what}: encoding indicator {indicator} must be 0..{max(Method):d}")
    if not 1 <= length <= longest:
        raise EpcError(f"{what}: length {length} must be 1..{longest}")
    method = Method(indicator)
    value = bits.take(what, _width(method, length))
    match method:
        case Method.INTEGER:
            text = f"{value:0{length}}"
        case Method.UPPER_HEX:
            text = f"{value:0{length}X}"
        case Method.LOWER_HEX:
            text = f"{value:0{length}x}"
        case Method.BASE64:
            text = "".join(_BASE64[value >> 6 * at & 0x3F] for at in range(length - 1, -1, -1))
        case Method.ASCII7:
            text = "".join(chr(value >> 7 * at & 0x7F) for at in range(length - 1, -1, -1))
        case Method.CODE40:
            text = _code40_text(what, value, length)
        case _:
            assert_never(method)
    if len(text) > length:
        raise EpcError(f"{what} {text} has more than {length} digits")
    return text, method


def packed_variable(text: str, method: Method) -> Packed:
    """As read by ``take_variable``. The method must be able to hold the text."""
    width = _width(method, len(text))
    value = 0
    match method:
        case Method.INTEGER:
            value = int(text)
        case Method.UPPER_HEX | Method.LOWER_HEX:
            value = int(text, 16)
        case Method.BASE64:
            for char in text:
                value = value << 6 | _BASE64.index(char)
        case Method.ASCII7:
            for char in text:
                value = value << 7 | ord(char)
        case Method.CODE40:
            for at in range(0, len(text), 3):
                one, two, three = (_CODE40.index(char) for char in text[at : at + 3].ljust(3))
                value = value << 16 | 1600 * one + 40 * two + three + 1
        case _:
            assert_never(method)
    return (method << 5 | len(text)) << width | value, 8 + width


def holds(method: Method, text: str) -> bool:
    """Whether the method can hold the text."""
    return _CHARACTERS[method].issuperset(text)


def shortest_method(text: str) -> Method:
    """The method that needs the fewest bits; of equals the one with the lowest indicator. Source: 14.5.6."""
    return min((method for method in Method if holds(method, text)), key=lambda method: _width(method, len(text)))


def take_counted(bits: Bits, what: str, longest: int) -> str:
    """Digits, leading zeros too, behind a length indicator (4). Source: 14.5.13."""
    length = bits.take(what, 4)
    if not 1 <= length <= longest:
        raise EpcError(f"{what}: length {length} must be 1..{longest}")
    value = bits.take(what, _width(Method.INTEGER, length))
    if value >= 10**length:
        raise EpcError(f"{what} {value} has more than {length} digits")
    return f"{value:0{length}}"


def packed_counted(digits: str) -> Packed:
    """As read by ``take_counted``."""
    width = _width(Method.INTEGER, len(digits))
    return len(digits) << width | int(digits), 4 + width


def take_digits(bits: Bits, what: str, count: int) -> str:
    """Digits of 4 bits. Source: 14.5.4."""
    text = f"{bits.take(what, 4 * count):0{count}x}"
    if not text.isdigit():
        raise EpcError(f"{what} {text} must have decimal digits only")
    return text


def take_delimited(bits: Bits, what: str, longest: int) -> tuple[str, Method | None]:
    """Digits of 4 bits, ended by 1111; or by 1110 when variable-length text follows. Source: 14.5.5."""
    digits = ""
    while (code := bits.take(what, 4)) <= 9:
        digits += str(code)
        if len(digits) > longest:
            raise EpcError(f"{what} has more than {longest} characters")
    if code == 0b1111:
        return digits, None
    if code != 0b1110:
        raise EpcError(f"{what}: {code:04b} behind {digits or 'no digit'} must be a digit, 1110 or 1111")
    rest, method = take_variable(bits, what, 31)
    if rest[0] in "0123456789":
        raise EpcError(f"{what}: digit {rest[0]} must stand before the delimiter")
    return digits + rest, method


def packed_delimited(text: str, method: Method | None) -> Packed:
    """As read by ``take_delimited``; ``method`` is that of the part behind the digits."""
    rest = text.lstrip("0123456789")
    digits = text[: len(text) - len(rest)]
    value, width = int(digits, 16) << 4 | (0b1110 if rest else 0b1111), 4 * len(digits) + 4
    if rest:
        more, more_width = packed_variable(rest, shortest_method(rest) if method is None else method)
        value, width = value << more_width | more, width + more_width
    return value, width


def _width(method: Method, length: int) -> int:
    """Bits of so many characters, without the indicators. Source: 14.5.6.1 to 14.5.6.6;
    GS1 Tag Data Translation 2.2, table B."""
    if method is Method.INTEGER:
        return int(10**length).bit_length()
    if method is Method.CODE40:
        return (length + 2) // 3 * 16
    return _BITS_PER_CHARACTER[method] * length


def _code40_text(what: str, value: int, length: int) -> str:
    """Three characters in each 16 bits, 1600 a + 40 b + c + 1. Source: 14.5.6.5."""
    text = ""
    for at in range((length + 2) // 3 - 1, -1, -1):
        group = (value >> 16 * at & 0xFFFF) - 1
        if not 0 <= group < 64000:
            raise EpcError(f"{what}: {group + 1} is no group of three characters, 1..64000")
        text += _CODE40[group // 1600] + _CODE40[group // 40 % 40] + _CODE40[group % 40]
    if " " in text[:length] or text[length:].strip():
        raise EpcError(f"{what} {quoted(text)} must have {length} characters")
    return text[:length]
