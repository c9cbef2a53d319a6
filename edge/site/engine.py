"""StoreConnections to the database of the site store, SQLite or PostgreSQL, and what goes wrong with them.

Public names: engine, named, sqlite_file, file_identity, held, trouble_of, NONE_YET, StoreError,
StoreHeld.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError

from edge.config.late import loaded
from edge.journal.disk import begin_file, no_room
from edge.site.dialect import IN_USE

_POSTGRESQL = ("postgresql", "postgresql+psycopg")
_SCHEMES = "allowed are sqlite:///path and postgresql://user@host/database"
_LOST = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""Seconds until a server that says nothing any more is taken for gone; and milliseconds, where it had been asked.

While something sent is not acknowledged no keepalive goes out: TCP would send it again for a quarter of an hour.
"""
_ALWAYS = {"application_name": "lanewise", "prepare_threshold": None}
"""A prepared statement keeps its plan: the one of an empty table reads all of a table that has grown since."""
_POOL = 5
NONE_YET = "there is none; the api makes it with its first start"


class StoreError(OSError):
    """The site store cannot be used now; trying again may help. The text names the store and the reason."""


class StoreHeld(StoreError):  # noqa: N818  # being held is what it is
    """Another process is at the file, and only one may be. The text says what to do."""


def engine(url: str, readonly: bool, upgrades: bool = False) -> sa.Engine:
    """One for reading, or one that writes, alone if it ``upgrades``; made, not connected yet. Raises StoreError."""
    parsed = _parsed(url)
    if parsed.drivername in _POSTGRESQL:
        return _postgresql(parsed, readonly, upgrades)
    return _sqlite(parsed, readonly)


def named(url: str) -> str:
    """A store as messages name it: without password, and without options, where one may stand too. StoreError."""
    return _parsed(url).set(query={}).render_as_string(hide_password=True)


def sqlite_file(url: str) -> Path | None:
    """The file of a store in SQLite; None = another database."""
    parsed = _parsed(url)
    return None if parsed.drivername in _POSTGRESQL else Path(parsed.database or "").absolute()


@contextmanager
def trouble_of(name: str, path: Path | None = None) -> Iterator[None]:
    """Whatever goes wrong with the database is a StoreError that names the store, or the full disk of its file."""
    try:
        yield
    except StoreError:
        raise
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        full = no_room(reason, path) if path is not None else ""
        none = NONE_YET if path is not None and not path.exists() else ""
        raise StoreError(f"site store {name}: {full or none or ' '.join(str(reason).split())}") from None
    except OSError as error:
        full = no_room(error, path) if path is not None else ""
        raise StoreError(f"site store {name}: {full or error.strerror or error}") from None


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise StoreError(f"site store: its URL cannot be read: {_SCHEMES}") from None
    if parsed.drivername not in ("sqlite", *_POSTGRESQL):
        raise StoreError(f"site store: {parsed.drivername}: {_SCHEMES}")
    return parsed


@contextmanager
def held(path: Path, otherwise: str) -> Iterator[None]:
    """Keeps other processes off a file while the context lasts; StoreHeld with ``otherwise`` when one is at it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreHeld(otherwise) from None
        yield


def _postgresql(url: sa.URL, readonly: bool, upgrades: bool) -> sa.Engine:
    """psycopg; a reader sees one moment for as long as its transaction lasts, a writer waits for whoever is before it.

    Each connection that writes tells so for its life by a lock, which an upgrade needs alone.
    """
    loaded("psycopg")  # else the library does, and a failure stays
    made = sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_pre_ping=True,
        pool_size=_POOL,
        max_overflow=0,
        pool_timeout=30,
        connect_args={name: its for name, its in _LOST.items() if name not in url.query} | _ALWAYS,
        execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True} if readonly else {},
    )
    if not readonly and not upgrades:

        @sa.event.listens_for(made, "connect")
        def told(connection: DBAPIConnection, _: object) -> None:
            cursor = connection.cursor()
            cursor.execute(IN_USE)
            (free,) = cursor.fetchone() or (False,)
            cursor.close()
            connection.commit()
            if not free:
                raise StoreHeld(f"site store {named(str(url))}: it is being upgraded")

    return made


def _sqlite(url: sa.URL, readonly: bool) -> sa.Engine:
    """SQLite in WAL mode; the writer has one connection, begins at once, and is done only when the disk is."""
    path = Path(url.database or "").absolute()
    if not readonly:
        path.parent.mkdir(parents=True, exist_ok=True)

    def connect() -> sqlite3.Connection:
        mode = "ro" if readonly else "rwc"
        if not readonly:
            begin_file(path)
        db = sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA busy_timeout=5000")
        if readonly:
            db.execute("PRAGMA wal_autocheckpoint=0")
        else:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA foreign_keys=ON")
        return db

    made = sa.create_engine(
        "sqlite://",
        creator=connect,
        poolclass=sa.QueuePool,
        pool_size=4 if readonly else 1,
        max_overflow=0,
        pool_timeout=30,
    )

    if readonly:
        _follow_file(made, path)

    @sa.event.listens_for(made, "begin")
    def begin(db: sa.Connection) -> None:
        db.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")

    return made


def _follow_file(made: sa.Engine, path: Path) -> None:
    """StoreConnections that were opened to a file which is gone are opened anew, to the one that stands there now."""

    @sa.event.listens_for(made, "connect")
    def opened(_: object, record: sa.pool.ConnectionPoolEntry) -> None:
        record.info["file"] = file_identity(path)

    @sa.event.listens_for(made, "checkout")
    def still_there(_: object, record: sa.pool.ConnectionPoolEntry, __: object) -> None:
        if record.info["file"] != file_identity(path):
            raise sa.exc.DisconnectionError("another file stands in its place")  # the pool opens that one


def file_identity(path: Path) -> tuple[int, int] | None:
    """Which file stands there; None = there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
