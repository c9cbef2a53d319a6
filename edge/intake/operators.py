"""The words of people who ask for something, as every border takes them: over HTTP, by which MQTT and commands ask too.

Public names: By, Said, Named, Remark, ONE_LINE, ASKER, NOT_SAID, WHO, Asker, asks, who_asks.

Where people sign in, who asks is who is signed in, whatever a body or form says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from edge.core.values.text import one_line


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, as the entrance knows it. ``for_others``: a machine, which may add for whom."""

    name: str
    for_others: bool = False

    def said(self, given: object) -> str:
        """What is noted, whatever was given."""
        whom = one_line(given).strip() if isinstance(given, str) and self.for_others else ""
        return f"{self.name}: {whom}"[:80] if whom else self.name


_asker: ContextVar[Asker | None] = ContextVar("asker", default=None)


@contextmanager
def asks(who: Asker | None) -> Iterator[None]:
    """Who asks whatever is asked in this context; None = the body says so."""
    before = _asker.set(who)
    try:
        yield
    finally:
        _asker.reset(before)


def who_asks(given: str = "") -> str:
    """Who asks: who is signed in, or else as it is given."""
    known = _asker.get()
    return given if known is None else known.said(given)


def _one_line(given: object) -> object:
    return one_line(given) if isinstance(given, str) else given


def _who(given: object) -> object:
    known = _asker.get()
    if known is not None:
        return known.said(given)
    if given is None:
        raise PydanticCustomError("missing", "Field required")
    return _one_line(given)


ONE_LINE = BeforeValidator(_one_line)
"""Before pydantic looks at a text, which has words of its own for lone surrogates."""
ASKER = BeforeValidator(_who)
"""The same of who asks."""
WHO = "who; not looked at where people sign in"
"""What the schema of a model says of who asks."""
NOT_SAID = Field(default_factory=lambda: None, validate_default=True, description=WHO)
"""Of who asks: it may be left out where the entrance knows it."""
Said = Annotated[str, StringConstraints(min_length=1, max_length=80), ASKER]
"""Who asks, beside a model."""
By = Annotated[Said, NOT_SAID]
"""Who asks, in a model."""
Named = Annotated[str, StringConstraints(min_length=1, max_length=80), ONE_LINE, Field(description="who")]
"""Somebody else than who asks."""
Remark = Annotated[str, StringConstraints(max_length=400), ONE_LINE]
"""A comment or a reason; may be empty."""
