"""Who owns a reader: keeps it connected as the controller does, and remembers what it said.

Public names: ReaderOwner.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic import TypeAdapter
from waiting import HANGS_S

from edge.config.readers import ReaderConfig
from edge.devices.reader import ReaderSession
from rfid.driver import ReaderError, ReaderEvent, ReaderNotice, ReaderReached, ReaderReady, Reads, TagRead


class ReaderOwner:
    """One reader by the keys of its table in LINE.toml."""

    def __init__(self, name: str, **keys: Any) -> None:
        config: ReaderConfig = TypeAdapter(ReaderConfig).validate_python(keys)
        self.session = ReaderSession(name, config)
        self.reader = self.session.reader()
        self.events: list[ReaderEvent] = []
        self.errors: list[ReaderError] = []
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[ReaderOwner]:
        """Connected again and again; at the end the driver must leave when it is told."""
        task = asyncio.create_task(self._keep())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.wait((task,), timeout=HANGS_S)
            assert task.cancelled(), task

    async def _keep(self) -> None:
        while True:
            try:
                self.reader = self.session.reader()
                await self.reader.run(self._take)
            except ReaderError as error:
                self.errors.append(error)
                self._changed.set()
                await asyncio.sleep(0.02)

    def _take(self, event: ReaderEvent) -> None:
        self.events.append(event)
        self._changed.set()

    @property
    def reads(self) -> list[TagRead]:
        return [one for event in self.events if isinstance(event, Reads) for one in event.reads]

    @property
    def epcs(self) -> list[str]:
        return [one.epc for one in self.reads]

    @property
    def reached(self) -> int:
        """How often the way to it stood."""
        return sum(isinstance(event, ReaderReached) for event in self.events)

    @property
    def ready(self) -> int:
        """How often it was heard."""
        return sum(isinstance(event, ReaderReady) for event in self.events)

    @property
    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, ReaderNotice)]

    async def until(self, so: Callable[[], bool]) -> None:
        """Waits for something that it says."""
        async with asyncio.timeout(HANGS_S):
            while not so():
                self._changed.clear()
                await self._changed.wait()
