"""RO_ACCESS_REPORT to reads, fast: the layout of a tag is learned once, then whole reports are unpacked.

Public names: ReportDecoder, reads_of, REPORT, NO_ANTENNA, NO_RSSI_DBM.

A reader repeats one layout of TagReportData. The decoder learns it from the first tag, checks in every report
that all octets which made up the layout are the same, and otherwise takes the slow path through the codec; both
give the same reads. A value that a tag's report leaves out is unchanged: it is that of the tag reported before, and
before the first one antenna ``NO_ANTENNA``, power ``NO_RSSI_DBM``, count 1, time 0 with ``ReaderClock.NONE``.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 13.2.3, 13.6.1 and 16.2.7.3.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from itertools import groupby, repeat
from typing import Any

from rfid.driver import ReaderClock, Reads, TagDetail, TagRead
from rfid.llrp_codec import Bits, LlrpError, Message, Parameter, decode
from rfid.llrp_frames import Frame
from rfid.llrp_impinj import IMPINJ, REPORTED, TID_SUBTYPE, detail, values_of
from rfid.llrp_schema import PARAMETERS

REPORT = 61
"""Message type of RO_ACCESS_REPORT."""
NO_ANTENNA = 0
"""The reader did not say which antenna; the standard numbers antennas from 1."""
NO_RSSI_DBM = -128.0
"""The reader did not say how strong; also the lowest value the field can hold."""

_TAG = 240
_EPC_BITS = 241
_CUSTOM = 1023
_TLV = struct.Struct(">HH")
_CUSTOM_HEADER = struct.Struct(">II")
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


# A named tuple's own constructor is Python code and takes twice as long.
_new_read: Callable[[type[TagRead], tuple[Any, ...]], TagRead] = tuple.__new__
_new_reads: Callable[[type[Reads], tuple[Any, ...]], Reads] = tuple.__new__
_new_detail: Callable[[type[TagDetail], tuple[Any, ...]], TagDetail] = tuple.__new__
# A list: its __getitem__ is a plain method, a tuple's goes through a slot and takes twice as long.
_DBM = [float(octet - 256 if octet > 127 else octet) for octet in range(256)]
_NOTHING = Reads((TagRead("", NO_ANTENNA, NO_RSSI_DBM, 0, 1),), ReaderClock.NONE)
"""Stands for the tag before the first one."""
_NO_DETAIL = TagDetail(None, None, "")


def reads_of(report: Message, before: Reads = _NOTHING) -> tuple[Reads, ...]:
    """The reads of a decoded report, in its order; neighbours on the same clock and with as much detail stand together.

    ``before``: what the reader reported last; from it comes what a tag leaves out. An EPC whose length is not whole
    words is filled up with zero bits. Raises ``LlrpError`` for a tag without EPC.
    """
    found: list[Reads] = []
    for place, tag in enumerate(report.all("TagReportData")):
        before = _read_of(tag, place, before)
        found.append(before)
    return _grouped(found)


def _grouped(found: list[Reads]) -> tuple[Reads, ...]:
    """``found`` holds one read each."""
    grouped: list[Reads] = []
    for (clock, detailed), group in groupby(found, key=lambda one: (one.clock, bool(one.details))):
        some = tuple(group)
        details = tuple(one.details[0] for one in some) if detailed else ()
        grouped.append(Reads(tuple(one.reads[0] for one in some), clock, False, details))
    return tuple(grouped)


def _read_of(tag: Parameter, place: int, before: Reads) -> Reads:
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
    last, clock = before.reads[-1], before.clock
    at_us = last.at_us
    for name, its_clock in _CLOCKS.items():
        if (time := tag.first(name)) is not None:
            clock, at_us = its_clock, time.number("Microseconds")
            break
    custom = values_of(tag.parameters)
    fine = custom.pop("ImpinjPeakRSSI", None)
    rssi_dbm = float(rssi.number("PeakRSSI")) if rssi else last.rssi_dbm
    read = TagRead(
        text,
        antenna.number("AntennaID") if antenna else last.antenna,
        fine / 100 if isinstance(fine, int) else rssi_dbm,
        at_us,
        max(1, seen.number("TagCount")) if seen else last.seen,
    )
    return Reads((read,), clock, False, (_detail_of(custom),) if custom else ())


def _detail_of(custom: dict[str, int | bytes]) -> TagDetail:
    phase, doppler = custom.get("ImpinjRFPhaseAngle"), custom.get("ImpinjRFDopplerFrequency")
    tid = custom.get("ImpinjSerializedTID", b"")
    assert not isinstance(phase, bytes) and not isinstance(doppler, bytes) and isinstance(tid, bytes)
    return detail(phase, doppler, tid)


_Columns = tuple[Callable[[bytes], tuple[Any, ...]], int, int, tuple[tuple[int, bytes], ...]]
"""For one number of tags: unpack; the octets that never change as a mask, and what they hold; for many tags the same
once more, place by place over all tags."""


class _Layout:
    """How one TagReportData lies: which octets never change, where the values are.

    ``_places``: EPC, antenna, power, time and count among the values of one tag; None for what is not said.
    """

    __slots__ = (
        "_clock",
        "_code",
        "_columns",
        "_details",
        "_fine",
        "_fixed",
        "_mask",
        "_places",
        "_row",
        "_width",
        "size",
    )

    def __init__(self, size: int, mask: bytes, fixed: bytes, code: str, fields: list[str]) -> None:
        self.size = size
        self._mask, self._fixed, self._code = mask, fixed, code
        time = next((name for name in _CLOCKS if name in fields), None)
        self._clock = _CLOCKS[time] if time else None
        self._fine = "ImpinjPeakRSSI" in fields
        power = "ImpinjPeakRSSI" if self._fine else "PeakRSSI"
        wanted = ("EPC", "AntennaID", power, time, "TagSeenCount")
        self._width = len(fields)
        self._places = tuple(fields.index(name) if name in fields else None for name in wanted)
        self._details = tuple(fields.index(name) if name in fields else None for name in _DETAILS)
        # One tag that says everything and nothing more is what readers send when delay matters.
        plain = None not in self._places and not self._fine and not any(place is not None for place in self._details)
        self._row = tuple(place for place in self._places if place is not None) if plain else None
        self._columns: dict[int, _Columns] = {}

    def reads(self, tags: bytes, hexadecimal: _Hexadecimal, before: Reads) -> Reads | None:
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
        if self._row is not None and len(tags) == self.size:
            epc, antenna, rssi, time, seen = self._row
            row = (hexadecimal[values[epc]], values[antenna], _DBM[values[rssi]], values[time], values[seen] or 1)
            return _new_reads(Reads, ((_new_read(TagRead, row),), self._clock, False, ()))
        return self._by_columns(values, hexadecimal, before)

    def _by_columns(self, values: tuple[Any, ...], hexadecimal: _Hexadecimal, before: Reads) -> Reads:
        width = self._width
        epcs, antennas, powers, times, seens = (
            None if place is None else values[place::width] for place in self._places
        )
        assert epcs is not None
        last = before.reads[-1]
        counts: Iterable[int] = repeat(last.seen)
        if seens is not None:
            counts = seens if all(seens) else [number or 1 for number in seens]
        if powers is None:
            powers_dbm: Iterable[float] = repeat(last.rssi_dbm)
        elif self._fine:
            powers_dbm = [power / 100 for power in powers]
        else:
            powers_dbm = map(_DBM.__getitem__, powers)
        rows = zip(
            map(hexadecimal.__getitem__, epcs),
            repeat(last.antenna) if antennas is None else antennas,
            powers_dbm,
            repeat(last.at_us) if times is None else times,
            counts,
            strict=False,
        )
        reads = tuple(map(_new_read, repeat(TagRead), rows))
        return Reads(reads, self._clock or before.clock, False, self._detailed(values, len(reads)))

    def _detailed(self, values: tuple[Any, ...], count: int) -> tuple[TagDetail, ...]:
        if not any(place is not None for place in self._details):
            return ()
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
        )


_DETAILS = ("ImpinjRFPhaseAngle", "ImpinjRFDopplerFrequency", "ImpinjSerializedTID")
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
    return _Layout(end - start, bytes(mask), number.to_bytes(end - start, "big"), code, fields)


class ReportDecoder:
    """Decodes the reports of one connection. Remembers layouts and EPCs, both bounded, and what was reported last."""

    __slots__ = ("_before", "_hexadecimal", "_last", "_layouts")

    def __init__(self) -> None:
        self._layouts: dict[bytes, _Layout] = {}
        self._last: _Layout | None = None
        self._before = _NOTHING
        self._hexadecimal = _Hexadecimal()

    def decode(self, body: bytes) -> tuple[Reads, ...]:
        """The reads of one report's body; the same as ``reads_of``. Raises ``LlrpError`` for a bad body."""
        layout = self._last
        if layout is not None:
            reads = layout.reads(body, self._hexadecimal, self._before)
            if reads is not None:
                self._before = reads
                return (reads,)
        self._last = layout = self._layout(body, 0)
        found = self._many(layout, body) if layout is not None else ()
        return self._took(found or self._mixed(body))

    def take(self, report: Message) -> tuple[Reads, ...]:
        """The reads of a report that is decoded already. Raises ``LlrpError`` for a tag without EPC."""
        return self._took(reads_of(report, self._before))

    def _took(self, found: tuple[Reads, ...]) -> tuple[Reads, ...]:
        if found:
            self._before = found[-1]
        return found

    def _many(self, layout: _Layout, body: bytes) -> tuple[Reads, ...]:
        """In portions, so that what a layout remembers stays small; nothing when a tag lies differently."""
        reads: list[TagRead] = []
        details: list[TagDetail] = []
        before = self._before
        for at in range(0, len(body), layout.size * _MAX_AT_ONCE):
            found = layout.reads(body[at : at + layout.size * _MAX_AT_ONCE], self._hexadecimal, before)
            if found is None:
                return ()
            reads += found.reads
            details += found.details
            before = found
        return (Reads(tuple(reads), before.clock, False, tuple(details)),)

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
        found: list[Reads] = []
        before = self._before
        at = 0
        while at < len(body):
            layout, reads = self._one(body, at, before)
            if reads is None:  # begins like a tag of another layout
                self._layouts.pop(body[at : at + _KEY], None)
                layout, reads = self._one(body, at, before)
            if layout is None or reads is None:
                message = decode(Frame(REPORT, 0, 1, body))
                assert isinstance(message, Message)
                return reads_of(message, self._before)
            found.append(reads)
            before = reads
            at += layout.size
        return _grouped(found)

    def _one(self, body: bytes, at: int, before: Reads) -> tuple[_Layout | None, Reads | None]:
        layout = self._layout(body, at)
        tags = body[at : at + layout.size] if layout else b""
        return layout, layout.reads(tags, self._hexadecimal, before) if layout else None
