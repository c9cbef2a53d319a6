"""The journals of a site read by time: what happened in a span, over all controllers, in order, in bounded portions.

Public names: Journals, Node, SpanAsked, LogPage, FoundAlarms, LOOKED_AT.

A journal is ordered by sequence, and its times rise with it but where a clock was set back: a time is found by halving,
some twenty look-ups in a million records. Nothing else of the file is read than the span that is asked for.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from edge.core.events import AlarmChanged, Started
from edge.core.names import ALARMS, STARTS
from edge.core.values.layout import LineLayout
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, Record, readable
from edge.journal.source import JournalSource
from edge.views.alarm_history import Call, Calls
from edge.views.event_log import DevicePlaces, LogEntry, LogFilter, entry
from edge.views.sentences import Teller

LOOKED_AT = 200_000
"""Records that one answer looks at: a filter that takes little goes on with the next answer."""
STRIDE = 20_000
PORTION = 1_000
AROUND = 5_000
"""Changes of alarms before and behind a span that are looked at, to know what stood when it began, and its end."""
CHANGES = 200_000
"""And at most in a span: a site with 100 alarms an hour has so many in half a year."""


class Node(NamedTuple):
    """One controller's journal."""

    controller: str
    source: JournalSource


@dataclass(frozen=True, slots=True)
class SpanAsked:
    """A span, what of it, how many entries at most, and where to go on: by controller behind which record."""

    from_us: int
    until_us: int
    which: LogFilter
    limit: int
    after: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogPage:
    """``entries`` in order of time. ``after``: where to go on; empty = that was all. ``troubles``: journals that
    cannot be read, a line each.
    """

    entries: tuple[LogEntry, ...]
    after: Mapping[str, int]
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundAlarms:
    """``calls``: those that came before ``until_us`` and were not over before ``from_us``, in order of time."""

    from_us: int
    until_us: int
    calls: tuple[Call, ...]
    troubles: tuple[str, ...]


class _Step(NamedTuple):
    """What one journal tells next; ``entry`` None: so far it was looked through."""

    at_us: int
    controller: str
    seq: int
    entry: LogEntry | None


class Journals:
    """All journals of a site, opened when they are asked for. May be used by several threads."""

    def __init__(self, paths: Mapping[str, Path], layouts: tuple[LineLayout, ...]) -> None:
        self._nodes = tuple(Node(name, JournalSource(path, name)) for name, path in paths.items())
        self._teller = Teller(layouts)
        self._places = DevicePlaces(layouts)

    @property
    def controllers(self) -> tuple[str, ...]:
        """Whose journals they are."""
        return tuple(node.controller for node in self._nodes)

    def close(self) -> None:
        """Forgets the files."""
        for node in self._nodes:
            node.source.close()

    def log(self, asked: SpanAsked) -> LogPage:
        """What happened in a span."""
        troubles: list[str] = []
        found: list[LogEntry] = []
        after = dict(asked.after)
        looked = 0
        steps = heapq.merge(*(self._steps(node, asked, troubles) for node in self._nodes), key=lambda its: its.at_us)
        for step in steps:
            after[step.controller] = step.seq
            if step.entry is not None:
                found.append(step.entry)
            else:
                looked += STRIDE
            if len(found) == asked.limit or looked >= LOOKED_AT:
                return LogPage(tuple(found), after, tuple(troubles))
        return LogPage(tuple(found), {}, tuple(troubles))

    def _steps(self, node: Node, asked: SpanAsked, troubles: list[str]) -> Iterator[_Step]:
        try:
            reader = node.source.open()
            low = asked.after.get(node.controller, -1)
            try:
                yield from self._told(node, reader, asked, reader.older(asked.from_us) if low < 0 else low)
            except JournalError:
                node.source.give_up(reader)
                raise
        except JournalError as error:
            troubles.append(f"{node.controller}: {error}")

    def _told(self, node: Node, reader: JournalReader, asked: SpanAsked, low: int) -> Iterator[_Step]:
        high, at_us = reader.older(asked.until_us), asked.from_us
        kinds = asked.which.records
        while low < high:
            upto = min(high, low + STRIDE)
            while records := reader.of_kinds(kinds, low, upto, PORTION):
                for record in readable(records)[0]:
                    one = self._entry(node.controller, reader, record)
                    at_us = max(at_us, record.at_us)
                    if asked.which.takes(one, self._places.lines(one)):
                        yield _Step(record.at_us, node.controller, record.seq, one)
                low = records[-1].seq
                if len(records) < PORTION:
                    break
            low = upto
            yield _Step(at_us, node.controller, low, None)

    def _entry(self, controller: str, reader: JournalReader, record: Record) -> LogEntry:
        value = record.value
        before: Started | None = None
        if isinstance(value, Started):
            earlier = readable(reader.named(STARTS, upto=record.seq - 1, most=1))[0]
            before = next((one.value for one in earlier if isinstance(one.value, Started)), None)
        return entry(controller, record.seq, value, self._teller, before)

    def alarms(self, from_us: int, until_us: int) -> FoundAlarms:
        """The calls of a span, and those that were not over when it began."""
        troubles: list[str] = []
        calls: list[Call] = []
        for node in self._nodes:
            try:
                reader = node.source.open()
                try:
                    calls += self._calls(reader, from_us, until_us)
                except JournalError:
                    node.source.give_up(reader)
                    raise
            except JournalError as error:
                troubles.append(f"{node.controller}: {error}")
        calls.sort(key=lambda call: call.came_us)
        return FoundAlarms(from_us, until_us, tuple(calls), tuple(troubles))

    def _calls(self, reader: JournalReader, from_us: int, until_us: int) -> Iterator[Call]:
        low = reader.older(from_us)
        high = max(low, reader.older(until_us))
        records = reader.named(ALARMS, upto=low, most=AROUND)
        records += reader.named(ALARMS, above=low, upto=high, most=CHANGES)
        records += reader.named(ALARMS, above=high, most=AROUND, oldest=True)
        folded = Calls()
        for record in readable(records)[0]:
            if isinstance(value := record.value, AlarmChanged):
                folded.take(value)
        for call in folded.calls:
            if call.came_us < until_us and (call.came_us >= from_us or not call.over_us or call.over_us > from_us):
                yield call
