"""Articles, bins and lots within a transaction: what is kept, and where.

Public names: Sku, put_skus, skus_of, articles_of, put_bins, places_of, put_lots.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa

from edge.orders.articles import Article, Goods, GtinError, Stance, gtin14, units_by_gtin
from edge.orders.picking import BinPlace
from edge.site import dialect
from edge.site.tables import stock as tables


@dataclass(frozen=True, slots=True)
class Sku:
    """An article with what only a site says of it. ``safety``: units that shall always be there."""

    article: Article
    name: str = ""
    safety: int = 0


_PACKED = (
    "on_top_g",
    "nest_mm",
    "wrap_mm",
    "sealed",
    "value",
    "un",
    "packing_group",
    "inner_ml",
    "inner_g",
    "brittle",
)
_SKU = (
    "name",
    "mass_g",
    "volume_mm3",
    "longest_mm",
    "goods",
    "min_life_us",
    "single_lot",
    "material",
    "safety",
    "length_mm",
    "width_mm",
    "height_mm",
    "stance",
    *_PACKED,
)


def _sku_row(one: Sku) -> tuple[object, ...]:
    its = one.article
    return (
        one.name,
        its.mass_g,
        its.volume_mm3,
        its.longest_mm,
        int(its.goods),
        its.min_life_us,
        its.single_lot,
        its.material,
        one.safety,
        *its.edges_mm,
        str(its.stance),
        *(getattr(its, name) for name in _PACKED),
    )


def put_skus(db: sa.Connection, skus: Iterable[Sku]) -> tuple[int, int]:
    """Takes articles as they are now; how many were new and how many changed.

    Raises:
        GtinError: a GTIN is none, or another article's.
    """
    asked = {one.article.sku: one for one in skus}
    numbers = units_by_gtin(one.article for one in asked.values())
    given = {gtin14(gtin) for one in asked.values() for gtin, _ in one.article.gtins}
    table = tables.gtins.c
    for gtin, owner in db.execute(sa.select(table.gtin, table.sku).where(dialect.among(db, table.gtin, given))):
        if owner not in asked:
            told = next(sku for (_, number), (sku, _) in numbers.items() if number == gtin)
            raise GtinError(f"{gtin} is {owner} and {told}")
    known = skus_of(db, asked)
    fresh = [one for name, one in sorted(asked.items()) if name not in known]
    changed = [one for name, one in sorted(asked.items()) if name in known and known[name] != _normal(one)]
    if changed:
        which = tables.skus.update().where(tables.skus.c.sku == sa.bindparam("which"))
        values: dict[str, sa.BindParameter[object]] = {name: sa.bindparam(f"new_{name}") for name in _SKU}
        rows = [
            {"which": one.article.sku} | {f"new_{name}": value for name, value in zip(_SKU, _sku_row(one), strict=True)}
            for one in changed
        ]
        db.execute(which.values(values), rows)
        gone = dialect.among(db, table.sku, (one.article.sku for one in changed))
        db.execute(tables.gtins.delete().where(gone))
    taken = dialect.insert_new(
        db, tables.skus, ("sku", *_SKU), [(one.article.sku, *_sku_row(one)) for one in fresh], "sku"
    )
    dialect.bulk_insert(db, tables.promises, ("sku", "sellable", "promised"), ((sku, 0, 0) for sku in sorted(taken)))
    named = [
        (gtin14(gtin), one.article.sku, units)
        for one in (*(one for one in fresh if one.article.sku in taken), *changed)
        for gtin, units in dict(one.article.gtins).items()
    ]
    dialect.bulk_insert(db, tables.gtins, ("gtin", "sku", "units"), named)
    return len(taken), len(changed)


def _normal(one: Sku) -> Sku:
    numbers = tuple(sorted({gtin14(gtin): units for gtin, units in one.article.gtins}.items()))
    return replace(one, article=replace(one.article, gtins=numbers))


def skus_of(db: sa.Connection, names: Iterable[str]) -> dict[str, Sku]:
    """The articles that there are of some names."""
    wanted = list(names)
    numbers: dict[str, list[tuple[str, int]]] = {}
    table = tables.gtins.c
    query = sa.select(tables.gtins).where(dialect.among(db, table.sku, wanted)).order_by(table.gtin)
    for gtin, sku, units in db.execute(query):
        numbers.setdefault(sku, []).append((gtin, units))
    return {
        row.sku: Sku(
            Article(
                sku=row.sku,
                gtins=tuple(numbers.get(row.sku, ())),
                min_life_us=row.min_life_us,
                single_lot=row.single_lot,
                mass_g=row.mass_g,
                volume_mm3=row.volume_mm3,
                longest_mm=row.longest_mm,
                goods=Goods(row.goods),
                material=row.material,
                edges_mm=(row.length_mm, row.width_mm, row.height_mm),
                stance=Stance(row.stance),
                **{name: getattr(row, name) for name in _PACKED},
            ),
            row.name,
            row.safety,
        )
        for row in db.execute(sa.select(tables.skus).where(dialect.among(db, tables.skus.c.sku, wanted)))
    }


def articles_of(db: sa.Connection, names: Iterable[str]) -> dict[str, Article]:
    """The articles alone, by SKU."""
    return {name: one.article for name, one in skus_of(db, names).items()}


def put_bins(db: sa.Connection, places: Mapping[str, BinPlace]) -> None:
    """Takes bins as they are now: new ones, and where they are."""
    known = places_of(db, places)
    moved = [
        {"which": name, "new_aisle": at.aisle, "new_place": at.place, "new_level": at.level}
        for name, at in sorted(places.items())
        if name in known and known[name] != at
    ]
    if moved:
        which = tables.bins.update().where(tables.bins.c.bin == sa.bindparam("which"))
        values: dict[str, sa.BindParameter[int]] = {
            name: sa.bindparam(f"new_{name}") for name in ("aisle", "place", "level")
        }
        db.execute(which.values(values), moved)
    fresh = [(name, at.aisle, at.place, at.level) for name, at in sorted(places.items()) if name not in known]
    dialect.insert_new(db, tables.bins, ("bin", "aisle", "place", "level"), fresh, "bin")


def places_of(db: sa.Connection, names: Iterable[str]) -> dict[str, BinPlace]:
    """Where the bins are that there are of some names."""
    query = sa.select(tables.bins).where(dialect.among(db, tables.bins.c.bin, names))
    return {row.bin: BinPlace(row.aisle, row.place, row.level) for row in db.execute(query)}


def put_lots(db: sa.Connection, expires_us: Mapping[tuple[str, str], int]) -> None:
    """Takes by (SKU, lot) from when on its units may not leave any more; 0 = never."""
    table = tables.lots
    query = sa.select(table).where(dialect.among(db, table.c.sku, (sku for sku, _ in expires_us)))
    known = {(row.sku, row.lot): row.expires_us for row in db.execute(query)}
    for (sku, lot), at_us in sorted(expires_us.items()):
        if known.get((sku, lot)) not in (None, at_us):
            db.execute(table.update().where(table.c.sku == sku, table.c.lot == lot).values(expires_us=at_us))
    fresh = [(*key, at_us) for key, at_us in sorted(expires_us.items()) if key not in known]
    dialect.bulk_insert(db, table, ("sku", "lot", "expires_us"), fresh)
