"""What a controller tells of its lines, for the one that commands them after it.

Public names: LinesTaken, later.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from edge.core.values.state import LineState, LoadsState, PlcState


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesTaken:
    """From now on this controller commands the lines, with lease ``epoch``, as ``node`` told them last.

    ``node``: empty = nothing was told; what stands here of lines and PLCs is all that is known then. ``bound``: see
    BookState. ``loads``: None = not told, they stay as they are. ``away`` True: another controller commands them, and
    what is on their belts is that one's.
    """

    at_us: int
    node: str
    epoch: int
    lines: dict[str, LineState] = field(default_factory=dict)
    plcs: dict[str, PlcState] = field(default_factory=dict)
    bound: dict[str, str] = field(default_factory=dict)
    loads: LoadsState | None = None
    away: bool = False


def later(taken: LinesTaken, by_us: int) -> LinesTaken:
    """The same by a clock that is ahead by so much; below what a network takes nothing is moved."""
    if abs(by_us) < _SAME_CLOCK_US:
        return taken
    for line in taken.lines.values():
        for track in line.tracks.values():
            track.due_us = max(0, track.due_us + by_us) if track.due_us else 0
        for portal in (line.portal, line.check):
            for one in portal.passages:
                one.start_us += by_us
                one.stop_us += by_us if one.stop_us else 0
                one.middle_us += by_us if one.middle_us else 0
            portal.before_us = {track: at_us + by_us for track, at_us in portal.before_us.items()}
    loads = taken.loads
    if loads is not None:
        for parcel, waiting in loads.waiting.items():
            loads.waiting[parcel] = replace(waiting, at_us=waiting.at_us + by_us)
    return taken


_SAME_CLOCK_US = 20_000
