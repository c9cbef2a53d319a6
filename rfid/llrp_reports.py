"""RO_ACCESS_REPORT to reads and back, fast: the layout of a tag is learned once, then whole reports are unpacked.

Public names: ReportDecoder, ReportEncoder, reads_of, NO_ANTENNA, NO_RSSI_DBM.

A reader repeats one layout of TagReportData. The decoder learns it from the first tag, checks in every report
that all octets which made up the layout are the same, and otherwise takes the slow path through the codec; both
give the same reads. What a reader does not say becomes: antenna ``NO_ANTENNA``, power ``NO_RSSI_DBM``, count 1,
time 0 with ``ReaderClock.NONE``.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 13.6.1 and 16.2.7.3.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, repeat
from operator import itemgetter
from typing import Any

from rfid.driver import ReaderClock, Reads, TagRead
from rfid.llrp_codec import Bits, LlrpError, Message, Parameter, decode
from rfid.llrp_frames import HEADER, Frame
from rfid.llrp_schema import PARAMETERS, PARAMETERS_BY_NAME

REPORT = 61
"""Message type of RO_ACCESS_REPORT."""
NO_ANTENNA = 0
"""The reader did not say which antenna; the standard numbers antennas from 1."""
NO_RSSI_DBM = -128.0
"""The reader did not say how strong; also the lowest value the field can hold."""

_TAG = 240
_EPC_BITS = 241
_TLV = struct.Struct(">HH")
_TAG_OCTETS = b"\x00\xf0"
_KEY = 5
"""Octets of a tag that tell layouts apart: type, length, and how the EPC comes."""
_MAX_LAYOUTS = 16
_MAX_AT_ONCE = 256
_MANY = 24
"""From so many tags on, comparing every constant octet over all tags beats one big number: 11 ns a tag against 25."""
_MAX_EPCS = 16_384
_CLOCKS = {
    "FirstSeenTimestampUTC": ReaderClock.UTC,
    "FirstSeenTimestampUptime": ReaderClock.UPTIME,
    "LastSeenTimestampUTC": ReaderClock.UTC,
    "LastSeenTimestampUptime": ReaderClock.UPTIME,
}
"""Which parameter gives a read's time, the best first."""


class _Hexadecimal(dict[bytes, str]):
    """EPC octets to upper-case hexadecimal, remembered: the same tags are read again and again."""

    __slots__ = ()

    def __missing__(self, octets: bytes) -> str:
        if len(self) >= _MAX_EPCS:
            self.clear()
        text = self[octets] = octets.hex().upper()
        return text


_new_read: Callable[[type[TagRead], tuple[Any, ...]], TagRead] = tuple.__new__
# TagRead's own constructor is Python code and takes twice as long.
_UNSAID = (NO_ANTENNA, round(NO_RSSI_DBM) & 0xFF, 0, 1)
# A list: its __getitem__ is a plain method, a tuple's goes through a slot and takes twice as long.
_DBM = [float(octet - 256 if octet > 127 else octet) for octet in range(256)]


def reads_of(report: Message) -> tuple[Reads, ...]:
    """The reads of a decoded report, in its order; neighbours on the same clock stand together.

    An EPC whose length is not whole words is filled up with zero bits. Raises ``LlrpError`` for a tag without EPC.
    """
    return _grouped([_read_of(tag, at) for at, tag in enumerate(report.all("TagReportData"))])


def _grouped(found: list[tuple[ReaderClock, TagRead]]) -> tuple[Reads, ...]:
    return tuple(Reads(tuple(read for _, read in group), clock) for clock, group in groupby(found, key=itemgetter(0)))


def _read_of(tag: Parameter, place: int) -> tuple[ReaderClock, TagRead]:
    epc = tag.first("EPC_96", "EPCData")
    match epc["EPC"] if epc else None:
        case Bits(count, octets):
            words = (count + 15) // 16
            number = int.from_bytes(octets, "big") >> (-count % 8) << (-count % 16)
            text = number.to_bytes(words * 2, "big").hex().upper()
        case bytes(octets):
            text = octets.hex().upper()
        case _:
            raise LlrpError("RO_ACCESS_REPORT", 0, f"TagReportData number {place + 1} has no EPC")
    antenna, rssi, seen = (tag.first(name) for name in ("AntennaID", "PeakRSSI", "TagSeenCount"))
    clock, at_us = ReaderClock.NONE, 0
    for name, its_clock in _CLOCKS.items():
        if (time := tag.first(name)) is not None:
            clock, at_us = its_clock, time.number("Microseconds")
            break
    return clock, TagRead(
        text,
        antenna.number("AntennaID") if antenna else NO_ANTENNA,
        float(rssi.number("PeakRSSI")) if rssi else NO_RSSI_DBM,
        at_us,
        max(1, seen.number("TagCount")) if seen else 1,
    )


_Columns = tuple[Callable[[bytes], tuple[Any, ...]], int, int, tuple[tuple[int, bytes], ...]]
"""For one number of tags: unpack; the octets that never change as a mask, and what they hold; for many tags the same
once more, place by place over all tags."""


class _Layout:
    """How one TagReportData lies: which octets never change, where the values are."""

    __slots__ = ("_code", "_columns", "_epcs", "_fixed", "_mask", "_places", "_slices", "clock", "size")

    def __init__(self, size: int, mask: bytes, fixed: bytes, code: str, fields: list[str]) -> None:
        self.size = size
        self._mask, self._fixed, self._code = mask, fixed, code
        time = next((name for name in _CLOCKS if name in fields), None)
        self.clock = _CLOCKS[time] if time else ReaderClock.NONE
        wanted = ("EPC", "AntennaID", "PeakRSSI", time, "TagSeenCount")
        # Where whose values are among len(fields) of each tag; what is not said, in _UNSAID appended to them.
        self._places = tuple(
            fields.index(name) if name in fields else place - len(wanted) for place, name in enumerate(wanted)
        )
        self._slices = tuple(slice(place, None, len(fields)) if place >= 0 else None for place in self._places[1:])
        self._epcs = slice(self._places[0], None, len(fields))
        self._columns: dict[int, _Columns] = {}

    def reads(self, tags: bytes, hexadecimal: _Hexadecimal) -> tuple[TagRead, ...] | None:
        """The reads of tags that stand side by side; None when they do not all have this layout or are too many."""
        columns = self._columns.get(len(tags))
        if columns is None:
            count, rest = divmod(len(tags), self.size)
            if rest or not 0 < count <= _MAX_AT_ONCE:
                return None
            columns = self._columns[len(tags)] = self._prepared(count)
        unpack, mask, fixed, each = columns
        if each:
            size = self.size
            for place, octets in each:
                if tags[place::size] != octets:
                    return None
        elif int.from_bytes(tags, "big") & mask != fixed:
            return None
        values = unpack(tags)
        if len(tags) == self.size:  # three times as fast as by columns, and what readers send when delay matters
            values += _UNSAID
            epc, antenna, rssi, time, seen = self._places
            row = (hexadecimal[values[epc]], values[antenna], _DBM[values[rssi]], values[time], values[seen] or 1)
            return (_new_read(TagRead, row),)
        antennas, powers, times, seens = self._slices
        counts: Iterable[int] = repeat(1)
        if seens:
            counts = values[seens]
            if not all(counts):
                counts = [number or 1 for number in counts]
        rows = zip(
            map(hexadecimal.__getitem__, values[self._epcs]),
            values[antennas] if antennas else repeat(NO_ANTENNA),
            map(_DBM.__getitem__, values[powers]) if powers else repeat(NO_RSSI_DBM),
            values[times] if times else repeat(0),
            counts,
            strict=False,
        )
        return tuple(map(_new_read, repeat(TagRead), rows))

    def _prepared(self, count: int) -> _Columns:
        each = tuple((place, self._fixed[place : place + 1] * count) for place, octet in enumerate(self._mask) if octet)
        return (
            struct.Struct(">" + self._code * count).unpack,
            int.from_bytes(self._mask * count, "big"),
            int.from_bytes(self._fixed * count, "big"),
            each if count >= _MANY else (),
        )


_TAKEN = {"AntennaID": "H", "PeakRSSI": "B", "TagSeenCount": "H"} | dict.fromkeys(_CLOCKS, "Q")
"""The values the fast path reads, as struct codes; PeakRSSI unsigned, as the index of ``_DBM``."""
_TV_SIZES = {number: sum(f.bits for f in found.fields) // 8 for number, found in PARAMETERS.items() if number < 128}


def _learn(body: bytes, at: int) -> _Layout | None:
    """The layout of the TagReportData at ``at``, or None where only the codec can tell what it says."""
    start, end = at, at + _TLV.unpack_from(body, at)[1]
    if not start + 4 <= end <= len(body):
        return None
    mask, code, fields = bytearray(b"\xff" * 4), "4x", list[str]()
    at += 4

    def take(name: str, size: int, how: str) -> None:
        nonlocal code
        code += f"{size}x" if name in fields or not how else how
        mask.extend(bytes(size))
        if how and name not in fields:
            fields.append(name)

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
        elif number not in PARAMETERS or (PARAMETERS[number].name == "Custom" and length >= 12):
            take("", length - 4, "")
        else:
            return None
        at += length
    if "EPC" not in fields:
        return None
    number = int.from_bytes(body[start:end], "big") & int.from_bytes(mask, "big")
    return _Layout(end - start, bytes(mask), number.to_bytes(end - start, "big"), code, fields)


class ReportDecoder:
    """Decodes the reports of one reader. Remembers layouts and EPCs, both bounded, and nothing else."""

    __slots__ = ("_hexadecimal", "_last", "_layouts")

    def __init__(self) -> None:
        self._layouts: dict[bytes, _Layout] = {}
        self._last: _Layout | None = None
        self._hexadecimal = _Hexadecimal()

    def decode(self, body: bytes) -> tuple[Reads, ...]:
        """The reads of one report's body; the same as ``reads_of``. Raises ``LlrpError`` for a bad body."""
        layout = self._last
        if layout is not None:
            reads = layout.reads(body, self._hexadecimal)
            if reads is not None:
                return (Reads(reads, layout.clock),)
        self._last = layout = self._layout(body, 0)
        if layout is not None:
            reads = self._many(layout, body)
            if reads is not None:
                return (Reads(reads, layout.clock),)
        return self._mixed(body)

    def _many(self, layout: _Layout, body: bytes) -> tuple[TagRead, ...] | None:
        """In portions, so that what a layout remembers stays small; None when a tag lies differently."""
        found: list[TagRead] = []
        for at in range(0, len(body), layout.size * _MAX_AT_ONCE):
            reads = layout.reads(body[at : at + layout.size * _MAX_AT_ONCE], self._hexadecimal)
            if reads is None:
                return None
            found.extend(reads)
        return tuple(found)

    def _layout(self, body: bytes, at: int) -> _Layout | None:
        """A layout for the tag at ``at``, learned when its first octets are new."""
        key = body[at : at + _KEY]
        if len(key) < _KEY or key[:2] != _TAG_OCTETS:
            return None
        layout = self._layouts.get(key)
        if layout is None and (layout := _learn(body, at)) is not None:
            if len(self._layouts) >= _MAX_LAYOUTS:
                self._layouts.clear()
            self._layouts[key] = layout
        return layout

    def _mixed(self, body: bytes) -> tuple[Reads, ...]:
        """Tag by tag; the codec takes the whole report when one tag has no layout."""
        found: list[tuple[ReaderClock, TagRead]] = []
        at = 0
        while at < len(body):
            layout, reads = self._one(body, at)
            if reads is None:  # begins like a tag of another layout
                self._layouts.pop(body[at : at + _KEY], None)
                layout, reads = self._one(body, at)
            if layout is None or reads is None:
                message = decode(Frame(REPORT, 0, 1, body))
                assert isinstance(message, Message)
                return reads_of(message)
            found.append((layout.clock, reads[0]))
            at += layout.size
        return _grouped(found)

    def _one(self, body: bytes, at: int) -> tuple[_Layout | None, tuple[TagRead, ...] | None]:
        layout = self._layout(body, at)
        tags = body[at : at + layout.size] if layout else b""
        return layout, layout.reads(tags, self._hexadecimal) if layout else None


class ReportEncoder:
    """Encodes reads as a reader does. ``selector``: the standard's TagReportContentSelector.

    ``clock`` says in which parameters the times go; none of them with ``ReaderClock.NONE``. A read's time is both
    first and last seen. Powers are rounded into -128..127 dBm, counts cut at 65,535.
    """

    __slots__ = ("_epc_memory", "_places", "_tail", "_template")

    def __init__(self, selector: Parameter, rospec_id: int, clock: ReaderClock) -> None:
        times = {
            "EnableFirstSeenTimestamp": f"FirstSeenTimestamp{'UTC' if clock is ReaderClock.UTC else 'Uptime'}",
            "EnableLastSeenTimestamp": f"LastSeenTimestamp{'UTC' if clock is ReaderClock.UTC else 'Uptime'}",
        }
        if clock is ReaderClock.NONE:
            times = dict.fromkeys(times, "")
        given: dict[str, int] = {"ROSpecID": rospec_id, "SpecIndex": 1, "InventoryParameterSpecID": 1}
        codes, template, places = ">", list[int](), dict[str, list[int]]()
        for field in selector.definition.named:
            name = times.get(field.name, field.name.removeprefix("Enable"))
            if not name or not selector.number(field.name):
                continue
            definition = PARAMETERS_BY_NAME[name]
            codes += "B" + _ENCODED[name]
            template += [0x80 | definition.number, given.get(name, 0)]
            places.setdefault(name.removeprefix("First").removeprefix("Last")[:13], []).append(len(template) - 1)
        self._tail = struct.Struct(codes)
        self._template = template
        self._places = tuple(
            places.get(name, []) for name in ("AntennaID", "PeakRSSI", "SeenTimestamp", "TagSeenCount")
        )
        memory = selector.first("C1G2EPCMemorySelector")
        self._epc_memory = (memory.number("EnableCRC"), memory.number("EnablePCBits")) if memory else (0, 0)

    def encode(self, reads: Sequence[TagRead], message_id: int) -> bytes:
        """One whole RO_ACCESS_REPORT. Raises ``ValueError`` for an EPC that is no hexadecimal of whole words."""
        body = b"".join(map(self._tag, reads))
        return HEADER.pack(1 << 10 | REPORT, HEADER.size + len(body), message_id) + body

    def _tag(self, read: TagRead) -> bytes:
        epc = bytes.fromhex(read.epc)
        if len(epc) % 2:
            raise ValueError(f"EPC {read.epc} is not whole words of 16 bit")
        values = self._template.copy()
        antennas, powers, times, counts = self._places
        for place in antennas:
            values[place] = read.antenna
        for place in powers:
            values[place] = max(-128, min(127, round(read.rssi_dbm)))
        for place in times:
            values[place] = read.at_us
        for place in counts:
            values[place] = min(read.seen, 0xFFFF)
        octets = b"\x8d" + epc if len(epc) == 12 else _EPC_HEADER.pack(_EPC_BITS, 6 + len(epc), len(epc) * 8) + epc
        octets += self._tail.pack(*values)
        if any(self._epc_memory):
            octets += self._memory(epc)
        return _TLV.pack(_TAG, _TLV.size + len(octets)) + octets

    def _memory(self, epc: bytes) -> bytes:
        """Protocol control (length in words) and CRC-16 as a tag backscatters them."""
        control = len(epc) // 2 << 11
        crc = crc_hqx(control.to_bytes(2, "big") + epc, 0xFFFF) ^ 0xFFFF
        with_crc, with_control = self._epc_memory
        return (b"\x8c" + control.to_bytes(2, "big") if with_control else b"") + (
            b"\x8b" + crc.to_bytes(2, "big") if with_crc else b""
        )


_ENCODED = {
    "ROSpecID": "I",
    "SpecIndex": "H",
    "InventoryParameterSpecID": "H",
    "AntennaID": "H",
    "ChannelIndex": "H",
    "PeakRSSI": "b",
    "TagSeenCount": "H",
    "AccessSpecID": "I",
} | dict.fromkeys(_CLOCKS, "Q")
_EPC_HEADER = struct.Struct(">HHH")
