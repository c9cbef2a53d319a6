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

FIRST, LAST, BLOCK = 20_000, 31_999, 250
"""Below the range for outgoing connections, which is 32768 to 60999 in Linux."""


def _own_block() -> tuple[socket.socket, range]:
    """Ports that are this process's alone, by the first of them, which it holds until it ends."""
    for first in range(FIRST, LAST, BLOCK):
        with suppress(OSError):
            return socket.create_server(("127.0.0.1", first)), range(first + 1, first + BLOCK)
    raise OSError(f"every {BLOCK}th port from {FIRST} to {LAST} is taken")


_holds, _numbers = _own_block()
_start = os.getpid() % len(_numbers)
_next = cycle([*_numbers[_start:], *_numbers[:_start]])


def free_port() -> int:
    """A port of this machine that nobody has, and that this process gives to nobody else for a long time."""
    for _ in _numbers:
        port = next(_next)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError(f"no free port from {_numbers.start} to {_numbers.stop - 1}")


def on_free_ports(config: LineConfig, folder: Path, poll_ms: int = 20) -> LineConfig:
    """The configuration with ports of its own and a slower poll, which virtual time pays for in real time."""
    plcs = {name: plc.model_copy(update={"port": free_port(), "poll_ms": poll_ms}) for name, plc in config.plc.items()}
    readers = {name: reader.model_copy(update={"port": free_port()}) for name, reader in config.reader.items()}
    return config.model_copy(update={"plc": plcs, "reader": readers, "journal": folder / "journal.sqlite"})
