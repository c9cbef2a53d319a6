"""Readers that speak their maker's JSON, through mosquitto and over an HTTP stream: all of it, whatever breaks.

Public names: none; run by pytest.
"""

from __future__ import annotations

import asyncio
import json
import math
import queue
import ssl
import subprocess
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aedes import Aedes
from certificates import Authority
from conftest import Run
from hypothesis import given
from hypothesis import strategies as st
from loops import LOOPS, Loop
from mosquitto import Mosquitto, old_broker
from paho.mqtt import publish
from paho.mqtt.enums import MQTTProtocolVersion
from reader_owner import ReaderOwner

from edge.cli import main
from edge.config.load import ConfigError, load_line
from rfid.bad_messages import BadMessages
from rfid.driver import PortChanged, ReaderClock, ReaderEvent, ReaderFailure, ReaderNotice, Reads, TagRead
from rfid.http_reader import JsonLines
from rfid.vendor_json import BadJson, Vendor, decode, heard

SECRET = "a word that nobody has"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def impinj(epc: str, antenna: int = 1, cdbm: int = -5050, at: str = "2026-01-31T23:59:59.123456789Z") -> dict[str, Any]:
    """A read as an R700 tells it."""
    tag = {"epc": b64encode(bytes.fromhex(epc)).decode(), "antennaPort": antenna, "peakRssiCdbm": cdbm}
    return {"timestamp": at, "hostname": "impinj-14-46-36", "eventType": "tagInventory", "tagInventoryEvent": tag}


def zebra(epc: str, antenna: int = 1, dbm: float = -50.5, at: str = "2026-02-01T07:59:59.123+0800") -> dict[str, Any]:
    """A read as an FX9600 tells it."""
    tag = {"eventNum": 7, "format": "epc", "idHex": epc.lower(), "antenna": antenna, "peakRssi": dbm}
    return {"type": "SIMPLE", "timestamp": at, "data": tag}


# ---- messages --------------------------------------------------------------------------------------------------------

EPCS = st.integers(1, 31).flatmap(lambda words: st.binary(min_size=2 * words, max_size=2 * words)).map(bytes.hex)
TIMES = st.integers(86_400_000_000, 7_000_000_000_000_000).map(lambda us: EPOCH + timedelta(microseconds=us))


@given(EPCS, st.integers(1, 255), st.integers(-15_000, 3_000), TIMES, st.integers(-14 * 60, 14 * 60), st.integers(1, 9))
def test_both_makers_tell_the_same_read(
    epc: str, antenna: int, cdbm: int, time: datetime, offset_min: int, digits: int
) -> None:
    at = time.astimezone(timezone(timedelta(minutes=offset_min)))
    sign, offset = "-" if offset_min < 0 else "+", abs(offset_min)
    seconds = at.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{at.microsecond:06}000"[:digits]
    us = (at.replace(microsecond=0) - EPOCH) // timedelta(microseconds=1) + int(fraction.ljust(6, "0")[:6])
    said = f"{seconds}.{fraction}{sign}{offset // 60:02}:{offset % 60:02}"
    read = TagRead(epc.upper(), antenna, cdbm / 100, us, 1)
    first = impinj(epc, antenna, cdbm, said)
    second = impinj(epc, antenna, cdbm)
    tag = second["tagInventoryEvent"]
    tag |= {"epc": urlsafe_b64encode(bytes.fromhex(epc)).decode().rstrip("="), "lastSeenTime": said}
    third = zebra(epc, antenna, cdbm / 100, said.replace(".", ",")[:-3] + said[-2:])
    for vendor, message in ((Vendor.IMPINJ, first), (Vendor.IMPINJ, second), (Vendor.ZEBRA, third)):
        assert decoded(vendor, json.dumps(message).encode()) == [Reads((read,), ReaderClock.UTC)]
        assert decoded(vendor, json.dumps([message] * 2).encode()) == [Reads((read,), ReaderClock.UTC)] * 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
KEYS = ["epc", "epcHex", "antennaPort", "peakRssiCdbm", "phaseAngle", "tid", "lastSeenTime", "transition", "gpi"]
KEYS += ["idHex", "antenna", "peakRssi", "reads", "phase", "TID", "pin", "state", "inventoryStatus"]


def decoded(vendor: Vendor, octets: bytes) -> list[ReaderEvent]:
    return [event for event in decode(vendor, octets) if event is not None]


def listened(vendor: Vendor, octets: bytes, bad: BadMessages, where: str = "") -> tuple[bool, list[ReaderEvent]]:
    """Whether anything was right, which it knew before it told the first event, and the events."""
    events, alive = list[ReaderEvent](), list[int]()
    steps = heard(vendor, octets, bad, lambda: alive.append(len(events)), events.append, where)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            assert alive == [0] * end.value
            return end.value, events


@given(
    st.lists(
        st.sampled_from([zebra("E280"), zebra("3034"), zebra(""), {}, None, 7, 10**30, [], "x" * 999]), max_size=70
    )
)
def test_a_long_message_says_what_a_short_one_does(entries: list[Any]) -> None:
    short = json.dumps(entries, indent=1).encode()
    long = short.replace(b"[", b"[" + b" " * 40_000, 1)
    assert listened(Vendor.ZEBRA, long, BadMessages())[0] == listened(Vendor.ZEBRA, short, BadMessages())[0]
    told = [listened(Vendor.ZEBRA, octets, BadMessages())[1] for octets in (long, short)]
    reads = [[event for event in events if isinstance(event, Reads)] for events in told]
    assert reads[0] == reads[1]
    for wrong in (
        long[:-1],
        long + b"]",
        long.replace(b"\n", b"", 1)[:-2] + b",]",
        long[:-1] + b"}",
        b"{" + b" " * 40_000 + b"}",
    ):
        right, (*_, notice) = listened(Vendor.ZEBRA, wrong, BadMessages())
        assert not right
        assert isinstance(notice, ReaderNotice)


def test_no_step_has_more_than_a_few_entries_to_look_at() -> None:
    for entry in (b"1", b"{}", b"[" * 20_000, b'"' + b"x" * 30_000 + b'"'):
        octets = b"[" + b",".join([entry] * (200_000 // len(entry))) + b"]"
        steps = sum(1 for _ in heard(Vendor.ZEBRA, octets, BadMessages(), lambda: None, lambda _: None))
        assert steps >= (0 if entry.startswith(b"[") else 2 * (200_000 // len(entry)) // 20 - 2)
    assert listened(Vendor.ZEBRA, b"[" + b"9" * 40_000 + b"]", BadMessages())[0] is False


@given(
    st.sampled_from(list(Vendor)),
    st.dictionaries(st.sampled_from(KEYS), JSON),
    st.sampled_from(["tagInventoryEvent", "gpiTransitionEvent", "antennaConnectedEvent", "data", "fooEvent"]),
    JSON,
)
def test_what_is_no_message_is_refused_and_breaks_nothing(
    vendor: Vendor, event: dict[str, Any], kind: str, other: Any
) -> None:
    for message in ({kind: event, "timestamp": other}, {**zebra("E280" * 6), kind: event}, other):
        try:
            events = decoded(vendor, json.dumps(message).encode())
        except BadJson as error:
            assert str(error)
        else:
            assert all(isinstance(one, Reads | PortChanged | ReaderNotice) for one in events)


def test_each_missing_or_wrong_part_is_named() -> None:
    def refused(vendor: Vendor, message: Any) -> str:
        with pytest.raises(BadJson) as said:
            decoded(vendor, message if isinstance(message, bytes) else json.dumps(message).encode())
        return str(said.value)

    for key in ("epc", "antennaPort", "peakRssiCdbm"):
        message = impinj("E280" * 6)
        del message["tagInventoryEvent"][key]
        assert refused(Vendor.IMPINJ, message).startswith(f"{key} is missing: enable it in the preset's")
    for key in ("antenna", "peakRssi"):
        message = zebra("E280" * 6)
        del message["data"][key]
        assert refused(Vendor.ZEBRA, message).startswith(f"{key} is missing: add it to tagMetaData")
    assert "not JSON" in refused(Vendor.IMPINJ, b'{"timestamp": ')
    assert "is not base64" in refused(Vendor.IMPINJ, {"timestamp": "x", "tagInventoryEvent": {"epc": "4j?="}})
    assert "1 to 31 words" in refused(Vendor.ZEBRA, zebra("E28"))
    assert "antennaPort 0 is not in 1..255" in refused(Vendor.IMPINJ, impinj("E280", 0))
    assert "peakRssiCdbm -20000 is not in" in refused(Vendor.IMPINJ, impinj("E280", 1, -20_000))
    for time in ("2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "yesterday"):
        assert repr(time)[1:-1] in refused(Vendor.IMPINJ, impinj("E280", 1, -50, time))
    assert "0 keys that end with Event" in refused(Vendor.IMPINJ, zebra("E280"))
    assert "neither data.idHex" in refused(Vendor.ZEBRA, impinj("E280"))


def test_a_wrong_entry_of_a_list_takes_no_other_with_it(shared: Path) -> None:
    field = (shared / "field" / "zebra_batch_blank_tag.json").read_bytes()
    read, other = (TagRead(f"3034257BF7194E4000001A{end}", 1, -50.0, 1_795_166_068_651_000, 1) for end in (85, 86))
    bad = BadMessages()
    right, events = listened(Vendor.ZEBRA, field, bad, "fx: ")
    assert right
    assert events[:-1] == [
        Reads((one,), ReaderClock.UTC) for one in (read, other._replace(antenna=2, rssi_dbm=-55.0, seen=1_387_321))
    ]
    said = "bad message number 1: fx: entry 2: idHex '' must be 1 to 31 words of four hexadecimal digits"
    assert isinstance(events[-1], ReaderNotice)
    assert events[-1].text.startswith(f"{said}; 1 of 3 entries left out: ")
    for vendor, good in ((Vendor.ZEBRA, zebra), (Vendor.IMPINJ, impinj)):
        for wrong in (good(""), good("E280", 0), good("E280", 1, -99_999), good("E280", at="now"), {}, None, [], 7):
            batch = json.dumps([good("E280"), wrong, wrong, good("3034")]).encode()
            _, (*kept, _) = listened(vendor, batch, BadMessages())
            assert [one.reads[0].epc for one in kept if isinstance(one, Reads)] == ["E280", "3034"]


def test_what_readers_say_besides_tags() -> None:
    def told(vendor: Vendor, **message: Any) -> list[Any]:
        return decoded(vendor, json.dumps(message).encode())

    tag = impinj("E280")["tagInventoryEvent"] | {"phaseAngle": -90.0, "tidHex": "e2801160"}
    (read,) = told(Vendor.IMPINJ, timestamp="2026-01-01T00:00:00Z", tagInventoryEvent=tag)
    assert math.isclose(read.details[0].phase_rad, 1.5 * math.pi)
    assert read.details[0].tid == "E2801160"
    assert told(Vendor.IMPINJ, antennaDisconnectedEvent={"antennaPort": 3}) == [PortChanged("antenna", 3, False)]
    transition = {"gpi": 2, "transition": "low-to-high"}
    assert told(Vendor.IMPINJ, gpiTransitionEvent=transition) == [PortChanged("gpi", 2, True)]
    assert told(Vendor.IMPINJ, inventoryStatusEvent={"inventoryStatus": "running"}) == []
    (notice,) = told(Vendor.IMPINJ, inventoryStatusEvent={"inventoryStatus": "idle"})
    assert "start a preset" in notice.text
    assert told(Vendor.ZEBRA, eventType="heartbeatEVT", component="RC", data={}) == []
    assert told(Vendor.ZEBRA, type="gpi", data={"pin": "1", "state": "HIGH"}) == [PortChanged("gpi", 1, True)]
    (notice,) = told(Vendor.ZEBRA, eventType="errors", component="RG", data={"reason": "antenna 2 open"})
    assert "antenna 2 open" in notice.text


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b""))), st.lists(st.integers(0, 300)))
def test_any_split_of_a_stream_gives_the_same_lines(lines: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    ends = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    taken = JsonLines()
    found = [line for begin, end in pairwise(ends) for line in taken.feed(stream[begin:end])]
    assert found == [line for line in lines if line.strip()]
    assert not taken.within
    assert not taken.feed(b'{"cut": ')
    assert taken.within


# ---- MQTT ------------------------------------------------------------------------------------------------------------


async def publish_all(broker: Mosquitto | Aedes, topic: str, *messages: object, **more: Any) -> None:
    """By the library's own one-shot publisher, in its own thread."""
    send = [
        {"topic": topic, "payload": one if isinstance(one, bytes) else json.dumps(one), "qos": 1} for one in messages
    ]
    more = {"hostname": "127.0.0.1", "port": broker.port, "protocol": MQTTProtocolVersion.MQTTv5} | more
    await asyncio.to_thread(publish.multiple, send, **more)


@LOOPS
def test_reads_come_through_a_broker_that_is_killed_and_comes_back(
    run: Run, peer: Callable[[str], str], tmp_path: Path, loop: Loop
) -> None:
    broker = Mosquitto(peer("mosquitto"), tmp_path)
    keys = {"driver": "mqtt-json", "host": "127.0.0.1", "port": broker.port, "topics": ("r700/+/events",)}

    async def main() -> None:
        owner = ReaderOwner("dock1", vendor="impinj", **keys)
        async with owner.kept():
            await owner.until(lambda: bool(owner.errors))
            assert "connection refused" in str(owner.errors[0])
            await asyncio.to_thread(broker.start)
            await owner.until(lambda: owner.reached == 1)
            await publish_all(broker, "r700/1/events", impinj("E280" * 6), b"{nonsense", impinj("3034" * 6, 4))
            await owner.until(lambda: len(owner.epcs) == 2)
            assert owner.reads[1] == TagRead("3034" * 6, 4, -50.5, 1_769_903_999_123_456, 1)
            (notice,) = owner.notices
            assert notice.startswith("bad message number 1: r700/1/events: not JSON")
            before = len(owner.errors)
            broker.kill()
            await owner.until(lambda: len(owner.errors) > before)
            assert f"dock1: MQTT broker 127.0.0.1:{broker.port}: the broker is gone" in str(owner.errors[before])
            assert owner.errors[before].failure is ReaderFailure.LOST
            await asyncio.to_thread(broker.start)
            await owner.until(lambda: owner.reached == 2)
            await publish_all(broker, "r700/1/events", impinj("AAAA" * 6))
            await owner.until(lambda: len(owner.epcs) == 3)
            mute = ReaderOwner("dock2", vendor="zebra", silent_s=0.3, **keys | {"topics": ("nothing",)})
            async with mute.kept():
                await mute.until(lambda: bool(mute.errors))
                assert "no message for 0.3 s: is the reader up" in str(mute.errors[0])

    try:
        run(main(), loop=loop)
    finally:
        broker.kill()


@asynccontextmanager
async def old_gate(broker: Mosquitto, refusal: bytes) -> AsyncIterator[tuple[int, list[int]]]:
    """A port behind which mosquitto is as one of MQTT 3.1.1 alone, and the versions that were asked for there."""
    asked: list[int] = []

    async def passed(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while octets := await source.read(65_536):
                target.write(octets)
        target.close()

    async def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connect = await reader.read(65_536)  # one packet, sent at once
        asked.append(connect[connect.index(b"MQTT") + 4])
        try:
            if asked[-1] == 5:
                raise ConnectionRefusedError
            inner, outer = await asyncio.open_connection("127.0.0.1", broker.port)
        except ConnectionRefusedError:
            writer.write(refusal if asked[-1] == 5 else b"")
            writer.close()
            return
        outer.write(connect)
        await asyncio.gather(passed(reader, outer), passed(inner, writer))

    server = await asyncio.start_server(came, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], asked
    finally:
        server.close()


@pytest.mark.parametrize("refusal", [b"\x20\x02\x00\x01", b""], ids=["connack", "close"])
def test_a_broker_of_mqtt_3_1_1_is_spoken_to_in_its_version(
    run: Run, peer: Callable[[str], str], tmp_path: Path, refusal: bytes
) -> None:
    broker = Mosquitto(peer("mosquitto"), tmp_path)

    async def main() -> None:
        async with old_gate(broker, refusal) as (port, asked):
            keys = {"driver": "mqtt-json", "vendor": "zebra", "host": "127.0.0.1", "port": port, "topics": ("fx",)}
            owner = ReaderOwner("dock1", **keys)
            async with owner.kept():
                await owner.until(lambda: owner.reached == 1)
                (first,) = owner.errors
                assert str(first).endswith("perhaps it speaks MQTT 3.1.1 alone, which is tried next")
                assert any("of version 3.1.1, fx" in str(event) for event in owner.events)
                await publish_all(broker, "fx", zebra("E280" * 6))
                await owner.until(lambda: owner.epcs == ["E280" * 6])
                broker.kill()
                await owner.until(lambda: len(owner.errors) > 1)
                await asyncio.to_thread(broker.start)
                await owner.until(lambda: owner.reached == 2)
                await publish_all(broker, "fx", zebra("3034" * 6))
                await owner.until(lambda: len(owner.epcs) == 2)
            assert asked[:3] == [5, 4, 4], "the version that was taken comes first"

    broker.start()
    try:
        run(main())
    finally:
        broker.kill()


def test_a_broker_that_never_spoke_another_version_is_spoken_to_in_its_own(
    run: Run, peer: Callable[[str], str], npm: Callable[[str], Path]
) -> None:
    """aedes, which knows MQTT 3.1.1 alone: found, left when it is killed, and found again."""
    broker = Aedes(peer("node"), npm("aedes"))
    keys = {"driver": "mqtt-json", "vendor": "zebra", "host": "127.0.0.1", "port": broker.port, "topics": ("fx",)}
    old = {"protocol": MQTTProtocolVersion.MQTTv311}

    async def main() -> None:
        owner = ReaderOwner("dock1", **keys)
        with broker:
            async with owner.kept():
                await owner.until(lambda: owner.reached == 1)
                assert str(owner.errors[0]).endswith("perhaps it speaks MQTT 3.1.1 alone, which is tried next")
                await publish_all(broker, "fx", zebra("E280" * 6), zebra("E281" * 6), **old)
                await owner.until(lambda: owner.epcs == ["E280" * 6, "E281" * 6])
                broker.kill()
                await owner.until(lambda: len(owner.errors) > 1)
                await asyncio.to_thread(broker.start)
                await owner.until(lambda: owner.reached == 2)
                await publish_all(broker, "fx", zebra("3034" * 6), **old)
                await owner.until(lambda: len(owner.epcs) == 3)

    run(main())


@pytest.mark.parametrize("way", ["connack", "close"])
def test_a_broker_that_refuses_every_version_is_told_which_are_needed(run: Run, shared: Path, way: str) -> None:
    async def main(port: int) -> None:
        keys = {"driver": "mqtt-json", "vendor": "impinj", "host": "127.0.0.1", "port": port, "topics": ("x",)}
        owner = ReaderOwner("dock1", **keys)
        async with owner.kept():
            await owner.until(lambda: len(owner.errors) > 2)
        tried, said, again = map(str, owner.errors[:3])
        assert tried == again and tried.endswith("perhaps it speaks MQTT 3.1.1 alone, which is tried next")
        assert said.endswith("it speaks neither MQTT 5 nor 3.1.1: a broker of one of these is needed")
        assert "password" not in said

    with old_broker(shared, way) as port:
        run(main(port))


def test_watching_tries_every_version_before_it_ends(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with old_broker(shared, "connack") as port:
        (tmp_path / "LINE.toml").write_text(
            'controller = "c"\nsite = "s"\njournal = "j.db"\n[reader.m]\ndriver = "mqtt-json"\nvendor = "zebra"\n'
            f'host = "127.0.0.1"\nport = {port}\ntopics = ["z"]\nantennas = [1, 2]\n'
            '[[dock]]\nname = "d"\nreader = "m"\ninside = [1]\noutside = [2]\n'
        )
        assert main(["rfid", "watch", "m", "--config", str(tmp_path / "LINE.toml"), "--seconds", "60"]) == 2
    first, then = capsys.readouterr().err.splitlines()
    assert first.endswith("perhaps it speaks MQTT 3.1.1 alone, which is tried next") and "password" not in first
    assert then.endswith("it speaks neither MQTT 5 nor 3.1.1: a broker of one of these is needed")


def test_a_broker_with_tls_and_logins(run: Run, peer: Callable[[str], str], tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    signed = authority.sign("broker")
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    (tmp_path / "wrong").write_text("another\n")
    passwords = tmp_path / "passwords"
    subprocess.run([peer("mosquitto_passwd"), "-b", "-c", str(passwords), "line", SECRET], check=True)
    lines = [f"certfile {signed.certificate}", f"keyfile {signed.key}", f"password_file {passwords}"]
    broker = Mosquitto(peer("mosquitto"), tmp_path, "\n".join([*lines, "allow_anonymous false"]))
    keys = {"driver": "mqtt-json", "vendor": "zebra", "host": "127.0.0.1", "port": broker.port, "topics": ("fx",)}
    keys |= {"transport": "tls", "ca": authority.certificate, "user": "line", "password_file": tmp_path / "secret"}

    async def first_error(**other: Any) -> str:
        owner = ReaderOwner("fx", **keys | other)
        async with owner.kept():
            await owner.until(lambda: bool(owner.errors))
        return str(owner.errors[0])

    async def main() -> None:
        await asyncio.to_thread(broker.start)
        assert "not authorized: look at user and password_file" in await first_error(password_file=tmp_path / "wrong")
        said = await first_error(user="", password_file=None)
        assert "not authorized: it wants a login: give user and password_file" in said
        assert "TLS: " in await first_error(ca=stranger.certificate)
        owner = ReaderOwner("fx", **keys)
        async with owner.kept():
            await owner.until(lambda: owner.reached == 1)
            login = {"username": "line", "password": SECRET}
            context = ssl.create_default_context(cafile=authority.certificate)
            await publish_all(broker, "fx", zebra("E280" * 6), auth=login, tls=context)
            await owner.until(lambda: owner.epcs == ["E280" * 6])

    try:
        run(main())
    finally:
        broker.kill()


# ---- HTTP ------------------------------------------------------------------------------------------------------------


class StreamPeer:
    """A reader's web server, by the standard library: streams what is put into ``pieces``; None cuts the connection."""

    def __init__(self) -> None:
        self.pieces: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.headers["Authorization"] != "Basic " + b64encode(f"root:{SECRET}".encode()).decode():
                    self.send_error(401)
                    return
                if self.path != "/api/v1/data/stream":
                    self.send_error(403 if self.path == "/forbidden" else 404)
                    return
                self.send_response(200)
                self.send_header("Content-Type", "application/x-ndjson")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                while (piece := peer.pieces.get()) is not None:
                    if piece:
                        self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port: int = self.server.server_address[1]

    @contextmanager
    def serving(self, tls: ssl.SSLContext | None = None) -> Iterator[StreamPeer]:
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.pieces.put(None)
            self.server.shutdown()
            thread.join()
            self.server.server_close()


def line(*messages: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\r\n" for one in messages)


@LOOPS
@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_reads_come_over_a_stream_that_is_cut(run: Run, tmp_path: Path, loop: Loop, secure: bool) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "wrong").write_text("x")
    keys: dict[str, Any] = {"driver": "http-json", "user": "root", "password_file": tmp_path / "secret"}
    tls = None
    if secure:
        authority = Authority(tmp_path)
        signed = authority.sign("reader")
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(signed.certificate, signed.key)
        keys["ca"] = authority.certificate

    async def main() -> None:
        with StreamPeer().serving(tls) as reader:
            url = f"http{'s' * secure}://127.0.0.1:{reader.port}"
            keys["url"] = f"{url}/api/v1/data/stream"
            for wrong, said in (
                ({"password_file": tmp_path / "wrong"}, "HTTP status 401 where 200 is needed: look at user"),
                ({"url": f"{url}/forbidden"}, "HTTP status 403 where 200 is needed: look at the reader's own page who"),
                ({"url": f"{url}/api/data"}, "HTTP status 404 where 200 is needed: look at the path"),
            ):
                stranger = ReaderOwner("r700", **keys | wrong)
                async with stranger.kept():
                    await stranger.until(lambda stranger=stranger: bool(stranger.errors))  # type: ignore[misc]
                assert said in str(stranger.errors[0])
            owner = ReaderOwner("r700", **keys)
            async with owner.kept():
                await owner.until(lambda: owner.reached == 1)
                whole = line(impinj("E280" * 6), impinj("3034" * 6))
                reader.pieces.put(b"\r\n\r\n" + whole[:50])
                reader.pieces.put(whole[50:] + b"\r\nnonsense\r\n" + line(impinj("AAAA" * 6))[:40])
                await owner.until(lambda: len(owner.epcs) == 2 and bool(owner.notices))
                reader.pieces.put(None)
                await owner.until(lambda: owner.reached == 2)
                assert owner.errors[0].failure in (ReaderFailure.LOST, ReaderFailure.GARBAGE)
                assert keys["url"] in str(owner.errors[0])
                reader.pieces.put(line(impinj("BBBB" * 6)))
                await owner.until(lambda: len(owner.epcs) == 3)
            assert owner.epcs == ["E280" * 6, "3034" * 6, "BBBB" * 6]
            silent = ReaderOwner("r700", silent_s=0.2, **keys)
            async with silent.kept():
                await silent.until(lambda: bool(silent.errors))
                assert "nothing for 0.2 s, not even a blank line" in str(silent.errors[0])
                for _ in range(50):
                    reader.pieces.put(None)

    run(main(), loop=loop)


def test_logins_do_not_go_in_the_clear(project: Path, tmp_path: Path) -> None:
    text = (project / "examples" / "warehouse" / "LINE.toml").read_text(encoding="utf-8")
    head = text.index("[reader.tote1]")
    (tmp_path / "pw").write_text("x")

    def problems(table: str) -> list[str]:
        path = tmp_path / "LINE.toml"
        path.write_text(f"{text[:head]}[reader.r]\n{table}\n{text[head:]}", encoding="utf-8")
        try:
            load_line(path)
        except ConfigError as error:
            return error.problems
        return []

    stream = 'driver = "http-json"\nurl = "http://10.0.0.5/api/v1/data/stream"\n'
    assert problems(stream) == []
    plain = ", or plain = true in a network that nobody else hears"
    only = "reader.r.user: the password would go in the clear: only with"
    assert problems(stream + 'user = "root"\npassword_file = "pw"') == [
        f"{only} an https url, this one is 'http://10.0.0.5/api/v1/data/stream'{plain}"
    ]
    assert problems(stream.replace("http:", "https:") + 'user = "root"\npassword_file = "pw"') == []
    assert problems(stream.replace("http:", "https:") + 'user = "root"\npassword_file = "gone"')[0].endswith(
        "gone': no such file"
    )
    assert problems(stream.replace("10.0.0.5", "10.0.0.5:99999")) == [
        "reader.r.url: 'http://10.0.0.5:99999/api/v1/data/stream': port out of range 0-65535"
    ]
    broker = 'driver = "mqtt-json"\nvendor = "zebra"\nhost = "broker"\ntopics = ["fx"]\n'
    assert problems(broker) == []
    assert problems(broker + 'user = "line"') == [
        "reader.r.password_file: missing: user and password belong together",
        f"{only} transport 'tls', this one has 'tcp'{plain}",
    ]
