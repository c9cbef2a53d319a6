"""The api process: orders in; look-ups, the live picture and the page out; operators' requests to the lines.

Public names: create_app.

Every answer that is not what was asked for is ``{"problems": ["where: value: what is allowed", …]}``.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from starlette.responses import StreamingResponse
from starlette.staticfiles import StaticFiles

from api.account_pages import account_page_routes, session_route
from api.alarm_desk import AlarmAsked, alarm_desk_routes, ask_of
from api.alarm_pages import alarm_page_routes
from api.answers import PROBLEMS, Journaled, SaidValues, json_answer, problems_answer
from api.asked_again import AskedAgain
from api.audit_page import audit_page_routes
from api.blocklist import blocklist_page_routes, blocklist_routes
from api.carriers import carrier_routes
from api.carriers_page import carriers_page_routes
from api.case_pages import case_page_routes
from api.cases import case_routes
from api.configuration import configuration_routes
from api.docks import dock_routes
from api.engineering_page import engineering_page_routes, engineering_routes
from api.entrance import Entrance
from api.event_log import log_routes
from api.events import event_routes
from api.guard import CSV_TYPE, Guard, WrongTokens, media_type
from api.hooks import hook_routes
from api.kpi_pages import kpi_page_routes
from api.kpis import kpi_routes
from api.lists import list_page_routes, list_routes
from api.log_page import log_page_routes
from api.oidc import oidc_routes
from api.openapi import describe
from api.packing import packing_routes
from api.pages import page_routes
from api.parcels import parcel_page_routes, parcel_routes
from api.pick_pages import pick_page_routes
from api.picks import pick_routes
from api.points import point_routes
from api.put_back_page import put_back_page_routes
from api.refusals import answer_errors
from api.refused_page import RefusedPage
from api.return_label import return_label_routes
from api.sales import sales_routes
from api.search import search_page_routes, search_routes
from api.site_state import Health, LineInfo, Site
from api.station_pages import station_page_routes
from api.stations import station_routes
from api.stock import stock_routes
from api.track_page import track_page_routes
from api.tracking import tracking_routes
from api.tracking_pages import tracking_page_routes
from api.unchanged import Unchanged
from api.v1_bodies import whole_schema
from api.warehouse_pages import warehouse_page_routes
from api.waves import wave_routes
from api.words import words_route
from edge.config.lines import SiteConfig
from edge.config.problem import first_of
from edge.core.events import OrderChanged
from edge.core.values.alarm import AlarmAction
from edge.core.values.order import Order
from edge.core.values.wishes import LaneWish
from edge.intake.carriers import without_lane
from edge.intake.operators import By, Remark
from edge.intake.orders import CSV_EXAMPLE, ORDER_EXAMPLE, Intake, OrderIn, read_csv, read_json
from edge.journal.host_time import now_us
from edge.metrics import CONTENT_TYPE, text
from edge.site.asked_book import AskedBook
from edge.site.store import Put, SiteStore
from edge.views.history import MINUTES, Window
from edge.views.picture import AlarmView, Snapshot
from edge.views.words.table import say

MAX_BODY = 16 * 2**20
MAX_ENTRIES = 3_000
"""Newest entries of a timeline that are shown."""
WEB = Path(__file__).parent / "web"


class LaneBody(BaseModel):
    """What an operator wants of a lane."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: StrictBool
    by: By


@dataclass(frozen=True, slots=True)
class LaneAsked:
    """Its place in the feed that the line's controller follows; the lane changes when the PLC does it."""

    feed_seq: int


class AlarmBody(BaseModel):
    """Who wants something of an alarm. ``minutes``: how long to shelve; at most what the alarm's rule allows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: By
    minutes: Annotated[int, Field(ge=1, le=10_080)] = 30
    comment: Remark = ""


@dataclass(frozen=True, slots=True)
class Story:
    """One entry of a timeline: ``code`` and ``values`` say it in the words of ``/api/words``, ``text`` in English.

    ``value``: the journaled value itself, of the kind ``kind``.
    """

    at_us: int
    code: str
    values: SaidValues
    text: str
    line: str
    kind: str
    value: Journaled


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Everything known about a key. ``omitted``: older entries that are not shown."""

    key: str
    orders: tuple[Order, ...]
    entries: tuple[Story, ...]
    omitted: int


@dataclass(frozen=True, slots=True)
class PutWithFindings(Put):
    """Orders of which some were taken and need somebody's look, as for a carrier that no lane takes; a line each."""

    findings: tuple[str, ...]


_ORDERS_BODY = {
    "requestBody": {
        "required": True,
        "description": "One order, a list of orders, or CSV with one row for each order line; all or nothing.",
        "content": {
            "application/json": {"schema": whole_schema(OrderIn), "example": ORDER_EXAMPLE},
            "text/csv": {"schema": {"type": "string"}, "example": CSV_EXAMPLE},
        },
    }
}
_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}


def create_app(config: SiteConfig) -> FastAPI:
    """The application of one site. Raises ConfigError, also for the LINE.toml files that SITE.toml names."""
    site = Site(config)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with site.running():
            yield

    app = FastAPI(
        title="Lanewise",
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        max_body_size=MAX_BODY,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.site = site
    app.state.web = WEB
    wrong = WrongTokens(site.doubts)
    app.add_middleware(Unchanged)
    app.add_middleware(AskedAgain, book=lambda: _asked_book(site.store()))
    if site.identities is not None:
        app.add_middleware(Entrance, served=app, identities=site.identities, wrong=wrong)
    app.add_middleware(RefusedPage, site=site)
    demo = site.identities is not None and site.identities.table.demo
    app.add_middleware(Guard, token=site.token, wrong=wrong, signed_in=site.identities is not None, demo=demo)
    answer_errors(app)
    _order_routes(app, site)
    _line_routes(app, site)
    _alarm_routes(app, site)
    point_routes(app, site)
    dock_routes(app, site)
    page_routes(app, site)
    blocklist_page_routes(app, site)
    warehouse_page_routes(app, site)
    pick_page_routes(app, site)
    carriers_page_routes(app, site)
    parcel_page_routes(app, site)
    tracking_page_routes(app, site)
    track_page_routes(app, site)
    put_back_page_routes(app, site)
    station_page_routes(app, site)
    case_page_routes(app, site)
    kpi_page_routes(app, site)
    session_route(app, site)
    if site.identities is not None:
        account_page_routes(app, site, site.identities)
        audit_page_routes(app, site)
        if config.accounts is not None and config.accounts.oidc is not None:
            oidc_routes(app, site, site.identities, config.accounts.oidc)
    alarm_page_routes(app, site)
    log_page_routes(app, site)
    search_page_routes(app, site)
    list_page_routes(app, site)
    engineering_page_routes(app, site)
    sales_routes(app, site)
    words_route(app)
    for routes in (
        stock_routes,
        wave_routes,
        pick_routes,
        parcel_routes,
        carrier_routes,
        case_routes,
        return_label_routes,
        packing_routes,
        station_routes,
        event_routes,
        blocklist_routes,
        hook_routes,
        configuration_routes,
        tracking_routes,
        kpi_routes,
        alarm_desk_routes,
        log_routes,
        search_routes,
        list_routes,
        engineering_routes,
    ):
        app.include_router(routes(site))
    describe(app)
    app.mount("/swagger", StaticFiles(packages=[("fastapi_offline", "static")]), name="swagger")
    app.mount("/", StaticFiles(directory=WEB, html=True), name="page")
    return app


def _asked_book(store: SiteStore) -> AskedBook:
    return AskedBook(store.connections, lambda: store.keys)


@contextmanager
def _not_collected() -> Iterator[None]:
    """Looks for no cyclic garbage meanwhile: orders make none, and among those of 16 MB each look holds up all threads
    for a sixth of a second, several times.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _order_routes(app: FastAPI, site: Site) -> None:
    @app.post("/api/orders", response_model=Put | PutWithFindings, responses=PROBLEMS, openapi_extra=_ORDERS_BODY)
    async def take_orders(request: Request) -> Response:
        """Takes orders, all or none of them; taking the same again changes nothing."""
        body = await request.body()
        read = read_csv if media_type(request.headers) == CSV_TYPE else read_json

        def take() -> Intake | Put:
            with _not_collected():
                intake = read(body, site.totes)
                if intake.problems:
                    return intake
                put = site.store().put_orders(intake.orders, now_us())
                findings = first_of(without_lane(intake.orders, site.layouts))
                return PutWithFindings(put.new, put.changed, put.same, findings) if findings else put

        taken = await asyncio.get_running_loop().run_in_executor(site.intake, take)
        return problems_answer(422, list(taken.problems)) if isinstance(taken, Intake) else json_answer(taken)

    @app.get("/api/orders/{order_id:path}", response_model=Order, responses=PROBLEMS)
    def order(order_id: str) -> Response:
        """One order as it is now."""
        found = site.store().order(order_id)
        if found is None:
            raise HTTPException(404, f"order {order_id}: there is none with this id")
        return json_answer(found)

    @app.get("/api/lookup/{key:path}", response_model=LookedUp, responses=PROBLEMS)
    def look_up(key: str) -> Response:
        """Everything known about an order id, tote, parcel, item (in any spelling), tag (hexadecimal) or
        ``line#track``, in order of time.

        Each entry is said by ``code`` and ``values`` in the words of ``/api/words``, and by ``text`` in English.
        """
        store = site.store()
        entries = store.timeline(key, site.layouts)
        values = [entry.record.value for entry in entries]
        ids = dict.fromkeys(value.order.id for value in values if isinstance(value, OrderChanged))
        orders = tuple(known for name in ids if (known := store.order(name)) is not None)
        if not entries:
            raise HTTPException(404, f"{key}: nothing is known under this name")
        shown = entries[-MAX_ENTRIES:]
        stories = tuple(
            Story(
                entry.at_us,
                entry.said.code,
                entry.said.values,
                say(entry.said),
                entry.record.line,
                entry.record.kind,
                msgspec.Raw(entry.record.body.encode()),
            )
            for entry in shown
        )
        return json_answer(LookedUp(key, orders, stories, len(entries) - len(shown)))


def _line_routes(app: FastAPI, site: Site) -> None:
    @app.get("/api/lines", response_model=tuple[LineInfo, ...], responses=PROBLEMS)
    async def lines() -> Response:
        """The lines with their geometry and lanes."""
        return json_answer(tuple(site.lines.values()))

    @app.get("/api/state", response_model=Snapshot, responses=PROBLEMS)
    async def state() -> Response:
        """The picture of all lines now."""
        return json_answer(site.snapshot())

    @app.get("/api/history", response_model=Window, responses=PROBLEMS)
    async def history(minutes: int = 15) -> Response:
        """The key figures of the last 15, 30 or 60 minutes in 60 points, from the journals alone."""
        if minutes not in MINUTES:
            raise HTTPException(422, f"minutes: {minutes}: allowed are {', '.join(map(str, MINUTES))}")
        return json_answer(site.history(minutes))

    @app.get("/api/health", response_model=Health, responses=PROBLEMS)
    async def health() -> Response:
        """Whether journals and store are followed; always 200 while the process answers."""
        return json_answer(site.health())

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        """Numbers of this process for Prometheus."""
        return Response(text(site.metrics), media_type=CONTENT_TYPE)

    @app.get("/api/live", response_class=StreamingResponse, responses=PROBLEMS | _STREAM)
    async def live(request: Request) -> StreamingResponse:
        """Server-sent events: ``snapshot`` first, then ``changes``; ``health`` every second. After a break, again."""
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        told = site.hub.listen()
        if site.identities is not None:
            told = site.identities.while_in(request.headers, told)
        return StreamingResponse(told, headers=headers, media_type="text/event-stream")

    @app.post("/api/lines/{line}/lanes/{lane}", status_code=202, response_model=LaneAsked, responses=PROBLEMS)
    async def ask_for_lane(line: str, lane: int, body: LaneBody) -> Response:
        """Asks for a lane to be enabled or disabled; the PLC answers in the live picture."""
        info = site.lines.get(line)
        if info is None:
            raise HTTPException(404, f"line {line!r}: allowed are {', '.join(site.lines)}")
        numbers = [known.number for known in info.layout.lanes]
        if lane not in numbers:
            raise HTTPException(404, f"line {line}: lane {lane}: allowed are {', '.join(map(str, numbers))}")
        return json_answer(LaneAsked(await site.ask(LaneWish(line, lane, body.enabled, body.by))), 202)


def _alarm_routes(app: FastAPI, site: Site) -> None:
    @app.get("/api/alarms", response_model=tuple[AlarmView, ...], responses=PROBLEMS)
    async def alarms(everything: bool = False) -> Response:
        """The alarms that are not normal, the newest change first; ``everything``: the normal ones behind them.

        What became of each: ``/api/lookup/<alarm>``, of all: ``/api/lookup/alarms``.
        """
        return json_answer(site.alarms(everything))

    @app.post("/api/alarms/{alarm}/{action}", status_code=202, response_model=AlarmAsked, responses=PROBLEMS)
    async def ask_of_alarm(alarm: str, action: AlarmAction, body: AlarmBody) -> Response:
        """Acknowledges, resets, shelves, unshelves an alarm, takes it out of service or puts it in service again."""
        return json_answer(AlarmAsked(await ask_of(site, alarm, action, body.by, body.minutes, body.comment)), 202)
