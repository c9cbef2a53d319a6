"""Sort: which lane a parcel goes to.

Public names: Choice, Named, choose_lane, identify_parcel, combine, set_aside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge.core.book import OrderBook
from edge.core.events import Claim, RouteReason
from edge.core.values.layout import LaneRole, LineLayout
from edge.core.values.order import Order, OrderState
from rfid.epc.identity import identity_of_hex


@dataclass(frozen=True, slots=True)
class Choice:
    """A lane and why."""

    lane: int
    reason: RouteReason
    text: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """The parcels that tags and barcodes name; one is what there should be.

    ``contradiction``: what they say against each other, empty = nothing.
    """

    parcels: tuple[str, ...]
    contradiction: str = ""


def strongest_first(claims: Sequence[Claim]) -> Sequence[Claim]:
    """By weight, and of the same weight by EPC."""
    return claims if len(claims) < 2 else sorted(claims, key=lambda claim: (-claim.weight, claim.epc))


def identify_parcel(claims: Sequence[Claim]) -> tuple[str, ...]:
    """The parcels (``(00)...``) whose labels a passage owns, strongest first; one is what there should be."""
    found: dict[str, None] = {}
    for claim in strongest_first(claims):
        identity = identity_of_hex(claim.epc)
        if identity is not None and identity.startswith("(00)"):
            found[identity] = None
    return tuple(found)


def combine(tags: Sequence[str], codes: Sequence[str], book: OrderBook) -> Named:
    """One parcel from its tags and its barcodes: either will do, and both must agree.

    A barcode that is on the parcel settles which of several tags is the parcel's own. Codes that are no parcel's number
    (``(00)...``) and that no order knows say nothing.
    """
    labels: dict[str, None] = {}
    for code in codes:
        order = book.of_parcel(code)
        if order is not None or code.startswith("(00)"):
            labels[order.parcel or code if order is not None else code] = None
    if not labels:
        return Named(tuple(tags))
    if tags and not labels.keys() & set(tags):
        return Named(tuple(tags), f"its tag says {', '.join(tags)}, its barcode {', '.join(labels)}")
    return Named(tuple(labels))


def choose_lane(
    layout: LineLayout, parcels: Sequence[str], book: OrderBook, usable: Callable[[int], bool], rounds: int
) -> Choice:
    """The lane for what was identified: its carrier's, an alternative, round again, or where people look at it.

    ``usable``: neither full nor disabled. ``rounds``: times it went round before.
    """
    if len(parcels) != 1:
        reason = RouteReason.AMBIGUOUS if parcels else RouteReason.NO_READ
        text = f"labels of {', '.join(parcels)} together" if parcels else "no parcel label was read"
        return set_aside(layout, usable, reason, text)
    order = book.of_parcel(parcels[0])
    if order is None:
        return set_aside(layout, usable, RouteReason.NO_ORDER, "no order has this parcel")
    if order.state is OrderState.CANCELLED:
        return set_aside(layout, usable, RouteReason.CANCELLED, f"order {order.id} was cancelled")
    if order.refused:
        return set_aside(layout, usable, RouteReason.QUALITY, f"order {order.id} was refused by quality")
    if order.state is OrderState.SHIPPED:
        return set_aside(layout, usable, RouteReason.DUPLICATE, f"order {order.id} was shipped before")
    return _carrier_lane(layout, order, usable, rounds)


def set_aside(layout: LineLayout, usable: Callable[[int], bool], reason: RouteReason, text: str) -> Choice:
    """The quality lane, or the reject lane while people cannot take more there."""
    quality = layout.lane_of_role(LaneRole.QUALITY)
    reject = layout.lane_of_role(LaneRole.REJECT)
    for lane in (quality, reject):
        if lane is not None and usable(lane.number):
            return Choice(lane.number, reason, text)
    return Choice(quality.number if quality else layout.default_lane, reason, text)


def _carrier_lane(layout: LineLayout, order: Order, usable: Callable[[int], bool], rounds: int) -> Choice:
    candidates = list(dict.fromkeys(layout.lanes_for(order.carrier, order.service)))
    for lane in candidates:
        if usable(lane):
            if lane == candidates[0]:
                return Choice(lane, RouteReason.ASSIGNED)
            return Choice(lane, RouteReason.ALTERNATIVE, f"lane {candidates[0]} is full or disabled")
    wanted = f"{order.carrier} {order.service}".strip()
    if not candidates:
        return set_aside(layout, usable, RouteReason.NO_LANE, f"no lane takes {wanted}")
    blocked = f"lanes {', '.join(map(str, candidates))} for {wanted} are full or disabled"
    again = layout.lane_of_role(LaneRole.RECIRCULATE)
    if again is not None and rounds < layout.recirculate_limit and usable(again.number):
        return Choice(again.number, RouteReason.RECIRCULATE, blocked)
    reject = layout.lane_of_role(LaneRole.REJECT)
    text = f"{blocked}, after {rounds} rounds" if rounds else blocked
    return Choice(reject.number if reject else layout.default_lane, RouteReason.REJECT, text)
