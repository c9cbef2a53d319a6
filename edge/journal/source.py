"""A journal that may not be there yet, or be replaced by another, for those who follow it.

Public names: JournalSource.
"""

from __future__ import annotations

from pathlib import Path

from edge.journal.reader import JournalReader
from edge.journal.record import JournalError


class JournalSource:
    """An open journal, opened again when another file stands in its place. Used by one thread at a time."""

    def __init__(self, path: Path, controller: str) -> None:
        self._path = path
        self._controller = controller
        self._reader: JournalReader | None = None
        self._file: tuple[int, int] | None = None
        self._node = ""

    def open(self) -> tuple[JournalReader, bool]:
        """The reader, and whether it is of another file than the last time. Raises JournalError."""
        try:
            stat = self._path.stat()
        except OSError as error:
            self.close()
            raise JournalError(f"journal {self._path}: {error.strerror}") from None
        if self._reader is not None and self._file == (stat.st_dev, stat.st_ino):
            return self._reader, False
        self.close()
        self._reader = JournalReader(self._path)
        self._file = stat.st_dev, stat.st_ino
        return self._reader, True

    def node(self, reader: JournalReader) -> str:
        """A name that no other journal file has: the controller, and when its first record was written.

        Empty for an empty journal.
        """
        if not self._node:
            first = reader.after(0, 1)
            self._node = f"{self._controller}@{first[0].at_us}" if first else ""
        return self._node

    def close(self) -> None:
        """Forgets the file."""
        if self._reader is not None:
            self._reader.close()
        self._reader, self._file, self._node = None, None, ""
