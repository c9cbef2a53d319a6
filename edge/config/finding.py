"""[find] of SITE.toml: for what everybody who sees the pages may look.

Public names: FindTable.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.table import Frozen


class FindTable(Frozen):
    """The search, see docs/finding.md."""

    names: bool = Field(
        default=False,
        description="whether orders are found by their customers' names too; by number, phone and mail address they "
        "always are",
    )
