"""Copies of a site store that is in use: a backup to a file, and one restored in its place; SQLite only.

Public names: backup, restore, begin_anew, Copied.

Both are SQLite's own backup, one transaction on the store: whoever reads or writes it meanwhile sees all of it as it
was or all as it is then, also when this process is killed. What is unfinished stands in a file beside the target
(``.unfinished``), and the next copy to that target writes it anew.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from edge.journal.disk import begin_file
from edge.site import feed, schema, tables
from edge.site.connections import StoreConnections
from edge.site.engine import StoreError, held, named, sqlite_file

_TABLES = ("feed", "feed_ref", "mirror", "mirror_ref", "order_item", "orders", "progress", "schema_version")
"""What a site store of any version has."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds. ``newest``: the last number of its feed; ``epoch``: the newest of the feed, 0 = none."""

    orders: int
    newest: int
    epoch: int


def backup(url: str, file: Path) -> Copied:
    """Writes the store as it is now to a file, in place of a backup that is there. Raises StoreError."""
    path = _path(url)
    with _errors(path, file), _unfinished(file) as unfinished:
        if file.exists():
            if path.exists() and file.samefile(path):
                raise StoreError(f"{file}: this is the site store itself: name another file for its backup")
            with closing(_opened(file, "ro")) as there:
                _check(there, file)
        with closing(_opened(path, "ro")) as source:
            _check(source, path)
            _copy(source, unfinished)
        copied = _look(unfinished)
        unfinished.replace(file)
        _sync(file.absolute().parent)
    return copied


def restore(url: str, file: Path) -> Copied:
    """Puts a backup in the store's place; its feed begins an epoch, and gives none of the store's numbers again.

    Raises StoreError: for a file that is damaged or no site store of this version, before the store is touched.
    """
    path = _path(url)
    with _errors(path, file), _unfinished(path) as unfinished:
        if not file.is_file():
            raise StoreError(f"{file}: there is no such file")
        with closing(_opened(file, "ro")) as source:
            _tables_of(source, file)
            for (said,) in source.execute("PRAGMA integrity_check(1)"):
                if said != "ok":
                    raise StoreError(f"{file}: damaged: {' '.join(said.split())}")
            _check(source, file)
            _check_revision(source, file)
            _copy(source, unfinished)
        last, epoch = _reached(path)
        _begin_epoch(unfinished, last, epoch)
        copied = _look(unfinished)
        with closing(_opened(unfinished, "ro")) as source, closing(_opened(path, "rwc")) as target:
            target.execute("PRAGMA synchronous=FULL")
            source.backup(target)
        unfinished.unlink()
    return copied


def begin_anew(url: str) -> int:
    """Begins an epoch of the feed of a store that was restored by other tools; its number. Raises StoreError."""
    at = StoreConnections(url, readonly=False)
    try:
        with at.first() as db:
            if told := schema.take(db):
                raise StoreError(f"site store {at.name}: {told}")
            return feed.begin_epoch(db)
    finally:
        at.close()


def _path(url: str) -> Path:
    path = sqlite_file(url)
    if path is None:
        raise StoreError(
            f"site store {named(url)}: no SQLite file: copy it with pg_dump and pg_restore, and say so behind a "
            "restore with `lanewise site restored SITE.toml`"
        )
    return path


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    if mode == "rwc":
        begin_file(path)
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=60)


def _check(db: sqlite3.Connection, path: Path) -> None:
    """Raises StoreError where it is not a site store that this version reads."""
    known = _tables_of(db, path)
    if missing := [name for name in _TABLES if name not in known]:
        raise StoreError(f"{path}: no site store: it has no table {missing[0]!r}")
    (version,) = db.execute("SELECT version FROM schema_version").fetchone()
    if version not in tables.SCHEMAS:
        raise StoreError(f"{path}: schema {version}: this version of Lanewise has {tables.SCHEMAS[-1]}")


def _check_revision(db: sqlite3.Connection, path: Path) -> None:
    """Raises StoreError where its tables are not those of this version, which whoever writes the store goes by."""
    known = "alembic_version" in _tables_of(db, path)
    (has,) = db.execute("SELECT version_num FROM alembic_version").fetchone() if known else ("0000",)
    if has != tables.REVISION:
        raise StoreError(
            f"{path}: its tables are of revision {has}, this version of Lanewise has {tables.REVISION}: stop the api, "
            "put the file in the store's place, and run `lanewise site upgrade SITE.toml`"
        )


def _tables_of(db: sqlite3.Connection, path: Path) -> set[str]:
    """Raises StoreError where it is no SQLite file at all."""
    try:
        return {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table'")}
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{path}: {error}: name a file that `lanewise site backup` wrote, or a new one") from None


def _copy(source: sqlite3.Connection, unfinished: Path) -> None:
    """A whole copy in one file, on the disk."""
    with closing(_opened(unfinished, "rwc")) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    _sync(unfinished)


def _look(path: Path) -> Copied:
    with closing(_opened(path, "ro")) as db:
        (orders,) = db.execute("SELECT count(*) FROM orders").fetchone()
        return Copied(orders, *_places(db))


def _reached(path: Path) -> tuple[int, int]:
    """The last feed number and epoch of the store that is to be replaced, as far as it can be read."""
    try:
        with closing(_opened(path, "ro")) as db:
            return _places(db)
    except sqlite3.Error:
        return 0, 0  # there is none, or it is the damaged one


def _places(db: sqlite3.Connection) -> tuple[int, int]:
    (newest,) = db.execute("SELECT coalesce(max(seq), 0) FROM feed").fetchone()
    (marked,) = db.execute("SELECT count(*) FROM sqlite_schema WHERE name='feed_epoch'").fetchone()
    (epoch,) = db.execute("SELECT coalesce(max(epoch), 0) FROM feed_epoch").fetchone() if marked else (0,)
    return newest, epoch


def _begin_epoch(path: Path, last: int, behind: int) -> None:
    made = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(path), poolclass=sa.NullPool)
    with made.begin() as db:
        feed.begin_epoch(db, behind)
        if (
            db.exec_driver_sql("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'feed'", (last,)).rowcount
            == 0
        ):
            db.exec_driver_sql("INSERT INTO sqlite_sequence VALUES('feed', ?)", (last,))
    made.dispose()


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """The file beside a target in which its next content is made; one process at a time."""
    path = target.with_name(f"{target.name}.unfinished")
    target.absolute().parent.mkdir(parents=True, exist_ok=True)
    with held(path, f"{target}: another copy to it is being made"):
        path.unlink(missing_ok=True)
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
        yield path


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextmanager
def _errors(path: Path, file: Path) -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except (sqlite3.Error, OSError) as error:
        raise StoreError(f"site store {path}, copy {file}: {error}") from None
