"""Everything the decisions remember, as one plain value that can be stored and loaded again.

Public names: CoreState, LineState, PortalState, AntennaPlace, Antenna, Passage, PlcState, BookState,
AlarmsState, AlarmRecord, LoadsState, OpenLoad, Waiting, DockState.
What grows with the orders is `NotedDict`: `CoreState.parts` and `CoreState.rest` take them apart to be stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from edge.core.values.alarm import AlarmKind, AlarmRule, AlarmState
from edge.core.values.inputs import FeedEpoch, PassageSeen, Started
from edge.core.values.load import Aboard, Load
from edge.core.values.noted import NotedDict
from edge.core.values.order import Order
from edge.core.values.track import Track

Antenna: TypeAlias = tuple[str, int]
"""Reader and antenna port."""


CHECK_PASSAGES = 1_000_000_000
"""The passages of a line's second portal are numbered from here on, so that no two of a line have one number."""


@dataclass(frozen=True, slots=True)
class AntennaPlace:
    """Where one antenna sees things. ``beside_us``: how much later than the portal's antennas together.

    ``trust``: 0..1, how sharply it tells when a thing passes, beside the sharpest one.
    """

    reader: str
    port: int
    beside_us: int
    trust: float


@dataclass(slots=True)
class Passage:
    """One passage. ``stop_us`` 0: still in the photo-eye. Times are device times on the host's scale.

    Without a photo-eye ``start_us`` and ``stop_us`` are the first reads of its first and its last new tag, and
    ``middle_us`` is when its tags were before the antennas; otherwise 0.
    """

    number: int
    track_id: int
    start_us: int
    stop_us: int = 0
    final: bool = False
    middle_us: int = 0


@dataclass(slots=True)
class PortalState:
    """A portal's open passages and what it has learned.

    ``offset_us``: from photo-eye to antennas, None = not learned yet.
    ``dwells_us``, ``cycles_us``: the newest times in the photo-eye, and from one middle to the next.
    ``presence``: by tag, the newest passages during which it was read, each with its summed power in mW, how much of
    that was near the middle, and whether it was faint beside the strongest tag; see ``background``.
    ``before_us``: without a photo-eye, by track, when its item's middle is before the antennas.
    """

    next_passage: int = 1
    passages: list[Passage] = field(default_factory=list)
    offset_us: int | None = None
    antennas: list[AntennaPlace] = field(default_factory=list)
    dwells_us: list[int] = field(default_factory=list)
    cycles_us: list[int] = field(default_factory=list)
    presence: dict[str, tuple[tuple[int, float, float, bool], ...]] = field(default_factory=dict)
    before_us: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class LineState:
    """One line. ``provisional``: by passage, whether the tote was verified before its neighbours were known.

    ``judged``: and by which tote and which order that was. ``trial``: who began its commissioning mode, empty = it is
    in none; ``trial_lane``: of the test divert, 0 = none is wanted. ``check``: of its second portal; ``sightings``: by
    track what one portal saw, until the other has told for good.
    """

    tracks: dict[int, Track] = field(default_factory=dict)
    portal: PortalState = field(default_factory=PortalState)
    lanes_full: int = 0
    lanes_disabled: int = 0
    provisional: dict[int, bool] = field(default_factory=dict)
    judged: dict[int, tuple[str, str]] = field(default_factory=dict)
    trial: str = ""
    trial_lane: int = 0
    check: PortalState = field(default_factory=lambda: PortalState(next_passage=CHECK_PASSAGES + 1))
    sightings: dict[int, tuple[PassageSeen, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class PlcState:
    """How far the journal knows a PLC's session: its newest event, our newest command. ``machine``: PackML state.

    ``found``: by track the lane that it has before its INDUCTED comes again, and by which command. ``news_to``: as in
    PlcConnected.
    """

    session: int
    event_seq: int
    command_seq: int
    events_lost: int = 0
    machine: int = 0
    found: dict[int, tuple[int, int]] = field(default_factory=dict)
    news_to: int | None = None


@dataclass(slots=True)
class BookState:
    """The orders the lines may need. ``bound``: which order an item went into when its tote was verified.

    ``closed``: ids of shipped and cancelled orders, oldest first; the keys of an ordered set. ``released``: by closed
    order the items that it names and that came back since.
    """

    orders: dict[str, Order] = field(default_factory=dict)
    bound: dict[str, str] = field(default_factory=dict)
    closed: dict[str, None] = field(default_factory=dict)
    released: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.orders, self.bound = NotedDict(self.orders), NotedDict(self.bound)
        self.closed, self.released = NotedDict(self.closed), NotedDict(self.released)

    @property
    def still_open(self) -> int:
        """How many orders are neither shipped nor cancelled."""
        return len(self.orders) - len(self.closed)


@dataclass(slots=True)
class AlarmRecord:
    """One alarm. ``line`` (or dock door), ``plc``: where it is, empty = not of one.

    ``condition``: as it was last told; ``active``: that, after its delays. ``due_us``: when ``active`` follows, 0 =
    nothing is under way. ``since_us``: when ``active`` became so; ``told``: what was said of it last.
    ``lost_us``: of a device, when it was first lost since it was up for its off delay, which it is at ``well_us``.
    ``history``: whether the newest items went wrong, bit 0 = the newest, of so many as ``known``.
    """

    kind: AlarmKind
    line: str
    plc: str
    state: AlarmState = AlarmState.NORMAL
    condition: bool = False
    active: bool = False
    told: bool = False
    due_us: int = 0
    since_us: int = 0
    until_us: int = 0
    lost_us: int = 0
    well_us: int = 0
    history: int = 0
    known: int = 0
    text: str = ""
    by: str = ""
    comment: str = ""
    first_out: bool = False
    suppressed_by: str = ""


@dataclass(slots=True)
class AlarmsState:
    """All alarms by name, and the rules that the newest Started gave."""

    controller: str = ""
    rules: list[AlarmRule] = field(default_factory=list)
    alarms: dict[str, AlarmRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parcel that is sorted and in no load. ``at_us``: when it was sorted."""

    order: str
    carrier: str
    service: str
    at_us: int


@dataclass(slots=True)
class OpenLoad:
    """A load that is open, and by identity what went out through its door.

    ``wrong``: does not belong to it. ``undetermined``: belongs to it and may be aboard, with the time of the evidence.
    """

    load: Load
    at_us: int
    by: str
    aboard: dict[str, Aboard] = field(default_factory=dict)
    wrong: dict[str, Aboard] = field(default_factory=dict)
    undetermined: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class DockState:
    """A door. ``wrong``: parcels that went out there and must come back, with why. 0 = off."""

    wrong: dict[str, str] = field(default_factory=dict)
    light_until_us: int = 0
    buzzer_until_us: int = 0


@dataclass(slots=True)
class LoadsState:
    """Loads and the parcels they may take. ``watched``: the controller has dock doors, so parcels are waited for.

    ``waiting``: by parcel. ``where``: of every parcel that went out through a door the load it is in, empty = none;
    ``closed``: loads that were closed. Both oldest first, and bounded. ``stops``: it matters that an order is cancelled
    after its parcel was sorted; ``cancelled``: parcels of such orders, and of those that quality
    refused, bounded; ``known``: see `edge.core.values.feed`.
    """

    watched: bool = False
    open: dict[str, OpenLoad] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    closed: dict[str, None] = field(default_factory=dict)
    docks: dict[str, DockState] = field(default_factory=dict)
    stops: bool = False
    cancelled: dict[str, None] = field(default_factory=dict)
    known: int = 0

    def __post_init__(self) -> None:
        self.waiting, self.where = NotedDict(self.waiting), NotedDict(self.where)
        self.closed, self.cancelled = NotedDict(self.closed), NotedDict(self.cancelled)


@dataclass(slots=True)
class CoreState:
    """All of it. ``at_us``: of the newest journaled input. ``started``: by which lines, doors and flags it decides.
    ``feed_seq``, ``feed_epochs``, ``feed_known``: the place in the site store's feed, see `edge.core.values.feed`.

    It is stored, so words may be added, with a default that means what was so before, and none is renamed or taken out.
    """

    at_us: int = 0
    book: BookState = field(default_factory=BookState)
    lines: dict[str, LineState] = field(default_factory=dict)
    plcs: dict[str, PlcState] = field(default_factory=dict)
    feed_seq: int = 0
    alarms: AlarmsState = field(default_factory=AlarmsState)
    loads: LoadsState = field(default_factory=LoadsState)
    started: Started | None = None
    feed_epochs: tuple[FeedEpoch, ...] = ()
    feed_known: int = 0

    def parts(self) -> dict[str, NotedDict[Any]]:
        """What may be large, by its path in the state."""
        book, loads = self.book, self.loads
        found = {
            "book.orders": book.orders,
            "book.bound": book.bound,
            "book.closed": book.closed,
            "book.released": book.released,
            "loads.waiting": loads.waiting,
            "loads.where": loads.where,
            "loads.closed": loads.closed,
            "loads.cancelled": loads.cancelled,
        }
        assert all(isinstance(one, NotedDict) for one in found.values()), "another dict was put in its place"
        return found  # type: ignore[return-value]  # as asserted

    def rest(self) -> CoreState:
        """The state without its parts: they are empty there."""
        loads = replace(self.loads, waiting={}, where={}, closed={}, cancelled={})
        return replace(self, book=BookState(), loads=loads)
