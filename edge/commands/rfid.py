"""`lanewise rfid ...`: readers found, watched and reported on.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from ipaddress import ip_network
from itertools import islice
from pathlib import Path

from edge.commands.command_line import add_beside, add_command
from edge.commands.live_reader import REFRESH_S, check_reader_alone, chosen_reader, listen
from edge.commands.portal_replay import read_reads
from edge.commands.read_table import ReadTable
from edge.commands.reports_config import load_reports
from edge.commands.tagging import Passwords, password_of, read_memories, write_tag
from edge.core.events import TagsRead
from edge.journal.host_time import now_us
from rfid.driver import ReaderError, TagDetail
from rfid.epc.hexadecimal import plain_hex
from rfid.epc.identity import EpcError, encode, identity_of_hex, parse_tag_uri
from rfid.event_cycles import CycleReport, EventCycles
from rfid.llrp.client import LLRP_PORT
from rfid.llrp.probe import Availability, FoundDevice, probe

MOST_HOSTS = 4_096


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


# ---- watch -----------------------------------------------------------------------------------------------------------


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

    listen(arguments, arguments.reader, lambda given, details: table.take(given.reads, now_us(), details), show)
    due_us = 0
    show()
    return 0


# ---- tagging stations ------------------------------------------------------------------------------------------------


def _memory(arguments: argparse.Namespace) -> int:
    if not 0 <= arguments.user <= 255:
        raise OSError(f"--user {arguments.user}: allowed: 0..255 words")
    check_reader_alone(arguments)
    name, config = chosen_reader(arguments.reader, arguments.config)
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
    check_reader_alone(arguments)
    name, config = chosen_reader(arguments.reader, arguments.config)
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

    check_reader_alone(arguments)

    def heard(given: TagsRead, _: Sequence[TagDetail]) -> None:
        for read in given.reads:
            if not antennas or read.antenna in antennas:
                _say(cycles.read(read.epc, now_us()))

    try:
        listen(arguments, arguments.reader, heard, lambda: _say(cycles.pass_time(now_us())))
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
