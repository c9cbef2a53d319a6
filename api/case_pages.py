"""The pages of cases: the list, one case with what can be done, and the returns station for a tablet with a scanner.

Public names: case_page_routes.

They work without a script: every form says who, and a scanner types into the one field that has the focus.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import FastAPI, HTTPException, Request, Response
from starlette.responses import RedirectResponse

from api.case_bodies import (
    ActionBody,
    AskBody,
    CaseByBody,
    CaseSettleBody,
    InspectBody,
    OpenBody,
    RootCauseBody,
    TakeBody,
    WordsBody,
)
from api.cases import WISHES
from api.pages import form_of, language_of, problems_of, rendered
from api.return_label import LabelKind, return_label
from api.scanned import whole
from api.site_state import Site
from api.v1_bodies import Body, body_of
from edge.intake import keys
from edge.intake.operators import who_asks
from edge.journal.host_time import now_us
from edge.orders.cases import (
    CaseError,
    CaseKind,
    CaseState,
    CauseKind,
    ComplaintClass,
    ContactChannel,
    CustomerWant,
    UnknownCaseError,
)
from edge.orders.returns import Disposition, ReturnReason
from edge.site.case_desk import CaseFilter, GateSeen, SeenUnit
from edge.views import case_words
from edge.views.words.phrase import phrase
from edge.views.words.table import say

_ROOM = 100
_DAY_US = 86_400_000_000
_PARETO_DAYS = 90
_STATION = "/station/returns"


def case_page_routes(app: FastAPI, site: Site) -> None:
    """Adds the routes."""

    @app.get("/cases", include_in_schema=False)
    def cases(request: Request) -> Response:
        return _list(site, request, [])

    @app.post("/cases/{action}", include_in_schema=False)
    async def begin(action: str, request: Request) -> Response:
        given = await _given(request)
        return await asyncio.to_thread(_begun, site, request, action, given)

    @app.get("/cases/c/{number}", include_in_schema=False)
    def case(number: int, request: Request) -> Response:
        return _case(site, request, number, [])

    @app.get("/cases/c/{number}/label.{kind}", include_in_schema=False)
    def label(number: int, kind: LabelKind, request: Request) -> Response:
        try:
            return return_label(site, min(max(number, 0), 2**53), kind, language_of(request))
        except UnknownCaseError as error:
            raise HTTPException(404, str(error)) from None

    @app.post("/cases/c/{number}/{action}", include_in_schema=False)
    async def wish(number: int, action: str, request: Request) -> Response:
        given = await _given(request)
        return await asyncio.to_thread(_wished, site, request, number, action, given)

    @app.get(_STATION, include_in_schema=False)
    def station(request: Request) -> Response:
        asked = request.query_params
        return _station(site, request, _Table(by=who_asks(asked.get("by", "")[:80].replace("\0", ""))))

    @app.post(f"{_STATION}/{{action}}", include_in_schema=False)
    async def scanned(action: str, request: Request) -> Response:
        given = await _given(request)
        return await asyncio.to_thread(_at_station, site, request, action, given)


async def _given(request: Request) -> dict[str, str]:
    return {key: value for key, value in (await form_of(request, 8_000)).items() if value}


# ---- the list --------------------------------------------------------------------------------------------------------


def _list(site: Site, request: Request, problems: list[str], status: int = 200) -> Response:
    asked = {key: request.query_params.get(key, "")[:200].replace("\0", "") for key in _FILTERS}
    after = whole(request.query_params.get("after", ""))
    which = CaseFilter(
        state=CaseState(asked["state"]) if asked["state"] in [*CaseState] else None,
        kind=CaseKind(asked["kind"]) if asked["kind"] in [*CaseKind] else None,
        owner=asked["owner"].strip(),
        order=asked["order"].strip(),
        overdue=bool(asked["overdue"]),
        everything=bool(asked["everything"]),
        after=min(max(0, after), 10_000_000),
    )
    desk, at_us = site.cases(), now_us()
    rows = desk.page(which, at_us, _ROOM)
    more = urlencode({**{key: its for key, its in asked.items() if its}, "after": which.after + len(rows)})
    return rendered(
        site,
        request,
        "cases.html",
        phrase("case.title"),
        status,
        problems=problems,
        rows=rows,
        asked=asked,
        causes=desk.pareto(None, max(0, at_us - _PARETO_DAYS * _DAY_US))[:20],
        actions=desk.actions(at_us, limit=20),
        states=[*CaseState],
        kinds=[*CaseKind],
        complaint_kinds=(CaseKind.COMPLAINT, CaseKind.EXCEPTION, CaseKind.FEEDBACK),
        classes=[*ComplaintClass],
        reasons=[one for one in ReturnReason if one not in (ReturnReason.NOT_ASKED, ReturnReason.REFUSED)],
        wants=[*CustomerWant],
        channels=[*ContactChannel],
        cause_kinds=[*CauseKind],
        more=more if len(rows) == _ROOM else "",
        **_WORDS,
    )


_OF_LINE: tuple[str, ...] = ("line", "units", "epc", "reason", "condition")
_NUMBERS = ("line", "units")
_FILTERS = ("state", "kind", "owner", "order", "overdue", "everything")
_WORDS: dict[str, Callable[..., object]] = {
    "of_case": case_words.of_state,
    "of_kind": case_words.of_kind,
    "of_class": case_words.of_class,
    "of_want": case_words.of_want,
    "of_channel": case_words.of_channel,
    "of_finding": case_words.of_finding,
    "of_disposition": case_words.of_disposition,
    "of_cause": case_words.of_cause,
    "of_money": case_words.of_money,
    "of_done": case_words.of_done,
    "more_of": case_words.more_of,
}


def _begun(site: Site, request: Request, action: str, given: dict[str, str]) -> Response:
    desk, at_us = site.cases(), now_us()
    key: dict[str, object] = {"key": f"page {at_us}"}
    try:
        if action == "open":
            body = body_of(OpenBody, json.dumps({**key, **given}).encode())
            if isinstance(body, Response):
                return _list(site, request, problems_of(body), 422)
            case = site.cases().open(body.opened(), at_us)
            return RedirectResponse(f"/cases/c/{case.id}", 303)
        if action == "ask":
            line = {name: given.pop(name) for name in _OF_LINE if name in given}
            wanted = {name: whole(its) if name in _NUMBERS else its for name, its in line.items()}
            asked = body_of(AskBody, json.dumps({**given, **key, "lines": [wanted]}).encode())
            if isinstance(asked, Response):
                return _list(site, request, problems_of(asked), 422)
            return RedirectResponse(f"/cases/c/{desk.ask(asked.asked(), at_us).id}", 303)
        if action == "act":
            act = body_of(ActionBody, json.dumps(given).encode())
            if isinstance(act, Response):
                return _list(site, request, problems_of(act), 422)
            desk.act(act.kind, act.value, act.what, act.owner, at_us + act.days * _DAY_US, at_us)
        elif action == "done":
            desk.acted(max(0, whole(given.get("seq", ""))), at_us)
        else:
            raise HTTPException(404, f"{action}: allowed are open, ask, act, done")
    except CaseError as error:
        return _list(site, request, [str(error)], 409)
    return RedirectResponse("/cases", 303)


# ---- one case --------------------------------------------------------------------------------------------------------


def _case(site: Site, request: Request, number: int, problems: Sequence[str], status: int = 200) -> Response:
    desk = site.cases()
    try:
        detail = desk.detail(min(max(number, 0), 2**53))
    except UnknownCaseError as error:
        raise HTTPException(404, str(error)) from None
    return rendered(
        site,
        request,
        "case.html",
        phrase("case.title"),
        status,
        problems=[*problems],
        detail=detail,
        case=detail.case,
        may={str(one) for one in detail.may},
        dispositions=[*Disposition],
        cause_kinds=[*CauseKind],
        suggested=desk.suggested(detail.case.id),
        **_WORDS,
    )


def _wished(site: Site, request: Request, number: int, action: str, given: dict[str, str]) -> Response:
    said = json.dumps(_shaped(action, given)).encode()
    kind = _BODIES.get(action)
    if kind is None:
        raise HTTPException(404, f"{action}: allowed are {', '.join(_BODIES)}")
    body = body_of(kind, said)
    if isinstance(body, Response):
        return _case(site, request, number, problems_of(body), 422)
    desk, at_us = site.cases(), now_us()
    try:
        match body:
            case WordsBody():
                WISHES[action](desk, number, body.by, body.reason, at_us)
            case TakeBody():
                desk.take(number, body.by, body.owner, at_us, body.version)
            case CaseSettleBody():
                desk.settle(number, body.wish(), at_us)
            case RootCauseBody():
                desk.blame(number, body.kind, body.value, body.by, at_us, body.amount, body.currency)
            case InspectBody():
                unit = max(0, whole(given.get("unit", "")))
                desk.inspect(number, unit, body.disposition, body.code, body.by, at_us, body.bin)
            case _:
                desk.close(number, str(given.get("by", "")), at_us)
    except UnknownCaseError as error:
        raise HTTPException(404, str(error)) from None
    except CaseError as error:
        return _case(site, request, number, [str(error)], 409)
    return RedirectResponse(f"/cases/c/{number}", 303)


_BODIES: dict[str, type[Body]] = {
    "answer": WordsBody,
    "note": WordsBody,
    "authorise": WordsBody,
    "refuse": WordsBody,
    "reopen": WordsBody,
    "take": TakeBody,
    "close": CaseByBody,
    "settle": CaseSettleBody,
    "cause": RootCauseBody,
    "inspect": InspectBody,
}


def _shaped(action: str, given: Mapping[str, str]) -> dict[str, object]:
    """A form's texts as a body has them."""
    if action == "settle":
        body: dict[str, object] = {key: given[key] for key in ("by", "reason", "want") if key in given}
        if "goodwill" in given:
            body["goodwill"] = whole(given["goodwill"])
        if "accepted" in given:
            body["accepted"] = [whole(one) for one in given["accepted"].replace(",", " ").split()]
        if "sku" in given:
            body["instead"] = [{"sku": given["sku"], "price": whole(given.get("price", "0"))}]
        return body
    if action == "cause":
        return {**given, "amount": whole(given["amount"])} if "amount" in given else dict(given)
    if action == "inspect":
        return {key: its for key, its in given.items() if key != "unit"}
    if action == "take":
        return {**given, "version": whole(given["version"])} if "version" in given else dict(given)
    return dict(given)


# ---- the station -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Table:
    """What lies on it: the form carries it from scan to scan."""

    by: str = ""
    number: str = ""
    epcs: tuple[str, ...] = ()
    begun: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> _Table:
        return cls(
            given.get("by", "")[:80], given.get("number", "")[:40], tuple(given.get("epcs", "").split()),
            given.get("begun", "")[:40],
        )  # fmt: skip


def _at_station(site: Site, request: Request, action: str, given: Mapping[str, str]) -> Response:
    table = _Table.of(given)
    if action not in ("scan", "finish"):
        raise HTTPException(404, f"{action}: allowed are scan, finish")
    if not table.by:
        return _station(site, request, table, [say(phrase("pick.name"), language_of(request))], status=422)
    begun = table.begun or str(now_us())
    if action == "scan":
        text = given.get("scan", "").strip()[:200]
        if text[:1] == "R" and text[1:].isascii() and text[1:].isdigit():
            return _station(site, request, _Table(table.by, text, table.epcs, begun))
        try:
            epc = keys.item(text)
        except ValueError:
            wrong = say(phrase("case.wrong", scanned=text), language_of(request))
            return _station(site, request, table, [wrong], status=409)
        known = tuple(dict.fromkeys((*table.epcs, epc)))
        return _station(site, request, _Table(table.by, table.number, known[:1_000], begun))
    if not table.epcs:
        return _station(site, request, table)
    try:
        epcs = tuple(keys.item(epc) for epc in table.epcs)
        seen = GateSeen(cause=f"station {begun}", epcs=epcs, number=table.number, by=table.by)
        found = site.cases().came(seen, now_us())
    except ValueError as error:  # a CaseError is one too
        return _station(site, request, table, [str(error)], status=409)
    return _station(site, request, _Table(by=table.by), found=found)


def _station(
    site: Site,
    request: Request,
    table: _Table,
    problems: Sequence[str] = (),
    found: Sequence[SeenUnit] = (),
    status: int = 200,
) -> Response:
    numbers = sorted({one.case for one in found})
    return rendered(
        site,
        request,
        "returns.html",
        phrase("case.station"),
        status,
        problems=[*problems],
        table=table,
        found=found,
        cases=numbers,
        fewer={number: site.cases().detail(number).fewer for number in numbers},
        dispositions=[*Disposition],
        **_WORDS,
    )
