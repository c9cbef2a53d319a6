"""Looking for damage in SQLite files: pages that are not what they were.

Public names: DamageWatch, Looked, look_for_damage, WITHIN_S.

Source: SQLite, "PRAGMA quick_check", by table since 3.33; "sqlite3_interrupt".
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

WITHIN_S = 30.0
"""A look at one file takes no longer; of a large one the next look begins with the next table."""
BUSY_S = 5.0
"""How long another program may hold a file before it is looked at another time."""
NICENESS = 10
"""The thread that looks lets everything else go first."""
_TABLES = "SELECT name FROM sqlite_schema WHERE type='table' AND rootpage>0 ORDER BY rootpage"


@dataclass(frozen=True, slots=True)
class Looked:
    """``damage``: the first that was found, empty = none. ``tables``: how many were looked at wholly, ``of`` all."""

    damage: str = ""
    tables: int = 0
    of: int = 0


def look_for_damage(path: Path, within_s: float = WITHIN_S, begin: int = 0) -> Looked:
    """Looks at the tables of a file, beginning with number ``begin``, round. A file that is not there has no damage.

    Raises OSError where the file cannot be looked at now.
    """
    if not path.is_file():
        return Looked()
    tables: list[str] = []
    done = 0
    where = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with (
            closing(
                sqlite3.connect(where, uri=True, isolation_level=None, timeout=BUSY_S, check_same_thread=False)
            ) as db,
            _interrupted(db, within_s) as over,
        ):
            db.execute("PRAGMA wal_autocheckpoint=0")
            tables = [name for (name,) in db.execute(_TABLES)]
            for name in (*tables[begin:], *tables[:begin]):
                quoted = name.replace("'", "''")
                (found,) = db.execute(f"PRAGMA quick_check('{quoted}')").fetchone()
                if over.is_set():
                    break
                if found != "ok":
                    told = " ".join(found.replace("*** in database main ***", "").split())
                    return Looked(f"table {name}: {told}", done, len(tables))
                done += 1
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return Looked(str(error), done, len(tables))
        if code != sqlite3.SQLITE_INTERRUPT:
            raise OSError(f"{path}: {error}") from None
    return Looked("", done, len(tables))


@contextmanager
def _interrupted(db: sqlite3.Connection, after_s: float) -> Iterator[threading.Event]:
    """Ends what the connection does after a time, again and again while the context lasts; the event says so."""
    done, over = threading.Event(), threading.Event()

    def interrupt() -> None:
        done.wait(after_s)
        while not done.is_set():
            over.set()
            db.interrupt()
            done.wait(0.05)

    thread = threading.Thread(target=interrupt, name="damage within", daemon=True)
    thread.start()
    try:
        yield over
    finally:
        done.set()
        thread.join()


class DamageWatch:
    """Looks at some files, by what they are called, again and again. Used by one thread at a time, of its own."""

    def __init__(self, files: Mapping[str, Path], within_s: float = WITHIN_S) -> None:
        self._files = files
        self._within_s = within_s
        self._next: dict[str, int] = {}
        self._found: dict[str, str] = {}

    def look(self) -> str:
        """What is damaged, empty = nothing is as far as is known. Raises OSError, and may be called again then."""
        with suppress(OSError):  # of the thread alone, on Linux
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        for name, path in self._files.items():
            begin = self._next.get(name, 0)
            looked = look_for_damage(path, self._within_s, begin)
            self._next[name] = (begin + max(1, looked.tables)) % max(1, looked.of)
            if looked.damage:
                self._found[name] = f"{name} {path}: {looked.damage}"
            elif looked.tables == looked.of:
                self._found.pop(name, None)
        return "; ".join(self._found.values())
