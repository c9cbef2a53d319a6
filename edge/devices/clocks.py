"""Clocks: a device's time on the host's scale.

Public names: DeviceClock, WrappingMs.
"""

from __future__ import annotations


class DeviceClock:
    """Estimates (host - device) from the fastest arrivals of the last one to two half windows.

    A message is never early, so the smallest difference is the nearest to the truth; it is too large by the fastest
    transport there was. ``uncertainty_us`` is the spread between the two half windows. A device clock that was set is
    followed: at once when it went ahead, or back behind what it showed before; else when arrivals have been late by
    more than JUMP_US for LATE_US, which no stalled link makes them.
    """

    HALF_WINDOW_US = 30_000_000
    JUMP_US = 1_000_000
    LATE_US = 30_000_000

    def __init__(self) -> None:
        self._older: int | None = None
        self._newer: int | None = None
        self._turn_us = 0
        self._late_since_us: int | None = None
        self._last_us = 0

    def observe(self, device_us: int, arrived_us: int) -> int:
        """Takes one arrival: when the device says it happened, and when it was here.

        Gives how far the device's clock was set ahead (back: negative) in microseconds; 0 when it was not.
        """
        gap = arrived_us - device_us
        behind = device_us < self._last_us - self.JUMP_US
        self._last_us = device_us
        if self._newer is None:
            self._newer, self._turn_us = gap, arrived_us + self.HALF_WINDOW_US
            return 0
        before = self._newer
        # A device clock that was set back looks like lateness that stays, and shows a time before the last one.
        late = gap > self._newer + self.JUMP_US
        since_us = self._late_since_us = (self._late_since_us or arrived_us) if late else None
        if since_us is not None and (behind or arrived_us - since_us >= self.LATE_US):
            self._older, self._newer, self._late_since_us = None, gap, None
            self._turn_us = arrived_us + self.HALF_WINDOW_US
            return before - gap
        if arrived_us >= self._turn_us:
            self._older, self._newer = self._newer, gap
            self._turn_us = arrived_us + self.HALF_WINDOW_US
        elif gap < self._newer:
            self._newer = gap
            if gap < before - self.JUMP_US:
                self._older = None  # it was set forward
                return before - gap
        return 0

    def host_us(self, device_us: int) -> int:
        """The device's time on the host's scale. Before the first ``observe``: unchanged."""
        if self._newer is None:
            return device_us
        return device_us + (self._newer if self._older is None else min(self._newer, self._older))

    @property
    def uncertainty_us(self) -> int:
        """How far the two half windows disagree; 0 while there is only one."""
        return 0 if self._older is None or self._newer is None else abs(self._older - self._newer)


class WrappingMs:
    """A free-running 32-bit millisecond counter as microseconds that do not wrap."""

    def __init__(self) -> None:
        self._ms: int | None = None

    def us(self, counter_ms: int) -> int:
        """The unwrapped time of a counter value less than 24 days from the newest one; moves forward with it."""
        if self._ms is None:
            self._ms = counter_ms
            return counter_ms * 1000
        ahead = (counter_ms - self._ms + 2**31) % 2**32 - 2**31
        at = self._ms + ahead
        if ahead > 0:
            self._ms = at
        return at * 1000
