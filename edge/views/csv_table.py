"""Tables that are given out as CSV, which a spreadsheet opens without calculating what they say.

Public names: csv_table.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A header and the rows. A cell that a spreadsheet would take for a formula has an apostrophe before it.

    Source: RFC 4180; OWASP, CSV Injection.
    """
    out = io.StringIO(newline="")
    table = csv.writer(out)
    table.writerow(columns)
    table.writerows([_plain(cell) for cell in row] for row in rows)
    return out.getvalue()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
