"""What carriers offer: zones, limits, rates, pickups with cut-off and room, suspensions, what was measured.

Public names: TransportMode, Rate, Performance, Service, Pickup, Suspension, Weights, Prior, shrunk_ppm, chargeable_g,
suspension_of.

A contract is a row set that holds from a day on; whoever reads it hands in the rows that hold now, and instants for
what calendars say. Money is in minor units, one currency for all services of a plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from edge.orders.articles import NOTHING_SPECIAL, Goods


class TransportMode(StrEnum):
    """How it travels; goods rules differ by it."""

    EXPRESS = "express"
    FREIGHT = "freight"
    AIR = "air"
    OWN_VEHICLE = "own-vehicle"


@dataclass(frozen=True, slots=True)
class Rate:
    """Into one zone. ``steps``: (up to so many grams, price) in rising order; the last one is the limit."""

    zone: str
    steps: tuple[tuple[int, int], ...]
    surcharges: tuple[tuple[Goods, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Performance:
    """Parcels delivered, and how many of them late, or damaged or lost."""

    parcels: int = 0
    late: int = 0
    damaged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a carrier does for a price. ``takes``: of special goods. ``longest_mm``, ``cod_limit``: 0 = any.

    ``volume_per_g``: mm³ that count as a gram, 0 = only the mass counts. ``weight_unit_g``: the carrier rounds up to
    whole ones. ``fuel_ppm``: on top of the rate, in millionths. ``long_mm``: (longer than, surcharge) in rising order,
    the last that holds. ``lane``: empty = any.
    """

    id: str
    carrier: str
    code: str
    rates: tuple[Rate, ...]
    mode: TransportMode = TransportMode.EXPRESS
    takes: Goods = NOTHING_SPECIAL
    longest_mm: int = 0
    cod_limit: int = 0
    volume_per_g: int = 0
    weight_unit_g: int = 1
    fuel_ppm: int = 0
    long_mm: tuple[tuple[int, int], ...] = ()
    lane: str = ""
    measured: Performance = field(default_factory=Performance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickup:
    """A service at one of its departures. ``arrives``: (zone, when it is delivered if all goes well).

    ``parcels``: room that is left; ``grams``: likewise, None = not limited. ``preliminary``: made by a calendar not
    official yet. ``contract``: by which key the service as it is on that day is found, empty = by its own.
    """

    service: str
    cutoff_us: int
    arrives: tuple[tuple[str, int], ...]
    parcels: int
    grams: int | None = None
    preliminary: bool = False
    contract: str = ""

    @property
    def key(self) -> str:
        """By what its service is found, with the terms that hold on its day."""
        return self.contract or self.service

    @property
    def id(self) -> str:
        """Unique as long as no service has two departures with one cut-off."""
        return f"{self.service}@{self.cutoff_us}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """A service, a lane or all of a carrier takes nothing for a while. ``until_us``: 0 = until somebody ends it."""

    reason: str
    from_us: int
    until_us: int = 0
    service: str = ""
    lane: str = ""
    carrier: str = ""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed of a service nobody knows: rates in parts per million, as if so many parcels had shown it."""

    late_ppm: int = 30_000
    damaged_ppm: int = 3_000
    parcels: int = 200


@dataclass(frozen=True, slots=True)
class Weights:
    """What trouble costs, in minor units a parcel. ``late_day``: each day after the promise; None = such is refused."""

    late: int = 0
    damaged: int = 0
    late_day: int | None = None


def shrunk_ppm(events: int, parcels: int, prior_ppm: int, prior_parcels: int) -> int:
    """A rate in parts per million, the nearer to the prior the fewer parcels there were."""
    weight = parcels + prior_parcels
    return (events * 1_000_000 + prior_ppm * prior_parcels + weight // 2) // weight if weight else prior_ppm


def chargeable_g(service: Service, mass_g: int, volume_mm3: int) -> int:
    """What the carrier charges for: the greater of mass and volume, rounded up as it does."""
    volumetric = -(-volume_mm3 // service.volume_per_g) if service.volume_per_g else 0
    return -(-max(mass_g, volumetric) // service.weight_unit_g) * service.weight_unit_g


def suspension_of(service: Service, suspensions: Iterable[Suspension], at_us: int) -> Suspension | None:
    """What keeps a service from taking parcels at an instant."""
    for one in suspensions:
        concerns = (
            one.service == service.id
            or (one.lane and one.lane == service.lane)
            or (one.carrier and one.carrier == service.carrier)
        )
        if concerns and one.from_us <= at_us and not (one.until_us and one.until_us <= at_us):
            return one
    return None
