"""What became of requests that brought a key, and what was answered: each call is one transaction.

Public names: AskedBook, KeptAnswer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa
from cryptography.fernet import InvalidToken

from edge.site.connections import StoreConnections
from edge.site.personal import Keys
from edge.site.tables.asked import asked as table


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What became of a request. ``said``: a hash of all that was asked; ``status`` 0: it was done, and nobody knows
    what was answered.
    """

    said: str
    status: int
    headers: Mapping[str, str]
    body: str


class AskedBook:
    """Of one store, by the keys of `edge.site.asked.KeyedRequest`. All calls raise StoreError.

    An answer may say who gets an order: with ``keys`` it is closed, and who has the database alone cannot read it.
    """

    def __init__(self, at: StoreConnections, keys: Callable[[], Keys]) -> None:
        self._at, self._keys = at, keys

    def look(self, key: str) -> KeptAnswer | None:
        """None = nobody asked with this key, or nothing came of it."""
        with self._at.reading() as db:
            row = db.execute(sa.select(table).where(table.c.key == key)).first()
        if row is None:
            return None
        status, body = row.status, ""
        if status:
            try:
                body = self._keys().sealing().decrypt(row.body.encode()).decode()
            except InvalidToken:  # by another secret
                status = 0
        return KeptAnswer(row.said, status, msgspec.json.decode(row.headers, type=dict[str, str]), body)

    def keep(self, key: str, status: int, headers: Mapping[str, str], body: str) -> None:
        """What is answered whoever asks again."""
        values = {
            "status": status,
            "headers": msgspec.json.encode(dict(headers)).decode(),
            "body": self._keys().sealing().encrypt(body.encode()).decode(),
        }
        with self._at.writing() as db:
            db.execute(table.update().where(table.c.key == key).values(values))

    def take_back(self, key: str) -> None:
        """It was refused: who asks again may be luckier."""
        with self._at.writing() as db:
            db.execute(table.delete().where(table.c.key == key))
