"""Offsets: how long after the photo-eye each antenna sees what passes. Learned from the reads alone.

Public names: Offsets, OffsetLearner.

A visit is one tag's time at the portal, from its first read until it is silent. Its place at each antenna is the
power-weighted middle of its reads there. How far apart in time two antennas are follows from the visits that both saw,
and needs no passage. Then all antennas' places together, each moved by its antenna's distance, are compared with the
middles of the passages: the offset is the median of what lies between a visit and the passage nearest to it. Which
passage is nearest depends on the offset: it is looked for first on the circle of one cycle, then among the offsets a
whole cycle apart the one is taken that leaves the least spread and lies nearest to the drawing. Nothing here depends on
which passage was given a tag, so that a wrong offset never confirms itself; and nothing follows from the tags of a few
passages, which all err alike, nor from visits at the edge of what is known, nor from a crowd of tags that nobody
expected: what comes between two passages has together no more of a say than what usually does.
"""

from __future__ import annotations

from bisect import bisect
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from math import atan2, cos, pi, sin
from statistics import median, median_high
from typing import TypeAlias

from edge.core.values.state import Antenna, AntennaPlace

_Places: TypeAlias = Mapping[Antenna, tuple[int, float]]
"""A visit: the middle of its reads at each antenna, and their summed power."""

LEARN_AFTER, LEARN_CYCLES = 12, 5
"""So many visits, spread over so many cycles, before anything is learned."""
EDGE = 2
"""A visit counts when so many passages before and after it are known."""
LEARN_EVERY = 160
"""What is known is learned anew after so many visits."""
USE_VISITS, USE_PASSAGES = 96, 24
"""The newest visits, and all of the newest passages: of many only so many are looked at, as many from between each two
passages. A divert waits.
"""
KEEP_VISITS, KEEP_MIDDLES = 1_000, 512
KEEP_OPEN = 5_000
"""Tags that are at the portal, or that no passage has looked after since. More: the one silent for longest is none."""
SILENT_CYCLES, SILENT_US = 1.5, 1_000_000
"""A visit is over after so long a silence, whichever is longer."""
LONGEST_CYCLES, LONGEST_US = 8, 5_000_000
"""What is there for longer stands beside the belt."""
FIRM = 6
"""Visits of an antenna after which half of its measured distance to the others is believed."""
AGREE = 0.15
"""Nothing is learned where the spread is more of a cycle: among metal it is up to 0.12, without any order 0.25."""
FAR = 0.1
"""What a microsecond away from the drawing costs, against one of spread."""


@dataclass(frozen=True, slots=True)
class Offsets:
    """What a portal has learned. ``offset_us``: from photo-eye to antennas."""

    offset_us: int
    antennas: tuple[AntennaPlace, ...]


@dataclass(slots=True)
class _Visit:
    """``antennas``: summed power, and power times the time since ``first_us``."""

    first_us: int
    last_us: int
    antennas: dict[Antenna, list[float]] = field(default_factory=dict)


class OffsetLearner:
    """Takes all reads and passages of one portal; ``learn`` tells what follows from the newest ones.

    ``facing``: the antenna ports that the offset is meant for; empty = all. ``prior_us``: the drawing's offset;
    ``sigma_us``: the bell's. ``use``: how many visits are looked at; more are more exact, and take longer.
    """

    def __init__(self, facing: Sequence[int] = (), use: int = USE_VISITS) -> None:
        self._use = use
        self._facing = frozenset(facing)
        self._open: dict[str, _Visit] = {}
        self._visits: deque[_Places] = deque(maxlen=KEEP_VISITS)
        self._middles: deque[int] = deque(maxlen=KEEP_MIDDLES)
        self._known_cycle_us: float | None = None
        self._new = 0
        self._seen = 0

    def __len__(self) -> int:
        """Visits that are not over, at most KEEP_OPEN."""
        return len(self._open)

    def read(self, antenna: Antenna, epc: str, at_us: int, power: float) -> None:
        """One read; ``power`` in mW."""
        visit = self._open.pop(epc, None)
        if visit is None:
            visit = _Visit(at_us, at_us)
            if len(self._open) >= KEEP_OPEN:
                del self._open[next(iter(self._open))]
        elif at_us - visit.last_us > SILENT_US and at_us - visit.last_us > self._silent_us():
            self._close(visit)
            visit = _Visit(at_us, at_us)
        self._open[epc] = visit  # as the newest
        visit.last_us = max(visit.last_us, at_us)
        sums = visit.antennas.get(antenna)
        if sums is None:
            sums = visit.antennas[antenna] = [0.0, 0.0]
        sums[0] += power
        sums[1] += power * (at_us - visit.first_us)

    def passed(self, middle_us: int) -> None:
        """The middle of one passage in the photo-eye."""
        if self._middles and middle_us < self._middles[-1]:
            ordered = sorted((*self._middles, middle_us))
            self._middles = deque(ordered, maxlen=KEEP_MIDDLES)
        else:
            self._middles.append(middle_us)
        self._known_cycle_us = None

    def learn(self, now_us: int, prior_us: int, sigma_us: float) -> Offsets | None:
        """What is known now; None when nothing new is."""
        silent_us = self._silent_us()
        for epc, visit in list(islice(self._open.items(), 256)):
            if now_us - visit.last_us <= silent_us:
                break
            del self._open[epc]
            self._close(visit)
        if self._new < min(self._seen // 3, LEARN_EVERY):
            return None
        found = self._offsets(EDGE, LEARN_CYCLES, prior_us, sigma_us)
        if found is not None:
            self._new = 0
        return found

    def learn_all(self, prior_us: int, sigma_us: float) -> Offsets | None:
        """What is known when no reads will follow: every visit is over, and few passages have to do."""
        for visit in self._open.values():
            self._close(visit)
        self._open.clear()
        self._new = 0
        return self._offsets(EDGE, LEARN_CYCLES, prior_us, sigma_us) or self._offsets(0, 0, prior_us, sigma_us)

    def leave_out(self, epcs: Iterable[str]) -> None:
        """These tags' visits that are not over count nothing."""
        for epc in epcs:
            self._open.pop(epc, None)

    def forget(self) -> None:
        """What is on the host's old scale means nothing any more."""
        self._open.clear()
        self._visits.clear()
        self._middles.clear()
        self._known_cycle_us = None
        self._new = self._seen = 0

    def _offsets(self, edge: int, cycles: int, prior_us: int, sigma_us: float) -> Offsets | None:
        middles = tuple(self._middles)
        if len(middles) < 2 or len(self._visits) < LEARN_AFTER:
            return None
        from_us = middles[-min(USE_PASSAGES, len(middles))]
        newest = sum(_any_us(visit) >= from_us for visit in self._visits)
        gaps: dict[int, list[_Places]] = {}
        for visit in islice(self._visits, max(0, len(self._visits) - max(newest, self._use)), None):
            gaps.setdefault(bisect(middles, _any_us(visit)), []).append(visit)
        most = max(1, self._use // len(gaps))
        some = [visit for gap in gaps.values() for visit in gap[:: -(-len(gap) // most)]]
        return _offsets(some, middles, self._facing, edge, cycles, prior_us, sigma_us)

    def _cycle_us(self) -> float:
        """Kept until the next passage."""
        if self._known_cycle_us is None:
            self._known_cycle_us = _cycle_us(self._middles)
        return self._known_cycle_us

    def _silent_us(self) -> float:
        return max(SILENT_US, SILENT_CYCLES * self._cycle_us())

    def _close(self, visit: _Visit) -> None:
        if visit.last_us - visit.first_us > max(LONGEST_US, LONGEST_CYCLES * self._cycle_us()):
            return
        self._visits.append(
            {
                antenna: (visit.first_us + int(moment / power), power)
                for antenna, (power, moment) in visit.antennas.items()
            }
        )
        self._new += 1
        self._seen += 1


def _cycle_us(middles: Sequence[int] | deque[int]) -> float:
    if len(middles) < 2:
        return 0.0
    newest = [middles[place] for place in range(-min(9, len(middles)), 0)]
    return median(later - earlier for earlier, later in pairwise(newest))


def _offsets(
    visits: Sequence[_Places],
    middles: Sequence[int],
    facing: frozenset[int],
    edge: int,
    cycles: int,
    prior_us: int,
    sigma_us: float,
) -> Offsets | None:
    counts = Counter(antenna for visit in visits for antenna in visit)
    meant = {antenna: count for antenna, count in counts.items() if antenna[1] in facing} or counts
    reference = max(sorted(meant), key=meant.__getitem__)
    beside = {antenna: _distance_us(visits, antenna, reference) for antenna in counts}
    # The offset is that of these antennas together, each as often as it sees something.
    mean = sum(beside[antenna] * count for antenna, count in meant.items()) / sum(meant.values())
    beside = {antenna: distance - mean for antenna, distance in beside.items()}
    inner = [
        (after, place, visit)
        for visit in visits
        for place in (_place_us(visit, beside),)
        for after in (bisect(middles, place),)
        if edge <= after <= len(middles) - edge
    ]
    where = [after for after, _, _ in inner]
    if len(inner) < LEARN_AFTER or max(where) - min(where) < cycles:
        return None
    found = _nearest_offset([place for _, place, _ in inner], _says(where), middles, prior_us)
    if found is None:
        return None
    offset, _ = found
    spread = {
        antenna: _scatter([visit[antenna][0] - away for _, _, visit in inner if antenna in visit], middles, offset)
        for antenna, away in beside.items()
        if any(antenna in visit for _, _, visit in inner)
    }
    sharp = {antenna: (1 + (one / sigma_us) ** 2) ** -2 for antenna, one in spread.items()}
    best = max(sharp.values())
    return Offsets(
        round(offset),
        tuple(AntennaPlace(*antenna, round(beside[antenna]), sharp[antenna] / best) for antenna in sorted(sharp)),
    )


def _any_us(visit: _Places) -> int:
    return next(iter(visit.values()))[0]


def _distance_us(visits: Iterable[_Places], antenna: Antenna, reference: Antenna) -> float:
    both = [visit[antenna][0] - visit[reference][0] for visit in visits if antenna in visit and reference in visit]
    return median(both) * len(both) / (len(both) + FIRM) if both else 0.0


def _place_us(visit: _Places, beside: Mapping[Antenna, float]) -> float:
    total = sum(power for _, power in visit.values())
    return sum((at_us - beside[antenna]) * (power / total) for antenna, (at_us, power) in visit.items())


def _says(where: Sequence[int]) -> list[float]:
    """How much each visit counts, by the gap between two passages in which it is."""
    counts = Counter(where)
    usual = median_high(counts.values())
    return [min(1.0, usual / counts[gap]) for gap in where]


def _nearest_offset(
    places: Sequence[float], says: Sequence[float], middles: Sequence[int], prior_us: int
) -> tuple[float, float] | None:
    """The offset and the spread that it leaves; None where no visit lies between two passages, or none agree."""
    east = north = 0.0
    cycle = median(later - earlier for earlier, later in pairwise(middles))
    for place, say in zip(places, says, strict=True):
        after = bisect(middles, place)
        if 0 < after < len(middles) and middles[after] - middles[after - 1] < 2 * cycle:
            angle = 2 * pi * (place - middles[after - 1]) / (middles[after] - middles[after - 1] or 1)
            east += say * cos(angle)
            north += say * sin(angle)
    if not (east or north):
        return None
    first = atan2(north, east) / (2 * pi) * cycle
    first += round((prior_us - first) / cycle) * cycle if cycle else 0.0
    tried = [_spread(places, says, middles, first + turns * cycle) for turns in (0, -1, 1)]
    best = min(tried, key=lambda one: one[1] + FAR * abs(one[0] - prior_us))
    return best if best[1] <= AGREE * cycle else None


def _spread(
    places: Sequence[float], says: Sequence[float], middles: Sequence[int], offset: float
) -> tuple[float, float]:
    """The offset nearest to ``offset`` that the places agree on, and their median distance from it."""
    aways = _aways(places, middles, offset)
    offset = _median(aways, says)
    return offset, _median([abs(away - offset) for away in aways], says)


def _median(values: Sequence[float], says: Sequence[float]) -> float:
    """Half of what is said lies on either side."""
    ordered = sorted(zip(values, says, strict=True))
    left = sum(says) / 2
    for place, (value, say) in enumerate(ordered):
        left -= say
        if left < 0:
            return value
        if left == 0:
            return (value + ordered[place + 1][0]) / 2
    return ordered[-1][0]


def _scatter(places: Sequence[float], middles: Sequence[int], offset: float) -> float:
    return median(abs(away - offset) for away in _aways(places, middles, offset))


def _aways(places: Sequence[float], middles: Sequence[int], offset: float) -> list[float]:
    """How far each place is from the passage to which ``offset`` fits best."""
    most = len(middles)
    found = []
    for place in places:
        fits = place - offset
        after = bisect(middles, fits)
        if after == 0 or (after < most and middles[after] - fits < fits - middles[after - 1]):
            found.append(place - middles[after])
        else:
            found.append(place - middles[after - 1])
    return found
