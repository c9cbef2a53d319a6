"""What a machine tells over OPC UA in PackML, as inputs of the core; told when it changes.

Public names: PackmlSession.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from edge.config.late import loaded
from edge.config.opcua import PackmlConfig
from edge.core.events import MachineReported
from plc.packml import PackmlStatus

if TYPE_CHECKING:
    from plc.opcua_packml import PackmlObject

COUNTS_EVERY_US = 10_000_000
"""Counts alone are told no more often."""


class PackmlSession:
    """One machine, over one connection after the other. ``now_us``: host time; ``take`` gets what is journaled."""

    def __init__(
        self, name: str, config: PackmlConfig, now_us: Callable[[], int], take: Callable[[MachineReported], object]
    ) -> None:
        self.name = name
        self.now: PackmlStatus | None = None
        """How it stands as far as it was read; None = it is not read now."""
        self._config = config
        self._now_us = now_us
        self._take = take
        self._told: PackmlStatus | None = None
        self._told_us = 0

    async def run(self, up: Callable[[], None]) -> None:
        """One connection until it fails. ``up`` is called when it was first read. Raises PlcError."""
        machine: PackmlObject = loaded("edge.devices.opcua_drivers").packml_object(self.name, self._config)
        loop = asyncio.get_running_loop()
        try:
            await machine.connect()
            due = loop.time()
            self._told = None  # what was told before may be long ago
            while True:
                status = await machine.read()
                if self._told is None:
                    up()
                self.now = status
                self._tell(status)
                due = max(due + self._config.every_ms / 1000, loop.time())
                await asyncio.sleep(due - loop.time())
        finally:
            self.now = None
            await machine.close()

    def _tell(self, status: PackmlStatus) -> None:
        told, now_us = self._told, self._now_us()
        if told is not None:
            counted_only = replace(status, processed=told.processed, defective=told.defective) == told
            if status == told or (counted_only and now_us - self._told_us < COUNTS_EVERY_US):
                return
        self._told, self._told_us = status, now_us
        self._take(
            MachineReported(
                at_us=now_us,
                plc=self.name,
                state=status.state,
                mode=status.mode,
                processed=status.processed,
                defective=status.defective,
                speed=status.speed or 0.0,
            )
        )
