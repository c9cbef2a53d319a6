"""The mailbox: its words, and what each half says and does in every case that the contract names.

Public names: none; run by pytest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plc.host_signals import (
    Connected,
    Dropped,
    EventsLost,
    Fenced,
    Gap,
    Handled,
    HostSignal,
    Incompatible,
    LinkFresh,
    LinkStale,
    Restarted,
    Unaccounted,
)
from plc.mailbox import Host, Remembered
from plc.plc_side import PlcSide as AnySide
from plc.words import (
    DOWN_WORDS,
    EMPTY_COMMAND,
    LAYOUT,
    RING,
    UP_1_WORDS,
    UP_WORDS,
    CommandRecord,
    EventRecord,
    EventType,
    MailboxError,
    Opcode,
    Refusal,
    Sent,
    Up,
    decode_command,
    decode_down,
    decode_event,
    decode_up,
    encode_command,
    encode_up,
    ms_after,
    serial_add,
    serial_after,
)

WORDS = st.integers(0, 0xFFFF)
LONGS = st.integers(0, 0xFFFF_FFFF)
MASKS = st.integers(0, 2**64 - 1)
EVENTS = st.builds(
    EventRecord,
    WORDS,
    st.one_of(st.sampled_from(EventType), st.integers(15, 0xFFFF)),
    LONGS,
    WORDS,
    WORDS,
    LONGS,
    WORDS,
)
COMMANDS = st.builds(CommandRecord, st.sampled_from(Opcode), LONGS, WORDS, LONGS)
UPS = st.builds(
    Up,
    WORDS,
    WORDS,
    LONGS,
    MASKS,
    MASKS,
    *[WORDS] * 8,
    events=st.tuples(*[EVENTS] * RING),
    version=st.just(2),
    kept=WORDS,
    room=WORDS,
)  # fmt: skip
FOREVER = 0x7FFF_0000
PlcSide = partial(AnySide, version=1)
FRESH_DOWN = [0] * DOWN_WORDS


@given(UPS)
def test_up_survives_its_words(up: Up) -> None:
    words = encode_up(up)
    assert len(words) == UP_WORDS and all(0 <= word <= 0xFFFF for word in words)
    assert decode_up(words) == up
    old = replace(up, version=1, kept=0, room=0)
    assert len(encode_up(old)) == UP_1_WORDS and decode_up(encode_up(old)) == old


@given(WORDS, COMMANDS)
def test_a_command_survives_its_words_and_its_slot(seq: int, command: CommandRecord) -> None:
    sent = Sent(seq, command)
    words = [LAYOUT, 1, *[0] * 8, *list(EMPTY_COMMAND) * RING]
    at = 10 + seq % RING * 8
    words[at : at + 8] = encode_command(sent)
    assert decode_command(words, seq % RING) == sent
    assert [found for found in decode_down(words).commands if found] == [sent]


def test_words_stand_where_the_contract_says() -> None:
    side = PlcSide(0x1234, first_event_seq=9, first_command_seq=8, epoch=5)
    side.plc_state, side.lanes_full, side.lanes_disabled = 11, 1 | 1 << 63, 1 << 16
    side.emit(EventType.DIVERT_FAILED, 0x0001_0002, station=3, cause=4, value=6, at_ms=0x0005_0007)
    up = side.up(0xABCD_EF01)
    assert up[:6] == [0x4C57, 1, 0, 11, 0xABCD, 0xEF01]
    assert up[6:14] == [1, 0, 0, 0x8000, 0, 1, 0, 0]
    assert up[14:22] == [5, 7, 0, 0, 9, 0, 0x1234, 8]
    assert up[32:42] == [9, 6, 1, 2, 3, 4, 5, 7, 6, 9]  # slot 9 mod 8 = 1

    host = Host(epoch=6)
    host.connect(up, FRESH_DOWN, 0)
    host.command(CommandRecord(Opcode.ROUTE, 0x0001_0002, 24, 0x0003_0004))
    first, _ = host.down(0)
    assert first is not None and first[:2] == [0x4C57, 1] and first[3:10] == [6, 8, 7, 0, 0, 0, 0]
    side.scan(first, 0)
    host.event_stored(9)
    host.on_up(side.up(1), 1000)
    down, _ = host.down(2000)
    assert down is not None and down[3:10] == [6, 9, 8, 0, 0, 0, 0] and down[2] != first[2]
    assert down[10:18] == [8, 1, 1, 2, 24, 3, 4, 8]  # slot 8 mod 8 = 0
    assert host.down(3000) == (None, [])


@given(WORDS, st.integers(1, 0x7FFF))
def test_serial_order_survives_the_wrap(seq: int, step: int) -> None:
    later = serial_add(seq, step)
    assert serial_after(later, seq) and not serial_after(seq, later) and not serial_after(seq, seq)
    assert ms_after((seq << 16) + (step << 16) & 0xFFFF_FFFF, seq << 16)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: decode_up([0] * 101), "101 words"),
        (lambda: decode_up([0x574C, *[0] * 101]), "layout 0x574c is not 0x4c57"),
        (lambda: decode_down([0x4C57, 3, *[0] * 72]), "version 3 is not 1 or 2"),
        (
            lambda: Host().command(CommandRecord(Opcode.ROUTE, 1 << 32, 1, 1)),
            "value: 4294967296 is not within 0..4294967295",
        ),
        (lambda: Host().command(CommandRecord(Opcode.ROUTE, 1, -1, 1)), "target: -1 is not within 0..65535"),
        (lambda: Host(epoch=0), "epoch: 0 is not within 1..65535"),
        (lambda: PlcSide().emit(EventType.LEFT, station=65_536), "station: 65536"),
    ],
)  # fmt: skip
def test_errors_name_value_and_limit(make: Callable[[], object], text: str) -> None:
    with pytest.raises(MailboxError, match=text):
        make()


def test_a_torn_event_is_read_again_and_said_when_it_stays_torn() -> None:
    side, host = PlcSide(), Host()
    host.connect(side.up(0), FRESH_DOWN, 0)
    side.emit(EventType.ENTERED, 1)
    side.emit(EventType.LEFT, 1)
    torn = side.up(0)
    torn[22 + 10] ^= 0xFF
    assert decode_event(torn, 1) is None
    assert not events_in(host.on_up(torn, 1_000))
    assert [event.seq for event in events_in(host.on_up(side.up(0), 2_000))] == [1, 2]
    side.emit(EventType.ENTERED, 2)
    torn = side.up(0)
    torn[22 + 3 * 10 + 9] ^= 1
    said: list[HostSignal] = []
    for beats, at_us in enumerate(range(3_000, 900_000, 50_000)):
        said += host.on_up([*torn[:2], beats, *torn[3:]], at_us)
    assert [signal for signal in said if isinstance(signal, Gap)] == [Gap(3, 3)]


def test_events_that_were_overwritten_are_a_gap_with_its_numbers() -> None:
    side, host = PlcSide(first_event_seq=65_530), Host(Remembered(1, 65_531, 0, 2))
    side.events_lost = 5
    for track in range(40):
        side.emit(EventType.ENTERED, track)
        side.scan([LAYOUT, 1, track, 1, side.event_head, *[0] * 69], 0)  # acknowledged by somebody else
    signals = host.connect(side.up(0), FRESH_DOWN, 0)
    head = serial_add(65_529, 40)
    assert [signal for signal in signals if isinstance(signal, Gap)] == [Gap(65_532, head - RING)]
    assert [signal for signal in signals if isinstance(signal, EventsLost)] == [EventsLost(3, 5)]
    assert [event.seq for event in events_in(signals)] == list(range(head - RING + 1, head + 1))


def test_an_acknowledgement_only_moves_forward_and_never_past_what_came() -> None:
    side, host = PlcSide(first_event_seq=65_534), Host()
    host.connect(side.up(0), FRESH_DOWN, 0)
    for track in range(6):
        side.emit(EventType.ENTERED, track)
    host.on_up(side.up(0), 1_000)
    acked = []
    for at_us, seq in enumerate([65_535, 65_534, 2, 0, 4, 40_000, 3]):
        host.event_stored(seq)
        words = host.down(1_000_000 * (at_us + 1))[0]
        assert words is not None
        acked.append(words[4])
    assert acked == [65_535, 65_535, 2, 2, 2, 2, 3]


def test_a_full_buffer_counts_what_it_drops_and_leaves_no_hole() -> None:
    side, host = PlcSide(buffer=4), Host()
    host.connect(side.up(0), FRESH_DOWN, 0)
    for track in range(20):
        side.emit(EventType.ENTERED, track)
    seen: list[EventRecord] = []
    lost: list[EventsLost] = []
    for at_us in range(10_000, 200_000, 10_000):
        signals = host.on_up(side.up(0), at_us)
        seen += events_in(signals)
        lost += [signal for signal in signals if isinstance(signal, EventsLost)]
        if seen:
            host.event_stored(seen[-1].seq)
        side.scan(host.down(at_us)[0] or FRESH_DOWN, 0)
    assert [event.track_id for event in seen] == list(range(12)) and lost == [EventsLost(8, 8)]
    assert [event.seq for event in seen] == list(range(1, 13)) and side.unacknowledged == 0


def test_every_refusal_reaches_its_own_command_though_words_tell_the_newest_only() -> None:
    refused = {2: Refusal.UNKNOWN_TRACK, 3: Refusal.PAST_DECISION, 6: Refusal.NO_TARGET}
    side, host = PlcSide(act=lambda command: refused.get(command.value)), Host()
    connect_and_claim(host, side)
    for track in range(RING - 1):
        side.emit(EventType.ENTERED, track)  # the ring has room for one more event: two refusals must wait
    for value in range(1, 9):
        host.command(CommandRecord(Opcode.ROUTE, value, 1, FOREVER))
    sent = host.down(10_000)[0]
    assert sent is not None
    side.scan(sent, 0)
    got: dict[int, Refusal | None] = {}
    for at_us in range(20_000, 200_000, 10_000):
        signals = host.on_up(side.up(0), at_us)
        for signal in signals:
            match signal:
                case Handled(done, why):
                    assert done.command.value not in got
                    got[done.command.value] = why
                case EventRecord() as event:
                    host.event_stored(event.seq)
                case _:
                    pass
        side.scan(host.down(at_us)[0] or FRESH_DOWN, 0)
    assert got == {value: refused.get(value) for value in range(1, 9)}


def test_a_refusal_from_one_wrap_ago_is_not_taken_for_a_new_one() -> None:
    side, host = PlcSide(act=lambda command: Refusal.NO_TARGET if command.target == 9 else None), Host()
    connect_and_claim(host, side)
    at_us, verdicts = 0, []
    for number in range(65_536 + 8):
        at_us += 10_000
        host.command(CommandRecord(Opcode.ROUTE, number, 9 if number == 2 else 1, FOREVER))
        words, signals = host.down(at_us)
        assert words is not None
        host.command_stored(signals[0].seq if isinstance(signals[0], Sent) else 0)
        side.scan(words, 0)
        for signal in host.on_up(side.up(0), at_us):
            match signal:
                case Handled(_, why):
                    verdicts.append(why)
                case EventRecord() as event:
                    host.event_stored(event.seq)
                case _:
                    pass
    assert [number for number, why in enumerate(verdicts) if why] == [2] and len(verdicts) == 65_536 + 8


def test_an_empty_slot_is_never_taken_for_command_zero() -> None:
    side = PlcSide(first_command_seq=0)  # cmd_done = 65535: the next command is 0
    host = Host()
    connect_and_claim(host, side)
    words, _ = host.down(100_000)
    assert words is not None and all(
        words[at] != words[at + 7] for at in range(10, 74, 8)
    ), "a PLC that compares copies alone would act on an empty slot"  # fmt: skip
    assert side.scan(words, 0) == [] and side.cmd_done == 65_535


def test_a_host_stops_while_the_plc_does_not_follow() -> None:
    side, host = PlcSide(), Host()
    connect_and_claim(host, side)
    frozen = side.up(0)
    host.command(CommandRecord(Opcode.OUTPUT, 1, 1, FOREVER))
    assert host.on_up(frozen, 400_000) == []
    assert [type(signal) for signal in host.on_up(frozen, 700_000)] == [LinkStale]
    words, signals = host.down(700_000)
    assert words is not None and signals == [] and host.queued == 1  # heartbeat yes, command no
    assert host.on_up(frozen, 800_000) == []
    side.scan(words, 0)
    assert host.on_up(side.up(0), 900_000) == [LinkFresh()]
    assert [type(signal) for signal in host.down(900_000)[1]] == [Sent]


def test_another_layout_and_a_newer_host_are_said_and_nothing_is_written() -> None:
    side, host = PlcSide(), Host()
    strange = side.up(0)
    strange[1] = 3
    assert host.connect(strange, FRESH_DOWN, 0) == [Incompatible("word 1: version 3 is not 1 or 2")]
    assert host.down(1_000_000) == (None, [])
    connect_and_claim(host, side)
    down = host.down(100_000)[0]
    newer = Host(epoch=40)
    newer.connect(side.up(0), down or FRESH_DOWN, 0)
    side.scan(newer.down(0)[0] or FRESH_DOWN, 0)
    said = host.on_up(side.up(0), 100_000)
    assert said == [Fenced(40, 1, 100_000)]
    assert host.down(1_000_000) == (None, [])
    assert host.connect(side.up(0), FRESH_DOWN, 200_000) == said
    assert Host(epoch=39).connect(side.up(0), FRESH_DOWN, 0)[0] == Fenced(40, 39, 0)


def test_queued_commands_expire_by_plc_time_and_the_plc_refuses_late_ones() -> None:
    side, host = PlcSide(), Host()
    connect_and_claim(host, side)
    for number in range(20):
        host.command(CommandRecord(Opcode.ROUTE, number, 1, 500))
    words, signals = host.down(10_000)
    assert len(signals) == 8 and host.unhandled == 8 and host.queued == 12 and words is not None
    accepted = side.scan(words, 501)
    assert accepted == [] and side.refusal == Refusal.EXPIRED and side.cmd_done == 8
    host.on_up(side.up(501), 20_000)
    dropped = [signal for signal in host.down(20_000)[1] if isinstance(signal, Dropped)]
    assert len(dropped) == 12 and "500 ms, now 501 ms" in dropped[0].why and host.queued == 0


def test_unstored_commands_stay_in_down_for_the_next_host() -> None:
    side, host = PlcSide(), Host()
    connect_and_claim(host, side)
    for number in range(12):
        host.command(CommandRecord(Opcode.ROUTE, number, 1, FOREVER))
    words = host.down(10_000)[0]
    assert words is not None
    side.scan(words, 0)
    host.on_up(side.up(0), 20_000)
    assert host.unhandled == 0 and host.down(20_000)[1] == []  # 8 not stored: no room
    host.command_stored(3)
    assert len(host.down(30_000)[1]) == 3

    heir = Host(Remembered(1, 0, 3, 0))
    connected = heir.connect(side.up(0), words, 0)[0]
    assert isinstance(connected, Connected) and not connected.fresh and connected.command_head == 8
    assert [sent.seq for sent in connected.found] == [4, 5, 6, 7, 8]
    assert [sent.command.value for sent in connected.found] == [3, 4, 5, 6, 7]


def test_commands_that_the_plc_handled_behind_our_back_are_said() -> None:
    side, old = PlcSide(), Host()
    connect_and_claim(old, side)
    down = old.down(100_000)[0]
    assert down is not None
    old.command(CommandRecord(Opcode.ROUTE, 1, 1, FOREVER))
    late = old.down(200_000)[0]
    assert late is not None

    heir = Host()
    heir.connect(side.up(0), down, 0)
    heir.command(CommandRecord(Opcode.ROUTE, 2, 2, FOREVER))
    claim = heir.down(0)[0]
    side.scan(late, 0)  # the predecessor's block comes between the heir's reading and writing
    side.scan(claim or FRESH_DOWN, 0)
    side.scan(late, 0)  # and once more, now fenced
    assert Unaccounted(1, 1) in heir.on_up(side.up(0), 10_000)
    words, signals = heir.down(10_000)
    assert signals == [Sent(2, CommandRecord(Opcode.ROUTE, 2, 2, FOREVER))]
    assert [sent.command.value for sent in side.scan(words or FRESH_DOWN, 0)] == [2]


def test_a_plc_restart_drops_what_was_meant_for_the_old_session() -> None:
    side, host = PlcSide(1), Host()
    connect_and_claim(host, side)
    side.emit(EventType.INDUCTED, 1)
    host.on_up(side.up(0), 1_000)
    for number in range(9):
        host.command(CommandRecord(Opcode.ROUTE, number, 1, FOREVER))
    late = host.down(10_000)[0]
    assert late is not None
    anew = PlcSide(2)
    anew.emit(EventType.INDUCTED, 77)
    signals = host.on_up(anew.up(0), 20_000)
    assert signals[0] == Restarted(2)
    assert [signal.seq for signal in signals if isinstance(signal, Dropped)] == [*range(1, 9), None]
    assert [event.track_id for event in events_in(signals)] == [77]
    host.event_stored(1, session=1)
    words = host.down(30_000)[0]
    assert words is not None and words[4] == 0, "an old session's event acknowledges nothing in the new one"
    anew.scan(words, 0)
    anew.scan(late, 0)
    assert anew.cmd_done == 0, "the old session's block is fenced by the newer epoch"
    host.on_up(anew.up(0), 40_000)
    assert host.commanding


def events_in(signals: list[HostSignal]) -> list[EventRecord]:
    return [signal for signal in signals if isinstance(signal, EventRecord)]


def connect_and_claim(host: Host, side: AnySide) -> None:
    """Connects at time 0 and lets the PLC show the host's epoch."""
    assert any(isinstance(signal, Connected) for signal in host.connect(side.up(0), FRESH_DOWN, 0))
    side.scan(host.down(0)[0] or FRESH_DOWN, 0)
    assert host.on_up(side.up(0), 0) == [] and host.commanding
