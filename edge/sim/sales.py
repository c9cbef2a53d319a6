"""What customers of the simulated shop order, and what is wrong with it: the truth, known before anybody looks.

Public names: SaleTrouble, HELD_FOR, MAYBE_HELD, WareLine, Sale, Customers.

Each sale follows from seed and index alone. Troubles are spread evenly over neighbouring sales, so that a minute has
its share of each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from edge.sim.goods import House, Ware
from edge.sim.households import Customer, customer_of

_GOLDEN = 0.6180339887498949


class SaleTrouble(StrEnum):
    """The one thing that is special about a sale."""

    NONE = "none"
    MASKED_PHONE = "masked-phone"  # the marketplace hides the number
    DUPLICATE = "duplicate"  # ordered twice by mistake
    BAD_ADDRESS = "bad-address"  # no city, no postcode
    UNKNOWN_SKU = "unknown-sku"  # an article that the house does not have
    WRONG_AMOUNT = "wrong-amount"  # the total is not that of the lines
    UNPAID = "unpaid"  # the money comes later
    URGENT = "urgent"
    MERGE = "merge"  # a second order of one household
    SHORTENED = "shortened"  # a spreadsheet has spoilt the number: nobody can take it
    AGAIN = "again"  # its file comes twice
    CANCELLED = "cancelled"  # before it is picked, if people are quick enough
    CANCELLED_PICKED = "cancelled-picked"  # its tote is ready when the customer cancels
    FEWER_PICKED = "fewer-picked"  # its tote is ready when the customer wants one piece less
    SCARCE = "scarce"  # more than there is until goods come
    EXCHANGE = "exchange"  # goods in place of others that came back; held until the difference is paid


HELD_FOR: dict[SaleTrouble, str] = {
    SaleTrouble.MASKED_PHONE: "phone-masked",
    SaleTrouble.DUPLICATE: "duplicate",
    SaleTrouble.BAD_ADDRESS: "address-incomplete",
    SaleTrouble.UNKNOWN_SKU: "unknown-sku",
    SaleTrouble.WRONG_AMOUNT: "amount-mismatch",
    SaleTrouble.UNPAID: "unpaid",
    SaleTrouble.SCARCE: "out-of-stock",
    SaleTrouble.EXCHANGE: "unpaid",
}
"""The finding for which a review must hold such a sale."""
MAYBE_HELD = frozenset({SaleTrouble.SCARCE, SaleTrouble.EXCHANGE})
"""Whether it does depends on what else happens: goods come, the difference is nothing."""
COD_SHARE = 0.3
"""Of what the counter sells: paid to the carrier at the door."""
_ORDER = tuple(one for one in SaleTrouble if one not in (SaleTrouble.NONE, SaleTrouble.EXCHANGE))
_CHANNELS = ("taobao", "pinduoduo", "shopify", "counter")
_ONLY = {
    SaleTrouble.MASKED_PHONE: ("taobao", "pinduoduo"),
    SaleTrouble.BAD_ADDRESS: ("shopify", "counter"),
    SaleTrouble.UNPAID: ("shopify", "counter"),
    SaleTrouble.URGENT: ("counter",),
    SaleTrouble.SHORTENED: ("taobao",),
    SaleTrouble.AGAIN: ("pinduoduo", "shopify"),
}


@dataclass(frozen=True, slots=True)
class WareLine:
    """A line of a sale; amounts in minor units."""

    sku: str
    name: str
    units: int
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One order of a customer. ``pair``: the other one's id, where two belong together; it came before this one.

    ``cod``: it is paid at the door.
    """

    index: int
    channel: str
    external: str
    trouble: SaleTrouble
    customer: Customer
    lines: tuple[WareLine, ...]
    freight: int
    total: int
    paid: bool
    urgent: bool = False
    pair: str = ""
    cod: bool = False

    @property
    def id(self) -> str:
        """As the site makes it of channel and number."""
        return f"{self.channel}-{self.external}"

    @property
    def currency(self) -> str:
        """In which the channel is paid."""
        return {"shopify": "EUR", "counter": "TWD"}.get(self.channel, "CNY")


class Customers:
    """An endless stream of sales. ``share`` (0..1) of them have a trouble."""

    def __init__(self, house: House, seed: int, share: float) -> None:
        self._seed, self._share = seed, share
        self._plenty = tuple(ware for ware in house.wares if not ware.scarce)
        self._scarce = tuple(ware for ware in house.wares if ware.scarce)

    def sales(self, index: int) -> tuple[Sale, ...]:
        """What is ordered as number ``index``: one sale, or two that belong together."""
        rng = Random(f"{self._seed}/shop/{index}")
        trouble = self._trouble(index)
        channel = rng.choice(_ONLY.get(trouble, _CHANNELS))
        wares = rng.sample(self._plenty, rng.randint(1, 3))
        lines = [_line(ware, rng.randint(1, 3)) for ware in wares]
        if trouble is SaleTrouble.UNKNOWN_SKU:
            lines[0] = replace(lines[0], sku="W-999", name="Unicorn")
        elif trouble is SaleTrouble.SCARCE:
            lines = [_line(rng.choice(self._scarce), 6)]
        elif trouble is SaleTrouble.FEWER_PICKED:
            lines[0] = replace(lines[0], units=3)
        complete = trouble is not SaleTrouble.BAD_ADDRESS
        customer = customer_of(rng, channel, index, masked=trouble is SaleTrouble.MASKED_PHONE, complete=complete)
        freight = 600
        total = sum(line.units * line.price for line in lines) + freight
        if trouble is SaleTrouble.WRONG_AMOUNT:
            total += 1_000
        plain = trouble in (SaleTrouble.NONE, SaleTrouble.URGENT)
        cod = plain and channel == "counter" and rng.random() < COD_SHARE
        first = Sale(
            index=index,
            channel=channel,
            external=self._number(channel, 2 * index),
            trouble=trouble,
            customer=customer,
            lines=tuple(lines),
            freight=freight,
            total=total,
            paid=trouble is not SaleTrouble.UNPAID and not cod,
            cod=cod,
            urgent=trouble is SaleTrouble.URGENT,
        )
        if trouble is SaleTrouble.DUPLICATE:
            second = replace(first, external=self._number(channel, 2 * index + 1), pair=first.id)
            return replace(first, trouble=SaleTrouble.NONE), second
        if trouble is SaleTrouble.MERGE:
            other = (_line(rng.choice([ware for ware in self._plenty if ware not in wares]), 2),)
            total = sum(line.units * line.price for line in other) + freight
            number = self._number(channel, 2 * index + 1)
            second = replace(first, external=number, pair=first.id, lines=other, total=total)
            return replace(first, trouble=SaleTrouble.NONE), second
        return (first,)

    def _trouble(self, index: int) -> SaleTrouble:
        draw = (Random(f"{self._seed}/shop/troubles").random() + index * _GOLDEN) % 1.0
        return _ORDER[int(draw / self._share * len(_ORDER))] if draw < self._share else SaleTrouble.NONE

    def _number(self, channel: str, count: int) -> str:
        """An order's number, as each channel counts; no two are alike."""
        count += self._seed % 97 * 100_000
        match channel:
            case "taobao":
                return f"3141592653{count:08d}"
            case "pinduoduo":
                return f"261129-{count:015d}"
            case "shopify":
                return f"#{10_000_000 + count}"
            case _:
                return f"C{count:08d}"


def _line(ware: Ware, units: int) -> WareLine:
    return WareLine(ware.sku, ware.name, units, ware.price)
