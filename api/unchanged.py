"""Who asks for the same again is told that nothing changed, and not all of it once more.

Public names: Unchanged, KNOWN_PARAMETER.

Each whole JSON answer to a GET below ``/api/v1`` has the hash of its octets as ``ETag``. What has one already, since it
names a version for ``If-Match``, keeps it: other things of the same version may be otherwise.

Source: RFC 9110, 8.8.3, 13.1.2 and 15.4.5.
"""

from __future__ import annotations

import re
from hashlib import blake2b

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KNOWN_PARAMETER = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "the `ETag` of an answer that you have: 304 without a body says that it still is so",
    "schema": {"type": "string", "pattern": "^[ -~]+$"},
}
_BELOW = "/api/v1/"
_KINDS = ("application/json", "application/cloudevents-batch+json")
_TAG = re.compile(r'(?:W/)?("[^"]*")')


class Unchanged:
    """ASGI middleware; innermost, so that what others refuse is not in its way."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_BELOW):
            await self._app(scope, receive, send)
            return
        known = Headers(scope=scope).get("if-none-match", "")
        start: Message | None = None

        async def look(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _may_be_known(message):
                start = message
                return
            if start is not None:
                begun, start = start, None
                if not message.get("more_body"):
                    begun, message = _tagged(begun, message, known)
                await send(begun)
            await send(message)

        await self._app(scope, receive, look)


def _may_be_known(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "").partition(";")[0]
    return start["status"] == 200 and kind in _KINDS and "etag" not in headers


def _tagged(start: Message, body: Message, known: str) -> tuple[Message, Message]:
    tag = f'"{blake2b(body.get("body", b""), digest_size=12).hexdigest()}"'
    headers = MutableHeaders(raw=list(start["headers"]))
    headers["etag"] = tag
    if known.strip() == "*" or tag in _TAG.findall(known):
        for name in ("content-length", "content-type"):
            del headers[name]
        return {**start, "status": 304, "headers": headers.raw}, {**body, "body": b""}
    return {**start, "headers": headers.raw}, body
