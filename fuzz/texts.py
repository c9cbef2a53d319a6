"""Texts in single fields: what is searched for, phones, spans of time, names of parcels and totes."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path

from edge.core.values.text import one_line, readable
from edge.intake import keys
from edge.intake.calendars import CalendarError
from edge.intake.phone import read_phone
from edge.intake.spans import asked_span
from edge.views.spoken import asked_for
from fuzz.borders import Take

_AT_US = 1_790_000_000_000_000


def seeds() -> Iterable[bytes]:
    """Texts of each kind."""
    for text in (
        "Order A-1003", "訂單 A-1003", "…1003", "]C100095211410000012344", "https://id.gs1.org/01/09521141001011/21/7",
        "3034257BF7194E4000001A85", "+886 912 345 678", "0755-26712345-803", "138****8000", "(02) 2712-3456 ext 12",
        "02:10", "2026-11-29T02:10", "2026-11-29T02:10+08:00", "9999-12-31T23:59", "0001-01-01T00:00", "23:59:59",
    ):  # fmt: skip
        yield text.encode()
        yield f"{text}\0{text}".encode()


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _take(octets: bytes) -> None:
    text = octets.decode("utf-8", "replace")
    asked_for(text)
    asked_for(octets.decode("utf-8", "surrogateescape"))
    readable(text)
    for country in ("TW", "DE", ""):
        read_phone(text, country)
    begin, _, end = text.partition("\0")
    for zone in ("Asia/Taipei", "America/St_Johns", ""):
        with suppress(CalendarError):
            asked_span(begin, end, _AT_US, 86_400_000_000, zone)
    for named in (one_line, keys.item, keys.tote, keys.parcel, keys.code):
        with suppress(ValueError):
            named(text)
    assert len(keys.order_id(begin, end)) <= keys.ID_LENGTH
