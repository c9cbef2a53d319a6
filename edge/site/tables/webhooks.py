"""The tables of webhooks: how far each was told, and what it refused for good.

Public names: webhooks, refused.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA

webhooks = sa.Table(
    "webhook",
    METADATA,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("after", sa.BigInteger, nullable=False),  # the last event that it was told, or that it refused
    sa.Column("tries", sa.Integer, nullable=False),  # of the next one, in vain
    sa.Column("since_us", sa.BigInteger, nullable=False),  # when that began, 0 = it did not
    sa.Column("next_us", sa.BigInteger, nullable=False),  # not before this instant
    sa.Column("told_us", sa.BigInteger, nullable=False),  # when it took something last, 0 = never
    sa.Column("told", sa.BigInteger, nullable=False),  # so many, ever
    sa.Column("trouble", sa.Text, nullable=False),
)
refused = sa.Table(
    "webhook_refused",
    METADATA,
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("again", sa.Boolean, nullable=False),  # somebody wants it told once more
)
