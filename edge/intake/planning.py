"""SITE.toml's services and plan -> what a plan goes by at an instant: zones, cut-offs and days of delivery as numbers.

Public names: planning_of.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from edge.config.shipping import ContractRow, PlanTable, ServiceTable
from edge.intake.calendars import CutOff, Departure, WorkDays, arrival, day_end_us, departures, local_day
from edge.orders.articles import NOTHING_SPECIAL, Goods
from edge.orders.eligibility import Terms
from edge.orders.forecast import Rates
from edge.orders.measured import Measure, Samples, measured
from edge.orders.plan import Lead, release_by
from edge.orders.planning import Planning
from edge.orders.services import Performance, Pickup, Rate, Service, Suspension, TransportMode, Weights
from edge.orders.waves import WaveLimits

_GOODS = {
    "limited-quantity": Goods.LIMITED_QUANTITY,
    "liquid": Goods.LIQUID,
    "fragile": Goods.FRAGILE,
    "battery": Goods.BATTERY,
    "cod": Goods.COD,
}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MINUTE_US = 60_000_000
_DAY_US = 24 * 60 * _MINUTE_US


def planning_of(
    services: Mapping[str, ServiceTable],
    plan: PlanTable,
    now_us: int,
    samples: Samples | None = None,
    performance: Mapping[str, Performance] = {},
) -> Planning:
    """All that a plan needs to know now. ``samples``: what was measured of late, None = what is configured holds.

    ``performance``: of services, by name, what became of their parcels. A service stands in the plan as it is on its
    own day; where its pickups are under other rows of its contract, those stand beside it.

    Raises:
        CalendarError: a zone or country that nobody knows.
    """
    pickups = tuple(
        pickup
        for name, table in services.items()
        for pickup in _pickups(name, table, plan, now_us, now_us + plan.horizon_days * _DAY_US)
    )
    made = {
        key: _service(name, row.table, performance.get(name, Performance()))
        for name, table in services.items()
        for key, row in _rows(name, table, now_us).items()
    }
    known = measured(
        samples or Samples(),
        {
            Measure.PICK_LINE: plan.pick_line_s * 1_000_000,
            Measure.TOTE: plan.tote_s * 1_000_000,
            Measure.LEAD: plan.lead_minutes * _MINUTE_US,
        },
    )
    used_us = {one.what: one.used_us for one in known}
    leads = (Lead(0, used_us[Measure.LEAD]),)
    margin_us = plan.margin_minutes * _MINUTE_US
    day_end_us(date(2026, 1, 1), plan.time_zone)  # says at once that nobody knows the zone
    return Planning(
        services=made,
        pickups=pickups,
        terms=Terms(
            now_us=now_us,
            release_by_us={one.id: release_by(one.cutoff_us, leads, margin_us) for one in pickups},
            suspensions=tuple(
                Suspension(reason=table.suspended, from_us=0, service=name)
                for name, table in services.items()
                if table.suspended
            ),
            weights=Weights(plan.late, plan.damaged, plan.late_day),
        ),
        zone_of=lambda country, region, postcode: _zone(plan, country, region, postcode),
        promised_us=lambda _, day: _day_end(day, plan.time_zone),
        limits=WaveLimits(totes=plan.totes, cluster=plan.cluster, cluster_lines=plan.cluster_lines, batch=plan.batch),
        rates=Rates(pick_line_us=used_us[Measure.PICK_LINE], tote_us=used_us[Measure.TOTE]),
        measured=known,
        margin_us=margin_us,
    )


def _day_end(day: str, zone: str) -> int:
    """0 = what stands there is no day."""
    try:
        return day_end_us(date.fromisoformat(day), zone)
    except ValueError:
        return 0


def _zone(plan: PlanTable, country: str, region: str, postcode: str) -> str:
    for name, zone in plan.zone.items():
        if (
            (not zone.countries or country in zone.countries)
            and (not zone.regions or region in zone.regions)
            and (not zone.postcodes or postcode.startswith(zone.postcodes))
        ):
            return name
    return ""


def _rows(name: str, table: ServiceTable, now_us: int) -> dict[str, ContractRow]:
    """The rows of a contract by their keys: today's, or else the next or last one, by the service's own name."""
    rows, today = table.rows(), local_day(now_us, table.time_zone)
    next_or_last = next((row for row in rows if row.since > today), rows[-1])
    holds = table.held_on(today) or next_or_last
    return {(name if row == holds else f"{name} {row.since}"): row for row in (holds, *rows)}


def _service(name: str, table: ServiceTable, measured: Performance) -> Service:
    takes = NOTHING_SPECIAL
    for goods in table.takes:
        takes |= _GOODS[goods]
    return Service(
        id=name,
        carrier=table.carrier,
        code=table.code,
        rates=tuple(
            Rate(zone, steps, tuple((_GOODS[goods], amount) for goods, amount in table.surcharges.items()))
            for zone, steps in table.rates.items()
        ),
        mode=TransportMode(table.mode),
        takes=takes,
        longest_mm=table.longest_mm,
        cod_limit=table.cod_limit,
        volume_per_g=table.volume_per_g,
        weight_unit_g=table.weight_unit_g,
        fuel_ppm=round(table.fuel_percent * 10_000),
        long_mm=table.long_mm,
        lane=table.lane,
        measured=measured,
    )


def _pickups(name: str, given: ServiceTable, plan: PlanTable, from_us: int, until_us: int) -> list[Pickup]:
    made: dict[int, Pickup] = {}
    for key, row in _rows(name, given, from_us).items():
        table = row.table
        country, _, region = table.holidays.partition("-")
        its = WorkDays(
            zone=table.time_zone,
            country=country,
            region=region,
            weekdays=frozenset(_WEEKDAYS.index(day) for day in table.cutoffs),
            closed=frozenset(table.closed),
            opened=frozenset(table.opened),
        )
        delivers = WorkDays(zone=plan.time_zone, country=country, region=region, weekdays=frozenset(range(6)))
        walls = tuple((_WEEKDAYS.index(day), wall) for day, times in table.cutoffs.items() for wall in times)
        for departure in departures(CutOff(service=name, walls=walls, calendar=its), from_us, until_us):
            if given.held_on(departure.day) != row:
                continue
            arrivals = {zone: arrival(departure.day, days, delivers) for zone, days in table.transit_days.items()}
            made[departure.cutoff_us] = Pickup(
                service=name,
                cutoff_us=departure.cutoff_us,
                arrives=tuple((zone, us) for zone, (us, _) in arrivals.items()),
                parcels=_capacity(table, departure),
                grams=None if table.kg is None else table.kg * 1000,
                preliminary=departure.preliminary or any(guess for _, guess in arrivals.values()),
                contract="" if key == name else key,
            )
    return list(made.values())


def _capacity(table: ServiceTable, departure: Departure) -> int:
    wall = f"{departure.wall:%H:%M}"
    of_day = f"{_WEEKDAYS[departure.day.weekday()]} {wall}"
    return table.capacity.get(of_day, table.capacity.get(wall, table.parcels))
