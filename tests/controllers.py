"""What a controller of this process is given, and how it ends.

Public names: UTC_US, Feed, feed_of, stop, work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from virtual_time import run_virtual

from edge.config.lines import LineConfig
from edge.controller.controller import Controller
from edge.core.events import LaneRequested, OrderChanged, Requested
from edge.core.values.feed import FeedPlace, FeedPortion
from edge.sim.devices import SimulatedFloor
from edge.sim.tally import FloorReport

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

    def __call__(self, place: FeedPlace, limit: int) -> FeedPortion:
        return feed_of(self.items)(place, limit)


def feed_of(items: Sequence[OrderChanged | Requested]) -> Callable[[FeedPlace, int], FeedPortion]:
    """A feed of these, also of what is added to them; its store is of no epoch."""
    return lambda place, limit: FeedPortion(tuple(items[place.seq : place.seq + limit]))


async def stop(task: asyncio.Task[None]) -> None:
    """Ends a controller, or whatever else runs until it is cancelled."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def work(
    config: LineConfig,
    seconds: float,
    ahead: int,
    *,
    floor_config: LineConfig | None = None,
    meanwhile: Callable[[SimulatedFloor, Feed, Controller], Awaitable[None]] | None = None,
) -> FloorReport:
    """A controller and a floor until the floor is empty, in virtual time; the floor's truth."""

    async def main() -> FloorReport:
        floor = SimulatedFloor(floor_config or config, seconds=seconds)
        feed = Feed(floor, ahead)
        await floor.start()
        controller = Controller(config, feed, threaded=False, zero_us=UTC_US)
        task = asyncio.create_task(controller.run())
        if meanwhile is not None:
            await meanwhile(floor, feed, controller)
        await asyncio.wait_for(floor.wait(), seconds + 120)
        await stop(task)
        await floor.stop()
        return floor.report()

    return run_virtual(main())
