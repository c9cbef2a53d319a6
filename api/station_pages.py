"""The pages of a quality and of a packing station: by scans, on a tablet, without a script.

Public names: station_page_routes.

A form carries what was put in from scan to scan, as the pick station's does; what keeps a parcel is said in the
reader's language, beside the field where a reason may be given.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import ValidationError
from starlette.responses import RedirectResponse

from api.pages import form_of, language_of, rendered
from api.parcels import print_label
from api.scanned import piece_of, whole
from api.site_state import Site
from api.stations import PackBody, check_station, order_scanned, packed, propose_for, weight_at
from edge.config.problem import said_of
from edge.config.quality_rules import quality_rules
from edge.core.values.order import OrderState
from edge.intake import keys
from edge.intake.operators import who_asks
from edge.intake.scales import ScaleError
from edge.journal.host_time import now_us
from edge.orders.cartons import ProtectionKind
from edge.orders.goods_rules import ParcelMark, ParcelPaper
from edge.orders.packed import after_checks
from edge.orders.quality import FAULTS, Aspect, Fault, Settlement
from edge.site import lots, pack_jobs, packing, parcels, quality
from edge.site.packing import PackError
from edge.site.parcels import ParcelError
from edge.site.quality import CheckSaid, QualityError
from edge.views.pack_sentences import tell_mark, tell_paper, tell_protection, tell_unpacked
from edge.views.station_sentences import (
    of_aspect,
    of_cause,
    of_check,
    of_fault,
    of_settlement,
    tell_pack_error,
)
from edge.views.words.phrase import Word, phrase
from edge.views.words.table import say

_ROOM = 50
_DAYS_US = 30 * 86_400_000_000
_REASONS = ("unverified", "differs", "overruled")
_SAID: dict[str, Any] = {
    **{one.__name__: one for one in (of_aspect, of_cause, of_check, of_fault, of_settlement)},
    "of_mark": lambda one: tell_mark(ParcelMark(one)),
    "of_paper": lambda one: tell_paper(ParcelPaper(one)),
    "of_step": lambda one: tell_protection(ProtectionKind(one)),
    "of_unpacked": tell_unpacked,
}


@dataclass(slots=True)
class _Packing:
    """What was put in so far."""

    order: str = ""
    station: str = ""
    by: str = ""
    epcs: list[str] = field(default_factory=list)
    units: Counter[str] = field(default_factory=Counter)
    whole: bool = False
    grams: int = 0
    checked: list[str] = field(default_factory=list)
    carton: str = ""
    rest: bool = False
    back: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Mapping[str, str], checked: list[str]) -> _Packing:
        return cls(
            order=given.get("order", "")[:200],
            station=given.get("station", "")[:80] or "pack",
            by=given.get("by", "")[:80],
            epcs=given.get("epcs", "").split(),
            units=_units(given.get("units", "")),
            back=_units(given.get("back", "")),
            whole=given.get("whole") == "1",
            grams=max(0, whole(given.get("weight_g", "").strip())),
            checked=checked,
            carton=given.get("carton", "")[:80],
            rest=given.get("rest") == "1",
            reasons={name: given.get(name, "")[:400] for name in _REASONS},
        )

    @property
    def here(self) -> dict[str, str]:
        return {"station": self.station, "by": self.by}

    @property
    def so_far(self) -> str:
        return json.dumps(dict(self.units))

    @property
    def back_so_far(self) -> str:
        return json.dumps(dict(self.back))


def _units(text: str) -> Counter[str]:
    try:
        units = {str(sku): int(n) for sku, n in json.loads(text or "{}").items()}
    except (ValueError, AttributeError, TypeError):
        units = {}
    return Counter({sku: n for sku, n in units.items() if 0 < n < 2**31})


def station_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get("/station/pack", include_in_schema=False)
    def pack_page(request: Request) -> Response:
        asked = {key: request.query_params.get(key, "").replace("\0", "") for key in ("order", "station", "by")}
        asked["by"] = who_asks(asked["by"])
        return _pack_shown(site, request, _Packing.of(asked, []))

    @app.post("/station/pack/{action}", include_in_schema=False)
    async def pack(action: str, request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=40)
        given = await form_of(request, 100_000)
        checked = [str(value) for key, value in form.multi_items() if key == "checked"]
        return await asyncio.to_thread(_pack_acted, site, request, action, _Packing.of(given, checked), given)

    @app.get("/station/quality", include_in_schema=False)
    def quality_page(request: Request) -> Response:
        asked = {key: request.query_params.get(key, "")[:200].replace("\0", "") for key in ("order", "station", "by")}
        asked["by"] = who_asks(asked["by"])
        return _quality_shown(site, request, asked)

    @app.post("/station/quality/{action}", include_in_schema=False)
    async def look(action: str, request: Request) -> Response:
        given = await form_of(request, 400)
        return await asyncio.to_thread(_quality_acted, site, request, action, given)


# ---- packing ---------------------------------------------------------------------------------------------------------


def _pack_acted(site: Site, request: Request, action: str, its: _Packing, given: Mapping[str, str]) -> Response:
    if action not in ("scan", "whole", "weigh", "pack", "leave"):
        raise HTTPException(404, f"{action}: allowed are scan, whole, weigh, pack, leave")
    check_station(site, its.station)
    if not its.by:
        return _pack_shown(site, request, its, phrase("label.who"), 422)
    if action == "leave":
        return _to("/station/pack", its.here)
    try:
        if action == "scan":
            return _scanned(site, request, its, given.get("scan", "").strip()[:200])
        if action == "weigh":
            its.grams = weight_at(site, its.station)
        elif action == "whole":
            its.whole = True
        else:
            return _packed(site, request, its)
    except PackError as error:
        return _pack_shown(site, request, its, tell_pack_error(error.code, error.values), 409, error.code)
    except (ParcelError, ScaleError) as error:
        return _pack_shown(site, request, its, str(error), 409)
    except HTTPException as error:
        return _pack_shown(site, request, its, str(error.detail), error.status_code)
    return _pack_shown(site, request, its)


def _scanned(site: Site, request: Request, its: _Packing, text: str) -> Response:
    if not its.order:
        return _to("/station/pack", its.here | {"order": order_scanned(site, text)})
    with site.store().connections.reading() as db:
        job = pack_jobs.job_of(db, its.order, quality_rules(site.config.quality), propose_for(site))
        in_it = Counter(its.units) + Counter(pack_jobs.article_of(db, job.lines if job else (), its.epcs).values())
    for line in job.lines if job is not None else ():
        piece = piece_of(site, line.article, text) or (piece_of(site, line.gtin, text) if line.gtin else None)
        if piece is None or (piece.epc and line.gtin and piece.epc[4:18] != line.gtin):
            continue
        if piece.epc in its.epcs:
            return _pack_shown(site, request, its)
        if its.back[line.article] < line.back and in_it[line.article] >= line.units:
            its.back[line.article] += piece.units
        elif piece.epc:
            its.epcs.append(piece.epc)
        else:
            its.units[line.article] += piece.units
        return _pack_shown(site, request, its)
    return _pack_shown(site, request, its, phrase("station.wrong", scanned=text), 409)


def _packed(site: Site, request: Request, its: _Packing) -> Response:
    try:
        body = PackBody.model_validate(
            {
                "order": its.order,
                "by": its.by,
                "units": dict(its.units),
                "epcs": its.epcs,
                "from_tote": its.whole,
                "weight_g": its.grams,
                "carton": its.carton,
                "checked": its.checked,
                "rest": its.rest,
                "back": dict(its.back),
                **its.reasons,
            }
        )
    except ValidationError as error:
        return _pack_shown(site, request, its, "; ".join(said_of(dict(one)) for one in error.errors()), 422)
    row = packed(site, its.station, body)
    printer = check_station(site, its.station).printer
    said: dict[str, str] = {}
    if printer:
        try:
            print_label(site, row.sscc, printer, language_of(request))
        except HTTPException as error:  # the parcel is packed, its label comes out elsewhere
            said = {"trouble": str(error.detail)[:300]}
    return _to("/station/pack", its.here | {"done": row.sscc} | said)


def _pack_shown(
    site: Site, request: Request, its: _Packing, problem: Word = "", status: int = 200, code: str = ""
) -> Response:
    job, in_it, pieces = None, Counter[str](), (1, 1)
    with site.store().connections.reading() as db:
        if its.order:
            job = pack_jobs.job_of(db, its.order, quality_rules(site.config.quality), propose_for(site))
        if job is not None:
            in_it = Counter(its.units) + Counter(pack_jobs.article_of(db, job.lines, its.epcs).values())
            pieces = parcels.pieces_of(db, its.order)
    language = language_of(request)
    problems = [say(problem, language)] if problem else []
    if trouble := request.query_params.get("trouble", ""):
        problems.append(trouble[:300])
    if its.order and job is None:
        problems.append(say(tell_pack_error("no-order", {"order": its.order}), language))
    if job is not None and job.order.state is not OrderState.OPEN and code != "not-open":
        problems.append(say(tell_pack_error("not-open", {"order": its.order, "state": job.order.state}), language))
    verdict = packing.weighed(job, its.grams).verdict if job is not None else None
    return rendered(
        site,
        request,
        "pack.html",
        phrase("station.title"),
        status,
        problems=problems,
        job=job,
        its=its,
        in_it=in_it,
        pieces=pieces,
        verdict=verdict,
        code=code,
        checks=[str(one) for one in after_checks(job.proposed)] if job is not None else [],
        stations=list(site.config.station),
        done=request.query_params.get("done", "")[:18],
        scale=bool(
            site.config.station and its.station in site.config.station and site.config.station[its.station].scale
        ),
        ready=bool(site.config.label.prefix),
        **_SAID,
    )


# ---- quality ---------------------------------------------------------------------------------------------------------


def _quality_acted(site: Site, request: Request, action: str, given: dict[str, str]) -> Response:
    if action not in ("scan", "pass", "refuse", "settle"):
        raise HTTPException(404, f"{action}: allowed are scan, pass, refuse, settle")
    here = {key: given.get(key, "")[:80] for key in ("station", "by")}
    here["station"] = here["station"] or "quality"
    shown = here | {"order": given.get("order", "")[:200]}
    if not here["by"]:
        return _quality_shown(site, request, shown, phrase("label.who"), 422)
    at = site.store().connections
    try:
        if action == "scan":
            return _to("/station/quality", here | {"order": order_scanned(site, given.get("scan", ""))})
        if action == "settle":
            what, seq = Settlement(given.get("settlement", "")), max(0, whole(given.get("n", "")))
            quality.settle(at, seq, what, here["by"], given.get("reason", ""), now_us(), site.config.quality.bin)
            return _to("/station/quality", shown | {"settled": str(seq)})
        quality.check(at, _check_said(given, here, shown["order"], action == "refuse"), now_us())
    except PackError as error:
        return _quality_shown(site, request, shown, tell_pack_error(error.code, error.values), 409)
    except QualityError as error:
        return _quality_shown(site, request, shown, str(error), 409)
    except ValueError as error:
        return _quality_shown(site, request, shown, str(error), 422)
    return _to("/station/quality", shown | {"said": "refused" if action == "refuse" else "passed"})


def _check_said(given: Mapping[str, str], here: Mapping[str, str], order: str, refused: bool) -> CheckSaid:
    """Raises ValueError."""
    if refused:
        aspect, _, name = given.get("fault", "").partition("/")
        aspects: tuple[Aspect, ...] = (Aspect(aspect),)
        fault: Fault | None = Fault(name)
    else:
        aspects, fault = tuple(Aspect(one) for one in given.get("aspects", "").split()), None
    units = whole(given.get("units", "1"))
    if not aspects or not 0 < units < 2**31:
        raise ValueError(f"units: {given.get('units', '')}: allowed is a number of 1 and more")
    return CheckSaid(
        fulfilment=order,
        aspects=aspects,
        station=here["station"],
        by=here["by"],
        sku=given.get("sku", "")[:200],
        lot=given.get("lot", "")[:80],
        epc=_item(given.get("epc", "")),
        fault=fault,
        units=units,
        note=given.get("note", ""),
    )


def _item(text: str) -> str:
    """Raises ValueError."""
    return keys.item(text) if text.strip() else ""


def _quality_shown(
    site: Site, request: Request, asked: Mapping[str, str], problem: Word = "", status: int = 200
) -> Response:
    job, rules = None, quality_rules(site.config.quality)
    with site.store().connections.reading() as db:
        if asked["order"]:
            job = pack_jobs.job_of(db, asked["order"], rules, propose_for(site))
        rows: Any = quality.open_refusals(db, 0, _ROOM)
        rates = quality.rates_of(db, now_us() - _DAYS_US)[:10]
        blocked = lots.lots_where(db, blocked=True, limit=_ROOM)
    query = request.query_params
    order = asked["order"]
    said = {"refused": phrase("quality.refused", order=order), "passed": phrase("quality.passed")}.get(
        query.get("said", "")
    )
    if settled := whole(query.get("settled", "")):
        said = phrase("quality.done", n=settled) if settled > 0 else said
    return rendered(
        site,
        request,
        "quality.html",
        phrase("quality.title"),
        status,
        problems=[say(problem, language_of(request))] if problem else [],
        job=job,
        asked=asked,
        said_now=said,
        rows=rows,
        rates=rates,
        blocked=blocked,
        faults=[(str(aspect), [str(one) for one in those]) for aspect, those in FAULTS.items()],
        settlements=[str(one) for one in Settlement],
        **_SAID,
    )


def _to(page: str, known: Mapping[str, str]) -> Response:
    return RedirectResponse(f"{page}?{urlencode({key: value for key, value in known.items() if value})}", 303)
