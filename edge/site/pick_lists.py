"""Pick lists and packing material from the books.

Public names: pick_list_of, materials_of.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import sqlalchemy as sa

from edge.orders.articles import Article, Goods
from edge.orders.packing import Packer, PackItem
from edge.orders.pick_list import Material, PickList, cartons_of, materials, pick_list
from edge.site import books, catalogue, dialect, rounds
from edge.site.tables import picks as tables
from edge.site.wave_rows import MemberPlan

_MARKS = {
    Goods.FRAGILE: "fragile",
    Goods.LIMITED_QUANTITY: "limited-quantity",
    Goods.LIQUID: "liquid",
    Goods.BATTERY: "battery",
}


def pick_list_of(db: sa.Connection, task: str) -> PickList | None:
    """A round as a picker reads it; None = there is none."""
    known = rounds.task_of(db, task)
    if known is None:
        return None
    its = tables.totes.c
    holds = sa.select(its.fulfilment, its.tote).where(
        dialect.among(db, its.fulfilment, (line.fulfilment for line in known.lines))
    )
    skus = catalogue.skus_of(db, {line.at.sku for line in known.lines})
    return pick_list(
        known,
        catalogue.places_of(db, {line.at.bin for line in known.lines}),
        dict(db.execute(holds).all()),
        {name: one.name for name, one in skus.items()},
        {name: [word for goods, word in _MARKS.items() if goods in one.article.goods] for name, one in skus.items()},
    )


def materials_of(
    db: sa.Connection, wave: str, cartons: Mapping[str, int], packer: Packer | None = None
) -> tuple[Material, ...]:
    """What a wave needs to be packed. ``packer``: who plans parcels; None = by volume alone, ``cartons``: by SKU what
    each holds in mm³.
    """
    its = tables.members.c
    query = sa.select(its.body).where(its.wave == wave, its.ended.not_in(("cancelled", "shipped")))
    plans = [msgspec.json.decode(body, type=MemberPlan).lines for body in db.execute(query).scalars()]
    articles = catalogue.articles_of(db, {sku for plan in plans for sku in plan})
    contents = [[PackItem(articles.get(sku) or Article(sku=sku), n) for sku, n in plan.items()] for plan in plans]
    if packer is not None:
        needed = [tuple(packer.plan(one).pieces().items()) for one in contents]
    else:
        volumes = (sum(item.article.volume_mm3 * item.units for item in one) for one in contents)
        needed = [tuple(cartons_of(volume, cartons)) for volume in volumes]
    free = {sku: one.free for sku, one in books.promises_of(db, {sku for one in needed for sku, _ in one}).items()}
    return materials(needed, free)
