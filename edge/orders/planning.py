"""What a plan of waves goes by, all of it instants and numbers.

Public names: Planning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.orders.eligibility import Terms
from edge.orders.forecast import Rates
from edge.orders.measured import MeasuredPace
from edge.orders.services import Pickup, Service
from edge.orders.waves import WaveLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """``pickups``: with all their room. ``rates``, ``tail_us``: what a forecast goes by; ``measured``: where from.

    ``margin_us``: what is to be in hand before a cut-off.
    ``zone_of``: (country, region, postcode) -> zone, empty = none; ``promised_us``: (country, local day) -> its end.
    """

    services: dict[str, Service]
    pickups: tuple[Pickup, ...]
    terms: Terms
    zone_of: Callable[[str, str, str], str]
    promised_us: Callable[[str, str], int]
    limits: WaveLimits = field(default_factory=WaveLimits)
    rates: Rates = field(default_factory=lambda: Rates(pick_line_us=20_000_000, tote_us=6_000_000))
    tail_us: int = 0
    margin_us: int = 0
    measured: tuple[MeasuredPace, ...] = ()
