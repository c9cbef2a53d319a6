"""UHF readers of the simulated floor that speak their maker's JSON: over a broker, as a stream, or to us.

Public names: PublishingReader, StreamingReader, PushingReader.

Each is set up as its table of LINE.toml says, its login and token included; none speaks TLS (`edge.sim.can`).
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import assert_never
from urllib.parse import urlsplit

from edge.config.readers import HttpJsonConfig, MqttJsonConfig, PushJsonConfig
from edge.config.secret import bearer
from edge.sim.device_words import alive_of, connect_packet, publish_packet, read_of, text_frame
from edge.sim.dialling import ALIVE_S, DeviceWay, Dialling, NotTakenError
from edge.sim.listening import Listening
from rfid.driver import TagRead
from rfid.vendor_json import PushWay, Vendor

_BEHIND_HEAD = b"\r\n\r\n"


class _Speaker:
    """A reader that calls; ``clock`` gives the time of its signs of life."""

    def __init__(
        self,
        name: str,
        vendor: Vendor,
        clock: Callable[[], int],
        host: str,
        port: int,
        way: Callable[[asyncio.StreamReader, asyncio.StreamWriter], DeviceWay],
        from_host: str = "",
    ) -> None:
        self._name = name
        self._vendor = vendor
        self._line = Dialling(host, port, way, lambda: alive_of(vendor, name, clock()), from_host)

    @property
    def ready(self) -> bool:
        """Whether somebody takes what it says."""
        return self._line.ready

    @property
    def trouble(self) -> str:
        """Why nobody does."""
        return self._line.trouble

    async def start(self) -> None:
        """Begins to call."""
        self._line.start()

    async def stop(self) -> None:
        """Hangs up."""
        await self._line.stop()

    def report(self, reads: Sequence[TagRead]) -> bool:
        """Says these reads; whether somebody takes them."""
        return self._line.say([read_of(self._vendor, self._name, read) for read in reads])


class PublishingReader(_Speaker):
    """A reader that publishes through the broker of its table, on the first of its topics."""

    def __init__(self, name: str, config: MqttJsonConfig, clock: Callable[[], int]) -> None:
        topic = _plain(config.topics[0])
        login = config.login()
        connect = connect_packet(f"{name}-{secrets.token_hex(4)}", login.user, login.password, 60)
        super().__init__(
            name,
            config.vendor,
            clock,
            config.host,
            config.tcp_port,
            lambda reader, writer: _Packets(reader, writer, connect, topic),
        )


class PushingReader(_Speaker):
    """A reader that sends to the address where its table has us listen."""

    def __init__(self, name: str, config: PushJsonConfig, clock: Callable[[], int]) -> None:
        host, _, port = config.listen.rpartition(":")
        given = {"Host": config.listen, **bearer(config.token_file)}
        head = "".join(f"{key}: {value}\r\n" for key, value in given.items())
        path = config.path or "/"

        def way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> DeviceWay:
            match config.way:
                case PushWay.HTTP:
                    return _Posts(reader, writer, path, head)
                case PushWay.WEBSOCKET:
                    return _Frames(reader, writer, path, head)
                case PushWay.TCP:
                    return _Lines(writer)
                case _ as other:
                    assert_never(other)

        super().__init__(name, config.vendor, clock, _reached(host), int(port), way, config.host)


class StreamingReader:
    """A reader that is its own web server and streams to whoever asks for the path of its table."""

    def __init__(self, name: str, config: HttpJsonConfig, clock: Callable[[], int]) -> None:
        parts = urlsplit(config.url)
        self.trouble = ""
        self._name = name
        self._vendor = config.vendor
        self._clock = clock
        self._line = Listening(name, parts.hostname or "", parts.port or 80, self._greet)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        login = config.login()
        self._login = f"Basic {b64encode(f'{login.user}:{login.password}'.encode()).decode()}" if login.user else ""
        self._pulse: asyncio.TimerHandle | None = None

    @property
    def ready(self) -> bool:
        """Whether somebody has its stream."""
        return self._line.ready

    async def start(self) -> None:
        """Listens. Raises ReaderError."""
        await self._line.start()
        self._beat()

    async def stop(self) -> None:
        """Closes every socket."""
        if self._pulse is not None:
            self._pulse.cancel()
        await self._line.stop()

    def report(self, reads: Sequence[TagRead]) -> bool:
        """Says these reads; whether somebody takes them."""
        return self._line.say(b"".join(_chunk(read_of(self._vendor, self._name, read)) for read in reads))

    def _alive(self) -> bytes:
        return _chunk(alive_of(self._vendor, self._name, self._clock()))

    def _beat(self) -> None:
        self._line.say(self._alive())
        self._pulse = asyncio.get_running_loop().call_later(ALIVE_S, self._beat)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request, given = _head_of(await reader.readuntil(_BEHIND_HEAD))
        status = "200 OK" if request.split(" ")[1:2] == [self._target] else "404 Not Found"
        if self._login and given.get("authorization") != self._login:
            status = '401 Unauthorized\r\nWWW-Authenticate: Basic realm="reader"'
        if status != "200 OK":
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
            return False
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(self._alive())
        return True


# ---- ways ------------------------------------------------------------------------------------------------------------


class _Posts:
    """HTTP POST, a list in each."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, head: str) -> None:
        self._reader = reader
        self._writer = writer
        self._begin = f"POST {path} HTTP/1.1\r\nContent-Type: application/json\r\n{head}"

    async def greet(self) -> None:
        pass

    async def say(self, messages: Sequence[bytes]) -> None:
        body = b"[" + b",".join(messages) + b"]"
        self._writer.write(f"{self._begin}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await self._writer.drain()
        await _answered(self._reader, ("200", "204"))


class _Frames:
    """A WebSocket, a message in each frame."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, head: str) -> None:
        self._reader = reader
        self._writer = writer
        self._begin = (
            f"GET {path} HTTP/1.1\r\n{head}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {b64encode(secrets.token_bytes(16)).decode()}\r\n\r\n"
        )

    async def greet(self) -> None:
        self._writer.write(self._begin.encode())
        await _answered(self._reader, ("101",))

    async def say(self, messages: Sequence[bytes]) -> None:
        for message in messages:
            self._writer.write(text_frame(message, secrets.token_bytes(4)))


class _Lines:
    """TCP, a message in each line."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def greet(self) -> None:
        pass

    async def say(self, messages: Sequence[bytes]) -> None:
        self._writer.write(b"".join(message + b"\n" for message in messages))


class _Packets:
    """MQTT 3.1.1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connect: bytes, topic: str) -> None:
        self._reader = reader
        self._writer = writer
        self._connect = connect
        self._topic = topic

    async def greet(self) -> None:
        self._writer.write(self._connect)
        answer = await self._reader.readexactly(4)
        if answer[0] != 0x20 or answer[3]:
            raise NotTakenError(f"the broker refuses it: CONNACK code {answer[3]}")

    async def say(self, messages: Sequence[bytes]) -> None:
        for message in messages:
            self._writer.write(publish_packet(self._topic, message))


async def _answered(reader: asyncio.StreamReader, good: Sequence[str]) -> None:
    """Takes an answer of HTTP whose body has a length. Raises NotTakenError."""
    try:
        status, given = _head_of(await reader.readuntil(_BEHIND_HEAD))
    except asyncio.LimitOverrunError:
        raise NotTakenError("an answer without end") from None
    await reader.readexactly(int(given.get("content-length", "0")))
    if not set(status.split(" ")[1:2]) & set(good):
        raise NotTakenError(f"it answers {status!r} where {' or '.join(good)} is needed")


def _head_of(octets: bytes) -> tuple[str, dict[str, str]]:
    """The first line of a request or an answer, and its headers by their names in small letters."""
    first, *lines = octets.decode("latin-1").split("\r\n")
    return first, {key.strip().lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _plain(topic: str) -> str:
    """A topic that a filter stands for."""
    shared = topic.split("/", 2)
    if shared[0] == "$share" and len(shared) == 3:
        topic = shared[2]
    return "/".join("sim" if part in ("+", "#") else part for part in topic.split("/"))


def _reached(host: str) -> str:
    """Where a device of this machine finds who listens at ``host``."""
    bare = host.strip("[]")
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bare, bare)  # noqa: S104  looked up, not bound


def _chunk(message: bytes) -> bytes:
    """A message as a line of a body in chunks."""
    return f"{len(message) + 2:x}\r\n".encode() + message + b"\r\n\r\n"
