"""What other contracts would have meant for parcels that were sent: the same decisions over the same days.

Public names: Day, Run, RunService, WhatIf, run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from edge.orders.eligibility import ParcelPlan
from edge.orders.plan import planned
from edge.orders.planning import Planning


@dataclass(frozen=True, slots=True)
class Day:
    """The parcels that were released on a day, and what a plan at its begin goes by."""

    planning: Planning
    parcels: tuple[ParcelPlan, ...]


@dataclass(frozen=True, slots=True)
class RunService:
    """What a service would carry. ``freight``: rates and surcharges, in minor units."""

    service: str
    parcels: int
    freight: int


@dataclass(frozen=True, slots=True)
class Run:
    """What contracts come to. ``cost``: freight, and trouble as it is expected; ``late``: after the promise.

    ``left``: parcels that nobody carries.
    """

    freight: int
    cost: int
    late: int
    left: int
    services: tuple[RunService, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """``paid``: freight as it was planned when they were sent; ``before``, ``after``: by the contracts as they are, and
    as they would be.
    """

    parcels: int
    paid: int
    before: Run
    after: Run


def run(days: Iterable[Day]) -> Run:
    """Plans each day's parcels, in order; what an earlier day took of a pickup is not there for the next one."""
    taken: Counter[str] = Counter()
    grams: Counter[str] = Counter()
    count: Counter[str] = Counter()
    freight: Counter[str] = Counter()
    cost = late = left = 0
    for day in days:
        by = day.planning
        pickups = [
            replace(
                one,
                parcels=max(0, one.parcels - taken[one.id]),
                grams=None if one.grams is None else max(0, one.grams - grams[one.id]),
            )
            for one in by.pickups
        ]
        plan = planned(day.parcels, pickups, by.services, by.terms)
        left += len(plan.left)
        cost += plan.cost
        for one in plan.planned:
            taken[one.pickup] += 1
            grams[one.pickup] += one.parcel.mass_g
            count[one.service] += 1
            freight[one.service] += one.quote.rate + one.quote.surcharge
            late += one.quote.late_us > 0
    services = tuple(RunService(name, count[name], freight[name]) for name in sorted(count))
    return Run(freight.total(), cost, late, left, services)
