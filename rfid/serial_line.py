"""125 kHz card readers on a serial line, on USB, or behind a serial device server, with our own parser.

Public names: SerialReader.
"""

from __future__ import annotations

import asyncio
import errno
import termios
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import cast

import serial  # type: ignore[import-untyped]

from rfid.bad_messages import BadMessages
from rfid.driver import (
    UNMEASURED_DBM,
    ReaderClock,
    ReaderError,
    ReaderEvent,
    ReaderFailure,
    ReaderReached,
    ReaderReady,
    Reads,
    TagRead,
)
from rfid.serial_frames import CardFrames, Garbled, Presence
from rfid.tcp import Portions, connected, host_port, notice_dead_peers

_PORTION = 256
"""Octets of a device server that are taken in one turn of the loop."""


class SerialReader:
    """A card reader at ``device``, as ``/dev/ttyUSB0``; see ``rfid.driver.Reader`` for ``run``.

    ``server``: host and port of the serial device server that has the line, None = it is this machine's own.
    ``debounce_ms``: a card is told once, until it was away for so long. Reads have antenna 1, no time of their own, and
    as ``epc`` what ``epcs`` has for the card, otherwise the card's ten hexadecimal digits.
    ``silent_s``: a reader without a right frame for so long is gone; 0 = never.
    """

    def __init__(
        self,
        name: str,
        device: str,
        baud: int = 9_600,
        debounce_ms: int = 1_000,
        epcs: Mapping[str, str] | None = None,
        server: tuple[str, int] | None = None,
        silent_s: float = 0,
    ) -> None:
        self.name = name
        self.bad = BadMessages()
        self._device = device
        self._baud = baud
        self._server = server
        self._presence = Presence(debounce_ms * 1000)
        self._epcs = epcs or {}
        self._about = (
            f"card reader on {device}, {baud} baud" if server is None else f"card reader at {host_port(*server)}"
        )
        self._silent_s = silent_s
        self._heard = False
        self._heard_s = 0.0

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Opens the line and reads until it is gone or the task is cancelled. Raises ``ReaderError``."""
        loop = asyncio.get_running_loop()
        self._heard, self._heard_s = False, loop.time()
        frames = CardFrames()
        ended: asyncio.Future[None] = loop.create_future()

        def end(error: Exception) -> None:
            if not ended.done():
                ended.set_exception(error)

        def take(octets: bytes) -> None:
            if ended.done():
                return
            now_us = int(loop.time() * 1e6)
            try:
                self._take(frames.feed(octets, now_us), now_us, emit)
            except Exception as error:  # noqa: BLE001  the owner's fault ends its visit and reaches it through ``run``
                end(error)

        try:
            async with self._local(take, end) if self._server is None else self._remote(*self._server, take, end):
                emit(ReaderReached(self._about))
                await (self._silence(ended) if self._silent_s else ended)
        finally:
            if ended.done() and not ended.cancelled():
                ended.exception()  # a cancellation may be what ends the visit

    async def _silence(self, ended: asyncio.Future[None]) -> None:
        """Until the line has ended, or nothing was heard for too long. Raises ``ReaderError``."""
        loop = asyncio.get_running_loop()
        while not ended.done():
            left_s = self._heard_s + self._silent_s - loop.time()
            if left_s <= 0:
                raise silent(self.name, self._device, self._silent_s)
            await asyncio.wait((ended,), timeout=left_s)
        ended.result()

    @asynccontextmanager
    async def _local(self, take: Callable[[bytes], None], end: Callable[[Exception], None]) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        try:
            port = serial.Serial(self._device, self._baud, timeout=0, exclusive=True)
        except (OSError, termios.error) as error:  # the latter of a line that is pulled out while it is opened
            raise no_line(self.name, self._device, error) from error

        def readable() -> None:
            try:
                octets = port.read(4096)
            except OSError as error:
                end(no_line(self.name, self._device, error, ReaderFailure.LOST))
            else:
                take(octets)

        descriptor = port.fileno()
        try:
            loop.add_reader(descriptor, readable)
            yield
        finally:
            loop.remove_reader(descriptor)
            port.close()

    @asynccontextmanager
    async def _remote(
        self, host: str, port: int, take: Callable[[bytes], None], end: Callable[[Exception], None]
    ) -> AsyncIterator[None]:
        def fault(reason: str, failure: ReaderFailure = ReaderFailure.LOST) -> ReaderError:
            return ReaderError(f"{self.name}: {self._device}: {reason}", failure)

        loop = asyncio.get_running_loop()
        server = _DeviceServer(take, lambda: end(fault("the serial device server closed the connection")))
        try:
            await connected(loop.create_connection(lambda: server, host, port), fault)
            yield
        finally:
            await server.leave()

    def _take(self, found: list[str | Garbled], now_us: int, emit: Callable[[ReaderEvent], None]) -> None:
        for one in found:
            if isinstance(one, Garbled):
                notice = self.bad.notice(one.reason, one.octets)
                if notice is not None:
                    emit(notice)
                continue
            self._heard_s = now_us / 1e6
            if not self._heard:
                self._heard = True
                emit(ReaderReady(self._about))
            if self._presence.comes(one, now_us):
                emit(card_read(self._epcs.get(one, one)))


class _DeviceServer(asyncio.Protocol):
    """A connection to a serial device server."""

    def __init__(self, take: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        self._take = take
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._over = asyncio.get_running_loop().create_future()

    async def leave(self) -> None:
        """Leaves no socket behind."""
        if self._transport is not None:
            self._transport.abort()
            await self._over

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by type
        self._portions = Portions(self._transport, _PORTION, self._take)
        notice_dead_peers(transport)

    def data_received(self, data: bytes) -> None:
        self._portions.came(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio gives it by this name
        self._over.set_result(None)
        self._lost()


def card_read(epc: str) -> Reads:
    """One sighting of a card."""
    return Reads((TagRead(epc, 1, UNMEASURED_DBM, 0, 1),), ReaderClock.NONE)


def silent(name: str, device: str, silent_s: float) -> ReaderError:
    """The error for a reader that said nothing for ``silent_s`` seconds."""
    return ReaderError(f"{name}: {device}: no word for {silent_s:g} s", ReaderFailure.SILENT)


def no_line(
    name: str, device: str, error: OSError | termios.error, failure: ReaderFailure = ReaderFailure.UNREACHABLE
) -> ReaderError:
    """The error for a serial line that cannot be opened, or is gone; says what to do."""
    if failure is ReaderFailure.LOST:
        reason = "the line is gone: was the reader unplugged?"
    else:
        match error.errno if isinstance(error, OSError) else error.args[0]:
            case errno.ENOENT | errno.ENXIO | errno.ENODEV:
                reason = "no such device: is the reader plugged in?"
            case errno.EACCES | errno.EPERM:
                reason = "permission denied: put the user into the group of the device, often dialout"
            case errno.EAGAIN | errno.EBUSY:
                reason = "another program has the line: end it"
            case _:
                reason = str(error)
    return ReaderError(f"{name}: {device}: {reason}", failure)
