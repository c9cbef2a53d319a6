"""The picture that people look at: what is on the lines now, and what changed in it.

Public names: Snapshot, Changes, LineView, LineChange, ItemView, LaneView, Verdict, Counts, Reaction, Device,
PointView, AlarmView, AnomalyView, alarm_view, anomaly_view.

Positions are mm of an item's leading edge from the induction photo-eye; an item is at ``at_mm`` at ``at_us`` and goes
on at the belt's speed. Times of items are the device's on the host's scale, all others the host's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from edge.core.events import AlarmChanged, Anomaly, Finding
from edge.views.given_texts import text_told
from edge.views.words.phrase import Word
from plc.points import Quality, Value


@dataclass(frozen=True, slots=True)
class ItemView:
    """A parcel or tote. ``place``: belt, lane (then ``lane`` is where it is), lost, or gone (never heard of again).

    ``lane``: where it is sent, 0 = not decided. ``verdict``: empty, verified or refused. ``length_mm`` 0: not measured.
    """

    track: int
    at_mm: int
    at_us: int
    length_mm: int = 0
    subject: str = ""
    order: str = ""
    lane: int = 0
    reason: str = ""
    verdict: str = ""
    round: int = 0
    place: str = "belt"


@dataclass(frozen=True, slots=True)
class LaneView:
    """A lane. ``count``: items in it since the picture began, ``minute``: in the last minute.

    ``wish``: what an operator asked for (enable, disable), until it is so. ``by``: who had it turned off, empty = it is
    on, or nobody here did; ``off_us``: when that was, 0 = not known.
    """

    number: int
    full: bool = False
    disabled: bool = False
    count: int = 0
    minute: int = 0
    wish: str = ""
    by: str = ""
    off_us: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """The newest verdict over one tote's passage."""

    passage: int
    track: int
    at_us: int
    tote: str
    order: str
    verified: bool
    final: bool
    matched: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers since the picture began. ``per_hour``: items inducted, by the last five minutes."""

    inducted: int = 0
    per_hour: int = 0
    totes_verified: int = 0
    totes_refused: int = 0
    confirmed: int = 0
    missorted: int = 0
    defaulted: int = 0
    failed: int = 0
    lost: int = 0
    no_read: int = 0
    recirculated: int = 0


@dataclass(frozen=True, slots=True)
class Reaction:
    """From an INDUCTED's arrival until the PLC handled its route, of the newest 500."""

    p50_us: int = 0
    p99_us: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class Device:
    """A PLC, reader or part of the controller. ``up`` None: not heard of yet. ``said``: the reason in any language."""

    name: str
    up: bool | None = None
    reason: str = ""
    since_us: int = 0
    said: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmView(AlarmChanged):
    """An alarm. ``said``: its text in the words of any language, a code with values, or text that has none."""

    said: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyView(Anomaly):
    """What people may want to know. ``said``: its text in the words of any language, as of an alarm."""

    said: Word = ""


def alarm_view(change: AlarmChanged) -> AlarmView:
    """An alarm as people are shown it."""
    return AlarmView(**_values(change, AlarmChanged), said=text_told(change.text))


def anomaly_view(value: Anomaly) -> AnomalyView:
    """A notice as people are shown it."""
    return AnomalyView(**_values(value, Anomaly), said=text_told(value.text))


def _values(value: object, kind: type[AlarmChanged | Anomaly]) -> dict[str, Any]:
    return {one.name: getattr(value, one.name) for one in fields(kind)}


@dataclass(frozen=True, slots=True)
class PointView:
    """A point of a PLC. ``value`` None: it has none. ``read_us``, ``told_us``: when it was read, when we heard of it.

    ``told_us`` 0: not heard of yet. ``reason_code``: where the reason is not the device's own, its code among the words
    (`edge.views.words`). ``said``: the reason in the words of any language.
    """

    plc: str
    point: str
    unit: str = ""
    value: Value | None = None
    quality: Quality = Quality.BAD
    reason: str = ""
    read_us: int = 0
    told_us: int = 0
    reason_code: str = ""
    said: Word = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """A line as a PackML machine.

    ``state``, ``mode``: PackML numbers; 0 = not known. ``processed``: items that ended in a lane; ``defective``: those
    of them that are in another one than they were sent to, and those that are in none; both since the picture began.
    ``told_processed``, ``told_defective``, ``speed``: what the machine itself counts, -1 and 0 = it does not.
    ``jams``: photo-eyes that are jammed.
    """

    line: str
    plc: str
    state: int = 0
    since_us: int = 0
    mode: int = 0
    processed: int = 0
    defective: int = 0
    told_processed: int = -1
    told_defective: int = -1
    speed: float = 0.0
    jams: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LineView:
    """One line, whole. ``verdicts``: newest first."""

    items: tuple[ItemView, ...]
    lanes: tuple[LaneView, ...]
    verdicts: tuple[Verdict, ...]
    counts: Counts
    reaction: Reaction


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything. ``since_us``: when the picture began, 0 = nothing was heard yet. ``anomalies``: newest first.

    ``alarms``: those that are not normal.
    """

    now_us: int
    since_us: int
    lines: dict[str, LineView]
    devices: tuple[Device, ...]
    anomalies: tuple[AnomalyView, ...]
    alarms: tuple[AlarmView, ...]
    points: tuple[PointView, ...] = ()
    machines: tuple[Machine, ...] = ()


@dataclass(frozen=True, slots=True)
class LineChange:
    """What changed on one line; ``verdicts`` in order of time, replacing one of the same passage."""

    items: tuple[ItemView, ...] = ()
    lanes: tuple[LaneView, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    counts: Counts | None = None
    reaction: Reaction | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since the last time; ``anomalies`` in order of time, ``alarms`` also when they are normal again."""

    now_us: int
    since_us: int
    lines: dict[str, LineChange]
    devices: tuple[Device, ...]
    anomalies: tuple[AnomalyView, ...]
    alarms: tuple[AlarmView, ...]
    points: tuple[PointView, ...] = ()
    machines: tuple[Machine, ...] = ()

    def __bool__(self) -> bool:
        heard = self.lines or self.devices or self.anomalies or self.alarms or self.points or self.machines
        return bool(heard)
