"""The order book: the copy of the orders that the lines decide by.

Public names: OrderBook, BY_STATE, STOPS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from edge.core.values.order import Order, OrderState
from edge.core.values.state import BookState
from edge.core.values.verdicts import Expected
from rfid.epc.identity import gtin_of

KEEP_CLOSED = 100_000
"""How many shipped and cancelled orders are remembered, to recognise their items and parcels when they come again."""
BY_STATE = "orders-by-state"
"""Decision flag: which order a name means follows from the orders alone. Before, it was the one put last while the
process ran, and nobody once that one gave the name up."""
STOPS = "cancelled-after-sorting"
"""Decision flag: an order may be cancelled after its parcel was sorted. Before, it stayed shipped."""


class OrderBook:
    """Orders by id, tote, parcel and item.

    A name that several orders have means an open one ahead of a shipped one ahead of a cancelled one; of several open
    ones that with the least id, of several closed ones that which was closed last. So the same orders answer the same,
    whatever they were before. ``by_state``, ``stops`` False: as before flags `BY_STATE` and `STOPS`.
    """

    def __init__(self, state: BookState, by_state: bool = True, stops: bool = True) -> None:
        self._state = state
        self._by_state = by_state
        self.stops = stops
        self._begin()

    def __len__(self) -> int:
        return len(self._state.orders)

    def decide(self, by_state: bool, stops: bool) -> None:
        """From now on by the rules, or as before them."""
        self.stops = stops
        if by_state is not self._by_state:
            self._by_state = by_state
            self._begin()

    def put(self, order: Order, again: bool = False) -> None:
        """Takes a new or changed order. A shipped order does not open again, whatever an older copy says; whether
        quality refused it, the newest copy says.

        ``again``: it was taken before, and comes once more as all orders do; then it is not cancelled either.
        """
        known = self._state.orders.get(order.id)
        if known is not None:
            cancelled = order.state is OrderState.CANCELLED and (again or not self.stops)
            old_copy = order.state is OrderState.OPEN or (self._by_state and cancelled)
            if known.state is OrderState.SHIPPED and old_copy:
                if known.refused is not order.refused:
                    self._state.orders[order.id] = replace(known, refused=order.refused)
                return
            self._unindex(known)
        self._state.orders[order.id] = order
        if order.state is OrderState.OPEN:
            self._state.released.pop(order.id, None)
        self._index(order)
        if order.state is OrderState.OPEN:
            self._state.closed.pop(order.id, None)
        else:
            self._close(order.id)

    def ship(self, order: Order) -> None:
        """The order's parcel has left."""
        shipped = replace(order, state=OrderState.SHIPPED)
        if not (self._by_state and order.state is OrderState.OPEN and self._state.orders.get(order.id) is order):
            self.put(shipped)
            return
        self._state.orders[order.id] = shipped  # of its names, only the tote's means it no more
        self._close_names(order)
        self._close(order.id)

    def bind(self, epcs: Iterable[str], order: str) -> None:
        """Remembers which order took these items."""
        self._state.bound.update(dict.fromkeys(epcs, order))

    def release(self, epc: str) -> None:
        """An item came back and is stock again: no order took it, and of those that name it only open ones still do."""
        self._state.bound.pop(epc, None)
        for name in self._by_epc.of(epc):
            if name in self._state.closed:
                self._by_epc.drop(epc, name)
                self._state.released[name] = (*self._state.released.get(name, ()), epc)

    def order(self, order_id: str) -> Order | None:
        """An order by its id."""
        return self._state.orders.get(order_id)

    def of_tote(self, tote: str) -> Order | None:
        """The open order that is picked into a tote."""
        return self._meant(self._by_tote.of(tote))

    def of_parcel(self, parcel: str) -> Order | None:
        """The order whose label a parcel carries, in whatever state; by its identity or another of its codes."""
        return self._meant(self._by_parcel.of(parcel))

    def of_item(self, epc: str) -> Order | None:
        """The order that names an item or took it before."""
        naming, bound = self._by_epc.of(epc), self._state.bound.get(epc)
        if bound is None or bound in naming or (naming and not self._by_state):
            return self._meant(naming)
        return self._meant((*naming, bound))

    def _meant(self, ids: tuple[str, ...]) -> Order | None:
        """The one order that is meant by a name of these."""
        orders = self._state.orders
        if len(ids) < 2:
            return orders.get(ids[0]) if ids else None
        known = [order for name in ids if (order := orders.get(name)) is not None]
        for state in (OrderState.OPEN, OrderState.SHIPPED, OrderState.CANCELLED):
            those = {order.id: order for order in known if order.state is state}
            if those and state is OrderState.OPEN:
                return those[min(those)]
            if those:
                return next(those[name] for name in reversed(self._state.closed) if name in those)
        return None

    def _begin(self) -> None:
        several = self._by_state
        self._by_tote, self._by_parcel, self._by_epc = _Names(several), _Names(several), _Names(several)
        self._articles = Counter[str]()  # lines of open orders, by GTIN
        for order in self._state.orders.values():
            self._index(order)

    def expects(self, identity: str | None) -> Expected:
        """Whether orders know a tag with this identity; None = it has none."""
        if identity is None:
            return Expected.NO
        named = (self._by_tote, self._by_parcel, self._by_epc)
        if identity in self._state.bound or any(names.of(identity) for names in named):
            return Expected.BY_NAME
        return Expected.BY_ARTICLE if gtin_of(identity) in self._articles else Expected.NO

    def _index(self, order: Order) -> None:
        if order.tote and order.state is OrderState.OPEN:
            self._by_tote.add(order.tote, order.id)
        for label in order.labels:
            self._by_parcel.add(label, order.id)
        released = self._state.released.get(order.id, ())
        for epc in order.epcs:
            if epc not in released:
                self._by_epc.add(epc, order.id)
        if order.state is OrderState.OPEN:
            self._articles.update(line.gtin for line in order.lines)

    def _unindex(self, order: Order) -> None:
        for label in order.labels:
            self._by_parcel.drop(label, order.id)
        for epc in order.epcs:
            self._by_epc.drop(epc, order.id)
        if order.state is OrderState.OPEN:
            self._close_names(order)

    def _close_names(self, order: Order) -> None:
        """What names an open order alone."""
        if order.tote:
            self._by_tote.drop(order.tote, order.id)
        for line in order.lines:
            self._articles[line.gtin] -= 1
            if not self._articles[line.gtin]:
                del self._articles[line.gtin]

    def _close(self, order_id: str) -> None:
        closed = self._state.closed
        closed.pop(order_id, None)
        closed[order_id] = None
        if len(closed) > KEEP_CLOSED:
            oldest = next(iter(closed))
            del closed[oldest]
            self._unindex(self._state.orders.pop(oldest))
            self._state.released.pop(oldest, None)
            # Items of forgotten orders are few per order and many in all: drop them in one sweep now and then.
            if len(self._state.bound) > 20 * KEEP_CLOSED:
                orders, bound = self._state.orders, self._state.bound
                for epc in [epc for epc, owner in bound.items() if owner not in orders]:
                    del bound[epc]


class _Names:
    """Which orders have a name. Not ``several``: only the one that was added last is known, as before `BY_STATE`."""

    def __init__(self, several: bool) -> None:
        self._several = several
        self._one: dict[str, str] = {}
        self._more: dict[str, tuple[str, ...]] = {}  # of the few names that two orders have, those behind the first

    def of(self, name: str) -> tuple[str, ...]:
        one = self._one.get(name)
        return () if one is None else (one, *self._more.get(name, ()))

    def add(self, name: str, order_id: str) -> None:
        if not self._several:
            self._one[name] = order_id
        elif self._one.setdefault(name, order_id) != order_id:
            more = self._more.get(name, ())
            if order_id not in more:
                self._more[name] = (*more, order_id)

    def drop(self, name: str, order_id: str) -> None:
        if name not in self._more:
            if self._one.get(name) == order_id:
                del self._one[name]
            return
        left = [one for one in self.of(name) if one != order_id]
        self._more.pop(name, None)
        if left:
            self._one[name] = left[0]
        else:
            self._one.pop(name, None)
        if len(left) > 1:
            self._more[name] = tuple(left[1:])
