"""Cartons and what is put into them besides goods: fillers, wraps, bags; and where a piece of goods stands in one.

Public names: Carton, Filler, ProtectionKind, Protection, Supplies, Placement.

Measures in mm, masses in grams, prices in minor units of one currency. A material is an article of the stock by its
SKU, empty = none that the stock counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.orders.articles import Edges


@dataclass(frozen=True, slots=True, kw_only=True)
class Carton:
    """``tare_g``: of the empty one; ``max_load_g``: what it carries."""

    name: str
    inner_mm: Edges
    outer_mm: Edges
    tare_g: int
    max_load_g: int
    price: int = 0
    sku: str = ""

    @property
    def room_mm3(self) -> int:
        """What is in it."""
        return self.inner_mm[0] * self.inner_mm[1] * self.inner_mm[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filler:
    """What fills the room that goods leave. ``least_g_l``, ``most_g_l``: how much of it people put into a litre;
    ``piece_g``: what the stock counts as one weighs, as a sheet of paper.
    """

    name: str
    least_g_l: int
    most_g_l: int
    sku: str = ""
    piece_g: int = 1


class ProtectionKind(StrEnum):
    """What goods may need besides a carton."""

    WRAP = "wrap"  # around what breaks
    LEAK_BAG = "leak-bag"  # around what may run out
    INTERMEDIATE = "intermediate"  # a rigid packaging between inner packaging and carton
    CORNERS = "corners"  # of what goes without a carton
    SEAL = "seal"  # of what is worth stealing


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """A material for one need. ``mm``: by how much it makes each side thicker; ``g_m2``: of what is cut to size, of
    which the stock counts ``piece_g`` as one; else ``g`` of a piece.
    """

    name: str
    kind: ProtectionKind
    mm: int = 0
    g: int = 0
    g_m2: int = 0
    sku: str = ""
    piece_g: int = 1


@dataclass(frozen=True, slots=True)
class Supplies:
    """What a packing station has at hand; the first material of a kind is taken."""

    fillers: tuple[Filler, ...] = ()
    protections: tuple[Protection, ...] = ()

    def protection(self, kind: ProtectionKind) -> Protection | None:
        """The material for a need."""
        return next((one for one in self.protections if one.kind is kind), None)


@dataclass(frozen=True, slots=True)
class Placement:
    """``units`` of an article, more than one if they stand in one another: ``at_mm`` their corner nearest to the
    carton's origin, ``edges_mm`` along length, width and height of the carton, padding included.
    """

    sku: str
    units: int
    at_mm: Edges
    edges_mm: Edges
