"""The host that the conformance check plays: it writes any block, watches UP, and keeps what it saw.

Public names: Probe, Belt, PlcFigures, Violation, Unprovable, Silent, WAIT_S, LONG_S.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from plc.driver import PlcError, PlcLink
from plc.words import (
    COMMAND_WORDS,
    EMPTY_COMMAND,
    LAYOUT,
    LONG_MAX,
    RING,
    UP_WORDS,
    CommandRecord,
    EventRecord,
    EventType,
    Opcode,
    Sent,
    Up,
    decode_event,
    decode_up,
    encode_command,
    newest_event,
    serial_add,
    serial_after,
    serial_behind,
    up_problem,
)

WAIT_S = 0.15
"""How long what must not happen is waited for: some scans of any PLC, far below the 500 ms of a host that is gone."""
LONG_S = 1.0
"""How long what must happen may take."""
TORN_S = 0.5
"""How long a record may be half written."""
VALID_MS = 60_000
NOBODY = 0xFFFF_F000
"""Track ids from here on belong to no parcel."""


class Violation(Exception):  # noqa: N818  what the PLC does wrong, not what went wrong here
    """The PLC breaks the rule; the text says how."""


class Unprovable(Exception):  # noqa: N818  no error: the rule stands, and nothing was seen against it
    """The rule cannot be proven now; the text says why and what would."""


class Silent(Exception):  # noqa: N818  as above
    """UP is no mailbox any more."""


@dataclass(frozen=True, slots=True)
class Belt:
    """One line of the PLC: its induction, the lanes that parcels may be sent to, and the way to its decision point.

    ``default``: the lane that needs no route. ``decision_ms``: from INDUCTED to the decision point.
    """

    induction: int
    lanes: tuple[int, ...]
    default: int
    decision_ms: int


@dataclass(frozen=True, slots=True)
class PlcFigures:
    """What was measured and met. Times in milliseconds; ``handled`` from the write to the UP that shows it."""

    session: int
    plc_state: int
    epoch_before: int
    epoch_after: int
    commands: int
    events: int
    foreign_events: tuple[str, ...]
    heartbeat_ms: float
    cycle_ms: float
    handled_median_ms: float
    handled_most_ms: float


class Probe:
    """One connection's worth of playing host. Raises PlcError from every method that reads or writes.

    ``lanes``: lanes that exist. ``goes_for_wrap``: whether to give as many commands as that takes.
    ``refused``: the REFUSED events since ``resync``, in order. ``faults``: the first breach of each rule that is
    watched all the time, by the rule's name. ``wrapped``: the sequences that wrapped meanwhile. ``acks`` False: events
    are taken but not acknowledged; ``sees`` False: in version 2, nor do they count as seen. ``belts`` by induction;
    ``parcels_s``: how long a parcel is waited for, 0 = none is touched; ``floor``: events that no command of ours
    caused, for a rule to clear and to look at. ``restart_s``: how long a start of the PLC is waited for, 0 = not at
    all; ``say`` tells people that it is due.
    """

    def __init__(
        self,
        link: PlcLink,
        lanes: Sequence[int],
        goes_for_wrap: bool,
        poll_s: float,
        belts: Sequence[Belt] = (),
        parcels_s: float = 0.0,
        restart_s: float = 0.0,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.link = link
        self.lanes = lanes
        self.goes_for_wrap = goes_for_wrap
        self.begun = False
        self.acks = self.sees = True
        self.refused: list[EventRecord] = []
        self.faults: dict[str, str] = {}
        self.wrapped: set[str] = set()
        self.events = 0
        self.epoch = 0
        self.head = 0
        self.ack = 0
        self.seen = 0
        self.version = 1
        self.heartbeat_s = 0.0
        self.cycle_s = 0.0
        self.poll_s = poll_s
        self.belts = {belt.induction: belt for belt in belts}
        self.parcels_s = parcels_s
        self.restart_s = restart_s
        self.say = say
        self.floor: list[EventRecord] = []
        self._slots: list[Sequence[int]] = [EMPTY_COMMAND] * RING
        self._beat = 0
        self._words: Sequence[int] = ()
        self._received = self._freed = 0
        self._torn: tuple[int, float] | None = None
        self._beat_seen = 0.0
        self._read_at = 0.0
        self._handled_s: list[float] = []
        self._commands = 0
        self._epoch_before = 0
        self._foreign: list[str] = []
        self._shown: dict[int, EventRecord] = {}

    @property
    def up(self) -> Up:
        """The newest UP."""
        return decode_up(self._words)

    @property
    def words(self) -> Sequence[int]:
        """The newest UP, as words."""
        return self._words

    @property
    def lane(self) -> int:
        """A lane for commands that are refused anyway."""
        return self.lanes[0] if self.lanes else 1

    def enabled_lane(self) -> int:
        """A lane that exists and is enabled. Raises Unprovable."""
        for lane in self.lanes:
            if not self.up.lanes_disabled >> (lane - 1) & 1:
                return lane
        raise Unprovable("needs a lane that is enabled" if self.lanes else "needs to be told a lane that exists")

    async def begin(self) -> Up:
        """The first look: from here on UP must be a mailbox."""
        words = await self.link.read_up()
        if problem := up_problem(words):
            raise Violation(problem)
        self._words = words
        up = decode_up(words)
        self.version = up.version
        self._beat_seen = self._read_at = self._now()
        self._epoch_before = up.epoch
        self.epoch = up.epoch
        self.head = up.cmd_done
        self._received = self.ack = self.seen = up.event_acked
        self._freed = up.event_head  # a host before may have seen so much
        self.begun = True
        self._take()
        return up

    async def reconnect(self) -> Up | None:
        """UP of the PLC as it is now, over a new connection where the old one is gone; None = it does not answer."""
        try:
            words = await self.link.read_up()
        except PlcError:
            await self.link.close()
            with suppress(PlcError):
                await self.link.connect()
            return None
        return None if up_problem(words) else decode_up(words)

    async def look(self) -> None:
        """Reads UP once."""
        before = self._words
        self._words = await self.link.read_up()
        now = self._now()
        self.cycle_s = max(self.cycle_s, now - self._read_at)
        self._read_at = now
        if problem := up_problem(self._words):
            raise Silent(problem)
        if self._words[2] != before[2]:
            self.heartbeat_s = max(self.heartbeat_s, now - self._beat_seen)
            self._beat_seen = now
        for name, at in (("cmd_done", 15), ("event_head", 18)):
            if before[at] >= 0xFF00 and self._words[at] < 0x100:
                self.wrapped.add(name)
        if self._words[20] != before[20]:
            self._note("session", f"the session went from {before[20]} to {self._words[20]} without a start")
        self._take()

    async def write(self, **words: int) -> None:
        """Writes DOWN once as it stands, with other words where given: layout, version, epoch, ack, head, seen."""
        await self.link.write_down(self.block(**words))

    def block(self, **words: int) -> list[int]:
        """The DOWN block as ``write`` writes it."""
        self._beat = serial_add(self._beat, 1)
        start = {
            "layout": LAYOUT,
            "version": self.version,
            "beat": self._beat,
            "epoch": self.epoch,
            "ack": self.ack,
            "head": self.head,
            "seen": self.seen if self.version > 1 else 0,
        }
        start |= words
        if serial_after(start["seen"], self._freed):
            self._freed = start["seen"]
        return [*start.values(), 0, 0, 0, *(word for slot in self._slots for word in slot)]

    async def cycle(self, **words: int) -> None:
        """Writes, waits for a poll, reads."""
        await self.write(**words)
        await asyncio.sleep(self.poll_s)
        await self.look()

    async def stay(self, seconds: float, **words: int) -> None:
        """Cycles for some time."""
        end = self._now() + seconds
        while self._now() < end:
            await self.cycle(**words)

    async def until(self, reached: Callable[[], bool], within_s: float = LONG_S) -> bool:
        """Cycles until it is reached; whether it was, in time: a host that stood still meanwhile looks once more."""
        end, over = self._now() + within_s, False
        while not reached():
            if over:
                return False
            over = self._now() > end
            await self.cycle()
        return True

    def put(self, seq: int, command: CommandRecord) -> None:
        """Puts a command into its slot; ``head`` stays."""
        self._slots[seq % RING] = encode_command(Sent(seq, command))

    def put_words(self, seq: int, words: Sequence[int]) -> None:
        """Puts any record into the slot of a sequence."""
        if len(words) != COMMAND_WORDS:
            raise ValueError(f"{len(words)} words, a command record has {COMMAND_WORDS}")
        self._slots[seq % RING] = words

    async def send(self, *commands: CommandRecord) -> int:
        """Gives commands, waits until they are handled, and returns the last one's sequence. Raises Violation."""
        for command in commands:
            self.head = serial_add(self.head, 1)
            self.put(self.head, command)
        self._commands += len(commands)
        began = self._now()
        if not await self.until(lambda: self.handled(self.head)):
            raise Violation(f"command {self.head} is not handled after {LONG_S:.0f} s: cmd_done is {self._words[15]}")
        self._handled_s.append(self._now() - began)
        return self.head

    def handled(self, seq: int) -> bool:
        """Whether ``cmd_done`` has reached a command."""
        return not serial_after(seq, self._words[15])

    def to_nobody(self, number: int = 0, lane: int = 1) -> CommandRecord:
        """A ROUTE for a parcel that does not exist."""
        return self.command(Opcode.ROUTE, NOBODY + number, lane)

    def command(self, opcode: Opcode, value: int, target: int, valid_ms: int = VALID_MS) -> CommandRecord:
        """A command that is valid for so long; negative = it was."""
        return CommandRecord(opcode, value, target, (self.up.plc_ms + valid_ms) & LONG_MAX)

    def refusals(self, seq: int) -> list[int]:
        """The reasons in the REFUSED events of a command."""
        return [event.value for event in self.refused if event.station == seq]

    async def reported(self, seq: int) -> list[int]:
        """As ``refusals``, once there is one or the time is over."""
        await self.until(lambda: bool(self.refusals(seq)))
        return self.refusals(seq)

    async def resync(self) -> None:
        """After a rule, whatever happened: an empty ring behind ``cmd_done``, every event acknowledged."""
        await self.look()
        self.acks = self.sees = True
        self._slots = [EMPTY_COMMAND] * RING
        self.head = self._words[15]
        if serial_after(self._words[14], self.epoch):
            self.epoch = self._words[14]
        self.ack = self.seen = self._received
        await self.until(lambda: self._words[21] == self._words[18], WAIT_S)
        self.refused.clear()

    def figures(self) -> PlcFigures:
        """What was measured so far."""
        times = sorted(self._handled_s) or [0.0]
        words = self._words or [0] * UP_WORDS
        return PlcFigures(
            session=words[20],
            plc_state=words[3],
            epoch_before=self._epoch_before,
            epoch_after=words[14],
            commands=self._commands,
            events=self.events,
            foreign_events=tuple(self._foreign),
            heartbeat_ms=round(self.heartbeat_s * 1000, 1),
            cycle_ms=round(self.cycle_s * 1000, 1),
            handled_median_ms=round(times[len(times) // 2] * 1000, 1),
            handled_most_ms=round(times[-1] * 1000, 1),
        )

    def _take(self) -> None:
        """Takes the events that are new, and watches the rules of the ring."""
        words = self._words
        head, acked = words[18], words[21]
        newest = newest_event(words)
        if serial_after(self._received, newest):
            said = "event_head" if self.version == 1 else "event_acked and kept"
            self._note("event-sequence", f"{said} went back from {self._received} to {newest}")
            self._received = newest
        name, freed = ("event_acked", acked) if self.version == 1 else ("event_seen", self._freed)
        if not serial_after(freed, head) and serial_behind(freed, head) > RING:
            self._note("events-kept", f"event_head {head} is more than 8 past {name} {freed}")
        for back in range(min(serial_behind(acked, head), RING)):
            self._same(serial_add(head, -back))
        while self._received != head and (self.version == 1 or serial_after(head, self._received)):
            seq = serial_add(self._received, 1)
            if serial_behind(self._received, head) > RING:
                self._note("event-sequence", f"events from {seq} on are no longer in the ring, event_head is {head}")
                self._received = serial_add(head, -RING)
                continue
            event = decode_event(words, seq % RING)
            if event is None or event.seq != seq:
                since = self._torn[1] if self._torn and self._torn[0] == seq else self._now()
                self._torn = (seq, since)
                if self._now() - since <= TORN_S:
                    break
                at = 22 + seq % RING * 10
                copies = f"{words[at]} and {words[at + 9]}"
                self._note(
                    "event-record", f"event {seq} is announced, but its slot {seq % RING} holds {copies} for good"
                )
            else:
                self._took(event)
            self._received = seq
        if self.acks:
            self.ack = self._received
        if self.sees:
            self.seen = self._received

    def _took(self, event: EventRecord) -> None:
        self.events += 1
        self._shown[event.seq] = event
        if len(self._shown) > 4 * RING:
            del self._shown[next(iter(self._shown))]
        if event.type == EventType.REFUSED:
            self.refused.append(event)
        else:
            self.floor.append(event)
            name = event.type.name if isinstance(event.type, EventType) else f"type {event.type}"
            self._foreign.append(f"{name} track {event.track_id} station {event.station} value {event.value}")

    def _same(self, seq: int) -> None:
        """An event that is not acknowledged stays as it was shown."""
        before, now = self._shown.get(seq), decode_event(self._words, seq % RING)
        if before is not None and now is not None and before != now and (self.version == 1 or now.seq == seq):
            self._note("events-kept", f"event {seq} was {before} and has become {now} before it was acknowledged")

    def _note(self, rule: str, text: str) -> None:
        self.faults.setdefault(rule, text)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
