"""What is looked at before an order is accepted: each rule by its code, and what its findings make of the order.

Public names: ReviewRule, Weight, WEIGHTS, PERSONAL, SkuFact, Facts, ReviewRules, ReviewFinding,
Waiver, Judgement, judge, Case, JUDGES.

Whatever needs a clock, a library or the store to be known comes in as `Facts`. Nothing is dropped: a finding holds an
order, or warns, until it is gone or somebody waives it by name and reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from edge.orders.likeness import Similar
from edge.orders.money import Amounts, amounts, digits_of, shown, worth
from edge.orders.sales import Consignee, Noted, OrderStage, PaymentKind, SalesOrder
from edge.orders.stages import OrderTurn, turned


class ReviewRule(StrEnum):
    """What is looked at; the value is the finding's code."""

    UNKNOWN_SKU = "unknown-sku"
    DISCONTINUED = "discontinued"
    QUANTITY_UNUSUAL = "quantity-unusual"
    NAME_MISSING = "name-missing"
    PHONE_IMPLAUSIBLE = "phone-implausible"
    PHONE_MASKED = "phone-masked"
    ADDRESS_INCOMPLETE = "address-incomplete"
    ADDRESS_CONTRADICTION = "address-contradiction"
    UNDELIVERABLE_ZONE = "undeliverable-zone"
    NO_SERVICE = "no-service"
    UNPAID = "unpaid"
    BALANCE_DUE = "balance-due"
    AMOUNT_MISMATCH = "amount-mismatch"
    OVERPAID = "overpaid"
    COD_LIMIT = "cod-limit"
    OUT_OF_STOCK = "out-of-stock"
    DUPLICATE = "duplicate"
    VELOCITY = "velocity"
    BLOCKLIST = "blocklist"
    TEST_ORDER = "test-order"
    FOREIGN_CURRENCY = "foreign-currency"
    RESTRICTED_GOODS = "restricted-goods"
    PROMISE_IMPOSSIBLE = "promise-impossible"


class Weight(StrEnum):
    """What a finding does to an order."""

    HOLD = "hold"  # until it is gone, or waived
    WARN = "warn"  # it is shown, and that is all


WEIGHTS: dict[ReviewRule, Weight] = {
    rule: Weight.WARN if rule is ReviewRule.PHONE_MASKED else Weight.HOLD for rule in ReviewRule
}
"""Where the site says nothing else."""


PERSONAL = frozenset(
    {
        ReviewRule.PHONE_IMPLAUSIBLE,
        ReviewRule.PHONE_MASKED,
        ReviewRule.ADDRESS_INCOMPLETE,
        ReviewRule.ADDRESS_CONTRADICTION,
        ReviewRule.UNDELIVERABLE_ZONE,
    }
)
"""Their values are the consignee's, in waivers too: they are kept and forgotten with it, and go nowhere else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkuFact:
    """What the goods' table says. ``usual``: what 99 of 100 orders do not exceed, 0 = not known. ``restricted``: what
    must be true of who gets it or of how it goes and is not, in words; empty = nothing."""

    discontinued: bool = False
    usual: int = 0
    restricted: str = ""


_NOTHING = SkuFact()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What intake and store found out about one order. None = nobody could ask, so nothing is found.

    ``skus``: those that are known; None where the site keeps none. ``noted``: by intake. ``services``: that may carry
    it. ``cod_limit``: the most that any of them collects, in minor units. ``stock``: units by SKU that may be promised
    to it, its own reservation counted. ``similar``: by its blocking keys, within `ReviewRules.duplicate_days`.
    ``recent``: orders within a day by what they share with it. ``blocked``: what of it is on the blocklist, and
    why: (kind, why). ``refused``: parcels refused at the door before. ``earliest``: local date of delivery, ISO 8601;
    ``ready_us``: when it can leave.
    """

    consignee: Consignee
    skus: Mapping[str, SkuFact] | None
    noted: Sequence[Noted] = ()
    deliverable: bool = True
    services: Sequence[str] | None = None
    cod_limit: int | None = None
    stock: Mapping[str, int] | None = None
    similar: Sequence[Similar] = ()
    recent: Mapping[str, int] = field(default_factory=dict)
    blocked: Sequence[tuple[str, str]] = ()
    refused: int = 0
    earliest: str = ""
    ready_us: int = 0
    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRules:
    """What a site says about review, [review] of SITE.toml. Amounts are in minor units.

    ``weights``: only those that differ from `WEIGHTS`; ``off``: rules that are not applied. ``currencies``: empty =
    all. ``cod_max``: by currency. ``digits``: of the minor unit, by currency.
    """

    off: frozenset[ReviewRule] = frozenset()
    weights: Mapping[ReviewRule, Weight] = field(default_factory=dict)
    quantity_factor: int = 3
    quantity_max: int = 100
    amount_tolerance: int = 0
    cod_max: Mapping[str, int] = field(default_factory=dict)
    currencies: tuple[str, ...] = ()
    digits: Mapping[str, int] = field(default_factory=dict)
    duplicate_days: int = 7
    duplicate_score: int = 90
    velocity_max: int = 5
    refusals_max: int = 1
    unpaid_h: int = 48
    test_marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewFinding:
    """Something about an order. ``where``: line or field; ``value``: what stands there; ``limit``: what is allowed."""

    code: ReviewRule
    weight: Weight
    where: str = ""
    value: str = ""
    limit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Somebody says that a finding is none. It is of that value there: another one is found anew."""

    code: ReviewRule
    where: str
    value: str
    by: str
    reason: str
    at_us: int = 0

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.reason.strip():
            raise ValueError(f"waiver of {self.code}: a name and a reason are needed")

    def covers(self, finding: ReviewFinding) -> bool:
        """Whether it is of this finding."""
        return (self.code, self.where, self.value) == (finding.code, finding.where, finding.value)


@dataclass(frozen=True, slots=True)
class Judgement:
    """``open``: of the findings, those that hold it."""

    findings: tuple[ReviewFinding, ...]
    open: tuple[ReviewFinding, ...]
    order: SalesOrder

    @property
    def stage(self) -> OrderStage:
        """Where the order is now."""
        return self.order.stage


@dataclass(frozen=True, slots=True)
class Case:
    """What a rule looks at."""

    order: SalesOrder
    facts: Facts
    rules: ReviewRules
    amounts: Amounts


Found = Iterator[tuple[str, str, str]]
"""Where, value and limit of each finding."""


def judge(order: SalesOrder, facts: Facts, rules: ReviewRules, waivers: Sequence[Waiver] = ()) -> Judgement:
    """All that is found, in the order of the rules. An order in review or held is accepted or held by that; any other
    stays where it is."""
    case = Case(order, facts, rules, amounts(order))
    findings = tuple(
        ReviewFinding(rule, rules.weights.get(rule, WEIGHTS[rule]), *found)
        for rule, finds in JUDGES.items()
        if rule not in rules.off
        for found in finds(case)
    )
    stops = tuple(
        one for one in findings if one.weight is Weight.HOLD and not any(waiver.covers(one) for waiver in waivers)
    )
    judged = order
    if order.stage in (OrderStage.REVIEW, OrderStage.HELD):
        judged = turned(order, OrderTurn.STOPPED if stops else OrderTurn.PASSED)
    return Judgement(findings, stops, judged)


def _unknown_sku(case: Case) -> Found:
    skus = case.facts.skus
    if skus is not None:
        yield from (
            (f"line {one.number}", one.sku, "") for one in case.order.lines if one.wanted and one.sku not in skus
        )


def _discontinued(case: Case) -> Found:
    for one in case.order.lines:
        if one.wanted and _known(case, one.sku).discontinued:
            yield f"line {one.number}", one.sku, ""


def _quantity_unusual(case: Case) -> Found:
    """By article, so that two lines of it are no way round."""
    wanted: dict[str, int] = {}
    for one in case.order.lines:
        wanted[one.sku] = wanted.get(one.sku, 0) + one.wanted
    for sku, units in wanted.items():
        usual = _known(case, sku).usual
        limit = usual * case.rules.quantity_factor or case.rules.quantity_max
        if units > limit:
            yield sku, str(units), str(limit)


def _name_missing(case: Case) -> Found:
    if not case.facts.consignee.name.strip():
        yield "name", "", ""


def _phone_implausible(case: Case) -> Found:
    if not case.facts.consignee.phone_given.strip():
        yield "phone", "", ""
    yield from _noted(case, "phone-implausible")


def _phone_masked(case: Case) -> Found:
    """Also one that the channel lends for some weeks: it rings somewhere else afterwards."""
    return _noted(case, "phone-masked", "phone-virtual")


def _address_incomplete(case: Case) -> Found:
    return _noted(case, "address-incomplete")


def _address_contradiction(case: Case) -> Found:
    return _noted(case, "address-contradiction", "address-ambiguous")


def _undeliverable_zone(case: Case) -> Found:
    if not case.facts.deliverable:
        yield "address", f"{case.facts.consignee.country} {case.facts.consignee.postcode}".strip(), ""


def _no_service(case: Case) -> Found:
    if case.facts.services is not None and (
        not case.facts.services or (case.order.service and case.order.service not in case.facts.services)
    ):
        yield "service", case.order.service or "*", ", ".join(case.facts.services)


def _unpaid(case: Case) -> Found:
    found = case.amounts
    if found.balance and not (case.order.payment.kind is PaymentKind.DEPOSIT and found.paid > 0):
        yield "payment", _money(case, found.balance), ""


def _balance_due(case: Case) -> Found:
    found = case.amounts
    if found.balance and case.order.payment.kind is PaymentKind.DEPOSIT and found.paid > 0:
        yield "payment", _money(case, found.balance), _money(case, found.paid)


def _amount_mismatch(case: Case) -> Found:
    lines = sum(worth(one) for one in case.order.lines)
    if abs(lines - case.order.payment.total) > case.rules.amount_tolerance:
        yield "payment", _money(case, case.order.payment.total), _money(case, lines)


def _overpaid(case: Case) -> Found:
    """More than it ever cost: what was cancelled or came back is paid back by itself."""
    its = case.order.payment
    if its.paid - its.total > case.rules.amount_tolerance:
        yield "payment", _money(case, its.paid), _money(case, its.total)


def _cod_limit(case: Case) -> Found:
    limits = [
        one for one in (case.rules.cod_max.get(case.order.payment.currency), case.facts.cod_limit) if one is not None
    ]
    if limits and (cod := case.amounts.cod) > min(limits):
        yield "payment", _money(case, cod), _money(case, min(limits))


def _out_of_stock(case: Case) -> Found:
    if case.facts.stock is None:
        return
    wanted: dict[str, int] = {}
    for one in case.order.lines:
        wanted[one.sku] = wanted.get(one.sku, 0) + one.wanted
    for sku, units in wanted.items():
        if case.facts.skus is not None and sku not in case.facts.skus:
            continue  # nobody knows it: that is said already
        if units > case.facts.stock.get(sku, 0):
            yield sku, str(units), str(case.facts.stock.get(sku, 0))


def _duplicate(case: Case) -> Found:
    alike = (one for one in case.facts.similar if one.order != case.order.id)
    return (("order", one.order, "") for one in alike if one.duplicate(case.rules.duplicate_score))


def _velocity(case: Case) -> Found:
    for shared, count in sorted(case.facts.recent.items()):
        if count > case.rules.velocity_max:
            yield shared, str(count), str(case.rules.velocity_max)


def _blocklist(case: Case) -> Found:
    yield from ((kind, why, "") for kind, why in case.facts.blocked)
    if case.order.payment.kind is PaymentKind.COD and case.facts.refused > case.rules.refusals_max:
        yield "refused", str(case.facts.refused), str(case.rules.refusals_max)


def _test_order(case: Case) -> Found:
    said = [case.order.external, case.order.note, *(one.sku for one in case.order.lines)]
    marks = [mark for mark in case.rules.test_marks if any(one.casefold().startswith(mark.casefold()) for one in said)]
    if case.facts.test or marks:
        yield "order", marks[0] if marks else case.order.external, ""


def _foreign_currency(case: Case) -> Found:
    if case.rules.currencies and case.order.payment.currency not in case.rules.currencies:
        yield "payment", case.order.payment.currency, ", ".join(case.rules.currencies)


def _restricted_goods(case: Case) -> Found:
    for one in case.order.lines:
        if one.wanted and _known(case, one.sku).restricted:
            yield f"line {one.number}", one.sku, _known(case, one.sku).restricted


def _promise_impossible(case: Case) -> Found:
    if case.order.promised and case.facts.earliest > case.order.promised:
        yield "promised", case.order.promised, case.facts.earliest
    if case.order.ship_by_us and case.facts.ready_us > case.order.ship_by_us:
        late = -(-(case.facts.ready_us - case.order.ship_by_us) // 60_000_000)
        yield "ship-by", f"-{late} min", "0 min"


def _known(case: Case, sku: str) -> SkuFact:
    return (case.facts.skus or {}).get(sku, _NOTHING)


def _noted(case: Case, *codes: str) -> Found:
    return ((one.where, one.value, "") for one in case.facts.noted if one.code in codes)


def _money(case: Case, amount: int) -> str:
    currency = case.order.payment.currency
    return f"{shown(amount, digits_of(currency, case.rules.digits))} {currency}"


JUDGES: dict[ReviewRule, Callable[[Case], Found]] = {
    ReviewRule.UNKNOWN_SKU: _unknown_sku,
    ReviewRule.DISCONTINUED: _discontinued,
    ReviewRule.QUANTITY_UNUSUAL: _quantity_unusual,
    ReviewRule.NAME_MISSING: _name_missing,
    ReviewRule.PHONE_IMPLAUSIBLE: _phone_implausible,
    ReviewRule.PHONE_MASKED: _phone_masked,
    ReviewRule.ADDRESS_INCOMPLETE: _address_incomplete,
    ReviewRule.ADDRESS_CONTRADICTION: _address_contradiction,
    ReviewRule.UNDELIVERABLE_ZONE: _undeliverable_zone,
    ReviewRule.NO_SERVICE: _no_service,
    ReviewRule.UNPAID: _unpaid,
    ReviewRule.BALANCE_DUE: _balance_due,
    ReviewRule.AMOUNT_MISMATCH: _amount_mismatch,
    ReviewRule.OVERPAID: _overpaid,
    ReviewRule.COD_LIMIT: _cod_limit,
    ReviewRule.OUT_OF_STOCK: _out_of_stock,
    ReviewRule.DUPLICATE: _duplicate,
    ReviewRule.VELOCITY: _velocity,
    ReviewRule.BLOCKLIST: _blocklist,
    ReviewRule.TEST_ORDER: _test_order,
    ReviewRule.FOREIGN_CURRENCY: _foreign_currency,
    ReviewRule.RESTRICTED_GOODS: _restricted_goods,
    ReviewRule.PROMISE_IMPOSSIBLE: _promise_impossible,
}
"""What each rule finds, in the order in which people read it."""
