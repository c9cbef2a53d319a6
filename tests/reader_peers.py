"""A peer for every reader driver, and what the driver must make of what it says.

Public names: Peer, READERS, ReaderCase.

mosquitto and node-opcua are programs of others; scanners, card readers and HTTP streams are a few octets by hand.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import tty
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from contract import Mouth, Relay, Way
from ports import free_port
from programs import Programs, port_of
from wsproto import ConnectionType, WSConnection
from wsproto.events import Request

from rfid.driver import UNMEASURED_DBM, CodesRead, ReaderClock, ReaderEvent, Reads, TagRead
from rfid.epc.identity import identify, sscc96
from rfid.llrp_device.simulator import SimulatedReader

EPCS = ("3034257BF400B78000001234", "3034257BF400B78000001235")
WRITTEN = dict(zip(EPCS, ("0x3034257bf400b78000001234", "3034 257B F400 B780 0000 1235"), strict=True))
"""How the readers tell them that tell texts."""
CARDS = ("0A00345F1C", "0B00000001")
TOPIC = "reader/events"


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side of one connection. ``keys``: the reader's table; ``over``, ``said``, ``end``: see Relay.

    ``tell`` has it say what means ``events`` to the core.
    """

    keys: dict[str, Any]
    over: asyncio.Event
    said: bytearray
    end: Callable[[], None]
    tell: Callable[[], Awaitable[None]]
    events: Sequence[ReaderEvent]


@dataclass(frozen=True, slots=True)
class ReaderCase:
    """``dials``: the driver connects to ``keys(port)``; otherwise there is nobody whom it could wait for in vain.

    ``looks_s``: how long is looked for what it makes of nonsense. A talk is broken off at ``breaks`` places, and comes
    in pieces in ``splits`` ways. ``holds``: so many octets find room on their way while nobody reads. ``answers``: the
    way to it stands by answers of the reader itself, and by no broker's, port's or line's alone. ``listens``: the
    device connects to it, at ``listen`` of its keys, says ``hello`` and then ``words``.
    """

    driver: str
    stand: Callable[[Programs, Way], AbstractAsyncContextManager[Peer]]
    dials: Callable[[Programs, int], dict[str, Any]] | None = None
    looks_s: float = 0.02
    breaks: int = 24
    splits: int = 8
    holds: int = 1_000_000
    answers: bool = False
    listens: bool = False
    hello: bytes = b""
    words: bytes = b""


# ---- LLRP ------------------------------------------------------------------------------------------------------------

READS = tuple(TagRead(epc, antenna, -50.0, antenna * 1_000, 1) for antenna, epc in enumerate(EPCS, 1))


def llrp_keys(_: Programs, port: int) -> dict[str, Any]:
    return {"driver": "llrp", "host": "127.0.0.1", "port": port, "antennas": (1, 2), "keepalive_ms": 60_000}


@asynccontextmanager
async def llrp(programs: Programs, way: Way) -> AsyncIterator[Peer]:
    simulated = await SimulatedReader("sim", clock=lambda: 0).start()

    async def tell() -> None:
        simulated.report(READS)

    try:
        async with Relay(simulated.port, way) as relay:
            keys = llrp_keys(programs, relay.port)
            yield Peer(keys, relay.over, relay.said, relay.end, tell, [Reads(READS, ReaderClock.UTC)])
    finally:
        await simulated.stop()


# ---- MQTT ------------------------------------------------------------------------------------------------------------


def zebra(epc: str, antenna: int) -> bytes:
    return (
        f'{{"type": "SIMPLE", "timestamp": "2026-02-01T00:00:00.000Z", "data": {{"format": "epc", '
        f'"idHex": "{WRITTEN[epc]}", "antenna": {antenna}, "peakRssi": -50}}}}'
    ).encode()


ZEBRAS = [
    Reads((TagRead(epc, antenna, -50.0, 1_769_904_000_000_000, 1),), ReaderClock.UTC)
    for antenna, epc in enumerate(EPCS, 1)
]


def packet(kind: int, *parts: bytes) -> bytes:
    """An MQTT 3.1.1 packet of less than 16,384 octets. Source: MQTT 3.1.1, 2.2."""
    body = b"".join(parts)
    assert len(body) < 1 << 14
    length = bytes([len(body)]) if len(body) < 128 else bytes([len(body) & 127 | 128, len(body) >> 7])
    return bytes([kind]) + length + body


def text(octets: bytes) -> bytes:
    return struct.pack(">H", len(octets)) + octets


def mqtt_keys(_: Programs, port: int) -> dict[str, Any]:
    keys = {"driver": "mqtt-json", "vendor": "zebra", "host": "127.0.0.1", "port": port}
    return keys | {"topics": (TOPIC,), "keepalive_s": 600}


@asynccontextmanager
async def mqtt(programs: Programs, way: Way) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", programs.broker)
    writer.write(packet(0x10, text(b"MQTT"), b"\x04\x02\x00\x00", text(b"zebra")))
    assert (await reader.readexactly(4))[3] == 0

    async def tell() -> None:
        for antenna, epc in enumerate(EPCS, 1):
            writer.write(packet(0x30, text(TOPIC.encode()), zebra(epc, antenna)))

    try:
        async with Relay(programs.broker, way) as relay:
            yield Peer(mqtt_keys(programs, relay.port), relay.over, relay.said, relay.end, tell, ZEBRAS)
    finally:
        writer.transport.abort()


# ---- HTTP ------------------------------------------------------------------------------------------------------------

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"


def http_keys(_: Programs, port: int) -> dict[str, Any]:
    return {"driver": "http-json", "vendor": "zebra", "url": f"http://127.0.0.1:{port}/stream"}


@asynccontextmanager
async def http(programs: Programs, way: Way) -> AsyncIterator[Peer]:
    clients: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(HEAD)
            clients.append(writer)
            await reader.read()
        writer.transport.abort()

    async def tell() -> None:
        for antenna, epc in enumerate(EPCS, 1):
            line = zebra(epc, antenna) + b"\r\n"
            clients[-1].write(f"{len(line):x}\r\n".encode() + line + b"\r\n")

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, Relay(server.sockets[0].getsockname()[1], way) as relay:
        yield Peer(http_keys(programs, relay.port), relay.over, relay.said, relay.end, tell, ZEBRAS)


# ---- barcodes --------------------------------------------------------------------------------------------------------

SSCC = identify(sscc96("9521141", "0000000001"))
SCANS = f"]C1{SSCC},X1\r\nNOREAD\r\n".replace("(00)", "00").encode()
CODES = [CodesRead((SSCC, "X1")), CodesRead(())]


def barcode_keys(_: Programs, port: int) -> dict[str, Any]:
    return {"driver": "barcode", "host": "127.0.0.1", "port": port, "separator": ","}


@asynccontextmanager
async def barcode(programs: Programs, way: Way) -> AsyncIterator[Peer]:
    came: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.put_nowait(writer)
        with suppress(ConnectionError):
            await reader.read()
        writer.transport.abort()

    async def tell() -> None:
        came.put_nowait(client := await came.get())
        client.write(SCANS)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, Relay(server.sockets[0].getsockname()[1], way) as relay:
        yield Peer(barcode_keys(programs, relay.port), relay.over, relay.said, relay.end, tell, CODES)


def caller(
    driver: str, keys: Callable[[int], dict[str, Any]], words: bytes, events: Sequence[ReaderEvent], hello: bytes = b""
) -> ReaderCase:
    """A device that connects to us and says ``hello``, and then ``words`` whenever it is told."""

    @asynccontextmanager
    async def stand(_: Programs, way: Way) -> AsyncIterator[Peer]:
        port, over, said = free_port(), asyncio.Event(), bytearray()
        called = asyncio.get_running_loop().create_future()

        async def call() -> None:
            while not called.done():
                with suppress(OSError):
                    caller = socket.create_connection(("127.0.0.1", port))  # in vain it leaves no socket for a turn
                    reader, writer = await asyncio.open_connection(sock=caller)
                    called.set_result((Mouth(way, writer.write, writer.close, over), writer))
                await asyncio.sleep(0.001)
            mouth, writer = called.result()
            if hello:
                said.extend(hello)
                await mouth.say(hello)
            with suppress(ConnectionError):
                await reader.read()
            writer.transport.abort()

        async def tell() -> None:
            mouth, _ = await asyncio.shield(called)
            said.extend(words)
            await mouth.say(words)

        making = asyncio.create_task(call())
        try:
            yield Peer(keys(port), over, said, lambda: called.result()[0].end(), tell, events)
        finally:
            making.cancel()
            await asyncio.gather(making, return_exceptions=True)
            if called.done():
                called.result()[1].transport.abort()

    return ReaderCase(driver, stand, listens=True, hello=hello, words=words)


def called_barcode_keys(port: int) -> dict[str, Any]:
    return {"driver": "barcode", "host": "127.0.0.1", "listen": f"127.0.0.1:{port}", "separator": ","}


# ---- readers that connect to us --------------------------------------------------------------------------------------


def push_keys(way: str) -> Callable[[int], dict[str, Any]]:
    return lambda port: {"driver": "push-json", "vendor": "zebra", "way": way, "listen": f"127.0.0.1:{port}"}


PUSHED = b"".join(zebra(epc, antenna) + b"\r\n" for antenna, epc in enumerate(EPCS, 1))


def websocket() -> tuple[bytes, bytes]:
    """What a client says first, and its messages. Source: RFC 6455, 4.1 and 5.2."""
    client = WSConnection(ConnectionType.CLIENT)
    hello = client.send(Request(host="127.0.0.1", target="/reads"))
    frames = b""
    for antenna, epc in enumerate(EPCS, 1):
        message = zebra(epc, antenna)  # masked by zeros, so that each is the same
        frames += b"\x81" + bytes([0x80 | 126]) + struct.pack(">H", len(message)) + b"\0\0\0\0" + message
    return hello, frames


# ---- cards -----------------------------------------------------------------------------------------------------------


def frame(card: str, end: bytes) -> bytes:
    checksum = 0
    for octet in bytes.fromhex(card):
        checksum ^= octet
    return b"\x02" + card.encode() + b"%02X" % checksum + end + b"\x03"


@contextmanager
def line() -> Iterator[tuple[int, str, Callable[[], None]]]:
    """A serial line: the card reader's end, our device, and what unplugs it."""
    with ExitStack() as ends:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        device = os.ttyname(theirs)
        for end in (ours, theirs):
            ends.callback(os.close, end)
        yield ours, device, ends.close


def cards(driver: str, end: bytes) -> Callable[[Programs, Way], AbstractAsyncContextManager[Peer]]:
    @asynccontextmanager
    async def stand(_: Programs, way: Way) -> AsyncIterator[Peer]:
        over, said = asyncio.Event(), bytearray()
        with line() as (reader, device, unplug):
            mouth = Mouth(way, lambda octets: os.write(reader, octets), unplug, over)

            async def tell() -> None:
                octets = b"".join(frame(card, end) for card in CARDS)
                said.extend(octets)
                await mouth.say(octets)

            keys = {"driver": driver, "device": device, "debounce_ms": 0}
            events = [Reads((TagRead(card, 1, UNMEASURED_DBM, 0, 1),), ReaderClock.NONE) for card in CARDS]
            yield Peer(keys, over, said, mouth.end, tell, events)

    return stand


def server_keys(_: Programs, port: int) -> dict[str, Any]:
    return {"driver": "serial", "device": f"socket://127.0.0.1:{port}", "debounce_ms": 0}


@asynccontextmanager
async def card_server(programs: Programs, way: Way) -> AsyncIterator[Peer]:
    came: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.put_nowait(writer)
        with suppress(ConnectionError):
            await reader.read()
        writer.transport.abort()

    async def tell() -> None:
        came.put_nowait(client := await came.get())
        client.write(b"".join(frame(card, b"\r\n") for card in CARDS))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, Relay(server.sockets[0].getsockname()[1], way) as relay:
        events = [Reads((TagRead(card, 1, UNMEASURED_DBM, 0, 1),), ReaderClock.NONE) for card in CARDS]
        yield Peer(server_keys(programs, relay.port), relay.over, relay.said, relay.end, tell, events)


# ---- AutoID ----------------------------------------------------------------------------------------------------------


def autoid_keys(programs: Programs, port: int) -> dict[str, Any]:
    opcua = programs.opcua(port)
    return {"driver": "autoid", "antennas": (1, 2), "keepalive_ms": 60_000, "timeout_ms": 60_000, "opcua": opcua}


@asynccontextmanager
async def autoid(programs: Programs, way: Way) -> AsyncIterator[Peer]:
    async def tell() -> None:
        for antenna, epc in enumerate(EPCS, 1):
            await asyncio.to_thread(programs.devices.order, f"scan gate1 epc {epc} {antenna},-50,1700000000000")

    async with Relay(port_of(programs.devices.url), way) as relay:
        events = [
            Reads((TagRead(epc, antenna, -50.0, 1_700_000_000_000_000, 1),), ReaderClock.UTC)
            for antenna, epc in enumerate(EPCS, 1)
        ]
        yield Peer(autoid_keys(programs, relay.port), relay.over, relay.said, relay.end, tell, events)


HELLO = websocket()
READERS: dict[str, ReaderCase] = {
    "llrp": ReaderCase("llrp", llrp, llrp_keys, answers=True),
    "mqtt-json": ReaderCase("mqtt-json", mqtt, mqtt_keys, looks_s=0.05),
    "http-json": ReaderCase("http-json", http, http_keys),
    "serial": ReaderCase("serial", cards("serial", b"\r\n"), holds=3_000),
    "pyrfid": ReaderCase("pyrfid", cards("pyrfid", b""), holds=3_000),
    "serial over tcp": ReaderCase("serial", card_server, server_keys),
    "barcode": ReaderCase("barcode", barcode, barcode_keys),
    "barcode that calls": caller("barcode", called_barcode_keys, SCANS, CODES),
    "push by tcp": caller("push-json", push_keys("tcp"), PUSHED, ZEBRAS),
    "push by websocket": caller("push-json", push_keys("websocket"), HELLO[1], ZEBRAS, HELLO[0]),
    "autoid": ReaderCase("autoid", autoid, autoid_keys, looks_s=0.3, breaks=8, splits=2, answers=True),
}
