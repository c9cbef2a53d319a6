"""A device that floods with nonsense: how long a turn of the loop takes that the other lines wait for.

Public names: main. Run: ``python -m bench.nonsense [--each] [--against REV]``.

One device of the example line floods ``Controller`` as fast as TCP takes it, with what is no message of its protocol,
with messages of it that mean nothing, or with one message as large as it may be; its peer is a process of its own, and
so is each row. Between the turns of the loop a callback looks at the clocks. ``turn``: the longest turn in ms of
processor time of the loop's own thread, which no load of the machine can falsify; every 100th turn comes 20 ms late, so
that what the kernel holds is there at once. ``gap``: the longest from one turn to the next by the clock on the wall,
and ``idle`` the same of a process that does nothing but turn, at the same time: what the machine adds. ``MB/s`` came;
``memory`` is what the process has more of at its end, in MB. ``--each`` prints every flood and not only the worst of
each device; ``--against`` also runs another version.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, sleep, thread_time
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PIECE = 1 << 18
LARGE = 4_000_000
LATE_EVERY, LATE_S = 100, 0.02
WARM_S = 0.5
Keys = dict[str, Any]
Talk = Callable[[socket.socket], None]


@dataclass(frozen=True, slots=True)
class Case:
    """``keys``: of the device's table, by the port. ``talk``: what goes before the flood; ``calls``: it calls us."""

    keys: Callable[[int], Keys]
    floods: dict[str, bytes]
    of: str = "reader"
    talk: Talk = lambda _: None
    calls: bool = False


# ---- what comes ------------------------------------------------------------------------------------------------------


def repeated(octets: bytes, size: int = PIECE) -> bytes:
    return octets * max(1, size // len(octets))


RAW = {
    "0xFF": repeated(b"\xff"),
    "0x02": repeated(b"\x02"),
    "zeros": repeated(b"\0"),
    "all octets": repeated(bytes(range(256))),
    "random": random.Random(1).randbytes(PIECE),
}
ONES = b"[" + b"1," * (LARGE // 2 - 10) + b"1]"
TAG = (
    b'{"type":"SIMPLE","timestamp":"2026-02-01T00:00:00.000Z","data":{"format":"epc","idHex":"%024X","antenna":1,'
    b'"peakRssi":-50}}'
)
TAGS = b"[" + b",".join(TAG % number for number in range(LARGE // (len(TAG) + 24))) + b"]"
DEEP = b"[" * 500_000
JSONS = {"small objects": b"{}", "a list of ones": ONES, "a list of tags": TAGS, "nothing but brackets": DEEP}


def mqtt_packet(kind: int, body: bytes) -> bytes:
    """Source: MQTT Version 5.0, 2.1."""
    size, left = b"", len(body)
    while True:
        left, digit = left >> 7, left & 0x7F
        size += bytes((digit | (0x80 if left else 0),))
        if not left:
            return bytes((kind,)) + size + body


def mqtt_talk(line: socket.socket) -> None:
    """A broker that takes everybody in, and any topic."""
    line.recv(65_536)
    line.sendall(b"\x20\x03\x00\x00\x00")
    asked = line.recv(65_536)
    line.sendall(b"\x90\x04" + asked[2:4] + b"\x00\x00")


def http_talk(line: socket.socket) -> None:
    line.recv(65_536)
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n")


def websocket_talk(line: socket.socket) -> None:
    line.sendall(
        b"GET /r HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    line.recv(65_536)


def frame(payload: bytes, kind: int = 0x81) -> bytes:
    """Source: RFC 6455, 5.2; masked by zeros."""
    size = len(payload)
    form = ">B" if size < 126 else ">BH" if size < 65_536 else ">BQ"
    head = (0x80 | size,) if size < 126 else (0xFE, size) if size < 65_536 else (0xFF, size)
    return bytes((kind,)) + struct.pack(form, *head) + bytes(4) + payload


def post(body: bytes) -> bytes:
    return b"POST /r HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def opcua_talk(line: socket.socket) -> None:
    """A server that acknowledges. Source: OPC 10000-6 1.05, 7.1.2."""
    line.recv(65_536)
    line.sendall(b"ACKF" + struct.pack("<6I", 28, 0, 65_536, 65_536, 0, 0))


def llrp_message(kind: int, body: bytes) -> bytes:
    """Source: LLRP 1.0.1, 16.1."""
    return struct.pack(">HII", 1 << 10 | kind, 10 + len(body), 7) + body


def card() -> bytes:
    """Source: the data sheets in rfid/serial_frames.py."""
    return b"\x020A00345F1C7D\r\n\x03"


CHANCE = random.Random(2)
CHUNKS = b"".join(b"MSGF" + struct.pack("<I", 1_000) + CHANCE.randbytes(992) for _ in range(200))
ANSWERS = b"".join(struct.pack(">HHH", number % 65_536, 0, 5) + b"\x01\x03\x02\0\0" for number in range(20_000))
RTU = repeated(b"\x01\x03\xfa")
OPCUA = {f"{name}, acknowledged": octets for name, octets in RAW.items()} | {"chunks": CHUNKS}
NOTES = b"\x01\x06\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00"
EPC_REPORT = b"".join(
    struct.pack(">HHB12sBHBbBQ", 240, 31, 0x8D, CHANCE.randbytes(12), 0x81, 1, 0x86, -50, 0x82, 1_700_000_000_000_000)
    for _ in range(LARGE // 31)
)
"""Tags with antenna, power and time. Source: LLRP 1.0.1, 16.2.7.3."""


def opcua_keys(port: int) -> Keys:
    return {"url": f"opc.tcp://127.0.0.1:{port}", "policy": "None"}


CASES: dict[str, Case] = {
    "scanner": Case(
        lambda port: {"driver": "barcode", "host": "127.0.0.1", "port": port},
        RAW
        | {
            "short frames": repeated(b"0\r\n"),
            "long frames": repeated(b"0" * 4_000 + b"\r\n"),
            "blank frames": repeated(b"\r\n"),
            "many symbols": repeated(b"]C1\t" * 900 + b"\r\n"),
        },
    ),
    "card server": Case(
        lambda port: {"driver": "serial", "device": f"socket://127.0.0.1:{port}"},
        RAW | {"frames": repeated(card()), "short frames": repeated(b"\x02\x03")},
    ),
    "LLRP": Case(
        lambda port: {"driver": "llrp", "host": "127.0.0.1", "port": port, "antennas": (1, 2)},
        RAW
        | {
            "keepalives": repeated(llrp_message(62, b"")),
            "reports of nothing": repeated(llrp_message(61, b"")),
            "reports of nonsense": repeated(llrp_message(61, CHANCE.randbytes(100))),
            "a large report of nonsense": llrp_message(61, CHANCE.randbytes(LARGE)),
            "a large report of tags": llrp_message(61, EPC_REPORT),
            "answers": repeated(llrp_message(30, b"\x01\x1f\x00\x08\x00\x00\x00\x00")),
            "notifications": repeated(llrp_message(63, b"\x00\xf6\x00\x10\x00\x80" + NOTES[2:12])),
        },
    ),
    "MQTT": Case(
        lambda port: {"driver": "mqtt-json", "vendor": "zebra", "host": "127.0.0.1", "port": port, "topics": ("t",)},
        RAW
        | {name: repeated(mqtt_packet(0x30, b"\0\x01t\0" + text)) for name, text in JSONS.items()}
        | {"pings": repeated(b"\xd0\0"), "empty messages": repeated(mqtt_packet(0x32, b"\0\x01t\0\x01\0"))},
        talk=mqtt_talk,
    ),
    "JSON by HTTP": Case(
        lambda port: {"driver": "http-json", "vendor": "zebra", "url": f"http://127.0.0.1:{port}/s"},
        RAW | {name: repeated(text + b"\n") for name, text in JSONS.items()} | {"blank lines": repeated(b"\n")},
        talk=http_talk,
    ),
    "push by TCP": Case(
        lambda port: {"driver": "push-json", "vendor": "zebra", "way": "tcp", "listen": f"127.0.0.1:{port}"},
        RAW | {name: repeated(text + b"\n") for name, text in JSONS.items()} | {"blank lines": repeated(b"\n")},
        calls=True,
    ),
    "push by WebSocket": Case(
        lambda port: {"driver": "push-json", "vendor": "zebra", "way": "websocket", "listen": f"127.0.0.1:{port}"},
        RAW
        | {name: repeated(frame(text)) for name, text in JSONS.items()}
        | {"pings": repeated(frame(b"", 0x89)), "fragments": repeated(frame(b"0", 0x01) + frame(b"1", 0x80))},
        talk=websocket_talk,
        calls=True,
    ),
    "push by POST": Case(
        lambda port: {"driver": "push-json", "vendor": "zebra", "way": "http", "listen": f"127.0.0.1:{port}"},
        RAW
        | {name: repeated(post(text)) for name, text in JSONS.items()}
        | {
            "lines": repeated(post(b"{}\n" * 1_000_000)),
            "many headers": repeated(b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 2_000),
            "chunks": repeated(
                b"POST /r HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n0\r\n" * 40_000
            ),
        },
        calls=True,
    ),
    "Modbus": Case(
        lambda port: {"host": "127.0.0.1", "port": port},
        RAW | {"answers": ANSWERS},
        of="plc",
    ),
    "RTU over TCP": Case(
        lambda port: {"transport": "rtu", "device": f"socket://127.0.0.1:{port}"},
        RAW | {"beginnings": RTU},
        of="plc",
    ),
    "OPC UA": Case(
        lambda port: {"driver": "opcua", "opcua": opcua_keys(port) | {"up": "ns=1;s=Up", "down": "ns=1;s=Down"}},
        OPCUA,
        of="plc",
        talk=opcua_talk,
    ),
    "PackML": Case(
        lambda port: {"host": "127.0.0.1", "port": 1, "packml": opcua_keys(port) | {"node": "ns=1;s=m"}},
        OPCUA,
        of="plc",
        talk=opcua_talk,
    ),
}


# ---- the device ------------------------------------------------------------------------------------------------------


class Device:
    """Floods whoever connects to ``port``, or whom it connects to there, until it is ``over``. ``came``: octets."""

    def __init__(self, case: Case, octets: bytes) -> None:
        self.case, self.octets = case, octets
        self.came = 0
        self.over = threading.Event()
        self._listener = None if self.case.calls else socket.create_server(("127.0.0.1", 0))
        with self._listener.dup() if self._listener else socket.create_server(("127.0.0.1", 0)) as its:
            self.port = its.getsockname()[1]
        threading.Thread(target=self._live, daemon=True).start()

    def _live(self) -> None:
        while not self.over.is_set():
            with suppress(OSError):
                if self._listener is not None:
                    line, _ = self._listener.accept()
                else:
                    sleep(0.01)
                    line = socket.create_connection(("127.0.0.1", self.port))
                threading.Thread(target=self._flood, args=(line,), daemon=True).start()
                if self._listener is None:
                    while line.fileno() >= 0 and not self.over.is_set():
                        sleep(0.01)

    def _flood(self, line: socket.socket) -> None:
        with closing(line), suppress(OSError):
            line.settimeout(2)
            self.case.talk(line)
            view = memoryview(self.octets)
            while not self.over.is_set():
                for at in range(0, len(view), PIECE):
                    line.sendall(view[at : at + PIECE])
                    self.came += min(PIECE, len(view) - at)


# ---- the one that is flooded -----------------------------------------------------------------------------------------


class Turns:
    """Looks at the clocks in every turn of the loop; ``late``: some turns begin late."""

    def __init__(self, loop: asyncio.AbstractEventLoop, late: bool) -> None:
        self.longest_ms = self.gap_ms = 0.0
        self.count = 0
        self._loop, self._late = loop, late
        self._cpu_s, self._wall_s = thread_time(), perf_counter()
        loop.call_soon(self._look)

    def _look(self) -> None:
        self.longest_ms = max(self.longest_ms, (thread_time() - self._cpu_s) * 1000)
        self.gap_ms = max(self.gap_ms, (perf_counter() - self._wall_s) * 1000)
        self.count += 1
        if self._late and self.count % LATE_EVERY == 0:
            sleep(LATE_S)
        self._cpu_s, self._wall_s = thread_time(), perf_counter()
        self._loop.call_soon(self._look)


def flooded(case: Case, port: int, seconds: float, folder: Path) -> Iterator[tuple[str, float]]:
    """The numbers of one row."""
    import uvloop
    from pydantic import TypeAdapter

    from edge.config.load import load_line
    from edge.config.plcs import PlcConfig
    from edge.config.readers import ReaderConfig
    from edge.controller.controller import Controller

    whole = load_line(Path("examples/warehouse/LINE.toml").absolute())
    line = whole.line["tote1"]
    tables: dict[str, Any] = {
        "plc": {"tote1": whole.plc["tote1"].model_copy(update={"port": 1, "point": {}})},
        "reader": {"tote1": whole.reader["tote1"].model_copy(update={"port": 1})},
    }
    kind: Any = ReaderConfig if case.of == "reader" else PlcConfig
    tables[case.of]["tote1"] = TypeAdapter(kind).validate_python(case.keys(port))
    config = whole.model_copy(
        update={**tables, "line": {"tote1": line}, "dock": (), "journal": folder / "journal.sqlite"}
    )
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 2, 5_000)  # as `lanewise run` does
    sys.setswitchinterval(0.0005)

    async def main() -> Turns:
        controller = asyncio.create_task(Controller(config).run())
        await asyncio.sleep(WARM_S)
        print("begins", flush=True)
        turns = Turns(asyncio.get_running_loop(), late=True)
        await asyncio.sleep(seconds)
        assert not controller.done(), controller
        told = turns.longest_ms, turns.gap_ms
        controller.cancel()
        with suppress(asyncio.CancelledError):
            await controller
        turns.longest_ms, turns.gap_ms = told
        return turns

    turns = uvloop.run(main())
    yield "turn", turns.longest_ms
    yield "gap", turns.gap_ms
    yield (
        "memory",
        int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20,
    )


def idle() -> None:
    """Prints for each line of its input the longest gap in ms since the one before, of a loop that does nothing."""
    import uvloop

    async def main() -> None:
        loop = asyncio.get_running_loop()
        turns, over = Turns(loop, late=False), loop.create_future()

        def asked() -> None:
            if not sys.stdin.readline():
                loop.remove_reader(0)
                over.set_result(None)
                return
            print(turns.gap_ms, flush=True)
            turns.gap_ms = 0.0

        loop.add_reader(0, asked)
        await over

    uvloop.run(main())


# ---- the table -------------------------------------------------------------------------------------------------------


def row(tree: Path, name: str, flood: str, seconds: float, idle: Callable[[str], float]) -> dict[str, float] | None:
    """One flood of one device, with the ``tree``'s controller; None where it has no such driver."""
    device = Device(CASES[name], CASES[name].floods[flood])
    words = [sys.executable, __file__, "--seconds", str(seconds)]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    try:
        with subprocess.Popen(
            [*words, "--row", name, "--port", str(device.port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tree,
            env=environment,
        ) as its:
            assert its.stdout is not None
            if its.stdout.readline():
                idle("begin")
                came = device.came
            out, said = its.communicate()
            gap_ms = idle("end")
    finally:
        device.over.set()
    if its.returncode:
        if "ValidationError" in said:
            return None
        raise RuntimeError(said[-2_000:])
    numbers: dict[str, float] = json.loads(out)
    return numbers | {"idle": gap_ms, "came": (device.came - came) / 1e6 / seconds}


def main(argv: list[str] | None = None) -> int:
    """Prints a line for each device, or for each flood."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--seconds", type=float, default=2.0, help="of each flood (default 2)")
    options.add_argument("--each", action="store_true", help="every flood, and not only the worst of each device")
    options.add_argument("--only", default="", help="devices whose name holds this")
    options.add_argument("--against", metavar="REV", help="a git revision to run beside this one")
    for hidden in ("--row", "--port"):
        options.add_argument(hidden, default="", help=argparse.SUPPRESS)
    options.add_argument("--idle", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args(argv)
    if given.idle:
        idle()
        return 0
    if given.row:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(dict(flooded(CASES[given.row], int(given.port), given.seconds, Path(folder)))))
        return 0
    with tempfile.TemporaryDirectory(prefix="lanewise-bench-") as folder:
        trees = {"this": ROOT}
        if given.against:
            trees[given.against] = Path(folder) / "tree"
            _git("worktree", "add", "--detach", str(trees[given.against]), given.against)
        try:
            with _beside() as beside:
                _table(trees, given.only, given.each, given.seconds, beside)
        finally:
            if given.against:
                _git("worktree", "remove", "--force", str(trees[given.against]))
    return 0


@contextmanager
def _beside() -> Iterator[Callable[[str], float]]:
    """A process that does nothing but turn: asked, it tells its longest gap since it was asked before."""
    words = [sys.executable, __file__, "--idle"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        ask, answer = process.stdin, process.stdout

        def asked(what: str) -> float:
            ask.write(f"{what}\n")
            return float(answer.readline())

        yield asked
        ask.close()


def _table(trees: dict[str, Path], only: str, each: bool, seconds: float, beside: Callable[[str], float]) -> None:
    print(f"{'device':<18} {'version':<9} {'flood':<28} {'turn':>8} {'gap':>8} {'idle':>8} {'MB/s':>8} {'memory':>7}")
    for name, case in CASES.items():
        if only not in name:
            continue
        for version, tree in trees.items():
            rows = []
            for flood in case.floods:
                found = row(tree, name, flood, seconds, beside)
                if found is not None:
                    rows.append((found["turn"], flood, found))
            rows = rows if each else [max(rows, key=lambda one: one[0])] if rows else []
            for _, flood, told in rows:
                numbers = f"{told['turn']:>8.2f} {told['gap']:>8.1f} {told['idle']:>8.1f} {told['came']:>8.1f}"
                print(f"{name:<18} {version:<9} {flood:<28} {numbers} {told['memory']:>7.0f}", flush=True)
            if not rows:
                print(f"{name:<18} {version:<9} has no such driver", flush=True)


def _git(*words: str) -> None:
    subprocess.run(["git", "-C", str(ROOT), *words], check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main())
