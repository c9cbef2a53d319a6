"""The large parts of the decisions' state: stored by what changed, read as if they were stored whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.events import DeviceChanged
from edge.core.values.noted import NotedDict
from edge.core.values.order import Order
from edge.core.values.state import CoreState
from edge.journal import parts
from edge.journal.reader import JournalReader
from edge.journal.replay import recover
from edge.journal.trim import SCHEMA as TRIM_SCHEMA
from edge.journal.trim import Trim
from edge.journal.writer import _SCHEMA, Journal

KEYS = st.sampled_from(["a", "b", 'c"', "d\0", "é", "f"])
ACTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["put", "drop", "again"]), KEYS),
        st.tuples(st.sampled_from(["checkpoint", "queue", "mark", "restart", "whole", "trim"]), st.just("")),
    ),
    max_size=60,
)


class Kept:
    """A file of states in memory, and what they were."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.executescript(_SCHEMA + parts.SCHEMA + TRIM_SCHEMA)
        self.seq = self.marked = 0
        self.queued: parts.Checkpoint | None = None
        self.marks: dict[int, list[tuple[str, str]]] = {}

    def queue(self, part: NotedDict[str]) -> None:
        rest = parts.packed({"book": {"bound": {}}}, ["book.bound"])
        given = parts.Checkpoint(self.seq, rest, 1, {"book.bound": part.taken()})
        self.queued = given.behind(self.queued)

    def store(self, part: NotedDict[str], mark: bool) -> None:
        self.queue(part)
        assert self.queued is not None
        self.db.execute("BEGIN")
        parts.store(self.db, self.queued, self.marked)
        self.db.execute("COMMIT")
        if mark:
            self.marked = self.seq
            self.db.execute("INSERT OR REPLACE INTO mark VALUES(?,1,?)", (self.seq, self.queued.rest))
            self.marks[self.seq] = list(part.items())
        rest, self.queued = self.queued.rest, None
        assert self.read(rest, self.seq) == list(part.items())

    def read(self, rest: bytes, seq: int) -> list[tuple[str, str]]:
        def rows(name: str, upto: int) -> Iterator[tuple[str, str]]:
            yield from self.db.execute(parts.READ, (name, upto))

        told = msgspec.json.decode(parts.whole(rest, seq, rows))
        return list(told["book"]["bound"].items())

    def trim(self) -> None:
        if marks := [seq for seq in self.marks if seq < self.marked]:
            trim = Trim(marks[-1])
            while trim.step(self.db):
                pass
            self.marks = {seq: its for seq, its in self.marks.items() if seq >= marks[-1]}
            behind = self.db.execute("SELECT count(*) FROM part WHERE value IS NULL AND seq<=?", (marks[-1],))
            assert behind.fetchone() == (0,)


@given(ACTS)
@settings(max_examples=200)
def test_every_state_that_was_stored_comes_back_as_it_was(acts: list[tuple[str, str]]) -> None:
    """In its order, whatever was stored since, by whom, and what was taken out; and no row is left for nobody."""
    kept, part = Kept(), NotedDict[str]()
    stored: dict[str, str] = {}
    with closing(kept.db):
        for number, (act, key) in enumerate([*acts, ("checkpoint", "")]):
            kept.seq += 1
            match act:
                case "put":
                    part[key] = f"order {number}"
                case "drop":
                    part.pop(key, None)
                case "again":
                    part.pop(key, None)
                    part[key] = f"again {number}"
                case "queue":  # while the disk stands still
                    kept.queue(part)
                case "checkpoint" | "mark":
                    kept.store(part, act == "mark")
                    stored = dict(part)
                case "restart":  # a process was killed, and goes on with what was stored
                    kept.queued, part = None, NotedDict(stored)
                    if stored:
                        part.begin()
                case "whole":  # an earlier version wrote here meanwhile
                    kept.queued, part = None, NotedDict({"x": str(number), "a": "as it is"})
                case _:
                    kept.trim()
            for seq, its in kept.marks.items():
                rest = kept.db.execute("SELECT state FROM mark WHERE seq=?", (seq,)).fetchone()[0]
                assert kept.read(rest, seq) == its
        if not kept.marks:
            assert kept.db.execute("SELECT count(*) FROM part").fetchone() == (len(part),)


def test_a_checkpoint_costs_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many orders there are; and where storing it fails, nothing of it is forgotten."""
    path, state = tmp_path / "journal.sqlite", CoreState(at_us=1)
    orders = [Order(id=f"A-{number}", carrier="DHL", service="", lines=()) for number in range(5_000)]
    state.book.orders.update((order.id, order) for order in orders)
    journal = Journal(path)
    journal.append([DeviceChanged(at_us=1, device="plc.a", up=True, reason="")])
    journal.checkpoint(1, state)
    journal.flush()
    state.book.orders["A-7"] = replace(orders[7], carrier="UPS")
    del state.book.orders["A-8"]
    journal.checkpoint(1, state)
    assert journal._state is not None and len(journal._state.rest) < 2_000
    assert {name: len(its.changed) for name, its in journal._state.parts.items() if its.changed} == {"book.orders": 2}
    with monkeypatch.context() as patched:
        patched.setattr("edge.journal.writer.store", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            journal.flush()
    state.loads.where["P"] = ""
    journal.checkpoint(1, state)
    journal.flush()
    with closing(JournalReader(path)) as reader:
        assert reader.checkpoint(CoreState) == (1, state)
    core, _ = recover(path)
    assert list(core.state.book.orders) == list(state.book.orders)
    assert [its.taken().changed for its in core.state.parts().values()] == [{}] * 8, "it is stored already"
    journal.close()
