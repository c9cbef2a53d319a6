"""What somebody is to put on a belt of the simulated floor, carry through a dock door or hold before a reader.

Public names: PutOrder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from urllib.parse import quote, unquote

from edge.sim.faults import FaultError

MOST = 1_000
"""Loads at once."""
LONGEST_S = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PutOrder:
    """``where``: a line, a dock door, or ``reader.NAME``. ``tags``: hexadecimal, of the tote or the label first.

    Without tags the load is made up: ``lanes``: of parcels, in turns; ``wrong``: as `FloorFault` has it, empty =
    nothing; ``count``: None = one, or one for each lane; ``close``: each right behind the one before. ``order``: the
    load of an order that came before, empty = another one. ``back``: in again through a door. ``antenna``: of a reader,
    None = its first one; ``seconds``: so long before it, None = the usual.
    """

    where: str
    tags: tuple[str, ...] = ()
    back: bool = False
    lanes: tuple[int, ...] = ()
    wrong: str = ""
    count: int | None = None
    close: bool = False
    order: str = ""
    antenna: int | None = None
    seconds: float | None = None

    @classmethod
    def parse(cls, text: str) -> PutOrder:
        """As ``str`` writes it. Raises FaultError."""
        word, *words = text.split()
        if word not in ("put", "back") or not words:
            raise FaultError(f"{text!r}: write put WHERE [KEY=VALUE …] [TAG …], or back DOOR TAG")
        given: dict[str, object] = {"where": words[0], "back": word == "back"}
        said = [tuple(one.split("=", 1)) for one in words[1:] if "=" in one]
        for key, value in said:
            if key not in _READ:
                raise FaultError(f"{key}={value}: unknown, allowed: {', '.join(_READ)}")
            try:
                given[key] = _READ[key](value)
            except FaultError:
                raise
            except ValueError:
                raise FaultError(f"{key}={value}: is not allowed there") from None
        return cls(tags=tuple(unquote(one) for one in words[1:] if "=" not in one), **given)  # type: ignore[arg-type]

    def __str__(self) -> str:
        said = []
        for name in _READ:
            value = getattr(self, name)
            if value not in (None, "", (), False):
                told = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
                said.append(f"{name}={quote(told, safe=',')}")
        return " ".join(("back" if self.back else "put", self.where, *said, *map(quote, self.tags)))

    def said(self) -> Sequence[str]:
        """The names of what is said besides where and how many tags."""
        usual = type(self)(where=self.where)
        return [one.name for one in fields(self) if getattr(self, one.name) != getattr(usual, one.name)]


def _count(text: str) -> int:
    if not 1 <= (count := int(text)) <= MOST:
        raise FaultError(f"--count {count}: allowed: 1..{MOST}")
    return count


def _seconds(text: str) -> float:
    if not 0 < (seconds := float(text)) <= LONGEST_S:
        raise FaultError(f"--seconds {text}: allowed: up to {LONGEST_S:g}")
    return seconds


_READ: dict[str, Callable[[str], object]] = {
    "lanes": lambda text: tuple(map(int, text.split(","))),
    "wrong": str,
    "count": _count,
    "close": lambda text: text == "True",
    "order": unquote,
    "antenna": int,
    "seconds": _seconds,
}
