"""Who looks with a browser is told by a page what was refused or is not there, where a program is told in JSON.

Public names: RefusedPage.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.guard import HOOKS, READING
from api.identities import Way, Who
from api.pages import rendered
from api.site_state import Site
from edge.views.given_texts import text_told
from edge.views.words.phrase import Word, phrase

_PROGRAMS = ("/api/", "/metrics", "/track/", HOOKS)
_JSON = ("application/json", "application/problem+json")
_NOWHERE = "Not Found"
"""What Starlette says where no route is."""


class RefusedPage:
    """ASGI middleware within the guard, which says itself what it refuses: a page tells of the site.

    For the same reason it is told only to who is signed in, or to all where nobody needs to.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site = app, site
        self._open = site.identities is None and not site.token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["type"] == "http" and not scope["path"].startswith(_PROGRAMS)
        if not asked or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def look(message: Message) -> None:
            if held or (message["type"] == "http.response.start" and self._refuses(scope, message)):
                held.append(message)
            else:
                await send(message)

        await self._app(scope, receive, look)
        if held:
            status = int(held[0]["status"])
            body = b"".join(one.get("body", b"") for one in held)
            page = await asyncio.to_thread(self._page, Request(scope), status, _problems(body, scope["path"]))
            page.raw_headers.extend(
                one for one in held[0]["headers"] if one[0].lower() not in (b"content-type", b"content-length")
            )
            await page(scope, receive, send)

    def _refuses(self, scope: Scope, message: Message) -> bool:
        who: Who | None = scope.get("lanewise.who")
        known = self._open or (who is not None and who.way is Way.SESSION and not who.must_change)
        media = Headers(raw=message["headers"]).get("content-type", "").partition(";")[0]
        return known and message["status"] >= 400 and media in _JSON

    def _page(self, request: Request, status: int, problems: Sequence[Word]) -> Response:
        title = phrase("refused.nothing") if status == 404 else phrase("refused.title")
        again = request.method not in READING
        return rendered(self._site, request, "refused.html", title, status, told=problems, again=again)


def _problems(body: bytes, path: str) -> Sequence[Word]:
    """What a body of ours says is wrong, a line each."""
    try:
        told = json.loads(body)["problems"]
    except (ValueError, KeyError, TypeError):
        return ()
    return [phrase("refused.no-page", path=path) if one == _NOWHERE else text_told(str(one)) for one in told]
