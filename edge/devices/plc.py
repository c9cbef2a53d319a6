"""One PLC as the runtime sees it: our half of its mailbox, its clock, and the inputs that follow from its signals.

Public names: PlcSession.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from edge.config.plcs import PlcConfig
from edge.core.events import (
    AnomalyCode,
    CommandDropped,
    CommandHandled,
    CommandSent,
    DeviceNotice,
    EventsMissed,
    Input,
    MachineReported,
    PlcConnected,
    PlcEvent,
    Route,
    SetLane,
    SetOutput,
)
from edge.core.values.layout import LineLayout
from edge.core.values.state import PlcState
from edge.devices.clocks import DeviceClock, WrappingMs, clock_set
from edge.devices.lookout import Lookout
from edge.devices.plc_drivers import plc_link
from plc.driver import PlcLink
from plc.host_signals import (
    Connected,
    Dropped,
    EventsLost,
    Fenced,
    Found,
    Gap,
    Handled,
    HostSignal,
    Incompatible,
    LanesChanged,
    LinkFresh,
    LinkStale,
    Restarted,
    StateChanged,
    Unaccounted,
)
from plc.mailbox import Host, Remembered
from plc.modbus_bus import Buses
from plc.words import CommandRecord, EventRecord, Opcode, Sent


class PlcSession:
    """One PLC for the life of the process.

    ``known``: what the journal remembers of it, None = nothing. ``lines``: those that it drives. ``buses``: see
    plc_link. ``epoch``: of the lease, None = there is none. ``by_other``: see Remembered.
    """

    def __init__(
        self,
        name: str,
        config: PlcConfig,
        known: PlcState | None,
        lines: Sequence[LineLayout] = (),
        buses: Buses | None = None,
        epoch: int | None = None,
        by_other: bool = False,
    ) -> None:
        self.name = name
        self._buses = buses
        self._lines = lines
        self.config = config
        self.lookout = Lookout(() if config.io else lines, config.poll_ms * 1000)
        self.host = Host(
            None
            if known is None
            else Remembered(known.session, known.event_seq, known.command_seq, known.events_lost, by_other),
            epoch=epoch,
            takeover_us=config.takeover_ms * 1000,
        )
        self._link: PlcLink | None = None
        self._ms = WrappingMs()
        self._clock = DeviceClock()
        self._connected_before = False
        self._unstored: deque[tuple[int, EventRecord | Sent, int]] = deque()
        self._rests: asyncio.Future[bool] | None = None

    @property
    def was_connected(self) -> bool:
        """Whether it was connected to since this session was made: before, decisions wait for it (PlcConnected)."""
        return self._connected_before

    def follow(self, lines: Sequence[LineLayout]) -> None:
        """Its lines are these from now on."""
        self._lines = lines
        self.lookout = Lookout(() if self.config.io else lines, self.config.poll_ms * 1000)

    def stands(self, at_us: int) -> Iterator[PlcConnected]:
        """How its lanes stand as it told last; nothing while it is not connected."""
        up, session = self.host.up, self.host.session
        if up is not None and session is not None and self._connected_before:
            yield self._connected(Connected(session, False, self.host.epoch, up, (), up.cmd_done), at_us)

    @property
    def link(self) -> PlcLink:
        """The way to it; what it learned of the PLC outlives a connection."""
        if self._link is None:
            self._link = plc_link(self.name, self.config, next(iter(self._lines), None), self._buses)
        return self._link

    def observe(self, up: Sequence[int], at_us: int, asked_us: int) -> int:
        """Takes the PLC's time from an UP block that was asked for and arrived just now.

        Gives how far its clock was set ahead (back: negative) in microseconds. That is to be told (``clock_set``) once
        what the block tells was taken: it may have happened before.
        """
        return self._clock.observe(self._ms.us(up[4] << 16 | up[5]), at_us, asked_us)

    def clock_told(self) -> tuple[tuple[str, float], ...]:
        """How its clock stands to the host's, for `Measured`."""
        return self._clock.told()

    def clock_set(self, step_us: int, at_us: int) -> DeviceNotice:
        """What is said when its clock was set."""
        return DeviceNotice(at_us, self.name, AnomalyCode.CLOCK_JUMPED, clock_set(self.name, step_us))

    def command(self, command: Route | SetLane | SetOutput) -> None:
        """Queues a command of the core."""
        match command:
            case Route(_, track_id, lane, expiry_ms):
                self.host.command(CommandRecord(Opcode.ROUTE, track_id, lane, expiry_ms))
            case SetLane(_, lane, enabled, valid_us):
                self.host.command(CommandRecord(Opcode.LANE, int(enabled), lane, self._in(valid_us)))
            case SetOutput(_, output, on, valid_us):
                self.host.command(CommandRecord(Opcode.OUTPUT, int(on), output, self._in(valid_us)))
            case _:
                assert_never(command)
        self._rested(False)

    async def rest(self, until_s: float) -> bool:
        """Waits until a time of the loop's; False where a command came before it, which does not wait for a poll."""
        loop = asyncio.get_running_loop()
        if until_s <= loop.time():  # it is late already: the others have a turn, and that is all
            await asyncio.sleep(0)
            return True
        self._rests = loop.create_future()
        timer = loop.call_at(until_s, self._rested, True)
        try:
            return await self._rests
        finally:
            timer.cancel()
            self._rests = None

    def _rested(self, whole: bool) -> None:
        if self._rests is not None and not self._rests.done():
            self._rests.set_result(whole)

    def _in(self, valid_us: int) -> int:
        """PLC time in so long, in ms."""
        return (self.host.plc_ms + valid_us // 1000) % 2**32

    def inputs(self, signals: Sequence[HostSignal], at_us: int) -> Iterator[tuple[Input, Sequence[EventRecord | Sent]]]:
        """The inputs that follow from signals, in order, each with what may be acknowledged once it is stored.

        Whether the PLC can be reached is not among them: the runtime knows whether that is news.
        """
        connects = any(isinstance(signal, Connected) for signal in signals)
        for signal in signals:
            match signal:
                case EventRecord():
                    yield self._event(signal, at_us), (signal,)
                case Sent():
                    yield self._sent(signal, at_us), (signal,)
                case Found(sent):
                    yield replace(self._sent(sent, at_us), found=True), (sent,)
                case Handled(sent, refusal):
                    command = sent.command
                    why = 0 if refusal is None else int(refusal)
                    opcode = int(command.opcode)
                    yield (
                        CommandHandled(
                            at_us=at_us,
                            plc=self.name,
                            seq=sent.seq,
                            opcode=opcode,
                            value=command.value,
                            target=command.target,
                            refusal=why,
                        ),
                        (),
                    )
                case Connected():
                    yield self._connected(signal, at_us), signal.found
                    yield MachineReported(at_us=at_us, plc=self.name, state=signal.up.plc_state), ()
                case Restarted(session):
                    up = self.host.up
                    if not connects and up is not None:
                        yield self._connected(Connected(session, True, self.host.epoch, up, (), up.cmd_done), at_us), ()
                        yield MachineReported(at_us=at_us, plc=self.name, state=up.plc_state), ()
                case Dropped(command, why):
                    opcode = int(command.opcode)
                    yield (
                        CommandDropped(
                            at_us=at_us,
                            plc=self.name,
                            opcode=opcode,
                            value=command.value,
                            target=command.target,
                            why=why,
                        ),
                        (),
                    )
                case Gap(first, last):
                    yield EventsMissed(at_us, self.name, first, last, (last - first) % 65536 + 1), ()
                case EventsLost(count):
                    yield EventsMissed(at_us, self.name, 0, 0, count), ()
                case Unaccounted(first, last):
                    text = f"{self.name} handled commands {first} to {last}, which this host did not send"
                    yield DeviceNotice(at_us, self.name, AnomalyCode.UNACCOUNTED_COMMANDS, text), ()
                case Incompatible(why):
                    yield DeviceNotice(at_us, self.name, AnomalyCode.INCOMPATIBLE, f"{self.name}: {why}"), ()
                case LinkStale() | LinkFresh() | Fenced():
                    pass  # said by the runtime
                case StateChanged() | LanesChanged():
                    pass  # said by events; after a connect by PlcConnected
                case _:
                    assert_never(signal)

    def unstored(self, seq: int, what: Sequence[EventRecord | Sent]) -> None:
        """These may be acknowledged once the journal has record ``seq``."""
        session = self.host.session or 0
        self._unstored.extend((seq, one, session) for one in what)

    def stored(self, seq: int) -> None:
        """The journal has everything up to ``seq``."""
        waiting = self._unstored
        while waiting and waiting[0][0] <= seq:
            _, what, session = waiting.popleft()
            match what:
                case EventRecord():
                    self.host.event_stored(what.seq, session)
                case Sent():
                    self.host.command_stored(what.seq, session)
                case _:
                    assert_never(what)

    def _connected(self, signal: Connected, at_us: int) -> PlcConnected:
        up = signal.up
        self._clock.observe(self._ms.us(up.plc_ms), at_us)
        resumed, self._connected_before = self._connected_before, True
        return PlcConnected(
            at_us=at_us,
            plc=self.name,
            session=signal.session,
            epoch=signal.epoch,
            fresh=signal.fresh,
            resumed=resumed,
            event_acked=up.event_acked,
            events_lost=up.events_lost,
            command_head=signal.command_head,
            news_to=signal.news_to,
            found=tuple(replace(self._sent(sent, at_us), found=True) for sent in signal.found),
            lanes_full=up.lanes_full,
            lanes_disabled=up.lanes_disabled,
        )

    def _sent(self, sent: Sent, at_us: int) -> CommandSent:
        command = sent.command
        return CommandSent(
            at_us=at_us,
            plc=self.name,
            session=self.host.session or 0,
            seq=sent.seq,
            opcode=int(command.opcode),
            value=command.value,
            target=command.target,
            expiry_ms=command.expiry_ms,
            found=False,
        )

    def _event(self, event: EventRecord, at_us: int) -> PlcEvent:
        made = PlcEvent(
            at_us=at_us,
            device_us=self._clock.host_us(self._ms.us(event.plc_ms)),
            plc=self.name,
            session=self.host.session or 0,
            seq=event.seq,
            type=int(event.type),
            track_id=event.track_id,
            station=event.station,
            cause=event.cause,
            value=event.value,
            plc_ms=event.plc_ms,
        )
        self.lookout.event(made)
        return made
