"""The site store in SQLite and in PostgreSQL: one schema, brought up whole or not at all, and orders in both alike."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import quick_tables
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from earlier_stores import make_0_1_0, make_schema_1
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_floor import order
from postgres import Cluster
from waiting import HANGS_S

from edge.cli import main
from edge.config.load import load_site
from edge.config.problem import ConfigError
from edge.core.events import ItemReleased, LaneRequested, OrderChanged, OrderShipped
from edge.core.values.feed import FeedPlace
from edge.core.values.order import Order, OrderState
from edge.core.values.wishes import LaneWish
from edge.journal.record import Record, encode
from edge.site import schema, tables
from edge.site.engine import engine
from edge.site.orders import AT_ONCE
from edge.site.schema import upgrade
from edge.site.store import OrderConflict, Put, SiteStore, StoreError, StoreHeld
from edge.site.tables import REVISION

WISH = LaneWish("sorter", 3, False, "Ann")


@contextmanager
def opened(url: str, readonly: bool = False, secret_file: Path | None = None) -> Iterator[SiteStore]:
    store = SiteStore(url, readonly, secret_file)
    try:
        yield store
    finally:
        store.close()


@pytest.fixture
def postgres_url(postgresql: Cluster) -> str:
    """Nothing is in it: what makes its tables is what is tried here."""
    return postgresql.database()


# ---- schema ----------------------------------------------------------------------------------------------------------


UNREFLECTED = pytest.mark.filterwarnings(
    "ignore:Skipped unsupported reflection of expression-based index", "ignore:autogenerate skipping.*expression-based"
)
"""SQLAlchemy cannot read such an index back from SQLite, and alembic then compares none."""


@UNREFLECTED
def test_what_the_revisions_make_is_what_the_tables_say(store_url: str) -> None:
    made = engine(store_url, readonly=False, upgrades=True)
    with made.begin() as db:
        schema._run(db)
    with made.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, tables.METADATA) == []
    made.dispose()
    opened(store_url)
    assert ScriptDirectory(str(schema._scripts())).get_current_head() == tables.REVISION


@UNREFLECTED
def test_stores_that_the_tests_begin_with_have_the_tables_of_any(store_url: str, tmp_path: Path) -> None:
    """Made of the statements that SQLAlchemy itself would run, whatever was made in this process before."""
    opened_as = {}
    for name, make in (
        ("quick", quick_tables.create_all),
        ("ordinary", partial(sa.MetaData.create_all, tables.METADATA)),
    ):
        url = store_url if name == "quick" else f"sqlite:///{tmp_path}/ordinary.sqlite"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tables.METADATA, "create_all", make)
            with opened(url, secret_file=tmp_path / "secret"):
                pass
        made = engine(url, readonly=True)
        with made.connect() as db:
            assert compare_metadata(MigrationContext.configure(db, opts={"compare_type": True}), tables.METADATA) == []
            if db.dialect.name == "sqlite":
                rows = db.exec_driver_sql(
                    "SELECT type, name, tbl_name, trim(sql) FROM sqlite_master ORDER BY type, name"
                )
                opened_as[name] = [tuple(row) for row in rows]
        made.dispose()
    assert len(opened_as) == 1 or opened_as["quick"] == opened_as["ordinary"]


def left(url: str) -> object:
    """All that a store of before has."""
    with opened(url, readonly=True) as store:
        return store.feed(0), [store.order(f"A-{1000 + number}") for number in range(30)], store.cursor("edge1")


@UNREFLECTED
@pytest.mark.parametrize("make", [make_0_1_0, make_schema_1])
def test_a_store_of_before_is_brought_up_whole_or_not_at_all(tmp_path: Path, make: object) -> None:
    """Killed before any of its statements, it is as it was; and its data are all there behind it."""
    assert callable(make)
    path, url = tmp_path / "site.sqlite", f"sqlite:///{tmp_path}/site.sqlite"
    with opened(url) as store:
        store.put_orders([replace(order(number), codes=(f"1Z{number}",)) for number in range(30)], 1)
        store.request(WISH, 2)
    make(path)
    before = left(url)
    with pytest.raises(
        StoreError, match=f"revision 0000, this version of Lanewise has {REVISION}: run `lanewise site upgr"
    ):
        SiteStore(url)

    def upgraded(until: int) -> None:
        """In a process of its own, which is killed before a statement."""
        statements = iter(range(until))

        def executed(*_: object) -> None:
            if next(statements, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        sa.event.listen(sa.Engine, "before_cursor_execute", executed)
        upgrade(url, dry_run=False)

    killed = 0
    for until in range(0, 1_000, 7):
        child = multiprocessing.get_context("fork").Process(target=upgraded, args=(until,))
        child.start()
        child.join(HANGS_S)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        killed += 1
        assert [step.revision for step in upgrade(url, dry_run=True)] == [
            one.revision for one in reversed(list(ScriptDirectory(str(schema._scripts())).walk_revisions()))
        ]
        assert left(url) == before
    assert killed > 3
    assert upgrade(url, dry_run=False) == []
    assert left(url) == before
    with opened(url) as store, pytest.raises(OrderConflict, match="code 1Z3: open order A-1003 has it"):
        store.put_orders([replace(order(50), codes=("1Z3",))], 3)
    made = engine(url, readonly=True)
    with made.connect() as db:
        assert compare_metadata(MigrationContext.configure(db), tables.METADATA) == []
    made.dispose()


def test_a_start_says_what_to_do_about_tables_of_another_version(
    store_url: str, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    toml = tmp_path / "SITE.toml"
    for name in ("LINE.toml", "SITE.toml"):
        (tmp_path / name).write_text((project / "examples/warehouse" / name).read_text(encoding="utf-8"))
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("sqlite:///var/site.sqlite", store_url), encoding="utf-8")
    with opened(store_url):
        behind(store_url, "0001")
        with pytest.raises(StoreHeld, match=r"stop (the|every) api"):
            upgrade(store_url, dry_run=False)
    behind(store_url, tables.REVISION)
    assert main(["site", "upgrade", str(toml)]) == 0
    assert capsys.readouterr().out.endswith(": of this version\n")
    behind(store_url, "9999")
    with pytest.raises(
        StoreError, match=f"revision 9999, this version of Lanewise has {REVISION}: start the version that"
    ):
        SiteStore(store_url)
    behind(store_url, "0001")
    with pytest.raises(StoreError, match=r"revision 0001, this version .* run `lanewise site upgrade SITE.toml`"):
        SiteStore(store_url)
    SiteStore(store_url, readonly=True).close()
    tried = store_url.startswith("sqlite:")  # on a copy, which has the tables of later revisions already
    assert main(["site", "upgrade", str(toml), "--dry-run"]) == (2 if tried else 0)
    told = capsys.readouterr()
    assert "would run 0002: Sales orders with consignees" in told.out
    assert ("tried on a copy and fails" in told.err) is tried


def behind(url: str, revision: str) -> None:
    made = engine(url, readonly=False, upgrades=True)
    with made.begin() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    made.dispose()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s3cret@127.0.0.1:1/site",
        "postgresql://127.0.0.1:1/site?user=ann&password=s3cret",
        "postgresql+psycopg://ann:s3cret@127.0.0.1:port/site",
        "postgres://ann:s3cret@host/site",
        "mysql://ann:s3cret@host/site",
        "s3cret",
    ],
)
def test_no_message_tells_a_password(url: str, project: Path, tmp_path: Path) -> None:
    for use in (SiteStore, lambda url: upgrade(url, dry_run=True)):
        with pytest.raises(StoreError) as trouble:
            use(url)
        assert "s3cret" not in str(trouble.value)
    text = (project / "examples/warehouse/SITE.toml").read_text(encoding="utf-8")
    toml = tmp_path / "SITE.toml"
    toml.write_text(text.replace("sqlite:///var/site.sqlite", url), encoding="utf-8")
    if ":" in url:
        with suppress(ConfigError):
            load_site(toml)
        try:
            load_site(toml)
        except ConfigError as error:
            assert "s3cret" not in str(error)


# ---- orders in both --------------------------------------------------------------------------------------------------


class RowByRow:
    """What `put_orders` does, one order after the other."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.feed: list[Order] = []

    def put(self, batch: list[Order]) -> Put | None:
        """None = it contradicts itself or what is there."""
        now, feed, new, same = dict(self.orders), [], 0, 0
        for one in batch:
            known = now.get(one.id)
            if one.external:
                twin = next(
                    (it for it in now.values() if (it.channel, it.external) == (one.channel, one.external)), None
                )
                foreign = known and known.external and known.channel != one.channel
                if foreign or (known and twin and twin.id != known.id):
                    return None
                known = known or twin
            if known:
                shipped = known.state is OrderState.SHIPPED and one.state is OrderState.OPEN
                one = replace(one, id=known.id, state=OrderState.SHIPPED if shipped else one.state)
            if known == one:
                same += 1
                continue
            new += known is None
            now[one.id] = one
            feed.append(one)
        still_open = [one for one in now.values() if one.state is OrderState.OPEN]
        labels = [label for one in still_open for label in one.labels]
        totes = [one.tote for one in still_open if one.tote]
        if len(set(labels)) < len(labels) or len(set(totes)) < len(totes):
            return None
        self.orders, self.feed = now, [*self.feed, *feed]
        return Put(new, len(feed) - new, same)


BATCH = st.lists(
    st.builds(
        lambda number, channel, external, parcel, codes, tote, state: replace(
            order(number),
            channel=channel,
            external=external,
            parcel=parcel,
            codes=tuple(sorted(codes)),
            tote=tote,
            state=state,
        ),
        st.integers(0, 4),
        st.sampled_from(["shop", "market"]),
        st.sampled_from(["", "", "1", "2"]),
        st.sampled_from([None, "L1", "L2"]),
        st.sets(st.sampled_from(["L1", "L3"])),
        st.sampled_from([None, None, "T1"]),
        st.sampled_from(OrderState),
    ),
    max_size=4,
)


@settings(max_examples=60)
@given(st.lists(BATCH, max_size=5), st.sampled_from([1, 2, 500]))
def put_as_row_by_row(url: str, batches: list[list[Order]], at_once: int) -> None:
    """With portions of any size."""
    if url.startswith("postgresql"):
        made = engine(url, readonly=False, upgrades=True)
        with made.begin() as db:
            db.exec_driver_sql("TRUNCATE orders, order_item, order_code, feed, feed_ref RESTART IDENTITY")
        made.dispose()
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.site.orders.AT_ONCE", at_once)
        with opened(url if url.startswith("postgresql") else f"sqlite:///{folder}/site.sqlite") as store:
            model = RowByRow()
            for at_us, batch in enumerate(batches):
                if (expected := model.put(batch)) is None:
                    with pytest.raises(OrderConflict):
                        store.put_orders(batch, at_us)
                else:
                    assert store.put_orders(batch, at_us) == expected
                for name in {one.id for one in batch}:
                    assert store.order(name) == model.orders.get(name)
            assert [change.order for change in store.feed(0) if isinstance(change, OrderChanged)] == model.feed
            for name in ("L1", "L2", "T1"):
                found = [one for one in model.orders.values() if name in (one.tote, one.parcel)]
                assert store.find(name) == sorted(found, key=lambda one: one.id)


def test_many_orders_at_once_are_what_one_after_the_other_is(store_url: str) -> None:
    SiteStore(store_url).close()
    put_as_row_by_row(store_url)


def test_whoever_asks_a_line_waits_for_one_portion_of_a_batch_at_most(store_url: str) -> None:
    """40,000 orders come in meanwhile; the wish stands in the feed before all of them are there."""
    with opened(store_url) as store, opened(store_url, readonly=True) as reader:
        batch = [order(number) for number in range(20 * AT_ONCE)]
        writer = threading.Thread(target=store.put_orders, args=(batch, 1))
        writer.start()
        places = []
        while writer.is_alive() and len(places) < 5:
            if reader.follow(FeedPlace(0), 1).newest > AT_ONCE * len(places):
                places.append(store.request(WISH, 2))
        writer.join()
        assert len(places) >= 2
        told = store.feed(0, 50_000)
        assert len([1 for one in told if isinstance(one, OrderChanged)]) == len(batch)
        for place in places:
            assert isinstance(told[place - 1], LaneRequested) and place < len(batch)


def test_a_batch_that_contradicts_itself_anywhere_is_not_begun(store_url: str) -> None:
    with opened(store_url) as store:
        batch = [order(number) for number in range(AT_ONCE + 10)]
        batch.append(replace(order(5_000), codes=(batch[-1].parcel or "",)))
        with pytest.raises(OrderConflict, match=r"order A-6000: code .*: open order A-1259 has it"):
            store.put_orders(batch, 1)
        assert store.feed(0) == []


# ---- many writers ----------------------------------------------------------------------------------------------------

WRITERS, BATCHES = 8, 12


def write_batches(url: str, which: int) -> None:
    dice = random.Random(which)
    with opened(url) as store:
        for batch in range(BATCHES):
            first = (which * BATCHES + batch) * 100
            store.put_orders([order(first + at) for at in range(dice.randint(1, 30))], which)
            store.request(replace(WISH, by=f"{which}.{batch}"), which)


def test_a_follower_loses_nothing_of_what_eight_processes_write(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cursor is one number: whoever has it has all that stands before it."""
    SiteStore(postgres_url).close()
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=write_batches, args=(postgres_url, which)) for which in range(WRITERS)]
    followed: list[OrderChanged | LaneRequested] = []
    for writer in writers:
        writer.start()
    with opened(postgres_url, readonly=True) as reader:
        place, looks, ended = FeedPlace(0), 0, False
        while True:
            portion = reader.follow(place, 7)
            looks += 1
            assert not portion.anew
            followed += portion.values
            if portion.values:
                place = FeedPlace(portion.values[-1].feed_seq, portion.epochs)
            elif ended:
                break
            else:
                ended = not any(writer.is_alive() for writer in writers)
        every = reader.feed(0, 100_000)
        epochs = reader.follow(FeedPlace(0), 1).epochs
    for writer in writers:
        writer.join(HANGS_S)
        assert writer.exitcode == 0
    with capsys.disabled():
        print(f" [{WRITERS} writers: {len(every)} told, {len(followed)} followed in {looks} looks]", end="")
    assert followed == every
    wishes = Counter(value.by for value in every if isinstance(value, LaneRequested))
    assert wishes == Counter(f"{which}.{batch}" for which in range(WRITERS) for batch in range(BATCHES))
    assert len(epochs) == 1, "all of them write the same copy"


# ---- another copy ----------------------------------------------------------------------------------------------------


def test_a_database_that_is_another_copy_begins_an_epoch_by_itself(
    postgresql: Cluster, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dumped, gone on, and restored under the eyes of an api that stays: its followers see that they are ahead."""
    url = postgresql.database()
    name = sa.make_url(url).database or ""
    dump = [f"--host={postgresql.folder}", "--username=lanewise"]
    with opened(url) as store:
        store.put_orders([order(number) for number in range(3)], 1)
        kept = tmp_path / "site.dump"
        subprocess.run(["pg_dump", *dump, "--format=custom", f"--file={kept}", name], check=True)
        store.put_orders([order(number) for number in range(3, 9)], 2)
        before = store.follow(FeedPlace(0), 100)
        place = FeedPlace(before.newest, before.epochs)
        subprocess.run(["pg_restore", *dump, "--clean", f"--dbname={name}", str(kept)], check=True)
        for number in range(20, 30):
            store.put_orders([order(number)], 3)
        portion = store.follow(place, 100)
        assert portion.anew and portion.newest > place.seq
        assert [one.number for one in portion.epochs] == [1, 2]
    toml = tmp_path / "SITE.toml"
    for copied in ("LINE.toml", "SITE.toml"):
        (tmp_path / copied).write_text((project / "examples/warehouse" / copied).read_text(encoding="utf-8"))
    toml.write_text(toml.read_text(encoding="utf-8").replace("sqlite:///var/site.sqlite", url), encoding="utf-8")
    assert main(["site", "restored", str(toml)]) == 0
    assert "epoch 3; controllers take all orders again" in capsys.readouterr().out
    assert main(["site", "backup", str(toml), str(tmp_path / "copy")]) == 2
    assert "copy it with pg_dump and pg_restore" in capsys.readouterr().err


def test_a_server_that_was_away_begins_an_epoch_and_loses_nothing(
    peer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have come back from a snapshot; its api goes on without a restart."""
    from postgres import programs_path

    monkeypatch.setenv("PATH", programs_path())
    cluster = Cluster(peer, {"fsync": "on", "synchronous_commit": "on"})  # type: ignore[arg-type]
    try:
        with opened(cluster.database()) as store:
            store.put_orders([order(1)], 1)
            cluster.stop(signal.SIGQUIT)
            with pytest.raises(StoreError):
                store.put_orders([order(2)], 2)
            with pytest.raises(StoreError):
                store.feed(0)
            cluster.start()
            assert store.put_orders([order(2)], 2) == Put(1, 0, 0)
            portion = store.follow(FeedPlace(1), 10)
            assert [one.number for one in portion.epochs] == [1, 2]
            known = FeedPlace(1, portion.epochs[:1])
            assert not store.follow(known, 10).anew and len(store.follow(known, 10).values) == 1
    finally:
        cluster.end()


def test_an_item_is_released_once_by_a_cause(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cause stays known when the feed is trimmed; and whoever would end at such a value refuses the store."""
    first, second = "(01)09521141000014(21)1", "(01)09521141000014(21)2"
    with opened(store_url) as store:
        assert store.put_orders([order(1)], 1).new == 1
        with opened(store_url, readonly=True) as reader, monkeypatch.context() as patch:
            patch.setattr(tables, "SCHEMAS", (1,))
            assert reader.feed(0)
            SiteStore(store_url, readonly=True).close()
        told = [(first, "return R-1"), (second, "return R-1"), (first, "return R-2")]
        places = [store.release_item(*one, at_us) for at_us, one in enumerate(told, 2)]
        assert places == [2, 3, 4]
        assert [store.release_item(*one, 9) for one in told] == [None] * 3
        expected = [
            ItemReleased(at_us, seq, *one) for (at_us, seq), one in zip(enumerate(range(2, 5), 2), told, strict=True)
        ]
        assert store.feed(1) == expected
        assert [record.value for record in store.by_ref(first)] == [expected[0], expected[2]]
        assert [record.value for record in store.by_ref("return R-1")] == expected[:2]
        for epc, cause in (("(00)095211410000000014", "R"), (first, ""), (first, "x" * 201)):
            with pytest.raises(ValueError, match="an item's identity and 1 to 200 characters are needed"):
                store.release_item(epc, cause, 10)
    monkeypatch.setattr(tables, "SCHEMAS", (1,))
    with pytest.raises(StoreError, match="schema 2: this version of Lanewise has 1: start the version that wrote it"):
        SiteStore(store_url, readonly=True)


def test_a_cancelled_order_stays_so_when_its_parcel_is_sorted(store_url: str) -> None:
    """Whichever of the two is first; and what was sorted does not open again by an older copy."""
    with opened(store_url) as store:
        cancelled = replace(order(1), state=OrderState.CANCELLED)
        for at_us, told in enumerate((order(1), cancelled)):
            store.put_orders([told], at_us)
        shipped = OrderShipped(3, "sorter", order(1).id, order(1).parcel or "", 1)
        store.project("edge1@1", [Record(1, 3, "sorter", "OrderShipped", encode(shipped))])
        assert store.order(order(1).id) == cancelled
        store.put_orders([replace(cancelled, state=OrderState.SHIPPED), order(1)], 4)
        assert store.order(order(1).id) == replace(order(1), state=OrderState.SHIPPED)
        store.put_orders([cancelled], 5)
        told_states = [value.order.state for value in store.feed(0) if isinstance(value, OrderChanged)]
        assert told_states == [OrderState.OPEN, OrderState.CANCELLED, OrderState.SHIPPED, OrderState.CANCELLED]
