"""What a wish or a report changes: put together piece by piece, and given back whole, or refused.

Public names: Changed, WishRefused, Work.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from edge.core.values.order import OrderState
from edge.orders.moments import AmendFeed, Effect, Refund
from edge.orders.money import refundable
from edge.orders.sales import OrderStage, SalesOrder
from edge.orders.stages import (
    STARTED,
    Fulfilment,
    FulfilmentState,
    FulfilmentTurn,
    OrderTurn,
    Portion,
    Scope,
    line_state,
    moved,
    turned,
)

_LEADS = (OrderStage.ACCEPTED, OrderStage.CLOSED)


@dataclass(frozen=True, slots=True)
class Changed:
    """Orders and fulfilments as they are from now on, those that are others than before; and what is to be done."""

    orders: tuple[SalesOrder, ...] = ()
    fulfilments: tuple[Fulfilment, ...] = ()
    effects: tuple[Effect, ...] = ()

    def onto(self, scope: Scope) -> Scope:
        """What there is now."""
        return Scope(
            {**scope.orders, **{one.id: one for one in self.orders}},
            {**scope.fulfilments, **{one.id: one for one in self.fulfilments}},
        )


@dataclass(frozen=True, slots=True)
class WishRefused:
    """Nothing changes. ``values``: by the places that the code's words have, `edge.views.words.review`."""

    code: str
    values: dict[str, str | int] = field(default_factory=dict)


class Work:
    """One wish or report under way."""

    def __init__(self, scope: Scope) -> None:
        self._before = scope
        self.scope = Scope(dict(scope.orders), dict(scope.fulfilments))
        self.effects: list[Effect] = []

    def order(self, order: SalesOrder) -> None:
        """An order as it is from now on."""
        self.scope = Scope({**self.scope.orders, order.id: order}, self.scope.fulfilments)

    def fulfilment(self, fulfilment: Fulfilment) -> None:
        """A fulfilment as it is from now on."""
        self.scope = Scope(self.scope.orders, {**self.scope.fulfilments, fulfilment.id: fulfilment})

    def portion(self, fulfilment: str, portion: Portion) -> None:
        """One of its portions as it is from now on."""
        held = self.scope.fulfilments[fulfilment]
        self.fulfilment(
            replace(
                held,
                portions=tuple(
                    portion if (one.order, one.line) == (portion.order, portion.line) else one for one in held.portions
                ),
            )
        )

    def cancelled(self, order: str, line: int, more: int) -> None:
        """So many more units of a line are cancelled; fewer below 0."""
        held = self.scope.orders[order]
        lines = (replace(one, cancelled=one.cancelled + more) if one.number == line else one for one in held.lines)
        self.order(replace(held, lines=tuple(lines)))

    def turn(self, order: str, turn: OrderTurn) -> None:
        """Something happens to an order."""
        self.order(turned(self.scope.orders[order], turn))

    def unplan(self, fulfilment: Fulfilment) -> None:
        """Its units are open again; none of them is picked."""
        portions = tuple(replace(one, quantity=0) for one in fulfilment.portions)
        self.fulfilment(moved(replace(fulfilment, portions=portions), FulfilmentTurn.EMPTIED))

    def refund(self, order: str, *, at_once: bool = False) -> None:
        """Pays back what may be; ``at_once``: also for goods that nobody has seen again."""
        unseen: dict[int, int] = {}
        for fulfilment in self.scope.of(order) if not at_once else ():
            for one in fulfilment.portions:
                if one.order == order:
                    unseen[one.line] = unseen.get(one.line, 0) + one.putting_back
        held = self.scope.orders[order]
        if amount := refundable(held, unseen):
            self.order(replace(held, payment=replace(held.payment, paid=held.payment.paid - amount)))
            self.effects.append(Refund(order, amount, held.payment.currency))

    def done(self) -> Changed:
        """All of it, with what follows for states, stages, the line and those that are merged."""
        for fulfilment in list(self.scope.fulfilments.values()):
            if fulfilment != self._before.fulfilments.get(fulfilment.id):
                self.fulfilment(_settled(fulfilment))
        for order in list(self.scope.orders.values()):
            if order.stage is not OrderStage.CLOSED:
                self.order(_staged(self.scope, order))
        for order in list(self.scope.orders.values()):
            lead = self.scope.orders.get(order.merged_into)
            if lead is not None and lead.stage not in _LEADS:
                self.turn(order.id, OrderTurn.PARTED)
        for order in list(self.scope.orders.values()):
            if order.stage is not OrderStage.MERGED and order.merged_into:
                self.order(replace(order, merged_into=""))
        fulfilments = [one for key, one in self.scope.fulfilments.items() if one != self._before.fulfilments.get(key)]
        orders = [one for key, one in self.scope.orders.items() if one != self._before.orders.get(key)]
        feed = (AmendFeed(one.id) for one in fulfilments if _line_knows(self._before, one))
        return Changed(
            orders=tuple(replace(one, version=one.version + 1) for one in orders),
            fulfilments=tuple(fulfilments),
            effects=(*self.effects, *feed),
        )


def _line_knows(before: Scope, now: Fulfilment) -> bool:
    """Whether the line must hear of it: it is released now, or was."""
    was = before.fulfilments.get(now.id)
    if was is None or was.state is FulfilmentState.PLANNED:
        return now.state in STARTED
    return _told(was) != _told(now)


def _told(fulfilment: Fulfilment) -> tuple[object, ...]:
    """What the line is told of it."""
    state = line_state(fulfilment.state)
    content = [(one.order, one.line, one.quantity, one.putting_back) for one in fulfilment.portions]
    return state, content if state is not OrderState.CANCELLED else []


def _settled(fulfilment: Fulfilment) -> Fulfilment:
    """What its content makes of its state."""
    if fulfilment.quantity:
        return moved(fulfilment, FulfilmentTurn.REDUCED if fulfilment.putting_back else FulfilmentTurn.RESTORED)
    return moved(fulfilment, FulfilmentTurn.STOPPED if fulfilment.putting_back else FulfilmentTurn.EMPTIED)


def _staged(scope: Scope, order: SalesOrder) -> SalesOrder:
    """What its units make of its stage."""
    if any(line.wanted for line in order.lines):
        return turned(order, OrderTurn.LEFT)
    unseen = any(one.order == order.id and one.putting_back for held in scope.of(order.id) for one in held.portions)
    return turned(order, OrderTurn.EMPTIED if unseen else OrderTurn.FREED)
