"""What a portal's antennas read: a model of passive UHF tags on a belt.

Public names: RadioTag, RadioField, Inventory, Room, ROOMS, REACH_MM, Stray, strays.

Antennas stand in an arch over the belt and look at its middle. For each antenna and tag the model has two-way path
loss (40 dB a decade of distance), the antenna's beam (half power at 35 degrees off its axis), the tag's orientation, a
standing-wave ripple along the belt, and noise on every sighting. Below the reader's sensitivity a tag stays silent, and
a share of the answers is lost. Inventory time is shared: a round costs time, and so does every answer, which gives 130
to 250 reads a second. Every tag that answers at all is well oriented to at least one antenna of the portal.
In a hard room metal stands around: tags lie worse, waves cancel deeper, and each tag has places away from the portal
where an echo makes it as strong as in front of an antenna. What waits metres upstream is heard there too: all the time
by an antenna that looks upstream, and once and faintly by one that does not.

Positions are mm: along the belt (+ downstream), across it, above it. Powers are dBm at the reader's port.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, exp, log10, pi, sin
from random import Random

from edge.config.sim import RoomKind
from edge.core.values.layout import Portal
from edge.sim.world import PlacedTag
from rfid.driver import TagRead

REACH_MM = 1_600
"""No antenna hears a tag further along the belt than this."""

ARCH_MM = 650
"""From the belt's middle to each antenna."""
ASIDE_MM = 1_500
"""How far upstream of the portal, or downstream of it, an antenna stands that does not face it."""
BEST_DBM = -42.0
"""A well oriented tag on the axis, ARCH_MM away."""
BEAM_EXPONENT = 3.5
"""Power of the cosine off the axis, one way: half power at 35 degrees."""
RIPPLE_MM = 164.0
"""Half a wavelength at 915 MHz."""
NOISE_DB = 1.8
ANSWER_LOST = 0.06
ROUND_US = 3_000
LOST_US = 1_500
ROUND_ANSWERS = 24
"""A round ends here; the tags left over wait for a later one."""
STRAY_DBM = -73.0, -70.0
WAITING_DBM, WAITING_EVERY_US = -60.0, (300_000, 1_000_000)
"""What an antenna that looks upstream hears of a tag that waits there, and how often."""
ECHO_MM = 130
"""Half the length of the place where an echo is heard (sigma)."""


@dataclass(frozen=True, slots=True)
class Room:
    """Where the portal stands. ``loss_db``: of a well oriented tag, at most; ``turned_db``: of one that is not.

    ``best_db``: of each tag to the antenna that sees it best, at most. ``ripple_db``: depth of standing waves.
    ``echoes``: places for each tag and antenna; ``echo_db``: what an echo adds there, at most.
    ``stray``: of the tags that wait upstream, the share that is heard.
    ``answer_us``: what a tag's answer takes; slow modes are heard through interference.
    """

    loss_db: float
    turned_db: float
    best_db: float
    ripple_db: float
    echoes: int = 0
    echo_db: float = 0.0
    stray: float = 0.0
    sensitivity_dbm: float = -76.0
    answer_us: int = 4_000


ROOMS = {
    RoomKind.OPEN: Room(4.0, 10.0, 3.0, 3.0),
    RoomKind.HARD: Room(9.0, 18.0, 7.0, 11.0, 3, 20.0, 0.1, -83.0, 6_500),
}


@dataclass(frozen=True, slots=True)
class Stray:
    """One answer of a tag that waits upstream. ``upstream``: to an antenna that looks there, not to any other."""

    at_us: int
    epc: str
    dbm: float
    upstream: bool


def strays(room: Room, rng: Random, epcs: Iterable[str], from_us: int, until_us: int) -> list[Stray]:
    """What is heard of tags that wait between two moments, the last first."""
    heard = []
    for epc in epcs:
        if rng.random() < room.stray:
            heard.append(Stray(rng.randint(from_us, until_us), epc, rng.uniform(*STRAY_DBM), upstream=False))
            at_us = from_us
            while at_us < until_us:
                heard.append(Stray(at_us, epc, rng.gauss(WAITING_DBM, NOISE_DB), upstream=True))
                at_us += rng.randint(*WAITING_EVERY_US)
    return sorted(heard, key=lambda stray: (-stray.at_us, stray.epc))


@dataclass(frozen=True, slots=True)
class _Antenna:
    port: int
    upstream: bool
    along_mm: float
    across: float  # direction from the belt's middle
    up: float


@dataclass(frozen=True, slots=True)
class RadioTag:
    """A tag as the antennas of one reader see it.

    ``views``: per antenna squared distance off the belt's direction, power apart from distance, and the ripple's phase.
    ``echoes``: per antenna places along the belt and the dB there.
    """

    epc: str
    along_mm: int
    views: tuple[tuple[float, float, float], ...]
    echoes: tuple[tuple[tuple[float, float], ...], ...]


class RadioField:
    """One reader's antennas at a portal."""

    def __init__(
        self, portal: Portal, reader: str, ports: Mapping[str, Sequence[int]], room: RoomKind = RoomKind.OPEN
    ) -> None:
        """``ports``: antenna ports of each of the portal's readers; one without reads no tags."""
        self.room = ROOMS[room]
        self.reader = reader
        every = [(name, port) for name in portal.readers for port in ports.get(name, ())]
        self._arch = len(every)
        self._at = [place for place, (name, _) in enumerate(every) if name == reader]
        self.antennas: list[_Antenna] = []
        for place in self._at:
            port = every[place][1]
            angle = pi * (place + 1) / (len(every) + 1)
            facing = not portal.facing or port in portal.facing
            aside_mm = ASIDE_MM if port in portal.downstream else -ASIDE_MM
            along = portal.antenna_mm + (0 if facing else aside_mm)
            self.antennas.append(_Antenna(port, not facing and aside_mm < 0, along, cos(angle), sin(angle)))
        self.from_mm = min(antenna.along_mm for antenna in self.antennas) - REACH_MM
        self.to_mm = max(antenna.along_mm for antenna in self.antennas) + REACH_MM

    def tag(self, seed: str, placed: PlacedTag) -> RadioTag:
        """The same seed and EPC always give the same orientation, whatever the reader."""
        rng = Random(f"{seed}/{placed.epc}")
        room = self.room
        losses = [
            rng.uniform(3.0, room.turned_db) if rng.random() < 0.4 else rng.uniform(0.0, room.loss_db)
            for _ in range(self._arch)
        ]
        losses[rng.randrange(self._arch)] = rng.uniform(0.0, room.best_db)
        phases = [rng.uniform(0.0, 2 * pi) for _ in range(self._arch)]
        views = []
        for place, antenna in zip(self._at, self.antennas, strict=True):
            across = placed.across_mm - ARCH_MM * antenna.across
            up = placed.up_mm - ARCH_MM * antenna.up
            aside2 = across * across + up * up
            depth = max(50.0, -(across * antenna.across + up * antenna.up))
            power = BEST_DBM + 40 * log10(ARCH_MM) + 20 * BEAM_EXPONENT * log10(depth) - losses[place]
            views.append((aside2, power, phases[place]))
        echoes = [
            [
                (rng.choice((-1, 1)) * rng.uniform(400.0, 1_300.0), rng.uniform(6.0, room.echo_db))
                for _ in range(room.echoes)
            ]
            for _ in range(self._arch)
        ]
        return RadioTag(placed.epc, placed.along_mm, tuple(views), tuple(tuple(echoes[place]) for place in self._at))


class Inventory:
    """One reader at work: rounds of singulation, antenna after antenna."""

    def __init__(self, field: RadioField, rng: Random) -> None:
        self.field = field
        self._rng = rng
        self._next = 0

    def round(
        self, at_us: int, near: Iterable[tuple[float, Sequence[RadioTag]]], waiting: Iterable[list[Stray]] = ()
    ) -> tuple[int, tuple[TagRead, ...]]:
        """One round that begins at ``at_us``; when it ends, and its reads.

        ``near``: for each load around the portal its middle's position in mm and its tags. ``waiting``: what is to be
        heard of each that waits upstream, the last first; what is heard now is taken out.
        """
        place, rng = self._next, self._rng
        self._next = (place + 1) % len(self.field.antennas)
        antenna = self.field.antennas[place]
        answers: list[tuple[str, float]] = []
        room = self.field.room
        ripple_db, sensitivity_dbm = room.ripple_db, room.sensitivity_dbm
        for middle_mm, tags in near:
            from_antenna = middle_mm - antenna.along_mm
            if not -REACH_MM - 400 < from_antenna < REACH_MM + 400:
                continue
            for tag in tags:
                aside2, power, phase = tag.views[place]
                along = from_antenna + tag.along_mm
                mean = (
                    power - _FALL * log10(along * along + aside2) - ripple_db * (1.0 + sin(_RIPPLE * along + phase)) / 2
                )
                for at_mm, echo_db in tag.echoes[place]:
                    mean += echo_db * exp(-0.5 * ((along - at_mm) / ECHO_MM) ** 2)
                if mean > sensitivity_dbm - 6.0:
                    dbm = mean + rng.gauss(0.0, NOISE_DB)
                    if dbm > sensitivity_dbm:
                        answers.append((tag.epc, dbm))
        for heard in waiting:
            for stray in [one for one in heard if one.at_us <= at_us and one.upstream is antenna.upstream]:
                heard.remove(stray)
                answers.append((stray.epc, stray.dbm))
        rng.shuffle(answers)
        now_us = at_us + ROUND_US
        reads: list[TagRead] = []
        for epc, dbm in answers[:ROUND_ANSWERS]:
            if rng.random() < ANSWER_LOST:
                now_us += LOST_US
                continue
            now_us += room.answer_us
            reads.append(TagRead(epc, antenna.port, float(round(dbm)), now_us, 1))
        return now_us, tuple(reads)


_RIPPLE = 2 * pi / RIPPLE_MM
_FALL = 20.0 + 10.0 * BEAM_EXPONENT
"""dB for each tenfold of the distance squared: 40 log10(d) of the path, and cos = depth / d of the beam, both ways."""
