"""The site that is made to suffer: its processes, its links, and the floor whose truth it must not lose.

Public names: Site, Running, GoneWrongError, open_site, preloaded, wait_for; of the tests begin, Cluster, programs_path.

With two hosts a second controller has the same lines in standby, with a journal and an api of its own.
"""

from __future__ import annotations

import json
import multiprocessing.forkserver
import os
import re
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from http.client import HTTPException
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from chaos.links import Links
from chaos.page import Page
from edge.config.load import load_line

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from influx_peer import FakeInflux, V2Door  # noqa: E402  these live beside the tests
from mosquitto import Heard, Mosquitto  # noqa: E402
from ports import free_port  # noqa: E402
from postgres import Cluster, programs_path  # noqa: E402
from shipped import begin  # noqa: E402

__all__ = [
    "WITHIN_S", "Cluster", "GoneWrongError", "Running", "Site", "begin", "open_site", "preloaded",
    "programs_path", "wait_for",
]  # fmt: skip

FIRST, SECOND = ("run", "api", "publish"), ("run-b", "api-b")
"""Processes of each host, which are killed, and begun again as systemd would."""
WITHIN_S = 240.0
"""Nothing that comes back takes so long, on a machine that is shared."""
LOOK_S = 0.25
TOKEN = "chaos-chaos-chaos-chaos-chaos"
_MORE = """
[metrics]
run = "127.0.0.1:{run}"
publish = "127.0.0.1:{publish}"
sim = "127.0.0.1:{sim}"

[publish.broker]
kind = "mqtt"
host = "127.0.0.1"
port = {broker}

[publish.influx]
kind = "influx"
url = "http://127.0.0.1:{influx}"
org = "acme"
bucket = "lanewise"
token_file = "token"
"""
_STANDBY = """
[standby]
node = "{node}"
store = "{store}"
"""


def _page(path: Path) -> None:
    """What a process of ours begins with."""
    os.environ["CHAOS_PAGE"] = str(path)


class Running:
    """One command, begun again as often as one likes; ``page``: its disk and clock."""

    def __init__(self, folder: Path, name: str, command: tuple[str, ...]) -> None:
        self.name = name
        self.log = folder / "log" / f"{name}.log"
        self.log.touch()
        self.page = Page(folder / f"{name}.page")
        self._folder = folder
        self._command = command
        self._process: ForkServerProcess | None = None

    def start(self) -> None:
        """Begins it."""
        before = partial(_page, self.page.path)
        self._process = begin(self._folder, *self._command, out=self.log, err=self.log, before=before)

    @property
    def pid(self) -> int:
        """Of the process as it is now."""
        assert self._process is not None and self._process.pid is not None
        return self._process.pid

    @property
    def status(self) -> int | None:
        """How it ended, -9 = by SIGKILL; None = it runs."""
        return None if self._process is None else self._process.exitcode

    def signal(self, number: int) -> None:
        """Sends it a signal, if it is there."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def end(self, number: int) -> int | None:
        """Ends it, kills it when it does not; how it ended."""
        assert self._process is not None
        self.signal(number)
        self.signal(signal.SIGCONT)
        self._process.join(WITHIN_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            return None
        return self._process.exitcode

    def close(self) -> None:
        """Ends it for good."""
        if self._process is not None:
            self.signal(signal.SIGCONT)
            self._process.kill()
            self._process.join()
        self.page.close()


class Site:
    """One round's site; made by ``open_site``. ``on_postgres``: the server of its store, None = SQLite.

    ``seconds``: of the floor's inflow. ``configs``: by the controller's process what it reads.
    """

    def __init__(
        self,
        folder: Path,
        ports: dict[str, int],
        links: Links,
        on_postgres: Cluster | None,
        broker: Mosquitto,
        influx: V2Door,
        heard: Heard,
        seconds: float,
    ) -> None:
        self.folder = folder
        self.seconds = seconds
        self.links = links
        self.on_postgres = on_postgres
        self.broker = broker
        self.influx = influx
        self.heard = heard
        self.ports = ports
        self.running: dict[str, Running] = {}
        self.config = load_line(folder / "LINE.toml")
        self.configs = {"run": self.config}
        self.hosts: tuple[tuple[str, ...], ...] = (FIRST,)
        if (folder / "LINE-b.toml").exists():
            self.configs["run-b"] = load_line(folder / "LINE-b.toml")
            self.hosts = FIRST, SECOND
        self.control = folder / "sim.sock"
        self.report = folder / "sim.json"

    @property
    def ours(self) -> tuple[str, ...]:
        """All processes of ours but the floor."""
        return tuple(name for host in self.hosts for name in host)

    def ask(self, path: str, api: str = "api") -> Any:
        """What an api answers, by its own port. Raises OSError, HTTPException, ValueError."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[api]}{path}", timeout=10) as answer:
            return json.load(answer)

    def leads(self) -> int:
        """Which of the hosts commands the lines, by its own word; -1 = none says so, or both do."""
        if len(self.hosts) == 1:
            return 0
        said = [bool(self.numbers(host[0]).get("standby_leads")) for host in self.hosts]
        return said.index(True) if said.count(True) == 1 else -1

    def numbers(self, process: str) -> dict[str, float]:
        """A process's numbers that have one value, by name; empty = it does not answer."""
        found: dict[str, float] = {}
        with (
            suppress(OSError, HTTPException),
            urllib.request.urlopen(f"http://127.0.0.1:{self.ports[process]}/metrics", timeout=5) as answer,
        ):
            for text in answer.read().decode().splitlines():
                name, _, value = text.rpartition(" ")
                if name.startswith("lanewise_standby_"):
                    name = name.partition("{")[0]
                if name.startswith("lanewise_") and "{" not in name:
                    found[name.removeprefix("lanewise_")] = float(value)
        return found

    @property
    def floor_s(self) -> float:
        """How long the belts have moved, as the floor says every second."""
        said = re.findall(r"^ *(\d+) s \|", self.running["sim"].log.read_text(errors="replace"), re.MULTILINE)
        return float(said[-1]) if said else 0.0

    def logs(self) -> str:
        """The ends of all logs."""
        return "\n".join(
            f"---- {one.log.name}\n{one.log.read_text(errors='replace')[-1500:]}" for one in self.running.values()
        )


class GoneWrongError(Exception):
    """What must not be; the text says what."""


def wait_for(holds: Callable[[], bool], what: Callable[[], object], within_s: float = WITHIN_S) -> None:
    """Asks until it is so. Raises GoneWrongError."""
    end = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > end:
            raise GoneWrongError(str(what()))
        time.sleep(LOOK_S)


def preloaded(library: Path) -> None:
    """From now on processes of ours are forks of one that has the library; call it once."""
    before = os.environ.get("LD_PRELOAD")
    os.environ["LD_PRELOAD"] = str(library)
    try:
        multiprocessing.forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["LD_PRELOAD"]
        else:
            os.environ["LD_PRELOAD"] = before


def _write(folder: Path, links: Links, ports: dict[str, int], store: str, leases: tuple[str, ...]) -> None:
    """LINE.toml and SITE.toml, and SIM.toml, which is LINE.toml without the links; of a second host too.

    ``leases``: of each host's standby its way to the store; empty = there is one host.
    """
    example = ROOT / "examples" / "warehouse"
    text = (example / "LINE.toml").read_text(encoding="utf-8")
    text = re.sub(r"\n\[sim\.shop\]\n.*\Z", "\n", text, flags=re.DOTALL)
    text = re.sub(r'^store = ".*"$', f'store = "{store}"', text, flags=re.MULTILINE)
    config = load_line(example / "LINE.toml")
    ours = text
    devices = [
        (f"{kind}.{name}", one.port) for kind in ("plc", "reader") for name, one in getattr(config, kind).items()
    ]
    for name, old in devices:
        ports[name] = free_port()
        text = text.replace(f"port = {old}\n", f"port = {ports[name]}\n")
        ours = ours.replace(f"port = {old}\n", f"port = {links.make(name, ports[name])}\n")
    for name in ("publish", "sim", *(FIRST[:2] if not leases else (*FIRST[:2], *SECOND))):
        ports[name] = free_port()
    for name in ("broker", "influx", "api"):
        ports[f"to {name}"] = links.make(name, ports[name])
    more = _MORE.format(**{**ports, "broker": ports["to broker"], "influx": ports["to influx"]})
    (folder / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    (folder / "SIM.toml").write_text(text + more, encoding="utf-8")
    site = (example / "SITE.toml").read_text(encoding="utf-8")
    site = re.sub(r'^store = ".*"$', f'store = "{store}"', site, flags=re.MULTILINE)
    for host, lease in zip((FIRST, SECOND), leases or ("",), strict=False):
        run, api = host[:2]
        end = run.removeprefix("run")
        line = ours + more.replace(f":{ports['run']}", f":{ports[run]}")
        if lease:
            line += _STANDBY.format(node=run, store=lease)
        own = re.sub(r"^listen = .*$", f'listen = "127.0.0.1:{ports[api]}"', site, flags=re.MULTILINE)
        if end:
            (folder / f"var{end}").mkdir()
            line, own = (one.replace("var/journal", f"var{end}/journal") for one in (line, own))
            own = own.replace("LINE.toml", f"LINE{end}.toml").replace('"in/', f'"in{end}/')
        (folder / f"LINE{end}.toml").write_text(line, encoding="utf-8")
        (folder / f"SITE{end}.toml").write_text(own, encoding="utf-8")


@contextmanager
def open_site(
    folder: Path,
    *,
    seed: int,
    rate: int,
    seconds: float,
    broker: str,
    listens: str,
    on_postgres: Cluster | None,
    hosts: int = 1,
) -> Iterator[Site]:
    """A site at work in a new folder; ``broker``, ``listens``: the executables of mosquitto and mosquitto_sub.

    ``seconds``: how long the floor's inflow lasts, by its own clock. Two ``hosts`` need PostgreSQL.
    """
    for name in ("var", "log"):
        (folder / name).mkdir(parents=True)
    ports: dict[str, int] = {}
    with ExitStack() as opened:
        links = opened.enter_context(closing(Links()))
        there = opened.enter_context(Mosquitto(broker, folder))
        fake = FakeInflux("2.x parse")
        influx = opened.enter_context(closing(V2Door(fake.take, TOKEN)))
        ports |= {"broker": there.port, "influx": int(influx.url.rpartition(":")[2])}
        store, leases = "sqlite:///var/site.sqlite", list[str]()
        if on_postgres is not None:
            name = on_postgres.database().partition("?")[0].rpartition("/")[2]
            socket = on_postgres.folder / ".s.PGSQL.5432"
            ways = ["store", *(f"lease {host}" for host in "ab"[:hosts] if hosts > 1)]
            store, *leases = (f"postgresql://lanewise@127.0.0.1:{links.make(way, socket)}/{name}" for way in ways)
        _write(folder, links, ports, store, tuple(leases))
        heard = opened.enter_context(Heard(listens, there.port))
        site = Site(folder, ports, links, on_postgres, there, influx, heard, seconds)
        floor: tuple[str, ...] = (
            "sim",
            "SIM.toml",
            "--orders",
            f"http://127.0.0.1:{ports['to api']}",
            "--control",
            str(site.control),
        )
        floor += ("--report", str(site.report), "--rate", f"{rate}", "--seed", f"{seed}", "--seconds", f"{seconds}")
        commands = {
            "sim": floor,
            "run": ("run", "LINE.toml"),
            "api": ("api", "SITE.toml"),
            "publish": ("publish", "LINE.toml"),
        }
        if leases:
            commands |= {"run-b": ("run", "LINE-b.toml"), "api-b": ("api", "SITE-b.toml")}
        for name, command in commands.items():
            site.running[name] = opened.enter_context(closing(Running(folder, name, command)))
            site.running[name].start()
        yield site
