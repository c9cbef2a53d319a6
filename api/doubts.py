"""Wrong tokens: how long the answer to one is kept back, by the address that tries; decisions only.

Public names: Doubts.

Only wrong ones are kept back, never a right one from the same address, as behind a proxy. A token is too long to be
found by trying; this is so that trying costs, and is seen.
"""

from __future__ import annotations

from collections import Counter, OrderedDict

FIRST_S, LONGEST_S = 0.1, 2.0
FORGOTTEN_S = 60.0
"""After so long without a wrong one an address is as good as new."""
HELD = 16
"""Answers kept back at once for one address; what is more is refused at once."""
KEPT = 1_000


class Doubts:
    """Time is passed in, in seconds of any clock that only goes on."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(wrong=0, missing=0)
        """Refused requests by how their token was: ``wrong`` or ``missing``."""
        self._tries: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._held: Counter[str] = Counter()

    def wrong(self, address: str, now_s: float) -> float | None:
        """A wrong token came: keep the answer back for so many seconds, and call `answered` then. None = refuse it now,
        too many are kept back for that address.
        """
        self.counts["wrong"] += 1
        last_s, tries = self._tries.pop(address, (now_s, 0))
        tries = 0 if now_s - last_s > FORGOTTEN_S else tries
        self._tries[address] = (now_s, tries + 1)
        if len(self._tries) > KEPT:
            self._tries.popitem(last=False)
        if self._held[address] >= HELD:
            return None
        self._held[address] += 1
        return min(LONGEST_S, FIRST_S * 2.0 ** min(tries, 10))

    def answered(self, address: str) -> None:
        """An answer that was kept back is on its way, or nobody waits for it any more."""
        self._held[address] -= 1
        if not self._held[address]:
            del self._held[address]
