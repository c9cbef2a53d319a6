"""TCP connections to readers, which may be silent for long.

Public names: connected, stop_listening, notice_dead_peers, connection_reason, host_port, Portions, STEPS.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from asyncio import BaseTransport
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import TypeVar

from rfid.driver import ReaderError, ReaderFailure

T = TypeVar("T")

_CONNECT_S = 5.0
_IDLE_S, _EVERY_S, _TIMES = 5, 2, 3
STEPS = 16
"""Of what is to be done with what came, in one turn of the loop: each takes a tenth of a millisecond or less."""
_ACCEPTED = 4
"""Turns of the loop in which a connection that was accepted before we ceased to listen becomes known."""
_UNREAD = 1_000_000
"""Octets of answers that a peer may leave unread."""


async def connected(way: Awaitable[T], fault: Callable[[str, ReaderFailure], ReaderError]) -> T:
    """The connection that ``way`` makes, TLS included; raises what ``fault`` makes of why there is none."""
    try:
        async with asyncio.timeout(_CONNECT_S):
            return await way
    except TimeoutError:
        raise fault(f"no connection within {_CONNECT_S:g} s", ReaderFailure.UNREACHABLE) from None
    except ssl.SSLError as error:
        raise fault(connection_reason(error), ReaderFailure.REFUSED) from error
    except (OSError, UnicodeError) as error:
        raise fault(connection_reason(error), ReaderFailure.UNREACHABLE) from error


async def stop_listening(server: asyncio.Server) -> None:
    """Closes a server; what it had accepted is a connection behind this, which its owner ends.

    A server of Python 3.11 that is closed at once forgets what it has accepted but not yet made a connection of, and
    nobody would ever end that. So nothing more is accepted first; servers of uvloop know no such thing.
    """
    for listener in server.sockets:
        asyncio.get_running_loop().remove_reader(listener.fileno())
    try:
        for _ in range(_ACCEPTED):
            await asyncio.sleep(0)
    finally:
        server.close()
    for _ in range(_ACCEPTED):
        await asyncio.sleep(0)


def notice_dead_peers(transport: BaseTransport) -> None:
    """Has the kernel ask a silent peer whether it lives: one that lost its power ends the connection in 11 s.

    Nothing for a peer that is gone already: its transport tells that.
    """
    with suppress(OSError, RuntimeError):  # uvloop's word for a transport that is closed
        link: socket.socket | None = transport.get_extra_info("socket")
        if link is not None:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_S)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _EVERY_S)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _TIMES)


class Portions:
    """Gives on what comes on a connection, ``most`` octets a turn of the loop, and lets nothing more come meanwhile.

    ``take`` does what is to be done with a portion, or gives back what is, of which so many ``steps`` are done a turn.
    Without it uvloop reads megabytes in one turn from a device that floods. What a connection that is over had left is
    dropped; one whose peer does not read what it is answered is ended.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        most: int,
        take: Callable[[bytes], Iterator[object] | None],
        steps: int = STEPS,
    ) -> None:
        self._transport = transport
        self._most = most
        self._take = take
        self._steps = steps
        self._held = bytearray()
        self._work: Iterator[object] | None = None
        self._waits = False

    def came(self, octets: bytes) -> None:
        """Takes what the transport brings."""
        self._held += octets
        if not self._waits:
            self._go_on()

    def _go_on(self) -> None:
        transport, waited = self._transport, self._waits
        if not transport.is_closing():
            try:
                self._turn()
            except BaseException:
                transport.abort()
                raise
        if transport.get_write_buffer_size() > _UNREAD:
            transport.abort()
        if transport.is_closing():
            self._held.clear()
            self._work = None
            return
        self._waits = bool(self._held) or self._work is not None
        if self._waits != waited:
            (transport.pause_reading if self._waits else transport.resume_reading)()
        if self._waits:
            asyncio.get_running_loop().call_soon(self._go_on)

    def _turn(self) -> None:
        if self._work is None:
            portion = bytes(self._held[: self._most])
            del self._held[: self._most]
            self._work = self._take(portion)
        if self._work is not None and sum(1 for _ in islice(self._work, self._steps)) < self._steps:
            self._work = None


def connection_reason(error: OSError | UnicodeError) -> str:
    """Why there is no connection, in a few words."""
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case ssl.SSLCertVerificationError():
            return f"TLS: certificate not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS: {error.reason or error}".lower().replace("tls", "TLS", 1)
        case UnicodeError():
            return "no host has such a name: each of its parts has 1 to 63 characters"
        case _:
            return (error.strerror or str(error) or type(error).__name__).lower()


def host_port(address: str, port: int) -> str:
    """``address:port``, with brackets about an IPv6 address."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
