"""Lists of what lies where and why, each by pages: set aside, orders by state, loads, today's wrong and late.

Public names: Listed, ListedRow, ListAsked, LISTS, listed, states_of, WINDOW.

What lies in a lane is what the journals say last: a parcel is set aside until a newer record names it elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from edge.core.events import OrderShipped, Outcome, ParcelGated, RouteDecided, Sorted, ToteChecked
from edge.core.values.layout import LineLayout
from edge.journal.record import Record
from edge.orders.stages import FulfilmentState
from edge.site.set_aside import ASIDE, records_named, why_there
from edge.site.tables import floor, picks, sales, tracking
from edge.views.sentences import Teller
from edge.views.words.phrase import Phrase, phrase

LISTS = ("aside", "orders", "loads", "wrong", "late")
WINDOW = 200_000
"""So many of the newest records of each journal are looked through."""
COUNTED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRow:
    """``key``: by which its story is opened; ``place``: where it is, or when it had to be ready; ``code``: why, as
    programs read it; ``said``: what and why, a sentence; ``after``: with which the list goes on behind it.
    """

    at_us: int
    key: str
    order: str
    place: str
    code: str
    said: Phrase
    after: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A part of a list. ``after``: with which the next part begins, empty = this is the last."""

    rows: tuple[ListedRow, ...]
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAsked:
    """Which part. ``since_us``, ``until_us``: of today's lists; ``state``: of the orders, empty = any."""

    after: str = ""
    limit: int = 100
    state: str = ""
    since_us: int = 0
    until_us: int = 2**62


def listed(db: sa.Connection, name: str, layouts: Sequence[LineLayout], which: ListAsked) -> Listed:
    """A part of one of `LISTS`."""
    rows: list[ListedRow] = []
    for row in _OF[name](db, layouts, which):
        rows.append(row)
        if len(rows) > which.limit:
            return Listed(tuple(rows[:-1]), rows[-2].after)
    return Listed(tuple(rows), "")


def states_of(db: sa.Connection) -> dict[str, int]:
    """How many parcel orders are in each state, `COUNTED` at most."""
    its = sales.fulfilment_states.c
    found: dict[str, int] = {}
    for state in FulfilmentState:
        some = sa.select(its.fulfilment_id).where(its.state == str(state)).limit(COUNTED).subquery()
        if count := db.execute(sa.select(sa.func.count()).select_from(some)).scalar():
            found[str(state)] = count
    return found


# ---- what the journals say -------------------------------------------------------------------------------------------


def _told(
    db: sa.Connection, kinds: Iterable[str], like: sa.ColumnElement[bool], which: ListAsked
) -> list[tuple[str, Record]]:
    """Of each journal the newest records that are meant, by node, the newest first, of all of them together."""
    its, found = floor.mirror.c, list[tuple[str, Record]]()
    for node, top in db.execute(sa.select(floor.progress.c.node, floor.progress.c.seq)).all():
        newest = sa.select(its.seq, its.at_us, its.line, its.kind, its.body).where(
            its.node == node, its.seq > top - WINDOW, its.kind.in_(tuple(kinds)), like,
            its.at_us >= which.since_us, its.at_us < which.until_us,
        )  # fmt: skip
        found += [(node, Record(*row)) for row in db.execute(newest)]
    return sorted(found, key=lambda one: (-one[1].at_us, one[0], -one[1].seq))


def _behind(found: Iterable[tuple[str, Record]], after: str) -> Iterator[tuple[str, Record, str]]:
    """Those behind a place in the list, each with its own."""
    at_us, _, rest = after.partition(".")
    number, _, node = rest.partition(".")
    known = at_us.isdigit() and number.isdigit() and len(rest) < 200 and len(at_us) < 19
    last = (-int(at_us), node, -int(number)) if known else None
    for where, record in found:
        if last is None or (-record.at_us, where, -record.seq) > last:
            yield where, record, f"{record.at_us}.{record.seq}.{where}"


def _is_elsewhere(db: sa.Connection, node: str, record: Record, value: Sorted) -> bool:
    """Whether something newer says that it does not lie there any more."""
    if not value.subject:
        return False
    for one in records_named(db, node, value.subject, floor.mirror.c.seq > record.seq, newest=False):
        match one.value:
            case ToteChecked(line=value.line, track_id=value.track_id):
                pass  # the same visit: its verdict may be final when it lies there already
            case RouteDecided() | Sorted() | ParcelGated() | OrderShipped() | ToteChecked():
                return True
            case _:
                pass
    return False


def _aside(db: sa.Connection, layouts: Sequence[LineLayout], which: ListAsked) -> Iterator[ListedRow]:
    teller = Teller(tuple(layouts))
    lanes = {(its.name, lane.number): lane for its in layouts for lane in its.lanes if lane.role in ASIDE}
    bodies = [floor.mirror.c.body.contains(f'"lane":{number},') for number in sorted({one for _, one in lanes})]
    found = _told(db, (Sorted.__name__,), sa.or_(sa.false(), *bodies), which)
    for node, record, after in _behind(found, which.after):
        value = record.value
        if not isinstance(value, Sorted) or (lane := lanes.get((value.line, value.lane))) is None:
            continue
        if _is_elsewhere(db, node, record, value):
            continue
        why, told = why_there(db, node, record, value)
        yield ListedRow(
            at_us=record.at_us,
            key=value.subject or f"{value.line}#{value.track_id}",
            order=value.order,
            place=f"{value.line} {lane.number} {lane.name}",
            code=why,
            said=teller.tell(told),
            after=after,
        )


def _wrong(db: sa.Connection, layouts: Sequence[LineLayout], which: ListAsked) -> Iterator[ListedRow]:
    teller, body, kind = Teller(tuple(layouts)), floor.mirror.c.body, floor.mirror.c.kind
    ended = sa.and_(kind == Sorted.__name__, sa.not_(body.contains(f'"outcome":"{Outcome.CONFIRMED}"')))
    refused = sa.and_(body.contains('"final":true'), sa.not_(body.contains('"findings":[]')))
    judged = sa.and_(kind == ToteChecked.__name__, refused)
    found = _told(db, (Sorted.__name__, ToteChecked.__name__), sa.or_(ended, judged), which)
    for _, record, after in _behind(found, which.after):
        match value := record.value:
            case Sorted(subject=subject):
                why = str(value.outcome)
            case ToteChecked(tote=subject) if value.findings and value.final:
                why = ",".join(dict.fromkeys(str(finding.kind) for finding in value.findings))
            case _:
                continue
        yield ListedRow(
            at_us=record.at_us,
            key=subject or f"{value.line}#{value.track_id}",
            order=value.order,
            place=value.line,
            code=why,
            said=teller.tell(value),
            after=after,
        )


# ---- what the tables say ---------------------------------------------------------------------------------------------


def _orders(db: sa.Connection, _: Sequence[LineLayout], which: ListAsked) -> Iterator[ListedRow]:
    its, link, member = sales.fulfilment_states.c, sales.fulfilments.c, picks.members.c
    query = sa.select(its.fulfilment_id, its.state).where(its.fulfilment_id > which.after).order_by(its.fulfilment_id)
    if which.state:
        query = query.where(its.state == which.state)
    some = query.limit(which.limit + 1).subquery()
    order = sa.select(sa.func.min(link.sales_id)).where(link.fulfilment_id == some.c.fulfilment_id).scalar_subquery()
    rows = sa.select(some, order.label("order"), member.cutoff_us, member.pickup).outerjoin(
        picks.members, member.fulfilment == some.c.fulfilment_id
    )
    for row in db.execute(rows.order_by(some.c.fulfilment_id)):
        yield ListedRow(
            at_us=row.cutoff_us or 0,
            key=row.fulfilment_id,
            order=row.order or "",
            place=(row.pickup or "").partition("@")[0],  # at_us is when it leaves
            code=row.state,
            said=phrase(f"fulfilment.{row.state}"),
            after=row.fulfilment_id,
        )


def _loads(db: sa.Connection, _: Sequence[LineLayout], which: ListAsked) -> Iterator[ListedRow]:
    its = tracking.departures.c
    query = sa.select(tracking.departures).order_by(its.departed_us.desc(), its.load.desc()).limit(which.limit + 1)
    at_us, dot, load = which.after.partition(".")
    if dot and at_us.isascii() and at_us.isdigit() and len(at_us) < 19:
        query = query.where(sa.tuple_(its.departed_us, its.load) < sa.tuple_(int(at_us), load))
    for row in db.execute(query):
        yield ListedRow(
            at_us=row.departed_us,
            key=row.load,
            order="",
            place=row.dock,
            code=row.carrier,
            said=phrase("find.load", id=row.load, carrier=row.carrier, pieces=row.pieces),
            after=f"{row.departed_us}.{row.load}",
        )


def _late(db: sa.Connection, _: Sequence[LineLayout], which: ListAsked) -> Iterator[ListedRow]:
    its, link = picks.late.c, sales.fulfilments.c
    order = sa.select(sa.func.min(link.sales_id)).where(link.fulfilment_id == its.fulfilment).scalar_subquery()
    query = sa.select(picks.late, order.label("order")).where(
        its.cutoff_us >= which.since_us, its.cutoff_us < which.until_us
    )
    cutoff_us, dot, name = which.after.partition(".")
    if dot and cutoff_us.isascii() and cutoff_us.isdigit() and len(cutoff_us) < 19:
        query = query.where(sa.tuple_(its.cutoff_us, its.fulfilment) > sa.tuple_(int(cutoff_us), name))
    for row in db.execute(query.order_by(its.cutoff_us, its.fulfilment).limit(which.limit + 1)):
        yield ListedRow(
            at_us=row.cutoff_us,
            key=row.fulfilment,
            order=row.order or "",
            place="",
            code=row.reason,
            said=phrase(f"late.{row.reason}"),
            after=f"{row.cutoff_us}.{row.fulfilment}",
        )


_OF: dict[str, Callable[[sa.Connection, Sequence[LineLayout], ListAsked], Iterator[ListedRow]]] = {
    "aside": _aside,
    "orders": _orders,
    "loads": _loads,
    "wrong": _wrong,
    "late": _late,
}
