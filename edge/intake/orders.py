"""Orders from JSON and CSV -> orders, or everything that is wrong with them.

Public names: Intake, OrderIn, read_json, read_csv, CSV_COLUMNS, ORDER_EXAMPLE, CSV_EXAMPLE.

An intake is all or nothing: with one problem it holds no orders, so that nobody has to find out which half was taken.
A problem reads ``where: value: what is allowed``; ``where`` is the key's path in JSON (``2.lines.0.gtin``) or row and
column in CSV (``row 5, gtin``; the header is row 1). The first hundred are told, and how many more there are.

Tote, parcel and items may be given in every spelling of `rfid.epc.identity.identify`; GTINs with 8, 12, 13 or 14
digits. ``codes`` are other barcodes on the parcel by which scanners know it, as the carrier's number.

JSON: one object or a list of objects::

    {"id": "A-1001", "carrier": "DHL", "service": "express", "tote": "(8003)…", "parcel": "(00)…",
     "codes": ["1Z999AA10123456784"], "channel": "shop", "external": "558", "state": "open",
     "lines": [{"gtin": "…", "quantity": 2, "sku": "…", "name": "…", "epcs": ["…"]}]}

An order of which quality refused something is ``refused``, as it is told: it must not leave.
A line has a quantity of 0 only where units of it were ``cancelled``. Required: carrier, lines with gtin and quantity,
and either id or channel and external (then the id is
``channel-external``; what would make two channels' ids one, or is no part of an id, stands in it as ``%XX``).
``null`` is as if the key were not there.

CSV: UTF-8, a header, comma, semicolon or tab, one row for each order line (`CSV_COLUMNS`). Rows of one order have the
same id and stand together or apart; what concerns the whole order may be left out after its first row. ``epcs`` and
``codes`` are separated by spaces.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from edge.config.problem import first_of, unknown
from edge.config.spreadsheet import SpreadsheetRows
from edge.core.totes import ToteNames
from edge.core.values.order import Order, OrderLine, OrderState
from edge.core.values.text import one_line
from edge.intake import keys
from edge.intake.given import (
    External,
    Given,
    OrderId,
    ProductName,
    Text,
    each_once,
    gtin,
    problems_of,
    quantity,
    unshortened,
    whole_number,
)
from rfid.epc.identity import gtin_of

_ORDER_COLUMNS = ("id", "carrier", "service", "tote", "parcel", "codes", "channel", "external", "state")
_LINE_COLUMNS = ("gtin", "quantity", "sku", "name", "epcs")
CSV_COLUMNS = _ORDER_COLUMNS + _LINE_COLUMNS
"""Columns of a CSV file in any order; ``carrier``, ``gtin``, ``quantity`` and ``id`` (or ``external``) are required."""
ORDER_EXAMPLE = {
    "channel": "wms",
    "external": "1001",
    "carrier": "POST",
    "service": "standard",
    "tote": "(8003)095211411234545678",
    "lines": [{"gtin": "09521141001011", "quantity": 2, "sku": "MUG-B", "name": "Cup, blue"}],
}
CSV_EXAMPLE = "channel,external,carrier,service,gtin,quantity,sku\nwms,1001,POST,standard,09521141001011,2,MUG-B\n"


@dataclass(frozen=True, slots=True)
class Intake:
    """Orders, or problems; never both."""

    orders: tuple[Order, ...]
    problems: tuple[str, ...]


def read_json(body: bytes, names: ToteNames | None = None) -> Intake:
    """Orders of a JSON document in UTF-8. ``names``: what totes of the house's own are called."""
    try:
        raw = json.loads(body, object_pairs_hook=each_once, parse_int=whole_number)
    except (ValueError, RecursionError) as error:
        return Intake((), (f"body: not JSON in UTF-8: {error}",))
    if isinstance(raw, list):
        return _read((_Draft(item, _path_of(f"{index}.")) for index, item in enumerate(raw)), names)
    return _read([_Draft(raw, _path_of(""))], names)


def read_csv(body: bytes, names: ToteNames | None = None) -> Intake:
    """Orders of a CSV file in UTF-8, with or without byte order mark. ``names``: as in ``read_json``."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Intake((), (f"body: byte {error.start} is not UTF-8: save the file as CSV UTF-8",))
    table = SpreadsheetRows(text)
    try:
        rows = [(table.line, row) for row in table]
    except csv.Error as error:
        return Intake((), (f"row {table.line}: not CSV: {error}",))
    if not rows:
        return Intake((), (f"row 1: empty: a header is required, columns: {', '.join(CSV_COLUMNS)}",))
    header = [name.strip().lower() for name in rows[0][1]]
    problems = list(_header_problems(header))
    if problems:
        return Intake((), tuple(problems))
    return _read_rows(header, rows[1:], names)


# ---- the border ------------------------------------------------------------------------------------------------------


_Code = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, strip_whitespace=True),
    AfterValidator(unshortened),
    AfterValidator(keys.code),
]
_Carrier = Annotated[
    str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True), AfterValidator(one_line)
]
_Item = Annotated[str, AfterValidator(keys.item)]


def _tote(text: str, info: ValidationInfo) -> str:
    return keys.tote(text, info.context)


class _LineIn(Given):
    gtin: Annotated[str, AfterValidator(gtin)]
    cancelled: Annotated[int, Field(ge=0, le=100_000), BeforeValidator(quantity)] = 0
    quantity: Annotated[int, Field(ge=0, le=100_000), BeforeValidator(quantity)]
    sku: ProductName = ""
    name: ProductName = ""
    epcs: tuple[_Item, ...] = ()

    @field_validator("quantity")
    @classmethod
    def _is_some(cls, given: int, info: ValidationInfo) -> int:
        if not given and not info.data.get("cancelled"):
            raise ValueError("allowed is 1 or more, or 0 where units were cancelled")
        return given

    @model_validator(mode="after")
    def _items_fit(self) -> _LineIn:
        if len(self.epcs) > self.quantity:
            raise ValueError(f"{len(self.epcs)} epcs: allowed are as many as quantity {self.quantity}, or fewer")
        for epc in self.epcs:
            if gtin_of(epc) != self.gtin:
                raise ValueError(f"item {epc} is not of gtin {self.gtin}")
        return self


class OrderIn(Given):
    """An order as it comes."""

    id: OrderId | None = None
    carrier: _Carrier
    service: Text = "standard"
    lines: Annotated[tuple[_LineIn, ...], Field(min_length=1, max_length=1000)]
    tote: Annotated[str, AfterValidator(_tote)] | None = None
    parcel: Annotated[str, AfterValidator(keys.parcel)] | None = None
    channel: OrderId = "api"
    external: External = ""
    state: OrderState = OrderState.OPEN
    codes: Annotated[tuple[_Code, ...], Field(max_length=20)] = ()
    refused: bool = False
    items: tuple[_Item, ...] = ()

    @model_validator(mode="after")
    def _has_a_name(self) -> OrderIn:
        if self.id is None and not self.external:
            raise ValueError("no id: required is id, or channel and external")
        counts = Counter(epc for line in self.lines for epc in line.epcs)
        twice = [epc for epc, count in counts.items() if count > 1]
        if twice:
            raise ValueError(f"item {min(twice)} stands twice: allowed is each item once")
        return self

    def order(self) -> Order:
        return Order(
            id=self.id or keys.order_id(self.channel, self.external),
            carrier=self.carrier,
            service=self.service,
            lines=tuple(
                OrderLine(line.gtin, line.quantity, line.sku, line.name, line.epcs, cancelled=line.cancelled)
                for line in self.lines
            ),
            tote=self.tote,
            parcel=self.parcel,
            channel=self.channel,
            external=self.external,
            state=self.state,
            codes=tuple(dict.fromkeys(self.codes)),
            refused=self.refused,
            items=self.items,
        )


@dataclass(frozen=True, slots=True)
class _Draft:
    """An order as it came, and where each key of it stands: by its path, ``lines.0.gtin``; empty = all of it."""

    given: object
    place: Callable[[str], str]


def _path_of(start: str) -> Callable[[str], str]:
    return lambda path: f"{start}{path}".rstrip(".") or "body"


def _read(drafts: Iterable[_Draft], names: ToteNames | None, more: Iterable[str] = ()) -> Intake:
    """Orders, or what is wrong with them and ``more`` besides."""
    orders: list[Order] = []
    problems = first_of(chain(more, _judged(drafts, orders, names)))
    return Intake((), problems) if problems else Intake(tuple(orders), ())


def _judged(drafts: Iterable[_Draft], orders: list[Order], names: ToteNames | None) -> Iterator[str]:
    """Every problem; the orders that have none are added."""
    seen: dict[tuple[str, str], str] = {}
    for draft in drafts:
        if not isinstance(draft.given, dict):
            yield f"{draft.place('')}: {type(draft.given).__name__}: allowed is an object with the keys of an order"
            continue
        try:
            order = OrderIn.model_validate(draft.given, context=names).order()
        except ValidationError as error:
            yield from (f"{draft.place(path)}: {said}" for path, said in problems_of(OrderIn, error))
            continue
        named = [("id", order.id)]
        named += [("external", f"{order.channel} {order.external}")] if order.external else []
        for name, value in named:
            here = draft.place(name)
            first = seen.setdefault((name, value), here)
            if first != here:
                yield f"{here}: {value!r}: stands at {first} already: allowed is each order once"
        orders.append(order)


# ---- CSV -------------------------------------------------------------------------------------------------------------


def _header_problems(header: list[str]) -> Iterator[str]:
    for name in header:
        if name not in CSV_COLUMNS:
            yield f"row 1, {name or '(empty)'}: {unknown(name, CSV_COLUMNS, 'column')}"
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield f"row 1, {name}: stands twice: allowed is each column once"
    for name in ("carrier", "gtin", "quantity"):
        if name not in header:
            yield f"row 1, {name}: missing: this column is required"
    if "id" not in header and "external" not in header:
        yield "row 1, id: missing: required is id, or channel and external"


def _read_rows(header: list[str], rows: list[tuple[int, list[str]]], names: ToteNames | None) -> Intake:
    """Gathers rows to orders, then lets the border for JSON judge them; paths become rows and columns again."""
    problems: list[str] = []
    drafts: dict[tuple[str, str], tuple[dict[str, Any], list[int]]] = {}
    for number, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            problems.append(f"row {number}: {len(row)} cells: the header has {len(header)}")
            continue
        cells = {name: cell.strip() for name, cell in zip(header, row, strict=True) if cell.strip()}
        key = (cells.get("id", ""), "" if "id" in cells else f"{cells.get('channel', 'api')}-{cells.get('external')}")
        draft, numbers = drafts.setdefault(key, ({"lines": []}, []))
        problems.extend(
            f"row {number}, {name}: {cells[name]!r}: row {numbers[0]} of the same order has {draft[name]!r}"
            for name in _ORDER_COLUMNS
            if name in cells and draft.setdefault(name, cells[name]) != cells[name]
        )
        line: dict[str, Any] = {name: cells[name] for name in _LINE_COLUMNS if name in cells}
        if "epcs" in line:
            line["epcs"] = line["epcs"].split()
        draft["lines"].append(line)
        numbers.append(number)
    whole = ((draft | {"codes": draft.get("codes", "").split()}, numbers) for draft, numbers in drafts.values())
    return _read((_Draft(draft, _cell_of(numbers)) for draft, numbers in whole), names, problems)


def _cell_of(numbers: list[int]) -> Callable[[str], str]:
    return lambda path: _cell(path, numbers)


def _cell(path: str, numbers: list[int]) -> str:
    parts = path.split(".")
    if parts[0] == "lines" and len(parts) > 1:
        row = f"row {numbers[int(parts[1])]}"
        return f"{row}, {parts[2]}" if len(parts) > 2 else row
    return f"row {numbers[0]}, {path}" if path else f"row {numbers[0]}"
