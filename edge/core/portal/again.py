"""Again: what of a passage was in one of its neighbours as well, gone round or put back by hand.

Public names: Sums, Totals, again.

Neighbours compete for tags. An item that comes twice in a row would compete with itself and lose one time: it is no
rival of its own. Yet what was put into it meanwhile, or taken out, is still in one of the two passages only.
"""

from __future__ import annotations

from math import sqrt

from edge.core.values.evidence import CENTRAL
from edge.core.values.state import Antenna

Sums = dict[tuple[str, Antenna], list[float]]
"""By tag and antenna: count, first, last, weight and power of its reads in one passage."""
Totals = dict[str, tuple[float, float]]
"""By tag: weight and power over all antennas."""

VARIES = 30.0
"""A tag's evidence in two passages is comparable up to this factor."""
NEAR = 0.3
"""A tag whose weight / power is more was surely before the antennas, where it is not one of few reads."""
TAGS, SHARE = 4, 0.75
"""Two passages with so many tags are one item seen twice where this share of them is the same."""
APART, APART_SHARE = 2.0, 0.5
"""So many times both sigmas apart, no read is near both: more than this share is enough, of any number of tags. Among
metal, beside totes that wait, strangers have at most 0.31 (``tests/test_portal_hard.py``).
"""
STANDS, VARIES_BY, SURELY = 0.31, 0.35, 3.0
"""Weight / power of a tag that stands, and how much one read of it varies about that. By so many times that, over the
root of the number of reads, one tag alone must have more in both.
"""
ALONE = 0.4
"""And more than this, however many its reads."""


def again(one: tuple[Sums, Totals], other: tuple[Sums, Totals], apart: float) -> frozenset[str]:
    """The tags that two passages do not compete for, as they were in both.

    ``apart``: the time between their middles over the sum of their sigmas.
    """
    own, theirs = one[1], other[1]
    both = {epc for epc in own.keys() & theirs.keys() if _comparable(own[epc][0], theirs[epc][0])}
    if not both:
        return frozenset()
    near = [{epc for epc, (weight, power) in some.items() if weight > NEAR * power} for some in (own, theirs)]
    same, most = len(both & near[0] & near[1]), max(map(len, near))
    wide = apart > APART
    if (same >= TAGS and same >= SHARE * most) or (wide and same > APART_SHARE * most):
        return frozenset(epc for epc in both if min(_share(own[epc]), _share(theirs[epc])) > CENTRAL)
    if not wide:
        return frozenset()
    alone = {epc for epc in both if min(_share(own[epc]), _share(theirs[epc])) > ALONE}
    return frozenset(epc for epc in alone if _passed(epc, one) and _passed(epc, other))


def _passed(epc: str, passage: tuple[Sums, Totals]) -> bool:
    """Whether a tag was nearer to the middle of a passage than one that stands would be by chance."""
    sums, totals = passage
    reads = sum(some[0] for (of, _), some in sums.items() if of == epc)
    return (_share(totals[epc]) - STANDS) * sqrt(reads) > SURELY * VARIES_BY


def _comparable(one: float, other: float) -> bool:
    return one < VARIES * other and other < VARIES * one


def _share(total: tuple[float, float]) -> float:
    weight, power = total
    return weight / power
