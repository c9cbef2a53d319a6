"""The tables of carriers' services and of the plan in SITE.toml.

Public names: ServiceTable, ContractTable, ContractRow, ServicesFile, PlanTable, ZoneTable, GoodsName,
shipping_problems, contract_findings.

What a service offers may change by the day: ``[[service.NAME.contract]]`` says from when until when a row holds and
what of it is otherwise than the service's own table says; without any that table always holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from edge.config.table import Frozen, Name

GoodsName = Literal["limited-quantity", "liquid", "fragile", "battery", "cod"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_Text = Annotated[str, StringConstraints(max_length=80)]
_Amount = Annotated[int, Field(ge=0, le=2**40)]
_Step = tuple[Annotated[int, Field(ge=1, le=10_000_000)], _Amount]
_Rates = dict[Name, Annotated[tuple[_Step, ...], Field(min_length=1)]]
_Days = dict[Name, Annotated[int, Field(ge=1, le=60)]]
_LongSteps = tuple[tuple[Annotated[int, Field(ge=1, le=100_000)], _Amount], ...]
_Pickup = Annotated[str, StringConstraints(pattern=r"^((mon|tue|wed|thu|fri|sat|sun) )?([01]\d|2[0-3]):[0-5]\d$")]
_Capacity = dict[_Pickup, Annotated[int, Field(ge=0, le=10_000_000)]]
_Cutoffs = Annotated[dict[Weekday, tuple[time, ...]], Field(min_length=1)]
_FIRST, _LAST = date.min, date.max


class ContractTable(Frozen):
    """Days on which a row of a contract holds, and what is otherwise then than the service's own table says."""

    from_: date = Field(default=_FIRST, alias="from", description="the first pickup day; none = always before")
    until: date = Field(default=_LAST, description="the last one; none = always after")
    takes: tuple[GoodsName, ...] | None = Field(default=None, description="as of the service, and so are all below")
    longest_mm: int | None = Field(default=None, ge=0, le=100_000, description="longest edge; 0 = any")
    cod_limit: _Amount | None = Field(default=None, description="most that it takes at the door; 0 = any")
    volume_per_g: int | None = Field(default=None, ge=0, le=1_000_000, description="mm³ that count as a gram")
    weight_unit_g: int | None = Field(default=None, ge=1, le=100_000, description="rounded up to whole ones")
    holidays: str | None = Field(default=None, pattern=r"^([A-Z]{2}(-[A-Z0-9]{1,3})?)?$", description="free days")
    closed: tuple[date, ...] | None = Field(default=None, description="days on which it does not come")
    opened: tuple[date, ...] | None = Field(default=None, description="days on which it comes all the same")
    cutoffs: _Cutoffs | None = Field(default=None, description="when it closes, by weekday")
    parcels: int | None = Field(default=None, ge=0, le=10_000_000, description="parcels that one pickup takes")
    kg: int | None = Field(default=None, ge=0, le=10_000_000, description="and how heavy together")
    capacity: _Capacity | None = Field(default=None, description="parcels by pickup")
    transit_days: _Days | None = Field(default=None, min_length=1, description="working days to each zone")
    rates: _Rates | None = Field(default=None, min_length=1, description="by zone: up to so many grams, price")
    surcharges: dict[GoodsName, _Amount] | None = Field(default=None, description="on top of the rate, by goods")
    fuel_percent: float | None = Field(default=None, ge=0, le=100, description="and of the rate")
    long_mm: _LongSteps | None = Field(default=None, description="longer than so many mm, surcharge")


class ServiceTable(Frozen):
    """What a carrier does for a price; amounts in minor units of one currency."""

    carrier: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(
        description="the carrier, as lanes name it"
    )
    code: _Text = Field(default="standard", description="the service, as lanes and orders name it")
    mode: Literal["express", "freight", "air", "own-vehicle"] = Field(default="express", description="how it travels")
    lane: _Text = Field(default="", description="its lane; empty = any of the carrier's")
    takes: tuple[GoodsName, ...] = Field(default=(), description="special goods that it takes")
    longest_mm: int = Field(default=0, ge=0, le=100_000, description="longest edge; 0 = any")
    cod_limit: _Amount = Field(default=0, description="most that it takes at the door; 0 = any")
    volume_per_g: int = Field(default=0, ge=0, le=1_000_000, description="mm³ that count as a gram; 0 = mass only")
    weight_unit_g: int = Field(default=1, ge=1, le=100_000, description="the carrier rounds up to whole ones")
    time_zone: str = Field(default="UTC", description="the zone of its cut-offs, as Asia/Taipei")
    holidays: str = Field(
        default="",
        pattern=r"^([A-Z]{2}(-[A-Z0-9]{1,3})?)?$",
        description="whose public holidays are free, as TW; empty = nobody's",
    )
    closed: tuple[date, ...] = Field(default=(), description="days on which it does not come, beside the holidays")
    opened: tuple[date, ...] = Field(default=(), description="days on which it comes all the same")
    cutoffs: _Cutoffs = Field(description='when it closes, by weekday: `{ mon = ["16:00", "20:30"] }`')
    parcels: int = Field(default=100_000, ge=0, le=10_000_000, description="parcels that one pickup takes")
    kg: int | None = Field(default=None, ge=0, le=10_000_000, description="and how heavy together; none = any")
    capacity: _Capacity = Field(
        default={}, description='parcels where a pickup takes others: `{ "20:30" = 300, "fri 16:00" = 900 }`'
    )
    transit_days: _Days = Field(min_length=1, description="working days to each zone")
    rates: _Rates = Field(min_length=1, description="by zone: up to so many grams, price; `[[1000, 120], [5000, 190]]`")
    surcharges: dict[GoodsName, _Amount] = Field(default={}, description="on top of the rate, by goods")
    fuel_percent: float = Field(default=0, ge=0, le=100, description="and so much of the rate, for fuel")
    long_mm: _LongSteps = Field(
        default=(), description="and for a longest edge over so many mm; `[[600, 50], [1200, 180]]`"
    )
    suspended: str = Field(default="", max_length=200, description="why it takes nothing now; empty = it does")
    contract: tuple[ContractTable, ...] = Field(
        default=(), description="rows that hold from a day on; none = what stands here always holds"
    )

    def rows(self) -> tuple[ContractRow, ...]:
        """What holds when, by first day; one row from the first day to the last where there is no contract."""
        found = []
        for one in self.contract:
            its = one.model_dump(exclude_unset=True, exclude={"from_", "until"})
            other = {name: getattr(one, name) for name in its if getattr(one, name) is not None}
            table = self.model_copy(update={**other, "contract": ()})
            found.append(ContractRow(one.from_, one.until, table))
        return tuple(sorted(found, key=lambda row: row.since)) or (ContractRow(_FIRST, _LAST, self),)

    def held_on(self, day: date) -> ContractRow | None:
        """The row that holds on a day; of several the one that began last; None = there is none."""
        return next((row for row in reversed(self.rows()) if row.since <= day <= row.until), None)


@dataclass(frozen=True, slots=True)
class ContractRow:
    """``table``: the service as it is from ``since`` to ``until``, both days included."""

    since: date
    until: date
    table: ServiceTable


class ServicesFile(Frozen):
    """A file of contracts alone, or a SITE.toml of which nothing else counts."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=False, allow_inf_nan=False)
    service: dict[Name, ServiceTable] = Field(min_length=1)


class ZoneTable(Frozen):
    """Where a zone is; an address belongs to the first one that fits."""

    countries: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")], ...] = Field(
        default=(), description="ISO 3166-1; none = any"
    )
    regions: tuple[_Text, ...] = Field(default=(), description="provinces, as addresses name them; none = any")
    postcodes: tuple[_Text, ...] = Field(default=(), description="how postcodes begin; none = any")


class PlanTable(Frozen):
    """How parcels are planned into waves."""

    zone: dict[Name, ZoneTable] = Field(default={}, description="tariff zones, the first one that fits")
    time_zone: str = Field(default="UTC", description="where the consignees are: a promised day ends there")
    currency: str = Field(default="", pattern=r"^([A-Z]{3})?$", description="of carriers' prices, as TWD")
    horizon_days: int = Field(default=3, ge=1, le=30, description="pickups of so many days are planned")
    lead_minutes: int = Field(default=90, ge=0, le=10_000, description="from release to lane, for nine of ten parcels")
    margin_minutes: int = Field(default=10, ge=0, le=10_000, description="and so much in hand")
    totes: int = Field(default=60, ge=1, le=5_000, description="of a wave")
    cluster: int = Field(default=8, ge=1, le=100, description="totes of a round")
    cluster_lines: int = Field(default=4, ge=1, le=100, description="an order of more lines is picked alone")
    batch: int = Field(default=4, ge=2, le=1_000, description="so many equal orders are worth one round")
    pick_line_s: int = Field(default=20, ge=1, le=3_600, description="seconds to pick one more line, of all pickers")
    tote_s: int = Field(default=6, ge=1, le=3_600, description="seconds from one tote to the next on the line")
    measured: bool = Field(
        default=True,
        description="what was measured of late takes the place of lead_minutes, pick_line_s and tote_s",
    )
    every_minutes: int = Field(
        default=5, ge=0, le=1_440, description="drafts are planned anew so often; 0 = when somebody asks"
    )
    release_minutes: int | None = Field(
        default=None,
        ge=0,
        le=10_000,
        description="drafts are released by themselves so long before their latest release; none = by people",
    )
    again_minutes: int = Field(
        default=2, ge=0, le=1_440, description="what was short or out of stock is looked for again so often; 0 = never"
    )
    forecast_minutes: int = Field(
        default=2, ge=0, le=1_440, description="late orders are forecast and told so often; 0 = when somebody asks"
    )
    held_hours: int | None = Field(
        default=72,
        ge=0,
        le=10_000,
        description="orders that are still held so long after they were taken lose their stock; none = never",
    )
    cartons: dict[_Text, Annotated[int, Field(ge=1, le=2**40)]] = Field(
        default={}, description="packing material of a parcel, by SKU: the volume that it holds, in mm³"
    )
    late: _Amount = Field(default=0, description="what a late parcel costs, in minor units")
    late_day: int | None = Field(
        default=None, ge=0, le=2**40, description="and each day after the promise; none = never planned so"
    )
    damaged: _Amount = Field(default=0, description="what a damaged or lost parcel costs")


def shipping_problems(services: Mapping[str, ServiceTable], plan: PlanTable) -> Iterator[str]:
    """What services and zones say against each other."""
    for name, one in services.items():
        for at, given in enumerate(one.contract):
            if given.until < given.from_:
                yield f"service.{name}.contract.{at}.until: {given.until} is before from, {given.from_}"
        said = set()
        for row in one.rows():
            for problem in _table_problems(name, row.table, plan):
                if problem not in said:
                    said.add(problem)
                    yield problem


def _table_problems(name: str, one: ServiceTable, plan: PlanTable) -> Iterator[str]:
    for key, zones in (("rates", one.rates), ("transit_days", one.transit_days)):
        for zone in zones:
            if zone not in plan.zone:
                yield f"service.{name}.{key}.{zone}: no such zone: allowed are {', '.join(plan.zone) or 'none yet'}"
    for zone in one.rates:
        if zone not in one.transit_days:
            yield f"service.{name}.transit_days.{zone}: missing: there is a rate into this zone"
    for zone, steps in one.rates.items():
        if any(later[0] <= sooner[0] for sooner, later in pairwise(steps)):
            yield f"service.{name}.rates.{zone}: grams must rise from step to step"
    if any(later[0] <= sooner[0] for sooner, later in pairwise(one.long_mm)):
        yield f"service.{name}.long_mm: mm must rise from step to step"
    walls = {wall for day, times in one.cutoffs.items() for at in times for wall in _walls(day, at)}
    for wall in one.capacity:
        if wall not in walls:
            yield f"service.{name}.capacity.{wall}: it never closes then: allowed are {', '.join(sorted(walls))}"


def _walls(day: str, at: time) -> tuple[str, str]:
    return f"{at:%H:%M}", f"{day} {at:%H:%M}"


def contract_findings(services: Mapping[str, ServiceTable], today: date) -> Iterator[str]:
    """Days of which no row of a contract says what holds, or more than one does, from a day on."""
    for name, one in services.items():
        rows = one.rows()
        yield from (f"service.{name}.contract: {finding}" for finding in _findings(rows, today))


def _findings(rows: Iterable[ContractRow], today: date) -> Iterator[str]:
    covered = today - timedelta(days=1)
    for row in rows:
        if row.until < today:
            continue
        if row.since > covered + timedelta(days=1):
            yield f"gap: no row from {covered + timedelta(days=1)} until {row.since - timedelta(days=1)}"
        elif row.since <= covered and covered >= today:
            yield f"overlap: two rows from {row.since} until {min(covered, row.until)}: the one that began last holds"
        covered = max(covered, row.until)
        if covered == _LAST:
            return
    yield f"gap: no row from {covered + timedelta(days=1)} on"
