"""Tags that somebody holds before an antenna of a simulated reader, whether or not a belt moves.

Public names: HeldTags.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from rfid.driver import TagRead

EVERY_US = 50_000
"""A tag answers so often there."""
NEAR_DBM, ASIDE_DBM = -40.0, -62.0
"""Of a tag in the hand, and of what another antenna of the reader hears of it."""
_NOISE_DB = 1.5
_ASIDE = 0.3


@dataclass(slots=True)
class _Held:
    reader: str
    antenna: int
    others: tuple[int, ...]
    epcs: tuple[str, ...]
    until_us: int
    due_us: int


class HeldTags:
    """All that are held now; times in microseconds of one clock."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(f"{seed}/held")
        self._held: list[_Held] = []

    def add(self, reader: str, antennas: Sequence[int], epcs: Sequence[str], at_us: int, until_us: int) -> None:
        """Holds tags there; ``antennas``: the one that they are held before comes first, then the reader's others."""
        self._held.append(_Held(reader, antennas[0], tuple(antennas[1:]), tuple(epcs), until_us, at_us))

    def reads(self, at_us: int, stamp_us: int) -> Iterator[tuple[str, list[TagRead]]]:
        """What each reader hears now, stamped so."""
        for held in self._held:
            if held.due_us <= at_us:
                held.due_us = at_us + EVERY_US
                yield held.reader, [self._read(held, epc, stamp_us) for epc in held.epcs]

    def let_go(self, at_us: int) -> list[str]:
        """The readers before which nothing is held any more."""
        over = [held.reader for held in self._held if held.until_us <= at_us]
        self._held = [held for held in self._held if held.until_us > at_us]
        return over

    def _read(self, held: _Held, epc: str, stamp_us: int) -> TagRead:
        aside = held.others and self._rng.random() < _ASIDE
        antenna = self._rng.choice(held.others) if aside else held.antenna
        dbm = round((ASIDE_DBM if aside else NEAR_DBM) + self._rng.uniform(-_NOISE_DB, _NOISE_DB))
        return TagRead(epc, antenna, float(dbm), stamp_us, 1)
