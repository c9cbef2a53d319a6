"""The fewest reads that bring all points: neighbours share a request, across holes up to a limit.

Public names: Request, plan, split, node_portions, REGISTERS_MOST, BITS_MOST, NODES_MOST.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from plc.points import Point, Table

REGISTERS_MOST = 125
BITS_MOST = 2_000
"""Source: MODBUS Application Protocol V1.1b3, 6.1 to 6.4: the most that one request reads."""
NODES_MOST = 200
"""OPC UA nodes that one request reads; servers may allow as few as some hundred."""


@dataclass(frozen=True, slots=True)
class Request:
    """One read of ``count`` registers or bits from ``first`` on, for its points in order of address.

    ``device_id``: the unit, None = the PLC's own.
    """

    table: Table
    first: int
    count: int
    points: tuple[Point, ...]
    device_id: int | None = None

    @property
    def holes(self) -> int:
        """Registers or bits that are read for no point."""
        used = {at for point in self.points for at in range(point.address, point.address + point.size)}
        return self.count - len(used)

    def __str__(self) -> str:
        unit = "" if self.device_id is None else f"unit {self.device_id}: "
        return f"{unit}{self.table} {self.first}" + (f"-{self.first + self.count - 1}" if self.count > 1 else "")


def node_portions(points: Sequence[Point]) -> Iterator[Sequence[Point]]:
    """OPC UA points, as many at a time as one request reads."""
    return (points[first : first + NODES_MOST] for first in range(0, len(points), NODES_MOST))


def plan(points: Iterable[Point], hole: int) -> tuple[Request, ...]:
    """Requests that read each Modbus point once, none in parts, over holes of at most ``hole`` registers or bits.

    The first request to a table of a unit begins at its first point and takes what fits: none with fewer requests is
    possible.
    """
    requests: list[Request] = []
    by_table: dict[tuple[int | None, Table], list[Point]] = {(None, table): [] for table in Table}
    for point in points:
        by_table.setdefault((point.device_id, point.table), []).append(point)
    for (_, table), its in by_table.items():
        most = BITS_MOST if table.of_bits else REGISTERS_MOST
        rest = sorted(its, key=_extent)
        while rest:
            taken, left = [rest[0]], []
            end = rest[0].address + rest[0].size
            for point in rest[1:]:
                point_end = point.address + point.size
                if point.address - end <= hole and point_end - rest[0].address <= most:
                    taken.append(point)
                    end = max(end, point_end)
                else:
                    left.append(point)
            requests.append(_request(table, taken))
            rest = left
    return tuple(requests)


def split(request: Request) -> tuple[Request, Request] | None:
    """Two requests instead of one that the PLC refuses: parted at its widest hole, else in the middle.

    None where all points have the same registers: nothing is left to leave out.
    """
    points = request.points
    if _extent(points[0]) == _extent(points[-1]):
        return None
    ends = list(accumulate((point.address + point.size for point in points), max))
    middle = len(points) / 2
    at = max(range(1, len(points)), key=lambda at: (max(0, points[at].address - ends[at - 1]), -abs(at - middle)))
    return _request(request.table, points[:at]), _request(request.table, points[at:])


def _extent(point: Point) -> tuple[int, int]:
    return point.address, point.size


def _request(table: Table, points: Sequence[Point]) -> Request:
    first, unit = points[0].address, points[0].device_id
    count = max(point.address + point.size for point in points) - first
    return Request(table, first, count, tuple(points), unit)
