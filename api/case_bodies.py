"""What is asked of cases and returns over HTTP, and by the forms of their pages.

Public names: AskedLineBody, AskBody, OpenBody, GateBody, InspectBody, InsteadBody, CaseSettleBody, WordsBody, TakeBody,
CaseByBody, RootCauseBody, ActionBody, CaseNumber, CaseText.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from api.v1_bodies import Body, Key, Word
from edge.intake import keys
from edge.intake.operators import ONE_LINE, By, Named, Remark
from edge.orders.cases import CaseKind, CauseKind, ContactChannel, CustomerWant
from edge.orders.returns import Disposition, ReturnReason
from edge.orders.sales import SalesLine
from edge.site.case_desk import (
    AskedLine,
    CaseOpened,
    CaseSettlement,
    ReturnAsked,
)

CaseNumber = Annotated[int, Field(ge=1, le=2**53)]
CaseText = Annotated[str, StringConstraints(max_length=200), ONE_LINE]
_Words = Annotated[str, StringConstraints(max_length=2_000), ONE_LINE]
_Said = Annotated[str, StringConstraints(min_length=1, max_length=2_000, strip_whitespace=True), ONE_LINE]
_Code = Annotated[str, StringConstraints(max_length=40), ONE_LINE]
_Class = Annotated[str, StringConstraints(min_length=1, max_length=40), ONE_LINE]
_Item = Annotated[str, AfterValidator(keys.item)]
_Amount = Annotated[int, Field(ge=0, le=2**40)]
_Units = Annotated[int, Field(ge=1, le=100_000)]


class AskedLineBody(Body):
    """Units that shall come back. ``line`` 0: the one that the item left with."""

    line: Annotated[int, Field(ge=0, lt=2**31)] = 0
    units: _Units = 1
    epc: _Item | Literal[""] = ""
    reason: ReturnReason = ReturnReason.CHANGED_MIND
    condition: _Code = ""


class AskBody(Body):
    """A return, an exchange or a repair. ``order``: empty = the one that the first line's item left with. ``key``: the
    same one is asked once; empty = of its lines.

    ``delivered_us``: when its parcel was delivered, 0 = as is known. ``words``: the customer's, erased with the person.
    """

    order: CaseText = ""
    lines: Annotated[tuple[AskedLineBody, ...], Field(min_length=1, max_length=200)]
    key: Word = ""
    want: CustomerWant = CustomerWant.REFUND
    channel: ContactChannel = ContactChannel.SITE
    by: By
    words: _Words = ""
    delivered_us: Annotated[int, Field(ge=0, le=2**53)] = 0
    priority: Annotated[int, Field(ge=0, le=9)] = 0

    def asked(self) -> ReturnAsked:
        """As the desk knows it."""
        lines = tuple(
            AskedLine(line=one.line, units=one.units, epc=one.epc, reason=one.reason, condition=one.condition)
            for one in self.lines
        )
        key = self.key or " ".join(f"{one.line}:{one.units}:{one.epc}" for one in self.lines)[:100]
        return ReturnAsked(
            order=self.order,
            lines=lines,
            key=key,
            want=self.want,
            channel=self.channel,
            by=self.by,
            words=self.words,
            delivered_us=self.delivered_us,
            priority=self.priority,
        )


class OpenBody(Body):
    """A complaint, an exception, or what somebody thinks of it."""

    kind: Literal[CaseKind.COMPLAINT, CaseKind.EXCEPTION, CaseKind.FEEDBACK]
    class_: Annotated[_Class, Field(alias="class")]
    key: Key
    order: CaseText = ""
    parcels: Annotated[tuple[CaseText, ...], Field(max_length=100)] = ()
    items: Annotated[tuple[_Item, ...], Field(max_length=100)] = ()
    channel: ContactChannel = ContactChannel.PHONE
    priority: Annotated[int, Field(ge=0, le=9)] = 0
    by: By
    words: _Words = ""

    def opened(self) -> CaseOpened:
        """As the desk knows it."""
        return CaseOpened(
            kind=self.kind,
            class_=self.class_,
            key=self.key,
            order=self.order,
            parcels=self.parcels,
            items=self.items,
            channel=self.channel,
            priority=self.priority,
            by=self.by,
            words=self.words,
        )


class GateBody(Body):
    """What lies at the returns gate. ``cause``: the same one counts units without tags once. ``number``: of a label."""

    cause: Key
    epcs: Annotated[tuple[_Item, ...], Field(max_length=1_000)] = ()
    skus: Annotated[dict[Key, _Units], Field(max_length=200, default_factory=dict)]
    number: CaseText = ""
    by: By


class InspectBody(Body):
    """What becomes of a unit. ``code``: what was seen; ``bin``: where it goes, empty = it stays."""

    disposition: Disposition
    code: _Code = ""
    bin: Word = ""
    by: By


class InsteadBody(Body):
    """Goods that are sent in exchange; ``price``: of one, in minor units."""

    sku: Key
    units: _Units = 1
    price: _Amount
    gtin: Annotated[str, StringConstraints(pattern=r"^(\d{14})?$")] = ""
    name: CaseText = ""


class CaseSettleBody(Body):
    """How a case ends. ``accepted``: units, by number, that are taken although they are not what was sold."""

    want: CustomerWant | None = None
    instead: Annotated[tuple[InsteadBody, ...], Field(max_length=50)] = ()
    goodwill: _Amount = 0
    accepted: Annotated[tuple[CaseNumber, ...], Field(max_length=200)] = ()
    by: By
    reason: Remark = ""

    def wish(self) -> CaseSettlement:
        """As the desk knows it."""
        lines = tuple(
            SalesLine(number=n, sku=one.sku, gtin=one.gtin, name=one.name, quantity=one.units, price=one.price)
            for n, one in enumerate(self.instead, 1)
        )
        return CaseSettlement(
            want=self.want,
            instead=lines,
            goodwill=self.goodwill,
            accepted=self.accepted,
            by=self.by,
            reason=self.reason,
        )


class WordsBody(Body):
    """Who says what."""

    by: By
    reason: _Said


class TakeBody(Body):
    """Who looks after it from now on; ``owner`` empty: who asks. ``version``: of the case as the asker knows it, none =
    whatever it is: somebody else may have taken it meanwhile.
    """

    by: By
    owner: Word = ""
    version: Annotated[int, Field(ge=0, le=2**53)] | None = None


class CaseByBody(Body):
    """Who says so."""

    by: By


class RootCauseBody(Body):
    """Where the cause lies, and what it cost in minor units."""

    kind: CauseKind
    value: Key
    amount: _Amount = 0
    currency: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    by: By


class ActionBody(Body):
    """What is done against a cause, by whom, within how many days."""

    kind: CauseKind
    value: Key
    what: _Said
    owner: Named
    days: Annotated[int, Field(ge=1, le=1_000)] = 14
