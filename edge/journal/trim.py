"""Taking the oldest records out of a journal, in steps so small that the newest never wait long.

Public names: Trim, SCHEMA.

The journal keeps marks: the decisions' state at some sequences, without its large parts, which lie apart
(`edge.journal.parts`). Records are taken out up to a mark, so that every decision behind it can still be derived again
from there. Kept are the first record, by which a journal is known, and the newest Started before the mark, which says
by which lines its decisions were made. The file keeps its size and uses the room again.
"""

from __future__ import annotations

import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS mark(seq INTEGER PRIMARY KEY, started INTEGER NOT NULL, state BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS trimmed(id INTEGER PRIMARY KEY CHECK(id = 1), seq INTEGER NOT NULL);
"""
STEP = 500
"""Records, or names of records, of one step."""


class Trim:
    """Takes out what lies before ``mark``; ``step`` is one transaction of the journal's one writer."""

    def __init__(self, mark: int) -> None:
        self.mark = mark
        self._started: int | None = None
        self._names_after: tuple[str, int] | None = None
        self._parts_after: tuple[str, str, int] | None = None

    def step(self, db: sqlite3.Connection) -> bool:
        """Whether there is more to do. Raises sqlite3.Error, and may then be called again."""
        db.execute("BEGIN IMMEDIATE")
        try:
            if self._parts_after is not None:
                more = self._parts(db)
            else:
                more = self._names(db) if self._names_after is not None else self._records(db)
            db.execute("COMMIT")
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return more

    def _records(self, db: sqlite3.Connection) -> bool:
        if self._started is None:
            (self._started,) = db.execute("SELECT started FROM mark WHERE seq=?", (self.mark,)).fetchone()
            db.execute("INSERT OR REPLACE INTO trimmed VALUES(1,?)", (self.mark,))
        gone = db.execute(
            "DELETE FROM record WHERE seq IN "
            "(SELECT seq FROM record WHERE seq>1 AND seq<=? AND seq<>? ORDER BY seq LIMIT ?)",
            (self.mark, self._started, STEP),
        ).rowcount
        if gone < STEP:
            db.execute("DELETE FROM mark WHERE seq<?", (self.mark,))
            self._names_after = "", 0
        return True

    def _names(self, db: sqlite3.Connection) -> bool:
        """The names of what is gone, in one pass over all names."""
        assert self._names_after is not None
        some = db.execute(
            "SELECT ref, seq FROM ref WHERE (ref, seq) > (?,?) ORDER BY ref, seq LIMIT ?", (*self._names_after, STEP)
        ).fetchall()
        kept = (1, self._started)
        db.executemany(
            "DELETE FROM ref WHERE ref=? AND seq=?",
            [(name, seq) for name, seq in some if seq <= self.mark and seq not in kept],
        )
        if len(some) < STEP:
            self._parts_after = "", "", 0
        else:
            self._names_after = some[-1]
        return True

    def _parts(self, db: sqlite3.Connection) -> bool:
        """What the state at the mark says otherwise by then, in one pass over all parts."""
        assert self._parts_after is not None
        some = db.execute(
            "SELECT name, key, seq FROM part WHERE (name, key, seq) > (?,?,?) ORDER BY name, key, seq LIMIT ?",
            (*self._parts_after, STEP),
        ).fetchall()
        db.executemany(
            "DELETE FROM part WHERE name=? AND key=? AND seq=? AND (value IS NULL OR EXISTS (SELECT 1 FROM part newer "
            "WHERE newer.name=part.name AND newer.key=part.key AND newer.seq>part.seq AND newer.seq<=?))",
            [(*row, self.mark) for row in some if row[2] <= self.mark],
        )
        if some:
            self._parts_after = some[-1]
        return len(some) == STEP
