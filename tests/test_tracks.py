"""The states of a track: whatever a floor says moves it along the arrows only, and every arrow is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pure_site import START_US, example

from edge.core.core import Core
from edge.core.events import CommandHandled, CommandSent, Input, PlcConnected, PlcEvent, TagsRead, Tick
from edge.core.values.layout import Job, LineLayout
from edge.core.values.track import ROUTE_ARROWS, TRACK_ARROWS, RouteState, Track, TrackState, Turn
from plc.words import EventType
from rfid.driver import TagRead
from rfid.epc.identity import sscc96

TRACK, OTHERS = 1, range(100, 130)
LABELS = (sscc96("9521141", "0000000001"), sscc96("9521141", "0000000002"))
BY_ITS_ORDER = (RouteState.HANDLED, Turn.TURNED)
"""Gone where an order changes on the belt, in scenarios/turned-on-the-belt; these tracks have none."""
Step: TypeAlias = tuple[TrackState, RouteState, Turn]


class Floor:
    """A sorter with a short belt, and one track of it to which things happen."""

    def __init__(self, layout: LineLayout) -> None:
        self.layout = replace(layout, lanes=tuple(replace(lane, divert_mm=100) for lane in layout.lanes))
        self.core = Core([self.layout])
        self.at_us = START_US
        self.seq = 0

    @property
    def track(self) -> Track | None:
        return self.core.state.lines[self.layout.name].tracks.get(TRACK)

    def step(self, given_: Input) -> None:
        self.core.step(given_)
        for track in self.core.state.lines[self.layout.name].tracks.values():
            assert track.undecided is (track.lane == 0)
            assert track.route is not RouteState.HANDLED or track.route_seq is not None

    def wait(self, us: int) -> None:
        self.at_us += us
        self.step(Tick(self.at_us))

    def plc(self, type_: EventType, station: int, track: int = TRACK) -> None:
        self.at_us += 1000
        self.step(
            PlcEvent(
                at_us=self.at_us,
                device_us=self.at_us,
                plc=self.layout.plc,
                session=1,
                seq=1,
                type=type_,
                track_id=track,
                station=station,
                cause=0,
                value=0,
                plc_ms=self.at_us // 1000 % 2**32,
            )
        )

    def inducted(self) -> None:
        self.plc(EventType.INDUCTED, self.layout.induction)

    def crowd(self) -> None:
        for track in OTHERS:
            self.plc(EventType.INDUCTED, self.layout.induction, track)

    def two_labels(self) -> None:
        eye = self.layout.portal.eye
        assert eye is not None
        self.plc(EventType.ENTERED, eye)
        reads = tuple(TagRead(epc, 1, -40.0, self.at_us, 1) for epc in LABELS)
        self.step(TagsRead(self.at_us, self.layout.portal.readers[0], reads))
        self.plc(EventType.LEFT, eye)
        if (early_us := self.core._lines[self.layout.name].early_us(TRACK)) is not None:
            self.wait(max(0, early_us - self.at_us))

    def minute(self) -> None:
        self.wait(60_000_000)

    def defaulted(self) -> None:
        self.plc(EventType.DEFAULTED, self.layout.default_lane)

    def lost(self) -> None:
        self.plc(EventType.LOST, 1)

    def sent(self) -> None:
        self.step(self._command(self.track.lane if self.track else 0, found=False))

    def handled(self) -> None:
        self._handled(self.seq)

    def handled_another(self) -> None:
        self._handled(self.seq + 1)

    def found(self) -> None:
        self._connect(self._command(self.layout.lanes[0].number, found=True))

    def found_empty(self) -> None:
        self._connect(self._command(0, found=True))

    def _handled(self, seq: int) -> None:
        plc = self.layout.plc
        self.step(CommandHandled(at_us=self.at_us, plc=plc, seq=seq, opcode=1, value=TRACK, target=1, refusal=0))

    def _command(self, lane: int, *, found: bool) -> CommandSent:
        self.seq += 1
        return CommandSent(
            at_us=self.at_us,
            plc=self.layout.plc,
            session=1,
            seq=self.seq,
            opcode=1,
            value=TRACK,
            target=lane,
            expiry_ms=0,
            found=found,
        )

    def _connect(self, found: CommandSent) -> None:
        self.step(
            PlcConnected(
                at_us=self.at_us,
                plc=self.layout.plc,
                session=1,
                epoch=1,
                fresh=False,
                resumed=False,
                event_acked=0,
                events_lost=0,
                command_head=0,
                found=(found,),
                lanes_full=0,
                lanes_disabled=0,
            )
        )


ACTS: tuple[Callable[[Floor], None], ...] = (
    Floor.inducted,
    Floor.crowd,
    Floor.two_labels,
    Floor.minute,
    Floor.defaulted,
    Floor.lost,
    Floor.sent,
    Floor.handled,
    Floor.handled_another,
    Floor.found,
    Floor.found_empty,
)


@pytest.fixture(scope="module")
def sorter(project: Path) -> LineLayout:
    return next(layout for layout in example(project).layouts() if layout.job is Job.SORT)


@contextmanager
def watched() -> Iterator[list[Step]]:
    """Every turn that track 1 takes, and where it was before."""
    steps: list[Step] = []
    take = Track.take

    def watching(track: Track, turn: Turn) -> None:
        if track.track_id == TRACK:
            steps.append((track.state, track.route, turn))
        take(track, turn)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Track, "take", watching)
        yield steps


def test_every_arrow_is_gone_and_every_state_is_reached(sorter: LineLayout) -> None:
    """From wherever a track can be, everything that can happen there."""
    with watched() as steps:
        waiting, known = [Floor(sorter)], set[object]()
        while waiting:
            floor = waiting.pop()
            for act in ACTS:
                then = deepcopy(floor)
                act(then)
                track = then.track
                place = None if track is None else (track.state, track.route, track.route_seq is None)
                if place not in known:
                    known.add(place)
                    waiting.append(then)
    gone = {(state, turn) for state, _, turn in steps} | {(route, turn) for _, route, turn in steps}
    assert gone >= {*TRACK_ARROWS, *ROUTE_ARROWS} - {BY_ITS_ORDER}
    assert {*TRACK_ARROWS.values(), TrackState.AWAITED} == set(TrackState)
    assert {*ROUTE_ARROWS.values()} == set(RouteState)


@settings(max_examples=100)
@given(acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=25))
def test_nothing_but_an_arrow_moves_a_track(sorter: LineLayout, acts: list[Callable[[Floor], None]]) -> None:
    floor = Floor(sorter)
    for act in acts:
        track = floor.track or Track(TRACK)
        at = (track.state, track.route)
        with watched() as steps:
            act(floor)
        for state, route, turn in steps:
            assert (state, route) == at, (act.__name__, turn)
            at = (TRACK_ARROWS.get((state, turn), state), ROUTE_ARROWS.get((route, turn), route))
        assert floor.track is None or (floor.track.state, floor.track.route) == at, act.__name__
