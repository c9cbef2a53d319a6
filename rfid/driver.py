"""What a reader driver is, and the values it delivers.

Public names: TagRead, Reads, ReaderReady, PortChanged, ReaderEvent, Reader, ReaderError.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol


class ReaderError(Exception):
    """The reader cannot be used now; trying again may help. The text names the reader and the reason."""


class TagRead(NamedTuple):
    """One sighting of one tag by one antenna.

    ``epc``: upper-case hexadecimal, whole words of 16 bit as the tag's protocol control says.
    ``at_us``: microseconds on the reader's own clock (see ``Reads.clock``).
    ``rssi_dbm``: peak power of the sighting. ``seen``: how many singulations it stands for, at least 1.
    """

    epc: str
    antenna: int
    rssi_dbm: float
    at_us: int
    seen: int


class ReaderClock(StrEnum):
    """Which clock a reader stamps its reads with."""

    UTC = "utc"
    UPTIME = "uptime"
    NONE = "none"  # the reader gives no time: at_us is 0 and the arrival stands for it


@dataclass(frozen=True, slots=True)
class Reads:
    """Reads of one report, in the reader's order."""

    reads: tuple[TagRead, ...]
    clock: ReaderClock


@dataclass(frozen=True, slots=True)
class ReaderReady:
    """The reader is connected, provisioned and reading. ``about``: maker, model, firmware, antennas."""

    about: str


@dataclass(frozen=True, slots=True)
class PortChanged:
    """A general purpose input (``kind='gpi'``) or an antenna (``kind='antenna'``) changed."""

    kind: str
    port: int
    on: bool


ReaderEvent = Reads | ReaderReady | PortChanged


class Reader(Protocol):
    """A connection to one reader, made anew for every attempt.

    ``run`` connects, provisions and calls ``emit`` from the event loop until the connection ends. It raises
    ``ReaderError`` for whatever trying again may mend, never returns normally, ends within one second when
    cancelled and leaves no task and no socket behind. Retrying is the caller's.
    """

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None: ...
