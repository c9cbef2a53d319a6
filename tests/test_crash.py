"""kill -9 of the controller at random moments under load: nothing lost, nothing twice, no parcel with two routes."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
from journals import assert_journal_is_whole, journal
from ports import on_free_ports
from pure_site import example
from shipped import begin
from waiting import until

from edge.config.lines import LineConfig
from edge.core.events import CommandSent, PlcConnected, PlcEvent
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError
from edge.sim.devices import SimulatedFloor
from edge.sim.tally import FloorReport
from edge.site.store import SiteStore
from plc.words import EventType, Opcode

KILLS = int(os.environ.get("LANEWISE_KILLS", "50"))


def write_toml(config: LineConfig, source: Path, folder: Path) -> Path:
    """The example's LINE.toml with the ports of ``config``."""
    text = (source / "examples" / "warehouse" / "LINE.toml").read_text()
    for table, old in (("plc", 15021), ("reader", 15081)):
        for number, device in enumerate(getattr(config, table).values()):
            text = text.replace(f"port = {old + number}", f"port = {device.port}")
    path = folder / "LINE.toml"
    path.write_text(text.replace('journal = "var/journal.sqlite"', 'journal = "journal.sqlite"'))
    return path


def last_seq(path: Path) -> int:
    with suppress(JournalError):
        reader = JournalReader(path)
        try:
            return reader.last()
        finally:
            reader.close()
    return 0


@pytest.mark.timeout(400)
def test_killed_at_random_moments(project: Path, tmp_path: Path, run: Callable[[Awaitable[Any]], Any]) -> None:
    config = on_free_ports(example(project, rate=20_000, seed=17), tmp_path, poll_ms=5)
    toml = write_toml(config, project, tmp_path)
    moments = random.Random(17)

    async def main() -> FloorReport:
        floor = SimulatedFloor(config)
        store = SiteStore(f"sqlite:///{tmp_path}/var/site.sqlite")
        loads = [load for stream in floor.streams.values() for load in stream.prepare(700)]
        store.put_orders([order for load in loads for order in load.orders], 0)
        store.close()
        await floor.start()

        async def start() -> ForkServerProcess:
            return await asyncio.to_thread(begin, tmp_path, "run", toml, err=tmp_path / "log")

        try:
            for _ in range(KILLS):
                process = await start()
                goal = last_seq(config.journal) + moments.randrange(1, 60)
                with suppress(TimeoutError):
                    await until(lambda goal=goal: last_seq(config.journal) >= goal, 6)  # type: ignore[misc]
                process.kill()
                process.join()
            process = await start()
            for stream in floor.streams.values():
                stream.stopped = True

            def settled() -> bool:
                truth = floor.report()
                return truth["left_on_belt"] == truth["unacknowledged"] == 0

            await until(settled, 180)
        finally:
            process.terminate()
            await asyncio.to_thread(process.join, 60)
            await floor.stop()
        return floor.report()

    truth = run(main())
    assert truth["parcels_inducted"] > KILLS
    assert (truth["missorted"], truth["false_accepts"]) == (0, 0)
    records = journal(config)
    assert sum(isinstance(record.value, PlcConnected) for record in records) > KILLS
    assert_journal_is_whole(records, truth)
    routes: dict[tuple[str, int], list[Counter[int]]] = {}
    for record in records:
        match record.value:
            case PlcEvent(plc=plc, type=EventType.INDUCTED, track_id=track):
                routes.setdefault((plc, track), []).append(Counter())
            case CommandSent(plc=plc, opcode=Opcode.ROUTE, value=track, target=lane):
                routes.setdefault((plc, track), [Counter()])[-1][lane] += 1
            case PlcConnected(found=found):
                for sent in found:
                    routes.setdefault((sent.plc, sent.value), [Counter()])[-1][sent.target] += 1
            case _:
                pass
    twice = {track: lanes for track, rounds in routes.items() for lanes in rounds if len(lanes) > 1}
    assert twice == {}
