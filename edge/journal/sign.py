"""How a journal's writer stands, told without the disk: as a lock on a range of bytes of the journal's lock file.

Public names: Unwritable, WriterSign, show, shown.

A range may be locked behind the end of a file. Its first byte tells the reason, its length since when: nothing is
written, so it is told on a disk that is full, broken or read-only, and it is over when the process is.

Source: Linux fcntl(2), "Open file description locks (non-POSIX)".
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import struct
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from edge.journal.disk import no_room

_FLOCK = struct.Struct("hhqqi4x")
"""struct flock: type, whence, start, length, process."""
_FIRST = 1 << 40
"""The range of no trouble begins here, that of the first reason at twice this, and so on."""


class Unwritable(StrEnum):
    """Why a journal cannot be written."""

    FULL = "full"  # no space left
    READ_ONLY = "read-only"
    BROKEN = "broken"  # the disk gives an error
    DAMAGED = "damaged"  # the file is not what it was
    LOCKED = "locked"  # another program holds it
    OTHER = "other"
    FAULT = "fault"  # a fault of this program
    SLOW = "slow"  # the disk stands still


_WHYS = tuple(Unwritable)
_CODES = {
    sqlite3.SQLITE_FULL: Unwritable.FULL,
    sqlite3.SQLITE_READONLY: Unwritable.READ_ONLY,
    sqlite3.SQLITE_IOERR: Unwritable.BROKEN,
    sqlite3.SQLITE_CORRUPT: Unwritable.DAMAGED,
    sqlite3.SQLITE_NOTADB: Unwritable.DAMAGED,
    sqlite3.SQLITE_BUSY: Unwritable.LOCKED,
    sqlite3.SQLITE_LOCKED: Unwritable.LOCKED,
}


@dataclass(frozen=True, slots=True)
class WriterSign:
    """Somebody writes the journal; ``why`` it cannot be written, None = it can, since ``since_s`` (1970 UTC)."""

    since_s: int
    why: Unwritable | None = None


def reason_of(error: Exception, path: Path) -> Unwritable:
    """What an error while writing means."""
    if not isinstance(error, sqlite3.Error):
        return Unwritable.FAULT
    if no_room(error, path):
        return Unwritable.FULL
    return _CODES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, Unwritable.OTHER)


def show(lock: TextIO, sign: WriterSign) -> None:
    """Shows how it stands for as long as the journal's lock file is open, or until something else is shown.

    Where the system has no such locks, nothing is shown.
    """
    number = 0 if sign.why is None else _WHYS.index(sign.why) + 1
    start = _FIRST * (number + 1)
    with suppress(OSError):
        _lock(lock, fcntl.F_UNLCK, start, _FIRST)
        _lock(lock, fcntl.F_WRLCK, start, max(1, min(sign.since_s, _FIRST - 2)))
        _lock(lock, fcntl.F_UNLCK, 0, start)
        _lock(lock, fcntl.F_UNLCK, start + _FIRST, 0)


def shown(path: Path) -> WriterSign | None:
    """How the writer of a journal stands; None = nobody writes it, or it cannot be told."""
    try:
        with path.with_name(f"{path.name}.lock").open("rb") as file:
            asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, start, length, _ = _FLOCK.unpack(fcntl.fcntl(file, fcntl.F_OFD_GETLK, asked))
    except OSError:
        return None
    number = start // _FIRST - 1
    if kind == fcntl.F_UNLCK or start % _FIRST or not 0 <= number <= len(_WHYS):
        return None
    return WriterSign(length, _WHYS[number - 1] if number else None)


def _lock(file: TextIO, kind: int, start: int, length: int) -> None:
    fcntl.fcntl(file, fcntl.F_OFD_SETLK, _FLOCK.pack(kind, os.SEEK_SET, start, length, 0))
