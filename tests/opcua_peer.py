"""The PLC on node-opcua as a process: a server that is none of ours, with a mailbox written from the contract.

Public names: NodeServer, node_opcua.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pytest

VERSION = "2.156.0"
SOURCE = Path(__file__).with_name("node_plc.js")


def node_opcua(project: Path) -> Path:
    """The folder with node-opcua; the test is skipped where it is not installed, or fails when CI is set."""
    folder = project / ".peers" / "node-opcua" / "node_modules"
    if (folder / "node-opcua" / "package.json").exists():
        return folder
    reason = f"node-opcua {VERSION} is not installed: `make peers` installs what the tests talk to"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class NodeServer:
    """One running server with user ``lanewise``, password ``a password``; ``url`` and ``certificate`` are its own."""

    def __init__(self, modules: Path, folder: Path, trusted: Sequence[Path], parcels: int) -> None:
        self._log = folder / "node.log"
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                ["node", str(SOURCE), str(folder / "node-pki"), str(parcels), *map(str, trusted)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "NODE_PATH": str(modules)},
            )
        self.url = self._said("listening ")
        self.certificate = Path(self._said("certificate "))

    def __enter__(self) -> NodeServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _said(self, start: str) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(start):
                return line.removeprefix(start).strip()
        raise EOFError(f"node-opcua ended: {self._log.read_text()[-2000:]}")
