"""Which goods go into which cartons: what reacts apart, then the cheapest carton for all, else several.

Public names: Packable, Parting, volume_of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge.orders.articles import Article, Goods, Stance
from edge.orders.cartons import Carton, Filler, ProtectionKind, Supplies
from edge.orders.fitting import Block, Fitted, block_of, fitted, in_orders
from edge.orders.goods_rules import GoodsRules, kept_apart, needs_of, padding_of

_LIQUID = int(Goods.LIQUID)


@dataclass(frozen=True, slots=True)
class Packable:
    """An article and what follows from it. ``around_mm``: that protections make each side thicker; ``protection_g``:
    that those of a unit weigh, by kind; ``single``: a unit as it is placed.
    """

    article: Article
    around_mm: int
    protection_g: tuple[tuple[ProtectionKind, int], ...]
    single: Block

    @classmethod
    def of(cls, article: Article, supplies: Supplies, rules: GoodsRules) -> Packable:
        """Of an article whose edges are known."""
        padding = around = padding_of(article, rules)
        grams: list[tuple[ProtectionKind, int]] = []
        for kind in needs_of(article, rules):
            material = supplies.protection(kind)
            if material is None:
                grams.append((kind, 0))
                continue
            layers = 1
            if kind is not ProtectionKind.WRAP:
                around += material.mm
            elif material.mm:
                layers = -(-padding // material.mm)
            a, b, c = article.edges_mm
            cut = -(-2 * (a * b + b * c + c * a) * layers * material.g_m2 // 1_000_000)
            grams.append((kind, material.g + cut))
        return cls(article, around, tuple(grams), block_of(article, 1, around, sum(g for _, g in grams)))


@dataclass(frozen=True, slots=True)
class Parting:
    """``cartons``: the cheapest first. ``support_percent``: of a base that must rest on something."""

    cartons: tuple[Carton, ...]
    filler: Filler | None
    rules: GoodsRules
    support_percent: int

    def refused(self, kind: Packable) -> tuple[int, int, bool] | None:
        """Why no carton takes a unit: (its longest edge, that of cartons, False), (what it weighs, may weigh, True)."""
        single, mass = (kind.single,), kind.single.mass_g
        limits = []
        for carton in reversed(self.cartons):
            if _has_room(single, carton):
                if mass <= (limit := self._most_g(carton, (kind,))):
                    return None
                limits.append(limit)
        if limits:
            return mass, max(limits), True
        return max(kind.single.turns[0]), max((max(one.inner_mm) for one in self.cartons), default=0), False

    def groups(self, kinds: Sequence[Packable]) -> list[list[Packable]]:
        """Articles of which no two react; what reacts with nothing is in the first group."""
        groups: list[list[Packable]] = []
        for one in (*(one for one in kinds if one.article.un), *(one for one in kinds if not one.article.un)):
            for group in groups:
                if not one.article.un or not any(kept_apart(one.article, each.article, self.rules) for each in group):
                    group.append(one)
                    break
            else:
                groups.append([one])
        return groups

    def parted(self, group: Sequence[Packable], units: Mapping[str, int]) -> Iterator[tuple[Carton, Fitted]]:
        """The cheapest carton for all of them; else the one that holds the most, and so on with the rest."""
        left = {one.article.sku: units[one.article.sku] for one in group}
        while any(left.values()):
            carton, found = self._whole(group, left) or self._fullest(group, left)
            yield carton, found
            for block, _, _ in found.placed:
                left[block.sku] -= block.units

    def _whole(self, group: Sequence[Packable], left: Mapping[str, int]) -> tuple[Carton, Fitted] | None:
        nests = any(one.article.nest_mm for one in group)
        blocks: list[Block] = []
        orders: list[list[Block]] = []
        mass = sum(one.single.mass_g * left[one.article.sku] for one in group)
        for carton in self.cartons:
            if nests or not blocks:
                blocks = _blocks(group, left, carton)
                orders = []
            if not _has_room(blocks, carton) or mass > self._most_g(carton, group):
                continue
            orders = orders or in_orders(blocks)
            found = fitted(orders, carton.inner_mm, self.support_percent, all_or_none=True)
            if not found.left:
                return carton, found
        return None

    def _fullest(self, group: Sequence[Packable], left: Mapping[str, int]) -> tuple[Carton, Fitted]:
        most = 0
        best: tuple[Carton, Fitted] | None = None
        for carton in self.cartons:
            orders = in_orders(_blocks(group, left, carton))
            limit = self._most_g(carton, group)
            found = fitted(orders, carton.inner_mm, self.support_percent, all_or_none=False, most_g=limit)
            if (volume := volume_of(found)) > most:
                most, best = volume, (carton, found)
        assert best is not None, "each unit has a carton that holds it"
        return best

    def _most_g(self, carton: Carton, group: Sequence[Packable]) -> int:
        """What goods and their protections may weigh in a carton: what it carries, and of limited quantities what is
        left of a parcel's gross mass however much filler is in it.
        """
        for one in group:
            if one.article.un:
                filler_g = -(-carton.room_mm3 * self.filler.most_g_l // 1_000_000) if self.filler else 0
                return min(carton.max_load_g, self.rules.gross_g - carton.tare_g - filler_g)
        return carton.max_load_g


def volume_of(found: Fitted) -> int:
    """Of what was placed, padding included."""
    return sum(block.volume_mm3 for block, _, _ in found.placed)


def _blocks(group: Sequence[Packable], left: Mapping[str, int], carton: Carton) -> list[Block]:
    """All that is left as it would be put into a carton: what stands in one another in stacks."""
    blocks: list[Block] = []
    for one in group:
        units = left[one.article.sku]
        stack = _stack(one, units, carton) if one.article.nest_mm else 1
        if stack == 1:
            blocks += [one.single] * units
            continue
        whole, rest = divmod(units, stack)
        more_g = one.single.mass_g - one.article.mass_g
        blocks += [block_of(one.article, stack, 0, more_g)] * whole
        if rest:
            blocks.append(block_of(one.article, rest, 0, more_g))
    return blocks


def _stack(kind: Packable, units: int, carton: Carton) -> int:
    """How many units stand in one another in a carton; what is padded stands alone."""
    article = kind.article
    if kind.around_mm:
        return 1
    upright = article.goods & _LIQUID or article.stance is not Stance.ANY
    room = carton.inner_mm[2] if upright else max(carton.inner_mm)
    stack = (room - article.edges_mm[2]) // article.nest_mm + 1
    if article.on_top_g is not None:
        stack = min(stack, article.on_top_g // article.mass_g + 1)
    return max(1, min(units, stack))


def _has_room(blocks: Sequence[Block], carton: Carton) -> bool:
    """Whether nothing speaks against it at once: volume, and the edges of each piece."""
    wide, deep, tall = carton.inner_mm
    room = wide * deep * tall
    for one in blocks:
        room -= one.volume_mm3
        if room < 0:
            return False
        for x, y, z in one.turns:
            if x <= wide and y <= deep and z <= tall:
                break
        else:
            return False
    return True
