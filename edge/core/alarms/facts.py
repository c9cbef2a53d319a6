"""From what happens to what is told about alarms: conditions, moments and samples.

Public names: Fact, Condition, Moment, Attempt, PARTS, DEVICES, REFUSAL_TEXT, facts, identity.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from edge.core.events import (
    Anomaly,
    AnomalyCode,
    CertificateChecked,
    CommandHandled,
    DeviceChanged,
    DockChanged,
    DockReason,
    Event,
    FeedFollowed,
    Journaled,
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


@dataclass(frozen=True, slots=True)
class Condition:
    """Something is so, or is over."""

    kind: AlarmKind
    place: str
    on: bool
    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    """Something happened."""

    kind: AlarmKind
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One more item, and whether it went wrong. ``text``: why, where that is known."""

    kind: AlarmKind
    place: str
    bad: bool
    text: str = ""


Fact: TypeAlias = Condition | Moment | Attempt


def identity(kind: AlarmKind, place: str) -> str:
    """An alarm's name. ``place``: as `AlarmKind` says; empty for the controller itself."""
    return f"{kind}.{place}" if place else str(kind)


def facts(value: Journaled | Event) -> Iterator[Fact]:
    """What a value tells about alarms; mostly nothing."""
    match value:
        case RouteDecided(line=line, reason=reason, round=0):
            yield Attempt(AlarmKind.NO_READS, line, reason is RouteReason.NO_READ)
        case CommandHandled(plc=plc, opcode=Opcode.ROUTE, refusal=refusal, target=lane):
            why = f"lane {lane}: {REFUSAL_TEXT.get(refusal, f'reason {refusal}')}"
            yield Attempt(AlarmKind.COMMANDS_REFUSED, plc, refusal > 0, why)
        case Sorted(line=line, outcome=outcome):
            yield Attempt(AlarmKind.MISSORTS, line, outcome in _ASTRAY)
            yield Attempt(AlarmKind.DEFAULTS, line, outcome is Outcome.DEFAULTED)
            yield Attempt(AlarmKind.UNCONFIRMED, line, bad=False)
        case ToteChecked(line=line, final=True):
            yield Attempt(AlarmKind.TOTES_REFUSED, line, not value.verified)
        case PlcEvent(type=EventType.JAM, plc=plc, station=eye):
            yield Condition(AlarmKind.JAM, f"{plc}.{eye}", bool(value.value), f"photo-eye {eye} of {plc}")
        case PlcEvent(type=EventType.STATE, plc=plc, station=0):
            yield _machine(plc, value.value)
        case MachineReported(plc=plc, state=state) if state:
            yield _machine(plc, state)
        case CertificateChecked(device=device, ends_us=ends_us, text=text):
            ends = ends_us - value.at_us < CERTIFICATE_WARN_US
            yield Condition(AlarmKind.CERTIFICATE_ENDS, device, ends, text)
        case LaneChanged(line=line, lane=lane):
            yield Condition(AlarmKind.LANE_FULL, f"{line}.{lane}", value.full, f"lane {lane} of {line}")
        case DockChanged(dock=dock, wrong=wrong, reason=reason, subject=subject):
            if reason in _CALLING:  # each one calls anew
                yield Condition(AlarmKind.WRONG_LOAD, dock, False, "")
            what = f"{subject} {_CALLING[reason]} {dock}" if reason in _CALLING else f"{len(wrong)} at {dock}"
            yield Condition(AlarmKind.WRONG_LOAD, dock, bool(wrong), what)
        case DeviceChanged():
            yield from _device(value)
        case FeedFollowed(anew=True, before=before, newest=newest):
            store = f"store {value.store}, epoch {value.epoch}" if value.store else "a store of 0.1.0"
            text = f"its feed ends at {newest}, and place {before} that was reached is none of it ({store})"
            yield Moment(AlarmKind.FEED_CHANGED, "", text)
        case Anomaly(code=AnomalyCode.UNCONFIRMED, line=line):
            yield Attempt(AlarmKind.UNCONFIRMED, line, bad=True)
        case Anomaly(code=AnomalyCode.INPUT_FAILED, text=text):
            yield Moment(AlarmKind.PROGRAM_FAULT, "", text)
        case Anomaly(code=code, subject=subject, text=text) if code in _MOMENTS and subject:
            yield Moment(_MOMENTS[code], subject, text)
        case _:
            pass


def _device(value: DeviceChanged) -> Iterator[Condition]:
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
