"""A carrier that takes nothing any more: which parcels go another way, which stay, and which need a person.

Public names: Where, HeldPlace, PlaceMoved, Rerouted, rerouted, rechosen.

A parcel holds one place at one pickup. What lies in a lane or aboard stays; what was moved once does not come back when
the carrier does, unless nobody has released it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from edge.orders.eligibility import ParcelPlan, Quoted, Terms
from edge.orders.plan import planned
from edge.orders.services import Pickup, Service, suspension_of


class Where(StrEnum):
    """How far a parcel is, as far as its carrier can still be another one."""

    UNRELEASED = "unreleased"
    RELEASED = "released"  # no label yet
    PACKED = "packed"  # its label must be a new one
    MOVING = "moving"  # on the belt: a feed row turns it before the divert, the reject lane after it
    IN_LANE = "in-lane"
    ABOARD = "aboard"


@dataclass(frozen=True, slots=True)
class HeldPlace:
    """A parcel with its place. ``moved``: it was rerouted before."""

    parcel: ParcelPlan
    service: str
    pickup: str
    where: Where
    moved: bool = False


@dataclass(frozen=True, slots=True)
class PlaceMoved:
    """A place given up for another one, in one transaction."""

    held: HeldPlace
    service: str
    pickup: str


@dataclass(frozen=True, slots=True)
class Rerouted:
    """``stays``: goods that nobody can turn round any more; ``stuck``: all others that fit nowhere: an alarm."""

    moved: tuple[PlaceMoved, ...]
    stays: tuple[HeldPlace, ...]
    stuck: tuple[HeldPlace, ...]


def rerouted(
    held: Iterable[HeldPlace], pickups: Iterable[Pickup], services: dict[str, Service], terms: Terms
) -> Rerouted:
    """New places for the parcels of suspended services. ``pickups``: with the room that is left beside what is held."""
    affected: dict[str, HeldPlace] = {}
    stays: list[HeldPlace] = []
    for one in held:
        if suspension_of(services[one.service], terms.suspensions, terms.now_us):
            if one.where in (Where.IN_LANE, Where.ABOARD):
                stays.append(one)
            else:
                affected[one.parcel.order] = one
    plan = planned((one.parcel for one in affected.values()), pickups, services, terms)
    return Rerouted(
        tuple(PlaceMoved(affected[done.parcel.order], done.service, done.pickup) for done in plan.planned),
        tuple(stays),
        tuple(affected[left.parcel.order] for left in plan.left),
    )


def rechosen(held: str, labelled: bool, now: Quoted) -> str:
    """The pickup of a parcel whose true weight is known: a cheaper one before the label is printed, never after.

    ``now``: quotes for the true weight, as the carriers charge it. Held although it is refused now = ``held`` is kept;
    the caller sees by the refusals that it must not go.
    """
    kept = next((quote for quote in now.quotes if quote.pickup == held), None)
    if labelled or not now.quotes or (kept is not None and kept.cost <= now.quotes[0].cost):
        return held
    return now.quotes[0].pickup
