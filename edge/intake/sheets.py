"""Bytes of a file -> tables of rows: CSV and TSV, workbooks (XLSX, XLS, ODS), JSON; or why the file is refused.

Public names: read_tables, header_key, parts_of, cell_name.

What a text's encoding and delimiter are, its header proves: the row that has the channel's columns. Big5 decodes the
bytes of GBK without an error, so that a text can be decoded proves nothing.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Literal
from unicodedata import normalize

from edge.config.channels import ChannelTable, ItemsTable
from edge.config.problem import shown
from edge.intake.given import TWICE, each_once, whole_number
from edge.intake.rows import BadRow, Cell, FileError, OrderTable, Row, column_letter
from edge.intake.workbooks import is_workbook, read_sheets

_HEADER_WITHIN = 20
"""A header stands in the first so many rows, below titles."""
_RECORD_LINES = 60
"""A row of CSV whose cells have line breaks is no longer; beyond them a quotation mark is missing."""
_MARKS = (("utf-8", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe"), ("utf-16", b"\xfe\xff"))
_UNPACKED = 20
"""A workbook may be so many times as large as the largest file."""
_DEPTH = 12
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
Kind = Literal["orders", "items"]


def read_tables(file: str, body: bytes, channel: ChannelTable) -> Iterator[OrderTable]:
    """The tables of a file. Raises FileError."""
    limit = channel.limit_mb * 1_000_000
    if len(body) > limit:
        raise FileError(f"{len(body):,} bytes: allowed are {limit:,}, see limit_mb")
    if not body.strip():
        raise FileError("the file is empty")
    if is_workbook(body):
        yield _workbook(file, body, channel)
    elif body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        yield _json(file, body, channel)
    else:
        yield _text(file, body, channel)


@lru_cache(maxsize=4096)
def header_key(name: str) -> str:
    """By what columns compare: width, case and blanks around do not matter."""
    return normalize("NFKC", name).strip(' \t\r\n\ufeff"=').casefold()


def parts_of(column: str) -> list[str]:
    """The columns that belong together in one name, ``A + B``."""
    return [part.strip() for part in column.split(" + ")]


# ---- headers ---------------------------------------------------------------------------------------------------------


def _has(columns: Mapping[str, int], names: Sequence[str]) -> bool:
    return any(header_key(part) in columns for name in names for part in parts_of(name)[:1])


def _articles(columns: Mapping[str, int], table: ItemsTable) -> bool:
    return _has(columns, table.quantity) and (_has(columns, table.sku) or _has(columns, table.gtin))


def _kind(columns: Mapping[str, int], channel: ChannelTable) -> Kind | None:
    """Which file of a channel has these columns; None = none."""
    orders = channel.columns
    if not channel.of_two_files:
        return "orders" if _has(columns, orders.order) and _articles(columns, orders) else None
    if _has(columns, orders.order) and any(_has(columns, one) for one in (orders.street, orders.name, orders.phone)):
        return "orders"
    return "items" if _has(columns, channel.items.order) and _articles(columns, channel.items) else None


def _wanted(channel: ChannelTable) -> str:
    """The columns without which nothing can be taken, for people."""
    items = channel.columns if not channel.of_two_files else channel.items
    names = [channel.columns.order, items.sku or items.gtin, items.quantity]
    return ", ".join(" or ".join(one) for one in names if one)


@dataclass(frozen=True, slots=True)
class _Header:
    row: Row
    columns: Mapping[str, int]
    kind: Kind


def _find(rows: Sequence[Row], channel: ChannelTable) -> _Header | None:
    """The first row that has the channel's columns."""
    for row in rows[:_HEADER_WITHIN]:
        columns: dict[str, int] = {}
        for index, cell in enumerate(row.cells):
            if isinstance(cell, str) and cell.strip():
                columns.setdefault(header_key(cell), index)
        if (kind := _kind(columns, channel)) is not None:
            _once(row, channel)
            return _Header(row, columns, kind)
    return None


def _once(row: Row, channel: ChannelTable) -> None:
    used = {
        header_key(part)
        for table in (channel.columns, channel.items)
        for key in type(table).model_fields
        for name in getattr(table, key)
        for part in parts_of(name)
    }
    keys = [header_key(cell) for cell in row.cells if isinstance(cell, str)]
    for key in sorted(used):
        if keys.count(key) > 1:
            raise FileError(f"row {row.number}: column {key!r} stands twice: allowed is each column once")


def _found(rows: Sequence[Row]) -> str:
    first = next((row for row in rows if any(str(cell).strip() for cell in row.cells)), None)
    if first is None:
        return "nothing"
    return shown(", ".join(str(cell).strip() for cell in first.cells if str(cell).strip())[:200])


# ---- CSV, TSV --------------------------------------------------------------------------------------------------------


def _text(file: str, body: bytes, channel: ChannelTable) -> OrderTable:
    proved: dict[str, tuple[str, str, _Header]] = {}
    seen: list[str] = []
    marked = next((name for name, mark in _MARKS if body.startswith(mark)), None)
    for encoding in (marked,) if marked else channel.encodings:
        try:
            text = body.decode(encoding, errors="surrogateescape").removeprefix("\ufeff")
        except UnicodeError:
            seen.append(f"{encoding}: cannot be decoded")
            continue
        head = list(islice(io.StringIO(text, newline=""), _HEADER_WITHIN))
        found = _delimited(head, channel)
        if found is None:
            first = list(_plain_rows(head, _DELIMITERS[channel.delimiters[0]]))
            seen.append(f"{encoding}: {_found(first)}")
        else:
            proved.setdefault(text, (encoding, *found))
    if not proved:
        raise FileError(f"no header with {_wanted(channel)}: found {'; '.join(seen)}")
    if len(proved) > 1:
        names = ", ".join(encoding for encoding, _, _ in proved.values())
        raise FileError(
            f"its header reads alike in {names} and the rest does not: leave one of them in the channel's encodings"
        )
    ((text, (encoding, delimiter, header)),) = proved.items()
    return OrderTable(
        file=file,
        sheet="",
        header=header.row,
        columns=header.columns,
        rows=list(_rows(text, delimiter, header.row)),
        of_items=header.kind == "items",
        encoding=encoding,
    )


def _delimited(head: Sequence[str], channel: ChannelTable) -> tuple[str, _Header] | None:
    for delimiter in map(_DELIMITERS.__getitem__, channel.delimiters):
        header = _find(list(_plain_rows(head, delimiter)), channel)
        if header is not None:
            return delimiter, header
    return None


def _plain_rows(lines: Sequence[str], delimiter: str) -> Iterator[Row]:
    """Rows of which each is a line; good enough to find a header."""
    for number, line in enumerate(lines, 1):
        try:
            yield Row(number, next(csv.reader([line], delimiter=delimiter), []))
        except csv.Error:
            yield Row(number, line.split(delimiter))


def _rows(text: str, delimiter: str, header: Row) -> Iterator[Row | BadRow]:
    width = len(header.cells)
    for number, cells, fault in _records(list(io.StringIO(text, newline="")), delimiter, header.number):
        if not any(cell.strip() for cell in cells):
            continue
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if fault and delimiter == "\t" and len(cells) == width:
            fault = ""  # exports with tabs quote nothing
        if fault:
            yield BadRow(number, fault, cells)
        elif len(cells) != width:
            yield BadRow(number, f"{len(cells)} cells: the header has {width}", cells)
        else:
            yield Row(number, cells)


def _records(lines: Sequence[str], delimiter: str, after: int) -> Iterator[tuple[int, list[str], str]]:
    """Each row of a text, the number of its first line and what is wrong with it; the line below that begins a row."""
    at, start = after, after

    def feed() -> Iterator[str]:
        nonlocal at
        while at < len(lines) and at - start < _RECORD_LINES:
            at += 1
            yield lines[at - 1]

    while start < len(lines):
        reader = csv.reader(feed(), delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                yield start + 1, cells, ""
                start = at
        except csv.Error:
            line = lines[start].rstrip("\r\n")
            yield start + 1, line.split(delimiter), "a quotation mark too much, or one is missing"
            start += 1
        at = start


# ---- workbooks -------------------------------------------------------------------------------------------------------


def _workbook(file: str, body: bytes, channel: ChannelTable) -> OrderTable:
    seen: list[str] = []
    for name, rows in read_sheets(body, channel.limit_mb * 1_000_000 * _UNPACKED):
        header = _find(rows, channel) if channel.sheet in ("", name) else None
        if header is None:
            seen.append(f"sheet {name!r}: {_found(rows)}")
            continue
        below = [row for row in rows if row.number > header.row.number and any(cell != "" for cell in row.cells)]
        return OrderTable(
            file=file,
            sheet=name,
            header=header.row,
            columns=header.columns,
            rows=below,
            of_items=header.kind == "items",
            encoding="",
            letters=True,
        )
    wanted = f" on sheet {channel.sheet!r}" if channel.sheet else ""
    raise FileError(f"no header with {_wanted(channel)}{wanted}: found {'; '.join(seen) or 'no sheet that is shown'}")


def cell_name(table: OrderTable, row: int, index: int) -> str:
    """A cell as a person finds it: ``C7`` on a sheet; else the column's name."""
    return f"{column_letter(index)}{row}" if table.letters else str(table.header.cells[index]).strip()


# ---- JSON ------------------------------------------------------------------------------------------------------------


def _json(file: str, body: bytes, channel: ChannelTable) -> OrderTable:
    names = _paths(channel)
    header = Row(0, names)
    columns = {header_key(name): index for index, name in enumerate(names)}
    rows: list[Row | BadRow] = []
    for number, given in _orders(body, channel):
        rows += _flat(number, given, names, channel)
    return OrderTable(file=file, sheet="", header=header, columns=columns, rows=rows, of_items=False, encoding="utf-8")


def _paths(channel: ChannelTable) -> list[str]:
    tables = (channel.columns, channel.items)
    every = (name for table in tables for key in type(table).model_fields for name in getattr(table, key))
    return list(dict.fromkeys(part for name in every for part in parts_of(name)))


def _orders(body: bytes, channel: ChannelTable) -> Iterator[tuple[int, object]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"JSON, but byte {error.start} is not UTF-8") from None
    try:
        whole = _loads(text)
    except (ValueError, RecursionError) as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2 or not all(line.lstrip().startswith("{") for line in lines):
            raise FileError(f"not JSON: {error}") from None
        yield from _each_line(text)
        return
    if isinstance(whole, dict) and channel.orders_at in whole:
        whole = whole[channel.orders_at]
        if whole is TWICE:
            raise FileError(f"key {channel.orders_at!r} stands twice: allowed is each key once")
    yield from enumerate(whole if isinstance(whole, list) else [whole], 1)


def _each_line(text: str) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, _loads(line)
            except (ValueError, RecursionError) as error:
                yield number, BadRow(number, f"not JSON: {error}")


def _loads(text: str) -> object:
    return json.loads(
        text, object_pairs_hook=each_once, parse_int=whole_number, parse_float=Decimal, parse_constant=_no_constant
    )


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _flat(number: int, given: object, names: Sequence[str], channel: ChannelTable) -> Iterator[Row | BadRow]:
    """A row for each article of an order, in which what is a path of the order stands each time."""
    if isinstance(given, BadRow):
        yield given
        return
    if not isinstance(given, dict):
        yield BadRow(number, f"{type(given).__name__}: allowed is an object with the keys of an order")
        return
    whole = [_at(given, name) for name in names]
    if (twice := _twice(given)) is not None:
        yield BadRow(number, f"key {shown(twice)} stands twice: allowed is each key once", whole)
        return
    lines = given.get(channel.lines_at) if channel.lines_at else [given]
    if not isinstance(lines, list) or not lines:
        yield BadRow(number, "no articles", whole, column=channel.lines_at)
        return
    lead = f"{channel.lines_at}."
    for line in lines:
        yield Row(
            number,
            [_at(line, name.removeprefix(lead)) if channel.lines_at and name.startswith(lead) else cell
             for name, cell in zip(names, whole, strict=True)],
        )  # fmt: skip


def _at(given: object, path: str) -> Cell:
    """What stands at a path, ``shipping_lines.0.title``; empty where there is nothing, or something with parts."""
    if isinstance(given, dict) and path in given:
        here = given[path]
    else:
        here = given
        for part in path.split("."):
            if isinstance(here, dict):
                here = here.get(part)
            elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
                here = here[int(part)]
            else:
                return ""
    return here if isinstance(here, str | int | float | Decimal) else ""


def _twice(given: object, depth: int = 0) -> str | None:
    """A key that stands twice anywhere within."""
    parts: Sequence[tuple[str, object]] = ()
    if isinstance(given, dict):
        parts = list(given.items())
    elif isinstance(given, list):
        parts = [("", one) for one in given]
    for key, value in parts if depth < _DEPTH else ():
        if value is TWICE:
            return key
        if (found := _twice(value, depth + 1)) is not None:
            return found
    return None
