"""What goes over the wire to a broker: well-formed packets, within TLS, by whom it knows and with what rights."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from aedes import Aedes
from certificates import Authority
from mosquitto import Heard, Mosquitto, old_broker
from mqtt_tap import Tap, packets
from pcap import write_pcap
from published import START_US, Published, happened
from waiting import wait_until

from edge.core.events import DeviceChanged
from edge.core.values.layout import LineLayout
from edge.publish.cursors import read_cursors

pytestmark = pytest.mark.usefixtures("quick")


def test_tshark_finds_nothing_malformed(
    mosquitto: str,
    peer: Callable[[str], str],
    tmp_path: Path,
    layouts: tuple[LineLayout, ...],
) -> None:
    program = peer("tshark")
    with Mosquitto(mosquitto, tmp_path) as broker:
        tap = Tap(broker.port)
        published = Published(tmp_path, layouts, tap.port, commands=("lane",))
        published.write(happened(layouts, 20))
        with published.going():
            published.delivered()
        tap.close()
    capture = tmp_path / "mqtt.pcap"
    write_pcap(capture, packets(tap.conversation), 1883)
    fields = ("_ws.malformed", "mqtt.msgtype", "mqtt.qos", "mqtt.retain", "mqtt.topic", "mqtt.property.content_type")
    command = [program, "-r", str(capture), "-Y", "mqtt || _ws.malformed", "-T", "fields", "-E", "occurrence=a"]
    for field in (*fields, "mqtt.willtopic", "mqtt.connack.reason_code", "mqtt.puback.reason_code"):
        command += ["-e", field]
    dissected = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [row.split("\t") for row in dissected.stdout.splitlines()]
    assert {row[0] for row in rows} == {""}, "malformed"
    kinds = [kind for row in rows for kind in row[1].split(",")]
    connect, connack, publish, puback, subscribe, disconnect = "1", "2", "3", "4", "8", "14"
    assert (kinds[0], kinds[1], kinds[-1]) == (connect, connack, disconnect) and subscribe in kinds
    assert kinds.count(publish) == kinds.count(puback) > 150
    assert rows[0][6] == "lanewise/demo/_edge/edge1/status"
    assert {qos for row in rows for qos in row[2].split(",")} <= {"1", ""}
    contents = {content for row in rows for content in row[5].split(",")} - {""}
    assert contents == {"application/json", "application/cloudevents+json; charset=utf-8"}


def test_tls_names_and_rights(
    mosquitto: str,
    peer: Callable[[str], str],
    tmp_path: Path,
    layouts: tuple[LineLayout, ...],
) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    signed = authority.sign("broker")
    passwords, rights = tmp_path / "passwords", tmp_path / "rights"
    passwords.touch(0o600)
    subprocess.run([peer("mosquitto_passwd"), "-b", str(passwords), "lanewise", "a secret"], check=True)
    rights.write_text("user lanewise\ntopic write lanewise/demo/_edge/edge1/status\n")
    rights.chmod(0o600)
    secret = tmp_path / "secret"
    more = (
        f"allow_anonymous false\npassword_file {passwords}\nacl_file {rights}\n"
        f"cafile {authority.certificate}\ncertfile {signed.certificate}\nkeyfile {signed.key}\n"
    )
    how = {"transport": "tls", "ca": authority.certificate, "user": "lanewise", "password_file": secret}
    with Mosquitto(mosquitto, tmp_path, more) as broker:
        published = Published(tmp_path, layouts, broker.port, **{**how, "ca": stranger.certificate})
        published.write([DeviceChanged(START_US, "reader.r", True, "")])

        def trouble_of(this: Published, words: str) -> None:
            with this.going() as follower:
                wait_until(lambda: words in follower.following.trouble, lambda: follower.following)
                assert follower.following.seq == 0

        secret.write_text("another\n")
        trouble_of(published, "certificate verify failed")
        trouble_of(Published(tmp_path, layouts, broker.port, **how), "refuses us: Not authorized")
        secret.write_text("a secret\n")
        published = Published(tmp_path, layouts, broker.port, **how)
        # What the broker refuses for want of rights waits, and is told when it has them.
        with published.going() as follower:
            topic = "lanewise/demo/_edge/edge1/device/reader.r: Not authorized"
            wait_until(lambda: topic in follower.following.trouble, lambda: follower.following)
            rights.write_text("user lanewise\ntopic write lanewise/demo/#\n")
            broker.signal(signal.SIGHUP)
            published.delivered()
    (cursor,) = read_cursors(tmp_path / "p.sqlite")
    assert (cursor.seq, cursor.set_aside) == (1, 0)


def test_a_broker_that_is_not_there_is_said(
    tmp_path: Path,
    layouts: tuple[LineLayout, ...],
) -> None:
    published = Published(tmp_path, layouts, 1)
    published.write([DeviceChanged(START_US, "reader.r", True, "")])
    with published.going() as follower:
        wait_until(lambda: follower.following.trouble == "broker 127.0.0.1:1: Connection refused")


@pytest.mark.parametrize("way", ["connack", "close"])
def test_a_broker_of_mqtt_3_1_1_is_told_which_version_is_needed(
    shared: Path, tmp_path: Path, layouts: tuple[LineLayout, ...], way: str
) -> None:
    with old_broker(shared, way) as port:
        published = Published(tmp_path, layouts, port)
        published.write([DeviceChanged(START_US, "reader.r", True, "")])
        with published.going() as follower:
            said = "a broker of MQTT 3.1.1; a broker of version 5 is needed"
            wait_until(lambda: follower.following.trouble.endswith(said), lambda: follower.following)


def test_a_broker_that_never_spoke_version_5_is_told_that_it_is_needed(
    peer: Callable[[str], str], npm: Callable[[str], Path], tmp_path: Path, layouts: tuple[LineLayout, ...]
) -> None:
    with Aedes(peer("node"), npm("aedes")) as broker:
        published = Published(tmp_path, layouts, broker.port)
        published.write([DeviceChanged(START_US, "reader.r", True, "")])
        with published.going() as follower:
            said = "a broker of MQTT 3.1.1; a broker of version 5 is needed"
            wait_until(lambda: follower.following.trouble.endswith(said), lambda: follower.following)


def test_a_broker_that_hangs_is_given_up(
    mosquitto: str,
    listens: str,
    tmp_path: Path,
    layouts: tuple[LineLayout, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.publish.mqtt_connection.ACKNOWLEDGE_S", 0.3)
    monkeypatch.setattr("edge.publish.mqtt_connection.CONNECT_S", 0.3)
    monkeypatch.setattr("edge.publish.mqtt_connection.LEAVE_S", 0.1)
    with Mosquitto(mosquitto, tmp_path) as broker, Heard(listens, broker.port, "lanewise/+/+/+/event/#") as heard:
        published = Published(tmp_path, layouts, broker.port)
        published.write([DeviceChanged(START_US, "reader.r", True, "0")])
        with published.going() as follower:
            published.delivered()
            broker.signal(signal.SIGSTOP)
            published.write([DeviceChanged(START_US, "reader.r", True, str(at)) for at in range(1, 50)])
            wait_until(lambda: follower.following.failures >= 2, lambda: follower.following)
            assert follower.following.seq == 1
            broker.signal(signal.SIGCONT)
            published.delivered()
            wait_until(lambda: len({one["data"]["reason"] for one in heard.told("")}) == 50)
