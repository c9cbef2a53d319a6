"""Movements and counts in one transaction with what they mean for rounds.

Public names: recorded, counted_at, moved_within.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.orders.reservations import ReservationEvent
from edge.orders.stock import BinKey, Movement, StockCause
from edge.site import allocating, moving, outbox, rounds
from edge.site.outbox import OutboxTold

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


def recorded(at: StoreConnections, movements: Sequence[Movement], by: str, at_us: int) -> moving.Recorded:
    """`edge.site.moving.record` with what it means for rounds: who lost units gets others, where there are any."""
    with at.writing() as db:
        done = moving.record(db, movements, by)
        outbox.append(db, _mended(db, done.gave_way, at_us), at_us)
        return done


def moved_within(db: sa.Connection, movements: Sequence[Movement], by: str, at_us: int) -> list[OutboxTold]:
    """The same within somebody's transaction; what the outbox is to say at its end."""
    return _mended(db, moving.record(db, movements, by).gave_way, at_us)


def counted_at(
    at: StoreConnections, key: BinKey, seen: int, cause: StockCause, by: str, why: str, at_us: int
) -> moving.Recorded:
    """`edge.site.moving.count` with what it means for rounds."""
    with at.writing() as db:
        done = moving.count(db, key, seen, cause, at_us, by, why)
        outbox.append(db, _mended(db, done.gave_way, at_us), at_us)
        return done


def _mended(db: sa.Connection, gave_way: Sequence[moving.GaveWay], at_us: int) -> list[OutboxTold]:
    fewer: Counter[tuple[str, BinKey]] = Counter()
    told = []
    for one in gave_way:
        its = one.held.its
        if its.at and one.event is ReservationEvent.WITHDRAWN and one.held.fulfilment:
            fewer[one.held.fulfilment, its.at] += one.quantity
        if one.event is ReservationEvent.UNSTOCKED:
            body: dict[str, str | int | list[str]] = {"line": its.line, "sku": its.sku, "units": one.quantity}
            told.append(OutboxTold("order.unstocked.v1", its.order, body))
            if one.held.fulfilment:
                rounds.end_members(db, {one.held.fulfilment: "short"}, at_us)
    rounds.fewer_lines(db, fewer, at_us)
    allocating.rounds_again(db, sorted({name for name, _ in fewer}), at_us)
    return told
