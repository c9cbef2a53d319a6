"""PackML: the states and unit modes that a machine tells by number.

Public names: PackmlState, PackmlStatus, state_name, mode_name, ACTING.

Source: ANSI/ISA-TR88.00.02-2022, state numbers and unit modes; in the mailbox word 3 of UP, in OPC UA OPC 30050.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class PackmlState(IntEnum):
    """Where a machine stands. In the acting ones (-ing) it does not stay by itself, Execute may last."""

    UNDEFINED = 0
    CLEARING = 1
    STOPPED = 2
    STARTING = 3
    IDLE = 4
    SUSPENDED = 5
    EXECUTE = 6
    STOPPING = 7
    ABORTING = 8
    ABORTED = 9
    HOLDING = 10
    HELD = 11
    UNHOLDING = 12
    SUSPENDING = 13
    UNSUSPENDING = 14
    RESETTING = 15
    COMPLETING = 16
    COMPLETED = 17


ACTING = frozenset(state for state in PackmlState if state.name.endswith("ING"))
"""States that lead to another by themselves."""


@dataclass(frozen=True, slots=True)
class PackmlStatus:
    """How a machine stands. ``mode`` 0, ``processed`` and ``defective`` -1, ``speed`` None: it does not tell."""

    state: int
    mode: int = 0
    processed: int = -1
    defective: int = -1
    speed: float | None = None


_MODES = {0: "Invalid", 1: "Production", 2: "Maintenance", 3: "Manual"}


def state_name(number: int) -> str:
    """``Held``; a number that the standard does not know stays one."""
    return PackmlState(number).name.title() if number in PackmlState.__members__.values() else f"state {number}"


def mode_name(number: int) -> str:
    """``Production``; modes above 3 are the maker's own."""
    return _MODES.get(number, f"mode {number}")
