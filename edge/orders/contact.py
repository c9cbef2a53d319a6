"""A customer is asked about what holds an order: who called, what came of it, and what that means.

Public names: ContactOutcome, ContactTask, Settled, settle, due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from edge.orders.review import ReviewFinding, Waiver


class ContactOutcome(StrEnum):
    """What came of an attempt."""

    REACHED = "reached"  # the customer will answer later
    NO_ANSWER = "no-answer"
    WRONG_NUMBER = "wrong-number"
    CONFIRMED = "confirmed"  # it is right as it is
    CHANGED = "changed"  # it is to be amended
    CANCELLED = "cancelled"  # it is not wanted any more


_ENDS = (ContactOutcome.CONFIRMED, ContactOutcome.CHANGED, ContactOutcome.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactTask:
    """Somebody is to ask about findings. ``attempts`` that ended nothing; ``due_us``: when to try next."""

    order: str
    findings: tuple[ReviewFinding, ...]
    due_us: int
    attempts: int = 0
    outcome: ContactOutcome | None = None
    by: str = ""
    note: str = ""

    @property
    def open(self) -> bool:
        """Whether somebody must still ask."""
        return self.outcome not in _ENDS and self.outcome is not ContactOutcome.WRONG_NUMBER


@dataclass(frozen=True, slots=True)
class Settled:
    """The task as it is now, and what follows. ``amend``, ``cancel``: that is to be wished next, by the same name."""

    task: ContactTask
    waivers: tuple[Waiver, ...] = ()
    amend: bool = False
    cancel: bool = False


def settle(
    task: ContactTask, outcome: ContactOutcome, by: str, note: str, at_us: int, again_us: int = 3_600_000_000
) -> Settled:
    """Writes down an attempt. Raises ValueError without a name, for an end without words, and for an ended task.

    ``again_us``: after how long to try again; each time twice as long as before.
    """
    if not task.open:
        raise ValueError(f"order {task.order}: contact: ended already: {task.outcome}")
    if not by.strip() or (outcome in _ENDS and not note.strip()):
        raise ValueError(f"order {task.order}: contact: a name and what was said are needed")
    now = replace(task, outcome=outcome, by=by, note=note, attempts=task.attempts + 1)
    match outcome:
        case ContactOutcome.REACHED | ContactOutcome.NO_ANSWER:
            return Settled(replace(now, due_us=at_us + (again_us << min(task.attempts, 5))))
        case ContactOutcome.WRONG_NUMBER:
            return Settled(now)  # its finding stays, and holds the order
        case ContactOutcome.CONFIRMED:
            reason = f"customer confirmed: {note}"
            waivers = (
                Waiver(code=one.code, where=one.where, value=one.value, by=by, reason=reason, at_us=at_us)
                for one in task.findings
            )
            return Settled(now, tuple(waivers))
        case ContactOutcome.CHANGED:
            return Settled(now, amend=True)
        case ContactOutcome.CANCELLED:
            return Settled(now, cancel=True)
        case _:
            assert_never(outcome)


def due(tasks: Sequence[ContactTask], now_us: int) -> list[ContactTask]:
    """Those that somebody should take up now, the longest due first."""
    return sorted((one for one in tasks if one.open and one.due_us <= now_us), key=lambda one: (one.due_us, one.order))
