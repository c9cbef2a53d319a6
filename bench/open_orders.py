"""A million open orders in the store: what a controller and an api need to begin and to go on, and what a page takes.

Public names: main. Run: ``python -m bench.open_orders [--orders 1000000]``.

Both stores, each with a thousand open sales orders and then with so many; beside them articles, two waves, their
rounds, and 21,000 released fulfilments, so that the controller keeps a checkpoint of them at once. `lanewise run` and
`lanewise api` are the real ones, in processes of their own, with a service to plan for. Printed are their memory, the
processor time until they know all, the longest that either said nothing meanwhile, and of each page the processor
time of both sides, and the shortest and longest of five by the clock.
"""

from __future__ import annotations

import argparse
import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from postgres import Cluster, programs_path  # noqa: E402  it lives beside the tests
from sold import person, sold  # noqa: E402
from stocked import NOW_US, accept, planning, stocked  # noqa: E402

from bench.orders import Meter, fill, fulfilment  # noqa: E402
from edge.site import drafts, releasing, tables, waiting  # noqa: E402
from edge.site.engine import engine  # noqa: E402
from edge.site.store import SiteStore  # noqa: E402

FEW = 1_000
RELEASED = 21_000
"""More than the controller journals from one checkpoint to the next."""
READY_S = 300.0
SETTLED_S = 5.0
"""A process that uses no more than a tenth of a processor for so long is done with its beginning."""
LINE = """
controller = "bench"
site = "bench"
journal = "journal.sqlite"
store = "{store}"

[metrics]
run = "127.0.0.1:{run}"

[plc.sorter]
host = "127.0.0.1"
port = {nobody}

[reader.portal]
host = "127.0.0.1"
port = {nothing}

[line.sorter]
job = "sort"
plc = "sorter"
speed_mm_s = 2500
decision_mm = 2000
default_lane = 3
portal = {{ name = "portal", readers = ["portal"], eye = 11, eye_mm = -375, antenna_mm = -375 }}
lane = [
    {{ number = 1, name = "Carrier", role = "carrier", carrier = "Post", divert_mm = 3000 }},
    {{ number = 2, name = "Quality", role = "quality", divert_mm = 3500 }},
    {{ number = 3, name = "Reject", role = "reject", divert_mm = 4000 }},
]
"""
SITE = """
site = "bench"
store = "{store}"
secret_file = "secret"
listen = "127.0.0.1:{api}"

[service.post]
carrier = "Post"
code = "48h"
time_zone = "Asia/Taipei"
cutoffs = {{ mon = ["16:00"], tue = ["16:00"], wed = ["16:00"], thu = ["16:00"], fri = ["16:00"] }}
rates = {{ home = [[30000, 100]] }}
transit_days = {{ home = 1 }}

[plan]
every_minutes = 1
forecast_minutes = 1

[plan.zone.home]

[[controller]]
config = "LINE.toml"
"""
_ASKED: tuple[tuple[str, str], ...] = (
    ("orders, newest", "/orders"),
    ("orders, accepted", "/orders?stage=accepted"),
    ("orders, held", "/orders?stage=held"),
    ("orders, held as unpaid", "/orders?stage=held&finding=unpaid"),
    ("orders, of a finding", "/orders?finding=unpaid"),
    ("orders, deep", "/orders?after=1.big-500000"),
    ("orders, of a channel", "/api/v1/sales-orders?channel=big"),
    ("orders, of a rare channel", "/api/v1/sales-orders?channel=shop"),
    ("orders, closed", "/orders?stage=closed"),
    ("an order", "/orders/o/big-7"),
    ("search: number", "/orders?q=%23777"),
    ("search: phone", "/orders?" + urlencode({"q": person(3).phone_given})),
    ("search: nothing", "/orders?q=nowhere"),
    ("stock", "/stock"),
    ("an article", "/stock/a/SKU-3"),
    ("waves", "/waves"),
    ("a wave", "/waves/w/{wave}"),
    ("late orders", "/api/v1/waves/late"),
    ("picks", "/picks?picker=Ann"),
    ("put-backs", "/api/v1/put-backs"),
    ("stock audit", "/api/v1/stock/audit"),
)


class Process:
    """A `lanewise` command with its numbers of proc(5)."""

    def __init__(self, folder: Path, command: str, config: str) -> None:
        self._log = (folder / f"{command}.log").open("ab")
        self._folder, self._command, self.begun = folder, command, time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "edge.cli", command, config],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=self._log,
            stderr=self._log,
        )

    def cpu_s(self) -> float:
        """Processor time so far."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> tuple[float, float]:
        """Resident now, and at most so far."""
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = {
            key: int(its.split()[0]) / 1024
            for key, _, its in (row.partition(":") for row in text.splitlines())
            if "kB" in its
        }
        return found["VmRSS"], found["VmHWM"]

    def settled(self, port: int, path: str) -> tuple[float, float, float]:
        """Seconds until it answers, processor time until its beginning is done, its longest silence in ms."""
        while self._asked(port, path) is None:
            if self.process.poll() is not None or time.monotonic() > self.begun + READY_S:
                raise RuntimeError(f"{self._command}: {(self._folder / f'{self._command}.log').read_text()[-3000:]}")
            time.sleep(0.02)
        ready, silence, calm, used = time.monotonic() - self.begun, 0.0, time.monotonic(), self.cpu_s()
        while time.monotonic() < calm + SETTLED_S and time.monotonic() < self.begun + READY_S:
            silence = max(silence, self._asked(port, path) or 0.0)
            time.sleep(0.02)
            if (now := self.cpu_s()) > used + 0.1 * SETTLED_S + 0.5:
                calm, used = time.monotonic(), now
        return ready, self.cpu_s(), silence

    def _asked(self, port: int, path: str) -> float | None:
        begun = time.monotonic()
        with suppress(OSError):
            asked(port, path)
            return (time.monotonic() - begun) * 1e3
        return None

    def end(self) -> None:
        """As an operator would."""
        self.process.terminate()
        self.process.wait(READY_S)
        self._log.close()


def asked(port: int, path: str) -> int:
    """A page's status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def main(argv: list[str] | None = None) -> int:
    """Prints tables."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--orders", type=int, default=1_000_000)
    options.add_argument("--only", choices=("PostgreSQL", "SQLite"), help="one of the stores")
    given = options.parse_args(argv)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lanewise-bench-")))
        for name in filter(None, [given.only] if given.only else ["PostgreSQL", "SQLite"]):
            cluster = stack.enter_context(_cluster()) if name == "PostgreSQL" else None
            url, server = (cluster.database(), cluster.pid) if cluster else (f"sqlite:///{folder}/site.sqlite", 0)
            wave = _prepare(url, folder)
            for count in (FEW, given.orders):
                fill(url, count - (FEW if count > FEW else 0), 0 if count == FEW else FEW)
                _held(url)
                _measure(f"{name}, {count} open orders", url, folder, wave, server)
    return 0


def _prepare(url: str, folder: Path) -> str:
    """Two waves, one of them released, and what the lines know."""
    store = SiteStore(url, secret_file=folder / "secret")
    stocked(store, 10_000)
    accept(store, ((number, {number % 8: 1, (number + 3) % 8: 2}) for number in range(400)))
    waiting.reserve_waiting(store.connections, NOW_US)
    made = drafts.plan(store.connections, planning(totes=200), NOW_US)
    releasing.release(store.connections, made.new[0], planning().limits, "bench", NOW_US)
    store.put_orders([fulfilment(number) for number in range(RELEASED)], 1)
    store.take_sales([sold(number) for number in range(1_000_000, 1_000_100)], NOW_US)
    store.close()
    return made.new[0]


def _held(url: str) -> None:
    """One of 200 is held for its money."""
    made = engine(url, readonly=False, upgrades=True)
    order, its = tables.sales.orders, tables.sales.findings
    with made.begin() as db:
        held = sa.and_(order.c.channel == "big", order.c.id.like("%00"), order.c.stage == "accepted")
        names = db.execute(sa.select(order.c.id).where(held)).scalars().all()[::2]
        if names:
            rows = [
                {"order_id": name, "number": 1, "code": "unpaid", "place": "payment", "weight": "hold"}
                | {"value": "1.00 TWD", "bound": "", "at_us": 1}
                for name in names
            ]
            db.execute(its.insert(), rows)
            held_ids = sa.select(its.c.order_id)
            db.execute(order.update().where(order.c.id.in_(held_ids)).values(stage="held"))
    made.dispose()


def _measure(title: str, url: str, folder: Path, wave: str, server: int) -> None:
    ports = _ports(4)
    line, site = folder / "LINE.toml", folder / "SITE.toml"
    for journal in folder.glob("journal.sqlite*"):
        journal.unlink()
    line.write_text(LINE.format(store=url, run=ports[0], nobody=ports[1], nothing=ports[3]), encoding="utf-8")
    site.write_text(SITE.format(store=url, api=ports[2]), encoding="utf-8")
    print(title, flush=True)
    for command, config, port, path in (
        ("run", "LINE.toml", ports[0], "/metrics"),
        ("api", "SITE.toml", ports[2], "/api/health"),
    ):
        with _running(folder, command, config) as process:
            ready, cpu, silence = process.settled(port, path)
            memory, most = process.memory_mb()
            print(
                f"  lanewise {command}: answers after {ready:.1f} s, {cpu:.2f} s of processor time to begin, "
                f"{memory:.0f} MB ({most:.0f} MB at most), silent for {silence:.0f} ms at most",
                flush=True,
            )
            if command == "api":
                _pages(port, wave, process, Meter(server))
                time.sleep(75)  # in which every duty has its turn
                memory, most = process.memory_mb()
                print(
                    f"    after its duties: {memory:.0f} MB ({most:.0f} MB at most), {process.cpu_s():.2f} s",
                    flush=True,
                )


def _pages(port: int, wave: str, process: Process, server: Meter) -> None:
    for what, path in _ASKED:
        path = path.format(wave=wave)
        took = []
        begun_s = process.cpu_s() + server.cost().busy
        for _ in range(5):
            begun = time.perf_counter()
            status = asked(port, path)
            took.append((time.perf_counter() - begun) * 1e3)
            if took[-1] > 5_000:
                break
        busy_ms = (process.cpu_s() + server.cost().busy - begun_s) * 1e3 / len(took)
        said = "" if status in (200, 303) else f"  STATUS {status}"
        print(
            f"    {what:28} {busy_ms:6.0f} ms of processor time, {min(took):6.0f} to {max(took):.0f} ms{said}",
            flush=True,
        )


def _ports(count: int) -> list[int]:
    free = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    found = [one.getsockname()[1] for one in free]
    for one in free:
        one.close()
    return found


@contextmanager
def _running(folder: Path, command: str, config: str) -> Iterator[Process]:
    process = Process(folder, command, config)
    try:
        yield process
    finally:
        process.end()


@contextmanager
def _cluster() -> Iterator[Cluster]:
    find: Callable[[str], str] = lambda name: shutil.which(name, path=programs_path()) or name  # noqa: E731
    cluster = Cluster(find)
    try:
        yield cluster
    finally:
        cluster.end()


if __name__ == "__main__":
    sys.exit(main())
