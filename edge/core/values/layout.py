"""The geometry and the rules of one line, as the decisions need them.

Public names: Job, LaneRole, Lane, Portal, TotePlan, LineLayout.
Positions are millimetres along the belt from its induction photo-eye, in the direction of travel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Job(StrEnum):
    """What is decided on a line."""

    VERIFY = "verify"  # totes: the items inside against the order
    SORT = "sort"  # parcels: the lane of the order's carrier


class LaneRole(StrEnum):
    """What a lane is for."""

    VERIFIED = "verified"  # totes whose content is right
    CARRIER = "carrier"  # parcels of one carrier
    QUALITY = "quality"  # whatever people must look at
    REJECT = "reject"  # parcels that found no lane
    RECIRCULATE = "recirculate"  # round again, past the induction


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One outlet. ``services``: empty = all of the carrier's. ``alternatives``: lane numbers in order of preference.

    ``closing``: nothing is sent there any more; it is there for what is on its way to it (`edge.core.line.closing`).
    """

    number: int
    name: str
    role: LaneRole
    divert_mm: int
    carrier: str = ""
    services: tuple[str, ...] = ()
    alternatives: tuple[int, ...] = ()
    closing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """Antennas over the belt and the photo-eye beside them, if there is one.

    ``readers``: names of the readers. ``facing``: antennas that look at the belt; ``upstream``, ``downstream``: those
    that see what comes and what has passed. All three empty = all antennas face; otherwise one that is in none is not
    used. ``pre_roll_us``, ``post_roll_us``: how long before an item reaches the antennas, and after it left them, a
    read still counts; None = as long as the bell has a say, three quarters of the item's time in the photo-eye twice.
    ``eye``: number of the photo-eye in the PLC. ``eye_mm``, ``antenna_mm``: where they are; the difference is only
    the first guess, the true offset is learned. ``scanners``: names of barcode scanners, ``scan_mm``: where they look;
    ``scan_late_us``: how long after an object's end was there its codes may still arrive. ``quiet_us``: 0 with a
    photo-eye; without one (``eye`` 0, ``eye_mm`` as ``antenna_mm``) a passage ends so long after its last new tag.
    """

    name: str
    readers: tuple[str, ...]
    eye: int
    eye_mm: int
    antenna_mm: int
    facing: tuple[int, ...] = ()
    upstream: tuple[int, ...] = ()
    downstream: tuple[int, ...] = ()
    pre_roll_us: int | None = None
    post_roll_us: int | None = None
    scanners: tuple[str, ...] = ()
    scan_mm: int = 0
    scan_late_us: int = 0
    quiet_us: int = 0


@dataclass(frozen=True, slots=True)
class TotePlan:
    """Totes by numbers of one's own: ``pattern`` of a tag or barcode, ``name`` of what has it (`edge.core.totes`)."""

    pattern: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLayout:
    """One belt with one induction, its portals and its lanes, driven by one PLC.

    ``induction``: number of the induction in the PLC. ``decision_mm``: where the PLC must know the lane.
    ``actuation_us``: time the divert needs; ``margin_us``: reserve for transport and PLC scan. ``totes``: which tags
    and codes are totes besides GRAIs. ``check``: a second portal behind the first, which names the same once more.
    """

    name: str
    job: Job
    plc: str
    induction: int
    speed_mm_s: int
    decision_mm: int
    actuation_us: int
    margin_us: int
    default_lane: int
    recirculate_limit: int
    portal: Portal
    lanes: tuple[Lane, ...]
    totes: tuple[TotePlan, ...] = ()
    check: Portal | None = None

    @property
    def portals(self) -> tuple[Portal, ...]:
        """In the direction of travel."""
        return (self.portal,) if self.check is None else (self.portal, self.check)

    @property
    def readers(self) -> tuple[str, ...]:
        """The names of all its readers."""
        return tuple(reader for portal in self.portals for reader in portal.readers)

    @property
    def scanners(self) -> tuple[str, ...]:
        """The names of all its barcode scanners."""
        return tuple(scanner for portal in self.portals for scanner in portal.scanners)

    @property
    def known_at_induction(self) -> bool:
        """Whether a parcel is decided as its induction is told: nothing that names it looks at it later."""
        return self.job is Job.SORT and all(
            (not portal.readers or portal.antenna_mm <= 0) and (not portal.scanners or portal.scan_mm <= 0)
            for portal in self.portals
        )

    def travel_us(self, from_mm: int, to_mm: int) -> int:
        """Time from one position to another at the belt's speed; negative when it lies behind."""
        return (to_mm - from_mm) * 1_000_000 // self.speed_mm_s

    def lanes_for(self, carrier: str, service: str) -> Iterator[int]:
        """Lanes that may take an order: named for its service, for all services, then their alternatives."""
        own = [lane for lane in self.lanes if lane.carrier == carrier and lane.role is LaneRole.CARRIER]
        first = [lane for lane in own if service in lane.services] + [lane for lane in own if not lane.services]
        for lane in first:
            yield lane.number
        for lane in first:
            yield from lane.alternatives

    def lane_of_role(self, role: LaneRole) -> Lane | None:
        """The first lane of a role that is not closing, or None where the line has none."""
        return next((lane for lane in self.lanes if lane.role is role and not lane.closing), None)
