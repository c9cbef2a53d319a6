"""Whether goods may stand in a carton as somebody says: another way to look at it than the one that placed them.

Public names: PackFault, Packed, faults_in.

Nothing of `edge.orders.fitting` is used: only what stands where is looked at, each piece with each other one, in
whatever order they came; what weighs on a piece is found by walking up from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.orders.articles import Article, Edges, Goods, Stance
from edge.orders.cartons import Placement


class PackFault(StrEnum):
    """What is wrong with a plan."""

    OUTSIDE = "outside"
    OVERLAP = "overlap"
    TURNED = "turned"
    UNSUPPORTED = "unsupported"
    OVERLOADED = "overloaded"
    LEAKS = "leaks"
    UNITS = "units"
    TOO_HEAVY = "too-heavy"


@dataclass(frozen=True, slots=True)
class Packed:
    """An article of a parcel: so many units, with so much around each."""

    article: Article
    units: int
    around_mm: int = 0


def faults_in(
    placements: Sequence[Placement],
    contents: Mapping[str, Packed],
    room: Edges,
    max_load_g: int,
    support_percent: int,
) -> set[PackFault]:
    """Everything that is wrong; empty = nothing."""
    found = set(_single_faults(placements, contents, room, max_load_g))
    if PackFault.UNITS in found:
        return found
    above: list[set[int]] = [set() for _ in placements]
    for at, one in enumerate(placements):
        bottom = one.at_mm[2]
        rest = 0
        for other_at, other in enumerate(placements):
            shared = _shared(one, other)
            if other_at == at or not shared:
                continue
            top = other.at_mm[2] + other.edges_mm[2]
            if bottom < top and other.at_mm[2] < bottom + one.edges_mm[2]:
                found.add(PackFault.OVERLAP)
            if top == bottom:
                rest += shared
                above[other_at].add(at)
        if bottom and rest * 100 < support_percent * one.edges_mm[0] * one.edges_mm[1]:
            found.add(PackFault.UNSUPPORTED)
    masses = [contents[one.sku].article.mass_g * one.units for one in placements]
    for at, one in enumerate(placements):
        article = contents[one.sku].article
        inside_g = (one.units - 1) * article.mass_g  # of a stack, what stands on its lowest
        weighs = sum(masses[other] for other in _all_above(at, above)) + inside_g
        if article.on_top_g is not None and weighs > article.on_top_g:
            found.add(PackFault.OVERLOADED)
        if article.goods & Goods.LIQUID and not article.sealed and (one.at_mm[2] or above[at]):
            found.add(PackFault.LEAKS)
    return found


def _single_faults(
    placements: Sequence[Placement], contents: Mapping[str, Packed], room: Edges, max_load_g: int
) -> Iterator[PackFault]:
    units = Counter[str]()
    for one in placements:
        units[one.sku] += one.units
    if units != Counter({sku: its.units for sku, its in contents.items()}):
        yield PackFault.UNITS
        return
    if sum(its.article.mass_g * its.units for its in contents.values()) > max_load_g:
        yield PackFault.TOO_HEAVY
    for one in placements:
        if any(at < 0 or at + edge > most for at, edge, most in zip(one.at_mm, one.edges_mm, room, strict=True)):
            yield PackFault.OUTSIDE
        if not _may_stand(one, contents[one.sku]):
            yield PackFault.TURNED


def _may_stand(one: Placement, its: Packed) -> bool:
    article, more = its.article, 2 * its.around_mm
    along, across, high = article.edges_mm
    high += (one.units - 1) * article.nest_mm
    if one.units < 1 or (one.units > 1 and not article.nest_mm):
        return False
    if sorted(one.edges_mm) != sorted((along + more, across + more, high + more)):
        return False
    if article.goods & Goods.LIQUID or article.stance is Stance.UPRIGHT:
        return one.edges_mm[2] == high + more
    return article.stance is Stance.ANY or one.edges_mm[2] == min(one.edges_mm)


def _shared(one: Placement, other: Placement) -> int:
    """The area that both have when one looks from above."""
    area = 1
    for axis in (0, 1):
        begin = max(one.at_mm[axis], other.at_mm[axis])
        end = min(one.at_mm[axis] + one.edges_mm[axis], other.at_mm[axis] + other.edges_mm[axis])
        area *= max(0, end - begin)
    return area


def _all_above(at: int, above: Sequence[set[int]]) -> set[int]:
    found: set[int] = set()
    look = [at]
    while look:
        fresh = above[look.pop()] - found
        found |= fresh
        look += fresh
    return found
