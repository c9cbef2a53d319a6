"""Points over Modbus: read in as few requests as the PLC takes, written one by one.

Public names: ModbusPoints.

Source: MODBUS Application Protocol V1.1b3, 6.1 to 6.5, 6.12, 6.16 and 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from plc.modbus_bus import ModbusBus
from plc.modbus_connection import BUSY, ExceptionAnswer, ModbusConnection, Silence
from plc.point_plan import Request, plan, split
from plc.points import Point, PointError, PointFault, Table, Value, bit_mask, decode, encode
from plc.wires import NO_HABITS, Habits, Wire

_PERHAPS_HOLES = (1, 2, 3, 4)
"""Exceptions by which PLCs say that some of the addresses do not exist, or are too many for one request."""
_REST_MOST = 16


class _Rest:
    """A unit that is silent is asked in fewer and fewer rounds: each time all others wait for it."""

    def __init__(self) -> None:
        self.reason = ""
        self._silences = 0
        self._left = 0

    def silence(self, reason: str) -> None:
        """It was asked, and gave no answer."""
        self.reason = reason
        self._left = min(2**self._silences, _REST_MOST) - 1
        self._silences += 1

    def takes_a_round(self) -> bool:
        """Whether it is not asked in the round that begins."""
        self._left -= 1
        return self._left >= 0


class ModbusPoints:
    """The way to the points of the PLC ``name`` (a PointLink); ``to``: see ModbusConnection.

    A request that the PLC refuses for its addresses is split until it serves the parts; they are kept until the next
    connection. A point whose device stays busy is left out of what is read: its value stands, and ages. A unit that is
    silent while another one answers has no values, ends nothing, and is asked less often. ``hole``: registers or bits
    at most that are read for no point between two.
    """

    def __init__(
        self,
        name: str,
        to: Wire | ModbusBus,
        points: Sequence[Point],
        *,
        device_id: int = 1,
        timeout_ms: int = 250,
        hole: int = 16,
        habits: Habits = NO_HABITS,
    ) -> None:
        self._connection = ModbusConnection(name, to, device_id, timeout_ms, habits=habits, urgent=False, of_many=True)
        self._points = tuple(points)
        self._hole = hole
        self._silent: dict[int | None, _Rest] = {}
        self.requests = plan(self._points, hole)

    async def connect(self) -> None:
        await self._connection.connect()
        self.requests = plan(self._points, self._hole)
        self._silent.clear()

    async def read(self) -> Mapping[str, Value | PointFault]:
        values: dict[str, Value | PointFault] = {}
        waiting = list(self.requests)
        served: list[Request] = []
        unasked = {unit for unit, rest in self._silent.items() if rest.takes_a_round()}
        heard: set[int | None] = set()
        while waiting:
            request = waiting.pop(0)
            unit = request.device_id
            if unit in unasked:
                values.update(_faults(request, self._silent[unit].reason))
                served.append(request)
                continue
            try:
                words = await self._connection.read(request.table, request.first, request.count, unit)
            except Silence as silence:
                self._silent.setdefault(unit, _Rest()).silence(silence.reason)
                unasked.add(unit)
                heard.discard(unit)
                if not heard and not any(other.device_id not in unasked for other in waiting):
                    await self._connection.close()
                    raise
                waiting.insert(0, request)
                continue
            except ExceptionAnswer as answer:
                heard.add(unit)
                parts = split(request) if answer.code in _PERHAPS_HOLES else None
                if parts is not None:
                    waiting[:0] = parts
                    continue
                if answer.code not in BUSY:
                    values.update(_faults(request, answer.meaning))
            else:
                heard.add(unit)
                self._silent.pop(unit, None)
                values.update((point.name, _value(point, request.first, words)) for point in request.points)
            served.append(request)
        self.requests = tuple(served)
        return values

    async def write(self, point: Point, value: Value) -> None:
        words = encode(point, value)
        try:
            if point.table is Table.COIL:
                await self._connection.write_coils(point.address, [bool(words[0])], point.device_id)
            elif point.bit is not None:
                await self._connection.mask_register(point.address, 0xFFFF ^ bit_mask(point), words[0], point.device_id)
            else:
                await self._connection.write_registers(point.address, words, point.device_id)
        except Silence:
            await self._connection.close()
            raise
        except ExceptionAnswer as answer:
            more = "; a bit of a register needs function 22" if point.bit is not None and answer.code == 1 else ""
            raise PointError(f"{point.name}: {point.where}: {answer.meaning}{more}") from None

    async def close(self) -> None:
        await self._connection.close()


def _faults(request: Request, reason: str) -> dict[str, PointFault]:
    return dict.fromkeys((point.name for point in request.points), PointFault(reason))


def _value(point: Point, first: int, words: Sequence[int]) -> Value | PointFault:
    at = point.address - first
    try:
        return decode(point, words[at : at + point.size])
    except PointError as error:
        return PointFault(str(error))
