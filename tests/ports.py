"""Ports for servers that a test starts by number, where no outgoing connection is put by the kernel meanwhile.

Public names: free_port, on_free_ports.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from itertools import cycle
from pathlib import Path

from edge.config_lines import LineConfig

FIRST, LAST, WORKERS = 20_000, 31_999, 8
"""Below the range for outgoing connections, which is 32768 to 60999 in Linux; each worker has numbers of its own."""

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % WORKERS
_numbers = list(range(FIRST + _worker, LAST + 1, WORKERS))
_start = os.getpid() % len(_numbers)
_next = cycle(_numbers[_start:] + _numbers[:_start])


def free_port() -> int:
    """A port of this machine that nobody has, and that this process gives to nobody else for a long time."""
    for _ in _numbers:
        port = next(_next)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError(f"no free port from {FIRST} to {LAST}")


def on_free_ports(config: LineConfig, folder: Path, poll_ms: int = 20) -> LineConfig:
    """The configuration with ports of its own and a slower poll, which virtual time pays for in real time."""
    plcs = {name: plc.model_copy(update={"port": free_port(), "poll_ms": poll_ms}) for name, plc in config.plc.items()}
    readers = {name: reader.model_copy(update={"port": free_port()}) for name, reader in config.reader.items()}
    return config.model_copy(update={"plc": plcs, "reader": readers, "journal": folder / "journal.sqlite"})
