"""A dock door as the decisions need it: its antennas or photo-eyes, its light and its buzzer.

Public names: DockLayout, DockEyes, Output, Side, Direction, DoorPlace.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, assert_never


class Side(StrEnum):
    """Which side of a door."""

    INSIDE = "inside"  # the house
    OUTSIDE = "outside"  # the trailer
    THROUGH = "through"  # an antenna that looks at both, where photo-eyes tell the direction

    @property
    def other(self) -> Side:
        """The opposite one; THROUGH has none but itself."""
        match self:
            case Side.INSIDE:
                return Side.OUTSIDE
            case Side.OUTSIDE:
                return Side.INSIDE
            case Side.THROUGH:
                return self
            case _:
                assert_never(self)


class Direction(StrEnum):
    """What became of a tag at a door."""

    OUT = "out"  # out of the house, into the trailer
    IN = "in"  # into the house
    UNDETERMINED = "undetermined"  # it may have passed; which way, or by which door, cannot be said
    STAYED = "stayed"  # it was near and did not pass


DoorPlace: TypeAlias = tuple[str, Side]
"""A door's name and a side of it."""


@dataclass(frozen=True, slots=True)
class Output:
    """A digital output. ``device``: ``reader.<name>`` (general purpose output) or ``plc.<name>`` (command OUTPUT)."""

    device: str
    port: int


@dataclass(frozen=True, slots=True)
class DockEyes:
    """Two photo-eyes across the way through a door, by their numbers in the PLC."""

    plc: str
    inside: int
    outside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DockLayout:
    """One door. ``antennas``: each antenna of its reader that belongs to the door, and the side it looks at.

    ``eyes``: they tell the direction, and every antenna looks THROUGH. ``light_us``, ``buzzer_us``: how long they are
    on at most.
    """

    name: str
    reader: str
    antennas: tuple[tuple[int, Side], ...]
    eyes: DockEyes | None = None
    light: Output | None = None
    buzzer: Output | None = None
    light_us: int = 60_000_000
    buzzer_us: int = 3_000_000
