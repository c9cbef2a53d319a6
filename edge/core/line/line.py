"""One line as the decisions see it: its layout, what it remembers, its portal, its scanners and the book.

Public names: Line, Result, NEVER_US, KEPT.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from edge.core.book import OrderBook
from edge.core.events import Command, Event
from edge.core.line.verify import wants
from edge.core.portal.passage import PortalWatch
from edge.core.portal.scans import ScanWatch
from edge.core.totes import ToteNames, names_by
from edge.core.values.layout import Job, LineLayout
from edge.core.values.state import LineState
from edge.core.values.track import RouteState, Track

Result: TypeAlias = Event | Command
NEVER_US = 2**63 - 1
"""Later than any time."""
KEPT = "totes-kept-to-the-end"
"""Decision flag: the final verdict over a tote is by the order by which it was verified in time, though that one has
given the tote up since. Before, it was by whichever order had the tote then."""


class Line:
    """A line's belt from induction to its lanes. The book is the controller's, one for all lines.

    ``keeps``: flag `KEPT` is in force.
    """

    def __init__(self, layout: LineLayout, state: LineState, book: OrderBook, keeps: bool) -> None:
        self.keeps = keeps
        self.layout = layout
        self.state = state
        self.book = book
        self.portal = PortalWatch(layout, state.portal, self._wants)
        self.scans = ScanWatch(layout, state.portal)
        self.lanes = {lane.number: lane for lane in layout.lanes}

    def follow(self, layout: LineLayout) -> None:
        """Goes on by another layout, with what it remembers and what its readers told."""
        self.portal.follow(layout)
        self.scans.follow(layout)
        self.layout = layout
        self.lanes = {lane.number: lane for lane in layout.lanes}

    @property
    def name(self) -> str:
        """The line's name in the configuration."""
        return self.layout.name

    @property
    def totes(self) -> ToteNames:
        """Which tags and codes are totes, and what they are called."""
        return names_by(self.layout.totes)

    def reader_changed(self, name: str, trouble: str, at_us: int) -> None:
        """A reader or a scanner is there from now on (``trouble`` empty), or not."""
        if name in self.layout.portal.scanners:
            self.scans.scanner_changed(name, trouble)
        else:
            self.portal.reader_changed(name, trouble, at_us)

    def due_us(self) -> int:
        """When a passage becomes final, or a track is to be looked at, at the earliest; NEVER_US without any."""
        final_us = self.portal.deadline_us()
        due_us = NEVER_US if final_us is None else final_us
        for track in self.undecided():
            due_us = min(due_us, track.due_us)
            if self.layout.job is Job.SORT and track.route is RouteState.UNDECIDED:
                early_us = self.early_us(track.track_id)
                due_us = due_us if early_us is None else min(due_us, early_us)
        return due_us

    def undecided(self) -> list[Track]:
        """The tracks that were inducted and have no lane yet."""
        return [track for track in self.state.tracks.values() if track.undecided and track.inducted]

    def early_us(self, track_id: int) -> int | None:
        """When the window of a track's newest passage is over and its scanners have spoken; None = not known yet."""
        window_us = self.portal.window_end_us(track_id)
        return None if window_us is None else max(window_us, self.scans.wait_until_us(track_id))

    def _wants(self, clear: Sequence[str], others: Sequence[str]) -> frozenset[str]:
        return wants(clear, others, self.book, self.totes) if self.layout.job is Job.VERIFY else frozenset()

    def usable(self, lane: int) -> bool:
        """Whether a lane is neither full nor disabled nor closing."""
        known = self.lanes.get(lane)
        if known is not None and known.closing:
            return False
        return not (self.state.lanes_full | self.state.lanes_disabled) >> (lane - 1) & 1
