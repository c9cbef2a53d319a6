"""Orders into the site store: many at once beside row by row, a million open ones beside them, and whoever waits.

Public names: main, fill, fulfilment, Meter, Cost. Run: ``python -m bench.orders [--against c3fd558]``.

A server of PostgreSQL of its own, with fsync, in a folder of its own; SQLite beside it. Sales orders have three lines
and a consignee. ``--against`` runs `put_orders` of an older version, which took orders row by row, on the same server;
it had neither lines of their own nor consignees. With a million open sales orders in the store it looks what a
controller and an api need to begin: only what is released is in the feed. Processor time is that of both sides; the
clock also says how busy the machine is.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from edge.core.core import Core
from edge.core.values.feed import FeedPlace
from edge.core.values.order import Order, OrderLine
from edge.core.values.wishes import LaneWish
from edge.orders.review import ReviewRules
from edge.site import sales, tables
from edge.site.desk import SalesDesk
from edge.site.engine import engine
from edge.site.store import SaleOutcome, SiteStore

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from postgres import Cluster, programs_path  # noqa: E402  it lives beside the tests
from sold import sold  # noqa: E402

WISH = LaneWish("sorter", 3, False, "Ann")
RELEASED = 1_000
"""Fulfilments in the feed of whoever begins."""
BEFORE = """
import json, sys, time
from edge.store import SiteStore
from edge.orders.model import Order, OrderLine
store, count = SiteStore(sys.argv[1]), int(sys.argv[2])
orders = [
    Order(id=f"B-{n}", carrier="DHL", service="express", external=f"B{n}", tote=f"(8003)0952{n:010d}1",
          lines=tuple(OrderLine(gtin=f"0952123400{at:04d}", quantity=1, sku=f"SKU-{at}") for at in range(3)))
    for n in range(count)
]
begun, cpu = time.perf_counter(), time.process_time()
store.put_orders(orders, 1)
print(json.dumps([time.perf_counter() - begun, time.process_time() - cpu]), flush=True)
sys.stdin.read()  # so that its server's process is there to be asked
"""


@dataclass(frozen=True, order=True)
class Cost:
    """Seconds of processor time of both sides, and of the clock."""

    busy: float
    clock: float


class Meter:
    """What a run costs; ``server``: the process id of the database's, 0 = there is none."""

    def __init__(self, server: int) -> None:
        self._server = server
        self._clock, self._busy = time.perf_counter(), self._both()

    def cost(self, more: float = 0.0) -> Cost:
        """Since it was made; ``more``: processor time of other processes."""
        return Cost(self._both() - self._busy + more, time.perf_counter() - self._clock)

    def _both(self) -> float:
        """Of this process and of the server's that are there."""
        ticks = 0
        if self._server:
            for stat in Path("/proc").glob("[0-9]*/stat"):
                try:
                    fields = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
                except OSError:  # it has just ended
                    continue
                if int(fields[1]) == self._server:
                    ticks += int(fields[11]) + int(fields[12])
        return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def fulfilment(number: int) -> Order:
    """As the older version's above."""
    lines = tuple(OrderLine(gtin=f"0952123400{at:04d}", quantity=1, sku=f"SKU-{at}") for at in range(3))
    external, tote = f"B{number}", f"(8003)0952{number:010d}1"
    return Order(id=f"B-{number}", carrier="DHL", service="express", external=external, tote=tote, lines=lines)


def main(argv: list[str] | None = None) -> int:
    """Prints a table."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--orders", type=int, default=10_000, help="of an intake (default 10,000)")
    options.add_argument("--beside", type=int, default=1_000_000, help="open orders beside it (default 1,000,000)")
    options.add_argument("--against", metavar="REV", help="a git revision whose row-by-row way runs on the same server")
    options.add_argument("--begin", metavar="URL", help=argparse.SUPPRESS)
    given = options.parse_args(argv)
    if given.begin:
        print(json.dumps(_begun(given.begin)))
        return 0
    with tempfile.TemporaryDirectory(prefix="lanewise-bench-") as folder, _cluster() as cluster:
        print(f"intake of {given.orders} orders: seconds of processor time of both sides (of the clock); best of three")
        before = Cost(0.0, 0.0)
        if given.against:
            before = _before(cluster, Path(folder), given.against, given.orders)
        _compare("PostgreSQL", cluster.database(), Path(folder), given.orders, given.beside, before, cluster.pid)
        url = f"sqlite:///{folder}/site.sqlite"
        _compare("SQLite", url, Path(folder), given.orders, given.beside, Cost(0.0, 0.0), 0)
    return 0


def _compare(name: str, url: str, folder: Path, count: int, beside: int, before: Cost, server: int) -> None:
    store = SiteStore(url, secret_file=folder / f"{name}.secret")
    _take(store, 900 * count, 1, server)  # connected, and the secret made
    alone = _best(lambda run: _take(store, run * count, count, server))
    _row(f"{name}: sales orders, lines, consignees, outbox", count, alone, before)
    reviewed = _best(lambda run: _review(store, (run + 30) * count, count, server))
    _row(f"{name}: the same, taken and reviewed by the desk", count, reviewed, before)
    if server:
        slow = _row_by_row(store, 800 * count, count // 10, server)
        _row(f"{name}: the same rows one by one, by a tenth", count, slow)
        _row(f"{name}: so many at once, beside them", count, alone, slow)
    again = _best(lambda run: _take(store, run * count, count, server, SaleOutcome.SAME))
    _row(f"{name}: the same again", count, again)
    _row(f"{name}: fulfilments, feed", count, _best(lambda run: _put(store, run * count, count, server)), before)
    _waits(name, store, 40_000)
    small = _beginning(url)
    fill(url, beside)
    for what, first, small_cost, run_it in (
        ("sales orders", 10, alone, _take),
        ("taken and reviewed", 20, reviewed, _review),
    ):

        def once(run: int, first: int = first, run_it: Callable[[SiteStore, int, int, int], Cost] = run_it) -> Cost:
            return run_it(store, (run + first) * count, count, server)

        crowded = _best(once)
        _row(f"{name}: {what}, {beside} open ones beside", count, crowded, before)
        print(f"    {100 * (crowded.busy / small_cost.busy - 1):+.0f} % processor time")
    for what, many in _beginning(url).items():
        print(f"{name}: to begin: {what}: {small[what]:.2f} without, {many:.2f} with {beside} open sales orders")
    store.close()


def _row(what: str, count: int, cost: Cost, before: Cost | None = None) -> None:
    times = ""
    if before and before.busy:
        times = f"{before.busy / cost.busy:8.1f} x ({before.clock / cost.clock:.1f} x)"
    print(f"{what:58} {cost.busy:6.2f} s ({cost.clock:.2f} s, {count / cost.clock:.0f}/s){times}", flush=True)


def _best(run: Callable[[int], Cost]) -> Cost:
    return min(run(number) for number in range(3))


def _take(store: SiteStore, first: int, count: int, server: int, outcome: SaleOutcome = SaleOutcome.NEW) -> Cost:
    drafts = [sold(number) for number in range(first, first + count)]
    meter = Meter(server)
    taken = store.take_sales(drafts, 1)
    cost = meter.cost()
    assert all(one.outcome is outcome for one in taken)
    return cost


def _review(store: SiteStore, first: int, count: int, server: int) -> Cost:
    """What people and channels do: all rules, beside the orders of the same phone, address and goods."""
    drafts = [sold(number) for number in range(first, first + count)]
    desk = SalesDesk(store, ReviewRules(), ("TW",))
    meter = Meter(server)
    taken = desk.take(drafts, 1)
    cost = meter.cost()
    assert all(one.outcome is SaleOutcome.NEW for one in taken)
    return cost


def _row_by_row(store: SiteStore, first: int, count: int, server: int) -> Cost:
    """What `take_sales` stores, as the older version stored orders: looked for and inserted one after the other."""
    drafts = [sold(number) for number in range(first, first + count)]
    its = tables.sales
    meter = Meter(server)
    with store.connections.writing() as db:
        for draft in drafts:
            order = draft.order
            same = sa.and_(its.orders.c.channel == order.channel, its.orders.c.external == order.external)
            for known in (its.orders.c.id == order.id, same):
                assert db.execute(sa.select(its.orders).where(known)).first() is None
            row = dict(zip(sales.ORDER, sales.order_row(order), strict=True))
            content, _ = store.keys.content(draft)
            db.execute(its.orders.insert().values(row | {"content": content, "taken_us": 1}))
            for line in order.lines:
                its_line = dict(zip(sales.LINE, sales.line_row(line), strict=True))
                db.execute(its.lines.insert().values(its_line | {"order_id": order.id}))
            person = sales.person_row(order.id, draft.consignee, store.keys.all_of(draft.consignee, order.lines))
            db.execute(its.consignees.insert().values(dict(zip(sales.PERSON, person, strict=True))))
            db.execute(its.outbox.insert().values(at_us=1, type="order.taken.v1", subject=order.id, body="{}"))
    cost = meter.cost()
    return Cost(10 * cost.busy, 10 * cost.clock)


def _put(store: SiteStore, first: int, count: int, server: int) -> Cost:
    orders = [fulfilment(number) for number in range(first, first + count)]
    meter = Meter(server)
    assert store.put_orders(orders, 1).new == count
    return meter.cost()


def _waits(name: str, store: SiteStore, count: int) -> None:
    """An operator asks a line again and again while a batch comes in."""
    batch = [fulfilment(10_000_000 + number) for number in range(count)]
    writer = threading.Thread(target=store.put_orders, args=(batch, 1))
    waits: list[float] = []
    writer.start()
    while writer.is_alive():
        begun = time.perf_counter()
        store.request(WISH, 1)
        waits.append(time.perf_counter() - begun)
        time.sleep(0.02)
    writer.join()
    print(f"{name}: {len(waits)} requests while {count} orders come in: {max(waits):.3f} s at most", flush=True)


def fill(url: str, count: int, behind: int = 0) -> None:
    """Open sales orders with three lines and a consignee, straight into the tables; numbered behind a number."""
    made = engine(url, readonly=False, upgrades=True)
    numbers = (
        f"generate_series({behind + 1}, {behind + count}) AS n"
        if url.startswith("postgresql")
        else f"(WITH RECURSIVE s(n) AS (SELECT {behind + 1} UNION ALL SELECT n + 1 FROM s WHERE n < {behind + count})"
        " SELECT n FROM s)"
    )
    false = "false" if url.startswith("postgresql") else "0"
    with made.begin() as db:
        db.exec_driver_sql(
            "INSERT INTO sales_order SELECT 'big-' || n, 'big', '#' || n, 'accepted', 1, 0, 'x' || n, 1, 1, 1, 0,"
            f" '2026-12-24', 0, {false}, '', '', '', 'prepaid', 'TWD', 100, 100, 0, 0, 0, 0 FROM {numbers}"
        )
        for line in (1, 2, 3):
            db.exec_driver_sql(
                f"INSERT INTO sales_line SELECT 'big-' || n, {line}, 'SKU', '', '', 1, 0, 100, 0, 0 FROM {numbers}"
            )
        db.exec_driver_sql(
            f"INSERT INTO consignee ({', '.join((*sales.PERSON, 'when_us'))}) SELECT 'big-' || n, 'name', '+886', '',"
            f" '', {false}, '', 'TW', '', '', '', 'street', '106', 'p' || n, 'e' || n, 'a' || n, 'g' || n, 'w' || n,"
            f" 1790000000000000 + n FROM {numbers}"
        )
    with made.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql("ANALYZE")
    made.dispose()


def _beginning(url: str) -> dict[str, float]:
    """What a process needs to begin, in a process of its own."""
    store = SiteStore(url, readonly=True)
    store.close()
    said = subprocess.run(
        [sys.executable, "-m", "bench.orders", "--begin", url], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(said.stdout)
    return found


def _begun(url: str) -> dict[str, float]:
    import api.app  # noqa: F401  what an api has in memory before the store

    imported, cpu = _resident_mb(), time.process_time()
    store, core, seq = SiteStore(url, readonly=True), Core(()), 0
    while portion := store.follow(FeedPlace(seq), 500).values:
        for value in portion[:RELEASED]:
            core.step(value)
        seq = portion[-1].feed_seq
        if seq >= RELEASED:
            break
    store.close()
    return {"memory of store and book, MB": _resident_mb() - imported, "processor time, s": time.process_time() - cpu}


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _before(cluster: Cluster, folder: Path, revision: str, count: int) -> Cost:
    """What an older version needs for so many orders, by a tenth of them."""
    tree = folder / "tree"
    subprocess.run(
        ["git", "worktree", "add", "--detach", str(tree), revision], cwd=ROOT, check=True, capture_output=True
    )
    try:
        store = cluster.database().replace("postgresql://", "postgresql+psycopg://")
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        command = [sys.executable, "-c", BEFORE, store, str(count // 10)]
        with subprocess.Popen(command, cwd=tree, env=environment, stdin=-1, stdout=-1, text=True) as process:
            assert process.stdout is not None
            meter = Meter(cluster.pid)
            clock, cpu = json.loads(process.stdout.readline())
            cost = meter.cost(cpu)
            assert process.stdin is not None
            process.stdin.close()
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=ROOT, check=True, capture_output=True)
    found = Cost(10 * cost.busy, 10 * clock)
    _row(f"PostgreSQL: {revision}, row by row, by a tenth", count, found)
    return found


@contextmanager
def _cluster() -> Iterator[Cluster]:
    def find(name: str) -> str:
        path = shutil.which(name, path=programs_path())
        assert path, f"{name} is not installed: make peers"
        return path

    cluster = Cluster(find, {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"})
    try:
        yield cluster
    finally:
        cluster.end()


if __name__ == "__main__":
    sys.exit(main())
