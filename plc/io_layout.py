"""A line without a PLC program: what its remote I/O is wired to, where that stands, and how exactly it can be tracked.

Public names: IoLayout, Eye, Outlet, Cause, CAUSES, Limit, limits, is_safe,
fastest_mm_s, slowest_ms, watchdog_us, JAM_FACTOR.

Positions are mm along the belt from the induction photo-eye, of a parcel's leading edge. What is not known better than
`IoLayout.match_mm` and `IoLayout.divert_mm` say is the whole theory: a parcel is found again at the next photo-eye when
no other can be within that distance, and a divert hits it alone when the gaps are wider than it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

JAM_FACTOR = 3
"""A photo-eye is jammed when it is dark for so many times what the longest parcel takes."""
SPEED_MOST = 10_000
"""No belt is faster, in mm/s."""
SCAN_MOST_MS = 10_000
"""No reading comes later."""


class Cause(IntEnum):
    """What the tracker says in an event's cause."""

    NONE = 0
    RECKONED = 100
    DOUBLED = 101
    LATE = 102


CAUSES: dict[int, str] = {
    Cause.RECKONED: "reckoned from the belt's travel, no photo-eye stands there",
    Cause.DOUBLED: "longer than the longest parcel, so two without a gap",
    Cause.LATE: "the inputs were read too late to know its place",
}


@dataclass(frozen=True, slots=True)
class Eye:
    """A photo-eye over the belt: its number for the host, its bit among the inputs, its place."""

    number: int
    input: int
    mm: int


@dataclass(frozen=True, slots=True)
class Outlet:
    """A lane. ``coil`` None: the belt's end. ``confirm``, ``full``: bits of the lane's photo-eye and full sensor."""

    lane: int
    mm: int
    coil: int | None = None
    confirm: int | None = None
    full: int | None = None


@dataclass(frozen=True, slots=True)
class IoLayout:
    """One belt. ``eyes`` and ``outlets`` in its direction; the last outlet is its end, where the default lane is.

    A reading takes effect within a scan: the inputs are as old as that at most, and so long do coils take.
    ``tolerance``: share by which belt or encoder may differ from what is configured, slip included.
    ``encoder_um``: belt travel per count in micrometres, None = the belt moves at ``speed_mm_s`` all the time.
    ``running``: bit that is on while the belt moves. ``lead_us``: time a divert needs out or back. ``hold_mm``: how far
    a parcel's leading edge is past the divert when it needs it no more. ``confirm_us``: the lane's photo-eye sees it
    within this time. ``scan_us``: longest time from one reading of the inputs to the next.
    """

    speed_mm_s: int
    tolerance: float
    induction: int
    portal: int
    eyes: tuple[Eye, ...]
    outlets: tuple[Outlet, ...]
    decision_mm: int
    lead_us: int
    hold_mm: int
    confirm_us: int
    scan_us: int
    min_length_mm: int
    max_length_mm: int
    min_gap_mm: int
    encoder_um: int | None = None
    encoder_bits: int = 16
    running: int | None = None
    outputs: tuple[int, ...] = ()

    @property
    def scan_mm(self) -> float:
        """How far a parcel goes from one reading of the inputs to the next at most, as exactly as an encoder tells."""
        return self.travel_mm(self.scan_us) + (self.encoder_um or 0) / 1000

    @property
    def lead_mm(self) -> float:
        """How far a parcel goes while a divert moves, at most."""
        return self.travel_mm(self.lead_us)

    def travel_mm(self, time_us: int) -> float:
        """The way in a time at the highest speed that the tolerance allows."""
        return self.speed_mm_s * (1 + self.tolerance) * time_us / 1_000_000

    def match_mm(self, from_mm: float, to_mm: float) -> float:
        """How far from where it is expected a parcel may show at a photo-eye, seen at another before.

        Each edge is known to a scan.
        """
        return (to_mm - from_mm) * self.tolerance + 2 * self.scan_mm

    def divert_mm(self, from_mm: float, to_mm: float) -> float:
        """How far from where it is reckoned a parcel may be at a divert."""
        return (to_mm - from_mm) * self.tolerance + self.scan_mm

    def seen_before(self, mm: float) -> int:
        """The last photo-eye at or before a place."""
        return max((eye.mm for eye in self.eyes if eye.mm <= mm), default=self.eyes[0].mm)

    @property
    def blind_us(self) -> int:
        """A longer time between two readings may hide a parcel or a gap."""
        return int(min(self.min_length_mm, self.min_gap_mm) / (self.speed_mm_s * (1 + self.tolerance)) * 1_000_000)

    @property
    def jam_us(self) -> int:
        """A photo-eye that is dark for longer is jammed."""
        return int(JAM_FACTOR * self.max_length_mm / (self.speed_mm_s * (1 - self.tolerance)) * 1_000_000)


@dataclass(frozen=True, slots=True)
class Limit:
    """One condition of safe tracking, in mm: ``has`` must be more than ``needs``. ``change`` says what would help."""

    what: str
    has_mm: float
    needs_mm: float
    change: str

    @property
    def holds(self) -> bool:
        """Whether the line is within it."""
        return self.has_mm > self.needs_mm

    def __str__(self) -> str:
        return f"{self.what}: {self.has_mm:.0f} mm, needs more than {self.needs_mm:.0f} mm"


def limits(layout: IoLayout) -> Iterator[Limit]:
    """Every condition under which the tracking is right; a line is safe when all of them hold."""
    faster = "read more often (poll_ms, answer_ms), or slow the belt"
    yield Limit("shortest parcel, to be seen at all", layout.min_length_mm, layout.scan_mm, faster)
    yield Limit("smallest gap, to be seen at all", layout.min_gap_mm, layout.scan_mm, faster)
    pitch_mm = layout.min_length_mm + layout.min_gap_mm
    for before, eye in zip(layout.eyes, layout.eyes[1:], strict=False):
        yield Limit(
            f"from one parcel to the next, to know them again at photo-eye {eye.number}",
            pitch_mm,
            2 * layout.match_mm(before.mm, eye.mm),
            "put a photo-eye between, widen min_gap_mm, or lower tolerance_percent with an encoder",
        )
    for outlet in layout.outlets:
        if outlet.coil is None:
            continue
        error_mm = layout.divert_mm(layout.seen_before(outlet.mm), outlet.mm)
        closer = "put a photo-eye shortly before the divert, widen min_gap_mm, or lower tolerance_percent"
        yield Limit(
            f"smallest gap, for the divert of lane {outlet.lane} to come out behind the parcel before",
            layout.min_gap_mm,
            layout.lead_mm + 2 * error_mm + 2 * layout.scan_mm,
            closer,
        )
        yield Limit(
            f"from one parcel to the next, for the divert of lane {outlet.lane} to be back",
            pitch_mm,
            _back_mm(layout, outlet),
            f"{closer}, or lower hold_mm",
        )
        yield Limit(
            f"from the decision point to the divert of lane {outlet.lane}",
            outlet.mm - layout.decision_mm,
            layout.lead_mm + 2 * error_mm + 3 * layout.scan_mm,
            "move decision_mm upstream",
        )


def _back_mm(layout: IoLayout, outlet: Outlet) -> float:
    """Behind a parcel's leading edge at a divert, how far the next one's must be for the divert to be back."""
    error_mm = layout.divert_mm(layout.seen_before(outlet.mm), outlet.mm)
    return layout.hold_mm + layout.lead_mm + 2 * error_mm + 2 * layout.scan_mm


def watchdog_us(layout: IoLayout) -> int:
    """How long after the last request the device may leave its outputs on, and no divert takes the next parcel along.

    Not less than ``scan_us`` where the line is safe.
    """
    pitch_mm = layout.min_length_mm + layout.min_gap_mm
    back_mm = max((_back_mm(layout, outlet) for outlet in layout.outlets if outlet.coil is not None), default=0.0)
    return layout.scan_us + int((pitch_mm - back_mm) / (layout.speed_mm_s * (1 + layout.tolerance)) * 1_000_000)


def is_safe(layout: IoLayout) -> bool:
    """Whether the line is within every limit."""
    return all(limit.holds for limit in limits(layout))


def fastest_mm_s(layout: IoLayout) -> int:
    """The highest speed at which the line would be safe, nothing else changed; 0 = there is none."""
    return bisect_left(
        range(1, SPEED_MOST + 1), True, key=lambda speed_mm_s: not is_safe(replace(layout, speed_mm_s=speed_mm_s))
    )


def slowest_ms(layout: IoLayout) -> int:
    """The longest time between two readings with which the line would be safe, nothing else changed; 0 = none."""
    return bisect_left(
        range(1, SCAN_MOST_MS + 1), True, key=lambda scan_ms: not is_safe(replace(layout, scan_us=scan_ms * 1000))
    )
