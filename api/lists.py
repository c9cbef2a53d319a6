"""Lists of what lies where and why, as pages, as CSV and as JSON: set aside, orders by state, loads, wrong, late.

Public names: list_routes, list_page_routes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import time
from enum import StrEnum
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse

from api.answers import json_answer
from api.kpis import day_of, zone_of
from api.pages import asked, language_of, rendered
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import Limit
from edge.core.iso_time import iso
from edge.orders.stages import FulfilmentState
from edge.site import kpi_days, listing
from edge.site.listing import LISTS, ListAsked, Listed, ListedRow
from edge.views.csv_table import csv_table
from edge.views.words.phrase import phrase
from edge.views.words.table import LANGUAGES, Language, say

_ROOM = 100
_PART = 500
_DAILY = ("wrong", "late")
_COLUMNS = ("at", "key", "order", "place", "code", "text")


class ListName(StrEnum):
    """The lists that there are."""

    ASIDE = "aside"
    ORDERS = "orders"
    LOADS = "loads"
    WRONG = "wrong"
    LATE = "late"


_After = Annotated[str, Query(max_length=400, description="`after` of the part before")]
_State = Annotated[str, Query(max_length=20, description="of `orders`: only in this state")]
_Day = Annotated[str, Query(max_length=10, description="of `wrong` and `late`: as 2026-11-29; empty = today")]


@dataclass(frozen=True, slots=True)
class ListedThing:
    """A row of a list. ``text``: what and why, by language; ``address``: of its page or story."""

    at_us: int
    key: str
    order: str
    place: str
    code: str
    text: dict[Language, str]
    address: str


@dataclass(frozen=True, slots=True)
class ListPart:
    """``after``: with which the next part is asked for; empty = this is the last."""

    rows: tuple[ListedThing, ...]
    after: str


def _shown(row: ListedRow) -> ListedThing:
    said = {name: say(row.said, name) for name in LANGUAGES}
    address = f"/t/{quote(row.key, safe='')}"
    return ListedThing(row.at_us, row.key, row.order, row.place, row.code, said, address)


def _wanted(site: Site, name: str, after: str, state: str, day: str, limit: int) -> ListAsked:
    which = ListAsked(after=after.replace("\0", ""), state=state.replace("\0", ""), limit=limit)
    if name not in _DAILY:
        return which
    since_us, until_us = kpi_days.span_us(day_of(site, day), time(), time(), zone_of(site))
    return replace(which, since_us=since_us, until_us=until_us)


def _part(site: Site, name: str, which: ListAsked) -> Listed:
    with site.store().connections.reading() as db:
        return listing.listed(db, name, site.layouts, which)


def _csv(site: Site, name: str, which: ListAsked, language: Language) -> Response:
    """All of a list, part by part, so that nobody waits for the last one."""
    which = replace(which, limit=_PART)
    first = _part(site, name, which)

    def parts() -> Iterator[str]:
        part, columns = first, csv_table(_COLUMNS, ())
        while True:
            rows = [
                (iso(row.at_us) if row.at_us else "", row.key, row.order, row.place, row.code, say(row.said, language))
                for row in part.rows
            ]
            yield columns + csv_table((), rows).removeprefix("\r\n")
            if not part.after:
                return
            part, columns = _part(site, name, replace(which, after=part.after)), ""

    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return StreamingResponse(parts(), media_type="text/csv; charset=utf-8", headers=headers)


def list_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/lists", responses=V1_PROBLEMS, tags=["lists"])

    @routes.get("/{name}.csv", response_class=Response)
    def as_csv(name: ListName, state: _State = "", day: _Day = "", language: Language = "en") -> Response:
        """All of a list as CSV."""
        return _csv(site, name, _wanted(site, name, "", state, day, _PART), language)

    @routes.get("/{name}", response_model=ListPart)
    def part(name: ListName, after: _After = "", state: _State = "", day: _Day = "", limit: Limit = 100) -> Response:
        """A part of a list: what is set aside and why, orders by state, loads, today's wrong and late."""
        found = _part(site, name, _wanted(site, name, after, state, day, limit))
        return json_answer(ListPart(tuple(_shown(row) for row in found.rows), found.after))

    return routes


def list_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get("/lists/{name}.csv", include_in_schema=False)
    def file(name: ListName, request: Request) -> Response:
        which = _wanted(site, name, "", asked(request, "state"), asked(request, "day"), _PART)
        return _csv(site, name, which, language_of(request))

    @app.get("/lists/{name}", include_in_schema=False)
    def page(name: ListName, request: Request) -> Response:
        state, day, after = asked(request, "state"), asked(request, "day"), asked(request, "after", 400)
        with site.store().connections.reading() as db:
            part = listing.listed(db, name, site.layouts, _wanted(site, name, after, state, day, _ROOM))
            states = listing.states_of(db) if name == "orders" else {}
        given = {key: its for key, its in (("state", state), ("day", day)) if its}
        open_loads = [
            (its.load.id, its.load.carrier, board.titles.get(its.load.dock) or its.load.dock)
            for board in site.boards
            for its in board.loads.state.open.values()
            if name == "loads"
        ]
        return rendered(
            site,
            request,
            "things.html",
            phrase(f"list.{name}"),
            name=str(name),
            names=[(one, phrase(f"list.{one}")) for one in LISTS],
            rows=part.rows,
            open_loads=open_loads,
            states=states,
            all_states=[str(one) for one in FulfilmentState],
            state=state,
            day=str(day_of(site, day)) if name in _DAILY else "",
            more=urlencode({**given, "after": part.after}) if part.after else "",
            given=urlencode(given),
        )
