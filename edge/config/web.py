"""One request over HTTP by a thread that another thread may cut off.

Public names: WebAnswer, ask, advised_s.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from edge.config.connections import Connections


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What a server answered; of its body the first octets. ``headers``: by names in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


def ask(
    links: Connections,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
    *,
    timeout_s: float,
    tls: ssl.SSLContext | None = None,
    most: int = 65_536,
) -> WebAnswer:
    """Asks and waits for the answer, all of it ``timeout_s`` at most, also of one that comes octet by octet.

    ``tls``: None = none, whatever the URL says. Raises OSError, http.client.HTTPException, ValueError.
    """
    where = urlsplit(url)
    host, port = where.hostname or "", where.port or (80 if tls is None else 443)
    link = http.client.HTTPConnection(host, port, timeout=timeout_s)
    link.sock = sock = links.connect(host, port, timeout_s, tls)
    late = threading.Event()

    def end() -> None:
        late.set()
        with suppress(OSError):  # it is over
            socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, which another thread is within

    limit = threading.Timer(timeout_s, end)
    limit.start()
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.request(method, f"{where.path or '/'}{f'?{where.query}' if where.query else ''}", body, dict(headers))
        answer = link.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return WebAnswer(answer.status, answer.reason, told, answer.read(most))
    except (OSError, http.client.HTTPException) as error:
        if late.is_set() or isinstance(error, TimeoutError):
            raise TimeoutError(f"no answer within {timeout_s:g} s") from None
        raise
    finally:
        limit.cancel()
        link.close()


def advised_s(retry_after: str, now_s: float) -> float:
    """``Retry-After`` as seconds from now; 0 = it says nothing that can be read.

    Source: RFC 9110, 10.2.3: seconds, or a date.
    """
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now_s)
