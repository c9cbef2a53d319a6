"""What the floor says of a fulfilment, and what the store then believes.

Public names: report, pick, unfit, see_back, withdraw.

A floor repeats itself and comes late: what was said before changes nothing. What cannot be is refused, and said.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from edge.orders.moments import AskCarrier, Missing, Restock, Tell, WithdrawPick
from edge.orders.sales import OrderStage
from edge.orders.stages import (
    FULFILMENT_ARROWS,
    FulfilmentState,
    FulfilmentTurn,
    Progress,
    Scope,
    moved,
    progress,
)
from edge.orders.work import Changed, WishRefused, Work

_S, _T = FulfilmentState, FulfilmentTurn
_SAID = (
    _T.RELEASED, _T.SHORT, _T.PICKED, _T.REFUSED, _T.VERIFIED, _T.PACKED, _T.SORTED, _T.LOADED, _T.UNLOADED, _T.DEPARTED
)  # fmt: skip
_TAKEN_OUT_OF = (_S.RELEASED, _S.SHORT, _S.PICKED, _S.REFUSED, _S.VERIFIED, _S.PACKED)
_WHOLE = (_S.VERIFIED, _S.PACKED, _S.SORTED, _S.LOADED, _S.DEPARTED)
_SHIPPING = (OrderStage.ACCEPTED, OrderStage.MERGED)


def report(scope: Scope, fulfilment: str, turn: FulfilmentTurn) -> Changed | WishRefused:
    """One of `FulfilmentTurn` from RELEASED to DEPARTED. What picking ended without is open again."""
    held = scope.fulfilments[fulfilment]
    if turn not in _SAID or (held.state in (_S.PLANNED, _S.CANCELLED) and turn is not _T.RELEASED):
        return WishRefused("out-of-place", {"fulfilment": fulfilment, "state": held.state, "turn": turn})
    if (held.state, turn) not in FULFILMENT_ARROWS:
        return Changed()
    if turn is _T.RELEASED:
        for order in sorted({one.order for one in held.portions if one.quantity}):
            if scope.orders[order].stage not in _SHIPPING:
                return WishRefused("stage", {"order": order, "stage": scope.orders[order].stage})
    work = Work(scope)
    if turn in (_T.SHORT, _T.PICKED):
        for one in held.portions:
            if missing := one.quantity - one.picked:
                work.portion(fulfilment, replace(one, quantity=one.picked))
                work.effects.append(Missing(fulfilment, one.order, one.line, missing))
                work.effects.append(Tell(one.order, "order.short"))
    now = moved(work.scope.fulfilments[fulfilment], turn)
    if now.state in _WHOLE:
        now = replace(now, portions=tuple(replace(one, picked=one.quantity) for one in now.portions))
    work.fulfilment(now)
    if now.state is _S.DEPARTED:
        _departed(work, fulfilment)
    return work.done()


def pick(scope: Scope, fulfilment: str, order: str, line: int, units: int) -> Changed | WishRefused:
    """Units are in the tote; refused where so many are not asked for, as after a cancellation: back to the bin."""
    held = scope.fulfilments[fulfilment]
    waiting = sum(one.quantity - one.picked for one in held.portions if (one.order, one.line) == (order, line))
    if held.state not in (_S.RELEASED, _S.SHORT, _S.REFUSED) or not 0 < units <= waiting:
        return WishRefused("not-asked", {"fulfilment": fulfilment, "line": line, "units": units, "waiting": waiting})
    work = Work(scope)
    for one in held.portions:
        if (one.order, one.line) == (order, line):
            work.portion(fulfilment, replace(one, picked=one.picked + units))
    return work.done()


def unfit(scope: Scope, fulfilment: str, units: Mapping[tuple[str, int], int], *, again: bool) -> Changed | WishRefused:
    """Units in the tote are not shipped, by (order, line): ``again``: others are picked for them, else it goes without.

    Refused once it is sorted: then only its order can be less.
    """
    held = scope.fulfilments[fulfilment]
    if held.state not in _TAKEN_OUT_OF:
        return WishRefused("out-of-place", {"fulfilment": fulfilment, "state": held.state, "turn": "refused"})
    work = Work(scope)
    for one in held.portions:
        n = units.get((one.order, one.line), 0)
        if not 0 <= n <= one.picked:
            return WishRefused(
                "not-asked", {"fulfilment": fulfilment, "line": one.line, "units": n, "waiting": one.picked}
            )
        left = one.quantity if again else one.quantity - n
        work.portion(fulfilment, replace(one, quantity=left, picked=one.picked - n))
        if n and not again:
            work.effects.append(Missing(fulfilment, one.order, one.line, n))
            work.effects.append(Tell(one.order, "order.short"))
    now = moved(moved(work.scope.fulfilments[fulfilment], _T.RELABELLED), _T.REFUSED)
    if now.quantity and all(one.picked == one.quantity for one in now.portions):
        now = moved(now, _T.PICKED)
    work.fulfilment(now)
    return work.done()


def see_back(
    scope: Scope,
    fulfilment: str,
    order: str,
    line: int,
    units: int,
    *,
    seen: bool = True,
    by: str = "",
    reason: str = "",
) -> Changed | WishRefused:
    """Cancelled units are out of tote or parcel: a scanner or antenna saw them, or a person says why none will."""
    held = scope.fulfilments[fulfilment]
    unseen = sum(one.putting_back for one in held.portions if (one.order, one.line) == (order, line))
    if not seen and not (by and reason):
        return WishRefused("no-name")
    if not 0 < units <= unseen:
        return WishRefused("not-put-back", {"fulfilment": fulfilment, "line": line, "units": units, "waiting": unseen})
    work = Work(scope)
    for one in held.portions:
        if (one.order, one.line) == (order, line):
            work.portion(fulfilment, replace(one, putting_back=one.putting_back - units))
    work.effects.append(Restock(fulfilment, order, line, units, seen))
    work.refund(order)
    changed = work.done()
    if any(one.id == order and one.stage is OrderStage.CANCELLED for one in changed.orders):
        return replace(changed, effects=(*changed.effects, Tell(order, "order.cancelled")))
    return changed


def withdraw(scope: Scope, wave: Collection[str]) -> Changed:
    """A wave is cancelled: what nobody began to pick is planned again, what was begun goes on."""
    work = Work(scope)
    for fulfilment in sorted(wave):
        held = scope.fulfilments[fulfilment]
        if held.state is _S.RELEASED and not any(one.picked or one.putting_back for one in held.portions):
            for one in held.portions:
                if one.quantity:
                    work.effects.append(WithdrawPick(fulfilment, one.order, one.line, one.quantity))
            work.fulfilment(moved(held, _T.WITHDRAWN))
    return work.done()


def _departed(work: Work, fulfilment: str) -> None:
    """What was cancelled and not seen since has left with it: it is shipped, and somebody must care."""
    held = work.scope.fulfilments[fulfilment]
    for one in held.portions:
        if one.putting_back:
            units = one.quantity + one.putting_back
            work.portion(fulfilment, replace(one, quantity=units, picked=units, putting_back=0))
            work.cancelled(one.order, one.line, -one.putting_back)
            work.effects.append(Tell(one.order, "order.left-though-cancelled"))
    if held.putting_back:
        work.effects.append(AskCarrier(fulfilment))
    for order in sorted({one.order for one in held.portions if one.quantity or one.putting_back}):
        whole = progress(work.scope, order) is Progress.SHIPPED
        work.effects.append(Tell(order, "order.shipped" if whole else "order.partly-shipped"))
