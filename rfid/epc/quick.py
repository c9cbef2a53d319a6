"""Identities straight from the bits of a tag, for portals where every read is a new tag.

Public names: quick_identity.

A tag is a part that changes from tag to tag, its serial or its reference, and the frame around that part: all other
bits, also those that must be zero. What the frame says is decoded once and remembered, for up to ``_REMEMBERED`` frames
of each reader; then a tag costs no more than its part. Layout as in ``rfid.epc.schemes``; whatever is not plainly good
is left to ``decode``, and a law says that both give the same.
"""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable

from rfid.epc.binary import LONGEST_BITS, decode
from rfid.epc.gs1 import KEYS, Alphabet
from rfid.epc.schemes import PREFIX_BITS, ROWS, Form, General, Partitioned

_REMEMBERED = 1 << 13
_PLAIN = bytes(code for code in range(0x20, 0x7F) if Alphabet.TEXT.value[0].fullmatch(chr(code)))
_CHECKS = [list(("0123456789" * 3)[check:]) for check in range(10)]
_NO_TEXT = (b"", b"0")
_SUMS = b"\0"
"""Of a number of six digits, what they add to a check digit behind them; modulo 10. Source: as ``check_digit``."""
for _weight in (3, 1, 3, 1, 3, 1):
    _SUMS = b"".join(
        _SUMS.translate(bytes((sum_ - _weight * _digit) % 10 for sum_ in range(256))) for _digit in range(10)
    )

_octets, _number = unhexlify, int.from_bytes

_Reader = Callable[[int], str | None]
_Learner = Callable[[int], str]
_Start = list[tuple[str, int, list[str]]]
_Checked = tuple[int, int, int, bytes, int, dict[int, _Start], Callable[[int], _Start]]
_Ending = tuple[dict[int, str], _Learner, int, int]
_Plan = tuple[_Ending | None, list[_Checked] | None, list[_Reader]]
"""Of a header one of three: an integer that ends the tag, or by the second octet, a checked reference or a reader."""


def quick_identity(epc_hex: str) -> str | None:
    """The identity that ``decode`` would give; ``None`` = decode it to know, it is another scheme or no EPC.

    In one piece for the two commonest readers: a call costs as much as half of what they do.
    """
    try:
        octets = _octets(epc_hex)
        ending, checked, readers = _PLANS[octets[0]]
        value = _number(octets)
        if ending is not None:
            heads, learn, width, mask = ending
            try:
                head = heads[value >> width]
            except KeyError:
                head = learn(value >> width)
            return head + str(value & mask)
        if checked is not None:
            frame, spare, unit, upper_sums, place, starts, begin = checked[octets[1]]
            around = value & frame
            try:
                start = starts[around]
            except KeyError:
                start = begin(around)
            reference = (value ^ around) >> spare  # of longer memory it is too large
            upper = reference // unit
            text, number, digits = start[upper // place if place else 0]
            return f"{text}{number + reference}{digits[_SUMS[reference % unit] + upper_sums[upper]]}"
        return readers[octets[1]](value)
    except (IndexError, KeyError, ValueError):  # another scheme, digits; length; no hexadecimal or ``decode`` refuses
        return None


class _Heads:
    """What stands before the part that changes, by the frame: ``known``, or to ``learn``.

    A frame begins with the header, so memory of another length, which shifts it, has none.
    ``sample``: the part where its text is one character, behind the frame moved ``width`` to the left.
    """

    def __init__(self, octets: int, width: int, sample: int) -> None:
        self._digits, self._width, self._sample = 2 * octets, width, sample
        self.known: dict[int, str] = {}

    def learn(self, frame: int) -> str:
        """Raises ``EpcError`` where there is none."""
        head = decode(f"{frame << self._width | self._sample:0{self._digits}X}").epc.identity[:-1]
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
        self.known[frame] = head
        return head


class _Starts:
    """Of a company prefix, by the frame: text, then a number to which the reference is added, the check digits.

    One entry for each first digit of the reference where that stands before the prefix. Text ends before the last digit
    that is not zero, with which the number begins. Of the check digits the first is for a reference of zeros.
    """

    def __init__(self, spare_bits: int, changing: int, firsts: int) -> None:
        self._spare, self._changing, self._firsts = spare_bits, changing, firsts
        self.known: dict[int, _Start] = {}

    def learn(self, frame: int) -> _Start:
        """Raises ``ValueError`` where there is no such prefix, or nothing but zeros."""
        start = []
        for first in range(self._firsts):
            reference = first * 10**self._changing
            identity = decode(f"{frame | reference << self._spare:024X}").epc.identity
            text = identity[: -self._changing - 1].rstrip("0")
            number, check = int(identity[len(text) - 1 : -1]), int(identity[-1])
            start.append((text[:-1], number - reference, _CHECKS[check]))
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
        self.known[frame] = start
        return start


def _integer(octets: int, width: int, fill: int, least: int, limit: int) -> _Reader:
    """Of an integer from ``least`` to below ``limit``, ``width`` bits wide, before ``fill`` zeros."""
    mask = (1 << width) - 1
    heads, frame = _Heads(octets, 0, 1 << fill), ~(mask << fill)
    known, learn = heads.known.get, heads.learn

    def read(value: int) -> str | None:
        number, around = value >> fill & mask, value & frame
        return (known(around) or learn(around)) + str(number) if least <= number < limit else None

    return read


def _marked(width: int) -> _Reader:
    """Of digits behind a digit 1, in the last ``width`` bits of 96."""
    heads, mask = _Heads(12, width, 11), (1 << width) - 1
    known, learn = heads.known.get, heads.learn

    def read(value: int) -> str | None:
        marked, around = str(value & mask), value >> width
        digits = marked.removeprefix("1")
        return (known(around) or learn(around)) + digits if digits and digits != marked else None

    return read


def _checked(row: Partitioned, partition: int) -> _Checked:
    """Of a reference, its check digit behind it; its first digit before the prefix when the key has it there.

    Sums for the check digit are of the lower digits, few, as a small table stays at hand, and of the upper ones. These
    end where the reference would have a digit too many.
    """
    key = KEYS[row.kind]
    digits = key.digits - 12 + partition
    firsts, changing, lower = 10 if key.inner else 1, digits - key.inner, 4 if digits < 11 else 6
    mask, place = (1 << row.reference_bits[partition]) - 1 << row.spare_bits, 10 ** (changing - lower)
    starts = _Starts(row.spare_bits, changing, firsts)
    frame, upper_sums = (1 << row.bits) - 1 ^ mask, _SUMS[:place] * firsts
    return frame, row.spare_bits, 10**lower, upper_sums, key.inner and place, starts.known, starts.learn


def _text(octets: int, width: int, fill: int, longest: int) -> _Reader:
    """Of 1 to ``longest`` characters of 7 bits in ``width`` bits, before ``fill`` zeros. No text "0".

    All characters move to octets at once: the upper half of them by as many bits as it has places, then the upper
    half of each half, and so on. Up to 8 or 16 characters, with zeros behind them, need fewer steps.
    """
    low = width + fill
    behind_8, behind_16, behind = low - 56, low - 112, low - 7 * longest
    over_8, over_16, over, mask_8, mask_16, mask = (
        (1 << bits) - 1 for bits in (behind_8, behind_16, behind, 56, 112, 7 * longest)
    )
    heads = _Heads(octets, low, 0x31 << low - 7)
    known, learn, plain, no_text = heads.known, heads.learn, _PLAIN, _NO_TEXT
    steps = []
    at = [7 * place for place in range(longest)]  # bits, from the right
    for half in (16, 8, 4, 2, 1):
        steps.append(sum(0x7F << at[place] for place in range(longest) if place & half))
        at = [bits + (place & half) for place, bits in enumerate(at)]
    by_16, by_8, by_4, by_2, by_1 = steps

    def read(value: int) -> str | None:
        if not value & over_8:
            text, length = value >> behind_8 & mask_8, 8
        else:
            if not value & over_16:
                text, length = value >> behind_16 & mask_16, 16
            elif not value & over:
                text, length = value >> behind & mask, longest
                text += (text & by_16) * 0xFFFF  # moves them left by 16 bits
            else:
                return None
            text += (text & by_8) * 0xFF
        text += (text & by_4) * 0xF
        text += (text & by_2) * 3
        text += text & by_1
        characters = text.to_bytes(length).rstrip(b"\0")
        if characters.strip(plain) or characters in no_text:
            return None
        try:
            head = known[value >> low]
        except KeyError:
            head = learn(value >> low)
        return head + characters.decode()

    return read


def _ended(before: int, width: int, limit: int) -> _Reader:
    """Of an integer below ``limit``, ``width`` bits wide, behind characters of 6 bits that six zero bits end.

    ``before``: bits before the characters. How many these are follows from the memory's length but for the zeros that
    fill its last word, 0..15 of them: the most are tried first. Where the characters end earlier than that, the head
    with its sample is no EPC, and ``decode`` knows.
    """
    ends: dict[int, list[tuple[int, int, int, dict[int, str], _Learner]]] = {}
    for bits in range(-(-(before + 12 + width) // 16) * 16, LONGEST_BITS + 1, 16):
        ends[bits] = []
        for fill in range(15, -1, -1):
            if (bits - fill - width - before) % 6 == 0:
                heads = _Heads(bits // 8, width + fill, 1 << fill)
                ends[bits].append((width + fill, fill, (1 << fill) - 1, heads.known, heads.learn))
    mask = (1 << width) - 1

    def read(value: int) -> str | None:
        for low, fill, filling, known, learn in ends[value.bit_length() + 2]:  # the header begins with two zeros
            around = value >> low
            if not around & 0x3F:
                number = value >> fill & mask
                if number >= limit or value & filling:
                    return None
                try:
                    head = known[around]
                except KeyError:
                    head = learn(around)
                return head + str(number)
        return None

    return read


def _reader(row: Partitioned, partition: int) -> _Reader:
    key, fill = KEYS[row.kind], -row.bits % 16
    octets = (row.bits + fill) // 8
    width, form, limit, longest = row.serial_bits, row.serial_form, 1 << row.serial_bits, key.serial_max
    if form is Form.NONE:
        width, form = row.reference_bits[partition], row.reference_form
        limit, longest = 10 ** row.reference_digits[partition], key.length - 12 + partition
    match form:
        case Form.INTEGER if row.reference_form is Form.CHARS6:
            return _ended(14 + PREFIX_BITS[partition], width, 10**key.serial_max)
        case Form.INTEGER:
            return _integer(octets, width, fill, 1 if key.no_serial == "0" else 0, limit)
        case Form.MARKED:
            return _marked(width)
        case _:
            return _text(octets, width, fill, longest)


def _plans() -> list[_Plan]:
    """By the first octet, the header."""
    plans: list[_Plan] = [(None, None, [])] * 256
    partitions = [
        min(octet >> 2 & 7, len(PREFIX_BITS) - 1) for octet in range(256)
    ]  # by the second octet; 7 has no frame
    for row in ROWS.values():
        match row:
            case General():
                plans[row.header] = _ending(row.widths[2]), None, []
            case Partitioned(serial_form=Form.INTEGER, bits=96) if not KEYS[row.kind].no_serial:
                plans[row.header] = _ending(row.serial_bits), None, []
            case Partitioned(serial_form=Form.NONE, reference_form=Form.PADDED):
                checked = [_checked(row, partition) for partition in range(len(PREFIX_BITS))]
                plans[row.header] = (None, [checked[partition] for partition in partitions], [])
            case Partitioned():
                readers = [_reader(row, partition) for partition in range(len(PREFIX_BITS))]
                plans[row.header] = (None, None, [readers[partition] for partition in partitions])
            case _:
                pass
    return plans


def _ending(width: int) -> _Ending:
    """Of any integer in the last ``width`` bits of 96."""
    heads = _Heads(12, width, 1)
    return heads.known, heads.learn, width, (1 << width) - 1


_PLANS = _plans()
