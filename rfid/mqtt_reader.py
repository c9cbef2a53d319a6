"""Readers that publish their JSON through an MQTT broker, version 5.

Public names: MqttJsonReader, MqttSettings.

Source: MQTT Version 5.0, OASIS Standard.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, error_string
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from rfid.bad_messages import BadMessages
from rfid.driver import ReaderError, ReaderEvent, ReaderFailure, ReaderReady
from rfid.reader_thread import Tell, run_in_thread
from rfid.tcp import connection_failure, connection_reason, host_port
from rfid.vendor_json import BadJson, Vendor, decode

_CONNECT_S = 5.0
_WAKE_S = 0.1


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

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Connects, subscribes and reads until the broker is gone or the task is cancelled. Raises ``ReaderError``."""
        await run_in_thread(f"mqtt {self.settings.name}", self._work, emit)

    def _work(self, stop: threading.Event, tell: Tell) -> None:
        link = _Link(self.settings, self.bad, tell)
        try:
            link.connect()
            while not stop.is_set():
                link.once()
        finally:
            link.close()


class _Link:
    """One connection; everything happens in the thread that calls it."""

    def __init__(self, settings: MqttSettings, bad: BadMessages, tell: Tell) -> None:
        self._settings = settings
        self._bad = bad
        self._tell = tell
        self._trouble: ReaderError | None = None
        self._ready = False
        self._heard_s = time.monotonic()
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5, reconnect_on_failure=False)
        client.connect_timeout = _CONNECT_S
        if settings.user:
            client.username_pw_set(settings.user, settings.password)
        if settings.tls is not None:
            settings.tls.sslsocket_class = _TlsSocket
            client.tls_set_context(settings.tls)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._message
        client.on_disconnect = self._disconnected
        self._client = client

    def connect(self) -> None:
        """Raises ``ReaderError``."""
        given = self._settings
        try:
            self._client.connect(given.host, given.port, keepalive=given.keepalive_s, clean_start=True)
        except TimeoutError:
            raise self._error(f"no connection within {_CONNECT_S:g} s", ReaderFailure.UNREACHABLE) from None
        except OSError as error:
            raise self._error(connection_reason(error), connection_failure(error)) from error

    def once(self) -> None:
        """Waits shortly for what comes. Raises ``ReaderError`` when the connection is of no use any more."""
        code = self._client.loop(_WAKE_S)
        if self._trouble is not None:
            raise self._trouble
        if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._error(f"the broker is gone: {error_string(code).lower()}", ReaderFailure.LOST)
        silent_s = time.monotonic() - self._heard_s
        if not self._ready and silent_s > _CONNECT_S:
            raise self._error(f"the broker gave no answer within {_CONNECT_S:g} s", ReaderFailure.SILENT)
        if self._ready and 0 < self._settings.silent_s < silent_s:
            reason = f"no message for {self._settings.silent_s:g} s: is the reader up, and are the topics right?"
            raise self._error(reason, ReaderFailure.SILENT)

    def close(self) -> None:
        """Takes leave where there is a connection."""
        client = self._client
        client.on_connect = client.on_subscribe = client.on_message = client.on_disconnect = None
        client.disconnect()
        del self._client  # the last reference: the library closes its sockets when it is deleted

    def _error(self, reason: str, failure: ReaderFailure) -> ReaderError:
        given = self._settings
        return ReaderError(f"{given.name}: MQTT broker {host_port(given.host, given.port)}: {reason}", failure)

    def _connected(
        self, client: Client, _: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            text = f"refused: {str(reason).lower()}: look at user and password_file, and at the broker's log"
            self._trouble = self._error(text, ReaderFailure.REFUSED)
        else:
            client.subscribe([(topic, SubscribeOptions(self._settings.qos)) for topic in self._settings.topics])

    def _subscribed(
        self, client: Client, _: object, mid: int, reasons: list[ReasonCode], properties: Properties | None
    ) -> None:
        for topic, reason in zip(self._settings.topics, reasons, strict=False):
            if reason.is_failure:
                text = f"topic {topic!r} refused: {str(reason).lower()}: look at the broker's access list"
                self._trouble = self._error(text, ReaderFailure.REFUSED)
                return
        self._ready = True
        self._heard_s = time.monotonic()
        given = self._settings
        topics = ", ".join(given.topics)
        self._tell(ReaderReady(f"{given.vendor} JSON by MQTT broker {host_port(given.host, given.port)}, {topics}"))

    def _message(self, client: Client, _: object, message: MQTTMessage) -> None:
        if message.retain:
            return
        self._heard_s = time.monotonic()
        octets = bytes(message.payload)
        try:
            events = decode(self._settings.vendor, octets)
        except BadJson as error:
            notice = self._bad.notice(f"{message.topic}: {error}", octets)
            events = [] if notice is None else [notice]
        for event in events:
            self._tell(event)

    def _disconnected(
        self, client: Client, _: object, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if self._trouble is None:
            self._trouble = self._error(f"the broker is gone: {str(reason).lower()}", ReaderFailure.LOST)


class _TlsSocket(ssl.SSLSocket):
    """A socket that is closed when the handshake fails; the library would leave it open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise
