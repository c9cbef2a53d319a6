"""What a packing station is to do with an order: what goes in, what the portal saw, what keeps it, how it is packed.

Public names: PackJob, PackRow, Propose, job_of, article_of, pack_of, items_of, PackedItem.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
import sqlalchemy as sa

from edge.core.events import ToteChecked
from edge.core.values.order import Order
from edge.journal.record import decode
from edge.orders.articles import Article
from edge.orders.packed import PackDifference, PackLine, Proposed
from edge.orders.quality import DueCheck, QualityRules
from edge.orders.stages import FulfilmentState
from edge.orders.weighing import UnitWeight, WeighedPart
from edge.site import catalogue, dialect, orders, parcels, quality
from edge.site import tables as floor
from edge.site.parcels import Parcel
from edge.site.quality import CheckRow
from edge.site.tables import sales as sales_tables
from edge.site.tables import stations as tables
from edge.site.tables import stock as stock_tables
from edge.site.weights import unit_weights_of

Propose: TypeAlias = Callable[[Sequence[tuple[Article, int]]], Proposed]
"""How articles, each with its units, are packed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRow:
    """A parcel as it was packed. ``result`` as `edge.orders.weighing.WeightResult`, empty = nothing judged it."""

    sscc: str
    fulfilment: str
    station: str
    carton: str
    weighed_g: int
    expected_g: int
    tolerance_g: int
    result: str
    blind: int
    overruled: str
    unverified: str
    differs: str
    differences: tuple[PackDifference, ...]
    by: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedItem:
    """What lies in a parcel: an item, or so many units without tags."""

    article: str
    lot: str
    epc: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PackJob:
    """``state``: of the fulfilment, None = another system's order. ``verified``: the portal found what is wanted in the
    tote, ``epcs``: the items that it saw. ``parts``: what is weighed, empty where a mass is not known.
    """

    order: Order
    state: FulfilmentState | None
    verified: bool
    lines: tuple[PackLine, ...]
    epcs: tuple[str, ...]
    due: tuple[DueCheck, ...]
    refusals: tuple[CheckRow, ...]
    proposed: Proposed
    parts: tuple[WeighedPart, ...]
    parcel: Parcel | None
    packed: PackRow | None


def job_of(db: sa.Connection, name: str, rules: QualityRules, propose: Propose) -> PackJob | None:
    """The job of an order; None = there is none."""
    order = orders.order_where(db, floor.orders.c.id == name)
    if order is None:
        return None
    its = sales_tables.fulfilment_states.c
    known = db.execute(sa.select(its.state).where(its.fulfilment_id == name)).scalar()
    state = None if known is None else FulfilmentState(known)
    seen = _seen(db, name)
    passed = seen is not None and seen.verified and state in (None, FulfilmentState.PACKED)
    verified = (passed or state is FulfilmentState.VERIFIED) and not _unproved(db, name, seen)
    lines = tuple(
        PackLine(
            article=line.sku or line.gtin, gtin=line.gtin, name=line.name, units=line.quantity, back=line.cancelled
        )
        for line in order.lines
    )
    articles = catalogue.articles_of(db, {line.article for line in lines})
    contents = [(articles.get(line.article) or Article(sku=line.article), line.units) for line in lines if line.units]
    known = unit_weights_of(db, (article.sku for article, _ in contents))
    parts = tuple(
        WeighedPart(article.sku, units, known.get(article.sku) or UnitWeight(article.mass_g))
        for article, units in contents
    )
    parcel = parcels.live(db, name)
    return PackJob(
        order=order,
        state=state,
        verified=verified,
        lines=lines,
        epcs=_of_lines(db, lines, seen.matched) if seen is not None and seen.verified and verified else (),
        due=quality.due_of(db, name, rules),
        refusals=tuple(one for one in quality.checks_of(db, name) if one.open),
        proposed=propose(contents),
        parts=parts if all(article.mass_g for article, _ in contents) else (),
        parcel=parcel,
        packed=pack_of(db, parcel.sscc) if parcel is not None else None,
    )


def _seen(db: sa.Connection, order: str) -> ToteChecked | None:
    """The last that a portal said of an order's tote at last."""
    row, ref = floor.mirror.c, floor.mirror_refs.c
    query = (
        sa.select(row.kind, row.body)
        .join(floor.mirror_refs, sa.and_(ref.node == row.node, ref.seq == row.seq))
        .where(ref.ref == order, row.kind == ToteChecked.__name__)
        .order_by(row.at_us.desc(), row.seq.desc())
    )
    for kind, body in db.execute(query):
        value = decode(kind, body)
        if isinstance(value, ToteChecked) and value.final and value.order == order:
            return value
    return None


def _unproved(db: sa.Connection, order: str, seen: ToteChecked | None) -> bool:
    """Whether it was packed unverified, and no portal verified it since: another label proves nothing."""
    its = tables.packs.c
    query = sa.select(its.unverified, its.at_us).where(its.fulfilment == order).order_by(its.at_us.desc()).limit(1)
    last = db.execute(query).first()
    since = last is not None and seen is not None and seen.verified and seen.at_us > last.at_us
    return last is not None and last.unverified != "" and not since


def _of_lines(db: sa.Connection, lines: Sequence[PackLine], epcs: tuple[str, ...]) -> tuple[str, ...]:
    """Items that the portal saw, unless some went into another parcel since: which ones, nobody knows."""
    seen = Counter(article_of(db, lines, epcs).values())
    return epcs if all(seen[line.article] <= line.units for line in lines) else ()


def article_of(db: sa.Connection, lines: Iterable[PackLine], epcs: Iterable[str]) -> dict[str, str]:
    """Of which article each item is: a line's, or another, or by its GTIN where nobody knows one."""
    of_line = {line.gtin: line.article for line in lines if line.gtin}
    gtins = {epc: epc[4:18] for epc in epcs}
    table = stock_tables.gtins.c
    query = sa.select(table.gtin, table.sku).where(dialect.among(db, table.gtin, set(gtins.values())))
    of_sku: dict[str, str] = dict(db.execute(query).all())
    return {epc: of_line.get(gtin) or of_sku.get(gtin) or gtin for epc, gtin in gtins.items()}


def pack_of(db: sa.Connection, sscc: str) -> PackRow | None:
    """How a parcel was packed; None = nobody said."""
    row = db.execute(sa.select(tables.packs).where(tables.packs.c.sscc == sscc)).first()
    if row is None:
        return None
    said = row._asdict()
    found = msgspec.json.decode(said.pop("body"), type=tuple[PackDifference, ...])
    return PackRow(**said, differences=found)


def items_of(db: sa.Connection, sscc: str) -> list[PackedItem]:
    """What lies in a parcel."""
    its = tables.pack_items.c
    query = sa.select(its.article, its.lot, its.epc, its.units).where(its.sscc == sscc).order_by(its.seq)
    return [PackedItem(**row._asdict()) for row in db.execute(query)]
