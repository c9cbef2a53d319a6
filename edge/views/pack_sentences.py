"""Why something is not packed, and what a parcel bears and brings, as sentences; and a carton, layer by layer.

Public names: tell_unpacked, tell_mark, tell_paper, tell_protection, LETTERS, layers_of.
"""

from __future__ import annotations

from collections.abc import Sequence

from edge.orders.articles import Edges, Goods
from edge.orders.cartons import Placement, ProtectionKind
from edge.orders.goods_rules import GoodsCode, ParcelMark, ParcelPaper
from edge.orders.packing import PackCode, PackRefusal
from edge.views.words.phrase import Phrase, phrase

_OVER = frozenset({PackCode.NO_CARTON, PackCode.TOO_HEAVY, GoodsCode.INNER_TOO_LARGE, GoodsCode.NOT_BY_AIR})
"""What has a value and a limit."""
_WIDE = 40
"""Letters along a carton's length; half as many rows, as letters are twice as high as wide."""
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def tell_unpacked(refusal: PackRefusal) -> Phrase:
    """Why units are in no parcel."""
    if refusal.code is PackCode.NOT_TAKEN:
        names = (one.name.lower().replace("_", "-") for one in Goods if one & refusal.value and one.name)
        return phrase("pack.not-taken", goods=tuple(phrase(f"goods.{name}") for name in names))
    if refusal.code is PackCode.NOT_CHECKED:
        return phrase("pack.not-checked", faults=tuple(phrase(f"pack.fault.{fault}") for fault in refusal.faults))
    if refusal.code in _OVER:
        return phrase(f"pack.over.{refusal.code}", value=refusal.value, limit=refusal.limit)
    return phrase(f"pack.why.{refusal.code}")


def tell_mark(mark: ParcelMark) -> Phrase:
    """What is put on a parcel."""
    return phrase(f"pack.mark.{mark}")


def tell_paper(paper: ParcelPaper) -> Phrase:
    """What goes along with it, or is told before."""
    return phrase(f"pack.paper.{paper}")


def tell_protection(kind: ProtectionKind) -> Phrase:
    """What goods need besides a carton."""
    return phrase(f"pack.need.{kind}")


def layers_of(placements: Sequence[Placement], room: Edges) -> list[tuple[int, list[str]]]:
    """(height in mm, rows of letters) from the floor up: what stands at that height, seen from above.

    A letter is a piece by its place in ``placements``, from the 53rd on ``*``.
    """
    rows = max(1, _WIDE * room[1] // room[0] // 2)
    found = []
    for height in sorted({one.at_mm[2] for one in placements}):
        grid = [["."] * _WIDE for _ in range(rows)]
        for at, one in enumerate(placements):
            if one.at_mm[2] != height:
                continue
            (x, y, _), (along, across, _) = one.at_mm, one.edges_mm
            letter = LETTERS[at] if at < len(LETTERS) else "*"
            for row in _cells(y, across, room[1], rows):
                for column in _cells(x, along, room[0], _WIDE):
                    grid[row][column] = letter
        found.append((height, ["".join(row) for row in grid]))
    return found


def _cells(at: int, edge: int, room: int, cells: int) -> range:
    """Which of so many cells along a room an edge covers, one at least."""
    first = min(at * cells // room, cells - 1)
    return range(first, max(first + 1, min((at + edge) * cells // room, cells)))
