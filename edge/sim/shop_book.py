"""What the simulated shop knows to be true of its sales, beside what the site says of them.

Public names: ShopBook, ShopReport, Tote, Slip, slip_of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, TypedDict

from edge.sim.sales import HELD_FOR, MAYBE_HELD, Sale, SaleTrouble


class ShopReport(TypedDict):
    """What became of the shop's sales; each number by the truth, with what the site says against it in ``differences``.

    ``taken``: sales that reached the site, ``set_aside``: that nobody could take, ``again``: that came twice.
    ``held``: that had to be looked at, ``let_go``: of which so many were released by people. ``merged``, ``cancelled``:
    sales. ``released``: totes that were to be picked, ``picked``: that were, ``refused``: that a portal sent back.
    ``slips``: mistakes of pickers, ``at_scan``: noticed by a scan. ``short``: lines of which too little lay there.
    ``sorted``: parcels in their carrier's lane, ``late``: of them behind their cut-off, ``wrong``: with something in
    them that nobody ordered, or without something that was. ``open``: sales on their way. ``refusals``: of what people
    asked, by code and place.
    """

    taken: int
    set_aside: int
    again: int
    held: int
    let_go: int
    merged: int
    cancelled: int
    released: int
    picked: int
    slips: int
    at_scan: int
    short: int
    refused: int
    sorted: int
    late: int
    wrong: int
    open: int
    refusals: dict[str, int]
    differences: list[str]


class Slip(StrEnum):
    """What a picker does wrong at a line."""

    NONE = "none"
    WRONG_ITEM = "wrong-item"  # one piece of the next shelf
    ONE_FEWER = "one-fewer"  # counted wrong
    WRONG_BIN = "wrong-bin"  # scans the next shelf: noticed at once
    WRONG_TOTE = "wrong-tote"  # lays one piece into another order's tote


def slip_of(seed: int, fulfilment: str, sku: str, share: float) -> Slip:
    """The same for a seed, whoever picks it and when."""
    rng = Random(f"{seed}/slip/{fulfilment}/{sku}")
    return rng.choice([one for one in Slip if one is not Slip.NONE]) if rng.random() < share else Slip.NONE


@dataclass(slots=True, eq=False)
class Tote:
    """A tote of the house. ``holds``: (SKU, tag) of each piece; ``booked``: pieces that the site was told of.

    ``rounds``: times it was on a line.
    """

    number: int
    tag: str
    identity: str
    fulfilment: str = ""
    holds: list[tuple[str, str]] = field(default_factory=list)
    rounds: int = 0
    booked: int = 0

    @property
    def units(self) -> Counter[str]:
        """Pieces by SKU."""
        return Counter(sku for sku, _ in self.holds)


@dataclass(slots=True)
class ShopBook:
    """The truth. ``wanted``: pieces that customers want, by sale and SKU; ``found``: codes that the site held it for.

    ``sent``: what lies in parcels in their lanes, by fulfilment. ``merged_into``: by sale.
    """

    sales: dict[str, Sale] = field(default_factory=dict)
    wanted: dict[str, Counter[str]] = field(default_factory=dict)
    found: dict[str, set[str]] = field(default_factory=dict)
    let_go: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    merged_into: dict[str, str] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    picked: set[str] = field(default_factory=set)
    sent: dict[str, Counter[str]] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)
    told_late: set[str] = field(default_factory=set)
    set_aside: int = 0
    again: int = 0
    slips: int = 0
    at_scan: int = 0
    short: int = 0
    refused: int = 0
    wrong: list[str] = field(default_factory=list)
    refusals: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)

    def take(self, sale: Sale) -> None:
        """A sale is on its way to the site."""
        if sale.trouble is SaleTrouble.SHORTENED:
            self.set_aside += 1
            return
        self.sales[sale.id] = sale
        self.wanted[sale.id] = Counter({line.sku: line.units for line in sale.lines})

    def lead_of(self, fulfilment: str) -> str:
        """The sale that a fulfilment is called after."""
        return fulfilment if fulfilment in self.sales else fulfilment.rpartition(".")[0]

    def family(self, lead: str) -> list[str]:
        """A sale with those that ship with it."""
        return [lead, *(other for other, into in self.merged_into.items() if into == lead)]

    def wants(self, lead: str) -> Counter[str]:
        """What customers want of a sale and those that ship with it."""
        return sum((self.wanted[one] for one in self.family(lead) if one in self.wanted), Counter[str]())

    def send(self, fulfilment: str, holds: Iterable[tuple[str, str]], order: Mapping[str, int]) -> None:
        """A parcel is in its carrier's lane. ``order``: what the site believes is in it."""
        units = Counter(sku for sku, _ in holds)
        self.sent[fulfilment] = units
        lead = self.lead_of(fulfilment)
        family = sum((its for name, its in self.sent.items() if self.lead_of(name) == lead), Counter[str]())
        if units != Counter(order) or family - self.wants(lead):
            self.wrong.append(
                f"{fulfilment}: {dict(units)} left, {dict(order)} was to, {dict(self.wants(lead))} is wanted"
            )

    def report(self, rows: Iterable[Mapping[str, Any]], tasks: Iterable[Mapping[str, Any]]) -> ShopReport:
        """``rows``: the site's list of sales orders; ``tasks``: its rounds."""
        known = {row["id"]: row for row in rows}
        for name, row in known.items():
            if row["stage"] == "held":
                self.found.setdefault(name, set()).update(row["findings"])
        differences = list(self._differences(known, list(tasks)))
        shipped = {self.lead_of(name) for name in self.sent}
        shipped |= {other for other, into in self.merged_into.items() if into in shipped}
        over = shipped | self.cancelled
        return ShopReport(
            taken=len(self.sales),
            set_aside=self.set_aside,
            again=self.again,
            held=len(self.found),
            let_go=len(self.let_go),
            merged=len(self.merged_into),
            cancelled=len(self.cancelled),
            released=len(self.released),
            picked=len(self.picked),
            slips=self.slips,
            at_scan=self.at_scan,
            short=self.short,
            refused=self.refused,
            sorted=len(self.sent),
            late=len(self.late),
            wrong=len(self.wrong),
            open=len(self.sales.keys() - over),
            refusals=dict(sorted(self.refusals.items())),
            differences=differences,
        )

    def _differences(self, rows: Mapping[str, Mapping[str, Any]], tasks: list[Mapping[str, Any]]) -> Iterable[str]:
        """Where the site and the truth are not one, a line each."""
        yield from (f"{name}: is not known to the site" for name in sorted(self.sales.keys() - rows.keys()))
        yield from (f"{name}: nobody ordered it" for name in sorted(rows.keys() - self.sales.keys()))
        for name, sale in sorted(self.sales.items()):
            codes, must = self.found.get(name, set()), HELD_FOR.get(sale.trouble, "")
            if name in rows and must and must not in codes and sale.trouble not in MAYBE_HELD:
                yield f"{name}: {sale.trouble}, and yet not held for {must}"
            if wrongly := codes - {must}:
                yield f"{name}: {sale.trouble}, held for {', '.join(sorted(wrongly))}"
        for name in sorted(self.cancelled & rows.keys()):
            if rows[name]["stage"] not in ("cancelled", "cancelling"):
                yield f"{name}: cancelled, and yet {rows[name]['stage']}"
        said = {name: state for row in rows.values() for name, state in row["fulfilments"].items()}
        for name in sorted(self.sent):
            if said.get(name) not in ("sorted", "loaded", "departed"):
                yield f"{name}: in its lane, and yet {said.get(name, 'not known')}"
        for name, state in sorted(said.items()):
            if state in ("sorted", "loaded", "departed") and name not in self.sent:
                yield f"{name}: {state}, and yet in no lane"
        short = sum(bool(line["reason"]) for task in tasks for line in task["lines"])
        if short != self.short:
            yield f"{self.short} lines were short, the site knows {short}"
        yield from (f"{name}: left late, and nobody was told" for name in sorted(self.late - self.told_late))
        yield from self.said
