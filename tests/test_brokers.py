"""Brokers of three makers: mosquitto, mochi-mqtt, which cuts the link for what it does not take and keeps nothing, and
HiveMQ CE, which announces its limits and keeps what it acknowledged; and what they are told once more."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest
from hivemq import HiveMq
from mochi import Mochi
from mosquitto import Heard, Mosquitto
from mqtt_tap import Tap, most_under_way
from published import START_US, Published, happened, set_up
from waiting import HANGS_S, wait_until

from edge.cli import main
from edge.core.events import DeviceChanged
from edge.core.iso_time import iso
from edge.core.values.layout import LineLayout
from edge.journal.record import Value
from edge.publish import mqtt
from edge.publish.cursors import read_cursors, read_set_aside

COMMAND = "lanewise/demo/_edge/edge1/command/lane"
ANSWERS = "lanewise/demo/_edge/edge1/answer/#"


class Broker(AbstractContextManager["Broker"], Protocol):
    """Any of them, killed and started again by leaving and entering."""

    port: int


Make = Callable[..., Broker]


@pytest.fixture
def mochi(npm: Callable[[str], Path]) -> Path:
    return npm("mochi") / "mochi"


@pytest.fixture
def make(mosquitto: str, npm: Callable[[str], Path], peer: Callable[[str], str], tmp_path: Path) -> Make:
    """``make(kind)``: a broker that takes ``at_once`` messages at once and ends a session after ``session_s``."""

    def made(kind: str, at_once: int = 10, session_s: int = 3600) -> Broker:
        folder = tmp_path / "broker"
        folder.mkdir()
        match kind:
            case "mosquitto":
                return Mosquitto(mosquitto, folder, f"max_inflight_messages {at_once}")
            case "mochi":
                return Mochi(npm("mochi") / "mochi", at_once=at_once)
            case _:
                return HiveMq(peer("java"), npm("hivemq"), folder, at_once=at_once, session_s=session_s)

    return made


def devices(reasons: list[str]) -> list[Value]:
    return [DeviceChanged(START_US + at, "reader.r", bool(at % 2), reason) for at, reason in enumerate(reasons)]


def test_a_message_for_which_the_link_is_cut_is_set_aside_alone(
    mochi: Path, listens: str, tmp_path: Path, layouts: tuple[LineLayout, ...]
) -> None:
    """With its size and what the broker did; what is before and behind it arrives in order."""
    long = {7, 8, 30}
    values = devices(["x" * (3_000 * (at in long)) for at in range(60)])
    with Mochi(mochi, largest=1_500) as broker, Heard(listens, broker.port, "lanewise/+/+/+/event/#", qos=0) as heard:
        published = Published(tmp_path, layouts, broker.port)
        published.write(values)
        with published.going():
            published.delivered()
            fine = [at for at in range(60) if at not in long]

            def arrived() -> list[int]:
                return list(dict.fromkeys(one["data"]["at_us"] - START_US for one in heard.told("")))

            wait_until(lambda: arrived() == fine, arrived)
            published.write(devices(["after"]))  # what was set aside is not tried again with what comes
            published.delivered()
    (cursor,) = read_cursors(tmp_path / "p.sqlite")
    aside = [one for one, _ in read_set_aside(tmp_path / "p.sqlite", "broker")]
    assert cursor.set_aside == len(aside) == 2 * len(long)
    assert {one.seq - 1 for one in aside} == long
    assert all(" bytes: the link is cut for it each time: broker 127.0.0.1:" in one.reason for one in aside)


@pytest.mark.parametrize("kind", ["mochi", "hivemq"])
def test_what_is_so_is_known_after_a_restart(
    kind: str, make: Make, listens: str, tmp_path: Path, layouts: tuple[LineLayout, ...]
) -> None:
    """Whether a broker keeps what is retained or nothing at all: it is killed, and started again."""
    broker = make(kind, at_once=2)
    published = Published(tmp_path, layouts, broker.port)
    with published.going() as follower:
        with broker:
            published.write(devices(["first"] * 50))
            published.delivered()
        wait_until(lambda: not follower._publisher._connection.connected)  # type: ignore[union-attr]
        with broker:
            published.write([DeviceChanged(START_US + 60, "reader.other", True, "")])
            published.delivered()
            with Heard(listens, broker.port, "lanewise/demo/_edge/edge1/device/+", qos=0) as later:
                wait_until(lambda: {one["device"] for one in later.told("")} == {"reader.r", "reader.other"})
                assert all(retained for _, retained, _ in later.messages())


@pytest.mark.parametrize("kind", ["mochi", "hivemq"])
def test_the_last_will_on_other_brokers(kind: str, make: Make, listens: str, tmp_path: Path, project: Path) -> None:
    with make(kind) as broker, Heard(listens, broker.port, "lanewise/+/+/+/status") as heard:
        publishing, writer = set_up(tmp_path, project, f'kind = "mqtt"\nhost = "127.0.0.1"\nport = {broker.port}')
        with publishing:
            writer.append(devices([""]))
            writer.flush()
            wait_until(lambda: publishing.cursor().seq == 1)
            publishing.end(signal.SIGKILL)
            wait_until(lambda: [one["online"] for one in heard.told("/status")] == [True, False])
            with Heard(listens, broker.port, "lanewise/+/+/+/status", qos=0) as later:
                wait_until(lambda: [json.loads(told)["online"] for _, _, told in later.messages()] == [False])
        writer.close()


@pytest.mark.parametrize("kind", ["mosquitto", "mochi", "hivemq"])
def test_no_more_is_under_way_than_the_broker_takes_at_once(
    kind: str, make: Make, tmp_path: Path, layouts: tuple[LineLayout, ...]
) -> None:
    """Whatever `in_flight` says; one place is left for answers."""
    with make(kind, at_once=5) as broker:
        tap = Tap(broker.port)
        published = Published(tmp_path, layouts, tap.port, in_flight=100)
        published.write(happened(layouts, 40))
        with published.going() as follower:
            published.delivered()
            assert not follower.following.failures
        tap.close()
    assert 1 < most_under_way(tap.conversation) <= 4


def asked(pub: str, port: int, payload: str) -> bool:
    """Asks; whether the broker has anybody for it. Source: MQTT 5.0, 3.4.2.1 (16 = no matching subscribers)."""
    command = [pub, "-h", "127.0.0.1", "-p", str(port), "-V", "5", "-q", "1", "-d", "-t", COMMAND, "-m", payload]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=HANGS_S).stdout
    return "RC:16)" not in said


def problems(heard: Heard) -> list[str]:
    return [told["problems"][0] for told in heard.told("")]


@pytest.mark.parametrize("kind", ["mosquitto", "mochi", "hivemq"])
def test_what_is_asked_while_the_publisher_is_away_waits_for_it(
    kind: str, make: Make, listens: str, peer: Callable[[str], str], tmp_path: Path, layouts: tuple[LineLayout, ...]
) -> None:
    with make(kind) as broker, Heard(listens, broker.port, ANSWERS) as heard:
        for life in range(2):
            published = Published(tmp_path, layouts, broker.port, commands=("lane",))
            published.write(devices(["here"]))
            with published.going():
                published.delivered()
                if life:
                    wait_until(lambda: len(problems(heard)) == 1, heard.messages)
            if not life:
                assert asked(peer("mosquitto_pub"), broker.port, "no JSON")
        assert problems(heard)[0].startswith("body: not JSON")


@pytest.mark.parametrize("kind", ["mosquitto", "hivemq"])
def test_a_session_that_is_over_begins_anew(
    kind: str,
    make: Make,
    listens: str,
    peer: Callable[[str], str],
    tmp_path: Path,
    layouts: tuple[LineLayout, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By its own end, or as the broker keeps none for so long as we ask: what was asked in vain stays undone, what is
    so is told again, and requests are taken again.
    """
    if kind == "mosquitto":
        monkeypatch.setattr(mqtt, "broker_of", partial(mqtt.broker_of, session_s=1))
    pub = peer("mosquitto_pub")
    states = "lanewise/demo/_edge/edge1/device/+"
    with (
        make(kind, session_s=0) as broker,
        Heard(listens, broker.port, ANSWERS) as heard,
        Heard(listens, broker.port, states, qos=0) as told,
    ):
        published = Published(tmp_path, layouts, broker.port, commands=("lane",))
        published.write(devices(["here"]))
        with published.going():
            published.delivered()
        wait_until(lambda: not asked(pub, broker.port, "in vain"))
        wait_until(lambda: bool(told.messages()))
        before = len(told.messages())
        published = Published(tmp_path, layouts, broker.port, commands=("lane",))
        published.write([DeviceChanged(START_US + 60, "reader.other", True, "")])
        with published.going():
            published.delivered()
            asked(pub, broker.port, "[]")
            wait_until(lambda: len(problems(heard)) == 1, heard.messages)
            both = {"reader.r", "reader.other"}
            wait_until(lambda: {one["device"] for one in told.told("")[before:]} == both, told.messages)
    assert problems(heard) == ["body: allowed is an object"]


# ---- once more -------------------------------------------------------------------------------------------------------


def test_events_of_a_time_are_told_once_more_beside_the_publisher(
    mosquitto: str, listens: str, tmp_path: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the ids that they have, and nothing that is retained: an old state would stand where that of now does."""
    with Mosquitto(mosquitto, tmp_path) as broker, Heard(listens, broker.port, "lanewise/#", qos=1) as heard:
        table = f'kind = "mqtt"\nhost = "127.0.0.1"\nport = {broker.port}'
        publishing, writer = set_up(tmp_path, project, table)
        with publishing:
            writer.append(devices([f"{at}" for at in range(1_200)]))
            writer.flush()
            wait_until(lambda: publishing.cursor().seq == 1_200)
            before = heard.messages()
            since, until = (iso(START_US + at, 6) for at in (100, 1_150))
            line = str(tmp_path / "LINE.toml")
            assert main(["publish", line, "target", "--again", "--since", since, "--until", until]) == 0
            assert capsys.readouterr().out.splitlines()[-1] == "target: 1050 events sent again"
            wait_until(lambda: len(heard.messages()) >= len(before) + 1_050)
            publishing.end(signal.SIGTERM)
        writer.close()
    events = [(topic, told) for topic, _, told in before if "/event/" in topic]
    again = [(topic, told) for topic, _, told in heard.messages()[len(before) :]]
    ours = [one for one in again if not one[0].endswith(("/publisher/target", "/status"))]
    assert ours == events[100:1_150] and len(events) == 1_200
    assert [json.loads(told)["online"] for topic, told in again if topic.endswith("/status")] == [False]


def test_events_that_a_broker_refused_are_told_once_it_takes_them(
    mochi: Path, listens: str, tmp_path: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """States of then stay set aside, and the cursor's count is of what is left."""
    broker = Mochi(mochi, largest=1_500)
    publishing, writer = set_up(tmp_path, project, f'kind = "mqtt"\nhost = "127.0.0.1"\nport = {broker.port}')
    line = str(tmp_path / "LINE.toml")
    with broker, publishing:
        writer.append(devices(["fine", "x" * 3_000, "fine"]))
        writer.flush()
        wait_until(lambda: publishing.cursor().seq == 3)
        publishing.end(signal.SIGTERM)
    writer.close()
    assert main(["publish", line, "target", "--again", "--set-aside"]) == 1
    assert "target" not in capsys.readouterr().out
    larger = Mochi(mochi)
    text = (tmp_path / "LINE.toml").read_text()
    (tmp_path / "LINE.toml").write_text(text.replace(f"port = {broker.port}", f"port = {larger.port}"))
    with larger, Heard(listens, larger.port, "lanewise/#", qos=1) as heard:
        assert main(["publish", line, "target", "--again", "--set-aside"]) == 0
        wait_until(lambda: len(heard.messages()) == 1, heard.messages)
        ((topic, _, told),) = heard.messages()
    stay, sent = capsys.readouterr().out.splitlines()
    assert stay.startswith("target: 1 stay set aside: ") and sent == "target: 1 events sent again"
    assert topic.endswith("/event/device-changed") and json.loads(told)["data"]["reason"] == "x" * 3_000
    ((left, _),) = read_set_aside(publishing.config.publish_state, "target")
    assert left.seq == 2 and "/device/" in left.what and publishing.cursor().set_aside == 1


def test_who_cannot_be_told_once_more_is_refused(
    tmp_path: Path, project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    set_up(tmp_path, project, 'kind = "sparkplug"\nhost = "127.0.0.1"')[1].close()
    line = str(tmp_path / "LINE.toml")
    assert main(["publish", line, "target", "--again", "--since", "2026-11-28T06:00:00Z"]) == 2
    assert main(["publish", line, "nobody", "--check"]) == 2
