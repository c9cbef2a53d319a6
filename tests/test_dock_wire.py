"""The dock gate over real LLRP: a wrong parcel's light goes on at our simulated reader and at one that is not ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from controllers import UTC_US, feed_of, stop
from dock_line import EVERY_US, one_door, order_and_load, way_out
from journals import journal
from llrpjs_peer import foreign_reader, llrpjs_command
from virtual_time import run_virtual
from waiting import until

from edge.config.lines import LineConfig
from edge.controller.controller import Controller
from edge.core.events import DockChanged, DockReason, DoorSeen, OutputSet
from edge.journal.replay import replay
from rfid.epc.identity import sscc96
from rfid.llrp_device.simulator import SimulatedReader

EPC = sscc96("9521141", "0000000001")
READ_US = 1_767_225_600_000_000


@pytest.fixture
def llrpjs(npm: Callable[[str], Path], peer: Callable[[str], str]) -> list[str]:
    return llrpjs_command(npm, peer)


def gpo(port: int, on: int) -> dict[str, int]:
    return {"GPOPortNumber": port, "GPOData": on}


def done(config: LineConfig) -> list[tuple[int, bool]]:
    """Outputs that were set, as journaled."""
    values = [record.value for record in journal(config)]
    return [(value.port, value.on) for value in values if isinstance(value, OutputSet) and not value.trouble]


def assert_told(config: LineConfig, outputs: int) -> None:
    records = journal(config)
    values = [record.value for record in records]
    assert sum(isinstance(value, DoorSeen) for value in values) == 1
    assert next(value.reason for value in values if isinstance(value, DockChanged)) is DockReason.WRONG_PARCEL
    said = done(config)
    assert said[:2] == [(1, False), (2, False)], "set as they should be when the reader came"
    assert said[2:4] == [(1, True), (2, True)]
    assert len(said) == outputs
    assert replay(records).difference is None


def test_the_light_goes_on_within_200_ms_and_off_again(tmp_path: Path) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        lit: list[tuple[float, int, bool]] = []
        reader = SimulatedReader(
            "dock1",
            4,
            clock=lambda: READ_US + int(loop.time() * 1e6),
            on_output=lambda port, on: lit.append((loop.time(), port, on)),
        )
        await reader.start()
        config = one_door(tmp_path, reader.port)
        controller = Controller(config, feed_of(order_and_load([EPC])), threaded=False, zero_us=UTC_US)
        task = asyncio.create_task(controller.run())
        await asyncio.sleep(2)
        assert reader.ready
        first_s = loop.time()
        for read in way_out(EPC, READ_US + int(first_s * 1e6)):
            reader.report([read])
            await asyncio.sleep(EVERY_US / 1e6)
        await asyncio.sleep(0.3)
        assert reader.outputs[1] and reader.outputs[2]
        on_s = lit[0][0]
        await asyncio.sleep(3)
        assert reader.outputs[1] and not reader.outputs[2], "the buzzer's time is over"
        await asyncio.sleep(60)
        assert not reader.outputs[1]
        await stop(task)
        await reader.stop()
        seen = [value for record in journal(config) if isinstance(value := record.value, DoorSeen)]
        certain_s = (seen[0].at_us - UTC_US) / 1e6
        assert first_s + 1.6 < certain_s < first_s + 3.2
        assert on_s - certain_s < 0.2
        assert_told(config, 6)

    run_virtual(main())


def test_the_light_of_a_reader_that_is_not_ours(run: Any, llrpjs: list[str], tmp_path: Path) -> None:
    async def main() -> None:
        async with foreign_reader(llrpjs) as foreign:
            config = one_door(tmp_path, await foreign.says("port"))
            task = asyncio.create_task(Controller(config, feed_of(order_and_load([EPC])), threaded=False).run())
            assert [await foreign.says("output") for _ in range(2)] == [gpo(1, 0), gpo(2, 0)]
            begin_us = time.time_ns() // 1_000
            for read in way_out(EPC, begin_us):
                late_us = read.at_us - time.time_ns() // 1_000
                if late_us > 0:
                    await asyncio.sleep(late_us / 1e6)
                foreign.reads(read)
            assert [await foreign.says("output") for _ in range(2)] == [gpo(1, 1), gpo(2, 1)]
            await until(lambda: done(config)[2:] == [(1, True), (2, True)])  # as the reader says
            await stop(task)

    run(main())
