"""A simulated reader that speaks LLRP on a TCP port, for tests, the simulated floor and foreign clients.

Public names: SimulatedReader, ReaderFault, AMOUNTS.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Self, assert_never, cast

from rfid.driver import ReaderClock, TagDetail, TagRead
from rfid.llrp.frames import HEADER, MAX_FRAME
from rfid.llrp_device.device import LlrpDevice
from rfid.llrp_device.tags import TagMemory
from rfid.tcp import stop_listening

_TURN_S = 0.01
"""How often a slow reader sends a little more."""
_FLOOD_S = 0.05
"""How often a reader that floods reports."""
_FLOODED = 0xF1 << 88
"""96 bits of no header that EPCs have; those of a flood count on from there."""


class ReaderFault(StrEnum):
    """What can be made to go wrong, with the unit of its amount and the amount taken when none is given."""

    SILENCE = "silence"  # takes what is said to it and says nothing, until mended
    CUT = "cut"  # the next message ends in its middle, and the connection with it; once
    REFUSAL = "refusal"  # drops its client and refuses every other, until mended
    GARBAGE = "garbage"  # so many octets (100) that are no message; once
    SLOW = "slow"  # so many octets a second (50), until mended
    HUGE = "huge"  # a report of so many octets (one more than clients take); once
    CLOCK_JUMP = "clock-jump"  # its clock is set so many ms (3600000) ahead, or back; stays
    FLOOD = "flood"  # so many reads a second (1000) of tags that nobody knows, each once, until mended


AMOUNTS = {
    ReaderFault.GARBAGE: range(1, 1_000_001),
    ReaderFault.SLOW: range(1, 1_000_001),
    ReaderFault.HUGE: range(HEADER.size, 4 * MAX_FRAME + 1),
    ReaderFault.CLOCK_JUMP: range(-(10**12), 10**12 + 1),
    ReaderFault.FLOOD: range(1, 50_001),
}
"""What a fault may be given; the others take no amount."""
_USUAL = {
    ReaderFault.GARBAGE: 100,
    ReaderFault.SLOW: 50,
    ReaderFault.HUGE: MAX_FRAME + 1,
    ReaderFault.CLOCK_JUMP: 3_600_000,
    ReaderFault.FLOOD: 1_000,
}


class SimulatedReader:
    """One reader on one port, for one client at a time.

    ``clock`` gives the microseconds that events are stamped with; reads bring their own time. ``stamps``: on which
    clock. ``maker``: IANA number it gives itself; 25882 knows Impinj's extensions. ``on_output``: is called with port
    and level when a client writes an output. Keepalives and ROSpecs' durations run on the loop's clock. Methods are to
    be called from the loop's thread.
    """

    def __init__(
        self,
        name: str,
        antennas: int = 4,
        *,
        clock: Callable[[], int],
        stamps: ReaderClock = ReaderClock.UTC,
        maker: int = 0,
        on_output: Callable[[int, bool], None] | None = None,
    ) -> None:
        self.name = name
        self._clock = clock
        self._on_output = on_output
        self._device = LlrpDevice(name, antennas, stamps, maker)
        self._server: asyncio.Server | None = None
        self._clients: set[_Connection] = set()
        self._holder: _Connection | None = None
        self._port = 0
        self._timer: asyncio.TimerHandle | None = None
        self._pulse: asyncio.TimerHandle | None = None
        self._every_ms = 0
        self._faults: dict[ReaderFault, int] = {}
        self._jump_us = 0
        self._flooding: asyncio.TimerHandle | None = None
        self._flooded = 0

    @property
    def port(self) -> int:
        """The TCP port listened on; still known after ``stop``."""
        return self._port

    @property
    def connected(self) -> bool:
        """Whether a client holds the reader."""
        return self._device.connected

    @property
    def reading(self) -> bool:
        """Whether a client holds the reader and its ROSpec is active."""
        return self._device.reading

    @property
    def ready(self) -> bool:
        """Whether a client holds the reader and its ROSpec reads, or will when its trigger comes."""
        return self._device.ready

    @property
    def held(self) -> int:
        """How many events and reports wait for a client."""
        return self._device.held

    @property
    def outputs(self) -> Mapping[int, bool]:
        """Levels of the general purpose outputs."""
        return dict(self._device.config.outputs)

    def tag(self, epc: str) -> TagMemory:
        """The memory of the tag that reads call ``epc``."""
        return self._device.tag(epc)

    async def start(self, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> Self:
        """Listens; port 0 takes any free one. Raises ``OSError`` for a port that is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self._came, self._heard, self._went), host, port, ssl=tls
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    def report(self, reads: Sequence[TagRead], details: Sequence[TagDetail] = ()) -> bool:
        """Sends one report with these reads, as the ROSpec wants them; whether it is on its way to a client.

        While nobody is there, an active ROSpec's reads are held for the next client.
        """
        if self._jump_us:
            reads = [read._replace(at_us=read.at_us + self._jump_us) for read in reads]
        return self._tell(self._device.report(reads, details), keep=True)

    def gpi(self, port: int, on: bool) -> bool:
        """A general purpose input changes; whether the client was told."""
        told = self._tell(self._device.gpi(port, on, self._now_us()), keep=True)
        self._watch()
        return told

    def antenna(self, antenna: int, on: bool) -> bool:
        """An antenna is connected or lost; whether the client was told."""
        return self._tell(self._device.antenna(antenna, on, self._now_us()), keep=True)

    def send(self, octets: bytes) -> bool:
        """Sends any octets to the client; whether there was one."""
        return self._tell(octets)

    def fault(self, fault: ReaderFault, amount: int | None = None) -> None:
        """Something goes wrong from now on, or once. ``amount``: see ``ReaderFault``. ``ValueError``: see AMOUNTS."""
        given = _USUAL.get(fault, 0) if amount is None else amount
        if amount is not None and amount not in AMOUNTS.get(fault, range(0)):
            raise ValueError(f"{self.name}: {fault}: {amount} is not in {AMOUNTS.get(fault, range(0))}")
        match fault:
            case ReaderFault.GARBAGE:
                self._tell(bytes(0xE0 | place * 7 % 32 for place in range(given)))
            case ReaderFault.HUGE:
                self._tell(HEADER.pack(1 << 10 | 61, given, 0) + bytes(given - HEADER.size))
            case ReaderFault.CLOCK_JUMP:
                self._jump_us += given * 1_000
            case ReaderFault.FLOOD:
                self._faults[fault] = given
                self._flood()
            case ReaderFault.SILENCE | ReaderFault.CUT | ReaderFault.REFUSAL | ReaderFault.SLOW:
                self._faults[fault] = given
                if fault is ReaderFault.REFUSAL:
                    self.disconnect()
                elif fault is ReaderFault.SLOW and self._holder is not None:
                    self._holder.octets_s = given
            case _:
                assert_never(fault)

    def mend(self, fault: ReaderFault | None = None) -> None:
        """That fault is over, or all of them; a clock that has jumped stays where it is."""
        ended = set(ReaderFault) if fault is None else {fault}
        self._faults = {left: amount for left, amount in self._faults.items() if left not in ended}
        if self._holder is not None and ReaderFault.SLOW in ended:
            self._holder.octets_s = None
            self._holder.flush()

    async def released(self) -> None:
        """Waits until no client holds the reader."""
        if self._holder is not None:
            await asyncio.shield(self._holder.gone)

    def disconnect(self) -> None:
        """Drops the client without a word; a new one may come."""
        if self._holder is not None:
            self._holder.drop()

    async def stop(self) -> None:
        """Stops listening and drops all clients."""
        for timer in (self._timer, self._flooding):
            if timer is not None:
                timer.cancel()
        if self._server is not None:
            await stop_listening(self._server)
            gone = [client.gone for client in self._clients]
            for client in tuple(self._clients):
                client.drop()
            await asyncio.gather(*gone)
            await self._server.wait_closed()
            self._server = None

    def _came(self, client: _Connection) -> None:
        self._clients.add(client)
        at_us = self._now_us()
        if ReaderFault.REFUSAL in self._faults:
            client.end(self._device.refuse(at_us, "Failed_Reason_Other_Than_A_Connection_Already_Exists"))
        elif self._holder is not None:
            self._tell(self._device.attempted(at_us))
            client.end(self._device.refuse(at_us))
        else:
            self._holder = client
            client.octets_s = self._faults.get(ReaderFault.SLOW)
            self._tell(self._device.connect(at_us))

    def _heard(self, client: _Connection, octets: bytes) -> None:
        if client is not self._holder:
            return
        before, held = self.outputs, self.held
        reply = self._device.receive(octets, self._now_us())
        self._tell(reply.octets, keep=self.held < held)
        if self._on_output is not None:
            for port, on in self.outputs.items():
                if before[port] != on:
                    self._on_output(port, on)
        self._watch()
        if reply.close:
            client.transport.close()
        elif self._device.keepalive_ms != self._every_ms:
            self._every_ms = self._device.keepalive_ms
            self._beat()

    def _went(self, client: _Connection) -> None:
        self._clients.discard(client)
        if client is self._holder:
            self._holder = None
            self._every_ms = 0
            self._beat()
            self._device.disconnect()
            for octets in client.kept():
                self._device.hold(octets)

    def _now_us(self) -> int:
        return self._clock() + self._jump_us

    def _tell(self, octets: bytes | None, *, keep: bool = False) -> bool:
        """``keep``: events and reports, which wait for the next client when this one cannot have them."""
        if not octets:
            return False
        if self._holder is None or self._holder.transport.is_closing() or ReaderFault.SILENCE in self._faults:
            if keep:
                self._device.hold(octets)
            return False
        if self._faults.pop(ReaderFault.CUT, None) is not None:
            if keep:
                self._device.hold(octets)
            self._holder.transport.write(octets[: len(octets) // 2])
            self._holder.transport.close()
            return False
        self._holder.write(octets, keep=keep)
        return True

    def _watch(self) -> None:
        """Keeps a timer for the end of a ROSpec's duration."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline_us = self._device.deadline_us
        if deadline_us is not None:
            delay_s = max(0, deadline_us - self._now_us()) / 1_000_000
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._expire, deadline_us)

    def _expire(self, at_us: int) -> None:
        self._tell(self._device.expire(at_us), keep=True)
        self._watch()

    def _flood(self) -> None:
        """Reports what came since the last time, as long as it floods."""
        if self._flooding is not None:
            self._flooding.cancel()
            self._flooding = None
        if (reads := self._faults.get(ReaderFault.FLOOD)) is None:
            return
        at_us, first = self._clock(), self._flooded
        self._flooded += max(1, round(reads * _FLOOD_S))
        self.report([TagRead(f"{_FLOODED + tag:024X}", 1, -60.0, at_us, 1) for tag in range(first, self._flooded)])
        self._flooding = asyncio.get_running_loop().call_later(_FLOOD_S, self._flood)

    def _beat(self) -> None:
        """Keeps a timer for the next keepalive."""
        if self._pulse is not None:
            self._pulse.cancel()
            self._pulse = None
        if self._every_ms:
            self._pulse = asyncio.get_running_loop().call_later(self._every_ms / 1_000, self._keepalive)

    def _keepalive(self) -> None:
        self._tell(self._device.keepalive())
        self._beat()


class _Connection(asyncio.Protocol):
    """One client's connection. ``octets_s``: how fast it sends, None = at once."""

    transport: asyncio.Transport

    def __init__(
        self,
        came: Callable[[_Connection], None],
        heard: Callable[[_Connection, bytes], None],
        went: Callable[[_Connection], None],
    ) -> None:
        self._came, self._heard, self._went = came, heard, went
        self._loop = asyncio.get_running_loop()
        self._slow: deque[tuple[bytes, bool]] = deque()
        self._sent = 0
        self._turn: asyncio.TimerHandle | None = None
        self.octets_s: int | None = None
        self.gone: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._came(self)

    def data_received(self, data: bytes) -> None:
        self._heard(self, data)

    def connection_lost(self, _: Exception | None) -> None:
        if self._turn is not None:
            self._turn.cancel()
        self._went(self)
        if not self.gone.done():
            self.gone.set_result(None)

    def drop(self) -> None:
        self.transport.abort()

    def end(self, octets: bytes) -> None:
        """A last word."""
        self.transport.write(octets)
        self.transport.close()

    def write(self, octets: bytes, *, keep: bool) -> None:
        """``keep``: see ``kept``."""
        if self.octets_s is None and not self._slow:
            self.transport.write(octets)
            return
        self._slow.append((octets, keep))
        if self._turn is None:
            self._trickle(0)

    def kept(self) -> list[bytes]:
        """What was to be kept and was not sent to its end."""
        return [octets for octets, keep in self._slow if keep]

    def flush(self) -> None:
        """Sends what a slow reader has not sent yet."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        while self._slow:
            octets, _ = self._slow.popleft()
            self.transport.write(octets[self._sent :])
            self._sent = 0

    def _trickle(self, turn: int) -> None:
        octets_s = self.octets_s or 0
        due = int(octets_s * _TURN_S * (turn + 1)) - int(octets_s * _TURN_S * turn)
        while due and self._slow:
            octets, _ = self._slow[0]
            part = octets[self._sent : self._sent + due]
            self.transport.write(part)
            due -= len(part)
            self._sent += len(part)
            if self._sent == len(octets):
                self._slow.popleft()
                self._sent = 0
        self._turn = self._loop.call_later(_TURN_S, self._trickle, turn + 1) if self._slow else None
