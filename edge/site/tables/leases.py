"""The table of leases: which of several controllers commands the same lines, and what it told of them.

Public names: leases.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA

leases = sa.Table(
    "lease",
    METADATA,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("epoch", sa.Integer, nullable=False),  # 1..65535, of the newest taking; 0 = none was
    sa.Column("beat", sa.BigInteger, nullable=False),  # one more with each change by a holder
    sa.Column("holder", sa.String(80), nullable=False),  # a process, empty = nobody
    sa.Column("last", sa.String(80), nullable=False),  # who took it last
    sa.Column("waits", sa.String(80), nullable=False),  # who stands by
    sa.Column("waits_beat", sa.BigInteger, nullable=False),
    sa.Column("asked", sa.Integer, nullable=False),  # whose holder is to give it away, by epoch; 0 = none
    sa.Column("told_by", sa.String(80), nullable=False),
    sa.Column("told_us", sa.BigInteger, nullable=False),  # by the clock of the database
    sa.Column("told", sa.Text, nullable=False),  # a LinesTaken as a journal has it; empty = nothing
)
