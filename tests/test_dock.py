"""The dock gate: directions, verdicts, lights and loads, against the truth of the simulated dock and by laws."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from dock_doors import PREFIX, Doors, S, label, order_of
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import records
from pure_dock import PureDock, made_up_docks

from edge.core.alarms.rules import RULES
from edge.core.dock.loads import Loads
from edge.core.events import (
    DockReason,
    DoorSeen,
    GateVerdict,
    LoadClosed,
    LoadOpened,
    LoadRefused,
    OrderChanged,
    ParcelGated,
    Started,
    TagsRead,
    Tick,
)
from edge.core.values.dock import Direction
from edge.core.values.load import Load, LoadAction
from edge.core.values.order import OrderState
from edge.core.values.state import LoadsState
from edge.journal.replay import replay
from rfid.driver import TagRead
from rfid.epc.identity import identify, sgtin96

PARCELS = int(os.environ.get("LANEWISE_DOCK_PARCELS", "40"))
"""1000 for the whole proof, which `bench/dock.py` prints as well."""


@pytest.mark.parametrize("eyes", [False, True])
def test_every_way_through_two_doors_is_right_or_said_to_be_in_doubt(eyes: bool) -> None:
    dock = PureDock(made_up_docks(eyes=eyes), 11 + eyes, PARCELS // (1 + eyes))
    dock.run()
    score = dock.score()
    assert (score.guessed, score.silent) == (0, 0), score.details
    assert score.wrong_named == score.wrong_out > 0
    assert score.right > score.crossings * (0.85 if eyes else 0.95)
    for door in dock.traffic.carriers:
        there, doubts = dock.aboard(door)
        assert {one.parcel for one in dock.check(door).aboard} ^ there <= doubts
        dock.settle(door)
        closed = [value for value in dock.journal if isinstance(value, LoadClosed)][-1]
        assert {one.parcel for one in closed.aboard} == there
    again = replay(records(dock.journal))
    assert again.difference is None
    assert again.decisions > score.right


# ---- one door, by hand -----------------------------------------------------------------------------------------------


def verdict(gated: ParcelGated | None) -> GateVerdict:
    assert gated is not None
    return gated.verdict


def test_what_belongs_to_a_load() -> None:
    doors = Doors()
    early_us = doors.now_us
    doors.now_us += 60 * S
    doors.give(OrderChanged(doors.now_us, 50, order_of(4)))
    doors.give(OrderChanged(doors.now_us, 51, order_of(5, service="express")))
    doors.give(OrderChanged(doors.now_us, 52, order_of(6, state=OrderState.OPEN)))
    doors.open(services=("standard",), cutoff_us=early_us + S)
    doors.open("L2", "door2", "UPS", parcels=(identify(label(3)), identify(label(77))))
    loads = doors.core._gate.loads
    first, second = loads.at_dock("door1"), loads.at_dock("door2")
    assert first is not None and second is not None
    assert loads.check(first).missing == (identify(label(1)), identify(label(2)))
    assert loads.check(first).later == 1
    assert loads.check(second).missing == (identify(label(3)), identify(label(77)))
    assert verdict(doors.pass_door(5, Direction.OUT)) is GateVerdict.WRONG, "another service"
    assert verdict(doors.pass_door(6, Direction.OUT)) is GateVerdict.RIGHT, "not sorted, and of the right carrier"
    assert verdict(doors.pass_door(77, Direction.OUT, "door2")) is GateVerdict.RIGHT, "listed, though no order has it"
    assert verdict(doors.pass_door(4, Direction.OUT, "door2")) is GateVerdict.WRONG, "not listed"
    doors.give(OrderChanged(doors.now_us, 60, order_of(2, state=OrderState.CANCELLED)))
    assert loads.check(first).missing == (identify(label(1)),)
    assert verdict(doors.pass_door(2, Direction.OUT)) is GateVerdict.WRONG, "cancelled"
    closed = doors.ask(LoadAction.CLOSE, forced=True, reason="truck leaves")[0]
    assert isinstance(closed, LoadClosed)
    assert (closed.reason, closed.missing) == ("truck leaves", (identify(label(1)),))
    assert {one.order for one in closed.wrong} == {"A-5", "A-2"}
    doors.replays()


def test_what_is_no_parcel_is_ignored_and_two_tags_of_one_parcel_are_one() -> None:
    doors = Doors()
    item = sgtin96(PREFIX, "000001", 5)
    twin = f"{int(label(1), 16) | 7 << 85:024X}"  # the same number with another filter value
    assert identify(twin) == identify(label(1)) and twin != label(1)
    told = []
    for step in range(60):
        doors.now_us += 50_000
        antenna = 1 if step < 30 else 3
        reads = tuple(TagRead(epc, antenna, -50.0, doors.now_us, 1) for epc in (label(1), twin, item))
        told += doors.give(TagsRead(doors.now_us, "dock1", reads))
    assert [value.direction for value in told if isinstance(value, DoorSeen)] == [Direction.OUT]
    assert [value.parcel for value in told if isinstance(value, ParcelGated)] == [identify(label(1))]
    doors.replays()


READS = st.lists(
    st.tuples(
        st.sampled_from(["dock1", "dock2"]),
        st.integers(1, 4),
        st.sampled_from([label(1), label(2), label(3), sgtin96(PREFIX, "000001", 5)]),
        st.integers(-75, -30),
        st.integers(0, 1_500_000),
    ),
    max_size=120,
)
WISHES = st.lists(
    st.tuples(
        st.integers(0, 120),
        st.sampled_from(LoadAction),
        st.sampled_from(["L1", "L2"]),
        st.integers(1, 3),
        st.booleans(),
    ),
    max_size=8,
)


@given(reads=READS, wishes=WISHES)
@settings(max_examples=60)
def test_whatever_is_read_and_asked(reads: list[tuple[str, int, str, int, int]], wishes: list[object]) -> None:
    """A parcel is aboard one load at most; out and in take turns; every request has one answer; all of it replays."""
    doors = Doors()
    doors.open()
    asked = 1
    for place, (reader, antenna, epc, dbm, later_us) in enumerate(reads):
        for at, action, load_id, number, forced in wishes:  # type: ignore[misc]
            if at == place:
                load = Load(id=load_id, dock=f"door{number % 2 + 1}", carrier="UPS")
                parcel = identify(label(number))
                known = load_id in doors.core.state.loads.open or load_id in doors.core.state.loads.closed
                asked += action is LoadAction.OPEN or known
                doors.ask(action, load_id, load=load, parcel=parcel, forced=forced, reason="r" * forced)
        doors.now_us += later_us
        doors.give(TagsRead(doors.now_us, reader, (TagRead(epc, antenna, float(dbm), doors.now_us, 1),)))
        due_us = doors.core.deadline_us()
        if due_us is not None and due_us <= doors.now_us:
            doors.give(Tick(doors.now_us))
    doors.tick(3600)
    aboard = [parcel for its in doors.core.state.loads.open.values() for parcel in its.aboard]
    assert len(aboard) == len(set(aboard))
    for number in (1, 2, 3):
        ways = [
            (value.dock, value.direction)
            for value in doors.journal
            if isinstance(value, DoorSeen) and value.parcel == identify(label(number))
        ]
        assert all(ways[place] != ways[place - 1] for place in range(1, len(ways)) if ways[place][1] is Direction.OUT)
    answers = [value for value in doors.journal if isinstance(value, LoadOpened | LoadClosed | LoadRefused)]
    answers += [value for value in doors.journal if isinstance(value, ParcelGated) and value.feed_seq]  # type: ignore[misc]
    assert len(answers) == asked
    doors.replays()
    # Whoever follows the journal knows the same of the loads.
    follower = Loads(LoadsState())
    for value in doors.journal:
        follower.take(value)
    for name, its in doors.core.state.loads.open.items():
        assert follower.check(follower.state.open[name]) == doors.core._gate.loads.check(its)


def test_a_clock_that_was_set_back_keeps_no_light_on() -> None:
    doors = Doors()
    doors.open()
    doors.pass_door(3, Direction.OUT)
    doors.now_us -= 3600 * S
    doors.give(
        Started(at_us=doors.now_us, controller="edge1", version="0", layouts=(), alarms=RULES, docks=made_up_docks())
    )
    doors.tick(61)
    assert doors.changed() == [(False, False, DockReason.TIME)]
    doors.replays()


def test_a_door_that_is_gone_from_the_configuration_rests() -> None:
    doors = Doors()
    doors.open()
    doors.pass_door(3, Direction.OUT)
    doors.give(
        Started(
            at_us=doors.now_us + S,
            controller="edge1",
            version="0",
            layouts=(),
            alarms=RULES,
            docks=tuple(replace(one, light=None) for one in made_up_docks())[1:],
        )
    )
    doors.now_us += S
    assert doors.tick(120) and not doors.outputs()
    doors.replays()
