"""Loads on their way to a line: an endless stream, made a while ahead so that the site knows their orders in time.

Public names: Stream.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush

from edge.sim.world import FloorLoad


class Stream:
    """The inflow of one line. ``make(index)`` gives the load of a number, None: nothing comes but what is added.

    ``stopped`` True ends the flow.
    """

    def __init__(self, make: Callable[[int], FloorLoad] | None) -> None:
        self.stopped = False
        self._make = make
        self._made = 0
        self._ahead: deque[FloorLoad] = deque()
        self._due: list[tuple[int, str, FloorLoad]] = []

    def next(self, at_us: int) -> FloorLoad | None:
        """What was packed on this floor and is due comes first."""
        if self.stopped:
            return None
        if self._due and self._due[0][0] <= at_us:
            return heappop(self._due)[2]
        self.prepare(1)
        return self._ahead.popleft() if self._ahead else None

    def add(self, due_us: int, load: FloorLoad) -> None:
        """A load from another line of this floor that is ready at ``due_us``."""
        heappush(self._due, (due_us, load.name, load))

    def prepare(self, ahead: int) -> list[FloorLoad]:
        """Makes loads until ``ahead`` are waiting; those that were made now."""
        fresh = []
        while self._make is not None and len(self._ahead) < ahead:
            load = self._make(self._made)
            self._made += 1
            self._ahead.append(load)
            fresh.append(load)
        return fresh
