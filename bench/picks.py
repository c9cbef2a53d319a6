"""A wave of thousands planned and released, and its rounds claimed by eight pickers at once, none twice.

Public names: main. Run: ``python -m bench.picks``.

A server of PostgreSQL of its own, with fsync, in a folder of its own; SQLite beside it, where the pickers are threads
of the one process that writes. Each order has three lines of 200 articles in 400 bins; a round has three orders.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
import sqlalchemy as sa  # noqa: E402
from postgres import Cluster, programs_path  # noqa: E402  it lives beside the tests
from sold import sold  # noqa: E402
from stocked import NOW_US, planning  # noqa: E402

from edge.orders.articles import Article  # noqa: E402
from edge.orders.picking import BinPlace  # noqa: E402
from edge.orders.sales import OrderStage, SalesLine  # noqa: E402
from edge.orders.stock import BinKey, Movement, MovementKind, StockCause  # noqa: E402
from edge.site import catalogue, drafts, moving, releasing, rounds, stock_shown, tables, waiting  # noqa: E402
from edge.site.store import SiteStore  # noqa: E402

PICKERS = 8
ARTICLES = 200


def main(argv: list[str] | None = None) -> int:
    """Prints times and counts; fails where a round was claimed twice or not at all, or the books differ."""
    options = argparse.ArgumentParser(description="a wave released, its rounds claimed")
    options.add_argument("--orders", type=int, default=3_000, help="of the wave; a third of it are rounds")
    given = options.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="lanewise-picks-"))
    path = programs_path()
    cluster = Cluster(lambda name: shutil.which(name, path=path) or name, {"fsync": "on", "synchronous_commit": "on"})
    try:
        good = _measured("PostgreSQL", cluster.database(), folder, given.orders)
        good &= _measured("SQLite", f"sqlite:///{folder}/site.sqlite", folder, given.orders)
    finally:
        cluster.end()
        shutil.rmtree(folder)
    return 0 if good else 1


def _measured(name: str, url: str, folder: Path, orders: int) -> bool:
    store = SiteStore(url, secret_file=folder / "secret")
    took = _clock(lambda: _fill(store, orders))
    by = planning(parcels=orders, totes=orders)
    by = replace(by, limits=replace(by.limits, totes=orders, cluster=3, batch=orders))
    print(f"{name}: {orders} orders and their stock taken in {took:.2f} s")
    took = _clock(lambda: waiting.reserve_waiting(store.connections, NOW_US))
    print(f"{name}: promised in {took:.2f} s")
    found: list[str] = []
    took = _clock(lambda: found.extend(drafts.plan(store.connections, by, NOW_US).new))
    print(f"{name}: planned into {len(found)} wave in {took:.2f} s")
    out: list[releasing.Released | None] = []
    took = _clock(lambda: out.append(releasing.release(store.connections, found[0], by.limits, "bench", NOW_US)))
    done = out[0]
    assert done is not None, "it is planned"
    print(f"{name}: {done.members} orders released in {done.tasks} rounds in {took:.2f} s")
    claimed: list[str] = []
    took = _clock(lambda: claimed.extend(_claimed(store, url)))
    twice = sum(n > 1 for n in Counter(claimed).values())
    print(
        f"{name}: {len(claimed)} rounds claimed by {PICKERS} pickers, {twice} twice, in {took:.2f} s = "
        f"{len(claimed) / took:.0f}/s"
    )
    with store.connections.reading() as db:
        differing = stock_shown.audit(db)
    store.close()
    return not twice and len(claimed) == done.tasks and not differing


def _fill(store: SiteStore, orders: int) -> None:
    with store.connections.writing() as db:
        catalogue.put_skus(db, [catalogue.Sku(Article(sku=f"S{at}", mass_g=100)) for at in range(ARTICLES)])
        catalogue.put_bins(db, {f"B{at}": BinPlace(at % 40, at) for at in range(2 * ARTICLES)})
        came = [
            Movement(
                cause=StockCause("receipt", str(at)),
                kind=MovementKind.RECEIPT,
                quantity=3 * orders // ARTICLES + 10,
                at_us=NOW_US,
                target=BinKey(f"B{at}", f"S{at % ARTICLES}"),
            )
            for at in range(2 * ARTICLES)
        ]
        moving.record(db, came)
    drafts = []
    for number in range(orders):
        draft = sold(number)
        lines = tuple(
            SalesLine(number=n, sku=f"S{(number * 7 + n * 31) % ARTICLES}", quantity=1, price=1) for n in (1, 2, 3)
        )
        drafts.append(replace(draft, order=replace(draft.order, lines=lines, promised="")))
    store.take_sales(drafts, NOW_US)
    with store.connections.writing() as db:
        db.execute(tables.sales.orders.update().values(stage=str(OrderStage.ACCEPTED)))
        assert db.execute(sa.select(sa.func.count()).select_from(tables.sales.orders)).scalar_one() == orders


def _claims(store: SiteStore, picker: str) -> list[str]:
    """Each round is ended at once, so that the picker may have another."""
    found: list[str] = []
    while (task := rounds.claim(store.connections, picker, NOW_US)) is not None:
        found.append(task.id)
        with store.connections.writing() as db:
            ended = tables.picks.tasks.update().where(tables.picks.tasks.c.id == task.id)
            db.execute(ended.values(state="done"))
    return found


def _claimed(store: SiteStore, url: str) -> list[str]:
    if url.startswith("sqlite"):
        found: list[str] = []
        threads = [
            threading.Thread(target=lambda which=which: found.extend(_claims(store, f"picker {which}")))
            for which in range(PICKERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return found
    fork = multiprocessing.get_context("fork")
    with fork.Pool(PICKERS) as pool:
        return [
            name for names in pool.map(_of_process, [(url, which) for which in range(PICKERS)], 1) for name in names
        ]


def _of_process(given: tuple[str, int]) -> list[str]:
    url, which = given
    store = SiteStore(url)
    try:
        return _claims(store, f"picker {which}")
    finally:
        store.close()


def _clock(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
