"""A line of a round picked, or short, in one transaction.

Public names: Picked, pick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.orders import floor
from edge.orders.picking import (
    PickError,
    PickLine,
    PickTask,
    ShortReason,
    TaskState,
    picked,
)
from edge.orders.reservations import ReservationEvent, ReservationState
from edge.orders.stages import FulfilmentTurn, Scope, moved
from edge.orders.work import Changed
from edge.site import allocating, books, dialect, orders, outbox, put_backs, reserving, rounds, totes
from edge.site.dialect import Lock
from edge.site.outbox import OutboxTold
from edge.site.scope import locked, save_fulfilments
from edge.site.tables import picks as tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """What a picker says of a line. ``units``: of it in all; ``bin``, ``tote``, ``epcs``: what was scanned.

    ``reason``: why fewer than wanted; ``over``: why more.
    """

    task: str
    n: int
    units: int
    picker: str
    version: int
    reason: ShortReason | None = None
    over: str = ""
    bin: str = ""
    tote: str = ""
    epcs: tuple[str, ...] = ()


def pick(at: StoreConnections, said: Picked, at_us: int) -> PickTask:
    """Books a line: what was picked is staged, what is short is looked for in other bins, in the same round.

    Raises:
        PickError: what was scanned is not what was asked for, or see `edge.orders.picking.picked`; ToteHeldError: the
            tote is another fulfilment's; StalePickError: the round was changed meanwhile.
    """
    its = tables.lines.c
    where = f"task {said.task} line {said.n}"
    with at.writing() as db:
        dialect.lock(db, Lock.SALES, shared=True)
        sku = db.execute(sa.select(its.sku).where(its.task == said.task, its.n == said.n)).scalar()
        if sku is None:
            raise PickError(f"{where}: there is none")
        books.lock_skus(db, [sku])
        task = rounds.round_of(db, said.task, said.picker, said.version)
        now = picked(task, said.n, said.units, said.picker, said.version, said.reason, said.over)
        before = next(line for line in task.lines if line.n == said.n)
        line = next(line for line in now.lines if line.n == said.n)
        if said.bin not in ("", line.at.bin):
            raise PickError(f"{where}: bin {said.bin} was scanned, {line.at.bin} is wanted")
        if said.tote or said.epcs:
            dialect.lock(db, Lock.ORDERS)
        order = totes.order_of(db, line.fulfilment)
        now_order = order
        if said.tote:
            now_order = totes.bound(db, now_order, line.fulfilment, said.tote, at_us)
        if said.epcs:
            now_order = totes.with_items(db, now_order, line, said.epcs, at_us, where)
        taken = min(line.picked, line.quantity) - before.picked
        staged = reserving.step_units(
            db, line.fulfilment, line.at, ReservationState.HARD, ReservationEvent.PICKED, taken
        )
        _in_tote(db, line.fulfilment, staged)
        told: list[OutboxTold] = []
        if line.short:
            reserving.step_units(
                db, line.fulfilment, line.at, ReservationState.HARD, ReservationEvent.SHORT, line.short
            )
            books.suspect(db, line.at, at_us)
            now, told = _lines_again(db, now, line, at_us)
        if line.picked > line.quantity:
            over = line.picked - line.quantity
            put_backs.add_put_back(
                db, line.fulfilment, said.tote or now_order.tote or "", line.at, over, line.over, at_us
            )
        rounds.change_task(db, task, now, at_us)
        if now_order != order:
            orders.put(db, [now_order], at_us)
        outbox.append(db, told, at_us)
        return now


def _in_tote(db: sa.Connection, fulfilment: str, units: Mapping[tuple[str, int], int]) -> None:
    """What a fulfilment's orders know of it: so many units are in its tote, and whether that is all."""
    held = locked(db, fulfilment)
    if held is None:
        return
    now = held
    for (order, number), n in sorted(units.items()):
        changed = floor.pick(Scope({}, {fulfilment: now}), fulfilment, order, number, n)
        if isinstance(changed, Changed):  # else the line had seen it before the picker said so
            now = next(iter(changed.fulfilments), now)
    if now.quantity and all(one.picked == one.quantity for one in now.portions):
        now = moved(now, FulfilmentTurn.PICKED)
    if now != held:
        save_fulfilments(db, [now])


def _lines_again(db: sa.Connection, task: PickTask, line: PickLine, at_us: int) -> tuple[PickTask, list[OutboxTold]]:
    """A round with what was short, from other bins; what nobody offers is said, and waits for stock."""
    placed, missing = allocating.allocate(db, [line.fulfilment], at_us)
    last = max(one.n for one in task.lines)
    more = tuple(
        PickLine(n=last + at, fulfilment=fulfilment, at=key, quantity=n)
        for at, ((fulfilment, key), n) in enumerate(placed.items(), 1)
    )
    told = []
    if lacking := missing.get(line.fulfilment):
        rounds.end_members(db, {line.fulfilment: "short"}, at_us)
        units = sum(n for _, n in lacking)
        body: dict[str, str | int | list[str]] = {"sku": line.at.sku, "units": units, "bin": line.at.bin}
        if line.reason:
            body["reason"] = str(line.reason)
        told.append(OutboxTold("order.short.v1", line.fulfilment, body))
    if not more:
        return task, told
    return replace(task, lines=(*task.lines, *more), state=TaskState.PICKING), told
