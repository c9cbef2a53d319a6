"""Alarms from the floor to the operator and back: controller, journal, api and command line as shipped."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from example_site import client_of
from given import word_of
from house import House, make_house
from waiting import HANGS_S, until

from api.app import create_app
from edge.commands.alarms import _told
from edge.config.load import load_line, load_site
from edge.core.alarms.alarms import unraised
from edge.core.alarms.rules import RULES
from edge.core.core import Core
from edge.core.events import AlarmRequested, DeviceChanged, Event, Journaled, Route, SetLane, Started
from edge.core.values.alarm import AlarmAction, AlarmKind, AlarmState
from edge.journal.host_time import local
from edge.journal.reader import JournalReader
from edge.journal.replay import replay
from edge.journal.writer import Journal
from edge.site.store import SiteStore
from edge.views.words.table import say

S = 1_000_000
QUICK = "\n".join(f"[alarm.{kind}]\non_delay_ms = 0\noff_delay_ms = 0" for kind in ("plc-down", "reader-down")) + "\n"


@pytest.fixture
def house(project: Path, tmp_path: Path) -> House:
    made = make_house(project, tmp_path)
    with (made.folder / "LINE.toml").open("a") as line:
        line.write(QUICK)
    return made


@pytest.fixture
def start(house: House) -> Iterator[Callable[..., None]]:
    """Starts processes that end with the test."""
    with house.starts() as start:
        yield start


def listed(house: House, *arguments: str) -> dict[str, dict[str, Any]]:
    said = house.run("alarms", "--json", *arguments)
    return {one["alarm"]: one for one in map(json.loads, said.out.splitlines())} if said.status == 0 else {}


def wait_for(house: House, holds: Callable[[dict[str, dict[str, Any]]], bool]) -> dict[str, dict[str, Any]]:
    end = time.monotonic() + HANGS_S
    while not holds(now := listed(house)):
        assert time.monotonic() < end, now
    return now


def test_an_alarm_is_listed_acknowledged_and_shelved(house: House, start: Callable[..., None]) -> None:
    said = house.run("alarms")
    assert said.status == 2 and "Connection refused: is `lanewise api` running?" in said.err
    start("run", "LINE.toml")
    start("api", "SITE.toml")
    names = {f"{kind}-down.{name}" for kind in ("plc", "reader") for name in ("sorter", "tote1", "tote2")}
    now = wait_for(house, lambda alarms: names <= alarms.keys())
    assert {now[name]["state"] for name in names} == {"unacknowledged"}
    assert [now[name]["first_out"] for name in names if name.endswith("sorter")].count(True) == 1
    assert "Look at the PLC" in house.run("alarms").out
    assert "jam.sorter.1" not in now and "missorts.sorter" in listed(house, "--all")

    assert (
        "asked" in house.run("alarms", "--acknowledge", "plc-down.sorter", "--by", "Ann", "--comment", "on my way").out
    )
    assert "asked" in house.run("alarms", "--shelve", "plc-down.tote1", "--minutes", "45", "--by", "Ann").out
    now = wait_for(
        house,
        lambda alarms: (
            (alarms["plc-down.sorter"]["state"], alarms["plc-down.tote1"]["state"]) == ("acknowledged", "shelved")
        ),
    )
    assert (now["plc-down.sorter"]["by"], now["plc-down.sorter"]["comment"]) == ("Ann", "on my way")
    assert now["plc-down.tote1"]["until_us"] - now["plc-down.tote1"]["at_us"] == 45 * 60 * S
    said = house.run("alarms", "--acknowledge", "plc-down.sorter")
    assert said.status == 2 and "it is acknowledged, allowed are shelve, out-of-service" in said.err
    assert "there is none with this name" in house.run("alarms", "--reset", "jam.nowhere").err
    assert house.run("alarms", "--shelve", "plc-down.sorter", "--minutes", "0").status == 2

    told = house.run("alarms", "--history", "--priority", "high").out
    assert re.search(r"plc-down.sorter: PLC does not answer .*, acknowledged \S+ by Ann", told)
    assert "plc-down.tote1" in told and "by place" not in told
    assert re.search(r" [23] .* plc-down ", house.run("alarms", "--figures").out)
    log = house.run("log", "--kind", "requests", "--line", "sorter").out
    assert log.endswith("Ann acknowledges alarm plc-down.sorter (on my way)\n") and "tote1" not in log
    assert house.run("log", "--from", "26:00").status == 2

    story = house.run("trace", "plc-down.sorter").out
    assert "Alarm plc-down.sorter, PLC does not answer, came" in story
    assert "Ann acknowledges alarm plc-down.sorter (on my way)" in story
    assert "is acknowledged by Ann (on my way)" in story
    reader = JournalReader(load_line(house.folder / "LINE.toml").journal)
    records = list(reader.every())
    reader.close()
    assert replay(records).difference is None
    assert sum(record.kind == AlarmRequested.__name__ for record in records) == 2


def test_the_picture_begins_with_the_alarms_that_stand(house: House, run: Run) -> None:
    """An alarm that came long before the records the picture begins with is in it; what is wrong is refused."""
    line, site = load_line(house.folder / "LINE.toml"), load_site(house.folder / "SITE.toml")
    at_us = 1_790_000_000 * S
    core = Core(())
    journal = Journal(line.journal)

    def give(given: Journaled) -> None:
        values: list[Journaled | Event] = [given]
        values += [result for result in core.step(given) if not isinstance(result, Route | SetLane)]
        journal.append(values)

    give(Started(at_us=at_us, controller="edge1", version="0", layouts=line.layouts(), alarms=line.alarms()))
    give(DeviceChanged(at_us + 1, "reader.sorter", False, "127.0.0.1: connection refused"))
    give(DeviceChanged(at_us + 2, "plc.tote1", False, "127.0.0.1: connection refused"))
    give(DeviceChanged(at_us + 3, "plc.tote1", True, "answers"))
    give(AlarmRequested(at_us=at_us + 4, feed_seq=1, alarm="plc-down.tote1", action=AlarmAction.ACKNOWLEDGE, by="Ann"))
    journal.append([DeviceChanged(at_us + 10 + number, "journal", True, "-") for number in range(31_000)])
    journal.flush()
    journal.close()

    async def talk() -> None:
        async with client_of(create_app(site)) as client:

            async def read() -> bool:
                return bool((await client.get("/api/alarms")).json())

            await until(read)
            alarms = (await client.get("/api/alarms")).json()
            assert [(one["alarm"], one["state"]) for one in alarms] == [("reader-down.sorter", "unacknowledged")]
            assert (await client.get("/api/state")).json()["alarms"] == alarms
            (one,) = alarms
            told = {"of": "127.0.0.1", "known": {"code": "given.refused", "values": {}}}
            assert one["text"] == "127.0.0.1: connection refused", "as ever"
            assert one["said"] == {"code": "given.of", "values": told}, "and in the words of any language"
            for path in ("/alarms", "/alarms/a/reader-down.sorter"):
                page = await client.get(path, headers={"accept-language": "zh-TW"})
                assert "127.0.0.1：連線被拒" in page.text and "connection refused" not in page.text, path
            everything = (await client.get("/api/alarms?everything=true")).json()
            started = Started(at_us=0, controller="edge1", version="", layouts=line.layouts(), alarms=RULES)
            assert {one["alarm"] for one in everything} == {one.alarm for one in unraised(started)}
            for path, wish, status in (
                ("plc-down.nobody/acknowledge", {"by": "Ann"}, 404),
                ("reader-down.sorter/forget", {"by": "Ann"}, 422),
                ("reader-down.sorter/acknowledge", {"by": " "}, 422),
                ("reader-down.sorter/shelve", {"by": "Ann", "minutes": 20_000}, 422),
                ("reader-down.sorter/reset", {"by": "Ann"}, 409),
                ("missorts.sorter/out-of-service", {"by": "Ann"}, 202),
                ("reader-down.sorter/shelve", {"by": "Ann", "comment": "new antenna"}, 202),
            ):
                answer = await client.post(f"/api/alarms/{path}", json=wish)
                assert answer.status_code == status, answer.text
                if status == 409:
                    assert "目前為「新」，可用的有 確認、擱置" in say(word_of(answer.json()["said"][0]), "zh-Hant"), (
                        "as a page says it"
                    )

    run(talk())
    store = SiteStore(site.store, readonly=True)
    asked = [value for value in store.feed(0) if isinstance(value, AlarmRequested)]
    store.close()
    assert [(value.alarm, value.action, value.for_us) for value in asked] == [
        ("missorts.sorter", AlarmAction.OUT_OF_SERVICE, 0),
        ("reader-down.sorter", AlarmAction.SHELVE, 30 * 60 * S),
    ]


def test_the_configuration_of_alarms(house: House) -> None:
    rules = {rule.kind: rule for rule in load_line(house.folder / "LINE.toml").alarms()}
    assert rules[AlarmKind.PLC_DOWN].on_delay_us == 0 and rules[AlarmKind.PLC_DOWN].action
    assert rules[AlarmKind.JAM] == next(rule for rule in RULES if rule.kind is AlarmKind.JAM)
    with (house.folder / "LINE.toml").open("a") as line:
        line.write(
            "[alarm.jam]\nenabled = false\n[alarm.no-reads]\nlimit = 0.2\ndeadband = 0.3\n"
            "[alarm.lane-full]\nlimit = 0.1\n[alarm.other-host]\non_delay_ms = 5\noff_delay_ms = 0\n[alarm.fire]\n"
        )
    said = house.run("check", "LINE.toml")
    assert said.status == 1 and "alarm.fire" in said.err
    text = (house.folder / "LINE.toml").read_text(encoding="utf-8").replace("[alarm.fire]\n", "")
    (house.folder / "LINE.toml").write_text(text, encoding="utf-8")
    said = house.run("check", "LINE.toml")
    assert said.err.count("\n") == 4
    assert "alarm.no-reads.deadband: 0.3: more than limit, allowed: 0..0.2" in said.err
    assert "alarm.lane-full.limit: 0.1: only commands-refused, defaults," in said.err
    assert "alarm.other-host.on_delay_ms: 5: it happens and does not last, allowed: 0" in said.err


def test_a_command_says_since_when_an_alarm_stands(project: Path) -> None:
    """As the page does; its words may have changed since."""
    layouts = load_line(project / "examples/warehouse/LINE.toml").layouts()
    started = Started(at_us=0, controller="edge1", version="0", layouts=layouts, alarms=RULES)
    alarm = next(one for one in unraised(started) if one.alarm == "plc-down.sorter")
    stands = replace(alarm, state=AlarmState.UNACKNOWLEDGED, active=True, since_us=60_000_000, at_us=90_000_000)
    assert _told(stands).startswith(local(60_000_000))
    assert _told(replace(stands, since_us=0)).startswith(local(90_000_000))
    assert _told(alarm).startswith("-  normal")
