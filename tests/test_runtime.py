"""The controller on real sockets, in virtual time: every part between floor and journal is the shipped one."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from controllers import UTC_US, Feed, stop, work
from journals import assert_journal_is_whole, journal, leave_no_room
from ports import on_free_ports
from pure_site import example
from virtual_time import run_virtual

from edge.controller.controller import Controller
from edge.core.events import (
    Anomaly,
    CommandSent,
    DeviceChanged,
    LaneChanged,
    Measured,
    OrderChanged,
    OrderShipped,
    PlcEvent,
    RouteDecided,
    Sorted,
    Started,
    ToteChecked,
)
from edge.core.values.order import OrderState
from edge.journal.record import JournalError, Record
from edge.journal.writer import Journal
from edge.sim.devices import SimulatedFloor
from edge.sim.tally import FloorReport
from plc.modbus import ModbusLink
from plc.words import EventType


def assert_open_orders_are_told(records: list[Record]) -> None:
    """Every measurement has the number of orders that came and were not closed until then."""
    came, closed = set[str](), set[str]()
    for record in records:
        match record.value:
            case OrderChanged(order=order):
                came.add(order.id)
                if order.state is not OrderState.OPEN:
                    closed.add(order.id)
            case OrderShipped(order=order_id):
                closed.add(order_id)
            case Measured(device="controller", values=values):
                assert dict(values)["orders_open"] == len(came - closed)
    assert closed


def test_the_main_job_end_to_end(project: Path, tmp_path: Path) -> None:
    config = on_free_ports(example(project, rate=20_000, seed=7, scan_ms=10), tmp_path)

    async def close_a_lane(_: SimulatedFloor, feed: Feed, __: Controller) -> None:
        await asyncio.sleep(20)
        feed.ask("sorter", 3, False)
        await asyncio.sleep(10)
        feed.ask("sorter", 3, True)

    truth = work(config, 45, 400, meanwhile=close_a_lane)
    assert truth["parcels_inducted"] > 200
    assert truth["missorted"] == truth["defaulted"] == truth["unacknowledged"] == 0
    assert truth["false_accepts"] == truth["false_refusals"] == 0
    assert truth["totes_to_packing"] > 15
    records = journal(config)
    assert_journal_is_whole(records, truth)
    measured = [value for record in records if isinstance(value := record.value, Measured)]
    told = {device: [value for value in measured if value.device == device] for device in {v.device for v in measured}}
    assert set(told) == {"controller", *(f"{kind}.{name}" for kind in ("plc", "reader", "line") for name in config.plc)}
    assert len({len(values) for values in told.values()}) == 1 and len(told["controller"]) >= 4
    assert all(dict(value.values)["epoch"] == 1 and not dict(value.values)["fenced"] for value in told["plc.sorter"])
    assert all(dict(value.values)["polls"] > 100 and dict(value.values)["up"] for value in told["plc.sorter"])
    assert sum(dict(value.values)["reads"] for value in told["reader.sorter"]) > 1_000
    assert any(dict(value.values)["lane.3"] == 2 for value in told["line.sorter"])  # closed by the operator
    assert_open_orders_are_told(records)
    kinds = Counter(record.kind for record in records)
    ends = truth["parcels_diverted"] + truth["recirculated"] + truth["totes_to_packing"] + truth["totes_to_quality"]
    assert kinds[Sorted.__name__] == ends
    assert kinds[ToteChecked.__name__] >= truth["totes_to_packing"]
    lanes = [value for record in records if isinstance(value := record.value, LaneChanged) and value.lane == 3]
    assert [value.disabled for value in lanes if not value.full][:2] == [True, False]
    routes = [value for record in records if isinstance(value := record.value, RouteDecided)]
    between = [value for value in routes if lanes[0].at_us < value.at_us < lanes[0].at_us + 9_000_000]
    assert between
    assert all(value.lane != 3 for value in between)


def test_what_is_gone_stalls_nothing_else(project: Path, tmp_path: Path) -> None:
    """A PLC and a reader that do not exist are said; the other lines work; a tote line without reads refuses."""
    config = on_free_ports(example(project, rate=6_000, seed=3, scan_ms=10), tmp_path)
    alone = config.model_copy(
        update={
            "plc": {name: config.plc[name] for name in ("sorter", "tote2")},
            "reader": {"sorter": config.reader["sorter"]},
            "line": {"sorter": config.line["sorter"]},
        }
    )

    sorter = alone.model_copy(update={"plc": {"sorter": config.plc["sorter"]}})
    truth = work(config, 20, 60, floor_config=sorter)
    assert truth["parcels_inducted"] > 25
    assert truth["missorted"] == truth["defaulted"] == truth["unacknowledged"] == 0
    said = [value for record in journal(config) if isinstance(value := record.value, DeviceChanged) and not value.up]
    assert {value.device for value in said} == {
        "plc.tote1", "plc.tote2", "points.tote1", "reader.tote1", "reader.tote2"
    }  # fmt: skip
    assert all("refused" in value.reason or "no connection" in value.reason for value in said)
    assert_journal_is_whole(journal(config), truth)


def test_a_controller_that_comes_back_goes_on(project: Path, tmp_path: Path) -> None:
    """Stopped and started again and again while parcels run: nothing twice, nothing lost, no parcel rerouted."""
    config = on_free_ports(example(project, rate=12_000, seed=5, scan_ms=10), tmp_path)

    async def main() -> FloorReport:
        floor = SimulatedFloor(config, seconds=40)
        feed = Feed(floor, 200)
        await floor.start()
        for _ in range(12):
            controller = asyncio.create_task(Controller(config, feed, threaded=False, zero_us=UTC_US).run())
            await asyncio.sleep(3.7)
            await stop(controller)
        controller = asyncio.create_task(Controller(config, feed, threaded=False, zero_us=UTC_US).run())
        await floor.wait()
        await stop(controller)
        await floor.stop()
        return floor.report()

    truth = run_virtual(main())
    assert (truth["missorted"], truth["unacknowledged"], truth["false_accepts"]) == (0, 0, 0)
    records = journal(config)
    assert_journal_is_whole(records, truth)
    rounds: dict[tuple[str, int], list[set[int]]] = {}
    for record in records:
        match record.value:
            case PlcEvent(plc=plc, type=EventType.INDUCTED, track_id=track):
                rounds.setdefault((plc, track), []).append(set())
            case CommandSent(plc=plc, opcode=1, value=track, target=lane):
                rounds[plc, track][-1].add(lane)
            case _:
                pass
    assert all(len(lanes) <= 1 for parcel in rounds.values() for lanes in parcel)


def test_plcs_are_polled_in_the_same_turns(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each turn of the loop costs more than a poll."""
    config = on_free_ports(example(project, rate=6_000, seed=3, scan_ms=10), tmp_path)
    polls: dict[int, set[int]] = {}

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def asked(link: ModbusLink, call: Callable[[ModbusLink], object]) -> object:
            polls.setdefault(id(link), set()).add(round(loop.time() * 1e6))
            return call(link)

        async def connect_later(link: ModbusLink) -> None:
            await asyncio.sleep(0.001 * next(count))
            await connect(link)

        connect, read_up, exchange, count = (
            ModbusLink.connect,
            ModbusLink.read_up,
            ModbusLink.exchange,
            itertools.count(1),
        )
        monkeypatch.setattr(ModbusLink, "connect", connect_later)
        monkeypatch.setattr(ModbusLink, "read_up", lambda link: asked(link, read_up))
        monkeypatch.setattr(ModbusLink, "exchange", lambda link, words: asked(link, lambda link: exchange(link, words)))
        floor = SimulatedFloor(config, seconds=0)
        await floor.start()
        controller = asyncio.create_task(Controller(config, threaded=False, zero_us=UTC_US).run())
        await asyncio.sleep(0.1)
        polls.clear()
        await asyncio.sleep(1)
        await stop(controller)
        await floor.stop()

    run_virtual(main())
    every_us = config.plc["sorter"].poll_ms * 1000
    assert len(polls) == len(config.plc)
    assert all({at % every_us for at in times} == {0} for times in polls.values())
    assert all(len(times) in (1_000_000 // every_us, 1_000_000 // every_us + 1) for times in polls.values())


@pytest.mark.parametrize("orders", [0, 30])
def test_a_tote_without_an_order_goes_to_quality(project: Path, tmp_path: Path, orders: int) -> None:
    config = on_free_ports(example(project, seed=2, scan_ms=10), tmp_path)
    config = config.model_copy(update={"line": {"tote1": config.line["tote1"]}})

    truth = work(config, 20, orders)
    assert truth["totes_inducted"] == truth["totes_to_packing"] + truth["totes_to_quality"] > 4
    assert bool(truth["totes_to_packing"]) == bool(orders)
    if not orders:
        texts = {
            one.text
            for record in journal(config)
            if isinstance(value := record.value, ToteChecked)
            for one in value.findings
        }
        assert texts == {"no open order is picked into this tote"}
    anomalies = [value for record in journal(config) if isinstance(value := record.value, Anomaly)]
    assert anomalies == []


def test_the_journal_of_another_controller_is_left_alone(project: Path, tmp_path: Path) -> None:
    config = on_free_ports(example(project), tmp_path)
    other = Journal(config.journal)
    other.append([Started(at_us=UTC_US, controller="edge2", version="", layouts=config.layouts())])
    other.flush()
    other.close()
    with pytest.raises(JournalError, match="it is that of controller 'edge2', this one is 'edge1'; give `journal` a"):
        run_virtual(Controller(config).run())
    assert len(journal(config)) == 1


def test_a_full_disk_defaults_parcels_and_loses_nothing(project: Path, tmp_path: Path) -> None:
    """Nothing can be stored for a while: parcels take the default lane, no event is lost, and it is said."""
    config = on_free_ports(example(project, rate=6_000, seed=4, scan_ms=10), tmp_path)
    config = config.model_copy(
        update={name: {"sorter": getattr(config, name)["sorter"]} for name in ("plc", "reader", "line")}
        | {"sim": config.sim.model_copy(update={"mailbox": 1})}  # one of version 2 keeps more than these parcels tell
    )

    async def fill_the_disk(floor: SimulatedFloor, _: Feed, controller: Controller) -> None:
        await asyncio.sleep(12)
        disk = controller._journal._db
        leave_no_room(disk)
        await asyncio.sleep(15)
        assert floor.report()["unacknowledged"] > 8
        disk.execute("PRAGMA max_page_count=1000000")

    truth = work(config, 40, 100, meanwhile=fill_the_disk)
    assert truth["unacknowledged"] == truth["missorted"] == 0
    assert 5 < truth["defaulted"] < truth["parcels_inducted"] - 20
    records = journal(config)
    assert_journal_is_whole(records, truth)
    said = [
        value for record in records if isinstance(value := record.value, DeviceChanged) and value.device == "journal"
    ]
    assert [value.up for value in said] == [False, True]
    assert "full" in said[0].reason
