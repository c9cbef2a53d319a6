"""A barcode scanner of the simulated floor, on a real socket.

Public names: SimulatedScanner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from edge.config.readers import BarcodeConfig
from edge.sim.device_words import frame_of, scan_of
from edge.sim.dialling import ALIVE_S, Dialling
from edge.sim.listening import Listening


class SimulatedScanner:
    """Set up as a table of LINE.toml says: it waits for its host, or calls it, and sends signs of life where it should.

    Every client hears what it finds.
    """

    def __init__(self, name: str, config: BarcodeConfig) -> None:
        self._config = config
        self._alive = frame_of(config.heartbeat, config.frame) if config.heartbeat else None
        self._calls: Dialling | None = None
        self._waits: Listening | None = None
        if config.port is None:
            host, _, port = config.listen.rpartition(":")
            self._calls = Dialling(host, int(port), _Frames, lambda: self._alive, config.host)
        else:
            self._waits = Listening(name, config.host, config.port)
        self._pulse: asyncio.TimerHandle | None = None

    @property
    def ready(self) -> bool:
        """Whether somebody listens."""
        line = self._calls or self._waits
        return line is not None and line.ready

    @property
    def trouble(self) -> str:
        """Why nobody does."""
        return "" if self._calls is None else self._calls.trouble

    async def start(self) -> None:
        """Listens, or begins to call. Raises ``ReaderError``."""
        if self._waits is not None:
            await self._waits.start()
            self._beat(self._waits)
        if self._calls is not None:
            self._calls.start()

    async def stop(self) -> None:
        """Closes every socket."""
        if self._pulse is not None:
            self._pulse.cancel()
        if self._waits is not None:
            await self._waits.stop()
        if self._calls is not None:
            await self._calls.stop()

    def say(self, codes: Sequence[str]) -> None:
        """What was found on one object, or that nothing was; GS1 identities as GS1-128 with their AIM identifier."""
        config = self._config
        octets = scan_of(codes, config.frame, config.separator, config.no_read)
        if self._calls is not None:
            self._calls.say([octets])
        if self._waits is not None:
            self._waits.say(octets)

    def _beat(self, line: Listening) -> None:
        if self._alive is not None:
            line.say(self._alive)
            self._pulse = asyncio.get_running_loop().call_later(ALIVE_S, self._beat, line)


class _Frames:
    """Frame after frame over TCP."""

    def __init__(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def greet(self) -> None:
        pass

    async def say(self, messages: Sequence[bytes]) -> None:
        self._writer.write(b"".join(messages))
