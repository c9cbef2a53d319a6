"""What a controller of this process is given, and how it ends.

Public names: UTC_US, Feed, stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from edge.core.events import (
    LaneRequested,
    OrderChanged,
)
from edge.sim.devices import SimulatedFloor

UTC_US = 1_767_225_600_000_000
"""Where virtual time begins."""


class Feed:
    """The site's feed, known beforehand: the orders of the first loads of every line."""

    def __init__(self, floor: SimulatedFloor, ahead: int) -> None:
        orders = [order for stream in floor.streams.values() for load in stream.prepare(ahead) for order in load.orders]
        self.items: list[OrderChanged | LaneRequested] = [
            OrderChanged(0, seq, order) for seq, order in enumerate(orders, 1)
        ]

    def ask(self, line: str, lane: int, enabled: bool) -> None:
        """Somebody opens or closes a lane."""
        self.items.append(
            LaneRequested(at_us=0, feed_seq=len(self.items) + 1, line=line, lane=lane, enabled=enabled, by="test")
        )

    def __call__(self, after: int, limit: int) -> Sequence[OrderChanged | LaneRequested]:
        return self.items[after : after + limit]


async def stop(task: asyncio.Task[None]) -> None:
    """Ends a controller, or whatever else runs until it is cancelled."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
