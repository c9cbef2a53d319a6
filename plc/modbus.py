"""The mailbox over Modbus: blocks of holding registers, one request at a time.

Public names: ModbusLink.

Source: docs/plc-mailbox.md; MODBUS Application Protocol V1.1b3, 6.3, 6.12 and 6.17.
"""

from __future__ import annotations

from collections.abc import Sequence

from plc.driver import PlcError
from plc.modbus_bus import ModbusBus
from plc.modbus_connection import ModbusConnection, Table
from plc.wires import NO_HABITS, Habits, Wire, Writes
from plc.words import up_words

_UP_WORDS = 102
_DOWN_WORDS = 74
_EPOCH = 3
_REGISTERS = 65_536


class ModbusLink(ModbusConnection):
    """The way to the mailbox of the PLC ``name`` (a PlcLink); ``to``: see ModbusConnection.

    ``up`` and ``down`` are the first holding registers of the blocks, counted from 0. ``read_write`` False:
    ``exchange`` never tries function 23, for a PLC that is mute to it; one that refuses it is not asked again.
    Raises ValueError where a value is out of range.
    """

    def __init__(
        self,
        name: str,
        to: Wire | ModbusBus,
        device_id: int = 1,
        up: int = 0,
        down: int = 200,
        timeout_ms: int = 250,
        *,
        read_write: bool = True,
        habits: Habits = NO_HABITS,
    ) -> None:
        super().__init__(name, to, device_id, timeout_ms, habits=habits)
        for what, value, high in (
            ("first register of UP", up, _REGISTERS - _UP_WORDS),
            ("first register of DOWN", down, _REGISTERS - _DOWN_WORDS),
        ):
            if not 0 <= value <= high:
                raise ValueError(f"{name}: {what} {value} is not within 0..{high}")
        if up < down + _DOWN_WORDS and down < up + _UP_WORDS:
            raise ValueError(f"{name}: UP at register {up} and DOWN at register {down} overlap")
        self._up = up
        self._down = down
        self._read_write = read_write
        self._held: Sequence[int] | None = None  # DOWN as the PLC has it
        self._up_words = _UP_WORDS  # more when UP has said that it has more

    @property
    def reads_and_writes_at_once(self) -> bool:
        """Whether ``exchange`` is one request, as far as is known."""
        return self._read_write

    async def connect(self) -> None:
        self._held = None
        self._up_words = _UP_WORDS
        await super().connect()

    async def read_up(self) -> Sequence[int]:
        return await self._whole(await self.read(Table.HOLDING, self._up, self._up_words))

    async def read_down(self) -> Sequence[int]:
        self._held = await self.read(Table.HOLDING, self._down, _DOWN_WORDS)
        return self._held

    async def write_down(self, words: Sequence[int]) -> None:
        self._check(words)
        held, self._held = self._held, None
        if held is None or self.writes is not Writes.SINGLE:
            await self.write_registers(self._down, words)
        else:
            # One by one, and in order: a record's second sequence comes after all that it vouches for. The epoch is the
            # last, so that nothing of a host before is taken for the new one's.
            changed = [at for at in range(_DOWN_WORDS) if words[at] != held[at]] or list(range(_DOWN_WORDS))
            for at in sorted(changed, key=lambda at: (at == _EPOCH, at)):
                await self.write_registers(self._down + at, words[at : at + 1])
        self._held = tuple(words)

    async def exchange(self, words: Sequence[int]) -> Sequence[int]:
        if self._read_write:
            self._check(words)
            self._held = None
            up = await self.read_write(self._up, self._up_words, self._down, words)
            if up is not None:
                self._held = tuple(words)
                return await self._whole(up)
            self._read_write = False
        await self.write_down(words)
        return await self.read_up()

    async def _whole(self, up: Sequence[int]) -> Sequence[int]:
        """UP with as many words as its version has, which is found out once a connection, or when that changes."""
        count = up_words(up)
        if len(up) >= count:
            return up if len(up) == count else up[:count]
        if self._up < self._down < self._up + count:
            why = f"UP of version {up[1]} at register {self._up} has {count} words, DOWN begins at {self._down}"
            raise PlcError(f"{self._name}: {why}")
        self._up_words = count
        return await self.read(Table.HOLDING, self._up, count)

    def _check(self, words: Sequence[int]) -> None:
        if len(words) != _DOWN_WORDS:
            raise ValueError(f"{self._name}: {len(words)} words for DOWN, which has {_DOWN_WORDS}")
