"""A disk that fills is said long before it is full: laws of the estimate, the alarm, the page without a controller."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest
from conftest import Run
from controllers import UTC_US, stop
from example_site import client_of, example_site
from hypothesis import given
from hypothesis import strategies as st
from journals import journal
from ports import on_free_ports
from pure_site import example
from virtual_time import run_virtual
from waiting import until

from api.app import create_app
from edge.controller.controller import Controller
from edge.core.events import AlarmChanged
from edge.core.values.alarm import AlarmKind, AlarmState
from edge.journal import disk
from edge.journal.disk import DiskWatch
from edge.journal.filling import LEAST_US, LONG_US, OVER, SOON_US, Filling, RoomLeft, is_low
from edge.journal.replay import replay
from edge.views.words.table import language

HOUR_US = 3_600_000_000
GB = 1_000_000_000
LOOKS = st.lists(st.integers(LEAST_US, 600_000_000), min_size=2, max_size=200)
FREE = st.integers(0, 10**13)


@given(LOOKS, st.integers(1, 10**6), FREE)
def test_steady_growth_is_told_as_it_is_however_often_one_looks(looks: list[int], per_s: int, left: int) -> None:
    """Bytes a second as given, hours to the very end, as soon as five minutes are known."""
    filling, at_us = Filling(), UTC_US
    total_s = sum(looks) // 1_000_000 + len(looks)
    for step in looks:
        at_us += step // 1_000_000 * 1_000_000
        free = left + per_s * (total_s - (at_us - UTC_US) // 1_000_000)
        told = filling.look(at_us, free)
        assert told.free_bytes == free
        if told.hours < math.inf:
            assert told.bytes_per_hour == pytest.approx(per_s * 3_600)
            assert told.hours == pytest.approx(free / per_s / 3_600)
    known_us = at_us - (UTC_US + looks[0] // 1_000_000 * 1_000_000)
    often = max(looks) <= SOON_US // 2
    assert told.hours < math.inf if often and known_us >= SOON_US else known_us < SOON_US or not often


@given(st.lists(st.tuples(st.integers(1, 600_000_000), FREE), max_size=100), st.integers(0, 10**15))
def test_the_estimate_knows_only_what_it_was_given(seen: list[tuple[int, int]], later_us: int) -> None:
    """The same with any zero of time; never negative; without growth infinite; of what is long past nothing is kept."""
    one, other, at_us = Filling(), Filling(), 0
    for step, free in seen:
        at_us += step
        told = one.look(at_us, free)
        assert told == other.look(at_us + later_us, free)
        assert told.hours >= 0 and told.bytes_per_hour >= 0
        assert (told.hours == math.inf) == (told.bytes_per_hour == 0)
        assert one._times[-1] - one._times[min(1, len(one._times) - 1)] <= LONG_US
        assert len(one._times) <= LONG_US // LEAST_US * 2 + 3


@given(st.integers(0, 400), st.integers(GB, 10**13), st.integers(0, 400))
def test_what_comes_at_once_is_no_growth(before: int, jump: int, after: int) -> None:
    filling = Filling()
    for look in range(before + after):
        assert filling.look(look * 30_000_000, 10**14 - jump * (look >= before)).hours == math.inf


@given(st.floats(0, 1000), FREE, st.floats(0.1, 100), st.integers(1, 10**10), st.booleans())
def test_less_room_is_never_better_and_it_does_not_flap(
    hours: float, free: int, limit: float, least: int, was_low: bool
) -> None:
    low = is_low(RoomLeft(free, 1.0, hours), limit, least, was_low)
    assert low >= is_low(RoomLeft(free, 1.0, hours), limit, least, was_low=False)
    assert low <= is_low(RoomLeft(free // 2, 1.0, hours / 2), limit, least, was_low)
    assert not is_low(RoomLeft(int(least * OVER) + 1, 1.0, limit * OVER), limit, least, was_low)
    assert not is_low(RoomLeft(free, 1.0, math.inf), 0, 0, was_low), "0 = never"


def test_a_clock_that_was_set_back_begins_anew() -> None:
    filling = Filling()
    for minute in range(20):
        told = filling.look(minute * 60_000_000, 10 * GB - minute * GB // 10)
    assert told.hours < 2
    assert filling.look(0, 8 * GB).hours == math.inf


def test_a_disk_of_several_files_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda _: 300_000_000)
    watch = DiskWatch({"journal": tmp_path / "not" / "there" / "j", "store": tmp_path / "s"}, 24, 500_000_000)
    low = watch.look(0)
    assert low is not None and low.files == ("journal", "store") and low.text == f"{tmp_path}: 300 MB"
    monkeypatch.setattr(disk, "free_bytes", lambda _: 280_000_000)
    assert watch.look(1) is low, "not so much less that it is said anew"
    monkeypatch.setattr(disk, "free_bytes", lambda _: 100_000_000)
    assert watch.look(2) not in (low, None)
    monkeypatch.setattr(disk, "free_bytes", lambda _: 700_000_000)
    assert watch.look(3) is None


def test_the_alarm_comes_a_day_before_and_again_with_each_step(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """30 GB, filled with a GB an hour from the first hour on; room is made two hours before the end."""
    whole = on_free_ports(example(project), tmp_path)
    config = whole.model_copy(update={"plc": {}, "reader": {}, "line": {}, "store": ""})
    now_s = [0.0]

    def free(_: Path) -> int:
        hours = now_s[0] / 3_600
        return 30 * GB if hours > 29 else int((30 - max(0.0, hours - 1)) * GB)

    monkeypatch.setattr(disk, "free_bytes", free)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        task = asyncio.create_task(Controller(config, threaded=False, zero_us=UTC_US).run())
        while now_s[0] < 30 * 3_600:
            await asyncio.sleep(15)
            now_s[0] = loop.time() - begun_s
        await stop(task)

    run_virtual(main())
    records = journal(config)
    told = [
        value for one in records if isinstance(value := one.value, AlarmChanged) and value.kind is AlarmKind.DISK_LOW
    ]
    came = [one for one in told if one.state is AlarmState.UNACKNOWLEDGED]
    assert [f"{round((one.at_us - UTC_US) / HOUR_US):d} h" for one in came] == ["7 h", "19 h", "25 h", "28 h"]
    left = [float(one.text.removeprefix(f"{tmp_path}: ").partition(" h, ")[0]) for one in came]
    assert left == [pytest.approx(hours, abs=0.2) for hours in (24, 12, 6, 3)]
    assert "-1,000 MB/h" in came[0].text and told[-1].state is AlarmState.RETURNED
    assert replay(records).difference is None


def test_the_page_says_it_of_the_store_where_no_controller_does(
    project: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = example_site(project, tmp_path)
    monkeypatch.setattr(disk, "free_bytes", lambda _: 123_400_000)

    async def talk() -> None:
        async with client_of(create_app(site)) as client:

            async def told() -> bool:
                troubles = (await client.get("/api/health")).json()["troubles"]
                found = [one for one in troubles if one["code"] == "trouble.disk"]
                if found:
                    assert found[0]["values"] == {"folder": str(tmp_path / "var"), "free": "123"}
                    assert all(found[0][key] in language("zh-Hant") for key in ("code", "todo"))
                return bool(found)

            await until(told)
            numbers = (await client.get("/metrics")).text
            assert f'lanewise_disk_free_bytes{{folder="{tmp_path / "var"}"}} 1.234e+08' in numbers
            assert f'lanewise_disk_hours_left{{folder="{tmp_path / "var"}"}} +Inf' in numbers

    run(talk())
