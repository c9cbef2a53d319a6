"""What is answered where something is refused: by which status and with which words, at v1 as RFC 9457 has it.

Public names: answer_errors.
"""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect

from api.answers import FieldSaid, field_problems_answer, problems_answer
from api.problem_details import is_v1, problem_answer
from edge.config.keys import said_at
from edge.config.problem import first_of, said_of
from edge.journal.record import JournalError
from edge.orders.articles import GtinError
from edge.orders.cases import CaseError, UnknownCaseError
from edge.orders.picking import PickError, ToteHeldError
from edge.orders.stock import StockError
from edge.site.desk import SalesConflict, UnknownSale
from edge.site.packing import PackError
from edge.site.parcels import ParcelError
from edge.site.quality import QualityError
from edge.site.rounds import StalePickError
from edge.site.store import OrderConflict, StoreError
from edge.views.station_sentences import tell_pack_error
from edge.views.words.table import say

_PLACES = ("body", "path", "query", "header")


def answer_errors(app: FastAPI) -> None:
    @app.exception_handler(StoreError)
    @app.exception_handler(JournalError)
    async def store(request: Request, error: Exception) -> Response:
        if is_v1(request):
            return problem_answer(503, str(error), headers={"retry-after": "1"})
        return problems_answer(503, [str(error)], {"retry-after": "1"})

    @app.exception_handler(UnknownSale)
    async def unknown(_: Request, error: UnknownSale) -> Response:
        text = f"order {error}: there is none with this id"
        return field_problems_answer(404, text)

    @app.exception_handler(SalesConflict)
    async def stale(_: Request, error: SalesConflict) -> Response:
        return field_problems_answer(412, f"If-Match: {error}", [FieldSaid("If-Match", str(error))])

    @app.exception_handler(OrderConflict)
    async def conflict(_: Request, error: OrderConflict) -> Response:
        return problems_answer(409, list(first_of(error.problems)))

    @app.exception_handler(StarletteHTTPException)
    async def http(request: Request, error: StarletteHTTPException) -> Response:
        if is_v1(request):
            where, _, said = str(error.detail).partition(": ")
            fields = [(where.split()[0], said)] if said else []
            return problem_answer(error.status_code, str(error.detail), fields, dict(error.headers or {}))
        return problems_answer(error.status_code, [str(error.detail)], dict(error.headers or {}))

    @app.exception_handler(ClientDisconnect)
    async def gone(_: Request, __: ClientDisconnect) -> Response:
        return problems_answer(400, ["body: it ended before it was whole"])  # for nobody: the connection is gone

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        told = []
        places = _PLACES if is_v1(request) else ("body",)
        body = getattr(request.scope.get("route"), "body_field", None)
        for item in error.errors():
            where = ".".join(str(part) for part in item["loc"] if part not in places) or "body"
            if body is not None and item["loc"][:1] == ("body",):
                told.append((where, said_at(body.field_info.annotation, {**item, "loc": item["loc"][1:]})))
            else:
                told.append((where, said_of(item)))
        if is_v1(request):
            return problem_answer(422, "; ".join(f"{where}: {said}" for where, said in told), told)
        return problems_answer(422, [f"{where}: {said}" for where, said in told])

    @app.exception_handler(StockError)
    @app.exception_handler(PickError)
    @app.exception_handler(ParcelError)
    @app.exception_handler(QualityError)
    async def refused(_: Request, error: Exception) -> Response:
        field = "tote" if isinstance(error, ToteHeldError) else str(error).partition(":")[0]
        return problem_answer(412 if isinstance(error, StalePickError) else 409, str(error), [(field, str(error))])

    @app.exception_handler(PackError)
    async def not_packed(_: Request, error: PackError) -> Response:
        said = say(tell_pack_error(error.code, error.values))
        return field_problems_answer(409, said, [FieldSaid("order", said)], code=f"station.refused.{error.code}")

    @app.exception_handler(CaseError)
    async def no_such(_: Request, error: CaseError) -> Response:
        status = 404 if isinstance(error, UnknownCaseError) else 409
        return problem_answer(status, str(error), [(str(error).partition(":")[0], str(error))])

    @app.exception_handler(GtinError)
    async def no_gtin(_: Request, error: GtinError) -> Response:
        return problem_answer(422, str(error), [("gtins", str(error))])
