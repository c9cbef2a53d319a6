"""Ports for servers that a test starts by number, where no outgoing connection is put by the kernel meanwhile.

Public names: free_port, on_free_ports.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import cycle, islice
from pathlib import Path

from edge.config.lines import LineConfig

FIRST, LAST, BLOCK = 10_000, 14_999, 250
"""Below the range for outgoing connections, 32768 to 60999 in Linux, and where no demo and no example has any."""


@cache
def _own() -> Iterator[int]:
    """Ports that are this process's alone, round and round, by one beside them, which it holds until it ends."""
    for first in range(FIRST, LAST, BLOCK):
        with suppress(OSError):
            socket.create_server(("127.0.0.1", first)).detach()
            numbers = range(first + 1, first + BLOCK)
            at = os.getpid() % len(numbers)
            return cycle([*numbers[at:], *numbers[:at]])
    raise OSError(f"every {BLOCK}th port from {FIRST} to {LAST} is taken")


def free_port() -> int:
    """A port of this machine that nobody has, and that this process gives to nobody else for a long time."""
    for port in islice(_own(), BLOCK):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError(f"none of {BLOCK} ports is free")


def on_free_ports(config: LineConfig, folder: Path, poll_ms: int = 20) -> LineConfig:
    """The configuration with ports of its own and a slower poll, which virtual time pays for in real time."""
    plcs = {name: plc.model_copy(update={"port": free_port(), "poll_ms": poll_ms}) for name, plc in config.plc.items()}
    readers = {name: reader.model_copy(update={"port": free_port()}) for name, reader in config.reader.items()}
    return config.model_copy(update={"plc": plcs, "reader": readers, "journal": folder / "journal.sqlite"})
