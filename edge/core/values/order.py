"""What an order is, for every part of the house.

Public names: OrderState, OrderLine, Order.
Identities (``tote``, ``parcel``, ``epcs``) are GS1 element strings, the form `rfid.epc.identity.identify` gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class OrderState(StrEnum):
    """Where an order stands."""

    OPEN = "open"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One article of an order.

    ``gtin``: 14 digits. ``epcs``: the very items that were picked, each ``(01)...(21)...``; empty where any item of
    the article will do. Never more ``epcs`` than ``quantity``. ``cancelled``: so many more were picked for it and are
    not wanted any more; they are taken out and put back.
    """

    gtin: str
    quantity: int
    sku: str = ""
    name: str = ""
    epcs: tuple[str, ...] = ()
    cancelled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of one consignee, picked into one tote and shipped as one parcel.

    ``tote``: ``(8003)...`` of the tote it is picked into. ``parcel``: ``(00)...`` of the label on its parcel.
    ``channel`` and ``external``: where it came from and its number there. ``codes``: other barcodes on the parcel by
    which it may be known, as the carrier's number. ``refused``: quality refused something of it, so it must not leave
    until that is settled; its ``state`` is as it was. ``items``: what a station bound as it packed the parcel; by none
    of them a line decides.
    """

    id: str
    carrier: str
    service: str
    lines: tuple[OrderLine, ...]
    tote: str | None = None
    parcel: str | None = None
    channel: str = "api"
    external: str = ""
    state: OrderState = OrderState.OPEN
    codes: tuple[str, ...] = ()
    refused: bool = False
    items: tuple[str, ...] = ()

    @property
    def labels(self) -> dict[str, None]:
        """What scanners may read on its parcel: its identity and its other codes, each once."""
        return dict.fromkeys((self.parcel, *self.codes) if self.parcel else self.codes)

    @property
    def epcs(self) -> Iterator[str]:
        """The items that it names."""
        return (epc for line in self.lines for epc in line.epcs)
