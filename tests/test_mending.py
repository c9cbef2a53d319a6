"""Decisions that fail: what was half changed is undone, the rest goes on at once, and the journal says the same."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from controllers import UTC_US, Feed, feed_of, stop, work
from journals import journal
from ports import on_free_ports
from pure_site import example
from virtual_time import run_virtual

from edge.config.lines import LineConfig
from edge.controller.controller import Controller
from edge.controller.faults import REST_FIRST_US, REST_LAST_US, Rests
from edge.core import core as decisions
from edge.core.core import Core
from edge.core.events import (
    AlarmChanged,
    Anomaly,
    AnomalyCode,
    DeviceChanged,
    InputFailed,
    MachineReported,
    OrderChanged,
    PassageSeen,
    PlcEvent,
    RouteDecided,
    Sorted,
    Stage,
    TagsRead,
    ToteChecked,
)
from edge.core.values.alarm import AlarmKind
from edge.core.values.state import CoreState
from edge.journal.reader import JournalReader
from edge.journal.record import NotKept
from edge.journal.replay import recover, replay
from edge.sim.devices import SimulatedFloor
from edge.sim.tally import FloorReport

BAD = "tote1"


class Planted(Exception):  # noqa: N818  # it is what a fault of ours raises
    """A fault."""


def half_done(line: Any) -> None:
    """Changes what no journal knows of, and fails."""
    line.state.tracks.clear()
    line.state.lanes_full = 255
    line.state.portal.next_passage += 1000
    line.book._state.orders.clear()
    raise Planted("half done")


def at_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fourth induction of a line fails, whenever it is told."""
    whole = decisions.inducted

    def inducted(line: Any, given: PlcEvent, out: list[Any], *more: Any) -> Any:
        track = whole(line, given, out, *more)
        if line.name == BAD and given.track_id % 4 == 0:
            half_done(line)
        return track

    monkeypatch.setattr(decisions, "inducted", inducted)


def at_a_decision(monkeypatch: pytest.MonkeyPatch, stages: frozenset[Stage]) -> None:
    """Every fourth passage of a line cannot be decided upon at some stages, however often it is tried."""
    whole = decisions.decide

    def decide(line: Any, seen: PassageSeen, out: list[Any]) -> None:
        whole(line, seen, out)
        if line.name == BAD and seen.passage % 4 == 0 and seen.stage in stages:
            half_done(line)

    monkeypatch.setattr(decisions, "decide", decide)


def at_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report of a reader fails, now and then."""
    whole = Core._tags_read
    reports = iter(range(2**31))

    def tags_read(core: Any, given: TagsRead, out: list[Any]) -> None:
        whole(core, given, out)
        if given.reader == BAD and next(reports) % 50 == 49:
            half_done(core._lines[BAD])

    monkeypatch.setattr(Core, "_tags_read", tags_read)


def no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fourth passage of a line comes to something that no journal gives back, at the end."""
    whole = decisions.decide

    def decide(line: Any, seen: PassageSeen, out: list[Any]) -> None:
        whole(line, seen, out)
        if line.name == BAD and seen.passage % 4 == 0 and seen.stage is Stage.FINAL:
            out.append(replace(NO_NUMBER, at_us=seen.at_us))

    monkeypatch.setattr(decisions, "decide", decide)


NO_NUMBER = Anomaly(at_us=0, line=BAD, code=AnomalyCode.JAM, text="", track_id=math.nan)  # type: ignore[arg-type]
PLANTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "number": (no_number, f"line.{BAD}"),
    "event": (at_an_event, f"plc.{BAD}"),
    "final": (lambda patch: at_a_decision(patch, frozenset({Stage.FINAL})), f"line.{BAD}"),
    "due": (lambda patch: at_a_decision(patch, frozenset({Stage.EARLY, Stage.DUE})), f"line.{BAD}"),
    "reads": (at_reads, f"reader.{BAD}"),
}


def learned_left_out(state: CoreState) -> CoreState:
    """Without what lines learn from reads, which no journal has."""
    for line in state.lines.values():
        portal = line.portal
        portal.antennas, portal.presence, portal.dwells_us, portal.cycles_us = [], {}, [], []
        portal.before_us, portal.offset_us = {}, None
    return state


def assert_says_the_same(config: LineConfig) -> None:
    """The stored state is what all records say, and what was decided is decided again."""
    reader = JournalReader(config.journal)
    with closing(reader):
        checkpoint = reader.checkpoint(CoreState)
        assert checkpoint is not None
        assert checkpoint[0] == reader.last()
    with closing(sqlite3.connect(config.journal)) as db, db:
        db.execute("DELETE FROM checkpoint")
    core, _ = recover(config.journal)
    assert learned_left_out(core.state) == learned_left_out(checkpoint[1])
    assert replay(journal(config)).difference is None


SECONDS = 25


@pytest.fixture(scope="module")
def well(project: Path, tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """What becomes of the other lines without any fault."""
    config = on_free_ports(example(project, rate=6_000, seed=3, scan_ms=10), tmp_path_factory.mktemp("well"))
    work(config, SECONDS, 100)
    assert not of_kind(config, InputFailed)
    return of_others(config)


def of_others(config: LineConfig) -> list[object]:
    """Everything that was decided for the lines that have no fault, and what came of it."""
    decided = (value for record in journal(config) if record.line not in ("", BAD) and (value := record.value))
    return [replace(value, at_us=0) for value in decided if isinstance(value, RouteDecided | ToteChecked | Sorted)]


def of_kind(config: LineConfig, kind: type[Any]) -> list[Any]:
    return [value for record in journal(config) if isinstance(value := record.value, kind)]


@pytest.mark.parametrize("plant", PLANTS)
def test_a_fault_of_the_decisions_costs_what_it_came_by(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    plant: str,
    well: list[object],
) -> None:
    config = on_free_ports(example(project, rate=6_000, seed=3, scan_ms=10), tmp_path)
    fails, source = PLANTS[plant]
    fails(monkeypatch)
    truth = work(config, SECONDS, 100)
    assert truth["missorted"] == truth["unacknowledged"] == truth["false_accepts"] == 0
    aside = of_kind(config, InputFailed)
    assert 1 < len(aside) < 40
    assert {one.source for one in aside} == {source}
    for one in aside:
        assert one.why == repr(Planted("half done")) or (
            plant == "number" and "NotKept" in one.why and "nan" in one.why
        )
    assert of_others(config) == well
    assert any(one.kind is AlarmKind.PROGRAM_FAULT and one.active for one in of_kind(config, AlarmChanged))
    assert any(record.exc_info and "a fault of this program at " in record.getMessage() for record in caplog.records)
    assert_says_the_same(config)


def test_started_again_and_again_it_passes_over_what_was_set_aside(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = on_free_ports(example(project, rate=6_000, seed=5, scan_ms=10), tmp_path)
    at_an_event(monkeypatch)

    async def main() -> FloorReport:
        floor = SimulatedFloor(config, seconds=30)
        feed = Feed(floor, 100)
        await floor.start()
        for pause_s in (*(3.7 for _ in range(8)), 0):
            controller = asyncio.create_task(Controller(config, feed, threaded=False, zero_us=UTC_US).run())
            await (asyncio.sleep(pause_s) if pause_s else floor.wait())
            await stop(controller)
            with closing(sqlite3.connect(config.journal)) as db, db:  # as when it is killed
                db.execute("DELETE FROM checkpoint")
        await floor.stop()
        return floor.report()

    truth = run_virtual(main())
    assert truth["missorted"] == truth["unacknowledged"] == 0
    bad = [(one.session, one.event_seq) for one in of_kind(config, InputFailed)]
    assert len(bad) == len(set(bad)) > 1
    taken = [(one.plc, one.seq) for one in of_kind(config, PlcEvent)]
    left = [(one.plc, one.event_seq) for one in of_kind(config, InputFailed)]
    said = [(plc, seq) for plc, told in truth["plc_events"].items() for seq in range(1, told["events"] + 1)]
    assert sorted(taken + left) == sorted(said)
    assert replay(journal(config)).difference is None


def test_one_order_never_keeps_the_others_out(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = on_free_ports(example(project, seed=5), tmp_path)
    whole = decisions.OrderBook.put
    bad: list[str] = []

    def put(book: Any, order: Any, **more: Any) -> Any:
        if order.id in bad:
            book._state.orders.clear()
            raise Planted(order.id)
        return whole(book, order, **more)

    monkeypatch.setattr(decisions.OrderBook, "put", put)

    async def main() -> None:
        floor = SimulatedFloor(config, seconds=1)
        items = Feed(floor, 20).items
        bad.extend(one.order.id for one in items[5:30:10] if isinstance(one, OrderChanged))
        alone = config.model_copy(update={"plc": {}, "reader": {}, "line": {}})
        task = asyncio.create_task(Controller(alone, feed_of(items), threaded=False, zero_us=UTC_US).run())
        await asyncio.sleep(20)
        await stop(task)
        came = [one.order.id for one in of_kind(config, OrderChanged)]
        assert came == [one.order.id for one in items if isinstance(one, OrderChanged) and one.order.id not in bad]

    run_virtual(main())
    assert [one.feed_seq for one in of_kind(config, InputFailed)] == [6, 16, 26]
    assert_says_the_same(config)


def test_what_no_journal_gives_back_is_left_out_before_anything_is_decided(project: Path, tmp_path: Path) -> None:
    config = on_free_ports(example(project, seed=5), tmp_path)

    async def hostile(_: SimulatedFloor, __: Feed, controller: Controller) -> None:
        await asyncio.sleep(1)
        with pytest.raises(NotKept, match="speed=nan"):
            controller._take(MachineReported(at_us=controller._now(), plc=BAD, state=6, speed=math.nan))
        controller._take(DeviceChanged(controller._now(), "publish.influx", False, "no \udcff text"))

    truth = work(config, 5, 20, meanwhile=hostile)
    assert truth["missorted"] == truth["unacknowledged"] == 0
    (aside,) = of_kind(config, InputFailed)
    assert (aside.source, aside.kind) == (f"plc.{BAD}", "MachineReported") and "speed=nan" in aside.body
    assert any(one.kind is AlarmKind.PROGRAM_FAULT and one.active for one in of_kind(config, AlarmChanged))
    assert "no ? text" in {one.reason for one in of_kind(config, DeviceChanged)}
    assert_says_the_same(config)


def test_what_fails_again_and_again_rests_longer_each_time() -> None:
    rests = Rests()
    now_us, waits = 10**15, list[int]()
    for _ in range(9):
        until_us = rests.until_us("line.a", now_us)
        waits.append(until_us - now_us)
        now_us = until_us
    assert waits == [0, *(REST_FIRST_US << number for number in range(6)), REST_LAST_US, REST_LAST_US]
    assert rests.until_us("line.b", now_us) == now_us
    now_us += 3 * REST_LAST_US
    assert rests.until_us("line.a", now_us) == now_us
