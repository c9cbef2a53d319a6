"""The MQTT publisher with mosquitto: nothing lost, order kept, state and last will as they should be."""

from __future__ import annotations

import json
import random
import signal
import sys
from pathlib import Path

import pytest
from hardship import KILLS, Relay, kills
from hypothesis import given, settings
from hypothesis import strategies as st
from mosquitto import Heard, Mosquitto
from published import START_US, Published, Story, happened, set_up, told_of
from waiting import wait_until

from edge.config.load import ConfigError, load_line
from edge.config.mqtt import MqttConfig
from edge.core.events import DeviceChanged, Measured, ToteChecked
from edge.core.values.layout import LineLayout
from edge.journal import writer as journal_module
from edge.journal.record import Record, Value, encode
from edge.publish import mqtt as mqtt_module
from edge.publish.cursors import read_cursors, read_set_aside
from edge.publish.follow import Entry, TargetDown
from edge.publish.mqtt import LOOKBACK, MqttPublisher
from edge.publish.mqtt_broker import BrokerDown, Outgoing
from edge.publish.namespace import MqttMessage, Namespace
from edge.publish.topics import CLOUD_EVENT_TYPE, EVENTS

pytestmark = pytest.mark.usefixtures("quick")


class Forgetful:
    """In place of a connection: a broker that acknowledges at once, writes down two seconds later, and is killed."""

    WRITES_S = 2.0

    def __init__(self) -> None:
        self.now_s = 0.0
        self.connected = False
        self.lives_for: int | None = None  # messages
        self.written: list[MqttMessage] = []
        self._unwritten: list[tuple[float, MqttMessage]] = []

    def monotonic(self) -> float:
        return self.now_s

    def connect(self) -> bool:
        self.connected = True
        return False

    def send(self, outgoing: Outgoing) -> None:
        for place in outgoing.left():
            if self.lives_for == 0:
                self.wait(0.0)
                self._unwritten.clear()
                self.connected, self.lives_for = False, None
                raise BrokerDown("killed")
            if self.lives_for is not None:
                self.lives_for -= 1
            self._unwritten.append((self.now_s, outgoing.messages[place]))
            outgoing.acknowledged.add(place)

    def wait(self, for_s: float) -> None:
        self.now_s += for_s
        self.written += [message for at_s, message in self._unwritten if at_s <= self.now_s - self.WRITES_S]
        self._unwritten = [one for one in self._unwritten if one[0] > self.now_s - self.WRITES_S]


@given(
    st.lists(
        st.tuples(
            st.integers(1, 6),  # records
            st.none() | st.integers(0, 12),  # messages until it is killed
            st.sampled_from((0.5, 5.0, 30.0)),  # seconds until it is there again
            st.sampled_from((0.1, 1.0, 9.0)),  # seconds until the next records
        ),
        min_size=2,
        max_size=12,
    )
)
def test_a_broker_that_forgets_what_it_acknowledged_is_told_again_in_order(
    layouts: tuple[LineLayout, ...], batches: list[tuple[int, int | None, float, float]]
) -> None:
    broker = Forgetful()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mqtt_module, "time", broker)
        config = MqttConfig(kind="mqtt", host="127.0.0.1")
        publisher = MqttPublisher("broker", config, "demo", "edge1", layouts)
        publisher._connection = broker  # type: ignore[assignment]
        seq = 0
        for records, lives_for, away_s, later_s in batches:
            entries = []
            for _ in range(records):
                seq += 1
                value = DeviceChanged(START_US + seq, "reader.r", True, "x")
                record = Record(seq, value.at_us, "", DeviceChanged.__name__, encode(value))
                entries.append(Entry(record, value, f"edge1@1/{seq}"))
            send = publisher.prepare(entries)
            broker.lives_for = lives_for
            while True:
                try:
                    send()
                    break
                except TargetDown:
                    broker.wait(away_s)
            broker.wait(later_s)
        broker.wait(Forgetful.WRITES_S)
    told = [json.loads(message.payload)["id"] for message in broker.written if "/event/" in message.topic]
    assert list(dict.fromkeys(told)) == [f"edge1@1/{one}" for one in range(1, seq + 1)]


@settings(max_examples=6)
@given(begin=st.floats(0, 1))
def test_a_record_has_the_same_messages_in_every_life(layouts: tuple[LineLayout, ...], begin: float) -> None:
    values = happened(layouts, 60)
    whole = told_of(layouts, values)
    cut = int(begin * len(values))
    looked_back = max(0, cut - LOOKBACK // 10)
    again = told_of(layouts, values, looked_back)
    measured = [index for index, value in enumerate(values) if isinstance(value, Measured)]
    before = [index for index in measured if looked_back <= index < cut]
    if cut < measured[0] or len(before) >= len(layouts) or looked_back == 0:
        states = [message for messages in whole[cut:] for message in messages if "/lane/" not in message.topic]
        others = [m for messages in again[cut - looked_back :] for m in messages if "/lane/" not in m.topic]
        assert states == others


def test_every_message_says_what_it_is(layouts: tuple[LineLayout, ...]) -> None:
    values = happened(layouts, 60)
    seen = set()
    for value, messages in zip(values, told_of(layouts, values), strict=True):
        for message in messages:
            told = json.loads(message.payload)
            assert told["id"] == f"edge1@1/{message.seq}"
            if message.content_type != CLOUD_EVENT_TYPE:
                assert told["at_us"] == value.at_us
                continue
            assert not message.retain
            name = message.topic.rpartition("/")[2]
            seen.add(name)
            assert told["type"] == f"lanewise.{name}" and told["specversion"] == "1.0"
            assert isinstance(value, EVENTS[name][0]) and told["data"] == json.loads(encode(value))
    assert {"tote-verified", "tote-refused", "order-changed", "order-shipped", "sorted", "lane-changed"} <= seen
    refused = [value for value in values if isinstance(value, ToteChecked) and value.final and not value.verified]
    figures = [json.loads(m.payload) for ms in told_of(layouts, values) for m in ms if m.topic.endswith("/figures")]
    last = max(value.at_us for value in values if isinstance(value, Measured))
    assert sum(one["counts"]["refused"] for one in figures) == sum(
        START_US + 10_000_000 < one.at_us <= last for one in refused
    )


def test_what_is_wrong_with_a_broker_is_said_at_once(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.protobuf", None)
    text = (project / "examples/warehouse/LINE.toml").read_text(encoding="utf-8")
    wrong = """
        [publish.one]
        kind = "mqtt"
        host = "h"
        ca = "ca.pem"
        key = "key.pem"
        user = "u"
        token_file = "t"
        [publish.two]
        kind = "sparkplug"
        host = "h"
        group = "a/b"
        [publish.three]
        kind = "mqtt"
        host = "h"
        commands = ["shutdown"]
        in_flight = 0
    """
    path = tmp_path / "LINE.toml"

    def problems(more: str) -> set[str]:
        path.write_text(f"{text}\n{more}", encoding="utf-8")
        with pytest.raises(ConfigError) as said:
            load_line(path)
        return {problem.partition(":")[0] for problem in said.value.problems}

    assert problems('[publish.one]\nkind = "kafka"\n[publish.two]\nhost = "h"') == {
        "publish.one.kind",
        "publish.two.kind",
    }
    assert problems(wrong) == {"publish.two.group", "publish.three.commands.0", "publish.three.in_flight"}
    without = wrong.replace('group = "a/b"', "").replace('commands = ["shutdown"]', "").replace("in_flight = 0", "")
    assert problems(without) == {
        "publish.one.ca",
        "publish.one.key",
        "publish.one.certificate",
        "publish.one.password_file",
        "publish.one.token_file",
        "publish.one.user",
        "publish.two.kind",
    }


# ---- with a broker ---------------------------------------------------------------------------------------------------


def test_what_is_told_arrives_and_stays(
    mosquitto: str, listens: str, tmp_path: Path, layouts: tuple[LineLayout, ...]
) -> None:
    values = happened(layouts, 30)
    expected = [message for messages in told_of(layouts, values) for message in messages]
    with Mosquitto(mosquitto, tmp_path) as broker, Heard(listens, broker.port, "lanewise/#") as heard:
        published = Published(tmp_path, layouts, broker.port)
        published.write(values)
        with published.going():
            published.delivered()
            status = "lanewise/demo/_edge/edge1/status"
            wait_until(lambda: len(heard.told("/status")) == 1)
            node = f"edge1@{values[0].at_us}"

            def body() -> list[tuple[str, str]]:
                told = [(topic, payload) for topic, _, payload in heard.messages()]
                return [(topic, payload) for topic, payload in told if topic != status and "/publisher/" not in topic]

            wait_until(lambda: len(body()) == len(expected))
            assert body() == [(m.topic, m.payload.decode().replace("edge1@1/", f"{node}/")) for m in expected]
            # Who comes later finds what is so now.
            with Heard(listens, broker.port, "lanewise/+/+/lane/#", qos=0) as later:
                lanes = {f"lanewise/demo/{one.name}/lane/{lane.number}" for one in layouts for lane in one.lanes}
                wait_until(lambda: {topic for topic, retained, _ in later.messages() if retained} == lanes)
        wait_until(lambda: len(heard.told("/status")) == 2)
        assert [one["online"] for one in heard.told("/status")] == [True, False]


def test_a_message_that_the_broker_never_takes_is_set_aside_alone(
    mosquitto: str, listens: str, tmp_path: Path, layouts: tuple[LineLayout, ...]
) -> None:
    values: list[Value] = [DeviceChanged(START_US + at, "reader.r", True, "x" * (9_000 * (at == 5))) for at in range(9)]
    with (
        Mosquitto(mosquitto, tmp_path, "max_packet_size 5000") as broker,
        Heard(listens, broker.port, "lanewise/+/+/+/event/#") as heard,
    ):
        published = Published(tmp_path, layouts, broker.port)
        published.write(values)
        with published.going():
            published.delivered()
            wait_until(lambda: len(heard.messages()) == 8)
    (cursor,) = read_cursors(tmp_path / "p.sqlite")
    aside = read_set_aside(tmp_path / "p.sqlite", "broker")
    assert (cursor.seq, cursor.set_aside, [one.seq for one, _ in aside]) == (9, 2, [6, 6])
    assert all("the broker takes packets of 5000" in one.reason for one, _ in aside)
    assert [one["data"]["at_us"] - START_US for one in heard.told("")] == [0, 1, 2, 3, 4, 6, 7, 8]


# ---- conservation ----------------------------------------------------------------------------------------------------


def test_hardship_loses_nothing_over_mqtt(
    mosquitto: str,
    listens: str,
    tmp_path: Path,
    project: Path,
    layouts: tuple[LineLayout, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """accepted = delivered + queued + set aside: an hour of events with the broker down, both killed, a full disk, a
    slow network, a clock set back. Every record's event arrives, in order but for repetitions that its id tells.
    """
    monkeypatch.setattr(journal_module, "_ROOM_BYTES", 0)
    rng = random.Random(KILLS)
    broker = Mosquitto(mosquitto, tmp_path, f"max_packet_size {Story.PACKET_MAX}")
    relay = Relay(broker.port)
    publishing, writer = set_up(tmp_path, project, f'kind = "mqtt"\nhost = "127.0.0.1"\nport = {relay.port}')
    story = Story(writer, layouts)
    with broker, Heard(listens, broker.port, "lanewise/#") as heard, publishing:
        broker.stop()
        publishing.fails(1)
        assert publishing.figure("backlog") == writer.seq and publishing.cursor().seq == 0
        with publishing.full_disk():
            broker.start()
        for who in ("slow", *kills(rng)):
            at = len(heard.messages()) + rng.randrange(Story.CHAPTER)
            relay.slow = who == "slow"
            story.go_on()
            wait_until(lambda at=at: len(heard.messages()) > at, publishing.log)  # type: ignore[misc]
            relay.slow = False
            if who == "target":
                broker.kill()
                broker.start()
            elif who == "publisher":
                publishing.kill()
        wait_until(lambda: publishing.cursor().seq == writer.seq, publishing.log, 230)
        first_us = story.values[0].at_us
        namespace = Namespace("demo", "edge1", layouts)
        messages = [
            message
            for seq, value in enumerate(story.values, 1)
            for message in namespace.messages(seq, f"edge1@{first_us}/{seq}", value, encode(value))
        ]
        aside = [message for message in messages if len(message.payload) > Story.PACKET_MAX]
        expected = [(m.topic, m.payload.decode()) for m in messages if "/event/" in m.topic and m not in aside]

        def arrived() -> list[tuple[str, str]]:
            told = ((topic, payload) for topic, _, payload in heard.messages() if "/event/" in topic)
            return list(dict.fromkeys(told))

        def missing() -> str:
            lost = dict.fromkeys(expected).keys() - set(arrived())
            return f"{len(lost)} of {len(expected)} are lost: {sorted(lost)[:3]}"

        wait_until(lambda: len(arrived()) >= len(expected), missing)
        assert arrived() == expected, "nothing lost, order kept, nothing with another content"
        wait_until(lambda: publishing.figure("backlog") == 0, publishing.log)  # told after it is written down
        assert publishing.cursor().set_aside == len(aside) == 2 * story.chapters
        publishing.end(signal.SIGTERM)
    writer.close()
    relay.close()
    print(f"{2 * KILLS} kills, {writer.seq} records, {len(heard.messages())} messages, {len(aside)} set aside")


def test_the_last_will_tells_of_a_death(mosquitto: str, listens: str, tmp_path: Path, project: Path) -> None:
    with Mosquitto(mosquitto, tmp_path) as broker, Heard(listens, broker.port, "lanewise/#") as heard:
        publishing, writer = set_up(tmp_path, project, f'kind = "mqtt"\nhost = "127.0.0.1"\nport = {broker.port}')
        with publishing:
            writer.append([DeviceChanged(START_US, "reader.r", True, "")])
            writer.flush()
            wait_until(lambda: bool(heard.told("/reader.r")))
            publishing.end(signal.SIGKILL)
            wait_until(lambda: [one["online"] for one in heard.told("/status")] == [True, False])
            with Heard(listens, broker.port, "lanewise/+/+/+/status", qos=0) as later:
                wait_until(
                    lambda: (
                        [(retained, json.loads(p)["online"]) for _, retained, p in later.messages()] == [(True, False)]
                    )
                )
        writer.close()
