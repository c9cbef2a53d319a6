"""What the simulated shop knows to be true of parcels, returns, cases and money, beside what the site says of them.

Public names: ParcelBook, AfterReport, ShopTold, told_of, BOOKS, CarriedParcel, SiteSaid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from edge.sim.fates import CODES
from edge.sim.sales import Sale
from edge.sim.shop_book import ShopBook, ShopReport

BOOKS = ("orders", "units", "money", "parcels", "cases")
"""What the site and the truth are compared by; a difference begins with the one it is in, or else is one of orders."""
_MOST = 20
"""Differences that a report names; how many there are it says besides."""
_LOOKED_S = 80.0
"""The site looks for parcels in trouble every minute, and has found what is older."""
_LEFT = ("sorted", "loaded", "departed")
_BEFORE = frozenset({"labelled", "sorted", "handed-over"})
_TROUBLES = {"LO": "lost", "DM": "damaged"}


class AfterReport(TypedDict):
    """What became of the shop's parcels; each number by the truth.

    ``packed``: parcels; ``slips``: mistakes of packers by kind; ``overruled``: weights that were off a second time.
    ``quality``: refused units by settlement, ``relabelled``: labels that were void since their carrier stopped.
    ``stops``: of a carrier, ``rerouted``: parcels in the lane of another carrier than they were packed for,
    ``by_hand``: in the lane of one that was theirs no more, and carried over. ``told``: things that carriers said,
    ``twice``: of them again, ``odd``: by a code that nobody explained; ``fates``: where parcels are by it.
    ``rated``, ``cases``: by kind, ``came``: units by finding, ``dispositions``: of them, ``sold_again``: units that
    were restocked and left again. ``paid``, ``paid_back``: in minor units by currency, as customers know it.
    """

    packed: int
    slips: dict[str, int]
    overruled: int
    quality: dict[str, int]
    relabelled: int
    stops: int
    rerouted: int
    by_hand: int
    told: int
    twice: int
    odd: int
    fates: dict[str, int]
    rated: int
    cases: dict[str, int]
    came: dict[str, int]
    dispositions: dict[str, int]
    sold_again: int
    paid: dict[str, int]
    paid_back: dict[str, int]


class ShopTold(ShopReport):
    """All of the shop. ``books``: by the name of each, how many differences there are between it and the truth."""

    after: AfterReport
    books: dict[str, int]


@dataclass(slots=True)
class CarriedParcel:
    """A parcel that its carrier has. ``said``: codes that the site has taken, by their place on the way; ``tried``:
    that were sent. ``troubled_s``: when the site knew of each trouble, by the loop's clock.
    """

    fulfilment: str
    sscc: str
    holds: list[tuple[str, str]]
    carrier: str = ""
    said: dict[int, str] = field(default_factory=dict)
    tried: dict[int, str] = field(default_factory=dict)
    troubled_s: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class SiteSaid:
    """What the site says: orders whole by name, parcels by SSCC, cases as rows, codes that nobody explained."""

    orders: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parcels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cases: Sequence[Mapping[str, Any]] = ()
    codes: Sequence[Mapping[str, Any]] = ()


@dataclass(slots=True)
class ParcelBook:
    """The truth behind the packing station. ``shop``: of the orders.

    ``wallet``: what customers paid by sale; ``credited``: units that came back and were paid for; ``goodwill``,
    ``way_back``: given and charged besides. ``account_of``: the first sale of one in exchange.
    """

    shop: ShopBook
    packed: int = 0
    slips: Counter[str] = field(default_factory=Counter)
    overruled: int = 0
    quality: Counter[str] = field(default_factory=Counter)
    relabelled: int = 0
    stops: int = 0
    rerouted: int = 0
    by_hand: int = 0
    carried: dict[str, CarriedParcel] = field(default_factory=dict)
    told: int = 0
    twice: int = 0
    odd: int = 0
    rated: int = 0
    cases: dict[int, str] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    came: Counter[str] = field(default_factory=Counter)
    dispositions: Counter[str] = field(default_factory=Counter)
    restocked: set[str] = field(default_factory=set)
    sold_again: int = 0
    wallet: Counter[str] = field(default_factory=Counter)
    credited: dict[str, Counter[str]] = field(default_factory=dict)
    goodwill: Counter[str] = field(default_factory=Counter)
    way_back: Counter[str] = field(default_factory=Counter)
    account_of: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def left(self, fulfilment: str, sscc: str, holds: list[tuple[str, str]]) -> CarriedParcel:
        """A parcel lies in a carrier's lane."""
        self.sold_again += sum(tag in self.restocked for _, tag in holds)
        return self.carried.setdefault(sscc, CarriedParcel(fulfilment, sscc, holds))

    def credit(self, sale: str, sku: str) -> None:
        """A unit came back and is paid for."""
        self.credited.setdefault(sale, Counter())[sku] += 1

    def paid_by(self, sale: Sale) -> int:
        """What a customer gave for a sale, with what was paid when it was taken."""
        return self.wallet[sale.id] + (sale.total if sale.paid else 0)

    def worth(self, sale: Sale) -> tuple[float, int]:
        """What a sale costs by now, and how much rounding may be in it, in minor units."""
        back = self.credited.get(sale.id, Counter[str]())
        if sale.id in self.shop.cancelled:
            return 0.0, 0
        ordered = Counter({line.sku: line.units for line in sale.lines})
        gone = ordered - self.shop.wanted[sale.id] + back
        goods = sum(line.units * line.price for line in sale.lines)
        prices = {line.sku: line.price * (1 + sale.freight / goods) for line in sale.lines}
        less = sum(prices[sku] * units for sku, units in gone.items())
        worth = sale.total - less - self.goodwill[sale.id] + self.way_back[sale.id]
        return worth, (gone.total() + len(sale.lines)) * bool(gone)

    def report(self) -> AfterReport:
        """All of it in figures."""
        paid, back = Counter[str](), Counter[str]()
        for name, sale in self.shop.sales.items():
            paid[sale.currency] += self.paid_by(sale)
            if name not in self.account_of:
                group = self._account(name)
                left = sum(round(self.worth(self.shop.sales[one])[0]) for one in group)
                back[sale.currency] += max(0, sum(self.paid_by(self.shop.sales[one]) for one in group) - left)
        fates = Counter(_state(one.said) or "waiting" for one in self.carried.values())
        return AfterReport(
            packed=self.packed,
            slips=_sorted(self.slips),
            overruled=self.overruled,
            quality=_sorted(self.quality),
            relabelled=self.relabelled,
            stops=self.stops,
            rerouted=self.rerouted,
            by_hand=self.by_hand,
            told=self.told,
            twice=self.twice,
            odd=self.odd,
            fates=_sorted(fates),
            rated=self.rated,
            cases=_sorted(Counter(self.cases.values())),
            came=_sorted(self.came),
            dispositions=_sorted(self.dispositions),
            sold_again=self.sold_again,
            paid=_sorted(paid),
            paid_back=_sorted(back),
        )

    def differences(self, site: SiteSaid, now_s: float) -> Iterator[str]:
        """Where the site and the truth are not one, a line each that begins with the book it is in."""
        yield from self.said
        for name, sale in self.shop.sales.items():
            if name in site.orders:
                yield from self._units(name, site.orders[name])
                yield from self._costs(name, sale, site.orders[name])
        for name, sale in self.shop.sales.items():
            if name not in self.account_of and name in site.orders:
                yield from self._paid(name, sale, site)
        for sscc, one in self.carried.items():
            yield from self._where(one, site.parcels.get(sscc), now_s)
        if (known := sum(one["count"] for one in site.codes if one["given"] == "XX")) != self.odd:
            yield f"parcels: carriers said {self.odd} things that nobody explained, the site knows {known}"
        yield from self._cases(site.cases)

    def _units(self, name: str, said: Mapping[str, Any]) -> Iterator[str]:
        """What left of an order by both: of its own units, also where others ship with them."""
        for held in said["fulfilments"]:
            if held["state"] in _LEFT and held["id"] in self.shop.sent and self.shop.lead_of(held["id"]) == name:
                units = sum(one["quantity"] for one in held["portions"])
                if units != (true := self.shop.sent[held["id"]].total()):
                    yield f"units: {held['id']}: {true} left, the site knows {units}"

    def _costs(self, name: str, sale: Sale, said: Mapping[str, Any]) -> Iterator[str]:
        worth, rounding = self.worth(sale)
        content = said["amounts"]["content"]
        if abs(content - worth) > rounding:
            yield f"money: {name}: costs {content} {sale.currency}, {worth:.0f} is true"

    def _paid(self, name: str, sale: Sale, site: SiteSaid) -> Iterator[str]:
        """What is paid of an order with those in exchange for it: never more than they cost, once goods are back."""
        group = [one for one in self._account(name) if one in site.orders]
        content = sum(site.orders[one]["amounts"]["content"] for one in group)
        paid = sum(site.orders[one]["amounts"]["paid"] for one in group)
        back = sum(site.orders[one]["refunded"] for one in group)
        given = sum(self.paid_by(self.shop.sales[one]) for one in group)
        if paid + back != given:
            yield f"money: {name}: {given} {sale.currency} came in, the site has {paid} and gave back {back}"
        waits = any(
            one["putting_back"] for it in group for held in site.orders[it]["fulfilments"] for one in held["portions"]
        )
        if paid != min(given, content) and not (waits and paid > content):
            yield f"money: {name}: {paid} {sale.currency} are paid, {min(given, content)} are true"

    def _account(self, name: str) -> list[str]:
        return [name, *(other for other, first in self.account_of.items() if first == name)]

    def _where(self, one: CarriedParcel, said: Mapping[str, Any] | None, now_s: float) -> Iterator[str]:
        if said is None:
            yield f"parcels: {one.sscc}: lies in its lane, and nobody follows it"
            return
        state = said["parcel"]["its"]["state"]
        allowed = {_state(one.said), _state(one.tried)}
        if state not in allowed and not ("" in allowed and state in _BEFORE):
            yield f"parcels: {one.sscc}: {'/'.join(sorted(allowed)) or 'not scanned'}, and yet {state}"
        found = {trouble["kind"] for trouble in said["troubles"]}
        for code, since_s in one.troubled_s.items():
            if now_s - since_s > _LOOKED_S and _TROUBLES[code] not in found:
                yield f"cases: {one.sscc}: {_TROUBLES[code]}, and no case of it"

    def _cases(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        kinds = {row["case"]["id"]: row["case"]["kind"] for row in rows}
        states = {row["case"]["id"]: row["case"]["state"] for row in rows}
        for number, kind in self.cases.items():
            if kinds.get(number) != kind:
                yield f"cases: {number}: is a {kind}, the site knows {kinds.get(number, 'none')}"
            elif number in self.settled and states[number] not in ("resolved", "closed"):
                yield f"cases: {number}: was settled, and yet {states[number]}"
        for number, kind in kinds.items():
            if kind != "exception" and number not in self.cases:
                yield f"cases: {number}: nobody wished for this {kind}"


def told_of(orders: ShopReport, parcels: ParcelBook, found: Sequence[str]) -> ShopTold:
    """``orders``: what is known before the packing station; ``found``: differences behind it."""
    every = [*orders["differences"], *found]
    books = dict.fromkeys(BOOKS, 0)
    for one in every:
        book = one.partition(": ")[0]
        books[book if book in books else "orders"] += 1
    shown = every[:_MOST] + ([f"{len(every) - _MOST} more"] if len(every) > _MOST else [])
    return {**orders, "differences": shown, "after": parcels.report(), "books": books}


def _state(said: Mapping[int, str]) -> str:
    """Where a parcel is by what its carrier said; empty = it said nothing that moves it."""
    ranks = [(CODES[code][0], place, CODES[code][1]) for place, code in said.items() if code in CODES]
    return max(ranks)[2] if ranks else ""


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
