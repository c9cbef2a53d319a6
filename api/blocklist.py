"""The blocklist over HTTP, ``/api/v1/blocklist``, and its page: who is looked at before anything is shipped to him.

Public names: blocklist_routes, blocklist_page_routes.
"""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response
from pydantic import Field, StringConstraints, model_validator
from starlette.responses import RedirectResponse

from api.answers import json_answer
from api.pages import language_of, problems_of, rendered
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import Body, Limit, body_of, known_id
from edge.intake.operators import ONE_LINE, By
from edge.journal.host_time import now_us
from edge.site.desk import Blockable, Blocked, BlockKind, UnknownSale
from edge.views.words.phrase import phrase
from edge.views.words.table import say

_Why = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True), ONE_LINE]
_Text = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True), ONE_LINE]
_Seq = Annotated[int, Field(ge=1, le=2**53)]
_KINDS = ("order", "phone", "email")
_ROOM = 100
_HERE = "/orders/blocklist"


class WhyBody(Body):
    """Who says so, and why."""

    by: By
    reason: _Why


class ListBody(WhyBody):
    """One of ``phone``, ``email`` and ``order``: who gets that order. ``kinds``: what of an order's, empty = all."""

    phone: _Text = ""
    email: _Text = ""
    order: _Text = ""
    kinds: Annotated[tuple[BlockKind, ...], Field(max_length=3)] = ()

    @model_validator(mode="after")
    def _is_somebody(self) -> ListBody:
        if sum(map(bool, (self.phone, self.email, self.order))) != 1:
            raise ValueError("allowed is one of phone, email and order")
        if self.phone and sum(char.isdecimal() for char in self.phone) < 5:
            raise ValueError("phone: allowed is a number of five digits or more")
        if self.email and "@" not in self.email:
            raise ValueError("email: allowed is a mail address")
        return self

    def who(self) -> Blockable:
        """As the desk knows it."""
        return Blockable(phone=self.phone, email=self.email, order=known_id(self.order), kinds=self.kinds)


def blocklist_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/blocklist", responses=V1_PROBLEMS, tags=["sales"])

    @routes.get("", response_model=tuple[Blocked, ...])
    def entries(
        after: Annotated[int, Query(ge=0, le=2**53)] = 0, limit: Limit = 100, everything: bool = False
    ) -> Response:
        """Entries behind a number, in order; ``everything``: those that were taken off too."""
        return json_answer(site.desk().blocklist(after, limit, everything=everything))

    @routes.post("", response_model=tuple[Blocked, ...], status_code=201)
    async def put_on(body: ListBody) -> Response:
        """Puts somebody on the list; his orders are held until somebody releases them. Again, nothing changes."""
        try:
            found = await asyncio.to_thread(lambda: site.desk().block(body.who(), body.by, body.reason, now_us()))
        except UnknownSale:
            raise HTTPException(404, f"order: {body.order}: there is none") from None
        if not found:
            raise HTTPException(422, "nothing is known by which anybody could be told again")
        return json_answer(found, 201)

    @routes.post("/{seq}/remove", response_model=Blocked)
    async def take_off(seq: _Seq, body: WhyBody) -> Response:
        """Takes an entry off the list; what is held by it alone goes on. Again, nothing changes."""
        found = await asyncio.to_thread(lambda: site.desk().unblock(seq, body.by, body.reason, now_us()))
        if found is None:
            raise HTTPException(404, f"blocklist {seq}: there is none")
        return json_answer(found)

    return routes


def blocklist_page_routes(app: FastAPI, site: Site) -> None:
    """The page."""

    @app.get("/orders/blocklist", include_in_schema=False)
    def page(request: Request) -> Response:
        return _page(site, request, [])

    @app.post("/orders/blocklist", include_in_schema=False)
    async def put_on(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=10)
        given = {key: str(value).strip() for key, value in form.multi_items()}
        who, kind = given.pop("who", ""), given.pop("as", "")
        body = body_of(ListBody, json.dumps({**given, kind if kind in _KINDS else "order": who}).encode())
        return await asyncio.to_thread(_blocked, site, request, body)

    @app.post("/orders/blocklist/{seq}/remove", include_in_schema=False)
    async def take_off(seq: _Seq, request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=10)
        given = {key: str(value).strip() for key, value in form.multi_items()}
        body = body_of(WhyBody, json.dumps(given).encode())
        return await asyncio.to_thread(_removed, site, request, seq, body)


def _blocked(site: Site, request: Request, body: ListBody | Response) -> Response:
    if isinstance(body, Response):
        return _page(site, request, problems_of(body), 422)
    try:
        found = site.desk().block(body.who(), body.by, body.reason, now_us())
    except UnknownSale:
        return _page(site, request, [say(phrase("block.unknown", order=body.order), language_of(request))], 404)
    if not found:
        return _page(site, request, [say(phrase("block.nothing"), language_of(request))], 422)
    return RedirectResponse(_HERE, 303)


def _removed(site: Site, request: Request, seq: int, body: WhyBody | Response) -> Response:
    if isinstance(body, Response):
        return _page(site, request, problems_of(body), 422)
    site.desk().unblock(seq, body.by, body.reason, now_us())
    return RedirectResponse(_HERE, 303)


def _page(site: Site, request: Request, problems: list[str], status: int = 200) -> Response:
    given = request.query_params.get("after", "")
    after = int(given) if given.isascii() and given.isdigit() and len(given) < 15 else 0
    rows = site.desk().blocklist(after, _ROOM)
    return rendered(
        site,
        request,
        "blocklist.html",
        phrase("block.title"),
        status,
        problems=problems,
        rows=rows,
        kinds=[(kind, phrase(f"block.{kind}")) for kind in _KINDS],
        word_of={str(kind): phrase(f"block.{kind}") for kind in BlockKind},
        more=rows[-1].seq if len(rows) == _ROOM else 0,
    )
