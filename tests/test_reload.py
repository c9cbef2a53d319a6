"""Another configuration while the lines run: what was decided holds, what comes is decided as by a fresh start."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from controllers import UTC_US, Feed, stop
from house import make_house
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from journals import assert_journal_is_whole, assert_replays, journal, records
from made_up_floor import parcel
from ports import free_port, on_free_ports
from pure_site import START_US, PureSite, example
from shipped import begin
from virtual_time import run_virtual
from waiting import HANGS_S, wait_until

from edge.config.change import name_of
from edge.config.lines import LineConfig
from edge.config.load import load_line, load_site
from edge.config.publish import MetricsConfig
from edge.controller.controller import Controller, File
from edge.core.core import Core
from edge.core.events import (
    AlarmChanged,
    Claim,
    Event,
    Input,
    Journaled,
    OrderChanged,
    OrderShipped,
    Outcome,
    PassageSeen,
    PlcEvent,
    RouteDecided,
    RouteReason,
    Sorted,
    Stage,
    Started,
)
from edge.core.values.alarm import AlarmKind, AlarmState
from edge.core.values.flags import FLAGS
from edge.core.values.layout import Job, Lane, LaneRole, LineLayout, Portal
from edge.core.values.order import Order
from edge.core.values.state import CoreState
from edge.journal.replay import recover, replay
from edge.sim.devices import SimulatedFloor
from edge.sim.tally import FloorReport
from plc.words import EventType
from rfid.epc.identity import identify

CARRIERS = ("A", "B", "C")


def lane(number: int, role: LaneRole, carrier: str = "") -> Lane:
    return Lane(number=number, name=f"L{number}", role=role, divert_mm=3000 + number * 500, carrier=carrier)


@st.composite
def layouts(draw: st.DrawFn) -> LineLayout:
    """A sorter as any good file may have it: carriers' lanes, a quality lane and a reject lane, by any numbers."""
    quality, reject = draw(st.sampled_from(((8, 9), (8, 9), (1, 9))))
    others = draw(st.lists(st.integers(2, 7), min_size=1, max_size=4, unique=True))
    lanes = [lane(quality, LaneRole.QUALITY), lane(reject, LaneRole.REJECT)]
    carriers = draw(st.permutations(CARRIERS))
    lanes += [lane(number, LaneRole.CARRIER, carriers[at]) for at, number in enumerate(others[:3])]
    lanes += [lane(number, LaneRole.RECIRCULATE) for number in others[3:]]
    return LineLayout(
        name="sorter",
        job=Job.SORT,
        plc="sorter",
        induction=1,
        speed_mm_s=draw(st.sampled_from((1000, 2500))),
        decision_mm=2000,
        actuation_us=80_000,
        margin_us=60_000,
        default_lane=reject,
        recirculate_limit=draw(st.integers(0, 2)),
        portal=Portal(name="p", readers=("r",), eye=11, eye_mm=-1000, antenna_mm=-900),
        lanes=tuple(draw(st.permutations(lanes))),
    )


def started(at_us: int, layout: Sequence[LineLayout], running: bool = False) -> Started:
    return Started(
        at_us=at_us, controller="c", version="1", layouts=tuple(layout), flags=FLAGS, config="x", running=running
    )


class Line:
    """A core that decides by what is journaled, and its journal."""

    def __init__(self, layout: LineLayout) -> None:
        self.core = Core((), live=False)
        self.journal: list[Journaled | Event] = []
        self.now_us = START_US
        self.seq = 0
        self.give(started(self.now_us, [layout]))
        for number in range(40):
            carrier, label = CARRIERS[number % 3], identify(parcel(number))
            order = Order(id=f"O{number}", carrier=carrier, service="", lines=(), parcel=label)
            self.give(OrderChanged(self.now_us, 0, order))

    def give(self, value: Input) -> list[Any]:
        self.now_us += 10_000
        value = replace(value, at_us=self.now_us)
        out = self.core.step(value)
        told = [one for one in out if isinstance(one, Event)]
        self.journal += [value, *told]  # type: ignore[list-item]  # it is journaled
        return told

    def says(self, kind: EventType, track: int, station: int = 1) -> list[Any]:
        self.seq += 1
        made = PlcEvent(
            at_us=0,
            device_us=self.now_us,
            plc="sorter",
            session=1,
            seq=self.seq,
            type=int(kind),
            track_id=track,
            station=station,
            cause=0,
            value=0,
            plc_ms=self.now_us // 1000 % 2**32,
        )
        return self.give(made)

    def decided(self, number: int) -> RouteDecided:
        """A parcel is inducted and read."""
        self.says(EventType.INDUCTED, number + 1)
        seen = PassageSeen(
            at_us=0,
            line="sorter",
            passage=number + 1,
            track_id=number + 1,
            stage=Stage.DUE,
            start_us=self.now_us,
            stop_us=self.now_us + 1,
            offset_us=0,
            claims=(Claim(parcel(number), 1.0, 0.0, 1.0),),
            tags=(),
            settled=True,
        )
        (route,) = (one for one in self.give(seen) if isinstance(one, RouteDecided))
        return route

    def takes(self, layout: LineLayout) -> tuple[LineLayout, ...]:
        now = self.core.following([layout])
        self.give(started(0, now, running=True))
        return now


@settings(max_examples=60, deadline=None)
@given(layouts(), layouts(), st.integers(0, 9), st.integers(0, 9), st.data())
def test_what_was_decided_holds_and_what_comes_is_decided_as_by_a_fresh_start(
    before: LineLayout, after: LineLayout, first: int, landed: int, data: st.DataObject
) -> None:
    line = Line(before)
    routes = [line.decided(number) for number in range(first)]
    for number in range(min(first, landed)):
        line.says(EventType.DIVERTED, number + 1, routes[number].lane)
    bound = {route.lane for route in routes[landed:]}
    if line.core.held([after], ()):
        roles = {one.number: one.role for one in after.lanes}
        assert any(one.role is not roles.get(one.number, one.role) for one in before.lanes if one.number in bound)
        assume(False)
    now = line.takes(after)
    assert {one.number for one in now[0].lanes if one.closing} <= bound
    assert {one.number for one in after.lanes} | bound == {one.number for one in now[0].lanes} | bound
    between = line.decided(20)
    assert between.lane not in {one.number for one in now[0].lanes if one.closing}
    line.says(EventType.DIVERTED, 21, between.lane)
    for number in data.draw(st.permutations(range(landed, first))):
        told = line.says(EventType.DIVERTED, number + 1, routes[number].lane)
        (end,) = (one for one in told if isinstance(one, Sorted))
        assert (end.outcome, end.lane, end.wanted) == (Outcome.CONFIRMED, routes[number].lane, routes[number].lane)
        shipped = [one.order for one in told if isinstance(one, OrderShipped)]
        assert shipped == ([f"O{number}"] if routes[number].reason is RouteReason.ASSIGNED else [])
    assert line.takes(after) == (after,)
    fresh = Line(after)
    fresh.now_us, fresh.seq = line.now_us, line.seq
    for number in (30, 31, 32):
        assert line.decided(number) == fresh.decided(number)
    assert_replays(line.journal)
    stored = Core((), CoreState(), live=False)
    assert replay(records(line.journal), stored).difference is None


def test_reads_that_came_before_count_behind_it(project: Path) -> None:
    """The same floor, once with a new configuration every half second that says the same or moves a carrier's lane."""
    whole = PureSite(example(project), 3, {"sorter": 120}).run(3600)
    site = PureSite(example(project), 3, {"sorter": 120})
    own = tuple(layout for layout in example(project).layouts() if layout.name == "sorter")
    faster = tuple(replace(one, margin_us=one.margin_us + 1000) for one in own)
    turn, give = [0], site.give

    def given(value: Input) -> list[Any]:
        turn[0] += 1
        if turn[0] % 400 == 0:
            now = site.core.following((own, faster)[turn[0] // 400 % 2])
            give(Started(at_us=value.at_us, controller="edge1", version="0", layouts=now, running=True))
        return give(value)

    site.give = given  # type: ignore[method-assign]
    changed = site.run(3600)
    assert turn[0] > 4_000
    assert [(one.load.name, one.lane.number) for one in changed.landed] == [
        (one.load.name, one.lane.number) for one in whole.landed
    ]
    assert replay(records(changed.journal)).difference is None


LANE_4, LANE_5 = "    { number = 4, ", "    { number = 5, "
ASKED = (AlarmKind.CONFIG_REFUSED, AlarmKind.READER_DOWN)
SF = 'services = ["standard"], alternatives = [5]'


def without(text: str, *beginnings: str) -> str:
    """The text without the lines, and the tables, that begin so."""
    tables = "\n\n".join(part for part in text.split("\n\n") if not part.startswith(beginnings))
    return "".join(line for line in tables.splitlines(keepends=True) if not line.startswith(beginnings))


def tells(where: Path) -> None:
    """Called in a process before it begins: it tells there how it is."""
    os.environ["NOTIFY_SOCKET"] = str(where)


@dataclass
class Service:
    """`lanewise run` as systemd would have it: started, told of a new file, and heard. Who is told waits for it."""

    toml: Path
    heard: socket.socket
    process: ForkServerProcess | None = None

    def start(self) -> None:
        where = self.toml.parent / "notify"
        before = partial(tells, where)
        self.process = begin(self.toml.parent, "run", self.toml, err=self.toml.parent / "log", before=before)
        assert "READY" in self.says()

    def says(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self.heard.recv(4096).decode().splitlines())

    def hangup(self, text: str) -> None:
        self.toml.write_text(text, encoding="utf-8")
        assert self.process is not None and self.process.pid is not None
        os.kill(self.process.pid, signal.SIGHUP)

    def takes(self, text: str) -> str:
        self.hangup(text)
        assert "MONOTONIC_USEC" in self.says()
        return self.says()["STATUS"]

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.join()
        self.heard.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self.heard.recv(4096)
        self.heard.settimeout(HANGS_S)


@dataclass(frozen=True)
class Files:
    """A line's file over time. ``first`` lacks the lane of FedEx and has a dock door that does not answer; ``second``
    lacks one of two lanes of SF, and the door.
    """

    toml: Path
    first: str
    second: str
    metrics: int

    def names(self) -> list[str]:
        found = []
        for text in (self.first, self.second):
            self.toml.write_text(text, encoding="utf-8")
            found.append(name_of(load_line(self.toml)))
        return found


def files(config: LineConfig, project: Path, folder: Path) -> Files:
    metrics, patience = free_port(), "timeout_ms = 10000\n"
    text = (project / "examples" / "warehouse" / "LINE.toml").read_text(encoding="utf-8")
    text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    text = text.replace("var/journal.sqlite", "journal.sqlite") + f'\n[metrics]\nrun = "127.0.0.1:{metrics}"\n'
    for table, old in (("plc", 15021), ("reader", 15081)):
        for number, device in enumerate(getattr(config, table).values()):
            more = f"{patience}poll_ms = {device.poll_ms}\n" if table == "plc" else ""
            text = text.replace(f"port = {old + number}\n", f"port = {device.port}\n{more}")
    text = without(text, '[[dock]]\nname = "door2"', "[reader.dock2]", "docks = ")
    first = without(text, LANE_4).replace("port = 15084", f"port = {free_port()}")
    second = without(text, LANE_5, "[[dock]]", "[reader.dock1]").replace(SF, "services = [], alternatives = []")
    return Files(folder / "LINE.toml", first, second, metrics)


def test_parcels_flow_while_its_file_changes(project: Path, tmp_path: Path) -> None:
    """A floor in virtual time: lanes, a reader and a door come and go under way, wrong files are refused."""
    config = on_free_ports(example(project, rate=10_000, seed=23), tmp_path)
    its = files(config, project, tmp_path)
    first, second = its.names()
    wrong = its.second.replace('role = "reject"', 'role = "rejekt"')
    its.toml.write_text(its.first, encoding="utf-8")

    async def main() -> FloorReport:
        floor = SimulatedFloor(config, seconds=20)
        feed = Feed(floor, 200)
        await floor.start()
        line = load_line(its.toml).model_copy(update={"store": "", "metrics": MetricsConfig()})
        read = partial(_quiet, line)
        controller = Controller(line, feed, threaded=False, zero_us=UTC_US, file=File(its.toml, read))
        task = asyncio.create_task(controller.run())
        for text in (its.second, wrong, its.first, its.second, its.first, its.second):
            await asyncio.sleep(2.9)
            its.toml.write_text(text, encoding="utf-8")
            controller.look_again("anna")
        await asyncio.wait_for(floor.wait(), 200)
        await stop(task)
        await floor.stop()
        return floor.report()

    truth = run_virtual(main())
    assert truth["parcels_inducted"] > 40
    assert (truth["defaulted"], truth["missorted"], truth["unacknowledged"], truth["false_accepts"]) == (0, 0, 0, 0)
    found = journal(config)
    assert_journal_is_whole(found, truth)
    taken = [value for one in found if isinstance(value := one.value, Started)]
    assert {value.by for value in taken if value.running} == {"anna", ""}
    closed = [{lane.number for lane in value.layouts[2].lanes if lane.closing} for value in taken]
    assert set().union(*closed) & {4, 5} and not closed[-1]
    into = [value for one in found if isinstance(value := one.value, Sorted) and value.lane in (4, 5)]
    assert {value.lane for value in into} == {4, 5} and {value.outcome for value in into} == {Outcome.CONFIRMED}
    called = [value for one in found if isinstance(value := one.value, AlarmChanged) and value.kind in ASKED]
    assert [value.state for value in called if value.kind is AlarmKind.CONFIG_REFUSED] == [
        AlarmState.UNACKNOWLEDGED,
        AlarmState.RETURNED,
    ]
    assert all(f"{its.toml}:" in value.text for value in called if value.kind is AlarmKind.CONFIG_REFUSED)
    assert "reader-down.dock1" not in recover(config.journal)[0].state.alarms.alarms
    assert recover(config.journal)[0].state.started == taken[-1]
    assert len({first, second}) == 2


def _quiet(line: LineConfig, path: Path) -> LineConfig:
    """The file without what needs other processes."""
    return load_line(path).model_copy(update={"store": line.store, "metrics": line.metrics})


def test_a_process_takes_its_new_file_at_a_signal(project: Path, tmp_path: Path) -> None:
    """As systemd would have it, with nobody on the floor: taken, refused with the line of the file, killed within."""
    config = on_free_ports(example(project), tmp_path)
    its = files(config, project, tmp_path)
    names = its.names()
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(str(tmp_path / "notify"))
    heard.settimeout(HANGS_S)
    service = Service(its.toml, heard)

    def numbers() -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{its.metrics}/metrics", timeout=HANGS_S) as answer:
            return str(answer.read().decode())

    its.toml.write_text(its.first, encoding="utf-8")
    try:
        service.start()
        assert service.takes(its.second) == f"configuration {names[1]}"
        wrong = service.takes(its.second.replace('role = "reject"', 'role = "rejekt"'))
        assert f"{its.toml}:" in wrong and "rejekt" in wrong
        other = service.takes(its.second.replace('"edge1"', '"edge2"'))
        assert f"{its.toml}:1: controller: " in other and "restart `lanewise run`" in other
        told = numbers()
        assert "lanewise_config_refused 1.0" in told and "lanewise_config_refusals_total 2.0" in told
        assert service.takes(its.second) == f"configuration {names[1]}"
        told = numbers()
        assert "lanewise_config_refused 0.0" in told and f'hash="{names[1]}"' in told
        service.hangup(its.first)
        service.kill()
        started = recover(config.journal)[0].state.started
        assert started is not None and started.config in names
        service.start()
    finally:
        if service.process is not None:
            service.process.terminate()
            service.process.join(HANGS_S)
        heard.close()
    found = journal(config)
    assert replay(found).difference is None
    taken = [value for one in found if isinstance(value := one.value, Started)]
    assert [value.config for value in taken if not value.running] == [names[0], names[0]]
    assert "rejekt" in (tmp_path / "log").read_text(encoding="utf-8")


def test_page_api_and_publishers_follow(project: Path, tmp_path: Path) -> None:
    """The api shows the lines that the controller runs, whatever the file says; each process takes its own file."""
    house = make_house(project, tmp_path)
    line, site = tmp_path / "LINE.toml", tmp_path / "SITE.toml"
    numbers = free_port()
    tables = f"""
[metrics]
publish = "127.0.0.1:{numbers}"

[publish.one]
kind = "influx"
url = "http://127.0.0.1:9"
bucket = "b"
"""
    first = line.read_text(encoding="utf-8") + tables
    line.write_text(first, encoding="utf-8")
    begun: dict[str, ForkServerProcess] = {}

    def ask(where: str, port: int = house.ports["site"]) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{where}", timeout=HANGS_S) as answer:
            return str(answer.read().decode())

    def says(text: str, where: str, port: int) -> bool:
        with suppress(OSError):  # nobody listens between the one and the other
            return text in ask(where, port)
        return False

    def lanes() -> set[int]:
        (sorter,) = (one for one in json.loads(ask("/api/lines")) if one["layout"]["name"] == "sorter")
        return {one["number"] for one in sorter["layout"]["lanes"]}

    def hangup(name: str) -> None:
        pid = begun[name].pid
        assert pid is not None
        os.kill(pid, signal.SIGHUP)

    try:
        for name, file in (("run", line), ("api", site), ("publish", line)):
            begun[name] = begin(tmp_path, name, file, err=tmp_path / "log")
        wait_until(lambda: says("sorter", "/api/lines", house.ports["site"]) and says("one", "/metrics", numbers))
        wait_until(lambda: (tmp_path / "var" / "journal.sqlite").exists())
        assert 4 in lanes()
        line.write_text(without(first, LANE_4), encoding="utf-8")
        assert 4 in lanes()
        hangup("run")
        wait_until(lambda: 4 not in lanes())
        line.write_text(first, encoding="utf-8")
        wish = urllib.request.Request(
            f"http://127.0.0.1:{house.ports['site']}/api/v1/lines/sorter/config",
            b'{"by": "anna"}',
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(wish, timeout=HANGS_S) as answer:
            assert answer.status == 202
        wait_until(lambda: 4 in lanes())
        found = journal(load_line(line))
        assert [value.by for one in found if isinstance(value := one.value, Started) and value.running] == ["", "anna"]
        assert replay(found).difference is None
        good = site.read_text(encoding="utf-8")
        before = ask("/metrics")
        assert "lanewise_config_refused 0.0" in before
        site.write_text(good.replace("site = ", "sight = "), encoding="utf-8")
        hangup("api")
        wait_until(lambda: "lanewise_config_refused 1.0" in ask("/metrics"))
        (told,) = (one for one in json.loads(ask("/api/health"))["troubles"] if one["code"] == "trouble.config")
        assert f"{site}:" in told["advice"] and "sight" in told["advice"] and 4 in lanes()
        site.write_text(f"connections = 64\n{good}", encoding="utf-8")
        hangup("api")
        wait_until(lambda: "lanewise_config_refused 0.0" in ask("/metrics"))
        (name,) = re.findall(r'config_loaded_info{hash="(\w+)"', ask("/metrics"))
        assert name == name_of(load_site(site)) and name not in before
        assert not [one for one in json.loads(ask("/api/health"))["troubles"] if one["code"] == "trouble.config"]
        line.write_text(without(first, LANE_4).replace("[publish.one]", "[publish.other]"), encoding="utf-8")
        hangup("publish")
        wait_until(lambda: says('publisher="other"', "/metrics", numbers))
        assert 'publisher="one"' not in ask("/metrics", numbers)
    finally:
        for process in begun.values():
            process.terminate()
        for process in begun.values():
            process.join(HANGS_S)
    assert [process.exitcode for process in begun.values()] == [0, 0, 0]
    assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")
