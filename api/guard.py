"""What every request must pass before it reaches a route, and the headers that every answer carries.

Public names: Guard, WrongTokens, READING, FORMS, is_page, is_entrance, refuse, send_on, media_type, page_secret,
CSV_TYPE, FORM_POLICY, FORM_FIELD, PAGE_COOKIE.

With a token, ``/api`` and ``/metrics`` need ``Authorization: Bearer``, but for the words in which the page asks for it.
Without one the server listens on a loopback address only; then a web page of somebody else is the danger, and the name
in Host must be a loopback name (DNS rebinding). What changes something must always be JSON or CSV and come from a page
of this server, if it comes from a page (forged requests). Wrong tokens are counted, told with the address and what was
asked, and answered late (`api.doubts`). Pages with forms, as ``/orders``, are for browsers with a cookie that they get
when they show the token. Carriers sign what they tell (`api.hooks`), and customers have tokens of their own
(`api.track_page`): both need no other.

Source: RFC 9110, 7.2 and 15.5; RFC 6454 (Origin); Fetch Metadata (W3C), 2.3; Content Security Policy Level 3.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from http import HTTPStatus
from urllib.parse import quote

import msgspec
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.crowd import address_of
from api.doubts import Doubts
from api.navigation import ROOTS
from api.seldom import Seldom
from edge.core.values.text import readable
from edge.views.given_texts import text_told

log = logging.getLogger(__name__)
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
CSV_TYPE = "text/csv"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BODY_TYPES = frozenset({"application/json", CSV_TYPE})
_OTHER_TYPES = {
    "/api/v1/sales-orders": frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"}),
    "/api/v1/imports": frozenset({"multipart/form-data"}),
    "/api/v1/stock/imports": frozenset({"text/tab-separated-values", XLSX_TYPE, "application/octet-stream"}),
}
"""What else a path takes; a form that another page sends has an Origin, and is refused by that."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN = frozenset({"/api/words", "/api/openapi.json"})
_PASSED_ON = ("forwarded", "x-forwarded-for")
"""What a proxy says of whom it asks for. Source: RFC 7239, 4."""
HOOKS = "/api/v1/hooks/"
"""Where carriers tell what they sign, without a token."""
CUSTOMERS = "/track/"
"""Where customers look, by tokens of their own."""
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


_MORE = {
    "/api.html": {
        "content-security-policy": _HEADERS["content-security-policy"].replace("img-src 'self'", "img-src 'self' data:")
    }
}
"""Of a page whose library has pictures in its style sheet."""
_ONLY_TLS = "max-age=31536000"
"""RFC 6797: for a year a browser comes by https alone. Not for other names below this one, which are not ours."""
FORM_POLICY = _HEADERS["content-security-policy"].replace("form-action 'none'", "form-action 'self'")
"""Of pages with forms, which go to this server alone."""
PAGE_COOKIE = "lanewise-page"
FORM_FIELD = "form_secret"
"""What each form of somebody who signed in begins with."""
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class WrongTokens:
    """How long the answer to a wrong token takes, and what is said of it."""

    def __init__(self, doubts: Doubts) -> None:
        self._doubts = doubts
        self._told = Seldom()

    async def answer(self, scope: Scope, problem: str) -> tuple[int, str]:
        """The refusal of a token, when it is time for it."""
        if not any(name == b"authorization" and value.strip() for name, value in scope["headers"]):
            self._doubts.counts["missing"] += 1
            return 401, problem
        now_s = asyncio.get_running_loop().time()
        address = address_of(scope["client"][0] if scope["client"] else "")
        if count := self._told.happened(address, now_s):
            asked = readable(f"{scope['method']} {scope['path'][:200]}")
            log.warning("%s: wrong token for %s (%d since this was said last)", readable(address), asked, count)
        held_s = self._doubts.wrong(address, now_s)
        if held_s is None:
            return 429, "Authorization: too many wrong tokens come from this address: ask again later"
        try:
            await asyncio.sleep(held_s)
        finally:
            self._doubts.answered(address)
        return 401, problem


class Guard:
    """ASGI middleware. ``token`` None: loopback only. ``signed_in``: who may what, `api.entrance` says behind it;
    ``demo``: and it lets in whoever asks, so that again only this machine may.
    """

    def __init__(
        self, app: ASGIApp, token: str | None, wrong: WrongTokens, signed_in: bool, demo: bool = False
    ) -> None:
        self._app = app
        self._demo = demo
        self._wrong = wrong
        self._signed_in = signed_in
        self._token = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (_HEADERS | _MORE.get(path, {})).items():
                    headers.setdefault(name, value)
                if scope.get("scheme") == "https":  # by our own TLS, or as a proxy on this machine says
                    headers.setdefault("strict-transport-security", _ONLY_TLS)
                headers.setdefault("cache-control", "no-store" if path.startswith("/api/") else "no-cache")
            await send(message)

        refusal = self._refusal(scope["method"], path, Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send_with_headers)
            return
        status, problem = refusal
        if status == 401 and is_page(path) and scope["method"] in READING:
            there = quote(path + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""))
            await send_on(send_with_headers, f"/sign-in.html?next={there}")
            return
        if status == 401:
            status, problem = await self._wrong.answer(scope, problem)
        await refuse(scope, send_with_headers, status, problem)

    def _refusal(self, method: str, path: str, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        token = self._token
        if self._demo and (passed := next((one for one in _PASSED_ON if one in headers), None)) is not None:
            return 403, f"{passed}: a demo is for this machine alone, not for whom a proxy lets in"
        if self._signed_in and not self._demo:
            pass
        elif token is None or self._demo:
            name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
            if name.lower() not in LOOPBACK_NAMES:
                return 421, f"Host {host!r}: allowed without a token: {', '.join(sorted(LOOPBACK_NAMES))}"
        elif is_page(path) and _shows(headers.get("cookie", ""), page_secret(token)):
            pass
        elif _is_secret(path) and not _knows(headers.get("authorization", ""), token):
            return 401, "Authorization: required is Bearer and the token of token_file"
        if method in READING:
            return None
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != host:
            return 403, f"Origin {origin!r}: allowed are pages of {host!r} only"
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return 403, "Sec-Fetch-Site: allowed are pages of this server only"
        content_type = media_type(headers)
        forms = is_page(path) or path.startswith(CUSTOMERS) or (self._signed_in and is_entrance(path))
        allowed = FORMS if forms else BODY_TYPES | _OTHER_TYPES.get(path, frozenset())
        if path.startswith(HOOKS) and content_type.startswith("application/") and content_type.endswith("+json"):
            return None
        if content_type not in allowed:
            return 415, f"Content-Type {content_type!r}: allowed are {', '.join(sorted(allowed))}"
        return None


async def send_on(send: Send, there: str) -> None:
    """Sends a browser to another page of ours."""
    headers = [(b"location", there.encode()), (b"content-length", b"0"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


async def refuse(scope: Scope, send: Send, status: int, problem: str) -> None:
    """Answers with what is wrong, as the path's other routes do."""
    body, kind = _told(scope["path"], status, problem)
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    if status in (429, 503):
        headers.append((b"retry-after", b"2"))
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _told(path: str, status: int, problem: str) -> tuple[bytes, bytes]:
    """A refusal and its media type: below ``/api/v1`` as RFC 9457 has it, as its routes refuse."""
    said: dict[str, object] = {"problems": [problem], "said": [text_told(problem)]}
    if not path.startswith("/api/v1/"):
        return _encoded(said), b"application/json"
    field, _, detail = problem.partition(" ")
    said |= {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": problem}
    said["errors"] = [{"field": field.rstrip(":"), "detail": detail}]
    return _encoded(said), b"application/problem+json"


def _encoded(said: dict[str, object]) -> bytes:
    return json.dumps(msgspec.to_builtins(said)).encode()


def media_type(headers: Headers) -> str:
    """What a body is, in small letters and without parameters; empty = it is not said. Source: RFC 9110, 8.3.1."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_secret(path: str) -> bool:
    if path in _OPEN or path.startswith(HOOKS):
        return False
    return path.startswith("/api/") or path == "/metrics" or is_page(path)


def is_page(path: str) -> bool:
    """Whether it is a page that is rendered here; a browser shows the token's cookie for it."""
    return path in ROOTS or path.startswith(tuple(f"{one}/" for one in ROOTS))


def is_entrance(path: str) -> bool:
    """Whether it is a page by which people sign in, or of their own account."""
    return path.startswith(("/login", "/logout", "/account"))


def page_secret(token: bytes) -> str:
    """What the cookie of a browser holds that showed the token; the token cannot be found from it."""
    return hmac.digest(token, b"pages", "sha256").hex()


def _shows(cookies: str, secret: str) -> bool:
    given = [one.strip().partition("=") for one in cookies.split(";")]
    return any(name == PAGE_COOKIE and hmac.compare_digest(value.encode(), secret.encode()) for name, _, value in given)


def _knows(authorization: str, token: bytes) -> bool:
    scheme, _, given = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token)
