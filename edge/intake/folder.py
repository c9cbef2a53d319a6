"""A folder that is watched for a channel's files: which are whole, what becomes of each, and the report beside it.

Public names: ChannelFolder, Look, Done, look, report_rows, REPORT_COLUMNS.

    folder/            files come here, by copying or, better, by renaming
    folder/taken/      while one is read
    folder/done/       of which orders were taken; NAME.report.csv beside it, where something was set aside
    folder/refused/    of which nothing was taken, with its report

A file is moved before it is read and again when its orders are handed over. Who is killed between the two finds it in
``taken`` and reads it again: the same orders once more change nothing. Files that were read together are moved
together: where they go is written down first.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from edge.config.channels import ChannelTable
from edge.intake.channels import FilesTaken, Source, take
from edge.intake.rows import LineSetAside

_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".download", ".swp", "~")
_REPORT = ".report.csv"
_MOVES = ".moves.json"
REPORT_COLUMNS = ("file", "sheet", "row", "column", "value", "order", "reason")


@dataclass(frozen=True, slots=True)
class Look:
    """A file as it was seen. ``since_us``: since when it has been like this, by whatever clock the looker has."""

    size: int
    changed_ns: int
    inode: int
    since_us: int


@dataclass(frozen=True, slots=True)
class Done:
    """What became of files that were read together. ``places``: where they lie now; ``report``: None = none."""

    taken: FilesTaken
    places: tuple[Path, ...]
    report: Path | None


def look(folder: Path, before: Mapping[str, Look], now_us: int) -> dict[str, Look]:
    """Files that may be orders, and since when each has not changed; ``before``: the last look."""
    seen: dict[str, Look] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "~$")) or entry.name.lower().endswith(_UNFINISHED):
                continue
            try:
                if not entry.is_file(follow_symlinks=False):
                    continue
                stat = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # renamed or taken away since
                continue
            known = before.get(entry.name)
            same = known is not None and (known.size, known.changed_ns, known.inode) == (
                stat.st_size,
                stat.st_mtime_ns,
                stat.st_ino,
            )
            since_us = known.since_us if same and known is not None else now_us
            seen[entry.name] = Look(stat.st_size, stat.st_mtime_ns, stat.st_ino, since_us)
    return seen


class ChannelFolder:
    """The folder of one channel. Everything is done by calls; who calls keeps the time and tries again.

    ``hand`` gets the drafts of files and returns when they are stored; what it raises is raised, and the files stay in
    ``taken``. ``as_csv``: a header and rows as CSV of which a spreadsheet calculates no cell, see
    `edge.views.csv_table`. ``settled_us``: a file is whole that has not changed for so long.
    """

    def __init__(
        self,
        name: str,
        channel: ChannelTable,
        folder: Path,
        hand: Callable[[FilesTaken], None],
        as_csv: Callable[[Sequence[str], Iterable[Sequence[str]]], str],
        *,
        settled_us: int = 2_000_000,
    ) -> None:
        self._name, self._channel, self._folder, self._hand = name, channel, folder, hand
        self._as_csv = as_csv
        self._settled_us = settled_us
        self._seen: dict[str, Look] = {}
        self._taken, self._done, self._refused = (folder / part for part in ("taken", "done", "refused"))

    def step(self, now_us: int) -> list[Done]:
        """Looks once and takes what is whole. A channel of two files waits until it has both.

        Raises OSError where the folder cannot be read or written, and what ``hand`` raises.
        """
        for part in (self._folder, self._taken, self._done, self._refused):
            part.mkdir(parents=True, exist_ok=True)
        self._moved()
        self._seen = look(self._folder, self._seen, now_us)
        whole = [name for name, seen in self._seen.items() if now_us - seen.since_us >= self._settled_us]
        for name in sorted(whole):
            self._claim(name)
        waiting = [self._taken / name for name in self.waiting]
        together = self._channel.of_two_files and bool(waiting)
        batches = [waiting] if together else [[path] for path in waiting]
        return [done for batch in batches if (done := self._take(batch)) is not None]

    @property
    def waiting(self) -> tuple[str, ...]:
        """Files that were claimed and wait, for their other half or for the store."""
        if not self._taken.is_dir():
            return ()
        return tuple(sorted(path.name for path in self._taken.iterdir() if not path.name.startswith(".")))

    def _claim(self, name: str) -> None:
        """Moves a file to ``taken``, beside another of its name where there is one."""
        source = self._folder / name
        target = self._taken / name
        if target.exists():
            target = self._taken / f"{source.stem}.{self._seen[name].inode}{source.suffix}"
        with suppress(FileNotFoundError):  # somebody took it back
            source.rename(target)
        self._seen.pop(name, None)

    def _take(self, paths: Sequence[Path]) -> Done | None:
        """Reads files together, hands over what they say and moves them; None = all wait for their other half."""
        sources = [Source(path.name, _read(path, self._channel.limit_mb * 1_000_000)) for path in paths]
        taken = take(self._name, self._channel, sources)
        if taken.waits:
            sources = [source for source in sources if source.file not in taken.waits]
            if not sources:
                return None
            taken = take(self._name, self._channel, sources)
        if taken.drafts:
            self._hand(taken)
        target = self._done if taken.drafts or not taken.set_aside else self._refused
        report = None
        if taken.set_aside:
            report = target / f"{sources[0].file}.{_mark(sources)}{_REPORT}"
            _write(report, "\ufeff" + self._as_csv(REPORT_COLUMNS, report_rows(taken.set_aside)))
        places = {source.file: self._place(target, source) for source in sources}
        _write(self._taken / _MOVES, json.dumps({name: f"{place}" for name, place in places.items()}))
        self._moved()
        return Done(taken, tuple(places.values()), report)

    def _place(self, target: Path, source: Source) -> Path:
        """Where a file goes: under its own name, or marked by its content where another one has that."""
        place = target / source.file
        return place.with_name(f"{place.stem}.{_mark([source])}{place.suffix}") if place.exists() else place

    def _moved(self) -> None:
        """Moves what is written down to be moved."""
        moves = self._taken / _MOVES
        if not moves.exists():
            return
        for name, place in json.loads(moves.read_text(encoding="utf-8")).items():
            with suppress(FileNotFoundError):  # it was, before somebody was killed
                (self._taken / name).replace(place)
        moves.unlink()


def report_rows(aside: Iterable[LineSetAside]) -> list[list[str]]:
    """What was set aside, by file and row, under `REPORT_COLUMNS`."""
    return [
        [one.file, one.sheet, str(one.row or ""), one.column, one.value, one.order, one.reason]
        for one in sorted(aside, key=lambda one: (one.file, one.sheet, one.row, one.order))
    ]


def _read(path: Path, limit: int) -> bytes:
    """A file's content, or a byte more than is allowed, which is refused."""
    with path.open("rb") as file:
        return file.read(limit + 1)


def _mark(sources: Sequence[Source]) -> str:
    return sha256(b"".join(sha256(source.body).digest() for source in sources)).hexdigest()[:12]


def _write(path: Path, text: str) -> None:
    """The file whole or not at all, also when somebody is killed meanwhile."""
    beside = path.with_name(f".{path.name}.tmp")
    with beside.open("w", encoding="utf-8", newline="", errors="backslashreplace") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
