"""The pages about stock and waves, rendered here.

Public names: warehouse_page_routes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import quote, urlencode

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.responses import RedirectResponse

from api.pages import asked, form_of, line_of, rendered
from api.site_state import Site
from api.stock import Imported, covered_soon, take_stock
from edge.intake.operators import who_asks
from edge.journal.host_time import now_us
from edge.orders.cover import CoverFinding
from edge.orders.measured import Measure
from edge.orders.stock import StockCondition
from edge.orders.waves import WaveState
from edge.site import drafts, lateness, measuring, releasing, rounds, stock_shown, wave_rows
from edge.site.cover_shown import CoverAsked, CoverRow
from edge.site.pick_lists import materials_of
from edge.site.stock_shown import SuspectBin
from edge.site.unplanned import unplanned_rows
from edge.views.plan_sentences import of_movement, of_task, tell_cover, tell_displacement, tell_late, tell_left
from edge.views.words.phrase import Phrase, Word, phrase

_ROOM = 100
_MINUTE_US = 60_000_000
_STATES = {WaveState.DRAFT: "wave.draft", WaveState.RELEASED: "wave.released", WaveState.DONE: "wave.done"}
_MEASURES = {
    Measure.PICK_LINE: "wave.measure.pick-line",
    Measure.TOTE: "wave.measure.tote",
    Measure.LEAD: "wave.measure.lead",
}
_FINDINGS = {str(one): one for one in CoverFinding}
_CONDITIONS = {
    StockCondition.SELLABLE: "stock.condition.sellable",
    StockCondition.INSPECTION: "stock.condition.inspection",
    StockCondition.DAMAGED: "stock.condition.damaged",
}


def warehouse_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""
    _stock_routes(app, site)
    _wave_routes(app, site)


# ---- stock -----------------------------------------------------------------------------------------------------------


def _stock_routes(app: FastAPI, site: Site) -> None:
    @app.get("/stock", include_in_schema=False)
    def stock(request: Request) -> Response:
        sku, bin_, after = asked(request, "sku").strip(), asked(request, "bin").strip(), asked(request, "after")
        finding = _FINDINGS.get(asked(request, "finding"))
        with site.store().connections.reading() as db:
            if sku and stock_shown.stock_rows(db, sku=sku):
                return RedirectResponse(f"/stock/a/{quote(sku, safe='')}", 303)
            suspects = stock_shown.suspects(db)
        which = CoverAsked(after=after, limit=0 if sku else _ROOM, finding=finding, bin=bin_)
        rows, added_up = covered_soon(site, which)
        given = {key: its for key, its in (("bin", bin_), ("finding", finding)) if its}
        more = urlencode({**given, "after": rows[-1].sku}) if len(rows) == _ROOM else ""
        title = phrase("stock.in", bin=bin_) if bin_ else phrase("stock.title")
        return listed(request, title, rows, suspects, added_up, given=given, more=more, sku=sku)

    @app.post("/stock/import", include_in_schema=False)
    async def taken(request: Request) -> Response:
        try:
            form = await request.form(max_files=1, max_fields=4)
        except HTTPException as error:
            return await asyncio.to_thread(imported, request, [str(error.detail)], None, 400)
        try:
            file, by = form.get("file"), who_asks(line_of("by", form.get("by") or "")[:80])
            if file is None or isinstance(file, str) or not file.filename or not by:
                return await asyncio.to_thread(imported, request, ["file, by: ?"], None, 422)
            name, body = line_of("file", file.filename)[:200], await file.read()
        finally:
            await form.close()
        done = await asyncio.to_thread(take_stock, site, body, by)
        if isinstance(done, tuple):
            return await asyncio.to_thread(imported, request, [f"{name}: {one}" for one in done], None, 422)
        return await asyncio.to_thread(imported, request, [], done, 200)

    def imported(request: Request, problems: list[str], done: Imported | None, status: int) -> Response:
        with site.store().connections.reading() as db:
            suspects = stock_shown.suspects(db)
        rows, added_up = covered_soon(site, CoverAsked(limit=_ROOM))
        title = phrase("stock.title")
        return listed(request, title, rows, suspects, added_up, done=done, status=status, problems=problems[:_ROOM])

    def listed(
        request: Request,
        title: Phrase,
        rows: Sequence[CoverRow],
        suspects: Sequence[SuspectBin],
        added_up: bool,
        given: Mapping[str, str] = MappingProxyType({}),
        more: str = "",
        sku: str = "",
        done: Imported | None = None,
        status: int = 200,
        problems: Sequence[str] = (),
    ) -> Response:
        return rendered(
            site,
            request,
            "stock.html",
            title,
            status,
            problems=list(problems),
            rows=rows,
            suspects=suspects,
            given=given,
            more=more,
            sku=sku,
            done=done,
            added_up=added_up,
            findings=tuple(CoverFinding),
            of_finding=tell_cover,
        )

    @app.get("/stock/a/{sku:path}", include_in_schema=False)
    def article(sku: str, request: Request) -> Response:
        after = asked(request, "after", 16)
        behind = int(after) if after.isascii() and after.isdigit() else 0
        sku = sku.replace("\0", "")
        with site.store().connections.reading() as db:
            rows = stock_shown.stock_rows(db, sku=sku)
            ledger = stock_shown.ledger(db, sku, behind, _ROOM)
        if not rows:
            raise HTTPException(404, f"sku {sku}: there is no such article")
        more = urlencode({"after": str(ledger[-1].seq)}) if len(ledger) == _ROOM else ""
        return rendered(
            site,
            request,
            "article.html",
            sku,
            row=rows[0],
            ledger=ledger,
            more=more,
            of_condition=lambda one: phrase(_CONDITIONS[one]),
            of_movement=of_movement,
        )


# ---- waves -----------------------------------------------------------------------------------------------------------


def _left(cutoff_us: int, at_us: int) -> Word:
    """How long until then."""
    if cutoff_us <= at_us:
        return phrase("wave.over")
    hours, minutes = divmod((cutoff_us - at_us) // _MINUTE_US, 60)
    return phrase("wave.time", hours=hours, minutes=minutes)


def _wave_routes(app: FastAPI, site: Site) -> None:
    def shown(request: Request, problems: list[str], status: int = 200, waiting: Sequence[Phrase] = ()) -> Response:
        at_us = now_us()
        at = site.store().connections
        by = measuring.planning_now(at, site.config.service, site.config.plan, at_us)
        late = [tell_late(one) for one in lateness.forecast_late(at, by, site.live.off_since_us, at_us)[:_ROOM]]
        with at.reading() as db:
            rows = wave_rows.wave_rows(db, asked(request, "after"), _ROOM)
            displaced = [tell_displacement(one) for one in wave_rows.displacements(db)]
            left = [tell_left(one.order, one.refusals) for one in unplanned_rows(db, "", _ROOM)]
        return rendered(
            site,
            request,
            "waves.html",
            phrase("wave.title"),
            status,
            problems=problems,
            rows=rows,
            late=late,
            displaced=displaced,
            unplanned=[*left, *waiting],
            measured=by.measured,
            of_measure=lambda one: phrase(_MEASURES[one]),
            more=urlencode({"after": rows[-1].id}) if len(rows) == _ROOM else "",
            of_wave=lambda one: phrase(_STATES[one]),
            left=lambda cutoff_us: _left(cutoff_us, at_us),
        )

    @app.get("/waves", include_in_schema=False)
    def waves(request: Request) -> Response:
        return shown(request, [])

    @app.get("/waves/w/{wave:path}", include_in_schema=False)
    def wave_page(wave: str, request: Request) -> Response:
        wave = wave.replace("\0", "")
        with site.store().connections.reading() as db:
            row = wave_rows.wave_of(db, wave)
            if row is None:
                raise HTTPException(404, f"wave {wave}: there is none")
            tasks = rounds.tasks_where(db, wave, limit=1_000)
            material = materials_of(db, wave, site.config.plan.cartons, site.packer if site.packing.cartons else None)
        return rendered(
            site,
            request,
            "wave.html",
            wave,
            row=row,
            tasks=tasks,
            material=material,
            state=phrase(_STATES[row.state]),
            of_task=of_task,
        )

    @app.post("/waves/{action}", include_in_schema=False)
    async def act(action: str, request: Request) -> Response:
        given = await form_of(request)
        return await asyncio.to_thread(done, request, action, given)

    def done(request: Request, action: str, given: Mapping[str, str]) -> Response:
        at_us, by, wave = now_us(), given.get("by", "")[:80], given.get("wave", "")[:200]
        at = site.store().connections
        plan = measuring.planning_now(at, site.config.service, site.config.plan, at_us)
        if not by:
            return shown(request, ["by: ?"], 422)
        if action == "plan":
            made = drafts.plan(at, plan, at_us)
            waiting = [
                phrase("wave.waits", order=order, units=units, sku=sku)
                for order, missing in made.waiting[:_ROOM]
                for sku, units in missing
            ]
            if waiting:
                return shown(request, [], waiting=waiting)
        elif action == "release":
            if (gone := releasing.release(at, wave, plan.limits, by, at_us, plan)) is not None and gone.lacking:
                return shown(request, [f"{one.fulfilment}: {one.missing} × {one.sku}" for one in gone.lacking])
        elif action == "withdraw":
            releasing.withdraw(at, wave, by, at_us)
        else:
            raise HTTPException(404, f"{action}: allowed are plan, release, withdraw")
        return RedirectResponse("/waves", 303)
