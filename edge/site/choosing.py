"""Which carrier: parcels as a plan sees them, the room of pickups that is left, and one that is chosen again.

Public names: ParcelWanted, ParcelSource, parcels_of, room_taken, arrives_us, CarrierChosen, chosen_again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec
import sqlalchemy as sa

from edge.orders.articles import NOTHING_SPECIAL, Article, Goods
from edge.orders.eligibility import ParcelPlan
from edge.orders.plan import Planned, planned
from edge.orders.planning import Planning
from edge.orders.sales import PaymentKind
from edge.orders.services import Pickup
from edge.site import catalogue, dialect, wave_rows
from edge.site.tables import picks as tables
from edge.site.tables import sales as sales_tables


@dataclass(frozen=True, slots=True)
class ParcelWanted:
    """A parcel that is to be: whose, and its units by SKU."""

    order: str
    units: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ParcelSource:
    """A parcel with the version of its order that it was seen at."""

    parcel: ParcelPlan
    version: int


@dataclass(frozen=True, slots=True)
class CarrierChosen:
    """Who carries a fulfilment from now on; ``carrier`` empty = nobody does, so that its parcel goes nowhere.

    ``same``: it is the service that it had. ``refusals``: why not, by pickup.
    """

    carrier: str
    service: str
    same: bool
    refusals: tuple[str, ...] = ()


def parcels_of(db: sa.Connection, by: Planning, wanted: Mapping[str, ParcelWanted]) -> dict[str, ParcelSource]:
    """Parcels as a plan sees them, by their fulfilments; those whose order there is."""
    order, person = sales_tables.orders.c, sales_tables.consignees.c
    articles = catalogue.articles_of(db, {sku for one in wanted.values() for sku in one.units})
    query = (
        sa.select(
            order.id,
            order.version,
            order.priority,
            order.urgent,
            order.ordered_us,
            order.ship_by_us,
            order.promised,
            order.service,
            order.payment,
            (order.total - order.paid).label("due"),
            person.country,
            person.region,
            person.postcode,
        )
        .outerjoin(sales_tables.consignees, person.order_id == order.id)
        .where(dialect.among(db, order.id, (one.order for one in wanted.values())))
    )
    rows = {row.id: row for row in db.execute(query)}
    found: dict[str, ParcelSource] = {}
    for name, one in wanted.items():
        row = rows.get(one.order)
        if row is None:
            continue
        its = {sku: articles.get(sku) or Article(sku=sku) for sku in one.units}
        goods = NOTHING_SPECIAL
        for article in its.values():
            goods |= article.goods
        cod = row.payment == str(PaymentKind.COD) and row.due > 0
        country = row.country or ""
        parcel = ParcelPlan(
            order=name,
            zone=by.zone_of(country, row.region or "", row.postcode or ""),
            mass_g=sum(its[sku].mass_g * n for sku, n in one.units.items()),
            promised_us=by.promised_us(country, row.promised) if row.promised else row.ship_by_us,
            goods=int(goods | Goods.COD if cod else goods),
            longest_mm=max((article.longest_mm for article in its.values()), default=0),
            cod_due=row.due if cod else 0,
            wish=row.service if row.service in by.services else "",
            priority=row.priority,
            urgent=row.urgent,
            ordered_us=row.ordered_us,
        )
        found[name] = ParcelSource(parcel, row.version)
    return found


def room_taken(db: sa.Connection, pickups: Iterable[str], but: str = "") -> Counter[str]:
    """Room of pickups that released fulfilments have, all but one."""
    its = tables.members.c
    query = (
        sa.select(its.pickup, sa.func.count())
        .join(tables.waves, tables.waves.c.id == its.wave)
        .where(
            dialect.among(db, its.pickup, pickups),
            tables.waves.c.released_us > 0,
            its.ended != "cancelled",
            its.fulfilment != but,
        )
        .group_by(its.pickup)
    )
    return Counter(dict(db.execute(query).all()))


def arrives_us(one: Planned, pickup: Pickup) -> int:
    """When a planned parcel is to arrive with its pickup: what its lots must live for."""
    known = next((us for zone, us in pickup.arrives if zone == one.parcel.zone), one.cutoff_us)
    return max(known, one.parcel.promised_us)


def chosen_again(db: sa.Connection, fulfilment: str, wanted: ParcelWanted, by: Planning) -> CarrierChosen | None:
    """A released fulfilment's carrier, chosen anew for its order as it is now; its place goes with it.

    Its row stays in its wave. None = it was in none.
    """
    its = tables.members.c
    row = db.execute(sa.select(tables.members).where(its.fulfilment == fulfilment)).first()
    source = parcels_of(db, by, {fulfilment: wanted}).get(fulfilment)
    if row is None or source is None:
        return None
    taken = room_taken(db, [pickup.id for pickup in by.pickups], fulfilment)
    pickups = [replace(one, parcels=max(0, one.parcels - taken[one.id])) for one in by.pickups]
    plan = planned([source.parcel], pickups, by.services, by.terms)
    if not plan.planned:
        refusals = tuple(f"{one.pickup}: {one.code}" for one in plan.left[0].refusals)
        return CarrierChosen("", "", False, refusals)
    one = plan.planned[0]
    service = by.services[one.service]
    best = [(quote.pickup, quote.cost) for quote in one.best]
    plans = wave_rows.MemberPlan(dict(wanted.units), one.quote.cost, best, source.version)
    values = {
        "carrier": service.carrier,
        "code": service.code,
        "lane": service.lane,
        "pickup": one.pickup,
        "cutoff_us": one.cutoff_us,
        "delivered_us": arrives_us(one, next(pickup for pickup in by.pickups if pickup.id == one.pickup)),
        "body": msgspec.json.encode(plans).decode(),
    }
    db.execute(tables.members.update().where(its.fulfilment == fulfilment).values(values))
    same = (row.carrier, row.code) == (service.carrier, service.code)
    return CarrierChosen(service.carrier, service.code, same)
