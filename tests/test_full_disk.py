"""A disk that is full: said at once by another way than the journal, and at a start with what to do.

Public names: none; run by pytest.
"""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from browser import Browser
from house import House, make_house
from journals import leave_no_room
from ports import free_port
from shipped import begin
from small_disk import SmallDisk, small_disk
from waiting import HANGS_S, wait_until

from edge.controller import controller
from edge.core.events import DeviceChanged
from edge.journal import writer
from edge.journal.disk import no_room
from edge.journal.sign import Unwritable, WriterSign, show, shown
from edge.journal.writer import Journal


def test_a_sign_is_seen_by_others_for_as_long_as_its_writer_lives(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    assert shown(path) is None, "no file"
    signs = [WriterSign(1_790_000_000, why) for why in (None, *Unwritable, None)]
    signs += [WriterSign(1_790_000_000 + 7 * number, Unwritable.FULL) for number in (3, 1, 2)]
    with (tmp_path / "j.sqlite.lock").open("w") as lock:
        assert shown(path) is None, "nobody has said anything"
        for sign in signs:
            show(lock, sign)
            assert shown(path) == sign
    assert shown(path) is None, "its writer is gone"


def test_a_journal_says_that_it_cannot_be_written_and_that_it_can(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.sqlite")
    seen = shown(tmp_path / "j.sqlite")
    assert seen == journal.sign and seen.why is None
    leave_no_room(journal._db)
    journal.append([DeviceChanged(number, "plc.sorter", True, "x" * 100) for number in range(300)])
    with pytest.raises(sqlite3.Error):
        journal.flush()
    seen = shown(tmp_path / "j.sqlite")
    assert seen is not None and seen.why is Unwritable.FULL
    journal._db.execute("PRAGMA max_page_count=1000000")
    journal.flush()
    seen = shown(tmp_path / "j.sqlite")
    assert seen is not None and seen.why is None
    assert journal.close()


def test_other_errors_are_no_full_disk(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error) as caught, sqlite3.connect(tmp_path) as db:
        db.execute("PRAGMA application_id")
    assert no_room(caught.value, tmp_path / "j") == ""
    assert no_room(OSError(28, "No space left on device"), tmp_path / "new" / "j").startswith("no space left")


def _busy(disk: SmallDisk) -> None:
    """`lanewise run` on that disk, which writes often and into no room that it made before."""
    disk.join()
    controller.EVERY_S = 0.02
    writer._ROOM_BYTES = 50_000


class Site:
    """`run` and `api` of the example with everything of theirs on a small disk."""

    def __init__(self, house: House, disk: SmallDisk) -> None:
        self.house, self.disk = house, disk
        self.metrics = f"127.0.0.1:{free_port()}"
        text = (house.folder / "LINE.toml").read_text(encoding="utf-8")
        low = "[disk]\nlow_mb = 1\n"
        (house.folder / "LINE.toml").write_text(f'{text}\n{low}[metrics]\nrun = "{self.metrics}"\n', encoding="utf-8")
        with (house.folder / "SITE.toml").open("a", encoding="utf-8") as file:
            file.write(f"\n{low}")

    def health(self) -> list[dict[str, object]]:
        troubles: list[dict[str, object]] = json.loads(self._get(f"127.0.0.1:{self.house.ports['site']}/api/health"))[
            "troubles"
        ]
        return troubles

    def is_well(self) -> bool:
        with suppress(OSError):
            return not self.health() and "lanewise_journal_writable 1.0" in self._get(f"{self.metrics}/metrics")
        return False

    def number(self, name: str) -> float:
        lines = self._get(f"{self.metrics}/metrics").splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"lanewise_{name}"))

    def refused(self, *command: object) -> str:
        """What a command that cannot be done says on that disk."""
        heard = self.house.folder / "heard"
        heard.unlink(missing_ok=True)
        process = begin(self.house.folder, *command, err=heard, before=self.disk.join)
        process.join(HANGS_S)
        said = heard.read_text(encoding="utf-8")
        assert process.exitcode == 2 and len(said.splitlines()) == 1, said
        return said

    @staticmethod
    def _get(where: str) -> str:
        with urllib.request.urlopen(f"http://{where}", timeout=HANGS_S) as answer:
            return str(answer.read().decode())


def test_a_full_disk_is_told_by_another_way_than_the_journal(
    project: Path, tmp_path: Path, peer: Callable[[str], str]
) -> None:
    house = make_house(project, tmp_path)
    with small_disk(tmp_path / "var", 24) as disk, house.starts() as start:
        site = Site(house, disk)
        start("run", "LINE.toml", before=partial(_busy, disk))
        start("api", "SITE.toml", before=disk.join)
        wait_until(site.is_well)
        disk.fill()
        wait_until(lambda: "trouble.unwritable.full" in {one["code"] for one in site.health()}, site.health)
        assert site.number("journal_writable") == 0
        text = "Journal of edge1 cannot be written: no space left on its disk"
        todo = f"Make room on the disk of {tmp_path / 'var'}, 10 MB at least."
        said = house.run("alarms", "SITE.toml").out
        assert text in said and todo in said
        with Browser(peer("chromium")) as page:
            page.open(f"http://127.0.0.1:{house.ports['site']}")
            row = page.until("document.querySelector('#attention')?.textContent", lambda shown: shown and text in shown)
            assert f"{text}since " in row and todo in row
            page.until("document.getElementById('status').textContent", lambda shown: shown == f"Old picture: {text}")
            assert "running?" not in page.ask("document.body.textContent")
            page.ask("document.querySelector('[data-language=zh-Hant]').click()")
            page.until("document.getElementById('attention').textContent", lambda shown: "磁碟沒有空間" in shown)
            disk.make_room()
            page.until("document.querySelector('#attention .need.trouble') === null")
        wait_until(site.is_well)


def test_a_start_on_a_full_disk_says_where_and_how_much(project: Path, tmp_path: Path) -> None:
    house = make_house(project, tmp_path)
    text = (house.folder / "LINE.toml").read_text(encoding="utf-8")
    far = '[publish.far]\nkind = "influx"\nurl = "http://127.0.0.1:9"\nbucket = "b"\n'
    (house.folder / "LINE.toml").write_text(f"{text}\n{far}", encoding="utf-8")
    with small_disk(tmp_path / "var", 2) as disk:
        site = Site(house, disk)
        for left in (2_000_000, 0):
            if not left:
                disk.fill()
            for command in (("run", "LINE.toml"), *([("publish", "LINE.toml")] if not left else ())):
                said = site.refused(*command)
                assert "no space left, the disk is full: " in said and f"MB are free in {tmp_path / 'var'}" in said
                assert "10 MB are needed at least: make room there" in said and "of its own" not in said
        with house.starts() as start:
            start("api", "SITE.toml", before=disk.join, err=tmp_path / "api")

            def told() -> bool:
                with suppress(OSError):
                    return [one["code"] for one in site.health()] == ["trouble.store-full"]
                return False

            wait_until(told, lambda: (site.health(), (tmp_path / "api").read_text()))
            said = house.run("alarms", "SITE.toml").out
            assert "The site store cannot be written: no space left on its disk" in said
