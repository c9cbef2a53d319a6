"""Who carries an order: its parcel as a plan sees it, room at pickups, a carrier chosen again.

Public names: ParcelWanted, ParcelSource, parcels_of, left_of, in_force, on_its_way, placed, arrives_us, CarrierChosen,
chosen_again, placed_beside, Rechosen, rechoose.

A fulfilment of a released wave has one place at one pickup; places change only while `Lock.SALES` is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import msgspec
import sqlalchemy as sa

from edge.orders.articles import Article, Goods
from edge.orders.eligibility import (
    ClassSteps,
    ParcelPlan,
    RefusalCode,
    ServiceRefusal,
    classes_of,
    quoted,
)
from edge.orders.goods_rules import goods_unpacked
from edge.orders.plan import Planned, planned
from edge.orders.planning import Planning
from edge.orders.reroute import rechosen
from edge.orders.sales import PaymentKind
from edge.orders.services import Pickup, Suspension
from edge.site import catalogue, dialect, orders, wave_rows
from edge.site import tables as floor
from edge.site.outbox import OutboxTold
from edge.site.tables import carriers as suspended_tables
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
        goods = goods_unpacked(its.values())
        cod = row.payment == str(PaymentKind.COD) and row.due > 0
        country = row.country or ""
        parcel = ParcelPlan(
            order=name,
            zone=by.zone_of(country, row.region or "", row.postcode or ""),
            mass_g=sum(its[sku].mass_g * n for sku, n in one.units.items()),
            promised_us=by.promised_us(country, row.promised) if row.promised else 0,
            ship_by_us=row.ship_by_us,
            goods=int(goods | Goods.COD if cod else goods),
            longest_mm=max((article.longest_mm for article in its.values()), default=0),
            volume_mm3=sum(its[sku].volume_mm3 * n for sku, n in one.units.items()),
            cod_due=row.due if cod else 0,
            wish=row.service if row.service in by.services else "",
            priority=row.priority,
            urgent=row.urgent,
            ordered_us=row.ordered_us,
        )
        found[name] = ParcelSource(parcel, row.version)
    return found


def in_force(db: sa.Connection, by: Planning) -> Planning:
    """What a plan goes by, with all that is suspended at its instant: nothing is chosen without it.

    What it was told of suspensions before is replaced, but for those of SITE.toml, which have no beginning.
    """
    its = suspended_tables.suspensions.c
    now_us = by.terms.now_us
    query = sa.select(suspended_tables.suspensions).where(
        its.ended_us == 0, its.from_us <= now_us, sa.or_(its.until_us == 0, its.until_us > now_us)
    )
    found = tuple(
        Suspension(
            reason=row.reason,
            from_us=row.from_us,
            until_us=row.until_us,
            service=row.service,
            lane=row.lane,
            carrier=row.carrier,
        )
        for row in db.execute(query.order_by(its.seq))
    )
    kept = tuple(one for one in by.terms.suspensions if not one.from_us)
    return replace(by, terms=replace(by.terms, suspensions=(*kept, *found)))


def on_its_way(by: Planning) -> Planning:
    """The same for parcels that are released already: what counts is the cut-off itself, with something in hand."""
    left_us = {one.id: one.cutoff_us - by.margin_us for one in by.pickups}
    return replace(by, terms=replace(by.terms, release_by_us=left_us))


def left_of(db: sa.Connection, pickups: Sequence[Pickup], but: Iterable[str] = ()) -> list[Pickup]:
    """Pickups with the room that released fulfilments leave; ``but``: those whose places do not count."""
    its = tables.members.c
    query = (
        sa.select(its.pickup, sa.func.count(), sa.func.sum(its.mass_g))
        .join(tables.waves, tables.waves.c.id == its.wave)
        .where(
            dialect.among(db, its.pickup, (one.id for one in pickups)),
            tables.waves.c.released_us > 0,
            its.ended != "cancelled",
        )
        .group_by(its.pickup)
    )
    if names := tuple(but):
        query = query.where(sa.not_(dialect.among(db, its.fulfilment, names)))
    taken = {pickup: (int(parcels), int(grams)) for pickup, parcels, grams in db.execute(query)}
    left = []
    for one in pickups:
        parcels, grams = taken.get(one.id, (0, 0))
        limit = None if one.grams is None else max(0, one.grams - grams)
        left.append(replace(one, parcels=max(0, one.parcels - parcels), grams=limit))
    return left


def arrives_us(one: Planned, pickup: Pickup) -> int:
    """When a planned parcel is to arrive with its pickup."""
    return next((us for zone, us in pickup.arrives if zone == one.parcel.zone), one.cutoff_us)


def placed(one: Planned, pickup: Pickup, by: Planning, lines: Mapping[str, int], version: int) -> dict[str, object]:
    """What a member's row says of its place. Its lots must live until it is to arrive, or until the promised day."""
    service = by.services[one.service]
    return {
        "carrier": service.carrier,
        "code": service.code,
        "lane": service.lane,
        "service": service.id,
        "pickup": one.pickup,
        "cutoff_us": one.cutoff_us,
        "delivered_us": max(arrives_us(one, pickup), one.parcel.promised_us),
        "due_us": arrives_us(one, pickup),
        "promised_us": one.parcel.promised_us,
        "mass_g": one.parcel.mass_g,
        "freight": one.quote.rate + one.quote.surcharge,
        "body": wave_rows.member_plan(lines, one, version),
    }


def chosen_again(db: sa.Connection, fulfilment: str, wanted: ParcelWanted, by: Planning) -> CarrierChosen | None:
    """A released fulfilment's carrier, chosen anew for its order as it is now; its place goes with it.

    Its row stays in its wave. None = it was in none.
    """
    its = tables.members.c
    row = db.execute(sa.select(tables.members).where(its.fulfilment == fulfilment)).first()
    source = parcels_of(db, by, {fulfilment: wanted}).get(fulfilment)
    if row is None or source is None:
        return None
    by = in_force(db, by)
    plan = planned([source.parcel], left_of(db, by.pickups, [fulfilment]), by.services, by.terms)
    if not plan.planned:
        refusals = tuple(f"{one.pickup}: {one.code}" for one in plan.left[0].refusals)
        return CarrierChosen("", "", False, refusals)
    one = plan.planned[0]
    pickup = next(pickup for pickup in by.pickups if pickup.id == one.pickup)
    values = placed(one, pickup, by, wanted.units, source.version)
    db.execute(tables.members.update().where(its.fulfilment == fulfilment).values(values))
    service = by.services[one.service]
    same = (row.carrier, row.code) == (service.carrier, service.code)
    return CarrierChosen(service.carrier, service.code, same)


def placed_beside(
    db: sa.Connection, fulfilment: str, new: str, wanted: ParcelWanted, by: Planning | None
) -> CarrierChosen | ServiceRefusal | None:
    """A place for a parcel that is parted off a released one: at the same pickup while that has room, else at another.

    ``by`` None: no services are known, and nobody counts. Returns why nobody takes it; None = the other one is in no
    wave, and so is it.
    """
    its = tables.members
    row = db.execute(sa.select(its).where(its.c.fulfilment == fulfilment)).first()
    if row is None:
        return None
    last = db.execute(sa.select(sa.func.max(its.c.n)).where(its.c.wave == row.wave)).scalar_one()
    beside = {**row._asdict(), "fulfilment": new, "n": last + 1}
    source = None if by is None else parcels_of(db, by, {new: wanted}).get(new)
    if by is None or source is None:
        db.execute(its.insert().values(beside))
        return CarrierChosen(row.carrier, row.code, True)
    rest_g = max(0, row.mass_g - source.parcel.mass_g)
    db.execute(its.update().where(its.c.fulfilment == fulfilment).values(mass_g=rest_g))
    by = on_its_way(in_force(db, by))
    ways = left_of(db, by.pickups)
    for some in ([way for way in ways if way.id == row.pickup], ways):
        plan = planned([source.parcel], some, by.services, by.terms)
        for one in plan.planned:
            pickup = next(way for way in ways if way.id == one.pickup)
            db.execute(its.insert().values(beside | placed(one, pickup, by, wanted.units, source.version)))
            service = by.services[one.service]
            return CarrierChosen(
                service.carrier, service.code, (row.carrier, row.code) == (service.carrier, service.code)
            )
    refusals = plan.left[0].refusals
    return refusals[0] if refusals else ServiceRefusal(row.pickup, RefusalCode.CUT_OFF, by.terms.now_us, row.cutoff_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rechosen:
    """Who carries a parcel whose true weight is known. ``freight``: rate and surcharges, in minor units.

    ``changed``: it is another pickup than before; ``refused``: the pickup that it has does not carry it, and no other
    one does: nobody may label it. ``told``: what the outbox is to say at the end of the transaction.
    """

    carrier: str
    code: str
    service: str
    pickup: str
    freight: int
    changed: bool = False
    refused: ServiceRefusal | None = None
    told: tuple[OutboxTold, ...] = ()


def rechoose(
    db: sa.Connection, by: Planning, fulfilment: str, mass_g: int, dims_mm: tuple[int, int, int] | None, at_us: int
) -> Rechosen | None:
    """Chooses again by a packed parcel's weight and three edges, before its label; what has one stays as it is.

    The line hears of another carrier. Whoever calls it holds `Lock.SALES` and reads the line's order afterwards; None =
    it is in no released wave. ``dims_mm`` None: nobody measured it.
    """
    its = tables.members.c
    query = sa.select(tables.members).join(tables.waves, tables.waves.c.id == its.wave)
    row = db.execute(query.where(its.fulfilment == fulfilment, tables.waves.c.released_us > 0)).first()
    if row is None:
        return None
    known = msgspec.json.decode(row.body, type=wave_rows.MemberPlan)
    held = Rechosen(carrier=row.carrier, code=row.code, service=row.service, pickup=row.pickup, freight=row.freight)
    dialect.lock(db, dialect.Lock.ORDERS)
    order = orders.order_where(db, floor.orders.c.id == fulfilment)
    source = parcels_of(db, by, {fulfilment: ParcelWanted(row.sales_id, known.lines)}).get(fulfilment)
    if order is None or order.parcel is not None or source is None:
        return held
    by = on_its_way(in_force(db, by))
    parcel = replace(source.parcel, mass_g=mass_g)
    if dims_mm is not None:
        parcel = replace(parcel, longest_mm=max(dims_mm), volume_mm3=prod(dims_mm))
    ways = left_of(db, by.pickups, [fulfilment])
    steps = ClassSteps.of(by.services[way.key] for way in ways)
    (key,) = classes_of([parcel], steps)
    now = quoted(key, ways, by.services, by.terms)
    name = rechosen(row.pickup, False, now)
    quote = next((one for one in now.quotes if one.pickup == name), None)
    if quote is None:
        refused = next((one for one in now.refusals if one.pickup == name), None)
        return replace(held, refused=refused or ServiceRefusal(name, RefusalCode.CUT_OFF, at_us, row.cutoff_us))
    pickup = next(one for one in ways if one.id == name)
    one = Planned(
        parcel=parcel,
        service=pickup.service,
        pickup=name,
        cutoff_us=pickup.cutoff_us,
        release_by_us=by.terms.release_by_us[name],
        quote=quote,
        best=now.best,
        refusals=now.refusals,
    )
    values = placed(one, pickup, by, known.lines, known.version)
    db.execute(tables.members.update().where(its.fulfilment == fulfilment).values(values))
    service = by.services[pickup.service]
    found = replace(
        held,
        carrier=service.carrier,
        code=service.code,
        service=service.id,
        pickup=name,
        freight=quote.rate + quote.surcharge,
        changed=name != row.pickup,
    )
    if (service.carrier, service.code) == (order.carrier, order.service):
        return found
    orders.put(db, [replace(order, carrier=service.carrier, service=service.code)], at_us)
    body: dict[str, str | int | list[str]] = {"carrier": service.carrier, "service": service.code}
    return replace(found, told=(OutboxTold("fulfilment.rerouted.v1", fulfilment, body),))
