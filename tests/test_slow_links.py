"""A slow way to a PLC: how long an answer is waited for, and which belts it allows.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st
from numbered_device import NumberedDevice

from edge.cli import main
from edge.config.load import load_line
from edge.config.slow_links import fastest_mm_s, latest_ms
from plc.driver import PlcError
from plc.modbus_connection import ModbusConnection
from plc.patience import MOST_MS, Patience
from plc.points import Table
from plc.wires import Tcp


@given(st.lists(st.one_of(st.none(), st.floats(0.1, 1_200))), st.integers(10, 10_000))
def test_a_limit_is_never_under_the_least_and_an_answer_ends_the_doubling(
    trips: list[float | None], least_ms: int
) -> None:
    patience = Patience(least_ms)
    for trip_ms in trips:
        if trip_ms is None:
            patience.silent()
        else:
            patience.answered(trip_ms)
        assert least_ms <= patience.limit_ms <= max(least_ms, MOST_MS)
    patience.answered(0.1)
    once_ms = patience.limit_ms
    patience.silent()
    patience.silent()
    assert patience.limit_ms == once_ms, "two silences may be chance"
    patience.silent()
    assert abs(patience.limit_ms - max(least_ms, min(MOST_MS, 2 * once_ms))) <= 1


@given(st.lists(st.floats(380, 420), min_size=1))
def test_a_steady_way_is_learned(trips: list[float]) -> None:
    patience = Patience(250)
    for trip_ms in trips:
        patience.answered(trip_ms)
        assert 420 < patience.limit_ms < 1_400


def test_a_link_whose_answers_take_longer_than_the_limit_is_read_in_the_end(run: Run) -> None:
    device = NumberedDevice()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                number, _, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
                answer = bytes((unit,)) + device.answer(await reader.readexactly(length - 1))
                loop.call_later(0.1, writer.write, struct.pack(">HHH", number, 0, len(answer)) + answer)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        link = ModbusConnection("sorter1", Tcp("127.0.0.1", server.sockets[0].getsockname()[1]), timeout_ms=30)
        read = 0
        async with asyncio.timeout(60):
            while read < 3:
                with suppress(PlcError):
                    await link.connect()
                    for _ in range(3):
                        assert list(await link.read(Table.HOLDING, 300, 2)) == [300, 301]
                        read += 1
        await link.close()
        server.close()

    run(main())


def test_the_speed_that_a_link_allows_is_that_at_which_it_is_just_in_time(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = load_line(project / "examples" / "warehouse" / "LINE.toml")
    for name, line in config.line.items():
        poll_ms = config.plc[line.plc].poll_ms
        trip_ms = latest_ms(line, poll_ms)
        assert fastest_mm_s(line, poll_ms, trip_ms) >= line.speed_mm_s > fastest_mm_s(line, poll_ms, trip_ms + 2), name
    assert main(["check", str(project / "examples" / "warehouse" / "LINE.toml")]) == 0
    said = capsys.readouterr().out
    assert all(f"line.{name}: in time at " in said for name in config.line)
