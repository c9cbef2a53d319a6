"""Readers that stream their JSON over HTTP: one GET that never ends, an object a line, blank lines as signs of life.

Public names: HttpJsonReader, HttpSettings, JsonLines.

Source: RFC 9110 and 9112; RFC 7617 (basic authentication).
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import h11

from rfid.bad_messages import BadMessages
from rfid.driver import ReaderError, ReaderEvent, ReaderFailure, ReaderReached, ReaderReady
from rfid.tcp import STEPS, connected, connection_reason, host_port, notice_dead_peers
from rfid.vendor_json import Vendor, heard

_ANSWER_S = 5.0
_CHUNK = 4_096
_LONGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where a reader streams. ``silent_s``: not even a blank line for so long ends the connection; 0 = never.

    ``target``: path and query. ``user`` empty = no authentication; ``tls`` None = in the clear.
    """

    name: str
    vendor: Vendor
    host: str
    port: int
    target: str
    silent_s: float = 0
    user: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None


class JsonLines:
    """Octets -> lines without their ends. Any split gives the same; a line past a million octets is cut there.

    ``blank``: whether there was a blank line among the newest.
    """

    def __init__(self) -> None:
        self.blank = False
        self._held = bytearray()

    def feed(self, octets: bytes) -> list[bytes]:
        """The lines that are whole now; blank ones are signs of life and are left out."""
        self._held += octets
        *whole, rest = self._held.split(b"\n")
        self._held = bytearray(rest)
        if len(rest) > _LONGEST:
            whole.append(rest)
            self._held = bytearray()
        lines = [bytes(line) for line in whole if line.strip()]
        self.blank = len(lines) < len(whole)
        return lines

    @property
    def within(self) -> bool:
        """Whether the stream stands within a line."""
        return bool(self._held.strip())


class HttpJsonReader:
    """One reader that is its own web server; see ``rfid.driver.Reader`` for ``run``."""

    def __init__(self, settings: HttpSettings) -> None:
        self.settings = settings
        self.bad = BadMessages()

    async def run(self, emit: Callable[[ReaderEvent], None]) -> None:
        """Asks for the stream and reads until it ends or the task is cancelled. Raises ``ReaderError``."""
        given = self.settings
        way = asyncio.open_connection(given.host, given.port, ssl=given.tls)
        reader, writer = await connected(way, self._error)
        try:
            notice_dead_peers(writer.transport)
            await self._stream(reader, writer, emit)
        except h11.RemoteProtocolError as error:
            raise self._error(f"this is no HTTP: {error}", ReaderFailure.GARBAGE) from error
        except OSError as error:
            raise self._error(connection_reason(error), ReaderFailure.LOST) from error
        finally:
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def _stream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, emit: Callable[[ReaderEvent], None]
    ) -> None:
        given = self.settings
        http = h11.Connection(h11.CLIENT)
        headers = [("Host", host_port(given.host, given.port)), ("Accept", "application/json, application/x-ndjson")]
        if given.user:
            login = b64encode(f"{given.user}:{given.password}".encode()).decode()
            headers.append(("Authorization", f"Basic {login}"))
        request = http.send(h11.Request(method="GET", target=given.target, headers=headers))
        writer.write((request or b"") + (http.send(h11.EndOfMessage()) or b""))
        lines = JsonLines()
        about, ready = f"{given.vendor} JSON by HTTP from {host_port(given.host, given.port)}", False
        wrong, clock = self.bad.count, asyncio.get_running_loop().time
        heard_s, limit_s = clock(), _ANSWER_S

        def alive() -> None:
            nonlocal heard_s, ready
            heard_s = clock()
            if not ready:
                ready = True
                emit(ReaderReady(about))

        while True:
            match http.next_event():
                case h11.NEED_DATA:
                    http.receive_data(await self._more(reader, heard_s, limit_s))
                case h11.Response(status_code=status):
                    self._check(status)
                    heard_s, limit_s = clock(), given.silent_s
                    emit(ReaderReached(about))  # its web server may answer for a radio that does not
                case h11.Data(data=octets):
                    for step, _ in enumerate(self._heard(lines.feed(bytes(octets)), alive, emit), 1):
                        if step % STEPS == 0:
                            await asyncio.sleep(0)
                    if lines.blank and (ready or self.bad.count == wrong):
                        alive()
                case h11.EndOfMessage() | h11.ConnectionClosed():
                    where = ", in the middle of a line" if lines.within else ""
                    raise self._error(f"the reader ended the stream{where}", ReaderFailure.LOST)
                case _:
                    pass

    def _heard(
        self, lines: list[bytes], alive: Callable[[], None], emit: Callable[[ReaderEvent], None]
    ) -> Iterator[None]:
        for line in lines:
            yield from heard(self.settings.vendor, line, self.bad, alive, emit)
            yield

    async def _more(self, reader: asyncio.StreamReader, heard_s: float, limit_s: float) -> bytes:
        """``limit_s``: 0 = for ever."""
        await asyncio.sleep(0)  # reading what is there already is no turn for others
        try:
            async with asyncio.timeout_at(heard_s + limit_s if limit_s else None):
                return await reader.read(_CHUNK)
        except TimeoutError:
            reason = f"nothing for {limit_s:g} s, not even a blank line"
            raise self._error(reason, ReaderFailure.SILENT) from None

    def _check(self, status: int) -> None:
        if status == 200:
            return
        match status:
            case 403:  # no question for a login: that is 401. Source: RFC 9110, 15.5.4
                hint = "look at the reader's own page who may have its data"
            case 401:
                hint = (
                    "look at user and password_file"
                    if self.settings.user
                    else "it wants a login: give user and password_file"
                )
            case 404:
                hint = "look at the path of url, and whether the reader's interface is switched on"
            case _ if 300 <= status < 400:
                hint = "it sends elsewhere; give that address as url"
            case _:
                hint = "look at the reader's own page"
        raise self._error(f"HTTP status {status} where 200 is needed: {hint}", ReaderFailure.REFUSED)

    def _error(self, reason: str, failure: ReaderFailure) -> ReaderError:
        given = self.settings
        scheme = "http" if given.tls is None else "https"
        address = f"{scheme}://{host_port(given.host, given.port)}{given.target}"
        return ReaderError(f"{given.name}: {address}: {reason}", failure)
