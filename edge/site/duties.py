"""What the site does by itself, one process of all that could: planning, releasing, looking again, warning, lapsing.

Public names: Duty, duties_of, turn.

Each duty says what it did, or nothing. None knows of another, and each begins anew with every turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from edge.config.kpis import KpiTable
from edge.config.shipping import PlanTable, ServiceTable
from edge.intake.calendars import local_day
from edge.orders.planning import Planning
from edge.orders.reservations import ReservationEvent
from edge.orders.sales import OrderStage
from edge.site import allocating, drafts, flow_numbers, kpi_days, lateness, measuring, releasing, reserving, suspending
from edge.site.connections import StoreConnections
from edge.site.lateness import LaneOff
from edge.site.tables import picks as tables
from edge.site.tables import sales as sales_tables
from edge.site.tables import stock as stock_tables

log = logging.getLogger(__name__)
_MINUTE_US = 60_000_000
_HOUR_US = 60 * _MINUTE_US
_BY = "plan"


@dataclass(frozen=True, slots=True)
class Duty:
    """``work``: does at an instant what is due, and says what; empty = nothing was."""

    name: str
    every_us: int
    work: Callable[[StoreConnections, int], str]


def duties_of(
    services: Mapping[str, ServiceTable], plan: PlanTable, kpi: KpiTable | None, lane_off: LaneOff
) -> tuple[Duty, ...]:
    """The duties that a site wants. Without services nothing is planned, without ``kpi`` nothing counted."""
    table = dict(services)
    zone = plan.time_zone if kpi is None else kpi.time_zone or plan.time_zone
    counted = 0 if kpi is None else kpi.every_minutes

    def planned(at: StoreConnections, at_us: int) -> str:
        done = drafts.plan(at, measuring.planning_now(at, table, plan, at_us), at_us)
        told = f"{len(done.new)} new drafts, {len(done.replaced)} replaced, {len(done.left)} orders that nobody carries"
        return told if done.new or done.replaced else ""

    def released(at: StoreConnections, at_us: int) -> str:
        assert plan.release_minutes is not None, "else it is no duty"
        by = measuring.planning_now(at, table, plan, at_us)
        done = _released(at, at_us + plan.release_minutes * _MINUTE_US, by, at_us)
        return f"{done} waves" if done else ""

    def followed(at: StoreConnections, at_us: int) -> str:
        done = suspending.follow_up(at, measuring.planning_now(at, table, plan, at_us), at_us)
        told = "" if done is None else f"{done.moved} parcels have another carrier, {done.stuck} fit nowhere"
        return told if done is not None and (done.moved or done.drafts) else ""

    def late(at: StoreConnections, at_us: int) -> str:
        by = measuring.planning_now(at, table, plan, at_us)
        found = lateness.forecast_late(at, by, lane_off, at_us)
        return f"{len(found)} orders will miss their cut-off" if found else ""

    def again(at: StoreConnections, at_us: int) -> str:
        units = allocating.allocate_again(at, at_us)
        return f"{units} units that were short have a bin" if units else ""

    def lapsed(at: StoreConnections, at_us: int) -> str:
        assert plan.held_hours is not None, "else it is no duty"
        units = lapse(at, at_us - plan.held_hours * _HOUR_US, at_us)
        return f"{units} units of orders that do not go are free" if units else ""

    def figures(at: StoreConnections, at_us: int) -> str:
        kpi_days.count_days(at, zone, at_us)
        flow_numbers.note_figures(at, local_day(at_us, zone), at_us)
        return ""

    def flow(at: StoreConnections, at_us: int) -> str:
        flow_numbers.note_flow(at, at_us)
        return ""

    wanted = (
        ("plan", plan.every_minutes if services else 0, planned),
        ("release", 1 if services and plan.release_minutes is not None else 0, released),
        ("suspensions", 1 if services else 0, followed),
        ("forecast", plan.forecast_minutes, late),
        ("allocate-again", plan.again_minutes, again),
        ("lapse", 0 if plan.held_hours is None else 10, lapsed),
        ("figures", counted, figures),
        ("flow", 1 if counted else 0, flow),
    )
    return tuple(Duty(name, minutes * _MINUTE_US, work) for name, minutes, work in wanted if minutes)


def turn(at: StoreConnections, duty: Duty, at_us: int) -> bool:
    """Does a duty if it is this process's to do, and tells what it did; whether it was. Raises what the duty raises."""
    if not at.leads():
        return False
    if said := duty.work(at, at_us):
        log.info("%s: %s", duty.name, said)
    return True


def _released(at: StoreConnections, until_us: int, by: Planning, at_us: int) -> int:
    """Releases drafts whose latest release is near, the urgent ones first; how many."""
    its = tables.waves.c
    due = sa.select(its.id).where(its.released_us == 0, its.release_by_us <= until_us)
    with at.reading() as db:
        names = db.execute(due.order_by(its.urgent.desc(), its.release_by_us, its.id)).scalars().all()
    done = [releasing.release(at, name, by.limits, _BY, at_us, by) for name in names]
    return sum(1 for one in done if one is not None and one.members)


def lapse(at: StoreConnections, before_us: int, at_us: int) -> int:
    """Frees what is softly promised to orders that are over, that were held before an instant, or by a time that is up.

    How many units. What is in a wave stays.
    """
    order, has = sales_tables.orders.c, stock_tables.reservations.c
    over = sa.select(order.id).where(order.stage.in_((str(OrderStage.CANCELLED), str(OrderStage.CLOSED))))
    held = sa.select(order.id).where(order.stage == str(OrderStage.HELD), order.taken_us < before_us)
    up = sa.and_(has.until_us > 0, has.until_us <= at_us)
    due = sa.and_(has.fulfilment == "", sa.or_(up, has.order_id.in_(over), has.order_id.in_(held)))
    with at.writing() as db:
        return reserving.lapse(db, due, ReservationEvent.LAPSED)
