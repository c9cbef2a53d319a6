"""Replay: derives every decision of a journal again, and finds the first that comes out otherwise.

Public names: replay, Replayed, Difference, BadRecord.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from edge.journal import JournalError, Record, encode
from edge.line.core import Core
from edge.line.events import INPUT_KINDS, Command, Event


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


def replay(records: Iterable[Record]) -> Replayed:
    """Gives the journaled inputs to a new core and compares what follows. Records must begin with the first.

    Raises BadRecord.
    """
    core = Core((), live=False)
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


def _shown(event: Event) -> str:
    return f"{type(event).__name__} {encode(event)}"
