"""Loads: which are open, what is aboard, what is still missing. A fold over what was journaled.

Public names: Loads, LoadCheck.

The controller decides by it, and the api process keeps the same from the controller's journal, so both know the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from edge.core.book import STOPS
from edge.core.events import (
    DockChanged,
    Event,
    FeedFollowed,
    GateVerdict,
    Journaled,
    LoadClosed,
    LoadOpened,
    OrderChanged,
    OrderShipped,
    ParcelGated,
    Started,
)
from edge.core.values.load import Aboard, Load
from edge.core.values.order import Order, OrderState
from edge.core.values.state import DockState, LoadsState, OpenLoad, Waiting

KEEP_PARCELS = 100_000
"""Parcels remembered that wait, or went out."""
KEEP_LOADS = 10_000
"""Closed loads remembered, so that no id is used twice."""


@dataclass(frozen=True, slots=True)
class LoadCheck:
    """How complete an open load is. ``aboard``, ``wrong``: by time. ``missing``, ``undetermined``: by name, disjoint.

    ``later``: parcels of its carrier and services that were sorted after its cut-off and are not counted as missing.
    """

    load: Load
    opened_us: int
    by: str
    aboard: tuple[Aboard, ...]
    wrong: tuple[Aboard, ...]
    missing: tuple[str, ...]
    undetermined: tuple[str, ...]
    later: int

    @property
    def complete(self) -> bool:
        """Whether it may leave."""
        return not (self.wrong or self.missing or self.undetermined)


class Loads:
    """What is known of loads. ``take`` gets what is journaled, in order; what says nothing of loads changes nothing."""

    def __init__(self, state: LoadsState) -> None:
        self.state = state

    # ---- what happened -----------------------------------------------------------------------------------------------

    def take(self, value: Journaled | Event, order: Order | None = None) -> None:
        """The next value. ``order``: an OrderShipped's, where it is known; without it, its OrderChanged tells later."""
        match value:
            case Started():
                self.state.watched = bool(value.docks)
                self.state.stops = STOPS in value.flags
            case FeedFollowed() if self.state.stops:
                self.state.known = value.known
            case OrderShipped() if order is not None:
                self._sorted(order, value.at_us)
            case OrderChanged():
                self._stop(value)
                if value.order.state is OrderState.SHIPPED and not value.order.refused:
                    self._sorted(value.order, value.at_us)
                elif value.order.parcel:
                    self.state.waiting.pop(value.order.parcel, None)
            case LoadOpened():
                self.state.open[value.load.id] = OpenLoad(value.load, value.at_us, value.by)
            case LoadClosed():
                its = self.state.open.pop(value.load.id, None)
                for parcel in its.wrong if its is not None else ():
                    self.state.where[parcel] = ""
                self.state.closed[value.load.id] = None
                _bound(self.state.closed, KEEP_LOADS)
            case ParcelGated():
                self._gated(value)
            case DockChanged():
                dock = self.dock(value.dock)
                dock.wrong = {parcel: dock.wrong.get(parcel, "") for parcel in value.wrong}
            case _:
                pass

    def _stop(self, value: OrderChanged) -> None:
        """Whether its parcel must not leave; what was taken before says nothing new when it comes again."""
        parcel = value.order.parcel
        if not parcel or not self.state.stops or 0 < value.feed_seq <= self.state.known:
            return
        self.state.cancelled.pop(parcel, None)
        if value.order.state is OrderState.CANCELLED or value.order.refused:
            self.state.cancelled[parcel] = None
            _bound(self.state.cancelled, KEEP_PARCELS)

    def _sorted(self, order: Order, at_us: int) -> None:
        parcel = order.parcel
        if parcel and self.state.watched and parcel not in self.state.waiting and parcel not in self.state.where:
            self.state.waiting[parcel] = Waiting(order.id, order.carrier, order.service, at_us)
            _bound(self.state.waiting, KEEP_PARCELS)

    def _gated(self, value: ParcelGated) -> None:
        parcel, its = value.parcel, self.state.open.get(value.load)
        match value.verdict:
            case GateVerdict.RIGHT | GateVerdict.WRONG | GateVerdict.UNKNOWN | GateVerdict.RECALLED:
                self._forget(parcel)
                known = self.state.waiting.get(parcel)
                one = Aboard(
                    parcel=parcel,
                    order=value.order,
                    carrier=value.carrier,
                    service=value.service,
                    at_us=value.at_us,
                    sorted_us=value.sorted_us,
                    dock=value.dock,
                    by=value.by,
                    text=value.text,
                )
                self.state.where[parcel] = value.load
                _bound(self.state.where, KEEP_PARCELS)
                if its is not None and value.verdict is GateVerdict.RIGHT:
                    its.aboard[parcel] = one
                elif its is not None:
                    its.wrong[parcel] = one
                if known is not None and value.verdict is GateVerdict.RIGHT:
                    del self.state.waiting[parcel]
            case GateVerdict.UNLOADED:
                self._forget(parcel)
                self.state.where.pop(parcel, None)
                known_here = parcel in self.state.waiting or parcel in self.state.cancelled
                if value.order and value.sorted_us and not known_here:
                    self.state.waiting[parcel] = Waiting(value.order, value.carrier, value.service, value.sorted_us)
            case GateVerdict.UNDETERMINED:
                if its is not None:
                    its.undetermined[parcel] = value.at_us
            case GateVerdict.ALREADY_LOADED | GateVerdict.ARRIVED:
                pass
            case _:
                assert_never(value.verdict)
        if value.astray:
            self.dock(value.dock).wrong[parcel] = value.text

    def _forget(self, parcel: str) -> None:
        """It is in no load from now on."""
        for its in self.state.open.values():
            for parcels in (its.aboard, its.wrong, its.undetermined):
                parcels.pop(parcel, None)

    # ---- what is known -----------------------------------------------------------------------------------------------

    def dock(self, name: str) -> DockState:
        """A door."""
        return self.state.docks.setdefault(name, DockState())

    def at_dock(self, name: str) -> OpenLoad | None:
        """The load that is open at a door."""
        return next((its for its in self.state.open.values() if its.load.dock == name), None)

    def holder(self, parcel: str) -> str | None:
        """The load, open or closed, that a parcel rightly went aboard; None = it is in none."""
        where = self.state.where.get(parcel)
        its = None if where is None else self.state.open.get(where)
        if where is None or not where or (its is not None and parcel not in its.aboard):
            return None
        return where

    def sorted_us(self, parcel: str) -> int:
        """When a parcel was sorted, where that is remembered; else 0."""
        if parcel in self.state.waiting:
            return self.state.waiting[parcel].at_us
        for its in self.state.open.values():
            one = its.aboard.get(parcel) or its.wrong.get(parcel)
            if one is not None:
                return one.sorted_us
        return 0

    def open_problems(self, load: Load) -> list[str]:
        """Why a load cannot be opened; empty = it can."""
        problems = []
        if load.id in self.state.open or load.id in self.state.closed:
            problems.append(f"load {load.id}: there is or was one with this id, give another")
        other = self.at_dock(load.dock)
        if other is not None:
            problems.append(f"dock {load.dock}: load {other.load.id} is open there, close it first")
        return problems

    def check(self, its: OpenLoad) -> LoadCheck:
        """How complete a load is."""
        load = its.load
        expected: set[str] = set(load.parcels) - self.state.cancelled.keys()
        later = 0
        if not load.parcels:
            for parcel, one in self.state.waiting.items():
                if load.takes(parcel, one.carrier, one.service):
                    if load.cutoff_us and one.at_us > load.cutoff_us:
                        later += 1
                    else:
                        expected.add(parcel)
        undetermined = sorted(its.undetermined)
        missing = sorted(expected - its.aboard.keys() - its.undetermined.keys())
        return LoadCheck(
            load,
            its.at_us,
            its.by,
            tuple(its.aboard.values()),
            tuple(its.wrong.values()),
            tuple(missing),
            tuple(undetermined),
            later,
        )


def _bound(kept: dict[str, object] | dict[str, Waiting] | dict[str, str] | dict[str, None], most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]
