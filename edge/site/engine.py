"""Connections to the database of the site store. Everything specific to SQLite stands in ``_sqlite``.

Public names: engine, sqlite_file, file_identity, held, StoreError, StoreHeld.
"""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa


class StoreError(OSError):
    """The site store cannot be used now; trying again may help. The text names the store and the reason."""


class StoreHeld(StoreError):  # noqa: N818  # being held is what it is
    """Another process is at the file, and only one may be. The text says what to do."""


def engine(url: str, readonly: bool) -> sa.Engine:
    """One for reading, or the one that writes; made, not connected yet."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, readonly)
    return sa.create_engine(parsed, pool_pre_ping=True)


def sqlite_file(url: str) -> Path | None:
    """The file of a store in SQLite; None = another database."""
    parsed = sa.make_url(url)
    return Path(parsed.database or "").absolute() if parsed.get_backend_name() == "sqlite" else None


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


def _sqlite(url: sa.URL, readonly: bool) -> sa.Engine:
    """SQLite in WAL mode; the writer has one connection, begins at once, and is done only when the disk is."""
    path = Path(url.database or "").absolute()
    if not readonly:
        path.parent.mkdir(parents=True, exist_ok=True)

    def connect() -> sqlite3.Connection:
        mode = "ro" if readonly else "rwc"
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
    """Connections that were opened to a file which is gone are opened anew, to the one that stands there now."""

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
