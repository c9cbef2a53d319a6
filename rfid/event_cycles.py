"""Event cycles: reads of a while made into reports, as integrators know them from GS1 ALE. Pure.

Public names: EventCycles, CycleSpec, ReportSpec, TagSet, CycleReport, TagGroup.

A cycle ends after its time, or sooner once no new tag has come for a while; the next one begins at once. Each report
takes of the cycle's tags those that are there (CURRENT), that the cycle before did not have (ADDITIONS), or that are
missing against the cycle before (DELETIONS), lets pass what its patterns mean, and says them in groups.

Source: GS1 Application Level Events 1.1.1 part 1, clauses 8.2 and 8.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from rfid.epc.patterns import EpcPattern, fields_of
from rfid.smoothing import Smoother, Thresholds


class TagSet(StrEnum):
    """Which tags a report takes."""

    CURRENT = "CURRENT"
    ADDITIONS = "ADDITIONS"
    DELETIONS = "DELETIONS"


@dataclass(frozen=True, slots=True)
class ReportSpec:
    """One report of every cycle. ``include``: empty = every tag. ``exclude`` wins over it.

    ``groups``: a tag falls into the group of the first pattern that it matches. ``if_empty``: reported without a tag as
    well. ``only_changes``: not reported again while it says the same.
    """

    name: str
    tags: TagSet
    include: tuple[EpcPattern, ...] = ()
    exclude: tuple[EpcPattern, ...] = ()
    groups: tuple[EpcPattern, ...] = ()
    if_empty: bool = False
    only_changes: bool = False


@dataclass(frozen=True, slots=True)
class CycleSpec:
    """``duration_us``: of a cycle. ``stable_us``: it ends sooner, so long after the last new tag; 0 = it does not.

    ``smoothing``: tags are there while they are observed; None = when they are read during the cycle.
    """

    duration_us: int
    reports: tuple[ReportSpec, ...]
    stable_us: int = 0
    smoothing: Thresholds | None = None


@dataclass(frozen=True, slots=True)
class TagGroup:
    """Tags of one group in hexadecimal, in order. ``name``: empty for those that no grouping pattern means."""

    name: str
    epcs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CycleReport:
    """What one report says of one cycle. ``cycle``: its number, from 1. ``stable``: it ended before its time."""

    name: str
    tags: TagSet
    cycle: int
    start_us: int
    end_us: int
    stable: bool
    groups: tuple[TagGroup, ...]


class EventCycles:
    """The cycles of one zone, the first of which begins with the first time that is given."""

    def __init__(self, spec: CycleSpec) -> None:
        self._spec = spec
        self._smoother = Smoother(spec.smoothing) if spec.smoothing is not None else None
        self._start_us: int | None = None
        self._new_us = 0
        self._cycle = 1
        self._seen: dict[str, None] = {}
        self._before: frozenset[str] = frozenset()
        self._told: dict[str, tuple[TagGroup, ...]] = {}

    def deadline_us(self) -> int | None:
        """When the cycle ends unless something comes; None before the first time was given."""
        if self._start_us is None:
            return None
        end_us = self._start_us + self._spec.duration_us
        if self._spec.stable_us and self._seen:
            end_us = min(end_us, self._new_us + self._spec.stable_us)
        return end_us

    def read(self, epc: str, at_us: int) -> list[CycleReport]:
        """One read, in order of time; the reports of cycles that ended before it."""
        reports = self.pass_time(at_us)
        if self._smoother is not None:
            self._smoother.read(epc, at_us)
        if epc not in self._seen:
            self._seen[epc] = None
            self._new_us = at_us
        return reports

    def pass_time(self, now_us: int) -> list[CycleReport]:
        """The reports of the cycles that have ended by now."""
        if self._start_us is None:
            self._start_us = now_us
        reports: list[CycleReport] = []
        while (end_us := self.deadline_us()) is not None and end_us <= now_us:
            reports += self._end(self._start_us, end_us)
            self._start_us = end_us
        return reports

    def end(self, now_us: int) -> list[CycleReport]:
        """The reports of all cycles until now, the one that is under way cut short."""
        reports = self.pass_time(now_us)
        if self._start_us is not None and self._start_us < now_us:
            reports += self._end(self._start_us, now_us)
            self._start_us = now_us
        return reports

    def _end(self, start_us: int, end_us: int) -> list[CycleReport]:
        if self._smoother is not None:
            self._smoother.pass_time(end_us)
            current = frozenset(self._smoother.observed)
        else:
            current = frozenset(self._seen)
        stable = end_us - start_us < self._spec.duration_us
        reports = []
        for spec in self._spec.reports:
            groups = _groups(spec, _chosen(spec.tags, current, self._before))
            said = self._told.get(spec.name)
            self._told[spec.name] = groups
            if (groups or spec.if_empty) and not (spec.only_changes and said == groups):
                reports.append(CycleReport(spec.name, spec.tags, self._cycle, start_us, end_us, stable, groups))
        self._before, self._seen = current, {}
        self._cycle += 1
        return reports


def _chosen(tags: TagSet, current: frozenset[str], before: frozenset[str]) -> frozenset[str]:
    match tags:
        case TagSet.CURRENT:
            return current
        case TagSet.ADDITIONS:
            return current - before
        case TagSet.DELETIONS:
            return before - current
        case _:
            assert_never(tags)


def _groups(spec: ReportSpec, epcs: Iterable[str]) -> tuple[TagGroup, ...]:
    groups: dict[str, list[str]] = {}
    for epc in sorted(epcs):
        tag = fields_of(epc)
        if spec.include and not any(one.matches(tag) for one in spec.include):
            continue
        if any(one.matches(tag) for one in spec.exclude):
            continue
        name = next((name for one in spec.groups if (name := one.group(tag)) is not None), "")
        groups.setdefault(name, []).append(epc)
    return tuple(TagGroup(name, tuple(some)) for name, some in sorted(groups.items()))
