"""A workbook of orders side by side: ours, by python-calamine, and openpyxl, in one run.

Public names: main. Run: ``python -m bench.sheets``.

The same XLSX of 50,000 rows and eight columns, every twentieth of which has an order's number that a spreadsheet took
for a number and lost digits of. ``cells``: from bytes to rows of cells, failed formulas looked up, beside openpyxl as
one calls it first and in its mode for reading only. ``orders``: from bytes to drafts and reasons, which only ours does.
All take turns; a ratio is the median of those within a turn, as a machine that others use is quick and slow by turns.
Seconds are of the processor, of the best turn.
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

import xlsxwriter

from edge.config.channels import ChannelTable
from edge.intake.channels import Source, take
from edge.intake.workbooks import read_sheets

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

    def theirs(read_only: bool) -> int:
        sheet = openpyxl.load_workbook(io.BytesIO(body), read_only=read_only, data_only=True).worksheets[0]
        return sum(len(row) for row in sheet.iter_rows(values_only=True))

    sides: dict[str, Callable[[], int]] = {
        "openpyxl": lambda: theirs(read_only=False),
        "openpyxl, read only": lambda: theirs(read_only=True),
        "ours": lambda: sum(len(row.cells) for _, rows in read_sheets(body, 10**9) for row in rows),
    }
    turns = [{name: _timed(side) for name, side in sides.items()} for _ in range(given.rounds)]
    assert len({cells for turn in turns for _, cells in turn.values()}) == 1, "not the same cells"
    ratios = {name: median(turn[name][0] / turn["ours"][0] for turn in turns) for name in sides}
    for name, ratio in ratios.items():
        best = min(turn[name][0] for turn in turns)
        print(f"cells of {given.rows:,} rows: {name} {best:.2f} s, {ratio:.1f} times ours")
    whole, taken = _timed(lambda: take("bench", channel, [Source("orders.xlsx", body)]))
    lost = given.rows // _LOST
    refused = sum(1 for one in taken.set_aside if one.column.startswith("A") and "digits" in one.reason)
    print(
        f"orders: {len(taken.drafts):,} taken, {refused:,} of {lost:,} lost numbers refused by cell, in {whole:.2f} s"
    )
    ratio = ratios["openpyxl"]
    print(f"ratio {ratio:.1f} (wanted {_WANTED})")
    return 0 if ratio >= _WANTED and refused == lost and len(taken.drafts) == given.rows - lost else 1


def workbook(rows: int) -> bytes:
    """An XLSX with a header and so many orders."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, _HEADER)
        for row in range(1, rows + 1):
            number = 123_456_000_000_000_000 + row * 10_000
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
