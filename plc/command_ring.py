"""The host's commands on their way: queued, in the ring of DOWN, handled, stored.

Public names: CommandRing.

Source: docs/plc-mailbox.md, DOWN and "Rules for the host" 1-3.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence

from plc.host_signals import Dropped, Handled, HostSignal, Unaccounted
from plc.words import (
    COMMAND_WORDS,
    EMPTY_COMMAND,
    RING,
    CommandRecord,
    Opcode,
    Refusal,
    Sent,
    decode_down,
    encode_command,
    ms_after,
    serial_add,
    serial_after,
    serial_behind,
)

_CMD_DONE, _CMD_REFUSED, _REFUSAL = 15, 16, 17
_NOT_A_VERDICT = (0, Refusal.OUT_OF_SEQUENCE, Refusal.OLD_EPOCH)


class CommandRing:
    """``head`` is the newest sequence in the ring, ``words`` the ring's 64 words.

    A command enters only while the oldest unhandled one stays in the ring, and so does the oldest unstored one: the
    next host finds there what the journal lacks. ROUTEs may leave it unstored as far as the PLC has ``room`` for the
    events that tell of them.
    """

    def __init__(self) -> None:
        self._queue: deque[CommandRecord] = deque()
        self.start(0)

    def start(self, done: int) -> None:
        """An empty ring that goes on from ``cmd_done``; what is queued stays queued."""
        self.head = done
        self.words = list(EMPTY_COMMAND) * RING
        self._done = done
        self._sent: deque[Sent] = deque()
        self._unstored: deque[int] = deque()
        self._untold: deque[int] = deque()  # those of them of which no event tells
        self._passed: deque[Sent] = deque()
        self._refusals: dict[int, Refusal] = {}
        self._stale_refusal: int | None = None

    def adopt(self, done: int, down_words: Sequence[int], stored: int | None) -> tuple[Sent, ...]:
        """Takes over what a predecessor left in DOWN; returns its commands newer than ``stored`` (None = all).

        A head more than a ring away from ``done`` belongs to another session, unless an older block of this
        one was executed late.
        """
        self.start(done)
        down = decode_down(down_words)
        if serial_behind(done, down.cmd_head) <= RING:
            self.head = down.cmd_head
        elif not serial_after(done, down.cmd_head) or (stored is None and serial_behind(down.cmd_head, done) > RING):
            return ()
        known: list[Sent] = []
        for back in range(RING - 1, -1, -1):
            seq = serial_add(down.cmd_head, -back)
            sent = down.commands[seq % RING]
            if sent is not None and sent.seq == seq:
                known.append(sent)
                self._write(sent)
            elif serial_after(seq, done):
                self.head = serial_add(seq, -1)
                break
        found = tuple(sent for sent in known if stored is None or serial_after(sent.seq, stored))
        self._sent.extend(sent for sent in known if serial_after(sent.seq, done))
        self._passed.extend(sent for sent in found if not serial_after(sent.seq, done))
        for sent in found:
            self._await_stored(sent)
        return found

    def learn(self, known: int, told: Collection[int], done: int) -> list[HostSignal]:
        """Counts on from ``done``, which may be newer than ``head``; says what behind ``known`` nothing told of."""
        ahead = serial_behind(known, done) if serial_after(done, known) else 0
        missing = [seq for step in range(ahead) if (seq := serial_add(known, step + 1)) not in told]
        if serial_after(done, self.head):
            self.head = done
        return [Unaccounted(missing[0], missing[-1])] if missing else []

    def drop(self, routed: Mapping[int, Sent]) -> list[HostSignal]:
        """Drops queued ROUTEs of parcels that have one, by track id."""
        late = [one for one in self._queue if one.opcode is Opcode.ROUTE and one.value in routed]
        self._queue = deque(one for one in self._queue if one not in late)
        return [
            Dropped(one, f"command {has.seq} of the controller before sent it to lane {has.command.target}")
            for one in late
            for has in (routed[one.value],)
        ]

    def queue(self, command: CommandRecord) -> None:
        """Raises MailboxError where a value does not fit its words."""
        encode_command(Sent(0, command))
        self._queue.append(command)

    def stored(self, seq: int) -> None:
        """The journal holds every command up to ``seq``."""
        for waiting in (self._unstored, self._untold):
            while waiting and not serial_after(waiting[0], seq):
                waiting.popleft()

    def expire(self, plc_now_ms: int) -> list[HostSignal]:
        """Drops what is queued and too late."""
        late = [command for command in self._queue if ms_after(plc_now_ms, command.expiry_ms)]
        if not late:
            return []
        self._queue = deque(command for command in self._queue if command not in late)
        return [
            Dropped(command, f"expired in the queue at PLC time {command.expiry_ms} ms, now {plc_now_ms} ms")
            for command in late
        ]

    def fill(self, up_words: Sequence[int], room: int) -> list[HostSignal]:
        """Moves queued commands into the ring as far as there is room; ``room``: for events, in the PLC."""
        signals: list[HostSignal] = []
        while self._queue:
            seq = serial_add(self.head, 1)
            if not self._has_room(seq, room):
                break
            sent = Sent(seq, self._queue.popleft())
            self.head = seq
            self._write(sent)
            self._sent.append(sent)
            self._await_stored(sent)
            if up_words[_CMD_REFUSED] == seq:
                self._stale_refusal = seq
            signals.append(sent)
        return signals

    def note_refusal(self, seq: int, why: int) -> None:
        """A REFUSED event came."""
        oldest = self._passed[0] if self._passed else self._sent[0] if self._sent else None
        if oldest is None or why in _NOT_A_VERDICT:
            return
        if serial_behind(oldest.seq, seq) <= serial_behind(oldest.seq, self.head):
            self._refusals[seq] = Refusal(why)

    def counts_anew(self, up_words: Sequence[int]) -> bool:
        """Whether ``cmd_done`` went back."""
        return serial_behind(self._done, up_words[_CMD_DONE]) >= 0x8000

    def settle(self, up_words: Sequence[int], all_seen: bool) -> list[HostSignal]:
        """Takes ``cmd_done``, which did not go back, and the newest refusal.

        Word 16 tells the newest refusal only. A command before it in the same step waits for its REFUSED event,
        until ``all_seen``: every event that the PLC has reported so far is here.
        """
        done = up_words[_CMD_DONE]
        step = serial_behind(self._done, done)
        signals: list[HostSignal] = []
        while self._sent and not serial_after(self._sent[0].seq, done):
            self._passed.append(self._sent.popleft())
        if step > serial_behind(self._done, self.head):
            signals.append(Unaccounted(serial_add(self.head, 1), done))
            self.head = done
        self._done = done
        if self._stale_refusal != up_words[_CMD_REFUSED]:
            self._stale_refusal = None
        while self._passed:
            seq = self._passed[0].seq
            if not all_seen and self._is_open(seq, up_words):
                break
            signals.append(Handled(self._passed.popleft(), self._verdict(seq, up_words)))
        if not self._passed and not self._sent:
            self._refusals.clear()
        return signals

    def abandon(self, why: str) -> list[HostSignal]:
        """Empties everything after a PLC restart; says what became of each command."""
        signals: list[HostSignal] = [Handled(sent, self._refusals.get(sent.seq)) for sent in self._passed]
        signals += [Dropped(sent.command, why, sent.seq) for sent in self._sent]
        signals += [Dropped(command, why) for command in self._queue]
        self._queue.clear()
        self.start(0)
        return signals

    @property
    def queued(self) -> int:
        return len(self._queue)

    @property
    def unhandled(self) -> int:
        """Commands in the ring that ``cmd_done`` has not passed."""
        return len(self._sent)

    @property
    def unstored(self) -> int:
        """Commands that the journal may lack."""
        return len(self._unstored)

    @property
    def waits(self) -> bool:
        """Whether a handled command still waits for its verdict."""
        return bool(self._passed)

    def _has_room(self, seq: int, room: int) -> bool:
        if self._sent and serial_behind(self._sent[0].seq, seq) >= RING:
            return False
        if self._untold and serial_behind(self._untold[0], seq) >= RING:
            return False
        return not self._unstored or serial_behind(self._unstored[0], seq) < RING or len(self._sent) < room

    def _await_stored(self, sent: Sent) -> None:
        self._unstored.append(sent.seq)
        if sent.command.opcode is not Opcode.ROUTE:
            self._untold.append(sent.seq)

    def _write(self, sent: Sent) -> None:
        at = sent.seq % RING * COMMAND_WORDS
        self.words[at : at + COMMAND_WORDS] = encode_command(sent)

    def _is_open(self, seq: int, up_words: Sequence[int]) -> bool:
        """Whether ``seq`` may have been refused without our knowing: a newer one was refused in the same step."""
        refused = up_words[_CMD_REFUSED]
        if seq in self._refusals or up_words[_REFUSAL] == 0 or refused in self._refusals:
            return False
        return 0 < serial_behind(seq, refused) <= serial_behind(seq, self._done)

    def _verdict(self, seq: int, up_words: Sequence[int]) -> Refusal | None:
        why = self._refusals.pop(seq, None)
        if why is not None:
            return why
        newest = up_words[_CMD_REFUSED] == seq != self._stale_refusal
        return Refusal(up_words[_REFUSAL]) if newest and up_words[_REFUSAL] not in _NOT_A_VERDICT else None
