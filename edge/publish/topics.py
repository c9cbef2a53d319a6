"""The topics of the unified namespace, and the JSON on each of them.

Public names: Channel, Told, CHANNELS, EVENTS, UNTOLD, COUNTED, ROOT, and the kinds of JSON: LaneNow, AlarmNow,
DeviceNow, PointNow, MachineNow, Status, Figures, Numbers, PublisherNow, Answered.

Pure. docs/asyncapi.json is written from here. ``id`` names the record of the journal that a message tells, for ever;
``at_us`` is that record's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.core.events import (
    AlarmChanged,
    AlarmRequested,
    Anomaly,
    DeviceChanged,
    DockChanged,
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
    RouteDecided,
    Sorted,
    Started,
    ToteChecked,
)
from edge.core.values.alarm import AlarmKind, AlarmState, Priority
from plc.points import Quality

ROOT = "lanewise"
JSON_TYPE = "application/json"
CLOUD_EVENT_TYPE = "application/cloudevents+json; charset=utf-8"
NUMBERS_EXPIRE_S = 60
"""Six times as long as until the next ones come."""


class Channel(StrEnum):
    """The topics below ``lanewise/<site>/``; what stands in braces is filled in. No line is called ``_edge``."""

    STATUS = "_edge/{controller}/status"
    DEVICE = "_edge/{controller}/device/{device}"
    POINT = "_edge/{controller}/point/{plc}/{point}"
    MACHINE = "_edge/{controller}/machine/{plc}"
    EDGE_ALARM = "_edge/{controller}/alarm/{alarm}"
    EDGE_EVENT = "_edge/{controller}/event/{event}"
    MEASURED = "_edge/{controller}/measured/{device}"
    PUBLISHER = "_edge/{controller}/publisher/{publisher}"
    COMMAND = "_edge/{controller}/command/{command}"
    ANSWER = "_edge/{controller}/answer/{command}"
    LANE = "{line}/lane/{lane}"
    ALARM = "{line}/alarm/{alarm}"
    FIGURES = "{line}/figures"
    EVENT = "{line}/event/{event}"


@dataclass(frozen=True, slots=True)
class LaneNow:
    """A lane's state in the PLC. ``name``: what people call it."""

    id: str
    at_us: int
    line: str
    lane: int
    name: str
    full: bool
    disabled: bool


@dataclass(frozen=True, slots=True)
class AlarmNow:
    """An alarm as it is. ``active``: it is so, whatever people are shown; ``since_us``: when that became so.

    ``by``, ``comment``: the operator's, empty = it came by itself. ``until_us``: end of its shelving.
    """

    id: str
    at_us: int
    alarm: str
    kind: AlarmKind
    line: str
    plc: str
    state: AlarmState
    active: bool
    since_us: int
    priority: Priority
    text: str
    cause: str
    consequence: str
    action: str
    by: str
    comment: str
    until_us: int
    suppressed_by: str


@dataclass(frozen=True, slots=True)
class DeviceNow:
    """``plc.NAME``, ``reader.NAME``, ``site-store``, ``journal``, ``disk`` or ``files``; ``reason`` says why."""

    id: str
    at_us: int
    device: str
    up: bool
    reason: str


@dataclass(frozen=True, slots=True)
class PointNow:
    """A point of a PLC: its newest value, None = it has none; ``reason``: why its quality is not good."""

    id: str
    at_us: int
    plc: str
    point: str
    value: bool | int | float | str | None
    unit: str
    quality: Quality
    reason: str
    read_us: int


@dataclass(frozen=True, slots=True)
class MachineNow:
    """How a machine stands: PackML state and mode (0 = not told), its own counts (-1 = not told), products a minute."""

    id: str
    at_us: int
    plc: str
    state: int
    mode: int
    processed: int
    defective: int
    speed: float


@dataclass(frozen=True, slots=True)
class Status:
    """Whether the publisher is there; ``at_us``: since when it was, or when it left."""

    at_us: int
    online: bool
    controller: str
    version: str


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted on a line from ``from_us`` until ``at_us``."""

    id: str
    at_us: int
    line: str
    from_us: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers of a device, by name; units stand in the names, what they are in docs/telemetry.md."""

    id: str
    at_us: int
    device: str
    values: dict[str, float]


@dataclass(frozen=True, slots=True)
class PublisherNow:
    """How far a publisher is: ``records`` and ``failures`` since its process began, ``set_aside`` ever.

    ``refused``: requests that were not taken, because too many were waiting; ``failed``: that ended by a fault of the
    program and were answered 400; both since it was opened.
    """

    at_us: int
    publisher: str
    records: int
    backlog: int
    set_aside: int
    failures: int
    refused: int
    failed: int
    trouble: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a request. ``status`` as in HTTP; ``result``: the api's answer; ``problems``: a line each."""

    ok: bool
    status: int
    result: dict[str, int] | None
    problems: tuple[str, ...]


State = LaneNow | AlarmNow | DeviceNow | PointNow | MachineNow | Status | Figures | Numbers | PublisherNow | Answered


@dataclass(frozen=True, slots=True)
class Told:
    """How messages of a channel are told. ``kind`` None: CloudEvents, or requests. ``expiry_s`` 0: never."""

    kind: type[State] | None
    retain: bool
    expiry_s: int
    text: str


CHANNELS: dict[Channel, Told] = {
    Channel.STATUS: Told(Status, True, 0, "Whether the publisher is there; its last will says that it is not."),
    Channel.DEVICE: Told(DeviceNow, True, 0, "A PLC, reader, the site store or the journal: there or not, and why."),
    Channel.POINT: Told(PointNow, True, 0, "A point of a PLC, when it changes and every minute."),
    Channel.MACHINE: Told(MachineNow, True, 0, "A machine by PackML: state, mode, counts, speed."),
    Channel.EDGE_ALARM: Told(AlarmNow, True, 0, "An alarm that is of no single line, as it is now."),
    Channel.EDGE_EVENT: Told(None, False, 0, "What happened that is of no single line, as CloudEvents."),
    Channel.MEASURED: Told(Numbers, False, NUMBERS_EXPIRE_S, "Numbers of a device or the controller, every 10 s."),
    Channel.PUBLISHER: Told(PublisherNow, False, NUMBERS_EXPIRE_S, "How far a publisher is, every 10 s."),
    Channel.COMMAND: Told(None, False, 0, "Requests; the answer goes to the response topic."),
    Channel.ANSWER: Told(Answered, False, NUMBERS_EXPIRE_S, "Answers; a response topic must be below `answer/`."),
    Channel.LANE: Told(LaneNow, True, 0, "A lane's state in the PLC."),
    Channel.ALARM: Told(AlarmNow, True, 0, "An alarm as it is now, with cause, consequence and action."),
    Channel.FIGURES: Told(Figures, True, NUMBERS_EXPIRE_S, "What was counted on a line since the last message."),
    Channel.EVENT: Told(None, False, 0, "What happened on a line, as CloudEvents."),
}
EVENTS: dict[str, tuple[type[Journaled | Event], str]] = {
    "order-changed": (OrderChanged, "An order came or changed."),
    "item-released": (ItemReleased, "An item came back and may be sold again."),
    "order-shipped": (OrderShipped, "An order's parcel is in a lane of its carrier."),
    "tote-verified": (ToteChecked, "A tote's content is what was ordered; final."),
    "tote-refused": (ToteChecked, "A tote's content is not right, with everything that is wrong; final."),
    "route-decided": (RouteDecided, "A lane was decided for a parcel or tote."),
    "sorted": (Sorted, "A parcel or tote is in a lane, or lost."),
    "parcel-gated": (ParcelGated, "A parcel passed a dock door, or may have."),
    "load-opened": (LoadOpened, "A load is open at its door."),
    "load-closed": (LoadClosed, "A load is closed, with its manifest."),
    "load-requested": (LoadRequested, "Somebody asked something of a load."),
    "load-refused": (LoadRefused, "What was asked of a load was not done, and why."),
    "dock-changed": (DockChanged, "A door's light or buzzer, and which parcels must come back."),
    "lane-changed": (LaneChanged, "A lane's state in the PLC changed."),
    "lane-requested": (LaneRequested, "An operator asked for a lane."),
    "alarm-changed": (AlarmChanged, "An alarm's state changed."),
    "alarm-requested": (AlarmRequested, "An operator asked something of an alarm."),
    "anomaly": (Anomaly, "Something unexpected."),
    "device-changed": (DeviceChanged, "A PLC, reader, the site store or the journal came or went."),
    "controller-started": (Started, "The controller began, with these lines."),
}
"""The events by name, with the kind of record that is their data."""
UNTOLD = frozenset(
    {
        "AlarmDue", "BarcodesRead", "CommandDropped", "CommandHandled", "CommandSent", "DeviceNotice", "DoorSeen",
        "EventsMissed", "FeedFollowed", "OutputSet", "PassageSeen", "PointWriteRequested", "PointWritten",
        "CertificateChecked", "InputFailed", "LinesTaken",
    }
)  # fmt: skip
"""Kinds of records that never make a message."""
EDGE_EVENTS = frozenset(
    {
        "order-changed", "item-released", "alarm-requested", "device-changed", "controller-started", "parcel-gated",
        "load-opened", "load-closed", "load-requested", "load-refused", "dock-changed",
    }
)  # fmt: skip
"""Events that are never of a line. The others are of none when their line is not in the configuration any more."""
COUNTED: dict[str, str] = {
    "inducted": "items that came onto the line for the first time",
    "verified": "totes verified",
    "refused": "totes refused",
    "decided": "routes of items for the first time",
    "no_read": "those of them without a read",
    "confirmed": "items in the lane that they were sent to",
    "missorted": "items in another lane",
    "defaulted": "items that had no route in time",
    "failed": "items whose divert failed",
    "lost": "items that the PLC lost",
    "shipped": "orders shipped",
    "alarms": "alarms that came and called people",
}
"""What figures count."""
