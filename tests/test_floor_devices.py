"""The simulated floor behind real sockets: the same seed gives the same decisions, however fast the host polls."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from controllers import feed_of
from journals import journal
from ports import on_free_ports
from pure_site import example
from virtual_time import run_virtual

from edge.config.lines import LineConfig
from edge.controller.controller import Controller
from edge.core.events import OrderChanged, PlcEvent, RouteDecided
from edge.devices.reader_drivers import make_reader
from edge.sim.devices import SimulatedFloor
from edge.sim.tally import Decision, FloorReport
from edge.sim.world import FloorFault
from plc.driver import PlcError
from plc.words import EventType
from rfid.driver import Reads


async def decide(config: LineConfig, seconds: float) -> tuple[list[Decision], FloorReport, SimulatedFloor]:
    floor = SimulatedFloor(config, seconds=seconds, keep_decisions=True)
    orders = [order for stream in floor.streams.values() for load in stream.prepare(300) for order in load.orders]
    feed = [OrderChanged(0, seq, order) for seq, order in enumerate(orders, 1)]
    await floor.start()
    assert len(floor.waits_for()) == 6, "three PLCs and three readers without a host"
    controller = asyncio.create_task(Controller(config, feed_of(feed), threaded=False).run())
    await floor.wait()
    controller.cancel()
    with suppress(asyncio.CancelledError):
        await controller
    await floor.stop()
    return floor.decisions, floor.report(), floor


def test_same_seed_same_decisions(project: Path, tmp_path: Path) -> None:
    runs = []
    for poll_ms in (13, 29):
        config = example(project, rate=20_000, seed=7, scan_ms=10, lane_capacity=5, lane_drain_s=1.6)
        runs.append(run_virtual(decide(on_free_ports(config, tmp_path / str(poll_ms), poll_ms), 20)))
    (decisions, truth, floor), (others, other_truth, _) = runs
    assert decisions == others
    assert len(decisions) == truth["parcels_diverted"] + truth["totes_to_packing"] + truth["totes_to_quality"] > 100
    assert truth["recirculated"] + truth["parcels_in_alternative_lane"] > 0, "lanes were full"
    assert truth["tag_reads"] == other_truth["tag_reads"] > 5_000
    for one in decisions:
        if one.line != "sorter":
            fault = floor.world.tote(one.line, int(one.load.split("/")[1])).fault
            assert (one.lane == 1) == (fault is FloorFault.NONE)


def test_a_command_does_not_wait_for_the_next_poll(project: Path, tmp_path: Path) -> None:
    """Also one that is decided between two, by tags that came or by time."""
    config = on_free_ports(example(project, rate=3_600, seed=7, scan_ms=5), tmp_path, 80)
    run_virtual(decide(config, 60))
    decided = {}
    late_ms = []
    for record in journal(config):
        match record.value:
            case RouteDecided(line="tote1") as route:
                decided[route.track_id] = route.at_us
            case PlcEvent(plc="tote1", type=EventType.ROUTED, track_id=track, device_us=device_us) if track in decided:
                late_ms.append((device_us - decided.pop(track)) / 1000)
            case _:
                pass
    assert len(late_ms) > 10 and max(late_ms) < 12, late_ms


def test_a_floor_alone_waits_for_nobody_and_a_reader_can_be_watched(project: Path, tmp_path: Path) -> None:
    config = on_free_ports(example(project, rate=20_000, seed=7), tmp_path, 10)

    async def watch() -> tuple[set[str], FloorReport]:
        floor = SimulatedFloor(config, seconds=8, alone=True)
        await floor.start()
        seen: set[str] = set()

        def emit(event: object) -> None:
            if isinstance(event, Reads):
                seen.update(read.epc for read in event.reads)

        reader = asyncio.create_task(make_reader("tote1", config.reader["tote1"]).run(emit))
        await floor.wait()
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader
        await floor.stop()
        return seen, floor.report()

    seen, truth = run_virtual(watch())
    assert len(seen) > 20 and truth["totes_to_quality"] > 2 and not truth["totes_to_packing"]


def test_a_taken_port_is_named(project: Path, tmp_path: Path) -> None:
    config = on_free_ports(example(project), tmp_path, 10)

    async def start() -> None:
        floor = SimulatedFloor(config)
        port = config.plc["sorter"].port
        with socket.create_server(("127.0.0.1", port)), pytest.raises(PlcError, match=f"sorter.*{port}"):
            await floor.start()
        await floor.start()
        await floor.stop()

    run_virtual(start())
