"""REPORTS.toml: what `lanewise rfid report` says of the tags in a zone.

Public names: ReportsConfig, load_reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from edge.config.load import load_table
from edge.config.problem import ConfigError
from edge.config.table import Frozen
from rfid.epc.patterns import PatternError, pattern
from rfid.event_cycles import CycleSpec, ReportSpec, TagSet
from rfid.smoothing import Thresholds


class SmoothingTable(Frozen):
    """When a tag counts as there, and as gone."""

    observed_reads: int = Field(default=2, ge=1, le=10_000, description="so many reads")
    observed_ms: int = Field(default=0, ge=0, le=3_600_000, description="over at least so long")
    lost_ms: int = Field(default=3_000, ge=1, le=86_400_000, description="not read for so long")


class ReportTable(Frozen):
    """One report of every cycle."""

    name: str = Field(min_length=1, max_length=80, description="its name")
    tags: TagSet = Field(default=TagSet.CURRENT, description="which of the cycle's tags")
    include: tuple[str, ...] = Field(default=(), description="EPC patterns; empty = every tag")
    exclude: tuple[str, ...] = Field(default=(), description="EPC patterns; they win over `include`")
    group: tuple[str, ...] = Field(default=(), description="EPC patterns that name groups")
    if_empty: bool = Field(default=False, description="said without a tag as well")
    only_changes: bool = Field(default=False, description="not said again while it is the same")


class ReportsConfig(Frozen):
    """REPORTS.toml."""

    cycle_s: float = Field(default=5.0, ge=0.05, le=86_400, description="how long a cycle is")
    stable_s: float = Field(default=0.0, ge=0, le=86_400, description="it ends so long after the last new tag; 0 = not")
    antennas: tuple[int, ...] = Field(default=(), description="antennas whose reads count; empty = all")
    smoothing: SmoothingTable | None = Field(default=None, description="none = a tag is there when it is read")
    report: tuple[ReportTable, ...] = Field(min_length=1, description="the reports")


def load_reports(path: Path) -> tuple[CycleSpec, frozenset[int]]:
    """The cycles and the antennas that count, empty = all; raises ConfigError with everything that is wrong."""
    table = load_table(path, ReportsConfig)
    problems = list(_problems(table))
    if problems:
        raise ConfigError(path, problems)
    smoothing = None
    if table.smoothing is not None:
        given = table.smoothing
        smoothing = Thresholds(given.observed_reads, given.observed_ms * 1000, given.lost_ms * 1000)
    reports = tuple(
        ReportSpec(
            one.name,
            one.tags,
            tuple(map(pattern, one.include)),
            tuple(map(pattern, one.exclude)),
            tuple(pattern(text, grouping=True) for text in one.group),
            one.if_empty,
            one.only_changes,
        )
        for one in table.report
    )
    spec = CycleSpec(int(table.cycle_s * 1e6), reports, int(table.stable_s * 1e6), smoothing)
    return spec, frozenset(table.antennas)


def _problems(table: ReportsConfig) -> Iterator[str]:
    names: dict[str, int] = {}
    for place, report in enumerate(table.report):
        if names.setdefault(report.name, place) != place:
            yield f"report.{place}.name: {report.name!r}: report.{names[report.name]} has that name already"
        for key, texts in (("include", report.include), ("exclude", report.exclude), ("group", report.group)):
            for text in texts:
                try:
                    pattern(text, grouping=key == "group")
                except PatternError as error:
                    yield f"report.{place}.{key}: {error}"
