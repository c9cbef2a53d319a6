"""The tables of waves and picking: what is released together, who picks it, what goes back, which tote is whose.

Public names: waves, members, tasks, lines, put_backs, totes, late, unplanned.

A wave is an `edge.orders.waves.Wave` and its members' parcels with their places in the shipping plan; ``pick_task`` and
``pick_line`` an `edge.orders.picking.PickTask`. A fulfilment is in one wave, a tote is one open fulfilment's.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA, Long

waves = sa.Table(
    "wave",
    METADATA,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("service", sa.String(80), nullable=False),
    sa.Column("release_by_us", sa.BigInteger, nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False),
    sa.Column("planned_us", sa.BigInteger, nullable=False),
    sa.Column("released_us", sa.BigInteger, nullable=False, index=True),  # 0 = a draft
    sa.Column("by", sa.Text, nullable=False),  # who released it
)
members = sa.Table(
    "wave_member",
    METADATA,
    sa.Column("fulfilment", sa.String(200), primary_key=True),
    sa.Column("wave", sa.String(200), sa.ForeignKey("wave.id"), nullable=False, index=True),
    sa.Column("n", sa.Integer, nullable=False),  # in order of release
    sa.Column("sales_id", sa.String(200), nullable=False, index=True),
    sa.Column("carrier", sa.String(80), nullable=False),
    sa.Column("code", sa.String(80), nullable=False),  # the carrier's own, of the service
    sa.Column("lane", sa.String(80), nullable=False),
    sa.Column(
        "service", sa.String(80), nullable=False, server_default=sa.text("''")
    ),  # empty = a version before noted none
    sa.Column("pickup", sa.String(200), nullable=False, index=True),
    sa.Column("cutoff_us", sa.BigInteger, nullable=False),
    sa.Column("delivered_us", sa.BigInteger, nullable=False),
    sa.Column("due_us", sa.BigInteger, nullable=False, server_default="0"),  # when its carrier says that it arrives
    sa.Column("promised_us", sa.BigInteger, nullable=False, server_default="0"),  # 0 = nothing was
    sa.Column("mass_g", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("freight", sa.BigInteger, nullable=False, server_default="0"),  # rate and surcharges
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("ordered_us", sa.BigInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # JSON: its units, what the best pickups cost, and why not others
    sa.Column("ended", sa.String(20), nullable=False),  # verified, short, cancelled, shipped; empty = not yet
    sa.Column("ended_us", sa.BigInteger, nullable=False, index=True),
    sa.Index("ix_wave_member_cutoff", "cutoff_us"),
    sa.Index("ix_wave_member_delivered", "delivered_us"),
)
_OPEN = "state IN ('open', 'assigned', 'picking')"
_HAND = "state IN ('assigned', 'picking')"
tasks = sa.Table(
    "pick_task",
    METADATA,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("wave", sa.String(200), sa.ForeignKey("wave.id"), nullable=False, index=True),
    sa.Column("mode", sa.String(20), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("picker", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False),
    sa.Column("release_by_us", sa.BigInteger, nullable=False),
    sa.Index(  # a picker has one round in hand
        "ix_pick_task_picker", "picker", unique=True, postgresql_where=sa.text(_HAND), sqlite_where=sa.text(_HAND)
    ),
    sa.Index(
        "ix_pick_task_open",
        "state",
        "release_by_us",
        "id",
        postgresql_where=sa.text(_OPEN),
        sqlite_where=sa.text(_OPEN),
    ),
)
lines = sa.Table(
    "pick_line",
    METADATA,
    sa.Column("task", sa.String(200), sa.ForeignKey("pick_task.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
    sa.Column("bin", sa.String(80), nullable=False),
    sa.Column("sku", sa.String(200), nullable=False),
    sa.Column("lot", sa.String(80), nullable=False),
    sa.Column("condition", sa.String(20), nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("picked", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.String(20), nullable=False),  # why short, empty = it is not
    sa.Column("over", sa.Text, nullable=False),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),  # when it was picked, 0 = not yet
    sa.Index("ix_pick_line_at", "at_us"),
)
put_backs = sa.Table(
    "put_back",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("fulfilment", sa.String(200), nullable=False, index=True),
    sa.Column("tote", sa.String(64), nullable=False),
    sa.Column("bin", sa.String(80), nullable=False),
    sa.Column("sku", sa.String(200), nullable=False),
    sa.Column("lot", sa.String(80), nullable=False),
    sa.Column("condition", sa.String(20), nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("since_us", sa.BigInteger, nullable=False),
    sa.Column("done_us", sa.BigInteger, nullable=False),  # 0 = it lies in the tote
    sa.Column("by", sa.Text, nullable=False),
    sa.CheckConstraint("quantity > 0", name="ck_put_back_quantity"),
)
totes = sa.Table(
    "tote_hold",
    METADATA,
    sa.Column("tote", sa.String(64), primary_key=True),
    sa.Column("fulfilment", sa.String(200), nullable=False, unique=True),
    sa.Column("since_us", sa.BigInteger, nullable=False),
)
late = sa.Table(  # of which lateness somebody was told
    "late_notice",
    METADATA,
    sa.Column("fulfilment", sa.String(200), primary_key=True),
    sa.Column("cutoff_us", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("reason", sa.String(20), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Index("ix_late_notice_cutoff", "cutoff_us"),
)
unplanned = sa.Table(  # what the newest plan found nobody for
    "unplanned",
    METADATA,
    sa.Column("fulfilment", sa.String(200), primary_key=True),
    sa.Column("sales_id", sa.String(200), nullable=False, index=True),
    sa.Column("since_us", sa.BigInteger, nullable=False),  # by the first plan that did not
    sa.Column("body", sa.Text, nullable=False),  # JSON: the refusals of every pickup
)
