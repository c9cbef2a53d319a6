"""The one writer of a journal: a SQLite file, everything in the order in which it was decided.

Public names: Journal, is_written.

Schema: ``record(seq, at_us, line, kind, body)``, body = the dataclass of `edge.core.events` as JSON, packed where it
is long (`edge.journal.bodies`);
``ref(ref, seq)`` under which names a record is found; ``checkpoint(seq, state)`` the decisions' state after a record,
so that a start need not read the whole file, without its large parts, ``part``: see `edge.journal.parts`; ``mark``,
``trimmed``: see `edge.journal.trim`.
"""

from __future__ import annotations

import fcntl
import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TextIO

from edge.core.names import refs
from edge.core.values.state import CoreState
from edge.journal.bodies import stored_body
from edge.journal.disk import begin_file, no_room
from edge.journal.host_time import now_us
from edge.journal.parts import SCHEMA as PART_SCHEMA
from edge.journal.parts import Checkpoint, packed, store
from edge.journal.reader import APPLICATION_ID, FORM, check_form
from edge.journal.record import Entered, JournalError, Value, kept
from edge.journal.sign import Unwritable, WriterSign, reason_of, show
from edge.journal.trim import SCHEMA as TRIM_SCHEMA
from edge.journal.trim import Trim

log = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record(
    seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, line TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ref(ref TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(ref, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS checkpoint(id INTEGER PRIMARY KEY CHECK(id = 1), seq INTEGER NOT NULL, state BLOB NOT NULL);
"""
_ROOM_BYTES = 4_400_000
"""A little more than the log holds when SQLite empties it into the file (1,000 pages of 4 KiB)."""
MARK_EVERY = 500_000
"""Records between two checkpoints that are kept as marks: the least that is taken out at a time."""


class Journal:
    """The one writer of a journal file.

    ``seq`` is the newest sequence, ``stored`` the newest on disk; ``kinds``: records stored, by kind.
    ``append`` only queues, and costs no disk time; a thread stores what is queued in one commit and then calls
    ``on_stored(seq)`` there; between two commits it gathers for GATHER_S. When the disk refuses, or something fails
    that should not, it calls ``on_trouble(text)``, keeps everything, tries again every second, and calls
    ``on_trouble("")`` when it works again.
    ``sign``: whether it can be written, which `edge.journal.sign` shows to other processes as well.
    """

    RETRY_S = 1.0
    GATHER_S = 0.02
    TRIM_EVERY_S = 0.05

    def __init__(
        self,
        path: Path,
        on_stored: Callable[[int], None] = lambda _: None,
        on_trouble: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._path = path
        self._on_stored = on_stored
        self._on_trouble = on_trouble
        self._wake = threading.Condition()
        self._queue: list[tuple[int, Entered[Value]]] = []
        self._storing: list[tuple[int, Entered[Value]]] = []
        self._state: Checkpoint | None = None
        self._trim: Trim | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None
        if path.exists() and not path.is_file():
            raise JournalError(
                f"journal {path}: no regular file, so it keeps nothing; give `journal` a file of its own"
            )
        with ExitStack() as opened:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._lock = opened.enter_context(_lock(path))
                begin_file(path)
                self._db = opened.enter_context(
                    closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5))
                )
                self._prepare()
            except sqlite3.Error as error:
                why = no_room(error, path) or f"{error}; give `journal` a file of its own"
                raise JournalError(f"journal {path}: {why}") from None
            except OSError as error:
                why = f"{error.strerror}: {error.filename}; give `journal` a path that can be written"
                raise JournalError(f"journal {path}: {no_room(error, path) or why}") from None
            opened.pop_all()
        self.seq: int = self._db.execute("SELECT coalesce(max(seq), 0) FROM record").fetchone()[0]
        self.stored = self.seq
        self.kinds: Counter[str] = Counter()
        self.sign = WriterSign(0)
        self._stand(None)
        self._marked: int = self._db.execute("SELECT coalesce(max(seq), 0) FROM mark").fetchone()[0]

    def _prepare(self) -> None:
        found = self._db.execute("PRAGMA application_id").fetchone()[0]
        tables = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if tables and found != APPLICATION_ID:
            raise JournalError(f"journal {self._path}: another program's SQLite file; give a path of its own")
        if not tables:
            self._db.execute(f"PRAGMA user_version={FORM}")
        self._packs = check_form(self._db, self._path) >= 1
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        # One writer at a time: a second controller on the same file would interleave its decisions.
        self._db.execute("PRAGMA busy_timeout=2000")
        self._db.executescript(f"PRAGMA application_id={APPLICATION_ID};{_SCHEMA}{PART_SCHEMA}{TRIM_SCHEMA}")
        self._make_room()

    def _make_room(self) -> None:
        """Gives both files their size before the line runs.

        A commit into a file that grows waits for the file system's own journal, and so for what other programs write;
        one into room that is there already does not.
        """
        wal = self._path.with_name(f"{self._path.name}-wal")
        if wal.exists() and wal.stat().st_size >= _ROOM_BYTES:
            return
        self._db.executescript(
            f"""
            BEGIN; CREATE TABLE room(bytes BLOB); INSERT INTO room VALUES(zeroblob({_ROOM_BYTES})); COMMIT;
            DROP TABLE room; PRAGMA wal_checkpoint(RESTART);
            """
        )

    def start(self) -> None:
        """Starts the writing thread."""
        self._thread = threading.Thread(target=self._write_forever, name="journal", daemon=True)
        self._thread.start()

    def append(self, values: Sequence[Value | Entered[Value]]) -> int:
        """Queues values in order and returns the sequence of the last one. Raises NotKept, and queues none then."""
        entries = [value if isinstance(value, Entered) else kept(value) for value in values]
        with self._wake:
            for entry in entries:
                self.seq += 1
                self._queue.append((self.seq, entry))
            if self._queue:
                self._wake.notify()
            return self.seq

    def unstored(self) -> list[tuple[int, Value]]:
        """What is not surely on disk yet, in order, with its sequences."""
        with self._wake:
            return [(seq, entry.value) for seq, entry in (*self._storing, *self._queue)]

    @property
    def waits(self) -> tuple[int, int]:
        """How many records are not surely on disk yet, and the time of the oldest; none: (0, 0)."""
        with self._wake:
            behind = next((one[0] for one in (self._storing, self._queue) if one and one[0][0] > self.stored), None)
        return (0, 0) if behind is None else (self.seq - behind[0] + 1, behind[1].value.at_us)

    def mind(self, slow: bool) -> None:
        """Shows other processes that the disk stands still, or no more."""
        if self.sign.why is (None if slow else Unwritable.SLOW):
            self.sign = WriterSign(now_us() // 1_000_000, Unwritable.SLOW if slow else None)
            show(self._lock, self.sign)

    def checkpoint(self, seq: int, state: CoreState, started: int = 0) -> None:
        """Queues the decisions' state as it is after record ``seq``; stored once that record is.

        Of its large parts only what changed since the one before, so it costs the same however large they are.
        ``started``: sequence of the Started by whose lines it came about; 0 = it must not become a mark.
        """
        parts = state.parts()
        rest = packed(state.rest(), parts)
        given = Checkpoint(seq, rest, started, {name: part.taken() for name, part in parts.items()})
        with self._wake:
            self._state = given.behind(self._state)
            self._wake.notify()

    def trim(self, mark: int) -> None:
        """Takes out what lies before a mark, in the writing thread, when that has nothing else to do."""
        with self._wake:
            if self._trim is None or self._trim.mark < mark:
                self._trim = Trim(mark)
            self._wake.notify()

    def flush(self) -> None:
        """Stores what is queued in the caller's thread; only where no writing thread runs.

        Raises sqlite3.Error, or what else failed, and keeps everything.
        """
        if self._thread is not None:
            raise RuntimeError("the journal's own thread is writing")
        batch, state = self._take()
        try:
            self._store(batch, state)
        except Exception as error:
            self._queue, self._storing = batch + self._queue, []
            self._state = state
            self._stand(error)
            raise
        if self.sign.why is not None:
            self._stand(None)

    def close(self, within_s: float = 5.0) -> bool:
        """Stores what is queued, at most ``within_s`` long, and closes. False if something could not be stored."""
        if self._thread is not None:
            with self._wake:
                self._stopping = True
                self._wake.notify()
            self._thread.join(within_s)
            if self._thread.is_alive():
                return False
        self._db.close()
        self._lock.close()
        return not self._queue

    def _take(self) -> tuple[list[tuple[int, Entered[Value]]], Checkpoint | None]:
        with self._wake:
            batch, self._queue = self._queue, []
            self._storing = batch
            state, self._state = self._state, None
        return batch, state

    def _write_forever(self) -> None:
        while True:
            with self._wake:
                idle = self._trim is None
                self._wake.wait_for(
                    lambda: self._queue or self._state or self._stopping or (idle and self._trim is not None),  # noqa: B023
                    None if idle else self.TRIM_EVERY_S,
                )
            batch, state = self._take()
            if not batch and not state:
                if self._stopping:
                    return
                self._trim_on()
                continue
            troubled = False
            while True:
                try:
                    self._store(batch, state)
                    break
                except Exception as error:  # noqa: BLE001  # this thread has nobody to raise to
                    if not troubled:
                        troubled = True
                        self._tell(error)
                    if self._stopping:
                        with self._wake:
                            self._queue, self._storing = batch + self._queue, []
                        return
                    with self._wake:
                        self._wake.wait_for(lambda: self._stopping, timeout=self.RETRY_S)
            if troubled:
                self._stand(None)
                self._on_trouble("")
            time.sleep(self.GATHER_S)

    def _tell(self, error: Exception) -> None:
        self._stand(error)
        if isinstance(error, sqlite3.Error):
            why: object = no_room(error, self._path) or error
        else:
            why = f"a fault of this program: {error!r}"
            log.error("journal %s: what writes it failed", self._path, exc_info=error)
        self._on_trouble(f"journal {self._path}: {why}; nothing is acknowledged until it can be written")

    def _stand(self, error: Exception | None) -> None:
        """What it cannot be written for, None = it can; the same again changes nothing."""
        why = None if error is None else reason_of(error, self._path)
        if why is not self.sign.why or not self.sign.since_s:
            self.sign = WriterSign(now_us() // 1_000_000, why)
            show(self._lock, self.sign)

    def _trim_on(self) -> None:
        trim = self._trim
        if trim is None:
            return
        try:
            more = trim.step(self._db)
        except Exception as error:  # noqa: BLE001  # a full disk has no room for this either; retention asks again
            log.warning("journal %s: old records stay for now: %s", self._path, error)
            more = False
        with self._wake:
            if not more and self._trim is trim:
                self._trim = None

    def _stored_body(self, body: str) -> str | bytes:
        return stored_body(body) if self._packs else body

    def _store(self, batch: list[tuple[int, Entered[Value]]], state: Checkpoint | None) -> None:
        if not batch and not state:
            return
        fresh = [one for one in batch if one[0] > self.stored]  # all of them, unless what came behind a commit failed
        rows = [
            (seq, value.at_us, getattr(value, "line", ""), type(value).__name__, self._stored_body(body))
            for seq, (value, body) in fresh
        ]
        names = [(name, seq) for seq, (value, _) in fresh for name in refs(value)]
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany("INSERT INTO record VALUES(?,?,?,?,?)", rows)
            self._db.executemany("INSERT OR IGNORE INTO ref VALUES(?,?)", names)
            marked = self._marked
            if state:
                store(self._db, state, marked)
                self._db.execute("INSERT OR REPLACE INTO checkpoint VALUES(1,?,?)", (state.seq, state.rest))
                if state.started and state.seq - marked >= MARK_EVERY:
                    marked = state.seq
                    self._db.execute("INSERT OR REPLACE INTO mark VALUES(?,?,?)", (marked, state.started, state.rest))
            self._db.execute("COMMIT")
            self._marked = marked
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        if rows:
            self.stored = rows[-1][0]
            self.kinds.update(row[3] for row in rows)
        if batch:
            self._on_stored(self.stored)


def is_written(path: Path) -> bool:
    """Whether a controller keeps this journal now."""
    try:
        with path.with_name(f"{path.name}.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _lock(path: Path) -> TextIO:
    """Keeps a second controller off the file for as long as the returned lock file is open."""
    lock = path.with_name(f"{path.name}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise JournalError(
            f"journal {path}: another controller writes it; stop that one or give another path"
        ) from None
    return lock
