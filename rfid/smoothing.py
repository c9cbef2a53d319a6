"""Smoothing: whether a tag is in a standing zone, out of reads that come and go. Pure.

Public names: Smoother, Thresholds, TagState, TagChange.

A tag that is read is glimpsed: it may only be passing. Read often enough and for long enough it is observed; not read
for long enough it is lost, from wherever it stood. A tag that was glimpsed and lost was never there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class TagState(StrEnum):
    """How sure it is that a tag is there."""

    GLIMPSED = "glimpsed"
    OBSERVED = "observed"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When a state changes. A tag is observed after ``observed_reads`` reads, the last of them ``observed_us`` or more
    after the first, and lost ``lost_us`` after its last read. Raises ``ValueError``."""

    observed_reads: int = 2
    observed_us: int = 0
    lost_us: int = 3_000_000

    def __post_init__(self) -> None:
        if self.observed_reads < 1 or self.observed_us < 0 or self.lost_us < 1:
            raise ValueError("observed_reads must be 1 or more, observed_us 0 or more, lost_us 1 or more")


@dataclass(frozen=True, slots=True)
class TagChange:
    """A tag's state from ``at_us`` on. ``first_us``, ``last_us``: of its reads since it was glimpsed."""

    at_us: int
    epc: str
    state: TagState
    first_us: int
    last_us: int


@dataclass(slots=True)
class _Known:
    state: TagState
    first_us: int
    last_us: int
    reads: int


class Smoother:
    """One zone. Time comes in with each call and never goes back by more than ``lost_us``.

    Every tag's changes are glimpsed, maybe observed, lost, over and over in that order.
    """

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._known: dict[str, _Known] = {}  # the one read longest ago first

    def read(self, epc: str, at_us: int) -> Sequence[TagChange]:
        """One read, and what follows from it."""
        changes: list[TagChange] = []
        known = self._known.pop(epc, None)
        if known is not None and at_us - known.last_us >= self._thresholds.lost_us:
            changes.append(self._lost(epc, known))
            known = None
        if known is None:
            known = _Known(TagState.GLIMPSED, at_us, at_us, 0)
            changes.append(TagChange(at_us, epc, TagState.GLIMPSED, at_us, at_us))
        self._known[epc] = known
        known.last_us = max(known.last_us, at_us)
        known.reads += 1
        limits = self._thresholds
        long_enough = known.last_us - known.first_us >= limits.observed_us
        if known.state is TagState.GLIMPSED and known.reads >= limits.observed_reads and long_enough:
            known.state = TagState.OBSERVED
            changes.append(TagChange(at_us, epc, TagState.OBSERVED, known.first_us, known.last_us))
        return changes

    def pass_time(self, now_us: int) -> list[TagChange]:
        """The tags that are lost by now, each at the time when it became so."""
        changes = []
        while self._known:
            epc, known = next(iter(self._known.items()))
            if now_us - known.last_us < self._thresholds.lost_us:
                break
            del self._known[epc]
            changes.append(self._lost(epc, known))
        return changes

    @property
    def observed(self) -> tuple[str, ...]:
        """The tags that are there."""
        return tuple(epc for epc, known in self._known.items() if known.state is TagState.OBSERVED)

    def deadline_us(self) -> int | None:
        """When the next tag will be lost unless it is read."""
        first = next(iter(self._known.values()), None)
        return None if first is None else first.last_us + self._thresholds.lost_us

    def _lost(self, epc: str, known: _Known) -> TagChange:
        at_us = known.last_us + self._thresholds.lost_us
        return TagChange(at_us, epc, TagState.LOST, known.first_us, known.last_us)
