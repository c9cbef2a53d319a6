"""What a picker reads: the rows of a round in the order of the way, and the packing material of a wave.

Public names: Material, materials, cartons_of, ListRow, PickList, pick_list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.orders.picking import BinPlace, PickTask, walk
from edge.orders.stock import BinKey
from edge.orders.waves import PickMode


@dataclass(frozen=True, slots=True, order=True)
class Material:
    """So much of a packing material; ``short``: what the stock lacks of it."""

    sku: str
    quantity: int
    short: int = 0


def materials(plans: Iterable[Iterable[tuple[str, int]]], free: Mapping[str, int]) -> tuple[Material, ...]:
    """What a wave needs to be packed. ``plans``: (SKU, units) of each parcel; ``free``: of the SKU, none = 0."""
    needed: Counter[str] = Counter()
    for plan in plans:
        for sku, n in plan:
            needed[sku] += n
    return tuple(Material(sku, n, max(0, n - free.get(sku, 0))) for sku, n in sorted(needed.items()))


def cartons_of(volume_mm3: int, cartons: Mapping[str, int]) -> list[tuple[str, int]]:
    """Cartons of a parcel by volume alone: full ones of the largest, and the smallest that holds the rest.

    ``cartons``: volume in mm³ that each holds, by SKU; none = nothing is known to be needed.
    """
    if not cartons:
        return []
    by_room = sorted((room, sku) for sku, room in cartons.items())
    largest, name = by_room[-1]
    full, rest = divmod(max(volume_mm3, 1), largest)
    last = [next(sku for room, sku in by_room if room >= rest)] if rest else []
    return sorted(Counter([name] * full + last).items())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A row of a pick list. ``code``: the bin's barcode; ``totes``: (tote, units) to put to, in their order."""

    bin: str
    code: str
    sku: str
    name: str
    lot: str
    quantity: int
    totes: tuple[tuple[str, int], ...]
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PickList:
    """What a pick list says, on a page or on paper. ``code``: the round's barcode; ``totes``: in their order."""

    code: str
    wave: str
    mode: PickMode
    urgent: bool
    totes: tuple[str, ...]
    rows: tuple[ListRow, ...]
    units: int
    materials: tuple[Material, ...] = ()


def pick_list(
    task: PickTask,
    places: Mapping[str, BinPlace],
    totes: Mapping[str, str],
    names: Mapping[str, str],
    marks: Mapping[str, Sequence[str]],
    material: tuple[Material, ...] = (),
) -> PickList:
    """One row for each bin, SKU and lot. ``totes``: by fulfilment; its id stands where there is none yet."""
    order = {name: n for n, name in enumerate(walk({line.at.bin: places[line.at.bin] for line in task.lines}))}
    rows: dict[BinKey, Counter[str]] = {}
    for line in task.lines:
        if not line.withdrawn:
            rows.setdefault(line.at, Counter())[totes.get(line.fulfilment, line.fulfilment)] += line.quantity
    carried = tuple(
        dict.fromkeys(totes.get(line.fulfilment, line.fulfilment) for line in task.lines if not line.withdrawn)
    )
    made = tuple(
        ListRow(
            bin=key.bin,
            code=key.bin,
            sku=key.sku,
            name=names.get(key.sku, ""),
            lot=key.lot,
            quantity=sum(units.values()),
            totes=tuple((tote, units[tote]) for tote in carried if units[tote]),
            marks=tuple(marks.get(key.sku, ())),
        )
        for key, units in sorted(rows.items(), key=lambda row: (order[row[0].bin], row[0]))
    )
    return PickList(
        code=task.id,
        wave=task.wave,
        mode=task.mode,
        urgent=task.urgent,
        totes=carried,
        rows=made,
        units=sum(row.quantity for row in made),
        materials=material,
    )
