"""What is asked twice is done once: the key of a request is written by the transaction that does what it asks.

Public names: KeyedRequest, AskedBeforeError, asking, claim, forget_asked, forget_answers.

Who asks again with the same key is refused by that transaction, whoever asks, wherever, and however close behind; then
he is given the answer that the first one got (`edge.site.asked_book`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from edge.site import dialect
from edge.site.tables.asked import asked as table


class AskedBeforeError(Exception):
    """It is done already, or was just now; nothing of the transaction is."""


@dataclass(slots=True)
class KeyedRequest:
    """A request that must not be done twice. ``key``, ``said``: hashes, of up to 64 characters, of who asks with his
    key and of all that he asks; ``done``: whether a transaction with it stands.
    """

    key: str
    said: str
    at_us: int
    done: bool = False


_NOW: ContextVar[KeyedRequest | None] = ContextVar("asked", default=None)


@contextmanager
def asking(one: KeyedRequest) -> Iterator[None]:
    """What is written within the context, and in threads that begin in it, is what this request asks."""
    token = _NOW.set(one)
    try:
        yield
    finally:
        _NOW.reset(token)


def claim(db: sa.Connection) -> KeyedRequest | None:
    """The first of a transaction: it is that of a request that nobody did yet, if any. Raises AskedBeforeError."""
    one = _NOW.get()
    if one is None or one.done:
        return None
    insert = (postgresql.insert if dialect.is_postgresql(db) else sqlite.insert)(table)
    values = {"key": one.key, "said": one.said, "at_us": one.at_us, "status": 0, "headers": "{}", "body": ""}
    if db.execute(insert.values(values).on_conflict_do_nothing().returning(table.c.key)).first() is None:
        raise AskedBeforeError
    return one


def forget_asked(portion: int, before_us: int, db: sa.Connection) -> int:
    """Takes out the oldest that were asked before an instant; how many."""
    old = sa.select(table.c.key).where(table.c.at_us < before_us).order_by(table.c.at_us).limit(portion)
    return db.execute(table.delete().where(table.c.key.in_(old))).rowcount


def forget_answers(db: sa.Connection) -> None:
    """Answers may say who gets an order: none is known any more; what was done is not done again."""
    db.execute(table.update().where(table.c.status > 0).values(status=0, headers="{}", body=""))
