"""The tables of people who sign in, of keys that machines bring, and of who did what.

Public names: accounts, sessions, keys, audit.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA

accounts = sa.Table(
    "account",
    METADATA,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("title", sa.String(80), nullable=False),  # what people call them
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("password", sa.String(200), nullable=False),  # Argon2id, as PHC strings have it; empty = none
    sa.Column("must_change", sa.Boolean, nullable=False),
    sa.Column("badge", sa.String(64), nullable=True, unique=True),  # SHA-256 of its code
    sa.Column("subject", sa.String(400), nullable=True, unique=True),  # at the provider of OpenID Connect
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("seen_us", sa.BigInteger, nullable=False),  # when they signed in last, 0 = never
    sa.Column("fails", sa.Integer, nullable=False),  # wrong passwords since the last right one
    sa.Column("locked_us", sa.BigInteger, nullable=False),  # no password is taken before this instant
)
sessions = sa.Table(
    "account_session",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),  # SHA-256 of what the browser brings
    sa.Column("account", sa.String(40), sa.ForeignKey("account.name"), nullable=False),
    sa.Column("way", sa.String(20), nullable=False),  # password, badge, oidc
    sa.Column("origin", sa.String(80), nullable=False),  # the address
    sa.Column("began_us", sa.BigInteger, nullable=False),
    sa.Column("seen_us", sa.BigInteger, nullable=False),
    sa.Column("idle_us", sa.BigInteger, nullable=False),
    sa.Column("ends_us", sa.BigInteger, nullable=False),
    sa.Index("ix_account_session_account", "account"),
)
keys = sa.Table(
    "account_key",
    METADATA,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("secret", sa.String(64), nullable=False),  # SHA-256
    sa.Column("scope", sa.Text, nullable=False),  # actions
    sa.Column("made_us", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.String(80), nullable=False),
    sa.Column("ends_us", sa.BigInteger, nullable=False),
    sa.Column("used_us", sa.BigInteger, nullable=False),  # 0 = never
)
audit = sa.Table(
    "audit",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),  # without a gap
    sa.Column("at_us", sa.BigInteger, nullable=False),
    sa.Column("who", sa.String(80), nullable=False),
    sa.Column("origin", sa.String(80), nullable=False),  # the address, or "cli"
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("object", sa.String(300), nullable=False),
    sa.Column("outcome", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),  # SHA-256 of all these and of the one before
    sa.Index("ix_audit_at", "at_us"),
    sa.Index("ix_audit_who", "who", "seq"),
)
