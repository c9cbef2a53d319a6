"""What comes on a Modbus wire beside the answer that was asked for: noise, echoes, answers too late, two at once.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

import pytest
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st
from link_peers import crc
from loops import LOOPS, Loop
from numbered_device import NumberedDevice
from pymodbus.framer import FramerRTU
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest
from virtual_time import run_virtual
from waiting import until

from plc.modbus_bus import ModbusBus
from plc.modbus_connection import ModbusConnection, Silence
from plc.modbus_transactions import AnswerError, Connection, RequestPdu, WriteRegisters
from plc.patience import Patience
from plc.points import Table
from plc.wires import RtuOverTcp, Tcp

LONGEST = 256
"""Octets of a frame on a serial line. Source: MODBUS over Serial Line V1.02, 2.5.1."""
Answers = Callable[[bytes, bytes], bytes]
"""What goes over the wire for a request and its answer, both as frames."""


@asynccontextmanager
async def device(answers: Answers, *, rtu: bool) -> AsyncIterator[int]:
    numbered, serving = NumberedDevice(), list[asyncio.Task[None] | None]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(2 if rtu else 7)
                if rtu:
                    request = head + await reader.readexactly(6)
                    if request[1] in (16, 22):
                        request += await reader.readexactly(2 if request[1] == 22 else 1 + request[5] * 2)
                    said = head[:1] + numbered.answer(request[1:-2])
                    said += crc(said)
                else:
                    request = head + await reader.readexactly(struct.unpack(">H", head[4:6])[0] - 1)
                    said = numbered.answer(request[7:])
                    said = head[:4] + struct.pack(">HB", len(said) + 1, head[6]) + said
                writer.write(answers(request, said))
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*filter(None, serving))


@pytest.mark.parametrize(
    "answers",
    [
        lambda _, said: b"\0" + said,
        lambda _, said: b"\xff\x01\x03" + said + b"\0",
        lambda request, said: request + said,
        lambda _, said: b"\x01\x03\x04\0\1\0\2\0\0" + said,
    ],
    ids=["nul", "noise", "echo", "wrong checksum"],
)
def test_an_answer_is_found_behind_what_a_serial_line_adds(run: Run, answers: Answers) -> None:
    async def main() -> None:
        async with device(answers, rtu=True) as port:
            link = ModbusConnection("drive1", RtuOverTcp("127.0.0.1", port), timeout_ms=60_000)
            await link.connect()
            for first in range(300, 320):
                assert list(await link.read(Table.HOLDING, first, 3)) == [first, first + 1, first + 2]
                await link.write_registers(900, [first])
            assert list(await link.read(Table.HOLDING, 900, 1)) == [319]
            await link.close()

    run(main())


def test_a_request_that_an_adapter_echoes_whole_is_not_the_answer_to_the_next(run: Run) -> None:
    async def main() -> None:
        async with device(lambda request, said: request + said, rtu=True) as port:
            link = ModbusConnection("drive1", RtuOverTcp("127.0.0.1", port), timeout_ms=60_000)
            await link.connect()
            for at in range(20):
                await link.mask_register(900, 0, at)
                assert list(await link.read(Table.HOLDING, 300 + at, 1)) == [300 + at]
            await link.close()

    run(main())


def test_an_echo_with_the_checksum_of_an_answer_deceives_nobody(run: Run) -> None:
    async def main() -> None:
        async with device(lambda request, said: request + said, rtu=True) as port:
            link = ModbusConnection("drive1", RtuOverTcp("127.0.0.1", port), timeout_ms=60_000)
            await link.connect()
            assert list(await link.read(Table.DISCRETE, 0x384, 20)) == [
                at.bit_count() & 1 for at in range(0x384, 0x398)
            ]
            await link.close()

    run(main())


@pytest.mark.parametrize("size", [1, 3, 7])
def test_an_echo_in_pieces_that_holds_an_answer_deceives_nobody(run: Run, size: int) -> None:
    async def main() -> None:
        link, wire = Connection(RtuOverTcp("127.0.0.1", 1)), Wire()
        link.connection_made(wire)
        answer = b"\1\x10\3\x84\0\4"
        answer += crc(answer)
        request = WriteRegisters(address=900, registers=list(struct.unpack(">4H", answer)), dev_id=1)
        asking = asyncio.create_task(link.ask(RequestPdu.of(request), Patience(60_000), any_unit=False))
        await until(lambda: bool(wire.said))
        for at in range(0, len(wire.said), size):
            link.data_received(wire.said[at : at + size])
            await asyncio.sleep(0)
            assert not asking.done()
        link.data_received(answer)
        assert (await asking).count == 4

    run(main())


def test_each_request_has_its_own_time_limit_and_is_answered_until_then() -> None:
    async def main() -> None:
        wire, device = Wire(), NumberedDevice()
        link, loop = Connection(Tcp("127.0.0.1")), asyncio.get_running_loop()
        link.connection_made(wire)

        async def ended_s(limit_ms: int) -> float:
            request = ReadHoldingRegistersRequest(address=300, count=1, dev_id=1)
            with suppress(TimeoutError):
                await link.ask(RequestPdu.of(request), Patience(limit_ms), any_unit=False)
            return round(loop.time(), 6)

        asked = [asyncio.create_task(ended_s(limit_ms)) for limit_ms in (700, 300, 500)]
        await asyncio.sleep(0.4)
        said = device.answer(wire.said[7:])
        link.data_received(wire.said[:4] + struct.pack(">HB", len(said) + 1, 1) + said)
        assert await asyncio.gather(*asked) == [0.7, 0.3, 0.4]
        asked = [asyncio.create_task(ended_s(limit_ms)) for limit_ms in (100, 600)]
        assert await asyncio.gather(*asked) == [0.8, 1.3]
        link.end("over", quietly=True)

    run_virtual(main())


@pytest.mark.parametrize("octets", [b"\1\3\xf9", b"\3", b"\2", b"0", bytes(range(256))])
def test_a_flood_in_small_pieces_has_no_checksum_computed_over_and_over(
    run: Run, monkeypatch: pytest.MonkeyPatch, octets: bytes
) -> None:
    """It is the whole loop that would wait for it, and every line with it."""
    checked = list[int]()
    check = FramerRTU.check_CRC

    def counted(data: bytes, given_: int) -> bool:
        checked.append(len(data))
        return check(data, given_)

    monkeypatch.setattr(FramerRTU, "check_CRC", staticmethod(counted))

    async def main() -> None:
        link = Connection(RtuOverTcp("127.0.0.1", 1))
        link.connection_made(Wire())
        flood = octets * (6_000 // len(octets))
        for at in range(0, len(flood), 16):
            checked.clear()
            link.data_received(flood[at : at + 16])
            assert len(checked) <= LONGEST, f"{len(checked)} checksums of {sum(checked)} octets"

    run(main())


class Wire(asyncio.Transport):
    """A transport without a wire."""

    def __init__(self) -> None:
        super().__init__()
        self.said = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.said = bytes(data)

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        pass


@given(st.binary(max_size=30), st.binary(max_size=12), st.lists(st.integers(0, 60), max_size=4))
def test_whatever_stands_about_answers_on_tcp_no_wrong_one_is_taken(
    before: bytes, behind: bytes, cuts: list[int]
) -> None:
    async def main() -> None:
        wire, device = Wire(), NumberedDevice()
        connection, patience = Connection(Tcp("127.0.0.1")), Patience(60_000)
        connection.connection_made(wire)
        for first in range(300, 303):
            request = ReadHoldingRegistersRequest(address=first, count=2, dev_id=1)
            asking = asyncio.create_task(connection.ask(RequestPdu.of(request), patience, any_unit=False))
            await asyncio.sleep(0)
            said = device.answer(wire.said[7:])
            octets = before + wire.said[:4] + struct.pack(">HB", len(said) + 1, 1) + said + behind
            for begin, end in pairwise(sorted({0, len(octets), *(cut for cut in cuts if cut < len(octets))})):
                connection.data_received(octets[begin:end])
            await asyncio.sleep(0)
            if asking.done():
                with suppress(AnswerError):
                    assert asking.result().registers == [first, first + 1]
            else:
                assert before or behind
                asking.cancel()
                await asyncio.wait((asking,))
        connection.end("over", quietly=True)

    asyncio.run(main())


@LOOPS
def test_what_is_urgent_is_asked_beside_a_silent_unit_and_two_answers_may_come_in_one_piece(
    run: Run, loop: Loop
) -> None:
    held: list[bytes] = []

    def answers(request: bytes, said: bytes) -> bytes:
        """Unit 9 answers with the next answer of unit 1, in one piece of more than 264 octets."""
        if request[6] == 9:
            held.append(said)
            return b""
        late = b"".join(held)
        held.clear()
        return said + late

    async def main() -> None:
        async with device(answers, rtu=False) as port:
            bus = ModbusBus(Tcp("127.0.0.1", port))
            points = ModbusConnection("p", bus, 9, timeout_ms=60_000, urgent=False, of_many=True)
            mailbox = ModbusConnection("m", bus, 1, timeout_ms=60_000)
            await points.connect()
            await mailbox.connect()
            for first in range(300, 303):
                slow = asyncio.create_task(points.read(Table.HOLDING, first + 500, 100))
                await until(lambda: bool(held))
                assert list(await mailbox.read(Table.HOLDING, first, 100)) == list(range(first, first + 100))
                assert list(await slow) == list(range(first + 500, first + 600))
            await mailbox.close()
            await points.close()

    run(main(), loop=loop)


def test_an_answer_that_comes_too_late_is_no_answer_to_the_next(run: Run) -> None:
    held: list[bytes] = []

    def answers(_: bytes, said: bytes) -> bytes:
        held.append(said)
        return b"" if len(held) == 1 else held[-2] + said

    async def main() -> None:
        async with device(answers, rtu=False) as port:
            link = ModbusConnection("p", Tcp("127.0.0.1", port), timeout_ms=60, urgent=False, of_many=True)
            await link.connect()
            with pytest.raises(Silence, match="no answer within 60 ms by unit 1"):
                await link.read(Table.HOLDING, 300, 2)
            for first in (400, 500):
                with suppress(Silence):  # on a busy machine
                    assert list(await link.read(Table.HOLDING, first, 2)) == [first, first + 1]
            await link.close()

    run(main())
