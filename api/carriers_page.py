"""The page of carriers: contracts, what is suspended, pickups with room and cut-off, scores, what others cost.

Public names: carriers_page_routes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.responses import RedirectResponse

from api.carriers import EndBody, StopBody, WhatIfBody, planning_at, scores_of, stop_of, what_if_of
from api.pages import amount_of, form_of, problems_of, rendered
from api.site_state import Site
from api.v1_bodies import body_of
from edge.journal.host_time import now_us
from edge.orders.what_if import WhatIf
from edge.site import carriers_shown, suspending
from edge.site.contracts_shown import service_views
from edge.site.suspending import SuspensionError
from edge.views.plan_sentences import of_day, tell_refusal
from edge.views.words.phrase import Word, phrase

_ROOM = 100
_HOURS = 36
_HOUR_US = 3_600_000_000
_HERE = "/carriers"
_KINDS = ("carrier", "service", "lane")
_WORDS = {
    "carrier": phrase("carriers.carrier"),
    "service": phrase("carriers.service"),
    "lane": phrase("carriers.lane"),
    "before": phrase("carriers.before"),
    "after": phrase("carriers.after"),
    "released": phrase("carriers.where.released"),
    "packed": phrase("carriers.where.packed"),
    "moving": phrase("carriers.where.moving"),
    "void": phrase("carriers.label.void"),
    "kept": phrase("carriers.label.kept"),
}


def carriers_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get(_HERE, include_in_schema=False)
    def page(request: Request) -> Response:
        return _page(site, request, [])

    @app.post("/carriers/{action}", include_in_schema=False)
    async def act(action: str, request: Request) -> Response:
        given = await form_of(request, texts=("contract",))
        return await asyncio.to_thread(_acted, site, request, action, given)


def _acted(site: Site, request: Request, action: str, given: dict[str, str]) -> Response:
    if action not in ("suspend", "end", "what-if"):
        raise HTTPException(404, f"{action}: allowed are suspend, end, what-if")
    try:
        if action == "suspend":
            return _suspended(site, request, given)
        if action == "end":
            return _ended(site, request, given)
        read = body_of(WhatIfBody, json.dumps(given).encode())
        if isinstance(read, Response):
            return _page(site, request, problems_of(read), 422, given=given)
        return _page(site, request, [], given=given, other=what_if_of(site, read))
    except SuspensionError as error:
        return _page(site, request, [str(error)], 409)
    except HTTPException as error:
        return _page(site, request, str(error.detail).split("; "), error.status_code, given=given)


def _suspended(site: Site, request: Request, given: dict[str, str]) -> Response:
    kind, _, name = given.pop("what", "").partition(":")
    body = body_of(StopBody, json.dumps({**given, kind if kind in _KINDS else "service": name}).encode())
    if isinstance(body, Response):
        return _page(site, request, problems_of(body), 422)
    at_us = now_us()
    suspending.suspend(site.store().connections, stop_of(site, body), planning_at(site, at_us), at_us)
    return RedirectResponse(_HERE, 303)


def _ended(site: Site, request: Request, given: dict[str, str]) -> Response:
    number = given.pop("seq", "")
    body = body_of(EndBody, json.dumps(given).encode())
    if isinstance(body, Response):
        return _page(site, request, problems_of(body), 422)
    at_us = now_us()
    seq = int(number) if number.isascii() and number.isdigit() and len(number) < 15 else 0
    suspending.resume(site.store().connections, seq, body.by, body.reason, planning_at(site, at_us), at_us)
    return RedirectResponse(_HERE, 303)


def _page(
    site: Site,
    request: Request,
    problems: list[str],
    status: int = 200,
    given: Mapping[str, str] = {},
    other: WhatIf | None = None,
) -> Response:
    at_us = now_us()
    by = planning_at(site, at_us)
    before = request.query_params.get("before", "")
    behind = int(before) if before.isascii() and before.isdigit() and len(before) < 15 else 0
    with site.store().connections.reading() as db:
        pickups = carriers_shown.pickup_rows(db, by, at_us + _HOURS * _HOUR_US)
        stopped = suspending.suspensions(db)
        stuck = suspending.stuck_parcels(db, limit=_ROOM)
        moves = suspending.moves_of(db, before=behind, limit=_ROOM)
    services = service_views(site.config.service, at_us)
    targets = [
        *(("carrier", one) for one in sorted({one.carrier for one in services})),
        *(("service", one.id) for one in services),
        *(("lane", one) for one in sorted({one.lane for one in services if one.lane})),
    ]
    return rendered(
        site,
        request,
        "carriers.html",
        phrase("carriers.title"),
        status,
        problems=problems,
        services=services,
        targets=targets,
        stopped=stopped,
        stuck=stuck,
        moves=moves,
        more=urlencode({"before": moves[-1].seq}) if len(moves) == _ROOM else "",
        pickups=pickups,
        scores=scores_of(site, None, None),
        other=other,
        given=given,
        left=lambda cutoff_us: _left(cutoff_us, at_us),
        amount=amount_of(site),
        hours=lambda us: round(us / _HOUR_US, 1),
        of_refusal=tell_refusal,
        of_goods=lambda name: phrase(f"goods.{name}"),
        of_day=of_day,
        words=_WORDS,
    )


def _left(cutoff_us: int, at_us: int) -> Word:
    if cutoff_us <= at_us:
        return phrase("wave.over")
    hours, minutes = divmod((cutoff_us - at_us) // 60_000_000, 60)
    return phrase("wave.time", hours=hours, minutes=minutes)
