"""The feed of a site store that is restored, replaced or deleted: all is taken, no request twice, and it is said.

Copies are killed at random moments; a restored store is whole, and one of the two that it may be.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from controllers import UTC_US, stop
from copying import copying
from earlier_stores import make_0_1_0
from hypothesis import given, settings
from hypothesis import strategies as st
from journals import journal
from made_up_floor import order
from ports import on_free_ports
from pure_site import example
from shipped import forked
from virtual_time import run_virtual
from waiting import wait_until

from edge.cli import main
from edge.controller.controller import Controller
from edge.core.core import Core
from edge.core.events import AlarmChanged, FeedFollowed, LaneRequested, OrderChanged
from edge.core.values.alarm import AlarmKind
from edge.core.values.feed import FeedPlace
from edge.core.values.wishes import LaneWish
from edge.journal.replay import replay
from edge.site.copies import backup, restore
from edge.site.schema import upgrade
from edge.site.store import SiteStore, StoreError, StoreHeld
from edge.views.sentences import Teller
from edge.views.words.table import say


class Follower:
    """What a controller does with a feed, and what it made of it."""

    def __init__(self) -> None:
        self.core = Core(())
        self.done: list[str] = []
        self.anew = 0

    def follow(self, store: SiteStore, limit: int) -> bool:
        """One portion; whether there was any."""
        state = self.core.state
        place = FeedPlace(state.feed_seq, state.feed_epochs, state.feed_known)
        portion = store.follow(place, limit)
        if portion.anew or portion.epochs != place.epochs:
            self.core.step(
                FeedFollowed(
                    at_us=1,
                    store=portion.store,
                    epochs=portion.epochs,
                    newest=portion.newest,
                    before=place.seq,
                    anew=portion.anew,
                    known=portion.known,
                )
            )
        self.anew += portion.anew
        for value in portion.values:
            self.core.step(value)
            if isinstance(value, LaneRequested):
                self.done.append(value.by)
        return portion.anew or bool(portion.values)


class Site:
    """A store with all that people do to it."""

    def __init__(self, folder: str) -> None:
        self.path = Path(folder, "site.sqlite")
        self.url = f"sqlite:///{self.path}"
        self.store = SiteStore(self.url)
        self.copies: list[Path] = []
        self.wishes = 0

    def order(self, number: int, changed: int) -> None:
        self.store.put_orders([order(number, ("DHL", "UPS", "GLS")[changed])], 1)

    def wish(self) -> None:
        self.wishes += 1
        self.store.request(LaneWish("sorter", 3, True, f"wish {self.wishes}"), 1)

    def restart(self) -> None:
        self.store.close()
        self.store = SiteStore(self.url)

    def back_up(self) -> None:
        self.copies.append(self.path.with_name(f"copy{len(self.copies)}"))
        backup(self.url, self.copies[-1])

    def restore(self, which: int, by_hand: bool) -> None:
        """``by_hand``: the file is put in its place, and nobody says so."""
        if self.copies:
            del self.copies[which % len(self.copies) + 1 :]  # what a restore threw away does not come back
            if by_hand:
                self.delete(self.copies[-1])
            else:
                restore(self.url, self.copies[-1])

    def delete(self, instead: Path | None = None) -> None:
        self.store.close()
        for end in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + end).unlink(missing_ok=True)
        if instead is None:
            self.copies.clear()
        else:
            shutil.copy(instead, self.path)
        self.store = SiteStore(self.url)


DEEDS = st.one_of(
    st.tuples(st.just("order"), st.integers(0, 3), st.integers(0, 2)),
    st.just(("wish",)),
    st.just(("wish",)),
    st.just(("restart",)),
    st.just(("back_up",)),
    st.tuples(st.just("restore"), st.integers(0, 5), st.booleans()),
    st.just(("delete",)),
    st.tuples(st.just("follow"), st.integers(1, 4)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(DEEDS, max_size=25))
def test_whatever_becomes_of_the_store_all_that_it_has_is_taken_and_nothing_is_done_twice(
    deeds: list[tuple[object, ...]],
) -> None:
    with TemporaryDirectory() as folder:
        site, follower = Site(folder), Follower()
        for name, *values in deeds:
            if name == "follow":
                follower.follow(site.store, int(str(values[0])))
            else:
                getattr(site, str(name))(*values)
        while follower.follow(site.store, 3):
            pass
        feed = site.store.feed(0)
        for change in feed:
            if isinstance(change, OrderChanged):
                known = follower.core.book.order(change.order.id)
                assert known is not None and known == site.store.order(change.order.id)
        assert len(follower.done) == len(set(follower.done)), "done twice"
        assert {value.by for value in feed if isinstance(value, LaneRequested)} <= set(follower.done), "never done"
        site.store.close()


def test_a_store_of_0_1_0_is_read_and_gets_its_epochs_from_whoever_writes_it(tmp_path: Path) -> None:
    """A controller that followed by numbers only goes on; one that is ahead begins anew."""
    site = Site(str(tmp_path))
    for number in range(3):
        site.order(number, 0)
    site.store.close()
    make_0_1_0(site.path)
    reader = SiteStore(site.url, readonly=True)
    old, ahead = Follower(), Follower()
    assert old.follow(reader, 2) and old.core.state.feed_seq == 2 and old.core.state.feed_epochs == ()
    ahead.core.state.feed_seq = 124
    upgrade(site.url, dry_run=False)
    site.store = SiteStore(site.url)
    site.wish()
    for follower in (old, ahead):
        while follower.follow(reader, 2):
            pass
        assert len(follower.core.book) == 3 and follower.done == ["wish 1"]
        assert [one.number for one in follower.core.state.feed_epochs] == [1]
    assert (old.anew, ahead.anew) == (0, 1)
    reader.close()
    site.store.close()


def test_a_controller_says_that_its_store_was_replaced_and_takes_the_new_one(project: Path, tmp_path: Path) -> None:
    """The store is deleted under it; the orders that the new one answered are there, and those of before stay."""
    config = on_free_ports(example(project), tmp_path)
    config = config.model_copy(update={"plc": {}, "reader": {}, "line": {}, "dock": ()})
    site = Site(str(tmp_path))
    for number in range(9):
        site.order(number, 0)

    async def work() -> None:
        reader = SiteStore(site.url, readonly=True)
        controller = Controller(config, reader.follow, threaded=False, zero_us=UTC_US)
        task = asyncio.create_task(controller.run())
        await asyncio.sleep(2)
        site.delete()
        site.order(20, 0)
        await asyncio.sleep(2)
        reader.close()
        await stop(task)

    run_virtual(work())
    records = journal(config)
    first, then = (value for record in records if isinstance(value := record.value, FeedFollowed))
    assert (first.anew, first.before, then.anew, then.before, then.newest) == (False, 0, True, 9, 1)
    assert first.store != then.store and then.store in say(Teller().tell(then))
    orders = [value.order.id for record in records if isinstance(value := record.value, OrderChanged)]
    assert orders == [*(f"A-{1000 + number}" for number in range(9)), "A-1020"]
    (alarm,) = (value for record in records if isinstance(value := record.value, AlarmChanged))
    assert (alarm.kind, alarm.alarm) == (AlarmKind.FEED_CHANGED, f"feed-changed.{config.controller}")
    assert alarm.text.startswith("its feed ends at 1, and place 9 that was reached is none of it (store ")
    assert replay(records).difference is None
    site.store.close()


def test_a_writer_whose_file_is_gone_takes_nothing_more(tmp_path: Path) -> None:
    site = Site(str(tmp_path))
    site.order(1, 0)
    site.path.unlink()
    assert site.store.replaced
    with pytest.raises(StoreError, match="gone, or another file stands in its place"):
        site.order(2, 0)
    site.store.close()


def test_a_second_writer_is_refused_as_a_second_controller_is(
    toml: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the api too, before it listens; with its end, however it ends, the first one's hold is over."""
    url = f"sqlite:///{tmp_path}/var/site.sqlite"
    store = SiteStore(url)
    said = f"site store {url}: another process writes it; stop that one or give `store` another path"
    with pytest.raises(StoreHeld, match=said):
        SiteStore(url)
    assert main(["api", str(toml)]) == 2
    assert capsys.readouterr().err == f"lanewise: {said}\n"
    SiteStore(url, readonly=True).close()
    store.close()
    SiteStore(url).close()


def test_what_was_projected_since_a_copy_is_projected_again(tmp_path: Path) -> None:
    site = Site(str(tmp_path))
    with pytest.raises(StoreError, match=r"replaced: it has 0 of edge1@1, 7 were taken"):
        site.store.project("edge1@1", [], 7)
    site.store.close()


# ---- copies ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def toml(project: Path, tmp_path: Path) -> Path:
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
    return tmp_path / "SITE.toml"


def test_the_commands_copy_and_refuse(toml: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, store = tmp_path / "backup.sqlite", SiteStore(f"sqlite:///{tmp_path}/var/site.sqlite")
    store.put_orders([order(1), order(2)], 1)
    assert main(["site", "backup", str(toml), str(file)]) == 0
    assert capsys.readouterr().out == f"{file}: 2 orders, feed up to 2, epoch 1\n"
    store.put_orders([order(3)], 1)
    assert main(["site", "restore", str(toml), str(file)]) == 0
    assert "2 orders, feed up to 2, epoch 2; controllers take all orders again" in capsys.readouterr().out
    assert store.order("A-1003") is None
    store.put_orders([order(4)], 1)
    assert [value.feed_seq for value in store.feed(0)] == [1, 2, 4], "no number is given twice"
    whole = file.read_bytes()
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        other.execute("CREATE TABLE orders(id)")
    for content, said in (
        (whole[:5_000] + bytes(4_000) + whole[9_000:], "damaged: "),
        (b"no database", "file is not a database"),
        ((tmp_path / "other.sqlite").read_bytes(), "no site store: it has no table 'feed'"),
        (None, "there is no such file"),
    ):
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        assert main(["site", "restore", str(toml), str(file)]) == 2
        assert said in capsys.readouterr().err
        assert len(store.feed(0)) == 3
    before = toml.read_bytes()
    assert main(["site", "backup", str(toml), str(toml)]) == 2, "a backup takes the place of nothing but a backup"
    assert "name a file that `lanewise site backup` wrote, or a new one" in capsys.readouterr().err
    assert toml.read_bytes() == before
    store.close()


KILLS = int(os.environ.get("LANEWISE_KILLS", "12"))


def test_a_store_is_no_backup_of_itself(tmp_path: Path) -> None:
    """By whatever name: the file in its place would lack what came while it was copied."""
    site, link = Site(str(tmp_path)), tmp_path / "link"
    site.order(1, 0)
    link.symlink_to(site.path)
    was = site.path.stat().st_ino
    for name in (site.path, link):
        with pytest.raises(StoreError, match="the site store itself"):
            backup(site.url, name)
    assert site.path.stat().st_ino == was and link.is_symlink()
    site.store.close()


@pytest.mark.parametrize("what", ["backup", "restore"])
def test_a_copy_killed_at_any_moment_leaves_whole_files(tmp_path: Path, what: str) -> None:
    """While orders come in: a backup is the newest whole one or the one before, a store the restored one or its own."""
    site, file, begun = Site(str(tmp_path)), tmp_path / "copy", tmp_path / "begun"
    for number in range(400):
        site.store.put_orders([order(number)], 1)
    backup(site.url, file)
    ended, taken = threading.Event(), list[int]()

    def write() -> None:
        while not ended.is_set():
            with suppress(StoreError):  # locked for a moment
                site.store.put_orders([order(400 + len(taken))], 1)
                taken.append(len(taken))

    writer = threading.Thread(target=write)
    writer.start()
    dice = random.Random(11)
    follower, reader = Follower(), SiteStore(site.url, readonly=True)
    try:
        for _ in range(KILLS):
            begun.unlink(missing_ok=True)
            process = forked(copying, what, site.url, file, begun)
            wait_until(begun.exists)
            came = len(taken) + dice.randrange(1, 12)
            while len(taken) < came:
                follower.follow(reader, 100)
            process.kill()
            process.join()
            assert process.exitcode == -signal.SIGKILL
            for path in (site.path, file):
                with closing(sqlite3.connect(path, timeout=60)) as db:
                    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                    both = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM feed)"
                    orders, fed = db.execute(both).fetchone()
                    assert orders == fed >= 400
    finally:
        ended.set()
        writer.join()
    while follower.follow(reader, 500):
        pass
    for value in site.store.feed(0, 100_000):
        assert isinstance(value, OrderChanged) and follower.core.book.order(value.order.id) == value.order
    assert (what == "restore") == bool(follower.anew)
    reader.close()
    site.store.close()
