"""What is kept and sold, by SKU: its GTINs and how many units each holds, its goods, its size, how long it must live.

Public names: Goods, NOTHING_SPECIAL, Stance, Edges, Article, GtinError, gtin14, is_own_number, units_by_gtin.

Packing material is an article like any other. Source: GS1 General Specifications, release 25, 2.1 and 4.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag, StrEnum
from typing import TypeAlias

Edges: TypeAlias = tuple[int, int, int]
"""Length, width and height in mm."""


class Goods(IntFlag):
    """What a carrier must be willing to take."""

    LIMITED_QUANTITY = 1  # dangerous goods in small inner packages
    LIQUID = 2
    FRAGILE = 4
    BATTERY = 8
    COD = 16  # money is due at the door
    GROUND_ONLY = 32  # no aircraft takes it as it is packed


NOTHING_SPECIAL = Goods(0)


class Stance(StrEnum):
    """How it may stand in a carton: turned at will, with its height upright, or lying on its largest face."""

    ANY = "any"
    UPRIGHT = "upright"
    FLAT = "flat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """``gtins``: 14 digits each and how many units it stands for, 1 = the item itself. Volume in mm³.

    ``min_life_us``: how long it must live after the promised delivery. ``single_lot``: the units of one line never mix
    lots. ``mass_g``, ``edges_mm``: 0 = not known. ``on_top_g``: what may stand on it, 0 = nothing, None = anything.
    ``nest_mm``: how much higher a stack becomes by one more that is put into the last, 0 = they do not go into one
    another. ``wrap_mm``: of padding on each side. ``sealed``: a liquid that cannot run out, however it lies. ``value``:
    minor units. ``un``: four digits, empty = not dangerous; ``inner_ml``, ``inner_g``: what one inner packaging of it
    holds, 0 = not known; ``brittle``: that is of glass, porcelain or stoneware.
    """

    sku: str
    gtins: tuple[tuple[str, int], ...] = ()
    min_life_us: int = 0
    single_lot: bool = False
    mass_g: int = 0
    volume_mm3: int = 0
    longest_mm: int = 0
    goods: Goods = NOTHING_SPECIAL
    material: bool = False  # used up by packing, never sold
    edges_mm: Edges = (0, 0, 0)
    stance: Stance = Stance.ANY
    on_top_g: int | None = None
    nest_mm: int = 0
    wrap_mm: int = 0
    sealed: bool = True
    value: int = 0
    un: str = ""
    packing_group: str = ""
    inner_ml: int = 0
    inner_g: int = 0
    brittle: bool = False


class GtinError(ValueError):
    """No GTIN, or one that stands for two things; says the number."""


def gtin14(given: str) -> str:
    """A GTIN of 8, 12, 13 or 14 digits as 14: filled with zeros on the left, none ever stripped.

    Raises:
        GtinError: another length, other characters, or a wrong check digit.
    """
    if len(given) not in (8, 12, 13, 14) or not (given.isascii() and given.isdigit()):
        raise GtinError(f"{given!r} is not a GTIN of 8, 12, 13 or 14 digits")
    full = given.rjust(14, "0")
    check = -sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(full[:13])) % 10
    if check != int(full[13]):
        raise GtinError(f"{given}: the check digit is {check}")
    return full


def is_own_number(gtin: str) -> bool:
    """Whether a GTIN of 14 digits is one that every shop gives by itself: it means something in its channel only."""
    return gtin.startswith("0") and (gtin[1:3] in ("02", "04") or gtin[1] == "2")


def units_by_gtin(articles: Iterable[Article], channel: str = "") -> dict[tuple[str, str], tuple[str, int]]:
    """What a number means: (channel, GTIN) -> (SKU, units); the channel is empty but for numbers that a shop made up.

    Raises:
        GtinError: one number for two articles, or a quantity that varies (indicator 9), which no number of units says.
    """
    found: dict[tuple[str, str], tuple[str, int]] = {}
    for article in articles:
        for given, units in article.gtins:
            gtin = gtin14(given)
            if gtin[0] == "9":
                raise GtinError(f"{article.sku}: {gtin} is of variable measure")
            key = (channel if is_own_number(gtin) else "", gtin)
            if found.setdefault(key, (article.sku, units)) != (article.sku, units):
                raise GtinError(f"{gtin} is {found[key][0]} and {article.sku}")
    return found
