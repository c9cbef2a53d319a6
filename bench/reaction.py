"""Reaction INDUCTED -> ROUTE handled against a PLC on libmodbus: our hosts beside a bare loop, in one run.

Public names: Round, Host, HOSTS, measure, bare_loop, mailbox_host, controller, publishing, main.

The PLC process lets parcels pass a portal and inducts them at random times. It measures by its own monotonic clock,
from the scan that shows INDUCTED in UP to the scan that has handled its ROUTE. Rounds of the hosts alternate, so that
all meet the same load of the machine. The bare loop is the least that can do the job: a blocking socket that reads the
same block every 5 ms and writes the same block back, with no error handled, nothing decided and nothing kept.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import shutil
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeAlias

import uvloop

from bench._controller import DWELL_US, LEAD_US, TOKEN, Controller
from plc.host_signals import Handled
from plc.mailbox import Host as MailboxHost
from plc.modbus import ModbusLink
from plc.wires import Tcp
from plc.words import CommandRecord, EventRecord, EventType, Opcode

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from influx_peer import Answer, V2Door  # noqa: E402  it lives beside the tests
from libmodbus_peer import LibmodbusPlc, build_libmodbus_plc  # noqa: E402  it lives beside the tests


class Round:
    """One round of one host: it calls ``begin`` as soon as it commands, and routes until ``done``."""

    def __init__(self, plc: LibmodbusPlc, parcels: int, every_us: int) -> None:
        self.plc = plc
        self.reactions_us: list[int] = []
        self._parcels = parcels
        self._every_us = every_us
        self._reader: threading.Thread | None = None
        self._finished = threading.Event()
        self.done: Callable[[], bool] = self._finished.is_set

    def begin(self, entered: Callable[[int], None] = lambda _: None) -> None:
        """The parcels come from now on; ``entered`` gets the track of each that enters the portal."""
        self.plc.bench(self._parcels, self._every_us, LEAD_US, DWELL_US)

        def collect() -> None:
            self.reactions_us = [sample for sample in self.plc.bench_result_us(entered) if sample >= 0]
            self._finished.set()

        self._reader = threading.Thread(target=collect, daemon=True)
        self._reader.start()

    def wait(self) -> None:
        self._finished.wait()


Host: TypeAlias = Callable[[LibmodbusPlc, int], AbstractContextManager[Callable[[Round], None]]]
"""Prepares itself for a PLC with so many parcels in all, and then routes every parcel of each round."""

POLL_S = 0.005
LIMIT_MS = 2.0


@contextmanager
def bare_loop(plc: LibmodbusPlc, _: int) -> Iterator[Callable[[Round], None]]:
    """The yardstick: one blocking socket, two requests, nothing else."""
    yield _bare_round


def _bare_round(turn: Round) -> None:
    wire = socket.create_connection(("127.0.0.1", turn.plc.port))
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(pdu: bytes, length: int) -> bytes:
        wire.sendall(struct.pack(">HHHB", 1, 0, len(pdu) + 1, 1) + pdu)
        reply = b""
        while len(reply) < length:
            reply += wire.recv(length - len(reply))
        return reply

    read, up = struct.pack(">BHH", 3, 0, 104), struct.Struct(">9x104H")
    down = [0x4C57, 2, *[0] * 72]
    words = up.unpack(ask(read, up.size))
    down[3], down[4], down[5] = words[14] + 1, words[21], words[15]
    turn.begin()
    due = time.monotonic()
    while not turn.done():
        words = up.unpack(ask(read, up.size))
        while down[4] != words[18]:
            down[4] = (down[4] + 1) & 0xFFFF
            record = words[22 + down[4] % 8 * 10 :]
            if record[1] == 1:
                down[5] = (down[5] + 1) & 0xFFFF
                at = 10 + down[5] % 8 * 8
                down[at : at + 8] = (down[5], 1, record[2], record[3], 3, words[4] + 1, 0, down[5])
        down[2], down[6] = (down[2] + 1) & 0xFFFF, down[4]
        ask(struct.pack(">BHHB74H", 16, 200, 74, 148, *down), 12)
        due = max(due + POLL_S, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
    wire.close()


@contextmanager
def mailbox_host(plc: LibmodbusPlc, _: int) -> Iterator[Callable[[Round], None]]:
    """Our half of the mailbox alone: it and its link on uvloop, with a decision that only looks at the track id."""
    yield lambda turn: uvloop.run(_mailbox_round(turn))


async def _mailbox_round(turn: Round) -> None:
    loop = asyncio.get_running_loop()
    link = ModbusLink("bench", Tcp("127.0.0.1", turn.plc.port), timeout_ms=2_000)
    host = MailboxHost()
    await link.connect()
    signals = host.connect(await link.read_up(), await link.read_down(), time.monotonic_ns() // 1000)
    turn.begin()
    due = loop.time()
    while not turn.done():
        for signal in signals:
            match signal:
                case EventRecord() as event:
                    if event.type is EventType.INDUCTED:
                        expiry_ms = host.plc_ms + 60_000 & 0xFFFF_FFFF
                        host.command(CommandRecord(Opcode.ROUTE, event.track_id, 3, expiry_ms))
                    host.event_stored(event.seq)
                case Handled(sent):
                    host.command_stored(sent.seq)
                case _:
                    pass
        words, _ = host.down(time.monotonic_ns() // 1000)
        if words is not None:
            await link.write_down(words)
        due = max(due + POLL_S, loop.time())
        await asyncio.sleep(due - loop.time())
        signals = host.on_up(await link.read_up(), time.monotonic_ns() // 1000)
    await link.close()


@contextmanager
def controller(plc: LibmodbusPlc, parcels: int, publish_to: str = "") -> Iterator[Callable[[Round], None]]:
    """The whole controller: reads, orders, decisions and journal, as `lanewise run` in a process of its own."""
    with Controller([plc.port], parcels, publish_to=publish_to) as ours:

        def route(turn: Round) -> None:
            before = plc.status()["epoch"]
            ours.start(lambda: plc.status()["epoch"] != before)
            turn.begin(ours.entered)
            turn.wait()
            ours.stop()

        yield route


@contextmanager
def publishing(plc: LibmodbusPlc, parcels: int) -> Iterator[Callable[[Round], None]]:
    """The same with `lanewise publish` beside it, shipping into an InfluxDB stand-in, and both asked for /metrics."""
    door = V2Door(lambda lines: Answer(204), TOKEN)
    try:
        with controller(plc, parcels, door.url) as route:
            yield route
        if not any(line.startswith(b"reaction,") for line in door.taken):
            raise RuntimeError("nothing was published meanwhile")
    finally:
        door.close()


HOSTS: dict[str, Host] = {
    "bare loop": bare_loop,
    "mailbox host": mailbox_host,
    "lanewise run": controller,
    "and publish": publishing,
}


def measure(hosts: Mapping[str, Host], samples: int, every_us: int, rounds: int, build: Path) -> dict[str, list[int]]:
    """Reactions in microseconds by host, ``samples`` each, in alternating rounds of one PLC process per host."""
    cc, pkg_config = (shutil.which(tool) for tool in ("cc", "pkg-config"))
    if cc is None or pkg_config is None:
        raise FileNotFoundError("cc and pkg-config build the PLC: `make peers` installs them")
    program = build_libmodbus_plc(build, cc, pkg_config)
    reactions: dict[str, list[int]] = {name: [] for name in hosts}
    with ExitStack() as opened:
        plcs = {name: opened.enter_context(LibmodbusPlc(program)) for name in hosts}
        routes = {name: opened.enter_context(host(plcs[name], samples)) for name, host in hosts.items()}
        for _ in range(rounds):
            for name, route in routes.items():
                turn = Round(plcs[name], samples // rounds, every_us)
                route(turn)
                turn.wait()
                reactions[name] += turn.reactions_us
    return reactions


def quantile_ms(samples: list[int], share: float) -> float:
    """The smallest sample that at least ``share`` of all do not exceed, in milliseconds."""
    ordered = sorted(samples)
    return ordered[math.ceil(share * len(ordered)) - 1] / 1000


def main(arguments: list[str] | None = None) -> int:
    """Prints the table; 1 where a host's median is more than LIMIT_MS above the bare loop's."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=500, help="reactions of each host (default 500)")
    parser.add_argument(
        "--every-ms", type=float, default=60.0, help="mean time between parcels, 30 or more (default 60)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (default 5)")
    given = parser.parse_args(arguments)
    if given.samples < given.rounds or given.rounds < 1:
        parser.error(f"--samples {given.samples} must be at least --rounds {given.rounds}, which is at least 1")
    if given.every_ms < 30:
        parser.error(f"--every-ms {given.every_ms}: below 30 parcels overlap in the portal")
    reactions = measure(HOSTS, given.samples, round(given.every_ms * 1000), given.rounds, ROOT / ".bench")
    shares = {"p50": 0.50, "p99": 0.99, "p99.9": 0.999}
    per_hour = round(3_600_000 / given.every_ms)
    print(f"reaction INDUCTED -> ROUTE handled, ms, {POLL_S * 1000:.0f} ms poll, PLC scan 1 ms, {per_hour} parcels/h")
    print(f"{'':14}{'samples':>8}" + "".join(f"{share:>9}" for share in shares) + f"{'p50 - bare':>12}")
    bare = quantile_ms(reactions["bare loop"], 0.50)
    above = {name: quantile_ms(samples, 0.50) - bare for name, samples in reactions.items()}
    for name, samples in reactions.items():
        row = "".join(f"{quantile_ms(samples, share):9.3f}" for share in shares.values())
        print(f"{name:14}{len(samples):8}{row}{above[name]:+12.3f}")
    beside = above["and publish"] - above["lanewise run"]
    print(f"publishing beside the controller: median {beside:+.3f} ms")
    worst = max(above.values())
    met = worst <= LIMIT_MS
    print(f"goal: median at most {LIMIT_MS} ms above the bare loop's: {'met' if met else 'NOT MET'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
