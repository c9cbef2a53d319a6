"""The host on real sockets against a PLC that is none of ours: libmodbus, and a program written from the contract.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from libmodbus_peer import LibmodbusPlc
from loops import LOOPS, Loop
from mailbox_hosts import Kept, RoutingHost
from programs import Programs

from plc.host_signals import (
    Connected,
    Dropped,
    EventsLost,
    Found,
    Gap,
    Handled,
    Incompatible,
    LinkFresh,
    LinkStale,
    Restarted,
    Unaccounted,
)
from plc.words import CommandRecord, EventRecord, EventType, Opcode, Refusal, Sent


@pytest.fixture(scope="session")
def program(programs: Programs) -> Path:
    """The PLC on libmodbus."""
    return programs.built("libmodbus_plc.c")


@pytest.fixture
def plc(program: Path) -> Iterator[LibmodbusPlc]:
    """It keeps version 1 of the mailbox until its next start."""
    with LibmodbusPlc(program) as running:
        running.order("version 1")
        running.order("restart 1")
        running.order("version 2")
        yield running


def sorted_once(plc: LibmodbusPlc, tracks: Sequence[int]) -> None:
    """Every parcel was routed once, in order, into its lane, and nothing else was done."""
    plc.order("status")
    assert [(value, target) for _, opcode, value, target in plc.acted] == [(track, track % 9 + 1) for track in tracks]
    assert {opcode for _, opcode, _, _ in plc.acted} <= {Opcode.ROUTE} and plc.refused == []


def quiet(plc: LibmodbusPlc, parcels: int) -> Callable[[], bool]:
    """Reached when every event is acknowledged and as many parcels are routed."""

    def reached() -> bool:
        status = plc.status()
        return status["newest"] == status["acked"] and status["waiting"] == 0 and len(plc.acted) >= parcels

    return reached


@LOOPS
def test_a_wrap_of_both_sequences_loses_and_repeats_nothing(plc: LibmodbusPlc, run: Any, loop: Loop) -> None:
    async def main() -> None:
        plc.order("seq 65531 65529")
        controller = RoutingHost(plc.port, Kept())
        for parcels in (3, 40):
            plc.order(f"induct {parcels}")
        await controller.until(quiet(plc, 43))
        sorted_once(plc, range(1, 44))
        assert [seq for seq, *_ in plc.acted] == [seq & 0xFFFF for seq in range(65_529, 65_529 + 43)]
        assert controller.journal.tracks(1) == list(range(1, 44))
        assert len(controller.said(Handled)) == 43 and not controller.said(Gap, EventsLost, Unaccounted)
        await controller.link.close()

    run(main(), loop=loop)


@LOOPS
def test_lost_connections_are_made_again_and_nothing_else_happens(plc: LibmodbusPlc, run: Any, loop: Loop) -> None:
    async def main() -> None:
        controller = RoutingHost(plc.port, Kept())
        for already in range(0, 40, 10):
            plc.order("induct 10")
            await controller.until_routed(already + 1)
            plc.order("drop")
        await controller.until(quiet(plc, 40))
        sorted_once(plc, range(1, 41))
        assert len(controller.faults) >= 3 and len(controller.said(Connected)) >= 4
        assert controller.journal.tracks(1) == list(range(1, 41))
        await controller.link.close()

    run(main(), loop=loop)


def test_a_plc_start_is_said_and_the_new_session_begins_clean(plc: LibmodbusPlc, run: Any) -> None:
    async def main() -> None:
        controller = RoutingHost(plc.port, Kept())
        plc.order("induct 5")
        await controller.until(quiet(plc, 5))
        plc.order("restart")
        plc.order("induct 5")
        await controller.until(quiet(plc, 10))
        sorted_once(plc, range(1, 11))
        assert [signal.session for signal in controller.said(Restarted)] == [2]
        assert [signal.session for signal in controller.said(Connected)] == [1, 2]
        assert controller.journal.tracks(1) == [1, 2, 3, 4, 5] and controller.journal.tracks(2) == [6, 7, 8, 9, 10]
        assert plc.status()["epoch"] == 2  # past the first session's: its late blocks are fenced
        await controller.link.close()

    run(main())


def test_a_write_on_a_stalled_link_that_is_executed_later_does_nothing_twice(plc: LibmodbusPlc, run: Any) -> None:
    async def main() -> None:
        controller = RoutingHost(plc.port, Kept(), timeout_ms=40)
        await controller.until(lambda: controller.host.commanding)
        for already in range(0, 30, 10):
            plc.order("stall 2")
            plc.order("induct 10")
            await controller.until_faults(len(controller.faults) + 2)
            await controller.until(quiet(plc, already + 10))
            plc.order("late")  # older blocks over the newest one
            plc.order("late")
        plc.order("induct 1")
        await controller.until(quiet(plc, 31))
        sorted_once(plc, range(1, 32))
        assert any("no answer within " in fault for fault in controller.faults)
        assert controller.journal.tracks(1) == list(range(1, 32)) and not controller.said(Gap, Unaccounted)
        await controller.link.close()

    run(main())


def test_a_late_block_over_the_newest_is_written_over_again(plc: LibmodbusPlc, run: Any) -> None:
    async def main() -> None:
        controller = RoutingHost(plc.port, Kept(), timeout_ms=1000)
        await controller.until(lambda: controller.host.commanding)
        plc.order("twice 1")
        plc.order("induct 1")
        await controller.until(quiet(plc, 1))
        plc.order("freeze 1")
        ordered = len(controller.said(Sent))
        controller.host.command(CommandRecord(Opcode.OUTPUT, 1, 7, controller.host.plc_ms + 60_000))
        await controller.until(lambda: len(controller.said(Sent)) > ordered)
        plc.order("late")  # the copy of the first ROUTE's block hides the OUTPUT before the program saw it
        plc.order("freeze 0")
        await controller.until(lambda: bool(plc.status()) and len(plc.acted) == 2)
        assert [(seq, opcode) for seq, opcode, *_ in plc.acted] == [(1, Opcode.ROUTE), (2, Opcode.OUTPUT)]
        await controller.link.close()

    run(main())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_wire_that_delays_repeats_and_reorders_writes(plc: LibmodbusPlc, run: Any, seed: int) -> None:
    async def main() -> None:
        plc.order("seq 65500 65510")
        plc.order(f"chaos {seed} 6 25")
        controller = RoutingHost(plc.port, Kept(), timeout_ms=20)
        for parcels in range(10, 101, 10):
            plc.order("induct 10")
            await controller.until_routed(parcels)
        plc.order("chaos 0 0 0")
        await controller.until(quiet(plc, 100))
        sorted_once(plc, range(1, 101))
        assert controller.journal.tracks(1) == list(range(1, 101))
        assert not controller.said(Gap, EventsLost, Unaccounted) and controller.faults
        await controller.link.close()

    run(main())


def test_the_next_host_finds_what_the_last_one_sent_and_decides_only_the_rest(plc: LibmodbusPlc, run: Any) -> None:
    async def main() -> None:
        journal = Kept()
        first = RoutingHost(plc.port, journal)
        plc.order("induct 6")
        await first.until(quiet(plc, 6))
        first.stores = False
        plc.order("induct 5")
        await first.until(lambda: bool(plc.status()) and len(plc.acted) == 11)
        await first.link.close()  # dies with 5 events and 5 commands that no one stored

        second = RoutingHost(plc.port, journal)
        plc.order("induct 3")
        await second.until(quiet(plc, 14))
        sorted_once(plc, range(1, 15))
        connected = second.said(Connected)[0]
        assert not connected.fresh and [sent.command.value for sent in connected.found] == [7, 8, 9, 10, 11]
        assert journal.tracks(1) == list(range(1, 15))
        assert [sent.command.value for _, sent in journal.commands] == list(range(1, 15))
        await second.link.close()

        third = RoutingHost(plc.port, Kept())  # no memory at all: goes on from event_acked
        plc.order("induct 2")
        await third.until(quiet(plc, 16))
        sorted_once(plc, range(1, 17))
        connected = third.said(Connected)[0]
        assert connected.fresh and connected.epoch == 3
        assert [sent.seq for sent in connected.found] == list(range(7, 15))
        assert third.journal.tracks(1) == [15, 16]
        await third.link.close()

    run(main())


def test_a_plc_is_loaded_with_version_2_and_back_while_its_host_runs(plc: LibmodbusPlc, run: Any) -> None:
    async def main() -> None:
        controller = RoutingHost(plc.port, Kept())
        for session, version in enumerate((1, 2, 1, 2), 1):
            if session > 1:
                plc.order(f"version {version}")
                plc.order("restart")
            plc.order("induct 12")
            await controller.until(quiet(plc, 12 * session))
            assert controller.host.version == version
            assert controller.journal.tracks(session) == list(range(12 * session - 11, 12 * session + 1))
        sorted_once(plc, range(1, 49))
        assert not controller.said(Gap, EventsLost, Unaccounted, Incompatible)
        await controller.link.close()

    run(main())


def test_whatever_was_seen_and_not_stored_the_next_host_gets_again(plc: LibmodbusPlc, run: Any) -> None:
    async def main() -> None:
        journal = Kept()
        plc.order("restart")
        first = RoutingHost(plc.port, journal)
        plc.order("induct 3")
        await first.until(quiet(plc, 3))
        first.stores = False
        plc.order("induct 60")
        await first.until(lambda: bool(plc.status()) and len(plc.acted) == 63)
        await first.link.close()  # dies with 120 events and 60 commands that no one stored

        second = RoutingHost(plc.port, journal)
        plc.order("induct 5")
        await second.until(quiet(plc, 68))
        sorted_once(plc, range(1, 69))
        assert journal.tracks(2) == list(range(1, 69)) and not second.said(Gap, EventsLost, Unaccounted)
        assert [found.sent.command.value for found in second.said(Found)] == list(range(4, 64))
        await second.link.close()

    run(main())


def test_refusals_silence_and_a_program_that_stopped_are_said(plc: LibmodbusPlc, run: Any) -> None:
    async def main() -> None:
        controller = RoutingHost(plc.port, Kept(), timeout_ms=40)
        await controller.until(lambda: controller.host.commanding)
        later_ms = controller.host.plc_ms + 60_000
        controller.host.command(CommandRecord(Opcode.ROUTE, 999, 1, later_ms))
        controller.host.command(CommandRecord(Opcode.LANE, 0, 3, later_ms))
        await controller.until(lambda: len(controller.said(Handled)) == 2)
        assert [signal.refusal for signal in controller.said(Handled)] == [Refusal.UNKNOWN_TRACK, None]
        await controller.until(quiet(plc, 1))
        refused = controller.said(EventRecord)
        assert [(event.type, event.track_id, event.station, event.value) for event in refused] == [
            (EventType.REFUSED, 999, 1, Refusal.UNKNOWN_TRACK)
        ]

        plc.order("freeze 1")
        up = await controller.look()
        now_us = time.monotonic_ns() // 1000
        controller.host.on_up(up, now_us)
        assert [type(signal) for signal in controller.host.on_up(up, now_us + 600_000)] == [LinkStale]
        plc.order("freeze 0")
        await controller.until(lambda: bool(controller.said(LinkFresh)))

        plc.order("mute 1")
        said = re.compile(f"sorter1: 127.0.0.1:{plc.port}: holding registers .*: no answer within \\d+ ms by unit 1")
        controller.faults.clear()
        await controller.until(lambda: any(map(said.fullmatch, controller.faults)))
        plc.order("mute 0")
        controller.signals.clear()
        await controller.until(lambda: bool(controller.said(Connected)))
        await controller.link.close()

    run(main())


def test_every_fault_at_a_foreign_plc_ends_with_every_parcel_routed_once(plc: LibmodbusPlc, run: Any) -> None:
    """The faults one after the other, each with parcels that come meanwhile."""

    async def main() -> None:
        controller = RoutingHost(plc.port, Kept(), timeout_ms=60)
        await controller.until(lambda: controller.host.commanding)
        parcels = 0
        for fault, over in (
            ("torn 4", "torn 0"),
            ("slow 20", "slow 0"),
            ("layout 19544", "layout 0"),
            ("twice 5", "late"),
            ("stall 3", "late"),
            ("mute 1", "mute 0"),
            ("freeze 1", "freeze 0"),
            ("fc23 0", "drop"),
            ("event 9 0 11 1", "event 9 0 11 0"),
            ("lanes 4 0", "lanes 0 0"),
        ):
            plc.order(fault)
            plc.order("induct 9")
            for _ in range(25):
                await controller.cycle()
            if fault.startswith("layout"):
                await controller.until(lambda: bool(controller.said(Incompatible)))
            plc.order(over)
            parcels += 9
            await controller.until(quiet(plc, parcels))
        sorted_once(plc, range(1, parcels + 1))
        assert controller.journal.tracks(1) == list(range(1, parcels + 1))
        assert not controller.said(Gap, EventsLost, Unaccounted, Restarted)
        assert controller.said(Incompatible)[0].why.startswith("word 0: layout 0x4c58 is not 0x4c57")
        jams = [event.value for _, event in controller.journal.events if event.type is EventType.JAM]
        assert jams == [1, 0] and any("no answer within " in fault for fault in controller.faults)
        await controller.link.close()

    run(main())


def test_of_four_plcs_one_dead_changes_nothing_for_the_other_three(program: Path, run: Any) -> None:
    async def main() -> None:
        with ExitStack() as opened:
            plcs = [opened.enter_context(LibmodbusPlc(program)) for _ in range(4)]
            limits_ms = (500, 60_000, 60_000, 60_000)  # the dead one's is waited for
            hosts = [RoutingHost(plc.port, Kept(), timeout_ms=ms) for plc, ms in zip(plcs, limits_ms, strict=True)]
            await asyncio.gather(*(host.until(lambda host=host: host.host.commanding) for host in hosts))  # type: ignore[misc]
            dead = asyncio.create_task(hosts[0].until_faults(3))
            plcs[0].order("mute 1")
            for _ in range(3):
                for plc in plcs:
                    plc.order("induct 10")
                await asyncio.gather(
                    *(host.until(quiet(plc, 10)) for plc, host in zip(plcs[1:], hosts[1:], strict=True))
                )
                for plc in plcs[1:]:
                    plc.acted.clear()
            await dead
            for host in hosts[1:]:
                assert host.journal.tracks(1) == list(range(1, 31)) and not host.faults
                assert len(host.said(Connected)) == 1 and not host.said(
                    Gap, EventsLost, Unaccounted, LinkStale, Dropped
                )
            assert plcs[0].acted == [] and all("within 500 ms" in fault for fault in hosts[0].faults)
            plcs[0].order("mute 0")
            await hosts[0].until(quiet(plcs[0], 30))
            sorted_once(plcs[0], range(1, 31))
            for host in hosts:
                await host.link.close()

    run(main())
