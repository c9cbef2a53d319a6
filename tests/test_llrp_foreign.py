"""LLRP with implementations of others: llrpjs as a reader for our client, sllurp as a client of our simulated reader.

Both are of a licence or language of their own and live in environments of their own, which ``make peers`` makes.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_llrp_wire import Ear

from rfid.driver import OutputWritten, PortChanged, ReaderClock, ReaderError, ReaderReady, Reads, TagRead
from rfid.llrp import LlrpReader
from rfid.llrp_settings import LlrpSettings
from rfid.simulator import SimulatedReader

_NOW_US = 1_700_000_000_000_000


def _missing(what: str) -> None:
    reason = f"{what} is not installed: `make peers` installs what the tests talk to"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def llrpjs(project: Path, peer: Callable[[str], str]) -> list[str]:
    """The command that starts a reader built on llrpjs."""
    folder = project / ".peers" / "llrpjs" / "node_modules" / "llrpjs"
    if not folder.is_dir():
        _missing("llrpjs")
    return [peer("node"), str(Path(__file__).with_name("llrpjs_reader.js")), str(folder)]


@pytest.fixture(scope="session")
def sllurp(project: Path) -> str:
    """The python of sllurp's environment; the bench makes the same one."""
    folder = project / ".bench" / "sllurp"
    if not (folder / "ready").is_file():
        _missing("sllurp")
    return str(folder / "bin" / "python")


class ForeignReader:
    """The node process and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def says(self, key: str) -> Any:
        assert self._process.stdout is not None
        while True:
            line = await asyncio.wait_for(self._process.stdout.readline(), 20)
            assert line, f"ended before it said {key}"
            said = json.loads(line)
            assert "error" not in said, said
            if key in said:
                return said[key]

    def tell(self, **what: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    def reads(self, *reads: TagRead) -> None:
        self.tell(reads=[read._asdict() for read in reads])


def test_a_reader_of_llrpjs_is_set_up_read_and_taken_up_again(run: Any, llrpjs: list[str]) -> None:
    async def scenario() -> None:
        pipes = {"stdin": asyncio.subprocess.PIPE, "stdout": asyncio.subprocess.PIPE}
        process = await asyncio.create_subprocess_exec(*llrpjs, **pipes, limit=1 << 20)  # type: ignore[arg-type]
        try:
            await talk(ForeignReader(process))
        finally:
            process.kill()
            await process.communicate()

    async def talk(foreign: ForeignReader) -> None:
        port = await foreign.says("port")
        settings = LlrpSettings("portal1", antennas=(1, 3), tag_session=2, report_every=2, keepalive_ms=200)
        ear, reader = Ear(), LlrpReader(settings, "127.0.0.1", port)
        task = asyncio.create_task(reader.run(ear))
        assert await ear.ready() == ReaderReady("maker 0 model 7, firmware llrpjs, 4 antennas")
        rospec = await foreign.says("rospec")
        assert rospec["AISpec"]["AntennaIDs"] == [1, 3] and rospec["ROReportSpec"]["N"] == 2
        configurations = rospec["AISpec"]["InventoryParameterSpec"]["AntennaConfiguration"]
        assert [one["C1G2InventoryCommand"]["C1G2SingulationControl"]["Session"] for one in configurations] == [2, 2]
        await foreign.says("enabled")
        made = [
            TagRead(f"{number:024X}", 1 + number % 3, -40.0 - number, time.time_ns() // 1_000 + number, 1)
            for number in range(9)
        ]
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
            await asyncio.wait_for(task, 10)
        await foreign.says("gone")
        foreign.reads(*made[:2])
        foreign.reads(made[2])
        task = asyncio.create_task(LlrpReader(settings, "127.0.0.1", port).run(ear))
        await ear.ready()
        assert await ear.next() == Reads(tuple(made[:2]), ReaderClock.UTC, held=True)
        assert await ear.next() == Reads((made[2],), ReaderClock.UTC, held=True)
        task.cancel()
        async with asyncio.timeout(1):
            with pytest.raises(asyncio.CancelledError):
                await task
        await foreign.says("gone")

    run(scenario())


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
def told(reader, tags):
    for tag in tags:
        epc = tag["EPC"].decode().upper() if isinstance(tag["EPC"], bytes) else tag["EPC"]
        print(json.dumps([epc, tag["AntennaID"], tag["PeakRSSI"], tag["FirstSeenTimestampUTC"], tag["TagSeenCount"]]))
    sys.stdout.flush()
reader.add_tag_report_callback(told)
reader.connect()
reader.join(0.1)
sys.stdin.readline()
reader.disconnect()
reader.join(5)
print(json.dumps("left"), flush=True)
"""


def test_a_client_of_sllurp_reads_our_simulated_reader(run: Any, sllurp: str) -> None:
    made = [
        TagRead(f"{number:024X}", 1 + number % 2, -40.0 - number, _NOW_US + number, 1 + number) for number in range(20)
    ]

    async def scenario() -> None:
        simulated = await SimulatedReader("sim1").start()
        client = await asyncio.create_subprocess_exec(
            sllurp, "-c", _SLLURP_CLIENT, str(simulated.port), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            assert client.stdin is not None and client.stdout is not None
            async with asyncio.timeout(30):
                while not simulated.reading:  # noqa: ASYNC110  the other side is a process of others
                    await asyncio.sleep(0.02)
                for read in made:
                    assert simulated.report([read])
                heard = [json.loads(await client.stdout.readline()) for _ in made]
                assert [TagRead(*read) for read in heard] == made
                client.stdin.write(b"\n")
                assert json.loads(await client.stdout.readline()) == "left"
                await simulated.released()
        finally:
            if client.returncode is None:
                client.kill()
            await client.communicate()
            await simulated.stop()

    run(scenario())
