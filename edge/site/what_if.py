"""Contracts as somebody would have them, over parcels that were sent.

Public names: what_if.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from edge.config.shipping import PlanTable, ServiceTable
from edge.intake.calendars import day_begin_us, day_end_us, local_day
from edge.intake.planning import planning_of
from edge.orders.services import Performance
from edge.orders.what_if import Day, WhatIf, run
from edge.site.carriers_shown import SentParcel, performance, sent_between

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


def what_if(
    at: StoreConnections,
    before: Mapping[str, ServiceTable],
    after: Mapping[str, ServiceTable],
    plan: PlanTable,
    since: date,
    until: date,
    at_us: int,
) -> WhatIf:
    """What parcels of some days, both included, cost by contracts as they are and as they would be.

    Nobody is suspended then, and each day is planned at its begin. Raises CalendarError.
    """
    zone = plan.time_zone
    with at.reading() as db:
        sent = sent_between(db, day_begin_us(since, zone), day_end_us(until, zone))
        known = performance(db, at_us)
    days = {day: list(some) for day, some in groupby(sent, key=lambda one: local_day(one.released_us, zone))}
    return WhatIf(
        len(sent),
        sum(one.freight for one in sent),
        run(_days(before, plan, days, known)),
        run(_days(after, plan, days, known)),
    )


def _days(
    services: Mapping[str, ServiceTable],
    plan: PlanTable,
    days: Mapping[date, list[SentParcel]],
    known: Mapping[str, Performance],
) -> list[Day]:
    found = []
    for day, sent in sorted(days.items()):
        by = planning_of(services, plan, day_begin_us(day, plan.time_zone), performance=known)
        by = replace(by, terms=replace(by.terms, suspensions=()))
        found.append(Day(by, tuple(one.parcel for one in sent)))
    return found
