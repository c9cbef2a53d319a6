"""Which tables a database has: made in an empty one, refused where they are another version's, brought up on demand.

Public names: take, read_trouble, upgrade, Step.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from edge.config.late import loaded
from edge.site import dialect, tables
from edge.site.dialect import Lock
from edge.site.engine import NONE_YET, StoreError, StoreHeld, engine, held, named, sqlite_file, trouble_of
from edge.site.tables.leases import leases

_POSTGRESQL = 15
_UPGRADE = "`lanewise site upgrade SITE.toml`"
_books = sa.MetaData()
_revision = sa.Table("alembic_version", _books, sa.Column("version_num", sa.String(32), primary_key=True))


@dataclass(frozen=True, slots=True)
class Step:
    """A revision that a store lacks, and what it changes."""

    revision: str
    what: str


def take(db: sa.Connection) -> str:
    """Makes the tables in an empty database; why this version cannot write it, empty = it can."""
    if told := _server_trouble(db):
        return told
    dialect.lock(db, Lock.SCHEMA)
    if not _known(db):
        tables.METADATA.create_all(db)
        _books.create_all(db)
        db.execute(tables.schema_version.insert().values(version=tables.SCHEMA))
        db.execute(_revision.insert().values(version_num=tables.REVISION))
        return ""
    if told := read_trouble(db):
        return told
    has = _has(db)
    if has < tables.REVISION:
        return f"its tables are of revision {has}, this version of Lanewise has {tables.REVISION}: run {_UPGRADE}"
    if has > tables.REVISION:
        return (
            f"its tables are of revision {has}, this version of Lanewise has {tables.REVISION}: "
            "start the version that wrote it"
        )
    return ""


def read_trouble(db: sa.Connection) -> str:
    """Why this version cannot read a store, empty = it can: also one that is not upgraded yet, or was already."""
    known = _known(db)
    if tables.schema_version.name not in known:
        return "another program's database: give it one of its own" if known else "nothing is in it yet"
    if (version := db.execute(sa.select(tables.schema_version.c.version)).scalar()) not in tables.SCHEMAS:
        return f"schema {version}: this version of Lanewise has {tables.SCHEMAS[-1]}: start the version that wrote it"
    return ""


def upgrade(url: str, dry_run: bool) -> list[Step]:
    """Brings a store up to this version, all of it in one transaction; the steps taken, or with ``dry_run`` to take.

    Raises StoreError; StoreHeld while a process writes the store.
    """
    name, path = named(url), sqlite_file(url)
    with ExitStack() as stack, trouble_of(name):
        if path is not None and not dry_run:
            stack.enter_context(held(path, f"site store {name}: a process writes it; stop the api first"))
        if path is not None and not path.exists():
            raise StoreError(f"site store {name}: {NONE_YET}")
        made = engine(url, readonly=dry_run, upgrades=True)
        stack.callback(made.dispose)
        with made.begin() as db:
            if told := _server_trouble(db) or read_trouble(db):
                raise StoreError(f"site store {name}: {told}")
            steps = _steps_behind(_has(db))
            if not dry_run and steps:
                if dialect.held_elsewhere(db, Lock.IN_USE):
                    raise StoreHeld(f"site store {name}: processes write it; stop every api of the site first")
                _run(db)
            return steps


def _server_trouble(db: sa.Connection) -> str:
    if not dialect.is_postgresql(db):
        return ""
    version = int((db.dialect.server_version_info or (0,))[0])
    if version < _POSTGRESQL:
        return f"PostgreSQL {version}: {_POSTGRESQL} or newer is needed"
    encoding = db.exec_driver_sql("SHOW server_encoding").scalar()
    return "" if encoding == "UTF8" else f"encoding {encoding}: create the database with ENCODING 'UTF8'"


def _known(db: sa.Connection) -> list[str]:
    """The tables of a database, but for that of the leases alone: a controller makes it where it was sooner."""
    known = sa.inspect(db).get_table_names()
    return [] if known == [leases.name] else known


def _has(db: sa.Connection) -> str:
    """The newest revision of a store; "0000" = of before there were any."""
    if not sa.inspect(db).has_table(_revision.name):
        return "0000"
    return str(db.execute(sa.select(_revision.c.version_num)).scalar() or "0000")


def _scripts() -> Path:
    return Path(__file__).with_name("migrations")


def _steps_behind(has: str) -> list[Step]:
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells what it imports
    script = loaded("alembic.script").ScriptDirectory(str(_scripts()))
    found = [one for one in script.walk_revisions() if one.revision > has]
    return [Step(one.revision, one.doc) for one in reversed(found)]


def _run(db: sa.Connection) -> None:
    config = loaded("alembic.config").Config(attributes={"connection": db})
    config.set_main_option("script_location", str(_scripts()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    loaded("alembic.command").upgrade(config, "head")
