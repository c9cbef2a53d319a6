"""Cases and returns over HTTP, ``/api/v1/cases``: asked for, seen at the gate, inspected, settled, and why it happened.

Public names: case_routes, evidence_file, WISHES.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field, StringConstraints

from api.answers import json_answer
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import Body, Key, Limit, Word
from edge.core.iso_time import iso
from edge.intake import keys
from edge.intake.operators import ONE_LINE, By, Named, Remark
from edge.journal.host_time import now_us
from edge.orders.cases import CaseError, CaseKind, CaseState, CauseKind, ContactChannel, CustomerWant, ServiceCase
from edge.orders.returns import Disposition, ReturnReason
from edge.orders.sales import SalesLine
from edge.print.evidence_paper import evidence_paper
from edge.site.case_desk import (
    AskedLine,
    CaseDesk,
    CaseDetail,
    CaseFilter,
    CaseOpened,
    CaseRow,
    CaseSettlement,
    GateSeen,
    MoneyRow,
    ReturnAsked,
    SeenUnit,
)
from edge.site.case_shown import CaseAction, ParetoRow
from edge.site.evidence import evidence_of
from edge.views.evidence import Evidence, told
from edge.views.words.phrase import phrase
from edge.views.words.table import Language, say

_Number = Annotated[int, Field(ge=1, le=2**53)]
_Text = Annotated[str, StringConstraints(max_length=200), ONE_LINE]
_Words = Annotated[str, StringConstraints(max_length=2_000), ONE_LINE]
_Said = Annotated[str, StringConstraints(min_length=1, max_length=2_000, strip_whitespace=True), ONE_LINE]
_Code = Annotated[str, StringConstraints(max_length=40), ONE_LINE]
_Class = Annotated[str, StringConstraints(min_length=1, max_length=40), ONE_LINE]
_Item = Annotated[str, AfterValidator(keys.item)]
_Amount = Annotated[int, Field(ge=0, le=2**40)]
_Units = Annotated[int, Field(ge=1, le=100_000)]
_DAY_US = 86_400_000_000
_T = TypeVar("_T")


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

    order: _Text = ""
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
    order: _Text = ""
    parcels: Annotated[tuple[_Text, ...], Field(max_length=100)] = ()
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
    number: _Text = ""
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
    name: _Text = ""


class CaseSettleBody(Body):
    """How a case ends. ``accepted``: units, by number, that are taken although they are not what was sold."""

    want: CustomerWant | None = None
    instead: Annotated[tuple[InsteadBody, ...], Field(max_length=50)] = ()
    goodwill: _Amount = 0
    accepted: Annotated[tuple[_Number, ...], Field(max_length=200)] = ()
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


def case_routes(site: Site) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1/cases", responses=V1_PROBLEMS, tags=["cases"])
    _looked_at(routes, site)
    _returns(routes, site)
    _done(routes, site)
    return routes


def _looked_at(routes: APIRouter, site: Site) -> None:
    @routes.get("", response_model=tuple[CaseRow, ...])
    def listed(
        state: CaseState | None = None,
        kind: CaseKind | None = None,
        owner: Annotated[_Text, Query()] = "",
        order: Annotated[_Text, Query()] = "",
        overdue: bool = False,
        everything: bool = False,
        after: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
        limit: Limit = 100,
    ) -> Response:
        """Cases, what is overdue first; without ``everything`` those that are not over. ``after``: so many before."""
        which = CaseFilter(
            state=state, kind=kind, owner=owner, order=order, overdue=overdue, everything=everything, after=after
        )
        return json_answer(site.cases().page(which, now_us(), limit))

    @routes.get("/causes", response_model=tuple[ParetoRow, ...])
    def causes(kind: CauseKind | None = None, days: Annotated[int, Query(ge=1, le=3_650)] = 90) -> Response:
        """Root causes by how many cases they have, and what these cost."""
        return json_answer(site.cases().pareto(kind, max(0, now_us() - days * _DAY_US)))

    @routes.get("/actions", response_model=tuple[CaseAction, ...])
    def actions() -> Response:
        """What is done against causes, with the cases before and since."""
        return json_answer(site.cases().actions(now_us()))

    @routes.get("/ledger", response_model=tuple[MoneyRow, ...])
    def money(order: Annotated[Key, Query()]) -> Response:
        """All that was booked on an order's account, with those in exchange for it."""
        return json_answer(site.cases().money(order))

    @routes.get(
        "/evidence/{parcel}.zip", response_class=Response, responses={200: {"content": {"application/zip": {}}}}
    )
    def pack(parcel: Key, language: Language = "en") -> Response:
        """What is known of a parcel or fulfilment for a claim: JSON and PDF in one file, nothing personal."""
        return Response(evidence_file(site, parcel, language), media_type="application/zip")

    @routes.get("/{number}", response_model=CaseDetail)
    def one(number: _Number) -> Response:
        """All that is known of a case."""
        return json_answer(site.cases().detail(number))

    @routes.get("/{number}/suggestions", response_model=tuple[tuple[CauseKind, str], ...])
    def suggested(number: _Number) -> Response:
        """Where its cause may lie, by what is known of its goods."""
        return json_answer(site.cases().suggested(number))


def _returns(routes: APIRouter, site: Site) -> None:
    @routes.post("/returns", response_model=ServiceCase, status_code=201)
    async def ask(body: AskBody) -> Response:
        """Asks for a return, an exchange or a repair: authorised, refused, or left to a person, by the policy."""
        return json_answer(await _told(site, lambda desk: desk.ask(body.asked(), now_us())), 201)

    @routes.post("/gate", response_model=tuple[SeenUnit, ...])
    async def gate(body: GateBody) -> Response:
        """Something came back: each item is recognised by its EPC; the same again changes nothing."""
        seen = GateSeen(cause=body.cause, epcs=body.epcs, skus=body.skus, number=body.number, by=body.by)
        return json_answer(await _told(site, lambda desk: desk.came(seen, now_us())))

    @routes.post("/{number}/units/{unit}", response_model=ServiceCase)
    async def inspect(number: _Number, unit: _Number, body: InspectBody) -> Response:
        """A unit was inspected: stock moves by that, and the lines hear what is stock again."""
        return json_answer(
            await _told(
                site,
                lambda desk: desk.inspect(number, unit, body.disposition, body.code, body.by, now_us(), body.bin),
            )
        )

    @routes.post("/{number}/settle", response_model=ServiceCase)
    async def settle(number: _Number, body: CaseSettleBody) -> Response:
        """Resolves a case, with the money that follows."""
        return json_answer(await _told(site, lambda desk: desk.settle(number, body.wish(), now_us())))


def _done(routes: APIRouter, site: Site) -> None:
    @routes.post("", response_model=ServiceCase, status_code=201)
    async def opens(body: OpenBody) -> Response:
        """Opens a case, once for each key."""
        return json_answer(await _told(site, lambda desk: desk.open(body.opened(), now_us())), 201)

    @routes.post("/actions", response_model=CaseAction, status_code=201)
    async def act(body: ActionBody) -> Response:
        """Something is done against a cause."""
        at_us = now_us()
        due_us = at_us + body.days * _DAY_US
        done = await asyncio.to_thread(
            lambda: site.cases().act(body.kind, body.value, body.what, body.owner, due_us, at_us)
        )
        return json_answer(done, 201)

    @routes.post("/actions/{seq}/done", response_model=CaseAction)
    async def acted(seq: _Number) -> Response:
        """It is done; from now on its effect is counted."""
        return json_answer(await asyncio.to_thread(lambda: site.cases().acted(seq, now_us())))

    @routes.post("/{number}/take", response_model=ServiceCase)
    async def take(number: _Number, body: TakeBody) -> Response:
        """Somebody looks after it."""
        return json_answer(
            await _told(site, lambda desk: desk.take(number, body.by, body.owner, now_us(), body.version))
        )

    @routes.post("/{number}/close", response_model=ServiceCase)
    async def close(number: _Number, body: CaseByBody) -> Response:
        """Nobody has anything to say any more."""
        return json_answer(await _told(site, lambda desk: desk.close(number, body.by, now_us())))

    @routes.post("/{number}/causes", response_model=ServiceCase)
    async def blame(number: _Number, body: RootCauseBody) -> Response:
        """Where its cause lies."""
        return json_answer(
            await _told(
                site,
                lambda desk: desk.blame(number, body.kind, body.value, body.by, now_us(), body.amount, body.currency),
            )
        )

    @routes.post("/{number}/{action}", response_model=ServiceCase)
    async def wish(
        number: _Number, action: Literal["answer", "note", "authorise", "refuse", "reopen"], body: WordsBody
    ) -> Response:
        """Somebody answers the customer, notes something, authorises or refuses it, or opens it again."""
        return json_answer(await _told(site, lambda desk: WISHES[action](desk, number, body.by, body.reason, now_us())))


WISHES: dict[str, Callable[[CaseDesk, int, str, str, int], ServiceCase]] = {
    "answer": CaseDesk.answer,
    "note": CaseDesk.note,
    "authorise": CaseDesk.authorise,
    "refuse": CaseDesk.refuse,
    "reopen": CaseDesk.reopen,
}


def evidence_file(site: Site, parcel: str, language: Language) -> bytes:
    """A ZIP with the evidence as JSON and as PDF. Raises CaseError where nothing is known."""
    found = evidence_of(site.store(), parcel, site.layouts)
    if not found.rows:
        raise CaseError(f"parcel {parcel}: nothing is known of it")
    room = io.BytesIO()
    said = msgspec.to_builtins(found)
    for row, one in zip(said["rows"], found.rows, strict=True):
        row["text"] = say(one.said, language)
    with zipfile.ZipFile(room, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("parcel.json", msgspec.json.format(msgspec.json.encode(said)))
        pack.writestr("parcel.pdf", _paper(found, language))
    return room.getvalue()


def _paper(found: Evidence, language: Language) -> bytes:
    heads = [say(phrase(code), language) for code in ("evidence.when", "evidence.where", "evidence.what")]
    rows = [(iso(one.at_us, 3), one.line, say(one.said, language)) for one in found.rows]
    title = say(phrase("evidence.title", parcel=found.parcel), language)
    return evidence_paper(title, [say(one, language) for one in told(found)], [heads, *rows])


async def _told(site: Site, ask: Callable[[CaseDesk], _T]) -> _T:
    return await asyncio.to_thread(lambda: ask(site.cases()))
