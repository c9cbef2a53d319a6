"""What people and channels wish of an order, by where its goods are: amend, cancel, hold, pay; and a reservation's end.

Public names: Amend, amend, cancel, hold, pay, lapse.

Each gives new values and what is to be done, or refuses with a code. The order must be in the scope, with those merged
with it and every fulfilment of any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from edge.orders.moments import (
    MOMENTS,
    AskCarrier,
    Elsewhere,
    FreeReservation,
    Less,
    PlanAgain,
    Relabel,
    RemoveFromLoad,
    Reserve,
    TakeOut,
    Tell,
    Unplan,
    WithdrawPick,
)
from edge.orders.money import amounts, parts, worth
from edge.orders.sales import OrderStage, Payment, SalesLine, SalesOrder
from edge.orders.stages import (
    STARTED,
    Fulfilment,
    FulfilmentState,
    FulfilmentTurn,
    OrderTurn,
    Portion,
    Scope,
    moved,
)
from edge.orders.work import Changed, WishRefused, Work

_OVER = (OrderStage.CANCELLED, OrderStage.CLOSED)
_EASIEST = list(FulfilmentState)
"""Units are taken from where that is least work: the order of the states."""
_BARE = (FulfilmentState.PLANNED, FulfilmentState.RELEASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amend:
    """What is to be another.

    ``wanted``: units of a line by its number; lines that are not named stay. ``added``: new lines, with numbers of
    their own. ``consignee``: who gets it is another; that itself is the store's. ``payment``: what the channel says
    of all that is wanted now. ``judged``: the findings that hold the order as wished, by code; None = nobody
    looked, which is refused where goods are on their way.
    """

    order: str
    by: str
    reason: str
    wanted: Mapping[int, int] = field(default_factory=dict)
    added: tuple[SalesLine, ...] = ()
    service: str | None = None
    consignee: bool = False
    payment: Payment | None = None
    judged: tuple[str, ...] | None = None
    refund_at_once: bool = False


def amend(scope: Scope, wish: Amend) -> Changed | WishRefused:
    """Does what a wish says, or nothing of it."""
    order = scope.orders[wish.order]
    added = (*wish.added, *_more(order, wish))
    service = None if wish.service == order.service else wish.service
    elsewhere = wish.consignee or service is not None
    anew = bool(added) or elsewhere or _dearer(order, wish)
    on_its_way = [one for one in scope.of(order.id) if one.state in STARTED]
    refused = _refused(order, wish, added)
    if refused is None and anew and on_its_way:
        refused = _too_late(wish, on_its_way if elsewhere else [])
    if refused is not None:
        return refused
    work = Work(scope)
    for number, units in sorted(wish.wanted.items()):
        line = next(one for one in order.lines if one.number == number)
        _take(work, order.id, number, line.wanted - units)
    less = work.effects != []
    now = work.scope.orders[order.id]
    total = order.payment.total + sum(worth(line) for line in added)
    now = replace(now, lines=(*now.lines, *added), payment=replace(order.payment, total=total))
    now = replace(now, service=order.service if service is None else service)
    work.order(now if wish.payment is None else _priced(now, wish.payment))
    for fulfilment in scope.of(order.id) if elsewhere else ():
        if on_its_way or fulfilment.state is FulfilmentState.DEPARTED:
            _elsewhere(work, work.scope.fulfilments[fulfilment.id])
    unshipped = sum(line.wanted for line in work.scope.orders[order.id].lines) > scope.shipped(order.id)
    if anew and on_its_way:
        work.effects.append(Reserve(order.id))
    elif (anew and unshipped) or order.stage is OrderStage.HELD:
        _judged_anew(work, order.id)
    if less:
        work.refund(order.id, at_once=wish.refund_at_once)
    changed = work.done()
    stage = next((one.stage for one in changed.orders if one.id == order.id), order.stage)
    if changed == Changed():
        return changed
    event = "order.cancelled" if stage is OrderStage.CANCELLED else "order.amended"
    return replace(changed, effects=(*changed.effects, Tell(order.id, event)))


def cancel(scope: Scope, order: str, by: str, reason: str, *, refund_at_once: bool = False) -> Changed | WishRefused:
    """Nothing of an order is wanted any more. What departed stays shipped; its carrier is asked to bring it back."""
    wanted = {line.number: 0 for line in scope.orders[order].lines}
    return amend(scope, Amend(order=order, by=by, reason=reason, wanted=wanted, refund_at_once=refund_at_once))


def hold(scope: Scope, order: str, by: str, reason: str) -> Changed | WishRefused:
    """A person wants to look at it. Its bins are free again; refused once some of it is picked."""
    held = scope.orders[order]
    if not by or not reason:
        return WishRefused("no-name")
    if held.stage not in (OrderStage.REVIEW, OrderStage.ACCEPTED, OrderStage.MERGED):
        return WishRefused("stage", {"order": order, "stage": held.stage})
    for one in scope.of(order):
        if one.state in STARTED and (one.state not in _BARE or any(portion.picked for portion in one.portions)):
            return WishRefused("picked", {"order": order, "fulfilment": one.id, "state": one.state})
    work = Work(scope)
    _unplanned(work, order)
    work.turn(order, OrderTurn.PARTED)
    work.turn(order, OrderTurn.STOPPED)
    work.effects.append(Tell(order, "order.held"))
    return work.done()


def pay(scope: Scope, order: str, amount: int) -> Changed | WishRefused:
    """Money came in; a held order is judged anew.

    What comes for a cancelled one goes back, and so does what a carrier remits for goods that came back already.
    """
    held = scope.orders[order]
    if amount <= 0:
        return WishRefused("amount", {"amount": amount})
    work = Work(scope)
    work.order(replace(held, payment=replace(held.payment, paid=held.payment.paid + amount)))
    work.turn(order, OrderTurn.PAID)
    if held.stage is OrderStage.CANCELLED or held.payment.credited:
        work.refund(order)
    return work.done()


def lapse(scope: Scope, order: str) -> Changed | WishRefused:
    """The time is over for which stock was kept for an order that is not paid. Others may have it; it stays held."""
    held = scope.orders[order]
    if held.stage not in (OrderStage.REVIEW, OrderStage.HELD):
        return WishRefused("stage", {"order": order, "stage": held.stage})
    free = [FreeReservation(order, line.number, scope.open(order, line.number)) for line in held.lines]
    return Changed(effects=(*(one for one in free if one.quantity), Tell(order, "order.lapsed")))


def _priced(order: SalesOrder, payment: Payment) -> SalesOrder:
    """With what the channel says of all that is wanted now."""
    gone = sum(parts(line, 0, line.cancelled) for line in order.lines)
    return replace(order, payment=replace(payment, total=payment.total + gone))


def _dearer(order: SalesOrder, wish: Amend) -> bool:
    """Whether it is paid otherwise, or more is missing than before."""
    if wish.payment is None:
        return False
    if (wish.payment.kind, wish.payment.currency) != (order.payment.kind, order.payment.currency):
        return True
    return wish.payment.total - wish.payment.paid > max(0, amounts(order).due)


def _more(order: SalesOrder, wish: Amend) -> list[SalesLine]:
    """More of a line is a line of its own."""
    number = max(line.number for line in (*order.lines, *wish.added))
    found: list[SalesLine] = []
    for line in order.lines:
        if (more := wish.wanted.get(line.number, 0) - line.wanted) > 0:
            number += 1
            found.append(replace(line, number=number, quantity=more, cancelled=0, discount=0, share=0))
    return found


def _refused(order: SalesOrder, wish: Amend, added: tuple[SalesLine, ...]) -> WishRefused | None:
    if not wish.by or not wish.reason:
        return WishRefused("no-name")
    if order.stage in _OVER or (added and order.stage is OrderStage.CANCELLING):
        return WishRefused("stage", {"order": order.id, "stage": order.stage})
    known = {line.number for line in order.lines}
    for number, units in wish.wanted.items():
        if number not in known:
            return WishRefused("unknown-line", {"order": order.id, "line": number})
        if units < 0:
            return WishRefused("amount", {"amount": units})
    for line in wish.added:
        if line.number in known or line.quantity < 1 or line.cancelled:
            return WishRefused("added-line", {"line": line.number})
        known.add(line.number)
    return None


def _too_late(wish: Amend, moving: list[Fulfilment]) -> WishRefused | None:
    """Why goods on their way cannot become what is wished."""
    if wish.judged is None:
        return WishRefused("judge-first", {"order": wish.order})
    if wish.judged:
        return WishRefused("findings", {"order": wish.order, "codes": ", ".join(wish.judged)})
    for one in moving:
        others = sorted({portion.order for portion in one.portions if one.holds(portion.order)} - {wish.order})
        if others:
            return WishRefused("together", {"order": wish.order, "fulfilment": one.id, "others": ", ".join(others)})
    return None


def _judged_anew(work: Work, order: str) -> None:
    """Nothing of it is on its way, so it is planned when that is done."""
    _unplanned(work, order)
    work.turn(order, OrderTurn.PARTED)
    work.turn(order, OrderTurn.AMENDED)


def _unplanned(work: Work, order: str) -> None:
    for fulfilment in work.scope.of(order):
        if fulfilment.state in _BARE:
            work.unplan(fulfilment)
            work.effects.append(Unplan(fulfilment.id))


def _take(work: Work, order: str, line: int, units: int) -> None:
    """So many units of a line are not wanted: those that nobody works on first; of what departed none."""
    if units <= 0:
        return
    free = min(units, work.scope.open(order, line))
    if free:
        work.cancelled(order, line, free)
        work.effects.append(FreeReservation(order, line, free))
    left = units - free
    held = sorted(work.scope.portions(order, line), key=lambda one: _EASIEST.index(one[0].state))
    for fulfilment, portion in held:
        taken = min(left, portion.quantity)
        if taken:
            left -= taken
            _take_from(work, fulfilment, portion, taken)


def _take_from(work: Work, fulfilment: Fulfilment, portion: Portion, units: int) -> None:
    less = MOMENTS[fulfilment.state].less
    match less:
        case Less.INTERCEPTED:
            work.effects.append(AskCarrier(fulfilment.id))
            return
        case Less.NOTHING:
            return
        case Less.FREED | Less.WITHDRAWN | Less.PULLED | Less.UNPACKED | Less.STOPPED | Less.REMOVED:
            pass
        case _:
            assert_never(less)
    key = portion.order, portion.line
    waiting = min(units, portion.quantity - portion.picked)
    inside = units - waiting
    work.portion(
        fulfilment.id,
        replace(
            portion,
            quantity=portion.quantity - units,
            picked=portion.picked - inside,
            putting_back=portion.putting_back + inside,
        ),
    )
    work.cancelled(*key, units)
    if waiting:
        if less is not Less.FREED:
            work.effects.append(WithdrawPick(fulfilment.id, *key, waiting))
        work.effects.append(FreeReservation(*key, waiting))
    if inside:
        if less is Less.REMOVED:
            work.effects.append(RemoveFromLoad(fulfilment.id))
        unpack = less in (Less.UNPACKED, Less.STOPPED, Less.REMOVED)
        work.effects.append(TakeOut(fulfilment.id, *key, inside, unpack))


def _elsewhere(work: Work, fulfilment: Fulfilment) -> None:
    elsewhere = MOMENTS[fulfilment.state].elsewhere
    match elsewhere:
        case Elsewhere.PLANNED | Elsewhere.WAVE | Elsewhere.TOTE:
            work.effects.append(PlanAgain(fulfilment.id, keep_wave=elsewhere is not Elsewhere.PLANNED))
        case Elsewhere.LABEL | Elsewhere.REMOVED:
            if elsewhere is Elsewhere.REMOVED:
                work.effects.append(RemoveFromLoad(fulfilment.id))
            work.effects.append(Relabel(fulfilment.id))
            work.fulfilment(moved(fulfilment, FulfilmentTurn.RELABELLED))
        case Elsewhere.REDIRECTED:
            work.effects.append(AskCarrier(fulfilment.id, redirect=True))
        case Elsewhere.NOTHING:
            pass
        case _:
            assert_never(elsewhere)
