"""The points of one PLC: from its configuration to their link and to what is known of them.

Public names: point_link, point_table.
"""

from __future__ import annotations

from edge.config_devices import PlcConfig
from edge.config_points import point
from edge.plc_session import modbus_wire
from plc.driver import PointLink
from plc.modbus_points import ModbusPoints
from plc.point_table import PointTable

STALE_POLLS = 3
STALE_LEAST_US = 2_000_000


def point_link(name: str, config: PlcConfig) -> PointLink:
    """The driver of a PLC's points, on a connection of its own. Raises PlcError for a file that cannot be read."""
    points = [point(one, table) for one, table in config.point.items()]
    return ModbusPoints(
        name,
        modbus_wire(config),
        points,
        device_id=config.device_id,
        timeout_ms=config.timeout_ms,
        hole=config.points_hole,
    )


def point_table(config: PlcConfig) -> PointTable:
    """What is known of a PLC's points: nothing yet."""
    points = [point(one, table) for one, table in config.point.items()]
    return PointTable(points, max(STALE_LEAST_US, STALE_POLLS * config.points_ms * 1000))
