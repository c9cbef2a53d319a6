"""The page of engineers: what each device does now, what portals learned, which lane is whose, and what the files say.

Public names: engineering_routes, engineering_page_routes.
"""

from __future__ import annotations

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response

from api.answers import json_answer
from api.engineering import Bench, gathered
from api.pages import rendered
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from edge.views.portal_picture import picture
from edge.views.words.phrase import Word, phrase
from plc.packml import state_name

_MEGA = 1_000_000


def engineering_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", responses=V1_PROBLEMS, tags=["engineering"])

    @routes.get("/engineering", response_model=Bench)
    def engineering() -> Response:
        """Controllers, devices with their newest numbers, files with the room on their disks, clocks, configuration."""
        return json_answer(gathered(site))

    return routes


def engineering_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get("/engineering", include_in_schema=False)
    def page(request: Request) -> Response:
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
            bench=bench,
            readers=readers,
            plcs=plcs,
            controllers=controllers,
            known=names,
            backlog=backlog,
            publishers=publishers,
            points=picture_now.points,
            lines=[(name, info.title or name, info.layout) for name, info in site.lines.items()],
            views=views,
            learned=[name for name in site.lines if site.workings.learned(name) is not None],
            packml=lambda number: state_name(int(number)) if number else "",
            of_role=_role,
            mega=_MEGA,
        )

    @app.get("/engineering/portal/{line}.svg", include_in_schema=False)
    def drawn(line: str) -> Response:
        known = site.workings.learned(line) if line in site.lines else None
        if known is None:
            raise HTTPException(404, f"line {line}: no passage was seen yet")
        return Response(picture(known, site.lines[line].layout.portal.name), media_type="image/svg+xml")


def _role(role: str) -> Word:
    return phrase(f"role.{role}")
