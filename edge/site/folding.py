"""What stock and waves leave behind goes by age: old movements are carried forward, ended waves are taken out.

Public names: fold_movements, take_out_waves, BALANCE, WAVES.

The ledger still adds up: of each row of the bin book one movement says what all that went made of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from edge.orders.stock import MovementKind
from edge.site import dialect
from edge.site.tables import carriers
from edge.site.tables import picks as tables
from edge.site.tables.stock import movements

BALANCE = "balance"
"""The kind of cause of what is carried forward."""
WAVES = 20
"""So many at once."""
_ROW = (
    *("cause_kind", "cause_id", "n", "kind", "sku", "lot", "quantity"),
    *("source", "source_condition", "target", "target_condition", "epc", "why", "by", "at_us"),
)
_Place = tuple[str, str, str, str]


def fold_movements(portion: int, before_us: int, db: sa.Connection) -> int:
    """The oldest movements, up to ``portion``; how many went. Since when they are gone, their causes are not known."""
    its = movements.c
    oldest = sa.select(movements).where(its.cause_kind != BALANCE).order_by(its.seq).limit(portion)
    due: list[sa.Row[Any]] = []
    for row in db.execute(oldest):
        if row.at_us >= before_us:
            break
        due.append(row)
    if not due:
        return 0
    skus = {row.sku for row in due}
    earlier = sa.select(movements).where(its.cause_kind == BALANCE, dialect.among(db, its.sku, skus))
    touched = {place for row in due for place, _ in _sides(row)}
    known = [row for row in db.execute(earlier) if _sides(row)[0][0] in touched]
    units: Counter[_Place] = Counter()
    last: dict[_Place, int] = {}
    for row in (*known, *due):
        for place, more in _sides(row):
            units[place] += more
            last[place] = max(last.get(place, 0), row.at_us)
    _delete(db, [row.seq for row in (*known, *due)])
    dialect.bulk_insert(db, movements, _ROW, _carried(units, last, due[-1].seq))
    return len(due)


def _sides(row: sa.Row[Any]) -> list[tuple[_Place, int]]:
    """The rows of the bin book that a movement changed, and by how much."""
    found: list[tuple[_Place, int]] = []
    if row.source is not None:
        found.append(((row.source, row.sku, row.lot, row.source_condition), -row.quantity))
    if row.target is not None:
        found.append(((row.target, row.sku, row.lot, row.target_condition), row.quantity))
    return found


def _carried(units: Mapping[_Place, int], last: Mapping[_Place, int], seq: int) -> Iterable[tuple[object, ...]]:
    for n, (place, count) in enumerate(sorted(units.items())):
        bin_, sku, lot, condition = place
        there, nowhere = (bin_, condition), (None, None)
        if count:
            sides = (*nowhere, *there) if count > 0 else (*there, *nowhere)
            kind = MovementKind.RECEIPT if count > 0 else MovementKind.CORRECTION
            yield (BALANCE, str(seq), n, str(kind), sku, lot, abs(count), *sides, "", "", "", last[place])


def _delete(db: sa.Connection, seqs: Sequence[int]) -> None:
    gone = sa.bindparam("gone", type_=sa.BigInteger)
    db.execute(movements.delete().where(movements.c.seq == gone), [{"gone": one} for one in seqs])


def take_out_waves(before_us: int, db: sa.Connection) -> int:
    """Waves that were released before an instant and all of whose members are shipped or cancelled, with their rounds,
    notices and what was put back; how many, `WAVES` at most.
    """
    wave, member, task = tables.waves.c, tables.members.c, tables.tasks.c
    goes_on = sa.exists().where(member.wave == wave.id, member.ended.not_in(("shipped", "cancelled")))
    recent = sa.exists().where(member.wave == wave.id, member.ended_us >= before_us)
    over = sa.select(wave.id).where(wave.released_us > 0, wave.released_us < before_us, ~goes_on, ~recent)
    names = db.execute(over.order_by(wave.released_us).limit(WAVES)).scalars().all()
    if not names:
        return 0
    theirs = db.execute(sa.select(member.fulfilment).where(dialect.among(db, member.wave, names))).scalars().all()
    rounds = sa.select(task.id).where(dialect.among(db, task.wave, names))
    db.execute(tables.lines.delete().where(tables.lines.c.task.in_(rounds)))
    db.execute(tables.tasks.delete().where(dialect.among(db, task.wave, names)))
    back = tables.put_backs.c
    db.execute(tables.put_backs.delete().where(dialect.among(db, back.fulfilment, theirs), back.done_us > 0))
    for notes in (tables.late, carriers.moves, carriers.stuck, carriers.delays):
        db.execute(notes.delete().where(dialect.among(db, notes.c.fulfilment, theirs)))
    db.execute(tables.members.delete().where(dialect.among(db, member.wave, names)))
    db.execute(tables.waves.delete().where(dialect.among(db, wave.id, names)))
    return len(names)
