"""What a customer ordered, as it stands: the sales order, above the fulfilments that ship it.

Public names: SalesOrder, SalesLine, Payment, PaymentKind, Consignee, Noted, Draft, OrderStage.

A fulfilment is an `edge.core.values.order.Order`: one tote, one parcel. Amounts are integers in the minor unit of their
currency; how many digits that unit has is the channel's to say. Quantities that can be added up (planned, picked,
shipped, returned) are stored nowhere: a line has two numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class OrderStage(StrEnum):
    """How far an order is. What of it is shipped is no stage: that is added up from its fulfilments."""

    REVIEW = "review"  # taken, not judged yet
    HELD = "held"  # a person must look at it
    ACCEPTED = "accepted"  # may be planned and shipped
    MERGED = "merged"  # its lines ship with another order's
    CANCELLING = "cancelling"  # cancelled, until the goods are seen
    CANCELLED = "cancelled"
    CLOSED = "closed"  # nothing open, nothing to come


class PaymentKind(StrEnum):
    """Who has to pay when."""

    PREPAID = "prepaid"  # all of it, before it is shipped
    DEPOSIT = "deposit"  # a part at the order, the balance before it is shipped
    COD = "cod"  # what is due, to the carrier at the door
    CREDIT = "credit"  # by invoice, afterwards


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Amounts in minor units. ``total``: goods - ``discount`` + ``freight`` + ``tax``, as the channel says it, of all
    that was ever ordered; what is due of what is left says `edge.orders.money.amounts`. ``paid``: less refunds.
    """

    kind: PaymentKind
    currency: str  # ISO 4217: "TWD"
    total: int
    paid: int = 0
    freight: int = 0
    discount: int = 0
    tax: int = 0  # on top of the prices
    credited: int = 0  # of what came back, less what its way back costs: so much less is owed

    @property
    def due(self) -> int:
        """What was to be paid of all that was ordered; once something is cancelled, ask `edge.orders.money.amounts`."""
        return self.total - self.paid


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesLine:
    """One article of an order. ``price``: of one unit; ``discount``: of the whole line; both in minor units.

    ``share``: its part of the order's freight and tax less discount, given once by `edge.orders.money.apportioned`.
    A quantity never changes: fewer are ``cancelled``, more are a line of their own. So what a unit costs never does.
    """

    number: int  # from 1, unique within the order, never given to another article
    sku: str
    quantity: int
    gtin: str = ""  # 14 digits, empty = not known
    name: str = ""
    cancelled: int = 0  # of the quantity
    price: int = 0
    discount: int = 0
    share: int = 0

    @property
    def wanted(self) -> int:
        """Units that are to be shipped."""
        return self.quantity - self.cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesOrder:
    """An order as it stands, without anything personal: who gets it is a row of its own, with a day of its own to go.

    ``id``: ours, or the channel's where it gives one. ``promised``: local date at the consignee's, ISO 8601, empty =
    none; ``ship_by_us``: what the channel demands, 0 = nothing. ``priority``: the higher, the sooner. ``version``: one
    more at each change. ``revision``: the channel's own version or time of change, compared within one order only.
    """

    id: str
    channel: str
    external: str
    lines: tuple[SalesLine, ...]
    payment: Payment
    stage: OrderStage = OrderStage.REVIEW
    version: int = 1
    revision: int = 0
    ordered_us: int = 0
    paid_us: int = 0
    service: str = ""  # as wished; empty = whichever is best
    promised: str = ""
    ship_by_us: int = 0
    priority: int = 0
    urgent: bool = False
    note: str = ""  # the customer's, without control characters
    merged_into: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consignee:
    """Who gets an order, as given; nothing in it ever leaves the store but to a label and those who may see it.

    ``phone``: E.164 where it could be read, ``phone_given`` always; ``masked``: the channel hides the number.
    ``country``: ISO 3166-1 alpha-2.
    """

    name: str = ""
    phone: str = ""
    extension: str = ""
    phone_given: str = ""
    masked: bool = False
    email: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    district: str = ""
    street: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """What the border saw of an order and a review weighs: only there the libraries are that know it.

    ``code``: address-incomplete, address-contradiction, address-ambiguous, phone-implausible, phone-masked,
    phone-virtual. ``where``: the key of the consignee; ``value``: what was seen, may be personal.
    """

    code: str
    where: str
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An order as it comes in. ``where``: file, sheet, line or index that it stands at, for those who must mend it."""

    order: SalesOrder
    consignee: Consignee = field(default_factory=Consignee)
    where: str = ""
    noted: tuple[Noted, ...] = ()
