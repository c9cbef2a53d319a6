"""Key figures of days and shifts: counted by the database, kept by day, counted again while something may come late.

Public names: window_of, span_us, figures_of, count_day, count_days, count_again, days_of, Subject, subjects_of,
DayFigure, Errors, errors_of_people, LATE_DAYS.

A day is counted as a whole and stands in the place of what it was: what comes late belongs to its own day. Today and
yesterday are counted at each turn, one of the days before as well, in turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from edge.intake.calendars import day_begin_us, day_end_us, instant_us, local_day
from edge.orders.kpis import BY_NAME, KPIS, Better, Dimension, Figure, Kpi, Unit
from edge.site import dialect, flow_facts
from edge.site.dialect import Lock
from edge.site.kpi_sources import PART, KpiWindow, source_of
from edge.site.tables import kpis as tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

LATE_DAYS = 28
"""So long ago something may have happened that is told only now."""
_ROW = ("day", "kpi", "dimension", "member", "numerator", "denominator", "p50", "p90", "at_us")
_LONGEST = 200
_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class DayFigure:
    """A figure of a day, and when it was counted."""

    day: str
    figure: Figure
    at_us: int


@dataclass(frozen=True, slots=True)
class Subject:
    """An order, fulfilment or article behind a figure, with what it adds to numerator and denominator."""

    subject: str
    hit: int
    weight: int


def window_of(day: date, zone: str, now_us: int) -> KpiWindow:
    """A day in a zone. Raises CalendarError."""
    return KpiWindow(day_begin_us(day, zone), day_end_us(day, zone), now_us)


def count_days(at: StoreConnections, zone: str, at_us: int) -> int:
    """Follows what happened, and counts the days that are due; how many rows there are of them now."""
    flow_facts.follow(at)
    today = local_day(at_us, zone)
    with at.reading() as db:
        turn = db.execute(_TURN).scalar() or 0
    ago = 2 + turn % (LATE_DAYS - 1)
    rows = sum(count_day(at, today - timedelta(days=one), zone, at_us) for one in (0, 1, ago))
    with at.writing() as db:
        its = tables.cursors
        if not db.execute(its.update().where(its.c.source == _DAYS).values(seq=turn + 1)).rowcount:
            db.execute(its.insert().values(source=_DAYS, seq=turn + 1))
    return rows


_DAYS = "days"
"""Beside the journals: how many turns there were."""
_TURN = sa.select(tables.cursors.c.seq).where(tables.cursors.c.source == _DAYS)


def count_again(at: StoreConnections, first: date, last: date, zone: str, at_us: int) -> int:
    """Follows what happened, and counts some days anew, both included; how many rows they have. CalendarError."""
    flow_facts.follow(at)
    return sum(count_day(at, first + timedelta(days=one), zone, at_us) for one in range((last - first).days + 1))


def count_day(at: StoreConnections, day: date, zone: str, at_us: int) -> int:
    """Counts a day anew; how many rows it has. Raises CalendarError."""
    window = window_of(day, zone, at_us)
    with at.reading() as db:
        found = figures_of(db, window)
        before = db.execute(sa.select(sa.func.count()).where(tables.days.c.day == str(day))).scalar()
    if not found and not before:
        return 0
    rows = [(str(day), one.kpi, str(one.dimension), one.member, *one[3:], at_us) for one in found]
    with at.writing() as db:
        dialect.lock(db, Lock.DUTY)
        db.execute(tables.days.delete().where(tables.days.c.day == str(day)))
        dialect.bulk_insert(db, tables.days, _ROW, rows)
    return len(rows)


def figures_of(db: sa.Connection, window: KpiWindow, kpis: Iterable[Kpi] = KPIS) -> list[Figure]:
    """Key figures of a time, of the site and by each dimension; those that have nothing to count are left out."""
    return [figure for kpi in kpis for figure in _figures(db, kpi, source_of(db, kpi.name, window))]


def _figures(db: sa.Connection, kpi: Kpi, rows: sa.CTE) -> list[Figure]:
    """One statement, whose rows the database makes once, however many dimensions there are."""
    by = (Dimension.SITE, *kpi.dimensions)
    told = db.execute(sa.union_all(*(_counted(kpi, rows, one) for one in by))).all()
    whole = next((int(row.weight) for row in told if row.dimension == Dimension.SITE and row.weight), 0)
    if not whole:
        return []
    found = []
    for row in sorted(told, key=lambda row: (by.index(Dimension(row.dimension)), row.member)):
        one = Dimension(row.dimension)
        weight = whole if _is_cause(rows, one) else int(row.weight)
        if weight:
            found.append(Figure(kpi.name, one, _named(one, row.member), int(row.hit), weight, row.p50, row.p90))
    return found


def _is_cause(rows: sa.CTE, by: Dimension) -> bool:
    return by is Dimension.REASON and PART in rows.c


def _counted(kpi: Kpi, rows: sa.CTE, by: Dimension) -> sa.Select[Any]:
    of = sa.literal("") if by is Dimension.SITE else sa.cast(rows.c[str(by)], sa.Text)
    hit = rows.c[PART] if _is_cause(rows, by) else rows.c.hit
    its = sa.select(of.label("member"), hit.label("hit"), rows.c.weight)
    if by not in (Dimension.SITE, Dimension.HOUR):
        its = its.where(of != "")
    if _is_cause(rows, by):
        its = its.where(rows.c[PART] > 0)
    none = sa.cast(sa.null(), sa.BigInteger)
    p50: sa.ColumnElement[Any] = none
    p90: sa.ColumnElement[Any] = none
    if kpi.unit is Unit.TIME:
        place = sa.func.row_number().over(partition_by=of, order_by=hit).label("place")
        its = its.add_columns(place, sa.func.count().over(partition_by=of).label("all_of"))
        one = its.subquery().c
        p50 = sa.func.min(sa.case((one.place * 2 >= one.all_of, one.hit)))
        p90 = sa.func.min(sa.case((one.place * 10 >= one.all_of * 9, one.hit)))
    else:
        one = its.subquery().c
    sums = (sa.func.sum(one.hit).label("hit"), sa.func.sum(one.weight).label("weight"))
    dimension = sa.literal(str(by)).label("dimension")
    query = sa.select(dimension, one.member.label("member"), *sums, p50.label("p50"), p90.label("p90"))
    return query.group_by(one.member)


def _named(by: Dimension, member: object) -> str:
    return f"{int(str(member)):02d}" if by is Dimension.HOUR else str(member)[:_LONGEST]


def days_of(
    db: sa.Connection, first: str, last: str, kpi: str = "", dimension: str = "", member: str | None = None
) -> list[DayFigure]:
    """Figures of days, by day, figure, dimension and member; ``kpi``, ``dimension`` empty = all; at most 20,000."""
    its = tables.days.c
    query = sa.select(tables.days).where(its.day >= first, its.day <= last)
    if kpi:
        query = query.where(its.kpi == kpi)
    if dimension:
        query = query.where(its.dimension == dimension)
    if member is not None:
        query = query.where(its.member == member)
    ordered = query.order_by(its.day, its.kpi, its.dimension, its.member).limit(_ROWS)
    return [
        DayFigure(
            row.day,
            Figure(row.kpi, Dimension(row.dimension), row.member, row.numerator, row.denominator, row.p50, row.p90),
            row.at_us,
        )
        for row in db.execute(ordered)
    ]


def subjects_of(
    db: sa.Connection, name: str, window: KpiWindow, by: Dimension, member: str, limit: int
) -> Sequence[Subject]:
    """What is behind a figure of a time, what makes it worse first. Raises KeyError for a figure that there is not."""
    kpi = BY_NAME[name]
    rows = source_of(db, name, window)
    its = rows.c
    query = sa.select(its.subject, its.hit, its.weight)
    if _is_cause(rows, by):
        query = sa.select(its.subject, its[PART], its.weight).where(its[PART] > 0)
    if by is Dimension.HOUR:
        query = query.where(its[str(by)] == int(member))
    elif by is not Dimension.SITE:
        query = query.where(its[str(by)] == member)
    worst = its.hit - its.weight if kpi.better is Better.UP else -its.hit
    ordered = query.order_by(worst, its.subject).limit(limit)
    return [Subject(str(subject or ""), int(hit), int(weight)) for subject, hit, weight in db.execute(ordered)]


def span_us(day: date, begin: time, end: time, zone: str) -> tuple[int, int]:
    """When a shift of a day begins and ends; one that ends no later than it begins passes midnight. CalendarError."""
    return instant_us(day, begin, zone), instant_us(day + timedelta(days=int(end <= begin)), end, zone)


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of a kind that were one person's."""

    person: str
    kpi: str
    cause: str
    count: int


def errors_of_people(db: sa.Connection, window: KpiWindow) -> list[Errors]:
    """Who erred how often by figure and cause, the most first; for those who train people."""
    found: list[Errors] = []
    for name in ("refused", "short"):
        rows = source_of(db, name, window).c
        who, why, part = rows[str(Dimension.PICKER)], rows[str(Dimension.REASON)], rows[PART]
        query = sa.select(who, why, sa.func.sum(part)).where(who != "", why != "", part > 0).group_by(who, why)
        found += [Errors(str(person), name, str(cause), int(count)) for person, cause, count in db.execute(query)]
    return sorted(found, key=lambda one: (-one.count, one.person, one.kpi, one.cause))
