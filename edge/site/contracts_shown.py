"""Carriers' contracts as people see them: the rows of each service, which one holds, what is wrong with them.

Public names: ServiceView, ContractView, service_views.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from edge.config.shipping import ContractRow, ServiceTable, contract_findings
from edge.intake.calendars import local_day


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractView:
    """A row of a contract. ``since``, ``until``: days, empty = always before, always after. ``holds``: today.

    ``rates``: by zone, up to so many grams and the price, in minor units.
    """

    since: str
    until: str
    holds: bool
    rates: dict[str, tuple[tuple[int, int], ...]]
    surcharges: dict[str, int]
    fuel_percent: float
    long_mm: tuple[tuple[int, int], ...]
    takes: tuple[str, ...]
    longest_mm: int
    cod_limit: int
    volume_per_g: int
    weight_unit_g: int
    transit_days: dict[str, int]
    cutoffs: dict[str, tuple[str, ...]]
    parcels: int
    kg: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceView:
    """A service with its contract. ``suspended``: why it takes nothing, by SITE.toml. ``findings``: gaps, overlaps."""

    id: str
    carrier: str
    code: str
    mode: str
    lane: str
    suspended: str
    rows: tuple[ContractView, ...]
    findings: tuple[str, ...]


def service_views(services: Mapping[str, ServiceTable], at_us: int) -> list[ServiceView]:
    """All services, as SITE.toml has them. Raises CalendarError."""
    found = []
    for name, one in services.items():
        today = local_day(at_us, one.time_zone)
        held = one.held_on(today)
        found.append(
            ServiceView(
                id=name,
                carrier=one.carrier,
                code=one.code,
                mode=one.mode,
                lane=one.lane,
                suspended=one.suspended,
                rows=tuple(_row(row, row == held) for row in one.rows()),
                findings=tuple(contract_findings({name: one}, today)),
            )
        )
    return found


def _row(row: ContractRow, holds: bool) -> ContractView:
    table = row.table
    return ContractView(
        since="" if row.since == date.min else str(row.since),
        until="" if row.until == date.max else str(row.until),
        holds=holds,
        rates=dict(table.rates),
        surcharges={str(name): amount for name, amount in table.surcharges.items()},
        fuel_percent=table.fuel_percent,
        long_mm=table.long_mm,
        takes=tuple(table.takes),
        longest_mm=table.longest_mm,
        cod_limit=table.cod_limit,
        volume_per_g=table.volume_per_g,
        weight_unit_g=table.weight_unit_g,
        transit_days=dict(table.transit_days),
        cutoffs={str(day): tuple(f"{wall:%H:%M}" for wall in walls) for day, walls in table.cutoffs.items()},
        parcels=table.parcels,
        kg=table.kg,
    )
