"""The journal: what was appended is there once and in order, whatever the disk does."""

from __future__ import annotations

import sqlite3
import threading
import zlib
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import leave_no_room

from edge.core.core import Core
from edge.core.events import KINDS, Anomaly, AnomalyCode, DeviceChanged, Event, Journaled, Started
from edge.core.values.state import CoreState
from edge.journal.bodies import PACKING, body_text, stored_body
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, decode, encode
from edge.journal.writer import Journal


def notice(number: int) -> DeviceChanged:
    return DeviceChanged(number, f"device{number}", True, "x" * 200)


@given(st.data())
def test_every_kind_survives_the_journal(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(KINDS)))
    st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
    value = data.draw(st.from_type(KINDS[kind]))
    assert decode(kind, encode(value)) == value


def test_what_is_no_text_is_journaled_all_the_same() -> None:
    value = DeviceChanged(1, "reader.\ud800", False, "caf\xe9 \udcff")
    assert decode("DeviceChanged", encode(value)) == DeviceChanged(1, "reader.?", False, "caf\xe9 ?")


def test_what_is_not_on_disk_yet_is_in_hand(tmp_path: Path) -> None:
    """Whenever it is asked, the file and what is unstored are everything, also while the disk refuses."""
    journal = Journal(tmp_path / "j.sqlite")
    reader = JournalReader(tmp_path / "j.sqlite")

    def everything() -> list[int]:
        unstored = journal.unstored()
        there = [record.seq for record in reader.every()]
        return there + [seq for seq, _ in unstored if seq > len(there)]

    journal.append([notice(number) for number in range(300)])
    leave_no_room(journal._db)
    with pytest.raises(sqlite3.Error):
        journal.flush()
    journal.append([notice(300)])
    assert everything() == list(range(1, 302))
    journal._db.execute("PRAGMA max_page_count=1000000")
    journal.start()
    for number in range(301, 500):
        journal.append([notice(number)])
        assert everything() == list(range(1, number + 2))
    assert journal.close()
    reader.close()


def test_every_value_has_a_kind() -> None:
    assert set(KINDS.values()) == {*get_args(Journaled), *get_args(Event)}
    for kind in KINDS.values():
        assert fields(kind)[0].name == "at_us"


def test_appended_in_order_and_found_again(tmp_path: Path) -> None:
    stored: list[int] = []
    done = threading.Event()

    def on_stored(seq: int) -> None:
        stored.append(seq)
        if seq == 500:
            done.set()

    journal = Journal(tmp_path / "j.sqlite", on_stored)
    journal.start()
    for number in range(250):
        journal.append(
            [
                notice(number),
                Anomaly(
                    at_us=number,
                    line="line",
                    code=AnomalyCode.JAM,
                    text="text",
                    track_id=number + 1,
                    subject=f"S{number}",
                ),
            ]
        )
    assert done.wait(60)
    assert stored == sorted(set(stored))
    reader = JournalReader(tmp_path / "j.sqlite")
    assert [record.seq for record in reader.every()] == list(range(1, 501))
    assert [record.value for record in reader.by_ref("S7")] == [
        Anomaly(at_us=7, line="line", code=AnomalyCode.JAM, text="text", track_id=8, subject="S7")
    ]
    assert [record.seq for record in reader.by_ref("line#8")] == [16]
    journal.checkpoint(500, CoreState(feed_seq=9))
    assert journal.close()
    assert reader.checkpoint(CoreState) == (500, CoreState(feed_seq=9))
    reader.close()
    again = Journal(tmp_path / "j.sqlite")
    assert again.seq == 500
    assert again.close()


def test_a_full_disk_is_said_and_survived(tmp_path: Path) -> None:
    """SQLITE_FULL as a full disk gives it, then room again: nothing lost, nothing doubled."""
    troubles: list[str] = []
    said, well = threading.Event(), threading.Event()

    def trouble(text: str) -> None:
        troubles.append(text)
        (said if text else well).set()

    journal = Journal(tmp_path / "j.sqlite", on_trouble=trouble)
    journal.RETRY_S = 0.01  # type: ignore[misc]  # a test does not wait for a disk
    leave_no_room(journal._db)
    journal.start()
    journal.append([notice(number) for number in range(300)])
    assert said.wait(60)
    assert "full" in troubles[0]
    assert str(tmp_path) in troubles[0]
    journal.append([notice(300)])
    journal._db.execute("PRAGMA max_page_count=1000000")
    assert well.wait(60)
    assert journal.close()
    reader = JournalReader(tmp_path / "j.sqlite")
    assert [record.value for record in reader.every()] == [notice(number) for number in range(301)]
    reader.close()


def test_what_could_not_be_stored_is_admitted(tmp_path: Path) -> None:
    said = threading.Event()
    journal = Journal(tmp_path / "j.sqlite", on_trouble=lambda text: said.set())
    leave_no_room(journal._db)
    journal.start()
    journal.append([notice(number) for number in range(300)])
    assert said.wait(60)
    assert not journal.close()


def test_only_its_own_files(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="no such file"):
        JournalReader(tmp_path / "none")
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE cats(name)")
    for wrong in (Journal, JournalReader):
        with pytest.raises(JournalError, match=r"other\.sqlite"):
            wrong(other)
    (tmp_path / "text").write_text("not a database, but long enough to be looked at" * 50)
    with pytest.raises(JournalError, match="text"):
        Journal(tmp_path / "text")
    mine = Journal(tmp_path / "mine")
    with pytest.raises(JournalError, match="another controller"):
        Journal(tmp_path / "mine")
    mine.close()
    with pytest.raises(JournalError, match="unknown kind 'Cat'"):
        decode("Cat", "{}")
    with pytest.raises(JournalError, match="Started"):
        decode("Started", "{}")


def test_state_is_plain(tmp_path: Path) -> None:
    """A core's whole state goes through JSON and comes back equal."""
    core = Core(())
    core.step(Started(at_us=1, controller="a", version="0", layouts=()))
    again = msgspec.json.decode(msgspec.json.encode(core.state), type=CoreState)
    assert again == core.state


@given(text=st.text(max_size=3_000), times=st.integers(1, 20))
def test_a_long_text_comes_back_from_what_is_stored(text: str, times: int) -> None:
    stored = stored_body(text.encode(errors="replace").decode() * times)
    assert body_text(stored) == text.encode(errors="replace").decode() * times
    if isinstance(stored, bytes):
        assert isinstance(body_text(stored[:-1]), str)  # damaged: some text, which is no record


def test_what_was_packed_once_is_read_for_ever() -> None:
    """Every journal that lies anywhere needs these octets: a better dictionary comes beside this one."""
    assert zlib.adler32(PACKING) == 0x82EB6298


def test_long_texts_are_packed_in_a_file_that_was_begun_so(tmp_path: Path) -> None:
    """One that an earlier version began stays as it was, so that that version can go on with it."""
    said = [
        Anomaly(at_us=seq, line="line", code=AnomalyCode.UNKNOWN_TRACK, text=f"text {seq} " * 200)
        for seq in range(1, 9)
    ]
    for form in (0, 1):
        path = tmp_path / f"{form}.sqlite"
        journal = Journal(path)
        journal.close()
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (1,)
            db.execute(f"PRAGMA user_version={form}")
        journal = Journal(path)
        journal.append(said)
        journal.flush()
        journal.close()
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (form,)
            kinds = db.execute("SELECT typeof(body), sum(length(body)) < 4000 FROM record GROUP BY 1").fetchall()
        assert kinds == [("blob", 1) if form else ("text", 0)]
        with closing(JournalReader(path)) as reader:
            assert [record.value for record in reader.after(0)] == said
            assert [record.body for record in reader.after(0)] == [encode(one) for one in said]
