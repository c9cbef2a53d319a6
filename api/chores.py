"""What the api process does again and again beside its requests: a fault ends one turn, is told, and ends nothing else.

Public names: Chores.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

from edge.journal.host_time import now_us

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chores:
    """``faults``: by chore of which the last turn failed, what that raised, and since when they do, in us UTC."""

    faults: dict[str, tuple[str, int]] = field(default_factory=dict)

    async def every(self, every_s: float, name: str, turn: Callable[[], Coroutine[None, None, None]]) -> None:
        """Takes the turn now and every so often, until cancelled."""
        while True:
            (raised,) = await asyncio.gather(turn(), return_exceptions=True)
            if raised is None:
                self.faults.pop(name, None)
            else:
                self._failed(name, raised)
            await asyncio.sleep(every_s)

    def _failed(self, name: str, raised: BaseException) -> None:
        why, since_us = self.faults.get(name, ("", now_us()))
        if why != repr(raised):  # that it goes on is shown
            log.error("%s: a fault; the next turn begins anew", name, exc_info=raised)
        self.faults[name] = repr(raised), since_us
