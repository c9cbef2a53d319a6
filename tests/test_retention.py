"""The journal's room: what somebody still needs stays; what goes, goes up to a mark; the rest is derived."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pure_site import PureSite, example

from edge.cli import _positions
from edge.config.load import load_line
from edge.config.publish import RetentionConfig
from edge.controller import retention as retention_module
from edge.controller.retention import LOOK_BACK, Retention, decide
from edge.core.core import Core
from edge.core.events import INPUT_KINDS, Event, Journaled, Started
from edge.journal import writer as journal_module
from edge.journal.replay import begin_of, replay
from edge.journal.source import JournalSource
from edge.journal.writer import Journal


@given(
    begin=st.integers(0, 3_000_000),
    more=st.integers(0, 10_000_000),
    old=st.floats(0, 1),
    full=st.floats(0, 3),
    shares=st.dictionaries(st.sampled_from(["grafana", "mqtt", "site-store"]), st.floats(0, 1)),
    marked=st.sets(st.integers(0, 13_000_000), max_size=12),
    drop=st.booleans(),
)
def test_nobody_loses_what_it_needs_unless_told(
    begin: int, more: int, old: float, full: float, shares: dict[str, float], marked: set[int], drop: bool
) -> None:
    newest = begin + more
    positions = {name: begin + int(more * share) for name, share in shares.items()}
    marks = sorted(mark for mark in marked if mark <= newest)
    mark, trouble = decide(marks, begin, newest, begin + int(more * old), full, positions, drop)
    assert not mark or (mark in marks and mark > begin)
    hindmost = min(positions.values(), default=newest)
    if mark and mark > hindmost - LOOK_BACK:
        assert drop and full > 1
        assert mark <= hindmost or "as drop_undelivered says" in trouble
    if trouble:
        assert full > 1
        assert all(name in trouble for name, seq in positions.items() if seq < newest)
    if full <= 1 and mark:
        assert mark <= begin + int(more * old)


def decisions(project: Path, path: Path) -> list[Journaled | Event]:
    """A journal with its marks, as a controller writes it: the state after every hundredth record that ends a step."""
    values = PureSite(example(project), 9, {"sorter": 240, "tote1": 16}).run(1_200).journal
    journal, core, waiting, started = Journal(path), Core((), live=False), 0, 0
    for value in values:
        if type(value).__name__ in INPUT_KINDS and journal.seq - waiting >= 100:
            waiting = journal.seq
            journal.checkpoint(waiting, core.state, started)
            journal.flush()
        journal.append([value])
        if isinstance(value, Started):
            started = journal.seq
        if type(value).__name__ in INPUT_KINDS:
            core.step(value)  # type: ignore[arg-type]  # an input
    journal.flush()
    journal.close()
    return values


def test_a_trimmed_journal_keeps_its_name_and_can_be_derived_again(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "MARK_EVERY", 200)
    monkeypatch.setattr("edge.journal.trim.STEP", 50)
    monkeypatch.setattr(retention_module, "LOOK_BACK", 10)
    monkeypatch.setattr(Journal, "TRIM_EVERY_S", 0.001)
    path = tmp_path / "journal.sqlite"
    values = decisions(project, path)
    source = JournalSource(path, "edge1")
    reader = source.open()
    node, whole, marks, used = source.node(reader), list(reader.every()), reader.marks(), reader.used_bytes()
    assert len(marks) > 3 and begin_of(reader) == (0, None)
    config = example(project).model_copy(
        update={"journal": path, "retention": RetentionConfig(keep_days=0.000_001, quota_mb=1_000)}
    )
    had: Mapping[str, int] = {"grafana": marks[-2] + 50, "site-store": len(values)}
    retention = Retention(config, lambda: had)
    journal = Journal(path)
    journal.start()
    room = retention.look(journal, values[-1].at_us + 1_000_000)
    assert room.trouble == "" and room.backlog == {"grafana": len(values) - had["grafana"], "site-store": 0}
    while journal._trim is not None:
        assert journal._thread is not None and journal._thread.is_alive()
        journal.append([])
    journal.close()
    assert reader.trimmed() == marks[-2]
    assert reader.marks() == marks[-2:]
    left = list(reader.every())
    assert left == [record for record in whole if record.seq == 1 or record.seq > marks[-2]]  # Started is the first
    assert reader.used_bytes() < used
    assert source.node(reader) == node
    fresh = JournalSource(path, "edge1")
    assert fresh.node(fresh.open()) == node
    fresh.close()
    begin, core = begin_of(reader)
    again = replay(reader.every(begin), core)
    assert again.difference is None and again.inputs > 100
    names = reader._db.execute("SELECT count(*) FROM ref WHERE seq NOT IN (SELECT seq FROM record)").fetchone()[0]
    assert names == 0
    source.close()


def test_what_cannot_be_read_takes_nothing_out(project: Path, tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    decisions(project, path)
    config = example(project).model_copy(
        update={"journal": path, "retention": RetentionConfig(keep_days=0.000_001, quota_mb=1)}
    )

    def unreadable() -> Mapping[str, int]:
        raise OSError("publish.sqlite: disk I/O error")

    journal = Journal(path)
    room = Retention(config, unreadable).look(journal, 2**60)
    assert journal._trim is None
    assert "who has what cannot be read: publish.sqlite: disk I/O error" in room.trouble
    journal.close()


def test_a_dead_publisher_is_named_although_there_is_no_site_store(project: Path, tmp_path: Path) -> None:
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text((project / "examples" / "warehouse" / name).read_text(encoding="utf-8"))
    dead = '\n[publish.dead]\nkind = "influx"\nurl = "http://127.0.0.1:9"\nbucket = "b"\n[retention]\nquota_mb = 1\n'
    with (tmp_path / "LINE.toml").open("a", encoding="utf-8") as line:
        line.write(dead)
    config = load_line(tmp_path / "LINE.toml")
    newest = len(decisions(project, config.journal))
    journal = Journal(config.journal)
    room = Retention(config, _positions(config)).look(journal, 2**60)
    assert room.backlog == {"dead": newest, "site-store": newest}
    assert room.trouble.endswith(
        f"kept beyond its quota for those who are behind: dead has {newest:,} to go, site-store has {newest:,} to go"
    )
    journal.append([])
    journal.flush()  # and it is written on
    assert journal._trim is None
    journal.close()
