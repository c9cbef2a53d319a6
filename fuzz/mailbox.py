"""Mailbox: words of UP and DOWN of both versions, poll after poll, and registers as points."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from struct import iter_unpack, pack

from fuzz.borders import Take
from plc.host_signals import Connected
from plc.mailbox import Host, Remembered
from plc.mailbox_text import Seen, described, told
from plc.points import Encoding, Endianness, Point, PointError, PointKind, check_write, decode, encode, parse_type
from plc.words import (
    DOWN_WORDS,
    LAYOUT,
    RING,
    UP_1_WORDS,
    UP_WORDS,
    CommandRecord,
    EventRecord,
    EventType,
    MailboxError,
    Opcode,
    Sent,
    Up,
    decode_down,
    decode_up,
    encode_command,
    encode_up,
)

_POLL_US = 20_000


def seeds() -> Iterable[bytes]:
    """A head of four octets, both blocks, and what changes from poll to poll: three octets, place and word; place 255
    begins the next poll.
    """
    events = tuple(
        EventRecord(seq, type_, 500 + seq, 11, 0, 1_000 * seq, 3)
        for seq, type_ in zip((8, 1, 2, 3, 4, 5, 6, 7), [*EventType][:RING], strict=True)
    )
    for version in (1, 2):
        up = encode_up(
            Up(
                plc_heartbeat=7, plc_state=6, plc_ms=5_000, lanes_full=1, lanes_disabled=2, epoch=1, cmd_done=2,
                cmd_refused=0, refusal=0, event_head=8, events_lost=0, session=0x1234, event_acked=3, events=events,
                version=version, kept=0 if version == 1 else 5, room=0 if version == 1 else 40,
            )
        )  # fmt: skip
        route = CommandRecord(Opcode.ROUTE, 500, 3, 9)
        commands = [word for seq in (0, 1, 2) for word in encode_command(Sent(seq, route))]
        down = [LAYOUT, version, 3, 1, 3, 2, 3, 0, 0, 0, *commands]
        down += [0] * (DOWN_WORDS - len(down))
        changes = bytes((2, 0, 8, 14, 0, 3, 255, 0, 0, 2, 0, 9, 18, 0, 9, 255, 0, 0, 15, 0, 3))
        for head in (0, 1, 2, 3):
            yield bytes((version, head, 9, 4)) + pack(f">{len(up) + len(down)}H", *up, *down) + changes


def opened(_: Path) -> AbstractContextManager[Take]:
    """Without files."""
    return nullcontext(_take)


def _take(octets: bytes) -> None:
    version, kind, stored, number = octets[:4].ljust(4, b"\0")
    count = UP_1_WORDS if version == 1 else UP_WORDS
    size = 2 * (count + DOWN_WORDS)
    words = [word for (word,) in iter_unpack(">H", octets[4 : 4 + size].ljust(size, b"\0"))]
    up, down = words[:count], words[count:]
    _shown(up, down)
    _points(up, kind)
    memory = Remembered(up[20], stored, 2, 0) if kind & 1 else None
    host = Host(memory, epoch=(number or 1) if kind & 2 else None)
    at_us, signals = 0, host.connect(up, down, 0)
    changes = octets[4 + size :][:600]
    for place, word in iter_unpack(">BH", changes[: len(changes) // 3 * 3]):
        if place < count:
            up = [*up[:place], word, *up[place + 1 :]]
        elif place < 250:
            host.command(CommandRecord([*Opcode][word % len(Opcode)], 500 + word % 9, word % 64, 60_000))
        elif place == 255:
            at_us += _POLL_US * (1 + word % 600)
            signals = host.connect(up, down, at_us) if host.fenced else host.on_up(up, at_us)
            _store(host, signals)
            block, more = host.down(at_us)
            down = block or down
            if block is not None:
                assert len(block) == DOWN_WORDS and all(0 <= one <= 0xFFFF for one in block)
                decode_down(block)
            assert host.unhandled <= RING, "the ring holds no more"
            _store(host, more)
        else:
            signals = host.connect(up, down, at_us)
            _store(host, signals)


def _store(host: Host, signals: Sequence[object]) -> None:
    for one in signals:
        match one:
            case EventRecord(seq=seq):
                host.event_stored(seq)
            case Sent(seq=seq):
                host.command_stored(seq)
            case Connected(command_head=head):
                host.command_stored(head)
            case _:
                pass


def _shown(up: Sequence[int], down: Sequence[int]) -> None:
    json.dumps(described(Seen(up, down)))
    told(Seen(up, down))
    with suppress(MailboxError):
        assert encode_up(decode_up(up))[:22] == list(up[:22]), "it encodes to other words"


def _points(words: Sequence[int], kind: int) -> None:
    """The words behind the header, as every kind of point."""
    for one in PointKind:
        try:
            point = Point(
                "a/b",
                parse_type(f"{one}[8]" if one is PointKind.STRING else one),
                scale=(1.0, 0.1, -1e300, 1e-300)[kind >> 6],
                encoding=(None, *Encoding)[(kind >> 4) % (1 + len(Encoding))],
                word_order=[*Endianness][(kind >> 2) % len(Endianness)],
                bit=0 if one is PointKind.BOOL else None,
            )
            value = decode(point, words[4 : 4 + point.size])
            check_write(point, value)
            encode(point, value)
        except PointError:
            continue
