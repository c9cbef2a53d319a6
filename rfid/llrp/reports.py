"""RO_ACCESS_REPORT to reads, fast: the layout of a tag is learned once, then whole reports are unpacked.

Public names: ReportDecoder, reads_of, pieces, REPORT, NO_ANTENNA.

A reader repeats one layout of TagReportData. The decoder learns it from the first tag, checks in every report
that all octets which made up the layout are the same, and otherwise takes the slow path through the codec; both
give the same reads. A value that a tag's report leaves out is unchanged: it is that of the tag reported before, and
before the first one antenna ``NO_ANTENNA``, power ``UNMEASURED_DBM``, count 1, time 0 with ``ReaderClock.NONE``.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clauses 13.2.3, 13.6.1 and 16.2.7.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, groupby

from rfid.driver import UNMEASURED_DBM, ReaderClock, Reads, TagDetail, TagRead
from rfid.llrp.codec import BitString, LlrpError, Message, Parameter, decode
from rfid.llrp.frames import Frame
from rfid.llrp.impinj import detail, values_of
from rfid.llrp.report_layout import CLOCKS, MAX_AT_ONCE, Layout, Reading, Texts, learn

REPORT = 61
"""Message type of RO_ACCESS_REPORT."""
NO_ANTENNA = 0
"""The reader did not say which antenna; the standard numbers antennas from 1."""

_TAG_OCTETS = b"\x00\xf0"
_KEY = 5
"""Octets of a tag that tell layouts apart: type, length, and how the EPC comes."""
_MAX_LAYOUTS = 16
_PIECE = 512
"""Octets of a report that are taken at once where only the codec can tell what they say: a millisecond at most."""
_NOTHING = Reads((TagRead("", NO_ANTENNA, UNMEASURED_DBM, 0, 1),), ReaderClock.NONE)
"""Stands for the tag before the first one."""


def pieces(frame: Frame, most: int = _PIECE) -> Iterator[Frame]:
    """A message as it is; a report as several, of ``most`` octets, or each with one tag where that has more."""
    body, begin, at = frame.body, 0, 0
    while frame.number == REPORT and len(body) > most and at + 4 <= len(body):
        size = int.from_bytes(body[at + 2 : at + 4], "big")
        if body[at : at + 2] != _TAG_OCTETS or size < 4:
            break
        if at > begin and at + size - begin > most:
            yield frame._replace(body=body[begin:at])
            begin = at
        at += size
    yield frame._replace(body=body[begin:]) if begin else frame


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
    grouped: list[Reads] = []
    for (clock, detailed), group in groupby(found, key=lambda one: (one.clock, bool(one.details))):
        some = list(group)
        details = tuple(chain.from_iterable(one.details for one in some)) if detailed else ()
        grouped.append(Reads(tuple(chain.from_iterable(one.reads for one in some)), clock, False, details))
    return tuple(grouped)


def _read_of(tag: Parameter, place: int, before: Reads) -> Reads:
    epc = tag.first("EPC_96", "EPCData")
    match epc["EPC"] if epc else None:
        case BitString(count, octets):
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
    for name, its_clock in CLOCKS.items():
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


class ReportDecoder:
    """Decodes the reports of one connection. Remembers layouts and EPCs, both bounded, and what was reported last."""

    __slots__ = ("_before", "_layouts", "_readings", "_texts")

    def __init__(self) -> None:
        self._layouts: dict[bytes, Layout] = {}
        self._readings: dict[int, Reading] = {}  # by the length of a report
        self._before = _NOTHING
        self._texts: Texts = {}

    def decode(self, body: bytes) -> tuple[Reads, ...]:
        """The reads of one report's body; the same as ``reads_of``. Raises ``LlrpError`` for a bad body."""
        return self.at_once(body) or self._took(self._anew(body))

    def at_once(self, body: bytes) -> tuple[Reads] | None:
        """The same where all tags lie alike, which takes no time worth mention; None where they do not."""
        reading = self._readings.get(len(body))
        if reading is None:
            layout = self._layout(body, 0)
            reading = layout.reading(len(body)) if layout else None
        reads = reading(body, self._texts, self._before) if reading else None
        if reading is None or reads is None:
            return None
        self._readings[len(body)] = reading
        self._before = reads
        return (reads,)

    def take(self, report: Message) -> tuple[Reads, ...]:
        """The reads of a report that is decoded already. Raises ``LlrpError`` for a tag without EPC."""
        return self._took(reads_of(report, self._before))

    def _took(self, found: tuple[Reads, ...]) -> tuple[Reads, ...]:
        if found:
            self._before = found[-1]
        return found

    def _anew(self, body: bytes) -> tuple[Reads, ...]:
        """As many tags at once as a layout takes, tag by tag from where they differ; all by the codec when one must."""
        found: list[Reads] = []
        before, at, at_once = self._before, 0, MAX_AT_ONCE
        while at < len(body):
            layout = self._layout(body, at)
            if layout is None:
                message = decode(Frame(REPORT, 0, 1, body))
                assert isinstance(message, Message)
                return reads_of(message, self._before)
            tags = body[at : at + layout.size * at_once]
            reading = layout.reading(len(tags))
            reads = reading(tags, self._texts, before) if reading else None
            if reads is not None:
                found.append(reads)
                before = reads
                at += len(tags)
            elif at_once > 1:
                at_once = 1
            else:  # begins like a tag of another layout, which gives way to this one's
                del self._layouts[body[at : at + _KEY]]
        return _grouped(found)

    def _layout(self, body: bytes, at: int) -> Layout | None:
        """A layout for the tag at ``at``, learned when its first octets are new."""
        key = body[at : at + _KEY]
        if len(key) < _KEY or key[:2] != _TAG_OCTETS:
            return None
        layout = self._layouts.get(key)
        if layout is None and (layout := learn(body, at)) is not None:
            if len(self._layouts) >= _MAX_LAYOUTS:
                self._layouts.clear()
                self._readings.clear()
            self._layouts[key] = layout
        return layout
