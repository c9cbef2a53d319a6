"""Readers that send their maker's JSON to an address of ours: by HTTP POST, over a WebSocket, or lines over TCP.

Public names: PushJsonReader, PushSettings.

Source: RFC 9110 and 9112 (h11), RFC 6455 (wsproto), RFC 6750 and 7617 (a token as bearer, or as a password).
"""

from __future__ import annotations

import asyncio
import hmac
import re
import ssl
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import assert_never
from urllib.parse import urlsplit

import h11
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from rfid.bad_messages import BadMessages
from rfid.driver import ReaderEvent
from rfid.http_reader import JsonLines
from rfid.tcp import host_port
from rfid.vendor_json import MOST, PushWay, Vendor, heard
from rfid.visit import Talk, Visit

_WITHIN_S = 10.0
"""A request that has begun is whole after so long, or its connection is ended."""
_HEADERS = 16_384
_LINE = re.compile(rb"[^\n]+")
_FEW = 100
"""Lines in one step that are only looked at."""


@dataclass(frozen=True, slots=True)
class PushSettings:
    """Where we listen. ``only``: the reader's address, empty = any that knows the ``token``; ``path``: empty = any.

    ``silent_s``: a reader that says nothing for so long is gone; 0 = never, or when its connection ends. ``tls`` None =
    in the clear.
    """

    name: str
    vendor: Vendor
    way: PushWay
    host: str
    port: int
    only: str = ""
    token: str = ""
    path: str = ""
    silent_s: float = 0
    tls: ssl.SSLContext | None = None


class PushJsonReader:
    """One reader that connects to us; see ``rfid.driver.Reader`` for ``run``. ``bad`` counts what was no message."""

    def __init__(self, settings: PushSettings) -> None:
        self.settings = settings
        self.bad = BadMessages()

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Listens until the reader is gone or the task is cancelled. Raises ``ReaderError``."""
        given = self.settings
        visit = Visit(
            given.name,
            "reader",
            given.host,
            given.port,
            only=given.only,
            single=given.way is not PushWay.HTTP,
            silent_s=given.silent_s,
            emit=emit,
        )
        kind: type[_Line]
        match given.way:
            case PushWay.HTTP:
                kind = _Posts
            case PushWay.WEBSOCKET:
                kind = _WebSocket
            case PushWay.TCP:
                kind = _Lines
            case _:
                assert_never(given.way)
        try:
            await visit.listen(lambda: kind(visit, given, self.bad), given.tls)
            await visit.ended
        finally:
            await visit.leave()


class _Line(Talk):
    def __init__(self, visit: Visit, settings: PushSettings, bad: BadMessages) -> None:
        super().__init__(visit)
        self.settings = settings
        self.bad = bad
        self._late: asyncio.TimerHandle | None = None

    @property
    def about(self) -> str:
        given = self.settings
        return f"{given.vendor} JSON by {given.way} from {self.peer} at {host_port(given.host, given.port)}"

    def admit(self, target: str, headers: Iterable[tuple[bytes, bytes]]) -> int:
        """0 = it is the reader; otherwise the status of the refusal."""
        given = self.settings
        if given.path and urlsplit(target).path != given.path:
            self.visit.refuse(self.peer, f"it asked for {target[:80]!r}, not for {given.path!r}")
            return 404
        if given.token and not any(_knows(value, given.token) for name, value in headers if name == b"authorization"):
            self.visit.refuse(self.peer, "without the token, as bearer or as the password of a login")
            return 401
        self.let_in = True
        self.visit.reached(self, self.about)
        return 0

    def message(self, octets: bytes) -> Generator[None, None, bool]:
        """Takes one message in steps; whether there was anything right in it."""
        return heard(self.settings.vendor, octets, self.bad, lambda: self.visit.heard(self.about), self.visit.tell)

    def within(self, begun: bool) -> None:
        """Something has begun that must be whole in time, or is."""
        if self._late is not None and not begun:
            self._late.cancel()
            self._late = None
        elif self._late is None and begun:
            self._late = asyncio.get_running_loop().call_later(_WITHIN_S, self.transport.abort)

    def gone(self) -> None:
        self.within(begun=False)


class _Lines(_Line):
    def began(self) -> None:
        self._octets = JsonLines()
        self._wrong = self.bad.count
        self.let_in = True
        self.visit.reached(self, self.about)

    def took(self, octets: bytes) -> Iterator[None]:
        right = False
        for line in self._octets.feed(octets):
            right = (yield from self.message(line)) or right
            yield
        if self._octets.blank and (right or self.bad.count == self._wrong):
            self.visit.heard(self.about)


class _WebSocket(_Line):
    def began(self) -> None:
        self.let_in = not self.settings.token  # its end is the reader's, whoever else may have come
        self._talk = WSConnection(ConnectionType.SERVER)
        self._held: list[bytes] = []
        self._size = 0
        self.within(begun=True)

    def took(self, octets: bytes) -> Iterator[None]:
        try:
            self._talk.receive_data(octets)
            for event in self._talk.events():
                yield
                match event:
                    case Request(target=target, extra_headers=headers):
                        self._asked(target, [(name.lower(), value) for name, value in headers])
                    case TextMessage() | BytesMessage():
                        yield from self._part(event)
                    case Ping():
                        self.visit.heard(self.about)
                        self._say(event.response())
                    case CloseConnection():
                        self._say(event.response())
                        self.transport.close()
                    case _:
                        pass
        except (RemoteProtocolError, LocalProtocolError) as error:
            self._bad(f"this is no WebSocket: {error}", octets)

    def _asked(self, target: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.within(begun=False)
        status = self.admit(target, headers)
        if status:
            more = [(b"www-authenticate", b'Basic realm="reader"')] if status == 401 else []
            self._say(RejectConnection(status_code=status, headers=more))
            self.transport.close()
        else:
            self._say(AcceptConnection())

    def _part(self, part: TextMessage | BytesMessage) -> Iterator[None]:
        octets = part.data.encode() if isinstance(part.data, str) else bytes(part.data)
        self._size += len(octets)
        if self._size > MOST:
            self._bad(f"a message of more than {MOST} octets", octets)
            return
        self._held.append(octets)
        if part.message_finished:
            whole, self._held, self._size = b"".join(self._held), [], 0
            yield from self.message(whole)

    def _say(self, event: AcceptConnection | RejectConnection | CloseConnection | Pong) -> None:
        self.transport.write(self._talk.send(event))

    def _bad(self, reason: str, octets: bytes) -> None:
        if (notice := self.bad.notice(reason, octets)) is not None:
            self.visit.tell(notice)
        self.transport.close()


class _Posts(_Line):
    def began(self) -> None:
        self._talk = h11.Connection(h11.SERVER, max_incomplete_event_size=_HEADERS)
        self._status = 0
        self._held: list[bytes] = []
        self._size = 0

    def took(self, octets: bytes) -> Iterator[None]:
        self.within(begun=True)
        try:
            self._talk.receive_data(octets)
            while not self.transport.is_closing():
                yield
                match self._talk.next_event():
                    case h11.NEED_DATA | h11.PAUSED:
                        return
                    case h11.Request() as request:
                        self._asked(request)
                    case h11.Data(data=data):
                        self._part(bytes(data))
                    case h11.EndOfMessage():
                        yield from self._whole()
                    case h11.ConnectionClosed():
                        self.transport.close()
                    case _:
                        pass
        except h11.RemoteProtocolError as error:
            if (notice := self.bad.notice(f"this is no HTTP: {error}", octets)) is not None:
                self.visit.tell(notice)
            self.transport.close()

    def _asked(self, request: h11.Request) -> None:
        headers = list(request.headers)
        self._status = self.admit(request.target.decode("latin-1"), headers)
        if not self._status and request.method not in (b"POST", b"PUT"):
            self._status = 405
        if not self._status and any(name == b"content-encoding" and value != b"identity" for name, value in headers):
            self._status = 415
        if self._status:
            self._answer()  # before the body, which nobody needs
        elif self._talk.they_are_waiting_for_100_continue:
            self.transport.write(self._talk.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")

    def _part(self, octets: bytes) -> None:
        self._size += len(octets)
        if self._size > MOST and not self._status:
            self._status = 413
            self._answer()
        elif not self._status:
            self._held.append(octets)

    def _whole(self) -> Iterator[None]:
        self.within(begun=False)
        octets, self._held, self._size = b"".join(self._held), [], 0
        if not self._status:
            self._status = 204 if (yield from self._right(octets)) else 400
            self._answer()
        if self._talk.our_state is h11.DONE and self._talk.their_state is h11.DONE:
            self._talk.start_next_cycle()
        else:
            self.transport.close()

    def _right(self, octets: bytes) -> Generator[None, None, bool]:
        """Takes a body: one message, or one a line."""
        messages = 0
        for number, line in enumerate(_lines(octets), 1):
            if line and (line[:1] not in (b"{", b"[") or line[-1:] not in (b"}", b"]")):
                messages = 0
                break
            messages += bool(line)
            if number % _FEW == 0:
                yield
        if messages < 2:
            return (yield from self.message(octets))
        right = True
        for line in _lines(octets):
            right = (not line or (yield from self.message(line))) and right
            yield
        return right

    def _answer(self) -> None:
        headers = [("Content-Length", "0")] if self._status != 204 else []
        if self._status == 401:
            headers.append(("WWW-Authenticate", 'Basic realm="reader"'))
        if self._status not in (204, 400):
            headers.append(("Connection", "close"))
        self.transport.write(
            (self._talk.send(h11.Response(status_code=self._status, headers=headers)) or b"")
            + (self._talk.send(h11.EndOfMessage()) or b"")
        )
        if self._status not in (204, 400):
            self.transport.close()


def _lines(octets: bytes) -> Iterator[bytes]:
    """Each without the blanks around it."""
    return (found[0].strip() for found in _LINE.finditer(octets))


def _knows(given: bytes, token: str) -> bool:
    """Whether an Authorization header has the token, as bearer or as a password."""
    scheme, _, rest = given.partition(b" ")
    match scheme.lower():
        case b"bearer":
            shown = rest.strip()
        case b"basic":
            try:
                shown = b64decode(rest, validate=True).partition(b":")[2]
            except Base64Error:
                return False
        case _:
            return False
    return hmac.compare_digest(shown, token.encode())
