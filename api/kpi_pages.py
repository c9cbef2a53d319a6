"""The pages of key figures: all of them over some days, one with what is behind it, a shift, and who needs training.

Public names: kpi_page_routes.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request, Response

from api.kpis import behind_of, day_of, days_asked, people_asked, shift_of, shown_dimensions, zone_of
from api.pages import amount_of, language_of, rendered
from api.site_state import Site
from edge.intake.calendars import wall
from edge.orders.kpis import BY_NAME, Dimension, Figure
from edge.print.shift_sheet import shift_sheet
from edge.views.kpi_board import meaning_of, members_of, of_cause, of_dimension, rows_of, said_value, trend_line
from edge.views.words.phrase import phrase

_DAYS = 14
_MOST = 92
_BEHIND = 100


def kpi_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get("/kpis", include_in_schema=False)
    def overview(request: Request) -> Response:
        day, count = _asked_days(site, request)
        days = [str(day - timedelta(days=ago)) for ago in reversed(range(count))]
        found = days_asked(site, date.fromisoformat(days[0]), day, by=Dimension.SITE)
        by_day = {(one.day, one.figure.kpi): one.figure for one in found}
        asked = {"since": days[0], "until": str(day)}
        return rendered(
            site,
            request,
            "kpis.html",
            phrase("kpi.page"),
            rows=rows_of(days, by_day, price=amount_of(site)),
            day=str(day),
            count=count,
            counted_us=max((one.at_us for one in found if one.day == str(day)), default=0),
            files=urlencode(asked),
            shifts=list(site.config.kpi.shifts),
            people=site.config.kpi.people,
        )

    @app.get("/kpis/k/{name}", include_in_schema=False)
    def one(name: str, request: Request) -> Response:
        return _one(site, request, name)

    @app.get("/kpis/shift/{name}", include_in_schema=False)
    def shift(name: str, request: Request) -> Response:
        report = shift_of(site, name, day_of(site, request.query_params.get("day", "")), amount_of(site))
        return rendered(
            site,
            request,
            "shift.html",
            phrase("kpi.shift", shift=name),
            report=report,
            span=_span(site, report.begin_us, report.end_us),
            shifts=list(site.config.kpi.shifts),
        )

    @app.get("/kpis/shift/{name}/report.pdf", include_in_schema=False)
    def paper(name: str, request: Request) -> Response:
        report = shift_of(site, name, day_of(site, request.query_params.get("day", "")), amount_of(site))
        span = _span(site, report.begin_us, report.end_us)
        body = shift_sheet(report, site.config.site, span, language_of(request))
        return Response(body, media_type="application/pdf")

    @app.get("/kpis/people", include_in_schema=False)
    def people(request: Request) -> Response:
        day, count = _asked_days(site, request, most=31)
        first = str(day - timedelta(days=count - 1))
        errors = people_asked(site, first, str(day))
        return rendered(
            site,
            request,
            "kpi_people.html",
            phrase("kpi.people"),
            errors=errors,
            of_kpi=lambda kpi: phrase(f"kpi.title.{kpi}"),
            of_cause=of_cause,
            day=str(day),
            count=count,
        )


def _one(site: Site, request: Request, name: str) -> Response:
    kpi = BY_NAME.get(name)
    if kpi is None:
        raise HTTPException(404, f"kpi {name}: there is none")
    day, count = _asked_days(site, request)
    days = [str(day - timedelta(days=ago)) for ago in reversed(range(count))]
    found = days_asked(site, date.fromisoformat(days[0]), day, name)
    whole = {one.day: one.figure for one in found if one.figure.dimension is Dimension.SITE}
    tables: dict[Dimension, list[Figure]] = defaultdict(list)
    for one in found:
        if one.day == str(day) and one.figure.dimension is not Dimension.SITE:
            tables[one.figure.dimension].append(one.figure)
    by = next((one for one in Dimension if one == request.query_params.get("by")), Dimension.SITE)
    if by not in kpi.dimensions or by not in shown_dimensions(site):
        by = Dimension.SITE
    member = request.query_params.get("member", "")[:200].replace("\0", "") if by is not Dimension.SITE else ""
    now, price = whole.get(str(day)), amount_of(site)
    return rendered(
        site,
        request,
        "kpi.html",
        phrase(f"kpi.title.{name}"),
        kpi=kpi,
        day=str(day),
        count=count,
        value=said_value(kpi, now.value if now else None, price),
        p90=said_value(kpi, now.p90) if now and now.p90 is not None else "",
        now=now,
        line=trend_line([(its.value if (its := whole.get(one)) else None) for one in days]),
        tables=[(one, members_of(kpi, one, tables[one], price)) for one in kpi.dimensions if tables[one]],
        by=by,
        member=member,
        member_said=of_cause(name, member) if by is Dimension.REASON else member,
        behind=behind_of(site, name, day, by, member, _BEHIND),
        room=_BEHIND,
        of_by=of_dimension,
        meaning=meaning_of(kpi),
        limit=said_value(kpi, kpi.limit),
        hit_of=lambda hit: said_value(kpi, float(hit), price) if kpi.unit in ("time", "money") else hit,
        link_of=lambda dimension, whose: urlencode({"day": str(day), "days": count, "by": dimension, "member": whose}),
    )


def _asked_days(site: Site, request: Request, most: int = _MOST) -> tuple[date, int]:
    """The newest day and how many. Raises HTTPException."""
    count = request.query_params.get("days", "")
    days = int(count) if count.isascii() and count.isdigit() and len(count) < 4 else _DAYS
    return day_of(site, request.query_params.get("day", "")), max(1, min(days, most))


def _span(site: Site, begin_us: int, end_us: int) -> tuple[str, str]:
    zone = zone_of(site)
    return wall(begin_us, zone), wall(end_us, zone)
