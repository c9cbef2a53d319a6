"""One simulated line: belt, photo-eyes, antennas, diverts and lanes, as a discrete-event simulation without a clock.

Public names: Floor, Inflow, Moving, Signal, InventoryRound, Scanned, DiscSeen, Landed, Happening.

Time comes in with each call, in microseconds since the floor began; the same calls give the same happenings, whatever
the steps in which time goes by. Positions are mm from the induction photo-eye, of a load's leading edge.

What the PLC does here: a track id is given at the first photo-eye, the portal's or the induction's; ROUTE counts until
the leading edge is at the decision point; a load without a route, and while the host is gone every load, takes the
default lane (DEFAULTED there, DIVERTED in the lane). A load for a lane that is full to the brim or disabled stays on
the belt (DIVERT_FAILED, value 0), goes round and is inducted again, as are the loads of a lane of role ``recirculate``;
both keep their track id. While the belt stands (``stand``) nothing moves on it or onto it; antennas go on reading.
Source: docs/plc-mailbox.md, "Events" and "Rules for the PLC".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Protocol, TypeAlias, assert_never

from edge.config.sim import SimConfig
from edge.core.values.layout import Job, Lane, LaneRole, LineLayout
from edge.sim.chute import Chute
from edge.sim.radio import ROOMS, Inventory, RadioField, RadioTag, Stray, strays
from edge.sim.world import FloorLoad, relabelled
from plc.words import CommandRecord, EventType, LaneChange, Opcode, Refusal
from rfid.driver import TagRead
from rfid.epc.identity import identify

MIN_GAP_MM = {Job.SORT: 70, Job.VERIFY: 350}
"""Loads never follow closer: photo-eyes must see the gap, and totes are merged by a metering belt."""
BEFORE_MM = 1_500
"""How far before the first photo-eye, antenna or the induction the loads are put on the belt."""
AFTER_MM = 1_000
"""From the last divert to the belt's end."""
RETURN_US = 4_000_000
"""From the belt's end, or a lane of role ``recirculate``, back to the infeed."""
SCAN_US = 30_000
"""What a scanner needs from an object's end to its word."""
WAITING = 4
"""Loads in the queue before the belt, in a room where what waits there is heard."""
IDLE_ROUND_US = 10_000
"""A reader's rounds while no tag is near."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What the PLC reports: the fields of a mailbox event."""

    at_us: int
    type: EventType
    track_id: int = 0
    station: int = 0
    value: int = 0


@dataclass(frozen=True, slots=True)
class InventoryRound:
    """One inventory round of one reader that found something; ``at_us`` is its end."""

    at_us: int
    reader: str
    reads: tuple[TagRead, ...]


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scanner says what it found on a load that has passed it; no ``codes`` = nothing."""

    at_us: int
    scanner: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DiscSeen:
    """A card reader sees the disc on a tote; ``epc``: what that disc means."""

    at_us: int
    reader: str
    epc: str


@dataclass(frozen=True, slots=True)
class Landed:
    """A load left the belt: the truth. ``rounds``: times it went round before. ``defaulted``: the PLC had no route."""

    at_us: int
    track_id: int
    load: FloorLoad
    lane: Lane
    rounds: int
    defaulted: bool


Happening: TypeAlias = Signal | InventoryRound | Scanned | DiscSeen | Landed


class Inflow(Protocol):
    """Where loads come from."""

    def next(self, at_us: int) -> FloorLoad | None:
        """The load put on the belt at ``at_us``; None = nothing comes now."""
        ...


@dataclass(slots=True, eq=False)
class Moving:
    """A load on the belt or on its way back. ``start_us``: belt time when its leading edge was at the belt's start."""

    load: FloorLoad
    tags: Mapping[str, Sequence[RadioTag]]
    strays: Mapping[str, list[Stray]] = field(default_factory=dict)  # heard of it while it waits
    start_us: int = 0
    track_id: int = 0
    rounds: int = 0
    lane: int = 0  # routed to, 0 = no route
    decided: bool = False
    defaulted: bool = False


class Floor:
    """One line.

    ``tracks`` gives the PLC's track ids; ``ports``: antenna ports of each of its readers; one that has none
    sees the discs of totes.
    ``inducted`` counts loads that came the first time, ``recirculated`` their later rounds; ``in_system`` is how many
    are on the belt or on their way back. ``host_gone`` is its owner's to set.
    """

    def __init__(
        self,
        layout: LineLayout,
        sim: SimConfig,
        seed: int,
        inflow: Inflow,
        tracks: Iterator[int],
        ports: Mapping[str, Sequence[int]],
        begin_us: int = 0,
    ) -> None:
        self.layout = layout
        self.inducted = 0
        self.recirculated = 0
        self.host_gone = False
        self._seed = f"{seed}/{layout.name}"
        self._inflow = inflow
        self._tracks = tracks
        self._rng = Random(f"{self._seed}/gaps")
        self._period_us = 3_600_000_000 / (sim.rate if layout.job is Job.SORT else sim.tote_rate)
        self._nominal_us = float(begin_us)
        places = [mm for portal in layout.portals for mm in (portal.eye_mm, portal.antenna_mm, portal.scan_mm)]
        self._start_mm = min(0, *places) - BEFORE_MM
        self._end_mm = max(lane.divert_mm for lane in layout.lanes) + AFTER_MM
        self._heap: list[tuple[int, int, Callable[[int], None]]] = []
        self._belt: list[tuple[int, int, Callable[[int], None]]] = []  # in belt time, which stands with the belt
        self._stood_us = 0
        self._stands_since_us: int | None = None
        self._order = count()
        self._out: list[Happening] = []
        self._tracked: dict[int, Moving] = {}
        self.in_system = 0
        self._back: deque[Moving] = deque()
        self._waiting: deque[Moving] = deque()
        self._queue = WAITING if ROOMS[sim.room].stray else 0
        self._near: dict[str, dict[Moving, None]] = {}
        self._fields: dict[str, RadioField] = {}
        self._first = (*layout.portal.readers, *layout.portal.scanners)
        places_of = {reader: portal for portal in layout.portals for reader in portal.readers}
        for reader, portal in places_of.items():
            if reader not in ports:
                continue
            self._fields[reader] = RadioField(portal, reader, ports, sim.room)
            self._near[reader] = {}
            self._at(begin_us, partial(self._round, Inventory(self._fields[reader], Random(f"{self._seed}/{reader}"))))
        carriers = sum(lane.role is LaneRole.CARRIER for lane in layout.lanes) or 1
        self.chutes = {
            lane.number: Chute(
                lane,
                sim,
                Random(f"{self._seed}/lane {lane.number}"),
                self._period_us * carriers,
                self._at,
                self._lane_changed,
                begin_us,
            )
            for lane in layout.lanes
        }
        self._carried(begin_us, self._slot)

    @property
    def empty(self) -> bool:
        """Whether nothing is on the belt, on its way back or in the queue before it."""
        return self.in_system == 0 and not self._waiting

    def advance(self, to_us: int) -> list[Happening]:
        """Lets time go by until ``to_us``; what happened since the last call, in order of time."""
        heap, belt = self._heap, self._belt
        while True:
            belt_us = belt[0][0] + self._stood_us if belt and self._stands_since_us is None else to_us + 1
            if heap and heap[0][0] <= to_us and (heap[0][0], heap[0][1]) < (belt_us, belt[0][1] if belt else 0):
                at_us, _, call = heappop(heap)
                call(at_us)
            elif belt_us <= to_us:
                heappop(belt)[2](belt_us)
            else:
                break
        out, self._out = self._out, []
        return out

    def stand(self, at_us: int, stands: bool) -> None:
        """Whether the belt stands from now on, at a time to which the floor has advanced."""
        if stands and self._stands_since_us is None:
            self._stands_since_us = at_us
        elif not stands and self._stands_since_us is not None:
            self._stood_us += at_us - self._stands_since_us
            self._stands_since_us = None

    def command(self, command: CommandRecord, at_us: int) -> Refusal | None:
        """Carries a command out, at a time to which the floor has advanced; None = accepted."""
        match command.opcode:
            case Opcode.ROUTE:
                moving = self._tracked.get(command.value)
                if moving is None:
                    return Refusal.UNKNOWN_TRACK
                if command.target not in self.chutes:
                    return Refusal.NO_TARGET
                if moving.decided:
                    return Refusal.PAST_DECISION
                moving.lane = command.target
            case Opcode.LANE:
                if command.target not in self.chutes:
                    return Refusal.NO_TARGET
                self.chutes[command.target].enable(at_us, bool(command.value))
            case Opcode.RELEASE | Opcode.HOLD:
                return Refusal.NO_TARGET
            case Opcode.OUTPUT:
                pass
            case _ as opcode:
                assert_never(opcode)
        return None

    def forget_routes(self) -> None:
        """The PLC started anew: what is not past the decision point has no route any more."""
        for moving in self._tracked.values():
            if not moving.decided:
                moving.lane = 0

    # ---- belt --------------------------------------------------------------------------------------------------------

    def _at(self, at_us: int, call: Callable[[int], None]) -> None:
        heappush(self._heap, (at_us, next(self._order), call))

    def _carried(self, at_us: int, call: Callable[[int], None]) -> None:
        """``call`` at that time, or so much later as the belt stands until then."""
        heappush(self._belt, (at_us - self._stood_us, next(self._order), call))

    def _belt_us(self, at_us: int) -> int:
        return (at_us if self._stands_since_us is None else self._stands_since_us) - self._stood_us

    def _slot(self, at_us: int) -> None:
        """A load may be put on the belt: one that comes round again before a new one."""
        speed, gap_mm = self.layout.speed_mm_s, self._gap_mm()
        moving = self._back.popleft() if self._back else self._arrival(at_us)
        self._nominal_us = max(self._nominal_us, at_us - 2 * self._period_us) + self._period_us
        taken_us = 0.0
        if moving is not None:
            self._place(moving, at_us)
            taken_us = (moving.load.length_mm + gap_mm) * 1_000_000 / speed
            if moving.load.followed and not moving.rounds:
                self._carried(at_us + int(taken_us) + 1, self._slot)
                return
        jitter_us = self._rng.uniform(-0.5, 0.5) * max(0.0, self._period_us - taken_us)
        self._carried(max(at_us + int(taken_us) + 1, int(self._nominal_us + jitter_us)), self._slot)

    def _gap_mm(self) -> float:
        """The least way between two loads, for the next one."""
        return MIN_GAP_MM[self.layout.job]

    def _arrival(self, at_us: int) -> Moving | None:
        """The next load; in a hard room from a queue, in which each is heard."""
        while len(self._waiting) <= self._queue and (load := self._inflow.next(at_us)) is not None:
            self._waiting.append(self._come(load, at_us))
        if not self._waiting:
            return None
        self.in_system += 1
        return self._waiting.popleft()

    def _come(self, load: FloorLoad, at_us: int) -> Moving:
        tags = {
            name: [antennas.tag(self._seed, tag) for tag in (load.tags if name in self._first else relabelled(load))]
            for name, antennas in self._fields.items()
        }
        until_us = at_us + int(self._queue * self._period_us)
        waits = {
            name: strays(
                antennas.room,
                Random(f"{self._seed}/{name}/{load.name}"),
                [tag.epc for tag in load.tags],
                at_us,
                until_us,
            )
            for name, antennas in self._fields.items()
            if self._queue and name in self._first
        }
        return Moving(load, tags, waits)

    def _place(self, moving: Moving, at_us: int) -> None:
        moving.start_us = self._belt_us(at_us)
        moving.lane, moving.decided, moving.defaulted = 0, False, False
        layout, length_mm = self.layout, moving.load.length_mm
        for portal in layout.portals:
            if portal.eye:
                self._when(moving, portal.eye_mm, partial(self._enter, portal.eye))
                self._when(moving, portal.eye_mm + length_mm, partial(self._leave, portal.eye))
        self._when(moving, 0, self._induct)
        self._when(moving, layout.decision_mm, self._decide)
        self._near_fields(moving)

    def _near_fields(self, moving: Moving) -> None:
        """When the load is near each reader's antennas, and when it has passed each scanner."""
        for portal in self.layout.portals:
            for scanner in portal.scanners:
                self._when(moving, portal.scan_mm + moving.load.length_mm, partial(self._scan, scanner))
            for reader in portal.readers if moving.load.disc else ():
                if reader not in self._fields:
                    self._when(moving, portal.antenna_mm + moving.load.length_mm // 2, partial(self._see, reader))
        if moving.load.tags:
            for name, antennas in self._fields.items():
                self._when(moving, max(self._start_mm, antennas.from_mm), partial(self._come_near, name))
                self._when(moving, antennas.to_mm + moving.load.length_mm, partial(self._go_away, name, moving.rounds))

    def _when(self, moving: Moving, at_mm: float, call: Callable[[Moving, int], None]) -> None:
        """``call`` when the load's leading edge is there."""
        at_us = moving.start_us + int((at_mm - self._start_mm) * 1_000_000 // self.layout.speed_mm_s)
        passes: Callable[[int], None] = partial(call, moving)
        heappush(self._belt, (at_us, next(self._order), passes))

    def _track(self, moving: Moving) -> int:
        if not moving.track_id:
            moving.track_id = next(self._tracks)
            self._tracked[moving.track_id] = moving
        return moving.track_id

    def _say(self, at_us: int, what: EventType, moving: Moving, station: int, value: int = 0) -> None:
        self._out.append(Signal(at_us, what, self._track(moving), station, value))

    def _enter(self, eye: int, moving: Moving, at_us: int) -> None:
        self._say(at_us, EventType.ENTERED, moving, eye)

    def _leave(self, eye: int, moving: Moving, at_us: int) -> None:
        self._say(at_us, EventType.LEFT, moving, eye)

    def _scan(self, scanner: str, moving: Moving, at_us: int) -> None:
        code = moving.load.barcode
        if code and moving.load.relabel and scanner not in self._first:
            code = identify(moving.load.relabel)
        codes = (code,) if code else ()
        self._at(at_us + SCAN_US, lambda told_us: self._out.append(Scanned(told_us, scanner, codes)))

    def _see(self, reader: str, moving: Moving, at_us: int) -> None:
        self._out.append(DiscSeen(at_us, reader, moving.load.disc))

    def _induct(self, moving: Moving, at_us: int) -> None:
        if moving.rounds:
            self.recirculated += 1
        else:
            self.inducted += 1
        self._say(at_us, EventType.INDUCTED, moving, self.layout.induction, moving.rounds)

    def _decide(self, moving: Moving, at_us: int) -> None:
        moving.decided = True
        if self.host_gone or not moving.lane:
            moving.lane, moving.defaulted = self.layout.default_lane, True
            self._say(at_us, EventType.DEFAULTED, moving, moving.lane)
        self._when(moving, self.chutes[moving.lane].lane.divert_mm, self._divert)

    def _divert(self, moving: Moving, at_us: int) -> None:
        chute = self.chutes[moving.lane]
        if not chute.take(at_us):
            self._say(at_us, EventType.DIVERT_FAILED, moving, moving.lane)
            self._when(
                moving, self._end_mm, lambda end, end_us: self._carried(end_us + RETURN_US, partial(self._again, end))
            )
            return
        self._say(at_us, EventType.DIVERTED, moving, moving.lane)
        self._out.append(Landed(at_us, moving.track_id, moving.load, chute.lane, moving.rounds, moving.defaulted))
        for near in self._near.values():
            near.pop(moving, None)
        if chute.lane.role is LaneRole.RECIRCULATE:
            self._carried(at_us + RETURN_US, partial(self._again, moving))
        else:
            del self._tracked[moving.track_id]
            self.in_system -= 1

    def _again(self, moving: Moving, _: int) -> None:
        moving.rounds += 1
        self._back.append(moving)

    def _lane_changed(self, at_us: int, lane: int, change: LaneChange) -> None:
        self._out.append(Signal(at_us, EventType.LANE, 0, lane, int(change)))

    # ---- antennas ----------------------------------------------------------------------------------------------------

    def _come_near(self, reader: str, moving: Moving, _: int) -> None:
        self._near[reader][moving] = None

    def _go_away(self, reader: str, rounds: int, moving: Moving, _: int) -> None:
        if moving.rounds == rounds:
            self._near[reader].pop(moving, None)

    def _round(self, inventory: Inventory, at_us: int) -> None:
        reader = inventory.field.reader
        near = self._near[reader]
        if not near:
            self._at(at_us + IDLE_ROUND_US, partial(self._round, inventory))
            return
        per_us, belt_us = self.layout.speed_mm_s / 1_000_000, self._belt_us(at_us)
        end_us, reads = inventory.round(
            at_us,
            [
                (self._start_mm + (belt_us - moving.start_us) * per_us - moving.load.length_mm / 2, moving.tags[reader])
                for moving in near
            ],
            [moving.strays[reader] for moving in self._waiting if reader in moving.strays],
        )
        self._at(end_us, partial(self._round_over, inventory, reads))

    def _round_over(self, inventory: Inventory, reads: tuple[TagRead, ...], at_us: int) -> None:
        if reads:
            self._out.append(InventoryRound(at_us, inventory.field.reader, reads))
        self._round(inventory, at_us)
