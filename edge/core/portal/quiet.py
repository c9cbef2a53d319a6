"""Quiet: passages at a portal without a photo-eye, and whose they are.

Public names: QuietWatch.

The first read of a new tag opens a passage; it ends ``quiet_us`` after the last new tag's first read. A tag is new that
was not read for as long as it had been there before (2 to 20 s): neither what stands beside the belt nor what was just
in a passage is. What is read in the first moments of a reader was there before, and opens nothing. A passage's middle
is the median over its new tags of the power-weighted time of their reads.

Nobody says whose it is, so it is compared with the time when each track's item was before the antennas, known from its
induction and the belt. A passage is a track's when its middle is within ``quiet_us`` of that time, no other passage's
is and no other track's time is within ``quiet_us`` of this middle. Everything else is nobody's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from statistics import median_low

from edge.core.values.layout import LineLayout
from edge.core.values.state import Passage, PortalState

AWAY_LEAST_US = 2_000_000
"""A tag that was not read for a shorter time is still there; and so long a reader finds what was there before it."""
AWAY_MOST_US = 20_000_000
"""And one that was not read for longer is not."""
FORGET_US = 60_000_000
"""A tag that comes again after this is as one that never came."""
KEEP_TAGS = 5_000
"""Of more, those are forgotten that were not read for FORGET_US; of twice as many, those that came first too."""
KEEP_TRACKS = 64
"""Inductions remembered; more items are not between induction and antennas."""
ITEM_MM = 400
"""Its middle is taken to be half of this behind an item's leading edge."""


@dataclass(slots=True)
class _Tag:
    """A tag that is there. ``first_us``: since when, with short absences. Power in mW, moment in mW x us."""

    first_us: int
    since_us: int
    last_us: int
    passage: int
    power: float = 0.0
    moment: float = 0.0


class QuietWatch:
    """One portal's passages without a photo-eye, in ``state``; what they hold is weighed elsewhere."""

    def __init__(self, layout: LineLayout, state: PortalState, background: Callable[[str], bool]) -> None:
        self._layout = layout
        self._state = state
        self._background = background
        self._quiet_us = layout.portal.quiet_us
        self._tags: dict[str, _Tag] = {}
        self._members: dict[int, list[_Tag]] = {}
        self._touched: set[int] = set()
        self._settled_us = 0

    def follow(self, layout: LineLayout) -> None:
        """Goes on by another layout."""
        self._layout, self._quiet_us = layout, layout.portal.quiet_us

    def __len__(self) -> int:
        """Tags remembered, after ``weighed`` at most 2 * KEEP_TAGS."""
        return len(self._tags)

    # ---- reads -------------------------------------------------------------------------------------------------------

    def began(self, at_us: int) -> None:
        """A reader reads from now on."""
        self._settled_us = max(self._settled_us, at_us + AWAY_LEAST_US)

    def clock_set_back(self) -> None:
        """What is on the host's old scale means nothing any more."""
        self._tags.clear()
        self._members.clear()
        self._touched.clear()
        self._settled_us = 0
        self._state.before_us.clear()

    def read(self, epc: str, power: float, at_us: int) -> None:
        """Takes one read; ``power`` in mW."""
        tag = self._tags.get(epc)
        if tag is None or at_us - tag.last_us > min(max(AWAY_LEAST_US, tag.last_us - tag.first_us), AWAY_MOST_US):
            first_us = tag.first_us if tag is not None and at_us - tag.last_us < FORGET_US else at_us
            passage = None if at_us < self._settled_us or self._background(epc) else self._passage(at_us)
            tag = self._tags[epc] = _Tag(first_us, at_us, at_us, 0 if passage is None else passage.number)
            if passage is not None:
                self._members.setdefault(passage.number, []).append(tag)
        tag.last_us = max(tag.last_us, at_us)
        if tag.passage in self._members:
            tag.power += power
            tag.moment += power * (at_us - tag.since_us)
            self._touched.add(tag.passage)

    def weighed(self) -> set[int]:
        """After some reads: gives their passages the new middles, and tells the numbers of these passages."""
        touched, self._touched = self._touched, set()
        for passage in self._state.passages:
            if passage.number in touched and (tags := self._members.get(passage.number)):
                passage.middle_us = median_low([tag.since_us + int(tag.moment / tag.power) for tag in tags])
        if len(self._tags) > KEEP_TAGS:
            newest_us = max(tag.last_us for tag in self._tags.values())
            self._tags = {epc: tag for epc, tag in self._tags.items() if newest_us - tag.last_us < FORGET_US}
            if len(self._tags) > 2 * KEEP_TAGS:
                self._tags = dict(list(self._tags.items())[-KEEP_TAGS:])
        return touched

    def leave_out(self, epcs: Collection[str]) -> None:
        """As if these tags had not been read: a passage that is not final and has no others never was."""
        gone = [tag for epc in epcs if (tag := self._tags.pop(epc, None)) is not None]
        ids = set(map(id, gone))
        for number in {tag.passage for tag in gone} & self._members.keys():
            self._members[number] = [tag for tag in self._members[number] if id(tag) not in ids]
            self._touched.add(number)
            if not self._members[number]:
                del self._members[number]
                self._state.passages[:] = [one for one in self._state.passages if one.number != number or one.final]

    def final(self, number: int) -> None:
        """A passage is reported for good: its middle moves no more."""
        self._members.pop(number, None)

    def _passage(self, at_us: int) -> Passage | None:
        """The passage that a new tag belongs to; None where its time is over."""
        passages = self._state.passages
        for passage in reversed(passages):
            near = passage.start_us - self._quiet_us <= at_us <= passage.stop_us + self._quiet_us
            if near and not passage.final and passage.number in self._members:
                passage.start_us = min(passage.start_us, at_us)
                passage.stop_us = max(passage.stop_us, at_us)
                return passage
        if passages and at_us <= passages[-1].stop_us:
            return None
        passages.append(Passage(self._state.next_passage, 0, at_us, at_us, middle_us=at_us))
        self._state.next_passage += 1
        return passages[-1]

    # ---- tracks ------------------------------------------------------------------------------------------------------

    def inducted(self, track_id: int, at_us: int) -> None:
        """A track's leading edge was at the induction."""
        before_us = self._state.before_us
        before_us.pop(track_id, None)
        before_us[track_id] = at_us + self._layout.travel_us(0, self._layout.portal.antenna_mm + ITEM_MM // 2)
        if len(before_us) > KEEP_TRACKS:
            del before_us[next(iter(before_us))]

    def induction_us(self, passage: Passage) -> int:
        """When every induction that fits a passage has come."""
        return passage.middle_us + self._quiet_us - self._layout.travel_us(0, self._layout.portal.antenna_mm)

    def track_of(self, passage: Passage) -> int:
        """The track whose passage this is, 0 where that is not certain."""
        tracks = self._tracks(passage)
        return tracks[0] if len(tracks) == 1 and len(self._passages(tracks[0])) == 1 else 0

    def of_track(self, track_id: int) -> tuple[Passage | None, str]:
        """A track's passage; None and why where none is certain."""
        passages = self._passages(track_id)
        match passages:
            case []:
                return None, "no new tag was read while it was before the antennas"
            case [passage]:
                tracks = self._tracks(passage)
                if tracks == [track_id]:
                    return passage, ""
                return None, f"ambiguous: tracks {_words(tracks)} were both before the antennas"
            case _:
                return None, f"ambiguous: passages {_words([passage.number for passage in passages])} fit its induction"

    def _passages(self, track_id: int) -> list[Passage]:
        at_us = self._state.before_us.get(track_id)
        if at_us is None:
            return []
        return [passage for passage in self._state.passages if abs(passage.middle_us - at_us) <= self._quiet_us]

    def _tracks(self, passage: Passage) -> list[int]:
        return [
            track for track, at_us in self._state.before_us.items() if abs(passage.middle_us - at_us) <= self._quiet_us
        ]


def _words(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
