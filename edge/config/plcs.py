"""The PLCs of LINE.toml, and what is wrong with one beyond a single key.

Public names: PlcConfig, OpcUaConfig, Transport, SerialParity, plc_problems, shared_mailboxes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Literal

from pydantic import Field

from edge.config.opcua import PackmlConfig, UaClientConfig, ua_problems
from edge.config.points import PointConfig, PointName
from edge.config.remote_io import IoConfig
from edge.config.table import Beside, Host, SerialDevice, Tcp, address_of, serial_server
from edge.config.tls import TlsTable, of_transport, tls_problems
from plc.node_ids import node_id_trouble
from plc.wires import Writes
from plc.words import DOWN_WORDS, UP_WORDS


class Transport(StrEnum):
    """What carries Modbus."""

    TCP = "tcp"
    TLS = "tls"
    RTU = "rtu"


class SerialParity(StrEnum):
    """The parity bit of a serial line."""

    NONE = "none"
    EVEN = "even"
    ODD = "odd"


class OpcUaConfig(UaClientConfig):
    """The PLC's OPC UA server, with driver `opcua`. `lanewise plc cert` makes certificate and key."""

    up: str = Field(default="ns=2;s=Up", description="node id of the variable `Up`; `nsu=URI;s=Up` names its namespace")
    down: str = Field(default="ns=2;s=Down", description="node id of the variable `Down`")
    publish_ms: int = Field(
        default=10,
        ge=0,
        le=1000,
        description="interval asked of the subscription to `Up`; 0, or granted more than twice = it is read",
    )


class PlcConfig(TlsTable):
    """One PLC that has the mailbox, remote I/O in place of one, or a device that has points alone."""

    driver: Literal["modbus", "opcua", "remote-io"] = Field(
        default="modbus", description="how it is reached; `remote-io`: inputs and outputs on Modbus without a program"
    )
    mailbox: bool = Field(
        default=True, description="false = a device that has points only, as a power meter or a drive"
    )
    transport: Transport = Field(default=Transport.TCP, description="Modbus TCP, the same within TLS, or RTU")
    host: Host = Field(default="", description="name or address; with `tcp` and `tls`")
    port: Tcp | None = Field(default=None, description="TCP port; none = 502, with `tls` 802")
    server_name: str = Field(default="", description="`tls`: the name in the PLC's certificate; empty = `host`")
    device: SerialDevice = Field(
        default="",
        description="`rtu`: the serial line, as `/dev/ttyUSB0`; `socket://host:port` = behind a serial device server",
    )
    baud: int = Field(default=115_200, ge=1_200, le=4_000_000, description="`rtu`: bits per second")
    parity: SerialParity = Field(default=SerialParity.EVEN, description="`rtu`: parity")
    stop_bits: Literal[1, 2] = Field(default=1, description="`rtu`: stop bits")
    device_id: int = Field(default=1, ge=0, le=255, description="Modbus unit identifier; with `rtu` 1 to 247")
    up: int = Field(default=0, ge=0, le=65536 - 102, description="first holding register of UP, counted from 0")
    down: int = Field(default=200, ge=0, le=65536 - 74, description="first holding register of DOWN")
    read_write: bool = Field(
        default=True,
        description="function 23 where the PLC serves it; false = never ask, for a PLC that is mute to it",
    )
    write: Writes | None = Field(
        default=None,
        description="by functions 5 and 6, or 15 and 16; none = the latter, the former where it serves no other",
    )
    any_unit: bool = Field(
        default=False, description="answers may carry unit 0 or 255 in place of `device_id`, as some devices have it"
    )
    connect_wait_ms: int = Field(
        default=0, ge=0, le=60_000, description="nothing is asked for so long after a connection is made"
    )
    poll_ms: int = Field(default=5, ge=1, le=90, description="how often UP is read")
    timeout_ms: int = Field(
        default=250,
        ge=10,
        le=10_000,
        description="an answer later than this ends the connection; on a slow way more is learned",
    )
    takeover_ms: int = Field(
        default=5_000,
        ge=1_000,
        le=3_600_000,
        description="a PLC that another controller took is taken back when its heartbeat has stood still for so long",
    )
    packml: PackmlConfig | None = Field(default=None, description="the machine's PackML object; none = not read")
    opcua: OpcUaConfig = Field(default=OpcUaConfig(), description="with driver `opcua`")
    io: IoConfig | None = Field(default=None, description="with driver `remote-io`")
    points: Beside | None = Field(
        default=None, description="CSV file of more points: `name` and the keys of a point as columns"
    )
    points_ms: int = Field(default=500, ge=20, le=3_600_000, description="how often the points are read")
    points_hole: int = Field(
        default=16, ge=0, le=124, description="registers at most that are read for no point between two of a request"
    )
    point: dict[PointName, PointConfig] = Field(
        default={}, description="points beside the mailbox, by name `station/role`"
    )

    @property
    def where(self) -> str:
        """Its address, for people."""
        if self.driver == "opcua":
            return self.opcua.url
        return self.device if self.transport is Transport.RTU else f"{self.host}:{self.tcp_port}"

    @property
    def serial_server(self) -> tuple[str, int] | None:
        """Host and port of `socket://host:port`; None for a line of this machine."""
        return serial_server(self.device)

    @property
    def address(self) -> str:
        """Where on Modbus it is, as no reader may be: ``host:port``, or its serial line; empty = on OPC UA."""
        if self.driver == "opcua":
            return ""
        if self.transport is not Transport.RTU:
            return address_of(self.host, self.tcp_port)
        return self.device if self.serial_server is None else address_of(*self.serial_server)

    @property
    def tcp_port(self) -> int:
        """The port, or the transport's own."""
        return self.port or (802 if self.transport is Transport.TLS else 502)


_OF_MODBUS = {"transport", "device_id", "write", "any_unit", "connect_wait_ms"}
_OF_MAILBOX = {"up", "down", "read_write", "poll_ms"}
_OF_TRANSPORT = {
    "host": (Transport.TCP, Transport.TLS),
    "port": (Transport.TCP, Transport.TLS),
    "server_name": (Transport.TLS,),
    "device": (Transport.RTU,),
    "baud": (Transport.RTU,),
    "parity": (Transport.RTU,),
    "stop_bits": (Transport.RTU,),
}


def _opcua_problems(here: str, plc: PlcConfig) -> Iterator[str]:
    for key in sorted(
        plc.model_fields_set & {"up", "down", "read_write", *_OF_MODBUS, *_OF_TRANSPORT, *TlsTable.model_fields}
    ):
        yield f"{here}.{key}: only with driver 'modbus', this one has 'opcua'"
    yield from ua_problems(f"{here}.opcua", plc.opcua)
    for key, node in (("up", plc.opcua.up), ("down", plc.opcua.down)):
        if trouble := node_id_trouble(node):
            yield f"{here}.opcua.{key}: {trouble}"


def _bare_problems(here: str, plc: PlcConfig) -> Iterator[str]:
    """Of a device without a mailbox."""
    if plc.driver == "remote-io":
        yield f"{here}.mailbox: false: remote I/O has one, which the controller keeps"
    for key in sorted(plc.model_fields_set & _OF_MAILBOX):
        yield f"{here}.{key}: only with a mailbox, this one has mailbox = false"
    if not plc.point and plc.points is None and plc.packml is None:
        yield f"{here}.point: missing: without a mailbox there is nothing to read but points"


def shared_mailboxes(plcs: Mapping[str, PlcConfig]) -> Iterator[str]:
    """Two PLCs that have registers or nodes of one device for their mailboxes: each would write over the other's."""
    taken: list[tuple[str, str, tuple[str, str | int], range]] = []
    for name, plc in plcs.items():
        if not plc.mailbox or plc.driver == "remote-io":
            continue
        for key, words in (("up", UP_WORDS), ("down", DOWN_WORDS)):
            device: tuple[str, str | int]
            if plc.driver == "opcua":
                said: str | int = getattr(plc.opcua, key)
                path, device, registers = f"opcua.{key}", (plc.opcua.url.lower().rstrip("/"), said), range(words)
            else:
                said = int(getattr(plc, key))
                path, device = key, (plc.address, plc.device_id)
                registers = range(said, said + words)
            for other, its_key, its_device, its in taken:
                if other != name and device == its_device and registers.start < its.stop and its.start < registers.stop:
                    yield f"plc.{name}.{path}: {said!r}: {its_key} of plc.{other} is there, on the same device"
            taken.append((name, key, device, registers))


def plc_problems(here: str, plc: PlcConfig) -> Iterator[str]:
    """What the keys of one PLC say against each other; ``here`` is its path."""
    if plc.packml is not None:
        yield from ua_problems(f"{here}.packml", plc.packml)
        if trouble := node_id_trouble(plc.packml.node):
            yield f"{here}.packml.node: {trouble}"
    if (plc.io is None) == (plc.driver == "remote-io"):
        yield f"{here}.io: {'missing: a PLC with driver' if plc.io is None else 'only with driver'} 'remote-io'"
    if not plc.mailbox:
        yield from _bare_problems(here, plc)
    if plc.driver == "opcua":
        yield from _opcua_problems(here, plc)
        return
    if "opcua" in plc.model_fields_set:
        yield f"{here}.opcua: only with driver 'opcua', this one has 'modbus'"
    of = plc.transport
    for key in sorted(plc.model_fields_set & _OF_TRANSPORT.keys()):
        if of not in _OF_TRANSPORT[key]:
            allowed = " or ".join(repr(one.value) for one in _OF_TRANSPORT[key])
            yield f"{here}.{key}: only with transport {allowed}, this one has {of.value!r}"
    needed = "device" if of is Transport.RTU else "host"
    if not getattr(plc, needed):
        yield f"{here}.{needed}: missing: a PLC with transport {of.value!r} needs it"
    yield from tls_problems(here, plc, of_transport(of.value))
    if of is Transport.RTU and not 1 <= plc.device_id <= 247:
        yield f"{here}.device_id: {plc.device_id}: with transport 'rtu' allowed are 1 to 247"
    for name, one in plc.point.items() if of is Transport.RTU else ():
        if one.device_id is not None and not 1 <= one.device_id <= 247:
            yield f"{here}.point.{name}.device_id: {one.device_id}: with transport 'rtu' allowed are 1 to 247"
    if plc.mailbox and plc.up < plc.down + 74 and plc.down < plc.up + 102:
        yield f"{here}.down: {plc.down}: overlaps UP, registers {plc.up} to {plc.up + 101}"
