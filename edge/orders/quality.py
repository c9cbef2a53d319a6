"""Quality: what of a fulfilment is looked at before it is packed, what may be wrong with it, and what becomes of that.

Public names: Aspect, Fault, FAULTS, Settlement, QualityRule, QualityRules, LotSeen, DueCause, DueCheck, due,
DefectRate, rates.

Who is looked at is drawn by the fulfilment's own name: asked again it is the same, and nobody can choose.
"""

from __future__ import annotations

from binascii import crc32
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

MILLION = 1_000_000


class Aspect(StrEnum):
    """What is looked at."""

    APPEARANCE = "appearance"
    QUANTITY = "quantity"
    FUNCTION = "function"
    LABEL = "label"
    EXPIRY = "expiry"


class Fault(StrEnum):
    """What is wrong."""

    DIRTY = "dirty"
    SCRATCHED = "scratched"
    CRUSHED = "crushed"
    WRONG_COLOUR = "wrong-colour"
    MISSING = "missing"
    TOO_MANY = "too-many"
    WRONG_ITEM = "wrong-item"
    DEFECTIVE = "defective"
    LEAKING = "leaking"
    INCOMPLETE = "incomplete"
    LABEL_MISSING = "label-missing"
    LABEL_UNREADABLE = "label-unreadable"
    LABEL_WRONG = "label-wrong"
    EXPIRED = "expired"
    EXPIRES_SOON = "expires-soon"


FAULTS: dict[Aspect, tuple[Fault, ...]] = {
    Aspect.APPEARANCE: (Fault.DIRTY, Fault.SCRATCHED, Fault.CRUSHED, Fault.WRONG_COLOUR),
    Aspect.QUANTITY: (Fault.MISSING, Fault.TOO_MANY, Fault.WRONG_ITEM),
    Aspect.FUNCTION: (Fault.DEFECTIVE, Fault.LEAKING, Fault.INCOMPLETE),
    Aspect.LABEL: (Fault.LABEL_MISSING, Fault.LABEL_UNREADABLE, Fault.LABEL_WRONG),
    Aspect.EXPIRY: (Fault.EXPIRED, Fault.EXPIRES_SOON),
}
"""What may be wrong under each aspect."""


class Settlement(StrEnum):
    """What becomes of what was refused."""

    REWORK = "rework"  # it was put right, and is good
    REPLACE = "replace"  # it is set aside, and another unit is picked
    SHORT = "short"  # it is set aside, and the fulfilment goes without it
    SCRAP = "scrap"  # it is written off, and another unit is picked


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRule:
    """Of which articles how many fulfilments are looked at: of a SKU, of a supplier, or of both; empty = any."""

    sku: str = ""
    supplier: str = ""
    per_million: int
    aspects: tuple[Aspect, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRules:
    """``rules``: the first that fits; else ``per_million`` and ``aspects``. ``new_lot_units``: so many fulfilments with
    units of a lot are looked at before its share counts.
    """

    per_million: int = 0
    aspects: tuple[Aspect, ...] = (Aspect.APPEARANCE, Aspect.QUANTITY, Aspect.LABEL)
    new_lot_units: int = 0
    rules: tuple[QualityRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LotSeen:
    """A lot of an article in a fulfilment. ``checked``: fulfilments in which it was looked at; ``supplier``: empty =
    not known; ``blocked``: somebody stopped it.
    """

    sku: str
    lot: str = ""
    supplier: str = ""
    checked: int = 0
    blocked: bool = False


class DueCause(StrEnum):
    """Why something is looked at."""

    SHARE = "share"
    NEW_LOT = "new-lot"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCheck:
    """What is to be looked at before the fulfilment gets its label."""

    sku: str
    lot: str
    aspects: tuple[Aspect, ...]
    cause: DueCause


def due(
    fulfilment: str, lots: Iterable[LotSeen], rules: QualityRules, done: Collection[tuple[str, Aspect]]
) -> tuple[DueCheck, ...]:
    """What of a fulfilment is still to be looked at. ``done``: (SKU, aspect) that somebody looked at."""
    found: list[DueCheck] = []
    for one in sorted(lots, key=lambda lot: (lot.sku, lot.lot)):
        rule = next((its for its in rules.rules if _fits(its, one)), None)
        share, aspects = (rule.per_million, rule.aspects) if rule else (rules.per_million, rules.aspects)
        if one.blocked:
            cause = DueCause.BLOCKED
        elif one.lot and one.checked < rules.new_lot_units:
            cause = DueCause.NEW_LOT
        elif crc32(f"{fulfilment}\n{one.sku}".encode()) % MILLION < share:
            cause = DueCause.SHARE
        else:
            continue
        wanted = (its for its in aspects if one.lot or its is not Aspect.EXPIRY)
        if left := tuple(its for its in wanted if (one.sku, its) not in done):
            found.append(DueCheck(sku=one.sku, lot=one.lot, aspects=left, cause=cause))
    return tuple(found)


def _fits(rule: QualityRule, one: LotSeen) -> bool:
    return rule.sku in ("", one.sku) and rule.supplier in ("", one.supplier)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefectRate:
    """Of a supplier's or a lot's units that were looked at, how many looks found something wrong."""

    supplier: str
    sku: str
    lot: str
    looks: int
    refused: int

    @property
    def per_million(self) -> int:
        """Refused of a million looks."""
        return self.refused * MILLION // self.looks if self.looks else 0


def rates(looks: Mapping[tuple[str, str, str], tuple[int, int]]) -> tuple[DefectRate, ...]:
    """By (supplier, SKU, lot) looks and refused ones: each lot, then each supplier as a whole; the worst first."""
    whole: Counter[str] = Counter()
    bad: Counter[str] = Counter()
    for (supplier, _, _), (n, refused) in looks.items():
        if supplier:
            whole[supplier] += n
            bad[supplier] += refused
    found = [
        DefectRate(supplier=supplier, sku=sku, lot=lot, looks=n, refused=refused)
        for (supplier, sku, lot), (n, refused) in looks.items()
    ]
    found += [DefectRate(supplier=name, sku="", lot="", looks=n, refused=bad[name]) for name, n in whole.items()]
    return tuple(sorted(found, key=lambda one: (-one.per_million, -one.looks, one.supplier, one.sku, one.lot)))
