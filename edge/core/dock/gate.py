"""Gate: what a parcel's way through a dock door means, and what people ask of loads.

Public names: Gate, close_problems, CHECKED_NAMES.

A wrong parcel turns on its door's light and buzzer in the same step in which its way out became certain, and one aboard
an open load in the step in which its order is cancelled, or refused by quality. They go off
when the door's alarm is acknowledged, when every wrong parcel is back in the house, when the load is closed, or after
their time.
Law: a parcel is aboard at most one load; every parcel that went out and is not right is named until it is back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import assert_never

from edge.core.book import OrderBook
from edge.core.dock.doorway import Doorways
from edge.core.dock.loads import LoadCheck, Loads
from edge.core.events import (
    AlarmRequested,
    Command,
    DockChanged,
    DockReason,
    DoorSeen,
    Event,
    GateVerdict,
    LoadClosed,
    LoadOpened,
    LoadRefused,
    LoadRequested,
    ParcelGated,
    SetOutput,
)
from edge.core.values.alarm import AlarmAction, AlarmKind
from edge.core.values.dock import Direction, DockLayout, Output, Side
from edge.core.values.load import LoadAction
from edge.core.values.order import Order, OrderState
from edge.core.values.state import LoadsState, OpenLoad

OUTPUT_VALID_US = 5_000_000
CHECKED_NAMES = 20
"""Parcels that a refusal names; the check names all."""


class Gate:
    """All dock doors of one controller. What follows is added to ``out``, in order."""

    def __init__(self, docks: Iterable[DockLayout], state: LoadsState, book: OrderBook) -> None:
        self.docks = {dock.name: dock for dock in docks}
        self.loads = Loads(state)
        self.doors = Doorways(self.docks.values())
        self._book = book

    def follow(self, docks: Iterable[DockLayout]) -> None:
        """Goes on with other doors."""
        self.docks = {dock.name: dock for dock in docks}
        self.doors.follow(self.docks.values())

    def held(self, docks: Iterable[DockLayout]) -> list[str]:
        """Of each door that is not among ``docks`` any more: what keeps it."""
        found: list[str] = []
        gone = self.docks.keys() - {dock.name for dock in docks}
        for name in sorted(gone):
            if (its := self.loads.at_dock(name)) is not None:
                found.append(f"dock: {name!r} is missing: load {its.load.id} is open at this door: close it first")
            elif wrong := self.loads.dock(name).wrong:
                text = f"{', '.join(wrong)} went out at this door wrongly and must come back first"
                found.append(f"dock: {name!r} is missing: {text}")
        return found

    # ---- doors -------------------------------------------------------------------------------------------------------

    def decide(self, seen: DoorSeen, out: list[Event | Command]) -> None:
        """The verdict over what a door saw."""
        match seen.direction:
            case Direction.OUT:
                self._went_out(seen, out)
            case Direction.IN:
                self._came_in(seen.dock, seen.parcel, seen.at_us, out)
            case Direction.UNDETERMINED:
                self._undetermined(seen, out)
            case Direction.STAYED:
                self._stayed(seen, out)
            case _ as direction:
                assert_never(direction)

    def _went_out(self, seen: DoorSeen, out: list[Event | Command]) -> None:
        its = self.loads.at_dock(seen.dock)
        held_by = self.loads.holder(seen.parcel)
        if held_by is not None:
            text = f"counts as aboard load {held_by}, and was not seen to come back"
            self._gated(seen.dock, seen.parcel, GateVerdict.ALREADY_LOADED, seen.at_us, held_by, text, out)
        else:
            verdict, text = self._judge(its, seen.parcel)
            self._gated(seen.dock, seen.parcel, verdict, seen.at_us, its.load.id if its is not None else "", text, out)
        last = out[-1]
        if isinstance(last, ParcelGated) and last.astray:
            self._call(last, out)

    def _judge(self, its: OpenLoad | None, parcel: str) -> tuple[GateVerdict, str]:
        order = self._book.of_parcel(parcel)
        if order is not None and (why := self._stopped(order)):
            return GateVerdict.WRONG, f"order {order.id} {why}: put it aside"
        if its is not None and parcel in its.load.parcels:
            return GateVerdict.RIGHT, ""
        if order is None:
            return GateVerdict.UNKNOWN, "no order has this parcel"
        if its is None:
            return GateVerdict.WRONG, "no load is open at this door"
        if its.load.parcels:
            return GateVerdict.WRONG, f"load {its.load.id} does not list it"
        if order.state is OrderState.CANCELLED:
            return GateVerdict.WRONG, f"order {order.id} was cancelled"
        if not its.load.takes_order(order):
            wanted = f"{its.load.carrier} {' or '.join(its.load.services)}".strip()
            return GateVerdict.WRONG, f"it is for {order.carrier} {order.service}, the load takes {wanted}"
        return GateVerdict.RIGHT, ""

    def _stopped(self, order: Order) -> str:
        """Why its parcel must not leave; empty = it may."""
        if self._book.stops and order.state is OrderState.CANCELLED:
            return "was cancelled"
        return "was refused by quality" if order.refused else ""

    def recall(self, order: Order, at_us: int, out: list[Event | Command]) -> None:
        """An order changed: if it is cancelled or refused, its parcel must not leave with a load that is open."""
        why = self._stopped(order)
        if not order.parcel or not why:
            return
        for its in self.loads.state.open.values():
            if order.parcel in its.aboard or order.parcel in its.undetermined:
                text = f"order {order.id} {why}: take it off and put it aside"
                dock, load = its.load.dock, its.load.id
                self._gated(dock, order.parcel, GateVerdict.RECALLED, at_us, load, text, out)
                last = out[-1]
                if isinstance(last, ParcelGated) and dock in self.docks:
                    self._call(last, out, DockReason.REFUSED if last.refused else DockReason.RECALLED)
                return

    def _came_in(
        self, dock: str, parcel: str, at_us: int, out: list[Event | Command], by: str = "", seq: int = 0
    ) -> None:
        where = self.loads.state.where.get(parcel)
        verdict = GateVerdict.ARRIVED if where is None else GateVerdict.UNLOADED
        self._gated(dock, parcel, verdict, at_us, where or "", "", out, by, seq)
        for name, door in self.loads.state.docks.items():
            if parcel in door.wrong:
                wrong = tuple(one for one in door.wrong if one != parcel)
                self._change(name, not wrong, wrong, DockReason.RETURNED, parcel, at_us, out)

    def _undetermined(self, seen: DoorSeen, out: list[Event | Command]) -> None:
        its = self.loads.at_dock(seen.dock)
        ours = (
            its is not None
            and self.loads.holder(seen.parcel) is None
            and self._judge(its, seen.parcel)[0] is GateVerdict.RIGHT
        )
        load = its.load.id if its is not None and ours else ""
        self._gated(seen.dock, seen.parcel, GateVerdict.UNDETERMINED, seen.at_us, load, seen.cause, out)

    def _stayed(self, seen: DoorSeen, out: list[Event | Command]) -> None:
        """A parcel of ours that is outside and in no load went out, and nobody saw it pass."""
        outside = bool(seen.evidence) and seen.evidence[0].side is Side.OUTSIDE
        known = seen.parcel in self.loads.state.where or self._book.of_parcel(seen.parcel) is None
        if outside and not known:
            self._undetermined(replace(seen, cause="is outside, and was not seen to pass"), out)

    def _gated(
        self,
        dock: str,
        parcel: str,
        verdict: GateVerdict,
        at_us: int,
        load: str,
        text: str,
        out: list[Event | Command],
        by: str = "",
        seq: int = 0,
    ) -> None:
        order = self._book.of_parcel(parcel)
        direction = {
            GateVerdict.UNDETERMINED: Direction.UNDETERMINED,
            GateVerdict.UNLOADED: Direction.IN,
            GateVerdict.ARRIVED: Direction.IN,
        }.get(verdict, Direction.OUT)
        must_back = verdict in (GateVerdict.WRONG, GateVerdict.RECALLED)
        why = self._stopped(order) if must_back and order is not None else ""
        cancelled = order is not None and order.state is OrderState.CANCELLED
        sorted_us = self.loads.sorted_us(parcel) or at_us
        gated = ParcelGated(
            at_us=at_us,
            dock=dock,
            direction=direction,
            verdict=verdict,
            parcel=parcel,
            order="" if order is None else order.id,
            carrier="" if order is None else order.carrier,
            service="" if order is None else order.service,
            load=load,
            sorted_us=sorted_us,
            text=text,
            by=by,
            feed_seq=seq,
            cancelled=bool(why) and cancelled,
            refused=bool(why) and not cancelled,
        )
        self._tell(gated, out)

    # ---- light and buzzer --------------------------------------------------------------------------------------------

    def _call(
        self, gated: ParcelGated, out: list[Event | Command], reason: DockReason = DockReason.WRONG_PARCEL
    ) -> None:
        """A wrong parcel went out, or is aboard: light and buzzer on, for their time from now."""
        layout, door = self.docks[gated.dock], self.loads.dock(gated.dock)
        door.light_until_us = gated.at_us + layout.light_us
        door.buzzer_until_us = gated.at_us + layout.buzzer_us
        self._set(layout.light, True, out)
        self._set(layout.buzzer, True, out)
        wrong = tuple(door.wrong)
        self._tell(
            DockChanged(
                at_us=gated.at_us,
                dock=gated.dock,
                light=True,
                buzzer=True,
                wrong=wrong,
                reason=reason,
                subject=gated.parcel,
            ),
            out,
        )

    def _change(
        self,
        dock: str,
        off: bool,
        wrong: tuple[str, ...],
        reason: DockReason,
        subject: str,
        at_us: int,
        out: list[Event | Command],
    ) -> None:
        """``off``: light and buzzer go off, where they are on."""
        layout, door = self.docks.get(dock), self.loads.dock(dock)
        if off:
            if door.light_until_us and layout is not None:
                self._set(layout.light, False, out)
            if door.buzzer_until_us and layout is not None:
                self._set(layout.buzzer, False, out)
            door.light_until_us = door.buzzer_until_us = 0
        light, buzzer = bool(door.light_until_us), bool(door.buzzer_until_us)
        self._tell(
            DockChanged(
                at_us=at_us, dock=dock, light=light, buzzer=buzzer, wrong=wrong, reason=reason, subject=subject
            ),
            out,
        )

    def acknowledge(self, given: AlarmRequested, out: list[Event | Command]) -> None:
        """Somebody acknowledges a door's alarm: it need not call any more."""
        kind, _, dock = given.alarm.partition(".")
        if kind != AlarmKind.WRONG_LOAD or given.action is not AlarmAction.ACKNOWLEDGE or dock not in self.docks:
            return
        door = self.loads.dock(dock)
        if door.light_until_us or door.buzzer_until_us:
            self._change(dock, True, tuple(door.wrong), DockReason.ACKNOWLEDGED, given.by, given.at_us, out)

    def deadline_us(self) -> int | None:
        """When a light or buzzer has been on for its time."""
        doors = self.loads.state.docks
        if not doors:
            return None
        times = (time for door in doors.values() for time in (door.light_until_us, door.buzzer_until_us) if time)
        return min(times, default=None)

    def pass_time(self, at_us: int) -> list[Event | Command]:
        """Turns off what has been on for its time."""
        due_us = self.deadline_us()
        if due_us is None or due_us > at_us:
            return []
        out: list[Event | Command] = []
        for name, door in self.loads.state.docks.items():
            layout = self.docks.get(name)
            before = door.light_until_us, door.buzzer_until_us
            if 0 < door.light_until_us <= at_us:
                door.light_until_us = 0
                self._set(layout.light if layout else None, False, out)
            if 0 < door.buzzer_until_us <= at_us:
                door.buzzer_until_us = 0
                self._set(layout.buzzer if layout else None, False, out)
            if before != (door.light_until_us, door.buzzer_until_us):
                self._change(name, False, tuple(door.wrong), DockReason.TIME, "", at_us, out)
        return out

    def device_up(self, device: str, out: list[Event | Command]) -> None:
        """A device can be reached again: its outputs are set as they should be."""
        for name, layout in self.docks.items():
            door = self.loads.dock(name)
            for output, until_us in ((layout.light, door.light_until_us), (layout.buzzer, door.buzzer_until_us)):
                if output is not None and output.device == device:
                    self._set(output, bool(until_us), out)

    def clock_set_back(self, by_us: int) -> None:
        """The host's clock was set back: what is on stays on for the rest of its time."""
        self.doors.clock_set_back()
        for door in self.loads.state.docks.values():
            door.light_until_us -= by_us if door.light_until_us else 0
            door.buzzer_until_us -= by_us if door.buzzer_until_us else 0

    # ---- loads -------------------------------------------------------------------------------------------------------

    def request(self, given: LoadRequested, out: list[Event | Command]) -> None:
        """What somebody asks of a load; nothing where it is another controller's."""
        its = self.loads.state.open.get(given.load_id)
        if given.action is LoadAction.OPEN:
            if given.load is not None and given.load.dock in self.docks:
                self._open(given, out)
        elif its is not None:
            self._ask(given, its, out)
        elif given.load_id in self.loads.state.closed:
            self._refuse(given, [f"load {given.load_id}: it is closed"], out)

    def _open(self, given: LoadRequested, out: list[Event | Command]) -> None:
        load = given.load
        assert load is not None
        problems = self.loads.open_problems(load)
        if problems:
            self._refuse(given, problems, out)
        else:
            self._tell(LoadOpened(given.at_us, given.feed_seq, load, given.by), out)

    def _ask(self, given: LoadRequested, its: OpenLoad, out: list[Event | Command]) -> None:
        dock, parcel = its.load.dock, given.parcel
        problems = self.ask_problems(given, its)
        if problems:
            self._refuse(given, problems, out)
            return
        match given.action:
            case LoadAction.CLOSE:
                self._close(given, self.loads.check(its), out)
            case LoadAction.ADD:
                self._gated(
                    dock, parcel, GateVerdict.RIGHT, given.at_us, its.load.id, "", out, given.by, given.feed_seq
                )
            case LoadAction.REMOVE:
                self._came_in(dock, parcel, given.at_us, out, given.by, given.feed_seq)
            case LoadAction.OPEN:
                pass
            case _ as action:
                assert_never(action)

    def ask_problems(self, given: LoadRequested, its: OpenLoad) -> list[str]:
        """Why a request cannot be done; empty = it can."""
        name, parcel = its.load.id, given.parcel
        match given.action:
            case LoadAction.CLOSE:
                if given.forced:
                    return [] if given.reason else [f"load {name}: reason: missing: say why it is closed incomplete"]
                return close_problems(self.loads.check(its))
            case LoadAction.ADD:
                held_by = self.loads.holder(parcel)
                if held_by is not None:
                    return [f"load {name}: {parcel}: counts as aboard load {held_by} already"]
                verdict, text = self._judge(its, parcel)
                return [] if verdict is GateVerdict.RIGHT else [f"load {name}: {parcel}: {text}"]
            case LoadAction.REMOVE:
                known = parcel in its.aboard or parcel in its.wrong or parcel in self.loads.dock(its.load.dock).wrong
                return [] if known else [f"load {name}: {parcel}: is not aboard"]
            case LoadAction.OPEN:
                return [f"load {name}: it is open already"]
            case _ as action:
                assert_never(action)

    def _close(self, given: LoadRequested, check: LoadCheck, out: list[Event | Command]) -> None:
        load = check.load
        self._tell(
            LoadClosed(
                at_us=given.at_us,
                feed_seq=given.feed_seq,
                load=load,
                by=given.by,
                reason=given.reason if given.forced else "",
                opened_us=check.opened_us,
                aboard=check.aboard,
                wrong=check.wrong,
                missing=check.missing,
                undetermined=check.undetermined,
            ),
            out,
        )
        door = self.loads.dock(load.dock)
        if door.wrong or door.light_until_us or door.buzzer_until_us:
            self._change(load.dock, True, (), DockReason.CLOSED, given.by, given.at_us, out)

    def _refuse(self, given: LoadRequested, problems: Sequence[str], out: list[Event | Command]) -> None:
        self._tell(
            LoadRefused(
                at_us=given.at_us,
                feed_seq=given.feed_seq,
                load=given.load_id,
                action=given.action,
                by=given.by,
                problems=tuple(problems),
            ),
            out,
        )

    def _tell(self, event: Event, out: list[Event | Command]) -> None:
        self.loads.take(event)
        out.append(event)

    def _set(self, output: Output | None, on: bool, out: list[Event | Command]) -> None:
        if output is not None:
            out.append(SetOutput(output.device, output.port, on, OUTPUT_VALID_US))


def close_problems(check: LoadCheck) -> list[str]:
    """Why a load may not leave as it is; empty = it may."""
    name = check.load.id
    groups = (
        ("missing", check.missing),
        ("aboard and wrong", tuple(one.parcel for one in check.wrong)),
        ("may be aboard, undetermined", check.undetermined),
    )
    problems = []
    for words, parcels in groups:
        if parcels:
            rest = f" and {len(parcels) - CHECKED_NAMES} more" if len(parcels) > CHECKED_NAMES else ""
            problems.append(f"load {name}: {len(parcels)} {words}: {', '.join(parcels[:CHECKED_NAMES])}{rest}")
    return problems
