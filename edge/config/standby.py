"""The table `[standby]`: another controller stands by for the same lines.

Public names: StandbyTable, standby_problems.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

from pydantic import Field

from edge.config.table import Frozen, Name, StoreUrl


class StandbyTable(Frozen):
    """Two controllers with the same lines, of which one commands, by a lease in PostgreSQL; see docs/standby.md."""

    node: Name | None = Field(
        default=None, description="this controller's name, another than the other's; none = the machine's host name"
    )
    lease: Name = Field(default="lines", description="name of the lease, the same in both controllers")
    store: StoreUrl = Field(
        default="", description="the database of the lease, `postgresql://user@host/database`; empty = that of `store`"
    )
    hold_ms: int = Field(
        default=1_000,
        ge=400,
        le=60_000,
        description="how long the lease lasts without a renewal; the same in both controllers",
    )

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node or socket.gethostname().partition(".")[0].lower()


def standby_problems(standby: StandbyTable | None, store: str) -> Iterator[str]:
    """What the table says against the rest. ``store``: the site store's URL, empty = there is none."""
    if standby is not None and not (standby.store or store).startswith("postgresql"):
        given = "standby.store" if standby.store else "store"
        yield (
            f"standby.store: missing: the lease needs PostgreSQL, which both controllers reach, and {given} is "
            f"{'no' if standby.store or store else 'none, so no'} such database: give postgresql://user@host/database"
        )
