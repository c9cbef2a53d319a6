"""The publisher that is a Sparkplug B edge node: the controller is the node, its lines are the devices (docs/mqtt.md).

Public names: SparkplugPublisher.

Sparkplug sends data with QoS 0. The cursor moves when the broker has read everything of a batch, which the answer to a
subscription behind it tells. Every connection begins with births of all metrics; what is told late is marked as
history. With a primary host, nothing is told while that is not online: what happens waits in the journal.
Source: Sparkplug 3.0.0, 5 (operational behaviour; 5.4 and 5.13 of a primary host), 6.4.15 (sequence numbers).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TypeAlias

from edge.config.lines import LineConfig
from edge.config.mqtt import SparkplugConfig
from edge.config.points import point
from edge.core.alarms.alarms import unraised
from edge.core.events import Started
from edge.journal.host_time import now_us
from edge.journal.record import Record
from edge.publish.cursors import Refused, SetAside
from edge.publish.follow import NONE_IN_VAIN, Delivery, Entry, Following, TargetDown
from edge.publish.mqtt import broker_of
from edge.publish.mqtt_broker import STRIKES, Arrived, BrokerDown, LinkCut, Outgoing
from edge.publish.mqtt_connection import MqttConnection
from edge.publish.namespace import MqttMessage
from edge.publish.sparkplug_metrics import NODE, Change, Metric, MetricType, SparkplugMetrics
from edge.publish.sparkplug_payload import BD_SEQ, REBIRTH, HostState, asks_rebirth, encode, host_state
from edge.publish.told import SiteTold
from edge.publish.topics import UNTOLD

_Changes: TypeAlias = Sequence[tuple[int, Change]]
HISTORY_US = 60_000_000
"""What is told so late is history: hosts keep it and do not show it as what is now."""
HOST_S = 5.0
"""So long a new connection waits for the primary host to be online, before it is said that it is not."""


@dataclass(slots=True)
class _Batch:
    """What is left of a batch, and what no broker takes of it. ``cuts``: how often the link was cut meanwhile;
    ``strikes``: for the first that is left, alone under way.
    """

    left: list[tuple[int, Change]]
    aside: list[SetAside] = field(default_factory=list)
    cuts: int = 0
    strikes: int = 0

    def cut(self, reason: str, sizes: Sequence[int]) -> bool:
        """True: try again at once, since what the link is cut for is being found."""
        self.cuts += 1
        if self.cuts > 2:
            self.strikes += 1
            if self.strikes >= STRIKES:
                seq, change = self.left.pop(0)
                why = f"{sum(sizes)} bytes: the link is cut for it each time: {reason}"
                self.aside.append(SetAside(seq, f"{[metric.name for metric in change.metrics]}", why))
                self.strikes = 0
        return self.cuts > 1


class SparkplugPublisher:
    """One edge node on one broker."""

    lookback = 5_000
    portion = 200
    requests = NONE_IN_VAIN

    def __init__(self, name: str, table: SparkplugConfig, config: LineConfig) -> None:
        self._prefix = f"spBv1.0/{table.group or config.site}"
        self._node = config.controller
        layouts = config.layouts()
        mailboxes = [plc for plc, its in config.plc.items() if its.mailbox]
        devices = [*(f"plc.{plc}" for plc in mailboxes), *(f"reader.{reader}" for reader in config.reader)]
        started = Started(
            at_us=0, controller=config.controller, version=version("lanewise"), layouts=layouts, alarms=config.alarms()
        )
        points = {
            (plc, its): point(its, given).type.kind
            for plc, known in config.plc.items()
            for its, given in known.point.items()
        }
        self._metrics = SparkplugMetrics(layouts, devices, unraised(started), points)
        self._now = {
            device: {its: Metric(its, kind, None, 0) for its, kind in kinds.items()}
            for device, kinds in self._metrics.kinds.items()
        }
        self.doing = ""
        self._before: list[_Changes] = []
        self._seq = 0
        self._births = -1
        self._turn = threading.Lock()
        self._asked = threading.Event()
        self._closing = False
        self._born = False
        self._host = table.primary_host
        self._host_topic = f"spBv1.0/STATE/{self._host}"
        self._host_state = HostState(False, 0)
        self._host_said = threading.Event()
        self._connection = MqttConnection(
            broker_of(table, f"lanewise-{config.site}-{config.controller}-{name}", session_s=0),
            will=self._will,
            subscriptions=(self._topic("NCMD"),),
            arrived=self._arrived,
            states=(self._host_topic,) if self._host else (),
        )
        self._midwife = threading.Thread(target=self._bear, name="sparkplug-rebirth", daemon=True)
        self._midwife.start()

    def wants(self, record: Record) -> bool:
        """Whether a record may change a metric."""
        return record.kind not in UNTOLD

    def prepare(self, entries: Sequence[Entry]) -> Delivery:
        """What some records change; sent until the broker has read it."""
        changes = [
            (record.seq, change)
            for record, value, record_id in entries
            if not isinstance(value, SiteTold)
            for change in self._metrics.take(record_id, value)
        ]
        self._before.append(changes)
        batch = _Batch(list(changes))

        def send() -> Sequence[Refused]:
            with self._turn:
                try:
                    self._deliver(changes, batch)
                except BrokerDown as error:
                    raise TargetDown(str(error)) from None
                finally:
                    self.doing = ""
                self._before.clear()
            return batch.aside

        return send

    def tell(self, _: Following) -> None:
        """Connects again where nothing else does. Raises TargetDown."""
        with self._turn:
            try:
                self._connect()
            except BrokerDown as error:
                raise TargetDown(str(error)) from None

    def give_up(self) -> None:
        """Waits no longer for the broker or a host."""
        self._connection.give_up()
        self._host_said.set()

    def close(self) -> None:
        """Tells of the node's death, and leaves."""
        self._closing = True
        self._asked.set()
        self._midwife.join(20)
        self._connection.close([self._death()] if self._born else [])

    # ---- births and deaths -----------------------------------------------------------------------------------------

    def _topic(self, kind: str, device: str = NODE) -> str:
        return f"{self._prefix}/{kind}/{self._node}{f'/{device}' if device else ''}"

    def _will(self) -> MqttMessage:
        """The death that belongs to the connection which is about to be made."""
        self._births = (self._births + 1) % 256
        return self._death()

    def _death(self) -> MqttMessage:
        metric = Metric(BD_SEQ, MetricType.INT64, self._births, now_us())
        return MqttMessage(self._topic("NDEATH"), encode([metric], now_us(), None), False, "", 0, 0)

    def _connect(self, coming: _Changes = ()) -> None:
        """What was prepared before what is ``coming`` and never sent had been delivered by another life."""
        if not self._connection.connected:
            self._born = False
            self._host_said.clear()
            self._host_state = self._host_state._replace(online=False)
            self._connection.connect()
        if self._born:
            return
        self._wait_for_host()
        for changes in self._before:
            if changes is not coming:
                self._remember(changes, self._data(changes)[1])
        self._before = [coming] if coming else []
        self._be_born()
        self._born = True

    def _wait_for_host(self) -> None:
        """Until the primary host is online, for a while. Raises BrokerDown."""
        if self._host and not (self._host_said.wait(HOST_S) and self._host_state.online):
            raise BrokerDown(
                f"primary host {self._host} is not online by {self._host_topic}: what happens waits for it"
            )

    def _be_born(self) -> None:
        """Tells every metric of the node and of each device as it is now."""
        at_us = now_us()
        self._seq = 0
        own = [
            Metric(BD_SEQ, MetricType.INT64, self._births, at_us),
            Metric(REBIRTH, MetricType.BOOLEAN, False, at_us),
        ]
        births = []
        for device, metrics in self._now.items():
            known = [metric if metric.at_us else metric._replace(at_us=at_us) for metric in metrics.values()]
            payload = encode([*own, *known] if device == NODE else known, at_us, self._next())
            births.append(MqttMessage(self._topic("DBIRTH" if device else "NBIRTH", device), payload, False, "", 0, 0))
        for birth in births:  # a node that is not born whole is not there for anybody
            if too_large := self._connection.too_large(birth):
                raise BrokerDown(f"{birth.topic}: {too_large}")
        for birth in births:
            try:
                self._connection.send(Outgoing([birth], qos=0))
                self._connection.barrier()
            except LinkCut as error:
                size = f"{birth.topic}: a birth of {len(birth.payload)} bytes"
                raise BrokerDown(f"{error}: {size}: perhaps more than the broker takes; raise its limit") from None

    def _arrived(self, message: Arrived) -> None:
        if message.topic == self._host_topic:
            self._host_is(host_state(message.payload))
        elif asks_rebirth(message.payload):
            self._asked.set()
        message.acknowledge()

    def _host_is(self, state: HostState | None) -> None:
        """What is older than what is known is not heeded: it is the will of a connection that was replaced."""
        if state is None or state.at_ms < self._host_state.at_ms:
            return
        self._host_state = state
        if state.online:
            self._host_said.set()
        else:
            self._host_said.clear()
            self._asked.set()

    def _bear(self) -> None:
        """Answers requests for births, and leaves a host that went offline, at once but between batches."""
        while self._asked.wait() and not self._closing:
            with self._turn:
                self._asked.clear()
                if self._born and self._host and not self._host_state.online:
                    self._born = False
                    self._connection.close([self._death()])
                elif self._born and self._connection.connected:
                    try:
                        self._be_born()
                    except BrokerDown:
                        continue  # the next connection begins with births

    # ---- data ------------------------------------------------------------------------------------------------------

    def _deliver(self, changes: _Changes, batch: _Batch) -> None:
        """All at once; where the link was cut twice, one by one, which finds what it is cut for. Raises BrokerDown."""
        while batch.left:
            self._connect(changes)
            portion = batch.left[:1] if batch.cuts > 1 else batch.left
            taken, aside = self._data(portion)
            try:
                self._connection.barrier()  # so that what follows is all that may be to blame
                self._connection.send(Outgoing(taken, qos=0))
                self._connection.barrier()
            except LinkCut as error:
                if not batch.cut(str(error), [len(message.payload) for message in taken]):
                    raise
                self.doing = f"{error}: sends {len(batch.left)} changes one by one, {len(batch.aside)} set aside"
                continue
            self._remember(portion, aside)
            batch.aside += aside
            batch.strikes = 0
            del batch.left[: len(portion)]

    def _next(self) -> int:
        seq, self._seq = self._seq, (self._seq + 1) % 256
        return seq

    def _data(self, changes: _Changes) -> tuple[list[MqttMessage], list[SetAside]]:
        """What the broker takes, and what it never does: that has no number, so that no host misses one."""
        taken, aside = [], []
        at_us = now_us()
        for seq, change in changes:
            payload = encode(change.metrics, at_us, self._seq, at_us - HISTORY_US)
            topic = self._topic("DDATA" if change.device else "NDATA", change.device)
            message = MqttMessage(topic, payload, False, "", 0, seq)
            if reason := self._connection.too_large(message):
                aside.append(SetAside(seq, f"{topic} {[metric.name for metric in change.metrics]}", reason))
            else:
                taken.append(message)
                self._next()
        return taken, aside

    def _remember(self, changes: _Changes, aside: Sequence[SetAside]) -> None:
        """For the next births; what no broker takes is in none."""
        refused = {one.seq for one in aside}
        for seq, change in changes:
            if seq not in refused:
                self._now[change.device] |= {metric.name: metric for metric in change.metrics}
