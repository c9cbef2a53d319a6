"""A table of articles and what lies where, as CSV -> articles, bins, lots and receipts, or everything that is wrong.

Public names: StockIntake, ArticleRow, read_stock_csv, STOCK_COLUMNS.

One row for each article, or for each bin of it: then its own columns need stand in the first row only. A row with a
quantity is a receipt; its cause is the content of the file and the row, so that the same file moves nothing twice.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from edge.config.problem import first_of, said_of, shown
from edge.intake.calendars import day_begin_us
from edge.intake.operators import ONE_LINE
from edge.orders.articles import NOTHING_SPECIAL, Article, Goods, GtinError, gtin14, units_by_gtin
from edge.orders.picking import BinPlace
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause, StockCondition, StockError

_DAY_US = 86_400_000_000
GoodsWord = Literal["limited-quantity", "liquid", "fragile", "battery"]
_GOODS: dict[str, Goods] = {
    "limited-quantity": Goods.LIMITED_QUANTITY,
    "liquid": Goods.LIQUID,
    "fragile": Goods.FRAGILE,
    "battery": Goods.BATTERY,
}
_Key = Annotated[str, StringConstraints(min_length=1, max_length=80, strip_whitespace=True), ONE_LINE]
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
        return Article(
            sku=self.sku,
            gtins=tuple((gtin14(number), units) for number, units in self.gtins),
            min_life_us=self.min_life_days * _DAY_US,
            single_lot=self.single_lot,
            mass_g=self.mass_g,
            volume_mm3=self.volume_mm3,
            longest_mm=self.longest_mm,
            goods=goods,
            material=self.material,
        )


STOCK_COLUMNS = tuple(ArticleRow.model_fields)
_OWN = (
    "name",
    "gtins",
    "mass_g",
    "volume_mm3",
    "longest_mm",
    "goods",
    "min_life_days",
    "single_lot",
    "material",
    "safety",
)


@dataclass(frozen=True, slots=True)
class StockIntake:
    """What a file says, or its problems; never both. ``articles``: (article, name, safety)."""

    articles: tuple[tuple[Article, str, int], ...] = ()
    bins: tuple[tuple[str, BinPlace], ...] = ()
    lots: tuple[tuple[tuple[str, str], int], ...] = ()
    receipts: tuple[Movement, ...] = ()
    problems: tuple[str, ...] = ()


def read_stock_csv(body: bytes, time_zone: str, at_us: int) -> StockIntake:
    """All of a file or nothing. ``time_zone``: in which days of expiry begin."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return StockIntake(problems=(f"body: byte {error.start} is not UTF-8: save the file as CSV UTF-8",))
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        return StockIntake(problems=(f"row {reader.line_num}: not CSV: {error}",))
    header = [name.strip().lower() for name in rows[0][1]] if rows else []
    if wrong := [name for name in header if name not in STOCK_COLUMNS or header.count(name) > 1] or (
        [] if "sku" in header else ["sku"]
    ):
        return StockIntake(problems=(f"row 1, {shown(wrong[0])}: allowed are, each once, {', '.join(STOCK_COLUMNS)}",))
    taken: list[tuple[int, ArticleRow]] = []
    problems = first_of(_read(header, rows[1:], taken))
    if problems:
        return StockIntake(problems=problems)
    return _made(taken, sha256(body).hexdigest()[:32], time_zone, at_us)


def _read(header: list[str], rows: list[tuple[int, list[str]]], taken: list[tuple[int, ArticleRow]]) -> Iterator[str]:
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(header):
            yield f"row {number}: {len(row)} cells: the header has {len(header)}"
            continue
        given = {name: cell for name, cell in zip(header, row, strict=False) if cell.strip()}
        try:
            one = ArticleRow.model_validate(given)
            one.article()
        except ValidationError as error:
            for item in error.errors(include_url=False):
                yield f"row {number}, {item['loc'][0] if item['loc'] else 'sku'}: {said_of(dict(item))}"
            continue
        except GtinError as error:
            yield f"row {number}, gtins: {error}"
            continue
        if one.quantity and not one.bin:
            yield f"row {number}, bin: missing: {one.quantity} units lie somewhere"
            continue
        taken.append((number, one))


def _made(rows: list[tuple[int, ArticleRow]], mark: str, time_zone: str, at_us: int) -> StockIntake:
    articles: dict[str, ArticleRow] = {}
    bins: dict[str, BinPlace] = {}
    lots: dict[tuple[str, str], int] = {}
    receipts: list[Movement] = []
    problems: list[str] = []
    for number, one in rows:
        first = articles.setdefault(one.sku, one)
        if any(getattr(one, key) != getattr(first, key) for key in _OWN if key in one.model_fields_set):
            problems.append(f"row {number}, sku: {one.sku!r}: its own columns differ from those of its first row")
        if one.bin:
            place = BinPlace(one.aisle, one.place, one.level)
            known = bins.setdefault(one.bin, place)
            if known != place:
                problems.append(f"row {number}, bin: {one.bin!r}: is at {known} already")
        if one.expires:
            expires_us = day_begin_us(one.expires, time_zone)
            if lots.setdefault((one.sku, one.lot), expires_us) != expires_us:
                problems.append(f"row {number}, expires: {one.expires}: lot {one.lot!r} has another day")
        if one.quantity:
            try:
                receipts.append(
                    Movement(
                        cause=StockCause("import", mark, number),
                        kind=MovementKind.RECEIPT,
                        quantity=one.quantity,
                        at_us=at_us,
                        target=BinKey(one.bin, one.sku, one.lot, one.condition),
                    )
                )
            except StockError as error:
                problems.append(f"row {number}: {error}")
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
