"""Version 2 of the mailbox: seen and stored. Laws of Host against PlcSide with a journal of which any part is lost.

Public names: none; run by pytest.
"""

from __future__ import annotations

from typing import TypeAlias

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from plc.host_signals import (
    Connected,
    Dropped,
    Found,
    Handled,
    HostSignal,
    LanesChanged,
    LinkFresh,
    LinkStale,
    StateChanged,
)
from plc.mailbox import Host, Remembered
from plc.plc_side import PlcSide
from plc.words import (
    DOWN_WORDS,
    RING,
    CommandRecord,
    EventRecord,
    EventType,
    Opcode,
    Sent,
    serial_add,
    serial_after,
    serial_behind,
)

FOREVER = 0x7FFF_0000

Decided: TypeAlias = tuple[int, int]
"""Track and lane."""
Entry: TypeAlias = Connected | Found | EventRecord | Sent | Decided


class Known:
    """What follows from a journal, as the controller's core has it. ``routes``: by track lane and command."""

    def __init__(self, event_seq: int, command_seq: int) -> None:
        self.event_seq, self.command_seq = event_seq, command_seq
        self.routes: dict[int, tuple[int, int | None]] = {}
        self.inducted: dict[int, None] = {}
        self.found: dict[int, tuple[int, int]] = {}
        self.news_to: int | None = None

    def take(self, entry: Entry) -> None:
        match entry:
            case Connected(found=found, command_head=head):
                self.news_to = entry.news_to
                if serial_after(self.command_seq, head):
                    self.command_seq = head
                for sent in found:
                    _, has = self.routes.get(sent.command.value, (0, None))
                    if has is None or serial_after(sent.seq, has):
                        self.routes[sent.command.value] = sent.command.target, sent.seq
                        self.count(sent.seq)
            case Found(sent):
                self.found[sent.command.value] = sent.command.target, sent.seq
            case EventRecord(type=EventType.INDUCTED, track_id=track):
                self.event_seq = entry.seq
                self.inducted[track] = None
                self.routes.pop(track, None)
                if track in self.found:
                    self.routes[track] = self.found.pop(track)
            case EventRecord(type=EventType.ROUTED, track_id=track):
                self.event_seq = entry.seq
                _, has = self.routes.get(track, (0, None))
                news = serial_after(entry.value, self.command_seq)
                if self.news_to is not None and not serial_after(entry.seq, self.news_to):
                    news = True
                self.count(entry.value)
                if news and (has is None or not serial_after(has, entry.value)):
                    self.routes[track] = entry.station, entry.value
            case EventRecord():
                self.event_seq = entry.seq
            case Sent(seq, command):
                self.command_seq = seq
                self.routes[command.value] = command.target, seq
            case (track, lane):
                self.routes[track] = lane, None

    def count(self, seq: int) -> None:
        self.command_seq = seq if serial_after(seq, self.command_seq) else self.command_seq


class Stalls(RuleBasedStateMachine):
    """A host whose journal is stored late or never, a PLC of version 2, and a wire that may do anything to a block.

    Each decision is for another lane than all before it, so that whatever is decided again differs.
    """

    @initialize(
        event_seq=st.sampled_from([1, 65_530]),
        command_seq=st.sampled_from([1, 65_531]),
        keep=st.sampled_from([9, 20, 256]),
    )
    def start(self, event_seq: int, command_seq: int, keep: int) -> None:
        self.at_us = 0
        self.keep = keep
        self.side = PlcSide(
            5, act=self.act, first_event_seq=event_seq, first_command_seq=command_seq, keep=keep, buffer=10_000
        )
        self.first = serial_add(event_seq, -1), serial_add(command_seq, -1)
        self.registers = [0] * DOWN_WORDS
        self.wire: list[list[int]] = []
        self.rounds: list[int] = []  # of each INDUCTED, in order, by track
        self.accepted: dict[tuple[int, int], int] = {}  # by track and round: the lane
        self.lane = 0
        self.journal: list[Entry] = []
        self.stored = 0
        self.begin()

    def act(self, command: CommandRecord) -> None:
        at = command.value, self.rounds.count(command.value)
        assert self.accepted.setdefault(at, command.target) == command.target, "routed twice"

    def begin(self) -> None:
        """A process starts from what is stored."""
        self.known = Known(*self.first)
        del self.journal[self.stored :]
        for entry in self.journal:
            self.known.take(entry)
        memory = Remembered(5, self.known.event_seq, self.known.command_seq, 0) if self.journal else None
        self.host = Host(memory)
        for track in [track for track in self.known.inducted if track not in self.known.routes]:
            self.decide(track)  # before it has heard of the PLC
        self.connect(None)

    def enter(self, entry: Entry) -> None:
        self.journal.append(entry)
        self.known.take(entry)

    def decide(self, track: int) -> None:
        self.lane += 1
        self.enter((track, self.lane))
        self.host.command(CommandRecord(Opcode.ROUTE, track, self.lane, FOREVER))

    def take(self, signals: list[HostSignal]) -> None:
        for signal in signals:
            match signal:
                case Connected(command_head=head):
                    self.enter(signal)
                    for track, (lane, seq) in self.known.routes.items():
                        if seq is None or serial_after(seq, head):
                            self.host.command(CommandRecord(Opcode.ROUTE, track, lane, FOREVER))
                case EventRecord(seq=seq, track_id=track):
                    assert seq == serial_add(self.known.event_seq, 1)
                    self.enter(signal)
                    if signal.type is EventType.INDUCTED and track not in self.known.routes:
                        self.decide(track)
                case Sent() | Found():
                    self.enter(signal)
                case Handled(_, why):
                    assert why is None
                case Dropped() | StateChanged() | LanesChanged() | LinkStale() | LinkFresh():
                    pass
                case _:
                    pytest.fail(f"nobody lost anything, but {signal}")

    @rule(late=st.none() | st.integers(0, 1000))
    def connect(self, late: int | None) -> None:
        """``late``: which of the older blocks is executed after the new host has read, and before it writes."""
        self.take(self.host.connect(self.side.up(self.at_us // 1000), self.registers, self.at_us))
        words, signals = self.host.down(self.at_us)
        self.take(signals)
        assert words is not None
        if late is not None and self.wire:
            self.side.scan(self.wire[late % len(self.wire)], self.at_us // 1000)
        self.registers = words
        self.wire.append(words)
        self.scan()

    @rule(tracks=st.integers(1, 12))
    def induct(self, tracks: int) -> None:
        for track in range(len(set(self.rounds)) + 1, len(set(self.rounds)) + tracks + 1):
            self.rounds.append(track)
            self.side.emit(EventType.INDUCTED, track)

    @precondition(lambda self: not (self.host.queued or self.host.unhandled or self.host.commanding is False))
    @rule(which=st.integers(0, 1000))
    def goes_round(self, which: int) -> None:
        """What has its route, and nothing that is under way for it."""
        tracks = sorted(track for track in set(self.rounds) if (track, self.rounds.count(track)) in self.accepted)
        if tracks:
            track = tracks[which % len(tracks)]
            self.rounds.append(track)
            self.side.emit(EventType.INDUCTED, track)

    @rule()
    def poll(self) -> None:
        self.at_us += 5_000
        self.take(self.host.on_up(self.side.up(self.at_us // 1000), self.at_us))

    @rule(wait_us=st.sampled_from([0, 25_000, 60_000, 600_000]), arrives=st.booleans())
    def write(self, wait_us: int, arrives: bool) -> None:
        self.at_us += wait_us
        words, signals = self.host.down(self.at_us)
        self.take(signals)
        if any(isinstance(signal, Sent) for signal in signals):
            assert self.host.unstored <= RING or self.host.unhandled <= (self.host.room or 0)
        if words is not None:
            self.wire.append(words)
            if arrives:
                self.registers = words

    @precondition(lambda self: self.wire)
    @rule(which=st.integers(0, 1000))
    def late_block(self, which: int) -> None:
        self.registers = self.wire[which % len(self.wire)]

    @rule()
    def scan(self) -> None:
        self.at_us += 1_000
        self.side.scan(self.registers, self.at_us // 1000)

    @rule(times=st.integers(1, 6))
    def work(self, times: int) -> None:
        """All goes well for a while, but for the disk."""
        for _ in range(times):
            self.poll()
            self.write(25_000, arrives=True)
            self.scan()

    @rule(count=st.integers(1, 40))
    def store(self, count: int) -> None:
        for entry in self.journal[self.stored : self.stored + count]:
            match entry:
                case EventRecord(seq=seq):
                    self.host.event_stored(seq, 5)
                case Sent(seq) | Found(Sent(seq)):
                    self.host.command_stored(seq, 5)
                case Connected(found=found):
                    for sent in found:
                        self.host.command_stored(sent.seq, 5)
                case _:
                    pass
        self.stored = min(self.stored + count, len(self.journal))

    @rule()
    def crash(self) -> None:
        """kill -9: what is not stored is gone."""
        self.begin()

    @invariant()
    def nothing_twice_nothing_out_of_order_nothing_forgotten(self) -> None:
        if not hasattr(self, "side"):
            return
        side = self.side
        inducted = [one.track_id for one in self.events() if one.type is EventType.INDUCTED]
        assert inducted == self.rounds[: len(inducted)] and side.events_lost == 0
        assert serial_behind(side.event_acked, side.event_newest) <= self.keep
        assert serial_behind(side.event_seen, side.event_head) <= RING
        assert not serial_after(side.event_acked, side.event_seen)

    def events(self) -> list[EventRecord]:
        return [entry for entry in self.journal if isinstance(entry, EventRecord)]

    def teardown(self) -> None:
        """A quiet wire and a quick disk at last."""
        if not hasattr(self, "side"):
            return
        for _ in range(40 + 2 * len(self.rounds)):
            self.work(1)
            self.store(10_000)
            if self.host.commanding and not (self.side.unacknowledged or self.host.queued or self.host.unhandled):
                break
        assert self.side.unacknowledged == self.host.queued == self.host.unhandled == 0
        events = self.events()
        assert [one.track_id for one in events if one.type is EventType.INDUCTED] == self.rounds
        assert [one.seq for one in events] == [serial_add(self.first[0], at) for at in range(1, len(events) + 1)]
        rounds = {(track, self.rounds[: at + 1].count(track)) for at, track in enumerate(self.rounds)}
        assert self.accepted.keys() == rounds
        told = [(one.track_id, one.station) for one in events if one.type is EventType.ROUTED]
        assert sorted(set(told)) == sorted((track, lane) for (track, _), lane in self.accepted.items())


Stalls.TestCase.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
TestStalls = Stalls.TestCase
