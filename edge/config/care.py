"""[team.*], [returns.*] and [care] of SITE.toml: who looks after cases and when, and what may come back.

Public names: TeamTable, ReturnsTable, CareTable, care_problems.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, time
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from edge.config.shipping import Weekday
from edge.config.table import Frozen, Name

_Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Class = Annotated[str, StringConstraints(min_length=1, max_length=40)]
_Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
_Hours = Annotated[int, Field(ge=1, le=10_000)]


class TeamTable(Frozen):
    """People who look after cases, and when they are there."""

    lead: str = Field(default="", max_length=80, description="who is told of what is overdue; empty = the team")
    classes: tuple[_Class, ...] = Field(
        default=(), description="kinds and classes of cases that are its own; none = all that are no other team's"
    )
    time_zone: str = Field(default="UTC", description="the zone of its hours, as Asia/Taipei")
    opens: time = Field(default=time(9), description="when its day begins")
    closes: time = Field(default=time(18), description="and ends")
    weekdays: tuple[Weekday, ...] = Field(
        default=("mon", "tue", "wed", "thu", "fri"), min_length=1, description="on which days"
    )
    holidays: str = Field(
        default="",
        pattern=r"^([A-Z]{2}(-[A-Z0-9]{1,3})?)?$",
        description="whose public holidays are free, as TW; empty = nobody's",
    )
    closed: tuple[date, ...] = Field(default=(), description="days on which nobody is there, beside the holidays")
    opened: tuple[date, ...] = Field(default=(), description="days on which somebody is there all the same")
    answer_hours: _Hours = Field(default=4, description="working hours until somebody has answered")
    due_hours: _Hours = Field(default=24, description="working hours until a case is resolved")
    due: dict[_Class, _Hours] = Field(default={}, description="the same by kind or class: `{ delay = 8 }`")
    urgent_hours: _Hours = Field(default=8, description="and at most so many for cases of priority 1 and more")
    escalate_hours: _Hours = Field(default=8, description="an overdue case is told the lead again so often")
    close_days: int = Field(
        default=7, ge=0, le=365, description="a resolved case is closed after so many days without a word"
    )


class ReturnsTable(Frozen):
    """What may come back, and how; the first one that fits an order and its articles counts."""

    channels: tuple[Name, ...] = Field(default=(), description="of orders from these channels; none = any")
    countries: tuple[_Country, ...] = Field(default=(), description="to these countries, ISO 3166-1; none = any")
    skus: tuple[_Text, ...] = Field(
        default=(), description="of these articles; one may end in `*`; none = any, else all that come back are of them"
    )
    days: int = Field(ge=0, le=3650, description="calendar days within which a customer may ask")
    start: Literal["delivered", "day-after", "shipped"] = Field(
        default="day-after",
        description="the first of them: the day of delivery, the one after it, or after departure",
    )
    time_zone: str = Field(default="UTC", description="whose days: the consignees'")
    transit_days: int = Field(
        default=3, ge=0, le=90, description="delivered so many days after departure, where no carrier says when"
    )
    excluded: tuple[_Text, ...] = Field(
        default=(), description="articles that do not come back unless they were faulty; one may end in `*`"
    )
    conditions: tuple[_Class, ...] = Field(
        default=(), description="in which state goods are taken: `unopened`, `opened`, `used`; none = any"
    )
    freight: Literal["customer", "seller"] = Field(
        default="customer", description="who pays the way back, unless it was our fault"
    )
    freight_amount: int = Field(default=0, ge=0, le=2**40, description="what the customer pays for it, in minor units")
    refund: Literal["received", "inspected"] = Field(default="inspected", description="from when on money goes back")
    automatic: bool = Field(default=True, description="what the policy allows is authorised without a person")
    goods_days: int = Field(default=14, ge=1, le=365, description="goods must come within so many days")


class CareTable(Frozen):
    """Where goods come back, and what of cases is done by itself."""

    bin: str = Field(
        default="RETURNS", min_length=1, max_length=80, description="where units lie until they are inspected"
    )
    lines: tuple[Name, ...] = Field(
        default=(), description="lines whose portal is the returns gate: what passes there has come back"
    )
    every_s: int = Field(
        default=10, ge=0, le=3600, description="deadlines and the gate are looked at so often; 0 = never"
    )


def care_problems(teams: Mapping[str, TeamTable], returns: Mapping[str, ReturnsTable]) -> Iterator[str]:
    """What they say against themselves."""
    owners: dict[str, str] = {}
    for name, team in teams.items():
        if team.closes <= team.opens:
            yield f"team.{name}.closes: {team.closes:%H:%M}: must be later than opens = {team.opens:%H:%M}"
        for one in team.classes:
            if (other := owners.setdefault(one, name)) != name:
                yield f"team.{name}.classes: {one!r}: is team.{other}'s already"
    for name, policy in returns.items():
        if policy.freight_amount and policy.freight == "seller":
            yield f"returns.{name}.freight_amount: {policy.freight_amount}: the seller pays; say freight = 'customer'"
