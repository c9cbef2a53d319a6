"""The store of 0.1.0 and of schema 1, with what 0.1.0 lacks: codes of orders, and epochs of the feed."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes what is missing; a table that is there stays as it is."""
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    db = op.get_bind()
    known = set(sa.inspect(db).get_table_names())
    if "schema_version" not in known:
        op.create_table("schema_version", sa.Column("version", sa.Integer, primary_key=True))
        op.execute("INSERT INTO schema_version (version) VALUES (1)")
        op.create_table(
            "orders",
            sa.Column("id", sa.String(200), primary_key=True),
            sa.Column("channel", sa.String(64), nullable=False),
            sa.Column("external", sa.String(200)),
            sa.Column("tote", sa.String(64), index=True),
            sa.Column("parcel", sa.String(64), index=True),
            sa.Column("state", sa.String(20), nullable=False),
            sa.Column("body", sa.Text, nullable=False),
            sa.UniqueConstraint("channel", "external"),
        )
        op.create_table(
            "order_item",
            sa.Column("epc", sa.String(64), primary_key=True),
            sa.Column("order_id", sa.String(200), sa.ForeignKey("orders.id"), primary_key=True, index=True),
        )
        op.create_table(
            "feed",
            sa.Column("seq", long, primary_key=True, autoincrement=True),
            sa.Column("at_us", sa.BigInteger, nullable=False),
            sa.Column("kind", sa.String(40), nullable=False),
            sa.Column("body", sa.Text, nullable=False),
            sqlite_autoincrement=True,
        )
        op.create_table(
            "feed_ref",
            sa.Column("ref", sa.String(200), primary_key=True),
            sa.Column("seq", long, sa.ForeignKey("feed.seq"), primary_key=True),
        )
        op.create_table(
            "progress",
            sa.Column("node", sa.String(120), primary_key=True),
            sa.Column("seq", sa.BigInteger, nullable=False),
        )
        op.create_table(
            "mirror",
            sa.Column("node", sa.String(120), primary_key=True),
            sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
            sa.Column("at_us", sa.BigInteger, nullable=False),
            sa.Column("line", sa.String(40), nullable=False),
            sa.Column("kind", sa.String(40), nullable=False),
            sa.Column("body", sa.Text, nullable=False),
        )
        op.create_table(
            "mirror_ref",
            sa.Column("ref", sa.String(200), primary_key=True),
            sa.Column("node", sa.String(120), primary_key=True),
            sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        )
    if "order_code" not in known:
        op.create_table(
            "order_code",
            sa.Column("code", sa.String(200), primary_key=True),
            sa.Column("order_id", sa.String(200), sa.ForeignKey("orders.id"), primary_key=True, index=True),
        )
        _know_codes(db)
    if "feed_epoch" not in known:
        op.create_table(
            "feed_epoch",
            sa.Column("epoch", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("mark", sa.String(32), nullable=False),
            sa.Column("after", sa.BigInteger, nullable=False),
        )


def _know_codes(db: sa.Connection) -> None:
    """The codes of open orders, which stood in their bodies alone."""
    insert = sa.text("INSERT INTO order_code (code, order_id) VALUES (:code, :order_id)")
    for name, body in db.execute(sa.text("SELECT id, body FROM orders WHERE state = 'open'")).all():
        if codes := sorted(set(json.loads(body).get("codes", ()))):
            db.execute(insert, [{"code": code, "order_id": name} for code in codes])
