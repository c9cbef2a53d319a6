"""What a service tells the one who started it: that it is ready, takes a new configuration, lives, ends.

Public names: notify, ready, reloading, watchdog_s, alive, ping.

Nothing is told where nobody asks, as on a terminal.

Source: systemd 253, sd_notify(3) and sd_watchdog_enabled(3): a datagram of lines NAME=VALUE to NOTIFY_SOCKET, whose
first character may be @ for an abstract name.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from contextlib import suppress


def notify(*words: str) -> None:
    """Sends words as ``READY=1``. Who does not listen any more is no trouble of ours."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if not where.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
        link.sendto("\n".join(words).encode(), f"\0{where[1:]}" if where[0] == "@" else where)


def ready(status: str) -> None:
    """It serves; or goes on after `reloading`. ``status``: a line for people."""
    notify("READY=1", f"STATUS={status}")


def reloading() -> None:
    """A new configuration is looked at; `ready` follows, whether it was taken or not."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1_000}")


def watchdog_s() -> float | None:
    """How often to say that it lives: twice within the time after which it would be ended. None = nobody waits."""
    microseconds, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or not int(microseconds) or process not in ("", str(os.getpid())):
        return None
    return int(microseconds) / 2e6


def alive() -> None:
    """Says so, where anybody waits for it: twice within `watchdog_s`."""
    if watchdog_s() is not None:
        notify("WATCHDOG=1")


async def ping() -> None:
    """Says that the loop turns, for as long as anybody waits for it."""
    every_s = watchdog_s()
    while every_s is not None:
        alive()
        await asyncio.sleep(every_s)
