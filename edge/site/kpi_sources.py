"""What each key figure counts, one query for each: a row for every order, parcel or event of a time.

Public names: KpiWindow, PART, source_of.

Days and the list of orders behind a number come from the same query, so they agree. The rows: `edge.site.kpi_rows`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from edge.core.values.verdicts import GateVerdict, Outcome, RouteReason
from edge.orders.kpis import Dimension, FlowStep
from edge.orders.stock import MovementKind
from edge.site import kpi_service
from edge.site.flow_facts import CHECKED
from edge.site.kpi_rows import (
    CHANNEL,
    FLOOR,
    MEMBER,
    PART,
    SALE,
    Column,
    Dims,
    KpiWindow,
    carrier_of,
    flag,
    goods_class,
    one_picker,
    rows_of,
    shipped_by,
)
from edge.site.stories import WORK
from edge.site.tables import kpis, parcels, picks, sales, stock

__all__ = ["PART", "KpiWindow", "source_of"]


def source_of(db: sa.Connection, name: str, window: KpiWindow) -> sa.CTE:
    """The rows of a figure. Raises KeyError for one that has none."""
    if name.startswith("cycle."):
        begin, _, end = name.removeprefix("cycle.").partition("-")
        return _cycle(FlowStep(begin), FlowStep(end), window).cte("counted")
    return _SOURCES[name](db, window).cte("counted")


# ---- times -----------------------------------------------------------------------------------------------------------


def _cycle(begin: FlowStep, end: FlowStep, window: KpiWindow) -> sa.Select[Any]:
    its, sooner = kpis.steps.alias("step"), kpis.steps.alias("sooner")
    reached = sa.select(its.c.subject, its.c.at_us).where(its.c.step == str(end), window.has(its.c.at_us))
    later = kpi_service.arrivals(window) if end is FlowStep.DELIVERED else reached.subquery("later")
    took = later.c.at_us - sooner.c.at_us
    dims: Dims = {Dimension.HOUR: window.hour(later.c.at_us)}
    channel: Column = CHANNEL
    if end is FlowStep.ACCEPTED:
        subject, base = later.c.subject, later.outerjoin(SALE, SALE.c.id == later.c.subject)
        channel = SALE.c.channel
    else:
        by_order = begin in (FlowStep.TAKEN, FlowStep.ACCEPTED)
        subject = MEMBER.c.sales_id if by_order else later.c.subject
        base = later.outerjoin(MEMBER, MEMBER.c.fulfilment == later.c.subject)
        base = base.outerjoin(SALE, SALE.c.id == MEMBER.c.sales_id).outerjoin(FLOOR, FLOOR.c.id == later.c.subject)
        dims[Dimension.CARRIER] = carrier_of()
    dims[Dimension.CHANNEL] = channel
    begun = sa.and_(sooner.c.subject == subject, sooner.c.step == str(begin), sooner.c.at_us <= later.c.at_us)
    return rows_of(later.c.subject, took, 1, dims).select_from(base.join(sooner, begun))


# ---- orders ----------------------------------------------------------------------------------------------------------


def _touchless(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    change, step = sales.changes.c, kpis.steps.c
    touched = sa.exists().where(
        change.order_id == SALE.c.id,
        change.by.not_in(("", "review")),
        change.by != SALE.c.channel,
        change.what.not_in((*WORK, "put-back")),  # what people do with goods, not with the order
    )
    accepted = sa.exists().where(step.subject == SALE.c.id, step.step == str(FlowStep.ACCEPTED))
    dims: Dims = {Dimension.CHANNEL: SALE.c.channel}
    return rows_of(SALE.c.id, flag(~touched), 1, dims).where(window.has(SALE.c.taken_us), accepted)


def _held(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    """An order that was held by several codes has a row for each, and counts once."""
    its = kpis.facts
    code = sa.case((its.c.code == "", "by-hand"), else_=its.c.code)
    held = sa.and_(its.c.subject == SALE.c.id, its.c.kind == "held")
    found = (
        sa.select(SALE.c.id, SALE.c.channel, sa.case((its.c.kind.is_not(None), code), else_="").label("code"))
        .select_from(SALE.outerjoin(its, held))
        .where(window.has(SALE.c.taken_us))
        .distinct()
        .subquery()
    ).c
    first = sa.func.row_number().over(partition_by=found.id, order_by=found.code) == 1
    dims: Dims = {Dimension.CHANNEL: found.channel, Dimension.REASON: found.code}
    held_once = flag(sa.and_(found.code != "", first))
    return rows_of(found.id, held_once, flag(first), dims, flag(found.code != ""))


# ---- the lines -------------------------------------------------------------------------------------------------------


def _checked(wrong: bool) -> Callable[[sa.Connection, KpiWindow], sa.Select[Any]]:
    def rows(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
        its = kpis.steps.c
        refused = its.code != ""
        dims: Dims = {
            Dimension.STATION: its.place,
            Dimension.CHANNEL: CHANNEL,
            Dimension.PICKER: one_picker(its.subject),
            Dimension.HOUR: window.hour(its.at_us),
            Dimension.REASON: its.code,
        }
        made = rows_of(its.subject, flag(refused if wrong else ~refused), 1, dims, flag(refused))
        return shipped_by(made, kpis.steps, its.subject).where(its.step == CHECKED, window.has(its.at_us))

    return rows


def _fact(kind: str, code: str) -> Callable[[sa.Connection, KpiWindow], sa.Select[Any]]:
    def rows(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
        its = kpis.facts.c
        dims: Dims = {
            Dimension.STATION: its.place,
            Dimension.CARRIER: carrier_of(),
            Dimension.HOUR: window.hour(its.at_us),
        }
        made = rows_of(its.subject, flag(its.code == code), 1, dims)
        return shipped_by(made, kpis.facts, its.subject).where(its.kind == kind, window.has(its.at_us))

    return rows


# ---- stock and picking -----------------------------------------------------------------------------------------------


def _accuracy(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its = stock.movements.c
    right = sa.and_(its.kind == str(MovementKind.COUNT), its.quantity == 0)
    why = sa.case((right, ""), (its.why == "", its.kind), else_=its.why)
    dims: Dims = {Dimension.GOODS: goods_class(), Dimension.REASON: why}
    return (
        rows_of(its.sku, flag(right), 1, dims, flag(~right))
        .select_from(stock.movements.outerjoin(stock.skus, stock.skus.c.sku == its.sku))
        .where(its.kind.in_((str(MovementKind.COUNT), str(MovementKind.CORRECTION))), window.has(its.at_us))
    )


def _picked(missing: bool) -> Callable[[sa.Connection, KpiWindow], sa.Select[Any]]:
    def rows(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
        its = picks.lines.c
        taken = sa.case((its.picked < its.quantity, its.picked), else_=its.quantity)
        dims: Dims = {
            Dimension.CHANNEL: CHANNEL,
            Dimension.GOODS: goods_class(),
            Dimension.REASON: its.reason,
            Dimension.PICKER: picks.tasks.c.picker,
            Dimension.SKU: its.sku,
            Dimension.HOUR: window.hour(its.at_us),
        }
        base = picks.lines.join(picks.tasks, picks.tasks.c.id == its.task)
        base = base.outerjoin(stock.skus, stock.skus.c.sku == its.sku)
        lacking = its.quantity - taken
        made = rows_of(its.fulfilment, lacking if missing else taken, its.quantity, dims, lacking)
        ended = sa.or_(its.picked >= its.quantity, its.reason != "")
        return shipped_by(made, base, its.fulfilment).where(window.has(its.at_us), its.withdrawn.is_(False), ended)

    return rows


def _material(worth: Column) -> Callable[[sa.Connection, KpiWindow], sa.Select[Any]]:
    """``worth``: of a unit that was used up."""

    def rows(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
        return _used_up(worth, window)

    return rows


def _used_up(worth: Column, window: KpiWindow) -> sa.Select[Any]:
    its, label = stock.movements.c, parcels.parcels.c
    left = (
        sa.select(its.sku.label("subject"), (its.quantity * worth).label("hit"), sa.literal(0).label("weight"))
        .select_from(stock.movements.join(stock.skus, stock.skus.c.sku == its.sku))
        .where(
            stock.skus.c.material,
            its.target.is_(None),
            its.kind.not_in((str(MovementKind.COUNT), str(MovementKind.CORRECTION))),
            window.has(its.at_us),
        )
    )
    labelled = sa.select(label.fulfilment, sa.literal(0), sa.literal(1)).where(
        window.has(label.labelled_us), label.fulfilment != "", label.voided_us == 0
    )
    both = sa.union_all(left, labelled).subquery()
    return rows_of(both.c.subject, both.c.hit, both.c.weight, {})


_SOURCES: dict[str, Callable[[sa.Connection, KpiWindow], sa.Select[Any]]] = {
    "touchless": _touchless,
    "held": _held,
    "pick-accuracy": _checked(wrong=False),
    "refused": _checked(wrong=True),
    "no-read": _fact("route", RouteReason.NO_READ),
    "mis-sort": _fact("sorted", Outcome.MISSORTED),
    "wrong-door": _fact("gate", GateVerdict.WRONG),
    "stock-accuracy": _accuracy,
    "fill-rate": _picked(missing=False),
    "short": _picked(missing=True),
    "material": _material(sa.literal(1)),
    "cost.material": _material(stock.skus.c.value),
    **kpi_service.SOURCES,
}
