"""A journaled value as a sentence that people on the floor understand.

Public names: Teller, amount.

A sentence is a code and values, `edge.views.words.phrase.Phrase`, and said in a language by `edge.views.words.table`.
The code names the kind of sentence and never changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from edge.core.events import (
    AlarmChanged,
    AlarmDue,
    AlarmRequested,
    Anomaly,
    AnomalyCode,
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
    Finding,
    FindingKind,
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
from edge.core.values.alarm import AlarmAction
from edge.core.values.layout import LineLayout
from edge.core.values.order import Order, OrderState
from edge.core.values.verdicts import Trial
from edge.journal.record import Value
from edge.views.dock_sentences import tell_dock
from edge.views.given_texts import reason_told, text_told
from edge.views.words.phrase import Phrase, Word, note, phrase, switched
from edge.views.words.table import WORDS
from plc.points import Quality
from plc.points import Value as PointValue
from plc.words import EventType, LaneChange, Opcode, Refusal

_REFUSALS: dict[int, str] = {
    -1: "handled",
    Refusal.OUT_OF_SEQUENCE: "out-of-sequence",
    Refusal.EXPIRED: "expired",
    Refusal.UNKNOWN_TRACK: "unknown-track",
    Refusal.NO_TARGET: "no-target",
    Refusal.OLD_EPOCH: "old-epoch",
    Refusal.PAST_DECISION: "past-decision",
    Refusal.NOT_EXECUTE: "not-execute",
}
_SAID_BESIDE = frozenset({AnomalyCode.COMMAND_DROPPED})
"""Notices whose own text is for engineers, and stands in the sentence of the record beside them in plain words."""
_LANE_CHANGES: dict[int, str] = {
    LaneChange.FREE: "free",
    LaneChange.FULL: "full",
    LaneChange.DISABLED: "disabled",
    LaneChange.ENABLED: "enabled",
}


@dataclass(frozen=True, slots=True)
class Teller:
    """Makes sentences. ``layouts``: where known, lanes are called by their names."""

    layouts: tuple[LineLayout, ...] = ()

    def tell(self, value: Value, before: Order | None = None) -> Phrase:
        """One value. ``before``: for an OrderChanged, the order as it was, None when it is new."""
        match value:
            case OrderChanged() | ItemReleased():
                return _changed(value, before)
            case PlcEvent():
                return self._plc_event(value)
            case PassageSeen():
                return _passage(value)
            case BarcodesRead():
                return phrase("barcodes", reader=value.reader, codes=_codes(value.codes))
            case ToteChecked():
                return _tote(value)
            case RouteDecided():
                more = [phrase("route.round", round=value.round + 1)] if value.round else []
                reason = phrase(f"route.{value.reason}")
                lane = self._lane(value.line, value.lane)
                return phrase("route-decided", lane=lane, reason=reason, more=(*more, *note(reason_told(value.text))))
            case Sorted():
                return self._sorted(value)
            case OrderShipped():
                return phrase("shipped", order=value.order, lane=self._lane(value.line, value.lane))
            case CommandSent():
                code = "command-found" if value.found else "command-sent"
                return phrase(code, command=self._command(value), plc=value.plc, seq=value.seq)
            case CommandHandled(refusal=0):
                return phrase("command-handled", plc=value.plc, command=self._command(value))
            case CommandHandled():
                why = _refusal(value.refusal)
                return phrase("command-refused", plc=value.plc, command=self._command(value), why=why)
            case CommandDropped():
                return phrase("command-dropped", command=self._command(value), plc=value.plc, why=text_told(value.why))
            case LaneRequested():
                return self._lane_requested(value)
            case LaneChanged():
                named = [word for word, on in (("full", value.full), ("disabled", value.disabled)) if on]
                states = tuple(phrase(f"lane.is.{word}") for word in named or ["open"])
                lane = self._lane(value.line, value.lane)
                return phrase("lane-changed", lane=lane, line=value.line, states=states)
            case AlarmRequested():
                return _alarm_requested(value)
            case AlarmChanged():
                return _alarm(value)
            case PointChanged() | PointWriteRequested() | PointWritten():
                return _point(value)
            case Anomaly():
                text = "" if value.code in _SAID_BESIDE else text_told(value.text)
                about = phrase(f"anomaly.about.{value.code}")
                return phrase("anomaly", what=phrase(f"anomaly.{value.code}"), about=about, more=note(text))
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
                return tell_dock(value)
            case _:
                return _machine(value)

    def _lane(self, line: str, number: int) -> Phrase:
        for layout in self.layouts:
            for lane in layout.lanes:
                if layout.name == line and lane.number == number:
                    return phrase("lane.named", number=number, name=lane.name)
        return phrase("lane.bare", number=number)

    def _lane_of_plc(self, plc: str, number: int) -> Phrase:
        lanes = [self._lane(layout.name, number) for layout in self.layouts if layout.plc == plc]
        return lanes[0] if lanes and lanes.count(lanes[0]) == len(lanes) else phrase("lane.bare", number=number)

    def _command(self, value: CommandSent | CommandHandled | CommandDropped) -> Phrase:
        lane = self._lane_of_plc(value.plc, value.target)
        match value.opcode:
            case Opcode.ROUTE:
                return phrase("command.route", track=value.value, lane=lane)
            case Opcode.LANE:
                return phrase("command.enable" if value.value else "command.disable", lane=lane)
            case Opcode.OUTPUT:
                return phrase("command.output", port=value.target, state=switched(bool(value.value)))
            case _:
                return phrase("command.other", kind=value.opcode, value=value.value, target=value.target)

    def _lane_requested(self, value: LaneRequested) -> Phrase:
        if value.trial is Trial.NONE:
            wish, lane = phrase("lane.enable" if value.enabled else "lane.disable"), self._lane(value.line, value.lane)
            return phrase("lane-requested", by=value.by, wish=wish, lane=lane, line=value.line)
        wish = phrase("trial.begin" if value.trial is Trial.BEGIN else "trial.end")
        if value.trial is Trial.DIVERT:
            wish = phrase("trial.divert", lane=self._lane(value.line, value.lane))
        return phrase("trial-requested", by=value.by, wish=wish, line=value.line, more=note(value.reason))

    def _plc_event(self, value: PlcEvent) -> Phrase:
        track, plc, station = value.track_id, value.plc, value.station
        lane = self._lane_of_plc(plc, station)
        match value.type:
            case EventType.INDUCTED if value.value:
                return phrase("came-round", plc=plc, track=track, round=value.value + 1)
            case EventType.INDUCTED:
                return phrase("inducted", plc=plc, track=track)
            case EventType.ENTERED:
                return phrase("entered", eye=station, plc=plc)
            case EventType.LEFT:
                return phrase("left", eye=station, plc=plc)
            case EventType.DEFAULTED:
                return phrase("defaulted", plc=plc, lane=lane)
            case EventType.DIVERTED:
                return phrase("diverted", lane=lane)
            case EventType.DIVERT_FAILED:
                where = _where(self._lane_of_plc(plc, value.value) if value.value else None)
                return phrase("divert-failed", lane=lane, where=where)
            case EventType.LOST:
                return phrase("lost", eye=station, plc=plc)
            case EventType.STRAY:
                return phrase("stray", eye=station, plc=plc, track=track)
            case EventType.JAM:
                what = phrase("anomaly.jam" if value.value else "anomaly.jam-cleared")
                return phrase("jam", what=what, eye=station, plc=plc)
            case EventType.LANE:
                known = _LANE_CHANGES.get(value.value)
                what = phrase(f"lane.becomes.{known}") if known else phrase("lane.becomes.other", value=value.value)
                return phrase("lane", lane=lane, plc=plc, what=what)
            case EventType.STATE:
                return phrase("state", plc=plc, state=_state(value.value))
            case EventType.INPUT:
                return phrase("input", port=station, plc=plc, state=switched(bool(value.value)))
            case EventType.ROUTED:
                return phrase("routed", plc=plc, lane=lane)
            case EventType.REFUSED:
                return phrase("refused", plc=plc, seq=station, why=_refusal(value.value))
            case _:
                return phrase("plc-event", plc=plc, type=int(value.type), station=station, value=value.value)

    def _sorted(self, value: Sorted) -> Phrase:
        code, more = f"sorted-{value.outcome}", note(reason_told(value.text))
        lane = self._lane(value.line, value.lane) if value.lane else None
        wanted = phrase("to.lane", lane=self._lane(value.line, value.wanted)) if value.wanted else phrase("to.none")
        match value.outcome:
            case Outcome.CONFIRMED:
                return phrase(code, where=_where(lane), more=more)
            case Outcome.MISSORTED | Outcome.FAILED:
                return phrase(code, where=_where(lane), wanted=wanted, more=more)
            case Outcome.DEFAULTED:
                to = phrase("to.lane", lane=lane) if lane is not None else phrase("to.line")
                return phrase(code, lane=to, wanted=wanted, more=more)
            case Outcome.LOST:
                return phrase(code, wanted=wanted, more=more)
            case _:
                assert_never(value.outcome)


def _where(lane: Phrase | None) -> Phrase:
    return phrase("where.line") if lane is None else phrase("where.lane", lane=lane)


def _refusal(number: int) -> Phrase:
    known = _REFUSALS.get(number)
    return phrase(f"refusal.{known}") if known else phrase("refusal.other", number=number)


def _state(number: int) -> Phrase:
    code = f"machine.state.{number}"
    return phrase(code) if code in WORDS else phrase("machine.state.other", number=number)


def _passage(value: PassageSeen) -> Phrase:
    more = [phrase("passage.portal", portal=value.portal)] if value.portal else []
    more += [phrase("passage.codes", codes=_codes(value.codes))] if value.scans else []
    more += [phrase("passage.doubtful", codes=value.doubtful)] if value.doubtful else []
    more += [phrase("passage.cause", text=text_told(value.cause))] if value.cause else []
    return phrase(
        "passage",
        line=value.line,
        own=len(value.owned),
        seen=len(value.claims),
        reads=sum(tag.count for tag in value.tags),
        stage=phrase(f"stage.{value.stage}"),
        more=tuple(more),
    )


def _codes(codes: tuple[str, ...]) -> Phrase:
    return phrase("codes.found", codes=codes) if codes else phrase("codes.none")


def _finding(finding: Finding) -> Phrase:
    code, subject = f"found.{finding.kind}", finding.subject
    match finding.kind:
        case FindingKind.MISSING:
            return phrase(code, quantity=finding.quantity, subject=subject)
        case FindingKind.EXTRA if finding.cancelled:
            return phrase("found.cancelled", line=finding.cancelled, subject=subject)
        case FindingKind.EXTRA:
            return phrase(code, subject=subject)
        case FindingKind.FOREIGN | FindingKind.DUPLICATE:
            return phrase(code, order=finding.order, subject=subject)
        case FindingKind.CONTRADICTION:
            return phrase(code, text=text_told(finding.text))
        case FindingKind.UNREADABLE:
            return phrase(code, subject=subject) if subject else phrase("found.notag", text=text_told(finding.text))
        case FindingKind.NO_ORDER:
            return phrase(code)
        case _:
            assert_never(finding.kind)


def _alarm(value: AlarmChanged) -> Phrase:
    def told(part: str, text: str) -> Word:
        """A site's own words stay as they are."""
        code = f"alarm.{value.kind}.{part}"
        return phrase(code) if text == WORDS[code][0] else text

    more = [phrase("alarm.because", alarm=value.suppressed_by)] if value.suppressed_by else []
    more += [phrase("alarm.by", by=value.by)] if value.by else []
    if value.annunciates:
        consequence, action = told("consequence", value.consequence), told("action", value.action)
        more.append(phrase("alarm.told", text=text_told(value.text), consequence=consequence, action=action))
    elif value.before is value.state and value.active:
        more.append(phrase("alarm.seen", text=text_told(value.text)))
    title = phrase(f"alarm.{value.kind}")
    return phrase(f"alarm-{value.state}", alarm=value.alarm, title=title, more=(*more, *note(value.comment)))


def _alarm_requested(value: AlarmRequested) -> Phrase:
    shelved = value.action is AlarmAction.SHELVE
    more = [phrase("wish.minutes", minutes=value.for_us // 60_000_000)] if shelved else []
    wish = phrase(f"wish.{value.action}")
    return phrase("alarm-requested", by=value.by, wish=wish, alarm=value.alarm, more=(*more, *note(value.comment)))


def amount(value: PointValue | None, unit: str = "") -> Word:
    """A point's value with its unit; ``-`` for none."""
    match value:
        case None:
            return "-"
        case bool():
            return switched(value)
        case float():
            return f"{value:.7g} {unit}".rstrip()
        case _:
            return f"{value} {unit}".rstrip()


def _point(value: PointChanged | PointWriteRequested | PointWritten) -> Phrase:
    point, plc = value.point, value.plc
    match value:
        case PointChanged(quality=Quality.GOOD):
            return phrase("point", point=point, plc=plc, value=amount(value.value, value.unit))
        case PointChanged(quality=Quality.UNCERTAIN):
            may_be = amount(value.value, value.unit)
            return phrase("point-uncertain", point=point, plc=plc, value=may_be, reason=text_told(value.reason))
        case PointChanged(quality=Quality.STALE):
            was = amount(value.value, value.unit)
            return phrase("point-stale", point=point, plc=plc, value=was, reason=text_told(value.reason))
        case PointChanged():
            return phrase("point-bad", point=point, plc=plc, reason=text_told(value.reason))
        case PointWriteRequested():
            return phrase("point-asked", by=value.by, value=amount(value.value), point=point, plc=plc)
        case PointWritten(trouble=""):
            return phrase("point-written", by=value.by, value=amount(value.value), point=point, plc=plc)
        case PointWritten(trouble=trouble):
            told = amount(value.value)
            return phrase("point-refused", by=value.by, value=told, point=point, plc=plc, trouble=text_told(trouble))
        case _:
            assert_never(value)


def _tote(value: ToteChecked) -> Phrase:
    when = phrase("tote.finally" if value.final else "verdict.provisional")
    tote = value.tote or phrase("tote.none")
    order = phrase("tote.order", order=value.order) if value.order else phrase("tote.no-order")
    if value.verified:
        return phrase("tote-verified", when=when, count=len(value.matched), tote=tote, order=order)
    findings = tuple(_finding(finding) for finding in value.findings)
    return phrase("tote-refused", when=when, findings=findings, tote=tote, order=order)


def _changed(value: OrderChanged | ItemReleased, before: Order | None) -> Phrase:
    if isinstance(value, ItemReleased):
        return phrase("item-released", item=value.epc, cause=value.cause)
    return _order(value.order, before)


def _order(order: Order, before: Order | None) -> Phrase:
    if before is not None and before.state is not order.state:
        return phrase(f"order-{order.state}", order=order.id)
    if before is not None and before.refused is not order.refused:
        return phrase("order-refused" if order.refused else "order-cleared", order=order.id)
    parts = [phrase("content.carrier", carrier=f"{order.carrier} {order.service}".rstrip())]
    parts += [phrase("content.tote", tote=order.tote)] if order.tote else []
    parts += [phrase("content.parcel", parcel=order.parcel)] if order.parcel else []
    parts += [phrase("content.codes", codes=order.codes)] if order.codes else []
    items = sum(line.quantity for line in order.lines)
    content = phrase("content.order", items=items, lines=len(order.lines), more=tuple(parts))
    if before is not None:
        return phrase("order-changed", order=order.id, content=content)
    source = f"{order.channel} {order.external}".rstrip()
    closed = order.state is not OrderState.OPEN
    more = (phrase("content.already", state=phrase(f"state.{order.state}")),) if closed else ()
    return phrase("order-new", order=order.id, source=source, content=content, more=more)


def _machine(
    value: Started
    | DeviceChanged
    | PlcConnected
    | EventsMissed
    | FeedFollowed
    | LinesTaken
    | InputFailed
    | DeviceNotice
    | Measured
    | MachineReported
    | CertificateChecked
    | AlarmDue,
) -> Phrase:
    match value:
        case Started(running=True):
            more = [phrase("config-taken.by", by=value.by)] if value.by else []
            more += [
                phrase("config-taken.closing", lane=lane.name, line=layout.name)
                for layout in value.layouts
                for lane in layout.lanes
                if lane.closing
            ]
            return phrase("config-taken", controller=value.controller, config=value.config, more=tuple(more))
        case Started():
            return phrase("started", controller=value.controller, version=value.version)
        case DeviceChanged():
            return phrase(
                "device-up" if value.up else "device-down", device=value.device, reason=text_told(value.reason)
            )
        case PlcConnected():
            session = phrase("session.new" if value.fresh else "session.known", session=value.session)
            return phrase("plc-connected", plc=value.plc, session=session)
        case EventsMissed():
            return phrase("events-missed", plc=value.plc, count=value.count)
        case FeedFollowed():
            code = "feed-anew" if value.anew else "feed-followed"
            places = {"newest": value.newest, "before": value.before} if value.anew else {}
            return phrase(code, store=value.store or phrase("feed.unmarked"), epoch=value.epoch, **places)
        case LinesTaken(away=True):
            return phrase("lines-away")
        case LinesTaken():
            told = phrase("lines-taken.told", node=value.node) if value.node else phrase("lines-taken.untold")
            return phrase("lines-taken", epoch=value.epoch, told=told)
        case InputFailed():
            return phrase("input-failed", kind=value.kind, source=value.source, why=text_told(value.why))
        case DeviceNotice():
            return phrase("notice", device=value.device, text=text_told(value.text))
        case Measured():
            numbers = tuple(f"{name} {number:g}" for name, number in value.values)
            return phrase("measured", device=value.device, numbers=numbers)
        case MachineReported():
            return _reported(value)
        case CertificateChecked():
            return phrase("certificate", device=value.device, text=text_told(value.text))
        case AlarmDue():
            return phrase("alarm-due")
        case _:
            assert_never(value)


def _reported(value: MachineReported) -> Phrase:
    code = f"machine.mode.{value.mode}"
    mode = phrase(code) if code in WORDS else phrase("machine.mode.other", number=value.mode)
    more = [phrase("machine.mode.told", mode=mode)] if value.mode else []
    more += [phrase("machine.processed", count=value.processed)] if value.processed >= 0 else []
    more += [phrase("machine.defective", count=value.defective)] if value.defective >= 0 else []
    state = _state(value.state)
    return phrase("machine", plc=value.plc, state=state, more=tuple(more))
