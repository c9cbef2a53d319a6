"""What picking, the line and the whole way took of late, in the place of what somebody once configured.

Public names: Measure, Samples, MeasuredPace, measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from edge.orders.plan import p90

PAUSE_US = 600_000_000
"""A longer gap says that nobody worked, not how fast somebody does."""
_PRIOR = 30
"""A configured rate counts as so many measurements: few of them draw it towards theirs, many take its place."""
_LEAST = 20


class Measure(StrEnum):
    """What is measured."""

    PICK_LINE = "pick-line"  # to pick one more line, of all pickers
    TOTE = "tote"  # from one parcel in its lane to the next
    LEAD = "lead"  # from release to lane, of nine of ten parcels


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """``picked_us``: when lines were picked; ``sorted_us``: when parcels were in their lanes; ``leads_us``: how long
    each of them took from the release of its wave.
    """

    picked_us: tuple[int, ...] = ()
    sorted_us: tuple[int, ...] = ()
    leads_us: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MeasuredPace:
    """``measured_us``: None = nothing was; ``count``: of how many; ``used_us``: what is planned with."""

    what: Measure
    configured_us: int
    measured_us: int | None
    count: int
    used_us: int


def measured(samples: Samples, configured: Mapping[Measure, int]) -> tuple[MeasuredPace, ...]:
    """Each measure, with what is used in the place of what is configured."""
    lead, leads = configured[Measure.LEAD], samples.leads_us
    found = p90(leads, -1, 1)
    return (
        _rate(Measure.PICK_LINE, samples.picked_us, configured[Measure.PICK_LINE]),
        _rate(Measure.TOTE, samples.sorted_us, configured[Measure.TOTE]),
        MeasuredPace(Measure.LEAD, lead, None if found < 0 else found, len(leads), p90(leads, lead, _LEAST)),
    )


def _rate(what: Measure, at_us: Iterable[int], configured_us: int) -> MeasuredPace:
    gaps = [gap for one, other in pairwise(sorted(at_us)) if (gap := other - one) <= PAUSE_US]
    if not gaps:
        return MeasuredPace(what, configured_us, None, 0, configured_us)
    used_us = (_PRIOR * configured_us + sum(gaps)) // (_PRIOR + len(gaps))
    return MeasuredPace(what, configured_us, sum(gaps) // len(gaps), len(gaps), max(1, used_us))
