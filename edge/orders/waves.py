"""Waves: what is released together, how it is picked, and when a wave is done.

Public names: Member, WaveLimits, Wave, WaveState, PickMode, PickJob, waves, replanned, Replan, pick_jobs, wave_state,
MINUTE_US.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

MINUTE_US = 60_000_000
"""A wave is called after the minute in which it is released at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A fulfilment to be released. ``lines``: (SKU, units), each SKU once."""

    fulfilment: str
    service: str
    release_by_us: int
    lines: tuple[tuple[str, int], ...]
    priority: int = 0
    urgent: bool = False
    ordered_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveLimits:
    """``totes``: of a wave. ``cluster``: totes of a round.

    ``cluster_lines``: an order of more lines is picked alone. ``batch``: so many equal orders are worth one round.
    """

    totes: int = 60
    cluster: int = 8
    cluster_lines: int = 4
    batch: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """``id``: of service, minute of the latest release, number. ``members``: in order of release."""

    id: str
    service: str
    release_by_us: int
    urgent: bool
    members: tuple[Member, ...]


class WaveState(StrEnum):
    """How far a wave is; nobody sets it."""

    DRAFT = "draft"
    RELEASED = "released"
    DONE = "done"


class PickMode(StrEnum):
    """How a round is picked."""

    ORDER = "order"
    BATCH = "batch"  # many single units of one SKU, put to their totes afterwards
    CLUSTER = "cluster"  # several totes on one cart


@dataclass(frozen=True, slots=True)
class PickJob:
    """A round of one picker; each member has a tote."""

    mode: PickMode
    members: tuple[Member, ...]


def waves(members: Iterable[Member], limits: WaveLimits, taken: Iterable[str] = ()) -> tuple[Wave, ...]:
    """In order of release: the urgent ones as waves of their own, then by latest release. ``taken``: ids not free."""
    used = set(taken)
    found: list[Wave] = []
    ordered = sorted(members, key=_precedence)
    for (urgent, by_us, service), group in groupby(
        sorted(ordered, key=_wave_key), key=lambda one: (one.urgent, one.release_by_us, one.service)
    ):
        every = tuple(group)
        size = max(1, limits.totes)
        number = 0
        for start in range(0, len(every), size):
            while (name := f"{'!' * urgent}{service}-{by_us // MINUTE_US}-{(number := number + 1)}") in used:
                pass
            used.add(name)
            found.append(
                Wave(id=name, service=service, release_by_us=by_us, urgent=urgent, members=every[start : start + size])
            )
    return tuple(found)


def _wave_key(one: Member) -> tuple[bool, int, str]:
    return (not one.urgent, one.release_by_us, one.service)


def _precedence(one: Member) -> tuple[bool, int, int, int, str]:
    return (not one.urgent, -one.priority, one.release_by_us, one.ordered_us, one.fulfilment)


@dataclass(frozen=True, slots=True)
class Replan:
    """``kept``: drafts that stay; ``replaced``: ids of drafts that are no more; ``new``: drafts in their place."""

    kept: tuple[Wave, ...]
    replaced: tuple[str, ...]
    new: tuple[Wave, ...]


def replanned(
    drafts: Iterable[Wave], released: Iterable[Wave], members: Iterable[Member], limits: WaveLimits
) -> Replan:
    """The drafts as they should now be. What is released stays; nobody is in two waves."""
    old, out = tuple(drafts), tuple(released)
    gone = {member.fulfilment for wave in out for member in wave.members}
    fresh = {
        (wave.service, wave.release_by_us, wave.urgent, wave.members): wave
        for wave in waves(
            (one for one in members if one.fulfilment not in gone), limits, (wave.id for wave in (*old, *out))
        )
    }
    kept = [wave for wave in old if fresh.pop((wave.service, wave.release_by_us, wave.urgent, wave.members), None)]
    return Replan(tuple(kept), tuple(wave.id for wave in old if wave not in kept), tuple(fresh.values()))


def pick_jobs(members: Iterable[Member], limits: WaveLimits) -> tuple[PickJob, ...]:
    """The rounds of a wave: equal orders of one line as a batch, small ones in clusters of totes, all others alone."""
    alike: dict[str, list[Member]] = {}
    small: list[Member] = []
    jobs: list[PickJob] = []
    for one in members:
        if len(one.lines) == 1:
            alike.setdefault(one.lines[0][0], []).append(one)
        elif len(one.lines) <= limits.cluster_lines:
            small.append(one)
        else:
            jobs.append(PickJob(PickMode.ORDER, (one,)))
    for same in alike.values():
        if len(same) >= limits.batch:
            jobs.append(PickJob(PickMode.BATCH, tuple(same)))
        else:
            small.extend(same)
    small.sort(key=_precedence)
    for start in range(0, len(small), limits.cluster):
        round_ = tuple(small[start : start + limits.cluster])
        jobs.append(PickJob(PickMode.CLUSTER if len(round_) > 1 else PickMode.ORDER, round_))
    return tuple(sorted(jobs, key=lambda job: _precedence(min(job.members, key=_precedence))))


def wave_state(released: bool, ended: Iterable[bool]) -> WaveState:
    """``ended``: of each member whether it is verified, short or cancelled, or further. Without members: done."""
    if not released:
        return WaveState.DRAFT
    return WaveState.DONE if all(ended) else WaveState.RELEASED
