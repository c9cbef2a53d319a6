"""How the tags of one reader's reports lie: learned from one tag, then whole reports are unpacked at once. Pure.

Public names: Layout, learn, Hexadecimal, CLOCKS, MAX_AT_ONCE.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clause 16.2.7.3.
"""

from __future__ import annotations

import re
import struct
from array import array
from collections.abc import Callable
from itertools import repeat
from typing import Any

from rfid.driver import ReadColumns, ReaderClock, Reads, TagDetail, TagRead
from rfid.llrp_impinj import IMPINJ, REPORTED, TID_SUBTYPE, detail
from rfid.llrp_schema import PARAMETERS

_EPC_BITS = 241
_CUSTOM = 1023
_TLV = struct.Struct(">HH")
_CUSTOM_HEADER = struct.Struct(">II")
MAX_AT_ONCE = 256
"""Tags that a layout unpacks at once."""
_MANY = 24
"""From so many tags on, comparing every constant octet over all tags beats one big number: 11 ns a tag against 25."""
_MAX_EPCS = 16_384


class Hexadecimal(dict[bytes, str]):
    """EPC octets to upper-case hexadecimal, remembered: the same tags are read again and again."""

    __slots__ = ()

    def __missing__(self, octets: bytes) -> str:
        if len(self) >= _MAX_EPCS:
            self.clear()
        text = self[octets] = octets.hex().upper()
        return text


# A named tuple's own constructor is Python code and takes twice as long.
_new_read: Callable[[type[TagRead], tuple[Any, ...]], TagRead] = tuple.__new__
_new_reads: Callable[[type[Reads], tuple[Any, ...]], Reads] = tuple.__new__
# A list: its __getitem__ is a plain method, a tuple's goes through a slot and takes twice as long.
_DBM = [float(octet - 256 if octet > 127 else octet) for octet in range(256)]
CLOCKS = {
    "FirstSeenTimestampUTC": ReaderClock.UTC,
    "FirstSeenTimestampUptime": ReaderClock.UPTIME,
    "LastSeenTimestampUTC": ReaderClock.UTC,
    "LastSeenTimestampUptime": ReaderClock.UPTIME,
}
"""Which parameter gives a read's time, the best first."""


_Octets = tuple[Callable[[bytes], tuple[Any, ...]], int, int, int, bytes]
"""For one number of tags: unpacks EPC and time alone; where in a tag antenna, power and count are; so many zeros."""
_Columns = tuple[Callable[[bytes], tuple[Any, ...]], int, int, tuple[tuple[int, bytes], ...], _Octets | None]
"""For one number of tags: unpack; the octets that never change as a mask, and what they hold; for many tags the same
once more, place by place over all tags, and the shorter way."""


class Layout:
    """How one TagReportData lies: which octets never change, where the values are.

    ``_places``: EPC, antenna, power, time and count among the values of one tag; None for what is not said.
    """

    __slots__ = (
        "_clock",
        "_code",
        "_columns",
        "_detailed_too",
        "_details",
        "_epc_octets",
        "_fields",
        "_fine",
        "_fixed",
        "_mask",
        "_one",
        "_places",
        "_row",
        "_width",
        "size",
    )

    def __init__(
        self, size: int, mask: bytes, fixed: bytes, code: str, fields: dict[str, int], epc_octets: int
    ) -> None:
        """``fields``: where in a tag the values lie, in their order."""
        self.size = size
        self._mask, self._fixed, self._code = mask, fixed, code
        time = next((name for name in CLOCKS if name in fields), None)
        self._clock = CLOCKS[time] if time else None
        self._fine = "ImpinjPeakRSSI" in fields
        power = "ImpinjPeakRSSI" if self._fine else "PeakRSSI"
        wanted = ("EPC", "AntennaID", power, time, "TagSeenCount")
        self._width = len(fields)
        self._fields, self._epc_octets = fields, epc_octets
        names = list(fields)
        self._places = tuple(names.index(name) if name in fields else None for name in wanted)
        self._details = tuple(names.index(name) if name in fields else None for name in _DETAILS)
        self._detailed_too = any(place is not None for place in self._details)
        plain = None not in self._places and not self._fine and not self._detailed_too
        self._row = tuple(place for place in self._places if place is not None) if plain else None
        self._one = _one_tag(mask, fixed, code, self._clock) if names == list(wanted) else None
        self._columns: dict[int, _Columns] = {}

    def reads(self, tags: bytes, hexadecimal: Hexadecimal, before: Reads) -> Reads | None:
        """The reads of tags that stand side by side; None when they do not all have this layout or are too many."""
        if len(tags) == self.size and self._one is not None:
            return self._one(tags, hexadecimal)
        columns = self._columns.get(len(tags))
        if columns is None:
            count, rest = divmod(len(tags), self.size)
            if rest or not 0 < count <= MAX_AT_ONCE:
                return None
            columns = self._columns[len(tags)] = self._prepared(count)
        unpack, mask, fixed, each, octets = columns
        if each:
            size = self.size
            for place, constant in each:
                if tags[place::size] != constant:
                    return None
        elif int.from_bytes(tags, "big") & mask != fixed:
            return None
        if octets is not None and (found := self._by_octets(tags, octets, hexadecimal)) is not None:
            return found
        values = unpack(tags)
        if self._row is not None and len(tags) == self.size:
            epc, antenna, rssi, time, seen = self._row
            only = (hexadecimal[values[epc]], values[antenna], _DBM[values[rssi]], values[time], values[seen] or 1)
            return _new_reads(Reads, ((_new_read(TagRead, only),), self._clock, False, ()))
        return self._by_columns(values, hexadecimal, before)

    def _by_columns(self, values: tuple[Any, ...], hexadecimal: Hexadecimal, before: Reads) -> Reads:
        width = self._width
        epcs, antennas, powers, times, seens = (
            None if place is None else values[place::width] for place in self._places
        )
        assert epcs is not None
        count = len(epcs)
        if antennas is None or powers is None or times is None or seens is None:
            last = before.reads[-1]
            antennas = antennas or (last.antenna,) * count
            powers = powers or (last.rssi_dbm,) * count
            times = times or (last.at_us,) * count
            seens = seens or (last.seen,) * count
        reads = ReadColumns(
            [*map(hexadecimal.__getitem__, epcs)],
            antennas,
            [power / 100 for power in powers] if self._fine else powers,
            times,
            [number or 1 for number in seens] if 0 in seens else seens,
        )
        details = self._detailed(values, count) if self._detailed_too else ()
        return Reads(reads, self._clock or before.clock, False, details)

    def _by_octets(self, tags: bytes, octets: _Octets, hexadecimal: Hexadecimal) -> Reads | None:
        """Where every antenna and count is below 256: what one octet holds is a slice of the report, not unpacked."""
        unpack, antenna, power, seen, none = octets
        size = self.size
        seens = tags[seen + 1 :: size]
        if tags[antenna::size] != none or tags[seen::size] != none or 0 in seens:
            return None
        values = unpack(tags)
        reads = ReadColumns(
            [*map(hexadecimal.__getitem__, values[::2])],
            tags[antenna + 1 :: size],
            array("b", tags[power::size]),
            values[1::2],
            seens,
        )
        return Reads(reads, self._clock or ReaderClock.NONE)

    def _detailed(self, values: tuple[Any, ...], count: int) -> tuple[TagDetail, ...]:
        width = self._width
        phases, dopplers, tids = (
            repeat(nothing, count) if place is None else values[place::width]
            for place, nothing in zip(self._details, (None, None, b""), strict=True)
        )
        return tuple(map(detail, phases, dopplers, tids))

    def _prepared(self, count: int) -> _Columns:
        each = tuple((place, self._fixed[place : place + 1] * count) for place, octet in enumerate(self._mask) if octet)
        return (
            struct.Struct(">" + self._code * count).unpack,
            int.from_bytes(self._mask * count, "big"),
            int.from_bytes(self._fixed * count, "big"),
            each if count >= _MANY else (),
            self._octets(count) if count >= _MANY else None,
        )

    def _octets(self, count: int) -> _Octets | None:
        """For layouts that say all that is wanted and nothing more, the time behind the EPC."""
        fields = self._fields
        time = next((name for name in CLOCKS if name in fields), "")
        if self._row is None or fields[time] < fields["EPC"]:
            return None
        length = self._epc_octets
        between = fields[time] - fields["EPC"] - length
        code = f"{fields['EPC']}x{length}s{between}xQ{self.size - fields[time] - 8}x"
        unpack = struct.Struct(">" + code * count).unpack
        return unpack, fields["AntennaID"], fields["PeakRSSI"], fields["TagSeenCount"], bytes(count)


_ONE_TAG = re.compile(r"(?:4x)+(?:x|2x)(\d+)sxHxbxQxH")
"""Struct code of a tag that says, in the standard's order, all that our own ROSpec asks for and nothing more."""


def _one_tag(
    mask: bytes, fixed: bytes, code: str, clock: ReaderClock | None
) -> Callable[[bytes, Hexadecimal], Reads | None] | None:
    """Decodes one such tag alone, in half the time of columns: what readers send when delay matters."""
    form = _ONE_TAG.fullmatch(code)
    if form is None:
        return None
    size = int(form[1])
    unpack = struct.Struct(f">{len(mask) - size - 17}s{size}sBHBBBQBH").unpack
    head, _, *rest = unpack(fixed)
    constant = (head, *rest[::2])
    dbm = _DBM

    def read(tag: bytes, hexadecimal: Hexadecimal) -> Reads | None:
        first, epc, at_antenna, antenna, at_rssi, rssi, at_time, time, at_seen, seen = unpack(tag)
        if (first, at_antenna, at_rssi, at_time, at_seen) != constant:
            return None
        only = _new_read(TagRead, (hexadecimal[epc], antenna, dbm[rssi], time, seen or 1))
        return _new_reads(Reads, ((only,), clock, False, ()))

    return read


_DETAILS = ("ImpinjRFPhaseAngle", "ImpinjRFDopplerFrequency", "ImpinjSerializedTID")
_TAKEN = {"AntennaID": "H", "PeakRSSI": "b", "TagSeenCount": "H"} | dict.fromkeys(CLOCKS, "Q")
"""The values the fast path reads, as struct codes."""
_TV_SIZES = {number: sum(f.bits for f in found.fields) // 8 for number, found in PARAMETERS.items() if number < 128}


def learn(body: bytes, at: int) -> Layout | None:
    """The layout of the TagReportData at ``at``, or None where only the codec can tell what it says."""
    start, end = at, at + _TLV.unpack_from(body, at)[1]
    if not start + 4 <= end <= len(body):
        return None
    mask, code, fields = bytearray(b"\xff" * 4), "4x", dict[str, int]()
    at += 4

    def take(name: str, size: int, how: str) -> None:
        nonlocal code
        code += f"{size}x" if name in fields or not how else how
        if how and name not in fields:
            fields[name] = len(mask)
        mask.extend(bytes(size))

    while at < end:
        if body[at] & 0x80:
            number = body[at] & 0x7F
            size = _TV_SIZES.get(number)
            if size is None or at + 1 + size > end:
                return None
            mask.append(0xFF)
            code += "x"
            name = PARAMETERS[number].name
            take("EPC" if name == "EPC_96" else name, size, "12s" if name == "EPC_96" else _TAKEN.get(name, ""))
            at += 1 + size
            continue
        if end - at < 4:
            return None
        number, length = _TLV.unpack_from(body, at)
        if number < 128 or length < 4 or at + length > end:
            return None
        mask.extend(b"\xff" * 4)
        code += "4x"
        if number == _EPC_BITS:
            bits = int.from_bytes(body[at + 4 : at + 6], "big")
            if length != 6 + bits // 8 or bits % 16:
                return None
            mask.extend(b"\xff" * 2)
            code += "2x"
            take("EPC", bits // 8, f"{bits // 8}s")
        elif number == _CUSTOM and length >= 12:
            vendor, subtype = _CUSTOM_HEADER.unpack_from(body, at + 4)
            mask.extend(b"\xff" * 8)
            code += "8x"
            known = REPORTED.get(subtype) if vendor == IMPINJ else None
            if known is not None and length == 12 + known.size:
                take(known.name, known.size, known.code)
            elif vendor == IMPINJ and subtype == TID_SUBTYPE and length >= 14:
                if length != 14 + 2 * int.from_bytes(body[at + 12 : at + 14], "big"):
                    return None
                mask.extend(b"\xff" * 2)
                code += "2x"
                take("ImpinjSerializedTID", length - 14, f"{length - 14}s")
            else:
                take("", length - 12, "")
        elif number not in PARAMETERS:
            take("", length - 4, "")
        else:
            return None
        at += length
    if "EPC" not in fields:
        return None
    number = int.from_bytes(body[start:end], "big") & int.from_bytes(mask, "big")
    octets = re.search(r"(\d+)s", code)
    assert octets is not None
    return Layout(end - start, bytes(mask), number.to_bytes(end - start, "big"), code, fields, int(octets[1]))
