"""What a search takes beside a million orders, against a look-up by primary key in the same store and run.

Public names: main. Run: ``python -m bench.finding [--orders 1000000]``.

Both stores, each with so many open sales orders, and a fiftieth of it fulfilments with totes. Printed are the median of
fifty by the clock, and how many times the median of as many look-ups by primary key that is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from bench.orders import _cluster, fill, fulfilment
from edge.site import finding, tables
from edge.site.store import SiteStore
from edge.views.spoken import asked_for

TIMES = 50
_BATCH = 10_000


def main(argv: list[str] | None = None) -> int:
    """Prints a table for each store."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--orders", type=int, default=1_000_000, help="(default 1,000,000)")
    count = options.parse_args(argv).orders
    with tempfile.TemporaryDirectory(prefix="lanewise-bench-") as folder, _cluster() as cluster:
        for name, url in (("SQLite", f"sqlite:///{folder}/site.sqlite"), ("PostgreSQL", cluster.database())):
            _measure(name, url, Path(folder) / f"{name}.secret", count)
    return 0


def _measure(name: str, url: str, secret: Path, count: int) -> None:
    begun = time.perf_counter()
    SiteStore(url, secret_file=secret).close()
    fill(url, count)
    with closing(SiteStore(url, secret_file=secret)) as store:
        for first in range(0, count // 50, _BATCH):
            store.put_orders([fulfilment(number) for number in range(first, first + _BATCH)], 1)
        store.keys  # noqa: B018  made with the first use
        print(f"{name}: {count} sales orders, {count // 50} fulfilments, filled in {time.perf_counter() - begun:.0f} s")
        order = tables.sales.orders.c

        def by_key() -> None:
            with store.connections.reading() as db:
                db.execute(sa.select(tables.sales.orders).where(order.id == f"big-{count // 2}")).one()

        base = _median_s(by_key)
        print(f"  {'look-up by primary key':34}{base * 1e3:9.2f} ms")
        for what, text in (
            ("an order's number, whole", f"#{count // 2}"),
            ("its end", f"{count // 2}"[-6:]),
            ("a tote as pages say it", f"Tote {count // 100}1"),
            ("a parcel's last digits", "Parcel \u2026000327"),
            ("the middle of a number", f"ig-{count - 5}"[:8]),
            ("a scanned label", "]C100095211410000000327"),
            ("nothing", "no such thing 12345"),
        ):

            def search(text: str = text) -> None:
                with store.connections.reading() as db:
                    finding.find(db, store.keys, asked_for(text), ("TW",), by_name=True)

            took = _median_s(search)
            print(f"  {what:34}{took * 1e3:9.2f} ms{took / base:8.1f} times")


def _median_s(run: Callable[[], None]) -> float:
    took = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        run()
        took.append(time.perf_counter() - begun)
    return median(took)


if __name__ == "__main__":
    sys.exit(main())
