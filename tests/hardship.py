"""What publishers must bear: `lanewise publish` as a process that is killed and whose disk is full, and slow networks.

Public names: Publishing, Relay, KILLS, EVENTS_S, kills. The whole of it, as the suite has no time for:
`LANEWISE_KILLS=20 LANEWISE_EVENTS_S=3600 make test ARGS="--timeout 0 -k hardship"`.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from ports import free_port
from shipped import begin
from waiting import HANGS_S, wait_until

from edge.config.load import load_line
from edge.publish import follow
from edge.publish.cursors import Cursor, read_cursors

KILLS = int(os.environ.get("LANEWISE_KILLS", "1"))
"""How often the publisher is killed, and its target as often."""
EVENTS_S = int(os.environ.get("LANEWISE_EVENTS_S", "60"))
"""How much time of the floor is published when the target comes up."""


def _impatient() -> None:
    """`lanewise` tries again sooner."""
    follow.RETRY_LAST_S = 0.5


def kills(rng: random.Random) -> list[str]:
    """Who is killed, one after the other."""
    return rng.sample(["publisher", "target"], counts=[KILLS, KILLS], k=2 * KILLS)


class Publishing:
    """The process for a folder with a LINE.toml that has one publisher."""

    def __init__(self, folder: Path) -> None:
        self._line = folder / "LINE.toml"
        self._metrics = f"127.0.0.1:{free_port()}"
        text = self._line.read_text(encoding="utf-8")
        self._line.write_text(f'{text}\n[metrics]\npublish = "{self._metrics}"\n', encoding="utf-8")
        self.config = load_line(self._line)
        self._log = folder / "publish.log"
        self._process: ForkServerProcess | None = None

    def __enter__(self) -> Publishing:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join(HANGS_S)

    def start(self) -> None:
        command = ("publish", self._line)
        self._process = begin(self._line.parent, *command, out=self._log, err=self._log, before=_impatient)

    def kill(self) -> None:
        """kill -9, and another begins."""
        self.end(signal.SIGKILL)
        self.start()

    def end(self, number: int) -> None:
        assert self._process is not None
        assert self._process.pid is not None
        os.kill(self._process.pid, number)
        self._process.join(HANGS_S)
        assert self._process.exitcode == (0 if number == signal.SIGTERM else -number), self.log()

    def log(self) -> str:
        """The end of what it said."""
        return self._log.read_text(errors="replace")[-3000:]

    def cursor(self) -> Cursor:
        """How far it is, as its file says."""
        (name,) = self.config.publish
        return next(iter(read_cursors(self.config.publish_state)), Cursor(name, "", 0, 0, 0))

    def figure(self, name: str) -> float:
        """A number of its /metrics; -1 while it does not answer."""
        with suppress(OSError), urllib.request.urlopen(f"http://{self._metrics}/metrics", timeout=HANGS_S) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(f"lanewise_publisher_{name}{{"):
                    return float(line.rpartition(" ")[2])
        return -1

    def fails(self, times: int = 2) -> None:
        """Waits until so many more deliveries failed."""
        wait_until(lambda: self.figure("failures_total") >= 0, self.log)
        before = self.figure("failures_total")
        wait_until(lambda: self.figure("failures_total") >= before + times, self.log)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """It cannot write any file until it has failed a few times after what is done meanwhile."""
        assert self._process is not None
        assert self._process.pid is not None
        wait_until(lambda: self.figure("failures_total") >= 0, self.log)
        was = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        seq = self.cursor().seq
        try:
            yield
            self.fails()
            assert self.cursor().seq == seq
        finally:
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, was)


class Relay:
    """A way to a port that can be closed and slow."""

    SLOW_S = 0.01
    SLOW_BYTES = 4_096

    def __init__(self, port: int) -> None:
        self.open = True
        self.slow = False
        self._to = port
        self._ends: list[socket.socket] = []
        self._turn = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Ends all connections, and takes no more until it is ``open`` again."""
        with self._turn:
            self.open = False
            for end in self._ends:
                _end(end)
            self._ends.clear()

    def close(self) -> None:
        _end(self._listener)
        self.cut()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with self._turn:  # so that none is made beside a cut
                    try:
                        assert self.open
                        target = socket.create_connection(("127.0.0.1", self._to), HANGS_S)
                    except (OSError, AssertionError):
                        _end(client)
                        continue
                    self._ends += [client, target]
                for pair in ((client, target), (target, client)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while octets := source.recv(self.SLOW_BYTES if self.slow else 65_536):
                if self.slow:
                    time.sleep(self.SLOW_S)
                target.sendall(octets)
        _end(source)
        _end(target)


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
