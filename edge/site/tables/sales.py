"""The tables of sales orders: what was ordered, for whom, what ships it, what was found, and who changed what.

Public names: orders, lines, consignees, noted, key_marks, fulfilments, fulfilment_states, findings, waivers, changes,
refunds, blocked, refusals, contacts, imports, import_rows, outbox.

``sales_order`` and ``sales_line`` hold an `edge.orders.sales.SalesOrder`; ``consignee`` who gets it, with keys by which
the same person is known and which stay when the rest is purged; ``fulfilment`` how much of which line ships with which
fulfilment, as `edge.orders.stages.Portion` says; ``finding``, ``waiver``, ``contact``, ``blocklist``,
``delivery_refusal`` and ``change`` the review; ``import_run`` and ``import_row`` what came of a file; ``outbox`` what
others may know of it, ids only.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA, Long

_MERGED = "merged_into <> ''"
orders = sa.Table(
    "sales_order",
    METADATA,
    sa.Column("id", sa.String(200), primary_key=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("external", sa.String(200)),  # NULL: the channel gave no number
    sa.Column("stage", sa.String(20), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("content", sa.String(64), nullable=False),  # keyed hash of what the channel said
    sa.Column("taken_us", sa.BigInteger, nullable=False),
    sa.Column("ordered_us", sa.BigInteger, nullable=False),
    sa.Column("paid_us", sa.BigInteger, nullable=False),
    sa.Column("ship_by_us", sa.BigInteger, nullable=False),
    sa.Column("promised", sa.String(10), nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("urgent", sa.Boolean, nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("merged_into", sa.String(200), nullable=False),
    sa.Column("payment", sa.String(20), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.Column("paid", sa.BigInteger, nullable=False),
    sa.Column("freight", sa.BigInteger, nullable=False),
    sa.Column("discount", sa.BigInteger, nullable=False),
    sa.Column("tax", sa.BigInteger, nullable=False),
    sa.Column("credited", sa.BigInteger, nullable=False, server_default="0"),
    sa.UniqueConstraint("channel", "external"),
    sa.Index("ix_sales_order_external", "external"),  # what people type is a number, whichever channel's
    sa.Index("ix_sales_order_taken", "taken_us", "id"),
    sa.Index(
        "ix_sales_order_merged",
        "merged_into",
        postgresql_where=sa.text(_MERGED),
        sqlite_where=sa.text(_MERGED),
    ),
    sa.Index("ix_sales_order_stage", "stage", "taken_us", "id"),
    sa.Index("ix_sales_order_channel", "channel", "taken_us", "id"),
)
lines = sa.Table(
    "sales_line",
    METADATA,
    sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("sku", sa.Text, nullable=False),
    sa.Column("gtin", sa.String(14), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("quantity", sa.Integer, nullable=False),
    sa.Column("cancelled", sa.Integer, nullable=False),
    sa.Column("price", sa.BigInteger, nullable=False),
    sa.Column("discount", sa.BigInteger, nullable=False),
    sa.Column("share", sa.BigInteger, nullable=False),
    sa.CheckConstraint("0 <= cancelled AND cancelled <= quantity", name="ck_sales_line_cancelled"),
)
consignees = sa.Table(
    "consignee",
    METADATA,
    sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("phone", sa.Text, nullable=False),
    sa.Column("extension", sa.Text, nullable=False),
    sa.Column("phone_given", sa.Text, nullable=False),
    sa.Column("masked", sa.Boolean, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("country", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("city", sa.Text, nullable=False),
    sa.Column("district", sa.Text, nullable=False),
    sa.Column("street", sa.Text, nullable=False),
    sa.Column("postcode", sa.Text, nullable=False),
    sa.Column("phone_key", sa.String(64)),  # NULL: none was given, or a masked one
    sa.Column("email_key", sa.String(64), index=True),
    sa.Column("address_key", sa.String(64)),
    sa.Column("goods_key", sa.String(64)),  # what goes to a postcode, and the numbers there
    sa.Column("person_key", sa.String(64)),  # who gets it where: orders with one of these may ship together
    sa.Column("purge_day", sa.String(10), index=True),  # ISO 8601; NULL: not before the order is closed
    sa.Column("purged_us", sa.BigInteger, nullable=False, server_default="0"),  # 0 = it is still there
    sa.Column("when_us", sa.BigInteger, nullable=False, server_default="0"),  # it was ordered, or taken where none says
    sa.Index("ix_consignee_phone", "phone_key", "when_us"),
    sa.Index("ix_consignee_address", "address_key", "when_us"),
    sa.Index("ix_consignee_goods", "goods_key", "when_us"),
)
noted = sa.Table(  # an `edge.orders.sales.Noted`, goes with the consignee
    "noted",
    METADATA,
    sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), nullable=False, index=True),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("place", sa.String(80), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
)
key_marks = sa.Table("key_mark", METADATA, sa.Column("mark", sa.String(64), primary_key=True))  # of the site's secret
fulfilments = sa.Table(
    "fulfilment",
    METADATA,
    sa.Column("fulfilment_id", sa.String(200), primary_key=True),  # `orders.id`, once it is released
    sa.Column("sales_id", sa.String(200), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("quantity", sa.Integer, nullable=False),  # 0: all of it was cancelled
    sa.Column("picked", sa.Integer, nullable=False, server_default="0"),
    sa.Column("putting_back", sa.Integer, nullable=False, server_default="0"),
    sa.ForeignKeyConstraint(["sales_id", "number"], ["sales_line.order_id", "sales_line.number"]),
    sa.CheckConstraint("0 <= picked AND picked <= quantity AND putting_back >= 0", name="ck_fulfilment_quantity"),
    sa.Index("ix_fulfilment_sales", "sales_id", "number"),
)
fulfilment_states = sa.Table(  # of those that are more than planned
    "fulfilment_state",
    METADATA,
    sa.Column("fulfilment_id", sa.String(200), primary_key=True),
    sa.Column("state", sa.String(20), nullable=False),
)
findings = sa.Table(
    "finding",
    METADATA,
    sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("place", sa.String(80), nullable=False),  # line or field that it is about, empty = all of it
    sa.Column("weight", sa.String(10), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("bound", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Index("ix_finding_code", "code"),
)
waivers = sa.Table(
    "waiver",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), nullable=False, index=True),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("place", sa.String(80), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
)
changes = sa.Table(
    "change",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), nullable=False, index=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("what", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # JSON, nothing personal
)
refunds = sa.Table(
    "refund",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), nullable=False, index=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.CheckConstraint("amount > 0", name="ck_refund_amount"),
)
blocked = sa.Table(  # who is looked at before anything is shipped to him
    "blocklist",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(20), nullable=False),  # phone, email, address
    sa.Column("key", sa.String(64), nullable=False, index=True),  # as of a consignee; stays when the person is erased
    sa.Column("shown", sa.Text, nullable=False),  # what was entered; empty: the person is erased
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("removed_us", sa.BigInteger, nullable=False),  # 0 = it counts
    sa.Column("removed_by", sa.Text, nullable=False),
    sa.Column("removed_why", sa.Text, nullable=False),
)
refusals = sa.Table(  # parcels that were refused at the door, by keys of whoever refused them
    "delivery_refusal",
    METADATA,
    sa.Column("fulfilment_id", sa.String(200), primary_key=True),
    sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), nullable=False),
    sa.Column("phone_key", sa.String(64), index=True),
    sa.Column("email_key", sa.String(64), index=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
)
contacts = sa.Table(  # an `edge.orders.contact.ContactTask`, the newest of its order
    "contact",
    METADATA,
    sa.Column("order_id", sa.String(200), sa.ForeignKey("sales_order.id"), primary_key=True),
    sa.Column("findings", sa.Text, nullable=False),  # JSON
    sa.Column("due_us", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("outcome", sa.String(20), nullable=False),  # empty: nobody tried yet
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),  # may be personal
)
imports = sa.Table(
    "import_run",
    METADATA,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
    sa.Column("ended_us", sa.BigInteger, nullable=False),  # 0 = it goes on, or somebody was killed
    sa.Column("body", sa.Text, nullable=False),  # JSON: names of files, counts
)
import_rows = sa.Table(  # what was set aside, with what stands there: may be personal, goes with its run
    "import_row",
    METADATA,
    sa.Column("run", sa.String(40), sa.ForeignKey("import_run.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("sheet", sa.Text, nullable=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("column", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("order", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
outbox = sa.Table(
    "outbox",
    METADATA,
    sa.Column("seq", Long, primary_key=True, autoincrement=True),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("type", sa.String(80), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),  # JSON, ids only
    sqlite_autoincrement=True,
)
