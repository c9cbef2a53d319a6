"""One follower for all: each record once and in order, whatever becomes of the journal, the folds and the process."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import Run
from hypothesis import given, settings
from hypothesis import strategies as st
from mosquitto import HANGS_S

from edge.core.events import DeviceChanged
from edge.journal import record as record_module
from edge.journal import source as source_module
from edge.journal import writer as writer_module
from edge.journal.follower import Follower, NotNow, Opened, follow, follow_until_cancelled
from edge.journal.record import JournalError, Record, Value
from edge.journal.source import JournalSource
from edge.journal.writer import Journal

POLL_S = 77.0
RETRY_S = (1.0, 8.0)


class MemoryLost(Exception):  # noqa: N818  # what a store says
    """A fold's own store cannot be used."""


@dataclass
class Fold:
    """Notes what it is given, by journal. ``lasting``: where it goes on after a restart; None = from the beginning."""

    portion: int
    lasting: dict[str, int] | None = None
    seen: dict[str, list[Record]] = field(default_factory=dict)
    begun: list[Opened] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    troubles: list[Exception] = field(default_factory=list)
    taken: Callable[[], None] = lambda: None
    node: str = ""

    def begin(self, journal: Opened) -> int:
        self.begun.append(journal)
        self.node = journal.node
        if self.lasting is not None:
            return self.lasting.get(journal.node, 0)
        return journal.after or 0

    def take(self, records: Sequence[Record]) -> bool:
        if self.fails:
            raise self.fails.pop()
        if records:
            self.seen.setdefault(self.node, []).extend(records)
            if self.lasting is not None:
                self.lasting[self.node] = records[-1].seq
        self.troubles.clear()
        self.taken()
        return False

    def trouble(self, error: Exception) -> None:
        self.troubles.append(error)

    def seqs(self, node: str) -> list[int]:
        return [record.seq for record in self.seen.get(node, [])]


class File:
    """A journal's file and its fate; what was written to each that stood there, and what was trimmed of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "j.sqlite"
        self._aside = folder / "aside"
        self._aside.mkdir()
        self.node = ""
        self.written: dict[str, list[Value]] = {}
        self.trimmed: dict[str, set[int]] = {}
        self._number = 0
        self.away = False
        self._writer: Journal | None = Journal(self.path)

    def write(self, count: int) -> None:
        if self._writer is None:
            return
        values = []
        for _ in range(count):
            self._number += 1
            values.append(DeviceChanged(self._number, f"reader.{self._number}", True, ""))
        self.node = self.node or f"edge1@{values[0].at_us}"
        self.written.setdefault(self.node, []).extend(values)
        self._writer.append(values)
        self._writer.flush()

    def trim(self, upto: int) -> None:
        """Takes out the oldest but the first, never the newest."""
        if self._writer is not None and (upto := min(upto, self._writer.seq - 1)) >= 2:
            with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
                db.execute("DELETE FROM record WHERE seq > 1 AND seq <= ?", (upto,))
            self.trimmed.setdefault(self.node, set()).update(range(2, upto + 1))

    def replace(self) -> None:
        """Another file in its place, empty for now."""
        self.come_back()
        self.close()
        for file in self.path.parent.glob("j.sqlite*"):
            file.unlink()
        self.node = ""
        self._writer = Journal(self.path)

    def go_away(self, garbage: bool) -> None:
        """As a folder that is not mounted, or a disk that gives something else."""
        if not self.away:
            self.close()
            for file in self.path.parent.glob("j.sqlite*"):
                file.rename(self._aside / file.name)
            if garbage:
                self.path.write_bytes(b"something else entirely" * 500)
            self.away = True

    def come_back(self) -> None:
        if self.away:
            for file in self.path.parent.glob("j.sqlite*"):
                file.unlink()
            for file in self._aside.iterdir():
                file.rename(self.path.parent / file.name)
            self._writer = Journal(self.path)
            self.away = False

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "_ROOM_BYTES", 0)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    with closing(File(tmp_path)) as made:
        yield made


def follower_of(source: JournalSource, fold: Fold) -> Follower:
    return Follower(source, fold, POLL_S, RETRY_S, (MemoryLost,))


def assert_once_and_in_order(file: File, fold: Fold) -> None:
    for node, records in fold.seen.items():
        seqs = [record.seq for record in records]
        assert seqs == sorted(set(seqs)), "each once and in order"
        written = dict(enumerate(file.written[node], 1))
        assert all(record.value == written[record.seq] for record in records)
        missed = {seq for seq in written if seq <= seqs[-1]} - {*seqs}
        assert missed <= file.trimmed.get(node, set()), "what was trimmed before it was read, and nothing else"


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    portions=st.lists(st.integers(1, 9), min_size=2, max_size=3),
    keep=st.integers(1, 8),
)
def test_each_record_once_and_in_order(
    seed: int, portions: list[int], keep: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One of them forgets where it stands with its process, and so has a life for each; the others do not."""
    dice = random.Random(seed)
    file = File(tmp_path_factory.mktemp("follower"))
    folds = [Fold(portion, {} if number else None) for number, portion in enumerate(portions)]
    lives = list(folds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source_module, "KEEP", keep)
        source = JournalSource(file.path, "edge1")
        followers = [follower_of(source, fold) for fold in folds]
        for _ in range(60):
            number = dice.randrange(len(folds))
            match dice.randrange(12):
                case 0 | 1 | 2:
                    file.write(dice.randint(1, 12))
                case 3:
                    if dice.random() < 0.3:
                        file.replace()
                case 4:
                    file.go_away(garbage=dice.random() < 0.5)
                case 5:
                    file.come_back()
                case 6:
                    file.trim(dice.randint(2, 30))
                case 7:
                    kind = dice.choice([NotNow, MemoryLost, JournalError])
                    folds[number].fails += [kind("not this time")] * dice.randint(1, 3)
                case 8:
                    old = folds[number]
                    fresh = folds[number] = Fold(old.portion, old.lasting, old.seen if old.lasting is not None else {})
                    lives.append(fresh)
                    followers[number] = follower_of(source, fresh)
                case _:
                    rest_s, failed = followers[number].step(), len(folds[number].troubles)
                    longest_s = min(RETRY_S[0] * 2 ** (failed - 1), RETRY_S[1])
                    assert longest_s / 2 <= rest_s <= longest_s if failed else rest_s in (0.0, POLL_S)
        file.come_back()
        file.write(1)
        for follower, fold in zip(followers, folds, strict=True):
            fold.fails.clear()
            for _ in range(200):
                follower.step()
            assert fold.seqs(file.node)[-1] == len(file.written[file.node])
            assert follower.step() == POLL_S, "nothing is left, and it rests"
        source.close()
        file.close()
    for fold in lives:
        assert_once_and_in_order(file, fold)


def test_a_journal_that_was_put_back_is_begun_again(file: File, tmp_path: Path) -> None:
    """A copy of earlier is known by its name, but what comes now is other than what was followed."""
    file.write(5)
    with closing(sqlite3.connect(file.path)) as db, closing(sqlite3.connect(tmp_path / "copy")) as copy:
        db.backup(copy)
    file.write(4)
    fold = Fold(100)
    with closing(JournalSource(file.path, "edge1")) as source:
        follower = follower_of(source, fold)
        follower.step()
        file.close()
        shutil.move(tmp_path / "copy", tmp_path / "other")
        for old in tmp_path.glob("j.sqlite*"):
            old.unlink()
        shutil.move(tmp_path / "other", file.path)
        follower.step()
    assert [journal.after for journal in fold.begun] == [None, None]
    assert fold.seqs(file.node) == [*range(1, 10), *range(1, 6)]


def test_what_one_decoded_is_decoded_for_all(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []
    decode = record_module.decode
    writes = False  # which looks whether what it writes comes back

    def counting(kind: str, body: str) -> Value:
        if not writes:
            decoded.append(body)
        return decode(kind, body)

    monkeypatch.setattr(record_module, "decode", counting)
    folds = [Fold(portion) for portion in (100, 7, 3)]
    with closing(JournalSource(file.path, "edge1")) as source:
        followers = [follower_of(source, fold) for fold in folds]
        for _ in range(20):
            writes = True
            file.write(10)
            writes = False
            for follower in followers:
                while follower.step() == 0.0:
                    pass
            for fold in folds:
                for record in fold.seen[file.node]:
                    assert record.value
    assert len(decoded) == len(set(decoded)) == 200


def test_who_fails_holds_up_nobody(file: File) -> None:
    """In one thread: it would wait a thousand seconds, and what the other waits for would not come."""
    file.write(50)
    stop = threading.Event()
    failing = Fold(10, fails=[NotNow("down")] * 1_000)
    well = Fold(3, taken=lambda: stop.set() if well.seqs(file.node)[-1:] == [50] else None)
    with closing(JournalSource(file.path, "edge1")) as source:
        followers = [Follower(source, fold, 0.001, (1_000.0, 1_000.0)) for fold in (failing, well)]
        follow(followers, stop)
        assert followers[0].newest == 50 and len(failing.troubles) == 1 and not failing.seen
    assert well.seqs(file.node) == [*range(1, 51)]


def test_several_threads_follow_one_open_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    journal.start()
    stops = [threading.Event() for _ in range(3)]
    with closing(JournalSource(tmp_path / "j.sqlite", "edge1")) as source:
        folds = [Fold(portion) for portion in (1_000, 50, 7)]
        for fold, stop in zip(folds, stops, strict=True):
            fold.taken = lambda fold=fold, stop=stop: stop.set() if fold.seqs("edge1@1")[-1:] == [3_000] else None
        threads = [
            threading.Thread(target=follow, args=([Follower(source, fold, 0.001)], stop))
            for fold, stop in zip(folds, stops, strict=True)
        ]
        for thread in threads:
            thread.start()
        for number in range(1, 3_001, 10):
            journal.append([DeviceChanged(at, "reader.r", True, "") for at in range(number, number + 10)])
        done = [stop.wait(HANGS_S) for stop in stops]
        for stop, thread in zip(stops, threads, strict=True):
            stop.set()
            thread.join(HANGS_S)
    journal.close()
    assert done == [True] * 3
    assert all([record.value.at_us for record in fold.seen["edge1@1"]] == [*range(1, 3_001)] for fold in folds)


def test_a_task_that_follows_ends_with_its_thread(file: File, run: Run) -> None:
    async def main() -> None:
        file.write(1)
        loop, told = asyncio.get_running_loop(), asyncio.Event()

        async def tell() -> None:
            told.set()

        fold = Fold(10, taken=lambda: asyncio.run_coroutine_threadsafe(tell(), loop).result())
        with closing(JournalSource(file.path, "edge1")) as source:
            task = asyncio.create_task(follow_until_cancelled("follows", Follower(source, fold, 0.001)))
            await told.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not any(thread.name.startswith("follows") for thread in threading.enumerate())

    run(main())
