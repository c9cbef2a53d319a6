"""A workbook of orders side by side: python-calamine, by which we read, and openpyxl, in one run.

Public names: main. Run: ``python -m bench.sheets``.

The same XLSX of 50,000 rows and eight columns, every twentieth of which has an order's number that a spreadsheet took
for a number and lost digits of. ``cells``: all cells as Python has them. ``orders``: from bytes to drafts and reasons,
which only ours does. Both take turns; a ratio is the median of those within a turn, as a machine that others use is
quick and slow by turns. Seconds are of the processor, of the best turn.
"""

from __future__ import annotations

import argparse
import importlib
import io
import sys
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import python_calamine
import xlsxwriter

from edge.config.channels import ChannelTable
from edge.intake.channels import Source, take

_WANTED = 10
_LOST = 20
_HEADER = ("order", "sku", "quantity", "price", "currency", "name", "street", "ordered")


def main(argv: list[str] | None = None) -> int:
    """Prints seconds of both and the ratio; fails below ten, or where a cell's reason is missing."""
    options = argparse.ArgumentParser(description="workbooks: calamine beside openpyxl")
    options.add_argument("--rows", type=int, default=50_000)
    options.add_argument("--rounds", type=int, default=3, help="turns of each side")
    given = options.parse_args(argv)
    body = workbook(given.rows)
    openpyxl: Any = importlib.import_module("openpyxl")
    channel = ChannelTable.model_validate({"limit_mb": 200})

    def theirs() -> int:
        sheet = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=True).worksheets[0]
        return sum(len(row) for row in sheet.iter_rows(values_only=True))

    def ours() -> int:
        sheet = python_calamine.load_workbook(io.BytesIO(body)).get_sheet_by_index(0)
        return sum(len(row) for row in sheet.to_python())

    ratios, best = [], {"openpyxl": 1e9, "calamine": 1e9}
    for _ in range(given.rounds):
        slow, seen = _timed(theirs)
        fast, also = _timed(ours)
        assert seen == also, f"{seen} cells and {also}"
        ratios.append(slow / fast)
        best = {"openpyxl": min(best["openpyxl"], slow), "calamine": min(best["calamine"], fast)}
    whole, taken = _timed(lambda: take("bench", channel, [Source("orders.xlsx", body)]))
    lost = given.rows // _LOST
    refused = sum(1 for one in taken.set_aside if one.column.startswith("A") and "digits" in one.reason)
    print(f"{given.rows:,} rows: cells in {best['calamine']:.2f} s, openpyxl {best['openpyxl']:.2f} s")
    print(
        f"orders: {len(taken.drafts):,} taken, {refused:,} of {lost:,} lost numbers refused by cell, in {whole:.2f} s"
    )
    ratio = median(ratios)
    print(f"ratio {ratio:.1f} (wanted {_WANTED})")
    return 0 if ratio >= _WANTED and refused == lost and len(taken.drafts) == given.rows - lost else 1


def workbook(rows: int) -> bytes:
    """An XLSX with a header and so many orders."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, _HEADER)
        for row in range(1, rows + 1):
            number = 123_456_000_000_000_000 + row * 1_000
            if row % _LOST:
                sheet.write_string(row, 0, f"{number}")
            else:
                sheet.write_number(row, 0, number)
            sheet.write_row(row, 1, (f"SKU-{row % 997}", 1 + row % 3, 19.9, "TWD", "王小明", f"中山路 {row} 號"))
            sheet.write_number(row, 7, 46_000.5 + row % 300)
    return out.getvalue()


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    begun = process_time()
    result = call()
    return process_time() - begun, result


if __name__ == "__main__":
    sys.exit(main())
