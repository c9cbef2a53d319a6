"""What people ask of a line, a PLC or a dock door, before the site store takes it.

Public names: LaneWish, AlarmWish, PointWish, LoadWish, Wish, requested.

A wish has neither time nor number: both come with its place in the store's feed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, assert_never

from edge.core.values.alarm import AlarmAction
from edge.core.values.inputs import AlarmRequested, LaneRequested, LoadRequested, PointWriteRequested, Requested
from edge.core.values.load import Load, LoadAction
from edge.core.values.verdicts import Trial
from plc.points import Value


@dataclass(frozen=True, slots=True)
class LaneWish:
    """A lane is to be enabled or disabled. ``by``: who asks, as in every wish. ``trial``: what else is wanted of it, or
    with lane 0 of its line, and why.
    """

    line: str
    lane: int
    enabled: bool
    by: str
    trial: Trial = Trial.NONE
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AlarmWish:
    """Something of an alarm. ``for_us``: how long it is to be shelved."""

    alarm: str
    action: AlarmAction
    by: str
    for_us: int = 0
    comment: str = ""


@dataclass(frozen=True, slots=True)
class PointWish:
    """A point of a PLC is to be written, soon or not at all."""

    plc: str
    point: str
    value: Value
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadWish:
    """Something of a load. ``load``: to open it. ``parcel``: to add or remove it.

    ``forced``: close it although it is not complete; ``reason``: why, required then.
    """

    action: LoadAction
    load_id: str
    by: str
    load: Load | None = None
    parcel: str = ""
    forced: bool = False
    reason: str = ""


Wish: TypeAlias = LaneWish | AlarmWish | PointWish | LoadWish


def requested(wish: Wish, at_us: int, feed_seq: int) -> Requested:
    """The wish as the controllers take it: asked for at ``at_us``, at the place ``feed_seq`` of the feed."""
    match wish:
        case LaneWish():
            return LaneRequested(
                at_us=at_us,
                feed_seq=feed_seq,
                line=wish.line,
                lane=wish.lane,
                enabled=wish.enabled,
                by=wish.by,
                trial=wish.trial,
                reason=wish.reason,
            )
        case AlarmWish():
            return AlarmRequested(
                at_us=at_us,
                feed_seq=feed_seq,
                alarm=wish.alarm,
                action=wish.action,
                by=wish.by,
                for_us=wish.for_us,
                comment=wish.comment,
            )
        case PointWish():
            return PointWriteRequested(
                at_us=at_us,
                feed_seq=feed_seq,
                plc=wish.plc,
                point=wish.point,
                value=wish.value,
                by=wish.by,
                asked_us=at_us,
            )
        case LoadWish():
            return LoadRequested(
                at_us=at_us,
                feed_seq=feed_seq,
                action=wish.action,
                load_id=wish.load_id,
                by=wish.by,
                load=wish.load,
                parcel=wish.parcel,
                forced=wish.forced,
                reason=wish.reason,
            )
        case _:
            assert_never(wish)
