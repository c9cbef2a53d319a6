"""The PLC's side of the mailbox, as values: what a PLC does with DOWN in a scan, and what it shows in UP.

Public names: PlcSide, Act, HOST_GONE_MS.

Source: docs/plc-mailbox.md, "Rules for the PLC".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias, assert_never

from plc.packml import PackmlState
from plc.words import (
    COMMAND_WORDS,
    DOWN_RING_AT,
    DOWN_WORDS,
    EVENT_WORDS,
    LONG_MAX,
    RING,
    UP_RING_AT,
    CommandRecord,
    EventRecord,
    EventType,
    MailboxError,
    Opcode,
    Refusal,
    Sent,
    Up,
    decode_command,
    decode_event,
    encode_event,
    encode_up_header,
    layout_problem,
    ms_after,
    serial_add,
    serial_after,
    serial_behind,
)

Act: TypeAlias = Callable[[CommandRecord], Refusal | None]
"""Carries a command out on the floor; None = accepted."""

HOST_GONE_MS = 500


class PlcSide:
    """One PLC from one start to the next; a restart is a new object with another session.

    ``first_event_seq`` and ``first_command_seq`` are 1 after a true start; tests put them before the wrap.
    ``epoch`` is the one that the PLC kept over its restart. ``buffer`` is how many events wait outside the ring
    before new ones are dropped and counted. ``plc_state`` and the lane masks are the owner's to set.
    """

    def __init__(
        self,
        session: int = 1,
        *,
        act: Act | None = None,
        first_event_seq: int = 1,
        first_command_seq: int = 1,
        epoch: int = 0,
        buffer: int = 1024,
    ) -> None:
        self.session = session
        self.epoch = epoch
        self.plc_state: int = PackmlState.EXECUTE
        self.lanes_full = 0
        self.lanes_disabled = 0
        self.event_head = serial_add(first_event_seq, -1)
        self.event_acked = self.event_head
        self.events_lost = 0
        self.cmd_done = serial_add(first_command_seq, -1)
        self.cmd_refused = 0
        self.refusal = 0
        self.handled: list[Sent] = []
        """The commands that the newest scan handled, accepted or refused, in order."""
        self.kept_back: frozenset[int] = frozenset()
        """Event types that are never reported: a fault on command."""
        self._act = act
        self._ring = [0] * (RING * EVENT_WORDS)
        self._waiting: deque[tuple[int, int, int, int, int, int]] = deque()
        self._buffer = buffer
        self._heartbeat = 0
        self._now_ms = 0
        self._host_heartbeat: int | None = None
        self._host_moved_ms: int | None = None
        self._skipped: int | None = None

    def scan(self, down_words: Sequence[int], now_ms: int, act: Act | None = None) -> list[Sent]:
        """One scan over a copy of DOWN; the accepted commands, in order. ``now_ms`` is PLC time, any whole number.

        ``act`` stands for the one given at construction; without either every command is accepted.
        """
        self._now_ms = now_ms & LONG_MAX
        self._heartbeat = serial_add(self._heartbeat, 1)
        accepted: list[Sent] = []
        self.handled = []
        if self._obeys(down_words):
            if down_words[2] != self._host_heartbeat:
                self._host_heartbeat, self._host_moved_ms = down_words[2], self._now_ms
            self._acknowledge(down_words[4])
            accepted = self._handle(down_words, act or self._act or _accept)
        self._publish()
        return accepted

    def emit(
        self,
        type: EventType | int,  # noqa: A002  the record's own word
        track_id: int = 0,
        station: int = 0,
        cause: int = 0,
        value: int = 0,
        at_ms: int | None = None,
    ) -> None:
        """Reports an event that happened at PLC time ``at_ms``; None = at the last scan.

        It is in the ring at once where the ring has room, else it waits. Raises MailboxError out of range.
        """
        plc_ms = self._now_ms if at_ms is None else at_ms & LONG_MAX
        encode_event(EventRecord(0, type, track_id, station, cause, plc_ms, value))
        if type in self.kept_back:
            return
        if len(self._waiting) >= self._buffer:
            self.events_lost = serial_add(self.events_lost, 1)
            return
        self._waiting.append((type, track_id, station, cause, plc_ms, value))
        self._publish()

    def anew(self) -> PlcSide:
        """This PLC after another start: the next session, and nothing remembered."""
        after = PlcSide(self.session % 0xFFFF + 1, act=self._act, buffer=self._buffer)
        after.kept_back = self.kept_back
        after.lanes_full, after.lanes_disabled = self.lanes_full, self.lanes_disabled
        return after

    def up(self, now_ms: int) -> list[int]:
        """The UP block, 102 words."""
        header = encode_up_header(
            Up(
                plc_heartbeat=self._heartbeat,
                plc_state=self.plc_state,
                plc_ms=now_ms & LONG_MAX,
                lanes_full=self.lanes_full,
                lanes_disabled=self.lanes_disabled,
                epoch=self.epoch,
                cmd_done=self.cmd_done,
                cmd_refused=self.cmd_refused,
                refusal=self.refusal,
                event_head=self.event_head,
                events_lost=self.events_lost,
                session=self.session,
                event_acked=self.event_acked,
                events=(),
            )
        )
        return header + self._ring

    def event(self, seq: int) -> EventRecord:
        """The event ``seq``, which must be one of the newest 8. Raises MailboxError where it is not."""
        event = decode_event([0] * UP_RING_AT + self._ring, seq % RING)
        if event is None or event.seq != seq:
            raise MailboxError(f"event {seq} is not in the ring, whose newest is {self.event_head}")
        return event

    @property
    def waiting(self) -> int:
        """Events that wait for room in the ring."""
        return len(self._waiting)

    @property
    def unacknowledged(self) -> int:
        """Events that no host has acknowledged, in the ring or waiting."""
        return serial_behind(self.event_acked, self.event_head) + len(self._waiting)

    def host_alive(self, now_ms: int) -> bool:
        """Whether an obeyed host's heartbeat changed within HOST_GONE_MS; False = default every parcel."""
        if self._host_moved_ms is None:
            return False
        return not ms_after(now_ms & LONG_MAX, (self._host_moved_ms + HOST_GONE_MS) & LONG_MAX)

    def _obeys(self, words: Sequence[int]) -> bool:
        """Rule 1. Epoch 0 stands for none yet: the first block is obeyed whatever its epoch."""
        if layout_problem(words, DOWN_WORDS) is not None:
            return False
        if self.epoch and serial_after(self.epoch, words[3]):
            return False
        self.epoch = words[3]
        return True

    def _acknowledge(self, ack: int) -> None:
        """Rule 3. What was never shown cannot be acknowledged: such a block is from before this start."""
        ahead = serial_behind(self.event_acked, ack)
        if 0 < ahead <= serial_behind(self.event_acked, self.event_head):
            self.event_acked = ack
            self._publish()  # what happens in this scan may need the room

    def _handle(self, words: Sequence[int], act: Act) -> list[Sent]:
        """Rule 2."""
        accepted: list[Sent] = []
        while 0 < serial_behind(self.cmd_done, words[5]) < 0x8000:
            seq = serial_add(self.cmd_done, 1)
            at = DOWN_RING_AT + seq % RING * COMMAND_WORDS
            found, again = words[at], words[at + COMMAND_WORDS - 1]
            if found != again:
                break
            if found != seq:
                if serial_after(found, seq) and found != self._skipped:
                    self._skipped = found
                    self._refuse(found, Refusal.OUT_OF_SEQUENCE, 0)
                break
            self.cmd_done = seq
            sent = decode_command(words, seq % RING)
            if sent is None:
                self._refuse(seq, Refusal.NO_TARGET, 0)
                continue
            self.handled.append(sent)
            expired = ms_after(self._now_ms, sent.command.expiry_ms)
            why = Refusal.EXPIRED if expired else act(sent.command)
            if why is None:
                accepted.append(sent)
            else:
                self._refuse(seq, why, _track(sent.command))
        return accepted

    def _refuse(self, seq: int, why: Refusal, track_id: int) -> None:
        self.cmd_refused, self.refusal = seq, int(why)
        self.emit(EventType.REFUSED, track_id, station=seq, value=int(why))

    def _publish(self) -> None:
        """Fills the ring; an event gets its sequence here, so a dropped one leaves no hole."""
        while self._waiting and serial_behind(self.event_acked, self.event_head) < RING:
            type_, track_id, station, cause, plc_ms, value = self._waiting.popleft()
            self.event_head = serial_add(self.event_head, 1)
            event = EventRecord(self.event_head, type_, track_id, station, cause, plc_ms, value)
            at = self.event_head % RING * EVENT_WORDS
            self._ring[at : at + EVENT_WORDS] = encode_event(event)


def _accept(_: CommandRecord) -> None:
    return None


def _track(command: CommandRecord) -> int:
    """The track id that a command addresses; 0 = none."""
    match command.opcode:
        case Opcode.ROUTE | Opcode.RELEASE | Opcode.HOLD:
            return command.value
        case Opcode.LANE | Opcode.OUTPUT:
            return 0
        case _:
            assert_never(command.opcode)
