"""Passage: which tags belong to which parcel or tote.

Public names: PortalWatch.

A passage is one item's way past the photo-eye beside the antennas. Each read counts its linear power times a bell over
the time since the item's middle was in front of the antennas; the bell is as wide (sigma) as half the item's time in
the photo-eye. A tag belongs to the passage with the most evidence among two neighbours on each side. The time from eye
to antenna is learned: the power-weighted median of (read time - middle of the passage that owns the tag). Reads of all
tags within half a cycle would do on a belt with wide gaps; where items follow closely, their overlap pulls it to zero.
A tag that is there during passage after passage does not move, and is masked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import exp
from statistics import median

from edge.line.events import Claim, PassageSeen, Stage, TagEvidence
from edge.line.layout import LineLayout
from edge.line.state import Passage, PortalState
from rfid.driver import TagRead

WINDOW_SIGMAS = 4
"""Reads further from the middle than this count nothing (e^-8)."""
GRACE_US = 50_000
"""How long after a passage's window its last report may still arrive."""
LEARN_AFTER = 8
"""Passages before the learned offset replaces the one from the drawing."""
BIN_US = 2_000
FADE = 0.97
"""What a passage's share in the learned offset keeps with each later passage."""
NEIGHBOURS = 2
KEEP_PASSAGES = 24
"""Passages remembered with their evidence: so many items may be between photo-eye and induction."""
BACKGROUND_AFTER = 12
"""A tag read during so many passages in a row does not move: what moves is in reach for a handful at most."""
KEEP_READS = 50_000
KEEP_READS_US = 30_000_000
STANDING_US = 600_000_000
"""An item that stands in the photo-eye is not weighed for good before this."""
TYPICAL_MM = 400
"""Length of an item where none was seen yet."""
HISTORY = 15

_Sums = dict[tuple[str, int], list[float]]


class PortalWatch:
    """One portal's passages. All times are device times on the host's scale; ``now_us`` is the host's time."""

    def __init__(self, layout: LineLayout, state: PortalState) -> None:
        self._layout = layout
        self._state = state
        self._facing = frozenset(layout.portal.facing)
        self._reads: deque[tuple[int, str, int, float]] = deque(maxlen=KEEP_READS)
        self._sums: dict[int, _Sums] = {}
        self._newest_us = 0
        self._away = dict.fromkeys(layout.portal.readers, "not connected yet")
        self._blind_until_us = 0

    # ---- what happens ------------------------------------------------------------------------------------------------

    def clock_set_back(self) -> None:
        """What is on the host's old scale means nothing any more."""
        self._state.passages.clear()

    def reader_changed(self, reader: str, trouble: str, at_us: int) -> None:
        """A reader reads from now on (``trouble`` empty), or does not."""
        if trouble:
            self._away[reader] = trouble
        else:
            self._away.pop(reader, None)
            self._blind_until_us = at_us

    def entered(self, track_id: int, at_us: int) -> None:
        """The leading edge of an item reached the photo-eye."""
        passages = self._state.passages
        if passages and not passages[-1].stop_us:
            self._close(passages[-1], at_us)
        passages.append(Passage(self._state.next_passage, track_id, at_us))
        self._state.next_passage += 1

    def left(self, track_id: int, at_us: int) -> None:
        """The trailing edge left the photo-eye. Without its ENTERED, the passage began a typical time before."""
        passages = self._state.passages
        for passage in reversed(passages):
            if passage.track_id == track_id and not passage.stop_us:
                self._close(passage, at_us)
                return
        if not any(passage.track_id == track_id and passage.stop_us == at_us for passage in passages):
            self.entered(track_id, at_us - self._dwell_us())
            self._close(passages[-1], at_us)

    def read(self, reads: Sequence[TagRead]) -> None:
        """Takes reads in any order of time."""
        for read in reads:
            if not self._facing or read.antenna in self._facing:
                self._reads.append((read.at_us, read.epc, read.antenna, 10.0 ** (read.rssi_dbm / 10.0)))
                self._newest_us = max(self._newest_us, read.at_us)

    def reported(self, seen: PassageSeen) -> None:
        """Takes over what an earlier process reported, so that it is not reported again."""
        for passage in self._state.passages:
            if passage.number == seen.passage and seen.stage is Stage.FINAL:
                passage.final = True
        self._state.offset_us = seen.offset_us
        self._forget()

    # ---- what is known -----------------------------------------------------------------------------------------------

    def window_over(self, track_id: int, now_us: int) -> bool:
        """Whether the newest passage of a track has had its own window, reports included."""
        passage = self._of_track(track_id)
        return passage is not None and passage.stop_us > 0 and self._own_end_us(passage) <= now_us

    def window_end_us(self, track_id: int) -> int | None:
        """When that will be; None without a passage of this track, or while it stands in the photo-eye."""
        passage = self._of_track(track_id)
        return self._own_end_us(passage) if passage is not None and passage.stop_us else None

    def blind(self) -> str:
        """Which readers do not read now, and why; empty when all do."""
        return "; ".join(f"reader {name}: {trouble}" for name, trouble in self._away.items())

    def evidence(self, track_id: int, stage: Stage, now_us: int) -> PassageSeen:
        """Weighs the newest passage of a track; passage 0 without evidence where it had none."""
        passage = self._of_track(track_id)
        if passage is None:
            text = self.blind() or f"no passage at photo-eye {self._layout.portal.eye}"
            return PassageSeen(
                now_us, self._layout.name, 0, track_id, stage, 0, 0, self._offset_us(), (), (), cause=text
            )
        return self._weigh(passage, stage, now_us)

    def deadline_us(self) -> int | None:
        """When the next passage can become final."""
        return min((self._final_us(passage) for passage in self._state.passages if not passage.final), default=None)

    def finals(self, now_us: int) -> list[PassageSeen]:
        """The passages whose neighbours are all known by now, each once."""
        seen: list[PassageSeen] = []
        for passage in list(self._state.passages):
            if not passage.final and self._final_us(passage) <= now_us:
                evidence = self._weigh(passage, Stage.FINAL, now_us)
                seen.append(evidence)
                passage.final = True
                self._learn(passage, frozenset(evidence.owned))
                self._watch_background(passage)
        if seen:
            self._forget()
        return seen

    # ---- how ---------------------------------------------------------------------------------------------------------

    def _of_track(self, track_id: int) -> Passage | None:
        if not track_id:
            return None
        return next((item for item in reversed(self._state.passages) if item.track_id == track_id), None)

    def _close(self, passage: Passage, at_us: int) -> None:
        state = self._state
        passage.stop_us = max(at_us, passage.start_us + 1)
        self._sums.pop(passage.number, None)
        state.dwells_us = [*state.dwells_us[1 - HISTORY :], passage.stop_us - passage.start_us]
        before = next((item for item in state.passages if item.number == passage.number - 1), None)
        if before is not None:
            state.cycles_us = [
                *state.cycles_us[1 - HISTORY :],
                max(1, self._middle_us(passage) - self._middle_us(before)),
            ]

    def _dwell_us(self) -> int:
        dwells = self._state.dwells_us
        return int(median(dwells)) if dwells else self._layout.travel_us(0, TYPICAL_MM)

    def _cycle_us(self) -> int:
        cycles = self._state.cycles_us
        return int(median(cycles)) if cycles else 3 * self._dwell_us()

    def _offset_us(self) -> int:
        if self._state.offset_us is not None:
            return self._state.offset_us
        return self._layout.travel_us(self._layout.portal.eye_mm, self._layout.portal.antenna_mm)

    def _stop_us(self, passage: Passage) -> int:
        return passage.stop_us or passage.start_us + self._dwell_us()

    def _middle_us(self, passage: Passage) -> int:
        return (passage.start_us + self._stop_us(passage)) // 2

    def _sigma_us(self, passage: Passage) -> float:
        return (self._stop_us(passage) - passage.start_us) / 2

    def _own_end_us(self, passage: Passage) -> int:
        return self._middle_us(passage) + self._offset_us() + int(3 * self._sigma_us(passage)) + GRACE_US

    def _final_us(self, passage: Passage) -> int:
        """When nothing that is still to come can claim this passage's tags any more."""
        if not passage.stop_us:
            return passage.start_us + STANDING_US
        later = [item for item in self._state.passages if item.number > passage.number][:NEIGHBOURS]
        alone_us = self._own_end_us(passage) + 5 * min(self._cycle_us(), 4_000_000) // 2
        if len(later) < NEIGHBOURS:
            return alone_us
        return min(alone_us, max(self._own_end_us(item) for item in (passage, *later)))

    def _sum(self, passage: Passage, now_us: int) -> _Sums:
        """count, first, last, weight and power by tag and antenna; kept once the passage's window is over."""
        kept = self._sums.get(passage.number)
        if kept is not None:
            return kept
        centre = self._middle_us(passage) + self._offset_us()
        sigma = self._sigma_us(passage)
        first, last = centre - WINDOW_SIGMAS * sigma, centre + WINDOW_SIGMAS * sigma
        sums: _Sums = {}
        for at_us, epc, antenna, power in self._reads:
            if first <= at_us <= last and not self._is_background(epc):
                weight = power * exp(-0.5 * ((at_us - centre) / sigma) ** 2)
                known = sums.get((epc, antenna))
                if known is None:
                    sums[epc, antenna] = [1, at_us, at_us, weight, power]
                else:
                    known[0] += 1
                    known[1] = min(known[1], at_us)
                    known[2] = max(known[2], at_us)
                    known[3] += weight
                    known[4] += power
        if passage.stop_us and centre + WINDOW_SIGMAS * sigma + GRACE_US <= now_us:
            self._sums[passage.number] = sums
        return sums

    def _weigh(self, passage: Passage, stage: Stage, now_us: int) -> PassageSeen:
        sums = self._sum(passage, now_us)
        rivals: dict[str, float] = {}
        for other in self._state.passages:
            if other is not passage and abs(other.number - passage.number) <= NEIGHBOURS:
                for epc, (weight, _) in _totals(self._sum(other, now_us)).items():
                    if weight > rivals.get(epc, 0.0):
                        rivals[epc] = weight
        return PassageSeen(
            at_us=now_us,
            line=self._layout.name,
            passage=passage.number,
            track_id=passage.track_id,
            stage=stage,
            start_us=passage.start_us,
            stop_us=passage.stop_us,
            offset_us=self._offset_us(),
            claims=tuple(
                Claim(epc, weight, rivals.get(epc, 0.0), power) for epc, (weight, power) in _totals(sums).items()
            ),
            tags=tuple(
                TagEvidence(epc, antenna, int(count), int(first), int(last), weight)
                for (epc, antenna), (count, first, last, weight, _) in sums.items()
            ),
            settled=self._newest_us > self._own_end_us(passage) - GRACE_US,
            cause=self._cause(passage),
        )

    def _is_background(self, epc: str) -> bool:
        known = self._state.presence.get(epc)
        return known is not None and known[1] >= BACKGROUND_AFTER

    def background(self) -> tuple[str, ...]:
        """The tags that are always there."""
        return tuple(epc for epc in self._state.presence if self._is_background(epc))

    def _cause(self, passage: Passage) -> str:
        """Why reads of a passage may be missing."""
        if self._away:
            return self.blind()
        from_us = self._middle_us(passage) + self._offset_us() - int(3 * self._sigma_us(passage))
        return "a reader began to read only during this passage" if from_us < self._blind_until_us else ""

    def _learn(self, passage: Passage, owned: frozenset[str]) -> None:
        state = self._state
        middle = self._middle_us(passage)
        reach = self._cycle_us()
        for place in state.offsets:
            state.offsets[place] *= FADE
        learned = False
        for at_us, epc, _, power in self._reads:
            away = at_us - middle
            if -reach <= away <= reach and epc in owned:
                place = away // BIN_US
                state.offsets[place] = state.offsets.get(place, 0.0) + power
                learned = True
        state.learned += learned
        if state.learned >= LEARN_AFTER:
            state.offset_us = _weighted_median(state.offsets) * BIN_US + BIN_US // 2

    def _watch_background(self, passage: Passage) -> None:
        """Counts the passages in a row during which each tag was read, within half a cycle of the middle."""
        presence = self._state.presence
        middle = self._middle_us(passage) + self._offset_us()
        half = self._cycle_us() // 2
        for epc in {epc for at_us, epc, _, _ in self._reads if middle - half <= at_us <= middle + half}:
            newest, row = presence.get(epc, (0, 0))
            presence[epc] = (passage.number, row + 1 if newest == passage.number - 1 else 1)
        for epc in [epc for epc, (newest, _) in presence.items() if newest < passage.number - 2]:
            del presence[epc]

    def _forget(self) -> None:
        """Drops old passages that are neighbours of none that is open, and reads that no open passage can claim."""
        passages = self._state.passages
        open_from = next((item.number for item in passages if not item.final), self._state.next_passage)
        while len(passages) > KEEP_PASSAGES and passages[0].number < open_from - NEIGHBOURS:
            self._sums.pop(passages.pop(0).number, None)
        oldest = next((item for item in passages if item.number >= open_from - NEIGHBOURS), None)
        if oldest is not None and self._reads:
            keep_us = oldest.start_us - WINDOW_SIGMAS * int(self._sigma_us(oldest)) - self._cycle_us()
            keep_us = max(keep_us, self._reads[-1][0] - KEEP_READS_US)
            while self._reads and self._reads[0][0] < keep_us:
                self._reads.popleft()


def _totals(sums: _Sums) -> dict[str, tuple[float, float]]:
    """weight and power by tag."""
    totals: dict[str, tuple[float, float]] = {}
    for (epc, _), (_, _, _, weight, power) in sums.items():
        before = totals.get(epc, (0.0, 0.0))
        totals[epc] = (before[0] + weight, before[1] + power)
    return totals


def _weighted_median(weights: dict[int, float]) -> int:
    half = sum(weights.values()) / 2
    total = 0.0
    for place in sorted(weights):
        total += weights[place]
        if total >= half:
            return place
    return 0
