"""How an order is packed: its parcels with carton, places, materials, marks, papers and weight, or why not.

Public names: PackItem, PackCode, PackRefusal, FillerUse, ProtectionUse, PackedParcel, PackPlan, SUPPORT_PERCENT,
propose.

The cheapest carton that holds everything, else several parcels. What reacts goes into parcels of its own, what is
oversized goes without a carton. Every parcel is looked at by `edge.orders.pack_check` before it is proposed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from edge.orders.articles import NOTHING_SPECIAL, Article, Goods
from edge.orders.cartons import Carton, Filler, Placement, Protection, ProtectionKind, Supplies
from edge.orders.fitting import Block, Fitted, block_of, fitted
from edge.orders.goods_rules import (
    GoodsCode,
    GoodsRules,
    ParcelMark,
    ParcelPaper,
    ground_only,
    is_oversized,
    kept_apart,
    marking,
    needs_of,
    padding_of,
    trouble_of,
)
from edge.orders.pack_check import Packed, PackFault, faults_in
from edge.orders.services import TransportMode

SUPPORT_PERCENT = 75
"""Of a base that must rest on something."""


@dataclass(frozen=True, slots=True)
class PackItem:
    """Units of an article that are to be packed, or are in a parcel."""

    article: Article
    units: int


class PackCode(StrEnum):
    """Why something is not packed, besides what `GoodsCode` says of dangerous goods."""

    SIZE_UNKNOWN = "size-unknown"
    MASS_UNKNOWN = "mass-unknown"
    NO_CARTON = "no-carton"
    TOO_HEAVY = "too-heavy"
    NOT_TAKEN = "not-taken"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRefusal:
    """Units that are in no parcel. ``value`` is what it is, ``limit`` what it may be: mm, grams, millilitres, or goods
    as `Goods`, by the code. ``faults``: what a check found.
    """

    sku: str
    units: int
    code: PackCode | GoodsCode
    value: int = 0
    limit: int = 0
    faults: tuple[PackFault, ...] = ()


@dataclass(frozen=True, slots=True)
class FillerUse:
    """So much room to be filled."""

    filler: Filler
    volume_ml: int
    least_g: int
    most_g: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectionUse:
    """What is put around units of some articles; ``material``: None = the site names none of this kind."""

    kind: ProtectionKind
    material: Protection | None
    pieces: int
    g: int
    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedParcel:
    """A parcel. ``carton``: without a name = the goods go as they are. ``range_g``: between which gross masses it is if
    its goods weigh what they should, ``planned_g`` the middle. ``goods``: what a carrier must be willing to take.
    """

    carton: Carton
    contents: tuple[PackItem, ...]
    placements: tuple[Placement, ...]
    fillers: tuple[FillerUse, ...]
    protections: tuple[ProtectionUse, ...]
    marks: tuple[ParcelMark, ...]
    papers: tuple[ParcelPaper, ...]
    goods: Goods
    planned_g: int
    range_g: tuple[int, int]

    @property
    def packaging_g(self) -> tuple[int, int]:
        """The same without the goods."""
        goods_g = sum(one.article.mass_g * one.units for one in self.contents)
        return self.range_g[0] - goods_g, self.range_g[1] - goods_g


@dataclass(frozen=True, slots=True)
class PackPlan:
    """What was asked for is in one parcel, or refused."""

    parcels: tuple[PackedParcel, ...]
    refusals: tuple[PackRefusal, ...] = ()


def propose(
    items: Iterable[PackItem],
    cartons: Sequence[Carton],
    supplies: Supplies,
    rules: GoodsRules,
    *,
    mode: TransportMode = TransportMode.EXPRESS,
    takes: Goods | None = None,
    support_percent: int = SUPPORT_PERCENT,
) -> PackPlan:
    """A plan for an order. ``takes``: of special goods, by the carrier; None = it is not chosen yet."""
    return _Packer(cartons, supplies, rules, mode, takes, support_percent).plan(items)


class _Packer:
    def __init__(
        self,
        cartons: Sequence[Carton],
        supplies: Supplies,
        rules: GoodsRules,
        mode: TransportMode,
        takes: Goods | None,
        support: int,
    ) -> None:
        self.cartons = sorted(cartons, key=lambda one: (one.price, one.room_mm3, one.name))
        self.supplies = supplies
        self.kinds = tuple(one.kind for one in supplies.protections)
        self.rules = rules
        self.mode = mode
        self.takes = takes
        self.support = support

    def plan(self, items: Iterable[PackItem]) -> PackPlan:
        asked: dict[str, PackItem] = {}
        for one in items:
            known = asked.get(one.article.sku)
            asked[one.article.sku] = PackItem(one.article, one.units + known.units) if known else one
        refusals: list[PackRefusal] = []
        parcels: list[PackedParcel] = []
        boxed: list[PackItem] = []
        for one in asked.values():
            if refusal := self._refused(one):
                refusals.append(refusal)
            elif is_oversized(one.article, self.rules):
                parcels += [self._bare(one.article)] * one.units
            else:
                boxed.append(one)
        for group in self._groups(boxed):
            for carton, found in self._parted(group):
                made = self._parcel(carton, found, {one.article.sku: one.article for one in group})
                if isinstance(made, PackedParcel):
                    parcels.append(made)
                else:
                    refusals += made
        return PackPlan(tuple(parcels), tuple(refusals))

    def _refused(self, one: PackItem) -> PackRefusal | None:
        article = one.article

        def no(code: PackCode | GoodsCode, value: int = 0, limit: int = 0) -> PackRefusal:
            return PackRefusal(sku=article.sku, units=one.units, code=code, value=value, limit=limit)

        if min(article.edges_mm) <= 0:
            return no(PackCode.SIZE_UNKNOWN)
        if article.mass_g <= 0:
            return no(PackCode.MASS_UNKNOWN)
        if trouble := trouble_of(article, self.rules, self.mode, self.kinds):
            return no(trouble.code, trouble.value, trouble.limit)
        if self.takes is not None and (refused := _goods_of((article,)) & ~self.takes):
            return no(PackCode.NOT_TAKEN, refused, self.takes)
        if is_oversized(article, self.rules):
            limit_g = self.rules.gross_g
            return no(PackCode.TOO_HEAVY, article.mass_g, limit_g) if article.un and article.mass_g > limit_g else None
        single = [block_of(article, 1, self._around(article))]
        roomy = [one for one in self.cartons if _has_room(single, one)]
        if not roomy:
            longest = max((max(one.inner_mm) for one in self.cartons), default=0)
            return no(PackCode.NO_CARTON, max(single[0].turns[0]), longest)
        limits = [self._most_g(one, single, (article,)) for one in roomy]
        if all(article.mass_g > limit for limit in limits):
            return no(PackCode.TOO_HEAVY, article.mass_g, max(limits))
        return None

    def _around(self, article: Article) -> int:
        """Millimetres that protections make each side thicker."""
        around = padding_of(article, self.rules)
        for kind in needs_of(article, self.rules):
            material = self.supplies.protection(kind)
            if material and kind is not ProtectionKind.WRAP:
                around += material.mm
        return around

    def _groups(self, items: Sequence[PackItem]) -> Iterator[list[PackItem]]:
        """Articles of which no two react; what reacts with nothing is in the first."""
        groups: list[list[PackItem]] = []
        for one in sorted(items, key=lambda one: not one.article.un):
            fits = (
                group
                for group in groups
                if not one.article.un or not any(kept_apart(one.article, other.article, self.rules) for other in group)
            )
            if (group := next(fits, None)) is None:
                groups.append([one])
            else:
                group.append(one)
        yield from groups

    def _parted(self, group: Sequence[PackItem]) -> Iterator[tuple[Carton, Fitted]]:
        """The cheapest carton for all of them; else the one that holds the most, and so on."""
        articles = [one.article for one in group]
        left = Counter({one.article.sku: one.units for one in group})
        while left:
            best: tuple[Carton, Fitted] | None = None
            for carton in self.cartons:
                blocks = self._blocks(articles, left, carton)
                if _has_room(blocks, carton) and sum(one.mass_g for one in blocks) <= self._most_g(
                    carton, blocks, articles
                ):
                    found = fitted(blocks, carton.inner_mm, self.support, all_or_none=True)
                    if not found.left:
                        best = carton, found
                        break
            if best is None:
                best = self._fullest(articles, left)
            yield best
            left -= Counter(_units(best[1]))

    def _fullest(self, articles: Sequence[Article], left: Mapping[str, int]) -> tuple[Carton, Fitted]:
        most = -inf
        best: tuple[Carton, Fitted] | None = None
        for carton in self.cartons:
            blocks = self._blocks(articles, left, carton)
            limit = self._most_g(carton, (), articles)
            found = fitted(blocks, carton.inner_mm, self.support, all_or_none=False, most_g=limit)
            volume = sum(block.volume_mm3 for block, _, _ in found.placed)
            if volume > most:
                most, best = volume, (carton, found)
        assert best is not None and best[1].placed, "each unit has a carton that holds it"
        return best

    def _blocks(self, articles: Sequence[Article], left: Mapping[str, int], carton: Carton) -> list[Block]:
        """All that is left as it would be put into a carton: what stands in one another in stacks."""
        blocks: list[Block] = []
        for article in articles:
            units = left[article.sku]
            if not units:
                continue
            around = self._around(article)
            stack = 1 if around else _stack(article, units, carton)
            whole, rest = divmod(units, stack)
            blocks += [block_of(article, stack, around)] * whole
            if rest:
                blocks.append(block_of(article, rest, around))
        return blocks

    def _most_g(self, carton: Carton, blocks: Sequence[Block], articles: Sequence[Article]) -> int:
        """What goods may weigh in a carton: what it carries, and of limited quantities what the whole parcel may."""
        if not any(one.un for one in articles):
            return carton.max_load_g
        free = carton.room_mm3 - sum(one.volume_mm3 for one in blocks)
        packaging = carton.tare_g + sum(use.most_g for use in self._fillers(free))
        packaging += sum(self._protection_g(one, 1) for one in articles) * max(1, len(blocks))
        return min(carton.max_load_g, self.rules.gross_g - packaging)

    def _protection_g(self, article: Article, units: int) -> int:
        return sum(self._material_g(kind, article, units) for kind in needs_of(article, self.rules))

    def _material_g(self, kind: ProtectionKind, article: Article, units: int) -> int:
        material = self.supplies.protection(kind)
        if material is None:
            return 0
        a, b, c = article.edges_mm
        thick = padding_of(article, self.rules) if kind is ProtectionKind.WRAP else 0
        layers = max(1, -(-thick // material.mm)) if material.mm else 1
        return units * (material.g + -(-2 * (a * b + b * c + c * a) * layers * material.g_m2 // 1_000_000))

    def _fillers(self, free_mm3: int) -> tuple[FillerUse, ...]:
        if not self.supplies.fillers or free_mm3 <= 0:
            return ()
        filler = self.supplies.fillers[0]
        ml = free_mm3 // 1000
        return (FillerUse(filler, ml, ml * filler.least_g_l // 1000, -(-ml * filler.most_g_l // 1000)),)

    def _parcel(
        self, carton: Carton, found: Fitted, articles: Mapping[str, Article]
    ) -> PackedParcel | list[PackRefusal]:
        placements = tuple(Placement(block.sku, block.units, at, edges) for block, at, edges in found.placed)
        contents = tuple(PackItem(articles[sku], n) for sku, n in _units(found).items())
        packed = {one.article.sku: Packed(one.article, one.units, self._around(one.article)) for one in contents}
        faults = faults_in(placements, packed, carton.inner_mm, carton.max_load_g, self.support)
        free = carton.room_mm3 - sum(block.volume_mm3 for block, _, _ in found.placed)
        made = self._made(carton, contents, placements, self._fillers(free))
        if any(one.article.un for one in contents) and made.range_g[1] > self.rules.gross_g:
            faults.add(PackFault.TOO_HEAVY)
        if not faults:
            return made
        return [
            PackRefusal(sku=sku, units=n, code=PackCode.NOT_CHECKED, faults=tuple(sorted(faults)))
            for sku, n in _units(found).items()
        ]

    def _bare(self, article: Article) -> PackedParcel:
        """A unit that goes as it is."""
        bare = Carton(
            name="", inner_mm=article.edges_mm, outer_mm=article.edges_mm, tare_g=0, max_load_g=article.mass_g
        )
        placed = Placement(article.sku, 1, (0, 0, 0), article.edges_mm)
        return self._made(bare, (PackItem(article, 1),), (placed,), ())

    def _made(
        self,
        carton: Carton,
        contents: tuple[PackItem, ...],
        placements: tuple[Placement, ...],
        fillers: tuple[FillerUse, ...],
    ) -> PackedParcel:
        articles = [one.article for one in contents]
        value = sum(one.article.value * one.units for one in contents)
        said = marking(articles, value, self.rules, self.mode)
        protections = tuple(self._protections(carton, contents, ParcelPaper.VALUABLE in said.papers))
        fixed = carton.tare_g + sum(one.article.mass_g * one.units for one in contents) + sum(p.g for p in protections)
        least = fixed + sum(use.least_g for use in fillers)
        most = fixed + sum(use.most_g for use in fillers)
        goods = _goods_of(articles)
        if goods & Goods.LIMITED_QUANTITY and ground_only(articles, self.rules, self.kinds):
            goods |= Goods.GROUND_ONLY
        return PackedParcel(
            carton=carton,
            contents=contents,
            placements=placements,
            fillers=fillers,
            protections=protections,
            marks=said.marks,
            papers=said.papers,
            goods=goods,
            planned_g=(least + most) // 2,
            range_g=(least, most),
        )

    def _protections(self, carton: Carton, contents: Sequence[PackItem], sealed: bool) -> Iterator[ProtectionUse]:
        wanted: dict[ProtectionKind, list[PackItem]] = {}
        for one in contents:
            for kind in needs_of(one.article, self.rules):
                wanted.setdefault(kind, []).append(one)
        for kind, those in sorted(wanted.items()):
            material = self.supplies.protection(kind)
            yield ProtectionUse(
                kind=kind,
                material=material,
                pieces=sum(one.units for one in those),
                g=sum(self._material_g(kind, one.article, one.units) for one in those),
                skus=tuple(one.article.sku for one in those),
            )
        alone = ((ProtectionKind.CORNERS, not carton.name), (ProtectionKind.SEAL, sealed))
        for kind, needed in alone:
            if needed:
                material = self.supplies.protection(kind)
                grams = material.g if material else 0
                yield ProtectionUse(kind=kind, material=material, pieces=1, g=grams, skus=())


def _goods_of(articles: Iterable[Article]) -> Goods:
    goods = NOTHING_SPECIAL
    for one in articles:
        goods |= one.goods | (Goods.LIMITED_QUANTITY if one.un else NOTHING_SPECIAL)
    return goods


def _stack(article: Article, units: int, carton: Carton) -> int:
    """How many units stand in one another in a carton."""
    if not article.nest_mm:
        return 1
    upright = article.goods & Goods.LIQUID or article.stance != "any"
    room = carton.inner_mm[2] if upright else max(carton.inner_mm)
    stack = (room - article.edges_mm[2]) // article.nest_mm + 1
    if article.on_top_g is not None:
        stack = min(stack, article.on_top_g // article.mass_g + 1)
    return max(1, min(units, stack))


def _has_room(blocks: Sequence[Block], carton: Carton) -> bool:
    """Whether nothing speaks against it at once: volume, and the edges of each piece."""
    wide, deep, tall = carton.inner_mm
    if sum(one.volume_mm3 for one in blocks) > wide * deep * tall:
        return False
    return all(any(x <= wide and y <= deep and z <= tall for x, y, z in one.turns) for one in blocks)


def _units(found: Fitted) -> dict[str, int]:
    units: dict[str, int] = {}
    for block, _, _ in found.placed:
        units[block.sku] = units.get(block.sku, 0) + block.units
    return units
