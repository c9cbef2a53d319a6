"""Connections to the database of the site store. Everything specific to SQLite stands in ``_sqlite``.

Public names: engine, StoreError.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import sqlalchemy as sa


class StoreError(OSError):
    """The site store cannot be used now; trying again may help. The text names the store and the reason."""


def engine(url: str, readonly: bool) -> sa.Engine:
    """One for reading, or the one that writes; made, not connected yet."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite(parsed, readonly)
    return sa.create_engine(parsed, pool_pre_ping=True)


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

    @sa.event.listens_for(made, "begin")
    def begin(db: sa.Connection) -> None:
        db.exec_driver_sql("BEGIN" if readonly else "BEGIN IMMEDIATE")

    return made
