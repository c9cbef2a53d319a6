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

from api.answers import json_answer
from api.case_bodies import (
    ActionBody,
    AskBody,
    CaseByBody,
    CaseNumber,
    CaseSettleBody,
    CaseText,
    GateBody,
    InspectBody,
    OpenBody,
    RootCauseBody,
    TakeBody,
    WordsBody,
)
from api.problem_details import V1_PROBLEMS
from api.site_state import Site
from api.v1_bodies import Key, Limit
from edge.core.iso_time import iso
from edge.journal.host_time import now_us
from edge.orders.cases import CaseError, CaseKind, CaseState, CauseKind, ServiceCase
from edge.print.evidence_paper import evidence_paper
from edge.site.case_desk import (
    CaseDesk,
    CaseDetail,
    CaseFilter,
    CaseRow,
    GateSeen,
    MoneyRow,
    SeenUnit,
)
from edge.site.case_shown import CaseAction, ParetoRow
from edge.site.evidence import evidence_of
from edge.views.evidence import Evidence, told
from edge.views.words.phrase import phrase
from edge.views.words.table import Language, say

_DAY_US = 86_400_000_000
_T = TypeVar("_T")


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
        owner: Annotated[CaseText, Query()] = "",
        order: Annotated[CaseText, Query()] = "",
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
    def actions(after: Annotated[int, Query(ge=0, le=2**53)] = 0, limit: Limit = 1_000) -> Response:
        """What is done against causes, the newest first, with the cases before and since. ``after``: a number, of the
        last one that is known.
        """
        return json_answer(site.cases().actions(now_us(), after, limit))

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
    def one(number: CaseNumber) -> Response:
        """All that is known of a case."""
        return json_answer(site.cases().detail(number))

    @routes.get("/{number}/suggestions", response_model=tuple[tuple[CauseKind, str], ...])
    def suggested(number: CaseNumber) -> Response:
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
    async def inspect(number: CaseNumber, unit: CaseNumber, body: InspectBody) -> Response:
        """A unit was inspected: stock moves by that, and the lines hear what is stock again."""
        return json_answer(
            await _told(
                site,
                lambda desk: desk.inspect(number, unit, body.disposition, body.code, body.by, now_us(), body.bin),
            )
        )

    @routes.post("/{number}/settle", response_model=ServiceCase)
    async def settle(number: CaseNumber, body: CaseSettleBody) -> Response:
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
    async def acted(seq: CaseNumber) -> Response:
        """It is done; from now on its effect is counted."""
        return json_answer(await asyncio.to_thread(lambda: site.cases().acted(seq, now_us())))

    @routes.post("/{number}/take", response_model=ServiceCase)
    async def take(number: CaseNumber, body: TakeBody) -> Response:
        """Somebody looks after it."""
        return json_answer(
            await _told(site, lambda desk: desk.take(number, body.by, body.owner, now_us(), body.version))
        )

    @routes.post("/{number}/close", response_model=ServiceCase)
    async def close(number: CaseNumber, body: CaseByBody) -> Response:
        """Nobody has anything to say any more."""
        return json_answer(await _told(site, lambda desk: desk.close(number, body.by, now_us())))

    @routes.post("/{number}/causes", response_model=ServiceCase)
    async def blame(number: CaseNumber, body: RootCauseBody) -> Response:
        """Where its cause lies."""
        return json_answer(
            await _told(
                site,
                lambda desk: desk.blame(number, body.kind, body.value, body.by, now_us(), body.amount, body.currency),
            )
        )

    @routes.post("/{number}/{action}", response_model=ServiceCase)
    async def wish(
        number: CaseNumber, action: Literal["answer", "note", "authorise", "refuse", "reopen"], body: WordsBody
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
