"""[[tote]] of LINE.toml: totes by numbers of the house's own.

Public names: ToteTable, tote_plans.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from edge.config.table import Frozen
from edge.core.values.layout import TotePlan


class ToteTable(Frozen):
    """Totes that are no GRAIs, see docs/portals.md."""

    pattern: str = Field(
        min_length=1,
        max_length=100,
        description="which tags or barcodes they have: `hex:AC10{n:20x}`, `(01)09521141123454(21){n}`, `T-{n:6}`",
    )
    name: str = Field(
        default="",
        max_length=60,
        description="what such a tote is called, `T-{n:6}`; empty = as the pattern",
    )


def tote_plans(tables: Iterable[ToteTable]) -> tuple[TotePlan, ...]:
    """What the decisions need to know of them."""
    return tuple(TotePlan(table.pattern, table.name or table.pattern) for table in tables)
