"""A test divert sends the next parcel of nobody where an engineer asked, and a customer's never."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from controllers import feed_of, stop
from example_site import START_US
from journals import assert_replays
from libmodbus_peer import LibmodbusPlc
from made_up_floor import order, parcel
from opcua_peer import NodeServer, node_opcua
from programs import Programs, port_of
from waiting import until

from edge.config.load import load_line
from edge.controller.controller import Controller
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
    Requested,
    Route,
    RouteDecided,
    SetLane,
    Sorted,
    Started,
    TagsRead,
    Tick,
)
from edge.core.line.line import Result
from edge.core.values.layout import LaneRole
from edge.core.values.verdicts import Trial
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError
from edge.views.sentences import Teller
from edge.views.words.table import LANGUAGES, say
from plc.words import EventType, Opcode
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


# ---- at a PLC of others ----------------------------------------------------------------------------------------------

_SLOW_LINE = """
controller = "foreign"
site = "foreign"
journal = "journal.sqlite"

[plc.sorter]
{plc}

[reader.sorter]
host = "127.0.0.1"
port = {port}

[line.sorter]
job = "sort"
plc = "sorter"
speed_mm_s = 440
decision_mm = 2400
margin_ms = 5000
default_lane = 4
portal = {{ name = "portal", readers = ["sorter"], eye = 11, eye_mm = -375, antenna_mm = -375 }}
lane = [
    {{ number = 1, name = "DHL", role = "carrier", carrier = "DHL", divert_mm = 3000 }},
    {{ number = 2, name = "UPS", role = "carrier", carrier = "UPS", divert_mm = 3500 }},
    {{ number = 3, name = "Quality", role = "quality", divert_mm = 4000 }},
    {{ number = 4, name = "Reject", role = "reject", divert_mm = 4500 }},
]
"""
"""A route may be seconds late on a busy machine."""


@contextmanager
def _libmodbus(programs: Programs, _: Path) -> Iterator[tuple[str, Callable[[str], object], Callable[[], Any]]]:
    with LibmodbusPlc(programs.built("libmodbus_plc.c")) as plc:

        def acted() -> list[tuple[int, int, int, int]]:
            plc.status()
            return plc.acted

        yield f'host = "127.0.0.1"\nport = {plc.port}', plc.order, acted


@contextmanager
def _node(programs: Programs, folder: Path) -> Iterator[tuple[str, Callable[[str], object], Callable[[], Any]]]:
    modules = node_opcua(programs.project)
    with NodeServer(modules, folder, trusted=[programs.pki.host.certificate]) as server:
        trusted = folder / "trusted"
        trusted.mkdir()
        shutil.copy(server.certificate, trusted / "server.pem")
        keys = programs.opcua(port_of(server.url)) | {"trusted": trusted, "up": "ns=1;s=Up", "down": "ns=1;s=Down"}
        table = "\n".join(f"{key} = {json.dumps(str(value))}" for key, value in keys.items())

        def acted() -> list[list[int]]:
            server.give("status")
            told: dict[str, Any] = json.loads(server.said("status "))
            server.said("ok")
            return list(told["acted"])

        yield f'driver = "opcua"\ntimeout_ms = 10000\n[plc.sorter.opcua]\n{table}', server.order, acted


@pytest.mark.parametrize("peer_of", [_libmodbus, _node])
def test_a_test_divert_arrives_at_a_plc_of_others(
    peer_of: Callable[..., Any], run: Any, programs: Programs, tmp_path: Path
) -> None:
    wishes: list[OrderChanged | Requested] = []

    def asks(what: Trial, lane: int = 0) -> None:
        seq = len(wishes) + 1
        wish = LaneRequested(
            at_us=0, feed_seq=seq, line="sorter", lane=lane, enabled=True, by="Eve", trial=what, reason="new"
        )
        wishes.append(wish)

    async def scenario(table: str, order: Callable[[str], object], acted: Callable[[], Any]) -> None:
        (path := tmp_path / "LINE.toml").write_text(_SLOW_LINE.format(plc=table, port=1))  # nobody reads there
        task = asyncio.create_task(Controller(load_line(path), feed_of(wishes)).run())

        def told() -> list[object]:
            try:
                with closing(JournalReader(tmp_path / "journal.sqlite")) as journal:
                    return [record.value for record in journal.every()]
            except JournalError:
                return []  # it is not made yet

        def codes() -> list[str]:
            return [str(one.code) for one in told() if isinstance(one, Anomaly) and "trial" in one.code]

        def routed() -> dict[int, int]:
            return {track: lane for _, opcode, track, lane in acted() if opcode == Opcode.ROUTE}

        async def comes(track: int) -> int:
            await asyncio.to_thread(order, "induct 1")
            await until(lambda: track in routed())
            return routed()[track]

        await until(lambda: any(isinstance(one, DeviceChanged) and one.up for one in told()))
        asks(Trial.DIVERT, 2)
        await until(lambda: codes() == ["trial-refused"])
        assert await comes(1) == 3, "in no commissioning mode: what was not read is for people"
        asks(Trial.BEGIN)
        asks(Trial.DIVERT, 2)
        await until(lambda: codes()[-2:] == ["trial-began", "trial-lane"])
        assert [await comes(2), await comes(3)] == [2, 3], "one wish diverts one parcel"
        await asyncio.to_thread(order, "event 5 2 2 0")
        await until(lambda: any(isinstance(one, Sorted) and (one.track_id, one.lane) == (2, 2) for one in told()))
        assert not any(isinstance(one, OrderShipped) for one in told())
        asks(Trial.END)
        await until(lambda: codes()[-1] == "trial-ended")
        await stop(task)

    with peer_of(programs, tmp_path) as peer:
        run(scenario(*peer))
