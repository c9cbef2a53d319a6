"""What was seen and what is made of it: reads weighed, claims, findings.

Public names: TIE, CENTRAL, TagEvidence, tied, Claim, Scan, SideEvidence, Finding.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.core.values.dock import Side
from edge.core.values.verdicts import FindingKind, Wanted

TIE = 1.5
"""Two passages claim a tag about as much when neither claims it so many times more."""


CENTRAL = 0.1
"""Least weight / power of a tag near the middle. A passage's own tags have 0.3 and more, its neighbours' 0.01."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEvidence:
    """What one antenna saw of one tag during one passage. ``reader``: whose antenna it is.

    ``weight``: summed linear power in mW, each read weighted by the time since the passage's middle. ``count`` and
    ``weight`` leave out what an antenna that looks elsewhere heard better at that moment.
    """

    epc: str
    antenna: int
    count: int
    first_us: int
    last_us: int
    weight: float
    reader: str = ""


def tied(weight: float, rival: float) -> bool:
    """Whether two passages claim a tag about as much."""
    return weight < TIE * rival and rival < TIE * weight


@dataclass(frozen=True, slots=True)
class Claim:
    """How strongly a passage claims a tag.

    ``weight``: over all antennas. ``rival``: the strongest neighbour's. ``power``: summed linear power in mW of the
    same reads without the bell; weight / power tells how near the passage's middle the tag was seen, 0..1.
    ``wanted`` breaks a tie of ``weight`` and ``rival``, and has no say where there is none. ``doubtful``: what was
    heard of the tag proves nothing; it neither counts as here nor against this passage.
    """

    epc: str
    weight: float
    rival: float
    power: float
    wanted: Wanted = Wanted.UNDECIDED
    doubtful: bool = False

    @property
    def holds(self) -> bool:
        """Whether the tag is this passage's rather than a neighbour's."""
        if self.doubtful:
            return False
        if tied(self.weight, self.rival) and self.wanted is not Wanted.UNDECIDED:
            return self.wanted is Wanted.HERE
        return self.weight > self.rival


@dataclass(frozen=True, slots=True)
class Scan:
    """What one barcode scanner said of one passage; no ``codes`` = it found none. ``at_us``: when that arrived.

    ``sure``: it cannot be meant for another passage, as what comes late can.
    """

    reader: str
    at_us: int
    codes: tuple[str, ...]
    sure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEvidence:
    """What the antennas of one side of one door read of one parcel. ``power``: summed linear power in mW."""

    dock: str
    side: Side
    count: int
    first_us: int
    last_us: int
    power: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a tote. ``subject``: identity of the item, GTIN of what is missing, or hex of a tag.

    ``cancelled``: of what is extra, the line of the order that it was picked for, the first is 1; 0 = none.
    """

    kind: FindingKind
    subject: str
    quantity: int = 1
    order: str = ""
    text: str = ""
    cancelled: int = 0
