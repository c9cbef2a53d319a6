"""What the antennas of dock doors read of parcels that are carried about.

Public names: DoorAntennas, DoorField, Shadow, Sight, REACH_MM.

On both posts of a door an antenna looks into the house and one into the trailer, 45 degrees across the way. Loss,
sensitivity and inventory time are those of `edge.sim.radio`; what a dock adds: an antenna's back that is not deaf,
since a dock is full of steel; deep ripple; a parcel that turns while it is carried; people in between; a trailer's
steel walls against every other door.

Positions are mm: along the wall, out through the doors (+ = into the trailer), above the floor. Powers are dBm.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, log10, pi, sin
from random import Random

from edge.core.values.dock import DockLayout, Side
from edge.sim.radio import (
    ANSWER_LOST,
    ARCH_MM,
    BEAM_EXPONENT,
    BEST_DBM,
    LOST_US,
    NOISE_DB,
    RIPPLE_MM,
    ROUND_ANSWERS,
    ROUND_US,
)
from rfid.driver import TagRead

REACH_MM = 7_000
"""No antenna hears a tag further away than this."""
SENSITIVITY_DBM = -76.0
ANSWER_US = 4_000
POST_MM = 1_250
"""From the middle of a door to its posts."""
HEIGHT_MM = 1_200
BACK = 10**-0.9
"""Gain of an antenna's back against its front: -9 dB one way."""
RIPPLE_DB = 6.0
TURN_DB = 4.0
STEEL_DB = 15.0
STEEL_FROM_MM = 300
"""From here on a parcel is between a trailer's walls."""


@dataclass(frozen=True, slots=True)
class Shadow:
    """Somebody stands before one antenna for a while."""

    reader: str
    antenna: int
    from_us: int
    to_us: int
    loss_db: float


@dataclass(frozen=True, slots=True)
class Sight:
    """A tag at one moment."""

    epc: str
    along_mm: float
    out_mm: float
    up_mm: float


@dataclass(frozen=True, slots=True)
class _Antenna:
    port: int
    side: Side
    along_mm: float
    out_mm: float
    toward: tuple[float, float]  # unit vector of its axis: along, out


class DoorAntennas:
    """The antennas of one door. ``middle_mm``: the door's middle along the wall."""

    def __init__(self, dock: DockLayout, middle_mm: float) -> None:
        self.name = dock.name
        self.reader = dock.reader
        self.middle_mm = middle_mm
        self.antennas: list[_Antenna] = []
        counts = dict.fromkeys(Side, 0)
        for port, side in dock.antennas:
            post = -1 if counts[side] % 2 == 0 else 1
            way = {Side.INSIDE: -1.0, Side.OUTSIDE: 1.0, Side.THROUGH: 0.0}[side]
            across = 0.5**0.5 if way else 1.0
            at_mm = middle_mm + post * POST_MM
            self.antennas.append(_Antenna(port, side, at_mm, way * 150.0, (-post * across, way * across)))
            counts[side] += 1


class DoorField:
    """One reader, which may serve several doors: rounds of singulation, antenna after antenna."""

    def __init__(self, reader: str, doors: Iterable[DoorAntennas], seed: str) -> None:
        self.reader = reader
        self._antennas = [(door, antenna) for door in doors for antenna in door.antennas]
        self._rng = Random(f"{seed}/{reader}")
        self._seed = seed
        self._next = 0
        self._tags: dict[str, list[tuple[float, float, float, float]]] = {}

    def _tag(self, epc: str) -> list[tuple[float, float, float, float]]:
        """By antenna: orientation loss, the ripple's phase, how fast the parcel turns, and from where."""
        known = self._tags.get(epc)
        if known is None:
            rng = Random(f"{self._seed}/{epc}")
            known = self._tags[epc] = [
                (rng.uniform(0.0, 8.0), rng.uniform(0, 2 * pi), rng.uniform(0.2, 0.9), rng.uniform(0, 2 * pi))
                for _ in self._antennas
            ]
        return known

    def forget(self, epc: str) -> None:
        """A tag that does not come again."""
        self._tags.pop(epc, None)

    def round(self, at_us: int, near: Sequence[Sight], shadows: Sequence[Shadow]) -> tuple[int, tuple[TagRead, ...]]:
        """One round that begins at ``at_us``; when it ends, and its reads."""
        place, rng = self._next, self._rng
        self._next = (place + 1) % len(self._antennas)
        door, antenna = self._antennas[place]
        shade_db = sum(
            shadow.loss_db
            for shadow in shadows
            if shadow.antenna == antenna.port
            and shadow.reader == self.reader
            and shadow.from_us <= at_us < shadow.to_us
        )
        answers: list[tuple[str, float]] = []
        for sight in near:
            along, out = sight.along_mm - antenna.along_mm, sight.out_mm - antenna.out_mm
            up = sight.up_mm - HEIGHT_MM
            far2 = along * along + out * out + up * up
            if far2 > REACH_MM * REACH_MM:
                continue
            far = max(200.0, far2**0.5)
            loss, phase, turn, begin = self._tag(sight.epc)[place]
            ahead = (along * antenna.toward[0] + out * antenna.toward[1]) / far
            gain = max(BACK, max(0.0, ahead) ** BEAM_EXPONENT)
            mean = BEST_DBM - 40 * log10(far / ARCH_MM) + 20 * log10(gain) - loss - 2 * shade_db
            mean -= RIPPLE_DB * (1 + sin(2 * pi * far / RIPPLE_MM + phase)) / 2
            mean -= TURN_DB * (1 + cos(2 * pi * turn * at_us / 1e6 + begin)) / 2
            if sight.out_mm > STEEL_FROM_MM and abs(sight.along_mm - door.middle_mm) > POST_MM:
                mean -= STEEL_DB
            if mean > SENSITIVITY_DBM - 6.0:
                dbm = mean + rng.gauss(0.0, NOISE_DB)
                if dbm > SENSITIVITY_DBM:
                    answers.append((sight.epc, dbm))
        rng.shuffle(answers)
        now_us = at_us + ROUND_US
        reads: list[TagRead] = []
        for epc, dbm in answers[:ROUND_ANSWERS]:
            if rng.random() < ANSWER_LOST:
                now_us += LOST_US
                continue
            now_us += ANSWER_US
            reads.append(TagRead(epc, antenna.port, float(round(dbm)), now_us, 1))
        return now_us, tuple(reads)
