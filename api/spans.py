"""The span of time that a question is about: from and to, or a shift.

Public names: Within, span_of, OfDay, OfQuarter, DAY_US, QUARTER_US.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, NamedTuple

from fastapi import Depends, HTTPException, Query, Request

from api.site_state import Site
from edge.intake.calendars import CalendarError, local_day
from edge.intake.spans import asked_span
from edge.journal.host_time import now_us
from edge.site.kpi_days import span_us

DAY_US = 86_400_000_000
QUARTER_US = 900_000_000
"""A quarter of an hour."""
_TIME = "as 02:10 (the last one that was), or 2026-11-29T02:10; by the site's clock unless it says its zone"
_From = Annotated[str, Query(alias="from", max_length=40, description=f"from when, {_TIME}")]
_To = Annotated[str, Query(alias="to", max_length=40, description=f"until before when, {_TIME}; empty = now")]
_Zone = Annotated[str, Query(max_length=40, description="by whose clocks, as Asia/Taipei; empty = the site's")]
_Shift = Annotated[str, Query(max_length=40, description="a shift of SITE.toml in place of from and to")]
_Day = Annotated[str, Query(alias="day", max_length=10, description="the day on which it began; empty = the last")]


class Within(NamedTuple):
    """From, and until before, microseconds since 1970."""

    from_us: int
    until_us: int


def span_of(site: Site, begin: str, end: str, shift: str, day: str, length_us: int, zone: str = "") -> Within:
    """What is asked for by clocks in the zone, empty = the site's; without anything the last ``length_us``.

    Raises HTTPException.
    """
    at_us, zone = now_us(), zone or site.config.time_zone
    if not shift:
        try:
            return Within(*asked_span(begin.strip(), end.strip(), at_us, length_us, zone))
        except CalendarError as error:
            raise HTTPException(422, f"from: {error}") from None
    zone, hours = site.config.time_zone, site.config.kpi.shifts.get(shift)
    if hours is None:
        raise HTTPException(404, f"shift {shift}: SITE.toml has {', '.join(site.config.kpi.shifts) or 'none'}")
    today = local_day(at_us, zone)
    try:
        began = date.fromisoformat(day) if day else today
        if not date(2000, 1, 1) <= began <= today:
            raise ValueError(day)
    except ValueError:
        raise HTTPException(422, f"day: {day[:20]!r}: allowed is a day as 2026-11-29, today or before") from None
    span = Within(*span_us(began, *hours, zone))
    if not day and span.from_us > at_us:
        span = Within(*span_us(began - timedelta(days=1), *hours, zone))
    return span


def _asked(length_us: int) -> Callable[..., Within]:
    """The parameters of a question about a span, as a dependency of its route."""

    def asked(
        request: Request, begin: _From = "", end: _To = "", shift: _Shift = "", day: _Day = "", zone: _Zone = ""
    ) -> Within:
        return span_of(request.app.state.site, begin, end, shift, day, length_us, zone)

    return asked


OfDay = Annotated[Within, Depends(_asked(DAY_US))]
OfQuarter = Annotated[Within, Depends(_asked(QUARTER_US))]
