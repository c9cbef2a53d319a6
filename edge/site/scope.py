"""Orders with those merged with them and every fulfilment of any of them, within a transaction.

Public names: scope_of, save_fulfilments, names_of_fulfilments, locked, portions_of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from edge.orders.stages import Fulfilment, FulfilmentState, Portion, Scope
from edge.site import dialect, sales
from edge.site.tables import sales as tables

_PORTION = ("fulfilment_id", "sales_id", "number", "quantity", "picked", "putting_back")


def scope_of(db: sa.Connection, orders: Iterable[str] = (), fulfilments: Iterable[str] = ()) -> Scope:
    """All that a wish about some orders, or a report about some fulfilments, may touch.

    Whoever changes any of it has `Lock.SALES`.
    """
    names, parcels = set(orders), set(fulfilments)
    link, order = tables.fulfilments.c, tables.orders.c
    while True:
        before = len(names), len(parcels)
        which = sa.or_(dialect.among(db, link.sales_id, names), dialect.among(db, link.fulfilment_id, parcels))
        for sale, parcel in db.execute(sa.select(link.sales_id, link.fulfilment_id).where(which)):
            names.add(sale)
            parcels.add(parcel)
        its = sa.select(order.id, order.merged_into).where(order.merged_into != "")  # as its index has it
        for which in (dialect.among(db, order.id, names), dialect.among(db, order.merged_into, names)):
            for sale, into in db.execute(its.where(which)):
                names |= {sale, into}
        if (len(names), len(parcels)) == before:
            return Scope(sales.find(db, names), portions_of(db, parcels))


def locked(db: sa.Connection, fulfilment: str) -> Fulfilment | None:
    """A fulfilment, held until the transaction ends; None = no sales order's.

    Whoever changes what is picked of it alone may share `Lock.SALES` with others who do.
    """
    table = tables.fulfilment_states.c
    db.execute(sa.select(table.state).where(table.fulfilment_id == fulfilment).with_for_update())
    return portions_of(db, [fulfilment]).get(fulfilment)


def names_of_fulfilments(db: sa.Connection, orders: Iterable[str]) -> dict[str, dict[str, FulfilmentState]]:
    """The fulfilments of orders with their states, by order; orders without are left out."""
    link = tables.fulfilments.c
    query = sa.select(link.sales_id, link.fulfilment_id).where(dialect.among(db, link.sales_id, orders)).distinct()
    pairs = sorted((sale, parcel) for sale, parcel in db.execute(query))
    states = _states(db, {parcel for _, parcel in pairs})
    found: dict[str, dict[str, FulfilmentState]] = {}
    for sale, parcel in pairs:
        found.setdefault(sale, {})[parcel] = states.get(parcel, FulfilmentState.PLANNED)
    return found


def save_fulfilments(db: sa.Connection, fulfilments: Sequence[Fulfilment]) -> None:
    """Stores fulfilments, new ones or in the place of what they were; their orders' lines are stored already."""
    names = [one.id for one in fulfilments]
    for column in (tables.fulfilments.c.fulfilment_id, tables.fulfilment_states.c.fulfilment_id):
        db.execute(sa.delete(column.table).where(dialect.among(db, column, names)))
    rows = [
        (one.id, portion.order, portion.line, portion.quantity, portion.picked, portion.putting_back)
        for one in fulfilments
        for portion in one.portions
    ]
    dialect.bulk_insert(db, tables.fulfilments, _PORTION, rows)
    states = [(one.id, str(one.state)) for one in fulfilments]
    dialect.bulk_insert(db, tables.fulfilment_states, ("fulfilment_id", "state"), states)


def portions_of(db: sa.Connection, names: Iterable[str]) -> dict[str, Fulfilment]:
    """Fulfilments by their ids; those that there are."""
    wanted = sorted(names)
    link = tables.fulfilments.c
    query = sa.select(*(link[name] for name in _PORTION)).where(dialect.among(db, link.fulfilment_id, wanted))
    portions: dict[str, list[Portion]] = {}
    for row in db.execute(query.order_by(link.fulfilment_id, link.sales_id, link.number)):
        portion = Portion(
            order=row.sales_id, line=row.number, quantity=row.quantity, picked=row.picked, putting_back=row.putting_back
        )
        portions.setdefault(row.fulfilment_id, []).append(portion)
    states = _states(db, portions)
    return {
        name: Fulfilment(id=name, portions=tuple(its), state=states.get(name, FulfilmentState.PLANNED))
        for name, its in portions.items()
    }


def _states(db: sa.Connection, names: Iterable[str]) -> dict[str, FulfilmentState]:
    table = tables.fulfilment_states.c
    query = sa.select(table.fulfilment_id, table.state).where(dialect.among(db, table.fulfilment_id, names))
    return {name: FulfilmentState(state) for name, state in db.execute(query)}
