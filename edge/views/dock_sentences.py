"""What happens at dock doors and with loads, as sentences: kind and English text.

Public names: DockValue, tell_dock, GATE_VERDICTS.
"""

from __future__ import annotations

from typing import TypeAlias, assert_never

from edge.core.events import (
    DockChanged,
    DockReason,
    DoorSeen,
    GateVerdict,
    LoadClosed,
    LoadOpened,
    LoadRefused,
    LoadRequested,
    OutputSet,
    ParcelGated,
)
from edge.core.values.dock import Direction
from edge.core.values.load import LoadAction

DockValue: TypeAlias = (
    LoadRequested | OutputSet | DoorSeen | ParcelGated | LoadOpened | LoadClosed | LoadRefused | DockChanged
)

GATE_VERDICTS: dict[GateVerdict, str] = {
    GateVerdict.RIGHT: "Loaded",
    GateVerdict.WRONG: "Wrong load",
    GateVerdict.UNKNOWN: "Unknown parcel loaded",
    GateVerdict.ALREADY_LOADED: "Already loaded",
    GateVerdict.UNLOADED: "Unloaded again",
    GateVerdict.ARRIVED: "Came in",
    GateVerdict.UNDETERMINED: "Direction undetermined",
}
_REASONS: dict[DockReason, str] = {
    DockReason.WRONG_PARCEL: "a wrong parcel went out",
    DockReason.ACKNOWLEDGED: "acknowledged",
    DockReason.RETURNED: "a wrong parcel is back",
    DockReason.TIME: "its time is over",
    DockReason.CLOSED: "the load was closed",
}
_WISHES: dict[LoadAction, str] = {
    LoadAction.OPEN: "asks to open load",
    LoadAction.CLOSE: "asks to close load",
    LoadAction.ADD: "says aboard load",
    LoadAction.REMOVE: "says taken off load",
}


def tell_dock(value: DockValue) -> tuple[str, str]:
    """One value: the kind of sentence, and the sentence."""
    match value:
        case DoorSeen():
            return "door-seen", _door(value)
        case ParcelGated():
            return f"gated-{value.verdict}", _gated(value)
        case LoadRequested():
            what = f" parcel {value.parcel}" if value.parcel else ""
            forced = f", complete or not: {value.reason}" if value.forced else ""
            return "load-requested", f"{value.by} {_WISHES[value.action]} {value.load_id}{what}{forced}"
        case LoadOpened(load=load):
            text = f"Load {load.id} is open at {load.dock} for {load.carrier} {' or '.join(load.services)}".rstrip()
            text += f", {len(load.parcels)} parcels listed" if load.parcels else ""
            text += f", trailer {load.trailer}" if load.trailer else ""
            return "load-opened", f"{text}, by {value.by}"
        case LoadClosed(load=load):
            text = f"Load {load.id} is closed by {value.by} with {len(value.aboard)} parcels"
            for count, word in (
                (len(value.missing), "missing"),
                (len(value.wrong), "wrong"),
                (len(value.undetermined), "undetermined"),
            ):
                text += f", {count} {word}" if count else ""
            return "load-closed", f"{text}: {value.reason}" if value.reason else text
        case LoadRefused():
            return "load-refused", f"Refused to {value.by} ({value.action}): {'; '.join(value.problems)}"
        case DockChanged():
            light = "on" if value.light else "off"
            text = f"Light of {value.dock} is {light}: {_REASONS[value.reason]}"
            return "dock-changed", f"{text} ({value.subject})" if value.subject else text
        case OutputSet():
            what = f"Output {value.port} of {value.device}"
            if value.trouble:
                return "output-failed", f"{what} could not be set {'on' if value.on else 'off'}: {value.trouble}"
            return "output-set", f"{what} is {'on' if value.on else 'off'}"
        case _:
            assert_never(value)


def _door(value: DoorSeen) -> str:
    reads = sum(one.count for one in value.evidence)
    match value.direction:
        case Direction.OUT:
            text = f"Went out through {value.dock}"
        case Direction.IN:
            text = f"Came in through {value.dock}"
        case Direction.UNDETERMINED:
            return f"May have passed {value.dock}: {value.cause} ({reads} reads)"
        case Direction.STAYED:
            return f"Was near {value.dock}, {value.cause}, and did not pass ({reads} reads)"
        case _:
            assert_never(value.direction)
    return f"{text} ({reads} reads)"


def _gated(value: ParcelGated) -> str:
    if value.by:
        how = "put aboard" if value.verdict is GateVerdict.RIGHT else "taken off"
        return f"{value.by} says: {how} load {value.load or '-'} at {value.dock}"
    text = f"{GATE_VERDICTS[value.verdict]} at {value.dock}"
    text += f", load {value.load}" if value.load else ""
    return f"{text}: {value.text}" if value.text else text
