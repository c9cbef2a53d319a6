"""Readers that speak LLRP over TCP, with or without TLS.

Public names: LlrpReader, LLRP_PORT, LLRP_TLS_PORT.

Source: EPCglobal Low Level Reader Protocol 1.0.1, clause 18; RFC 8446.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator, Sequence
from typing import assert_never, cast

from rfid.driver import (
    AccessChanged,
    ClockSample,
    OutputWritten,
    PortChanged,
    ReaderError,
    ReaderEvent,
    ReaderFailure,
    ReaderNotice,
    ReaderReady,
    Reads,
    TagAccessed,
)
from rfid.llrp.access import AccessOrder
from rfid.llrp.frames import BadFrame
from rfid.llrp.phase import Ended, Send, SessionOutput
from rfid.llrp.session import LlrpSession
from rfid.llrp.settings import LlrpSettings
from rfid.tcp import Portions, connected, connection_reason, host_port

LLRP_PORT = 5084
"""The port that IANA gave to LLRP without TLS."""
LLRP_TLS_PORT = 5085
"""The port that IANA gave to LLRP over TLS."""
_GOODBYE_S = 0.3
_PORTION = 1_024
_STEPS = 4
"""Octets that are taken in one turn of the loop, and messages: a report may have a hundred tags."""


class LlrpReader:
    """A reader at ``host`` (name, IPv4 or IPv6 address) and ``port``; see ``rfid.driver.Reader`` for ``run``.

    ``tls``: None for none. ``bad_frames`` counts messages that could not be understood, over all connections.
    """

    def __init__(
        self, settings: LlrpSettings, host: str, port: int = LLRP_PORT, tls: ssl.SSLContext | None = None
    ) -> None:
        self.settings = settings
        self.address = host_port(host, port)
        self.bad_frames = 0
        self._host = host
        self._port = port
        self._tls = tls
        self._connection: _Connection | None = None

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Connects, provisions and reads until it fails or is cancelled. Raises ``ReaderError``."""
        loop = asyncio.get_running_loop()
        connection = _Connection(self, emit)
        way = loop.create_connection(lambda: connection, self._host, self._port, ssl=self._tls)
        await connected(way, self.error)
        self._connection = connection
        try:
            await asyncio.shield(connection.ended)
        finally:
            self._connection = None
            await connection.leave()

    def set_output(self, port: int, on: bool) -> None:
        """Sets a general purpose output of the reader, as a stack light's; ``OutputWritten`` says what came of it.

        Raises ``ReaderError`` when there is no connection.
        """
        connection = self._connected()
        connection.carry_out(connection.session.set_output(port, on, connection.now_us()))

    def access(self, order: AccessOrder) -> None:
        """Has operations carried out on tags; ``AccessChanged`` and ``TagAccessed`` say what came of it.

        Raises ``ReaderError`` when there is no connection. An order ends with its connection.
        """
        connection = self._connected()
        connection.carry_out(connection.session.access(order, connection.now_us()))

    def end_access(self, number: int) -> None:
        """Ends an access order; ``AccessChanged`` says when. Raises ``ReaderError`` when there is no connection."""
        connection = self._connected()
        connection.carry_out(connection.session.end_access(number, connection.now_us()))

    def error(self, reason: str, failure: ReaderFailure) -> ReaderError:
        """The error for a reason, with the reader's name and address."""
        return ReaderError(f"{self.settings.name}: {self.address}: {reason}", failure)

    def _connected(self) -> _Connection:
        if self._connection is None or self._connection.transport.is_closing():
            raise self.error("not connected", ReaderFailure.LOST)
        return self._connection


class _Connection(asyncio.Protocol):
    """Carries octets between a transport and a session; ``ended`` never has a result, only an exception."""

    transport: asyncio.Transport

    def __init__(self, reader: LlrpReader, emit: Callable[[ReaderEvent], None]) -> None:
        loop = asyncio.get_running_loop()
        self._reader = reader
        self._emit = emit
        self._loop = loop
        self.session = LlrpSession(reader.settings, self.now_us())
        self._timer: asyncio.TimerHandle | None = None
        self._timer_us: int | None = None
        self._leaving = False
        self._lost: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()

    def now_us(self) -> int:
        """The loop's monotonic clock."""
        return int(self._loop.time() * 1_000_000)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._portions = Portions(self.transport, _PORTION, self._took, _STEPS)
        self._watch()

    def data_received(self, data: bytes) -> None:
        self._portions.came(data)

    def _took(self, octets: bytes) -> Iterator[None]:
        for outputs in self.session.steps(octets, self.now_us()):
            self.carry_out(outputs)
            yield

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        reason = connection_reason(exc) if isinstance(exc, OSError) else "connection lost"
        self._fail(self._reader.error(reason, ReaderFailure.LOST))
        if not self._lost.done():
            self._lost.set_result(None)

    async def leave(self) -> None:
        """Says goodbye where that can be, waits shortly for the answer, and leaves no socket behind."""
        self._leaving = True
        try:
            if not self.transport.is_closing():
                self.carry_out(self.session.close(self.now_us()))
                await asyncio.wait((self._lost,), timeout=_GOODBYE_S)
        finally:
            self.transport.abort()
            await self._lost

    def carry_out(self, outputs: Sequence[SessionOutput]) -> None:
        """Sends, tells, or ends."""
        for output in outputs:
            match output:
                case Send(octets):
                    self.transport.write(octets)
                case Reads() | ReaderReady() | ClockSample() | PortChanged() | OutputWritten():
                    self._tell(output)
                case TagAccessed() | AccessChanged() | ReaderNotice():
                    self._tell(output)
                case BadFrame():
                    self._count(output)
                case Ended(reason, failure):
                    self._fail(self._reader.error(reason, failure))
                    self.transport.close()
                case _:
                    assert_never(output)
        self._watch()

    def _tell(self, event: ReaderEvent) -> None:
        if self._leaving or self.ended.done():
            return
        try:
            self._emit(event)
        except Exception as error:  # noqa: BLE001  the owner's fault ends its visit and reaches it through ``run``
            self._fail(error)
            self.transport.abort()

    def _count(self, bad: BadFrame) -> None:
        """Says the first bad frame and then whenever their number has doubled."""
        self._reader.bad_frames += 1
        number = self._reader.bad_frames
        if number & (number - 1) == 0:
            self._tell(ReaderNotice(f"bad frame number {number}: {bad.reason}: {bad.octets.hex()}"))

    def _fail(self, error: Exception) -> None:
        if not self.ended.done() and not self._leaving:  # who leaves no longer asks why it ended
            self.ended.set_exception(error)
            self.ended.exception()  # or the loop would complain where ``run`` was cancelled before it could ask

    def _watch(self) -> None:
        """Keeps one timer, which asks for the session's deadline only when it rings: reports only ever move it on."""
        deadline_us = self.session.deadline_us
        if deadline_us is None or (self._timer_us is not None and self._timer_us <= deadline_us):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_us = deadline_us
        delay_s = max(0, deadline_us - self.now_us()) / 1_000_000
        self._timer = self._loop.call_later(delay_s, self._expire)

    def _expire(self) -> None:
        self._timer = self._timer_us = None
        self.carry_out(self.session.expire(self.now_us()))
