"""Every value that comes out of a decision: events, journaled behind the input that caused them, and commands.

Public names: ToteChecked, RouteDecided, Sorted, OrderShipped, LaneChanged, Anomaly, AlarmChanged, ParcelGated,
LoadOpened, LoadClosed, LoadRefused, DockChanged, Route, SetLane, SetOutput. Conventions: `edge.core.events`.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.core.values.alarm import AlarmKind, AlarmState, Priority
from edge.core.values.dock import Direction
from edge.core.values.evidence import Finding
from edge.core.values.load import Aboard, Load, LoadAction
from edge.core.values.verdicts import AnomalyCode, DockReason, GateVerdict, Outcome, RouteReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ToteChecked:
    """A tote's content against its order. No findings = verified.

    ``final``: all neighbours were known. ``matched``: identities of the order's items that were seen.
    ``tote`` and ``order`` are empty where unknown.
    """

    at_us: int
    line: str
    track_id: int
    passage: int
    tote: str
    order: str
    final: bool
    matched: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def verified(self) -> bool:
        """Whether the tote may go on."""
        return not self.findings


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDecided:
    """The lane of one parcel or tote. ``expiry_ms``: PLC time after which the PLC must not act on it.

    ``subject``: identity of the parcel or tote, empty where not known. ``round``: times it went round before.
    ``turned``: it had another lane, and its order changed since.
    """

    at_us: int
    line: str
    track_id: int
    subject: str
    order: str
    lane: int
    reason: RouteReason
    round: int
    expiry_ms: int
    text: str = ""
    turned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """What became of a parcel or tote. ``wanted``: lane it was sent to; ``lane``: where it is; 0 = none."""

    at_us: int
    line: str
    track_id: int
    subject: str
    order: str
    outcome: Outcome
    lane: int
    wanted: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class OrderShipped:
    """An order's parcel is in a lane of its carrier."""

    at_us: int
    line: str
    order: str
    parcel: str
    lane: int


@dataclass(frozen=True, slots=True)
class LaneChanged:
    """A lane's state in the PLC changed."""

    at_us: int
    line: str
    lane: int
    full: bool
    disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """Something unexpected that people may want to know. ``text`` is a sentence.

    ``line`` is empty where no line is concerned; ``subject`` an identity, order or device, or empty.
    """

    at_us: int
    line: str
    code: AnomalyCode
    text: str
    track_id: int = 0
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmChanged:
    """An alarm as it is from now on, whole; told when its state changes, whether it is active, or what is seen of it.

    ``line`` (or door), ``plc``: where it is, empty = not of one. ``active``: it is so, whatever people are shown.
    ``since_us``: when ``active`` became so. ``text``: what was seen. ``by``, ``comment``: the operator's, empty = it
    came by itself. ``until_us``: end of its shelving. ``first_out``: it came while no other alarm of its PLC was
    active. ``suppressed_by``: the alarm that is its cause.
    """

    at_us: int
    line: str
    alarm: str
    kind: AlarmKind
    plc: str
    before: AlarmState
    state: AlarmState
    active: bool
    since_us: int
    priority: Priority
    text: str
    cause: str
    consequence: str
    action: str
    by: str = ""
    comment: str = ""
    until_us: int = 0
    first_out: bool = False
    suppressed_by: str = ""

    @property
    def annunciates(self) -> bool:
        """Whether people are called now."""
        return self.state is AlarmState.UNACKNOWLEDGED and self.before is not AlarmState.UNACKNOWLEDGED


_ASTRAY = (GateVerdict.WRONG, GateVerdict.UNKNOWN, GateVerdict.RECALLED, GateVerdict.ALREADY_LOADED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelGated:
    """A parcel passed a dock door, or may have, or somebody says so (``by``), or what is aboard is asked back.

    ``load``: the one it is aboard from now on, or was until now, or may be in; empty = none. ``carrier``, ``service``,
    ``order``: empty where no order has it. ``sorted_us``: when it was sorted. ``feed_seq``: the request that this
    answers. ``cancelled``, ``refused``: it must come back since its order was cancelled, or refused by quality.
    """

    at_us: int
    dock: str
    direction: Direction
    verdict: GateVerdict
    parcel: str
    order: str
    carrier: str
    service: str
    load: str
    sorted_us: int = 0
    text: str = ""
    by: str = ""
    feed_seq: int = 0
    cancelled: bool = False
    refused: bool = False

    @property
    def astray(self) -> bool:
        """Whether it went out and must come back."""
        return self.verdict in _ASTRAY


@dataclass(frozen=True, slots=True)
class LoadOpened:
    """A load is open at its door. ``feed_seq``: the request that this answers."""

    at_us: int
    feed_seq: int
    load: Load
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadClosed:
    """A load is closed, and this is its manifest.

    ``wrong``: aboard although they do not belong to it. ``missing``, ``undetermined``: parcels that belong to it and
    are not known to be aboard. ``reason``: why it was closed although it was not complete; empty = it was.
    """

    at_us: int
    feed_seq: int
    load: Load
    by: str
    reason: str
    opened_us: int
    aboard: tuple[Aboard, ...]
    wrong: tuple[Aboard, ...]
    missing: tuple[str, ...]
    undetermined: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRefused:
    """A request was not done. ``problems``: a line each."""

    at_us: int
    feed_seq: int
    load: str
    action: LoadAction
    by: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DockChanged:
    """A door's light or buzzer, and which parcels went out there and must come back. ``subject``: the parcel that
    changed it, or who acknowledged.
    """

    at_us: int
    dock: str
    light: bool
    buzzer: bool
    wrong: tuple[str, ...]
    reason: DockReason
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """Send a track to a lane."""

    plc: str
    track_id: int
    lane: int
    expiry_ms: int


@dataclass(frozen=True, slots=True)
class SetLane:
    """Enable or disable a lane. ``valid_us``: how long the PLC may still act on it."""

    plc: str
    lane: int
    enabled: bool
    valid_us: int


@dataclass(frozen=True, slots=True)
class SetOutput:
    """Set an output. ``device``: ``reader.<name>`` or ``plc.<name>``. ``valid_us``: how long a PLC may act on it."""

    device: str
    port: int
    on: bool
    valid_us: int
