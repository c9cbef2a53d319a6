"""A track: a parcel or tote between induction and its end, the states it can be in, and what moves it between them.

Public names: Track, TrackState, RouteState, Turn, TRACK_ARROWS, ROUTE_ARROWS.

A track has two states, since neither follows from the other: after a break of the connection a PLC tells an end before
its host has decided anything, and what nobody confirmed may still get a route.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TrackState(StrEnum):
    """How much of its way was told."""

    AWAITED = "awaited"  # where its ROUTE was found in the mailbox after a crash: its INDUCTED comes again
    ENDED_AWAITED = "ended-awaited"  # its outcome was told, its INDUCTED was not
    INDUCTED = "inducted"
    UNCONFIRMED = "unconfirmed"  # it is said that nothing tells its outcome
    ENDED = "ended"  # its outcome is known; the PLC may still confirm it or send it round again


class RouteState(StrEnum):
    """How far its route is."""

    UNDECIDED = "undecided"
    DOUBTED = "doubted"  # its own evidence was not enough; it is decided with its neighbours' at the latest when due
    DECIDED = "decided"  # whether its ROUTE is in the mailbox says the track's ``route_seq``
    HANDLED = "handled"  # the PLC has taken the ROUTE


class Turn(StrEnum):
    """What happens to a track."""

    FOUND = "found"  # its ROUTE was in the mailbox when the controller started
    FOUND_EMPTY = "found-empty"  # a ROUTE to no lane was
    INDUCTED = "inducted"
    INDUCTED_AGAIN = "inducted-again"  # it went round
    DOUBTED = "doubted"
    DECIDED = "decided"
    SENT = "sent"  # its ROUTE was written into the mailbox
    HANDLED = "handled"
    TURNED = "turned"  # its order changed, and with it its lane
    OVERDUE = "overdue"  # more were inducted behind it than the belt holds
    ENDED = "ended"


TRACK_ARROWS: dict[tuple[TrackState, Turn], TrackState] = {
    (TrackState.AWAITED, Turn.INDUCTED): TrackState.INDUCTED,
    (TrackState.AWAITED, Turn.ENDED): TrackState.ENDED_AWAITED,
    (TrackState.ENDED_AWAITED, Turn.INDUCTED): TrackState.INDUCTED,
    (TrackState.INDUCTED, Turn.OVERDUE): TrackState.UNCONFIRMED,
    (TrackState.INDUCTED, Turn.ENDED): TrackState.ENDED,
    (TrackState.UNCONFIRMED, Turn.ENDED): TrackState.ENDED,
    (TrackState.UNCONFIRMED, Turn.INDUCTED_AGAIN): TrackState.INDUCTED,
    (TrackState.ENDED, Turn.INDUCTED_AGAIN): TrackState.INDUCTED,
}
ROUTE_ARROWS: dict[tuple[RouteState, Turn], RouteState] = {
    (RouteState.UNDECIDED, Turn.DOUBTED): RouteState.DOUBTED,
    (RouteState.UNDECIDED, Turn.DECIDED): RouteState.DECIDED,
    (RouteState.UNDECIDED, Turn.FOUND): RouteState.DECIDED,
    (RouteState.DOUBTED, Turn.DECIDED): RouteState.DECIDED,
    (RouteState.DOUBTED, Turn.FOUND): RouteState.DECIDED,
    (RouteState.DOUBTED, Turn.INDUCTED_AGAIN): RouteState.UNDECIDED,
    (RouteState.DECIDED, Turn.HANDLED): RouteState.HANDLED,
    (RouteState.DECIDED, Turn.FOUND_EMPTY): RouteState.UNDECIDED,
    (RouteState.DECIDED, Turn.INDUCTED_AGAIN): RouteState.UNDECIDED,
    (RouteState.HANDLED, Turn.SENT): RouteState.DECIDED,
    (RouteState.HANDLED, Turn.TURNED): RouteState.DECIDED,
    (RouteState.HANDLED, Turn.FOUND): RouteState.DECIDED,
    (RouteState.HANDLED, Turn.FOUND_EMPTY): RouteState.UNDECIDED,
    (RouteState.HANDLED, Turn.INDUCTED_AGAIN): RouteState.UNDECIDED,
}
"""What moves a track, and where to. Whatever else happens leaves it in its state: a floor repeats itself, comes late
and lies."""

_AWAITED = (TrackState.AWAITED, TrackState.ENDED_AWAITED)
_ENDED = (TrackState.ENDED, TrackState.ENDED_AWAITED)
_UNDECIDED, _DOUBTED = RouteState.UNDECIDED, RouteState.DOUBTED


@dataclass(slots=True)
class Track:
    """A parcel or tote between induction and its end.

    ``lane``: where it is to go, 0 = not decided. ``route_seq``: the sequence of its ROUTE in the mailbox, None before
    it is sent. ``due_us``: when it must be decided, host time; ``expiry_ms``: until when the PLC takes its route, PLC
    time.
    """

    track_id: int
    state: TrackState = TrackState.AWAITED
    route: RouteState = RouteState.UNDECIDED
    round: int = 0
    due_us: int = 0
    expiry_ms: int = 0
    subject: str = ""
    order: str = ""
    lane: int = 0
    route_seq: int | None = None

    @property
    def inducted(self) -> bool:
        """Whether its INDUCTED is known."""
        return self.state not in _AWAITED

    @property
    def ended(self) -> bool:
        """Whether its outcome is known."""
        return self.state in _ENDED

    @property
    def undecided(self) -> bool:
        """Whether it has no lane."""
        return self.route is _UNDECIDED or self.route is _DOUBTED

    def take(self, turn: Turn) -> None:
        """Goes where the arrows lead."""
        self.state = TRACK_ARROWS.get((self.state, turn), self.state)
        self.route = ROUTE_ARROWS.get((self.route, turn), self.route)
