"""`lanewise demo`: the example warehouse, or a line of one's own, with all that belongs to it, each in its process.

Public names: add_arguments, main.

A run has a folder with its configuration, journal, site store and one log for each process. Without ``--headless`` the
ports are those of the example, and it runs until Ctrl-C; with it the ports are free ones, there is a report at the end.
The processes end with this one, however it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import fcntl
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPException
from importlib.resources import files
from pathlib import Path
from typing import TextIO
from urllib.request import urlopen

import edge
from edge.commands.demo_report import print_summary, wrong_with
from edge.config.accounts import DEMO_MARK, DEMO_OPERATOR
from edge.config.lines import LineConfig
from edge.config.load import load_line, with_sim
from edge.config.problem import ConfigError
from edge.core.values.rights import HOLDER
from edge.sim.at_home import at_home, free_ports
from edge.sim.tally import FloorReport, journal_figures

_ROOT = Path(edge.__file__).resolve().parents[1]
HEADLESS_PORTS = range(20_000, 32_000, 20)
"""Each with those up to the next: while a demo runs it holds the first, which keeps other demos off the rest."""
READY_S = 30
STOP_S = 10
ASK_EVERY_S = 0.1

CARRIER_DOOR = """
[carrier.{name}.hook]
secret_file = "{file}"
events = "events"
fields = {{ parcel = "parcel", code = "code", at = "time", place = "town", id = "id" }}
"""
"""What the demo's SITE.toml says besides, for each carrier of the example: Standard Webhooks to /api/v1/hooks/NAME."""

ENTRANCE = """
[accounts]
demo = true

[accounts.machine.{crew}]
token_file = "{file}"
may = [{may}]
"""
"""Who is let in: on pages whoever opens one, the people of the simulated floor by a token of theirs."""
TOKEN, CREW = "api.token", "crew"
"""The file with the token of commands, and the name under which the floor's people ask."""

_TETHER = """
import ctypes, os, runpy, signal, sys
parent = int(sys.argv.pop(1))
try:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
except AttributeError:
    pass  # not Linux
if os.getppid() != parent:
    sys.exit("the demo has ended")
runpy.run_module("edge.cli", run_name="__main__", alter_sys=True)
"""


class DemoError(Exception):
    """Why the demo cannot go on, with what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise demo`."""
    parser.add_argument(
        "config",
        nargs="?",
        type=Path,
        metavar="LINE.toml",
        help="a copy of this line on addresses of this machine (default: the example warehouse)",
    )
    parser.add_argument("--headless", action="store_true", help="free ports, no page to look at, ends by itself")
    parser.add_argument("--seconds", type=float, metavar="S", help="inflow ends after so long (headless: 30)")
    parser.add_argument("--rate", type=int, metavar="N", help="parcels an hour at the sorter")
    parser.add_argument("--seed", type=int, metavar="N", help="the same seed brings the same orders, items and tags")
    parser.add_argument("--lost-answers", type=float, metavar="SHARE", help="of the site, after all was done (0..1)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write what happened there as JSON")
    parser.add_argument("--port", type=int, default=8000, metavar="N", help="port of the page (default: 8000)")
    parser.add_argument(
        "--dir", type=Path, metavar="DIR", help="folder of the run (default: var/demo; headless: a temporary one)"
    )


def main(arguments: argparse.Namespace) -> int:
    """Runs the demo; 0 = the books balance, 1 = missorted or lost something, 2 = could not run. Late ones are said."""
    temporary: bool = arguments.headless and arguments.dir is None
    wanted = Path(tempfile.mkdtemp(prefix="lanewise-demo-")) if temporary else arguments.dir or Path("var") / "demo"
    try:
        with _fresh_folder(wanted.resolve()) as folder, ExitStack() as held:
            site_port = _write_configuration(folder, arguments.config, arguments.headless, arguments.port, held)
            given = {name: getattr(arguments, name) for name in ("rate", "seed", "lost_answers")}
            config = with_sim(load_line(folder / "LINE.toml"), **given)
            status = asyncio.run(_Demo(arguments, folder, config, site_port).run())
    except (DemoError, ConfigError) as error:
        print(f"lanewise demo: {error}", file=sys.stderr)
        status = 2
    if temporary and status == 0:
        shutil.rmtree(wanted, ignore_errors=True)
    elif temporary:
        print(f"lanewise demo: configuration, journal and logs stay in {wanted}", file=sys.stderr)
    return status


# ---- the run's folder ------------------------------------------------------------------------------------------------


@contextmanager
def _fresh_folder(folder: Path) -> Iterator[Path]:
    """The folder without an earlier run's files, ours alone meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / DEMO_MARK).exists():
        raise DemoError(f"{folder}: not empty and not from a demo: give --dir a new or empty folder")
    with (folder / DEMO_MARK).open("w") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(f"{folder}: another demo runs there: stop it, or give --dir another folder") from None
        for name in ("var", "log", "in"):
            shutil.rmtree(folder / name, ignore_errors=True)
        yield folder


def _write_configuration(folder: Path, given: Path | None, headless: bool, site_port: int, held: ExitStack) -> int:
    """LINE.toml and SITE.toml with this run's ports, made of the one given or the example. Returns the page's port."""
    for name in ("var", "log"):
        (folder / name).mkdir(exist_ok=True)
    if given is not None:
        free = _ports_without_end(held) if headless else free_ports()
        site_port = next(free) if headless else site_port
        _must_be_free([site_port])
        made = at_home(given, free, site_port)
        (folder / "LINE.toml").write_text(made.line, encoding="utf-8")
        (folder / "SITE.toml").write_text(_entrance(made.site, folder), encoding="utf-8")
        return site_port
    example = files("edge.sim") / "warehouse"
    line = (example / "LINE.toml").read_text(encoding="utf-8")
    site = (example / "SITE.toml").read_text(encoding="utf-8")
    ports = [int(port) for port in re.findall(r"^port = (\d+)$", line, re.MULTILINE)]
    if headless:
        *others, site_port = _own_ports(len(ports) + 1, held)
        new = dict(zip(ports, others, strict=True))
    else:
        new = {port: port for port in ports}
        _must_be_free([*ports, site_port])
    line = re.sub(r"^port = (\d+)$", lambda found: f"port = {new[int(found[1])]}", line, flags=re.MULTILINE)
    site = re.sub(r"^listen = .*$", f'listen = "127.0.0.1:{site_port}"', site, flags=re.MULTILINE)
    (folder / "LINE.toml").write_text(line, encoding="utf-8")
    (folder / "SITE.toml").write_text(_entrance(_carriers_doors(site, folder), folder), encoding="utf-8")
    return site_port


def _carriers_doors(site: str, folder: Path) -> str:
    """The site whose carriers post what they tell, signed with a secret of this run."""
    secret = _secret(folder / "carriers.secret", f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
    for name in re.findall(r"^\[carrier\.([a-z0-9-]+)\]$", site, re.MULTILINE):
        site += CARRIER_DOOR.format(name=name, file=secret.name)
    return site


def _entrance(site: str, folder: Path) -> str:
    """The site that lets in whoever opens a page, and machines by tokens of this run."""
    for name in (TOKEN, f"{CREW}.token"):
        _secret(folder / name, secrets.token_urlsafe(32))
    site = re.sub(r"^(listen = .*)$", rf'\1\ntoken_file = "{TOKEN}"', site, count=1, flags=re.MULTILINE)
    may = ", ".join(f'"{action}"' for action in sorted(HOLDER))
    return site + ENTRANCE.format(crew=CREW, file=f"{CREW}.token", may=may)


def _secret(file: Path, secret: str) -> Path:
    """The file with this secret, for its owner alone."""
    file.touch(0o600)
    file.write_text(f"{secret}\n", encoding="utf-8")
    return file


def _own_ports(count: int, held: ExitStack) -> list[int]:
    """Ports that are free, and that until ``held`` ends no other demo takes, nor the kernel for a connection."""
    for first in random.sample(HEADLESS_PORTS, len(HEADLESS_PORTS)):
        own = list(range(first + 1, first + HEADLESS_PORTS.step))[:count]
        with suppress(OSError), ExitStack() as sign:
            sign.enter_context(socket.create_server(("127.0.0.1", first)))
            for port in own:
                socket.create_server(("127.0.0.1", port)).close()
            held.enter_context(sign.pop_all())
            return own
    raise DemoError(f"no free ports of 127.0.0.1 from {HEADLESS_PORTS.start} to {HEADLESS_PORTS.stop - 1}")


def _ports_without_end(held: ExitStack) -> Iterator[int]:
    while True:
        yield from _own_ports(HEADLESS_PORTS.step - 1, held)


def _must_be_free(ports: list[int]) -> None:
    for port in ports:
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if not 1 <= port <= 65535:
                raise DemoError(f"port {port}: not a port: allowed are 1 to 65535")
            try:
                one.bind(("127.0.0.1", port))
            except OSError as error:
                raise DemoError(
                    f"port {port} of 127.0.0.1 cannot be used ({error.strerror}): stop what listens there, perhaps "
                    "another demo (the page's port can be changed with --port, all of them with --headless)"
                ) from None


# ---- the processes ---------------------------------------------------------------------------------------------------


class _Child:
    """One process of ours, in a process group of its own so that Ctrl-C reaches only the demo."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log
        self.ended = asyncio.ensure_future(process.wait())

    async def stop(self) -> int:
        """Asks it to end; kills it when it does not."""
        if not self.ended.done():
            self.process.terminate()
            try:
                async with asyncio.timeout(STOP_S):
                    await asyncio.shield(self.ended)
            except TimeoutError:
                self.process.kill()
        return await self.ended

    def tail(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        return "\n".join(f"  {line}" for line in lines)


class _Demo:
    """One run."""

    def __init__(self, arguments: argparse.Namespace, folder: Path, config: LineConfig, site_port: int) -> None:
        self._headless: bool = arguments.headless
        self._seconds: float | None = arguments.seconds
        if self._headless and self._seconds is None:
            self._seconds = 30.0
        self._report: Path | None = arguments.report
        self._folder = folder
        self._config = config
        self._url = f"http://127.0.0.1:{site_port}"
        self._children: list[_Child] = []
        self._stopped = asyncio.Event()
        self._log_files = ExitStack()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stopped.set)
        truth_file = self._folder / "sim.json"
        truth_file.unlink(missing_ok=True)
        with self._log_files:
            try:
                await self._together(truth_file)
            finally:
                for child in reversed(self._children):
                    await child.stop()
        if not truth_file.exists():
            return 0 if self._stopped.is_set() else 2
        return self._conclude(json.loads(truth_file.read_text(encoding="utf-8")))

    async def _together(self, truth_file: Path) -> None:
        """Starts everything, shows figures, and returns when the floor is done or somebody wants an end."""
        await self._start("api", "api", "SITE.toml")
        if not await self._ready():
            return
        sim = self._config.sim
        floor = ["--orders", self._url, "--report", str(truth_file), "--rate", f"{sim.rate}", "--seed", f"{sim.seed}"]
        floor += ["--lost-answers", f"{sim.lost_answers}", "--token-file", f"{CREW}.token"]
        if self._seconds is not None:
            floor += ["--seconds", f"{self._seconds}"]
        child = await self._start("sim", "sim", "LINE.toml", *floor, piped=True)
        await self._start("run", "run", "LINE.toml")
        if not self._headless:
            print(f"The line is at {self._url}", flush=True)
            print(f"Configuration, journal and logs: {self._folder}. Ctrl-C ends it.", flush=True)
            print(f"Whoever opens a page on this machine is {DEMO_OPERATOR}, without a password.", flush=True)
        figures = asyncio.ensure_future(self._show(child))
        try:
            await self._until(child)
        finally:
            if not child.ended.done():
                await child.stop()  # the floor first: it writes its truth while the others still listen
            await figures

    async def _start(self, name: str, *command: str, piped: bool = False) -> _Child:
        log = self._folder / "log" / f"{name}.log"
        file: TextIO = self._log_files.enter_context(log.open("a", encoding="utf-8"))
        search = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-c",
            _TETHER,
            str(os.getpid()),
            *command,
            cwd=self._folder,
            env={**os.environ, "PYTHONPATH": search, "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if piped else file,
            stderr=file,
            start_new_session=True,
        )
        child = _Child(name, process, log)
        self._children.append(child)
        return child

    async def _ready(self) -> bool:
        """Whether the API answers; False = somebody wants an end."""
        loop = asyncio.get_running_loop()
        until = loop.time() + READY_S
        while not self._stopped.is_set():
            self._all_alive()
            if await loop.run_in_executor(None, _answers, f"{self._url}/api/health"):
                return True
            if loop.time() > until:
                raise DemoError(
                    f"{self._url} does not answer after {READY_S} s; its log ends:\n{self._children[0].tail()}"
                )
            await asyncio.sleep(ASK_EVERY_S)
        return False

    async def _until(self, floor: _Child) -> None:
        stopped = asyncio.ensure_future(self._stopped.wait())
        try:
            await asyncio.wait([stopped, *(child.ended for child in self._children)], return_when="FIRST_COMPLETED")
        finally:
            stopped.cancel()
        if not (self._stopped.is_set() or (floor.ended.done() and floor.process.returncode == 0)):
            self._all_alive()

    def _all_alive(self) -> None:
        """Raises DemoError for a process that has ended by itself."""
        for child in self._children:
            if child.process.returncode is not None:
                status = child.process.returncode
                raise DemoError(f"{child.name} ended with status {status}; its log {child.log} ends:\n{child.tail()}")

    async def _show(self, floor: _Child) -> None:
        """Passes the floor's figures on: in place on a terminal, else every tenth line."""
        assert floor.process.stdout is not None
        count, terminal = 0, sys.stdout.isatty()
        async for line in floor.process.stdout:
            text = line.decode(errors="replace").rstrip()
            if terminal:
                width = shutil.get_terminal_size().columns - 1
                print(f"\r{text[:width]:<{width}}", end="", flush=True)
            elif count % 10 == 0:
                print(text, flush=True)
            count += 1
        if terminal and count:
            print(flush=True)

    # ---- the end -----------------------------------------------------------------------------------------------------

    def _conclude(self, truth: FloorReport) -> int:
        """Sets the floor's truth beside the journal, writes and prints both, and judges."""
        figures = journal_figures(self._config.journal, truth["plc_events"])
        if self._report is not None:
            self._report.write_text(json.dumps({**truth, **figures}, indent=2) + "\n", encoding="utf-8")
        ended = not self._stopped.is_set()
        wrong = wrong_with(truth, figures, ended=ended)
        print_summary(truth, figures, wrong, ended=ended)
        return 1 if wrong else 0


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310  our own loopback address
            return bool(answer.status == 200)
    except (OSError, HTTPException):
        return False
