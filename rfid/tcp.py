"""TCP connections to readers, which may be silent for long.

Public names: connected, notice_dead_peers, connection_reason, host_port, Portions.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from asyncio import BaseTransport
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from rfid.driver import ReaderError, ReaderFailure

T = TypeVar("T")

_CONNECT_S = 5.0
_IDLE_S, _EVERY_S, _TIMES = 5, 2, 3


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

    Without it uvloop reads megabytes in one turn from a device that floods. What a connection that is over had left is
    dropped.
    """

    def __init__(self, transport: asyncio.Transport, most: int, take: Callable[[bytes], None]) -> None:
        self._transport = transport
        self._most = most
        self._take = take
        self._held = bytearray()

    def came(self, octets: bytes) -> None:
        """Takes what the transport brings."""
        if self._held or len(octets) > self._most:
            begins = not self._held
            self._held += octets
            if begins:
                self._transport.pause_reading()
                self._give()
        else:
            self._take(octets)

    def _give(self) -> None:
        if self._transport.is_closing():
            self._held.clear()
            return
        portion = bytes(self._held[: self._most])
        self._take(portion)
        del self._held[: self._most]
        if self._held:
            asyncio.get_running_loop().call_soon(self._give)
        elif not self._transport.is_closing():
            self._transport.resume_reading()


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
