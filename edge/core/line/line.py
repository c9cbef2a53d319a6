"""One line as the decisions see it: its layout, what it remembers, its portals, their scanners and the book.

Public names: Line, PortalSight, Result, NEVER_US, KEPT, CHECKED.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from edge.core.book import OrderBook
from edge.core.events import Command, Event
from edge.core.line.verify import wants
from edge.core.portal.passage import PortalWatch
from edge.core.portal.scans import ScanWatch
from edge.core.totes import names_by
from edge.core.values.layout import Job, LineLayout
from edge.core.values.state import LineState
from edge.core.values.track import RouteState, Track

Result: TypeAlias = Event | Command
NEVER_US = 2**63 - 1
"""Later than any time."""
KEPT = "totes-kept-to-the-end"
"""Decision flag: the final verdict over a tote is by the order by which it was verified in time, though that one has
given the tote up since. Before, it was by whichever order had the tote then."""


CHECKED = "checked-again"
"""Decision flag: a line may have a second portal, and is decided by what both saw. Before, it had one."""


@dataclass(frozen=True, slots=True)
class PortalSight:
    """One portal of a line: its passages and what its scanners said. ``name``: empty = the first."""

    name: str
    portal: PortalWatch
    scans: ScanWatch


class Line:
    """A line's belt from induction to its lanes. The book is the controller's, one for all lines.

    ``name``: in the configuration. ``keeps``, ``checks``: flags `KEPT` and `CHECKED` are in force. ``totes``: which
    tags and codes are totes, and what they are called. ``sights``: its portals in the direction of travel.
    """

    def __init__(self, layout: LineLayout, state: LineState, book: OrderBook, keeps: bool, checks: bool) -> None:
        self.keeps = keeps
        self.checks = checks
        self.name = layout.name
        self.layout = layout
        self.state = state
        self.book = book
        self.portal = PortalWatch(layout, state.portal, self._wants)
        self.scans = ScanWatch(layout, state.portal)
        self.lanes = {lane.number: lane for lane in layout.lanes}
        self.totes = names_by(layout.totes)
        self.sights = [PortalSight("", self.portal, self.scans)]
        self._follow_check(layout)

    def follow(self, layout: LineLayout) -> None:
        """Goes on by another layout, with what it remembers and what its readers told."""
        self.portal.follow(layout)
        self.scans.follow(layout)
        self._follow_check(layout, running=True)
        self.layout = layout
        self.lanes = {lane.number: lane for lane in layout.lanes}
        self.totes = names_by(layout.totes)

    def _follow_check(self, layout: LineLayout, running: bool = False) -> None:
        """The second portal is one like the first."""
        if layout.check is None or not self.checks:
            del self.sights[1:]
            return
        its, before = replace(layout, portal=layout.check), self.check
        if before is None or before.name != layout.check.name:
            bare = replace(its, portal=replace(layout.check, readers=())) if running else its
            watch = PortalWatch(bare, self.state.check, self._wants)
            watch.follow(its)  # while a line runs, a reader that is new is not missed before it was there once
            self.sights[1:] = [PortalSight(layout.check.name, watch, ScanWatch(its, self.state.check))]
        else:
            before.portal.follow(its)
            before.scans.follow(its)

    @property
    def check(self) -> PortalSight | None:
        """The second portal; None = it has one."""
        return self.sights[1] if len(self.sights) > 1 else None

    def sight(self, name: str) -> PortalSight | None:
        """The portal that a PassageSeen names; None = the line has it no more."""
        for one in self.sights:
            if one.name == name:
                return one
        return None

    def sight_of(self, reader: str) -> PortalSight:
        """The portal that a reader or scanner is at."""
        check = self.layout.check
        second = check is not None and reader in (*check.readers, *check.scanners)
        return self.sights[1] if second and len(self.sights) > 1 else self.sights[0]

    def reader_changed(self, name: str, trouble: str, at_us: int) -> None:
        """A reader or a scanner is there from now on (``trouble`` empty), or not."""
        sight = self.sight_of(name)
        if name in self.layout.scanners:
            sight.scans.scanner_changed(name, trouble)
        else:
            sight.portal.reader_changed(name, trouble, at_us)

    def due_us(self) -> int:
        """When a passage becomes final, or a track is to be looked at, at the earliest; NEVER_US without any."""
        due_us = NEVER_US
        for sight in self.sights:
            final_us = sight.portal.deadline_us()
            due_us = due_us if final_us is None else min(due_us, final_us)
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
        """When the window of a track's newest passage is over and its scanners have spoken, at each portal; None = not
        known yet.
        """
        early_us, since_us = 0, 0
        for sight in self.sights:
            window_us, entered_us = sight.portal.window_end_us(track_id), sight.portal.entered_us(track_id)
            if window_us is None or entered_us < since_us:
                return None
            early_us, since_us = max(early_us, window_us, sight.scans.wait_until_us(track_id)), entered_us
        return early_us

    def _wants(self, clear: Sequence[str], others: Sequence[str]) -> frozenset[str]:
        return wants(clear, others, self.book, self.totes) if self.layout.job is Job.VERIFY else frozenset()

    def usable(self, lane: int) -> bool:
        """Whether a lane is neither full nor disabled nor closing."""
        known = self.lanes.get(lane)
        if known is not None and known.closing:
            return False
        return not (self.state.lanes_full | self.state.lanes_disabled) >> (lane - 1) & 1
