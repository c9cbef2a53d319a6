"""What a cell of a channel's file says: texts, numbers, money and times, however a shop writes them.

Public names: text_of, identifier_of, quantity_of, money_of, whole_of, moment_of, day_of, revision_of, is_empty,
lost_digits, shortened.

All raise ValueError with what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from unicodedata import normalize
from zoneinfo import ZoneInfo

from edge.core.values.text import plain_line
from edge.intake.rows import Cell

_EXACT = 2**53
"""Whole numbers up to here stand exactly in a cell that a spreadsheet took for a number."""
_QUOTED = re.compile(r'="(.*)"', re.DOTALL)
_APOSTROPHE = re.compile(r"['’‘](?=[0-9+=@-])")
_KEPT = 15
"""Digits that a spreadsheet keeps."""
_SHORT = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2,}")
_SHORT_NUMBER = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{2,}")
_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!)")
_MARK = "\ufffd"
_CURRENCY = re.compile(r"^(?:NT\$|HK\$|US\$|RMB|CN¥|[A-Z]{3}|[$€£¥₩]|元)\s*|\s*(?:[A-Z]{3}|[$€£¥₩元圓圆])$")
_TIME = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_SERIALS = 25_569, 73_415
"""The days that a spreadsheet counts to 1970 and to 2100."""
_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001  # a wall clock's, as all in a spreadsheet
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = 1990, 2100


def is_empty(cell: Cell) -> bool:
    """Whether a cell says nothing, as ``=""``."""
    return cell == "" or (isinstance(cell, str) and not _unwrapped(cell))


def text_of(cell: Cell) -> str:
    """A text of one line: ``="123"`` is 123, ``'123`` as well; a number only where none of its digits can be lost."""
    if isinstance(cell, str):
        text = _unwrapped(cell)
        if _ERROR.fullmatch(text):
            raise ValueError("an error of the spreadsheet: mend the formula")
        if _SHORT.fullmatch(text):
            raise ValueError("a number that a spreadsheet shortened: format its column as text")
        return _written(text)
    if isinstance(cell, bool):
        raise ValueError("a truth value: allowed is text")
    if isinstance(cell, int | float | Decimal):
        if not isinstance(cell, int) and not -_EXACT <= cell <= _EXACT:
            raise ValueError("a number of more digits than a spreadsheet keeps: format its column as text")
        if cell != int(cell):
            return f"{cell}"
        return str(int(cell))
    raise ValueError("a date: allowed is text, format its column as text")


def identifier_of(cell: Cell) -> str:
    """The same of what is compared letter by letter, as an order's number: no number with decimals either."""
    text = text_of(cell)
    if _SHORT_NUMBER.fullmatch(text):
        raise ValueError("a number that a spreadsheet shortened: format its column as text")
    if isinstance(cell, float | Decimal) and cell != int(cell):
        raise ValueError("a number with decimals: format its column as text")
    return text


def lost_digits(cell: Cell) -> tuple[tuple[int, str], ...]:
    """What a number may be that lost digits, as ``shortened`` has it; none = it lost none."""
    if isinstance(cell, float | Decimal):
        if -_EXACT <= cell <= _EXACT:
            return ()
        text = f"{int(cell)}"
        kept = int(text[:_KEPT])
        return tuple((-1, f"{kept + near}e{len(text)}") for near in (-1, 0, 1))
    if isinstance(cell, str) and (found := _SHORT_NUMBER.fullmatch(_unwrapped(cell))):
        said = found[0].replace(",", ".").lower()
        decimals = len(said.partition("e")[0].partition(".")[2])
        return ((decimals, shortened(said, decimals)),)
    return ()


def shortened(number: str, decimals: int) -> str:
    """A number of digits as a spreadsheet shortens it: to some decimals, or -1 = to what it keeps in a cell."""
    if decimals < 0:
        return f"{number[:_KEPT]}e{len(number)}"
    return f"{float(number):.{decimals}e}"


def quantity_of(cell: Cell) -> int:
    """1 to 100,000; ``2.0`` and ``1,000`` are whole numbers, ``1.000`` may mean two things and is none."""
    number = whole_of(cell)
    if not 1 <= number <= 100_000:
        raise ValueError("allowed: 1..100000")
    return number


def whole_of(cell: Cell) -> int:
    """A whole number."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float | Decimal):
        raise ValueError("allowed is a whole number")
    if isinstance(cell, str):
        text = normalize("NFKC", _unwrapped(cell))
        if re.fullmatch(r"-?\d{1,9}(?:\.0{1,2})?", text, re.ASCII):
            return int(text.partition(".")[0])
        if re.fullmatch(r"\d{1,3}(?:,\d{3})+", text, re.ASCII):
            return int(text.replace(",", ""))
        raise ValueError("allowed is a whole number")
    if not -_EXACT <= cell <= _EXACT or cell != int(cell):
        raise ValueError("allowed is a whole number")
    return int(cell)


def money_of(cell: Cell, digits: int, decimal: str) -> int:
    """An amount in minor units. ``digits``: of the currency; ``decimal``: its sign, the other one groups thousands."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float | Decimal):
        raise ValueError("allowed is an amount")
    if isinstance(cell, str):
        text = _amount(_unwrapped(cell), decimal)
    elif isinstance(cell, float):
        text = f"{cell:.{digits + 4}f}"  # a spreadsheet's 0.1 + 0.2 is 0.30000000000000004
    else:
        text = str(cell)
    try:
        minor = Decimal(text).scaleb(digits)
    except InvalidOperation:
        raise ValueError(f"allowed is an amount, with {decimal!r} before its decimals") from None
    if not minor.is_finite() or abs(minor) > 10**15:
        raise ValueError("allowed is an amount")
    if minor != minor.to_integral_value():
        raise ValueError(f"allowed are {digits} decimals")
    return int(minor)


def moment_of(cell: Cell, zone: str, formats: Sequence[str]) -> int:
    """Microseconds since 1970 UTC. A time without its zone is one of ``zone``; of one that comes twice, the first."""
    local = _local(cell, formats)
    at = local if local.tzinfo is not None else local.replace(tzinfo=_zone(zone))
    if not _YEARS[0] <= at.year < _YEARS[1]:
        raise ValueError(f"allowed are the years {_YEARS[0]} to {_YEARS[1] - 1}")
    return (at - _EPOCH) // timedelta(microseconds=1)


def day_of(cell: Cell, zone: str, formats: Sequence[str]) -> str:
    """A day as ``2026-11-30``: as it stands, or where the time says its zone the day there is in ``zone``."""
    local = _local(cell, formats)
    day = local if local.tzinfo is None else local.astimezone(_zone(zone))
    return f"{day.year:04d}-{day.month:02d}-{day.day:02d}"


def revision_of(cell: Cell, zone: str, formats: Sequence[str]) -> int:
    """The number of a version, or its time."""
    try:
        return moment_of(cell, zone, formats)
    except ValueError:
        number = whole_of(cell)
    if number < 0:
        raise ValueError("allowed is a time, or a whole number")
    return number


# ---- spellings -------------------------------------------------------------------------------------------------------


def _unwrapped(text: str) -> str:
    text = text.strip()
    if not text or text[0] not in "='’‘":
        return text
    if (found := _QUOTED.fullmatch(text)) is not None:
        text = found[1].strip()
    return _APOSTROPHE.sub("", text, count=1) if _APOSTROPHE.match(text) else text


def _written(text: str) -> str:
    if _MARK in text or any("\ud800" <= one <= "\udfff" for one in text):
        raise ValueError("bytes that are not of the file's encoding")
    return plain_line(text)


def _amount(text: str, decimal: str) -> str:
    """An amount in plain digits with a point."""
    bare = _CURRENCY.sub("", normalize("NFKC", text).strip())
    sign = "-" if bare.startswith("-") else ""
    bare = _CURRENCY.sub("", bare.lstrip("+-").strip()).strip()
    whole, _, part = bare.partition(decimal)
    group = "," if decimal == "." else "."
    for sign_of in (group, "'", "’", " ", "\u202f"):
        if re.fullmatch(rf"\d{{1,3}}(?:{re.escape(sign_of)}\d{{3}})+", whole, re.ASCII):
            whole = whole.replace(sign_of, "")
    if not re.fullmatch(r"\d{1,15}", whole, re.ASCII) or not re.fullmatch(r"\d{0,9}", part, re.ASCII):
        raise ValueError(f"allowed is an amount, with {decimal!r} before its decimals")
    return f"{sign}{whole}.{part or '0'}"


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _local(cell: Cell, formats: Sequence[str]) -> datetime:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001  # its zone is the channel's
    if isinstance(cell, bool) or not isinstance(cell, str | int | float | Decimal):
        raise ValueError("allowed is a date or a time")
    if not isinstance(cell, str):
        return _of_serial(float(cell))
    text = normalize("NFKC", _unwrapped(cell))
    for form in formats:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007  # its zone is the channel's
        except ValueError:
            continue
    if (found := _TIME.fullmatch(text)) is not None:
        return _of_groups(found)
    if _SERIAL.fullmatch(text):
        return _of_serial(float(text))
    raise ValueError("allowed is a time as 2026-11-30 09:30:00, or as the channel's `dates` say")


def _of_groups(found: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(found[at] or 0) for at in range(1, 7))
    try:
        local = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # its zone follows, or is the channel's
    except ValueError:
        raise ValueError("no such day or hour") from None
    mark = found[7]
    if mark is None:
        return local
    if mark in ("Z", "UTC", "GMT"):
        return local.replace(tzinfo=UTC)
    ahead = timedelta(hours=int(mark[1:3]), minutes=int(mark[-2:]))
    return (local - (ahead if mark[0] == "+" else -ahead)).replace(tzinfo=UTC)


def _of_serial(days: float) -> datetime:
    if not _SERIALS[0] <= days < _SERIALS[1]:
        raise ValueError("a number that is no day: allowed is a time as 2026-11-30 09:30:00")
    return _FIRST_DAY + timedelta(seconds=round(days * 86_400))
