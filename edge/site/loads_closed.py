"""Loads that were closed, as the mirror of the journals has them: a part of them at a time.

Public names: closed_loads.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from edge.core.events import LoadClosed
from edge.core.names import LOADS
from edge.journal.record import decode
from edge.site.tables import mirror, mirror_refs, progress


def closed_loads(db: sa.Connection, limit: int, after: str = "") -> list[LoadClosed] | None:
    """The newest first. ``after``: only those that were closed before this load; None = no load of that name was."""
    its = mirror.c
    before: sa.ColumnElement[bool] = sa.true()
    if after:
        last = next((one for one in _under(db, after, sa.true(), 1_000) if one.load.load.id == after), None)
        if last is None:
            return None
        before = sa.tuple_(its.at_us, its.seq, its.node) < sa.tuple_(*map(sa.literal, last.place))
    nodes = db.execute(sa.select(progress.c.node)).scalars().all()
    found = [one for node in nodes for one in _under(db, LOADS, sa.and_(mirror_refs.c.node == node, before), limit)]
    return [one.load for one in sorted(found, key=lambda one: one.place, reverse=True)[:limit]]


@dataclass(frozen=True, slots=True)
class _Closed:
    """``place``: by which loads of all journals follow each other: time, number there, journal."""

    place: tuple[int, int, str]
    load: LoadClosed


def _under(db: sa.Connection, ref: str, which: sa.ColumnElement[bool], limit: int) -> list[_Closed]:
    """What stands under a name, from the end of a journal: no more of it is read than is asked for."""
    its, named = mirror.c, mirror_refs.c
    query = (
        sa.select(its.at_us, its.seq, its.node, its.kind, its.body)
        .join(mirror_refs, sa.and_(named.node == its.node, named.seq == its.seq))
        .where(named.ref == ref, its.kind == LoadClosed.__name__, which)
        .order_by(named.node.desc(), named.seq.desc())
        .limit(limit)
    )
    rows = [((at_us, seq, node), decode(kind, body)) for at_us, seq, node, kind, body in db.execute(query)]
    return [_Closed(place, value) for place, value in rows if isinstance(value, LoadClosed)]
