"""How far each publisher is and how it stands, what its target refused: a SQLite file that `lanewise publish` writes.

Public names: Cursors, CursorError, Cursor, SetAside, TooOld, Refused, InVain, Standing, read_cursors,
read_standings, read_set_aside, read_kept, read_in_vain, read_too_old, give_back, trouble_of.

Schema: ``cursor(publisher, node, seq, set_aside, at_us)``, node = the journal as `edge.journal.source` names it;
``set_aside(id, publisher, node, seq, what, reason, at_us)``, the newest KEEP of each publisher;
``in_vain(publisher, refused, failed, why, at_us)``: requests that were asked of a publisher in vain;
``too_old(publisher, points, why, at_us)``: points that a target did not take for their age, counted and not kept;
``standing(publisher, trouble, at_us)`` and ``doing(publisher, text)``, written anew while the process runs.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from edge.journal.disk import no_room
from edge.journal.host_time import local

_APPLICATION_ID = 0x4C57_5031  # "LWP1"
_FORM = 0
"""The form of its tables, in the file's `user_version`; one more when versions before cannot read or write them."""
_SCHEMA = f"""
BEGIN; PRAGMA application_id={_APPLICATION_ID};
CREATE TABLE IF NOT EXISTS cursor(
    publisher TEXT NOT NULL, node TEXT NOT NULL, seq INTEGER NOT NULL, set_aside INTEGER NOT NULL,
    at_us INTEGER NOT NULL, PRIMARY KEY(publisher, node));
CREATE TABLE IF NOT EXISTS set_aside(
    id INTEGER PRIMARY KEY, publisher TEXT NOT NULL, node TEXT NOT NULL, seq INTEGER NOT NULL, what TEXT NOT NULL,
    reason TEXT NOT NULL, at_us INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS set_aside_of ON set_aside(publisher, id);
CREATE TABLE IF NOT EXISTS in_vain(
    publisher TEXT PRIMARY KEY, refused INTEGER NOT NULL, failed INTEGER NOT NULL, why TEXT NOT NULL,
    at_us INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS too_old(
    publisher TEXT PRIMARY KEY, points INTEGER NOT NULL, why TEXT NOT NULL, at_us INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS doing(publisher TEXT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS standing(publisher TEXT PRIMARY KEY, trouble TEXT NOT NULL, at_us INTEGER NOT NULL); COMMIT;
"""
KEEP = 10_000
"""So many of what was set aside are kept for each publisher; all are counted."""


STAND_EVERY_S = 10.0
"""How often `lanewise publish` says how its publishers stand."""
ABSENT_US = 35_000_000
"""It does not run when it has said nothing for so long."""
_NOTHING = "it runs and delivers nothing"
STILL_US = 60_000_000
"""A publisher that runs has delivered something in so long a time, where there is something."""


class CursorError(OSError):
    """The file cannot be used now. The text names the file and the reason."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """Something that a target refused for good. ``what``: the point or message as it was sent; ``seq``: its record."""

    seq: int
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class TooOld:
    """Points of record ``seq`` and others that a target does not take, being older than it keeps."""

    seq: int
    points: int
    reason: str


Refused: TypeAlias = SetAside | TooOld


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to record ``seq`` is delivered or set aside. ``set_aside``: how many; ``at_us``: since when."""

    publisher: str
    node: str
    seq: int
    set_aside: int
    at_us: int


@dataclass(frozen=True, slots=True)
class InVain:
    """Requests that a publisher had no room for, and that ended by a fault of ours, ever. ``why``: the newest fault."""

    publisher: str
    refused: int
    failed: int
    why: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How a publisher stood at ``at_us``, as its process said last. No trouble = empty; ``doing``: what keeps it."""

    publisher: str
    trouble: str
    at_us: int
    doing: str = ""


class Cursors:
    """The one writer. May be called from several threads; every call is one transaction. Raises CursorError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._turn = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(path)
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
        except (OSError, sqlite3.Error) as error:
            raise _trouble(path, error) from None
        try:
            found = self._db.execute("PRAGMA application_id").fetchone()[0]
            if found != _APPLICATION_ID and self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                raise CursorError(f"{path}: another program's SQLite file; give `publish_state` a path of its own")
            _check_form(self._db, path)
            self._db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_SCHEMA}")
        except (CursorError, sqlite3.Error) as error:
            self.close()
            raise _trouble(path, error) from None

    def get(self, publisher: str, node: str) -> Cursor:
        """A publisher's cursor in a journal; sequence 0 where there is none yet."""
        with self._used() as db:
            row = db.execute(
                "SELECT publisher, node, seq, set_aside, at_us FROM cursor WHERE publisher=? AND node=?",
                (publisher, node),
            ).fetchone()
        return Cursor(*row) if row else Cursor(publisher, node, 0, 0, 0)

    def move(self, publisher: str, node: str, seq: int, refused: Sequence[Refused], at_us: int) -> Cursor:
        """Everything up to ``seq`` is delivered, but for what was refused. Moving back changes nothing."""
        aside = [one for one in refused if isinstance(one, SetAside)]
        with self._used() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                db.execute(
                    "INSERT INTO cursor VALUES(?,?,?,?,?) ON CONFLICT DO UPDATE SET seq=excluded.seq, "
                    "set_aside=set_aside+excluded.set_aside, at_us=excluded.at_us WHERE excluded.seq>cursor.seq",
                    (publisher, node, seq, len(aside), at_us),
                )
                _count_too_old(db, publisher, refused, at_us)
                if aside:
                    db.executemany(
                        "INSERT INTO set_aside(publisher, node, seq, what, reason, at_us) VALUES(?,?,?,?,?,?)",
                        [(publisher, node, one.seq, one.what, one.reason, at_us) for one in aside[-KEEP:]],
                    )
                    db.execute(
                        "DELETE FROM set_aside WHERE publisher=? AND id<=(SELECT id FROM set_aside WHERE publisher=? "
                        "ORDER BY id DESC LIMIT 1 OFFSET ?)",
                        (publisher, publisher, KEEP),
                    )
                db.execute("COMMIT")
            except sqlite3.Error:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
        return self.get(publisher, node)

    def asked_in_vain(self, publisher: str, refused: int, failed: int, why: str, at_us: int) -> None:
        """So many more requests were refused and failed. ``why`` empty: as before."""
        with self._used() as db:
            db.execute(
                "INSERT INTO in_vain VALUES(?,?,?,?,?) ON CONFLICT DO UPDATE SET refused=refused+excluded.refused, "
                "failed=failed+excluded.failed, why=iif(excluded.why='', why, excluded.why), at_us=excluded.at_us",
                (publisher, refused, failed, why, at_us),
            )

    def stand(self, standings: Iterable[Standing]) -> None:
        """How each publisher stands; those that are not named any more are gone."""
        standings = tuple(standings)
        with self._used() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                db.execute("DELETE FROM standing")
                db.execute("DELETE FROM doing")
                for one in standings:
                    db.execute("INSERT INTO standing VALUES(?,?,?)", (one.publisher, one.trouble, one.at_us))
                    if one.doing:
                        db.execute("INSERT INTO doing VALUES(?,?)", (one.publisher, one.doing))
                db.execute("COMMIT")
            except sqlite3.Error:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Closes the file."""
        self._db.close()
        self._lock.close()

    @contextmanager
    def _used(self) -> Iterator[sqlite3.Connection]:
        with self._turn:
            try:
                yield self._db
            except sqlite3.Error as error:
                raise _trouble(self._path, error) from None


def read_cursors(path: Path) -> list[Cursor]:
    """All cursors, from any process; empty where the file does not exist yet. Raises CursorError."""
    return [Cursor(*row) for row in _rows(path, "SELECT * FROM cursor ORDER BY publisher, at_us", ())]


def read_standings(path: Path) -> list[Standing]:
    """How each publisher stands, likewise; empty for a file of version 0.1.0. Raises CursorError."""
    if not _has(path, "standing"):
        return []
    if not _has(path, "doing"):
        return [Standing(*row) for row in _rows(path, "SELECT * FROM standing", ())]
    rows = _rows(
        path, "SELECT publisher, trouble, at_us, ifnull(text, '') FROM standing LEFT JOIN doing USING(publisher)", ()
    )
    return [Standing(*row) for row in rows]


def trouble_of(cursor: Cursor, standing: Standing | None, newest: int, now_us: int) -> str:
    """Why a publisher's target does not have what it should at ``now_us``; empty = it has, or is about to.

    ``newest``: the journal's newest record. The text is the same for as long as the reason is.
    """
    if standing is None or now_us - standing.at_us > ABSENT_US:
        since = f"since {local(standing.at_us)}" if standing else "and never did"
        last = f"; its last trouble: {standing.trouble}" if standing and standing.trouble else ""
        return f"publisher {cursor.publisher}: lanewise publish does not run, {since}; {_at(cursor)}{last}"
    if standing.trouble:
        return f"publisher {cursor.publisher}: {standing.trouble}"
    if newest > cursor.seq and now_us - cursor.at_us > STILL_US:
        why = f"it is busy with what its target refuses: {standing.doing}" if standing.doing else _NOTHING
        return f"publisher {cursor.publisher}: {why}; {_at(cursor)}"
    return ""


def _at(cursor: Cursor) -> str:
    since = f" since {local(cursor.at_us)}" if cursor.at_us else ""
    return f"its cursor stands at record {cursor.seq}{since}"


def read_set_aside(path: Path, publisher: str, newest: int = 100) -> list[tuple[SetAside, int]]:
    """What a target refused and when, in order; ``publisher`` empty = all. Raises CursorError."""
    rows = _rows(
        path,
        "SELECT seq, what, reason, at_us FROM set_aside WHERE publisher=? OR ?='' ORDER BY id DESC LIMIT ?",
        (publisher, publisher, newest),
    )
    return [(SetAside(*row[:3]), row[3]) for row in reversed(rows)]


def read_kept(path: Path, publisher: str) -> list[tuple[int, SetAside]]:
    """All that is kept of what a target refused, in order, each with its number in the file. Raises CursorError."""
    sql = "SELECT id, seq, what, reason FROM set_aside WHERE publisher=? ORDER BY id"
    return [(number, SetAside(*row)) for number, *row in _rows(path, sql, (publisher,))]


def give_back(path: Path, publisher: str, taken: Sequence[int], told: Sequence[Refused], at_us: int) -> None:
    """What was kept under these numbers is set aside no longer, but for what is too old. Beside the process that
    publishes, which counts on from there. Raises CursorError.
    """
    numbers = [(number,) for number in taken]
    try:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as db:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "UPDATE cursor SET set_aside=set_aside-1 WHERE (publisher, node)="
                "(SELECT publisher, node FROM set_aside WHERE id=?)",
                numbers,
            )
            db.executemany("DELETE FROM set_aside WHERE id=?", numbers)
            _count_too_old(db, publisher, told, at_us)
            db.execute("COMMIT")
    except sqlite3.Error as error:
        raise _trouble(path, error) from None


def _count_too_old(db: sqlite3.Connection, publisher: str, told: Sequence[Refused], at_us: int) -> None:
    db.executemany(
        "INSERT INTO too_old VALUES(?,?,?,?) ON CONFLICT DO UPDATE SET points=points+excluded.points, "
        "why=excluded.why, at_us=excluded.at_us",
        [(publisher, one.points, one.reason, at_us) for one in told if isinstance(one, TooOld)],
    )


def read_in_vain(path: Path) -> dict[str, InVain]:
    """What was asked in vain, by publisher; empty in a file of a version before. Raises CursorError."""
    if not _has(path, "in_vain"):
        return {}
    return {row[0]: InVain(*row) for row in _rows(path, "SELECT * FROM in_vain", ())}


def read_too_old(path: Path) -> dict[str, tuple[int, str, int]]:
    """By publisher how many points were too old, ever, the newest reason and its time. Raises CursorError."""
    if not _has(path, "too_old"):
        return {}
    return {name: (points, why, at_us) for name, points, why, at_us in _rows(path, "SELECT * FROM too_old", ())}


def _has(path: Path, table: str) -> bool:
    """False in a file of a version before."""
    return bool(_rows(path, "SELECT 1 FROM sqlite_schema WHERE name=?", (table,)))


def _rows(path: Path, sql: str, values: tuple[object, ...]) -> list[Any]:
    if not path.is_file():
        return []
    try:
        where = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(where, uri=True, isolation_level=None, timeout=5)) as db:
            db.execute("PRAGMA wal_autocheckpoint=0")
            if db.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
                return []  # being made just now
            _check_form(db, path)
            return db.execute(sql, values).fetchall()
    except sqlite3.Error as error:
        raise _trouble(path, error) from None


def _check_form(db: sqlite3.Connection, path: Path) -> None:
    form = db.execute("PRAGMA user_version").fetchone()[0]
    if form > _FORM:
        why = f"its form is {form}, this version knows {_FORM}"
        raise CursorError(f"{path}: {why}: start the version that wrote it, or give `publish_state` another path")


def _trouble(path: Path, error: Exception) -> CursorError:
    if isinstance(error, CursorError):
        return error
    why = no_room(error, path) or (error.strerror if isinstance(error, OSError) else error)
    return CursorError(f"{path}: {why}")


def _lock(path: Path) -> TextIO:
    lock = path.with_name(f"{path.name}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise CursorError(f"{path}: another `lanewise publish` writes it; stop that one") from None
    return lock
