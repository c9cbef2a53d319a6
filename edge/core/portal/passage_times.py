"""Passage times: when a passage's item is before the antennas, which reads may be its own, and when it is final.

Public names: PassageTimes, NEIGHBOURS, WINDOW_SIGMAS, GRACE_US.

As in ``passage``: the middle of an item, a bell around it whose sigma is half the item's time in the photo-eye, and the
offset from photo-eye to antennas. Without a photo-eye (``quiet``) the middle is that of its tags' reads, sigma half the
quiet time.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from edge.core.portal.quiet import QuietWatch
from edge.core.values.layout import LineLayout
from edge.core.values.state import Passage, PortalState

WINDOW_SIGMAS = 4
"""Reads further from the middle than this count nothing (e^-8)."""
GRACE_US = 50_000
"""How long after a passage's window its last report may still arrive."""
NEIGHBOURS = 2
"""On each side; these compete for tags."""
STANDING_US = 600_000_000
"""An item that stands in the photo-eye is not weighed for good before this."""
TYPICAL_MM = 400
"""Length of an item where none was seen yet."""
HISTORY = 15


class PassageTimes:
    """Of one portal's passages in ``state``. All times are device times on the host's scale."""

    def __init__(self, layout: LineLayout, state: PortalState, quiet: QuietWatch | None) -> None:
        portal = layout.portal
        self._state = state
        self._quiet = quiet
        self._quiet_us = portal.quiet_us
        self._pre_roll_us, self._post_roll_us = portal.pre_roll_us, portal.post_roll_us
        self._typical_us = layout.travel_us(0, TYPICAL_MM)
        self.drawn_us = layout.travel_us(portal.eye_mm, portal.antenna_mm)
        """From photo-eye to antennas as in the drawing."""
        self._medians: dict[str, tuple[list[int], int]] = {}

    # ---- what is usual here ------------------------------------------------------------------------------------------

    def closed(self, passage: Passage) -> None:
        """A passage has left the photo-eye."""
        state = self._state
        state.dwells_us = [*state.dwells_us[1 - HISTORY :], passage.stop_us - passage.start_us]
        self.note_cycle(passage)

    def note_cycle(self, passage: Passage) -> None:
        """A passage's middle is known."""
        state = self._state
        before = next((item for item in reversed(state.passages) if item.number == passage.number - 1), None)
        if before is not None:
            cycle_us = max(1, self.middle_us(passage) - self.middle_us(before))
            state.cycles_us = [*state.cycles_us[1 - HISTORY :], cycle_us]

    def dwell_us(self) -> int:
        """An item's usual time in the photo-eye."""
        return self._quiet_us or self._usual_us("dwell", self._state.dwells_us) or self._typical_us

    def cycle_us(self) -> int:
        """The usual time from one middle to the next."""
        return self._usual_us("cycle", self._state.cycles_us) or 3 * self.dwell_us()

    def _usual_us(self, what: str, newest: list[int]) -> int:
        """The median, kept for as long as the list is the same; 0 of none."""
        kept = self._medians.get(what)
        if kept is None or kept[0] is not newest:
            kept = self._medians[what] = newest, int(median(newest)) if newest else 0
        return kept[1]

    # ---- one passage -------------------------------------------------------------------------------------------------

    def offset_us(self) -> int:
        """From photo-eye to antennas, as learned or as in the drawing."""
        learned_us = self._state.offset_us
        return self.drawn_us if learned_us is None or self._quiet_us else learned_us

    def stop_us(self, passage: Passage) -> int:
        """When it leaves the photo-eye; usually, while it is in it."""
        return passage.stop_us or passage.start_us + self.dwell_us()

    def middle_us(self, passage: Passage) -> int:
        """When its middle is in the photo-eye."""
        if self._quiet_us:
            return passage.middle_us
        return (passage.start_us + (passage.stop_us or self.stop_us(passage))) // 2

    def sigma_us(self, passage: Passage) -> float:
        """Of its bell."""
        if self._quiet_us:
            return self._quiet_us / 2
        return ((passage.stop_us or self.stop_us(passage)) - passage.start_us) / 2

    def window_us(self, passage: Passage) -> tuple[float, float]:
        """First and last time at which a read counts, at an antenna that is not beside the others."""
        offset_us = self.offset_us()
        middle_us, reach_us = self.middle_us(passage) + offset_us, WINDOW_SIGMAS * self.sigma_us(passage)
        first_us, last_us = middle_us - reach_us, middle_us + reach_us
        if self._pre_roll_us is not None:
            first_us = passage.start_us + offset_us - self._pre_roll_us
        if self._post_roll_us is not None:
            last_us = self.stop_us(passage) + offset_us + self._post_roll_us
        return first_us, last_us

    def own_end_us(self, passage: Passage) -> int:
        """When it has had its own window, reports included."""
        if self._post_roll_us is not None:
            last_us = int(self.window_us(passage)[1])
        else:
            last_us = self.middle_us(passage) + self.offset_us() + int(3 * self.sigma_us(passage))
        if self._quiet_us:
            last_us = max(last_us, passage.stop_us + self._quiet_us)
        return last_us + GRACE_US

    def basis(self) -> tuple[int, int]:
        """What is known of all passages and says when each is final."""
        return self.offset_us(), self.cycle_us()

    def open(self) -> list[tuple[Passage, int]]:
        """The passages that are not final, each with when nothing still to come can claim its tags any more."""
        passages = self._state.passages
        places = [place for place, passage in enumerate(passages) if not passage.final]
        if not places:
            return []
        first = places[0]
        ends_us = [self.own_end_us(passage) for passage in passages[first:]]
        return [
            (passages[at], self._final_us(passages[at], ends_us[at - first : at - first + 1 + NEIGHBOURS]))
            for at in places
        ]

    def _final_us(self, passage: Passage, ends_us: Sequence[int]) -> int:
        """``ends_us``: its own end, and those of the passages behind it."""
        if not passage.stop_us:
            return passage.start_us + STANDING_US
        own_end_us = ends_us[0]
        end_us = own_end_us + 5 * min(self.cycle_us(), 4_000_000) // 2
        if len(ends_us) > NEIGHBOURS:
            end_us = min(end_us, max(ends_us))
        return end_us if self._quiet is None else max(end_us, self._quiet.induction_us(passage) + GRACE_US)
