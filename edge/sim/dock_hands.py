"""Who carries the parcels of the simulated floor from their lanes out through the dock doors.

Public names: DockHands.

A parcel waits in its lane for a while and is carried through its carrier's door (`[sim] docks`), one after the other.
A share takes a wrong door first, is brought back and goes through the right one.
"""

from __future__ import annotations

from random import Random

from edge.config.lines import LineConfig
from edge.core.values.layout import LaneRole
from edge.sim.dock_floor import DOOR_EVERY_MM, DockFloor, Happening, walk
from edge.sim.floor import Landed

WAIT_US = (8_000_000, 25_000_000)
"""From the lane to the door."""
APART_US = (1_300_000, 1_900_000)
"""Between two parcels at a door."""
BACK_US = 8_000_000
"""After so long a parcel that went through a wrong door is brought back."""

STEP_US = 100_000
"""Until somebody who is told to go goes."""


class DockHands:
    """``floor`` is the simulated dock; ``carried`` counts ways through doors, wrong ones and back included."""

    def __init__(self, config: LineConfig, seed: int) -> None:
        docks = config.docks()
        self.floor = DockFloor(docks, seed)
        self.carried = 0
        self._doors = {carrier: door for door, carrier in config.sim.docks.items()}
        self._middle = {dock.name: place * DOOR_EVERY_MM for place, dock in enumerate(docks)}
        self._wrong = config.sim.faults.wrong_door
        self._free_us = dict.fromkeys(self._middle, 0)
        self._there_us: dict[str, int] = {}
        self._rng = Random(f"{seed}/dock hands")

    def advance(self, to_us: int) -> list[Happening]:
        """What happened at the doors since the last call."""
        return self.floor.advance(to_us)

    def landed(self, landed: Landed) -> None:
        """A parcel is in a lane; one with a carrier that has a door, not put there by hand, is fetched from there."""
        load = landed.load
        if load.by_hand:
            return
        door = self._doors.get(load.order.carrier) if load.order is not None and load.good else None
        if door is None or landed.lane.role is not LaneRole.CARRIER or not load.tags:
            return
        epc, ready_us = load.tags[0].epc, landed.at_us + self._rng.randint(*WAIT_US)
        others = [name for name in self._middle if name != door]
        if others and self._rng.random() < self._wrong:
            wrong = self._rng.choice(others)
            ready_us = self._carry(epc, wrong, ready_us, -1) + BACK_US
            ready_us = self._carry(epc, wrong, ready_us, 1) + BACK_US
        self._carry(epc, door, ready_us, -1)

    def carry(self, epc: str, door: str, at_us: int, back: bool) -> None:
        """Somebody carries a parcel out through a door, or ``back``, once it is there and the door is free."""
        begin_us, middle = max(at_us + STEP_US, self._there_us.get(epc, 0), self._free_us[door]), self._middle[door]
        points = [(middle, far, 0.0) for far in (-3_000.0, -1_300.0, 1_300.0, 5_000.0)]
        journey = walk(epc, door, begin_us, 1_500, points[::-1] if back else points)
        self.floor.add(journey)
        self.carried += 1
        self._there_us[epc] = self._free_us[door] = journey.points[-1][0] + STEP_US

    def _carry(self, epc: str, door: str, ready_us: int, way: int) -> int:
        """Through a door, ``way`` -1: out, 1: in; when that is over."""
        rng, middle = self._rng, self._middle[door]
        begin_us = max(ready_us, self._free_us[door])
        self._free_us[door] = begin_us + rng.randint(*APART_US)
        points = [
            (middle + rng.uniform(-2_000, 2_000), -4_500.0, 0.0),
            (middle + rng.uniform(-400, 400), -1_300.0, 0.0),
            (middle + rng.uniform(-400, 400), 1_300.0, 0.0),
            (middle + rng.uniform(-700, 700), 7_000.0, 0.0),
        ]
        journey = walk(epc, door, begin_us, rng.uniform(900, 1_500), points if way < 0 else points[::-1])
        self.floor.add(journey)
        self.carried += 1
        return journey.points[-1][0]
