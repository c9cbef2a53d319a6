"""What a scale says of a parcel: whether it can be what it should, and which missing unit the scale would not see.

Public names: UnitWeight, WeighedPart, WeightResult, WeightVerdict, judged, taught.

A unit's mass is learned from parcels whose content was verified, and scatters; so does what people put in as filler.
Three standard deviations of all together are no news. Half the lightest unit is what a scale should tell apart: an
article of which half a unit is less than that scatter may be missing without a sign, which is said. Masses in
milligrams where they are squared, in grams for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isqrt

_PRIOR = 10
"""So many units' weight the master data have beside what was learned."""
_SCATTER_PERCENT = 2
"""Of a unit that nobody has weighed."""


@dataclass(frozen=True, slots=True)
class UnitWeight:
    """A unit's mass by the master data, and what verified parcels taught: ``units`` in ``parcels`` weighed ``sum_mg``;
    ``squares``: of the deviations of each parcel's mean from that of all, times its units, in mg².
    """

    mass_g: int
    parcels: int = 0
    units: int = 0
    sum_mg: int = 0
    squares: int = 0

    @property
    def mean_mg(self) -> int:
        """What a unit weighs, the nearer to the master data the less was learned."""
        return (self.mass_g * 1000 * _PRIOR + self.sum_mg) // (_PRIOR + self.units)

    @property
    def variance(self) -> int:
        """Of one unit, in mg²."""
        prior = (self.mass_g * 10 * _SCATTER_PERCENT) ** 2
        return (prior * _PRIOR + self.squares) // (_PRIOR + max(0, self.parcels - 1))


@dataclass(frozen=True, slots=True)
class WeighedPart:
    """Units of an article that should be in the parcel."""

    sku: str
    units: int
    weight: UnitWeight


class WeightResult(StrEnum):
    """What follows."""

    RIGHT = "right"
    LIGHT = "light"
    HEAVY = "heavy"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightVerdict:
    """``off_g``: weighed less expected. ``sigma_mg``: how much it scatters; ``tolerance_g``: what is no news.

    ``blind``: articles of which a missing unit would not be seen, the lightest first: their tags alone tell.
    ``suspects``: of which one unit too few or too many would explain it.
    """

    result: WeightResult
    weighed_g: int
    expected_g: int
    off_g: int
    sigma_mg: int
    tolerance_g: int
    blind: tuple[str, ...]
    suspects: tuple[str, ...]


def judged(
    weighed_g: int, parts: Sequence[WeighedPart], packaging_g: tuple[int, int], scale_g: int = 0
) -> WeightVerdict:
    """``packaging_g``: carton, protections and filler, from the least to the most; ``scale_g``: its smallest step."""
    least, most = packaging_g
    expected = sum(part.weight.mean_mg * part.units for part in parts) + (least + most) * 500
    spread = (most - least) * 500
    # within a range every mass is as likely: a third of the square of half of it, and so of a scale's step
    variance = sum(part.weight.variance * part.units for part in parts) + (spread**2 + (scale_g * 500) ** 2) // 3
    sigma = isqrt(variance)
    by_mass = sorted(parts, key=lambda part: (part.weight.mean_mg, part.sku))
    half = by_mass[0].weight.mean_mg // 2 if by_mass else 0
    tolerance = max(3 * sigma, half)
    off = weighed_g * 1000 - expected
    result = WeightResult.RIGHT
    if abs(off) > tolerance:
        result = WeightResult.LIGHT if off < 0 else WeightResult.HEAVY
    suspects: tuple[str, ...] = ()
    if result is not WeightResult.RIGHT:
        suspects = tuple(part.sku for part in by_mass if abs(abs(off) - part.weight.mean_mg) <= 3 * sigma)
    return WeightVerdict(
        result=result,
        weighed_g=weighed_g,
        expected_g=(expected + 500) // 1000,
        off_g=(off + 500) // 1000,
        sigma_mg=sigma,
        tolerance_g=(tolerance + 500) // 1000,
        blind=tuple(part.sku for part in by_mass if part.weight.mean_mg // 2 < 3 * sigma),
        suspects=suspects,
    )


def taught(
    known: UnitWeight, weighed_g: int, units: int, packaging_g: tuple[int, int], *, verified: bool
) -> UnitWeight:
    """What a parcel of one article alone teaches; one whose content was not verified teaches nothing."""
    goods_mg = weighed_g * 1000 - sum(packaging_g) * 500
    if not verified or units <= 0 or goods_mg <= 0:
        return known
    parcels, total = known.parcels + 1, known.units + units
    sum_mg = known.sum_mg + goods_mg
    squares = known.squares
    if known.units:
        mean, before = goods_mg // units, known.sum_mg // known.units
        squares = min(squares + (mean - before) ** 2 * units * known.units // total, 1 << 62)
    return UnitWeight(known.mass_g, parcels, total, sum_mg, squares)
