"""What carriers tell of parcels, as messages or files -> words that mean the same for all of them.

Public names: WordsRead, read_message, read_words_file, CarrierFileError.

A carrier's codes mean what the site's file says and nothing else: one that stands there not is noted, and moves no
parcel. A time that does not say its zone is read in the carrier's, and the word says so.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from edge.config.channels import Columns
from edge.config.problem import shown
from edge.config.tracking import CarrierTable, WordColumns
from edge.core.values.text import readable
from edge.intake import keys
from edge.intake.calendars import instant_us
from edge.orders.tracking import CarrierWord, ParcelCode

_RAW = 20_000
_ROOT = "$."
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = 2000, 2100
_MOST = 1_000_000
"""Rows of a file."""


class CarrierFileError(ValueError):
    """Nothing of a file or message can be read; says why."""


@dataclass(slots=True)
class WordsRead:
    """``numbers``: (SSCC, the carrier's own number). ``problems``: what could not be read, a line each."""

    words: list[CarrierWord] = field(default_factory=list)
    numbers: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def read_message(body: bytes, table: CarrierTable) -> WordsRead:
    """A message of a carrier that has a door. Raises CarrierFileError for what is no JSON, or has no events."""
    assert table.hook is not None, "it has a door"
    try:
        root = json.loads(body)
    except (ValueError, RecursionError):
        raise CarrierFileError("the message is no JSON") from None
    found = _step(root, table.hook.events) if table.hook.events else root
    events = found if isinstance(found, list) else [found]
    if not all(isinstance(one, dict) for one in events) or not events:
        raise CarrierFileError(f"{table.hook.events or 'the message'}: no events are there")
    read = WordsRead()
    for place, event in enumerate(events, 1):

        def look(path: str, event: object = event) -> str:
            return _text(_step(root, path.removeprefix(_ROOT)) if path.startswith(_ROOT) else _step(event, path))

        _take(read, f"event {place}", look, table, table.hook.fields, json.dumps(event, ensure_ascii=False))
    return read


def read_words_file(body: bytes, table: CarrierTable) -> WordsRead:
    """A file of a carrier, CSV with a header. Raises CarrierFileError for a file that is not of that form."""
    try:
        text = body.decode("utf-8-sig" if table.encoding == "utf-8" else table.encoding)
    except UnicodeDecodeError as error:
        raise CarrierFileError(f"byte {error.start}: not {table.encoding}: see `encoding` of the carrier") from None
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=table.delimiter)
    read = WordsRead()
    try:
        header = [name.strip() for name in next(rows, [])]
        for needed in (table.columns.parcel, table.columns.code, table.columns.at):
            if not any(all(part in header for part in _parts(one)) for one in needed):
                raise CarrierFileError(f"column {' or '.join(needed)}: missing: the first row has {', '.join(header)}")
        for cells in rows:
            if not any(cells):
                continue
            its = dict(zip(header, cells, strict=False))

            def look(name: str, its: Mapping[str, str] = its) -> str:
                return its.get(name, "").strip()

            _take(read, f"row {rows.line_num}", look, table, table.columns, json.dumps(its, ensure_ascii=False))
            if len(read.words) > _MOST:
                raise CarrierFileError(f"more than {_MOST:,} rows: divide the file")
    except csv.Error as error:
        raise CarrierFileError(f"row {rows.line_num}: {error}") from None
    return read


def _take(
    read: WordsRead, where: str, look: Callable[[str], str], table: CarrierTable, columns: WordColumns, raw: str
) -> None:
    def said(names: Columns, between: str = " ") -> str:
        for name in names:
            if any(found := [look(part) for part in _parts(name)]):
                return readable(between.join(filter(None, found)))
        return ""

    code, at, parcel = said(columns.code, "/"), said(columns.at), said(columns.parcel)
    if not parcel:
        read.problems.append(f"{where}: {' or '.join(columns.parcel)}: empty")
        return
    name, number = _parcel(parcel), said(columns.number)[:80]
    if number and number != name:
        read.numbers.append((name, number))
    meaning = table.codes.get(code)
    if meaning == "nothing":
        return
    try:
        at_us, zone = _moment(at, table)
    except ValueError as error:
        read.problems.append(f"{where}: {' or '.join(columns.at)}: {shown(at)}: {error}")
        return
    read.words.append(
        CarrierWord(
            parcel=name,
            code=ParcelCode.NOTED if meaning is None else ParcelCode(meaning),
            at_us=at_us,
            given=code[:200],
            place=said(columns.place)[:200],
            id=said(columns.id)[:120],
            corrects=said(columns.corrects)[:120],
            zone=zone,
            raw=raw[:_RAW],
        )
    )


def _parts(name: str) -> list[str]:
    return [part.strip() for part in name.split(" + ")]


def _parcel(text: str) -> str:
    """18 digits of an SSCC in whatever spelling; anything else is the carrier's own number."""
    try:
        return keys.parcel(text).removeprefix("(00)")
    except ValueError:
        return text[:80]


def _step(value: object, path: str) -> object:
    """What is at a path; None = nothing."""
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return ""
    return str(value).strip()


def _moment(text: str, table: CarrierTable) -> tuple[int, str]:
    """When it was, and in which zone that was read; empty = it said it itself. Raises ValueError."""
    form = table.time_format
    if form in ("unix", "unix-ms"):
        try:
            at_us = round(float(text) * (1_000 if form == "unix-ms" else 1_000_000))
        except (ValueError, OverflowError):
            raise ValueError(
                "allowed are seconds since 1970" if form == "unix" else "allowed are ms since 1970"
            ) from None
        return _within(at_us), ""
    try:
        moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007  # see below
    except ValueError:
        raise ValueError(f"allowed is {form or 'ISO 8601'}: see time_format of the carrier") from None
    if moment.tzinfo is None:
        return _within(instant_us(moment.date(), moment.time(), table.time_zone)), table.time_zone
    return _within((moment - _EPOCH) // timedelta(microseconds=1)), ""


def _within(at_us: int) -> int:
    first, last = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000 for year in _YEARS)
    if not first <= at_us < last:
        raise ValueError(f"allowed are years from {_YEARS[0]} to {_YEARS[1] - 1}")
    return at_us
