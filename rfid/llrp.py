"""Readers that speak LLRP over TCP.

Public names: LlrpReader, LLRP_PORT.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import assert_never, cast

from rfid.driver import PortChanged, ReaderError, ReaderEvent, ReaderReady, Reads
from rfid.llrp_frames import BadFrame
from rfid.llrp_session import Ended, LlrpSession, Notice, Send, SessionOutput
from rfid.llrp_settings import LlrpSettings

LLRP_PORT = 5084
"""The port that IANA gave to LLRP without TLS."""
_CONNECT_S = 5.0
_GOODBYE_S = 0.3
_log = logging.getLogger(__name__)


def _now_us() -> int:
    return time.monotonic_ns() // 1_000


class LlrpReader:
    """A reader at ``host``:``port``; see ``rfid.driver.Reader`` for ``run``.

    ``bad_frames`` counts messages that could not be understood, over all connections.
    """

    def __init__(self, settings: LlrpSettings, host: str, port: int = LLRP_PORT) -> None:
        self.settings = settings
        self.address = f"{host}:{port}"
        self.bad_frames = 0
        self._host = host
        self._port = port

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Connects, provisions and reads until it fails or is cancelled. Raises ``ReaderError``."""
        loop = asyncio.get_running_loop()
        connection = _Connection(self, emit)
        try:
            async with asyncio.timeout(_CONNECT_S):
                await loop.create_connection(lambda: connection, self._host, self._port)
        except TimeoutError:
            raise self.error(f"no connection within {_CONNECT_S:g} s") from None
        except OSError as error:
            raise self.error(_reason(error)) from error
        try:
            await asyncio.shield(connection.ended)
        finally:
            await connection.leave()

    def error(self, reason: str) -> ReaderError:
        """The error for a reason, with the reader's name and address."""
        return ReaderError(f"{self.settings.name}: {self.address}: {reason}")


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return (error.strerror or str(error) or type(error).__name__).lower()


class _Connection(asyncio.Protocol):
    """Carries octets between a transport and a session; ``ended`` never has a result, only an exception."""

    transport: asyncio.Transport

    def __init__(self, reader: LlrpReader, emit: Callable[[ReaderEvent], None]) -> None:
        loop = asyncio.get_running_loop()
        self._reader = reader
        self._emit = emit
        self._session = LlrpSession(reader.settings, _now_us())
        self._timer: asyncio.TimerHandle | None = None
        self._timer_us: int | None = None
        self._leaving = False
        self._lost: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        self._carry_out(self._session.receive(data, _now_us()))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._fail(self._reader.error(_reason(exc) if isinstance(exc, OSError) else "connection lost"))
        if not self._lost.done():
            self._lost.set_result(None)

    async def leave(self) -> None:
        """Says goodbye where that can be, waits shortly for the answer, and leaves no socket behind."""
        self._leaving = True
        try:
            if not self.transport.is_closing():
                self._carry_out(self._session.close(_now_us()))
                await asyncio.wait((self._lost,), timeout=_GOODBYE_S)
        finally:
            self.transport.abort()
            if self.ended.done():
                self.ended.exception()  # or the loop would complain of an exception that nobody saw
            await self._lost

    def _carry_out(self, outputs: list[SessionOutput]) -> None:
        for output in outputs:
            match output:
                case Send(octets):
                    self.transport.write(octets)
                case Reads() | ReaderReady() | PortChanged():
                    self._tell(output)
                case BadFrame():
                    self._count(output)
                case Notice(text):
                    _log.warning("%s: %s", self._reader.settings.name, text)
                case Ended(reason):
                    self._fail(self._reader.error(reason))
                    self.transport.close()
                case _:
                    assert_never(output)
        self._watch()

    def _tell(self, event: ReaderEvent) -> None:
        if self._leaving or self.ended.done():
            return
        try:
            self._emit(event)
        except Exception as error:
            self._fail(error)
            self.transport.abort()

    def _count(self, bad: BadFrame) -> None:
        """Logs the first bad frame and then whenever their number has doubled."""
        self._reader.bad_frames += 1
        number = self._reader.bad_frames
        if number & (number - 1) == 0:
            name = self._reader.settings.name
            _log.warning("%s: bad frame number %d: %s: %s", name, number, bad.reason, bad.octets.hex())

    def _fail(self, error: Exception) -> None:
        if not self.ended.done() and not self._leaving:  # who leaves no longer asks why it ended
            self.ended.set_exception(error)

    def _watch(self) -> None:
        """Keeps one timer, which asks for the session's deadline only when it rings: reports only ever move it on."""
        deadline_us = self._session.deadline_us
        if deadline_us is None or (self._timer_us is not None and self._timer_us <= deadline_us):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_us = deadline_us
        delay_s = max(0, deadline_us - _now_us()) / 1_000_000
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._expire)

    def _expire(self) -> None:
        self._timer = self._timer_us = None
        self._carry_out(self._session.expire(_now_us()))
