"""Every value that goes into a decision or comes out of one.

Public names: the inputs (Input; of operators: Requested), the results (Event), the commands (Command), KINDS, refs.

Three groups. *Inputs* reach `edge.line.core.Core.step`; all but TagsRead and Tick are journaled, in the order in
which they were taken. *Events* come out and are journaled behind the input that caused them. *Commands* come out for a
PLC; what became of them returns as the inputs CommandSent, CommandHandled or CommandDropped.
PassageSeen, DoorSeen and AlarmDue are both: portals and dock doors make the first two from reads and scans, and the
decisions take nothing else from them; the last comes when a delay is over. So the journal alone derives every decision
again.

``at_us`` is the host's time of arrival or decision; ``device_us`` the device's own time on the host's scale. ``plc``,
``line`` and ``reader`` are names from the configuration. EPCs of tags are upper-case hexadecimal; ``tote``,
``parcel`` and items are identities (GS1 element strings).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from edge.line.alarm_rules import AlarmAction, AlarmKind, AlarmRule, AlarmState, Priority
from edge.line.dock import Direction, DockLayout, Side
from edge.line.layout import LineLayout
from edge.orders.load import Aboard, Load, LoadAction
from edge.orders.model import Order
from plc.points import Quality, Value
from rfid.driver import TagRead

ALARMS = "alarms"
"""Under this name every change of an alarm is found."""

TIE = 1.5
"""Two passages claim a tag about as much when neither claims it so many times more."""

CENTRAL = 0.1
"""Least weight / power of a tag near the middle. A passage's own tags have 0.3 and more, its neighbours' 0.01."""


class Stage(StrEnum):
    """How much was known when a passage's evidence was weighed."""

    EARLY = "early"  # its own window is over, some neighbours are not known yet
    DUE = "due"  # the last moment for a decision in time
    FINAL = "final"  # the neighbours are known; nothing can change it


class FindingKind(StrEnum):
    """What can be wrong with a tote's content."""

    MISSING = "missing"
    EXTRA = "extra"
    FOREIGN = "foreign"  # another order's
    DUPLICATE = "duplicate"  # already shipped
    CONTRADICTION = "contradiction"  # the tote's tag and its barcode name different totes
    UNREADABLE = "unreadable"  # a tag without a meaning, or no tag where one is needed
    NO_ORDER = "no-order"  # the tote belongs to no open order


class RouteReason(StrEnum):
    """Why a parcel or tote is sent to its lane."""

    VERIFIED = "verified"
    REFUSED = "refused"
    ASSIGNED = "assigned"  # the first lane of its carrier and service
    ALTERNATIVE = "alternative"  # the first is full or disabled
    RECIRCULATE = "recirculate"  # all of them are
    REJECT = "reject"  # all of them are, and it went round often enough
    NO_READ = "no-read"
    AMBIGUOUS = "ambiguous"  # two parcels' labels in one passage
    CONTRADICTION = "contradiction"  # tag and barcode name different parcels
    NO_ORDER = "no-order"
    CANCELLED = "cancelled"
    DUPLICATE = "duplicate"  # already shipped
    NO_LANE = "no-lane"  # no lane is configured for the carrier and service


class Outcome(StrEnum):
    """Where a routed parcel or tote ended."""

    CONFIRMED = "confirmed"  # in the lane it was sent to
    MISSORTED = "missorted"  # in another one
    DEFAULTED = "defaulted"  # the PLC had no route in time
    FAILED = "failed"  # the divert failed; lane 0 = still on the line
    LOST = "lost"


class AnomalyCode(StrEnum):
    """What kind of unexpected thing happened. What to do about each: docs/operations.md."""

    COMMAND_DROPPED = "command-dropped"  # a command never reached the PLC
    COMMAND_REFUSED = "command-refused"  # the PLC did not act on a command
    EVENTS_MISSED = "events-missed"  # events of a PLC are lost
    PLC_RESTARTED = "plc-restarted"  # a PLC began a new session with parcels on the belt
    JAM = "jam"
    JAM_CLEARED = "jam-cleared"
    STRAY = "stray"  # an object that the PLC does not track
    MACHINE_STATE = "machine-state"  # a machine left Execute
    UNKNOWN_INDUCTION = "unknown-induction"  # INDUCTED at a station that is no line's induction
    UNKNOWN_EVENT = "unknown-event"  # an event that version 1 of the mailbox does not know
    UNKNOWN_TRACK = "unknown-track"  # an end of a track that no line knows
    TRACK_FORGOTTEN = "track-forgotten"  # a track whose end the PLC never told
    NO_SUCH_LANE = "no-such-lane"  # an operator asked for a lane that does not exist
    VERDICT_CHANGED = "verdict-changed"  # a tote's final verdict is not the one it was routed by
    IDENTITY_CHANGED = "identity-changed"  # a parcel's final evidence names another parcel
    CONTRADICTION = "contradiction"  # tag and barcode of a parcel or tote name different ones
    UNACCOUNTED_COMMANDS = "unaccounted-commands"  # a PLC handled commands that this host did not send
    INCOMPATIBLE = "incompatible"  # a PLC has another layout or version, or obeys a newer host
    GPI_CHANGED = "gpi-changed"  # a reader's input changed
    ANTENNA_CHANGED = "antenna-changed"  # an antenna came or went
    READER_NOTICE = "reader-notice"  # a reader is in trouble that does not end its connection
    CLOCK_JUMPED = "clock-jumped"  # a reader's clock was set


class GateVerdict(StrEnum):
    """What a parcel's way through a dock door means."""

    RIGHT = "right"  # it belongs to the load that is open there
    WRONG = "wrong"  # it does not, or no load is open there
    UNKNOWN = "unknown"  # no order has it
    ALREADY_LOADED = "already-loaded"  # it counts as aboard, and never came back
    UNLOADED = "unloaded"  # it came back out of a trailer
    ARRIVED = "arrived"  # it came in and was in no load
    UNDETERMINED = "undetermined"  # it may have passed, see Direction


class DockReason(StrEnum):
    """Why a door's light or buzzer changed."""

    WRONG_PARCEL = "wrong-parcel"
    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"  # every wrong parcel is back in the house
    TIME = "time"  # on for as long as is configured
    CLOSED = "closed"  # the load was closed


@dataclass(frozen=True, slots=True)
class TagEvidence:
    """What one antenna saw of one tag during one passage. ``reader``: whose antenna it is.

    ``weight``: summed linear power in mW, each read weighted by the time since the passage's middle.
    """

    epc: str
    antenna: int
    count: int
    first_us: int
    last_us: int
    weight: float
    reader: str = ""


class Wanted(StrEnum):
    """Whose order wants a tag that two passages claim about as much."""

    UNDECIDED = ""  # there is no tie, or both want it, or neither
    HERE = "here"
    THERE = "there"


def tied(weight: float, rival: float) -> bool:
    """Whether two passages claim a tag about as much."""
    return weight < TIE * rival and rival < TIE * weight


@dataclass(frozen=True, slots=True)
class Claim:
    """How strongly a passage claims a tag.

    ``weight``: over all antennas. ``rival``: the strongest neighbour's. ``power``: summed linear power in mW of the
    same reads without the bell; weight / power tells how near the passage's middle the tag was seen, 0..1.
    ``wanted`` breaks a tie of ``weight`` and ``rival``, and has no say where there is none.
    """

    epc: str
    weight: float
    rival: float
    power: float
    wanted: Wanted = Wanted.UNDECIDED

    @property
    def holds(self) -> bool:
        """Whether the tag is this passage's rather than a neighbour's."""
        if self.wanted is not Wanted.UNDECIDED and tied(self.weight, self.rival):
            return self.wanted is Wanted.HERE
        return self.weight > self.rival


@dataclass(frozen=True, slots=True)
class Scan:
    """What one barcode scanner said of one passage; no ``codes`` = it found none. ``at_us``: when that arrived."""

    reader: str
    at_us: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SideEvidence:
    """What the antennas of one side of one door read of one parcel. ``power``: summed linear power in mW."""

    dock: str
    side: Side
    count: int
    first_us: int
    last_us: int
    power: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a tote. ``subject``: identity of the item, GTIN of what is missing, or hex of a tag."""

    kind: FindingKind
    subject: str
    quantity: int = 1
    order: str = ""
    text: str = ""


# ---- inputs ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """A controller process began, with these lines and doors; later inputs are decided by them.

    No ``alarms``: none is raised.
    """

    at_us: int
    controller: str
    version: str
    layouts: tuple[LineLayout, ...]
    alarms: tuple[AlarmRule, ...] = ()
    docks: tuple[DockLayout, ...] = ()


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went by; not journaled."""

    at_us: int


@dataclass(frozen=True, slots=True)
class TagsRead:
    """Reads of one report, their times on the host's scale; not journaled."""

    at_us: int
    reader: str
    reads: tuple[TagRead, ...]


@dataclass(frozen=True, slots=True)
class BarcodesRead:
    """A barcode scanner saw something pass; no ``codes`` = it found none on it.

    ``codes``: identities as GS1 element strings, any other code as it is.
    """

    at_us: int
    reader: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """Something came or went: ``plc.<name>``, ``reader.<name>``, ``site-store`` or ``journal``.

    ``reason`` says who and why in a sentence.
    """

    at_us: int
    device: str
    up: bool
    reason: str


@dataclass(frozen=True, slots=True)
class CommandSent:
    """A command stands in DOWN. ``found``: another process of ours sent it just before it died."""

    at_us: int
    plc: str
    session: int
    seq: int
    opcode: int
    value: int
    target: int
    expiry_ms: int
    found: bool


@dataclass(frozen=True, slots=True)
class PlcConnected:
    """A PLC answers the handshake.

    ``fresh``: a session that the journal does not know, so that all track ids are new. ``resumed``: this process keeps
    the commands of an earlier connection and sends the unhandled ones by itself. ``event_acked``: the newest
    event that counts as stored. ``command_head``: the newest command that reached the PLC. ``found``: commands in DOWN
    that the journal does not know. Lanes are bit masks, bit 0 = lane 1.
    """

    at_us: int
    plc: str
    session: int
    epoch: int
    fresh: bool
    resumed: bool
    event_acked: int
    events_lost: int
    command_head: int
    found: tuple[CommandSent, ...]
    lanes_full: int
    lanes_disabled: int


@dataclass(frozen=True, slots=True)
class PlcEvent:
    """One event of the mailbox. ``type`` is its number there, so that unknown ones are kept."""

    at_us: int
    device_us: int
    plc: str
    session: int
    seq: int
    type: int
    track_id: int
    station: int
    cause: int
    value: int
    plc_ms: int


@dataclass(frozen=True, slots=True)
class EventsMissed:
    """Event sequences that never came, or events that the PLC's own buffer dropped (``first`` = ``last`` = 0)."""

    at_us: int
    plc: str
    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class DeviceNotice:
    """Something about a device that people may want to know and that changes no decision."""

    at_us: int
    device: str
    code: AnomalyCode
    text: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Numbers of something that lives, every 10 s; changes no decision. Units stand in the names.

    ``device``: ``controller``, ``plc.<name>``, ``reader.<name>``, ``line.<name>``. ``values``: what
    `edge.publish.schema` tells of it; behind a dot the part, as ``reads.2`` of antenna 2.
    """

    at_us: int
    device: str
    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class PointChanged:
    """A point of a PLC is worth telling: another value, another quality, or as before for a minute. Decides nothing.

    ``value`` None: it has none, the quality is bad. ``reason``: why it is not good. ``read_us``: when it was read.
    """

    at_us: int
    plc: str
    point: str
    value: Value | None
    unit: str
    quality: Quality
    reason: str
    read_us: int


@dataclass(frozen=True, slots=True)
class PointWritten:
    """What became of the PointWriteRequested with ``feed_seq`` = ``asked``.

    ``trouble``: why it was not written, or may not be; empty = it was.
    """

    at_us: int
    asked: int
    plc: str
    point: str
    value: Value
    by: str
    trouble: str


@dataclass(frozen=True, slots=True)
class MachineReported:
    """A machine told how it stands: the PLC when it is connected, or its PackML object in OPC UA when that changes.

    ``state``, ``mode``: PackML numbers, mode 0 = not told. ``processed``, ``defective``: its own counts of products,
    -1 = not told. ``speed``: products a minute, 0 = not told.
    """

    at_us: int
    plc: str
    state: int
    mode: int = 0
    processed: int = -1
    defective: int = -1
    speed: float = 0.0


@dataclass(frozen=True, slots=True)
class CertificateChecked:
    """Our certificate for ``device`` (``plc.<name>``, ``reader.<name>``) was looked at.

    ``ends_us``: when it ends, 0 = it cannot be read. ``text`` says which it is, and when or why.
    """

    at_us: int
    device: str
    ends_us: int
    text: str


@dataclass(frozen=True, slots=True)
class CommandHandled:
    """The PLC handled a command. ``refusal``: 0 = accepted, else the mailbox's reason, -1 = handled, reason unknown."""

    at_us: int
    plc: str
    seq: int
    opcode: int
    value: int
    target: int
    refusal: int


@dataclass(frozen=True, slots=True)
class CommandDropped:
    """A command never reached the PLC."""

    at_us: int
    plc: str
    opcode: int
    value: int
    target: int
    why: str


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order came or changed. ``feed_seq``: its place in the site store's feed."""

    at_us: int
    feed_seq: int
    order: Order


@dataclass(frozen=True, slots=True)
class LaneRequested:
    """An operator wants a lane enabled or disabled."""

    at_us: int
    feed_seq: int
    line: str
    lane: int
    enabled: bool
    by: str


@dataclass(frozen=True, slots=True)
class AlarmRequested:
    """An operator wants something of an alarm. ``for_us``: how long it is to be shelved."""

    at_us: int
    feed_seq: int
    alarm: str
    action: AlarmAction
    by: str
    for_us: int = 0
    comment: str = ""


@dataclass(frozen=True, slots=True)
class PointWriteRequested:
    """An operator wants a point of a PLC written. ``asked_us``: when; too late, nothing is written."""

    at_us: int
    feed_seq: int
    plc: str
    point: str
    value: Value
    by: str
    asked_us: int


@dataclass(frozen=True, slots=True)
class LoadRequested:
    """Somebody wants something of a load. ``load``: to open it. ``parcel``: to add or remove it.

    ``forced``: close it although it is not complete; ``reason``: why, required then.
    """

    at_us: int
    feed_seq: int
    action: LoadAction
    load_id: str
    by: str
    load: Load | None = None
    parcel: str = ""
    forced: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OutputSet:
    """A reader's output was set, or ``trouble`` says why not. ``device``: ``reader.<name>``."""

    at_us: int
    device: str
    port: int
    on: bool
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class AlarmDue:
    """A delay or a shelving of an alarm, or the time of a door's light, is over; the controller says it to itself, so
    that the journal has the time.
    """

    at_us: int


@dataclass(frozen=True, slots=True)
class PassageSeen:
    """The evidence of one passage. ``track_id`` 0: the PLC gave none.

    ``offset_us``: what the portal has learned of the way from photo-eye to antenna, used here.
    ``settled``: reads from after its window have arrived, so that none from inside can be under way.
    ``cause``: empty, or why there may be fewer reads than there should be. ``scans``: what barcode scanners said of it.
    """

    at_us: int
    line: str
    passage: int
    track_id: int
    stage: Stage
    start_us: int
    stop_us: int
    offset_us: int
    claims: tuple[Claim, ...]
    tags: tuple[TagEvidence, ...]
    settled: bool = False
    cause: str = ""
    scans: tuple[Scan, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes that scanners found on it, without repeats."""
        return tuple(dict.fromkeys(code for scan in self.scans for code in scan.codes))

    @property
    def own(self) -> tuple[Claim, ...]:
        """The claims that hold: no neighbour claims the tag more, or a tie was broken in this passage's favour.

        Before all neighbours are known, a tag must have been seen near the middle as well: what is seen only far from
        it is passing with something that is not known yet.
        """
        least = 0.0 if self.stage is Stage.FINAL and not self.cause else CENTRAL
        return tuple(claim for claim in self.claims if claim.holds and claim.weight > least * claim.power)

    @property
    def owned(self) -> tuple[str, ...]:
        """EPCs of the tags that are this passage's."""
        return tuple(claim.epc for claim in self.own)


@dataclass(frozen=True, slots=True)
class DoorSeen:
    """What became of a parcel's tag at the dock doors.

    ``since_us``: its first read of this evidence; ``at_us``: the read by which it is certain, or when it was given up.
    ``evidence``: the strongest first. ``cause``: why the direction is undetermined.
    """

    at_us: int
    dock: str
    parcel: str
    direction: Direction
    since_us: int
    evidence: tuple[SideEvidence, ...]
    cause: str = ""


# ---- events ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToteChecked:
    """A tote's content against its order. No findings = verified.

    ``final``: all neighbours were known. ``matched``: identities of the order's items that were seen.
    ``tote`` and ``order`` are empty where unknown.
    """

    at_us: int
    line: str
    track_id: int
    passage: int
    tote: str
    order: str
    final: bool
    matched: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def verified(self) -> bool:
        """Whether the tote may go on."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class RouteDecided:
    """The lane of one parcel or tote. ``expiry_ms``: PLC time after which the PLC must not act on it.

    ``subject``: identity of the parcel or tote, empty where not known. ``round``: times it went round before.
    """

    at_us: int
    line: str
    track_id: int
    subject: str
    order: str
    lane: int
    reason: RouteReason
    round: int
    expiry_ms: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sorted:
    """What became of a parcel or tote. ``wanted``: lane it was sent to; ``lane``: where it is; 0 = none."""

    at_us: int
    line: str
    track_id: int
    subject: str
    order: str
    outcome: Outcome
    lane: int
    wanted: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class OrderShipped:
    """An order's parcel is in a lane of its carrier."""

    at_us: int
    line: str
    order: str
    parcel: str
    lane: int


@dataclass(frozen=True, slots=True)
class LaneChanged:
    """A lane's state in the PLC changed."""

    at_us: int
    line: str
    lane: int
    full: bool
    disabled: bool


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something unexpected that people may want to know. ``text`` is a sentence.

    ``line`` is empty where no line is concerned; ``subject`` an identity, order or device, or empty.
    """

    at_us: int
    line: str
    code: AnomalyCode
    text: str
    track_id: int = 0
    subject: str = ""


@dataclass(frozen=True, slots=True)
class AlarmChanged:
    """An alarm as it is from now on, whole; told when its state changes, or whether it is active.

    ``line`` (or door), ``plc``: where it is, empty = not of one. ``active``: it is so, whatever people are shown.
    ``since_us``: when ``active`` became so. ``text``: what was seen. ``by``, ``comment``: the operator's, empty = it
    came by itself. ``until_us``: end of its shelving. ``first_out``: it came while no other alarm of its PLC was
    active. ``suppressed_by``: the alarm that is its cause.
    """

    at_us: int
    line: str
    alarm: str
    kind: AlarmKind
    plc: str
    before: AlarmState
    state: AlarmState
    active: bool
    since_us: int
    priority: Priority
    text: str
    cause: str
    consequence: str
    action: str
    by: str = ""
    comment: str = ""
    until_us: int = 0
    first_out: bool = False
    suppressed_by: str = ""

    @property
    def annunciates(self) -> bool:
        """Whether people are called now."""
        return self.state is AlarmState.UNACKNOWLEDGED and self.before is not AlarmState.UNACKNOWLEDGED


@dataclass(frozen=True, slots=True)
class ParcelGated:
    """A parcel passed a dock door, or may have, or somebody says so (``by``).

    ``load``: the one it is aboard from now on, or was until now, or may be in; empty = none. ``carrier``, ``service``,
    ``order``: empty where no order has it. ``sorted_us``: when it was sorted. ``feed_seq``: the request that this
    answers.
    """

    at_us: int
    dock: str
    direction: Direction
    verdict: GateVerdict
    parcel: str
    order: str
    carrier: str
    service: str
    load: str
    sorted_us: int = 0
    text: str = ""
    by: str = ""
    feed_seq: int = 0

    @property
    def astray(self) -> bool:
        """Whether it went out and must come back."""
        return self.verdict in (GateVerdict.WRONG, GateVerdict.UNKNOWN, GateVerdict.ALREADY_LOADED)


@dataclass(frozen=True, slots=True)
class LoadOpened:
    """A load is open at its door. ``feed_seq``: the request that this answers."""

    at_us: int
    feed_seq: int
    load: Load
    by: str


@dataclass(frozen=True, slots=True)
class LoadClosed:
    """A load is closed, and this is its manifest.

    ``wrong``: aboard although they do not belong to it. ``missing``, ``undetermined``: parcels that belong to it and
    are not known to be aboard. ``reason``: why it was closed although it was not complete; empty = it was.
    """

    at_us: int
    feed_seq: int
    load: Load
    by: str
    reason: str
    opened_us: int
    aboard: tuple[Aboard, ...]
    wrong: tuple[Aboard, ...]
    missing: tuple[str, ...]
    undetermined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LoadRefused:
    """A request was not done. ``problems``: a line each."""

    at_us: int
    feed_seq: int
    load: str
    action: LoadAction
    by: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DockChanged:
    """A door's light or buzzer, and which parcels went out there and must come back. ``subject``: the parcel that
    changed it, or who acknowledged.
    """

    at_us: int
    dock: str
    light: bool
    buzzer: bool
    wrong: tuple[str, ...]
    reason: DockReason
    subject: str = ""


# ---- commands --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Route:
    """Send a track to a lane."""

    plc: str
    track_id: int
    lane: int
    expiry_ms: int


@dataclass(frozen=True, slots=True)
class SetLane:
    """Enable or disable a lane. ``valid_us``: how long the PLC may still act on it."""

    plc: str
    lane: int
    enabled: bool
    valid_us: int


@dataclass(frozen=True, slots=True)
class SetOutput:
    """Set an output. ``device``: ``reader.<name>`` or ``plc.<name>``. ``valid_us``: how long a PLC may act on it."""

    device: str
    port: int
    on: bool
    valid_us: int


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
    | OrderChanged
    | LaneRequested
    | AlarmRequested
    | LoadRequested
    | OutputSet
    | AlarmDue
    | PassageSeen
    | DoorSeen
)
Requested: TypeAlias = LaneRequested | AlarmRequested | PointWriteRequested | LoadRequested
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
    | AlarmChanged
    | ParcelGated
    | LoadOpened
    | LoadClosed
    | LoadRefused
    | DockChanged
)
Command: TypeAlias = Route | SetLane | SetOutput

INPUT_KINDS: dict[str, type[Journaled]] = {
    kind.__name__: kind
    for kind in (
        Started,
        BarcodesRead,
        DeviceChanged,
        PlcConnected,
        PlcEvent,
        EventsMissed,
        DeviceNotice,
        Measured,
        PointChanged,
        PointWriteRequested,
        PointWritten,
        MachineReported,
        CertificateChecked,
        CommandSent,
        CommandHandled,
        CommandDropped,
        OrderChanged,
        LaneRequested,
        AlarmRequested,
        LoadRequested,
        OutputSet,
        AlarmDue,
        PassageSeen,
        DoorSeen,
    )
}
EVENT_KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        ToteChecked,
        RouteDecided,
        Sorted,
        OrderShipped,
        LaneChanged,
        Anomaly,
        AlarmChanged,
        ParcelGated,
        LoadOpened,
        LoadClosed,
        LoadRefused,
        DockChanged,
    )
}
KINDS: dict[str, type[Journaled | Event]] = {**INPUT_KINDS, **EVENT_KINDS}


def refs(value: Journaled | Event) -> tuple[str, ...]:
    """Identities and order ids under which people will look for a journaled value, without repeats.

    Values that name only a track (``<plc>#<track>`` and ``<line>#<track>``) are found through these.
    """
    found: dict[str, None] = {}
    match value:
        case OrderChanged(order=order):
            found[order.id] = None
            for identity in (order.tote, order.parcel, *order.codes):
                if identity:
                    found[identity] = None
            for line in order.lines:
                found.update(dict.fromkeys(line.epcs))
        case PlcConnected(plc=plc):
            found.update((f"{plc}#{sent.value}", None) for sent in value.found if sent.opcode == 1)
        case PlcEvent(plc=plc, track_id=track):
            if track:
                found[f"{plc}#{track}"] = None
        case CommandSent(plc=plc, value=track, opcode=1) | CommandHandled(plc=plc, value=track, opcode=1):
            found[f"{plc}#{track}"] = None
        case PassageSeen(line=name, track_id=track):
            found[f"{name}#{track}"] = None
            found.update(dict.fromkeys((*value.owned, *value.codes)))
        case BarcodesRead(codes=codes):
            found.update(dict.fromkeys(codes))
        case ToteChecked(line=name, track_id=track, tote=subject, order=order):
            found.update(dict.fromkeys((f"{name}#{track}", subject, order, *value.matched)))
            for finding in value.findings:
                found.update(dict.fromkeys((finding.subject, finding.order)))
        case (
            RouteDecided(line=name, track_id=track, subject=subject, order=order)
            | Sorted(line=name, track_id=track, subject=subject, order=order)
        ):
            found.update(dict.fromkeys((f"{name}#{track}", subject, order)))
        case OrderShipped(order=order, parcel=parcel):
            found.update(dict.fromkeys((order, parcel)))
        case DoorSeen(parcel=parcel):
            found[parcel] = None
        case ParcelGated(parcel=parcel, order=order, load=load):
            found.update(dict.fromkeys((parcel, order, load)))
        case LoadRequested(load_id=load, parcel=parcel):
            found.update(dict.fromkeys((load, parcel)))
        case LoadOpened(load=its):
            found.update(dict.fromkeys((its.id, *its.parcels)))
        case LoadClosed(load=its, wrong=wrong, missing=missing):
            found.update(dict.fromkeys((its.id, *(one.parcel for one in wrong), *missing)))
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
