"""What the lines will make of an order's carrier, said when the order comes.

Public names: without_lane, meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from edge.core.values.layout import Job, LineLayout
from edge.core.values.order import Order, OrderState


def without_lane(orders: Iterable[Order], layouts: Sequence[LineLayout]) -> Iterator[str]:
    """For each open order that no sorting line has a lane for, a line that says so; nothing without a sorting line."""
    lines = [layout for layout in layouts if layout.job is Job.SORT]
    carriers = sorted({lane.carrier for layout in lines for lane in layout.lanes if lane.carrier})
    known: dict[tuple[str, str], bool] = {}
    for order in orders if lines else ():
        wanted = order.carrier, order.service
        if wanted not in known:
            known[wanted] = any(True for layout in lines for _ in layout.lanes_for(*wanted))
        if order.state is OrderState.OPEN and not known[wanted]:
            service = f", service {order.service!r}" if order.carrier in carriers else ""
            asked = f"order {order.id}: carrier {order.carrier!r}{service}"
            near = meant(order.carrier, carriers)
            more = f"; did you mean {near!r}?" if near else ""
            yield f"{asked}: no lane takes it: lanes: {', '.join(carriers)}{more}"


def meant(carrier: str, carriers: Iterable[str]) -> str:
    """The carrier of a lane that is written otherwise and may be meant; empty = none, or it is one of a lane."""
    known = {one.casefold(): one for one in carriers}
    near = get_close_matches(carrier.casefold(), known, n=1)
    return known[near[0]] if near and known[near[0]] != carrier else ""
