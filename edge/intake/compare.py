"""By what orders of one person, and one order that came twice, are known: keys, never what is printed or dialled.

Public names: consignee_key, address_key, phone_key, goods_key.

Keys are texts: who stores them beyond a person's purge day makes digests of them with a secret of the site. An empty
key is equal to nothing. Width, case and script do not matter (臺北 = 台北 = 台北), numbers must be the same: 3樓 is not
13樓. Names never decide alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.intake.scripts import compact, folded
from edge.orders.sales import Consignee, SalesLine


def phone_key(consignee: Consignee) -> str:
    """The number with its extension; empty where it could not be read, or is masked."""
    return f"{consignee.phone}x{consignee.extension}" if consignee.phone and not consignee.masked else ""


def address_key(consignee: Consignee) -> str:
    """Where it goes, whichever fields it is spread over; empty without a street."""
    if not consignee.street.strip():
        return ""
    parts = (consignee.region, consignee.city, consignee.district, consignee.street)
    return f"{consignee.country}|{compact(consignee.postcode)}|{compact(' '.join(parts))}"


def consignee_key(consignee: Consignee, address: str | None = None) -> str:
    """Who gets it where: orders with one such key may be merged. Empty without name or address.

    ``address``: its `address_key`, where the caller has it.

    A phone that cannot be read, or is masked, counts as it was given: alike is the same, as far as anyone can see.
    """
    address = address_key(consignee) if address is None else address
    name = compact(consignee.name)
    phone = phone_key(consignee) or "".join(folded(consignee.phone_given).split())
    return f"{address}|{name}|{phone}" if address and name else ""


def goods_key(consignee: Consignee, lines: Iterable[SalesLine]) -> str:
    """What goes to a postcode, or where there is none to an address; empty without both, or without goods."""
    place = compact(consignee.postcode) or address_key(consignee)
    wanted: dict[str, int] = {}
    for line in lines:
        article = line.gtin or folded(line.sku)
        wanted[article] = wanted.get(article, 0) + line.wanted
    goods = ",".join(f"{article}*{count}" for article, count in sorted(wanted.items()) if count)
    return f"{consignee.country}|{place}|{goods}" if place and goods else ""
