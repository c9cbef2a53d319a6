"""A parcel packed in one transaction: its content bound, its weight judged, its materials used up, its label given.

Public names: PackSaid, PackError, Weighed, weighed, pack.

What is in a parcel is what its order wants, unit for unit; other items than the portal saw are listed with a reason
(K1). A weight that is not right, or a tote that no portal verified, wants a reason as well (K4). The lines know the
label with the transaction that gives it (K5), and by the station's own number a binding happens once, however often it
is sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from edge.core.values.order import Order, OrderState
from edge.orders.eligibility import ServiceRefusal
from edge.orders.packed import AfterCheck, PackDifference, after_checks, differences
from edge.orders.planning import Planning
from edge.orders.quality import QualityRules
from edge.orders.review import ReviewRules
from edge.orders.sscc import SsccRange
from edge.orders.stages import FulfilmentState, FulfilmentTurn
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause, StockCondition
from edge.orders.weighing import WeightResult, WeightVerdict, judged
from edge.site import books, choosing, dialect, moving, pack_jobs, parcels, parting, weights
from edge.site import tables as floor
from edge.site.dialect import Lock
from edge.site.outbox import OutboxTold
from edge.site.pack_jobs import PackJob, PackRow, Propose
from edge.site.personal import Keys
from edge.site.sales_work import SaleWork
from edge.site.tables import stations as tables
from edge.site.tables import stock as stock_tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


class PackError(ValueError):
    """Why a parcel is not packed so. ``code`` and ``values``: as `edge.views.words.stations` says it."""

    def __init__(self, code: str, **values: str | int | ServiceRefusal) -> None:
        self.code, self.values = code, values
        said = ", ".join(f"{key} {value}" for key, value in values.items())
        super().__init__(f"packing: {code}{': ' if said else ''}{said}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSaid:
    """What a packer did. ``units``: without tags by article; ``epcs``: items; ``from_tote``: what the portal verified.

    ``sscc``: one of the station's own numbers, empty = the next; ``again``: why a parcel that has one gets another.
    ``unverified``, ``differs``, ``overruled``: reasons. ``materials``: (SKU, units) used up, None = as proposed.
    ``rest``: what lacks goes into another parcel. ``back``: units by article that were cancelled and lie beside it now.
    """

    order: str
    station: str
    by: str
    units: Mapping[str, int]
    epcs: tuple[str, ...] = ()
    from_tote: bool = False
    weighed_g: int = 0
    carton: str = ""
    checked: frozenset[AfterCheck] = frozenset()
    materials: Mapping[str, int] | None = None
    unverified: str = ""
    differs: str = ""
    overruled: str = ""
    sscc: str = ""
    again: str = ""
    rest: bool = False
    back: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Weighed:
    """``verdict``: None = nothing is known to judge by, or nobody weighed."""

    verdict: WeightVerdict | None


def weighed(job: PackJob, grams: int) -> Weighed:
    """What a scale's word means for a job."""
    packaging = job.proposed.packaging_g
    if not grams or not job.parts or packaging is None:
        return Weighed(None)
    return Weighed(judged(grams, job.parts, packaging))


def pack(
    at: StoreConnections,
    keys: Keys,
    given: SsccRange,
    rules: QualityRules,
    propose: Propose,
    said: PackSaid,
    at_us: int,
    *,
    needs_weight: bool = False,
    planning: Callable[[int], Planning] | None = None,
) -> PackRow:
    """Packs an order. Said again with the same number, or without one, nothing changes.

    ``planning``: by what its carrier is chosen again once its weight is known, None = it stays.

    Raises:
        PackError: what is missing or wrong. ParcelError: the order gets no label.
    """
    with at.writing() as db:
        work = SaleWork(db, keys, ReviewRules(), at_us)
        job = _job(db, said.order, rules, propose)
        used = dict(job.proposed.materials if said.materials is None else said.materials)
        books.lock_skus(db, used)
        dialect.lock(db, Lock.ORDERS)
        job = _job(db, said.order, rules, propose)
        if job.order.state is OrderState.CANCELLED and not said.sscc:
            raise PackError("not-open", order=said.order, state=str(job.order.state))
        if job.packed is not None and not said.again and said.sscc in ("", job.packed.sscc):
            _same(job.packed, said)
            return job.packed
        epcs, units = _content(db, job, said)
        left_out = _left_out(db, work, job, units, said)
        parted = ""
        if said.rest:
            job, parted = _parted(db, work, job, units, said.by, None if planning is None else planning(at_us))
        verdict = _checked(job, said, epcs, units, needs_weight)
        found = differences(job.lines, units, epcs, job.epcs)
        _bind(db, job, epcs, at_us)
        if planning is not None and job.order.parcel is None and said.weighed_g:
            work.told += _carried(db, planning(at_us), said, job.proposed.dims_mm, at_us)
        sscc = parcels.label_within(db, work, given, said.order, said.by, at_us, said.sscc, said.again)
        labelled = work.changes.get(said.order, _as_it_is)
        work.changes[said.order] = lambda now: replace(labelled(now), items=epcs)
        if job.state not in (None, FulfilmentState.VERIFIED, FulfilmentState.PACKED):  # a person says so
            work.report(said.order, FulfilmentTurn.PACKED)
        lacking = _use_up(db, sscc, used, said.by, at_us)
        row = _row(job, said, sscc, verdict, tuple(one for one in found if not one.kind.units_differ), at_us)
        _store(db, job, row, units, epcs)
        if job.verified and verdict is not None and verdict.result is WeightResult.RIGHT:
            _learn(db, job, said.weighed_g)
        body: dict[str, str | int | list[str]] = {
            "sscc": sscc, "station": said.station, "carton": row.carton, "weight_g": row.weighed_g,
            "epcs": list(epcs), "differences": [f"{one.kind} {one.what}" for one in row.differences],
        }  # fmt: skip
        if parted:
            body["rest"] = parted
        if left_out:
            body["back"] = left_out
        if lacking:
            body["lacking"] = lacking
        work.told.append(OutboxTold("parcel.packed.v1", said.order, body))
        work.finish()
        return row


def _same(packed: PackRow, said: PackSaid) -> None:
    """Raises PackError where somebody else packed it meanwhile; who says the parcel's own number, says it again."""
    if not said.sscc and packed.by != said.by:
        raise PackError("packed", order=said.order, by=packed.by, station=packed.station, sscc=packed.sscc)


def _as_it_is(order: Order) -> Order:
    return order


def _job(db: sa.Connection, name: str, rules: QualityRules, propose: Propose) -> PackJob:
    job = pack_jobs.job_of(db, name, rules, propose)
    if job is None:
        raise PackError("no-order", order=name)
    return job


def _content(db: sa.Connection, job: PackJob, said: PackSaid) -> tuple[tuple[str, ...], dict[str, int]]:
    """The items in the parcel, and all units by article."""
    if said.from_tote:
        if not job.verified:
            raise PackError("not-verified", order=said.order)
        return job.epcs, {line.article: line.units for line in job.lines if line.units}
    epcs = tuple(dict.fromkeys(said.epcs))
    units = Counter(said.units) + Counter(pack_jobs.article_of(db, job.lines, epcs).values())
    return epcs, dict(units)


def _left_out(db: sa.Connection, work: SaleWork, job: PackJob, units: Mapping[str, int], said: PackSaid) -> str:
    """The fulfilment that has what was cancelled, and goes back; empty = nothing was. Raises PackError.

    The packer has it in hand, so the packer says so: what nobody saw would stay in the tote, or be in the parcel.
    """
    for line in job.lines:
        inside = units.get(line.article, 0) > line.units  # `differences` says so
        if line.back > said.back.get(line.article, 0) and not inside:
            raise PackError("put-back", what=line.article, units=line.back)
    if job.state is None or not any(line.back for line in job.lines):
        return ""
    return parting.leave_out(db, work, said.order, said.station, said.by)


def _parted(
    db: sa.Connection, work: SaleWork, job: PackJob, units: Mapping[str, int], by: str, planning: Planning | None
) -> tuple[PackJob, str]:
    """The job without what lacks, and the fulfilment that has it. Raises PackError."""
    rest = {line.article: n for line in job.lines if (n := line.units - units.get(line.article, 0)) > 0}
    if not rest or job.order.parcel or job.refusals:
        return job, ""
    new = parting.part_off(db, work, job.order, rest, by, planning)
    if isinstance(new, ServiceRefusal):
        raise PackError("nobody-carries", why=new)
    if not new:
        raise PackError("cannot-part", order=job.order.id)
    lines = tuple(replace(line, units=line.units - rest.get(line.article, 0)) for line in job.lines)
    parts = tuple(replace(part, units=n) for part in job.parts if (n := part.units - rest.get(part.sku, 0)) > 0)
    return replace(job, lines=lines, parts=parts, epcs=()), new


def _checked(
    job: PackJob, said: PackSaid, epcs: tuple[str, ...], units: Mapping[str, int], needs_weight: bool
) -> WeightVerdict | None:
    """Raises PackError for the first that keeps the parcel here."""
    order = job.order
    if order.state is not OrderState.OPEN:
        raise PackError("not-open", order=order.id, state=str(order.state))
    if job.refusals:
        first = job.refusals[0]
        raise PackError("refused", order=order.id, sku=first.sku, fault=first.fault)
    if job.due:
        raise PackError("due", order=order.id, sku=job.due[0].sku)
    if not job.verified and not said.unverified:
        raise PackError("not-verified", order=order.id)
    for one in differences(job.lines, units, epcs, job.epcs):
        if one.kind.units_differ or not said.differs:
            raise PackError(str(one.kind), what=one.what, units=one.units)
    for check in after_checks(job.proposed):
        if check not in said.checked:
            raise PackError(f"unchecked-{check}")
    if needs_weight and not said.weighed_g:
        raise PackError("no-weight")
    verdict = weighed(job, said.weighed_g).verdict
    if verdict is not None and verdict.result is not WeightResult.RIGHT and not said.overruled:
        raise PackError(
            f"weight-{verdict.result}",
            weighed=verdict.weighed_g,
            expected=verdict.expected_g,
            tolerance=verdict.tolerance_g,
        )
    return verdict


def _bind(db: sa.Connection, job: PackJob, epcs: tuple[str, ...], at_us: int) -> None:
    """Items are this parcel's, and those that it was packed with before and is not now are nobody's.

    Raises PackError for one that another open parcel or fulfilment has.
    """
    its, label, other = tables.pack_items.c, floor.parcels.parcels.c, floor.orders.c
    query = (
        sa.select(its.epc, label.fulfilment)
        .join(floor.parcels.parcels, label.sscc == its.sscc)
        .join(floor.orders, other.id == label.fulfilment)
        .where(
            dialect.among(db, its.epc, epcs),
            label.voided_us == 0,
            label.fulfilment != job.order.id,
            other.state == str(OrderState.OPEN),
        )
    )
    for epc, holder in db.execute(query):
        raise PackError("item-elsewhere", item=epc, order=holder)
    items = stock_tables.items
    known = {
        row.epc: row.fulfilment for row in db.execute(sa.select(items).where(dialect.among(db, items.c.epc, epcs)))
    }
    for epc, holder in sorted(known.items()):
        if holder not in ("", job.order.id):
            raise PackError("item-elsewhere", item=epc, order=holder)
    pack = tables.packs.c
    before = sa.select(its.epc).join(tables.packs, pack.sscc == its.sscc).where(pack.fulfilment == job.order.id)
    if out := set(db.execute(before.where(its.epc != "")).scalars()) - set(epcs):
        which = sa.and_(dialect.among(db, items.c.epc, out), items.c.fulfilment == job.order.id)
        db.execute(items.update().where(which).values(fulfilment="", since_us=at_us))
    if mine := [epc for epc, holder in known.items() if not holder]:
        now = {"fulfilment": job.order.id, "since_us": at_us}
        db.execute(items.update().where(dialect.among(db, items.c.epc, mine)).values(now))


def _carried(
    db: sa.Connection, by: Planning, said: PackSaid, dims_mm: tuple[int, int, int] | None, at_us: int
) -> tuple[OutboxTold, ...]:
    """Who carries it by its true weight; what the outbox is to say. Raises PackError where nobody does."""
    found = choosing.rechoose(db, by, said.order, said.weighed_g, dims_mm, at_us)
    if found is None:
        return ()
    if found.refused is not None:
        raise PackError("nobody-carries", why=found.refused)
    return found.told


def _use_up(db: sa.Connection, sscc: str, used: Mapping[str, int], by: str, at_us: int) -> list[str]:
    """Takes materials out of the books, from where most of each lies; those of which too little is there."""
    rows = books.bin_rows(db, used)
    moved: list[Movement] = []
    lacking: list[str] = []
    for sku, units in sorted(used.items()):
        left = units
        there = [row for key, row in rows.items() if key.sku == sku and key.condition is StockCondition.SELLABLE]
        for row in sorted(there, key=lambda row: (-row.free, row.key)):
            if (n := min(left, row.free)) <= 0:
                break
            left -= n
            moved.append(_used(sscc, len(moved), row.key, n, at_us))
        if left > 0:
            lacking.append(sku)
    if moved:
        moving.record(db, moved, by)
    return lacking


def _used(sscc: str, n: int, at: BinKey, units: int, at_us: int) -> Movement:
    cause = StockCause("pack", sscc, n)
    return Movement(cause=cause, kind=MovementKind.SHIP, quantity=units, at_us=at_us, source=at, why="packed")


def _row(
    job: PackJob,
    said: PackSaid,
    sscc: str,
    verdict: WeightVerdict | None,
    found: tuple[PackDifference, ...],
    at_us: int,
) -> PackRow:
    right = verdict is None or verdict.result is WeightResult.RIGHT
    return PackRow(
        sscc=sscc,
        fulfilment=said.order,
        station=said.station,
        carton=said.carton or job.proposed.carton,
        weighed_g=said.weighed_g,
        expected_g=verdict.expected_g if verdict else 0,
        tolerance_g=verdict.tolerance_g if verdict else 0,
        result=str(verdict.result) if verdict else "",
        blind=len(verdict.blind) if verdict else 0,
        overruled="" if right else said.overruled,
        unverified="" if job.verified else said.unverified,
        differs=said.differs if found else "",
        differences=found,
        by=said.by,
        at_us=at_us,
    )


def _store(db: sa.Connection, job: PackJob, row: PackRow, units: Mapping[str, int], epcs: tuple[str, ...]) -> None:
    values = {name: getattr(row, name) for name in PackRow.__slots__ if name != "differences"}
    values["body"] = msgspec.json.encode(row.differences).decode()
    for table in (tables.packs, tables.pack_items):  # the same number once more: as it is now
        db.execute(table.delete().where(table.c.sscc == row.sscc))
    db.execute(tables.packs.insert().values(values))
    rows = [(row.sscc, *one) for one in _items(db, job, units, epcs)]
    dialect.bulk_insert(db, tables.pack_items, ("sscc", "article", "lot", "epc", "units"), rows)


def _items(
    db: sa.Connection, job: PackJob, units: Mapping[str, int], epcs: tuple[str, ...]
) -> Iterator[tuple[str, str, str, int]]:
    """(article, lot, EPC, units): items with their own lots, the rest with those that are reserved for the order."""
    items, has = stock_tables.items, stock_tables.reservations.c
    lot_of = {
        row.epc: row.lot or "" for row in db.execute(sa.select(items).where(dialect.among(db, items.c.epc, epcs)))
    }
    query = sa.select(has.sku, has.lot, sa.func.sum(has.quantity)).where(
        has.fulfilment == job.order.id, has.state.in_(("staged", "hard"))
    )
    lots = {(sku, lot or ""): int(n) for sku, lot, n in db.execute(query.group_by(has.sku, has.lot).order_by(has.lot))}
    left = Counter(units)
    for epc, article in pack_jobs.article_of(db, job.lines, epcs).items():
        lot = lot_of.get(epc, "")
        left[article] -= 1
        if (article, lot) in lots:
            lots[article, lot] -= 1
        yield article, lot, epc, 1
    for (sku, lot), n in lots.items():
        if (some := min(n, left[sku])) > 0:
            left[sku] -= some
            yield sku, lot, "", some
    for article, n in sorted((+left).items()):
        yield article, "", "", n


def _learn(db: sa.Connection, job: PackJob, grams: int) -> None:
    """A parcel of one article alone teaches what its units weigh."""
    packaging = job.proposed.packaging_g
    if len(job.parts) == 1 and packaging is not None:
        (part,) = job.parts
        weights.teach(db, part.sku, grams, part.units, packaging, verified=True)
