"""[intake] of SITE.toml: by which ways orders come in besides HTTP.

Public names: IntakeTable.
"""

from __future__ import annotations

from pydantic import Field

from edge.config.table import Frozen


class IntakeTable(Frozen):
    """How the api process takes orders from the folders of [channels]."""

    folders: bool = Field(default=True, description="whether this process watches the channels' folders")
    poll_s: float = Field(default=2, ge=0.1, le=3600, description="how often it looks into them")
