"""What goes from the site store, when, and what stays; persons are shown, erased and purged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_floor import order
from sold import person, sold
from stocked import accept, planning, stocked

from edge.cli import main
from edge.core.core import Core
from edge.core.events import DeviceChanged, LaneRequested
from edge.core.values.feed import FeedPlace
from edge.core.values.order import OrderState
from edge.core.values.wishes import LaneWish
from edge.journal.record import Record, Value, encode
from edge.orders.sales import Consignee, Noted, OrderStage
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause
from edge.site import drafts, keeping, moving, releasing, rounds, sales, stock_shown, tables, waiting
from edge.site.keeping import set_purge_day
from edge.site.sales import SaleFinding
from edge.site.store import Keep, Kept, SiteStore

DAY_US = 86_400_000_000
NOW_US = 1_790_000_000_000_000


def record(seq: int, value: Value) -> Record:
    return Record(seq, value.at_us, "", type(value).__name__, encode(value))


def wish(number: int) -> LaneWish:
    return LaneWish("sorter", 3, True, f"wish {number}")


def followed(store: SiteStore, node: str, seq: int, number: int) -> None:
    """A journal tells that its controller has a request of the feed."""
    value = LaneRequested(at_us=NOW_US, feed_seq=seq, line="sorter", lane=3, enabled=True, by="Ann")
    store.project(node, [record(number, value)])


def counted(store: SiteStore, *names: str) -> list[int]:
    with store.connections.reading() as db:
        every = tables.METADATA.tables
        return [db.execute(sa.select(sa.func.count()).select_from(every[name])).scalar_one() for name in names]


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> SiteStore:
    return SiteStore(store_url, secret_file=tmp_path / "site.secret")


def test_records_and_outbox_go_by_age_in_portions(store: SiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "PORTION", 7)
    for node in ("edge1@1", "edge2@1"):
        told = [
            DeviceChanged(at_us=NOW_US - (100 - day) * DAY_US, device=f"reader.r{day}", up=True, reason="")
            for day in range(100)
        ]
        store.project(node, [record(day + 1, one) for day, one in enumerate(told)])
    for day in range(100):
        store.take_sales([sold(day)], NOW_US - (100 - day) * DAY_US)
    assert store.keep_up(Keep(), NOW_US) == Kept(), "unless told otherwise it stays"
    kept = store.keep_up(Keep(months=1), NOW_US)
    assert kept == Kept(records=140, told=70)
    assert counted(store, "mirror", "mirror_ref", "outbox", "sales_order") == [60, 60, 30, 100]
    assert store.by_ref("reader.r69") == [] and len(store.by_ref("reader.r70")) == 2
    assert store.keep_up(Keep(months=1), NOW_US) == Kept()
    store.take_sales([sold(1_000)], NOW_US)
    assert store.outbox(0, 1_000)[-1].seq == 101, "no number is given twice"
    store.close()


def test_old_movements_are_carried_forward_and_the_books_still_agree(
    store: SiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By portions, again and again: what lies where is what the ledger adds up to, and new causes move once."""
    monkeypatch.setattr(keeping, "PORTION", 5)
    stocked(store, units=10)
    old_us = NOW_US - 200 * DAY_US

    def move(name: str, source: str, target: str, units: int, at_us: int) -> None:
        keys = [BinKey(one, "SKU-0") if one else None for one in (source, target)]
        kind = MovementKind.MOVE if source and target else MovementKind.SCRAP if source else MovementKind.RECEIPT
        one = Movement(
            cause=StockCause("test", name), kind=kind, quantity=units, at_us=at_us, source=keys[0], target=keys[1]
        )
        with store.connections.writing() as db:
            moving.record(db, [one])

    with store.connections.writing() as db:
        ledger = tables.stock.movements
        db.execute(ledger.update().values(at_us=old_us))
    for n in range(12):
        move(f"there {n}", "B0-0", "B0-1", 2, old_us + n)
        move(f"back {n}", "B0-1", "B0-0", 1, old_us + n)
        move(f"came {n}", "", "B0-0", 1, old_us + n)
    move("gone", "B0-1", "", 22, old_us + 50)
    move("new", "B0-0", "B0-1", 1, NOW_US)
    with store.connections.reading() as db:
        lies = stock_shown.stock_rows(db)
        assert stock_shown.audit(db) == []
    kept = store.keep_up(Keep(months=3), NOW_US)
    assert kept.moved == 16 + 36 + 1
    with store.connections.reading() as db:
        assert stock_shown.audit(db) == [] and stock_shown.stock_rows(db) == lies
        told = stock_shown.ledger(db, "SKU-0")
    assert [(one.cause.kind, one.quantity, one.target) for one in told] == [
        ("test", 1, "B0-1"),
        ("balance", 10, "B0-0"),
    ]
    assert counted(store, "movement") == [16], "one for each place in which something lies, and the new one"
    assert store.keep_up(Keep(months=3), NOW_US).moved == 0
    move("new", "B0-0", "B0-1", 1, NOW_US)
    assert counted(store, "movement") == [16], "a cause that is kept moves once"
    assert store.keep_up(Keep(months=3), NOW_US + 200 * DAY_US).moved == 1
    with store.connections.reading() as db:
        assert stock_shown.audit(db) == [] and stock_shown.stock_rows(db) == lies
    store.close()


def test_waves_go_once_all_of_them_is_over(store: SiteStore) -> None:
    stocked(store)
    names = [name for number in (1, 2, 3) for name in accept(store, [(number, {0: 1})])]
    waiting.reserve_waiting(store.connections, NOW_US)
    waves = drafts.plan(store.connections, planning(totes=1), NOW_US).new
    for wave in waves:
        releasing.release(store.connections, wave, planning().limits, "Ann", NOW_US)
    with store.connections.writing() as db:
        rounds.end_members(db, {names[0]: "shipped", names[1]: "short"}, NOW_US + 5)
    later_us = NOW_US + 100 * DAY_US
    assert store.keep_up(Keep(months=1), NOW_US + 20 * DAY_US).waves == 0
    before = counted(store, "wave", "wave_member", "pick_task", "pick_line")
    assert store.keep_up(Keep(months=1), later_us).waves == 1
    after = counted(store, "wave", "wave_member", "pick_task", "pick_line")
    assert [one - other for one, other in zip(before, after, strict=True)] == [1, 1, 1, 1]
    with store.connections.writing() as db:
        rounds.end_members(db, {names[1]: "shipped", names[2]: "cancelled"}, later_us)
    assert store.keep_up(Keep(months=1), later_us).waves == 0, "these ended today"
    assert store.keep_up(Keep(months=1), later_us + 40 * DAY_US).waves == 2
    assert counted(store, "wave", "wave_member", "pick_task", "pick_line") == [0, 0, 0, 0]
    store.close()


DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.integers(0, 5), st.sampled_from(["DHL", "UPS"]), st.sampled_from(OrderState)),
        st.just(("wish",)),
    ),
    max_size=30,
)


def test_a_feed_that_is_trimmed_tells_whoever_begins_what_is_open(store: SiteStore) -> None:
    """And nobody else notices: what a follower has not is there, requests are done once, numbers go on."""

    @settings(max_examples=25)
    @given(DEEDS, st.integers(0, 40), st.integers(1, 9))
    def law(deeds: list[tuple[object, ...]], reached: int, portion: int) -> None:
        clear(store)
        first = newest(store)
        for at, deed in enumerate(deeds):
            if deed[0] == "order":
                _, number, carrier, state = deed
                assert isinstance(number, int) and isinstance(carrier, str) and isinstance(state, OrderState)
                store.put_orders([replace(order(number, carrier), state=state)], NOW_US - 30 * DAY_US)
            else:
                store.request(wish(at), NOW_US - 30 * DAY_US)
        before = store.feed(0, 1_000)
        place = min(first + reached, newest(store))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keeping, "PORTION", portion)
            keep = Keep(followers=("edge1", "edge2"))
            assert store.keep_up(keep, NOW_US).feed == 0, "nothing is known of one of them"
            followed(store, "edge1@1", place, place + 1)
            followed(store, "edge2@1", newest(store), newest(store) + 1)
            assert store.keep_up(keep, NOW_US - 29 * DAY_US).feed == 0, "seven days at least"
            gone = store.keep_up(keep, NOW_US).feed
        after = store.feed(0, 1_000)
        assert gone == len(before) - len(after)
        behind = [value for value in before if value.feed_seq > place]
        assert [value for value in after if value.feed_seq > place] == behind
        told, anew = Core(()), Core(())
        for value in before:
            told.step(value)
        for value in after:
            anew.step(value)
        for number in range(6):
            known = told.book.order(f"A-{1000 + number}")
            assert anew.book.order(f"A-{1000 + number}") in (known, None)
            if known is not None and known.state is OrderState.OPEN:
                assert anew.book.order(known.id) == known
        assert not any(isinstance(value, LaneRequested) for value in after[:-1] if value.feed_seq <= place)
        assert store.follow(FeedPlace(place), 1_000).values == tuple(behind)
        assert newest(store) == (before[-1].feed_seq if before else first)

    law()
    store.close()


def newest(store: SiteStore) -> int:
    return store.follow(FeedPlace(0), 1).newest


def clear(store: SiteStore) -> None:
    with store.connections.writing() as db:
        for table in reversed(tables.METADATA.sorted_tables):
            if table.name in ("orders", "order_item", "order_code", "feed", "feed_ref", "progress"):
                db.execute(table.delete())


def test_a_person_is_shown_erased_and_purged(store: SiteStore) -> None:
    """The keys stay, so that the same person is known again; open orders keep theirs."""
    noted = (Noted("phone-virtual", "phone", "+886900000001"),)
    same = replace(sold(2), consignee=replace(person(1), name="Ming", email=""), noted=noted)
    noting = replace(sold(1), order=replace(sold(1).order, note="ring at 0900000001"))
    store.take_sales([noting, same, sold(3)], 1)
    asked = Consignee(phone_given="+886 9 0000 0001")
    assert [(its.order, its.noted) for its in store.persons(asked)] == [("shop-1", ()), ("shop-2", ("+886900000001",))]
    assert store.persons(Consignee()) == []
    assert store.forget(["shop-1", "shop-2", "none"], "Ann", "asked for it", 5) == ["shop-1", "shop-2"]
    with store.connections.writing() as db:
        for name in ("shop-1", "shop-2"):
            found = sales.find(db, [name])[name]
            sales.replace_order(db, replace(found, stage=OrderStage.CLOSED), 1, store.keys)
        sales.set_findings(db, {"shop-2": [SaleFinding("phone-virtual", "hold", "phone", "+886900000001")]}, 2)
        set_purge_day(db, ["shop-2"], "2026-09-21")
    assert store.forget(["shop-1"], "Ann", "asked for it", 5) == []
    assert store.keep_up(Keep(), NOW_US - DAY_US).persons == 0
    assert store.keep_up(Keep(), NOW_US).persons == 1, "its day is 2026-09-21"
    assert store.keep_up(Keep(), NOW_US).persons == 0
    found = store.persons(asked)
    assert [(its.order, its.consignee, its.noted, its.note) for its in found] == [
        ("shop-1", None, (), ""),
        ("shop-2", None, (), ""),
    ]
    assert "+886900000001" not in keeping.told(found)
    with store.connections.reading() as db:
        assert [change.what for change in sales.changes_of(db, "shop-1")] == ["person-erased"]
        assert sales.findings_of(db, ["shop-2"]) == {"shop-2": [SaleFinding("phone-virtual", "hold", "phone")]}
    assert store.consignee("shop-3") == person(3)
    store.close()


def test_the_command_shows_a_person_and_erases(
    store_url: str, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = tmp_path / "SITE.toml"
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
    text = toml.read_text(encoding="utf-8").replace("sqlite:///var/site.sqlite", store_url)
    toml.write_text(f'secret_file = "site.secret"\n{text}', encoding="utf-8")
    store = SiteStore(store_url, secret_file=tmp_path / "site.secret")
    over = replace(sold(1), order=replace(sold(1).order, stage=OrderStage.CLOSED))
    store.take_sales([over, replace(sold(2), consignee=person(1))], 1)
    store.close()
    command = ["site", "person", str(toml), "--phone", "+886 900 000 001"]
    assert main(command) == 0
    assert capsys.readouterr().out.count("王小明1") == 2
    assert main([*command, "--erase", "--by", "Ann"]) == 2
    assert "--erase: a name and a reason are needed" in capsys.readouterr().err
    assert main([*command, "--erase", "--by", "Ann", "--reason", "asked for it"]) == 0
    assert capsys.readouterr().out == "erased of 1 orders; not over yet: shop-2\n"
    assert main(command) == 0
    assert capsys.readouterr().out.count("王小明1") == 1
