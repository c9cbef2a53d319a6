"""Scans: which codes belong to which parcel or tote, and whether that is sure.

Public names: ScanWatch.

A scanner says one thing of each object that passes it. An object is before the scanner from the time its passage
began plus the belt's way there, until it ended plus the same way; what was found arrives up to ``scan_late_us`` later.
A scan belongs to the passage into whose time it falls; between two to the nearer one; within two to the first of which
the scanner said nothing yet.

What comes late falls into the time of the next object. So a scan is sure only while its scanner is in step: one word
for each object, each in its time. One word that is missing, too many or out of time, and it is out of step. It is in
step again with a word after a pause in which nothing passed, with a word that agrees with the object's tag, or after
some words in a row that all came at the same moment of their objects' times, as late ones do not.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from edge.core.events import BarcodesRead, PassageSeen, Scan
from edge.core.totes import names_by
from edge.core.values.layout import LineLayout
from edge.core.values.state import CHECK_PASSAGES, Passage, PortalState
from rfid.epc.identity import identity_of_hex

SLACK_US = 150_000
"""A scan further from a passage's time belongs to something else."""
PAUSE_US = 1_000_000
"""No word comes so late."""
ROW = 6
MOMENT_US = 80_000
"""So many words in a row whose moments differ by no more than this were in time."""
KEEP_SCANS = 500
NEIGHBOURS = 2


@dataclass(slots=True)
class _Step:
    """Whether a scanner is in step. ``judged``, ``wrong``: the newest passage looked at, and that went wrong."""

    sure: bool = False
    judged: int = 0
    wrong: int = 0
    moments: deque[int] = field(default_factory=lambda: deque[int](maxlen=ROW))


class ScanWatch:
    """A portal's barcode scanners. Times are on the host's scale."""

    def __init__(self, layout: LineLayout, state: PortalState) -> None:
        portal = layout.portal
        self._names = names_by(layout.totes)
        self._travel_us = layout.travel_us(portal.eye_mm, portal.scan_mm)
        self._late_us = portal.scan_late_us
        self._state = state
        self._scans: deque[Scan] = deque(maxlen=KEEP_SCANS)
        self._away = dict.fromkeys(portal.scanners, "not heard yet")
        self._steps = {name: _Step() for name in portal.scanners}

    def follow(self, layout: LineLayout) -> None:
        """Goes on by another layout; a scanner that is new is away until it is there."""
        portal = layout.portal
        self._travel_us = layout.travel_us(portal.eye_mm, portal.scan_mm)
        self._late_us = portal.scan_late_us
        self._names = names_by(layout.totes)
        new = [name for name in portal.scanners if name not in self._steps]
        self._away = {name: why for name, why in self._away.items() if name in portal.scanners}
        self._away |= dict.fromkeys(new, "not heard yet")
        self._steps = {name: self._steps.get(name, _Step()) for name in portal.scanners}
        kept = [scan for scan in self._scans if scan.reader in self._steps]
        self._scans = deque(kept, maxlen=KEEP_SCANS)

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
        """What belongs to a passage, in order of arrival, and whether that is sure."""
        if not self._scans:
            return ()
        self._judge(number)
        passage = self._passage(number)
        found = self._assigned(number)
        return tuple(replace(scan, sure=self._is_sure(scan, found, passage)) for scan in found)

    def seen(self, seen: PassageSeen) -> None:
        """A passage's final evidence: a scanner whose word agrees with the tag is in step."""
        tags = {self._names.of_tag(epc) or identity_of_hex(epc) for epc in seen.owned}
        for scan in seen.scans:
            step = self._steps[scan.reader]
            if seen.passage > step.wrong and tags & {self._names.of_code(code) or code for code in scan.codes}:
                step.sure = True

    def wait_until_us(self, track_id: int) -> int:
        """Until when a scanner may say something of the newest passage of a track; 0 = nothing is awaited."""
        waiting = self._steps.keys() - self._away.keys()
        passage = next((item for item in reversed(self._state.passages) if item.track_id == track_id), None)
        if not waiting or passage is None or waiting <= {scan.reader for scan in self._assigned(passage.number)}:
            return 0
        return self._end_us(passage)

    def blind(self) -> str:
        """Which scanners are away, and why; empty when all are there."""
        return "; ".join(f"scanner {name}: {trouble}" for name, trouble in self._away.items())

    # ---- whose a scan is ---------------------------------------------------------------------------------------------

    def _assigned(self, number: int) -> list[Scan]:
        near = [item for item in self._state.passages if abs(item.number - number) <= NEIGHBOURS]
        if not any(item.number == number for item in near):
            return []
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
                if best.number == number:
                    found.append(scan)
        return found

    def _away_us(self, scan: Scan, passage: Passage) -> int:
        """How far from a passage's time a scan is; 0 = within."""
        since_us = scan.at_us - passage.start_us - self._travel_us
        if since_us < 0:
            return -since_us
        return max(0, scan.at_us - self._end_us(passage)) if passage.stop_us else 0

    def _end_us(self, passage: Passage) -> int:
        return passage.stop_us + self._travel_us + self._late_us

    def _passage(self, number: int) -> Passage | None:
        return next((item for item in self._state.passages if item.number == number), None)

    # ---- whether that is sure ----------------------------------------------------------------------------------------

    def _is_sure(self, scan: Scan, found: list[Scan], passage: Passage | None) -> bool:
        if passage is None or not self._in_time(scan.reader, found, passage):
            return False
        return self._steps[scan.reader].sure or self._after_pause(passage)

    def _in_time(self, reader: str, found: list[Scan], passage: Passage) -> bool:
        """Whether the scanner said exactly one thing of a passage, and that within its time."""
        words = [scan for scan in found if scan.reader == reader]
        return len(words) == 1 and self._away_us(words[0], passage) == 0

    def _after_pause(self, passage: Passage) -> bool:
        before = self._passage(passage.number - 1)
        if before is None:
            return passage.number % CHECK_PASSAGES == 1
        return before.stop_us > 0 and passage.start_us - before.stop_us > PAUSE_US

    def _judge(self, number: int) -> None:
        """Looks at what each scanner said of the passages before one, each once and in order."""
        for passage in self._state.passages:
            if passage.number >= number:
                break
            waiting = [name for name, step in self._steps.items() if step.judged < passage.number]
            if not waiting:
                continue
            found = self._assigned(passage.number)
            for name in waiting:
                step = self._steps[name]
                step.judged = passage.number
                if not self._in_time(name, found, passage):
                    step.sure, step.wrong = False, passage.number
                    step.moments.clear()
                    continue
                (word,) = (scan for scan in found if scan.reader == name)
                step.moments.append(word.at_us - passage.stop_us)
                row = len(step.moments) == ROW and max(step.moments) - min(step.moments) <= MOMENT_US
                step.sure = step.sure or row or self._after_pause(passage)
