"""The mailboxes of a controller's PLCs: each polled as long as its connection lasts, and what is commanded of them.

Public names: Mailboxes.

A command goes out at once, an event is acknowledged when the journal says that it is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import assert_never

from edge.config.lines import LineConfig
from edge.controller.clock import HostClock
from edge.controller.sessions import Session, Sessions
from edge.controller.standby import Standby
from edge.controller.vitals import Vitals
from edge.core.events import CommandDropped, Input, Route, SetLane, SetOutput
from edge.core.iso_time import iso
from edge.core.values.layout import LineLayout
from edge.core.values.state import CoreState
from edge.devices.plc import PlcSession
from edge.journal.writer import Journal
from plc.driver import PlcError
from plc.host_signals import Connected, Fenced, HostSignal, Incompatible, LinkFresh, LinkStale
from plc.modbus_bus import Buses
from plc.words import MailboxError, Opcode

WATCH_S = 0.05
"""How often a PLC that obeys another controller is looked at; that one writes at least every 0.1 s."""


class Mailboxes:
    """All of one controller. ``plcs``: by name; ``vitals``: takes how long they take to answer.

    ``state``: of the decisions; ``give`` takes an input and gives the last sequence, and what the decisions raised;
    ``buses``: shared with the points; ``proven``: a PLC's clock was set back by so much, see DeviceClock.
    """

    def __init__(
        self,
        config: LineConfig,
        vitals: Vitals,
        journal: Journal,
        clock: HostClock,
        sessions: Sessions,
        standby: Standby | None,
        buses: Buses,
        *,
        state: Callable[[], CoreState],
        give: Callable[[Input], tuple[int, Exception | None]],
        proven: Callable[[int, int], None],
    ) -> None:
        self.vitals = vitals
        self._config = config
        self._journal = journal
        self._clock = clock
        self._tell, self._reasons = sessions.tell, sessions.reasons
        self._standby = standby
        self._buses = buses
        self._state = state
        self._give = give
        self._proven = proven
        self._anew: dict[str, int] = {}
        """PLCs that begin anew, as at a start, when the journal has so many records."""
        self._new_hosts: set[str] = set()
        """PLCs whose session was made when the lease was taken."""
        self.plcs = {name: self._made(name) for name, table in config.plc.items() if table.mailbox}

    def lead(self, by_other: bool) -> None:
        """The lines are this controller's from now on; ``by_other``: another had them before."""
        self.plcs |= {name: self._made(name, by_other) for name in self.plcs}
        self._new_hosts = set(self.plcs)

    def follow(self, config: LineConfig, before: Iterable[LineLayout], layouts: Sequence[LineLayout]) -> None:
        """Goes on by another configuration, of whose lines the decisions know; ``before``: as they were."""
        self._config = config
        known = {(one.name, lane.number) for one in before for lane in one.lanes}
        for name, plc in self.plcs.items():
            lines = [layout for layout in layouts if layout.plc == name]
            plc.follow(lines)
            if {(one.name, lane.number) for one in lines for lane in one.lanes} - known:
                for given in plc.stands(self._clock.now_us()):  # what is known of its lanes was asked of others
                    self._give(given)

    def begin(self, name: str, anew: bool) -> Session:
        """A PLC's sessions; ``anew``: it ran before, and knows what the journal may not have yet."""
        if name in self._new_hosts:
            self._new_hosts.remove(name)
        elif anew:
            self._anew[name] = self._journal.seq
        return partial(self._session, name)

    def stored(self, seq: int) -> None:
        """The journal has everything up to ``seq``."""
        for plc in self.plcs.values():
            plc.stored(seq)

    def command(self, command: Route | SetLane | SetOutput) -> Sequence[CommandDropped]:
        """Queues a command; what is none is said at once."""
        match command:
            case Route(plc) if self._standby is not None and not self.plcs[plc].was_connected:
                return ()  # when it is, all that is decided goes out
            case Route(plc, track_id, lane, _):
                return self._queue(plc, command, Opcode.ROUTE, track_id, lane)
            case SetLane(plc, lane, enabled, _):
                return self._queue(plc, command, Opcode.LANE, int(enabled), lane)
            case SetOutput(device, port, on, _):
                return self._queue(device.partition(".")[2], command, Opcode.OUTPUT, int(on), port)
            case _:
                assert_never(command)

    def _queue(
        self, plc: str, command: Route | SetLane | SetOutput, opcode: Opcode, value: int, target: int
    ) -> Sequence[CommandDropped]:
        try:
            self.plcs[plc].command(command)
        except MailboxError as error:
            at_us, why = self._clock.now_us(), str(error)
            return (CommandDropped(at_us=at_us, plc=plc, opcode=int(opcode), value=value, target=target, why=why),)
        return ()

    def _made(self, name: str, by_other: bool = False) -> PlcSession:
        lines = [layout for layout in self._config.layouts() if layout.plc == name]
        known = self._state().plcs.get(name)
        epoch = None if self._standby is None else self._standby.epoch or None
        return PlcSession(name, self._config.plc[name], known, lines, self._buses, epoch, by_other)

    # ---- one connection ----------------------------------------------------------------------------------------------

    async def _session(self, name: str) -> None:
        """One connection to a PLC, polled until it fails. Raises PlcError."""
        if (seq := self._anew.get(name)) is not None:
            if self._journal.stored < seq:  # what it takes for stored, it acknowledges
                raise PlcError(f"{name}: begins anew when the journal has stored record {seq}")
            del self._anew[name]
            self.plcs[name] = self._made(name)
        plc = self.plcs[name]
        link, host, now_us = plc.link, plc.host, self._clock.now_us
        poll_us = plc.config.poll_ms * 1000
        try:
            await link.connect()
            await self._take(plc)
            due_us = at_us = now_us()
            while True:
                if host.fenced:
                    await self._take(plc)
                    due_us = at_us = now_us()
                block, at_once = self._down(plc, at_us), link.reads_and_writes_at_once
                if block is not None and at_once:
                    due_us = at_us  # a command does not wait for the next poll, it is one
                else:
                    if block is not None:
                        await link.write_down(block)
                        at_us = now_us()
                    due_us += poll_us - due_us % poll_us  # PLCs are polled together: to wake up costs more than a poll
                    if (expected_us := plc.lookout.next_us(at_us)) is not None:
                        due_us = min(due_us, expected_us)
                    due_us = max(due_us, at_us)
                    whole = await plc.rest(self._clock.loop_time(due_us))
                    at_us = now_us()
                    if not whole:
                        due_us = at_us - poll_us
                        continue
                    # What came due meanwhile, as acknowledgements, goes with the poll.
                    block = self._down(plc, at_us) if at_once else None
                asked_us = at_us
                up = await (link.read_up() if block is None else link.exchange(block))
                self._check_lease(plc)
                at_us = now_us()
                self.vitals.polled(name, at_us - asked_us)
                step_us = plc.observe(up, at_us, asked_us)
                signals = host.on_up(up, at_us)
                if signals:
                    self._signals(plc, signals, at_us)
                if step_us:
                    if step_us < 0:
                        self._proven(step_us, at_us)
                    self._give(plc.clock_set(step_us, at_us))
        finally:
            await link.close()

    async def _take(self, plc: PlcSession) -> None:
        """The handshake; while the PLC obeys another controller, it is looked at until it is ours. Raises PlcError."""
        while True:
            up = await plc.link.read_up()
            down = await plc.link.read_down()
            self._check_lease(plc)
            at_us = self._clock.now_us()
            if self._standby is not None:
                plc.host.lease(self._standby.epoch)
            self._signals(plc, plc.host.connect(up, down, at_us), at_us)
            if not plc.host.fenced:
                return
            if self._standby is not None and (other := plc.host.to_pass) is not None:
                self._standby.pass_epoch(other)
            _, signals = plc.host.down(at_us)
            self._signals(plc, signals, at_us)
            await asyncio.sleep(WATCH_S)

    def _check_lease(self, plc: PlcSession) -> None:
        """Raises PlcError where another controller may command by now."""
        if self._standby is not None and not self._standby.may_write():
            raise PlcError(f"{plc.name}: the lease is not this controller's any more")

    def _down(self, plc: PlcSession, at_us: int) -> Sequence[int] | None:
        """The block to write now; None = nothing to say. Raises PlcError."""
        if not plc.host.has_to_say(at_us):
            return None
        self._check_lease(plc)
        block, signals = plc.host.down(at_us)
        if signals:
            self._signals(plc, signals, at_us)
        return block

    def _signals(self, plc: PlcSession, signals: Sequence[HostSignal], at_us: int) -> None:
        for signal in signals:
            match signal:
                case Connected(session=session, epoch=epoch):
                    self._tell(f"plc.{plc.name}", None, f"{plc.name} answers, session {session}, epoch {epoch}")
                    if self._reasons.get(f"host.{plc.name}"):
                        self._tell(f"host.{plc.name}", None, f"{plc.name} obeys this controller again, epoch {epoch}")
                case Fenced(other, ours, since_us):
                    why = f"epoch {other} of another controller is obeyed since {iso(since_us)}, ours is {ours}"
                    self._tell(f"host.{plc.name}", f"{plc.name}: {why}")
                case LinkStale(why):
                    self._tell(f"plc.{plc.name}", f"{plc.name}: {why}")
                case LinkFresh():
                    self._tell(f"plc.{plc.name}", None, f"{plc.name} follows again")
                case _:
                    pass
        for given, acknowledges in plc.inputs(signals, at_us):
            seq, fault = self._give(given)
            if fault is not None:  # our half of its mailbox knows more now than the decisions do
                self._anew[plc.name] = self._journal.seq
                raise fault
            if acknowledges:
                plc.unstored(seq, acknowledges)
        for signal in signals:
            if isinstance(signal, Incompatible):
                raise PlcError(f"{plc.name}: {signal.why}")
