"""Leases in PostgreSQL: each deed is one statement, so that a process which stands still holds up nobody.

Public names: Leases.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any, assert_never

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from edge.core.values.lease import LeaseAsk, LeaseDeed, LeaseRow, LeaseTold, node_of
from edge.site.engine import StoreError, engine, named, trouble_of
from edge.site.tables.leases import leases

_LOST = {"tcp_user_timeout": "2000"}
"""Milliseconds until a database that takes nothing any more is taken for gone."""
_its = leases.c
_NOW = sa.cast(sa.func.extract("epoch", sa.func.clock_timestamp()) * 1_000_000, sa.BigInteger)
_COLUMNS = (
    _its.holder, _its.epoch, _its.beat, _its.waits, _its.waits_beat, _its.asked, _its.last, _its.told_by,
    _NOW.label("now_us"),
)  # fmt: skip


class Leases:
    """One lease by its ``name``. May be called from several threads; raises StoreError, and begins anew then.

    ``own``: the database is there for leases alone, and the table is made where it is missing; else it is the site
    store's, which its api makes.
    """

    def __init__(self, url: str, name: str, own: bool) -> None:
        self._name = name
        self._own = own
        self._at = named(url)
        self._engine = engine(_with(url), readonly=False, upgrades=True)
        self._db: sa.Connection | None = None
        self._guard = threading.Lock()

    def __call__(self, ask: LeaseAsk) -> LeaseRow:
        """See `edge.core.values.lease.LeaseStore`."""
        with self._guard, trouble_of(self._at):
            db = self._connected()
            try:
                changed = self._changed(db, ask)
                return changed or _row(False, self._found(db))
            except BaseException:
                self.close()
                raise

    def ask_hand_over(self) -> LeaseRow:
        """Asks the holder to give it away; how it stands now."""
        with self._guard, trouble_of(self._at):
            db = self._connected()
            db.execute(sa.update(leases).where(_its.name == self._name).values(asked=_its.epoch))
            return _row(True, self._found(db))

    def close(self) -> None:
        """Closes the connection; the next ask opens another."""
        db, self._db = self._db, None
        if db is not None:
            with suppress(sa.exc.SQLAlchemyError):
                db.invalidate()
                db.close()
            self._engine.dispose()

    def _connected(self) -> sa.Connection:
        if self._db is None:
            self._db = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self._own:
                leases.create(self._db, checkfirst=True)
            elif not sa.inspect(self._db).has_table(leases.name):
                self.close()
                raise StoreError(f"site store {self._at}: has no leases yet: start its api, or upgrade it")
        return self._db

    def _changed(self, db: sa.Connection, ask: LeaseAsk) -> LeaseRow | None:
        """The row behind a deed that was done; None = it was not."""
        as_seen = sa.and_(_its.name == self._name, _its.epoch == ask.epoch, _its.beat == ask.beat)
        told: dict[str, Any] = {}
        if ask.body:
            told = {"told": ask.body, "told_by": node_of(ask.me), "told_us": _NOW}
        deed = sa.update(leases)
        match ask.deed:
            case LeaseDeed.LOOK:
                if not ask.waits:
                    return None
                waits = {"waits": ask.me, "waits_beat": _its.waits_beat + 1}
                deed = deed.where(_its.name == self._name).values(waits)
            case LeaseDeed.TAKE:
                took = {"holder": ask.me, "last": ask.me, "epoch": ask.to_epoch, "beat": ask.beat + 1, "asked": 0}
                deed = deed.where(as_seen).values(took)
            case LeaseDeed.RENEW:
                renewed = {"epoch": ask.to_epoch, "beat": ask.beat + 1, **told}
                deed = deed.where(as_seen, _its.holder == ask.me).values(renewed)
            case LeaseDeed.RELEASE:
                freed = {"holder": "", "beat": ask.beat + 1, "asked": 0, **told}
                deed = deed.where(as_seen, _its.holder == ask.me).values(freed)
            case _:
                assert_never(ask.deed)
        if ask.deed is LeaseDeed.TAKE:
            found = db.execute(deed.returning(*_COLUMNS, _its.told_us, _its.told)).first()
            return None if found is None else _row(True, found, _told(found))
        found = db.execute(deed.returning(*_COLUMNS)).first()
        return None if found is None else _row(ask.deed is not LeaseDeed.LOOK, found)

    def _found(self, db: sa.Connection) -> sa.Row[Any]:
        query = sa.select(*_COLUMNS).where(_its.name == self._name)
        found = db.execute(query).first()
        if found is None:
            empty = {column.name: "" if isinstance(column.type, sa.String) else 0 for column in leases.columns}
            db.execute(insert(leases).values(empty | {"name": self._name}).on_conflict_do_nothing())
            found = db.execute(query).one()
        return found


def _row(done: bool, found: sa.Row[Any], told: LeaseTold | None = None) -> LeaseRow:
    return LeaseRow(
        done=done,
        holder=found.holder,
        epoch=found.epoch,
        beat=found.beat,
        waits=found.waits,
        waits_beat=found.waits_beat,
        asked=found.asked,
        last=found.last,
        told_by=found.told_by,
        now_us=found.now_us,
        told=told,
    )


def _told(found: sa.Row[Any]) -> LeaseTold | None:
    return LeaseTold(found.told_by, found.told_us, found.told) if found.told else None


def _with(url: str) -> str:
    """The URL with what makes a lost network known soon."""
    return sa.make_url(url).update_query_dict(_LOST).render_as_string(hide_password=False)
