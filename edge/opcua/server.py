"""`lanewise opcua`: the OPC UA face of a controller as a process of its own, which follows the journal.

Public names: add_arguments, main, serve.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from edge.config.certificates import warning
from edge.config.change import InForce, looked_at, name_of
from edge.config.late import loaded
from edge.config.lines import LineConfig
from edge.config.load import load_line
from edge.config.opcua import UaServerConfig
from edge.config.problem import ConfigError
from edge.config.secret import read_secret
from edge.core.events import DeviceChanged, PassageSeen, Stage
from edge.core.values.state import CoreState
from edge.journal.follower import Follower, Opened, follow_until_cancelled
from edge.journal.host_time import now_us
from edge.journal.notify import ping, ready, reloading
from edge.journal.record import Record, Value, readable
from edge.journal.source import JournalSource
from edge.journal.stop import told_to_stop
from edge.views.machines import Machines
from plc.opcua_trust import Own, TrustList, make_own

if TYPE_CHECKING:
    from edge.opcua.face import Door, Face

log = logging.getLogger(__name__)

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  addresses that no certificate names
POLL_S = 0.05
PORTION = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `lanewise opcua`."""
    parser.add_argument("config", type=Path, metavar="LINE.toml")
    parser.add_argument(
        "--make-certificate",
        type=int,
        metavar="DAYS",
        help="make key and certificate where [opcua_server] names them, valid for so long, and end",
    )


def main(arguments: argparse.Namespace) -> int:
    """Serves until SIGTERM or SIGINT. Raises ConfigError, FaceError, OSError."""
    config = _read(arguments.config) if arguments.make_certificate is None else load_line(arguments.config)
    given = config.opcua_server
    if given is None:
        raise ConfigError(arguments.config, ["opcua_server: missing: this table says what to serve and to whom"])
    if arguments.make_certificate is not None:
        return _make_certificate(given, arguments.make_certificate)
    # The library builds 10,000 nodes that stay: looking for garbage among them would take a third of the start.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)

    asyncio.run(_serve_until_told(arguments.config, config))
    return 0


async def _serve_until_told(path: Path, config: LineConfig) -> None:
    """Serves until SIGTERM or SIGINT; at SIGHUP by what the file says then. Clients connect again where that is new."""
    loop = asyncio.get_running_loop()
    standing = InForce(name_of(config), now_us())
    wake, stopped, asked = asyncio.Event(), False, False

    def told(stop: bool) -> None:
        nonlocal stopped, asked
        stopped, asked = stopped or stop, True
        wake.set()

    with told_to_stop(lambda: loop.call_soon_threadsafe(told, True), lambda: loop.call_soon_threadsafe(told, False)):
        pinging = asyncio.create_task(ping())
        serving = asyncio.create_task(_serve(config))
        try:
            while not stopped:
                waiting = asyncio.create_task(wake.wait())
                await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if serving.done():
                    serving.result()
                wake.clear()
                if asked and not stopped:
                    asked = False
                    reloading()
                    if (found := looked_at(path, _read, config, standing, now_us())) is None:
                        ready(standing.refused or f"configuration {standing.name}")
                    else:
                        config = found
                        await _ended(serving)
                        serving = asyncio.create_task(_serve(config))
        finally:
            pinging.cancel()
            await _ended(serving)


def _read(path: Path) -> LineConfig:
    """The file, where it has something to serve, and the secrets that it names. Raises ConfigError."""
    config = load_line(path)
    if config.opcua_server is None:
        raise ConfigError(path, ["opcua_server: missing: this table says what to serve and to whom"])
    for file in config.opcua_server.user.values():
        read_secret(file)
    return config


async def _serve(config: LineConfig) -> None:
    given = config.opcua_server
    assert given is not None

    def begun(text: str) -> None:
        log.info("%s", text)
        ready(text)

    await serve(config, given, {name: read_secret(file) for name, file in given.user.items()}, begun)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def serve(
    config: LineConfig, given: UaServerConfig, users: dict[str, str], ready: Callable[[str], None] = log.info
) -> None:
    """Serves until cancelled; ``ready`` gets a line that says where. Raises FaceError."""
    module = loaded("edge.opcua.face")  # its library takes most of a second to load
    door: Door | None = None
    if not given.anonymous:
        files = given.files()
        door = module.Door(Own(files.certificate, files.key), TrustList(files.trusted), users)
    face: Face = module.Face(config.controller, version("lanewise"), config.layouts(), given.nodesets, door)
    source = JournalSource(config.journal, config.controller)
    await face.start(*given.address)
    try:
        if door is not None and (text := warning("opcua_server", (door.own.certificate,), now_us())):
            log.warning("%s", text)
        ready(f"{face.url}: {len(config.line)} line(s), {'signed and encrypted' if door else 'to anybody here'}")
        told = _Told(config, face, asyncio.get_running_loop())
        await follow_until_cancelled("journal", Follower(source, told, POLL_S))
    finally:
        await face.stop()
        source.close()


class _Told:
    """Brings what the journal tells into the face; begins with what was so, and tells events from then on."""

    portion = PORTION

    def __init__(self, config: LineConfig, face: Face, loop: asyncio.AbstractEventLoop) -> None:
        self._face = face
        self._loop = loop
        self._layouts = config.layouts()
        self._machines = Machines(self._layouts)
        self._readers: dict[str, bool] = {}
        self._live_from = 0
        self._said = ""

    def begin(self, journal: Opened) -> int:
        """Another file: what was so when its newest checkpoint was made; what happened since is told, but no event."""
        if journal.after is not None:
            return journal.after
        self._machines = Machines(self._layouts)
        self._live_from = journal.reader.last()
        seq, state = journal.reader.checkpoint(CoreState) or (0, CoreState())
        self._machines.begin_with({name: plc.machine for name, plc in state.plcs.items()}, {})
        return seq

    def take(self, records: Sequence[Record]) -> bool:
        known, trouble = readable(records)
        if known:
            asyncio.run_coroutine_threadsafe(self._tell(known), self._loop).result()
        self._say(trouble)
        return False

    def trouble(self, error: Exception) -> None:
        self._say(str(error))

    async def _tell(self, records: Sequence[Record]) -> None:
        for record in records:
            try:
                await self._tell_one(record.seq, record.value)
            except Exception:  # the next record is another one
                log.exception("record %d: a fault of this program", record.seq)

    async def _tell_one(self, seq: int, value: Value) -> None:
        for machine in self._machines.apply(value):
            await self._face.stands(machine)
        match value:
            case PassageSeen(stage=Stage.FINAL) if seq > self._live_from:
                await self._face.passed(value)
            case DeviceChanged(device=device, up=up) if device.startswith("reader."):
                self._readers[device.partition(".")[2]] = up
                for line, state in self._portals():
                    await self._face.readers_are(line, state)
            case _:
                pass

    def _portals(self) -> Iterator[tuple[str, bool | None]]:
        """By line whether all its readers answer; None = of none it is known."""
        for layout in self._layouts:
            known = [self._readers[name] for name in layout.portal.readers if name in self._readers]
            yield layout.name, all(known) if known else None

    def _say(self, trouble: str) -> None:
        if trouble != self._said:
            log.log(logging.WARNING if trouble else logging.INFO, "%s", trouble or "the journal can be read again")
        self._said = trouble


def _make_certificate(given: UaServerConfig, days: int) -> int:
    if given.anonymous:
        raise OSError("opcua_server.certificate: missing: with anonymous there is none")
    files = given.files()
    host = given.address[0].strip("[]")
    files.trusted.mkdir(parents=True, exist_ok=True)
    try:
        name = socket.gethostname() if host in _EVERYWHERE else host
        made = make_own(Own(files.certificate, files.key), name, days, server=True)
    except FileExistsError as error:
        raise OSError(f"{error.filename}: is there already: move it away first") from None
    print(f"{files.certificate}, valid until {made.not_valid_after_utc:%Y-%m-%d}: have it trusted by the clients")
    print(f"Put the clients' certificates into {files.trusted}")
    return 0
