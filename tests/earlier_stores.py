"""Site stores as versions of before left them.

Public names: make_0_1_0, make_schema_1.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_SINCE_0001 = (
    "flow_step",
    "flow_fact",
    "flow_cursor",
    "kpi_day",
    "site_number",
    "order_money",
    "case_action",
    "case_cause",
    "case_note",
    "case_unit",
    "case_line",
    "service_case",
    "parcel_event",
    "carrier_hook",
    "parcel_track",
    "parcel_state",
    "shipment",
    "departure",
    "parcel_trouble",
    "parcel_feedback",
    "mail",
    "delay_notice",
    "carrier_stuck",
    "carrier_move",
    "suspension",
    "order_money",
    "case_gate",
    "case_action",
    "case_cause",
    "case_note",
    "case_unit",
    "case_line",
    "service_case",
    "quality_check",
    "pack",
    "parcel_item",
    "unit_weight",
    "import_row",
    "import_run",
    "blocklist",
    "delivery_refusal",
    "webhook",
    "webhook_refused",
    "parcel",
    "sscc_range",
    "contact",
    "refund",
    "fulfilment_state",
    "late_notice",
    "tote_hold",
    "put_back",
    "pick_line",
    "pick_task",
    "wave_member",
    "wave",
    "item",
    "reservation",
    "movement",
    "bin_stock",
    "sku_stock",
    "bin",
    "lot",
    "sku_gtin",
    "unit_weight",
    "sku",
    "outbox",
    "change",
    "waiver",
    "finding",
    "fulfilment",
    "noted",
    "key_mark",
    "consignee",
    "sales_line",
    "sales_order",
    "alembic_version",
)


def make_schema_1(path: Path) -> None:
    """Takes from a store in SQLite all that came with revisions."""
    with closing(sqlite3.connect(path)) as db:
        for table in _SINCE_0001:
            db.execute(f"DROP TABLE {table}")
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
