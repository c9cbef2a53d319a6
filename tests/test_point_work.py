"""Points from the PLC to the journal, the picture, the API and back: what was read, what is stale, what was written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from controllers import UTC_US, Feed, stop
from example_site import client_of
from house import House, make_house
from journals import journal
from ports import on_free_ports
from pure_site import example
from virtual_time import run_virtual
from waiting import HANGS_S

from api.app import create_app
from edge.cli import main
from edge.commands import plc as plc_cli
from edge.commands.api_client import ask
from edge.config.lines import LineConfig
from edge.config.load import load_line, load_site
from edge.controller.controller import Controller
from edge.core.events import DeviceChanged, PointChanged, PointWriteRequested, PointWritten
from edge.journal.record import decode, encode
from edge.journal.replay import replay
from edge.sim.devices import SimulatedFloor
from edge.views.live import SILENT_US, LiveView
from plc.points import Quality

S = 1_000_000


def one_line(project: Path, folder: Path) -> LineConfig:
    """The example with its first line only, polled slowly: virtual time pays for each poll in real time."""
    config = on_free_ports(example(project, scan_ms=50), folder, poll_ms=50)
    only = {key: {"tote1": getattr(config, key)["tote1"]} for key in ("plc", "reader", "line")}
    return config.model_copy(update=only)


@asynccontextmanager
async def working(config: LineConfig, feed: Feed | None = None, floor: SimulatedFloor | None = None) -> Any:
    """A controller over a floor, for as long as the context lasts."""
    floor = floor or SimulatedFloor(config)
    await floor.start()
    controller = asyncio.create_task(Controller(config, feed or Feed(floor, 1), threaded=False, zero_us=UTC_US).run())
    try:
        yield floor
    finally:
        await stop(controller)
        await floor.stop()


def values(config: LineConfig, kind: type[Any]) -> list[Any]:
    return [record.value for record in journal(config) if record.kind == kind.__name__]


def test_points_are_journaled_by_deadband_and_a_dead_plc_makes_them_stale(project: Path, tmp_path: Path) -> None:
    config = one_line(project, tmp_path)

    async def work() -> None:
        async with working(config) as floor:
            await asyncio.sleep(12)
            await floor.plc("tote1").stop()
            await asyncio.sleep(8)

    run_virtual(work())
    changes = values(config, PointChanged)
    speeds = [one for one in changes if one.point == "drive/speed"]
    assert [one.value for one in speeds if one.quality is Quality.GOOD][-1] == pytest.approx(0.6)
    assert len(speeds) <= 4, "a steady value is told once, and once it is stale"
    temperatures = [one.value for one in changes if one.point == "drive/temperature" and one.quality is Quality.GOOD]
    assert all(abs(later - one) > 0.5 for one, later in pairwise(temperatures))
    for name in config.plc["tote1"].point:
        last = [one for one in changes if one.point == name][-1]
        assert last.quality is Quality.STALE and last.reason.startswith("not read for ")
        assert 2 * S < last.at_us - last.read_us < 6 * S and last.value is not None
    gone = [one for one in values(config, DeviceChanged) if one.device == "points.tote1"]
    assert [one.up for one in gone][:2] == [True, False] and not any(one.up for one in gone[1:])
    assert replay(journal(config)).difference is None


def test_writes_are_checked_done_once_and_journaled(project: Path, tmp_path: Path) -> None:
    config = one_line(project, tmp_path)
    floor = SimulatedFloor(config)
    feed = Feed(floor, 1)

    def ask(point: str, value: Any, late_s: int = 0) -> None:
        now_us = UTC_US + int(asyncio.get_running_loop().time() * S)
        seq = len(feed.items) + 1
        feed.items.append(
            PointWriteRequested(
                at_us=now_us,
                feed_seq=seq,
                plc="tote1",
                point=point,
                value=value,
                by="Ann",
                asked_us=now_us - late_s * S,
            )
        )

    async def work() -> Any:
        async with working(config, feed, floor):
            await asyncio.sleep(3)
            for point, value, late_s in (
                ("drive/setpoint", 1.25, 0),
                ("cabinet/lamp", True, 0),
                ("drive/setpoint", 2.6, 0),
                ("drive/setpoint", True, 0),
                ("drive/temperature", 3, 0),
                ("no/such", 3, 0),
                ("drive/setpoint", 0.5, 60),
            ):
                ask(point, value, late_s)
            await asyncio.sleep(3)
            await floor.plc("tote1").stop()
            await asyncio.sleep(1)
            ask("drive/setpoint", 0.7)
            await asyncio.sleep(1)
            memory = floor.plc("tote1").points
            return memory.get("drive/setpoint"), memory.get("cabinet/lamp")

    assert run_virtual(work()) == (1.25, True)
    done = values(config, PointWritten)
    assert len(done) == 8
    troubles = {one.asked: one.trouble for one in done}
    first = feed.items[-8].feed_seq
    assert [troubles[first + at] for at in range(8)] == [
        "",
        "",
        "drive/setpoint: 2.6: allowed is 0.2..2.5 m/s",
        "drive/setpoint: True: allowed is a number",
        "drive/temperature: is not declared writable",
        "there is no such point, allowed: drive/speed, drive/setpoint, drive/temperature, cabinet/lamp",
        "it was asked 60 s ago",
        "the PLC's points are not connected",
    ]
    told = [one.value for one in values(config, PointChanged) if one.point == "drive/setpoint"]
    assert told[:2] == [0.0, 1.25]
    assert len(values(config, PointWriteRequested)) == 8
    assert replay(journal(config)).difference is None


def test_a_picture_of_which_nothing_is_heard_grows_stale() -> None:
    live = LiveView(())
    live.apply(
        PointChanged(
            at_us=UTC_US, plc="tote1", point="a/b", value=3, unit="bar", quality=Quality.GOOD, reason="", read_us=UTC_US
        )
    )
    live.pass_time(UTC_US + SILENT_US)
    assert live.snapshot(0).points[0].quality is Quality.GOOD
    live.pass_time(UTC_US + SILENT_US + 1)
    (view,) = live.snapshot(0).points
    assert (view.value, view.quality, view.reason) == (3, Quality.STALE, "its controller says nothing")


def test_values_of_every_type_survive_the_journal() -> None:
    for value in (True, 7, 2.5, 1.0, "täxt", None, -(2**63), 2**64 - 1):
        told = PointChanged(
            at_us=1, plc="p", point="a/b", value=value, unit="", quality=Quality.BAD, reason="", read_us=1
        )
        back = decode("PointChanged", encode(told))
        assert back == told and type(back.value) is type(value)  # type: ignore[union-attr]


# ---- API and command line --------------------------------------------------------------------------------------------


@pytest.fixture
def house(project: Path, tmp_path: Path) -> House:
    return make_house(project, tmp_path)


@pytest.fixture
def start(house: House) -> Iterator[Callable[..., None]]:
    """Starts processes that end with the test."""
    with house.starts() as start:
        yield start


class SimulatedFloorOf:
    """A floor on real sockets for as long as the context lasts."""

    def __init__(self, config: LineConfig) -> None:
        self._floor = SimulatedFloor(config)

    async def __aenter__(self) -> SimulatedFloor:
        await self._floor.start()
        return self._floor

    async def __aexit__(self, *_: object) -> None:
        await self._floor.stop()


def test_a_point_is_written_by_the_command_line_with_the_sites_token(
    house: House, start: Callable[..., None], run: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (house.folder / "token").write_text("a-token-of-twenty-four-characters")
    (house.folder / "token").chmod(0o600)
    open_site = house.folder / "SITE.toml"
    text = open_site.read_text(encoding="utf-8")
    secure = house.folder / "secure.toml"
    secure.write_text('token_file = "token"\n' + text, encoding="utf-8")
    config = load_line(house.folder / "LINE.toml")
    monkeypatch.chdir(house.folder)
    monkeypatch.setattr(plc_cli, "WRITTEN_S", HANGS_S)

    def said(*command: str) -> tuple[int, str, str]:
        status = main(["plc", "write", "secure.toml", *command, "--by", "Ann"])
        told = capsys.readouterr()
        return status, told.out, told.err

    async def until_read(site: Path) -> None:
        async with asyncio.timeout(HANGS_S):
            while True:
                try:
                    infos = json.loads(await asyncio.to_thread(ask, load_site(site), "/api/points"))
                    if all(info["now"]["quality"] == "good" for info in infos):
                        return
                except OSError:
                    pass
                await asyncio.sleep(0.05)

    async def write() -> None:
        async with SimulatedFloorOf(config) as floor:
            start("run", "LINE.toml")
            start("api", "secure.toml")
            await until_read(secure)
            assert await asyncio.to_thread(said, "tote1/drive/setpoint", "1.25") == (
                0, "Written for Ann: 1.25 to point drive/setpoint of tote1\n", ""
            )  # fmt: skip
            assert floor.plc("tote1").points.get("drive/setpoint") == 1.25
            assert (await asyncio.to_thread(said, "tote1/cabinet/lamp", "on"))[0] == 0
            for command, trouble in (
                (("tote1/drive/setpoint", "9"), "drive/setpoint: 9: allowed is 0.2..2.5 m/s"),
                (("tote1/drive/temperature", "9"), "is not declared writable in LINE.toml"),
                (("tote1/cabinet/lamp", "yes"), "'yes': allowed are on, off, true, false"),
                (("tote1/no/such", "1"), "tote1/no/such: no such point, allowed: tote1/drive/speed"),
            ):
                status, _, err = await asyncio.to_thread(said, *command)
                assert status == 2 and trouble in err, err

    run(write())
    assert main(["trace", "tote1/drive/setpoint"]) == 0
    story = capsys.readouterr().out
    assert "Ann asks to write 1.25 to point drive/setpoint of tote1" in story and "Written for Ann: 1.25" in story


def test_without_a_token_nothing_is_written(project: Path, tmp_path: Path, run: Any) -> None:
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
    app = create_app(load_site(tmp_path / "SITE.toml"))

    async def look() -> None:
        async with client_of(app) as client:
            infos = (await client.get("/api/points")).json()
            assert [(info["point"], info["now"]["value"]) for info in infos][:1] == [("drive/speed", None)]
            assert infos[1] | {"now": None} == {
                "plc": "tote1", "point": "drive/setpoint", "type": "UINT", "where": "holding registers 1002",
                "unit": "m/s", "writable": True, "low": 0.2, "high": 2.5, "now": None,
            }  # fmt: skip
            wish = {"value": 1.0, "by": "Ann"}
            answer = await client.post("/api/plcs/tote1/points/drive/setpoint", json=wish)
            assert answer.status_code == 403
            assert answer.json()["problems"] == ["writing to a PLC needs a secret: set token_file in SITE.toml"]

    run(look())
