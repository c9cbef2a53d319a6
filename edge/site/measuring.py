"""What the newest waves took, as samples for a plan, and what a plan goes by with them.

Public names: samples_of, planning_now.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.config.shipping import PlanTable, ServiceTable
from edge.intake.planning import planning_of
from edge.orders.measured import Samples
from edge.orders.planning import Planning
from edge.site import dialect
from edge.site.carriers_shown import performance
from edge.site.choosing import in_force
from edge.site.tables import picks as tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

_WAVES = 40
_NEWEST = 5_000
"""Lines and parcels of these waves that are looked at."""


def samples_of(db: sa.Connection) -> Samples:
    """Of the newest waves that were released."""
    wave, task, line, member = tables.waves.c, tables.tasks.c, tables.lines.c, tables.members.c
    newest = sa.select(wave.id, wave.released_us).where(wave.released_us > 0).order_by(wave.released_us.desc())
    released = {row.id: row.released_us for row in db.execute(newest.limit(_WAVES))}
    if not released:
        return Samples()
    picked = (
        sa.select(line.at_us)
        .join(tables.tasks, task.id == line.task)
        .where(dialect.among(db, task.wave, released), line.at_us > 0, line.picked > 0)
        .order_by(line.at_us.desc())
        .limit(_NEWEST)
    )
    came = (
        sa.select(member.wave, member.ended_us)
        .where(dialect.among(db, member.wave, released), member.ended == "shipped", member.ended_us > 0)
        .order_by(member.ended_us.desc())
        .limit(_NEWEST)
    )
    done = [(released[name], at_us) for name, at_us in db.execute(came)]
    return Samples(
        picked_us=tuple(db.execute(picked).scalars()),
        sorted_us=tuple(at_us for _, at_us in done),
        leads_us=tuple(at_us - begun_us for begun_us, at_us in done if at_us >= begun_us),
    )


def planning_now(at: StoreConnections, services: dict[str, ServiceTable], plan: PlanTable, at_us: int) -> Planning:
    """All that a plan needs to know now, with what was measured of late. Raises CalendarError."""
    with at.reading() as db:
        did = performance(db, at_us) if plan.late or plan.damaged else {}
        return in_force(db, planning_of(services, plan, at_us, samples_of(db) if plan.measured else None, did))
