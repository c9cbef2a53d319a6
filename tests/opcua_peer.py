"""Programs on node-opcua: a PLC with the mailbox, AutoID readers, clients; none of it speaks with our code.

Public names: NodePeer, NodeServer, node_opcua, newest_nodesets, Pki.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from plc.opcua_session import Security, User
from plc.opcua_trust import Own, TrustList, make_own

VERSION = "2.156.0"
NODESETS = "2.185.0"


def node_opcua(project: Path) -> Path:
    """The folder with node-opcua; the test is skipped where it is not installed, or fails when CI is set."""
    return _installed(project, "node-opcua", "node-opcua", VERSION).parent


def newest_nodesets(project: Path) -> Path:
    """The folder with the OPC Foundation's NodeSets of 2025-11, likewise."""
    return _installed(project, "opcua-nodesets", "node-opcua-nodesets", NODESETS) / "nodesets"


def _installed(project: Path, peer: str, package: str, version: str) -> Path:
    folder = project / ".peers" / peer / "node_modules" / package
    if (folder / "package.json").exists():
        return folder
    reason = f"{package} {version} is not installed: `make peers` installs what the tests talk to"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Pki:
    """Two applications and who trusts whom."""

    def __init__(self, folder: Path) -> None:
        self.host, self.plc, self.stranger = (
            Own(folder / name / "own.der", folder / name / "own.pem") for name in ("host", "plc", "stranger")
        )
        for own in (self.host, self.plc, self.stranger):
            make_own(own, "127.0.0.1", 30, server=True)
        self.hosts_list, self.plcs_list, self.empty = (
            TrustList(folder / name) for name in ("hosts-trust", "plcs-trust", "empty")
        )
        for trusted in (self.hosts_list, self.plcs_list, self.empty):
            trusted.folder.mkdir()
        shutil.copy(self.plc.certificate, self.hosts_list.folder / "plc.der")
        shutil.copy(self.host.certificate, self.plcs_list.folder / "host.der")

    def security(self, **changes: Any) -> Security:
        settings: dict[str, Any] = {
            "own": self.host,
            "trusted": self.hosts_list,
            "user": User("lanewise", "a password"),
        }
        return Security(**(settings | changes))


class NodePeer:
    """One running script of ours on node-opcua. ``heard``: what it printed while something else was waited for."""

    def __init__(self, modules: Path, script: str | Path, log: Path, arguments: Sequence[str | Path]) -> None:
        self._log = log
        self.heard: list[str] = []
        with self._log.open("w") as file:
            self._process = subprocess.Popen(
                ["node", str(Path(__file__).parent / script), *map(str, arguments)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
                env={**os.environ, "NODE_PATH": str(modules)},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def give(self, line: str) -> None:
        """Gives an order."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def order(self, line: str) -> None:
        """Gives an order and waits until it is carried out."""
        self.give(line)
        self.said("ok")

    def stand(self, *, still: bool) -> None:
        """The process stands still, and answers nothing; or goes on."""
        self._process.send_signal(signal.SIGSTOP if still else signal.SIGCONT)

    def said(self, start: str) -> str:
        """The rest of the next line that begins so."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(start):
                return line.removeprefix(start).strip()
            self.heard.append(line.strip())
        raise EOFError(f"node-opcua ended: {self._log.read_text()[-2000:]}")


class NodeServer(NodePeer):
    """A server: user ``lanewise``, password ``a password``; ``url`` and ``certificate`` are its own."""

    def __init__(
        self,
        modules: Path,
        folder: Path,
        trusted: Sequence[Path],
        parcels: int = 0,
        places: int = 0,
        *,
        readers: str = "",
        nodesets: str = "",
    ) -> None:
        """A PLC with ``parcels``; or AutoID ``readers``, by names with commas, and a PackML machine, with the types in
        ``nodesets``. ``places``: for sessions and connections; 0 = enough.
        """
        script, more = (
            ("node_devices.js", [nodesets, readers])
            if readers
            else ("node_plc.js", [f"{parcels}/{places}" if places else str(parcels)])
        )
        super().__init__(modules, script, folder / "node.log", [folder / "node-pki", *more, *trusted])
        self.url = self.said("listening ")
        self.certificate = Path(self.said("certificate "))


def write_line(project: Path, folder: Path, table: str) -> Path:
    """The example's LINE.toml with another table for PLC ``sorter``."""
    source = (project / "examples" / "warehouse" / "LINE.toml").read_text()
    changed = source.replace('[plc.sorter]\nhost = "127.0.0.1"\nport = 15023\n', f"[plc.sorter]\n{table}\n")
    assert changed != source
    path = folder / "LINE.toml"
    path.write_text(changed)
    return path


def secure_table(url: str, folder: Path) -> str:
    """Such a table, for a server that is trusted by the certificates in ``folder``."""
    return f"""driver = "opcua"
timeout_ms = 5000
[plc.sorter.opcua]
url = "{url}"
certificate = "pki/own.der"
key = "pki/own.pem"
trusted = "{folder}"
user = "lanewise"
password_file = "password"
"""
