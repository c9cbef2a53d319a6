"""A journaled value as a sentence that people on the floor understand.

Public names: Sentence, Teller, say_findings, amount, ALARM_TITLES.

``code`` names the kind of sentence and never changes, so that a page can say the same in another language from the
value itself; ``text`` says it in English.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, assert_never

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
    Finding,
    FindingKind,
    LaneChanged,
    LaneRequested,
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
    RouteReason,
    Sorted,
    Stage,
    Started,
    ToteChecked,
)
from edge.core.values.alarm import AlarmAction, AlarmKind, AlarmState
from edge.core.values.layout import LineLayout
from edge.core.values.order import Order, OrderState
from edge.journal.record import Value
from edge.views.dock_sentences import tell_dock
from plc.packml import mode_name, state_name
from plc.points import Quality
from plc.points import Value as PointValue
from plc.words import EventType, LaneChange, Opcode, Refusal


class Sentence(NamedTuple):
    """What to say."""

    code: str
    text: str


_REASONS: dict[RouteReason, str] = {
    RouteReason.VERIFIED: "its content is right",
    RouteReason.REFUSED: "its content is not right",
    RouteReason.ASSIGNED: "the lane of its carrier",
    RouteReason.ALTERNATIVE: "an alternative to its carrier's lane",
    RouteReason.RECIRCULATE: "round again, no lane of its carrier is free",
    RouteReason.REJECT: "no lane of its carrier is free",
    RouteReason.NO_READ: "no label was read",
    RouteReason.AMBIGUOUS: "more than one label was read",
    RouteReason.CONTRADICTION: "its tag and its barcode name different parcels",
    RouteReason.NO_ORDER: "it belongs to no open order",
    RouteReason.CANCELLED: "its order was cancelled",
    RouteReason.DUPLICATE: "its order was shipped before",
    RouteReason.NO_LANE: "no lane takes its carrier and service",
}
_STAGES: dict[Stage, str] = {
    Stage.EARLY: "at first sight",
    Stage.DUE: "when it had to be decided",
    Stage.FINAL: "with its neighbours known",
}
_REFUSALS: dict[int, str] = {
    -1: "handled, reason unknown",
    Refusal.OUT_OF_SEQUENCE: "out of sequence",
    Refusal.EXPIRED: "expired",
    Refusal.UNKNOWN_TRACK: "unknown track",
    Refusal.NO_TARGET: "no such lane",
    Refusal.OLD_EPOCH: "another controller has taken over",
    Refusal.PAST_DECISION: "past the decision point",
    Refusal.NOT_EXECUTE: "the machine is not running",
}
ALARM_TITLES: dict[AlarmKind, str] = {
    AlarmKind.PLC_DOWN: "PLC does not answer",
    AlarmKind.READER_DOWN: "Reader does not answer",
    AlarmKind.POINTS_DOWN: "Points are not read",
    AlarmKind.PACKML_DOWN: "PackML object is not read",
    AlarmKind.SITE_STORE_DOWN: "Site store does not answer",
    AlarmKind.JOURNAL_DOWN: "Journal cannot be written",
    AlarmKind.JOURNAL_FULL: "Journal above its quota",
    AlarmKind.INCOMPATIBLE: "PLC not compatible",
    AlarmKind.OTHER_HOST: "Another host commands the PLC",
    AlarmKind.EVENTS_MISSED: "Events of the PLC are lost",
    AlarmKind.COMMANDS_REFUSED: "PLC refuses routes",
    AlarmKind.MACHINE_STOPPED: "Machine stopped",
    AlarmKind.JAM: "Jam",
    AlarmKind.LANE_FULL: "Lane full",
    AlarmKind.NO_READS: "Many no-reads",
    AlarmKind.TOTES_REFUSED: "Many totes refused",
    AlarmKind.MISSORTS: "Missorted or lost",
    AlarmKind.DEFAULTS: "Many without a route",
    AlarmKind.UNCONFIRMED: "Many unconfirmed",
    AlarmKind.CERTIFICATE_ENDS: "Certificate ends soon",
    AlarmKind.WRONG_LOAD: "Wrong parcel loaded",
}
_ALARM_STATES: dict[AlarmState, str] = {
    AlarmState.NORMAL: "is normal",
    AlarmState.UNACKNOWLEDGED: "came",
    AlarmState.ACKNOWLEDGED: "is acknowledged",
    AlarmState.RETURNED: "is over, not acknowledged",
    AlarmState.LATCHED_UNACKNOWLEDGED: "is over, waits for acknowledgement and reset",
    AlarmState.LATCHED: "is over, waits for its reset",
    AlarmState.SHELVED: "is shelved",
    AlarmState.SUPPRESSED: "is hidden by its cause",
    AlarmState.OUT_OF_SERVICE: "is out of service",
}
_ALARM_WISHES: dict[AlarmAction, str] = {
    AlarmAction.ACKNOWLEDGE: "acknowledges",
    AlarmAction.RESET: "resets",
    AlarmAction.SHELVE: "shelves",
    AlarmAction.UNSHELVE: "takes from the shelf",
    AlarmAction.OUT_OF_SERVICE: "takes out of service",
    AlarmAction.IN_SERVICE: "puts in service",
}
_LANE_CHANGES: dict[int, str] = {
    LaneChange.FREE: "is free again",
    LaneChange.FULL: "is full",
    LaneChange.DISABLED: "is disabled",
    LaneChange.ENABLED: "is enabled",
}


@dataclass(frozen=True, slots=True)
class Teller:
    """Makes sentences. ``layouts``: where known, lanes are called by their names."""

    layouts: tuple[LineLayout, ...] = ()

    def tell(self, value: Value, before: Order | None = None) -> Sentence:
        """One value. ``before``: for an OrderChanged, the order as it was, None when it is new."""
        match value:
            case OrderChanged():
                return _order(value.order, before)
            case PlcEvent():
                return self._plc_event(value)
            case PassageSeen():
                reads = sum(tag.count for tag in value.tags)
                text = (
                    f"Passed the portal of {value.line}: {len(value.owned)} tags are its own, {len(value.claims)} were "
                    f"seen in {reads} reads, {_STAGES[value.stage]}"
                )
                if value.scans:
                    text += f", {_codes(value.codes)}"
                    text += f" ({' '.join(value.doubtful)} may be a neighbour's)" if value.doubtful else ""
                return Sentence("passage", f"{text}; {value.cause}" if value.cause else text)
            case BarcodesRead():
                return Sentence("barcodes", f"Scanner {value.reader}: {_codes(value.codes)}")
            case ToteChecked():
                return _tote(value)
            case RouteDecided():
                text = f"{self._lane(value.line, value.lane, 'Lane')} decided: {_REASONS[value.reason]}"
                text += f", round {value.round + 1}" if value.round else ""
                return Sentence("route-decided", f"{text} ({value.text})" if value.text else text)
            case Sorted():
                return self._sorted(value)
            case OrderShipped():
                lane = self._lane(value.line, value.lane, "lane")
                return Sentence("shipped", f"Order {value.order} is shipped: its parcel is in {lane}")
            case CommandSent():
                code = "command-found" if value.found else "command-sent"
                verb = "found in PLC" if value.found else "sent to PLC"
                return Sentence(code, f"{self._command(value)} {verb} {value.plc} as command {value.seq}")
            case CommandHandled():
                if value.refusal:
                    why = _REFUSALS.get(value.refusal, f"reason {value.refusal}")
                    text = f"PLC {value.plc} refused: {self._command(value)}: {why}"
                    return Sentence("command-refused", text)
                return Sentence("command-handled", f"PLC {value.plc} accepted: {self._command(value)}")
            case CommandDropped():
                return Sentence("command-dropped", f"{self._command(value)} never reached PLC {value.plc}: {value.why}")
            case LaneRequested():
                wish = "enable" if value.enabled else "disable"
                lane = self._lane(value.line, value.lane, "lane")
                return Sentence("lane-requested", f"{value.by} asks to {wish} {lane} of {value.line}")
            case LaneChanged():
                states = [word for word, on in (("full", value.full), ("disabled", value.disabled)) if on]
                lane = self._lane(value.line, value.lane, "Lane")
                return Sentence("lane-changed", f"{lane} of {value.line} is {' and '.join(states) or 'open'}")
            case AlarmRequested():
                return _alarm_requested(value)
            case AlarmChanged():
                return _alarm(value)
            case PointChanged() | PointWriteRequested() | PointWritten():
                return _point(value)
            case Anomaly():
                return Sentence("anomaly", f"Attention: {value.text}")
            case (
                LoadRequested()
                | OutputSet()
                | DoorSeen()
                | ParcelGated()
                | LoadOpened()
                | LoadClosed()
                | LoadRefused()
                | DockChanged()
            ):
                return Sentence(*tell_dock(value))
            case _:
                return _machine(value)

    def _lane(self, line: str, number: int, word: str) -> str:
        for layout in self.layouts:
            for lane in layout.lanes:
                if layout.name == line and lane.number == number:
                    return f"{word} {number} ({lane.name})"
        return f"{word} {number}"

    def _lane_of_plc(self, plc: str, number: int, word: str) -> str:
        lines = [layout.name for layout in self.layouts if layout.plc == plc]
        names = {self._lane(line, number, word) for line in lines}
        return names.pop() if len(names) == 1 else f"{word} {number}"

    def _command(self, value: CommandSent | CommandHandled | CommandDropped) -> str:
        lane = self._lane_of_plc(value.plc, value.target, "lane")
        match value.opcode:
            case Opcode.ROUTE:
                return f"Route of track {value.value} to {lane}"
            case Opcode.LANE:
                return f"{'Enable' if value.value else 'Disable'} {lane}"
            case Opcode.OUTPUT:
                return f"Output {value.target} {'on' if value.value else 'off'}"
            case _:
                return f"Command of kind {value.opcode} with {value.value} for {value.target}"

    def _plc_event(self, value: PlcEvent) -> Sentence:
        track, plc, station = value.track_id, value.plc, value.station
        lane = self._lane_of_plc(plc, station, "lane")
        match value.type:
            case EventType.INDUCTED if value.value:
                return Sentence("came-round", f"Came round again on {plc} as track {track}, round {value.value + 1}")
            case EventType.INDUCTED:
                return Sentence("inducted", f"Inducted on {plc} as track {track}")
            case EventType.ENTERED:
                return Sentence("entered", f"Reached photo-eye {station} of {plc}")
            case EventType.LEFT:
                return Sentence("left", f"Left photo-eye {station} of {plc}")
            case EventType.DEFAULTED:
                return Sentence("defaulted", f"No route in time: {plc} sends it to {lane}")
            case EventType.DIVERTED:
                return Sentence("diverted", f"Is in {lane}")
            case EventType.DIVERT_FAILED:
                where = self._lane_of_plc(plc, value.value, "lane") if value.value else "still on the line"
                return Sentence("divert-failed", f"Divert to {lane} failed, it is {'in ' * bool(value.value)}{where}")
            case EventType.LOST:
                return Sentence("lost", f"Lost behind photo-eye {station} of {plc}")
            case EventType.STRAY:
                return Sentence("stray", f"Appeared untracked at photo-eye {station} of {plc}, is now track {track}")
            case EventType.JAM:
                word = "Jam" if value.value else "Jam cleared"
                return Sentence("jam", f"{word} at photo-eye {station} of {plc}")
            case EventType.LANE:
                what = _LANE_CHANGES.get(value.value, f"changed to {value.value}")
                return Sentence("lane", f"{self._lane_of_plc(plc, station, 'Lane')} of {plc} {what}")
            case EventType.STATE:
                return Sentence("state", f"{plc} went to PackML state {value.value} ({state_name(value.value)})")
            case EventType.INPUT:
                return Sentence("input", f"Input {station} of {plc} went {'on' if value.value else 'off'}")
            case EventType.REFUSED:
                why = _REFUSALS.get(value.value, f"reason {value.value}")
                return Sentence("refused", f"{plc} refused command {station}: {why}")
            case _:
                return Sentence("plc-event", f"{plc} reported event {value.type} at {station} with {value.value}")

    def _sorted(self, value: Sorted) -> Sentence:
        lane = self._lane(value.line, value.lane, "lane") if value.lane else "the line"
        wanted = self._lane(value.line, value.wanted, "lane") if value.wanted else "no lane"
        match value.outcome:
            case Outcome.CONFIRMED:
                text = f"Confirmed in {lane}"
            case Outcome.MISSORTED:
                text = f"Missorted: is in {lane}, was sent to {wanted}"
            case Outcome.DEFAULTED:
                text = f"Defaulted to {lane}, was sent to {wanted}"
            case Outcome.FAILED:
                text = f"Divert failed: is {'in' if value.lane else 'on'} {lane}, was sent to {wanted}"
            case Outcome.LOST:
                text = f"Lost on its way to {wanted}"
            case _:
                assert_never(value.outcome)
        return Sentence(f"sorted-{value.outcome}", f"{text} ({value.text})" if value.text else text)


def say_findings(findings: Iterable[Finding]) -> str:
    """What is wrong with a tote, in one line."""
    return "; ".join(_finding(finding) for finding in findings)


def _finding(finding: Finding) -> str:
    match finding.kind:
        case FindingKind.MISSING:
            return f"missing: {finding.quantity} of {finding.subject}"
        case FindingKind.EXTRA:
            return f"extra: {finding.subject}"
        case FindingKind.FOREIGN:
            return f"of another order ({finding.order}): {finding.subject}"
        case FindingKind.DUPLICATE:
            return f"already shipped ({finding.order}): {finding.subject}"
        case FindingKind.CONTRADICTION:
            return f"tag and barcode of the tote differ: {finding.text}"
        case FindingKind.UNREADABLE:
            return f"unreadable: {finding.subject or finding.text}"
        case FindingKind.NO_ORDER:
            return "no open order for this tote"
        case _:
            assert_never(finding.kind)


def _codes(codes: Iterable[str]) -> str:
    shown = ", ".join(codes)
    return f"barcodes {shown}" if shown else "no barcode was found"


def _alarm(value: AlarmChanged) -> Sentence:
    text = f"Alarm {value.alarm}, {ALARM_TITLES[value.kind].lower()}, {_ALARM_STATES[value.state]}"
    text += f" {value.suppressed_by}" if value.suppressed_by else ""
    text += f" by {value.by}" if value.by else ""
    if value.annunciates:
        text += f": {value.text}. {value.consequence} {value.action}"
    return Sentence(f"alarm-{value.state}", f"{text} ({value.comment})" if value.comment else text)


def _alarm_requested(value: AlarmRequested) -> Sentence:
    text = f"{value.by} {_ALARM_WISHES[value.action]} alarm {value.alarm}"
    text += f" for {value.for_us // 60_000_000} minutes" if value.action is AlarmAction.SHELVE else ""
    return Sentence("alarm-requested", f"{text} ({value.comment})" if value.comment else text)


def amount(value: PointValue | None, unit: str = "") -> str:
    """A point's value with its unit; ``-`` for none."""
    match value:
        case None:
            return "-"
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:.7g} {unit}".rstrip()
        case _:
            return f"{value} {unit}".rstrip()


def _point(value: PointChanged | PointWriteRequested | PointWritten) -> Sentence:
    name = f"point {value.point} of {value.plc}"
    match value:
        case PointChanged(quality=Quality.GOOD):
            return Sentence("point", f"Value of {name}: {amount(value.value, value.unit)}")
        case PointChanged(quality=Quality.STALE):
            text = f"Value of {name} is stale, it was {amount(value.value, value.unit)}: {value.reason}"
            return Sentence("point-stale", text)
        case PointChanged():
            return Sentence("point-bad", f"No value of {name}: {value.reason}")
        case PointWriteRequested():
            return Sentence("point-asked", f"{value.by} asks to write {amount(value.value)} to {name}")
        case PointWritten(trouble=""):
            return Sentence("point-written", f"Written for {value.by}: {amount(value.value)} to {name}")
        case PointWritten():
            return Sentence(
                "point-refused", f"Not written for {value.by}: {amount(value.value)} to {name}: {value.trouble}"
            )
        case _:
            assert_never(value)


def _tote(value: ToteChecked) -> Sentence:
    when = "finally" if value.final else "for now"
    name = value.tote or "no tote tag"
    about = f"order {value.order}" if value.order else "no order"
    if value.verified:
        text = f"Tote verified {when}: {len(value.matched)} items as ordered ({name}, {about})"
        return Sentence("tote-verified", text)
    return Sentence("tote-refused", f"Tote refused {when}: {say_findings(value.findings)} ({name}, {about})")


def _order(order: Order, before: Order | None) -> Sentence:
    if before is not None and before.state is not order.state:
        return Sentence(f"order-{order.state}", f"Order {order.id} is {order.state} now")
    items = sum(line.quantity for line in order.lines)
    text = f"{items} items in {len(order.lines)} lines, {order.carrier} {order.service}".rstrip()
    text += f", tote {order.tote}" if order.tote else ""
    text += f", parcel {order.parcel}" if order.parcel else ""
    text += f", codes {' '.join(order.codes)}" if order.codes else ""
    if before is not None:
        return Sentence("order-changed", f"Order {order.id} changed: {text}")
    source = f"{order.channel} {order.external}".rstrip()
    state = "" if order.state is OrderState.OPEN else f", {order.state} already"
    return Sentence("order-new", f"Order {order.id} came from {source}: {text}{state}")


def _machine(
    value: Started
    | DeviceChanged
    | PlcConnected
    | EventsMissed
    | DeviceNotice
    | Measured
    | MachineReported
    | CertificateChecked
    | AlarmDue,
) -> Sentence:
    match value:
        case Started():
            return Sentence("started", f"Controller {value.controller} {value.version} started")
        case DeviceChanged():
            code = "device-up" if value.up else "device-down"
            return Sentence(code, f"{value.device} is {'up' if value.up else 'down'}: {value.reason}")
        case PlcConnected():
            kind = "a new" if value.fresh else "the known"
            return Sentence("plc-connected", f"PLC {value.plc} is connected in {kind} session {value.session}")
        case EventsMissed():
            return Sentence("events-missed", f"PLC {value.plc}: {value.count} events never came")
        case DeviceNotice():
            return Sentence("notice", f"{value.device}: {value.text}")
        case Measured():
            numbers = ", ".join(f"{name} {number:g}" for name, number in value.values)
            return Sentence("measured", f"{value.device}: {numbers}")
        case MachineReported():
            return Sentence("machine", _reported(value))
        case CertificateChecked():
            return Sentence("certificate", f"{value.device}: {value.text}")
        case AlarmDue():
            return Sentence("alarm-due", "A delay or a shelving of an alarm, or the time of a light, is over")
        case _:
            assert_never(value)


def _reported(value: MachineReported) -> str:
    text = f"{value.plc} stands in PackML state {value.state} ({state_name(value.state)})"
    text += f", {mode_name(value.mode)}" if value.mode else ""
    text += f", {value.processed} processed" if value.processed >= 0 else ""
    return f"{text}, {value.defective} defective" if value.defective >= 0 else text
