"""Sales orders as JSON, from REST, MQTT and the entry form -> drafts, each with its own result.

Public names: SalesOrderIn, SalesLineIn, PaymentIn, ConsigneeIn, OrderEntry, FieldProblem, read_sales_orders, entry_of,
EXAMPLE.

One order does not hold up another: of a list, or of lines of JSON (NDJSON), each is taken or refused by itself. What is
wrong is said with the key's path, ``lines.0.quantity``; the first hundred of an order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError, model_validator

from edge.config.problem import LISTED, shown
from edge.intake import keys
from edge.intake.gather import noted_of
from edge.intake.given import (
    External,
    Given,
    OrderId,
    ProductName,
    Text,
    each_once,
    gtin,
    problems_of,
    quantity,
    unshortened,
    whole_number,
)
from edge.intake.phone import read_phone
from edge.orders.sales import Consignee, Draft, Payment, PaymentKind, SalesLine, SalesOrder

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = 10**15
"""In minor units: beyond any order."""


def _moment(given: object) -> object:
    if not isinstance(given, str) or len(given) > 40:
        raise ValueError("allowed is a time with its zone, as 2026-11-30T09:30:00+08:00")
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise ValueError("allowed is a time with its zone, as 2026-11-30T09:30:00+08:00") from None
    if at.tzinfo is None:
        raise ValueError("its zone is missing: allowed is 2026-11-30T09:30:00+08:00, or Z at the end")
    if not 1990 <= at.year < 2100:
        raise ValueError("allowed are the years 1990 to 2099")
    return (at - _EPOCH) // timedelta(microseconds=1)


def _day(text: str) -> str:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError("allowed is a day, as 2026-12-03") from None
    if len(text) != len("2026-12-03") or not 1990 <= day.year < 2100:
        raise ValueError("allowed is a day, as 2026-12-03")
    return text


_Amount = Annotated[int, Field(ge=0, le=_MOST), BeforeValidator(quantity)]
"""In minor units: 1999 are 19.99 of a currency with two digits."""
_Moment = Annotated[int, BeforeValidator(_moment, json_schema_input_type=str)]
_Day = Annotated[str, AfterValidator(_day)]
_Sku = Annotated[Text, AfterValidator(unshortened)]
_Gtin = Annotated[str, AfterValidator(gtin)]
_Street = Annotated[ProductName, StringConstraints(max_length=500)]


class SalesLineIn(Given):
    """An article. Amounts are whole numbers in the currency's minor unit."""

    sku: _Sku = Field(default="", description="the article, as the shop calls it; it or gtin is required")
    gtin: _Gtin | None = Field(default=None, description="8, 12, 13 or 14 digits")
    quantity: Annotated[int, Field(ge=1, le=100_000, description="how many"), BeforeValidator(quantity)]
    name: ProductName = Field(default="", description="its name")
    price: _Amount = Field(default=0, description="of one")
    discount: _Amount = Field(default=0, description="off the line")

    @model_validator(mode="after")
    def _is_named(self) -> SalesLineIn:
        if not self.sku and not self.gtin:
            raise ValueError("no article: required is sku or gtin")
        return self


class PaymentIn(Given):
    """Who pays what; amounts are whole numbers in the currency's minor unit."""

    kind: PaymentKind = Field(default=PaymentKind.PREPAID, description="who has to pay when")
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = Field(description="ISO 4217, as TWD")
    total: _Amount = Field(description="goods - discount + freight + tax")
    paid: _Amount = Field(default=0, description="of the total")
    freight: _Amount = Field(default=0, description="in the total")
    discount: _Amount = Field(default=0, description="in the total")
    tax: _Amount = Field(default=0, description="on top of the prices")


class ConsigneeIn(Given):
    """Who gets it, as given."""

    name: ProductName = Field(default="", description="who gets it")
    phone: Text = Field(default="", description="with its extension; a masked one is known as such")
    email: Text = Field(default="", description="the mail address")
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2})?$")] = Field(
        default="", description="ISO 3166-1, as TW"
    )
    region: Text = Field(default="", description="province, state or county")
    city: Text = Field(default="", description="city")
    district: Text = Field(default="", description="district")
    street: _Street = Field(default="", description="the rest of the address, or all of it")
    postcode: Annotated[Text, StringConstraints(max_length=20)] = Field(default="", description="postcode")

    def consignee(self) -> Consignee:
        """The value, with the phone as it was understood."""
        phone = read_phone(self.phone, self.country)
        return Consignee(
            name=self.name,
            phone=phone.number,
            extension=phone.extension,
            phone_given=self.phone,
            masked=phone.masked,
            email=self.email,
            country=self.country,
            region=self.region,
            city=self.city,
            district=self.district,
            street=self.street,
            postcode=self.postcode,
        )


class SalesOrderIn(Given):
    """What a customer ordered. It is known by channel and external for ever: sent again, it is the same order."""

    id: OrderId | None = Field(default=None, description="none = made of channel and external")
    channel: OrderId = Field(default="api", description="where it comes from, as counter, phone or a shop")
    external: External = Field(default="", description="its number there; it or id is required")
    revision: Annotated[int, Field(ge=0, le=2**62), BeforeValidator(quantity)] | _Moment = Field(
        default=0, description="number or time of the last change there; an older one is ignored"
    )
    ordered: _Moment = Field(default=0, description="when it was ordered, with its zone")
    paid_at: _Moment = Field(default=0, description="when it was paid, with its zone")
    ship_by: _Moment = Field(default=0, description="when it must be shipped, with its zone")
    promised: _Day | None = Field(default=None, description="the consignee's day that was promised, as 2026-12-03")
    service: Text = Field(default="", description="as wished; empty = whichever is best")
    priority: int = Field(default=0, ge=-1000, le=1000, strict=True, description="the higher, the sooner")
    urgent: bool = Field(default=False, strict=True, description="before everything else")
    note: Annotated[ProductName, StringConstraints(max_length=2000)] = Field(default="", description="the customer's")
    payment: PaymentIn = Field(description="who pays what")
    consignee: ConsigneeIn = Field(default=ConsigneeIn(), description="who gets it")
    lines: Annotated[tuple[SalesLineIn, ...], Field(min_length=1, max_length=1000, description="the articles")]

    @model_validator(mode="after")
    def _has_a_name(self) -> SalesOrderIn:
        if self.id is None and not self.external:
            raise ValueError("no id: required is id, or channel and external")
        return self

    def draft(self, where: str) -> Draft:
        """The values. ``where``: the place in what was sent."""
        order = SalesOrder(
            id=self.id or keys.order_id(self.channel, self.external),
            channel=self.channel,
            external=self.external or self.id or "",
            lines=tuple(
                SalesLine(
                    number=number,
                    sku=line.sku,
                    quantity=line.quantity,
                    gtin=line.gtin or "",
                    name=line.name,
                    price=line.price,
                    discount=line.discount,
                )
                for number, line in enumerate(self.lines, 1)
            ),
            payment=Payment(
                kind=self.payment.kind,
                currency=self.payment.currency,
                total=self.payment.total,
                paid=self.payment.paid,
                freight=self.payment.freight,
                discount=self.payment.discount,
                tax=self.payment.tax,
            ),
            revision=self.revision,
            ordered_us=self.ordered,
            paid_us=self.paid_at,
            service=self.service,
            promised=self.promised or "",
            ship_by_us=self.ship_by,
            priority=self.priority,
            urgent=self.urgent,
            note=self.note,
        )
        consignee = self.consignee.consignee()
        return Draft(order=order, consignee=consignee, where=where, noted=noted_of(consignee))


EXAMPLE: dict[str, Any] = {
    "channel": "counter",
    "external": "2026-1130-7",
    "ordered": "2026-11-30T09:30:00+08:00",
    "promised": "2026-12-02",
    "service": "home",
    "payment": {"kind": "cod", "currency": "TWD", "total": 106_000, "freight": 6_000},
    "consignee": {
        "name": "王小明",
        "phone": "02-2345-6789 分機 12",
        "country": "TW",
        "region": "臺北市",
        "city": "大安區",
        "street": "和平東路一段 1 號 3 樓",
        "postcode": "106",
    },
    "lines": [{"sku": "MUG-B", "quantity": 2, "name": "馬克杯", "price": 50_000}],
}
"""An order as the counter sends it."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one key. ``field``: its path, ``lines.0.quantity``; ``body``: all of it."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderEntry:
    """What became of one order of those that were sent: a draft, or problems. ``number``: its place, from 0."""

    number: int
    draft: Draft | None
    problems: tuple[FieldProblem, ...] = ()


def read_sales_orders(body: bytes, *, by_line: bool = False) -> tuple[OrderEntry, ...]:
    """Every order of a JSON document in UTF-8, one or a list of them; ``by_line``: of NDJSON, one in each line.

    What is no JSON is one entry with a problem.
    """
    given = _by_line(body) if by_line else _whole(body)
    seen: dict[tuple[str, str], tuple[int, Draft]] = {}
    return tuple(_once(entry_of(one, number), seen) for number, one in enumerate(given))


def entry_of(given: object, number: int = 0) -> OrderEntry:
    """One order of JSON as Python has it."""
    if isinstance(given, FieldProblem):
        return OrderEntry(number, None, (given,))
    if not isinstance(given, dict):
        reason = f"{type(given).__name__}: allowed is an object with the keys of an order"
        return OrderEntry(number, None, (FieldProblem("body", reason),))
    try:
        return OrderEntry(number, SalesOrderIn.model_validate(given).draft(f"{number}"))
    except ValidationError as error:
        found = (FieldProblem(path or "body", said) for path, said in problems_of(SalesOrderIn, error))
        return OrderEntry(number, None, tuple(islice(found, LISTED)))


def _once(entry: OrderEntry, seen: dict[tuple[str, str], tuple[int, Draft]]) -> OrderEntry:
    """The entry, refused where an order before it has its name and says something else."""
    if entry.draft is None:
        return entry
    order = entry.draft.order
    number, first = seen.setdefault((order.channel, order.external), (entry.number, entry.draft))
    if replace(first, where="") == replace(entry.draft, where=""):
        return entry
    said = f"{shown(order.external)}: stands at {number} already, with other content: allowed is each order once"
    return OrderEntry(entry.number, None, (FieldProblem("external", said),))


def _whole(body: bytes) -> Iterable[object]:
    given = _loads(body)
    return given if isinstance(given, list) else [given]


def _by_line(body: bytes) -> Iterator[object]:
    return (_loads(line) for line in body.split(b"\n") if line.strip())


def _loads(body: bytes) -> object:
    try:
        return json.loads(body, object_pairs_hook=each_once, parse_int=whole_number)
    except (ValueError, RecursionError) as error:
        return FieldProblem("body", f"not JSON in UTF-8: {error}")
