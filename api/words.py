"""All words that people read, over HTTP: what the api sends as code and values, said in a language.

Public names: words_route.
"""

from __future__ import annotations

import hashlib

import msgspec
from fastapi import FastAPI, Request, Response

from edge.views.words.table import LANGUAGES, language


def words_route(app: FastAPI) -> None:
    """Adds the route. The words are those of the process: their ETag holds until another version runs."""
    body = msgspec.json.encode({name: language(name) for name in LANGUAGES})
    etag = f'"{hashlib.sha256(body).hexdigest()}"'
    headers = {"etag": etag, "cache-control": "no-cache"}

    @app.get("/api/words", response_model=dict[str, dict[str, str]])
    async def words(request: Request) -> Response:
        """The words of every code, by language (``en``, ``zh-Hant``); without a token, as the page is.

        Words have places: ``{name}`` stands for the value of that name, ``{name:, }`` for a list of values with what is
        written between them. A value is text, a number, or again a ``code`` with ``values``.
        """
        if etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json")
