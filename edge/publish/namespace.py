"""The unified namespace: which messages a journal's records become, on which topics (docs/mqtt.md has the tree).

Public names: Namespace, MqttMessage, cloud_event; the topics are in topics.py.

Pure. Three kinds of messages: *state* is retained, what is so now; *events* are CloudEvents, what happened; *numbers*
are plain JSON, every 10 s. The same record always gives the same messages, and each names its record in ``id``.
Source: CloudEvents 1.0.2, 3.1; its JSON format, 3; its MQTT protocol binding, 3.2 (structured content mode).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import NamedTuple

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
from edge.core.iso_time import iso
from edge.core.values.layout import LineLayout
from edge.publish.line_states import LineStates
from edge.publish.told import SiteTold
from edge.publish.topics import (
    CHANNELS,
    CLOUD_EVENT_TYPE,
    JSON_TYPE,
    ROOT,
    Channel,
    PublisherNow,
    State,
    Status,
)


class MqttMessage(NamedTuple):
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
        case ItemReleased():
            return "item-released", value.epc
        case OrderShipped():
            return "order-shipped", value.order
        case ToteChecked(final=True):
            return "tote-verified" if value.verified else "tote-refused", value.tote
        case RouteDecided():
            return "route-decided", value.subject
        case Sorted():
            return "sorted", value.subject
        case ParcelGated():
            return "parcel-gated", value.parcel
        case LoadOpened():
            return "load-opened", value.load.id
        case LoadClosed():
            return "load-closed", value.load.id
        case LoadRequested():
            return "load-requested", value.load_id
        case LoadRefused():
            return "load-refused", value.load
        case DockChanged():
            return "dock-changed", value.dock
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


def cloud_event(event_id: str, source: str, name: str, subject: str, at_us: int, data: str) -> bytes:
    """A CloudEvent of type ``lanewise.<name>`` in structured mode. ``data``: JSON."""
    told = f'"subject":{json.dumps(subject)},' if subject else ""
    return (
        f'{{"specversion":"1.0","id":{json.dumps(event_id)},"source":{json.dumps(source)},"type":"{ROOT}.{name}",{told}'
        f'"time":"{iso(at_us, 6)}","datacontenttype":"application/json","data":{data}}}'
    ).encode()


class Namespace:
    """Makes the messages of one controller's journal; give it every record once, in order."""

    def __init__(self, site: str, controller: str, layouts: Iterable[LineLayout]) -> None:
        self._site = site
        self._controller = controller
        layouts = tuple(layouts)
        self._lines = {layout.name for layout in layouts}
        self._states = LineStates(layouts)

    def topic(self, channel: Channel, **names: str | int) -> str:
        """A whole topic."""
        return f"{ROOT}/{self._site}/{channel.format(controller=self._controller, **names)}"

    def status(self, online: bool, at_us: int, version: str) -> MqttMessage:
        """The publisher is there, or not; the latter also as last will."""
        return self._message(Channel.STATUS, Status(at_us, online, self._controller, version), 0)

    def publisher(self, told: PublisherNow) -> MqttMessage:
        """How a publisher goes."""
        return self._message(Channel.PUBLISHER, told, 0)

    def command(self, what: str) -> str:
        """The topic of requests; ``+`` for all."""
        return self.topic(Channel.COMMAND, command=what)

    def answer(self, what: str, response_topic: str, payload: bytes) -> MqttMessage:
        """An answer. Whatever a request names, only topics for answers are written to: others hold our own state."""
        topic = self.topic(Channel.ANSWER, command=what)
        below = self.topic(Channel.ANSWER, command="")
        if response_topic.startswith(below) and not set(response_topic) & set("+#\0"):
            topic = response_topic
        how = CHANNELS[Channel.ANSWER]
        return MqttMessage(topic, payload, how.retain, JSON_TYPE, how.expiry_s, 0)

    def messages(self, seq: int, record_id: str, value: Journaled | Event | SiteTold, body: str) -> list[MqttMessage]:
        """The messages of one record, in order. ``body``: the record as JSON, of a site's outbox its CloudEvent."""
        if isinstance(value, SiteTold):
            topic, how = self.topic(Channel.EDGE_EVENT, event=value.type), CHANNELS[Channel.EDGE_EVENT]
            return [MqttMessage(topic, body.encode(), how.retain, CLOUD_EVENT_TYPE, how.expiry_s, seq)]
        made = [self._message(channel, told, seq) for channel, told in self._states.take(record_id, value)]
        event = self.event(seq, record_id, value, body)
        return made if event is None else [*made, event]

    def event(self, seq: int, record_id: str, value: Journaled | Event, body: str) -> MqttMessage | None:
        """The event that one record is, whatever came before it; None = it is none. ``body``: the record as JSON."""
        event = _event_of(value)
        if event is None:
            return None
        name, subject = event
        line = getattr(value, "line", "")
        channel = Channel.EVENT if line in self._lines else Channel.EDGE_EVENT
        topic = self.topic(channel, line=line, event=name)
        source = f"/{ROOT}/{self._site}/{self._controller}"
        payload = cloud_event(record_id, source, name, subject, value.at_us, body)
        told = CHANNELS[channel]
        return MqttMessage(topic, payload, told.retain, CLOUD_EVENT_TYPE, told.expiry_s, seq)

    def _message(self, channel: Channel, told: State, seq: int) -> MqttMessage:
        how, body = CHANNELS[channel], asdict(told)
        payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        topic = f"{ROOT}/{self._site}/{channel.format(**{'controller': self._controller, **body})}"
        return MqttMessage(topic, payload, how.retain, JSON_TYPE, how.expiry_s, seq)
