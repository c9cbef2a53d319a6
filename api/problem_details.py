"""How `/api/v1` says what is wrong: problem details, with the field that each concerns.

Public names: Problem, ProblemField, V1_PROBLEMS, is_v1, problem_answer.

Source: RFC 9457.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from api.answers import SCHEMAS, FieldSaid, field_problems_answer
from edge.views.words.phrase import Word


class ProblemField(BaseModel):
    """What is wrong with a field. ``field``: its path in the body, or the name of a parameter or header."""

    field: str
    detail: str


class Problem(BaseModel):
    """What is wrong. ``said``: the ``problems`` in the words of any language, each a code with values, or text."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemField]
    problems: list[str]
    said: list[Word]


V1_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {
        "content": {
            "application/problem+json": {},
            "application/json": {"schema": {"$ref": f"{SCHEMAS}{Problem.__name__}"}},
        }
    }
    for status in (400, 401, 403, 404, 409, 412, 413, 415, 421, 422, 428, 503)
}


def is_v1(request: Request) -> bool:
    """Whether a request is answered in this form."""
    return request.url.path.startswith("/api/v1/")


def problem_answer(
    status: int, detail: str, fields: Iterable[tuple[str, str]] = (), headers: dict[str, str] | None = None
) -> Response:
    """``fields``: (field, what is wrong with it)."""
    return field_problems_answer(status, detail, [FieldSaid(name, said) for name, said in fields], headers)
