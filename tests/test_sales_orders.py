"""Sales orders as JSON: each with its own result, and each problem with the key's name."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from edge.intake.sales_orders import EXAMPLE, SalesOrderIn, entry_of, read_sales_orders
from edge.orders.sales import PaymentKind


def test_the_example_is_an_order_and_the_schema_says_so() -> None:
    (entry,) = read_sales_orders(json.dumps(EXAMPLE).encode())
    assert entry.draft is not None
    order, consignee = entry.draft.order, entry.draft.consignee
    assert (order.id, order.external, order.promised) == (
        "counter-2026%2D1130-7".replace("%2D", "-"),
        "2026-1130-7",
        "2026-12-02",
    )
    assert (order.payment.kind, order.payment.due) == (PaymentKind.COD, 106_000)
    assert order.ordered_us == 1_796_002_200_000_000
    assert (consignee.phone, consignee.extension, consignee.phone_given) == (
        "+886223456789",
        "12",
        "02-2345-6789 分機 12",
    )
    assert entry.draft.noted == ()
    Draft202012Validator(SalesOrderIn.model_json_schema()).validate(EXAMPLE)


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("lines.0.quantity", 0, "lines.0.quantity"),
        ("lines.0.quantity", 1.0, "lines.0.quantity"),
        ("lines.0.quantity", True, "lines.0.quantity"),
        ("lines.0.sku", "", "lines.0"),
        ("lines.0.sku", "2.61129E+15", "lines.0.sku"),
        ("lines.0.gtin", "4006381333932", "lines.0.gtin"),
        ("lines.0.price", 9.99, "lines.0.price"),
        ("lines.0.quantitty", 1, "lines.0.quantitty"),
        ("lines", [], "lines"),
        ("payment.currency", "NT$", "payment.currency"),
        ("payment.total", None, "payment.total"),
        ("payment.paid", -1, "payment.paid"),
        ("consignee.country", "Taiwan", "consignee.country"),
        ("consignee.phone", "\u202e1", "consignee.phone"),
        ("consignee.name", "\ud800", "consignee.name"),
        ("ordered", "2026-11-30T09:30:00", "ordered"),
        ("ordered", 5, "ordered"),
        ("promised", "2026-12-2", "promised"),
        ("promised", "2026-02-30", "promised"),
        ("external", None, "body"),
        ("urgent", "yes", "urgent"),
    ],
)
def test_each_problem_has_the_name_of_its_key(path: str, value: object, field: str) -> None:
    given = deepcopy(EXAMPLE)
    here: Any = given
    *lead, last = path.split(".")
    for part in lead:
        here = here[int(part)] if part.isdigit() else here[part]
    here[last] = value
    entry = entry_of(given)
    assert entry.draft is None
    assert field in [problem.field for problem in entry.problems]
    assert all(problem.reason and problem.reason.isprintable() for problem in entry.problems)


def test_one_order_does_not_hold_up_another() -> None:
    second = EXAMPLE | {"external": "8", "revision": "2026-11-30T10:00:00Z"}
    entries = read_sales_orders(json.dumps([EXAMPLE, 5, EXAMPLE, EXAMPLE | {"note": "other"}, second]).encode())
    assert [entry.draft is not None for entry in entries] == [True, False, True, False, True]
    assert "stands at 0 already" in entries[3].problems[0].reason
    assert entries[4].draft is not None and entries[4].draft.order.revision == 1_796_032_800_000_000
    lines = b"\n".join(
        [json.dumps(EXAMPLE).encode(), b"", b"{nope", b'{"channel":"a","channel":"b"}', json.dumps(second).encode()]
    )
    by_line = read_sales_orders(lines, by_line=True)
    assert [(entry.number, entry.draft is not None) for entry in by_line] == [
        (0, True),
        (1, False),
        (2, False),
        (3, True),
    ]
    assert "'channel' stands twice" in by_line[2].problems[0].reason


@given(st.binary(max_size=200) | st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5),
       lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(EXAMPLE)), inner, max_size=4),
       max_leaves=8).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_body_is_orders_or_problems(body: bytes) -> None:
    for entry in read_sales_orders(body):
        assert (entry.draft is None) == bool(entry.problems)
