"""Sales orders over HTTP, ``/api/v1``: taken one by one or many, looked for, and what people wish of them.

Public names: sales_routes, detail_of, take_entries, take_upload.

What is wrong is a problem of RFC 9457 with a line for each field. A wish about an order names the version that it
means, ``If-Match: "3"``; every answer about one says its version in ``ETag``. Who gets an order is in the answer about
that one order, in no list.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated

import msgspec
from fastapi import FastAPI, Query, Request, Response
from pydantic import (
    TypeAdapter,
    ValidationError,
)
from starlette.exceptions import HTTPException as StarletteHTTPException

from api.answers import FieldSaid, field_problems_answer, json_answer, said_of_field
from api.asked_again import KEY_HEADER
from api.guard import media_type
from api.problem_details import V1_PROBLEMS
from api.sale_bodies import WISHES, Wish, adds_up
from api.sale_stories import story_of
from api.site_state import Site
from api.v1_bodies import After, Body, Limit, body_of, known_id, whole_schema
from edge.intake.channels import Source
from edge.intake.channels import take as read_files
from edge.intake.folder import REPORT_COLUMNS, report_rows
from edge.intake.operators import Said
from edge.intake.sales_orders import (
    EXAMPLE,
    FieldProblem,
    OrderEntry,
    SalesOrderIn,
    read_sales_orders,
)
from edge.journal.host_time import now_us
from edge.orders.sales import OrderStage
from edge.orders.work import WishRefused
from edge.site.desk import (
    ImportRun,
    SaleDetail,
    SaleFilter,
    SaleOutcome,
    SalePage,
    SalesDesk,
    SaleTaken,
)
from edge.views.csv_table import csv_table
from edge.views.order_words import of_refusal
from edge.views.words.table import say

NDJSON = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
_MANY = 10_000
"""Orders of a list or stream at most: a file of more is for the watched folder."""
_LIMIT = 500
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "the version that is meant, as ETag gives it; `*` = whichever",
    "schema": {"type": "string", "pattern": r'^(\*|(W/)?"[0-9]{1,9}")$'},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSaid:
    """What became of one order of those that were sent. ``number``: its place, from 0."""

    number: int
    outcome: str
    id: str
    version: int
    text: str
    errors: tuple[FieldSaid, ...] = ()


@dataclass(frozen=True, slots=True)
class OrdersSaid:
    """``counts``: by outcome."""

    counts: dict[str, int]
    results: tuple[OrderSaid, ...]


_BY: TypeAdapter[str] = TypeAdapter(Said)
_NOT_TAKEN = (SaleOutcome.REFUSED, SaleOutcome.CONFLICT)
_STATUS = {
    SaleOutcome.NEW: 201,
    SaleOutcome.CONFLICT: 409,
    SaleOutcome.REFUSED: 422,
}
_ORDERS_BODY = {
    "requestBody": {
        "required": True,
        "description": "One order, a list of them, or NDJSON; each has its own result.",
        "content": {
            "application/json": {"schema": whole_schema(SalesOrderIn), "example": EXAMPLE},
            "application/x-ndjson": {"schema": {"type": "string"}, "example": msgspec.json.encode(EXAMPLE).decode()},
        },
    }
}
_FILES_BODY = {
    "requestBody": {
        "required": True,
        "description": "Files of one channel, read together as its table in SITE.toml says.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["channel", "file"],
                    "properties": {
                        "channel": {"type": "string"},
                        "by": {"type": "string"},
                        "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                    },
                }
            }
        },
    }
}


def sales_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""
    _take_routes(app, site)
    _import_routes(app, site)
    _look_routes(app, site)
    for action, (body, wish) in WISHES.items():
        _wish_route(app, site, action, body, wish)


def _take_routes(app: FastAPI, site: Site) -> None:
    @app.post("/api/v1/sales-orders", responses=V1_PROBLEMS, openapi_extra=_ORDERS_BODY)
    async def take_sales(request: Request, brief: bool = False) -> Response:
        """Takes orders and reviews them; what is known changes nothing, or is amended by the channel's later word.

        ``brief``: counts alone, and of what is wrong the keys alone.
        """
        body = await request.body()
        by_line = media_type(request.headers) in NDJSON

        def take() -> Response:
            entries = read_sales_orders(body, by_line=by_line)
            if len(entries) > _MANY:
                text = f"{len(entries)} orders: allowed are up to {_MANY} at once"
                return field_problems_answer(413, text, [FieldSaid("body", text)])
            said = take_entries(site.desk(), entries)
            if brief:
                return _brief(said)
            return _answered(said, by_line or body.lstrip()[:1] == b"[")

        return await asyncio.get_running_loop().run_in_executor(site.intake, take)


def _import_routes(app: FastAPI, site: Site) -> None:
    @app.post("/api/v1/imports", status_code=201, responses=V1_PROBLEMS, openapi_extra=_FILES_BODY)
    async def import_files(request: Request) -> Response:
        """Takes files of a channel; what was set aside, and why, stands in the report."""
        run = await take_upload(request, site)
        if isinstance(run, Response):
            return run
        answer = json_answer(run, 201)
        answer.headers["location"] = f"/api/v1/imports/{run.id}"
        return answer

    @app.get("/api/v1/imports", responses=V1_PROBLEMS)
    def imports(after: After = "", limit: Limit = 50) -> Response:
        """Imports, the newest first, without what was set aside. ``after``: an import's id."""
        runs = site.desk().import_runs(limit, after)
        if runs is None:
            raise _no_import(after)
        return json_answer(runs)

    @app.get("/api/v1/imports/{run_id}", responses=V1_PROBLEMS)
    def import_report(run_id: str, request: Request) -> Response:
        """What came of files, a row for each thing that was set aside; with ``Accept: text/csv`` as CSV."""
        run = None if "\0" in run_id else site.desk().import_run(run_id)
        if run is None:
            raise _no_import(run_id)
        if "text/csv" in request.headers.get("accept", ""):
            told = "\ufeff" + csv_table(REPORT_COLUMNS, report_rows(run.set_aside))
            return Response(told.encode(errors="backslashreplace"), media_type="text/csv; charset=utf-8")
        return json_answer(run)


def _no_import(run_id: str) -> StarletteHTTPException:
    return StarletteHTTPException(404, f"import {run_id}: there is none with this id, or it is forgotten")


async def take_upload(request: Request, site: Site) -> ImportRun | Response:
    """The files of a form: ``channel``, ``by`` and one ``file`` or more. What is wrong is a problem."""
    try:
        form = await request.form(max_files=20, max_fields=20)
    except StarletteHTTPException as error:
        return field_problems_answer(400, str(error.detail), [FieldSaid("body", str(error.detail))])
    try:
        channel, by = form.get("channel"), form.get("by") or "upload"
        files = [one for one in form.getlist("file") if not isinstance(one, str) and one.filename]
        table = site.config.channels.get(channel) if isinstance(channel, str) else None
        wrong = []
        try:
            by = _BY.validate_python(by)
        except ValidationError as error:
            wrong += [FieldSaid("by", said_of_field(item).detail) for item in error.errors(include_url=False)]
        if table is None or not isinstance(channel, str):
            wrong.append(
                FieldSaid(
                    "channel", f"allowed are {', '.join(site.config.channels) or 'none: SITE.toml has no channel'}"
                )
            )
        if not files:
            wrong.append(FieldSaid("file", "missing: a file of the channel"))
        if wrong or table is None or not isinstance(channel, str) or not isinstance(by, str):
            return field_problems_answer(422, f"{wrong[0].field}: {wrong[0].detail}", wrong)
        sources = [Source(str(one.filename)[:200].replace("\0", ""), await one.read()) for one in files]
    finally:
        await form.close()
    name, its = channel, table

    def take() -> ImportRun:
        taken = read_files(name, its, sources)
        return site.desk().take_files(name, by, [one.file for one in sources], taken, now_us)

    return await asyncio.get_running_loop().run_in_executor(site.intake, take)


def _look_routes(app: FastAPI, site: Site) -> None:
    @app.get("/api/v1/sales-orders", responses=V1_PROBLEMS)
    def sales_orders(
        stage: OrderStage | None = None,
        finding: Annotated[str, Query(max_length=40)] = "",
        channel: Annotated[str, Query(max_length=64)] = "",
        q: Annotated[str, Query(max_length=200)] = "",
        after: Annotated[str, Query(max_length=240)] = "",
        limit: Annotated[int, Query(ge=1, le=_LIMIT)] = 100,
    ) -> Response:
        """Orders, the newest first. ``finding``: a code; ``q``: what is printed or scanned; ``after``: of a page."""
        if "\0" in f"{finding}{channel}{after}":
            return json_answer(SalePage((), ""))
        which = SaleFilter(stage=str(stage or ""), finding=finding, channel=channel, after=after)
        return json_answer(site.desk().page(which, q.strip(), limit))

    @app.get("/api/v1/sales-orders/{order_id:path}/timeline", responses=V1_PROBLEMS)
    def sale_timeline(order_id: str) -> Response:
        """What was done to an order, and what the floor saw of its fulfilments, in order of time."""
        return json_answer({"order": order_id, "entries": story_of(site, order_id)})

    @app.get("/api/v1/sales-orders/{order_id:path}", responses=V1_PROBLEMS)
    def sales_order(order_id: str) -> Response:
        """All that is known of an order; who gets it is here, and in no list."""
        return detail_answer(detail_of(site.desk(), order_id))


def _wish_route(app: FastAPI, site: Site, action: str, kind: type[Body], wish: Wish) -> None:
    async def asked(order_id: str, request: Request) -> Response:
        version = _version(request)
        if isinstance(version, Response):
            return version
        given = body_of(kind, await request.body())
        if isinstance(given, Response):
            return given
        if KEY_HEADER not in request.headers and (version is None or action == "put-back") and adds_up(given):
            text = "missing: asked twice it would be done twice; or name the version, If-Match"
            return field_problems_answer(428, f"{KEY_HEADER}: {text}", [FieldSaid(KEY_HEADER, text)])

        def done() -> Response:
            desk = site.desk()
            found = wish(desk, known_id(order_id), version, given)
            if isinstance(found, WishRefused):
                return refusal_answer(found)
            return detail_answer(desk.detail(found.id))

        return await asyncio.to_thread(done)

    schema = {"content": {"application/json": {"schema": whole_schema(kind)}}, "required": True}
    app.post(
        f"/api/v1/sales-orders/{{order_id:path}}/{action}",
        name=f"sale_{action}",
        description=kind.__doc__,
        responses=V1_PROBLEMS,
        openapi_extra={"requestBody": schema, "parameters": [_IF_MATCH]},
    )(asked)


def take_entries(desk: SalesDesk, entries: tuple[OrderEntry, ...]) -> OrdersSaid:
    """Takes what could be read; what became of each, in their order."""
    taken = iter(desk.take([one.draft for one in entries if one.draft is not None], now_us()))
    results = tuple(
        _entry(one.number, next(taken)) if one.draft is not None else _unread(one.number, one.problems)
        for one in entries
    )
    counts: dict[str, int] = {}
    for one in results:
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
    return OrdersSaid(counts, results)


def _entry(number: int, taken: SaleTaken) -> OrderSaid:
    errors = (FieldSaid("body", taken.text),) if taken.text and taken.outcome in _STATUS else ()
    return OrderSaid(
        number=number, outcome=taken.outcome, id=taken.id, version=taken.version, text=taken.text, errors=errors
    )


def _unread(number: int, problems: tuple[FieldProblem, ...]) -> OrderSaid:
    errors = tuple(FieldSaid(one.field, one.reason) for one in problems)
    text = f"{errors[0].field}: {errors[0].detail}" if errors else ""
    return OrderSaid(number=number, outcome=SaleOutcome.REFUSED, id="", version=0, text=text, errors=errors)


def _answered(said: OrdersSaid, many: bool) -> Response:
    if many or len(said.results) != 1:
        return json_answer(said)
    (one,) = said.results
    status = _STATUS.get(SaleOutcome(one.outcome), 200)
    if status >= 400:
        return field_problems_answer(status, one.text, one.errors)
    answer = json_answer(said, status)
    answer.headers["etag"] = f'"{one.version}"'
    return answer


def _brief(said: OrdersSaid) -> Response:
    """For who may see nothing personal: counts, or the keys that are wrong without their values."""
    refused = [one for one in said.results if one.outcome in _NOT_TAKEN]
    if not refused:
        return json_answer(said.counts)
    wrong = [FieldSaid(f"{one.number}.{error.field}", "not allowed") for one in refused for error in one.errors]
    return field_problems_answer(422, "some orders are refused; the others are taken", wrong[:100])


def detail_of(desk: SalesDesk, name: str) -> SaleDetail:
    """All of an order. Raises UnknownSale."""
    return desk.detail(known_id(name))


def detail_answer(detail: SaleDetail) -> Response:
    """An order with its version."""
    answer = Response(msgspec.json.encode(detail), media_type="application/json")
    answer.headers["etag"] = f'"{detail.order.version}"'
    return answer


def refusal_answer(refused: WishRefused) -> Response:
    """Why a wish is not done."""
    text = say(of_refusal(refused))
    return field_problems_answer(409, text, [FieldSaid("body", text)], code=f"order-refused.{refused.code}")


def _version(request: Request) -> int | Response | None:
    """The version that a wish means; None = whichever."""
    given = request.headers.get("if-match", "").strip()
    if given == "*":
        return None
    if not given:
        text = 'missing: the version that is meant, as If-Match: "3"; * = whichever'
        return field_problems_answer(428, f"If-Match: {text}", [FieldSaid("If-Match", text)])
    number = given.removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return field_problems_answer(
            412, f"If-Match: {given[:80]!r}: is no version", [FieldSaid("If-Match", "is no version")]
        )
    return int(number)
