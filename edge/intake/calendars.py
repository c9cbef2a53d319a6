"""Calendars and zones become instants here, and nowhere else: cut-offs, promised days, days of delivery.

Public names: CalendarError, instant_us, moment_us, day_begin_us, day_end_us, local_day, wall, WorkDays, CutOff,
Departure, departures, arrival.

A wall time that a change of the clocks skips or repeats is its earlier instant: a cut-off is never later than anybody
reads it. A day ends where the next one begins, after 23, 24 or 25 hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

_ANNOUNCED_EACH_YEAR = ("CN",)
"""Where the government says every November which days of the next year are free, and which weekends are worked."""

_LONGEST_DAYS = 90


class CalendarError(ValueError):
    """A zone or country that nobody knows, or a calendar without working days; says which."""


@cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CalendarError(f"{name!r} is not a time zone such as Asia/Taipei") from None


def _us(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant_us(day: date, wall: time, zone: str) -> int:
    """When a clock in the zone shows this: the earlier one of two, also where it never does.

    Raises:
        CalendarError: no such zone.
    """
    return min(_us(datetime.combine(day, wall, _zone(zone)).replace(fold=fold)) for fold in (0, 1))


def moment_us(given: str, zone: str) -> int:
    """An instant as people write it, ``2026-11-29T18:00``: by the zone's clock unless it says how far from UTC it is.

    Raises:
        CalendarError: no such zone, or no date with a time.
    """
    try:
        moment = datetime.fromisoformat(given)
        if "T" not in given.upper() and " " not in given:
            raise ValueError(given)
        if moment.tzinfo is not None:
            return _us(moment)
    except (ValueError, OverflowError):
        raise CalendarError(f"{given!r} is not a date with a time such as 2026-11-29T18:00") from None
    return instant_us(moment.date(), moment.time(), zone)


def day_begin_us(day: date, zone: str) -> int:
    """The first instant of a local day, also where its midnight is skipped.

    Raises:
        CalendarError: no such zone.
    """
    return _us(datetime.combine(day, time(), _zone(zone)))  # fold 0: a skipped midnight is the instant of the change


def day_end_us(day: date, zone: str) -> int:
    """The first instant after a local day."""
    return day_begin_us(day + timedelta(days=1), zone)


def local_day(at_us: int, zone: str) -> date:
    """The date that a calendar in the zone shows."""
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(_zone(zone)).date()


def wall(at_us: int, zone: str) -> str:
    """What clocks and calendars in the zone show, ``2026-01-31 23:59 +0800``."""
    return f"{(_EPOCH + timedelta(microseconds=at_us)).astimezone(_zone(zone)):%Y-%m-%d %H:%M %z}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDays:
    """On which days somebody works. ``weekdays``: 0 = Monday. ``closed``, ``opened``: their own days, before all else.

    ``country``, ``region``: whose public holidays are free, as ISO 3166 names them, empty = none.

    Raises:
        CalendarError: a country, region or zone that nobody knows.
    """

    zone: str
    country: str = ""
    region: str = ""
    weekdays: frozenset[int] = frozenset(range(5))
    closed: frozenset[date] = field(default_factory=frozenset)
    opened: frozenset[date] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        _zone(self.zone)
        _public(self.country, self.region, 2026)

    def works(self, day: date) -> bool:
        """Whether this is a working day; where a weekend is worked for a holiday it is one."""
        if day in self.closed or day in self.opened:
            return day in self.opened
        free, made_up = _public(self.country, self.region, day.year)
        return day in made_up or (day.weekday() in self.weekdays and day not in free)

    def is_preliminary(self, day: date) -> bool:
        """Whether the holidays of its year are a guess, as nobody has announced them."""
        return self.country in _ANNOUNCED_EACH_YEAR and not _public(self.country, self.region, day.year)[1]

    def days(self, first: date) -> Iterator[date]:
        """Working days from one on.

        Raises:
            CalendarError: there is none for a long time.
        """
        idle = 0
        while idle < _LONGEST_DAYS:
            idle = 0 if self.works(first) else idle + 1
            if not idle:
                yield first
            first += timedelta(days=1)
        raise CalendarError(f"{self.country or self.zone}: nobody works in the {_LONGEST_DAYS} days before {first}")


@cache
def _public(country: str, region: str, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """(free days, weekends that are worked for them) of a year."""
    if not country:
        return frozenset(), frozenset()
    try:
        found = holidays.country_holidays(country, subdiv=region or None, years=year)
    except NotImplementedError:
        raise CalendarError(f"no public holidays are known of {'-'.join(filter(None, (country, region)))!r}") from None
    return frozenset(found), frozenset(day for day in found.weekend_workdays if day.year == year)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOff:
    """When a service closes: ``walls``: (weekday, 0 = Monday; local time), several a day where it comes several times.

    A weekend worked for a holiday has the cut-offs of ``made_up_as``; so has another day that is opened and has none.
    """

    service: str
    walls: tuple[tuple[int, time], ...]
    calendar: WorkDays
    made_up_as: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Departure:
    """One closing of a service, ``wall``: by its own clock. ``preliminary``: by a calendar that is a guess."""

    cutoff_us: int
    service: str
    day: date
    preliminary: bool = False
    wall: time = time()


def departures(rule: CutOff, from_us: int, until_us: int) -> tuple[Departure, ...]:
    """All closings from an instant up to another one, which is none of them."""
    calendar = rule.calendar
    day, last = local_day(from_us, calendar.zone), local_day(until_us, calendar.zone)
    found: list[Departure] = []
    while day <= last:
        if calendar.works(day):
            walls = [wall for weekday, wall in rule.walls if weekday == day.weekday()] or [
                wall
                for weekday, wall in rule.walls
                if weekday == rule.made_up_as and day.weekday() not in calendar.weekdays
            ]
            for wall in walls:
                cutoff_us = instant_us(day, wall, calendar.zone)
                if from_us <= cutoff_us < until_us:
                    found.append(Departure(cutoff_us, rule.service, day, calendar.is_preliminary(day), wall))
        day += timedelta(days=1)
    return tuple(sorted(found))


def arrival(departed: date, transit_days: int, at: WorkDays) -> tuple[int, bool]:
    """(end of the day of delivery, whether that day is a guess), so many working days of the consignee's place later.

    Raises:
        CalendarError: nobody works there.
    """
    days = at.days(departed + timedelta(days=1))
    day = departed
    for _ in range(max(1, transit_days)):
        day = next(days)
    return day_end_us(day, at.zone), at.is_preliminary(day)
