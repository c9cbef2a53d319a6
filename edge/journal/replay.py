"""Replay: derives every decision of a journal again, and finds the first that comes out otherwise; or goes on from it.

Public names: replay, begin_of, recover, Replayed, Difference, BadRecord.

A journal of an earlier version is decided as it was: a word that it lacks has its default, a flag that its Started
lacks is not in force. What a newer version said is refused as soon as it says anything unknown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from edge.core.core import Core
from edge.core.events import INPUT_KINDS, KINDS, Command, Event, Started
from edge.core.values.flags import UnknownFlag
from edge.core.values.state import CoreState
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, Record, Value, decode_all, encode

_COMMANDS = frozenset(get_args(Command))
_ADVICE = "start the version that wrote it, or give `journal` another path"


class BadRecord(JournalError):  # noqa: N818  # what is bad is the record
    """A record by which this version cannot decide. The text names its sequence and the reason, not the file."""


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
        if _is_input(record):
            if due:
                return Replayed(inputs, decisions, Difference(last, "", _shown(due[0])))
            due.extend(_step(core, record))
            inputs += 1
        else:
            derived = due.popleft() if due else None
            if derived is None or not _says(record, derived):
                shown = "" if derived is None else _shown(derived)
                return Replayed(inputs, decisions, Difference(record.seq, f"{record.kind} {record.body}", shown))
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
        why = f"records up to {trimmed} were taken out, and the state that is left is another version's"
        raise JournalError(f"journal {reader.path}: {why}: {_ADVICE}")
    seq, state, started = origin
    return seq, _core(reader, seq, state, started)


def recover(path: Path, unstored: Sequence[tuple[int, Value]] = ()) -> tuple[Core, int]:
    """The core as a journal leaves it, and the sequence up to which. Raises JournalError.

    Begins with the newest state that is stored. Where that is another version's, with the oldest records: they say the
    same, only slower. ``unstored``: what is to follow there by sequence, of a journal that is being written.
    """
    reader = JournalReader(path)
    try:
        seq, core = _newest(reader) or begin_of(reader)
        core = core or Core((), live=False)
        for record in reader.every(seq):
            if _is_input(record):
                _step(core, record)
            seq = record.seq
        for at, value in unstored:
            if at > seq:
                if type(value).__name__ in INPUT_KINDS:
                    core.step(value)  # type: ignore[arg-type]  # it is an input
                seq = at
    except BadRecord as error:
        raise JournalError(f"journal {path}: {error}: {_ADVICE}") from None
    finally:
        reader.close()
    core.live = True
    return core, seq


def _newest(reader: JournalReader) -> tuple[int, Core] | None:
    found = reader.stored(CoreState)
    if found is None:
        return None
    seq, state, apart = found
    for part in state.parts().values() if apart else ():
        part.begin()
    old = state.started is None and reader.last() > seq  # 0.1.0 did not store it; a look through the records finds it
    return seq, _core(reader, seq, state, next(iter(reader.of_kind(Started.__name__, 1, seq)), None) if old else None)


def _core(reader: JournalReader, seq: int, state: CoreState, started: Record | None) -> Core:
    """A core that goes on from a state. ``started``: which held there, for a state that does not tell."""
    try:
        if state.started is None and started is not None:
            value = decode_all(started.kind, started.body)
            assert isinstance(value, Started)
            state.started = value
        return Core((), state, live=False)
    except (JournalError, UnknownFlag) as error:
        raise JournalError(f"journal {reader.path}: the state behind record {seq}: {error}: {_ADVICE}") from None


def _is_input(record: Record) -> bool:
    if record.kind in INPUT_KINDS:
        return True
    if record.kind not in KINDS:
        raise BadRecord(f"record {record.seq}: unknown kind {record.kind!r}: written by a newer version")
    return False


def _step(core: Core, record: Record) -> list[Event]:
    try:
        results = core.step(decode_all(record.kind, record.body))  # type: ignore[arg-type]  # it is an input
    except (JournalError, UnknownFlag) as error:
        raise BadRecord(f"record {record.seq}: {error}") from None
    return [result for result in results if type(result) not in _COMMANDS]  # type: ignore[misc]  # the others are events


def _says(record: Record, derived: Event) -> bool:
    """Whether a record says what was derived; a word that it lacks, as an earlier version's, says its default."""
    if record.kind != type(derived).__name__:
        return False
    if record.body == encode(derived):
        return True
    try:
        return decode_all(record.kind, record.body) == derived
    except JournalError:
        return False


def _shown(event: Event) -> str:
    return f"{type(event).__name__} {encode(event)}"
