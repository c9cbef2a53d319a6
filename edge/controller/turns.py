"""What one reader tells, in portions: one a turn of the loop, so that a long report keeps no other line waiting.

Public names: ReadTurns, PORTION, EACH, MOST.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from edge.core.events import Input, TagsRead

PORTION = 250
"""Reads that are taken in one turn: a ms or two of work."""
EACH = 10
"""Reads that an input costs besides its own."""
MOST = 400
"""Portions that may wait; what is more is taken at once, so that nothing grows."""


class ReadTurns:
    """One reader's inputs, in order.

    ``give`` takes an input; what it raises when somebody else has the turn, the next ``take`` raises. ``soon`` calls
    something in the next turn of the loop; ``now_us``: host time.
    """

    def __init__(
        self, give: Callable[[Input], object], soon: Callable[[Callable[[], None]], object], now_us: Callable[[], int]
    ) -> None:
        self._give = give
        self._soon = soon
        self._now_us = now_us
        self._waiting: deque[Input] = deque()
        self._left = PORTION + EACH
        self._comes = False
        self._fault: Exception | None = None

    def begin(self) -> None:
        """A session begins: what went wrong before is over."""
        self._fault = None

    def take(self, given: Input) -> None:
        """Gives it on, now or in later turns."""
        if (fault := self._fault) is not None:
            self._fault = None
            raise fault
        if not self._waiting and _cost(given) <= self._left:
            self._spend(given)
            return
        if isinstance(given, TagsRead):
            reads = given.reads
            parts = (reads[begin : begin + PORTION] for begin in range(0, len(reads), PORTION))
            self._waiting.extend(replace(given, reads=part) for part in parts)
        else:
            self._waiting.append(given)
        while self._waiting and (self._left >= _cost(self._waiting[0]) or len(self._waiting) > MOST):
            self._spend(self._late(self._waiting.popleft()))
        self._come()

    def _spend(self, given: Input) -> None:
        self._left -= _cost(given)
        self._come()
        self._give(given)

    def _come(self) -> None:
        if not self._comes:
            self._comes = True
            self._soon(self._go_on)

    def _go_on(self) -> None:
        self._comes, self._left = False, PORTION + EACH
        try:
            while self._waiting and self._left >= _cost(self._waiting[0]):
                self._spend(self._late(self._waiting.popleft()))
        except Exception as error:  # noqa: BLE001  # it is its session's, which is not here
            self._waiting.clear()
            self._fault = error

    def _late(self, given: Input) -> Input:
        return replace(given, at_us=max(given.at_us, self._now_us()))


def _cost(given: Input) -> int:
    return EACH + (len(given.reads) if isinstance(given, TagsRead) else 0)
