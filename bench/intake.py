"""What an operator's request waits while many orders come in: at the api of this tree, and of an older one.

Public names: main.

Each tree runs its own `lanewise api` over its own example; `--against` names the other. Lanes are asked for one after
the other, first alone and then beside a POST of all orders in one body. Printed are the median and the longest wait of
either, their ratio, and how long the orders took.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
READY_S = 60.0
ANSWERED_S = 120.0
QUIET = 100
"""Requests alone."""


class Turn(NamedTuple):
    """Waits in ms; ``orders_s``: until the orders were answered, with that ``status``."""

    quiet_ms: list[float]
    beside_ms: list[float]
    refused: int
    orders_s: float
    status: int
    octets: int


def orders_of(count: int) -> bytes:
    """As shops send them, a line each, with a carrier that the example has."""
    lines = [{"gtin": "4006381333931", "quantity": 2, "sku": "SKU-1", "name": "a thing as shops name it"}]
    return json.dumps(
        [
            {"id": f"B-{number}", "carrier": "DHL", "codes": [f"1Z{number:016}"], "channel": "shop", "lines": lines}
            | {"external": f"{number}"}
            for number in range(count)
        ]
    ).encode()


def measure(tree: Path, count: int) -> Turn:
    """One life of an api of a tree."""
    body = orders_of(count)
    with tempfile.TemporaryDirectory(prefix="bench-intake-") as name, _api(tree, Path(name)) as port:
        quiet_ms, _ = _asked(port, lambda done: done >= QUIET)
        told: list[tuple[float, int]] = []

        def post() -> None:
            begun_s = time.monotonic()
            status = _posted(port, "/api/orders", body)
            told.append((time.monotonic() - begun_s, status))

        thread = threading.Thread(target=post)
        thread.start()
        beside_ms, refused = _asked(port, lambda _: bool(told))
        thread.join()
        ((orders_s, status),) = told
        return Turn(quiet_ms, beside_ms, refused, orders_s, status, len(body))


def _asked(port: int, ends: Callable[[int], bool]) -> tuple[list[float], int]:
    waits_ms: list[float] = []
    refused = 0
    while not ends(len(waits_ms)):
        begun_s = time.monotonic()
        status = _posted(port, "/api/lines/sorter/lanes/3", b'{"enabled": true, "by": "bench"}')
        waits_ms.append((time.monotonic() - begun_s) * 1e3)
        refused += status != 202
        time.sleep(0.02)
    return waits_ms, refused


def _posted(port: int, path: str, body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWERED_S)
    try:
        connection.request("POST", path, body, {"content-type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@contextmanager
def _api(tree: Path, folder: Path) -> Iterator[int]:
    """The port of a running api with the code of a tree."""
    for file in (tree / "examples" / "warehouse").glob("*.toml"):
        shutil.copy(file, folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    site = folder / "SITE.toml"
    site.write_text(
        re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", site.read_text(encoding="utf-8")), encoding="utf-8"
    )
    command = [sys.executable, "-P", "-m", "edge.cli", "api", "SITE.toml"]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": str(tree)}, stdout=log, stderr=log
        )
    try:
        _ready(port)
        yield port
    finally:
        process.terminate()
        process.wait(READY_S)


def _ready(port: int) -> None:
    end_s = time.monotonic() + READY_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), READY_S).close()
        except OSError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.05)
        else:
            return


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=40_000)
    parser.add_argument("--against", type=Path, metavar="TREE", help="another tree of this project, measured as well")
    arguments = parser.parse_args()
    for tree in filter(None, (ROOT, arguments.against)):
        turn = measure(tree.resolve(), arguments.orders)
        quiet, beside = median(turn.quiet_ms), median(turn.beside_ms)
        print(
            f"{tree}: {arguments.orders:,} orders, {turn.octets / 1e6:.1f} MB: {turn.status} in {turn.orders_s:.1f} s"
        )
        print(f"  a lane request alone:   median {quiet:7.1f} ms, longest {max(turn.quiet_ms):7.1f} ms")
        print(f"  beside the orders:      median {beside:7.1f} ms, longest {max(turn.beside_ms):7.1f} ms")
        print(f"  {len(turn.beside_ms)} were asked, {turn.refused} refused; ratio of the medians {beside / quiet:.1f}")


if __name__ == "__main__":
    main()
