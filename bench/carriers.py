"""Which carrier takes which parcel: 10,000 of them beside HiGHS, which is given each parcel as solvers mostly are.

Public names: main, Choices, made_up, ours, highs. Run: ``python -m bench.carriers``.

Ours begins with parcels as they stand in memory: classes, quotes with every refusal, assignment, a place for each
parcel. HiGHS begins with the quotes, which are ours, and has a row for each parcel; the making of its model is not
counted. Both take the same parcels at the same cost. Seconds are those of one processor.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from time import process_time

from edge.orders.articles import Goods
from edge.orders.eligibility import ClassSteps, ParcelPlan, Terms, classes_of, quoted
from edge.orders.plan import planned
from edge.orders.services import Performance, Pickup, Rate, Service, Weights

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_ZONES = tuple(f"Z{n}" for n in range(8))
_GRAMS = (500, 1_000, 3_000, 5_000, 10_000, 20_000, 30_000)


@dataclass(frozen=True)
class Choices:
    """Parcels, and what they are chosen by."""

    parcels: Sequence[ParcelPlan]
    pickups: Sequence[Pickup]
    services: dict[str, Service]
    terms: Terms


def made_up(count: int, seed: int = 1) -> Choices:
    """So many parcels, and eight services with three pickups each that have room for a little more."""
    chance = Random(seed)
    services: dict[str, Service] = {}
    pickups: list[Pickup] = []
    for n in range(8):
        rates = tuple(
            Rate(
                zone,
                tuple((upto, 3_000 + chance.randrange(3_000) + upto * (2 + n % 3) // 10) for upto in _GRAMS),
                ((Goods.LIQUID, 300), (Goods.FRAGILE, 200)),
            )
            for zone in _ZONES
            if chance.random() < 0.9
        )
        name = f"S{n}"
        services[name] = Service(
            id=name,
            carrier=name,
            code="std",
            rates=rates,
            takes=Goods.LIQUID | Goods.FRAGILE | (Goods.LIMITED_QUANTITY if n % 2 else Goods.LIQUID),
            volume_per_g=(0, 5_000, 6_000)[n % 3],
            weight_unit_g=(1, 500)[n % 2],
            fuel_ppm=n * 10_000,
            long_mm=((600, 500), (1_200, 1_800)) if n % 2 else (),
            measured=Performance(chance.randrange(9_000), chance.randrange(200), chance.randrange(20)),
        )
        for hour in (11, 15, 19):
            cutoff_us = hour * _HOUR_US + n
            arrives = tuple((zone, cutoff_us + (1 + chance.randrange(3)) * _DAY_US) for zone in _ZONES)
            room = count * 5 // 100
            pickups.append(Pickup(service=name, cutoff_us=cutoff_us, arrives=arrives, parcels=room))
    special = (0, 0, 0, 0, int(Goods.LIQUID), int(Goods.FRAGILE), int(Goods.LIMITED_QUANTITY))
    parcels = [
        ParcelPlan(
            order=f"O{n:07}",
            zone=chance.choice(_ZONES),
            mass_g=(grams := min(int(chance.expovariate(1 / 1_800)) + 50, 20_000)),
            volume_mm3=grams * chance.randrange(1_500, 9_000),
            longest_mm=chance.choice((200, 300, 400, 700, 1_300)),
            promised_us=chance.choice((0, 4 * _DAY_US, 5 * _DAY_US)),
            goods=chance.choice(special),
            priority=chance.randrange(3),
            ordered_us=n,
        )
        for n in range(count)
    ]
    by = {one.id: one.cutoff_us - 2 * _HOUR_US for one in pickups}
    return Choices(
        parcels, pickups, services, Terms(now_us=0, release_by_us=by, weights=Weights(late=2_000, damaged=20_000))
    )


def ours(given: Choices) -> tuple[float, int, int]:
    """(seconds, parcels that have a carrier, their cost)."""
    began = process_time()
    plan = planned(given.parcels, given.pickups, given.services, given.terms)
    return process_time() - began, len(plan.planned), plan.cost


def highs(given: Choices) -> tuple[float, int, int]:
    """The same of HiGHS, with a row for each parcel; only its run is counted."""
    from bench._highs import solved  # its libraries are for measuring alone

    place = {one.id: at for at, one in enumerate(given.pickups)}
    costs: list[dict[int, int]] = []
    steps = ClassSteps.of(given.services.values())
    for key, members in classes_of(given.parcels, steps).items():
        quotes = quoted(key, given.pickups, given.services, given.terms).quotes
        costs += [{place[one.pickup]: one.cost for one in quotes}] * len(members)
    return solved(costs, [1] * len(costs), [one.parcels for one in given.pickups])


def main(argv: list[str] | None = None) -> int:
    """Prints parcels a second of a core and the ratio; fails where the cost is not HiGHS's, or it is under 3 times."""
    options = argparse.ArgumentParser(description="carriers chosen for parcels, beside HiGHS")
    options.add_argument("--parcels", type=int, default=10_000)
    given = made_up(options.parse_args(argv).parcels)
    took, fit, cost = ours(given)
    other, *theirs = highs(given)
    count = len(given.parcels)
    classes = len(classes_of(given.parcels, ClassSteps.of(given.services.values())))
    print(f"{count:,} parcels, {classes:,} classes, {len(given.pickups)} pickups: {fit:,} have a carrier for {cost:,}")
    print(f"  ours   {took:8.3f} s, {count / took:10,.0f} parcels a second")
    print(f"  HiGHS  {other:8.3f} s, {count / other:10,.0f} parcels a second, {theirs[0]:,} for {theirs[1]:,}")
    print(f"  HiGHS takes {other / took:.1f} times as long")
    good = [fit, cost] == theirs and other >= 3 * took
    print("as wanted" if good else "NOT as wanted: the same parcels at the same cost, 3 times as fast")
    return not good


if __name__ == "__main__":
    sys.exit(main())
