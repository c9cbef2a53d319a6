"""From what happens to what is told about alarms: conditions, moments and samples.

Public names: Fact, Condition, Moment, Attempt, PARTS, DEVICES, REFUSAL_TEXT, facts, identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from edge.core.events import (
    Anomaly,
    AnomalyCode,
    CertificateChecked,
    Command,
    CommandHandled,
    DeviceChanged,
    DockChanged,
    DockReason,
    Event,
    FeedFollowed,
    Input,
    LaneChanged,
    MachineReported,
    Outcome,
    PlcEvent,
    RouteDecided,
    RouteReason,
    Sorted,
    ToteChecked,
)
from edge.core.values.alarm import AlarmKind
from plc.packml import PackmlState, state_name
from plc.words import EventType, Opcode, Refusal

CERTIFICATE_WARN_US = 30 * 86_400_000_000
"""So long before our certificate ends it is alarmed."""

REFUSAL_TEXT: dict[int, str] = {
    Refusal.OUT_OF_SEQUENCE: "out of sequence",
    Refusal.EXPIRED: "expired",
    Refusal.UNKNOWN_TRACK: "unknown track id",
    Refusal.NO_TARGET: "no such lane or target",
    Refusal.OLD_EPOCH: "old epoch",
    Refusal.PAST_DECISION: "past the decision point",
    Refusal.NOT_EXECUTE: "machine not in Execute",
}
"""Why a PLC refused a command."""
_DEVICES = {
    "plc": AlarmKind.PLC_DOWN,
    "host": AlarmKind.FENCED,
    "reader": AlarmKind.READER_DOWN,
    "points": AlarmKind.POINTS_DOWN,
    "packml": AlarmKind.PACKML_DOWN,
    "publish": AlarmKind.TARGET_DOWN,
}
_PARTS = {
    "site-store": AlarmKind.SITE_STORE_DOWN,
    "journal": AlarmKind.JOURNAL_DOWN,
    "journal-room": AlarmKind.JOURNAL_FULL,
    "disk": AlarmKind.DISK_LOW,
    "disk-slow": AlarmKind.DISK_SLOW,
    "files": AlarmKind.FILE_DAMAGED,
    "config": AlarmKind.CONFIG_REFUSED,
    "standby": AlarmKind.NO_STANDBY,
}
PARTS = tuple(_PARTS.values())
"""What is told of the controller's own parts."""
DEVICES = frozenset((*_DEVICES.values(), AlarmKind.SCANNER_DOWN, *PARTS))
"""What is told of whatever is up or down."""
_MOMENTS = {
    AnomalyCode.EVENTS_MISSED: AlarmKind.EVENTS_MISSED,
    AnomalyCode.UNACCOUNTED_COMMANDS: AlarmKind.OTHER_HOST,
    AnomalyCode.INCOMPATIBLE: AlarmKind.INCOMPATIBLE,
    AnomalyCode.READER_REFUSED: AlarmKind.SCANNER_REFUSED,
    AnomalyCode.READER_FLOODS: AlarmKind.READER_FLOODS,
}
_CALLING = {
    DockReason.WRONG_PARCEL: "went out at",
    DockReason.RECALLED: "was cancelled and is aboard at",
    DockReason.REFUSED: "was refused by quality and is aboard at",
}
_ASTRAY = frozenset({Outcome.MISSORTED, Outcome.FAILED, Outcome.LOST})


class Condition(NamedTuple):
    """Something is so, or is over."""

    kind: AlarmKind
    place: str
    on: bool
    text: str


class Moment(NamedTuple):
    """Something happened."""

    kind: AlarmKind
    place: str
    text: str


class Attempt(NamedTuple):
    """One more item, and whether it went wrong. ``text``: why, where that is known."""

    kind: AlarmKind
    place: str
    bad: bool
    text: str = ""


Fact: TypeAlias = Condition | Moment | Attempt


def identity(kind: AlarmKind, place: str) -> str:
    """An alarm's name. ``place``: as `AlarmKind` says; empty for the controller itself."""
    return f"{kind}.{place}" if place else str(kind)


def facts(value: Input | Event | Command) -> Iterable[Fact]:
    """What a value tells about alarms; mostly nothing."""
    tells = _TELLS.get(type(value))
    return () if tells is None else tells(value)


def _route_decided(value: RouteDecided) -> Iterator[Fact]:
    if not value.round:
        yield Attempt(AlarmKind.NO_READS, value.line, value.reason is RouteReason.NO_READ)


def _handled(value: CommandHandled) -> Iterator[Fact]:
    if value.opcode == _ROUTE:
        refused = value.refusal > 0
        why = f"lane {value.target}: {REFUSAL_TEXT.get(value.refusal, f'reason {value.refusal}')}" if refused else ""
        yield Attempt(AlarmKind.COMMANDS_REFUSED, value.plc, refused, why)


def _sorted(value: Sorted) -> Iterator[Fact]:
    yield Attempt(AlarmKind.MISSORTS, value.line, value.outcome in _ASTRAY)
    yield Attempt(AlarmKind.DEFAULTS, value.line, value.outcome is Outcome.DEFAULTED)
    yield Attempt(AlarmKind.UNCONFIRMED, value.line, bad=False)


def _tote_checked(value: ToteChecked) -> Iterator[Fact]:
    if value.final:
        yield Attempt(AlarmKind.TOTES_REFUSED, value.line, not value.verified)


def _plc_event(value: PlcEvent) -> Iterator[Fact]:
    if value.type == _JAM:
        text = f"photo-eye {value.station} of {value.plc}"
        yield Condition(AlarmKind.JAM, f"{value.plc}.{value.station}", bool(value.value), text)
    elif value.type == _STATE and value.station == 0:
        yield _machine(value.plc, value.value)


def _machine_reported(value: MachineReported) -> Iterator[Fact]:
    if value.state:
        yield _machine(value.plc, value.state)


def _certificate(value: CertificateChecked) -> Iterator[Fact]:
    ends = value.ends_us - value.at_us < CERTIFICATE_WARN_US
    yield Condition(AlarmKind.CERTIFICATE_ENDS, value.device, ends, value.text)


def _lane_changed(value: LaneChanged) -> Iterator[Fact]:
    place, text = f"{value.line}.{value.lane}", f"lane {value.lane} of {value.line}"
    yield Condition(AlarmKind.LANE_FULL, place, value.full, text)


def _dock_changed(value: DockChanged) -> Iterator[Fact]:
    dock, calling = value.dock, _CALLING.get(value.reason)
    if calling is not None:  # each one calls anew
        yield Condition(AlarmKind.WRONG_LOAD, dock, False, "")
    what = f"{len(value.wrong)} at {dock}" if calling is None else f"{value.subject} {calling} {dock}"
    yield Condition(AlarmKind.WRONG_LOAD, dock, bool(value.wrong), what)


def _feed_followed(value: FeedFollowed) -> Iterator[Fact]:
    if value.anew:
        store = f"store {value.store}, epoch {value.epoch}" if value.store else "a store of 0.1.0"
        text = f"its feed ends at {value.newest}, and place {value.before} that was reached is none of it ({store})"
        yield Moment(AlarmKind.FEED_CHANGED, "", text)


def _anomaly(value: Anomaly) -> Iterator[Fact]:
    if value.code is AnomalyCode.UNCONFIRMED:
        yield Attempt(AlarmKind.UNCONFIRMED, value.line, bad=True)
    elif value.code is AnomalyCode.INPUT_FAILED:
        yield Moment(AlarmKind.PROGRAM_FAULT, "", value.text)
    elif value.code in _MOMENTS and value.subject:
        yield Moment(_MOMENTS[value.code], value.subject, value.text)


def _device(value: DeviceChanged) -> Iterator[Fact]:
    group, _, name = value.device.partition(".")
    if group in _DEVICES:
        yield Condition(_DEVICES[group], name, not value.up, value.reason)
        if group == "reader":  # which of the two there is at this place, the layouts tell
            yield Condition(AlarmKind.SCANNER_DOWN, name, not value.up, value.reason)
    elif value.device in _PARTS:
        if value.device == "disk":  # each step down calls anew
            yield Condition(AlarmKind.DISK_LOW, "", False, "")
        yield Condition(_PARTS[value.device], "", not value.up, value.reason)


def _machine(plc: str, state: int) -> Condition:
    text = f"{plc} is in PackML state {state} ({state_name(state)})"
    return Condition(AlarmKind.MACHINE_STOPPED, plc, state != PackmlState.EXECUTE, text)


_ROUTE, _JAM, _STATE = int(Opcode.ROUTE), int(EventType.JAM), int(EventType.STATE)
_TELLS: dict[type, Callable[[Any], Iterator[Fact]]] = {
    RouteDecided: _route_decided,
    CommandHandled: _handled,
    Sorted: _sorted,
    ToteChecked: _tote_checked,
    PlcEvent: _plc_event,
    MachineReported: _machine_reported,
    CertificateChecked: _certificate,
    LaneChanged: _lane_changed,
    DockChanged: _dock_changed,
    DeviceChanged: _device,
    FeedFollowed: _feed_followed,
    Anomaly: _anomaly,
}
"""By kind of value, as each input and each event is asked: to try one pattern after another takes 3 us."""
