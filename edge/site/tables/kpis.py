"""The tables of key figures: when an order came to which step, what the lines counted, each day's figures, numbers now.

Public names: steps, facts, cursors, days, numbers.

All but ``kpi_day`` follows from journals, outbox and books, and may be made again. ``flow_step`` has each step of an
order or fulfilment once; ``flow_fact`` what journals tell that is of no single step; ``site_number`` what was so at an
instant, for those who publish it.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA, Long

steps = sa.Table(
    "flow_step",
    METADATA,
    sa.Column("subject", sa.String(200), primary_key=True),  # sales order until `accepted`, then fulfilment
    sa.Column("step", sa.String(20), primary_key=True),  # `edge.orders.kpis.FlowStep`, or `checked`
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("place", sa.String(120), nullable=False),  # line, dock or station; empty = nobody says
    sa.Column("code", sa.String(60), nullable=False),  # of a check: empty = verified, else what was found first
    sa.Index("ix_flow_step_at", "step", "at_us"),
)
facts = sa.Table(
    "flow_fact",
    METADATA,
    sa.Column("source", sa.String(120), primary_key=True),  # a journal, or `outbox`
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(20), nullable=False),  # `route`, `sorted`, `gate`, `held`
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),  # order or fulfilment; empty = unknown
    sa.Column("place", sa.String(120), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Index("ix_flow_fact_at", "kind", "at_us"),
    sa.Index("ix_flow_fact_subject", "subject", "kind"),
)
cursors = sa.Table(
    "flow_cursor",
    METADATA,
    sa.Column("source", sa.String(120), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
days = sa.Table(
    "kpi_day",
    METADATA,
    sa.Column("day", sa.String(10), primary_key=True),  # ISO 8601, in the site's zone
    sa.Column("kpi", sa.String(40), primary_key=True),
    sa.Column("dimension", sa.String(20), primary_key=True),
    sa.Column("member", sa.String(200), primary_key=True),  # empty = the whole site
    sa.Column("numerator", sa.BigInteger, nullable=False),
    sa.Column("denominator", sa.BigInteger, nullable=False),
    sa.Column("p50", sa.BigInteger),  # of a time; NULL: it is none
    sa.Column("p90", sa.BigInteger),
    sa.Column("at_us", sa.BigInteger, nullable=False),  # when it was counted
    sa.Index("ix_kpi_day_kpi", "kpi", "dimension", "member", "day"),
)
numbers = sa.Table(
    "site_number",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("device", sa.String(200), nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # JSON: name and number
    sqlite_autoincrement=True,
)
