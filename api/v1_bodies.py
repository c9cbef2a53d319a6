"""What is said the same in several bodies and parameters of `/api/v1`.

Public names: Body, Key, Word, After, Limit, Units, Version, version_of, body_of,
known_id, whole_schema.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, TypeVar

from fastapi import Header, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from api.answers import FieldSaid, field_problems_answer, said_of_field
from edge.intake.given import each_once, whole_number
from edge.intake.operators import ONE_LINE
from edge.site.desk import UnknownSale

_T = TypeVar("_T", bound=BaseModel)


class Body(BaseModel):
    """What is asked: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Key = Annotated[str, StringConstraints(min_length=1, max_length=200), ONE_LINE]
Word = Annotated[str, StringConstraints(max_length=80), ONE_LINE]
After = Annotated[str, StringConstraints(max_length=200), ONE_LINE, Query(description="behind this one")]
Limit = Annotated[int, Query(ge=1, le=1_000, description="so many at most")]
Units = Annotated[int, Field(ge=1, lt=2**31)]
Version = Annotated[str, Header(alias="if-match", description='the version that is known, as `"3"`')]


def version_of(tag: str) -> int:
    """The version that a request knows. Raises HTTPException."""
    if not tag:
        raise HTTPException(428, "If-Match: missing: say which version you know, as in the ETag of the last answer")
    if (found := re.fullmatch(r'(?:W/)?"([0-9]{1,9})"', tag.strip())) is None:
        raise HTTPException(412, f"If-Match: {tag[:40]!r}: allowed is a version as ETag gives it")
    return int(found[1])


def body_of(kind: type[_T], body: bytes) -> _T | Response:
    """A body as its model has it, or what is wrong with it, by field."""
    try:
        # It knows lone surrogates, for the model to refuse.
        given = json.loads(body, object_pairs_hook=each_once, parse_int=whole_number)
    except (ValueError, RecursionError) as error:
        said = [FieldSaid("body", f"not JSON in UTF-8: {error}")]
        return field_problems_answer(422, f"{said[0].field}: {said[0].detail}", said)
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        said = [said_of_field(item, kind) for item in error.errors(include_url=False, include_context=False)]
        return field_problems_answer(422, f"{said[0].field}: {said[0].detail}", said[:100])


def known_id(name: str) -> str:
    """An id that may be one. Raises UnknownSale."""
    if "\0" in name or len(name) > 200:
        raise UnknownSale(name)
    return name


def whole_schema(kind: type[BaseModel]) -> dict[str, Any]:
    """A body's schema with all it refers to in its place, so that it can stand within another document."""
    schema = kind.model_json_schema()
    known = schema.pop("$defs", {})

    def whole(part: Any) -> Any:
        if isinstance(part, dict):
            if name := str(part.get("$ref", "")).removeprefix("#/$defs/"):
                return whole(known[name])
            return {key: whole(its) for key, its in part.items()}
        return [whole(its) for its in part] if isinstance(part, list) else part

    return {key: whole(its) for key, its in schema.items()}
