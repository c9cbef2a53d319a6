"""The points of one PLC for the life of the process: their link, what is journaled of them, and what is written.

Public names: PointSession, point_link, point_table.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

from edge.config.late import loaded
from edge.config.plcs import PlcConfig
from edge.config.points import point
from edge.core.events import PointChanged, PointWriteRequested, PointWritten
from edge.devices.plc_drivers import habits, modbus_bus
from plc.driver import PlcError, PointLink
from plc.modbus_bus import Buses
from plc.modbus_points import ModbusPoints
from plc.point_table import PointTable, Reading
from plc.points import PointError, check_write

STALE_POLLS = 3
STALE_LEAST_US = 2_000_000
WRITE_VALID_US = 10_000_000
"""A wish to write that is older is not carried out: who asked has gone, or asked another way."""


def point_link(name: str, config: PlcConfig, buses: Buses | None = None) -> PointLink:
    """The driver of a PLC's points. Raises PlcError for a file that cannot be read. ``buses``: see plc_link."""
    if config.driver == "opcua":
        return loaded("edge.devices.opcua_drivers").opcua_points(name, config)  # type: ignore[no-any-return]
    points = [point(one, table) for one, table in config.point.items()]
    return ModbusPoints(
        name,
        modbus_bus(name, config, buses),
        points,
        device_id=config.device_id,
        timeout_ms=config.timeout_ms,
        hole=config.points_hole,
        habits=habits(config),
    )


def point_table(config: PlcConfig) -> PointTable:
    """What is known of a PLC's points: nothing yet."""
    points = [point(one, table) for one, table in config.point.items()]
    return PointTable(points, max(STALE_LEAST_US, STALE_POLLS * config.points_ms * 1000))


class PointSession:
    """One PLC's points, over one connection after the other.

    ``now_us``: the host's time. ``take`` gets what is to be journaled. ``buses``: see plc_link.
    """

    def __init__(
        self,
        name: str,
        config: PlcConfig,
        now_us: Callable[[], int],
        take: Callable[[PointChanged | PointWritten], object],
        buses: Buses | None = None,
    ) -> None:
        self.name = name
        self._config = config
        self._now_us = now_us
        self._take = take
        self._buses = buses
        self._table = point_table(config)
        self._link: PointLink | None = None
        self._connected = False
        self._wishes: deque[PointWriteRequested] = deque()
        self._wake = asyncio.Event()

    async def run(self, up: Callable[[], None]) -> None:
        """One connection until it fails. ``up`` is called when it first brought values. Raises PlcError."""
        self._tell(self._table.pass_time(self._now_us()))
        if self._link is None:
            self._link = point_link(self.name, self._config, self._buses)
        link = self._link
        loop = asyncio.get_running_loop()
        try:
            await link.connect()
            due = loop.time()
            while True:
                values = await link.read()
                self._tell(self._table.took(values, self._now_us()))
                self._tell(self._table.pass_time(self._now_us()))
                if not self._connected:
                    self._connected = True
                    up()
                due = max(due + self._config.points_ms / 1000, loop.time())
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(due):
                        await self._wake.wait()
                self._wake.clear()
                while self._wishes:
                    await self._write(link, self._wishes.popleft())
        finally:
            self._connected = False
            for wish in self._wishes:
                self._answer(wish, "the PLC's points are not connected any more")
            self._wishes.clear()
            self._tell(self._table.pass_time(self._now_us()))
            await link.close()

    def ask(self, wish: PointWriteRequested) -> None:
        """Writes as soon as the connection is free, or says why not; never later."""
        known = self._table.points.get(wish.point)
        if known is None:
            self._answer(wish, f"there is no such point, allowed: {', '.join(self._table.points)}")
        elif wish.at_us - wish.asked_us > WRITE_VALID_US:
            self._answer(wish, f"it was asked {(wish.at_us - wish.asked_us) // 1_000_000} s ago")
        elif not self._connected:
            self._answer(wish, "the PLC's points are not connected")
        else:
            try:
                check_write(known, wish.value)
            except PointError as error:
                self._answer(wish, str(error))
                return
            self._wishes.append(wish)
            self._wake.set()

    async def _write(self, link: PointLink, wish: PointWriteRequested) -> None:
        try:
            await link.write(self._table.points[wish.point], wish.value)
        except PointError as error:
            self._answer(wish, str(error))
        except PlcError as error:
            self._answer(wish, f"it may have been written: {error}")
            raise
        except asyncio.CancelledError:
            self._answer(wish, "it may have been written: the controller was stopped")
            raise
        else:
            self._answer(wish, "")

    def _answer(self, wish: PointWriteRequested, trouble: str) -> None:
        self._take(
            PointWritten(
                at_us=self._now_us(),
                asked=wish.feed_seq,
                plc=self.name,
                point=wish.point,
                value=wish.value,
                by=wish.by,
                trouble=trouble,
            )
        )

    def _tell(self, readings: Iterable[Reading]) -> None:
        at_us = self._now_us()
        for one in readings:
            unit = one.point.unit
            self._take(
                PointChanged(
                    at_us=at_us,
                    plc=self.name,
                    point=one.point.name,
                    value=one.value,
                    unit=unit,
                    quality=one.quality,
                    reason=one.reason,
                    read_us=one.read_us,
                )
            )
