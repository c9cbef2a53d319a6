"""Whatever is printed, shown or scanned, looked for in the whole store: within a transaction, by indices alone.

Public names: Hit, find, of_found, of_line, of_alarm, of_open_load, KINDS, SHOWN, NEWEST.

What is named whole is found by its key; what is named by its end, by an index of the last digits of each number. Of
what is in the middle of a number only the newest are looked through, so that a search never reads a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import sqlalchemy as sa

from edge.orders.sales import OrderStage
from edge.site import dialect, sales_list
from edge.site.personal import Keys
from edge.site.tables import cases, floor, parcels, picks, sales, stations, stock, tracking
from edge.site.tables.endings import ending_of
from edge.site.wave_rows import wave_of
from edge.views.order_words import of_stage
from edge.views.spoken import PART, Asked, shortened
from edge.views.track_words import of_parcel_code
from edge.views.words.phrase import Phrase, phrase

SHOWN = 50
"""Hits at most."""
NEWEST = 20_000
"""So many of the newest orders and of the newest names in feed and journals are looked through for a part."""
_BUCKET = 5_000
_SERIAL = 20
"""Where the serial of a tote begins, behind ``(8003)`` and its 14 digits."""
_TOTE = f"(8003){'_' * 14}%"


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found. ``kind``: as in the words ``find.kind.…``; ``key``: by which its page and its story
    are opened; ``order``: the sales order that it belongs to, empty = none; ``exact``: it was named whole.
    """

    kind: str
    key: str
    said: Phrase
    exact: bool
    order: str = ""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where things of a kind have a name. ``key``: of the thing, ``by``: its name; ``ends``: has an index of its end,
    ``alone``: and no other; ``many``: one name stands in many rows.
    """

    kind: str
    key: sa.Column[str]
    by: sa.Column[str]
    ends: bool = False
    many: bool = False
    alone: bool = False


_SOURCES = (
    _Source("order", sales.orders.c.id, sales.orders.c.id),
    _Source("order", sales.orders.c.id, sales.orders.c.external, ends=True),
    _Source("fulfilment", floor.orders.c.id, floor.orders.c.id),
    _Source("fulfilment", floor.orders.c.id, floor.orders.c.external, ends=True, alone=True),
    _Source("fulfilment", floor.order_codes.c.order_id, floor.order_codes.c.code),
    _Source("fulfilment", sales.fulfilments.c.fulfilment_id, sales.fulfilments.c.fulfilment_id),
    _Source("tote", floor.orders.c.tote, floor.orders.c.tote, ends=True, many=True),
    _Source("tote", picks.totes.c.tote, picks.totes.c.tote),
    _Source("parcel", floor.orders.c.parcel, floor.orders.c.parcel, ends=True, many=True),
    _Source("parcel", parcels.parcels.c.sscc, parcels.parcels.c.sscc, ends=True),
    _Source("parcel", tracking.tracks.c.sscc, tracking.tracks.c.sscc),
    _Source("parcel", tracking.tracks.c.sscc, tracking.tracks.c.number, ends=True),
    _Source("item", floor.order_items.c.epc, floor.order_items.c.epc, ends=True, many=True),
    _Source("item", stock.items.c.epc, stock.items.c.epc),
    _Source("item", stations.pack_items.c.epc, stations.pack_items.c.epc, many=True),
    _Source("item", cases.units.c.epc, cases.units.c.epc, many=True),
    _Source("article", stock.skus.c.sku, stock.skus.c.sku),
    _Source("article", stock.gtins.c.sku, stock.gtins.c.gtin),
    _Source("bin", stock.bins.c.bin, stock.bins.c.bin),
    _Source("wave", picks.waves.c.id, picks.waves.c.id),
    _Source("round", picks.tasks.c.id, picks.tasks.c.id),
    _Source("case", cases.cases.c.id, cases.cases.c.number, ends=True, alone=True),
    _Source("load", tracking.departures.c.load, tracking.departures.c.load),
    _Source("shipment", tracking.shipments.c.id, tracking.shipments.c.id),
    _Source("import", sales.imports.c.id, sales.imports.c.id),
    _Source("pickup", picks.members.c.pickup, picks.members.c.pickup, many=True),
    _Source("story", floor.feed_refs.c.ref, floor.feed_refs.c.ref, many=True),
    _Source("story", floor.mirror_refs.c.ref, floor.mirror_refs.c.ref, many=True),
)
KINDS = tuple(dict.fromkeys(one.kind for one in _SOURCES))
_LEADS = {"(8003)": "tote", "(00)": "parcel", "(01)": "item"}
_Part: TypeAlias = tuple[str, sa.Select[Any]]
"""A kind, and the keys of some of it."""
_Found: TypeAlias = dict[tuple[str, str], bool]
"""By kind and key, whether it was named whole."""


def of_found(kind: str) -> Phrase:
    """What a kind is called."""
    return phrase(f"find.kind.{kind}")


def of_line(name: str, title: str) -> Hit:
    """A line."""
    return Hit("line", name, phrase("find.line", id=title or name), exact=True)


def of_alarm(name: str) -> Hit:
    """An alarm, whose story is told."""
    return Hit("story", name, phrase("find.alarm", id=name), exact=True)


def of_open_load(name: str, carrier: str, dock: str) -> Hit:
    """A load that no table has yet."""
    return Hit("load", name, phrase("find.load.open", id=name, carrier=carrier, dock=dock), exact=True)


def find(db: sa.Connection, keys: Keys | None, asked: Asked, countries: Iterable[str], by_name: bool) -> list[Hit]:
    """What a text names, what was named whole first; `SHOWN` at most.

    ``keys``: for phones and mail addresses, None = nobody is looked for; ``by_name``: people by their names too.
    """
    found: _Found = {}
    if asked.names:
        _take(found, _whole(db, asked.names), exact=True)
    if asked.ending:
        if len(asked.ending) >= PART:
            for kind, key in _ended(db, asked.ending):
                _take(found, [(kind, key)], exact=_is_whole(kind, key, asked))
        whole = any(name.startswith("(") for name in asked.names)  # then its end is no end of another
        if (not found and not whole) or not asked.names:
            for kind, key in _newest(db, asked):
                _take(found, [(kind, key)], exact=_is_whole(kind, key, asked))
    if asked.names and keys is not None:
        persons = sales_list.persons_named(db, keys, asked.text, countries)
        _take(found, (("order", name) for name in persons), exact=False)
        if by_name and not found:
            _take(found, (("order", name) for name in _by_name(db, asked.text)), exact=False)
    for kind, key in [*found]:
        if kind == "story" and any((other, key) in found for other in KINDS[:-1]):
            del found[kind, key]
    hits = _hits(db, found)
    theirs = {("order", hit.order): False for hit in hits if hit.order and ("order", hit.order) not in found}
    return (hits + _hits(db, theirs))[:SHOWN]


def _hits(db: sa.Connection, found: _Found) -> list[Hit]:
    ranked = sorted(found, key=lambda one: (not found[one], KINDS.index(one[0])))[:SHOWN]
    by_kind: dict[str, list[str]] = {}
    for kind, key in ranked:
        by_kind.setdefault(kind, []).append(key)
    said = {(kind, key): one for kind, its in by_kind.items() for key, one in _SAID[kind](db, its).items()}
    return [
        Hit(kind, key, said[kind, key][0], found[kind, key], said[kind, key][1])
        for kind, key in ranked
        if (kind, key) in said
    ]


def _take(found: _Found, some: Iterable[tuple[str, str]], *, exact: bool) -> None:
    for kind, key in some:
        if kind == "story":
            kind = next((its for lead, its in _LEADS.items() if key.startswith(lead)), kind)
        if kind == "parcel" and len(key) == 18 and key.isascii() and key.isdigit():
            key = f"(00){key}"
        found[kind, key] = found.get((kind, key), False) or exact


def _is_whole(kind: str, key: str, asked: Asked) -> bool:
    """Whether the end of a name is all that people say of it: a tote's serial, an item's article and serial."""
    return (kind == "tote" and key[_SERIAL:] == asked.ending) or (kind == "item" and asked.kind == "item")


def _text(column: sa.ColumnElement[object]) -> sa.ColumnElement[str]:
    return sa.cast(column, sa.Text)


def _all_of(parts: Sequence[_Part]) -> sa.CompoundSelect[Any]:
    some = [sa.select(sa.literal(kind).label("kind"), _text(its.subquery().c[0]).label("key")) for kind, its in parts]
    return sa.union_all(*some)


def _rows(db: sa.Connection, query: sa.CompoundSelect[Any], **values: object) -> list[tuple[str, str]]:
    return [(row.kind, row.key) for row in db.execute(query, values) if row.key]


@cache  # its making takes longer than its answer
def _whole_names(postgresql: bool) -> sa.CompoundSelect[Any]:
    parts: list[_Part] = []
    for one in _SOURCES:
        given = dialect.listed(postgresql, "names")
        if one.many:
            there = sa.select(sa.literal(1)).where(one.by == given.c.value).exists()
            parts.append((one.kind, sa.select(given.c.value).where(there)))
        else:
            is_it = one.by == given.c.value
            if one.alone:
                is_it = sa.and_(is_it, ending_of(one.by) == ending_of(given.c.value))
            parts.append((one.kind, sa.select(one.key).select_from(given.join(one.by.table, is_it)).limit(SHOWN)))
    return _all_of(parts)


def _whole(db: sa.Connection, names: Sequence[str]) -> list[tuple[str, str]]:
    found = _rows(db, _whole_names(dialect.is_postgresql(db)), names=dialect.as_listed(db, names))
    its = cases.cases.c.id
    numbers = [int(one) for one in names if one.isascii() and one.isdigit() and len(one) < 10]
    if numbers:
        found += [("case", str(one)) for one in db.execute(sa.select(its).where(its.in_(numbers))).scalars()]
    return found


@cache
def _ends_of_names() -> sa.CompoundSelect[Any]:
    parts: list[_Part] = []
    for one in _SOURCES:
        if one.ends:
            is_it = ending_of(one.by) == sa.bindparam("last", type_=sa.Text)
            has = one.by.like(sa.bindparam("ending", type_=sa.Text), escape="/")
            bucket = sa.select(one.key.label("key")).where(is_it, has).limit(_BUCKET).subquery()
            parts.append((one.kind, sa.select(bucket.c.key).distinct().limit(SHOWN)))
    return _all_of(parts)


def _ended(db: sa.Connection, ending: str) -> list[tuple[str, str]]:
    escaped = ending.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return _rows(db, _ends_of_names(), last=ending[-PART:], ending=f"%{escaped}")


def _newest(db: sa.Connection, asked: Asked) -> list[tuple[str, str]]:
    """What has the part anywhere, among the newest; of a tote's serial the totes that have it."""
    order, feed = sales.orders.c, floor.feed_refs.c
    orders = sa.select(order.id.label("key"), order.external.label("name")).order_by(order.taken_us.desc())
    names = sa.select(feed.ref.label("key"), feed.ref.label("name")).order_by(feed.seq.desc())
    some: list[tuple[str, sa.Select[tuple[str, str]]]] = [("order", orders), ("story", names)]
    for node in db.execute(sa.select(floor.progress.c.node)).scalars():
        its = floor.mirror_refs.c
        told = sa.select(its.ref.label("key"), its.ref.label("name")).where(its.node == node)
        some.append(("story", told.order_by(its.seq.desc())))
    parts: list[_Part] = []
    for kind, query in some:
        new = query.limit(NEWEST).subquery()
        has = new.c.name.contains(asked.ending, autoescape=True)
        if asked.kind == "tote":
            has = sa.and_(new.c.name.endswith(asked.ending, autoescape=True), new.c.name.like(_TOTE))
        parts.append((kind, sa.select(new.c.key).where(has).distinct().limit(SHOWN)))
    return _rows(db, _all_of(parts))


def _by_name(db: sa.Connection, text: str) -> list[str]:
    """Orders of people whose name begins so, and of the newest those whose name has it."""
    person = sales.consignees.c
    low = str(db.scalar(sa.select(sa.func.lower(sa.literal(text)))))  # of letters as this database does it
    begun = dialect.begins(db, sa.func.lower(person.name), low)
    found = dict.fromkeys(db.execute(sa.select(person.order_id).where(begun).limit(SHOWN)).scalars())
    if len(found) < SHOWN:
        order = sales.orders.c
        new = sa.select(order.id).order_by(order.taken_us.desc()).limit(NEWEST).subquery()
        their = sa.select(person.order_id).join(new, new.c.id == person.order_id)
        has = their.where(sa.func.lower(person.name).contains(low, autoescape=True)).limit(SHOWN)
        found |= dict.fromkeys(db.execute(has).scalars())
    return list(found)


# ---- what is said of each --------------------------------------------------------------------------------------------

_Told: TypeAlias = dict[str, tuple[Phrase, str]]
"""By key: a sentence, and the sales order that it belongs to."""


def _pairs(rows: Iterable[Any]) -> dict[str, str]:
    """The first two columns; of one first value the last row's."""
    return {row[0]: row[1] for row in rows}


def _sales_of(db: sa.Connection, names: Iterable[str]) -> dict[str, str]:
    """By fulfilment the sales order that it ships; of several the first."""
    its = sales.fulfilments.c
    rows = db.execute(
        sa.select(its.fulfilment_id, sa.func.min(its.sales_id).label("order"))
        .where(dialect.among(db, its.fulfilment_id, names))
        .group_by(its.fulfilment_id)
    )
    return {row.fulfilment_id: row.order for row in rows}


def _orders(db: sa.Connection, names: Sequence[str]) -> _Told:
    its = sales.orders.c
    rows = db.execute(sa.select(its.id, its.channel, its.external, its.stage).where(dialect.among(db, its.id, names)))
    return {
        row.id: (
            phrase("find.order", id=row.external or row.id, channel=row.channel, state=of_stage(OrderStage(row.stage))),
            row.id,
        )
        for row in rows
    }


def _fulfilments(db: sa.Connection, names: Sequence[str]) -> _Told:
    its, state = floor.orders.c, sales.fulfilment_states.c
    stands = _pairs(db.execute(sa.select(its.id, its.state).where(dialect.among(db, its.id, names))))
    flow = sa.select(state.fulfilment_id, state.state).where(dialect.among(db, state.fulfilment_id, names))
    further = _pairs(db.execute(flow))
    order = _sales_of(db, names)
    told: _Told = {}
    for name in names:
        if name in further or name not in stands:
            now = phrase(f"fulfilment.{further.get(name, 'planned')}")
        else:
            now = phrase(f"state.{stands[name]}")
        if name in order:
            told[name] = (phrase("find.fulfilment.of", id=name, order=order[name], state=now), order[name])
        else:
            told[name] = (phrase("find.fulfilment", id=name, state=now), "")
    return told


def _totes(db: sa.Connection, names: Sequence[str]) -> _Told:
    hold, order = picks.totes.c, floor.orders.c
    holds = _pairs(db.execute(sa.select(hold.tote, hold.fulfilment).where(dialect.among(db, hold.tote, names))))
    for name in names:  # each a few rows of its own, however often it was used
        opened = sa.select(order.id).where(order.tote == name, order.state == "open").limit(1)
        if name not in holds and (its := db.execute(opened).scalar()) is not None:
            holds[name] = its
    belongs = _sales_of(db, holds.values())
    return {
        name: (
            phrase("find.tote.of", id=shortened(name), order=holds[name])
            if name in holds
            else phrase("find.tote", id=shortened(name)),
            belongs.get(holds.get(name, ""), ""),
        )
        for name in names
    }


def _parcels(db: sa.Connection, names: Sequence[str]) -> _Told:
    bare = {name: name.removeprefix("(00)") for name in names}
    track, state, drawn, order = tracking.tracks.c, tracking.states.c, parcels.parcels.c, floor.orders.c
    joined = tracking.tracks.outerjoin(tracking.states, state.sscc == track.sscc)
    moved = {
        row.sscc: row
        for row in db.execute(
            sa.select(track.sscc, track.fulfilment, track.sales_id, state.state)
            .select_from(joined)
            .where(dialect.among(db, track.sscc, bare.values()))
        )
    }
    labels = {
        row.sscc: row
        for row in db.execute(
            sa.select(drawn.sscc, drawn.fulfilment, drawn.voided_us).where(dialect.among(db, drawn.sscc, bare.values()))
        )
    }
    owners = _pairs(db.execute(sa.select(order.parcel, order.id).where(dialect.among(db, order.parcel, names))))
    whose: dict[str, str] = {}
    for name, sscc in bare.items():
        one, label = moved.get(sscc), labels.get(sscc)
        whose[name] = (one and one.fulfilment) or (label and label.fulfilment) or owners.get(name) or ""
    belongs = _sales_of(db, whose.values())
    told: _Told = {}
    for name, sscc in bare.items():
        one, label = moved.get(sscc), labels.get(sscc)
        if one is not None and one.state:
            said = phrase("find.parcel.at", id=sscc, order=whose[name], state=of_parcel_code(one.state))
        elif label is not None and label.voided_us:
            said = phrase("find.parcel.void", id=sscc)
        elif whose[name]:
            said = phrase("find.parcel.of", id=sscc, order=whose[name])
        else:
            said = phrase("find.parcel", id=sscc)
        told[name] = (said, belongs.get(whose[name], ""))
    return told


def _items(db: sa.Connection, names: Sequence[str]) -> _Told:
    its, named, packed, pack = stock.items.c, floor.order_items.c, stations.pack_items.c, stations.packs.c
    lies = {row.epc: row for row in db.execute(sa.select(stock.items).where(dialect.among(db, its.epc, names)))}
    owners = _pairs(
        db.execute(
            sa.select(named.epc, named.order_id).where(dialect.among(db, named.epc, names)).order_by(named.order_id)
        )
    )
    inside = sa.select(packed.epc, pack.fulfilment).join(stations.packs, pack.sscc == packed.sscc)
    owners |= _pairs(db.execute(inside.where(dialect.among(db, packed.epc, names)).order_by(packed.seq)))
    owners |= {epc: row.fulfilment for epc, row in lies.items() if row.fulfilment}
    belongs = _sales_of(db, owners.values())
    told: _Told = {}
    for name in names:
        if name in owners:
            said = phrase("find.item.of", id=shortened(name), order=owners[name])
        elif (row := lies.get(name)) is not None and row.bin:
            said = phrase("find.item.in", id=shortened(name), sku=row.sku, bin=row.bin)
        else:
            said = phrase("find.item", id=shortened(name))
        told[name] = (said, belongs.get(owners.get(name, ""), ""))
    return told


def _articles(db: sa.Connection, names: Sequence[str]) -> _Told:
    its = stock.skus.c
    rows = db.execute(sa.select(its.sku, its.name).where(dialect.among(db, its.sku, names)))
    return {row.sku: (phrase("find.article", id=row.sku, name=row.name), "") for row in rows}


def _bins(db: sa.Connection, names: Sequence[str]) -> _Told:
    its = stock.bin_stock.c
    lies = sa.select(its.bin, sa.func.count(its.sku.distinct()), sa.func.sum(its.on_hand)).group_by(its.bin)
    has = {name: (kinds, units) for name, kinds, units in db.execute(lies.where(dialect.among(db, its.bin, names)))}
    told: _Told = {}
    for name in names:
        kinds, units = has.get(name, (0, 0))
        told[name] = (phrase("find.bin", id=name, articles=int(kinds), units=int(units or 0)), "")
    return told


def _waves(db: sa.Connection, names: Sequence[str]) -> _Told:
    rows = [row for name in names if (row := wave_of(db, name)) is not None]
    return {
        row.id: (phrase("find.wave.of", id=row.id, state=phrase(f"wave.{row.state}"), service=row.service), "")
        for row in rows
    }


def _rounds(db: sa.Connection, names: Sequence[str]) -> _Told:
    its = picks.tasks.c
    rows = db.execute(sa.select(its.id, its.wave, its.state).where(dialect.among(db, its.id, names)))
    return {
        row.id: (phrase("find.round.of", id=row.id, wave=row.wave, state=phrase(f"round.{row.state}")), "")
        for row in rows
    }


def _cases(db: sa.Connection, names: Sequence[str]) -> _Told:
    its = cases.cases.c
    rows = db.execute(sa.select(cases.cases).where(its.id.in_([int(name) for name in names])))
    return {
        str(row.id): (
            phrase(
                "find.case.of", id=row.id, kind=phrase(f"case.kind.{row.kind}"), state=phrase(f"case.state.{row.state}")
            ),
            row.order_id,
        )
        for row in rows
    }


def _loads(db: sa.Connection, names: Sequence[str]) -> _Told:
    its = tracking.departures.c
    rows = db.execute(sa.select(its.load, its.carrier, its.pieces).where(dialect.among(db, its.load, names)))
    return {row.load: (phrase("find.load", id=row.load, carrier=row.carrier, pieces=row.pieces), "") for row in rows}


def _shipments(db: sa.Connection, names: Sequence[str]) -> _Told:
    its, track = tracking.shipments.c, tracking.tracks.c
    rows = db.execute(sa.select(its.id, its.carrier, its.pieces).where(dialect.among(db, its.id, names)))
    first = sa.select(track.shipment, sa.func.min(track.sales_id)).group_by(track.shipment)
    order = _pairs(db.execute(first.where(dialect.among(db, track.shipment, names))))
    return {
        row.id: (phrase("find.shipment", id=row.id, carrier=row.carrier, pieces=row.pieces), order.get(row.id, ""))
        for row in rows
    }


def _imports(db: sa.Connection, names: Sequence[str]) -> _Told:
    its = sales.imports.c
    rows = db.execute(sa.select(its.id, its.channel).where(dialect.among(db, its.id, names)))
    return {row.id: (phrase("find.import", id=row.id, channel=row.channel), "") for row in rows}


def _pickups(_: sa.Connection, names: Sequence[str]) -> _Told:
    return {name: (phrase("find.pickup", id=name), "") for name in names}


def _stories(_: sa.Connection, names: Sequence[str]) -> _Told:
    return {name: (phrase("find.story", id=name), "") for name in names}


_SAID: dict[str, Callable[[sa.Connection, Sequence[str]], _Told]] = {
    "order": _orders,
    "fulfilment": _fulfilments,
    "tote": _totes,
    "parcel": _parcels,
    "item": _items,
    "article": _articles,
    "bin": _bins,
    "wave": _waves,
    "round": _rounds,
    "case": _cases,
    "load": _loads,
    "shipment": _shipments,
    "import": _imports,
    "pickup": _pickups,
    "story": _stories,
}
