"""CSV as spreadsheets save it: whatever stands between the cells, and with columns behind the last that has a name.

Public names: SpreadsheetRows.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

_BETWEEN = ",;\t"
_SAID = re.compile(r"sep=([,;\t])\r?\n", re.IGNORECASE)


class SpreadsheetRows:
    """The rows of a text, the first of which is the header; empty cells behind its last name are left out.

    ``between``: what a first line ``sep=;`` says, else a comma, a semicolon or a tab, whichever the header has most of.
    ``line``: where the newest row ended, from 1. Iterating raises ``csv.Error``; ``strict``: also where cells are
    quoted wrong.
    """

    def __init__(self, text: str, *, strict: bool = False) -> None:
        said = _SAID.match(text)
        text = text[said.end() :] if said else text
        self.between = said[1] if said else max(_BETWEEN, key=text.split("\n", 1)[0].count)
        self._before = 1 if said else 0
        self._rows = csv.reader(io.StringIO(text, newline=""), delimiter=self.between, strict=strict)

    @property
    def line(self) -> int:
        return self._rows.line_num + self._before

    def __iter__(self) -> Iterator[list[str]]:
        width = 0
        for row in self._rows:
            while len(row) > width and not row[-1].strip():
                row.pop()
            width = width or len(row)
            yield row
