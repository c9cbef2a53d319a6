"""Orders from JSON and CSV -> orders, or everything that is wrong with them.

Public names: Intake, read_json, read_csv, CSV_COLUMNS.

An intake is all or nothing: with one problem it holds no orders, so that nobody has to find out which half was taken.
A problem reads ``where: value: what is allowed``; ``where`` is the key's path in JSON (``2.lines.0.gtin``) or row and
column in CSV (``row 5, gtin``; the header is row 1).

Tote, parcel and items may be given in every spelling of `rfid.epc.identity.identify`; GTINs with 8, 12, 13 or 14
digits. ``codes`` are other barcodes on the parcel by which scanners know it, as the carrier's number.

JSON: one object or a list of objects::

    {"id": "A-1001", "carrier": "DHL", "service": "express", "tote": "(8003)…", "parcel": "(00)…",
     "codes": ["1Z999AA10123456784"], "channel": "shop", "external": "558", "state": "open",
     "lines": [{"gtin": "…", "quantity": 2, "sku": "…", "name": "…", "epcs": ["…"]}]}

Required: carrier, lines with gtin and quantity, and either id or channel and external (then the id is
``channel-external``).

CSV: UTF-8, a header, comma or semicolon, one row for each order line (`CSV_COLUMNS`). Rows of one order have the
same id and stand together or apart; what concerns the whole order may be left out after its first row. ``epcs`` and
``codes`` are separated by spaces.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from edge.config.problem import said_of
from edge.core.values.order import Order, OrderLine, OrderState
from edge.core.values.text import one_line
from edge.intake import keys
from rfid.epc.identity import check_digit, gtin_of

_ORDER_COLUMNS = ("id", "carrier", "service", "tote", "parcel", "codes", "channel", "external", "state")
_LINE_COLUMNS = ("gtin", "quantity", "sku", "name", "epcs")
CSV_COLUMNS = _ORDER_COLUMNS + _LINE_COLUMNS
"""Columns of a CSV file in any order; ``carrier``, ``gtin``, ``quantity`` and ``id`` (or ``external``) are required."""

_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Intake:
    """Orders, or problems; never both."""

    orders: tuple[Order, ...]
    problems: tuple[str, ...]


def read_json(body: bytes) -> Intake:
    """Orders of a JSON document in UTF-8."""
    try:
        raw = json.loads(body)
    except (ValueError, RecursionError) as error:
        return Intake((), (f"body: not JSON in UTF-8: {error}",))
    if isinstance(raw, list):
        return _read([(f"{index}.", item) for index, item in enumerate(raw)])
    return _read([("", raw)])


def read_csv(body: bytes) -> Intake:
    """Orders of a CSV file in UTF-8, with or without byte order mark."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Intake((), (f"body: byte {error.start} is not UTF-8: save the file as CSV UTF-8",))
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        rows = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        return Intake((), (f"row {reader.line_num}: not CSV: {error}",))
    if not rows:
        return Intake((), (f"row 1: empty: a header is required, columns: {', '.join(CSV_COLUMNS)}",))
    header = [name.strip().lower() for name in rows[0][1]]
    problems = list(_header_problems(header))
    if problems:
        return Intake((), tuple(problems))
    return _read_rows(header, rows[1:])


# ---- the border ------------------------------------------------------------------------------------------------------


def _gtin(text: str) -> str:
    digits = text.strip()
    if not _DIGITS.fullmatch(digits) or len(digits) not in (8, 12, 13, 14):
        raise ValueError("allowed is a GTIN with 8, 12, 13 or 14 digits")
    if digits[-1] != check_digit(digits[:-1]):
        raise ValueError(f"check digit {digits[-1]} must be {check_digit(digits[:-1])}")
    return digits.zfill(14)


_Text = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True), AfterValidator(one_line)]
_Id = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\s(][^\s]*$"), AfterValidator(one_line)
]
_Code = Annotated[
    str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), AfterValidator(keys.code)
]
_Carrier = Annotated[
    str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True), AfterValidator(one_line)
]
_Item = Annotated[str, AfterValidator(keys.item)]


class _LineIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    gtin: Annotated[str, AfterValidator(_gtin)]
    quantity: Annotated[int, Field(ge=1, le=100_000)]
    sku: _Text = ""
    name: _Text = ""
    epcs: tuple[_Item, ...] = ()

    @model_validator(mode="after")
    def _items_fit(self) -> _LineIn:
        if len(self.epcs) > self.quantity:
            raise ValueError(f"{len(self.epcs)} epcs: allowed are as many as quantity {self.quantity}, or fewer")
        for epc in self.epcs:
            if gtin_of(epc) != self.gtin:
                raise ValueError(f"item {epc} is not of gtin {self.gtin}")
        return self


class _OrderIn(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: _Id | None = None
    carrier: _Carrier
    service: _Text = "standard"
    lines: Annotated[tuple[_LineIn, ...], Field(min_length=1, max_length=1000)]
    tote: Annotated[str, AfterValidator(keys.tote)] | None = None
    parcel: Annotated[str, AfterValidator(keys.parcel)] | None = None
    channel: _Id = "api"
    external: _Text = ""
    state: OrderState = OrderState.OPEN
    codes: Annotated[tuple[_Code, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _has_a_name(self) -> _OrderIn:
        if self.id is None and not self.external:
            raise ValueError("no id: required is id, or channel and external")
        epcs = [epc for line in self.lines for epc in line.epcs]
        twice = sorted({epc for epc in epcs if epcs.count(epc) > 1}) if len(set(epcs)) != len(epcs) else []
        if twice:
            raise ValueError(f"item {twice[0]} stands twice: allowed is each item once")
        return self

    def order(self) -> Order:
        return Order(
            id=self.id or f"{self.channel}-{self.external}",
            carrier=self.carrier,
            service=self.service,
            lines=tuple(OrderLine(line.gtin, line.quantity, line.sku, line.name, line.epcs) for line in self.lines),
            tote=self.tote,
            parcel=self.parcel,
            channel=self.channel,
            external=self.external,
            state=self.state,
            codes=tuple(dict.fromkeys(self.codes)),
        )


def _read(items: list[tuple[str, object]]) -> Intake:
    orders: list[Order] = []
    problems: list[str] = []
    seen: dict[str, str] = {}
    for where, item in items:
        try:
            order = _OrderIn.model_validate(item).order()
        except ValidationError as error:
            problems.extend(_problems(error, lambda path, where=where: f"{where}{path}".rstrip(".") or "body"))  # type: ignore[misc]
            continue
        for name, value in (("id", order.id), ("external", f"{order.channel} {order.external}")):
            first = seen.setdefault(f"{name} {value}", where)
            if first != where and value != f"{order.channel} ":
                problems.append(
                    f"{where}{name}: {value!r}: stands at {first}{name} already: allowed is each order once"
                )
        orders.append(order)
    return Intake((), tuple(problems)) if problems else Intake(tuple(orders), ())


def _problems(error: ValidationError, name: Callable[[str], str]) -> Iterator[str]:
    items = error.errors(include_url=False)
    for item in items:
        depth = len(item["loc"])
        # Parts that are wrong are not counted by pydantic; that there are too few is then no problem of its own.
        if item["type"] == "too_short" and any(its["loc"][:depth] == item["loc"] for its in items if its is not item):
            continue
        where = name(".".join(f"{part}" for part in item["loc"]))
        match item["type"]:
            case "model_type":
                yield f"{where}: {type(item['input']).__name__}: allowed is an object with the keys of an order"
            case _:
                yield f"{where}: {said_of(dict(item))}"


# ---- CSV -------------------------------------------------------------------------------------------------------------


def _header_problems(header: list[str]) -> Iterator[str]:
    for name in header:
        if name not in CSV_COLUMNS:
            yield f"row 1, {name or '(empty)'}: unknown column: allowed: {', '.join(CSV_COLUMNS)}"
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield f"row 1, {name}: stands twice: allowed is each column once"
    for name in ("carrier", "gtin", "quantity"):
        if name not in header:
            yield f"row 1, {name}: missing: this column is required"
    if "id" not in header and "external" not in header:
        yield "row 1, id: missing: required is id, or channel and external"


def _read_rows(header: list[str], rows: list[tuple[int, list[str]]]) -> Intake:
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
    orders: list[Order] = []
    for draft, numbers in drafts.values():
        try:
            orders.append(_OrderIn.model_validate(draft | {"codes": draft.get("codes", "").split()}).order())
        except ValidationError as error:
            problems.extend(_problems(error, lambda path, numbers=numbers: _cell(path, numbers)))  # type: ignore[misc]
    if problems:
        return Intake((), tuple(problems))
    return Intake(tuple(orders), ())


def _cell(path: str, numbers: list[int]) -> str:
    parts = path.split(".")
    if parts[0] == "lines" and len(parts) > 1:
        row = f"row {numbers[int(parts[1])]}"
        return f"{row}, {parts[2]}" if len(parts) > 2 else row
    return f"row {numbers[0]}, {path}" if path else f"row {numbers[0]}"
