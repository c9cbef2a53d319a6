"""What may come back, what came, what becomes of it, and what of its price is paid back.

Public names: ReturnPolicy, ReturnReason, WindowStart, RefundWhen, WhoPays, ReturnLine, ReturnVerdict, policy_for,
looked_at, UnitFinding, SoldUnit, AwaitedUnits, recognised, Disposition, CaseSettled, settled.

Days are instants by now: `edge.intake.care` knows the consignee's calendar. A unit that came is recognised by its
EPC where it has one; the same article with another serial number is another unit, and not what was sold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.orders.money import amounts, parts
from edge.orders.sales import SalesOrder


class WindowStart(StrEnum):
    """Which day is the first of those within which goods may come back."""

    DELIVERED = "delivered"  # the day of delivery itself
    DAY_AFTER = "day-after"  # the day after it, as in China and in the EU
    SHIPPED = "shipped"  # the day after it left, where nobody says when it was delivered


class RefundWhen(StrEnum):
    """From when on money may be paid back."""

    RECEIVED = "received"
    INSPECTED = "inspected"


class WhoPays(StrEnum):
    """For the way back."""

    CUSTOMER = "customer"
    SELLER = "seller"


class ReturnReason(StrEnum):
    """Why the customer sends it back."""

    CHANGED_MIND = "changed-mind"
    DOES_NOT_FIT = "does-not-fit"
    DEFECTIVE = "defective"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong-item"
    NOT_AS_DESCRIBED = "not-as-described"
    LATE = "late"
    REFUSED = "refused"  # at the door
    NOT_ASKED = "not-asked"  # it came by itself


OUR_FAULT = frozenset(
    {ReturnReason.DEFECTIVE, ReturnReason.DAMAGED, ReturnReason.WRONG_ITEM, ReturnReason.NOT_AS_DESCRIBED,
     ReturnReason.LATE}
)  # fmt: skip
"""The way back is not the customer's to pay, and no kind of goods is left out by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPolicy:
    """What a site accepts. ``channels``, ``countries``, ``skus``: of which orders and articles, empty = all of them.

    SKUs may end in ``*``. ``excluded``: articles that never come back by themselves; ``conditions``: in which state
    goods are taken, empty = any. ``freight``: in minor units, what the customer is charged where he pays.
    """

    name: str
    channels: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    days: int
    start: WindowStart = WindowStart.DAY_AFTER
    excluded: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    pays: WhoPays = WhoPays.CUSTOMER
    freight: int = 0
    refund: RefundWhen = RefundWhen.INSPECTED
    automatic: bool = True

    def fits(self, channel: str, country: str, skus: Iterable[str]) -> bool:
        """Whether it is the one for these goods."""
        return (
            (not self.channels or channel in self.channels)
            and (not self.countries or country in self.countries)
            and (not self.skus or all(named(sku, self.skus) for sku in skus))
        )


def named(sku: str, patterns: Iterable[str]) -> bool:
    """Whether one of them is it, or ends in ``*`` and is how it begins."""
    return any(sku.startswith(one[:-1]) if one.endswith("*") else sku == one for one in patterns)


def policy_for(
    policies: Iterable[ReturnPolicy], channel: str, country: str, skus: Sequence[str]
) -> ReturnPolicy | None:
    """The first one that fits; None = no policy speaks of them."""
    return next((one for one in policies if one.fits(channel, country, skus)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnLine:
    """What a customer wants to send back. ``epc``: the very item, empty = any of the line's. ``left``: units of the
    line that were shipped and did not come back yet, nor are announced.
    """

    order: str
    line: int
    sku: str
    gtin: str
    units: int
    reason: ReturnReason
    epc: str = ""
    condition: str = ""
    left: int = 0


@dataclass(frozen=True, slots=True)
class ReturnVerdict:
    """``refused``: why not; ``ask``: what only a person can decide. Neither: it is authorised."""

    refused: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    pays: WhoPays = WhoPays.SELLER


def looked_at(
    lines: Sequence[ReturnLine], policy: ReturnPolicy | None, until_us: int, asked_us: int, *, repair: bool = False
) -> ReturnVerdict:
    """A request against a policy. ``until_us``: the end of the window, 0 = nobody knows when it began.

    What was our fault comes back whatever the policy leaves out; a repair under warranty is a person's to decide.
    """
    refused: list[str] = []
    ask: list[str] = []
    if any(one.units > one.left for one in lines):
        refused.append("too-many")
    ours = all(one.reason in OUR_FAULT for one in lines)
    if policy is None:
        return ReturnVerdict(tuple(refused), () if refused else ("no-policy",))
    if repair:
        ask.append("repair")
    elif not until_us:
        ask.append("not-delivered")
    elif asked_us >= until_us:
        (ask if ours else refused).append("window-over")
    for one in lines:
        if named(one.sku, policy.excluded):
            (ask if one.reason in OUR_FAULT else refused).append("excluded")
        if policy.conditions and one.condition not in policy.conditions and one.reason not in OUR_FAULT:
            (refused if one.condition else ask).append("condition")
    if not policy.automatic:
        ask.append("by-person")
    pays = WhoPays.SELLER if ours else policy.pays
    return ReturnVerdict(tuple(dict.fromkeys(refused)), () if refused else tuple(dict.fromkeys(ask)), pays)


class UnitFinding(StrEnum):
    """What a unit is that came."""

    RIGHT = "right"
    SWAPPED = "swapped"  # the article that was announced, but not the unit that was sold
    SURPLUS = "surplus"  # of the order, and not announced, or more than that
    UNKNOWN = "unknown"  # nobody knows that it was sold, or it is back already


@dataclass(frozen=True, slots=True)
class SoldUnit:
    """Whose an item was when it left. ``line``: 0 = of none that is known."""

    order: str
    line: int
    fulfilment: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedUnits:
    """A line of a case. ``came``: right units of it that are here. ``sold``: tags that left with its line, empty = not
    known; ``epc``: the one that is announced.
    """

    order: str
    line: int
    sku: str
    gtin: str
    units: int
    came: int = 0
    epc: str = ""
    sold: frozenset[str] = frozenset()


def recognised(
    epc: str, gtin: str, sku: str, sold: SoldUnit | None, expected: Sequence[AwaitedUnits]
) -> tuple[UnitFinding, AwaitedUnits | None]:
    """What one unit is to a case, and which of its lines it belongs to. ``sold``: None = it never left, or is back.

    ``epc`` empty: it has no tag, and only its article tells. Where nobody knows which tags left, any of the article
    is right.
    """
    alike = [one for one in expected if (gtin and gtin == one.gtin) or (sku and sku == one.sku)]
    if sold is not None:
        for one in alike:
            if (sold.order, sold.line) == (one.order, one.line):
                if one.epc not in ("", epc):
                    return UnitFinding.SWAPPED, one
                return (UnitFinding.RIGHT if one.came < one.units else UnitFinding.SURPLUS), one
    wanting = next((one for one in alike if one.came < one.units), None)
    if wanting is None:
        return (UnitFinding.UNKNOWN if sold is None else UnitFinding.SURPLUS), None
    if any(epc in one.sold for one in alike if epc):
        return UnitFinding.UNKNOWN, None  # it is back already
    if sold is None and not wanting.sold and wanting.epc in ("", epc):
        return UnitFinding.RIGHT, wanting
    return UnitFinding.SWAPPED, wanting


class Disposition(StrEnum):
    """What becomes of a unit that was inspected."""

    RESTOCK = "restock"
    REFURBISH = "refurbish"
    SUPPLIER = "supplier"
    SCRAP = "scrap"
    BACK = "back"  # to the customer


@dataclass(frozen=True, slots=True)
class CaseSettled:
    """What is booked in the ledger, in minor units. ``credit``: of what came back; ``freight``: of its way, charged;
    ``moved``: goes to the order in exchange; ``refund``: is paid back; ``due``: the order in exchange still costs.
    """

    credit: int = 0
    freight: int = 0
    moved: int = 0
    refund: int = 0
    due: int = 0


def settled(
    order: SalesOrder, back: Mapping[int, int], before: Mapping[int, int], freight: int, instead: int = 0
) -> CaseSettled:
    """What is paid back for units by line. ``before``: units by line that were credited earlier; ``instead``: what an
    order in exchange costs.

    What a unit cost was given once, and the units that come back are the last ones of their line: those that were
    cancelled are the first ones, so that all of them together are the line's price. Never more than was paid.
    """
    lines = {line.number: line for line in order.lines}
    credit = 0
    for number, units in back.items():
        line, gone = lines[number], before.get(number, 0)
        credit += parts(line, line.quantity - gone - units, units)
    charged = min(freight, max(0, credit))
    left = max(0, -(amounts(order).due - credit + charged))
    free = min(left, max(0, order.payment.paid))
    moved = min(free, instead)
    return CaseSettled(credit=credit, freight=charged, moved=moved, refund=free - moved, due=instead - moved)
