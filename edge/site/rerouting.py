"""What follows where services take nothing: places move, drafts and labels follow, the lines and customers hear of it.

Public names: PlacesFollowed, HeldMember, follow, held_places, drafted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import sqlalchemy as sa

from edge.core.events import RouteDecided, Sorted
from edge.core.values.order import Order
from edge.orders.planning import Planning
from edge.orders.reroute import HeldPlace, PlaceMoved, Rerouted, Where, rerouted
from edge.orders.services import Suspension, suspension_of
from edge.orders.stages import FulfilmentState, FulfilmentTurn, moved
from edge.site import dialect, drafts, orders, outbox, sales, wave_rows
from edge.site import tables as floor
from edge.site.choosing import ParcelWanted, in_force, left_of, on_its_way, parcels_of, placed
from edge.site.delays import Delay, tell_delays
from edge.site.dialect import Lock
from edge.site.outbox import OutboxTold
from edge.site.sales import SaleChange
from edge.site.scope import portions_of, save_fulfilments
from edge.site.tables import carriers as tables
from edge.site.tables import parcels as labels
from edge.site.tables import picks
from edge.site.tables import sales as sales_tables

_DAY_US = 86_400_000_000
_S = FulfilmentState
_IN_LANE = {_S.SORTED: Where.IN_LANE, _S.LOADED: Where.ABOARD}
_IN_TOTE = frozenset({_S.RELEASED, _S.SHORT, _S.PICKED, _S.REFUSED, _S.VERIFIED, _S.PACKED})
_ON_BELT = (RouteDecided.__name__, Sorted.__name__)


@dataclass(frozen=True, slots=True)
class PlacesFollowed:
    """What became of released parcels, counted. ``drafts``: how many were planned anew; ``told``: customers."""

    suspension: int
    moved: int = 0
    relabel: int = 0
    stays: int = 0
    stuck: int = 0
    told: int = 0
    drafts: int = 0


@dataclass(frozen=True, slots=True)
class HeldMember:
    """A member of a released wave whose service takes nothing."""

    sales: str
    lines: dict[str, int]
    version: int
    held: HeldPlace
    delivered_us: int


def follow(
    db: sa.Connection, by: Planning, at_us: int, told: list[OutboxTold], *, replan: bool = True
) -> PlacesFollowed:
    """Has all that is held follow what is suspended now; the last of a transaction that has `Lock.SALES`."""
    by = in_force(db, replace(by, terms=replace(by.terms, now_us=at_us)))
    held = held_places(db, by)
    causes = _causes(db, by)
    ways = on_its_way(by)
    result = rerouted((one.held for one in held.values()), left_of(db, by.pickups), by.services, ways.terms)
    pickups = {one.id: one for one in by.pickups}
    places = []
    for one in result.moved:
        row = held[one.held.parcel.order]
        place = placed(one.plan, pickups[one.pickup], by, row.lines, row.version)
        places.append({"which": one.held.parcel.order, **{f"new_{name}": value for name, value in place.items()}})
    if places:
        its = picks.members
        names = [name.removeprefix("new_") for name in places[0] if name != "which"]
        values: dict[str, sa.BindParameter[object]] = {name: sa.bindparam(f"new_{name}") for name in names}
        db.execute(its.update().where(its.c.fulfilment == sa.bindparam("which")).values(values), places)
    anew = len(drafts.plan_within(db, by, at_us).new) if replan or result.moved else 0
    _log(db, result, causes, at_us)
    fresh = _keep_stuck(db, result, causes, at_us)
    delays = [
        Delay(
            one.held.parcel.order,
            one.held.parcel.promised_us,
            next((us for zone, us in pickups[one.pickup].arrives if zone == one.held.parcel.zone), 0),
            "suspended",
        )
        for one in result.moved
        if one.held.where is not Where.UNRELEASED
    ]
    late = tell_delays(db, delays, at_us)
    told = [*told, *_tell_lines(db, result, by, at_us), *fresh, *late]
    _note(db, held, result, by, causes, {one.subject for one in fresh}, at_us)
    outbox.append(db, told, at_us)
    return PlacesFollowed(
        0,
        len(result.moved),
        sum(1 for one in result.moved if one.label == "void"),
        len(result.stays),
        len(result.stuck),
        len(late),
        anew,
    )


def _suspended(by: Planning) -> list[str]:
    return [
        name
        for name, one in by.services.items()
        if name == one.id and suspension_of(one, by.terms.suspensions, by.terms.now_us)
    ]


def drafted(db: sa.Connection, by: Planning) -> bool:
    """Whether a draft is for a service that takes nothing."""
    its, wave = picks.members.c, picks.waves.c
    query = (
        sa.select(its.fulfilment)
        .join(picks.waves, wave.id == its.wave)
        .where(wave.released_us == 0, dialect.among(db, its.service, _suspended(by)))
    )
    return db.execute(query.limit(1)).scalar() is not None


def held_places(db: sa.Connection, by: Planning) -> dict[str, HeldMember]:
    """Places at suspended services whose parcels have not left, by fulfilment."""
    its, wave, state = picks.members.c, picks.waves.c, sales_tables.fulfilment_states.c
    order, label = floor.orders.c, labels.parcels.c
    query = (
        sa.select(picks.members, state.state, order.parcel, label.labelled_us)
        .join(picks.waves, wave.id == its.wave)
        .join(floor.orders, order.id == its.fulfilment)
        .outerjoin(sales_tables.fulfilment_states, state.fulfilment_id == its.fulfilment)
        .outerjoin(labels.parcels, sa.and_(label.fulfilment == its.fulfilment, label.voided_us == 0))
        .where(
            wave.released_us > 0,
            its.ended != "cancelled",
            sa.or_(its.ended != "shipped", its.cutoff_us > by.terms.now_us - _DAY_US),
            dialect.among(db, its.service, _suspended(by)),
        )
        .order_by(its.fulfilment)
    )
    rows = db.execute(query).all()
    plans = {row.fulfilment: msgspec.json.decode(row.body, type=wave_rows.MemberPlan) for row in rows}
    wanted = {row.fulfilment: ParcelWanted(row.sales_id, plans[row.fulfilment].lines) for row in rows}
    sources = parcels_of(db, by, wanted)
    moving = _on_belt(db, {row.fulfilment: row.labelled_us or 0 for row in rows if row.parcel})
    found: dict[str, HeldMember] = {}
    for row in rows:
        name, now = row.fulfilment, FulfilmentState(row.state or _S.RELEASED)
        where = _IN_LANE.get(now)
        if where is None and now in _IN_TOTE:
            where = Where.RELEASED
            if row.parcel:
                where = Where.MOVING if name in moving else Where.PACKED
        source = sources.get(name)
        if where is None or source is None:
            continue
        known = plans[name].parcel
        parcel = source.parcel if known is None else replace(source.parcel, mass_g=row.mass_g or source.parcel.mass_g)
        place = HeldPlace(parcel, row.service, row.pickup, where)
        found[name] = HeldMember(row.sales_id, plans[name].lines, plans[name].version, place, row.delivered_us)
    return found


def _on_belt(db: sa.Connection, labelled: Mapping[str, int]) -> set[str]:
    """Of parcels with labels, by fulfilment: those that a line routed since and of which it told no end."""
    mirror, names = floor.mirror.c, floor.mirror_refs.c
    query = (
        sa.select(names.ref, mirror.at_us, mirror.kind)
        .join(floor.mirror, sa.and_(mirror.node == names.node, mirror.seq == names.seq))
        .where(dialect.among(db, names.ref, labelled), mirror.kind.in_(_ON_BELT))
        .order_by(mirror.at_us, mirror.node, mirror.seq)
    )
    last = {ref: kind for ref, at_us, kind in db.execute(query) if at_us >= labelled[ref]}
    return {ref for ref, kind in last.items() if kind == RouteDecided.__name__}


def _causes(db: sa.Connection, by: Planning) -> dict[str, int]:
    """By service, the suspension that is in force; 0 = SITE.toml says it."""
    its, now_us = tables.suspensions.c, by.terms.now_us
    query = sa.select(tables.suspensions).where(its.ended_us == 0, its.from_us <= now_us).order_by(its.seq)
    known = [
        (
            row.seq,
            Suspension(
                reason=row.reason,
                from_us=row.from_us,
                until_us=row.until_us,
                service=row.service,
                lane=row.lane,
                carrier=row.carrier,
            ),
        )
        for row in db.execute(query)
    ]
    return {
        name: next((seq for seq, one in known if suspension_of(by.services[name], [one], now_us)), 0)
        for name in _suspended(by)
    }


def _log(db: sa.Connection, result: Rerouted, causes: Mapping[str, int], at_us: int) -> None:
    columns = ("at_us", "fulfilment", "suspension", "where", "service", "pickup", "to_service", "to_pickup", "label")
    dialect.bulk_insert(
        db,
        tables.moves,
        columns,
        (
            (
                at_us,
                one.held.parcel.order,
                causes.get(one.held.service, 0),
                str(one.held.where),
                one.held.service,
                one.held.pickup,
                one.service,
                one.pickup,
                one.label,
            )
            for one in result.moved
        ),
    )


def _keep_stuck(db: sa.Connection, result: Rerouted, causes: Mapping[str, int], at_us: int) -> list[OutboxTold]:
    """Who waits for somebody now; what the outbox is to say of those who did not before."""
    its = tables.stuck
    known = {row.fulfilment: row.since_us for row in db.execute(sa.select(its.c.fulfilment, its.c.since_us))}
    db.execute(its.delete())
    rows, told = [], []
    for one in result.stuck:
        name, cause = one.held.parcel.order, causes.get(one.held.service, 0)
        kept = [wave_rows.KeptRefusal(it.pickup, it.code, it.value, it.limit, it.reason) for it in one.refusals]
        rows.append((name, cause, known.get(name, at_us), msgspec.json.encode(kept).decode()))
        if name not in known:
            codes = sorted({str(it.code) for it in one.refusals})
            told.append(OutboxTold("parcel.stuck.v1", name, {"suspension": cause, "codes": codes}))
    dialect.bulk_insert(db, its, ("fulfilment", "suspension", "since_us", "body"), rows)
    return told


def _tell_lines(db: sa.Connection, result: Rerouted, by: Planning, at_us: int) -> list[OutboxTold]:
    """The lines hear of other carriers; labels of what is packed are void, since they name the one that is not."""
    moved_by = {one.held.parcel.order: one for one in result.moved}
    if not moved_by:
        return []
    void = [name for name, one in moved_by.items() if one.label == "void"]
    dialect.lock(db, Lock.ORDERS)
    save_fulfilments(db, [moved(one, FulfilmentTurn.RELABELLED) for _, one in sorted(portions_of(db, void).items())])
    its = labels.parcels
    gone = sa.and_(dialect.among(db, its.c.fulfilment, void), its.c.voided_us == 0)
    db.execute(its.update().where(gone).values(voided_us=at_us, used_us=at_us, by="", reason="suspended"))
    told: list[OutboxTold] = []
    now: list[Order] = []
    for order in orders.orders_where(db, dialect.among(db, floor.orders.c.id, moved_by)):
        service = by.services[moved_by[order.id].service]
        other = replace(order, carrier=service.carrier, service=service.code)
        told.append(_rerouted(order.id, moved_by[order.id], by))
        if order.id in void:
            told.append(OutboxTold("fulfilment.label-void.v1", order.id, {"labels": list(order.labels)}))
            other = replace(other, parcel=None, codes=())
        now.append(other)
    orders.put(db, now, at_us)
    return told


def _rerouted(name: str, one: PlaceMoved, by: Planning) -> OutboxTold:
    service = by.services[one.service]
    return OutboxTold("fulfilment.rerouted.v1", name, {"carrier": service.carrier, "service": service.code})


def _note(
    db: sa.Connection,
    held: Mapping[str, HeldMember],
    result: Rerouted,
    by: Planning,
    causes: Mapping[str, int],
    fresh: set[str],
    at_us: int,
) -> None:
    """In the stories of their orders; of those that fit nowhere since before, it stands there."""
    words = _words(db, set(causes.values()))
    noted: list[SaleChange] = []
    every: Sequence[tuple[HeldPlace, PlaceMoved | None]] = [
        *((one.held, one) for one in result.moved),
        *((one.held, None) for one in result.stuck),
    ]
    for place, one in every:
        name = place.parcel.order
        who, why = words.get(causes.get(place.service, 0), ("", ""))
        body: dict[str, str | int | list[str]] = {"fulfilment": name, "from": place.service, "where": str(place.where)}
        if one is not None:
            service = by.services[one.service]
            body |= {"carrier": service.carrier, "code": service.code, "pickup": one.pickup, "label": one.label}
        elif name not in fresh:
            continue
        what = "rerouted" if one is not None else "stuck"
        noted.append(SaleChange(order=held[name].sales, at_us=at_us, by=who, reason=why, what=what, body=body))
    sales.note_change(db, noted)


def _words(db: sa.Connection, numbers: Iterable[int]) -> dict[int, tuple[str, str]]:
    its = tables.suspensions.c
    query = sa.select(its.seq, its.by, its.reason).where(its.seq.in_(sorted(numbers)))
    return {row.seq: (row.by, row.reason) for row in db.execute(query)}
