"""`lanewise standby`: which controller commands the lines, who stands by, and handing them over.

Public names: add_arguments.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from edge.config.load import load_line
from edge.core.values.lease import LeaseAsk, LeaseDeed, LeaseRow, node_of
from edge.site.engine import StoreError
from edge.site.leases import Leases

WAITS_S = 10.0
"""A hand-over is done by then, or it is not going to be."""
LOOK_S = 0.05
HEARD_S = 1.5
"""Who holds the lease, or stands by, says so at least once in this time."""
_LOOK = LeaseAsk(deed=LeaseDeed.LOOK, me="")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The commands of `lanewise standby`."""
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, function, text in (
        ("status", _status, "which controller commands the lines, and who stands by; status 1 = not both are there"),
        ("hand-over", _hand_over, "the controller that stands by takes the lines; waits until it has them"),
    ):
        made = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        made.set_defaults(command=function)
        made.add_argument("config", type=Path, metavar="LINE.toml")


def _status(arguments: argparse.Namespace) -> int:
    lease = _lease(arguments.config)
    before = lease(_LOOK)
    end = time.monotonic() + max(HEARD_S, _hold_s(arguments.config) * 2)
    now = before
    while time.monotonic() < end and not (now.beat != before.beat and now.waits_beat != before.waits_beat):
        time.sleep(LOOK_S)
        now = lease(_LOOK)
    holds, waits = now.beat != before.beat and bool(now.holder), now.waits_beat != before.waits_beat
    name = node_of(now.holder)
    print(f"commands:  {name or 'nobody'}{'' if holds or not name else ', not heard of'}, epoch {now.epoch}")
    print(f"stands by: {node_of(now.waits) if waits else 'nobody'}")
    return int(not (holds and waits))


def _hand_over(arguments: argparse.Namespace) -> int:
    lease = _lease(arguments.config)
    before = lease(_LOOK)
    if not before.holder:
        raise StoreError("nobody commands the lines: there is nothing to hand over")
    lease.ask_hand_over()
    end = time.monotonic() + WAITS_S
    now = before
    while time.monotonic() < end:
        now = lease(_LOOK)
        if now.epoch != before.epoch and now.holder:
            print(f"{node_of(now.holder)} commands the lines, epoch {now.epoch}; before: {node_of(before.holder)}")
            return 0
        time.sleep(LOOK_S)
    raise StoreError(f"{_why(before, now)} within {WAITS_S:.0f} s: see lanewise standby status, and the log of both")


def _why(before: LeaseRow, now: LeaseRow) -> str:
    if now.beat == before.beat:
        return f"{node_of(before.holder)} is not heard of, and nobody took the lines"
    return f"{node_of(now.holder) or 'nobody'} has the lines; no other controller took them"


def _lease(path: Path) -> Leases:
    config = load_line(path)
    if config.standby is None:
        raise StoreError(f"{path}: it has no table [standby]: this controller commands its lines alone")
    url = config.standby.store or config.store
    return Leases(url, config.standby.lease, own=url != config.store)


def _hold_s(path: Path) -> float:
    table = load_line(path).standby
    return 0.0 if table is None else table.hold_ms / 1000
