"""Dock doors and loads over HTTP: what is there, opening, checking and closing, manifests.

Public names: dock_routes, LoadBody, CloseBody, ParcelBody.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import FastAPI, HTTPException, Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from api.answers import PROBLEMS, json_answer, problems_answer
from api.site_state import Site
from api.v1_bodies import After, Limit
from edge.core.dock.loads import LoadCheck
from edge.core.events import LoadClosed, LoadRefused
from edge.core.iso_time import iso
from edge.core.values.load import Load, LoadAction
from edge.core.values.wishes import LoadWish
from edge.intake.carriers import meant
from edge.intake.keys import parcel
from edge.intake.operators import ONE_LINE, By, Remark
from edge.journal.host_time import now_us
from edge.journal.record import Value
from edge.print.manifest_paper import manifest_pdf
from edge.site.loads_closed import closed_loads
from edge.site.parcel_files import weighed
from edge.site.store import StoreError
from edge.views.docks import DockBoard, DockPicture
from edge.views.manifest import Manifest, manifest_csv, manifest_of
from edge.views.words.table import Language

ANSWER_S = 3.0
"""A controller that runs answers within a few tenths of a second."""
LOOK_S = 0.03
LISTED = 50
"""Closed loads that are listed where nobody says how many."""
_IN_A_NAME = str.maketrans("T", "-", "-:Z")
"""A time as names may hold it: 20260131-235959."""


def _us(when: datetime | None) -> int:
    return 0 if when is None else round(when.timestamp() * 1e6)


_Text = Annotated[str, StringConstraints(max_length=80), ONE_LINE]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=80), ONE_LINE]
_Parcel = Annotated[str, AfterValidator(parcel)]


class LoadBody(BaseModel):
    """A load to open. No ``id``: it is named after its door and the time. ``services`` empty: all of the carrier's.

    ``cutoff``: parcels sorted later need not come along. ``parcels``: exactly these belong to it; empty = what is
    sorted for its carrier and services.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: By
    dock: _Name
    carrier: _Name
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = None
    services: tuple[_Name, ...] = ()
    trailer: _Text = ""
    departure: AwareDatetime | None = None
    cutoff: AwareDatetime | None = None
    parcels: Annotated[tuple[_Parcel, ...], Field(max_length=20_000)] = ()

    def load(self, at_us: int) -> Load:
        """The load itself."""
        stamp = iso(at_us).translate(_IN_A_NAME)
        return Load(
            id=self.id or f"{self.dock}-{stamp}",
            dock=self.dock,
            carrier=self.carrier,
            trailer=self.trailer,
            services=self.services,
            departure_us=_us(self.departure),
            cutoff_us=_us(self.cutoff),
            parcels=tuple(dict.fromkeys(self.parcels)),
        )


class CloseBody(BaseModel):
    """Who closes a load. ``forced``: although it is not complete; then ``reason`` says why."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: By
    forced: StrictBool = False
    reason: Remark = ""


class ParcelBody(BaseModel):
    """Who says that a parcel is aboard, or taken off; in every spelling."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: By
    parcel: _Parcel


def dock_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""
    _manifest_routes(app, site)

    async def ask(board: DockBoard, wish: LoadWish) -> Response:
        """Puts a wish into the feed and waits for what the controller says."""
        seq = await site.ask(wish)
        for _ in range(round(ANSWER_S / LOOK_S)):
            if board.answer(seq) is not None:
                break
            await asyncio.sleep(LOOK_S)
        answer = board.answer(seq)
        if isinstance(answer, LoadRefused):
            return problems_answer(409, [*answer.problems, *await asyncio.to_thread(_first, site, board, wish)])
        return _answered(answer, seq)

    @app.get("/api/docks", response_model=DockPicture, responses=PROBLEMS)
    async def docks() -> Response:
        """Every dock door: its light, its load in numbers, and who passed last."""
        return json_answer(site.dock_picture())

    @app.get("/api/loads", response_model=tuple[Manifest, ...], responses=PROBLEMS)
    async def loads(closed: bool = False, after: After = "", limit: Limit = LISTED) -> Response:
        """The loads that are open, or those that are closed, the newest first, with all their parcels.

        ``after``: the load behind which closed ones are wanted.
        """
        if closed:
            found = await asyncio.to_thread(_closed_loads, site, limit, after)
            if found is None:
                raise HTTPException(404, f"load {after}: no load of this name was closed")
            return json_answer([manifest_of(one) for one in found])
        checks = [board.check(name) for board in site.boards for name in board.loads.state.open]
        return json_answer([manifest_of(check) for check in checks if check is not None])

    @app.get("/api/loads/{load_id}", response_model=Manifest, responses=PROBLEMS)
    async def check(load_id: str) -> Response:
        """How complete a load is: aboard, wrong, missing and undetermined parcels; also after it was closed."""
        return json_answer(await asyncio.to_thread(_manifest, site, load_id))

    @app.post("/api/loads", status_code=201, responses=PROBLEMS)
    async def open_load(body: LoadBody) -> Response:
        """Opens a load at a door. 202: the door's controller does not run now and does it when it runs."""
        load = body.load(now_us())
        board = next((board for board in site.boards if load.dock in board.titles), None)
        if board is None:
            names = ", ".join(name for board in site.boards for name in board.titles)
            raise HTTPException(404, f"dock {load.dock!r}: allowed are {names or 'none, LINE.toml has no [[dock]]'}")
        carriers = sorted({lane.carrier for layout in site.layouts for lane in layout.lanes if lane.carrier})
        near = "" if load.carrier in carriers else meant(load.carrier, carriers)
        if near.casefold() == load.carrier.casefold():
            raise HTTPException(422, f"carrier {load.carrier!r}: lanes write it {near!r}: did you mean {near!r}?")
        problems = board.loads.open_problems(load)
        if problems:
            return problems_answer(409, [*problems, *_opened_by(board, load.dock)])
        return await ask(board, LoadWish(action=LoadAction.OPEN, load_id=load.id, by=body.by, load=load))

    @app.post("/api/loads/{load_id}/close", responses=PROBLEMS)
    async def close(load_id: str, body: CloseBody) -> Response:
        """Closes a load; the answer is its manifest. 409 with what is missing or wrong, unless ``forced``."""
        board = await _board_of(site, load_id)
        if body.forced and not body.reason:
            return problems_answer(422, [f"load {load_id}: reason: missing: say why it is closed incomplete"])
        wish = LoadWish(action=LoadAction.CLOSE, load_id=load_id, by=body.by, forced=body.forced, reason=body.reason)
        return await ask(board, wish)

    @app.post("/api/loads/{load_id}/add", responses=PROBLEMS)
    async def add(load_id: str, body: ParcelBody) -> Response:
        """Somebody says that a parcel is aboard, which no door saw or could decide."""
        wish = LoadWish(action=LoadAction.ADD, load_id=load_id, by=body.by, parcel=body.parcel)
        return await ask(await _board_of(site, load_id), wish)

    @app.post("/api/loads/{load_id}/remove", responses=PROBLEMS)
    async def remove(load_id: str, body: ParcelBody) -> Response:
        """Somebody says that a parcel was taken off."""
        wish = LoadWish(action=LoadAction.REMOVE, load_id=load_id, by=body.by, parcel=body.parcel)
        return await ask(await _board_of(site, load_id), wish)


def _manifest_routes(app: FastAPI, site: Site) -> None:
    @app.get("/api/loads/{load_id}/manifest.csv", responses=PROBLEMS)
    async def as_csv(load_id: str) -> Response:
        """The manifest as CSV."""
        text = manifest_csv(await asyncio.to_thread(_manifest, site, load_id))
        headers = {"content-disposition": f'attachment; filename="{load_id}.csv"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    @app.get("/api/loads/{load_id}/manifest.pdf", responses=PROBLEMS, response_class=Response)
    async def as_pdf(load_id: str, language: Language = "en") -> Response:
        """The manifest as PDF, for whoever takes the load over."""
        pdf = await asyncio.to_thread(lambda: manifest_pdf(_manifest(site, load_id), language))
        headers = {"content-disposition": f'inline; filename="{load_id}.pdf"'}
        return Response(pdf, media_type="application/pdf", headers=headers)


async def _board_of(site: Site, load_id: str) -> DockBoard:
    """The doors of the controller that has a load open. Raises HTTPException, StoreError."""
    for board in site.boards:
        if board.check(load_id) is not None:
            return board
    if (closed := await asyncio.to_thread(_closed, site, load_id)) is not None:
        raise HTTPException(409, f"load {load_id}: none is open with this name: {closed.by} closed it")
    raise HTTPException(404, f"load {load_id}: none is open with this name")


def _opened_by(board: DockBoard, dock: str) -> list[str]:
    """Who opened the load that is at a door."""
    its = board.loads.at_dock(dock)
    return [f"load {its.load.id}: {its.by} opened it"] if its is not None else []


def _first(site: Site, board: DockBoard, wish: LoadWish) -> list[str]:
    """Who was first where a controller refused a wish."""
    if wish.load is not None:
        return _opened_by(board, wish.load.dock)
    closed = None if board.check(wish.load_id) is not None else _closed(site, wish.load_id)
    return [f"load {wish.load_id}: {closed.by} closed it"] if closed is not None else []


def _answered(answer: Value | None, seq: int) -> Response:
    match answer:
        case None:
            return json_answer({"feed_seq": seq, "told": "its controller has not answered yet"}, 202)
        case LoadClosed():
            return json_answer(manifest_of(answer))
        case _:
            return json_answer(answer, 201)


def _closed_loads(site: Site, limit: int, after: str) -> list[LoadClosed] | None:
    with site.store().connections.reading() as db:
        return closed_loads(db, limit, after)


def _closed(site: Site, load_id: str) -> LoadClosed | None:
    """A load that was closed; None = there was none with this name. Raises StoreError."""
    values = (record.value for record in site.store().by_ref(load_id))
    return next((value for value in values if isinstance(value, LoadClosed) and value.load.id == load_id), None)


def _manifest(site: Site, load_id: str) -> Manifest:
    given: LoadCheck | LoadClosed | None = None
    for board in site.boards:
        given = given or board.check(load_id)
    given = given or _closed(site, load_id)
    if given is None:
        raise HTTPException(404, f"load {load_id}: there is and was none with this name")
    try:
        with site.store().connections.reading() as db:
            return weighed(db, manifest_of(given))
    except StoreError:  # what is aboard is known all the same
        return manifest_of(given)
