"""Who turned a lane off: a fold over what was asked of it and what became of it.

Public names: LaneHand, lane_hands.

A request and the change that it brought are two records of the journal; whoever asked last stands behind the change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from edge.core.events import LaneChanged, LaneRequested
from edge.journal.record import Value

_PATIENCE_US = 60_000_000
"""A request that brought no change within it has nothing to do with a later one."""


@dataclass(slots=True)
class LaneHand:
    """One lane. ``by``: who had it turned off, empty = nobody here did, as at the machine.

    ``since_us``: when, 0 = it is on, or that is not known.
    """

    off: bool = False
    by: str = ""
    since_us: int = 0
    _asked: LaneRequested | None = None

    def take(self, value: LaneRequested | LaneChanged) -> None:
        """What was asked of it, or became of it, next."""
        if isinstance(value, LaneRequested):
            self._asked = value
        else:
            self.is_off(value.disabled, value.at_us)

    def is_off(self, off: bool, at_us: int) -> None:
        """It is on or off from a time on, as its PLC says."""
        if off == self.off:
            return
        asked, self._asked = self._asked, None
        meant = asked is not None and asked.enabled != off and at_us - asked.at_us <= _PATIENCE_US
        self.off, self.by, self.since_us = off, "", at_us if off else 0
        if off and asked is not None and meant:
            self.by = asked.by

    def forget(self) -> None:
        """What was asked is refused."""
        self._asked = None


Lane: TypeAlias = tuple[str, int]


def lane_hands(values: Iterable[Value]) -> dict[Lane, LaneHand]:
    """By line and lane, of what the journal has of some lanes, in order."""
    found: dict[Lane, LaneHand] = {}
    for value in values:
        if isinstance(value, LaneRequested | LaneChanged):
            found.setdefault((value.line, value.lane), LaneHand()).take(value)
    return found
