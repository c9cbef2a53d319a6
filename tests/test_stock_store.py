"""Laws of stock, waves and picking in the store: nothing oversold, each cause once, books that balance, on both."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from stocked import ARTICLES, NOW_US, accept, planning, stocked
from waiting import HANGS_S

from edge.core.events import OrderShipped, ToteChecked
from edge.core.values.order import OrderState
from edge.orders.amend import Amend
from edge.orders.articles import Article, GtinError, Stance
from edge.orders.picking import PickError, ShortReason, TaskState, ToteHeldError
from edge.orders.reservations import ReservationEvent
from edge.orders.review import ReviewRules
from edge.orders.stages import FulfilmentState
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause, StockCondition, StockError
from edge.orders.waves import WaveState
from edge.orders.weighing import UnitWeight
from edge.site import (
    books,
    catalogue,
    drafts,
    leaving,
    moving,
    picking,
    put_backs,
    releasing,
    reserving,
    rounds,
    sightings,
    stock_shown,
    stocktaking,
    stories,
    tables,
    totes,
    wave_rows,
    weights,
)
from edge.site.desk import SalesDesk
from edge.site.picking import Picked
from edge.site.reserving import Want
from edge.site.rounds import StalePickError
from edge.site.store import SiteStore, StoreError


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> SiteStore:
    return SiteStore(store_url, secret_file=tmp_path / "site.secret")


def balanced(store: SiteStore) -> None:
    with store.connections.reading() as db:
        assert stock_shown.audit(db) == []


def moved(
    n: int, kind: MovementKind, source: BinKey | None, target: BinKey | None, units: int, epc: str = ""
) -> Movement:
    cause = StockCause("test", f"{kind} {n}")
    return Movement(cause=cause, kind=kind, quantity=units, at_us=NOW_US + n, source=source, target=target, epc=epc)


def promise(store: SiteStore, sku: str) -> tuple[int, int]:
    with store.connections.reading() as db:
        row = books.promises_of(db, [sku])[sku]
        return row.sellable, row.promised


def test_each_cause_moves_once_and_all_of_a_change_or_nothing(store: SiteStore) -> None:
    stocked(store, units=10)
    a, b = BinKey("B0-0", "SKU-0"), BinKey("B0-1", "SKU-0")
    hurt = replace(a, condition=StockCondition.DAMAGED)
    some = [
        moved(1, MovementKind.RECEIPT, None, a, 5),
        moved(2, MovementKind.MOVE, a, b, 3),
        moved(3, MovementKind.MOVE, a, hurt, 2),
        moved(4, MovementKind.SCRAP, hurt, None, 1),
        moved(5, MovementKind.RESTOCK, hurt, a, 1),
    ]
    for _ in range(2):
        stocktaking.recorded(store.connections, some, "Ann", NOW_US)
        assert promise(store, "SKU-0") == (24, 0)
    with store.connections.writing() as db:
        assert moving.record(db, some[:2]) == moving.Recorded(0, 2)
        rows = stock_shown.ledger(db, "SKU-0")
        assert [row.kind for row in rows][2:] == [one.kind for one in some]
        assert {row.by for row in rows[2:]} == {"Ann"}
        assert books.bin_rows(db, ["SKU-0"])[b].on_hand == 13
    for wrong, said in (
        (moved(6, MovementKind.SHIP, a, None, 99), "is not within 0"),
        (moved(6, MovementKind.RECEIPT, None, replace(a, bin="nowhere"), 1), "nowhere: no such bin"),
        (moved(6, MovementKind.RECEIPT, None, replace(a, sku="none"), 1), "none: no such article"),
        (moved(6, MovementKind.RECEIPT, None, a, 2**40), "units are not within"),
    ):
        with pytest.raises(StockError, match=said), store.connections.writing() as db:
            moving.record(db, [moved(7, MovementKind.RECEIPT, None, b, 1), wrong])
    with pytest.raises(StoreError), store.connections.writing() as db:  # the CHECK says it where nobody else does
        db.execute(tables.stock.promises.update().values(promised=1_000))
    balanced(store)
    store.close()


def test_articles_are_taken_as_they_are_now_and_a_number_is_one_article_s(store: SiteStore) -> None:
    first = catalogue.Sku(Article(sku="A", gtins=(("4006381333931", 1),), mass_g=5), "pen", 3)
    with store.connections.writing() as db:
        assert catalogue.put_skus(db, [first, catalogue.Sku(Article(sku="B"))]) == (2, 0)
        assert catalogue.put_skus(db, [first]) == (0, 0)
        assert catalogue.put_skus(db, [replace(first, safety=4)]) == (0, 1)
        how = Article(
            sku="B",
            mass_g=5,
            edges_mm=(3, 2, 1),
            stance=Stance.FLAT,
            on_top_g=0,
            nest_mm=1,
            wrap_mm=2,
            sealed=False,
            value=7,
            un="1263",
            packing_group="II",
            inner_ml=750,
            inner_g=1,
            brittle=True,
        )
        assert catalogue.put_skus(db, [catalogue.Sku(how)]) == (0, 1) and catalogue.articles_of(db, ["B"])["B"] == how
        assert catalogue.put_skus(db, [catalogue.Sku(how)]) == (0, 0)
        assert weights.unit_weights_of(db, ["B", "C"]) == {"B": UnitWeight(5)}
        weights.teach(db, "B", 40, 3, (4, 8), verified=False)
        weights.teach(db, "B", 40, 3, (4, 8), verified=True)
        weights.teach(db, "B", 31, 2, (4, 8), verified=True)
        learned = weights.unit_weights_of(db, ["B"])["B"]
        assert (learned.parcels, learned.units, learned.sum_mg) == (2, 5, 34_000 + 25_000)
        assert catalogue.skus_of(db, ["A", "C"])["A"].article.gtins == (("04006381333931", 1),)
    with pytest.raises(GtinError, match="04006381333931 is A and B"), store.connections.writing() as db:
        catalogue.put_skus(db, [catalogue.Sku(Article(sku="B", gtins=(("4006381333931", 1),)))])
    store.close()


def test_an_order_gets_all_its_lines_or_none_and_asked_again_nothing_more(store: SiteStore) -> None:
    stocked(store, units=5, bins=1)
    wants = [
        Want(order="late", lines=((1, "SKU-0", 3), (2, "SKU-1", 1)), rank=2),
        Want(order="early", lines=((1, "SKU-0", 3),), rank=1),
        Want(order="strange", lines=((1, "none", 1),), rank=3),
    ]
    with store.connections.writing() as db:
        for added in (3, 0):
            late, early, strange = reserving.reserve(db, wants)
            assert (late.complete, late.missing) == (False, (("SKU-0", 1),))
            assert (early.complete, early.added) == (True, added)
            assert strange.missing == (("none", 1),)
    assert promise(store, "SKU-0") == (5, 3) and promise(store, "SKU-1") == (5, 0)
    with store.connections.writing() as db:
        (urgent,) = reserving.reserve(db, [Want(order="now", lines=((1, "SKU-0", 4),), rank=-1, urgent=True)])
        assert urgent.complete
        assert [(one.order, one.quantity) for one in urgent.displaced] == [("early", 2)]
        assert [row.subject for row in reserving.told_of([urgent])] == ["early"]
        (too_much,) = reserving.reserve(db, [Want(order="more", lines=((1, "SKU-0", 6),), rank=-2, urgent=True)])
        assert not too_much.complete
        assert reserving.lapse(db, tables.stock.reservations.c.order_id == "early", ReservationEvent.LAPSED) == 1
    assert promise(store, "SKU-0") == (5, 4)
    balanced(store)
    store.close()


WRITERS, ORDERS = 8, 25


def sell(url: str, which: int) -> None:
    """Orders in any order of SKUs, receipts, counts and moves between them."""
    dice = random.Random(which)
    store = SiteStore(url)
    for number in range(ORDERS):
        skus = dice.sample(range(ARTICLES), 3)
        lines = tuple((n, f"SKU-{sku}", dice.randint(1, 3)) for n, sku in enumerate(skus, 1))
        with store.connections.writing() as db:
            reserving.reserve(db, [Want(order=f"{which}.{number}", lines=lines, rank=number)])
        which_is, same = (which, dice) if number % 3 else (0, random.Random(number))  # every third is everybody's
        sku = same.randrange(ARTICLES)
        here, there = (BinKey(f"B{sku}-{n}", f"SKU-{sku}") for n in same.sample(range(2), 2))
        cause = StockCause("writer", f"{which_is}.{number}")
        movement = Movement(cause=cause, kind=MovementKind.RECEIPT, quantity=2, at_us=number, target=here)
        if number % 10 == 9:
            movement = replace(movement, kind=MovementKind.MOVE, source=there, quantity=1)
        try:
            stocktaking.recorded(store.connections, [movement], str(which), number)
        except StockError:
            assert number % 10 == 9  # nothing was left to move
        if number % 12 == 11:
            stocktaking.counted_at(store.connections, there, dice.randint(0, 40), replace(cause, n=1), "", "", number)
    store.close()


def test_eight_writers_sell_nothing_twice_and_none_waits_in_a_circle(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store = SiteStore(postgres_url)
    stocked(store, units=12)
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=sell, args=(postgres_url, which)) for which in range(1, WRITERS + 1)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(HANGS_S)
        assert writer.exitcode == 0
    balanced(store)
    with store.connections.reading() as db:
        rows = books.promises_of(db, [f"SKU-{at}" for at in range(ARTICLES)]).values()
        causes = Counter(row.cause for row in stock_shown.ledger(db, limit=10_000))
        orders = db.execute(sa.select(sa.func.count(tables.stock.reservations.c.order_id.distinct()))).scalar_one()
        (deadlocks,) = db.execute(
            sa.text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        ).one()
    assert max(causes.values()) == 1 and deadlocks == 0
    with capsys.disabled():
        print(
            f"\n{WRITERS} writers: {orders} of {WRITERS * ORDERS} orders reserved, {len(causes)} causes, "
            f"promised {sum(row.promised for row in rows)} of {sum(row.sellable for row in rows)}, "
            f"{deadlocks} deadlocks"
        )
    store.close()


def work(store: SiteStore) -> None:
    """The whole way of some orders, each cause the same each time."""
    at = store.connections
    drafts.plan(at, planning(), NOW_US)
    with at.reading() as db:
        names = [row.id for row in wave_rows.wave_rows(db)]
    for name in names:
        releasing.release(at, name, planning().limits, "Ann", NOW_US)
    while (task := rounds.claim(at, "Bob", NOW_US)) is not None:
        for line in task.lines:
            if not line.ended:
                short = line.at.bin == "B0-0"
                task = picking.pick(
                    at,
                    Picked(
                        task=task.id,
                        n=line.n,
                        units=0 if short else line.quantity,
                        picker="Bob",
                        version=task.version,
                        reason=ShortReason.NOT_LOCATED if short else None,
                        tote=f"T-{line.fulfilment}",
                    ),
                    NOW_US,
                )
    stocktaking.counted_at(at, BinKey("B0-0", "SKU-0"), 4, StockCause("count", "1"), "Ann", "", NOW_US)
    with at.writing() as db:
        for name in ("shop-1", "shop-2"):
            leaving.ended_by(db, [OrderShipped(NOW_US, "line", name, "", 1)])


def killed_at(url: str, secret: Path, until: int) -> None:
    statements = iter(range(until))

    def executed(*_: object) -> None:
        if next(statements, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    store = SiteStore(url, secret_file=secret)
    sa.event.listen(sa.Engine, "before_cursor_execute", executed)
    work(store)
    store.close()


def test_killed_at_any_statement_the_books_balance_and_the_rest_is_done_again(store_url: str, tmp_path: Path) -> None:
    secret = tmp_path / "site.secret"
    store = SiteStore(store_url, secret_file=secret)
    stocked(store, units=5)
    accept(store, [(1, {0: 2, 1: 1}), (2, {0: 1}), (3, {2: 2, 3: 1})])
    store.close()
    fork = multiprocessing.get_context("fork")
    killed, until = 0, 3
    while True:
        child = fork.Process(target=killed_at, args=(store_url, secret, until))
        child.start()
        child.join(HANGS_S)
        store = SiteStore(store_url, secret_file=secret)
        balanced(store)
        if child.exitcode == 0:
            break
        assert child.exitcode == -signal.SIGKILL
        killed, until = killed + 1, until + 7
        store.close()
    assert killed > 5
    with store.connections.reading() as db:
        causes = Counter(row.cause for row in stock_shown.ledger(db))
        assert max(causes.values()) == 1
        assert sum(row.quantity for row in stock_shown.ledger(db) if row.kind is MovementKind.SHIP) == 4
        assert [row.state for row in wave_rows.wave_rows(db, everything=True)] == [WaveState.RELEASED]
        tasks = rounds.tasks_where(db)
        assert {task.state for task in tasks} == {TaskState.DONE}
    assert promise(store, "SKU-0") == (6, 0)
    store.close()


def released(store: SiteStore, orders: list[tuple[int, dict[int, int]]], **how: int) -> str:
    accept(store, orders)
    result = drafts.plan(store.connections, planning(**how), NOW_US)
    assert len(result.new) == 1
    assert releasing.release(store.connections, result.new[0], planning().limits, "Ann", NOW_US) is not None
    return result.new[0]


def test_a_wave_is_released_as_one_and_only_then_the_line_knows_its_orders(store: SiteStore) -> None:
    stocked(store, units=10)
    names = accept(store, [(number, {number % 3: 1, 5: 1}) for number in range(12)])
    short = accept(store, [(50, {6: 30})])
    first = drafts.plan(store.connections, planning(totes=8), NOW_US)
    assert first.waiting == ((short[0], (("SKU-6", 10),)),)
    assert (len(first.new), first.members) == (2, 12)
    again = drafts.plan(store.connections, planning(totes=8), NOW_US)
    assert (again.new, sorted(again.kept), again.replaced) == ((), sorted(first.new), ())
    assert store.feed(0) == []
    for wave, known in ((first.new[0], 8), (first.new[1], 4)):
        for repeated in (False, True):
            done = releasing.release(store.connections, wave, planning().limits, "Ann", NOW_US + 1)
            assert done is not None and (done.members, done.again) == (known, repeated)
    assert sorted(order.order.id for order in store.feed(0)) == sorted(names)  # type: ignore[union-attr]
    with store.connections.reading() as db:
        rows = {row.id: row for row in wave_rows.wave_rows(db)}
        assert {row.state for row in rows.values()} == {WaveState.RELEASED}
        lines = [line for task in rounds.tasks_where(db) for line in task.lines]
        assert sum(line.quantity for line in lines) == 24
        assert [row.told.type for row in store.outbox(0) if row.told.type.startswith("wave")] == [
            "wave.released.v1"
        ] * 2
    third = drafts.plan(store.connections, planning(parcels=12, totes=8), NOW_US)
    assert (third.new, third.members) == ((), 0)
    assert releasing.release(store.connections, "none", planning().limits, "Ann", 1) is None
    balanced(store)
    store.close()


def test_a_wave_of_the_same_minute_as_one_that_is_released_has_a_name_of_its_own(store: SiteStore) -> None:
    """What people pick is measured, so that the latest release is some seconds later at each plan."""
    stocked(store, units=9)
    first = released(store, [(1, {0: 1})])
    accept(store, [(2, {0: 1})])
    by = planning()
    later = {pickup: us + 7_000_000 for pickup, us in by.terms.release_by_us.items()}
    made = drafts.plan(store.connections, replace(by, terms=replace(by.terms, release_by_us=later)), NOW_US)
    assert len(made.new) == 1 and made.new[0] != first
    store.close()


def test_what_lacks_stock_stays_behind_and_full_pickups_leave_orders_with_the_reason(store: SiteStore) -> None:
    stocked(store, units=10, bins=1)
    accept(store, [(1, {0: 1}), (2, {1: 1}), (3, {2: 1})])
    made = drafts.plan(store.connections, planning(parcels=2), NOW_US)
    assert made.members == 2 and [order for order, _ in made.left] == ["shop-3"]
    with store.connections.writing() as db:
        books.suspect(db, BinKey("B0-0", "SKU-0"), NOW_US)
    done = releasing.release(store.connections, made.new[0], planning().limits, "Ann", NOW_US)
    assert done is not None and done.members == 1
    (lacking,) = done.lacking
    assert (lacking.fulfilment, lacking.sku, lacking.missing) == ("shop-1", "SKU-0", 1)
    again = drafts.plan(store.connections, planning(), NOW_US)
    assert again.members == 2, "it is planned again, beside the one that was left"
    balanced(store)
    store.close()


def test_a_line_s_scans_are_checked_and_a_short_is_found_elsewhere(store: SiteStore) -> None:
    stocked(store, units=3)
    released(store, [(1, {0: 2}), (2, {1: 1})])
    at = store.connections
    task = rounds.claim(at, "Ann", NOW_US)
    assert task is not None and rounds.claim(at, "Ann", NOW_US) == task
    assert rounds.claim(at, "Bob", NOW_US) is None
    line = next(line for line in task.lines if line.at.sku == "SKU-0")
    said = Picked(task=task.id, n=line.n, units=2, picker="Ann", version=task.version, bin=line.at.bin, tote="T1")
    totes.bind_tote(at, "shop-2", "T2", NOW_US)
    for wrong, why in (
        (replace(said, bin="B9"), "bin B9 was scanned"),
        (replace(said, tote="T2"), "tote T2: shop-2 has it, shop-1 cannot"),
        (replace(said, units=1), "1 of 2 without a reason"),
        (replace(said, units=3), "more than wanted"),
        (replace(said, picker="Bob"), "it is Ann's, not Bob's"),
        (replace(said, n=99), "there is none"),
    ):
        with pytest.raises(PickError, match=why):
            picking.pick(at, wrong, NOW_US)
    with pytest.raises(StalePickError):
        picking.pick(at, replace(said, version=task.version + 1), NOW_US)
    with pytest.raises(ToteHeldError):
        totes.bind_tote(at, "shop-1", "T2", NOW_US)
    short = picking.pick(at, replace(said, units=1, reason=ShortReason.EMPTY, epcs=("(01)1(21)1",)), NOW_US)
    more = short.lines[-1]
    assert (more.at, more.quantity) == (BinKey("B0-1", "SKU-0"), 1)
    with at.reading() as db:
        assert [row.suspect_us for row in stock_shown.stock_rows(db, sku="SKU-0")[0].bins] == [NOW_US, 0]
    balanced(store)
    order = store.order("shop-1")
    assert order is not None and order.tote == "T1" and order.lines[0].epcs == ("(01)1(21)1",)
    while (task := rounds.claim(at, "Ann", NOW_US)) is not None:
        line = next(line for line in task.lines if not line.ended)
        said = Picked(task=task.id, n=line.n, units=line.quantity, picker="Ann", version=task.version)
        picking.pick(at, said, NOW_US)
    balanced(store)
    assert totes.free_tote(at, "T1", NOW_US) == "shop-1" and totes.free_tote(at, "T1", NOW_US) == ""
    stocktaking.counted_at(at, BinKey("B0-0", "SKU-0"), 2, StockCause("count", "1"), "Ann", "", NOW_US)
    with at.reading() as db:
        assert [row.suspect_us for row in stock_shown.stock_rows(db, sku="SKU-0")[0].bins] == [0, 0]
    balanced(store)
    store.close()


def test_a_count_that_finds_fewer_sends_pickers_elsewhere(store: SiteStore) -> None:
    stocked(store, units=3)
    released(store, [(1, {0: 2})])
    at = store.connections
    with at.reading() as db:
        (task,) = rounds.tasks_where(db)
    lies = task.lines[0].at
    stocktaking.counted_at(at, lies, 1, StockCause("count", "1"), "Ann", "broken", NOW_US)
    with at.reading() as db:
        before, more = rounds.tasks_where(db)
        assert (before.lines[0].quantity, more.lines[0].quantity, more.lines[0].at.bin) == (1, 1, "B0-1")
    balanced(store)
    stocktaking.recorded(at, [moved(1, MovementKind.MOVE, lies, replace(lies, bin="B1-0"), 1)], "Ann", NOW_US)
    with at.reading() as db:
        states = [task.state for task in rounds.tasks_where(db)]
        assert states == [TaskState.WITHDRAWN, TaskState.OPEN, TaskState.OPEN]
    balanced(store)
    stocktaking.counted_at(at, BinKey("B0-1", "SKU-0"), 0, StockCause("count", "2"), "Ann", "", NOW_US)
    stocktaking.counted_at(at, BinKey("B1-0", "SKU-0"), 0, StockCause("count", "3"), "Ann", "", NOW_US)
    assert "order.unstocked.v1" in [row.told.type for row in store.outbox(0)]
    assert promise(store, "SKU-0") == (0, 0)
    balanced(store)
    store.close()


def test_what_is_not_wanted_any_more_goes_back_and_is_free_when_it_is_seen(store: SiteStore) -> None:
    stocked(store, units=5, bins=1)
    released(store, [(1, {0: 2, 1: 2})])
    at = store.connections
    task = rounds.claim(at, "Ann", NOW_US)
    assert task is not None
    line = next(line for line in task.lines if line.at.sku == "SKU-0")
    picking.pick(at, Picked(task=task.id, n=line.n, units=2, picker="Ann", version=task.version, tote="T1"), NOW_US)
    desk = SalesDesk(store, ReviewRules())
    desk.amend(Amend(order="shop-1", by="Ann", reason="rang", wanted={1: 1, 2: 0}), None, NOW_US)
    balanced(store)
    assert promise(store, "SKU-0") == (5, 2) and promise(store, "SKU-1") == (5, 0)
    with at.reading() as db:
        (back,) = put_backs.open_put_backs(db)
        assert (back.tote, back.to.bin, back.quantity) == ("T1", "B0-0", 1)
        assert [task.state for task in rounds.tasks_where(db)] == [TaskState.DONE]
    order = store.order("shop-1")
    assert order is not None and [(line.quantity, line.cancelled) for line in order.lines] == [(1, 1)]
    for _ in range(2):
        sightings.put_back(at, back.seq, "Ann", NOW_US)
        assert promise(store, "SKU-0") == (5, 1)
    (parcel,) = desk.detail("shop-1").fulfilments
    assert (parcel.state, parcel.quantity, parcel.putting_back) == (FulfilmentState.PICKED, 1, 0)
    with pytest.raises(PickError, match="put-back 99: there is none"):
        sightings.put_back(at, 99, "Ann", NOW_US)
    balanced(store)
    store.close()


def test_a_wave_is_taken_back_as_far_as_nobody_has_begun(store: SiteStore) -> None:
    stocked(store, units=9, bins=1)
    wave = released(store, [(1, {0: 1}), (2, {1: 1}), (3, {2: 1})])
    at = store.connections
    task = rounds.claim(at, "Ann", NOW_US)
    assert task is not None
    line = task.lines[0]
    picking.pick(at, Picked(task=task.id, n=line.n, units=1, picker="Ann", version=task.version, tote="T1"), NOW_US)
    with at.reading() as db:
        (now,) = rounds.rounds_now(db)
        assert (now.id, now.picker, now.lines, now.ended, now.units) == (task.id, "Ann", 3, 1, 2)
        assert rounds.round_counts(db) == {TaskState.OPEN: 0, TaskState.ASSIGNED: 0, TaskState.PICKING: 1}
    assert releasing.withdraw(at, wave, "Ann", NOW_US) == (2, 1)
    with at.reading() as db:
        (left,) = db.execute(sa.select(tables.picks.members.c.sales_id)).scalars()
        for name in ("shop-1", "shop-2", "shop-3"):
            known = [(one.what, one.by) for one in stories.story_of(db, name)]
            told = [one for one in known if one[0] in ("wave-released", "withdrawn")]
            assert told == [("wave-released", "Ann"), ("withdrawn", "Ann")][: 1 if name == left else 2], name
    assert releasing.withdraw(at, "none", "Ann", NOW_US) is None
    balanced(store)
    states = {name: order.state for name in ("shop-1", "shop-2", "shop-3") if (order := store.order(name))}
    assert Counter(states.values()) == {OrderState.CANCELLED: 2, OrderState.OPEN: 1}
    again = drafts.plan(at, planning(), NOW_US)
    assert again.members == 2 and wave not in again.new
    releasing.release(at, again.new[0], planning().limits, "Ann", NOW_US)
    assert all(store.order(name).state is OrderState.OPEN for name in states)  # type: ignore[union-attr]
    balanced(store)
    store.close()


def test_what_the_floor_saw_leaves_the_books_once_by_the_real_bin(store: SiteStore) -> None:
    stocked(store, units=2)
    at = store.connections
    epc = "(01)04006381333931(21)7"
    stocktaking.recorded(at, [moved(1, MovementKind.RECEIPT, None, BinKey("B0-1", "SKU-0"), 1, epc)], "", NOW_US)
    wave = released(store, [(1, {0: 1})])
    task = rounds.claim(at, "Ann", NOW_US)
    assert task is not None and task.lines[0].at.bin == "B0-0"
    picking.pick(at, Picked(task=task.id, n=1, units=1, picker="Ann", version=task.version, tote="T1"), NOW_US)
    seen = ToteChecked(
        at_us=NOW_US,
        line="line",
        track_id=1,
        passage=1,
        tote="T1",
        order="shop-1",
        final=True,
        matched=(epc,),
        findings=(),
    )
    with at.writing() as db:
        told = leaving.ended_by(db, [seen])
        assert [(one.subject, one.body["finding"]) for one in told] == [(epc, "other-bin")]
        assert leaving.ended_by(db, [seen]) == []
    balanced(store)
    for _ in range(2):
        with at.writing() as db:
            leaving.ended_by(db, [OrderShipped(NOW_US, "line", "shop-1", "", 1)])
    with at.reading() as db:
        (row,) = [row for row in stock_shown.ledger(db) if row.kind is MovementKind.SHIP]
        assert (row.source, row.cause) == ("B0-1", StockCause("fulfilment", "shop-1", 0))
        shown = wave_rows.wave_of(db, wave)
        assert shown is not None and (shown.state, shown.ended) == (WaveState.DONE, {"shipped": 1})
    totes.bind_tote(at, "shop-1", "T1", NOW_US)
    balanced(store)
    store.close()
