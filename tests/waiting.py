"""Waiting for what has no event of its own, as what another process knows: it is asked again until it is so.

Public names: HANGS_S, until, wait_until.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

HANGS_S = 60
"""Nothing that works takes so long, whatever else the machine does."""
_AGAIN_S = 0.01


async def until(holds: Callable[[], bool | Awaitable[bool]], within_s: float = HANGS_S) -> None:
    """Waits until it is so; raises ``TimeoutError`` when it never is."""
    async with asyncio.timeout(within_s):
        while True:
            now = holds()
            if now if isinstance(now, bool) else await now:
                return
            await asyncio.sleep(_AGAIN_S)


def wait_until(holds: Callable[[], bool], what: Callable[[], object] = lambda: "", within_s: float = HANGS_S) -> None:
    """The same outside an event loop; fails with ``what`` there is instead."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, what()
        time.sleep(_AGAIN_S)
