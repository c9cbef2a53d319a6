"""SITE.toml's teams and policies -> what cases go by, with working hours and days of a calendar as instants.

Public names: CareRules, care_rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from edge.config.care import CareTable, ReturnsTable, TeamTable
from edge.intake.calendars import WorkDays, day_end_us, instant_us, local_day
from edge.orders.cases import CaseKind
from edge.orders.returns import RefundWhen, ReturnPolicy, WhoPays, WindowStart

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_SERVICE = "service"


@dataclass(frozen=True, slots=True)
class _Shift:
    days: WorkDays
    opens: time
    closes: time

    def spans(self, from_us: int) -> Iterator[tuple[int, int]]:
        """When somebody is there from an instant on: (from, until)."""
        for day in self.days.days(local_day(from_us, self.days.zone)):
            begin, end = (instant_us(day, wall, self.days.zone) for wall in (self.opens, self.closes))
            if end > from_us:
                yield max(begin, from_us), end

    def behind_us(self, from_us: int, worked_us: int) -> int:
        """The instant by which so much was worked."""
        for begin, end in self.spans(from_us):
            if worked_us <= end - begin:
                return begin + worked_us
            worked_us -= end - begin
        raise AssertionError("a calendar goes on for ever")


@dataclass(frozen=True, slots=True)
class CareRules:
    """What cases go by. Raises CalendarError at once for a zone or country that nobody knows."""

    teams: Mapping[str, TeamTable]
    returns: Mapping[str, ReturnsTable]
    care: CareTable
    policies: Sequence[ReturnPolicy]
    shifts: Mapping[str, _Shift]

    def team_of(self, kind: CaseKind, class_: str) -> str:
        """Who looks after such cases; the first team that has no classes of its own where nobody else does."""
        for name in (class_, str(kind)):
            for team, its in self.teams.items():
                if name in its.classes:
                    return team
        return next((team for team, its in self.teams.items() if not its.classes), next(iter(self.teams), _SERVICE))

    def lead_of(self, team: str) -> str:
        """Who is told what is overdue."""
        return (self.teams[team].lead if team in self.teams else "") or team

    def due_us(self, team: str, kind: CaseKind, class_: str, priority: int, at_us: int) -> tuple[int, int]:
        """(until when somebody answers, until when it is resolved), in the team's working hours."""
        its = self.teams.get(team, TeamTable())
        hours = its.due.get(class_, its.due.get(str(kind), its.due_hours))
        hours = min(hours, its.urgent_hours) if priority > 0 else hours
        return self._behind(team, at_us, min(its.answer_hours, hours)), self._behind(team, at_us, hours)

    def escalate_us(self, team: str, at_us: int) -> int:
        """When the lead is told again."""
        return self._behind(team, at_us, self.teams.get(team, TeamTable()).escalate_hours)

    def close_us(self, team: str, resolved_us: int) -> int:
        """When a resolved case is closed by itself."""
        return resolved_us + self.teams.get(team, TeamTable()).close_days * _DAY_US

    def window_us(self, policy: str, delivered_us: int, departed_us: int) -> int:
        """The end of the days within which a customer may ask, in the consignee's calendar; 0 = nothing left yet."""
        its = self.returns[policy]
        day = _day(delivered_us, its.time_zone)
        start = WindowStart(its.start)
        if start is WindowStart.SHIPPED:
            day = _day(departed_us, its.time_zone)
        elif day is None and departed_us:
            day = local_day(departed_us, its.time_zone) + timedelta(days=its.transit_days)
        if day is None:
            return 0
        last = its.days - (start is WindowStart.DELIVERED)
        return day_end_us(day + timedelta(days=last), its.time_zone)

    def goods_by_us(self, policy: str, at_us: int) -> int:
        """The end of the last day on which goods are awaited."""
        its = self.returns.get(policy, ReturnsTable(days=0))
        return day_end_us(local_day(at_us, its.time_zone) + timedelta(days=its.goods_days), its.time_zone)

    def policy(self, name: str) -> ReturnPolicy | None:
        """One by its name."""
        return next((one for one in self.policies if one.name == name), None)

    def _behind(self, team: str, at_us: int, hours: int) -> int:
        shift = self.shifts.get(team)
        return at_us + hours * _HOUR_US if shift is None else shift.behind_us(at_us, hours * _HOUR_US)


def care_rules(teams: Mapping[str, TeamTable], returns: Mapping[str, ReturnsTable], care: CareTable) -> CareRules:
    """Of tables without problems.

    Raises:
        CalendarError: a zone or country that nobody knows.
    """
    for its in returns.values():
        day_end_us(date(2026, 1, 1), its.time_zone)
    return CareRules(
        teams=teams,
        returns=returns,
        care=care,
        policies=tuple(_policy(name, its) for name, its in returns.items()),
        shifts={name: _shift(its) for name, its in teams.items()},
    )


def _day(at_us: int, zone: str) -> date | None:
    return local_day(at_us, zone) if at_us else None


def _shift(team: TeamTable) -> _Shift:
    country, _, region = team.holidays.partition("-")
    days = WorkDays(
        zone=team.time_zone,
        country=country,
        region=region,
        weekdays=frozenset(_WEEKDAYS.index(one) for one in team.weekdays),
        closed=frozenset(team.closed),
        opened=frozenset(team.opened),
    )
    next(days.days(date(2026, 1, 1)))
    return _Shift(days, team.opens, team.closes)


def _policy(name: str, its: ReturnsTable) -> ReturnPolicy:
    return ReturnPolicy(
        name=name,
        channels=tuple(its.channels),
        countries=its.countries,
        skus=its.skus,
        days=its.days,
        start=WindowStart(its.start),
        excluded=its.excluded,
        conditions=its.conditions,
        pays=WhoPays(its.freight),
        freight=its.freight_amount,
        refund=RefundWhen(its.refund),
        automatic=its.automatic,
    )
