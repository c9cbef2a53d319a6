"""An item seen leaving that the book has elsewhere: what is put right, by its tag, and what is listed.

Public names: TaggedItem, Mismatch, Correction, seen_leaving.

The ledger ships what left, from where it really was: the reservation moves to the item's own bin and lot, and where all
of that was another order's, that order gets what was left behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from edge.orders.reservations import Reservation, ReservationEvent, ReservationState, giving_way
from edge.orders.stock import BinKey, BinStock, Movement, MovementKind, StockCause, StockCondition


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedItem:
    """A tagged unit as booked. ``at``: None = in no bin. ``order``: that has it in an open parcel, empty = none."""

    epc: str
    sku: str
    at: BinKey | None = None
    order: str = ""
    since_us: int = 0


class Mismatch(StrEnum):
    """How the book and the floor differ."""

    OTHER_BIN = "other-bin"
    OTHER_LOT = "other-lot"
    NOT_SELLABLE = "not-sellable"  # it was never released for sale
    NOT_ON_HAND = "not-on-hand"  # the book had nothing left there
    LOT_REFUSED = "lot-refused"  # must not leave: the lot is not allowed here
    OTHER_ORDER = "other-order"  # must not leave: another order's open parcel has it


@dataclass(frozen=True, slots=True)
class Correction:
    """``steps``: of one unit each, and where it goes; ``movements``: before the item is shipped. Refused = neither."""

    epc: str
    finding: Mismatch
    steps: tuple[tuple[Reservation, ReservationEvent, BinKey | None], ...] = ()
    movements: tuple[Movement, ...] = ()


def seen_leaving(
    item: TaggedItem,
    under: Reservation,
    there: BinStock | None,
    others: Iterable[Reservation],
    cause: StockCause,
    at_us: int,
    lot_allowed: bool = True,
) -> Correction | None:
    """None = it is where the book has it, or the book does not know where.

    ``there``: the sellable row of the item's own bin; ``others``: reservations at it. ``lot_allowed``: the item's lot
    may go to this order, by its life and its mixing.
    """
    if item.order and item.order != under.order:
        return Correction(item.epc, Mismatch.OTHER_ORDER)
    if item.at is None or under.at is None or item.at == under.at:
        return None
    if item.at.lot != under.at.lot and not lot_allowed:
        return Correction(item.epc, Mismatch.LOT_REFUSED)
    real = replace(item.at, condition=StockCondition.SELLABLE)
    finding = Mismatch.OTHER_BIN if real.lot == under.at.lot else Mismatch.OTHER_LOT
    steps: list[tuple[Reservation, ReservationEvent, BinKey | None]] = []
    source: BinKey | None = None
    corrected = True
    if item.at != real:
        finding, source = Mismatch.NOT_SELLABLE, item.at
    elif there is not None and there.free > 0:
        corrected = False
    elif hard := giving_way((one for one in others if one.at == real and one.state is ReservationState.HARD), 1):
        corrected = False
        other = hard[0][0]
        steps.append(
            (other, ReservationEvent.MOVED, under.at)
            if under.at.lot == real.lot
            else (other, ReservationEvent.WITHDRAWN, None)
        )
    else:
        finding = Mismatch.NOT_ON_HAND
    steps.append((under, ReservationEvent.MOVED, real))
    made = Movement(
        cause=cause,
        kind=MovementKind.CORRECTION,
        quantity=1,
        at_us=at_us,
        source=source,
        target=real,
        epc=item.epc,
        why=finding,
    )
    return Correction(item.epc, finding, tuple(steps), (made,) if corrected else ())
