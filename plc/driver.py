"""What PLC drivers are: one moves a mailbox's blocks of words and knows nothing of their meaning, one points.

Public names: PlcLink, PointLink, PlcError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from plc.points import Point, PointFound, Value


class PlcError(Exception):
    """The PLC cannot be used now; trying again may help. The text names the PLC, the address and the reason."""


class PlcLink(Protocol):
    """One connection to one PLC's mailbox (``design``: docs/plc-mailbox.md).

    Every call ends within the driver's timeout, with words or with ``PlcError``; after an error the link is
    closed and a new one is to be made. One request is in flight at a time. Nothing is retried here: a write
    that timed out may have been executed, and only the mailbox's sequences make writing again harmless.
    """

    async def connect(self) -> None: ...

    async def read_up(self) -> Sequence[int]:
        """The UP block, 102 words."""
        ...

    async def read_down(self) -> Sequence[int]:
        """The DOWN block as the PLC holds it, 74 words."""
        ...

    async def write_down(self, words: Sequence[int]) -> None:
        """Writes the whole DOWN block, 74 words."""
        ...

    @property
    def reads_and_writes_at_once(self) -> bool:
        """Whether ``exchange`` is one request, as far as is known."""
        ...

    async def exchange(self, words: Sequence[int]) -> Sequence[int]:
        """Writes the whole DOWN block, then reads UP: in one request where the PLC can, else in two."""
        ...

    async def close(self) -> None: ...


class PointLink(Protocol):
    """One connection to one PLC's points, beside the one to its mailbox. As with PlcLink, PlcError ends it."""

    async def connect(self) -> None: ...

    async def read(self) -> Mapping[str, PointFound]:
        """Every point by its name, read now."""
        ...

    async def write(self, point: Point, value: Value) -> None:
        """Writes once, without asking what is allowed; raises PointError where the PLC refuses it."""
        ...

    async def close(self) -> None: ...
