"""Laws of the sales desk in both databases: the same files give the same state, and wishes end where goods are seen."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sold import person, sold
from stocked import stocked
from waiting import HANGS_S

from edge.config.channels import ChannelTable
from edge.core.events import OrderShipped, ToteChecked
from edge.core.values.order import Order, OrderLine, OrderState
from edge.intake.channels import FilesTaken
from edge.intake.folder import ChannelFolder
from edge.journal.record import Record, encode
from edge.orders.amend import Amend
from edge.orders.contact import ContactOutcome
from edge.orders.review import ReviewRules
from edge.orders.sales import Draft, Noted, OrderStage, SalesOrder
from edge.orders.stages import Fulfilment, FulfilmentState, FulfilmentTurn, Portion
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause
from edge.orders.work import WishRefused
from edge.site import books, moving, stock_shown, tables, taking, waiting
from edge.site.desk import PERSON, SaleFilter, SaleOutcome, SalesConflict, SalesDesk, UnknownSale
from edge.site.scope import save_fulfilments
from edge.site.store import SiteStore
from edge.views.csv_table import csv_table

RULES = ReviewRules(velocity_max=2, digits={"TWD": 0})
HOUR_US = 3_600_000_000
State: TypeAlias = dict[str, tuple[object, ...]]


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> SiteStore:
    return SiteStore(store_url, secret_file=tmp_path / "site.secret")


@pytest.fixture
def desk(store: SiteStore) -> SalesDesk:
    return SalesDesk(store, RULES, ["TW"])


def state_of(store: SiteStore, desk: SalesDesk) -> State:
    """All that is known of every order, but for when, and how often it was looked at."""
    with store.connections.reading() as db:
        names = db.execute(sa.select(tables.sales.orders.c.id)).scalars().all()
    found: State = {}
    for name in names:
        its = desk.detail(name)
        found[name] = (replace(its.order, version=0), its.consignee, its.findings, its.amounts)
    return found


def clear(store: SiteStore) -> None:
    with store.connections.writing() as db:
        for table in reversed(tables.METADATA.sorted_tables):
            if table.name not in ("schema_version", "key_mark", "feed_epoch"):
                db.execute(table.delete())


def files() -> list[Draft]:
    """Good ones; one unpaid; two that are one order twice; three of one phone within an hour."""
    good = [sold(number) for number in range(4)]
    unpaid = replace(sold(4), order=replace(sold(4).order, payment=replace(sold(4).order.payment, paid=0)))
    twice = [
        replace(sold(5), order=replace(sold(5).order, id=f"twice-{n}", external=f"T{n}", ordered_us=HOUR_US + n))
        for n in (1, 2)
    ]
    often = [
        replace(sold(n), consignee=person(9), order=replace(sold(n).order, ordered_us=2 * HOUR_US + n))
        for n in (6, 7, 8)
    ]
    return [*good, unpaid, *twice, *often]


def test_the_same_files_in_any_order_and_cut_anywhere_give_the_same_state(
    store: SiteStore, desk: SalesDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O4: also what review finds, which looks at orders beside each other."""
    drafts = files()
    desk.take(drafts, 5)
    wanted = state_of(store, desk)
    stages = {name: order[0].stage for name, order in wanted.items() if isinstance(order[0], SalesOrder)}
    held = {name for name, stage in stages.items() if stage is OrderStage.HELD}
    assert held == {"shop-4", "twice-2", "shop-8"} and len(stages) == len(drafts)
    codes = {name: [one.code for one in desk.detail(name).open] for name in held}
    assert codes == {"shop-4": ["unpaid"], "twice-2": ["duplicate"], "shop-8": ["velocity", "velocity"]}

    @settings(max_examples=15)
    @given(st.permutations(drafts * 2), st.lists(st.integers(0, 20), max_size=3), st.integers(1, 9))
    def law(asked: list[Draft], cuts: list[int], at_once: int) -> None:
        clear(store)
        monkeypatch.setattr(taking, "AT_ONCE", at_once)
        found = []
        for begin, end in pairwise([0, *sorted(cuts), len(asked)]):
            found += desk.take(asked[begin:end], 5)
        assert Counter(one.outcome for one in found) == {SaleOutcome.NEW: 10, SaleOutcome.SAME: 10}
        assert state_of(store, desk) == wanted

    law()
    store.close()


def test_a_held_order_goes_on_when_somebody_says_why(store: SiteStore, desk: SalesDesk) -> None:
    masked = Noted("phone-implausible", "phone", "1******6198")
    desk.take([replace(sold(1), noted=(masked,)), sold(2)], 5)
    assert desk.detail("shop-2").order.stage is OrderStage.ACCEPTED
    refused = desk.release("shop-1", 1, "Ann", " ", [], 6)
    assert isinstance(refused, WishRefused) and refused.code == "no-name"
    with pytest.raises(SalesConflict, match="order shop-1: its version is 1, not 7"):
        desk.release("shop-1", 7, "Ann", "by mail", [], 6)
    with pytest.raises(UnknownSale):
        desk.hold("nobody", None, "Ann", "why", 6)
    released = desk.release("shop-1", 1, "Ann", "reached by mail", [], 6)
    assert isinstance(released, SalesOrder) and (released.stage, released.version) == (OrderStage.ACCEPTED, 2)
    detail = desk.detail("shop-1")
    assert [(one.code, one.by, one.reason) for one in detail.waivers] == [
        ("phone-implausible", "Ann", "reached by mail")
    ]
    assert not detail.open and [one.code for one in detail.findings] == ["phone-implausible"]

    held = desk.hold("shop-1", 2, "Bob", "the customer rang", 7)
    assert isinstance(held, SalesOrder) and held.stage is OrderStage.HELD
    desk.take([sold(3)], 8)  # which judges nothing of it
    assert [one.code for one in desk.detail("shop-1").open] == [PERSON]
    again = desk.release("shop-1", None, "Bob", "it is settled", [], 9)
    assert isinstance(again, SalesOrder) and again.stage is OrderStage.ACCEPTED
    assert [one.what for one in desk.story("shop-1")] == [
        *("taken", "judged", "released", "judged", "held", "released", "judged")
    ]
    told = [(row.told.type, row.told.subject) for row in store.outbox(0)]
    assert [kind for kind, name in told if name == "shop-1"] == [
        "order.taken.v1", "order.held.v1", "order.accepted.v1", "order.held.v1", "order.accepted.v1"
    ]  # fmt: skip
    store.close()


def released_fulfilment(store: SiteStore, name: str, picked: bool) -> None:
    """All of an order in one fulfilment that the line knows, as planning and picking leave it."""
    order = store.sales_order(name)
    assert order is not None
    portions = tuple(
        Portion(order=name, line=line.number, quantity=line.wanted, picked=line.wanted if picked else 0)
        for line in order.lines
    )
    state = FulfilmentState.PICKED if picked else FulfilmentState.RELEASED
    with store.connections.writing() as db:
        save_fulfilments(db, [Fulfilment(id=f"F-{name}", portions=portions, state=state)])
    lines = tuple(
        OrderLine(gtin=f"0400638133393{at}", quantity=line.wanted, sku=line.sku) for at, line in enumerate(order.lines)
    )
    store.put_orders([Order(id=f"F-{name}", carrier="DHL", service="express", lines=lines)], 1)


def test_cancelling_ends_when_the_goods_are_seen(store: SiteStore, desk: SalesDesk) -> None:
    desk.take([sold(1), sold(2)], 5)
    released_fulfilment(store, "shop-1", picked=True)
    paid = sold(1).order.payment.total
    one_less = desk.amend(Amend(order="shop-1", by="Ann", reason="rang", wanted={2: 0}), 1, 6)
    assert isinstance(one_less, SalesOrder) and one_less.stage is OrderStage.ACCEPTED
    line = store.order("F-shop-1")
    assert line is not None and [(one.sku, one.quantity, one.cancelled) for one in line.lines] == [
        ("SKU-2", 1, 0), ("SKU-3", 0, 1), ("SKU-4", 1, 0)
    ], "the portal refuses it: line 2 was cancelled"  # fmt: skip
    gone = desk.cancel("shop-1", None, "Ann", "rang again", 7)
    assert isinstance(gone, SalesOrder) and gone.stage is OrderStage.CANCELLING and gone.payment.paid == paid
    line = store.order("F-shop-1")
    assert line is not None and line.state is OrderState.CANCELLED
    for number in (1, 2, 3):
        seen = desk.see_back("shop-1", "F-shop-1", number, 1, 8)
        assert isinstance(seen, SalesOrder)
    assert (seen.stage, seen.payment.paid) == (OrderStage.CANCELLED, 0)
    assert desk.detail("shop-1").refunded == paid
    twice = desk.see_back("shop-1", "F-shop-1", 1, 1, 9)
    assert isinstance(twice, WishRefused) and twice.code == "not-put-back"
    kinds = Counter(row.told.type for row in store.outbox(0) if row.told.subject in ("shop-1", "F-shop-1"))
    assert kinds["fulfilment.take-out.v1"] == 3 and kinds["order.cancelled.v1"] == 1 and kinds["order.refund.v1"] == 3
    store.close()


def test_the_floor_moves_fulfilments_once(store: SiteStore, desk: SalesDesk) -> None:
    desk.take([sold(1)], 5)
    released_fulfilment(store, "shop-1", picked=False)
    told = [
        ToteChecked(
            at_us=10, line="a", track_id=1, passage=1, tote="", order="F-shop-1", final=True, matched=(), findings=()
        ),
        OrderShipped(at_us=20, line="a", order="F-shop-1", parcel="", lane=1),
    ]
    records = [Record(seq, one.at_us, "a", type(one).__name__, encode(one)) for seq, one in enumerate(told, 1)]
    for _ in range(2):
        store.project("node", records)
    (parcel,) = desk.detail("shop-1").fulfilments
    assert parcel.state is FulfilmentState.SORTED and all(one.picked == one.quantity for one in parcel.portions)
    line = store.order("F-shop-1")
    assert line is not None and line.state is OrderState.SHIPPED
    shipped = [one for one in store.feed(0) if getattr(getattr(one, "order", None), "state", "") == OrderState.SHIPPED]
    assert len(shipped) == 1, "said once"
    assert desk.report("F-shop-1", FulfilmentTurn.DEPARTED, 30) is None
    assert desk.detail("shop-1").progress == "shipped"
    refused = desk.report("F-shop-1", FulfilmentTurn.RELEASED, 31)
    assert refused is None, "it comes late, and changes nothing"
    store.close()


def test_the_channel_s_later_word_is_a_wish(store: SiteStore, desk: SalesDesk) -> None:
    first = sold(1, revision=5)
    desk.take([first, sold(2)], 5)
    moved = replace(first, consignee=person(3), order=replace(sold(1, quantity=2).order, revision=6))
    (newer,) = desk.take([moved], 6)
    assert newer.outcome is SaleOutcome.NEWER and newer.version > 1
    detail = desk.detail("shop-1")
    assert detail.consignee == person(3) and sum(one.wanted for one in detail.order.lines) == 4
    assert desk.take([moved], 7)[0].outcome is SaleOutcome.SAME, "it is known now"
    assert desk.take([first], 8)[0].outcome is SaleOutcome.OLDER
    released_fulfilment(store, "shop-2", picked=True)
    unclear = replace(sold(2), consignee=person(4))
    for at_us in (9, 10):
        (found,) = desk.take([unclear], at_us)
        assert (found.outcome, found.text) == (SaleOutcome.CHANGED, "again-unclear")
    assert [one.what for one in desk.story("shop-2")] == ["taken", "judged", "again-unclear"], "said once"
    assert desk.detail("shop-2").consignee == person(2)
    store.close()


def test_orders_ship_together_or_apart(store: SiteStore, desk: SalesDesk) -> None:
    """O5: one consignee, one parcel; no unit is lost."""
    same = replace(sold(11), consignee=person(1))
    desk.take([sold(1), same, sold(2)], 5)
    assert [(one.into, one.other, one.why_not) for one in desk.detail("shop-1").merges] == [("shop-1", "shop-11", "")]
    refused = desk.merge("shop-1", 1, "shop-2", "Ann", "saves a parcel", 6)
    assert isinstance(refused, WishRefused) and refused.code == "merge-consignee"
    assert isinstance(desk.merge("shop-1", 1, "shop-11", "Ann", "saves a parcel", 6), SalesOrder)
    detail = desk.detail("shop-11")
    assert detail.order.stage is OrderStage.MERGED and detail.order.merged_into == "shop-1"
    assert desk.detail("shop-1").merged == ("shop-11",)
    split = desk.split("shop-2", 1, {1: 1, 2: 1}, "Ann", "the rest comes later", 7)
    assert isinstance(split, SalesOrder) and split.version == 2
    again = desk.split("shop-2", 2, {2: 1}, "Ann", "too heavy", 8, fulfilment="shop-2-1")
    assert isinstance(again, SalesOrder)
    parcels = {one.id: [(its.line, its.quantity) for its in one.portions] for one in desk.detail("shop-2").fulfilments}
    assert parcels == {"shop-2-1": [(1, 1), (2, 0)], "shop-2-2": [(2, 1)]}
    places = Counter()
    for one in desk.detail("shop-2").places:
        places[one.place] += one.quantity
    assert places == {"waiting": 2, "open": 1}
    store.close()


def test_a_customer_is_asked(store: SiteStore, desk: SalesDesk) -> None:
    noted = Noted("address-incomplete", "street", "")
    desk.take([replace(sold(n), noted=(noted,)) for n in (1, 2)], 5)
    desk.contact("shop-1", None, None, "Ann", "", 6)
    assert desk.detail("shop-1").contact is not None
    desk.contact("shop-1", None, ContactOutcome.NO_ANSWER, "Ann", "", 7)
    task = desk.detail("shop-1").contact
    assert task is not None and task.attempts == 1 and task.due_us == 7 + HOUR_US
    done = desk.contact("shop-1", None, ContactOutcome.CONFIRMED, "Ann", "third floor", 8)
    assert isinstance(done, SalesOrder) and done.stage is OrderStage.ACCEPTED
    gone = desk.contact("shop-2", None, ContactOutcome.CANCELLED, "Ann", "not wanted", 9)
    assert isinstance(gone, SalesOrder) and gone.stage is OrderStage.CANCELLED
    store.close()


def test_orders_are_found_by_what_is_printed_or_scanned(store: SiteStore, desk: SalesDesk) -> None:
    desk.take([sold(n) for n in range(1, 8)], 5)
    released_fulfilment(store, "shop-3", picked=False)
    store.put_orders([replace(store.order("F-shop-3"), parcel="(00)040123450000000016", codes=("1Z999",))], 6)  # type: ignore[type-var]

    def named(text: str) -> list[str]:
        return [row.id for row in desk.page(SaleFilter(), text).orders]

    for text in (
        "shop-3",
        "#3",
        "F-shop-3",
        "00040123450000000016",
        "1Z999",
        "+886 9 0000 0003",
        "0900000003",
        "MING3@example.org",
    ):
        assert named(text) == ["shop-3"], text
    assert named("nothing") == named("\0") == named("\ud800") == []
    seen: list[str] = []
    after = ""
    while True:
        page = desk.page(SaleFilter(after=after), limit=3)
        seen += [row.id for row in page.orders]
        if not (after := page.after):
            break
    assert seen == [f"shop-{n}" for n in range(7, 0, -1)]
    assert desk.page(SaleFilter(stage="held")).orders == ()
    assert desk.page(SaleFilter(after="nonsense", finding="unpaid")).orders == ()
    assert "王" not in repr(desk.page(SaleFilter())) and "+886" not in repr(desk.page(SaleFilter()))
    store.close()


def test_stock_is_asked_and_given_back(store: SiteStore, desk: SalesDesk) -> None:
    """Where the site keeps stock: unknown articles and too many are held, and what is cancelled is free again."""
    stocked(store, units=2, bins=1)
    one = sold(1, lines=1)
    many = sold(0, quantity=3, lines=1)
    strange = replace(sold(3), order=replace(sold(3).order, lines=(replace(one.order.lines[0], sku="NONE"),)))
    desk.take([one, many, strange], 5)
    found = {name: [each.code for each in desk.detail(name).open] for name in ("shop-0", "shop-1", "shop-3")}
    assert found == {
        "shop-0": ["out-of-stock"],
        "shop-1": [],
        "shop-3": ["unknown-sku", "amount-mismatch"],
    }
    (kept,) = waiting.reserve_waiting(store.connections, 6, ["shop-1"])
    assert kept.complete
    desk.amend(Amend(order="shop-1", by="Ann", reason="rang", service="express"), None, 7)
    assert not desk.detail("shop-1").open, "what it has already is its own"
    desk.cancel("shop-1", None, "Ann", "rang again", 8)
    with store.connections.reading() as db:
        assert not stock_shown.audit(db)
        assert {row.promised for row in books.promises_of(db, ["SKU-2"]).values()} == {0}
    store.close()


def shop_file(count: int) -> bytes:
    """A file of the generic channel, with a line that is set aside."""
    rows = ["order,sku,quantity,total,price,paid,name,street,city,postcode,country,phone"]
    rows += [f"N{n},MUG,1,500,500,500,王小明,和平東路 {n} 號,臺北市,106,TW,09{n:08d}" for n in range(count)]
    return "\n".join([*rows, "N99,MUG,some,500,500,500,王小明,和平東路 1 號,臺北市,106,TW,0912345678"]).encode()


def test_killed_at_any_statement_an_import_loses_and_doubles_nothing(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder's file is read again by whoever comes next; kill -9 before each fourth statement."""
    monkeypatch.setattr(taking, "AT_ONCE", 5)
    folder, secret = tmp_path / "in", tmp_path / "site.secret"
    channel = ChannelTable(currency="TWD", digits=0, payment="prepaid")
    SiteStore(store_url, secret_file=secret).close()
    killed = 0

    def work(until: int) -> None:
        statements = iter(range(until))

        def executed(*_: object) -> None:
            if next(statements, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        store = SiteStore(store_url, secret_file=secret)
        sa.event.listen(sa.Engine, "before_cursor_execute", executed)
        desk = SalesDesk(store, RULES)

        def hand(taken: FilesTaken) -> None:
            desk.take_files("shop", "folder", ["orders.csv"], taken, lambda: 5 + until)

        ChannelFolder("shop", channel, folder, hand, csv_table, settled_us=0).step(1)
        store.close()

    folder.mkdir()
    (folder / "orders.csv").write_bytes(shop_file(12))
    for until in range(0, 5_000, 4):
        child = multiprocessing.get_context("fork").Process(target=work, args=(until,))
        child.start()
        child.join(HANGS_S)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        killed += 1
    assert killed > 5
    assert (folder / "done" / "orders.csv").exists()
    store = SiteStore(store_url, secret_file=secret)
    desk = SalesDesk(store, RULES)
    assert {row.id: row.units for row in desk.page(SaleFilter(), limit=50).orders} == {
        f"shop-N{n}": 1 for n in range(12)
    }
    told = Counter((row.told.type, row.told.subject) for row in store.outbox(0))
    assert set(told.values()) == {1} and len(told) == 24, "taken and accepted, each said once"
    run = desk.import_runs(1)[0]
    report = desk.import_run(run.id)
    assert report is not None and [one.order for one in report.set_aside] == ["N99"]
    store.close()


def test_who_is_held_for_stock_goes_on_when_goods_come(store: SiteStore, desk: SalesDesk) -> None:
    """Who ordered first gets it; who lacks something still, or is held for more, stays."""
    stocked(store, units=2, bins=1)
    lines = sold(1, quantity=3, lines=1).order.lines
    early, late, unpaid = (
        replace(one, order=replace(one.order, lines=lines)) for one in (sold(n, quantity=3, lines=1) for n in (1, 2, 4))
    )
    unpaid = replace(unpaid, order=replace(unpaid.order, payment=replace(unpaid.order.payment, paid=0)))
    desk.take([late, early, unpaid], 5)
    assert desk.look_again(6) == 0
    (sku,) = {line.sku for line in lines}
    cause = StockCause("receipt", "delivery")
    with store.connections.writing() as db:
        target = BinKey(f"B{sku.removeprefix('SKU-')}-0", sku)
        moving.record(db, [Movement(cause=cause, kind=MovementKind.RECEIPT, quantity=3, at_us=7, target=target)], "Gil")
    assert desk.look_again(8) == 1 and desk.look_again(9) == 0
    stages = {row.id: row.stage for row in desk.page(SaleFilter()).orders}
    assert stages == {"shop-1": "accepted", "shop-2": "held", "shop-4": "held"}
    assert not waiting.reserve_waiting(store.connections, 10, ["shop-1"]), "it is promised already"
    assert "unpaid" in {one.code for one in desk.detail("shop-4").open}
    with store.connections.reading() as db:
        assert not stock_shown.audit(db)
    store.close()
