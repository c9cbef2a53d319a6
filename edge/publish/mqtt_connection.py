"""One connection to an MQTT 5 broker: sends in order with bounded flight, and hands on what arrives.

Public names: MqttConnection.

Only this file knows paho. Its own reconnecting is off: a connection that broke is given up, whoever sends makes the
next one, and then sends again what was not acknowledged. The limits that a broker names in its CONNACK are kept.
Source: MQTT 5.0 (OASIS, 2019): 3.2.2.3 CONNACK properties, 3.4.2.1 PUBACK reason codes, 4.6 message ordering,
4.9 flow control.
"""

from __future__ import annotations

import logging
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge.config.connections import Connections
from edge.config.problem import ConfigError
from edge.publish.mqtt_broker import Arrived, Broker, BrokerDown, LinkCut, Outgoing, RefusedMessage
from edge.publish.namespace import MqttMessage

log = logging.getLogger(__name__)

CONNECT_S = 5.0
ACKNOWLEDGE_S = 15.0
"""A broker that says nothing for so long is given up. Its disk may be slow; it says so by acknowledging late."""
LEAVE_S = 0.8
"""So long a goodbye takes at most, and an answer is waited for."""
PACKET_MAX = 268_435_455
_ONLY_311: Final = "a broker of MQTT 3.1.1; a broker of version 5 is needed"
_UNSUPPORTED_VERSION: Final = 0x84
_ACCEPTED: Final = 0x80
"""Reason codes below are good."""
_POISON: Final = {
    0x90: "topic name invalid",
    0x95: "packet too large",
    0x99: "payload format invalid",
}
"""PUBACK reason codes that another try will not change; all others are the broker's state or its access rules."""
_NOT_FOR_A_MESSAGE: Final = frozenset({0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x97, 0x98, 0x9C, 0x9D, 0x9F, 0xA0})
"""DISCONNECT reason codes of a broker that goes or is busy, of another client of our name, of quotas and rights."""
_ASKED: Final = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
"""A request that somebody retained by mistake is not done at every start."""
_KEPT: Final = SubscribeOptions(qos=1)


@dataclass(frozen=True, slots=True)
class _Ack:
    mid: int
    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Up:
    """The broker's CONNACK: what it still knows of us, what it takes."""

    session_present: bool
    receive_maximum: int
    packet_maximum: int


@dataclass(frozen=True, slots=True)
class _Down:
    """``cut``: whether it may be for a message of ours."""

    reason: str
    cut: bool = False


class _Client(Client):
    """The library's, connected where another thread may cut it."""

    def __init__(self, client_id: str, connections: Connections, tls: ssl.SSLContext | None) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self._connections = connections
        self._tls = tls

    def _create_socket(self) -> socket.socket:
        return self._connections.connect(self.host, self.port, self.connect_timeout, self._tls)

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:
        try:
            return super().loop_read(max_packets)
        except ValueError:  # of texts that cannot be decoded; the library's thread would die of it
            return self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_PROTOCOL)


class MqttConnection:
    """Connects when it must. ``connect``, ``send``, ``barrier`` and ``close`` by one thread, ``answer`` by one other,
    ``answer_at_once`` within ``arrived``.

    ``will``: what the broker says of us when we are gone without a word, None = nothing. ``subscriptions``: topic
    filters, of ``states`` what is retained is told at once; ``arrived`` is called in paho's thread and must not wait.
    """

    def __init__(
        self,
        broker: Broker,
        will: Callable[[], MqttMessage] | None,
        subscriptions: Sequence[str] = (),
        arrived: Callable[[Arrived], None] = lambda _: None,
        states: Sequence[str] = (),
    ) -> None:
        self._broker = broker
        self._will = will
        self._subscriptions = tuple(subscriptions)
        self._states = tuple(states)
        self._arrived = arrived
        self._client: Client | None = None
        self._said: queue.SimpleQueue[_Ack | _Up | _Down] = queue.SimpleQueue()
        self._up = _Up(False, 1, PACKET_MAX)
        self._answering = threading.Lock()
        self._connections = Connections()
        self._given_up = False

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._client is not None and self._client.is_connected()

    def connect(self) -> bool:
        """Makes a connection where there is none. True: the broker remembers nothing of us. Raises BrokerDown."""
        if self.connected:
            return False
        self._drop()
        broker, config = self._broker, self._broker.config
        self._said = queue.SimpleQueue()
        properties = _made(PacketTypes.CONNECT, SessionExpiryInterval=broker.session_s)
        try:
            client = self._client_for(self._said)
            login = config.login()
            if login.user:
                client.username_pw_set(login.user, login.password)
            client.connect(
                config.host,
                config.tcp_port,
                config.keepalive_s,
                clean_start=not broker.session_s,
                properties=properties,
            )
        except (ConfigError, OSError, ValueError) as error:
            raise BrokerDown(f"broker {broker.where}: {_why(error)}") from None
        finally:
            self._connections.forget()  # from now on it is left with a goodbye
        self._client = client
        client.loop_start()
        match self._next(CONNECT_S, "no answer to CONNECT"):
            case _Up() as up:
                self._up = up
            case _Down(reason):  # before it answered: it is for no message
                raise self._broken(reason)
            case other:
                raise self._broken(f"answers CONNECT with {other}")
        wanted = [(topic, _ASKED) for topic in self._subscriptions] + [(topic, _KEPT) for topic in self._states]
        if wanted:
            client.subscribe(wanted)
        return not up.session_present

    def send(self, outgoing: Outgoing) -> None:
        """Sends what is left, in order, and returns when the broker has taken or refused it all. Raises BrokerDown."""
        client = self._client
        if client is None or not client.is_connected():
            raise self._broken("not connected")
        window = max(1, min(self._broker.in_flight, self._up.receive_maximum - 1))
        flying: dict[int, int] = {}
        waiting = iter(outgoing.left())
        while True:
            while len(flying) < window and (index := next(waiting, None)) is not None:
                if outgoing.singly_from is not None and index >= outgoing.singly_from:
                    while flying:
                        self._await_one(outgoing, flying)
                    window = 1
                message = outgoing.messages[index]
                if too_large := self.too_large(message):
                    outgoing.refused[index] = RefusedMessage(message, too_large)
                    continue
                try:
                    properties = _properties(message.content_type, message.expiry_s)
                    info = client.publish(message.topic, message.payload, outgoing.qos, message.retain, properties)
                except ValueError as error:  # no topic, or no message, that MQTT can carry
                    outgoing.refused[index] = RefusedMessage(message, str(error))
                    continue
                if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    self._hear_out(outgoing, flying, info.rc)
                if outgoing.qos:
                    flying[info.mid] = index
                else:
                    outgoing.acknowledged.add(index)
            if not flying:
                return
            self._await_one(outgoing, flying)

    def _await_one(
        self, outgoing: Outgoing, flying: dict[int, int], within_s: float | None = None, otherwise: str = ""
    ) -> None:
        """Hears one thing that the broker says of what is under way."""
        otherwise = otherwise or f"{len(flying)} messages are not acknowledged"
        match self._next(ACKNOWLEDGE_S if within_s is None else within_s, otherwise):
            case _Ack(mid, code, reason) if mid in flying:
                self._acknowledged(outgoing, flying.pop(mid), code, reason)
            case _Down() as down:
                raise self._ended(down)
            case _:
                pass  # of an answer, or of a subscription

    def _hear_out(self, outgoing: Outgoing, flying: dict[int, int], rc: MQTTErrorCode) -> NoReturn:
        """What a connection that is gone still said, and why it is, as BrokerDown: paho tells that a little later."""
        while True:
            self._await_one(outgoing, flying, LEAVE_S, rc.name)

    def too_large(self, message: MqttMessage) -> str:
        """Why the broker never takes so long a message; empty = it may."""
        if len(message.payload) + len(message.topic) + 100 <= self._up.packet_maximum:
            return ""
        return f"{len(message.payload)} bytes: the broker takes packets of {self._up.packet_maximum}"

    def _acknowledged(self, outgoing: Outgoing, index: int, code: int, reason: str) -> None:
        message = outgoing.messages[index]
        if code < _ACCEPTED:
            outgoing.acknowledged.add(index)
        elif code in _POISON:
            outgoing.refused[index] = RefusedMessage(message, reason)
        else:
            raise self._broken(f"{message.topic}: {reason}")

    def answer(self, message: MqttMessage, correlation: bytes) -> None:
        """Sends an answer at once, beside what is on its way; nothing where there is no connection."""
        client = self._client
        if client is None:
            return
        properties = _properties(message.content_type, message.expiry_s, correlation)
        with self._answering:
            info = client.publish(message.topic, message.payload, int(self._up.receive_maximum > 1), False, properties)
            with suppress(RuntimeError, ValueError):
                info.wait_for_publish(LEAVE_S)

    def answer_at_once(self, message: MqttMessage, correlation: bytes) -> None:
        """An answer from within ``arrived``: does not wait, and goes with QoS 0, which takes no part of the flight."""
        client = self._client
        if client is not None:
            client.publish(
                message.topic,
                message.payload,
                0,
                False,
                _properties(message.content_type, message.expiry_s, correlation),
            )

    def barrier(self) -> None:
        """Returns when the broker has read everything that was sent before. Raises BrokerDown.

        For what is sent with QoS 0: packets of a connection are handled in order, so the SUBACK of a subscription that
        exists already tells it.
        """
        client = self._client
        if client is None or not self._subscriptions:
            raise self._broken("not connected")
        rc, mid = client.subscribe([(topic, _ASKED) for topic in self._subscriptions])
        if rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._hear_out(Outgoing(()), {}, rc)
        while True:
            match self._next(ACKNOWLEDGE_S, "no answer to SUBSCRIBE"):
                case _Ack(its) if its == mid:
                    return
                case _Down() as down:
                    raise self._ended(down)
                case _:
                    pass

    def give_up(self) -> None:
        """By any thread: what waits for the broker raises BrokerDown at once, now and from now on."""
        self._given_up = True
        self._connections.cut()
        self._said.put(_Down("given up"))

    def close(self, last: Sequence[MqttMessage] = ()) -> None:
        """Says goodbye, so that the will is not told; ``last`` is sent before, if that can be done at once."""
        client, end_s = self._client, time.monotonic() + LEAVE_S
        if client is not None and client.is_connected():
            for message in last:
                properties = _properties(message.content_type, message.expiry_s)
                info = client.publish(message.topic, message.payload, 1, message.retain, properties)
                with suppress(RuntimeError, ValueError):
                    info.wait_for_publish(max(0.0, end_s - time.monotonic()))
            client.disconnect()
            while client.socket() is not None and time.monotonic() < end_s:
                time.sleep(0.005)
        self._drop()

    # ---- how -------------------------------------------------------------------------------------------------------

    def _client_for(self, said: queue.SimpleQueue[_Ack | _Up | _Down]) -> Client:
        broker, config = self._broker, self._broker.config
        context = config.context() if config.transport == "tls" else None
        answered = threading.Event()
        client = _Client(broker.client_id, self._connections, context)
        client.connect_timeout = CONNECT_S
        client.max_inflight_messages_set(0)  # the flight is bounded here, by the broker's own limit

        def on_connect(_: Client, _data: object, flags: ConnectFlags, code: ReasonCode, its: Properties | None) -> None:
            answered.set()
            if code.is_failure:
                only = f": it is {_ONLY_311}" if code.value == _UNSUPPORTED_VERSION else ""
                said.put(_Down(f"refuses us: {code}{only}"))
                return
            taken = int(getattr(its, "ReceiveMaximum", 65_535))
            size = int(getattr(its, "MaximumPacketSize", PACKET_MAX))
            said.put(_Up(flags.session_present, taken, size))

        def on_disconnect(
            _: Client, _data: object, flags: DisconnectFlags, code: ReasonCode, _its: Properties | None
        ) -> None:
            who = "the broker ended the connection" if flags.is_disconnect_packet_from_server else "connection lost"
            why = f"{code}" if answered.is_set() else f"no answer to CONNECT of MQTT 5: perhaps it is {_ONLY_311}"
            told = flags.is_disconnect_packet_from_server and code.value in _NOT_FOR_A_MESSAGE
            said.put(_Down(f"{who}: {why}", cut=not told))

        def on_publish(_: Client, _data: object, mid: int, code: ReasonCode, _its: Properties) -> None:
            said.put(_Ack(mid, int(code.value), str(code)))

        def on_subscribe(_: Client, _data: object, mid: int, codes: list[ReasonCode], _its: Properties) -> None:
            for topic, code in zip((*self._subscriptions, *self._states), codes, strict=False):
                if code.is_failure:
                    log.warning("broker %s: %s: %s: nothing can be asked there", self._broker.where, topic, code)
            said.put(_Ack(mid, 0, ""))

        client.on_connect = on_connect
        client.on_disconnect = on_disconnect
        client.on_publish = on_publish
        client.on_subscribe = on_subscribe
        client.on_message = lambda its, _, message: self._arrived(_arrived(its, message))
        if self._will is not None:
            will = self._will()
            text = {"ContentType": will.content_type, "PayloadFormatIndicator": 1} if will.content_type else {}
            client.will_set(will.topic, will.payload, 1, will.retain, _made(PacketTypes.WILLMESSAGE, **text))
        return client

    def _next(self, within_s: float, otherwise: str) -> _Ack | _Up | _Down:
        said: _Ack | _Up | _Down | None = None
        with suppress(queue.Empty):
            said = self._said.get(timeout=0 if self._given_up else within_s)
        if self._given_up:  # the connection stays, for the goodbye
            raise BrokerDown(f"broker {self._broker.where}: given up")
        if said is None:
            raise self._broken(f"{otherwise} within {within_s:.0f} s")
        return said

    def _ended(self, down: _Down) -> BrokerDown:
        broken = self._broken(down.reason)
        return LinkCut(str(broken)) if down.cut else broken

    def _broken(self, reason: str) -> BrokerDown:
        self._drop()
        return BrokerDown(f"broker {self._broker.where}: {reason}")

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        # paho's thread ends with the connection, not with loop_stop alone, while something is unacknowledged.
        its: Any = client.socket()
        if its is not None:
            with suppress(OSError, ValueError):
                its.shutdown(socket.SHUT_RDWR)
        client.loop_stop()


def _why(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"{text}: {error.filename}" if isinstance(error, OSError) and error.filename else text


def _arrived(client: Client, message: MQTTMessage) -> Arrived:
    its = message.properties
    return Arrived(
        topic=message.topic,
        payload=bytes(message.payload),
        response_topic=getattr(its, "ResponseTopic", ""),
        correlation=bytes(getattr(its, "CorrelationData", b"")),
        properties=dict(getattr(its, "UserProperty", ())),
        expiry_s=getattr(its, "MessageExpiryInterval", None),
        again=message.dup,
        at_s=time.monotonic(),
        acknowledge=lambda: _acknowledge(client, message),
    )


def _acknowledge(client: Client, message: MQTTMessage) -> None:
    client.ack(message.mid, message.qos)


@lru_cache(maxsize=64)
def _properties(content_type: str, expiry_s: int, correlation: bytes = b"") -> Properties:
    """Of a PUBLISH. ``content_type`` empty: bytes that are no text."""
    text = {"ContentType": content_type, "PayloadFormatIndicator": 1} if content_type else {}
    limits = {"MessageExpiryInterval": expiry_s} if expiry_s else {}
    which = {"CorrelationData": correlation} if correlation else {}
    return _made(PacketTypes.PUBLISH, **text, **limits, **which)


def _made(packet: int, **values: object) -> Properties:
    properties: Properties = Properties(packet)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(properties, name, value)
    return properties
