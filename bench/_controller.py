"""The whole controller as a host of the reaction bench: `lanewise run` in a process of its own, with reader and orders.

Public names: TOKEN, Controller, EYE, LEAD_US, DWELL_US.

Orders lie in a site store beforehand. The reader is simulated in a thread of the bench, and reports a parcel's label
when the PLC says that the parcel enters the portal; so the decision is due when INDUCTED comes, as on a real sorter.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from edge.core.values.order import Order, OrderLine
from edge.journal.host_time import now_us
from edge.journal.reader import JournalReader
from edge.journal.record import JournalError, Record
from edge.site.store import SiteStore
from rfid.driver import TagRead
from rfid.epc.identity import identify, sgtin96, sscc96
from rfid.llrp_device.simulator import SimulatedReader

EYE = 11
LEAD_US = 150_000
"""From photo-eye to induction: 375 mm at 2.5 m/s; the portal has its evidence after 90 ms."""
DWELL_US = 20_000
BUSY_READS, BUSY_TAGS, BUSY_EVERY_S = 700, 40, 0.02
FEW = 4
"""More PLCs than these are polled every 20 ms, not every 5; inductions are looked out for at any rate."""
READY_S = 60.0
TOKEN = "bench-bench-bench-bench-bench"

_HEAD = """
controller = "bench"
site = "bench"
journal = "journal.sqlite"
store = "sqlite:///site.sqlite"
"""
_PUBLISH = """
[metrics]
run = "127.0.0.1:{run}"
publish = "127.0.0.1:{publish}"

[publish.bench]
kind = "influx"
url = "{url}"
org = "acme"
bucket = "lanewise"
token_file = "token"
"""
_POINT = """
[plc.s{at}.point."bench/p{point}"]
type = "UDINT"
address = {address}
"""
_LINE = """
[plc.s{at}]
host = "127.0.0.1"
port = {plc}
timeout_ms = 2000
poll_ms = {poll_ms}
points_ms = 20
points_hole = 0

[reader.s{at}]
host = "127.0.0.1"
port = {reader}

[line.s{at}]
job = "sort"
plc = "s{at}"
speed_mm_s = 2500
decision_mm = 2000
default_lane = 3
portal = {{ name = "portal", readers = ["s{at}"], eye = {eye}, eye_mm = -375, antenna_mm = -375 }}
lane = [
    {{ number = 1, name = "Carrier", role = "carrier", carrier = "DHL", divert_mm = 3000 }},
    {{ number = 2, name = "Quality", role = "quality", divert_mm = 3500 }},
    {{ number = 3, name = "Reject", role = "reject", divert_mm = 4000 }},
]
"""


class Controller:
    """The files, the readers and, from ``start`` to ``stop``, the process, with a line for each of the PLCs' ``ports``.

    ``parcels``: how many track ids of each PLC, from 1 on, have an order. ``points``: read from each PLC every 20 ms.
    ``publish_to``: URL of an InfluxDB; then `lanewise publish` runs as well, and both are asked for their numbers
    every 0.2 s. ``env``: variables of its environment besides. ``busy``: at so many portals tags stand beside the belt,
    and are read BUSY_READS times a second together.
    """

    def __init__(
        self,
        ports: Sequence[int],
        parcels: int,
        points: int = 0,
        publish_to: str = "",
        env: Mapping[str, str] | None = None,
        busy: int = 0,
    ) -> None:
        self._env = dict(env or {})
        self._folder = tempfile.TemporaryDirectory(prefix="lanewise-bench-")
        self._path = Path(self._folder.name)
        self._labels = [
            [sscc96("9521234", f"0{at:03d}{track:06d}") for track in range(parcels + 1)] for at in range(len(ports))
        ]
        free = [socket.create_server(("127.0.0.1", 0)) for _ in ports]
        readers = [one.getsockname()[1] for one in free]
        for one in free:
            one.close()
        lines = [
            "".join(_POINT.format(at=at, point=point, address=300 + 2 * point) for point in range(points))
            + _LINE.format(at=at, plc=port, reader=reader, eye=EYE, poll_ms=20 if len(ports) > FEW else 5)
            for at, (port, reader) in enumerate(zip(ports, readers, strict=True))
        ]
        tail = ""
        self._asked: list[int] = []
        if publish_to:
            with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
                self._asked = [one.getsockname()[1], other.getsockname()[1]]
            (self._path / "token").write_text(TOKEN, encoding="utf-8")
            tail = _PUBLISH.format(run=self._asked[0], publish=self._asked[1], url=publish_to)
        (self._path / "LINE.toml").write_text(_HEAD + "".join(lines) + tail, encoding="utf-8")
        store = SiteStore(f"sqlite:///{self._path}/site.sqlite")
        line = (OrderLine("09521234000105", 1),)
        store.put_orders(
            [
                Order(id=f"B-{at}-{track}", carrier="DHL", service="", lines=line, parcel=identify(label))
                for at, labels in enumerate(self._labels)
                for track, label in enumerate(labels)
            ],
            0,
        )
        store.close()
        self._process: subprocess.Popen[bytes] | None = None
        self._publisher: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._asker: threading.Thread | None = None
        self._loop = asyncio.new_event_loop()
        self._readers = [SimulatedReader(f"s{at}", 1, clock=now_us) for at in range(len(ports))]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        for reader, port in zip(self._readers, readers, strict=True):
            asyncio.run_coroutine_threadsafe(reader.start(port=port), self._loop).result(READY_S)
        self._standing = [
            asyncio.run_coroutine_threadsafe(_read_on(reader, at), self._loop)
            for at, reader in enumerate(self._readers[:busy])
        ]

    def start(self, commands: Callable[[], bool]) -> None:
        """Starts the process; returns when it knows the orders, reads tags, and ``commands`` says that it commands."""
        self._process = self._begin("run")
        if self._asked:
            self._publisher = self._begin("publish")
            self._stopping.clear()
            self._asker = threading.Thread(target=self._ask)
            self._asker.start()
        orders = sum(map(len, self._labels))
        self._wait(lambda: commands() and all(one.reading for one in self._readers) and self._journaled() > orders)

    def entered(self, track: int, line: int = 0) -> None:
        """The parcel is in the portal: its label is read when its middle is before the antenna."""
        self._loop.call_soon_threadsafe(self._loop.call_later, DWELL_US / 2e6, self._report, line, track)

    def records(self, kind: str) -> list[Record]:
        """The journal's records of a kind."""
        reader = JournalReader(self._path / "journal.sqlite")
        try:
            return reader.of_kind(kind, 10_000_000)
        finally:
            reader.close()

    def cpu_s(self) -> float:
        """Processor time that the process has used so far. Source: proc(5), fields 14 and 15 of stat."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Ends the process as an operator would."""
        self._stopping.set()
        if self._asker is not None:
            self._asker.join()
            self._asker = None
        for process in (self._publisher, self._process):
            if process is not None:
                process.terminate()
                process.wait(READY_S)
        self._publisher = self._process = None

    def begin(self) -> None:
        """Starts the process; returns when it reads tags."""
        self._process = self._begin("run")
        self._wait(lambda: all(one.reading for one in self._readers))

    def kill(self) -> None:
        """Ends the process as a power failure would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None
        self._wait(lambda: not any(one.reading for one in self._readers))

    @property
    def journal(self) -> Path:
        """Where its journal is."""
        return self._path / "journal.sqlite"

    def _wait(self, reached: Callable[[], bool]) -> None:
        end = time.monotonic() + READY_S
        while not reached():
            if time.monotonic() > end or (self._process is not None and self._process.poll() is not None):
                raise RuntimeError(f"lanewise run is not ready: {(self._path / 'run.log').read_text()[-2000:]}")
            time.sleep(0.02)

    def _begin(self, command: str) -> subprocess.Popen[bytes]:
        with (self._path / f"{command}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "edge.cli", command, "LINE.toml"],
                cwd=self._path,
                env={"PYTHONPATH": str(Path(__file__).resolve().parents[1]), **self._env},
                stdout=log,
                stderr=log,
            )

    def _ask(self) -> None:
        """As Prometheus does, only more often."""
        while not self._stopping.wait(0.2):
            for port in self._asked:
                with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                    answer.read()

    def __enter__(self) -> Controller:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for standing in self._standing:
            standing.cancel()
        for reader in self._readers:
            asyncio.run_coroutine_threadsafe(reader.stop(), self._loop).result(READY_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._folder.cleanup()

    def _report(self, line: int, track: int) -> None:
        self._readers[line].report([TagRead(self._labels[line][track], 1, -50.0, now_us(), 1)])

    def _journaled(self) -> int:
        with suppress(JournalError):
            reader = JournalReader(self._path / "journal.sqlite")
            try:
                return reader.last()
            finally:
                reader.close()
        return 0


async def _read_on(reader: SimulatedReader, at: int) -> None:
    """Tags that stand beside the belt are read again and again, until cancelled."""
    tags = [sgtin96("9521234", f"0{at:05d}", number) for number in range(BUSY_TAGS)]
    loop, said = asyncio.get_running_loop(), 0
    began = loop.time()
    while True:
        await asyncio.sleep(BUSY_EVERY_S)
        due = int((loop.time() - began) * BUSY_READS)
        reader.report([TagRead(tags[number % BUSY_TAGS], 1, -62.0, now_us(), 1) for number in range(said, due)])
        said = due
