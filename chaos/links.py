"""Links between processes that can be cut, stalled, slow, half open or broken again and again.

Public names: Links, Link, Way. One thread carries all of them.
"""

from __future__ import annotations

import asyncio
import threading
from enum import StrEnum
from pathlib import Path

FLAP_S = 0.15
OPEN_S = 5.0
PORTION = 65_536


class Way(StrEnum):
    """How a link goes wrong."""

    CUT = "cut"  # all connections end, and no other is made
    HALF = "half"  # clients are gone for themselves, servers go on believing in them
    STALL = "stall"  # nothing comes through, either way
    SLOW = "slow"  # everything comes so much later
    FLAP = "flap"  # every connection ends soon after it was made, again and again


class Link:
    """A way to a port of this machine, or a socket of its file system. Made by `Links`."""

    def __init__(self, to: int | Path) -> None:
        self.port = 0
        self._to = to
        self._way: Way | None = None
        self._slow_s = 0.0
        self._open = asyncio.Event()
        self._open.set()
        self.held = 0
        """Octets that were not let through yet, at both ends."""
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._forgotten: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._came, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def begin(self, way: Way, slow_s: float) -> None:
        self._way, self._slow_s = way, slow_s
        match way:
            case Way.CUT:
                self._end()
            case Way.HALF:
                for client, server in self._pairs:
                    self._forgotten.append(server)
                    client.transport.abort()
            case Way.STALL:
                self._open.clear()
            case Way.FLAP:
                task = asyncio.create_task(self._flap())
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case Way.SLOW:
                pass

    async def over(self) -> None:
        self._way, self._slow_s = None, 0.0
        self._open.set()
        for server in self._forgotten:
            server.transport.abort()
        self._forgotten.clear()

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self._way = None
        self._open.set()
        self._end()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end(self) -> None:
        for pair in self._pairs:
            for one in pair:
                one.transport.abort()

    async def _flap(self) -> None:
        while self._way is Way.FLAP:
            self._end()
            await asyncio.sleep(FLAP_S)

    async def _came(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self._way is Way.CUT:
            client.transport.abort()
            return
        try:
            answers, server = await asyncio.wait_for(self._reach(), OPEN_S)
        except OSError:
            client.transport.abort()
            return
        pair = (client, server)
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._carry(reader, server), self._carry(answers, client))
        finally:
            self._pairs.discard(pair)
            client.transport.abort()
            if server not in self._forgotten:
                server.transport.abort()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._to, Path):
            return await asyncio.open_unix_connection(self._to)
        return await asyncio.open_connection("127.0.0.1", self._to)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while octets := await source.read(PORTION):
                self.held += len(octets)
                await self._open.wait()
                self.held -= len(octets)
                if self._slow_s:
                    await asyncio.sleep(self._slow_s)
                target.write(octets)
                await target.drain()
            if self._way is not Way.HALF and target.can_write_eof():
                target.write_eof()
        except OSError:  # one side is gone: the other learns it, as it would without anybody between them
            if self._way is not Way.HALF:
                target.transport.abort()


class Links:
    """All links of a site, by name."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._links: dict[str, Link] = {}

    def make(self, name: str, to: int | Path) -> int:
        """The port of a new link."""
        link = Link(to)
        asyncio.run_coroutine_threadsafe(link.listen(), self._loop).result(OPEN_S)
        self._links[name] = link
        return link.port

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._links)

    def held(self, name: str) -> int:
        """Octets that a stalled link keeps back."""
        return self._links[name].held

    def begin(self, name: str, way: Way, slow_s: float = 0.0) -> None:
        """It goes wrong from now on."""
        asyncio.run_coroutine_threadsafe(self._links[name].begin(way, slow_s), self._loop).result(OPEN_S)

    def over(self, name: str) -> None:
        """It is as it should be again."""
        asyncio.run_coroutine_threadsafe(self._links[name].over(), self._loop).result(OPEN_S)

    def close(self) -> None:
        """Ends all of them."""
        for link in self._links.values():
            asyncio.run_coroutine_threadsafe(link.close(), self._loop).result(OPEN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(OPEN_S)
        self._loop.close()
