"""A whole site in one folder, copied while all of it runs, and back on another machine."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from example_site import example_site, journal_of, write_journal
from sold import sold
from stocked import NOW_US

from edge.cli import main
from edge.config.load import load_controllers, load_site
from edge.journal.reader import JournalReader
from edge.journal.writer import Journal
from edge.orders.review import ReviewRules
from edge.publish.cursors import Cursors
from edge.site.desk import SalesDesk
from edge.site.store import SiteStore
from edge.site.whole_copies import HELD


def test_a_site_is_back_on_another_machine(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, backup = tmp_path / "here", tmp_path / "backup"
    here.mkdir()
    site = example_site(project, here)
    (line,) = load_controllers(site)
    (here / "token").write_text("Wohlgehütet\n", encoding="utf-8")
    with (here / "LINE.toml").open("a", encoding="utf-8") as more:
        more.write('\n[publish.influx]\nkind = "influx"\nurl = "http://127.0.0.1:1"\norg = "o"\nbucket = "b"\n')
        more.write('token_file = "token"\n')
    count = write_journal(site)
    store = SiteStore(site.store, secret_file=site.secret_file)
    SalesDesk(store, ReviewRules(), ["TW"]).take([sold(1), sold(2)], NOW_US)
    journal = Journal(journal_of(site))
    cursors = Cursors(line.publish_state)

    def said(*words: str) -> str:
        assert main(["site", words[0], str(words[1]), f"{words[2]}/"]) == 0
        return capsys.readouterr().out

    told = said("backup", str(here / "SITE.toml"), str(backup))
    cursors.close()
    journal.close()
    store.close()
    assert "site.sqlite: " in told and f"journal.sqlite: up to record {count}" in told
    assert "not in it, to be kept apart: " in told and "token" in told and ".secret" in told
    whole = msgspec.json.decode((backup / HELD).read_bytes())
    held = {path.relative_to(backup).as_posix() for path in backup.rglob("*") if path.is_file()}
    assert held - {HELD} - {one for one in held if one.endswith(".lock")} == {one["file"] for one in whole["copies"]}
    assert {"SITE.toml", "LINE.toml"} <= held
    secrets = [Path(one) for one in whole["apart"] if Path(one).is_file()]
    assert len(secrets) == 2
    for file in (backup / one for one in held):
        assert not any(one.read_bytes().strip() in file.read_bytes() for one in secrets), file
    assert main(["site", "backup", str(here / "SITE.toml"), str(backup)]) == 2  # a night's backup is not another's
    assert "name a new folder" in capsys.readouterr().err

    there = tmp_path / "there"  # with its configuration and its secrets, and nothing else
    there.mkdir()
    for name in ("SITE.toml", "LINE.toml"):
        shutil.copyfile(backup / name, there / name)
    shutil.copyfile(here / "token", there / "token")
    moved = load_site(there / "SITE.toml")
    damaged = tmp_path / "damaged"
    shutil.copytree(backup, damaged)
    with (damaged / line.controller / "journal.sqlite").open("r+b") as file:
        file.seek(5_000)
        file.write(b"x")
    assert main(["site", "restore", str(there / "SITE.toml"), str(damaged)]) == 2
    assert "is another than was written: nothing was changed" in capsys.readouterr().err
    assert not journal_of(moved).exists() and not moved.store_file.exists()

    assert f"up to record {count}" in said("restore", str(there / "SITE.toml"), str(backup))
    with closing(JournalReader(journal_of(moved))) as reader:
        assert reader.last() == count
    with closing(sqlite3.connect(moved.store_file)) as db:
        assert db.execute("SELECT count(*) FROM sales_order").fetchone() == (2,)
    assert "left as it is: it is there" in said("restore", str(there / "SITE.toml"), str(backup))
    assert main(["site", "restore", str(there / "SITE.toml"), str(there)]) == 2
    assert f"it has no {HELD}" in capsys.readouterr().err
