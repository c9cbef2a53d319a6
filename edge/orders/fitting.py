"""Where goods stand in a carton: piece by piece at the lowest, hindmost place there is, and several orders are tried.

Public names: Block, Fitted, block_of, in_orders, fitted.

A place is an extreme point: a corner that pieces standing already leave free, pushed against walls and neighbours. Each
piece rests on the floor or with the asked share of its base on others, bears no more than it may, and what may run out
stands on the floor with nothing on it. What stands on a piece weighs on it, and on everything below it, in full: more
than it truly does, never less. Source: Crainic, Perboli, Tadei, Extreme Point-Based Heuristics for Three-Dimensional
Bin Packing, INFORMS Journal on Computing 20 (2008).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from edge.orders.articles import Article, Edges, Goods, Stance

_Box: TypeAlias = tuple[int, int, int, int, int, int]
_LIQUID = int(Goods.LIQUID)
_WEAKEST = 64
_WAYS = ((False, False), (False, True), (True, False), (True, True))
"""(whether walls are built rather than layers, whether pieces stand rather than lie)."""
_WORTH = ((70, 8), (80, 4), (1 << 60, 2))
"""(room used in percent, ways): of 6,000 orders more ways found a smaller carton for 14."""


class Block(NamedTuple):
    """Units of one article that are placed as one. ``turns``: how it may lie along length, width and height.

    ``rank``: those that bear nothing come last; ``on_top_g``: None = anything may stand on it; ``floor``: it stands on
    the floor of the carton, and nothing on it.
    """

    sku: str
    units: int
    turns: tuple[Edges, ...]
    mass_g: int
    volume_mm3: int
    rank: int = 0
    on_top_g: int | None = None
    floor: bool = False


class Fitted(NamedTuple):
    """``placed``: (block, corner, edges as placed), those below first; ``left``: what had no place."""

    placed: tuple[tuple[Block, Edges, Edges], ...]
    left: tuple[Block, ...]


def block_of(article: Article, units: int, around_mm: int, around_g: int = 0) -> Block:
    """Units that stand in one another, with so much padding on each side, which weighs so much of each unit."""
    along, across, high = article.edges_mm
    high += (units - 1) * article.nest_mm
    edges = (along + 2 * around_mm, across + 2 * around_mm, high + 2 * around_mm)
    liquid = int(article.goods) & _LIQUID
    runs_out = bool(liquid) and not article.sealed
    on_top, rank = article.on_top_g, 0
    if runs_out:
        on_top, rank = 0, -1
    elif on_top is not None:
        on_top = max(0, on_top - (units - 1) * article.mass_g)
        rank = _WEAKEST - on_top.bit_length()
    return Block(
        sku=article.sku,
        units=units,
        turns=_turns(edges, Stance.UPRIGHT if liquid else article.stance),
        mass_g=units * (article.mass_g + around_g),
        volume_mm3=edges[0] * edges[1] * edges[2],
        rank=rank,
        on_top_g=on_top,
        floor=runs_out,
    )


def _turns(edges: Edges, stance: Stance) -> tuple[Edges, ...]:
    """How edges may lie, the lowest first; a liquid stands upright whatever is said of it."""
    if stance is Stance.UPRIGHT:
        across, along, high = edges if edges[0] < edges[1] else (edges[1], edges[0], edges[2])
    else:
        high, across, along = sorted(edges)
    flat = (along, across, high), (across, along, high)
    if stance is not Stance.ANY:
        return flat if along > across else flat[:1]
    turns = (*flat, (along, high, across), (high, along, across), (across, high, along), (high, across, along))
    return turns if high < across < along else tuple(dict.fromkeys(turns))


def in_orders(blocks: Iterable[Block]) -> list[list[Block]]:
    """In the orders in which they are tried: the largest first, and the longest first."""
    by_volume = sorted(blocks, key=lambda one: (one.rank, -one.volume_mm3, one.sku))
    return [by_volume, sorted(by_volume, key=lambda one: (one.rank, -max(one.turns[0])))]


def fitted(
    orders: Sequence[Sequence[Block]], room: Edges, support_percent: int, *, all_or_none: bool, most_g: int = 1 << 40
) -> Fitted:
    """The blocks in a room, as many as any order places; ``all_or_none``: an order that fails is given up.

    ``orders``: of `in_orders`; ``most_g``: of all together. Each order is tried in layers and in walls, lying and
    standing. Two more, by base and by the shortest edge, found no smaller carton for 400 orders of 1 to 20 pieces.
    """
    best: Fitted | None = None
    most = -1
    percent = sum(one.volume_mm3 for one in orders[0]) * 100 // (room[0] * room[1] * room[2])
    ways = next(ways for upto, ways in _WORTH if percent < upto)
    for at, blocks in enumerate(orders):
        for walls, standing in _WAYS[: max(0, ways - at * len(_WAYS))]:
            found = _placed(blocks, room, support_percent, walls, standing, all_or_none, most_g)
            if found is None:
                continue
            if not found.left:
                return found
            volume = sum(block.volume_mm3 for block, _, _ in found.placed)
            if volume > most:
                best, most = found, volume
    return best or Fitted((), tuple(orders[0]))


def _placed(
    blocks: Sequence[Block], room: Edges, support: int, walls: bool, standing: bool, all_or_none: bool, most_g: int
) -> Fitted | None:
    wide, deep, tall = room
    points: list[Edges] = [(0, 0, 0)]  # (z, y, x), with walls (x, z, y)
    boxes: list[_Box] = []
    done: list[tuple[Block, Edges, Edges]] = []
    under: list[int] = []  # bits of all the boxes on whose top one stands, through others too
    loads: list[int] = []
    bottoms: set[int] = set()
    left: list[Block] = []
    for block in blocks:
        spot = None
        turns = block.turns[::-1] if standing else block.turns
        mass, floor = block.mass_g, block.floor
        for point in points if mass <= most_g else ():
            if walls:
                x, z, y = point
            else:
                z, y, x = point
            if floor and z:
                continue
            for turn in turns:
                x1, y1, z1 = x + turn[0], y + turn[1], z + turn[2]
                if x1 > wide or y1 > deep or z1 > tall:
                    continue
                for a0, b0, c0, a1, b1, c1 in boxes:
                    if x < a1 and a0 < x1 and y < b1 and b0 < y1 and z < c1 and c0 < z1:
                        break
                else:
                    below = 0
                    if z1 in bottoms and _is_lid_of(x, y, z1, x1, y1, boxes):
                        continue
                    if z:
                        below = _below((x, y, z, x1, y1), boxes, under, support)
                        if not below or not _bear(below, mass, done, loads):
                            continue
                    spot = (x, y, z, x1, y1, z1)
                    break
            if spot:
                break
        if spot is None:
            if all_or_none:
                return None
            left.append(block)
            continue
        most_g -= mass
        x, y, z, x1, y1, z1 = spot
        for at in _bits(below):
            loads[at] += mass
        done.append((block, (x, y, z), (x1 - x, y1 - y, z1 - z)))
        if len(done) + len(left) == len(blocks):
            break
        points = _open_points(points, spot, boxes, room, walls)
        boxes.append(spot)
        if z:
            bottoms.add(z)
        under.append(below)
        loads.append(0)
    return Fitted(tuple(done), tuple(left))


def _is_lid_of(x: int, y: int, z1: int, x1: int, y1: int, boxes: list[_Box]) -> bool:
    """Whether what is there already would stand on a new box, which nobody has weighed."""
    return any(c0 == z1 and x < a1 and a0 < x1 and y < b1 and b0 < y1 for a0, b0, c0, a1, b1, _ in boxes)


def _below(base: tuple[int, int, int, int, int], boxes: list[_Box], under: list[int], support: int) -> int:
    """On whose tops a base rests, as bits, and those below them; 0 = with too little of it."""
    x, y, z, x1, y1 = base
    area = bits = 0
    for at, (a0, b0, _, a1, b1, c1) in enumerate(boxes):
        if c1 == z and x < a1 and a0 < x1 and y < b1 and b0 < y1:
            area += (min(x1, a1) - max(x, a0)) * (min(y1, b1) - max(y, b0))
            bits |= 1 << at | under[at]
    return bits if area * 100 >= support * (x1 - x) * (y1 - y) else 0


def _bits(bits: int) -> Iterable[int]:
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def _bear(below: int, mass: int, done: list[tuple[Block, Edges, Edges]], loads: list[int]) -> bool:
    for at in _bits(below):
        most = done[at][0].on_top_g
        if most is not None and loads[at] + mass > most:
            return False
    return True


def _open_points(points: list[Edges], spot: _Box, boxes: list[_Box], room: Edges, walls: bool) -> list[Edges]:
    """The points that are left and those that a new box makes: its far corners, pushed back along the other axes."""
    x0, y0, z0, x1, y1, z1 = spot
    if walls:
        open_ = [p for p in points if not (x0 <= p[0] < x1 and z0 <= p[1] < z1 and y0 <= p[2] < y1)]
    else:
        open_ = [p for p in points if not (z0 <= p[0] < z1 and y0 <= p[1] < y1 and x0 <= p[2] < x1)]
    right_y = right_z = front_x = front_z = top_x = top_y = 0
    for a0, b0, c0, a1, b1, c1 in boxes:
        if a0 <= x1 < a1:
            if b1 <= y0 and c0 <= z0 < c1 and b1 > right_y:
                right_y = b1
            if c1 <= z0 and b0 <= y0 < b1 and c1 > right_z:
                right_z = c1
        if b0 <= y1 < b1:
            if a1 <= x0 and c0 <= z0 < c1 and a1 > front_x:
                front_x = a1
            if c1 <= z0 and a0 <= x0 < a1 and c1 > front_z:
                front_z = c1
        if c0 <= z1 < c1:
            if a1 <= x0 and b0 <= y0 < b1 and a1 > top_x:
                top_x = a1
            if b1 <= y0 and a0 <= x0 < a1 and b1 > top_y:
                top_y = b1
    made = []
    if x1 < room[0]:
        made += [(x1, right_y, z0), (x1, y0, right_z)]
    if y1 < room[1]:
        made += [(front_x, y1, z0), (x0, y1, front_z)]
    if z1 < room[2]:
        made += [(top_x, y0, z1), (x0, top_y, z1)]
    for x, y, z in made:
        point = (x, z, y) if walls else (z, y, x)
        if point not in open_:
            insort(open_, point)
    return open_
