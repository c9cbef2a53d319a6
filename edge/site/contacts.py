"""Whether somebody is to ask the customer about an order, and what came of it, within a transaction.

Public names: contact_of, keep_contact.
"""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from edge.orders.contact import ContactOutcome, ContactTask
from edge.orders.review import ReviewFinding
from edge.site import tables


def contact_of(db: sa.Connection, name: str) -> ContactTask | None:
    """The task of an order; None = there is none."""
    table = tables.sales.contacts
    row = db.execute(sa.select(table).where(table.c.order_id == name)).first()
    if row is None:
        return None
    return ContactTask(
        order=name,
        findings=tuple(msgspec.json.decode(row.findings, type=list[ReviewFinding])),
        due_us=row.due_us,
        attempts=row.attempts,
        outcome=ContactOutcome(row.outcome) if row.outcome else None,
        by=row.by,
        note=row.note,
    )


def keep_contact(db: sa.Connection, task: ContactTask) -> None:
    """Stores it in place of what was there."""
    table = tables.sales.contacts
    db.execute(table.delete().where(table.c.order_id == task.order))
    db.execute(
        table.insert().values(
            order_id=task.order,
            findings=msgspec.json.encode(task.findings).decode(),
            due_us=task.due_us,
            attempts=task.attempts,
            outcome=str(task.outcome or ""),
            by=task.by,
            note=task.note,
        )
    )
