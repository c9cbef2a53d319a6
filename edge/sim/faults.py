"""What goes wrong with the simulated devices, and when.

Public names: FaultOrder, FaultError, Failing, failing, Faults.

A fault is ordered as ``DEVICE:FAULT[=AMOUNT][@BEGIN][+LASTS]``: ``reader.tote1:silence@10s+5s`` silences reader tote1
ten seconds after the belts began to move, for five seconds. Without ``@BEGIN`` it begins at once, without ``+LASTS`` it
stays until it is mended or over by itself; ``DEVICE:mend`` ends all that is wrong with a device. Devices are named as
in the configuration, ``reader.NAME`` and ``plc.NAME``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush
from itertools import count
from typing import TypeVar

MEND = "mend"
FORM = "DEVICE:FAULT[=AMOUNT][@BEGIN][+LASTS], as reader.tote1:silence@10s+5s"

_ORDER = re.compile(
    r"(?P<device>[^:=@+\s]+):(?P<fault>[a-z][a-z-]*)(?:=(?P<amount>-?\d{1,12}))?"
    r"(?:@(?P<begin>\d{1,9}(?:\.\d{1,6})?)s?)?(?:\+(?P<lasts>\d{1,9}(?:\.\d{1,6})?)s?)?"
)
_Kind = TypeVar("_Kind", bound=StrEnum)


class FaultError(ValueError):
    """A fault that cannot be: what, where, and what is allowed."""


@dataclass(frozen=True, slots=True)
class FaultOrder:
    """One fault. ``amount``: None = the usual. ``begin_us``: since the belts began to move; None = at once.

    ``lasts_us``: None = it stays.
    """

    device: str
    fault: str
    amount: int | None = None
    begin_us: int | None = None
    lasts_us: int | None = None

    @classmethod
    def parse(cls, text: str) -> FaultOrder:
        """An order as people write it. Raises FaultError."""
        found = _ORDER.fullmatch(text.strip())
        if found is None:
            raise FaultError(f"{text!r} is no fault: write {FORM}")
        amount = found["amount"]
        return cls(
            found["device"],
            found["fault"],
            None if amount is None else int(amount),
            _us(found["begin"]),
            _us(found["lasts"]),
        )

    def __str__(self) -> str:
        amount = "" if self.amount is None else f"={self.amount}"
        begin = "" if self.begin_us is None else f"@{_seconds(self.begin_us)}s"
        lasts = "" if self.lasts_us is None else f"+{_seconds(self.lasts_us)}s"
        return f"{self.device}:{self.fault}{amount}{begin}{lasts}"


def _us(seconds: str | None) -> int | None:
    return None if seconds is None else round(float(seconds) * 1_000_000)


def _seconds(us: int) -> str:
    whole, part = divmod(us, 1_000_000)
    return f"{whole}.{part:06d}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Failing:
    """A simulated device that fails on command; made by ``failing``.

    ``amounts``: by fault, what it may be given; empty = it takes none. ``end``: None ends every fault.
    """

    amounts: Mapping[str, range]
    begin: Callable[[str, int | None], None]
    end: Callable[[str | None], None]


def failing(
    kinds: type[_Kind],
    amounts: Mapping[_Kind, range],
    begin: Callable[[_Kind, int | None], None],
    end: Callable[[_Kind | None], None],
) -> Failing:
    """A device with faults of its own kind; ``amounts`` has those that take one."""
    return Failing(
        {kind.value: amounts.get(kind, range(0)) for kind in kinds},
        lambda fault, amount: begin(kinds(fault), amount),
        lambda fault: end(None if fault is None else kinds(fault)),
    )


class Faults:
    """All devices of a simulated floor, and the orders that wait for their time.

    ``say`` is told each fault as it begins and as it ends.
    """

    def __init__(self, devices: Mapping[str, Failing], say: Callable[[str], None]) -> None:
        self.devices = devices
        self._say = say
        self._count = count()
        self._at_once: list[FaultOrder] = []
        self._later: list[tuple[int, int, FaultOrder]] = []
        self._ends: list[tuple[int, int, FaultOrder]] = []

    def order(self, orders: Iterable[FaultOrder]) -> None:
        """Takes all of them, or none. Raises FaultError for what no device here does."""
        checked = list(orders)
        for order in checked:
            self._check(order)
        for order in checked:
            if order.begin_us is None:
                self._at_once.append(order)
            else:
                heappush(self._later, (order.begin_us, next(self._count), order))

    def advance(self, now_us: int, floor_us: int | None) -> None:
        """Lets begin and end what is due. ``floor_us``: since the belts began to move, None = they have not."""
        while self._ends and self._ends[0][0] <= now_us:
            _, _, order = heappop(self._ends)
            self.devices[order.device].end(order.fault)
            self._say(f"fault over: {order}")
        while floor_us is not None and self._later and self._later[0][0] <= floor_us:
            self._at_once.append(heappop(self._later)[2])
        due, self._at_once = self._at_once, []
        for order in due:
            self._begin(order, now_us)

    def _begin(self, order: FaultOrder, now_us: int) -> None:
        device = self.devices[order.device]
        if order.fault == MEND:
            device.end(None)
            self._ends = [waiting for waiting in self._ends if waiting[2].device != order.device]
            self._ends.sort()
        else:
            device.begin(order.fault, order.amount)
            if order.lasts_us is not None:
                heappush(self._ends, (now_us + order.lasts_us, next(self._count), order))
        self._say(f"fault: {order}")

    def _check(self, order: FaultOrder) -> None:
        device = self.devices.get(order.device)
        if device is None:
            raise FaultError(f"{order}: no device {order.device!r}, there are {', '.join(self.devices)}")
        allowed = {**device.amounts, MEND: range(0)}
        if order.fault not in allowed:
            raise FaultError(f"{order}: {order.device} has no fault {order.fault!r}, allowed: {', '.join(allowed)}")
        amounts = allowed[order.fault]
        if order.amount is not None and order.amount not in amounts:
            may = f"{amounts[0]} to {amounts[-1]}" if amounts else "none"
            raise FaultError(f"{order}: {order.fault} of {order.amount}, allowed: {may}")
        if order.fault == MEND and order.lasts_us is not None:
            raise FaultError(f"{order}: what is mended stays mended, leave +LASTS out")
