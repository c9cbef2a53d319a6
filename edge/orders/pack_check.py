"""Whether goods may stand in a carton as somebody says: another way to look at it than the one that placed them.

Public names: PackFault, Packed, faults_in.

Nothing of `edge.orders.fitting` is used: only what stands where is looked at, each piece with each other one, in
whatever order they came; what weighs on a piece is found by walking up from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.orders.articles import Article, Edges, Goods, Stance
from edge.orders.cartons import Placement

_LIQUID = int(Goods.LIQUID)


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
    spots = [(*one.at_mm, *(at + edge for at, edge in zip(one.at_mm, one.edges_mm, strict=True))) for one in placements]
    above: list[set[int]] = [set() for _ in placements]
    rest = [0] * len(placements)
    for at, (x, y, z, x1, y1, z1) in enumerate(spots):
        for other in range(at):
            a, b, c, a1, b1, c1 = spots[other]
            if x < a1 and a < x1 and y < b1 and b < y1:  # one above the other
                shared = (min(x1, a1) - max(x, a)) * (min(y1, b1) - max(y, b))
                if z == c1:
                    rest[at] += shared
                    above[other].add(at)
                elif z1 == c:
                    rest[other] += shared
                    above[at].add(other)
                elif z < c1 and c < z1:
                    found.add(PackFault.OVERLAP)
    for at, one in enumerate(placements):
        article = contents[one.sku].article
        if one.at_mm[2] and rest[at] * 100 < support_percent * one.edges_mm[0] * one.edges_mm[1]:
            found.add(PackFault.UNSUPPORTED)
        if article.on_top_g is not None:
            weighs = sum(
                contents[placements[n].sku].article.mass_g * placements[n].units for n in _all_above(at, above)
            )
            if weighs + (one.units - 1) * article.mass_g > article.on_top_g:  # of a stack, what stands on its lowest
                found.add(PackFault.OVERLOADED)
        if not article.sealed and int(article.goods) & _LIQUID and (one.at_mm[2] or above[at]):
            found.add(PackFault.LEAKS)
    return found


def _single_faults(
    placements: Sequence[Placement], contents: Mapping[str, Packed], room: Edges, max_load_g: int
) -> Iterator[PackFault]:
    units: dict[str, int] = {}
    for one in placements:
        units[one.sku] = units.get(one.sku, 0) + one.units
    if units != {sku: its.units for sku, its in contents.items()}:
        yield PackFault.UNITS
        return
    if sum(its.article.mass_g * its.units for its in contents.values()) > max_load_g:
        yield PackFault.TOO_HEAVY
    for one in placements:
        (x, y, z), (along, across, high) = one.at_mm, one.edges_mm
        if min(x, y, z) < 0 or x + along > room[0] or y + across > room[1] or z + high > room[2]:
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
    if int(article.goods) & _LIQUID or article.stance is Stance.UPRIGHT:
        return one.edges_mm[2] == high + more
    return article.stance is Stance.ANY or one.edges_mm[2] == min(one.edges_mm)


def _all_above(at: int, above: Sequence[set[int]]) -> set[int]:
    found: set[int] = set()
    look = [at]
    while look:
        fresh = above[look.pop()] - found
        found |= fresh
        look += fresh
    return found
