"""A wave is released: every member gets its bins or stays behind, and the rounds of its pickers are made, all in one.

Public names: Lacking, Release, released.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from edge.orders.allocation import Offer, Refused, chosen
from edge.orders.articles import Article
from edge.orders.picking import BinPlace, PickLine, PickTask, walk
from edge.orders.reservations import Reservation, ReservationEvent, stepped
from edge.orders.stock import BinKey, BookChange
from edge.orders.waves import Member, Wave, WaveLimits, pick_jobs


@dataclass(frozen=True, slots=True)
class Lacking:
    """A member that is not released, as units of one SKU are missing; ``refused``: bins that have some, and why not.

    ``missing`` 0: its order was changed since it was planned.
    """

    fulfilment: str
    sku: str
    missing: int
    refused: tuple[tuple[BinKey, Refused], ...]


@dataclass(frozen=True, slots=True)
class Release:
    """To be done in one transaction. ``soft``: reservations that go, ``hard``: that come, each of one of ``owners``;
    ``change``: of the books.
    """

    members: tuple[Member, ...]
    soft: tuple[Reservation, ...]
    hard: tuple[Reservation, ...]
    owners: tuple[str, ...]
    change: BookChange
    tasks: tuple[PickTask, ...]
    lacking: tuple[Lacking, ...]


def released(
    wave: Wave,
    reservations: Mapping[str, Sequence[Reservation]],
    offers: Iterable[Offer],
    articles: Mapping[str, Article],
    delivered_us: Mapping[str, int],
    places: Mapping[str, BinPlace],
    limits: WaveLimits,
    now_us: int,
) -> Release:
    """``reservations``: the soft ones of each fulfilment; ``delivered_us``: of each, when it is to arrive, none = now.

    A member goes with all that it has reserved or not at all; who comes first takes first. ``offers``: of all its SKUs.
    """
    by_sku: dict[str, list[Offer]] = {}
    for offer in sorted(offers, key=lambda offer: offer.key):
        by_sku.setdefault(offer.key.sku, []).append(offer)
    free = {offer.key: offer.free for rows in by_sku.values() for offer in rows}
    members: list[Member] = []
    soft: list[Reservation] = []
    hard: dict[str, list[Reservation]] = {}
    changes: list[BookChange] = []
    lacking: list[Lacking] = []
    for member in wave.members:
        left = dict(free)
        mine: list[Reservation] = []
        effects: list[BookChange] = []
        wanted = sorted(reservations.get(member.fulfilment, ()), key=lambda one: (one.sku, one.line))
        for one in wanted:
            article = articles.get(one.sku) or Article(sku=one.sku)
            choice = chosen(
                (replace(offer, free=left[offer.key]) for offer in by_sku.get(one.sku, ())),
                one.quantity,
                now_us,
                max(now_us, delivered_us.get(member.fulfilment, now_us)),
                article.min_life_us,
                article.single_lot,
            )
            if choice.missing:
                lacking.append(Lacking(member.fulfilment, one.sku, choice.missing, choice.refused))
                break
            rest: Reservation | None = one
            for take in choice.takes:
                assert rest is not None, "a choice takes no more than is wanted"
                now, rest, effect = stepped(rest, ReservationEvent.ALLOCATED, take.quantity, take.key)
                left[take.key] -= take.quantity
                mine.append(now)
                effects.append(effect)
        else:
            free = left
            members.append(member)
            soft.extend(wanted)
            hard[member.fulfilment] = mine
            changes += effects
    return Release(
        tuple(members),
        tuple(soft),
        tuple(one for mine in hard.values() for one in mine),
        tuple(name for name, mine in hard.items() for _ in mine),
        BookChange.summed(changes),
        tuple(_tasks(wave, members, hard, places, limits)),
        tuple(lacking),
    )


def _tasks(
    wave: Wave,
    members: list[Member],
    hard: Mapping[str, list[Reservation]],
    places: Mapping[str, BinPlace],
    limits: WaveLimits,
) -> Iterable[PickTask]:
    for n, job in enumerate(pick_jobs(members, limits), start=1):
        units: dict[tuple[BinKey, str], int] = {}
        for member in job.members:
            for one in hard[member.fulfilment]:
                if one.at:
                    key = (one.at, member.fulfilment)
                    units[key] = units.get(key, 0) + one.quantity
        names = {key.bin for key, _ in units}
        turn = {name: at for at, name in enumerate(walk({name: places.get(name, BinPlace(0, 0)) for name in names}))}
        ordered = sorted(units, key=lambda row: (turn[row[0].bin], row))
        yield PickTask(
            id=f"{wave.id}-{n}",
            wave=wave.id,
            mode=job.mode,
            lines=tuple(
                PickLine(n=place, fulfilment=fulfilment, at=key, quantity=units[key, fulfilment])
                for place, (key, fulfilment) in enumerate(ordered, start=1)
            ),
            urgent=wave.urgent,
            release_by_us=wave.release_by_us,
        )
