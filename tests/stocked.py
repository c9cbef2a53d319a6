"""A small warehouse in a site store: articles, bins, stock, services, accepted orders.

Public names: stocked, accept, planning, NOW_US, ARTICLES.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import sqlalchemy as sa
from sold import sold

from edge.orders.articles import Article
from edge.orders.eligibility import Terms
from edge.orders.picking import BinPlace
from edge.orders.planning import Planning
from edge.orders.sales import OrderStage, SalesLine
from edge.orders.services import Pickup, Rate, Service
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause
from edge.orders.waves import WaveLimits
from edge.site import catalogue, moving, tables
from edge.site.store import SiteStore

NOW_US = 1_790_000_000_000_000
CUTOFF_US = NOW_US + 4 * 3_600_000_000
ARTICLES = 8


def stocked(store: SiteStore, units: int = 100, bins: int = 2) -> None:
    """Articles SKU-0 … SKU-7, each with so many units in each of its bins."""
    with store.connections.writing() as db:
        catalogue.put_skus(
            db, [catalogue.Sku(Article(sku=f"SKU-{at}", mass_g=200), f"article {at}") for at in range(ARTICLES)]
        )
        catalogue.put_bins(db, {f"B{at}-{n}": BinPlace(at, n) for at in range(ARTICLES) for n in range(bins)})
        moving.record(
            db,
            [
                Movement(
                    cause=StockCause("receipt", f"first {at}.{n}"),
                    kind=MovementKind.RECEIPT,
                    quantity=units,
                    at_us=NOW_US,
                    target=BinKey(f"B{at}-{n}", f"SKU-{at}"),
                )
                for at in range(ARTICLES)
                for n in range(bins)
                if units
            ],
        )


def accept(store: SiteStore, orders: Iterable[tuple[int, dict[int, int]]], urgent: bool = False) -> list[str]:
    """Takes orders of (number, {article: units}) and accepts them."""
    drafts = []
    for number, wanted in orders:
        draft = sold(number)
        lines = tuple(
            SalesLine(number=n, sku=f"SKU-{article}", quantity=units, name=f"article {article}", price=100)
            for n, (article, units) in enumerate(wanted.items(), 1)
        )
        drafts.append(replace(draft, order=replace(draft.order, lines=lines, urgent=urgent, promised="")))
    store.take_sales(drafts, NOW_US)
    names = [draft.order.id for draft in drafts]
    with store.connections.writing() as db:
        table = tables.sales.orders
        for name in names:
            db.execute(table.update().where(table.c.id == name).values(stage=str(OrderStage.ACCEPTED)))
        assert db.execute(sa.select(sa.func.count()).select_from(table)).scalar()
    return names


def planning(parcels: int = 10_000, totes: int = 60, now_us: int = NOW_US) -> Planning:
    """One service with one pickup in four hours."""
    service = Service(id="post", carrier="Post", code="48h", rates=(Rate("home", ((30_000, 100),)),))
    pickup = Pickup(
        service="post", cutoff_us=CUTOFF_US, arrives=(("home", CUTOFF_US + 86_400_000_000),), parcels=parcels
    )
    return Planning(
        services={"post": service},
        pickups=(pickup,),
        terms=Terms(now_us=now_us, release_by_us={pickup.id: CUTOFF_US - 3_600_000_000}),
        zone_of=lambda *_: "home",
        promised_us=lambda *_: 0,
        limits=WaveLimits(totes=totes),
    )
