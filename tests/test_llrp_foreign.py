"""LLRP with implementations of others: llrpjs as a reader for our client, sllurp as a client of our simulated reader.

Both are of a licence or language of their own and live in environments of their own, which ``make peers`` makes.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from controllers import feed_of
from libmodbus_peer import LibmodbusPlc
from llrp_talk import Ear
from llrpjs_peer import ForeignReader, foreign_reader, llrpjs_command
from programs import Programs
from waiting import HANGS_S

from edge.config.load import load_line
from edge.controller.controller import Controller
from edge.core.events import DeviceChanged, OrderChanged, PlcEvent, RouteDecided, Sorted
from edge.core.values.order import Order, OrderLine
from edge.journal.host_time import now_us
from edge.journal.reader import JournalReader
from plc.words import EventType
from rfid.driver import OutputWritten, PortChanged, ReaderClock, ReaderError, ReaderReady, Reads, TagRead
from rfid.epc.identity import identify, sscc96
from rfid.llrp.client import LlrpReader
from rfid.llrp.settings import LlrpSettings
from rfid.llrp_device.simulator import SimulatedReader

_NOW_US = 1_700_000_000_000_000


def _missing(what: str) -> None:
    reason = f"{what} is not installed: `make peers` installs what the tests talk to"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def llrpjs(npm: Callable[[str], Path], peer: Callable[[str], str]) -> list[str]:
    return llrpjs_command(npm, peer)


@pytest.fixture(scope="session")
def sllurp(project: Path) -> str:
    """The python of sllurp's environment; the bench makes the same one."""
    folder = project / ".bench" / "sllurp"
    if not (folder / "ready").is_file():
        _missing("sllurp")
    return str(folder / "bin" / "python")


def test_a_reader_of_llrpjs_is_set_up_read_and_taken_up_again(run: Any, llrpjs: list[str]) -> None:
    async def talk(foreign: ForeignReader) -> None:
        port = await foreign.says("port")
        settings = LlrpSettings("portal1", antennas=(1, 3), tag_session=2, report_every=2)
        ear, reader = Ear(), LlrpReader(settings, "127.0.0.1", port)
        task = asyncio.create_task(reader.run(ear))
        assert await ear.ready() == ReaderReady("maker 0 model 7, firmware llrpjs, 4 antennas")
        rospec = await foreign.says("rospec")
        assert rospec["AISpec"]["AntennaIDs"] == [1, 3] and rospec["ROReportSpec"]["N"] == 2
        configurations = rospec["AISpec"]["InventoryParameterSpec"]["AntennaConfiguration"]
        assert [one["C1G2InventoryCommand"]["C1G2SingulationControl"]["Session"] for one in configurations] == [2, 2]
        await foreign.says("enabled")
        made = [TagRead(f"{number:024X}", 1 + number % 3, -40.0 - number, now_us() + number, 1) for number in range(9)]
        for first in range(0, 9, 3):
            foreign.reads(*made[first : first + 3])
            assert await ear.next() == Reads(tuple(made[first : first + 3]), ReaderClock.UTC)
        foreign.tell(gpi=[2, True])
        assert await ear.next() == PortChanged("gpi", 2, True)
        reader.set_output(1, True)
        assert await foreign.says("output")
        assert await ear.next() == OutputWritten(1, True)
        foreign.tell(drop=True)
        with pytest.raises(ReaderError):
            await asyncio.wait_for(task, HANGS_S)
        await foreign.says("gone")
        foreign.reads(*made[:2])
        foreign.reads(made[2])
        task = asyncio.create_task(LlrpReader(settings, "127.0.0.1", port).run(ear))
        await ear.ready()
        assert await ear.next() == Reads(tuple(made[:2]), ReaderClock.UTC, held=True)
        assert await ear.next() == Reads((made[2],), ReaderClock.UTC, held=True)
        task.cancel()
        async with asyncio.timeout(HANGS_S):
            with pytest.raises(asyncio.CancelledError):
                await task
        await foreign.says("gone")

    async def scenario() -> None:
        async with foreign_reader(llrpjs) as foreign:
            await talk(foreign)

    run(scenario())


_LINE = """
controller = "foreign"
site = "foreign"
journal = "journal.sqlite"

[plc.sorter]
host = "127.0.0.1"
port = {plc}

[reader.sorter]
host = "127.0.0.1"
port = {reader}
antennas = [1, 2]
keepalive_ms = 1000

[line.sorter]
job = "sort"
plc = "sorter"
speed_mm_s = 2500
decision_mm = 2400
margin_ms = 400
default_lane = 4
portal = {{ name = "portal", readers = ["sorter"], eye = 11, eye_mm = -375, antenna_mm = -375 }}
lane = [
    {{ number = 1, name = "DHL", role = "carrier", carrier = "DHL", divert_mm = 3000 }},
    {{ number = 2, name = "UPS", role = "carrier", carrier = "UPS", divert_mm = 3500 }},
    {{ number = 3, name = "Quality", role = "quality", divert_mm = 4000 }},
    {{ number = 4, name = "Reject", role = "reject", divert_mm = 4500 }},
]
"""


def test_the_main_job_with_neither_end_ours(run: Any, llrpjs: list[str], programs: Programs, tmp_path: Path) -> None:
    """Tags from llrpjs, conveyor on libmodbus: every parcel in its carrier's lane, confirmed and journaled.

    The fifth parcel has no tag. In the middle the reader loses its connection, and is taken up again. Parcels are long
    and far from each other: the clocks of PLC and reader are known as well as a busy machine brings their words.
    """
    parcels, bare, drops, pitch_us, lead_us, dwell_us = 16, 5, 8, 500_000, 150_000, 120_000
    labels = [sscc96("9521234", f"0{track:09d}") for track in range(parcels + 1)]
    orders = [
        Order(
            id=f"F-{track}",
            carrier=("DHL", "UPS")[track % 2],
            service="",
            lines=(OrderLine("09521234000105", 1),),
            parcel=identify(label),
        )
        for track, label in enumerate(labels)
    ]
    changes = [OrderChanged(0, seq, order) for seq, order in enumerate(orders, 1)]

    def settled(plc: LibmodbusPlc) -> bool:
        status = plc.status()
        return status["acked"] == status["head"]

    async def scenario(plc: LibmodbusPlc, foreign: ForeignReader) -> None:
        loop = asyncio.get_running_loop()
        path = tmp_path / "LINE.toml"
        path.write_text(_LINE.format(plc=plc.port, reader=await foreign.says("port")))
        controller = Controller(load_line(path), feed_of(changes))
        task = asyncio.create_task(controller.run())

        def passes(track: int, at_us: int) -> None:
            if track != bare:
                foreign.reads(TagRead(labels[track], 1 + track % 2, -50.0, at_us, 1))
            if track == drops:
                foreign.tell(drop=True)

        def entered(track: int) -> None:
            at_us = plc.entered_us[track] + dwell_us // 2  # by the PLC: a busy machine makes no read a neighbour's
            loop.call_soon_threadsafe(loop.call_later, dwell_us / 2e6, passes, track, at_us)

        await foreign.says("enabled")
        await asyncio.to_thread(plc.bench, parcels, pitch_us, lead_us, dwell_us)
        async with asyncio.timeout(HANGS_S):
            await asyncio.to_thread(plc.bench_result_us, entered)
            while not await asyncio.to_thread(settled, plc):  # noqa: ASYNC110  the PLC is a process of others
                await asyncio.sleep(0.05)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def both() -> None:
        with LibmodbusPlc(programs.built("libmodbus_plc.c")) as plc:
            async with foreign_reader(llrpjs) as foreign:
                await scenario(plc, foreign)

    run(both())
    journal = JournalReader(tmp_path / "journal.sqlite")
    values = [record.value for record in journal.every()]
    journal.close()
    expected = {track: 3 if track == bare else 1 + track % 2 for track in range(1, parcels + 1)}
    routes = {value.track_id: value.lane for value in values if isinstance(value, RouteDecided)}
    lanes = {value.track_id: value.lane for value in values if isinstance(value, Sorted)}
    assert len(lanes) >= parcels - 4  # it ends with the last reaction; who is on the belt then goes nowhere
    assert lanes == {track: routes[track] for track in lanes}
    ups = [value for value in values if isinstance(value, DeviceChanged) and value.device == "reader.sorter"]
    assert [value.up for value in ups][-3:] == [True, False, True]
    left = [value for value in values if isinstance(value, PlcEvent) and value.type == EventType.LEFT]
    passed = {value.track_id: value.at_us for value in left}
    for track in range(drops, parcels + 1):  # what may not have been read is somebody's to look at
        if track <= drops + 1 or passed[track] <= ups[-1].at_us + 500_000:
            assert routes.pop(track) in (3, expected.pop(track))
    assert routes == expected


_SLLURP_CLIENT = """
import json, sys
from sllurp.llrp import LLRPReaderClient, LLRPReaderConfig
config = LLRPReaderConfig()
config.reset_on_connect = True
config.start_inventory = True
config.antennas = [1, 2]
config.report_every_n_tags = 1
config.session = 2
config.tx_power = {1: 5, 2: 5}
for name in ("AntennaID", "PeakRSSI", "TagSeenCount", "FirstSeenTimestamp"):
    config.tag_content_selector["Enable" + name] = True
reader = LLRPReaderClient("127.0.0.1", int(sys.argv[1]), config)
left = int(sys.argv[2])
def told(reader, tags):
    global left
    for tag in tags:
        epc = tag["EPC"].decode().upper() if isinstance(tag["EPC"], bytes) else tag["EPC"]
        print(json.dumps([epc, tag["AntennaID"], tag["PeakRSSI"], tag["FirstSeenTimestampUTC"], tag["TagSeenCount"]]))
        left -= 1
    if not left:
        # Here, in the thread that reads: it begins to wait for an answer only when it has asked, and from another
        # thread a quick answer comes before that and is dropped.
        reader.disconnect()
reader.add_tag_report_callback(told)
reader.connect()
reader.join()
print(json.dumps("left"), flush=True)
"""


def test_a_client_of_sllurp_reads_our_simulated_reader(run: Any, sllurp: str) -> None:
    made = [
        TagRead(f"{number:024X}", 1 + number % 2, -40.0 - number, _NOW_US + number, 1 + number) for number in range(20)
    ]

    async def scenario() -> None:
        simulated = await SimulatedReader("sim1", clock=now_us).start()
        client = await asyncio.create_subprocess_exec(
            sllurp, "-c", _SLLURP_CLIENT, str(simulated.port), str(len(made)), stdout=subprocess.PIPE
        )
        try:
            assert client.stdout is not None
            async with asyncio.timeout(120):
                while not simulated.reading:  # noqa: ASYNC110  the other side is a process of others
                    await asyncio.sleep(0.02)
                for read in made:
                    assert simulated.report([read])
                heard = [json.loads(await client.stdout.readline()) for _ in made]
                assert [TagRead(*read) for read in heard] == made
                assert json.loads(await client.stdout.readline()) == "left"
                await simulated.released()
        finally:
            if client.returncode is None:
                client.kill()
            await client.communicate()
            await simulated.stop()

    run(scenario())
