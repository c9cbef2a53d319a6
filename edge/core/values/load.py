"""What a load is: the parcels that one trailer takes from one dock door.

Public names: Load, LoadAction, Aboard.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.core.values.order import Order


class LoadAction(StrEnum):
    """What people can ask of a load."""

    OPEN = "open"
    CLOSE = "close"
    ADD = "add"  # a parcel was put aboard, and somebody says so
    REMOVE = "remove"  # a parcel was taken off, and somebody says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One load. ``id``: unique, never used again. ``dock``: its door by name.

    ``services``: empty = all of the carrier's. ``departure_us``: when the trailer leaves, 0 = not known.
    ``cutoff_us``: parcels sorted later need not come along, 0 = all must. ``parcels``: exactly these identities
    (``(00)...``) belong to it; empty = the parcels of its carrier and services that are sorted.
    """

    id: str
    dock: str
    carrier: str
    trailer: str = ""
    services: tuple[str, ...] = ()
    departure_us: int = 0
    cutoff_us: int = 0
    parcels: tuple[str, ...] = ()

    def takes(self, parcel: str, carrier: str, service: str) -> bool:
        """Whether a parcel of this carrier and service belongs to it."""
        if self.parcels:
            return parcel in self.parcels
        return carrier == self.carrier and (not self.services or service in self.services)

    def takes_order(self, order: Order) -> bool:
        """Whether an order's parcel belongs to it."""
        return self.takes(order.parcel or "", order.carrier, order.service)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aboard:
    """A parcel that went out through a load's door.

    ``order``, ``carrier``, ``service``: empty where no order has it. ``at_us``: when it went aboard. ``sorted_us``:
    when it was sorted. ``by``: who says so, empty = the door. ``text``: why it does not belong there, empty = it does.
    """

    parcel: str
    order: str
    carrier: str
    service: str
    at_us: int
    sorted_us: int
    dock: str
    by: str = ""
    text: str = ""
