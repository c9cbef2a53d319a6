"""Where a parcel is once it has its label, by the set of all that was told of it.

Public names: ParcelCode, CarrierWord, ParcelWord, Tracked, tracked, FORWARD, BACKWARD, FLAGS, OURS, ParcelTrouble,
NOTICES, TrackRules, troubles_from, on_time.

What is told comes late, twice, and out of order; so the state is a function of the set, whatever came first. A lower
rank never lowers it. A parcel that comes back has a second leg, beside which its delivery stays. What was said of an
end is taken back by the one who said it, and by nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class ParcelCode(StrEnum):
    """What may be told of a parcel."""

    LABELLED = "labelled"
    SORTED = "sorted"  # in its carrier's lane, or at its door: what the line calls shipped
    HANDED_OVER = "handed-over"  # it left with a load, or the carrier has it
    IN_TRANSIT = "in-transit"
    OUT_FOR_DELIVERY = "out-for-delivery"
    FAILED_ATTEMPT = "failed-attempt"
    LOST = "lost"
    DELIVERED = "delivered"
    RETURNING = "returning"
    BACK = "back"
    DELAYED = "delayed"
    DAMAGED = "damaged"
    HELD = "held"  # at customs, or until somebody fetches it
    REFUSED = "refused"  # the carrier does not take it
    ACCEPTED = "accepted"  # the carrier will take it
    CORRECTED = "corrected"  # an end that the same source told is not so
    NOTED = "noted"  # nobody said what it means


_C = ParcelCode
FORWARD: dict[ParcelCode, int] = {
    _C.LABELLED: 1,
    _C.SORTED: 2,
    _C.HANDED_OVER: 3,
    _C.IN_TRANSIT: 4,
    _C.OUT_FOR_DELIVERY: 5,
    _C.FAILED_ATTEMPT: 5,  # of two of one rank the later one counts
    _C.LOST: 6,
    _C.DELIVERED: 7,
}
"""The ranks of the way there."""
BACKWARD: dict[ParcelCode, int] = {_C.RETURNING: 1, _C.BACK: 2}
"""The ranks of the way back, which is another leg."""
FLAGS = (_C.DELAYED, _C.DAMAGED, _C.HELD, _C.REFUSED)
"""What stands beside a state. Held is over with the next movement; the others stay."""
ENDS = frozenset({_C.LOST, _C.DELIVERED, _C.RETURNING, _C.BACK})
"""What a correction without a name takes back."""
OURS = frozenset({"label", "line", "dock"})
"""Sources that are this site itself; every other one is a carrier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierWord:
    """One thing told by a source. ``parcel``: its SSCC, 18 digits, or the carrier's own number.

    ``given``: the code in the source's words. ``id`` empty: it has none. ``zone``: in which its time was read, empty =
    it said it itself. ``raw``: all of it, as it came.
    """

    parcel: str
    code: ParcelCode
    at_us: int
    given: str = ""
    place: str = ""
    id: str = ""
    corrects: str = ""
    zone: str = ""
    raw: str = ""


class ParcelWord(NamedTuple):
    """One thing told. ``id``: with ``source`` no other's. ``corrects``: an id of the same source that is not so."""

    code: ParcelCode
    at_us: int
    source: str
    id: str
    place: str = ""
    corrects: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """Where a parcel is. Times in microseconds, 0 = never.

    ``state``: NOTED where nothing moved it; ``since_us``: of what says it. ``attempts``: failed ones. ``departed_us``:
    it was handed over; ``scanned_us``: the carrier's first word that it has it. ``moved_us``: the last movement, in
    ``place``. ``delivered_us``: the first delivery, also of what came back since.
    """

    state: ParcelCode = ParcelCode.NOTED
    since_us: int = 0
    flags: tuple[ParcelCode, ...] = ()
    attempts: int = 0
    departed_us: int = 0
    scanned_us: int = 0
    moved_us: int = 0
    delivered_us: int = 0
    place: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.state in ENDS and self.state is not ParcelCode.RETURNING


def tracked(words: Iterable[ParcelWord]) -> Tracked:
    """The state of a parcel of which all this was told, in any order, any number of times."""
    said = set(words)
    if corrections := [one for one in said if one.code is _C.CORRECTED]:
        said = _uncorrected(said, corrections)
    flags: dict[ParcelCode, int] = {}
    attempts: set[int] = set()
    there = back = last = placed = _NOWHERE
    first: dict[ParcelCode, int] = {}
    departed_us = scanned_us = _NEVER
    for one in said:
        code, at_us = one.code, one.at_us
        if rank := FORWARD.get(code, 0):
            there = max(there, (rank, at_us, code))
        elif rank := BACKWARD.get(code, 0):
            back = max(back, (rank, at_us, code))
            rank = _RETURN
        else:
            flags[code] = max(at_us, flags.get(code, at_us))
            continue
        last = max(last, (at_us, rank, code))
        if one.place:
            placed = max(placed, (at_us, rank, one.place))
        first[code] = min(at_us, first.get(code, at_us))
        if rank >= _LEFT:
            departed_us = min(departed_us, at_us)
            if one.source not in OURS:
                scanned_us = min(scanned_us, at_us)
        if code is _C.FAILED_ATTEMPT:
            attempts.add(at_us)
    top = back if back != _NOWHERE else there
    if top == _NOWHERE:
        return Tracked(flags=tuple(one for one in FLAGS if one in flags))
    state, moved_us = ParcelCode(top[2]), last[0]
    return Tracked(
        state=state,
        since_us=top[1] if state is _C.FAILED_ATTEMPT else first[state],
        flags=tuple(one for one in FLAGS if one in flags and (one is not _C.HELD or flags[one] >= moved_us)),
        attempts=len(attempts),
        departed_us=departed_us if departed_us < _NEVER else 0,
        scanned_us=scanned_us if scanned_us < _NEVER else 0,
        moved_us=moved_us,
        delivered_us=first.get(_C.DELIVERED, 0),
        place=placed[2],
    )


_NOWHERE: tuple[int, int, str] = (0, 0, "")
_NEVER = 2**62
_LEFT = FORWARD[_C.HANDED_OVER]
_RETURN = 9
"""Above all ranks of the way there."""


def _uncorrected(said: set[ParcelWord], corrections: list[ParcelWord]) -> set[ParcelWord]:
    """Without what its source took back: by its id, or all ends up to an instant."""
    taken_back = {(one.source, one.corrects) for one in corrections if one.corrects}
    until_us: dict[str, int] = {}
    for one in corrections:
        if not one.corrects:
            until_us[one.source] = max(until_us.get(one.source, one.at_us), one.at_us)
    return {
        one
        for one in said
        if (one.source, one.id) not in taken_back
        and not (one.code in ENDS and one.source in until_us and one.at_us <= until_us[one.source])
    }


class ParcelTrouble(StrEnum):
    """What somebody must look after."""

    NO_SCAN = "no-scan"  # it left, and the carrier does not say that it has it
    NO_MOVEMENT = "no-movement"
    LATE = "late"  # its promise passed
    ATTEMPTS = "attempts"  # failed too often
    DAMAGED = "damaged"
    LOST = "lost"
    REFUSED = "refused"  # the carrier does not take it
    DELAYED = "delayed"  # the carrier says so, before its promise passed


NOTICES = frozenset({ParcelTrouble.DELAYED})
"""What nobody has to look after; who gets it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackRules:
    """``no_scan_us``, ``no_movement_us``: nothing is unusual so long, 0 = ever. ``attempts``: so many are too many."""

    no_scan_us: int = 24 * 3_600_000_000
    no_movement_us: int = 3 * 86_400_000_000
    attempts: int = 2


def troubles_from(its: Tracked, promised_us: int, rules: TrackRules) -> dict[ParcelTrouble, int]:
    """From when on which troubles a parcel has, if nothing more is told of it. ``promised_us``: 0 = never."""
    found: dict[ParcelTrouble, int] = {}
    if _C.DAMAGED in its.flags:
        found[ParcelTrouble.DAMAGED] = its.since_us
    if its.state is _C.LOST:
        found[ParcelTrouble.LOST] = its.since_us
    if its.ended or its.delivered_us:
        return found
    if _C.DELAYED in its.flags:
        found[ParcelTrouble.DELAYED] = its.since_us
    if _C.REFUSED in its.flags:
        found[ParcelTrouble.REFUSED] = its.since_us
    if its.attempts >= rules.attempts:
        found[ParcelTrouble.ATTEMPTS] = its.since_us
    if its.departed_us:
        if not its.scanned_us and rules.no_scan_us:
            found[ParcelTrouble.NO_SCAN] = its.departed_us + rules.no_scan_us
        elif rules.no_movement_us:
            found[ParcelTrouble.NO_MOVEMENT] = its.moved_us + rules.no_movement_us
        if promised_us and its.state is not _C.RETURNING:
            found[ParcelTrouble.LATE] = promised_us
    return found


def on_time(its: Tracked, promised_us: int) -> bool | None:
    """Whether it was delivered before the end of its promised day; None = nobody knows, or nothing was promised."""
    return its.delivered_us < promised_us if promised_us and its.delivered_us else None
