"""One connection of HTTP: within its time, and giving way when too many are there.

Public names: GuardedConnection, connection_of, TOO_LATE.

The server's own protocol, which counts the seconds between two requests only; where a connection stands and what
follows of it says `api.crowd`. What is ended is counted, and told once a minute for each address.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from api.crowd import ENDINGS, Crowd, Stand, address_of, deadline_s, standing_of
from api.seldom import Seldom

log = logging.getLogger(__name__)
_errors = logging.getLogger("uvicorn.error.connection")
_errors.setLevel(logging.ERROR)  # the library's warnings name no address, and one comes with every try
TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class GuardedConnection(H11Protocol):
    """`connection_of` gives the class its ``crowd``."""

    crowd: ClassVar[Crowd[GuardedConnection]]
    told: ClassVar[Seldom]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.logger = _errors
        self._address = ""
        self._first = True
        self._standing = Stand.HALF
        self._since_s = math.inf
        self._octets = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = address_of(self.client[0] if self.client else "")
        self._since_s = self.loop.time()
        if (other := self.crowd.came(self, self._address)) is not None:
            other.end("crowded")
        self._due()

    def data_received(self, data: bytes) -> None:
        if self._standing is not Stand.STUCK:
            self._octets += len(data)
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._look()

    def send_400_response(self, msg: str) -> None:
        self._tell("no-request")
        super().send_400_response(msg)

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone()
        super().connection_lost(exc)
        self._unset_keepalive_if_required()

    def end(self, why: str) -> None:
        """Ends it, with a word where one can still be said."""
        self._tell(why)
        if why == "half-request" and self.conn.their_state is h11.IDLE:
            self.transport.write(TOO_LATE)
            self.transport.close()
        else:
            self.transport.abort()
        self._gone()

    def _look(self) -> None:
        """Something has happened: it may stand otherwise now."""
        if self.transport.is_closing():
            return
        theirs = self.conn.their_state
        standing = standing_of(
            whole=theirs is not h11.SEND_BODY,
            answered=self.conn.our_state not in (h11.SEND_RESPONSE, h11.SEND_BODY),
            stuck=self.flow.write_paused,
            first=self._first,
            begun=bool(self.conn.trailing_data[0]),
        )
        self._first = self._first and theirs is h11.IDLE
        if self.crowd.stands(self, standing):
            self._standing = standing
            self._since_s = self.loop.time()
            self._octets = self.transport.get_write_buffer_size() if standing is Stand.STUCK else 0
            self._due()

    def _due(self) -> None:
        """Ends it at its time, and looks again where that is later by now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_s = deadline_s(self._standing, self._since_s, self._octets)
        if due_s <= self.loop.time():
            self.end("slow-reader" if self._standing is Stand.STUCK else "half-request")
        elif due_s < math.inf:
            self._timer = self.loop.call_at(due_s, self._due)

    def _gone(self) -> None:
        self.crowd.left(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, why: str) -> None:
        self.crowd.ended[why] += 1
        if count := self.told.happened(f"{why} {self._address}", self.loop.time()):
            log.warning("connections: %s: %s (%d since this was said last)", self._address, ENDINGS[why], count)


def connection_of(all_of: Crowd[GuardedConnection]) -> type[GuardedConnection]:
    """The protocol of one server's connections."""

    class Ours(GuardedConnection):
        crowd = all_of
        told = Seldom()

    return Ours
