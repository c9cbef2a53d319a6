"""From a record's append to the page: the api of this tree, and with `--against` that of an older one in turns with it.

Public names: main.

Each tree runs its own `lanewise api` over its own example, and a writer of its own journals a change of a device now
and then, behind others that are not waited for. The time from the append until the change has come out of
`/api/live` is taken by a clock that all processes of a machine share. What the api uses for it is read from /proc.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from bench._worktree import worktree

ROOT = Path(__file__).resolve().parents[1]
HERE = "this tree"
READY_S = 60.0

_WRITER = """
import random, sys, time
from pathlib import Path
try:
    from edge.core.events import DeviceChanged
    from edge.journal.writer import Journal
except ImportError:  # before the rooms
    from edge.journal import Journal
    from edge.line.events import DeviceChanged

path, records, beside, dice = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), random.Random(7)
journal = Journal(path)
journal.start()

def others(count):
    return [DeviceChanged(time.time_ns() // 1000, "reader.beside", number % 2 == 0, "") for number in range(count)]

journal.append(others(2))
print("begun", flush=True)
sys.stdin.readline()
for number in range(records):
    time.sleep(dice.uniform(0.1, 0.2))
    reason = f"appended {time.monotonic_ns()}"
    journal.append([*others(beside), DeviceChanged(time.time_ns() // 1000, "reader.bench", number % 2 == 0, reason)])
sys.stdin.readline()
journal.close()
"""


class Turn(NamedTuple):
    """One life of an api. ``late_ms``: of each record; ``cpu_s``: of the api's process, for all of them."""

    late_ms: list[float]
    cpu_s: float
    threads: int
    opened: int
    """How often the process has the journal's file open."""


def measure(tree: Path, records: int, beside: int) -> Turn:
    """Starts the api of a tree, and waits for each record to come out of it."""
    with tempfile.TemporaryDirectory(prefix="bench-follow-") as name:
        folder = Path(name)
        for file in (tree / "examples" / "warehouse").glob("*.toml"):
            shutil.copy(file, folder)
        with socket.create_server(("127.0.0.1", 0)) as free:
            listen = f"127.0.0.1:{free.getsockname()[1]}"
        site = folder / "SITE.toml"
        site.write_text(re.sub(r"127\.0\.0\.1:\d+", listen, site.read_text(encoding="utf-8")), encoding="utf-8")
        journal = folder / "var" / "journal.sqlite"
        with (
            _started(tree, folder, "-c", _WRITER, str(journal), str(records), str(beside)) as writer,
            _started(tree, folder, "-m", "edge.cli", "api", "SITE.toml") as api,
        ):
            assert writer.stdin is not None and writer.stdout is not None
            writer.stdout.readline()
            page = _page(f"http://{listen}/api/live")
            for line in page:
                if b"reader.beside" in line:  # it follows
                    break
            began_s = _cpu_s(api.pid)
            writer.stdin.write(b"go\n")
            writer.stdin.flush()
            late_ms = []
            for line in page:
                late_ms += [(time.monotonic_ns() - int(at)) / 1e6 for at in re.findall(rb"appended (\d+)", line)]
                if len(late_ms) >= records:
                    break
            return Turn(late_ms, _cpu_s(api.pid) - began_s, *_used(api.pid, journal))


@contextmanager
def _started(tree: Path, folder: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with the code of a tree."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", *command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE if "-c" in command else log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=READY_S)


def _page(url: str) -> Iterator[bytes]:
    """The lines of the event stream, as a browser gets them."""
    until_s = time.monotonic() + READY_S
    while True:
        try:
            answer = urllib.request.urlopen(url, timeout=READY_S)
            break
        except OSError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.1)
    with answer:
        yield from answer


def _cpu_s(pid: int) -> float:
    """Source: proc(5), fields 14 and 15 of stat."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _used(pid: int, journal: Path) -> tuple[int, int]:
    """Threads, and how often a file is open."""
    files = [one.resolve() for one in Path(f"/proc/{pid}/fd").iterdir()]
    return len(list(Path(f"/proc/{pid}/task").iterdir())), files.count(journal.resolve())


def compare(trees: dict[str, Path], records: int, beside: int, repeat: int) -> None:
    """Prints each turn, and all of each tree's; then this tree's as a ratio of the other's."""
    turns: dict[str, list[Turn]] = {name: [] for name in trees}
    for _ in range(repeat):
        for name, tree in trees.items():
            turns[name].append(turn := measure(tree, records, beside))
            print(f"{name:<12} {_said(turn.late_ms)}", flush=True)
    print("all turns:")
    for name, its in turns.items():
        late_ms = [one for turn in its for one in turn.late_ms]
        ms = 1_000 * sum(turn.cpu_s for turn in its) / len(late_ms)
        print(
            f"{name:<12} {_said(late_ms)}, {ms:.2f} ms of CPU for a portion of {beside + 1}, "
            f"{its[0].threads} threads, journal open {its[0].opened} times"
        )
    if len(turns) > 1:
        ours, theirs = ([one for turn in its for one in turn.late_ms] for its in turns.values())
        print(f"ratio: median {median(ours) / median(theirs):.2f}, p99 {_p99(ours) / _p99(theirs):.2f}")


def _said(late_ms: list[float]) -> str:
    return f"append to page: median {median(late_ms):5.1f} ms, p99 {_p99(late_ms):5.1f} ms, {len(late_ms)} records"


def _p99(late_ms: list[float]) -> float:
    return quantiles(late_ms, n=100, method="inclusive")[98]


def main() -> None:
    """Prints the measurements."""
    parser = argparse.ArgumentParser(prog="python -m bench.follow", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--against", metavar="REV", help="a revision of this repository, measured in turns with it")
    parser.add_argument("--records", type=int, default=150, help="that are waited for, in each turn")
    parser.add_argument("--beside", type=int, default=20, help="records that are appended with each of them")
    parser.add_argument("--repeat", type=int, default=2)
    arguments = parser.parse_args()
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if arguments.against:
        with worktree(arguments.against) as other:
            trees = {HERE: ROOT, arguments.against: other}
            compare(trees, arguments.records, arguments.beside, arguments.repeat)
    else:
        compare({HERE: ROOT}, arguments.records, arguments.beside, arguments.repeat)


if __name__ == "__main__":
    main()
