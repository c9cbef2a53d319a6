"""The points of a PLC in LINE.toml or in a CSV file, and what is wrong with them.

Public names: PointConfig, PointName, point, every_point, read_points.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from edge.config.problem import said_of, unknown
from edge.config.spreadsheet import SpreadsheetRows
from edge.config.table import Frozen
from plc.node_ids import node_id_trouble
from plc.points import Encoding, Endianness, Point, PointError, Table, parse_type

PointName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}/[a-z0-9][a-z0-9_-]{0,39}$")]
Word = Literal["high-first", "low-first"]


class PointConfig(Frozen):
    """One point: a register, bit or OPC UA node with a meaning."""

    type: str = Field(
        description="IEC 61131-3 type: BOOL, SINT, USINT, BYTE, INT, UINT, WORD, DINT, UDINT, DWORD, LINT, ULINT, "
        "LWORD, REAL, LREAL, TIME (ms), DATE_AND_TIME (s since 1970) or STRING[n]"
    )
    table: Literal["coil", "discrete", "input", "holding"] = Field(
        default="holding", description="Modbus: which table it is in"
    )
    address: int | None = Field(
        default=None, ge=0, le=65_535, description="Modbus: first register, coil or input, counted from 0"
    )
    device_id: int | None = Field(
        default=None, ge=0, le=255, description="Modbus: unit identifier; none = that of the PLC"
    )
    node: str = Field(default="", description="OPC UA: node id, as `ns=2;s=Drive.Speed` or `nsu=URI;s=Drive.Speed`")
    word_order: Word = Field(default="high-first", description="which of its registers comes first")
    byte_order: Word = Field(default="high-first", description="which byte of a register comes first")
    encoding: Literal["latin-1", "utf-8", "gbk", "bcd"] | None = Field(
        default=None, description="of a STRING, none = latin-1; `bcd` = of USINT, UINT, UDINT or ULINT, none = binary"
    )
    header: Literal["s7"] | None = Field(
        default=None, description="of a STRING: `s7` = two octets with its lengths before it, as SIMATIC has them"
    )
    bit: int | None = Field(default=None, ge=0, le=15, description="of a BOOL in a register; 0 = the least significant")
    scale: float = Field(default=1.0, description="value = raw number times `scale` plus `offset`")
    offset: float = Field(default=0.0, description="see `scale`")
    unit: str = Field(default="", max_length=20, description="of the value, for people")
    deadband: float = Field(default=0.0, ge=0, description="a change is told only when it is more than this")
    writable: bool = Field(default=False, description="whether it may be written, by people with the site's token")
    low: float | None = Field(default=None, description="least value that may be written")
    high: float | None = Field(default=None, description="greatest value that may be written")


_MODBUS_KEYS = ("table", "address", "device_id", "word_order", "byte_order", "encoding", "header", "bit")
_FLOATS = {name for name, field in PointConfig.model_fields.items() if field.annotation in (float, float | None)}
_BOOLS = {name for name, field in PointConfig.model_fields.items() if field.annotation is bool}
_WORDS = {"table", "word_order", "byte_order"}
_YES_NO = dict.fromkeys(("wahr", "ja", "vrai", "oui", "vero", "verdadero", "waar"), "true")
_YES_NO |= dict.fromkeys(("falsch", "nein", "faux", "non", "falso", "onwaar"), "false")
_ADAPTER = TypeAdapter(PointName)


def point(name: str, config: PointConfig) -> Point:
    """The point as the drivers know it. Raises PointError."""
    return Point(
        name=name,
        type=parse_type(config.type),
        table=Table[config.table.upper()],
        address=config.address or 0,
        node=config.node,
        word_order=Endianness(config.word_order),
        byte_order=Endianness(config.byte_order),
        bit=config.bit,
        scale=config.scale,
        offset=config.offset,
        unit=config.unit,
        deadband=config.deadband,
        writable=config.writable,
        low=config.low,
        high=config.high,
        device_id=config.device_id,
        encoding=None if config.encoding is None else Encoding(config.encoding),
        header=config.header is not None,
    )


def every_point(
    here: str, given: Mapping[str, PointConfig], file: Path | None, driver: str
) -> tuple[dict[str, PointConfig], list[str]]:
    """The points of a PLC from its tables and its CSV file, and every problem. ``here`` is the PLC's path."""
    problems = [
        problem for name, config in given.items() for problem in _problems(f"{here}.point.{name}", name, config, driver)
    ]
    if file is None:
        return dict(given), problems
    where = f"{here}.points: {file}"
    try:
        found, lines, wrong = read_points(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        return dict(given), [*problems, f"{where}: cannot be read: {error.strerror}"]
    except UnicodeDecodeError as error:
        return dict(given), [*problems, f"{where}: byte {error.start}: not UTF-8: save it as CSV UTF-8"]
    problems += [f"{where}: {problem}" for problem in wrong]
    for name, config in found.items():
        if name in given:
            problems.append(f"{where}: line {lines[name]}: name: {name!r}: is in the tables as well")
        for problem in _problems("", name, config, driver):
            problems.append(f"{where}: line {lines[name]}: {problem.removeprefix('.')}")
    return {**given, **found}, problems


def _problems(here: str, name: str, config: PointConfig, driver: str) -> Iterator[str]:
    """What the keys of one point say against each other and the PLC's driver; ``here`` is its path."""
    if driver == "opcua":
        if not config.node:
            yield f"{here}.node: missing: a point of a PLC with driver 'opcua' needs it"
        elif trouble := node_id_trouble(config.node):
            yield f"{here}.node: {trouble}"
        for key in _MODBUS_KEYS:
            if key in config.model_fields_set:
                yield f"{here}.{key}: only with driver 'modbus', this PLC has {driver!r}"
    elif config.node:
        yield f"{here}.node: {config.node!r}: only with driver 'opcua', this PLC has {driver!r}"
    elif config.address is None:
        yield f"{here}.address: missing: a point of a PLC with driver {driver!r} needs it"
    try:
        point(name, config)
    except PointError as error:
        yield f"{here}.{error}" if str(error).split(":", 1)[0] in PointConfig.model_fields else f"{here}.type: {error}"


def read_points(text: str) -> tuple[dict[str, PointConfig], dict[str, int], list[str]]:
    """The points of a CSV file, the line of each, and every problem as ``line N: column: value: what is allowed``.

    The header names the columns, in any case: ``name``, ``type`` and any other key of a point; an empty cell is a
    key not given. Unless commas stand between the cells, a decimal comma is taken as a point, and yes and no are also
    as spreadsheets of the continent write them.
    """
    table = SpreadsheetRows(text, strict=True)
    rows = iter(table)
    found: dict[str, PointConfig] = {}
    lines: dict[str, int] = {}
    problems: list[str] = []
    try:
        header = [cell.strip().lower() for cell in next(rows, [])]
        columns = ("name", *PointConfig.model_fields)
        problems += [f"line 1: {cell!r}: {unknown(cell, columns, 'column')}" for cell in header if cell not in columns]
        problems += [f"line 1: {cell!r}: twice" for at, cell in enumerate(header) if cell in header[:at]]
        problems += [f"line 1: {cell!r}: missing column" for cell in ("name", "type") if cell not in header]
        if problems:
            return {}, {}, problems
        for cells in rows:
            line = table.line
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problems.append(f"line {line}: {len(cells)} cells: allowed are {len(header)}, as in line 1")
                continue
            row = {key: cell.strip() for key, cell in zip(header, cells, strict=True) if cell.strip()}
            if table.between != ",":
                row |= {key: row[key].replace(",", ".") for key in _FLOATS & row.keys()}
                row |= {key: _YES_NO.get(row[key].lower(), row[key]) for key in _BOOLS & row.keys()}
            row |= {key: row[key].lower() for key in _WORDS & row.keys()}
            problems += _take(row, line, found, lines)
    except csv.Error as error:
        problems.append(f"line {table.line}: no CSV: {error}")
    return found, lines, problems


def _take(row: dict[str, str], line: int, found: dict[str, PointConfig], lines: dict[str, int]) -> Iterator[str]:
    name = row.pop("name", "")
    try:
        _ADAPTER.validate_python(name)
        config = PointConfig.model_validate(row)
    except ValidationError as error:
        for item in error.errors(include_url=False):
            key = item["loc"][0] if item["loc"] else "name"
            yield f"line {line}: {key}: {said_of(dict(item))}"
        return
    if name in found:
        yield f"line {line}: name: {name!r}: line {lines[name]} has the same"
        return
    found[name], lines[name] = config, line
