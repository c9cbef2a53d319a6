"""How the API answers: values as JSON, and what is wrong as a list of lines.

Public names: Problems, PROBLEMS, json_answer, problems_answer.
"""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response


class Problems(BaseModel):
    """What is wrong, a line each."""

    problems: list[str]


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problems} for status in (400, 401, 403, 404, 409, 413, 415, 421, 422, 429, 503)
}


def json_answer(value: object, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def problems_answer(status: int, problems: list[str], headers: dict[str, str] | None = None) -> JSONResponse:
    """What is wrong."""
    return JSONResponse({"problems": problems}, status, headers)
