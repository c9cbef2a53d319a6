"""Laws of the mailbox in version 1: Host against PlcSide over a wire that loses, delays, repeats and reorders.

Public names: none; run by pytest.
"""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from plc.host_signals import (
    Connected,
    Handled,
    HostSignal,
    LanesChanged,
    LinkFresh,
    LinkStale,
    Restarted,
    StateChanged,
    Unaccounted,
)
from plc.mailbox import Host, Remembered
from plc.plc_side import PlcSide
from plc.words import (
    DOWN_WORDS,
    RING,
    UP_1_WORDS,
    UP_WORDS,
    CommandRecord,
    EventRecord,
    EventType,
    Opcode,
    Refusal,
    Sent,
    decode_up,
    serial_add,
    serial_after,
)

FOREVER = 0x7FFF_0000


class Mailboxes(RuleBasedStateMachine):
    """A host with a journal, a PLC with a floor, and between them a wire that may do anything to a written block.

    The wire keeps each written block; it executes it now, later, twice or never, in any order. The host may
    reconnect, or die and be followed by one that knows the journal alone.
    """

    @initialize(event_seq=st.sampled_from([1, 65_533]), command_seq=st.sampled_from([1, 65_531]))
    def start(self, event_seq: int, command_seq: int) -> None:
        self.at_us = 0
        self.command_seq = serial_add(command_seq, -1)  # newest command that the journal counts
        self.side = PlcSide(
            5, act=self.act, first_event_seq=event_seq, first_command_seq=command_seq, version=1, buffer=10_000
        )
        self.registers = [0] * DOWN_WORDS
        self.wire: list[list[int]] = []
        self.emitted = 0
        self.journal_events: list[int] = []  # track ids, in stored order
        self.journal_seq = serial_add(event_seq, -1)
        self.received: list[EventRecord] = []  # by this host, not stored yet
        self.journal_commands: list[Sent] = []
        self.sent: list[Sent] = []  # by this host, not stored yet
        self.acted: list[int] = []
        self.ordered = 0
        self.handled: dict[int, Refusal | None] = {}
        self.found: set[int] = set()
        self.forgotten: set[int] = set()  # acted on, unstored, and overwritten in DOWN when the host died
        self.unaccounted = 0
        self.was_torn = False
        self.sent_ever: set[int] = set()  # by this host or found by it
        self.host = Host()
        self.connect()

    def act(self, command: CommandRecord) -> Refusal | None:
        self.acted.append(command.value)
        return Refusal.UNKNOWN_TRACK if command.target == 0 else None

    def take(self, signals: list[HostSignal]) -> None:
        for signal in signals:
            match signal:
                case Connected(found=found, command_head=head):
                    values = {sent.command.value for sent in found}
                    self.found |= values
                    assert not values & {sent.command.value for sent in self.journal_commands}
                    self.sent += [sent for sent in found if sent not in self.sent]
                    self.sent_ever |= values
                    if serial_after(self.command_seq, head):
                        self.command_seq = head  # newer ones never arrived; the journal notes it first of all
                case EventRecord() as event:
                    newest = self.received[-1].seq if self.received else self.journal_seq
                    assert event.seq == serial_add(newest, 1)
                    self.received.append(event)
                case Sent() as sent:
                    self.sent.append(sent)
                    self.sent_ever.add(sent.command.value)
                case Handled(sent, why):
                    assert sent.command.value not in self.handled and sent.command.value in self.acted
                    truth = Refusal.UNKNOWN_TRACK if sent.command.target == 0 else None
                    assert why is truth or (why is None and sent.command.value in self.found)
                    self.handled[sent.command.value] = why
                case Unaccounted(first, last):
                    self.unaccounted = ((last - first) & 0xFFFF) + 1
                case StateChanged() | LanesChanged() | LinkStale() | LinkFresh():
                    pass
                case _:
                    pytest.fail(f"nobody lost anything, but {signal}")

    def connect(self) -> None:
        """Nothing comes between a new host's reading and its first block; what may is Unaccounted's own test."""
        self.take(self.host.connect(self.side.up(self.at_us // 1000), self.registers, self.at_us))
        words, signals = self.host.down(self.at_us)
        self.take(signals)
        assert words is not None
        self.registers = words
        self.side.scan(self.registers, self.at_us // 1000)

    @rule(tracks=st.integers(1, 12))
    def report(self, tracks: int) -> None:
        for _ in range(tracks):
            self.emitted += 1
            self.side.emit(EventType.INDUCTED, self.emitted)

    @rule(count=st.integers(1, 10), lane=st.integers(0, 2))
    def order(self, count: int, lane: int) -> None:
        for _ in range(count):
            self.ordered += 1
            self.host.command(CommandRecord(Opcode.ROUTE, self.ordered, lane, FOREVER))

    @rule(torn=st.none() | st.integers(0, RING - 1))
    def poll(self, torn: int | None) -> None:
        self.at_us += 5_000
        words = self.side.up(self.at_us // 1000)
        if torn is not None and not self.was_torn:
            words[22 + torn * 10] ^= 0x5555
        self.was_torn = torn is not None and not self.was_torn
        self.take(self.host.on_up(words, self.at_us))

    @rule(wait_us=st.sampled_from([0, 25_000, 60_000]), arrives=st.booleans())
    def write(self, wait_us: int, arrives: bool) -> None:
        self.at_us += wait_us
        words, signals = self.host.down(self.at_us)
        self.take(signals)
        if words is not None:
            self.wire.append(words)
            if arrives:
                self.registers = words

    @precondition(lambda self: self.wire)
    @rule(which=st.integers(0, 1000), again=st.booleans())
    def late_block(self, which: int, again: bool) -> None:
        at = which % len(self.wire)
        self.registers = self.wire[at] if again else self.wire.pop(at)

    @rule()
    def scan(self) -> None:
        self.at_us += 1_000
        self.side.scan(self.registers, self.at_us // 1000)

    @rule(count=st.integers(1, 8))
    def store_events(self, count: int) -> None:
        for event in self.received[:count]:
            self.journal_seq = event.seq
            if event.type is EventType.INDUCTED:
                self.journal_events.append(event.track_id)
            self.host.event_stored(event.seq)
        self.received = self.received[count:]

    @rule(count=st.integers(1, 8))
    def store_commands(self, count: int) -> None:
        for sent in self.sent[:count]:
            self.journal_commands.append(sent)
            self.command_seq = sent.seq
            self.host.command_stored(sent.seq)
        self.sent = self.sent[count:]

    @rule()
    def reconnect(self) -> None:
        self.connect()

    @rule()
    def crash(self) -> None:
        """The process dies: queue, unstored events and unstored commands are gone from the host."""
        lost = {sent.command.value for sent in self.sent}
        self.host = Host(Remembered(5, self.journal_seq, self.command_seq, 0))
        self.received, self.sent, self.handled, self.found, self.sent_ever = [], [], {}, set(), set()
        self.unaccounted = 0
        self.connect()
        assert self.found <= lost
        unknown = set(self.acted) - {sent.command.value for sent in self.journal_commands} - self.found
        assert len(unknown - self.forgotten) <= self.unaccounted
        self.forgotten |= unknown

    @invariant()
    def nothing_twice_nothing_out_of_order(self) -> None:
        if not hasattr(self, "side"):
            return
        assert self.acted == sorted(set(self.acted))
        assert self.journal_events == list(range(1, len(self.journal_events) + 1))
        assert len(self.side.up(0)) == UP_1_WORDS

    def teardown(self) -> None:
        """A quiet wire at last: everything arrives, is handled, stored and acknowledged."""
        if not hasattr(self, "side"):
            return
        for _ in range(20 + self.emitted + self.ordered):
            self.poll(None)
            self.store_events(8)
            self.store_commands(8)
            self.write(25_000, arrives=True)
            self.scan()
            if not (self.side.unacknowledged or self.host.queued or self.host.unhandled):
                break
        self.poll(None)
        assert self.journal_events == list(range(1, self.emitted + 1)) and self.side.unacknowledged == 0
        assert self.host.queued == 0 and self.host.unhandled == 0
        assert set(self.handled) >= self.sent_ever


Mailboxes.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestMailboxes = Mailboxes.TestCase


WORDS = st.integers(0, 0xFFFF)
NEAR = st.sampled_from([0, 1, 2, 7, 8, 9, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF])


@given(st.lists(st.dictionaries(st.integers(2, UP_WORDS - 1), WORDS | NEAR, max_size=12), max_size=12), st.data())
def test_whatever_up_says_the_host_neither_raises_nor_writes_nonsense(
    changes: list[dict[int, int]], data: st.DataObject
) -> None:
    host, side, at_us = Host(), PlcSide(), 0
    host.connect(side.up(0), [0] * DOWN_WORDS, 0)
    seen: list[int] = []
    for change in changes:
        words = side.up(at_us // 1000)
        for at, word in change.items():
            words[at] = word
        at_us += 100_000
        if data.draw(st.booleans()):
            signals = host.connect(words, data.draw(st.lists(WORDS, min_size=74, max_size=74)), at_us)
        else:
            signals = host.on_up(words, at_us)
        if any(isinstance(signal, Restarted) for signal in signals):
            seen.clear()
        seen += [signal.seq for signal in signals if isinstance(signal, EventRecord)]
        assert all(serial_after(later, earlier) for earlier, later in pairwise(seen[-8:]))
        host.command(CommandRecord(Opcode.ROUTE, 1, 1, FOREVER))
        down, _ = host.down(at_us)
        if down is not None:
            assert len(down) == DOWN_WORDS and all(0 <= word <= 0xFFFF for word in down)
            side.scan(down, at_us // 1000)
        assert host.unhandled <= RING


@given(st.lists(st.dictionaries(st.integers(0, DOWN_WORDS - 1), WORDS | NEAR, max_size=20), max_size=12))
def test_whatever_down_says_the_plc_shows_a_good_up_and_acts_on_no_sequence_twice(
    changes: list[dict[int, int]],
) -> None:
    side, acted = PlcSide(buffer=20), list[int]()
    for now_ms, change in enumerate(changes):
        words = [0x4C57, 1, *[0] * (DOWN_WORDS - 2)]
        for at, word in change.items():
            words[at] = word
        acted += [sent.seq for sent in side.scan(words, now_ms)]
        side.emit(EventType.ENTERED, now_ms)
        up = decode_up(side.up(now_ms))
        assert (up.event_head - up.event_acked) & 0xFFFF <= RING
    assert all(serial_after(later, earlier) for earlier, later in pairwise(acted))


def test_a_count_that_goes_back_is_seen_before_the_events_beside_it() -> None:
    """One block brings an event and a ``cmd_done`` of another start: the event is told once, after the restart."""
    host, side = Host(), PlcSide(version=1)
    host.connect(side.up(0), [0] * DOWN_WORDS, 0)
    words = side.up(10)
    words[15] = 7
    host.on_up(words, 10_000)
    side.emit(EventType.INDUCTED, 1, 1)
    signals = host.on_up(side.up(20), 20_000)
    told = [type(signal) for signal in signals if isinstance(signal, Restarted | EventRecord)]
    assert told == [Restarted, EventRecord]
