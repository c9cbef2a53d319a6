"""Inputs through the core, one after the other: commands go out in the same turn, the rest to the journal.

Public names: Deciding.

What the decisions raise is undone: they begin anew from the journal, and what failed is journaled as set aside.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.controller.clock import HostClock
from edge.controller.faults import Rests, failed, part_of, shown
from edge.core.events import (
    Command,
    CommandDropped,
    DeviceChanged,
    Input,
    InputFailed,
    Journaled,
    OutputSet,
    PassageSeen,
    TagsRead,
    Tick,
)
from edge.journal.record import Entered, JournalError, Value, kept
from edge.journal.replay import recover
from edge.journal.writer import Journal

log = logging.getLogger(__name__)

CHECKPOINT_EVERY = 10_000
"""Records between two checkpoints: what is read again at most at a start, or after a fault while the lines run; so
many take about a quarter of a second."""


class Deciding:
    """The decisions of one controller, from its journal in ``path``; Raises what `recover` raises.

    ``command`` sends what is decided and gives what is to be said of it at once; ``appended`` is told when the journal
    has more to write; ``is_up`` asks for a device. ``seq``: of the journal's newest record at the start. ``broken``:
    why the decisions cannot go on, once ``broke`` is set; nothing is taken any more then.
    """

    def __init__(
        self,
        path: Path,
        journal: Journal,
        clock: HostClock,
        *,
        command: Callable[[Command], Sequence[OutputSet | CommandDropped]],
        appended: Callable[[], None],
        is_up: Callable[[str], bool],
    ) -> None:
        self.core, self.seq = recover(path)
        self.broken: JournalError | None = None
        self.broke = asyncio.Event()
        self.began = False
        """Whether there is something to go on from: the record of the start is journaled."""
        self._path = path
        self._journal = journal
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._command = command
        self._appended = appended
        self._is_up = is_up
        self._rests = Rests()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_us: int | None = None
        self._next_checkpoint = 0
        self._started = 0

    def start(self, given: Input) -> None:
        """The lines begin, or go on by another configuration: what checkpoints name from now on. Raises as `take`."""
        self._started = self.take(given)
        if not self.began:
            self.began = True
            self._next_checkpoint = self._journal.seq + CHECKPOINT_EVERY

    def end(self) -> None:
        """Nothing comes any more; the journal keeps how it stands."""
        if self._timer is not None:
            self._timer.cancel()
        if self.began and self.broken is None:
            self._journal.checkpoint(self._journal.seq, self.core.state, self._started)

    def take(self, given: Input) -> int:
        """One input; the sequence of the journal's last record. Raises what the decisions raised: it is set aside."""
        seq, fault = self.give(given)
        if fault is not None:
            raise fault
        return seq

    def give(self, given: Input) -> tuple[int, Exception | None]:
        """As ``take``, for what no session gives that could end; what the decisions raised comes back."""
        if self.broken is not None:
            return self._journal.seq, self.broken
        core, fault = self.core, None
        values: list[Entered[Value]] = []
        if not isinstance(given, TagsRead | Tick):
            try:
                values.append(kept(given))
            except Exception as error:  # noqa: BLE001  # as below; nothing was decided by it
                return self._leave_out(given, error), error
            given = values[0].value  # type: ignore[assignment]  # it is of the same kind
        try:
            results = core.step(given)
        except Exception as error:  # noqa: BLE001  # whatever it is, what others give is decided on
            if not core.acting:
                return self._mend(given, error), error
            results, fault = core.done, error
        seen: PassageSeen | None = None
        commands: list[Command] = []
        for result in results:
            if isinstance(result, Command):
                commands.append(result)
                continue
            seen = result if isinstance(result, PassageSeen) else seen
            try:
                values.append(kept(result))
            except Exception as error:  # noqa: BLE001  # as above
                part = part_of(result, core.state) if isinstance(given, Tick) else ""
                weighing = seen if seen is not None and part == f"line.{seen.line}" else None
                return self._mend(given, error, part, weighing, whole=True), error
        seq = self._journal.append(values)
        if values:
            self._appended()
        troubles = [trouble for command in commands for trouble in self._command(command)]
        if fault is not None:
            seq = self._mend(given, fault)
        self._set_timer()
        if seq >= self._next_checkpoint > 0:
            self._checkpoint(seq)
        for trouble in troubles:
            self.give(trouble)
        return seq, None

    def _checkpoint(self, seq: int) -> None:
        self._next_checkpoint = seq + CHECKPOINT_EVERY
        self._journal.checkpoint(seq, self.core.state, self._started)

    # ---- what is due by time -----------------------------------------------------------------------------------------

    def _set_timer(self) -> None:
        due_us = self.core.deadline_us()
        if due_us == self._timer_us and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_us = None, due_us
        if due_us is not None:
            self._timer = self._loop.call_at(self._clock.loop_time(due_us) + 0.0005, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.give(Tick(self._clock.now_us()))

    # ---- faults of the decisions -------------------------------------------------------------------------------------

    def _leave_out(self, given: Journaled, error: Exception) -> int:
        """No journal gives back what was given: nothing is decided by it. Returns the last sequence."""
        log.error("a fault of this program at %s %s", type(given).__name__, shown(given), exc_info=error)
        if self.began and not isinstance(given, InputFailed):
            self.give(failed(given, error, "", None))
        return self._journal.seq

    def _mend(
        self,
        given: Input,
        error: Exception,
        acting: str = "",
        weighing: PassageSeen | None = None,
        *,
        whole: bool = False,
    ) -> int:
        """The decisions failed and may be half changed: they begin anew from the journal, as far as it goes.

        What failed is journaled as set aside. ``acting``, ``weighing``: as a Core's, where that does not tell them.
        ``whole``: nothing that the step came to is journaled. Returns the last sequence.
        """
        before, part = self.core, acting or self.core.acting
        log.error("a fault of this program at %s %s", part or type(given).__name__, shown(given), exc_info=error)
        if not self.began:
            return 0  # the first input; there is nothing to go on from
        try:
            self.core, _ = recover(self._path, self._journal.unstored())
        except JournalError as unread:
            self.broken = unread
            self.broke.set()
            return self._journal.seq
        now_us = self._clock.now_us
        lost = self.core.take_over(before, whole)
        if part:
            self.core.rest(part, self._rests.until_us(part, max(given.at_us, now_us())))
        self._set_timer()
        if not isinstance(given, InputFailed):
            self.give(failed(given, error, part, weighing or before.weighing))
        for layout in lost:
            for name in (*layout.readers, *layout.scanners):
                if self._is_up(device := f"reader.{name}"):
                    self.give(DeviceChanged(now_us(), device, True, f"{name}: its line begins anew after a fault"))
        self._checkpoint(self._journal.seq)
        return self._journal.seq
