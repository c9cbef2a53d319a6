"""The table of dangerous goods as a file, and with it all that a site's parcels are packed with and by.

Public names: GoodsFile, GOODS_TOML, goods_problems, PackingMeans, load_packing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from edge.config.lines import SiteConfig
from edge.config.load import load_table, refused
from edge.config.table import Frozen, Name
from edge.orders.cartons import Carton, Filler, Protection, ProtectionKind, Supplies
from edge.orders.goods_rules import DangerousEntry, GoodsRules
from edge.orders.packing import Packer

GOODS_TOML = Path(__file__).with_name("goods.toml")
"""The table that comes along."""
_Text = Annotated[str, StringConstraints(min_length=1, max_length=400)]
_Amount = Annotated[int, Field(ge=0, le=1_000_000)]


class EntryTable(Frozen):
    """A row. The limits are for each inner packaging; without one there is no limited quantity."""

    un: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
    name: _Text
    hazard: Annotated[str, StringConstraints(pattern=r"^[1-9](\.[1-6])?[A-Z]?$")]
    packing_group: Literal["", "I", "II", "III"] = ""
    lq_ml: _Amount = 0
    lq_g: _Amount = 0
    air_ml: _Amount = 0
    air_g: _Amount = 0
    groups: tuple[Name, ...] = ()


class GoodsFile(Frozen):
    """The file. ``apart``: pairs of groups that are never in one parcel."""

    edition: _Text
    source: _Text
    gross_g: Annotated[int, Field(ge=1, le=1_000_000)] = 30_000
    apart: tuple[tuple[Name, Name], ...] = ()
    entry: tuple[EntryTable, ...] = ()


def goods_problems(file: GoodsFile) -> Iterator[str]:
    """What rows say against each other."""
    seen: dict[tuple[str, str], int] = {}
    for at, one in enumerate(file.entry):
        key = (one.un, one.packing_group)
        if seen.setdefault(key, at) != at:
            yield f"entry.{at}.un: {one.un!r}: is entry.{seen[key]} already, with the same packing group"
        if one.lq_ml and one.lq_g:
            yield f"entry.{at}.lq_g: {one.lq_g}: a liquid has lq_ml, a solid lq_g, none has both"
        for limit, most in (("air_ml", one.lq_ml), ("air_g", one.lq_g)):
            if getattr(one, limit) > most:
                yield f"entry.{at}.{limit}: {getattr(one, limit)}: more than on the road, allowed: 0..{most}"
    groups = {group for one in file.entry for group in one.groups}
    for at, pair in enumerate(file.apart):
        for group in pair:
            if group not in groups:
                yield f"apart.{at}: {group!r}: no entry is of this group"


@dataclass(frozen=True, slots=True)
class PackingMeans:
    """All that a packing plan needs to know of a site."""

    cartons: tuple[Carton, ...]
    supplies: Supplies
    rules: GoodsRules
    support_percent: int

    def packer(self) -> Packer:
        """Who plans with them."""
        return Packer(self.cartons, self.supplies, self.rules, self.support_percent)


def load_packing(config: SiteConfig) -> PackingMeans:
    """Of a site; raises ConfigError with what is wrong in its table of goods."""
    path = config.goods.file or GOODS_TOML
    file = load_table(path, GoodsFile)
    if problems := list(goods_problems(file)):
        raise refused(path, problems)
    goods = config.goods
    return PackingMeans(
        tuple(
            Carton(
                name=name,
                inner_mm=one.inner_mm,
                outer_mm=one.outer_mm or (one.inner_mm[0] + 6, one.inner_mm[1] + 6, one.inner_mm[2] + 6),
                tare_g=one.tare_g,
                max_load_g=one.max_load_g,
                price=one.price,
                sku=one.sku,
            )
            for name, one in config.carton.items()
        ),
        Supplies(
            tuple(
                Filler(name=name, least_g_l=one.g_per_l[0], most_g_l=one.g_per_l[1], sku=one.sku, piece_g=one.piece_g)
                for name, one in config.filler.items()
            ),
            tuple(
                Protection(
                    name=name,
                    kind=ProtectionKind(one.kind),
                    mm=one.mm,
                    g=one.g,
                    g_m2=one.g_m2,
                    sku=one.sku,
                    piece_g=one.piece_g,
                )
                for name, one in config.protection.items()
            ),
        ),
        GoodsRules(
            edition=file.edition,
            source=file.source,
            entries=tuple(DangerousEntry(**one.model_dump()) for one in file.entry),
            apart=file.apart,
            gross_g=file.gross_g,
            valuable=goods.valuable,
            oversized_mm=goods.oversized_mm,
            oversized_g=goods.oversized_g,
            fragile_mm=goods.fragile_mm,
        ),
        goods.support_percent,
    )
