"""The table of what was asked with a key, and what was answered: who asks again is answered again.

Public names: asked.
"""

from __future__ import annotations

import sqlalchemy as sa

from edge.site.tables.metadata import METADATA

asked = sa.Table(
    "asked",
    METADATA,
    sa.Column("key", sa.String(64), primary_key=True),  # a hash of who asked and of his key
    sa.Column("said", sa.String(64), nullable=False),  # a hash of all that was asked
    sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
    sa.Column("status", sa.Integer, nullable=False),  # of HTTP; 0 = it is done, and the answer is not known
    sa.Column("headers", sa.Text, nullable=False),  # JSON: by name
    sa.Column("body", sa.Text, nullable=False),  # closed with the secret of the site; emptied when persons are
)
