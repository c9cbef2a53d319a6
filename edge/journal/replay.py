"""Replay: derives every decision of a journal again, and finds the first that comes out otherwise.

Public names: replay, begin_of, Replayed, Difference, BadRecord.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from edge.core.core import Core
from edge.core.events import INPUT_KINDS, Command, Event, Started
from edge.core.values.state import CoreState
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, Record, encode


class BadRecord(JournalError):  # noqa: N818  # what is bad is the record
    """A record that cannot be decoded. The text names its sequence, its kind and the reason, not the file."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where journal and replay part. ``seq``: of the record, or of the input behind which something lacks.

    ``journaled``, ``derived``: kind and JSON; empty where there is nothing.
    """

    seq: int
    journaled: str
    derived: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was replayed: inputs given, decisions derived, and the first difference, None when all agree."""

    inputs: int
    decisions: int
    difference: Difference | None


def replay(records: Iterable[Record], core: Core | None = None) -> Replayed:
    """Gives the journaled inputs to a core and compares what follows.

    Records begin with the first, or behind where ``core`` stands (`begin_of`). Raises BadRecord.
    """
    core = core or Core((), live=False)
    due: deque[Event] = deque()
    inputs = decisions = 0
    last = 0
    for record in records:
        if record.kind in INPUT_KINDS:
            if due:
                return Replayed(inputs, decisions, Difference(last, "", _shown(due[0])))
            try:
                given = record.value
            except JournalError as error:
                raise BadRecord(f"record {record.seq}: {error}") from None
            results = core.step(given)  # type: ignore[arg-type]  # INPUT_KINDS holds inputs
            due.extend(result for result in results if not isinstance(result, Command))
            inputs += 1
        else:
            derived = _shown(due.popleft()) if due else ""
            journaled = f"{record.kind} {record.body}"
            if derived != journaled:
                return Replayed(inputs, decisions, Difference(record.seq, journaled, derived))
            decisions += 1
        last = record.seq
    if due:
        return Replayed(inputs, decisions, Difference(last, "", _shown(due[0])))
    return Replayed(inputs, decisions, None)


def begin_of(reader: JournalReader) -> tuple[int, Core | None]:
    """From where a journal's decisions can be derived: behind which record, and by which core (None = a new one).

    Raises JournalError where records were taken out and the state that is left is another version's.
    """
    trimmed = reader.trimmed()
    if not trimmed:
        return 0, None
    origin = reader.origin(CoreState)
    if origin is None:
        raise JournalError(f"journal {reader.path}: records up to {trimmed} were taken out by another version")
    seq, state, started = origin
    assert isinstance(started.value, Started)
    return seq, Core(started.value.layouts, state, docks=started.value.docks, live=False)


def _shown(event: Event) -> str:
    return f"{type(event).__name__} {encode(event)}"
