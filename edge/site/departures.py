"""Parcels from the line's last word of them on: sorted, departed, in shipments of one consignee, and with which load.

Public names: follow, weights, GoodsWeight.

What the line calls shipped means that a parcel lies in its carrier's lane; it has left when its load is closed.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from edge.core.events import LoadClosed, OrderShipped
from edge.orders.articles import Goods
from edge.orders.tracking import CarrierWord, ParcelCode, TrackRules
from edge.site import dialect, orders, tracking
from edge.site import tables as floor
from edge.site.dialect import Lock
from edge.site.outbox import OutboxTold
from edge.site.tables import parcels as labels
from edge.site.tables import sales as sales_tables
from edge.site.tables import stations as packed_tables
from edge.site.tables import stock as stock_tables
from edge.site.tables import tracking as tables

_TOKEN = 16
"""Octets: nobody finds one by trying."""
_SAID = (ParcelCode.LABELLED, ParcelCode.SORTED, ParcelCode.HANDED_OVER)
"""What other events tell."""
_BEFORE_US = 30 * 86_400_000_000
_TRACK = (
    *("sscc", "fulfilment", "sales_id", "carrier", "service", "number", "shipment", "piece", "promised"),
    *("promised_us", "token", "made_us"),
)


@dataclass(frozen=True, slots=True)
class GoodsWeight:
    """Of a parcel's goods. ``mass_g`` 0: nobody knows. ``limited``: dangerous goods in limited quantities are in it."""

    mass_g: int = 0
    limited: bool = False


@dataclass(slots=True)
class _Left:
    fulfilment: str
    carrier: str
    service: str
    at_us: int
    load: str = ""


def follow(db: sa.Connection, values: Iterable[object], rules: TrackRules) -> list[OutboxTold]:
    """What the journals tell of parcels that are sorted or have left; what others may know of it."""
    sorted_: dict[str, _Left] = {}
    lines: dict[str, str] = {}
    loads: list[LoadClosed] = []
    for one in values:
        match one:
            case OrderShipped(order=order, parcel=parcel, at_us=at_us, line=line) if parcel:
                sorted_.setdefault(_sscc(parcel), _Left(order, "", "", at_us))
                lines.setdefault(_sscc(parcel), line)
            case LoadClosed():
                loads.append(one)
            case _:  # nothing of a parcel that leaves
                pass
    left = {
        _sscc(one.parcel): _Left(one.order, one.carrier, one.service, load.at_us, load.load.id)
        for load in loads
        for one in (*load.aboard, *load.wrong)
        if one.order and one.parcel
    }
    if not sorted_ and not left:
        return []
    dialect.lock(db, Lock.TRACKING)
    _begin(db, {**sorted_, **left})
    shipped = _ship(db, left)
    told = _depart(db, loads)
    sorted_now = _tell(
        db, "line", ParcelCode.SORTED, sorted_, {sscc: f"{sscc}@{one.at_us}" for sscc, one in sorted_.items()}, lines
    )
    docks = {load.load.id: load.load.dock for load in loads}
    at_door = {sscc: docks[one.load] for sscc, one in left.items()}
    left_now = _tell(
        db, "dock", ParcelCode.HANDED_OVER, left, {sscc: f"{one.load}:{sscc}" for sscc, one in left.items()}, at_door
    )
    moved = tracking.place_anew(db, {*sorted_, *left}, rules)
    told += [one for one in moved if one.body.get("state") not in _SAID]
    told += tracking.delivered_before(db, left_now - {one.subject for one in moved})
    told += [
        OutboxTold("parcel.sorted.v1", sscc, {"order": one.fulfilment})
        for sscc, one in sorted(sorted_.items())
        if sscc in sorted_now
    ]
    for sscc in sorted(left_now & left.keys()):  # what is no SSCC is followed by nobody
        one = left[sscc]
        body: dict[str, str | int | list[str]] = {"order": one.fulfilment, "load": one.load, "carrier": one.carrier}
        told.append(OutboxTold("parcel.departed.v1", sscc, body | {"shipment": shipped[sscc]}))
    return told


def weights(db: sa.Connection, fulfilments: Iterable[str]) -> dict[str, GoodsWeight]:
    """What the parcels of fulfilments weigh: as they were weighed, or else their goods by their articles, of which
    unknown ones count as nothing.
    """
    wanted = orders.orders_where(db, dialect.among(db, floor.orders.c.id, fulfilments))
    gtin, sku = stock_tables.gtins.c, stock_tables.skus.c
    named = {line.gtin for one in wanted for line in one.lines if line.gtin and not line.sku}
    of_gtin = {
        row.gtin: row.sku
        for row in db.execute(sa.select(gtin.gtin, gtin.sku).where(dialect.among(db, gtin.gtin, named)))
    }
    skus = {line.sku or of_gtin.get(line.gtin, "") for one in wanted for line in one.lines}
    query = sa.select(sku.sku, sku.mass_g, sku.goods).where(dialect.among(db, sku.sku, skus))
    known = {row.sku: row for row in db.execute(query)}
    pack = packed_tables.packs.c
    weighed = sa.select(pack.fulfilment, pack.weighed_g).where(
        dialect.among(db, pack.fulfilment, (one.id for one in wanted)), pack.weighed_g > 0
    )
    gross = {row.fulfilment: row.weighed_g for row in db.execute(weighed.order_by(pack.at_us))}
    found: dict[str, GoodsWeight] = {}
    for one in wanted:
        rows = [(line.quantity, known.get(line.sku or of_gtin.get(line.gtin, ""))) for line in one.lines]
        found[one.id] = GoodsWeight(
            gross.get(one.id) or sum(count * row.mass_g for count, row in rows if row is not None),
            any(count and row is not None and Goods.LIMITED_QUANTITY in Goods(row.goods) for count, row in rows),
        )
    return found


def _sscc(parcel: str) -> str:
    return parcel.removeprefix("(00)")


def _begin(db: sa.Connection, parcels: Mapping[str, _Left]) -> None:
    """Parcels are followed that were not; a number that is used again, after a year, begins anew."""
    its = tables.tracks
    query = sa.select(its.c.sscc, its.c.fulfilment).where(dialect.among(db, its.c.sscc, parcels))
    known = {row.sscc: row.fulfilment for row in db.execute(query)}
    for sscc in sorted(sscc for sscc, one in known.items() if one != parcels[sscc].fulfilment):
        del known[sscc]
        before_us = parcels[sscc].at_us - _BEFORE_US
        for table in (its, tables.states, tables.troubles, tables.feedback, tables.mails):
            db.execute(table.delete().where(table.c.sscc == sscc))
        db.execute(tables.events.delete().where(tables.events.c.sscc == sscc, tables.events.c.at_us < before_us))
    fresh = {sscc: one for sscc, one in parcels.items() if sscc not in known}
    if not fresh:
        return
    names = {one.fulfilment for one in fresh.values()}
    stale = sa.and_(
        dialect.among(db, its.c.fulfilment, names), its.c.shipment == "", ~dialect.among(db, its.c.sscc, fresh)
    )
    voided = db.execute(sa.select(its.c.sscc).where(stale)).scalars().all()  # sorted, and then labelled again
    for table in (its, tables.states):
        db.execute(table.delete().where(dialect.among(db, table.c.sscc, voided)))
    link, order = sales_tables.fulfilments.c, sales_tables.orders.c
    whose = sa.select(link.fulfilment_id, order.id, order.promised).join(sales_tables.orders, order.id == link.sales_id)
    sales = {
        row[0]: row
        for row in sorted(db.execute(whose.where(dialect.among(db, link.fulfilment_id, names))).all(), reverse=True)
    }
    kept = {
        one.id: one for one in orders.orders_where(db, dialect.among(db, floor.orders.c.id, names))
    }  # of before they left
    rows = []
    for sscc, one in sorted(fresh.items()):
        _, sale, promised = sales.get(one.fulfilment, ("", "", ""))
        how = kept.get(one.fulfilment)
        carrier = one.carrier or (how.carrier if how is not None else "")
        service = one.service or (how.service if how is not None else "")
        token = secrets.token_urlsafe(_TOKEN)
        rows.append((sscc, one.fulfilment, sale, carrier, service, "", "", 1, promised, 0, token, one.at_us))
    dialect.bulk_insert(db, its, _TRACK, rows)
    label = labels.parcels.c
    given = sa.select(label.sscc, label.fulfilment, label.labelled_us).where(dialect.among(db, label.sscc, fresh))
    printed = {row.sscc: _Left(row.fulfilment, "", "", row.labelled_us) for row in db.execute(given) if row.labelled_us}
    ids = {sscc: f"{sscc}@{one.at_us}" for sscc, one in printed.items()}
    _tell(db, "label", ParcelCode.LABELLED, printed, ids, {})


def _ship(db: sa.Connection, left: Mapping[str, _Left]) -> dict[str, str]:
    """Parcels that left together for one consignee are one shipment; the shipment of each."""
    link, person = sales_tables.fulfilments.c, sales_tables.consignees.c
    query = sa.select(link.fulfilment_id, link.sales_id, person.person_key).outerjoin(
        sales_tables.consignees, person.order_id == link.sales_id
    )
    which = dialect.among(db, link.fulfilment_id, {one.fulfilment for one in left.values()})
    who = {row[0]: row[2] or row[1] for row in sorted(db.execute(query.where(which)).all(), key=lambda row: row[:2])}
    groups: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for sscc, one in sorted(left.items()):
        groups[who.get(one.fulfilment, one.fulfilment), one.carrier, one.service, one.load].append(sscc)
    found: dict[str, str] = {}
    rows, pieces = [], []
    for (_, carrier, service, load), parcels in groups.items():
        name = f"{load}:{parcels[0]}"
        rows.append((name, load, carrier, service, len(parcels), left[parcels[0]].at_us))
        for piece, sscc in enumerate(parcels, 1):
            found[sscc] = name
            pieces.append({"its": sscc, "s": name, "p": piece, "c": carrier, "v": service})
    columns = ("id", "load", "carrier", "service", "pieces", "departed_us")
    known = set(
        db.execute(
            sa.select(tables.shipments.c.id).where(dialect.among(db, tables.shipments.c.id, found.values()))
        ).scalars()
    )
    dialect.bulk_insert(db, tables.shipments, columns, [row for row in rows if row[0] not in known])
    its = tables.tracks
    values: dict[str, sa.BindParameter[object]] = {
        "shipment": sa.bindparam("s"),
        "piece": sa.bindparam("p"),
        "carrier": sa.bindparam("c"),
    }
    if pieces:
        which = its.c.sscc == sa.bindparam("its")
        db.execute(its.update().where(which).values(service=sa.bindparam("v"), **values), pieces)
    return found


def _depart(db: sa.Connection, loads: Iterable[LoadClosed]) -> list[OutboxTold]:
    """What left with each load, and what it weighs."""
    its = tables.departures
    told = []
    for load in loads:
        if db.execute(sa.select(its.c.load).where(its.c.load == load.load.id)).first() is not None:
            continue
        gone = [one for one in (*load.aboard, *load.wrong) if one.order and one.parcel]
        known = weights(db, (one.order for one in gone))
        each = [known.get(one.order, GoodsWeight()) for one in gone]
        mass_g = sum(one.mass_g for one in each)
        limited_g = sum(one.mass_g for one in each if one.limited)
        db.execute(
            its.insert().values(
                load=load.load.id, dock=load.load.dock, carrier=load.load.carrier, trailer=load.load.trailer,
                departed_us=load.at_us, pieces=len(gone), mass_g=mass_g, limited_g=limited_g, filed_us=0,
            )
        )  # fmt: skip
        body: dict[str, str | int | list[str]] = {
            "carrier": load.load.carrier,
            "dock": load.load.dock,
            "pieces": len(gone),
            "mass_g": mass_g,
            "limited_g": limited_g,
            "parcels": sorted(_sscc(one.parcel) for one in gone),
        }
        told.append(OutboxTold("load.departed.v1", load.load.id, body))
    return told


def _tell(
    db: sa.Connection,
    source: str,
    code: ParcelCode,
    parcels: Mapping[str, _Left],
    ids: Mapping[str, str],
    places: Mapping[str, str],
) -> set[str]:
    """Stores it; the parcels of which it is new."""
    words = {
        ids[sscc]: CarrierWord(parcel=sscc, code=code, at_us=one.at_us, given=places.get(sscc, ""))
        for sscc, one in parcels.items()
    }
    new = tracking.store(db, source, words, max((one.at_us for one in parcels.values()), default=0))
    return {one.sscc for one in new}
