"""Damage in journal or store is found at a start, said, and holds nobody up."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from controllers import UTC_US, stop
from house import make_house
from journals import journal, leave_no_room
from ports import on_free_ports
from pure_site import example
from virtual_time import run_virtual

from edge.config.load import load_line
from edge.controller import rounds
from edge.controller.controller import Controller
from edge.core.events import AlarmChanged, DeviceChanged
from edge.core.values.state import CoreState
from edge.journal import damage
from edge.journal.damage import DamageWatch, Looked, look_for_damage
from edge.journal.reader import JournalReader
from edge.journal.writer import Journal
from edge.site.store import SiteStore

PAGE = 4096
DAY_S = 60
LEAF = 0x0D


def plant(path: Path, holds: bytes) -> None:
    """Spoils the first leaf of a table that holds so much text."""
    whole = bytearray(path.read_bytes())
    found = [at for at in range(PAGE, len(whole), PAGE) if whole[at] == LEAF and holds in whole[at : at + PAGE]]
    whole[found[0] + 3 : found[0] + 8] = b"\xff" * 5
    path.write_bytes(whole)


def a_journal(path: Path) -> None:
    """Two thousand records and a state behind them, so that a start needs none of them."""
    written = Journal(path)
    written.append([DeviceChanged(UTC_US + number, "plc.sorter", True, "once upon a time") for number in range(2_000)])
    written.checkpoint(written.seq, CoreState())
    written.flush()
    assert written.close()


def test_a_page_that_is_not_what_it_was_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.sqlite"
    assert look_for_damage(path) == Looked(), "a file that is not there is not damaged"
    a_journal(path)
    good = look_for_damage(path)
    assert good.damage == "" and good.tables == good.of >= 5
    plant(path, b"once upon a time")
    bad = look_for_damage(path)
    assert bad.damage and bad.tables < bad.of
    path.write_bytes(b"\xff" * PAGE)
    assert look_for_damage(path).damage == "file is not a database"
    monkeypatch.setattr(damage, "BUSY_S", 0.0)
    with closing(sqlite3.connect(tmp_path / "held", isolation_level=None)) as other:
        other.execute("CREATE TABLE theirs(x)")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OSError, match="held: database is locked"):
            look_for_damage(tmp_path / "held")


def test_a_look_ends_in_time_and_the_next_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "db", check_same_thread=False)) as db,
        pytest.raises(sqlite3.OperationalError, match="interrupted"),
        damage._interrupted(db, 0.001) as over,
    ):
        db.execute("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n").fetchone()
    assert over.is_set()
    began: list[int] = []

    def half(_: Path, __: float, begin: int) -> Looked:
        began.append(begin)
        return Looked("table b: torn" if len(began) == 2 else "", 1 if len(began) < 4 else 3, 3)

    monkeypatch.setattr(damage, "look_for_damage", half)
    watch = DamageWatch({"journal": tmp_path / "j"})
    said = [watch.look() for _ in range(5)]
    assert began == [0, 1, 2, 0, 0]
    assert said == ["", *[f"journal {tmp_path / 'j'}: table b: torn"] * 2, "", ""], "over when all was looked at"


def test_damage_is_an_alarm_at_the_start(project: Path, tmp_path: Path) -> None:
    whole = on_free_ports(example(project), tmp_path)
    store = tmp_path / "site.sqlite"
    config = whole.model_copy(update={"plc": {}, "reader": {}, "line": {}, "store": f"sqlite:///{store}"})
    SiteStore(config.store).close()
    a_journal(config.journal)
    plant(config.journal, b"once upon a time")

    async def main() -> None:
        controller = Controller(config, threaded=False, zero_us=UTC_US + 10_000_000)
        task = asyncio.create_task(controller.run())
        await asyncio.sleep(5)
        assert [sample.value for sample in controller.metrics() if sample.name == "files_damaged"] == [1]
        await stop(task)

    run_virtual(main())
    with closing(JournalReader(config.journal)) as reader:
        (told,) = [record.body for record in reader.after(2_000) if record.kind == AlarmChanged.__name__]
    assert "file-damaged.edge1" in told
    assert f"journal {config.journal}: " in told and str(store) not in told


def test_damage_is_looked_for_once_a_day_and_over_when_the_file_is_sound(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sound at the start; the store is restored behind the first day."""
    assert rounds.DAMAGE_EVERY_S == 86_400
    monkeypatch.setattr(rounds, "DAMAGE_EVERY_S", DAY_S)
    whole = on_free_ports(example(project), tmp_path)
    store = tmp_path / "site.sqlite"
    config = whole.model_copy(update={"plc": {}, "reader": {}, "line": {}, "store": f"sqlite:///{store}"})
    SiteStore(config.store).close()
    sound = store.read_bytes()

    async def main() -> None:
        task = asyncio.create_task(Controller(config, threaded=False, zero_us=UTC_US).run())
        await asyncio.sleep(DAY_S / 2)
        store.write_bytes(b"\xff" * PAGE)
        await asyncio.sleep(DAY_S)
        store.write_bytes(sound)
        await asyncio.sleep(DAY_S)
        await stop(task)

    run_virtual(main())
    values = [record.value for record in journal(config)]
    told = [value for value in values if isinstance(value, DeviceChanged) and value.device == "files"]
    assert [(one.up, (one.at_us - UTC_US) // 1_000_000) for one in told] == [(False, DAY_S), (True, 2 * DAY_S)]
    assert told[0].reason == f"store {store}: file is not a database"
    alarms = [value.active for value in values if isinstance(value, AlarmChanged)]
    assert alarms == [True, False]


def test_check_says_it_and_what_is_free(project: Path, tmp_path: Path) -> None:
    house = make_house(project, tmp_path)
    config = load_line(tmp_path / "LINE.toml")
    a_journal(config.journal)
    store = SiteStore(config.store)
    store.close()
    assert config.store_file is not None
    good = house.run("check", "LINE.toml")
    assert (good.status, good.err) == (0, "")
    with closing(Journal(config.journal)) as written:
        leave_no_room(written._db)
        written.append([DeviceChanged(UTC_US, "plc.sorter", True, "x" * 300)] * 200)
        with pytest.raises(sqlite3.Error):
            written.flush()
        said = house.run("check", "LINE.toml")
        assert said.status == 0
        assert "LINE.toml: warning: Journal of edge1 cannot be written: no space left on its disk, since 20" in said.out
        written._db.execute("PRAGMA max_page_count=1000000")
        written.flush()
    plant(config.journal, b"once upon a time")
    config.store_file.write_bytes(b"\xff" * PAGE)
    said = house.run("check", "LINE.toml")
    assert said.status == 1
    assert f"LINE.toml: journal: {config.journal}: damaged: " in said.err
    assert f"LINE.toml: store: {config.store_file}: damaged: file is not a database" in said.err
    assert house.run("check", "SITE.toml").status == 1
    with (tmp_path / "SITE.toml").open("a", encoding="utf-8") as file:
        file.write("\n[disk]\nlow_mb = 100000000\n")
    config.store_file.unlink()
    assert "MB are free on its disk, low_mb is 100,000,000" in house.run("check", "SITE.toml").out
