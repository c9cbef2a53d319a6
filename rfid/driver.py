"""What a reader driver is, and the values it delivers.

Public names: TagRead, UNMEASURED_DBM, ReadColumns, rows, moved, TagDetail, Reads, CodesRead, ReaderClock,
ReaderReached, ReaderReady, ClockSample, PortChanged, OutputWritten, OperationResult, TagAccessed, AccessChanged,
ReaderNotice, ReaderEvent, Reader, ReaderError, ReaderFailure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol, overload


class ReaderFailure(StrEnum):
    """Why a reader cannot be used, by what can be done about it."""

    UNREACHABLE = "unreachable"  # look at power, cable, address
    REFUSED = "refused"  # somebody else holds the reader, or it does not know us
    SETUP = "setup"  # the reader cannot or does not do what the settings say
    SILENT = "silent"  # connected, and no word in time
    GARBAGE = "garbage"  # what it says is no message
    LOST = "lost"  # the connection ended


class ReaderError(Exception):
    """The reader cannot be used now; trying again may help. The text names the reader and the reason."""

    def __init__(self, text: str, failure: ReaderFailure = ReaderFailure.LOST) -> None:
        super().__init__(text)
        self.failure = failure


UNMEASURED_DBM = -128.0
"""The power of a sighting by a reader that tells none: less than any receiver hears, and compared with no other."""


class TagRead(NamedTuple):
    """One sighting of one tag by one antenna.

    ``epc``: upper-case hexadecimal, whole words of 16 bit as the tag's protocol control says.
    ``at_us``: microseconds on the reader's own clock (see ``Reads.clock``).
    ``rssi_dbm``: peak power of the sighting, or ``UNMEASURED_DBM``. ``seen``: how many singulations it stands for, at
    least 1.
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


class TagDetail(NamedTuple):
    """What some readers tell of a sighting beyond ``TagRead``; None or empty where they do not.

    ``phase_rad``: of the backscattered carrier, 0 to 2 pi. ``doppler_hz``: shift of its frequency. ``tid``: upper-case
    hexadecimal of the chip's own memory.
    """

    phase_rad: float | None
    doppler_hz: float | None
    tid: str


class ReadColumns(Sequence[TagRead]):
    """Many reads as they come out of a report, a column for each field of ``TagRead``, all equally long.

    It is what it holds: a sequence of ``TagRead``, equal to any other with the same reads. Who takes many reads takes
    ``rows``, which makes no ``TagRead``, and where powers may be whole numbers.
    """

    __slots__ = ("antennas", "at_us", "epcs", "rssi_dbm", "seen")

    def __init__(
        self,
        epcs: Sequence[str],
        antennas: Sequence[int],
        rssi_dbm: Sequence[float],
        at_us: Sequence[int],
        seen: Sequence[int],
    ) -> None:
        self.epcs = epcs
        self.antennas = antennas
        self.rssi_dbm = rssi_dbm
        self.at_us = at_us
        self.seen = seen

    def rows(self) -> Iterator[tuple[str, int, float, int, int]]:
        """The fields of one read after the other."""
        return zip(self.epcs, self.antennas, self.rssi_dbm, self.at_us, self.seen, strict=True)

    def moved(self, at_us: Sequence[int]) -> ReadColumns:
        """The same reads at other times."""
        return ReadColumns(self.epcs, self.antennas, self.rssi_dbm, at_us, self.seen)

    def __len__(self) -> int:
        return len(self.epcs)

    def __iter__(self) -> Iterator[TagRead]:
        return (TagRead(epc, antenna, float(dbm), at_us, seen) for epc, antenna, dbm, at_us, seen in self.rows())

    @overload
    def __getitem__(self, place: int) -> TagRead: ...
    @overload
    def __getitem__(self, place: slice) -> ReadColumns: ...
    def __getitem__(self, place: int | slice) -> TagRead | ReadColumns:
        if isinstance(place, slice):
            return ReadColumns(
                self.epcs[place], self.antennas[place], self.rssi_dbm[place], self.at_us[place], self.seen[place]
            )
        return TagRead(
            self.epcs[place], self.antennas[place], float(self.rssi_dbm[place]), self.at_us[place], self.seen[place]
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return False
        return all(one == another for one, another in zip(self.rows(), other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as a list's

    def __repr__(self) -> str:
        return f"ReadColumns({list(self)!r})"


def rows(reads: Sequence[TagRead]) -> Iterable[tuple[str, int, float, int, int]]:
    """The fields of one read after the other, the fastest way there is."""
    return reads.rows() if isinstance(reads, ReadColumns) else reads


def moved(reads: Sequence[TagRead], on_host: Callable[[int], int]) -> Sequence[TagRead]:
    """The same reads with their times mapped, each by itself."""
    if isinstance(reads, ReadColumns):
        return reads.moved(tuple(map(on_host, reads.at_us)))
    return tuple(TagRead(epc, antenna, rssi_dbm, on_host(at_us), seen) for epc, antenna, rssi_dbm, at_us, seen in reads)


class Reads(NamedTuple):
    """Reads of one report, in the reader's order.

    ``held``: the reader kept them while nobody was connected; their arrival says nothing of the reader's clock.
    ``details``: one for each read, or empty.
    """

    reads: Sequence[TagRead]
    clock: ReaderClock
    held: bool = False
    details: tuple[TagDetail, ...] = ()


@dataclass(frozen=True, slots=True)
class CodesRead:
    """What a barcode scanner saw of one object that passed.

    ``codes``: identities as GS1 element strings, other codes as they are, without repeats; empty = it found none.
    """

    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClockSample:
    """What the reader's clock shows now, in microseconds."""

    at_us: int
    clock: ReaderClock


@dataclass(frozen=True, slots=True)
class ReaderReached:
    """The way to the reader stands: ``about`` a broker, a port or a line. Whether the reader lives is not known."""

    about: str


@dataclass(frozen=True, slots=True)
class ReaderReady:
    """The reader is heard: its first word came, or an answer that nobody but the reader gives.

    ``about``: maker, model, firmware, antennas.
    """

    about: str


@dataclass(frozen=True, slots=True)
class PortChanged:
    """A general purpose input (``kind='gpi'``) or an antenna (``kind='antenna'``) changed."""

    kind: str
    port: int
    on: bool


@dataclass(frozen=True, slots=True)
class OutputWritten:
    """A general purpose output was set, or ``trouble`` says why not."""

    port: int
    on: bool
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class OperationResult:
    """What became of one operation on a tag. ``operation``: its place in the order, from 0.

    ``trouble``: empty when it was done. ``octets``: what was read; ``words``: how many words were written.
    """

    operation: int
    trouble: str = ""
    octets: bytes = b""
    words: int = 0


@dataclass(frozen=True, slots=True)
class TagAccessed:
    """The reader worked on a tag. ``order``: number of the access order; ``epc``: as it was when the tag was found."""

    order: int
    epc: str
    antenna: int
    at_us: int
    clock: ReaderClock
    results: tuple[OperationResult, ...]


@dataclass(frozen=True, slots=True)
class AccessChanged:
    """An access order is active from now on, or has ended; ``trouble``: why it could not be carried out."""

    order: int
    active: bool
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ReaderNotice:
    """Something is wrong that does not end the connection.

    ``refused``: somebody who may be the reader was not let in.
    """

    text: str
    refused: bool = False


ReaderEvent = (
    Reads
    | CodesRead
    | ReaderReached
    | ReaderReady
    | ClockSample
    | PortChanged
    | OutputWritten
    | TagAccessed
    | AccessChanged
    | ReaderNotice
)


class Reader(Protocol):
    """A connection to one reader, made anew for every attempt.

    ``run`` connects, provisions and calls ``emit`` from the event loop until the connection ends. It raises
    ``ReaderError`` for whatever trying again may mend, and what ``emit`` raises; never returns normally; ends within
    one second when cancelled, and leaves no task, thread or socket behind. Retrying is the caller's.

    Up means heard: ``ReaderReady`` comes once, when the reader itself said something and before any data. Where the way
    to it can stand without the reader, ``ReaderReached`` says that it does.
    """

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None: ...
