"""The mailbox before remote I/O: what its inputs say goes through the tracker, which stands in for a PLC's program.

Public names: IoLink, IoWiring.

Source: docs/small-lines.md; MODBUS Application Protocol V1.1b3, 6.1, 6.2 and 6.11.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from plc.io_layout import watchdog_us
from plc.io_tracker import Tracker
from plc.modbus_connection import ModbusConnection
from plc.points import Table
from plc.words import DOWN_WORDS

REFRESH_US = 200_000
"""The coils are written at least this often, and twice in the watchdog's time, so that the device sees us."""


@dataclass(frozen=True, slots=True)
class IoWiring:
    """Where the bits stand. ``inputs``: coils, discrete inputs or registers of 16 bits, bit 0 = lowest of the first.

    ``outputs``: COIL or HOLDING. ``inverted``: mask of inputs that are on while nothing is there. ``encoder``: first
    register of the counter, high word first where it has 32 bits.
    """

    inputs: Table
    first_input: int
    input_count: int
    outputs: Table
    first_output: int
    output_count: int
    inverted: int = 0
    encoder: tuple[Table, int] | None = None


class IoLink:
    """One station of remote I/O as a PLC with the mailbox (a PlcLink); the tracking outlives a connection."""

    def __init__(self, connection: ModbusConnection, tracker: Tracker, wiring: IoWiring) -> None:
        self._connection = connection
        self._tracker = tracker
        self._wiring = wiring
        self._down: Sequence[int] = [0] * DOWN_WORDS
        self._written: int | None = None
        self._written_us = 0
        self._refresh_us = min(REFRESH_US, watchdog_us(tracker.layout) // 2)

    @property
    def reads_and_writes_at_once(self) -> bool:
        """DOWN is only handed over here."""
        return True

    async def connect(self) -> None:
        self._written = None
        await self._connection.connect()

    async def read_up(self) -> Sequence[int]:
        asked_us = _now_us()
        inputs = await self._inputs()
        counts = await self._counts()
        at_us = (asked_us + _now_us()) // 2
        coils = self._tracker.scan(at_us, inputs, counts, self._down)
        if coils != self._written or at_us - self._written_us > self._refresh_us:
            await self._write(coils)
            self._written, self._written_us = coils, at_us
        return self._tracker.side.up(_now_us() // 1000)

    async def read_down(self) -> Sequence[int]:
        return self._down

    async def write_down(self, words: Sequence[int]) -> None:
        self._down = words

    async def exchange(self, words: Sequence[int]) -> Sequence[int]:
        self._down = words
        return await self.read_up()

    async def close(self) -> None:
        await self._connection.close()

    async def _inputs(self) -> int:
        wiring = self._wiring
        if wiring.inputs in (Table.COIL, Table.DISCRETE):
            bits = await self._connection.read(wiring.inputs, wiring.first_input, wiring.input_count)
            value = sum(bit << index for index, bit in enumerate(bits))
        else:
            words = await self._connection.read(wiring.inputs, wiring.first_input, (wiring.input_count + 15) // 16)
            value = sum(word << 16 * index for index, word in enumerate(words))
        return value ^ wiring.inverted

    async def _counts(self) -> int | None:
        if self._wiring.encoder is None:
            return None
        table, first = self._wiring.encoder
        words = await self._connection.read(table, first, self._tracker.layout.encoder_bits // 16)
        return words[0] if len(words) == 1 else words[0] << 16 | words[1]

    async def _write(self, coils: int) -> None:
        wiring = self._wiring
        if wiring.outputs is Table.COIL:
            bits = [bool(coils >> index & 1) for index in range(wiring.output_count)]
            await self._connection.write_coils(wiring.first_output, bits)
        else:
            words = [coils >> 16 * index & 0xFFFF for index in range((wiring.output_count + 15) // 16)]
            await self._connection.write_registers(wiring.first_output, words)


def _now_us() -> int:
    """The loop's clock, in microseconds."""
    return int(asyncio.get_running_loop().time() * 1_000_000)
