"""Doorway: which way a parcel went through which dock door, from the antennas of all doors together. Never guessed.

Public names: Doorways.

Every read adds its linear power to the place (door and side) that its antenna looks at, and the sums fade within a
fraction of a second. A parcel is certainly at a place when that sum is four times the one of the door's other side, and
the door's is four times every other door's; when the other side has fallen much further below its own strongest, which
tells being turned from being away; and when it is made of more than one read and not much weaker than the strongest.
From one side of a door certainly, and for a moment, to the other side of the same door is the way out or in, if both
sides read the parcel as well as others who passed, which is learned. Whatever else happened is said as it is: it
stayed, or it may have passed and cannot be decided.

Parcels are known by the identity in their tags, so two tags of one parcel are one parcel; what is no parcel is ignored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import exp
from statistics import median

from edge.core.dock.door_eyes import EyeDoor
from edge.core.events import DoorSeen, PlcEvent, SideEvidence, TagsRead
from edge.core.values.dock import Direction, DockLayout, DoorPlace, Side
from rfid.epc.identity import identity_of_hex

FADE_US = 300_000
"""A read counts 1/e after so long."""
SIDE_RATIO = 4.0
DROP_RATIO = 16.0
"""How much further the other side is below its own peak. In the doorway both sides are near theirs, however the tag is
turned; an antenna's back is 18 dB below its front."""
DOOR_RATIO = 4.0
LEAST_SHARE = 10**-1.5
"""A place is believed only at 15 dB below the parcel's strongest at that door, or more. An antenna's back is weaker."""
LEAST_READS = 1.8
"""Faded reads: two, shortly one after the other."""
LEAST_COUNT = 3
"""Reads on either side of somebody who passed."""
BOTH_SHARE = 0.1
"""Who passed was strong on both sides: neither peak is more than 10 dB below the other."""
USUAL_SHARE = 0.2
"""And neither is more than 7 dB below what is usual: the median of the weaker and of the stronger peaks of those who
passed last. What stands beside a door is further from its antennas than who goes through."""
USUAL_FROM = 5
USUAL_OF = 25
HOLD_US = 200_000
PATIENT_US = 8_000_000
QUICK_US = 800_000
"""The other side of a door must stay certain for HOLD_US. If it took longer than QUICK_US to get there, for half as
long as that, at most PATIENT_US: what stands where both sides see it is hidden from one by who walks past."""
QUIET_US = 5_000_000
"""Not read for so long, a parcel is gone."""
SWEEP_US = 250_000
STAYED_AGAIN_US = 600_000_000
"""That a parcel is near the same door is not said again within this."""
KEEP_PARCELS = 20_000
KEEP_NAMES = 50_000


@dataclass(slots=True)
class _Sum:
    """Faded power and reads at one place, as of ``at_us``."""

    at_us: int
    power: float = 0.0
    reads: float = 0.0

    def fade(self, at_us: int) -> None:
        if at_us > self.at_us:
            keep = exp((self.at_us - at_us) / FADE_US)
            self.power *= keep
            self.reads *= keep
            self.at_us = at_us


@dataclass(slots=True)
class _Parcel:
    """One parcel in reach of a door.

    ``place``: where it certainly was last. ``next``: where it certainly is now, since ``next_us``. ``since_certain``:
    reads by place since it was certainly at ``place``. ``certain_us``: when
    it was. ``told``: something of this stay was said.
    """

    name: str
    since_us: int
    last_us: int
    sums: dict[DoorPlace, _Sum] = field(default_factory=dict)
    peaks: dict[DoorPlace, float] = field(default_factory=dict)
    evidence: dict[DoorPlace, list[float]] = field(default_factory=dict)  # count, first, last, power
    place: DoorPlace | None = None
    next: DoorPlace | None = None
    next_us: int = 0
    certain_us: int = 0
    since_certain: dict[DoorPlace, int] = field(default_factory=dict)
    told: bool = False


class Doorways:
    """All doors of one controller. Times of reads are device times on the host's scale; ``now_us`` is the host's."""

    def __init__(self, docks: Iterable[DockLayout]) -> None:
        docks = tuple(docks)
        self._places = {(dock.reader, antenna): (dock.name, side) for dock in docks for antenna, side in dock.antennas}
        self._eyes = {dock.name: EyeDoor(dock.name, dock.eyes) for dock in docks if dock.eyes is not None}
        self._parcels: dict[str, _Parcel] = {}
        self._names: dict[str, str | None] = {}
        self._stayed: dict[tuple[str, DoorPlace], int] = {}
        self._usual: dict[str, deque[tuple[float, float]]] = {}
        self._sweep_us: int | None = None

    def follow(self, docks: Iterable[DockLayout]) -> None:
        """Goes on with other doors; what is known of parcels at places that are gone is forgotten."""
        docks = tuple(docks)
        self._places = {(dock.reader, antenna): (dock.name, side) for dock in docks for antenna, side in dock.antennas}
        places = set(self._places.values())
        self._parcels = {name: one for name, one in self._parcels.items() if one.sums.keys() <= places}
        self._stayed = {at: count for at, count in self._stayed.items() if at[1] in places}
        before = self._eyes
        self._eyes = {dock.name: EyeDoor(dock.name, dock.eyes) for dock in docks if dock.eyes is not None}
        self._eyes |= {
            name: door for name, door in before.items() if name in self._eyes and door.eyes == self._eyes[name].eyes
        }

    def clock_set_back(self) -> None:
        """What is on the host's old scale means nothing any more."""
        self._parcels.clear()
        self._stayed.clear()
        self._sweep_us = None
        for door in self._eyes.values():
            door.clear()

    def deadline_us(self) -> int | None:
        """When to call ``sweep`` at the latest; None = no parcel is near and no photo-eye waits."""
        if not self._eyes:
            return self._sweep_us
        times = [time for door in self._eyes.values() if (time := door.deadline_us()) is not None]
        if self._sweep_us is not None:
            times.append(self._sweep_us)
        return min(times, default=None)

    def read(self, given: TagsRead) -> list[DoorSeen]:
        """Takes the reads of one report; what became certain by them."""
        out: list[DoorSeen] = []
        for read in given.reads:
            place = self._places.get((given.reader, read.antenna))
            name = self._name(read.epc)
            if place is None or name is None:
                continue
            parcel = self._parcels.get(name)
            if parcel is None:
                parcel = self._parcels[name] = _Parcel(name, read.at_us, read.at_us)
                if len(self._parcels) > KEEP_PARCELS:
                    del self._parcels[next(iter(self._parcels))]
            power = 10.0 ** (read.rssi_dbm / 10.0)
            for door in self._eyes.values():
                door.read(read.at_us, name, place[0], power)
            self._add(parcel, place, read.at_us, power)
            seen = self._judge(parcel, read.at_us, given.at_us)
            if seen is not None:
                out.append(seen)
        if self._parcels and self._sweep_us is None:
            self._sweep_us = given.at_us + SWEEP_US
        return out

    def eye(self, event: PlcEvent) -> None:
        """An edge at a photo-eye."""
        for door in self._eyes.values():
            door.edge(event)

    def sweep(self, now_us: int) -> list[DoorSeen]:
        """What can be said now that time went by."""
        out = [seen for door in self._eyes.values() for seen in door.settle(now_us)]
        if self._sweep_us is None or now_us < self._sweep_us:
            return out
        for parcel in [one for one in self._parcels.values() if one.last_us + QUIET_US <= now_us]:
            del self._parcels[parcel.name]
            seen = self._gone(parcel, now_us)
            if seen is not None:
                out.append(seen)
        self._sweep_us = now_us + SWEEP_US if self._parcels else None
        return out

    # ---- how ---------------------------------------------------------------------------------------------------------

    def _name(self, epc: str) -> str | None:
        """The parcel that a tag is on; None = it is on something else."""
        if epc not in self._names:
            if len(self._names) >= KEEP_NAMES:
                self._names.clear()
            identity = identity_of_hex(epc)
            self._names[epc] = identity if identity is not None and identity.startswith("(00)") else None
        return self._names[epc]

    def _add(self, parcel: _Parcel, place: DoorPlace, at_us: int, power: float) -> None:
        parcel.last_us = max(parcel.last_us, at_us)
        its = parcel.sums.get(place)
        if its is None:
            its = parcel.sums[place] = _Sum(at_us)
        its.fade(at_us)
        its.power += power
        its.reads += 1.0
        parcel.peaks[place] = max(parcel.peaks.get(place, 0.0), its.power)
        known = parcel.evidence.setdefault(place, [0, at_us, at_us, 0.0])
        known[0] += 1
        known[2] = max(known[2], at_us)
        known[3] += power
        parcel.since_certain[place] = parcel.since_certain.get(place, 0) + 1

    def _certain(self, parcel: _Parcel, at_us: int) -> DoorPlace | None:
        """Where the parcel certainly is."""
        best, here = max(parcel.sums.items(), key=lambda item: item[1].power)
        doors: dict[str, float] = {}
        for (dock, _), its in parcel.sums.items():
            its.fade(at_us)
            doors[dock] = doors.get(dock, 0.0) + its.power
        dock, side = best
        if side is Side.THROUGH or here.reads < LEAST_READS:
            return None
        opposite = (dock, side.other)
        other, peak = parcel.sums.get(opposite), parcel.peaks[best]
        if here.power < LEAST_SHARE * max(peak, parcel.peaks.get(opposite, 0.0)):
            return None
        if other is not None and here.power < SIDE_RATIO * other.power:
            return None
        if other is not None and here.power / peak < DROP_RATIO * other.power / parcel.peaks[opposite]:
            return None
        if any(doors[dock] < DOOR_RATIO * power for name, power in doors.items() if name != dock):
            return None
        return best

    def _judge(self, parcel: _Parcel, at_us: int, now_us: int) -> DoorSeen | None:
        """Where it is after a read, and whether it passed a door to get there."""
        place = self._certain(parcel, at_us)
        if place is not None and place == parcel.place:
            parcel.since_certain.clear()
            parcel.certain_us = at_us
        if place is None or place == parcel.place:
            parcel.next = None
            return None
        if place != parcel.next:
            parcel.next, parcel.next_us = place, at_us
        if at_us - parcel.next_us < self._hold_us(parcel, place):
            return None
        before, parcel.place, parcel.next, parcel.certain_us = parcel.place, place, None, at_us
        parcel.since_certain.clear()
        if before is None or before[1] is place[1]:
            return None
        if before[0] == place[0]:
            direction = Direction.OUT if place[1] is Side.OUTSIDE else Direction.IN
            if self._passed(parcel, before, place):
                return self._seen(parcel, place[0], direction, now_us)
            cause = f"was {before[1]} of {before[0]}, then {place[1]}, and hardly read"
            return self._seen(parcel, place[0], Direction.UNDETERMINED, now_us, cause)
        cause = f"was {before[1]} of {before[0]}, then {place[1]} of {place[0]}"
        return self._seen(parcel, place[0], Direction.UNDETERMINED, now_us, cause)

    def _passed(self, parcel: _Parcel, before: DoorPlace, place: DoorPlace) -> bool:
        """Whether it was read as well on both sides as who goes through a door; learns what that is."""
        weaker, stronger = sorted((parcel.peaks[before], parcel.peaks[place]))
        counts = [parcel.evidence[side][0] for side in (before, place) if side in parcel.evidence]
        if weaker < BOTH_SHARE * stronger or min(counts, default=0) < LEAST_COUNT:
            return False
        usual = self._usual.setdefault(place[0], deque(maxlen=USUAL_OF))
        if len(usual) >= USUAL_FROM:
            if weaker < USUAL_SHARE * median(low for low, _ in usual):
                return False
            if stronger < USUAL_SHARE * median(high for _, high in usual):
                return False
        usual.append((weaker, stronger))
        return True

    def _hold_us(self, parcel: _Parcel, place: DoorPlace) -> int:
        """How long it must be certainly there before that is believed."""
        if parcel.place is None:
            return 0
        if parcel.place != (place[0], place[1].other):
            return HOLD_US
        between_us = parcel.next_us - parcel.certain_us
        return HOLD_US if between_us < QUICK_US else min(max(HOLD_US, between_us // 2), PATIENT_US)

    def _gone(self, parcel: _Parcel, now_us: int) -> DoorSeen | None:
        """What to say of a parcel that is not read any more."""
        strongest = max(parcel.evidence or parcel.sums, key=lambda place: parcel.peaks[place])
        dock = parcel.place[0] if parcel.place is not None else strongest[0]
        if dock in self._eyes:
            return None  # its photo-eyes tell
        if parcel.place is None:
            sides = {side for (door, side), count in parcel.since_certain.items() if count > 1 and door == dock}
            if len(sides) > 1:
                return self._seen(parcel, dock, Direction.UNDETERMINED, now_us, "was never certainly on either side")
            return None
        dock, side = parcel.place
        # Since it was certainly here, the other side of a door read it often as well: it went to a doorway at least.
        here = parcel.since_certain.get(parcel.place, 0)
        there = {name: count for (name, on), count in parcel.since_certain.items() if on is side.other}
        if there and sum(there.values()) >= max(here / 3, LEAST_COUNT):
            cause = f"was {side} of {dock}, then in a doorway, and then not read any more"
            return self._seen(parcel, max(there, key=lambda name: there[name]), Direction.UNDETERMINED, now_us, cause)
        said_us = self._stayed.get((parcel.name, parcel.place), 0)
        if parcel.told or now_us - said_us < STAYED_AGAIN_US:
            return None
        self._stayed[parcel.name, parcel.place] = now_us
        if len(self._stayed) > KEEP_PARCELS:
            del self._stayed[next(iter(self._stayed))]
        return self._seen(parcel, dock, Direction.STAYED, now_us, f"{side}")

    def _seen(self, parcel: _Parcel, dock: str, direction: Direction, now_us: int, cause: str = "") -> DoorSeen:
        evidence = tuple(_strongest_first(parcel.evidence))
        seen = DoorSeen(
            at_us=now_us,
            dock=dock,
            parcel=parcel.name,
            direction=direction,
            since_us=parcel.since_us,
            evidence=evidence,
            cause=cause,
        )
        parcel.told = True
        parcel.since_us = parcel.last_us
        parcel.evidence.clear()
        return seen


def _strongest_first(evidence: dict[DoorPlace, list[float]]) -> Iterator[SideEvidence]:
    for (dock, side), (count, first, last, power) in sorted(evidence.items(), key=lambda item: -item[1][3]):
        yield SideEvidence(dock=dock, side=side, count=int(count), first_us=int(first), last_us=int(last), power=power)
