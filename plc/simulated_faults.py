"""What goes wrong with a simulated PLC on command.

Public names: PlcFault, AMOUNTS, PlcFaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from plc.words import DOWN_WORDS, EVENT_WORDS, RING, UP_RING_AT


class PlcFault(StrEnum):
    """One thing that goes wrong; what its amount is stands in ``AMOUNTS``."""

    SLOW = "slow"  # every answer comes so many ms later
    MUTE = "mute"  # it takes what is said, does nothing with it and says nothing
    RESET = "reset"  # every connection is closed; once
    STALL = "stall"  # writes are held and not answered; all are executed, one a scan, when it is over
    TWICE = "twice"  # every write to DOWN is executed again so many ms later
    LATE = "late"  # every write to DOWN is answered, and executed so many ms later
    RESTART = "restart"  # the PLC starts anew: another session, everything forgotten; once
    WRONG_LAYOUT = "wrong-layout"  # UP says another layout, as after a download of another program
    TORN = "torn"  # every new event is half written for so many scans
    LOST_CONFIRMATIONS = "lost-confirmations"  # DIVERTED is never told
    JAM = "jam"  # JAM at the photo-eye of that number, cleared when it is over
    LANE_FULL = "lane-full"  # the lane of that number says that it is full
    EMERGENCY_STOP = "emergency-stop"  # its belts stand and it is Aborted, whatever its host does


AMOUNTS = {
    PlcFault.SLOW: range(1, 60_001),
    PlcFault.TWICE: range(1, 60_001),
    PlcFault.LATE: range(1, 60_001),
    PlcFault.TORN: range(1, 1_001),
    PlcFault.JAM: range(1, 65_536),
    PlcFault.LANE_FULL: range(1, 65),
}
USUAL = {
    PlcFault.SLOW: 100,
    PlcFault.TWICE: 20,
    PlcFault.LATE: 50,
    PlcFault.TORN: 3,
    PlcFault.JAM: 1,
    PlcFault.LANE_FULL: 1,
}


class PlcFaults:
    """The faults of one PLC that are on, and the writes that they hold back."""

    def __init__(self) -> None:
        self._on: dict[PlcFault, int] = {}
        self._held: list[tuple[int | None, Sequence[int]]] = []  # due at PLC time in ms, None = when the stall is over
        self._torn: tuple[int, int] = (0, 0)  # event sequence, scans left

    def __contains__(self, fault: PlcFault) -> bool:
        return fault in self._on

    def __bool__(self) -> bool:
        return bool(self._on or self._held)

    def begin(self, fault: PlcFault, amount: int | None) -> int:
        """Turns a fault on; its amount. Raises ValueError for one that it cannot have."""
        if amount is not None and amount not in AMOUNTS.get(fault, range(0)):
            raise ValueError(f"{fault}: {amount} is not in {AMOUNTS.get(fault, range(0))}")
        self._on[fault] = USUAL.get(fault, 0) if amount is None else amount
        return self._on[fault]

    def end(self, fault: PlcFault, now_ms: int) -> int | None:
        """Turns a fault off; the amount that it had, None = it was not on."""
        if fault is PlcFault.STALL:
            self._held = [(now_ms if due is None else due, words) for due, words in self._held]
        return self._on.pop(fault, None)

    @property
    def unanswered(self) -> bool:
        """Whether nothing is said."""
        return PlcFault.MUTE in self._on

    @property
    def slow_s(self) -> float:
        """How much later an answer comes."""
        return self._on.get(PlcFault.SLOW, 0) / 1000

    def written(self, words: Sequence[int], now_ms: int) -> bool:
        """DOWN was written; whether it is executed now."""
        if PlcFault.MUTE in self._on:
            return False
        if PlcFault.STALL in self._on:
            self._held.append((None, words))
            return False
        if PlcFault.LATE in self._on:
            self._held.append((now_ms + self._on[PlcFault.LATE], words))
            return False
        if PlcFault.TWICE in self._on:
            self._held.append((now_ms + self._on[PlcFault.TWICE], words))
        return True

    def due(self, now_ms: int) -> Sequence[int] | None:
        """A held DOWN block that is executed in this scan."""
        for at, (due_ms, words) in enumerate(self._held):
            if due_ms is not None and due_ms <= now_ms:
                del self._held[at]
                assert len(words) == DOWN_WORDS
                return words
        return None

    def forget(self) -> None:
        """What was held is gone with a start of the PLC."""
        self._held.clear()

    def show(self, up: list[int], scanned: bool) -> None:
        """Makes UP as wrong as it is to be; ``scanned``: for the first time in a scan."""
        if PlcFault.WRONG_LAYOUT in self._on:
            up[0] ^= 0xFFFF
        if lane := self._on.get(PlcFault.LANE_FULL):
            up[6 + (lane - 1) // 16] |= 1 << (lane - 1) % 16
        if PlcFault.TORN in self._on:
            head, (torn, left) = up[18], self._torn
            if head != torn:
                self._torn = torn, left = head, self._on[PlcFault.TORN]
            elif scanned and left:
                self._torn = torn, left = head, left - 1
            if left:
                up[UP_RING_AT + head % RING * EVENT_WORDS + EVENT_WORDS - 1] ^= 0x8000
