"""What the points of a simulated PLC show: some roles follow the belts, all others keep what was written to them.

Public names: move_points.
"""

from __future__ import annotations

import math
from contextlib import suppress

from plc.points import PointError, PointKind, Value
from plc.simulated_points import PointMemory

_FLOATS = (PointKind.REAL, PointKind.LREAL)


def move_points(memory: PointMemory, floor_us: int, speed_mm_s: int, inducted: int) -> None:
    """Shows the belts in the points whose role says so; a point whose type cannot hold it stays as it is."""
    for name, point in memory.points.items():
        value = _value(name.partition("/")[2], floor_us, speed_mm_s, inducted)
        if value is None or (isinstance(value, bool) != (point.type.kind is PointKind.BOOL)):
            continue
        scaled = point.scale != 1 or point.offset != 0
        if isinstance(value, float) and not scaled and point.type.kind not in _FLOATS:
            value = round(value)
        with suppress(PointError):
            memory.put(name, value)


def _value(role: str, floor_us: int, speed_mm_s: int, inducted: int) -> Value | None:
    match role:
        case "speed":
            return speed_mm_s / 1000
        case "running":
            return floor_us > 0
        case "parcels":
            return float(inducted)
        case "temperature":
            return 42 + 6 * math.sin(floor_us / 60_000_000)
        case _:
            return None
