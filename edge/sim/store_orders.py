"""Follows the feed of the site's store, as the controller does, and brings its open orders onto the simulated belts.

Public names: StoreOrders, OrderFeed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from edge.core.values.feed import FeedPlace, FeedPortion
from edge.core.values.inputs import OrderChanged
from edge.core.values.layout import LineLayout
from edge.journal.aside import Aside
from edge.sim.devices import SimulatedFloor
from edge.sim.floor import Landed
from edge.sim.own_orders import Coming, OwnOrders

EVERY_S = 0.2
PORTION = 200

OrderFeed: TypeAlias = Callable[[FeedPlace, int], FeedPortion]
"""(place, limit) -> what stands behind a place in the feed; raises OSError while the store cannot be read."""


class StoreOrders:
    """``trouble``: why the store cannot be read, or what cannot come of its orders; empty = all is well.

    The feed is read in a thread of its own, unless ``threaded`` is False.
    """

    def __init__(self, floor: SimulatedFloor, feed: OrderFeed, *, threaded: bool = True) -> None:
        self._floor = floor
        self._feed = feed
        self._threaded = threaded
        self._away = ""
        self._orders = OwnOrders(floor.config.layouts(), floor.seed, floor.world.discs)
        floor.takes = self._takes

    @property
    def trouble(self) -> str:
        """Empty = nothing is wrong."""
        wrong = self._orders.trouble
        first = next(iter(wrong.items()), None)
        named = "" if first is None else f"order {first[0]}: {first[1]}"
        return self._away or (f"{named}, and {len(wrong) - 1} more" if len(wrong) > 1 else named)

    async def run(self) -> None:
        """Until cancelled. Releases the floor once the store was read."""
        place = FeedPlace(0)
        aside = Aside("orders") if self._threaded else None
        try:
            while True:
                try:
                    if aside is None:
                        portion = self._feed(place, PORTION)
                    else:
                        portion = await aside.call(partial(self._feed, place, PORTION))
                except OSError as error:
                    self._away = f"site store: {error}"
                    await asyncio.sleep(1)
                    continue
                self._away = ""
                for one in portion.values:
                    if isinstance(one, OrderChanged):
                        self._bring(self._orders.took(one.order))
                newest = max((one.feed_seq for one in portion.values), default=0 if portion.anew else place.seq)
                place = FeedPlace(newest, portion.epochs, portion.known)
                if len(portion.values) < PORTION and not portion.anew:
                    self._floor.release()
                    await asyncio.sleep(EVERY_S)
        finally:
            if aside is not None:
                aside.end()

    def _takes(self, layout: LineLayout, landed: Landed) -> bool:
        """Nothing else is made of a tote than what its order says."""
        self._bring(self._orders.landed(layout, landed))
        return True

    def _bring(self, coming: list[Coming]) -> None:
        for one in coming:
            self._floor.streams[one.load.line].add(self._floor.floor_us + one.after_us, one.load)
