"""The words of people who ask for something, as every border takes them: over HTTP, by which MQTT and commands ask too.

Public names: By, Remark, ONE_LINE.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

from edge.core.values.text import one_line


def _one_line(given: object) -> object:
    return one_line(given) if isinstance(given, str) else given


ONE_LINE = BeforeValidator(_one_line)
"""Before pydantic looks at a text, which has words of its own for lone surrogates."""
By = Annotated[str, StringConstraints(min_length=1, max_length=80), ONE_LINE, Field(description="who")]
Remark = Annotated[str, StringConstraints(max_length=400), ONE_LINE]
"""A comment or a reason; may be empty."""
