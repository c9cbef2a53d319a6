"""What is said the same in several bodies and parameters of `/api/v1`.

Public names: Body, Key, Word, After, Limit, Units, Version, version_of.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Header, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from edge.intake.operators import ONE_LINE


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
