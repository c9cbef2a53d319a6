"""Door eyes: two photo-eyes across the way through a dock door tell the direction, the antennas tell who it was.

Public names: EyeDoor.

One passage lasts from the first eye that is covered until both have been free for a moment. The second eye must be
covered as long after the first as it is freed after it, else the direction is undetermined. A parcel belongs to
the passage when its power at this door was strongest during it, has fallen to a quarter since, is four times that at
the other doors and four times its own before and after, and is not far below what others had who passed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from math import exp
from statistics import median

from edge.core.events import DoorSeen, PlcEvent, SideEvidence
from edge.core.values.dock import Direction, DockEyes, Side
from plc.words import EventType

GAP_US = 300_000
"""Both eyes free for so long end a passage: something short is between them for a moment."""
SLACK_US = 250_000
"""How long before and after a passage a parcel may be strongest."""
PATIENCE_US = 3_000_000
"""How long after a passage a parcel may take to become weaker."""
LOOK_EVERY_US = 50_000
KEEP_US = 12_000_000
KEEP_READS = 20_000
FADE_US = 300_000
LEAST_COUNT = 4
TOGETHER_US = 600_000
"""Parcels of one passage are strongest within so long: else two people meet in the doorway, and the eyes cannot tell
who went which way."""
DROP = 0.25
LAG_TOLERANCE = 0.3
LAG_US = 40_000
"""Whoever walks evenly covers the second eye as long after the first as it frees it; two who meet do not."""
CONTRAST = 4.0
"""How much more power a second during the passage than before and after: what stands near the door has as much."""
USUAL_SHARE = 0.2
"""And no peak more than 7 dB below what is usual here: the median of those who passed last."""
USUAL_FROM = 5
USUAL_OF = 25
DOOR_RATIO = 4.0


@dataclass(slots=True)
class _Passage:
    """``covered``, ``freed``: by side, when it was covered first and freed last."""

    covered: dict[Side, int] = field(default_factory=dict)
    freed: dict[Side, int] = field(default_factory=dict)

    @property
    def first_us(self) -> int:
        return min(self.covered.values())

    @property
    def last_us(self) -> int:
        return max(self.freed.values(), default=self.first_us)

    @property
    def direction(self) -> Direction:
        """STAYED: only one eye was covered, or it turned round."""
        inside, outside = Side.INSIDE, Side.OUTSIDE
        if len(self.covered) < 2 or len(self.freed) < 2:
            return Direction.STAYED
        on_us = self.covered[outside] - self.covered[inside]
        off_us = self.freed[outside] - self.freed[inside]
        if abs(on_us - off_us) > LAG_TOLERANCE * max(abs(on_us), abs(off_us)) + LAG_US:
            return Direction.UNDETERMINED
        return Direction.OUT if on_us + off_us > 0 else Direction.IN


@dataclass(slots=True)
class _Course:
    """One parcel over the newest seconds: its faded power here, and its summed power here during the passage, here
    ``beside`` it, and during it at the other doors.
    """

    peak: float = 0.0
    peak_us: int = 0
    now: float = 0.0
    now_us: int = 0
    count: int = 0
    power: float = 0.0
    beside: float = 0.0
    rival: float = 0.0
    first_us: int = 0

    def add(self, at_us: int, power: float, *, during: bool) -> None:
        if during:
            self.power += power
            self.count += 1
        else:
            self.beside += power
        self.now = self.at(at_us) + power
        self.now_us = max(self.now_us, at_us)
        self.first_us = self.first_us or at_us
        if self.now > self.peak:
            self.peak, self.peak_us = self.now, at_us

    def at(self, at_us: int) -> float:
        """What it has faded to."""
        return self.now * exp(min(0, self.now_us - at_us) / FADE_US)


class EyeDoor:
    """One door with eyes. Times are device times on the host's scale; ``now_us`` is the host's."""

    def __init__(self, name: str, eyes: DockEyes) -> None:
        self.eyes = eyes
        self._name = name
        self._plc = eyes.plc
        self._sides = {eyes.inside: Side.INSIDE, eyes.outside: Side.OUTSIDE}
        self._covered: set[Side] = set()
        self._passage: _Passage | None = None
        self._waiting: list[tuple[_Passage, set[str]]] = []
        self._reads: deque[tuple[int, str, str, float]] = deque(maxlen=KEEP_READS)
        self._usual: deque[float] = deque(maxlen=USUAL_OF)
        self._look_us: int | None = None

    def clear(self) -> None:
        """Forgets everything but which eyes are covered."""
        self._passage, self._look_us = None, None
        self._waiting.clear()
        self._reads.clear()

    def deadline_us(self) -> int | None:
        """When to call ``settle``; None = nothing waits."""
        return self._look_us

    def read(self, at_us: int, parcel: str, dock: str, power: float) -> None:
        """One read of a parcel at any door."""
        reads = self._reads
        reads.append((at_us, parcel, dock, power))
        while reads[0][0] < at_us - KEEP_US:
            reads.popleft()

    def edge(self, event: PlcEvent) -> None:
        """ENTERED and LEFT, or INPUT 1 and 0, of one of the eyes; every other event is somebody else's."""
        side = self._sides.get(event.station)
        if side is None or event.plc != self._plc:
            return
        match event.type, event.value:
            case (EventType.ENTERED, _) | (EventType.INPUT, 1):
                if self._passage is None or (not self._covered and event.device_us - self._passage.last_us > GAP_US):
                    self._end()
                    self._passage = _Passage()
                self._passage.covered.setdefault(side, event.device_us)
                self._covered.add(side)
            case (EventType.LEFT, _) | (EventType.INPUT, 0):
                self._covered.discard(side)
                if self._passage is not None and side in self._passage.covered:
                    self._passage.freed[side] = event.device_us
            case _:
                return
        self._look_us = self._look_us or event.at_us + LOOK_EVERY_US

    def settle(self, now_us: int) -> list[DoorSeen]:
        """What can be said of the passages that are over."""
        if self._look_us is None or now_us < self._look_us:
            return []
        passage = self._passage
        if passage is not None and not self._covered and now_us - passage.last_us > GAP_US:
            self._end()
        out: list[DoorSeen] = []
        for passage, told in list(self._waiting):
            over = now_us > passage.last_us + PATIENCE_US
            courses = self._courses(passage)
            peaks = [course.peak_us for course in courses.values()]
            apart = bool(peaks) and max(peaks) - min(peaks) > TOGETHER_US
            for parcel in courses.keys() - told:
                seen = self._judge(passage, parcel, courses[parcel], now_us, over=over, apart=apart)
                if seen is not None:
                    told.add(parcel)
                    out.append(seen)
            if over:
                self._waiting.remove((passage, told))
        self._look_us = now_us + LOOK_EVERY_US if self._waiting or self._passage is not None else None
        return out

    def _end(self) -> None:
        """The passage is over; whoever made it is found as soon as it is certain."""
        if self._passage is not None and self._passage.direction is not Direction.STAYED:
            self._waiting.append((self._passage, set()))
        self._passage = None

    def _courses(self, passage: _Passage) -> dict[str, _Course]:
        """By parcel, those who may have made it: strongest during it, and not as strong all the time."""
        from_us, to_us = passage.first_us - SLACK_US, passage.last_us + SLACK_US
        courses: dict[str, _Course] = {}
        for at_us, parcel, dock, power in self._reads:
            course = courses.setdefault(parcel, _Course())
            during = from_us <= at_us <= to_us
            if dock == self._name:
                course.add(at_us, power, during=during)
            elif during:
                course.rival += power
        beside_us = max(1, self._reads[-1][0] - self._reads[0][0] - (to_us - from_us)) if self._reads else 1
        return {
            parcel: course
            for parcel, course in courses.items()
            if course.count >= LEAST_COUNT
            and from_us <= course.peak_us <= to_us
            and course.power / (to_us - from_us) >= CONTRAST * course.beside / beside_us
            and (len(self._usual) < USUAL_FROM or course.peak >= USUAL_SHARE * median(self._usual))
        }

    def _judge(
        self, passage: _Passage, parcel: str, course: _Course, now_us: int, *, over: bool, apart: bool
    ) -> DoorSeen | None:
        cause = ""
        if course.at(now_us) > DROP * course.peak:
            cause = "did not move away from the doorway"
        elif course.power < DOOR_RATIO * course.rival:
            cause = "was read at another door as strongly"
        elif passage.direction is Direction.UNDETERMINED:
            cause = "the photo-eyes were not covered and freed as by one who walks through"
        elif apart:
            cause = "another passed at the same time"
        if cause and not over:
            return None
        evidence = SideEvidence(
            dock=self._name,
            side=Side.THROUGH,
            count=course.count,
            first_us=course.first_us,
            last_us=course.now_us,
            power=course.power,
        )
        if not cause:
            self._usual.append(course.peak)
        direction = Direction.UNDETERMINED if cause else passage.direction
        return DoorSeen(
            at_us=now_us,
            dock=self._name,
            parcel=parcel,
            direction=direction,
            since_us=course.first_us,
            evidence=(evidence,),
            cause=cause,
        )
