"""What each key figure counts, one query for each: a row for every order, parcel or event of a time.

Public names: KpiWindow, source_of, PART.

The rows have ``subject`` (an order, a fulfilment, an article; empty = nobody knows), ``hit`` and ``weight``, whose sums
are numerator and denominator (of a time: how long, and 1), and a column for each dimension, empty where it has none.
Where they have ``part``, reasons are causes: its sum is the numerator of each, of the whole site's denominator. Days
and the list of orders behind a number come from the same query, so they agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa

from edge.core.values.verdicts import GateVerdict, Outcome, RouteReason
from edge.orders.articles import Goods
from edge.orders.kpis import Dimension, FlowStep
from edge.orders.stock import MovementKind
from edge.site import dialect, tables
from edge.site.flow_facts import CHECKED
from edge.site.stories import WORK
from edge.site.tables import kpis, parcels, picks, sales, stock

PART = "part"
_HOUR_US = 3_600_000_000
_MONTH_US = 720 * _HOUR_US
_Column = sa.ColumnElement[Any]
_Dims = dict[Dimension, _Column]


class KpiWindow(NamedTuple):
    """From an instant until before another. ``now_us``: what was to be later is not over yet."""

    begin_us: int
    end_us: int
    now_us: int

    def has(self, column: _Column) -> _Column:
        """Whether an instant lies in it."""
        return sa.and_(column >= self.begin_us, column < self.end_us)

    @property
    def over_us(self) -> int:
        """Until before this instant what was due in it is over."""
        return min(self.end_us, self.now_us)

    def hour(self, column: _Column) -> _Column:
        """Which hour of it, from 0."""
        return (column - self.begin_us) // _HOUR_US


def source_of(db: sa.Connection, name: str, window: KpiWindow) -> sa.Subquery:
    """The rows of a figure. Raises KeyError for one that has none."""
    if name.startswith("cycle."):
        begin, _, end = name.removeprefix("cycle.").partition("-")
        return _cycle(FlowStep(begin), FlowStep(end), window).subquery()
    return _SOURCES[name](db, window).subquery()


def _rows(
    subject: _Column, hit: _Column | int, weight: _Column | int, dims: _Dims, part: _Column | None = None
) -> sa.Select[Any]:
    big = sa.BigInteger()
    columns: list[_Column] = [
        subject.label("subject"),
        sa.cast(hit, big).label("hit"),
        sa.cast(weight, big).label("weight"),
    ]
    if part is not None:
        columns.append(sa.cast(part, big).label(PART))
    for one, column in dims.items():
        columns.append((column if one is Dimension.HOUR else sa.func.coalesce(column, "")).label(str(one)))
    return sa.select(*columns)


def _flag(whether: _Column) -> _Column:
    return sa.case((whether, 1), else_=0)


_SALE, _FLOOR, _MEMBER = sales.orders, tables.orders, picks.members
_CHANNEL = sa.func.coalesce(_SALE.c.channel, _FLOOR.c.channel)


def _carrier(member: Any = _MEMBER.c) -> _Column:
    return sa.case((member.code == "", member.carrier), else_=member.carrier + "/" + member.code)


def _shipped_by(query: sa.Select[Any], base: sa.FromClause, fulfilment: _Column) -> sa.Select[Any]:
    """Beside a fulfilment its place in a wave, its sales order, and what the lines know of it, where there is any."""
    return query.select_from(
        base.outerjoin(_MEMBER, _MEMBER.c.fulfilment == fulfilment)
        .outerjoin(_SALE, _SALE.c.id == _MEMBER.c.sales_id)
        .outerjoin(_FLOOR, _FLOOR.c.id == fulfilment)
    )


def _one_picker(fulfilment: _Column) -> _Column:
    """Who picked it, where one did all of it."""
    line, task = picks.lines, picks.tasks
    who = sa.case((sa.func.count(task.c.picker.distinct()) == 1, sa.func.min(task.c.picker)), else_="")
    return (
        sa.select(who)
        .select_from(line.join(task, task.c.id == line.c.task))
        .where(line.c.fulfilment == fulfilment, line.c.picked > 0, task.c.picker != "")
        .scalar_subquery()
    )


def _goods() -> _Column:
    """The class of an article: what a carrier must be willing to take first of all."""
    marks = (Goods.LIMITED_QUANTITY, Goods.BATTERY, Goods.LIQUID, Goods.FRAGILE)
    mask = stock.skus.c.goods
    named = [(mask.bitwise_and(int(one)) > 0, str(one.name).lower().replace("_", "-")) for one in marks]
    return sa.case(*named, else_="plain")


# ---- times -----------------------------------------------------------------------------------------------------------


def _cycle(begin: FlowStep, end: FlowStep, window: KpiWindow) -> sa.Select[Any]:
    later, sooner = kpis.steps.alias("later"), kpis.steps.alias("sooner")
    done = sa.and_(later.c.step == str(end), window.has(later.c.at_us), sooner.c.at_us <= later.c.at_us)
    took = later.c.at_us - sooner.c.at_us
    dims: _Dims = {Dimension.HOUR: window.hour(later.c.at_us)}
    if end is FlowStep.ACCEPTED:
        joined = later.join(sooner, sa.and_(sooner.c.subject == later.c.subject, sooner.c.step == str(begin)))
        dims[Dimension.CHANNEL] = _SALE.c.channel
        return (
            _rows(later.c.subject, took, 1, dims)
            .select_from(joined.outerjoin(_SALE, _SALE.c.id == later.c.subject))
            .where(done)
        )
    dims |= {Dimension.CHANNEL: _CHANNEL, Dimension.CARRIER: _carrier()}
    by_order = begin in (FlowStep.TAKEN, FlowStep.ACCEPTED)
    subject = _MEMBER.c.sales_id if by_order else later.c.subject
    joined = (
        later.outerjoin(_MEMBER, _MEMBER.c.fulfilment == later.c.subject)
        .join(sooner, sa.and_(sooner.c.subject == subject, sooner.c.step == str(begin)))
        .outerjoin(_SALE, _SALE.c.id == _MEMBER.c.sales_id)
        .outerjoin(_FLOOR, _FLOOR.c.id == later.c.subject)
    )
    return _rows(later.c.subject, took, 1, dims).select_from(joined).where(done)


# ---- orders ----------------------------------------------------------------------------------------------------------


def _touchless(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    change, step = sales.changes.c, kpis.steps.c
    touched = sa.exists().where(
        change.order_id == _SALE.c.id,
        change.by.not_in(("", "review")),
        change.by != _SALE.c.channel,
        change.what.not_in((*WORK, "put-back")),  # what people do with goods, not with the order
    )
    accepted = sa.exists().where(step.subject == _SALE.c.id, step.step == str(FlowStep.ACCEPTED))
    dims: _Dims = {Dimension.CHANNEL: _SALE.c.channel}
    return _rows(_SALE.c.id, _flag(~touched), 1, dims).where(window.has(_SALE.c.taken_us), accepted)


def _held(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    """An order that was held by several codes has a row for each, and counts once."""
    its = kpis.facts
    code = sa.case((its.c.code == "", "by-hand"), else_=its.c.code)
    held = sa.and_(its.c.subject == _SALE.c.id, its.c.kind == "held")
    found = (
        sa.select(_SALE.c.id, _SALE.c.channel, sa.case((its.c.kind.is_not(None), code), else_="").label("code"))
        .select_from(_SALE.outerjoin(its, held))
        .where(window.has(_SALE.c.taken_us))
        .distinct()
        .subquery()
    ).c
    first = sa.func.row_number().over(partition_by=found.id, order_by=found.code) == 1
    dims: _Dims = {Dimension.CHANNEL: found.channel, Dimension.REASON: found.code}
    held_once = _flag(sa.and_(found.code != "", first))
    return _rows(found.id, held_once, _flag(first), dims, _flag(found.code != ""))


# ---- the lines -------------------------------------------------------------------------------------------------------


def _checked(wrong: bool) -> Callable[[sa.Connection, KpiWindow], sa.Select[Any]]:
    def rows(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
        its = kpis.steps.c
        refused = its.code != ""
        dims: _Dims = {
            Dimension.STATION: its.place,
            Dimension.CHANNEL: _CHANNEL,
            Dimension.PICKER: _one_picker(its.subject),
            Dimension.HOUR: window.hour(its.at_us),
            Dimension.REASON: its.code,
        }
        made = _rows(its.subject, _flag(refused if wrong else ~refused), 1, dims, _flag(refused))
        return _shipped_by(made, kpis.steps, its.subject).where(its.step == CHECKED, window.has(its.at_us))

    return rows


def _fact(kind: str, code: str) -> Callable[[sa.Connection, KpiWindow], sa.Select[Any]]:
    def rows(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
        its = kpis.facts.c
        dims: _Dims = {
            Dimension.STATION: its.place,
            Dimension.CARRIER: _carrier(),
            Dimension.HOUR: window.hour(its.at_us),
        }
        made = _rows(its.subject, _flag(its.code == code), 1, dims)
        return _shipped_by(made, kpis.facts, its.subject).where(its.kind == kind, window.has(its.at_us))

    return rows


# ---- stock and picking -----------------------------------------------------------------------------------------------


def _accuracy(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its = stock.movements.c
    right = sa.and_(its.kind == str(MovementKind.COUNT), its.quantity == 0)
    why = sa.case((right, ""), (its.why == "", its.kind), else_=its.why)
    dims: _Dims = {Dimension.GOODS: _goods(), Dimension.REASON: why}
    return (
        _rows(its.sku, _flag(right), 1, dims, _flag(~right))
        .select_from(stock.movements.outerjoin(stock.skus, stock.skus.c.sku == its.sku))
        .where(its.kind.in_((str(MovementKind.COUNT), str(MovementKind.CORRECTION))), window.has(its.at_us))
    )


def _picked(missing: bool) -> Callable[[sa.Connection, KpiWindow], sa.Select[Any]]:
    def rows(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
        its = picks.lines.c
        taken = sa.case((its.picked < its.quantity, its.picked), else_=its.quantity)
        dims: _Dims = {
            Dimension.CHANNEL: _CHANNEL,
            Dimension.GOODS: _goods(),
            Dimension.REASON: its.reason,
            Dimension.PICKER: picks.tasks.c.picker,
            Dimension.SKU: its.sku,
            Dimension.HOUR: window.hour(its.at_us),
        }
        base = picks.lines.join(picks.tasks, picks.tasks.c.id == its.task)
        base = base.outerjoin(stock.skus, stock.skus.c.sku == its.sku)
        lacking = its.quantity - taken
        made = _rows(its.fulfilment, lacking if missing else taken, its.quantity, dims, lacking)
        ended = sa.or_(its.picked >= its.quantity, its.reason != "")
        return _shipped_by(made, base, its.fulfilment).where(window.has(its.at_us), its.withdrawn.is_(False), ended)

    return rows


def _material(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its, label = stock.movements.c, parcels.parcels.c
    left = (
        sa.select(its.sku.label("subject"), its.quantity.label("hit"), sa.literal(0).label("weight"))
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
    return _rows(both.c.subject, both.c.hit, both.c.weight, {})


# ---- service ---------------------------------------------------------------------------------------------------------


def _members(query: sa.Select[Any]) -> sa.Select[Any]:
    """Members of released waves that were not cancelled."""
    return query.select_from(
        _MEMBER.join(picks.waves, picks.waves.c.id == _MEMBER.c.wave).outerjoin(_SALE, _SALE.c.id == _MEMBER.c.sales_id)
    ).where(picks.waves.c.released_us > 0, _MEMBER.c.ended != "cancelled")


def _in_lane(by: _Column) -> _Column:
    return sa.and_(_MEMBER.c.ended == "shipped", _MEMBER.c.ended_us <= by)


def _departed(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its = _MEMBER.c
    dims: _Dims = {
        Dimension.CHANNEL: _SALE.c.channel,
        Dimension.CARRIER: _carrier(),
        Dimension.HOUR: window.hour(its.cutoff_us),
    }
    made = _rows(its.fulfilment, _flag(_in_lane(its.cutoff_us)), 1, dims)
    return _members(made).where(its.cutoff_us >= window.begin_us, its.cutoff_us < window.over_us)


def _delivered(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its, step = _MEMBER.c, kpis.steps.c
    told, spoke = kpis.steps.alias("told"), _MEMBER.alias("spoke")
    tells = (
        sa.select(spoke.c.carrier)
        .select_from(told.join(spoke, spoke.c.fulfilment == told.c.subject))
        .where(told.c.step == str(FlowStep.DELIVERED), told.c.at_us >= window.begin_us - _MONTH_US)
    )
    there = sa.exists().where(
        step.subject == its.fulfilment, step.step == str(FlowStep.DELIVERED), step.at_us < its.delivered_us
    )
    dims: _Dims = {Dimension.CHANNEL: _SALE.c.channel, Dimension.CARRIER: _carrier()}
    made = _rows(its.fulfilment, _flag(there), 1, dims)
    due = sa.and_(its.delivered_us >= window.begin_us, its.delivered_us < window.over_us, its.ended == "shipped")
    return _members(made).where(due, its.carrier.in_(tells))


def _forecast(_: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
    its, told = _MEMBER.c, picks.late.c
    dims: _Dims = {Dimension.REASON: told.reason}
    return (
        _rows(told.fulfilment, _flag(~_in_lane(told.cutoff_us)), 1, dims)
        .select_from(picks.late.join(_MEMBER, its.fulfilment == told.fulfilment))
        .where(told.cutoff_us >= window.begin_us, told.cutoff_us < window.over_us, its.ended != "cancelled")
    )


def _cost(of_orders: bool) -> Callable[[sa.Connection, KpiWindow], sa.Select[Any]]:
    def rows(db: sa.Connection, window: KpiWindow) -> sa.Select[Any]:
        its, step = _MEMBER.c, kpis.steps.c
        cost = sa.func.coalesce(dialect.number_in(db, its.body, "cost"), 0)
        dims: _Dims = {Dimension.CHANNEL: _SALE.c.channel, Dimension.CARRIER: _carrier()}
        first = sa.func.row_number().over(partition_by=its.sales_id, order_by=its.fulfilment) == 1
        subject, weight = (its.sales_id, _flag(first)) if of_orders else (its.fulfilment, sa.literal(1))
        sorted_now = sa.and_(step.step == str(FlowStep.SORTED), window.has(step.at_us))
        base = kpis.steps.join(_MEMBER, its.fulfilment == step.subject).outerjoin(_SALE, _SALE.c.id == its.sales_id)
        return _rows(subject, cost, weight, dims).select_from(base).where(sorted_now)

    return rows


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
    "on-time-departed": _departed,
    "on-time-delivered": _delivered,
    "late-forecast": _forecast,
    "cost.parcel": _cost(of_orders=False),
    "cost.order": _cost(of_orders=True),
    "material": _material,
}
