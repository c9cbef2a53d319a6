"""[stock] of SITE.toml: from when on a stock is too little, too much, or wanted by nobody.

Public names: StockTable.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge.config.table import Frozen

_Days = Annotated[int, Field(ge=1, le=3_650)]


class StockTable(Frozen):
    """How long the stock of an article shall last, see [stock](stock.md#what-lacks-what-lies-and-what-nobody-wants)."""

    least_days: _Days = Field(
        default=7, description="what lasts shorter is running low: how long a new delivery takes, with a margin"
    )
    most_days: _Days = Field(default=180, description="what lasts longer is too much")
    slow_days: _Days = Field(default=90, description="what nobody wanted for so long is listed as such")
    used_days: _Days = Field(default=30, description="how much is used a day is taken from so many days past")
