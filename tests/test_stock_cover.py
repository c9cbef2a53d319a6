"""How long stock lasts: from orders that wait, movements and books of both stores to list, page and both languages."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from example_site import client_of, example_site
from stocked import NOW_US, accept, stocked

from api.app import create_app
from edge.config.stock import StockTable
from edge.journal.host_time import now_us
from edge.orders.articles import Article
from edge.orders.cover import DAY_US, CoverFinding, CoverLimits
from edge.orders.picking import BinPlace
from edge.orders.sales import OrderStage
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause
from edge.site import catalogue, cover_shown, stocktaking, tables, waiting
from edge.site.cover_shown import CoverAsked, CoverRow, Demand, DemandKept
from edge.site.folding import fold_movements
from edge.site.store import SiteStore

AT_US = NOW_US + 100 * DAY_US
LIMITS = CoverLimits()


def moved(sku: int, units: int, at_us: int, kind: MovementKind = MovementKind.SHIP, why: str = "load") -> Movement:
    place = BinKey(f"B{sku}-0", f"SKU-{sku}")
    source, target = (place, None) if kind is MovementKind.SHIP else (None, place)
    cause = StockCause(why, f"{sku} at {at_us}")
    return Movement(cause=cause, kind=kind, quantity=units, at_us=at_us, source=source, target=target)


def rows_of(store: SiteStore, at_us: int = AT_US, limits: CoverLimits = LIMITS, **asked: Any) -> list[CoverRow]:
    with store.connections.reading() as db:
        wanted = cover_shown.demand(db, limits.used, at_us)
        return cover_shown.cover_rows(db, wanted, limits, at_us, CoverAsked(**asked))


def test_rows_are_what_orders_books_and_ledger_say(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty of each came a hundred days ago; what waits, what went, and what came since differs by article."""
    store = SiteStore(store_url, secret_file=tmp_path / "site.secret")
    stocked(store, units=20, bins=1)
    with store.connections.writing() as db:  # an article that never came, one of no stock that orders want
        catalogue.put_skus(db, [catalogue.Sku(Article(sku="SKU-8"), "new")])
        catalogue.put_bins(db, {"B8-0": BinPlace(8, 0)})
    accept(store, [(1, {0: 4}), (2, {0: 17, 1: 3}), (3, {8: 2}), (4, {2: 19}), (5, {2: 1, 3: 50})])
    waiting.reserve_waiting(store.connections, AT_US)
    with store.connections.writing() as db:
        line, order = tables.sales.lines, tables.sales.orders
        some = line.update().where(line.c.order_id == "shop-2", line.c.sku == "SKU-1")
        db.execute(some.values(cancelled=1))
        held = order.update().where(order.c.id == "shop-5")
        db.execute(held.values(stage=str(OrderStage.HELD)))
    movements = [
        moved(3, 1, AT_US - 30 * DAY_US),  # one moment too early
        moved(3, 15, AT_US - 29 * DAY_US),
        moved(4, 1, AT_US - 95 * DAY_US),
        moved(5, 1, AT_US - 2 * DAY_US, why="pack"),
        moved(6, 1, AT_US - 89 * DAY_US),
        moved(6, 1, AT_US - 1 * DAY_US, MovementKind.RECEIPT),  # what comes in is no use
    ]
    stocktaking.recorded(store.connections, sorted(movements, key=lambda one: one.at_us), "Ann", AT_US)
    found = {row.sku: row for row in rows_of(store)}
    facts = {
        sku: (row.sellable, row.promised, row.waiting, row.used, row.cover_days, (AT_US - row.last_us) // DAY_US)
        for sku, row in found.items()
    }
    assert facts == {
        "SKU-0": (20, 4, 17, 0, None, 100),
        "SKU-1": (20, 0, 2, 0, None, 100),
        "SKU-2": (20, 19, 0, 0, None, 100),
        "SKU-3": (4, 0, 0, 15, 8, 29),
        "SKU-4": (19, 0, 0, 0, None, 95),
        "SKU-5": (19, 0, 0, 1, 570, 2),
        "SKU-6": (20, 0, 0, 0, None, 89),
        "SKU-7": (20, 0, 0, 0, None, 100),
        "SKU-8": (0, 0, 2, 0, None, AT_US // DAY_US),
    }
    assert all(type(n) is int for row in found.values() for n in (row.waiting, row.used, row.last_us, row.days))
    shortage, low, over, slow = CoverFinding
    assert {sku: row.findings for sku, row in found.items() if row.findings} == {
        **dict.fromkeys(("SKU-1", "SKU-2", "SKU-4", "SKU-7"), (slow,)),
        "SKU-0": (shortage, slow),
        "SKU-5": (over,),
        "SKU-8": (shortage,),
    }
    assert rows_of(store, limits=replace(LIMITS, least=9))[3].findings == (low,)

    # By pages and portions, whatever is looked for; a bin shows its own.
    monkeypatch.setattr(cover_shown, "_PORTION", 2)
    for finding in (None, *CoverFinding):
        paged: list[CoverRow] = []
        while page := rows_of(store, after=paged[-1].sku if paged else "", limit=2, finding=finding):
            assert len(page) <= 2
            paged += page
        assert paged == [row for row in found.values() if finding is None or finding in row.findings]
    assert [row.sku for row in rows_of(store, bin="B5-0", finding=over)] == ["SKU-5"]
    assert rows_of(store, bin="B5-0", finding=slow) == []

    # Old movements become balances: when something went last is still known, as well as they tell it.
    with store.connections.writing() as db:
        assert fold_movements(1_000, AT_US - 94 * DAY_US, db) == 9
    again = {row.sku: row for row in rows_of(store)}
    assert {sku: row.findings for sku, row in again.items()} == {sku: row.findings for sku, row in found.items()}
    assert {row.days for row in again.values()} == {30}
    assert again["SKU-4"].last_us == found["SKU-4"].last_us

    # Of what came three days ago the use is known of three days.
    stocktaking.recorded(
        store.connections,
        [
            moved(8, 50, AT_US + 100 * DAY_US, MovementKind.RECEIPT),
            moved(8, 6, AT_US + 101 * DAY_US),
        ],
        "Ann",
        AT_US,
    )
    (new,) = rows_of(store, AT_US + 103 * DAY_US, after="SKU-7")
    assert (new.used, new.days, new.cover_days) == (6, 3, 42 * 3 // 6)
    store.close()


def test_what_takes_long_to_add_up_is_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = [0.0], list[int]()

    def adds(took_s: float, db: object, days: int, at_us: int) -> Demand:
        clock[0] += took_s
        asked.append(days)
        return Demand({}, {"A": len(asked)}, days)

    kept, db = DemandKept(lambda: clock[0]), None
    for took_s, after_s, expected in (
        (0.01, 0.0, [1, 2, 3]),  # small: as it is now
        (1.0, 0.0, [4, 4, 4]),
        (1.0, 19.0, [4, 4, 4]),
        (1.0, 1.0, [5, 5, 5]),
    ):
        clock[0] += after_s
        monkeypatch.setattr(cover_shown, "demand", partial(adds, took_s))
        assert [kept.of(db, 30, 0).used["A"] for _ in range(3)] == expected  # type: ignore[arg-type]
    assert kept.of(db, 31, 0).days == 31, "another span is another sum"  # type: ignore[arg-type]


def test_list_and_page_say_what_is_to_be_told(
    project: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = example_site(project, tmp_path).model_copy(update={"stock": StockTable(most_days=100)})
    app = create_app(made)

    def filled(store: SiteStore) -> None:
        stocked(store, units=20, bins=1)
        accept(store, [(1, {0: 21})])
        at_us = now_us()
        some = [moved(1, 2, at_us - DAY_US), moved(2, 19, at_us - DAY_US), moved(3, 1, at_us - DAY_US)]
        stocktaking.recorded(store.connections, some, "Ann", at_us)

    async def talk() -> None:
        async with client_of(app) as client:
            await asyncio.to_thread(filled, app.state.site.store())
            rows = (await client.get("/api/v1/stock/cover", params={"limit": 4})).json()
            assert [(row["sku"], row["cover_days"], row["findings"][:1]) for row in rows] == [
                ("SKU-0", None, ["shortage"]),
                ("SKU-1", 270, ["overstock"]),
                ("SKU-2", 1, ["low"]),
                ("SKU-3", 570, ["overstock"]),
            ]
            assert (rows[0]["waiting"], rows[1]["used"], rows[1]["days"]) == (21, 2, 30)
            asked = {"finding": "overstock", "after": "SKU-1"}
            (row,) = (await client.get("/api/v1/stock/cover", params=asked)).json()
            assert row["sku"] == "SKU-3"
            for wrong in ({"finding": "lost"}, {"limit": "0"}, {"after": "\0"}):
                assert (await client.get("/api/v1/stock/cover", params=wrong)).status_code == 422
            page = (await client.get("/stock", params={"finding": "low"})).text
            assert 'href="/stock/a/SKU-2"' in page and "SKU-1" not in page
            assert '<option value="low" selected>running low</option>' in page
            assert '<span class="urgent">running low</span>' in page
            page = (await client.get("/stock", params={"bin": "B1-0", "lang": "zh-Hant"})).text
            assert '<td class="amount">270</td><td><span>存量過多</span>' in page and "可用天數" in page
            assert '<input type="hidden" name="bin" value="B1-0">' in page and "SKU-2" not in page
            assert "SKU-7" in (await client.get("/stock", params={"finding": "lost"})).text, "no such one is none"
            assert (await client.get("/stock", params={"sku": "SKU-1", "bin": "B1-0"})).status_code == 303

            monkeypatch.setattr(cover_shown, "_MANY", 0)  # then no page waits
            site = app.state.site
            site.demand = DemandKept()
            page = (await client.get("/stock")).text
            assert '<td class="amount">…</td><td></td>' in page and 'id="adding"' in page
            await asyncio.to_thread(site.demand.refresh, site.store().connections, 30, now_us())
            page = (await client.get("/stock")).text
            assert '<td class="amount">270</td>' in page and 'id="adding"' not in page

    run(talk())
