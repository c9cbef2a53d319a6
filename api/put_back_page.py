"""The put-back station: what lies in totes and is not wanted there goes to its bin, by scans, on a tablet.

Public names: put_back_page_routes.

A tote is scanned, or a row chosen; then each piece that is taken out, then the bin in which it is laid. It works
without a script, as the pick station does, and goes on with what else lies in the same tote.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.responses import RedirectResponse

from api.pages import form_of, language_of, rendered
from api.scanned import piece_of, whole
from api.site_state import Site
from edge.intake import keys
from edge.intake.operators import who_asks
from edge.journal.host_time import now_us
from edge.site import catalogue, put_backs, sightings
from edge.site.put_backs import PutBackRow
from edge.views.words.phrase import Word, phrase
from edge.views.words.table import say

_ROOM = 100


@dataclass(frozen=True, slots=True)
class _Taken:
    """What was taken out so far: the form carries it from scan to scan. ``seq``: of the row, 0 = none is chosen."""

    seq: int = 0
    units: int = 0
    epcs: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, str]) -> _Taken:
        units = max(0, whole(given.get("so_far", "")))
        return cls(max(0, whole(given.get("n", ""))), units, tuple(given.get("epcs", "").split()))


def put_back_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get("/put-backs", include_in_schema=False)
    def station(request: Request) -> Response:
        asked = request.query_params
        after = max(0, whole(asked.get("after", "")))
        chosen = _Taken(max(0, whole(asked.get("n", ""))))
        return _shown(site, request, who_asks(asked.get("by", "")[:80].replace("\0", "")), chosen, after=after)

    @app.post("/put-backs/{action}", include_in_schema=False)
    async def act(action: str, request: Request) -> Response:
        return await asyncio.to_thread(_acted, site, request, action, await form_of(request))


def _acted(site: Site, request: Request, action: str, given: Mapping[str, str]) -> Response:
    by, taken = given.get("by", "")[:80], _Taken.of(given)
    if action not in ("scan", "count", "leave"):
        raise HTTPException(404, f"{action}: allowed are scan, count, leave")
    if not by:
        return _shown(site, request, "", taken, phrase("pick.name"), 422)
    if action == "leave":
        return _to(by)
    row = _row(site, taken.seq)
    text = given.get("scan", "").strip()[:200]
    if row is None:
        if taken.seq:
            return _shown(site, request, by, _Taken(), phrase("back.changed"), 412)
        found = _of_tote(site, text)
        if found is None:
            return _shown(site, request, by, taken, phrase("back.wrong.tote", scanned=text), 409)
        return _to(by, n=found.seq)
    if action == "count":
        units = whole(given.get("units", ""))
        known = _Taken(row.seq, units if 0 <= units <= row.quantity else taken.units, taken.epcs)
        return _shown(site, request, by, known)
    return _scanned(site, request, by, row, taken, text)


def _scanned(site: Site, request: Request, by: str, row: PutBackRow, taken: _Taken, text: str) -> Response:
    """With one scan more: a piece, or the bin once all are out."""
    if text == row.to.bin:
        if taken.units < row.quantity:
            missing = phrase("back.first", n=row.quantity - taken.units, sku=row.to.sku)
            return _shown(site, request, by, taken, missing, 409)
        done = sightings.put_back(site.store().connections, row.seq, by, now_us())
        more = _of_tote(site, done.tote) if done.tote else None
        return _to(by, done=done.seq, n=more.seq if more is not None else 0)
    piece = piece_of(site, row.to.sku, text)
    if taken.units >= row.quantity:
        return _shown(site, request, by, taken, phrase("pick.wrong.bin", scanned=text, bin=row.to.bin), 409)
    if piece is None:
        return _shown(site, request, by, taken, phrase("pick.wrong.item", scanned=text, sku=row.to.sku), 409)
    if piece.epc and piece.epc in taken.epcs:
        return _shown(site, request, by, taken)
    epcs = (*taken.epcs, piece.epc) if piece.epc else taken.epcs
    return _shown(site, request, by, _Taken(row.seq, min(row.quantity, taken.units + piece.units), epcs))


def _to(by: str, **more: int) -> Response:
    known = {key: str(n) for key, n in more.items() if n}
    return RedirectResponse(f"/put-backs?{urlencode({'by': by, **known})}", 303)


def _row(site: Site, seq: int) -> PutBackRow | None:
    """The open one of a number."""
    with site.store().connections.reading() as db:
        return next((one for one in put_backs.open_put_backs(db, seq - 1, 1) if one.seq == seq), None)


def _of_tote(site: Site, text: str) -> PutBackRow | None:
    """The first open one of a tote, or of a fulfilment."""
    try:
        tote = keys.tote(text, site.totes)
    except ValueError:
        tote = text
    with site.store().connections.reading() as db:
        return next(iter(put_backs.open_put_backs(db, limit=1, of=tote)), None)


def _shown(
    site: Site,
    request: Request,
    by: str,
    taken: _Taken,
    problem: Word = "",
    status: int = 200,
    after: int = 0,
) -> Response:
    with site.store().connections.reading() as db:
        rows = put_backs.open_put_backs(db, after, _ROOM)
        row = next((one for one in put_backs.open_put_backs(db, taken.seq - 1, 1) if one.seq == taken.seq), None)
        names = catalogue.skus_of(db, {one.to.sku for one in (*rows, *([row] if row else []))})
    return rendered(
        site,
        request,
        "put_backs.html",
        phrase("back.title"),
        status,
        problems=[say(problem, language_of(request))] if problem else [],
        by=by,
        rows=rows,
        row=row,
        taken=taken,
        done=max(0, whole(request.query_params.get("done", ""))),
        names={sku: one.name for sku, one in names.items()},
        wanted=_wanted(row, taken),
        more=urlencode({"by": by, "after": rows[-1].seq}) if len(rows) == _ROOM else "",
        chosen=lambda one: urlencode({"by": by, "n": one.seq}),
        of_why=lambda why: phrase("back.why.cancelled") if why == put_backs.CANCELLED else why,
    )


def _wanted(row: PutBackRow | None, taken: _Taken) -> Word:
    if row is None:
        return phrase("back.scan.tote")
    if taken.units < row.quantity:
        return phrase("back.scan.item")
    return phrase("pick.scan.bin", bin=row.to.bin)
