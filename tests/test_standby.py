"""Two controllers of the same lines: one commands, the other takes the lines as they are, no parcel goes twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

from controllers import UTC_US, Feed, stop
from journals import journal
from leases import LeaseTable
from ports import on_free_ports
from pure_site import example
from routed_once import assert_routed_once
from virtual_time import run_virtual

from edge.config.lines import LineConfig
from edge.config.standby import StandbyTable
from edge.controller.controller import Controller
from edge.core.events import EventsMissed, LinesTaken, OrderShipped, PlcConnected, PlcEvent, RouteDecided
from edge.core.values.lease import LeaseAsk, LeaseRow
from edge.journal.replay import replay
from edge.sim.devices import SimulatedFloor
from edge.sim.tally import FloorReport

RATE = 20_000
SECONDS = 16.0
TWO_S_US = 2_000_000


def two(project: Path, tmp_path: Path) -> tuple[LineConfig, LineConfig]:
    """The same lines for two controllers, each with a journal of its own."""
    config = on_free_ports(example(project, rate=RATE, seed=17), tmp_path, poll_ms=40)
    only = {key: {"sorter": getattr(config, key)["sorter"]} for key in ("plc", "reader", "line")}
    config = config.model_copy(update={**only, "dock": ()})
    first, second = (
        config.model_copy(
            update={
                "standby": StandbyTable(node=node, store="postgresql://nowhere"),
                "journal": tmp_path / node / "journal.sqlite",
            }
        )
        for node in ("a", "b")
    )
    return first, second


def both(first: LineConfig, second: LineConfig, meanwhile: str) -> FloorReport:
    """Both run; after 10 s the first is ``ended``, asked to ``hand over``, or ``cut`` off from the store."""

    async def main() -> FloorReport:
        loop = asyncio.get_running_loop()
        floor = SimulatedFloor(first, seconds=SECONDS)
        feed = Feed(floor, 700)
        table = LeaseTable(lambda: int(loop.time() * 1e6))
        cut = False

        def reached(ask: LeaseAsk) -> LeaseRow:
            if cut:
                raise OSError("the network is gone")
            return table(ask)

        await floor.start()
        leading = Controller(first, feed, threaded=False, zero_us=UTC_US, lease=reached)
        tasks = [asyncio.create_task(leading.run())]
        await asyncio.sleep(1)
        other = Controller(second, feed, threaded=False, zero_us=UTC_US + 300_000, lease=table)
        tasks.append(asyncio.create_task(other.run()))
        await asyncio.sleep(9)
        assert leading.leads and not other.leads
        match meanwhile:
            case "ended":
                await stop(tasks[0])
            case "hand over":
                table.ask_hand_over()
            case _:
                cut = True
        await asyncio.sleep(3)
        assert other.leads and (meanwhile == "ended" or not leading.leads)
        await asyncio.wait_for(floor.wait(), SECONDS + 120)
        for task in tasks:
            await stop(task)
        await floor.stop()
        return floor.report()

    return run_virtual(main())


def test_what_is_handed_over_goes_on_where_it_was(project: Path, tmp_path: Path) -> None:
    first, second = two(project, tmp_path)
    truth = both(first, second, "hand over")
    assert (truth["defaulted"], truth["missorted"], truth["false_accepts"]) == (0, 0, 0)
    before, after = journal(first), journal(second)
    taken = next(record for record in after if isinstance(record.value, LinesTaken))
    assert isinstance(taken.value, LinesTaken) and taken.value.node == "a"
    carried = {track.subject for line in taken.value.lines.values() for track in line.tracks.values() if track.subject}
    shipped = {record.value.parcel for record in after if isinstance(record.value, OrderShipped)}
    assert carried & shipped, "a parcel that one knew, the other ships"
    connected = next(record.at_us for record in after if isinstance(record.value, PlcConnected))
    decided = max(record.at_us for record in before if isinstance(record.value, RouteDecided))
    assert connected - 300_000 - decided < TWO_S_US
    assert not [record for record in after if isinstance(record.value, EventsMissed)]
    assert_routed_once(before, after)
    assert replay(before).difference is None and replay(after).difference is None


def test_who_cannot_renew_commands_no_more_before_the_other_does(project: Path, tmp_path: Path) -> None:
    first, second = two(project, tmp_path)
    truth = both(first, second, "cut")
    assert (truth["missorted"], truth["false_accepts"]) == (0, 0)
    before, after = journal(first), journal(second)
    told = [(record.at_us, record.value.plc) for record in before if isinstance(record.value, PlcEvent)]
    heard = [record.at_us - 300_000 for record in after if isinstance(record.value, PlcConnected)]
    assert 0 < min(heard) - max(told)[0] < TWO_S_US
    assert_routed_once(before, after)
    assert replay(before).difference is None and replay(after).difference is None
