"""What is at the dock doors now: a fold over one controller's journal into what people look at.

Public names: DockBoard, DockPicture, DockView, LoadSummary, BOARD_KINDS.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from edge.core.dock.loads import LoadCheck, Loads
from edge.core.events import (
    DockChanged,
    FeedFollowed,
    LoadClosed,
    LoadOpened,
    LoadRefused,
    OrderChanged,
    ParcelGated,
    Started,
)
from edge.core.values.load import Load
from edge.core.values.state import LoadsState
from edge.journal.record import Value
from edge.views.given_texts import reason_told
from edge.views.words.phrase import Word

BOARD_KINDS = frozenset(
    kind.__name__
    for kind in (Started, FeedFollowed, OrderChanged, ParcelGated, LoadOpened, LoadClosed, LoadRefused, DockChanged)
)
"""Kinds of records that say something of doors and loads."""
KEEP_RECENT = 12
KEEP_ANSWERS = 500


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """An open load in numbers."""

    load: Load
    opened_us: int
    by: str
    aboard: int
    missing: int
    wrong: int
    undetermined: int
    later: int


@dataclass(frozen=True, slots=True)
class DockView:
    """One door. ``wrong``: parcels that went out there and must come back. ``recent``: newest first,
    ``reasons``: why each is so, in the words of any language.
    """

    name: str
    title: str
    light: bool
    buzzer: bool
    wrong: tuple[str, ...]
    load: LoadSummary | None
    recent: tuple[ParcelGated, ...]
    reasons: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class DockPicture:
    """All doors."""

    now_us: int
    docks: tuple[DockView, ...]


class DockBoard:
    """One controller's doors, by name with their titles."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        self.titles = dict(titles)
        self.begin(LoadsState())

    def begin(self, state: LoadsState) -> None:
        """What the controller remembers before the records that follow."""
        self.loads = Loads(state)
        self._recent: dict[str, deque[ParcelGated]] = {name: deque(maxlen=KEEP_RECENT) for name in self.titles}
        self._changed: dict[str, DockChanged] = {}
        self._answers: dict[int, Value] = {}

    def take(self, value: Value) -> None:
        """The next record's value."""
        self.loads.take(value)
        match value:
            case ParcelGated() if value.dock in self._recent:
                self._recent[value.dock].appendleft(value)
            case FeedFollowed(anew=True):
                self._answers.clear()  # their numbers are given again
            case DockChanged():
                self._changed[value.dock] = value
            case _:
                pass
        if isinstance(value, LoadOpened | LoadClosed | LoadRefused | ParcelGated) and value.feed_seq:
            self._answers[value.feed_seq] = value
            while len(self._answers) > KEEP_ANSWERS:
                del self._answers[next(iter(self._answers))]

    def answer(self, feed_seq: int) -> Value | None:
        """What became of a request; None = not known yet."""
        return self._answers.get(feed_seq)

    def check(self, load_id: str) -> LoadCheck | None:
        """How complete an open load is; None = there is none."""
        its = self.loads.state.open.get(load_id)
        return None if its is None else self.loads.check(its)

    def views(self) -> list[DockView]:
        """Every door as it is now."""
        return [self._view(name, title) for name, title in self.titles.items()]

    def _view(self, name: str, title: str) -> DockView:
        state, changed = self.loads.dock(name), self._changed.get(name)
        light = changed.light if changed is not None else bool(state.light_until_us)
        buzzer = changed.buzzer if changed is not None else bool(state.buzzer_until_us)
        its = self.loads.at_dock(name)
        summary = None
        if its is not None:
            check = self.loads.check(its)
            counts = (len(check.aboard), len(check.missing), len(check.wrong), len(check.undetermined))
            summary = LoadSummary(check.load, check.opened_us, check.by, *counts, check.later)
        recent = tuple(self._recent[name])
        reasons = tuple(reason_told(one.text) for one in recent)
        return DockView(name, title, light, buzzer, tuple(state.wrong), summary, recent, reasons)
