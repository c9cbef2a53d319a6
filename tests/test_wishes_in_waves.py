"""What a wish means once its order is in a wave, picked or labelled, in both databases; and who is looked at first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sold import person, sold
from stocked import CUTOFF_US, NOW_US, accept, stocked

from edge.core.book import OrderBook
from edge.core.events import OrderChanged, OrderShipped
from edge.core.values.order import OrderState
from edge.core.values.state import BookState
from edge.journal.record import Record, encode
from edge.orders.amend import Amend
from edge.orders.articles import Article, Goods
from edge.orders.eligibility import Terms
from edge.orders.picking import ShortReason
from edge.orders.planning import Planning
from edge.orders.review import ReviewRule, ReviewRules
from edge.orders.sales import Consignee, Draft, OrderStage, PaymentKind, SalesOrder
from edge.orders.services import Pickup, Rate, Service
from edge.orders.stages import FulfilmentState, FulfilmentTurn
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause
from edge.orders.work import WishRefused
from edge.site import (
    allocating,
    catalogue,
    drafts,
    picking,
    put_backs,
    releasing,
    rounds,
    sightings,
    stock_shown,
    stocktaking,
    tables,
    wave_rows,
)
from edge.site.desk import Blockable, BlockKind, SalesDesk, UnknownSale
from edge.site.keeping import told
from edge.site.picking import Picked
from edge.site.store import SiteStore

RULES = ReviewRules(off=frozenset({ReviewRule.AMOUNT_MISMATCH, ReviewRule.UNPAID, ReviewRule.OUT_OF_STOCK}))
LABEL = "(00)040123450000000016"


def planning(_: int = 0) -> Planning:
    """Post takes up to a kilogram into TW, Air anything; each has a pickup."""
    services = {
        "post": Service(id="post", carrier="Post", code="48h", rates=(Rate("TW", ((1_000, 100),)),)),
        "air": Service(
            id="air", carrier="Air", code="24h", rates=(Rate("TW", ((30_000, 300),)),), takes=Goods.COD, cod_limit=500
        ),
    }
    pickups = tuple(
        Pickup(service=name, cutoff_us=CUTOFF_US, arrives=(("TW", CUTOFF_US + 1),), parcels=9) for name in services
    )
    return Planning(
        services=services,
        pickups=pickups,
        terms=Terms(now_us=NOW_US, release_by_us={one.id: CUTOFF_US - 1 for one in pickups}),
        zone_of=lambda country, *_: country if country == "TW" else "",
        promised_us=lambda *_: 0,
    )


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> SiteStore:
    return SiteStore(store_url, secret_file=tmp_path / "site.secret")


@pytest.fixture
def desk(store: SiteStore) -> SalesDesk:
    return SalesDesk(store, RULES, ["TW"], planning)


def released(store: SiteStore, *numbers: int) -> str:
    """A wave of orders of two units of SKU-0 and one of SKU-1."""
    stocked(store, units=9, bins=1)
    accept(store, [(number, {0: 2, 1: 1}) for number in numbers])
    (wave,) = drafts.plan(store.connections, planning(), NOW_US).new
    assert releasing.release(store.connections, wave, planning().limits, "Ann", NOW_US) is not None
    return wave


def picks(store: SiteStore, lines: int = 1, tote: str = "") -> None:
    for _ in range(lines):
        task = rounds.claim(store.connections, "Bob", NOW_US)
        assert task is not None
        line = next(line for line in task.lines if not line.ended)
        said = Picked(task=task.id, n=line.n, units=line.quantity, picker="Bob", version=task.version, tote=tote)
        picking.pick(store.connections, said, NOW_US)


def state_of(desk: SalesDesk, name: str, fulfilment: str = "") -> FulfilmentState:
    its = {one.id: one.state for one in desk.detail(name).fulfilments}
    return its[fulfilment or name]


def balanced(store: SiteStore) -> None:
    with store.connections.reading() as db:
        assert stock_shown.audit(db) == []


def test_orders_know_how_far_their_goods_are(store: SiteStore, desk: SalesDesk) -> None:
    wave = released(store, 1)
    assert state_of(desk, "shop-1") is FulfilmentState.RELEASED
    picks(store, tote="T1")
    (parcel,) = desk.detail("shop-1").fulfilments
    assert [one.picked for one in parcel.portions] == [2, 0]
    picks(store)
    assert state_of(desk, "shop-1") is FulfilmentState.PICKED
    assert releasing.withdraw(store.connections, wave, "Ann", NOW_US) == (0, 1)
    balanced(store)
    store.close()


def test_another_service_moves_what_nobody_picked_to_another_wave_and_else_the_parcel(
    store: SiteStore, desk: SalesDesk
) -> None:
    wave = released(store, 1)
    desk.amend(Amend(order="shop-1", by="Ann", reason="rang", service="post"), None, NOW_US)
    assert state_of(desk, "shop-1") is FulfilmentState.RELEASED, "the carrier is the same: it stays"
    desk.amend(Amend(order="shop-1", by="Ann", reason="in a hurry", service="air"), None, NOW_US)
    assert state_of(desk, "shop-1") is FulfilmentState.PLANNED
    line = store.order("shop-1")
    assert line is not None and line.state is OrderState.CANCELLED
    with store.connections.reading() as db:
        assert wave_rows.wave_of(db, wave).members == 0  # type: ignore[union-attr]
    assert rounds.claim(store.connections, "Bob", NOW_US) is None
    (air,) = drafts.plan(store.connections, planning(), NOW_US).new
    releasing.release(store.connections, air, planning().limits, "Ann", NOW_US)
    line = store.order("shop-1")
    assert line is not None and (line.carrier, line.state) == ("Air", OrderState.OPEN)
    picks(store)
    desk.amend(Amend(order="shop-1", by="Ann", reason="no hurry", service="post"), None, NOW_US)
    assert state_of(desk, "shop-1") is FulfilmentState.RELEASED, "the tote stays as it is"
    line = store.order("shop-1")
    assert line is not None and (line.carrier, line.service) == ("Post", "48h")
    assert [row.told.body for row in store.outbox(0) if row.told.type == "fulfilment.rerouted.v1"] == [
        {"carrier": "Post", "service": "48h"}
    ]
    abroad = replace(person(1), country="DE")
    refused = desk.amend(
        Amend(order="shop-1", by="Ann", reason="moved", consignee=True), None, NOW_US, abroad,
        Draft(order=desk.detail("shop-1").order, consignee=abroad),
    )  # fmt: skip
    assert isinstance(refused, WishRefused) and refused.values["codes"] == "undeliverable-zone"
    balanced(store)
    store.close()


def test_a_held_order_leaves_its_wave_and_its_draft(store: SiteStore, desk: SalesDesk) -> None:
    released(store, 1)
    accept(store, [(2, {0: 1})])
    (draft,) = drafts.plan(store.connections, planning(), NOW_US).new
    for name in ("shop-1", "shop-2"):
        held = desk.hold(name, None, "Ann", "to look at", NOW_US)
        assert isinstance(held, SalesOrder) and held.stage is OrderStage.HELD
    with store.connections.reading() as db:
        assert wave_rows.wave_of(db, draft).members == 0  # type: ignore[union-attr]
        assert {bin_.allocated for row in stock_shown.stock_rows(db) for bin_ in row.bins} == {0}
    assert rounds.claim(store.connections, "Bob", NOW_US) is None
    line = store.order("shop-1")
    assert line is not None and line.state is OrderState.CANCELLED
    desk.release("shop-1", None, "Ann", "it is fine", [], NOW_US)
    (wave,) = drafts.plan(store.connections, planning(), NOW_US).new
    releasing.release(store.connections, wave, planning().limits, "Ann", NOW_US)
    assert state_of(desk, "shop-1", "shop-1.2") is FulfilmentState.RELEASED
    balanced(store)
    store.close()


def test_who_was_changed_after_the_plan_is_planned_again(store: SiteStore, desk: SalesDesk) -> None:
    stocked(store, units=9, bins=1)
    accept(store, [(1, {0: 2}), (2, {0: 1})])
    (wave,) = drafts.plan(store.connections, planning(), NOW_US).new
    with store.connections.writing() as db:  # as a plan that read it before a change and stored it after
        order = tables.sales.orders
        db.execute(order.update().where(order.c.id == "shop-1").values(service="air", version=order.c.version + 1))
    done = releasing.release(store.connections, wave, planning().limits, "Ann", NOW_US)
    assert done is not None and done.members == 1
    assert [(one.fulfilment, one.missing) for one in done.lacking] == [("shop-1", 0)]
    (air,) = drafts.plan(store.connections, planning(), NOW_US).new
    releasing.release(store.connections, air, planning().limits, "Ann", NOW_US)
    line = store.order("shop-1")
    assert line is not None and line.carrier == "Air"
    store.close()


def test_split_orders_ship_as_they_were_split(store: SiteStore, desk: SalesDesk) -> None:
    stocked(store, units=9, bins=1)
    accept(store, [(1, {0: 3})])
    desk.split("shop-1", None, {1: 1}, "Ann", "too heavy", NOW_US)
    (wave,) = drafts.plan(store.connections, planning(), NOW_US).new
    done = releasing.release(store.connections, wave, planning().limits, "Ann", NOW_US)
    assert done is not None and done.members == 2
    lines = {name: store.order(name).lines[0].quantity for name in ("shop-1", "shop-1-1")}  # type: ignore[union-attr]
    assert lines == {"shop-1": 2, "shop-1-1": 1}
    balanced(store)
    store.close()


def test_a_parcel_in_its_lane_gets_another_label_and_the_lines_hear_it(store: SiteStore, desk: SalesDesk) -> None:
    released(store, 1)
    picks(store, 2)
    line = store.order("shop-1")
    assert line is not None
    store.put_orders([replace(line, parcel=LABEL)], NOW_US)
    shipped = OrderShipped(at_us=NOW_US, line="a", order="shop-1", parcel=LABEL, lane=1)
    store.project("node", [Record(1, NOW_US, "a", "OrderShipped", encode(shipped))])
    assert state_of(desk, "shop-1") is FulfilmentState.SORTED
    book = OrderBook(known := BookState())
    for one in store.feed(0):
        if isinstance(one, OrderChanged):
            book.put(one.order)
    seen = store.feed(0)[-1].feed_seq
    moved = replace(person(1), street="和平東路二段77號5樓")
    done = desk.amend(
        Amend(order="shop-1", by="Ann", reason="moved", consignee=True), None, NOW_US, moved,
        Draft(order=desk.detail("shop-1").order, consignee=moved),
    )  # fmt: skip
    assert isinstance(done, SalesOrder), done
    assert state_of(desk, "shop-1") is FulfilmentState.VERIFIED
    changes = [one.order for one in store.feed(seen) if isinstance(one, OrderChanged)]
    assert [(one.state, one.parcel) for one in changes] == [(OrderState.CANCELLED, LABEL), (OrderState.OPEN, None)]
    for order in changes:
        book.put(order)
    assert known.orders["shop-1"].state is OrderState.OPEN and book.of_parcel(LABEL) is None
    void = [row.told.body for row in store.outbox(0) if row.told.type == "fulfilment.label-void.v1"]
    assert void == [{"labels": [LABEL]}]
    again = replace(shipped, parcel="(00)040123450000000023")
    store.project("node", [Record(2, NOW_US, "a", "OrderShipped", encode(again))])
    assert state_of(desk, "shop-1") is FulfilmentState.SORTED
    balanced(store)
    store.close()


def test_what_was_cancelled_in_its_lane_comes_back_to_be_looked_at(store: SiteStore, desk: SalesDesk) -> None:
    released(store, 1)
    picks(store, 2)
    shipped = OrderShipped(at_us=NOW_US, line="a", order="shop-1", parcel="", lane=1)
    store.project("node", [Record(1, NOW_US, "a", "OrderShipped", encode(shipped))])
    desk.cancel("shop-1", None, "Ann", "rang", NOW_US)
    with store.connections.reading() as db:
        assert {row.sku: row.sellable for row in stock_shown.stock_rows(db)}["SKU-0"] == 7
    for line, units in ((1, 2), (2, 1)):
        desk.see_back("shop-1", "shop-1", line, units, NOW_US)
    assert desk.detail("shop-1").order.stage is OrderStage.CANCELLED
    with store.connections.reading() as db:
        lies = [(one.bin, str(one.condition), one.on_hand) for one in stock_shown.stock_rows(db, sku="SKU-0")[0].bins]
    assert lies == [("B0-0", "inspection", 2), ("B0-0", "sellable", 7)]
    balanced(store)
    store.close()


def test_who_is_on_the_list_is_held_until_he_is_off_it(store: SiteStore, desk: SalesDesk) -> None:
    other = replace(sold(2), consignee=replace(person(1), email="", street="信義路五段7號"))
    desk.take([sold(1), other, sold(3)], 5)
    (phone, *more) = sorted(
        desk.block(Blockable(order="shop-1"), "Ann", "never pays", 6), key=lambda one: one.kind != "phone"
    )
    assert [one.kind for one in more] == [BlockKind.ADDRESS, BlockKind.EMAIL] and phone.shown == "+886900000001"
    stages = {name: desk.detail(name).order.stage for name in ("shop-1", "shop-2", "shop-3")}
    assert stages == {"shop-1": "held", "shop-2": "held", "shop-3": "accepted"}
    assert [(one.code, one.where, one.value) for one in desk.detail("shop-2").open] == [
        ("blocklist", "phone", "never pays")
    ]
    (typed,) = desk.block(Blockable(phone="0900 000 001"), "Bob", "again", 7)
    assert typed.seq == phone.seq, "however it is typed, it is there already"
    desk.take([replace(sold(4), consignee=replace(person(1), street="忠孝東路1號"))], 8)
    assert desk.detail("shop-4").order.stage is OrderStage.HELD, "and who comes later"
    assert desk.unblock(phone.seq, "Ann", "paid", 9).removed_by == "Ann"  # type: ignore[union-attr]
    assert desk.detail("shop-2").order.stage is OrderStage.ACCEPTED
    assert [one.kind for one in desk.blocklist()] == [BlockKind.ADDRESS, BlockKind.EMAIL]
    assert desk.unblock(99, "Ann", "why", 9) is None
    with pytest.raises(UnknownSale):
        desk.block(Blockable(order="nobody"), "Ann", "why", 9)
    # shown to whoever it is about, and erased with him; it counts after that
    exported = store.persons(Consignee(email="ming1@example.org"))
    assert {one.why for one in exported[0].blocked} == {"never pays"} and "+886900000001" in told(exported)
    for name in ("shop-1", "shop-2", "shop-4"):
        desk.cancel(name, None, "Ann", "rang", 10)
    assert store.forget(["shop-1", "shop-2", "shop-4"], "Ann", "asked", 11) == []
    assert {one.shown for one in desk.blocklist(everything=True)} == {""}
    desk.take([replace(sold(5), consignee=replace(person(5), email="Ming1@example.org"))], 12)
    assert [one.where for one in desk.detail("shop-5").open] == ["email"]
    store.close()


def test_who_refused_parcels_before_does_not_pay_at_the_door(store: SiteStore, desk: SalesDesk) -> None:
    released(store, 1, 2)
    early = desk.delivery_refused("shop-1", None, "shop-1", "Ann", "nobody there", 5)
    assert isinstance(early, WishRefused) and early.code == "not-delivered"
    for name in ("shop-1", "shop-2"):
        desk.report(name, FulfilmentTurn.DEPARTED, 6)
    with store.connections.writing() as db:  # both are of one person
        people = tables.sales.consignees
        row = db.execute(people.select().where(people.c.order_id == "shop-1")).one()
        db.execute(people.update().where(people.c.order_id == "shop-2").values(phone_key=row.phone_key))
    for name in ("shop-1", "shop-2", "shop-2"):
        assert isinstance(desk.delivery_refused(name, None, name, "Ann", "sent back", 7), SalesOrder)
    cod = replace(sold(7), consignee=person(1))
    payment = replace(cod.order.payment, kind=PaymentKind.COD, paid=0, total=400)
    desk.take([replace(cod, order=replace(cod.order, payment=payment))], 8)
    found = [(one.code, one.where, one.value) for one in desk.detail("shop-7").open if one.code == "blocklist"]
    assert found == [("blocklist", "refused", "2")]
    assert [row.told.type for row in store.outbox(0)].count("order.delivery-refused.v1") == 2, "each once"
    assert store.persons(person(1))[0].refused == 2
    store.close()


def test_review_knows_who_may_carry_an_order(store: SiteStore, desk: SalesDesk) -> None:
    with store.connections.writing() as db:
        heavy = [("SKU-2", 2_000), ("SKU-3", 50_000), ("SKU-4", 100), ("SKU-5", 100)]
        catalogue.put_skus(db, [catalogue.Sku(Article(sku=sku, mass_g=grams), sku) for sku, grams in heavy])
    one = [replace(sold(number, lines=1), consignee=person(number)) for number in (1, 2, 3, 4)]
    wished = replace(one[0], order=replace(one[0].order, service="post"))
    abroad = replace(one[2], consignee=replace(person(3), country="DE"))
    dear = replace(one[3].order.payment, kind=PaymentKind.COD, paid=0)
    desk.take([wished, one[1], abroad, replace(one[3], order=replace(one[3].order, payment=dear, service="snail"))], 5)
    found = {n: [(each.code, each.value, each.limit) for each in desk.detail(f"shop-{n}").open] for n in (1, 2, 3, 4)}
    assert found == {
        1: [("no-service", "post", "air")],
        2: [("no-service", "*", "")],
        3: [("undeliverable-zone", "DE 106", "")],
        4: [("cod-limit", "99.00 TWD", "5.00 TWD")],
    }
    store.close()


def test_a_marketplace_that_forbids_it_ships_apart(store: SiteStore) -> None:
    desk = SalesDesk(store, RULES, ["TW"], apart=["mall"])
    same = [
        replace(sold(n, channel=channel), consignee=person(1)) for n, channel in ((1, "shop"), (2, "mall"), (3, "shop"))
    ]
    desk.take(same, 5)
    refused = desk.merge("shop-1", None, "mall-2", "Ann", "saves a parcel", 6)
    assert isinstance(refused, WishRefused) and refused.code == "merge-channel"
    why = {one.other: one.why_not for one in desk.detail("shop-1").merges}
    assert why == {"mall-2": "merge-channel", "shop-3": ""}
    store.close()


def test_who_moved_away_is_nobody_s_duplicate_any_more(store: SiteStore, desk: SalesDesk) -> None:
    first, second = (
        replace(sold(1), order=replace(sold(1).order, id=f"twice-{n}", external=f"T{n}", ordered_us=NOW_US + n))
        for n in (1, 2)
    )
    desk.take([first, second], 5)
    assert [one.code for one in desk.detail("twice-2").open] == ["duplicate"]
    far = replace(person(9), street="中山路99號", postcode="800", city="高雄市")
    desk.amend(
        Amend(order="twice-1", by="Ann", reason="moved", consignee=True), None, 6, far,
        Draft(order=first.order, consignee=far),
    )  # fmt: skip
    assert desk.detail("twice-2").order.stage is OrderStage.ACCEPTED
    desk.amend(
        Amend(order="twice-1", by="Ann", reason="back again", consignee=True), None, 7, person(1),
        Draft(order=first.order, consignee=person(1)),
    )  # fmt: skip
    assert [one.code for one in desk.detail("twice-2").open] == ["duplicate"]
    store.close()


def test_what_a_count_took_from_a_round_is_looked_for_again_when_goods_come(store: SiteStore, desk: SalesDesk) -> None:
    stocked(store, units=2, bins=1)
    accept(store, [(1, {0: 2, 1: 1})])
    (wave,) = drafts.plan(store.connections, planning(), NOW_US).new
    releasing.release(store.connections, wave, planning().limits, "Ann", NOW_US)
    at = BinKey("B0-0", "SKU-0")
    stocktaking.counted_at(store.connections, at, 1, StockCause("count", "1"), "Ann", "", NOW_US)
    picks(store, lines=2)
    assert rounds.claim(store.connections, "Bob", NOW_US) is None, "there is no more of it"
    came = Movement(cause=StockCause("receipt", "2"), kind=MovementKind.RECEIPT, quantity=1, at_us=NOW_US, target=at)
    stocktaking.recorded(store.connections, [came], "Ann", NOW_US)
    assert drafts.plan(store.connections, planning(), NOW_US).new == (), "it goes with the parcel that waits for it"
    allocating.allocate_again(store.connections, NOW_US)
    picks(store)
    assert state_of(desk, "shop-1") is FulfilmentState.PICKED
    balanced(store)
    store.close()


def test_what_nobody_found_and_is_sorted_all_the_same_goes_back_to_where_it_was_sought(
    store: SiteStore, desk: SalesDesk
) -> None:
    released(store, 1)
    task = rounds.claim(store.connections, "Bob", NOW_US)
    assert task is not None
    line = next(line for line in task.lines if line.at.sku == "SKU-0")
    short = Picked(task=task.id, n=line.n, units=1, picker="Bob", version=task.version, reason=ShortReason.EMPTY)
    picking.pick(store.connections, short, NOW_US)
    picks(store)
    gone = OrderShipped(at_us=NOW_US, line="a", order="shop-1", parcel="", lane=1)
    store.project("node@1", [Record(1, NOW_US, "a", OrderShipped.__name__, encode(gone))])
    assert allocating.allocate_again(store.connections, NOW_US) == 0, "nobody is sent for what has left"
    desk.cancel("shop-1", None, "Ann", "rang", NOW_US)
    with store.connections.reading() as db:
        rows = put_backs.open_put_backs(db)
    assert sorted((row.to.bin, row.quantity) for row in rows) == [("B0-0", 1), ("B0-0", 1), ("B1-0", 1)]
    for row in rows:
        sightings.put_back(store.connections, row.seq, "Bob", NOW_US)
    assert desk.detail("shop-1").order.stage is OrderStage.CANCELLED
    balanced(store)
    store.close()
