"""Readers that publish their JSON through an MQTT broker, version 5 or 3.1.1.

Public names: MqttJsonReader, MqttSettings.

The library speaks MQTT and nothing else: octets come and go over a connection of the event loop, which stands in for
its socket. Version 5 is asked for first; where the broker refuses that or closes without a word, the next visit begins
with 3.1.1.

Source: MQTT Version 5.0 and MQTT Version 3.1.1, OASIS Standards.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from rfid.bad_messages import BadMessages
from rfid.driver import ReaderError, ReaderEvent, ReaderFailure, ReaderReached, ReaderReady
from rfid.tcp import Portions, connected, connection_reason, host_port, notice_dead_peers
from rfid.vendor_json import MOST, Vendor, heard

_ANSWER_S = 5.0
_LOOK_S = 0.2
"""How often it is looked whether broker and reader still say something."""
_GOODBYE_S = 0.3
_LONGEST = MOST + 70_000
"""Octets of a packet: a message and its topic."""
_PORTION = 4_096
"""Octets that are taken in one turn of the loop."""
_NEW, _OLD = "5", "3.1.1"
_MAYBE_OLD = "perhaps it speaks MQTT 3.1.1 alone, which is tried next"
_NEITHER = "perhaps it speaks neither MQTT 5 nor 3.1.1: a broker of one of these is needed"
_UNSUPPORTED_VERSION = 0x84
_WANTS_LOGIN = "it wants a login: give user and password_file"
_OF_THE_LOGIN = (0x86, 0x87, 0x8C)
"""Reason codes: bad user name or password, not authorized, bad authentication method."""


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """How a reader's messages are found. ``silent_s``: a reader that says nothing for so long is gone; 0 = never.

    ``user`` and ``password``: empty = none; ``tls`` None = in the clear.
    """

    name: str
    vendor: Vendor
    host: str
    port: int
    topics: tuple[str, ...]
    qos: int = 1
    keepalive_s: int = 10
    silent_s: float = 0
    user: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None


class MqttJsonReader:
    """One reader behind a broker; see ``rfid.driver.Reader`` for ``run``.

    Retained messages are of the past and are left out. ``bad`` counts messages that could not be understood.
    """

    def __init__(self, settings: MqttSettings) -> None:
        self.settings = settings
        self.bad = BadMessages()
        self.version = _NEW

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Connects, subscribes and reads until the broker is gone or the task is cancelled. Raises ``ReaderError``."""
        given, loop = self.settings, asyncio.get_running_loop()
        link = _Link(self, emit, self.version == _OLD)
        await connected(loop.create_connection(lambda: link, given.host, given.port, ssl=given.tls), self.error)
        try:
            await link.ended
        finally:
            if not link.answered:
                self.version = _OLD if self.version == _NEW and link.refuses_version else _NEW
            await link.leave()

    def error(self, reason: str, failure: ReaderFailure) -> ReaderError:
        """The error for a reason, with the names of reader and broker."""
        given = self.settings
        return ReaderError(f"{given.name}: MQTT broker {host_port(given.host, given.port)}: {reason}", failure)


class _Socket:
    """What the library takes for its socket: ``came`` is what it has not read yet."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.came = bytearray()
        self._transport = transport

    def recv(self, size: int) -> bytes:
        if not self.came:
            raise BlockingIOError
        octets = bytes(self.came[:size])
        del self.came[:size]
        return octets

    def send(self, octets: bytes | bytearray) -> int:
        self._transport.write(bytes(octets))
        return len(octets)

    def fileno(self) -> int:
        return -1

    def setblocking(self, flag: bool) -> None:
        pass

    def close(self) -> None:
        pass


class _Client(Client):
    """The library's, with a connection that is there already."""

    def __init__(self, there: _Socket, old: bool) -> None:
        version = MQTTProtocolVersion.MQTTv311 if old else MQTTProtocolVersion.MQTTv5
        name = f"lanewise-{uuid4().hex[:14]}" if old else ""  # brokers of 3.1.1 may ask for one
        super().__init__(CallbackAPIVersion.VERSION2, client_id=name, protocol=version, reconnect_on_failure=False)
        self._there = there

    def _create_socket(self) -> _Socket:
        return self._there


class _Link(asyncio.Protocol):
    """One connection; ``ended`` never has a result, only an exception."""

    transport: asyncio.Transport

    def __init__(self, reader: MqttJsonReader, emit: Callable[[ReaderEvent], None], old: bool) -> None:
        self._reader = reader
        self._old = old
        self._settings = reader.settings
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.answered = self.refuses_version = self._subscribed_to = False
        self._came: deque[MQTTMessage] = deque()
        self._heard = False
        self._heard_s = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        given = self._settings
        self.transport = cast(asyncio.Transport, transport)
        notice_dead_peers(transport)
        self._socket = _Socket(self.transport)
        self._portions = Portions(self.transport, _PORTION, self._took)
        client = self._client = _Client(self._socket, self._old)
        if given.user:
            client.username_pw_set(given.user, given.password)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._message
        client.on_disconnect = self._disconnected
        client.connect(given.host, given.port, keepalive=given.keepalive_s)
        self._watch()

    def data_received(self, data: bytes) -> None:
        self._portions.came(data)

    def _took(self, octets: bytes) -> Iterator[None]:
        self._socket.came += octets
        try:
            while self._socket.came and not self.ended.done():
                self._check(self._client.loop_read())
                if self._client._in_packet["to_process"] > _LONGEST:  # noqa: SLF001  else it holds all of it
                    text = f"a message of more than {_LONGEST} octets"
                    self._fail(self._reader.error(text, ReaderFailure.GARBAGE))
                while self._came:
                    yield from self._hear(self._came.popleft())
                yield
            if self._client.want_write():  # what was asked for within a callback
                self._check(self._client.loop_write())
        except ValueError as error:  # the library says so of texts that cannot be decoded
            self._fail(self._reader.error(f"this is no MQTT: {error}", ReaderFailure.GARBAGE))

    def connection_lost(self, exc: Exception | None) -> None:
        reason = connection_reason(exc) if isinstance(exc, OSError) else "it ended the connection"
        if self.answered:
            self._fail(self._reader.error(f"the broker is gone: {reason}", ReaderFailure.LOST))
        else:
            self._not_taken(f"the broker is gone: {reason}, without an answer to CONNECT", ReaderFailure.LOST)
        self._lost.set_result(None)

    async def leave(self) -> None:
        """Takes leave where there is a connection, and leaves no socket behind."""
        if self._timer is not None:
            self._timer.cancel()
        client = self._client
        client.on_connect = client.on_subscribe = client.on_message = client.on_disconnect = None
        self._fail(self._reader.error("left", ReaderFailure.LOST))  # nobody asks any more
        try:
            if not self.transport.is_closing():
                client.disconnect()
                self.transport.close()
                await asyncio.wait((self._lost,), timeout=_GOODBYE_S)
        finally:
            self.transport.abort()
            await self._lost

    def _not_taken(self, reason: str, failure: ReaderFailure) -> None:
        self.refuses_version = True
        self._fail(self._reader.error(f"{reason}: {_NEITHER if self._old else _MAYBE_OLD}", failure))

    def _check(self, code: MQTTErrorCode) -> None:
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._fail(self._reader.error(f"the broker is gone: {error_string(code).lower()}", ReaderFailure.LOST))

    def _watch(self) -> None:
        self._timer = self._loop.call_later(_LOOK_S, self._watch)
        self._check(self._client.loop_misc())
        silent_s, given = self._loop.time() - self._heard_s, self._settings
        if not self._subscribed_to and silent_s > _ANSWER_S:
            self._fail(self._reader.error(f"the broker gave no answer within {_ANSWER_S:g} s", ReaderFailure.SILENT))
        if self._subscribed_to and 0 < given.silent_s < silent_s:
            reason = f"no message for {given.silent_s:g} s: is the reader up, and are the topics right?"
            self._fail(self._reader.error(reason, ReaderFailure.SILENT))

    def _fail(self, error: Exception) -> None:
        if not self.ended.done():
            self.ended.set_exception(error)
            self.ended.exception()  # or the loop would complain where ``run`` was cancelled before it could ask

    def _tell(self, event: ReaderEvent) -> None:
        if self.ended.done():
            return
        try:
            self._emit(event)
        except Exception as error:  # noqa: BLE001  the owner's fault ends its visit and reaches it through ``run``
            self._fail(error)

    def _connected(
        self, client: Client, _: object, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.value == _UNSUPPORTED_VERSION:
            self._not_taken("refused: unsupported protocol version", ReaderFailure.REFUSED)
            return
        self.answered = True
        if reason.is_failure:
            look = "look at the broker's log"
            if reason.value in _OF_THE_LOGIN:
                look = (
                    "look at user and password_file, and at the broker's log" if self._settings.user else _WANTS_LOGIN
                )
            self._fail(self._reader.error(f"refused: {str(reason).lower()}: {look}", ReaderFailure.REFUSED))
        else:
            client.subscribe([(topic, self._settings.qos) for topic in self._settings.topics])

    def _subscribed(
        self, _client: Client, _: object, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        for topic, reason in zip(self._settings.topics, reasons, strict=False):
            if reason.is_failure:
                text = f"topic {topic!r} refused: {str(reason).lower()}: look at the broker's access list"
                self._fail(self._reader.error(text, ReaderFailure.REFUSED))
                return
        self._subscribed_to = True
        self._heard_s = self._loop.time()
        self._tell(ReaderReached(self._about()))

    def _message(self, _client: Client, _: object, message: MQTTMessage) -> None:
        if message.retain:
            return
        self._came.append(message)

    def _hear(self, message: MQTTMessage) -> Iterator[None]:
        given, bad = self._settings, self._reader.bad
        return heard(given.vendor, bytes(message.payload), bad, self._alive, self._tell, f"{message.topic}: ")

    def _alive(self) -> None:
        self._heard_s = self._loop.time()
        if not self._heard:
            self._heard = True
            self._tell(ReaderReady(self._about()))

    def _about(self) -> str:
        given = self._settings
        topics = ", ".join(given.topics)
        old = " of version 3.1.1" if self._old else ""
        return f"{given.vendor} JSON by MQTT broker {host_port(given.host, given.port)}{old}, {topics}"

    def _disconnected(
        self, _client: Client, _: object, _flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if self._old and not self.answered:  # so the library takes its refusal
            self._not_taken("refused: unsupported protocol version", ReaderFailure.REFUSED)
        self._fail(self._reader.error(f"the broker is gone: {str(reason).lower()}", ReaderFailure.LOST))
