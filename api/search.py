"""One search for whatever is printed, shown or scanned, its page, and the address that every story has.

Public names: search_routes, search_page_routes, FoundHit, address_of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, FastAPI, Query, Request, Response
from starlette.responses import RedirectResponse

from api.answers import json_answer
from api.identities import Who
from api.pages import rendered
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from edge.core.values.rights import Action
from edge.site import finding
from edge.site.finding import Hit
from edge.views.spoken import PART, asked_for
from edge.views.words.phrase import phrase
from edge.views.words.table import LANGUAGES, Language, say

STORY = "/index.html?"
"""Where a story is told that has no page of its own."""
_LONGEST = 500
_Text = Annotated[str, Query(max_length=_LONGEST, description="as it is printed, shown, scanned or spoken")]
_PAGES = {
    "order": "/orders/o/{}",
    "article": "/stock/a/{}",
    "bin": "/stock?bin={}",
    "wave": "/waves/w/{}",
    "round": "/picks/t/{}/list.html",
    "case": "/cases/c/{}",
    "load": "/manifest.html?load={}",
    "import": "/orders/import/{}",
    "pickup": "/carriers",
    "line": "/index.html",
}
_TRACKED = "find.parcel.at"
_OF_ORDER = ("fulfilment", "shipment")


@dataclass(frozen=True, slots=True)
class FoundHit:
    """``said``: what it is, in a sentence by language; ``address``: of its page here; ``exact``: it was named whole."""

    kind: str
    key: str
    said: dict[Language, str]
    address: str
    exact: bool
    order: str = ""


@dataclass(frozen=True, slots=True)
class FoundAll:
    """``hits``: what was named whole first; ``more``: others are not shown."""

    q: str
    hits: tuple[FoundHit, ...]
    more: bool


def address_of(hit: Hit) -> str:
    """The page of something that was found."""
    if hit.kind in _PAGES:
        return _PAGES[hit.kind].format(quote(hit.key, safe=""))
    if hit.kind in _OF_ORDER and hit.order:
        return _PAGES["order"].format(quote(hit.order, safe=""))
    if hit.said.code == _TRACKED:
        return f"/parcels/{quote(hit.key.removeprefix('(00)'), safe='')}"
    return STORY + urlencode({"story": hit.key})


def _found(site: Site, text: str, request: Request) -> FoundAll:
    """People are looked for, by phone, mail and name, for who may see them."""
    asked = asked_for(text, site.totes)
    who: Who | None = request.scope.get("lanewise.who")
    persons = who is None or Action.PERSON in who.may
    own = [one for name in asked.names for one in _of_floor(site, name)]
    store = site.store()
    with store.connections.reading() as db:
        stored = finding.find(
            db, store.keys if persons else None, asked, site.countries, persons and site.config.find.names
        )
    known = {(one.kind, one.key) for one in own}
    names = {one.key for one in own}
    others = [
        one for one in stored if (one.kind, one.key) not in known and not (one.kind == "story" and one.key in names)
    ]
    hits = sorted((*own, *others), key=lambda one: not one.exact)
    shown = tuple(
        FoundHit(
            one.kind, one.key, {name: say(one.said, name) for name in LANGUAGES}, address_of(one), one.exact, one.order
        )
        for one in hits[: finding.SHOWN]
    )
    return FoundAll(text, shown, len(stored) >= finding.SHOWN)


def _of_floor(site: Site, name: str) -> Iterator[Hit]:
    """What the lines know and no table has."""
    if name in site.lines:
        yield finding.of_line(name, site.lines[name].title)
    if site.alarm(name) is not None:
        yield finding.of_alarm(name)
    for board in site.boards:
        if (its := board.loads.state.open.get(name)) is not None:
            dock = its.load.dock
            yield finding.of_open_load(name, its.load.carrier, board.titles.get(dock) or dock)


def search_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", responses=V1_PROBLEMS, tags=["search"])

    @routes.get("/search", response_model=FoundAll)
    def search(q: _Text, request: Request) -> Response:
        """What a text names: whole, or by a part of a number of four digits or more; whole ones first."""
        return json_answer(_found(site, q, request))

    return routes


def search_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get("/find", include_in_schema=False)
    def page(request: Request) -> Response:
        text = request.query_params.get("q", "")[:_LONGEST].replace("\0", "")
        found = _found(site, text, request)
        if (only := _only(found)) and "all" not in request.query_params:
            return RedirectResponse(only, 303)
        return rendered(
            site,
            request,
            "find.html",
            phrase("find.title"),
            q=text.strip(),
            of_found=finding.of_found,
            hits=found.hits,
            more=found.more,
            room=finding.SHOWN,
            digits=PART,
        )

    @app.get("/t/{key:path}", include_in_schema=False)
    def story(key: str, request: Request) -> Response:
        found = _found(site, key[:_LONGEST].replace("\0", ""), request)
        exact = [hit for hit in found.hits if hit.exact]
        return RedirectResponse(exact[0].address if exact else _only(found) or f"/find?{urlencode({'q': key})}", 303)


def _only(found: FoundAll) -> str:
    """The one page that is meant; empty = there are several, or none."""
    exact = {hit.address for hit in found.hits if hit.exact}
    all_of_them = exact or {hit.address for hit in found.hits}
    return all_of_them.pop() if len(all_of_them) == 1 and not found.more else ""
