"""A barcode scanner of the simulated floor, on a real socket.

Public names: SimulatedScanner.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from edge.config.readers import BarcodeConfig
from rfid.barcode import Framing
from rfid.driver import ReaderError
from rfid.tcp import stop_listening


class SimulatedScanner:
    """Set up as a table of LINE.toml says; every client that connects hears what it finds."""

    def __init__(self, name: str, config: BarcodeConfig) -> None:
        self._name = name
        self._config = config
        self._clients: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @property
    def ready(self) -> bool:
        """Whether somebody listens."""
        return bool(self._clients)

    async def start(self) -> None:
        """Listens. Raises ``ReaderError``."""
        config = self._config
        if config.port is None:
            raise ReaderError(f"reader {self._name}: only scanners to which we connect are simulated: set port")
        try:
            self._server = await asyncio.start_server(self._come, config.host, config.port)
        except OSError as error:
            why = f"{config.host}:{config.port}: {os.strerror(error.errno or 0)}"
            raise ReaderError(f"reader {self._name}: cannot listen on {why}") from error

    async def stop(self) -> None:
        """Closes every socket."""
        if self._server is not None:
            await stop_listening(self._server)
            for writer in list(self._clients):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None

    def say(self, codes: Sequence[str]) -> None:
        """What was found on one object, or that nothing was; GS1 identities as GS1-128 with their AIM identifier."""
        config = self._config
        texts = [f"]C1{code.replace('(', '').replace(')', '')}" if code.startswith("(") else code for code in codes]
        text = (config.separator.join(texts) if config.separator else "".join(texts[:1])) or config.no_read
        frame = f"\x02{text}\x03" if config.frame is Framing.STX_ETX else f"{text}\r\n"
        for writer in self._clients:
            writer.write(frame.encode())

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            while await reader.read(4_096):
                pass
        except OSError:
            pass  # its client is gone
        finally:
            self._clients.discard(writer)
            writer.close()
