"""What a broker is told once more, beside the publisher that runs: events of a time, and those that it refused.

Public names: send_history, send_set_aside.

Events only. A state is retained, so an old one would stand where that of now does, and numbers are of their 10 s.
An event keeps its id: who has it leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import takewhile

from edge.config.lines import LineConfig
from edge.config.mqtt import MqttConfig
from edge.journal.host_time import local, now_us
from edge.journal.record import JournalError, Record
from edge.journal.source import JournalSource
from edge.publish.cursors import give_back, read_kept
from edge.publish.follow import TargetDown
from edge.publish.mqtt import broker_of
from edge.publish.mqtt_broker import BrokerDown, LinkCut, Outgoing
from edge.publish.mqtt_connection import MqttConnection
from edge.publish.namespace import MqttMessage, Namespace

PORTION = 500
"""Events that are sent before it is said how far it is."""


class _Again:
    """A connection of its own, which says nothing of the publisher that runs, and the events of the journal."""

    def __init__(self, config: LineConfig, name: str, table: MqttConfig) -> None:
        ours = table.client_id or f"lanewise-{config.site}-{config.controller}-{name}"
        apart = table.model_copy(update={"client_id": f"{ours}-again"})
        self._connection = MqttConnection(broker_of(apart, "", table.in_flight, session_s=0), will=None)
        self._namespace = Namespace(config.site, config.controller, config.layouts())
        self._source = JournalSource(config.journal, config.controller)
        self.reader = self._source.open()
        self._node = self._source.node(self.reader)

    def event(self, record: Record) -> MqttMessage | None:
        """The event that a record is, or None, also for a record that nobody can read."""
        try:
            value = record.value
        except JournalError:
            return None
        return self._namespace.event(record.seq, f"{self._node}/{record.seq}", value, record.body)

    def send(self, messages: Sequence[MqttMessage]) -> dict[int, str]:
        """By place in ``messages`` why the broker refused some for good. Raises TargetDown."""
        outgoing = Outgoing(messages)
        while True:
            try:
                self._connection.connect()
                self._connection.send(outgoing)
            except LinkCut as error:
                if not outgoing.cut(str(error)) and outgoing.cuts > 1:
                    raise TargetDown(str(error)) from None
            except BrokerDown as error:
                raise TargetDown(str(error)) from None
            else:
                return {place: refusal.reason for place, refusal in outgoing.refused.items()}

    def close(self) -> None:
        """Says goodbye."""
        self._connection.close()
        self._source.close()


def send_history(config: LineConfig, name: str, table: MqttConfig, since_us: int, until_us: int) -> Iterator[str]:
    """Sends one broker the events from ``since_us`` until before ``until_us`` once more; its cursor stays.

    Yields what is done. Raises JournalError, TargetDown.
    """
    with closing(_Again(config, name, table)) as again:
        sent, refused, part = 0, list[str](), list[MqttMessage]()

        def delivered(at_us: int) -> str:
            nonlocal sent
            refused.extend(again.send(part).values())
            sent += len(part)
            part.clear()
            return f"{name}: {sent} events, until {local(at_us)}"

        records = again.reader.every(max(0, again.reader.older(since_us)))
        for record in takewhile(lambda record: record.at_us < until_us, records):
            event = again.event(record) if record.at_us >= since_us else None
            if event is not None:
                part.append(event)
            if len(part) == PORTION:
                yield delivered(record.at_us)
        if part:
            delivered(until_us)
        yield f"{name}: {sent} events sent again{_of(refused)}"


def send_set_aside(config: LineConfig, name: str, table: MqttConfig) -> Iterator[str]:
    """Sends one broker the events that it refused once more; those that it takes now are set aside no longer.

    Yields what is done. Raises CursorError, JournalError, TargetDown.
    """
    with closing(_Again(config, name, table)) as again:
        numbers, events, left = list[int](), list[MqttMessage](), 0
        for number, one in read_kept(config.publish_state, name):
            made = [again.event(record) for record in again.reader.after(one.seq - 1, 1) if record.seq == one.seq]
            same = [event for event in made if event is not None and f"{event.topic} {event.payload!r}" == one.what]
            left += not same
            numbers += [number] * len(same)
            events += same
        refused = again.send(events) if events else {}
        taken = [number for place, number in enumerate(numbers) if place not in refused]
        give_back(config.publish_state, name, taken, (), now_us())
        if left:
            yield f"{name}: {left} stay set aside: states and numbers of then, and what the journal no longer has"
        yield f"{name}: {len(events)} events sent again{_of(list(refused.values()))}"


def _of(refused: Sequence[str]) -> str:
    return f", {len(refused)} refused: {refused[0]}" if refused else ""
