"""Which bins a line is picked from: first expired first out, among what is free and lives long enough.

Public names: Offer, Refused, Take, BinChoice, chosen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from edge.orders.stock import BinKey, StockCondition


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A row of the bin book as the choice sees it. ``free``: what no order has; what is staged is not free.

    ``expires_us``: from when on it may not leave any more, the begin of its last day at the site; 0 = never. ``path``:
    the bin's place on the way, the lower the sooner. ``suspect``: short once and not counted since.
    """

    key: BinKey
    free: int
    expires_us: int = 0
    path: int = 0
    suspect: bool = False


class Refused(StrEnum):
    """Why a bin was passed over."""

    SUSPECT = "suspect"
    NOT_SELLABLE = "not-sellable"
    EXPIRED = "expired"
    TOO_SHORT = "life-too-short"  # would not live long enough where it is delivered
    MIXED = "lots-not-mixed"


@dataclass(frozen=True, slots=True)
class Take:
    """Units of one bin."""

    key: BinKey
    quantity: int


@dataclass(frozen=True, slots=True)
class BinChoice:
    """Where a line is picked from; ``missing``: units that nobody offers. ``refused``: offers with free units."""

    takes: tuple[Take, ...]
    missing: int
    refused: tuple[tuple[BinKey, Refused], ...]


def chosen(
    offers: Iterable[Offer],
    quantity: int,
    now_us: int,
    delivered_us: int,
    min_life_us: int = 0,
    single_lot: bool = False,
) -> BinChoice:
    """Bins for a line: by expiry, then such as are emptied, then by the way.

    ``delivered_us``: when it is promised to arrive, or will. ``single_lot``: of the first lot that has enough, or not
    at all.
    """
    refused: list[tuple[BinKey, Refused]] = []
    left: list[Offer] = []
    for offer in sorted(offers, key=lambda offer: offer.key):
        if offer.free > 0:
            why = _refusal(offer, now_us, delivered_us + min_life_us)
            if why:
                refused.append((offer.key, why))
            else:
                left.append(offer)
    if single_lot:
        lots: dict[tuple[int, str], list[Offer]] = {}
        for offer in left:
            lots.setdefault((_expiry(offer), offer.key.lot), []).append(offer)
        enough = [lot for lot in sorted(lots) if sum(offer.free for offer in lots[lot]) >= quantity]
        if not enough:
            refused += ((offer.key, Refused.MIXED) for offer in left)
        left = lots[enough[0]] if enough else []
    takes: list[Take] = []
    while quantity and left:
        wanted = quantity
        best = min(left, key=lambda offer: (_expiry(offer), offer.free > wanted, offer.path, offer.key))
        left.remove(best)
        takes.append(Take(best.key, n := min(best.free, quantity)))
        quantity -= n
    return BinChoice(tuple(takes), quantity, tuple(refused))


_NEVER = 1 << 62


def _expiry(offer: Offer) -> int:
    return offer.expires_us or _NEVER


def _refusal(offer: Offer, now_us: int, until_us: int) -> Refused | None:
    if offer.suspect:
        return Refused.SUSPECT
    if offer.key.condition is not StockCondition.SELLABLE:
        return Refused.NOT_SELLABLE
    if _expiry(offer) <= now_us:
        return Refused.EXPIRED
    return Refused.TOO_SHORT if _expiry(offer) < until_us else None
