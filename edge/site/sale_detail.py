"""All that is known of one sales order now, within a transaction.

Public names: SaleDetail, UnknownSale, detail_of, parties_of.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from edge.orders.contact import ContactTask
from edge.orders.money import Amounts, amounts
from edge.orders.review import Weight
from edge.orders.sales import Consignee, OrderStage, SalesOrder
from edge.orders.stages import Fulfilment, Located, Progress, places, progress
from edge.orders.together import Party, Proposal, proposals
from edge.site import dialect, sales, tables
from edge.site.contacts import contact_of
from edge.site.sales import SaleFinding, SaleWaiver
from edge.site.scope import scope_of
from edge.site.unplanned import Unplanned, unplanned_of

_THERE = 200
"""So many orders of an address, the newest, may ship with one of them."""


class UnknownSale(LookupError):  # noqa: N818  # what it is
    """There is no sales order with this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleDetail:
    """All that is known of an order now. ``consignee``: None = purged, or not for the one who asks."""

    order: SalesOrder
    taken_us: int
    amounts: Amounts
    progress: Progress
    consignee: Consignee | None
    findings: tuple[SaleFinding, ...]
    open: tuple[SaleFinding, ...]
    waivers: tuple[SaleWaiver, ...]
    places: tuple[Located, ...]
    fulfilments: tuple[Fulfilment, ...]
    merged: tuple[str, ...]
    merges: tuple[Proposal, ...]
    contact: ContactTask | None
    refunded: int
    unplanned: tuple[Unplanned, ...] = ()


def detail_of(db: sa.Connection, name: str, apart: Collection[str]) -> SaleDetail:
    """All of an order. ``apart``: channels whose orders never ship with others. Raises UnknownSale."""
    scope = scope_of(db, [name])
    if name not in scope.orders:
        raise UnknownSale(name)
    order = scope.orders[name]
    findings = sales.findings_of(db, [name]).get(name, [])
    waivers = sales.waivers_of(db, [name]).get(name, [])
    known = {(one.code, one.where, one.value) for one in waivers}
    refunds = tables.sales.refunds.c
    refunded = db.execute(sa.select(sa.func.sum(refunds.amount)).where(refunds.order_id == name)).scalar() or 0
    table = tables.sales.orders.c
    return SaleDetail(
        order=order,
        taken_us=db.execute(sa.select(table.taken_us).where(table.id == name)).scalar_one(),
        amounts=amounts(order),
        progress=progress(scope, name),
        consignee=sales.consignee_of(db, name),
        findings=tuple(findings),
        open=tuple(
            one for one in findings if one.weight == Weight.HOLD and (one.code, one.where, one.value) not in known
        ),
        waivers=tuple(waivers),
        places=tuple(places(scope, name)),
        fulfilments=tuple(one for _, one in sorted(scope.fulfilments.items()) if one.holds(name)),
        merged=tuple(sorted(one.id for one in scope.orders.values() if one.merged_into == name)),
        merges=_merges(db, order, apart),
        contact=contact_of(db, name),
        refunded=int(refunded),
        unplanned=tuple(unplanned_of(db, name)),
    )


def parties_of(db: sa.Connection, orders: Mapping[str, SalesOrder], apart: Collection[str]) -> dict[str, Party]:
    """What is compared of those who get orders. ``apart``: channels whose orders never ship with others."""
    person = tables.sales.consignees.c
    query = sa.select(person.order_id, person.person_key).where(dialect.among(db, person.order_id, orders))
    return {name: Party(key or "", orders[name].channel not in apart) for name, key in db.execute(query)}


def _merges(db: sa.Connection, order: SalesOrder, apart: Collection[str]) -> tuple[Proposal, ...]:
    """What may ship with an order that is accepted."""
    if order.stage is not OrderStage.ACCEPTED:
        return ()
    person, table = tables.sales.consignees.c, tables.sales.orders.c
    mine = sa.select(person.address_key).where(person.order_id == order.id)
    there = sa.select(person.order_id).where(person.address_key == mine.scalar_subquery())
    newest = db.execute(there.order_by(person.when_us.desc()).limit(_THERE)).scalars().all()
    query = sa.select(table.id).where(dialect.among(db, table.id, newest), table.stage == str(OrderStage.ACCEPTED))
    names = {order.id, *sorted(db.execute(query).scalars())[:20]}
    if len(names) < 2:
        return ()
    scope = scope_of(db, names)
    found = proposals(scope, parties_of(db, scope.orders, apart))
    return tuple(one for one in found if order.id in (one.into, one.other))
