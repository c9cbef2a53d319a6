"""Where people sign in: who asks, whether they may, and what is noted of it. Each request passes here behind the guard.

Public names: Entrance, who_of.

A route without a line in `api.rights` is refused, to everybody. A form of somebody who signed in begins with the secret
of the session's forms; whatever else a session writes comes with its Origin, as browsers send it. What changes
something, and what is refused to somebody, stands in the audit.
Source: OWASP ASVS 5.0, 3.5 and 8 (forged requests, authorisation); Fetch (WHATWG), 3.2 (Origin).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from urllib.parse import parse_qsl, quote, urlencode

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.crowd import address_of
from api.guard import FORM_FIELD, FORMS, READING, WrongTokens, is_entrance, is_page, media_type, refuse, send_on
from api.identities import Identities, Way, Who, WrongSecret
from api.rights import OPEN, OWN, Needed, needed
from edge.intake.operators import asks
from edge.journal.host_time import now_us
from edge.site.audit import Deed
from edge.site.store import StoreError

log = logging.getLogger(__name__)
_PEEKED = 4_096
_KEPT = 65_536
_URL_ENCODED = "application/x-www-form-urlencoded"
_ASKERS = {"picks": ("picker",), "account": (), "accounts": (), "logout": ()}
"""Which fields of forms say who asks, by where their paths begin; elsewhere it is ``by``."""
_LIVE = frozenset({"/", "/index.html", "/docks.html"})
_FIRST_PART = re.compile(
    rb'--[^\r\n]{1,200}\r\n[Cc]ontent-[Dd]isposition: form-data; name="' + FORM_FIELD.encode() + rb'"\r\n\r\n(\w+)\r\n'
)
_NOTED_ELSEWHERE = frozenset({OPEN, OWN, "accounts"})
"""What these do, the store notes with the change itself."""


def who_of(request: Request) -> Who | None:
    """Who asks; None = nobody, or nobody needs to sign in."""
    who: Who | None = request.scope.get("lanewise.who")
    return who


@dataclass(frozen=True, slots=True)
class _Refusal:
    status: int
    problem: str
    to: str = ""
    """Where a browser goes instead."""


@dataclass(slots=True)
class _Body:
    """What came of a request's body, the first of it kept; given on as it came."""

    receive: Receive
    waiting: list[Message] = field(default_factory=list)
    begun: bytearray = field(default_factory=bytearray)

    async def peek(self) -> bytes:
        """Its first octets, as many as a form's first field needs."""
        while len(self.begun) < _PEEKED:
            message = await self.receive()
            self.waiting.append(message)
            self._keep(message)
            if message["type"] != "http.request" or not message.get("more_body"):
                break
        return bytes(self.begun)

    async def whole(self) -> bytes:
        """All of it. A form of ours is small; of what is longer than that the rest is not looked at."""
        while len(self.begun) < _KEPT:
            message = await self.receive()
            if message["type"] != "http.request":
                self.waiting.append(message)
                break
            self._keep(message)
            if not message.get("more_body"):
                break
        return bytes(self.begun)

    def say(self, said: bytes) -> None:
        """Gives on something else instead of what came."""
        self.waiting.insert(0, {"type": "http.request", "body": said, "more_body": False})

    async def __call__(self) -> Message:
        if self.waiting:
            return self.waiting.pop(0)
        message = await self.receive()
        self._keep(message)
        return message

    def _keep(self, message: Message) -> None:
        if message["type"] == "http.request" and len(self.begun) < _KEPT:
            self.begun += message.get("body", b"")[: _KEPT - len(self.begun)]


class Entrance:
    """ASGI middleware. ``served``: whose routes they are."""

    def __init__(self, app: ASGIApp, served: FastAPI, identities: Identities, wrong: WrongTokens) -> None:
        self._app = app
        self._served = served
        self._identities = identities
        self._wrong = wrong

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body, headers = _Body(receive), Headers(scope=scope)
        needs, files = self._needed(scope["method"], scope["path"])
        who: Who | None = None
        try:
            scope["lanewise.who"] = who = await self._identities.who(headers)
            refusal = await self._refusal(scope, headers, body, needs, files, who)
        except WrongSecret:
            status, problem = await self._wrong.answer(scope, "Authorization: required is a key or token that lasts")
            refusal = _Refusal(status, problem)
        except StoreError as error:
            refusal = _Refusal(503, str(error))
        if refusal is not None:
            if who is not None and not refusal.to:
                await self._note(scope, who, needs, "refused", refusal.problem)
            await (send_on(send, refusal.to) if refusal.to else refuse(scope, send, refusal.status, refusal.problem))
            return

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._note(scope, who, needs, _outcome(message["status"]), _reason(headers, bytes(body.begun)))
            await send(message)

        changes = scope["method"] not in READING and needs not in _NOTED_ELSEWHERE
        with asks(None if who is None else who.asker):
            await self._app(scope, body, noted if changes else send)

    async def _refusal(
        self, scope: Scope, headers: Headers, body: _Body, needs: Needed | None, files: bool, who: Who | None
    ) -> _Refusal | None:
        if files or needs == OPEN:
            return None
        path, reading = scope["path"], scope["method"] in READING
        if who is None:
            query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
            to = f"/login?next={quote(path + query)}" if reading and _is_shown(path) else ""
            return _Refusal(401, "Authorization: sign in at /login, or bring a key as Bearer", to)
        if needs is None:
            return _Refusal(404, f"{path}: there is nothing for {scope['method']} here")
        if needs == OWN:
            if who.way is not Way.SESSION or (who.demo and not reading):
                return _Refusal(403, f"{who.way}: only for somebody who signed in")
        elif who.must_change:
            told = _Refusal(403, "password: it was for one sign-in: choose your own at /account")
            return _Refusal(303, told.problem, "/account") if reading and _is_shown(path) else told
        elif needs not in who.may:
            return _Refusal(403, f"{who.name}: may not: {needs} is for others, see docs/rights.md")
        if reading or who.way is not Way.SESSION:
            return None
        if "origin" not in headers and headers.get("sec-fetch-site") != "same-origin":
            return _Refusal(403, "Origin: missing: a session writes from pages of this server only")
        kind = media_type(headers)
        if kind not in FORMS or path.startswith("/api/"):
            return None
        begun = await (body.whole() if kind == _URL_ENCODED else body.peek())
        if not _from_our_form(kind, begun, who.form_secret):
            return _Refusal(403, f"{FORM_FIELD}: it is not this session's: load the page anew, and send it again")
        if kind == _URL_ENCODED:
            body.say(_with_asker(begun, who.name, _ASKERS.get(path.split("/")[1], ("by",))))
        return None

    async def _note(self, scope: Scope, who: Who | None, needs: Needed | None, outcome: str, reason: str) -> None:
        origin = address_of(scope["client"][0] if scope["client"] else "")
        name = "" if who is None else who.name
        what = f"{scope['method']} {scope['path']}"
        deed = Deed(
            at_us=now_us(),
            who=name,
            origin=origin,
            action=str(needs or ""),
            object=what,
            outcome=outcome,
            reason=reason,
        )
        try:
            await self._identities.note(deed)
        except StoreError as error:  # what was done is done, and its answer says so
            log.warning("audit: %s by %s is noted later: %s", what, name, error)

    def _needed(self, method: str, path: str) -> tuple[Needed | None, bool]:
        """What a request needs by the route that the server takes for it; whether it is a file for anybody."""
        for methods, pattern, template in self._routes:
            if method in methods and pattern.match(path):
                return needed(method, template), False
        return None, method in ("GET", "HEAD") and path in self._files

    @cached_property
    def _routes(self) -> Sequence[tuple[frozenset[str], re.Pattern[str], str]]:
        """In the order in which the server looks."""
        return [
            (frozenset(route.methods), compile_path(route.path)[0], route.path)
            for route in iter_route_contexts(self._served.router.routes)
            if route.methods and route.path is not None
        ]

    @cached_property
    def _files(self) -> frozenset[str]:
        """Scripts, looks and frames of pages, which hold nothing of the site; the live pages are routes."""
        web = self._served.state.web
        return frozenset(f"/{one.name}" for one in web.iterdir() if one.suffix in (".js", ".css", ".svg", ".html"))


def _is_shown(path: str) -> bool:
    """Whether a browser shows it, and can be sent to another page."""
    return path in _LIVE or is_page(path) or is_entrance(path)


def _with_asker(form: bytes, name: str, keys: tuple[str, ...]) -> bytes:
    """A form's fields as its page expects them: who is signed in asks, whatever the form says."""
    given = parse_qsl(form.decode("utf-8", "replace"), keep_blank_values=True)
    kept = [(key, value) for key, value in given if key != FORM_FIELD and key not in keys]
    return urlencode([*((key, name) for key in keys), *kept]).encode()


def _from_our_form(kind: str, begun: bytes, secret: str) -> bool:
    if kind == "multipart/form-data":
        first = _FIRST_PART.match(begun)
        return first is not None and first[1] == secret.encode()
    return begun == f"{FORM_FIELD}={secret}".encode() or begun.startswith(f"{FORM_FIELD}={secret}&".encode())


def _outcome(status: int) -> str:
    if status < HTTPStatus.BAD_REQUEST:
        return "done"
    return "refused" if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) else "failed"


def _reason(headers: Headers, begun: bytes) -> str:
    """Why somebody did it, where the body says so."""
    kind = media_type(headers)
    given: object = None
    if kind == "application/json" and len(begun) < _KEPT:
        try:
            given = json.loads(begun)
        except ValueError:
            return ""
    elif kind == "application/x-www-form-urlencoded":
        given = dict(parse_qsl(begun.decode("utf-8", "replace"), max_num_fields=None))
    if not isinstance(given, dict):
        return ""
    said = [
        str(given[key]) for key in ("reason", "comment", "why", "enabled", "value") if given.get(key) not in (None, "")
    ]
    return "; ".join(said)[:400]
