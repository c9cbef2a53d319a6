"""Devices of the simulated floor that wait to be connected to: what they say, every client hears.

Public names: Listening, Greet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias

from edge.sim.dialling import dial_problem
from rfid.driver import ReaderError
from rfid.tcp import host_port, stop_listening

_UNREAD = 1_000_000
"""Octets that a client may leave unread."""
_LIMIT = 16_384

Greet: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]
"""Whatever comes before the first word to a client; False: it is let go."""


class Listening:
    """One device on one port. ``name``: for errors. ``ready``: somebody listens."""

    def __init__(self, name: str, host: str, port: int, greet: Greet | None = None) -> None:
        self._name = name
        self._where = host.strip("[]"), port
        self._greet = greet
        self._came: set[asyncio.StreamWriter] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def ready(self) -> bool:
        """Whether somebody listens."""
        return bool(self._clients)

    async def start(self) -> None:
        """Raises ReaderError where the address cannot be listened on."""
        try:
            self._server = await asyncio.start_server(self._come, *self._where, limit=_LIMIT)
        except OSError as error:
            why = f"{host_port(*self._where)}: {dial_problem(error)}"
            raise ReaderError(f"reader {self._name}: cannot listen on {why}") from error

    async def stop(self) -> None:
        """Closes every socket."""
        if self._server is not None:
            await stop_listening(self._server)
            for writer in list(self._came):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    def say(self, octets: bytes) -> bool:
        """Says this now; False: nobody listens, and it is lost."""
        for writer in list(self._clients):
            if writer.transport.get_write_buffer_size() > _UNREAD:
                writer.transport.abort()
            else:
                writer.write(octets)
        return self.ready

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._came.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):  # gone, or no client
                if self._greet is None or await self._greet(reader, writer):
                    self._clients.add(writer)
                    while await reader.read(_LIMIT):
                        pass
        finally:
            self._came.discard(writer)
            self._clients.discard(writer)
            writer.close()
