"""The mailbox's words: what stands in the UP and DOWN blocks, and how it is read and written.

Public names: LAYOUT, VERSIONS, UP_WORDS, UP_1_WORDS, DOWN_WORDS, RING; EventType, Opcode, Refusal, LaneChange; Event,
Command, Sent, Up, Down; MailboxError; serial_add, serial_behind, serial_after, ms_after; newest_event, up_words,
up_problem, down_problem; decode_up, encode_up, encode_up_header, encode_up_tail, decode_event, encode_event,
decode_down, encode_command, decode_command, EMPTY_COMMAND.

Every word is an unsigned 16-bit number; a 32-bit value is two words, high word first; the 64 lanes of a mask are
four words, lane 1 in bit 0 of the first. Sequences are 16 bit and wrap 65535 -> 0, PLC time is 32-bit milliseconds
and wraps too: both compare as serial numbers.

Source: docs/plc-mailbox.md, versions 1 and 2; RFC 1982, 3.2; ANSI/ISA-TR88.00.02-2022, state numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

LAYOUT = 0x4C57
VERSIONS = (1, 2)
"""Of the contract; UP says which one its PLC keeps, and DOWN is written in that one."""
UP_1_WORDS = 102
UP_WORDS = 104
"""In version 2: behind the ring stand how many events are kept, and how many more can be."""
DOWN_WORDS = 74
RING = 8
"""Records in each ring; the record with sequence s is in slot s mod 8."""

EVENT_WORDS = 10
COMMAND_WORDS = 8
UP_RING_AT = 22
DOWN_RING_AT = 10

WORD_MAX = 0xFFFF
LONG_MAX = 0xFFFF_FFFF
LANES = 64

EMPTY_COMMAND = (0, 0, 0, 0, 0, 0, 0, WORD_MAX)
"""A free slot of DOWN. Its copies of the sequence disagree, so that no PLC takes it for command 0 after a wrap."""


class MailboxError(ValueError):
    """Words that are no mailbox, or a value that its words cannot hold. The text names value and limit."""


class EventType(IntEnum):
    """What the PLC reports; a type that is not here stays a plain number."""

    INDUCTED = 1
    ENTERED = 2
    LEFT = 3
    DEFAULTED = 4
    DIVERTED = 5
    DIVERT_FAILED = 6
    LOST = 7
    STRAY = 8
    JAM = 9
    LANE = 10
    STATE = 11
    INPUT = 12
    REFUSED = 13
    ROUTED = 14


class Opcode(IntEnum):
    """What the host may order."""

    ROUTE = 1
    RELEASE = 2
    HOLD = 3
    LANE = 4
    OUTPUT = 5


class Refusal(IntEnum):
    """Why the PLC did not act. OUT_OF_SEQUENCE and OLD_EPOCH leave a command unhandled; all others handle it."""

    OUT_OF_SEQUENCE = 1
    EXPIRED = 2
    UNKNOWN_TRACK = 3
    NO_TARGET = 4
    OLD_EPOCH = 5
    PAST_DECISION = 6
    NOT_EXECUTE = 7
    UNKNOWN = 0xFFFF
    """A reason number that the contract does not have."""

    @classmethod
    def _missing_(cls, _: object) -> Refusal:
        return cls.UNKNOWN


class LaneChange(IntEnum):
    """The value of a LANE event."""

    FREE = 0
    FULL = 1
    DISABLED = 2
    ENABLED = 3


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One event record; ``track_id`` and ``plc_ms`` are 32 bit, the rest 16 bit."""

    seq: int
    type: EventType | int
    track_id: int
    station: int
    cause: int
    plc_ms: int
    value: int


@dataclass(frozen=True, slots=True)
class CommandRecord:
    """One order without its sequence. ``value`` is a track id or a value (32 bit), ``expiry_ms`` PLC time."""

    opcode: Opcode
    value: int
    target: int
    expiry_ms: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A command with the sequence under which it stands in DOWN."""

    seq: int
    command: CommandRecord


@dataclass(frozen=True, slots=True)
class Up:
    """The UP block. Bit 0 of the lane masks is lane 1. ``events`` is by slot; None = a record being written.

    ``kept``: events that the PLC keeps unacknowledged, ``room``: how many more it can keep; 0 in version 1.
    """

    plc_heartbeat: int
    plc_state: int
    plc_ms: int
    lanes_full: int
    lanes_disabled: int
    epoch: int
    cmd_done: int
    cmd_refused: int
    refusal: int
    event_head: int
    events_lost: int
    session: int
    event_acked: int
    events: tuple[EventRecord | None, ...]
    version: int = VERSIONS[-1]
    kept: int = 0
    room: int = 0

    @property
    def unacknowledged(self) -> int:
        """Events that the PLC keeps until they are acknowledged; in version 1 those in the ring only."""
        return serial_behind(self.event_acked, self.event_head) if self.version == 1 else self.kept


@dataclass(frozen=True, slots=True)
class Down:
    """The DOWN block. ``commands`` is by slot; None = empty, being written, or an opcode that is unknown.

    ``event_seen``: 0 in version 1.
    """

    host_heartbeat: int
    epoch: int
    event_ack: int
    cmd_head: int
    commands: tuple[Sent | None, ...]
    version: int = VERSIONS[-1]
    event_seen: int = 0


def serial_add(seq: int, count: int) -> int:
    """The sequence ``count`` steps on, or back for a negative count."""
    return (seq + count) & WORD_MAX


def serial_behind(seq: int, newest: int) -> int:
    """How many steps lie from ``seq`` to ``newest``: 0..65535."""
    return (newest - seq) & WORD_MAX


def serial_after(a: int, b: int) -> bool:
    """Whether sequence ``a`` is newer than ``b``; of two that are 32768 apart neither is."""
    return 0 < (a - b) & WORD_MAX < 0x8000


def ms_after(a: int, b: int) -> bool:
    """Whether PLC time ``a`` is later than ``b``; right for times less than 24.8 days apart."""
    return 0 < (a - b) & LONG_MAX < 0x8000_0000


def newest_event(up_words: Sequence[int]) -> int:
    """The newest event that the PLC keeps, whatever part of them the ring shows; in version 1 the ring's newest."""
    return up_words[18] if up_words[1] == 1 else serial_add(up_words[21], up_words[102])


def up_words(words: Sequence[int]) -> int:
    """How many words an UP block has that begins with these two or more."""
    return UP_WORDS if words[0] == LAYOUT and words[1] > 1 else UP_1_WORDS


def up_problem(words: Sequence[int]) -> str | None:
    """Why these words are no UP block that we speak; None = they are."""
    if len(words) < UP_1_WORDS:
        return f"{len(words)} words, UP has {UP_WORDS}, or {UP_1_WORDS} in version 1"
    if problem := _foreign(words):
        return problem
    count = up_words(words)
    return None if len(words) == count else f"{len(words)} words, UP of version {words[1]} has {count}"


def down_problem(words: Sequence[int], version: int | None = None) -> str | None:
    """Why these words are no DOWN block of that version, None = of one that we speak; None = they are."""
    if len(words) != DOWN_WORDS:
        return f"{len(words)} words, DOWN has {DOWN_WORDS}"
    return _foreign(words, VERSIONS if version is None else (version,))


def decode_up(words: Sequence[int]) -> Up:
    """Raises MailboxError when count, layout or version differ."""
    if problem := up_problem(words):
        raise MailboxError(problem)
    kept, room = (0, 0) if words[1] == 1 else words[UP_1_WORDS:UP_WORDS]
    return Up(
        plc_heartbeat=words[2],
        plc_state=words[3],
        plc_ms=words[4] << 16 | words[5],
        lanes_full=_mask(words, 6),
        lanes_disabled=_mask(words, 10),
        epoch=words[14],
        cmd_done=words[15],
        cmd_refused=words[16],
        refusal=words[17],
        event_head=words[18],
        events_lost=words[19],
        session=words[20],
        event_acked=words[21],
        events=tuple(decode_event(words, slot) for slot in range(RING)),
        version=words[1],
        kept=kept,
        room=room,
    )


def encode_up(up: Up) -> list[int]:
    """104 words, 102 in version 1; a None among the events becomes an empty record.

    Raises MailboxError on a value out of range.
    """
    if len(up.events) != RING:
        raise MailboxError(f"events: {len(up.events)} records, the ring has {RING}")
    words = encode_up_header(up)
    for event in up.events:
        words += [0] * EVENT_WORDS if event is None else encode_event(event)
    return words + encode_up_tail(up)


def encode_up_tail(up: Up) -> list[int]:
    """The words behind the ring, of which version 1 has none. Raises MailboxError on a value out of range."""
    return [] if up.version == 1 else [_word("kept", up.kept), _word("room", up.room)]


def encode_up_header(up: Up) -> list[int]:
    """The 22 words before the ring. Raises MailboxError on a value out of range."""
    return [
        LAYOUT,
        _version(up.version),
        _word("plc_heartbeat", up.plc_heartbeat),
        _word("plc_state", up.plc_state),
        *_long("plc_ms", up.plc_ms),
        *_mask_words("lanes_full", up.lanes_full),
        *_mask_words("lanes_disabled", up.lanes_disabled),
        _word("epoch", up.epoch),
        _word("cmd_done", up.cmd_done),
        _word("cmd_refused", up.cmd_refused),
        _word("refusal", up.refusal),
        _word("event_head", up.event_head),
        _word("events_lost", up.events_lost),
        _word("session", up.session),
        _word("event_acked", up.event_acked),
    ]


def decode_event(words: Sequence[int], slot: int) -> EventRecord | None:
    """The event in ``slot`` (0..7) of an UP block; None where the two copies of its sequence differ."""
    seq, kind, high, low, station, cause, ms_high, ms_low, value, again = words[
        UP_RING_AT + slot * EVENT_WORDS : UP_RING_AT + (slot + 1) * EVENT_WORDS
    ]
    if seq != again:
        return None
    type_ = EventType(kind) if 1 <= kind <= EventType.ROUTED else kind
    return EventRecord(seq, type_, high << 16 | low, station, cause, ms_high << 16 | ms_low, value)


def encode_event(event: EventRecord) -> list[int]:
    """10 words. Raises MailboxError on a value out of range."""
    seq = _word("seq", event.seq)
    return [
        seq,
        _word("type", event.type),
        *_long("track_id", event.track_id),
        _word("station", event.station),
        _word("cause", event.cause),
        *_long("plc_ms", event.plc_ms),
        _word("value", event.value),
        seq,
    ]


def decode_down(words: Sequence[int]) -> Down:
    """Raises MailboxError when count, layout or version differ."""
    if problem := down_problem(words):
        raise MailboxError(problem)
    return Down(
        host_heartbeat=words[2],
        epoch=words[3],
        event_ack=words[4],
        cmd_head=words[5],
        commands=tuple(decode_command(words, slot) for slot in range(RING)),
        version=words[1],
        event_seen=0 if words[1] == 1 else words[6],
    )


def decode_command(words: Sequence[int], slot: int) -> Sent | None:
    """The command in ``slot`` (0..7) of a DOWN block; None where its copies differ or its opcode is unknown."""
    at = DOWN_RING_AT + slot * COMMAND_WORDS
    seq, opcode, high, low, target, ms_high, ms_low, again = words[at : at + COMMAND_WORDS]
    if seq != again or not Opcode.ROUTE <= opcode <= Opcode.OUTPUT:
        return None
    return Sent(seq, CommandRecord(Opcode(opcode), high << 16 | low, target, ms_high << 16 | ms_low))


def encode_command(sent: Sent) -> list[int]:
    """8 words. Raises MailboxError on a value out of range."""
    seq, command = _word("seq", sent.seq), sent.command
    return [
        seq,
        Opcode(command.opcode),
        *_long("value", command.value),
        _word("target", command.target),
        *_long("expiry_ms", command.expiry_ms),
        seq,
    ]


def _foreign(words: Sequence[int], versions: Sequence[int] = VERSIONS) -> str | None:
    if words[0] != LAYOUT:
        return f"word 0: layout {words[0]:#06x} is not {LAYOUT:#06x}"
    if words[1] not in versions:
        return f"word 1: version {words[1]} is not {' or '.join(map(str, versions))}"
    return None


def _version(version: int) -> int:
    if version not in VERSIONS:
        raise MailboxError(f"version: {version} is not {' or '.join(map(str, VERSIONS))}")
    return version


def _mask(words: Sequence[int], at: int) -> int:
    return words[at] | words[at + 1] << 16 | words[at + 2] << 32 | words[at + 3] << 48


def _mask_words(name: str, mask: int) -> list[int]:
    if not 0 <= mask < 1 << LANES:
        raise MailboxError(f"{name}: {mask:#x} has lanes past {LANES}")
    return [mask >> shift & WORD_MAX for shift in (0, 16, 32, 48)]


def _word(name: str, value: int) -> int:
    if not 0 <= value <= WORD_MAX:
        raise MailboxError(f"{name}: {value} is not within 0..{WORD_MAX}")
    return int(value)


def _long(name: str, value: int) -> tuple[int, int]:
    if not 0 <= value <= LONG_MAX:
        raise MailboxError(f"{name}: {value} is not within 0..{LONG_MAX}")
    return value >> 16, value & WORD_MAX
