"""Key figures over HTTP: days as JSON, CSV and XLSX, what is behind a number, a shift, and days counted anew.

Public names: kpi_routes, days_asked, behind_of, people_asked, MOST_DAYS, shown_dimensions, shift_of, day_of, zone_of.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response

from api.answers import json_answer
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import Body, Key, Limit
from edge.intake.calendars import local_day
from edge.intake.operators import By
from edge.journal.host_time import now_us
from edge.orders.kpis import BY_NAME, KPIS, Better, Dimension, Figure, Unit
from edge.orders.money import digits_of
from edge.print.figure_book import BookRow, figure_book
from edge.site import kpi_days
from edge.site.kpi_days import DayFigure, Errors, Subject
from edge.site.kpi_sources import KpiWindow
from edge.views.csv_table import csv_table
from edge.views.kpi_board import Price, ShiftReport, shift_report
from edge.views.words.table import Language

MOST_DAYS = 400
_COUNTED = 31
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_COLUMNS = ("day", "kpi", "dimension", "member", "numerator", "denominator", "value", "p50_us", "p90_us")
_Day = Annotated[str, Query(pattern=r"^(\d{4}-\d{2}-\d{2})?$", description="a day of the site, as 2026-11-29")]
_Name = Annotated[str, Query(max_length=40, description="one figure; empty = all")]
_By = Annotated[Dimension | None, Query(description="one dimension; none = all")]
_Member = Annotated[str, Query(max_length=200, description="of the dimension; empty = the whole site")]


@dataclass(frozen=True, slots=True)
class FigureOfDay:
    """A figure of a day. ``value``: numerator over denominator, of a time its median in microseconds."""

    day: str
    kpi: str
    dimension: Dimension
    member: str
    numerator: int
    denominator: int
    value: float | None
    p50_us: int | None
    p90_us: int | None
    counted_us: int


@dataclass(frozen=True, slots=True)
class KpiDefinition:
    """What a figure is, in English; docs/kpis.md has it in both languages."""

    kpi: str
    title: str
    unit: Unit
    better: Better
    numerator: str
    denominator: str
    source: str
    exclusions: str
    dimensions: tuple[Dimension, ...]
    limit: float | None


@dataclass(frozen=True, slots=True)
class ShiftFigures:
    """What a shift gave, and the same one a day before."""

    shift: str
    begin_us: int
    end_us: int
    figures: tuple[FigureOfDay, ...]
    before: tuple[FigureOfDay, ...]


class DaysBody(Body):
    """Days to be counted anew, both included, at most 31; none = today."""

    by: By
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class DaysCounted:
    """So many rows the days have now."""

    rows: int


def zone_of(site: Site) -> str:
    """Where the site's days begin."""
    return site.config.time_zone


def day_of(site: Site, text: str, ago: int = 0) -> date:
    """A day that is asked for; empty = today, or ``ago`` days before. Raises HTTPException."""
    today = local_day(now_us(), zone_of(site))
    if not text:
        return today - timedelta(days=ago)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise HTTPException(422, f"day: {text[:20]!r}: allowed is a day as 2026-11-29") from None
    if not date(2000, 1, 1) <= day <= today + timedelta(days=366):
        raise HTTPException(422, f"day: {text}: allowed are days from 2000-01-01 on")
    return day


def shown_dimensions(site: Site) -> frozenset[Dimension]:
    """Those that may be shown: persons only where SITE.toml says so."""
    return frozenset(Dimension) - (frozenset() if site.config.kpi.people else {Dimension.PICKER})


def days_asked(site: Site, first: date, last: date, kpi: str = "", by: Dimension | None = None) -> list[DayFigure]:
    """Figures of some days, without what may not be shown. Raises HTTPException."""
    if not first <= last <= first + timedelta(days=MOST_DAYS):
        raise HTTPException(422, f"until: {last}: allowed are up to {MOST_DAYS} days from {first}")
    if kpi and kpi not in BY_NAME:
        raise HTTPException(404, f"kpi {kpi}: there is none; see /api/v1/kpis/definitions")
    shown = shown_dimensions(site)
    with site.store().connections.reading() as db:
        found = kpi_days.days_of(db, str(first), str(last), kpi, str(by or ""))
    return [one for one in found if one.figure.dimension in shown]


def shift_of(site: Site, name: str, day: date, price: Price) -> ShiftReport:
    """A shift that began on a day, as people read it. Raises HTTPException."""
    at_us = now_us()
    span, figures, before = _shift(site, name, day, at_us)
    return shift_report(name, str(day), span, at_us, figures, before, price)


def _shift(site: Site, name: str, day: date, at_us: int) -> tuple[tuple[int, int], list[Figure], list[Figure]]:
    """Its begin and end, its figures, and those of the same shift a day before."""
    hours = site.config.kpi.shifts.get(name)
    if hours is None:
        raise HTTPException(404, f"shift {name}: SITE.toml has {', '.join(site.config.kpi.shifts) or 'none'}")
    zone, shown = zone_of(site), shown_dimensions(site)
    span, earlier = (kpi_days.span_us(day - timedelta(days=ago), *hours, zone) for ago in (0, 1))
    with site.store().connections.reading() as db:
        figures, before = (
            [its for its in kpi_days.figures_of(db, KpiWindow(*one, at_us)) if its.dimension in shown]
            for one in (span, earlier)
        )
    return span, figures, before


def kpi_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/kpis", responses=V1_PROBLEMS, tags=["key figures"])

    def asked(since: str, until: str, kpi: str, by: Dimension | None) -> list[FigureOfDay]:
        last = day_of(site, until)
        first = day_of(site, since) if since else last
        return [_figure(one) for one in days_asked(site, first, last, kpi, by)]

    @routes.get("", response_model=tuple[FigureOfDay, ...])
    def days(since: _Day = "", until: _Day = "", kpi: _Name = "", dimension: _By = None) -> Response:
        """Figures of days by day, name, dimension and member; without days those of today. At most 20,000."""
        return json_answer(asked(since, until, kpi, dimension))

    @routes.get("/days.csv", response_class=Response)
    def as_csv(since: _Day = "", until: _Day = "", kpi: _Name = "", dimension: _By = None) -> Response:
        """The same as CSV."""
        rows = (
            [str("" if (its := getattr(one, name)) is None else its) for name in _COLUMNS]
            for one in asked(since, until, kpi, dimension)
        )
        return _file(csv_table(_COLUMNS, rows).encode(), "text/csv; charset=utf-8", "csv")

    @routes.get("/days.xlsx", response_class=Response)
    def as_book(
        since: _Day = "", until: _Day = "", kpi: _Name = "", dimension: _By = None, language: Language = "en"
    ) -> Response:
        """The same as a workbook, with what each figure means."""
        last = day_of(site, until)
        found = days_asked(site, day_of(site, since) if since else last, last, kpi, dimension)
        currency = site.config.plan.currency
        digits = digits_of(currency, site.review.digits)
        body = figure_book((BookRow(one.day, one.figure) for one in found), language, currency, digits)
        return _file(body, _XLSX, "xlsx")

    @routes.get("/definitions", response_model=tuple[KpiDefinition, ...])
    def definitions() -> Response:
        """What each figure counts."""
        return json_answer(
            [
                KpiDefinition(
                    one.name, one.title, one.unit, one.better, one.numerator, one.denominator, one.source,
                    one.exclusions, one.dimensions, one.limit,
                )
                for one in KPIS
            ]
        )  # fmt: skip

    @routes.get("/people", response_model=tuple[Errors, ...])
    def people(since: _Day = "", until: _Day = "") -> Response:
        """Who erred how often, for those who train people; only where SITE.toml says `people = true` in [kpi]."""
        return json_answer(people_asked(site, since, until))

    @routes.get("/shifts/{shift}", response_model=ShiftFigures)
    def shift(shift: Key, day: _Day = "") -> Response:
        """A shift's figures beside the same one a day before."""
        at_us, began = now_us(), day_of(site, day)
        span, figures, before = _shift(site, shift, began, at_us)
        told = (tuple(_figure(DayFigure(str(began), one, at_us)) for one in its) for its in (figures, before))
        return json_answer(ShiftFigures(shift, *span, *told))

    @routes.get("/{kpi}/behind", response_model=tuple[Subject, ...])
    def behind(
        kpi: Key, day: _Day = "", dimension: Dimension = Dimension.SITE, member: _Member = "", limit: Limit = 100
    ) -> Response:
        """Orders, fulfilments or articles behind a figure of a day, with what each adds; what is worst first."""
        return json_answer(behind_of(site, kpi, day_of(site, day), dimension, member, limit))

    @routes.post("/count", response_model=DaysCounted)
    async def count(body: DaysBody) -> Response:
        """Counts days anew, as after a repair; what happens by itself reaches four weeks back."""
        until = day_of(site, str(body.until) if body.until else "")
        since = day_of(site, str(body.since)) if body.since else until
        months = site.config.retention.months
        if months and (oldest := day_of(site, "", 30 * months - 1)) > since:
            raise HTTPException(422, f"since: {since}: what it was counted of is kept since {oldest}")
        if not 0 <= (until - since).days < _COUNTED:
            raise HTTPException(422, f"until: {until}: allowed are up to {_COUNTED} days from {since}")
        at, zone = site.store().connections, zone_of(site)
        rows = await asyncio.to_thread(lambda: kpi_days.count_again(at, since, until, zone, now_us()))
        return json_answer(DaysCounted(rows))

    return routes


def people_asked(site: Site, since: str, until: str) -> list[Errors]:
    """Errors of people of some days. Raises HTTPException where they may not be shown."""
    if not site.config.kpi.people:
        raise HTTPException(403, "people: SITE.toml has no `people = true` in [kpi]")
    last = day_of(site, until)
    first = day_of(site, since) if since else last
    if not first <= last <= first + timedelta(days=_COUNTED):
        raise HTTPException(422, f"until: {last}: allowed are up to {_COUNTED} days from {first}")
    at_us, zone = now_us(), zone_of(site)
    begin, end = kpi_days.window_of(first, zone, at_us), kpi_days.window_of(last, zone, at_us)
    with site.store().connections.reading() as db:
        return kpi_days.errors_of_people(db, KpiWindow(begin.begin_us, end.end_us, at_us))


def behind_of(site: Site, name: str, day: date, by: Dimension, member: str, limit: int) -> list[Subject]:
    """What is behind a figure. Raises HTTPException."""
    kpi = BY_NAME.get(name)
    if kpi is None:
        raise HTTPException(404, f"kpi {name}: there is none; see /api/v1/kpis/definitions")
    if by is not Dimension.SITE and (by not in kpi.dimensions or by not in shown_dimensions(site)):
        allowed = ", ".join(one for one in kpi.dimensions if one in shown_dimensions(site))
        raise HTTPException(422, f"dimension: {by}: allowed are site{', ' if allowed else ''}{allowed}")
    if by is Dimension.HOUR and not (member.isascii() and member.isdigit() and len(member) == 2):
        raise HTTPException(422, f"member: {member!r}: allowed is an hour as 07")
    window = kpi_days.window_of(day, zone_of(site), now_us())
    with site.store().connections.reading() as db:
        return list(kpi_days.subjects_of(db, name, window, by, member, limit))


def _figure(one: DayFigure) -> FigureOfDay:
    its = one.figure
    return FigureOfDay(
        one.day, its.kpi, its.dimension, its.member, its.numerator, its.denominator, its.value, its.p50, its.p90,
        one.at_us,
    )  # fmt: skip


def _file(body: bytes, media_type: str, ending: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="kpis.{ending}"'}
    return Response(body, media_type=media_type, headers=headers)
