"""Under which names people will look for what is journaled.

Public names: refs, ALARMS, LOADS, STARTS, lane_name, machine_name.
"""

from __future__ import annotations

from edge.core.events import (
    AlarmChanged,
    AlarmRequested,
    Anomaly,
    BarcodesRead,
    CommandHandled,
    CommandSent,
    DockChanged,
    DoorSeen,
    Event,
    ItemReleased,
    Journaled,
    LaneChanged,
    LaneRequested,
    LoadClosed,
    LoadOpened,
    LoadRefused,
    LoadRequested,
    OrderChanged,
    OrderShipped,
    ParcelGated,
    PassageSeen,
    PlcConnected,
    PlcEvent,
    PointWriteRequested,
    PointWritten,
    RouteDecided,
    Sorted,
    Started,
    ToteChecked,
)
from plc.words import EventType

ALARMS = "alarms"
"""Under this name every change of an alarm is found."""
LOADS = "loads"
"""And under this every load that was opened or closed."""
STARTS = "starts"
"""And under this every start of the controller, each with its configuration."""


def lane_name(line: str, lane: int) -> str:
    """Under which name what people asked of a lane, and what became of it, is found."""
    return f"lane.{line}.{lane}"


def machine_name(plc: str) -> str:
    """Under which name the PackML states that a PLC went to are found."""
    return f"machine.{plc}"


def refs(value: Journaled | Event) -> tuple[str, ...]:  # noqa: C901  a case for each kind of value
    """Identities and order ids under which people will look for a journaled value, without repeats.

    First come the cases of what comes with each item. Values that name only a track (``<plc>#<track>`` and
    ``<line>#<track>``) are found through these.
    """
    found: dict[str, None] = {}
    match value:
        case PlcEvent(plc=plc, station=0, type=EventType.STATE):
            found[machine_name(plc)] = None
        case PlcEvent(plc=plc, track_id=track):
            if track:
                found[f"{plc}#{track}"] = None
        case CommandSent(plc=plc, value=track, opcode=1) | CommandHandled(plc=plc, value=track, opcode=1):
            found[f"{plc}#{track}"] = None
        case PassageSeen(line=name, track_id=track):
            found[f"{name}#{track}"] = None
            found.update(dict.fromkeys((*value.owned, *value.codes)))
        case (
            RouteDecided(line=name, track_id=track, subject=subject, order=order)
            | Sorted(line=name, track_id=track, subject=subject, order=order)
        ):
            found.update(dict.fromkeys((f"{name}#{track}", subject, order)))
        case OrderShipped(order=order, parcel=parcel):
            found.update(dict.fromkeys((order, parcel)))
        case OrderChanged(order=order):
            found[order.id] = None
            for identity in (order.tote, order.parcel, *order.codes):
                if identity:
                    found[identity] = None
            for line in order.lines:
                found.update(dict.fromkeys(line.epcs))
        case PlcConnected(plc=plc):
            found.update((f"{plc}#{sent.value}", None) for sent in value.found if sent.opcode == 1)
        case Started():
            found[STARTS] = None
        case LaneRequested(line=name, lane=lane) | LaneChanged(line=name, lane=lane):
            found[lane_name(name, lane)] = None
        case BarcodesRead(codes=codes):
            found.update(dict.fromkeys(codes))
        case ToteChecked(line=name, track_id=track, tote=subject, order=order):
            found.update(dict.fromkeys((f"{name}#{track}", subject, order, *value.matched)))
            for finding in value.findings:
                found.update(dict.fromkeys((finding.subject, finding.order)))
        case ItemReleased(epc=epc, cause=cause):
            found.update(dict.fromkeys((epc, cause)))
        case DoorSeen(parcel=parcel):
            found[parcel] = None
        case ParcelGated(parcel=parcel, order=order, load=load):
            found.update(dict.fromkeys((parcel, order, load)))
        case LoadRequested(load_id=load, parcel=parcel):
            found.update(dict.fromkeys((load, parcel)))
        case LoadOpened(load=its):
            found.update(dict.fromkeys((its.id, LOADS, *its.parcels)))
        case LoadClosed(load=its, wrong=wrong, missing=missing):
            found.update(dict.fromkeys((its.id, LOADS, *(one.parcel for one in wrong), *missing)))
        case LoadRefused(load=load):
            found[load] = None
        case DockChanged(dock=dock):
            found[f"dock.{dock}"] = None
        case AlarmRequested(alarm=alarm):
            found[alarm] = None
        case PointWriteRequested(plc=plc, point=point) | PointWritten(plc=plc, point=point):
            found[f"{plc}/{point}"] = None
        case AlarmChanged(alarm=alarm):
            found.update(dict.fromkeys((alarm, ALARMS)))
        case Anomaly(line=name, track_id=track, subject=subject):
            found.update(dict.fromkeys((subject, f"{name}#{track}" if track else "")))
        case _:
            pass
    found.pop("", None)
    return tuple(found)
