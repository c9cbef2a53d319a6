"""Lists of the api in parts: all of them one behind the other are the whole, and a part reads no more than itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import Run
from example_site import client_of, example_site
from fastapi import FastAPI
from journals import records
from stocked import ARTICLES, CUTOFF_US, NOW_US, accept, planning, stocked

from api.app import create_app
from edge.core.events import LoadClosed
from edge.core.values.load import Load
from edge.orders.cases import CauseKind
from edge.site import drafts, imports, lots
from edge.site.imports import ImportRun
from edge.site.loads_closed import closed_loads
from edge.site.store import SiteStore

DAY_US = 86_400_000_000
PART = 2
Rows = list[dict[str, Any]]


@pytest.fixture
def app(project: Path, tmp_path: Path) -> FastAPI:
    return create_app(example_site(project, tmp_path))


@pytest.fixture
def talk(app: FastAPI, run: Run) -> Callable[[Callable[[SiteStore, httpx.AsyncClient], Awaitable[None]]], None]:
    """Talks with the site's api, and its store."""

    def talked(way: Callable[[SiteStore, httpx.AsyncClient], Awaitable[None]]) -> None:
        async def met() -> None:
            async with client_of(app) as client:
                await way(app.state.site.store(), client)

        run(met())

    return talked


async def in_parts(
    client: httpx.AsyncClient, path: str, next_of: Callable[[dict[str, Any]], dict[str, Any]], **which: str
) -> Rows:
    """The whole list as it comes without parameters; it must be the same in parts, of which none is too large."""
    whole: Rows = (await client.get(path, params=which)).json()
    found: Rows = []
    while part := (await asked(client, path, **which, limit=PART, **(next_of(found[-1]) if found else {}))):
        assert len(part) <= PART
        found += part
    assert found == whole and len(whole) > 2 * PART
    return whole


async def asked(client: httpx.AsyncClient, path: str, **which: Any) -> Rows:
    answer = await client.get(path, params=which)
    assert answer.status_code == 200, answer.text
    rows: Rows = answer.json()
    return rows


async def refused(client: httpx.AsyncClient, path: str, **which: Any) -> None:
    assert (await client.get(path, params={"after": "no-such", **which})).status_code == 404
    assert (await client.get(path, params={"limit": "0", **which})).status_code == 422


def test_imports(talk: Callable[..., None]) -> None:
    async def way(store: SiteStore, client: httpx.AsyncClient) -> None:
        with store.connections.writing() as db:
            for n in range(7):  # some began at one instant
                imports.begin(db, ImportRun(id=f"i{n}", channel="taobao", by="Ann", at_us=NOW_US + n // 3))
        rows = await in_parts(client, "/api/v1/imports", lambda last: {"after": last["id"]})
        assert [one["id"] for one in rows] == ["i6", "i3", "i4", "i5", "i0", "i1", "i2"], "the newest first"
        await refused(client, "/api/v1/imports")

    talk(way)


def test_lots(talk: Callable[..., None]) -> None:
    async def way(store: SiteStore, client: httpx.AsyncClient) -> None:
        stocked(store)
        for sku, lot in (("SKU-1", "a"), ("SKU-0", "b"), ("SKU-0", "a"), ("SKU-2", "a"), ("SKU-0", "c")):
            lots.block_lot(store.connections, sku, lot, "Ann", "recall", NOW_US)
        for name in ("d", "e"):
            lots.set_supplier(store.connections, "SKU-0", name, "Ltd")
        named = await in_parts(client, "/api/v1/lots", lambda last: {"after": last["sku"], "lot": last["lot"]})
        assert [one["sku"] + one["lot"] for one in named] == ["SKU-0a", "SKU-0b", "SKU-0c", "SKU-1a", "SKU-2a"]
        own = await in_parts(client, "/api/v1/lots", lambda last: {"lot": last["lot"]}, sku="SKU-0")
        assert [one["lot"] for one in own] == ["a", "b", "c", "d", "e"], "blocked or not"

    talk(way)


def test_who_will_be_late(talk: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.waves.now_us", lambda: CUTOFF_US + DAY_US)

    async def way(store: SiteStore, client: httpx.AsyncClient) -> None:
        stocked(store)
        accept(store, [(number, {number % ARTICLES: 1}) for number in range(1, 6)])
        drafts.plan(store.connections, planning(totes=2), NOW_US)
        await in_parts(client, "/api/v1/waves/late", lambda last: {"after": last["fulfilment"]})
        await refused(client, "/api/v1/waves/late")
        assert (await client.get("/api/v1/waves/unplanned?after=x")).json() == []

    talk(way)


def test_what_is_done_against_causes(app: FastAPI, talk: Callable[..., None]) -> None:
    async def way(_: SiteStore, client: httpx.AsyncClient) -> None:
        desk = app.state.site.cases()
        made = [desk.act(CauseKind.PACKER, "Kim", f"{n}", "Lee", NOW_US + DAY_US, NOW_US) for n in range(5)]
        assert desk.acted(made[1].seq, NOW_US + 1).done_us == NOW_US + 1
        rows = await in_parts(client, "/api/v1/cases/actions", lambda last: {"after": last["seq"]})
        assert [one["seq"] for one in rows] == [one.seq for one in reversed(made)], "the newest first"

    talk(way)


def test_closed_loads(talk: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("all that there is of loads is read")

    async def way(store: SiteStore, client: httpx.AsyncClient) -> None:
        close_loads(store)
        monkeypatch.setattr(SiteStore, "by_ref", never)
        rows = await in_parts(client, "/api/loads", lambda last: {"after": last["load"]["id"]}, closed="true")
        assert [one["load"]["id"] for one in rows] == [f"L{n}" for n in range(6, -1, -1)], "the newest first"
        await refused(client, "/api/loads", closed="true")

    talk(way)


def test_closed_loads_in_each_database(store_url: str) -> None:
    store = SiteStore(store_url)
    close_loads(store)
    found, after = list[str](), ""
    with store.connections.reading() as db:
        while part := closed_loads(db, PART, after):
            found += [one.load.id for one in part]
            after = found[-1]
        assert closed_loads(db, PART, "no-such") is None
    store.close()
    assert found == [f"L{n}" for n in range(6, -1, -1)]


def close_loads(store: SiteStore) -> None:
    """Seven, of two controllers by turns, two at an instant."""
    for node in (0, 1):
        store.project(f"line{node}@1", records([closed(n) for n in range(node, 7, 2)]))


def closed(number: int) -> LoadClosed:
    return LoadClosed(
        at_us=NOW_US + number // 2,
        feed_seq=0,
        load=Load(id=f"L{number}", dock="door1", carrier="DHL"),
        by="Ann",
        reason="",
        opened_us=NOW_US - 1,
        aboard=(),
        wrong=(),
        missing=(),
        undetermined=(),
    )
