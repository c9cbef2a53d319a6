"""Keys of persons: by which one is known again when nothing else of them is kept, and which nobody can turn back.

Public names: Keys, PersonKeys, read_keys, check_mark.

A key is a keyed hash (BLAKE2b, RFC 7693) with a secret of the site's that stands in a file of its own, not in the
database: who has a copy of the database alone cannot find a phone number by trying all of them.
"""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile

import msgspec
import sqlalchemy as sa
from cryptography.fernet import Fernet

from edge.intake import compare
from edge.orders.likeness import numbers_of
from edge.orders.sales import Consignee, Draft, SalesLine, SalesOrder
from edge.site import dialect
from edge.site.dialect import Lock
from edge.site.engine import StoreError
from edge.site.tables import sales as tables

_BYTES = 32
_KEY = 16
_NO_DIGIT = re.compile(r"\D")
_UNHEARD = re.compile(r"[^\w\n]|_")
_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonKeys:
    """By what an order is found beside others; None = that is not known of it."""

    phone: str | None = None
    email: str | None = None
    address: str | None = None
    goods: str | None = None
    person: str | None = None


class Keys:
    """Made of a site's secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sealing(self) -> Fernet:
        """Closes and opens what is kept for a while and may say who somebody is."""
        key = blake2b(b"sealing", key=self._secret, digest_size=_BYTES).digest()
        return Fernet(urlsafe_b64encode(key))

    @property
    def mark(self) -> str:
        """By which a store knows the secret that its keys are made with."""
        return self._of(b"mark", b"")

    def content(self, draft: Draft) -> tuple[str, bytes]:
        """A key of all that a channel says of an order, and all that came with it, as JSON."""
        said = _encoder.encode((_content(draft.order), draft.consignee))
        return self._of(b"content", said), said + _encoder.encode(draft.noted)

    def phone(self, consignee: Consignee) -> str | None:
        """Of the number as it is dialled; None where there is none, or one that the channel hides."""
        digits = _NO_DIGIT.sub("", consignee.phone or consignee.phone_given)
        return (
            None if consignee.masked or not digits else self._of(b"phone", f"{digits}#{consignee.extension}".encode())
        )

    def email(self, consignee: Consignee) -> str | None:
        """Of the address without its case."""
        return self._of(b"email", consignee.email.strip().casefold().encode()) if consignee.email.strip() else None

    def address(self, consignee: Consignee) -> str | None:
        """Of all that is written on a parcel but the name; widths, cases, blanks and points do not count."""
        if not consignee.street.strip():
            return None
        parts = (consignee.country, consignee.postcode, consignee.region, consignee.city, consignee.district)
        written = unicodedata.normalize("NFKC", "\n".join((*parts, consignee.street))).casefold()
        return self._of(b"address", _UNHEARD.sub("", written).encode())

    def all_of(self, consignee: Consignee, lines: Iterable[SalesLine]) -> PersonKeys:
        """Every key of who gets something and of what that is.

        Of goods: of what goes to a postcode and of the numbers in its address, since only orders that have both in
        common may be one order twice; of the person: who gets something where, see `edge.intake.compare`. None where
        that says nothing.
        """
        goods, written = compare.goods_key(consignee, lines), compare.address_key(consignee)
        return PersonKeys(
            phone=self.phone(consignee),
            email=self.email(consignee),
            address=self.address(consignee),
            goods=self._text(b"goods", goods and f"{goods}|{','.join(numbers_of(written))}"),
            person=self._text(b"person", compare.consignee_key(consignee, written)),
        )

    def _text(self, what: bytes, text: str) -> str | None:
        return self._of(what, text.encode()) if text else None

    def _of(self, what: bytes, content: bytes) -> str:
        return blake2b(content, digest_size=_KEY, key=self._secret, person=what).hexdigest()


def read_keys(file: Path | None, store: Path | None) -> Keys:
    """The keys of a site; the secret is made where there is none. ``store``: the file of a store in SQLite.

    Raises StoreError, OSError.
    """
    if file is None:
        if store is None:
            raise StoreError("sales orders in PostgreSQL: name a `secret_file` in SITE.toml, the same for every api")
        file = store.with_name(f"{store.name}.secret")
    if not file.exists():
        with NamedTemporaryFile(dir=file.parent, prefix=f"{file.name}.") as made:  # which nobody else may read
            made.write(f"{secrets.token_hex(_BYTES)}\n".encode())
            made.flush()
            os.fsync(made.fileno())
            with suppress(FileExistsError):  # another process was first
                os.link(made.name, file)
    try:
        secret = bytes.fromhex(file.read_text(encoding="ascii"))
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise StoreError(f"{file}: no secret of a site: {2 * _BYTES} hexadecimal digits are expected")
    return Keys(secret)


def check_mark(db: sa.Connection, keys: Keys) -> None:
    """Raises StoreError where the keys of a store were made with another secret; the first one is remembered."""
    dialect.lock(db, Lock.SCHEMA)
    known = db.execute(sa.select(tables.key_marks.c.mark)).scalar()
    if known is None:
        db.execute(tables.key_marks.insert().values(mark=keys.mark))
    elif known != keys.mark:
        raise StoreError("the site's secret is another than its persons' keys were made with: bring its file back")


_PAID = ("kind", "currency", "total", "paid", "freight", "discount", "tax")
"""What a channel says of a payment; what is credited later is ours."""


def _content(order: SalesOrder) -> tuple[object, ...]:
    """Without what is ours: id, stage, version, what it was merged into; and without the channel's revision."""
    return (
        order.channel,
        order.external,
        order.lines,
        {name: getattr(order.payment, name) for name in _PAID},
        order.ordered_us,
        order.paid_us,
        order.service,
        order.promised,
        order.ship_by_us,
        order.priority,
        order.urgent,
        order.note,
    )
