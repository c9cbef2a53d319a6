"""What a controller costs as its state and its journal grow: no figure should follow the number in its first column.

Public names: main. Run: ``python -m bench.growth [--orders 1000,100000,1000000] [--records 10000,100000,1000000]``.

For each number of open orders, of three articles each, a process of its own decides by so many and keeps them: the
longest step while 20,000 more come, with the collector as `lanewise run` has it; what a checkpoint takes of the loop
and of the journal's thread after 2,000 changes, beside the whole state as JSON, which was made on the loop before
0.2.0; then the file, a start from it, and the memory of that. For each number of records: the file, a start, a look-up
by name, the newest thousand, and how long deriving every decision again takes for a million; the
records are those of the example's lines, decided without a wire in floor time. All times are processor
time, so that others on the machine change none.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec

from bench.event_log import START_US
from bench.journal import floor_values
from bench.orders import fulfilment
from edge.config.load import load_line
from edge.core.core import Core
from edge.core.events import OrderChanged, Started
from edge.core.values.flags import FLAGS
from edge.journal.reader import JournalReader
from edge.journal.record import kept
from edge.journal.replay import recover, replay
from edge.journal.writer import Journal

CHANGES, MORE = 2_000, 20_000
A_MINUTE = 1_150
"""Records of the example's lines, about."""


def main(argv: list[str] | None = None) -> int:
    """Prints two tables."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--orders", default="1000,100000,1000000")
    options.add_argument("--records", default="10000,100000,1000000")
    options.add_argument("--part", choices=("grow", "start", "read"), help=argparse.SUPPRESS)
    options.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args(argv)
    if given.part:
        parts = {"grow": lambda: _grow(given.path, int(given.orders)), "start": lambda: _start(given.path)}
        print(json.dumps(parts.get(given.part, lambda: _read(given.path, int(given.records)))()))
        return 0
    with tempfile.TemporaryDirectory(prefix="lanewise-bench-") as folder:
        _table("orders", ("grow", "start"), given.orders, Path(folder))
        _table("records", ("read", "start"), given.records, Path(folder))
    return 0


def _table(what: str, parts: tuple[str, ...], counts: str, folder: Path) -> None:
    for count in filter(None, counts.split(",")):
        path = folder / "journal.sqlite"
        found: dict[str, float] = {}
        for part in parts:
            command = [sys.executable, "-m", "bench.growth", "--part", part, "--path", str(path), f"--{what}", count]
            found |= json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        print(f"{int(count):,} {what}", flush=True)
        for name, value in found.items():
            print(f"  {name:52}{value:12,.1f}", flush=True)
        for file in folder.iterdir():
            file.unlink()


def _orders(first: int, count: int, at_us: int) -> Iterator[OrderChanged]:
    for number in range(first, first + count):
        yield OrderChanged(at_us + number, order=fulfilment(number), feed_seq=number + 1)


def _collects() -> None:
    """As `lanewise run` does."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 2, 5_000)


def _grow(path: Path, count: int) -> dict[str, float]:
    _collects()
    line = load_line(Path("examples/warehouse/LINE.toml"))
    core, journal, found = Core(()), Journal(path), {}
    core.step(Started(at_us=START_US, controller="edge1", version="0", layouts=line.layouts(), flags=FLAGS))
    for one in _orders(0, count, START_US):
        core.step(one)
    journal.append([kept(one) for one in _orders(0, 1, START_US)])
    journal.checkpoint(journal.seq, core.state)
    journal.flush()
    gc.freeze()
    longest = 0.0
    for one in _orders(count, MORE, START_US):
        begun = time.thread_time()
        core.step(kept(one).value)
        longest = max(longest, time.thread_time() - begun)
    found["longest of 20,000 steps, ms"] = longest * 1e3
    journal.checkpoint(journal.seq, core.state)
    journal.flush()
    for one in _orders(0, CHANGES, START_US):
        core.step(replace(one, order=replace(one.order, carrier="UPS")))
    journal.append([kept(one) for one in _orders(0, 1, START_US)])
    begun = time.thread_time()
    journal.checkpoint(journal.seq, core.state)
    found["a checkpoint of 2,000 changes, on the loop, ms"] = (time.thread_time() - begun) * 1e3
    begun = time.thread_time()
    journal.flush()
    found["the same in the journal's thread, ms"] = (time.thread_time() - begun) * 1e3
    begun = time.thread_time()
    size = len(msgspec.json.encode(core.state))
    found["the whole state as JSON, ms"] = (time.thread_time() - begun) * 1e3
    found["the same, MB"] = size / 1e6
    begun = time.thread_time()
    journal.checkpoint(journal.seq, core.state)
    journal.close()
    found["to end, ms"] = (time.thread_time() - begun) * 1e3
    found["file, MB"] = path.stat().st_size / 1e6
    return found


def _start(path: Path) -> dict[str, float]:
    _collects()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    begun = time.thread_time()
    core, _ = recover(path)
    took = time.thread_time() - begun
    status = Path("/proc/self/status").read_text(encoding="ascii")
    now = next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmRSS")) / 1e3
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {
        "a start takes up the state in, ms": took * 1e3,
        "of it and Python in memory then, MB": now,
        "at most, MB": most,
        "Python alone, MB": before,
        "orders known": float(len(core.state.book.orders)),
    }


def _by_name(reader: JournalReader, at: int) -> object:
    return reader.by_ref(f"sorter#{1 + at // 10}")


def _behind(reader: JournalReader, at: int) -> object:
    return reader.after(at, 1_000)


def _read(path: Path, count: int) -> dict[str, float]:
    values = floor_values(count / A_MINUTE)
    count = len(values)
    journal = Journal(path)
    for at in range(0, count, 5_000):
        journal.append(values[at : at + 5_000])
        journal.flush()
    del values
    core, _ = recover(path)
    journal.checkpoint(journal.seq, core.state)
    journal.flush()
    journal.close()
    found = {"records": float(count), "file, octets a record": path.stat().st_size / count}
    with closing(JournalReader(path)) as reader:
        for name, look in (
            ("by name, ms", _by_name),
            ("a thousand behind a place, ms", _behind),
        ):
            begun = time.thread_time()
            for at in range(0, count, count // 20):
                look(reader, at)
            found[name] = (time.thread_time() - begun) / 20 * 1e3
        begun = time.thread_time()
        told = replay(reader.every())
        if told.difference is not None:
            sys.exit(f"replay differs: {told.difference}")
        found["every decision again, s for a million"] = (time.thread_time() - begun) * 1e6 / count
    return found


if __name__ == "__main__":
    sys.exit(main())
