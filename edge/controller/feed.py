"""Takes order changes and operators' requests as the site store numbers them.

Public names: FeedFollower, OrderFeed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from edge.controller.rounds import TellStanding
from edge.core.events import FeedFollowed, Input
from edge.core.values.feed import FeedPlace, FeedPortion
from edge.core.values.state import CoreState
from edge.journal.aside import Aside

log = logging.getLogger(__name__)

FEED_EVERY_S = 0.1
FEED_PORTION = 200

OrderFeed = Callable[[FeedPlace, int], FeedPortion]
"""(place, limit) -> what stands behind a place in the feed; raises OSError while the store cannot be read."""


class FeedFollower:
    """One controller's. ``stores``: whether what is taken can be stored now. ``take`` decides by an input, and does
    what it asks of devices. The feed is read in a thread of its own, unless ``threaded`` is False. ``settled``: called
    behind each full portion until there is one that is not: much has come that stays.
    """

    def __init__(
        self,
        feed: OrderFeed,
        *,
        state: Callable[[], CoreState],
        now_us: Callable[[], int],
        stores: Callable[[], bool],
        take: Callable[[Input], object],
        tell: TellStanding,
        threaded: bool,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        self._feed = feed
        self._state = state
        self._now_us = now_us
        self._stores = stores
        self._take = take
        self._tell = tell
        self._threaded = threaded
        self._settled: Callable[[], None] | None = settled

    async def run(self) -> None:
        """Until cancelled. Raises what the decisions raised."""
        aside = Aside("orders") if self._threaded else None
        try:
            while True:
                if not self._stores():  # what cannot be stored is not taken in
                    await asyncio.sleep(1)
                    continue
                state = self._state()
                place = FeedPlace(state.feed_seq, state.feed_epochs, state.feed_known)
                try:
                    if aside is None:
                        portion = self._feed(place, FEED_PORTION)
                    else:
                        portion = await aside.call(partial(self._feed, place, FEED_PORTION))
                except OSError as error:
                    self._tell("site-store", f"site store: {error}")
                    await asyncio.sleep(1)
                    continue
                self._tell("site-store", None, "site store answers")
                if portion.anew or portion.epochs != place.epochs:
                    self._followed(portion, place)
                for item in portion.values:
                    self._take(replace(item, at_us=self._now_us()))
                    if len(portion.values) > 20:
                        await asyncio.sleep(0)  # a long catch-up must not hold up a divert
                full = len(portion.values) == FEED_PORTION
                if self._settled is not None and full:
                    self._settled()
                elif not portion.anew:
                    self._settled = None
                if not full and not portion.anew:
                    await asyncio.sleep(FEED_EVERY_S)
        finally:
            if aside is not None:
                aside.end()

    def _followed(self, portion: FeedPortion, place: FeedPlace) -> None:
        """The feed has another epoch than before, or is another one."""
        if portion.anew:
            log.warning(
                "site store: replaced, all its orders are taken again: %s was reached, see the alarm", place.seq
            )
        self._take(
            FeedFollowed(
                at_us=self._now_us(),
                store=portion.store,
                epochs=portion.epochs,
                newest=portion.newest,
                before=place.seq,
                anew=portion.anew,
                known=portion.known,
            )
        )
