"""Closing: lanes that a new configuration has no more, or for something else, while parcels are on their way to them.

Public names: with_closing, role_problems, bound_for.

A parcel that has its route goes there, whatever the configuration says since: its divert is still the same. So its lane
stays, closing, until it has come: it gets nothing more, and what comes there is confirmed and shipped as it was
decided. Only then is the lane what the new configuration says. Where people look at what comes there, it is theirs at
once; such a change is refused while it can be.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from edge.core.values.layout import Lane, LaneRole, LineLayout
from edge.core.values.state import LineState
from edge.core.values.track import Track, TrackState


def bound_for(line: LineState) -> dict[int, int]:
    """By lane, how many parcels are on their way to it; those whose end nobody will tell do not count."""
    found: dict[int, int] = {}
    for track in line.tracks.values():
        if _under_way(track):
            found[track.lane] = found.get(track.lane, 0) + 1
    return found


def _under_way(track: Track) -> bool:
    return track.lane > 0 and not (track.undecided or track.ended or track.state is TrackState.UNCONFIRMED)


def role_problems(before: LineLayout, after: LineLayout, bound: Mapping[int, int]) -> Iterator[str]:
    """What is wrong with a lane that becomes something else while parcels are on their way to it."""
    known = {lane.number: lane for lane in before.lanes}
    for index, lane in enumerate(after.lanes):
        old = known.get(lane.number)
        if old is not None and old.role is not lane.role and (count := bound.get(lane.number)):
            yield (
                f"line.{after.name}.lane.{index}.role: {lane.role.value!r}: {count} are on their way to it, and it is "
                f"{old.role.value!r} for them: disable the lane, let it run empty, then ask again"
            )


def with_closing(
    before: Iterable[LineLayout], after: Iterable[LineLayout], bound: Mapping[str, Collection[int]]
) -> tuple[LineLayout, ...]:
    """The lines of ``after`` with the lanes of ``before`` that must close first. ``bound``: by line, the lanes to which
    something is on its way.
    """
    known = {layout.name: layout for layout in before}
    return tuple(_closing(known[one.name], one, bound.get(one.name, ())) if one.name in known else one for one in after)


def _closing(before: LineLayout, after: LineLayout, bound: Collection[int]) -> LineLayout:
    lanes = {lane.number: lane for lane in after.lanes}
    for old in before.lanes:
        if old.number not in bound:
            continue
        new = lanes.get(old.number)
        ships = new is not None and new.role is LaneRole.CARRIER
        if new is None or (ships and old.role is not LaneRole.CARRIER):
            lanes[old.number] = replace(old, carrier="", services=(), alternatives=(), closing=True)
        elif ships and (old.closing or not _takes(new, old)):
            # Whose it will be, they wait for it as for one that is full; what was sent there is told by its role.
            lanes[old.number] = replace(new, closing=True)
    return replace(after, lanes=tuple(lanes.values())) if tuple(lanes.values()) != after.lanes else after


def _takes(new: Lane, old: Lane) -> bool:
    """Whether a carrier's lane takes what another took."""
    if new.carrier != old.carrier:
        return False
    return not new.services or (bool(old.services) and set(old.services) <= set(new.services))
