"""What happens often is told seldom: at once, and then once a minute for each that it concerns, with how often it was.

Public names: Seldom.
"""

from __future__ import annotations

from collections import OrderedDict

EVERY_S = 60.0
KEPT = 1_000
"""So many are remembered, the newest."""


class Seldom:
    """Counts what is not told. Time is passed in, in seconds of any clock that only goes on."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def happened(self, whose: str, now_s: float) -> int:
        """How often it was since it was told last; 0 = it is not told now."""
        told_s, untold = self._seen.pop(whose, (now_s - EVERY_S, 0))
        tell = now_s - told_s >= EVERY_S
        self._seen[whose] = (now_s, 0) if tell else (told_s, untold + 1)
        if len(self._seen) > KEPT:
            self._seen.popitem(last=False)
        return untold + 1 if tell else 0
