"""What was done to an order, within a transaction: what is noted of it, and what waves, rounds and totes say.

Public names: SaleStory, story_of, note_work, WORK.

Who does something to an order notes it. What a row says anyway is not noted a second time: when a wave was planned and
released, what was picked from which bin, what is to be put back, which label a parcel got.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from edge.site import cases, dialect, sales
from edge.site.sales import SaleChange
from edge.site.tables import carriers, picks, stations, tracking
from edge.site.tables import cases as cases_of
from edge.site.tables import parcels as labels
from edge.site.tables import sales as tables

WORK = ("claimed", "handed-back", "wave-released", "withdrawn")
"""What is noted of a fulfilment, at the order that it has its name from; it is of all orders that ship with it."""


_NOBODY = ("seen", "departed")
"""Who ends a put-back without a word that units are in their bin: the order's own entry, or the parcel's, says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleStory:
    """One thing that was done to an order; `edge.views.order_story` says it, with its place and its cause."""

    at_us: int
    what: str
    by: str = ""
    reason: str = ""
    body: Mapping[str, str | int | list[str]]


def story_of(db: sa.Connection, name: str) -> list[SaleStory]:
    """All of it in order of time, without what the floor saw of its fulfilments; empty = there is no such order."""
    table = tables.orders.c
    row = db.execute(sa.select(table.taken_us, table.channel).where(table.id == name)).first()
    if row is None:
        return []
    parcels = sorted({one.fulfilment for one in sales.linked(db, orders=[name])})
    members = picks.members.c
    planned = sa.select(members.fulfilment).where(members.sales_id == name)
    parcels = sorted({*parcels, *db.execute(planned).scalars()})
    changes = sales.changes_of(db, name)
    found = [SaleStory(at_us=row.taken_us, what="taken", body={"channel": row.channel, **_came(changes)})]
    for one in [*changes, *_of_others(db, name, parcels)]:
        if one.what.startswith("quality-"):  # the refusal says it
            continue
        if one.what == "came":
            body: dict[str, str | int | list[str]] = {key: one.body[key] for key in ("stage", "codes")}
            found.append(SaleStory(at_us=one.at_us, what="judged", body=body))
        else:
            found.append(SaleStory(at_us=one.at_us, what=one.what, by=one.by, reason=one.reason, body=one.body))
    backs = list(_put_backs(db, parcels))
    back = {(one.body["fulfilment"], one.at_us) for one in backs if one.what == "back-in-bin"}
    found = [one for one in found if one.what != "put-back" or (one.body.get("fulfilment"), one.at_us) not in back]
    found += _cases(db, name)
    found += [*_waves(db, parcels), *_rounds(db, parcels), *backs, *_labels(db, parcels)]
    found += [*_looks(db, parcels), *_packs(db, parcels), *_way(db, parcels)]
    return sorted(found, key=lambda one: one.at_us)


def _cases(db: sa.Connection, name: str) -> Iterator[SaleStory]:
    """What was done to cases of an order, and to those in exchange for which it is; what people wrote stays there."""
    its = cases_of.cases.c
    numbers = list(db.execute(sa.select(its.id).where(sa.or_(its.order_id == name, its.linked == name))).scalars())
    for number, notes in cases.notes_of(db, numbers).items():
        for note in notes:
            if note.what not in ("words", "note"):
                body = {**note.body, "case": number}
                yield SaleStory(at_us=note.at_us, what=f"case-{note.what}", by=note.by, body=body)


def note_work(
    db: sa.Connection, fulfilments: Iterable[str], what: str, by: str, at_us: int, body: Mapping[str, str | int]
) -> None:
    """Notes one of WORK at the orders that fulfilments have their names from."""
    its = picks.members.c
    query = sa.select(its.fulfilment, its.sales_id, its.wave).where(dialect.among(db, its.fulfilment, fulfilments))
    sales.note_change(
        db,
        [
            SaleChange(
                order=row.sales_id,
                at_us=at_us,
                by=by,
                reason="",
                what=what,
                body={"fulfilment": row.fulfilment, "wave": row.wave, **body},
            )
            for row in sorted(db.execute(query).all())
        ],
    )


def _came(changes: Iterable[SaleChange]) -> dict[str, str | int | list[str]]:
    """Where it stood, of what is noted of its coming."""
    body = next((one.body for one in changes if one.what == "came"), {})
    return {key: body[key] for key in ("file", "row", "run") if key in body}


def _of_others(db: sa.Connection, name: str, parcels: list[str]) -> Iterator[SaleChange]:
    """What is noted at other orders of fulfilments that ship this one too."""
    others = {link.order for link in sales.linked(db, fulfilments=parcels)} - {name}
    for other in sorted(others):
        for one in sales.changes_of(db, other):
            if one.what in WORK and one.body.get("fulfilment") in parcels:
                yield one


def _waves(db: sa.Connection, parcels: list[str]) -> Iterator[SaleStory]:
    its, wave = picks.members.c, picks.waves.c
    query = (
        sa.select(picks.members, wave.planned_us, wave.released_us, wave.by)
        .join(picks.waves, wave.id == its.wave)
        .where(dialect.among(db, its.fulfilment, parcels))
    )
    move = carriers.moves.c
    moves = sa.select(move.fulfilment, move.service, move.pickup).where(dialect.among(db, move.fulfilment, parcels))
    left = {row.fulfilment: (row.service, row.pickup) for row in db.execute(moves.order_by(move.seq.desc()))}
    for row in db.execute(query):
        body: dict[str, str | int | list[str]] = {"fulfilment": row.fulfilment, "wave": row.wave}
        how = {"carrier": row.carrier, "code": row.code, "pickup": row.pickup, "cutoff_us": row.cutoff_us}
        if row.fulfilment in left:  # its place was another one then, and what moved it has an entry of its own
            service, pickup = left[row.fulfilment]
            how = {"carrier": service, "code": "", "pickup": pickup, "cutoff_us": int(pickup.rpartition("@")[2])}
        yield SaleStory(at_us=row.planned_us, what="planned", body=body | how)
        if row.released_us:
            yield SaleStory(at_us=row.released_us, what="wave-released", by=row.by, body=body)


def _rounds(db: sa.Connection, parcels: list[str]) -> Iterator[SaleStory]:
    line, task = picks.lines.c, picks.tasks.c
    query = (
        sa.select(picks.lines, task.picker)
        .join(picks.tasks, task.id == line.task)
        .where(dialect.among(db, line.fulfilment, parcels), line.at_us > 0)
    )
    for row in db.execute(query):
        body: dict[str, str | int | list[str]] = {
            "fulfilment": row.fulfilment, "round": row.task, "line": row.n, "bin": row.bin, "sku": row.sku
        }  # fmt: skip
        if row.picked:
            yield SaleStory(at_us=row.at_us, what="picked", by=row.picker, body=body | {"units": row.picked})
        if row.reason and row.quantity > row.picked:
            short = {"units": row.quantity - row.picked, "short": row.reason}
            yield SaleStory(at_us=row.at_us, what="short", by=row.picker, body=body | short)


def _put_backs(db: sa.Connection, parcels: list[str]) -> Iterator[SaleStory]:
    its = picks.put_backs
    for row in db.execute(sa.select(its).where(dialect.among(db, its.c.fulfilment, parcels))):
        body: dict[str, str | int | list[str]] = {
            "fulfilment": row.fulfilment, "tote": row.tote, "bin": row.bin, "sku": row.sku, "units": row.quantity
        }  # fmt: skip
        yield SaleStory(at_us=row.since_us, what="to-put-back", reason=row.why, body=body)
        if row.done_us and row.by not in _NOBODY:
            yield SaleStory(at_us=row.done_us, what="back-in-bin", by=row.by, body=body)


def _looks(db: sa.Connection, parcels: list[str]) -> Iterator[SaleStory]:
    its = stations.checks
    for row in db.execute(sa.select(its).where(dialect.among(db, its.c.fulfilment, parcels))):
        body: dict[str, str | int | list[str]] = {
            "fulfilment": row.fulfilment, "station": row.station, "sku": row.sku, "aspect": row.aspect,
            "fault": row.fault, "units": row.units, "settlement": row.settlement,
        }  # fmt: skip
        what = "checked" if row.passed else "quality-refused"
        yield SaleStory(at_us=row.at_us, what=what, by=row.by, reason=row.note, body=body)
        if row.settled_us:
            yield SaleStory(
                at_us=row.settled_us, what="quality-settled", by=row.settled_by, reason=row.reason, body=body
            )


def _packs(db: sa.Connection, parcels: list[str]) -> Iterator[SaleStory]:
    its = stations.packs
    for row in db.execute(sa.select(its).where(dialect.among(db, its.c.fulfilment, parcels))):
        body: dict[str, str | int | list[str]] = {
            "fulfilment": row.fulfilment, "station": row.station, "sscc": row.sscc, "carton": row.carton,
            "grams": row.weighed_g, "overruled": row.overruled, "unverified": row.unverified, "differs": row.differs,
        }  # fmt: skip
        yield SaleStory(at_us=row.at_us, what="packed", by=row.by, body=body)


def _labels(db: sa.Connection, parcels: list[str]) -> Iterator[SaleStory]:
    its = labels.parcels
    for row in db.execute(sa.select(its).where(dialect.among(db, its.c.fulfilment, parcels))):
        body: dict[str, str | int | list[str]] = {"fulfilment": row.fulfilment, "sscc": row.sscc}
        by, reason = ("", row.reason) if row.voided_us else (row.by, "")
        yield SaleStory(at_us=row.labelled_us, what="labelled", by=by, body=body)
        if row.voided_us:
            yield SaleStory(at_us=row.voided_us, what="label-void", by=row.by, reason=reason, body=body)


def _way(db: sa.Connection, parcels: list[str]) -> Iterator[SaleStory]:
    """What carriers told of parcels, what was found of them, and who was written to; the floor tells the rest."""
    event, track, trouble, mail = tracking.events.c, tracking.tracks.c, tracking.troubles.c, tracking.mails.c
    whose = sa.select(track.sscc, track.fulfilment, track.carrier).where(dialect.among(db, track.fulfilment, parcels))
    followed = {row.sscc: row for row in db.execute(whose)}
    of_parcel: dict[str, dict[str, str | int | list[str]]] = {
        sscc: {"fulfilment": row.fulfilment, "sscc": sscc, "carrier": row.carrier} for sscc, row in followed.items()
    }
    told = sa.select(tracking.events).where(dialect.among(db, event.sscc, followed), event.code != "noted")
    for row in db.execute(told.where(event.source.not_in(("label", "line")))):
        body = {**of_parcel[row.sscc], "code": row.code, "place": row.place, "given": row.given}
        yield SaleStory(at_us=row.at_us, what="parcel-told", by=row.source, body=body)
    for row in db.execute(sa.select(tracking.troubles).where(dialect.among(db, trouble.sscc, followed))):
        body = {**of_parcel[row.sscc], "trouble": row.kind, "case": row.case_id}
        yield SaleStory(at_us=row.at_us, what="parcel-trouble", body=body)
    for row in db.execute(
        sa.select(tracking.mails).where(dialect.among(db, mail.sscc, followed), mail.state == "sent")
    ):
        yield SaleStory(at_us=row.sent_us, what="mailed", body={**of_parcel[row.sscc], "kind": row.kind})
    said = tracking.feedback
    for row in db.execute(
        sa.select(said.c.sscc, said.c.score, said.c.at_us).where(dialect.among(db, said.c.sscc, followed))
    ):
        yield SaleStory(at_us=row.at_us, what="rated", body={**of_parcel[row.sscc], "score": row.score})
