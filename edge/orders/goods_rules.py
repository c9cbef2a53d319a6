"""What goods demand of a parcel: dangerous ones by their UN number, and those that break, run out, are large or dear.

Public names: DangerousEntry, GoodsRules, GoodsCode, GoodsTrouble, ParcelMark, ParcelPaper, Marking, entry_of,
trouble_of, needs_of, padding_of, kept_apart, is_oversized, goods_in, goods_unpacked, marking,
ground_only.

The mechanism of limited quantities only; the table of entries, with its source and edition, is the site's, and its
safety adviser's. What is not in the table, or of which it says nothing, is refused. Source: ADR 2017, chapter 3.4
(3.4.2: combination packagings of 30 kg gross at most; 3.4.4: rigid intermediate packagings; 3.4.7, 3.4.8: the marks;
3.4.12: the carrier is told the gross mass), 3.2 table A column 7a (limit for each inner packaging), 4.1.1.6.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from edge.orders.articles import Article, Goods
from edge.orders.cartons import ProtectionKind
from edge.orders.services import TransportMode

_LIMITED, _LIQUID, _FRAGILE = int(Goods.LIMITED_QUANTITY), int(Goods.LIQUID), int(Goods.FRAGILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class DangerousEntry:
    """A row of the table. ``packing_group``: I, II, III or empty; ``hazard``: its class.

    ``lq_ml``, ``lq_g``: what an inner packaging may hold as limited quantity, of a liquid or a solid; both 0 = none is
    allowed. ``air_ml``, ``air_g``: the same for aircraft, 0 = by none. ``groups``: for what it reacts with.
    """

    un: str
    name: str
    hazard: str
    packing_group: str = ""
    lq_ml: int = 0
    lq_g: int = 0
    air_ml: int = 0
    air_g: int = 0
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsRules:
    """``apart``: groups of entries that are never in one parcel. ``gross_g``: of a parcel with limited quantities.

    ``valuable``: minor units, from which on a parcel is sealed; ``oversized_mm``, ``oversized_g``: beyond which a unit
    goes by itself and without a carton; 0 = never. ``fragile_mm``: padding of what breaks and says nothing of it.
    """

    edition: str = ""
    source: str = ""
    entries: tuple[DangerousEntry, ...] = ()
    apart: tuple[tuple[str, str], ...] = ()
    gross_g: int = 30_000
    valuable: int = 0
    oversized_mm: int = 0
    oversized_g: int = 0
    fragile_mm: int = 0


class GoodsCode(StrEnum):
    """Why dangerous goods cannot go as they are."""

    NOT_IN_TABLE = "not-in-table"
    NO_LIMITED_QUANTITY = "no-limited-quantity"
    INNER_UNKNOWN = "inner-unknown"
    INNER_TOO_LARGE = "inner-too-large"
    NOT_BY_AIR = "not-by-air"
    NO_INTERMEDIATE = "no-intermediate"


class ParcelMark(StrEnum):
    """What is put on a parcel, beside its label."""

    LIMITED_QUANTITY = "limited-quantity"
    LIMITED_QUANTITY_AIR = "limited-quantity-air"  # with a Y
    THIS_WAY_UP = "this-way-up"
    FRAGILE = "fragile"
    OVERSIZED = "oversized"


class ParcelPaper(StrEnum):
    """What goes along with a parcel, or is told before."""

    LIMITED_QUANTITY_MASS = "limited-quantity-mass"  # the carrier is told its gross mass
    AIR_DECLARATION = "air-declaration"
    VALUABLE = "valuable"  # signature and insurance


@dataclass(frozen=True, slots=True)
class Marking:
    """What a parcel bears and brings, as it is packed, by one mode of transport."""

    marks: tuple[ParcelMark, ...] = ()
    papers: tuple[ParcelPaper, ...] = ()


@dataclass(frozen=True, slots=True)
class GoodsTrouble:
    """``value`` is what it is, ``limit`` what it may be: millilitres or grams."""

    code: GoodsCode
    value: int = 0
    limit: int = 0


def entry_of(article: Article, rules: GoodsRules) -> DangerousEntry | None:
    """The row of the table for an article."""
    return next(
        (one for one in rules.entries if one.un == article.un and one.packing_group == article.packing_group), None
    )


def trouble_of(
    article: Article, rules: GoodsRules, mode: TransportMode, kinds: Iterable[ProtectionKind]
) -> GoodsTrouble | None:
    """Why an article cannot go so; ``kinds``: of protection that there are."""
    if not article.un:
        return None
    entry = entry_of(article, rules)
    if entry is None:
        return GoodsTrouble(GoodsCode.NOT_IN_TABLE)
    if not entry.lq_ml and not entry.lq_g:
        return GoodsTrouble(GoodsCode.NO_LIMITED_QUANTITY)
    liquid = bool(entry.lq_ml)
    value = article.inner_ml if liquid else article.inner_g
    limit = entry.lq_ml or entry.lq_g
    if not value:
        return GoodsTrouble(GoodsCode.INNER_UNKNOWN)
    if value > limit:
        return GoodsTrouble(GoodsCode.INNER_TOO_LARGE, value, limit)
    if mode is TransportMode.AIR and value > (limit := entry.air_ml if liquid else entry.air_g):
        return GoodsTrouble(GoodsCode.NOT_BY_AIR, value, limit)
    if _needs_intermediate(article, entry) and ProtectionKind.INTERMEDIATE not in kinds:
        return GoodsTrouble(GoodsCode.NO_INTERMEDIATE)
    return None


def _needs_intermediate(article: Article, entry: DangerousEntry) -> bool:
    return article.brittle and entry.hazard == "8" and entry.packing_group == "II" and bool(entry.lq_ml)


def needs_of(article: Article, rules: GoodsRules) -> Iterator[ProtectionKind]:
    """The protections that a unit needs, the innermost first."""
    if int(article.goods) & _LIQUID:
        yield ProtectionKind.LEAK_BAG
    if article.un and (entry := entry_of(article, rules)) and _needs_intermediate(article, entry):
        yield ProtectionKind.INTERMEDIATE
    if padding_of(article, rules):
        yield ProtectionKind.WRAP


def padding_of(article: Article, rules: GoodsRules) -> int:
    """Of wrap on each side, in mm."""
    return article.wrap_mm or (rules.fragile_mm if int(article.goods) & _FRAGILE else 0)


def kept_apart(one: Article, other: Article, rules: GoodsRules) -> bool:
    """Whether two articles react, and so are never in one parcel."""
    if not (one.un and other.un):
        return False
    first, second = entry_of(one, rules), entry_of(other, rules)
    if first is None or second is None:
        return False
    return any(
        (a in first.groups and b in second.groups) or (b in first.groups and a in second.groups) for a, b in rules.apart
    )


def is_oversized(article: Article, rules: GoodsRules) -> bool:
    """Whether a unit goes by itself."""
    return bool(
        (rules.oversized_mm and max(article.edges_mm) > rules.oversized_mm)
        or (rules.oversized_g and article.mass_g > rules.oversized_g)
    )


def goods_in(contents: Iterable[Article]) -> Goods:
    """What a carrier of some articles must be willing to take."""
    goods = 0
    for one in contents:
        goods |= int(one.goods) | (_LIMITED if one.un else 0)
    return Goods(goods)


def goods_unpacked(contents: Collection[Article]) -> Goods:
    """The same before anybody has planned how they are packed: until then what is dangerous stays on the ground."""
    goods = goods_in(contents)
    return goods | Goods.GROUND_ONLY if any(one.un for one in contents) else goods


def marking(goods: Goods, value: int, rules: GoodsRules, mode: TransportMode, *, oversized: bool = False) -> Marking:
    """Marks and papers of a parcel. Planned anew by another mode it bears others; `trouble_of` says if it may go."""
    marks: list[ParcelMark] = []
    papers: list[ParcelPaper] = []
    if goods & Goods.LIMITED_QUANTITY:
        if mode is TransportMode.AIR:
            marks.append(ParcelMark.LIMITED_QUANTITY_AIR)
            papers.append(ParcelPaper.AIR_DECLARATION)
        else:
            marks.append(ParcelMark.LIMITED_QUANTITY)
        papers.append(ParcelPaper.LIMITED_QUANTITY_MASS)
    if goods & Goods.LIQUID:
        marks.append(ParcelMark.THIS_WAY_UP)
    if goods & Goods.FRAGILE:
        marks.append(ParcelMark.FRAGILE)
    if oversized:
        marks.append(ParcelMark.OVERSIZED)
    if rules.valuable and value >= rules.valuable:
        papers.append(ParcelPaper.VALUABLE)
    return Marking(tuple(marks), tuple(papers))


def ground_only(contents: Iterable[Article], rules: GoodsRules) -> bool:
    """Whether no aircraft takes them, though they may go by road."""
    for one in contents:
        trouble = trouble_of(one, rules, TransportMode.AIR, tuple(ProtectionKind))
        if trouble and trouble.code is GoodsCode.NOT_BY_AIR:
            return True
    return False
