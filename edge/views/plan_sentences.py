"""Why stock, carriers and rounds are as they are, as sentences.

Public names: pickup_shown, tell_refusal, tell_left, tell_late, tell_displacement, tell_correction, tell_passed_over,
tell_cover, tell_short, of_task, of_movement, of_day.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from edge.core.iso_time import iso
from edge.orders.allocation import Refused
from edge.orders.articles import Goods
from edge.orders.corrections import Correction
from edge.orders.cover import CoverFinding
from edge.orders.eligibility import RefusalCode, ServiceRefusal
from edge.orders.forecast import Late
from edge.orders.picking import ShortReason, TaskState
from edge.orders.reservations import Displacement
from edge.orders.stock import MovementKind
from edge.views.words.phrase import Phrase, phrase


def of_day(day: str) -> Phrase:
    """A day of the week, ``mon`` to ``sun``."""
    return phrase(f"day.{day}")


def pickup_shown(pickup: str) -> str:
    """A pickup by its service and when it closes, as people read it."""
    service, _, cutoff = pickup.rpartition("@")
    return f"{service} {iso(int(cutoff))}" if cutoff.isascii() and cutoff.isdigit() and len(cutoff) < 18 else pickup


def tell_refusal(refusal: ServiceRefusal) -> Phrase:
    """Why a pickup may not carry an order."""
    limit = refusal.limit
    match refusal.code:
        case RefusalCode.SUSPENDED:
            return phrase("carrier.suspended", reason=refusal.reason)
        case RefusalCode.CUT_OFF:
            return phrase("carrier.cut-off-passed", limit=iso(limit))
        case RefusalCode.TOO_LATE:
            return phrase("carrier.too-late", value=iso(refusal.value), limit=iso(limit))
        case RefusalCode.LEAVES_LATE:
            return phrase("carrier.leaves-late", value=iso(refusal.value), limit=iso(limit))
        case RefusalCode.GOODS:
            names = (one.name.lower().replace("_", "-") for one in Goods if one & refusal.value and one.name)
            return phrase("carrier.goods", goods=tuple(phrase(f"goods.{name}") for name in names))
        case RefusalCode.TOO_LONG:
            return phrase("carrier.too-long", limit=limit)
        case RefusalCode.COD:
            return phrase("carrier.cod-limit", limit=limit)
        case RefusalCode.TOO_HEAVY:
            return phrase("carrier.too-heavy", limit=limit)
        case RefusalCode.NOT_WISHED | RefusalCode.NO_ZONE | RefusalCode.FULL as code:
            return phrase(f"carrier.{code}")
        case _:
            assert_never(refusal.code)


def tell_left(order: str, refusals: Sequence[ServiceRefusal]) -> Phrase:
    """Why nobody carries an order."""
    why = [phrase("wave.refuses", pickup=pickup_shown(one.pickup), why=tell_refusal(one)) for one in refusals]
    return phrase("wave.nobody", order=order, why=tuple(why or [phrase("wave.no-service")]))


def tell_late(late: Late) -> Phrase:
    """What will be late, and what keeps it."""
    finish = () if late.finish_us is None else (phrase("late.finish", time=iso(late.finish_us)),)
    reason = phrase(f"late.{late.reason}")
    return phrase("order-late", fulfilment=late.fulfilment, cutoff=iso(late.cutoff_us), more=finish, reason=reason)


def tell_displacement(row: Displacement) -> Phrase:
    """Who lost units to an urgent order."""
    return phrase("order-displaced", order=row.order, quantity=row.quantity, sku=row.sku, urgent=row.urgent)


def tell_correction(correction: Correction) -> Phrase:
    """How the book and the floor differed."""
    return phrase("stock-corrected", epc=correction.epc, found=phrase(f"stock.found.{correction.finding}"))


def tell_passed_over(why: Refused) -> Phrase:
    """Why a bin is not picked from."""
    return phrase(f"stock.passed.{why}")


def tell_cover(finding: CoverFinding) -> Phrase:
    """What is wrong with a stock."""
    return phrase(f"stock.cover.{finding}")


def tell_short(reason: ShortReason) -> Phrase:
    """Why fewer were picked."""
    return phrase(f"pick.short.{reason}")


def of_task(state: TaskState) -> Phrase:
    """How far a round is."""
    return phrase(f"pick.state.{state}")


def of_movement(kind: MovementKind) -> Phrase:
    """Why units came or went."""
    return phrase(f"stock.movement.{kind}")
