"""One log of what happened, whoever tells it: journaled values as entries with a kind, a weight and a sentence.

Public names: LogKind, LogWeight, LogEntry, LogFilter, DevicePlaces, KINDS_OF, USUAL, entry, changed_since.

Pure. What is said of an item alone, and what machines and readers tell of items, is in the log as well, for who asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from edge.core.events import (
    AlarmChanged,
    AlarmDue,
    AlarmRequested,
    Anomaly,
    BarcodesRead,
    CertificateChecked,
    CommandDropped,
    CommandHandled,
    CommandSent,
    DeviceChanged,
    DeviceNotice,
    DockChanged,
    DoorSeen,
    EventsMissed,
    FeedFollowed,
    InputFailed,
    ItemReleased,
    LaneChanged,
    LaneRequested,
    LinesTaken,
    LoadClosed,
    LoadOpened,
    LoadRefused,
    LoadRequested,
    MachineReported,
    Measured,
    OrderChanged,
    OrderShipped,
    Outcome,
    OutputSet,
    ParcelGated,
    PassageSeen,
    PlcConnected,
    PlcEvent,
    PointChanged,
    PointWriteRequested,
    PointWritten,
    RouteDecided,
    Sorted,
    Started,
    ToteChecked,
)
from edge.core.names import lane_name
from edge.core.values.alarm import Priority
from edge.core.values.layout import LineLayout
from edge.journal.record import Value
from edge.views.sentences import Teller
from edge.views.words.phrase import Phrase, Word, phrase
from edge.views.words.table import LANGUAGES, say


class LogKind(StrEnum):
    """What an entry is about."""

    ALARMS = "alarms"
    REQUESTS = "requests"  # what people asked for
    LANES = "lanes"
    DEVICES = "devices"  # PLCs, readers, publishers, the machines themselves
    CONFIGURATION = "configuration"  # starts, and the orders' source
    NOTICES = "notices"
    DOCKS = "docks"
    ORDERS = "orders"
    ITEMS = "items"  # what was decided of totes and parcels, and what became of them
    SIGNALS = "signals"  # what PLCs and readers tell, and what is sent to them


class LogWeight(StrEnum):
    """How much an entry asks of people, from the heaviest."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    PLAIN = "plain"


KINDS_OF: dict[LogKind, tuple[type[Value], ...]] = {
    LogKind.ALARMS: (AlarmChanged,),
    LogKind.REQUESTS: (LaneRequested, AlarmRequested, PointWriteRequested, PointWritten, LoadRequested),
    LogKind.LANES: (LaneChanged,),
    LogKind.DEVICES: (
        DeviceChanged, DeviceNotice, PlcConnected, EventsMissed, MachineReported, CertificateChecked,
    ),
    LogKind.CONFIGURATION: (Started, FeedFollowed, LinesTaken),
    LogKind.NOTICES: (Anomaly, InputFailed),
    LogKind.DOCKS: (LoadOpened, LoadClosed, LoadRefused, DockChanged, ParcelGated),
    LogKind.ORDERS: (OrderChanged, OrderShipped, ItemReleased),
    LogKind.ITEMS: (ToteChecked, RouteDecided, Sorted, PassageSeen, BarcodesRead, DoorSeen),
    LogKind.SIGNALS: (
        PlcEvent, CommandSent, CommandHandled, CommandDropped, PointChanged, Measured, OutputSet, AlarmDue,
    ),
}  # fmt: skip
"""Every kind of record belongs to one."""
USUAL = frozenset(LogKind) - {LogKind.ORDERS, LogKind.ITEMS, LogKind.SIGNALS}
"""What is shown where nothing else is asked for: not what each tote and parcel does."""
_KIND_OF = {kind: name for name, kinds in KINDS_OF.items() for kind in kinds}
_ORDER = {weight: at for at, weight in enumerate(LogWeight)}
_OF_PRIORITY = {Priority.HIGH: LogWeight.HIGH, Priority.MEDIUM: LogWeight.MEDIUM, Priority.LOW: LogWeight.LOW}


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry. ``controller``, ``seq``: the record it tells. ``key``: whose story it belongs to, empty = of none."""

    at_us: int
    controller: str
    seq: int
    kind: LogKind
    weight: LogWeight
    line: str
    device: str
    key: str
    said: Phrase


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What is asked for. ``line``, ``device``, ``text`` empty: any. ``least``: that heavy or heavier.

    ``device``: as `DeviceChanged` names it, or its name alone. ``text``: part of the sentence, in either language.
    """

    kinds: frozenset[LogKind] = USUAL
    line: str = ""
    device: str = ""
    least: LogWeight = LogWeight.PLAIN
    text: str = ""

    @property
    def records(self) -> tuple[str, ...]:
        """The kinds of records that can be in it."""
        return tuple(kind.__name__ for name, kinds in KINDS_OF.items() if name in self.kinds for kind in kinds)

    def takes(self, one: LogEntry, lines: frozenset[str]) -> bool:
        """Whether an entry about these lines is asked for."""
        return (
            one.kind in self.kinds
            and _ORDER[one.weight] <= _ORDER[self.least]
            and (not self.line or self.line in lines)
            and (not self.device or self.device in (one.device, one.device.partition(".")[2]))
            and (not self.text or any(self.text.casefold() in say(one.said, to).casefold() for to in LANGUAGES))
        )


@dataclass(frozen=True, slots=True)
class DevicePlaces:
    """Which lines a device serves."""

    layouts: tuple[LineLayout, ...]
    _of_device: dict[str, frozenset[str]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for layout in self.layouts:
            readers = (*layout.readers, *layout.scanners)
            for device in (f"plc.{layout.plc}", *(f"reader.{name}" for name in readers)):
                self._of_device[device] = self._of_device.get(device, frozenset()) | {layout.name}

    def lines(self, one: LogEntry) -> frozenset[str]:
        """The lines that an entry is about."""
        own = frozenset([one.line]) if one.line else frozenset()
        found = own | self._of_device.get(one.device, frozenset())
        if one.said.code != "alarm-requested":
            return found
        place = one.key.partition(".")[2].partition(".")[0]  # a line, or what belongs to one
        named = frozenset(layout.name for layout in self.layouts if layout.name == place)
        return found.union(named, *(self._of_device.get(f"{kind}.{place}", ()) for kind in ("plc", "reader")))


def entry(controller: str, seq: int, value: Value, teller: Teller, before: Started | None = None) -> LogEntry:
    """The entry of a record. ``before``: of a Started the one before it, where that is known."""
    said = teller.tell(value)
    if isinstance(value, Started) and before is not None:
        changes = tuple(changed_since(before, value))
        if changes:
            said = phrase("started-changed", controller=value.controller, version=value.version, changes=changes)
    return LogEntry(
        at_us=value.at_us,
        controller=controller,
        seq=seq,
        kind=_KIND_OF[type(value)],
        weight=_weight(value),
        line=str(getattr(value, "line", "")),
        device=_device(value),
        key=_key(value),
        said=said,
    )


def changed_since(before: Started, now: Started) -> Iterator[Word]:
    """What a configuration has otherwise than the one before."""
    was, are = ({layout.name: layout for layout in one.layouts} for one in (before, now))
    for name in dict.fromkeys((*was, *are)):
        if name not in are:
            yield phrase("changed.line-gone", line=name)
        elif name not in was:
            yield phrase("changed.line-new", line=name)
        elif was[name].lanes != are[name].lanes:
            yield phrase("changed.lanes", line=name)
        elif was[name] != are[name]:
            yield phrase("changed.line", line=name)
    if before.alarms != now.alarms:
        rules = {rule.kind: rule for rule in before.alarms}
        other = [rule.kind for rule in now.alarms if rules.get(rule.kind) != rule]
        gone = rules.keys() - {rule.kind for rule in now.alarms}
        yield phrase("changed.alarms", kinds=tuple(phrase(f"alarm.{kind}") for kind in (*other, *sorted(gone))))
    if before.docks != now.docks:
        yield phrase("changed.docks")
    if before.version != now.version:
        yield phrase("changed.version", version=before.version)


def _weight(value: Value) -> LogWeight:
    match value:
        case AlarmChanged() if value.annunciates:
            return _OF_PRIORITY[value.priority]
        case InputFailed() | EventsMissed() | DeviceChanged(up=False) | Sorted(outcome=Outcome.MISSORTED):
            return LogWeight.MEDIUM
        case Sorted(outcome=Outcome.CONFIRMED):
            return LogWeight.PLAIN
        case Anomaly() | DeviceNotice() | LoadRefused() | CommandDropped() | Sorted():
            return LogWeight.LOW
        case LaneChanged() if value.full or value.disabled:
            return LogWeight.LOW
        case ToteChecked() if not value.verified:
            return LogWeight.LOW
        case CommandHandled() if value.refusal:
            return LogWeight.LOW
        case ParcelGated() if value.astray:
            return LogWeight.MEDIUM
        case _:
            return LogWeight.PLAIN


def _device(value: Value) -> str:
    match value:
        case DeviceChanged() | DeviceNotice() | CertificateChecked() | Measured() | OutputSet():
            return value.device
        case BarcodesRead():
            return f"reader.{value.reader}"
        case InputFailed():
            return value.source
        case Anomaly() if not value.line:
            return value.subject
        case _:
            plc = getattr(value, "plc", "")
            return f"plc.{plc}" if plc else ""


def _key(value: Value) -> str:
    """Under which name its story is found."""
    match value:
        case AlarmChanged() | AlarmRequested():
            return value.alarm
        case LaneRequested() | LaneChanged():
            return lane_name(value.line, value.lane)
        case OrderChanged():
            return value.order.id
        case OrderShipped():
            return value.order
        case ItemReleased():
            return value.epc
        case LoadRequested():
            return value.load_id
        case LoadOpened() | LoadClosed():
            return value.load.id
        case LoadRefused():
            return value.load
        case ParcelGated() | DoorSeen():
            return value.parcel
        case DockChanged():
            return f"dock.{value.dock}"
        case PointWriteRequested() | PointWritten():
            return f"{value.plc}/{value.point}"
        case BarcodesRead():
            return next(iter(value.codes), "")
        case ToteChecked():
            return value.tote or f"{value.line}#{value.track_id}"
        case RouteDecided() | Sorted():
            return value.subject or f"{value.line}#{value.track_id}"
        case DeviceChanged():
            return value.device
        case Anomaly() if value.line and value.track_id:
            return f"{value.line}#{value.track_id}"
        case PassageSeen() if value.track_id:
            return f"{value.line}#{value.track_id}"
        case PlcEvent() if value.track_id:
            return f"{value.plc}#{value.track_id}"
        case _:
            return ""
