"""Who is looked at before anything is shipped to him: put on the list, taken off, by whom and why; and refused parcels.

Public names: BlockKind, Blocked, put_on, take_off, listed, entries_of, erase, orders_with, note_refusal, blocked_of,
refused_of.

An entry is known by a key, as a consignee is (`edge.site.personal`); what was entered is shown until its person is
erased, and the entry counts after that too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from edge.site import dialect
from edge.site.personal import PersonKeys
from edge.site.tables import sales as tables

_MOST = 1_000


class BlockKind(StrEnum):
    """What of somebody is on the list."""

    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """An entry. ``shown``: what was entered, empty = its person is erased. ``removed_us``: 0 = it counts."""

    seq: int
    kind: BlockKind
    shown: str
    why: str
    by: str
    at_us: int
    removed_us: int = 0
    removed_by: str = ""
    removed_why: str = ""


def put_on(
    db: sa.Connection, known: Mapping[BlockKind, tuple[str, str]], why: str, by: str, at_us: int
) -> list[Blocked]:
    """Entries of keys with what is shown of them; those that are on the list already stay as they are."""
    table = tables.blocked
    found = []
    for kind, (key, shown) in sorted(known.items()):
        which = sa.and_(table.c.kind == str(kind), table.c.key == key, table.c.removed_us == 0)
        row = db.execute(sa.select(table).where(which)).first()
        if row is None:
            values = {"kind": str(kind), "key": key, "shown": shown, "why": why, "by": by, "at_us": at_us}
            rest = {"removed_us": 0, "removed_by": "", "removed_why": ""}
            seq = db.execute(table.insert().values(**values, **rest).returning(table.c.seq)).scalar_one()
            row = db.execute(sa.select(table).where(table.c.seq == seq)).one()
        found.append(_entry(row))
    return found


def take_off(db: sa.Connection, seq: int, why: str, by: str, at_us: int) -> tuple[Blocked, str] | None:
    """The entry, which counts no more, and its key; None = there is none. Said again, nothing changes."""
    table = tables.blocked
    values = {"removed_us": at_us, "removed_by": by, "removed_why": why}
    db.execute(table.update().where(table.c.seq == seq, table.c.removed_us == 0).values(values))
    row = db.execute(sa.select(table).where(table.c.seq == seq)).first()
    return None if row is None else (_entry(row), row.key)


def listed(db: sa.Connection, after: int = 0, limit: int = 100, everything: bool = False) -> list[Blocked]:
    """Entries behind a number, in order; ``everything``: those that were taken off too."""
    table = tables.blocked
    query = sa.select(table).where(table.c.seq > after).order_by(table.c.seq).limit(limit)
    rows = db.execute(query if everything else query.where(table.c.removed_us == 0))
    return [_entry(row) for row in rows]


def entries_of(db: sa.Connection, keys: Iterable[str | None]) -> list[Blocked]:
    """All that there is of some keys, also what was taken off."""
    table = tables.blocked
    asked = [key for key in keys if key]
    return [_entry(row) for row in db.execute(sa.select(table).where(_key_in(db, asked)).order_by(table.c.seq))]


def erase(db: sa.Connection, orders: Iterable[str]) -> None:
    """What was entered of the persons of some orders, but for those of whom something else is kept still."""
    person, table = tables.consignees.c, tables.blocked
    names = list(orders)
    for kind, column in ((BlockKind.PHONE, person.phone_key), (BlockKind.EMAIL, person.email_key),
                         (BlockKind.ADDRESS, person.address_key)):  # fmt: skip
        gone = set(db.execute(sa.select(column).where(dialect.among(db, person.order_id, names))).scalars()) - {None}
        known = sa.select(column).where(dialect.among(db, column, gone), person.purged_us == 0)
        gone -= set(db.execute(known).scalars())
        its = sa.and_(table.c.kind == str(kind), dialect.among(db, table.c.key, gone))
        db.execute(table.update().where(its).values(shown=""))


def orders_with(db: sa.Connection, kind: BlockKind, key: str) -> list[str]:
    """The newest orders that have a key."""
    person, order = tables.consignees.c, tables.orders.c
    column = {
        BlockKind.PHONE: person.phone_key,
        BlockKind.EMAIL: person.email_key,
        BlockKind.ADDRESS: person.address_key,
    }
    query = sa.select(order.id).join(tables.consignees, person.order_id == order.id).where(column[kind] == key)
    return list(db.execute(query.order_by(order.taken_us.desc(), order.id).limit(_MOST)).scalars())


def note_refusal(db: sa.Connection, order: str, fulfilment: str, at_us: int) -> bool:
    """Whoever an order is for refused a parcel of it; whether that is new."""
    person, table = tables.consignees.c, tables.refusals
    if db.execute(sa.select(table.c.order_id).where(table.c.fulfilment_id == fulfilment)).first():
        return False
    keys = db.execute(sa.select(person.phone_key, person.email_key).where(person.order_id == order)).first()
    phone, email = keys or (None, None)
    values = {"fulfilment_id": fulfilment, "order_id": order, "phone_key": phone, "email_key": email, "at_us": at_us}
    db.execute(table.insert().values(values))
    return True


def blocked_of(db: sa.Connection, known_by: Mapping[str, PersonKeys]) -> dict[str, list[tuple[str, str]]]:
    """What of each order's person is on the list, and why: (kind, why); those without are left out."""
    table = tables.blocked.c
    asked = {key for one in known_by.values() for key in (one.phone, one.email, one.address) if key}
    query = sa.select(table.kind, table.key, table.why).where(_key_in(db, asked), table.removed_us == 0)
    why = {(kind, key): text for kind, key, text in db.execute(query.order_by(table.seq))}
    found: dict[str, list[tuple[str, str]]] = {}
    for name, one in known_by.items() if why else ():
        its = (("phone", one.phone), ("email", one.email), ("address", one.address))
        if hits := [(kind, why[kind, key]) for kind, key in its if key and (kind, key) in why]:
            found[name] = hits
    return found


def refused_of(db: sa.Connection, known_by: Mapping[str, PersonKeys]) -> dict[str, int]:
    """Parcels that each order's person refused at the door; those without are left out."""
    table = tables.refusals.c
    parcels: dict[str, set[str]] = {}
    for column in (table.phone_key, table.email_key):
        name = column.name.removesuffix("_key")
        asked = {key for one in known_by.values() if (key := getattr(one, name))}
        query = sa.select(column, table.fulfilment_id).where(dialect.among(db, column, asked))
        for key, parcel in db.execute(query):
            parcels.setdefault(key, set()).add(parcel)
    counts = {
        name: len(parcels.get(one.phone or "", set()) | parcels.get(one.email or "", set()))
        for name, one in known_by.items()
    }
    return {name: n for name, n in counts.items() if n}


def _key_in(db: sa.Connection, keys: Iterable[str]) -> sa.ColumnElement[bool]:
    return dialect.among(db, tables.blocked.c.key, keys)


def _entry(row: sa.Row[tuple[object, ...]]) -> Blocked:
    its = dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name
    del its["key"]
    return Blocked(**its | {"kind": BlockKind(its["kind"])})
