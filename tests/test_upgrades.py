"""Upgrades and ways back: what a start makes of what another version left, see docs/adr/0022.

The journal is that of a release; what a newer version would have written is written into it.
"""

from __future__ import annotations

import lzma
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from edge.cli import main
from edge.core.events import LaneRequested, RouteDecided, Started
from edge.core.values import flags
from edge.core.values.state import CoreState
from edge.core.values.track import RouteState, Track, TrackState
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, Record
from edge.journal.replay import recover, replay
from edge.journal.trim import Trim
from edge.journal.writer import Journal
from edge.publish.cursors import CursorError, Cursors, read_cursors
from edge.site.schema import upgrade
from edge.site.store import SiteStore, StoreError
from edge.site.tables.leases import leases

GOLDEN = sorted(Path(__file__).with_name("golden").glob("*.sqlite.xz"))


@pytest.fixture(scope="module")
def released() -> bytes:
    return lzma.decompress(GOLDEN[0].read_bytes())


@pytest.fixture
def journal(released: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(released)
    return path


def change(path: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(sql, values)
        db.commit()


def read(path: Path, sql: str, *values: object) -> Any:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(sql, values).fetchone()[0]


def append(path: Path, kind: str, body: dict[str, object]) -> None:
    seq = read(path, "SELECT max(seq) FROM record")
    change(
        path, "INSERT INTO record VALUES(?,?,'',?,?)", seq + 1, body["at_us"], kind, msgspec.json.encode(body).decode()
    )


def started_of(path: Path) -> Started:
    with closing(JournalReader(path)) as reader:
        value = reader.of_kind(Started.__name__)[-1].value
    assert isinstance(value, Started)
    return value


def decided(state: CoreState) -> dict[str, Any]:
    """A state without what a portal makes of reads, which are in no journal and decide nothing behind it."""
    told = msgspec.to_builtins(replace(state, started=None), str_keys=True)
    for line in told["lines"].values():
        del line["portal"]
    return told


# ---- back to an earlier version --------------------------------------------------------------------------------------

WORDS = msgspec.to_builtins(LaneRequested(at_us=1, feed_seq=0, line="x", lane=1, enabled=True, by="Ann"))
NEWER: dict[str, tuple[Callable[[Path], None], str]] = {
    "kind": (
        lambda path: append(path, "Teleported", {"at_us": 1}),
        "record 3438: unknown kind 'Teleported': written by a newer version",
    ),
    "word": (
        lambda path: append(path, "LaneRequested", {**WORDS, "until_us": 5}),
        "record 3438: record of kind 'LaneRequested': until_us: unknown word: written by a newer version?",
    ),
    "flag": (
        lambda path: append(path, "Started", msgspec.to_builtins(started_of(path)) | {"flags": ["novel"]}),
        "record 3438: written by a newer version: needs decision flag 'novel'",
    ),
    "form": (lambda path: change(path, "PRAGMA user_version=2"), "its form is 2, this version knows 1"),
}


@pytest.mark.parametrize("what", NEWER)
def test_what_a_newer_version_wrote_is_not_passed_over(
    journal: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write, said = NEWER[what]
    write(journal)
    with pytest.raises(JournalError) as refused:
        recover(journal)
    assert str(refused.value).startswith(f"journal {journal}: {said}")
    assert str(refused.value).endswith("start the version that wrote it, or give `journal` another path")
    if what == "form":
        with pytest.raises(JournalError, match=said):
            Journal(journal)
    assert main(["replay", str(journal)]) == 2
    assert said in capsys.readouterr().err


def test_a_flag_is_decided_by_where_the_journal_has_it(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In force from its Started on, before and behind a checkpoint; an older Started has none."""
    append(journal, "Started", msgspec.to_builtins(started_of(journal)) | {"flags": ["novel"]})
    monkeypatch.setattr(flags, "FLAGS", ("novel",))
    core, seq = recover(journal)
    assert core.state.started is not None and core.state.started.flags == ("novel",)
    change(journal, "UPDATE checkpoint SET seq=?, state=?", seq, msgspec.json.encode(core.state))
    assert recover(journal)[0].state == core.state
    with closing(JournalReader(journal)) as reader:
        assert replay(reader.every()).difference is None
    monkeypatch.setattr(flags, "FLAGS", ())
    with pytest.raises(JournalError, match=r"the state behind record 3438: .* needs decision flag 'novel': start the"):
        recover(journal)
    append(journal, "Started", msgspec.to_builtins(started_of(journal)) | {"flags": []})
    monkeypatch.setattr(flags, "FLAGS", ("novel", "newest"))
    assert (started := recover(journal)[0].state.started) is not None and started.flags == ()


# ---- states ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def half(journal: Path, tmp_path: Path) -> tuple[int, CoreState]:
    """The state in the middle of the journal, and behind which record."""
    begun = tmp_path / "half.sqlite"
    begun.write_bytes(journal.read_bytes())
    seq = read(begun, "SELECT max(seq) / 2 FROM record")
    change(begun, "DELETE FROM record WHERE seq > ?", seq)
    change(begun, "DELETE FROM checkpoint")
    return seq, recover(begun)[0].state


def without(state: CoreState, *path: str) -> bytes:
    """A stored state that calls something otherwise."""
    told = msgspec.json.decode(msgspec.json.encode(state))
    at = told
    for word in path[:-1]:
        at = at[word]
    at["other"] = at.pop(path[-1])
    return msgspec.json.encode(told)


@pytest.mark.parametrize("packed", GOLDEN, ids=lambda path: path.name)
def test_the_state_that_a_release_stored_says_what_its_records_say(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(lzma.decompress(packed.read_bytes()))
    with closing(JournalReader(path)) as reader:
        assert reader.checkpoint(CoreState) is not None
    told = decided(recover(path)[0].state)
    change(path, "DELETE FROM checkpoint")
    assert told == decided(recover(path)[0].state)


def test_a_start_goes_on_by_what_held_there(journal: Path, half: tuple[int, CoreState]) -> None:
    """Whatever is configured since; where the state does not tell, as that of 0.1.0, the records do."""
    seq, state = half
    told = decided(recover(journal)[0].state)
    assert state.started is not None and state.started.docks
    for stored in (state, replace(state, started=None)):
        change(journal, "REPLACE INTO checkpoint VALUES(1,?,?)", seq, msgspec.json.encode(stored))
        core, last = recover(journal)
        assert (last, decided(core.state)) == (3437, told)
        assert core.state.started == state.started


def as_0_1_0(state: CoreState) -> bytes:
    """A state in the words of 0.1.0, which told by flags where a track and its route are."""
    told = msgspec.json.decode(msgspec.json.encode(state))
    for line in told["lines"].values():
        for track in line["tracks"].values():
            at, route = track.pop("state"), track.pop("route")
            track["inducted"] = at not in ("awaited", "ended-awaited")
            track["ended"] = at in ("ended", "ended-awaited")
            track["unconfirmed"] = at == "unconfirmed"
            track["handled"] = route == "handled"
            track["early"] = route in ("doubted", "handled")
    return msgspec.json.encode(told)


def test_the_flags_of_0_1_0_are_taken_as_states_of_tracks(journal: Path, half: tuple[int, CoreState]) -> None:
    seq, state = half
    told = decided(recover(journal)[0].state)
    change(journal, "REPLACE INTO checkpoint VALUES(1,?,?)", seq, as_0_1_0(state))
    with closing(JournalReader(journal)) as reader:
        assert reader.checkpoint(CoreState) == half
    assert decided(recover(journal)[0].state) == told
    tracks = state.lines["sorter"].tracks
    assert tracks
    for number, (at, route) in enumerate(product(TrackState, RouteState)):
        lane = 3 if route in (RouteState.DECIDED, RouteState.HANDLED) else 0
        tracks[number] = Track(number, at, route, lane=lane)
    change(journal, "REPLACE INTO checkpoint VALUES(1,?,?)", seq, as_0_1_0(state))
    with closing(JournalReader(journal)) as reader:
        assert reader.checkpoint(CoreState) == half
        foreign = as_0_1_0(state).replace(b'"tracks":', b'"belt":')
        change(journal, "UPDATE checkpoint SET state=?", foreign)
        assert reader.checkpoint(CoreState) is None


def test_a_state_of_another_version_is_not_taken_for_one_of_ours(journal: Path, half: tuple[int, CoreState]) -> None:
    seq, state = half
    told = decided(recover(journal)[0].state)
    foreign = without(state, "book", "orders")
    change(journal, "UPDATE checkpoint SET seq=?, state=?", seq, foreign)
    assert decided(recover(journal)[0].state) == told
    started = read(journal, "SELECT seq FROM record WHERE kind='Started'")
    change(journal, "INSERT INTO mark VALUES(?,?,?)", seq, started, msgspec.json.encode(state))
    Journal(journal).close()  # with the tables that today's has
    trim = Trim(seq)
    with closing(sqlite3.connect(journal, isolation_level=None)) as db:
        while trim.step(db):
            pass
    assert decided(recover(journal)[0].state) == told, "the state at the mark, and what came since"
    change(journal, "UPDATE mark SET state=?", foreign)
    with pytest.raises(JournalError, match=f"records up to {seq} were taken out, .* another version's: start the"):
        recover(journal)


def test_a_word_that_a_decision_lacks_has_its_default(journal: Path) -> None:
    """Words may be added to what is decided; what is not the default must have been said."""
    with closing(JournalReader(journal)) as reader:
        records = list(reader.every())

    def without_text(plain: bool) -> list[Record]:
        changed = []
        for record in records:
            value = record.value
            if isinstance(value, RouteDecided) and (value.text == "") is plain:
                body = msgspec.to_builtins(value)
                del body["text"]
                record = replace(record, body=msgspec.json.encode(body).decode())
            changed.append(record)
        assert changed != records
        return changed

    assert replay(without_text(plain=True)).difference is None
    found = replay(without_text(plain=False)).difference
    assert found is not None and found.derived.startswith("RouteDecided")


# ---- site store and cursors ------------------------------------------------------------------------------------------


def test_a_store_that_is_not_ours_is_left_as_it_is(journal: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.sqlite"
    SiteStore(f"sqlite:///{newer}").close()
    change(newer, "UPDATE schema_version SET version=3")
    change(newer, "DROP TABLE mirror")
    for path, said in ((newer, "schema 3: this version of Lanewise has 2"), (journal, "another program's database")):
        before = read(path, "SELECT group_concat(sql) FROM sqlite_schema")
        for readonly in (False, True):
            with pytest.raises(StoreError, match=f"{path.name}: {said}"):
                SiteStore(f"sqlite:///{path}", readonly)
        assert read(path, "SELECT group_concat(sql) FROM sqlite_schema") == before


def test_a_store_is_made_and_upgraded_where_a_controller_has_made_its_lease(tmp_path: Path) -> None:
    """`[standby] store` may name the same database in other words, and the controller may be sooner than the api."""
    path = tmp_path / "site.sqlite"
    at = f"sqlite:///{path}"
    made = sa.create_engine(at)
    leases.create(made)
    made.dispose()
    with pytest.raises(StoreError, match="nothing is in it yet"):
        SiteStore(at, readonly=True)
    SiteStore(at).close()
    for table in ("asked", "unplanned"):
        change(path, f"DROP TABLE {table}")
    change(path, "UPDATE alembic_version SET version_num='0020'")
    assert [step.revision for step in upgrade(at, dry_run=False)] == ["0023", "0024", "0025"]
    SiteStore(at).close()


def test_a_feed_that_says_something_newer_is_trouble_of_the_store(tmp_path: Path) -> None:
    """Which is an alarm of the line, and does not end it."""
    store = SiteStore(f"sqlite:///{tmp_path}/site.sqlite")
    change(tmp_path / "site.sqlite", "INSERT INTO feed(at_us, kind, body) VALUES(1, 'Teleported', '{}')")
    with pytest.raises(StoreError, match="feed 1: record of unknown kind 'Teleported': written by a newer version"):
        store.feed(0)
    store.close()


def test_cursors_of_another_form_are_left_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "publish.sqlite"
    Cursors(path).close()
    change(path, "PRAGMA user_version=1")
    for use in (Cursors, read_cursors):
        with pytest.raises(CursorError, match="its form is 1, this version knows 0"):
            use(path)
