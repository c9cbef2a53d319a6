"""Every value that goes into a decision; conventions: `edge.core.events`.

Public names: Started, Tick, TagsRead, BarcodesRead, DeviceChanged, CommandSent, PlcConnected, PlcEvent, EventsMissed,
DeviceNotice, Measured, PointChanged, PointWritten, MachineReported, CertificateChecked, CommandHandled,
CommandDropped, FeedEpoch, FeedFollowed, OrderChanged, LaneRequested, AlarmRequested, PointWriteRequested,
LoadRequested, ItemReleased, OutputSet, AlarmDue, PassageSeen, DoorSeen, InputFailed, Requested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from edge.core.values.alarm import AlarmAction, AlarmRule
from edge.core.values.dock import Direction, DockLayout
from edge.core.values.evidence import CENTRAL, Claim, Scan, SideEvidence, TagEvidence
from edge.core.values.layout import LineLayout
from edge.core.values.load import Load, LoadAction
from edge.core.values.order import Order
from edge.core.values.verdicts import AnomalyCode, Stage, Trial
from plc.points import Quality, Value
from rfid.driver import TagRead


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A controller process began, with these lines and doors; later inputs are decided by them.

    No ``alarms``: none is raised. ``flags``: names of what is decided otherwise than by version 0.1.0
    (`edge.core.values.flags`). ``config``: which configuration that is, as `edge.config.change.name_of` names it.
    ``running``: no process began; one whose lines run took another configuration. ``by``: who asked for that, if known.
    """

    at_us: int
    controller: str
    version: str
    layouts: tuple[LineLayout, ...]
    alarms: tuple[AlarmRule, ...] = ()
    docks: tuple[DockLayout, ...] = ()
    flags: tuple[str, ...] = ()
    config: str = ""
    running: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went by; not journaled."""

    at_us: int


@dataclass(frozen=True, slots=True)
class TagsRead:
    """Reads of one report, their times on the host's scale; not journaled."""

    at_us: int
    reader: str
    reads: Sequence[TagRead]


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
    """Something came or went: ``plc.<name>``, ``reader.<name>``, ``publish.<name>``, ``site-store``, ``journal``,
    ``disk`` or ``files``.

    ``reason`` says who and why in a sentence.
    """

    at_us: int
    device: str
    up: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSent:
    """A command stands in DOWN. ``found``: another process of ours sent it just before it died; by itself, not in a
    PlcConnected, it is the ROUTE of the parcel whose INDUCTED comes next, and ``expiry_ms`` may be 0.
    """

    at_us: int
    plc: str
    session: int
    seq: int
    opcode: int
    value: int
    target: int
    expiry_ms: int
    found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlcConnected:
    """A PLC answers the handshake.

    ``fresh``: a session that the journal does not know, so that all track ids are new. ``resumed``: this process keeps
    the commands of an earlier connection and sends the unhandled ones by itself. ``event_acked``: the newest
    event that counts as stored. ``command_head``: the newest command that reached the PLC. ``found``: commands in DOWN
    that the journal does not know, and ROUTEs that the PLC says it has accepted, which it may know. ``news_to``: up to
    that event each ROUTED may tell of a ROUTE that it does not know; None = none does. Lanes are bit masks, bit 0 =
    lane 1.
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
    news_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
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

    ``device``: ``controller``, ``plc.<name>``, ``reader.<name>``, ``line.<name>``; of a site ``site.<what>`` and
    ``kpi.<name>``, which no journal has. ``values``: what
    `edge.publish.schema` tells of it; behind a dot the part, as ``reads.2`` of antenna 2.
    """

    at_us: int
    device: str
    values: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHandled:
    """The PLC handled a command. ``refusal``: 0 = accepted, else the mailbox's reason, -1 = handled, reason unknown."""

    at_us: int
    plc: str
    seq: int
    opcode: int
    value: int
    target: int
    refusal: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDropped:
    """A command never reached the PLC."""

    at_us: int
    plc: str
    opcode: int
    value: int
    target: int
    why: str


@dataclass(frozen=True, slots=True)
class FeedEpoch:
    """One epoch of a site store's feed. ``mark``: no other has it. ``after``: the last number of the epochs before."""

    number: int
    mark: str
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFollowed:
    """The site store's feed goes on in another epoch, or is another feed than the one that was followed.

    ``store``, ``epochs``, ``newest``, ``known``: see `edge.core.values.feed`. ``before``: the place that was
    reached. ``anew``: that place is none of this feed, so that all of it comes again.
    """

    at_us: int
    store: str
    epochs: tuple[FeedEpoch, ...]
    newest: int
    before: int
    anew: bool
    known: int

    @property
    def epoch(self) -> int:
        """The newest epoch; 0 in a store of 0.1.0."""
        return self.epochs[-1].number if self.epochs else 0


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order came or changed. ``feed_seq``: its place in the site store's feed."""

    at_us: int
    feed_seq: int
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneRequested:
    """An operator wants a lane enabled or disabled; or of a line in commissioning mode something else (``trial``), and
    ``reason`` says why. ``lane`` 0: it is about the whole line.
    """

    at_us: int
    feed_seq: int
    line: str
    lane: int
    enabled: bool
    by: str
    trial: Trial = Trial.NONE
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRequested:
    """An operator wants something of an alarm. ``for_us``: how long it is to be shelved."""

    at_us: int
    feed_seq: int
    alarm: str
    action: AlarmAction
    by: str
    for_us: int = 0
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointWriteRequested:
    """An operator wants a point of a PLC written. ``asked_us``: when; too late, nothing is written."""

    at_us: int
    feed_seq: int
    plc: str
    point: str
    value: Value
    by: str
    asked_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
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
class ItemReleased:
    """An item came back and is stock again, so it may be sold once more. ``cause``: what says so, of an item once."""

    at_us: int
    feed_seq: int
    epc: str
    cause: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageSeen:
    """The evidence of one passage. ``track_id`` 0: the PLC gave none, or it is not certain whose passage it is.

    Without a photo-eye ``start_us`` is its first read, ``stop_us`` the first read of its last new tag.

    ``offset_us``: what the portal has learned of the way from photo-eye to antenna, used here.
    ``settled``: reads from after its window have arrived, so that none from inside can be under way.
    ``cause``: empty, or why there may be fewer reads than there should be. ``scans``: what barcode scanners said of it.
    ``flooded``: meanwhile tags that no order expects were left out, as there were too many.
    ``portal``: the name of the line's second portal where that one saw it; empty = the first.
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
    flooded: bool = False
    portal: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes that scanners surely found on it, without repeats."""
        if not self.scans:
            return ()
        return tuple(dict.fromkeys(code for scan in self.scans if scan.sure for code in scan.codes))

    @property
    def doubtful(self) -> tuple[str, ...]:
        """The codes that may be another passage's."""
        return tuple(dict.fromkeys(code for scan in self.scans if not scan.sure for code in scan.codes))

    @property
    def own(self) -> tuple[Claim, ...]:
        """The claims that hold: no neighbour claims the tag more, or a tie was broken in this passage's favour.

        Before all neighbours are known, a tag must have been seen near the middle as well: what is seen only far from
        it is passing with something that is not known yet.
        """
        least = 0.0 if self.stage is Stage.FINAL and not self.cause else CENTRAL
        return tuple(claim for claim in self.claims if claim.holds and claim.weight > least * claim.power)

    @property
    def doubted(self) -> tuple[str, ...]:
        """EPCs of tags that were heard in a way that proves nothing."""
        return tuple(claim.epc for claim in self.claims if claim.doubtful)

    @property
    def owned(self) -> tuple[str, ...]:
        """EPCs of the tags that are this passage's."""
        return tuple(claim.epc for claim in self.own)


@dataclass(frozen=True, slots=True, kw_only=True)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFailed:
    """An input by which the decisions failed, a fault of the program; they go on as if it had not come.

    ``source``: who gave it, as in DeviceChanged; ``line.<name>``, ``doors`` or ``alarms`` where what was due by time
    failed then, and not the input: of a ``line``, ``passage`` is not weighed any more and ``track_id`` has no decision
    (0 = none); anything else is looked at again later. ``kind``, ``body``: the input as text, at most its first 2,000
    characters. ``why``: what was raised.
    How far others were heard by it: ``feed_seq``, 0 = it is none of the feed's; of ``plc`` in its ``session`` the
    newest ``event_seq`` and ``command_seq``, None = it is none.
    """

    at_us: int
    source: str
    kind: str
    body: str
    why: str
    feed_seq: int = 0
    plc: str = ""
    session: int = 0
    event_seq: int | None = None
    command_seq: int | None = None
    line: str = ""
    passage: int = 0
    track_id: int = 0


Requested: TypeAlias = LaneRequested | AlarmRequested | PointWriteRequested | LoadRequested | ItemReleased
"""What a feed holds beside orders, each to be done once, also where all orders come again."""
