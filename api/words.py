"""All words that people read, over HTTP: what the api sends as code and values, said in a language.

Public names: words_route.
"""

from __future__ import annotations

import gzip
import hashlib

import msgspec
from fastapi import FastAPI, Request, Response

from edge.views.words.table import LANGUAGES, language


def words_route(app: FastAPI) -> None:
    """Adds the route. The words are those of the process: their ETag holds until another version runs."""
    body = msgspec.json.encode({name: language(name) for name in LANGUAGES})
    known = hashlib.sha256(body).hexdigest()
    packed = gzip.compress(body, 9, mtime=0)  # two thirds of what a live page weighs, in a third of the octets
    plain = {"etag": f'"{known}"', "cache-control": "no-cache", "vary": "accept-encoding"}
    zipped = {**plain, "etag": f'"{known}-gzip"', "content-encoding": "gzip"}

    @app.get("/api/words", response_model=dict[str, dict[str, str]])
    async def words(request: Request) -> Response:
        """The words of every code, by language (``en``, ``zh-Hant``); without a token, as the page is.

        Words have places: ``{name}`` stands for the value of that name, ``{name:, }`` for a list of values with what is
        written between them. A value is text, a number, or again a ``code`` with ``values``.
        """
        small = _takes_gzip(request.headers.get("accept-encoding", ""))
        headers = zipped if small else plain
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(packed if small else body, headers=headers, media_type="application/json")


def _takes_gzip(accepted: str) -> bool:
    """Source: RFC 9110, 12.5.3."""
    codings = [one.replace(" ", "").partition(";") for one in accepted.lower().split(",")]
    return any(name == "gzip" and weight not in ("q=0", "q=0.0", "q=0.00", "q=0.000") for name, _, weight in codings)
