"""Host time on the event loop's clock, which never jumps.

Public names: HostClock.
"""

from __future__ import annotations

import asyncio

from edge.journal.host_time import now_us


class HostClock:
    """Host time in microseconds since 1970 UTC that never jumps: UTC at the start, the loop's clock from then on."""

    def __init__(self, loop: asyncio.AbstractEventLoop, zero_us: int | None = None) -> None:
        """``zero_us``: host time at the loop's time 0; None = as the system's clock says now."""
        self._loop = loop
        self._zero_us = now_us() - int(loop.time() * 1e6) if zero_us is None else zero_us

    def now_us(self) -> int:
        """Now."""
        return self._zero_us + int(self._loop.time() * 1e6)

    def loop_time(self, at_us: int) -> float:
        """The loop's time of a host time."""
        return (at_us - self._zero_us) / 1e6
