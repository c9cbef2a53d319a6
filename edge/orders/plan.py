"""The shipping plan: each parcel gets a pickup and the latest instant at which it must be released, or a reason.

Public names: Lead, p90, release_by, Planned, Left, ShippingPlan, planned.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from edge.orders.assign import assigned
from edge.orders.eligibility import (
    ClassSteps,
    OrderClass,
    ParcelPlan,
    Quote,
    Quoted,
    RefusalCode,
    ServiceRefusal,
    Terms,
    classes_of,
    quoted,
)
from edge.orders.services import Pickup, Service


@dataclass(frozen=True, slots=True, order=True)
class Lead:
    """How long nine of ten parcels need from release to lane, if released from ``from_us`` on, until the next lead."""

    from_us: int
    lead_us: int


def p90(samples: Iterable[int], otherwise: int, least: int = 20) -> int:
    """What nine of ten samples do not exceed; ``otherwise`` where there are fewer than ``least``."""
    every = sorted(samples)
    return every[-(-len(every) * 9 // 10) - 1] if len(every) >= max(1, least) else otherwise


def release_by(cutoff_us: int, leads: Sequence[Lead], margin_us: int) -> int:
    """The latest release that reaches a cut-off: release + lead at that time + margin <= cut-off.

    ``leads``: at least one, in rising order; before the first one its lead holds.
    """
    until_us = cutoff_us
    for lead in reversed(leads):
        latest_us = min(cutoff_us - margin_us - lead.lead_us, until_us)
        if latest_us >= lead.from_us:
            return latest_us
        until_us = lead.from_us - 1
    return min(cutoff_us - margin_us - leads[0].lead_us, until_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A parcel with its pickup. ``quote``: that pickup's; ``best``: the three cheapest of its class.

    ``refusals``: why the others do not carry it, also cheaper ones that are full. All of it is kept with the parcel.
    """

    parcel: ParcelPlan
    service: str
    pickup: str
    cutoff_us: int
    release_by_us: int
    quote: Quote
    best: tuple[Quote, ...]
    refusals: tuple[ServiceRefusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """A parcel that nobody carries, and what each pickup has against it."""

    parcel: ParcelPlan
    refusals: tuple[ServiceRefusal, ...]


@dataclass(frozen=True, slots=True)
class ShippingPlan:
    """``cost``: of all that is planned, as expected, in minor units. ``refusals``: by class, also of planned ones."""

    planned: tuple[Planned, ...]
    left: tuple[Left, ...]
    cost: int
    refusals: dict[OrderClass, tuple[ServiceRefusal, ...]]


def planned(
    parcels: Iterable[ParcelPlan], pickups: Iterable[Pickup], services: dict[str, Service], terms: Terms
) -> ShippingPlan:
    """Urgent parcels choose first among all room, then the others among what is left. The same input, the same plan.

    Room in parcels is used exactly; room in grams is never exceeded, counting each parcel by the upper end of its step.
    """
    ways = sorted(pickups, key=lambda pickup: (pickup.cutoff_us, pickup.id))
    urgent: list[ParcelPlan] = []
    others: list[ParcelPlan] = []
    for one in parcels:
        (urgent if one.urgent else others).append(one)
    room = [way.parcels for way in ways]
    grams = [way.grams for way in ways]
    steps = ClassSteps.of(services[way.key] for way in ways)
    done: list[Planned] = []
    left: list[Left] = []
    cost = 0
    known: dict[OrderClass, Quoted] = {}
    for group in (urgent, others):
        classes = classes_of(group, steps)
        for key in classes:
            if key not in known:
                known[key] = quoted(key, ways, services, terms)
        flows = _within(classes, known, ways, room, grams)
        for (key, members), flow in zip(classes.items(), flows, strict=True):
            members.sort(key=lambda one: (-one.priority, one.ordered_us, one.order))
            best, rest = known[key].best, iter(members)
            quotes = {quote.pickup: quote for quote in known[key].quotes}
            for at, n in flow.items():  # the earlier departure for those who come first
                way = ways[at]
                by_us = terms.release_by_us[way.id]
                cost_here = quotes[way.id].cost
                why = (*(_full(quote) for quote in known[key].quotes if quote.cost < cost_here), *known[key].refusals)
                done += (
                    Planned(
                        parcel=one,
                        service=way.service,
                        pickup=way.id,
                        cutoff_us=way.cutoff_us,
                        release_by_us=by_us,
                        quote=quotes[way.id],
                        best=best,
                        refusals=why,
                    )
                    for one in islice(rest, n)
                )
                cost += cost_here * n
                room[at] -= n
                if (limit := grams[at]) is not None:
                    grams[at] = limit - n * key.upto_g
            why = (*map(_full, known[key].quotes), *known[key].refusals)
            left.extend(Left(one, why) for one in rest)
    return ShippingPlan(tuple(done), tuple(left), cost, {key: known[key].refusals for key in sorted(known)})


def _full(quote: Quote) -> ServiceRefusal:
    return ServiceRefusal(quote.pickup, RefusalCode.FULL)


def _within(
    classes: dict[OrderClass, list[ParcelPlan]],
    known: dict[OrderClass, Quoted],
    ways: list[Pickup],
    room: list[int],
    grams: list[int | None],
) -> tuple[dict[int, int], ...]:
    """Flows of the classes; while a pickup carries too many grams it gets room for fewer parcels."""
    place = {way.id: at for at, way in enumerate(ways)}
    costs = [{place[quote.pickup]: quote.cost for quote in known[key].quotes} for key in classes]
    units = [len(members) for members in classes.values()]
    space = list(room)
    while True:
        flows = assigned(costs, units, space).flows
        tight = False
        for at, limit in enumerate(grams):
            if limit is not None:
                carried = [(key.upto_g, flow[at]) for key, flow in zip(classes, flows, strict=True) if at in flow]
                mass = sum(upto * n for upto, n in carried)
                if mass > limit:
                    space[at] = sum(n for _, n in carried) * max(0, limit) // mass
                    tight = True
        if not tight:
            return flows
