"""Alarms that called people: each time with its beginning, acknowledgement and end, and what they have in common.

Public names: Call, Calls, AlarmFigures, Share, Chatter, figures, urgency, STANDS_US, CHATTERS_US, CHATTERS.

Pure: a fold over the journal's changes of alarms, in order of time.

Source: ANSI/ISA-18.2-2016, 16 (monitoring: alarm rate, chattering and stale alarms, the most frequent ones).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import accumulate

from edge.core.events import AlarmChanged
from edge.core.values.alarm import AlarmKind, AlarmState, Priority
from edge.views.given_texts import text_told
from edge.views.words.phrase import Word

STANDS_US = 24 * 3_600_000_000
"""An alarm that is so for longer stands: nobody is called by it any more."""
CHATTERS = 3
CHATTERS_US = 60_000_000
"""An alarm that comes so often within so long chatters."""
BUSY_US = 600_000_000
"""In the busiest minutes of such a length is counted how many came."""
_RANK = {Priority.HIGH: 0, Priority.MEDIUM: 1, Priority.LOW: 2}
_UNSEEN = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED, AlarmState.LATCHED_UNACKNOWLEDGED})
_ASIDE = frozenset({AlarmState.SHELVED, AlarmState.OUT_OF_SERVICE, AlarmState.SUPPRESSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One time that an alarm called people.

    ``place``: what its name says behind the kind. ``over_us``: when it was so no longer, 0 = it still is.
    ``acknowledged_us``: when and ``by`` whom, 0 and empty = by nobody. ``aside``: the state in which somebody, or its
    cause, took it aside meanwhile, with ``by`` and ``comment``; empty = none. ``said``: the text in the words of any
    language.
    """

    alarm: str
    kind: AlarmKind
    place: str
    line: str
    plc: str
    priority: Priority
    came_us: int
    text: str
    consequence: str
    action: str
    over_us: int = 0
    acknowledged_us: int = 0
    by: str = ""
    comment: str = ""
    aside: str = ""
    said: Word = ""

    def lasted_us(self, until_us: int) -> int:
        """How long it was so, or is by then."""
        return max(0, (self.over_us or until_us) - self.came_us)


class Calls:
    """The fold. ``calls``: in the order in which they came."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._newest: dict[str, int] = {}

    def take(self, change: AlarmChanged) -> None:
        """The next change."""
        if change.annunciates:
            self._newest[change.alarm] = len(self._calls)
            self._calls.append(_came(change))
            return
        at = self._newest.get(change.alarm)
        if at is None:
            return
        call = self._calls[at]
        if not change.active and not call.over_us:
            call = replace(call, over_us=max(call.came_us, change.since_us))
        if change.by and change.before in _UNSEEN and change.state not in _UNSEEN and change.state not in _ASIDE:
            call = replace(call, acknowledged_us=change.at_us, by=change.by, comment=change.comment)
        elif change.state in _ASIDE and change.state is not change.before:
            call = replace(call, aside=change.state, by=change.by or call.by, comment=change.comment or call.comment)
        self._calls[at] = call

    @property
    def calls(self) -> tuple[Call, ...]:
        """All of them."""
        return tuple(self._calls)


def _came(change: AlarmChanged) -> Call:
    return Call(
        alarm=change.alarm,
        kind=change.kind,
        place=change.alarm[len(change.kind) + 1 :],
        line=change.line,
        plc=change.plc,
        priority=change.priority,
        came_us=change.at_us,
        text=change.text,
        consequence=change.consequence,
        action=change.action,
        said=text_told(change.text),
    )


def urgency(alarm: AlarmChanged) -> tuple[bool, bool, int, int]:
    """The order in which alarms are worked on: those that nobody acknowledged, then priority, then the newest."""
    return alarm.state in _ASIDE, alarm.state not in _UNSEEN, _RANK[alarm.priority], -alarm.at_us


@dataclass(frozen=True, slots=True)
class Share:
    """What calls have in common. ``percent`` of all; ``together``: with those before it. ``lasted_us``: summed."""

    name: str
    count: int
    percent: float
    together: float
    lasted_us: int


@dataclass(frozen=True, slots=True)
class Chatter:
    """An alarm that chattered. ``bursts``: how often it began to; ``most``: calls within a minute at the worst."""

    alarm: str
    kind: AlarmKind
    place: str
    count: int
    bursts: int
    most: int


@dataclass(frozen=True, slots=True)
class AlarmFigures:
    """Of the calls of a time. ``busiest``: most of them within ten minutes, from ``busiest_us`` on, 0 = none.

    ``unseen``: those that nobody acknowledged. ``standing``: those that were so for longer than a day.
    """

    from_us: int
    until_us: int
    count: int
    unseen: int
    busiest: int
    busiest_us: int
    by_kind: tuple[Share, ...]
    by_place: tuple[Share, ...]
    chattering: tuple[Chatter, ...]
    standing: tuple[Call, ...]


def figures(calls: Iterable[Call], from_us: int, until_us: int) -> AlarmFigures:
    """Of those that came from a time on, and before another; standing ones also of those that came before."""
    known = sorted((call for call in calls if call.came_us < until_us), key=lambda call: call.came_us)
    came = [call for call in known if call.came_us >= from_us]
    busiest, busiest_us = _most([call.came_us for call in came], BUSY_US)
    return AlarmFigures(
        from_us=from_us,
        until_us=until_us,
        count=len(came),
        unseen=sum(not call.acknowledged_us for call in came),
        busiest=busiest,
        busiest_us=busiest_us,
        by_kind=_shares(came, lambda call: str(call.kind), until_us),
        by_place=_shares(came, lambda call: call.place, until_us),
        chattering=tuple(_chattering(came)),
        standing=tuple(
            call
            for call in known
            if (not call.over_us or call.over_us > from_us) and call.lasted_us(until_us) > STANDS_US
        ),
    )


def _shares(calls: list[Call], name_of: Callable[[Call], str], until_us: int) -> tuple[Share, ...]:
    counts = Counter(map(name_of, calls))
    lasted: Counter[str] = Counter()
    for call in calls:
        lasted[name_of(call)] += min(call.lasted_us(until_us), until_us - call.came_us)
    ordered = sorted(counts.items(), key=lambda its: (-its[1], its[0]))
    sums = accumulate(count for _, count in ordered)
    return tuple(
        Share(name, count, 100 * count / len(calls), 100 * so_far / len(calls), lasted[name])
        for (name, count), so_far in zip(ordered, sums, strict=True)
    )


def _chattering(calls: list[Call]) -> Iterable[Chatter]:
    by_alarm: dict[str, list[Call]] = {}
    for call in calls:
        by_alarm.setdefault(call.alarm, []).append(call)
    for name, its in sorted(by_alarm.items(), key=lambda one: -len(one[1])):
        times = [call.came_us for call in its]
        most, _ = _most(times, CHATTERS_US)
        if most >= CHATTERS:
            yield Chatter(name, its[0].kind, its[0].place, len(its), _bursts(times), most)


def _most(times_us: list[int], within_us: int) -> tuple[int, int]:
    """The most of some times, in order, that lie within a length, and the first of them."""
    best, best_us, first = 0, 0, 0
    for at, time_us in enumerate(times_us):
        while times_us[first] <= time_us - within_us:
            first += 1
        if at - first + 1 > best:
            best, best_us = at - first + 1, times_us[first]
    return best, best_us


def _bursts(times_us: list[int]) -> int:
    """How often it began to chatter: without a minute's rest it is the same one."""
    count, chatters, first = 0, False, 0
    for at, time_us in enumerate(times_us):
        if at and time_us - times_us[at - 1] > CHATTERS_US:
            chatters = False
        while times_us[first] <= time_us - CHATTERS_US:
            first += 1
        if at - first + 1 >= CHATTERS and not chatters:
            count, chatters = count + 1, True
    return count
