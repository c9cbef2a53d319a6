"""Following a journal: every record once and in order, whatever becomes of the file, and of whoever takes them.

Public names: Follower, Fold, Opened, NotNow, follow, follow_until_cancelled.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, Record
from edge.journal.source import JournalSource

log = logging.getLogger(__name__)


class NotNow(Exception):  # noqa: N818  # it is no fault
    """Raised by a fold that cannot take the records yet: it gets the same ones again, not before ``rest_s``."""

    rest_s = 0.0


@dataclass(frozen=True, slots=True)
class Opened:
    """A journal that was opened, for the first time or again. ``node``: its name among all journals.

    ``after``: behind which record its follower stands; None = it was another before, or was put back since.
    """

    reader: JournalReader
    node: str
    after: int | None


class Fold(Protocol):
    """What is made of the records. Used by one thread."""

    @property
    def portion(self) -> int:
        """How many records it takes at most at a time."""
        ...

    def begin(self, journal: Opened) -> int:
        """Behind which record to go on."""
        ...

    def take(self, records: Sequence[Record]) -> bool:
        """The next records, none where there are none; whether it has more to do before it can rest."""
        ...

    def trouble(self, error: Exception) -> None:
        """Why nothing could be read or taken, each time it is tried; the next ``take`` that succeeds ends it."""
        ...


@dataclass
class Follower:
    """Gives a fold the records of a journal.

    It looks for new records every ``poll_s``, and after trouble tries again after the first of ``retry_s``, twice as
    long each time, at most the second; now and then up to twice as soon, so that not all try at once. Trouble is
    JournalError, NotNow, and what ``bears`` names: troubles of what the fold itself remembers. Everything else that it
    raises is a fault of this program, said with its traceback. After all but NotNow it begins again. ``newest``: the
    journal's newest sequence that was seen.
    """

    source: JournalSource
    fold: Fold
    poll_s: float
    retry_s: tuple[float, float] = (1.0, 1.0)
    bears: tuple[type[Exception], ...] = ()

    def __post_init__(self) -> None:
        self._troubles: tuple[type[Exception], ...] = (JournalError, NotNow, *self.bears)
        self._next_retry_s = self.retry_s[0]
        self._reader: JournalReader | None = None
        self._node = self._faulty = ""
        self._begun = False
        self._seq = self.newest = 0
        self._untaken: list[Record] = []

    def step(self) -> float:
        """Takes the next records, at most a portion; after how many seconds to call again."""
        try:
            records = self._untaken = self._untaken or self._read()
            more = self.fold.take(records)
        except Exception as error:  # noqa: BLE001  # one fold never ends another
            if isinstance(error, NotNow):
                self._look_on()
            else:
                self._untaken, self._begun = [], False
            self.fold.trouble(error if isinstance(error, self._troubles) else self._fault(error))
            rest_s = self._next_retry_s * (1 - random.random() / 2)
            self._next_retry_s = min(self._next_retry_s * 2, self.retry_s[1])
            return max(rest_s, error.rest_s) if isinstance(error, NotNow) else rest_s
        self._untaken, self._next_retry_s = [], self.retry_s[0]
        if records:
            self._seq = records[-1].seq
        return 0.0 if more or self._seq < self.newest else self.poll_s

    def _fault(self, error: Exception) -> Exception:
        text = f"a fault of this program: {error!r}"
        if text != self._faulty:
            log.error("what follows the journal begins anew", exc_info=error)
        self._faulty = text
        return RuntimeError(text)

    def _read(self) -> list[Record]:
        reader = self.source.open()
        try:
            if reader is not self._reader or not self._begun:
                self._reader, self._begun = reader, self._begin(reader)
            if not self._begun:
                return []
            portion = self.fold.portion
            records = self.source.after(reader, self._seq, portion)
            self.newest = reader.last() if len(records) == portion else records[-1].seq if records else self._seq
        except JournalError:
            self.source.give_up(reader)
            raise
        return records

    def _begin(self, reader: JournalReader) -> bool:
        """False where the journal is empty, and so has no name yet."""
        node = self.source.node(reader)
        if node:
            same = node == self._node and reader.last() >= self._seq
            self._node = node if same else ""
            self._seq = self.newest = self.fold.begin(Opened(reader, node, self._seq if same else None))
            self._node = node
        return bool(node)

    def _look_on(self) -> None:
        """While records wait to be taken: how many more there are by now."""
        with suppress(JournalError):
            if self.source.open() is self._reader:
                self.newest = self._reader.last()


def follow(followers: Sequence[Follower], stop: threading.Event) -> None:
    """Follows in this thread until ``stop``, each when it is due; none waits for another's trouble to end."""
    due_s = [0.0] * len(followers)
    while not stop.is_set():
        for number, follower in enumerate(followers):
            if due_s[number] <= time.monotonic():
                due_s[number] = follower.step() + time.monotonic()
        stop.wait(min(due_s) - time.monotonic())


async def follow_until_cancelled(name: str, *followers: Follower) -> None:
    """Follows in a thread of its own, which ends before this does; so it may wait for what it calls in the loop."""
    stop = threading.Event()
    pool = ThreadPoolExecutor(1, name)
    work = asyncio.get_running_loop().run_in_executor(pool, follow, followers, stop)
    try:
        await asyncio.wait([work])
    finally:
        stop.set()
        await asyncio.wait([work])
        pool.shutdown()
    work.result()
