"""Recorded reads through the portal logic, for engineers.

Public names: Recording, RecordedPassage, read_reads, read_recording, judge, Judged, RecordingError.

A recording is two or three CSV files with a header each: reads ``time_us,epc,antenna,rssi_dbm[,reader]``, passages
``passage,start_us,stop_us``, expected ``passage,epc``. An EPC in hexadecimal is one tag however it is written; other
EPCs and passage names are opaque texts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from edge.commands.command_line import CommandError
from edge.core.events import PassageSeen
from edge.core.portal.offsets import OffsetLearner
from edge.core.portal.passage import PortalWatch
from edge.core.values.layout import Job, LineLayout, Portal
from edge.core.values.state import PortalState
from edge.views.portal_picture import Learned, learned_of
from rfid.driver import TagRead
from rfid.epc.hexadecimal import plain_hex

READER = "recorded"
USE_VISITS = 400
"""Nobody waits for a recording."""
SPEED_MM_S = 500
"""A recording tells no speed; the portal learns in time, so that any will do."""


class RecordingError(CommandError):
    """A file that is no recording. The text names file, line, value and what is allowed."""


@dataclass(frozen=True, slots=True)
class RecordedPassage:
    """One item in the photo-eye. ``expected``: the tags that were inside, None where nobody said."""

    name: str
    start_us: int
    stop_us: int
    expected: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Recording:
    """Reads with the names of their readers, and passages, each in order of time."""

    reads: tuple[tuple[str, TagRead], ...]
    passages: tuple[RecordedPassage, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """The tags that the portal logic gave to one passage."""

    passage: RecordedPassage
    epcs: tuple[str, ...]

    @property
    def missed(self) -> int:
        """Expected tags that it does not have."""
        return len((self.passage.expected or frozenset()) - set(self.epcs))

    @property
    def stray(self) -> int:
        """Tags that it has and that were not expected."""
        return len(set(self.epcs) - (self.passage.expected or frozenset()))


def read_reads(path: Path) -> tuple[tuple[str, TagRead], ...]:
    """Recorded reads with the names of their readers, in order of time; raises RecordingError."""
    seen = []
    for where, row in _rows(path, ("time_us", "epc", "antenna", "rssi_dbm"), ("reader",)):
        at_us = int(_number(where, "time_us", row["time_us"]))
        antenna = int(_number(where, "antenna", row["antenna"]))
        seen.append((row["reader"], TagRead(_epc(row), antenna, _number(where, "rssi_dbm", row["rssi_dbm"]), at_us, 1)))
    return tuple(sorted(seen, key=lambda one: one[1].at_us))


def read_recording(reads: Path, passages: Path, expected: Path | None = None) -> Recording:
    """Reads the CSV files; raises RecordingError."""
    seen = read_reads(reads)
    inside: dict[str, set[str]] | None = None
    if expected is not None:
        inside = {}
        for _, row in _rows(expected, ("passage", "epc")):
            inside.setdefault(row["passage"], set()).add(_epc(row))
    gone: list[RecordedPassage] = []
    for where, row in _rows(passages, ("passage", "start_us", "stop_us")):
        start = int(_number(where, "start_us", row["start_us"]))
        stop = int(_number(where, "stop_us", row["stop_us"]))
        if stop <= start:
            raise RecordingError(f"{where}: stop_us {stop} is not after start_us {start}")
        known = None if inside is None else frozenset(inside.get(row["passage"], ()))
        gone.append(RecordedPassage(row["passage"], start, stop, known))
    gone.sort(key=lambda passage: passage.start_us)
    return Recording(seen, tuple(gone))


def judge(recording: Recording, facing: Sequence[int] = ()) -> tuple[list[Judged], Learned]:
    """Runs the recording twice in a row: once to learn, as a portal has before, and once to judge."""
    learner = OffsetLearner(facing, USE_VISITS)
    state = PortalState()
    watch = _watch(facing, state, learner)
    for _ in _run(recording, watch, 0):
        pass
    watch.learn_all()
    background = watch.background()
    newest = state.next_passage - 1
    known = PortalState(
        offset_us=state.offset_us,
        antennas=state.antennas,
        presence={
            epc: tuple((number - newest, power, near, faint) for number, power, near, faint in seen)
            for epc, seen in state.presence.items()
            if epc in background  # what passed once passes once again only here
        },
    )
    watch = _watch(facing, known, learner)
    seen = sorted(_run(recording, watch, 2 * _span_us(recording)), key=lambda one: one.passage)
    judged = [Judged(passage, tuple(sorted(one.owned))) for passage, one in zip(recording.passages, seen, strict=True)]
    return judged, learned_of(seen, tuple(sorted({*background, *watch.background()})))


def _watch(facing: Sequence[int], state: PortalState, learner: OffsetLearner) -> PortalWatch:
    portal = Portal(name=READER, readers=(READER,), eye=1, eye_mm=0, antenna_mm=0, facing=tuple(facing))
    watch = PortalWatch(
        LineLayout(
            name=READER,
            job=Job.VERIFY,
            plc=READER,
            induction=1,
            speed_mm_s=SPEED_MM_S,
            decision_mm=0,
            actuation_us=0,
            margin_us=0,
            default_lane=1,
            recirculate_limit=0,
            portal=portal,
            lanes=(),
        ),
        state,
        learner=learner,
    )
    watch.reader_changed(READER, "", -(2**62))
    return watch


def _span_us(recording: Recording) -> int:
    times = [one.at_us for _, one in recording.reads]
    times += [at_us for passage in recording.passages for at_us in (passage.start_us, passage.stop_us)]
    return max(times, default=0) - min(times, default=0)


def _run(recording: Recording, watch: PortalWatch, later_us: int) -> Iterator[PassageSeen]:
    """The final evidence of every passage, as the portal would have told it. ``later_us``: is added to every time."""
    happened: list[tuple[int, int, tuple[str, TagRead] | RecordedPassage]] = [
        (one[1].at_us, 1, one) for one in recording.reads
    ]
    happened += [(passage.start_us, 0, passage) for passage in recording.passages]
    numbers = count(1)
    for at_us, _, one in sorted(happened, key=lambda one: one[:2]):
        if isinstance(one, RecordedPassage):  # its end too: recorded passages may overlap
            number = next(numbers)
            watch.entered(number, one.start_us + later_us)
            watch.left(number, one.stop_us + later_us)
        else:
            watch.read((one[1]._replace(at_us=at_us + later_us),), one[0])
        yield from watch.finals(at_us + later_us)
    while (due_us := watch.deadline_us()) is not None:
        yield from watch.finals(due_us)


def _rows(path: Path, columns: Sequence[str], more: Sequence[str] = ()) -> Iterator[tuple[str, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file)
            lacking = [column for column in columns if column not in (table.fieldnames or ())]
            if lacking:
                raise RecordingError(f"{path}: line 1: no column {', '.join(lacking)}: needed are {', '.join(columns)}")
            for row in table:
                for column in columns:
                    if not row[column]:
                        raise RecordingError(f"{path}: line {table.line_num}: {column} is empty")
                yield (
                    f"{path}: line {table.line_num}",
                    {column: (row.get(column) or "").strip() for column in (*columns, *more)},
                )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{path}: {error}") from None


def _number(where: str, column: str, text: str) -> float:
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        raise RecordingError(f"{where}: {column}: {text!r} is not a number") from None


def _epc(row: dict[str, str]) -> str:
    return plain_hex(row["epc"]) or row["epc"]
