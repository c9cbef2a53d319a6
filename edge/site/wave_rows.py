"""Waves as they are stored, and as people see them.

Public names: MemberPlan, KeptQuote, KeptRefusal, member_plan, waves_of, drop, WaveRow, wave_rows, wave_of,
displacements.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from edge.orders.eligibility import ParcelPlan, RefusalCode
from edge.orders.plan import Planned
from edge.orders.reservations import Displacement
from edge.orders.waves import Member, Wave, WaveState, wave_state
from edge.site import dialect
from edge.site.tables import picks as tables
from edge.site.tables import sales as sales_tables


class KeptQuote(msgspec.Struct, array_like=True):
    """A `Quote` as it is stored."""

    pickup: str
    cost: int
    rate: int = 0
    surcharge: int = 0
    lateness: int = 0
    damage: int = 0
    late_us: int = 0


class KeptRefusal(msgspec.Struct, array_like=True):
    """A `ServiceRefusal` as it is stored."""

    pickup: str
    code: RefusalCode
    value: int = 0
    limit: int = 0
    reason: str = ""


class MemberPlan(msgspec.Struct):
    """What a member's row keeps of its plan: units by SKU, the best pickups, why others do not carry it, the parcel as
    it was planned, and which version of its order that was, 0 = nobody noted it."""

    lines: dict[str, int]
    cost: int
    best: list[KeptQuote]
    version: int = 0
    refusals: list[KeptRefusal] = []
    parcel: ParcelPlan | None = None


def member_plan(lines: Mapping[str, int], one: Planned, version: int) -> str:
    """The body of a member's row."""
    best = [
        KeptQuote(it.pickup, it.cost, it.rate, it.surcharge, it.lateness, it.damage, it.late_us)
        for it in dict.fromkeys((*one.best, one.quote))
    ]
    refusals = [KeptRefusal(it.pickup, it.code, it.value, it.limit, it.reason) for it in one.refusals]
    plan = MemberPlan(dict(lines), one.quote.cost, best, version, refusals, one.parcel)
    return msgspec.json.encode(plan).decode()


def drop(db: sa.Connection, names: Iterable[str]) -> None:
    gone = list(names)
    db.execute(tables.members.delete().where(dialect.among(db, tables.members.c.wave, gone)))
    db.execute(tables.waves.delete().where(dialect.among(db, tables.waves.c.id, gone)))


def waves_of(db: sa.Connection, rows: Sequence[sa.Row[Any]]) -> list[Wave]:
    its = tables.members.c
    members: dict[str, list[Member]] = {}
    service = {one.id: one for one in rows}
    query = sa.select(tables.members).where(dialect.among(db, its.wave, service)).order_by(its.wave, its.n)
    for row in db.execute(query):
        wave = service[row.wave]
        members.setdefault(row.wave, []).append(
            Member(
                fulfilment=row.fulfilment,
                service=wave.service,
                release_by_us=wave.release_by_us,
                lines=tuple(sorted(msgspec.json.decode(row.body, type=MemberPlan).lines.items())),
                priority=row.priority,
                urgent=wave.urgent,
                ordered_us=row.ordered_us,
            )
        )
    return [
        Wave(
            id=one.id,
            service=one.service,
            release_by_us=one.release_by_us,
            urgent=one.urgent,
            members=tuple(members.get(one.id, ())),
        )
        for one in rows
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRow:
    """A wave as people see it. ``ended``: members by how they ended, ``open`` among them; ``tasks``: by state."""

    id: str
    service: str
    release_by_us: int
    cutoff_us: int
    urgent: bool
    state: WaveState
    planned_us: int
    released_us: int
    by: str
    members: int
    ended: dict[str, int]
    tasks: dict[str, int]


def wave_rows(db: sa.Connection, after: str = "", limit: int = 100, everything: bool = False) -> list[WaveRow]:
    """Waves behind one, by id; without ``everything`` those that are not done."""
    table = tables.waves.c
    query = sa.select(tables.waves).where(table.id > after).order_by(table.id).limit(limit)
    if not everything:
        its = tables.members.c
        unended = sa.exists().where(its.wave == table.id, its.ended == "")
        query = query.where(sa.or_(table.released_us == 0, unended))
    return _rows(db, query)


def wave_of(db: sa.Connection, name: str) -> WaveRow | None:
    """A wave as people see it, or None."""
    return next(iter(_rows(db, sa.select(tables.waves).where(tables.waves.c.id == name))), None)


def _rows(db: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[WaveRow]:
    rows = db.execute(query).all()
    names = [row.id for row in rows]
    its, task = tables.members.c, tables.tasks.c
    ended: dict[str, dict[str, int]] = {}
    cutoffs: dict[str, int] = {}
    members = sa.select(its.wave, its.ended, sa.func.count(), sa.func.min(its.cutoff_us)).group_by(its.wave, its.ended)
    for wave, how, n, cutoff_us in db.execute(members.where(dialect.among(db, its.wave, names))):
        ended.setdefault(wave, {})[how or "open"] = n
        cutoffs[wave] = min(cutoff_us, cutoffs.get(wave, cutoff_us))
    states: dict[str, dict[str, int]] = {}
    tasks = sa.select(task.wave, task.state, sa.func.count()).group_by(task.wave, task.state)
    for wave, state, n in db.execute(tasks.where(dialect.among(db, task.wave, names))):
        states.setdefault(wave, {})[state] = n
    return [
        WaveRow(
            id=row.id,
            service=row.service,
            release_by_us=row.release_by_us,
            cutoff_us=cutoffs.get(row.id, 0),
            urgent=row.urgent,
            state=wave_state(bool(row.released_us), (how != "open" for how in ended.get(row.id, {}))),
            planned_us=row.planned_us,
            released_us=row.released_us,
            by=row.by,
            members=sum(ended.get(row.id, {}).values()),
            ended=ended.get(row.id, {}),
            tasks=states.get(row.id, {}),
        )
        for row in rows
    ]


class _Displaced(msgspec.Struct):
    by: str
    line: int
    sku: str
    units: int


def displacements(db: sa.Connection, limit: int = 50) -> list[Displacement]:
    """Who lost units to urgent orders of late, the newest first; looked for in the newest 10,000 rows of the outbox."""
    its = sales_tables.outbox.c
    newest = db.execute(sa.select(sa.func.max(its.seq))).scalar() or 0
    query = sa.select(its.subject, its.body).where(its.seq > newest - 10_000, its.type == "order.displaced.v1")
    rows = [
        (name, msgspec.json.decode(body, type=_Displaced))
        for name, body in db.execute(query.order_by(its.seq.desc()).limit(limit))
    ]
    return [Displacement(one.by, name, one.line, one.sku, one.units) for name, one in rows]
