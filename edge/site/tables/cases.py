"""The tables of cases: what comes back or went wrong, what is wished, what came, what was done, and why it happened.

Public names: cases, lines, units, notes, causes, actions, gate, money.

``service_case`` holds an `edge.orders.cases.Case`; ``case_line`` what it is about; ``case_unit`` what the gate or a
station saw of it, and what becomes of each; ``case_note`` all that was done; ``case_cause`` root causes and
``case_action`` what is done against one. ``order_money`` is the ledger of orders: what came in and went out, and what
is owed otherwise than it was ordered. Nothing of it is ever changed.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA, Long

_OPEN = "closed_us = 0"
_NUMBERED = "number <> ''"
cases = sa.Table(
    "service_case",
    METADATA,
    sa.Column("id", Long, primary_key=True, autoincrement=True),
    sa.Column("cause", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("class", sa.String(40), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("order_id", sa.String(200), nullable=False, index=True),  # empty = none
    sa.Column("parcels", sa.Text, nullable=False),  # JSON
    sa.Column("items", sa.Text, nullable=False),  # JSON
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("want", sa.String(20), nullable=False),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("team", sa.String(80), nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("policy", sa.String(80), nullable=False),
    sa.Column("number", sa.String(40), nullable=False),  # of the return label
    sa.Column("freight", sa.String(20), nullable=False),
    sa.Column("goods_by_us", sa.BigInteger, nullable=False),
    sa.Column("linked", sa.String(200), nullable=False),
    sa.Column("opened_us", sa.BigInteger, nullable=False),
    sa.Column("first_due_us", sa.BigInteger, nullable=False),
    sa.Column("due_us", sa.BigInteger, nullable=False),
    sa.Column("dated", sa.Boolean, nullable=False),  # by a calendar, or by whoever opened it
    sa.Column("told", sa.Boolean, nullable=False),  # the outbox said that it was opened
    sa.Column("first_us", sa.BigInteger, nullable=False),
    sa.Column("overdue_us", sa.BigInteger, nullable=False),
    sa.Column("escalations", sa.Integer, nullable=False),
    sa.Column("resolved_us", sa.BigInteger, nullable=False),
    sa.Column("closed_us", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("owner <> '' AND due_us > 0", name="ck_service_case_owner"),
    sa.Index("ix_service_case_opened", "opened_us"),
    sa.Index("ix_service_case_due", "due_us", "id", postgresql_where=sa.text(_OPEN), sqlite_where=sa.text(_OPEN)),
    sa.Index(
        "ix_service_case_number",
        "number",
        unique=True,
        postgresql_where=sa.text(_NUMBERED),
        sqlite_where=sa.text(_NUMBERED),
    ),
)
lines = sa.Table(
    "case_line",
    METADATA,
    sa.Column("case", sa.BigInteger, sa.ForeignKey("service_case.id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("order_id", sa.String(200), nullable=False, index=True),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("sku", sa.String(200), nullable=False),
    sa.Column("gtin", sa.String(14), nullable=False),
    sa.Column("epc", sa.String(64), nullable=False),  # empty = any unit of the line
    sa.Column("units", sa.Integer, nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
    sa.CheckConstraint("units > 0", name="ck_case_line_units"),
)
units = sa.Table(
    "case_unit",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("case", sa.BigInteger, sa.ForeignKey("service_case.id"), nullable=False, index=True),
    sa.Column("epc", sa.String(64), nullable=False, index=True),  # empty = no tag
    sa.Column("order_id", sa.String(200), nullable=False),  # that it was sold with, empty = none
    sa.Column("line", sa.Integer, nullable=False),  # 0 = of none
    sa.Column("fulfilment", sa.String(200), nullable=False),  # in whose parcel it left last, empty = nobody knows
    sa.Column("sku", sa.String(200), nullable=False),
    sa.Column("units", sa.Integer, nullable=False),
    sa.Column("finding", sa.String(20), nullable=False),
    sa.Column("bin", sa.String(80), nullable=False),  # empty = stock knows nothing of the article
    sa.Column("lot", sa.String(80), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("disposition", sa.String(20), nullable=False),  # empty = nobody decided yet
    sa.Column("disposed_us", sa.BigInteger, nullable=False),
    sa.Column("disposed_by", sa.Text, nullable=False),
    sa.Column("code", sa.String(40), nullable=False),  # what the inspection saw
    sa.Column("credited", sa.Boolean, nullable=False),  # it is settled with the customer
    sa.CheckConstraint("units > 0", name="ck_case_unit_units"),
)
notes = sa.Table(
    "case_note",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("case", sa.BigInteger, sa.ForeignKey("service_case.id"), nullable=False, index=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("what", sa.String(40), nullable=False),
    sa.Column("text", sa.Text, nullable=False),  # may be personal, goes with the person
    sa.Column("body", sa.Text, nullable=False),  # JSON, nothing personal
)
causes = sa.Table(
    "case_cause",
    METADATA,
    sa.Column("case", sa.BigInteger, sa.ForeignKey("service_case.id"), primary_key=True),
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("value", sa.String(200), primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),  # what it cost, in minor units
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Index("ix_case_cause_what", "kind", "value"),
)
actions = sa.Table(
    "case_action",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("value", sa.String(200), nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("opened_us", sa.BigInteger, nullable=False),
    sa.Column("due_us", sa.BigInteger, nullable=False),
    sa.Column("done_us", sa.BigInteger, nullable=False),  # 0 = not yet
    sa.Index("ix_case_action_what", "kind", "value"),
)
gate = sa.Table(  # how far the returns gate looked at each mirrored journal
    "case_gate",
    METADATA,
    sa.Column("node", sa.String(120), primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
money = sa.Table(
    "order_money",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), nullable=False, index=True),
    sa.Column("account", sa.String(200), nullable=False, index=True),  # the order that others are in exchange for
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("cause", sa.String(200), nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("order_id", "kind", "cause"),
    sa.CheckConstraint("amount <> 0", name="ck_order_money_amount"),
)
