"""TCP connections of readers that may be silent for long.

Public names: notice_dead_peers, connection_reason, connection_failure, host_port.
"""

from __future__ import annotations

import socket
import ssl
from asyncio import BaseTransport

from rfid.driver import ReaderFailure

_IDLE_S, _EVERY_S, _TIMES = 5, 2, 3


def notice_dead_peers(transport: BaseTransport) -> None:
    """Has the kernel ask a silent peer whether it lives: one that lost its power ends the connection in 11 s."""
    link: socket.socket | None = transport.get_extra_info("socket")
    if link is not None:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_S)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _EVERY_S)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _TIMES)


def connection_reason(error: OSError) -> str:
    """Why there is no connection, in a few words."""
    match error:
        case ConnectionRefusedError():
            return "connection refused"
        case ssl.SSLCertVerificationError():
            return f"TLS: certificate not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS: {error.reason or error}".lower().replace("tls", "TLS", 1)
        case _:
            return (error.strerror or str(error) or type(error).__name__).lower()


def connection_failure(error: OSError) -> ReaderFailure:
    """What kind of trouble it is that a connection could not be made."""
    return ReaderFailure.REFUSED if isinstance(error, ssl.SSLError) else ReaderFailure.UNREACHABLE


def host_port(address: str, port: int) -> str:
    """``address:port``, with brackets about an IPv6 address."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
