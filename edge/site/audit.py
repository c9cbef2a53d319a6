"""Who did what: rows of which each has the hash of the one before, so that none can be changed or taken out unseen.

Public names: Deed, AuditRow, AuditFilter, note, deeds, check_chain, head, Broken.

The rows behind a place can be cut off unseen by whoever writes the database: an export that lies elsewhere, or the
newest hash noted there, shows that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from edge.core.values.text import readable
from edge.site import dialect
from edge.site.dialect import Lock
from edge.site.tables import accounts as tables

_its = tables.audit.c
_SAID = (_its.at_us, _its.who, _its.origin, _its.action, _its.object, _its.outcome, _its.reason)
_LONGEST = {"who": 80, "origin": 80, "action": 40, "object": 300, "outcome": 20, "reason": 400}
_PORTION = 5_000
_FIRST = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """``who``: an account, key or ``token``; empty = nobody that is known. ``origin``: the address, or ``cli``.

    ``action``: of `edge.core.values.rights`, or ``login``, ``logout``, ``account``, ``key``; ``object``: of what;
    ``outcome``: ``done``, ``refused`` (not let), ``failed`` (let, and not done); ``reason``: as it was given.
    """

    at_us: int
    who: str
    origin: str
    action: str
    object: str
    outcome: str = "done"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow(Deed):
    """As it stands. ``hash``: hexadecimal SHA-256 of all the others and of the row before's."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """``before``: rows older than this number, 0 = from the newest on; empty and 0 = any."""

    who: str = ""
    action: str = ""
    outcome: str = ""
    since_us: int = 0
    until_us: int = 0
    before: int = 0


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row that is not what its hash says, and what is wrong with it."""

    seq: int
    what: str


def note(db: sa.Connection, done: Sequence[Deed]) -> None:
    """Appends rows. The last that a transaction does: with PostgreSQL the chain is ours until it ends."""
    if not done:
        return
    dialect.lock(db, Lock.AUDIT)
    seq, before = head(db)
    rows = []
    for deed in done:
        seq += 1
        said = [deed.at_us, *(readable(getattr(deed, key))[:longest] for key, longest in _LONGEST.items())]
        before = _hash(before, seq, said)
        rows.append((seq, *said, before))
    dialect.bulk_insert(db, tables.audit, ("seq", "at_us", *_LONGEST, "hash"), rows)


def head(db: sa.Connection) -> tuple[int, str]:
    """The newest row's number and hash; 0 and zeros = there is none."""
    row = db.execute(sa.select(_its.seq, _its.hash).order_by(_its.seq.desc()).limit(1)).first()
    return (0, _FIRST) if row is None else (row.seq, row.hash)


def deeds(db: sa.Connection, which: AuditFilter, limit: int) -> list[AuditRow]:
    """Rows, the newest first."""
    query = sa.select(tables.audit).order_by(_its.seq.desc()).limit(limit)
    for column, value in ((_its.who, which.who), (_its.action, which.action), (_its.outcome, which.outcome)):
        query = query.where(column == value) if value else query
    query = query.where(_its.at_us >= which.since_us) if which.since_us else query
    query = query.where(_its.at_us < which.until_us) if which.until_us else query
    query = query.where(_its.seq < which.before) if which.before else query
    return [AuditRow(**row) for row in db.execute(query).mappings()]


def check_chain(db: sa.Connection) -> Broken | None:
    """The first row that was changed, or behind which one is missing; None = the chain is whole."""
    before = _FIRST
    for number, row in enumerate(_all(db), 1):
        if row.seq != number:
            return Broken(number, f"missing: row {row.seq} follows row {number - 1}")
        before = _hash(before, number, list(row[1:-1]))
        if row.hash != before:
            return Broken(number, "changed, or the row before it: its hash is of something else")
    return None


def _all(db: sa.Connection) -> Iterator[Any]:
    after = 0
    while True:
        query = sa.select(_its.seq, *_SAID, _its.hash).where(_its.seq > after).order_by(_its.seq).limit(_PORTION)
        rows = db.execute(query).all()
        yield from rows
        if len(rows) < _PORTION:
            return
        after = rows[-1].seq


def _hash(before: str, seq: int, said: list[object]) -> str:
    return hashlib.sha256(json.dumps([before, seq, *said], ensure_ascii=True).encode()).hexdigest()
