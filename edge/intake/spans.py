"""From when until when, as people write it: ``02:10`` to ``02:20``, or with a date.

Public names: asked_span.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from edge.intake.calendars import CalendarError, instant_us, local_day, moment_us

_WALL = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_MOST_US = 400 * 86_400_000_000
_END_US = 200 * 366 * 86_400_000_000


def asked_span(begin: str, end: str, at_us: int, length_us: int, zone: str = "") -> tuple[int, int]:
    """The span that two texts mean at a time, by clocks in the zone, empty = in that of the host.

    A time of day is the last one that was, as ``begin``, and the first one behind it, as ``end``. Without ``end`` it
    ends now; without ``begin`` it begins ``length_us`` before.

    Raises:
        CalendarError: no time, none that is behind the other, or more than 400 days.
    """
    if begin:
        from_us = _last(begin, at_us, zone)
        until_us = _next(end, from_us, zone) if end else max(at_us, from_us + 1)
    else:
        until_us = _last(end, at_us, zone) if end else at_us
        from_us = until_us - length_us
    if not 0 <= from_us < until_us <= min(from_us + _MOST_US, _END_US):
        raise CalendarError(f"{begin!r} to {end!r}: allowed are up to 400 days from 1970 on, the earlier time first")
    return from_us, until_us


def _last(given: str, at_us: int, zone: str) -> int:
    wall = _wall(given)
    if wall is None:
        return _moment(given, zone)
    today = _day(at_us, zone)
    return max(us for ago in (-1, 0, 1, 2) if (us := _instant(today - timedelta(days=ago), wall, zone)) <= at_us)


def _next(given: str, from_us: int, zone: str) -> int:
    wall = _wall(given)
    if wall is None:
        return _moment(given, zone)
    first = _day(from_us, zone)
    return min(us for days in (-1, 0, 1, 2) if (us := _instant(first + timedelta(days=days), wall, zone)) > from_us)


def _wall(given: str) -> time | None:
    found = _WALL.fullmatch(given)
    return None if found is None else time(int(found[1]), int(found[2]), int(found[3] or 0))


def _moment(given: str, zone: str) -> int:
    try:
        if zone:
            return moment_us(given, zone)
        moment = datetime.fromisoformat(given)
        if "T" not in given.upper() and " " not in given:
            raise ValueError(given)
        return int(moment.timestamp()) * 1_000_000 + moment.microsecond
    except (ValueError, OverflowError, OSError):  # CalendarError is a ValueError
        raise CalendarError(f"{given!r} is no time such as 02:10 or 2026-11-29T02:10") from None


def _instant(day: date, wall: time, zone: str) -> int:
    if zone:
        return instant_us(day, wall, zone)
    return int(datetime.combine(day, wall).timestamp()) * 1_000_000


def _day(at_us: int, zone: str) -> date:
    try:
        return local_day(at_us, zone) if zone else datetime.fromtimestamp(at_us // 1_000_000, UTC).astimezone().date()
    except (ValueError, OverflowError, OSError):
        raise CalendarError("the clock of this machine shows no time of a calendar") from None
