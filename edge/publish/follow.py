"""Follows one controller's journal for one target: batches in order, at least once, with a durable cursor.

Public names: Publisher, Entry, Delivery, TargetDown, Follower, Following.

A publisher turns records into what its target takes, and knows nothing of cursors, batches or waiting. One thread each:
a target that is down or slow delays no other. A batch is prepared once and sent until the target took it.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

from edge.journal.host_time import now_us
from edge.journal.record import JournalError, Record, Value
from edge.journal.source import JournalSource
from edge.publish.cursors import CursorError, Cursors, SetAside

log = logging.getLogger(__name__)

POLL_S = 0.1
RETRY_FIRST_S = 0.25
RETRY_LAST_S = 30.0
LOOK_BACK_PORTION = 2_000


class TargetDown(Exception):  # noqa: N818  # what is down is the word of the trade
    """The target did not take a batch and may take it later. The text names the target and the reason."""


class Entry(NamedTuple):
    """One record and its decoded value. ``id``: names the record among all of the site, for ever."""

    record: Record
    value: Value
    id: str


Delivery: TypeAlias = Callable[[], Sequence[SetAside]]
"""Sends one prepared batch, in order, and returns what the target refused for good. May be called again after
TargetDown, and may then leave out what the target has confirmed.
"""


class Publisher(Protocol):
    """One target. Used by one thread."""

    def wants(self, record: Record) -> bool:
        """Whether it has any use for a record; those that it has not are not decoded, and count as delivered."""
        ...

    def prepare(self, entries: Sequence[Entry]) -> Delivery:
        """Turns records into what the target takes. Each is given once, in order, within the life of the publisher.

        First come records that were delivered before it began, at most ``lookback``, whose Delivery is never called.
        Must not wait for the target.
        """
        ...

    @property
    def lookback(self) -> int:
        """How many records before its first delivery it wants to see."""
        ...

    @property
    def portion(self) -> int:
        """How many records a batch has at most."""
        ...

    def tell(self, following: Following) -> None:
        """How the following goes, every 10 s while the target takes what is sent. May raise TargetDown."""
        ...

    def give_up(self) -> None:
        """The process ends: what waits for the target raises TargetDown at once, now and from now on.

        Called by another thread; ``close`` follows by the first, and takes a second at most.
        """
        ...

    def close(self) -> None:
        """Lets the target go; not called again."""
        ...


@dataclass(frozen=True, slots=True)
class Following:
    """How a publisher follows. ``seq``: delivered up to; ``newest``: the journal's newest record that was seen.

    ``at_us``: time of the newest delivered record. ``records``, ``failures``: since the process began.
    ``set_aside``: ever. No trouble = empty.
    """

    publisher: str
    seq: int = 0
    newest: int = 0
    at_us: int = 0
    records: int = 0
    failures: int = 0
    set_aside: int = 0
    trouble: str = "not begun"

    @property
    def backlog(self) -> int:
        """Records not yet delivered."""
        return max(0, self.newest - self.seq)


class Follower:
    """Follows a journal until told to stop. ``make`` connects nothing yet; it is called once for each journal file."""

    TELL_EVERY_S = 10.0

    def __init__(
        self, name: str, controller: str, journal: Path, cursors: Cursors, make: Callable[[], Publisher]
    ) -> None:
        self.following = Following(name)
        self._name = name
        self._source = JournalSource(journal, controller)
        self._cursors = cursors
        self._make = make
        self._publisher: Publisher | None = None
        self._node = ""
        self._told_s = 0.0
        self._given_up = False

    def give_up(self) -> None:
        """By another thread, when ``stop`` is set: so that ``run`` ends within a second, whatever its target does."""
        self._given_up = True
        if self._publisher is not None:
            self._publisher.give_up()

    def run(self, stop: threading.Event) -> None:
        """Runs until ``stop``. An error that is no trouble of journal, cursors or target ends it."""
        retry_s = RETRY_FIRST_S
        delivery: Callable[[], bool] | None = None
        try:
            while not stop.is_set():
                try:
                    delivery = delivery or self._next()
                    rests = delivery is None or not delivery()
                    delivery = None
                except (TargetDown, JournalError, CursorError) as error:
                    self._trouble(str(error))
                    if not isinstance(error, TargetDown):
                        delivery = None
                        self._forget()
                    stop.wait(retry_s * (1 - random.random() / 2))
                    retry_s = min(RETRY_LAST_S, retry_s * 2)
                    continue
                retry_s = RETRY_FIRST_S
                if self.following.trouble:
                    if self.following.trouble != "not begun":
                        log.warning("publisher %s: delivers again", self._name)
                    self.following = replace(self.following, trouble="")
                self._tell()
                if rests:
                    stop.wait(POLL_S)
        finally:
            self._forget()

    def _next(self) -> Callable[[], bool] | None:
        """What delivers the next batch and says whether more is waiting; None = nothing to deliver."""
        reader, another = self._source.open()
        if another:
            self._close_publisher()
        node = self._source.node(reader)
        if not node:
            return None
        if self._publisher is None:
            cursor = self._cursors.get(self._name, node)
            self._node = node
            self.following = replace(self.following, seq=cursor.seq, set_aside=cursor.set_aside)
            self._publisher = self._make()
            if self._given_up:
                self._publisher.give_up()
            seq = max(0, cursor.seq - self._publisher.lookback)
            while seq < cursor.seq:
                records = reader.after(seq, min(LOOK_BACK_PORTION, cursor.seq - seq))
                records = [record for record in records if record.seq <= cursor.seq]
                if not records:
                    break
                self._publisher.prepare(self._entries(self._publisher, records)[0])
                seq = records[-1].seq
        portion = self._publisher.portion
        records = reader.after(self.following.seq, portion)
        if not records:
            self.following = replace(self.following, newest=self.following.seq)
            return None
        entries, bad = self._entries(self._publisher, records)
        send = self._publisher.prepare(entries)
        newest = records[-1].seq if len(records) < portion else reader.last()
        self.following = replace(self.following, newest=newest)

        def deliver() -> bool:
            refused = sorted([*bad, *send()], key=lambda one: one.seq)
            cursor = self._cursors.move(self._name, self._node, records[-1].seq, refused, now_us())
            self.following = replace(
                self.following,
                seq=cursor.seq,
                at_us=records[-1].at_us,
                records=self.following.records + len(records),
                set_aside=cursor.set_aside,
            )
            for one in refused[:3]:
                log.warning("publisher %s: record %d set aside: %s", self._name, one.seq, one.reason)
            return len(records) == portion

        return deliver

    def _entries(self, publisher: Publisher, records: Sequence[Record]) -> tuple[list[Entry], list[SetAside]]:
        entries, bad = [], []
        for record in filter(publisher.wants, records):
            try:
                entries.append(Entry(record, record.value, f"{self._node}/{record.seq}"))
            except JournalError as error:
                bad.append(SetAside(record.seq, f"{record.kind} {record.body}", str(error)))
        return entries, bad

    def _trouble(self, text: str) -> None:
        if self._given_up:
            return
        if text != self.following.trouble:
            log.warning("publisher %s: %s; tried again until it works", self._name, text)
        self.following = replace(self.following, trouble=text, failures=self.following.failures + 1)
        with suppress(JournalError):
            reader, another = self._source.open()
            if not another:
                self.following = replace(self.following, newest=reader.last())

    def _tell(self) -> None:
        now_s = time.monotonic()
        if self._publisher is not None and now_s - self._told_s >= self.TELL_EVERY_S:
            self._told_s = now_s
            with suppress(TargetDown):  # the next batch says so
                self._publisher.tell(self.following)

    def _close_publisher(self) -> None:
        if self._publisher is not None:
            self._publisher.close()
            self._publisher = None

    def _forget(self) -> None:
        self._close_publisher()
        self._source.close()
