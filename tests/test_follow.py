"""Publishers: accepted = delivered + queued + set aside, in order, whatever target, disk and process do."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from targets import Target, wanted, write

from edge.journal import writer as journal
from edge.journal.follower import Follower
from edge.journal.source import JournalSource
from edge.publish import follow
from edge.publish.cursors import CursorError, Cursors, read_cursors, read_in_vain, read_set_aside
from edge.publish.follow import Following, RequestsInVain, TargetFollower


def publish(folder: Path, cursors: Cursors, target: Target) -> Following:
    """Until the target has all."""
    with closing(JournalSource(folder / "j.sqlite", "edge1")) as source:
        publishing = TargetFollower("t", source, cursors, lambda: target)
        publishing.run(target.stop)
    return publishing.following


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), portion=st.integers(1, 40))
def test_every_record_is_delivered_or_set_aside_once_and_in_order(
    seed: int, portion: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rng = random.Random(seed)
    folder = tmp_path_factory.mktemp("follow")
    target = Target(refuses=frozenset(rng.sample(range(1, 200), 5)), portion=portion)
    total = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "_ROOM_BYTES", 0)
        for name in ("POLL_S", "RETRY_FIRST_S", "RETRY_LAST_S"):
            patch.setattr(follow, name, 0.001)
        for _ in range(rng.randint(1, 5)):  # lives of the process
            count = rng.randint(1, 40)
            write(folder / "j.sqlite", total, count)
            total += count
            target.down_for, target.upto = rng.randint(0, 5), total
            target.stop.clear()
            target.seen_before.clear()
            cursors = Cursors(folder / "p.sqlite")
            before = read_cursors(folder / "p.sqlite")
            publish(folder, cursors, target)
            cursors.close()
            begun = before[0].seq if before else 0
            assert target.seen_before == list(filter(wanted, range(max(0, begun - target.lookback) + 1, total + 1)))
    (cursor,) = read_cursors(folder / "p.sqlite")
    aside = [one.seq for one, _ in read_set_aside(folder / "p.sqlite", "t")]
    seqs = [int(one.rpartition("/")[2]) for one in target.came]
    assert cursor.seq == total
    assert cursor.set_aside == len(aside)
    assert sorted({*seqs, *aside}) == list(filter(wanted, range(1, total + 1))) and not {*seqs} & {*aside}
    firsts = list(dict.fromkeys(seqs))
    assert firsts == sorted(firsts)
    assert {one.rpartition("/")[0] for one in target.came} == {"edge1@1000"}


def test_a_full_disk_under_the_cursors_loses_nothing(
    tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "j.sqlite", 0, 30)
    cursors = Cursors(tmp_path / "p.sqlite")
    move, refused = Cursors.move, 3

    target = Target(upto=99)

    def full(self: Cursors, *given: object) -> object:
        nonlocal refused
        refused -= 1
        if refused >= 0:
            raise CursorError("p.sqlite: database or disk is full")
        target.stop.set()
        return move(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Cursors, "move", full)
    following = publish(tmp_path, cursors, target)
    cursors.close()
    assert following.seq == 30 and following.failures == 3
    assert len(target.came) == 4 * 28 and len(set(target.came)) == 28


def test_what_cannot_be_decoded_is_set_aside(tmp_path: Path, quick: None) -> None:
    write(tmp_path / "j.sqlite", 0, 5)
    with sqlite3.connect(tmp_path / "j.sqlite") as db:
        db.execute("UPDATE record SET kind='FromTheFuture' WHERE seq=3")
    db.close()
    cursors = Cursors(tmp_path / "p.sqlite")
    target = Target(upto=5)
    publish(tmp_path, cursors, target)
    cursors.close()
    assert [one.rpartition("/")[2] for one in target.came] == ["1", "2", "4", "5"]
    ((aside, _),) = read_set_aside(tmp_path / "p.sqlite", "t")
    assert aside.seq == 3 and "unknown kind 'FromTheFuture'" in aside.reason


def test_another_journal_in_its_place_is_followed_from_its_beginning(tmp_path: Path, quick: None) -> None:
    write(tmp_path / "j.sqlite", 0, 5)
    cursors = Cursors(tmp_path / "p.sqlite")
    for upto, first in ((5, 0), (4, 50_000)):
        target = Target(upto=upto)
        if first:
            for file in tmp_path.glob("j.sqlite*"):
                file.unlink()
            write(tmp_path / "j.sqlite", first, 4)
        publish(tmp_path, cursors, target)
        assert target.came == [f"edge1@{1_000 + first}/{seq}" for seq in range(1, upto + 1)]
    cursors.close()


def test_one_process_writes_the_cursors(tmp_path: Path) -> None:
    cursors = Cursors(tmp_path / "p.sqlite")
    with pytest.raises(CursorError, match="another `lanewise publish` writes it"):
        Cursors(tmp_path / "p.sqlite")
    cursors.close()
    (tmp_path / "other.sqlite").write_bytes(b"not a database at all" * 100)
    with pytest.raises(CursorError, match=r"other\.sqlite"):
        Cursors(tmp_path / "other.sqlite")


def test_what_was_asked_in_vain_is_remembered_over_every_life(tmp_path: Path, quick: None) -> None:
    path = tmp_path / "publish.sqlite"
    assert read_in_vain(path) == {}
    write(tmp_path / "journal.sqlite", 1, 20)
    for upto, asked in (
        (20, RequestsInVain(2, 1, "lane: planted")),
        (40, RequestsInVain(1, 0)),
        (60, RequestsInVain()),
    ):
        cursors, target = Cursors(path), Target(upto=upto, requests=asked)
        with closing(JournalSource(tmp_path / "journal.sqlite", "c")) as source:
            TargetFollower("t", source, cursors, lambda its=target: its).run(target.stop)
        cursors.close()
        write(tmp_path / "journal.sqlite", upto + 1, 20)
    (found,) = read_in_vain(path).values()
    assert (found.publisher, found.refused, found.failed, found.why) == ("t", 3, 1, "lane: planted")


def test_delivers_again_is_said_after_a_delivery(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not when what it tried was set aside: then its target answers, and no more."""
    target = Target(refuses=frozenset({1}), down_for=2)
    with (
        closing(JournalSource(tmp_path / "j.sqlite", "edge1")) as source,
        closing(Cursors(tmp_path / "p.sqlite")) as its,
    ):
        publishing = TargetFollower("t", source, its, lambda: target)
        following = Follower(source, publishing, 0.1, (0.25, 30.0), (CursorError,))
        write(tmp_path / "j.sqlite", 0, 1)
        for _ in range(3):
            following.step()
        assert [one.getMessage() for one in caplog.records if "again" in one.getMessage()] == [
            "publisher t: target: no answer; tried again until it works",
            "publisher t: its target answers again",
        ]
        target.down_for = 1
        write(tmp_path / "j.sqlite", 1, 1)
        for _ in range(2):
            following.step()
        assert caplog.records[-1].getMessage() == "publisher t: delivers again"
