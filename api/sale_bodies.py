"""What is wished of a sales order over HTTP: the body of each wish, and the call of the desk that does it.

Public names: WISHES, Wish, adds_up, and a class for each body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from api.v1_bodies import Body
from edge.intake.gather import noted_of
from edge.intake.operators import ASKER, NOT_SAID, ONE_LINE, By, Remark
from edge.intake.sales_orders import ConsigneeIn, PaymentIn, SalesLineIn
from edge.journal.host_time import now_us
from edge.orders.amend import Amend
from edge.orders.contact import ContactOutcome
from edge.orders.sales import Draft, Payment, SalesLine, SalesOrder
from edge.orders.work import WishRefused
from edge.site.desk import SalesDesk

_Code = Annotated[str, StringConstraints(max_length=40)]
_Id = Annotated[str, StringConstraints(min_length=1, max_length=200), ONE_LINE]
_Units = Annotated[StrictInt, Field(ge=0, lt=2**31)]
_Lines = Annotated[dict[Annotated[int, Field(ge=1, lt=2**31)], _Units], Field(max_length=2_000)]
_Reason = Annotated[str, StringConstraints(min_length=1, max_length=400, strip_whitespace=True), ONE_LINE]
_SaleBy = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True), ASKER, NOT_SAID]


class _Wish(Body):
    by: _SaleBy
    reason: _Reason


class ReleaseBody(_Wish):
    """``codes``: of the findings that are waived; empty = all that hold it."""

    codes: Annotated[tuple[_Code, ...], Field(max_length=50)] = ()


class HoldBody(_Wish):
    """Somebody wants to look at it."""


class CancelBody(_Wish):
    """``refund_at_once``: also for goods that nobody has seen again."""

    refund_at_once: StrictBool = False


class AmendBody(_Wish):
    """``wanted``: units of lines by their numbers; ``payment``: as the channel says it of all that is wanted now."""

    wanted: _Lines = Field(default_factory=dict)
    added: Annotated[tuple[SalesLineIn, ...], Field(max_length=1_000)] = ()
    service: Annotated[str, StringConstraints(max_length=200), ONE_LINE] | None = None
    consignee: ConsigneeIn | None = None
    payment: PaymentIn | None = None
    refund_at_once: StrictBool = False


class MergeBody(_Wish):
    """``other``: the order that ships with this one from now on."""

    other: _Id


class SplitBody(_Wish):
    """``units``: by line, that get a fulfilment of their own; ``fulfilment``: out of which, empty = of open ones."""

    units: Annotated[_Lines, Field(min_length=1)]
    fulfilment: Annotated[str, StringConstraints(max_length=200), ONE_LINE] = ""


class ContactBody(Body):
    """What came of asking the customer; no ``outcome``: somebody is to ask."""

    by: By
    outcome: ContactOutcome | None = None
    note: Remark = ""


class PayBody(Body):
    """Money that came in, in minor units."""

    by: By
    amount: Annotated[StrictInt, Field(ge=1, le=10**15)]


class PutBackBody(Body):
    """Cancelled units are out of tote or parcel; not ``seen``: ``by`` and ``reason`` say why nobody will see them."""

    fulfilment: _Id
    line: Annotated[StrictInt, Field(ge=1, lt=2**31)]
    units: Annotated[StrictInt, Field(ge=1, lt=2**31)]
    seen: StrictBool = True
    by: Annotated[str, StringConstraints(max_length=80), ONE_LINE] = ""
    reason: Remark = ""


class DeliveryRefusedBody(_Wish):
    """A parcel was refused at the door; ``fulfilment``: which."""

    fulfilment: _Id


def adds_up(body: Body) -> bool:
    """Whether a wish that is done twice costs twice, or moves twice as much."""
    match body:
        case PayBody() | PutBackBody():
            return True
        case AmendBody():
            return bool(body.added)
        case _:
            return False


Wish: TypeAlias = Callable[[SalesDesk, str, int | None, Any], SalesOrder | WishRefused]


def _amend(desk: SalesDesk, name: str, version: int | None, body: AmendBody) -> SalesOrder | WishRefused:
    order = desk.detail(name).order
    first = max((line.number for line in order.lines), default=0) + 1
    added = tuple(_line(number, line) for number, line in enumerate(body.added, first))
    wish = Amend(
        order=name,
        by=body.by,
        reason=body.reason,
        wanted=dict(body.wanted),
        added=added,
        service=body.service,
        consignee=body.consignee is not None,
        payment=None if body.payment is None else Payment(**body.payment.model_dump()),
        refund_at_once=body.refund_at_once,
    )
    if body.consignee is None:
        return desk.amend(wish, version, now_us())
    person = body.consignee.consignee()
    return desk.amend(wish, version, now_us(), person, Draft(order=order, consignee=person, noted=noted_of(person)))


def _line(number: int, line: SalesLineIn) -> SalesLine:
    return SalesLine(
        number=number,
        sku=line.sku,
        quantity=line.quantity,
        gtin=line.gtin or "",
        name=line.name,
        price=line.price,
        discount=line.discount,
    )


def _release(desk: SalesDesk, name: str, version: int | None, body: ReleaseBody) -> SalesOrder | WishRefused:
    return desk.release(name, version, body.by, body.reason, body.codes, now_us())


def _hold(desk: SalesDesk, name: str, version: int | None, body: HoldBody) -> SalesOrder | WishRefused:
    return desk.hold(name, version, body.by, body.reason, now_us())


def _cancel(desk: SalesDesk, name: str, version: int | None, body: CancelBody) -> SalesOrder | WishRefused:
    return desk.cancel(name, version, body.by, body.reason, now_us(), refund_at_once=body.refund_at_once)


def _merge(desk: SalesDesk, name: str, version: int | None, body: MergeBody) -> SalesOrder | WishRefused:
    return desk.merge(name, version, body.other, body.by, body.reason, now_us())


def _split(desk: SalesDesk, name: str, version: int | None, body: SplitBody) -> SalesOrder | WishRefused:
    units = {line: count for line, count in body.units.items() if count}
    return desk.split(name, version, units, body.by, body.reason, now_us(), body.fulfilment)


def _contact(desk: SalesDesk, name: str, version: int | None, body: ContactBody) -> SalesOrder | WishRefused:
    return desk.contact(name, version, body.outcome, body.by, body.note, now_us())


def _pay(desk: SalesDesk, name: str, version: int | None, body: PayBody) -> SalesOrder | WishRefused:
    return desk.pay(name, version, body.by, body.amount, now_us())


def _put_back(desk: SalesDesk, name: str, _: int | None, body: PutBackBody) -> SalesOrder | WishRefused:
    its = {"seen": body.seen, "by": body.by, "reason": body.reason}
    return desk.see_back(name, body.fulfilment, body.line, body.units, now_us(), **its)  # type: ignore[arg-type]


def _delivery_refused(
    desk: SalesDesk, name: str, version: int | None, body: DeliveryRefusedBody
) -> SalesOrder | WishRefused:
    return desk.delivery_refused(name, version, body.fulfilment, body.by, body.reason, now_us())


WISHES: dict[str, tuple[type[Body], Wish]] = {
    "release": (ReleaseBody, _release),
    "hold": (HoldBody, _hold),
    "amend": (AmendBody, _amend),
    "cancel": (CancelBody, _cancel),
    "merge": (MergeBody, _merge),
    "split": (SplitBody, _split),
    "contact": (ContactBody, _contact),
    "pay": (PayBody, _pay),
    "put-back": (PutBackBody, _put_back),
    "delivery-refused": (DeliveryRefusedBody, _delivery_refused),
}
"""What can be wished of an order, by the last part of its path."""
