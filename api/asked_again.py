"""Who asks again after an answer that never came is answered again, and nothing is done twice.

Public names: AskedAgain, KEY_HEADER, KEY_FIELD, REPLAYED, KEY_PARAMETER.

A request that changes something may bring a key of its own, ``Idempotency-Key``; forms of pages bring one each time
they are shown. The key is written by the transaction that does it (`edge.site.asked`); its answer is kept for a day.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import blake2b
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.answers import FieldSaid, field_problems_answer
from api.guard import HOOKS, READING, is_entrance, media_type
from edge.journal.host_time import now_us
from edge.site.asked import AskedBeforeError, KeyedRequest, asking
from edge.site.asked_book import AskedBook, KeptAnswer
from edge.site.store import StoreError

KEY_HEADER = "Idempotency-Key"
KEY_FIELD = "once"
"""Of a form."""
REPLAYED = "idempotency-replayed"
"""The header of an answer that was given before."""
KEY_PARAMETER = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": "a key of your own, such as a UUID: who asks again with the same one within a day is given the same "
    "answer, and nothing is done twice",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
}
_LONGEST = 200
_BODY = 2**20
"""A body beyond that is taken without its key: what is as large is naturally the same twice."""
_KEPT = 2**18
_WAIT_S = 10.0
_LOOK_S = 0.1
_SHOWN = ("content-type", "etag", "location")
_T = TypeVar("_T")


class AskedAgain:
    """ASGI middleware behind all that let requests in. ``book``: raises StoreError where the store is away."""

    def __init__(self, app: ASGIApp, book: Callable[[], AskedBook]) -> None:
        self._app, self._book = app, book

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] in READING or path.startswith(HOOKS) or is_entrance(path):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        body = _Body(receive)
        key = headers.get(KEY_HEADER.lower(), "")
        form = not key and media_type(headers) == "application/x-www-form-urlencoded"
        if not (key or form) or not await body.read():
            await self._app(scope, body, send)
            return
        said = _hashed(scope["method"], path, scope["query_string"].decode("latin-1"), body.said)
        if form:
            key = dict(parse_qsl(body.said.decode("utf-8", "replace"))).get(KEY_FIELD, "")
            if not key:
                await self._app(scope, body, send)
                return
            key = f"{key} {said}"  # a form that is sent again with other words is another wish
            body.leave_out(KEY_FIELD)
        elif len(key) > _LONGEST or not (key.isascii() and key.isprintable()):
            text = f"allowed are 1 to {_LONGEST} printable characters"
            answer = field_problems_answer(400, f"{KEY_HEADER}: {text}", [FieldSaid(KEY_HEADER, text)])
            await answer(scope, body, send)
            return
        who = scope.get("lanewise.who")
        request = KeyedRequest(_hashed("" if who is None else who.name, key), said, now_us())
        await self._once(request, scope, body, send)

    async def _once(self, request: KeyedRequest, scope: Scope, body: _Body, send: Send) -> None:
        kept = _Kept()
        body.anew()
        try:
            known = await self._asked(lambda book: book.look(request.key))
        except StoreError:  # if it is there again for the work, that writes the key, or finds it
            known = None
        if known is None:
            try:
                with asking(request):
                    await self._app(scope, body, kept)
            except AskedBeforeError:
                pass  # just now
            else:
                await self._keep(request, kept)
                await kept.give(send)
                return
        try:
            await self._again(request, known, scope, body, send)
        except StoreError as error:
            answer = field_problems_answer(503, f"{KEY_HEADER}: what was answered before is not known now: {error}")
            await answer(scope, body, send)

    async def _keep(self, request: KeyedRequest, kept: _Kept) -> None:
        """What was refused is not done, and may be asked again; of what went wrong nobody knows what was done."""
        if not request.done or kept.status >= 500:
            return
        try:
            if kept.status >= 400:
                await self._asked(lambda book: book.take_back(request.key))
                return
            text = kept.text()
            if text is not None:
                shown = {name: value for name, value in kept.headers.items() if name in _SHOWN}
                await self._asked(lambda book: book.keep(request.key, kept.status, shown, text))
        except StoreError:  # it is done, and its answer says so
            return

    async def _again(
        self, request: KeyedRequest, known: KeptAnswer | None, scope: Scope, body: _Body, send: Send
    ) -> None:
        """Waits until the first one is answered."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _WAIT_S
        while known is None or (known.status == 0 and known.said == request.said):
            known = await self._asked(lambda book: book.look(request.key))
            if known is None:  # the first one was refused
                await self._once(request, scope, body, send)
                return
            if known.status or loop.time() > until:
                break
            await asyncio.sleep(_LOOK_S)
        if known.said != request.said:
            text = "another request came with it: each has its own"
            answer = field_problems_answer(422, f"{KEY_HEADER}: {text}", [FieldSaid(KEY_HEADER, text)])
        elif known.status == 0:
            text = "was done, and what was answered is not known: look what became of it"
            answer = field_problems_answer(409, f"{KEY_HEADER}: {text}", [FieldSaid(KEY_HEADER, text)])
        else:
            kept = _Kept(known.status, dict(known.headers) | {REPLAYED: "true"})
            await kept.replay(known.body.encode(), send)
            return
        await answer(scope, body, send)

    async def _asked(self, of: Callable[[AskedBook], _T]) -> _T:
        return await asyncio.to_thread(lambda: of(self._book()))


class _Body:
    """A request's body, read before it is given on. ``said``: all of it, if it is no longer than what has a key."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._whole: list[Message] = []
        self._given = 0
        self.said = b""

    async def read(self) -> bool:
        """Whether all of it came, and is small."""
        while True:
            message = await self._receive()
            self._whole.append(message)
            if message["type"] != "http.request":
                return False
            self.said += message.get("body", b"")
            if len(self.said) > _BODY:
                return False
            if not message.get("more_body"):
                return True

    async def __call__(self) -> Message:
        self._given += 1
        if self._given <= len(self._whole):
            return self._whole[self._given - 1]
        return await self._receive()

    def leave_out(self, field: str) -> None:
        """Gives on a form without a field, which is none of its page's."""
        given = parse_qsl(self.said.decode("utf-8", "replace"), keep_blank_values=True)
        rest = urlencode([(name, value) for name, value in given if name != field]).encode()
        self._whole = [{"type": "http.request", "body": rest, "more_body": False}]

    def anew(self) -> None:
        """From its beginning."""
        self._given = 0


class _Kept:
    """An answer, kept until it is known that it will be given again."""

    def __init__(self, status: int = 0, headers: dict[str, str] | None = None) -> None:
        self.messages: list[Message] = []
        self.status, self.headers = status, headers or {}

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}

    def text(self) -> str | None:
        """What it says; None = no text, or too much of it."""
        body = b"".join(one.get("body", b"") for one in self.messages if one["type"] == "http.response.body")
        try:
            return body.decode() if len(body) <= _KEPT else None
        except UnicodeDecodeError:
            return None

    async def give(self, send: Send) -> None:
        """As it came."""
        for message in self.messages:
            await send(message)

    async def replay(self, body: bytes, send: Send) -> None:
        """The same again."""
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _hashed(*parts: str | bytes) -> str:
    hashed = blake2b(digest_size=32)
    for part in parts:
        octets = part.encode() if isinstance(part, str) else part
        hashed.update(len(octets).to_bytes(8) + octets)
    return hashed.hexdigest()
