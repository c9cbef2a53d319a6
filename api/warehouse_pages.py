"""The pages about stock, waves and picking, rendered here; the pick station is for a tablet with a scanner.

Public names: warehouse_page_routes.

They work without a script: a scanner types into the one field that has the focus and presses enter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.responses import RedirectResponse

from api.pages import language_of, rendered
from api.scanned import piece_of, whole
from api.site_state import Site
from api.stock import Imported, take_stock
from edge.core.values.text import one_line
from edge.intake import keys
from edge.journal.host_time import now_us
from edge.orders.measured import Measure
from edge.orders.pick_list import ListRow
from edge.orders.picking import PickError, PickLine, PickTask, ShortReason
from edge.orders.stock import StockCondition
from edge.orders.waves import WaveState
from edge.print.codes import code_svg
from edge.print.pick_sheet import pick_sheet
from edge.site import drafts, lateness, measuring, picking, releasing, rounds, stock_shown, totes, wave_rows
from edge.site.pick_lists import materials_of, pick_list_of
from edge.site.picking import Picked
from edge.site.rounds import StalePickError
from edge.views.plan_sentences import tell_displacement, tell_late, tell_left
from edge.views.words.phrase import Phrase, Word, phrase
from edge.views.words.table import say

_ROOM = 100
_MINUTE_US = 60_000_000
_STATES = {WaveState.DRAFT: "wave.draft", WaveState.RELEASED: "wave.released", WaveState.DONE: "wave.done"}
_MEASURES = {
    Measure.PICK_LINE: "wave.measure.pick-line",
    Measure.TOTE: "wave.measure.tote",
    Measure.LEAD: "wave.measure.lead",
}
_CONDITIONS = {
    StockCondition.SELLABLE: "stock.condition.sellable",
    StockCondition.INSPECTION: "stock.condition.inspection",
    StockCondition.DAMAGED: "stock.condition.damaged",
}


def warehouse_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""
    _stock_routes(app, site)
    _wave_routes(app, site)
    _list_routes(app, site)
    _station_routes(app, site)


def _asked(request: Request, key: str, longest: int = 200) -> str:
    return request.query_params.get(key, "")[:longest].replace("\0", "")


async def _given(request: Request) -> dict[str, str]:
    form = await request.form(max_files=0, max_fields=40)
    return {key: one_line(str(value))[:4_000] for key, value in form.multi_items()}


# ---- stock -----------------------------------------------------------------------------------------------------------


def _stock_routes(app: FastAPI, site: Site) -> None:
    @app.get("/stock", include_in_schema=False)
    def stock(request: Request) -> Response:
        sku, after = _asked(request, "sku").strip(), _asked(request, "after")
        with site.store().connections.reading() as db:
            rows = stock_shown.stock_rows(db, after, _ROOM, sku)
            suspects = stock_shown.suspects(db)
        if sku and rows:
            return RedirectResponse(f"/stock/a/{quote(sku, safe='')}", 303)
        more = urlencode({"after": rows[-1].sku}) if len(rows) == _ROOM else ""
        return rendered(
            site,
            request,
            "stock.html",
            phrase("stock.title"),
            rows=rows,
            suspects=suspects,
            more=more,
            sku=sku,
            done=None,
        )

    @app.post("/stock/import", include_in_schema=False)
    async def taken(request: Request) -> Response:
        try:
            form = await request.form(max_files=1, max_fields=4)
        except HTTPException as error:
            return await asyncio.to_thread(imported, request, [str(error.detail)], None, 400)
        try:
            file, by = form.get("file"), one_line(str(form.get("by") or ""))[:80]
            if file is None or isinstance(file, str) or not file.filename or not by:
                return await asyncio.to_thread(imported, request, ["file, by: ?"], None, 422)
            name, body = one_line(file.filename)[:200], await file.read()
        finally:
            await form.close()
        done = await asyncio.to_thread(take_stock, site, body, by)
        if isinstance(done, tuple):
            return await asyncio.to_thread(imported, request, [f"{name}: {one}" for one in done], None, 422)
        return await asyncio.to_thread(imported, request, [], done, 200)

    def imported(request: Request, problems: list[str], done: Imported | None, status: int) -> Response:
        with site.store().connections.reading() as db:
            rows, suspects = stock_shown.stock_rows(db, "", _ROOM), stock_shown.suspects(db)
        shown = {"rows": rows, "suspects": suspects, "more": "", "sku": "", "done": done}
        return rendered(site, request, "stock.html", phrase("stock.title"), status, problems=problems[:_ROOM], **shown)

    @app.get("/stock/a/{sku:path}", include_in_schema=False)
    def article(sku: str, request: Request) -> Response:
        after = _asked(request, "after", 16)
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
        )


# ---- waves -----------------------------------------------------------------------------------------------------------


def _left(cutoff_us: int, at_us: int) -> Word:
    """How long until then."""
    if cutoff_us <= at_us:
        return phrase("wave.over")
    hours, minutes = divmod((cutoff_us - at_us) // _MINUTE_US, 60)
    return phrase("wave.time", hours=hours, minutes=minutes)


def _wave_routes(app: FastAPI, site: Site) -> None:
    def shown(request: Request, problems: list[str], status: int = 200, unplanned: Sequence[Phrase] = ()) -> Response:
        at_us = now_us()
        at = site.store().connections
        by = measuring.planning_now(at, site.config.service, site.config.plan, at_us)
        late = [tell_late(one) for one in lateness.forecast_late(at, by.rates, by.tail_us, at_us)[:_ROOM]]
        with at.reading() as db:
            rows = wave_rows.wave_rows(db, _asked(request, "after"), _ROOM)
            displaced = [tell_displacement(one) for one in wave_rows.displacements(db)]
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
            unplanned=unplanned,
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
            material = materials_of(db, wave, site.config.plan.cartons)
        return rendered(
            site, request, "wave.html", wave, row=row, tasks=tasks, material=material, state=phrase(_STATES[row.state])
        )

    @app.post("/waves/{action}", include_in_schema=False)
    async def act(action: str, request: Request) -> Response:
        given = await _given(request)
        return await asyncio.to_thread(done, request, action, given)

    def done(request: Request, action: str, given: Mapping[str, str]) -> Response:
        at_us, by, wave = now_us(), given.get("by", "")[:80], given.get("wave", "")[:200]
        at = site.store().connections
        plan = measuring.planning_now(at, site.config.service, site.config.plan, at_us)
        if not by:
            return shown(request, ["by: ?"], 422)
        if action == "plan":
            made = drafts.plan(at, plan, at_us)
            unplanned = [tell_left(order, why) for order, why in made.left[:_ROOM]]
            unplanned += [
                phrase("wave.waits", order=order, units=units, sku=sku)
                for order, missing in made.waiting[:_ROOM]
                for sku, units in missing
            ]
            if unplanned:
                return shown(request, [], unplanned=unplanned)
        elif action == "release":
            if (gone := releasing.release(at, wave, plan.limits, by, at_us, plan)) is not None and gone.lacking:
                return shown(request, [f"{one.fulfilment}: {one.missing} × {one.sku}" for one in gone.lacking])
        elif action == "withdraw":
            releasing.withdraw(at, wave, by, at_us)
        else:
            raise HTTPException(404, f"{action}: allowed are plan, release, withdraw")
        return RedirectResponse("/waves", 303)


# ---- lists -----------------------------------------------------------------------------------------------------------


def _list_routes(app: FastAPI, site: Site) -> None:
    @app.get("/api/v1/pick-tasks/{task}/list.html", tags=["picking"], response_class=Response)
    @app.get("/picks/t/{task}/list.html", include_in_schema=False)
    def page(task: str, request: Request) -> Response:
        """The pick list for a browser, in the reader's language."""
        task = task.replace("\0", "")
        with site.store().connections.reading() as db:
            listed = pick_list_of(db, task)
        if listed is None:
            raise HTTPException(404, f"task {task}: there is none")
        return rendered(
            site,
            request,
            "pick_list.html",
            f"{task}",
            listed=listed,
            mode=phrase(f"pick.mode.{listed.mode}"),
            svg=code_svg,
            of_goods=lambda mark: phrase(f"goods.{mark}"),
        )

    @app.get("/picks/t/{task}/list.pdf", include_in_schema=False)
    def paper(task: str, request: Request) -> Response:
        task = task.replace("\0", "")
        with site.store().connections.reading() as db:
            listed = pick_list_of(db, task)
        if listed is None:
            raise HTTPException(404, f"task {task}: there is none")
        return Response(pick_sheet(listed, language_of(request)), media_type="application/pdf")


# ---- the station -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Scanned:
    """What was scanned of a line so far: the form carries it from scan to scan."""

    bin: str = ""
    tote: str = ""
    units: int = 0
    epcs: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, str]) -> _Scanned:
        units = given.get("so_far", "0")
        return cls(
            given.get("bin", ""),
            given.get("tote", ""),
            int(units) if units.isascii() and units.isdigit() and len(units) < 10 else 0,
            tuple(given.get("epcs", "").split()),
        )


def _line_of(task: PickTask) -> PickLine | None:
    return next((line for line in task.lines if not line.ended), None)


def _station_routes(app: FastAPI, site: Site) -> None:
    @app.get("/picks", include_in_schema=False)
    def station(request: Request) -> Response:
        return _station(site, request, _asked(request, "picker", 80))

    @app.post("/picks/{action}", include_in_schema=False)
    async def act(action: str, request: Request) -> Response:
        given = await _given(request)
        return await asyncio.to_thread(_acted, site, request, action, given)


def _acted(site: Site, request: Request, action: str, given: Mapping[str, str]) -> Response:
    picker = given.get("picker", "")[:80]
    at = site.store().connections
    back = RedirectResponse(f"/picks?{urlencode({'picker': picker})}", 303)
    if not picker or action not in ("claim", "scan", "count", "hand-back"):
        return _station(site, request, picker, ["picker: ?"] if not picker else [action], 422)
    if action == "claim":
        if rounds.claim(at, picker, now_us()) is None:
            return _station(site, request, picker, [say(phrase("pick.none"), language_of(request))])
        return back
    number = given.get("version", "")
    version = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
    name = given.get("task", "")[:200]
    try:
        if action == "hand-back":
            rounds.hand_back(at, name, picker, version, now_us())
            return back
        with at.reading() as db:
            task = rounds.task_of(db, name)
        line = _line_of(task) if task is not None else None
        if task is None or line is None or task.version != version or str(line.n) != given.get("line"):
            return _station(site, request, picker, [say(phrase("pick.changed"), language_of(request))], 412)
        if action == "scan":
            scanned = _scan(site, line, _Scanned.of(given), given.get("scan", "").strip()[:200])
            if isinstance(scanned, _Scanned) and scanned.units < line.quantity:
                return _station(site, request, picker, scanned=scanned)
            if not isinstance(scanned, _Scanned):
                known = _Scanned.of(given)
                return _station(site, request, picker, [say(scanned, language_of(request))], 409, known)
            said = _picked(task, line, picker, scanned, scanned.units, None)
        else:
            scanned = _Scanned.of(given)
            units = whole(given.get("units", ""))
            reason = next((one for one in ShortReason if one == given.get("reason")), None)
            said = _picked(task, line, picker, scanned, units, reason if units < line.quantity else None)
            said = replace(said, over=given.get("over", "").strip()[:400])
        now = picking.pick(at, said, now_us())
    except StalePickError:
        return _station(site, request, picker, [say(phrase("pick.changed"), language_of(request))], 412)
    except PickError as error:
        return _station(site, request, picker, [str(error)], 409, _Scanned.of(given))
    if _line_of(now) is None:
        return _station(site, request, picker, ended=now.id)
    return back


def _picked(
    task: PickTask, line: PickLine, picker: str, scanned: _Scanned, units: int, reason: ShortReason | None
) -> Picked:
    return Picked(
        task=task.id,
        n=line.n,
        units=line.picked + units,
        picker=picker,
        version=task.version,
        reason=reason,
        bin=scanned.bin,
        tote=scanned.tote,
        epcs=scanned.epcs,
    )


def _scan(site: Site, line: PickLine, before: _Scanned, text: str) -> _Scanned | Word:
    """What is known with one scan more, or what is wrong with it: the bin first, then the tote, then each piece."""
    if not before.bin:
        if text != line.at.bin:
            return phrase("pick.wrong.bin", scanned=text, bin=line.at.bin)
        return _Scanned(bin=text)
    if not before.tote:
        try:
            return _Scanned(before.bin, keys.tote(text))
        except ValueError:
            return phrase("pick.wrong.tote", scanned=text)
    piece = piece_of(site, line.at.sku, text)
    if piece is None:
        return phrase("pick.wrong.item", scanned=text, sku=line.at.sku)
    if piece.epc and piece.epc in before.epcs:
        return before
    epcs = (*before.epcs, piece.epc) if piece.epc else before.epcs
    return _Scanned(before.bin, before.tote, before.units + piece.units, epcs)


def _station(
    site: Site,
    request: Request,
    picker: str,
    problems: list[str] | None = None,
    status: int = 200,
    scanned: _Scanned | None = None,
    ended: str = "",
) -> Response:
    task, row, line, tote = None, None, None, ""
    with site.store().connections.reading() as db:
        task = rounds.task_in_hand(db, picker) if picker else None
        line = _line_of(task) if task is not None else None
        if task is not None and line is not None:
            listed = pick_list_of(db, task.id)
            assert listed is not None, "it is there"
            row = next(
                one for one in listed.rows if (one.bin, one.sku, one.lot) == (line.at.bin, line.at.sku, line.at.lot)
            )
            tote = totes.tote_of(db, line.fulfilment)
    return rendered(
        site,
        request,
        "picks.html",
        phrase("pick.station"),
        status,
        problems=problems or [],
        picker=picker,
        task=task,
        line=line,
        row=row,
        tote=tote,
        scanned=scanned or _Scanned(),
        ended=ended,
        wanted=_wanted(line, scanned or _Scanned()),
        left=sum(1 for one in task.lines if not one.ended) if task is not None else 0,
        reasons=[(str(one), phrase(f"pick.short.{one}")) for one in ShortReason],
        marks=_marks(row),
    )


def _wanted(line: PickLine | None, scanned: _Scanned) -> Word:
    if line is None:
        return ""
    if not scanned.bin:
        return phrase("pick.scan.bin", bin=line.at.bin)
    return phrase("pick.scan.item") if scanned.tote else phrase("pick.scan.tote", fulfilment=line.fulfilment)


def _marks(row: ListRow | None) -> list[Word]:
    if row is None:
        return []
    return [*(phrase(f"goods.{mark}") for mark in row.marks), *([phrase("pick.lot", lot=row.lot)] if row.lot else [])]
