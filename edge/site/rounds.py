"""Rounds in transactions: stored, claimed, handed back, made smaller; and how members of waves end.

Public names: StalePickError, RoundNow, task_of, tasks_where, rounds_now, round_counts, save_tasks, change_task, claim,
task_in_hand, hand_back, round_of, fewer_lines, sought_at, end_members.

Order of locks: SKUs, waves, rounds, then what `edge.site.dialect.Lock` says. Each function of a connection pool is one
transaction; those of a connection are parts of one, and say what the outbox shall tell at its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.orders.picking import (
    PickError,
    PickLine,
    PickTask,
    ShortReason,
    TaskEvent,
    TaskState,
    ended,
)
from edge.orders.stock import BinKey, StockCondition
from edge.orders.waves import PickMode
from edge.site import dialect
from edge.site.stories import note_work
from edge.site.tables import picks as tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


_IN_HAND = (str(TaskState.ASSIGNED), str(TaskState.PICKING))


class StalePickError(PickError):
    """Somebody changed the round meanwhile; the text says its version."""


def task_of(db: sa.Connection, name: str, lock: bool = False) -> PickTask | None:
    """A round as it is, or None; with ``lock`` held until the transaction ends."""
    query = sa.select(tables.tasks).where(tables.tasks.c.id == name)
    return next(iter(_tasks(db, query.with_for_update() if lock else query)), None)


def tasks_where(
    db: sa.Connection, wave: str = "", state: TaskState | None = None, after: str = "", limit: int = 100
) -> list[PickTask]:
    """Rounds behind one, by id: all, of a wave, in a state."""
    table = tables.tasks.c
    query = sa.select(tables.tasks).where(table.id > after).order_by(table.id).limit(limit)
    if wave:
        query = query.where(table.wave == wave)
    if state is not None:
        query = query.where(table.state == str(state))
    return _tasks(db, query)


def _tasks(db: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[PickTask]:
    rows = db.execute(query).all()
    lines: dict[str, list[PickLine]] = {}
    its = tables.lines.c
    found = sa.select(tables.lines).where(dialect.among(db, its.task, (row.id for row in rows)))
    for row in db.execute(found.order_by(its.task, its.n)):
        lines.setdefault(row.task, []).append(
            PickLine(
                n=row.n,
                fulfilment=row.fulfilment,
                at=BinKey(row.bin, row.sku, row.lot, StockCondition(row.condition)),
                quantity=row.quantity,
                picked=row.picked,
                reason=ShortReason(row.reason) if row.reason else None,
                over=row.over,
                withdrawn=row.withdrawn,
            )
        )
    return [
        PickTask(
            id=row.id,
            wave=row.wave,
            mode=PickMode(row.mode),
            lines=tuple(lines.get(row.id, ())),
            state=TaskState(row.state),
            picker=row.picker,
            version=row.version,
            urgent=row.urgent,
            release_by_us=row.release_by_us,
        )
        for row in rows
    ]


_TASK = ("id", "wave", "mode", "state", "picker", "version", "urgent", "release_by_us")


_LINE = (
    "task",
    "n",
    "fulfilment",
    "bin",
    "sku",
    "lot",
    "condition",
    "quantity",
    "picked",
    "reason",
    "over",
    "withdrawn",
    "at_us",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundNow:
    """A round that is not done. ``picker``: empty = nobody; ``ended``: of its ``lines``; ``units``: left of it."""

    id: str
    wave: str
    state: TaskState
    picker: str
    urgent: bool
    release_by_us: int
    lines: int
    ended: int
    units: int


def round_counts(db: sa.Connection) -> dict[TaskState, int]:
    """How many rounds are not done, by state."""
    its, states = tables.tasks.c.state, (TaskState.OPEN, TaskState.ASSIGNED, TaskState.PICKING)
    query = sa.select(its, sa.func.count()).where(its.in_(map(str, states))).group_by(its)
    known = {str(state): int(count) for state, count in db.execute(query)}
    return {state: known.get(str(state), 0) for state in states}


def rounds_now(db: sa.Connection, limit: int = 100) -> list[RoundNow]:
    """Rounds that are not done: those in somebody's hands first, then in the order in which they are claimed."""
    task, line = tables.tasks.c, tables.lines.c
    over = sa.or_(line.withdrawn, line.reason != "", line.picked >= line.quantity)
    left = sa.case((over, 0), else_=line.quantity - line.picked)
    query = (
        sa.select(
            *(task[name] for name in ("id", "wave", "state", "picker", "urgent", "release_by_us")),
            sa.func.count().label("lines"),
            sa.func.sum(sa.case((over, 1), else_=0)).label("ended"),
            sa.func.sum(left).label("units"),
        )
        .join(tables.lines, line.task == task.id)
        .where(task.state.in_((*_IN_HAND, str(TaskState.OPEN))))
        .group_by(task.id)
        .order_by(task.state == str(TaskState.OPEN), task.urgent.desc(), task.release_by_us, task.id)
        .limit(limit)
    )
    return [
        RoundNow(**{**row._asdict(), "state": TaskState(row.state), "ended": int(row.ended), "units": int(row.units)})
        for row in db.execute(query)
    ]


def save_tasks(db: sa.Connection, new: Sequence[PickTask]) -> None:
    """Stores rounds that are new, with their lines."""
    rows = [
        (one.id, one.wave, str(one.mode), str(one.state), one.picker, one.version, one.urgent, one.release_by_us)
        for one in new
    ]
    dialect.bulk_insert(db, tables.tasks, _TASK, rows)
    dialect.bulk_insert(db, tables.lines, _LINE, (_line_row(one.id, line, 0) for one in new for line in one.lines))


def _line_row(task: str, line: PickLine, at_us: int) -> tuple[object, ...]:
    at = line.at
    return (
        task,
        line.n,
        line.fulfilment,
        at.bin,
        at.sku,
        at.lot,
        str(at.condition),
        line.quantity,
        line.picked,
        str(line.reason) if line.reason else "",
        line.over,
        line.withdrawn,
        at_us,
    )


def change_task(db: sa.Connection, before: PickTask, now: PickTask, at_us: int) -> None:
    """Stores what differs of a round. ``at_us``: when somebody picked; what else changes a line keeps its time."""
    if before == now:
        return
    values = {"state": str(now.state), "picker": now.picker, "version": now.version}
    db.execute(tables.tasks.update().where(tables.tasks.c.id == now.id).values(values))
    known = {line.n: line for line in before.lines}
    its = tables.lines.c
    for line in now.lines:
        row = dict(zip(_LINE, _line_row(now.id, line, at_us), strict=True))
        if line.n not in known:
            db.execute(tables.lines.insert().values({**row, "at_us": 0}))
        elif known[line.n] != line:
            if (known[line.n].picked, known[line.n].reason) == (line.picked, line.reason):
                del row["at_us"]
            db.execute(tables.lines.update().where(its.task == now.id, its.n == line.n).values(row))


def claim(at: StoreConnections, picker: str, at_us: int = 0) -> PickTask | None:
    """A picker's next round: the one in hand, or else the most urgent open one, now theirs. None = nothing to do.

    Nobody waits for another: a round that somebody else is about to claim is passed over. ``at_us``: when, for the
    timelines of its orders; 0 = nothing is noted.
    """
    table = tables.tasks.c
    with at.writing() as db:
        dialect.lock_name(db, picker)
        if (mine := task_in_hand(db, picker)) is not None:
            return mine
        free = sa.select(table.id).where(table.state == str(TaskState.OPEN))
        ordered = free.order_by(table.urgent.desc(), table.release_by_us, table.id).limit(1)
        if (name := db.execute(dialect.claim(ordered)).scalar()) is None:
            return None
        task = task_of(db, name)
        assert task is not None, "it is claimed"
        now = replace(task, state=task.stepped(TaskEvent.CLAIMED), picker=picker, version=task.version + 1)
        change_task(db, task, now, 0)
        _note(db, now, "claimed", picker, at_us)
        return now


def task_in_hand(db: sa.Connection, picker: str) -> PickTask | None:
    """The round that a picker has, or None."""
    table = tables.tasks.c
    mine = sa.select(table.id).where(table.picker == picker, table.state.in_(_IN_HAND)).limit(1)
    return None if (name := db.execute(mine).scalar()) is None else task_of(db, name)


def hand_back(at: StoreConnections, name: str, picker: str, version: int, at_us: int = 0) -> PickTask:
    """A round as nobody's again.

    Raises:
        PickError: there is none, it is somebody else's, or it cannot be; StalePickError: it was changed meanwhile.
    """
    with at.writing() as db:
        task = round_of(db, name, picker, version)
        now = replace(task, state=task.stepped(TaskEvent.HANDED_BACK), picker="", version=task.version + 1)
        change_task(db, task, now, 0)
        _note(db, now, "handed-back", picker, at_us)
        return now


def _note(db: sa.Connection, task: PickTask, what: str, picker: str, at_us: int) -> None:
    if at_us:
        note_work(db, {line.fulfilment for line in task.lines}, what, picker, at_us, {"round": task.id})


def round_of(db: sa.Connection, name: str, picker: str, version: int) -> PickTask:
    task = task_of(db, name, lock=True)
    if task is None:
        raise PickError(f"task {name}: there is none")
    if task.picker != picker:
        raise PickError(f"task {name}: it is {task.picker or 'nobody'}'s, not {picker}'s")
    if task.version != version:
        raise StalePickError(f"task {name}: version {version} is not {task.version}, which stands")
    return task


def end_members(db: sa.Connection, ended: Mapping[str, str], at_us: int) -> None:
    table = tables.members
    which = table.update().where(table.c.fulfilment == sa.bindparam("which"), table.c.ended != "shipped")
    if rows := [{"which": name, "how": how} for name, how in sorted(ended.items())]:
        db.execute(which.values(ended=sa.bindparam("how"), ended_us=at_us), rows)


def sought_at(db: sa.Connection, fulfilment: str, sku: str) -> BinKey | None:
    """The bin that somebody was sent to last for an article of a fulfilment; None = nobody was."""
    its = tables.lines.c
    query = sa.select(its.bin, its.sku, its.lot, its.condition).where(its.fulfilment == fulfilment, its.sku == sku)
    row = db.execute(query.order_by(its.at_us.desc(), its.task, its.n).limit(1)).first()
    return None if row is None else BinKey(row.bin, row.sku, row.lot, StockCondition(row.condition))


def fewer_lines(db: sa.Connection, fewer: Mapping[tuple[str, BinKey], int], at_us: int) -> None:
    """Lines that nobody has ended want so many units less; a line without units is withdrawn, so is its round."""
    if not any(fewer.values()):
        return
    its = tables.lines.c
    open_ones = sa.and_(
        dialect.among(db, its.fulfilment, (name for name, _ in fewer)), its.withdrawn.is_(False), its.reason == ""
    )
    names = sorted(set(db.execute(sa.select(its.task).where(open_ones)).scalars()))
    query = sa.select(tables.tasks).where(dialect.among(db, tables.tasks.c.id, names)).order_by(tables.tasks.c.id)
    left = dict(fewer)
    for task in _tasks(db, query.with_for_update()):
        lines = []
        for line in task.lines:
            n = 0 if line.ended else min(left.get((line.fulfilment, line.at), 0), line.quantity - line.picked)
            if n:
                left[line.fulfilment, line.at] -= n
                rest = line.quantity - n
                line = replace(line, quantity=rest) if rest else replace(line, withdrawn=True)
            lines.append(line)
        now = replace(task, lines=tuple(lines), version=task.version + 1)
        if now.lines != task.lines:
            change_task(db, task, ended(now), at_us)
