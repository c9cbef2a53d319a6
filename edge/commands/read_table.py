"""What a reader read so far, as a table for people and for programs.

Public names: ReadTable.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from edge.core.iso_time import iso
from rfid.driver import UNMEASURED_DBM, TagDetail, TagRead
from rfid.epc.identity import classify, identity_of_hex

RATE_US = 2_000_000
"""Reads a second are told of so long a time."""
SHOWN = 40
"""Tags of a table on a screen."""


@dataclass(slots=True)
class _Seen:
    first_us: int
    last_us: int
    rssi_dbm: float
    best_dbm: float
    reads: int = 0
    antennas: dict[int, float] = field(default_factory=dict)  # the best that each heard, in dBm
    detail: TagDetail | None = None


class ReadTable:
    """What was read so far, by tag; rates are those of the newest two seconds."""

    def __init__(self) -> None:
        self._tags: dict[str, _Seen] = {}
        self._times: deque[tuple[int, int]] = deque()

    def take(self, reads: Sequence[TagRead], at_us: int, details: Sequence[TagDetail] = ()) -> None:
        """Reads of one report that came at ``at_us``. ``details``: one for each, or empty."""
        self._times.append((at_us, len(reads)))
        for read, detail in zip_longest(reads, details):
            seen = self._tags.get(read.epc)
            if seen is None:
                seen = self._tags[read.epc] = _Seen(at_us, at_us, read.rssi_dbm, read.rssi_dbm)
            seen.last_us, seen.rssi_dbm = at_us, read.rssi_dbm
            seen.best_dbm = max(seen.best_dbm, read.rssi_dbm)
            seen.reads += read.seen
            seen.antennas[read.antenna] = max(seen.antennas.get(read.antenna, read.rssi_dbm), read.rssi_dbm)
            seen.detail = detail or seen.detail

    def reads_s(self, now_us: int) -> float:
        """Reads a second."""
        while self._times and self._times[0][0] <= now_us - RATE_US:
            self._times.popleft()
        return sum(count for _, count in self._times) * 1e6 / RATE_US

    def described(self, name: str, now_us: int) -> dict[str, object]:
        """As one JSON object, the tag read last first."""
        return {
            "at": iso(now_us, 3),
            "reader": name,
            "reads_s": round(self.reads_s(now_us), 1),
            "tags": [
                {
                    "epc": epc,
                    "identity": identity_of_hex(epc),
                    "antennas": sorted(seen.antennas),
                    "antennas_dbm": {number: _told(best) for number, best in sorted(seen.antennas.items())},
                    "rssi_dbm": _told(seen.rssi_dbm),
                    "best_dbm": _told(seen.best_dbm),
                    "reads": seen.reads,
                    "age_ms": (now_us - seen.last_us) // 1000,
                    **(seen.detail._asdict() if seen.detail is not None else {}),
                }
                for epc, seen in sorted(self._tags.items(), key=lambda one: (-one[1].last_us, one[0]))
            ],
        }

    def told(self, name: str, now_us: int) -> list[str]:
        """As lines for people; of antennas the one that heard the tag best comes first."""
        newest = sorted(self._tags.items(), key=lambda one: (-one[1].last_us, one[0]))
        lines = [
            f"{name}: {len(newest)} tags, {self.reads_s(now_us):.0f} reads/s",
            f"{'reads':>7}  {'dBm':>6}  {'best':>6}  {'ago':>7}  {'antennas (best dBm)':27}  tag",
        ]
        for epc, seen in newest[:SHOWN]:
            antennas = ", ".join(map(_heard, sorted(seen.antennas.items(), key=lambda one: -one[1])))
            ago = f"{(now_us - seen.last_us) / 1e6:.1f} s"
            what = identity_of_hex(epc) or f"{epc} ({classify(epc)})"
            tid = f"  TID {seen.detail.tid}" if seen.detail is not None and seen.detail.tid else ""
            dbm, best = (
                "-" if (one := _told(power)) is None else f"{one:.1f}" for power in (seen.rssi_dbm, seen.best_dbm)
            )
            lines.append(f"{seen.reads:>7}  {dbm:>6}  {best:>6}  {ago:>7}  {antennas:27}  {what}{tid}")
        if len(newest) > SHOWN:
            lines.append(f"and {len(newest) - SHOWN} more")
        return lines


def _heard(best: tuple[int, float]) -> str:
    """An antenna, and the best that it heard where the reader tells that."""
    number, dbm = best
    return str(number) if _told(dbm) is None else f"{number} ({dbm:.0f})"


def _told(rssi_dbm: float) -> float | None:
    """A power that the reader told; None = it tells none."""
    return None if rssi_dbm == UNMEASURED_DBM else rssi_dbm
