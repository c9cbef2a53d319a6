"""Which items left with which line of an order, and which of them are back, within a transaction.

Public names: sold_units, tags_of, left_of, came_of, delivered_us,
departed_us.

What the portal saw in a verified tote is what left in its parcel. Where several lines of a parcel are of one article,
their units are told apart by the order of lines and of tags, always the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import sqlalchemy as sa

from edge.core.events import OrderShipped, ToteChecked
from edge.core.values.order import OrderState
from edge.journal.record import Record
from edge.orders.cases import CaseState
from edge.orders.returns import Disposition, SoldUnit, UnitFinding
from edge.orders.stages import FulfilmentState
from edge.site import dialect, sales, tables
from edge.site.tables import cases as cases_of
from edge.site.tables import sales as sales_tables
from edge.site.tables import stations, tracking
from edge.site.tables import stock as stock_tables
from rfid.epc.identity import gtin_of

_LEFT = (FulfilmentState.SORTED, FulfilmentState.LOADED, FulfilmentState.DEPARTED)
_ANNOUNCED = (CaseState.OPEN, CaseState.PERSON, CaseState.AUTHORISED, CaseState.WAITING, CaseState.RECEIVED,
              CaseState.INSPECTED)  # fmt: skip


def sold_units(db: sa.Connection, epcs: Collection[str]) -> dict[str, SoldUnit]:
    """Whose items are that left and are not back, by EPC."""
    named = sa.select(tables.order_items.c.order_id).where(dialect.among(db, tables.order_items.c.epc, epcs))
    fulfilments = {*db.execute(named).scalars()}
    fulfilments |= {one.order for one in _checked(db, epcs) if set(one.matched) & set(epcs)}
    pack, packed = stations.packs.c, stations.pack_items.c
    bound = sa.select(pack.fulfilment).join(stations.pack_items, packed.sscc == pack.sscc)
    fulfilments |= set(db.execute(bound.where(dialect.among(db, packed.epc, epcs))).scalars())
    sold = {epc: one for epc, one in _sold_with(db, fulfilments).items() if epc in epcs}
    its = cases_of.units.c
    back = sa.select(its.epc, its.fulfilment).where(
        dialect.among(db, its.epc, sold), its.disposition != str(Disposition.BACK)
    )
    here = {(epc, fulfilment) for epc, fulfilment in db.execute(back)}
    return {epc: one for epc, one in sold.items() if (epc, one.fulfilment) not in here}


def tags_of(db: sa.Connection, order: str) -> dict[int, frozenset[str]]:
    """The items that left with an order, by line; a line of which nobody knows any is left out."""
    fulfilments = {one.fulfilment for one in sales.linked(db, orders=[order])}
    found: dict[int, set[str]] = {}
    for epc, one in _sold_with(db, fulfilments).items():
        if one.order == order:
            found.setdefault(one.line, set()).add(epc)
    return {line: frozenset(epcs) for line, epcs in found.items()}


def left_of(db: sa.Connection, order: str, besides: int = 0) -> dict[int, int]:
    """Units by line that left, did not come back, and are not announced by any case but ``besides``."""
    link, state = sales_tables.fulfilments.c, sales_tables.fulfilment_states.c
    query = (
        sa.select(link.number, sa.func.sum(link.quantity))
        .join(sales_tables.fulfilment_states, state.fulfilment_id == link.fulfilment_id)
        .where(link.sales_id == order, state.state.in_([str(one) for one in _LEFT]))
        .group_by(link.number)
    )
    left = Counter({int(line): int(units) for line, units in db.execute(query)})
    left -= came_of(db, order)
    its, case = cases_of.lines.c, cases_of.cases.c
    announced = (
        sa.select(its.case, its.line, its.units)
        .join(cases_of.cases, case.id == its.case)
        .where(its.order_id == order, case.state.in_([str(one) for one in _ANNOUNCED]), case.id != besides)
    )
    for number, line, units in db.execute(announced):
        left[line] -= max(0, units - came_of(db, order, number)[line])
    return {line: max(0, units) for line, units in left.items()}


def came_of(db: sa.Connection, order: str, case: int = 0) -> Counter[int]:
    """Right units by line that are here, of all cases or of one; those that went to the customer again are not."""
    its = cases_of.units.c
    which = sa.and_(
        its.order_id == order, its.finding == str(UnitFinding.RIGHT), its.disposition != str(Disposition.BACK)
    )
    query = sa.select(its.line, sa.func.sum(its.units)).where(which).group_by(its.line)
    return Counter({int(line): int(n) for line, n in db.execute(query.where(its.case == case) if case else query)})


def delivered_us(db: sa.Connection, order: str) -> int:
    """When the last parcel of an order was delivered, as its carrier says; 0 = one of them is not, or nobody says."""
    its, track = tracking.states.c, tracking.tracks.c
    query = sa.select(its.delivered_us).join(tracking.tracks, track.sscc == its.sscc).where(track.sales_id == order)
    known = list(db.execute(query).scalars())
    return int(max(known)) if known and all(known) else 0


def departed_us(db: sa.Connection, fulfilments: Iterable[str]) -> int:
    """When the last of some fulfilments was sorted for its carrier; 0 = none was, or nobody knows it any more."""
    told = _told(db, fulfilments, (OrderShipped.__name__,))
    return max((record.at_us for record in told), default=0)


def _sold_with(db: sa.Connection, fulfilments: Collection[str]) -> dict[str, SoldUnit]:
    """The items in parcels that left, by the last one of each."""
    known = tables.orders.c
    query = sa.select(known.id).where(dialect.among(db, known.id, fulfilments), known.state == str(OrderState.SHIPPED))
    left = set(db.execute(query).scalars())
    if not left:
        return {}
    inside: dict[str, tuple[int, tuple[str, ...]]] = {}
    its = tables.order_items.c
    for epc, name in db.execute(sa.select(its.epc, its.order_id).where(dialect.among(db, its.order_id, left))):
        inside[name] = 1, (*inside.get(name, (0, ()))[1], epc)
    for one in _checked(db, left):
        if one.order in left:
            inside[one.order] = one.at_us, one.matched
    inside |= _packed(db, left)
    links = sales.linked(db, fulfilments=left)
    gtins = _gtins(db, {one.order for one in links})
    found: dict[str, SoldUnit] = {}
    for name, (at_us, epcs) in sorted(inside.items(), key=lambda one: one[1][0]):
        mine = [one for one in links if one.fulfilment == name]
        room = {(one.order, one.number): one.quantity for one in mine}
        for epc in sorted(epcs):
            gtin = gtin_of(epc)
            for key in room:
                if room[key] and gtin in gtins.get(key, ()):
                    room[key] -= 1
                    found[epc] = SoldUnit(*key, name, at_us)
                    break
    return found


def _packed(db: sa.Connection, fulfilments: Collection[str]) -> dict[str, tuple[int, tuple[str, ...]]]:
    """What packing stations bound to parcels, which is the last word of what is in them."""
    pack, its = stations.packs.c, stations.pack_items.c
    query = (
        sa.select(pack.fulfilment, pack.at_us, its.epc)
        .join(stations.pack_items, its.sscc == pack.sscc)
        .where(dialect.among(db, pack.fulfilment, fulfilments), its.epc != "")
        .order_by(pack.at_us, its.seq)
    )
    found: dict[str, tuple[int, tuple[str, ...]]] = {}
    for name, at_us, epc in db.execute(query):
        before = found.get(name, (at_us, ()))
        found[name] = at_us, (*(before[1] if before[0] == at_us else ()), epc)
    return found


def _checked(db: sa.Connection, names: Iterable[str]) -> list[ToteChecked]:
    """The verified checks of totes that name some items or orders, by time."""
    values = [record.value for record in _told(db, names, (ToteChecked.__name__,))]
    found = [one for one in values if isinstance(one, ToteChecked) and one.verified and one.final]
    return sorted(found, key=lambda one: one.at_us)


def _told(db: sa.Connection, names: Iterable[str], kinds: tuple[str, ...]) -> list[Record]:
    its, ref = tables.mirror.c, tables.mirror_refs.c
    query = (
        sa.select(its.seq, its.at_us, its.line, its.kind, its.body)
        .join(tables.mirror_refs, sa.and_(ref.node == its.node, ref.seq == its.seq))
        .where(dialect.among(db, ref.ref, names), its.kind.in_(kinds))
        .distinct()
    )
    return [Record(*row) for row in db.execute(query)]


def _gtins(db: sa.Connection, orders: Iterable[str]) -> Mapping[tuple[str, int], frozenset[str]]:
    """The articles of lines: as the order says, and as the catalogue does."""
    line, gtin = sales_tables.lines.c, stock_tables.gtins.c
    query = (
        sa.select(line.order_id, line.number, line.gtin, gtin.gtin)
        .join(stock_tables.gtins, sa.and_(gtin.sku == line.sku, gtin.units == 1), isouter=True)
        .where(dialect.among(db, line.order_id, orders))
    )
    found: dict[tuple[str, int], frozenset[str]] = {}
    for order, number, own, known in db.execute(query):
        found[order, number] = found.get((order, number), frozenset()) | frozenset(filter(None, (own, known)))
    return found
