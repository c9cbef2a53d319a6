"""Clocks: a device's time on the host's scale.

Public names: DeviceClock, WrappingMs, clock_set.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class _Late:
    """Arrivals in a row that are all too late: since when, and the fastest of each half of ``LATE_US``."""

    since_us: int
    first_us: int
    then_us: int | None = None
    behind: bool = False


class DeviceClock:
    """Estimates (host - device) from the fastest arrivals of the last one to two half windows.

    A message is never early, so the smallest difference is the nearest to the truth; it is too large by the fastest
    transport there was. ``uncertainty_us`` is the spread between the two half windows. A device clock that was set is
    followed: at once when it went ahead, or back as an answer proves, which is no older than its question; by less than
    JUMP_US when all answers of SOON_US prove it, since some PLCs answer with what they knew before. A word that nobody
    asked for may also have been on its way for long, and have been overtaken: where such are late by more than
    JUMP_US, the clock went back only if they stay so for LATE_US, and equally late, which no stalled link makes them;
    for BEHIND_US where one of them shows a time before the last one, and at once where that is LATE_US before; for
    SOON_US where another device proved that it went back as much, as all do when the host's clock leapt. Until then
    the estimate is what it was.
    """

    HALF_WINDOW_US = 30_000_000
    JUMP_US = 1_000_000
    LATE_US = 30_000_000
    BEHIND_US = 5_000_000
    EQUALLY_US = 150_000
    """Nobody needs to know of a change of the estimate by no more than this."""
    SOON_US = 1_000_000
    PROVEN_US = 10_000_000
    """So long after another device's proof this one may show the same."""

    def __init__(self) -> None:
        self._older: int | None = None
        self._newer: int | None = None
        self._turn_us = 0
        self._late: _Late | None = None
        self._last_us: int | None = None
        self._told_us = 0
        self._proven = 0, 0

    def proven(self, step_us: int, at_us: int) -> None:
        """Another device's clock was set back, as its answer proves; ``step_us`` is less than 0."""
        self._proven = -step_us, at_us + self.PROVEN_US

    def observe(self, device_us: int, arrived_us: int, asked_us: int | None = None) -> int:
        """Takes one arrival: when the device says it happened, when it was here, and when we asked for it.

        Gives how far the device's clock was set ahead (back: negative) in microseconds; 0 when it was not.
        """
        gap = arrived_us - device_us
        last_us, self._last_us = self._last_us, device_us
        if self._newer is None or last_us is None:
            self._newer, self._turn_us = gap, arrived_us + self.HALF_WINDOW_US
            self._told_us = gap
            return 0
        if device_us == last_us:
            return 0  # its clock stands, or this is what it said before
        known = self._known_us(self._newer)
        least = known if asked_us is None else asked_us - device_us
        step_us, until_us = self._proven
        proven = arrived_us < until_us and abs(gap - known - step_us) <= self.EQUALLY_US
        far = gap > known + self.LATE_US and device_us < last_us - self.LATE_US
        if far or least > known + self.JUMP_US:
            return self._set(gap, arrived_us)
        if proven or least > known + self.EQUALLY_US or (asked_us is None and gap > known + self.JUMP_US):
            sure = proven or least > known
            back = self._stays(gap, arrived_us, device_us < last_us - self.JUMP_US, sure)
            return 0 if back is None else self._set(back, arrived_us)
        if gap > known + self.JUMP_US:
            return 0  # late ones are no window
        self._late = None
        if arrived_us >= self._turn_us:
            self._older, self._newer = self._newer, gap
            self._turn_us = arrived_us + self.HALF_WINDOW_US
        elif gap < self._newer:
            self._newer = gap
            if gap < known - self.JUMP_US:
                self._older = None  # it was set forward
        return self._changed()

    def _set(self, gap: int, arrived_us: int) -> int:
        self._older, self._newer, self._late = None, gap, None
        self._turn_us = arrived_us + self.HALF_WINDOW_US
        self._proven = 0, 0
        return self._changed()

    def _changed(self) -> int:
        """How far the estimate moved since somebody was told; ahead, the device's clock was."""
        known = self._known_us(self._newer or 0)
        changed = self._told_us - known
        if abs(changed) <= self.EQUALLY_US:
            return 0
        self._told_us = known
        return changed

    def _stays(self, gap: int, arrived_us: int, behind: bool, sure: bool) -> int | None:
        """The gap to believe, once late arrivals have been so for long enough, and equally; None until then."""
        late = self._late
        if late is None:
            self._late = _Late(arrived_us, gap, behind=behind)
            return None
        late.behind |= behind
        needs_us = self.SOON_US if sure else self.BEHIND_US if late.behind else self.LATE_US
        if arrived_us - late.since_us < needs_us // 2:
            late.first_us = min(late.first_us, gap)
            return None
        late.then_us = gap if late.then_us is None else min(late.then_us, gap)
        if arrived_us - late.since_us < needs_us:
            return None
        if abs(late.then_us - late.first_us) <= self.EQUALLY_US:
            return min(late.then_us, late.first_us)
        self._late = _Late(arrived_us, gap)
        return None

    def _known_us(self, newer: int) -> int:
        return newer if self._older is None else min(newer, self._older)

    def host_us(self, device_us: int) -> int:
        """The device's time on the host's scale. Before the first ``observe``: unchanged."""
        return device_us if self._newer is None else device_us + self._known_us(self._newer)

    def told(self) -> tuple[tuple[str, float], ...]:
        """For `Measured`: how far it is ahead of the host's, and how sure that is; nothing before the first
        ``observe``. A clock that counts from its start is ahead by less than 0: the host's time when it began.
        """
        if self._newer is None:
            return ()
        return (("clock_ahead_us", -self._known_us(self._newer)), ("clock_unsure_us", self.uncertainty_us))

    @property
    def uncertainty_us(self) -> int:
        """How far the two half windows disagree; 0 while there is only one."""
        return 0 if self._older is None or self._newer is None else abs(self._older - self._newer)


def clock_set(name: str, step_us: int) -> str:
    """What is said of a device whose clock was set ahead, or back (negative)."""
    return f"{name}: its clock was set {abs(step_us) / 1_000_000:.3f} s {'ahead' if step_us > 0 else 'back'}"


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
