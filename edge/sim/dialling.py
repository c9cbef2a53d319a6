"""Devices of the simulated floor that connect by themselves, to the controller or a broker, and say what they have.

Public names: Dialling, DeviceWay, NotTakenError, dial_problem.

As real ones do, they call again whenever their connection ends, and what they see meanwhile is lost.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

AGAIN_S = 0.5
"""From the end of a connection to the next try."""
ALIVE_S = 1.0
"""A device that has nothing to say says that it lives so often."""
ANSWER_S = 5.0
PORTION = 64
"""Messages that are said at once."""
_MOST = 20_000
"""Messages that wait for their turn; older ones are lost."""


class NotTakenError(OSError):
    """The other side does not want what the device says; the text has its answer."""


class DeviceWay(Protocol):
    """How a device speaks over a connection that stands."""

    async def greet(self) -> None:
        """Whatever comes before the first word. Raises OSError."""
        ...

    async def say(self, messages: Sequence[bytes]) -> None:
        """Some messages, signs of life among them. Raises OSError."""
        ...


class Dialling:
    """One device. ``ready``: somebody takes what it says; ``trouble``: why nobody does, or empty.

    ``way`` speaks over a new connection. ``from_host``: the address that it calls from, empty = any. ``alive`` gives
    its sign of life, None = it says nothing.
    """

    def __init__(
        self,
        host: str,
        port: int,
        way: Callable[[asyncio.StreamReader, asyncio.StreamWriter], DeviceWay],
        alive: Callable[[], bytes | None],
        from_host: str = "",
    ) -> None:
        self.ready = False
        self.trouble = ""
        self._to = host, port
        self._from = from_host
        self._way = way
        self._alive = alive
        self._waiting: deque[bytes] = deque(maxlen=_MOST)
        self._some = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to call."""
        self._task = asyncio.get_running_loop().create_task(self._keep(), name=f"device to {self._to}")

    async def stop(self) -> None:
        """Hangs up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def say(self, messages: Sequence[bytes]) -> bool:
        """Says this as soon as it can; False: nobody listens, and it is lost."""
        if self.ready:
            self._waiting.extend(messages)
            self._some.set()
        return self.ready

    async def _keep(self) -> None:
        while True:
            try:
                await self._visit()
            except asyncio.IncompleteReadError:
                self.trouble = "it hung up"
            except TimeoutError:
                self.trouble = "no answer"
            except OSError as error:
                self.trouble = str(error) if isinstance(error, NotTakenError) else dial_problem(error)
            self.ready = False
            self._waiting.clear()
            await asyncio.sleep(AGAIN_S)

    async def _visit(self) -> None:
        host, port = self._to
        local = (self._from, 0) if self._from else None
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(host, port, local_addr=local)
        try:
            way = self._way(reader, writer)
            async with asyncio.timeout(ANSWER_S):
                await way.greet()
            while True:
                alive = None if self._waiting else self._alive()
                messages = [alive] if alive is not None else self._portion()
                async with asyncio.timeout(ANSWER_S):
                    if messages:
                        await way.say(messages)
                    await writer.drain()
                self.ready, self.trouble = True, ""
                if not self._waiting:
                    await self._rest(reader)
        finally:
            writer.transport.abort()

    def _portion(self) -> list[bytes]:
        return [self._waiting.popleft() for _ in range(min(PORTION, len(self._waiting)))]

    async def _rest(self, reader: asyncio.StreamReader) -> None:
        """Until there is something to say, or it is time for a sign of life."""
        self._some.clear()
        try:
            async with asyncio.timeout(ALIVE_S):
                await self._some.wait()
        except TimeoutError:
            if reader.at_eof():
                raise NotTakenError("it hung up") from None


def dial_problem(error: OSError) -> str:
    """Why there is no connection, in a few words."""
    return os.strerror(error.errno).lower() if error.errno else str(error) or "no connection"
