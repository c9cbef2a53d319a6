"""Reaction INDUCTED -> ROUTE handled against a PLC on libmodbus: our host beside a bare loop, in one run.

Public names: HostPart, HOSTS, measure, bare_loop, mailbox_host, main.

The PLC process inducts parcels at random times and measures by its own monotonic clock, from the scan that shows
INDUCTED in UP to the scan that has handled its ROUTE. Rounds of the hosts alternate, so that both meet the same
load of the machine. The bare loop is the least that can do the job: a blocking socket that reads the same block
every 5 ms and writes the same block back, with no error handled and nothing kept.
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
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import uvloop

from plc.mailbox import Command, EventType, Handled, Host, Opcode, Received
from plc.modbus import ModbusLink

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from libmodbus_peer import LibmodbusPlc, build_libmodbus_plc  # noqa: E402  it lives beside the tests

HostPart: TypeAlias = Callable[[int, Callable[[], bool]], None]
"""Routes every inducted parcel of the PLC on loopback port N until the callable says that all are done."""

POLL_S = 0.005
LIMIT_MS = 2.0


def bare_loop(port: int, done: Callable[[], bool]) -> None:
    """The yardstick: one blocking socket, two requests, nothing else."""
    wire = socket.create_connection(("127.0.0.1", port))
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(pdu: bytes, length: int) -> bytes:
        wire.sendall(struct.pack(">HHHB", 1, 0, len(pdu) + 1, 1) + pdu)
        reply = b""
        while len(reply) < length:
            reply += wire.recv(length - len(reply))
        return reply

    read, up = struct.pack(">BHH", 3, 0, 102), struct.Struct(">9x102H")
    down = [0x4C57, 1, *[0] * 72]
    words = up.unpack(ask(read, up.size))
    down[3], down[4], down[5] = words[14] + 1, words[21], words[15]
    due = time.monotonic()
    while not done():
        words = up.unpack(ask(read, up.size))
        while down[4] != words[18]:
            down[4] = (down[4] + 1) & 0xFFFF
            record = words[22 + down[4] % 8 * 10 :]
            if record[1] == 1:
                down[5] = (down[5] + 1) & 0xFFFF
                at = 10 + down[5] % 8 * 8
                down[at : at + 8] = (down[5], 1, record[2], record[3], 3, words[4] + 1, 0, down[5])
        down[2] = (down[2] + 1) & 0xFFFF
        ask(struct.pack(">BHHB74H", 16, 200, 74, 148, *down), 12)
        due = max(due + POLL_S, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
    wire.close()


def mailbox_host(port: int, done: Callable[[], bool]) -> None:
    """Ours: Host over ModbusLink on uvloop, with a decision that only looks at the track id."""

    async def route() -> None:
        loop = asyncio.get_running_loop()
        link = ModbusLink("bench", "127.0.0.1", port, timeout_ms=2_000)
        host = Host()
        await link.connect()
        signals = host.connect(await link.read_up(), await link.read_down(), time.monotonic_ns() // 1000)
        due = loop.time()
        while not done():
            for signal in signals:
                match signal:
                    case Received(event):
                        if event.type is EventType.INDUCTED:
                            expiry_ms = host.plc_ms + 60_000 & 0xFFFF_FFFF
                            host.command(Command(Opcode.ROUTE, event.track_id, 3, expiry_ms))
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

    uvloop.run(route())


HOSTS: dict[str, HostPart] = {"bare loop": bare_loop, "mailbox host": mailbox_host}


def measure(
    hosts: Mapping[str, HostPart], samples: int, every_us: int, rounds: int, build: Path
) -> dict[str, list[int]]:
    """Reactions in microseconds by host, ``samples`` each, in alternating rounds of one PLC process per host."""
    tools = [shutil.which(tool) for tool in ("cc", "pkg-config")]
    if None in tools:
        raise FileNotFoundError("cc and pkg-config build the PLC: `make peers` installs them")
    program = build_libmodbus_plc(build, *map(str, tools))
    reactions: dict[str, list[int]] = {name: [] for name in hosts}
    plcs = {name: LibmodbusPlc(program) for name in hosts}
    try:
        for _ in range(rounds):
            for name, host in hosts.items():
                plc, finished = plcs[name], threading.Event()
                plc.bench(samples // rounds, every_us)

                def collect(name: str = name, plc: LibmodbusPlc = plc, finished: threading.Event = finished) -> None:
                    reactions[name] += plc.bench_result_us()
                    finished.set()

                reader = threading.Thread(target=collect, daemon=True)
                reader.start()
                host(plc.port, finished.is_set)
                reader.join()
    finally:
        for plc in plcs.values():
            plc.__exit__(None, None, None)
    return reactions


def quantile_ms(samples: list[int], share: float) -> float:
    """The smallest sample that at least ``share`` of all do not exceed, in milliseconds."""
    ordered = sorted(samples)
    return ordered[math.ceil(share * len(ordered)) - 1] / 1000


def main(arguments: list[str] | None = None) -> int:
    """Prints the table; 1 where our median is more than LIMIT_MS above the bare loop's."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--samples", type=int, default=1_000, help="reactions of each host (default 1000)")
    parser.add_argument("--every-ms", type=float, default=8.0, help="mean time between parcels (default 8)")
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (default 5)")
    given = parser.parse_args(arguments)
    if given.samples < given.rounds or given.rounds < 1:
        parser.error(f"--samples {given.samples} must be at least --rounds {given.rounds}, which is at least 1")
    reactions = measure(HOSTS, given.samples, round(given.every_ms * 1000), given.rounds, ROOT / ".bench")
    shares = {"p50": 0.50, "p99": 0.99, "p99.9": 0.999}
    print(f"reaction INDUCTED -> ROUTE handled, ms, {POLL_S * 1000:.0f} ms poll, PLC scan 1 ms")
    print(f"{'':14}{'samples':>8}" + "".join(f"{share:>9}" for share in shares))
    for name, samples in reactions.items():
        row = "".join(f"{quantile_ms(samples, share):9.3f}" for share in shares.values())
        print(f"{name:14}{len(samples):8}{row}")
    bare = reactions["bare loop"]
    worst = 0.0
    for name, samples in reactions.items():
        if samples is not bare:
            above = [quantile_ms(samples, share) - quantile_ms(bare, share) for share in shares.values()]
            worst = max(worst, above[0])
            print(f"{name} above the bare loop: " + "".join(f"{value:+9.3f}" for value in above))
    print(f"median at most {LIMIT_MS} ms above: {'yes' if worst <= LIMIT_MS else 'NO'}")
    return 0 if worst <= LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
