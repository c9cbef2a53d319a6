"""Programs of others that drivers are tried with, each started when the first asks for it.

Public names: Programs, port_of.
"""

from __future__ import annotations

import os
import shutil
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority, Signed
from libmodbus_peer import LibmodbusIo, LibmodbusPlc, build_libmodbus_plc
from mosquitto import Mosquitto
from opcua_peer import NodeServer, Pki, node_opcua


class Programs:
    """``folder``: theirs; ``find``: see the fixture `peer`."""

    def __init__(self, folder: Path, project: Path, find: Callable[[str], str]) -> None:
        self.project = project
        self.folder = folder
        self._find = find
        self._running = ExitStack()

    def end(self) -> None:
        """Ends them."""
        self._running.close()

    # ---- MQTT --------------------------------------------------------------------------------------------------------

    @cached_property
    def broker(self) -> int:
        """The port of a broker."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin")
            program = self._find("mosquitto")
        return self._running.enter_context(Mosquitto(program, self.folder)).port

    # ---- Modbus ------------------------------------------------------------------------------------------------------

    @cached_property
    def modbus_plc(self) -> int:
        """The port of a PLC with the mailbox whose program stands still."""
        plc = self._running.enter_context(LibmodbusPlc(self.built("libmodbus_plc.c")))
        plc.order("freeze 1")
        return plc.port

    @cached_property
    def modbus_io(self) -> int:
        """The port of a station of remote I/O."""
        return self._running.enter_context(LibmodbusIo(self.built("libmodbus_io.c"))).port

    @cached_property
    def authority(self) -> Authority:
        """Who signs for PLCs and for us."""
        return Authority(self.folder)

    @cached_property
    def host(self) -> Signed:
        """Our certificate."""
        return self.authority.sign("host")

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """A PLC's side of TLS, which wants our certificate."""
        signed = self.authority.sign("plc")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(signed.certificate, signed.key)
        context.load_verify_locations(self.authority.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def built(self, source: str) -> Path:
        """A program on libmodbus, compiled once; without libmodbus as the fixture `peer` without a program."""
        if (program := self.folder / Path(source).stem).exists():
            return program
        try:
            return build_libmodbus_plc(
                self.folder, self._find("cc"), self._find("pkg-config"), Path(__file__).with_name(source)
            )
        except FileNotFoundError as error:
            if os.environ.get("CI"):
                pytest.fail(str(error))
            pytest.skip(str(error))

    # ---- OPC UA ------------------------------------------------------------------------------------------------------

    @cached_property
    def pki(self) -> Pki:
        """We and the servers, who trust each other."""
        return Pki(self.folder)

    @cached_property
    def devices(self) -> NodeServer:
        """A server with the AutoID reader ``gate1`` and a PackML machine."""
        nodesets = self.project.parent / "shared" / "data" / "opcua"
        if not nodesets.is_dir():
            pytest.skip(f"no NodeSets of the OPC Foundation at {nodesets}")
        return self._node("devices", readers="gate1", nodesets=str(nodesets))

    @cached_property
    def ua_plc(self) -> NodeServer:
        """A server with the mailbox and points of a PLC whose program stands still."""
        server = self._node("plc")
        server.order("still 1")
        return server

    def opcua(self, port: int) -> dict[str, Any]:
        """The keys of a table `opcua` for a server that is reached by ``port``."""
        password = self.folder / "password"
        password.write_text("a password\n")
        return {
            "url": f"opc.tcp://127.0.0.1:{port}",
            "certificate": self.pki.host.certificate,
            "key": self.pki.host.key,
            "trusted": self.pki.hosts_list.folder,
            "user": "lanewise",
            "password_file": password,
        }

    def _node(self, name: str, **how: Any) -> NodeServer:
        self._find("node")
        folder = self.folder / f"node-{name}"
        folder.mkdir()
        server = NodeServer(node_opcua(self.project), folder, [self.pki.host.certificate], **how)
        self._running.enter_context(server)
        shutil.copy(server.certificate, self.pki.hosts_list.folder / f"{name}.pem")
        return server


def port_of(url: str) -> int:
    """The port in an address."""
    return int(url.rpartition(":")[2])
