"""Places: what each antenna of a portal looks at, and what is therefore somewhere else.

Public names: Places, Loudest, doubtful, UNMEASURED_MW, LEAST_MW.

A tag that waits upstream is heard now and then by an antenna that does not look there. At that moment one that does
hears it better. And what no facing antenna has heard, or only once and faintly, is no proof. Some readers tell no
power, as those of cards: what they read is compared with nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median_low

from edge.core.values.layout import Portal
from edge.core.values.state import Antenna, PortalState
from rfid.driver import UNMEASURED_DBM

ASIDE = 0.25
"""What a read counts of an antenna that looks upstream or downstream, beside one that faces the belt."""
LOUDER = 4.0
"""Where an antenna hears a tag so many times stronger than others do, there it is."""
CLEARLY = 10.0
"""A tag heard at one place alone, which is not the facing one, is claimed so many times more than by any neighbour."""
FAINT, FAINT_READS = 100.0, 2
"""So few reads, and evidence so many times less than that of the passage's median tag, prove nothing."""
UNMEASURED_MW: float = 10.0 ** (UNMEASURED_DBM / 10.0)
"""Linear power that stands for one that the reader did not tell."""
LEAST_MW: float = 500 * UNMEASURED_MW
"""A sum of powers below this, -101 dBm, holds none that a receiver can have measured."""


class Places:
    """Of one portal's antennas: by their roles where they have some, else by what was learned (``state``)."""

    def __init__(self, portal: Portal, state: PortalState) -> None:
        self._state = state
        aside = dict.fromkeys(portal.upstream, "upstream") | dict.fromkeys(portal.downstream, "downstream")
        self._role = aside | dict.fromkeys(portal.facing, "facing")

    @property
    def all_used(self) -> bool:
        """Whether none has a role, so that none need be asked about."""
        return not self._role

    def used(self, antenna: Antenna) -> bool:
        """Whether its reads are evidence; one without a role, beside others that have one, tells what is elsewhere."""
        return not self._role or antenna[1] in self._role

    def about(self, antenna: Antenna) -> tuple[int, float]:
        """How many microseconds later than the others an antenna sees things, and what its reads count, 0..1."""
        if not self.used(antenna):
            return 0, 0.0
        aside = self._role.get(antenna[1], "facing") != "facing"
        for place in self._state.antennas:
            if (place.reader, place.port) == antenna:
                return place.beside_us, place.trust * (ASIDE if aside else 1.0)
        return 0, 0.0 if aside else 1.0  # of one that looks aside nobody knows yet where it looks

    def several(self, apart_us: float) -> bool:
        """Whether not all antennas look at one place."""
        beside = [antenna.beside_us for antenna in self._state.antennas]
        return bool(self._role) or (bool(beside) and max(beside) - min(beside) > apart_us)

    def apart(self, one: Antenna, other: Antenna, apart_us: float) -> bool:
        """Whether two antennas look at places that are more than ``apart_us`` of the belt's way apart."""
        if self._role:
            return self._role.get(one[1]) != self._role.get(other[1])
        return abs(self.about(one)[0] - self.about(other)[0]) > apart_us

    def sure(self, antennas: Iterable[Antenna], apart_us: float) -> bool:
        """Whether a tag that these antennas heard was here: by a facing one, or at two places that agree on it."""
        if not self.several(apart_us):
            return True
        if self._role:
            return any(self._role.get(antenna[1]) == "facing" for antenna in antennas)
        heard = [self.about(antenna)[0] for antenna in antennas]
        return max(heard) - min(heard) > apart_us


class Loudest:
    """How strongly each antenna heard each tag about a moment.

    ``reads``: microseconds, EPC, antenna and linear power each; ``apart_us``: half the length of a moment, and how far
    apart two places are.
    """

    def __init__(self, reads: Iterable[tuple[int, str, Antenna, float]], places: Places, apart_us: float) -> None:
        self._places = places
        self._apart_us = apart_us
        self._heard: dict[tuple[str, int], dict[Antenna, float]] = {}
        self._elsewhere: dict[Antenna, dict[Antenna, bool]] = {}
        if not places.several(apart_us):
            return
        for at_us, epc, antenna, power in reads:
            if power == UNMEASURED_MW:
                continue
            heard = self._heard.setdefault((epc, at_us // self._moment_us), {})
            if power > heard.get(antenna, 0.0):
                heard[antenna] = power

    def __bool__(self) -> bool:
        """Whether anything can be elsewhere."""
        return bool(self._heard)

    @property
    def _moment_us(self) -> int:
        return int(self._apart_us) or 1

    def elsewhere(self, at_us: int, epc: str, antenna: Antenna, power: float) -> bool:
        """Whether an antenna that looks at another place heard the tag so much better that it was there."""
        if not self._heard or power == UNMEASURED_MW:
            return False
        moment = at_us // self._moment_us
        apart = self._elsewhere.setdefault(antenna, {})
        for near in (moment - 1, moment, moment + 1):
            for by, louder in self._heard.get((epc, near), {}).items():
                if louder > LOUDER * power:
                    if by not in apart:
                        apart[by] = self._places.apart(antenna, by, self._apart_us)
                    if apart[by]:
                        return True
        return False


def doubtful(heard: Mapping[str, tuple[int, float, bool, bool]], strongest: Mapping[str, float]) -> frozenset[str]:
    """The tags that are no proof, whatever any order wants.

    ``heard``: by tag the count of its reads, their weight, whether it was surely here, and whether a reader measured
    its power: one without is neither faint nor does it make others so. ``strongest``: by tag the weight of the
    neighbour that claims it most.
    """
    own = [weight for epc, (_, weight, _, power) in heard.items() if power and weight > strongest.get(epc, 0.0)]
    usual = median_low(own) if own and len(heard) > 1 else 0.0  # one alone is as usual
    return frozenset(
        epc
        for epc, (count, weight, sure, power) in heard.items()
        if (power and count <= FAINT_READS and FAINT * weight < usual)
        or (not sure and weight < CLEARLY * strongest.get(epc, 0.0))
    )
