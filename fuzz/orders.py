"""Orders over the api: sales orders and line orders as JSON, NDJSON and CSV."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from edge.intake.address import address_findings
from edge.intake.orders import CSV_EXAMPLE, ORDER_EXAMPLE, read_csv, read_json
from edge.intake.sales_orders import EXAMPLE, read_sales_orders
from fuzz.borders import Take


def seeds() -> Iterable[bytes]:
    """An order of each form; the first octet is the form."""
    sale = json.dumps(EXAMPLE, ensure_ascii=False).encode()
    yield b"\0" + sale
    yield b"\0[" + sale + b"," + sale + b"]"
    yield b"\1" + sale + b"\n" + sale + b"\n"
    order = json.dumps(ORDER_EXAMPLE).encode()
    yield b"\2" + order
    yield b"\2[" + order + b"]"
    yield b"\3" + CSV_EXAMPLE.encode()


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _take(octets: bytes) -> None:
    form, body = octets[0] % 4 if octets else 0, octets[1:]
    match form:
        case 0 | 1:
            for entry in read_sales_orders(body, by_line=form == 1):
                assert (entry.draft is None) == bool(entry.problems), "neither an order nor a problem, or both"
                if entry.draft is not None:
                    address_findings(entry.draft.consignee)
        case _:
            taken = read_json(body) if form == 2 else read_csv(body)
            assert not (taken.orders and taken.problems)
