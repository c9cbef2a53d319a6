"""Faults of PLCs on command: nothing is done twice, nothing is lost in silence, and the rest goes on."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from controllers import UTC_US, Feed, stop
from journals import journal
from ports import on_free_ports
from pure_site import example
from virtual_time import run_virtual

from edge.config.lines import LineConfig
from edge.controller.controller import Controller
from edge.core.events import (
    Anomaly,
    AnomalyCode,
    CommandHandled,
    DeviceChanged,
    EventsMissed,
    Outcome,
    PlcConnected,
    PlcEvent,
    RouteDecided,
    Sorted,
)
from edge.journal.record import Record
from edge.journal.replay import replay
from edge.sim.devices import SimulatedFloor
from edge.sim.faults import FaultOrder
from edge.sim.tally import FloorReport
from plc.packml import PackmlState
from plc.simulated_faults import AMOUNTS, PlcFault
from plc.words import EventType, Opcode

SORTERS = ("s1", "s2", "s3", "s4")


def sorters(project: Path, folder: Path, names: tuple[str, ...], rate: int, poll_ms: int = 20) -> LineConfig:
    """The example's sorter so many times, each with a PLC and a reader of its own."""
    config = example(project, rate=rate, seed=11, scan_ms=poll_ms)
    line = config.line["sorter"]
    made = config.model_copy(
        update={
            "plc": dict.fromkeys(names, config.plc["sorter"]),
            "reader": dict.fromkeys(names, config.reader["sorter"]),
            "line": {
                name: line.model_copy(
                    update={"plc": name, "portal": line.portal.model_copy(update={"readers": (name,)})}
                )
                for name in names
            },
        }
    )
    return on_free_ports(made, folder, poll_ms=poll_ms)


def work(config: LineConfig, seconds: float, faults: str = "") -> tuple[SimulatedFloor, FloorReport]:
    """A controller over a floor with faults, in virtual time, until the belts are empty."""

    async def main() -> tuple[SimulatedFloor, FloorReport]:
        orders = [FaultOrder.parse(text) for text in faults.split()]
        floor = SimulatedFloor(config, seconds=seconds, keep_decisions=True, faults=orders)
        feed = Feed(floor, 400)
        await floor.start()
        controller = asyncio.create_task(Controller(config, feed, threaded=False, zero_us=UTC_US).run())
        await asyncio.wait_for(floor.wait(), seconds + 120)
        await stop(controller)
        await floor.stop()
        return floor, floor.report()

    return run_virtual(main())


def of(kind: type, records: list[Record]) -> list:  # type: ignore[type-arg]
    return [record.value for record in records if record.kind == kind.__name__]


def test_every_fault_of_a_plc_is_survived_said_and_accounted_for(project: Path, tmp_path: Path) -> None:
    """One run, one fault after the other; the parcels go on coming."""
    config = sorters(project, tmp_path, ("s1",), 12_000)
    faults = (
        "plc.s1:slow=60@3+2 plc.s1:reset@6 plc.s1:torn=4@7+3 plc.s1:twice=45@11+3 plc.s1:late=70@15+2 plc.s1:stall@18+1"
        " plc.s1:mute@21+1.5 plc.s1:jam=11@24+1 plc.s1:lane-full=2@26+2 plc.s1:lost-confirmations@30+2"
        " plc.s1:wrong-layout@34+1 plc.s1:restart@38 plc.s1:emergency-stop@42+3"
    )
    assert {text.split(":")[1].split("=")[0].split("@")[0] for text in faults.split()} == set(PlcFault)
    floor, truth = work(config, 49, faults)
    records = journal(config)
    assert replay(records).difference is None
    assert truth["missorted"] == 0 and truth["unacknowledged"] == 0 and truth["parcels_inducted"] > 120

    # Every event once and in order, in each of the two sessions; what is missing would be said.
    by_session: dict[int, list[int]] = {}
    for event in of(PlcEvent, records):
        by_session.setdefault(event.session, []).append(event.seq)
    assert len(by_session) == 2 and not of(EventsMissed, records)
    for seqs in by_session.values():
        assert seqs == list(range(1, len(seqs) + 1))
    assert len(by_session[floor.plc("s1").side.session]) == floor.plc("s1").side.event_head

    # No track is routed twice in a round, and none is in a lane that it was not sent to, but the default one.
    sessions = iter(of(PlcConnected, records))
    routes = Counter((value.track_id, value.round) for value in of(RouteDecided, records))
    again = {key for key, count in routes.items() if count > 1}
    assert not again, again
    handled = [value for value in of(CommandHandled, records) if not value.refusal]
    assert max(Counter(value.seq for value in handled).values()) <= len({one.session for one in sessions})
    # While the host is gone even a parcel that has its route takes the default lane.
    first = of(PlcConnected, records)[0].session
    defaulted = [
        value for value in of(PlcEvent, records) if value.type == EventType.DEFAULTED and value.session == first
    ]
    assert any(
        one.opcode == Opcode.ROUTE and one.value == event.track_id and 0 < event.device_us - one.at_us < 1_000_000
        for event in defaulted
        for one in handled
    )
    outcomes = Counter(value.outcome for value in of(Sorted, records))
    assert outcomes[Outcome.MISSORTED] == outcomes[Outcome.LOST] == 0

    told = [(value.type, value.value) for value in of(PlcEvent, records) if value.type != EventType.LANE]
    aborted = told.index((EventType.STATE, PackmlState.ABORTED))
    assert told[aborted + 1] == (EventType.STATE, PackmlState.EXECUTE), "the belt stood"
    assert EventType.DIVERTED in {kind for kind, _ in told[aborted + 2 :]}

    said = {value.code for value in of(Anomaly, records)}
    assert {AnomalyCode.JAM, AnomalyCode.JAM_CLEARED, AnomalyCode.INCOMPATIBLE, AnomalyCode.PLC_RESTARTED} <= said
    downs = [value.reason for value in of(DeviceChanged, records) if value.device == "plc.s1" and not value.up]
    assert any("no answer within 250 ms" in reason for reason in downs)
    assert any("layout 0xb3a8 is not 0x4c57" in reason for reason in downs)
    assert any("onnect" in reason for reason in downs)
    confirmed = {value.track_id for value in of(PlcEvent, records) if value.type == EventType.DIVERTED}
    assert len(confirmed) < truth["parcels_diverted"], "some confirmations were kept back"


def test_of_four_plcs_one_dead_changes_nothing_for_the_other_three(project: Path, tmp_path: Path) -> None:
    alone, with_dead = tmp_path / "alone", tmp_path / "dead"
    healthy, _ = work(sorters(project, alone, SORTERS, 6_000, 50), 5)
    config = sorters(project, with_dead, SORTERS, 6_000, 50)
    wounded, truth = work(config, 5, "plc.s1:mute@2s+7s")
    for line in SORTERS[1:]:
        assert [one for one in wounded.decisions if one.line == line] == [
            one for one in healthy.decisions if one.line == line
        ]
    assert len(wounded.decisions) == len(healthy.decisions) and truth["unacknowledged"] == 0
    lines = Counter(value.line for value in of(Sorted, journal(config)) if value.outcome is Outcome.DEFAULTED)
    assert lines["s1"] > 0 and set(lines) == {"s1"}, "the dead one's parcels take the default lane, and say so"


def test_amounts_are_checked(project: Path, tmp_path: Path) -> None:
    config = sorters(project, tmp_path, ("s1",), 6_000)
    assert set(AMOUNTS) < set(PlcFault)

    async def order() -> str:
        floor = SimulatedFloor(config)
        await floor.start()
        try:
            floor.faults.order([FaultOrder.parse("plc.s1:lane-full=65")])
        except ValueError as error:
            return str(error)
        finally:
            await floor.stop()
        return ""

    assert run_virtual(order()) == "plc.s1:lane-full=65: lane-full of 65, allowed: 1 to 64"
