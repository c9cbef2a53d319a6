"""A reader that floods, end to end: a real `lanewise run`, a floor that moves, and as many random EPCs as it takes.

Public names: none; run by pytest. How long its turns take, `python -m bench.flood` and `bench.nonsense` print.
"""

from __future__ import annotations

import asyncio
import os
import random
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Run
from house import make_house
from ports import free_port
from shipped import begin
from waiting import until

from edge.config.load import load_line, with_sim
from edge.core.events import AlarmChanged, RouteDecided, RouteReason, ToteChecked
from edge.core.values.alarm import AlarmKind
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, Value
from edge.sim.devices import SimulatedFloor
from edge.site.store import SiteStore
from rfid.driver import TagRead

EVERY_S, COUNT, AT_ONCE = 0.01, 200, 20
"""20,000 reads a second, where the machine can; so many reports until it is looked whether they were taken."""
EASY_S = 0.2
"""Between two reports of a flood that any machine takes in time: a word that is late for ever names no parcel."""
TAKEN_S = 5
WARM, MORE = 40_000, 100_000
"""Reads that were left out when the memory is looked at first, and again."""
GROWS_MB = 30
"""Without an allowance every read kept a kilobyte and a half, 90 MB in all."""
WITHIN_S = 240


def resident_mb(pid: int) -> float:
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


def left_out(port: int) -> float:
    """What /metrics of the process says of the reader that floods."""
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("lanewise_reads_left_out_total{") and 'reader="sorter"' in line:
                return float(line.rpartition(" ")[2])
    return 0.0


def values(journal: Path, *kinds: type[Value]) -> list[Value]:
    with suppress(JournalError):
        reader = JournalReader(journal)
        try:
            return [record.value for kind in kinds for record in reader.of_kind(kind.__name__, 100_000)]
        finally:
            reader.close()
    return []


@pytest.mark.timeout(2 * WITHIN_S)
def test_who_floods_is_said_and_the_others_go_on(project: Path, tmp_path: Path, run: Run) -> None:
    house, port = make_house(project, tmp_path), free_port()
    line = house.folder / "LINE.toml"
    line.write_text(f'{line.read_text(encoding="utf-8")}\n[metrics]\nrun = "127.0.0.1:{port}"\n', encoding="utf-8")
    config = with_sim(load_line(line), rate=3_000)
    chance = random.Random(11)

    def decided(after_us: int) -> dict[str, bool]:
        """What is to be seen behind the alarm."""
        found = values(config.journal, RouteDecided, ToteChecked)
        return {
            "parcels by their labels": any(
                isinstance(one, RouteDecided) and one.reason is RouteReason.ASSIGNED and one.at_us > after_us
                for one in found
            ),
            "totes of other lines": all(
                any(
                    isinstance(one, ToteChecked) and one.verified and one.line == name and one.at_us > after_us
                    for one in found
                )
                for name in ("tote1", "tote2")
            ),
        }

    async def main() -> None:
        floor = SimulatedFloor(config)
        store = SiteStore(f"sqlite:///{tmp_path}/var/site.sqlite")
        loads = [load for stream in floor.streams.values() for load in stream.prepare(400)]
        store.put_orders([order for load in loads for order in load.orders], 0)
        store.close()
        await floor.start()
        process = await asyncio.to_thread(begin, tmp_path, "run", line.name, err=tmp_path / "log")
        assert process.pid is not None

        out, easy = 0.0, False

        async def flood() -> None:
            """No faster than it is taken, or what labels its parcels have would come behind megabytes."""
            nonlocal out
            while True:
                for _ in range(AT_ONCE):
                    tags = [chance.randbytes(12).hex().upper() for _ in range(COUNT)]
                    if floor.moving:
                        floor.reader("sorter").report([TagRead(tag, 1, -50.0, floor.reader_us(), 1) for tag in tags])
                    await asyncio.sleep(EASY_S if easy else EVERY_S)
                before, end_s = out, asyncio.get_running_loop().time() + TAKEN_S
                while out < before + AT_ONCE * COUNT // 2 and asyncio.get_running_loop().time() < end_s:
                    out = await asyncio.to_thread(left_out, port)

        def alarms() -> list[AlarmChanged]:
            changes = [one for one in values(config.journal, AlarmChanged) if isinstance(one, AlarmChanged)]
            return [one for one in changes if one.kind is AlarmKind.READER_FLOODS and one.active]

        flooding = asyncio.create_task(flood())
        try:
            async with asyncio.timeout(WITHIN_S):
                await until(lambda: out >= WARM or not process.is_alive(), WITHIN_S)
                before_mb = resident_mb(process.pid)
                await until(lambda: bool(alarms()), WITHIN_S)
                floods = alarms()[0]
                assert floods.alarm == "reader-floods.sorter"
                await until(lambda: out >= MORE or not process.is_alive(), WITHIN_S)
                assert resident_mb(process.pid) - before_mb < GROWS_MB
                easy = True
                await until(lambda: all(decided(floods.at_us).values()), WITHIN_S)
        finally:
            flooding.cancel()
            process.terminate()
            await asyncio.to_thread(process.join, WITHIN_S)
            truth = floor.report()
            await floor.stop()
        assert process.exitcode == 0, (tmp_path / "log").read_text()[-2_000:]
        assert (truth["missorted"], truth["false_accepts"]) == (0, 0)

    run(main())
