"""What lies in a parcel beside what should, and what is looked at before it goes.

Public names: PackLine, PackDifference, DifferenceKind, differences, AfterCheck, after_checks,
Proposed, proposed, of_plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge.orders.articles import Article, Goods
from edge.orders.cartons import ProtectionKind
from edge.orders.goods_rules import ParcelMark
from edge.orders.packing import PackPlan, PackRefusal
from edge.orders.pick_list import cartons_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PackLine:
    """An article of a fulfilment. ``article``: its SKU, or the GTIN where a line has no other number. ``units``: to be
    packed; ``back``: others in the tote, which were cancelled and go back.
    """

    article: str
    gtin: str = ""
    name: str = ""
    units: int
    back: int = 0


class DifferenceKind(StrEnum):
    """How a content differs."""

    TOO_FEW = "too-few"  # of an article
    TOO_MANY = "too-many"
    CANCELLED = "cancelled"  # too many, and the order had them until its line was cancelled
    FOREIGN = "foreign"  # of an article that is not in the order
    UNSEEN = "unseen"  # the portal verified this item in the tote, and it is not in the parcel
    NEW = "new"  # this item is in the parcel, and the portal did not see it

    @property
    def units_differ(self) -> bool:
        """Whether other units than wanted would be shipped: no reason makes that right."""
        return self not in (DifferenceKind.UNSEEN, DifferenceKind.NEW)


@dataclass(frozen=True, slots=True)
class PackDifference:
    """``what``: an article or an item; ``units``: so many."""

    kind: DifferenceKind
    what: str
    units: int


def differences(
    lines: Iterable[PackLine],
    units: Mapping[str, int],
    epcs: Iterable[str] = (),
    verified: Collection[str] = (),
) -> tuple[PackDifference, ...]:
    """How a content differs from what is wanted by article, and item by item from what the portal verified.

    ``units``: packed by article, ``epcs``: the items among them. ``verified``: empty = no portal saw the tote. Items
    are compared only where some were read in both places.
    """
    wanted = {line.article: line for line in lines}
    found: list[PackDifference] = []
    for article in sorted(wanted.keys() | units.keys()):
        line, n = wanted.get(article), units.get(article, 0)
        if line is None:
            found += [PackDifference(DifferenceKind.FOREIGN, article, n)] if n else []
        elif n < line.units:
            found.append(PackDifference(DifferenceKind.TOO_FEW, article, line.units - n))
        elif more := n - line.units:
            back = min(more, line.back)
            found += [PackDifference(DifferenceKind.CANCELLED, article, back)] if back else []
            found += [PackDifference(DifferenceKind.TOO_MANY, article, more - back)] if more > back else []
    known, bound = set(verified), set(epcs)
    if known and bound:
        found += [PackDifference(DifferenceKind.UNSEEN, one, 1) for one in sorted(known - bound)]
        found += [PackDifference(DifferenceKind.NEW, one, 1) for one in sorted(bound - known)]
    return tuple(found)


class AfterCheck(StrEnum):
    """What is looked at on a closed parcel."""

    PROTECTED = "protected"  # what its goods need is around them
    CLOSED = "closed"
    INTACT = "intact"
    MARKED = "marked"  # every mark that it needs is on it


def after_checks(how: Proposed) -> tuple[AfterCheck, ...]:
    """Those of a parcel that is packed so."""
    inside = (AfterCheck.PROTECTED,) if how.steps else ()
    return (*inside, AfterCheck.CLOSED, AfterCheck.INTACT, *((AfterCheck.MARKED,) if how.marks else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """How a parcel is packed. ``materials``: (SKU, units) that it uses up; ``steps``: kinds of protection, ``marks``
    and ``papers``: codes, in order.

    ``packaging_g``: what all but the goods weighs, from the least to the most, and ``dims_mm``: its outer edges; None =
    not known. ``parcels``: more than 1 = not all of it fits into one. ``refusals``: what is in none, and why.
    """

    carton: str = ""
    materials: tuple[tuple[str, int], ...] = ()
    steps: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()
    packaging_g: tuple[int, int] | None = None
    dims_mm: tuple[int, int, int] | None = None
    parcels: int = 1
    refusals: tuple[PackRefusal, ...] = ()


_STEPS = ((Goods.FRAGILE, ProtectionKind.WRAP), (Goods.LIQUID, ProtectionKind.LEAK_BAG))
_MARKS = (
    (Goods.LIMITED_QUANTITY, ParcelMark.LIMITED_QUANTITY),
    (Goods.LIQUID, ParcelMark.THIS_WAY_UP),
    (Goods.FRAGILE, ParcelMark.FRAGILE),
)


def proposed(contents: Iterable[tuple[Article, int]], cartons: Mapping[str, int]) -> Proposed:
    """By volume alone. ``cartons``: the volume that each holds, by SKU."""
    every = [(article, units) for article, units in contents if units]
    goods = Goods(0)
    for article, _ in every:
        goods |= article.goods
    boxes = cartons_of(sum(article.volume_mm3 * units for article, units in every), cartons) if every else []
    used = Counter(dict(boxes))
    return Proposed(
        carton=boxes[0][0] if boxes else "",
        materials=tuple(sorted(used.items())),
        steps=tuple(str(code) for one, code in _STEPS if goods & one),
        marks=tuple(str(code) for one, code in _MARKS if goods & one),
        parcels=max(1, used.total()),
    )


def of_plan(plan: PackPlan) -> Proposed:
    """What a plan means for the parcel that is packed now: its first one; the others are split off before."""
    if not plan.parcels:
        return Proposed(refusals=plan.refusals)
    first = plan.parcels[0]
    return Proposed(
        carton=first.carton.name,
        materials=tuple(sorted(first.materials.items())),
        steps=tuple(dict.fromkeys(str(one.kind) for one in first.protections)),
        marks=tuple(str(one) for one in first.marks),
        papers=tuple(str(one) for one in first.papers),
        packaging_g=first.packaging_g,
        dims_mm=first.carton.outer_mm,
        parcels=len(plan.parcels),
        refusals=plan.refusals,
    )
