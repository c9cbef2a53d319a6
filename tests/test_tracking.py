"""Parcels behind the dock, in the store: what left with what, what carriers tell, and what becomes of it.

Public names: none; run by pytest.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from journals import records
from sold import sold
from stocked import NOW_US, stocked

from edge.core.events import LoadClosed, OrderShipped
from edge.core.values.load import Aboard, Load
from edge.core.values.order import Order, OrderLine
from edge.orders.articles import Article, Goods
from edge.orders.tracking import CarrierWord, ParcelCode
from edge.site import catalogue, sales, tracking, tracking_shown
from edge.site.keeping import Keep
from edge.site.outbox import append
from edge.site.sales import SaleLink
from edge.site.store import SiteStore
from edge.site.tables import sales as sales_tables
from edge.site.tables import tracking as tables
from edge.site.tracking import Took
from edge.site.tracking_shown import ParcelFilter

C = ParcelCode
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
ACME = "acme"


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[SiteStore]:
    made = SiteStore(store_url, secret_file=tmp_path / "site.secret")
    yield made
    made.close()


def sscc(number: int) -> str:
    return f"{number:018d}"


def fulfilment(number: int, sku: str = "SKU-1") -> Order:
    lines = (OrderLine(gtin="", quantity=2, sku=sku),)
    return Order(id=f"f-{number}", carrier="DHL", service="std", lines=lines, parcel=f"(00){sscc(number)}")


def departed(number: int, numbers: Iterable[int], at_us: int = NOW_US) -> LoadClosed:
    its = Load(id=f"L{number}", dock="door1", carrier="DHL", trailer="T-1")
    aboard = tuple(
        Aboard(
            parcel=f"(00){sscc(n)}", order=f"f-{n}", carrier="DHL", service="std", at_us=at_us, sorted_us=at_us - 1,
            dock="door1",
        )
        for n in numbers
    )  # fmt: skip
    return LoadClosed(
        at_us=at_us, feed_seq=0, load=its, by="Ann", reason="", opened_us=at_us - HOUR_US, aboard=aboard, wrong=(),
        missing=(), undetermined=(),
    )  # fmt: skip


def left(store: SiteStore, *numbers: int, at_us: int = NOW_US) -> None:
    """Parcels are sorted and leave with one load, each of an order of its own unless somebody linked it."""
    store.put_orders([fulfilment(n) for n in numbers], at_us - 2)
    sorted_ = [
        OrderShipped(at_us=at_us - 1, line="sorter", order=f"f-{n}", parcel=f"(00){sscc(n)}", lane=1) for n in numbers
    ]
    store.project(f"line@{numbers[0]}", records([*sorted_, departed(numbers[0], numbers, at_us)]))


def told(store: SiteStore, words: Iterable[CarrierWord], source: str = ACME, at_us: int = NOW_US) -> Took:
    with store.connections.writing() as db:
        took, news = tracking.take(db, source, words, at_us)
        append(db, news, at_us)
    return took


def word(number: int, code: ParcelCode, hours: int = 1, **more: str) -> CarrierWord:
    return CarrierWord(**({"parcel": sscc(number), "code": code, "at_us": NOW_US + hours * HOUR_US} | more))  # type: ignore[arg-type]


def state(store: SiteStore, number: int) -> tuple[str, int]:
    with store.connections.reading() as db:
        its = tracking.state_of(db, sscc(number))
    assert its is not None
    return str(its.state), its.delivered_us


def types(store: SiteStore, subject: str) -> list[str]:
    return [row.told.type.removesuffix(".v1") for row in store.outbox(0, 1_000) if row.told.subject == subject]


def test_what_left_is_a_shipment_of_one_consignee_and_weighed_with_its_load(store: SiteStore) -> None:
    """H7: two parcels of one order leave with two loads, and its delivery is told when all of it is there."""
    stocked(store, units=0)
    with store.connections.writing() as db:
        catalogue.put_skus(
            db, [catalogue.Sku(Article(sku="SKU-9", mass_g=700, goods=Goods.LIMITED_QUANTITY), "solvent")]
        )
    draft = sold(1, quantity=2, lines=2)
    other = sold(2, lines=1)
    store.take_sales([draft, replace(other, consignee=draft.consignee)], NOW_US)
    links = [("f-1", "shop-1", 1, 2), ("f-2", "shop-1", 2, 1), ("f-3", "shop-2", 1, 1)]
    with store.connections.writing() as db:
        sales.link(db, [SaleLink(*one) for one in links])
        for name, *_ in links:
            db.execute(sales_tables.fulfilment_states.insert().values(fulfilment_id=name, state="packed"))
    store.put_orders([fulfilment(1), fulfilment(2, "SKU-9"), fulfilment(3), fulfilment(4)], NOW_US)
    gone = OrderShipped(at_us=NOW_US - 1, line="sorter", order="f-3", parcel=f"(00){sscc(3)}", lane=1)
    store.project("line@0", records([gone]))
    told(store, [word(3, C.DELIVERED)])  # before our own journal says that it left
    assert "order.delivered" not in types(store, "shop-2")
    store.project("line@1", records([departed(1, [1, 3, 4]), departed(2, [2], NOW_US + DAY_US)]))
    store.project("line@2", records([departed(1, [1, 3, 4])]))  # another journal tells it again
    with store.connections.reading() as db:
        tracks = {one.sscc: one for n in range(1, 5) if (one := tracking.track_of(db, sscc(n))) is not None}
        loads = {row.load: row for row in db.execute(sa.select(tables.departures))}
    pieces = {one.fulfilment: (one.shipment, one.piece, one.pieces) for one in tracks.values()}
    one = f"L1:{sscc(1)}"
    assert pieces["f-1"] == (one, 1, 2) and pieces["f-3"] == (one, 2, 2), "one consignee, one load"
    assert pieces["f-2"] == (f"L2:{sscc(2)}", 1, 1) and pieces["f-4"][2] == 1
    assert (loads["L1"].pieces, loads["L1"].mass_g, loads["L1"].limited_g) == (3, 1200, 0)
    assert (loads["L2"].mass_g, loads["L2"].limited_g) == (1400, 1400)
    assert len({its.token for its in tracks.values()}) == 4 and all(len(its.token) == 22 for its in tracks.values())
    assert tracks[sscc(1)].promised == "2026-12-24"
    assert types(store, sscc(1)) == ["parcel.departed"]
    assert types(store, "shop-2")[-2:] == ["order.shipped", "order.delivered"]
    told(store, [word(1, C.DELIVERED)])
    assert types(store, "shop-1") == ["order.taken", "order.partly-shipped", "order.shipped"], (
        "one of its parcels is under way"
    )
    told(store, [word(2, C.DELIVERED, 30)], at_us=NOW_US + 31 * HOUR_US)
    assert types(store, "shop-1").count("order.delivered") == 1
    assert types(store, sscc(2)) == ["parcel.departed", "parcel.event"] and types(store, "f-2") == ["parcel.delivered"]


def test_carriers_tell_doubled_and_shuffled_and_the_outbox_once(store: SiteStore) -> None:
    """H23, H24, H25, on the store; by portions of any cut."""
    left(store, *range(1, 21))
    way = [(C.HANDED_OVER, 1), (C.IN_TRANSIT, 2), (C.OUT_FOR_DELIVERY, 3), (C.FAILED_ATTEMPT, 4), (C.DELIVERED, 9)]
    words = [word(n, code, hours) for n in range(1, 21) for code, hours in way]
    words += [word(1, C.RETURNING, 12), word(2, C.NOTED, 5, given="Z9")]
    shuffled = random.Random(7)
    dealt = [*words, *words]
    shuffled.shuffle(dealt)
    took = [told(store, dealt[at : at + 17]) for at in range(0, len(dealt), 17)]
    assert sum(one.new for one in took) == len(words) and sum(one.noted for one in took) == 1
    assert all(state(store, n) == ("delivered", NOW_US + 9 * HOUR_US) for n in range(2, 21))
    assert state(store, 1) == ("returning", NOW_US + 9 * HOUR_US)
    for n in range(1, 21):
        assert types(store, sscc(n))[:2] == ["parcel.sorted", "parcel.departed"]
        of_it = [row.told for row in store.outbox(0, 1_000) if row.told.subject == sscc(n)]
        moves = [one.body["state"] for one in of_it if one.type == "parcel.event.v1"]
        assert len(moves) == len(set(moves)), "each state once"
    ahead = told(store, [word(3, C.LOST, 48)])
    assert ahead == Took(new=1, noted=1) and state(store, 3)[0] == "delivered", "a clock a day ahead is not believed"
    assert told(store, [word(4, C.CORRECTED, 10)], "other").new == 1 and state(store, 4)[0] == "delivered"
    told(store, [word(4, C.CORRECTED, 10)])
    assert state(store, 4) == ("failed-attempt", 0)


def test_a_parcel_that_is_labelled_again_is_one_parcel(store: SiteStore) -> None:
    store.put_orders([fulfilment(1)], NOW_US)
    for seq, n in enumerate((1, 2), 1):
        its = OrderShipped(at_us=NOW_US + seq, line="sorter", order="f-1", parcel=f"(00){sscc(n)}", lane=1)
        store.project(f"line@{seq}", records([its]))
    with store.connections.reading() as db:
        rows = tracking_shown.parcel_rows(db, ParcelFilter(), 10)
        assert [(row.sscc, row.its.state) for row in rows] == [(sscc(2), C.SORTED)]
        assert tracking_shown.parcel_rows(db, ParcelFilter(after=sscc(2)), 10) == []
    kept = store.keep_up(Keep(months=1), NOW_US + 400 * DAY_US)
    assert kept.tracked == 0, "it may come yet"
    told(store, [word(2, C.DELIVERED, raw="{}")])
    assert store.keep_up(Keep(raw_days=1), NOW_US + 400 * DAY_US).raw == 1
    assert store.keep_up(Keep(months=1), NOW_US + 400 * DAY_US).tracked == 1


def test_words_wait_for_their_parcel(store: SiteStore) -> None:
    """What a carrier tells before our own journal is read, or by a number that nobody said yet, is not lost."""
    assert told(store, [word(5, C.IN_TRANSIT)]) == Took(new=1)
    assert told(store, [word(5, C.DELIVERED, 3, parcel="JD-77", id="e1")]) == Took(new=1, strange=1)
    left(store, 5)
    assert state(store, 5) == ("in-transit", 0)
    with store.connections.writing() as db:
        append(db, tracking.numbered(db, [(sscc(5), "JD-77")]), NOW_US)
    assert state(store, 5) == ("delivered", NOW_US + 3 * HOUR_US)
    assert told(store, [word(5, C.DELIVERED, 3, parcel="JD-77", id="e1")]) == Took(same=1)
    with store.connections.reading() as db:
        kept = db.execute(sa.select(sales_tables.outbox.c.body)).scalars().all()
    assert not any("JD-77" in one for one in kept)
