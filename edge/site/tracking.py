"""What is told of parcels, within a transaction: stored once, in bulk, and where they are by all of it.

Public names: Took, TrackedParcel, Stored, take, store, place_anew, words_of,
state_of, tracked_row, track_of, by_token, numbered, RULES.

Each thing is known by its source and the source's id, or by a hash of what it says; told again it changes nothing. A
word about a number that is no parcel's of ours waits until somebody says whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import sqlalchemy as sa

from edge.orders.stages import Progress, progress
from edge.orders.tracking import CarrierWord, ParcelCode, ParcelWord, Tracked, TrackRules, tracked, troubles_from
from edge.site import dialect
from edge.site.dialect import Lock
from edge.site.outbox import OutboxTold
from edge.site.scope import scope_of
from edge.site.tables import tracking as tables

RULES = TrackRules()
"""Where nobody says otherwise."""
AHEAD_US = 86_400_000_000
"""Whose clock is more ahead than this is not believed: what it tells is noted and moves nothing."""
_STATE = (
    *("sscc", "state", "since_us", "flags", "attempts", "departed_us", "scanned_us", "moved_us", "delivered_us"),
    *("place", "look_us"),
)
_SSCC = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """How many words were new, and known before; of the new ones, how many have a code that nobody explained
    (``noted``), or a number that is nobody's (``strange``).
    """

    new: int = 0
    same: int = 0
    noted: int = 0
    strange: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedParcel:
    """A parcel that is followed. ``shipment`` empty: it has not left; ``piece`` of ``pieces`` of it, from 1.

    ``promised``: day at the consignee's, ISO 8601, and its end; empty, 0 = none is known.
    """

    sscc: str
    fulfilment: str
    sales_id: str
    carrier: str
    service: str
    number: str
    shipment: str
    piece: int
    pieces: int
    promised: str
    promised_us: int
    token: str
    made_us: int


def take(
    db: sa.Connection, source: str, words: Iterable[CarrierWord], at_us: int, rules: TrackRules = RULES
) -> tuple[Took, list[OutboxTold]]:
    """Stores what a source tells, and where the parcels are by it; what others may know of that.

    All of it with the transaction, which holds `Lock.TRACKING` from here on.
    """
    dialect.lock(db, Lock.TRACKING)
    asked = {one.id or _hash_of(one): one for one in words}
    new = store(db, source, asked, at_us)
    told = place_anew(db, {one.sscc for one in new if one.sscc}, rules)
    noted = sum(1 for one in new if one.code == ParcelCode.NOTED)
    strange = sum(1 for one in new if not one.sscc)
    return Took(new=len(new), same=len(asked) - len(new), noted=noted, strange=strange), told


class Stored(NamedTuple):
    """A row of ``parcel_event``."""

    sscc: str
    number: str
    at_us: int
    code: str
    given: str
    place: str
    source: str
    source_id: str
    corrects: str
    zone: str
    raw: str
    taken_us: int


def store(db: sa.Connection, source: str, words: Mapping[str, CarrierWord], at_us: int) -> list[Stored]:
    """Stores words by their ids within their source; the new ones. Whoever does has `Lock.TRACKING`."""
    its = tables.events
    known: set[str] = set()
    if not dialect.is_postgresql(db):  # whose own index says which are known
        query = sa.select(its.c.source_id).where(its.c.source == source, dialect.among(db, its.c.source_id, words))
        known = set(db.execute(query).scalars())
    whose = _whose(db, {one.parcel for one in words.values()})
    rows = [
        Stored(
            sscc=whose.get(one.parcel, ""),
            number="" if whose.get(one.parcel) == one.parcel else one.parcel,
            at_us=one.at_us,
            code=str(one.code if one.at_us <= at_us + AHEAD_US else ParcelCode.NOTED),
            given=one.given,
            place=one.place,
            source=source,
            source_id=name,
            corrects=one.corrects,
            zone=one.zone,
            raw=one.raw,
            taken_us=at_us,
        )
        for name, one in words.items()
        if name not in known
    ]
    fresh = dialect.insert_new(db, its, Stored._fields, rows, "source_id")
    return [one for one in rows if one.source_id in fresh]


def numbered(db: sa.Connection, numbers: Sequence[tuple[str, str]], rules: TrackRules = RULES) -> list[OutboxTold]:
    """Notes carriers' own numbers of parcels, (SSCC, number); what was told of them before is theirs now."""
    dialect.lock(db, Lock.TRACKING)
    its, event = tables.tracks, tables.events
    which: dict[str, sa.BindParameter[str]] = {"which": sa.bindparam("which"), "said": sa.bindparam("said")}
    rows = [{"which": sscc, "said": number} for sscc, number in numbers]
    if not rows:
        return []
    db.execute(its.update().where(its.c.sscc == which["which"]).values(number=which["said"]), rows)
    theirs = event.update().where(event.c.sscc == "", event.c.number == which["said"])
    db.execute(theirs.values(sscc=which["which"]), rows)
    return place_anew(db, {sscc for sscc, _ in numbers}, rules)


def place_anew(db: sa.Connection, ssccs: Iterable[str], rules: TrackRules = RULES) -> list[OutboxTold]:
    """Where some parcels are, by all that was told of them; of those that moved, what others may know.

    Parcels that nobody follows yet are left out: their words are there when somebody does.
    """
    wanted = list(ssccs)
    track, its = tables.tracks.c, tables.states
    query = sa.select(track.sscc, track.fulfilment, track.sales_id, track.promised_us)
    followed = {row.sscc: row for row in db.execute(query.where(dialect.among(db, track.sscc, wanted))).all()}
    if not followed:
        return []
    known = sa.select(its.c.sscc, its.c.state, its.c.delivered_us).where(dialect.among(db, its.c.sscc, followed))
    rows = db.execute(known).all()
    before = {row.sscc: row.state for row in rows}
    there = {row.sscc for row in rows if row.delivered_us}
    found = {sscc: tracked(words) for sscc, words in _words(db, followed)}
    db.execute(its.delete().where(dialect.among(db, its.c.sscc, found)))
    dialect.bulk_insert(
        db,
        its,
        _STATE,
        (
            (
                sscc, str(one.state), one.since_us, " ".join(one.flags), one.attempts, one.departed_us, one.scanned_us,
                one.moved_us, one.delivered_us, one.place[:200],
                min(troubles_from(one, max(0, followed[sscc].promised_us), rules).values(), default=0),
            )
            for sscc, one in found.items()
        ),
    )  # fmt: skip
    moved = sorted(sscc for sscc, one in found.items() if one.state != before.get(sscc, ParcelCode.NOTED))
    told = [
        OutboxTold("parcel.event.v1", sscc, {"state": str(found[sscc].state), "order": followed[sscc].fulfilment})
        for sscc in moved
    ]
    came = sorted(sscc for sscc, one in found.items() if one.delivered_us and sscc not in there)
    told += [
        OutboxTold("parcel.delivered.v1", followed[sscc].fulfilment, {"sscc": sscc, "at_us": found[sscc].delivered_us})
        for sscc in came
    ]
    return [*told, *_all_there(db, {followed[sscc].sales_id for sscc in came} - {""})]


def delivered_before(db: sa.Connection, ssccs: Iterable[str]) -> list[OutboxTold]:
    """What others may know where a carrier told of a delivery before our own journals said that the parcel left."""
    track, its = tables.tracks.c, tables.states.c
    query = sa.select(track.sales_id).join(tables.states, its.sscc == track.sscc).where(its.delivered_us > 0)
    return _all_there(db, set(db.execute(query.where(dialect.among(db, track.sscc, ssccs))).scalars()) - {""})


def _all_there(db: sa.Connection, sales: set[str]) -> list[OutboxTold]:
    """Orders of which every unit has left and every parcel is delivered, which the last one of them tells."""
    if not sales:
        return []
    track, its = tables.tracks.c, tables.states.c
    query = sa.select(track.fulfilment).join(tables.states, its.sscc == track.sscc).where(its.delivered_us > 0)
    there = set(db.execute(query.where(dialect.among(db, track.sales_id, sales))).scalars())
    scope = scope_of(db, sales)
    return [
        OutboxTold("order.delivered.v1", order)
        for order in sorted(sales & scope.orders.keys())
        if progress(scope, order) is Progress.SHIPPED
        and all(one.id in there for one in scope.of(order) if one.quantity)
    ]


def words_of(db: sa.Connection, sscc: str) -> list[sa.Row[tuple[object, ...]]]:
    """All that was told of a parcel, in order of time, as it is stored."""
    its = tables.events
    return list(db.execute(sa.select(its).where(its.c.sscc == sscc).order_by(its.c.at_us, its.c.seq)).all())


def state_of(db: sa.Connection, sscc: str) -> Tracked | None:
    """Where a parcel is; None = nobody follows it."""
    row = db.execute(sa.select(tables.states).where(tables.states.c.sscc == sscc)).first()
    return None if row is None else tracked_row(row)


def tracked_row(row: sa.Row[tuple[object, ...]]) -> Tracked:
    """A row that has the columns of ``parcel_state``."""
    return Tracked(
        state=ParcelCode(row.state),
        since_us=row.since_us,
        flags=tuple(ParcelCode(one) for one in row.flags.split()),
        attempts=row.attempts,
        departed_us=row.departed_us,
        scanned_us=row.scanned_us,
        moved_us=row.moved_us,
        delivered_us=row.delivered_us,
        place=row.place,
    )


def track_of(db: sa.Connection, sscc: str) -> TrackedParcel | None:
    """A parcel that is followed, by its SSCC; None = nobody does."""
    return _track(db, tables.tracks.c.sscc == sscc)


def by_token(db: sa.Connection, token: str, made_after_us: int) -> TrackedParcel | None:
    """The parcel of a token, unless that is older."""
    its = tables.tracks.c
    return _track(db, sa.and_(its.token == token, its.made_us > made_after_us))


def _track(db: sa.Connection, which: sa.ColumnElement[bool]) -> TrackedParcel | None:
    pieces = sa.func.coalesce(tables.shipments.c.pieces, 1).label("pieces")
    joined = tables.tracks.outerjoin(tables.shipments, tables.shipments.c.id == tables.tracks.c.shipment)
    row = db.execute(sa.select(tables.tracks, pieces).select_from(joined).where(which)).first()
    return None if row is None else TrackedParcel(**row._asdict())


def _whose(db: sa.Connection, names: set[str]) -> dict[str, str]:
    """The SSCCs of parcels as sources name them. 18 digits are one, followed yet or not."""
    found = {name: name for name in names if len(name) == _SSCC and name.isascii() and name.isdigit()}
    its = tables.tracks.c
    query = sa.select(its.number, its.sscc, its.made_us).where(dialect.among(db, its.number, names - {""}))
    for row in sorted(db.execute(query), key=lambda row: row.made_us):  # a number used again is the newest one's
        found[row.number] = row.sscc
    return found


def _words(db: sa.Connection, ssccs: Iterable[str]) -> Iterable[tuple[str, list[ParcelWord]]]:
    its = tables.events.c
    query = sa.select(its.sscc, its.code, its.at_us, its.source, its.source_id, its.place, its.corrects)
    rows = db.execute(query.where(dialect.among(db, its.sscc, ssccs))).all()
    codes: dict[str, ParcelCode] = {str(code): code for code in ParcelCode}
    by = itemgetter(0)
    for sscc, its_rows in groupby(sorted(rows, key=by), by):
        yield (
            sscc,
            [
                ParcelWord(codes[code], at_us, source, name, place, corrects)
                for _, code, at_us, source, name, place, corrects in its_rows
            ],
        )


def _hash_of(one: CarrierWord) -> str:
    """By what a word without an id is known again."""
    said = "\0".join((one.parcel, str(one.at_us), one.given or str(one.code), one.place))
    return f"={blake2b(said.encode(errors='replace'), digest_size=16).hexdigest()}"
