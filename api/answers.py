"""How the API answers: values as JSON, and what is wrong as a list of lines.

Public names: Problems, SCHEMAS, PROBLEMS, json_answer, problems_answer, FieldSaid, field_problems_answer,
said_of_field, SaidValues, Journaled.

Below ``/api/v1`` what is wrong is a problem of RFC 9457, with a line for each field; its ``problems`` are those lines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from edge.config.keys import said_at
from edge.config.problem import said_of
from edge.views.given_texts import text_told
from edge.views.words.phrase import Word

SaidValues: TypeAlias = dict[str, Word]
if TYPE_CHECKING:
    Journaled: TypeAlias = msgspec.Raw
else:  # as the API describes itself: a record has its kind's own keys
    Journaled = dict[str, Any]


class Problems(BaseModel):
    """What is wrong, a line each. ``said``: the same in the words of any language, each a code with values, or text."""

    problems: list[str]
    said: list[Word]


SCHEMAS = "#/components/schemas/"
"""Where `/api/openapi.json` has the shapes that it refers to."""
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"content": {"application/json": {"schema": {"$ref": f"{SCHEMAS}{Problems.__name__}"}}}}
    for status in (400, 401, 403, 404, 409, 413, 415, 421, 422, 429, 503)
}
"""By reference: FastAPI builds a serializer for each model of each answer of each route, most of an app's start."""


def json_answer(value: object, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def problems_answer(status: int, problems: list[str], headers: dict[str, str] | None = None) -> JSONResponse:
    """What is wrong."""
    said = msgspec.to_builtins([text_told(one) for one in problems])
    return JSONResponse({"problems": problems, "said": said}, status, headers)


@dataclass(frozen=True, slots=True)
class FieldSaid:
    """What is wrong with one field. ``field``: its path, ``lines.0.quantity``; ``body``: all of it."""

    field: str
    detail: str


def said_of_field(item: Mapping[str, Any], model: type[BaseModel] | None = None) -> FieldSaid:
    """One of the errors that a model of pydantic found; by ``model`` it is known which keys there are."""
    where = ".".join(str(part) for part in item["loc"] if part not in ("body", "[key]")) or "body"
    return FieldSaid(where, said_of(item) if model is None else said_at(model, item))


def _told(one: FieldSaid, detail: str, *, alone: bool) -> str:
    """A line for people: where all that is wrong is this, it is said already, with the name of what it is about."""
    whole = detail == one.detail or (detail.startswith(one.field) and detail.endswith(one.detail))
    return detail if alone and whole else f"{one.field}: {one.detail}"


def field_problems_answer(
    status: int,
    detail: str,
    errors: Sequence[FieldSaid] = (),
    headers: Mapping[str, str] | None = None,
    code: str = "",
) -> Response:
    """What is wrong, as RFC 9457 has it. ``code``: of `/api/words`, where it has words."""
    problems = [_told(one, detail, alone=len(errors) == 1) for one in errors] or [detail]
    said = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "errors": errors,
        "problems": problems,
        "said": [text_told(one) for one in problems],
    } | ({"code": code} if code else {})
    return Response(_encoded(said), status, dict(headers or {}), "application/problem+json")


def _encoded(value: dict[str, object]) -> bytes:
    """What is wrong may be half of a character, which JSON in UTF-8 does not have."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value)).encode()
