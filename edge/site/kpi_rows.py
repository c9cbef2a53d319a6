"""The rows that key figures count: how they look, and what stands beside an order, a parcel or an article.

Public names: KpiWindow, PART, Column, Dims, rows_of, flag, carrier_of, shipped_by, one_picker, goods_class, CHANNEL,
SALE, FLOOR, MEMBER.

A row has ``subject`` (an order, a fulfilment, an article; empty = nobody knows), ``hit`` and ``weight``, whose sums are
numerator and denominator (of a time: how long, and 1), and a column for each dimension, empty where it has none. Where
it has ``part``, reasons are causes: its sum is the numerator of each, of the whole site's denominator.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import sqlalchemy as sa

from edge.orders.articles import Goods
from edge.orders.kpis import Dimension
from edge.site import tables
from edge.site.tables import picks, sales, stock

PART = "part"
_HOUR_US = 3_600_000_000
Column: TypeAlias = sa.ColumnElement[Any]
Dims: TypeAlias = dict[Dimension, Column]


class KpiWindow(NamedTuple):
    """From an instant until before another. ``now_us``: what was to be later is not over yet."""

    begin_us: int
    end_us: int
    now_us: int

    def has(self, column: Column) -> Column:
        """Whether an instant lies in it."""
        return sa.and_(column >= self.begin_us, column < self.end_us)

    @property
    def over_us(self) -> int:
        """Until before this instant what was due in it is over."""
        return min(self.end_us, self.now_us)

    def hour(self, column: Column) -> Column:
        """Which hour of it, from 0."""
        return (column - self.begin_us) // _HOUR_US


def rows_of(
    subject: Column, hit: Column | int, weight: Column | int, dims: Dims, part: Column | None = None
) -> sa.Select[Any]:
    big = sa.BigInteger()
    columns: list[Column] = [
        subject.label("subject"),
        sa.cast(hit, big).label("hit"),
        sa.cast(weight, big).label("weight"),
    ]
    if part is not None:
        columns.append(sa.cast(part, big).label(PART))
    for one, column in dims.items():
        columns.append((column if one is Dimension.HOUR else sa.func.coalesce(column, "")).label(str(one)))
    return sa.select(*columns)


def flag(whether: Column) -> Column:
    return sa.case((whether, 1), else_=0)


SALE, FLOOR, MEMBER = sales.orders, tables.orders, picks.members
CHANNEL = sa.func.coalesce(SALE.c.channel, FLOOR.c.channel)


def carrier_of(member: Any = MEMBER.c) -> Column:
    return sa.case((member.code == "", member.carrier), else_=member.carrier + "/" + member.code)


def shipped_by(query: sa.Select[Any], base: sa.FromClause, fulfilment: Column) -> sa.Select[Any]:
    """Beside a fulfilment its place in a wave, its sales order, and what the lines know of it, where there is any."""
    return query.select_from(
        base.outerjoin(MEMBER, MEMBER.c.fulfilment == fulfilment)
        .outerjoin(SALE, SALE.c.id == MEMBER.c.sales_id)
        .outerjoin(FLOOR, FLOOR.c.id == fulfilment)
    )


def one_picker(fulfilment: Column) -> Column:
    """Who picked it, where one did all of it."""
    line, task = picks.lines, picks.tasks
    who = sa.case((sa.func.count(task.c.picker.distinct()) == 1, sa.func.min(task.c.picker)), else_="")
    return (
        sa.select(who)
        .select_from(line.join(task, task.c.id == line.c.task))
        .where(line.c.fulfilment == fulfilment, line.c.picked > 0, task.c.picker != "")
        .scalar_subquery()
    )


def goods_class() -> Column:
    """The class of an article: what a carrier must be willing to take first of all."""
    marks = (Goods.LIMITED_QUANTITY, Goods.BATTERY, Goods.LIQUID, Goods.FRAGILE)
    mask = stock.skus.c.goods
    named = [(mask.bitwise_and(int(one)) > 0, str(one.name).lower().replace("_", "-")) for one in marks]
    return sa.case(*named, else_="plain")
