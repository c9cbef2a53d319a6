"""The LLRP client and the simulated reader on real sockets, on asyncio and on uvloop."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from llrp_talk import Ear
from loops import LOOPS, Loop
from waiting import HANGS_S

from rfid.driver import (
    ClockSample,
    PortChanged,
    ReaderClock,
    ReaderError,
    ReaderNotice,
    ReaderReady,
    Reads,
    TagRead,
)
from rfid.llrp.client import LlrpReader
from rfid.llrp.codec import encode, message
from rfid.llrp.frames import HEADER
from rfid.llrp.settings import LlrpSettings
from rfid.llrp_device.simulator import ReaderFault, SimulatedReader

READS = tuple(TagRead(f"{number:024X}", 1 + number % 4, -50.0, number, 1) for number in range(1, 300))


def _reader(port: int, name: str = "portal1", **settings: Any) -> LlrpReader:
    return LlrpReader(LlrpSettings(name, **{"keepalive_ms": 60_000} | settings), "127.0.0.1", port)


async def _end_of(task: asyncio.Task[None]) -> str:
    with pytest.raises(ReaderError) as caught:
        await asyncio.wait_for(task, HANGS_S)
    return str(caught.value)


async def _gone(simulated: SimulatedReader) -> None:
    await asyncio.wait_for(simulated.released(), HANGS_S)
    assert not simulated.connected


@LOOPS
def test_reads_come_through_and_a_cancelled_client_leaves_politely(run: Any, loop: Loop) -> None:
    async def scenario() -> None:
        simulated = await SimulatedReader("sim1", clock=lambda: 0, stamps=ReaderClock.UTC).start()
        assert not simulated.report(READS[:1])
        ear = Ear()
        task = asyncio.create_task(_reader(simulated.port, antennas=(1, 2)).run(ear))
        assert await ear.ready() == ReaderReady("maker 0 model 1, firmware simulated, 4 antennas")
        assert simulated.connected and simulated.reading
        assert simulated.report(READS) and not simulated.report(READS[1:3])  # those were antennas 3 and 4
        expected = tuple(read for read in READS if read.antenna < 3)
        assert await ear.next() == Reads(expected, ReaderClock.UTC)
        assert simulated.gpi(3, True) and simulated.antenna(1, False)
        assert await ear.next() == PortChanged("gpi", 3, True)
        assert await ear.next() == PortChanged("antenna", 1, False)
        task.cancel()
        async with asyncio.timeout(HANGS_S):
            with pytest.raises(asyncio.CancelledError):
                await task
        await _gone(simulated)
        await simulated.stop()

    run(scenario(), loop=loop)


@LOOPS
def test_every_way_to_fail_says_reader_address_and_reason(run: Any, loop: Loop) -> None:
    async def scenario() -> None:
        simulated = await SimulatedReader("sim1", clock=lambda: 0).start()
        port, ear = simulated.port, Ear()
        task = asyncio.create_task(_reader(port).run(ear))
        await ear.ready()
        second = asyncio.create_task(_reader(port, "portal2").run(ear))
        assert await _end_of(second) == f"portal2: 127.0.0.1:{port}: another client holds the reader"
        assert await ear.next() == ReaderNotice("another client tried to connect")
        assert simulated.report(READS[:1]) and isinstance(await ear.next(), Reads)
        simulated.disconnect()
        assert (await _end_of(task)).startswith(f"portal1: 127.0.0.1:{port}: connection ")
        await _gone(simulated)
        wrong = asyncio.create_task(_reader(port, antennas=(9,)).run(ear))
        assert (await _end_of(wrong)).endswith("antenna 9 is not in 1..4")
        await _gone(simulated)
        simulated.fault(ReaderFault.SILENCE)
        mute = asyncio.create_task(_reader(port, response_ms=100).run(ear))
        assert "no answer within 100 ms while waiting for the reader's greeting" in await _end_of(mute)
        await _gone(simulated)
        simulated.mend()
        task = asyncio.create_task(_reader(port, keepalive_ms=100).run(ear))
        assert isinstance(await ear.next(), ClockSample)  # of the connection that found the antenna missing
        await ear.ready()
        simulated.fault(ReaderFault.SILENCE)
        assert "no keepalive for" in await _end_of(task)
        with pytest.raises(OSError, match="in use"):
            await SimulatedReader("sim2", clock=lambda: 0).start(port=port)
        await simulated.stop()
        refused = asyncio.create_task(_reader(port).run(ear))
        assert await _end_of(refused) == f"portal1: 127.0.0.1:{port}: connection refused"

    run(scenario(), loop=loop)


@LOOPS
def test_a_bad_frame_costs_itself_and_a_broken_stream_the_connection(run: Any, loop: Loop) -> None:
    async def scenario() -> None:
        simulated = await SimulatedReader("sim1", clock=lambda: 0).start()
        ear, reader = Ear(), _reader(simulated.port)
        task = asyncio.create_task(reader.run(ear))
        await ear.ready()
        for number in range(1, 6):
            assert simulated.send(HEADER.pack(1 << 10 | 61, 11, 1) + b"\x81")
            if number in (1, 2, 4):  # said when their number has doubled
                assert "bad frame number" in str(await ear.next())
            assert simulated.report(READS[:number])
            assert await ear.next() == Reads(READS[:number], ReaderClock.UTC)
            assert reader.bad_frames == number
        simulated.send(b"HTTP/1.1 200 OK\r\n")
        assert "the stream makes no sense any more" in await _end_of(task)
        await simulated.stop()

    run(scenario(), loop=loop)


def test_a_client_of_others_gets_what_the_standard_says() -> None:
    """A bare socket, request by request: the simulated reader answers those who do not use our session too."""

    async def scenario() -> None:
        simulated = await SimulatedReader("sim1", clock=lambda: 0).start()
        await asyncio.to_thread(ask, simulated.port)
        await _gone(simulated)
        await simulated.stop()

    def ask(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=HANGS_S) as client:
            stream = client.makefile("rwb")

            def answer(request: bytes) -> tuple[int, int]:
                stream.write(request)
                stream.flush()
                word, length, number = HEADER.unpack(stream.read(HEADER.size))
                assert len(stream.read(length - HEADER.size)) == length - HEADER.size
                return word & 0x3FF, number

            assert answer(b"")[0] == 63
            asked = message("GET_READER_CAPABILITIES", 8, RequestedData="All")
            assert answer(encode(asked)) == (11, 8)
            assert answer(encode(message("ENABLE_ROSPEC", 9, ROSpecID=3))) == (34, 9)
            assert answer(encode(message("CLOSE_CONNECTION", 10))) == (4, 10)
            assert stream.read() == b""

    asyncio.run(scenario())
