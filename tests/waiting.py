"""Waiting for what has no event of its own, as what another process knows: it is asked again until it is so.

Public names: HANGS_S, until, wait_until.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import repeat

HANGS_S = 60
"""Nothing that works takes so long, whatever else the machine does."""


def _pauses(pause_s: float = 0.016) -> Iterator[float]:
    """Seconds until it is asked again: soon at first, then seldom enough to let others work."""
    if pause_s < 0.1:
        yield from repeat(0.001, 50)
    while True:
        yield pause_s


async def until(holds: Callable[[], bool | Awaitable[bool]], within_s: float = HANGS_S) -> None:
    """Waits until it is so; raises ``TimeoutError`` when it never is."""
    async with asyncio.timeout(within_s):
        for pause_s in _pauses():
            now = holds()
            if now if isinstance(now, bool) else await now:
                return
            await asyncio.sleep(pause_s)


def wait_until(
    holds: Callable[[], bool],
    what: Callable[[], object] = lambda: "",
    within_s: float = HANGS_S,
    pause_s: float = 0.016,
) -> None:
    """The same outside an event loop; fails with ``what`` there is instead.

    ``pause_s``: between two looks, where a look costs something.
    """
    end = time.monotonic() + within_s
    for pause in _pauses(pause_s):
        if holds():
            return
        assert time.monotonic() < end, what()
        time.sleep(pause)
