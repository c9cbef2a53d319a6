"""Laws of sales orders in the store: taken once however they come, changed by whoever knew them, told by ids alone."""

from __future__ import annotations

import multiprocessing
import sqlite3
import stat
from collections import Counter
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sold import person, sold
from waiting import HANGS_S

from edge.orders.sales import Draft, Noted, OrderStage, SalesOrder
from edge.site import sales, tables, taking
from edge.site.sales import SaleChange, SaleFinding, SaleLink, SalesConflict, SaleWaiver
from edge.site.store import SiteStore, StoreError
from edge.site.taking import SaleOutcome, SaleTaken


def kept(url: str, store: SiteStore) -> dict[str, SalesOrder]:
    with store.connections.reading() as db:
        return sales.find(db, db.execute(sa.select(tables.sales.orders.c.id)).scalars().all())


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> SiteStore:
    return SiteStore(store_url, secret_file=tmp_path / "site.secret")


def test_orders_are_taken_once_however_they_come(store: SiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """In any order, cut anywhere, again and again: the same orders, each told once."""
    drafts = [sold(number) for number in range(12)]
    wanted = {draft.order.id: draft.order for draft in drafts}

    @settings(max_examples=20)
    @given(st.permutations(drafts * 2), st.lists(st.integers(0, 24), max_size=3), st.integers(1, 9))
    def law(asked: list[Draft], cuts: list[int], at_once: int) -> None:
        clear(store)
        monkeypatch.setattr(taking, "AT_ONCE", at_once)
        told = store.outbox(0, 1)[0].seq - 1 if store.outbox(0, 1) else 0
        found: list[SaleTaken] = []
        bounds = [0, *sorted(cuts), len(asked)]
        for begin, end in pairwise(bounds):
            found += store.take_sales(asked[begin:end], 5)
        assert Counter(one.outcome for one in found) == {SaleOutcome.NEW: 12, SaleOutcome.SAME: 12}
        assert [one.id for one in found] == [draft.order.id for draft in asked]
        assert kept("", store) == wanted
        for draft in drafts:
            assert store.consignee(draft.order.id) == draft.consignee
        rows = store.outbox(told)
        assert sorted(row.told.subject for row in rows) == sorted(wanted)
        assert {row.told.type for row in rows} == {"order.taken.v1"}

    law()
    store.close()


def clear(store: SiteStore) -> None:
    with store.connections.writing() as db:
        for table in reversed(tables.METADATA.sorted_tables):
            if table.name in ("consignee", "sales_line", "order_money", "sales_order", "outbox"):
                db.execute(table.delete())


def test_what_is_known_otherwise_is_said_and_not_changed(store: SiteStore) -> None:
    first = sold(1, revision=5)
    assert store.take_sales([first, sold(2)], 1) == [
        SaleTaken(SaleOutcome.NEW, "shop-1", 1),
        SaleTaken(SaleOutcome.NEW, "shop-2", 1),
    ]
    moved = replace(first, consignee=replace(first.consignee, street="another street"))
    cases = {
        SaleOutcome.SAME: replace(first, order=replace(first.order, id="another id", stage=OrderStage.HELD, version=7)),
        SaleOutcome.NEWER: sold(1, quantity=2, revision=6),
        SaleOutcome.OLDER: sold(1, quantity=2, revision=4),
        SaleOutcome.CHANGED: moved,
        SaleOutcome.CONFLICT: replace(first, order=replace(first.order, external="#77")),
    }
    found = store.take_sales(list(cases.values()), 2)
    assert [one.outcome for one in found] == list(cases)
    assert {one.id for one in found} == {"shop-1"}
    assert found[-1].text == "order shop-1 is '#1' of channel shop"
    order = first.order
    line = order.lines[0]
    for wrong, said in (
        (replace(order, id=""), "an order has an id and a channel"),
        (replace(order, external="x" * 201), "external: 201 characters: allowed are up to 200"),
        (replace(order, lines=(line, line)), "a line's number stands twice"),
        (replace(order, lines=(replace(line, cancelled=2),)), "line 1: 2 of 1 cancelled, GTIN ''"),
        (replace(order, lines=(replace(line, price=2**60),)), "line 1: an amount beyond 9007199254740992"),
        (replace(order, note="a\0b"), "a character of number 0"),
        (replace(order, note="a\ud800b"), "half of a character: it is no Unicode text"),
    ):
        refused, good = store.take_sales([Draft(order=wrong), sold(100 + len(said))], 3)
        assert (refused, good.outcome) == (SaleTaken(SaleOutcome.REFUSED, text=said), SaleOutcome.NEW)
    backslash = replace(sold(9).order, note="\\u0000 as six characters")
    assert store.take_sales([Draft(order=backslash)], 3)[0].outcome is SaleOutcome.NEW
    numberless = replace(sold(8).order, external="")
    assert [one.outcome for one in store.take_sales([Draft(order=numberless)] * 2, 3)] == [
        SaleOutcome.NEW,
        SaleOutcome.SAME,
    ]
    assert store.sales_order("shop-1") == first.order
    assert store.consignee("shop-1") == first.consignee
    assert store.sales_order("another id") is None
    store.close()


def take_shuffled(url: str, secret: Path, which: int) -> None:
    store = SiteStore(url, secret_file=secret)
    for begin in range(0, 400, 50):
        numbers = range(begin, begin + 50)
        store.take_sales([sold(number) for number in (numbers if which % 2 else reversed(numbers))], which)
    store.close()


def test_processes_that_take_the_same_orders_take_each_once(postgres_url: str, tmp_path: Path) -> None:
    """And none waits for another for ever, though they begin at both ends."""
    secret = tmp_path / "site.secret"
    store = SiteStore(postgres_url, secret_file=secret)
    fork = multiprocessing.get_context("fork")
    takers = [fork.Process(target=take_shuffled, args=(postgres_url, secret, which)) for which in range(6)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join(HANGS_S)
        assert taker.exitcode == 0
    assert kept("", store) == {draft.order.id: draft.order for draft in map(sold, range(400))}
    assert sorted(row.told.subject for row in store.outbox(0, 1_000)) == sorted(f"shop-{at}" for at in range(400))
    store.close()


def test_an_order_is_changed_by_whoever_knew_it_last(store: SiteStore) -> None:
    noted = (Noted("phone-virtual", "phone", "+886900000001"),)
    store.take_sales([replace(sold(1), noted=noted), sold(2)], 1)
    order = sold(1).order
    shorter = replace(order, stage=OrderStage.HELD, lines=(replace(order.lines[0], cancelled=1), *order.lines[2:]))
    waiver = SaleWaiver(code="duplicate", where="#2", value="7", by="Ann", reason="it is a gift", at_us=3)
    with store.connections.writing() as db:
        after = sales.replace_order(db, shorter, 1, store.keys, person(77))
        sales.note_change(
            db, [SaleChange(order=order.id, at_us=2, by="Ann", reason="wished", what="amended", body={"lines": ["2"]})]
        )
        sales.set_findings(
            db, {order.id: [SaleFinding("phone-masked", "warn"), SaleFinding("duplicate", "hold", "#2", "7", "3")]}, 2
        )
        sales.waive(db, order.id, [waiver])
        sales.waive(db, order.id, [replace(waiver, by="Bob", at_us=4)])
        sales.link(
            db, [SaleLink("A-1", order.id, 3, 1), SaleLink("A-1", "shop-2", 1, 1), SaleLink("A-2", "shop-2", 2, 1)]
        )
    assert after.version == 2 and store.sales_order(order.id) == after == replace(shorter, version=2)
    assert store.consignee(order.id) == person(77)
    for stale, said in ((after, "its version is 2, not 1"), (replace(after, id="none"), "there is none")):
        with pytest.raises(SalesConflict, match=said), store.connections.writing() as db:
            sales.replace_order(db, stale, 1, store.keys)
    with store.connections.reading() as db:
        assert [change.what for change in sales.changes_of(db, order.id)] == ["amended"]
        assert sales.findings_of(db, [order.id, "shop-2"]) == {
            order.id: [SaleFinding("phone-masked", "warn"), SaleFinding("duplicate", "hold", "#2", "7", "3")]
        }
        assert sales.waivers_of(db, [order.id]) == {order.id: [waiver]}
        assert sales.noted_of(db, [order.id, "shop-2"]) == {order.id: list(noted)}
        assert sales.linked(db, fulfilments=["A-1"]) == [
            SaleLink("A-1", order.id, 3, 1),
            SaleLink("A-1", "shop-2", 1, 1),
        ]
        assert sales.linked(db, orders=["shop-2"]) == [SaleLink("A-1", "shop-2", 1, 1), SaleLink("A-2", "shop-2", 2, 1)]
    for broken in (replace(after, lines=(replace(after.lines[0], cancelled=9),)), replace(after, lines=())):
        with pytest.raises(StoreError), store.connections.writing() as db:
            sales.replace_order(db, broken, 2, store.keys)
    assert store.sales_order(order.id) == after
    store.close()


def test_keys_of_persons_need_the_site_s_secret(store_url: str, tmp_path: Path) -> None:
    """Which stands in a file of its own, and another one is not taken."""
    secret = tmp_path / "site.secret"
    store = SiteStore(store_url, secret_file=secret)
    assert not secret.exists(), "a site without sales orders has no need of it"
    store.take_sales([sold(1)], 1)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    spaced = replace(person(1), phone="", phone_given="+886 9-00000001", street="和平東路二段1號 ３樓", name="Wang")
    assert [getattr(store.keys, key)(spaced) for key in ("phone", "address", "email")] == [
        getattr(store.keys, key)(person(1)) for key in ("phone", "address", "email")
    ]
    assert store.keys.phone(replace(person(1), masked=True)) is None
    assert store.keys.address(person(1)) != store.keys.address(person(13)), "numbers count"
    store.close()
    secret.write_text("ab" * 32)
    store = SiteStore(store_url, secret_file=secret)
    with pytest.raises(StoreError, match=r"the site's secret is another than .*: bring its file back"):
        store.take_sales([sold(1)], 2)
    secret.write_text("nothing")
    with pytest.raises(StoreError, match="no secret of a site: 64 hexadecimal digits are expected"):
        store.take_sales([sold(1)], 2)
    store.close()


def test_nothing_personal_leaves_its_table(tmp_path: Path) -> None:
    store = SiteStore(f"sqlite:///{tmp_path}/site.sqlite")
    store.take_sales([sold(1)], 1)
    store.close()
    assert (tmp_path / "site.sqlite.secret").exists()
    with closing(sqlite3.connect(tmp_path / "site.sqlite")) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
            told = str(db.execute(f'SELECT * FROM "{table}"').fetchall())
            assert (table == "consignee") == any(word in told for word in ("王小明", "+8869", "ming1", "和平"))
