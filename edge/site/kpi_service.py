"""What key figures of service count: on time, cost, parcels in trouble, returns, cases, what stations found.

Public names: SOURCES, arrivals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from edge.orders.cases import CaseKind, CaseState, ComplaintClass
from edge.orders.kpis import Dimension, FlowStep
from edge.orders.stock import MovementKind
from edge.site.kpi_rows import MEMBER, SALE, Column, Dims, KpiWindow, carrier_of, flag, rows_of
from edge.site.tables import cases, kpis, picks, stations, stock, tracking

_TRACKED = tracking.tracks.join(tracking.states, tracking.states.c.sscc == tracking.tracks.c.sscc)


def _members(query: sa.Select[Any]) -> sa.Select[Any]:
    """Members of released waves that were not cancelled."""
    return query.select_from(
        MEMBER.join(picks.waves, picks.waves.c.id == MEMBER.c.wave).outerjoin(SALE, SALE.c.id == MEMBER.c.sales_id)
    ).where(picks.waves.c.released_us > 0, MEMBER.c.ended != "cancelled")


def _in_lane(by: Column) -> Column:
    return sa.and_(MEMBER.c.ended == "shipped", MEMBER.c.ended_us <= by)


def _departed(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its = MEMBER.c
    dims: Dims = {
        Dimension.CHANNEL: SALE.c.channel,
        Dimension.CARRIER: carrier_of(),
        Dimension.HOUR: window.hour(its.cutoff_us),
    }
    made = rows_of(its.fulfilment, flag(_in_lane(its.cutoff_us)), 1, dims)
    return _members(made).where(its.cutoff_us >= window.begin_us, its.cutoff_us < window.over_us)


def _delivered(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its, state = tracking.tracks.c, tracking.states.c
    carrier = sa.case((its.service == "", its.carrier), else_=its.carrier + "/" + its.service)
    dims: Dims = {Dimension.CHANNEL: SALE.c.channel, Dimension.CARRIER: carrier}
    there = sa.and_(state.delivered_us > 0, state.delivered_us < its.promised_us)
    left = sa.or_(state.departed_us > 0, state.delivered_us > 0)
    return (
        rows_of(its.fulfilment, flag(there), 1, dims)
        .select_from(_TRACKED.outerjoin(SALE, SALE.c.id == its.sales_id))
        .where(its.promised_us >= window.begin_us, its.promised_us < window.over_us, left)
    )


def arrivals(window: KpiWindow) -> sa.Subquery:
    """Parcels that were delivered in a time, as steps of their fulfilments."""
    its, state = tracking.tracks.c, tracking.states.c
    query = sa.select(its.fulfilment.label("subject"), state.delivered_us.label("at_us"))
    return query.select_from(_TRACKED).where(window.has(state.delivered_us)).subquery("later")


def _forecast(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its, told = MEMBER.c, picks.late.c
    dims: Dims = {Dimension.REASON: told.reason}
    return (
        rows_of(told.fulfilment, flag(~_in_lane(told.cutoff_us)), 1, dims)
        .select_from(picks.late.join(MEMBER, its.fulfilment == told.fulfilment))
        .where(told.cutoff_us >= window.begin_us, told.cutoff_us < window.over_us, its.ended != "cancelled")
    )


def _cost(of_orders: bool) -> Callable[[sa.Connection, KpiWindow], sa.Select[Any]]:
    def rows(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
        its, step = MEMBER.c, kpis.steps.c
        dims: Dims = {Dimension.CHANNEL: SALE.c.channel, Dimension.CARRIER: carrier_of()}
        first = sa.func.row_number().over(partition_by=its.sales_id, order_by=its.fulfilment) == 1
        subject, weight = (its.sales_id, flag(first)) if of_orders else (its.fulfilment, sa.literal(1))
        base = kpis.steps.join(MEMBER, its.fulfilment == step.subject).outerjoin(SALE, SALE.c.id == its.sales_id)
        return (
            rows_of(subject, its.freight, weight, dims)
            .select_from(base)
            .where(step.step == str(FlowStep.SORTED), window.has(step.at_us), its.freight > 0)
        )

    return rows


# ---- beside each other: what went wrong, of all that went out --------------------------------------------------------


def _of_all(wrong: sa.Select[Any], all_of: sa.Select[Any], *dims: Dimension) -> sa.Select[Any]:
    """Rows of two queries, each with ``subject``, ``hit``, ``weight`` and the dimensions in their order."""
    both = sa.union_all(wrong, all_of).subquery().c
    return rows_of(both.subject, both.hit, both.weight, {one: both[str(one)] for one in dims}, both.hit)


def _departed_parcels(window: KpiWindow, *more: Column) -> sa.Select[Any]:
    """All parcels that were sorted into their carrier's lane."""
    step = kpis.steps.c
    base = kpis.steps.outerjoin(MEMBER, MEMBER.c.fulfilment == step.subject)
    query = sa.select(step.subject.label("subject"), sa.literal(0).label("hit"), sa.literal(1).label("weight"), *more)
    return query.select_from(base.outerjoin(SALE, SALE.c.id == MEMBER.c.sales_id)).where(
        step.step == str(FlowStep.SORTED), window.has(step.at_us)
    )


def _troubles(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    told, its = tracking.troubles.c, tracking.tracks.c
    carrier = sa.case((its.service == "", its.carrier), else_=its.carrier + "/" + its.service)
    wrong = (
        sa.select(
            its.fulfilment.label("subject"), sa.literal(1).label("hit"), sa.literal(0).label("weight"),
            carrier.label("carrier"), told.kind.label("reason"),
        )
        .select_from(tracking.troubles.join(tracking.tracks, its.sscc == told.sscc))
        .where(window.has(told.at_us))
    )  # fmt: skip
    all_of = _departed_parcels(window, carrier_of().label("carrier"), sa.literal("").label("reason"))
    return _of_all(wrong, all_of, Dimension.CARRIER, Dimension.REASON)


def _misshipped(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its = cases.cases.c
    wrong = (
        sa.select(
            its.order_id.label("subject"), sa.literal(1).label("hit"), sa.literal(0).label("weight"),
            SALE.c.channel.label("channel"),
        )
        .select_from(cases.cases.outerjoin(SALE, SALE.c.id == its.order_id))
        .where(
            window.has(its.opened_us),
            its["class"] == str(ComplaintClass.WRONG_OR_MISSING),
            its.state != str(CaseState.REFUSED),
        )
    )  # fmt: skip
    return _of_all(wrong, _departed_parcels(window, SALE.c.channel.label("channel")), Dimension.CHANNEL)


def _returned(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its, line, moved = cases.cases.c, cases.lines.c, stock.movements.c
    back = (CaseKind.RETURN, CaseKind.EXCHANGE)
    wrong = (
        sa.select(
            line.order_id.label("subject"), line.units.label("hit"), sa.literal(0).label("weight"),
            line.sku.label("sku"), line.reason.label("reason"),
        )
        .select_from(cases.cases.join(cases.lines, line.case == its.id))
        .where(window.has(its.opened_us), its.kind.in_([str(one) for one in back]))
    )  # fmt: skip
    all_of = sa.select(
        moved.cause_id.label("subject"), sa.literal(0).label("hit"), moved.quantity.label("weight"),
        moved.sku.label("sku"), sa.literal("").label("reason"),
    ).where(moved.kind == str(MovementKind.SHIP), moved.cause_kind != "pack", window.has(moved.at_us))  # fmt: skip
    return _of_all(wrong, all_of, Dimension.SKU, Dimension.REASON)


# ---- cases -----------------------------------------------------------------------------------------------------------


def _case_time(until: str) -> Callable[[sa.Connection, KpiWindow], sa.Select[Any]]:
    def rows(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
        its = cases.cases.c
        ended = its[until]
        dims: Dims = {Dimension.REASON: its["class"], Dimension.CHANNEL: SALE.c.channel}
        return (
            rows_of(its.order_id, ended - its.opened_us, 1, dims)
            .select_from(cases.cases.outerjoin(SALE, SALE.c.id == its.order_id))
            .where(ended > 0, window.has(ended), ended >= its.opened_us)
        )

    return rows


def _overdue(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its = cases.cases.c
    late = sa.or_(its.overdue_us > 0, sa.and_(its.closed_us == 0, its.resolved_us == 0))
    rows = rows_of(its.order_id, flag(late), 1, {Dimension.REASON: its["class"]})
    return rows.where(its.due_us >= window.begin_us, its.due_us < window.over_us)


# ---- stations --------------------------------------------------------------------------------------------------------


def _quality(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its = stations.checks.c
    refused = its.passed == 0
    dims: Dims = {Dimension.STATION: its.station, Dimension.SKU: its.sku, Dimension.REASON: its.fault}
    return rows_of(its.fulfilment, flag(refused), 1, dims, flag(refused)).where(window.has(its.at_us))


def _overruled(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its = stations.packs.c
    rows = rows_of(its.fulfilment, flag(its.overruled != ""), 1, {Dimension.STATION: its.station})
    return rows.where(window.has(its.at_us), its.weighed_g > 0)


def _carton_fill(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    """By the volumes that articles have; a carton is an article of packing material."""
    its, item = stations.packs.c, stations.pack_items.c
    box, goods = stock.skus.alias("box"), stock.skus.alias("goods")
    inside = (
        sa.select(sa.func.sum(item.units * goods.c.volume_mm3))
        .select_from(stations.pack_items.join(goods, goods.c.sku == item.article))
        .where(item.sscc == its.sscc)
        .scalar_subquery()
    )
    dims: Dims = {Dimension.STATION: its.station, Dimension.SKU: its.carton}
    return (
        rows_of(its.fulfilment, sa.func.coalesce(inside, 0), box.c.volume_mm3, dims)
        .select_from(stations.packs.join(box, box.c.sku == its.carton))
        .where(window.has(its.at_us), box.c.volume_mm3 > 0)
    )


def _feedback(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    said, its = tracking.feedback.c, tracking.tracks.c
    carrier = sa.case((its.service == "", its.carrier), else_=its.carrier + "/" + its.service)
    dims: Dims = {Dimension.CHANNEL: SALE.c.channel, Dimension.CARRIER: carrier}
    base = tracking.feedback.join(tracking.tracks, its.sscc == said.sscc)
    return (
        rows_of(its.fulfilment, said.score, 1, dims)
        .select_from(base.outerjoin(SALE, SALE.c.id == its.sales_id))
        .where(window.has(said.at_us))
    )


SOURCES: dict[str, Callable[[sa.Connection, KpiWindow], sa.Select[Any]]] = {
    "on-time-departed": _departed,
    "on-time-delivered": _delivered,
    "late-forecast": _forecast,
    "cost.parcel": _cost(of_orders=False),
    "cost.order": _cost(of_orders=True),
    "parcel-trouble": _troubles,
    "mis-ship": _misshipped,
    "return-rate": _returned,
    "case.first-answer": _case_time("first_us"),
    "case.resolved": _case_time("resolved_us"),
    "case.overdue": _overdue,
    "quality-refused": _quality,
    "weight-overruled": _overruled,
    "carton-fill": _carton_fill,
    "satisfaction": _feedback,
}
