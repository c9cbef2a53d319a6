"""What a scanner names at a station: whether it is a piece of an article, and how many.

Public names: Piece, piece_of, whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from api.site_state import Site
from edge.intake import keys
from edge.orders.articles import GtinError, gtin14
from edge.site import catalogue


@dataclass(frozen=True, slots=True)
class Piece:
    """``units``: that one scan stands for, a case's GTIN for many; ``epc``: of the item, empty = no serial was read."""

    units: int
    epc: str = ""


def piece_of(site: Site, sku: str, text: str) -> Piece | None:
    """What was scanned as pieces of an article: its number, a GTIN of it, or an item's identity; None = it is another.

    An item whose GTIN the article does not list is taken as it is where the article lists none.
    """
    if text == sku:
        return Piece(1)
    with site.store().connections.reading() as db:
        article = catalogue.articles_of(db, [sku]).get(sku)
    gtins = dict(article.gtins) if article is not None else {}
    try:
        if units := gtins.get(gtin14(text), 0):
            return Piece(units)
    except GtinError:
        pass
    try:
        epc = keys.item(text)
    except ValueError:
        return None
    return Piece(1, epc) if not gtins or epc[4:18] in gtins else None


def whole(text: str) -> int:
    """A count that was typed or carried; -1 = it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
