"""Files of shops and marketplaces, by preset: CSV in their encodings, workbooks, JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path

import xlsxwriter

from edge.config.channel_presets import PRESETS
from edge.config.channels import ChannelTable
from edge.intake.address import address_findings
from edge.intake.channels import Source, take
from edge.intake.folder import report_rows
from edge.sim.goods import House
from edge.sim.sale_files import files_of, order_of
from edge.sim.sales import Customers
from fuzz.borders import Take

_NOW_US = 1_790_000_000_000_000
_NAMES = ["generic", *PRESETS]
_GENERIC = {"order": "1001", "sku": "MUG", "quantity": "2", "total": "9.90", "ordered": "2026-11-30 09:30", "name": "A"}


def seeds() -> Iterable[bytes]:
    """What the simulated shop sends through each channel, and a workbook; the first octet is the channel."""
    sales = [sale for index in range(12) for sale in Customers(House(1), 1, 0.5).sales(index)]
    for number, name in enumerate(_NAMES):
        its = [sale for sale in sales if sale.channel == name][:3] or sales[:2]
        for body in files_of(name, its, 1, _NOW_US).values():
            yield bytes((number,)) + body
        yield bytes((number,)) + json.dumps([order_of(sale, _NOW_US) for sale in its]).encode()
    yield b"\0" + _csv([_GENERIC])
    yield b"\0" + json.dumps([{"number": "1", "lines": [{"sku": "A", "quantity": 1}]}]).encode()
    yield b"\0" + _workbook([_GENERIC])
    yield b"\1" + _workbook([{"订单编号": 31415926530000001, "商家编码": "MUG", "购买数量": 1}])


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


@cache
def _channel(name: str) -> ChannelTable:
    return ChannelTable.model_validate({"preset": name, "limit_mb": 1})


def _take(octets: bytes) -> None:
    name = _NAMES[octets[0] % len(_NAMES) if octets else 0]
    taken = take(name, _channel(name), [Source("a", octets[1:])])
    report_rows(taken.set_aside)
    for draft in taken.drafts:
        address_findings(draft.consignee)


def _csv(rows: list[Mapping[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    table = csv.DictWriter(out, [*rows[0]])
    table.writeheader()
    table.writerows(rows)
    return out.getvalue().encode()


def _workbook(rows: list[Mapping[str, object]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, [*rows[0]])
        for number, row in enumerate(rows, 1):
            page.write_row(number, 0, [*row.values()])
    return out.getvalue()
