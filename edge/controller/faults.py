"""Faults of the decisions: what is left out, as a record, and how long what fails again and again rests.

Public names: failed, shown, part_of, Rests, KEEP_BODY.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from edge.core.core import ALARMS, DOORS
from edge.core.events import (
    AlarmChanged,
    AlarmDue,
    AlarmRequested,
    BarcodesRead,
    CertificateChecked,
    CommandDropped,
    CommandHandled,
    CommandSent,
    DeviceChanged,
    DeviceNotice,
    Event,
    EventsMissed,
    FeedFollowed,
    Input,
    InputFailed,
    ItemReleased,
    LaneRequested,
    LinesTaken,
    LoadRequested,
    MachineReported,
    Measured,
    OrderChanged,
    OutputSet,
    PassageSeen,
    PlcConnected,
    PlcEvent,
    PointChanged,
    PointWriteRequested,
    PointWritten,
    Stage,
    TagsRead,
    Tick,
)
from edge.core.values.state import CoreState
from edge.journal.record import NotKept, kept

KEEP_BODY = 2_000
"""Characters of an input that the journal keeps; the log has all of it."""
REST_FIRST_US, REST_LAST_US = 1_000_000, 60_000_000


def shown(given: Input) -> str:
    """An input as text, all of it: what would be journaled as JSON, if it can be."""
    if not isinstance(given, TagsRead | Tick):
        with suppress(NotKept, TypeError, RecursionError):
            return kept(given).body
    return repr(given)


def part_of(result: Event, state: CoreState) -> str:
    """The part that said something by itself, when it was due; see Core."""
    line = getattr(result, "line", "")
    if isinstance(result, AlarmChanged | AlarmDue):
        return ALARMS
    return f"line.{line}" if line in state.lines else DOORS


def failed(given: Input, error: Exception, part: str, weighing: PassageSeen | None) -> InputFailed:
    """The record of an input by which the decisions failed.

    ``part``: what was due by time then, and ``weighing`` the passage that it was about; empty = the input itself
    failed. Then it counts as heard, so that nobody sends it again.
    """
    aside = InputFailed(
        at_us=given.at_us,
        source=part or _source(given),
        kind=type(given).__name__,
        body=shown(given)[:KEEP_BODY],
        why=repr(error),
    )
    if weighing is not None:
        track_id = 0 if weighing.stage is Stage.FINAL else weighing.track_id
        return replace(aside, line=weighing.line, passage=weighing.passage, track_id=track_id)
    if part:
        return aside
    match given:
        case (
            OrderChanged()
            | LaneRequested()
            | AlarmRequested()
            | PointWriteRequested()
            | LoadRequested()
            | ItemReleased()
        ):
            return replace(aside, feed_seq=given.feed_seq)
        case PlcEvent():
            return replace(aside, plc=given.plc, session=given.session, event_seq=given.seq)
        case CommandSent():
            return replace(aside, plc=given.plc, session=given.session, command_seq=given.seq)
        case _:
            return aside


def _source(given: Input) -> str:
    match given:
        case PlcEvent() | PlcConnected() | EventsMissed() | MachineReported():
            return f"plc.{given.plc}"
        case CommandSent() | CommandHandled() | CommandDropped():
            return f"plc.{given.plc}"
        case PointChanged() | PointWritten():
            return f"points.{given.plc}"
        case TagsRead() | BarcodesRead():
            return f"reader.{given.reader}"
        case DeviceChanged() | DeviceNotice() | Measured() | CertificateChecked() | OutputSet():
            return given.device
        case LinesTaken():
            return "standby"
        case OrderChanged() | FeedFollowed() | LaneRequested() | AlarmRequested():
            return "site-store"
        case PointWriteRequested() | LoadRequested() | ItemReleased():
            return "site-store"
        case _:
            return "controller"


class Rests:
    """How long each part rests that fails again and again: twice as long each time, until it is well for as long."""

    def __init__(self) -> None:
        self._rests: dict[str, tuple[int, int]] = {}

    def until_us(self, part: str, now_us: int) -> int:
        """It failed now: when it may be looked at again."""
        before_us, until_us = self._rests.get(part, (0, -2 * REST_FIRST_US))
        again = now_us < until_us + max(REST_FIRST_US, 2 * before_us)
        rest_us = min(REST_LAST_US, max(REST_FIRST_US, 2 * before_us)) if again else 0
        self._rests[part] = rest_us, now_us + rest_us
        return now_us + rest_us
