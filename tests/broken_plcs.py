"""PLCs with one fault each, for the conformance check to find.

Public names: GoodPlc, Conveyor, BROKEN, BROKEN_CONVEYORS, LANES, BELT.
Each class breaks one rule of docs/plc-mailbox.md, and is right in all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plc.conformance.check import Belt
from plc.packml import PackmlState
from plc.plc_side import Act, PlcSide
from plc.words import (
    COMMAND_WORDS,
    DOWN_RING_AT,
    EVENT_WORDS,
    LAYOUT,
    RING,
    UP_RING_AT,
    CommandRecord,
    EventRecord,
    EventType,
    Opcode,
    Refusal,
    Sent,
    decode_command,
    ms_after,
    serial_add,
    serial_after,
    serial_behind,
)

LANES = (1, 2, 3)
BELT = Belt(induction=1, lanes=LANES, default=3, decision_ms=900)


class GoodPlc(PlcSide):
    """A PLC with three lanes and no parcels."""

    def __init__(self, session: int = 7, **settings: Any) -> None:
        super().__init__(session, act=self.answer, **settings)

    def answer(self, command: CommandRecord) -> Refusal | None:
        match command.opcode:
            case Opcode.ROUTE | Opcode.RELEASE | Opcode.HOLD:
                return Refusal.UNKNOWN_TRACK
            case Opcode.LANE | Opcode.OUTPUT:
                return None if command.target in LANES else Refusal.NO_TARGET


class OtherVersion(GoodPlc):
    def up(self, now_ms: int) -> list[int]:
        words = super().up(now_ms)
        words[1] = 3
        return words


class SlowHeartbeat(GoodPlc):
    def up(self, now_ms: int) -> list[int]:
        words = super().up(now_ms)
        words[2] = now_ms // 300 & 0xFFFF
        return words


class DeadHeartbeat(GoodPlc):
    def up(self, now_ms: int) -> list[int]:
        words = super().up(now_ms)
        words[2] = 1
        return words


class SecondsForMilliseconds(GoodPlc):
    def up(self, now_ms: int) -> list[int]:
        return super().up(now_ms // 1000)


class KeepsItsEpoch(GoodPlc):
    def up(self, now_ms: int) -> list[int]:
        words = super().up(now_ms)
        words[14] = 0
        return words


class ObeysOldEpochs(GoodPlc):
    def _obeys(self, words: Sequence[int]) -> bool:
        shown, self.epoch = self.epoch, 0
        obeys = super()._obeys(words)
        self.epoch = words[3] if obeys and not serial_after(shown, words[3]) else shown
        return obeys


class ComparesEpochsAsNumbers(GoodPlc):
    def _obeys(self, words: Sequence[int]) -> bool:
        if words[3] < self.epoch:
            return False
        self.epoch = 0
        return super()._obeys(words)


class AnyLayout(GoodPlc):
    def scan(self, down_words: Sequence[int], now_ms: int, act: Act | None = None) -> list[Sent]:
        return super().scan([LAYOUT if any(down_words) else 0, *down_words[1:]], now_ms, act)


class AnyVersion(GoodPlc):
    def scan(self, down_words: Sequence[int], now_ms: int, act: Act | None = None) -> list[Sent]:
        return super().scan([down_words[0], self.version, *down_words[2:]], now_ms, act)


class WaitsBehindRefused(GoodPlc):
    """A refused command does not count as handled."""

    waits_at = -1

    def _handle(self, words: Sequence[int], act: Act) -> list[Sent]:
        seq = serial_add(self.cmd_done, 1)
        if seq == self.waits_at:
            return []
        accepted = super()._handle([*words[:5], min(words[5], seq), *words[6:]], act)
        if self.cmd_done == self.cmd_refused == seq:
            self.waits_at, self.cmd_done = seq, serial_add(seq, -1)
        return accepted


class RefusesInSilence(GoodPlc):
    def _refuse(self, seq: int, why: Refusal, track_id: int) -> None:
        self.cmd_refused, self.refusal = seq, int(why)


class RefusesEverything(GoodPlc):
    def answer(self, command: CommandRecord) -> Refusal | None:
        return super().answer(command) or Refusal.PAST_DECISION


class NeverExpires(GoodPlc):
    def _handle(self, words: Sequence[int], act: Act) -> list[Sent]:
        now, self._now_ms = self._now_ms, 0
        fresh = list(words)
        for slot in range(RING):
            at = DOWN_RING_AT + slot * COMMAND_WORDS
            fresh[at + 5 : at + 7] = [0, 1]
        try:
            return super()._handle(fresh, act)
        finally:
            self._now_ms = now


class ComparesExpiryAsNumbers(GoodPlc):
    def _handle(self, words: Sequence[int], act: Act) -> list[Sent]:
        now = self._now_ms
        changed = list(words)
        for slot in range(RING):
            at = DOWN_RING_AT + slot * COMMAND_WORDS
            expiry = changed[at + 5] << 16 | changed[at + 6]
            if ms_after(now, expiry) != (now > expiry):
                turned = now - 1 if now > expiry else now + 1
                changed[at + 5 : at + 7] = [turned >> 16, turned & 0xFFFF]
        return super()._handle(changed, act)


class AnyTarget(GoodPlc):
    def answer(self, command: CommandRecord) -> Refusal | None:
        why = super().answer(command)
        return None if why is Refusal.NO_TARGET else why


class StuckAtUnknownOpcode(GoodPlc):
    def _handle(self, words: Sequence[int], act: Act) -> list[Sent]:
        seq = serial_add(self.cmd_done, 1)
        at = DOWN_RING_AT + seq % RING * COMMAND_WORDS
        if words[at] == seq and decode_command(words, seq % RING) is None:
            return []
        return super()._handle(words, act)


class ActsOnEveryWrite(GoodPlc):
    """The newest command is carried out again with every new heartbeat."""

    beat = 0

    def _handle(self, words: Sequence[int], act: Act) -> list[Sent]:
        accepted = super()._handle(words, act)
        if words[2] != self.beat and not self.handled and self.cmd_done == words[5]:
            sent = decode_command(words, self.cmd_done % RING)
            if sent is not None and sent.seq == self.cmd_done and (why := act(sent.command)) is not None:
                self._refuse(sent.seq, why, sent.command.value)
        self.beat = words[2]
        return accepted


class TakesTheNewest(GoodPlc):
    """Jumps to cmd_head, whatever is missing before it."""

    def _handle(self, words: Sequence[int], act: Act) -> list[Sent]:
        accepted = super()._handle(words, act)
        head = words[5]
        at = DOWN_RING_AT + head % RING * COMMAND_WORDS
        if serial_after(head, self.cmd_done) and words[at] == words[at + 7] == head:
            self.cmd_done = serial_add(head, -1)
            accepted += super()._handle(words, act)
        return accepted


class ReadsTornRecords(GoodPlc):
    def _handle(self, words: Sequence[int], act: Act) -> list[Sent]:
        whole = list(words)
        for slot in range(RING):
            at = DOWN_RING_AT + slot * COMMAND_WORDS
            if whole[at] != 0 or whole[at + 7] != 0xFFFF:
                whole[at + 7] = whole[at]
        return super()._handle(whole, act)


class IgnoresCmdHead(GoodPlc):
    def _handle(self, words: Sequence[int], act: Act) -> list[Sent]:
        return super()._handle([*words[:5], serial_add(self.cmd_done, RING), *words[6:]], act)


class FollowsLateBlocks(GoodPlc):
    """cmd_done is whatever the newest block's cmd_head says."""

    def _handle(self, words: Sequence[int], act: Act) -> list[Sent]:
        accepted = super()._handle(words, act)
        at = DOWN_RING_AT + words[5] % RING * COMMAND_WORDS
        if serial_after(self.cmd_done, words[5]) and words[at] == words[at + 7] == words[5]:
            self.cmd_done = words[5]
        return accepted


class ReadsTheRingFromTheFront(GoodPlc):
    """Goes through the slots from the first to the last, not through the sequence."""

    def _handle(self, words: Sequence[int], act: Act) -> list[Sent]:
        found = [sent for slot in range(RING) if (sent := decode_command(words, slot)) is not None]
        due = [sent for sent in found if 0 < serial_behind(self.cmd_done, sent.seq) <= RING]
        if len(due) < 2 or len(due) != serial_behind(self.cmd_done, words[5]):
            return super()._handle(words, act)
        for sent in due:
            if (why := act(sent.command)) is not None:
                self._refuse(sent.seq, why, sent.command.value)
        self.cmd_done = words[5]
        return due


class OverwritesEvents(GoodPlc):
    """The ring goes on without acknowledgements."""

    def _publish(self) -> None:
        while self._waiting:
            self.event_seen = self.event_head
            super()._publish()


class ForgetsWhatDoesNotFit(GoodPlc):
    def _publish(self) -> None:
        super()._publish()
        self._waiting.clear()


class AcknowledgesBackward(GoodPlc):
    gone = 0

    def _acknowledge(self, ack: int) -> None:
        super()._acknowledge(ack)
        self.gone = serial_behind(ack, self.event_acked) if serial_behind(ack, self.event_acked) <= RING else 0

    def up(self, now_ms: int) -> list[int]:
        words = super().up(now_ms)
        words[21] = serial_add(words[21], -self.gone)
        return words


class AcknowledgesAnything(GoodPlc):
    def _acknowledge(self, ack: int) -> None:
        super()._acknowledge(ack)
        self.shown = ack if serial_after(ack, self.event_newest) else None

    shown: int | None = None

    def up(self, now_ms: int) -> list[int]:
        words = super().up(now_ms)
        words[21] = words[21] if self.shown is None else self.shown
        return words


class RingOfSeven(GoodPlc):
    """Events stand in slot s mod 7."""

    def __init__(self) -> None:
        super().__init__(first_event_seq=20)

    def up(self, now_ms: int) -> list[int]:
        words = super().up(now_ms)
        ring = words[UP_RING_AT:]
        for back in range(7):
            seq = serial_add(self.event_head, -back)
            at, to = seq % RING * EVENT_WORDS, UP_RING_AT + seq % 7 * EVENT_WORDS
            words[to : to + EVENT_WORDS] = ring[at : at + EVENT_WORDS]
        return words


class HalfWrittenEvents(GoodPlc):
    def up(self, now_ms: int) -> list[int]:
        words = super().up(now_ms)
        for slot in range(RING):
            words[UP_RING_AT + slot * EVENT_WORDS + 9] = 0xABCD
        return words


class LeavesHoles(GoodPlc):
    """Numbers every tenth event as if there had been one more."""

    def _number_next(self) -> bool:
        if self._waiting and self.event_newest % 10 == 9:
            self.event_newest = self.event_head = serial_add(self.event_newest, 1)
            self._kept.append(EventRecord(self.event_newest, 0, 0, 0, 0, 0, 0))
        return super()._number_next()


class NewSessionNowAndThen(GoodPlc):
    def up(self, now_ms: int) -> list[int]:
        self.session = 7 + now_ms // 2_000 % 2
        return super().up(now_ms)


class WrapsToOne(GoodPlc):
    """Events go from 65535 to 1."""

    def __init__(self) -> None:
        super().__init__(first_event_seq=65_400, first_command_seq=65_400)

    def _number_next(self) -> bool:
        if self._waiting and self.event_newest == 0xFFFF:
            self.event_newest = self.event_head = 0
            self._kept.append(EventRecord(0, 0, 0, 0, 0, 0, 0))
        return super()._number_next()


class DeafAfterSilence(GoodPlc):
    """A host that was gone once never counts again."""

    gone = False

    def _obeys(self, words: Sequence[int]) -> bool:
        self.gone = self.gone or (self._host_moved_ms is not None and not self.host_alive(self._now_ms))
        return not self.gone and super()._obeys(words)


class WrongRefusedEvents(GoodPlc):
    """REFUSED names the track where the sequence belongs."""

    def emit(self, type: EventType | int, track_id: int = 0, station: int = 0, **rest: Any) -> None:  # noqa: A002
        if type == EventType.REFUSED:
            track_id, station = station, track_id & 0xFFFF
        super().emit(type, track_id, station, **rest)


class FreesWhatIsStored(GoodPlc):
    """A slot stays taken until its event is acknowledged, as in version 1."""

    def _see(self, seen: int) -> None:
        pass


class KeepsLittle(GoodPlc):
    def __init__(self) -> None:
        super().__init__(keep=100)


class RoomStandsStill(GoodPlc):
    def up(self, now_ms: int) -> list[int]:
        return [*super().up(now_ms)[:-1], self._keep]


class SeesBackward(GoodPlc):
    def _see(self, seen: int) -> None:
        if serial_behind(self.event_acked, seen) <= serial_behind(self.event_acked, self.event_newest):
            self.event_seen = self.event_head = seen


class ForgetsWhatWasSeen(GoodPlc):
    """A host that comes new gets nothing again."""

    def _show_again(self) -> None:
        pass


class KnowsHostsByEpoch(GoodPlc):
    """A host that was gone goes on where it was."""

    def host_alive(self, now_ms: int) -> bool:
        return True


class NoRoomNoWait(GoodPlc):
    """With no room left events are dropped in silence."""

    def emit(self, type: EventType | int, track_id: int = 0, station: int = 0, **rest: Any) -> None:  # noqa: A002
        if self.unacknowledged < self._keep:
            super().emit(type, track_id, station, **rest)


BROKEN: dict[type[GoodPlc], str] = {
    OtherVersion: "layout",
    SlowHeartbeat: "heartbeat",
    DeadHeartbeat: "heartbeat",
    SecondsForMilliseconds: "plc-time",
    KeepsItsEpoch: "epoch-new",
    ObeysOldEpochs: "epoch-old",
    ComparesEpochsAsNumbers: "epoch-serial",
    AnyLayout: "wrong-layout",
    AnyVersion: "wrong-version",
    WaitsBehindRefused: "command-handled",
    RefusesInSilence: "refused-event",
    WrongRefusedEvents: "refused-event",
    RefusesEverything: "command-accepted",
    NeverExpires: "expiry",
    ComparesExpiryAsNumbers: "expiry-serial",
    AnyTarget: "no-target",
    StuckAtUnknownOpcode: "unknown-opcode",
    ActsOnEveryWrite: "once-only",
    TakesTheNewest: "in-order",
    ReadsTornRecords: "torn-command",
    IgnoresCmdHead: "cmd-head",
    FollowsLateBlocks: "late-block",
    ReadsTheRingFromTheFront: "in-order",
    OverwritesEvents: "events-kept",
    ForgetsWhatDoesNotFit: "events-kept",
    AcknowledgesBackward: "ack-forward",
    AcknowledgesAnything: "ack-limit",
    RingOfSeven: "event-record",
    HalfWrittenEvents: "event-record",
    LeavesHoles: "event-record",
    NewSessionNowAndThen: "session",
    WrapsToOne: "wrap",
    DeafAfterSilence: "again-to-gone",
    FreesWhatIsStored: "seen-frees",
    KeepsLittle: "kept",
    RoomStandsStill: "kept",
    SeesBackward: "seen-forward",
    ForgetsWhatWasSeen: "again-to-new",
    KnowsHostsByEpoch: "again-to-gone",
    NoRoomNoWait: "room-used-up",
}


class Conveyor(GoodPlc):
    """A PLC with a parcel every 600 ms: 900 ms to the decision point, 1,400 ms to the lanes."""

    def __init__(self, session: int = 7, **settings: Any) -> None:
        super().__init__(session, **settings)
        self.routes: dict[int, int] = {}
        self.begun: dict[int, int] = {}  # track: PLC time
        self.decided: dict[int, int] = {}  # track: lane
        self.last = 0

    def answer(self, command: CommandRecord) -> Refusal | None:
        if command.opcode is not Opcode.ROUTE or command.value not in self.begun:
            return super().answer(command)
        if command.target not in LANES:
            return Refusal.NO_TARGET
        return self.route(command.value, command.target)

    def route(self, track: int, lane: int) -> Refusal | None:
        if track in self.decided:
            return Refusal.PAST_DECISION
        self.routes[track] = lane
        return None

    def lane_of(self, track: int, *, alone: bool) -> int:
        """0 = the default lane."""
        return 0 if alone else self.routes.get(track, 0)

    def scan(self, down_words: Sequence[int], now_ms: int, act: Act | None = None) -> list[Sent]:
        accepted = super().scan(down_words, now_ms, act)
        if now_ms - self.last >= 600:
            self.last = now_ms
            self.begun[track := len(self.begun) + 1] = now_ms
            self.emit(EventType.INDUCTED, track, BELT.induction)
        for track, began_ms in self.begun.items():
            if now_ms - began_ms >= BELT.decision_ms and track not in self.decided:
                lane = self.lane_of(track, alone=not self.host_alive(now_ms))
                self.decided[track] = lane or BELT.default
                if not lane:
                    self.default(track)
            if now_ms - began_ms >= 1_400 and self.decided.get(track):
                self.emit(EventType.DIVERTED, track, self.decided[track])
                self.decided[track] = 0
        return accepted

    def default(self, track: int) -> None:
        self.emit(EventType.DEFAULTED, track, BELT.default)


class DefaultsInSilence(Conveyor):
    def default(self, track: int) -> None:
        pass


class KeepsTheFirstRoute(Conveyor):
    def route(self, track: int, lane: int) -> Refusal | None:
        return super().route(track, self.routes.get(track, lane))


class RoutesWhatIsDecided(Conveyor):
    def route(self, track: int, lane: int) -> Refusal | None:
        self.routes[track] = lane
        return None


class FollowsRoutesOfTheGone(Conveyor):
    def lane_of(self, track: int, *, alone: bool) -> int:
        return super().lane_of(track, alone=False)


class WaitsForItsHost(Conveyor):
    """A parcel without a route stops at the decision point."""

    def scan(self, down_words: Sequence[int], now_ms: int, act: Act | None = None) -> list[Sent]:
        for track in self.begun.keys() - self.routes.keys():
            self.begun[track] = max(self.begun[track], now_ms - BELT.decision_ms + 1)
        return super().scan(down_words, now_ms, act)


class RoutesWhileStopped(Conveyor):
    def scan(self, down_words: Sequence[int], now_ms: int, act: Act | None = None) -> list[Sent]:
        self.plc_state = PackmlState.HELD
        return super().scan(down_words, now_ms, act)


class RoutesInSilence(Conveyor):
    def _routed(self, sent: Sent) -> None:
        pass


class TellsTheTrackForTheCommand(Conveyor):
    def _routed(self, sent: Sent) -> None:
        super()._routed(Sent(sent.command.value & 0xFFFF, sent.command))


BROKEN_CONVEYORS: dict[type[Conveyor], str] = {
    DefaultsInSilence: "default-lane",
    WaitsForItsHost: "default-lane",
    KeepsTheFirstRoute: "route-replaced",
    RoutesWhatIsDecided: "past-decision",
    FollowsRoutesOfTheGone: "host-gone",
    RoutesWhileStopped: "not-execute",
    RoutesInSilence: "routed-event",
    TellsTheTrackForTheCommand: "routed-event",
}
