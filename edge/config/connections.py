"""TCP connections that a thread waits on and another thread may cut.

Public names: Connections.
"""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import suppress
from weakref import WeakSet


class Connections:
    """All of one target. ``cut`` ends at once whatever waits on them, for a connection or a TLS handshake too."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._cut = False
        self._made: WeakSet[socket.socket] = WeakSet()

    def connect(
        self, host: str, port: int, timeout_s: float | None, tls: ssl.SSLContext | None = None
    ) -> socket.socket:
        """A new connection, each address of ``host`` tried in turn. Raises OSError, after a cut always; ValueError for
        what can be no host's name.
        """
        trouble = OSError(f"{host} has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            link = socket.socket(family, kind, protocol)
            try:
                self._keep(link)
                link.settimeout(timeout_s)
                link.connect(address)
                if tls is not None:
                    link = secure = tls.wrap_socket(link, server_hostname=host, do_handshake_on_connect=False)
                    self._keep(secure)
                    secure.do_handshake()
            except OSError as error:
                link.close()
                trouble = error
            else:
                return link
        raise trouble

    def forget(self) -> None:
        """Those that there are shall not be cut."""
        with self._turn:
            self._made.clear()

    def cut(self) -> None:
        """For good. By any thread."""
        with self._turn:
            self._cut = True
            for link in self._made:
                with suppress(OSError):  # it is closed
                    socket.socket.shutdown(link, socket.SHUT_RDWR)  # below TLS, which another thread may be within

    def _keep(self, link: socket.socket) -> None:
        with self._turn:
            if self._cut:
                raise ConnectionAbortedError("given up")
            self._made.add(link)
