"""New site stores without their wait: statements compiled once a process, and copies in PostgreSQL.

Most tests that need a store need a new one, and SQLAlchemy compiles all its tables for each anew. What is made is the
same: `edge.site.schema.take` makes it, of the statements that `MetaData.create_all` gives.
Public names: create_all, take_once.
"""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa

from edge.site import schema, tables

_ORDINARY = tables.METADATA.create_all


@cache
def _statements(dialect: str) -> tuple[str, ...]:
    made: list[str] = []

    def note(statement: sa.schema.ExecutableDDLElement, *_: object, **__: object) -> None:
        made.append(str(statement.compile(dialect=engine.dialect)))

    engine = sa.create_mock_engine(f"{dialect}://", note)
    _ORDINARY(engine, checkfirst=False)  # type: ignore[arg-type]
    return tuple(made)


def create_all(db: sa.Connection) -> None:
    """Instead of ``tables.METADATA.create_all``."""
    if sa.inspect(db).get_table_names():  # a controller was there before, and made that of the leases
        _ORDINARY(db)
    elif db.dialect.name == "postgresql":
        db.exec_driver_sql(";".join(_statements("postgresql+psycopg")))
    else:
        for statement in _statements(db.dialect.name):
            db.exec_driver_sql(statement)


def take_once(url: str) -> None:
    """Makes the tables in an empty database of PostgreSQL, and leaves no connection."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    with engine.begin() as db:
        assert schema.take(db) == ""
