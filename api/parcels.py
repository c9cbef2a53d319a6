"""Parcels over HTTP: numbers drawn, labels given, read, printed and void; and the page of a labelling station.

Public names: parcel_routes, parcel_page_routes, Sscc, range_of, print_label.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, HTTPException, Path, Query, Request, Response
from pydantic import AfterValidator, Field
from starlette.responses import RedirectResponse

from api.answers import json_answer
from api.pages import form_of, language_of, rendered
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import After, Body, Key, Limit, Word
from edge.core.values.order import OrderState
from edge.intake import keys
from edge.intake.operators import By, Remark
from edge.journal.host_time import now_us
from edge.orders.parcel_label import Paper, ParcelLabel
from edge.orders.sscc import SsccRange
from edge.print.parcel_paper import LabelFontError, label_pdf, zpl
from edge.site import parcels
from edge.site.parcels import Parcel, ParcelError
from edge.site.store import OrderConflict
from edge.views.words.phrase import phrase
from edge.views.words.table import Language, say

_ROOM = 50
_PRINTER_S = 10.0


def _sscc(text: str) -> str:
    return keys.parcel(text).removeprefix("(00)")


Sscc = Annotated[str, AfterValidator(_sscc)]
_AnSscc = Annotated[Sscc, Path(description="in any spelling", max_length=200)]
Needed = Annotated[Remark, Field(min_length=1)]


class BlockBody(Body):
    """Numbers for a station that labels parcels also while the store is away."""

    station: Annotated[Word, Field(min_length=1)]
    count: Annotated[int, Field(ge=1, le=5_000)] = 500
    by: By


class LabelBody(Body):
    """``order``: whose parcel it is; ``sscc``: one that the station drew, none = the next; ``again``: why another."""

    order: Key
    sscc: Sscc | None = None
    again: Remark = ""
    by: By


class VoidBody(Body):
    """Who takes a label off, and why."""

    by: By
    reason: Needed


class PrintBody(Body):
    """``printer``: as SITE.toml names it."""

    printer: Word
    language: Language = "en"


def range_of(site: Site) -> SsccRange:
    """The numbers that SITE.toml gives. Raises ParcelError where it gives none."""
    its = site.config.label
    if not its.prefix:
        raise ParcelError("label.prefix: no company prefix is set: see [label] in docs/labels.md")
    return SsccRange(its.prefix, its.extensions, its.first, -1 if its.last is None else its.last)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelShown(Parcel):
    """``tag``: hexadecimal of the tag that belongs on it, empty = its number is of another prefix."""

    tag: str


def _shown(site: Site, parcel: Parcel) -> ParcelShown:
    prefix = site.config.label.prefix
    tag = SsccRange(prefix).tag(parcel.sscc) if prefix and parcel.sscc[1:].startswith(prefix) else ""
    return ParcelShown(**{name: getattr(parcel, name) for name in Parcel.__slots__}, tag=tag)


def parcel_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", responses=V1_PROBLEMS, tags=["parcels"])

    @routes.get("/parcels", response_model=tuple[ParcelShown, ...])
    def listed(order: After = "", before: Annotated[int, Query(ge=0, le=2**53)] = 0, limit: Limit = 100) -> Response:
        """Parcels, the newest first; ``before``: the ``seq`` of the last one that is known."""
        with site.store().connections.reading() as db:
            return json_answer([_shown(site, one) for one in parcels.parcels_where(db, order, before, limit)])

    @routes.post("/parcels", response_model=ParcelShown)
    async def label(body: LabelBody) -> Response:
        """Gives an open order's parcel its SSCC and tells the lines; asked again it is the same one."""
        return json_answer(_shown(site, await asyncio.to_thread(_labelled, site, body)))

    @routes.post("/parcels/blocks", response_model=tuple[str, ...])
    async def block(body: BlockBody) -> Response:
        """Draws numbers for a station; nobody else gets them."""
        return json_answer(
            await asyncio.to_thread(
                lambda: parcels.draw(
                    site.store().connections, range_of(site), body.count, body.station, body.by, now_us()
                )
            )
        )

    @routes.get("/parcels/{sscc}", response_model=ParcelShown)
    def one(sscc: _AnSscc) -> Response:
        """A parcel as it is."""
        with site.store().connections.reading() as db:
            found = parcels.parcel_of(db, sscc)
        if found is None:
            raise HTTPException(404, f"parcel {sscc}: that number was never drawn here")
        return json_answer(_shown(site, found))

    @routes.get("/parcels/{sscc}/label.{kind}", response_class=Response)
    def paper(sscc: _AnSscc, kind: Literal["zpl", "pdf"], language: Language = "en") -> Response:
        """The label for a thermal printer, or as PDF."""
        return _paper(site, sscc, kind, language)

    @routes.post("/parcels/{sscc}/print", response_model=ParcelShown)
    async def print_it(sscc: _AnSscc, body: PrintBody) -> Response:
        """Sends the label to a printer of SITE.toml; that it took it all does not say that paper came out."""
        return json_answer(_shown(site, await asyncio.to_thread(print_label, site, sscc, body.printer, body.language)))

    @routes.post("/parcels/{sscc}/void", response_model=ParcelShown)
    async def void(sscc: _AnSscc, body: VoidBody) -> Response:
        """A label is no parcel's any more; its number is not given again for a year."""
        at = site.store().connections
        gone = await asyncio.to_thread(lambda: parcels.void(at, sscc, body.by, body.reason, now_us()))
        return json_answer(_shown(site, gone))

    return routes


def _labelled(site: Site, body: LabelBody) -> Parcel:
    store = site.store()
    return parcels.give_label(
        store.connections,
        store.keys,
        range_of(site),
        body.order,
        body.by,
        now_us(),
        body.sscc or "",
        body.again,
    )


def _label(site: Site, sscc: str) -> tuple[ParcelLabel, Paper]:
    its = site.config.label
    with site.store().connections.reading() as db:
        label = parcels.label_of(db, range_of(site), its.sender, its.tag, sscc)
    return label, Paper(its.width_mm, its.height_mm, its.dots_mm)


def _paper(site: Site, sscc: str, kind: str, language: Language) -> Response:
    label, paper = _label(site, sscc)
    if kind == "pdf":
        return Response(label_pdf(label, paper, language), media_type="application/pdf")
    return Response(_zpl(label, paper, language), media_type="application/zpl")


def _zpl(label: ParcelLabel, paper: Paper, language: Language) -> str:
    try:
        return zpl(label, paper, language)
    except LabelFontError as error:
        raise ParcelError(f"parcel {label.sscc}: {error}") from None


def print_label(site: Site, sscc: str, printer: str, language: Language) -> Parcel:
    """Sends a label to a printer. Raises ParcelError, HTTPException where it takes none."""
    address = site.config.label.printer.get(printer)
    if address is None:
        known = ", ".join(site.config.label.printer) or "none yet"
        raise ParcelError(f"printer {printer}: there is none: [label.printer] in SITE.toml has {known}")
    text = _zpl(*_label(site, sscc), language)
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _PRINTER_S) as talk:
            talk.sendall(text.encode())
    except OSError as error:
        raise HTTPException(503, f"printer {printer} at {address}: {error.strerror or error}: not printed") from None
    return parcels.printed(site.store().connections, sscc, now_us())


# ---- the station -----------------------------------------------------------------------------------------------------


def parcel_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes of the page."""

    def shown(request: Request, problems: list[str], status: int = 200, sscc: str = "") -> Response:
        with site.store().connections.reading() as db:
            rows = parcels.parcels_where(db, limit=_ROOM)
        return rendered(
            site,
            request,
            "parcels.html",
            phrase("label.title"),
            status,
            problems=problems,
            rows=rows,
            sscc=sscc,
            printers=list(site.config.label.printer),
            ready=bool(site.config.label.prefix),
        )

    @app.get("/parcels", include_in_schema=False)
    def page(request: Request) -> Response:
        return shown(request, [], sscc=request.query_params.get("sscc", "")[:18])

    @app.get("/parcels/{sscc}/label.{kind}", include_in_schema=False)
    def paper(sscc: _AnSscc, kind: Literal["zpl", "pdf"], request: Request) -> Response:
        return _paper(site, sscc, kind, language_of(request))

    @app.post("/parcels/{action}", include_in_schema=False)
    async def act(action: str, request: Request) -> Response:
        given = await form_of(request, 400)
        return await asyncio.to_thread(done, request, action, given)

    def done(request: Request, action: str, given: dict[str, str]) -> Response:
        by, language = given.get("by", "")[:80], language_of(request)
        actions: dict[str, Callable[[], Parcel]] = {
            "label": lambda: _labelled(
                site, LabelBody(order=_order_of(site, given.get("scan", "")), by=by, again=given.get("again", ""))
            ),
            "print": lambda: print_label(site, _sscc(given.get("sscc", "")), given.get("printer", ""), language),
            "void": lambda: parcels.void(
                site.store().connections, _sscc(given.get("sscc", "")), by, given.get("reason", ""), now_us()
            ),
        }
        if action not in actions:
            raise HTTPException(404, f"{action}: allowed are {', '.join(actions)}")
        if not by and action != "print":
            return shown(request, [say(phrase("label.who"), language)], 422)
        if action == "void" and not given.get("reason"):
            return shown(request, [say(phrase("label.why"), language)], 422)
        try:
            parcel = actions[action]()
        except (ParcelError, OrderConflict) as error:
            return shown(request, [str(error)], 409)
        except HTTPException as error:
            return shown(request, [str(error.detail)], error.status_code)
        except ValueError as error:  # no SSCC
            return shown(request, [f"{given.get('sscc', '')}: {error}"], 422)
        return RedirectResponse(f"/parcels?sscc={parcel.sscc}", 303)


def _order_of(site: Site, text: str) -> str:
    """The order that was scanned: by its id, or by the tote it is in. Raises ParcelError."""
    store, text = site.store(), text.strip()
    if not text:
        raise ParcelError("order: scan the tote, or the order's number")
    if store.order(text) is not None:
        return text
    try:
        tote = keys.tote(text, site.totes)
    except ValueError:
        raise ParcelError(f"{text}: neither an order nor a tote") from None
    held = [order.id for order in store.find(tote) if order.state is OrderState.OPEN]
    if len(held) != 1:
        raise ParcelError(f"tote {tote}: {'no open order has it' if not held else f'is of {len(held)} orders'}")
    return held[0]
