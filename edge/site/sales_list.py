"""Sales orders as people look for them, within a transaction: lists with filters, and what a number or a scan names.

Public names: SaleRow, SaleFilter, SalePage, page_of, counts_of, COUNTED, named_by,
persons_named.

Nothing personal is in a row; findings are told by their codes alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from edge.intake.phone import read_phone
from edge.orders.sales import Consignee, OrderStage
from edge.site import dialect, sales, tables
from edge.site.personal import Keys
from edge.site.scope import names_of_fulfilments
from edge.site.tables import sales as its
from edge.views.timeline import spellings

COUNTED = 10_000
"""So far orders of a stage are counted: each page shows it, and nobody works at more by looking at a number."""
_NAMED = 500
"""So many orders one scan names at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleFilter:
    """Which orders. Empty = any; ``finding``: a code; ``after``: where the page before ended."""

    stage: str = ""
    finding: str = ""
    channel: str = ""
    named: tuple[str, ...] | None = None
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRow:
    """An order in a list. ``units``: that are wanted; ``fulfilments``: state by id."""

    id: str
    channel: str
    external: str
    stage: OrderStage
    version: int
    taken_us: int
    ordered_us: int
    ship_by_us: int
    promised: str
    priority: int
    urgent: bool
    currency: str
    total: int
    lines: int
    units: int
    findings: tuple[str, ...]
    fulfilments: dict[str, str]
    merged_into: str


@dataclass(frozen=True, slots=True)
class SalePage:
    """``after``: with which the next page begins; empty = it is the last."""

    orders: tuple[SaleRow, ...]
    after: str


def page_of(db: sa.Connection, which: SaleFilter, limit: int) -> SalePage:
    """Up to ``limit`` orders, the newest first."""
    order = its.orders.c
    query = sa.select(order.id, order.taken_us).order_by(order.taken_us.desc(), order.id.desc()).limit(limit + 1)
    if which.stage:
        query = query.where(order.stage == which.stage)
    if which.channel:
        query = query.where(order.channel == which.channel)
    if which.finding:
        found = sa.select(its.findings.c.order_id).where(its.findings.c.code == which.finding)
        query = query.where(order.id.in_(found))
    if which.named is not None:
        query = query.where(dialect.among(db, order.id, which.named))
    at_us, dot, name = which.after.partition(".")
    if dot and at_us.isascii() and at_us.isdigit() and len(at_us) < 19:
        query = query.where(sa.tuple_(order.taken_us, order.id) < sa.tuple_(int(at_us), name))
    rows = db.execute(query).all()
    shown = rows[:limit]
    after = f"{shown[-1].taken_us}.{shown[-1].id}" if len(rows) > limit else ""
    return SalePage(_rows(db, {row.id: row.taken_us for row in shown}), after)


def counts_of(db: sa.Connection) -> dict[str, int]:
    """How many orders there are in each stage in which somebody works at them, `COUNTED` at most."""
    order = its.orders.c
    found: dict[str, int] = {}
    for stage in (OrderStage.REVIEW, OrderStage.HELD, OrderStage.ACCEPTED, OrderStage.CANCELLING):
        some = sa.select(order.id).where(order.stage == str(stage)).limit(COUNTED).subquery()
        if count := db.execute(sa.select(sa.func.count()).select_from(some)).scalar():
            found[str(stage)] = count
    return found


def named_by(db: sa.Connection, keys: Keys | None, text: str, countries: Iterable[str]) -> tuple[str, ...]:
    """The orders that something names which is printed, typed or scanned: an order's or a fulfilment's number, a tote,
    parcel, item or another barcode of a parcel, a phone or a mail address. ``countries``: of phones without one.
    """
    text = text.strip()
    if not text or "\0" in text or len(text) > 200 or not _sound(text):
        return ()
    names = spellings(text)
    order, parcel = its.orders.c, tables.orders.c
    found = set(
        db.execute(sa.select(order.id).where(sa.or_(order.id == text, order.external == text)).limit(_NAMED)).scalars()
    )
    items = sa.select(tables.order_items.c.order_id).where(dialect.among(db, tables.order_items.c.epc, names))
    codes = sa.select(tables.order_codes.c.order_id).where(dialect.among(db, tables.order_codes.c.code, names))
    named = [dialect.among(db, column, names) for column in (parcel.id, parcel.tote, parcel.parcel)]
    # Each by its own index: asked as one condition, PostgreSQL reads all fulfilments.
    shipped = sa.union(sa.select(parcel.id).where(sa.or_(*named)), items, codes).limit(_NAMED)
    parcels = {*db.execute(shipped).scalars(), text}
    found |= {link.order for link in sales.linked(db, fulfilments=parcels)}
    if keys is not None:
        found |= persons_named(db, keys, text, countries)
    return tuple(sorted(found)[:_NAMED])


def phones_of(text: str, countries: Iterable[str]) -> list[Consignee]:
    """Whoever may have a phone number as somebody types it; ``countries``: of phones without one."""
    read = [read_phone(text, country) for country in dict.fromkeys(("", *countries))]
    return [Consignee(phone=one.number, extension=one.extension, phone_given=text) for one in read]


def persons_named(db: sa.Connection, keys: Keys, text: str, countries: Iterable[str]) -> set[str]:
    """The orders of whoever has this phone or mail address."""
    person = its.consignees.c
    asked: list[sa.ColumnElement[bool]] = []
    if "@" in text:
        asked.append(person.email_key == keys.email(Consignee(email=text)))
    elif sum(char.isdecimal() for char in text) >= 6:
        phones = phones_of(text, countries)
        asked.append(person.phone_key.in_(sorted({key for one in phones if (key := keys.phone(one))})))
    found: set[str] = set()
    for condition in asked:
        found |= set(db.execute(sa.select(person.order_id).where(condition).limit(_NAMED)).scalars())
    return found


def _sound(text: str) -> bool:
    return not any(0xD800 <= ord(char) < 0xE000 for char in text)


def _rows(db: sa.Connection, taken: dict[str, int]) -> tuple[SaleRow, ...]:
    orders = sales.find(db, taken)
    findings = sales.findings_of(db, taken)
    states = names_of_fulfilments(db, taken)
    return tuple(
        SaleRow(
            id=name,
            channel=order.channel,
            external=order.external,
            stage=order.stage,
            version=order.version,
            taken_us=at_us,
            ordered_us=order.ordered_us,
            ship_by_us=order.ship_by_us,
            promised=order.promised,
            priority=order.priority,
            urgent=order.urgent,
            currency=order.payment.currency,
            total=order.payment.total,
            lines=len(order.lines),
            units=sum(line.wanted for line in order.lines),
            findings=_codes(findings.get(name, ())),
            fulfilments={parcel: str(state) for parcel, state in states.get(name, {}).items()},
            merged_into=order.merged_into,
        )
        for name, at_us in taken.items()
        if (order := orders.get(name)) is not None
    )


def _codes(found: Sequence[sales.SaleFinding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.code for one in found))
