"""Files of marketplaces and shops: every preset with the traps of its export, and what is refused with which reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_files import (
    SHOPIFY_FIRST,
    SHOPIFY_NEXT,
    amazon,
    channel,
    jd,
    pinduoduo,
    sheet,
    shopify,
    taobao_items,
    taobao_orders,
    woocommerce,
)

from edge.config.channels import ChannelTable
from edge.config.load import load_site
from edge.config.problem import ConfigError
from edge.intake.channels import FilesTaken, Source, take
from edge.intake.rows import LineSetAside
from edge.orders.sales import Draft, PaymentKind

GENERIC = channel("generic", currency="TWD", country="TW")
HEADER = "order,sku,quantity,price,name,street\n"


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * 1_000_000


def read(table: ChannelTable, *files: bytes) -> FilesTaken:
    return take("shop", table, [Source(f"file{number}", body) for number, body in enumerate(files, 1)])


def one(table: ChannelTable, *files: bytes) -> Draft:
    taken = read(table, *files)
    assert not taken.set_aside
    (draft,) = taken.drafts
    return draft


def aside(table: ChannelTable, *files: bytes) -> LineSetAside:
    taken = read(table, *files)
    assert not taken.drafts
    (said,) = taken.set_aside
    return said


def said(taken: FilesTaken) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.order) for one in taken.set_aside]


# ---- presets ---------------------------------------------------------------------------------------------------------


def test_taobao_is_two_files_of_gbk_and_the_changed_address_wins() -> None:
    orders = taobao_orders(
        {"订单编号": "1234567890123456789", "修改后的收货地址": "浙江省 杭州市 西湖区 文一路 9 号"},
        {"订单编号": "22", "订单状态": "交易关闭"},
        {"订单编号": "33", "联系手机": "", "联系电话": "0571-88888888-803"},
    )
    items = taobao_items(
        {"订单编号": "1234567890123456789"},
        {"订单编号": "1234567890123456789", "外部系统编号": "", "商家编码": "PLA-W", "购买数量": "1", "价格": "0.00"},
        {"订单编号": "33"},
        {"订单编号": "22"},
    )
    taken = read(channel("taobao"), items, orders)
    assert taken == replace(read(channel("taobao"), items, orders), set_aside=())
    assert dict(taken.skipped) == {"交易关闭": 1}
    changed, plain = taken.drafts
    assert changed.order.id == "shop-1234567890123456789"
    assert [(line.sku, line.quantity, line.price) for line in changed.order.lines] == [
        ("MUG-B", 2, 4950),
        ("PLA-W", 1, 0),
    ]
    assert (changed.order.payment.total, changed.order.payment.paid, changed.order.payment.freight) == (
        10900,
        10900,
        1000,
    )
    assert changed.order.ordered_us == us("2026-11-20T09:59:00+08:00")
    assert changed.consignee.street.endswith("文一路 9 号")
    assert changed.consignee.phone == "+8613800138000"
    assert (plain.consignee.phone, plain.consignee.extension) == ("+8657188888888", "803")
    assert {one.encoding for one in taken.files} == {"gb18030"}


def test_taobao_without_its_other_half_waits() -> None:
    orders, items = taobao_orders({"订单编号": "1"}), taobao_items({"订单编号": "2"})
    assert read(channel("taobao"), orders).waits == ("file1",)
    assert "articles are in no file" in aside(channel("taobao"), orders).reason
    assert "no order of this number" in aside(channel("taobao"), items).reason
    assert read(channel("taobao"), orders, items).waits == ("file1", "file2")
    assert not read(channel("taobao"), orders, taobao_items({"订单编号": "1"})).waits


def test_jd_says_the_amount_in_each_row_and_hides_phones() -> None:
    body = jd(
        {"订单号": "77"},
        {"订单号": "77", "货号": "MUG-B", "京东价": "1,100.00"},
        {"订单号": "78", "支付方式": "货到付款"},
    )
    paid, at_door = read(channel("jd"), body).drafts
    assert (paid.order.payment.total, paid.order.payment.due, len(paid.order.lines)) == (112_000, 0, 2)
    assert paid.consignee.masked and paid.consignee.phone == "" and paid.consignee.phone_given == "1******6198"
    assert [noted.code for noted in paid.noted] == ["phone-masked"]
    assert (at_door.order.payment.kind, at_door.order.payment.due) == (PaymentKind.COD, 112_000)
    differs = aside(channel("jd"), jd({"订单号": "77"}, {"订单号": "77", "货号": "MUG-B", "订单金额": "9.00"}))
    assert (differs.row, differs.column, differs.order) == (3, "订单金额", "77")
    assert "row 2 of the same order has '1,120.00'" in differs.reason


def test_pinduoduo_has_a_time_to_ship_by_and_the_price_of_the_line() -> None:
    order = one(channel("pinduoduo"), pinduoduo({"订单号": "251120-1"}, {"订单号": "251120-1"})).order
    assert order.ship_by_us == us("2026-11-22T23:59:59+08:00")
    assert [(line.quantity, line.price, line.discount) for line in order.lines] == [(3, 1000, 0)]
    assert (order.payment.total, order.payment.discount, order.payment.due) == (2800, 200, 0)


def test_shopify_says_the_order_in_its_first_row_only() -> None:
    body = shopify(
        {"Name": "#1001", **SHOPIFY_FIRST}, {"Name": "#1001", **SHOPIFY_NEXT}, {"Name": "#1002", **SHOPIFY_FIRST}
    )
    first, second = read(channel("shopify"), body).drafts
    assert first.order.id == "shop-#1001" and second.order.external == "#1002"
    assert [(line.sku, line.quantity, line.price) for line in first.order.lines] == [
        ("MUG-B", 2, 1995),
        ("PLA-W", 1, 1000),
    ]
    assert (first.order.payment.total, first.order.payment.paid) == (5480, 5480)
    assert (first.consignee.postcode, first.consignee.street, first.consignee.phone) == (
        "01067",
        "Weg 1 Hof",
        "+493514960",
    )
    assert first.noted == ()


def test_shopify_and_woocommerce_in_json() -> None:
    order = {
        "name": "#9",
        "currency": "EUR",
        "total_price": "21.00",
        "financial_status": "pending",
        "updated_at": "2026-11-20T10:00:00Z",
        "line_items": [{"id": 5, "sku": "A", "quantity": 2, "price": "10.50", "title": "A"}],
    }
    draft = one(channel("shopify"), json.dumps({"orders": [order]}).encode())
    assert (draft.order.payment.total, draft.order.payment.paid) == (2100, 0)
    assert draft.order.revision == us("2026-11-20T10:00:00+00:00")
    taken = read(channel("woocommerce"), woocommerce({}, {"number": "8", "status": "on-hold"}))
    (woo,) = taken.drafts
    assert dict(taken.skipped) == {"on-hold": 1}
    assert [(line.quantity, line.price, line.discount) for line in woo.order.lines] == [(3, 1334, 2)]
    assert woo.order.payment.total == woo.order.payment.paid == 4500
    assert woo.consignee.name == "Bo Beispiel" and woo.order.note == "an der Tür klingeln"


def test_amazon_is_tabs_without_quotes_and_adds_up_its_rows() -> None:
    body = amazon(
        {"order-id": "1-2", "order-item-id": "1"},
        {"order-id": "1-2", "order-item-id": "2"},
        {"order-id": "1-2", "order-item-id": "2"},
    )
    draft = one(channel("amazon"), body)
    assert [line.name for line in draft.order.lines] == ['"Best" mug, blue'] * 2
    assert [(line.price, line.discount) for line in draft.order.lines] == [(334, 2)] * 2
    payment = draft.order.payment
    assert (payment.total, payment.freight, payment.tax, payment.due) == (3000, 800, 200, 0)
    assert (draft.consignee.phone, draft.consignee.extension) == ("+12135550100", "12345")


def test_what_others_exported_is_taken(shared: Path) -> None:
    for name in ("shopify_orders_export.csv", "shopify_order.json"):
        draft = one(channel("shopify", currency="EUR"), (shared / "field" / name).read_bytes())
        assert draft.order.external == "#1001"
        assert ("MUG-B", 2) in [(line.sku, line.quantity) for line in draft.order.lines]
    mapped = channel("generic", columns={"order": "id", "service": "carrier", "product": "name", "name": []})
    names = read(mapped, (shared / "field" / "orders_unicode_names.csv").read_bytes()).drafts
    assert [draft.order.lines[0].gtin for draft in names] == ["04006381333931"] * 2


# ---- encodings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "utf-8", "utf-8-sig", "utf-16"])
def test_the_header_proves_the_encoding(encoding: str) -> None:
    files = taobao_orders({"订单编号": "1"}, encoding=encoding), taobao_items({"订单编号": "1"})
    assert one(channel("taobao"), *files).consignee.name == "林小雨"


def test_big5_that_decodes_to_nonsense_is_refused_with_what_was_found() -> None:
    refused = aside(channel("taobao", encodings="big5"), taobao_orders({"订单编号": "1"}))
    assert refused.row == 0 and "no header with 订单编号" in refused.reason and "big5:" in refused.reason


def test_a_header_of_plain_letters_proves_no_encoding() -> None:
    body = (HEADER + "1,A,1,1.00,王,路\n").encode("big5")
    assert one(channel("generic", encodings="big5", currency="TWD"), body).consignee.name == "王"
    refused = aside(channel("generic", encodings=["big5", "gb18030"], currency="TWD"), body)
    assert "reads alike in big5, gb18030" in refused.reason


def test_a_byte_of_no_encoding_costs_its_order_only() -> None:
    body = HEADER.encode() + b"1,A,1,1,\xff,x\n2,B,1,1,n,s\n"
    taken = read(GENERIC, body)
    assert [draft.order.external for draft in taken.drafts] == ["2"]
    assert said(taken) == [(2, "name", "1")] and "encoding" in taken.set_aside[0].reason


# ---- lines that are wrong --------------------------------------------------------------------------------------------


def test_a_bad_line_is_set_aside_with_its_whole_order_and_the_others_are_taken() -> None:
    rows = "1,A,1,1.00,n,s\n1,B,zwei,1.00,,\n2,A,1,1.00,n,s\n3,A,0,1.00,n,s\n"
    rows += "4,,1,1,n,s\n5,A,1,1.001,n,s\n6,A,1\n7,A,1.000,1,n,s\n"
    taken = read(GENERIC, (HEADER + rows).encode())
    assert [draft.order.external for draft in taken.drafts] == ["2"]
    assert said(taken) == [
        (3, "quantity", "1"),
        (5, "quantity", "3"),
        (6, "sku", "4"),
        (7, "price", "5"),
        (8, "", "6"),
        (9, "quantity", "7"),
    ]
    assert all(one.file == "file1" and one.reason for one in taken.set_aside)


def test_a_missing_quote_takes_no_line_along() -> None:
    body = (HEADER + '1,A,1,1,"n,s\n2,A,1,1,n,s\n3,A,1,1,"two\nlines",s\n4,A,1,1,n,s\n').encode()
    taken = read(GENERIC, body)
    assert [(draft.order.external, draft.where) for draft in taken.drafts] == [
        ("2", "file1, row 3"),
        ("3", "file1, row 4"),
        ("4", "file1, row 6"),
    ]
    assert said(taken) == [(2, "", "1")]


def test_a_row_without_a_number_may_be_of_the_order_above() -> None:
    body = HEADER.encode() + b"1,A,1,1,n,s\n,B,1,1,,\n2,A,1,1,n,s\n"
    both = read(GENERIC, body).drafts
    assert [len(draft.order.lines) for draft in both] == [2, 1]
    strict = read(channel("generic", rows="every", currency="TWD"), body)
    assert [draft.order.external for draft in strict.drafts] == ["2"]
    assert [(row, order) for row, _, order in said(strict)] == [(3, ""), (2, "1")]


def test_a_row_that_stands_twice_is_refused_or_known_as_a_repeat() -> None:
    body = HEADER.encode() + b"1,A,1,1,n,s\n1,A,1,1,n,s\n"
    refused = aside(GENERIC, body)
    assert refused.row == 3 and "is row 2 again" in refused.reason
    assert len(one(channel("generic", same_rows="repeat", currency="TWD"), body).order.lines) == 1
    assert len(one(channel("generic", same_rows="lines", currency="TWD"), body).order.lines) == 2
    named = b"order,line,sku,quantity\n1,a,A,1\n1,a,A,1\n1,b,A,1\n"
    assert len(one(GENERIC, named).order.lines) == 2
    assert "other content" in aside(GENERIC, named.replace(b"1,b,A,1", b"1,a,A,2")).reason


def test_titles_footers_and_empty_rows_are_no_orders() -> None:
    body = ("导出的订单,,,,,\n\n" + HEADER + "1,A,1,1,n,s\n,,,,,\n合计：1,,,1,,\nTotal 1\n").encode()
    assert one(GENERIC, body).order.external == "1"


def test_an_order_of_two_contents_is_nobodys_and_the_later_revision_wins() -> None:
    head = b"order,sku,quantity,revision\n"
    first, later = head + b"1,A,1,2026-11-20 10:00:00\n", head + b"1,A,2,2026-11-20 10:00:01\n"
    for files in ((first, later), (later, first)):
        assert one(GENERIC, *files).order.lines[0].quantity == 2
    taken = read(GENERIC, first, first.replace(b"1,A,1", b"1,A,5"))
    assert not taken.drafts and {one.file for one in taken.set_aside} == {"file1", "file2"}
    assert read(GENERIC, first, first).same == 1


@pytest.mark.parametrize(
    ("cells", "total"),
    [
        ({"decimal": ","}, {"1.234,50": 123_450, "1234,5": 123_450, "0,5 €": 50, "1.23": None, "12.34,00": None}),
        (
            {"decimal": "."},
            {"1,234.50": 123_450, "NT$ 1,234.50": 123_450, "１２.5": 1250, "-1": None, "1,23": None, "1e3": None},
        ),
        ({"decimal": ".", "digits": 0}, {"1,234": 1234, "¥1,234": 1234, "12.00": 12, "12.5": None}),
    ],
)
def test_amounts_are_whole_minor_units_or_refused(cells: dict[str, Any], total: dict[str, int | None]) -> None:
    for text, minor in total.items():
        taken = read(
            channel("generic", currency="TWD", delimiters="semicolon", **cells),
            f"order;sku;quantity;total\n1;A;1;{text}\n".encode(),
        )
        assert [draft.order.payment.total for draft in taken.drafts] == ([] if minor is None else [minor]), text


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-30 09:30", "2026-11-30T09:30:00+08:00"),
        ("2026/1/5 9:03:02", "2026-01-05T09:03:02+08:00"),
        ("2026年11月30日", "2026-11-30T00:00:00+08:00"),
        ("2026-11-30T09:30:00Z", "2026-11-30T09:30:00+00:00"),
        ("2026-11-30 09:30:00 -0500", "2026-11-30T09:30:00-05:00"),
        ("46356.5", "2026-11-30T12:00:00+08:00"),
        ("30.11.2026 09:30", "2026-11-30T09:30:00+08:00"),
        ("2026-02-30", None),
        ("11/30/26", None),
        ("202611300930", None),
    ],
)
def test_times_are_of_the_channels_zone_unless_they_say_theirs(text: str, at: str | None) -> None:
    table = channel("generic", time_zone="Asia/Taipei", dates=["%d.%m.%Y %H:%M"])
    taken = read(table, f"order,sku,quantity,ordered\n1,A,1,{text}\n".encode())
    assert [draft.order.ordered_us for draft in taken.drafts] == ([] if at is None else [us(at)])


def test_an_hour_that_comes_twice_is_the_first_and_a_promised_day_is_local() -> None:
    table = channel("generic", time_zone="Europe/Berlin")
    order = one(table, b"order,sku,quantity,ordered,promised\n1,A,1,2026-10-25 02:30,2026-12-02T23:30:00Z\n").order
    assert order.ordered_us == us("2026-10-25T00:30:00+00:00")
    assert order.promised == "2026-12-03"


# ---- workbooks -------------------------------------------------------------------------------------------------------


def test_a_workbook_names_its_cells_and_refuses_lost_digits() -> None:
    rows: list[Sequence[Any]] = [
        ["My orders"],
        ["order", "sku", "quantity", "phone", "ordered", "postcode"],
        ["123456789012345678", "A", 2, 886223456789, 46356.5, "'01067"],
        [123456789012345678, "B", 1],
        ["6", "B", 1.5],
        ["7", "B", True],
        [1001, "C", 3, None, datetime(2026, 11, 30, 9, 30)],  # noqa: DTZ001  # a cell's
        ["1.23457E+17", "C", 1],
    ]
    taken = read(GENERIC, sheet(rows))
    assert said(taken)[:2] == [(4, "A4", ""), (8, "A8", "")]
    assert {(row, column, order) for row, column, order in said(taken)[2:]} == {
        (3, "", "123456789012345678"),
        (5, "C5", "6"),
        (6, "C6", "7"),
    }
    assert "digits" in taken.set_aside[0].reason and "row 4 may be of this order" in taken.set_aside[2].reason
    (whole,) = taken.drafts
    assert (whole.order.external, whole.order.lines[0].quantity) == ("1001", 3)
    good = one(GENERIC, sheet([rows[1], rows[2]]))
    assert good.consignee.phone == "+886223456789" and good.consignee.postcode == "01067"
    assert good.order.ordered_us == us("2026-11-30T12:00:00+00:00")


def test_a_spoilt_number_of_one_order_is_no_other_one() -> None:
    """Where each order has one row, a row whose number lost digits can be none of those that have theirs."""
    numbers = ("4012345678901230001", "4012345678901230003")
    orders = taobao_orders(*({"订单编号": number} for number in (numbers[0], "4.01235E+18", numbers[1])))
    taken = read(channel("taobao"), orders, taobao_items(*({"订单编号": number} for number in numbers)))
    assert tuple(draft.order.external for draft in taken.drafts) == numbers
    assert [(one.row, one.order) for one in taken.set_aside] == [(3, "")]
    items = taobao_items({"订单编号": numbers[0]}, {"订单编号": "4.01235E+18"})
    both = read(channel("taobao"), taobao_orders({"订单编号": numbers[0]}), items)
    assert not both.drafts, "an article may be anybody's"


def test_a_formula_that_failed_is_not_an_empty_cell() -> None:
    taken = read(GENERIC, sheet([["order", "sku", "quantity"], ["1", "A", 1], ["#N/A", "B", 1], ["2", "#N/A", 1]]))
    assert not taken.drafts
    assert said(taken) == [(3, "A3", ""), (2, "", "1"), (4, "B4", "2")]
    assert "an error of the spreadsheet" in taken.set_aside[0].reason


def test_a_merged_cell_stands_in_each_of_its_rows() -> None:
    rows = [["order", "sku", "quantity", "name"], ["1", "A", 1, "n"], [None, "B", 2, None], ["2", "A", 1, "m"]]
    taken = read(channel("generic", rows="every"), sheet(rows, [(1, 0, 2, 0), (1, 3, 2, 3)]))
    assert [[line.sku for line in draft.order.lines] for draft in taken.drafts] == [["A", "B"], ["A"]]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"PK\x03\x04 no", "not a workbook"),
        (b"", "empty"),
        (b"{", "not JSON"),
        (b"[1]", "allowed is an object"),
        (b"x" * 1_000_001, "allowed are 1,000,000"),
        (b"order,sku,quantity,sku\n1,A,1,B\n", "stands twice"),
        (b'[{"order":"1","order":"2","lines":[]}]', "'order' stands twice"),
        (b'[{"order":"1","lines":[]}]', "no articles"),
        (b'{"order":"1","lines":[{"sku":"A","quantity":NaN}]}', "not JSON"),
    ],
)
def test_files_that_are_none_are_refused_with_the_reason(body: bytes, reason: str) -> None:
    assert reason in aside(channel("generic", limit_mb=1), body).reason


def test_lines_of_json_stand_for_themselves() -> None:
    good = '{"order":"%d","currency":"EUR","lines":[{"sku":"A","quantity":1,"price":"0.10"}]}'
    taken = read(
        GENERIC,
        "\n".join(
            [good % 1, "{nope", good % 3, '{"order":4,"lines":[{"sku":"A","quantity":1,"quantity":1}]}']
        ).encode(),
    )
    assert [(draft.order.external, draft.order.payment.total) for draft in taken.drafts] == [("1", 10), ("3", 10)]
    assert said(taken) == [(2, "", ""), (4, "", "4")]


# ---- law O4 ----------------------------------------------------------------------------------------------------------

_orders = st.dictionaries(
    st.integers(1, 40),
    st.lists(
        st.tuples(st.sampled_from("ABCD"), st.integers(1, 9)), min_size=1, max_size=4, unique_by=lambda line: line[0]
    ),
    min_size=1,
    max_size=12,
)


def contents(taken: FilesTaken) -> list[Draft]:
    return [replace(draft, where="") for draft in taken.drafts]


@given(_orders, st.integers(1, 5), st.randoms(use_true_random=False))
def test_order_cuts_and_repeats_do_not_matter(
    orders: dict[int, list[tuple[str, int]]], parts: int, random: Random
) -> None:
    whole = {
        number: [f"{number},{sku},{count},1.50,n{number},s" for sku, count in lines] for number, lines in orders.items()
    }
    expected = contents(read(GENERIC, (HEADER + "\n".join(row for rows in whole.values() for row in rows)).encode()))
    assert len(expected) == len(orders)
    numbers = list(whole)
    random.shuffle(numbers)
    files = [[row for number in numbers[part::parts] for row in whole[number]] for part in range(parts)]
    files.append(files[random.randrange(parts)])
    for rows in files:
        random.shuffle(rows)
    random.shuffle(files)
    taken = read(GENERIC, *((HEADER + "\n".join(rows) + "\n").encode() for rows in files if rows))
    assert not taken.set_aside
    assert contents(taken) == expected


@given(_orders, st.randoms(use_true_random=False))
def test_two_files_meet_however_they_are_cut(orders: dict[int, list[tuple[str, int]]], random: Random) -> None:
    numbers = list(orders)

    def files() -> list[bytes]:
        random.shuffle(numbers)
        cut = random.randrange(len(numbers) + 1)
        heads = [
            taobao_orders(*({"订单编号": f"{number}"} for number in part)) for part in (numbers[:cut], numbers[cut:])
        ]
        random.shuffle(numbers)
        cut = random.randrange(len(numbers) + 1)
        items = [
            taobao_items(
                *(
                    {"订单编号": f"{number}", "外部系统编号": sku, "购买数量": f"{count}"}
                    for number in part
                    for sku, count in orders[number]
                )
            )
            for part in (numbers[:cut], numbers[cut:])
        ]
        made = [*heads, *items, random.choice(items), random.choice(heads)]
        random.shuffle(made)
        return made

    first, second = read(channel("taobao"), *files()), read(channel("taobao"), *files())
    assert not first.set_aside and not second.set_aside
    assert contents(first) == contents(second) and len(first.drafts) == len(orders)


@given(
    st.binary(max_size=300) | st.text(max_size=200).map(lambda text: (HEADER + text).encode("utf-8", "surrogatepass"))
)
def test_any_bytes_are_orders_or_reasons(body: bytes) -> None:
    taken = read(GENERIC, body)
    assert all(one.reason for one in taken.set_aside)


# ---- configuration ---------------------------------------------------------------------------------------------------


def test_a_preset_is_overridden_key_by_key() -> None:
    table = channel("jd", columns={"phone": ["手机", "联系电话"]}, take=[], digits=0)
    assert table.columns.phone == ("手机", "联系电话") and table.columns.order == ("订单号",)
    assert table.take == () and table.encodings == ("gb18030", "utf-8") and table.settled


def test_check_says_what_is_wrong_with_a_channel(project: Path, tmp_path: Path) -> None:
    site = (project / "examples" / "warehouse" / "SITE.toml").read_text(encoding="utf-8")
    wrong = """
[channels.a]
preset = "taobao"
time_zoen = "Asia/Taipei"
time_zone = "Asia/Taibei"
encodings = ["utf8x"]
columns.ordr = "x"
[channels.b]
preset = "ebay"
"""
    path = tmp_path / "SITE.toml"
    path.write_text(site + wrong, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_site(path)
    problems = "\n".join(refused.value.problems)
    assert "channels.a.time_zoen: unknown key: did you mean 'time_zone'?" in problems
    assert "channels.a.time_zone: 'Asia/Taibei': no such time zone" in problems
    assert "channels.a.encodings.0: 'utf8x': no such encoding" in problems
    assert "channels.a.columns.ordr: unknown key: did you mean 'order'?" in problems
    assert "channels.b.preset: 'ebay': " in problems
    path.write_text(
        site + '\n[channels.a]\ncolumns.quantity = ""\nfolder = "in"\n[channels.b]\nfolder = "in"\n', encoding="utf-8"
    )
    with pytest.raises(ConfigError) as refused:
        load_site(path)
    assert [problem.split(": ")[0] for problem in refused.value.problems] == [
        "channels.a.columns.quantity",
        "channels.b.folder",
    ]
