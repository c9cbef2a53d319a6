"""A simulated line without a PLC program: parcels under photo-eyes and before diverts that coils move.

Public names: IoFloor, LANE_EYE_MM.

The belt's true speed may differ from the configured one, and its parcels keep gaps that differ as well. Nothing is
tracked here: ``inputs`` is what the remote I/O shows, ``coils`` moves the diverts, and where a load lands is physics. A
divert that moves into a load, or that is half out when one arrives, is counted in ``hits``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from random import Random

from edge.config.sim import SimConfig
from edge.core.values.layout import LineLayout
from edge.sim.floor import Floor, Inflow, Landed, Moving
from plc.io_layout import IoLayout, Outlet
from plc.words import LaneChange

LANE_EYE_MM = 250
"""From a divert to the photo-eye in its lane."""
GONE_US = 2_000_000
"""A load counts as gone so long after it left the belt: its lane's photo-eye has seen it by then."""


class IoFloor(Floor):
    """One line behind remote I/O. ``speed_error``: share by which the belt is faster than configured."""

    def __init__(
        self,
        layout: LineLayout,
        io: IoLayout,
        sim: SimConfig,
        seed: int,
        inflow: Inflow,
        ports: Mapping[str, Sequence[int]],
        begin_us: int = 0,
        speed_error: float = 0.0,
    ) -> None:
        self.io = io
        self.inputs = 0
        self.hits = 0
        self._true_mm_s = layout.speed_mm_s * (1 + speed_error)
        self._moved: dict[int, tuple[bool, int]] = {}  # coil: (on, since)
        self._passing: dict[int, Moving] = {}  # coil: what is over the divert and stays on the belt
        self._gaps = Random(f"{seed}/{layout.name}/small gaps")
        moved = replace(layout, speed_mm_s=max(1, round(self._true_mm_s)))
        super().__init__(moved, sim, seed, inflow, count(1), ports, begin_us)
        if io.running is not None:
            self.inputs |= 1 << io.running

    def counts(self, at_us: int) -> int:
        """The encoder's counts."""
        if self.io.encoder_um is None:
            return 0
        return int(self.layout.speed_mm_s * at_us // 1000 // self.io.encoder_um) % (1 << self.io.encoder_bits)

    def coils(self, coils: int, at_us: int) -> None:
        """The coils as written, at a time to which the floor has advanced."""
        for outlet in self.io.outlets:
            if outlet.coil is None:
                continue
            on = bool(coils >> outlet.coil & 1)
            if on != self._moved.get(outlet.coil, (False, 0))[0]:
                self._moved[outlet.coil] = on, at_us
                if on and outlet.coil in self._passing:
                    self.hits += 1

    # ---- belt --------------------------------------------------------------------------------------------------------

    def _gap_mm(self) -> float:
        return self.io.min_gap_mm * self._gaps.uniform(1.0, 1.5)

    def _place(self, moving: Moving, at_us: int) -> None:
        moving.start_us = self._belt_us(at_us)
        length_mm = moving.load.length_mm
        for eye in self.io.eyes:
            self._when(moving, eye.mm, lambda _, now_us, bit=eye.input: self._input(bit, now_us, on=True))  # type: ignore[misc]
            self._when(moving, eye.mm + length_mm, lambda _, now_us, bit=eye.input: self._input(bit, now_us, on=False))  # type: ignore[misc]
        self._when(moving, 0, self._count)
        for outlet in self.io.outlets:
            self._when(moving, outlet.mm, partial(self._at_outlet, outlet))
        self._near_fields(moving)

    def _input(self, bit: int, _: int, *, on: bool) -> None:
        self.inputs = self.inputs | 1 << bit if on else self.inputs & ~(1 << bit)

    def _count(self, _: Moving, __: int) -> None:
        self.inducted += 1

    def _at_outlet(self, outlet: Outlet, moving: Moving, at_us: int) -> None:
        if moving.decided:
            return  # in a lane before
        if outlet.coil is not None:
            on, since_us = self._moved.get(outlet.coil, (False, -10_000_000))
            still_us = at_us - since_us
            if still_us < self.io.lead_us:
                self.hits += 1
            if not on:
                self._passing[outlet.coil] = moving
                self._when(moving, outlet.mm + moving.load.length_mm, partial(self._past, outlet.coil))
                return
        moving.decided = True
        chute = self.chutes[outlet.lane]
        chute.take(at_us)
        self._out.append(Landed(at_us, 0, moving.load, chute.lane, 0, False))
        for near in self._near.values():
            near.pop(moving, None)
        self._at(at_us + GONE_US, self._gone)
        if outlet.confirm is not None:
            dark_us = int(moving.load.length_mm * 1_000_000 / self.layout.speed_mm_s)
            shows_us = at_us + int(LANE_EYE_MM * 1_000_000 / self.layout.speed_mm_s)
            self._at(shows_us, partial(self._input, outlet.confirm, on=True))
            self._at(shows_us + dark_us, partial(self._input, outlet.confirm, on=False))

    def _gone(self, _: int) -> None:
        self.in_system -= 1

    def _past(self, coil: int, moving: Moving, _: int) -> None:
        if self._passing.get(coil) is moving:
            del self._passing[coil]

    def _lane_changed(self, at_us: int, lane: int, change: LaneChange) -> None:
        full = next((outlet.full for outlet in self.io.outlets if outlet.lane == lane), None)
        if full is not None and change in (LaneChange.FULL, LaneChange.FREE):
            self._input(full, at_us, on=change is LaneChange.FULL)
