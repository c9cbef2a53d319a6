"""A client of a site's API for programs of others: orders in, what became of them, events out.

Public names: Site, ProblemError, FieldProblem, CloudEvent, verified, and the shapes of what is sent and answered.

It needs nothing but Python's own library, and imports nothing of Lanewise, so it can be copied as it is::

    site = Site("http://127.0.0.1:8000", token=Path("token").read_text())
    site.put_line_orders([{"id": "1001", "carrier": "POST", "lines": [{"gtin": "09521141001011", "quantity": 2}]}])
    for event in site.events(after=last):
        print(event["type"], event["subject"])

What is refused raises ProblemError with a line for each field. All that is asked has a key of its own, and is
asked again by it where the site says that it is busy or starting, or is not there.

Source: the site's own /api/openapi.json; RFC 9457; CloudEvents 1.0.2; Standard Webhooks 1.0.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, NotRequired, TypedDict
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

__all__ = [
    "CloudEvent",
    "Consignee",
    "FieldProblem",
    "LineOrder",
    "LineOrderLine",
    "Payment",
    "ProblemError",
    "Put",
    "ReturnLine",
    "SaleLine",
    "SaleSaid",
    "SalesOrder",
    "Site",
    "StockLevel",
    "StockMovement",
    "verified",
]

TRIES = 4
BUSY = frozenset({429, 503})
TOLERANCE_S = 300


class LineOrderLine(TypedDict):
    """Units of an article in an order that a line needs to know. ``epcs``: the very items, in any spelling."""

    gtin: str
    quantity: int
    sku: NotRequired[str]
    name: NotRequired[str]
    epcs: NotRequired[list[str]]
    cancelled: NotRequired[int]


class LineOrder(TypedDict):
    """What a line needs to know of an order. Either ``id``, or ``channel`` and ``external``."""

    carrier: str
    lines: list[LineOrderLine]
    id: NotRequired[str]
    channel: NotRequired[str]
    external: NotRequired[str]
    service: NotRequired[str]
    tote: NotRequired[str | None]
    parcel: NotRequired[str | None]
    codes: NotRequired[list[str]]
    state: NotRequired[str]
    refused: NotRequired[bool]


class Put(TypedDict):
    """What became of orders: how many are new, changed, the same. ``findings``: what people should look at."""

    new: int
    changed: int
    same: int
    findings: NotRequired[list[str]]


class SaleLine(TypedDict):
    """Units that were sold. ``price``: of one, in minor units."""

    sku: str
    quantity: int
    name: NotRequired[str]
    price: NotRequired[int]


class Payment(TypedDict):
    """``kind``: prepaid or cod. Amounts in minor units."""

    kind: str
    currency: str
    total: int
    freight: NotRequired[int]
    paid: NotRequired[int]


class Consignee(TypedDict, total=False):
    """Who gets it; stays in the site's store, and is in no event."""

    name: str
    phone: str
    email: str
    country: str
    region: str
    city: str
    street: str
    postcode: str


class SalesOrder(TypedDict):
    """An order as it was sold. Either ``id``, or ``channel`` and ``external``. Times: ISO 8601 with offset."""

    payment: Payment
    lines: list[SaleLine]
    id: NotRequired[str]
    channel: NotRequired[str]
    external: NotRequired[str]
    ordered: NotRequired[str]
    promised: NotRequired[str]
    service: NotRequired[str]
    consignee: NotRequired[Consignee]


class SaleSaid(TypedDict):
    """What became of one order of those that were sent. ``outcome``: new, same, amended, conflict, refused."""

    number: int
    outcome: str
    id: str
    version: int
    text: str
    errors: list[dict[str, str]]


class StockMovement(TypedDict):
    """Units that come, go or move. ``cause``: ``{"kind": …, "id": …}``, booked once, however often it is sent."""

    cause: dict[str, str]
    kind: str
    sku: str
    quantity: int
    source: NotRequired[str]
    target: NotRequired[str]
    lot: NotRequired[str]
    epc: NotRequired[str]
    why: NotRequired[str]


class StockLevel(TypedDict):
    """An article: ``sellable`` units, of which so many are ``promised``; the rest as the site's schema has it."""

    sku: str
    sellable: int
    promised: int


class ReturnLine(TypedDict, total=False):
    """Units that shall come back. ``line``: of the order, from 1; or ``epc``."""

    line: int
    units: int
    epc: str
    reason: str


class CloudEvent(TypedDict):
    """Something that happened. ``id`` with ``source``: no other's, and the same whenever it is told."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: str
    sequence: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field. ``field``: its path, ``lines.0.quantity``; ``body``: all of it."""

    field: str
    detail: str


class ProblemError(Exception):
    """What the site refuses. ``status``: of HTTP, 0 = it could not be asked."""

    def __init__(self, status: int, detail: str, errors: Sequence[FieldProblem] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)


class Site:
    """A site's API. ``token``: an API key, or what stands in its token_file; None = the site is on this machine."""

    def __init__(self, url: str, token: str | None = None, *, by: str = "api", timeout_s: float = 10) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token.strip()}"
        self._by = by
        self._timeout_s = timeout_s

    # ---- orders ------------------------------------------------------------------------------------------------------

    def put_line_orders(self, orders: Sequence[LineOrder]) -> Put:
        """Orders for the lines of a site whose WMS plans and picks by itself: all or none. The same again changes
        nothing. Raises ProblemError.
        """
        put: Put = self.ask("POST", "/api/orders", body=list(orders))
        return put

    def line_order(self, order: str) -> dict[str, Any]:
        """An order as the lines know it. Raises ProblemError."""
        return dict(self.ask("GET", f"/api/orders/{quote(order, safe='')}"))

    def take_sales_orders(self, orders: Sequence[SalesOrder]) -> list[SaleSaid]:
        """Orders as they were sold; each is taken, held or refused by itself. The same again changes nothing."""
        return list(self.ask("POST", "/api/v1/sales-orders", body=list(orders))["results"])

    def sales_order(self, order: str) -> dict[str, Any]:
        """All that is known of a sales order; ``["order"]["version"]`` is what wishes ask for. Raises ProblemError."""
        return dict(self.ask("GET", f"/api/v1/sales-orders/{quote(order, safe='')}"))

    def sales_orders(self, **which: str) -> Iterator[dict[str, Any]]:
        """Sales orders, the newest first, page by page. ``which``: stage, finding, channel, q."""
        after = ""
        while True:
            page = self.ask("GET", "/api/v1/sales-orders", {**which, "after": after, "limit": "500"})
            yield from page["orders"]
            after = page["after"]
            if not after:
                return

    def wish(self, order: str, what: str, reason: str, *, version: int | None = None, **more: Any) -> dict[str, Any]:
        """``release``, ``hold``, ``cancel``, ``amend``, ``merge``, ``split`` a sales order. ``version``: that is meant;
        None = whichever. What it is then. Raises ProblemError, 412 where somebody was first.
        """
        known = "*" if version is None else f'"{version}"'
        body = {"by": self._by, "reason": reason, **more}
        path = f"/api/v1/sales-orders/{quote(order, safe='')}/{what}"
        return dict(self.ask("POST", path, body=body, headers={"If-Match": known}))

    # ---- stock, parcels, returns -------------------------------------------------------------------------------------

    def stock(self) -> list[StockLevel]:
        """Every article with what is there and what is promised."""
        levels: list[StockLevel] = []
        while page := self.ask("GET", "/api/v1/stock", {"after": levels[-1]["sku"] if levels else "", "limit": "1000"}):
            levels += page
        return levels

    def move_stock(self, movements: Sequence[StockMovement]) -> Any:
        """Movements, all or none; each cause is booked once. Raises ProblemError."""
        return self.ask("POST", "/api/v1/stock/movements", body={"by": self._by, "movements": list(movements)})

    def parcel(self, sscc: str) -> dict[str, Any]:
        """Where a parcel is, with all that its carrier said. Raises ProblemError."""
        return dict(self.ask("GET", f"/api/v1/tracking/{quote(sscc, safe='')}"))

    def ask_return(self, order: str, lines: Sequence[ReturnLine], *, key: str, want: str = "refund") -> dict[str, Any]:
        """A return, exchange or repair; the same ``key`` again is the same case. Raises ProblemError."""
        body = {"order": order, "lines": list(lines), "key": key, "want": want, "by": self._by}
        return dict(self.ask("POST", "/api/v1/cases/returns", body=body))

    # ---- events ------------------------------------------------------------------------------------------------------

    def events(self, after: int = 0) -> Iterator[CloudEvent]:
        """All events behind a sequence that there are now, batch by batch; keep the last one's ``sequence``."""
        while batch := self.ask("GET", "/api/v1/events", {"after": str(after)}):
            yield from batch
            after = int(batch[-1]["sequence"])

    # ---- HTTP --------------------------------------------------------------------------------------------------------

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        again: bool = True,
    ) -> Any:
        """Any route; the answer's JSON, None without one. Raises ProblemError.

        ``again``: it is asked anew where no answer comes, by the same key, so that nothing is done twice.
        """
        url = f"{self._url}{path}{'?' + urlencode(query) if query else ''}"
        data = None if body is None else json.dumps(body).encode()
        about = {} if data is None else {"Content-Type": "application/json"}
        if method != "GET":
            about["Idempotency-Key"] = uuid4().hex
        about |= {**self._headers, **(headers or {})}
        request = Request(url, data, about, method=method)  # noqa: S310  the caller's
        for tried in range(1, TRIES + 1):
            last = tried == TRIES or not again
            try:
                with urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310
                    said = answer.read()
                return json.loads(said) if said else None
            except HTTPError as error:
                if last or error.code not in BUSY:
                    raise _problem(error) from None
                wait = error.headers.get("Retry-After", "")
                time.sleep(min(int(wait), 60) if wait.isdecimal() else tried)
            except (OSError, HTTPException) as error:
                if last:
                    raise ProblemError(0, f"{url}: {error}: is the site running, and the address right?") from None
                time.sleep(tried)
        raise AssertionError  # the last try returns or raises


def verified(secret: str, headers: Mapping[str, str], body: bytes, *, now_s: float | None = None) -> CloudEvent:
    """The event of a webhook's message, when it is signed with this secret and not older than five minutes.

    ``secret``: what stands in the webhook's secret_file; ``headers``: by names in any case. Keep the message's
    ``webhook-id`` to pass over one that comes twice. Raises ProblemError.
    """
    given = {name.lower(): value for name, value in headers.items()}
    known, at, signatures = (given.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not at.isdecimal() or abs((time.time() if now_s is None else now_s) - int(at)) > TOLERANCE_S:
        raise ProblemError(400, f"webhook-timestamp: {at!r}: missing, or not of the last five minutes")
    try:
        key = base64.b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ProblemError(500, "secret: not base64: give what stands in the webhook's secret_file") from None
    wanted = base64.b64encode(hmac.digest(key, f"{known}.{at}.".encode() + body, hashlib.sha256)).decode()
    if not any(hmac.compare_digest(f"v1,{wanted}".encode(), one.encode()) for one in signatures.split()):
        raise ProblemError(401, "webhook-signature: not made with this secret")
    event: CloudEvent = json.loads(body)
    return event


def _problem(error: HTTPError) -> ProblemError:
    try:
        said = json.loads(error.read())
        fields = [FieldProblem(one["field"], one["detail"]) for one in said.get("errors", ())]
        return ProblemError(error.code, said.get("detail") or "; ".join(said["problems"]), fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ProblemError(error.code, f"{error.url}: HTTP {error.code}: {error.reason}")
