"""What SQLite and PostgreSQL say otherwise, all of it: many rows at once, sets of values, locks, numbers in order.

Public names: among, listed, as_listed, begins, beside, bulk_insert, insert_new, claim, lock, lock_name, Lock,
held_elsewhere, taken_for_life, append, place, moment, IN_USE.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from enum import IntEnum, unique
from typing import Any, TypeVar

import sqlalchemy as sa

_OURS = 0x4C57
"""Our half of the numbers of advisory locks, which all programs of a database share."""
_Q = TypeVar("_Q", bound=sa.Select[Any])
Row = Sequence[object]


@unique  # the leader's lock was the desk's once, and nobody took orders while anybody led
class Lock(IntEnum):
    """What only one process may do at a time; PostgreSQL only, since SQLite has one writer. Taken in this order."""

    SCHEMA = 1
    IN_USE = 2  # held shared by each connection that writes
    BATCH = 3  # a batch of fulfilments in portions
    SALES = 9  # sales orders are judged, and what becomes of them is decided: before any of their rows is locked
    ORDERS = 4  # fulfilments are read in order to be changed
    FEED = 5  # until the end of the transaction, numbers of the feed are given to this one alone
    OUTBOX = 6
    TRACKING = 10  # what is told of parcels is stored, and where they are follows from it
    DUTY = 7
    AUDIT = 11  # the last that a transaction takes: each row has the hash of the one before
    PLAN = 8  # before any other of a transaction: drafts are made by one at a time
    LEADER = 20  # by a process, for as long as it does what the site does by itself


def is_postgresql(db: sa.Connection) -> bool:
    """Else it is SQLite."""
    return db.dialect.name == "postgresql"


def among(db: sa.Connection, column: sa.ColumnElement[str], values: Iterable[str]) -> sa.ColumnElement[bool]:
    """Whether a column has one of many values; one statement for any number of them."""
    listed = sorted(set(values))
    if is_postgresql(db):  # as Text: a cast to the column's own length would cut what is longer, and find another row
        return column == sa.any_(sa.literal(listed, sa.ARRAY(sa.Text)))
    one = sa.func.json_each(json.dumps(listed)).table_valued("value")
    return column.in_(sa.select(one.c.value))


def listed(postgresql: bool, name: str) -> sa.TableValuedAlias:
    """The values of a parameter, `as_listed`, as rows with the one column ``value``; each is looked up in an index of
    what they are joined to.
    """
    if postgresql:
        made = sa.func.unnest(sa.bindparam(name, type_=sa.ARRAY(sa.Text)))
        return made.table_valued(sa.column("value", sa.Text)).render_derived()
    return sa.func.json_each(sa.bindparam(name, type_=sa.Text)).table_valued(sa.column("value", sa.Text))


def as_listed(db: sa.Connection, values: Iterable[str]) -> object:
    """Values as that parameter has them."""
    return sorted(set(values)) if is_postgresql(db) else json.dumps(sorted(set(values)))


def begins(db: sa.Connection, column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """Whether a text begins so, by an index: PostgreSQL's must have ``text_pattern_ops``."""
    if is_postgresql(db):
        return column.startswith(text, autoescape=True)
    return sa.and_(column >= text, column < f"{text}\U0010ffff")


def beside(
    db: sa.Connection, key: sa.Column[Any], by: sa.Column[Any], values: Iterable[str], wanted: Sequence[sa.Column[Any]]
) -> sa.Select[Any]:
    """The rows that have one of many values in ``key``, between the parameters ``begin`` and ``end`` of ``by``.

    Each value is looked up in the index of both, however many rows there are and whatever the planner knows of them.
    """
    between = by.between(sa.bindparam("begin", type_=sa.BigInteger), sa.bindparam("end", type_=sa.BigInteger))
    if not is_postgresql(db):
        return sa.select(*wanted).where(among(db, key, values), between)
    listed = sa.func.unnest(sa.literal(sorted(set(values)), sa.ARRAY(sa.Text)))
    given = listed.table_valued("one").render_derived(name="given")
    ordered = (
        sa.select(*wanted).where(key == given.c.one, between).order_by(key, by)
    )  # which keeps it from being joined
    its = ordered.lateral("its")
    return sa.select(*its.c).select_from(given.join(its, sa.true()))


def bulk_insert(db: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Inserts rows, each with its values in the order of the columns."""
    names = ", ".join(f'"{name}"' for name in columns)
    if not is_postgresql(db):
        if listed := [tuple(row) for row in rows]:
            marks = ", ".join("?" * len(columns))
            db.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', listed)  # noqa: S608  # ours
        return
    _copy(db, f'COPY "{table.name}" ({names}) FROM STDIN', rows)


def insert_new(db: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Sequence[Row], key: str) -> set[str]:
    """Inserts the rows whose unique keys nobody has taken meanwhile; the values of ``key`` of those."""
    if not is_postgresql(db):  # whoever writes began by taking the lock, so there is no meanwhile
        bulk_insert(db, table, columns, rows)
        at = columns.index(key)
        return {str(row[at]) for row in rows}
    names = ", ".join(f'"{name}"' for name in columns)
    db.exec_driver_sql(
        f'CREATE TEMP TABLE IF NOT EXISTS "new_{table.name}" (LIKE "{table.name}" INCLUDING DEFAULTS)'
        " ON COMMIT DELETE ROWS"
    )
    db.exec_driver_sql(f'TRUNCATE "new_{table.name}"')
    _copy(db, f'COPY "new_{table.name}" ({names}) FROM STDIN', rows)
    taken = db.exec_driver_sql(
        f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM "new_{table.name}"'  # noqa: S608  # names of ours
        f' ON CONFLICT DO NOTHING RETURNING "{key}"'
    )
    return set(taken.scalars())


def claim(query: _Q) -> _Q:
    """A query whose rows nobody else gets until the transaction ends; rows that others claimed are passed over."""
    return query.with_for_update(skip_locked=True)  # which SQLite, with its one writer, does without


def lock(db: sa.Connection, what: Lock, shared: bool = False) -> None:
    """Waits for a lock and holds it until the transaction ends; ``shared``: together with others who share it."""
    if is_postgresql(db):
        taken = sa.func.pg_advisory_xact_lock_shared if shared else sa.func.pg_advisory_xact_lock
        db.execute(sa.select(taken(_OURS, int(what))))


def lock_name(db: sa.Connection, name: str) -> None:
    """The same by somebody's name: what he asks twice at once is done one after the other, and nobody else waits."""
    if is_postgresql(db):
        db.execute(sa.select(sa.func.pg_advisory_xact_lock(_OURS + 1, sa.func.hashtext(name))))


def held_elsewhere(db: sa.Connection, what: Lock) -> bool:
    """Whether somebody else holds a lock; else it is ours until the transaction ends."""
    return is_postgresql(db) and not db.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_OURS, int(what))))


def taken_for_life(db: sa.Connection, what: Lock) -> bool:
    """Takes a lock for as long as the connection lives, unless somebody has it; whether it is ours. PostgreSQL only."""
    return bool(db.scalar(sa.select(sa.func.pg_try_advisory_lock(_OURS, int(what)))))


IN_USE = f"SELECT pg_try_advisory_lock_shared({_OURS}, {int(Lock.IN_USE)})"
"""What each connection that writes says first, and holds for its life: false = the store is being upgraded."""


def append(
    db: sa.Connection, table: sa.Table, order: Lock, columns: Sequence[str], rows: Sequence[Row]
) -> Sequence[int]:
    """Appends rows to a table with a column ``seq``; their numbers. Whoever has a number sees all below it.

    The lock is held until the commit, so this is the last that a transaction does.
    """
    lock(db, order)
    if not rows:
        return ()
    if is_postgresql(db):
        given = sa.text(
            "SELECT min(n) FROM (SELECT nextval(pg_get_serial_sequence(:name, 'seq')) AS n"
            " FROM generate_series(1, :count)) AS numbers"
        )
        first: int = db.execute(given, {"name": table.name, "count": len(rows)}).scalar_one()
    else:
        last = db.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).scalar()
        first = (last or 0) + 1
    numbers = range(first, first + len(rows))
    bulk_insert(db, table, ("seq", *columns), ((seq, *row) for seq, row in zip(numbers, rows, strict=True)))
    return numbers


def moment(db: sa.Connection) -> tuple[object, int] | None:
    """What the transaction sees is what another saw that has an equal one; PostgreSQL = None, it tells no such thing.

    Source: SQLite, PRAGMA data_version, which changes with what any other connection commits.
    """
    if is_postgresql(db):
        return None
    version: int = db.exec_driver_sql("PRAGMA data_version").scalar_one()
    return db.connection.dbapi_connection, version


def place(db: sa.Connection) -> str:
    """Which copy of the feed it is: another one behind each restore, failover and start of its server; SQLite = empty.

    The timeline is asked of the log itself: `pg_control_checkpoint` tells the old one until the next checkpoint.
    """
    if not is_postgresql(db):
        return ""
    told = db.execute(
        sa.text(
            "SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),"
            " left(pg_walfile_name(pg_current_wal_lsn()), 8), 'feed'::regclass::oid,"
            " extract(epoch FROM pg_postmaster_start_time()))"
        )
    )
    found: str = told.scalar_one()
    return found


def _copy(db: sa.Connection, statement: str, rows: Iterable[Row]) -> None:
    import psycopg  # a site on SQLite has no use for it

    cursor = db.connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except psycopg.Error as error:
        raise sa.exc.DBAPIError(statement, None, error) from None
    finally:
        cursor.close()
