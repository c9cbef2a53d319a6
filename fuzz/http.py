"""HTTP: requests to the whole api, by all its routes; an answer of 500 and above is a fault, but that it cannot now."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from api.app import create_app
from edge.config.load import load_site
from edge.intake.orders import CSV_EXAMPLE, ORDER_EXAMPLE
from edge.intake.sales_orders import EXAMPLE
from fuzz.borders import Take

_EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "warehouse"
_AWAY = 503
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
"""What h11 lets stand in a target."""
_PLACE = re.compile(rb"\{[^}]*\}")
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")
_TYPES = ("application/json", "text/csv", "application/x-ndjson", "application/x-www-form-urlencoded", "text/plain")
_GETS = (
    "/", "/api/words", "/api/state", "/api/v1/search?q=1001", "/api/v1/sales-orders?limit=5", "/api/v1/alarms",
    "/api/v1/kpis?from=2026-11-29T00:00&until=2026-11-30T00:00", "/api/lookup/A-1001", "/api/events?after=0",
    "/orders?state=open", "/search?q=A-1", "/log?from=02:10", "/api/v1/lists/orders?limit=3&after=x", "/metrics",
    "/api/v1/stock?sku=MUG-B", "/api/v1/cases/1", "/api/v1/sales-orders/counter-1", "/track/abc", "/healthz",
    "/api/v1/waves", "/api/v1/events?after=3&limit=10", "/api/v1/parcels/095211410000012344", "/stock", "/kpis",
)  # fmt: skip


def seeds() -> Iterable[bytes]:
    """Four octets, three lines and a body: route, or 255 for a method and a target as they stand; type of the body;
    what stands in the places of the route's path, or the target; the query.
    """
    for number in range(240):
        yield bytes((number, 0, 0, 0)) + b"1\n\n{}"
        yield bytes((number, 0, 3, 0)) + b"counter-1\nlimit=3&after=x\nby=Ann&why=x"
    for target in _GETS:
        path, _, query = target.partition("?")
        yield b"\xff\0\0\0" + f"{path}\n{query}\n".encode()
    sale, order = json.dumps(EXAMPLE, ensure_ascii=False), json.dumps(ORDER_EXAMPLE)
    for type_, path, query, body in (
        (0, "/api/v1/sales-orders", "", sale),
        (2, "/api/v1/sales-orders", "brief=true", f"{sale}\n{sale}"),
        (0, "/api/orders", "", order),
        (1, "/api/orders", "", CSV_EXAMPLE),
        (0, "/api/v1/sales-orders/counter-1/hold", "", '{"reason":"x","by":"Ann"}'),
        (1, "/api/v1/stock/imports", "", "sku,bin,quantity\nMUG,B-1,3\n"),
        (3, "/blocklist", "", "phone=0912345678&why=x"),
    ):
        yield bytes((0xFF, 1, type_, 0x80)) + f"{path}\n{query}\n{body}".encode()


@contextmanager
def opened(folder: Path) -> Iterator[Take]:
    """With the example's site, whose controller has not run, on a loop of its own."""
    for name in ("LINE.toml", "SITE.toml"):
        (folder / name).write_text((_EXAMPLES / name).read_text(encoding="utf-8"), encoding="utf-8")
    app = create_app(load_site(folder / "SITE.toml"))
    routes = _routes(app)
    with asyncio.Runner() as runner:
        context = app.state.site.running()
        runner.run(context.__aenter__())
        try:
            yield lambda octets: runner.run(_ask(app, routes, octets))
        finally:
            runner.run(context.__aexit__(None, None, None))


def _routes(app: Any) -> list[tuple[str, str]]:
    """Method and path of each: pages, and what the api's own description has."""
    pages = {(method, one.path) for one in app.routes if hasattr(one, "path") for method in getattr(one, "methods", ())}
    told = app.openapi()["paths"]
    return sorted(pages | {(method.upper(), path) for path, its in told.items() for method in its})


async def _ask(app: Any, routes: list[tuple[str, str]], octets: bytes) -> None:
    number, more, type_, known = octets[:4].ljust(4, b"\0")
    named, query, body = [*octets[4:].split(b"\n", 2), b"", b""][:3]
    query = quote(query, safe=_VISIBLE).encode()
    if number == 0xFF:
        method, path = _METHODS[more % len(_METHODS)], b"/" + quote(named, safe=_VISIBLE).encode().lstrip(b"/")
    else:
        method, template = routes[(number + 256 * (more & 1)) % len(routes)]
        path = _PLACE.sub(lambda _: quote(named).encode(), template.encode())
    headers = [
        (b"host", b"127.0.0.1:8000"),
        (b"content-type", _TYPES[type_ % len(_TYPES)].encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    if known & 0x80:
        headers.append((b"if-match", b'"%d"' % (known & 0x7F)))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": unquote(path.decode("ascii")), "raw_path": path, "query_string": query,
        "root_path": "", "headers": headers, "client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 8000),
        "extensions": {},
    }  # fmt: skip
    statuses: list[int] = []
    over = asyncio.Event()
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> MutableMapping[str, Any]:
        if given:
            return given.pop()
        await over.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
            if any(name == b"content-type" and b"event-stream" in value for name, value in message["headers"]):
                over.set()  # it never ends by itself
        elif not message.get("more_body"):
            over.set()

    await app(scope, receive, send)
    assert statuses and (statuses[0] < 500 or statuses[0] == _AWAY), f"{method} {path!r} is answered {statuses}"
