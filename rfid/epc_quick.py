"""Identities straight from the bits of a tag, for portals where every read is a new tag.

Public names: quick_identity.

The first 16 bits of a tag tell its scheme and its partition, and so a reader that was made for just these. All but what
changes from tag to tag, company prefix and article, is decoded once and remembered, up to ``_REMEMBERED`` of each
reader. Layout as in ``rfid.epc_schemes``; whatever is not plainly good is left to ``decode``, and a law says that both
give the same.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable

from rfid.epc_binary import LONGEST_BITS, decode
from rfid.epc_schemes import PREFIX_BITS, ROWS, Form, General, Partitioned
from rfid.gs1 import KEYS, Alphabet

_Reader = Callable[[str], str | None]

_REMEMBERED = 1 << 12
_PLAIN = bytes(code for code in range(0x20, 0x7F) if Alphabet.TEXT.value[0].fullmatch(chr(code)))
_NO_TEXT = (b"", b"0")
_SUMS = b"\0"
"""Of a number of six digits, what they add to a check digit behind them; modulo 10. Source: as ``check_digit``."""
for _weight in (3, 1, 3, 1, 3, 1):
    _SUMS = b"".join(
        _SUMS.translate(bytes((sum_ - _weight * _digit) % 10 for sum_ in range(256))) for _digit in range(10)
    )


def quick_identity(epc_hex: str) -> str | None:
    """The identity that ``decode`` would give; ``None`` = decode it to know, it is another scheme or no EPC."""
    try:
        return _READERS[epc_hex[:4]](epc_hex)
    except (KeyError, ValueError, IndexError):  # another scheme; no hexadecimal, or what ``decode`` refuses; digits
        return None


class _Heads(dict[int, str]):
    """What stands before the part that changes, by all bits before that part.

    These begin with the header, so memory of another length, which shifts it, has none.
    ``sample``: the bits of that part where its text is one character, and what follows it; ``width`` of them.
    Raises ``EpcError`` where there is none.
    """

    def __init__(self, digits: int, width: int, sample: int) -> None:
        self._digits, self._width, self._sample = digits, width, sample

    def __missing__(self, value: int) -> str:
        head = decode(f"{value << self._width | self._sample:0{self._digits}X}").epc.identity[:-1]
        if len(self) >= _REMEMBERED:
            self.clear()
        self[value] = head
        return head


class _Starts(dict[int, list[tuple[str, int, int]]]):
    """Of a company prefix, by all bits before the reference: text, then a number for the digits behind it, check digit.

    One entry for each first digit of the reference where that stands before the prefix. Text ends before the last digit
    that is not zero, with which the number begins; in it and in the check digit all that changes is zero.
    Raises ``ValueError`` where there is no such prefix, or nothing but zeros.
    """

    def __init__(self, reference_bits: int, spare_bits: int, changing: int, firsts: int) -> None:
        self._low, self._spare, self._changing, self._firsts = reference_bits, spare_bits, changing, firsts

    def __missing__(self, value: int) -> list[tuple[str, int, int]]:
        starts = []
        for first in range(self._firsts):
            tag = (value << self._low | first * 10**self._changing) << self._spare
            identity = decode(f"{tag:024X}").epc.identity
            text = identity[: -self._changing - 1].rstrip("0")
            starts.append((text[:-1], int(identity[len(text) - 1 : -1] + "0"), int(identity[-1])))
        if len(self) >= _REMEMBERED:
            self.clear()
        self[value] = starts
        return starts


def _integer(octets: int, width: int, fill: int, least: int, limit: int) -> _Reader:
    """Of an integer from ``least`` to below ``limit``, ``width`` bits wide, before ``fill`` zeros."""
    low, mask, filling = width + fill, (1 << width) - 1, (1 << fill) - 1
    heads = _Heads(2 * octets, low, 1 << fill)
    octets_of, number_of = unhexlify, int.from_bytes

    def read(epc_hex: str) -> str | None:
        value = number_of(octets_of(epc_hex))
        return f"{heads[value >> low]}{value & mask}"

    def read_limited(epc_hex: str) -> str | None:
        value = number_of(octets_of(epc_hex))
        number = value >> fill & mask
        return f"{heads[value >> low]}{number}" if least <= number < limit and not value & filling else None

    return read_limited if fill or least or limit <= mask else read


def _marked(width: int) -> _Reader:
    """Of digits behind a digit 1, in the last ``width`` bits of 96."""
    heads, mask = _Heads(24, width, 11), (1 << width) - 1
    octets_of, number_of = unhexlify, int.from_bytes

    def read(epc_hex: str) -> str | None:
        value = number_of(octets_of(epc_hex))
        marked = str(value & mask)
        return heads[value >> width] + marked[1:] if marked[0] == "1" != marked else None

    return read


def _checked(reference_bits: int, spare_bits: int, digits: int, inner: bool) -> _Reader:
    """Of a reference of so many digits, its check digit behind it; its first before the prefix when ``inner``."""
    changing = digits - inner
    starts = _Starts(reference_bits, spare_bits, changing, 10 if inner else 1)
    unit: int = 10**changing
    mask, spare, low = (1 << reference_bits) - 1, (1 << spare_bits) - 1, reference_bits + spare_bits
    octets_of, number_of, sums = unhexlify, int.from_bytes, _SUMS

    def read(epc_hex: str) -> str | None:
        value = number_of(octets_of(epc_hex))
        if value & spare:
            return None
        reference = value >> spare_bits & mask
        rest = reference % unit
        text, number, check = starts[value >> low][reference // unit]
        check += sums[rest // 1_000_000] + sums[rest % 1_000_000]
        return f"{text}{number + 10 * rest + check % 10}"

    return read


def _text(octets: int, width: int, fill: int, longest: int) -> _Reader:
    """Of 1 to ``longest`` characters of 7 bits in ``width`` bits, before ``fill`` zeros. No text "0".

    All characters move to octets at once: the upper half of them by as many bits as it has places, then the upper
    half of each half, and so on.
    """
    low, unused = width + fill, (width - 7 * longest) + fill
    heads = _Heads(2 * octets, low, 0x31 << low - 7)
    mask, unused_mask = (1 << 7 * longest) - 1, (1 << unused) - 1
    steps = []
    at = [7 * place for place in range(longest)]  # bits, from the right
    for half in (16, 8, 4, 2, 1):
        steps.append(sum(0x7F << at[place] for place in range(longest) if place & half))
        at = [bits + (place & half) for place, bits in enumerate(at)]
    by_16, by_8, by_4, by_2, by_1 = steps
    octets_of, number_of, plain = unhexlify, int.from_bytes, _PLAIN

    def read(epc_hex: str) -> str | None:
        value = number_of(octets_of(epc_hex))
        text = value >> unused & mask
        text += (text & by_16) * 0xFFFF  # moves them left by 16 bits
        text += (text & by_8) * 0xFF
        text += (text & by_4) * 0xF
        text += (text & by_2) * 3
        text += text & by_1
        characters = text.to_bytes(longest).rstrip(b"\0")
        if value & unused_mask or characters.translate(None, plain) or characters in _NO_TEXT:
            return None
        return heads[value >> low] + characters.decode()

    return read


def _ended(before: int, width: int, limit: int) -> _Reader:
    """Of an integer below ``limit``, ``width`` bits wide, behind characters of 6 bits that six zero bits end.

    ``before``: bits before the characters. How many these are follows from the memory's length but for the zeros that
    fill its last word, 0..15 of them: the most are tried first. Where the characters end earlier than that, the head
    with its sample is no EPC, and ``decode`` knows.
    """
    ends: dict[int, list[tuple[int, int, _Heads]]] = {}
    for digits in range(-(-(before + 12 + width) // 16) * 4, LONGEST_BITS // 4 + 1, 4):
        ends[digits] = [
            (width + fill, (1 << fill) - 1, _Heads(digits, width + fill, 1 << fill))
            for fill in range(15, -1, -1)
            if (4 * digits - fill - width - before) % 6 == 0
        ]
    mask = (1 << width) - 1
    octets_of, number_of = unhexlify, int.from_bytes

    def read(epc_hex: str) -> str | None:
        value = number_of(octets_of(epc_hex))
        for low, filling, heads in ends[len(epc_hex)]:
            head = value >> low
            if not head & 0x3F:
                number = value >> low - width & mask
                return f"{heads[head]}{number}" if number < limit and not value & filling else None
        return None

    return read


def _reader(row: Partitioned, partition: int) -> _Reader:
    key, fill = KEYS[row.kind], -row.bits % 16
    octets = (row.bits + fill) // 8
    prefix_digits = 12 - partition
    width, form, limit, longest = row.serial_bits, row.serial_form, 1 << row.serial_bits, key.serial_max
    if form is Form.NONE:
        width, form = row.reference_bits[partition], row.reference_form
        limit, longest = 10 ** row.reference_digits[partition], key.length - prefix_digits
    match form:
        case Form.INTEGER if row.reference_form is Form.CHARS6:
            return _ended(14 + PREFIX_BITS[partition], width, 10**key.serial_max)
        case Form.INTEGER:
            return _integer(octets, width, fill, 1 if key.no_serial == "0" else 0, limit)
        case Form.MARKED:
            return _marked(width)
        case Form.PADDED:
            return _checked(width, row.spare_bits, key.digits - prefix_digits, key.inner)
        case _:
            return _text(octets, width, fill, longest)


def _readers() -> dict[str, _Reader]:
    """By the first four hexadecimal digits, all upper or all lower case."""
    found: dict[str, _Reader] = {}
    for row in ROWS.values():
        match row:
            case Partitioned():
                by_partition = [_reader(row, partition) for partition in range(len(PREFIX_BITS))]
                for filter_value in range(8):
                    for partition, reader in enumerate(by_partition):
                        for more in range(4):
                            start = f"{row.header:02x}{filter_value << 5 | partition << 2 | more:02x}"
                            found[start] = found[start.upper()] = reader
            case General():
                reader = _integer(row.bits // 8, row.widths[2], 0, 0, 1 << row.widths[2])
                for more in range(256):
                    start = f"{row.header:02x}{more:02x}"
                    found[start] = found[start.upper()] = reader
            case _:
                pass
    return found


_READERS = _readers()
