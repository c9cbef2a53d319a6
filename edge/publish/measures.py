"""From journal records to points: pure, and the same point for the same record whoever makes it and when.

Public names: Measures, WINDOW.

Most records say enough by themselves. Durations need an earlier record (the induction of a track, its route, the alarm
before): it counts only if it lies at most WINDOW records before, so that a publisher which begins anywhere makes the
same points once it has seen that many records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, Generic, TypeVar, assert_never

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
    Event,
    EventsMissed,
    FeedFollowed,
    FindingKind,
    InputFailed,
    ItemReleased,
    Journaled,
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
    RouteReason,
    Sorted,
    Stage,
    Started,
    ToteChecked,
)
from edge.core.values.layout import LineLayout
from edge.core.values.verdicts import Trial
from edge.publish import schema
from edge.publish.gauges import measured
from edge.publish.schema import FieldValue, Measurement, SeriesPoint, point_ns
from plc.points import Value
from plc.words import EventType, LaneChange, Opcode, Refusal

WINDOW: Final = 50_000
"""How many records before its own a point may depend on."""
CLARITY_MAX: Final = 1000.0
_LATE_US: Final = 24 * 3_600_000_000
"""What a device kept longer than this, or says to come, has the time of its arrival: its clock was not known."""

_OPCODES: dict[int, str] = {opcode.value: opcode.name.lower() for opcode in Opcode}
_EVENTS: dict[int, str] = {event.value: event.name.lower().replace("_", "-") for event in EventType}
_CHANGES: dict[tuple[int, int], str] = {
    **{(EventType.LANE, change.value): change.name.lower() for change in LaneChange},
    (EventType.JAM, 0): "over",
    (EventType.JAM, 1): "began",
}
_LATE = frozenset({Refusal.EXPIRED, Refusal.PAST_DECISION})

_Key = tuple[str, int]
_Kept = TypeVar("_Kept")


class _Recent(Generic[_Kept]):
    """The newest value of each track that is at most WINDOW records old."""

    def __init__(self) -> None:
        self._kept: dict[_Key, tuple[int, _Kept]] = {}

    def put(self, seq: int, key: _Key, value: _Kept) -> None:
        self._kept.pop(key, None)
        self._kept[key] = seq, value
        while True:
            oldest = next(iter(self._kept))
            if self._kept[oldest][0] >= seq - WINDOW:
                return
            del self._kept[oldest]

    def get(self, seq: int, key: _Key) -> _Kept | None:
        found = self._kept.get(key)
        return found[1] if found is not None and seq - WINDOW <= found[0] < seq else None


class Measures:
    """Makes the points of one controller's journal; give it every record once, in order."""

    def __init__(self, layouts: Iterable[LineLayout]) -> None:
        layouts = tuple(layouts)
        self._layouts = {layout.name: layout for layout in layouts}
        self._line_of = {(layout.plc, layout.induction): layout for layout in layouts}
        self._inducted: _Recent[PlcEvent] = _Recent()
        self._moved: _Recent[PlcEvent] = _Recent()
        self._decided: _Recent[RouteDecided] = _Recent()
        self._alarmed: _Recent[AlarmChanged] = _Recent()

    def points(self, seq: int, value: Journaled | Event) -> list[SeriesPoint]:  # noqa: C901  a case for each kind
        """The points of one record, none or more, all of different series."""
        made: list[SeriesPoint] = []
        happened_us = self._happened_us(seq, value)
        time_ns = point_ns(happened_us, seq)
        tags: tuple[str, ...]
        fields: dict[str, FieldValue]

        def add(measurement: Measurement, tags: tuple[str, ...], fields: dict[str, FieldValue]) -> None:
            made.append(SeriesPoint(measurement, tags, fields, time_ns))

        match value:
            case PlcEvent():
                event = value.type
                self._moved.put(seq, (value.plc, value.track_id), value)
                if event == EventType.INDUCTED:
                    self._inducted.put(seq, (value.plc, value.track_id), value)
                    layout = self._line_of.get((value.plc, value.station))
                    tags = (layout.name if layout else "", value.plc)
                    add(schema.INDUCTION, tags, {"track": value.track_id, "round": value.value})
                elif event not in (EventType.ENTERED, EventType.LEFT, EventType.ROUTED):
                    tags = (value.plc, _EVENTS.get(event, str(event)), str(value.station))
                    change = _CHANGES.get((event, value.value), "")
                    fields = {"track": value.track_id, "detail": value.value, **({"change": change} if change else {})}
                    add(schema.PLC_EVENT, tags, fields)
            case PassageSeen(stage=Stage.FINAL):
                for measurement, tags, fields in _passage(value, self._portal(value)):
                    add(measurement, tags, fields)
            case ToteChecked(final=True):
                add(schema.CHECK, (value.line, "verified" if value.verified else "refused"), _check(value))
            case RouteDecided():
                plc = self._plc(value.line)
                if plc:
                    self._decided.put(seq, (plc, value.track_id), value)
                add(
                    schema.ROUTE,
                    (value.line, str(value.lane), value.reason.value),
                    {
                        "track": value.track_id,
                        "subject": value.subject,
                        "order_id": value.order,
                        "round": value.round,
                        "no_read": int(value.reason is RouteReason.NO_READ),
                    },
                )
            case CommandHandled():
                if value.opcode == Opcode.ROUTE:
                    made += self._reaction(seq, value, time_ns)
                result = "accepted" if not value.refusal else "unknown" if value.refusal < 0 else "refused"
                fields = {"target": value.target, "operand": value.value, "refusal": value.refusal}
                add(schema.COMMAND, (value.plc, _opcode(value.opcode), result), fields)
            case CommandDropped():
                fields = {"target": value.target, "operand": value.value, "why": value.why}
                add(schema.COMMAND, (value.plc, _opcode(value.opcode), "dropped"), fields)
            case Sorted():
                fields = {
                    "track": value.track_id,
                    "subject": value.subject,
                    "order_id": value.order,
                    "wanted": value.wanted,
                    "bad": int(value.outcome is not Outcome.CONFIRMED),
                }
                inducted = self._inducted.get(seq, (self._plc(value.line), value.track_id))
                if inducted is not None:
                    fields["transit_us"] = happened_us - _booked_us(inducted)
                add(schema.OUTCOME, (value.line, str(value.lane), value.outcome.value), fields)
            case LaneChanged():
                fields = {"full": int(value.full), "disabled": int(value.disabled)}
                add(schema.LANE, (value.line, str(value.lane)), fields)
            case Anomaly():
                fields = {"track": value.track_id, "text": value.text, "subject": value.subject}
                add(schema.ANOMALY, (value.line, value.code.value), fields)
            case AlarmChanged():
                tags = (value.line, value.plc, value.alarm, value.kind.value, value.priority.value, value.state.value)
                fields = _alarm(value)
                before = self._alarmed.get(seq, (value.alarm, 0))
                self._alarmed.put(seq, (value.alarm, 0), value)
                if before is not None and before.active and not value.active:
                    fields["active_us"] = value.since_us - before.since_us
                add(schema.ALARM, tags, fields)
            case LaneRequested():
                action = "enable" if value.enabled else "disable"
                if value.trial is not Trial.NONE:
                    action = f"trial-{value.trial}"
                add(schema.REQUEST, (value.line, str(value.lane), action), {"asked_by": value.by})
            case AlarmRequested():
                fields = {"asked_by": value.by, "subject": value.alarm}
                add(schema.REQUEST, ("", "", value.action.value), fields)
            case PointWriteRequested():
                fields = {"asked_by": value.by, "subject": f"{value.plc}/{value.point}"}
                add(schema.REQUEST, ("", "", "write"), fields)
            case PointChanged():
                add(schema.PLC_POINT, (value.plc, value.point, value.quality.value), _plc_point(value))
            case PointWritten():
                fields = {"why": value.trouble, **_amount(value.value)}
                add(schema.PLC_WRITE, (value.plc, value.point, "refused" if value.trouble else "accepted"), fields)
            case OrderChanged(order=order):
                fields = {
                    "order_id": order.id,
                    "tote_id": order.tote or "",
                    "parcel_id": order.parcel or "",
                    "lines": len(order.lines),
                    "items": sum(line.quantity for line in order.lines),
                }
                add(schema.ORDERS, (order.carrier, order.service, order.channel, order.state.value), fields)
            case OrderShipped():
                fields = {"order_id": value.order, "parcel_id": value.parcel}
                add(schema.SHIPMENT, (value.line, str(value.lane)), fields)
            case DeviceChanged():
                add(schema.DEVICE, (value.device,), {"up": int(value.up), "why": value.reason})
            case PlcConnected():
                fields = {"session": value.session, "epoch": value.epoch, "fresh": int(value.fresh)}
                add(schema.PLC_CONNECTION, (value.plc,), fields)
            case EventsMissed():
                add(schema.EVENTS_MISSED, (value.plc,), {"events": value.count})
            case DeviceNotice():
                add(schema.NOTICE, (value.device, value.code.value), {"text": value.text})
            case BarcodesRead():
                add(schema.SCAN, (value.reader,), {"codes": len(value.codes), "no_read": int(not value.codes)})
            case Started():
                add(schema.STARTED, (), {"version": value.version, "lines": len(value.layouts)})
            case Measured():
                for measurement, tags, fields in measured(value):
                    add(measurement, tags, fields)
            case MachineReported():
                add(schema.PLC, (value.plc,), _machine(value))
            case ParcelGated():
                fields = {
                    "parcel_id": value.parcel,
                    "order_id": value.order,
                    "load_id": value.load,
                    "bad": int(value.astray),
                    "asked_by": value.by,
                }
                add(schema.GATE, (value.dock, value.direction.value, value.verdict.value), fields)
            case LoadOpened() | LoadClosed():
                counts = (0, 0, 0, 0)
                if isinstance(value, LoadClosed):
                    counts = (len(value.aboard), len(value.wrong), len(value.missing), len(value.undetermined))
                fields = {"load_id": value.load.id, "asked_by": value.by}
                fields |= zip(("aboard", "wrong", "missing", "undetermined"), counts, strict=True)
                times = (("cutoff_ms", value.load.cutoff_us), ("departure_ms", value.load.departure_us))
                fields |= {name: at_us // 1000 for name, at_us in times if at_us}
                action = "open" if isinstance(value, LoadOpened) else "close"
                add(schema.LOAD, (value.load.dock, value.load.carrier, action), fields)
            case DockChanged():
                fields = {"light": int(value.light), "buzzer": int(value.buzzer), "wrong": len(value.wrong)}
                add(schema.DOCK, (value.dock, value.reason.value), fields)
            case LoadRequested():
                fields = {"asked_by": value.by, "subject": value.load_id}
                add(schema.REQUEST, ("", "", value.action.value), fields)
            case (
                PassageSeen()
                | ToteChecked()
                | CommandSent()
                | CertificateChecked()
                | FeedFollowed()
                | LinesTaken()
                | InputFailed()
                | ItemReleased()
                | AlarmDue()
                | DoorSeen()
                | LoadRefused()
                | OutputSet()
            ):
                pass
            case _:
                assert_never(value)
        return made

    def _happened_us(self, seq: int, value: Journaled | Event) -> int:
        """When a PLC saw it, where it tells of that: after an outage it tells all at once what it kept."""
        if isinstance(value, PlcEvent):
            return _booked_us(value)
        if isinstance(value, Sorted):
            told = self._moved.get(seq, (self._plc(value.line), value.track_id))
            if told is not None and told.at_us == value.at_us:
                return _booked_us(told)
        return value.at_us

    def _plc(self, line: str) -> str:
        layout = self._layouts.get(line)
        return layout.plc if layout else ""

    def _portal(self, seen: PassageSeen) -> str:
        layout = self._layouts.get(seen.line)
        return seen.portal or (layout.portal.name if layout else "")

    def _reaction(self, seq: int, value: CommandHandled, time_ns: int) -> Iterator[SeriesPoint]:
        decided = self._decided.get(seq, (value.plc, value.value))
        if decided is None or decided.turned:  # which says nothing of how fast a parcel is decided
            return
        fields: dict[str, FieldValue] = {
            "track": value.value,
            "handling_us": value.at_us - decided.at_us,
            "late": int(value.refusal in _LATE),
            "refusal": value.refusal,
        }
        inducted = self._inducted.get(seq, (value.plc, value.value))
        if inducted is not None:
            if self._layouts[decided.line].known_at_induction:
                fields["reaction_us"] = value.at_us - inducted.at_us
            left_ms = (decided.expiry_ms - inducted.plc_ms + 2**31) % 2**32 - 2**31
            fields["margin_us"] = margin_us = inducted.device_us + left_ms * 1000 - value.at_us
            fields["late"] = int(value.refusal in _LATE or margin_us < 0)
        result = "accepted" if not value.refusal else "unknown" if value.refusal < 0 else "refused"
        yield SeriesPoint(schema.REACTION, (decided.line, value.plc, result), fields, time_ns)


_Made = Iterator[tuple[Measurement, tuple[str, ...], dict[str, FieldValue]]]


def _booked_us(event: PlcEvent) -> int:
    return event.device_us if 0 <= event.at_us - event.device_us <= _LATE_US else event.at_us


def _opcode(number: int) -> str:
    return _OPCODES.get(number, str(number))


def _passage(value: PassageSeen, portal: str) -> _Made:
    own = value.own
    fields: dict[str, FieldValue] = {
        "track": value.track_id,
        "tags_owned": len(own),
        "tags_rejected": len(value.claims) - len(own),
        "reads": sum(tag.count for tag in value.tags),
        "empty": int(not own),
        "dwell_us": value.stop_us - value.start_us,
        "offset_us": value.offset_us,
        "doubtful": int(bool(value.cause)),
    }
    if own:
        fields["clarity"] = min(
            CLARITY_MAX, *(claim.weight / claim.rival if claim.rival > 0 else CLARITY_MAX for claim in own)
        )
    yield schema.PASSAGE, (value.line, portal), fields
    tags: Counter[int] = Counter()
    reads: Counter[int] = Counter()
    weights: dict[int, float] = {}
    for tag in value.tags:
        tags[tag.antenna] += 1
        reads[tag.antenna] += tag.count
        weights[tag.antenna] = weights.get(tag.antenna, 0.0) + tag.weight
    for antenna, weight in weights.items():
        seen: dict[str, FieldValue] = {"tags": tags[antenna], "reads": reads[antenna], "weight": weight}
        yield schema.PASSAGE_ANTENNA, (value.line, portal, str(antenna)), seen


def _check(value: ToteChecked) -> dict[str, FieldValue]:
    found = Counter[FindingKind]()
    for finding in value.findings:
        found[finding.kind] += finding.quantity
    return {
        "track": value.track_id,
        "tote_id": value.tote,
        "order_id": value.order,
        "matched": len(value.matched),
        **{kind.value.replace("-", "_"): found[kind] for kind in FindingKind},
    }


def _machine(value: MachineReported) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {"packml_state": value.state}
    if value.mode:
        fields["packml_mode"] = value.mode
    counts = (("processed", value.processed), ("defective", value.defective))
    fields |= {name: count for name, count in counts if count >= 0}
    if value.speed:
        fields["products_per_min"] = value.speed
    return fields


def _plc_point(value: PointChanged) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {"age_us": value.at_us - value.read_us, "why": value.reason}
    return fields if value.value is None else {**fields, **_amount(value.value)}


def _amount(value: Value) -> dict[str, FieldValue]:
    return {"text": value} if isinstance(value, str) else {"number": float(value)}


def _alarm(value: AlarmChanged) -> dict[str, FieldValue]:
    return {
        "active": int(value.active),
        "annunciated": int(value.annunciates),
        "before": value.before.value,
        "text": value.text,
        "asked_by": value.by,
        "suppressed_by": value.suppressed_by,
    }
