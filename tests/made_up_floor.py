"""A made-up floor for tests of what people look at: plausible records of any configured line, without decisions.

Public names: MadeUpFloor, orders_of.

Seeded; the story of every tote and parcel is written as the PLC and the core would tell it, times included. It is not
the simulated floor: nothing is read, decided or commanded here.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from edge.core.events import (
    Anomaly,
    AnomalyCode,
    Claim,
    CommandHandled,
    CommandSent,
    DeviceChanged,
    Finding,
    FindingKind,
    LaneChanged,
    OrderShipped,
    Outcome,
    PassageSeen,
    PlcConnected,
    PlcEvent,
    RouteDecided,
    RouteReason,
    Sorted,
    Stage,
    Started,
    TagEvidence,
    ToteChecked,
)
from edge.core.values.layout import Job, LaneRole, LineLayout
from edge.core.values.order import Order, OrderLine
from edge.journal.record import Value
from plc.words import EventType, LaneChange
from rfid.epc.identity import grai96, identify, sgtin96, sscc96

PREFIX = "9521234"


def item(number: int) -> str:
    """Hexadecimal of the tag of item ``number``; twelve articles in turn."""
    return sgtin96(PREFIX, f"0{number % 12:05d}", 1000 + number)


def tote(number: int) -> str:
    """Hexadecimal of the tag of tote ``number``."""
    return grai96(PREFIX, "12345", number)


def parcel(number: int) -> str:
    """Hexadecimal of the label of parcel ``number``."""
    return sscc96(PREFIX, f"0{number:09d}")


def order(number: int, carrier: str = "DHL", service: str = "express", in_tote: bool = False) -> Order:
    """Order ``number``: three items by EPC and one by article."""
    named = tuple(identify(item(number * 12 + at)) for at in range(3))
    lines = (*(OrderLine(epc[4:18], 1, epcs=(epc,)) for epc in named), OrderLine("09521234000105", 1))
    return Order(
        id=f"A-{1000 + number}",
        carrier=carrier,
        service=service,
        lines=lines,
        tote=identify(tote(number % 200)) if in_tote else None,
        parcel=identify(parcel(number)),
    )


class MadeUpFloor:
    """All lines, from ``start_us`` on. ``until`` gives what happened up to a time, in order."""

    def __init__(self, layouts: tuple[LineLayout, ...], start_us: int, seed: int = 1, rate: int = 9000) -> None:
        self._random = Random(seed)
        self._layouts = layouts
        self._pitch_us = {Job.SORT: 3_600_000_000 // rate, Job.VERIFY: 3_270_000}
        self._heap: list[tuple[int, int, Value]] = []
        self._count = 0
        self._next = {layout.name: (start_us + 300_000 * at, at * 1000) for at, layout in enumerate(layouts)}
        self._seq = {layout.plc: 0 for layout in layouts}
        self._commands = dict(self._seq)
        self._full: dict[tuple[str, int], int] = {}
        self._start(start_us)

    def until(self, to_us: int) -> Iterator[Value]:
        """Everything up to ``to_us``, once."""
        for layout in self._layouts:
            at_us, number = self._next[layout.name]
            while at_us <= to_us:
                self._load(layout, at_us, number)
                number += 1
                at_us += round(self._pitch_us[layout.job] * self._random.uniform(0.9, 1.25))
            self._next[layout.name] = at_us, number
        while self._heap and self._heap[0][0] <= to_us:
            yield self._numbered(heapq.heappop(self._heap)[2])

    def _numbered(self, value: Value) -> Value:
        """Sequences are given as things happen."""
        match value:
            case PlcEvent(plc=plc):
                self._seq[plc] = (self._seq[plc] + 1) % 65536
                return replace(value, seq=self._seq[plc])
            case CommandSent(plc=plc):
                self._commands[plc] = (self._commands[plc] + 1) % 65536
                return replace(value, seq=self._commands[plc])
            case _:
                return value

    def _at(self, value: Value) -> None:
        self._count += 1
        heapq.heappush(self._heap, (value.at_us, self._count, value))

    def _start(self, at_us: int) -> None:
        self._at(Started(at_us=at_us, controller="edge1", version="0.1.0", layouts=self._layouts))
        for plc in self._seq:
            self._at(DeviceChanged(at_us + 1, f"plc.{plc}", True, f"{plc} answers, session 7, epoch 1"))
            self._at(DeviceChanged(at_us + 1, f"reader.{plc}", True, f"{plc}: a reader with 4 antennas"))
            self._at(
                PlcConnected(
                    at_us=at_us + 2,
                    plc=plc,
                    session=7,
                    epoch=1,
                    fresh=True,
                    resumed=False,
                    event_acked=0,
                    events_lost=0,
                    command_head=0,
                    found=(),
                    lanes_full=0,
                    lanes_disabled=0,
                )
            )

    def _event(self, layout: LineLayout, at_us: int, kind: EventType, track: int, station: int, value: int = 0) -> None:
        late_us = self._random.randrange(1_000, 6_000)
        self._at(
            PlcEvent(
                at_us=at_us + late_us,
                device_us=at_us,
                plc=layout.plc,
                session=7,
                seq=0,
                type=kind,
                track_id=track,
                station=station,
                cause=0,
                value=value,
                plc_ms=at_us // 1000 % 2**32,
            )
        )

    def _load(self, layout: LineLayout, at_us: int, number: int) -> None:
        """``at_us``: when its leading edge is at the induction."""
        length_mm = 600 if layout.job is Job.VERIFY else self._random.randrange(250, 350)
        track = 1 + number
        eye_us = at_us + layout.travel_us(0, layout.portal.eye_mm)
        self._event(layout, at_us, EventType.INDUCTED, track, layout.induction)
        self._event(layout, eye_us, EventType.ENTERED, track, layout.portal.eye)
        left_us = eye_us + layout.travel_us(0, length_mm)
        self._event(layout, left_us, EventType.LEFT, track, layout.portal.eye)
        if layout.job is Job.VERIFY:
            self._verify(layout, number, track, eye_us, left_us)
        else:
            self._sort(layout, number, track, at_us, eye_us, left_us)

    def _passage(self, layout: LineLayout, number: int, track: int, at_us: int, eye_us: int, left_us: int) -> None:
        if layout.job is Job.SORT:
            epcs = [parcel(number)]
        else:
            epcs = [tote(number % 200), *(item(number * 12 + at) for at in range(4))]
        tags = tuple(
            TagEvidence(epc=epc, antenna=1, count=6, first_us=eye_us, last_us=left_us, weight=4e-6) for epc in epcs
        )
        claims = tuple(Claim(epc, 4e-6, 1e-8, 9e-6) for epc in epcs)
        self._at(
            PassageSeen(
                at_us=at_us,
                line=layout.name,
                passage=number,
                track_id=track,
                stage=Stage.DUE,
                start_us=eye_us,
                stop_us=left_us,
                offset_us=0,
                claims=claims,
                tags=tags,
            )
        )

    def _verify(self, layout: LineLayout, number: int, track: int, eye_us: int, left_us: int) -> None:
        known = order(number, in_tote=True)
        at_us = left_us + 900_000
        self._passage(layout, number, track, at_us, eye_us, left_us)
        epcs = [epc for line in known.lines for epc in line.epcs]
        findings: tuple[Finding, ...] = ()
        match self._random.randrange(14):
            case 0:
                findings = (Finding(FindingKind.MISSING, epcs.pop(), text="was not seen"),)
            case 1:
                foreign = identify(item(number * 12 + 700))
                findings = (Finding(FindingKind.FOREIGN, foreign, order="A-2044", text="belongs to another order"),)
            case 2:
                findings = (
                    Finding(FindingKind.UNREADABLE, "000000000000000000000000", text="header 0x00 is no scheme"),
                    Finding(FindingKind.MISSING, "09521234000105", quantity=2, text="too few were seen"),
                )
            case _:
                pass
        assert known.tote is not None
        checked = ToteChecked(
            at_us=at_us,
            line=layout.name,
            track_id=track,
            passage=number,
            tote=known.tote,
            order=known.id,
            final=False,
            matched=tuple(epcs),
            findings=findings,
        )
        self._at(checked)
        role = LaneRole.QUALITY if findings else LaneRole.VERIFIED
        reason = RouteReason.REFUSED if findings else RouteReason.VERIFIED
        lane = layout.lane_of_role(role)
        assert lane is not None
        self._route(layout, track, at_us, known.tote, known.id, lane.number, reason)
        self._end(layout, track, eye_us - layout.travel_us(0, layout.portal.eye_mm), known.tote, known.id, lane.number)
        self._at(replace(checked, at_us=at_us + 2_000_000, final=True))

    def _sort(self, layout: LineLayout, number: int, track: int, at_us: int, eye_us: int, left_us: int) -> None:
        carriers = [lane for lane in layout.lanes if lane.role is LaneRole.CARRIER]
        lane = self._random.choice(carriers)
        reason, subject, name = RouteReason.ASSIGNED, identify(parcel(number)), f"A-{1000 + number}"
        roll = self._random.randrange(100)
        other = layout.lane_of_role(LaneRole.QUALITY)
        if roll < 2 and other is not None:
            lane, reason, subject, name = other, RouteReason.NO_READ, "", ""
        elif at_us < self._full.get((layout.name, lane.number), 0):
            again = layout.lane_of_role(LaneRole.RECIRCULATE)
            found = next((known for known in carriers if known.number in lane.alternatives), again)
            reason = RouteReason.RECIRCULATE if found is again else RouteReason.ALTERNATIVE
            lane = found or lane
        self._passage(layout, number, track, at_us + 20_000, eye_us, left_us)
        self._route(layout, track, at_us + 5_000, subject, name, lane.number, reason)
        self._end(layout, track, at_us, subject, name, lane.number)
        if lane.role is LaneRole.RECIRCULATE:
            again_us = at_us + layout.travel_us(0, lane.divert_mm) + 6_000_000
            self._event(layout, again_us, EventType.INDUCTED, track, layout.induction, 1)
            reject = layout.lane_of_role(LaneRole.REJECT)
            assert reject is not None
            self._route(layout, track, again_us + 9_000, subject, name, reject.number, RouteReason.REJECT, 1)
            self._end(layout, track, again_us, subject, name, reject.number)
        if number % 61 == 17:
            self._fill(layout, carriers[number // 61 % len(carriers)].number, at_us)
        if number % 97 == 50:
            text = f"{layout.plc} refused command {number}: past the decision point"
            self._at(
                Anomaly(
                    at_us=at_us + 400_000, line=layout.name, code=AnomalyCode.COMMAND_REFUSED, text=text, track_id=track
                )
            )

    def _fill(self, layout: LineLayout, lane: int, at_us: int) -> None:
        self._full[layout.name, lane] = at_us + 9_000_000
        for after_us, change in ((0, LaneChange.FULL), (9_000_000, LaneChange.FREE)):
            full = change is LaneChange.FULL
            self._event(layout, at_us + after_us, EventType.LANE, 0, lane, change)
            self._at(LaneChanged(at_us + after_us + 6_000, layout.name, lane, full, False))

    def _route(
        self,
        layout: LineLayout,
        track: int,
        at_us: int,
        subject: str,
        name: str,
        lane: int,
        reason: RouteReason,
        rounds: int = 0,
    ) -> None:
        expiry_ms = (at_us // 1000 + 300) % 2**32
        self._at(
            RouteDecided(
                at_us=at_us,
                line=layout.name,
                track_id=track,
                subject=subject,
                order=name,
                lane=lane,
                reason=reason,
                round=rounds,
                expiry_ms=expiry_ms,
            )
        )
        sent_us = at_us + self._random.randrange(500, 1_500)
        self._at(
            CommandSent(
                at_us=sent_us,
                plc=layout.plc,
                session=7,
                seq=0,
                opcode=1,
                value=track,
                target=lane,
                expiry_ms=expiry_ms,
                found=False,
            )
        )
        handled_us = sent_us + int(self._random.lognormvariate(8.6, 0.35))
        self._at(CommandHandled(at_us=handled_us, plc=layout.plc, seq=0, opcode=1, value=track, target=lane, refusal=0))

    def _end(self, layout: LineLayout, track: int, at_us: int, subject: str, name: str, lane: int) -> None:
        mm = next(known.divert_mm for known in layout.lanes if known.number == lane)
        role = next(known.role for known in layout.lanes if known.number == lane)
        there_us = at_us + layout.travel_us(0, mm) + 300_000
        self._event(layout, there_us, EventType.DIVERTED, track, lane)
        ended = Sorted(
            at_us=there_us + 7_000,
            line=layout.name,
            track_id=track,
            subject=subject,
            order=name,
            outcome=Outcome.CONFIRMED,
            lane=lane,
            wanted=lane,
        )
        self._at(ended)
        if role is LaneRole.CARRIER:
            self._at(OrderShipped(there_us + 7_000, layout.name, name, subject, lane))
