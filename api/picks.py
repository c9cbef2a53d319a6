"""Picking over HTTP: rounds claimed and handed back, lines picked, totes bound and freed, what goes back.

Public names: pick_routes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import AfterValidator, Field, StringConstraints

from api.answers import json_answer
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import After, Body, Key, Limit, Version, Word, version_of
from edge.intake import keys
from edge.intake.operators import By, Remark
from edge.journal.host_time import now_us
from edge.orders.picking import PickTask, ShortReason, TaskState
from edge.print.pick_sheet import pick_sheet
from edge.site import picking, put_backs, rounds, sightings, totes
from edge.site.pick_lists import pick_list_of
from edge.site.picking import Picked
from edge.site.put_backs import PutBackRow
from edge.views.words.table import Language

_PDF = "application/pdf"
Tote = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Item = Annotated[str, AfterValidator(keys.item)]


class PickerBody(Body):
    """Who picks."""

    picker: By


class LineBody(Body):
    """What was picked of a line, in all. ``bin``, ``tote``, ``epcs``: what was scanned, if anything was.

    ``reason``: why fewer than wanted; ``over``: why more.
    """

    picker: By
    units: Annotated[int, Field(ge=0, lt=2**31)]
    reason: ShortReason | None = None
    over: Remark = ""
    bin: Word = ""
    tote: Tote | None = None
    epcs: Annotated[tuple[Item, ...], Field(max_length=1_000)] = ()


class ToteBody(Body):
    """Whose a tote is to be."""

    fulfilment: Key


class SeenBody(Body):
    """Who saw it."""

    by: By


@dataclass(frozen=True, slots=True)
class Freed:
    """Whose the tote was; empty = nobody's."""

    fulfilment: str


def pick_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", responses=V1_PROBLEMS, tags=["picking"])

    @routes.get("/pick-tasks", response_model=tuple[PickTask, ...])
    def listed(wave: After = "", state: TaskState | None = None, after: After = "", limit: Limit = 100) -> Response:
        """Rounds by id: all, of a wave, in a state."""
        with site.store().connections.reading() as db:
            return json_answer(rounds.tasks_where(db, wave, state, after, limit))

    @routes.post("/pick-tasks/claim", response_model=PickTask | None)
    async def claim(body: PickerBody) -> Response:
        """The picker's next round: the one in hand, or else the most urgent open one. 204 = there is nothing to do."""
        return await _told(lambda: rounds.claim(site.store().connections, body.picker, now_us()))

    @routes.get("/pick-tasks/{task}", response_model=PickTask)
    def one(task: Key) -> Response:
        """A round as it is; its version is the ETag."""
        with site.store().connections.reading() as db:
            found = rounds.task_of(db, task)
        if found is None:
            raise HTTPException(404, f"task {task}: there is none")
        return _tagged(found)

    @routes.get("/pick-tasks/{task}/list.pdf", response_class=Response, responses={200: {"content": {_PDF: {}}}})
    def paper(task: Key, language: Language = "en") -> Response:
        """The pick list for a printer, in English or Chinese."""
        with site.store().connections.reading() as db:
            listed = pick_list_of(db, task)
        if listed is None:
            raise HTTPException(404, f"task {task}: there is none")
        return Response(pick_sheet(listed, language), media_type=_PDF)

    @routes.post("/pick-tasks/{task}/hand-back", response_model=PickTask)
    async def hand_back(task: Key, body: PickerBody, known: Version = "") -> Response:
        """A round is anybody's again."""
        version = version_of(known)
        return await _told(lambda: rounds.hand_back(site.store().connections, task, body.picker, version, now_us()))

    @routes.post("/pick-tasks/{task}/lines/{n}", response_model=PickTask)
    async def pick(
        task: Key, n: Annotated[int, Field(ge=1, lt=2**31)], body: LineBody, known: Version = ""
    ) -> Response:
        """Books a line; what is short is looked for in other bins, in the same round."""
        said = Picked(
            task=task,
            n=n,
            units=body.units,
            picker=body.picker,
            version=version_of(known),
            reason=body.reason,
            over=body.over,
            bin=body.bin,
            tote=_tote(site, body.tote) if body.tote is not None else "",
            epcs=body.epcs,
        )
        return await _told(lambda: picking.pick(site.store().connections, said, now_us()))

    @routes.put("/totes/{tote}", status_code=204, response_class=Response)
    async def bind(tote: Tote, body: ToteBody) -> Response:
        """A tote is an open fulfilment's; refused where another one has it, with the holder."""
        its = _tote(site, tote)
        await asyncio.to_thread(lambda: totes.bind_tote(site.store().connections, body.fulfilment, its, now_us()))
        return Response(status_code=204)

    @routes.post("/totes/{tote}/emptied", response_model=Freed)
    async def emptied(tote: Tote, body: SeenBody) -> Response:
        """Somebody saw that a tote is empty: it is free."""
        assert body.by, "somebody saw it"
        its = _tote(site, tote)
        return json_answer(
            Freed(await asyncio.to_thread(lambda: totes.free_tote(site.store().connections, its, now_us())))
        )

    @routes.get("/put-backs", response_model=tuple[PutBackRow, ...])
    def to_put_back(after: Annotated[int, Query(ge=0, le=2**53)] = 0, limit: Limit = 100) -> Response:
        """What lies in totes and is to go to its bin."""
        with site.store().connections.reading() as db:
            return json_answer(put_backs.open_put_backs(db, after, limit))

    @routes.post("/put-backs/{seq}/done", response_model=PutBackRow)
    async def put_back(seq: Annotated[int, Field(ge=1, le=2**53)], body: SeenBody) -> Response:
        """The units were seen in their bin."""
        return json_answer(
            await asyncio.to_thread(lambda: sightings.put_back(site.store().connections, seq, body.by, now_us()))
        )

    return routes


async def _told(ask: Callable[[], PickTask | None]) -> Response:
    found = await asyncio.to_thread(ask)
    return Response(status_code=204) if found is None else _tagged(found)


def _tote(site: Site, text: str) -> str:
    try:
        return keys.tote(text, site.totes)
    except ValueError as error:
        raise HTTPException(422, f"tote: {error}") from None


def _tagged(task: PickTask) -> Response:
    answer = json_answer(task)
    answer.headers["etag"] = f'"{task.version}"'
    return answer
