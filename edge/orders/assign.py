"""Which class goes by which pickup so that all together cost the least and no pickup has more than its room: exact.

Public names: Assignment, assigned.

Every unit starts where it is cheapest. Whatever overflows moves on along the cheapest chain of moves from pickup to
pickup that ends where there is room, until none overflows (successive shortest paths over the pickups, of which there
are few; for each pair a heap holds which class would move the cheapest). What fits nowhere stays behind, as few as
possible. Source: Ahuja, Magnanti, Orlin, Network Flows, 1993, 9.7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

_NO_WAY = 1 << 200


@dataclass(frozen=True, slots=True)
class Assignment:
    """``flows``: of each class {pickup: units}; ``left``: its units that no pickup takes; ``cost``: of all taken."""

    flows: tuple[dict[int, int], ...]
    left: tuple[int, ...]
    cost: int


def assigned(costs: Sequence[Mapping[int, int]], units: Sequence[int], room: Sequence[int]) -> Assignment:
    """``costs``: of each class a unit's cost by each pickup that may carry it, at least 0; ``room``: of each pickup.

    As many units as possible, at the least cost; the same input gives the same answer.
    """
    behind = len(room)  # a pickup of endless room that costs more than any chain of moves can save
    dear = 1 + (len(room) + 1) * max((cost for row in costs for cost in row.values()), default=0)
    rows = [dict(sorted((*row.items(), (behind, dear)))) for row in costs]
    work = _Moves(rows, len(room) + 1)
    for one, row in enumerate(rows):
        if units[one]:
            work.put(one, min(row, key=lambda at: (row[at], at)), units[one])
    space = [*room, sum(units)]
    for start in range(behind):
        while (over := work.load[start] - space[start]) > 0:
            chain = work.cheapest_chain(start, space)
            n = min(over, space[chain[-1][1]] - work.load[chain[-1][1]], *(work.at[one][a] for a, _, one in chain))
            for a, b, one in chain:
                work.take(one, a, n)
                work.put(one, b, n)
    flows = tuple({at: n for at, n in sorted(row.items()) if n and at != behind} for row in work.at)
    return Assignment(
        flows,
        tuple(row.get(behind, 0) for row in work.at),
        sum(rows[one][at] * n for one, row in enumerate(flows) for at, n in row.items()),
    )


class _Moves:
    """Who is where, and for each pair of pickups the cheapest unit to be moved."""

    def __init__(self, rows: list[dict[int, int]], pickups: int) -> None:
        self.rows = rows
        self.at: list[dict[int, int]] = [{} for _ in rows]
        self.load = [0] * pickups
        self.heaps: list[list[list[tuple[int, int]]]] = [[[] for _ in range(pickups)] for _ in range(pickups)]

    def put(self, one: int, at: int, n: int) -> None:
        row, here = self.rows[one], self.at[one]
        if not here.get(at):
            for other, cost in row.items():
                if other != at:
                    heappush(self.heaps[at][other], (cost - row[at], one))
        here[at] = here.get(at, 0) + n
        self.load[at] += n

    def take(self, one: int, at: int, n: int) -> None:
        self.at[one][at] -= n
        self.load[at] -= n

    def cheapest_chain(self, start: int, space: list[int]) -> list[tuple[int, int, int]]:
        """(from, to, class) from an overflowing pickup to one with room (Bellman and Ford: a move may earn)."""
        pickups = len(self.load)
        moves = [[self._move(a, b) for b in range(pickups)] for a in range(pickups)]
        far = [_NO_WAY] * pickups
        far[start] = 0
        came: list[tuple[int, int]] = [(0, 0)] * pickups
        changed = [start]
        while changed:
            again: dict[int, None] = {}
            for a in changed:
                for b, move in enumerate(moves[a]):
                    if move is not None and far[a] + move[0] < far[b]:
                        far[b] = far[a] + move[0]
                        came[b] = (a, move[1])
                        again[b] = None
            changed = sorted(again)
        end = min((b for b in range(pickups) if self.load[b] < space[b]), key=lambda b: (far[b], b))
        chain: list[tuple[int, int, int]] = []
        while end != start:
            before, one = came[end]
            chain.append((before, end, one))
            end = before
        return chain[::-1]

    def _move(self, a: int, b: int) -> tuple[int, int] | None:
        heap = self.heaps[a][b]
        while heap and not self.at[heap[0][1]].get(a):
            heappop(heap)
        return heap[0] if heap else None
