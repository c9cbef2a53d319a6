"""`lanewise rfid ...`: readers found, watched and reported on.

Public names: add_arguments, ReadTable.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from ipaddress import ip_network
from itertools import islice, zip_longest
from pathlib import Path

from edge.commands.command_line import add_beside, add_command, check_alone
from edge.commands.portal_replay import read_reads
from edge.commands.reports_config import load_reports
from edge.commands.tagging import Passwords, password_of, read_memories, write_tag
from edge.config.load import load_line
from edge.config.readers import LlrpConfig, ReaderConfig
from edge.core.events import BarcodesRead, DeviceNotice, TagsRead
from edge.core.iso_time import iso
from edge.devices.reader import ReaderSession
from edge.journal.host_time import now_us
from rfid.driver import ReaderError, ReaderEvent, ReaderReached, ReaderReady, Reads, TagDetail, TagRead
from rfid.epc.hexadecimal import plain_hex
from rfid.epc.identity import EpcError, classify, encode, identity_of_hex, parse_tag_uri
from rfid.event_cycles import CycleReport, EventCycles
from rfid.llrp.client import LLRP_PORT
from rfid.llrp.probe import Availability, FoundDevice, probe

MOST_HOSTS = 4_096
REFRESH_S = 0.5
RATE_US = 2_000_000
"""Reads a second are told of so long a time."""
SHOWN = 40
"""Tags of a table on a screen."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands of `lanewise rfid`."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    discover = add_command(
        commands,
        "discover",
        _discover,
        "LLRP readers in a subnet, and which are held by somebody; status 1 = there is none",
        "Each address is connected to once. A reader without a client is asked what it is and left at once; one that "
        "is held says so and is not disturbed.",
    )
    discover.add_argument("subnet", metavar="SUBNET", help=f"as 192.168.1.0/24, at most {MOST_HOSTS} addresses")
    discover.add_argument("--port", type=int, default=LLRP_PORT, metavar="N", help=f"TCP port (default: {LLRP_PORT})")
    discover.add_argument("--at-once", type=int, default=64, metavar="N", help="addresses at a time (default: 64)")
    discover.add_argument("--seconds", type=float, default=1.0, metavar="S", help="patience with each (default: 1)")
    discover.add_argument("--json", action="store_true", help="one JSON line each")

    watch = add_command(
        commands,
        "watch",
        _watch,
        "what a reader reads, live: tags, power, antennas, rate",
        "A reader has one client: end the controller first. It is set up as the configuration says, or, given by its "
        "address, with all antennas and its own settings.",
    )
    watch.add_argument("reader", metavar="READER", help="name in LINE.toml, or HOST or HOST:PORT of an LLRP reader")
    _of_line(watch)
    watch.add_argument("--seconds", type=float, metavar="S", help="end after so long")
    watch.add_argument("--json", action="store_true", help=f"a JSON line every {REFRESH_S:g} s")

    memory = add_command(
        commands,
        "memory",
        _memory,
        "TID and user memory of the tags before a reader, a JSON line each; status 1 = no tag, or one refused",
        "A reader has one client: end the controller first.",
    )
    _of_station(memory)
    memory.add_argument("--user", type=int, default=0, metavar="WORDS", help="so many words of user memory too")
    memory.add_argument("--seconds", type=float, default=2.0, metavar="S", help="read for so long (default: 2)")

    write = add_command(
        commands,
        "write",
        _write,
        "gives a tag its EPC, and locks it; status 1 = not done, or not wholly",
        "For tagging stations. Without --epc exactly one tag must lie before the reader. A lock keeps out whoever does "
        "not know the access password; a tag without one lets everybody in.",
    )
    _of_station(write)
    write.add_argument("new", metavar="EPC", help="hexadecimal, or urn:epc:tag:...")
    write.add_argument("--lock", action="store_true", help="EPC and password can be written with the password only")
    write.add_argument(
        "--password",
        type=Path,
        metavar="FILE",
        help="has the tag's access password in its first line, 8 hexadecimal digits (default: none)",
    )
    write.add_argument(
        "--new-password", type=Path, metavar="FILE", help="has the access password that the tag is given"
    )
    write.add_argument("--seconds", type=float, default=2.0, metavar="S", help="patience with the tag (default: 2)")

    report = add_command(
        commands,
        "report",
        _report,
        "event cycles: tags that are there, came or went, filtered and grouped; a JSON line each report",
        "See docs/rfid-reports.md for REPORTS.toml.",
    )
    report.add_argument("spec", type=Path, metavar="REPORTS.toml", help="cycles, smoothing, reports and their patterns")
    source = report.add_mutually_exclusive_group(required=True)
    source.add_argument("--reads", type=Path, metavar="READS.csv", help="time_us,epc,antenna,rssi_dbm[,reader]")
    source.add_argument("--reader", metavar="READER", help="name in LINE.toml, or HOST or HOST:PORT of an LLRP reader")
    _of_line(report)
    add_beside(report)
    report.add_argument("--seconds", type=float, metavar="S", help="of a live reader: end after so long")


def _of_station(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("reader", metavar="READER", help="name in LINE.toml, or HOST or HOST:PORT of an LLRP reader")
    _of_line(parser)
    add_beside(parser)
    parser.add_argument("--epc", default="", metavar="EPC", help="of this tag only; hexadecimal, or urn:epc:tag:...")


def _of_line(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", type=Path, metavar="LINE.toml", help="where READER is a name (default: LINE.toml, if it is there)"
    )


# ---- discover --------------------------------------------------------------------------------------------------------


def _discover(arguments: argparse.Namespace) -> int:
    try:
        subnet = ip_network(arguments.subnet, strict=False)
    except ValueError as error:
        raise OSError(f"{error}: give a subnet as 192.168.1.0/24") from None
    if subnet.num_addresses > MOST_HOSTS:
        raise OSError(f"{subnet}: {subnet.num_addresses} addresses, allowed: {MOST_HOSTS}: give a smaller subnet")
    if arguments.at_once < 1 or not 0 < arguments.seconds <= 60 or not 1 <= arguments.port <= 65_535:
        raise OSError("allowed: --at-once 1 or more, --seconds up to 60, --port 1..65535")
    hosts = [str(host) for host in islice(subnet.hosts(), MOST_HOSTS)]
    found = asyncio.run(_probe_all(hosts, arguments.port, arguments.at_once, arguments.seconds))
    for one in found:
        if arguments.json:
            print(json.dumps({"host": one.host, "port": one.port, "answer": one.answer, "about": one.about}))
        else:
            print(f"{one.host}:{one.port}  {one.answer:5}  {one.about}")
    readers = [one for one in found if one.answer is not Availability.OTHER]
    print(f"{len(hosts)} addresses, {len(readers)} reader(s)", file=sys.stderr)
    return int(not readers)


async def _probe_all(hosts: Sequence[str], port: int, at_once: int, patience_s: float) -> list[FoundDevice]:
    """In the order of the addresses."""
    waiting = iter(enumerate(hosts))
    found: dict[int, FoundDevice] = {}

    async def work() -> None:
        for place, host in waiting:
            one = await probe(host, port, patience_s)
            if one is not None:
                found[place] = one

    await asyncio.gather(*(work() for _ in range(min(at_once, len(hosts)))))
    return [one for _, one in sorted(found.items())]


# ---- a live reader ---------------------------------------------------------------------------------------------------


def _chosen(reader: str, config: Path | None) -> tuple[str, ReaderConfig]:
    """A reader by its name in LINE.toml, or by its address."""
    path = config or Path("LINE.toml")
    if config is not None or path.is_file():
        known = load_line(path).reader
        if reader in known:
            return reader, known[reader]
        if config is not None:
            raise OSError(f"{path}: reader.{reader}: no such reader, allowed: {', '.join(known)}")
    host, _, port = reader.rpartition(":") if reader.count(":") == 1 else (reader, "", "")
    if port and not (port.isdigit() and 1 <= int(port) <= 65_535):
        raise OSError(f"{reader}: port {port!r} is not in 1..65535")
    given = LlrpConfig(host=host.strip("[]"), port=int(port) if port else None)
    return reader, given.model_copy(update={"antennas": ()})  # all that it has


def _check_alone(arguments: argparse.Namespace) -> None:
    """Raises CommandError where a controller has the reader, by its name or address, unless a broker is between."""
    path = arguments.config or Path("LINE.toml")
    if not path.is_file():
        return
    name, given = _chosen(arguments.reader, arguments.config)
    line = load_line(path)
    for known, one in line.reader.items():
        same = isinstance(given, LlrpConfig) and isinstance(one, LlrpConfig) and _address(given) == _address(one)
        if one.driver != "mqtt-json" and (known == name or same):
            check_alone(arguments, f"reader.{known}", line.journal)


def _address(reader: LlrpConfig) -> tuple[str, int]:
    return reader.host, reader.port or LLRP_PORT


async def _hear(
    name: str,
    config: ReaderConfig,
    seconds: float | None,
    heard: Callable[[TagsRead, Sequence[TagDetail]], None],
    scanned: Callable[[BarcodesRead], None],
    tick: Callable[[], None],
) -> None:
    """Connects and listens until it is cancelled, the time is over, or the reader ends it; ``tick`` now and then."""
    session = ReaderSession(name, config)

    def emit(event: ReaderEvent) -> None:
        if isinstance(event, ReaderReached):
            print(f"{name}: connected, not heard yet: {event.about}", file=sys.stderr)
        if isinstance(event, ReaderReady):
            print(f"{name}: {event.about}", file=sys.stderr)
        details = event.details if isinstance(event, Reads) else ()
        for given in session.inputs(event, now_us()):
            if isinstance(given, TagsRead):
                heard(given, details)
            elif isinstance(given, BarcodesRead):
                scanned(given)
            elif isinstance(given, DeviceNotice):
                print(given.text, file=sys.stderr)

    async def ticking() -> None:
        while True:
            await asyncio.sleep(REFRESH_S / 2)
            tick()

    ticks = asyncio.create_task(ticking())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await session.reader().run(emit)
    finally:
        ticks.cancel()
        await asyncio.gather(ticks, return_exceptions=True)


def _listen(
    arguments: argparse.Namespace,
    reader: str,
    heard: Callable[[TagsRead, Sequence[TagDetail]], None],
    tick: Callable[[], None],
) -> None:
    name, config = _chosen(reader, arguments.config)

    def scanned(given: BarcodesRead) -> None:
        if getattr(arguments, "json", False):
            at = iso(given.at_us, 3)
            print(json.dumps({"at": at, "reader": name, "codes": given.codes}), flush=True)
        else:
            print(f"{name}: {', '.join(given.codes) or 'no barcode was found'}", flush=True)

    try:
        asyncio.run(_hear(name, config, arguments.seconds, heard, scanned, tick))
    except ReaderError as error:
        raise OSError(str(error)) from None


# ---- watch -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Seen:
    first_us: int
    last_us: int
    rssi_dbm: float
    best_dbm: float
    reads: int = 0
    antennas: set[int] = field(default_factory=set)
    detail: TagDetail | None = None


class ReadTable:
    """What was read so far, by tag; rates are those of the newest two seconds."""

    def __init__(self) -> None:
        self._tags: dict[str, _Seen] = {}
        self._times: deque[tuple[int, int]] = deque()

    def take(self, reads: Sequence[TagRead], at_us: int, details: Sequence[TagDetail] = ()) -> None:
        """Reads of one report that came at ``at_us``. ``details``: one for each, or empty."""
        self._times.append((at_us, len(reads)))
        for read, detail in zip_longest(reads, details):
            seen = self._tags.get(read.epc)
            if seen is None:
                seen = self._tags[read.epc] = _Seen(at_us, at_us, read.rssi_dbm, read.rssi_dbm)
            seen.last_us, seen.rssi_dbm = at_us, read.rssi_dbm
            seen.best_dbm = max(seen.best_dbm, read.rssi_dbm)
            seen.reads += read.seen
            seen.antennas.add(read.antenna)
            seen.detail = detail or seen.detail

    def reads_s(self, now_us: int) -> float:
        """Reads a second."""
        while self._times and self._times[0][0] <= now_us - RATE_US:
            self._times.popleft()
        return sum(count for _, count in self._times) * 1e6 / RATE_US

    def described(self, name: str, now_us: int) -> dict[str, object]:
        """As one JSON object, the tag read last first."""
        return {
            "at": iso(now_us, 3),
            "reader": name,
            "reads_s": round(self.reads_s(now_us), 1),
            "tags": [
                {
                    "epc": epc,
                    "identity": identity_of_hex(epc),
                    "antennas": sorted(seen.antennas),
                    "rssi_dbm": seen.rssi_dbm,
                    "best_dbm": seen.best_dbm,
                    "reads": seen.reads,
                    "age_ms": (now_us - seen.last_us) // 1000,
                    **(seen.detail._asdict() if seen.detail is not None else {}),
                }
                for epc, seen in sorted(self._tags.items(), key=lambda one: (-one[1].last_us, one[0]))
            ],
        }

    def told(self, name: str, now_us: int) -> list[str]:
        """As lines for people."""
        newest = sorted(self._tags.items(), key=lambda one: (-one[1].last_us, one[0]))
        lines = [
            f"{name}: {len(newest)} tags, {self.reads_s(now_us):.0f} reads/s",
            f"{'reads':>7}  {'dBm':>6}  {'best':>6}  {'ago':>7}  {'antennas':10}  tag",
        ]
        for epc, seen in newest[:SHOWN]:
            antennas = ",".join(map(str, sorted(seen.antennas)))
            ago = f"{(now_us - seen.last_us) / 1e6:.1f} s"
            what = identity_of_hex(epc) or f"{epc} ({classify(epc)})"
            tid = f"  TID {seen.detail.tid}" if seen.detail is not None and seen.detail.tid else ""
            lines.append(
                f"{seen.reads:>7}  {seen.rssi_dbm:>6.1f}  {seen.best_dbm:>6.1f}  {ago:>7}  {antennas:10}  {what}{tid}"
            )
        if len(newest) > SHOWN:
            lines.append(f"and {len(newest) - SHOWN} more")
        return lines


def _watch(arguments: argparse.Namespace) -> int:
    table = ReadTable()
    due_us = 0

    def show() -> None:
        nonlocal due_us
        at_us = now_us()
        if at_us < due_us:
            return
        due_us = at_us + int(REFRESH_S * 1e6)
        if arguments.json:
            print(json.dumps(table.described(arguments.reader, at_us), ensure_ascii=False), flush=True)
        else:
            clear = "\x1b[H\x1b[J" if sys.stdout.isatty() else ""
            print(clear + "\n".join([*table.told(arguments.reader, at_us), ""]), flush=True)

    _listen(arguments, arguments.reader, lambda given, details: table.take(given.reads, now_us(), details), show)
    due_us = 0
    show()
    return 0


# ---- tagging stations ------------------------------------------------------------------------------------------------


def _memory(arguments: argparse.Namespace) -> int:
    if not 0 <= arguments.user <= 255:
        raise OSError(f"--user {arguments.user}: allowed: 0..255 words")
    _check_alone(arguments)
    name, config = _chosen(arguments.reader, arguments.config)
    epc = _octets(arguments.epc)
    try:
        found = asyncio.run(read_memories(name, config, arguments.user, epc, arguments.seconds))
    except ReaderError as error:
        raise OSError(str(error)) from None
    for one in found:
        print(json.dumps({"identity": identity_of_hex(one.epc), **asdict(one)}))
    print(f"{len(found)} tag(s)", file=sys.stderr)
    return int(not found or any(one.trouble for one in found))


def _write(arguments: argparse.Namespace) -> int:
    _check_alone(arguments)
    name, config = _chosen(arguments.reader, arguments.config)
    new, epc = _octets(arguments.new), _octets(arguments.epc)
    passwords = Passwords(password_of(arguments.password), password_of(arguments.new_password))
    if arguments.lock and passwords == Passwords():
        raise OSError("--lock: a tag without access password lets everybody in: give --password or --new-password")
    try:
        done = asyncio.run(write_tag(name, config, new, epc, passwords, arguments.lock, arguments.seconds))
    except ReaderError as error:
        raise OSError(str(error)) from None
    if isinstance(done, list):
        there = f"{len(done)} tags are there ({', '.join(done[:4])}): give --epc" if done else "no tag is there"
        print(f"{name}: {there}", file=sys.stderr)
        return 1
    print(json.dumps({"epc": done.epc, "new": new, "identity": identity_of_hex(new), "trouble": done.trouble}))
    return int(bool(done.trouble))


def _octets(text: str) -> str:
    """EPC memory, whole words; empty for empty. Raises ``OSError``."""
    if not text:
        return ""
    if text.startswith("urn:"):
        try:
            return encode(parse_tag_uri(text))
        except EpcError as error:
            raise OSError(str(error)) from None
    epc = plain_hex(text)
    if epc is None or len(epc) % 4 or len(epc) > 124:
        raise OSError(f"{text!r}: give an EPC as 4 to 124 hexadecimal digits, whole words of 4, or as urn:epc:tag:...")
    return epc


# ---- report ----------------------------------------------------------------------------------------------------------


def _report(arguments: argparse.Namespace) -> int:
    spec, antennas = load_reports(arguments.spec)
    cycles = EventCycles(spec)
    if arguments.reads is not None:
        last_us = 0
        for _, read in read_reads(arguments.reads):
            last_us = read.at_us
            if not antennas or read.antenna in antennas:
                _say(cycles.read(read.epc, read.at_us))
            else:
                _say(cycles.pass_time(read.at_us))
        _say(cycles.end(last_us))
        return 0

    _check_alone(arguments)

    def heard(given: TagsRead, _: Sequence[TagDetail]) -> None:
        for read in given.reads:
            if not antennas or read.antenna in antennas:
                _say(cycles.read(read.epc, now_us()))

    try:
        _listen(arguments, arguments.reader, heard, lambda: _say(cycles.pass_time(now_us())))
    finally:
        _say(cycles.end(now_us()))
    return 0


def _say(reports: Sequence[CycleReport]) -> None:
    for one in reports:
        told = {
            "report": one.name,
            "tags": one.tags,
            "cycle": one.cycle,
            "start_us": one.start_us,
            "end_us": one.end_us,
            "ended": "stable" if one.stable else "time",
            "groups": [{"group": group.name, "count": len(group.epcs), "epcs": group.epcs} for group in one.groups],
        }
        print(json.dumps(told), flush=True)
