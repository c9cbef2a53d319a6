"""The simulated floor behind its devices: PLCs, readers and scanners on real sockets before the simulated lines.

Public names: SimulatedFloor.

One clock moves everything, in steps of ``scan_ms``: lines advance, the PLCs scan, the readers report. It follows the
loop's clock and catches up after a delay, so that a busy machine changes nothing that happens, only when it is seen.
PLC time starts 20 s before its 32-bit counter wraps; readers stamp with a UTC of their own, from 2026-01-01 on.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, assert_never
from urllib.parse import urlsplit

from edge.config.late import loaded
from edge.config.lines import LineConfig
from edge.config.plcs import PlcConfig, Transport
from edge.config.points import point
from edge.config.readers import BarcodeConfig, SerialConfig
from edge.config.remote_io import io_layout
from edge.core.values.dock import Side
from edge.core.values.layout import Job, LaneRole, LineLayout, Portal
from edge.sim.can import UnsimulatedError, unsimulated
from edge.sim.dock_floor import Crossing, EyeSignal
from edge.sim.dock_hands import DockHands
from edge.sim.faults import Failing, FaultOrder, Faults, failing
from edge.sim.floor import DiscSeen, Floor, Happening, InventoryRound, Landed, Scanned, Signal
from edge.sim.held_tags import HeldTags
from edge.sim.inflow import Stream
from edge.sim.io_floor import IoFloor
from edge.sim.point_values import move_points
from edge.sim.reader_room import ReaderRoom
from edge.sim.tally import Decision, FloorReport, PlcEvents, ReactionMs, Tally, percentiles_ms
from edge.sim.world import World
from plc.driver import PlcError
from plc.io_simulator import SimulatedIo
from plc.plc_side import PlcSide
from plc.simulated_faults import AMOUNTS as PLC_AMOUNTS
from plc.simulated_faults import PlcFault
from plc.simulator import SimulatedPlc
from plc.words import CommandRecord, EventType, Opcode, Refusal, serial_behind
from rfid.llrp_device.simulator import SimulatedReader

if TYPE_CHECKING:
    from plc.opcua_simulator import OpcUaFace

LEAD_US = 2_000_000
"""The belts run empty for so long before the first load."""
DRAIN_US = 90_000_000
"""How long the belts may take to run empty after the inflow stopped."""
ACKNOWLEDGE_US = 10_000_000
"""How long the host may take to acknowledge the last events."""
BURST = 4
"""Steps made up for in one turn of the loop after a delay; between turns hosts are heard."""
STANDSTILL_S = 1.0
"""A longer delay is not made up for: the machine slept. Shorter ones are, since the clocks of real devices never wait,
and hosts estimate them."""
POINTS_US = 200_000
"""How often the points of the PLCs follow the belts."""
PLC_BEGINS_MS = 2**32 - 20_000
UTC_BEGINS_US = 1_767_225_600_000_000
PLC_BUFFER = 20_000


class SimulatedFloor:
    """Every line of a configuration behind its PLCs and readers.

    ``seconds``: how long loads flow in, None = for ever. ``released`` False holds the belts until ``release``.
    ``alone``: they do not wait for controllers. ``empty``: nothing comes but what is put there. ``keep_decisions``:
    remember where each load ended. ``crossings`` counts ways through dock doors. ``faults``: what is to go wrong; more
    may be ordered of the attribute of that name while it runs. ``say`` is told when. ``takes``: whether somebody comes
    for what landed; ``carried_for``: the same of a parcel whose carrier may be another one by now, which that somebody
    then sees to. ``monotonic_us`` times the reactions; None = the loop's clock, which times everything else, but
    which uvloop rounds to whole milliseconds.
    """

    def __init__(
        self,
        config: LineConfig,
        *,
        seed: int | None = None,
        seconds: float | None = None,
        released: bool = True,
        alone: bool = False,
        empty: bool = False,
        keep_decisions: bool = False,
        faults: Sequence[FaultOrder] = (),
        say: Callable[[str], None] = lambda _: None,
        monotonic_us: Callable[[], int] | None = None,
    ) -> None:
        self.config = config
        self.seed = config.sim.seed if seed is None else seed
        self.world = World(config, self.seed)
        self.tally = Tally(decisions=[] if keep_decisions else None)
        self.tag_reads = 0
        self.crossings = 0
        self.takes: Callable[[LineLayout, Landed], bool] = lambda _, __: False
        self.carried_for: Callable[[Landed], Landed] = lambda landed: landed
        self._seconds = seconds
        self._monotonic_us = monotonic_us
        self._released = released
        self._alone = alone
        self._empty = empty
        self._refused: Counter[str] = Counter()
        self._layouts = {layout.name: layout for layout in config.layouts()}
        self.streams = {name: self._stream(layout) for name, layout in self._layouts.items()}
        self._floors = {name: self._floor(layout) for name, layout in self._layouts.items()}
        self._hands = DockHands(config, self.seed) if config.dock else None
        self._held = HeldTags(self.seed)
        self._now_us = 0
        self._began_us: int | None = None
        self._emptied_us: int | None = None
        self._shown: Counter[str] = Counter()
        self._late_s = 0.0
        self._plcs: dict[str, SimulatedPlc] = {}
        self._faces: list[OpcUaFace] = []
        self._ios: dict[str, SimulatedIo] = {}
        self.readers = ReaderRoom(config.reader, self.reader_us)
        self._ordered = tuple(faults)
        self._say = say
        self.faults = Faults({}, say)
        self._task: asyncio.Task[None] | None = None

    @property
    def decisions(self) -> list[Decision]:
        """Where every load that left the belts ended, by line and load; empty unless they are kept."""
        return sorted(self.tally.decisions or ())

    @property
    def moving(self) -> bool:
        """Whether the belts have begun to move."""
        return self._began_us is not None

    @property
    def floor_us(self) -> int:
        """Time since the belts began to move."""
        return 0 if self._began_us is None else self._now_us - self._began_us

    @property
    def ending(self) -> bool:
        """Whether the inflow has ended."""
        return any(stream.stopped for stream in self.streams.values())

    def waits_for(self) -> list[str]:
        """What is still missing before the belts move, one phrase each."""
        if self._alone:
            return [] if self._released else ["orders"]
        mailboxes = [(name, plc) for name, plc in self._plcs.items() if self.config.plc[name].mailbox]
        missing = [f"a controller on PLC {name}" for name, plc in mailboxes if not self._host_alive(plc)]
        missing += [f"a controller on remote I/O {name}" for name, io in self._ios.items() if not io.reads]
        missing += self.readers.missing()
        return missing if self._released else ["orders", *missing]

    def release(self) -> None:
        """Lets the belts move as soon as nothing else is missing."""
        self._released = True

    def carry(self, door: str, epc: str, back: bool = False) -> None:
        """Somebody carries a parcel out through a dock door, or in again."""
        if self._hands is not None:
            self._hands.carry(epc, door, self.floor_us, back)

    def hold(self, reader: str, antennas: Sequence[int], epcs: Sequence[str], seconds: float) -> None:
        """Somebody holds tags before the first of these antennas of a reader; the others hear them too."""
        self._held.add(reader, antennas, epcs, self._now_us, self._now_us + round(seconds * 1_000_000))
        self.readers.trigger(reader, True)

    def plc(self, name: str) -> SimulatedPlc:
        """A PLC of the floor."""
        return self._plcs[name]

    def reader(self, name: str) -> SimulatedReader:
        """A reader of the floor that speaks LLRP, for faults on command."""
        return self.readers.llrp(name)

    async def start(self) -> None:
        """Listens on every address of the configuration.

        Raises PlcError or ReaderError, naming what is taken, FaultError for a fault that cannot be, UnsimulatedError
        for a line that cannot be stood in for.
        """
        if problems := unsimulated(self.config):
            raise UnsimulatedError(problems)
        loop = asyncio.get_running_loop()
        session = int(loop.time() * 1000) % 65_535 + 1
        try:
            for name, plc in self.config.plc.items():
                if plc.io is not None:
                    self._ios[name] = self._remote_io(name)
                    await self._ios[name].start(plc.host, plc.tcp_port)
                    continue
                side = PlcSide(
                    session, act=partial(self._obey, name), version=self.config.sim.mailbox, buffer=PLC_BUFFER
                )
                self._plcs[name] = SimulatedPlc(
                    name,
                    side,
                    self._plc_ms,
                    self.config.sim.scan_ms,
                    plc.up,
                    plc.down,
                    points=[point(one, table) for one, table in plc.point.items()],
                    monotonic_us=self._monotonic_us or (lambda: int(loop.time() * 1_000_000)),
                )
                if plc.driver == "opcua":
                    await self._serve_opcua(name, plc)
                else:
                    rtu = plc.transport is Transport.RTU
                    where = plc.serial_server if rtu else (plc.host, plc.tcp_port)
                    await self._plcs[name].start(*(where or ()), scanning=False, rtu=rtu)
            await self.readers.start()
            self.faults = Faults(
                self.readers.failing()
                | {f"plc.{name}": self._failing_plc(name, plc) for name, plc in self._plcs.items()},
                self._say,
            )
            self.faults.order(self._ordered)
        except BaseException:
            await self.stop()
            raise
        self._task = loop.create_task(self._run(), name="simulated floor")

    async def _serve_opcua(self, name: str, config: PlcConfig) -> None:
        """The PLC behind an OPC UA server, whose library takes most of a second to load. Raises PlcError."""
        face = loaded("plc.opcua_simulator")
        where = urlsplit(config.opcua.url)
        served: OpcUaFace = face.OpcUaFace(self._plcs[name], self.config.sim.scan_ms, scanning=False)
        self._faces.append(served)
        try:
            await served.start(where.hostname or "127.0.0.1", where.port or 4840)
        except OSError as error:
            raise PlcError(f"{name}: cannot listen on {where.netloc}: {os.strerror(error.errno or 0)}") from None

    async def stop(self) -> None:
        """Closes every socket; the truth so far stays."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self.readers.stop()
        for face in self._faces:
            await face.stop()
        self._faces.clear()
        for plc in self._plcs.values():
            await plc.stop()
        for io in self._ios.values():
            await io.stop()

    async def wait(self) -> None:
        """Until the inflow has ended, the belts are empty and every event is acknowledged, each within its limit."""
        if self._task is not None:
            await asyncio.shield(self._task)

    def latest_reaction_ms(self) -> ReactionMs:
        """Of the newest 1,000 reactions of each PLC that drives a line decided at its induction."""
        return percentiles_ms([sample for plc in self._plcs_that_react() for sample in plc.reactions_us[-1000:]])

    def report(self) -> FloorReport:
        """The truth so far."""
        sorters = [name for name, layout in self._layouts.items() if layout.job is Job.SORT]
        totes = [name for name, layout in self._layouts.items() if layout.job is Job.VERIFY]
        reactions = [sample for plc in self._plcs_that_react() for sample in plc.reactions_us]
        tally = self.tally
        return FloorReport(
            seed=self.seed,
            rate=self.config.sim.rate,
            seconds=self._seconds,
            parcels_inducted=sum(self._floors[name].inducted for name in sorters),
            parcels_diverted=tally.parcels_diverted,
            parcels_in_assigned_lane=tally.parcels_in_assigned_lane,
            parcels_in_alternative_lane=tally.parcels_in_alternative_lane,
            missorted=tally.missorted,
            defaulted=tally.defaulted,
            recirculated=sum(floor.recirculated for floor in self._floors.values()),
            to_quality=tally.to_quality,
            to_reject=tally.to_reject,
            good_parcels_to_quality=tally.good_parcels_to_quality,
            totes_inducted=sum(self._floors[name].inducted for name in totes),
            totes_to_packing=tally.totes_to_packing,
            totes_to_quality=tally.totes_to_quality,
            false_accepts=tally.false_accepts,
            false_refusals=tally.false_refusals,
            left_on_belt=sum(floor.in_system for floor in self._floors.values()),
            tag_reads=self.tag_reads,
            reaction_ms=percentiles_ms(reactions),
            late_ms=round(self._late_s * 1000, 1),
            unacknowledged=sum(plc.side.unacknowledged for plc in self._plcs.values()),
            plc_events={
                name: PlcEvents(session=plc.side.session, events=self._shown[name], lost=plc.side.events_lost)
                for name, plc in self._plcs.items()
            },
            refused=dict(self._refused),
            shop=None,
        )

    # ---- the clock ---------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        step_s = self.config.sim.scan_ms / 1000
        due = loop.time()
        while not self._finished():
            if self.moving:
                self._late_s = max(self._late_s, loop.time() - due)
            for _ in range(BURST):
                if due > loop.time():
                    break
                due += step_s
                self._step()
            now = loop.time()
            if due < now - STANDSTILL_S:
                self._late_s = max(self._late_s, now - due)
                due = now
            await asyncio.sleep(max(0.0, due - now))

    def _step(self) -> None:
        """One scan of everything."""
        self._now_us += self.config.sim.scan_ms * 1000
        if self._began_us is None:
            if not self.waits_for():
                self._began_us = self._now_us
        else:
            floor_us = self.floor_us
            if self._seconds is not None and floor_us >= LEAD_US + self._seconds * 1_000_000:
                for stream in self.streams.values():
                    stream.stopped = True
            for floor in self._floors.values():
                if floor.layout.plc in self._plcs:
                    plc = self._plcs[floor.layout.plc]
                    floor.host_gone = not self._host_alive(plc)
                    floor.stand(floor_us - self.config.sim.scan_ms * 1000, plc.stands)
                for happening in floor.advance(floor_us):
                    self._happened(floor.layout, happening)
            for told in self._hands.advance(floor_us) if self._hands is not None else ():
                self._at_door(told)
        for name, reads in self._held.reads(self._now_us, self.reader_us()):
            self.readers.report(name, reads)
        for name in self._held.let_go(self._now_us):
            self.readers.trigger(name, False)
        if self._now_us % POINTS_US < self.config.sim.scan_ms * 1000:
            self._move_points()
        self.faults.advance(self._now_us, self.floor_us if self.moving else None)
        for name, plc in self._plcs.items():
            before = plc.side.event_newest
            plc.scan()
            self._shown[name] += serial_behind(before, plc.side.event_newest)

    def _move_points(self) -> None:
        for name, plc in self._plcs.items():
            floors = [floor for floor in self._floors.values() if floor.layout.plc == name]
            runs = self.moving and not plc.stands
            speed_mm_s = floors[0].layout.speed_mm_s if floors and runs else 0
            move_points(plc.points, self.floor_us, speed_mm_s, sum(floor.inducted for floor in floors))

    def _finished(self) -> bool:
        if self._seconds is None or self._began_us is None:
            return False
        over_us = self.floor_us - LEAD_US - int(self._seconds * 1_000_000)
        if over_us < 0:
            return False
        empty = all(floor.empty for floor in self._floors.values())
        if empty and self._emptied_us is None:
            self._emptied_us = self._now_us
        if self._emptied_us is None:
            return over_us > DRAIN_US
        acknowledged = not any(plc.side.unacknowledged for plc in self._plcs.values())
        return acknowledged or self._now_us - self._emptied_us > ACKNOWLEDGE_US

    def _happened(self, layout: LineLayout, happening: Happening) -> None:
        match happening:
            case Signal():
                side = self._plcs[layout.plc].side
                if happening.type is EventType.LANE:
                    self._show_lanes(layout.plc)
                before = side.event_newest
                side.emit(
                    happening.type,
                    happening.track_id,
                    happening.station,
                    value=happening.value,
                    at_ms=self._plc_ms(),
                )
                self._shown[layout.plc] += serial_behind(before, side.event_newest)
                if happening.type in (EventType.ENTERED, EventType.LEFT):
                    for portal in layout.portals:
                        if happening.station == portal.eye:
                            self._trigger(portal, happening.type is EventType.ENTERED)
            case InventoryRound():
                self.tag_reads += self._report(happening)
            case Scanned():
                self.readers.scan(happening.scanner, happening.codes)
            case DiscSeen():
                self.readers.show(happening.reader, happening.epc)
            case Landed():
                if happening.load.by_hand:
                    self._say(_came(layout, happening))
                counted = self.carried_for(happening)
                self.tally.add(layout, counted)
                if self._hands is not None:
                    self._hands.landed(counted)
                if happening.lane.role is LaneRole.RECIRCULATE or self.takes(layout, happening):
                    return
                by_itself = layout.job is Job.VERIFY and not happening.load.by_hand
                if by_itself and happening.lane.role is LaneRole.VERIFIED:
                    self._pack(happening)
            case _:
                assert_never(happening)

    def _report(self, heard: InventoryRound) -> int:
        """Has a reader report; how many reads were delivered."""
        reads = [read._replace(at_us=self.reader_us(read.at_us)) for read in heard.reads]
        return self.readers.report(heard.reader, reads)

    def _at_door(self, happening: InventoryRound | Crossing | EyeSignal) -> None:
        match happening:
            case InventoryRound():
                self._report(happening)
            case EyeSignal():
                eyes = next(dock.eyes for dock in self.config.docks() if dock.name == happening.door)
                if eyes is not None and eyes.plc in self._plcs:
                    station = eyes.inside if happening.side is Side.INSIDE else eyes.outside
                    side = self._plcs[eyes.plc].side
                    before = side.event_newest
                    side.emit(EventType.INPUT, 0, station, value=int(happening.covered), at_ms=self._plc_ms())
                    self._shown[eyes.plc] += serial_behind(before, side.event_newest)
            case Crossing():
                self.crossings += 1
            case _:
                assert_never(happening)

    def _trigger(self, portal: Portal, entered: bool) -> None:
        """The portal's photo-eye is wired to the inputs that start its readers."""
        for name in portal.readers:
            self.readers.trigger(name, entered)

    def _pack(self, landed: Landed) -> None:
        packed = self.world.packed(landed.load)
        if packed is not None:
            line, parcel = packed
            self.streams[line].add(landed.at_us + self.world.packing_us(landed.load), parcel)

    def _plc_ms(self) -> int:
        return PLC_BEGINS_MS + self._now_us // 1000

    def reader_us(self, floor_us: int | None = None) -> int:
        """Now, or a time of the floor, on the readers' clocks."""
        if floor_us is None or self._began_us is None:
            return UTC_BEGINS_US + self._now_us
        return UTC_BEGINS_US + self._began_us + floor_us

    def _failing_plc(self, name: str, plc: SimulatedPlc) -> Failing:
        can = failing(PlcFault, PLC_AMOUNTS, partial(self._plc_fault, name), plc.mend)
        if self.config.plc[name].driver == "opcua":
            of_modbus = (PlcFault.SLOW, PlcFault.MUTE, PlcFault.RESET, PlcFault.STALL)
            return replace(can, amounts={fault: what for fault, what in can.amounts.items() if fault not in of_modbus})
        return can

    def _plc_fault(self, name: str, fault: PlcFault, amount: int | None) -> None:
        if fault is PlcFault.RESTART:  # the PLC's program knows no route any more
            for floor in self._floors.values():
                if floor.layout.plc == name:
                    floor.forget_routes()
        self._plcs[name].fault(fault, amount)

    # ---- the PLCs ----------------------------------------------------------------------------------------------------

    def _plcs_that_react(self) -> list[SimulatedPlc]:
        names = dict.fromkeys(layout.plc for layout in self._layouts.values() if layout.known_at_induction)
        return [self._plcs[name] for name in names if name in self._plcs]

    def _host_alive(self, plc: SimulatedPlc) -> bool:
        return plc.side.host_alive(self._plc_ms())

    def _obey(self, name: str, command: CommandRecord) -> Refusal | None:
        """Carries out a command for PLC ``name``, which may drive more than one line."""
        floors = [floor for floor in self._floors.values() if floor.layout.plc == name]
        why: Refusal | None = Refusal.UNKNOWN_TRACK if command.opcode is Opcode.ROUTE else Refusal.NO_TARGET
        if command.opcode is Opcode.ROUTE and self._plcs[name].stands:
            why, floors = Refusal.NOT_EXECUTE, []
        for floor in floors:
            answer = floor.command(command, self.floor_us)
            if answer is None:
                why = None
            elif answer is not Refusal.UNKNOWN_TRACK and why is not None:
                why = answer
        if why is not None:
            self._refused[why.name.lower()] += 1
        return why

    def _show_lanes(self, name: str) -> None:
        full = disabled = 0
        for floor in self._floors.values():
            if floor.layout.plc == name:
                for number, chute in floor.chutes.items():
                    full |= chute.full << (number - 1)
                    disabled |= chute.disabled << (number - 1)
        side = self._plcs[name].side
        side.lanes_full, side.lanes_disabled = full, disabled

    # ---- the lines ---------------------------------------------------------------------------------------------------

    def _stream(self, layout: LineLayout) -> Stream:
        if self._empty:
            return Stream(None)
        match layout.job:
            case Job.SORT:
                return Stream(partial(self.world.parcel, layout.name))
            case Job.VERIFY:
                return Stream(partial(self.world.tote, layout.name))
            case _ as job:
                assert_never(job)

    def _remote_io(self, name: str) -> SimulatedIo:
        (floor,) = (one for one in self._floors.values() if isinstance(one, IoFloor) and one.layout.plc == name)
        return SimulatedIo(
            name,
            lambda: floor.inputs,
            lambda: floor.counts(self.floor_us),
            lambda coils: floor.coils(coils, self.floor_us),
        )

    def _floor(self, layout: LineLayout) -> Floor:
        ports = {
            name: reader.antennas
            for name, reader in self.config.reader.items()
            if not isinstance(reader, SerialConfig | BarcodeConfig)
        }
        plc = self.config.plc[layout.plc]
        if plc.io is not None:
            io = io_layout(plc.io, layout, plc.poll_ms)
            return IoFloor(layout, io, self.config.sim, self.seed, self.streams[layout.name], ports, LEAD_US)
        on_plc = [other.name for other in self._layouts.values() if other.plc == layout.plc]
        return Floor(
            layout,
            self.config.sim,
            self.seed,
            self.streams[layout.name],
            count(1 + on_plc.index(layout.name), len(on_plc)),
            ports,
            LEAD_US,
        )


def _came(layout: LineLayout, landed: Landed) -> str:
    """Where a load is that somebody put there."""
    load, lane = landed.load, landed.lane
    order = "" if load.order is None else f" of order {load.order.id}"
    return f"{layout.name}#{landed.track_id}: {load.identity}{order} is in lane {lane.number} ({lane.name})"
