"""The shipping plan of 100,000 orders, and its assignment beside HiGHS, by class and order by order, in one run.

Public names: main. Run: ``python -m bench.plan``.

``plan``: orders as they stand in memory to classes, quotes, pickups and waves; the memory is that of the whole process,
its orders included, before HiGHS is loaded. ``by class``: HiGHS has the same classes as ours, so the cost must be the
same. ``order by order``: HiGHS has a row for each order, as a solver is mostly asked; ours begins with the same orders.
These two are in seconds of the processor, HiGHS's without the making of its model.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
from random import Random
from time import perf_counter, process_time

from edge.orders.articles import Goods
from edge.orders.assign import assigned
from edge.orders.eligibility import ClassSteps, ParcelPlan, Terms, classes_of, quoted
from edge.orders.plan import planned
from edge.orders.services import Performance, Pickup, Rate, Service, Weights
from edge.orders.waves import Member, WaveLimits, pick_jobs, waves

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_ZONES = tuple(f"Z{n}" for n in range(12))
_GRAMS = (500, 1_000, 3_000, 5_000, 10_000, 20_000, 30_000)
_SKUS = 5_000


def main(argv: list[str] | None = None) -> int:
    """Prints seconds, memory and ratios; fails where the cost is not HiGHS's, or a goal is missed."""
    options = argparse.ArgumentParser(description="the shipping plan, and its assignment beside HiGHS's")
    options.add_argument("--orders", type=int, default=100_000, help="of the plan")
    options.add_argument("--single", type=int, default=20_000, help="orders that HiGHS is given one by one")
    given = options.parse_args(argv)
    chance = Random(1)
    services, pickups = _carriers(chance, given.orders)
    parcels = _parcels(chance, given.orders)
    terms = _terms(pickups)
    gc.collect()
    began = perf_counter()
    plan = planned(parcels, pickups, services, terms)
    planning = perf_counter() - began
    members = [
        Member(
            fulfilment=one.parcel.order,
            service=one.service,
            release_by_us=one.release_by_us,
            lines=((f"A{n % _SKUS}", 1),) if n % 3 else ((f"A{n % _SKUS}", 1), (f"A{n % 97}", 2)),
            priority=one.parcel.priority,
            urgent=one.parcel.urgent,
        )
        for n, one in enumerate(plan.planned)
    ]
    began = perf_counter()
    made = waves(members, WaveLimits())
    rounds = sum(len(pick_jobs(wave.members, WaveLimits())) for wave in made)
    waving = perf_counter() - began
    mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    classes = len(classes_of(parcels, ClassSteps.of(services.values())))
    print(f"{len(parcels):,} orders, {len(pickups)} pickups, {classes:,} classes: {len(plan.left):,} do not fit")
    print(f"plan {planning:.2f} s + {len(made):,} waves with {rounds:,} rounds {waving:.2f} s, {mb:.0f} MB")
    same, ratio = _besidesolved(parcels[: given.single], services, _shares(pickups, given.single / given.orders), terms)
    good = same and planning + waving <= 5 and mb <= 300 and ratio >= 20
    print("as wanted" if good else "NOT as wanted: at most 5 s and 300 MB, the same cost, at least 20 times as fast")
    return not good


def _carriers(chance: Random, orders: int) -> tuple[dict[str, Service], list[Pickup]]:
    services: dict[str, Service] = {}
    pickups: list[Pickup] = []
    for n in range(8):
        rates = tuple(
            Rate(
                zone,
                tuple(
                    (upto, 3_000 + chance.randrange(3_000) + upto * (2 + n % 3) // 10) for upto in _GRAMS[: 5 + n % 3]
                ),
                ((Goods.LIQUID, 300), (Goods.FRAGILE, 200)),
            )
            for zone in _ZONES
            if chance.random() < 0.9
        )
        takes = Goods.LIQUID | Goods.FRAGILE | (Goods.LIMITED_QUANTITY if n % 2 else Goods.LIQUID)
        measured = Performance(chance.randrange(9_000), chance.randrange(200), chance.randrange(20))
        name = f"S{n}"
        services[name] = Service(id=name, carrier=name, code="std", rates=rates, takes=takes, measured=measured)
        cutoff_us = (12 + n) * _HOUR_US
        arrives = tuple((zone, cutoff_us + (1 + chance.randrange(3)) * _DAY_US) for zone in _ZONES)
        pickups.append(Pickup(service=name, cutoff_us=cutoff_us, arrives=arrives, parcels=orders * 13 // 100))
    return services, pickups


def _parcels(chance: Random, orders: int) -> list[ParcelPlan]:
    special = (0, 0, 0, 0, int(Goods.LIQUID), int(Goods.FRAGILE), int(Goods.LIMITED_QUANTITY))
    return [
        ParcelPlan(
            order=f"O{n:07}",
            zone=chance.choice(_ZONES),
            mass_g=min(int(chance.expovariate(1 / 1_800)) + 50, 20_000),
            promised_us=chance.choice((0, 4 * _DAY_US, 5 * _DAY_US)),
            goods=chance.choice(special),
            priority=chance.randrange(3),
            urgent=chance.random() < 0.02,
            ordered_us=n,
        )
        for n in range(orders)
    ]


def _terms(pickups: list[Pickup]) -> Terms:
    return Terms(
        now_us=0,
        release_by_us={one.id: one.cutoff_us - 2 * _HOUR_US for one in pickups},
        weights=Weights(late=2_000, damaged=20_000),
    )


def _shares(pickups: list[Pickup], share: float) -> list[Pickup]:
    return [
        Pickup(service=one.service, cutoff_us=one.cutoff_us, arrives=one.arrives, parcels=int(one.parcels * share))
        for one in pickups
    ]


def _besidesolved(
    parcels: list[ParcelPlan], services: dict[str, Service], pickups: list[Pickup], terms: Terms
) -> tuple[bool, float]:
    """Whether the costs are the same, and how many times as fast ours is as HiGHS order by order."""
    from bench._highs import solved  # its memory is not ours

    place = {one.id: at for at, one in enumerate(pickups)}
    room = [one.parcels for one in pickups]
    began = process_time()
    classes = classes_of(parcels, ClassSteps.of(services.values()))
    costs = [
        {place[quote.pickup]: quote.cost for quote in quoted(key, pickups, services, terms).quotes} for key in classes
    ]
    units = [len(members) for members in classes.values()]
    from_orders = process_time() - began
    began = process_time()
    ours = assigned(costs, units, room)
    alone = process_time() - began
    fit = sum(units) - sum(ours.left)
    by_class_s, *by_class = solved(costs, units, room)
    single = [row for row, n in zip(costs, units, strict=True) for _ in range(n)]
    one_by_one_s, *one_by_one = solved(single, [1] * len(single), room)
    print(f"assignment of {len(parcels):,} orders: {fit:,} fit for {ours.cost:,}")
    print(f"  ours            {from_orders + alone:8.3f} s, {alone:.3f} s of it from the {len(units):,} classes on")
    print(f"  HiGHS by class  {by_class_s:8.3f} s, {by_class[0]:,} for {by_class[1]:,}")
    print(f"  HiGHS by order  {one_by_one_s:8.3f} s, {one_by_one[0]:,} for {one_by_one[1]:,}")
    ratio = one_by_one_s / (from_orders + alone)
    print(f"  HiGHS order by order takes {ratio:.0f} times as long as ours from the orders on")
    return [fit, ours.cost] == by_class == one_by_one, ratio


if __name__ == "__main__":
    sys.exit(main())
