"""Events of a site's outbox as files: a CloudEvent a line, a file for each day, old ones deleted.

Public names: EventFiles.

A line is on the disk before the cursor moves. What was written just before a process ended is known by its end: the
same events are not written twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from edge.config.lines import LineConfig
from edge.config.publish import FilesConfig
from edge.core.iso_time import iso
from edge.journal.record import Record
from edge.publish.cursors import Refused
from edge.publish.follow import NONE_IN_VAIN, Delivery, Entry, Following, TargetDown
from edge.publish.told import TOLD

_DAY_US = 86_400_000_000
_TAIL = 65_536
"""A line is shorter."""


class EventFiles:
    """One folder."""

    lookback = 0
    portion = 1_000
    requests = NONE_IN_VAIN
    doing = ""

    def __init__(self, _name: str, table: FilesConfig, _config: LineConfig) -> None:
        self._folder = table.folder
        self._days = table.days

    def wants(self, record: Record) -> bool:
        """Whether it is an event of the outbox."""
        return record.kind == TOLD

    def prepare(self, entries: Sequence[Entry]) -> Delivery:
        """Lines by file."""
        days: dict[str, list[Record]] = {}
        for record, _, _ in entries:
            days.setdefault(iso(record.at_us)[:10], []).append(record)

        def write() -> Sequence[Refused]:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                for day, records in days.items():
                    _append(self._folder / f"events-{day}.jsonl", records)
                if days:
                    self._delete_old(max(record.at_us for records in days.values() for record in records))
            except OSError as error:
                raise TargetDown(f"{self._folder}: {error.strerror or error}") from None
            return ()

        return write

    def tell(self, following: Following) -> None:
        """Files say nothing of how we are."""

    def give_up(self) -> None:
        """Nothing is waited for."""

    def close(self) -> None:
        """Nothing is open."""

    def _delete_old(self, at_us: int) -> None:
        first = f"events-{iso(max(0, at_us - self._days * _DAY_US))[:10]}.jsonl"
        for file in self._folder.glob("events-????-??-??.jsonl"):
            if file.name < first:
                file.unlink(missing_ok=True)


def _append(path: Path, records: Sequence[Record]) -> None:
    """Those that are not there yet, behind the last whole line. Raises OSError."""
    with path.open("a+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        whole, _, torn = file.read().rpartition(b"\n")
        if torn:  # of a process that was killed
            file.truncate(size - len(torn))
        last = _sequence(whole.rpartition(b"\n")[2])
        file.write(b"".join(record.body.encode() + b"\n" for record in records if record.seq > last))
        file.flush()
        os.fsync(file.fileno())


def _sequence(line: bytes) -> int:
    with suppress(ValueError, KeyError, TypeError):
        return int(json.loads(line)["sequence"])
    return 0
