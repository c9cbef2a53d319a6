"""A simulated reader that speaks LLRP on a TCP port, for tests, the simulated floor and foreign clients.

Public names: SimulatedReader.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Self, cast

from rfid.driver import ReaderClock, TagRead
from rfid.llrp_device import LlrpDevice


def _host_us() -> int:
    return time.time_ns() // 1_000


class SimulatedReader:
    """One reader on one port, for one client at a time.

    ``clock`` gives the microseconds that events are stamped with; reads bring their own time. ``stamps``: on which
    clock. Keepalives run on the loop's clock. ``silent``: set it to swallow all that the reader would say, as a
    stalled link does. Methods are to be called from the loop's thread.
    """

    def __init__(
        self,
        name: str,
        antennas: int = 4,
        clock: Callable[[], int] = _host_us,
        stamps: ReaderClock = ReaderClock.UTC,
    ) -> None:
        self.name = name
        self.silent = False
        self._clock = clock
        self._device = LlrpDevice(name, antennas, stamps)
        self._server: asyncio.Server | None = None
        self._clients: set[_Connection] = set()
        self._holder: _Connection | None = None
        self._port = 0

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

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Listens; port 0 takes any free one. Raises ``OSError`` for a port that is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), host, port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    def report(self, reads: Sequence[TagRead]) -> bool:
        """Sends one report with these reads, as the ROSpec wants them; whether there was somebody to send it to."""
        return self._tell(self._device.report(reads))

    def gpi(self, port: int, on: bool) -> bool:
        """A general purpose input changes; whether the client was told."""
        return self._tell(self._device.gpi(port, on, self._clock()))

    def antenna(self, antenna: int, on: bool) -> bool:
        """An antenna is connected or lost; whether the client was told."""
        return self._tell(self._device.antenna(antenna, on, self._clock()))

    def send(self, octets: bytes) -> bool:
        """Sends any octets to the client, for faults; whether there was one."""
        return self._tell(octets)

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
        if self._server is not None:
            self._server.close()
            gone = [client.gone for client in self._clients]
            for client in tuple(self._clients):
                client.drop()
            await asyncio.gather(*gone)
            await self._server.wait_closed()
            self._server = None

    def _tell(self, octets: bytes | None) -> bool:
        if not octets or self._holder is None or self.silent:
            return False
        self._holder.transport.write(octets)
        return True


class _Connection(asyncio.Protocol):
    """One client's connection; the simulator's inside."""

    transport: asyncio.Transport

    def __init__(self, reader: SimulatedReader) -> None:
        self._reader = reader
        self._timer: asyncio.TimerHandle | None = None
        self._every_ms = 0
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        reader, device, at_us = self._reader, self._reader._device, self._reader._clock()
        reader._clients.add(self)
        if reader._holder is not None:
            reader._tell(device.attempted(at_us))
            self.transport.write(device.refuse(at_us))
            self.transport.close()
            return
        reader._holder = self
        reader._tell(device.connect(at_us))

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if reader._holder is not self:
            return
        reply = reader._device.receive(data, reader._clock())
        reader._tell(reply.octets)
        if reply.close:
            self.transport.close()
        elif reader._device.keepalive_ms != self._every_ms:
            self._every_ms = reader._device.keepalive_ms
            self._schedule()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        reader = self._reader
        reader._clients.discard(self)
        if reader._holder is self:
            reader._holder = None
            reader._device.disconnect()
        if not self.gone.done():
            self.gone.set_result(None)

    def drop(self) -> None:
        self.transport.abort()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._every_ms:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._every_ms / 1_000, self._keepalive)

    def _keepalive(self) -> None:
        self._reader._tell(self._reader._device.keepalive())
        self._schedule()
