"""A real MQTT broker, mosquitto, that can be killed and comes back.

Public names: Mosquitto.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
from pathlib import Path


class Mosquitto:
    """A broker on a loopback port of its own. ``lines``: more of its configuration."""

    def __init__(self, program: str, folder: Path, *lines: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as held:
            self.port: int = held.getsockname()[1]
        self._file = folder / "mosquitto.conf"
        text = [f"listener {self.port} 127.0.0.1", "log_dest none", *(lines or ("allow_anonymous true",)), ""]
        self._file.write_text("\n".join(text), encoding="utf-8")
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Until it listens."""
        self._process = await asyncio.to_thread(subprocess.Popen, [self._program, "-c", str(self._file)])
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    assert self._process.poll() is None, "mosquitto ended"
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return

    def kill(self) -> None:
        """At once, as when its machine loses power."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
