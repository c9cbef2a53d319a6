"""The PLC's side of the mailbox, as values: what a PLC does with DOWN in a scan, and what it shows in UP.

Public names: PlcSide, Act, HOST_GONE_MS.

Source: docs/plc-mailbox.md, "What the PLC has to do".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias, assert_never

from plc.packml import PackmlState
from plc.words import (
    COMMAND_WORDS,
    DOWN_RING_AT,
    EVENT_WORDS,
    LONG_MAX,
    RING,
    UP_RING_AT,
    VERSIONS,
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
    down_problem,
    encode_event,
    encode_up_header,
    encode_up_tail,
    ms_after,
    serial_add,
    serial_after,
    serial_behind,
)

Act: TypeAlias = Callable[[CommandRecord], Refusal | None]
"""Carries a command out on the floor; None = accepted."""

HOST_GONE_MS = 500
KEEP = 1024
"""Events that are kept until they are acknowledged, at least 256 in the contract: at 40,000 parcels/h some 18 s."""

_Waiting: TypeAlias = tuple[int, int, int, int, int, int]


class PlcSide:
    """One PLC from one start to the next; a restart is a new object with another session.

    ``first_event_seq`` and ``first_command_seq`` are 1 after a true start; tests put them before the wrap.
    ``epoch`` is the one that the PLC kept over its restart. ``version``: of the contract that it keeps; ``keep``: how
    many events it keeps with their sequence until they are acknowledged, in version 1 those in the ring. ``buffer`` is
    how many wait behind these before new ones are dropped and counted. ``plc_state`` and the lane masks are the owner's
    to set.
    """

    def __init__(
        self,
        session: int = 1,
        *,
        act: Act | None = None,
        first_event_seq: int = 1,
        first_command_seq: int = 1,
        epoch: int = 0,
        version: int = VERSIONS[-1],
        keep: int = KEEP,
        buffer: int = 1024,
    ) -> None:
        self.session = session
        self.version = version
        self.epoch = epoch
        self.plc_state: int = PackmlState.EXECUTE
        self.lanes_full = 0
        self.lanes_disabled = 0
        self.event_head = serial_add(first_event_seq, -1)
        self.event_newest = self.event_seen = self.event_acked = self.event_head
        """The newest that has a sequence; the newest whose slot is free, in version 1 as ``event_acked``."""
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
        self._kept: deque[EventRecord] = deque()  # from event_acked + 1 to event_newest
        self._waiting: deque[_Waiting] = deque()
        self._keep = RING if version == 1 else keep
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
                if not self.host_alive(self._now_ms):
                    self._show_again()
                self._host_heartbeat, self._host_moved_ms = down_words[2], self._now_ms
            self._acknowledge(down_words[4])
            self._see(down_words[6])
            self._publish()  # what happens in this scan may need the room
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
        after = PlcSide(
            self.session % 0xFFFF + 1, act=self._act, version=self.version, keep=self._keep, buffer=self._buffer
        )
        after.kept_back = self.kept_back
        after.lanes_full, after.lanes_disabled = self.lanes_full, self.lanes_disabled
        after.plc_state = self.plc_state
        return after

    def up(self, now_ms: int) -> list[int]:
        """The UP block, 104 words; 102 in version 1."""
        up = Up(
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
            version=self.version,
            kept=self.unacknowledged,
            room=max(0, self._keep - self.unacknowledged),
        )
        return encode_up_header(up) + self._ring + encode_up_tail(up)

    def event(self, seq: int) -> EventRecord:
        """The event ``seq``, which must be one of the 8 in the ring. Raises MailboxError where it is not."""
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
        """Events that no host has acknowledged, with a sequence or waiting for one."""
        return len(self._kept) + len(self._waiting)

    def host_alive(self, now_ms: int) -> bool:
        """Whether an obeyed host's heartbeat changed within HOST_GONE_MS; False = default every parcel."""
        if self._host_moved_ms is None:
            return False
        return not ms_after(now_ms & LONG_MAX, (self._host_moved_ms + HOST_GONE_MS) & LONG_MAX)

    def _obeys(self, words: Sequence[int]) -> bool:
        """Rule 1. Epoch 0 stands for none yet: the first block is obeyed whatever its epoch."""
        if down_problem(words, self.version) is not None:
            return False
        if self.epoch and serial_after(self.epoch, words[3]):
            return False
        if words[3] != self.epoch:
            self._show_again()
        self.epoch = words[3]
        return True

    def _show_again(self) -> None:
        """Rule 7: a host that comes new gets what is not acknowledged once more."""
        if self.version == 1:
            return
        self.event_seen = self.event_head = self.event_acked

    def _acknowledge(self, ack: int) -> None:
        """Rule 3. What was never shown cannot be acknowledged: such a block is from before this start."""
        ahead = serial_behind(self.event_acked, ack)
        if 0 < ahead <= len(self._kept):
            for _ in range(ahead):
                self._kept.popleft()
            self.event_acked = ack
        if serial_after(self.event_acked, self.event_seen):
            self._free(self.event_acked)

    def _see(self, seen: int) -> None:
        """Rule 7. In version 1 an acknowledgement alone frees a slot."""
        if self.version > 1 and 0 < serial_behind(self.event_seen, seen) <= self._unseen:
            self._free(seen)

    @property
    def _unseen(self) -> int:
        return serial_behind(self.event_seen, self.event_newest)

    def _free(self, seen: int) -> None:
        self.event_seen = seen
        if serial_after(seen, self.event_head):
            self.event_head = seen  # a host that knows these already

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
                self._routed(sent)
            else:
                self._refuse(seq, why, _track(sent.command))
        return accepted

    def _refuse(self, seq: int, why: Refusal, track_id: int) -> None:
        self.cmd_refused, self.refusal = seq, int(why)
        self.emit(EventType.REFUSED, track_id, station=seq, value=int(why))

    def _routed(self, sent: Sent) -> None:
        command = sent.command
        if self.version > 1 and command.opcode is Opcode.ROUTE:
            self.emit(EventType.ROUTED, command.value, station=command.target, value=sent.seq)

    def _publish(self) -> None:
        """Fills the ring; an event gets its sequence here, so a dropped one leaves no hole."""
        while serial_behind(self.event_seen, self.event_head) < RING:
            if self.event_head == self.event_newest and not self._number_next():
                return
            self.event_head = serial_add(self.event_head, 1)
            event = self._kept[serial_behind(self.event_acked, self.event_head) - 1]
            at = self.event_head % RING * EVENT_WORDS
            self._ring[at : at + EVENT_WORDS] = encode_event(event)

    def _number_next(self) -> bool:
        """Gives the next waiting event its sequence; False where none waits, or no more can be kept."""
        if not self._waiting or len(self._kept) >= self._keep:
            return False
        type_, track_id, station, cause, plc_ms, value = self._waiting.popleft()
        self.event_newest = serial_add(self.event_newest, 1)
        self._kept.append(EventRecord(self.event_newest, type_, track_id, station, cause, plc_ms, value))
        return True


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
