"""The lease by which one of several controllers commands the PLCs of some lines: what is asked of it, what is answered.

Public names: LeaseAsk, LeaseDeed, LeaseRow, LeaseStore, LeaseTold, next_epoch, node_of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class LeaseDeed(StrEnum):
    """What is asked. All but the first change something only where the lease stands as the asker saw it."""

    LOOK = "look"  # how it stands; with `waits` also that somebody stands by
    TAKE = "take"
    RENEW = "renew"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class LeaseTold:
    """What the holder told of its lines. ``body``: a LinesTaken as a journal has it; ``at_us``: by the store's clock,
    as is ``LeaseRow.now_us``.
    """

    node: str
    at_us: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseAsk:
    """``me``: the process that asks, ``node/word``. ``epoch``, ``beat``: how it saw the lease.

    ``waits``: LOOK, it stands by. ``to_epoch``: what TAKE and RENEW make of the epoch. ``body``: RENEW and RELEASE,
    what is told of the lines; empty = what was told stays.
    """

    deed: LeaseDeed
    me: str
    epoch: int = 0
    beat: int = 0
    waits: bool = False
    to_epoch: int = 0
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """How the lease stands behind a deed. ``done``: whether the deed changed it.

    ``holder``: a process, empty = nobody; ``epoch``: 1..65535, another one with each taking, 0 before the first;
    ``beat``: one more with each deed that was done. ``waits``, ``waits_beat``: who stands by, another number each time
    it says so. ``asked``: the epoch whose holder is to give it away, 0 = none. ``last``: who took it last. ``told_by``:
    the node that told of the lines last, and ``told``, behind a TAKE that was done: what.
    """

    done: bool
    holder: str
    epoch: int
    beat: int
    waits: str = ""
    waits_beat: int = 0
    asked: int = 0
    last: str = ""
    told_by: str = ""
    told: LeaseTold | None = None
    now_us: int = 0


LeaseStore: TypeAlias = Callable[[LeaseAsk], LeaseRow]
"""One transaction; raises OSError while the store cannot be reached, and then it may have been done or not."""


def next_epoch(epoch: int) -> int:
    """The epoch behind another: 1..65535 and round again, as PLCs compare them (docs/plc-mailbox.md)."""
    return epoch % 0xFFFF + 1


def node_of(process: str) -> str:
    """The node of a holder or whoever waits; empty = nobody."""
    return process.partition("/")[0]
