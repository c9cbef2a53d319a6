"""Which pickups may carry an order, what each would cost, and why the others may not.

Public names: ParcelPlan, OrderClass, ClassSteps, classes_of, Quote, ServiceRefusal, RefusalCode, Quoted, Terms, quoted.

Price, promise and limits depend on nothing but zone, weight step, promise and goods, so orders are judged by class: a
hundred thousand are some hundreds. Sizes and amounts due are steps too, those between which services differ.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from edge.orders.articles import Goods
from edge.orders.services import (
    Pickup,
    Prior,
    Rate,
    Service,
    Suspension,
    TransportMode,
    Weights,
    chargeable_g,
    shrunk_ppm,
    suspension_of,
)

_DAY_US = 86_400_000_000
_GROUND_ONLY = int(Goods.GROUND_ONLY)
_COD = int(Goods.COD)
_BEYOND = 1 << 60
"""The step of what is over every limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelPlan:
    """A parcel to be planned. ``promised_us``: the end of the promised day at the consignee's, 0 = none.

    ``ship_by_us``: by when it must be handed over, as channels demand it, 0 = whenever. ``wish``: the service that was
    ordered, empty = any. ``cod_due``: minor units to be taken at the door.
    """

    order: str
    zone: str
    mass_g: int
    promised_us: int = 0
    ship_by_us: int = 0
    goods: int = 0  # of Goods
    longest_mm: int = 0
    volume_mm3: int = 0
    cod_due: int = 0
    wish: str = ""
    priority: int = 0
    urgent: bool = False
    ordered_us: int = 0


class OrderClass(NamedTuple):
    """What all orders of a class have in common; ``upto``: the upper end of their step."""

    zone: str
    upto_g: int
    promised_us: int
    ship_by_us: int
    goods: int
    upto_mm: int
    upto_mm3: int
    upto_due: int
    wish: str


@dataclass(frozen=True, slots=True)
class ClassSteps:
    """Between which numbers no service makes a difference, in rising order."""

    grams: tuple[int, ...]
    mm: tuple[int, ...]
    mm3: tuple[int, ...]
    due: tuple[int, ...]

    @classmethod
    def of(cls, services: Iterable[Service]) -> ClassSteps:
        """Those of the services that may be chosen."""
        every = tuple(services)
        charged = {
            (service, upto // service.weight_unit_g * service.weight_unit_g)
            for service in every
            for rate in service.rates
            for upto, _ in rate.steps
        }
        grams = {upto for _, upto in charged} - {0}
        mm3 = {upto * service.volume_per_g for service, upto in charged} - {0}
        mm = {service.longest_mm for service in every} | {over for one in every for over, _ in one.long_mm}
        mm -= {0}
        due = {service.cod_limit for service in every} - {0}
        return cls(*(tuple(sorted(some)) for some in (grams, mm, mm3, due)))


def classes_of(parcels: Iterable[ParcelPlan], steps: ClassSteps) -> dict[OrderClass, list[ParcelPlan]]:
    """Every parcel in its class; classes in the order in which they sort."""
    grams, mm, mm3, due = ((*some, _BEYOND) for some in (steps.grams, steps.mm, steps.mm3, steps.due))
    found: dict[OrderClass, list[ParcelPlan]] = {}
    for one in parcels:
        key = OrderClass(
            one.zone,
            grams[bisect_left(grams, one.mass_g)],
            one.promised_us,
            one.ship_by_us,
            one.goods,
            mm[bisect_left(mm, one.longest_mm)],
            mm3[bisect_left(mm3, one.volume_mm3)],
            due[bisect_left(due, one.cod_due)],
            one.wish,
        )
        if (members := found.get(key)) is None:
            found[key] = [one]
        else:
            members.append(one)
    return {key: found[key] for key in sorted(found)}


class RefusalCode(StrEnum):
    """Why a pickup may not carry a class."""

    NOT_WISHED = "not-wished"
    SUSPENDED = "suspended"
    CUT_OFF = "cut-off-passed"
    NO_ZONE = "no-zone"
    GOODS = "goods"
    TOO_LONG = "too-long"
    COD = "cod-limit"
    TOO_HEAVY = "too-heavy"
    TOO_LATE = "too-late"
    LEAVES_LATE = "leaves-late"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class ServiceRefusal:
    """``value`` is what it is, ``limit`` what it may be: grams, mm, minor units, instants or `Goods`, by the code."""

    pickup: str
    code: RefusalCode
    value: int = 0
    limit: int = 0
    reason: str = ""  # of a suspension, as it was given


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a pickup costs a parcel of the class, in minor units: rate, surcharges, and trouble as it is expected."""

    pickup: str
    cost: int
    rate: int
    surcharge: int
    lateness: int
    damage: int
    late_us: int = 0  # after the promise


@dataclass(frozen=True, slots=True)
class Quoted:
    """``quotes``: the cheapest first."""

    quotes: tuple[Quote, ...]
    refusals: tuple[ServiceRefusal, ...]

    @property
    def best(self) -> tuple[Quote, ...]:
        """The three that are kept with the order."""
        return self.quotes[:3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a choice goes by. ``release_by_us``: of each pickup, by id: the latest release that still reaches it."""

    now_us: int
    release_by_us: dict[str, int]
    suspensions: tuple[Suspension, ...] = ()
    weights: Weights = field(default_factory=Weights)
    prior: Prior = field(default_factory=Prior)


def quoted(one: OrderClass, pickups: Sequence[Pickup], services: dict[str, Service], terms: Terms) -> Quoted:
    """Every pickup's price for a class, or the first reason against it."""
    quotes: list[Quote] = []
    refusals: list[ServiceRefusal] = []
    offers: dict[str, _Offer] = {}
    for pickup in pickups:
        if (offer := offers.get(pickup.key)) is None:
            offer = offers[pickup.key] = _offer(one, services[pickup.key], terms)
        judged = _judged(one, pickup, offer, terms)
        if isinstance(judged, Quote):
            quotes.append(judged)
        else:
            refusals.append(judged)
    return Quoted(tuple(sorted(quotes, key=lambda quote: (quote.cost, quote.pickup))), tuple(refusals))


@dataclass(slots=True)
class _Offer:
    """What a service says of a class whatever the pickup. ``early``: what is said before its times are looked at."""

    early: tuple[RefusalCode, int, int, str] | None = None
    late: tuple[RefusalCode, int, int, str] | None = None
    price: int = 0
    surcharge: int = 0
    lateness: int = 0
    damage: int = 0


def _offer(one: OrderClass, service: Service, terms: Terms) -> _Offer:
    if one.wish and one.wish != service.id:
        return _Offer((RefusalCode.NOT_WISHED, 0, 0, ""))
    if suspended := suspension_of(service, terms.suspensions, terms.now_us):
        return _Offer((RefusalCode.SUSPENDED, terms.now_us, suspended.until_us, suspended.reason))
    goods, takes = one.goods, int(service.takes)  # numbers: a flag takes ten times as long
    rate = next((rate for rate in service.rates if rate.zone == one.zone), None)
    if rate is None:
        return _Offer(late=(RefusalCode.NO_ZONE, 0, 0, ""))
    if refused := goods & ~takes & ~(0 if service.mode is TransportMode.AIR else _GROUND_ONLY):
        return _Offer(late=(RefusalCode.GOODS, refused, takes, ""))
    if service.longest_mm and one.upto_mm > service.longest_mm:
        return _Offer(late=(RefusalCode.TOO_LONG, one.upto_mm, service.longest_mm, ""))
    if goods & _COD and service.cod_limit and one.upto_due > service.cod_limit:
        return _Offer(late=(RefusalCode.COD, one.upto_due, service.cod_limit, ""))
    charged_g = chargeable_g(service, one.upto_g, one.upto_mm3)
    price = _price(rate, charged_g)
    if price is None:
        return _Offer(late=(RefusalCode.TOO_HEAVY, charged_g, rate.steps[-1][0] if rate.steps else 0, ""))
    surcharge = sum(amount for its, amount in rate.surcharges if goods & int(its)) if goods else 0
    surcharge += next((amount for over, amount in reversed(service.long_mm) if one.upto_mm > over), 0)
    surcharge += price * service.fuel_ppm // 1_000_000
    weights, prior, measured = terms.weights, terms.prior, service.measured
    late_ppm = shrunk_ppm(measured.late, measured.parcels, prior.late_ppm, prior.parcels) if one.promised_us else 0
    damaged_ppm = shrunk_ppm(measured.damaged, measured.parcels, prior.damaged_ppm, prior.parcels)
    lateness, damage = weights.late * late_ppm // 1_000_000, weights.damaged * damaged_ppm // 1_000_000
    return _Offer(None, None, price, surcharge, lateness, damage)


def _judged(one: OrderClass, pickup: Pickup, offer: _Offer, terms: Terms) -> Quote | ServiceRefusal:
    name = pickup.id
    if offer.early:
        return ServiceRefusal(name, *offer.early)
    if (release_by_us := terms.release_by_us[name]) < terms.now_us:
        return ServiceRefusal(name, RefusalCode.CUT_OFF, terms.now_us, release_by_us)
    arrives_us = next((us for zone, us in pickup.arrives if zone == one.zone), None)
    if arrives_us is None:
        return ServiceRefusal(name, RefusalCode.NO_ZONE)
    if offer.late:
        return ServiceRefusal(name, *offer.late)
    late_us = max(0, arrives_us - one.promised_us) if one.promised_us else 0
    leaves_late_us = max(0, pickup.cutoff_us - one.ship_by_us) if one.ship_by_us else 0
    late_day = terms.weights.late_day
    if late_day is None and late_us:
        return ServiceRefusal(name, RefusalCode.TOO_LATE, arrives_us, one.promised_us)
    if late_day is None and leaves_late_us:
        return ServiceRefusal(name, RefusalCode.LEAVES_LATE, pickup.cutoff_us, one.ship_by_us)
    late_us = max(late_us, leaves_late_us)
    if pickup.parcels <= 0:
        return ServiceRefusal(name, RefusalCode.FULL)
    lateness = offer.lateness + -(-late_us // _DAY_US) * (late_day or 0)
    return Quote(
        pickup=name,
        cost=offer.price + offer.surcharge + lateness + offer.damage,
        rate=offer.price,
        surcharge=offer.surcharge,
        lateness=lateness,
        damage=offer.damage,
        late_us=late_us,
    )


def _price(rate: Rate, grams: int) -> int | None:
    return next((price for upto, price in rate.steps if grams <= upto), None)
