"""How commands ask the api process of a site: one request, one answer, and one message when it cannot be.

Public names: ask, send, ApiError.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen
from uuid import uuid4

from edge.config.lines import SiteConfig
from edge.config.secret import bearer

_TIMEOUT_S = 10
_REACHED = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "::": "[::1]", "::1": "[::1]"}  # noqa: S104  listened on, not by us


class ApiError(OSError):
    """The api process cannot be asked, or refuses. The text says where, why and what to do."""


def ask(site: SiteConfig, path: str, wish: Mapping[str, object] | None = None) -> bytes:
    """The answer's body; with ``wish`` it is posted. Raises ApiError, ConfigError for its token."""
    return send(site, path, None if wish is None else json.dumps(wish).encode())


def send(
    site: SiteConfig,
    path: str,
    body: bytes | None,
    media_type: str = "application/json",
    more: Mapping[str, str] | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> bytes:
    """The same of any body, with more headers; None = nothing is posted."""
    host, _, port = site.listen.rpartition(":")
    url = f"{'https' if site.tls else 'http'}://{_REACHED.get(host, host)}:{port}{path}"
    headers = {"Content-Type": media_type, **bearer(site.token_file), **(more or {})}
    if body is not None:
        headers["Idempotency-Key"] = uuid4().hex  # whatever stands between asks again
    request = Request(url, body, headers)  # noqa: S310  http or https, as above
    try:
        context = site.tls.asking() if site.tls else None
        with urlopen(request, timeout=timeout_s, context=context) as answer:  # noqa: S310  http, as above
            told: bytes = answer.read()
            return told
    except HTTPError as error:
        raise ApiError(_problems(error)) from None
    except HTTPException:
        raise ApiError(f"{url}: its answer broke off: look whether that was done before you ask again") from None
    except OSError as error:
        reason = error.reason if isinstance(error, URLError) else error
        why = reason.strerror if isinstance(reason, OSError) and reason.strerror else reason
        raise ApiError(f"{url}: {why}: is `lanewise api` running?") from None


def _problems(error: HTTPError) -> str:
    try:
        said = json.loads(error.read())
        if "problems" in said:
            return "; ".join(said["problems"])
        told = [f"{one['field']}: {one['detail']}" for one in said["errors"] if one["detail"] not in said["detail"]]
        return "; ".join((str(said["detail"]), *told))
    except (ValueError, KeyError, TypeError):
        return f"{error.url}: HTTP {error.code}: is that `lanewise api`?"
