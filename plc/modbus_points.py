"""Points over Modbus: read in as few requests as the PLC takes, written one by one.

Public names: ModbusPoints.

Source: MODBUS Application Protocol V1.1b3, 6.1 to 6.5, 6.12, 6.16 and 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plc.modbus_connection import ExceptionAnswer, ModbusConnection
from plc.point_plan import Request, plan, split
from plc.points import Point, PointError, PointFault, Table, Value, bit_mask, decode, encode
from plc.wires import Wire

_TOO_MUCH = (2, 3)
"""Exceptions by which PLCs say that some of the addresses do not exist, or are too many for one request."""
_MEANINGS = {
    1: "function not served",
    2: "no such address",
    3: "value not allowed",
    4: "device failure",
    6: "device busy",
    10: "gateway: no path",
    11: "gateway: no answer",
}


class ModbusPoints:
    """One connection to the points of the PLC ``name`` (a PointLink).

    A request that the PLC refuses for its addresses is split until it serves the parts; they are kept until the next
    connection. ``hole``: registers or bits at most that are read for no point between two.
    """

    def __init__(
        self,
        name: str,
        wire: Wire,
        points: Sequence[Point],
        *,
        device_id: int = 1,
        timeout_ms: int = 250,
        hole: int = 16,
    ) -> None:
        self._connection = ModbusConnection(name, wire, device_id, timeout_ms, outlives_exceptions=True)
        self._points = tuple(points)
        self._hole = hole
        self.requests = plan(self._points, hole)

    async def connect(self) -> None:
        await self._connection.connect()
        self.requests = plan(self._points, self._hole)

    async def read(self) -> Mapping[str, Value | PointFault]:
        values: dict[str, Value | PointFault] = {}
        waiting = list(self.requests)
        served: list[Request] = []
        while waiting:
            request = waiting.pop(0)
            try:
                words = await self._connection.read(request.table, request.first, request.count)
            except ExceptionAnswer as answer:
                parts = split(request) if answer.code in _TOO_MUCH else None
                if parts is not None:
                    waiting[:0] = parts
                    continue
                values.update(dict.fromkeys((point.name for point in request.points), PointFault(_meaning(answer))))
            else:
                values.update((point.name, _value(point, request.first, words)) for point in request.points)
            served.append(request)
        self.requests = tuple(served)
        return values

    async def write(self, point: Point, value: Value) -> None:
        words = encode(point, value)
        try:
            if point.table is Table.COIL:
                await self._connection.write_coils(point.address, [bool(words[0])])
            elif point.bit is not None:
                await self._connection.mask_register(point.address, 0xFFFF ^ bit_mask(point), words[0])
            else:
                await self._connection.write_registers(point.address, words)
        except ExceptionAnswer as answer:
            more = "; a bit of a register needs function 22" if point.bit is not None and answer.code == 1 else ""
            raise PointError(f"{point.name}: {point.where}: {_meaning(answer)}{more}") from None

    async def close(self) -> None:
        await self._connection.close()


def _value(point: Point, first: int, words: Sequence[int]) -> Value | PointFault:
    at = point.address - first
    try:
        return decode(point, words[at : at + point.size])
    except PointError as error:
        return PointFault(str(error))


def _meaning(answer: ExceptionAnswer) -> str:
    return f"exception code {answer.code} ({_MEANINGS.get(answer.code, 'not in the standard')})"
