"""The host's side of the mailbox: UP words in, signals and DOWN words out, no clock and no wire.

Public names: Host, Remembered, HEARTBEAT_US, RESEND_US, STALE_US, TAKEOVER_US. What it tells: plc.host_signals.

Source: docs/plc-mailbox.md, "Rules for the host".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from plc.command_ring import CommandRing
from plc.gathering import Gathering
from plc.host_signals import (
    Connected,
    EventsLost,
    Fenced,
    Gap,
    HostSignal,
    Incompatible,
    LanesChanged,
    LinkFresh,
    LinkStale,
    Restarted,
    StateChanged,
    Unaccounted,
)
from plc.words import (
    LAYOUT,
    LONG_MAX,
    RING,
    UP_1_WORDS,
    UP_WORDS,
    VERSIONS,
    CommandRecord,
    EventType,
    MailboxError,
    Opcode,
    Sent,
    Up,
    decode_event,
    decode_up,
    down_problem,
    newest_event,
    serial_add,
    serial_after,
    serial_behind,
    up_problem,
)

HEARTBEAT_US = 50_000
"""DOWN is written at least this often; the contract allows 100 ms."""

RESEND_US = 20_000
"""DOWN is written again after this time while ``cmd_done`` stays behind."""

STALE_US = 500_000
"""A PLC whose heartbeat or epoch does not follow for this long gets no commands. Also the wait for a torn event."""


FULL_US = 100_000
"""Where its room is used up, no more of them come before some are stored: so long is looked whether they do."""
GATHER_US = 2_000_000
"""A PLC of version 2 that follows, and for so long shows none of the events that it says it keeps, is not awaited."""

TAKEOVER_US = 5_000_000
"""A host that lost its PLC to another takes it back when the other's heartbeat has stood still for this long."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the journal knows of a PLC: session, newest stored event and command, last seen ``events_lost``.

    ``by_other``: another host told it, and went on for a moment. Its commands since then must all be in DOWN; where
    more were handled than that holds, nothing of it counts.
    """

    session: int
    event_seq: int
    command_seq: int
    events_lost: int
    by_other: bool = False


class _Phase(Enum):
    AWAY = auto()
    INCOMPATIBLE = auto()
    CLAIMING = auto()  # the PLC has not shown our epoch yet, so a predecessor's late block may still be obeyed
    OPEN = auto()
    STALE = auto()
    FENCED = auto()  # another host's epoch is obeyed


_CONNECTED = (_Phase.OPEN, _Phase.CLAIMING, _Phase.STALE)


class Host:
    """One controller's half of one PLC's mailbox, for the life of the process.

    ``memory`` None: nothing is known of this PLC. ``epoch`` is the fencing token of a lease, 1..65535; None: one
    more than the PLC obeys at the first connect. ``at_us`` is any clock that only goes forward.
    ``takeover_us``: how long another host's heartbeat, read back in DOWN, must stand still before the PLC is taken back
    from it; with a lease that is done by an epoch which passes the other's, see ``to_pass`` and ``lease``.
    Commands go out only once the PLC shows our epoch in UP: from then on no older host's block can be obeyed. Of a PLC
    of version 2 a host that comes new then takes all events that wait, before it tells any of them: what was commanded
    before, a ROUTED among them says, and a parcel that has a route keeps it. Where room is used up, so that the rest
    comes only as these are stored, they are told, and commands wait for the rest.
    """

    def __init__(
        self, memory: Remembered | None = None, *, epoch: int | None = None, takeover_us: int = TAKEOVER_US
    ) -> None:
        if epoch is not None and not 1 <= epoch <= 0xFFFF:
            raise MailboxError(f"epoch: {epoch} is not within 1..65535")
        self._memory = memory
        self._lease = epoch
        self._takeover_us = takeover_us
        self._other: tuple[int, int, int] = (0, 0, 0)  # epoch that is obeyed; epoch and heartbeat in DOWN
        self._other_us = self._fenced_us = 0  # when that last changed; since when another host is obeyed
        self._take_now = False
        self._to_pass: int | None = None
        self._epoch = 0
        self._phase = _Phase.AWAY
        self._words: Sequence[int] = ()
        self._header: Sequence[int] = ()  # words 6-21 as last taken
        self._up: Up | None = None
        self._words_us = 0
        self._moved_us = 0
        self._claimed_us = 0
        self._session: int | None = None
        self._events_lost = 0
        self._version = VERSIONS[-1]
        self._gathering: Gathering | None = None
        self._hold: int | None = None  # no command before this event is here
        self._received = 0
        self._seen = self._seen_written = 0  # for version 2: what DOWN is to say, and says
        self._stored = 0
        self._acked = 0  # newest that the PLC held as acknowledged
        self._torn: tuple[int, int] | None = None  # (sequence, since when)
        self._commands = CommandRing()
        self._state: int | None = None
        self._lanes: Sequence[int] = ()
        self._heartbeat = 0
        self._written_us: int | None = None  # None = write at once

    @property
    def up(self) -> Up | None:
        """The newest UP block, decoded when asked; None before the first good one."""
        if self._up is None and self._phase is not _Phase.AWAY and self._words:
            self._up = decode_up(self._words)
        return self._up

    @property
    def plc_ms(self) -> int:
        """PLC time in the newest UP block; 0 before the first."""
        return self._words[4] << 16 | self._words[5] if self._words else 0

    @property
    def moved_us(self) -> int:
        """When the PLC's heartbeat was last seen to move; a connect counts as one."""
        return self._moved_us

    @property
    def session(self) -> int | None:
        return self._session

    @property
    def epoch(self) -> int:
        """Ours; 0 before the first connect."""
        return self._epoch

    @property
    def commanding(self) -> bool:
        """Whether a command queued now goes out with the next ``down`` that has room."""
        return self._phase is _Phase.OPEN and self._gathering is None and self._hold is None

    @property
    def version(self) -> int:
        """Of the contract that the PLC keeps, as UP said last."""
        return self._version

    @property
    def kept(self) -> int:
        """Events that the PLC keeps unacknowledged, as far as it tells."""
        words = self._words
        return 0 if not words else serial_behind(words[21], words[18]) if words[1] == 1 else words[102]

    @property
    def room(self) -> int | None:
        """How many more events the PLC can keep; None = it does not tell."""
        return self._words[103] if self._words and self._words[1] > 1 else None

    @property
    def fenced(self) -> bool:
        """Whether another host is obeyed: ``connect`` is to be called with every look at UP and DOWN."""
        return self._phase is _Phase.FENCED

    def take_over(self) -> None:
        """Takes the PLC back from another host with the next ``connect``, whether that one lives or not."""
        self._take_now = self.fenced

    @property
    def to_pass(self) -> int | None:
        """The epoch that a lease must pass for the PLC to be ours again; None = none, or its host lives."""
        return self._to_pass if self.fenced else None

    def lease(self, epoch: int) -> None:
        """The lease has this epoch, 1..65535; from the next ``connect`` on it counts, where it passes a fence."""
        self._lease = epoch

    @property
    def unhandled(self) -> int:
        """Commands in DOWN that the PLC has not handled: 0..8."""
        return self._commands.unhandled

    @property
    def unstored(self) -> int:
        """Commands that the journal may lack."""
        return self._commands.unstored

    @property
    def queued(self) -> int:
        """Commands that wait for room, for the PLC's consent or for a connection."""
        return self._commands.queued

    def connect(self, up_words: Sequence[int], down_words: Sequence[int], at_us: int) -> list[HostSignal]:
        """The start of every new connection, with UP read before DOWN; also what ends Incompatible.

        While ``fenced`` it is the look at the other host, and gives Fenced until the PLC is taken back.
        On the same Host commands in DOWN and in the queue stay as they are, unless the PLC started anew:
        then Restarted and a Dropped for each come before Connected.
        """
        if problem := up_problem(up_words):
            self._phase = _Phase.INCOMPATIBLE
            return [Incompatible(problem)]
        up = decode_up(up_words)
        if self._is_fenced(up, down_words, at_us):
            self._take(up_words, at_us)
            return [self._fence(up.epoch, at_us)]
        self._take(up_words, at_us)
        self._version = up.version
        signals: list[HostSignal] = []
        fresh = comes_new = False
        found: tuple[Sent, ...] = ()
        first = self._session is None
        if first:
            comes_new = True
            fresh, found = self._begin(up, down_words)
        elif self._is_other_start():
            fresh = True
            signals += self._restart(up)
        if serial_after(up.epoch, self._epoch):
            if self._lease is None:
                self._begin_epoch(_next_epoch(_next_epoch(up.epoch)))  # who begins meanwhile takes the one between
            elif serial_after(up.epoch, self._lease):
                self._session = None if first else self._session
                self._to_pass = up.epoch if first else None
                return [*signals, self._fence(up.epoch, at_us)]
            else:
                self._begin_epoch(self._lease)
            comes_new = True
        self._take_now = False
        self._to_pass = None
        self._claim(at_us)
        if self._gathering is not None:
            self._gathering.goal, self._gathering.moved_us = None, at_us
        elif self._version > 1 and comes_new:
            memory = self._memory if first and not fresh else None
            known = self._commands.head if memory is None else memory.command_seq
            self._gathering = Gathering(fresh, found, known, not first, at_us)
        if self._gathering is not None:
            return signals + self._follow(at_us) + self._digest(at_us)
        return [*signals, *self._connected(fresh, found, first), *self._follow(at_us), *self._digest(at_us)]

    def on_up(self, words: Sequence[int], at_us: int) -> list[HostSignal]:
        """Takes an UP block of the connection that ``connect`` began. Costs little when nothing changed."""
        if self._phase not in _CONNECTED:
            return []
        count = UP_1_WORDS if self._version == 1 else UP_WORDS
        if len(words) != count or words[0] != LAYOUT or words[1] != self._version:
            if problem := up_problem(words):
                self._phase = _Phase.INCOMPATIBLE
                return [Incompatible(problem)]
            self._version, self._written_us = words[1], None
        if words[2] != self._words[2]:
            self._moved_us = at_us
        unchanged = words[3] == self._state and words[6:22] == self._header
        self._take(words, at_us)
        signals = self._follow(at_us)
        if unchanged and self._torn is None and self._gathering is None and not self._commands.waits:
            return signals
        return signals + self._digest(at_us)

    def command(self, command: CommandRecord) -> None:
        """Queues a command; ``down`` sends it, in order. Raises MailboxError on a value out of range."""
        self._commands.queue(command)

    def event_stored(self, seq: int, session: int | None = None) -> None:
        """The journal has everything up to event ``seq``, which may be acknowledged.

        ``session`` is the one that the event came in: where it is not the current one, nothing happens. So
        does nothing where ``seq`` was acknowledged before or never received.
        """
        if session in (None, self._session):
            ahead = serial_behind(self._stored, seq)
            if 0 < ahead <= serial_behind(self._stored, self._received):
                self._stored = seq
                if self._version == 1:  # where it frees a slot; what is seen has left its slot before
                    self._written_us = None

    def command_stored(self, seq: int, session: int | None = None) -> None:
        """The journal has every command up to ``seq``; ``session`` as in ``event_stored``."""
        if session in (None, self._session):
            self._commands.stored(seq)

    def has_to_say(self, at_us: int) -> bool:
        """Whether it is worth to ask ``down``: else it has nothing."""
        return bool(self._commands.queued) or self._is_due(at_us)

    def down(self, at_us: int) -> tuple[list[int] | None, list[HostSignal]]:
        """The DOWN block to write now, 74 words, and what became of queued commands; None = nothing to write.

        A block that was returned counts as written. Where the write failed the connection is over, and
        ``connect`` makes the next block due.
        """
        if not self.has_to_say(at_us):
            return None, []
        queued = self._commands.queued
        if self._phase is _Phase.AWAY or self._phase is _Phase.INCOMPATIBLE:
            return None, []
        signals: list[HostSignal] = []
        if queued:
            signals = self._commands.expire(self.plc_ms + (at_us - self._words_us) // 1000 & LONG_MAX)
        if self._phase is _Phase.FENCED:
            return None, signals
        if self.commanding and self._commands.queued:
            sent = self._commands.fill(self._words, self.room or 0)
            if sent:
                signals += sent
                self._written_us = None
        if not self._is_due(at_us):
            return None, signals
        self._written_us = at_us
        self._heartbeat = serial_add(self._heartbeat, 1)
        self._seen_written = self._seen
        head = (self._heartbeat, self._epoch, self._stored, self._commands.head, self._seen if self._version > 1 else 0)
        return [LAYOUT, self._version, *head, 0, 0, 0, *self._commands.words], signals

    def _is_due(self, at_us: int) -> bool:
        written_us = self._written_us
        return written_us is None or at_us - written_us >= (RESEND_US if self._commands.unhandled else HEARTBEAT_US)

    def _take(self, words: Sequence[int], at_us: int) -> None:
        self._words = words
        self._up = None
        self._words_us = at_us

    def _begin(self, up: Up, down_words: Sequence[int]) -> tuple[bool, tuple[Sent, ...]]:
        """The first handshake of this Host: (fresh, found)."""
        memory, newest = self._memory, newest_event(self._words)
        if memory is not None and (memory.session != up.session or serial_after(memory.event_seq, newest)):
            memory = None
        if memory is not None and memory.by_other and serial_behind(memory.command_seq, up.cmd_done) > RING:
            memory = None
        self._start_events(up, memory)
        self._begin_epoch(_next_epoch(up.epoch) if self._lease is None else self._lease)
        self._commands.start(up.cmd_done)
        void = down_problem(down_words, up.version) is not None or serial_after(up.epoch, down_words[3])
        if void:
            return memory is None, ()
        stored = None if memory is None else memory.command_seq
        return memory is None, self._commands.adopt(up.cmd_done, down_words, stored)

    def _start_events(self, up: Up, memory: Remembered | None) -> None:
        self._session = up.session
        self._torn = self._hold = None
        if memory is not None:
            self._received, self._events_lost = memory.event_seq, memory.events_lost
        else:
            self._received = up.event_head if serial_after(up.event_acked, up.event_head) else up.event_acked
            self._events_lost = 0
        self._seen = self._stored = self._received
        self._acked = up.event_acked

    def _begin_epoch(self, epoch: int) -> None:
        self._epoch = epoch
        self._seen = self._stored

    def _connected(self, fresh: bool, found: tuple[Sent, ...], first: bool) -> list[HostSignal]:
        """The handshake is made. What was decided anew before it goes to no parcel that has a route."""
        assert self._session is not None
        routed = {sent.command.value: sent for sent in found if sent.command.opcode is Opcode.ROUTE}
        up = decode_up(self._words)
        connected = Connected(self._session, fresh, self._epoch, up, found, self._commands.head, self._hold)
        signals: list[HostSignal] = [connected]
        if first and not fresh and self._version == 1 and self._memory is not None:
            signals += _overwritten(self._memory.command_seq, up.cmd_done, found)
        return signals + self._commands.drop(routed)

    def _is_other_start(self) -> bool:
        """Whether the PLC started anew since the words before: by its session, or by a count that went back.

        The head of the ring goes back in version 2 when a host comes new.
        """
        words = self._words
        before, now = (self._received, words[18]) if self._version == 1 else (self._acked, words[21])
        return serial_after(before, now) or self._commands.counts_anew(words) or self._is_other_session()

    def _restart(self, up: Up) -> list[HostSignal]:
        signals: list[HostSignal] = [Restarted(up.session)]
        signals += self._commands.abandon(f"the PLC started anew with session {up.session}")
        self._start_events(up, None)
        self._commands.start(up.cmd_done)
        if self._lease is None:
            # Past both: a late block of ours from before the restart must not be obeyed after it.
            newest = up.epoch if serial_after(up.epoch, self._epoch) else self._epoch
            self._begin_epoch(_next_epoch(newest))
        self._claim(self._words_us)
        return signals

    def _claim(self, at_us: int) -> None:
        self._phase = _Phase.CLAIMING
        self._claimed_us = self._moved_us = at_us
        self._written_us = None

    def _fence(self, epoch: int, at_us: int) -> Fenced:
        if self._phase is not _Phase.FENCED:
            self._phase = _Phase.FENCED
            self._fenced_us = self._other_us = at_us
            self._other = (0, 0, 0)
        return Fenced(epoch, self._epoch, self._fenced_us)

    def _is_fenced(self, up: Up, down_words: Sequence[int], at_us: int) -> bool:
        """Whether another host is obeyed and not to be taken for gone."""
        if self._phase is not _Phase.FENCED:
            fenced = self._session is not None and self._lease is None and up.session == self._session
            return fenced and serial_after(up.epoch, self._epoch)
        other = up.epoch, down_words[3], down_words[2]
        if other != self._other:
            self._other, self._other_us = other, at_us
        lives = not self._take_now and at_us - self._other_us < self._takeover_us
        if self._lease is None:
            return lives
        if not serial_after(up.epoch, self._lease):
            return False
        self._to_pass = None if lives and self._session is not None else up.epoch
        return True

    def _follow(self, at_us: int) -> list[HostSignal]:
        """Moves between the phases of a connection by what the PLC's heartbeat and epoch say."""
        epoch = self._words[14]
        silent_us = at_us - self._moved_us
        follows = silent_us <= STALE_US and epoch == self._epoch
        if follows and self._phase is _Phase.OPEN:
            return []
        match self._phase:
            case _Phase.CLAIMING if follows:
                self._phase = _Phase.OPEN
                return []
            case _Phase.STALE if follows:
                self._phase = _Phase.OPEN
                return [LinkFresh()]
            case _Phase.CLAIMING | _Phase.OPEN | _Phase.STALE if self._is_other_session():
                return []
            case _Phase.CLAIMING | _Phase.OPEN | _Phase.STALE if serial_after(epoch, self._epoch):
                return [self._fence(epoch, at_us)]
            case _Phase.CLAIMING | _Phase.OPEN if silent_us > STALE_US:
                self._phase = _Phase.STALE
                return [LinkStale(f"word 2: heartbeat {self._words[2]} unchanged for {silent_us // 1000} ms")]
            case _Phase.CLAIMING if at_us - self._claimed_us > STALE_US:
                self._phase = _Phase.STALE
                return [LinkStale(f"word 14: epoch {epoch} is obeyed, {self._epoch} is written in vain")]
            case _Phase.OPEN:
                self._claim(at_us)
                return []
            case _:
                return []

    def _is_other_session(self) -> bool:
        return self._words[20] != self._session

    def _digest(self, at_us: int) -> list[HostSignal]:
        """Everything that the words from 3 on say, in the order lost, events, commands, state, lanes."""
        if self._phase is _Phase.INCOMPATIBLE or self._phase is _Phase.FENCED:
            return []
        words = self._words
        signals: list[HostSignal] = []
        if self._is_other_start():
            fallen = self._gathering is not None  # nothing was told of it yet, so nothing ends
            told = self._restart(decode_up(words))
            if fallen:
                self._gathering = Gathering(True, (), self._commands.head, False, at_us)
            else:
                signals += told
        if self._version > 1 and words[14] != self._epoch:  # the ring is for the host before
            if self._gathering is not None:
                self._gathering.moved_us = at_us
            return signals
        self._header = words[6:22]
        self._acked = words[21]
        lost = serial_behind(self._events_lost, words[19])
        if lost:
            self._events_lost = words[19]
            signals.append(EventsLost(lost, words[19]))
        signals += self._events(at_us)
        if (gathering := self._gathering) is not None:
            gathering.signals += signals
            if not self._has_gathered(gathering, bool(signals), at_us):
                return []
            signals = self._gathered(gathering)
        newest = newest_event(words)
        room = self._version > 1 or serial_behind(words[21], words[18]) < RING
        signals += self._commands.settle(words, all_seen=self._received == newest and room)
        if words[3] != self._state:
            self._state = words[3]
            signals.append(StateChanged(self._state))
        if words[6:14] != self._lanes:
            self._lanes = words[6:14]
            up = decode_up(words)
            signals.append(LanesChanged(up.lanes_full, up.lanes_disabled))
        return signals

    def _has_gathered(self, gathering: Gathering, moved: bool, at_us: int) -> bool:
        """Whether all is there that the PLC kept when it obeyed us."""
        if moved:
            gathering.moved_us = at_us
        still_us = at_us - gathering.moved_us if self._phase is _Phase.OPEN else 0
        late = still_us > GATHER_US
        if gathering.goal is None and (late or not serial_after(self._commands.head, self._words[15])):
            gathering.goal = newest_event(self._words)
        if gathering.goal is None:
            return False
        full = self.room == 0 and still_us > FULL_US
        if full and serial_after(gathering.goal, self._received):
            self._hold = gathering.goal
        return late or full or not serial_after(gathering.goal, self._received)

    def _gathered(self, gathering: Gathering) -> list[HostSignal]:
        """Tells what was gathered."""
        self._gathering = None
        done = self._words[15]
        found, told, signals = gathering.sorted_out(done)
        known = gathering.known if self._hold is None else done
        unaccounted = self._commands.learn(known, told, done)
        return [*self._connected(gathering.fresh, found, True), *unaccounted, *signals]

    def _events(self, at_us: int) -> list[HostSignal]:
        """Takes the events that are new, as far as they can be read."""
        signals: list[HostSignal] = []
        head, acked = self._words[18], self._words[21]
        if self._version > 1 and serial_after(acked, self._received):  # another host had them
            signals.append(Gap(serial_add(self._received, 1), acked))
            self._received = acked
        while self._received != head and (self._version == 1 or serial_after(head, self._received)):
            seq = serial_add(self._received, 1)
            if serial_behind(self._received, head) > RING:
                self._received = serial_add(head, -RING)
                signals.append(Gap(seq, self._received))
                continue
            event = decode_event(self._words, seq % RING)
            if event is not None and event.seq == seq:
                if event.type == EventType.REFUSED:
                    self._commands.note_refusal(event.station, event.value)
                signals.append(event)
                if self._hold is not None and event.type == EventType.ROUTED:
                    sent = Sent(event.value, CommandRecord(Opcode.ROUTE, event.track_id, event.station, 0))
                    signals += self._commands.drop({event.track_id: sent})
            else:
                since_us = self._torn[1] if self._torn and self._torn[0] == seq else at_us
                self._torn = (seq, since_us)
                if at_us - since_us <= STALE_US:
                    break
                signals.append(Gap(seq, seq))
            self._received = seq
        else:
            self._torn = None
        self._seen = self._received
        if self._hold is not None and not serial_after(self._hold, self._received):
            self._hold = None
        if self._version == 1:
            return signals
        unwritten = serial_behind(self._seen_written, self._seen)
        if unwritten >= (RING // 2 if self._gathering is None else 1):
            self._written_us = None  # else it goes with the next block: there are slots enough
        return signals


def _overwritten(stored: int, done: int, found: Sequence[Sent]) -> list[HostSignal]:
    """Commands that were handled after the newest stored one, and that DOWN shows no more."""
    found_seqs = {sent.seq for sent in found}
    ahead = serial_behind(stored, done) if serial_after(done, stored) else 0
    missing = [seq for step in range(ahead) if (seq := serial_add(stored, step + 1)) not in found_seqs]
    return [Unaccounted(missing[0], missing[-1])] if missing else []


def _next_epoch(epoch: int) -> int:
    """One more, never 0: a PLC that just started shows 0 for none."""
    return serial_add(epoch, 1) or 1
