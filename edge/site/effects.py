"""What wishes and reports mean for stock, waves, rounds, totes and labels, done in their transaction.

Public names: EffectsDone, settle, undraft, back_to_plan.

The moment table says what (`edge.orders.moments`); here books, pick lines, members of waves and put-backs follow. What
somebody outside must do goes to the outbox besides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from edge.orders.moments import (
    Effect,
    FreeReservation,
    PlanAgain,
    Relabel,
    Restock,
    TakeOut,
    Unplan,
    WithdrawPick,
)
from edge.orders.planning import Planning
from edge.orders.reservations import ReservationEvent, ReservationState
from edge.orders.sales import OrderStage
from edge.orders.stages import Fulfilment, FulfilmentState, FulfilmentTurn, moved
from edge.orders.stock import BinKey, BookChange, Movement, MovementKind, StockCause, StockCondition
from edge.site import books, dialect, moving, put_backs, reserving, rounds, totes
from edge.site.choosing import CarrierChosen, ParcelWanted, chosen_again
from edge.site.scope import portions_of, save_fulfilments
from edge.site.tables import picks as tables
from edge.site.tables import sales as sales_tables
from edge.site.tables import stock as stock_tables

_S, _E = ReservationState, ReservationEvent
_Units = Counter[tuple[str, str, int]]


@dataclass(slots=True)
class EffectsDone:
    """What the lines must hear besides. ``routes``: of fulfilments with another carrier; ``void``: whose label is void;
    ``waiting``: fulfilments that are planned again.
    """

    routes: dict[str, CarrierChosen] = field(default_factory=dict)
    void: set[str] = field(default_factory=set)
    waiting: dict[str, Fulfilment] = field(default_factory=dict)


def settle(
    db: sa.Connection,
    effects: Sequence[Effect],
    planning: Callable[[], Planning | None],
    at_us: int,
    seen_at: BinKey | None = None,
) -> EffectsDone:
    """Does what is the store's of some effects. ``planning``: gives None where no services are known.

    ``seen_at``: the place that units were seen at whose put-back the caller ends.
    """
    freed: Counter[tuple[str, int]] = Counter()
    unpicked, out = _Units(), _Units()
    unplanned: list[str] = []
    again: dict[str, None] = {}
    done = EffectsDone()
    restocks: list[Restock] = []
    for effect in effects:
        match effect:
            case FreeReservation(order, line, quantity):
                freed[order, line] += quantity
            case WithdrawPick(fulfilment, order, line, quantity):
                freed[order, line] -= quantity
                unpicked[fulfilment, order, line] += quantity
            case TakeOut(fulfilment, order, line, quantity):
                out[fulfilment, order, line] += quantity
            case Unplan(fulfilment):
                unplanned.append(fulfilment)
            case PlanAgain(fulfilment):
                again[fulfilment] = None
            case Relabel(fulfilment):
                again[fulfilment] = None
                done.void.add(fulfilment)
            case Restock():
                restocks.append(effect)
            case _:  # the outbox says it, or the caller
                pass
    table = stock_tables.reservations.c
    names = {name for name, _ in freed} | {one.order for one in restocks}
    parcels = {*unplanned, *again, *(name for name, _, _ in (*unpicked, *out))}
    ours = sa.or_(dialect.among(db, table.order_id, names), dialect.among(db, table.fulfilment, parcels))
    books.lock_skus(db, db.execute(sa.select(table.sku).where(ours).distinct()).scalars())
    _Taking(db, at_us).take(unpicked, out, +freed)
    back_to_plan(db, unplanned, at_us)
    for restock in restocks:
        _restock(db, restock, at_us, seen_at)
    by = planning() if again else None
    if by is not None:
        for name in again:
            _choose(db, name, by, done, at_us)
    return done


def undraft(db: sa.Connection, orders: Iterable[str]) -> None:
    """Drafts forget orders that were changed: the next plan has them as they are."""
    its = tables.members.c
    drafts = sa.select(tables.waves.c.id).where(tables.waves.c.released_us == 0)
    gone = sa.and_(dialect.among(db, its.sales_id, orders), its.wave.in_(drafts))
    db.execute(tables.members.delete().where(gone))


def back_to_plan(db: sa.Connection, fulfilments: Sequence[str], at_us: int) -> None:
    """Their bins are free, nobody picks for them, and they leave their waves and totes; what is promised to their
    orders stays promised. Nothing of them is picked.
    """
    if not fulfilments:
        return
    table, its = stock_tables.reservations.c, tables.members.c
    rows = reserving.held(
        db,
        sa.and_(dialect.among(db, table.fulfilment, fulfilments), table.state.in_((str(_S.SOFT), str(_S.HARD)))),
    )
    fewer: Counter[tuple[str, BinKey]] = Counter()
    effects: list[BookChange] = []
    soft: list[reserving.Held] = []
    for one in rows:
        now: reserving.Held | None = one
        if one.its.state is _S.HARD:
            assert one.its.at is not None, "it is in a bin"
            fewer[one.fulfilment, one.its.at] += one.its.quantity
            now, _, effect = reserving.step(db, one, _E.WITHDRAWN)
            effects.append(effect)
        assert now is not None, "it is soft"
        soft.append(now)
    books.apply(db, BookChange.summed(effects))
    reserving.set_soft(db, soft)
    rounds.fewer_lines(db, fewer, at_us)
    db.execute(tables.members.delete().where(dialect.among(db, its.fulfilment, fulfilments)))
    db.execute(tables.totes.delete().where(dialect.among(db, tables.totes.c.fulfilment, fulfilments)))


class _Taking:
    """Units that orders do not want any more leave reservations and pick lines, or are to be put back."""

    def __init__(self, db: sa.Connection, at_us: int) -> None:
        self._db, self._at_us = db, at_us
        self._effects: list[BookChange] = []
        self._fewer: Counter[tuple[str, BinKey]] = Counter()

    def take(self, unpicked: _Units, out: _Units, freed: Mapping[tuple[str, int], int]) -> None:
        """``unpicked``: of fulfilments, in their bins; ``out``: in their totes or parcels; ``freed``: of no fulfilment.

        Where nobody told of a release or a pick, units are taken from where they are.
        """
        for (name, order, line), n in sorted(unpicked.items()):
            left = self._free(self._rows(order, line, name, _S.SOFT, _S.HARD), n)
            self._free(self._rows(order, line, "", _S.SOFT), left)
        for (name, order, line), n in sorted(out.items()):
            left = self._put_back(self._rows(order, line, name, _S.STAGED, _S.HARD, _S.CONSUMED), n)
            self._free(self._rows(order, line, name, _S.SOFT), left)
        for (order, line), n in sorted(freed.items()):
            self._free(self._rows(order, line, "", _S.SOFT), n)
        books.apply(self._db, BookChange.summed(self._effects))
        rounds.fewer_lines(self._db, self._fewer, self._at_us)

    def _rows(self, order: str, line: int, fulfilment: str, *states: ReservationState) -> Iterator[reserving.Held]:
        """Reservations, those of the first state first."""
        table = stock_tables.reservations.c
        its = sa.and_(table.order_id == order, table.line == line, table.fulfilment == fulfilment)
        rows = reserving.held(self._db, sa.and_(its, table.state.in_([str(one) for one in states])))
        return iter(sorted(rows, key=lambda row: (states.index(row.its.state), row.seq)))

    def _free(self, rows: Iterable[reserving.Held], units: int) -> int:
        """How many there were not."""
        for one in rows:
            if (n := min(units, one.its.quantity)) <= 0:
                break
            units -= n
            self._effects.append(reserving.step(self._db, one, _E.CANCELLED, n)[2])
            if one.its.state is _S.HARD and one.its.at:
                self._fewer[one.fulfilment, one.its.at] += n
        return max(0, units)

    def _put_back(self, rows: Iterable[reserving.Held], units: int) -> int:
        for one in rows:
            if (n := min(units, one.its.quantity)) <= 0:
                break
            units -= n
            held: reserving.Held | None = one
            if one.its.state is _S.HARD and one.its.at:  # nobody told that it was picked
                held, _, effect = reserving.step(self._db, one, _E.PICKED, n)
                self._effects.append(effect)
                self._fewer[one.fulfilment, one.its.at] += n
            if held is not None and held.its.state is _S.STAGED:
                self._effects.append(reserving.step(self._db, held, _E.CANCELLED, n)[2])
            tote = totes.tote_of(self._db, one.fulfilment)
            if to := one.its.at or rounds.sought_at(self._db, one.fulfilment, one.its.sku):
                put_backs.add_put_back(self._db, one.fulfilment, tote, to, n, put_backs.CANCELLED, self._at_us)
        return max(0, units)


def _restock(db: sa.Connection, seen: Restock, at_us: int, seen_at: BinKey | None) -> None:
    """Units are out of tote or parcel. What had left the books comes in again, to be looked at; what nobody will see is
    written off.
    """
    table = stock_tables.reservations.c
    its = sa.and_(
        table.fulfilment == seen.fulfilment, table.order_id == seen.order, table.line == seen.line,
        table.state.in_((str(_S.PUTTING_BACK), str(_S.CONSUMED))),
    )  # fmt: skip
    left = seen.quantity
    movements: list[tuple[MovementKind, BinKey, int]] = []
    effects: list[BookChange] = []
    rows = reserving.held(db, its)
    for one in sorted(rows, key=lambda row: (row.its.state is _S.CONSUMED, row.its.at != seen_at, row.seq)):
        if (n := min(left, one.its.quantity)) <= 0:
            break
        left -= n
        to = one.its.at or rounds.sought_at(db, one.fulfilment, one.its.sku)
        if one.its.state is _S.PUTTING_BACK:
            effects.append(reserving.step(db, one, _E.PUT_BACK, n)[2])
            if not seen.seen and one.its.at:
                movements.append((MovementKind.SCRAP, one.its.at, n))
        else:
            reserving.take_off(db, one, n)
            if seen.seen and one.its.at:  # else it never left the books
                movements.append((MovementKind.RETURN_IN, replace(one.its.at, condition=StockCondition.INSPECTION), n))
        if seen_at is None and to:
            put_backs.close(db, seen.fulfilment, to, n, at_us)
    books.apply(db, BookChange.summed(effects))
    known = moving.times_moved(db, "put-back", seen.fulfilment)
    made = [
        Movement(
            cause=StockCause("put-back", seen.fulfilment, known + n),
            kind=kind,
            quantity=units,
            at_us=at_us,
            source=at if kind is MovementKind.SCRAP else None,
            target=None if kind is MovementKind.SCRAP else at,
            why="cancelled",
        )
        for n, (kind, at, units) in enumerate(movements)
    ]
    if made:
        moving.record(db, made)


def _choose(db: sa.Connection, fulfilment: str, by: Planning, done: EffectsDone, at_us: int) -> None:
    """Another carrier for a fulfilment, or none. One of which nothing is picked leaves its wave for that."""
    held = portions_of(db, [fulfilment]).get(fulfilment)
    wanted = None if held is None else _wanted(db, held)
    route = None if wanted is None else chosen_again(db, fulfilment, wanted, by)
    if held is None or route is None:
        return
    bare = held.state is FulfilmentState.RELEASED and not any(one.picked or one.putting_back for one in held.portions)
    if bare and not route.same:
        back_to_plan(db, [fulfilment], at_us)
        done.waiting[fulfilment] = moved(held, FulfilmentTurn.WITHDRAWN)
        save_fulfilments(db, [done.waiting[fulfilment]])
    elif not route.same:
        done.routes[fulfilment] = route


def _wanted(db: sa.Connection, held: Fulfilment) -> ParcelWanted | None:
    """What is shipped in it, for the order that leads."""
    order, line = sales_tables.orders.c, sales_tables.lines.c
    names = {one.order for one in held.portions if one.quantity}
    leads = sa.case((order.stage == str(OrderStage.MERGED), order.merged_into), else_=order.id)
    lead = db.execute(sa.select(leads).where(dialect.among(db, order.id, names)).order_by(leads).limit(1)).scalar()
    query = sa.select(line.order_id, line.number, line.sku).where(dialect.among(db, line.order_id, names))
    sku_of = {(name, number): sku for name, number, sku in db.execute(query)}
    units: Counter[str] = Counter()
    for one in held.portions:
        if one.quantity:
            units[sku_of[one.order, one.line]] += one.quantity
    return ParcelWanted(lead, units) if lead else None
