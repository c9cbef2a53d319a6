"""What carriers send is stored: each message as it came and once, and what it says of parcels.

Public names: take_message, take_words, take_numbers, explain, unexplained, Unexplained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from edge.orders.tracking import CarrierWord, ParcelCode, TrackRules
from edge.site import dialect, outbox, tracking
from edge.site.dialect import Lock
from edge.site.tables import tracking as tables
from edge.site.tracking import AHEAD_US, Took

if TYPE_CHECKING:
    from edge.site.connections import StoreConnections

_TEXT = 400


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A carrier's code that its table does not have: how often it came, and when last."""

    source: str
    given: str
    count: int
    last_us: int


def take_message(
    at: StoreConnections,
    source: str,
    name: str,
    body: str,
    words: Sequence[CarrierWord],
    numbers: Sequence[tuple[str, str]],
    problems: Sequence[str],
    at_us: int,
    rules: TrackRules,
) -> Took:
    """A message by its id; one that is known changes nothing, whatever stands in it."""
    with at.writing() as db:
        dialect.lock(db, Lock.TRACKING)
        its = tables.hooks
        known = sa.select(its.c.events).where(its.c.source == source, its.c.hook_id == name)
        if (before := db.execute(known).scalar()) is not None:
            return Took(same=before)
        trouble = "; ".join(problems)[:_TEXT]
        row = {"source": source, "hook_id": name, "at_us": at_us, "body": body, "events": len(words)}
        db.execute(its.insert().values(**row, trouble=trouble))
        return _take(db, source, words, numbers, at_us, rules)


def take_words(
    at: StoreConnections,
    source: str,
    words: Sequence[CarrierWord],
    numbers: Sequence[tuple[str, str]],
    at_us: int,
    rules: TrackRules,
) -> Took:
    """Words of a file, all or none."""
    with at.writing() as db:
        return _take(db, source, words, numbers, at_us, rules)


def take_numbers(at: StoreConnections, numbers: Sequence[tuple[str, str]], at_us: int, rules: TrackRules) -> None:
    """Carriers' own numbers of parcels, (SSCC, number)."""
    with at.writing() as db:
        outbox.append(db, tracking.numbered(db, numbers, at_us, rules), at_us)


def _take(
    db: sa.Connection,
    source: str,
    words: Sequence[CarrierWord],
    numbers: Sequence[tuple[str, str]],
    at_us: int,
    rules: TrackRules,
) -> Took:
    told = tracking.numbered(db, numbers, at_us, rules)
    took, more = tracking.take(db, source, words, at_us, rules)
    outbox.append(db, [*told, *more], at_us)
    return took


def explain(at: StoreConnections, source: str, codes: Mapping[str, str], at_us: int, rules: TrackRules) -> int:
    """Words that were only noted, whose codes a carrier's table has now, mean what it says; how many."""
    its = tables.events
    believed = its.c.at_us <= its.c.taken_us + AHEAD_US
    noted = sa.and_(its.c.source == source, its.c.code == str(ParcelCode.NOTED), believed)
    with at.reading() as db:
        due = {row[0] for row in db.execute(sa.select(its.c.given).where(noted).distinct())} & codes.keys()
    due = {given for given in due if codes[given] != "nothing"}
    if not due:
        return 0
    with at.writing() as db:
        dialect.lock(db, Lock.TRACKING)
        which = sa.and_(noted, dialect.among(db, its.c.given, due))
        parcels = set(db.execute(sa.select(its.c.sscc).where(which, its.c.sscc != "").distinct()).scalars())
        count = 0
        for given in sorted(due):
            changed = db.execute(its.update().where(noted, its.c.given == given).values(code=codes[given]))
            count += changed.rowcount
        outbox.append(db, tracking.place_anew(db, parcels, rules), at_us)
        return count


def unexplained(db: sa.Connection, limit: int = 100) -> list[Unexplained]:
    """Codes of carriers that nobody explained, the most frequent first."""
    its = tables.events.c
    count = sa.func.count()
    query = (
        sa.select(its.source, its.given, count, sa.func.max(its.taken_us))
        .where(its.code == str(ParcelCode.NOTED))
        .group_by(its.source, its.given)
    )
    rows = db.execute(query.order_by(count.desc(), its.source, its.given).limit(limit))
    return [Unexplained(*row) for row in rows]
