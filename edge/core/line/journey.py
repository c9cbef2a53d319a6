"""Journey: a track from its induction to its end, and the lanes where it ends, as the PLC tells them.

Public names: inducted, routed, passed_eye, ended, lane_changed, lanes_seen, ROUTED_RULES.
Each takes the line, one input and the list to which what follows is added.
"""

from __future__ import annotations

from itertools import islice

from edge.core.events import Anomaly, AnomalyCode, LaneChanged, OrderShipped, Outcome, PlcConnected, PlcEvent, Sorted
from edge.core.line.line import Line, Result
from edge.core.values.layout import LaneRole
from edge.core.values.order import OrderState
from edge.core.values.track import Track, TrackState, Turn
from plc.io_layout import CAUSES
from plc.words import EventType, LaneChange, serial_after

ROUTED_RULES = "routed-rules"
"""Decision flag: what the PLC says that it accepted is the route of a parcel, whatever is decided again after a crash.
Before, the mailbox had no such event."""
KEEP_TRACKS = 2_000
"""Tracks remembered per line; more than fit on a belt, so the oldest are those that the PLC forgot to end."""
PITCH_MM = 100
"""No two follow each other closer, from front to front."""
SLACK_TRACKS = 20
"""So many more may come until a lane's photo-eye has seen what is in it."""


def inducted(line: Line, given: PlcEvent, out: list[Result], has: tuple[int, int] | None = None) -> Track:
    """A parcel or tote passed the induction, the first time or again; its deadline runs from here.

    ``has``: the lane that it has in the PLC already, and by which command.
    """
    tracks = line.state.tracks
    track = tracks.pop(given.track_id, None) or Track(given.track_id)
    if track.inducted:
        track.take(Turn.INDUCTED_AGAIN)
        track.lane, track.route_seq = 0, None
    else:
        track.take(Turn.INDUCTED)  # with the route it has, where one was found in DOWN after a crash
    if has is not None:
        track.take(Turn.FOUND)
        track.lane, track.route_seq = has
    track.round = given.value
    tracks[given.track_id] = track  # at the end, as the newest
    if len(tracks) > KEEP_TRACKS:
        oldest = next(iter(tracks))
        del tracks[oldest]
        text = f"{given.plc} never said what became of track {oldest}"
        out.append(
            Anomaly(at_us=given.at_us, line=line.name, code=AnomalyCode.TRACK_FORGOTTEN, text=text, track_id=oldest)
        )
    _tell_unconfirmed(line, given, out)
    for sight in line.sights:
        sight.portal.inducted(given.track_id, given.device_us)
    _set_deadline(line, track, 0, given)
    return track


def routed(line: Line, track: Track, given: PlcEvent, out: list[Result], *, known: bool) -> None:
    """ROUTED: the PLC accepted a ROUTE; ``known``: one that is journaled."""
    if track.ended or (track.route_seq is not None and serial_after(track.route_seq, given.value)):
        return
    if not known:
        keeps_lane(line, track, given.station, given, out)
        track.take(Turn.FOUND)
        track.lane, track.route_seq = given.station, given.value
    if track.route_seq == given.value:
        track.take(Turn.HANDLED)


def keeps_lane(line: Line, track: Track, lane: int, given: PlcEvent | PlcConnected, out: list[Result]) -> None:
    """Says so where a track was decided again for another lane than it has in the PLC."""
    if not track.undecided and track.lane != lane:
        text = f"{given.plc} had accepted lane {lane} for track {track.track_id}, decided again for lane {track.lane}"
        out.append(
            Anomaly(
                at_us=given.at_us,
                line=line.name,
                code=AnomalyCode.ROUTE_KEPT,
                text=f"{text}: it keeps lane {lane}",
                track_id=track.track_id,
                subject=track.subject,
            )
        )


def passed_eye(line: Line, given: PlcEvent) -> None:
    """An edge at a portal's photo-eye. Behind the induction, the deadline runs from there anew."""
    for its, sight in zip(line.layout.portals, line.sights, strict=False):
        if its.eye != given.station or its.quiet_us:
            continue
        if given.type == EventType.LEFT:
            sight.portal.left(given.track_id, given.device_us)
            continue
        sight.portal.entered(given.track_id, given.device_us)
        track = line.state.tracks.get(given.track_id)
        if track is not None and track.undecided and its.eye_mm > 0:
            _set_deadline(line, track, its.eye_mm, given)


def ended(line: Line, track: Track, given: PlcEvent, out: list[Result]) -> None:
    """DIVERTED, DEFAULTED, DIVERT_FAILED or LOST: what became of a track."""
    tracks = line.state.tracks
    if given.type == EventType.DIVERTED and track.ended:
        del tracks[track.track_id]  # the lane of an end that was told before
        return
    match given.type:
        case EventType.DIVERTED:
            outcome = Outcome.CONFIRMED if given.station == track.lane else Outcome.MISSORTED
            lane, text = given.station, CAUSES.get(given.cause, "")
        case EventType.DEFAULTED:
            outcome, lane = Outcome.DEFAULTED, given.station
            text = CAUSES.get(given.cause) or _why_defaulted(line, track)
        case EventType.DIVERT_FAILED:
            outcome, lane = Outcome.FAILED, given.value
            cause = CAUSES.get(given.cause) or (f"cause {given.cause}" if given.cause else "")
            text = ", ".join(filter(None, (f"divert to lane {given.station} failed", cause)))
        case _:
            outcome, lane, text = Outcome.LOST, 0, f"last seen at photo-eye {given.station}"
    out.append(
        Sorted(
            at_us=given.at_us,
            line=line.name,
            track_id=track.track_id,
            subject=track.subject,
            order=track.order,
            outcome=outcome,
            lane=lane,
            wanted=track.lane,
            text=text,
        )
    )
    taken = line.lanes.get(given.station)
    confirmed = taken.role if outcome is Outcome.CONFIRMED and taken is not None else None
    if confirmed is LaneRole.CARRIER:
        _ship(line, track, given, out)
    comes_again = confirmed is LaneRole.RECIRCULATE or (outcome is Outcome.FAILED and not lane)
    if comes_again or outcome is Outcome.DEFAULTED:
        track.take(Turn.ENDED)
    else:
        del tracks[track.track_id]


def lane_changed(line: Line, given: PlcEvent, out: list[Result]) -> None:
    """A LANE event."""
    bit = 1 << (given.station - 1)
    state = line.state
    match given.value:
        case LaneChange.FREE:
            state.lanes_full &= ~bit
        case LaneChange.FULL:
            state.lanes_full |= bit
        case LaneChange.DISABLED:
            state.lanes_disabled |= bit
        case LaneChange.ENABLED:
            state.lanes_disabled &= ~bit
        case _:
            text = f"{given.plc}: LANE {given.station}: value {given.value} is not 0..3"
            out.append(Anomaly(at_us=given.at_us, line=line.name, code=AnomalyCode.UNKNOWN_EVENT, text=text))
            return
    full, disabled = bool(state.lanes_full & bit), bool(state.lanes_disabled & bit)
    out.append(LaneChanged(given.at_us, line.name, given.station, full, disabled))


def lanes_seen(line: Line, given: PlcConnected, out: list[Result]) -> None:
    """The masks at the start of a connection; only differences are told."""
    state = line.state
    for number in line.lanes:
        bit = 1 << (number - 1)
        before = (bool(state.lanes_full & bit), bool(state.lanes_disabled & bit))
        now = (bool(given.lanes_full & bit), bool(given.lanes_disabled & bit))
        if before != now:
            out.append(LaneChanged(given.at_us, line.name, number, *now))
    state.lanes_full, state.lanes_disabled = given.lanes_full, given.lanes_disabled


def _tell_unconfirmed(line: Line, given: PlcEvent, out: list[Result]) -> None:
    """Of each track behind which more were inducted than the belt holds: counted, since a belt may stand."""
    tracks = line.state.tracks
    if len(tracks) <= SLACK_TRACKS:
        return
    holds = SLACK_TRACKS + max(lane.divert_mm for lane in line.layout.lanes) // PITCH_MM
    for track in islice(tracks.values(), max(0, len(tracks) - holds)):
        if track.state is TrackState.INDUCTED:
            track.take(Turn.OVERDUE)
            where = f"came to lane {track.lane}" if track.lane else "came to a lane"
            text = f"{given.plc} never said that track {track.track_id} {where}"
            out.append(
                Anomaly(
                    at_us=given.at_us, line=line.name, code=AnomalyCode.UNCONFIRMED, text=text, track_id=track.track_id
                )
            )


def _set_deadline(line: Line, track: Track, at_mm: int, given: PlcEvent) -> None:
    layout = line.layout
    left_us = layout.travel_us(at_mm, layout.decision_mm) - layout.actuation_us
    track.expiry_ms = (given.plc_ms + left_us // 1000) % 2**32
    track.due_us = given.device_us + left_us - layout.margin_us


def _why_defaulted(line: Line, track: Track) -> str:
    if track.undecided:
        return "; ".join(
            filter(None, ("nothing was decided in time", *(sight.portal.blind() for sight in line.sights)))
        )
    return "its route came too late" if track.route_seq is not None else "its route never reached the PLC"


def _ship(line: Line, track: Track, given: PlcEvent, out: list[Result]) -> None:
    order = line.book.order(track.order)
    if order is not None and order.state is OrderState.CANCELLED and line.book.stops:
        text = (
            f"order {order.id} was cancelled, and its parcel {track.subject} is in lane {given.station}: put it aside"
        )
        out.append(
            Anomaly(
                at_us=given.at_us,
                line=line.name,
                code=AnomalyCode.CANCELLED_SORTED,
                text=text,
                track_id=track.track_id,
                subject=track.subject,
            )
        )
    elif order is not None:
        line.book.ship(order)
        out.append(OrderShipped(given.at_us, line.name, order.id, track.subject, given.station))
