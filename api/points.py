"""The points of the PLCs over HTTP: what they are now, and writing those that may be written.

Public names: point_routes, PointInfo, PointBody.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel, ConfigDict, StrictBool, StrictFloat, StrictInt, StrictStr

from api.answers import PROBLEMS, json_answer
from api.site_state import Site
from edge.core.values.wishes import PointWish
from edge.intake.operators import By
from edge.views.picture import PointView
from plc.points import PointError, check_write


@dataclass(frozen=True, slots=True)
class PointInfo:
    """A point: what it is, and ``now``. ``low``, ``high``: what may be written, None = what its type holds."""

    plc: str
    point: str
    type: str
    where: str
    unit: str
    writable: bool
    low: float | None
    high: float | None
    now: PointView


class PointBody(BaseModel):
    """What an operator wants written: true or false to a BOOL, text to a STRING, else a number in the point's unit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: StrictBool | StrictInt | StrictFloat | StrictStr
    by: By


@dataclass(frozen=True, slots=True)
class WriteAsked:
    """Its place in the feed that the PLC's controller follows. What became of it: ``/api/lookup/<plc>/<point>``."""

    feed_seq: int


def point_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get("/api/points", response_model=tuple[PointInfo, ...], responses=PROBLEMS)
    async def points() -> Response:
        """Every point of every PLC with its newest value, quality and age."""
        now = {(view.plc, view.point): view for view in site.snapshot().points}
        infos = [
            PointInfo(
                plc, one.name, str(one.type), one.where, one.unit, one.writable, one.low, one.high, now[plc, one.name]
            )
            for (plc, _), one in site.points.items()
        ]
        return json_answer(infos)

    @app.post("/api/plcs/{plc}/points/{station}/{role}", status_code=202, response_model=WriteAsked, responses=PROBLEMS)
    async def write(plc: str, station: str, role: str, body: PointBody) -> Response:
        """Asks for a point to be written; only where SITE.toml has a token, and the point is declared writable."""
        name = f"{station}/{role}"
        if site.token is None:
            raise HTTPException(403, "writing to a PLC needs a secret: set token_file in SITE.toml")
        point = site.points.get((plc, name))
        if point is None:
            raise HTTPException(404, f"plc {plc!r}: point {name!r}: there is none with this name")
        if not point.writable:
            raise HTTPException(403, f"plc {plc}: point {name}: is not declared writable in LINE.toml")
        try:
            check_write(point, body.value)
        except PointError as error:
            raise HTTPException(422, f"plc {plc}: point {error}") from None
        return json_answer(WriteAsked(await site.ask(PointWish(plc, name, body.value, body.by))), 202)
