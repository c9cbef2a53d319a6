"""What of the stock an order has: promised, allocated in a bin, in a tote, on its way back. One table says all of it.

Public names: ReservationState, ReservationEvent, Reservation, STEPS, ReservationStep, reserved, stepped, departed,
giving_way, Displacement, displaced, borne.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from edge.orders.stock import (
    BinKey,
    BinStock,
    BookChange,
    Movement,
    MovementKind,
    Promise,
    StockCause,
    StockError,
    movement_change,
)


class ReservationState(StrEnum):
    """How firmly units are an order's."""

    SOFT = "soft"  # promised, wherever they lie
    HARD = "hard"  # allocated in a bin
    STAGED = "staged"  # picked, in a tote; on hand in their bin until they depart
    PUTTING_BACK = "putting-back"  # in a tote, and not to be shipped
    RELEASED = "released"
    CONSUMED = "consumed"


class ReservationEvent(StrEnum):
    """What happens to them."""

    ACCEPTED = "accepted"
    LAPSED = "lapsed"  # not paid in time
    DISPLACED = "displaced"  # an urgent order takes them
    UNSTOCKED = "unstocked"  # there are fewer than were promised
    ALLOCATED = "allocated"
    WITHDRAWN = "withdrawn"  # its wave goes without it
    MOVED = "moved"  # to another bin or lot
    SHORT = "short"
    PICKED = "picked"
    CANCELLED = "cancelled"
    PUT_BACK = "put-back"  # seen, by tag, scan or a person
    DEPARTED = "departed"
    LEFT_UNFOUND = "left-unfound"  # short, and gone out all the same: from no known bin


@dataclass(frozen=True, slots=True)
class ReservationStep:
    """What a step adds for each unit. ``moves``: what is allocated is then so at another place.

    ``suspect``: the bin is not offered until it is counted.
    """

    to: ReservationState
    promised: int = 0
    allocated: int = 0
    moves: bool = False
    suspect: bool = False


_S, _E, _To = ReservationState, ReservationEvent, ReservationStep
STEPS: dict[tuple[ReservationState | None, ReservationEvent], ReservationStep] = {
    (None, _E.ACCEPTED): _To(_S.SOFT, promised=1),
    (_S.SOFT, _E.LAPSED): _To(_S.RELEASED, promised=-1),
    (_S.SOFT, _E.CANCELLED): _To(_S.RELEASED, promised=-1),
    (_S.SOFT, _E.DISPLACED): _To(_S.RELEASED, promised=-1),
    (_S.SOFT, _E.UNSTOCKED): _To(_S.RELEASED, promised=-1),
    (_S.SOFT, _E.ALLOCATED): _To(_S.HARD, allocated=1),
    (_S.SOFT, _E.LEFT_UNFOUND): _To(_S.CONSUMED, promised=-1),
    (_S.HARD, _E.MOVED): _To(_S.HARD, moves=True),
    (_S.HARD, _E.WITHDRAWN): _To(_S.SOFT, allocated=-1),
    (_S.HARD, _E.SHORT): _To(_S.SOFT, allocated=-1, suspect=True),  # the promise stands until a count says otherwise
    (_S.HARD, _E.CANCELLED): _To(_S.RELEASED, promised=-1, allocated=-1),
    (_S.HARD, _E.PICKED): _To(_S.STAGED),
    (_S.HARD, _E.DEPARTED): _To(_S.CONSUMED, promised=-1, allocated=-1),  # nobody told that it was picked
    (_S.STAGED, _E.MOVED): _To(_S.STAGED, moves=True),
    (_S.STAGED, _E.SHORT): _To(_S.SOFT, allocated=-1),  # not in its tote, or not fit to be sold
    (_S.STAGED, _E.CANCELLED): _To(_S.PUTTING_BACK),
    (_S.STAGED, _E.DEPARTED): _To(_S.CONSUMED, promised=-1, allocated=-1),
    (_S.PUTTING_BACK, _E.MOVED): _To(_S.PUTTING_BACK, moves=True),
    (_S.PUTTING_BACK, _E.PUT_BACK): _To(_S.RELEASED, promised=-1, allocated=-1),
    (_S.PUTTING_BACK, _E.DEPARTED): _To(_S.CONSUMED, promised=-1, allocated=-1),  # it was aboard already
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Units of one line of an order. ``at``: where they are allocated, None = nowhere. ``until_us``: 0 = without end.

    ``rank``: the higher, the later the order; whoever is last gives way first.
    """

    order: str
    line: int
    sku: str
    quantity: int
    state: ReservationState = ReservationState.SOFT
    at: BinKey | None = None
    until_us: int = 0
    rank: int = 0


def reserved(reservations: Iterable[Reservation]) -> tuple[tuple[Reservation, ...], BookChange]:
    """All lines of an order, or of thousands, as one change: accepted together or not at all."""
    every = tuple(reservations)
    return every, BookChange.made((one.sku, 0, one.quantity) for one in every)


def stepped(
    one: Reservation, event: ReservationEvent, quantity: int | None = None, to: BinKey | None = None
) -> tuple[Reservation, Reservation | None, BookChange]:
    """What becomes of ``quantity`` units (None = all), what of the rest, and what it changes. ``to``: the new place.

    Raises:
        StockError: no such step from there, more units than it has, or a place that is missing, too many or of another
        SKU.
    """
    step = STEPS.get((one.state, event))
    n = one.quantity if quantity is None else quantity
    name = f"{one.order} line {one.line}: {one.state}"
    if step is None:
        raise StockError(f"{name} cannot be {event}")
    if not 0 < n <= one.quantity:
        raise StockError(f"{name}: {n} units are not within 1..{one.quantity}")
    placed = step.moves or event is ReservationEvent.ALLOCATED
    if (to is not None) is not placed or (to and to.sku != one.sku):
        raise StockError(f"{name}, {event}: not to {to}")
    bins: list[tuple[BinKey, int, int]] = []
    if to and step.moves:
        bins.append((to, 0, n))
    if (place := to if event is ReservationEvent.ALLOCATED else one.at) and (step.allocated or step.moves):
        bins.append((place, 0, -n if step.moves else n * step.allocated))
    at = to or (one.at if step.to in _PLACED else None)
    return (
        replace(one, quantity=n, state=step.to, at=at),
        replace(one, quantity=one.quantity - n) if n < one.quantity else None,
        BookChange.made([(one.sku, 0, n * step.promised)], bins),
    )


_PLACED = (_S.HARD, _S.STAGED, _S.PUTTING_BACK, _S.CONSUMED)


def departed(one: Reservation, cause: StockCause, at_us: int) -> tuple[Reservation, Movement, BookChange]:
    """What left the house: the reservation is consumed and the units are shipped, in one change.

    Raises:
        StockError: it could not have left.
    """
    gone, _, change = stepped(one, ReservationEvent.DEPARTED)
    movement = Movement(cause=cause, kind=MovementKind.SHIP, quantity=one.quantity, at_us=at_us, source=one.at)
    return gone, movement, change + movement_change(movement)


def giving_way(candidates: Iterable[Reservation], quantity: int) -> list[tuple[Reservation, int]]:
    """Who loses how many of ``quantity`` units, the last in rank first; fewer if they have no more."""
    taken: list[tuple[Reservation, int]] = []
    for one in sorted(
        candidates, key=lambda one: (one.rank, one.order, one.line, one.at is None, one.at), reverse=True
    ):
        if quantity <= 0:
            break
        taken.append((one, n := min(one.quantity, quantity)))
        quantity -= n
    return taken


@dataclass(frozen=True, slots=True)
class Displacement:
    """An order that an urgent one took units from."""

    urgent: str
    order: str
    line: int
    sku: str
    quantity: int


def displaced(
    urgent: Reservation, free: int, soft: Iterable[Reservation]
) -> tuple[tuple[tuple[Reservation, int], ...], tuple[Displacement, ...], int]:
    """What an urgent line takes beyond what is free: soft stock of orders later than it, never what is allocated.

    Returns who loses how many, the same as rows to be shown, and how many are missing even so.
    """
    wanted = max(0, urgent.quantity - free)
    later = (
        one
        for one in soft
        if one.sku == urgent.sku
        and one.state is ReservationState.SOFT
        and one.rank > urgent.rank
        and one.order != urgent.order
    )
    losers = tuple(giving_way(later, wanted))
    rows = tuple(Displacement(urgent.order, one.order, one.line, one.sku, n) for one, n in losers)
    return losers, rows, wanted - sum(n for _, n in losers)


def borne(
    change: BookChange,
    promises: Mapping[str, Promise],
    bins: Mapping[BinKey, BinStock],
    reservations: Iterable[Reservation],
) -> tuple[tuple[tuple[Reservation, ReservationEvent, int], ...], BookChange]:
    """Who must give way so that the books bear a loss, and both as one. ``reservations``: of all rows it touches.

    Units that are allocated where they are not go back to soft; what is promised and not there goes to nobody. What
    lies in totes is there.
    """
    live = list(reservations)
    steps: list[tuple[Reservation, ReservationEvent, int]] = []
    total = change

    def give(candidates: list[Reservation], event: ReservationEvent, missing: int) -> None:
        nonlocal total
        for one, n in giving_way(candidates, missing):
            now, rest, effect = stepped(one, event, n)
            live.remove(one)
            live.extend(one for one in (now, rest) if one)
            steps.append((one, event, n))
            total += effect

    for key, on_hand, allocated in change.bins:
        row = bins.get(key) or BinStock(key)
        here = [one for one in live if one.at == key and one.state is ReservationState.HARD]
        give(here, ReservationEvent.WITHDRAWN, row.allocated + allocated - row.on_hand - on_hand)
    for sku, sellable, promised in change.promises:
        known = promises.get(sku) or Promise(sku)
        soft = [one for one in live if one.sku == sku and one.state is ReservationState.SOFT]
        give(soft, ReservationEvent.UNSTOCKED, known.promised + promised - known.sellable - sellable)
    return tuple(steps), total
