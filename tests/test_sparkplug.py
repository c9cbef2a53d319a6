"""The Sparkplug B node with mosquitto, decoded by Eclipse Tahu's own library: births, data, deaths, sequences."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hardship import KILLS, Relay, kills
from hypothesis import given
from hypothesis import strategies as st
from mochi import Mochi
from mosquitto import Heard, Mosquitto
from published import START_US, Story, happened, set_up
from waiting import HANGS_S, wait_until

from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.config.mqtt import SparkplugConfig
from edge.core.events import DeviceChanged, LaneChanged, PointChanged
from edge.core.values.layout import LineLayout
from edge.journal import writer as journal_module
from edge.journal.record import Value
from edge.journal.source import JournalSource
from edge.journal.writer import Journal
from edge.publish.cursors import Cursors, read_set_aside
from edge.publish.follow import TargetFollower
from edge.publish.sparkplug import SparkplugPublisher
from edge.publish.sparkplug_metrics import NODE as NODE_ITSELF
from edge.publish.sparkplug_metrics import Metric, MetricType, SparkplugMetrics
from edge.publish.sparkplug_payload import asks_rebirth, encode
from plc.points import PointKind, Quality

pytestmark = pytest.mark.usefixtures("quick")

NODE = "spBv1.0/demo/{}/edge1"
DECODE = """
const { decodePayload, encodePayload } = require("sparkplug-payload").get("spBv1.0");
const plain = (key, value) => typeof value === "bigint" || value?.low !== undefined ? Number(value) : value;
const lines = require("fs").readFileSync(0, "utf8").trim().split("\\n");
for (const line of lines) console.log(JSON.stringify(decodePayload(Buffer.from(line, "hex")), plain));
"""
REBIRTH = """
const { encodePayload } = require("sparkplug-payload").get("spBv1.0");
const metrics = [{ name: "Node Control/Rebirth", type: "Boolean", value: true }];
process.stdout.write(Buffer.from(encodePayload({ timestamp: 1, metrics })).toString("hex"));
"""
Run = Callable[[str, str], str]


@pytest.fixture
def tahu(peer: Callable[[str], str], npm: Callable[[str], Path]) -> Run:
    """Runs a script with the foreign library, and an input."""
    node, folder = peer("node"), npm("sparkplug")

    def run(script: str, given: str) -> str:
        env = {"NODE_PATH": str(folder / "node_modules"), "PATH": "/usr/bin:/bin"}
        command = [node, "-e", script]
        return subprocess.run(
            command, input=given, env=env, capture_output=True, text=True, timeout=HANGS_S, check=True
        ).stdout

    return run


def decoded(tahu: Run, payloads: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in tahu(DECODE, "\n".join(payloads)).splitlines()]


def test_a_foreign_library_reads_what_is_written(tahu: Run) -> None:
    metrics = [
        Metric("whole", MetricType.INT64, 2**40, START_US),
        Metric("below", MetricType.INT64, -5, START_US),
        Metric("part", MetricType.DOUBLE, 2, START_US - 1_000),
        Metric("on", MetricType.BOOLEAN, True, START_US),
        Metric("said", MetricType.STRING, "走勢 ✓", START_US),
        Metric("when", MetricType.DATE_TIME, START_US, START_US),
        Metric("never", MetricType.STRING, None, START_US),
    ]
    (told,) = decoded(tahu, [encode(metrics, START_US, 255, START_US).hex()])
    assert (told["timestamp"], told["seq"]) == (START_US // 1000, 255)
    shown = {one["name"]: (one["type"], one["value"]) for one in told["metrics"]}
    assert shown == {
        "whole": ("Int64", 2**40),
        "below": ("Int64", shown["below"][1]),
        "part": ("Double", 2.0),
        "on": ("Boolean", True),
        "said": ("String", "走勢 ✓"),
        "when": ("DateTime", START_US // 1000),
        "never": ("String", None),
    }
    assert shown["below"][1] in (-5, 2**64 - 5)
    assert [one["name"] for one in told["metrics"] if one.get("isHistorical")] == ["part"]
    assert asks_rebirth(bytes.fromhex(tahu(REBIRTH, "")))


def test_points_of_plcs_are_metrics_of_the_node() -> None:
    kinds = {("press", "motor/on"): PointKind.BOOL, ("press", "motor/temperature"): PointKind.INT}
    metrics = SparkplugMetrics((), (), (), kinds)
    assert metrics.kinds[NODE_ITSELF].items() >= {
        ("Points/press/motor/on", MetricType.BOOLEAN),
        ("Points/press/motor/temperature", MetricType.DOUBLE),
    }
    for name, value, quality in (("temperature", 21, Quality.GOOD), ("temperature", None, Quality.BAD)):
        changed = PointChanged(
            at_us=START_US,
            plc="press",
            point=f"motor/{name}",
            value=value,
            unit="°C",
            quality=quality,
            reason="",
            read_us=START_US,
        )
        (change,) = metrics.take("edge1@1/1", changed)
        assert change == (NODE_ITSELF, (Metric("Points/press/motor/temperature", MetricType.DOUBLE, value, START_US),))
        encode(change.metrics, START_US, 1)
    assert (
        metrics.take(
            "edge1@1/2",
            PointChanged(
                at_us=START_US,
                plc="press",
                point="a/b",
                value=1,
                unit="",
                quality=Quality.GOOD,
                reason="",
                read_us=START_US,
            ),
        )
        == []
    )


@given(st.binary(max_size=60))
def test_a_command_of_any_bytes_is_no_trouble(body: bytes) -> None:
    assert asks_rebirth(body) in (True, False)


class Node:
    """A journal told by a Sparkplug node in this process."""

    def __init__(self, folder: Path, project: Path, port: int, **table: Any) -> None:
        self.folder = folder
        self.config: LineConfig = load_line(project / "examples/warehouse/LINE.toml")
        self.table = SparkplugConfig(kind="sparkplug", host="127.0.0.1", port=port, **table)
        self.writer = Journal(folder / "j.sqlite")

    def write(self, values: list[Value]) -> None:
        self.writer.append(values)
        self.writer.flush()

    @contextmanager
    def going(self) -> Iterator[TargetFollower]:
        cursors, source = Cursors(self.folder / "p.sqlite"), JournalSource(self.folder / "j.sqlite", "edge1")
        make = partial(SparkplugPublisher, "scada", self.table, self.config)
        follower = TargetFollower("scada", source, cursors, make)
        stop = threading.Event()
        thread = threading.Thread(target=follower.run, args=(stop,))
        thread.start()
        try:
            yield follower
        finally:
            stop.set()
            thread.join(HANGS_S)
            source.close()
            cursors.close()
            assert not thread.is_alive()


def check_life(messages: list[tuple[str, dict[str, Any]]], lines: list[str]) -> None:
    """One life of a node: births of node and devices first, sequences without a gap, data only of what was born."""
    seq, born = 0, {}
    for topic, told in messages:
        kind, device = topic.split("/")[2], topic.split("/")[4:]
        name = device[0] if device else ""
        if kind == "NDEATH":
            assert "seq" not in told or told["seq"] == 0
            continue
        if kind == "NBIRTH":
            seq, born = 0, {}
        assert told["seq"] == seq
        seq = (seq + 1) % 256
        names = {metric["name"]: metric["type"] for metric in told["metrics"]}
        if kind in ("NBIRTH", "DBIRTH"):
            born[name] = names
        else:
            assert kind == ("DDATA" if name else "NDATA") and set(born) == {"", *lines}
            assert all(born[name][one] == its for one, its in names.items())


def test_births_data_deaths_and_rebirth(
    mosquitto: str,
    listens: str,
    peer: Callable[[str], str],
    tahu: Run,
    tmp_path: Path,
    project: Path,
    layouts: tuple[LineLayout, ...],
) -> None:
    lines = [layout.name for layout in layouts]
    values = happened(layouts, 60)

    def told(heard: Heard) -> list[tuple[str, dict[str, Any]]]:
        messages = heard.messages()
        assert not any(retained for _, retained, _ in messages)
        return list(zip([m[0] for m in messages], decoded(tahu, [m[2] for m in messages]), strict=True))

    def kinds(heard: Heard) -> list[str]:
        return [topic.split("/")[2] for topic, _, _ in heard.messages()]

    with (
        Mosquitto(mosquitto, tmp_path) as broker,
        Heard(listens, broker.port, "spBv1.0/demo/#", binary=True) as heard,
    ):
        node = Node(tmp_path, project, broker.port)
        node.write(values)
        with node.going() as follower:
            wait_until(lambda: follower.following.seq == node.writer.seq, lambda: follower.following)
            wait_until(lambda: len(heard.messages()) > 300)  # so that the sequence wraps

            # A host that knows nothing asks for births, and gets them at once, with what is so now.
            asked = ("-h", "127.0.0.1", "-p", str(broker.port), "-t", NODE.format("NCMD"), "-s")
            command = [peer("mosquitto_pub"), *asked]
            subprocess.run(command, input=bytes.fromhex(tahu(REBIRTH, "")), check=True, timeout=HANGS_S)
            wait_until(lambda: kinds(heard).count("DBIRTH") == 2 * len(lines))

            # A connection that is lost: the broker tells the death, the next one begins with births.
            broker_port = ("-h", "127.0.0.1", "-p", str(broker.port), "-V", "5")
            thief = ("-i", "lanewise-demo-edge1-scada", "-t", "x", "-m", "x")
            subprocess.run([peer("mosquitto_pub"), *broker_port, *thief], check=True, timeout=HANGS_S)
            wait_until(lambda: "NDEATH" in kinds(heard))
            node.write(
                [LaneChanged(START_US, "sorter", 9, True, False), DeviceChanged(START_US, "plc.sorter", False, "x")]
            )
            wait_until(lambda: kinds(heard).count("DBIRTH") == 3 * len(lines))
            wait_until(lambda: follower.following.seq == node.writer.seq, lambda: follower.following)
            wait_until(lambda: kinds(heard)[-1] == "NDATA")
        wait_until(lambda: kinds(heard)[-1] == "NDEATH")
        node.writer.close()
        messages = told(heard)
    messages = [message for message in messages if "/NCMD/" not in message[0]]
    check_life(messages, lines)
    assert messages[0][0] == NODE.format("NBIRTH")
    sequences = {
        kind: [
            m["value"]
            for topic, body in messages
            if f"/{kind}/" in topic
            for m in body["metrics"]
            if m["name"] == "bdSeq"
        ]
        for kind in ("NBIRTH", "NDEATH")
    }
    assert sequences == {"NBIRTH": [0, 0, 1], "NDEATH": [0, 1]}, "a death names the birth it belongs to"
    births = [body for topic, body in messages if topic == f"{NODE.format('DBIRTH')}/sorter"]
    lane = [{m["name"]: m.get("value") for m in birth["metrics"]}["Lanes/9/Full"] for birth in births]
    assert lane == [None, False, False]
    assert all(m.get("isHistorical") for t, body in messages if "DATA" in t for m in body["metrics"]), "made-up times"


def test_what_a_broker_cuts_the_link_for_is_set_aside_or_said_with_its_size(
    npm: Callable[[str], Path], tmp_path: Path, project: Path
) -> None:
    """A birth cannot be left out: its size is said. Data can, and what is behind it is told."""
    program = npm("mochi") / "mochi"
    reasons = ["", "x" * 300_000, "after"]
    with Mochi(program, largest=200) as broker:
        node = Node(tmp_path, project, broker.port)
        node.write([DeviceChanged(START_US + at, "plc.sorter", False, reason) for at, reason in enumerate(reasons)])
        with node.going() as follower:
            said = re.compile("spBv1.0/demo/NBIRTH/edge1: a birth of [0-9]+ bytes: perhaps more than the broker takes")
            wait_until(lambda: bool(said.search(follower.following.trouble)), lambda: follower.following)
            assert follower.following.seq == 0
    with Mochi(program, largest=200_000) as broker:
        node.table = node.table.model_copy(update={"port": broker.port})
        with node.going() as follower:
            wait_until(lambda: follower.following.seq == 3, lambda: follower.following)
            assert follower.following.set_aside == 1
    node.writer.close()
    ((aside, _),) = read_set_aside(tmp_path / "p.sqlite", "scada")
    assert aside.seq == 2 and "bytes: the link is cut for it each time" in aside.reason


def test_nothing_is_told_while_the_primary_host_is_not_online(
    mosquitto: str,
    listens: str,
    peer: Callable[[str], str],
    tahu: Run,
    tmp_path: Path,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.publish.sparkplug.HOST_S", 0.3)

    def kinds(heard: Heard) -> list[str]:
        return [topic.split("/")[2] for topic, _, _ in heard.messages()]

    with (
        Mosquitto(mosquitto, tmp_path) as broker,
        Heard(listens, broker.port, "spBv1.0/demo/#", binary=True) as heard,
    ):

        def host(state: str) -> None:
            to = ("-h", "127.0.0.1", "-p", str(broker.port), "-q", "1", "-r", "-t", "spBv1.0/STATE/scada", "-m", state)
            subprocess.run([peer("mosquitto_pub"), *to], check=True, timeout=HANGS_S)

        node = Node(tmp_path, project, broker.port, primary_host="scada")
        node.write([DeviceChanged(START_US, "plc.sorter", True, "")])
        with node.going() as follower:

            def held() -> bool:
                return follower.following.trouble.startswith("primary host scada is not online by spBv1.0/STATE/scada")

            wait_until(held, lambda: follower.following)
            for state in ("ONLINE", "{", '{"online": true}', '{"online": 1, "timestamp": 5}'):
                host(state)
            host('{"online": false, "timestamp": 100}')
            failures = follower.following.failures
            wait_until(lambda: follower.following.failures > failures + 1)
            assert held() and not heard.messages() and follower.following.seq == 0
            host('{"online": true, "timestamp": 200}')
            wait_until(lambda: follower.following.seq == 1, lambda: follower.following)
            wait_until(lambda: kinds(heard)[-1:] == ["NDATA"])
            assert kinds(heard)[0] == "NBIRTH" and kinds(heard).count("NBIRTH") == 1

            host('{"online": false, "timestamp": 199}')  # the will of an older connection of the host
            node.write([DeviceChanged(START_US, "plc.sorter", False, "x")])
            wait_until(lambda: follower.following.seq == 2, lambda: follower.following)
            host('{"online": false, "timestamp": 201}')
            wait_until(lambda: kinds(heard)[-1] == "NDEATH")
            node.write([DeviceChanged(START_US, "plc.sorter", True, "y")])
            wait_until(held, lambda: follower.following)
            assert follower.following.seq == 2 and kinds(heard)[-1] == "NDEATH"
            host('{"online": true, "timestamp": 300}')
            wait_until(lambda: follower.following.seq == 3, lambda: follower.following)
            wait_until(lambda: kinds(heard)[-1] == "NDATA")
            assert kinds(heard).count("NBIRTH") == 2
        wait_until(lambda: kinds(heard)[-1] == "NDEATH")
        node.writer.close()
        messages = heard.messages()
    told = list(zip([m[0] for m in messages], decoded(tahu, [m[2] for m in messages]), strict=True))
    check_life(told, [layout.name for layout in node.config.layouts()])


Told = tuple[str, str, Any, int]
"""A metric's topic, name, value and time."""


def test_hardship_loses_nothing_over_sparkplug(
    mosquitto: str,
    listens: str,
    tahu: Run,
    tmp_path: Path,
    project: Path,
    layouts: tuple[LineLayout, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """accepted = delivered + queued + set aside, for a host that is there when the node is: as over MQTT. Data have no
    ids: what comes again is known by name, value and time.
    """
    monkeypatch.setattr(journal_module, "_ROOM_BYTES", 0)
    rng = random.Random(KILLS)
    broker = Mosquitto(mosquitto, tmp_path, f"max_packet_size {Story.PACKET_MAX}")
    relay = Relay(broker.port)
    publishing, writer = set_up(tmp_path, project, f'kind = "sparkplug"\nhost = "127.0.0.1"\nport = {relay.port}')
    story = Story(writer, layouts)
    with broker, Heard(listens, broker.port, "spBv1.0/demo/#", binary=True) as heard, publishing:

        def again() -> None:
            """The broker comes up, then the host, then the way for the node."""
            subscribed = broker.log().count("SUBACK to heard-1")
            broker.start()
            wait_until(lambda: broker.log().count("SUBACK to heard-1") > subscribed)
            relay.open = True

        relay.cut()
        broker.stop()
        publishing.fails(1)
        assert publishing.figure("backlog") == writer.seq and publishing.cursor().seq == 0
        with publishing.full_disk():
            again()
        for who in ("slow", *kills(rng)):
            at = len(heard.messages()) + rng.randrange(Story.CHAPTER)
            relay.slow = who == "slow"
            story.go_on()
            wait_until(lambda at=at: len(heard.messages()) > at, publishing.log)  # type: ignore[misc]
            relay.slow = False
            if who == "target":
                broker.kill()
                relay.cut()
                again()
            elif who == "publisher":
                publishing.kill()
        wait_until(lambda: publishing.cursor().seq == writer.seq, publishing.log, 230)
        publishing.end(signal.SIGTERM)
        wait_until(lambda: "/NDEATH/" in heard.messages()[-1][0])
        messages = heard.messages()
    told = list(zip([m[0] for m in messages], decoded(tahu, [m[2] for m in messages]), strict=True))
    check_life(told, [layout.name for layout in layouts])
    assert publishing.cursor().set_aside == story.chapters

    def data(told: Iterable[tuple[str, dict[str, Any]]]) -> list[Told]:
        metrics = ((topic, metric) for topic, body in told if "DATA" in topic for metric in body["metrics"])
        return list(dict.fromkeys((t, m["name"], m.get("value"), m["timestamp"]) for t, m in metrics))

    known = SparkplugPublisher("target", publishing.config.publish["target"], publishing.config)  # type: ignore[arg-type]
    taken = [
        (known._topic("DDATA" if change.device else "NDATA", change.device), encode(change.metrics, START_US, 0).hex())
        for seq, value in enumerate(story.values, 1)
        if len(getattr(value, "reason", "")) < Story.PACKET_MAX
        for change in known._metrics.take(f"edge1@1/{seq}", value)
    ]
    known.close()
    bodies = decoded(tahu, [body for _, body in taken])
    assert data(told) == data(zip([topic for topic, _ in taken], bodies, strict=True)), "nothing lost, order kept"
    writer.close()
    relay.close()
    print(f"{2 * KILLS} kills, {writer.seq} records, {len(messages)} messages, {story.chapters} set aside")
