"""The unified namespace: which messages a journal's records become, on which topics (docs/mqtt.md has the tree).

Public names: Namespace, Message, cloud_event, rfc3339; the topics are in topics.py.

Pure. Three kinds of messages: *state* is retained, what is so now; *events* are CloudEvents, what happened; *numbers*
are plain JSON, every 10 s. The same record always gives the same messages, and each names its record in ``id``.
Source: CloudEvents 1.0.2, 3.1; its JSON format, 3; its MQTT protocol binding, 3.2 (structured content mode).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from edge.line.events import (
    AlarmChanged,
    AlarmRequested,
    Anomaly,
    DeviceChanged,
    Event,
    Journaled,
    LaneChanged,
    LaneRequested,
    Measured,
    OrderChanged,
    OrderShipped,
    Outcome,
    PlcConnected,
    PlcEvent,
    RouteDecided,
    RouteReason,
    Sorted,
    Started,
    ToteChecked,
)
from edge.line.layout import LineLayout
from edge.publish.topics import (
    CHANNELS,
    CLOUD_EVENT_TYPE,
    COUNTED,
    JSON_TYPE,
    ROOT,
    AlarmNow,
    Channel,
    DeviceNow,
    Figures,
    LaneNow,
    Numbers,
    PublisherNow,
    State,
    Status,
)
from plc.words import EventType


class Message(NamedTuple):
    """One message. ``topic``: whole. ``expiry_s`` 0: never. ``seq``: the record that it tells, 0 = none."""

    topic: str
    payload: bytes
    retain: bool
    content_type: str
    expiry_s: int
    seq: int


def _event_of(value: Journaled | Event) -> tuple[str, str] | None:
    """Name and subject of the event that a record is, or None."""
    match value:
        case OrderChanged():
            return "order-changed", value.order.id
        case OrderShipped():
            return "order-shipped", value.order
        case ToteChecked(final=True):
            return "tote-verified" if value.verified else "tote-refused", value.tote
        case RouteDecided():
            return "route-decided", value.subject
        case Sorted():
            return "sorted", value.subject
        case LaneChanged():
            return "lane-changed", f"{value.line}.{value.lane}"
        case LaneRequested():
            return "lane-requested", f"{value.line}.{value.lane}"
        case AlarmChanged():
            return "alarm-changed", value.alarm
        case AlarmRequested():
            return "alarm-requested", value.alarm
        case Anomaly():
            return "anomaly", value.subject
        case DeviceChanged():
            return "device-changed", value.device
        case Started():
            return "controller-started", value.controller
        case _:
            return None


def rfc3339(at_us: int) -> str:
    """Microseconds since 1970 as UTC time of RFC 3339, the proleptic Gregorian calendar."""
    seconds, micro = divmod(at_us, 1_000_000)
    days, second = divmod(seconds, 86_400)
    # Eras of 400 years have 146,097 days; a year begins in March here, so that leap days come last.
    era, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    month, year = (month + 3, year) if month < 10 else (month - 9, year + 1)
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{micro:06d}"
    return f"{year + 400 * era:04d}-{month:02d}-{day + 1:02d}T{clock}Z"


def cloud_event(event_id: str, source: str, name: str, subject: str, at_us: int, data: str) -> bytes:
    """A CloudEvent of type ``lanewise.<name>`` in structured mode. ``data``: JSON."""
    told = f'"subject":{json.dumps(subject)},' if subject else ""
    return (
        f'{{"specversion":"1.0","id":{json.dumps(event_id)},"source":{json.dumps(source)},"type":"{ROOT}.{name}",{told}'
        f'"time":"{rfc3339(at_us)}","datacontenttype":"application/json","data":{data}}}'
    ).encode()


@dataclass(slots=True)
class _Counted:
    """What was counted on one line since its last message."""

    from_us: int = 0
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


_OUTCOMES = {
    Outcome.CONFIRMED: "confirmed",
    Outcome.MISSORTED: "missorted",
    Outcome.DEFAULTED: "defaulted",
    Outcome.FAILED: "failed",
    Outcome.LOST: "lost",
}


class Namespace:
    """Makes the messages of one controller's journal; give it every record once, in order."""

    def __init__(self, site: str, controller: str, layouts: Iterable[LineLayout]) -> None:
        self._site = site
        self._controller = controller
        self._layouts = {layout.name: layout for layout in layouts}
        self._line_of = {(layout.plc, layout.induction): layout.name for layout in self._layouts.values()}
        self._figures = {name: _Counted() for name in self._layouts}
        self._lanes: dict[tuple[str, int], tuple[bool, bool]] = {}

    def topic(self, channel: Channel, **names: str | int) -> str:
        """A whole topic."""
        return f"{ROOT}/{self._site}/{channel.format(controller=self._controller, **names)}"

    def status(self, online: bool, at_us: int, version: str) -> Message:
        """The publisher is there, or not; the latter also as last will."""
        return self._message(Channel.STATUS, Status(at_us, online, self._controller, version), 0)

    def publisher(self, told: PublisherNow) -> Message:
        """How a publisher goes."""
        return self._message(Channel.PUBLISHER, told, 0, publisher=told.publisher)

    def command(self, what: str) -> str:
        """The topic of requests; ``+`` for all."""
        return self.topic(Channel.COMMAND, command=what)

    def answer(self, what: str, response_topic: str, payload: bytes) -> Message:
        """An answer. Whatever a request names, only topics for answers are written to: others hold our own state."""
        topic = self.topic(Channel.ANSWER, command=what)
        below = self.topic(Channel.ANSWER, command="")
        if response_topic.startswith(below) and not set(response_topic) & set("+#\0"):
            topic = response_topic
        how = CHANNELS[Channel.ANSWER]
        return Message(topic, payload, how.retain, JSON_TYPE, how.expiry_s, 0)

    def messages(self, seq: int, record_id: str, value: Journaled | Event, body: str) -> list[Message]:
        """The messages of one record, in order. ``body``: the record as JSON."""
        self._count(value)
        made = list(self._state(seq, record_id, value))
        event = _event_of(value)
        if event is not None:
            name, subject = event
            line = getattr(value, "line", "")
            channel = Channel.EVENT if line in self._layouts else Channel.EDGE_EVENT
            topic = self.topic(channel, line=line, event=name)
            source = f"/{ROOT}/{self._site}/{self._controller}"
            payload = cloud_event(record_id, source, name, subject, value.at_us, body)
            told = CHANNELS[channel]
            made.append(Message(topic, payload, told.retain, CLOUD_EVENT_TYPE, told.expiry_s, seq))
        return made

    def _message(self, channel: Channel, told: State, seq: int, **names: str | int) -> Message:
        how = CHANNELS[channel]
        payload = json.dumps(asdict(told), ensure_ascii=False, separators=(",", ":")).encode()
        return Message(self.topic(channel, **names), payload, how.retain, JSON_TYPE, how.expiry_s, seq)

    def _state(self, seq: int, record_id: str, value: Journaled | Event) -> Iterable[Message]:
        match value:
            case LaneChanged() if value.line in self._layouts:
                yield self._lane(seq, record_id, value.at_us, value.line, value.lane, value.full, value.disabled)
            case PlcConnected():
                for layout in self._layouts.values():
                    for lane in layout.lanes if layout.plc == value.plc else ():
                        bit = 1 << (lane.number - 1)
                        full, disabled = bool(value.lanes_full & bit), bool(value.lanes_disabled & bit)
                        yield self._lane(seq, record_id, value.at_us, layout.name, lane.number, full, disabled)
            case DeviceChanged():
                now = DeviceNow(record_id, value.at_us, value.device, value.up, value.reason)
                yield self._message(Channel.DEVICE, now, seq, device=value.device)
            case AlarmChanged():
                channel = Channel.ALARM if value.line in self._layouts else Channel.EDGE_ALARM
                yield self._message(channel, _alarm(record_id, value), seq, line=value.line, alarm=value.alarm)
            case Measured():
                yield from self._measured(seq, record_id, value)
            case _:
                pass

    def _lane(
        self, seq: int, record_id: str, at_us: int, line: str, number: int, full: bool, disabled: bool
    ) -> Message:
        self._lanes[line, number] = full, disabled
        lane = next((known for known in self._layouts[line].lanes if known.number == number), None)
        now = LaneNow(record_id, at_us, line, number, lane.name if lane else "", full, disabled)
        return self._message(Channel.LANE, now, seq, line=line, lane=number)

    def _measured(self, seq: int, record_id: str, value: Measured) -> Iterable[Message]:
        at_us = value.at_us
        numbers = Numbers(record_id, at_us, value.device, dict(value.values))
        yield self._message(Channel.MEASURED, numbers, seq, device=value.device)
        group, _, line = value.device.partition(".")
        if group != "line" or line not in self._figures:
            return
        counted, self._figures[line] = self._figures[line], _Counted(at_us)
        if counted.from_us:
            counts = {name: counted.counts.get(name, 0) for name in COUNTED}
            yield self._message(
                Channel.FIGURES, Figures(record_id, at_us, line, counted.from_us, counts), seq, line=line
            )
        for key, number in value.values:  # also of a lane that never changed
            what, _, lane = key.partition(".")
            full, disabled = bool(int(number) & 1), bool(int(number) & 2)
            if what == "lane" and self._lanes.get((line, int(lane))) != (full, disabled):
                yield self._lane(seq, record_id, at_us, line, int(lane), full, disabled)

    def _count(self, value: Journaled | Event) -> None:
        if isinstance(value, PlcEvent):
            line = self._line_of.get((value.plc, value.station)) if value.type == EventType.INDUCTED else None
            if line is not None and not value.value:
                self._figures[line].add("inducted")
            return
        figures = self._figures.get(getattr(value, "line", ""))
        if figures is None:
            return
        match value:
            case ToteChecked(final=True):
                figures.add("verified" if value.verified else "refused")
            case RouteDecided(round=0):
                figures.add("decided")
                if value.reason is RouteReason.NO_READ:
                    figures.add("no_read")
            case Sorted():
                figures.add(_OUTCOMES[value.outcome])
            case OrderShipped():
                figures.add("shipped")
            case AlarmChanged() if value.annunciates:
                figures.add("alarms")
            case _:
                pass


def _alarm(record_id: str, value: AlarmChanged) -> AlarmNow:
    return AlarmNow(
        id=record_id,
        at_us=value.at_us,
        alarm=value.alarm,
        kind=value.kind,
        line=value.line,
        plc=value.plc,
        state=value.state,
        active=value.active,
        since_us=value.since_us,
        priority=value.priority,
        text=value.text,
        cause=value.cause,
        consequence=value.consequence,
        action=value.action,
        by=value.by,
        comment=value.comment,
        until_us=value.until_us,
        suppressed_by=value.suppressed_by,
    )
