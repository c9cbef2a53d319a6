"""lanewise …: the command line, and the only place that wires the parts together.

Public names: main, parser.

What only one command needs, its function imports: a process is there sooner.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from edge.commands.command_line import CommandError, add_command, is_site, not_done, sentence
from edge.config.load import load_line, load_site, refused
from edge.config.problem import ConfigError
from edge.journal.record import JournalError
from edge.journal.stop import LOOK_AGAIN, SIGNALS, told_to_stop

if TYPE_CHECKING:
    from edge.config.lines import LineConfig, SiteConfig
    from edge.controller.controller import OrderFeed
    from edge.controller.retention import Position
    from edge.controller.rounds import Targets
    from edge.core.values.feed import FeedPlace, FeedPortion
    from edge.core.values.lease import LeaseStore
    from edge.site.store import SiteStore

ENDS_WHEN_TOLD = frozenset({"run", "sim", "publish", "api", "opcua"})
"""Commands that run until SIGTERM or SIGINT, and store what they have then."""
LOOKS_AGAIN = ENDS_WHEN_TOLD - {"sim"}
"""Commands that look at their configuration again at SIGHUP; before they run, they have just done so."""
PROCESSES = {"api": "api.server:serve"}
"""Processes above this package, by name: ``module:function`` taking the SITE.toml. Resolved when started."""

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status: 0 done, 1 the answer is bad, 2 it could not be done."""
    words = sys.argv[1:] if argv is None else argv
    arguments = parser(next((word for word in words if not word.startswith("-")), "")).parse_args(words)
    if arguments.utc:
        os.environ["TZ"] = "UTC"
        time.tzset()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what it says, its drivers say with the device's name
    try:
        status: int = arguments.command(arguments)
    except (ConfigError, JournalError, CommandError) as error:
        print(f"lanewise: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        return not_done(error)
    except KeyboardInterrupt:
        return 130
    return status


def parser(asked: str | None = None) -> argparse.ArgumentParser:
    """The whole command line. Of a command other than the ``asked`` one no module is imported."""
    top = argparse.ArgumentParser(prog="lanewise", description="Edge controller for automated fulfilment lines.")
    top.add_argument("--version", action="version", version=f"lanewise {version('lanewise')}")
    top.add_argument("--utc", action="store_true", help="say times in UTC (default: in this machine's zone)")
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    def of_module(
        name: str, module: str, text: str, description: str = "", adds: str = "add_arguments"
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=description or sentence(text))
        if asked in (None, name):
            part = importlib.import_module(module)
            made.set_defaults(command=getattr(part, "main", None))  # None: it has commands of its own
            getattr(part, adds)(made)
        return made

    of_module("demo", "edge.commands.demo", "the example warehouse, simulated, with everything that belongs to it")

    run = add_command(commands, "run", _run, "the controller of one or more lines")
    run.add_argument("config", type=Path, metavar="LINE.toml")

    sim = of_module("sim", "edge.sim.server", "the simulated floor: readers and PLCs on real sockets")
    sim.set_defaults(command=_sim)
    of_module("fault", "edge.sim.control", "makes things go wrong in a simulated floor that runs")
    of_module("put", "edge.sim.by_hand", "puts a load on a simulated belt, through a dock door, or before a reader")
    publish = of_module("publish", "edge.publish.process", "the journal to InfluxDB and other systems")
    publish.set_defaults(command=_publish)

    api = add_command(commands, "api", _api, "orders in, look-ups and live pages out")
    api.add_argument("config", type=Path, metavar="SITE.toml")

    of_module("site", "edge.site.command", "the site store: backup, restore, upgrade, persons", "The site store.")
    of_module("find", "edge.commands.finding", "whatever is printed, shown or scanned: what it is, and where")
    of_module("list", "edge.commands.lists", "what lies where and why: set aside, orders, loads, wrong, late")
    of_module("account", "edge.site.account_command", "people who sign in, and keys of machines", "Accounts and keys.")
    of_module(
        "audit",
        "edge.site.account_command",
        "who did what: list, export, check",
        "Who did what.",
        "add_audit_arguments",
    )
    of_module("alarms", "edge.commands.alarms", "the alarms of a site, and what an operator asks of them")
    of_module("log", "edge.commands.log", "what happened from when to when: alarms, requests, devices, notices")
    of_module(
        "load", "edge.commands.loads", "loads at dock doors: open, check, close, manifest", "Loads at dock doors."
    )
    of_module(
        "orders",
        "edge.commands.sales",
        "sales orders: import, list, show, hold, release, cancel, merge",
        "Sales orders.",
    )
    of_module("stock", "edge.commands.stock", "stock: what lies where, receipts, moves, counts, audit", "Stock.")
    of_module(
        "cases", "edge.commands.cases", "cases and returns: list, show, gate, inspect, settle", "Cases and returns."
    )
    of_module("waves", "edge.commands.waves", "waves of orders: plan, release, withdraw, late ones", "Waves of orders.")
    of_module("picks", "edge.commands.picks", "rounds of pickers: claim, pick, hand back, totes, put-backs", "Picking.")
    of_module(
        "carriers", "edge.commands.carriers", "carriers: contracts, suspensions, choices, scores, what if", "Carriers."
    )
    of_module(
        "stations", "edge.commands.stations", "quality and packing: refuse, settle, pack, also offline", "Stations."
    )
    of_module(
        "parcels", "edge.commands.parcels", "labels of parcels: give, print, void; numbers for stations", "Parcels."
    )
    of_module("packing", "edge.commands.packing", "what orders would be packed into, and why not", "Packing plans.")
    of_module(
        "tracking",
        "edge.commands.tracking",
        "parcels that left: where they are, files of carriers, exceptions, feedback",
        "Parcels that left.",
    )
    of_module(
        "events", "edge.commands.events", "events of orders and parcels, and the webhooks that are told", "Events."
    )
    of_module("kpis", "edge.commands.kpis", "key figures: days, what is behind them, shifts", "Key figures.")
    of_module("plc", "edge.commands.plc", "a PLC's mailbox: conformance, watch", "A PLC's mailbox.")
    of_module("epcis", "edge.commands.epcis", "what a journal proves, as EPCIS 2.0 for a repository")
    of_module("rfid", "edge.commands.rfid", "readers: discover, watch, report", "RFID readers.")
    of_module("opcua", "edge.opcua.server", "portals as AutoID devices and lines as PackML machines on OPC UA")

    of_module(
        "standby",
        "edge.site.lease_command",
        "two controllers of the same lines: status, hand-over",
        "Two controllers of the same lines.",
    )
    of_module(
        "reload", "edge.commands.reload", "has running processes take a changed LINE.toml or SITE.toml, and waits"
    )
    of_module("support", "edge.commands.support", "one file for those who help, without secrets and people")

    of_module("check", "edge.commands.check", "says everything that is wrong with a configuration")
    of_module("replay", "edge.commands.replay", "derives every decision of a journal again; status 1 = one differs")

    trace = add_command(
        commands, "trace", _trace, "everything known about an order, tote, parcel or EPC, in order of time"
    )
    trace.add_argument("id", metavar="ID", help="order, tote, parcel or item: hex, URI, element string or Digital Link")
    trace.add_argument(
        "--config",
        type=Path,
        default=Path("LINE.toml"),
        metavar="CONFIG",
        help="LINE.toml: its journal; SITE.toml: its site store (default: LINE.toml)",
    )
    trace.add_argument("--json", action="store_true", help="one JSON line each")

    of_module("portal", "edge.commands.portal", "what a portal makes of reads")

    llrp = add_command(commands, "decode-llrp", _decode_llrp, "LLRP messages in files as JSON, one line each")
    llrp.add_argument("--body", metavar="TYPE", help="the files are bodies of this message type, without the header")
    llrp.add_argument("files", type=Path, nargs="+", metavar="FILE")

    epc = add_command(commands, "decode-epc", _decode_epc, "EPCs in hexadecimal as JSON, one line each")
    epc.add_argument("epcs", nargs="+", metavar="HEX")
    return top


# ---- processes -------------------------------------------------------------------------------------------------------


def _run(arguments: argparse.Namespace) -> int:
    from edge.controller.controller import Controller, File
    from edge.controller.retention import Retention

    config = load_line(arguments.config)
    # Cyclic garbage is rare here, and a collection looks at all that stays, an order's ten objects too: a hundred
    # thousand orders take 150 ms. What lives from the start is left out, and of what comes little is looked at a time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 2, 5_000)
    sys.setswitchinterval(0.0005)  # the threads that store and tell numbers must not hold up a divert
    with suppress(PermissionError):  # a divert goes before a page on the same machine, where we may say so
        os.nice(-10)
    controller = Controller(
        config,
        _feed(config),
        retention=lambda config: Retention(config, _positions(config)),
        targets=_targets,
        file=File(arguments.config, load_line, refused),
        lease=_lease(config),
        settled=gc.freeze,
    )
    _until_stopped(controller.run, controller.look_again)
    return 0


def _feed(config: LineConfig) -> OrderFeed | None:
    """Reads the site store's feed; opens it at the first call, and again after trouble."""
    if not config.store:
        return None
    stores: list[SiteStore] = []

    def feed(place: FeedPlace, limit: int) -> FeedPortion:
        if not stores:
            from edge.site.store import SiteStore  # a third of a start's time, in which the PLCs are asked already

            stores.append(SiteStore(config.store, readonly=True))
        return stores[0].follow(place, limit)

    return feed


def _sim(arguments: argparse.Namespace) -> int:
    from edge.sim.server import main

    return main(arguments, _feed)


def _lease(config: LineConfig) -> LeaseStore | None:
    """The lease by which it commands its lines; opened at the first call, and again after trouble."""
    if config.standby is None:
        return None
    from edge.site.leases import Leases

    url = config.standby.store or config.store
    return Leases(url, config.standby.lease, own=url != config.store)


def _publish(arguments: argparse.Namespace) -> int:
    from edge.publish.process import Outlets, main, main_of_site, outlets_of

    if not is_site(arguments.config):
        return main(arguments)
    from edge.site.store import SiteStore

    def sources(site: SiteConfig) -> Outlets:
        opened = threading.Lock()
        stores: list[SiteStore] = []

        def store() -> SiteStore:
            with opened:
                if not stores:
                    stores.append(SiteStore(site.store, readonly=True))
                return stores[0]

        return outlets_of(
            site,
            lambda after, limit: store().numbers(after, limit),
            lambda after, limit: store().told(site.site, after, limit),
            lambda: store().mark,
        )

    return main_of_site(arguments, load_site, sources)


def _positions(config: LineConfig) -> Position:
    """Reads how far the publishers and the site store are; what was never followed is at 0.

    A site store that cannot be read now, or is not there yet, is where it last was.
    """
    from edge.journal.source import JournalSource
    from edge.publish.cursors import read_cursors

    source = JournalSource(config.journal, config.controller)
    stores: list[SiteStore] = []
    stored = 0

    def positions() -> dict[str, int]:
        nonlocal stored
        node = source.node(source.open())
        seqs = {cursor.publisher: cursor.seq for cursor in read_cursors(config.publish_state) if cursor.node == node}
        found = {name: seqs.get(name, 0) for name in config.publish}
        if config.store:
            from edge.site.store import SiteStore, StoreError

            with suppress(StoreError):
                if not stores:
                    stores.append(SiteStore(config.store, readonly=True))
                stored = stores[0].cursor(node)
            found["site-store"] = stored
        return found

    return positions


def _targets(config: LineConfig) -> Targets | None:
    """Reads why each publisher's target does not have what it should; None where nothing is published."""
    if not config.publish:
        return None
    from edge.journal.source import JournalSource
    from edge.publish.cursors import Cursor, read_cursors, read_standings, trouble_of

    source = JournalSource(config.journal, config.controller)

    def targets(now_us: int) -> dict[str, str]:
        reader = source.open()
        node, newest = source.node(reader), reader.last()
        cursors = {one.publisher: one for one in read_cursors(config.publish_state) if one.node == node}
        standings = {one.publisher: one for one in read_standings(config.publish_state)}
        return {
            name: trouble_of(cursors.get(name, Cursor(name, node, 0, 0, 0)), standings.get(name), newest, now_us)
            for name in config.publish
        }

    return targets


def _api(arguments: argparse.Namespace) -> int:
    module, _, function = PROCESSES["api"].partition(":")
    getattr(importlib.import_module(module), function)(arguments.config, _outbox_delivered)
    return 0


def _outbox_delivered(site: SiteConfig, mark: str) -> int | None:
    """Up to which number all who publish the outbox of a store have it; None = nobody does. Raises CursorError."""
    from edge.publish.cursors import read_cursors

    herald = site.as_herald()
    node = f"{herald.controller}@{mark}"
    seqs = {cursor.publisher: cursor.seq for cursor in read_cursors(herald.publish_state) if cursor.node == node}
    return min((seqs.get(name, 0) for name in herald.publish), default=None)


def _until_stopped(run: Callable[[], Awaitable[None]], look_again: Callable[[], None]) -> None:
    """Runs on uvloop until SIGTERM or SIGINT, then lets it end in order. ``look_again``: at SIGHUP."""

    import uvloop

    async def supervised() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(run())
        with told_to_stop(
            lambda: loop.call_soon_threadsafe(task.cancel), lambda: loop.call_soon_threadsafe(look_again)
        ):
            try:
                await task
            except asyncio.CancelledError:
                log.info("stopped")

    uvloop.run(supervised())


# ---- questions -------------------------------------------------------------------------------------------------------


def _trace(arguments: argparse.Namespace) -> int:
    from edge.config.load import load_controllers
    from edge.core.iso_time import iso
    from edge.core.values.text import readable
    from edge.journal.host_time import local
    from edge.journal.reader import JournalReader
    from edge.site.store import SiteStore
    from edge.views.timeline import timeline
    from edge.views.words.table import say

    if is_site(arguments.config):
        site = load_site(arguments.config)
        layouts = [layout for line in load_controllers(site) for layout in line.layouts()]
        store = SiteStore(site.store, readonly=True)
        try:
            entries = store.timeline(arguments.id, layouts)
        finally:
            store.close()
    else:
        line = load_line(arguments.config)
        reader = JournalReader(line.journal)
        try:
            entries = timeline(arguments.id, reader.by_ref, line.layouts())
        finally:
            reader.close()
    for entry in entries:
        if arguments.json:
            at, record = iso(entry.at_us, 3), entry.record
            told = {"at": at, "code": entry.said.code, "text": say(entry.said), "kind": record.kind, "seq": record.seq}
            print(json.dumps({**told, "record": json.loads(record.body)}, ensure_ascii=False))
        else:
            print(f"{local(entry.at_us, 3)}  {readable(say(entry.said))}")
    if not entries:
        print(f"lanewise: nothing is known about {arguments.id!r}", file=sys.stderr)
        return 1
    return 0


def _decode_llrp(arguments: argparse.Namespace) -> int:
    from rfid.llrp.as_json import decode_file

    bad = False
    for path in arguments.files:
        try:
            messages = decode_file(path.read_bytes(), arguments.body)
            for message in messages:
                bad = bad or "error" in message
                print(json.dumps(message))
        except ValueError as error:
            raise CommandError(f"{path}: {error}") from None
    return int(bad)


def _decode_epc(arguments: argparse.Namespace) -> int:
    from rfid.epc.hexadecimal import plain_hex
    from rfid.epc.identity import describe

    described = [describe(plain_hex(epc) or epc) for epc in arguments.epcs]
    for one in described:
        print(json.dumps(one))
    return int(any("error" in one for one in described))


def run_as_script() -> NoReturn:
    """The console command; a closed pipe (``| head``) is no error."""
    if sys.argv[1:2] and sys.argv[1] in ENDS_WHEN_TOLD:  # until it says what is done then, there is nothing to store
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
    if sys.argv[1:2] and sys.argv[1] in LOOKS_AGAIN:
        signal.signal(LOOK_AGAIN, signal.SIG_IGN)
    if isinstance(sys.stdout, TextIOWrapper):  # a file's name may hold what is no UTF-8
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)


if __name__ == "__main__":
    run_as_script()
