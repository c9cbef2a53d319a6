"""What cannot be done is said in one message, with what, where and what to do, and the exit status; nothing else."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from house import House, make_house

from edge.config.load import load_line
from edge.journal.replay import recover
from edge.journal.writer import Journal


@pytest.fixture
def house(project: Path, tmp_path: Path) -> House:
    return make_house(project, tmp_path)


@pytest.fixture
def taken(house: House) -> Iterator[Callable[[str], int]]:
    """``taken(name)``: somebody else listens on the port of a device or of the site."""
    held: list[socket.socket] = []

    def take(name: str) -> int:
        held.append(socket.create_server(("127.0.0.1", house.ports[name])))
        return house.ports[name]

    yield take
    for one in held:
        one.close()


def test_a_wrong_configuration_is_said_whole(house: House) -> None:
    wrong = house.changed("LINE.toml", ('job = "sort"', 'job = "sorted"'), (r"^decision_mm = \d+", "decision_mm = -3"))
    for command in ("run", "sim"):
        said = house.run(command, wrong)
        assert (said.status, said.out) == (2, "")
        assert "line.sorter.job: 'sorted': input should be 'verify' or 'sort'" in said.err
        assert "line.sorter.decision_mm: -3: input should be greater than or equal to 0" in said.err
    assert "no such file: give the path of a TOML file" in house.refused("run", "nowhere.toml")
    site = house.changed("SITE.toml", ("LINE.toml", wrong), into="site.toml")
    assert re.search(r"changed\.toml:\d+: line\.sorter\.job: ", house.run("api", site).err)
    store = house.changed("SITE.toml", (r"^store = .*", 'store = "mysql://nobody"'))
    for command in ("api", "check"):
        assert "store: 'mysql://nobody': allowed are sqlite:///path and postgresql://" in house.run(command, store).err


def test_a_journal_that_cannot_be_had(house: House) -> None:
    config = load_line(house.folder / "LINE.toml")
    writer = Journal(config.journal)
    try:
        assert "another controller writes it; stop that one or give another path" in house.refused("run", "LINE.toml")
    finally:
        writer.close()

    def with_journal(path: str) -> str:
        wrong = house.changed("LINE.toml", (r"^journal = .*", f'journal = "{path}"'))
        return house.refused("run", wrong)

    (house.folder / "words.txt").write_text("no journal, only words\n" * 500)
    said = with_journal("words.txt/journal.sqlite")
    assert "words.txt/journal.sqlite: File exists" in said and "give `journal` a path that can be written" in said
    assert "give `journal` a path that can be written" in with_journal("/proc/none/journal.sqlite")
    assert "give `journal` a file of its own" in with_journal("words.txt")
    assert "give `journal` a file of its own" in with_journal(".")
    assert "no regular file, so it keeps nothing; give `journal` a file of its own" in with_journal("/dev/full")
    with closing(sqlite3.connect(house.folder / "other.sqlite")) as other:
        other.execute("CREATE TABLE theirs(x)")
    assert "another program's SQLite file; give a path of its own" in with_journal("other.sqlite")
    with closing(sqlite3.connect(house.folder / "other.sqlite")) as other:
        assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("theirs",)], "left as it was"


def test_a_taken_port_is_named_with_what_to_do(house: House, taken: Callable[[str], int]) -> None:
    port = taken("site")
    said = house.refused("api", "SITE.toml")
    assert f"127.0.0.1:{port}: Address already in use: end what uses it, or choose another port in SITE.toml" in said
    said = house.refused("demo", "--port", port)
    assert "cannot be used (Address already in use)" in said and "--headless" in said
    port = taken("reader.tote2")
    said = house.refused("sim", "LINE.toml")
    assert f"reader tote2: cannot listen on 127.0.0.1:{port}" in said and "or choose another in LINE.toml" in said
    port = taken("plc.sorter")
    said = house.refused("sim", "LINE.toml")
    assert f"sorter: cannot listen on 127.0.0.1:{port}" in said and "or choose another in LINE.toml" in said


def test_values_of_the_command_line(house: House) -> None:
    assert "command line: rate: 0: input should be greater than or equal to 1" in house.refused(
        "sim", "LINE.toml", "--rate", 0
    )
    assert "port 99999: not a port: allowed are 1 to 65535" in house.refused("demo", "--port", 99999)
    assert "port 0: not a port" in house.refused("demo", "--port", 0)
    assert "nofile: No such file or directory" in house.refused("sim", "LINE.toml", "--token-file", "nofile")
    assert "allowed is http:// or https://" in house.refused("sim", "LINE.toml", "--orders", "nonsense")


def test_what_nobody_knows(house: House) -> None:
    assert "journal.sqlite: no such file" in house.refused("trace", "1234")
    house.journal(name="var/journal.sqlite")
    assert "nothing is known about '1234'" in house.refused("trace", "1234", status=1)
    said = house.refused("trace", "1234", "--config", "SITE.toml")
    assert "site store sqlite:///" in said and "there is none; the api makes it with its first start" in said


def test_replay_of_what_is_no_good_journal(house: House) -> None:
    good = house.run("replay", house.journal(name="var/good.sqlite"))
    assert good.status == 0 and "6 inputs, 0 decisions derived again, all agree" in good.out
    assert "nofile: no such file" in house.refused("replay", "nofile")
    assert "not a file" in house.refused("replay", ".")
    assert "LINE.toml: file is not a database" in house.refused("replay", "LINE.toml")
    with closing(sqlite3.connect(house.folder / "other.sqlite")) as other:
        other.execute("CREATE TABLE theirs(x)")
    assert "other.sqlite: not a journal of Lanewise" in house.refused("replay", "other.sqlite")

    path = house.journal("UPDATE record SET body = '{}' WHERE seq = 3")
    said = house.refused("replay", path)
    assert "doctored.sqlite: record 3: record of kind 'DeviceChanged': Object missing required field" in said
    assert "no such table: record" in house.refused("replay", house.journal("DROP TABLE record", name="var/2.sqlite"))
    path = house.journal(name="var/3.sqlite")
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096))
    assert "database disk image is malformed" in house.refused("replay", path)

    added = "INSERT INTO record VALUES(7, 7, 'sorter', 'Anomaly', '{\"text\":\"invented\"}')"
    said = house.run("replay", house.journal(added, name="var/4.sqlite"))
    assert (said.status, said.err) == (1, "")
    assert "record 7 differs" in said.out and "invented" in said.out and "replay:  nothing" in said.out


def test_names_damaged_in_a_journal_are_one_line(house: House) -> None:
    """What is no UTF-8, of another type or cut spoils its record alone, or is said; never is it a traceback."""
    spoilt = "CAST(x'ff41' AS TEXT)"
    for number, (change, said) in enumerate(
        (
            (f"UPDATE record SET body = {spoilt} WHERE seq = 3", "record 3: record of kind 'DeviceChanged': JSON is"),
            (f"UPDATE record SET kind = {spoilt} WHERE seq = 3", "record 3: unknown kind '\ufffdA'"),
            ("UPDATE record SET at_us = 'x' WHERE seq = 3", "record 3: damaged: its time is 'x'"),
        )
    ):
        path = house.journal(change, name=f"var/spoilt{number}.sqlite")
        assert said in house.refused("replay", path)
        config = house.changed("LINE.toml", ("^journal = .*$", f'journal = "{path}"'))
        assert said in house.refused("run", config)
    for number, row in enumerate(("5, 'text'", "'x', x'7b7d'", "5, x'ff00'")):
        path = house.journal(f"INSERT INTO checkpoint VALUES(1, {row})", name=f"var/state{number}.sqlite")
        core, seq = recover(path)
        assert seq == 6 and set(core.state.lines) == {"tote1", "tote2", "sorter"}, "the records say the same"


def test_paths_that_no_file_can_have_are_one_line(house: House) -> None:
    longest = "a" * 300
    assert len(house.run("check", longest).err.splitlines()) == 1
    for command in ("run", "replay", "alarms", "opcua"):
        house.refused(command, longest)
    for path in (longest, r"a\\u0000b"):
        config = house.changed("LINE.toml", ("^journal = .*$", f'journal = "{path}"'))
        said = house.refused("run", config) if path is longest else house.run("check", config).err
        assert "control characters" in said or "too long" in said
    site = house.changed("SITE.toml", ("^config = .*$", r'config = "a\\u0000b"'))
    assert "controller.0.config: " in house.run("check", site).err
    (house.folder / "latin").write_bytes('site = "Tøj"\n'.encode("latin-1"))
    assert "not UTF-8: TOML files are UTF-8" in house.run("check", "latin").err
    name = os.fsdecode(b"\xff.toml")
    house.changed("LINE.toml", ("^site = ", "site = "), into=name)
    assert "\\udcff.toml: good: " in house.run("check", name).out


def test_decoders_take_any_garbage(house: House) -> None:
    (house.folder / "noise").write_bytes(bytes(range(255, 0, -1)))
    said = house.run("decode-llrp", "noise")
    assert said.status == 1 and said.err == "" and '"error"' in said.out
    assert "nofile: No such file or directory" in house.refused("decode-llrp", "nofile")
    assert "message type NOPE is not in the standard" in house.refused("decode-llrp", "--body", "NOPE", "noise")
    said = house.run("decode-epc", "zz", "", "30", "é", "3034257BF7194E4000001A85")
    assert said.status == 1 and said.err == ""
    lines = said.out.splitlines()
    assert ['"error"' in line for line in lines] == [True, True, True, True, False]


def test_who_reads_no_further_is_no_failure(project: Path) -> None:
    """As ``| head`` does: more is said than a pipe holds, and nobody is there any more."""
    reading, writing = os.pipe()
    os.close(reading)
    many = ["3034257BF7194E4000001A85"] * 500
    with os.fdopen(writing, "w") as nobody:
        ended = subprocess.run(
            [sys.executable, "-m", "edge.cli", "decode-epc", *many], cwd=project, stdout=nobody, stderr=subprocess.PIPE
        )
    assert (ended.returncode, ended.stderr) == (0, b"")
