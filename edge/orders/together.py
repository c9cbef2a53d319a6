"""Which orders ship in one parcel: planning, splitting and merging, and what may be merged.

Public names: Party, Proposal, plan, split_off, part, leave, merge, proposals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from edge.orders.moments import MOMENTS, Tell, Unplan
from edge.orders.money import amounts
from edge.orders.sales import OrderStage, SalesOrder
from edge.orders.stages import STARTED, Fulfilment, FulfilmentState, OrderTurn, Portion, Scope
from edge.orders.work import Changed, WishRefused, Work


@dataclass(frozen=True, slots=True)
class Party:
    """Who an order is for, without saying who.

    ``consignee``: a key that is the same for one person at one address; empty = not known. ``merges``: the channel
    allows that its orders ship with others.
    """

    consignee: str
    merges: bool = True


@dataclass(frozen=True, slots=True)
class Proposal:
    """``other`` may ship with ``into``. ``why_not``: why as two parcels of one shipment; empty = in one parcel."""

    into: str
    other: str
    why_not: str = ""


def plan(scope: Scope, fulfilment: str, units: Mapping[tuple[str, int], int]) -> Changed | WishRefused:
    """A new fulfilment of open units, by order and line. All of one order, or of orders that are merged."""
    if fulfilment in scope.fulfilments:
        return WishRefused("there-already", {"fulfilment": fulfilment})
    leads = {scope.orders[order].merged_into or order for order, _ in units}
    if len(leads) != 1:
        return WishRefused("not-merged", {"others": ", ".join(sorted({order for order, _ in units}))})
    for (order, line), quantity in sorted(units.items()):
        if scope.orders[order].stage not in (OrderStage.ACCEPTED, OrderStage.MERGED):
            return WishRefused("stage", {"order": order, "stage": scope.orders[order].stage})
        if not 0 < quantity <= scope.open(order, line):
            return WishRefused("not-open", {"order": order, "line": line, "units": quantity})
    portions = (Portion(order=order, line=line, quantity=quantity) for (order, line), quantity in sorted(units.items()))
    work = Work(scope)
    work.fulfilment(Fulfilment(id=fulfilment, portions=tuple(portions)))
    return work.done()


def split_off(scope: Scope, fulfilment: str, new: str, units: Mapping[tuple[str, int], int]) -> Changed | WishRefused:
    """Moves units of a planned fulfilment into a new one; some must stay."""
    held = scope.fulfilments[fulfilment]
    if new in scope.fulfilments:
        return WishRefused("there-already", {"fulfilment": new})
    if not MOMENTS[held.state].merge:
        return WishRefused("out-of-place", {"fulfilment": fulfilment, "state": held.state, "turn": "split"})
    there = {(one.order, one.line): one.quantity for one in held.portions}
    for (order, line), quantity in sorted(units.items()):
        if not 0 < quantity <= there.get((order, line), 0):
            return WishRefused("not-open", {"order": order, "line": line, "units": quantity})
    if not 0 < sum(units.values()) < held.quantity:
        return WishRefused("amount", {"amount": sum(units.values())})
    work = Work(scope)
    for one in held.portions:
        if left := units.get((one.order, one.line), 0):
            work.portion(fulfilment, replace(one, quantity=one.quantity - left))
    portions = (Portion(order=order, line=line, quantity=quantity) for (order, line), quantity in sorted(units.items()))
    work.fulfilment(Fulfilment(id=new, portions=tuple(portions)))
    return work.done()


def part(scope: Scope, fulfilment: str, new: str, units: Mapping[tuple[str, int], int]) -> Changed | WishRefused:
    """Moves picked units into a fulfilment of their own, which is as far; some must stay, none is to go back."""
    held = scope.fulfilments[fulfilment]
    if held.state not in (FulfilmentState.PICKED, FulfilmentState.VERIFIED) or held.putting_back:
        return WishRefused("out-of-place", {"fulfilment": fulfilment, "state": held.state, "turn": "split"})
    if not 0 < sum(units.values()) < held.quantity:
        return WishRefused("amount", {"amount": sum(units.values())})
    work, others = Work(scope), []
    for one in held.portions:
        if n := units.get((one.order, one.line), 0):
            work.portion(fulfilment, replace(one, quantity=one.quantity - n, picked=one.picked - n))
            others.append(Portion(order=one.order, line=one.line, quantity=n, picked=n))
    work.fulfilment(Fulfilment(id=new, portions=tuple(others), state=held.state))
    return work.done()


def leave(scope: Scope, fulfilment: str, new: str) -> Changed:
    """What was cancelled of a tote's content is out of it and goes back, a fulfilment of its own; the rest ships."""
    held, work = scope.fulfilments[fulfilment], Work(scope)
    for one in held.portions:
        work.portion(fulfilment, replace(one, putting_back=0))
    out = tuple(replace(one, quantity=0, picked=0) for one in held.portions if one.putting_back)
    work.fulfilment(Fulfilment(id=new, portions=out, state=FulfilmentState.CANCELLING))
    return work.done()


def merge(scope: Scope, into: str, other: str, parties: Mapping[str, Party]) -> Changed | WishRefused:
    """The lines of ``other`` ship with those of ``into``; they are planned anew, together."""
    if why := _why_not(scope, into, other, parties):
        return WishRefused(why, {"order": into, "other": other})
    work = Work(scope)
    for order in (into, other):
        for fulfilment in work.scope.of(order):
            if fulfilment.state is FulfilmentState.PLANNED:
                work.unplan(fulfilment)
                work.effects.append(Unplan(fulfilment.id))
    work.order(replace(scope.orders[other], merged_into=into))
    work.turn(other, OrderTurn.MERGED)
    work.effects.append(Tell(other, "order.merged"))
    return work.done()


def proposals(scope: Scope, parties: Mapping[str, Party]) -> list[Proposal]:
    """What may ship together among accepted orders of one consignee: in one parcel, or else in one shipment.

    The order that was there first takes the others; whatever is proposed, all of it may be done one after another.
    """
    groups: dict[str, list[SalesOrder]] = {}
    for order in sorted(scope.orders.values(), key=lambda one: (one.ordered_us, one.id)):
        party = parties.get(order.id)
        if party is not None and party.consignee and order.stage is OrderStage.ACCEPTED and _waits(scope, order):
            groups.setdefault(party.consignee, []).append(order)
    found: list[Proposal] = []
    for group in groups.values():
        taken: set[str] = set()
        for into, other in combinations(group, 2):
            if not taken & {into.id, other.id}:
                why = _why_not(scope, into.id, other.id, parties)
                found.append(Proposal(into.id, other.id, why))
                taken |= set() if why else {other.id}
    return found


def _waits(scope: Scope, order: SalesOrder) -> bool:
    """Whether some of it has not departed."""
    return sum(line.wanted for line in order.lines) > scope.shipped(order.id)


def _why_not(scope: Scope, into: str, other: str, parties: Mapping[str, Party]) -> str:
    """The code of why two orders cannot be in one parcel; empty: they can."""
    pair = [scope.orders[into], scope.orders[other]]
    sides = [parties.get(one.id, Party("")) for one in pair]
    if into == other or any(one.stage is not OrderStage.ACCEPTED for one in pair):
        return "merge-stage"
    if any(one.merged_into == other for one in scope.orders.values()):
        return "merge-leads"  # others are merged with it already
    if not sides[0].consignee or sides[0].consignee != sides[1].consignee:
        return "merge-consignee"
    if pair[0].service != pair[1].service:
        return "merge-service"
    if any(amounts(one).due for one in pair):
        return "merge-unpaid"
    if not all(side.merges for side in sides):
        return "merge-channel"
    if _begun(one for order in pair for one in scope.of(order.id)):
        return "merge-begun"
    return ""


def _begun(fulfilments: Iterable[Fulfilment]) -> bool:
    return any(one.state in STARTED or one.state is FulfilmentState.DEPARTED for one in fulfilments)
