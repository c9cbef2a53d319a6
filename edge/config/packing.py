"""[carton.NAME], [filler.NAME], [protection.NAME], [goods] of SITE.toml: with what parcels are packed, by which rules.

Public names: CartonTable, FillerTable, ProtectionTable, GoodsTable, packing_problems.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from edge.config.table import Frozen, Given

_Edge = Annotated[int, Field(ge=1, le=100_000)]
_Grams = Annotated[int, Field(ge=0, le=10_000_000)]
_Sku = Annotated[str, StringConstraints(max_length=80)]
_PIECE = Field(
    default=1, ge=1, le=1_000_000, description="what the stock counts as one weighs, as a sheet; 1 = it counts grams"
)
_AN_SKU = "the material in the stock; empty = it is not counted"


class CartonTable(Frozen):
    """A carton, or any other packaging with the shape of one."""

    inner_mm: tuple[_Edge, _Edge, _Edge] = Field(description="length, width and height inside, as it stands")
    outer_mm: tuple[_Edge, _Edge, _Edge] | None = Field(default=None, description="and outside; none = 6 mm more each")
    tare_g: _Grams = Field(description="what it weighs when empty")
    max_load_g: Annotated[int, Field(ge=1, le=10_000_000)] = Field(description="what may be in it")
    price: int = Field(default=0, ge=0, le=2**40, description="minor units; the cheapest that holds all is taken")
    sku: _Sku = Field(default="", description=_AN_SKU)


class FillerTable(Frozen):
    """What fills the room that goods leave."""

    g_per_l: tuple[_Grams, _Grams] = Field(description="how much of it people put into a litre: from, to")
    sku: _Sku = Field(default="", description=_AN_SKU)
    piece_g: int = _PIECE


class ProtectionTable(Frozen):
    """What goods need besides a carton. Of two for one need the first is taken."""

    kind: Literal["wrap", "leak-bag", "intermediate", "corners", "seal"] = Field(description="what it is for")
    mm: int = Field(default=0, ge=0, le=1_000, description="by how much it makes each side thicker; a wrap: one layer")
    g: _Grams = Field(default=0, description="a piece weighs")
    g_m2: _Grams = Field(default=0, description="a square metre weighs, of what is cut to size")
    sku: _Sku = Field(default="", description=_AN_SKU)
    piece_g: int = _PIECE


class GoodsTable(Frozen):
    """Rules for goods that are not like others."""

    file: Given | None = Field(
        default=None,
        description="table of dangerous goods, TOML, that the site's safety adviser answers for; none = the small one "
        "that comes along, see docs/packing.md",
    )
    valuable: int = Field(default=0, ge=0, le=2**50, description="minor units from which on it is sealed; 0 = never")
    oversized_mm: int = Field(default=0, ge=0, le=100_000, description="a longer unit goes without carton; 0 = never")
    oversized_g: _Grams = Field(default=0, description="and a heavier one; 0 = never")
    fragile_mm: int = Field(
        default=0, ge=0, le=1_000, description="padding on each side of fragile goods whose article says none"
    )
    support_percent: int = Field(default=75, ge=1, le=100, description="of a base that must rest on something")


def packing_problems(
    cartons: Mapping[str, CartonTable], fillers: Mapping[str, FillerTable], materials: Mapping[str, int]
) -> Iterator[str]:
    """What they say against each other; ``materials``: cartons by volume alone, of ``plan.cartons``."""
    for name, one in cartons.items():
        if one.outer_mm and any(out < inside for out, inside in zip(one.outer_mm, one.inner_mm, strict=True)):
            yield f"carton.{name}.outer_mm: {one.outer_mm}: is smaller than inner_mm {one.inner_mm}"
        if one.sku in materials:
            yield f"plan.cartons.{one.sku}: is carton.{name} too: give it there alone"
    seen: dict[tuple[object, ...], str] = {}
    for name, one in cartons.items():
        key = (tuple(sorted(one.inner_mm)), one.max_load_g)
        if (other := seen.setdefault(key, name)) != name:
            yield f"carton.{name}.inner_mm: {one.inner_mm}: carton.{other} is as large and carries as much"
    for name, filler in fillers.items():
        if filler.g_per_l[0] > filler.g_per_l[1]:
            yield f"filler.{name}.g_per_l: {filler.g_per_l}: the second number is the greater"
