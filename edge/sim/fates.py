"""What becomes of a parcel in the simulated shop, before anybody knows it: how it is packed, carried and liked.

Public names: PackSlip, Fate, Wish, Leg, pack_slip_of, fate_of, wish_of, legs_of, CODES.

Each follows from the seed and the sale's number alone, and is spread evenly over neighbouring sales.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeVar

_T = TypeVar("_T")

CODES: dict[str, tuple[int, str]] = {
    "PU": (3, "handed-over"),
    "IT": (4, "in-transit"),
    "OD": (5, "out-for-delivery"),
    "FA": (5, "failed-attempt"),
    "LO": (6, "lost"),
    "DL": (7, "delivered"),
}
"""What the carriers' codes mean as `[carrier.*]` of the example says, with how far a parcel is then: of two equal ones
the later one counts. DE and DM stand beside it, and XX stands in no table."""


class PackSlip(StrEnum):
    """What a packer does wrong at first."""

    NONE = "none"
    FORGOTTEN = "forgotten"  # one piece stays in the tote
    WRONG_CARTON = "wrong-carton"
    UNLOOKED = "unlooked"  # the look at the closed parcel is left out
    WEIGHT_OFF = "weight-off"  # a hand lies on the scale


class Fate(StrEnum):
    """What a carrier does with a parcel."""

    SMOOTH = "smooth"
    DELAYED = "delayed"
    DAMAGED = "damaged"
    LOST = "lost"
    ATTEMPTS = "attempts"  # nobody opens, twice
    ODD = "odd"  # a code that nobody explained


class Wish(StrEnum):
    """What a customer does with a parcel that came."""

    KEEP = "keep"
    RATE = "rate"
    RETURN = "return"
    SWAPPED = "swapped"  # another unit of the article comes back first
    FEWER = "fewer"  # one piece less than announced
    MORE = "more"  # one piece more
    UNASKED = "unasked"
    EXCHANGE = "exchange"
    COMPLAIN = "complain"


@dataclass(frozen=True, slots=True)
class Leg:
    """What a carrier says of a parcel next. ``after_s``: since the one before."""

    code: str
    town: str
    after_s: float


_SLIPS = ((PackSlip.FORGOTTEN, 0.03), (PackSlip.WRONG_CARTON, 0.03), (PackSlip.UNLOOKED, 0.04),
          (PackSlip.WEIGHT_OFF, 0.04))  # fmt: skip
_FATES = ((Fate.DELAYED, 0.06), (Fate.DAMAGED, 0.05), (Fate.LOST, 0.04), (Fate.ATTEMPTS, 0.05), (Fate.ODD, 0.08))
_WISHES = ((Wish.RATE, 0.3), (Wish.RETURN, 0.08), (Wish.SWAPPED, 0.04), (Wish.FEWER, 0.03), (Wish.MORE, 0.03),
           (Wish.UNASKED, 0.03), (Wish.EXCHANGE, 0.06), (Wish.COMPLAIN, 0.06))  # fmt: skip
_STEP_S = (2.0, 5.0)
_HUBS = {"CN": ("Jiaxing", "Wuxi"), "DE": ("Leipzig", "Eindhoven")}


def pack_slip_of(seed: int, index: int) -> PackSlip:
    """Of sale number ``index``."""
    return _drawn(seed, "packing", index, 0.6457513110645907, _SLIPS) or PackSlip.NONE


def fate_of(seed: int, index: int) -> Fate:
    """The same of a carrier."""
    return _drawn(seed, "carriage", index, 0.4142135623730951, _FATES) or Fate.SMOOTH


def wish_of(seed: int, index: int) -> Wish:
    """The same of a customer."""
    return _drawn(seed, "wishes", index, 0.7320508075688772, _WISHES) or Wish.KEEP


def legs_of(rng: Random, fate: Fate, town: str, country: str) -> list[Leg]:
    """What happens on the way to a town."""
    codes = {
        Fate.DELAYED: ("PU", "IT", "DE", "OD", "DL"),
        Fate.DAMAGED: ("PU", "IT", "DM", "OD", "DL"),
        Fate.LOST: ("PU", "IT", "LO"),
        Fate.ATTEMPTS: ("PU", "IT", "OD", "FA", "OD", "FA", "DL"),
        Fate.ODD: ("PU", "XX", "IT", "OD", "DL"),
    }.get(fate, ("PU", "IT", "OD", "DL"))
    hub = rng.choice(_HUBS[country])
    there = {"OD", "FA", "DL"}
    return [Leg(code, town if code in there else hub, rng.uniform(*_STEP_S)) for code in codes]


def _drawn(seed: int, what: str, index: int, step: float, shares: Sequence[tuple[_T, float]]) -> _T | None:
    """``step`` is irrational, another one for each ``what``: so no two of them go together."""
    draw = (Random(f"{seed}/{what}").random() + index * step) % 1.0
    for one, share in shares:
        if draw < share:
            return one
        draw -= share
    return None
