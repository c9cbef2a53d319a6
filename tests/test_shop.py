"""The simulated shop: what its channels write is what customers ordered, and its book says each difference."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_files import channel

from edge.config.goods import load_packing
from edge.config.load import load_site
from edge.intake.channels import Source, take
from edge.intake.sales_orders import read_sales_orders
from edge.intake.stock_rows import read_stock
from edge.orders.packing import Packer, PackItem
from edge.orders.sales import Consignee, Draft
from edge.sim.goods import House
from edge.sim.sale_files import files_of, order_of
from edge.sim.sales import HELD_FOR, Customers, Sale, SaleTrouble
from edge.sim.shop_book import ShopBook, Slip, slip_of
from rfid.epc.identity import gtin_of, identify

NOW_US = 1_795_960_000_000_000
SEEDS = st.integers(0, 2**31)


def sales(seed: int, count: int, share: float = 1.0) -> list[Sale]:
    customers = Customers(House(seed), seed, share)
    return [sale for index in range(count) for sale in customers.sales(index)]


def said(draft: Draft) -> tuple[str, int, bool, Counter[tuple[str, int]], str, str]:
    order = draft.order
    lines = Counter({(line.sku, line.price): line.quantity for line in order.lines})
    person: Consignee = draft.consignee
    return order.id, order.payment.total, order.payment.paid > 0, lines, person.name, person.phone_given


def meant(sale: Sale) -> tuple[str, int, bool, Counter[tuple[str, int]], str, str]:
    lines = Counter({(line.sku, line.price): line.units for line in sale.lines})
    return sale.id, sale.total, sale.paid, lines, sale.customer.name, sale.customer.phone


@given(SEEDS)
def test_a_channel_brings_what_was_ordered(seed: int) -> None:
    every = sales(seed, 40)
    assert every == sales(seed, 40), "of the seed alone"
    assert len({sale.id for sale in every}) == len(every)
    assert {sale.trouble for sale in every} >= {*SaleTrouble} - {SaleTrouble.NONE}, "a stretch has its share of each"
    for name in ("taobao", "pinduoduo", "shopify"):
        its = [sale for sale in every if sale.channel == name]
        found = take(name, channel(name), [Source(*one) for one in files_of(name, its, 1, NOW_US).items()])
        whole = [sale for sale in its if sale.trouble is not SaleTrouble.SHORTENED]
        assert sorted(map(said, found.drafts), key=str) == sorted(map(meant, whole), key=str)
        assert bool(found.set_aside) == (len(whole) < len(its)), found.set_aside
    for sale in every:
        (entry,) = read_sales_orders(json_of(sale), by_line=False)
        if sale.trouble is SaleTrouble.SHORTENED:
            assert entry.draft is None
        else:
            assert entry.draft is not None, entry.problems
            assert said(entry.draft) == meant(sale)


def json_of(sale: Sale) -> bytes:
    import json

    return json.dumps(order_of(sale, NOW_US)).encode()


def test_what_people_order_goes_into_a_carton_of_the_example() -> None:
    """Of the packaged SITE.toml, whose carriers' doors the demo opens."""
    house = House(1)
    articles = {row[0].sku: row[0] for row in read_stock(house.stock_csv().encode(), "UTC", NOW_US).articles}
    means = load_packing(load_site(Path(str(files("edge.sim") / "warehouse" / "SITE.toml"))))
    packer = Packer(means.cartons, means.supplies, means.rules)
    for sale in sales(1, 60):
        whole = [PackItem(articles[line.sku], line.units) for line in sale.lines if line.sku in articles]
        plan = packer.plan(whole)
        assert plan.parcels and not plan.refusals, (sale, plan.refusals)


@given(SEEDS, st.lists(st.tuples(st.integers(0, 47), st.integers(0, 80), st.booleans()), max_size=30))
def test_nothing_is_made_or_lost_in_the_house(seed: int, hands: list[tuple[int, int, bool]]) -> None:
    house = House(seed)
    read = read_stock(house.stock_csv().encode(), "UTC", NOW_US)
    assert not read.problems
    assert {one[0].sku: one[0].gtins for one in read.articles} == {one.sku: ((one.gtin, 1),) for one in house.wares}
    lies = {(shelf.bin, shelf.ware.sku): shelf.lies for shelf in house.shelves}
    tags: list[str] = []
    for number, units, takes in hands:
        shelf = house.shelves[number]
        key = shelf.bin, shelf.ware.sku
        if takes:
            got = house.take(*key, units)
            assert len(got) == min(units, lies[key])
            assert {gtin_of(identify(tag)) for tag in got} <= {shelf.ware.gtin}
            lies[key] -= len(got)
            tags += got
        else:
            house.put(*key, units)
            lies[key] += units
        neighbour = house.neighbour(shelf.bin)
        assert neighbour is None or neighbour.ware is not shelf.ware
    assert {key: house.lies_in(*key) for key in lies} == lies
    assert len(set(tags)) == len(tags)


@given(SEEDS)
def test_pickers_err_at_their_rate(seed: int) -> None:
    slips = Counter(slip_of(seed, f"order-{number}", "W-101", 0.2) for number in range(500))
    assert 50 < 500 - slips[Slip.NONE] < 150
    assert {slip_of(seed, "order", "W-101", 0.0)} == {Slip.NONE}


def booked() -> tuple[ShopBook, list[dict[str, Any]]]:
    """A book in which all is well, and what the site says."""
    book = ShopBook()
    rows = []
    for sale in sales(3, 60, 0.8):
        book.take(sale)
        if sale.trouble is SaleTrouble.SHORTENED:
            continue
        stage, parcels = "accepted", {sale.id: "sorted"}
        if must := HELD_FOR.get(sale.trouble):
            book.found[sale.id] = {must}
        if sale.trouble in (SaleTrouble.DUPLICATE, SaleTrouble.UNKNOWN_SKU):
            book.cancelled.add(sale.id)
            book.wanted[sale.id] = Counter()
            stage, parcels = "cancelled", {}
        else:
            units = book.wanted[sale.id]
            book.send(sale.id, [(sku, "tag") for sku, n in units.items() for _ in range(n)], units)
        rows.append({"id": sale.id, "stage": stage, "findings": [], "fulfilments": parcels})
    return book, rows


def test_a_day_without_a_difference_has_none() -> None:
    book, rows = booked()
    told = book.report(rows, [])
    assert told["differences"] == []
    assert (told["taken"], told["wrong"], told["open"]) == (len(rows), 0, 0)
    assert told["set_aside"] > 0
    assert told["sorted"] + told["cancelled"] == told["taken"]


DIFFERENCES = {
    "is not known to the site": lambda book, rows: rows.pop(0),
    "nobody ordered it": lambda book, rows: rows.append({**rows[0], "id": "shopify-#1", "fulfilments": {}}),
    "and yet not held for": lambda book, rows: [codes.clear() for codes in book.found.values()],
    "held for velocity": lambda book, rows: book.found.setdefault(rows[0]["id"], set()).add("velocity"),
    "cancelled, and yet accepted": lambda book, rows: book.cancelled.add(rows[0]["id"]),
    "in its lane, and yet planned": lambda book, rows: rows[0]["fulfilments"].update({rows[0]["id"]: "planned"}),
    "in no lane": lambda book, rows: book.sent.pop(rows[0]["id"]),
    "1 lines were short, the site knows 0": lambda book, rows: setattr(book, "short", 1),
    "nobody was told": lambda book, rows: book.late.add(rows[0]["id"]),
}


@pytest.mark.parametrize("text", DIFFERENCES)
def test_each_difference_is_told(text: str) -> None:
    book, rows = booked()
    assert rows[0]["fulfilments"], "the first one is in its lane"
    DIFFERENCES[text](book, rows)
    assert any(text in one for one in book.report(rows, [])["differences"])


def test_a_parcel_with_wrong_goods_counts_whoever_believes_in_it() -> None:
    (sale,) = sales(3, 1, 0.0)
    line = sale.lines[0]
    right = Counter({one.sku: one.units for one in sale.lines})
    for holds, order in (
        ([*right.elements(), "W-999"], right),  # the portal let something pass
        ([*right.elements(), line.sku], right + Counter([line.sku])),  # the site wants more than the customer
        ([one for one in right.elements() if one != line.sku], right),  # something lacks
    ):
        book = ShopBook()
        book.take(sale)
        book.send(sale.id, [(sku, "tag") for sku in holds], order)
        assert len(book.wrong) == 1
    book = ShopBook()
    book.take(sale)
    other = replace(sale, external="another", pair=sale.id)
    book.take(other)
    book.merged_into[other.id] = sale.id
    both = right + right
    book.send(sale.id, [(sku, "tag") for sku in both.elements()], both)
    assert not book.wrong, "both are in one parcel"
