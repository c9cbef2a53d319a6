"""Which driver a PLC's configuration asks for.

Public names: plc_link, modbus_bus, modbus_wire, habits.
"""

from __future__ import annotations

from ssl import SSLContext
from typing import assert_never

from edge.config.late import loaded
from edge.config.plcs import PlcConfig, Transport
from edge.config.problem import ConfigError
from edge.config.remote_io import IoConfig, io_layout, io_wiring
from edge.core.values.layout import LineLayout
from edge.journal.host_time import now_us
from plc.driver import PlcError, PlcLink
from plc.io_link import IoLink
from plc.io_tracker import Tracker
from plc.modbus import ModbusLink
from plc.modbus_bus import Buses, ModbusBus
from plc.modbus_connection import ModbusConnection
from plc.wires import Habits, Parity, RtuOverTcp, Serial, Tcp, Tls, Wire


def plc_link(name: str, config: PlcConfig, line: LineLayout | None = None, buses: Buses | None = None) -> PlcLink:
    """The driver of a PLC as its configuration says; remote I/O needs its line.

    ``buses``: the process's connections to Modbus addresses; None = it has one of its own.

    Raises PlcError for a file that cannot be read, and for remote I/O without a line: it has no mailbox of its own.
    """
    if config.io is not None:
        return _io_link(name, config, config.io, line, buses)
    if config.driver == "opcua":
        return loaded("edge.devices.opcua_drivers").opcua_link(name, config)  # type: ignore[no-any-return]
    return ModbusLink(
        name,
        modbus_bus(name, config, buses),
        config.device_id,
        config.up,
        config.down,
        config.timeout_ms,
        read_write=config.read_write,
        habits=habits(config),
    )


def _io_link(name: str, config: PlcConfig, io: IoConfig, line: LineLayout | None, buses: Buses | None) -> IoLink:
    if line is None:
        raise PlcError(f"{name}: remote I/O: there is no mailbox in it, the controller keeps it")
    bus = modbus_bus(name, config, buses)
    connection = ModbusConnection(name, bus, config.device_id, config.timeout_ms, habits=habits(config))
    session = now_us() // 1000 % 65_535 + 1
    return IoLink(connection, Tracker(io_layout(io, line, config.poll_ms), session), io_wiring(io))


def modbus_bus(name: str, config: PlcConfig, buses: Buses | None) -> ModbusBus:
    """The connection to the address of the Modbus PLC ``name``."""
    wire = modbus_wire(name, config)
    return ModbusBus(wire) if buses is None else buses.to(wire)


def habits(config: PlcConfig) -> Habits:
    """What is peculiar to a Modbus PLC."""
    return Habits(config.connect_wait_ms, config.any_unit, config.write)


def modbus_wire(name: str, config: PlcConfig) -> Wire:
    """How the Modbus PLC ``name`` is reached."""

    def context() -> SSLContext:
        try:
            return config.context()
        except ConfigError as error:
            raise PlcError(f"{name}: {error}") from None

    match config.transport:
        case Transport.TCP:
            return Tcp(config.host, config.tcp_port)
        case Transport.TLS:
            return Tls(config.host, config.tcp_port, context, config.server_name)
        case Transport.RTU if (server := config.serial_server) is not None:
            return RtuOverTcp(*server)
        case Transport.RTU:
            return Serial(config.device, config.baud, Parity[config.parity.name], config.stop_bits)
        case _:
            assert_never(config.transport)
