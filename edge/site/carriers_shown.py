"""What people see of carriers: which one was chosen for a parcel and why, pickups with their room, how services did.

Public names: CarrierChoice, choices_of, PickupRow, pickup_rows, fates_of, performance, sent_between, SentParcel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from edge.orders.eligibility import ParcelPlan, Quote, ServiceRefusal
from edge.orders.planning import Planning
from edge.orders.scorecard import ParcelFate, performance_of, scored
from edge.orders.services import Performance, suspension_of
from edge.orders.tracking import ParcelCode
from edge.site import dialect, wave_rows
from edge.site.choosing import in_force
from edge.site.tables import picks as tables
from edge.site.tables import tracking

_NEWEST = 20_000
"""Parcels that left last: what services are judged by when one is chosen."""
_GONE = "shipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierChoice:
    """Who carries a fulfilment. ``best``: the three cheapest pickups; ``refusals``: what the others had against it.

    ``freight``: what it costs, in minor units; ``due_us``: when the carrier says that it arrives. ``released``: else it
    is a draft, which the next plan may change.
    """

    fulfilment: str
    carrier: str
    code: str
    service: str
    pickup: str
    cutoff_us: int
    due_us: int
    promised_us: int
    mass_g: int
    freight: int
    released: bool
    best: tuple[Quote, ...]
    refusals: tuple[ServiceRefusal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PickupRow:
    """A pickup that is to come. ``parcels``, ``grams``: all its room, None = not limited; ``taken``: by released
    parcels, ``drafted``: by drafts. ``suspended``: why it takes nothing, empty = it does.
    """

    id: str
    service: str
    carrier: str
    cutoff_us: int
    parcels: int
    taken: int
    drafted: int
    grams: int | None
    taken_g: int
    preliminary: bool
    suspended: str


@dataclass(frozen=True, slots=True)
class SentParcel:
    """A parcel that was released: when, as it was planned, and what it cost."""

    released_us: int
    parcel: ParcelPlan
    freight: int


def choices_of(db: sa.Connection, orders: Iterable[str]) -> list[CarrierChoice]:
    """Of the fulfilments of some orders, by their ids; of the order that leads where several ship together."""
    its, wave = tables.members.c, tables.waves.c
    query = sa.select(tables.members, wave.released_us).join(tables.waves, wave.id == its.wave)
    query = query.where(dialect.among(db, its.sales_id, orders)).order_by(its.fulfilment)
    return [_choice(row) for row in db.execute(query)]


def _choice(row: sa.Row[Any]) -> CarrierChoice:
    plan = msgspec.json.decode(row.body, type=wave_rows.MemberPlan)
    quotes = [
        Quote(
            pickup=one.pickup,
            cost=one.cost,
            rate=one.rate,
            surcharge=one.surcharge,
            lateness=one.lateness,
            damage=one.damage,
            late_us=one.late_us,
        )
        for one in plan.best
    ]
    return CarrierChoice(
        fulfilment=row.fulfilment,
        carrier=row.carrier,
        code=row.code,
        service=row.service,
        pickup=row.pickup,
        cutoff_us=row.cutoff_us,
        due_us=row.due_us,
        promised_us=row.promised_us,
        mass_g=row.mass_g,
        freight=row.freight,
        released=bool(row.released_us),
        best=tuple(quotes[:3]),
        refusals=tuple(ServiceRefusal(one.pickup, one.code, one.value, one.limit, one.reason) for one in plan.refusals),
    )


def pickup_rows(db: sa.Connection, by: Planning, until_us: int) -> list[PickupRow]:
    """Pickups that close before an instant, in order."""
    by = in_force(db, by)
    its, wave = tables.members.c, tables.waves.c
    ways = sorted((one for one in by.pickups if one.cutoff_us < until_us), key=lambda one: (one.cutoff_us, one.id))
    gone = wave.released_us > 0  # one expression: PostgreSQL takes two with parameters of their own for two
    query = (
        sa.select(its.pickup, gone, sa.func.count(), sa.func.sum(its.mass_g))
        .join(tables.waves, wave.id == its.wave)
        .where(dialect.among(db, its.pickup, (one.id for one in ways)), its.ended != "cancelled")
        .group_by(its.pickup, gone)
    )
    count = {(pickup, bool(out)): (int(n), int(grams)) for pickup, out, n, grams in db.execute(query)}
    found = []
    for one in ways:
        service = by.services[one.key]
        taken, taken_g = count.get((one.id, True), (0, 0))
        stop = suspension_of(service, by.terms.suspensions, by.terms.now_us)
        found.append(
            PickupRow(
                id=one.id,
                service=one.service,
                carrier=service.carrier,
                cutoff_us=one.cutoff_us,
                parcels=one.parcels,
                taken=taken,
                drafted=count.get((one.id, False), (0, 0))[0],
                grams=one.grams,
                taken_g=taken_g,
                preliminary=one.preliminary,
                suspended="" if stop is None else stop.reason,
            )
        )
    return found


def fates_of(db: sa.Connection, since_us: int, until_us: int, newest: int = 0) -> list[ParcelFate]:
    """Of parcels that came into their carrier's lane in a time. ``newest``: only so many of them, 0 = all.

    What became of them behind the door is known as far as carriers' words are kept.
    """
    its = tables.members.c
    query = sa.select(its.fulfilment, its.service, its.promised_us, its.due_us, its.freight).where(
        its.ended == _GONE, its.ended_us >= since_us, its.ended_us < until_us
    )
    if newest:
        query = query.order_by(its.ended_us.desc()).limit(newest)
    rows = db.execute(query).all()
    told = _told(db, (row.fulfilment for row in rows))
    return [
        ParcelFate(
            service=row.service,
            promised_us=row.promised_us,
            due_us=row.due_us,
            freight=row.freight,
            **told.get(row.fulfilment, {}),
        )
        for row in rows
    ]


def _told(db: sa.Connection, fulfilments: Iterable[str]) -> Mapping[str, dict[str, Any]]:
    """What is told of parcels behind the door, by fulfilment."""
    state, track = tracking.states.c, tracking.tracks.c
    query = (
        sa.select(track.fulfilment, tracking.states)
        .join(tracking.states, state.sscc == track.sscc)
        .where(dialect.among(db, track.fulfilment, fulfilments))
    )
    return {
        row.fulfilment: {
            "departed_us": row.departed_us,
            "scanned_us": row.scanned_us,
            "delivered_us": row.delivered_us,
            "lost": row.state == ParcelCode.LOST,
            "damaged": ParcelCode.DAMAGED in row.flags.split(),
        }
        for row in db.execute(query)
    }


def performance(db: sa.Connection, at_us: int) -> Mapping[str, Performance]:
    """How services did of late, by name."""
    return performance_of(scored(fates_of(db, 0, at_us, _NEWEST), at_us))


def sent_between(db: sa.Connection, since_us: int, until_us: int) -> list[SentParcel]:
    """Parcels of waves that were released in a time, as they were planned."""
    its, wave = tables.members.c, tables.waves.c
    query = (
        sa.select(its.body, its.freight, wave.released_us)
        .join(tables.waves, wave.id == its.wave)
        .where(wave.released_us >= since_us, wave.released_us < until_us, its.ended != "cancelled")
        .order_by(wave.released_us, its.fulfilment)
    )
    found = []
    for row in db.execute(query):
        plan = msgspec.json.decode(row.body, type=wave_rows.MemberPlan)
        if plan.parcel is not None:
            found.append(SentParcel(row.released_us, plan.parcel, row.freight))
    return found
