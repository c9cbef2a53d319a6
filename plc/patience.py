"""How long an answer is waited for: as long as answers take here, and never less than was set.

Public names: Patience, MOST_MS.

Source: RFC 6298, 2 and 5.5, whose doubling begins only when several questions in a row found no answer: a device that
is off for a moment is not made slow by it.
"""

from __future__ import annotations

MOST_MS = 4_000
_IN_A_ROW = 3


class Patience:
    """``limit_ms``: so long the next answer is waited for, ``least_ms`` until something is known that asks for more."""

    def __init__(self, least_ms: int) -> None:
        self.limit_ms = least_ms
        self._least_ms = least_ms
        self._trip_ms: float | None = None
        self._varies_ms = 0.0
        self._silences = 0

    def answered(self, trip_ms: float) -> None:
        """An answer came so long after its question."""
        self._silences = 0
        if self._trip_ms is None:
            self._trip_ms, self._varies_ms = trip_ms, trip_ms / 2
        else:
            self._varies_ms += (abs(trip_ms - self._trip_ms) - self._varies_ms) / 4
            self._trip_ms += (trip_ms - self._trip_ms) / 8
        self.limit_ms = self._limit_ms(1)

    def silent(self) -> None:
        """None came."""
        self._silences += 1
        self.limit_ms = self._limit_ms(1 << max(0, min(16, self._silences + 1 - _IN_A_ROW)))

    def _limit_ms(self, times: int) -> int:
        learned_ms = 0.0 if self._trip_ms is None else self._trip_ms + max(4 * self._varies_ms, self._trip_ms / 2)
        return max(self._least_ms, min(MOST_MS, round(max(self._least_ms, learned_ms) * times)))
