"""Files of orders that were taken, within a transaction: what came of each, line by line.

Public names: ImportRun, begin, end, find_run, newest, by_file, forget.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import msgspec
import sqlalchemy as sa

from edge.intake.rows import LineSetAside
from edge.site import dialect
from edge.site.tables import sales as tables

_ROW = ("file", "sheet", "row", "column", "value", "order", "reason")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRun:
    """What came of files that were read together. ``ended_us``: 0 = it goes on, or whoever read them was killed.

    ``taken``: orders by what became of them, ``skipped``: by states that the channel does not take. ``aside``: how much
    was set aside, by file.
    """

    id: str
    channel: str
    by: str
    at_us: int
    ended_us: int = 0
    files: tuple[str, ...] = ()
    taken: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    aside: dict[str, int] = field(default_factory=dict)
    set_aside: tuple[LineSetAside, ...] = ()


def begin(db: sa.Connection, run: ImportRun) -> None:
    """Notes that files are read."""
    db.execute(
        tables.imports.insert().values(
            id=run.id, channel=run.channel, by=run.by, at_us=run.at_us, ended_us=0, body=_body(run)
        )
    )


def end(db: sa.Connection, run: ImportRun) -> None:
    """Notes what came of them."""
    its = tables.imports
    db.execute(its.update().where(its.c.id == run.id).values(ended_us=run.ended_us, body=_body(run)))
    rows = [(run.id, number, *(getattr(one, name) for name in _ROW)) for number, one in enumerate(run.set_aside, 1)]
    dialect.bulk_insert(db, tables.import_rows, ("run", "number", *_ROW), rows)


def find_run(db: sa.Connection, name: str) -> ImportRun | None:
    """A run with what it set aside."""
    row = db.execute(sa.select(tables.imports).where(tables.imports.c.id == name)).first()
    if row is None:
        return None
    its = tables.import_rows.c
    query = sa.select(*(its[column] for column in _ROW)).where(its.run == name).order_by(its.number)
    found = tuple(LineSetAside(**one._asdict()) for one in db.execute(query))
    return replace(_run(row), set_aside=found, aside=by_file(found))


def newest(db: sa.Connection, limit: int, after: str = "") -> list[ImportRun] | None:
    """The newest runs and how much each set aside; ``after``: older than this one, None = there is no such run."""
    run = tables.imports.c
    query = sa.select(tables.imports).order_by(run.at_us.desc(), run.id).limit(limit)
    if after:
        at_us = db.execute(sa.select(run.at_us).where(run.id == after)).scalar()
        if at_us is None:
            return None
        query = query.where(sa.or_(run.at_us < at_us, sa.and_(run.at_us == at_us, run.id > after)))
    runs = [_run(row) for row in db.execute(query)]
    its = tables.import_rows.c
    counts = sa.select(its.run, its.file, sa.func.count()).where(dialect.among(db, its.run, (one.id for one in runs)))
    aside: dict[str, dict[str, int]] = {}
    for run, file, count in db.execute(counts.group_by(its.run, its.file).order_by(its.file)):
        aside.setdefault(run, {})[file] = count
    return [replace(one, aside=aside.get(one.id, {})) for one in runs]


def by_file(set_aside: Iterable[LineSetAside]) -> dict[str, int]:
    """How much was set aside, by file."""
    return dict(sorted(Counter(one.file for one in set_aside).items()))


def forget(db: sa.Connection, before_us: int) -> None:
    """Removes runs that began before a time, with what they set aside."""
    old = sa.select(tables.imports.c.id).where(tables.imports.c.at_us < before_us)
    db.execute(tables.import_rows.delete().where(tables.import_rows.c.run.in_(old)))
    db.execute(tables.imports.delete().where(tables.imports.c.at_us < before_us))


def _body(run: ImportRun) -> str:
    return msgspec.json.encode({"files": run.files, "taken": run.taken, "skipped": run.skipped}).decode()


def _run(row: sa.Row[tuple[object, ...]]) -> ImportRun:
    said = row._mapping  # noqa: SLF001  # SQLAlchemy's public name
    body = msgspec.json.decode(said["body"])
    return ImportRun(
        id=said["id"],
        channel=said["channel"],
        by=said["by"],
        at_us=said["at_us"],
        ended_us=said["ended_us"],
        files=tuple(body["files"]),
        taken=body["taken"],
        skipped=body["skipped"],
    )
