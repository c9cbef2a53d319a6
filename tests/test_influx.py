"""InfluxDB: what the journal tells is what the server has, whoever is killed; what it refuses is set aside."""

from __future__ import annotations

import random
import re
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path

import pytest
from hardship import EVENTS_S, KILLS, Publishing, kills
from hypothesis import given, settings
from hypothesis import strategies as st
from influx_peer import Answer, FakeInflux, Influxd, StorageEngine, V2Door, VictoriaMetrics, before
from pure_site import PureSite, example
from waiting import HANGS_S, wait_until

from edge.cli import main
from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.config.publish import InfluxConfig
from edge.core.events import AnomalyCode, DeviceNotice, Event, Journaled, PlcEvent
from edge.journal import writer as journal_module
from edge.journal.follower import Follower
from edge.journal.host_time import now_us
from edge.journal.reader import JournalReader
from edge.journal.record import Record, encode
from edge.journal.source import JournalSource
from edge.journal.writer import Journal
from edge.publish.cursors import (
    CursorError,
    Cursors,
    SetAside,
    Standing,
    TooOld,
    read_cursors,
    read_set_aside,
    read_too_old,
)
from edge.publish.follow import Entry, TargetDown, TargetFollower
from edge.publish.influx import InfluxPublisher
from edge.publish.line_protocol import LineEncoder
from edge.publish.measures import Measures
from edge.publish.process import journal_outlets, open_publisher, run
from edge.publish.schema import MEASUREMENTS, NOTICE, PASSAGE_ANTENNA, FieldKind, SeriesPoint


@pytest.fixture
def influxd(peer: Callable[[str], str], tmp_path: Path) -> Iterator[Influxd]:
    server = Influxd(peer("influxd"), tmp_path)
    server.start()
    server.query("CREATE DATABASE lanewise")
    yield server
    server.kill()


@pytest.fixture(scope="module")
def ran(project: Path) -> list[Journaled | Event]:
    return PureSite(example(project), 5, {"sorter": 120, "tote1": 12}).run(600).journal


def config_for(project: Path, folder: Path, url: str) -> LineConfig:
    """The example's LINE.toml in a folder of its own, with one publisher."""
    text = (project / "examples" / "warehouse" / "LINE.toml").read_text()
    (folder / "token").write_text("s3cret-s3cret-s3cret-s3cret\n")
    publish = f'\n[publish.grafana]\nkind = "influx"\nurl = "{url}"\norg = "acme"\nbucket = "lanewise"\n'
    (folder / "LINE.toml").write_text(f'{text}{publish}token_file = "token"\ntimeout_ms = 5000\n')
    return load_line(folder / "LINE.toml")


def entries(values: Sequence[Journaled | Event]) -> list[Entry]:
    return [
        Entry(Record(seq, value.at_us, "", type(value).__name__, ""), value, f"edge1@1/{seq}")
        for seq, value in enumerate(values, 1)
    ]


def wanted_lines(config: LineConfig, path: Path) -> list[bytes]:
    """Every line that a journal makes, in order."""
    measures, encoder = Measures(config.layouts()), LineEncoder((config.site, config.controller))
    reader = JournalReader(path)
    lines = [line for record in reader.every() for line in encoder.lines(measures.points(record.seq, record.value))]
    reader.close()
    return lines


# ---- the encoding ----------------------------------------------------------------------------------------------------

nasty = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from(' ,="\\\n\t\r\x00漢')), max_size=12)


def test_what_is_encoded_is_what_influxd_reads(influxd: Influxd) -> None:
    wanted: dict[int, tuple[str, str, str]] = {}
    floats: dict[int, tuple[int, float]] = {}
    encoder = LineEncoder(("si te", "edge=1"))

    @settings(max_examples=150, database=None)
    @given(nasty, nasty, nasty, st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=True))
    def collect(device: str, code: str, text: str, whole: int, number: float) -> None:
        at_ns = len(wanted) + 1
        (line,) = encoder.lines([SeriesPoint(NOTICE, (device, code), {"text": text}, at_ns)])
        fields: dict[str, int | float | str] = {"reads": whole, "weight": number}
        (other,) = encoder.lines([SeriesPoint(PASSAGE_ANTENNA, ("l", "p", "1"), fields, at_ns)])
        assert b"\n" not in line + other
        influxd.write("lanewise", [line, other])
        wanted[at_ns] = device, code, text
        floats[at_ns] = whole, number

    collect()

    def shown(text: str) -> str:
        return "".join(" " if character < " " or character == "\x7f" else character for character in text)

    rows = influxd.rows("lanewise")
    assert len(rows["notice"]) == len(wanted)
    for row in rows["notice"]:
        device, code, text = wanted[row["time"]]
        assert row["text"] == shown(text)
        assert row["site"] == "si te" and row["controller"] == "edge=1"
        for name, value in (("device", device), ("code", code)):
            assert row.get(name, "") == shown(value).replace("\\", "/")
    for row in rows["passage_antenna"]:
        whole, number = floats[row["time"]]
        assert row["reads"] == whole
        assert float(row.get("weight", number)) == number or not isfinite(number)


# ---- what a server refuses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speaks", ["1.x conflict", "2.x parse", "2.x conflict", "3 Core"])
@settings(max_examples=6)
@given(bad=st.sets(st.integers(0, 199), max_size=12), requests=st.integers(1, 5))
def test_only_bad_lines_are_set_aside(
    speaks: str, bad: set[int], requests: int, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fake = FakeInflux(speaks)
    door = V2Door(fake.take)
    config = config_for(project, tmp_path_factory.mktemp("influx"), door.url)
    table = config.publish["grafana"]
    assert isinstance(table, InfluxConfig)
    publisher = InfluxPublisher("grafana", table.model_copy(update={"requests": requests}), config)
    try:
        notices = [
            DeviceNotice(
                1_000 * seq, f"reader.r{seq % 7}", AnomalyCode.READER_NOTICE, "poison" if seq in bad else "well"
            )
            for seq in range(200)
        ]
        aside = publisher.prepare(entries(notices))()
    finally:
        publisher.close()
        door.close()
    assert sorted(one.seq - 1 for one in aside) == sorted(bad)
    assert all("poison" in one.what and one.reason for one in aside)
    ours = [line for line in fake.written if line.startswith(b"notice,")]
    assert sorted(set(ours)) == sorted(
        line
        for entry in entries(notices)
        if entry.record.seq - 1 not in bad
        for line in LineEncoder(("demo", "edge1")).lines(Measures(()).points(entry.record.seq, entry.value))
    )
    in_order: dict[bytes, list[int]] = defaultdict(list)
    for line in dict.fromkeys(ours):
        series, _, time_ns = line.rpartition(b" ")
        in_order[series].append(int(time_ns))
    assert all(times == sorted(times) for times in in_order.values())


def test_what_is_older_than_the_server_keeps_is_set_aside_in_few_requests(
    project: Path, tmp_path: Path, influxd: Influxd
) -> None:
    influxd.query('ALTER RETENTION POLICY "autogen" ON "lanewise" DURATION 1h SHARD DURATION 1h')
    door = V2Door(before(influxd))
    config = config_for(project, tmp_path, door.url)
    publisher = InfluxPublisher("grafana", config.publish["grafana"], config)
    now_us = time.time_ns() // 1000
    values = [
        DeviceNotice(at_us, f"reader.r{at_us % 3}", AnomalyCode.READER_NOTICE, "")
        for begin_us in (1_000_000, now_us)
        for at_us in range(begin_us, begin_us + 1_000_000, 500)
    ]
    old = publisher.prepare(entries(values))()
    publisher.close()
    door.close()
    assert all(isinstance(one, TooOld) and "beyond retention policy" in one.reason for one in old)
    assert sum(one.points for one in old if isinstance(one, TooOld)) == 2_000
    assert len(influxd.rows("lanewise")["notice"]) == 2_000
    assert door.requests <= 4


NEW = 1_700_000_000_000_000
"""Of StorageEngine: what is older is beyond its retention."""


@pytest.mark.parametrize("version", ["1.6", "1.12.4", "2.7.12", "2.9"])
@settings(max_examples=8)
@given(
    bad=st.sets(st.integers(0, 199), max_size=5),
    old=st.sets(st.integers(0, 199)) | st.just(frozenset(range(200))),
    timed=st.sets(st.integers(0, 199), max_size=3),
)
def test_old_points_are_counted_and_bad_ones_set_aside_whatever_else_is_in_the_request(
    version: str, bad: set[int], old: set[int], timed: set[int], project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In the words of each version, which name one of several causes."""
    engine = StorageEngine(version, NEW)
    door = V2Door(engine.take)
    config = config_for(project, tmp_path_factory.mktemp("influx"), door.url)
    publisher = InfluxPublisher("grafana", config.publish["grafana"], config)
    timed = timed - bad - old
    text = {**dict.fromkeys(timed, "timed"), **dict.fromkeys(bad, "poison")}
    values = [
        DeviceNotice(
            NEW + 1_000 * (seq if seq not in old else -seq - 1),
            f"reader.r{seq % 7}",
            AnomalyCode.READER_NOTICE,
            text.get(seq, "well"),
        )
        for seq in range(200)
    ]
    try:
        told = publisher.prepare(entries(values))()
        requests = door.requests
    finally:
        publisher.close()
        door.close()
    assert {one.seq - 1 for one in told if isinstance(one, SetAside)} == bad - old
    assert sum(one.points for one in told if isinstance(one, TooOld)) == len(old)
    written = {line for line in engine.written if line.startswith(b"notice,")}
    assert len(written) == 200 - len(old | bad)
    assert requests <= 4 + 4 * (1 + 9 * 2 * len(bad - old | timed)) * bool(bad - old | timed)


def test_a_server_that_refuses_together_what_it_takes_apart_costs_little(project: Path, tmp_path: Path) -> None:
    """No wording of a server costs more than some requests for each bad line."""

    def takes_one(lines: list[bytes]) -> Answer:
        return Answer(204) if len(lines) == 1 else Answer(422, '{"message": "a wording that nobody knows"}')

    door = V2Door(takes_one)
    config = config_for(project, tmp_path, door.url)
    publisher = InfluxPublisher("grafana", config.publish["grafana"], config)
    values = [DeviceNotice(1_000 * seq, "plc.x", AnomalyCode.READER_NOTICE, "well") for seq in range(4_000)]
    try:
        aside = publisher.prepare(entries(values))()
    finally:
        publisher.close()
        door.close()
    assert door.requests < 200
    taken = {line for line in door.taken if line.startswith(b"notice")}
    assert len(aside) + len(taken) == 4_000
    assert any("not taken apart any further after" in one.reason for one in aside)


def test_while_a_batch_is_taken_apart_it_is_said(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    fake, bad_seen, goes_on = FakeInflux("1.x conflict"), threading.Event(), threading.Event()

    def take(lines: list[bytes]) -> Answer:
        if len(lines) == 2:
            bad_seen.set()
            goes_on.wait(HANGS_S)
        return fake.take(lines)

    door = V2Door(take)
    config = config_for(project, tmp_path, door.url)
    writer = Journal(config.journal)
    writer.append([DeviceNotice(seq, "plc.x", AnomalyCode.READER_NOTICE, "poison") for seq in range(1, 65)])
    writer.flush()
    writer.close()
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(journal_outlets(config), stop))
    said = re.compile(
        "refuses some of what it is sent: [0-9]+ requests halved, [0-9]+ points to go, .*: field type conflict"
    )
    try:
        with caplog.at_level("WARNING"), pytest.MonkeyPatch.context() as patch:
            patch.setattr("edge.publish.process.STAND_EVERY_S", 0.0)
            patch.setattr("edge.publish.process.SAY_EVERY_S", 0.0)
            thread.start()
            assert bad_seen.wait(HANGS_S)
            wait_until(lambda: any(said.search(one.getMessage()) for one in caplog.records))
            assert main(["publish", str(tmp_path / "LINE.toml"), "--status"]) == 0
        assert said.search(capsys.readouterr().out)
        goes_on.set()
        wait_until(lambda: any(cursor.seq == 64 for cursor in read_cursors(config.publish_state)))
    finally:
        goes_on.set()
        stop.set()
        thread.join()
        door.close()


def test_points_that_are_too_old_are_counted_where_status_says_them(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = config_for(project, tmp_path, "http://127.0.0.1:9")
    cursors = Cursors(config.publish_state)
    for seq in (10, 20):
        cursors.move("grafana", "edge1@1", seq, [TooOld(seq, 7, "outside retention policy")], 1_000_000)
    cursors.close()
    assert read_too_old(config.publish_state) == {"grafana": (14, "outside retention policy", 1_000_000)}
    assert read_cursors(config.publish_state)[0].set_aside == 0
    main(["publish", str(tmp_path / "LINE.toml"), "--status"])
    said = "    14 points were older than its target keeps, newest 1970-01-01T00:00:01Z: outside retention policy\n"
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_us_to_wait_is_waited_for(status: int, project: Path, tmp_path: Path) -> None:
    door = V2Door(lambda lines: Answer(status, '{"message": "slow down"}', (("Retry-After", "40"),)))
    config = config_for(project, tmp_path, door.url)
    write_journal(config.journal, [DeviceNotice(1_000, "plc.x", AnomalyCode.READER_NOTICE, "well")] * 2, 1)
    cursors, source = Cursors(config.publish_state), JournalSource(config.journal, "edge1")
    follower = TargetFollower("grafana", source, cursors, lambda: open_publisher("grafana", config))
    steps = Follower(source, follower, 0.1, (0.25, 30.0), (CursorError,))
    try:
        assert steps.step() >= 40
        assert follower.following.trouble.endswith("slow down; it asks us to wait 40 s")
        assert door.requests == 1
    finally:
        follower._forget()
        source.close()
        cursors.close()
        door.close()


def test_what_is_not_wanted_has_no_points(project: Path, tmp_path: Path, ran: list[Journaled | Event]) -> None:
    config = config_for(project, tmp_path, "http://127.0.0.1:9")
    publisher, measures = InfluxPublisher("grafana", config.publish["grafana"], config), Measures(config.layouts())
    left_out = 0
    for seq, value in enumerate(ran, 1):
        points = measures.points(seq, value)
        if not publisher.wants(Record(seq, value.at_us, "", type(value).__name__, encode(value))):
            left_out += 1
            assert points == []
    publisher.close()
    assert left_out > 100


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"org": "other"}, "HTTP 404: organization name not found; give `org` and `bucket` as the server has them"),
        ({"bucket": "other"}, "HTTP 404: bucket not found"),
        ({"token_file": None}, "HTTP 401: unauthorized access; give `token_file` a token that may write the bucket"),
        ({"url": "http://127.0.0.1:9"}, "http://127.0.0.1:9: "),
    ],
)
def test_a_wrong_setting_sets_nothing_aside(
    change: dict[str, object], said: str, project: Path, tmp_path: Path
) -> None:
    door = V2Door(FakeInflux("3 Core").take)
    config = config_for(project, tmp_path, door.url)
    table = config.publish["grafana"]
    assert isinstance(table, InfluxConfig)
    publisher = InfluxPublisher("grafana", table.model_copy(update=change), config)
    try:
        deliver = publisher.prepare(entries([DeviceNotice(1_000, "plc.x", AnomalyCode.READER_NOTICE, "poison")]))
        for _ in range(2):
            with pytest.raises(TargetDown, match=re.escape(said)):
                deliver()
    finally:
        publisher.close()
        door.close()


def test_a_server_that_refuses_all_sets_nothing_aside(project: Path, tmp_path: Path) -> None:
    door = V2Door(lambda lines: Answer(400, '{"error": "no such database"}'))
    config = config_for(project, tmp_path, door.url)
    table = config.publish["grafana"]
    assert isinstance(table, InfluxConfig)
    publisher = InfluxPublisher("grafana", table, config)
    try:
        deliver = publisher.prepare(entries([DeviceNotice(1_000, "plc.x", AnomalyCode.READER_NOTICE, "well")]))
        with pytest.raises(TargetDown, match="refuses every point: no such database"):
            deliver()
        door._take = FakeInflux("3 Core").take
        assert deliver() == []
        assert [line[:7] for line in door.taken] == [b"notice,"]
    finally:
        publisher.close()
        door.close()


# ---- conservation ----------------------------------------------------------------------------------------------------


def write_journal(path: Path, values: Sequence[Journaled | Event], rounds: int) -> int:
    """The same happenings again and again, later each time, but once back in time; returns the newest sequence."""
    lasts_us = values[-1].at_us - values[0].at_us
    writer = Journal(path)
    shift_us = 0
    for turn in range(rounds):
        shifted = []
        for value in values:
            moved = {"at_us": value.at_us + shift_us}
            if isinstance(value, PlcEvent):
                moved["device_us"] = value.device_us + shift_us
            shifted.append(replace(value, **moved))
        writer.append(shifted)
        writer.flush()
        shift_us += lasts_us if turn != rounds // 2 - 1 else -lasts_us // 2
    writer.close()
    return writer.seq


def test_hardship_loses_nothing_in_influxdb(
    project: Path, tmp_path: Path, influxd: Influxd, ran: list[Journaled | Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """accepted = delivered + queued + set aside: an hour of events with the server down, both killed, a full disk, a
    slow server, a clock set back.
    """
    monkeypatch.setattr(journal_module, "_ROOM_BYTES", 0)
    door = V2Door(before(influxd))
    config = config_for(project, tmp_path, door.url)
    publishing = Publishing(tmp_path)
    rounds = max(2, EVENTS_S * 1_000_000 // (ran[-1].at_us - ran[0].at_us))
    newest = write_journal(config.journal, ran, rounds)
    lines = wanted_lines(config, config.journal)
    # Somebody else's points of another type: the server refuses what conflicts with them, week by week.
    first_us = ran[0].at_us
    for week in range(-1, 2):
        conflict = f"controller_start,who=else lines=0.5 {(first_us + week * 604_800_000_000) * 1000}"
        influxd.write("lanewise", [conflict.encode()])
    rng = random.Random(1)
    with publishing:
        influxd.kill()
        publishing.fails(1)
        assert publishing.figure("backlog") == newest and publishing.cursor().seq == 0
        with publishing.full_disk():
            influxd.start()
            wait_until(lambda: bool(door.taken), publishing.log)  # delivered, and not written down
        for who in ("slow", *kills(rng)):
            requests, door.delay_s = door.requests, 0.3 * (who == "slow")
            while door.requests < requests + rng.randint(1, 5) and publishing.cursor().seq < newest:
                time.sleep(0.005)
            door.delay_s = 0
            if who == "publisher":
                publishing.kill()
            elif who == "target":
                influxd.kill()
                influxd.start()
        wait_until(lambda: publishing.cursor().seq == newest, publishing.log, 230)
        wait_until(lambda: publishing.figure("backlog") == 0, publishing.log)
        publishing.end(signal.SIGTERM)
    door.close()

    (cursor,) = read_cursors(config.publish_state)
    aside = [one for one, _ in read_set_aside(config.publish_state, "grafana", 1_000_000)]
    assert cursor.set_aside == len(aside) == len({one.what for one in aside})
    assert {one.what.partition(",")[0] for one in aside} == {"controller_start"} and "field type conflict" in aside[
        0
    ].reason
    # what the server has is what the journal tells, point by point, less what was set aside
    kept = Counter(line.partition(b",")[0].decode() for line in lines)
    kept.subtract(one.what.partition(",")[0] for one in aside)
    rows = influxd.rows("lanewise")
    rows.pop("publisher", None)
    found = {name: len([row for row in series if row.get("who") != "else"]) for name, series in rows.items()}
    assert {name: count for name, count in found.items() if count} == {name: n for name, n in kept.items() if n}
    # each line arrived as it is and in its series' order, some of them more than once
    times: dict[bytes, list[bytes]] = defaultdict(list)
    for line in dict.fromkeys(line for line in door.taken if not line.startswith(b"publisher,")):
        times[line[: line.index(b" ")]].append(line)
    wanted: dict[bytes, list[bytes]] = defaultdict(list)
    gone = {one.what.encode() for one in aside}
    for line in lines:
        if line not in gone:
            wanted[line[: line.index(b" ")]].append(line)
    assert times == wanted
    print(f"{newest} records, {len(lines)} points, {len(aside)} set aside, {2 * KILLS} kills, {len(door.taken)} sent")


def test_the_command_says_how_far_it_is_and_what_was_refused(
    project: Path, tmp_path: Path, ran: list[Journaled | Event], capsys: pytest.CaptureFixture[str]
) -> None:
    config = config_for(project, tmp_path, "http://127.0.0.1:9")
    newest = write_journal(config.journal, ran[:40], 1)
    line = str(tmp_path / "LINE.toml")
    assert main(["publish", line, "--status"]) == 0
    assert capsys.readouterr().out == (
        f"grafana (influx): 0 of {newest} records, {newest} to go, 0 set aside, never moved\n"
        "    publisher grafana: lanewise publish does not run, and never did; its cursor stands at record 0\n"
    )
    cursors = Cursors(config.publish_state)
    node = f"edge1@{ran[0].at_us}"
    cursors.move("grafana", node, 30, [SetAside(7, "notice,x=y text=1i 5", "field type conflict")], 1_000_000)
    cursors.stand([Standing("grafana", "http://127.0.0.1:9: Connection refused", now_us())])
    cursors.close()
    assert main(["publish", line, "--status"]) == 0
    said = f"grafana (influx): 30 of {newest} records, {newest - 30} to go, 1 set aside, moved 1970-01-01T00:00:01Z\n"
    said += "    publisher grafana: http://127.0.0.1:9: Connection refused\n"
    assert capsys.readouterr().out == said
    cursors = Cursors(config.publish_state)
    cursors.stand([Standing("grafana", "http://127.0.0.1:9: Connection refused", 1_000_000)])
    cursors.close()
    assert main(["publish", line, "--status"]) == 0  # also of a process that ended
    said = (
        "does not run, since 1970-01-01T00:00:01Z; its cursor stands at record 30 since 1970-01-01T00:00:01Z; its last "
    )
    assert f"{said}trouble: http://127.0.0.1:9: Connection refused\n" in capsys.readouterr().out
    assert main(["publish", line, "--set-aside"]) == 0
    said = "1970-01-01T00:00:01Z grafana: record 7: field type conflict\n    notice,x=y text=1i 5\n"
    assert capsys.readouterr().out == said


def test_a_target_that_is_down_or_slow_delays_no_other(
    project: Path, tmp_path: Path, ran: list[Journaled | Event]
) -> None:
    good, slow = FakeInflux("3 Core"), FakeInflux("3 Core")
    done = threading.Event()

    def in_the_end(lines: list[bytes]) -> Answer:
        done.wait(HANGS_S)
        return slow.take(lines)

    doors = {"good": V2Door(good.take), "slow": V2Door(in_the_end), "dead": V2Door(good.take)}
    doors["dead"].closed = True
    config = config_for(project, tmp_path, doors["good"].url)
    table = config.publish["grafana"]
    assert isinstance(table, InfluxConfig)
    publish = {name: table.model_copy(update={"url": door.url}) for name, door in doors.items()}
    config = config.model_copy(update={"publish": publish})
    newest = write_journal(config.journal, ran, 1)
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(journal_outlets(config), stop))
    thread.start()
    try:
        state = config.publish_state
        assert state is not None
        wait_until(lambda: any(cursor.publisher == "good" and cursor.seq == newest for cursor in read_cursors(state)))
        assert not any(cursor.seq for cursor in read_cursors(state) if cursor.publisher != "good")
        wait_until(lambda: doors["slow"].widest > 1)
    finally:
        done.set()
        stop.set()
        thread.join()
        for door in doors.values():
            door.close()
    assert doors["dead"].requests == 0


def test_victoria_metrics_has_every_number(
    peer: Callable[[str], str], project: Path, tmp_path: Path, ran: list[Journaled | Event]
) -> None:
    server = VictoriaMetrics(peer("victoria-metrics"), tmp_path)
    try:
        config = config_for(project, tmp_path, server.url)
        table = config.publish["grafana"]
        assert isinstance(table, InfluxConfig)
        publisher = InfluxPublisher("grafana", table, config)
        for _ in range(2):  # once more, as after a crash
            assert publisher.prepare(entries(ran))() == []
        publisher.close()
        found = server.samples()
    finally:
        server.stop()
    measures = Measures(config.layouts())
    wanted: dict[tuple[tuple[str, str], ...], dict[int, set[float]]] = {}
    for seq, value in enumerate(ran, 1):
        for point in measures.points(seq, value):
            tags = {"site": config.site, "controller": config.controller}
            tags |= {name: tag for name, tag in zip(point.measurement.tags, point.tags, strict=True) if tag}
            for name, number in point.fields.items():
                if not isinstance(number, str):
                    series = tuple(sorted({**tags, "__name__": f"{point.measurement.name}_{name}"}.items()))
                    wanted.setdefault(series, {}).setdefault(point.time_ns // 1_000_000, set()).add(number)
    texts = {
        f"{one.name}_{field.name}"
        for one in MEASUREMENTS.values()
        for field in one.fields
        if field.kind is FieldKind.TEXT
    }
    found = {series: values for series, values in found.items() if dict(series)["__name__"] not in texts}
    assert found.keys() == wanted.keys()
    for series, values in found.items():
        assert values.keys() == wanted[series].keys()
        assert all(any(value == pytest.approx(one) for one in wanted[series][at_ms]) for at_ms, value in values.items())


# ---- once more -------------------------------------------------------------------------------------------------------


def test_history_is_sent_again_to_one_target(
    project: Path, tmp_path: Path, influxd: Influxd, ran: list[Journaled | Event], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same points, and only those of the time that is asked for; no cursor moves."""
    door = V2Door(before(influxd))
    config = config_for(project, tmp_path, door.url)
    write_journal(config.journal, ran, 1)
    lines = wanted_lines(config, config.journal)
    middle_us = ran[len(ran) // 2].at_us
    since = datetime.fromtimestamp(middle_us / 1_000_000, UTC).isoformat()
    line = str(tmp_path / "LINE.toml")
    assert main(["publish", line, "grafana", "--again", "--since", since]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("records sent again")
    seqs = {seq for seq, value in enumerate(ran, 1) if value.at_us >= middle_us}
    measures, encoder = Measures(config.layouts()), LineEncoder((config.site, config.controller))
    wanted = [
        told for seq, value in enumerate(ran, 1) for told in encoder.lines(measures.points(seq, value)) if seq in seqs
    ]
    assert 100 < len(wanted) < len(lines)
    assert sorted(door.taken) == sorted(wanted)
    assert not read_cursors(config.publish_state)
    assert main(["publish", line, "nobody", "--again", "--since", since]) != 0
    assert main(["publish", line, "grafana", "--again"]) != 0
    door.close()


def test_what_was_set_aside_is_sent_again_and_only_the_rest_stays(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = FakeInflux("1.x conflict")
    door = V2Door(fake.take)
    config = config_for(project, tmp_path, door.url)
    cursors = Cursors(config.publish_state)  # beside the process that publishes
    aside = [SetAside(seq, f'notice,x=y text="{text}" {seq}', "no") for seq, text in ((7, "well"), (8, "poison"))]
    cursors.move("grafana", "edge1@1", 30, aside, 1_000_000)
    assert main(["publish", str(tmp_path / "LINE.toml"), "grafana", "--set-aside", "--again"]) == 0
    assert capsys.readouterr().out == "grafana: 2 points sent again, 1 points refused: field type conflict\n"
    assert [one.seq for one, _ in read_set_aside(config.publish_state, "grafana")] == [8]
    assert cursors.move("grafana", "edge1@1", 31, [], 2_000_000).set_aside == 1
    assert b'notice,x=y text="well" 7' in door.taken
    cursors.close()
    door.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('{"results": [{"series": [{"values": [["1970-01-01T00:00:00Z", 1]]}]}]}', "is there once, as it must be"),
        ('{"dataset": [[2]]}', "is there 2 times: what is sent again counts again"),
        ("no", "cannot be asked here how often it has it"),
    ],
)
def test_a_store_is_tried_whether_twice_is_once_there(
    answer: str,
    said: str,
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge.publish.influx._ASK_EVERY_S", 0.0)
    door = V2Door(FakeInflux("3 Core").take)
    door.counted = answer
    config_for(project, tmp_path, door.url)
    assert main(["publish", str(tmp_path / "LINE.toml"), "grafana", "--check"]) == 0
    assert said in capsys.readouterr().out
    first, second = door.taken
    assert first == second and first.startswith(b"lanewise_check,probe=")
    door.close()


def test_influxdb_has_once_what_was_written_twice(
    project: Path, tmp_path: Path, influxd: Influxd, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = V2Door(before(influxd))
    config = config_for(project, tmp_path, door.url)
    publisher = InfluxPublisher("grafana", config.publish["grafana"], config)
    monkeypatch.setattr(
        publisher, "_asked", lambda path, told: path == "/query" and {"results": [influxd.query(told["q"], told["db"])]}
    )
    assert publisher.written_twice() == 1
    publisher.close()
    door.close()
