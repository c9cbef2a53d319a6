"""Fixed barcode scanners over TCP: we connect to the scanner, or it connects to us.

Public names: BarcodeScanner, ScannerSettings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from rfid.bad_messages import BadMessages
from rfid.barcode import BadScan, ScanFormat, ScanFrames
from rfid.driver import ReaderError, ReaderEvent, ReaderFailure, ReaderNotice, ReaderReached, ReaderReady
from rfid.tcp import connected, connection_reason, host_port, notice_dead_peers

_CALL_S = 10.0
"""How long a scanner that is to connect may take before it is said to be down."""
_REFUSED_TOLD = 8
"""So many addresses that were not let in are told of, each once in a visit."""


@dataclass(frozen=True, slots=True)
class ScannerSettings:
    """Where a scanner is. ``listen_host`` empty: we connect to ``host``, ``port``.

    Otherwise the scanner connects to us, there and at ``port``, and only ``host``, its address in numbers, is let in.
    ``silent_s``: a scanner that says nothing for so long, not
    even its sign of life, is gone; 0 = never.
    """

    name: str
    host: str
    port: int
    form: ScanFormat
    listen_host: str = ""
    silent_s: float = 0


class BarcodeScanner:
    """One scanner; see ``rfid.driver.Reader`` for ``run``. ``bad`` counts what was no frame."""

    def __init__(self, settings: ScannerSettings) -> None:
        self.settings = settings
        self.bad = BadMessages()

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Reads until the connection ends or the task is cancelled. Raises ``ReaderError``."""
        visit = _Visit(self.settings, self.bad, emit)
        try:
            if self.settings.listen_host:
                await visit.be_called()
            else:
                await visit.call()
            await visit.ended
        finally:
            await visit.leave()


class _Visit:
    """One ``run``: the connection that counts is the newest; ``ended`` never has a result, only an exception."""

    def __init__(self, settings: ScannerSettings, bad: BadMessages, emit: Callable[[ReaderEvent], None]) -> None:
        loop = asyncio.get_running_loop()
        self.settings = settings
        self.ended: asyncio.Future[None] = loop.create_future()
        self.lines: set[_Line] = set()
        self._bad = bad
        self._emit = emit
        self._loop = loop
        self._server: asyncio.Server | None = None
        self._newest: _Line | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._about = ""
        self._heard = False
        self._refused: set[str] = set()

    async def call(self) -> None:
        """Connects. Raises ``ReaderError``."""
        given = self.settings
        await connected(self._loop.create_connection(lambda: _Line(self), given.host, given.port), self.error)

    async def be_called(self) -> None:
        """Listens. Raises ``ReaderError``."""
        given = self.settings
        try:
            self._server = await self._loop.create_server(lambda: _Line(self), given.listen_host, given.port)
        except (OSError, UnicodeError) as error:
            raise self.error(f"cannot listen: {connection_reason(error)}", ReaderFailure.SETUP) from error
        self._watch(_CALL_S, f"{given.host} did not connect within {_CALL_S:g} s: is the scanner set to this address?")

    async def leave(self) -> None:
        """Leaves no socket behind."""
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.close()
        for line in list(self.lines):
            line.transport.abort()
        await asyncio.gather(*(line.lost for line in self.lines))
        if self._server is not None:
            await self._server.wait_closed()
        if self.ended.done() and not self.ended.cancelled():
            self.ended.exception()

    def came(self, line: _Line) -> bool:
        """Whether a new connection is the scanner's; an older one is dropped, since a scanner has only one."""
        given = self.settings
        peername = line.transport.get_extra_info("peername")  # None = it is gone already
        peer = str(peername[0]) if peername else given.host
        if given.listen_host and not peername:
            return False
        if given.listen_host and peer != given.host:
            if peer not in self._refused and len(self._refused) < _REFUSED_TOLD:
                self._refused.add(peer)
                self.tell(ReaderNotice(f"{peer} was not let in, only {given.host} may connect", refused=True))
            return False
        before, self._newest = self._newest, line
        if before is not None:
            before.transport.abort()
        self._hear()
        self._about = f"barcode scanner at {host_port(peer, given.port) if self._server is None else peer}"
        self.tell(ReaderReached(self._about))
        return True

    def took(self, found: list[ReaderEvent | BadScan]) -> None:
        """What came over a connection; empty = octets that are no whole frame yet."""
        self._hear()
        if not self._heard:
            self._heard = True
            self.tell(ReaderReady(self._about))
        for one in found:
            told = self._bad.notice(one.reason, one.octets) if isinstance(one, BadScan) else one
            if told is not None:
                self.tell(told)

    def went(self, line: _Line, error: Exception | None) -> None:
        """A connection ended."""
        self.lines.discard(line)
        if line is self._newest:
            reason = connection_reason(error) if isinstance(error, OSError) else "the scanner ended the connection"
            self.fail(self.error(reason, ReaderFailure.LOST))

    def tell(self, event: ReaderEvent) -> None:
        """Tells the owner; what it raises ends the visit."""
        if self.ended.done():
            return
        try:
            self._emit(event)
        except Exception as error:  # noqa: BLE001  the owner's fault ends its visit and reaches it through ``run``
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Ends the visit."""
        if not self.ended.done():
            self.ended.set_exception(error)

    def error(self, reason: str, failure: ReaderFailure) -> ReaderError:
        """The error for a reason, with the scanner's name and address."""
        given = self.settings
        address = host_port(given.listen_host or given.host, given.port)
        return ReaderError(f"{given.name}: {address}: {reason}", failure)

    def _hear(self) -> None:
        silent_s = self.settings.silent_s
        self._watch(silent_s, f"no word for {silent_s:g} s")

    def _watch(self, after_s: float, reason: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if after_s:
            self._timer = self._loop.call_later(after_s, self.fail, self.error(reason, ReaderFailure.SILENT))


class _Line(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(self, visit: _Visit) -> None:
        self._visit = visit
        self._frames = ScanFrames(visit.settings.form)
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._visit.lines.add(self)
        notice_dead_peers(transport)
        if not self._visit.came(self):
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self._visit.took([*self._frames.feed(data)])

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        self._visit.went(self, exc)
