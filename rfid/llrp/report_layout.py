"""How the tags of one reader's reports lie: learned from one tag, then whole reports are unpacked at once. Pure.

Public names: Layout, Reading, learn, Texts, CLOCKS, MAX_AT_ONCE.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clause 16.2.7.3.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterable
from functools import cache, partial
from operator import itemgetter
from typing import Any, TypeAlias

from rfid.driver import ReadColumns, ReaderClock, Reads, TagRead
from rfid.llrp.impinj import IMPINJ, REPORTED, TID_SUBTYPE, detail
from rfid.llrp.schema import PARAMETERS

_EPC_BITS = 241
_CUSTOM = 1023
_TLV = struct.Struct(">HH")
_CUSTOM_HEADER = struct.Struct(">II")
MAX_AT_ONCE = 256
"""Tags that a layout unpacks at once."""
_MANY = 24
"""From so many tags on, comparing each constant octet over all tags beats one big number."""
_MAX_EPCS = 16_384

_number = int.from_bytes  # asked of the type anew, it would be bound anew
# A named tuple's own constructor is Python code and takes twice as long.
_new_read: Callable[[type[TagRead], tuple[Any, ...]], TagRead] = tuple.__new__
_new_reads: Callable[[type[Reads], tuple[Any, ...]], Reads] = tuple.__new__
_DBM = [float(dbm) for dbm in (*range(128), *range(-128, 0))]
CLOCKS = {
    "FirstSeenTimestampUTC": ReaderClock.UTC,
    "FirstSeenTimestampUptime": ReaderClock.UPTIME,
    "LastSeenTimestampUTC": ReaderClock.UTC,
    "LastSeenTimestampUptime": ReaderClock.UPTIME,
}
"""Which parameter gives a read's time, the best first."""
_DETAILS = ("ImpinjRFPhaseAngle", "ImpinjRFDopplerFrequency", "ImpinjSerializedTID")
_MORE = ("ImpinjPeakRSSI", *_DETAILS)
_WANTED = ("EPC", "AntennaID", "PeakRSSI", "", "TagSeenCount")
"""What makes a ``TagRead``, in its order; the time goes by different names."""

Texts: TypeAlias = dict[bytes, str]
"""EPC octets to upper-case hexadecimal, remembered: the same tags are read again and again."""
Reading: TypeAlias = Callable[[bytes, Texts, Reads], Reads | None]
"""Makes reads of tags side by side; the last is what was reported before. None when a tag has another layout."""


class Layout:
    """How one TagReportData of ``size`` octets lies: which octets never change, where the values are."""

    __slots__ = ("_clock", "_fields", "_fixed", "_mask", "_readings", "_wanted", "size")

    def __init__(self, mask: bytes, fixed: bytes, fields: dict[str, tuple[int, str]]) -> None:
        """``mask``: the octets that never change; ``fixed``: what they hold, all others zero.

        ``fields``: for each value where in the tag it lies, and its struct code; in their order.
        """
        self.size = len(mask)
        self._mask, self._fixed, self._fields = mask, fixed, fields
        time = next((name for name in CLOCKS if name in fields), "")
        self._clock = CLOCKS.get(time)
        self._wanted = [name or time for name in _WANTED]
        self._readings: dict[int, Reading] = {}

    def reading(self, length: int) -> Reading | None:
        """What reads so many octets of tags; None when these cannot be tags of this layout, or are too many."""
        reading = self._readings.get(length)
        if reading is None:
            count, rest = divmod(length, self.size)
            if rest or not 0 < count <= MAX_AT_ONCE:
                return None
            plain = [name for name in self._fields if name in {*self._wanted, *_MORE}] == self._wanted
            make = self._columns if not plain else self._octets if count > 1 else self._one
            reading = self._readings[length] = make(count)
        return reading

    def _one(self, count: int) -> Reading:
        """For one tag alone that says all that is wanted and nothing more: what readers send when delay matters."""
        mask, fixed = _number(self._mask, "little"), _number(self._fixed, "little")
        unpack, clock, dbm = self._unpack(self._wanted, count), self._clock, _DBM

        def read(tag: bytes, texts: Texts, _: Reads) -> Reads | None:
            if _number(tag, "little") & mask != fixed:
                return None
            octets, antenna, power, time, seen = unpack(tag)
            epc = texts.get(octets) or _texts_of((octets,), texts)[0]
            only = _new_read(TagRead, (epc, antenna, dbm[power], time, seen or 1))
            return _new_reads(Reads, ((only,), clock, False, ()))

        return read

    def _octets(self, count: int) -> Reading:
        """For tags that say all that is wanted and nothing more.

        Antennas and counts are mostly below 256, and what one octet holds is a slice of the report, not unpacked.
        """
        _, antenna, power, time, seen = self._wanted
        places = [self._fields[name][0] + wide for name, wide in ((antenna, 1), (power, 0), (seen, 1))]
        changed = self._changed(count, self._fields[antenna][0], self._fields[seen][0])
        wider = cache(partial(self._columns, count))
        epcs_of, times_of = self._unpack(["EPC"], count), self._unpack([time], count)
        octets_of = itemgetter(*(slice(place, None, self.size) for place in places))
        clock = self._clock

        def read(tags: bytes, texts: Texts, before: Reads) -> Reads | None:
            if changed(tags):
                return wider()(tags, texts, before)
            antennas, powers, seens = octets_of(tags)
            epcs = _texts_of(epcs_of(tags), texts)
            reads = ReadColumns(epcs, antennas, array("b", powers), times_of(tags), seens.replace(b"\0", b"\1"))
            return _new_reads(Reads, (reads, clock, False, ()))

        return read

    def _columns(self, count: int) -> Reading:
        """For any tags; what they leave out is as it was with the tag before."""
        wanted = [*self._wanted, *_DETAILS]
        if fine := "ImpinjPeakRSSI" in self._fields:
            wanted[2] = "ImpinjPeakRSSI"
        names = [name for name in self._fields if name in wanted]
        of = itemgetter(*(slice(names.index(name), None, len(names)) if name in names else slice(0) for name in wanted))
        changed, unpack, clock = self._changed(count), self._unpack(names, count), self._clock

        def read(tags: bytes, texts: Texts, before: Reads) -> Reads | None:
            if changed(tags):
                return None
            epcs, antennas, powers, times, seens, phases, dopplers, tids = of(unpack(tags))
            if not (antennas and powers and times and seens):
                last = before.reads[-1]
                antennas = antennas or (last.antenna,) * count
                powers = powers or (last.rssi_dbm,) * count
                times = times or (last.at_us,) * count
                seens = seens or (last.seen,) * count
            reads = ReadColumns(
                _texts_of(epcs, texts),
                antennas,
                [power / 100 for power in powers] if fine else powers,
                times,
                [number or 1 for number in seens] if 0 in seens else seens,
            )
            if not (phases or dopplers or tids):
                return Reads(reads, clock or before.clock)
            nothing = (None,) * count
            details = map(detail, phases or nothing, dopplers or nothing, tids or (b"",) * count)
            return Reads(reads, clock or before.clock, False, tuple(details))

        return read

    def _unpack(self, names: Iterable[str], count: int) -> Callable[[bytes], tuple[Any, ...]]:
        """Unpacks these values, named in their order, of so many tags."""
        code, at = "", 0
        for place, its in (self._fields[name] for name in names):
            code += f"{place - at}x{its}"
            at = place + struct.calcsize(f">{its}")
        return struct.Struct(">" + f"{code}{self.size - at}x" * count).unpack

    def _changed(self, count: int, *zero: int) -> Callable[[bytes], bool]:
        """Whether in any of so many tags an octet differs that never changes, or at a place ``zero`` is not zero."""
        mask = bytes(0xFF if place in zero else octet for place, octet in enumerate(self._mask))
        if count < _MANY:
            every, expected = (_number(octets * count, "little") for octets in (mask, self._fixed))
            return lambda tags: _number(tags, "little") & every != expected
        of = itemgetter(*(slice(place, None, self.size) for place, octet in enumerate(mask) if octet))
        columns = of(self._fixed * count)
        return lambda tags: of(tags) != columns


def _texts_of(epcs: tuple[bytes, ...], texts: Texts) -> tuple[str, ...]:
    # An itemgetter asks a plain dict without a call for each, other than a map, or a dict with __missing__.
    try:
        return itemgetter(*epcs)(texts) if len(epcs) > 1 else (texts[epcs[0]],)
    except KeyError:
        if len(texts) >= _MAX_EPCS:
            texts.clear()
        texts.update((octets, octets.hex().upper()) for octets in epcs if octets not in texts)
        return tuple(texts[octets] for octets in epcs)


_TAKEN = {"AntennaID": "H", "PeakRSSI": "b", "TagSeenCount": "H"} | dict.fromkeys(CLOCKS, "Q")
"""The values the fast path reads, as struct codes."""
_TV_SIZES = {number: sum(f.bits for f in found.fields) // 8 for number, found in PARAMETERS.items() if number < 128}


def learn(body: bytes, at: int) -> Layout | None:
    """The layout of the TagReportData at ``at``, or None where only the codec can tell what it says."""
    start, end = at, at + _TLV.unpack_from(body, at)[1]
    if not start + 4 <= end <= len(body):
        return None
    mask, fields = bytearray(b"\xff" * 4), dict[str, tuple[int, str]]()
    at += 4

    def take(name: str, size: int, code: str) -> None:
        if code:
            fields.setdefault(name, (len(mask), code))
        mask.extend(bytes(size))

    while at < end:
        if body[at] & 0x80:
            number = body[at] & 0x7F
            size = _TV_SIZES.get(number)
            if size is None or at + 1 + size > end:
                return None
            mask.append(0xFF)
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
        if number == _EPC_BITS:
            bits = int.from_bytes(body[at + 4 : at + 6], "big")
            if length != 6 + bits // 8 or bits % 16:
                return None
            mask.extend(b"\xff" * 2)
            take("EPC", bits // 8, f"{bits // 8}s")
        elif number == _CUSTOM and length >= 12:
            vendor, subtype = _CUSTOM_HEADER.unpack_from(body, at + 4)
            mask.extend(b"\xff" * 8)
            known = REPORTED.get(subtype) if vendor == IMPINJ else None
            if known is not None and length == 12 + known.size:
                take(known.name, known.size, known.code)
            elif vendor == IMPINJ and subtype == TID_SUBTYPE and length >= 14:
                if length != 14 + 2 * int.from_bytes(body[at + 12 : at + 14], "big"):
                    return None
                mask.extend(b"\xff" * 2)
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
    return Layout(bytes(mask), number.to_bytes(end - start, "big"), fields)
