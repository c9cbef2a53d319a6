"""How far orders and fulfilments are, what moves them, and where each unit of an order is.

Public names: Fulfilment, Portion, FulfilmentState, OrderTurn, FulfilmentTurn, ORDER_ARROWS, FULFILMENT_ARROWS, turned,
moved, Scope, Place, Located, places, Progress, progress, told, line_state, STARTED.

Sales orders and fulfilments are m:n: a portion says how many units of which line of which order are in one. Every
quantity but a line's two is added up from portions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from edge.core.values.order import OrderState
from edge.orders.sales import OrderStage, SalesOrder


class OrderTurn(StrEnum):
    """What happens to an order."""

    PASSED = "passed"  # no finding holds it that nobody waived
    STOPPED = "stopped"  # a finding holds it, or a person
    AMENDED = "amended"  # what must be judged anew
    PAID = "paid"
    MERGED = "merged"
    PARTED = "parted"  # it ships by itself again
    EMPTIED = "emptied"  # nothing of it is wanted, some of it not seen yet
    FREED = "freed"  # nothing of it is wanted, and nothing unseen
    LEFT = "left"  # what was cancelled departed all the same
    DONE = "done"  # all delivered or settled, and the time for returns is over


ORDER_ARROWS: dict[tuple[OrderStage, OrderTurn], OrderStage] = {
    (OrderStage.REVIEW, OrderTurn.PASSED): OrderStage.ACCEPTED,
    (OrderStage.REVIEW, OrderTurn.STOPPED): OrderStage.HELD,
    (OrderStage.REVIEW, OrderTurn.FREED): OrderStage.CANCELLED,
    (OrderStage.REVIEW, OrderTurn.EMPTIED): OrderStage.CANCELLING,
    (OrderStage.HELD, OrderTurn.PASSED): OrderStage.ACCEPTED,
    (OrderStage.HELD, OrderTurn.AMENDED): OrderStage.REVIEW,
    (OrderStage.HELD, OrderTurn.PAID): OrderStage.REVIEW,
    (OrderStage.HELD, OrderTurn.FREED): OrderStage.CANCELLED,
    (OrderStage.HELD, OrderTurn.EMPTIED): OrderStage.CANCELLING,
    (OrderStage.ACCEPTED, OrderTurn.STOPPED): OrderStage.HELD,
    (OrderStage.ACCEPTED, OrderTurn.AMENDED): OrderStage.REVIEW,
    (OrderStage.ACCEPTED, OrderTurn.MERGED): OrderStage.MERGED,
    (OrderStage.ACCEPTED, OrderTurn.FREED): OrderStage.CANCELLED,
    (OrderStage.ACCEPTED, OrderTurn.EMPTIED): OrderStage.CANCELLING,
    (OrderStage.ACCEPTED, OrderTurn.DONE): OrderStage.CLOSED,
    (OrderStage.MERGED, OrderTurn.PARTED): OrderStage.ACCEPTED,
    (OrderStage.MERGED, OrderTurn.FREED): OrderStage.CANCELLED,
    (OrderStage.MERGED, OrderTurn.EMPTIED): OrderStage.CANCELLING,
    (OrderStage.MERGED, OrderTurn.DONE): OrderStage.CLOSED,
    (OrderStage.CANCELLING, OrderTurn.FREED): OrderStage.CANCELLED,
    (OrderStage.CANCELLING, OrderTurn.LEFT): OrderStage.ACCEPTED,
}
"""What moves an order, and where to; whatever else happens leaves it where it is."""


class FulfilmentState(StrEnum):
    """Where the goods of a fulfilment are."""

    PLANNED = "planned"  # promised by the book, in their bins
    RELEASED = "released"  # to be picked, or some of it picked
    SHORT = "short"  # picking ended without all of it
    PICKED = "picked"  # in a tote
    REFUSED = "refused"  # the portal found something else in the tote
    VERIFIED = "verified"
    PACKED = "packed"
    SORTED = "sorted"  # in the carrier's lane or at its door
    LOADED = "loaded"  # aboard, the load is open
    DEPARTED = "departed"
    CANCELLING = "cancelling"  # goods in it are to be put back, and were not seen yet
    CANCELLED = "cancelled"


class FulfilmentTurn(StrEnum):
    """What happens to a fulfilment: the first by plan, then what the floor says, then what wishes and sightings do."""

    RELEASED = "released"
    WITHDRAWN = "withdrawn"  # its wave was cancelled before anything was picked
    SHORT = "short"
    PICKED = "picked"
    REFUSED = "refused"
    VERIFIED = "verified"
    PACKED = "packed"
    SORTED = "sorted"
    LOADED = "loaded"
    UNLOADED = "unloaded"
    DEPARTED = "departed"
    RELABELLED = "relabelled"  # its parcel gets another label
    REDUCED = "reduced"  # a part of what is in it is not to be shipped
    STOPPED = "stopped"  # nothing in it is to be shipped
    EMPTIED = "emptied"  # nothing is in it
    RESTORED = "restored"  # what was to be put back is out, and the rest is shipped


_S, _T = FulfilmentState, FulfilmentTurn
_WAY = (_S.RELEASED, _S.PICKED, _S.VERIFIED, _S.PACKED, _S.SORTED, _S.LOADED, _S.DEPARTED)
STARTED = frozenset(_WAY) - {_S.DEPARTED} | {_S.SHORT, _S.REFUSED, _S.CANCELLING}
"""The floor knows of it, and it has not left."""
_IN_TOTE = (_S.RELEASED, _S.SHORT, _S.PICKED, _S.REFUSED, _S.VERIFIED)
_IN_PARCEL = (_S.PACKED, _S.SORTED, _S.LOADED)

FULFILMENT_ARROWS: dict[tuple[FulfilmentState, FulfilmentTurn], FulfilmentState] = {
    (_S.PLANNED, _T.RELEASED): _S.RELEASED,
    (_S.RELEASED, _T.WITHDRAWN): _S.PLANNED,
    (_S.RELEASED, _T.SHORT): _S.SHORT,
    **{
        (here, _T(there)): there
        for here in (*_WAY, _S.SHORT, _S.REFUSED)
        for there in _WAY[1:]
        if here not in _WAY or _WAY.index(there) > _WAY.index(here)
    },
    **{(here, _T.REFUSED): _S.REFUSED for here in _IN_TOTE if here is not _S.REFUSED},
    (_S.LOADED, _T.UNLOADED): _S.SORTED,
    **{(here, _T.RELABELLED): _S.VERIFIED for here in _IN_PARCEL},
    (_S.VERIFIED, _T.REDUCED): _S.PICKED,
    **{(here, _T.REDUCED): _S.CANCELLING for here in _IN_PARCEL},
    **{(here, _T.STOPPED): _S.CANCELLING for here in (*_IN_TOTE, *_IN_PARCEL)},
    (_S.CANCELLING, _T.RESTORED): _S.PICKED,
    (_S.CANCELLING, _T.DEPARTED): _S.DEPARTED,
    **{(here, _T.EMPTIED): _S.CANCELLED for here in (_S.PLANNED, *_IN_TOTE[:-1], _S.CANCELLING)},
}
"""What moves a fulfilment, and where to. A floor comes late, so its events may skip what was not told; whatever else
happens leaves it where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Units of one line of one order in one fulfilment.

    ``quantity``: to be shipped in it, or shipped; ``picked`` of them are in its tote or parcel. ``putting_back``:
    others in there, which were cancelled and nobody has seen since.
    """

    order: str
    line: int
    quantity: int
    picked: int = 0
    putting_back: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfilment:
    """What goes into one tote and one parcel; the line knows it as an `edge.core.values.order.Order`."""

    id: str
    portions: tuple[Portion, ...]
    state: FulfilmentState = FulfilmentState.PLANNED

    @property
    def quantity(self) -> int:
        """Units to be shipped in it."""
        return sum(portion.quantity for portion in self.portions)

    @property
    def putting_back(self) -> int:
        """Units in it that were cancelled."""
        return sum(portion.putting_back for portion in self.portions)

    def holds(self, order: str) -> bool:
        """Whether units of an order are in it, or shall be."""
        return any(one.order == order and (one.quantity or one.putting_back) for one in self.portions)


@dataclass(frozen=True, slots=True)
class Scope:
    """All that a wish or a report may touch: orders, those merged with them, and every fulfilment of any of them."""

    orders: Mapping[str, SalesOrder] = field(default_factory=dict)
    fulfilments: Mapping[str, Fulfilment] = field(default_factory=dict)

    def of(self, order: str) -> list[Fulfilment]:
        """The fulfilments that hold units of an order, by their ids."""
        return [one for _, one in sorted(self.fulfilments.items()) if one.holds(order)]

    def portions(self, order: str, line: int) -> Iterator[tuple[Fulfilment, Portion]]:
        """Where the units of a line are that are not open."""
        for fulfilment in self.of(order):
            for portion in fulfilment.portions:
                if (portion.order, portion.line) == (order, line):
                    yield fulfilment, portion

    def open(self, order: str, line: int) -> int:
        """Units of a line that are wanted and in no fulfilment."""
        wanted = next(one.wanted for one in self.orders[order].lines if one.number == line)
        return wanted - sum(portion.quantity for _, portion in self.portions(order, line))

    def shipped(self, order: str, line: int | None = None) -> int:
        """Units of an order, or of one of its lines, that departed."""
        return sum(
            one.quantity
            for fulfilment in self.of(order)
            if fulfilment.state is FulfilmentState.DEPARTED
            for one in fulfilment.portions
            if one.order == order and line in (None, one.line)
        )


class Place(StrEnum):
    """Where a unit of an order is."""

    OPEN = "open"  # in stock, or to come; in no fulfilment
    WAITING = "waiting"  # in its bin, for a fulfilment
    TAKEN = "taken"  # in a fulfilment's tote or parcel
    PUTTING_BACK = "putting-back"  # in there too, and cancelled
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Located:
    """``quantity`` units of a line are in one place; ``fulfilment``: in which, and its ``state``."""

    line: int
    place: Place
    quantity: int
    fulfilment: str = ""
    state: FulfilmentState | None = None


def places(scope: Scope, order: str) -> list[Located]:
    """Where each unit of an order is: the quantities of a line add up to its own."""
    found: list[Located] = []
    for line in scope.orders[order].lines:
        unseen = 0
        for fulfilment, one in scope.portions(order, line.number):
            unseen += one.putting_back
            where = fulfilment.id, fulfilment.state
            if fulfilment.state is FulfilmentState.DEPARTED:
                found.append(Located(line.number, Place.SHIPPED, one.quantity, *where))
                continue
            found.append(Located(line.number, Place.WAITING, one.quantity - one.picked, *where))
            found.append(Located(line.number, Place.TAKEN, one.picked, *where))
            found.append(Located(line.number, Place.PUTTING_BACK, one.putting_back, *where))
        found.append(Located(line.number, Place.OPEN, scope.open(order, line.number)))
        found.append(Located(line.number, Place.CANCELLED, line.cancelled - unseen))
    return [one for one in found if one.quantity]


class Progress(StrEnum):
    """How much of an order is shipped."""

    UNFULFILLED = "unfulfilled"
    PARTLY = "partly"
    SHIPPED = "shipped"


def progress(scope: Scope, order: str) -> Progress:
    """By quantities, never by the first parcel; of an order of which nothing is wanted: unfulfilled."""
    wanted, shipped = sum(line.wanted for line in scope.orders[order].lines), scope.shipped(order)
    if not shipped:
        return Progress.UNFULFILLED
    return Progress.SHIPPED if shipped >= wanted else Progress.PARTLY


def told(scope: Scope, order: str, *, takes_parts: bool) -> tuple[str, ...]:
    """The fulfilments whose shipping the channel may be told now; one that knows no parts: when all is shipped."""
    if not takes_parts and progress(scope, order) is not Progress.SHIPPED:
        return ()
    return tuple(one.id for one in scope.of(order) if one.state is FulfilmentState.DEPARTED)


def turned(order: SalesOrder, turn: OrderTurn) -> SalesOrder:
    """The order where the arrows lead."""
    return replace(order, stage=ORDER_ARROWS.get((order.stage, turn), order.stage))


def moved(fulfilment: Fulfilment, turn: FulfilmentTurn) -> Fulfilment:
    """The fulfilment where the arrows lead."""
    return replace(fulfilment, state=FULFILMENT_ARROWS.get((fulfilment.state, turn), fulfilment.state))


def line_state(state: FulfilmentState) -> OrderState:
    """What the line is told of a fulfilment. It hears of none before it is released; one that was withdrawn is none."""
    match state:
        case FulfilmentState.SORTED | FulfilmentState.LOADED | FulfilmentState.DEPARTED:
            return OrderState.SHIPPED
        case FulfilmentState.PLANNED | FulfilmentState.CANCELLING | FulfilmentState.CANCELLED:
            return OrderState.CANCELLED
        case _:
            return OrderState.OPEN
