"""The pages about picking: pick lists for page and paper, and the pick station, for a tablet with a scanner.

Public names: pick_page_routes.

They work without a script: a scanner types into the one field that has the focus and presses enter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.responses import RedirectResponse

from api.pages import asked, form_of, language_of, rendered
from api.problem_details import V1_PROBLEMS
from api.scanned import piece_of, whole
from api.site_state import Site
from edge.intake import keys
from edge.intake.operators import who_asks
from edge.journal.host_time import now_us
from edge.orders.pick_list import ListRow
from edge.orders.picking import PickError, PickLine, PickTask, ShortReason
from edge.print.codes import code_svg
from edge.print.pick_sheet import pick_sheet
from edge.site import picking, rounds, totes
from edge.site.pick_lists import pick_list_of
from edge.site.picking import Picked
from edge.site.rounds import StalePickError
from edge.views.words.phrase import Word, phrase
from edge.views.words.table import say


def pick_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""
    _list_routes(app, site)
    _station_routes(app, site)


# ---- lists -----------------------------------------------------------------------------------------------------------


def _list_routes(app: FastAPI, site: Site) -> None:
    @app.get("/api/v1/pick-tasks/{task}/list.html", tags=["picking"], responses=V1_PROBLEMS, response_class=Response)
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
        return _station(site, request, who_asks(asked(request, "picker", 80)))

    @app.post("/picks/{action}", include_in_schema=False)
    async def act(action: str, request: Request) -> Response:
        given = await form_of(request)
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
        if task is not None and task.picker != picker:
            others = phrase("pick.others", task=task.id, picker=task.picker) if task.picker else phrase("pick.changed")
            return _station(site, request, picker, [say(others, language_of(request))], 412)
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
            return _Scanned(before.bin, keys.tote(text, site.totes))
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
        now = [] if task is not None else rounds.rounds_now(db)
        totals = {str(state): count for state, count in rounds.round_counts(db).items()}
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
        rounds=now,
        totals=totals,
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
