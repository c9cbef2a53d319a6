"""Brings the simulated floor's orders to the site, a while before their loads come.

Public names: OrderFeeder, FeedError, AHEAD_S.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict
from http.client import HTTPException
from math import ceil
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from edge.config.lines import LineConfig
from edge.core.values.layout import Job
from edge.core.values.order import Order
from edge.sim.devices import SimulatedFloor
from edge.sim.faults import FaultError

AHEAD_S = 60
"""How far ahead of their loads orders are brought; more than the site needs to pass them on."""
AFRESH = "give another --seed, or begin with a new store and journal"
PORTION = 100
EVERY_S = 1.0
TIMEOUT_S = 10


class FeedError(Exception):
    """The site refuses the orders; trying again cannot help. The text holds its problems."""


class _AwayError(Exception):
    """The site takes no orders now."""


class OrderFeeder:
    """Posts orders to ``<url>/api/orders``. ``trouble``: why nothing gets through at the moment, or empty."""

    def __init__(
        self,
        floor: SimulatedFloor,
        config: LineConfig,
        url: str,
        token: str | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise FeedError(f"orders: {url!r}: allowed is http:// or https:// and the address of the site's API")
        self.trouble = ""
        self._say = say  # until the first orders are taken
        self._floor = floor
        self._url = f"{parts.scheme}://{parts.netloc}/api/orders"
        self._token = token
        self._waiting: deque[Order] = deque()
        self._ahead = {
            name: 5 + ceil((config.sim.rate if table.job is Job.SORT else config.sim.tote_rate) * AHEAD_S / 3600)
            for name, table in config.line.items()
        }

    async def run(self) -> None:
        """Until cancelled. Releases the floor once the first orders are taken. Raises FeedError."""
        loop = asyncio.get_running_loop()
        while True:
            for name, stream in self._floor.streams.items():
                if not stream.stopped:
                    for load in stream.prepare(self._ahead[name]):
                        self._waiting.extend(load.orders)
            while self._waiting:
                portion = [self._waiting[place] for place in range(min(PORTION, len(self._waiting)))]
                try:
                    taken = await loop.run_in_executor(None, self._post, portion)
                    self.trouble = ""
                except _AwayError as error:
                    self.trouble = str(error)
                    break
                if self._say is not None and not taken:
                    self._say(
                        f"these orders came to {self._url} before, and a parcel that is shipped is set aside: {AFRESH}"
                    )
                self._say = None
                for _ in portion:
                    self._waiting.popleft()
            else:
                self._floor.release()
            await asyncio.sleep(EVERY_S)

    async def bring(self, orders: Sequence[Order]) -> int:
        """Brings these now; how many of them the site did not know. Raises FaultError."""
        loop, new = asyncio.get_running_loop(), 0
        try:
            for first in range(0, len(orders), PORTION):
                new += await loop.run_in_executor(None, self._post, orders[first : first + PORTION])
        except _AwayError as error:
            raise FaultError(f"the site takes no order now, so nothing was put there: {error}") from None
        except FeedError as error:
            raise FaultError(f"the site refuses the order: {error}") from None
        return new

    def _post(self, orders: Sequence[Order]) -> int:
        """How many are new to the site. Raises FeedError, and _AwayError while it takes none."""
        said = [{name: value for name, value in asdict(order).items() if value} for order in orders]
        body = json.dumps(said).encode()
        headers = {"Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        request = Request(self._url, body, headers, method="POST")  # noqa: S310  the scheme was checked
        try:
            with urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310  as above
                taken = json.loads(answer.read())
        except HTTPError as error:
            with error:
                text = error.read().decode(errors="replace")[:2000]
            if error.code < 500:
                raise FeedError(f"{self._url}: {error.code}: {text}") from None
            raise _AwayError(f"{self._url}: {error.code}: {text}") from None
        except (OSError, HTTPException) as error:
            raise _AwayError(f"{self._url}: {getattr(error, 'reason', error)}: does `lanewise api` run?") from None
        return int(taken["new"])
