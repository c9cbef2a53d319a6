"""Dock doors by hand: a core that has nothing else, three sorted parcels, and what is asked and seen at the doors.

Public names: PREFIX, S, Doors, label, order_of.
"""

from __future__ import annotations

from itertools import count

from journals import assert_replays
from pure_dock import START_US, made_up_docks

from edge.core.alarms.rules import RULES
from edge.core.core import Core
from edge.core.events import (
    Command,
    DockChanged,
    DockReason,
    DoorSeen,
    Event,
    Input,
    Journaled,
    LoadRequested,
    OrderChanged,
    ParcelGated,
    SetOutput,
    SideEvidence,
    Started,
    TagsRead,
    Tick,
)
from edge.core.values.dock import Direction, DockLayout, Side
from edge.core.values.load import Load, LoadAction
from edge.core.values.order import Order, OrderLine, OrderState
from rfid.epc.identity import identify, sscc96

S = 1_000_000
PREFIX = "9521141"


def label(number: int) -> str:
    """The EPC on a parcel."""
    return sscc96(PREFIX, f"{number:010d}")


def order_of(
    number: int, carrier: str = "DHL", state: OrderState = OrderState.SHIPPED, service: str = "standard"
) -> Order:
    parcel = identify(label(number))
    return Order(
        id=f"A-{number}",
        carrier=carrier,
        service=service,
        lines=(OrderLine("09521141000006", 1),),
        parcel=parcel,
        state=state,
    )


class Doors:
    """A core with doors, given by hand. ``out``: results of the newest input."""

    def __init__(self, docks: tuple[DockLayout, ...] = made_up_docks()) -> None:
        self.core = Core((), docks=docks)
        self.journal: list[Journaled | Event] = []
        self.now_us = START_US
        self._seq = count(1)
        self.out = self.give(
            Started(at_us=self.now_us, controller="edge1", version="0", layouts=(), alarms=RULES, docks=docks)
        )
        for number, carrier in ((1, "DHL"), (2, "DHL"), (3, "UPS")):
            self.give(OrderChanged(self.now_us, next(self._seq), order_of(number, carrier)))

    def give(self, given: Input) -> list[object]:
        results = self.core.step(given)
        if not isinstance(given, Tick | TagsRead):
            self.journal.append(given)
        self.journal += [result for result in results if not isinstance(result, Command)]
        self.out = list(results)
        return self.out

    def ask(self, action: LoadAction, load_id: str = "L1", **what: object) -> list[object]:
        return self.give(
            LoadRequested(at_us=self.now_us, feed_seq=next(self._seq), action=action, load_id=load_id, by="Ann", **what)
        )  # type: ignore[arg-type]

    def open(self, load_id: str = "L1", dock: str = "door1", carrier: str = "DHL", **what: object) -> list[object]:
        return self.ask(LoadAction.OPEN, load_id, load=Load(id=load_id, dock=dock, carrier=carrier, **what))  # type: ignore[arg-type]

    def pass_door(self, number: int, direction: Direction, dock: str = "door1") -> ParcelGated | None:
        self.now_us += S
        evidence = (
            SideEvidence(
                dock=dock, side=Side.OUTSIDE, count=5, first_us=self.now_us - S, last_us=self.now_us, power=1e-6
            ),
        )
        self.give(
            DoorSeen(
                at_us=self.now_us,
                dock=dock,
                parcel=identify(label(number)),
                direction=direction,
                since_us=self.now_us - S,
                evidence=evidence,
            )
        )
        return next((value for value in self.out if isinstance(value, ParcelGated)), None)

    def tick(self, seconds: float) -> list[object]:
        self.now_us += int(seconds * S)
        return self.give(Tick(self.now_us))

    def outputs(self) -> list[tuple[str, int, bool]]:
        return [(one.device, one.port, one.on) for one in self.out if isinstance(one, SetOutput)]

    def changed(self) -> list[tuple[bool, bool, DockReason]]:
        return [(one.light, one.buzzer, one.reason) for one in self.out if isinstance(one, DockChanged)]

    def replays(self) -> None:
        assert_replays(self.journal)
