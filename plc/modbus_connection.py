"""A way to one Modbus device, on the connection of its address: requests to the four tables, in words of the floor.

Public names: ModbusConnection, ExceptionAnswer, Silence, Table.

Source: MODBUS Application Protocol V1.1b3, 6.1 to 6.4, 6.11, 6.12, 6.16, 6.17 and 7.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Iterable, Sequence

from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    MaskWriteRegisterRequest,
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteSingleRegisterRequest,
)

from plc.driver import PlcError
from plc.modbus_bus import ModbusBus
from plc.modbus_transactions import AnswerError, Connection, RequestPdu, WriteRegisters
from plc.patience import Patience
from plc.points import Table
from plc.wires import NO_HABITS, Habits, RtuOverTcp, Serial, Wire, Writes

__all__ = ["BUSY", "ExceptionAnswer", "ModbusConnection", "Silence", "Table"]

BUSY = (5, 6)
"""Exceptions that mean: later."""
_NOT_SERVED = (1, 2, 3)
"""Exceptions by which PLCs say that a function, or one of this size, is not theirs."""
_READS = {
    Table.COIL: ReadCoilsRequest,
    Table.DISCRETE: ReadDiscreteInputsRequest,
    Table.HOLDING: ReadHoldingRegistersRequest,
    Table.INPUT: ReadInputRegistersRequest,
}
_READ_FUNCTIONS = (1, 2, 3, 4)

MEANINGS = {
    1: "function not served",
    2: "no such address",
    3: "value not allowed",
    4: "device failure",
    5: "not done yet",
    6: "device busy",
    10: "gateway: no path to unit {unit}",
    11: "gateway: no answer of unit {unit}",
}
"""Source: 7."""
_NO_SUCH_FUNCTION = (1,)
BUSY_FIRST_S = 0.002
BUSY_LAST_S = 0.05
"""A device that is busy is asked again after so long, at first and at last."""


class ExceptionAnswer(PlcError):  # noqa: N818  # the standard's word
    """The device answered with the exception ``code``: it understood, and does not do it."""

    def __init__(self, text: str, code: int, unit: int) -> None:
        super().__init__(text)
        self.code = code
        self.meaning = f"exception code {code} ({MEANINGS.get(code, 'not in the standard').format(unit=unit)})"


class Silence(PlcError):  # noqa: N818  # no answer is no error of the unit alone
    """The ``unit`` gave no answer in time."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text)
        self.reason = reason


class ModbusConnection:
    """A way to the device ``name``; ``connect`` opens it, and every error ends it.

    ``to``: the address, or the connection to it that others use as well. ``timeout_ms`` limits each request, at least:
    a slow way is learned. What is ``urgent`` goes before what is not. A device that is busy is asked again as long as
    that. A connection that its peer ended because it was idle, or another user because nothing came, is made again by
    the next request.
    ``writes``: as ``habits`` say, or as it was found out; None = not known yet.
    ``of_many``: ExceptionAnswer and Silence are raised without ending it. Raises ValueError where a value is out of
    range.
    """

    def __init__(
        self,
        name: str,
        to: Wire | ModbusBus,
        device_id: int = 1,
        timeout_ms: int = 250,
        *,
        habits: Habits = NO_HABITS,
        urgent: bool = True,
        of_many: bool = False,
    ) -> None:
        self._bus = to if isinstance(to, ModbusBus) else ModbusBus(to)
        wire = self._bus.wire
        rtu = isinstance(wire, Serial | RtuOverTcp)
        for what, value, low, high in (
            ("port", 1 if isinstance(wire, Serial) else wire.port, 1, 65_535),
            ("device id", device_id, 1 if rtu else 0, 247 if rtu else 255),
            ("timeout in ms", timeout_ms, 1, 60_000),
            ("wait after a connect in ms", habits.connect_wait_ms, 0, 60_000),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name}: {what} {value} is not within {low}..{high}")
        self._name = name
        self._device_id = device_id
        self._patience = Patience(timeout_ms)
        self._urgent = urgent
        self._of_many = of_many
        self._any_unit = habits.any_unit
        self._bus.settle_s = max(self._bus.settle_s, habits.connect_wait_ms / 1000)
        self._at: Connection | None = None
        self._writes = {Table.HOLDING: habits.writes, Table.COIL: habits.writes}
        self._reads: dict[tuple[Table, int, int, int], RequestPdu] = {}

    @property
    def writes(self) -> Writes | None:
        """How its registers are written: as ``habits`` say, or as it was found out; None = not known yet."""
        return self._writes[Table.HOLDING]

    async def connect(self) -> None:
        """Opens the way anew. Raises PlcError."""
        self._drop()
        self._at = await self._join()

    async def read(self, table: Table, first: int, count: int, unit: int | None = None) -> Sequence[int]:
        """``count`` registers, or bits as 0 and 1, from ``first`` on. ``unit`` None: the device's own."""
        unit = self._unit(unit)
        request = self._reads.get((table, first, count, unit))
        if request is None:
            request = RequestPdu.of(_READS[table](address=first, count=count, dev_id=unit))
            self._reads[table, first, count, unit] = request
        reply = await self._ask(table, first, count, request)
        if not table.of_bits:
            return self._registers(reply, table, first, count)
        if not count <= len(reply.bits) < count + 8:  # they come in whole bytes
            raise self._fault(table, first, count, f"{len(reply.bits)} bits came")
        return [int(bit) for bit in reply.bits[:count]]

    async def write_registers(self, first: int, words: Sequence[int], unit: int | None = None) -> None:
        """Writes holding registers from ``first`` on."""
        unit = self._unit(unit)
        whole = WriteRegisters(address=first, registers=words, dev_id=unit)
        parts = (
            WriteSingleRegisterRequest(address=at, registers=[word], dev_id=unit)
            for at, word in enumerate(words, first)
        )
        await self._write(Table.HOLDING, first, len(words), whole, parts)

    async def write_coils(self, first: int, bits: Sequence[bool], unit: int | None = None) -> None:
        """Writes coils from ``first`` on."""
        unit = self._unit(unit)
        whole = WriteMultipleCoilsRequest(address=first, bits=list(bits), dev_id=unit)
        parts = (WriteSingleCoilRequest(address=at, bits=[bit], dev_id=unit) for at, bit in enumerate(bits, first))
        await self._write(Table.COIL, first, len(bits), whole, parts)

    async def mask_register(self, address: int, keep: int, put: int, unit: int | None = None) -> None:
        """Changes one holding register: the bits of ``keep`` stay, those of ``put`` are set, all others cleared."""
        request = MaskWriteRegisterRequest(address=address, and_mask=keep, or_mask=put, dev_id=self._unit(unit))
        await self._ask(Table.HOLDING, address, 1, RequestPdu.of(request))

    async def read_write(
        self, read_first: int, read_count: int, first: int, words: Sequence[int]
    ) -> Sequence[int] | None:
        """Writes holding registers and then reads others in one request; None = the device does not serve it."""
        request = RequestPdu.read_write(self._device_id, read_first, read_count, first, words)
        reply = await self._ask(Table.HOLDING, read_first, read_count, request, _NOT_SERVED)
        return None if reply.isError() else self._registers(reply, Table.HOLDING, read_first, read_count)

    async def close(self) -> None:
        """Leaves the connection, which ends with its last user."""
        self._drop()

    def _unit(self, unit: int | None) -> int:
        return self._device_id if unit is None else unit

    async def _write(self, table: Table, first: int, count: int, whole: ModbusPDU, parts: Iterable[ModbusPDU]) -> None:
        """All at once, or one by one where the device does not serve that; which of the two, is found out once."""
        writes = self._writes[table]
        if writes is not Writes.SINGLE:
            reply = await self._ask(table, first, count, RequestPdu.of(whole), () if writes else _NO_SUCH_FUNCTION)
            if not reply.isError():
                if (reply.address, reply.count) != (first, count):
                    raise self._fault(table, first, count, f"{reply.count} written at {reply.address}")
                self._writes[table] = Writes.MULTIPLE
                return
        for request in parts:
            reply = await self._ask(table, request.address, 1, RequestPdu.of(request))
            if (reply.address, reply.registers, reply.bits) != (request.address, request.registers, request.bits):
                raise self._fault(
                    table, request.address, 1, f"{[*reply.registers, *reply.bits]} written at {reply.address}"
                )
        self._writes[table] = Writes.SINGLE

    def _registers(self, reply: ModbusPDU, table: Table, first: int, count: int) -> Sequence[int]:
        if len(reply.registers) != count:
            raise self._fault(table, first, count, f"{len(reply.registers)} registers came")
        return reply.registers

    async def _join(self) -> Connection:
        limit_ms = self._patience.limit_ms
        try:
            return await self._bus.join(self, limit_ms / 1000)
        except TimeoutError as error:
            self._patience.silent()
            raise PlcError(f"{self._where}: no connection within {limit_ms} ms") from error
        except OSError as error:
            raise PlcError(f"{self._where}: {_reason(error)}") from error

    @property
    def _where(self) -> str:
        return f"{self._name}: {self._bus.wire}"

    async def _ask(
        self, table: Table, first: int, count: int, request: RequestPdu, accepted: Sequence[int] = ()
    ) -> ModbusPDU:
        """The answer; an exception is a fault unless its code is ``accepted``."""
        if self._at is None:
            raise PlcError(f"{self._where}: not connected")
        reply = await self._answer(table, first, count, request)
        if not reply.isError():
            return reply
        if reply.exception_code in BUSY:
            reply = await self._ask_again(table, first, count, request, reply)
        if reply.isError() and reply.exception_code not in accepted:
            if not self._of_many:
                self._drop()
            answer = ExceptionAnswer("", reply.exception_code, request.unit)
            answer.args = (self._text(table, first, count, answer.meaning),)
            raise answer
        return reply

    async def _ask_again(
        self, table: Table, first: int, count: int, request: RequestPdu, reply: ModbusPDU
    ) -> ModbusPDU:
        """The answer of a device that was busy, once it is not, or the last that it gives in time."""
        loop, pause_s = asyncio.get_running_loop(), BUSY_FIRST_S
        until_s = loop.time() + self._patience.limit_ms / 1000
        while reply.isError() and reply.exception_code in BUSY and loop.time() + pause_s < until_s:
            try:
                await asyncio.sleep(pause_s)
            except BaseException:
                self._drop()
                raise
            pause_s = min(2 * pause_s, BUSY_LAST_S)
            reply = await self._answer(table, first, count, request)
        return reply

    async def _answer(self, table: Table, first: int, count: int, request: RequestPdu) -> ModbusPDU:
        """What comes to one request. A read whose connection ended quietly meanwhile is asked once more."""
        tries = 2 if request.function in _READ_FUNCTIONS else 1
        while True:
            at = self._at
            if at is None or (at.lost and at.quietly):
                self._at = at = await self._join()
            tries -= 1
            heard_s = at.heard_s
            try:
                return await self._bus.ask(at, request, self._patience, urgent=self._urgent, any_unit=self._any_unit)
            except TimeoutError as error:
                raise self._silence(table, first, count, str(error), at, heard_s) from error
            except ConnectionError as error:
                if not tries or not at.quietly:
                    raise self._fault(table, first, count, str(error)) from error
            except AnswerError as error:
                raise self._fault(table, first, count, f"its answer cannot be read: {error}") from error
            except BaseException:
                self._drop()
                raise

    def _silence(self, table: Table, first: int, count: int, reason: str, at: Connection, heard_s: float) -> Silence:
        odd, at.odd = at.odd, ""
        reason += f": {odd}" if odd else ""
        if not self._of_many:
            self._drop()
            if at.heard_s == heard_s:  # nor did any other answer: it may be dead
                self._bus.reset("nothing came on this connection")
        return Silence(self._text(table, first, count, reason), reason)

    def _fault(self, table: Table, first: int, count: int, reason: str) -> PlcError:
        """Ends the way; the error to raise."""
        self._drop()
        return PlcError(self._text(table, first, count, reason))

    def _text(self, table: Table, first: int, count: int, reason: str) -> str:
        return f"{self._where}: {table} {first}-{first + count - 1}: {reason}"

    def _drop(self) -> None:
        self._at = None
        self._bus.leave(self)


def _reason(error: OSError) -> str:
    """Why there is no connection, in words that help."""
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"no TLS: {error.reason or error}"
        case socket.gaierror():
            return "no such host"
        case ConnectionRefusedError():
            return "connection refused"
        case _ if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
            return "no route to it"
        case _:
            return (error.strerror or str(error)).lower()
