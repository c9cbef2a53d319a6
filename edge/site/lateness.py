"""Who will miss a cut-off, told before.

Public names: forecast_late, late_behind, LaneOff.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import sqlalchemy as sa

from edge.orders.forecast import Ahead, Late, forecast, newly_late
from edge.orders.planning import Planning
from edge.orders.reservations import ReservationState
from edge.site import dialect, outbox, wave_rows
from edge.site.outbox import OutboxTold
from edge.site.tables import picks as tables
from edge.site.tables import stock as stock_tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

LaneOff: TypeAlias = Callable[[str, str], int]
"""By carrier and service: since when all lanes that take it are off; 0 = one is on, or no line sorts."""


def forecast_late(at: StoreConnections, by: Planning, lane_off: LaneOff, at_us: int) -> list[Late]:
    """Who will miss a cut-off, with the reason; whoever was not told of yet, the outbox tells, once."""
    return _forecast(at, by, lane_off, at_us)[1]


def late_behind(
    at: StoreConnections, by: Planning, lane_off: LaneOff, at_us: int, after: str, limit: int
) -> list[Late] | None:
    """So many of them in the order of release, behind a fulfilment; None = that one is not on its way.

    Each waits for those before it, so all are counted whatever is asked.
    """
    queue, late = _forecast(at, by, lane_off, at_us)
    if not after:
        return late[:limit]
    places = {one.fulfilment: place for place, one in enumerate(queue)}
    if after not in places:
        return None
    return [one for one in late if places[one.fulfilment] > places[after]][:limit]


def _forecast(at: StoreConnections, by: Planning, lane_off: LaneOff, at_us: int) -> tuple[list[Ahead], list[Late]]:
    its, line, has = tables.members.c, tables.lines.c, stock_tables.reservations.c
    with at.writing() as db:
        going = sa.select(
            its.fulfilment,
            its.cutoff_us,
            its.carrier,
            its.code,
            its.ended,
            tables.waves.c.release_by_us,
            tables.waves.c.released_us,
            tables.waves.c.urgent,
            tables.waves.c.id,
            its.n,
        ).join(tables.waves, tables.waves.c.id == its.wave)
        rows = db.execute(going.where(its.ended.in_(("", "verified", "short")))).all()
        names = [row.fulfilment for row in rows]
        picks_query = (
            sa.select(line.fulfilment, sa.func.count())
            .where(
                dialect.among(db, line.fulfilment, names),
                line.withdrawn.is_(False),
                line.reason == "",
                line.picked < line.quantity,
            )
            .group_by(line.fulfilment)
        )
        picks = {name: int(n) for name, n in db.execute(picks_query)}
        missing_query = (
            sa.select(has.fulfilment, sa.func.sum(has.quantity))
            .where(dialect.among(db, has.fulfilment, names), has.state == str(ReservationState.SOFT))
            .group_by(has.fulfilment)
        )
        missing = {name: int(n) for name, n in db.execute(missing_query)}
        bodies = sa.select(its.fulfilment, its.body).where(its.ended == "")
        plans = {row.fulfilment: row.body for row in db.execute(bodies)}
        off_us = {(row.carrier, row.code): lane_off(row.carrier, row.code) for row in rows}
        queue = [
            Ahead(
                fulfilment=row.fulfilment,
                cutoff_us=row.cutoff_us,
                lines=picks.get(row.fulfilment, 0)
                if row.released_us
                else len(msgspec.json.decode(plans[row.fulfilment], type=wave_rows.MemberPlan).lines),
                release_by_us=row.release_by_us,
                released=bool(row.released_us),
                lane_off_us=max(0, at_us - since_us) if (since_us := off_us[row.carrier, row.code]) else 0,
                before_line=row.ended != "verified",
                missing=int(missing.get(row.fulfilment, 0)),
                tail_us=by.tail_us,
            )
            for row in sorted(
                rows, key=lambda row: (not row.released_us, not row.urgent, row.release_by_us, row.id, row.n)
            )
        ]
        late = list(forecast(queue, by.rates, at_us))
        notice = tables.late
        known = db.execute(
            sa.select(notice.c.fulfilment, notice.c.cutoff_us).where(
                dialect.among(db, notice.c.fulfilment, (one.fulfilment for one in late))
            )
        )
        fresh = newly_late(late, [(name, us) for name, us in known])
        taken = [(one.fulfilment, one.cutoff_us, str(one.reason), at_us) for one in fresh]
        stored = dialect.insert_new(db, notice, ("fulfilment", "cutoff_us", "reason", "at_us"), taken, "fulfilment")
        told = [
            OutboxTold("order.late.v1", one.fulfilment, {"reason": str(one.reason), "cutoff_us": one.cutoff_us})
            for one in fresh
            if one.fulfilment in stored
        ]
        outbox.append(db, told, at_us)
        return queue, late
