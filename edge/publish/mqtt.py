"""The publisher that speaks MQTT 5: the unified namespace out, operators' requests in (docs/mqtt.md).

Public names: MqttPublisher, open_mqtt, broker_of.

The cursor moves when the broker has acknowledged. A broker writes down what it acknowledged a little later, if at all;
so on every new connection the newest acknowledged messages are sent once more, and everything that is retained when the
broker remembers nothing of us. Ids make both recognisable.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from importlib.metadata import version

from edge.config.lines import LineConfig
from edge.config.mqtt import BrokerConfig, MqttConfig
from edge.core.values.layout import LineLayout
from edge.journal.host_time import now_us
from edge.journal.record import Record
from edge.publish.cursors import Refused, SetAside
from edge.publish.follow import Delivery, Entry, Following, RequestsInVain, TargetDown
from edge.publish.mqtt_broker import Broker, BrokerDown, LinkCut, Outgoing
from edge.publish.mqtt_commands import CommandDesk
from edge.publish.mqtt_connection import MqttConnection
from edge.publish.namespace import MqttMessage, Namespace
from edge.publish.topics import UNTOLD, PublisherNow

LOOKBACK = 10_000
"""Records between two messages of figures, at least, however busy the lines are; and what another life of this process
may have delivered just before it ended.
"""
PORTION = 500
"""Records of a batch; more would only be sent again after a break."""
AGAIN_S = 10.0
"""What was acknowledged less than this before the connection broke is sent again, and all of the batch under way.

mosquitto with `autosave_interval 1` writes down every two seconds; on a machine with ten busy programs and an hour of
backlog three seconds were too few.
"""
AGAIN_MAX = 50_000
SESSION_S = 60
"""So long requests wait for a publisher that is away."""


class MqttPublisher:
    """One broker."""

    lookback = LOOKBACK
    portion = PORTION

    def __init__(
        self, name: str, config: MqttConfig, site: str, controller: str, layouts: Sequence[LineLayout]
    ) -> None:
        self._name = name
        self._namespace = Namespace(site, controller, layouts)
        self._version = version("lanewise")
        self.doing = ""
        self._before: list[Outgoing] = []
        self._retained: dict[str, MqttMessage] = {}
        self._newest: deque[tuple[float, MqttMessage]] = deque()
        self._desk = desk = self._desk_of(config) if config.commands else None
        self._connection = MqttConnection(
            broker_of(config, f"lanewise-{site}-{controller}-{name}", config.in_flight),
            will=lambda: self._namespace.status(False, now_us(), self._version),
            subscriptions=desk.topics if desk else (),
            arrived=desk.take if desk else lambda _: None,
        )

    def wants(self, record: Record) -> bool:
        """Whether a record makes messages, or counts in some."""
        return record.kind not in UNTOLD

    def prepare(self, entries: Sequence[Entry]) -> Delivery:
        """The messages of some records; sent until each is acknowledged or refused for good."""
        messages = [
            message
            for record, value, record_id in entries
            for message in self._namespace.messages(record.seq, record_id, value, record.body)
        ]
        outgoing = Outgoing(messages)
        self._before.append(outgoing)

        def send() -> Sequence[Refused]:
            try:
                self._deliver(outgoing)
            except BrokerDown as error:
                raise TargetDown(str(error)) from None
            finally:
                self.doing = ""
            refused = outgoing.refused
            self._remember([message for place, message in enumerate(outgoing.messages) if place not in refused])
            self._before.clear()
            return [
                SetAside(refusal.message.seq, f"{refusal.message.topic} {refusal.message.payload!r}", refusal.reason)
                for refusal in outgoing.refused.values()
            ]

        return send

    def tell(self, following: Following) -> None:
        """Tells how it goes, and connects again where nothing else does. Raises TargetDown."""
        try:
            self._connect()
            self._forget_old()
            self._connection.send(Outgoing([self._namespace.publisher(self._told(following))]))
        except BrokerDown as error:
            raise TargetDown(str(error)) from None

    @property
    def requests(self) -> RequestsInVain:
        """What was asked of it in vain."""
        return RequestsInVain() if self._desk is None else self._desk.in_vain

    def give_up(self) -> None:
        """Waits neither for the broker nor, where something is asked of us, for the api."""
        self._connection.give_up()
        if self._desk is not None:
            self._desk.give_up()

    def close(self) -> None:
        """Says goodbye."""
        self._connection.close([self._namespace.status(False, now_us(), self._version)])
        if self._desk is not None:
            self._desk.close()

    # ---- how -------------------------------------------------------------------------------------------------------

    def _deliver(self, outgoing: Outgoing) -> None:
        """Sends, and finds a message for which the broker cuts the link. Raises BrokerDown."""
        while True:
            self._connect(outgoing)
            try:
                self._connection.send(outgoing)
            except LinkCut as error:
                if not outgoing.cut(str(error)):
                    raise
                left, whole = len(outgoing.left()), len(outgoing.messages)
                self.doing = f"{error}: sends {left} of {whole} messages one by one, {len(outgoing.refused)} set aside"
            else:
                return

    def _connect(self, coming: Outgoing | None = None) -> None:
        if self._connection.connected:
            return
        self._remember_before(coming)
        forgotten = self._connection.connect()
        if coming is not None:
            coming.acknowledged.clear()  # by a broker that may have forgotten it since
        messages = [self._namespace.status(True, now_us(), self._version)]
        messages += self._retained.values() if forgotten else ()
        messages += [message for _, message in self._newest]
        self._connection.send(Outgoing(messages))
        now_s = time.monotonic()
        self._newest = deque((now_s, message) for _, message in self._newest)  # acknowledged anew

    def _remember_before(self, coming: Outgoing | None) -> None:
        """What was prepared before what is ``coming`` and never sent had been delivered by another life of this
        process, the newest perhaps just before that ended.
        """
        for other in self._before:
            if other is not coming:
                self._remember(other.messages)
        self._before = [coming] if coming else []

    def _remember(self, messages: Sequence[MqttMessage]) -> None:
        now_s = time.monotonic()
        for message in messages:
            if message.retain:
                self._retained[message.topic] = message
            self._newest.append((now_s, message))
        self._forget_old()

    def _forget_old(self) -> None:
        now_s = time.monotonic()
        while self._newest and (self._newest[0][0] < now_s - AGAIN_S or len(self._newest) > AGAIN_MAX):
            self._newest.popleft()

    def _desk_of(self, config: MqttConfig) -> CommandDesk:
        return CommandDesk(
            config,
            self._namespace,
            lambda message, correlation: self._connection.answer(message, correlation),
            lambda message, correlation: self._connection.answer_at_once(message, correlation),
        )

    def _told(self, following: Following) -> PublisherNow:
        return PublisherNow(
            at_us=now_us(),
            publisher=following.publisher,
            records=following.records,
            backlog=following.backlog,
            set_aside=following.set_aside,
            failures=following.failures,
            refused=self.requests.refused,
            failed=self.requests.failed,
            trouble=following.trouble,
        )


def open_mqtt(name: str, table: MqttConfig, config: LineConfig) -> MqttPublisher:
    """The publisher of [publish.NAME] with kind `mqtt`."""
    return MqttPublisher(name, table, config.site, config.controller, config.layouts())


def broker_of(config: BrokerConfig, client_id: str, in_flight: int = 1, session_s: int = SESSION_S) -> Broker:
    """The broker, and who we are to it."""
    return Broker(config, config.client_id or client_id, in_flight, session_s)
