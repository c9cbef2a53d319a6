"""Follows one controller's journal for one target: batches in order, at least once, with a durable cursor.

Public names: Publisher, Entry, Delivery, TargetDown, RequestsInVain, TargetFollower, Following.

A publisher turns records into what its target takes, and knows nothing of cursors, batches or waiting. One thread each:
a target that is down or slow delays no other. A batch is prepared once and sent until the target took it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeAlias

from edge.journal.follower import Follower, NotNow, Opened, follow
from edge.journal.host_time import now_us
from edge.journal.record import JournalError, Record, Value
from edge.journal.source import JournalSource
from edge.publish.cursors import CursorError, Cursors, Refused, SetAside, Standing, TooOld
from edge.publish.told import TOLD, SiteTold, site_told

log = logging.getLogger(__name__)

POLL_S = 0.1
RETRY_FIRST_S = 0.25
RETRY_LAST_S = 30.0


class TargetDown(NotNow):
    """The target did not take a batch and may take it later, where it says so after ``rest_s``. The text names the
    target and the reason.
    """

    def __init__(self, text: str, rest_s: float = 0.0) -> None:
        super().__init__(text)
        self.rest_s = rest_s


class Entry(NamedTuple):
    """One record and its decoded value, which of a site's outbox is a `SiteTold`. ``id``: names the record among all of
    the site, for ever.
    """

    record: Record
    value: Value | SiteTold
    id: str


class RequestsInVain(NamedTuple):
    """What others asked of a publisher and did not get, since it was opened: no room for it, or a fault of ours.

    ``why``: the newest fault; empty = there was none.
    """

    refused: int = 0
    failed: int = 0
    why: str = ""


NONE_IN_VAIN = RequestsInVain()
Delivery: TypeAlias = Callable[[], Sequence[Refused]]
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

    @property
    def requests(self) -> RequestsInVain:
        """What was asked of it in vain."""
        ...

    @property
    def doing(self) -> str:
        """What takes it long, for people, while it takes apart what the target refuses; else empty. By any thread."""
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
    ``set_aside``: ever. ``requests``: of the publisher that is open now. No trouble = empty.
    """

    publisher: str
    seq: int = 0
    newest: int = 0
    at_us: int = 0
    records: int = 0
    failures: int = 0
    set_aside: int = 0
    trouble: str = "not begun"
    requests: RequestsInVain = NONE_IN_VAIN

    @property
    def backlog(self) -> int:
        """Records not yet delivered."""
        return max(0, self.newest - self.seq)


class TargetFollower:
    """Follows a journal for one target until told to stop.

    ``make`` connects nothing yet; it is called each time that the journal is opened.
    """

    TELL_EVERY_S = 10.0

    def __init__(self, name: str, source: JournalSource, cursors: Cursors, make: Callable[[], Publisher]) -> None:
        self.following = Following(name)
        self._name = name
        self._follower = Follower(source, self, POLL_S, (RETRY_FIRST_S, RETRY_LAST_S), (CursorError,))
        self._cursors = cursors
        self._make = make
        self._publisher: Publisher | None = None
        self._delivery: Callable[[], bool] | None = None
        self._down = self._too_old = False
        self._node = ""
        self._told_s = 0.0
        self._given_up = False

    def standing(self, at_us: int) -> Standing:
        """How it stands now. By any thread."""
        publisher = self._publisher
        return Standing(self._name, self.following.trouble, at_us, "" if publisher is None else publisher.doing)

    def give_up(self) -> None:
        """By another thread, when ``stop`` is set: so that ``run`` ends within a second, whatever its target does."""
        self._given_up = True
        if self._publisher is not None:
            self._publisher.give_up()

    def run(self, stop: threading.Event) -> None:
        """Runs until ``stop``."""
        try:
            follow([self._follower], stop)
        finally:
            self._forget()

    @property
    def portion(self) -> int:
        assert self._publisher is not None
        return self._publisher.portion

    def begin(self, journal: Opened) -> int:
        self._forget()
        cursor = self._cursors.get(self._name, journal.node)
        self._node = journal.node
        self.following = replace(self.following, seq=cursor.seq, set_aside=cursor.set_aside)
        self._publisher = self._make()
        if self._given_up:
            self._publisher.give_up()
        return max(0, cursor.seq - self._publisher.lookback)

    def take(self, records: Sequence[Record]) -> bool:
        self.following = replace(self.following, newest=self._follower.newest)
        if records and self._delivery is None:
            self._delivery = self._prepared(records)
        took = False
        if self._delivery is not None:
            took = self._delivery()
            self._delivery = None
        self._count_requests()
        if took or not self._down:
            self._well("delivers again" if took else "goes on")
        if self._tell() and self._down:
            self._well("its target answers again")
        return False

    def _well(self, how: str) -> None:
        """A trouble is over: one with the target when that took something, any other when there are records again."""
        if self.following.trouble:
            if self.following.trouble != "not begun":
                log.warning("publisher %s: %s", self._name, how)
            self.following = replace(self.following, trouble="")
        self._down = False

    def trouble(self, error: Exception) -> None:
        if self._given_up:
            return
        text = str(error)
        self._down = self._down or isinstance(error, TargetDown)
        if text != self.following.trouble:
            log.warning("publisher %s: %s; tried again until it works", self._name, text)
        failures = self.following.failures + 1
        self.following = replace(self.following, newest=self._follower.newest, trouble=text, failures=failures)
        if not isinstance(error, TargetDown):
            self._forget()

    def _prepared(self, records: Sequence[Record]) -> Callable[[], bool]:
        """What delivers those that were not delivered before, and tells whether the target took something."""
        assert self._publisher is not None
        before = [record for record in records if record.seq <= self.following.seq]
        if before:
            self._publisher.prepare(self._entries(self._publisher, before)[0])
        fresh = records[len(before) :]
        if not fresh:
            return lambda: False
        entries, bad = self._entries(self._publisher, fresh)
        send = self._publisher.prepare(entries)

        def deliver() -> bool:
            told = send()
            refused = sorted([*bad, *told], key=lambda one: one.seq)
            cursor = self._cursors.move(self._name, self._node, fresh[-1].seq, refused, now_us())
            self.following = replace(
                self.following,
                seq=cursor.seq,
                at_us=fresh[-1].at_us,
                records=self.following.records + len(fresh),
                set_aside=cursor.set_aside,
            )
            for one in [one for one in refused if isinstance(one, SetAside)][:3]:
                log.warning("publisher %s: record %d set aside: %s", self._name, one.seq, one.reason)
            self._say_too_old([one for one in told if isinstance(one, TooOld)])
            return bool({entry.record.seq for entry in entries} - {one.seq for one in told})

        return deliver

    def _say_too_old(self, told: Sequence[TooOld]) -> None:
        """Once until the target takes a batch without such."""
        if told and not self._too_old:
            points, reason = sum(one.points for one in told), told[0].reason
            log.warning("publisher %s: %d points are older than its target keeps: %s", self._name, points, reason)
        self._too_old = bool(told)

    def _entries(self, publisher: Publisher, records: Sequence[Record]) -> tuple[list[Entry], list[SetAside]]:
        entries, bad = [], []
        for record in filter(publisher.wants, records):
            try:
                value = site_told(record) if record.kind == TOLD else record.value
                entries.append(Entry(record, value, f"{self._node}/{record.seq}"))
            except JournalError as error:
                bad.append(SetAside(record.seq, f"{record.kind} {record.body}", str(error)))
        return entries, bad

    def _tell(self) -> bool:
        """Whether it was told, if it was due."""
        now_s = time.monotonic()
        if self._publisher is None or now_s - self._told_s < self.TELL_EVERY_S:
            return False
        self._told_s = now_s
        try:
            self._publisher.tell(self.following)
        except TargetDown:  # the next batch says so
            return False
        return True

    def _count_requests(self) -> None:
        """Remembers what was asked in vain where another process can see it."""
        before = self.following.requests
        now = RequestsInVain() if self._publisher is None else self._publisher.requests
        if now != before:
            self.following = replace(self.following, requests=now)
            more = now.refused - before.refused, now.failed - before.failed
            with suppress(CursorError):  # /metrics has it still
                self._cursors.asked_in_vain(self._name, *more, now.why, now_us())

    def _forget(self) -> None:
        self._delivery = None
        publisher, self._publisher = self._publisher, None
        self.following = replace(self.following, requests=RequestsInVain())
        if publisher is not None:
            publisher.close()
