"""Every value that goes into a decision or comes out of one.

Public names: the inputs (Input; of operators: Requested), the results (Event), the commands (Command), KINDS.

Three groups. *Inputs* reach `edge.core.core.Core.step`; all but TagsRead and Tick are journaled, in the order in
which they were taken. *Events* come out and are journaled behind the input that caused them. *Commands* come out for a
PLC; what became of them returns as the inputs CommandSent, CommandHandled or CommandDropped.
PassageSeen, DoorSeen, AlarmDue and DeviceNotice are both: portals and dock doors make the first two from reads and
scans, and the decisions take nothing else from them; the third comes when a delay is over, the last when a reader
floods. InputFailed stands for an input by which the decisions failed. So the journal alone derives every decision
again.

``at_us`` is the host's time of arrival or decision; ``device_us`` the device's own time on the host's scale. ``plc``,
``line`` and ``reader`` are names from the configuration. EPCs of tags are upper-case hexadecimal; ``tote``,
``parcel`` and items are identities (GS1 element strings).
"""

from __future__ import annotations

from typing import TypeAlias, get_args

from edge.core.values.evidence import CENTRAL, TIE, Claim, Finding, Scan, SideEvidence, TagEvidence, tied
from edge.core.values.handed import LinesTaken
from edge.core.values.inputs import (
    AlarmDue,
    AlarmRequested,
    BarcodesRead,
    CertificateChecked,
    CommandDropped,
    CommandHandled,
    CommandSent,
    DeviceChanged,
    DeviceNotice,
    DoorSeen,
    EventsMissed,
    FeedFollowed,
    InputFailed,
    ItemReleased,
    LaneRequested,
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
    Requested,
    Started,
    TagsRead,
    Tick,
)
from edge.core.values.results import (
    AlarmChanged,
    Anomaly,
    DockChanged,
    LaneChanged,
    LoadClosed,
    LoadOpened,
    LoadRefused,
    OrderShipped,
    ParcelGated,
    Route,
    RouteDecided,
    SetLane,
    SetOutput,
    Sorted,
    ToteChecked,
)
from edge.core.values.verdicts import (
    AnomalyCode,
    DockReason,
    Expected,
    FindingKind,
    GateVerdict,
    Outcome,
    RouteReason,
    Stage,
    Wanted,
)

__all__ = [
    "CENTRAL",
    "EVENT_KINDS",
    "INPUT_KINDS",
    "KINDS",
    "TIE",
    "AlarmChanged",
    "AlarmDue",
    "AlarmRequested",
    "Anomaly",
    "AnomalyCode",
    "BarcodesRead",
    "CertificateChecked",
    "Claim",
    "Command",
    "CommandDropped",
    "CommandHandled",
    "CommandSent",
    "DeviceChanged",
    "DeviceNotice",
    "DockChanged",
    "DockReason",
    "DoorSeen",
    "Event",
    "EventsMissed",
    "Expected",
    "FeedFollowed",
    "Finding",
    "FindingKind",
    "GateVerdict",
    "Input",
    "InputFailed",
    "ItemReleased",
    "Journaled",
    "LaneChanged",
    "LaneRequested",
    "LinesTaken",
    "LoadClosed",
    "LoadOpened",
    "LoadRefused",
    "LoadRequested",
    "MachineReported",
    "Measured",
    "OrderChanged",
    "OrderShipped",
    "Outcome",
    "OutputSet",
    "ParcelGated",
    "PassageSeen",
    "PlcConnected",
    "PlcEvent",
    "PointChanged",
    "PointWriteRequested",
    "PointWritten",
    "Requested",
    "Route",
    "RouteDecided",
    "RouteReason",
    "Scan",
    "SetLane",
    "SetOutput",
    "SideEvidence",
    "Sorted",
    "Stage",
    "Started",
    "TagEvidence",
    "TagsRead",
    "Tick",
    "ToteChecked",
    "Wanted",
    "tied",
]

Journaled: TypeAlias = (
    Started
    | BarcodesRead
    | DeviceChanged
    | PlcConnected
    | PlcEvent
    | EventsMissed
    | DeviceNotice
    | Measured
    | PointChanged
    | PointWriteRequested
    | PointWritten
    | MachineReported
    | CertificateChecked
    | CommandSent
    | CommandHandled
    | CommandDropped
    | FeedFollowed
    | LinesTaken
    | OrderChanged
    | LaneRequested
    | AlarmRequested
    | LoadRequested
    | ItemReleased
    | OutputSet
    | AlarmDue
    | PassageSeen
    | DoorSeen
    | InputFailed
)


Input: TypeAlias = Journaled | Tick | TagsRead


Event: TypeAlias = (
    PassageSeen
    | DoorSeen
    | ToteChecked
    | RouteDecided
    | Sorted
    | OrderShipped
    | LaneChanged
    | Anomaly
    | AlarmDue
    | DeviceNotice
    | AlarmChanged
    | ParcelGated
    | LoadOpened
    | LoadClosed
    | LoadRefused
    | DockChanged
)


Command: TypeAlias = Route | SetLane | SetOutput


INPUT_KINDS: dict[str, type[Journaled]] = {kind.__name__: kind for kind in get_args(Journaled)}


EVENT_KINDS: dict[str, type[Event]] = {kind.__name__: kind for kind in get_args(Event)}


KINDS: dict[str, type[Journaled | Event]] = {**INPUT_KINDS, **EVENT_KINDS}
