"""Tells reads that a reader held while nobody was connected from those it makes now. Pure.

Public names: HeldReads.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clause 12.2 (EventsAndReports).
"""

from __future__ import annotations

from collections.abc import Iterator

from rfid.driver import ClockSample, Reads


class HeldReads:
    """One connection's. A read older than the reader's greeting was held, until the first one comes that is not.

    After that, or ``limit_us`` after the reads were released, a time before the greeting's is a clock that was set
    back. ``waiting``: reads may still be held ones.
    """

    __slots__ = ("_greeting", "_limit_us", "_released_us", "waiting")

    def __init__(self, limit_us: int) -> None:
        self._limit_us = limit_us
        self._greeting: ClockSample | None = None
        self._released_us: int | None = None
        self.waiting = True

    def greeted(self, greeting: ClockSample) -> None:
        """The reader's clock when this connection began."""
        self._greeting = greeting

    def released(self, at_us: int) -> None:
        """The reader was told to send what it held."""
        self._released_us = at_us

    def part(self, one: Reads, at_us: int) -> Iterator[Reads]:
        """The reads, those that were held marked so and apart from the others."""
        greeting = self._greeting
        over = self._released_us is not None and at_us - self._released_us > self._limit_us
        if greeting is None or over or not self.waiting or one.clock is not greeting.clock:
            self.waiting = self.waiting and not over
            yield one
            return
        old = [read.at_us < greeting.at_us for read in one.reads]
        self.waiting = all(old)
        for held in (True, False):
            places = [place for place, is_old in enumerate(old) if is_old == held]
            if places:
                details = tuple(one.details[place] for place in places) if one.details else ()
                yield Reads(tuple(one.reads[place] for place in places), one.clock, held, details)
