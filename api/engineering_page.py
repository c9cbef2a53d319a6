"""The page of engineers: what each device does now, what portals learned, which lane is whose, and what the files say.

Public names: engineering_routes, engineering_page_routes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from pydantic import Field, ValidationError

from api.answers import json_answer, said_of_field
from api.engineering import Bench, gathered
from api.pages import form_of, language_of, rendered
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import Body
from edge.core.values.verdicts import Trial
from edge.core.values.wishes import LaneWish
from edge.intake.operators import By, Remark
from edge.views.portal_picture import picture
from edge.views.words.phrase import Word, phrase
from edge.views.words.table import say
from edge.views.workings import clock_shown
from plc.packml import state_name

_MEGA = 1_000_000
ANSWER_S = 3.0
"""A controller that runs answers within a few tenths of a second."""
LOOK_S = 0.03


class TrialBody(Body):
    """What somebody who commissions a line wants, and why. ``lane``: of a test divert, 0 = of the whole line."""

    action: Literal[Trial.BEGIN, Trial.END, Trial.DIVERT]
    lane: Annotated[int, Field(ge=0, le=64)] = 0
    by: By
    reason: Annotated[Remark, Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """``done``: whether the controller does it; ``text``: what it says, empty = it does not answer, and does it when it
    runs. ``said``: the text in the words of any language.
    """

    done: bool
    on: bool
    text: str
    said: Word = ""


def engineering_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", responses=V1_PROBLEMS, tags=["engineering"])

    @routes.get("/engineering", response_model=Bench)
    def engineering() -> Response:
        """Controllers, devices with their newest numbers, files with the room on their disks, clocks, configuration."""
        return json_answer(gathered(site))

    @routes.post("/lines/{line}/trial", response_model=TrialAnswer)
    async def trial(line: str, body: TrialBody) -> Response:
        """Begins or ends a line's commissioning mode, or asks for a test divert of the next parcel without an order.

        409 while parcels of customers are on the line; those always go where they belong, and end the mode.
        """
        return json_answer(await _asked(site, line, body))

    return routes


async def _asked(site: Site, line: str, body: TrialBody) -> TrialAnswer:
    """Hands the wish to the controller and waits for what it says. Raises HTTPException."""
    info = site.lines.get(line)
    if info is None:
        raise HTTPException(404, f"line: {line!r}: allowed are {', '.join(site.lines)}")
    numbers = [lane.number for lane in info.layout.lanes]
    if body.action is Trial.DIVERT and body.lane not in numbers:
        raise HTTPException(422, f"lane: {body.lane}: allowed are {', '.join(map(str, numbers))}")
    own = [its.order for its in site.snapshot().lines[line].items if its.place == "belt" and its.order]
    if own and body.action is not Trial.END:
        raise HTTPException(409, f"line: a parcel of order {own[0]} is on {line}: wait until it is in its lane")
    before = site.workings.trial(line)
    if body.action is Trial.DIVERT and not before.on:  # also for a line of a version that knows no such wish
        raise HTTPException(409, f"line: {line} is in no commissioning mode: begin it first")
    await site.ask(LaneWish(line, body.lane, True, body.by, body.action, body.reason))
    for _ in range(round(ANSWER_S / LOOK_S)):
        now = site.workings.trial(line)
        if now is not before:
            return TrialAnswer(not now.refused, now.on, now.text, now.said)
        await asyncio.sleep(LOOK_S)
    return TrialAnswer(False, before.on, "")


def engineering_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get("/engineering", include_in_schema=False)
    def page(request: Request) -> Response:
        return shown(request, [], 200)

    def shown(request: Request, problems: list[str], status: int) -> Response:
        bench, picture_now = gathered(site), site.snapshot()
        readers = [its for its in bench.devices if its.device.startswith("reader.")]
        plcs = [its for its in bench.devices if its.device.startswith("plc.")]
        names = {one.controller for one in bench.controllers}
        controllers = [
            (its, next((one for one in bench.controllers if one.controller == its.controller), None))
            for its in bench.followed
        ]
        backlog = [
            (its.device, key.partition(".")[2], number)
            for its in bench.devices
            for key, number in sorted(its.values.items())
            if key.startswith("backlog.")
        ]
        publishers = [its for its in bench.devices if its.device.startswith("publish.")]
        views = {(name, lane.number): lane for name, line in picture_now.lines.items() for lane in line.lanes}
        return rendered(
            site,
            request,
            "engineering.html",
            phrase("tech.title"),
            status,
            problems=problems,
            trial=site.workings.trial,
            bench=bench,
            readers=readers,
            plcs=plcs,
            controllers=controllers,
            known=names,
            backlog=backlog,
            publishers=publishers,
            clocks=[(its.device, *clock_shown(its.values)) for its in (*readers, *plcs)],
            points=picture_now.points,
            lines=[(name, info.title or name, info.layout) for name, info in site.lines.items()],
            views=views,
            learned=[
                (name, portal)
                for name, info in site.lines.items()
                for portal in ("", *(one.name for one in info.layout.portals[1:]))
                if site.workings.learned(name, portal) is not None
            ],
            packml=lambda number: state_name(int(number)) if number else "",
            of_role=_role,
            mega=_MEGA,
        )

    @app.get("/engineering/portal/{line}.svg", include_in_schema=False)
    def drawn(line: str, portal: str = "") -> Response:
        known = site.workings.learned(line, portal) if line in site.lines else None
        if known is None:
            raise HTTPException(404, f"line {line}: no passage was seen yet")
        return Response(picture(known, portal or site.lines[line].layout.portal.name), media_type="image/svg+xml")

    @app.post("/engineering/trial", include_in_schema=False)
    async def wish(request: Request) -> Response:
        given = await form_of(request)
        line = given.pop("line", "")
        try:
            body = TrialBody.model_validate({**given, "lane": given.get("lane") or 0})
            answer = await _asked(site, line, body)
        except ValidationError as error:
            wrong = [f"{one.field}: {one.detail}" for one in map(said_of_field, error.errors())]
            return await asyncio.to_thread(shown, request, wrong, 422)
        except HTTPException as error:
            return await asyncio.to_thread(shown, request, [str(error.detail)[:400]], error.status_code)
        said = answer.text or say(phrase("tech.trial.waits"), language_of(request))
        return await asyncio.to_thread(shown, request, [said], 200 if answer.done else 409)


def _role(role: str) -> Word:
    return phrase(f"role.{role}")
