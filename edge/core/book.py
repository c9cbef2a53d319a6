"""The order book: the copy of the orders that the lines decide by.

Public names: OrderBook.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from edge.core.values.order import Order, OrderState
from edge.core.values.state import BookState

KEEP_CLOSED = 100_000
"""How many shipped and cancelled orders are remembered, to recognise their items and parcels when they come again."""


class OrderBook:
    """Orders by id, tote, parcel and item."""

    def __init__(self, state: BookState) -> None:
        self._state = state
        self._by_tote: dict[str, str] = {}
        self._by_parcel: dict[str, str] = {}
        self._by_epc: dict[str, str] = {}
        for order in state.orders.values():
            self._index(order)

    def __len__(self) -> int:
        return len(self._state.orders)

    def put(self, order: Order) -> None:
        """Takes a new or changed order. A shipped order stays shipped, whatever an older copy says."""
        known = self._state.orders.get(order.id)
        if known is not None:
            if known.state is OrderState.SHIPPED and order.state is OrderState.OPEN:
                return
            self._unindex(known)
        self._state.orders[order.id] = order
        self._index(order)
        if order.state is OrderState.OPEN:
            self._state.closed.pop(order.id, None)
        else:
            self._close(order.id)

    def ship(self, order: Order) -> None:
        """The order's parcel has left."""
        self.put(replace(order, state=OrderState.SHIPPED))

    def bind(self, epcs: Iterable[str], order: str) -> None:
        """Remembers which order took these items."""
        self._state.bound.update(dict.fromkeys(epcs, order))

    def order(self, order_id: str) -> Order | None:
        """An order by its id."""
        return self._state.orders.get(order_id)

    def of_tote(self, tote: str) -> Order | None:
        """The open order that is picked into a tote."""
        return self._state.orders.get(self._by_tote.get(tote, ""))

    def of_parcel(self, parcel: str) -> Order | None:
        """The order whose label a parcel carries, in whatever state; by its identity or another of its codes."""
        return self._state.orders.get(self._by_parcel.get(parcel, ""))

    def of_item(self, epc: str) -> Order | None:
        """The order that names an item or took it before."""
        return self._state.orders.get(self._by_epc.get(epc) or self._state.bound.get(epc, ""))

    def _index(self, order: Order) -> None:
        if order.tote and order.state is OrderState.OPEN:
            self._by_tote[order.tote] = order.id
        for label in _labels(order):
            self._by_parcel[label] = order.id
        for line in order.lines:
            for epc in line.epcs:
                self._by_epc[epc] = order.id

    def _unindex(self, order: Order) -> None:
        if order.tote and self._by_tote.get(order.tote) == order.id:
            del self._by_tote[order.tote]
        for label in _labels(order):
            if self._by_parcel.get(label) == order.id:
                del self._by_parcel[label]
        for line in order.lines:
            for epc in line.epcs:
                if self._by_epc.get(epc) == order.id:
                    del self._by_epc[epc]

    def _close(self, order_id: str) -> None:
        closed = self._state.closed
        closed.pop(order_id, None)
        closed[order_id] = None
        if len(closed) > KEEP_CLOSED:
            oldest = next(iter(closed))
            del closed[oldest]
            self._unindex(self._state.orders.pop(oldest))
            # Items of forgotten orders are few per order and many in all: drop them in one sweep now and then.
            if len(self._state.bound) > 20 * KEEP_CLOSED:
                orders = self._state.orders
                self._state.bound = {epc: owner for epc, owner in self._state.bound.items() if owner in orders}


def _labels(order: Order) -> set[str]:
    return {*order.codes, *((order.parcel,) if order.parcel else ())}
