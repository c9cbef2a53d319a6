"""The tables of carriers' services and of the plan in SITE.toml.

Public names: ServiceTable, PlanTable, ZoneTable, GoodsName, shipping_problems.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, time
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from edge.config.table import Frozen, Name

GoodsName = Literal["limited-quantity", "liquid", "fragile", "battery", "cod"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_Text = Annotated[str, StringConstraints(max_length=80)]
_Amount = Annotated[int, Field(ge=0, le=2**40)]
_Step = tuple[Annotated[int, Field(ge=1, le=10_000_000)], _Amount]


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
    cutoffs: dict[Weekday, tuple[time, ...]] = Field(
        min_length=1, description='when it closes, by weekday: `{ mon = ["16:00", "20:30"] }`'
    )
    parcels: int = Field(default=100_000, ge=0, le=10_000_000, description="parcels that one pickup takes")
    kg: int | None = Field(default=None, ge=0, le=10_000_000, description="and how heavy together; none = any")
    transit_days: dict[Name, Annotated[int, Field(ge=1, le=60)]] = Field(
        min_length=1, description="working days to each zone"
    )
    rates: dict[Name, Annotated[tuple[_Step, ...], Field(min_length=1)]] = Field(
        min_length=1, description="by zone: up to so many grams, price; `[[1000, 120], [5000, 190]]`"
    )
    surcharges: dict[GoodsName, _Amount] = Field(default={}, description="on top of the rate, by goods")
    suspended: str = Field(default="", max_length=200, description="why it takes nothing now; empty = it does")


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
