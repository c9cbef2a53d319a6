"""What the people around the simulated shop ask of the site, and what they have in hand meanwhile.

Public names: Errands, units_of.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping
from typing import Any

from edge.sim.door import DoorAnswer, SiteDoor


class Errands:
    """``refusals``: what was asked and refused, by code and place."""

    def __init__(self, door: SiteDoor, refusals: Counter[str]) -> None:
        self.door = door
        self._refusals = refusals
        self._jobs: asyncio.TaskGroup | None = None

    def begin(self, jobs: asyncio.TaskGroup) -> None:
        """From now on work may be started."""
        self._jobs = jobs

    def start(self, job: Coroutine[Any, Any, object]) -> None:
        """Somebody begins something."""
        assert self._jobs is not None, "it runs"
        self._jobs.create_task(job)

    def expect(self, answer: DoorAnswer, what: str) -> bool:
        """Whether it was done; else what was refused is counted, with the reason."""
        if not answer.done:
            said = answer.body.get("detail", "") if isinstance(answer.body, Mapping) else answer.body
            self.refused(what, f"{answer.status}: {said}")
        return answer.done

    def refused(self, what: str, why: str) -> None:
        """Somebody was told no."""
        self._refusals[f"{what}: {why}"[:200]] += 1

    async def order(self, fulfilment: str) -> Mapping[str, Any] | None:
        """What the site wants in a tote now; None = it knows nothing of it."""
        answer = await self.door.ask("/api/orders/{}", fulfilment)
        return answer.body if self.expect(answer, "order") else None


def units_of(order: Mapping[str, Any]) -> Counter[str]:
    """Pieces by SKU."""
    return Counter({line["sku"]: line["quantity"] for line in order["lines"] if line["quantity"]})
