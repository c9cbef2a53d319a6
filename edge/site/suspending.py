"""A carrier, service or lane takes nothing for a while, by somebody's word: what follows from it, in one transaction.

Public names: Stop, SuspensionRow, SuspensionError, StuckParcel, CarrierMove, suspend, resume, follow_up, suspensions,
stuck_parcels, moves_of.

Places of released parcels move, drafts are planned anew, labels of packed ones are void, what is on the belt has
another carrier in the feed; what lies in its lane stays. When the carrier returns, only what nobody released returns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from edge.orders.eligibility import ServiceRefusal
from edge.orders.planning import Planning
from edge.orders.reroute import Where
from edge.site import dialect, wave_rows
from edge.site.choosing import in_force
from edge.site.dialect import Lock
from edge.site.outbox import OutboxTold
from edge.site.rerouting import PlacesFollowed, drafted, follow, held_places
from edge.site.tables import carriers as tables
from edge.site.tables import picks

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


class SuspensionError(ValueError):
    """What cannot be suspended, or ended; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Somebody's word. One of ``carrier``, ``service`` and ``lane`` has a name; ``until_us`` 0 = until it is ended."""

    by: str
    reason: str
    carrier: str = ""
    service: str = ""
    lane: str = ""
    from_us: int = 0
    until_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionRow:
    """A suspension as it is stored. ``ended_us`` 0 = it is not over."""

    seq: int
    carrier: str
    service: str
    lane: str
    reason: str
    by: str
    asked_us: int
    from_us: int
    until_us: int
    ended_us: int
    ended_by: str
    ended_why: str


@dataclass(frozen=True, slots=True)
class StuckParcel:
    """A parcel that somebody must care for: its service takes nothing, and no other one takes it."""

    fulfilment: str
    service: str
    suspension: int
    since_us: int
    refusals: tuple[ServiceRefusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierMove:
    """A place that was given up for another one. ``suspension`` 0 = SITE.toml says that nothing is taken."""

    seq: int
    at_us: int
    fulfilment: str
    suspension: int
    where: str
    service: str
    pickup: str
    to_service: str
    to_pickup: str
    label: str


def suspend(at: StoreConnections, stop: Stop, by: Planning, at_us: int) -> tuple[SuspensionRow, PlacesFollowed]:
    """Nothing more is chosen there, and what is not in its lane yet goes another way. Raises SuspensionError."""
    names = [name for name in (stop.carrier, stop.service, stop.lane) if name]
    if len(names) != 1:
        raise SuspensionError("carrier, service, lane: allowed is one of them")
    if not any(
        stop.service == name or (stop.carrier and stop.carrier == one.carrier) or (stop.lane and stop.lane == one.lane)
        for name, one in by.services.items()
    ):
        raise SuspensionError(f"{names[0]}: no service of the site is that, or is of that")
    if stop.until_us and stop.until_us <= max(at_us, stop.from_us):
        raise SuspensionError("until: it is over by then")
    with at.writing() as db:
        dialect.lock(db, Lock.PLAN)
        dialect.lock(db, Lock.SALES)
        its = tables.suspensions
        values = {
            "carrier": stop.carrier,
            "service": stop.service,
            "lane": stop.lane,
            "reason": stop.reason,
            "by": stop.by,
            "asked_us": at_us,
            "from_us": stop.from_us or at_us,
            "until_us": stop.until_us,
            "ended_us": 0,
            "ended_by": "",
            "ended_why": "",
        }
        seq = db.execute(its.insert().values(values).returning(its.c.seq)).scalar_one()
        followed = replace(follow(db, by, at_us, _said(stop, seq, "service.suspended.v1")), suspension=seq)
        return _rows(db, sa.select(its).where(its.c.seq == seq))[0], followed


def resume(
    at: StoreConnections, seq: int, who: str, reason: str, by: Planning, at_us: int
) -> tuple[SuspensionRow, PlacesFollowed] | None:
    """A suspension is over; None = there is none. Again, nothing changes. What was moved stays where it is."""
    its = tables.suspensions
    with at.writing() as db:
        dialect.lock(db, Lock.PLAN)
        dialect.lock(db, Lock.SALES)
        row = next(iter(_rows(db, sa.select(its).where(its.c.seq == seq).with_for_update())), None)
        if row is None or row.ended_us:
            return None if row is None else (row, PlacesFollowed(seq))
        over = {"ended_us": at_us, "ended_by": who, "ended_why": reason}
        db.execute(its.update().where(its.c.seq == seq).values(over))
        stop = Stop(by=who, reason=reason, carrier=row.carrier, service=row.service, lane=row.lane)
        followed = replace(follow(db, by, at_us, _said(stop, seq, "service.resumed.v1")), suspension=seq)
        return _rows(db, sa.select(its).where(its.c.seq == seq))[0], followed


def follow_up(at: StoreConnections, by: Planning, at_us: int) -> PlacesFollowed | None:
    """What time brings: suspensions that begin or are over, and room for what fits nowhere; None = nothing is due."""
    its = tables.suspensions.c
    up = sa.and_(its.ended_us == 0, its.until_us > 0, its.until_us <= at_us)
    with at.reading() as db:
        over = bool(db.execute(sa.select(its.seq).where(up).limit(1)).scalar())
        now = in_force(db, replace(by, terms=replace(by.terms, now_us=at_us)))
        waiting = drafted(db, now)
        goes = any(one.held.where not in (Where.IN_LANE, Where.ABOARD) for one in held_places(db, now).values())
        waits = db.execute(sa.select(tables.stuck.c.fulfilment).limit(1)).scalar()
        if not (over or waits or waiting or goes):
            return None
    with at.writing() as db:
        dialect.lock(db, Lock.PLAN)
        dialect.lock(db, Lock.SALES)
        told: list[OutboxTold] = []
        for row in _rows(db, sa.select(tables.suspensions).where(up).order_by(its.seq)):
            stop = Stop(by="", reason="", carrier=row.carrier, service=row.service, lane=row.lane)
            told += _said(stop, row.seq, "service.resumed.v1")
            db.execute(
                tables.suspensions.update().where(its.seq == row.seq).values(ended_us=row.until_us, ended_why="until")
            )
        return follow(db, by, at_us, told, replan=over or waiting)


def suspensions(db: sa.Connection, everything: bool = False, before: int = 0, limit: int = 100) -> list[SuspensionRow]:
    """The newest first, without ``everything`` those that are not over; ``before``: with lower numbers, 0 = all."""
    its = tables.suspensions.c
    query = sa.select(tables.suspensions).order_by(its.seq.desc()).limit(limit)
    query = query if everything else query.where(its.ended_us == 0)
    return _rows(db, query.where(its.seq < before) if before else query)


def stuck_parcels(db: sa.Connection, after: str = "", limit: int = 100) -> list[StuckParcel]:
    """Parcels that wait for somebody, by fulfilment."""
    its, member = tables.stuck.c, picks.members.c
    query = (
        sa.select(tables.stuck, member.service)
        .join(picks.members, member.fulfilment == its.fulfilment)
        .where(its.fulfilment > after, member.ended.not_in(("shipped", "cancelled")))
    )
    return [
        StuckParcel(row.fulfilment, row.service, row.suspension, row.since_us, _refusals(row.body))
        for row in db.execute(query.order_by(its.fulfilment).limit(limit))
    ]


def moves_of(db: sa.Connection, fulfilment: str = "", before: int = 0, limit: int = 100) -> list[CarrierMove]:
    """Places that were given up for others, the newest first, of a fulfilment or of all."""
    its = tables.moves.c
    query = sa.select(tables.moves).order_by(its.seq.desc()).limit(limit)
    query = query.where(its.fulfilment == fulfilment) if fulfilment else query
    query = query.where(its.seq < before) if before else query
    return [CarrierMove(**row._asdict()) for row in db.execute(query)]


def _refusals(body: str) -> tuple[ServiceRefusal, ...]:
    kept = msgspec.json.decode(body, type=list[wave_rows.KeptRefusal])
    return tuple(ServiceRefusal(one.pickup, one.code, one.value, one.limit, one.reason) for one in kept)


def _rows(db: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[SuspensionRow]:
    return [SuspensionRow(**row._asdict()) for row in db.execute(query)]


def _said(stop: Stop, seq: int, kind: str) -> list[OutboxTold]:
    """By what it is about; why and by whom is for the site's own people."""
    body: dict[str, str | int | list[str]] = {"suspension": seq}
    for name in ("carrier", "service", "lane"):
        if given := getattr(stop, name):
            body[name] = given
    return [OutboxTold(kind, stop.carrier or stop.service or stop.lane, body)]
