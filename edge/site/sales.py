"""Sales orders within a transaction: looked up, changed, and what is noted beside them.

Public names: find, consignee_of, replace_order, set_stage, set_noted, note_change, changes_of, conflict, set_findings,
add_findings, findings_of, waive, waivers_of, noted_of, link, linked, SaleFinding, SaleWaiver, SaleChange, SaleLink,
SalesConflict; and for rows ORDER, LINE, PERSON, order_row, line_row, person_row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from edge.orders.sales import Consignee, Noted, OrderStage, Payment, PaymentKind, SalesLine, SalesOrder
from edge.site import dialect
from edge.site.personal import Keys, PersonKeys
from edge.site.tables import sales as tables

ORDER = (
    "id",
    "channel",
    "external",
    "stage",
    "version",
    "revision",
    "ordered_us",
    "paid_us",
    "ship_by_us",
    "promised",
    "priority",
    "urgent",
    "service",
    "note",
    "merged_into",
    "payment",
    "currency",
    "total",
    "paid",
    "freight",
    "discount",
    "tax",
    "credited",
)
LINE = ("number", "sku", "gtin", "name", "quantity", "cancelled", "price", "discount", "share")
_CONSIGNEE = (
    "name",
    "phone",
    "extension",
    "phone_given",
    "masked",
    "email",
    "country",
    "region",
    "city",
    "district",
    "street",
    "postcode",
)
PERSON = ("order_id", *_CONSIGNEE, "phone_key", "email_key", "address_key", "goods_key", "person_key")


class SalesConflict(ValueError):  # noqa: N818  # as OrderConflict
    """An order is another than the caller knew: there is none, or its version is another. The text says which.

    ``since``: what was done to it last; None = nothing is known of that.
    """

    def __init__(self, text: str, since: SaleChange | None = None) -> None:
        super().__init__(text if since is None else f"{text}: {since.what} by {since.by or 'itself'}")
        self.since = since


@dataclass(frozen=True, slots=True)
class SaleFinding:
    """What a rule found at an order. ``where``: line or field, empty = all of it; ``limit``: what is allowed."""

    code: str
    weight: str
    where: str = ""
    value: str = ""
    limit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleWaiver:
    """That a finding does not hold an order any more, by whom, and why."""

    code: str
    where: str
    value: str
    by: str
    reason: str
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleChange:
    """What somebody did to an order. ``what``: a code; ``body``: ids, codes, numbers, nothing personal."""

    order: str
    at_us: int
    by: str
    reason: str
    what: str
    body: dict[str, str | int | list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SaleLink:
    """How much of a line of an order ships with a fulfilment."""

    fulfilment: str
    order: str
    number: int
    quantity: int


_T = TypeVar("_T")


def order_row(order: SalesOrder, stage: OrderStage | None = None) -> tuple[object, ...]:
    """``stage``: another than its own."""
    paid = order.payment
    return (
        order.id,
        order.channel,
        order.external or None,
        str(stage or order.stage),
        order.version,
        order.revision,
        order.ordered_us,
        order.paid_us,
        order.ship_by_us,
        order.promised,
        order.priority,
        order.urgent,
        order.service,
        order.note,
        order.merged_into,
        str(paid.kind),
        paid.currency,
        paid.total,
        paid.paid,
        paid.freight,
        paid.discount,
        paid.tax,
        paid.credited,
    )


def line_row(line: SalesLine) -> tuple[object, ...]:
    return (
        line.number,
        line.sku,
        line.gtin,
        line.name,
        line.quantity,
        line.cancelled,
        line.price,
        line.discount,
        line.share,
    )


def person_row(order: str, person: Consignee, known_by: PersonKeys) -> tuple[object, ...]:
    return (
        order,
        person.name,
        person.phone,
        person.extension,
        person.phone_given,
        person.masked,
        person.email,
        person.country,
        person.region,
        person.city,
        person.district,
        person.street,
        person.postcode,
        known_by.phone,
        known_by.email,
        known_by.address,
        known_by.goods,
        known_by.person,
    )


# ---- looked up and changed -------------------------------------------------------------------------------------------


def find(db: sa.Connection, names: Iterable[str]) -> dict[str, SalesOrder]:
    """The orders of some ids, by id; those that there are."""
    wanted = list(names)
    table = tables.lines.c
    query = sa.select(table.order_id, *(table[name] for name in LINE)).where(dialect.among(db, table.order_id, wanted))
    lines: dict[str, list[SalesLine]] = {}
    for row in db.execute(query.order_by(table.order_id, table.number)):
        lines.setdefault(row.order_id, []).append(SalesLine(**{name: getattr(row, name) for name in LINE}))
    columns = tables.orders.c
    orders = sa.select(*(columns[name] for name in ORDER)).where(dialect.among(db, columns.id, wanted))
    return {row.id: _order(row, lines.get(row.id, [])) for row in db.execute(orders)}


def _order(row: sa.Row[tuple[object, ...]], lines: Sequence[SalesLine]) -> SalesOrder:
    said = row._mapping  # noqa: SLF001  # SQLAlchemy's public name
    return SalesOrder(
        id=said["id"],
        channel=said["channel"],
        external=said["external"] or "",
        lines=tuple(lines),
        payment=Payment(
            kind=PaymentKind(said["payment"]),
            currency=said["currency"],
            total=said["total"],
            paid=said["paid"],
            freight=said["freight"],
            discount=said["discount"],
            tax=said["tax"],
            credited=said["credited"],
        ),
        stage=OrderStage(said["stage"]),
        version=said["version"],
        revision=said["revision"],
        ordered_us=said["ordered_us"],
        paid_us=said["paid_us"],
        service=said["service"],
        promised=said["promised"],
        ship_by_us=said["ship_by_us"],
        priority=said["priority"],
        urgent=said["urgent"],
        note=said["note"],
        merged_into=said["merged_into"],
    )


def consignee_of(db: sa.Connection, name: str) -> Consignee | None:
    """Who gets an order; None = there is no such order, or the person is purged."""
    table = tables.consignees.c
    query = sa.select(*(table[column] for column in _CONSIGNEE)).where(table.order_id == name, table.purged_us == 0)
    row = db.execute(query).first()
    return None if row is None else Consignee(**row._asdict())


def replace_order(
    db: sa.Connection,
    order: SalesOrder,
    version: int,
    keys: Keys | None,
    consignee: Consignee | None = None,
    content: str = "",
) -> SalesOrder:
    """Stores an order in the place of its ``version``, as one version more; raises SalesConflict if it has another.

    ``consignee``: a new one, which needs ``keys``; None = as it is. ``content``: the key of what the channel said,
    empty = as it is. A line that is gone from the order must not be in a fulfilment.
    """
    after = replace(order, version=version + 1)
    table = tables.orders.c
    values = dict(zip(ORDER, order_row(after), strict=True)) | ({"content": content} if content else {})
    which = tables.orders.update().where(table.id == order.id, table.version == version)
    if db.execute(which.values(values)).rowcount != 1:
        known = db.execute(sa.select(table.version).where(table.id == order.id)).scalar()
        if known is None:
            raise SalesConflict(f"order {order.id}: there is none")
        raise conflict(db, order.id, known, version)
    its = tables.lines.c
    known_lines = set(db.execute(sa.select(its.number).where(its.order_id == order.id)).scalars())
    wanted = {line.number: line for line in order.lines}
    if gone := known_lines - wanted.keys():
        db.execute(tables.lines.delete().where(its.order_id == order.id, its.number.in_(sorted(gone))))
    for line in order.lines:
        row = dict(zip(LINE, line_row(line), strict=True))
        if line.number in known_lines:
            db.execute(tables.lines.update().where(its.order_id == order.id, its.number == line.number).values(row))
        else:
            db.execute(tables.lines.insert().values(order_id=order.id, **row))
    if consignee is not None:
        assert keys is not None, "a person has keys"
        told = person_row(order.id, consignee, keys.all_of(consignee, order.lines))
        person = dict(zip(PERSON, told, strict=True))
        db.execute(tables.consignees.update().where(tables.consignees.c.order_id == order.id).values(person))
    return after


def set_stage(db: sa.Connection, names: Iterable[str], stage: OrderStage, *, newer: bool) -> None:
    """Moves orders to a stage; ``newer``: they are one version more by that."""
    table = tables.orders.c
    values: dict[str, object] = {"stage": str(stage)} | ({"version": table.version + 1} if newer else {})
    db.execute(tables.orders.update().where(dialect.among(db, table.id, names)).values(values))


def set_noted(db: sa.Connection, name: str, noted: Iterable[Noted]) -> None:
    """What the border saw of an order, in the place of what it saw before."""
    db.execute(tables.noted.delete().where(tables.noted.c.order_id == name))
    rows = [(name, one.code, one.where, one.value) for one in noted]
    dialect.bulk_insert(db, tables.noted, ("order_id", "code", "place", "value"), rows)


def note_change(db: sa.Connection, changes: Sequence[SaleChange]) -> None:
    """Adds to the audit."""
    rows = [
        (one.order, one.at_us, one.by, one.reason, one.what, msgspec.json.encode(one.body).decode()) for one in changes
    ]
    dialect.bulk_insert(db, tables.changes, ("order_id", "at_us", "by", "reason", "what", "body"), rows)


def changes_of(db: sa.Connection, name: str) -> list[SaleChange]:
    """What was done to an order, in order."""
    table = tables.changes
    return [
        SaleChange(
            order=row.order_id,
            at_us=row.at_us,
            by=row.by,
            reason=row.reason,
            what=row.what,
            body=msgspec.json.decode(row.body),
        )
        for row in db.execute(sa.select(table).where(table.c.order_id == name).order_by(table.c.seq))
    ]


def conflict(db: sa.Connection, name: str, known: int, version: int) -> SalesConflict:
    """That an order's version is ``known``, and not ``version``; with what somebody did to it, or else what came last.

    What the rules find then, they note in the same transaction, of the same time.
    """
    changes = changes_of(db, name)
    last = [one for one in changes if one.at_us == changes[-1].at_us]
    since = next((one for one in reversed(last) if one.by), last[-1] if last else None)
    return SalesConflict(f"order {name}: its version is {known}, not {version}", since)


def set_findings(db: sa.Connection, found: Mapping[str, Sequence[SaleFinding]], at_us: int) -> None:
    """What the rules found at orders, by id, in the place of what they found before."""
    db.execute(tables.findings.delete().where(dialect.among(db, tables.findings.c.order_id, found)))
    add_findings(db, found, at_us)


def add_findings(db: sa.Connection, found: Mapping[str, Sequence[SaleFinding]], at_us: int) -> None:
    """The same for orders at which nothing was found before."""
    rows = [
        (name, number, one.code, one.where, one.weight, one.value, one.limit, at_us)
        for name, findings in found.items()
        for number, one in enumerate(findings, 1)
    ]
    dialect.bulk_insert(
        db, tables.findings, ("order_id", "number", "code", "place", "weight", "value", "bound", "at_us"), rows
    )


def findings_of(db: sa.Connection, names: Iterable[str]) -> dict[str, list[SaleFinding]]:
    """What was found at orders, by id; orders without findings are left out."""
    table = tables.findings
    query = sa.select(table).where(dialect.among(db, table.c.order_id, names))
    return _grouped(
        (row.order_id, SaleFinding(row.code, row.weight, row.place, row.value, row.bound))
        for row in db.execute(query.order_by(table.c.order_id, table.c.number))
    )


def waive(db: sa.Connection, name: str, waivers: Sequence[SaleWaiver]) -> None:
    """Notes that findings do not hold an order any more; what was waived before keeps its first waiver."""
    known = {(one.code, one.where, one.value) for one in waivers_of(db, [name]).get(name, ())}
    rows = [
        (name, one.code, one.where, one.value, one.by, one.reason, one.at_us)
        for one in waivers
        if (one.code, one.where, one.value) not in known
    ]
    columns = ("order_id", "code", "place", "value", "by", "reason", "at_us")
    dialect.bulk_insert(db, tables.waivers, columns, rows)


def waivers_of(db: sa.Connection, names: Iterable[str]) -> dict[str, list[SaleWaiver]]:
    """What was waived of orders, by id."""
    table = tables.waivers
    query = sa.select(table).where(dialect.among(db, table.c.order_id, names)).order_by(table.c.seq)
    return _grouped(
        (
            row.order_id,
            SaleWaiver(code=row.code, where=row.place, value=row.value, by=row.by, reason=row.reason, at_us=row.at_us),
        )
        for row in db.execute(query)
    )


def noted_of(db: sa.Connection, names: Iterable[str]) -> dict[str, list[Noted]]:
    """What the border saw of orders, by id."""
    table = tables.noted
    query = sa.select(table).where(dialect.among(db, table.c.order_id, names))
    return _grouped((row.order_id, Noted(row.code, row.place, row.value)) for row in db.execute(query))


def link(db: sa.Connection, links: Sequence[SaleLink]) -> None:
    """Notes what ships with what."""
    rows = [(one.fulfilment, one.order, one.number, one.quantity) for one in links]
    dialect.bulk_insert(db, tables.fulfilments, ("fulfilment_id", "sales_id", "number", "quantity"), rows)


def linked(db: sa.Connection, *, orders: Iterable[str] = (), fulfilments: Iterable[str] = ()) -> list[SaleLink]:
    """What ships some orders, and what some fulfilments ship."""
    table = tables.fulfilments
    which = sa.or_(dialect.among(db, table.c.sales_id, orders), dialect.among(db, table.c.fulfilment_id, fulfilments))
    found = [
        SaleLink(row.fulfilment_id, row.sales_id, row.number, row.quantity)
        for row in db.execute(sa.select(table).where(which))
    ]
    return sorted(found, key=lambda one: (one.fulfilment, one.order, one.number))


def _grouped(pairs: Iterable[tuple[str, _T]]) -> dict[str, list[_T]]:
    found: dict[str, list[_T]] = {}
    for name, one in pairs:
        found.setdefault(name, []).append(one)
    return found
