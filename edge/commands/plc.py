"""`lanewise plc ...`: what a commissioning engineer asks of a PLC.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import deque
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from edge.commands.api_client import ask
from edge.commands.command_line import Commands, add_beside, add_by, add_command, sentence, who
from edge.commands.plc_conformance import chosen_plc, try_rules
from edge.commands.point_text import nodes_json, nodes_text, plan_json, plan_text, readings_json, readings_text
from edge.config.certificates import warning
from edge.config.late import loaded
from edge.config.load import load_line, load_site
from edge.config.opcua import UaClientConfig
from edge.config.plcs import PlcConfig
from edge.config.points import point
from edge.config.readers import AutoIdConfig
from edge.core.events import PointWritten
from edge.core.iso_time import iso
from edge.devices.plc_drivers import plc_link
from edge.devices.points import point_link, point_table
from edge.journal.host_time import local, now_us
from edge.journal.writer import is_written
from plc.driver import PlcError
from plc.mailbox_text import Seen, described, told
from plc.modbus_bus import Buses
from plc.point_plan import plan
from plc.point_table import Reading

WATCH_S = 0.3
"""Less than what counts as idle (plc.modbus_transactions.IDLE_S): a PLC that ends a watched connection is heard of."""
BESIDE = "`lanewise run` has a connection to this PLC"
WRITTEN_S = 15
"""So long the answer of a controller is waited for; it carries out no wish that is older than 10 s."""
_SWITCH = {"on": True, "off": False, "true": True, "false": False}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `lanewise plc`."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    conformance = _command(
        commands,
        "conformance",
        try_rules,
        "tries every rule of the mailbox that a host can try; status 1 = the PLC breaks one",
        "Stop the controller first: the check takes the next epochs and acknowledges every event. Nothing moves: its "
        "commands name parcels that do not exist, or enable a lane that is enabled. Only with --parcels it routes "
        "parcels, into lanes of their line that are neither full nor disabled.",
    )
    conformance.add_argument(
        "--parcels",
        type=_seconds,
        default=0.0,
        metavar="S",
        help="also what needs parcels on the belt, each waited for so long",
    )
    conformance.add_argument(
        "--restart",
        type=_seconds,
        default=0.0,
        metavar="S",
        help="also what needs a start of the PLC, waited for so long at the end",
    )
    conformance.add_argument(
        "--lane",
        type=int,
        action="append",
        metavar="N",
        help="a lane that exists, where no line in LINE.toml says so; may be given more than once",
    )
    conformance.add_argument("--report", type=Path, metavar="FILE", help="write the report there, as JSON or as text")
    conformance.add_argument("--json", action="store_true", help="the report as JSON")
    add_beside(conformance)
    conformance.add_argument(
        "--wrap", action="store_true", help="as many commands as it takes for the sequences to wrap, some minutes"
    )

    cert = _command(
        commands,
        "cert",
        _cert,
        "our key and certificate for an OPC UA server, where the configuration names them; says when one ends",
        "Afterwards: have the server trust the certificate, and put the server's into the folder `trusted`.",
    )
    cert.add_argument("--reader", metavar="NAME", help="for this reader, with driver `autoid`, instead of a PLC")
    cert.add_argument("--days", type=int, default=730, metavar="N", help="how long it is valid (default: 730)")
    cert.add_argument("--show", action="store_true", help="make nothing; status 1 = it ends soon, or is not there")

    plan = _command(commands, "plan", _plan, "the requests that read a PLC's points, packed; asks no PLC", "")
    plan.add_argument("--json", action="store_true", help="one JSON object a request")

    write = commands.add_parser(
        "write",
        help="asks for a point to be written, by the site's api process",
        description="Asks for a point to be written, by the site's api process.",
        epilog="Only points that are declared writable, within their limits, and only where SITE.toml has a token. "
        "The PLC's controller writes it at once or never; what became of it is printed and stays in the journal.",
    )
    write.add_argument("config", type=Path, metavar="SITE.toml")
    write.add_argument("point", metavar="PLC/STATION/ROLE", help="the PLC's name, and the point's")
    write.add_argument("value", metavar="VALUE", help="a number in the point's unit, on or off, or text")
    add_by(write)
    write.set_defaults(command=_write)

    watch = _command(commands, "watch", _watch, "mailbox and points, live and decoded; writes nothing", "")
    watch.add_argument("--once", action="store_true", help="once, not live")
    watch.add_argument("--json", action="store_true", help="one JSON line each")

    text = "the PLC's side of the mailbox in IEC 61131-3 Structured Text, with notes for three makes of PLC"
    written = commands.add_parser("st", help=text, description=sentence(f"{text}, written into a folder"))
    written.add_argument("folder", type=Path, metavar="FOLDER")
    written.set_defaults(command=_st)


def _command(
    commands: Commands,
    name: str,
    command: Callable[[argparse.Namespace], int],
    text: str,
    more: str,
) -> argparse.ArgumentParser:
    made = add_command(commands, name, command, text, more)
    made.add_argument("config", type=Path, metavar="LINE.toml")
    made.add_argument("--plc", metavar="NAME", help="which one, by its name in `[plc]`; needed where there are several")
    return made


def _seconds(text: str) -> float:
    """A time of 1 s to an hour. Raises ValueError."""
    seconds = float(text)
    if not 1 <= seconds <= 3_600:
        raise argparse.ArgumentTypeError(f"{text}: allowed are 1 to 3600 seconds")
    return seconds


# ---- certificate -----------------------------------------------------------------------------------------------------


def _cert(arguments: argparse.Namespace) -> int:
    where, device, given = _opcua_table(arguments)
    ua = loaded("edge.devices.opcua_drivers")
    if arguments.show:
        text = warning(device, () if given.certificate is None else (given.certificate,), now_us())
        print(text or f"{device}: {given.certificate} is valid for 30 days or more")
        return int(bool(text))
    try:
        certificate, ends = ua.make_certificate(given, arguments.days)
    except FileExistsError as error:
        raise OSError(f"{error.filename}: is there already: move it away first") from None
    except PlcError as error:
        raise OSError(f"{where}: {error}") from None
    print(f"{certificate}, valid until {ends:%Y-%m-%d}: have it trusted by {given.url}")
    print(f"Put the server's certificate into {given.trusted}")
    return 0


def _opcua_table(arguments: argparse.Namespace) -> tuple[str, str, UaClientConfig]:
    """Where it stands, the device's name, and how it is reached over OPC UA."""
    if arguments.reader is None:
        _, name, plc = chosen_plc(arguments)
        where = f"{arguments.config}: plc.{name}"
        if plc.driver != "opcua" and plc.packml is not None:
            return f"{where}.packml", name, plc.packml
        if plc.driver != "opcua":
            raise OSError(f"{where}: driver {plc.driver!r} has no such certificate, 'opcua' has")
        return where, name, plc.opcua
    readers = load_line(arguments.config, whole=False).reader
    where = f"{arguments.config}: reader.{arguments.reader}"
    reader = readers.get(arguments.reader)
    if not isinstance(reader, AutoIdConfig):
        kind = "no such reader" if reader is None else f"driver {reader.driver!r} has no such certificate"
        able = [name for name, one in readers.items() if isinstance(one, AutoIdConfig)]
        raise OSError(f"{where}: {kind}, readers with driver 'autoid': {', '.join(able) or 'none'}")
    return where, arguments.reader, reader.opcua


# ---- structured text -------------------------------------------------------------------------------------------------


def _st(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(files("plc").joinpath("st").iterdir(), key=lambda one: one.name):
        path = folder / source.name
        with path.open("xb") as file:  # what an engineer has changed is not overwritten
            file.write(source.read_bytes())
        print(path)
    return 0


# ---- watch -----------------------------------------------------------------------------------------------------------


def _watch(arguments: argparse.Namespace) -> int:
    config, name, plc = chosen_plc(arguments)
    beside = plc.driver == "modbus" and is_written(config.journal)
    if beside:
        print(f"{name}: {BESIDE}; the page shows the same without a second one", file=sys.stderr, flush=True)
    try:
        asyncio.run(_watch_link(name, plc, once=arguments.once, again=not beside, as_json=arguments.json))
    except PlcError as error:
        more = f": {BESIDE}, and this PLC may serve no second; look at the page, or stop it" if beside else ""
        raise OSError(f"{error}{more}") from None
    return 0


async def _watch_link(name: str, plc: PlcConfig, *, once: bool, again: bool, as_json: bool) -> None:
    """``again``: a connection that is lost is made anew; it may throw out another's."""
    buses = Buses()
    link = plc_link(name, plc, buses=buses) if plc.mailbox else None
    watched = _WatchedPoints(name, plc, buses)
    trouble = ""
    try:
        if link is not None:
            await link.connect()
        while True:
            try:
                if link is not None and trouble:
                    await link.connect()
                seen = None if link is None else Seen(await link.read_up(), await link.read_down())
            except PlcError as error:
                if once or not again:
                    raise
                if str(error) != trouble:
                    print(f"{local(now_us(), 3)}  {error}; tried again", file=sys.stderr, flush=True)
                trouble = str(error)
                await asyncio.sleep(WATCH_S)
                continue
            trouble = ""
            await watched.read()
            if watched.trouble and not again:
                raise PlcError(watched.trouble)
            at_us = now_us()
            readings = watched.readings(at_us)
            if as_json:
                points = {"points": readings_json(readings, at_us)} if plc.point else {}
                print(
                    json.dumps(
                        {"at": iso(at_us, 3), "plc": name, **({} if seen is None else described(seen)), **points}
                    ),
                    flush=True,
                )
            else:
                clear = "" if once or not sys.stdout.isatty() else "\x1b[H\x1b[J"
                points_text = [f"POINTS {watched.trouble}".rstrip(), *readings_text(readings, at_us)]
                lines = [*(() if seen is None else told(seen)), *(points_text if plc.point else ()), ""]
                print("\n".join([f"{clear}{name}  {local(at_us, 3)}", *lines]), flush=True)
            if once:
                return
            await asyncio.sleep(WATCH_S)
    finally:
        await watched.close()
        if link is not None:
            await link.close()


class _WatchedPoints:
    """The points beside a watched mailbox. ``trouble``: why the newest reading failed; empty = it did not."""

    def __init__(self, name: str, plc: PlcConfig, buses: Buses) -> None:
        self._link = point_link(name, plc, buses) if plc.point else None
        self._table = point_table(plc)
        self._connected = False
        self.trouble = ""

    async def read(self) -> None:
        if self._link is None:
            return
        try:
            if not self._connected:
                await self._link.connect()
            values = await self._link.read()
        except PlcError as error:
            self._connected, self.trouble = False, str(error)
        else:
            self._connected, self.trouble = True, ""
            deque(self._table.took(values, now_us()), maxlen=0)

    def readings(self, at_us: int) -> list[Reading]:
        return [self._table.reading(name, at_us) for name in self._table.points]

    async def close(self) -> None:
        if self._link is not None:
            await self._link.close()


# ---- plan ------------------------------------------------------------------------------------------------------------


def _plan(arguments: argparse.Namespace) -> int:
    config, name, _ = chosen_plc(arguments) if arguments.plc else (load_line(arguments.config, whole=False), "", None)
    for plc_name, plc in config.plc.items():
        if name not in ("", plc_name):
            continue
        points = [point(one, table) for one, table in plc.point.items()]
        by_node = plc.driver == "opcua"
        requests = () if by_node else plan(points, plc.points_hole)
        if arguments.json:
            for request in nodes_json(points) if by_node else plan_json(requests):
                print(json.dumps({"plc": plc_name, **request}))
        elif by_node:
            print("\n".join(nodes_text(plc_name, points, plc.points_ms)))
        else:
            print("\n".join(plan_text(plc_name, points, requests, plc.points_ms)))
    return 0


# ---- write -----------------------------------------------------------------------------------------------------------


def _write(arguments: argparse.Namespace) -> int:
    site = load_site(arguments.config)
    infos = json.loads(ask(site, "/api/points"))
    types = {f"{info['plc']}/{info['point']}": info["type"] for info in infos}
    if arguments.point not in types:
        raise OSError(f"{arguments.point}: no such point, allowed: {', '.join(types) or 'none'}")
    value = _typed(types[arguments.point], arguments.value)
    plc, _, name = arguments.point.partition("/")
    asked = json.loads(
        ask(site, f"/api/plcs/{quote(plc)}/points/{quote(name)}", {"value": value, "by": who(arguments)})
    )
    end = time.monotonic() + WRITTEN_S
    while time.monotonic() < end:
        for entry in reversed(json.loads(ask(site, f"/api/lookup/{quote(arguments.point)}"))["entries"]):
            if entry["kind"] == PointWritten.__name__ and entry["value"]["asked"] == asked["feed_seq"]:
                print(entry["text"])
                return int(bool(entry["value"]["trouble"]))
        time.sleep(0.1)
    raise OSError(f"{arguments.point}: asked, but its controller has not answered: is `lanewise run` running?")


def _typed(kind: str, text: str) -> bool | int | float | str:
    """A value as it was typed. Raises OSError."""
    if kind.startswith("STRING"):
        return text
    if kind == "BOOL":
        if text not in _SWITCH:
            raise OSError(f"{text!r}: allowed are {', '.join(_SWITCH)}")
        return _SWITCH[text]
    try:
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    except ValueError:
        raise OSError(f"{text!r}: is no number") from None
