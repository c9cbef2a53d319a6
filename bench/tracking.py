"""What carriers tell of parcels, taken in bulk: in order, shuffled and doubled, and where the parcels are by it.

Public names: main. Run: ``python -m bench.tracking``.

A server of PostgreSQL of its own, with fsync, in a folder of its own; SQLite beside it. Each parcel has left with a
load and has five events, which come by portions; a portion is one transaction that stores them, places each parcel
anew by all that was told of it, and tells the outbox of each that moved. Processor time is that of both sides; the
clock also says how busy the machine is.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
import sqlalchemy as sa  # noqa: E402
from postgres import Cluster, programs_path  # noqa: E402  it lives beside the tests

from bench.orders import Cost, Meter  # noqa: E402
from edge.core.events import LoadClosed  # noqa: E402
from edge.core.values.load import Aboard, Load  # noqa: E402
from edge.orders.tracking import CarrierWord, ParcelCode, TrackRules  # noqa: E402
from edge.site import departures, hooks, tables  # noqa: E402
from edge.site.store import SiteStore  # noqa: E402

NOW_US = 1_790_000_000_000_000
HOUR_US = 3_600_000_000
LOAD = 2_000
"""Parcels of a load."""
WAY = (
    ParcelCode.HANDED_OVER,
    ParcelCode.IN_TRANSIT,
    ParcelCode.OUT_FOR_DELIVERY,
    ParcelCode.FAILED_ATTEMPT,
    ParcelCode.DELIVERED,
)
_C = ParcelCode


@dataclass(frozen=True, slots=True)
class Run:
    """``mark``: of where all parcels are."""

    events: int
    cost: Cost
    mark: str


def main(argv: list[str] | None = None) -> int:
    """Prints events a second; fails where the order of arrival made a difference."""
    options = argparse.ArgumentParser(description="what carriers tell, taken in bulk")
    options.add_argument("--parcels", type=int, default=20_000)
    options.add_argument("--portion", type=int, default=10_000, help="events of a transaction")
    given = options.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="lanewise-tracking-"))
    path = programs_path()
    cluster = Cluster(lambda name: shutil.which(name, path=path) or name, {"fsync": "on", "synchronous_commit": "on"})
    marks: set[str] = set()
    try:
        for name in ("PostgreSQL", "SQLite"):
            for how in ("in order", "shuffled", "shuffled, each twice"):
                url = cluster.database() if name == "PostgreSQL" else f"sqlite:///{folder}/{how}.sqlite"
                server = cluster.pid if name == "PostgreSQL" else 0
                run = _measured(url, folder, given.parcels, given.portion, how, server)
                marks.add(run.mark)
                busy, clock = run.cost.busy, run.cost.clock
                each = f"{run.events:,} events in {busy:.2f} s of processor time ({clock:.2f} s of the clock)"
                print(f"{name}, {how}: {each}, {run.events / busy:,.0f} a second of it; all parcels {run.mark}")
    finally:
        cluster.end()
        shutil.rmtree(folder)
    print("the order of arrival made no difference" if len(marks) == 1 else f"states differ: {sorted(marks)}")
    return 0 if len(marks) == 1 else 1


def _measured(url: str, folder: Path, parcels: int, portion: int, how: str, server: int) -> Run:
    store = SiteStore(url, secret_file=folder / "secret")
    for number, first in enumerate(range(0, parcels, LOAD), 1):
        with store.connections.writing() as db:
            departures.follow(db, [_closed(number, range(first, min(parcels, first + LOAD)))], TrackRules())
    words = [_word(n, code, hours) for hours, code in enumerate(WAY, 1) for n in range(parcels)]
    if how != "in order":
        random.Random(1).shuffle(words)
    if how.endswith("twice"):
        words = [one for at in range(0, len(words), portion) for one in words[at : at + portion] * 2]
    meter = Meter(server)
    _take(store, words, portion)
    cost = meter.cost()
    mark = _mark(store)
    store.close()
    return Run(len(words), cost, mark)


def _take(store: SiteStore, words: Sequence[CarrierWord], portion: int) -> None:
    for at in range(0, len(words), portion):
        hooks.take_words(store.connections, "acme", words[at : at + portion], (), NOW_US, TrackRules())


def _mark(store: SiteStore) -> str:
    """Where all parcels are, in one word."""
    its = tables.tracking.states
    with store.connections.reading() as db:
        rows = db.execute(sa.select(its).order_by(its.c.sscc)).all()
        assert {row.state for row in rows} == {str(_C.DELIVERED)}, "all are there in the end"
    return hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()[:12]


def _word(number: int, code: ParcelCode, hours: int) -> CarrierWord:
    at_us = NOW_US + hours * HOUR_US
    raw = f'{{"parcel":"{number:018d}","status":"{code}","time":{at_us},"place":"Taipei"}}'
    return CarrierWord(
        parcel=f"{number:018d}", code=code, at_us=at_us, given=str(code), place="Taipei", id=f"{number}:{code}", raw=raw
    )


def _closed(number: int, parcels: range) -> LoadClosed:
    aboard = tuple(
        Aboard(
            parcel=f"(00){n:018d}", order=f"f-{n}", carrier="DHL", service="std", at_us=NOW_US, sorted_us=0, dock="d"
        )
        for n in parcels
    )
    return LoadClosed(
        at_us=NOW_US, feed_seq=0, load=Load(id=f"L{number}", dock="d", carrier="DHL"), by="bench", reason="",
        opened_us=NOW_US, aboard=aboard, wrong=(), missing=(), undetermined=(),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
