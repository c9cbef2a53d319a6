"""A peer for every link to a PLC, and what is called on it.

Public names: LinkPeer, LinkCase, LINKS.

PLCs are programs of others on libmodbus and node-opcua, whose own program stands still, so that they say the same each
time; the one on a serial line and the one with points are written from the standard.
"""

from __future__ import annotations

import asyncio
import os
import struct
import tty
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from contract import Mouth, Relay, Way
from numbered_device import NumberedDevice
from programs import Programs, port_of

from edge.config.load import load_line
from edge.config.opcua import PackmlConfig
from edge.config.plcs import PlcConfig
from edge.devices.opcua_drivers import packml_object
from edge.devices.plc_drivers import plc_link
from edge.devices.points import point_link
from plc.driver import PlcLink, PointLink
from plc.points import Point, PointError, parse_type

NAME = "sorter1"
LIMIT_MS = 10_000
DOWN = [0x4C57, 1, *range(1, 73)]


class Link(Protocol):
    """What all have in common."""

    async def connect(self) -> None: ...

    async def close(self) -> None: ...


Call: TypeAlias = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class LinkPeer:
    """``keys``: of the table in LINE.toml; ``over``, ``said``, ``end``: see Relay."""

    keys: dict[str, Any]
    over: asyncio.Event
    said: bytearray
    end: Callable[[], None]


@dataclass(frozen=True, slots=True)
class LinkCase:
    """One kind of link, to what ``of`` by a PLC's ``driver`` and ``transport``.

    ``calls``: what may be asked of it, each giving the same every time. ``dials``: the keys for a port; None where
    there is nobody to connect to. The rest as in ReaderCase.
    """

    of: str
    driver: str
    transport: str
    stand: Callable[[Programs, Way], AbstractAsyncContextManager[LinkPeer]]
    make: Callable[[Programs, dict[str, Any]], Link]
    calls: Sequence[Call]
    dials: Callable[[Programs, int], dict[str, Any]] | None
    breaks: int = 24
    splits: int = 8
    holds: int = 1_000_000
    looks_s: float = 0.02


# ---- mailboxes -------------------------------------------------------------------------------------------------------


async def read_up(link: PlcLink) -> Sequence[int]:
    return list(await link.read_up())


async def read_down(link: PlcLink) -> Sequence[int]:
    return list(await link.read_down())


async def write_down(link: PlcLink) -> None:
    await link.write_down(DOWN)


async def exchange(link: PlcLink) -> Sequence[int]:
    return list(await link.exchange(DOWN))


MAILBOX: Sequence[Call] = (read_up, write_down, read_down, exchange)


def mailbox(_: Programs, keys: dict[str, Any]) -> PlcLink:
    return plc_link(NAME, PlcConfig.model_validate(keys))


def tcp_keys(_: Programs, port: int) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "timeout_ms": LIMIT_MS}


@asynccontextmanager
async def modbus_tcp(programs: Programs, way: Way) -> AsyncIterator[LinkPeer]:
    async with Relay(programs.modbus_plc, way) as relay:
        yield LinkPeer(tcp_keys(programs, relay.port), relay.over, relay.said, relay.end)


def tls_keys(programs: Programs, port: int) -> dict[str, Any]:
    ours = {"ca": programs.authority.certificate, "certificate": programs.host.certificate, "key": programs.host.key}
    return tcp_keys(programs, port) | ours | {"transport": "tls"}


@asynccontextmanager
async def modbus_tls(programs: Programs, way: Way) -> AsyncIterator[LinkPeer]:
    async with Relay(programs.modbus_plc, way, programs.tls) as relay:
        yield LinkPeer(tls_keys(programs, relay.port), relay.over, relay.said, relay.end)


def crc(octets: bytes) -> bytes:
    """Source: MODBUS over Serial Line V1.02, 6.2.2."""
    value = 0xFFFF
    for octet in octets:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


@asynccontextmanager
async def modbus_rtu(_: Programs, way: Way) -> AsyncIterator[LinkPeer]:
    device, over, said = NumberedDevice(), asyncio.Event(), bytearray()
    loop, heard = asyncio.get_running_loop(), asyncio.Queue[bytes]()
    with ExitStack() as ends:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        for end in (ours, theirs):
            ends.callback(os.close, end)
        ends.callback(loop.remove_reader, ours)
        loop.add_reader(ours, lambda: heard.put_nowait(os.read(ours, 4096)))
        mouth = Mouth(way, lambda octets: os.write(ours, octets), ends.close, over)

        async def serve() -> None:
            await mouth.say(b"")
            held = b""
            while True:
                held += await heard.get()
                if crc(held[:-2]) == held[-2:]:
                    answer = held[:1] + device.answer(held[1:-2])
                    held = b""
                    said.extend(answer + crc(answer))
                    await mouth.say(answer + crc(answer))

        serving = asyncio.create_task(serve())
        try:
            keys = {"transport": "rtu", "device": os.ttyname(theirs), "parity": "none", "timeout_ms": LIMIT_MS}
            yield LinkPeer(keys, over, said, mouth.end)
        finally:
            serving.cancel()
            await asyncio.wait((serving,))


def rtu_over_tcp_keys(_: Programs, port: int) -> dict[str, Any]:
    return {"transport": "rtu", "device": f"socket://127.0.0.1:{port}", "timeout_ms": LIMIT_MS}


@asynccontextmanager
async def modbus_rtu_over_tcp(programs: Programs, way: Way) -> AsyncIterator[LinkPeer]:
    device = NumberedDevice()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held = b""
        with suppress(OSError):
            while octets := await reader.read(4096):
                held += octets
                if crc(held[:-2]) == held[-2:]:
                    answer = held[:1] + device.answer(held[1:-2])
                    held = b""
                    writer.write(answer + crc(answer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        async with Relay(server.sockets[0].getsockname()[1], way) as relay:
            yield LinkPeer(rtu_over_tcp_keys(programs, relay.port), relay.over, relay.said, relay.end)
    finally:
        server.close()


def opcua_keys(programs: Programs, port: int) -> dict[str, Any]:
    variables = {"up": "ns=1;s=Up", "down": "ns=1;s=Down", "publish_ms": 50}
    return {"driver": "opcua", "timeout_ms": LIMIT_MS, "opcua": programs.opcua(port) | variables}


@asynccontextmanager
async def opcua(programs: Programs, way: Way) -> AsyncIterator[LinkPeer]:
    async with Relay(port_of(programs.ua_plc.url), way) as relay:
        yield LinkPeer(opcua_keys(programs, relay.port), relay.over, relay.said, relay.end)


def remote_io(programs: Programs, keys: dict[str, Any]) -> PlcLink:
    """The small line of the examples on another address."""
    config = load_line(programs.project / "examples" / "small-line" / "LINE.toml")
    (line,) = config.layouts()
    return plc_link(NAME, config.plc["io"].model_copy(update=keys), line)


@asynccontextmanager
async def io_station(programs: Programs, way: Way) -> AsyncIterator[LinkPeer]:
    async with Relay(programs.modbus_io, way) as relay:
        yield LinkPeer(tcp_keys(programs, relay.port), relay.over, relay.said, relay.end)


async def inputs(link: PlcLink) -> int:
    """A reading of the inputs becomes a mailbox here, whose clock goes on."""
    return len(await link.exchange(DOWN))


# ---- points ----------------------------------------------------------------------------------------------------------

SETPOINT = Point("a/setpoint", parse_type("UINT"), address=900, node="ns=1;s=Setpoint", writable=True)


async def read_points(link: PointLink) -> Any:
    return dict(await link.read())


async def write_point(link: PointLink) -> str:
    """Why not, where the PLC refuses it."""
    try:
        await link.write(SETPOINT, 1200)
    except PointError as error:
        return str(error)
    return ""


POINTS: Sequence[Call] = (write_point, read_points)


def points(_: Programs, keys: dict[str, Any]) -> PointLink:
    return point_link(NAME, PlcConfig.model_validate(keys))


def modbus_points_keys(programs: Programs, port: int) -> dict[str, Any]:
    table = {
        "a/setpoint": {"type": "UINT", "address": 900, "writable": True},
        "a/speed": {"type": "REAL", "address": 100},
        "a/label": {"type": "STRING[40]", "address": 300},
        "a/lamp": {"type": "BOOL", "table": "coil", "address": 33},
        "a/gone": {"type": "INT", "address": 700},
    }
    return tcp_keys(programs, port) | {"point": table}


@asynccontextmanager
async def modbus_points(programs: Programs, way: Way) -> AsyncIterator[LinkPeer]:
    async with NumberedDevice({700}) as device, Relay(device.port, way) as relay:
        yield LinkPeer(modbus_points_keys(programs, relay.port), relay.over, relay.said, relay.end)


def opcua_points_keys(programs: Programs, port: int) -> dict[str, Any]:
    table = {
        "a/setpoint": {"type": "UINT", "node": SETPOINT.node, "writable": True},
        "a/label": {"type": "STRING[20]", "node": "ns=1;s=Label"},
        "a/broken": {"type": "REAL", "node": "ns=1;s=Broken"},
    }
    return opcua_keys(programs, port) | {"point": table}


@asynccontextmanager
async def opcua_points(programs: Programs, way: Way) -> AsyncIterator[LinkPeer]:
    async with Relay(port_of(programs.ua_plc.url), way) as relay:
        yield LinkPeer(opcua_points_keys(programs, relay.port), relay.over, relay.said, relay.end)


# ---- PackML ----------------------------------------------------------------------------------------------------------


async def read_machine(link: Any) -> Any:
    return await link.read()


def packml(_: Programs, keys: dict[str, Any]) -> Link:
    return packml_object(NAME, PackmlConfig.model_validate(keys))


def packml_keys(programs: Programs, port: int) -> dict[str, Any]:
    return programs.opcua(port) | {"node": "ns=1;s=labeler", "timeout_ms": LIMIT_MS}


@asynccontextmanager
async def machine(programs: Programs, way: Way) -> AsyncIterator[LinkPeer]:
    async with Relay(port_of(programs.devices.url), way) as relay:
        yield LinkPeer(packml_keys(programs, relay.port), relay.over, relay.said, relay.end)


DEAR: dict[str, Any] = {"breaks": 6, "splits": 2, "looks_s": 0.3}
"""A secure session costs both sides a tenth of a second."""
AS_DEAR: dict[str, Any] = {"breaks": 3, "splits": 1, "looks_s": 0.3}
"""Another use of the same."""
LINKS: dict[str, LinkCase] = {
    "modbus over tcp": LinkCase("mailbox", "modbus", "tcp", modbus_tcp, mailbox, MAILBOX, tcp_keys),
    "modbus over tls": LinkCase("mailbox", "modbus", "tls", modbus_tls, mailbox, MAILBOX, tls_keys),
    "modbus over rtu": LinkCase("mailbox", "modbus", "rtu", modbus_rtu, mailbox, MAILBOX, None, holds=3_000),
    "modbus over rtu over tcp": LinkCase(
        "mailbox", "modbus", "rtu", modbus_rtu_over_tcp, mailbox, MAILBOX, rtu_over_tcp_keys
    ),
    "opcua": LinkCase("mailbox", "opcua", "", opcua, mailbox, MAILBOX, opcua_keys, **DEAR),
    "remote-io": LinkCase("mailbox", "remote-io", "tcp", io_station, remote_io, (inputs,), tcp_keys),
    "points over modbus": LinkCase("points", "modbus", "tcp", modbus_points, points, POINTS, modbus_points_keys),
    "points over opcua": LinkCase("points", "opcua", "", opcua_points, points, POINTS, opcua_points_keys, **AS_DEAR),
    "packml": LinkCase("packml", "opcua", "", machine, packml, (read_machine,), packml_keys, **AS_DEAR),
}
