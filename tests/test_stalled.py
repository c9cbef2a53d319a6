"""A disk that stands still under a controller, in virtual time: what is routed meanwhile, what is said, and kill -9.

Public names: none; run by pytest. With a real disk held up in a real process: ``python -m bench.stalled --kills 50``.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections import Counter
from pathlib import Path

import pytest
from controllers import UTC_US, Feed, stop
from journals import assert_journal_is_whole, journal
from ports import on_free_ports
from pure_site import example
from virtual_time import run_virtual

from edge.config.lines import LineConfig
from edge.controller.controller import Controller
from edge.core.events import AlarmChanged, CommandSent, DeviceChanged, PlcConnected, PlcEvent
from edge.core.values.alarm import AlarmKind
from edge.sim.devices import SimulatedFloor
from edge.sim.tally import FloorReport
from plc.words import EventType, Opcode

NEVER = (0.0, 1e9)


class HeldUp(Controller):
    """Its disk stands still for ``stands[0]`` of every ``stands[1]`` seconds, after the first second of each."""

    stands = NEVER
    killed = False

    def _flush(self) -> None:
        if self.killed:
            return
        still_s, every_s = self.stands
        into_s = (self._loop.time() - 1) % every_s
        if into_s < still_s:
            self._loop.call_later(still_s - into_s, self._flush)
        else:
            super()._flush()

    def kill(self) -> None:
        """What is not stored is lost."""
        self.killed = True
        self._journal.flush = lambda: None  # type: ignore[method-assign]
        self._journal.checkpoint = lambda *_: None  # type: ignore[method-assign]


def floor_of(
    project: Path, tmp_path: Path, version: int, stands: tuple[float, float], seconds: float, kills: int = 0
) -> tuple[LineConfig, FloorReport]:
    """A sorter at 20,000 parcels/h and two lines of totes, until the floor is empty."""
    sim = {"rate": 20_000, "seed": 5, "scan_ms": 10, "mailbox": version}
    config = on_free_ports(example(project, **sim), tmp_path)
    moments = random.Random(5)

    async def main() -> FloorReport:
        floor = SimulatedFloor(config, seconds=seconds)
        feed = Feed(floor, 400)
        await floor.start()

        def start() -> tuple[HeldUp, asyncio.Task[None]]:
            controller = HeldUp(config, feed, threaded=False, zero_us=UTC_US)
            controller.stands = stands
            return controller, asyncio.create_task(controller.run())

        controller, task = start()
        for _ in range(kills):
            await asyncio.sleep(moments.uniform(0.3, seconds / kills))
            controller.kill()
            await stop(task)
            controller, task = start()
        await asyncio.wait_for(floor.wait(), seconds + 120)
        await stop(task)
        await floor.stop()
        return floor.report()

    return config, run_virtual(main())


def test_what_is_seen_and_not_stored_is_routed_and_a_slow_disk_is_said(project: Path, tmp_path: Path) -> None:
    config, truth = floor_of(project, tmp_path, 2, (10.0, 1_000.0), 12)
    assert truth["parcels_inducted"] > 50 and truth["defaulted"] == truth["unacknowledged"] == 0
    found = journal(config)
    assert_journal_is_whole(found, truth)
    told = [record.value for record in found if isinstance(record.value, DeviceChanged | AlarmChanged)]
    slow = [one for one in told if isinstance(one, DeviceChanged) and one.device == "disk-slow"]
    assert [one.up for one in slow] == [False, True]
    assert "records wait to be stored, the oldest for 3." in slow[0].reason
    assert re.search(r"the oldest for [89]\.\d s", slow[1].reason)
    raised = [one.active for one in told if isinstance(one, AlarmChanged) and one.kind is AlarmKind.DISK_SLOW]
    assert raised == [True, False]


@pytest.mark.parametrize("version", [1, 2])
def test_a_plc_of_version_1_goes_on_as_it_is(project: Path, tmp_path: Path, version: int) -> None:
    config, truth = floor_of(project, tmp_path, version, (2.0, 5.0), 8)
    assert (truth["defaulted"] == 0) is (version == 2)
    assert_journal_is_whole(journal(config), truth)


def test_killed_while_the_disk_stands_still(project: Path, tmp_path: Path) -> None:
    config, truth = floor_of(project, tmp_path, 2, (2.0, 3.0), 12, kills=6)
    found = journal(config)
    assert truth["missorted"] == truth["false_accepts"] == 0
    assert_journal_is_whole(found, truth)
    lanes: dict[tuple[str, int], list[Counter[int]]] = {}
    again = 0
    for record in found:
        match record.value:
            case PlcEvent(plc=plc, type=EventType.INDUCTED, track_id=track):
                lanes.setdefault((plc, track), []).append(Counter())
            case PlcEvent(plc=plc, type=EventType.ROUTED, track_id=track, station=lane):
                lanes[plc, track][-1][lane] += 1
            case CommandSent(found=True, opcode=Opcode.ROUTE):
                again += 1
            case PlcConnected(found=sent):
                again += len(sent)
            case _:
                pass
    assert again > 5, "what was commanded and not stored was found"
    assert [track for track, rounds in lanes.items() if any(len(routed) > 1 for routed in rounds)] == []
