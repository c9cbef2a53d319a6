"""Stock within a transaction: articles and bins, movements once for each cause, reservations, counts, and the audit.

Public names: put_skus, Sku, put_bins, put_lots, skus_of, articles_of, places_of, lock_skus, promises_of, bin_rows,
offers_of, apply, suspect, record, count, Recorded, GaveWay, write_ledger, Want, Reserved, reserve, told_of, lapse,
Held, held, at_place, step, set_soft, insert_reservations, delete_soft, ledger, LedgerRow, StockRow, BinLine,
stock_rows, BookDifference, audit.

Whoever changes a book locks the rows of the promise book of all SKUs that it concerns first, in their order; so nobody
waits in a circle, and bins and reservations of a SKU change under its lock alone. Feed and outbox come behind it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from edge.orders.allocation import Offer
from edge.orders.articles import Article, Goods, GtinError, gtin14, units_by_gtin
from edge.orders.picking import BinPlace
from edge.orders.reservations import (
    Displacement,
    Reservation,
    ReservationEvent,
    ReservationState,
    borne,
    displaced,
    stepped,
)
from edge.orders.stock import (
    BinKey,
    BinStock,
    BookChange,
    Movement,
    MovementKind,
    Promise,
    StockCause,
    StockCondition,
    StockError,
    after,
    counted,
    movement_change,
)
from edge.site import dialect
from edge.site.outbox import OutboxTold
from edge.site.tables import stock as tables

_LARGEST = 2**31
"""Units of a row; sums of them fit every database and file."""
_LOSING = (MovementKind.MOVE, MovementKind.SCRAP, MovementKind.CORRECTION)
"""What the floor says is so, whatever was promised or allocated there."""


# ---- what is kept ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sku:
    """An article with what only a site says of it. ``safety``: units that shall always be there."""

    article: Article
    name: str = ""
    safety: int = 0


_SKU = (
    "name",
    "mass_g",
    "volume_mm3",
    "longest_mm",
    "goods",
    "min_life_us",
    "single_lot",
    "material",
    "safety",
)


def _sku_row(one: Sku) -> tuple[object, ...]:
    its = one.article
    return (
        one.name,
        its.mass_g,
        its.volume_mm3,
        its.longest_mm,
        int(its.goods),
        its.min_life_us,
        its.single_lot,
        its.material,
        one.safety,
    )


def put_skus(db: sa.Connection, skus: Iterable[Sku]) -> tuple[int, int]:
    """Takes articles as they are now; how many were new and how many changed.

    Raises:
        GtinError: a GTIN is none, or another article's.
    """
    asked = {one.article.sku: one for one in skus}
    numbers = units_by_gtin(one.article for one in asked.values())
    given = {gtin14(gtin) for one in asked.values() for gtin, _ in one.article.gtins}
    table = tables.gtins.c
    for gtin, owner in db.execute(sa.select(table.gtin, table.sku).where(dialect.among(db, table.gtin, given))):
        if owner not in asked:
            told = next(sku for (_, number), (sku, _) in numbers.items() if number == gtin)
            raise GtinError(f"{gtin} is {owner} and {told}")
    known = skus_of(db, asked)
    fresh = [one for name, one in sorted(asked.items()) if name not in known]
    changed = [one for name, one in sorted(asked.items()) if name in known and known[name] != _normal(one)]
    if changed:
        which = tables.skus.update().where(tables.skus.c.sku == sa.bindparam("which"))
        values: dict[str, sa.BindParameter[object]] = {name: sa.bindparam(f"new_{name}") for name in _SKU}
        rows = [
            {"which": one.article.sku} | {f"new_{name}": value for name, value in zip(_SKU, _sku_row(one), strict=True)}
            for one in changed
        ]
        db.execute(which.values(values), rows)
        gone = dialect.among(db, table.sku, (one.article.sku for one in changed))
        db.execute(tables.gtins.delete().where(gone))
    taken = dialect.insert_new(
        db, tables.skus, ("sku", *_SKU), [(one.article.sku, *_sku_row(one)) for one in fresh], "sku"
    )
    dialect.bulk_insert(db, tables.promises, ("sku", "sellable", "promised"), ((sku, 0, 0) for sku in sorted(taken)))
    named = [
        (gtin14(gtin), one.article.sku, units)
        for one in (*(one for one in fresh if one.article.sku in taken), *changed)
        for gtin, units in dict(one.article.gtins).items()
    ]
    dialect.bulk_insert(db, tables.gtins, ("gtin", "sku", "units"), named)
    return len(taken), len(changed)


def _normal(one: Sku) -> Sku:
    numbers = tuple(sorted({gtin14(gtin): units for gtin, units in one.article.gtins}.items()))
    return replace(one, article=replace(one.article, gtins=numbers))


def skus_of(db: sa.Connection, names: Iterable[str]) -> dict[str, Sku]:
    """The articles that there are of some names."""
    wanted = list(names)
    numbers: dict[str, list[tuple[str, int]]] = {}
    table = tables.gtins.c
    query = sa.select(tables.gtins).where(dialect.among(db, table.sku, wanted)).order_by(table.gtin)
    for gtin, sku, units in db.execute(query):
        numbers.setdefault(sku, []).append((gtin, units))
    return {
        row.sku: Sku(
            Article(
                sku=row.sku,
                gtins=tuple(numbers.get(row.sku, ())),
                min_life_us=row.min_life_us,
                single_lot=row.single_lot,
                mass_g=row.mass_g,
                volume_mm3=row.volume_mm3,
                longest_mm=row.longest_mm,
                goods=Goods(row.goods),
                material=row.material,
            ),
            row.name,
            row.safety,
        )
        for row in db.execute(sa.select(tables.skus).where(dialect.among(db, tables.skus.c.sku, wanted)))
    }


def articles_of(db: sa.Connection, names: Iterable[str]) -> dict[str, Article]:
    """The articles alone, by SKU."""
    return {name: one.article for name, one in skus_of(db, names).items()}


def put_bins(db: sa.Connection, places: Mapping[str, BinPlace]) -> None:
    """Takes bins as they are now: new ones, and where they are."""
    known = places_of(db, places)
    moved = [
        {"which": name, "new_aisle": at.aisle, "new_place": at.place, "new_level": at.level}
        for name, at in sorted(places.items())
        if name in known and known[name] != at
    ]
    if moved:
        which = tables.bins.update().where(tables.bins.c.bin == sa.bindparam("which"))
        values: dict[str, sa.BindParameter[int]] = {
            name: sa.bindparam(f"new_{name}") for name in ("aisle", "place", "level")
        }
        db.execute(which.values(values), moved)
    fresh = [(name, at.aisle, at.place, at.level) for name, at in sorted(places.items()) if name not in known]
    dialect.insert_new(db, tables.bins, ("bin", "aisle", "place", "level"), fresh, "bin")


def places_of(db: sa.Connection, names: Iterable[str]) -> dict[str, BinPlace]:
    """Where the bins are that there are of some names."""
    query = sa.select(tables.bins).where(dialect.among(db, tables.bins.c.bin, names))
    return {row.bin: BinPlace(row.aisle, row.place, row.level) for row in db.execute(query)}


def put_lots(db: sa.Connection, expires_us: Mapping[tuple[str, str], int]) -> None:
    """Takes by (SKU, lot) from when on its units may not leave any more; 0 = never."""
    table = tables.lots
    query = sa.select(table).where(dialect.among(db, table.c.sku, (sku for sku, _ in expires_us)))
    known = {(row.sku, row.lot): row.expires_us for row in db.execute(query)}
    for (sku, lot), at_us in sorted(expires_us.items()):
        if known.get((sku, lot)) not in (None, at_us):
            db.execute(table.update().where(table.c.sku == sku, table.c.lot == lot).values(expires_us=at_us))
    fresh = [(*key, at_us) for key, at_us in sorted(expires_us.items()) if key not in known]
    dialect.bulk_insert(db, table, ("sku", "lot", "expires_us"), fresh)


# ---- the books -------------------------------------------------------------------------------------------------------


def lock_skus(db: sa.Connection, skus: Iterable[str]) -> dict[str, Promise]:
    """The rows of the promise book of the SKUs that there are, held until the transaction ends."""
    table = tables.promises.c
    query = sa.select(tables.promises).where(dialect.among(db, table.sku, skus)).order_by(table.sku).with_for_update()
    return {sku: Promise(sku, sellable, promised) for sku, sellable, promised in db.execute(query)}


def promises_of(db: sa.Connection, skus: Iterable[str]) -> dict[str, Promise]:
    """The same as they are at this moment, not held."""
    query = sa.select(tables.promises).where(dialect.among(db, tables.promises.c.sku, skus))
    return {sku: Promise(sku, sellable, promised) for sku, sellable, promised in db.execute(query)}


def bin_rows(db: sa.Connection, skus: Iterable[str]) -> dict[BinKey, BinStock]:
    """The bin book of some SKUs."""
    query = sa.select(tables.bin_stock).where(dialect.among(db, tables.bin_stock.c.sku, skus))
    return {
        (key := BinKey(row.bin, row.sku, row.lot, StockCondition(row.condition))): BinStock(
            key, row.on_hand, row.allocated
        )
        for row in db.execute(query)
    }


def offers_of(db: sa.Connection, skus: Iterable[str]) -> list[Offer]:
    """What bins offer of some SKUs, with expiry, way and suspicion."""
    stock, lots, bins = tables.bin_stock, tables.lots, tables.bins
    query = (
        sa.select(
            stock, sa.func.coalesce(lots.c.expires_us, 0).label("expires_us"), bins.c.aisle, bins.c.place, bins.c.level
        )
        .join(bins, bins.c.bin == stock.c.bin)
        .outerjoin(lots, sa.and_(lots.c.sku == stock.c.sku, lots.c.lot == stock.c.lot))
        .where(dialect.among(db, stock.c.sku, skus), stock.c.on_hand > stock.c.allocated)
    )
    rows = sorted(db.execute(query).all(), key=lambda row: (row.aisle, row.place, row.level, row.bin))
    return [
        Offer(
            key=BinKey(row.bin, row.sku, row.lot, StockCondition(row.condition)),
            free=row.on_hand - row.allocated,
            expires_us=row.expires_us,
            path=path,
            suspect=bool(row.suspect_us),
        )
        for path, row in enumerate(rows)
    ]


def apply(db: sa.Connection, change: BookChange) -> None:
    """Changes both books by the rows of a change.

    Raises:
        StockError: a row would not bear it, or there is no such article or bin.
    """
    skus = {sku for sku, _, _ in change.promises} | {key.sku for key, _, _ in change.bins}
    if not skus:
        return
    promises = lock_skus(db, skus)
    _check_known(db, skus - promises.keys(), {key.bin for key, on_hand, _ in change.bins if on_hand > 0})
    known = bin_rows(db, {key.sku for key, _, _ in change.bins})
    _, bins = after(promises, known, change)
    if change.promises:
        table = tables.promises
        adding = table.update().where(table.c.sku == sa.bindparam("which"))
        values = {
            "sellable": table.c.sellable + sa.bindparam("more", type_=sa.BigInteger),
            "promised": table.c.promised + sa.bindparam("taken", type_=sa.BigInteger),
        }
        rows = [{"which": sku, "more": more, "taken": taken} for sku, more, taken in change.promises]
        db.execute(adding.values(values), rows)
    changed = [key for key in bins if key in known]
    if changed:
        its = tables.bin_stock
        which = its.update().where(
            its.c.sku == sa.bindparam("its_sku"),
            its.c.bin == sa.bindparam("its_bin"),
            its.c.lot == sa.bindparam("its_lot"),
            its.c.condition == sa.bindparam("its_condition"),
        )
        db.execute(
            which.values(on_hand=sa.bindparam("now_on_hand"), allocated=sa.bindparam("now_allocated")),
            [
                {
                    "its_sku": key.sku,
                    "its_bin": key.bin,
                    "its_lot": key.lot,
                    "its_condition": str(key.condition),
                    "now_on_hand": bins[key].on_hand,
                    "now_allocated": bins[key].allocated,
                }
                for key in changed
            ],
        )
    dialect.bulk_insert(
        db,
        tables.bin_stock,
        ("sku", "bin", "lot", "condition", "on_hand", "allocated"),
        (
            (key.sku, key.bin, key.lot, str(key.condition), row.on_hand, row.allocated)
            for key, row in bins.items()
            if key not in known
        ),
    )


def _check_known(db: sa.Connection, strange: Iterable[str], bins: Iterable[str]) -> None:
    for sku in sorted(strange):
        raise StockError(f"{sku}: no such article")
    for name in sorted(set(bins) - places_of(db, bins).keys()):
        raise StockError(f"{name}: no such bin")


def suspect(db: sa.Connection, at: BinKey, since_us: int) -> None:
    """All rows of the SKU in the bin are not offered until they are counted."""
    table = tables.bin_stock
    which = sa.and_(table.c.sku == at.sku, table.c.bin == at.bin, table.c.suspect_us == 0)
    db.execute(table.update().where(which).values(suspect_us=since_us))


# ---- movements -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GaveWay:
    """Units of an order that are not where the book had them. ``held``: as it was, ``now``: what became of them."""

    held: Held
    event: ReservationEvent
    quantity: int
    now: Held | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of movements. ``known``: how many had moved before; ``gave_way``: who lost units by them."""

    new: int
    known: int
    gave_way: tuple[GaveWay, ...] = ()


def record(db: sa.Connection, movements: Sequence[Movement], by: str = "") -> Recorded:
    """Books movements whose causes have not moved yet, all or nothing.

    What is moved, scrapped or corrected is so, whatever was promised or allocated: who is last in rank gives way.

    Raises:
        StockError: the books would not bear it, or there is no such article or bin.
    """
    skus = {side.sku for one in movements for side in (one.source, one.target) if side}
    promises = lock_skus(db, skus)
    _check_known(db, skus - promises.keys(), ())
    fresh: dict[StockCause, Movement] = {}
    known = _known(db, [one.cause for one in movements])
    for one in movements:
        if one.quantity >= _LARGEST:
            raise StockError(f"{one.kind}: {one.quantity} units are not within 1..{_LARGEST - 1}")
        if one.cause not in known:
            fresh.setdefault(one.cause, one)
    change = BookChange.summed(movement_change(one) for one in fresh.values())
    gave: list[GaveWay] = []
    if any(one.kind in _LOSING for one in fresh.values()):
        change, gave = _give_way(db, change, promises)
    apply(db, change)
    write_ledger(db, fresh.values(), by)
    _move_items(db, [one for one in fresh.values() if one.epc])
    return Recorded(len(fresh), len(movements) - len(fresh), tuple(gave))


def count(
    db: sa.Connection, key: BinKey, seen: int, cause: StockCause, at_us: int, by: str = "", why: str = ""
) -> Recorded:
    """Books what was found in a bin, and suspects that row no more; units that lie in totes count as there.

    Raises:
        StockError: there is no such article or bin, or a number that cannot be counted.
    """
    if not 0 <= seen < _LARGEST:
        raise StockError(f"{key}: {seen} units are not within 0..{_LARGEST - 1}")
    promises = lock_skus(db, [key.sku])
    _check_known(db, {key.sku} - promises.keys(), [key.bin])
    if _known(db, [cause]):
        return Recorded(0, 1)
    stock = bin_rows(db, [key.sku]).get(key) or BinStock(key)
    here = sum(
        one.its.quantity
        for one in held(db, at_place(key))
        if one.its.state in (ReservationState.STAGED, ReservationState.PUTTING_BACK)
    )
    found = counted(stock, seen, here, cause, at_us)
    gave: list[GaveWay] = []
    if found is None:
        # it stands in the ledger as well, so that it counts once
        _insert_ledger(db, [_ledger_row(cause, MovementKind.COUNT, key, 0, (key, key), ("", why, by), at_us)])
    else:
        found = replace(found, why=why)
        change, gave = _give_way(db, movement_change(found), promises)
        apply(db, change)
        write_ledger(db, [found], by)
    table = tables.bin_stock
    row = sa.and_(
        table.c.sku == key.sku,
        table.c.bin == key.bin,
        table.c.lot == key.lot,
        table.c.condition == str(key.condition),
    )
    db.execute(table.update().where(row).values(suspect_us=0))
    return Recorded(1, 0, tuple(gave))


def _give_way(
    db: sa.Connection, change: BookChange, promises: Mapping[str, Promise]
) -> tuple[BookChange, list[GaveWay]]:
    """A loss with those who lose by it; reservations are looked at only where the books would not bear it."""
    bins = bin_rows(db, {key.sku for key, _, _ in change.bins})
    try:
        after(promises, bins, change)
    except StockError:
        pass
    else:
        return change, []
    skus = {sku for sku, _, _ in change.promises} | {key.sku for key, _, _ in change.bins}
    live = held(db, sa.and_(dialect.among(db, tables.reservations.c.sku, skus), _LIVE))
    steps, _ = borne(change, promises, bins, [one.its for one in live])
    gave: list[GaveWay] = []
    for wanted, event, n in steps:
        at = next(place for place, one in enumerate(live) if one.its == wanted)
        one = live.pop(at)
        now, rest, effect = step(db, one, event, n)
        live += [part for part in (now, rest) if part]
        change += effect
        gave.append(GaveWay(one, event, n, now))
    return change, gave


def _known(db: sa.Connection, causes: Sequence[StockCause]) -> set[StockCause]:
    table = tables.movements.c
    query = sa.select(table.cause_kind, table.cause_id, table.n).where(
        dialect.among(db, table.cause_id, (one.id for one in causes)),
        dialect.among(db, table.cause_kind, (one.kind for one in causes)),
    )
    return {StockCause(*row) for row in db.execute(query)}.intersection(causes)


_LEDGER = (
    "cause_kind",
    "cause_id",
    "n",
    "kind",
    "sku",
    "lot",
    "quantity",
    "source",
    "source_condition",
    "target",
    "target_condition",
    "epc",
    "why",
    "by",
    "at_us",
)


def write_ledger(db: sa.Connection, movements: Iterable[Movement], by: str) -> None:
    """Adds movements to the ledger whose causes have not moved; the books are the caller's."""
    rows = []
    for one in movements:
        side = one.source or one.target
        assert side is not None, "a movement has a side"
        sides = (one.source, one.target)
        rows.append(_ledger_row(one.cause, one.kind, side, one.quantity, sides, (one.epc, one.why, by), one.at_us))
    _insert_ledger(db, rows)


def _ledger_row(
    cause: StockCause,
    kind: MovementKind,
    what: BinKey,
    quantity: int,
    sides: tuple[BinKey | None, BinKey | None],
    said: tuple[str, str, str],
    at_us: int,
) -> tuple[object, ...]:
    places = [value for side in sides for value in ((side.bin, str(side.condition)) if side else (None, None))]
    return (cause.kind, cause.id, cause.n, str(kind), what.sku, what.lot, quantity, *places, *said, at_us)


def _insert_ledger(db: sa.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    dialect.bulk_insert(db, tables.movements, _LEDGER, rows)


def _move_items(db: sa.Connection, movements: Sequence[Movement]) -> None:
    """Tagged units are where their last movement brought them."""
    table = tables.items
    last = {one.epc: one for one in movements}
    known = set(db.execute(sa.select(table.c.epc).where(dialect.among(db, table.c.epc, last))).scalars())
    for epc, one in sorted(last.items()):
        at = one.target
        side = one.target or one.source
        assert side is not None, "a movement has a side"
        values = {
            "sku": side.sku,
            "bin": at.bin if at else None,
            "lot": side.lot,
            "condition": str(side.condition),
            "since_us": one.at_us,
        }
        if epc in known:
            db.execute(table.update().where(table.c.epc == epc).values(values))
        else:
            db.execute(table.insert().values(epc=epc, fulfilment="", **values))


# ---- reservations ----------------------------------------------------------------------------------------------------

_LIVE = tables.reservations.c.state != str(ReservationState.CONSUMED)
_RESERVATION = (
    "order_id",
    "line",
    "sku",
    "quantity",
    "state",
    "bin",
    "lot",
    "condition",
    "until_us",
    "rank",
    "fulfilment",
)


@dataclass(frozen=True, slots=True)
class Held:
    """A reservation with its row. ``fulfilment``: that ships it, once released; empty = none yet."""

    seq: int
    its: Reservation
    fulfilment: str = ""


def held(db: sa.Connection, which: sa.ColumnElement[bool]) -> list[Held]:
    """The reservations of which something holds, in the order of their rows."""
    return [_held(row) for row in db.execute(sa.select(tables.reservations).where(which).order_by("seq"))]


def _held(row: sa.Row[tuple[object, ...]]) -> Held:
    said = row._mapping  # noqa: SLF001  # SQLAlchemy's public name
    at = None
    if said["bin"] is not None:
        at = BinKey(said["bin"], said["sku"], said["lot"], StockCondition(said["condition"]))
    return Held(
        said["seq"],
        Reservation(
            order=said["order_id"],
            line=said["line"],
            sku=said["sku"],
            quantity=said["quantity"],
            state=ReservationState(said["state"]),
            at=at,
            until_us=said["until_us"],
            rank=said["rank"],
        ),
        said["fulfilment"],
    )


def _row(one: Reservation, fulfilment: str) -> tuple[object, ...]:
    at = (one.at.bin, one.at.lot, str(one.at.condition)) if one.at else (None, None, None)
    return (one.order, one.line, one.sku, one.quantity, str(one.state), *at, one.until_us, one.rank, fulfilment)


def at_place(key: BinKey) -> sa.ColumnElement[bool]:
    """Reservations that are live at a row of the bin book."""
    table = tables.reservations.c
    return sa.and_(
        table.sku == key.sku,
        table.bin == key.bin,
        table.lot == key.lot,
        table.condition == str(key.condition),
        _LIVE,
    )


def insert_reservations(db: sa.Connection, rows: Iterable[tuple[Reservation, str]]) -> None:
    """Adds reservations, each with its fulfilment."""
    dialect.bulk_insert(db, tables.reservations, _RESERVATION, (_row(one, name) for one, name in rows))


def delete_soft(db: sa.Connection, names: Iterable[str]) -> None:
    """Takes all that orders have softly away, many at once; the books are the caller's."""
    table = tables.reservations.c
    soft = sa.and_(table.state == str(ReservationState.SOFT), table.fulfilment == "")
    db.execute(tables.reservations.delete().where(dialect.among(db, table.order_id, names), soft))


def step(
    db: sa.Connection, one: Held, event: ReservationEvent, quantity: int | None = None, to: BinKey | None = None
) -> tuple[Held | None, Held | None, BookChange]:
    """What becomes of units of a reservation, what of its rest, and what the books are still to be changed by.

    Raises:
        StockError: see `edge.orders.reservations.stepped`.
    """
    table = tables.reservations
    now, rest, change = stepped(one.its, event, quantity, to)
    gone = now.state is ReservationState.RELEASED
    which = table.c.seq == one.seq
    left = None if rest is None else Held(one.seq, rest, one.fulfilment)
    if rest is not None:
        db.execute(table.update().where(which).values(quantity=rest.quantity))
    elif gone:
        db.execute(table.delete().where(which))
    if gone:
        return None, left, change
    values = dict(zip(_RESERVATION, _row(now, one.fulfilment), strict=True))
    if rest is None:
        db.execute(table.update().where(which).values(values))
        return Held(one.seq, now, one.fulfilment), None, change
    seq = db.execute(table.insert().values(values).returning(table.c.seq)).scalar_one()
    return Held(seq, now, one.fulfilment), left, change


def set_soft(db: sa.Connection, rows: Iterable[Held]) -> None:
    """Soft reservations that are no fulfilment's any more, so that they are planned again."""
    which = tables.reservations.update().where(tables.reservations.c.seq == sa.bindparam("which"))
    if asked := [{"which": one.seq} for one in rows]:
        db.execute(which.values(fulfilment=""), asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What an order shall have. ``lines``: (number, SKU, units that are to be shipped); ``rank`` as `Reservation` says.

    ``urgent``: takes what is promised to orders of a higher rank, if it must.
    """

    order: str
    lines: tuple[tuple[int, str, int], ...]
    rank: int = 0
    until_us: int = 0
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Reserved:
    """What became of a want: all of it is the order's, or nothing was added. ``missing``: (SKU, units)."""

    order: str
    complete: bool
    added: int = 0
    missing: tuple[tuple[str, int], ...] = ()
    displaced: tuple[Displacement, ...] = ()


def reserve(db: sa.Connection, wants: Sequence[Want]) -> list[Reserved]:
    """Promises orders what they still lack of what they want, by rank; each all or nothing. Asked again, nothing more.

    The results are in the order of the wants.
    """
    table = tables.reservations.c
    free = {sku: row.free for sku, row in lock_skus(db, {sku for want in wants for _, sku, _ in want.lines}).items()}
    query = (
        sa.select(table.order_id, table.line, sa.func.sum(table.quantity))
        .where(
            dialect.among(db, table.order_id, (want.order for want in wants)),
            table.state != str(ReservationState.PUTTING_BACK),
        )
        .group_by(table.order_id, table.line)
    )
    has = {(order, line): int(units) for order, line, units in db.execute(query)}
    found: dict[int, Reserved] = {}
    added: list[Reservation] = []
    change = BookChange()
    for place, want in sorted(enumerate(wants), key=lambda one: (one[1].rank, one[1].order)):
        lacking = [
            Reservation(order=want.order, line=number, sku=sku, quantity=n, until_us=want.until_us, rank=want.rank)
            for number, sku, units in want.lines
            if (n := units - has.get((want.order, number), 0)) > 0
        ]
        needed = Counter[str]()
        for one in lacking:
            needed[one.sku] += one.quantity
        missing = {sku: n - free.get(sku, 0) for sku, n in needed.items() if n > free.get(sku, 0)}
        rows: tuple[Displacement, ...] = ()
        if missing and want.urgent:
            effect, rows = _displace(db, want, needed, free, missing)
            change += effect
        if missing:
            found[place] = Reserved(want.order, False, missing=tuple(sorted(missing.items())))
            continue
        for sku, n in needed.items():
            free[sku] -= n
        for one in lacking:
            has[one.order, one.line] = has.get((one.order, one.line), 0) + one.quantity
        added += lacking
        found[place] = Reserved(want.order, True, needed.total(), (), rows)
    apply(db, change + BookChange.made((one.sku, 0, one.quantity) for one in added))
    insert_reservations(db, ((one, "") for one in added))
    return [found[place] for place in range(len(wants))]


def _displace(
    db: sa.Connection, want: Want, needed: Mapping[str, int], free: dict[str, int], missing: dict[str, int]
) -> tuple[BookChange, tuple[Displacement, ...]]:
    """Takes soft stock of later orders if all that is missing can be had so; then nothing is missing any more."""
    table = tables.reservations.c
    soft = held(
        db,
        sa.and_(
            dialect.among(db, table.sku, missing),
            table.state == str(ReservationState.SOFT),
            table.fulfilment == "",
            table.rank > want.rank,
            table.order_id != want.order,
        ),
    )
    shown: list[Displacement] = []
    losing: list[tuple[Held, int]] = []
    for sku in sorted(missing):
        urgent = Reservation(order=want.order, line=0, sku=sku, quantity=needed[sku], rank=want.rank)
        losers, rows, lacks = displaced(urgent, free.get(sku, 0), [one.its for one in soft])
        if lacks:
            missing[sku] = lacks
            return BookChange(), ()
        shown += rows
        left = list(soft)
        for loser, n in losers:
            at = next(place for place, one in enumerate(left) if one.its == loser)
            losing.append((left.pop(at), n))
    change = BookChange()
    for one, n in losing:
        _, _, effect = step(db, one, ReservationEvent.DISPLACED, n)
        change += effect
        free[one.its.sku] += n
    missing.clear()
    return change, tuple(shown)


def told_of(results: Iterable[Reserved]) -> list[OutboxTold]:
    """What the outbox says of reservations."""
    return [
        OutboxTold(
            "order.displaced.v1", one.order, {"by": one.urgent, "line": one.line, "sku": one.sku, "units": one.quantity}
        )
        for result in results
        for one in result.displaced
    ]


def lapse(db: sa.Connection, which: sa.ColumnElement[bool], event: ReservationEvent) -> int:
    """Frees soft reservations of which something holds, as for orders not paid in time; how many units."""
    soft = sa.and_(which, tables.reservations.c.state == str(ReservationState.SOFT))
    lock_skus(db, db.execute(sa.select(tables.reservations.c.sku).where(soft).distinct()).scalars())
    rows = held(db, soft)
    apply(db, BookChange.summed(stepped(one.its, event)[2] for one in rows))
    db.execute(tables.reservations.delete().where(soft))
    return sum(one.its.quantity for one in rows)


# ---- looked at -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A line of the ledger. ``quantity`` 0: a count that agreed."""

    seq: int
    cause: StockCause
    kind: MovementKind
    sku: str
    lot: str
    quantity: int
    source: str | None
    source_condition: str | None
    target: str | None
    target_condition: str | None
    epc: str
    why: str
    by: str
    at_us: int


def ledger(db: sa.Connection, sku: str = "", after: int = 0, limit: int = 500) -> list[LedgerRow]:
    """Movements behind a number, in order; of one SKU or all."""
    table = tables.movements
    query = sa.select(table).where(table.c.seq > after).order_by(table.c.seq).limit(limit)
    return [
        LedgerRow(
            row.seq,
            StockCause(row.cause_kind, row.cause_id, row.n),
            MovementKind(row.kind),
            row.sku,
            row.lot,
            row.quantity,
            row.source,
            row.source_condition,
            row.target,
            row.target_condition,
            row.epc,
            row.why,
            row.by,
            row.at_us,
        )
        for row in db.execute(query.where(table.c.sku == sku) if sku else query)
    ]


@dataclass(frozen=True, slots=True)
class BinLine:
    """A row of the bin book as people see it."""

    bin: str
    lot: str
    condition: StockCondition
    on_hand: int
    allocated: int
    suspect_us: int


@dataclass(frozen=True, slots=True)
class StockRow:
    """A SKU with both its books."""

    sku: str
    name: str
    sellable: int
    promised: int
    safety: int
    bins: tuple[BinLine, ...]


def stock_rows(db: sa.Connection, after: str = "", limit: int = 100, sku: str = "") -> list[StockRow]:
    """SKUs behind one, in the database's order; or the one SKU alone."""
    table, book = tables.skus.c, tables.promises.c
    query = sa.select(table.sku, table.name, table.safety, book.sellable, book.promised).join(
        tables.promises, book.sku == table.sku
    )
    query = query.where(table.sku == sku) if sku else query.where(table.sku > after)
    rows = db.execute(query.order_by(table.sku).limit(limit)).all()
    lies: dict[str, list[BinLine]] = {}
    its = tables.bin_stock.c
    found = sa.select(tables.bin_stock).where(dialect.among(db, its.sku, (row.sku for row in rows)))
    for row in db.execute(found.order_by(its.bin, its.lot, its.condition)):
        line = BinLine(row.bin, row.lot, StockCondition(row.condition), row.on_hand, row.allocated, row.suspect_us)
        lies.setdefault(row.sku, []).append(line)
    return [
        StockRow(row.sku, row.name, row.sellable, row.promised, row.safety, tuple(lies.get(row.sku, ())))
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class BookDifference:
    """Two books that should agree. ``what``: sellable, promised, allocated or on-hand; ``has``: the book's number."""

    what: str
    row: str
    has: int
    should: int


def audit(db: sa.Connection) -> list[BookDifference]:
    """Where the books disagree: promises with bins and reservations, bins with reservations and ledger."""
    promises = tables.promises.c
    reserved, moved = tables.reservations.c, tables.movements.c
    sellable, promised = Counter[str](), Counter[str]()
    on_hand, allocated = Counter[BinKey](), Counter[BinKey]()
    sellable_bins, promised_to, allocated_to, balance = (
        Counter[str](),
        Counter[str](),
        Counter[BinKey](),
        Counter[BinKey](),
    )
    for sku, one, two in db.execute(sa.select(promises.sku, promises.sellable, promises.promised)):
        sellable[sku], promised[sku] = one, two
    for row in db.execute(sa.select(tables.bin_stock)):
        key = BinKey(row.bin, row.sku, row.lot, StockCondition(row.condition))
        on_hand[key], allocated[key] = row.on_hand, row.allocated
        if key.condition is StockCondition.SELLABLE:
            sellable_bins[row.sku] += row.on_hand
    total = sa.func.sum(reserved.quantity)
    for sku, n in db.execute(sa.select(reserved.sku, total).where(_LIVE).group_by(reserved.sku)):
        promised_to[sku] = int(n)
    place = (reserved.bin, reserved.sku, reserved.lot, reserved.condition)
    for *at, n in db.execute(sa.select(*place, total).where(_LIVE, reserved.bin.is_not(None)).group_by(*place)):
        allocated_to[BinKey(at[0], at[1], at[2], StockCondition(at[3]))] = int(n)
    for bin_, condition, sign in (
        (moved.source, moved.source_condition, -1),
        (moved.target, moved.target_condition, 1),
    ):
        side = (bin_, moved.sku, moved.lot, condition)
        query = sa.select(*side, sa.func.sum(moved.quantity)).where(bin_.is_not(None)).group_by(*side)
        for *at, n in db.execute(query):
            balance[BinKey(at[0], at[1], at[2], StockCondition(at[3]))] += sign * int(n)
    return [
        *_differing("sellable", sellable, sellable_bins),
        *_differing("promised", promised, promised_to),
        *_differing("allocated", allocated, allocated_to),
        *_differing("on-hand", on_hand, balance),
    ]


def _differing(
    what: str, has: Mapping[str, int] | Mapping[BinKey, int], should: Mapping[str, int] | Mapping[BinKey, int]
) -> list[BookDifference]:
    one, two = {str(key): n for key, n in has.items()}, {str(key): n for key, n in should.items()}
    return [
        BookDifference(what, key, one.get(key, 0), two.get(key, 0))
        for key in sorted(one.keys() | two.keys())
        if one.get(key, 0) != two.get(key, 0)
    ]
