"""Reading a journal from any process, without ever writing to it.

Public names: JournalReader, StoredState, APPLICATION_ID, check_form.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from edge.journal.bodies import body_text
from edge.journal.earlier import in_todays_words
from edge.journal.parts import READ, whole
from edge.journal.record import JournalError, Record, unknown_word

State = TypeVar("State")
_NEWEST = 2**63 - 1
APPLICATION_ID = 0x4C57_4A31  # "LWJ1"
"""By this number a SQLite file says that it is a journal."""
FORM = 1
"""The form of its tables, in the file's `user_version`; one more when versions before cannot read or write them.

1: long texts are packed (`edge.journal.bodies`). A file that was begun in an earlier form keeps it.
"""


class StoredState(NamedTuple, Generic[State]):
    """A state behind record ``seq``. ``apart``: its large parts are stored apart, so only what changes need be."""

    seq: int
    state: State
    apart: bool


def check_form(db: sqlite3.Connection, path: Path) -> int:
    """The file's form. Raises JournalError where a newer version gave it another one."""
    form: int = db.execute("PRAGMA user_version").fetchone()[0]
    if form > FORM:
        why = f"its form is {form}, this version knows {FORM}"
        raise JournalError(f"journal {path}: {why}: start the version that wrote it, or give `journal` another path")
    return form


class JournalReader:
    """Searches a journal, from any process, without ever writing to it. May be used by several threads.

    What is closed, or cannot be read, raises JournalError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        if not path.is_file():
            raise JournalError(f"journal {path}: {'not a file' if path.exists() else 'no such file'}")
        with ExitStack() as opened:
            try:
                where = f"{path.resolve().as_uri()}?mode=ro"
                self._db = opened.enter_context(
                    closing(sqlite3.connect(where, uri=True, isolation_level=None, check_same_thread=False, timeout=5))
                )
                self._db.execute("PRAGMA wal_autocheckpoint=0")
                if self._db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                    raise JournalError(f"journal {path}: not a journal of Lanewise")
                check_form(self._db, path)
            except sqlite3.Error as error:
                raise JournalError(f"journal {path}: {error}") from None
            opened.pop_all()

    def after(self, seq: int, limit: int = 1000) -> list[Record]:
        """Up to ``limit`` records behind a sequence, in order."""
        return self._records("SELECT * FROM record WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit)

    def every(self, seq: int = 0) -> Iterator[Record]:
        """All records behind a sequence, in order, read in portions."""
        while portion := self.after(seq, 5000):
            yield from portion
            seq = portion[-1].seq

    def by_ref(self, ref: str) -> list[Record]:
        """The records that name an identity, order or track (`edge.core.events.refs`), in order."""
        return self._records("SELECT r.* FROM ref JOIN record r USING(seq) WHERE ref.ref = ? ORDER BY seq", ref)

    def named(
        self, ref: str, above: int = 0, upto: int = _NEWEST, most: int = 100_000, *, oldest: bool = False
    ) -> list[Record]:
        """The newest records that name something, or the ``oldest``, behind sequence ``above`` up to ``upto``, in
        order.
        """
        some = "SELECT r.* FROM ref JOIN record r USING(seq) WHERE ref.ref = ? AND ref.seq > ? AND ref.seq <= ? "
        order = "ORDER BY ref.seq LIMIT ?" if oldest else "ORDER BY ref.seq DESC LIMIT ?"
        records = self._records(some + order, ref, above, upto, most)
        return records if oldest else records[::-1]

    def of_kinds(self, kinds: Sequence[str], above: int, upto: int, limit: int) -> list[Record]:
        """The first records of some kinds behind sequence ``above`` up to ``upto``, in order."""
        places = ",".join("?" * len(kinds))
        query = f"SELECT * FROM record WHERE seq > ? AND seq <= ? AND kind IN ({places}) ORDER BY seq LIMIT ?"  # noqa: S608
        return self._records(query, above, upto, *kinds, limit)

    def of_kind(self, kind: str, newest: int = 100_000, upto: int = _NEWEST) -> list[Record]:
        """The newest records of one kind up to sequence ``upto``, in order."""
        query = "SELECT * FROM record WHERE kind = ? AND seq <= ? ORDER BY seq DESC LIMIT ?"
        return self._records(query, kind, upto, newest)[::-1]

    def newest(self, kind: str, behind: int) -> list[Record]:
        """The newest record of one kind behind a sequence; empty = there is none."""
        return self._records("SELECT * FROM record WHERE seq > ? AND kind = ? ORDER BY seq DESC LIMIT 1", behind, kind)

    def counted(self, kinds: Sequence[str], from_us: int, upto: int) -> Iterator[Record]:
        """The records of some kinds up to sequence ``upto``, in order, read in portions.

        They begin about where the times reach ``from_us``: a clock that was set back makes it more or fewer of them.
        """
        low, high = 0, upto
        while low < high:
            middle = (low + high) // 2
            found = self._records("SELECT * FROM record WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT 1", middle, upto)
            if found and found[0].at_us < from_us:
                low = found[0].seq
            else:
                high = middle
        places = ",".join("?" * len(kinds))
        query = f"SELECT * FROM record WHERE seq > ? AND seq <= ? AND kind IN ({places}) ORDER BY seq LIMIT 1000"  # noqa: S608
        while portion := self._records(query, low, upto, *kinds):
            yield from portion
            low = portion[-1].seq

    def last(self) -> int:
        """The newest sequence; 0 for an empty journal."""
        seq: int = self._rows("SELECT coalesce(max(seq), 0) FROM record")[0][0]
        return seq

    def checkpoint(self, kind: type[State]) -> tuple[int, State] | None:
        """The newest stored state and the sequence it belongs to; None where there is none, or it is another version's.

        It is, when it has a word that ``kind`` has not.
        """
        found = self.stored(kind)
        return None if found is None else (found.seq, found.state)

    def stored(self, kind: type[State]) -> StoredState[State] | None:
        """As `checkpoint`, and how it lies there."""
        for seq, body, apart in self._states("SELECT seq, state FROM checkpoint"):
            state = _state(body, kind)
            return None if state is None else StoredState(seq, state, apart)
        return None

    def trimmed(self) -> int:
        """The mark up to which records were taken out; 0 = none were."""
        return max((seq for (seq,) in self._optional("SELECT seq FROM trimmed")), default=0)

    def marks(self) -> list[int]:
        """Sequences up to which records can be taken out, in order."""
        return [seq for (seq,) in self._optional("SELECT seq FROM mark ORDER BY seq")]

    def origin(self, kind: type[State]) -> tuple[int, State, Record] | None:
        """Where the records of a trimmed journal begin: the mark, the state there, and the Started that held there.

        None where nothing was taken out, or the state is another version's.
        """
        mark = self.trimmed()
        if not mark:
            return None
        for seq, body, _ in self._states("SELECT seq, state FROM mark WHERE seq=?", mark):
            found = _state(body, kind)
            (started,) = self._rows("SELECT started FROM mark WHERE seq=?", seq)[0]
            return None if found is None else (seq, found, self.after(started - 1, 1)[0])
        return None

    def used_bytes(self) -> int:
        """How much of the file is in use."""
        pages, free, size = (
            self._optional(f"PRAGMA {name}")[0][0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def older(self, at_us: int) -> int:
        """The newest sequence of those that are older than a time; 0 = none is. A clock set back blurs it."""
        low, high = self.trimmed(), self.last()
        while low < high:
            middle = (low + high + 1) // 2
            if self.after(middle - 1, 1)[0].at_us < at_us:
                low = middle
            else:
                high = middle - 1
        return low

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()

    def _optional(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of a table that a journal of an older version does not have."""
        try:
            return self._rows(sql, *values)
        except JournalError as error:
            if "no such table" in str(error):
                return []
            raise

    def _states(self, sql: str, *values: object) -> Iterator[tuple[int, object, bool]]:
        """Rows of (seq, state) with the parts that lie apart in them, and whether there are some; all of one moment."""
        with self._lock:
            self._rows("BEGIN")
            try:
                found = [(seq, body) for seq, body in self._rows(sql, *values) if isinstance(seq, int)]
                states = [(seq, *self._whole(seq, body)) for seq, body in found]
            finally:
                self._rows("COMMIT")
        yield from states

    def _whole(self, seq: int, body: object) -> tuple[object, bool]:
        if not isinstance(body, bytes):
            return None, False
        try:
            found = whole(body, seq, lambda name, upto: self._rows(READ, name, upto))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return None, False
        return found, found is not body

    def _records(self, sql: str, *values: object) -> list[Record]:
        rows = self._rows(sql, *values)
        records = [Record(seq, at_us, line, kind, body_text(body)) for seq, at_us, line, kind, body in rows]
        for record in records:
            if type(record.at_us) is not int:
                raise JournalError(f"journal {self.path}: record {record.seq}: damaged: its time is {record.at_us!r}")
        return records

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._db.execute(sql, values).fetchall()
            except sqlite3.OperationalError as error:
                if "UTF-8" not in str(error):
                    raise JournalError(f"journal {self.path}: {error}") from None
            except sqlite3.Error as error:
                raise JournalError(f"journal {self.path}: {error}") from None
            self._db.text_factory = _legible
            try:
                return self._db.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise JournalError(f"journal {self.path}: {error}") from None
            finally:
                self._db.text_factory = str


def _legible(damaged: bytes) -> str:
    """Text of which not all is UTF-8; a record with such a body is told as one that cannot be read, and passed over."""
    return damaged.decode(errors="replace")


def _state(body: object, kind: type[State]) -> State | None:
    if not isinstance(body, bytes):
        return None
    try:
        body = in_todays_words(body)
        state = msgspec.json.decode(body, type=kind)
        return None if unknown_word(state, body) else state
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
