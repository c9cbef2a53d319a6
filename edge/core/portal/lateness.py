"""Lateness: how far what a portal's devices told may be from when it happened.

Public names: Lateness, LEAST_US.

What is told has happened before it came, and not before its time on the host's scale, unless its device's clock was
set ahead. Between the two it may lie anywhere: a clock that went back and a word that was on its way long look alike.
So what is dated is unsure by as much as its word was late, until the same device tells something that is less late:
then its clock is right, and was so before. Where the clock proves to have been set, nobody knows any more since when,
and all that the device told until then stays unsure.
"""

from __future__ import annotations

from collections import deque

LEAST_US = 100_000
"""Nobody is mistaken for his neighbour by so little."""
KEEP = 64
KEEP_US = 60_000_000


class _Told:
    """What one device told, as (first time, last time, how late), the later the later told, and less late nowhere."""

    def __init__(self) -> None:
        self._spans: deque[tuple[int, int, int]] = deque(maxlen=KEEP)
        self._lost: deque[tuple[int, int]] = deque(maxlen=KEEP)

    def told(self, first_us: int, last_us: int, late_us: int) -> None:
        spans = self._spans
        while spans and spans[-1][2] >= late_us:
            before = spans.pop()
            first_us, last_us = min(first_us, before[0]), max(last_us, before[1])
        spans.append((max(first_us, last_us - KEEP_US), last_us, late_us))

    def moved(self) -> None:
        if self._spans:
            self._lost.append((min(span[0] for span in self._spans), max(span[1] for span in self._spans)))
            self._spans.clear()

    @property
    def sure(self) -> bool:
        """Whether nothing of any time is late by LEAST_US."""
        return not self._lost and (not self._spans or self._spans[-1][2] < LEAST_US)

    def late_us(self, first_us: float, last_us: float) -> int | None:
        """The most that something of this time may be late, if it was told or is to come next; None = nobody knows."""
        if any(begin_us <= last_us and first_us <= end_us for begin_us, end_us in self._lost):
            return None
        next_us = self._spans[-1][2] if self._spans else 0
        return max((late for begin, end, late in self._spans if begin <= last_us and first_us <= end), default=next_us)


class Lateness:
    """Of one portal's readers, and of the PLC that has its photo-eye. All times are on the host's scale."""

    def __init__(self) -> None:
        self._of: dict[str, _Told] = {}

    def told(self, device: str, first_us: int, last_us: int, arrived_us: int) -> None:
        """A device told what happened from then to then; ``arrived_us``: when that was here."""
        known = self._of.get(device)
        if known is None:
            known = self._of[device] = _Told()
        known.told(first_us, last_us, max(0, arrived_us - last_us))

    def moved(self, device: str) -> None:
        """Its clock was set: what is told from now on has other times."""
        if device in self._of:
            self._of[device].moved()

    def forget(self) -> None:
        """What is on the host's old scale means nothing any more."""
        self._of.clear()

    @property
    def sure(self) -> bool:
        """Whether nothing that any device told can be from another time, so that none need be asked."""
        return all(known.sure for known in self._of.values())

    def unsure(self, device: str, span_us: tuple[float, float], bears_us: float) -> str:
        """Why what a device told of a time may be from another; empty where it is not so by ``bears_us`` or more."""
        known = self._of.get(device)
        late_us = 0 if known is None else known.late_us(*span_us)
        if late_us is None:
            return f"the clock of {device} was set meanwhile"
        if late_us < max(LEAST_US, bears_us):
            return ""
        return f"{device} tells late by {late_us / 1e6:.1f} s, or its clock went back"
