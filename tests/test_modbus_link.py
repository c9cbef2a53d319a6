"""The Modbus link and the simulated PLC: faults of the wire, and what foreign tools see.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import re
import struct
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from loops import LOOPS, Loop
from mailbox_hosts import read_in_the_end
from pcap import write_pcap

from plc.driver import PlcError, PlcLink
from plc.host_signals import Handled
from plc.mailbox import Host
from plc.modbus import ModbusLink
from plc.plc_side import PlcSide
from plc.points import Endianness, Point, Table, parse_type
from plc.simulator import SimulatedPlc
from plc.wires import Tcp
from plc.words import CommandRecord, EventRecord, EventType, Opcode

DOWN = [0x4C57, 1, *range(1, 73)]


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@asynccontextmanager
async def simulated(side: PlcSide, *, scanning: bool = True) -> AsyncIterator[SimulatedPlc]:
    plc = SimulatedPlc("sorter1", side, monotonic_ms, scan_ms=1)
    await plc.start(scanning=scanning)
    try:
        yield plc
    finally:
        await plc.stop()


@asynccontextmanager
async def answering(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[int]:
    """A server that answers each request with what ``answer`` makes of it; None closes the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(300):
            reply = answer(request)
            if reply is None:
                break
            writer.write(reply)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def converse(link: PlcLink, side: PlcSide, parcels: int) -> list[Handled]:
    """Routes that many parcels through ``link``."""
    await link.connect()
    host, handled = Host(), list[Handled]()
    signals = host.connect(await link.read_up(), await link.read_down(), 0)
    for track in range(1, parcels + 1):
        side.emit(EventType.INDUCTED, track, station=1)
    for cycle in range(1, 5_000):
        for signal in signals:
            match signal:
                case EventRecord() as event:
                    host.event_stored(event.seq)
                    if event.type == EventType.INDUCTED:
                        host.command(CommandRecord(Opcode.ROUTE, event.track_id, 3, host.plc_ms + 60_000 & 0xFFFF_FFFF))
                case Handled():
                    handled.append(signal)
                    host.command_stored(signal.sent.seq)
                case _:
                    pass
        words, signals = host.down(cycle * 2_000)
        if words is not None:
            await link.write_down(words)
        if len(handled) == parcels and not side.unacknowledged:
            return handled
        await asyncio.sleep(0.001)
        signals += host.on_up(await link.read_up(), cycle * 2_000 + 1_000)
    raise AssertionError(f"{len(handled)} of {parcels} handled, {side.unacknowledged} events left")


@LOOPS
def test_parcels_are_routed_and_their_reactions_timed(run: Any, loop: Loop) -> None:
    async def main() -> None:
        acted: list[int] = []

        def act(command: CommandRecord) -> None:
            acted.append(command.value)

        side = PlcSide(3, act=act)
        async with simulated(side) as plc:
            link = ModbusLink("sorter1", Tcp("127.0.0.1", plc.port), timeout_ms=60_000)
            assert len(await converse(link, side, 30)) == 30
            assert acted == list(range(1, 31)) and len(plc.reactions_us) == 30 and min(plc.reactions_us) > 0
            await link.close()

    run(main(), loop=loop)


def test_a_restarted_simulator_has_closed_its_connections_and_cleared_down(run: Any) -> None:
    async def main() -> None:
        async with simulated(PlcSide(1), scanning=False) as plc:
            link = ModbusLink("sorter1", Tcp("127.0.0.1", plc.port), timeout_ms=60_000)
            await link.connect()
            await link.write_down(DOWN)
            assert list(await link.read_down()) == DOWN
            plc.restart(PlcSide(2))
            with pytest.raises(PlcError):
                await link.read_up()
            await link.connect()
            assert list(await link.read_down()) == [0] * 74 and (await link.read_up())[20] == 2
            await link.close()

    run(main())


def test_up_is_read_only_and_down_takes_every_kind_of_write(run: Any) -> None:
    async def main() -> None:
        async with simulated(PlcSide(9), scanning=False) as plc:
            reader, writer = await asyncio.open_connection("127.0.0.1", plc.port)

            async def ask(pdu: bytes) -> bytes:
                writer.write(struct.pack(">HHHB", 7, 0, len(pdu) + 1, 1) + pdu)
                head = await reader.readexactly(7)
                return await reader.readexactly(struct.unpack(">HHHB", head)[2] - 1)

            assert await ask(struct.pack(">BHH", 6, 203, 0)) == struct.pack(">BHH", 6, 203, 0)
            assert await ask(struct.pack(">BHH", 6, 203, 77)) == struct.pack(">BHH", 6, 203, 77)
            assert await ask(struct.pack(">BHHBH", 16, 202, 1, 2, 5)) == struct.pack(">BHH", 16, 202, 1)
            both = await ask(struct.pack(">BHHHHBHH", 23, 20, 2, 200, 2, 4, 0x4C57, 1))
            assert both == struct.pack(">BBHH", 23, 4, 9, 0)
            assert (await ask(struct.pack(">BHH", 3, 200, 4)))[2:] == struct.pack(">HHHH", 0x4C57, 1, 5, 77)
            assert await ask(struct.pack(">BHH", 6, 20, 1)) == b"\x86\x02"  # session is the PLC's own
            assert await ask(struct.pack(">BHH", 3, 150, 10)) == b"\x83\x02"  # nothing lies between the blocks
            writer.close()
            await writer.wait_closed()

    run(main())


@LOOPS
def test_a_late_answer_is_never_taken_for_the_next(run: Any, loop: Loop) -> None:
    async def main() -> None:
        asked: list[bytes] = []

        def late(request: bytes) -> bytes:
            """Nothing to the first request; on the same connection its answer would come before the second's."""
            asked.append(request)
            if len(asked) == 1:
                return b""
            stale = reply(asked[0], 1) if request[1] == 2 else b""
            return stale + reply(request, 2)

        def reply(request: bytes, word: int) -> bytes:
            return request[:4] + struct.pack(">HBBB", 207, 1, 3, 204) + struct.pack(">102H", *[word] * 102)

        async with answering(late) as port:
            link = ModbusLink("sorter1", Tcp("127.0.0.1", port), timeout_ms=40)
            await link.connect()
            with pytest.raises(
                PlcError, match=rf"^sorter1: 127.0.0.1:{port}: .* 0-101: no answer within 40 ms by unit 1$"
            ):
                await link.read_up()
            with pytest.raises(PlcError, match="not connected"):
                await link.read_up()
            assert list(await read_in_the_end(link)) == [2] * 102
            assert {request[1] for request in asked} == {1}  # transaction 1 of another connection
            await link.close()

    run(main(), loop=loop)


@LOOPS
@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda _: None, "closed the connection"),
        (lambda request: request[:4] + b"\x00\x03\x01\x83\x02", "exception code 2"),
        (lambda request: request[:4] + b"\x00\x05\x01\x03\x02\x12\x34", "1 registers came"),
        (lambda request: request[:4] + b"\x00\x05\x01\x03\x04\x12\x34", "its answer cannot be read"),
        (lambda request: b"\xff" * 40, "no answer within 60 ms"),
    ],
    ids=["closed", "exception", "short", "cut", "noise"],
)
def test_a_bad_answer_ends_the_connection_with_its_reason(
    run: Any, loop: Loop, answer: Callable[[bytes], bytes | None], text: str
) -> None:
    async def main() -> None:
        async with answering(answer) as port:
            link = ModbusLink("sorter1", Tcp("127.0.0.1", port), timeout_ms=60 if "60 ms" in text else 60_000)
            await link.connect()
            with pytest.raises(PlcError, match=f"sorter1: 127.0.0.1:{port}: holding registers 0-101: .*{text}"):
                await link.read_up()
            with pytest.raises(PlcError, match="not connected"):
                await link.write_down(DOWN)

    run(main(), loop=loop)


def test_nobody_there_and_a_taken_port_are_said(run: Any) -> None:
    async def main() -> None:
        async with simulated(PlcSide()) as plc:
            taken = SimulatedPlc("sorter2", PlcSide(), monotonic_ms)
            with pytest.raises(PlcError, match=f"sorter2: cannot listen on 127.0.0.1:{plc.port}"):
                await taken.start("127.0.0.1", plc.port)
            port = plc.port
        with pytest.raises(PlcError, match=f"^sorter1: 127.0.0.1:{port}: connection refused$"):
            await ModbusLink("sorter1", Tcp("127.0.0.1", port), timeout_ms=20_000).connect()

    run(main())


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: ModbusLink("sorter1", Tcp("h", 0)), "sorter1: port 0 is not within 1..65535"),
        (lambda: ModbusLink("sorter1", Tcp("h"), device_id=256), "device id 256 is not within 0..255"),
        (lambda: ModbusLink("sorter1", Tcp("h"), up=65_500), "first register of UP 65500 is not within 0..65434"),
        (lambda: ModbusLink("sorter1", Tcp("h"), up=0, down=101), "UP at register 0 and DOWN at register 101 overlap"),
        (lambda: ModbusLink("sorter1", Tcp("h"), timeout_ms=0), "timeout in ms 0 is not within 1..60000"),
        (lambda: SimulatedPlc("sorter1", PlcSide(), monotonic_ms, scan_ms=0), "scan of 0 ms is below 1 ms"),
    ],
)
def test_wrong_settings_name_value_and_limit(make: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        make()


def test_mbpoll_reads_the_simulated_up_block(run: Any, peer: Callable[[str], str]) -> None:
    program = peer("mbpoll")

    async def main() -> list[int]:
        side = PlcSide(0x1234)
        side.lanes_full = 0b101
        side.emit(EventType.DIVERTED, 0x0001_0002, station=4)
        async with simulated(side) as plc:
            settings = ["-m", "tcp", "-a", "1", "-p", str(plc.port), "-0", "-r", "0", "-c", "104", "-1", "-t", "4:hex"]
            poll = await asyncio.create_subprocess_exec(
                program, *settings, "127.0.0.1", stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            out, error = await poll.communicate()
            assert poll.returncode == 0, error
            return [int(word, 16) for word in re.findall(r"^\[\d+\]:\s+0x([0-9A-F]+)", out.decode(), re.MULTILINE)]

    words = run(main())
    assert len(words) == 104 and words[:2] == [0x4C57, 2]
    assert (words[6], words[18], words[20]) == (0b101, 1, 0x1234)
    assert words[32:37] == [1, EventType.DIVERTED, 1, 2, 4] and words[41] == 1


def test_mbpoll_writes_and_reads_the_simulated_points(run: Any, peer: Callable[[str], str]) -> None:
    program = peer("mbpoll")
    points = [
        Point("a/speed", parse_type("REAL"), address=1000, word_order=Endianness.LOW_FIRST),
        Point("a/lamp", parse_type("BOOL"), Table.COIL, 21),
        Point("a/level", parse_type("INT"), Table.INPUT, 7),
    ]

    async def mbpoll(port: int, *settings: str) -> str:
        poll = await asyncio.create_subprocess_exec(
            program, "-m", "tcp", "-p", str(port), "-0", *settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, error = await poll.communicate()
        assert poll.returncode == 0, (out, error)
        return out.decode()

    async def main() -> None:
        plc = SimulatedPlc("sorter1", PlcSide(), lambda: 0, points=points)
        await plc.start()
        try:
            plc.points.put("a/level", -12)
            await mbpoll(plc.port, "-t", "4:float", "-r", "1000", "127.0.0.1", "2.5")
            await mbpoll(plc.port, "-t", "0", "-r", "21", "127.0.0.1", "1")
            assert (plc.points.get("a/speed"), plc.points.get("a/lamp")) == (2.5, True)
            said = await mbpoll(plc.port, "-t", "3", "-r", "7", "-1", "127.0.0.1")
            assert re.search(r"^\[7\]:\s+65524 \(-12\)$", said, re.MULTILINE), said
        finally:
            await plc.stop()

    run(main())


def test_tshark_finds_nothing_malformed_in_either_direction(
    run: Any, peer: Callable[[str], str], tmp_path: Path
) -> None:
    program = peer("tshark")
    conversation: list[tuple[bool, bytes]] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, from_client: bool) -> None:
        while octets := await reader.read(4096):
            conversation.append((from_client, octets))
            writer.write(octets)
        writer.close()

    async def main() -> None:
        side, served = PlcSide(), list[asyncio.Task[Any]]()
        async with simulated(side) as plc:

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = asyncio.current_task()
                assert task is not None
                served.append(task)
                there, back = await asyncio.open_connection("127.0.0.1", plc.port)
                await asyncio.gather(relay(reader, back, True), relay(there, writer, False))

            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            link = ModbusLink("sorter1", Tcp("127.0.0.1", server.sockets[0].getsockname()[1]), timeout_ms=60_000)
            await converse(link, side, 60)
            await link.close()
            server.close()
            await asyncio.gather(*served)

    run(main())
    capture = tmp_path / "modbus.pcap"
    write_pcap(capture, conversation, 502)
    fields = ["_ws.malformed", "_ws.expert.severity", "mbtcp.trans_id", "modbus.func_code", "modbus.exception_code"]
    arguments = [program, "-r", str(capture), "-Y", "mbtcp || _ws.malformed", "-T", "fields"]
    for field in fields:
        arguments += ["-e", field]
    dissected = subprocess.run(arguments, capture_output=True, text=True, check=True)
    rows = [row.split("\t") for row in dissected.stdout.splitlines()]
    assert len(rows) == len(conversation) > 20
    warning = 0x0060_0000
    for malformed, severity, transaction, function, exception in rows:
        assert not malformed and int(severity or 0) < warning
        assert transaction and function in ("3", "16") and not exception


@pytest.mark.parametrize("pieces", [1, 2, 3])
def test_every_request_is_answered_in_order_in_however_many_pieces_they_come(run: Any, pieces: int) -> None:
    """As controllers ask that have several transactions open; the library's own server forgets all but one."""

    async def main() -> None:
        async with simulated(PlcSide(1), scanning=False) as plc:
            reader, writer = await asyncio.open_connection("127.0.0.1", plc.port)
            asked = b"".join(struct.pack(">HHHBBHH", number, 0, 6, 1, 3, 0, 2 + number) for number in range(1, 9))
            size = -(-len(asked) // pieces)
            for at in range(0, len(asked), size):
                writer.write(asked[at : at + size])
                await writer.drain()
                await asyncio.sleep(0)
            for number in range(1, 9):
                head = await reader.readexactly(9)
                assert struct.unpack(">HHHBBB", head) == (number, 0, 7 + 2 * number, 1, 3, 4 + 2 * number)
                await reader.readexactly(head[8])
            writer.close()
            await writer.wait_closed()

    run(main())
