"""Devices with one bad habit each, made of what integrators reported (others' data), and what is done with one.

Public names: field_device, Device, Floor.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from edge.config.plcs import PlcConfig
from edge.core.events import PointChanged, PointWriteRequested, PointWritten
from edge.devices.plc_drivers import plc_link
from edge.devices.points import PointSession
from edge.journal.host_time import now_us
from plc.driver import PlcError
from plc.modbus_bus import Buses
from plc.points import Quality, Value

HANGS_S = 60
LIVES_S = 300
NAME = "sorter1"
DOWN = [0x4C57, 1, *range(1, 73)]


class Device:
    """A running device, which prints to ``output``: a pipe that nobody reads would stop it."""

    def __init__(self, port: int, process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
        self.port = port
        self._process = process
        self._output = output

    def said(self) -> str:
        """Ends it; what it printed."""
        self._process.kill()
        self._process.wait()
        self._output.seek(0)
        return self._output.read().decode()


@contextmanager
def field_device(shared: Path, program: str, *habit: str) -> Iterator[Device]:
    """One of the devices in ../shared/data/field, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(shared / "field" / program), str(port), *habit, str(LIVES_S)]
    with TemporaryFile() as output:
        device = Device(port, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT), output)
        try:
            yield device
        finally:
            device.said()


class Floor:
    """The mailbox and the points of a device as the controller has them, each with its retry loop.

    ``polls``: looks at the mailbox; ``values``: the points that are good; ``told``: all that was told of them;
    ``faults``: why a session ended, once each of the two was up.
    """

    def __init__(self, port: int, points: Mapping[str, Mapping[str, Any]], **keys: Any) -> None:
        table = {"host": "127.0.0.1", "port": port, "timeout_ms": 2_000, "points_ms": 20, **keys, "point": points}
        self.config = PlcConfig.model_validate(table)
        self.polls = 0
        self.values: dict[str, Value] = {}
        self.told: list[PointChanged] = []
        self.written: list[PointWritten] = []
        self.before: list[str] = []
        self.faults: list[str] = []
        self._up = {"mailbox": False, "points": False}
        self._buses = Buses()
        self._session = PointSession(NAME, self.config, now_us, self._take, self._buses)

    async def until(self, reached: Callable[[], bool]) -> None:
        """Lives until it is so."""
        tasks = [asyncio.create_task(self._keep("points", self._points))]
        if self.config.mailbox:
            tasks.append(asyncio.create_task(self._keep("mailbox", self._look)))
        try:
            async with asyncio.timeout(HANGS_S):
                while not reached():
                    assert not any(task.done() for task in tasks), tasks
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"not reached: {self.before[:3]}, {self.faults[:3]}, {self.values}") from None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def ask(self, point: str, value: Value) -> None:
        """Writes a point."""
        at_us = now_us()
        self._session.ask(
            PointWriteRequested(
                at_us=at_us,
                feed_seq=len(self.written) + 1,
                plc=NAME,
                point=point,
                value=value,
                by="Ann",
                asked_us=at_us,
            )
        )

    async def _keep(self, what: str, session: Callable[[], Any]) -> None:
        while True:
            try:
                await session()
            except PlcError as error:
                (self.faults if self._up[what] else self.before).append(str(error))
            await asyncio.sleep(0.01)

    async def _look(self) -> None:
        link = plc_link(NAME, self.config, buses=self._buses)
        try:
            await link.connect()
            while True:
                await link.exchange(DOWN)
                self._up["mailbox"] = True
                self.polls += 1
                await asyncio.sleep(0.005)
        finally:
            await link.close()

    async def _points(self) -> None:
        await self._session.run(lambda: self._up.update(points=True))

    def _take(self, given: PointChanged | PointWritten) -> None:
        if isinstance(given, PointWritten):
            self.written.append(given)
            return
        self.told.append(given)
        self.values.pop(given.point, None)
        if given.quality is Quality.GOOD and given.value is not None:
            self.values[given.point] = given.value
