"""Where all tables of the site store stand together, and the types that both databases call otherwise.

Public names: METADATA, Long, REVISION.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()
REVISION = "0025"
"""The newest of `edge.site.migrations`: what the tables are now. Each change of a table is one more."""
Long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite numbers rows only in a column called INTEGER."""
