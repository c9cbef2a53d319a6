"""Site stores as versions of before left them.

Public names: make_0_1_0, make_schema_1.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from edge.site.tables.endings import ENDINGS
from edge.site.tables.metadata import METADATA

_OF_0001 = frozenset(
    (
        "feed",
        "feed_epoch",
        "feed_ref",
        "mirror",
        "mirror_ref",
        "order_code",
        "order_item",
        "orders",
        "progress",
        "schema_version",
    )
)
_SINCE_0001 = (
    *(table.name for table in reversed(METADATA.sorted_tables) if table.name not in _OF_0001),
    "alembic_version",
)


def make_schema_1(path: Path) -> None:
    """Takes from a store in SQLite all that came with revisions."""
    with closing(sqlite3.connect(path)) as db:
        for table in _SINCE_0001:
            db.execute(f"DROP TABLE {table}")
        for index in ENDINGS:
            if index.table is not None and index.table.name in _OF_0001:
                db.execute(f"DROP INDEX {index.name}")
        db.execute("DROP INDEX ix_feed_ref_seq")
        db.execute("DROP INDEX ix_mirror_ref_seq")
        db.execute("ALTER TABLE progress DROP COLUMN feed_seq")
        db.execute("ALTER TABLE feed_epoch DROP COLUMN place")
        db.commit()


def make_0_1_0(path: Path) -> None:
    """And what the version behind 0.1.0 added."""
    make_schema_1(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE feed_epoch")
        db.execute("DROP TABLE order_code")
        db.commit()
