"""The registers, coils, inputs and nodes in which a simulated PLC keeps its points.

Public names: PointMemory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from plc.points import Point, PointError, PointFault, Table, Value, bit_mask, decode, encode


class PointMemory:
    """The memory of some points, all 0 or empty at first; other addresses do not exist."""

    def __init__(self, points: Iterable[Point] = ()) -> None:
        self.points = {point.name: point for point in points}
        self._words: dict[Table, dict[int, int]] = {table: {} for table in Table}
        self._nodes: dict[str, Value] = {}
        for point in self.points.values():
            if point.node:
                zero = [0] * point.size
                self._nodes[point.name] = decode(point, zero)
                continue
            self._words[point.table].update(dict.fromkeys(range(point.address, point.address + point.size), 0))

    def addresses(self, table: Table) -> Sequence[int]:
        """Those that exist, in order."""
        return sorted(self._words[table])

    def has(self, table: Table, first: int, count: int) -> bool:
        """Whether all of them exist."""
        words = self._words[table]
        return all(at in words for at in range(first, first + count))

    def read(self, table: Table, first: int, count: int) -> list[int]:
        """Words, or bits as 0 and 1; what does not exist is 0."""
        words = self._words[table]
        return [words.get(at, 0) for at in range(first, first + count)]

    def write(self, table: Table, first: int, values: Iterable[int]) -> None:
        """Takes them, wherever they exist."""
        words = self._words[table]
        words.update((at, int(value)) for at, value in enumerate(values, first) if at in words)

    def put(self, name: str, value: Value) -> None:
        """Sets a point. Raises PointError for a value that it cannot hold."""
        point = self.points[name]
        words = encode(point, value)
        if point.node:
            self._nodes[name] = value
            return
        if point.bit is not None:
            others = self.read(point.table, point.address, 1)[0] & ~bit_mask(point)
            words = [words[0] | others]
        self.write(point.table, point.address, words)

    def get(self, name: str) -> Value | PointFault:
        """A point as it is."""
        point = self.points[name]
        if point.node:
            return self._nodes[name]
        try:
            return decode(point, self.read(point.table, point.address, point.size))
        except PointError as error:
            return PointFault(str(error))
