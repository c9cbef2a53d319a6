"""Trial: a line in commissioning mode, where the next parcel of nobody goes to the lane that an engineer asked for.

Public names: asked, tried.

A parcel of a customer always goes where it belongs: it ends the mode, and while one is on the line none begins.
"""

from __future__ import annotations

from edge.core.events import Anomaly, AnomalyCode, LaneRequested, RouteReason
from edge.core.line.line import Line, Result
from edge.core.line.sort import Choice
from edge.core.values.track import Track
from edge.core.values.verdicts import Trial


def asked(line: Line, given: LaneRequested, out: list[Result]) -> None:
    """Somebody wants the mode to begin or to end, or a test divert; what became of it is told."""
    state, why = line.state, _why_not(line, given)
    if why:
        out.append(_told(line, given.at_us, AnomalyCode.TRIAL_REFUSED, f"{given.by} asked for {_wish(given)}: {why}"))
        return
    because = f": {given.reason}" if given.reason else ""
    match given.trial:
        case Trial.BEGIN:
            state.trial, state.trial_lane = given.by, 0
            code, text = AnomalyCode.TRIAL_BEGAN, f"commissioning mode, by {given.by}{because}"
        case Trial.END:
            state.trial, state.trial_lane = "", 0
            code, text = AnomalyCode.TRIAL_ENDED, f"commissioning mode ended, by {given.by}{because}"
        case _:
            state.trial_lane = given.lane
            code, text = AnomalyCode.TRIAL_LANE, f"the next parcel without an order goes to lane {given.lane}{because}"
    out.append(_told(line, given.at_us, code, text))


def tried(line: Line, track: Track, choice: Choice, at_us: int, out: list[Result]) -> Choice:
    """The lane of a track: its own, or in commissioning mode that of the test divert."""
    state = line.state
    if not state.trial:
        return choice
    if track.order:
        state.trial, state.trial_lane = "", 0
        text = f"commissioning mode ended: a parcel of order {track.order} came"
        out.append(_told(line, at_us, AnomalyCode.TRIAL_ENDED, text, track))
        return choice
    lane, state.trial_lane = state.trial_lane, 0
    return Choice(lane, RouteReason.TRIAL, f"test divert, by {state.trial}") if lane else choice


def _wish(given: LaneRequested) -> str:
    if given.trial is Trial.DIVERT:
        return f"a test divert to lane {given.lane}"
    return f"commissioning mode to {given.trial}"


def _why_not(line: Line, given: LaneRequested) -> str:
    if given.trial is Trial.END:
        return "" if line.state.trial else "the line is in no commissioning mode"
    own = next((track.order for track in line.state.tracks.values() if track.order and not track.ended), "")
    if own:
        return f"a parcel of order {own} is on the line"
    if given.trial is Trial.BEGIN:
        return f"it is, by {line.state.trial}" if line.state.trial else ""
    if not line.state.trial:
        return "the line is in no commissioning mode"
    if given.lane not in line.lanes:
        return f"allowed are {', '.join(map(str, line.lanes))}"
    return "" if line.usable(given.lane) else "it is full or disabled"


def _told(line: Line, at_us: int, code: AnomalyCode, text: str, track: Track | None = None) -> Anomaly:
    track_id = 0 if track is None else track.track_id
    subject = line.name if track is None else track.subject
    text = f"{line.name}: {text}"
    return Anomaly(at_us=at_us, line=line.name, code=code, text=text, track_id=track_id, subject=subject)
