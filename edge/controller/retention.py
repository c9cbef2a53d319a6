"""How long records stay in the journal: as long as somebody needs them, unless its room is used up.

Public names: Retention, JournalRoom, Position, decide.

Records older than `keep_days` go when every follower has them. Above `quota_mb` the oldest that every follower has go
as well, whatever their age; what a follower does not have yet goes only where `drop_undelivered` says so, and is said
either way. The line never waits: taking out is the journal's own work, when it has nothing to write.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge.config.lines import LineConfig
from edge.journal.reader import JournalReader
from edge.journal.writer import Journal

LOOK_BACK = 50_000
"""Records before a follower's cursor that stay, since what it makes of a record may depend on as many before it."""
FULL_TO = 0.9
"""Above the quota, so much of it is left in use."""
_MB = 1_000_000
_DAY_US = 86_400_000_000

Position = Callable[[], Mapping[str, int]]
"""Follower -> sequence up to which it has everything. Raises OSError while that cannot be read."""


@dataclass(frozen=True, slots=True)
class JournalRoom:
    """How the journal stands. ``backlog``: records that each follower does not have yet. No trouble = empty."""

    used_bytes: int
    free_bytes: int
    backlog: dict[str, int]
    trouble: str

    def values(self) -> tuple[tuple[str, float], ...]:
        """As the controller measures it."""
        behind = [(f"backlog.{name}", float(records)) for name, records in self.backlog.items()]
        return (("journal_bytes", self.used_bytes), ("disk_free_bytes", self.free_bytes), *behind)


def decide(
    marks: Sequence[int], begin: int, newest: int, aged: int, full: float, positions: Mapping[str, int], drop: bool
) -> tuple[int, str]:
    """The mark up to which records go (0 = none), and what is wrong.

    ``begin``: the newest that is gone already. ``aged``: the newest that is old enough. ``full``: used over quota.
    """
    had = min(positions.values(), default=newest)
    safe = had - LOOK_BACK
    needed = begin + int((newest - begin) * (1 - FULL_TO / full)) if full > 1 else 0
    limit = max(min(aged, safe), needed if drop else min(needed, safe))
    mark = max((mark for mark in marks if begin < mark <= limit), default=0)
    if full <= 1 or needed <= safe or (drop and mark <= had):
        return mark, ""
    behind = ", ".join(f"{name} has {newest - seq:,} to go" for name, seq in positions.items() if seq < newest)
    if drop:
        return (
            mark,
            f"full: what is not delivered is taken out up to record {mark:,}, as drop_undelivered says; {behind}",
        )
    return mark, f"full, and kept beyond its quota for those who are behind: {behind}"


class Retention:
    """Looks after one journal; ``look`` runs in any one thread."""

    def __init__(self, config: LineConfig, positions: Position) -> None:
        self._path = config.journal
        self._table = config.retention
        self._positions = positions
        self._known: Mapping[str, int] = {}

    def look(self, journal: Journal, now_us: int) -> JournalRoom:
        """How the journal stands; asks it to take out what may go. Raises JournalError."""
        trouble = ""
        try:
            self._known = self._positions()
        except OSError as error:
            trouble = f"who has what cannot be read: {error}"
        reader = JournalReader(self._path)
        try:
            newest, used = reader.last(), reader.used_bytes()
            aged = reader.older(now_us - int(self._table.keep_days * _DAY_US))
            full = used / (self._table.quota_mb * _MB)
            marks, begin = reader.marks(), reader.trimmed()
        finally:
            reader.close()
        if not trouble:
            mark, trouble = decide(marks, begin, newest, aged, full, self._known, self._table.drop_undelivered)
            if mark:
                journal.trim(mark)
        backlog = {name: max(0, newest - seq) for name, seq in self._known.items()}
        size = f"journal {self._path}: {used / _MB:,.0f} of {self._table.quota_mb:,} MB, "
        free = shutil.disk_usage(self._path.parent).free
        return JournalRoom(used, free, backlog, f"{size}{trouble}" if trouble and full > 1 else "")
