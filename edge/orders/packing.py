"""How an order is packed: its parcels with carton, places, materials, marks, papers and weight, or why not.

Public names: PackItem, PackCode, PackRefusal, FillerUse, ProtectionUse, PackedParcel, PackPlan, SUPPORT_PERCENT,
propose, Packer.

The cheapest carton that holds everything, else several parcels. What reacts goes into parcels of its own, what is
oversized goes without a carton. Every parcel is looked at by `edge.orders.pack_check` before it is proposed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from edge.orders.articles import Article, Goods
from edge.orders.cartons import Carton, Filler, Placement, Protection, ProtectionKind, Supplies
from edge.orders.fitting import Fitted
from edge.orders.goods_rules import (
    GoodsCode,
    GoodsRules,
    ParcelMark,
    ParcelPaper,
    goods_in,
    ground_only,
    is_oversized,
    marking,
    trouble_of,
)
from edge.orders.pack_check import Packed, PackFault, faults_in
from edge.orders.parting import Packable, Parting, volume_of
from edge.orders.services import TransportMode

SUPPORT_PERCENT = 75
"""Of a base that must rest on something."""
_REMEMBERED = 20_000
"""Articles."""


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
    def materials(self) -> dict[str, int]:
        """What it uses up of materials that the stock counts, by SKU: cartons, pieces, and of what fills or is cut to
        size as many as its middle mass is, the last one whole.
        """
        used: Counter[str] = Counter({self.carton.sku: 1} if self.carton.sku else {})
        for filled in self.fillers:
            if filled.filler.sku:
                used[filled.filler.sku] += -(-(filled.least_g + filled.most_g) // (2 * filled.filler.piece_g))
        for one in self.protections:
            if (its := one.material) is not None and its.sku:
                used[its.sku] += one.pieces if its.g or not its.g_m2 else -(-one.g // its.piece_g)
        return dict(+used)

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

    def pieces(self) -> dict[str, int]:
        """The materials that the stock counts, of all parcels together."""
        used: Counter[str] = Counter()
        for parcel in self.parcels:
            used.update(parcel.materials)
        return dict(used)


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
    return Packer(cartons, supplies, rules, support_percent).plan(items, mode=mode, takes=takes)


class Packer:
    """The same for many orders: what follows from an article, its cartons and its rules, is found out once."""

    def __init__(
        self,
        cartons: Iterable[Carton],
        supplies: Supplies,
        rules: GoodsRules,
        support_percent: int = SUPPORT_PERCENT,
    ) -> None:
        by_price = tuple(sorted(cartons, key=lambda one: (one.price, one.room_mm3, one.name)))
        self._parting = Parting(by_price, supplies.fillers[0] if supplies.fillers else None, rules, support_percent)
        self._supplies = supplies
        self._rules = rules
        self._known: dict[str, tuple[Packable, PackRefusal | None]] = {}

    def plan(
        self, items: Iterable[PackItem], *, mode: TransportMode = TransportMode.EXPRESS, takes: Goods | None = None
    ) -> PackPlan:
        """As `propose`."""
        units: dict[str, int] = {}
        articles: dict[str, Article] = {}
        for one in items:
            sku = one.article.sku
            articles[sku] = one.article
            units[sku] = units.get(sku, 0) + one.units
        refusals: list[PackRefusal] = []
        parcels: list[PackedParcel] = []
        boxed: dict[str, Packable] = {}
        for sku, article in articles.items():
            if refusal := self._refused(article, mode, takes):
                refusals.append(replace(refusal, units=units[sku]))
                continue
            kind, refusal = self._kind(article)
            if refusal:
                refusals.append(replace(refusal, units=units[sku]))
            elif is_oversized(article, self._rules):
                parcels += [self._bare(kind, mode)] * units[sku]
            else:
                boxed[sku] = kind
        for group in self._parting.groups(tuple(boxed.values())):
            for carton, found in self._parting.parted(group, units):
                made = self._parcel(carton, found, boxed, mode)
                if isinstance(made, PackedParcel):
                    parcels.append(made)
                else:
                    refusals += made
        return PackPlan(tuple(parcels), tuple(refusals))

    def _refused(self, article: Article, mode: TransportMode, takes: Goods | None) -> PackRefusal | None:
        if min(article.edges_mm) <= 0:
            return _no(article, PackCode.SIZE_UNKNOWN)
        if article.mass_g <= 0:
            return _no(article, PackCode.MASS_UNKNOWN)
        if article.un:
            kinds = [one.kind for one in self._supplies.protections]
            if trouble := trouble_of(article, self._rules, mode, kinds):
                return _no(article, trouble.code, trouble.value, trouble.limit)
        if takes is not None and (refused := goods_in((article,)) & ~takes):
            return _no(article, PackCode.NOT_TAKEN, refused, takes)
        return None

    def _kind(self, article: Article) -> tuple[Packable, PackRefusal | None]:
        """What follows from an article, and why no carton takes it."""
        known = self._known.get(article.sku)
        if known and (known[0].article is article or known[0].article == article):
            return known
        kind, refusal = Packable.of(article, self._supplies, self._rules), None
        if is_oversized(article, self._rules):
            if article.un and article.mass_g > self._rules.gross_g:
                refusal = _no(article, PackCode.TOO_HEAVY, article.mass_g, self._rules.gross_g)
        elif why := self._parting.refused(kind):
            refusal = _no(article, PackCode.TOO_HEAVY if why[2] else PackCode.NO_CARTON, why[0], why[1])
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[article.sku] = kind, refusal
        return kind, refusal

    def _parcel(
        self, carton: Carton, found: Fitted, kinds: Mapping[str, Packable], mode: TransportMode
    ) -> PackedParcel | list[PackRefusal]:
        units: dict[str, int] = {}
        for block, _, _ in found.placed:
            units[block.sku] = units.get(block.sku, 0) + block.units
        placements = tuple(Placement(block.sku, block.units, at, edges) for block, at, edges in found.placed)
        packed = {sku: Packed(kinds[sku].article, n, kinds[sku].around_mm) for sku, n in units.items()}
        faults = faults_in(placements, packed, carton.inner_mm, carton.max_load_g, self._parting.support_percent)
        contents = [(kinds[sku], n) for sku, n in units.items()]
        made = self._made(carton, contents, placements, self._fillers(carton.room_mm3 - volume_of(found)), mode)
        if made.goods & Goods.LIMITED_QUANTITY and made.range_g[1] > self._rules.gross_g:
            faults.add(PackFault.TOO_HEAVY)
        if not faults:
            return made
        told = tuple(sorted(faults))
        return [PackRefusal(sku=sku, units=n, code=PackCode.NOT_CHECKED, faults=told) for sku, n in units.items()]

    def _fillers(self, free_mm3: int) -> tuple[FillerUse, ...]:
        filler = self._parting.filler
        if filler is None or free_mm3 <= 0:
            return ()
        ml = free_mm3 // 1000
        return (FillerUse(filler, ml, ml * filler.least_g_l // 1000, -(-ml * filler.most_g_l // 1000)),)

    def _bare(self, kind: Packable, mode: TransportMode) -> PackedParcel:
        """A unit that goes as it is."""
        edges, sku = kind.article.edges_mm, kind.article.sku
        bare = Carton(name="", inner_mm=edges, outer_mm=edges, tare_g=0, max_load_g=kind.article.mass_g)
        return self._made(bare, [(kind, 1)], (Placement(sku, 1, (0, 0, 0), edges),), (), mode)

    def _made(
        self,
        carton: Carton,
        contents: Sequence[tuple[Packable, int]],
        placements: tuple[Placement, ...],
        fillers: tuple[FillerUse, ...],
        mode: TransportMode,
    ) -> PackedParcel:
        articles = [kind.article for kind, _ in contents]
        goods = goods_in(articles)
        value = sum(kind.article.value * units for kind, units in contents)
        said = marking(goods, value, self._rules, mode, oversized=not carton.name)
        protections = tuple(self._protections(carton, contents, ParcelPaper.VALUABLE in said.papers))
        fixed = carton.tare_g + sum(kind.article.mass_g * units for kind, units in contents)
        fixed += sum(use.g for use in protections)
        least = fixed + sum(use.least_g for use in fillers)
        most = fixed + sum(use.most_g for use in fillers)
        if goods & Goods.LIMITED_QUANTITY and ground_only(articles, self._rules):
            goods |= Goods.GROUND_ONLY
        return PackedParcel(
            carton=carton,
            contents=tuple(PackItem(kind.article, units) for kind, units in contents),
            placements=placements,
            fillers=fillers,
            protections=protections,
            marks=said.marks,
            papers=said.papers,
            goods=goods,
            planned_g=(least + most) // 2,
            range_g=(least, most),
        )

    def _protections(
        self, carton: Carton, contents: Sequence[tuple[Packable, int]], sealed: bool
    ) -> Iterator[ProtectionUse]:
        wanted: dict[ProtectionKind, list[tuple[str, int, int]]] = {}
        for its, units in contents:
            for kind, grams in its.protection_g:
                wanted.setdefault(kind, []).append((its.article.sku, units, grams))
        for kind, those in sorted(wanted.items()):
            yield ProtectionUse(
                kind=kind,
                material=self._supplies.protection(kind),
                pieces=sum(units for _, units, _ in those),
                g=sum(units * grams for _, units, grams in those),
                skus=tuple(sku for sku, _, _ in those),
            )
        for kind, needed in ((ProtectionKind.CORNERS, not carton.name), (ProtectionKind.SEAL, sealed)):
            if needed:
                material = self._supplies.protection(kind)
                yield ProtectionUse(kind=kind, material=material, pieces=1, g=material.g if material else 0, skus=())


def _no(article: Article, code: PackCode | GoodsCode, value: int = 0, limit: int = 0) -> PackRefusal:
    return PackRefusal(sku=article.sku, units=0, code=code, value=value, limit=limit)
