"""A line's configuration over HTTP, ``/api/v1/lines/{line}/config``: its controller looks at LINE.toml again.

Public names: configuration_routes, TakeConfigBody.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, HTTPException, Response

from api.answers import json_answer
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import Body
from edge.core.values.alarm import AlarmAction, AlarmKind
from edge.core.values.wishes import AlarmWish
from edge.intake.operators import By


class TakeConfigBody(Body):
    """Who asks for it."""

    by: By


@dataclass(frozen=True, slots=True)
class ConfigAsked:
    """Its place in the feed that the controller follows, and the alarm that says why, if the file was refused."""

    feed_seq: int
    alarm: str


def configuration_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/lines", responses=V1_PROBLEMS, tags=["lines"])

    @routes.post("/{line}/config", status_code=202, response_model=ConfigAsked)
    async def take(line: str, body: TakeConfigBody) -> Response:
        """Asks the line's controller to look at its LINE.toml again: it takes it whole, or refuses it whole."""
        if (info := site.lines.get(line)) is None:
            raise HTTPException(404, f"line {line!r}: allowed are {', '.join(site.lines)}")
        alarm = f"{AlarmKind.CONFIG_REFUSED}.{info.controller}"
        return json_answer(ConfigAsked(await site.ask(AlarmWish(alarm, AlarmAction.TAKE_CONFIG, body.by)), alarm), 202)

    return routes
