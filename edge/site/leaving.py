"""What the journals tell of fulfilments that were released here: verified ones, and those that left the house.

Public names: ended_by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from edge.core.events import LoadClosed, OrderShipped, ToteChecked
from edge.orders.corrections import Mismatch, TaggedItem, seen_leaving
from edge.orders.reservations import Reservation, ReservationEvent, ReservationState, departed
from edge.orders.stock import BinKey, BinStock, BookChange, StockCause, StockCondition
from edge.site import books, dialect, moving, reserving, rounds
from edge.site.outbox import OutboxTold
from edge.site.tables import picks as tables
from edge.site.tables import sales as sales_tables
from edge.site.tables import stock as stock_tables

_SORTED = (ReservationState.HARD, ReservationState.STAGED)


@dataclass(slots=True)
class _Seen:
    checked: dict[str, ToteChecked] = field(default_factory=dict)
    shipped: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)


def ended_by(db: sa.Connection, told: Iterable[object]) -> list[OutboxTold]:
    """What the floor says of fulfilments that were released here: verified ones, and those that left.

    A verified tote's items are put right by their tags, and all of it is in the tote, whoever did not say so; a parcel
    in its carrier's lane takes its units out of the books, and its tote is free. What was cancelled in it comes back,
    unless it left with a load.
    """
    seen = _Seen()
    for one in told:
        match one:
            case ToteChecked(verified=True, order=order) if order:
                seen.checked[order] = one
            case OrderShipped(order=order):
                seen.shipped.setdefault(order, one.at_us)
            case LoadClosed(aboard=aboard, wrong=wrong):
                seen.left |= {parcel.order: one.at_us for parcel in (*aboard, *wrong) if parcel.order}
            case _:  # nothing of a fulfilment
                pass
    names = seen.checked.keys() | seen.shipped.keys() | seen.left.keys()
    if not names:
        return []
    table = stock_tables.reservations.c
    ours = dialect.among(db, table.fulfilment, names)
    books.lock_skus(db, db.execute(sa.select(table.sku).where(ours).distinct()).scalars())
    outcome: list[OutboxTold] = []
    for name, check in sorted(seen.checked.items()):
        outcome += _put_right(db, check)
        _in_tote(db, name, check.at_us)
        _from_nowhere(db, name)
        rounds.end_members(db, {name: "verified"}, check.at_us)
    for name, at_us in sorted(seen.shipped.items()):
        _depart(db, name, _SORTED, at_us)
        _from_nowhere(db, name)
    begun = _begun(db, seen.left)
    for name, at_us in sorted(seen.left.items()):
        if name not in begun:  # as nearly all of a load: it ended when it came into its lane
            continue
        _depart(db, name, (*_SORTED, ReservationState.PUTTING_BACK), at_us)
        _from_nowhere(db, name)
        done = tables.put_backs.update().where(tables.put_backs.c.fulfilment == name, tables.put_backs.c.done_us == 0)
        db.execute(done.values(done_us=at_us, by="departed"))
    return outcome


def _begun(db: sa.Connection, names: Iterable[str]) -> set[str]:
    """Those of some fulfilments of which stock, totes or waves still have something to end."""
    has, member, tote, back = stock_tables.reservations.c, tables.members.c, tables.totes.c, tables.put_backs.c
    item = stock_tables.items.c
    found = {
        name
        for name, _, _ in reserving.uncovered(db, dialect.among(db, sales_tables.fulfilments.c.fulfilment_id, names))
    }
    for column, open_ in (
        (has.fulfilment, has.state != str(ReservationState.CONSUMED)),
        (member.fulfilment, member.ended != "shipped"),
        (tote.fulfilment, sa.true()),
        (back.fulfilment, back.done_us == 0),
        (item.fulfilment, sa.true()),
    ):
        found |= set(db.execute(sa.select(column).where(dialect.among(db, column, names), open_)).scalars())
    return found


def _in_tote(db: sa.Connection, fulfilment: str, at_us: int) -> None:
    """All that is allocated to it is in its tote: nobody has to pick it any more."""
    table = stock_tables.reservations.c
    hard = sa.and_(table.fulfilment == fulfilment, table.state == str(ReservationState.HARD))
    picked: Counter[tuple[str, BinKey]] = Counter()
    for one in reserving.held(db, hard):
        assert one.its.at is not None, "it is in a bin"
        picked[fulfilment, one.its.at] += one.its.quantity
        books.apply(db, reserving.step(db, one, ReservationEvent.PICKED)[2])
    rounds.fewer_lines(db, picked, at_us)


def _from_nowhere(db: sa.Connection, fulfilment: str) -> None:
    """What was short or lost of it went out all the same, from no known bin: nothing is promised to it any more."""
    table, link, line = stock_tables.reservations.c, sales_tables.fulfilments.c, sales_tables.lines.c
    soft = sa.and_(table.fulfilment == fulfilment, table.state == str(ReservationState.SOFT))
    effects = [reserving.step(db, one, ReservationEvent.LEFT_UNFOUND)[2] for one in reserving.held(db, soft)]
    books.apply(db, BookChange.summed(effects))
    lost = reserving.uncovered(db, link.fulfilment_id == fulfilment)
    if not lost:
        return
    its = sa.select(line.order_id, line.number, line.sku).where(
        dialect.among(db, line.order_id, {order for _, order, _ in lost}),
        line.sku.in_(sa.select(stock_tables.skus.c.sku)),  # stock knows nothing of others
    )
    sku_of = {(order, number): sku for order, number, sku in db.execute(its)}
    gone = ReservationState.CONSUMED
    reserving.insert_reservations(
        db,
        (
            (Reservation(order=order, line=number, sku=sku_of[order, number], quantity=n, state=gone), fulfilment)
            for (_, order, number), n in sorted(lost.items())
            if (order, number) in sku_of
        ),
    )


def _put_right(db: sa.Connection, check: ToteChecked) -> list[OutboxTold]:
    items = stock_tables.items
    table = stock_tables.reservations.c
    told = []
    query = sa.select(items).where(dialect.among(db, items.c.epc, check.matched)).order_by(items.c.epc)
    for row in db.execute(query).all():
        where = None if row.bin is None else BinKey(row.bin, row.sku, row.lot, StockCondition(row.condition))
        mine = reserving.held(
            db,
            sa.and_(
                table.fulfilment == check.order,
                table.sku == row.sku,
                table.state.in_((str(ReservationState.HARD), str(ReservationState.STAGED))),
            ),
        )
        if not mine or where is None or any(one.its.at == where for one in mine):
            continue
        real = replace(where, condition=StockCondition.SELLABLE)
        others = [one for one in reserving.held(db, reserving.at_place(real)) if one.fulfilment != check.order]
        under = mine[0]
        found = seen_leaving(
            TaggedItem(epc=row.epc, sku=row.sku, at=where, order=row.fulfilment, since_us=row.since_us),
            replace(under.its, order=under.fulfilment),
            books.bin_rows(db, [row.sku]).get(real) or BinStock(real),
            [one.its for one in others],
            StockCause("portal", f"{check.line}#{check.passage}"[:150] + f"@{check.at_us}:{row.epc}"[-50:]),
            check.at_us,
        )
        if found is None:
            continue
        if found.finding not in (Mismatch.OTHER_ORDER, Mismatch.LOT_REFUSED):
            moving.record(db, found.movements)
            effects = []
            for its, event, to in found.steps:
                one = under if its.order == under.fulfilment and its.at == under.its.at else None
                one = one or next(other for other in others if other.its == its)
                effects.append(reserving.step(db, one, event, 1, to)[2])
            books.apply(db, BookChange.summed(effects))
        told.append(OutboxTold("stock.corrected.v1", row.epc, {"finding": str(found.finding), "order": check.order}))
    return told


def _depart(db: sa.Connection, fulfilment: str, states: Sequence[ReservationState], at_us: int) -> None:
    table = stock_tables.reservations.c
    going = [
        one for one in reserving.held(db, table.fulfilment == fulfilment) if one.its.state in states and one.its.at
    ]
    movements, effects = [], []
    unpicked: Counter[tuple[str, BinKey]] = Counter()
    for n, one in enumerate(going, moving.times_moved(db, "fulfilment", fulfilment) if going else 0):
        _, movement, change = departed(one.its, StockCause("fulfilment", fulfilment, n), at_us)
        reserving.step(db, one, ReservationEvent.DEPARTED)
        movements.append(movement)
        effects.append(change)
        if one.its.at and one.its.state is ReservationState.HARD:
            unpicked[fulfilment, one.its.at] += one.its.quantity
    books.apply(db, BookChange.summed(effects))
    moving.write_ledger(db, movements, "")
    rounds.fewer_lines(db, unpicked, at_us)
    db.execute(tables.totes.delete().where(tables.totes.c.fulfilment == fulfilment))
    items = stock_tables.items
    db.execute(items.update().where(items.c.fulfilment == fulfilment).values(bin=None, fulfilment="", since_us=at_us))
    rounds.end_members(db, {fulfilment: "shipped"}, at_us)
