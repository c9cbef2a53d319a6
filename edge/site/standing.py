"""What review asks besides goods and neighbours: the blocklist, parcels refused at the door, who may carry an order.

Public names: completed, keys_of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa

from edge.orders.articles import Article, Goods
from edge.orders.eligibility import ClassSteps, OrderClass, ParcelPlan, Terms, classes_of, quoted
from edge.orders.goods_rules import goods_unpacked
from edge.orders.planning import Planning
from edge.orders.review import Facts
from edge.orders.sales import SalesOrder
from edge.site import blocklist, catalogue, dialect
from edge.site.personal import PersonKeys
from edge.site.tables import sales as tables


def keys_of(db: sa.Connection, orders: Mapping[str, object]) -> dict[str, PersonKeys]:
    """By what the persons of stored orders are known."""
    person = tables.consignees.c
    query = sa.select(person.order_id, person.phone_key, person.email_key, person.address_key)
    rows = db.execute(query.where(dialect.among(db, person.order_id, orders)))
    return {name: PersonKeys(phone=phone, email=email, address=address) for name, phone, email, address in rows}


def completed(
    db: sa.Connection,
    facts: Mapping[str, Facts],
    orders: Mapping[str, SalesOrder],
    known_by: Mapping[str, PersonKeys],
    by: Planning | None,
) -> dict[str, Facts]:
    """Facts with what is known of persons and carriers. ``by``: None where no services are known."""
    blocked, refused = blocklist.blocked_of(db, known_by), blocklist.refused_of(db, known_by)
    found = {
        name: replace(its, blocked=blocked.get(name, ()), refused=refused.get(name, 0)) for name, its in facts.items()
    }
    return found if by is None or not by.pickups else _carried(db, found, orders, by)


def _carried(
    db: sa.Connection, facts: Mapping[str, Facts], orders: Mapping[str, SalesOrder], by: Planning
) -> dict[str, Facts]:
    """With the services that may carry each order by its address, weight, size and goods, whatever the time and room.

    Where nobody knows the country nothing is found: that is said already. A wish that is no service of the site's is
    as good as none, as for a plan.
    """
    articles = catalogue.articles_of(db, {line.sku for order in orders.values() for line in order.lines})
    parcels = [_parcel(order, facts[name], articles, by) for name, order in orders.items() if name in facts]
    named = [one for one in parcels if facts[one.order].consignee.country]
    zones = {rate.zone for service in by.services.values() for rate in service.rates}
    later = Terms(now_us=0, release_by_us={pickup.id: 1 for pickup in by.pickups})
    pickups = [replace(pickup, parcels=1) for pickup in by.pickups]
    service_of = {pickup.id: pickup.service for pickup in by.pickups}
    done = dict(facts)
    for key, members in classes_of(named, ClassSteps.of(by.services.values())).items():
        asked: OrderClass = key._replace(promised_us=0, wish="", upto_due=0)
        able = {service_of[quote.pickup] for quote in quoted(asked, pickups, by.services, later).quotes}
        limits = [by.services[one].cod_limit for one in able if by.services[one].takes & Goods.COD]
        collects = None if any(limit == 0 for limit in limits) else max(limits, default=0)
        for one in members:
            wish = orders[one.order].service
            mays = (*sorted(able), wish) if able and wish and wish not in by.services else tuple(sorted(able))
            goes = key.zone in zones
            done[one.order] = replace(
                done[one.order], deliverable=goes, services=mays if goes else None, cod_limit=collects if able else None
            )
    return done


def _parcel(order: SalesOrder, facts: Facts, articles: Mapping[str, Article], by: Planning) -> ParcelPlan:
    to = facts.consignee
    its = {line.sku: articles.get(line.sku) or Article(sku=line.sku) for line in order.lines if line.wanted}
    goods = goods_unpacked(its.values())
    return ParcelPlan(
        order=order.id,
        zone=by.zone_of(to.country, to.region, to.postcode),
        mass_g=sum(its[line.sku].mass_g * line.wanted for line in order.lines if line.wanted),
        goods=int(goods),
        longest_mm=max((article.longest_mm for article in its.values()), default=0),
    )
