"""What a site notes of its order flow, and its outbox, read as journals are: told by the same publishers.

Public names: SiteNumbers, SiteOutbox, NumbersRead.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from edge.config.lines import OUTBOX
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, Record
from edge.journal.source import JournalSource

NumbersRead: TypeAlias = Callable[[int, int], list[Record]]
"""Up to so many records behind a sequence; raises OSError while the store is away."""


_PORTION = 10_000


class _Reader(JournalReader):
    """Reads through a function; the store is opened by whoever gave it."""

    def __init__(self, read: NumbersRead) -> None:  # no file is opened
        self.path = Path("site store")
        self._read = read
        self._last = 0

    def after(self, seq: int, limit: int = 1000) -> list[Record]:
        """Up to ``limit`` behind a sequence, in order."""
        try:
            found = self._read(seq, limit)
        except OSError as error:
            raise JournalError(str(error)) from None
        self._last = max(self._last, found[-1].seq if found else seq)
        return found

    def last(self) -> int:
        """The newest sequence."""
        while portion := self._read(self._last, _PORTION):
            self._last = portion[-1].seq
        return self._last

    def close(self) -> None:
        """Nothing is open."""


class SiteOutbox(JournalSource):
    """The outbox of one site. ``mark``: a name that no other store has; raises OSError while the store is away."""

    def __init__(self, read: NumbersRead, mark: Callable[[], str]) -> None:
        super().__init__(Path("site store"), OUTBOX)
        self._events = _Reader(read)
        self._mark = mark

    def open(self) -> JournalReader:
        self._reader = self._events
        return self._events

    def node(self, reader: JournalReader) -> str:
        """Of the store, as the first events go with the years."""
        try:
            return f"{OUTBOX}@{self._mark()}" if reader.last() else ""
        except OSError as error:
            raise JournalError(str(error)) from None


class SiteNumbers(JournalSource):
    """The numbers of one site. ``read``: by any thread."""

    def __init__(self, controller: str, read: NumbersRead) -> None:
        super().__init__(Path("site store"), controller)
        self._numbers = _Reader(read)

    def open(self) -> JournalReader:
        self._reader = self._numbers
        return self._numbers
