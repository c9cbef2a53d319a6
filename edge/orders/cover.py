"""How long the stock lasts: too little, too much, and what nobody wants. Packing material is judged like anything else.

Public names: Turnover, CoverLimits, CoverFinding, DAY_US, days_known, days_of_cover, judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnover:
    """A SKU as its books and ledger say. ``waiting``: units that accepted orders want and none has.

    ``used``: units that were shipped or packed away within the last ``days``, which are as many as are asked for, or
    fewer where it came later. ``last_us``: when the last one went, or the first one came; 0 = none ever came.
    """

    sku: str
    sellable: int
    promised: int
    waiting: int
    used: int
    days: int
    last_us: int
    expected: int = 0  # units on their way to us


@dataclass(frozen=True, slots=True)
class CoverLimits:
    """In days. ``least``: how long a new delivery takes, with a margin. ``used``: from which its use is taken."""

    least: int = 7
    most: int = 180
    slow: int = 90
    used: int = 30


class CoverFinding(StrEnum):
    """What is wrong with a stock."""

    SHORTAGE = "shortage"  # orders wait for it
    LOW = "low"
    OVERSTOCK = "overstock"
    SLOW = "slow-mover"


def days_known(first_us: int, now_us: int, most: int) -> int:
    """Of how many days the use of a SKU is known that first came at a time: those begun since then, ``most`` at most.

    Over all ``most`` days the use of what came last week would look like little, and its stock like a lot.
    """
    return max(1, min(most, -((first_us - now_us) // DAY_US)))


def days_of_cover(row: Turnover) -> int | None:
    """Whole days that what is free and expected lasts; None = without end, as nothing of it is used."""
    free = row.sellable - row.promised + row.expected - row.waiting
    return max(0, free) * row.days // row.used if row.used else None


def judged(row: Turnover, limits: CoverLimits, now_us: int) -> tuple[CoverFinding, ...]:
    """What is to be listed about a SKU."""
    found: list[CoverFinding] = []
    cover = days_of_cover(row)
    if row.waiting > row.sellable - row.promised:
        found.append(CoverFinding.SHORTAGE)
    if cover is not None and cover < limits.least:
        found.append(CoverFinding.LOW)
    if cover is not None and cover > limits.most:
        found.append(CoverFinding.OVERSTOCK)
    if row.sellable and now_us - row.last_us >= limits.slow * DAY_US:
        found.append(CoverFinding.SLOW)
    return tuple(found)
