"""A target that publishers deliver to, and a journal for them.

Public names: Target, wanted, write.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.core.events import DeviceChanged
from edge.journal import writer as journal
from edge.publish.cursors import SetAside
from edge.publish.follow import Delivery, Entry, Following, RequestsInVain, TargetDown


def wanted(seq: int) -> bool:
    return seq % 11 != 0


@dataclass
class Target:
    """Takes batches, or is down; tells all that came, in order."""

    came: list[str] = field(default_factory=list)
    seen_before: list[int] = field(default_factory=list)
    down_for: int = 0
    refuses: frozenset[int] = frozenset()
    told: list[Following] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    upto: int = 0
    newest: int = 0
    lookback: int = 3
    portion: int = 2_000
    doing: str = ""
    requests: RequestsInVain = field(default_factory=RequestsInVain)

    def wants(self, record: journal.Record) -> bool:
        self.newest = record.seq
        return wanted(record.seq)

    def prepare(self, entries: Sequence[Entry]) -> Delivery:
        seqs = [entry.record.seq for entry in entries]
        self.seen_before += seqs

        def send() -> Sequence[SetAside]:
            if self.down_for:
                self.down_for -= 1
                if self.down_for % 2:  # half of it arrives, nobody knows
                    self.came += [
                        entry.id for entry in entries[: len(entries) // 2] if entry.record.seq not in self.refuses
                    ]
                raise TargetDown("target: no answer")
            self.came += [entry.id for entry in entries if entry.record.seq not in self.refuses]
            if self.newest >= self.upto:
                self.stop.set()
            return [SetAside(seq, f"record {seq}", "no such column") for seq in seqs if seq in self.refuses]

        return send

    def tell(self, following: Following) -> None:
        self.told.append(following)

    def give_up(self) -> None:
        pass

    def close(self) -> None:
        pass


def write(path: Path, first: int, count: int) -> None:
    writer = journal.Journal(path)
    writer.append([DeviceChanged(1_000 + number, "reader.r", True, "") for number in range(first, first + count)])
    writer.flush()
    writer.close()
