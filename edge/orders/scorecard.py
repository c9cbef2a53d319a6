"""How services did: on time by what was promised and by their own word, days under way, loss, damage, cost.

Public names: ParcelFate, ServiceScore, scored, performance_of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.orders.plan import p90
from edge.orders.services import Performance


@dataclass(frozen=True, slots=True, kw_only=True)
class ParcelFate:
    """What became of a parcel that left. Times in microseconds, 0 = it did not happen, or nobody said so.

    ``promised_us``: the end of the promised day; ``due_us``: by when the carrier said that it arrives. ``scanned_us``:
    the carrier's first word that it has it. ``freight``: in minor units.
    """

    service: str
    promised_us: int = 0
    due_us: int = 0
    departed_us: int = 0
    scanned_us: int = 0
    delivered_us: int = 0
    lost: bool = False
    damaged: bool = False
    freight: int = 0

    def late(self, by_us: int, now_us: int) -> bool | None:
        """Whether it came after an instant, or did not come by then; None = nobody can say yet."""
        if not by_us:
            return None
        if self.delivered_us:
            return self.delivered_us > by_us
        return True if self.lost or now_us > by_us else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceScore:
    """Parcels that left with a service, counted. ``promised`` and ``due``: those of which it is known whether they were
    late against the promise, against the carrier's own word.

    ``transit_us``: from the door to delivery, and ``handover_us``: from the door to the carrier's first word, of nine
    of ten; None = nobody knows. ``freight``: of all of them, ``cost``: of one, in minor units.
    """

    service: str
    parcels: int
    delivered: int
    promised: int
    late: int
    due: int
    overdue: int
    lost: int
    damaged: int
    freight: int
    cost: int
    transit_us: int | None
    handover_us: int | None


def scored(fates: Iterable[ParcelFate], now_us: int) -> tuple[ServiceScore, ...]:
    """A score for each service that has parcels, by name."""
    of: dict[str, list[ParcelFate]] = {}
    for one in fates:
        of.setdefault(one.service, []).append(one)
    return tuple(_score(name, of[name], now_us) for name in sorted(of))


def _score(name: str, its: list[ParcelFate], now_us: int) -> ServiceScore:
    promised = [late for one in its if (late := one.late(one.promised_us, now_us)) is not None]
    due = [late for one in its if (late := one.late(one.due_us, now_us)) is not None]
    transit = [one.delivered_us - one.departed_us for one in its if one.departed_us and one.delivered_us]
    handover = [max(0, one.scanned_us - one.departed_us) for one in its if one.departed_us and one.scanned_us]
    freight = sum(one.freight for one in its)
    return ServiceScore(
        service=name,
        parcels=len(its),
        delivered=sum(1 for one in its if one.delivered_us),
        promised=len(promised),
        late=sum(promised),
        due=len(due),
        overdue=sum(due),
        lost=sum(one.lost for one in its),
        damaged=sum(one.damaged for one in its),
        freight=freight,
        cost=(freight + len(its) // 2) // len(its),
        transit_us=p90(transit, 0, 1) if transit else None,
        handover_us=p90(handover, 0, 1) if handover else None,
    )


def performance_of(scores: Iterable[ServiceScore]) -> Mapping[str, Performance]:
    """What plans go by, by service: only what is known to have come, or not to have."""
    return {
        one.service: Performance(one.promised, one.late, min(one.promised, one.damaged + one.lost)) for one in scores
    }
