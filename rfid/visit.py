"""A device on the other end of TCP: it connects to us or we to it, who is let in, when it is heard, and when silent.

Public names: Visit, Talk.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from typing import cast

from rfid.driver import ReaderError, ReaderEvent, ReaderFailure, ReaderNotice, ReaderReached, ReaderReady
from rfid.tcp import Portions, connected, connection_reason, host_port, notice_dead_peers, stop_listening

_CALL_S = 10.0
"""How long a device that is to connect may take before it is said to be down."""
_REFUSED_TOLD = 8
"""So many addresses that were not let in are told of, each once in a visit."""
_LINES = 16
"""Connections at a time; the oldest of more is dropped."""


class Visit:
    """One ``run`` of a driver; ``ended`` never has a result, only an exception.

    ``what``: the device, as people call it. ``host``, ``port``: where we listen, or connect to. ``only``: the address
    that is let in, empty = any; ``single``: the newest connection alone counts, and its end ends the visit.
    """

    def __init__(
        self,
        name: str,
        what: str,
        host: str,
        port: int,
        *,
        only: str,
        single: bool,
        silent_s: float,
        emit: Callable[[ReaderEvent], None],
    ) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._name, self._what, self._host, self._port = name, what, host, port
        self._only, self._single, self._silent_s = only, single, silent_s
        self._emit = emit
        self._lines: dict[Talk, None] = {}
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ready = False
        self._refused: set[str] = set()

    async def call(self, line: Callable[[], Talk]) -> None:
        """Connects. Raises ``ReaderError``."""
        loop = asyncio.get_running_loop()
        await connected(loop.create_connection(line, self._host, self._port), self.error)

    async def listen(self, line: Callable[[], Talk], tls: ssl.SSLContext | None = None) -> None:
        """Raises ``ReaderError``."""
        loop = asyncio.get_running_loop()
        try:
            # Not at once: who is cancelled in the turn that this takes would have no server to close.
            self._server = await loop.create_server(line, self._host, self._port, ssl=tls, start_serving=False)
            await self._server.start_serving()
        except (OSError, UnicodeError) as error:
            raise self.error(f"cannot listen: {connection_reason(error)}", ReaderFailure.SETUP) from error
        who = self._only or f"the {self._what}"
        late = f"{who} did not connect within {_CALL_S:g} s: is the {self._what} set to this address?"
        self._watch(_CALL_S, late)

    async def leave(self) -> None:
        """Leaves no socket behind."""
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            await stop_listening(self._server)
        while self._lines:
            lines = list(self._lines)
            for line in lines:
                line.transport.abort()
            await asyncio.gather(*(line.lost for line in lines))
        if self._server is not None:
            await self._server.wait_closed()

    # ---- its connections ---------------------------------------------------------------------------------------------

    def came(self, line: Talk) -> bool:
        """Whether a new connection may speak."""
        self._lines[line] = None
        if self._server is not None and not line.peer:
            return False  # it is gone already
        if self._only and line.peer != self._only:
            self.refuse(line.peer, f"only {self._only} may connect")
            return False
        if len(self._lines) > _LINES:
            next(iter(self._lines)).transport.abort()
        return True

    def refuse(self, peer: str, why: str) -> None:
        """Somebody who may be the reader is not let in."""
        if peer not in self._refused and len(self._refused) < _REFUSED_TOLD:
            self._refused.add(peer)
            self.tell(ReaderNotice(f"{peer or 'somebody'} was not let in, {why}", refused=True))

    def reached(self, line: Talk, about: str) -> None:
        """It is the reader's: of several connections that it may have only one of, the newest."""
        if self._single:
            for other in list(self._lines):
                if other is not line:
                    other.transport.abort()
        self._hear()
        self.tell(ReaderReached(about))

    def heard(self, about: str) -> None:
        """The reader said something."""
        self._hear()
        if not self._ready:
            self._ready = True
            self.tell(ReaderReady(about))

    def went(self, line: Talk, error: Exception | None) -> None:
        """A connection ended."""
        newest = next(reversed(self._lines), None)
        self._lines.pop(line, None)
        if self._single and line is newest and line.let_in:
            reason = (
                connection_reason(error) if isinstance(error, OSError) else f"the {self._what} ended the connection"
            )
            self.fail(self.error(reason, ReaderFailure.LOST))

    # ---- its owner ---------------------------------------------------------------------------------------------------

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
            self.ended.exception()  # or the loop would complain where ``run`` was cancelled before it could ask

    def error(self, reason: str, failure: ReaderFailure) -> ReaderError:
        """The error for a reason, with the reader's name and our address."""
        return ReaderError(f"{self._name}: {host_port(self._host, self._port)}: {reason}", failure)

    def _hear(self) -> None:
        self._watch(self._silent_s, f"no word for {self._silent_s:g} s")

    def _watch(self, after_s: float, reason: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if after_s:
            late = self.error(reason, ReaderFailure.SILENT)
            self._timer = asyncio.get_running_loop().call_later(after_s, self.fail, late)


class Talk(asyncio.Protocol):
    """One connection. ``took`` gets what comes on one that may speak; it may end it with ``transport``.

    ``PORTION``: octets at most that it gets in a turn of the loop.
    """

    PORTION = 4_096
    transport: asyncio.Transport

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.peer = ""
        self.let_in = False
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        peername = transport.get_extra_info("peername")  # None = it is gone already
        self.peer = str(peername[0]) if peername else ""
        notice_dead_peers(transport)
        self._portions = Portions(self.transport, self.PORTION, self.took)
        if not self.visit.came(self):
            self.transport.abort()
        else:
            self.began()

    def data_received(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self._portions.came(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone()
        if not self.lost.done():
            self.lost.set_result(None)
        self.visit.went(self, exc)

    def began(self) -> None:
        """It may speak from now on."""

    def took(self, octets: bytes) -> Iterator[object] | None:
        """What came; what is to be done with it may be given back, in steps."""
        raise NotImplementedError

    def gone(self) -> None:
        """It is over."""
