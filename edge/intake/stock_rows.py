"""A file of articles and what lies where -> articles, bins, lots and receipts, or everything that is wrong with it.

Public names: StockIntake, ArticleRow, read_stock, STOCK_COLUMNS, STOCK_EXAMPLE.

CSV, TSV or a workbook. One row for each article, or for each bin of it: then its own columns need stand in the first
row only. A row with a quantity is a receipt; its cause is the content of the file and the row, so that the same file
moves nothing twice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from math import prod
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from edge.config.problem import first_of, said_of, shown
from edge.intake.calendars import day_begin_us
from edge.intake.cells import day_of, identifier_of, is_empty
from edge.intake.operators import ONE_LINE
from edge.intake.rows import Cell, FileError, Row, column_letter
from edge.intake.workbooks import is_workbook, read_sheets
from edge.orders.articles import NOTHING_SPECIAL, Article, Goods, GtinError, Stance, gtin14, units_by_gtin
from edge.orders.picking import BinPlace
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause, StockCondition, StockError

_DAY_US = 86_400_000_000
_UNPACKED = 500_000_000
"""Bytes that may be in a workbook."""
_ROWS = 1_048_576
"""Of a sheet. Source: ECMA-376, part 1, 18.3.1.73."""
_NAMES = frozenset({"sku", "bin", "lot"})
GoodsWord = Literal["limited-quantity", "liquid", "fragile", "battery"]
_GOODS: dict[str, Goods] = {
    "limited-quantity": Goods.LIMITED_QUANTITY,
    "liquid": Goods.LIQUID,
    "fragile": Goods.FRAGILE,
    "battery": Goods.BATTERY,
}
_Key = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True), ONE_LINE]
_Edge = Annotated[int, Field(ge=0, le=100_000)]
_Word = Annotated[str, StringConstraints(max_length=80, strip_whitespace=True), ONE_LINE]


def _words(given: object) -> object:
    return tuple(given.split()) if isinstance(given, str) else given


def _gtins(given: object) -> object:
    """``"4006381333931 14006381333938*10"``: the item, and a case of ten."""
    if not isinstance(given, str):
        return given
    return tuple((number, units or 1) for number, _, units in (one.partition("*") for one in given.split()))


class ArticleRow(BaseModel):
    """A row; what is empty is as if it were not there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sku: _Key
    name: Annotated[str, StringConstraints(max_length=200), ONE_LINE] = ""
    gtins: Annotated[tuple[tuple[str, Annotated[int, Field(ge=1, le=100_000)]], ...], BeforeValidator(_gtins)] = ()
    mass_g: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    volume_mm3: Annotated[int, Field(ge=0, le=2**50)] = 0
    longest_mm: Annotated[int, Field(ge=0, le=100_000)] = 0
    goods: Annotated[tuple[GoodsWord, ...], BeforeValidator(_words)] = ()
    min_life_days: Annotated[int, Field(ge=0, le=10_000)] = 0
    single_lot: bool = False
    material: bool = False
    length_mm: _Edge = 0
    width_mm: _Edge = 0
    height_mm: _Edge = 0
    stance: Stance = Stance.ANY
    on_top_g: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    nest_mm: _Edge = 0
    wrap_mm: Annotated[int, Field(ge=0, le=1_000)] = 0
    sealed: bool = True
    value: Annotated[int, Field(ge=0, le=2**50)] = 0
    un: Annotated[str, StringConstraints(pattern=r"^([0-9]{4})?$")] = ""
    packing_group: Literal["", "I", "II", "III"] = ""
    inner_ml: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    inner_g: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    brittle: bool = False
    safety: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    bin: _Word = ""
    aisle: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    place: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    level: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    lot: _Word = ""
    expires: date | None = None
    condition: StockCondition = StockCondition.SELLABLE
    quantity: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0

    def article(self) -> Article:
        """The article; raises GtinError."""
        goods = NOTHING_SPECIAL
        for word in self.goods:
            goods |= _GOODS[word]
        edges = (self.length_mm, self.width_mm, self.height_mm)
        return Article(
            sku=self.sku,
            gtins=tuple((gtin14(number), units) for number, units in self.gtins),
            min_life_us=self.min_life_days * _DAY_US,
            single_lot=self.single_lot,
            mass_g=self.mass_g,
            volume_mm3=self.volume_mm3 or prod(edges),
            longest_mm=self.longest_mm or max(edges),
            goods=goods | Goods.LIMITED_QUANTITY if self.un else goods,  # as nothing else do they travel in parcels
            material=self.material,
            edges_mm=edges,
            stance=self.stance,
            on_top_g=self.on_top_g,
            nest_mm=self.nest_mm,
            wrap_mm=self.wrap_mm,
            sealed=self.sealed,
            value=self.value,
            un=self.un,
            packing_group=self.packing_group,
            inner_ml=self.inner_ml,
            inner_g=self.inner_g,
            brittle=self.brittle,
        )


STOCK_COLUMNS = tuple(ArticleRow.model_fields)
STOCK_EXAMPLE = "sku,name,gtins,mass_g,bin,quantity\nMUG-B,Mug blue,09521141001011,300,A-1,2\n"
_OWN = STOCK_COLUMNS[1 : STOCK_COLUMNS.index("bin")]
"""Of the article, not of what lies in a bin."""


@dataclass(frozen=True, slots=True)
class StockIntake:
    """What a file says, or its problems; never both. ``articles``: (article, name, safety)."""

    articles: tuple[tuple[Article, str, int], ...] = ()
    bins: tuple[tuple[str, BinPlace], ...] = ()
    lots: tuple[tuple[tuple[str, str], int], ...] = ()
    receipts: tuple[Movement, ...] = ()
    problems: tuple[str, ...] = ()


def read_stock(body: bytes, time_zone: str, at_us: int) -> StockIntake:
    """All of a file or nothing; what is wrong stands with row and column, of a workbook with sheet and cell.

    ``time_zone``: in which days of expiry begin.
    """
    taken: list[_Taken] = []
    try:
        sheets = list(read_sheets(body, _UNPACKED)) if is_workbook(body) else [("", _text(body))]
        problems = first_of(_tables(sheets, taken))
    except FileError as error:
        return StockIntake(problems=(f"body: {error}",))
    if problems:
        return StockIntake(problems=problems)
    return _made(taken, sha256(body).hexdigest()[:32], time_zone, at_us)


@dataclass(frozen=True, slots=True)
class _Taken:
    """``where``: of a row, for people; ``number``: by which its receipt is known within the file."""

    where: str
    number: int
    row: ArticleRow


def _text(body: bytes) -> list[Row]:
    encoding = "utf-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        named = "UTF-8" if encoding == "utf-8-sig" else "UTF-16"
        raise FileError(f"byte {error.start} is not {named}: save the file as CSV UTF-8, or as a workbook") from None
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        return [Row(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise FileError(f"row {reader.line_num}: not CSV: {error}") from None


def _tables(sheets: Sequence[tuple[str, Sequence[Row]]], taken: list[_Taken]) -> Iterator[str]:
    """Each sheet whose first row that says something has the column ``sku``; there is one at least."""
    found = False
    for at, (sheet, rows) in enumerate(sheets):
        filled = [row for row in rows if any(not is_empty(cell) for cell in row.cells)]
        header = [str(cell).strip().lower() for cell in filled[0].cells] if filled else []
        while header and not header[-1]:
            header.pop()
        if "sku" not in header and len(sheets) > 1:  # a sheet of something else
            continue
        found = True
        where = f"{sheet}, " if sheet else ""
        if wrong := [name for name in header if name not in STOCK_COLUMNS or header.count(name) > 1] or (
            [] if "sku" in header else ["sku"]
        ):
            allowed = ", ".join(STOCK_COLUMNS)
            number = filled[0].number if filled else 1
            yield f"{where}row {number}, {shown(wrong[0])}: allowed are, each once, {allowed}"
            continue
        yield from _read(where, at * _ROWS, header, filled[1:], taken)
    if not found:
        yield "row 1, sku: missing: no sheet has this column"


def _read(where: str, begin: int, header: list[str], rows: Sequence[Row], taken: list[_Taken]) -> Iterator[str]:
    def place(number: int, name: str) -> str:
        cell = f" {column_letter(header.index(name))}{number}" if where and name in header else ""
        return f"{where}row {number},{cell} {name}"

    for row in rows:
        if any(not is_empty(cell) for cell in row.cells[len(header) :]):
            yield f"{where}row {row.number}: {len(row.cells)} cells: the header has {len(header)}"
            continue
        given: dict[str, str] = {}
        wrong = False
        for name, cell in zip(header, row.cells, strict=False):
            try:
                if not is_empty(cell):
                    given[name] = _said(name, cell)
            except ValueError as error:
                wrong = True
                yield f"{place(row.number, name)}: {shown(str(cell))}: {error}"
        if wrong:
            continue
        try:
            one = ArticleRow.model_validate(given)
            one.article()
        except ValidationError as error:
            for item in error.errors(include_url=False):
                yield f"{place(row.number, str(item['loc'][0]) if item['loc'] else 'sku')}: {said_of(dict(item))}"
            continue
        except GtinError as error:
            yield f"{place(row.number, 'gtins')}: {error}"
            continue
        edges = (one.length_mm, one.width_mm, one.height_mm)
        if any(edges) and not all(edges):
            yield f"{place(row.number, 'length_mm')}: {edges}: give length, width and height, or none of them"
            continue
        if one.quantity and not one.bin:
            yield f"{place(row.number, 'bin')}: missing: {one.quantity} units lie somewhere"
            continue
        taken.append(_Taken(f"{where}row {row.number}", begin + row.number, one))


def _said(name: str, cell: Cell) -> str:
    """A cell as CSV has it; raises ValueError for what a spreadsheet lost."""
    if isinstance(cell, str):
        return identifier_of(cell) if name in _NAMES else cell.strip()
    if name == "expires":
        return day_of(cell, "UTC", ())
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return identifier_of(cell)


def _made(rows: list[_Taken], mark: str, time_zone: str, at_us: int) -> StockIntake:
    articles: dict[str, ArticleRow] = {}
    bins: dict[str, BinPlace] = {}
    lots: dict[tuple[str, str], int] = {}
    receipts: list[Movement] = []
    problems: list[str] = []
    for its in rows:
        where, one = its.where, its.row
        first = articles.setdefault(one.sku, one)
        if any(getattr(one, key) != getattr(first, key) for key in _OWN if key in one.model_fields_set):
            problems.append(f"{where}, sku: {one.sku!r}: its own columns differ from those of its first row")
        if one.bin:
            place = BinPlace(one.aisle, one.place, one.level)
            known = bins.setdefault(one.bin, place)
            if known != place:
                problems.append(f"{where}, bin: {one.bin!r}: is at {known} already")
        if one.expires:
            expires_us = day_begin_us(one.expires, time_zone)
            if lots.setdefault((one.sku, one.lot), expires_us) != expires_us:
                problems.append(f"{where}, expires: {one.expires}: lot {one.lot!r} has another day")
        if one.quantity:
            try:
                receipts.append(
                    Movement(
                        cause=StockCause("import", mark, its.number),
                        kind=MovementKind.RECEIPT,
                        quantity=one.quantity,
                        at_us=at_us,
                        target=BinKey(one.bin, one.sku, one.lot, one.condition),
                    )
                )
            except StockError as error:
                problems.append(f"{where}: {error}")
    try:
        units_by_gtin(one.article() for one in articles.values())
    except GtinError as error:
        problems.append(f"gtins: {error}")
    if problems:
        return StockIntake(problems=first_of(problems))
    return StockIntake(
        tuple((one.article(), one.name, one.safety) for one in articles.values()),
        tuple(bins.items()),
        tuple(lots.items()),
        tuple(receipts),
    )
