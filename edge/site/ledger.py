"""The ledger of orders' money within a transaction: rows are added, never changed, each once for its cause.

Public names: MoneyKind, MoneyRow, book, book_taken, settle_with, rows_of, account_of.

What came in and went out of an order adds up to what is ``paid`` of it; what came back, less what its way back cost, to
what is ``credited``. An order in exchange is on the account of the first one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from edge.site import dialect
from edge.site.tables import cases as tables
from edge.site.tables import sales as sales_tables


class MoneyKind(StrEnum):
    """What an amount is."""

    PAYMENT = "payment"
    REFUND = "refund"  # below 0: it went out
    MOVED = "moved"  # from an order to the one in exchange for it: below 0 at the first, above at the other
    CREDIT = "credit"  # what units that came back had cost: so much less is owed
    FREIGHT = "freight"  # below 0: what their way back costs the customer


PAID = (MoneyKind.PAYMENT, MoneyKind.REFUND, MoneyKind.MOVED)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRow:
    """One of them, in minor units."""

    order: str
    kind: MoneyKind
    amount: int
    currency: str
    cause: str
    by: str = ""
    at_us: int


def book(db: sa.Connection, rows: Iterable[MoneyRow], account: str = "") -> None:
    """Adds rows; those of an amount of 0 are none. ``account``: of an order that is on none yet, empty = its own."""
    for one in rows:
        if one.amount:
            values = {
                "order_id": one.order,
                "account": account_of(db, one.order) or account or one.order,
                "kind": str(one.kind),
                "amount": one.amount,
                "currency": one.currency,
                "cause": one.cause[:200],
                "by": one.by,
                "at_us": one.at_us,
            }
            db.execute(tables.money.insert().values(values))


def book_taken(db: sa.Connection, paid: Sequence[tuple[str, int, str]], at_us: int, of: str = "") -> None:
    """What is paid already of orders that are new: (order, amount, currency); ``of``: from another order's account."""
    columns = ("order_id", "account", "kind", "amount", "currency", "cause", "by", "at_us")
    kind, account = str(MoneyKind.MOVED if of else MoneyKind.PAYMENT), (account_of(db, of) or of) if of else ""
    rows = [(name, account or name, kind, n, currency, "taken", "", at_us) for name, n, currency in paid if n]
    dialect.bulk_insert(db, tables.money, columns, rows)


def account_of(db: sa.Connection, order: str) -> str:
    """Whose account an order is on: its own, or that of the one that it is in exchange for; empty = nobody knows."""
    its, case = tables.money.c, tables.cases.c
    booked = db.execute(sa.select(its.account).where(its.order_id == order).limit(1)).scalar()
    if booked is not None:
        return str(booked)
    first = db.execute(sa.select(case.order_id).where(case.linked == order, case.linked != "").limit(1)).scalar()
    return "" if first is None else account_of(db, str(first)) or str(first)


def rows_of(db: sa.Connection, order: str) -> list[MoneyRow]:
    """All that was booked on an order's account, in order."""
    its = tables.money
    account = account_of(db, order) or order
    return [
        MoneyRow(
            order=row.order_id,
            kind=MoneyKind(row.kind),
            amount=row.amount,
            currency=row.currency,
            cause=row.cause,
            by=row.by,
            at_us=row.at_us,
        )
        for row in db.execute(sa.select(its).where(its.c.account == account).order_by(its.c.seq))
    ]


def settle_with(db: sa.Connection, rows: Sequence[MoneyRow], account: str = "") -> None:
    """Books rows of one order, and what follows for what is paid and credited of it."""
    order = rows[0].order
    book(db, rows, account)
    paid = sum(one.amount for one in rows if one.kind in PAID)
    credited = sum(one.amount for one in rows if one.kind not in PAID)
    its = sales_tables.orders
    changed = {"paid": its.c.paid + paid, "credited": its.c.credited + credited, "version": its.c.version + 1}
    db.execute(its.update().where(its.c.id == order).values(changed))
    for one in rows:
        if one.kind is MoneyKind.REFUND and one.amount:
            row = {"amount": -one.amount, "currency": one.currency, "at_us": one.at_us}
            db.execute(sales_tables.refunds.insert().values(order_id=order, **row))
