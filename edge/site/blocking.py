"""What of somebody goes on the blocklist: the keys that he is known by, with what is shown of each.

Public names: Blockable, known_of.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from edge.orders.sales import Consignee
from edge.site import sales
from edge.site.blocklist import BlockKind
from edge.site.personal import Keys
from edge.site.sale_detail import UnknownSale
from edge.site.sales_list import phones_of
from edge.site.standing import keys_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Blockable:
    """Somebody: by a phone, a mail address, or as who gets an order; ``kinds``: what of that, empty = all of it."""

    phone: str = ""
    email: str = ""
    order: str = ""
    kinds: tuple[BlockKind, ...] = ()


def known_of(
    db: sa.Connection, keys: Keys, who: Blockable, countries: Sequence[str]
) -> dict[BlockKind, tuple[str, str]]:
    """By kind its key, and what is shown. ``countries``: in which phones without one may be. Raises UnknownSale."""
    known: dict[BlockKind, tuple[str, str]] = {}
    if who.order:
        known |= _known_of(db, who.order, who.kinds)
    if who.phone:
        read = phones_of(who.phone, countries)
        of = next((one for one in read if one.phone), read[0])
        known |= {BlockKind.PHONE: (key, who.phone)} if (key := keys.phone(of)) else {}
    if who.email:
        known |= {BlockKind.EMAIL: (key, who.email)} if (key := keys.email(Consignee(email=who.email))) else {}
    return known


def _known_of(db: sa.Connection, name: str, kinds: Collection[BlockKind]) -> dict[BlockKind, tuple[str, str]]:
    its, person = keys_of(db, {name: None}).get(name), sales.consignee_of(db, name)
    if its is None:
        raise UnknownSale(name)
    its_words = person or Consignee()
    address = " ".join(
        part for part in (its_words.country, its_words.postcode, its_words.city, its_words.street) if part
    )
    every = {
        BlockKind.PHONE: (its.phone, its_words.phone or its_words.phone_given),
        BlockKind.EMAIL: (its.email, its_words.email),
        BlockKind.ADDRESS: (its.address, address),
    }
    return {kind: (key, shown) for kind, (key, shown) in every.items() if key and (not kinds or kind in kinds)}
