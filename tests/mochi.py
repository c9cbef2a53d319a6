"""mochi-mqtt as a real broker that cuts the link for what it does not take, and forgets everything when it ends.

Public names: Mochi.
"""

from __future__ import annotations

import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from ports import free_port
from waiting import HANGS_S, wait_until


class Mochi:
    """A broker on one port, started again after a kill. ``largest``: packets above it have the link cut, which it does
    not announce; 0 = any. ``at_once``: how many messages it takes at once.
    """

    def __init__(self, program: Path, largest: int = 0, at_once: int = 1024) -> None:
        self.port = free_port()
        self._command = [str(program), str(self.port), str(largest), str(at_once)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Mochi:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._listens)
        return self

    def _listens(self) -> bool:
        assert self._process is not None and self._process.poll() is None
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
            return True
        return False

    def __exit__(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.kill()
            process.wait(HANGS_S)
            process.stdin.close()
