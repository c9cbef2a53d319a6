"""Two processes, one lease in PostgreSQL: asked for, killed, standing still and going on; no parcel goes twice."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from leases import LeaseTable
from pair import Pair
from ports import on_free_ports
from postgres import Cluster, programs_path
from pure_site import example
from routed_once import assert_routed_once
from waiting import until

from edge.core.events import CommandSent
from edge.core.values.lease import LeaseAsk, LeaseDeed, LeaseRow, next_epoch, node_of
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError
from edge.journal.replay import replay
from edge.sim.devices import SimulatedFloor
from edge.sim.tally import FloorReport
from edge.site.leases import Leases
from edge.site.store import SiteStore


@pytest.mark.timeout(400)
def test_one_is_killed_and_one_stands_still_and_goes_on(
    project: Path,
    tmp_path: Path,
    run: Callable[[Awaitable[Any]], Any],
    peer: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", programs_path())
    cluster = Cluster(peer)
    config = on_free_ports(example(project, rate=3_600, seed=17), tmp_path, poll_ms=40)
    url = cluster.database()
    pair = Pair(project / "examples/warehouse", config, tmp_path, url)
    assert_as_in_memory(url)

    async def main() -> FloorReport:
        floor = SimulatedFloor(config)
        store = SiteStore(f"sqlite:///{tmp_path}/var/site.sqlite")
        loads = [load for stream in floor.streams.values() for load in stream.prepare(200)]
        store.put_orders([order for load in loads for order in load.orders], 0)
        store.close()
        await floor.start()

        async def routes(node: str, more: int = 3) -> None:
            goal = commanded(pair, node) + more
            await until(lambda: commanded(pair, node) >= goal)

        try:
            for node in pair.NODES:
                await pair.start(node)
            await pair.leads("a")
            await routes("a")
            pair.hand_over()
            epoch = await pair.leads("b")
            await routes("b")
            pair.kill("b")
            assert await pair.leads("a") == epoch + 1
            await routes("a")
            await pair.start("b")
            pair.tell("a", signal.SIGSTOP)
            assert await pair.leads("b") == epoch + 2
            await routes("b")
            pair.tell("a", signal.SIGCONT)
            await until(lambda: node_of(pair.row().waits) == "a")
            await routes("b")
            assert pair.row().epoch == epoch + 2
            for stream in floor.streams.values():
                stream.stopped = True
            await until(lambda: floor.report()["left_on_belt"] == 0, 180)
        finally:
            await pair.end()
            await floor.stop()
        return floor.report()

    try:
        truth = run(main())
    finally:
        cluster.end()
    assert (truth["missorted"], truth["false_accepts"]) == (0, 0)
    journals = [pair.journal(node) for node in pair.NODES]
    assert_routed_once(*journals)
    for found in journals:
        assert replay(found).difference is None


def commanded(pair: Pair, node: str) -> int:
    """How many commands a node has sent."""
    with suppress(JournalError):
        reader = JournalReader(pair.configs[node].journal)
        try:
            return len(reader.of_kind(CommandSent.__name__))
        finally:
            reader.close()
    return 0


def assert_as_in_memory(url: str) -> None:
    """PostgreSQL does what the laws of tests/test_standby_laws.py are proven with."""
    stored, table = Leases(url, "other", own=True), LeaseTable(lambda: 0)
    deeds = [LeaseDeed.LOOK, LeaseDeed.TAKE, LeaseDeed.RENEW, LeaseDeed.RENEW, LeaseDeed.RELEASE]
    turns = Random(5)
    for step in range(60):
        row = table.row
        ask = LeaseAsk(
            deed=turns.choice(deeds),
            me=turns.choice(["a/1", "b/2"]),
            epoch=row.epoch - (turns.random() < 0.1),
            beat=row.beat - (turns.random() < 0.1),
            to_epoch=next_epoch(row.epoch) if turns.random() < 0.5 else row.epoch,
            waits=turns.random() < 0.5,
            body=turns.choice(["", f"body {step}"]),
        )
        found, wanted = stored(ask), table(ask)
        if turns.random() < 0.1:
            stored.ask_hand_over()
            table.ask_hand_over()
        assert _without_times(found) == _without_times(wanted), ask
    stored.close()


def _without_times(row: LeaseRow) -> LeaseRow:
    told = None if row.told is None else replace(row.told, at_us=0)
    return replace(row, now_us=0, told=told)
