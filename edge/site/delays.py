"""Customers are told once that a parcel comes later than it was promised.

Public names: Delay, tell_delays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from edge.site import dialect
from edge.site.outbox import OutboxTold
from edge.site.tables.carriers import delays as table


@dataclass(frozen=True, slots=True)
class Delay:
    """``expected_us``: when it is to arrive now, 0 = nobody knows; ``cause``: a code, as ``suspended``."""

    fulfilment: str
    promised_us: int
    expected_us: int
    cause: str


def tell_delays(db: sa.Connection, found: Iterable[Delay], at_us: int) -> list[OutboxTold]:
    """What the outbox is to say at the end of the transaction, of parcels of which it never said so."""
    asked = {one.fulfilment: one for one in found if one.promised_us and not 0 < one.expected_us <= one.promised_us}
    known = set(db.execute(sa.select(table.c.fulfilment).where(dialect.among(db, table.c.fulfilment, asked))).scalars())
    columns = ("fulfilment", "promised_us", "expected_us", "cause", "at_us")
    rows = [
        (name, one.promised_us, one.expected_us, one.cause, at_us)
        for name, one in sorted(asked.items())
        if name not in known
    ]
    fresh = dialect.insert_new(db, table, columns, rows, "fulfilment")
    return [
        OutboxTold(
            "parcel.delayed.v1",
            name,
            {
                "promised_us": asked[name].promised_us,
                "expected_us": asked[name].expected_us,
                "cause": asked[name].cause,
            },
        )
        for name in sorted(fresh)
    ]
