"""The publisher of EPCIS: everything once, whatever a repository says; what is bad is set aside, and only that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from epcis_peer import CaptureDoor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from proven import WAY
from publisher_peers import publisher_table

from edge.cli import main
from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.journal.source import JournalSource
from edge.journal.writer import Journal
from edge.publish import epcis
from edge.publish.cursors import SetAside
from edge.publish.epcis import EpcisPublisher
from edge.publish.follow import Delivery, Entry, TargetDown

TOKEN = "a-token-of-enough-letters"


@pytest.fixture(autouse=True)
def jobs_are_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epcis, "_ASK_FIRST_S", 0.0)


@pytest.fixture(scope="module")
def config(project: Path, tmp_path_factory: pytest.TempPathFactory) -> LineConfig:
    folder = tmp_path_factory.mktemp("capture")
    (folder / "token").write_text(f"{TOKEN}\n")
    text = (project / "examples/warehouse/LINE.toml").read_text(encoding="utf-8")
    (folder / "LINE.toml").write_text(text, encoding="utf-8")
    made = load_line(folder / "LINE.toml")
    journal = Journal(made.journal)
    journal.append(list(WAY))
    journal.flush()
    journal.close()
    return made


def publisher(config: LineConfig, door: CaptureDoor, **more: Any) -> EpcisPublisher:
    keys = {"kind": "epcis", "url": door.url, "token_file": config.journal.parent.parent / "token", "events": 4} | more
    table = publisher_table(keys)
    assert table.kind == "epcis"
    return EpcisPublisher("r", table, config)


def prepared(its: EpcisPublisher, config: LineConfig) -> Delivery:
    source = JournalSource(config.journal, config.controller)
    reader = source.open()
    node = source.node(reader)
    wanted = [one for one in reader.every() if its.wants(one)]
    delivery = its.prepare([Entry(one, one.value, f"{node}/{one.seq}") for one in wanted])
    source.close()
    return delivery


@pytest.fixture
def doors() -> Iterator[list[CaptureDoor]]:
    made: list[CaptureDoor] = []
    yield made
    for one in made:
        one.close()


def test_what_is_captured_is_what_the_file_has(config: LineConfig, doors: list[CaptureDoor], shared: Path) -> None:
    door = CaptureDoor(TOKEN, steps=2)
    doors.append(door)
    assert list(prepared(publisher(config, door), config)()) == []
    file = config.journal.with_name("all.json")
    assert main(["epcis", str(config.journal.parent.parent / "LINE.toml"), "--output", str(file)]) == 0
    asked = json.loads(file.read_text(encoding="utf-8"))["epcisBody"]["eventList"]
    assert list(door.events.values()) == asked
    assert [len(one["epcisBody"]["eventList"]) for one in door.documents] == [4, 4, 4]
    schema = json.loads((shared / "epcis/EPCIS-JSON-Schema.json").read_text(encoding="utf-8"))
    judge = Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER)
    assert [error.message for one in door.documents for error in judge.iter_errors(one)] == []
    assert list(prepared(publisher(config, door), config)()) == []
    assert list(door.events.values()) == asked, "sent again it is the same"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(bad=st.sets(st.integers(0, 11)), at_once=st.booleans(), most=st.integers(1, 12))
def test_what_is_bad_is_set_aside_alone(config: LineConfig, bad: set[int], at_once: bool, most: int) -> None:
    with_ids = CaptureDoor(TOKEN, steps=0)
    prepared(publisher(config, with_ids), config)()
    with_ids.close()
    ids = list(with_ids.events)
    refused = {ids[at] for at in bad}
    door = CaptureDoor(
        TOKEN, lambda event: "not like that" if event["eventID"] in refused else "", steps=0, at_once=at_once
    )
    try:
        its = publisher(config, door, events=most)
        deliver = prepared(its, config)
        if len(bad) == 12:
            with pytest.raises(TargetDown, match=r"takes no event: .*not like that"):
                deliver()
            return
        told = deliver()
        assert all(isinstance(one, SetAside) and "not like that" in one.reason for one in told)
        assert {json.loads(one.what)["eventID"] for one in told if isinstance(one, SetAside)} == refused
        assert set(door.events) == set(ids) - refused
        refused.clear()
        again = [one for one in told if isinstance(one, SetAside)]
        assert list(its.lines(again)()) == [] and set(door.events) == set(ids)
    finally:
        door.close()


@pytest.mark.parametrize(
    ("said", "why", "rest_s"),
    [
        ((429, {"Retry_After": "7"}), r"HTTP 429 .*asks us to wait 7 s", 7.0),
        ((503, {}), "HTTP 503", 0.0),
        ((404, {}), "what stands before /capture", 0.0),
        ((202, {"Location": "/capture/forgotten"}), "HTTP 404 Not Found: no such job: it is sent again", 0.0),
    ],
)
def test_a_repository_that_cannot_now_loses_nothing(
    config: LineConfig, doors: list[CaptureDoor], said: tuple[int, dict[str, str]], why: str, rest_s: float
) -> None:
    door = CaptureDoor(TOKEN)
    doors.append(door)
    door.say.append(said)
    its = publisher(config, door)
    deliver = prepared(its, config)
    with pytest.raises(TargetDown, match=why) as down:
        deliver()
    assert down.value.rest_s == rest_s
    assert list(deliver()) == [] and len(door.events) == 12


def test_a_wrong_token_is_said_and_sets_nothing_aside(config: LineConfig, doors: list[CaptureDoor]) -> None:
    door = CaptureDoor("another-token-than-the-site-has")
    doors.append(door)
    with pytest.raises(TargetDown, match=r"401 .*who are you\?; give `token_file`"):
        prepared(publisher(config, door), config)()


def test_history_is_sent_again_by_command(
    config: LineConfig, doors: list[CaptureDoor], capsys: pytest.CaptureFixture[str]
) -> None:
    door = CaptureDoor()
    doors.append(door)
    file = config.journal.parent.parent / "with.toml"
    text = (config.journal.parent.parent / "LINE.toml").read_text(encoding="utf-8")
    table = f'{text}\n[publish.gs1]\nkind = "epcis"\nurl = "{door.url}"\n'
    file.write_text(f'{table}places.nowhere = "urn:x"\n', encoding="utf-8")
    assert main(["check", str(file)]) == 1
    assert "publish.gs1.places.nowhere: no such line or door, allowed: " in "".join(capsys.readouterr())
    file.write_text(table, encoding="utf-8")
    assert main(["publish", str(file), "gs1", "--again", "--since", "2026-09-01T00:00:00Z"]) == 0
    assert "records sent again" in capsys.readouterr().out and len(door.events) == 12


def test_an_order_is_packed_once_although_it_is_told_often(config: LineConfig, doors: list[CaptureDoor]) -> None:
    """Of a record that comes in a batch of its own the publisher knows what was before."""
    door = CaptureDoor(TOKEN)
    doors.append(door)
    source = JournalSource(config.journal, config.controller)
    reader = source.open()
    node, its = source.node(reader), publisher(config, door)
    for record in reader.every():
        if its.wants(record):
            its.prepare([Entry(record, record.value, f"{node}/{record.seq}")])()
    source.close()
    steps = [one["bizStep"] for one in door.events.values()]
    assert (steps.count("packing"), steps.count("unpacking")) == (2, 1)
