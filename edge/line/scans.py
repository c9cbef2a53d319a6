"""Scans: which codes belong to which parcel or tote.

Public names: ScanWatch.

A scanner says one thing of each object that passes it. An object is before the scanner from the time its passage
began plus the belt's way there, until it ended plus the same way; what was found arrives up to ``scan_late_us`` later.
A scan belongs to the passage into whose time it falls; between two to the nearer one; within two to the first of which
the scanner said nothing yet.
"""

from __future__ import annotations

from collections import deque

from edge.line.events import BarcodesRead, Scan
from edge.line.layout import LineLayout
from edge.line.state import Passage, PortalState

SLACK_US = 150_000
"""A scan further from a passage's time belongs to something else."""
KEEP_SCANS = 500
NEIGHBOURS = 2


class ScanWatch:
    """A portal's barcode scanners. Times are on the host's scale."""

    def __init__(self, layout: LineLayout, state: PortalState) -> None:
        portal = layout.portal
        self._travel_us = layout.travel_us(portal.eye_mm, portal.scan_mm)
        self._late_us = portal.scan_late_us
        self._state = state
        self._scans: deque[Scan] = deque(maxlen=KEEP_SCANS)
        self._away = dict.fromkeys(portal.scanners, "not connected yet")
        self._scanners = frozenset(portal.scanners)

    def read(self, given: BarcodesRead) -> None:
        """A scanner said something."""
        self._scans.append(Scan(given.reader, given.at_us, given.codes))

    def scanner_changed(self, name: str, trouble: str) -> None:
        """A scanner is there (``trouble`` empty), or not."""
        if trouble:
            self._away[name] = trouble
        else:
            self._away.pop(name, None)

    def of(self, number: int) -> tuple[Scan, ...]:
        """What belongs to a passage, in order of arrival."""
        near = [item for item in self._state.passages if abs(item.number - number) <= NEIGHBOURS]
        passage = next((item for item in near if item.number == number), None)
        if passage is None or not self._scans:
            return ()
        told: dict[int, set[str]] = {item.number: set() for item in near}
        found: list[Scan] = []
        first_us = near[0].start_us + self._travel_us - SLACK_US
        for scan in self._scans:
            if scan.at_us < first_us:
                continue
            best = min(
                near, key=lambda item: (self._away_us(scan, item), scan.reader in told[item.number], item.number)
            )
            if self._away_us(scan, best) <= SLACK_US:
                told[best.number].add(scan.reader)
                if best is passage:
                    found.append(scan)
        return tuple(found)

    def wait_until_us(self, track_id: int) -> int:
        """Until when a scanner may say something of the newest passage of a track; 0 = nothing is awaited."""
        waiting = self._scanners - self._away.keys()
        passage = next((item for item in reversed(self._state.passages) if item.track_id == track_id), None)
        if not waiting or passage is None or waiting <= {scan.reader for scan in self.of(passage.number)}:
            return 0
        return passage.stop_us + self._travel_us + self._late_us

    def blind(self) -> str:
        """Which scanners are away, and why; empty when all are there."""
        return "; ".join(f"scanner {name}: {trouble}" for name, trouble in self._away.items())

    def _away_us(self, scan: Scan, passage: Passage) -> int:
        """How far from a passage's time a scan is; 0 = within."""
        since_us = scan.at_us - passage.start_us - self._travel_us
        if since_us < 0:
            return -since_us
        return max(0, scan.at_us - passage.stop_us - self._travel_us - self._late_us) if passage.stop_us else 0
