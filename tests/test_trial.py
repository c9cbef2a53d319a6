"""A test divert sends the next parcel of nobody where an engineer asked, and a customer's never."""

from __future__ import annotations

from pathlib import Path

from example_site import START_US
from journals import assert_replays
from made_up_floor import order, parcel

from edge.config.load import load_line
from edge.core.core import Core
from edge.core.events import (
    Anomaly,
    DeviceChanged,
    Event,
    Journaled,
    LaneRequested,
    OrderChanged,
    OrderShipped,
    PlcEvent,
    Route,
    RouteDecided,
    SetLane,
    Started,
    TagsRead,
    Tick,
)
from edge.core.line.line import Result
from edge.core.values.layout import LaneRole
from edge.core.values.verdicts import Trial
from edge.views.sentences import Teller
from edge.views.words.table import LANGUAGES, say
from plc.words import EventType
from rfid.driver import TagRead


class _Line:
    """The sorter of the example, its journal, and time that goes on by itself."""

    def __init__(self, project: Path) -> None:
        layouts = load_line(project / "examples/warehouse/LINE.toml").layouts()
        self.layout = next(one for one in layouts if one.job == "sort")
        self.core = Core(layouts)
        self.at_us = START_US
        self.journal: list[Journaled | Event] = []
        self.seq = 0
        self.give(Started(at_us=self.at_us, controller="edge1", version="0", layouts=layouts))
        self.give(DeviceChanged(self.at_us, f"reader.{self.layout.portal.readers[0]}", True, ""))

    def give(self, given: Journaled | Tick | TagsRead) -> list[Result]:
        found = self.core.step(given)
        if not isinstance(given, Tick | TagsRead):
            self.journal.append(given)
        self.journal += [one for one in found if not isinstance(one, Route | SetLane)]  # type: ignore[misc]
        return found

    def asks(self, what: Trial, lane: int = 0) -> str:
        """What is told of it."""
        self.at_us += 1_000_000
        self.seq += 1
        wish = LaneRequested(
            at_us=self.at_us, feed_seq=self.seq, line=self.layout.name, lane=lane, enabled=True, by="Eve", trial=what,
            reason="a new lane",
        )  # fmt: skip
        assert all(say(Teller((self.layout,)).tell(wish), language) for language in LANGUAGES)
        (told,) = self.give(wish)
        assert isinstance(told, Anomaly)
        return f"{told.code}: {told.text}"

    def comes(self, track: int, tag: str = "") -> RouteDecided:
        """A parcel passes the induction and the portal; where it is sent."""
        self.at_us += 20_000_000
        start = len(self.journal)
        self._event(EventType.ENTERED, track, self.layout.portal.eye)
        self.at_us += 300_000
        self._event(EventType.LEFT, track, self.layout.portal.eye)
        if tag:
            reads = tuple(TagRead(tag, 1, -50.0, self.at_us - before, 3) for before in range(200_000, 0, -20_000))
            self.give(TagsRead(self.at_us, self.layout.portal.readers[0], reads))
        self.at_us += 200_000
        self._event(EventType.INDUCTED, track, self.layout.induction)
        while (due_us := self.core.deadline_us()) is not None and due_us < self.at_us + 10_000_000:
            self.at_us = max(self.at_us, due_us)
            self.give(Tick(self.at_us))
        (route,) = [one for one in self.journal[start:] if isinstance(one, RouteDecided)]
        return route

    def arrives(self, track: int, lane: int) -> list[Result]:
        self.at_us += 2_000_000
        return self._event(EventType.DIVERTED, track, lane)

    def _event(self, kind: EventType, track: int, station: int) -> list[Result]:
        self.seq += 1
        return self.give(
            PlcEvent(
                at_us=self.at_us, device_us=self.at_us, plc=self.layout.plc, session=1, seq=self.seq, type=kind,
                track_id=track, station=station, cause=0, value=0, plc_ms=self.at_us // 1000 % 2**32,
            )
        )  # fmt: skip


def test_a_test_divert_takes_the_next_parcel_of_nobody(project: Path) -> None:
    line = _Line(project)
    lane = next(one.number for one in line.layout.lanes if one.role is LaneRole.CARRIER)
    assert "in no commissioning mode" in line.asks(Trial.DIVERT, lane)
    assert line.asks(Trial.BEGIN).startswith("trial-began: sorter: commissioning mode, by Eve: a new lane")
    assert "allowed are" in line.asks(Trial.DIVERT, 60)
    assert line.asks(Trial.DIVERT, lane).startswith("trial-lane")
    first = line.comes(1)
    assert (first.lane, first.reason, first.text) == (lane, "trial", "test divert, by Eve")
    assert not [one for one in line.arrives(1, lane) if isinstance(one, OrderShipped)]
    assert line.comes(2).reason == "no-read", "one wish diverts one parcel"
    line.arrives(2, 9)

    # A customer's parcel goes to its lane, ends the mode, and keeps one from beginning while it is on the line.
    line.asks(Trial.DIVERT, lane)
    line.give(OrderChanged(line.at_us, line.seq, order(7, carrier="UPS", service="")))
    third = line.comes(3, parcel(7))
    assert third.order == order(7).id and third.reason == "assigned" and third.lane != lane
    assert not line.core.state.lines["sorter"].trial
    assert f"a parcel of order {third.order} is on the line" in line.asks(Trial.BEGIN)
    assert [one.order for one in line.arrives(3, third.lane) if isinstance(one, OrderShipped)] == [third.order]
    assert line.asks(Trial.BEGIN).startswith("trial-began") and "it is, by Eve" in line.asks(Trial.BEGIN)
    assert line.asks(Trial.END).startswith("trial-ended") and "no commissioning mode" in line.asks(Trial.END)
    assert_replays(line.journal)
