"""A carrier that takes nothing any more: which parcels go another way, which stay, and which need a person.

Public names: Where, HeldPlace, PlaceMoved, PlaceStuck, Rerouted, rerouted, rechosen.

A parcel holds one place at one pickup. What lies in a lane or aboard stays; what was moved once does not come back when
the carrier does, unless nobody has released it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from edge.orders.articles import Goods
from edge.orders.eligibility import ParcelPlan, Quoted, ServiceRefusal, Terms
from edge.orders.plan import Planned, planned
from edge.orders.services import Pickup, Service, TransportMode, suspension_of


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
    """A parcel with its place."""

    parcel: ParcelPlan
    service: str
    pickup: str
    where: Where


@dataclass(frozen=True, slots=True)
class PlaceMoved:
    """A place given up for another one, in one transaction."""

    held: HeldPlace
    plan: Planned

    @property
    def service(self) -> str:
        """Who carries it from now on."""
        return self.plan.service

    @property
    def pickup(self) -> str:
        """Where its place is from now on."""
        return self.plan.pickup

    @property
    def label(self) -> str:
        """What becomes of the label that it has: on the belt nobody can change it; empty = it has none."""
        return {Where.PACKED: "void", Where.MOVING: "kept"}.get(self.held.where, "")


@dataclass(frozen=True, slots=True)
class PlaceStuck:
    """A parcel that would have to go another way, and what each pickup has against it."""

    held: HeldPlace
    refusals: tuple[ServiceRefusal, ...]


@dataclass(frozen=True, slots=True)
class Rerouted:
    """``stays``: goods that nobody can turn round any more; ``stuck``: all others that fit nowhere: an alarm."""

    moved: tuple[PlaceMoved, ...]
    stays: tuple[HeldPlace, ...]
    stuck: tuple[PlaceStuck, ...]


def rerouted(
    held: Iterable[HeldPlace], pickups: Iterable[Pickup], services: dict[str, Service], terms: Terms
) -> Rerouted:
    """New places for the parcels of suspended services. ``pickups``: with the room that is left beside what is held.

    What is under way and fits nowhere goes by whatever service there is, though it was ordered otherwise, and rather
    late than not at all. On the belt, dangerous goods stay on the ground or in the air, since their mark says which.
    """
    affected: dict[str, HeldPlace] = {}
    stays: list[HeldPlace] = []
    for one in held:
        if suspension_of(services[one.service], terms.suspensions, terms.now_us):
            if one.where in (Where.IN_LANE, Where.ABOARD):
                stays.append(one)
            else:
                affected[one.parcel.order] = one
    moved: list[PlaceMoved] = []
    left: dict[str, tuple[ServiceRefusal, ...]] = {}
    room = {one.id: one for one in pickups}
    marked = {name: one for name, one in affected.items() if _is_marked(one)}
    air = {name for name, one in marked.items() if services[one.service].mode is TransportMode.AIR}
    groups = (affected.keys() - marked.keys(), air, marked.keys() - air)
    for late in (False, True):
        for group, flies in zip(groups, (None, True, False), strict=True):
            ways = [one for one in room.values() if flies in (None, services[one.key].mode is TransportMode.AIR)]
            going = [affected[name] for name in sorted(group) if name in (left if late else affected)]
            if late:
                going = [one for one in going if one.where is not Where.UNRELEASED]
            if not going:
                continue
            how = terms
            if late and terms.weights.late_day is None:
                how = replace(terms, weights=replace(terms.weights, late_day=1))
            parcels = [replace(one.parcel, wish="") if late else one.parcel for one in going]
            plan = planned(parcels, ways, services, how)
            for done in plan.planned:
                moved.append(PlaceMoved(affected[done.parcel.order], done))
                left.pop(done.parcel.order, None)
                way = room[done.pickup]
                grams = None if way.grams is None else way.grams - done.parcel.mass_g
                room[done.pickup] = replace(way, parcels=way.parcels - 1, grams=grams)
            left |= {one.parcel.order: one.refusals for one in plan.left}
    return Rerouted(
        tuple(moved), tuple(stays), tuple(PlaceStuck(affected[name], why) for name, why in sorted(left.items()))
    )


def _is_marked(one: HeldPlace) -> bool:
    """Source: ADR 2025, 3.4.7 and 3.4.8: in the air limited quantities have a mark of their own."""
    return one.where is Where.MOVING and bool(one.parcel.goods & Goods.LIMITED_QUANTITY)


def rechosen(held: str, labelled: bool, now: Quoted) -> str:
    """The pickup of a parcel whose true weight is known: a cheaper one before the label is printed, never after.

    ``now``: quotes for the true weight, as the carriers charge it. Held although it is refused now = ``held`` is kept;
    the caller sees by the refusals that it must not go.
    """
    kept = next((quote for quote in now.quotes if quote.pickup == held), None)
    if labelled or not now.quotes or (kept is not None and kept.cost <= now.quotes[0].cost):
        return held
    return now.quotes[0].pickup
