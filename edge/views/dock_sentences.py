"""What happens at dock doors and with loads, as sentences (`edge.views.sentences`).

Public names: DockValue, tell_dock.
"""

from __future__ import annotations

from typing import TypeAlias, assert_never

from edge.core.events import (
    DockChanged,
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
from edge.views.given_texts import reason_told, text_told
from edge.views.words.phrase import Phrase, note, phrase, switched

DockValue: TypeAlias = (
    LoadRequested | OutputSet | DoorSeen | ParcelGated | LoadOpened | LoadClosed | LoadRefused | DockChanged
)


def tell_dock(value: DockValue) -> Phrase:
    """One value."""
    match value:
        case DoorSeen():
            return _door(value)
        case ParcelGated():
            return _gated(value)
        case LoadRequested():
            more = [phrase("wish.parcel", parcel=value.parcel)] if value.parcel else []
            more += [phrase("wish.forced", reason=value.reason)] if value.forced else []
            wish = phrase(f"wish.{value.action}")
            return phrase("load-requested", by=value.by, wish=wish, load=value.load_id, more=tuple(more))
        case LoadOpened(load=load):
            more = [phrase("load.services", services=load.services)] if load.services else []
            more += [phrase("load.listed", count=len(load.parcels))] if load.parcels else []
            more += [phrase("load.trailer", trailer=load.trailer)] if load.trailer else []
            return phrase(
                "load-opened", load=load.id, dock=load.dock, carrier=load.carrier, more=tuple(more), by=value.by
            )
        case LoadClosed(load=load):
            counts = (("missing", value.missing), ("wrong", value.wrong), ("undetermined", value.undetermined))
            more = [phrase(f"load.{status}", count=len(parcels)) for status, parcels in counts if parcels]
            more += [phrase("load.reason", reason=value.reason)] if value.reason else []
            return phrase("load-closed", load=load.id, by=value.by, count=len(value.aboard), more=tuple(more))
        case LoadRefused():
            wish = phrase(f"asked.{value.action}")
            return phrase("load-refused", by=value.by, wish=wish, problems=tuple(map(text_told, value.problems)))
        case DockChanged():
            light, reason = phrase("light.on" if value.light else "light.off"), phrase(f"dock.reason.{value.reason}")
            return phrase("dock-changed", dock=value.dock, light=light, reason=reason, more=note(value.subject))
        case OutputSet(trouble=""):
            return phrase("output-set", port=value.port, device=value.device, state=switched(value.on))
        case OutputSet(trouble=trouble):
            state = switched(value.on)
            return phrase(
                "output-failed", port=value.port, device=value.device, state=state, trouble=text_told(trouble)
            )
        case _:
            assert_never(value)


def _door(value: DoorSeen) -> Phrase:
    code, dock = f"way.{value.direction}", value.dock
    match value.direction:
        case Direction.OUT | Direction.IN:
            way = phrase(code, dock=dock)
        case Direction.UNDETERMINED | Direction.STAYED:
            way = phrase(code, dock=dock, cause=text_told(value.cause))
        case _:
            assert_never(value.direction)
    return phrase("door-seen", way=way, reads=sum(one.count for one in value.evidence))


def _gated(value: ParcelGated) -> Phrase:
    if value.by:
        what = "right" if value.verdict is GateVerdict.RIGHT else "unloaded"
        return phrase(f"gated-{what}-by-hand", by=value.by, load=value.load or "-", dock=value.dock)
    more = [phrase("gate.load", load=value.load)] if value.load else []
    off = value.verdict is GateVerdict.RECALLED
    if value.cancelled:
        more.append(phrase("gate.off" if off else "gate.aside", order=value.order))
    elif value.refused:
        more.append(phrase("gate.refused.off" if off else "gate.refused.aside", order=value.order))
    elif value.text:
        more.append(phrase("gate.text", text=reason_told(value.text)))
    return phrase(f"gated-{value.verdict}", dock=value.dock, more=tuple(more))
