"""Which orders will miss their cut-off, and why, before they do: now + the work ahead / the measured rate.

Public names: Rates, Ahead, LateReason, Late, forecast, newly_late.

Picking and line are stations one behind the other; each takes orders in the order of release at its measured rate.
Behind them a lane that is off is reckoned to stay so for as long as it has been already.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Microseconds for one more of each, as measured of late."""

    pick_line_us: int
    tote_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """A fulfilment on its way. ``lines``: still to be picked; ``before_line``: its tote has yet to pass the portal.

    ``missing``: units that no bin offers. ``release_by_us``: as planned. ``lane_off_us``: how long all lanes that take
    it have been off. ``tail_us``: what it needs beyond all queues.
    """

    fulfilment: str
    cutoff_us: int
    lines: int
    release_by_us: int = 0
    released: bool = True
    lane_off_us: int = 0
    before_line: bool = True
    missing: int = 0
    tail_us: int = 0


class LateReason(StrEnum):
    """What keeps an order most."""

    STOCK = "stock"
    PICK = "pick"
    LINE = "line"
    LANE = "lane"
    CUT_OFF = "cut-off"  # it was late before anybody touched it


@dataclass(frozen=True, slots=True)
class Late:
    """``finish_us``: None = nobody can say."""

    fulfilment: str
    reason: LateReason
    finish_us: int | None
    cutoff_us: int


def forecast(queue: Iterable[Ahead], rates: Rates, now_us: int) -> tuple[Late, ...]:
    """Those that will be late, of a queue in order of release. Who waits for stock keeps nobody else."""
    late: list[Late] = []
    picked_us = passed_us = now_us
    for one in queue:
        if one.missing:
            late.append(Late(one.fulfilment, LateReason.STOCK, None, one.cutoff_us))
            continue
        begin_us = now_us
        waits: dict[LateReason, int] = {}
        if one.lines:
            picked_us += one.lines * rates.pick_line_us
            waits[LateReason.PICK] = picked_us - begin_us
            begin_us = picked_us
        if one.before_line:
            passed_us = max(passed_us, begin_us) + rates.tote_us
            waits[LateReason.LINE] = passed_us - begin_us
            begin_us = passed_us
        sorted_us = max(begin_us, now_us + one.lane_off_us)
        waits[LateReason.LANE] = sorted_us - begin_us
        finish_us = sorted_us + one.tail_us
        if finish_us > one.cutoff_us:
            alone_us = now_us + one.lines * rates.pick_line_us + rates.tote_us * one.before_line + one.tail_us
            hopeless = alone_us > one.cutoff_us or (not one.released and one.release_by_us < now_us)
            reason = LateReason.CUT_OFF if hopeless else max(waits, key=lambda why: waits[why])
            late.append(Late(one.fulfilment, reason, finish_us, one.cutoff_us))
    return tuple(late)


def newly_late(late: Iterable[Late], told: Iterable[tuple[str, int]]) -> tuple[Late, ...]:
    """Those nobody was told of. ``told``: (fulfilment, cut-off) of all notices so far, whatever their reason."""
    known = set(told)
    return tuple(one for one in late if (one.fulfilment, one.cutoff_us) not in known)
