"""A file of orders as rows of cells, and what of a file was set aside.

Public names: Cell, Row, OrderTable, BadRow, LineSetAside, FileError, column_letter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool | Decimal | datetime | date | time | timedelta
"""Text of CSV files; what a workbook or JSON made of it. Empty is ``""``."""


@dataclass(frozen=True, slots=True)
class Row:
    """``number``: the line of a text or the row of a sheet where it begins, from 1; the place of an order in JSON."""

    number: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read. ``cells``: what could, empty = nothing; ``column``: of the fault, may be empty."""

    number: int
    reason: str
    cells: Sequence[Cell] = ()
    column: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTable:
    """The rows under a header. ``columns``: the keys of column names -> place in a row, ``names``: as they stand.

    ``of_items``: it is the second file of a channel, that of the articles. ``letters``: its cells have names as B7.
    """

    file: str
    sheet: str
    header: Row
    columns: Mapping[str, int]
    rows: Sequence[Row | BadRow]
    of_items: bool
    encoding: str  # empty = not a text
    letters: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSetAside:
    """Something that was not taken, for who must mend it. ``row``: 0 = the whole file; ``order``: empty = unknown."""

    file: str
    reason: str
    sheet: str = ""
    row: int = 0
    column: str = ""
    value: str = ""
    order: str = ""


class FileError(Exception):
    """Nothing of a file can be taken, and why."""


def column_letter(index: int) -> str:
    """The name of a column of a sheet, from 0: A, B, ... Z, AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name
