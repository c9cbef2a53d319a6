"""The pages of alarms: the list that is worked on, one alarm, what came in a span, and which come most.

Public names: alarm_page_routes, SpanForm, span_form.

They work without a script; with one the list is drawn anew when an alarm changes. Words are those of
`edge.views.words`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.responses import RedirectResponse

from api.alarm_desk import CallFilter, allowed, ask_of, calls_of, listed
from api.pages import asked, form_of, rendered
from api.site_state import Site
from api.spans import DAY_US, Within, span_of
from edge.core.values.alarm import AlarmAction, AlarmKind, AlarmState, Priority
from edge.intake.calendars import wall
from edge.journal.host_time import now_us
from edge.views import alarm_words
from edge.views.words.phrase import Word, phrase

_ROOM = 500
_LATELY_US = 30 * DAY_US
_MINUTES = (10, 30, 60, 240, 480)
_SILENT = (AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE)
_REASONED = (AlarmAction.SHELVE, AlarmAction.OUT_OF_SERVICE)
"""What is asked only with a reason."""


@dataclass(frozen=True, slots=True)
class SpanForm:
    """A span as a form shows it: what was asked, by whose clocks, and what it means. ``query``: to ask it again."""

    begin: str
    end: str
    shift: str
    day: str
    zone: str
    shifts: tuple[str, ...]
    span: Within
    walls: tuple[str, str]
    query: str


def span_form(site: Site, request: Request, length_us: int) -> SpanForm:
    """The span that a page was asked for. Raises HTTPException."""
    given = {name: asked(request, name, 40) for name in ("from", "to", "shift", "day")}
    zone = (asked(request, "zone", 40) if not given["shift"] else "") or site.config.time_zone
    span = span_of(site, given["from"], given["to"], given["shift"], given["day"], length_us, zone)
    walls = wall(span.from_us, zone), wall(span.until_us, zone)
    query = urlencode({name: its for name, its in {**given, "zone": zone}.items() if its})
    begin, end, shift, day = given.values()
    return SpanForm(begin, end, shift, day, zone, tuple(site.config.kpi.shifts), span, walls, query)


_SHOWN: dict[str, Any] = {
    "title_of": alarm_words.of_kind,
    "told": alarm_words.of_part,
    "asks": allowed,
    "lasted": alarm_words.of_length,
    "path": lambda name: quote(name, safe=""),
    "place_of": lambda alarm: alarm.alarm[len(alarm.kind) + 1 :],
    "alarm_state": alarm_words.of_alarm_state,
    "of_priority": alarm_words.of_priority,
    "of_ask": alarm_words.of_ask,
}


def alarm_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get("/alarms", include_in_schema=False)
    def now(request: Request) -> Response:
        return _list(site, request)

    @app.get("/alarms/history", include_in_schema=False)
    def history(request: Request) -> Response:
        form, which = span_form(site, request, DAY_US), _which(request)
        calls, _, troubles = calls_of(site, form.span, which)
        return rendered(
            site,
            request,
            "alarm_history.html",
            phrase("alarms.page.history"),
            form=form,
            which=which,
            files=_query(form, which),
            calls=list(reversed(calls[-_ROOM:])),
            troubles=troubles,
            lines=list(site.lines),
            kinds=[str(kind) for kind in AlarmKind],
            priorities=[str(one) for one in Priority],
            **_SHOWN,
        )

    @app.get("/alarms/figures", include_in_schema=False)
    def most_frequent(request: Request) -> Response:
        form, which = span_form(site, request, DAY_US), _which(request)
        _, found, troubles = calls_of(site, form.span, which)
        return rendered(
            site,
            request,
            "alarm_figures.html",
            phrase("alarms.page.figures"),
            form=form,
            which=which,
            figures=found,
            troubles=troubles,
            lines=list(site.lines),
            priorities=[str(one) for one in Priority],
            kinds=[],
            **_SHOWN,
        )

    @app.get("/alarms/a/{alarm}", include_in_schema=False)
    def one(alarm: str, request: Request) -> Response:
        return _one(site, request, alarm)

    @app.post("/alarms/a/{alarm}/{action}", include_in_schema=False)
    async def ask(alarm: str, action: AlarmAction, request: Request) -> Response:
        form = await form_of(request)
        by, comment = form.get("by", "")[:80], form.get("comment", "")[:400]
        minutes = form.get("minutes", "30")
        problem: Word = ""
        if not by:
            problem = phrase("alarms.name.missing")
        elif action in _REASONED and not comment:
            problem = phrase("alarms.reason.missing")
        if problem:
            return await asyncio.to_thread(_one, site, request, alarm, problem, 422, by)
        known = int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 6 else 30
        try:
            await ask_of(site, alarm, action, by, max(1, known), comment)
        except HTTPException as error:
            return await asyncio.to_thread(_one, site, request, alarm, str(error.detail), error.status_code, by)
        return RedirectResponse(f"/alarms?{urlencode({'by': by, 'asked': action, 'alarm': alarm})}", 303)


def _which(request: Request) -> CallFilter:
    return CallFilter(asked(request, "line", 80), asked(request, "kind", 40), asked(request, "priority", 10))


def _query(form: SpanForm, which: CallFilter) -> str:
    own = {"line": which.line, "kind": which.kind, "priority": which.priority}
    return "&".join(filter(None, (form.query, urlencode({name: its for name, its in own.items() if its}))))


def _list(site: Site, request: Request) -> Response:
    alarms = listed(site, everything=False, which=CallFilter())
    action, alarm = asked(request, "asked", 20), asked(request, "alarm")
    wished = next((one for one in AlarmAction if one == action), None)
    return rendered(
        site,
        request,
        "alarms.html",
        phrase("alarms.title"),
        calling=[one for one in alarms if one.state not in _SILENT],
        aside=[one for one in alarms if one.state in _SILENT],
        by=asked(request, "by", 80),
        done=alarm_words.of_done(wished, alarm) if wished and alarm else "",
        troubles=[one.said for one in site.health().troubles],
        **_SHOWN,
    )


def _one(site: Site, request: Request, name: str, problem: Word = "", status: int = 200, by: str = "") -> Response:
    alarm = site.alarm(name)
    if alarm is None:
        raise HTTPException(404, f"alarm {name}: there is none with this name")
    until_us = now_us()
    calls = [one for one in site.journals.alarms(until_us - _LATELY_US, until_us).calls if one.alarm == name]
    return rendered(
        site,
        request,
        "alarm.html",
        alarm_words.of_kind(alarm.kind),
        status,
        problem=problem,
        alarm=alarm,
        by=by,
        calls=list(reversed(calls[-20:])),
        until_us=until_us,
        minutes=_MINUTES,
        **_SHOWN,
    )
