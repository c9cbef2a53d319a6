"""The same order comes in again: what is in it is compared, and the channel's own version decides.

Public names: Again, Redelivery, digest, taken_again, as_wish.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from hashlib import sha256

from edge.orders.amend import Amend
from edge.orders.sales import Draft, SalesLine, SalesOrder
from edge.orders.stages import STARTED, Scope


class Again(StrEnum):
    """What it is that came in again."""

    SAME = "same"  # nothing to do
    NEWER = "newer"  # a wish to amend
    OLDER = "older"  # left out, and said
    UNCLEAR = "unclear"  # other content, no version that says which is newer, goods on their way: a person decides


@dataclass(frozen=True, slots=True)
class Redelivery:
    """What it is, and the wish that comes of it."""

    again: Again
    wish: Amend | None = None


def digest(draft: Draft) -> str:
    """Of all that a channel says of an order, but not when it came or which revision it is: 64 hexadecimal digits."""
    order = draft.order
    lines = sorted(
        (line.sku, line.gtin, line.quantity, line.cancelled, line.price, line.discount) for line in order.lines
    )
    said = [
        lines, asdict(order.payment), order.service, order.promised, order.ship_by_us, order.urgent, order.note,
        asdict(draft.consignee),
    ]  # fmt: skip
    return sha256(json.dumps(said, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


def taken_again(
    scope: Scope, known: str, draft: Draft, *, digest_known: str, consignee: bool, judged: Sequence[str] | None = None
) -> Redelivery:
    """An order that is in the scope came in again.

    ``digest_known``: of the draft that it was made of last. ``consignee``: who gets it is another. ``judged``: as in
    `Amend`.
    """
    order = scope.orders[known]
    if digest(draft) == digest_known:
        return Redelivery(Again.SAME)
    then, now = order.revision, draft.order.revision
    if not then or not now or then == now:
        begun = any(one.state in STARTED or one.quantity for one in scope.of(known) if one.state != "planned")
        return Redelivery(Again.UNCLEAR if begun else Again.NEWER, as_wish(order, draft, consignee, judged))
    if now < then:
        return Redelivery(Again.OLDER)
    return Redelivery(Again.NEWER, as_wish(order, draft, consignee, judged))


def as_wish(order: SalesOrder, draft: Draft, consignee: bool, judged: Sequence[str] | None = None) -> Amend:
    """What must become another so that an order is as the channel says now. Lines are told by what is in them."""
    left: dict[tuple[str, int], int] = {}
    for line in draft.order.lines:
        left[line.sku, line.price] = left.get((line.sku, line.price), 0) + line.wanted
    wanted: dict[int, int] = {}
    for line in order.lines:
        units = min(line.wanted, left.get((line.sku, line.price), 0))
        wanted[line.number] = units
        left[line.sku, line.price] = left.get((line.sku, line.price), 0) - units
    number = max(line.number for line in order.lines)
    added: list[SalesLine] = []
    for line in draft.order.lines:
        if units := left.pop((line.sku, line.price), 0):
            number += 1
            added.append(replace(line, number=number, quantity=units, cancelled=0, discount=0, share=0))
    payment = draft.order.payment
    return Amend(
        order=order.id,
        by=order.channel,
        reason=f"revision {draft.order.revision}",
        wanted={line.number: wanted[line.number] for line in order.lines if wanted[line.number] != line.wanted},
        added=tuple(added),
        service=draft.order.service or None,
        consignee=consignee,
        payment=payment,
        judged=None if judged is None else tuple(judged),
    )
