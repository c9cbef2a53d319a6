"""What is so on the lines, as a fold over the journal's records: lanes, alarms, devices, figures, numbers.

Public names: LineStates.

Pure. The same record always gives the same states, whatever came long before it: figures need the records since the
last measurement of their line; lanes that never changed are told when they are first measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from edge.core.events import (
    AlarmChanged,
    DeviceChanged,
    Event,
    Journaled,
    LaneChanged,
    MachineReported,
    Measured,
    OrderShipped,
    Outcome,
    PlcConnected,
    PlcEvent,
    PointChanged,
    RouteDecided,
    RouteReason,
    Sorted,
    ToteChecked,
)
from edge.core.values.layout import LineLayout
from edge.publish.topics import (
    COUNTED,
    AlarmNow,
    Channel,
    DeviceNow,
    Figures,
    LaneNow,
    MachineNow,
    Numbers,
    PointNow,
    State,
)
from plc.words import EventType


@dataclass(slots=True)
class _Counted:
    """What was counted on one line since its last message."""

    from_us: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


_OUTCOMES = {
    Outcome.CONFIRMED: "confirmed",
    Outcome.MISSORTED: "missorted",
    Outcome.DEFAULTED: "defaulted",
    Outcome.FAILED: "failed",
    Outcome.LOST: "lost",
}


class LineStates:
    """Give it every record of one controller once, in order."""

    def __init__(self, layouts: Iterable[LineLayout]) -> None:
        self._layouts = {layout.name: layout for layout in layouts}
        self._line_of = {(layout.plc, layout.induction): layout.name for layout in self._layouts.values()}
        self._figures = {name: _Counted() for name in self._layouts}
        self._lanes: dict[tuple[str, int], tuple[bool, bool]] = {}

    def take(self, record_id: str, value: Journaled | Event) -> list[tuple[Channel, State]]:
        """What is so from this record on, in order."""
        self._count(value)
        return list(self._state(record_id, value))

    def _state(self, record_id: str, value: Journaled | Event) -> Iterator[tuple[Channel, State]]:
        match value:
            case LaneChanged() if value.line in self._layouts:
                yield self._lane(record_id, value.at_us, value.line, value.lane, value.full, value.disabled)
            case PlcConnected():
                for layout in self._layouts.values():
                    for lane in layout.lanes if layout.plc == value.plc else ():
                        bit = 1 << (lane.number - 1)
                        full, disabled = bool(value.lanes_full & bit), bool(value.lanes_disabled & bit)
                        yield self._lane(record_id, value.at_us, layout.name, lane.number, full, disabled)
            case DeviceChanged():
                now = DeviceNow(record_id, value.at_us, value.device, value.up, value.reason)
                yield Channel.DEVICE, now
            case PointChanged(plc=plc, point=point):
                told = (value.value, value.unit, value.quality, value.reason, value.read_us)
                yield Channel.POINT, PointNow(record_id, value.at_us, plc, point, *told)
            case MachineReported(plc=plc):
                counts = (value.processed, value.defective, value.speed)
                yield Channel.MACHINE, MachineNow(record_id, value.at_us, plc, value.state, value.mode, *counts)
            case AlarmChanged():
                channel = Channel.ALARM if value.line in self._layouts else Channel.EDGE_ALARM
                yield channel, _alarm(record_id, value)
            case Measured():
                yield from self._measured(record_id, value)
            case _:
                pass

    def _lane(
        self, record_id: str, at_us: int, line: str, number: int, full: bool, disabled: bool
    ) -> tuple[Channel, State]:
        self._lanes[line, number] = full, disabled
        lane = next((known for known in self._layouts[line].lanes if known.number == number), None)
        now = LaneNow(record_id, at_us, line, number, lane.name if lane else "", full, disabled)
        return Channel.LANE, now

    def _measured(self, record_id: str, value: Measured) -> Iterator[tuple[Channel, State]]:
        at_us = value.at_us
        numbers = Numbers(record_id, at_us, value.device, dict(value.values))
        yield Channel.MEASURED, numbers
        group, _, line = value.device.partition(".")
        if group != "line" or line not in self._figures:
            return
        counted, self._figures[line] = self._figures[line], _Counted(at_us)
        if counted.from_us:
            counts = {name: counted.counts.get(name, 0) for name in COUNTED}
            yield Channel.FIGURES, Figures(record_id, at_us, line, counted.from_us, counts)
        for key, number in value.values:  # also of a lane that never changed
            what, _, lane = key.partition(".")
            full, disabled = bool(int(number) & 1), bool(int(number) & 2)
            if what == "lane" and self._lanes.get((line, int(lane))) != (full, disabled):
                yield self._lane(record_id, at_us, line, int(lane), full, disabled)

    def _count(self, value: Journaled | Event) -> None:
        if isinstance(value, PlcEvent):
            line = self._line_of.get((value.plc, value.station)) if value.type == EventType.INDUCTED else None
            if line is not None and not value.value:
                self._figures[line].add("inducted")
            return
        figures = self._figures.get(getattr(value, "line", ""))
        if figures is None:
            return
        match value:
            case ToteChecked(final=True):
                figures.add("verified" if value.verified else "refused")
            case RouteDecided(round=0, turned=False):
                figures.add("decided")
                if value.reason is RouteReason.NO_READ:
                    figures.add("no_read")
            case Sorted():
                figures.add(_OUTCOMES[value.outcome])
            case OrderShipped():
                figures.add("shipped")
            case AlarmChanged() if value.annunciates:
                figures.add("alarms")
            case _:
                pass


def _alarm(record_id: str, value: AlarmChanged) -> AlarmNow:
    return AlarmNow(
        id=record_id,
        at_us=value.at_us,
        alarm=value.alarm,
        kind=value.kind,
        line=value.line,
        plc=value.plc,
        state=value.state,
        active=value.active,
        since_us=value.since_us,
        priority=value.priority,
        text=value.text,
        cause=value.cause,
        consequence=value.consequence,
        action=value.action,
        by=value.by,
        comment=value.comment,
        until_us=value.until_us,
        suppressed_by=value.suppressed_by,
    )
