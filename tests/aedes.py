"""aedes as a real broker that speaks MQTT 3.1.1 alone, and forgets everything when it ends.

Public names: Aedes.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from ports import free_port
from waiting import HANGS_S

SCRIPT = Path(__file__).with_name("aedes_broker.js")


class Aedes:
    """A broker on one port, started again after a kill. ``folder``: with aedes in node_modules."""

    def __init__(self, node: str, folder: Path) -> None:
        self.port = free_port()
        self._command = [node, str(SCRIPT), str(folder), str(self.port)]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Aedes:
        """Starts, and waits until it listens."""
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "up\n"
        return self

    def kill(self) -> None:
        """kill -9."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate(timeout=HANGS_S)

    def __enter__(self) -> Aedes:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()
