"""What the host's side of the mailbox tells its owner.

Public names: HostSignal and its members Connected, Found, Gap, EventsLost, Handled, Unaccounted, Restarted, Dropped,
LinkStale, LinkFresh, Incompatible, Fenced, StateChanged, LanesChanged. Two more are values of plc.words: an EventRecord
came, each once and in sequence in the life of a Host; a command was Sent, and stands in the DOWN block returned with
it.

Source: docs/plc-mailbox.md, "Rules for the host".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from plc.words import CommandRecord, EventRecord, Refusal, Sent, Up


@dataclass(frozen=True, slots=True)
class Connected:
    """The handshake is made.

    ``fresh``: this session is new or unknown here. ``epoch``: ours. ``found``: commands in DOWN that are newer
    than the memory, in sequence, and in version 2 ROUTEs of which events tell; they count as not stored until
    ``command_stored`` says so, and each that stood in DOWN is followed by its Handled. ``command_head``: the newest
    command that the PLC or DOWN holds: newer ones that the journal knows for this session never arrived, and their
    sequences are given out again. ``news_to``: up to that event each ROUTED may tell of a command that neither the
    memory nor ``found`` has, None = none does; until it is here no command goes out.
    """

    session: int
    fresh: bool
    epoch: int
    up: Up
    found: tuple[Sent, ...]
    command_head: int
    news_to: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A ROUTE that is newer than the memory, of the parcel whose INDUCTED is the next event: it keeps this lane.

    As with ``Connected.found`` it counts as not stored. Version 2 only.
    """

    sent: Sent


@dataclass(frozen=True, slots=True)
class Gap:
    """Events ``first`` to ``last`` never came and never will."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class EventsLost:
    """The PLC's own buffer ran over: ``count`` more events were dropped, ``total`` (mod 65536) since its start."""

    count: int
    total: int


@dataclass(frozen=True, slots=True)
class Handled:
    """The PLC handled the command; ``refusal`` None = accepted, as far as the PLC still tells."""

    sent: Sent
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """Commands ``first`` to ``last`` were handled and neither journal nor DOWN knows all of them.

    A predecessor's late block was executed: between our reading and our first block, or over its newest one
    just before it died.
    """

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Restarted:
    """The PLC started anew; sequences, track ids and commands of the session before mean nothing any more."""

    session: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """The command will not be acted on as far as is known; ``seq`` is None where it was never sent."""

    command: CommandRecord
    why: str
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class LinkStale:
    """The PLC answers but its program does not follow: no commands until LinkFresh."""

    why: str


@dataclass(frozen=True, slots=True)
class LinkFresh:
    """The PLC follows again."""


@dataclass(frozen=True, slots=True)
class Incompatible:
    """Nothing is written to this PLC until ``connect`` succeeds: it has another layout or version."""

    why: str


@dataclass(frozen=True, slots=True)
class Fenced:
    """The PLC obeys another host, and nothing is written until ``connect`` takes it back.

    ``epoch``: the other's; ``ours``; ``since_us``: when it was first seen to be obeyed.
    """

    epoch: int
    ours: int
    since_us: int


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The PackML state number; also told after the first connect."""

    state: int


@dataclass(frozen=True, slots=True)
class LanesChanged:
    """The masks of full and of disabled lanes, bit 0 = lane 1; also told after the first connect."""

    full: int
    disabled: int


HostSignal: TypeAlias = (
    Connected
    | Found
    | EventRecord
    | Gap
    | EventsLost
    | Sent
    | Handled
    | Unaccounted
    | Restarted
    | Dropped
    | LinkStale
    | LinkFresh
    | Incompatible
    | Fenced
    | StateChanged
    | LanesChanged
)
