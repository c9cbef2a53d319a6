"""Picking: rounds and their lines, the way through the aisles, shorts with a reason, totes with one holder, put-backs.

Public names: PickError, ShortReason, TaskState, TaskEvent, TASK_STEPS, PickLine, PickTask, BinPlace, walk, claimed,
picked, ended, withdrawn, PutBack, put_backs, Totes, ToteHeldError.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from edge.orders.stock import BinKey
from edge.orders.waves import PickMode


class PickError(ValueError):
    """What a picker or a station may not say; names the task, the value and the limit."""


class ShortReason(StrEnum):
    """Why fewer were picked than wanted."""

    EMPTY = "empty"
    DAMAGED = "damaged"
    WRONG_ITEM = "wrong-item"
    NOT_LOCATED = "could-not-locate"
    EXPIRED = "expired"


class TaskState(StrEnum):
    """How far a round is."""

    OPEN = "open"
    ASSIGNED = "assigned"
    PICKING = "picking"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class TaskEvent(StrEnum):
    """What happens to a round."""

    CLAIMED = "claimed"
    HANDED_BACK = "handed-back"
    PICKED = "picked"
    ENDED = "ended"
    WITHDRAWN = "withdrawn"


_S, _E = TaskState, TaskEvent
TASK_STEPS: dict[tuple[TaskState, TaskEvent], TaskState] = {
    (_S.OPEN, _E.CLAIMED): _S.ASSIGNED,
    (_S.OPEN, _E.WITHDRAWN): _S.WITHDRAWN,
    (_S.OPEN, _E.ENDED): _S.DONE,  # it was handed back, and what was left of it is taken away
    (_S.ASSIGNED, _E.HANDED_BACK): _S.OPEN,
    (_S.ASSIGNED, _E.PICKED): _S.PICKING,
    (_S.ASSIGNED, _E.WITHDRAWN): _S.WITHDRAWN,
    (_S.ASSIGNED, _E.ENDED): _S.DONE,
    (_S.PICKING, _E.HANDED_BACK): _S.OPEN,
    (_S.PICKING, _E.PICKED): _S.PICKING,
    (_S.PICKING, _E.ENDED): _S.DONE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PickLine:
    """Units of one bin for one fulfilment. ``reason``: why short; ``over``: why more, and who allowed it."""

    n: int
    fulfilment: str
    at: BinKey
    quantity: int
    picked: int = 0
    reason: ShortReason | None = None
    over: str = ""
    withdrawn: bool = False

    @property
    def ended(self) -> bool:
        """Nothing more is to be picked here."""
        return self.withdrawn or self.reason is not None or self.picked >= self.quantity

    @property
    def short(self) -> int:
        """Units that were wanted and are not there."""
        return max(0, self.quantity - self.picked) if self.reason else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PickTask:
    """A round. ``lines``: in the order of the way. ``version``: one more at each change, for If-Match."""

    id: str
    wave: str
    mode: PickMode
    lines: tuple[PickLine, ...]
    state: TaskState = TaskState.OPEN
    picker: str = ""
    version: int = 1
    urgent: bool = False
    release_by_us: int = 0

    def stepped(self, event: TaskEvent) -> TaskState:
        """Where it would stand.

        Raises:
            PickError: there is no such step.
        """
        if (to := TASK_STEPS.get((self.state, event))) is None:
            raise PickError(f"task {self.id}: {self.state} cannot be {event}")
        return to


@dataclass(frozen=True, slots=True, order=True)
class BinPlace:
    """Where a bin is: aisles from one end of the house, places from one end of the aisle."""

    aisle: int
    place: int
    level: int = 0


def walk(bins: Mapping[str, BinPlace]) -> tuple[str, ...]:
    """The way through the bins: along one aisle, back along the next one that has any (S-shape)."""
    aisles = sorted({place.aisle for place in bins.values()})
    turn = {aisle: 1 - 2 * (rank % 2) for rank, aisle in enumerate(aisles)}
    return tuple(
        sorted(bins, key=lambda name: (at := bins[name], (at.aisle, turn[at.aisle] * at.place, at.level, name))[1])
    )


def claimed(tasks: Iterable[PickTask], picker: str) -> PickTask | None:
    """A picker's next round: the one in hand, or else the most urgent open one, now theirs. None = nothing to do."""
    every = sorted(tasks, key=lambda task: (not task.urgent, task.release_by_us, task.id))
    for task in every:
        if task.picker == picker and task.state in (TaskState.ASSIGNED, TaskState.PICKING):
            return task
    for task in every:
        if task.state is TaskState.OPEN:
            return replace(task, state=task.stepped(TaskEvent.CLAIMED), picker=picker, version=task.version + 1)
    return None


def picked(
    task: PickTask,
    n: int,
    units: int,
    picker: str,
    version: int,
    reason: ShortReason | None = None,
    over: str = "",
) -> PickTask:
    """A line after ``units`` in all were picked of it; the round ends with its last line.

    Raises:
        PickError: somebody else's round, an older version, an ended line, fewer without a reason, more without one.
    """
    where = f"task {task.id} line {n}"
    if task.picker != picker:
        raise PickError(f"{where}: it is {task.picker or 'nobody'}'s, not {picker}'s")
    if task.version != version:
        raise PickError(f"{where}: version {version} is not {task.version}, which stands")
    line = next((line for line in task.lines if line.n == n), None)
    if line is None or line.ended:
        raise PickError(f"{where}: {'ended already' if line else 'there is none'}")
    if units < line.picked:
        raise PickError(f"{where}: {units} is less than the {line.picked} that were picked")
    if units < line.quantity and reason is None:
        raise PickError(f"{where}: {units} of {line.quantity} without a reason")
    if units >= line.quantity and reason is not None:
        raise PickError(f"{where}: {reason} and yet {units} of {line.quantity}")
    if units > line.quantity and not over:
        raise PickError(f"{where}: {units} of {line.quantity}, more than wanted, without a reason")
    now = replace(line, picked=units, reason=reason, over=over if units > line.quantity else "")
    return ended(
        replace(
            task,
            lines=tuple(now if line.n == n else line for line in task.lines),
            state=task.stepped(TaskEvent.PICKED),
            version=version + 1,
        )
    )


def ended(task: PickTask) -> PickTask:
    """A round as done or withdrawn, once nothing of it is left to pick."""
    if task.state in (TaskState.DONE, TaskState.WITHDRAWN) or not all(line.ended for line in task.lines):
        return task
    if task.state is not TaskState.PICKING and all(line.withdrawn for line in task.lines):
        return replace(task, state=task.stepped(TaskEvent.WITHDRAWN), picker="")
    return replace(task, state=task.stepped(TaskEvent.ENDED))


def withdrawn(task: PickTask, fulfilments: Iterable[str]) -> tuple[PickTask, tuple[PickLine, ...]]:
    """A round without what nobody has begun of these fulfilments, and the lines that fall away, soft again.

    A tote that something lies in is not given up: it is finished, or emptied by a put-back.
    """
    if task.state in (TaskState.DONE, TaskState.WITHDRAWN):
        return task, ()
    begun = {line.fulfilment for line in task.lines if line.picked}
    named = set(fulfilments) - begun
    fall = tuple(line for line in task.lines if line.fulfilment in named and not line.ended)
    if not fall:
        return task, ()
    lines = tuple(replace(line, withdrawn=True) if line in fall else line for line in task.lines)
    now = replace(task, lines=lines, version=task.version + 1)
    return ended(now), fall


@dataclass(frozen=True, slots=True)
class PutBack:
    """Units that lie in a tote and are not wanted there; ``to``: the bin they came from."""

    fulfilment: str
    tote: str
    to: BinKey
    quantity: int


def put_backs(
    lines: Iterable[PickLine], wanted: Mapping[tuple[str, str], int], totes: Mapping[str, str]
) -> tuple[PutBack, ...]:
    """What is to be taken out of totes. ``wanted``: units by (fulfilment, SKU), none = 0; ``totes``: by fulfilment."""
    found: list[PutBack] = []
    kept: Counter[tuple[str, str]] = Counter()
    for line in sorted(lines, key=lambda line: (line.fulfilment, line.at)):
        key = (line.fulfilment, line.at.sku)
        stays = min(line.picked, wanted.get(key, 0) - kept[key])
        kept[key] += stays
        if line.picked > stays:
            found.append(PutBack(line.fulfilment, totes.get(line.fulfilment, ""), line.at, line.picked - stays))
    return tuple(found)


class ToteHeldError(PickError):
    """A tote is an open fulfilment's; ``holder`` says whose."""

    def __init__(self, tote: str, holder: str, wanted_by: str) -> None:
        super().__init__(f"tote {tote}: {holder} has it, {wanted_by} cannot")
        self.holder = holder


@dataclass(frozen=True, slots=True)
class Totes:
    """Which open fulfilment has which tote. It is free again when it was seen empty, or its fulfilment is closed."""

    holders: Mapping[str, str]

    def bound(self, tote: str, fulfilment: str) -> Totes:
        """With this tote as the fulfilment's.

        Raises:
            ToteHeldError: another one has it.
        """
        if (holder := self.holders.get(tote, fulfilment)) != fulfilment:
            raise ToteHeldError(tote, holder, fulfilment)
        return Totes({**self.holders, tote: fulfilment})

    def verified_empty(self, tote: str) -> Totes:
        """With this tote free."""
        return Totes({name: holder for name, holder in self.holders.items() if name != tote})
