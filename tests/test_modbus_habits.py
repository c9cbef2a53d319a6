"""Habits of Modbus devices in the field: none ends a line, none deceives it, and what cannot be is said.

Public names: none; run by pytest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from field_modbus import Floor, field_device

POINTS = {
    "plc/heartbeat": {"type": "UINT", "address": 2},
    "a/first": {"type": "UINT", "address": 300},
    "a/second": {"type": "UINT", "address": 311},
    "a/third": {"type": "UINT", "address": 312},
}
NUMBERS = {"a/first": 300, "a/second": 311, "a/third": 312}


def numbers(floor: Floor) -> dict[str, Any]:
    return {name: value for name, value in floor.values.items() if name in NUMBERS}


@pytest.mark.parametrize(
    ("habit", "keys"),
    [
        *((habit, {}) for habit in ("single-refuse", "single-newest", "hole1", "hole2", "hole4", "busy6")),
        *((habit, {}) for habit in ("pad", "drip", "split")),
    ],
)
def test_mailbox_and_points_stay_as_they_are(run: Run, shared: Path, habit: str, keys: dict[str, Any]) -> None:
    with field_device(shared, "fake_modbus.py", habit) as device:
        floor = Floor(device.port, POINTS, **keys)
        run(floor.until(lambda: floor.polls >= 20 and len(floor.told) >= 10))
        assert floor.faults == [] and numbers(floor) == NUMBERS
        assert all(one.quality == "good" for one in floor.told)


@pytest.mark.parametrize("habit", ["slam", "slam-rst"])
def test_a_port_that_closes_at_once_is_tried_again(run: Run, shared: Path, habit: str) -> None:
    with field_device(shared, "fake_modbus.py", habit) as device:
        floor = Floor(device.port, POINTS)
        run(floor.until(lambda: sum("the PLC closed the connection" in said for said in floor.before) >= 6))
        assert all(said.startswith(f"sorter1: 127.0.0.1:{device.port}: ") for said in floor.before)


def test_a_device_that_closes_idle_connections_is_reconnected_quietly(run: Run, shared: Path) -> None:
    with field_device(shared, "fake_modbus.py", "idle2") as device:
        floor = Floor(device.port, POINTS, mailbox=False, points_ms=2_300)
        run(floor.until(lambda: sum(one.point == "plc/heartbeat" for one in floor.told) >= 3))
        assert floor.faults == [] and numbers(floor) == NUMBERS and all(one.quality == "good" for one in floor.told)
        assert "idle close" in device.said()
