"""Picking in transactions: rounds claimed, lines picked or short, totes bound, what goes back, what left the house.

Public names: Picked, StalePickError, claim, hand_back, pick, bind_tote, free_tote, task_of, tasks_where, save_tasks,
change_task, open_put_backs, put_back, PutBackRow, take_away, recorded, counted_at, allocate_again, ended_by.

Order of locks: SKUs, waves, rounds, then what `edge.site.dialect.Lock` says. Each function of a connection pool is one
transaction; those of a connection are parts of one, and say what the outbox shall tell at its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.core.events import OrderShipped, ToteChecked
from edge.core.values.order import Order, OrderState
from edge.orders.allocation import chosen
from edge.orders.articles import Article
from edge.orders.corrections import Mismatch, TaggedItem, seen_leaving
from edge.orders.picking import (
    PickError,
    PickLine,
    PickTask,
    ShortReason,
    TaskEvent,
    TaskState,
    ToteHeldError,
    picked,
)
from edge.orders.reservations import ReservationEvent, ReservationState, departed
from edge.orders.stock import BinKey, BinStock, BookChange, Movement, StockCause, StockCondition
from edge.orders.waves import PickMode
from edge.site import dialect, orders, outbox, stock
from edge.site import tables as floor
from edge.site.outbox import OutboxTold
from edge.site.tables import picks as tables
from edge.site.tables import stock as stock_tables

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

_IN_HAND = (str(TaskState.ASSIGNED), str(TaskState.PICKING))
_GOING = (ReservationState.HARD, ReservationState.STAGED, ReservationState.PUTTING_BACK)


class StalePickError(PickError):
    """Somebody changed the round meanwhile; the text says its version."""


# ---- rounds ----------------------------------------------------------------------------------------------------------


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
    """Stores what differs of a round."""
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
            db.execute(tables.lines.update().where(its.task == now.id, its.n == line.n).values(row))


def claim(at: StoreConnections, picker: str) -> PickTask | None:
    """A picker's next round: the one in hand, or else the most urgent open one, now theirs. None = nothing to do.

    Nobody waits for another: a round that somebody else is about to claim is passed over.
    """
    table = tables.tasks.c
    with at.writing() as db:
        mine = sa.select(table.id).where(table.picker == picker, table.state.in_(_IN_HAND)).limit(1)
        if (name := db.execute(mine).scalar()) is not None:
            return task_of(db, name)
        free = sa.select(table.id).where(table.state == str(TaskState.OPEN))
        ordered = free.order_by(table.urgent.desc(), table.release_by_us, table.id).limit(1)
        if (name := db.execute(dialect.claim(ordered)).scalar()) is None:
            return None
        task = task_of(db, name)
        assert task is not None, "it is claimed"
        now = replace(task, state=task.stepped(TaskEvent.CLAIMED), picker=picker, version=task.version + 1)
        change_task(db, task, now, 0)
        return now


def hand_back(at: StoreConnections, name: str, picker: str, version: int) -> PickTask:
    """A round as nobody's again.

    Raises:
        PickError: there is none, it is somebody else's, or it cannot be; StalePickError: it was changed meanwhile.
    """
    with at.writing() as db:
        task = _mine(db, name, picker, version)
        now = replace(task, state=task.stepped(TaskEvent.HANDED_BACK), picker="", version=task.version + 1)
        change_task(db, task, now, 0)
        return now


def _mine(db: sa.Connection, name: str, picker: str, version: int) -> PickTask:
    task = task_of(db, name, lock=True)
    if task is None:
        raise PickError(f"task {name}: there is none")
    if task.picker != picker:
        raise PickError(f"task {name}: it is {task.picker or 'nobody'}'s, not {picker}'s")
    if task.version != version:
        raise StalePickError(f"task {name}: version {version} is not {task.version}, which stands")
    return task


# ---- a line ----------------------------------------------------------------------------------------------------------


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
        sku = db.execute(sa.select(its.sku).where(its.task == said.task, its.n == said.n)).scalar()
        if sku is None:
            raise PickError(f"{where}: there is none")
        stock.lock_skus(db, [sku])
        task = _mine(db, said.task, said.picker, said.version)
        now = picked(task, said.n, said.units, said.picker, said.version, said.reason, said.over)
        before = next(line for line in task.lines if line.n == said.n)
        line = next(line for line in now.lines if line.n == said.n)
        if said.bin not in ("", line.at.bin):
            raise PickError(f"{where}: bin {said.bin} was scanned, {line.at.bin} is wanted")
        order = _order(db, line.fulfilment)
        now_order = order
        if said.tote:
            now_order = _bound(db, now_order, line.fulfilment, said.tote, at_us)
        if said.epcs:
            now_order = _with_items(db, now_order, line, said.epcs, at_us, where)
        taken = min(line.picked, line.quantity) - before.picked
        _step_units(db, line.fulfilment, line.at, ReservationState.HARD, ReservationEvent.PICKED, taken)
        told: list[OutboxTold] = []
        if line.short:
            _step_units(db, line.fulfilment, line.at, ReservationState.HARD, ReservationEvent.SHORT, line.short)
            stock.suspect(db, line.at, at_us)
            now, told = _lines_again(db, now, line, at_us)
        if line.picked > line.quantity:
            over = line.picked - line.quantity
            _add_put_back(db, line.fulfilment, said.tote or now_order.tote or "", line.at, over, line.over, at_us)
        change_task(db, task, now, at_us)
        if now_order != order:
            orders.put(db, [now_order], at_us)
        outbox.append(db, told, at_us)
        return now


def _order(db: sa.Connection, fulfilment: str) -> Order:
    found = orders.order_where(db, floor.orders.c.id == fulfilment)
    if found is None:
        raise PickError(f"fulfilment {fulfilment}: there is none")
    return found


def _step_units(
    db: sa.Connection, fulfilment: str, key: BinKey, state: ReservationState, event: ReservationEvent, units: int
) -> int:
    """Takes a step with so many units that a fulfilment has in a bin; how many there were."""
    if units <= 0:
        return 0
    table = stock_tables.reservations.c
    rows = stock.held(
        db,
        sa.and_(
            table.fulfilment == fulfilment,
            table.state == str(state),
            table.bin == key.bin,
            table.sku == key.sku,
            table.lot == key.lot,
            table.condition == str(key.condition),
        ),
    )
    effects: list[BookChange] = []
    left = units
    for one in rows:
        if not left:
            break
        n = min(left, one.its.quantity)
        effects.append(stock.step(db, one, event, n)[2])
        left -= n
    stock.apply(db, BookChange.summed(effects))
    return units - left


def _lines_again(db: sa.Connection, task: PickTask, line: PickLine, at_us: int) -> tuple[PickTask, list[OutboxTold]]:
    """A round with what was short, from other bins; what nobody offers is said, and waits for stock."""
    placed, missing = _allocate(db, [line.fulfilment], at_us)
    last = max(one.n for one in task.lines)
    more = tuple(
        PickLine(n=last + at, fulfilment=fulfilment, at=key, quantity=n)
        for at, ((fulfilment, key), n) in enumerate(placed.items(), 1)
    )
    told = []
    if lacking := missing.get(line.fulfilment):
        _end_members(db, {line.fulfilment: "short"}, at_us)
        units = sum(n for _, n in lacking)
        body: dict[str, str | int | list[str]] = {"sku": line.at.sku, "units": units, "bin": line.at.bin}
        if line.reason:
            body["reason"] = str(line.reason)
        told.append(OutboxTold("order.short.v1", line.fulfilment, body))
    if not more:
        return task, told
    return replace(task, lines=(*task.lines, *more), state=TaskState.PICKING), told


def _allocate(
    db: sa.Connection, fulfilments: Sequence[str], at_us: int
) -> tuple[dict[tuple[str, BinKey], int], dict[str, list[tuple[str, int]]]]:
    """Bins for the soft units of released fulfilments: (fulfilment, bin) -> units, and what is missing of whom."""
    table = stock_tables.reservations.c
    rows = stock.held(
        db, sa.and_(dialect.among(db, table.fulfilment, fulfilments), table.state == str(ReservationState.SOFT))
    )
    skus = {one.its.sku for one in rows}
    articles = stock.articles_of(db, skus)
    offers = {offer.key: offer for offer in stock.offers_of(db, skus)}
    delivered = sa.select(tables.members.c.fulfilment, tables.members.c.delivered_us).where(
        dialect.among(db, tables.members.c.fulfilment, fulfilments)
    )
    until = dict(db.execute(delivered).all())
    placed: Counter[tuple[str, BinKey]] = Counter()
    missing: dict[str, list[tuple[str, int]]] = {}
    effects: list[BookChange] = []
    for one in sorted(rows, key=lambda row: (row.its.rank, row.its.order, row.its.line, row.seq)):
        article = articles.get(one.its.sku) or Article(sku=one.its.sku)
        choice = chosen(
            [offer for offer in offers.values() if offer.key.sku == one.its.sku],
            one.its.quantity,
            at_us,
            max(at_us, until.get(one.fulfilment, at_us)),
            article.min_life_us,
            article.single_lot,
        )
        rest: stock.Held | None = one
        for take in choice.takes:
            assert rest is not None, "a choice takes no more than is wanted"
            _, rest, effect = stock.step(db, rest, ReservationEvent.ALLOCATED, take.quantity, take.key)
            effects.append(effect)
            placed[one.fulfilment, take.key] += take.quantity
            offers[take.key] = replace(offers[take.key], free=offers[take.key].free - take.quantity)
        if choice.missing:
            missing.setdefault(one.fulfilment, []).append((one.its.sku, choice.missing))
    stock.apply(db, BookChange.summed(effects))
    return dict(placed), missing


def allocate_again(at: StoreConnections, at_us: int) -> int:
    """Rounds for released fulfilments that were short, where stock came meanwhile; how many units are found."""
    table = stock_tables.reservations.c
    waiting = sa.and_(table.fulfilment != "", table.state == str(ReservationState.SOFT))
    with at.writing() as db:
        stock.lock_skus(db, db.execute(sa.select(table.sku).where(waiting).distinct()).scalars())
        names = sorted(set(db.execute(sa.select(table.fulfilment).where(waiting)).scalars()))
        return _rounds_again(db, names, at_us)


def _rounds_again(db: sa.Connection, names: Sequence[str], at_us: int) -> int:
    placed, missing = _allocate(db, names, at_us)
    by_fulfilment: dict[str, list[tuple[BinKey, int]]] = {}
    for (name, key), n in placed.items():
        by_fulfilment.setdefault(name, []).append((key, n))
    members = {
        row.fulfilment: row
        for row in db.execute(
            sa.select(tables.members.c.fulfilment, tables.waves)
            .join(tables.waves, tables.waves.c.id == tables.members.c.wave)
            .where(dialect.among(db, tables.members.c.fulfilment, by_fulfilment))
        )
    }
    made: list[PickTask] = []
    for name, found in sorted(by_fulfilment.items()):
        row = members[name]
        known = db.execute(
            sa.select(sa.func.count()).select_from(tables.tasks).where(tables.tasks.c.wave == row.id)
        ).scalar_one()
        lines = tuple(PickLine(n=n, fulfilment=name, at=key, quantity=units) for n, (key, units) in enumerate(found, 1))
        made.append(
            PickTask(
                id=f"{row.id}-{known + 1}+{len(made) + 1}",
                wave=row.id,
                mode=PickMode.ORDER,
                lines=lines,
                urgent=row.urgent,
                release_by_us=row.release_by_us,
            )
        )
    save_tasks(db, made)
    _end_members(db, {name: "" for name in by_fulfilment if name not in missing}, 0)
    return sum(placed.values())


def _end_members(db: sa.Connection, ended: Mapping[str, str], at_us: int) -> None:
    table = tables.members
    which = table.update().where(table.c.fulfilment == sa.bindparam("which"), table.c.ended != "shipped")
    if rows := [{"which": name, "how": how} for name, how in sorted(ended.items())]:
        db.execute(which.values(ended=sa.bindparam("how"), ended_us=at_us), rows)


# ---- totes and items -------------------------------------------------------------------------------------------------


def bind_tote(at: StoreConnections, fulfilment: str, tote: str, at_us: int) -> None:
    """A tote as an open fulfilment's; again, nothing changes.

    Raises:
        PickError: there is no such fulfilment, or it has another tote; ToteHeldError: another fulfilment has the tote.
    """
    with at.writing() as db:
        order = _order(db, fulfilment)
        now = _bound(db, order, fulfilment, tote, at_us)
        if now != order:
            orders.put(db, [now], at_us)


def _bound(db: sa.Connection, order: Order, fulfilment: str, tote: str, at_us: int) -> Order:
    """What the order is with the tote; whoever is about to bind totes waits."""
    dialect.lock(db, dialect.Lock.ORDERS)
    table = tables.totes.c
    known = sa.select(tables.totes).where(sa.or_(table.tote == tote, table.fulfilment == fulfilment))
    for row in db.execute(known):
        if row.tote == tote and row.fulfilment != fulfilment:
            raise ToteHeldError(tote, row.fulfilment, fulfilment)
        if row.tote != tote:
            raise PickError(f"fulfilment {fulfilment}: has tote {row.tote}, not {tote}")
        return replace(order, tote=tote)
    others = floor.orders.c
    holding = sa.and_(others.tote == tote, others.state == str(OrderState.OPEN), others.id != fulfilment)
    if (holder := orders.order_where(db, holding)) is not None:
        raise ToteHeldError(tote, holder.id, fulfilment)
    db.execute(tables.totes.insert().values(tote=tote, fulfilment=fulfilment, since_us=at_us))
    return replace(order, tote=tote)


def free_tote(at: StoreConnections, tote: str, at_us: int) -> str:
    """A tote that was seen empty is nobody's; whose it was, empty = nobody's."""
    with at.writing() as db:
        dialect.lock(db, dialect.Lock.ORDERS)
        table = tables.totes
        holder = db.execute(sa.select(table.c.fulfilment).where(table.c.tote == tote)).scalar()
        if holder is None:
            return ""
        db.execute(table.delete().where(table.c.tote == tote))
        order = orders.order_where(db, floor.orders.c.id == holder)
        if order is not None and order.tote == tote and order.state is OrderState.OPEN:
            orders.put(db, [replace(order, tote=None)], at_us)
        return str(holder)


def _with_items(db: sa.Connection, order: Order, line: PickLine, epcs: Sequence[str], at_us: int, where: str) -> Order:
    """The order with the very items that were picked; they are this fulfilment's now."""
    table = stock_tables.items
    known = {row.epc: row for row in db.execute(sa.select(table).where(dialect.among(db, table.c.epc, epcs)))}
    for epc in epcs:
        row = known.get(epc)
        if row is not None and row.sku != line.at.sku:
            raise PickError(f"{where}: item {epc} is of {row.sku}, {line.at.sku} is wanted")
        if row is not None and row.fulfilment not in ("", line.fulfilment):
            raise PickError(f"{where}: item {epc}: fulfilment {row.fulfilment} has it")
        if row is None:
            db.execute(
                table.insert().values(
                    epc=epc,
                    sku=line.at.sku,
                    bin=line.at.bin,
                    lot=line.at.lot,
                    condition=str(line.at.condition),
                    fulfilment=line.fulfilment,
                    since_us=at_us,
                )
            )
        else:
            db.execute(table.update().where(table.c.epc == epc).values(fulfilment=line.fulfilment, since_us=at_us))
    lines = list(order.lines)
    for at, one in enumerate(lines):
        if one.sku == line.at.sku:
            named = tuple(dict.fromkeys((*one.epcs, *epcs)))
            if len(named) > one.quantity:
                raise PickError(f"{where}: {len(named)} items of {line.at.sku}, {one.quantity} are wanted")
            lines[at] = replace(one, epcs=named)
            break
    return replace(order, lines=tuple(lines))


# ---- what goes back --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBackRow:
    """Units that lie in a tote and are to go to their bin. ``tote``: empty = it is not known which."""

    seq: int
    fulfilment: str
    tote: str
    to: BinKey
    quantity: int
    why: str
    since_us: int


def _add_put_back(db: sa.Connection, fulfilment: str, tote: str, to: BinKey, units: int, why: str, at_us: int) -> None:
    db.execute(
        tables.put_backs.insert().values(
            fulfilment=fulfilment,
            tote=tote,
            bin=to.bin,
            sku=to.sku,
            lot=to.lot,
            condition=str(to.condition),
            quantity=units,
            why=why,
            since_us=at_us,
            done_us=0,
            by="",
        )
    )


def open_put_backs(db: sa.Connection, after: int = 0, limit: int = 100) -> list[PutBackRow]:
    """What lies in totes and is not wanted there, behind a number, in order."""
    table = tables.put_backs
    query = sa.select(table).where(table.c.done_us == 0, table.c.seq > after).order_by(table.c.seq).limit(limit)
    return [_put_back(row) for row in db.execute(query)]


def _put_back(row: sa.Row[tuple[object, ...]]) -> PutBackRow:
    said = row._mapping  # noqa: SLF001  # SQLAlchemy's public name
    return PutBackRow(
        seq=said["seq"],
        fulfilment=said["fulfilment"],
        tote=said["tote"],
        to=BinKey(said["bin"], said["sku"], said["lot"], StockCondition(said["condition"])),
        quantity=said["quantity"],
        why=said["why"],
        since_us=said["since_us"],
    )


def put_back(at: StoreConnections, seq: int, by: str, at_us: int) -> PutBackRow:
    """Units were seen in their bin again: nobody has them any more. Said again, nothing changes.

    Raises:
        PickError: there is no such row.
    """
    table = tables.put_backs
    with at.writing() as db:
        row = db.execute(sa.select(table).where(table.c.seq == seq)).first()
        if row is None:
            raise PickError(f"put-back {seq}: there is none")
        stock.lock_skus(db, [row.sku])
        which = table.update().where(table.c.seq == seq, table.c.done_us == 0)
        done = _put_back(row)
        if db.execute(which.values(done_us=at_us, by=by)).rowcount:
            state, event = ReservationState.PUTTING_BACK, ReservationEvent.PUT_BACK
            _step_units(db, done.fulfilment, done.to, state, event, done.quantity)
        return done


def take_away(db: sa.Connection, units: Mapping[tuple[str, int], int], why: str, at_us: int) -> dict[str, int]:
    """Takes units from lines of orders that want fewer: (order, line) -> how many; what must go back, by fulfilment.

    What is soft goes first, then what is not picked yet, whose pick lines get fewer; what lies in a tote is to be put
    back, and is free when it was seen. The line's book is the caller's to amend.
    """
    table = stock_tables.reservations.c
    live = table.state.in_(
        [str(state) for state in (ReservationState.SOFT, ReservationState.HARD, ReservationState.STAGED)]
    )
    of_orders = sa.and_(dialect.among(db, table.order_id, (order for order, _ in units)), live)
    stock.lock_skus(db, db.execute(sa.select(table.sku).where(of_orders).distinct()).scalars())
    rows = stock.held(db, of_orders)
    turn = {ReservationState.SOFT: 0, ReservationState.HARD: 1, ReservationState.STAGED: 2}
    effects: list[BookChange] = []
    fewer: Counter[tuple[str, BinKey]] = Counter()
    back: Counter[str] = Counter()
    left = dict(units)
    for one in sorted(rows, key=lambda row: (turn[row.its.state], row.seq)):
        key = (one.its.order, one.its.line)
        n = min(left.get(key, 0), one.its.quantity)
        if n <= 0:
            continue
        left[key] -= n
        now, _, effect = stock.step(db, one, ReservationEvent.CANCELLED, n)
        effects.append(effect)
        if one.its.at and one.its.state is ReservationState.HARD:
            fewer[one.fulfilment, one.its.at] += n
        elif one.its.at and now is not None:
            tote = db.execute(
                sa.select(tables.totes.c.tote).where(tables.totes.c.fulfilment == one.fulfilment)
            ).scalar()
            _add_put_back(db, one.fulfilment, tote or "", one.its.at, n, why, at_us)
            back[one.fulfilment] += n
    stock.apply(db, BookChange.summed(effects))
    _fewer_lines(db, fewer, at_us)
    return dict(back)


def _fewer_lines(db: sa.Connection, fewer: Mapping[tuple[str, BinKey], int], at_us: int) -> None:
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
            change_task(db, task, _closed(now), at_us)


def _closed(task: PickTask) -> PickTask:
    """A round as done or withdrawn, once nothing of it is left to pick."""
    if not all(line.ended for line in task.lines):
        return task
    if task.state is TaskState.PICKING:
        return replace(task, state=task.stepped(TaskEvent.ENDED))
    if task.state in (TaskState.OPEN, TaskState.ASSIGNED) and all(line.withdrawn for line in task.lines):
        return replace(task, state=task.stepped(TaskEvent.WITHDRAWN), picker="")
    return task


# ---- movements that picking must know of -----------------------------------------------------------------------------


def recorded(at: StoreConnections, movements: Sequence[Movement], by: str, at_us: int) -> stock.Recorded:
    """`edge.site.stock.record` with what it means for rounds: who lost units gets others, where there are any."""
    with at.writing() as db:
        done = stock.record(db, movements, by)
        outbox.append(db, _mended(db, done.gave_way, at_us), at_us)
        return done


def counted_at(
    at: StoreConnections, key: BinKey, seen: int, cause: StockCause, by: str, why: str, at_us: int
) -> stock.Recorded:
    """`edge.site.stock.count` with what it means for rounds."""
    with at.writing() as db:
        done = stock.count(db, key, seen, cause, at_us, by, why)
        outbox.append(db, _mended(db, done.gave_way, at_us), at_us)
        return done


def _mended(db: sa.Connection, gave_way: Sequence[stock.GaveWay], at_us: int) -> list[OutboxTold]:
    fewer: Counter[tuple[str, BinKey]] = Counter()
    told = []
    for one in gave_way:
        its = one.held.its
        if its.at and one.event is ReservationEvent.WITHDRAWN and one.held.fulfilment:
            fewer[one.held.fulfilment, its.at] += one.quantity
        if one.event is ReservationEvent.UNSTOCKED:
            body: dict[str, str | int | list[str]] = {"line": its.line, "sku": its.sku, "units": one.quantity}
            told.append(OutboxTold("order.unstocked.v1", its.order, body))
    _fewer_lines(db, fewer, at_us)
    _rounds_again(db, sorted({name for name, _ in fewer}), at_us)
    return told


# ---- what the journals tell ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Seen:
    checked: dict[str, ToteChecked] = field(default_factory=dict)
    shipped: dict[str, OrderShipped] = field(default_factory=dict)


def ended_by(db: sa.Connection, told: Iterable[object]) -> list[OutboxTold]:
    """What the floor says of fulfilments that were released here: verified ones, and those that left.

    A verified tote's items are put right by their tags; a parcel in its carrier's lane takes its units out of the
    books, and its tote is free.
    """
    seen = _Seen()
    for one in told:
        if isinstance(one, ToteChecked) and one.verified and one.order:
            seen.checked[one.order] = one
        elif isinstance(one, OrderShipped):
            seen.shipped.setdefault(one.order, one)
    names = seen.checked.keys() | seen.shipped.keys()
    if not names:
        return []
    table = stock_tables.reservations.c
    ours = dialect.among(db, table.fulfilment, names)
    stock.lock_skus(db, db.execute(sa.select(table.sku).where(ours).distinct()).scalars())
    outcome: list[OutboxTold] = []
    for name, check in sorted(seen.checked.items()):
        outcome += _put_right(db, check)
        _end_members(db, {name: "verified"}, check.at_us)
    for name, one in sorted(seen.shipped.items()):
        _depart(db, name, one.at_us)
    return outcome


def _put_right(db: sa.Connection, check: ToteChecked) -> list[OutboxTold]:
    items = stock_tables.items
    table = stock_tables.reservations.c
    told = []
    query = sa.select(items).where(dialect.among(db, items.c.epc, check.matched)).order_by(items.c.epc)
    for row in db.execute(query).all():
        where = None if row.bin is None else BinKey(row.bin, row.sku, row.lot, StockCondition(row.condition))
        mine = stock.held(
            db,
            sa.and_(
                table.fulfilment == check.order,
                table.sku == row.sku,
                table.state.in_((str(ReservationState.HARD), str(ReservationState.STAGED))),
            ),
        )
        if not mine or where is None or any(one.its.at == where for one in mine):
            continue
        real = replace(where, condition=StockCondition.SELLABLE)
        others = [one for one in stock.held(db, stock.at_place(real)) if one.fulfilment != check.order]
        under = mine[0]
        found = seen_leaving(
            TaggedItem(epc=row.epc, sku=row.sku, at=where, order=row.fulfilment, since_us=row.since_us),
            replace(under.its, order=under.fulfilment),
            stock.bin_rows(db, [row.sku]).get(real) or BinStock(real),
            [one.its for one in others],
            StockCause("portal", f"{check.line}#{check.passage}"[:150] + f"@{check.at_us}:{row.epc}"[-50:]),
            check.at_us,
        )
        if found is None:
            continue
        if found.finding not in (Mismatch.OTHER_ORDER, Mismatch.LOT_REFUSED):
            stock.record(db, found.movements)
            effects = []
            for its, event, to in found.steps:
                one = under if its.order == under.fulfilment and its.at == under.its.at else None
                one = one or next(other for other in others if other.its == its)
                effects.append(stock.step(db, one, event, 1, to)[2])
            stock.apply(db, BookChange.summed(effects))
        told.append(OutboxTold("stock.corrected.v1", row.epc, {"finding": str(found.finding), "order": check.order}))
    return told


def _depart(db: sa.Connection, fulfilment: str, at_us: int) -> None:
    table = stock_tables.reservations.c
    going = [one for one in stock.held(db, table.fulfilment == fulfilment) if one.its.state in _GOING and one.its.at]
    movements, effects = [], []
    unpicked: Counter[tuple[str, BinKey]] = Counter()
    for n, one in enumerate(going):
        _, movement, change = departed(one.its, StockCause("fulfilment", fulfilment, n), at_us)
        stock.step(db, one, ReservationEvent.DEPARTED)
        movements.append(movement)
        effects.append(change)
        if one.its.at and one.its.state is ReservationState.HARD:
            unpicked[fulfilment, one.its.at] += one.its.quantity
    stock.apply(db, BookChange.summed(effects))
    stock.write_ledger(db, movements, "")
    _fewer_lines(db, unpicked, at_us)
    db.execute(tables.totes.delete().where(tables.totes.c.fulfilment == fulfilment))
    items = stock_tables.items
    db.execute(items.update().where(items.c.fulfilment == fulfilment).values(bin=None, fulfilment="", since_us=at_us))
    done = tables.put_backs.update().where(tables.put_backs.c.fulfilment == fulfilment, tables.put_backs.c.done_us == 0)
    db.execute(done.values(done_us=at_us, by="departed"))
    _end_members(db, {fulfilment: "shipped"}, at_us)
