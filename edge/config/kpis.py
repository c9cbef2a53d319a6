"""[kpi] of SITE.toml: the site's days and shifts, and how often key figures are counted.

Public names: KpiTable, kpi_problems.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from edge.config.table import Frozen, Name


class KpiTable(Frozen):
    """Key figures, see docs/kpis.md."""

    time_zone: str = Field(
        default="", description="where the site's days begin, as Asia/Taipei; empty = that of `[plan]`"
    )
    shifts: dict[Name, tuple[time, time]] = Field(
        default={}, description='begin and end of each shift: `{ early = ["06:00", "14:00"] }`; one may pass midnight'
    )
    every_minutes: int = Field(default=5, ge=0, le=1_440, description="they are counted so often; 0 = never")
    people: bool = Field(
        default=False,
        description="whether pages and the api show who erred how often, for those who train them; nothing of it is "
        "published",
    )


def kpi_problems(table: KpiTable) -> Iterator[str]:
    """What the keys say that cannot be."""
    if table.time_zone:
        try:
            ZoneInfo(table.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            yield f"kpi.time_zone: {table.time_zone!r} is not a time zone such as Asia/Taipei"
    for name, (begin, end) in table.shifts.items():
        if begin == end:
            yield f"kpi.shifts.{name}: begins and ends at {begin:%H:%M}: a shift has a length"
