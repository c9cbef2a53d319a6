"""A journal that may not be there yet, or be replaced by another, open once for all of a process who follow it.

Public names: JournalSource.
"""

from __future__ import annotations

import threading
from itertools import islice
from pathlib import Path

from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, Record

KEEP = 4_000
"""Records that were read last, kept for those who come to them a little later."""


class JournalSource:
    """An open journal, opened again when another file stands in its place. May be used by several threads."""

    def __init__(self, path: Path, controller: str) -> None:
        self._path = path
        self._controller = controller
        self._lock = threading.Lock()
        self._reader: JournalReader | None = None
        self._file: tuple[int, int] | None = None
        self._read: dict[int, Record] = {}

    def open(self) -> JournalReader:
        """The reader; another than the last time where another file stands there, or it was given up.

        Raises JournalError.
        """
        with self._lock:
            try:
                stat = self._path.stat()
            except OSError as error:
                self._close()
                raise JournalError(f"journal {self._path}: {error.strerror}") from None
            if self._reader is None or self._file != (stat.st_dev, stat.st_ino):
                self._close()
                self._reader, self._file = JournalReader(self._path), (stat.st_dev, stat.st_ino)
            return self._reader

    def node(self, reader: JournalReader) -> str:
        """A name that no other journal file has: the controller, and when its first record was written.

        Empty for an empty journal.
        """
        first = reader.after(0, 1)
        return f"{self._controller}@{first[0].at_us}" if first else ""

    def after(self, reader: JournalReader, seq: int, limit: int) -> list[Record]:
        """As `JournalReader.after`; who reads the same lately gets the same objects, decoded once for all."""
        records = reader.after(seq, limit)
        with self._lock:
            if reader is self._reader:
                records = [self._read.setdefault(record.seq, record) for record in records]
                for old in list(islice(self._read, max(0, len(self._read) - KEEP))):
                    del self._read[old]
        return records

    def give_up(self, reader: JournalReader) -> None:
        """Closes a reader that cannot read, unless another has taken its place."""
        with self._lock:
            if reader is self._reader:
                self._close()

    def close(self) -> None:
        """Forgets the file."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader, self._file = None, None
        self._read.clear()
