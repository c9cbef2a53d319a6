"""The last hour of the key figures in short steps: a fold over records, as `edge.views.live` is for what is now.

Public names: History, Window, LineWindow, PlcWindow, STEP_US, HOUR_US, MINUTES, KINDS_COUNTED.

Pure: time comes in with the records and calls. Records count in the step of their ``at_us``; the order in which steps
are filled does not matter, so that an hour that went before can be merged in later. Bounded, however long it runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from edge.core.events import (
    AlarmChanged,
    CommandHandled,
    CommandSent,
    Measured,
    Outcome,
    PlcEvent,
    RouteDecided,
    RouteReason,
    Sorted,
    ToteChecked,
)
from edge.core.values.layout import LineLayout
from edge.journal.record import Value
from edge.views.picture import Reaction
from plc.words import EventType, Opcode

STEP_US = 15_000_000
STEPS = 240
HOUR_US = STEP_US * STEPS
"""What is kept."""
MINUTES = (15, 30, 60)
"""How long a window may be."""
POINTS = 60
"""Points of a window, however long it is."""
KEEP_SAMPLES = 1_000
"""Times a step and line; at 60,000 parcels an hour a step has 250."""
KEEP_TRACKS = 1_000

KINDS_COUNTED: tuple[str, ...] = tuple(
    kind.__name__
    for kind in (PlcEvent, CommandSent, CommandHandled, ToteChecked, RouteDecided, Sorted, AlarmChanged, Measured)
)
"""Kinds of records that count; all others change nothing here."""

Times = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class LineWindow:
    """One line; every tuple has a number for each point, the oldest first. Times are None where nothing was measured.

    ``inducted``: items for the first time. ``verified``, ``refused``: final verdicts. ``decided``: routes of items for
    the first time, ``no_read``: those of them without a read. ``defaulted``: the PLC had no route in time.
    ``wrong``: missorted, lost, or the divert failed. ``alarms``: came and called people. ``reaction``: from INDUCTED
    to the handled route, of the whole window; only where parcels are sorted. ``margin_us``: the least that was left
    between a handled route and its expiry. ``lanes``: items diverted, by lane number.
    """

    inducted: tuple[int, ...]
    verified: tuple[int, ...]
    refused: tuple[int, ...]
    decided: tuple[int, ...]
    no_read: tuple[int, ...]
    defaulted: tuple[int, ...]
    wrong: tuple[int, ...]
    alarms: tuple[int, ...]
    reaction_p50_us: Times
    reaction_p99_us: Times
    margin_us: Times
    reaction: Reaction
    lanes: dict[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class PlcWindow:
    """One PLC as the controller measured it, the worst of each point: the mean time of a read, and how long ago its
    heartbeat moved.
    """

    round_trip_us: Times
    heartbeat_age_us: Times


@dataclass(frozen=True, slots=True)
class Window:
    """The lines from ``from_us`` on, in steps of ``step_us``; the last one is not over yet.

    ``known_us``: when about the first record was made that is known, 0 = none. ``alarms``: of no single line, dock
    doors included.
    """

    now_us: int
    from_us: int
    step_us: int
    known_us: int
    lines: dict[str, LineWindow]
    alarms: tuple[int, ...]
    plcs: dict[str, PlcWindow]


@dataclass(slots=True)
class _Slot:
    """What is counted in one step of one line, or measured of one PLC."""

    counts: Counter[str] = field(default_factory=Counter)
    lanes: Counter[int] = field(default_factory=Counter)
    reactions_us: list[int] = field(default_factory=list)
    margins_us: list[int] = field(default_factory=list)
    worst: dict[str, int] = field(default_factory=dict)

    def measure(self, what: str, number: int) -> None:
        self.worst[what] = max(number, self.worst.get(what, number))

    def add(self, other: _Slot) -> None:
        self.counts += other.counts
        self.lanes += other.lanes
        self.reactions_us = (self.reactions_us + other.reactions_us)[:KEEP_SAMPLES]
        self.margins_us = (self.margins_us + other.margins_us)[:KEEP_SAMPLES]
        for what, number in other.worst.items():
            self.measure(what, number)


@dataclass(slots=True)
class _Plc:
    """A PLC's newest word on its own time, and what is under way: when tracks were inducted, when routes expire."""

    device_us: int = 0
    plc_ms: int = 0
    inducted_us: dict[int, int] = field(default_factory=dict)
    expiry_us: dict[int, int] = field(default_factory=dict)


_OF_NO_LINE = ""
_PLC = "plc."
"""Begins the name of a PLC's steps; no line's name has a dot."""


class History:
    """The steps of all lines of a site."""

    def __init__(self, layouts: Iterable[LineLayout]) -> None:
        self._layouts = {layout.name: layout for layout in layouts}
        self._of_plc: dict[str, list[LineLayout]] = {}
        for layout in self._layouts.values():
            self._of_plc.setdefault(layout.plc, []).append(layout)
        self._plcs = {plc: _Plc() for plc in self._of_plc}
        of_plcs = [f"{_PLC}{plc}" for plc in self._plcs]
        self._slots: dict[str, dict[int, _Slot]] = {name: {} for name in (*self._layouts, _OF_NO_LINE, *of_plcs)}
        self._known_us = 0

    # ---- in --------------------------------------------------------------------------------------------------------

    def apply(self, value: Value) -> None:
        """Takes the next record's value."""
        self._known_us = min(self._known_us or value.at_us, value.at_us)
        match value:
            case PlcEvent():
                self._plc_event(value)
            case CommandSent(opcode=Opcode.ROUTE, plc=name) if name in self._plcs and value.expiry_ms:
                plc = self._plcs[name]
                left_ms = (value.expiry_ms - plc.plc_ms + 2**31) % 2**32 - 2**31
                _keep(plc.expiry_us, value.value, plc.device_us + left_ms * 1_000)
            case CommandHandled(opcode=Opcode.ROUTE):
                self._route_handled(value)
            case ToteChecked(final=True):
                self._count(value.line, value.at_us, "verified" if value.verified else "refused")
            case RouteDecided(round=0, turned=False):
                self._count(value.line, value.at_us, "decided")
                if value.reason is RouteReason.NO_READ:
                    self._count(value.line, value.at_us, "no_read")
            case Sorted(outcome=Outcome.DEFAULTED):
                self._count(value.line, value.at_us, "defaulted")
            case Sorted(outcome=Outcome.MISSORTED | Outcome.LOST | Outcome.FAILED):
                self._count(value.line, value.at_us, "wrong")
            case AlarmChanged() if value.annunciates:
                self._count(value.line if value.line in self._layouts else _OF_NO_LINE, value.at_us, "alarms")
            case Measured() if value.device.startswith(_PLC) and value.device in self._slots:
                for what, number in value.values:
                    self._slot(value.device, value.at_us).measure(what, int(number))
            case _:
                pass

    def merge(self, older: History) -> None:
        """Adds the steps of a history of the same lines whose records all went before this one's."""
        for name, slots in older._slots.items():
            mine = self._slots[name]
            for step, slot in mine.items():
                slots.setdefault(step, _Slot()).add(slot)
            self._slots[name] = slots
            _trim(slots)
        self._known_us = min(older._known_us or self._known_us, self._known_us or older._known_us)

    def _plc_event(self, event: PlcEvent) -> None:
        plc = self._plcs.get(event.plc)
        if plc is None:
            return
        plc.device_us, plc.plc_ms = event.device_us, event.plc_ms
        for layout in self._of_plc[event.plc]:
            match event.type:
                case EventType.INDUCTED if event.station == layout.induction:
                    _keep(plc.inducted_us, event.track_id, event.at_us)
                    if not event.value:
                        self._count(layout.name, event.at_us, "inducted")
                case EventType.DIVERTED if any(lane.number == event.station for lane in layout.lanes):
                    self._slot(layout.name, event.at_us).lanes[event.station] += 1
                case _:
                    pass

    def _route_handled(self, value: CommandHandled) -> None:
        plc = self._plcs.get(value.plc)
        if plc is None:
            return
        inducted_us = plc.inducted_us.pop(value.value, None)
        expiry_us = plc.expiry_us.pop(value.value, None)
        for layout in self._of_plc[value.plc]:
            slot = self._slot(layout.name, value.at_us)
            if expiry_us is not None and len(slot.margins_us) < KEEP_SAMPLES:
                slot.margins_us.append(expiry_us - value.at_us)
            if inducted_us is not None and layout.known_at_induction and len(slot.reactions_us) < KEEP_SAMPLES:
                slot.reactions_us.append(max(0, value.at_us - inducted_us))

    def _count(self, line: str, at_us: int, what: str) -> None:
        if line in self._slots:
            self._slot(line, at_us).counts[what] += 1

    def _slot(self, line: str, at_us: int) -> _Slot:
        slots, step = self._slots[line], at_us // STEP_US
        if step not in slots:
            slots[step] = _Slot()
            _trim(slots)
        return slots[step]

    # ---- out -------------------------------------------------------------------------------------------------------

    def window(self, now_us: int, minutes: int) -> Window:
        """The last ``minutes``, one of MINUTES, as POINTS points that end with the step of ``now_us``.

        A point is the sum of whole steps, and so its beginning is a multiple of its length.
        """
        merged = minutes * 60_000_000 // STEP_US // POINTS
        last = now_us // STEP_US // merged
        points = [range(point * merged, (point + 1) * merged) for point in range(last - POINTS + 1, last + 1)]
        return Window(
            now_us,
            points[0][0] * STEP_US,
            merged * STEP_US,
            self._known_us,
            {name: self._line(layout, points) for name, layout in self._layouts.items()},
            tuple(slot.counts["alarms"] for slot in self._points(_OF_NO_LINE, points)),
            {plc: self._plc(plc, points) for plc in self._plcs},
        )

    def _points(self, line: str, points: Sequence[range]) -> list[_Slot]:
        slots, found = self._slots[line], []
        for steps in points:
            sum_of = _Slot()
            for step in steps:
                if step in slots:
                    sum_of.add(slots[step])
            found.append(sum_of)
        return found

    def _plc(self, plc: str, points: Sequence[range]) -> PlcWindow:
        slots = self._points(f"{_PLC}{plc}", points)
        return PlcWindow(
            tuple(slot.worst.get("round_trip_us") for slot in slots),
            tuple(slot.worst.get("heartbeat_age_us") for slot in slots),
        )

    def _line(self, layout: LineLayout, points: Sequence[range]) -> LineWindow:
        slots = self._points(layout.name, points)

        def counts(what: str) -> tuple[int, ...]:
            return tuple(slot.counts[what] for slot in slots)

        reactions = [slot.reactions_us for slot in slots]
        everything = sorted(us for its in reactions for us in its)
        reaction = Reaction()
        if everything:
            reaction = Reaction(_rank(everything, 50), _rank(everything, 99), len(everything))
        return LineWindow(
            inducted=counts("inducted"),
            verified=counts("verified"),
            refused=counts("refused"),
            decided=counts("decided"),
            no_read=counts("no_read"),
            defaulted=counts("defaulted"),
            wrong=counts("wrong"),
            alarms=counts("alarms"),
            reaction_p50_us=tuple(_rank(sorted(its), 50) if its else None for its in reactions),
            reaction_p99_us=tuple(_rank(sorted(its), 99) if its else None for its in reactions),
            margin_us=tuple(min(slot.margins_us, default=None) for slot in slots),
            reaction=reaction,
            lanes={lane.number: tuple(slot.lanes[lane.number] for slot in slots) for lane in layout.lanes},
        )


def _rank(ordered: Sequence[int], percent: int) -> int:
    return ordered[(len(ordered) - 1) * percent // 100]


def _keep(known: dict[int, int], track: int, at_us: int) -> None:
    known[track] = at_us
    if len(known) > KEEP_TRACKS:
        del known[next(iter(known))]


def _trim(slots: dict[int, _Slot]) -> None:
    """The steps that were begun last stay, whatever a clock that was set made of their times."""
    while len(slots) > STEPS + 4:
        del slots[next(iter(slots))]
