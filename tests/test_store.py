"""Laws of the site store: orders once, the feed in order, every journal projected exactly once, whatever breaks off."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from earlier_stores import make_0_1_0
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_floor import MadeUpFloor, item, order, parcel, tote

from edge.config.load import load_line
from edge.core.events import LaneRequested, OrderChanged, OrderShipped, Sorted, Started
from edge.core.names import refs
from edge.core.values.layout import LineLayout
from edge.core.values.order import Order, OrderState
from edge.core.values.wishes import LaneWish
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, Record, encode
from edge.journal.writer import Journal
from edge.site.schema import upgrade
from edge.site.set_aside import ASIDE
from edge.site.store import OrderConflict, Put, SiteStore, StoreError
from rfid.epc.identity import identify

START_US = 1_790_000_000_000_000


@contextmanager
def new_store() -> Iterator[SiteStore]:
    with TemporaryDirectory() as folder:
        store = SiteStore(f"sqlite:///{folder}/site.sqlite")
        try:
            yield store
        finally:
            store.close()


ORDERS = st.builds(
    lambda number, service, state, toted: replace(order(number, "DHL", service, toted), state=state),
    st.integers(0, 4),
    st.sampled_from(["express", "standard"]),
    st.sampled_from(OrderState),
    st.booleans(),
)


@settings(max_examples=40)
@given(st.lists(st.lists(ORDERS, max_size=5), max_size=6), st.integers(1, 4))
def test_the_feed_tells_every_change_once_and_in_order(batches: list[list[Order]], limit: int) -> None:
    with new_store() as store:
        told = 0
        for at_us, batch in enumerate(batches):
            put = store.put_orders(batch, at_us)
            assert put.new + put.changed + put.same == len(batch)
            told += put.new + put.changed
            last = {one.id: one for one in batch}
            assert store.put_orders([now for name in last if (now := store.order(name))], at_us) == Put(0, 0, len(last))
        feed: list[OrderChanged | LaneRequested] = []
        while portion := store.feed(feed[-1].feed_seq if feed else 0, limit):
            feed += portion
        assert len(feed) == told
        assert [change.feed_seq for change in feed] == sorted({change.feed_seq for change in feed})
        known: dict[str, Order] = {}
        for change in feed:
            assert isinstance(change, OrderChanged)
            before = known.get(change.order.id)
            assert before != change.order
            if before is not None and before.state is OrderState.SHIPPED:
                assert change.order.state is not OrderState.OPEN
            known[change.order.id] = change.order
        for name, newest in known.items():
            assert store.order(name) == newest
            for identity in filter(None, (newest.tote, newest.parcel, *(e for li in newest.lines for e in li.epcs))):
                assert newest in store.find(identity)


def test_an_order_is_known_by_its_external_number() -> None:
    with new_store() as store:
        first = replace(order(1), channel="shop", external="558")
        other = replace(order(2), channel="shop", external="559")
        assert store.put_orders([first, other], 1) == Put(2, 0, 0)
        assert store.put_orders([replace(first, id="another")], 2) == Put(0, 0, 1)
        assert store.order("another") is None
        with pytest.raises(OrderConflict, match=f"order {first.id}: shop '559' is order {other.id} already"):
            store.put_orders([order(3), replace(first, external="559")], 3)
        assert store.order(order(3).id) is None, "nothing of the batch may be stored"


def test_readers_in_other_processes_only_read(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/var/site.sqlite"
    with pytest.raises(StoreError, match="there is none; the api makes it with its first start"):
        SiteStore(url, readonly=True)
    store = SiteStore(url)
    reader = SiteStore(url, readonly=True)
    store.put_orders([order(1)], 5)
    seq = store.request(LaneWish("sorter", 3, False, "Ann"), 6)
    assert reader.feed(0) == [
        OrderChanged(5, 1, order(1)),
        LaneRequested(at_us=6, feed_seq=seq, line="sorter", lane=3, enabled=False, by="Ann"),
    ]
    with pytest.raises(StoreError, match="opened read-only"):
        reader.put_orders([order(2)], 7)
    reader.close()
    store.close()


# ---- projection ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(project: Path) -> list[Record]:
    """A minute of a journal."""
    floor = MadeUpFloor(load_line(project / "examples/warehouse/LINE.toml").layouts(), START_US)
    return [
        Record(seq, value.at_us, getattr(value, "line", ""), type(value).__name__, encode(value))
        for seq, value in enumerate(floor.until(START_US + 60_000_000), 1)
    ]


@settings(max_examples=15)
@given(st.data())
def test_a_journal_is_projected_exactly_once(told: list[Record], data: st.DataObject) -> None:
    """However it is cut, repeated or broken off."""
    records = told[: data.draw(st.integers(1, 620))]
    lines = _lines(records)
    shipped = {value.order for record in records if isinstance(value := record.value, OrderShipped)}
    bad = replace(told[0], kind="Nonsense")
    with new_store() as store:
        numbers = sorted(int(name.removeprefix("A-")) - 1000 for name in shipped)
        store.put_orders([order(number) for number in numbers], START_US)
        at = 0
        while at < len(records):
            to = data.draw(st.integers(at + 1, len(records)))
            if data.draw(st.booleans()):
                with pytest.raises(JournalError):
                    store.project("edge1@1", [*records[at:to], replace(bad, seq=records[to - 1].seq + 1)], 0, lines)
                assert store.cursor("edge1@1") == at, "broken off: nothing of it may stay"
            start = data.draw(st.integers(0, at))
            assert store.project("edge1@1", records[start:to], 0, lines) == records[to - 1].seq
            at = to
        assert_projected(store, records, shipped)


def _lines(records: list[Record]) -> tuple[LineLayout, ...]:
    first = records[0].value
    assert isinstance(first, Started)
    return first.layouts


def assert_projected(store: SiteStore, records: list[Record], shipped: set[str]) -> None:
    names = {name: None for record in records for name in refs(record.value)}
    for name in names:
        mine = [record for record in store.by_ref(name) if record.kind != "OrderChanged"]
        wanted = [record for record in records if name in refs(record.value) and record.kind != "OrderChanged"]
        assert sorted(mine, key=lambda record: record.seq) == wanted
    feed = [value for value in store.feed(0, 10_000) if isinstance(value, OrderChanged)]
    done = [value.order.id for value in feed if value.order.state is OrderState.SHIPPED]
    assert sorted(done) == sorted(shipped)
    aside = {(its.name, lane.number) for its in _lines(records) for lane in its.lanes if lane.role in ASIDE}
    lying = [its for record in records if isinstance(its := record.value, Sorted) and (its.line, its.lane) in aside]
    told = [row.told.body for row in store.outbox(0, 10_000) if row.told.type.endswith(".set-aside.v1")]
    assert [(one["track"], one["at_us"]) for one in told] == [
        (f"{its.line}#{its.track_id}", its.at_us) for its in lying
    ]


PROJECT_UNTIL_KILLED = """
import sys
from pathlib import Path
from edge.journal.reader import JournalReader
from edge.site.store import SiteStore
store, reader = SiteStore(sys.argv[1]), JournalReader(Path(sys.argv[2]))
print("on", flush=True)
lines = reader.after(0, 1)[0].value.layouts
while records := reader.after(store.cursor("edge1"), 7):
    store.project("edge1", records, 0, lines)
"""


def test_a_killed_projection_goes_on_where_it_was(told: list[Record], tmp_path: Path) -> None:
    path, url = tmp_path / "journal.sqlite", f"sqlite:///{tmp_path}/site.sqlite"
    journal = Journal(path)
    journal.append([record.value for record in told])
    journal.flush()
    journal.close()
    shipped = {value.order for record in told if isinstance(value := record.value, OrderShipped)}
    store = SiteStore(url)
    store.put_orders([order(int(name.removeprefix("A-")) - 1000) for name in shipped], START_US)
    store.close()
    dice = random.Random(5)
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    for _ in range(3):
        command = [sys.executable, "-c", PROJECT_UNTIL_KILLED, url, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdout is not None and process.stdout.readline() == b"on\n"
            time.sleep(dice.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
    store, reader = SiteStore(url), JournalReader(path)
    while records := reader.after(store.cursor("edge1"), 500):
        store.project("edge1", records, 0, _lines(told))
    assert_projected(store, told, shipped)
    reader.close()
    store.close()


def test_find_takes_every_kind_of_name() -> None:
    with new_store() as store:
        mine = order(7, in_tote=True)
        store.put_orders([mine, order(8, in_tote=True)], 1)
        for hexadecimal in (tote(7), parcel(7), item(84)):
            assert store.find(identify(hexadecimal)) == [mine]
        assert store.find("(00)095212340000000105") == []


# ---- one holder ------------------------------------------------------------------------------------------------------

HOLDERS = st.builds(
    lambda number, parcel, codes, tote, state: replace(
        order(number), parcel=parcel, codes=tuple(sorted(codes)), tote=tote, state=state
    ),
    st.integers(0, 4),
    st.sampled_from([None, "L1", "L2"]),
    st.sets(st.sampled_from(["L1", "L2", "L3"])),
    st.sampled_from([None, "L1", "T1"]),
    st.sampled_from(OrderState),
)


@settings(max_examples=60)
@given(st.lists(st.lists(HOLDERS, min_size=1, max_size=3), max_size=6))
def test_open_orders_never_share_a_tote_parcel_or_code(batches: list[list[Order]]) -> None:
    with new_store() as store:
        model: dict[str, Order] = {}
        for at_us, batch in enumerate(batches):
            wanted = dict(model)
            for one in batch:
                was = wanted.get(one.id)
                shipped = was is not None and was.state is OrderState.SHIPPED and one.state is OrderState.OPEN
                wanted[one.id] = replace(one, state=OrderState.SHIPPED) if shipped else one
            still_open = [one for one in wanted.values() if one.state is OrderState.OPEN]
            labels = [label for one in still_open for label in one.labels]
            totes = [one.tote for one in still_open if one.tote]
            if len(set(labels)) == len(labels) and len(set(totes)) == len(totes):
                store.put_orders(batch, at_us)
                model = wanted
            else:
                with pytest.raises(OrderConflict, match=r"order A-\d+: (tote|parcel|code) .+: open order A-\d+ has it"):
                    store.put_orders(batch, at_us)
            assert {number: store.order(f"A-{number}") for number in range(1000, 1005)} == {
                number: model.get(f"A-{number}") for number in range(1000, 1005)
            }


def test_who_has_it_is_said_and_what_is_given_up_is_free(tmp_path: Path) -> None:
    store = SiteStore(f"sqlite:///{tmp_path}/site.sqlite")
    first = replace(order(1), codes=("1Z7",))
    second = replace(order(2), codes=("1Z7",), parcel=first.parcel)
    store.put_orders([first], 1)
    with pytest.raises(OrderConflict) as refused:
        store.put_orders([second, replace(order(3), codes=("1Z7",))], 2)
    assert refused.value.problems == (
        f"order A-1002: parcel {first.parcel}: open order A-1001 has it",
        "order A-1002: code 1Z7: open order A-1001 has it",
        "order A-1003: code 1Z7: open order A-1001 has it",
        "order A-1003: code 1Z7: open order A-1002 has it",
    )
    assert store.put_orders([second, replace(order(1), parcel=None)], 3) == Put(1, 1, 0), (
        "in one batch it changes hands"
    )
    store.close()
    make_0_1_0(tmp_path / "site.sqlite")  # which had no table of codes
    upgrade(f"sqlite:///{tmp_path}/site.sqlite", dry_run=False)
    store = SiteStore(f"sqlite:///{tmp_path}/site.sqlite")
    with pytest.raises(OrderConflict, match="order A-1001: code 1Z7: open order A-1002 has it"):
        store.put_orders([first], 4)
    store.close()


def test_an_order_is_of_one_channel() -> None:
    with new_store() as store:
        store.put_orders([replace(order(1), channel="shop", external="1")], 1)
        with pytest.raises(OrderConflict, match="order A-1001: is of channel shop, '1'"):
            store.put_orders([replace(order(1), channel="market", external="1")], 2)
