"""One Modbus connection: requests to the four tables, one at a time, over TCP, TLS or a serial line.

Public names: ModbusConnection, ExceptionAnswer, Table.

Source: MODBUS Application Protocol V1.1b3, 6.1 to 6.4, 6.11, 6.12, 6.16, 6.17 and 7; MODBUS Messaging on TCP/IP V1.0b,
4; MODBUS over Serial Line V1.02, 2.4.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
import struct
import termios
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeAlias, assert_never

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException, ModbusIOException
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersResponse
from pymodbus.transaction import TransactionManager

from plc.driver import PlcError
from plc.library_call import heeded
from plc.points import Table
from plc.wires import Serial, Tcp, Tls, Wire

__all__ = ["ExceptionAnswer", "ModbusConnection", "Table"]

_Client: TypeAlias = AsyncModbusTcpClient | AsyncModbusSerialClient

_NOT_SERVED = (1, 2, 3)
"""Exceptions by which PLCs say that a function, or one of this size, is not theirs."""

# Every fault is raised as PlcError; without a handler here an unconfigured program would print them as well.
logging.getLogger("pymodbus.logging").addHandler(logging.NullHandler())


class _Registers(ReadHoldingRegistersResponse):
    """Function 3: unpacked at once; and not put in words, which the library does for its log although that is off.

    Source: 6.3.
    """

    def decode(self, data: bytes) -> None:
        if len(data) < 1 + data[0]:
            raise ModbusIOException(f"byte count {data[0]} in {len(data)} octets", function_code=self.function_code)
        self.registers = list(struct.unpack_from(f">{data[0] // 2}H", data, 1))

    def __str__(self) -> str:
        return type(self).__name__


class _InputRegisters(_Registers):
    """Function 4. Source: 6.4."""

    function_code = 4


class _ExchangedRegisters(_Registers):
    """Function 23. Source: 6.17."""

    function_code = 23


class _Transactions(TransactionManager):
    """The library's, for one request at a time and no second try.

    So it needs no lock, no task for each time limit, and no log of the last frames.
    """

    async def execute(self, _: bool, request: ModbusPDU) -> ModbusPDU:
        if not self.is_active() or self.transport.is_closing():  # it was lost before anybody asked
            raise ConnectionException("the PLC closed the connection")
        loop = asyncio.get_running_loop()
        request.transaction_id = self.getNextTID()
        self.recv_buffer = b""
        answer: asyncio.Future[ModbusPDU] = loop.create_future()
        self.response_future = answer
        limit = loop.call_later(self.comm_params.timeout_connect, _late, answer)
        try:
            self.pdu_send(request)
            return await answer
        finally:
            limit.cancel()

    def send(self, data: bytes, addr: object = None) -> None:  # noqa: ARG002  the library gives it by this name
        self.transport.write(data)  # type: ignore[attr-defined]  # the library's type for it is too wide

    def data_received(self, data: bytes) -> None:
        data = self.recv_buffer + data
        if len(data) > self.max_buffer_size:
            data = b""
        try:
            self.recv_buffer = data[self.callback_data(data) :]
        except ModbusException as error:
            if not self.response_future.done():
                self.response_future.set_exception(error)


def _late(answer: asyncio.Future[ModbusPDU]) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError)


class ExceptionAnswer(PlcError):  # noqa: N818  # the standard's word
    """The device answered with the exception ``code``: it understood, and does not do it."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class ModbusConnection:
    """A way to the device ``name``; ``connect`` makes a connection, and every error ends it.

    ``timeout_ms`` limits each request. Any error, timeout or cancellation closes the connection at once: an answer that
    comes late finds no one who could take it for the answer to a later request. A serial line has no connections, and
    its answers no number: there ``connect`` waits until ``timeout_ms`` have passed since the request that failed.
    ``outlives_exceptions``: an ExceptionAnswer is raised without ending the connection. Raises ValueError where a value
    is out of range.
    """

    def __init__(
        self,
        name: str,
        wire: Wire,
        device_id: int = 1,
        timeout_ms: int = 250,
        *,
        outlives_exceptions: bool = False,
    ) -> None:
        serial = isinstance(wire, Serial)
        for what, value, low, high in (
            ("port", 1 if isinstance(wire, Serial) else wire.port, 1, 65_535),
            ("device id", device_id, 1 if serial else 0, 247 if serial else 255),
            ("timeout in ms", timeout_ms, 1, 60_000),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name}: {what} {value} is not within {low}..{high}")
        self._name = name
        self._wire = wire
        self._device_id = device_id
        self._timeout_ms = timeout_ms
        self._outlives_exceptions = outlives_exceptions
        self._client: _Client | None = None
        self._asking = False
        self._quiet_from: float | None = None  # loop time until which a late answer may still come

    async def connect(self) -> None:
        """Opens a new connection; one that is open is closed before."""
        await self.close()
        loop = asyncio.get_running_loop()
        if self._quiet_from is not None:
            await asyncio.sleep(max(0.0, self._quiet_from - loop.time()))
            self._quiet_from = None
        client = self._new_client()
        trouble: list[OSError] = []
        if isinstance(self._wire, Serial):
            create: Callable[[], Awaitable[Any]] = partial(_open_serial, client.ctx.call_create)
        else:
            create = partial(_open, client, self._wire, self._context())

        async def attempt() -> Any:
            """The library only says that it failed; this keeps why."""
            try:
                return await create()
            except termios.error as error:
                trouble.append(OSError(*error.args))
                raise trouble[0] from error
            except UnicodeError as error:
                trouble.append(OSError("no host has such a name: each of its parts has 1 to 63 characters"))
                raise trouble[0] from error
            except OSError as error:
                trouble.append(error)
                raise

        client.ctx.call_create = attempt
        self._client = client
        try:
            connected = await heeded(client.connect())
        except BaseException:
            self._drop()
            raise
        if not connected:
            self._drop()
            reason = _reason(trouble[0]) if trouble else f"no connection within {self._timeout_ms} ms"
            raise PlcError(f"{self._where}: {reason}")

    async def read(self, table: Table, first: int, count: int) -> Sequence[int]:
        """``count`` registers, or bits as 0 and 1, from ``first`` on."""

        def request(client: _Client) -> Awaitable[ModbusPDU]:
            match table:
                case Table.COIL:
                    return client.read_coils(first, count=count, device_id=self._device_id)
                case Table.DISCRETE:
                    return client.read_discrete_inputs(first, count=count, device_id=self._device_id)
                case Table.HOLDING:
                    return client.read_holding_registers(first, count=count, device_id=self._device_id)
                case Table.INPUT:
                    return client.read_input_registers(first, count=count, device_id=self._device_id)
                case _:
                    assert_never(table)

        reply = await self._ask(table, first, count, request)
        if table in (Table.HOLDING, Table.INPUT):
            return self._registers(reply, table, first, count)
        if not count <= len(reply.bits) < count + 8:  # they come in whole bytes
            raise self._fault(table, first, count, f"{len(reply.bits)} bits came")
        return [int(bit) for bit in reply.bits[:count]]

    async def write_registers(self, first: int, words: Sequence[int]) -> None:
        """Writes holding registers from ``first`` on."""
        count = len(words)
        reply = await self._ask(
            Table.HOLDING,
            first,
            count,
            lambda client: client.write_registers(first, words, device_id=self._device_id),
        )
        self._written(reply, Table.HOLDING, first, count)

    async def write_coils(self, first: int, bits: Sequence[bool]) -> None:
        """Writes coils from ``first`` on."""
        count = len(bits)
        reply = await self._ask(
            Table.COIL,
            first,
            count,
            lambda client: client.write_coils(first, list(bits), device_id=self._device_id),
        )
        self._written(reply, Table.COIL, first, count)

    async def mask_register(self, address: int, keep: int, put: int) -> None:
        """Changes one holding register: the bits of ``keep`` stay, those of ``put`` are set, all others cleared."""
        await self._ask(
            Table.HOLDING,
            address,
            1,
            lambda client: client.mask_write_register(
                address=address, and_mask=keep, or_mask=put, device_id=self._device_id
            ),
        )

    async def read_write(
        self, read_first: int, read_count: int, first: int, words: Sequence[int]
    ) -> Sequence[int] | None:
        """Writes holding registers and then reads others in one request; None = the device does not serve it."""
        reply = await self._ask(
            Table.HOLDING,
            read_first,
            read_count,
            lambda client: client.readwrite_registers(
                read_address=read_first,
                read_count=read_count,
                write_address=first,
                values=words,
                device_id=self._device_id,
            ),
            _NOT_SERVED,
        )
        return None if reply.isError() else self._registers(reply, Table.HOLDING, read_first, read_count)

    async def close(self) -> None:
        """Ends the connection."""
        self._drop()

    @property
    def _where(self) -> str:
        return f"{self._name}: {self._wire}"

    def _context(self) -> ssl.SSLContext | None:
        return self._wire.context() if isinstance(self._wire, Tls) else None

    def _new_client(self) -> _Client:
        client = self._plain_client()
        theirs = client.ctx
        client.ctx = _Transactions(theirs.comm_params, theirs.framer, 0, False, None, None, self._on_connect)
        for answer in (_Registers, _InputRegisters, _ExchangedRegisters):
            client.register(answer)
        return client

    def _plain_client(self) -> _Client:
        timeout_s = self._timeout_ms / 1000
        match self._wire:
            case Tcp(host, port) | Tls(host, port):
                # Its TLS client takes whatever arrives at once for one frame; within TLS the frames are those of TCP.
                return AsyncModbusTcpClient(
                    host,
                    port=port,
                    name=self._name,
                    timeout=timeout_s,
                    retries=0,
                    reconnect_delay=0,
                    reconnect_delay_max=0,
                )
            case Serial(device, baud, parity, stop_bits):
                return AsyncModbusSerialClient(
                    device,
                    baudrate=baud,
                    parity=parity.value,
                    stopbits=stop_bits,
                    name=self._name,
                    timeout=timeout_s,
                    retries=0,
                    reconnect_delay=0,
                    reconnect_delay_max=0,
                )
            case _:
                assert_never(self._wire)

    def _registers(self, reply: ModbusPDU, table: Table, first: int, count: int) -> Sequence[int]:
        if len(reply.registers) != count:
            raise self._fault(table, first, count, f"{len(reply.registers)} registers came")
        return reply.registers

    def _written(self, reply: ModbusPDU, table: Table, first: int, count: int) -> None:
        if (reply.address, reply.count) != (first, count):
            raise self._fault(table, first, count, f"{reply.count} written at {reply.address}")

    async def _ask(
        self,
        table: Table,
        first: int,
        count: int,
        request: Callable[[_Client], Awaitable[ModbusPDU]],
        accepted: Sequence[int] = (),
    ) -> ModbusPDU:
        """The answer; an exception is a fault unless its code is ``accepted``."""
        client = self._client
        if client is None:
            raise PlcError(f"{self._where}: not connected")
        self._asking = True
        try:
            reply = await request(client)
        except (ModbusException, OSError) as error:
            raise self._fault(table, first, count, self._why_unanswered(error)) from error
        except BaseException:
            self._drop()
            raise
        finally:
            self._asking = False
        code = reply.exception_code if reply.isError() else None
        if code is not None and code not in accepted:
            if not self._outlives_exceptions:
                self._drop()
            raise ExceptionAnswer(self._text(table, first, count, f"exception code {code}"), code)
        return reply

    def _why_unanswered(self, error: Exception) -> str:
        match error:
            case TimeoutError():
                return f"no answer within {self._timeout_ms} ms"
            case ConnectionException() | OSError():
                return str(error)
            case _:
                return f"its answer cannot be read: {error}"

    def _fault(self, table: Table, first: int, count: int, reason: str) -> PlcError:
        """Closes the connection; the error to raise."""
        self._drop()
        return PlcError(self._text(table, first, count, reason))

    def _text(self, table: Table, first: int, count: int, reason: str) -> str:
        return f"{self._where}: {table} {first}-{first + count - 1}: {reason}"

    def _on_connect(self, connected: bool) -> None:
        """Ends a request whose connection is lost at once; the library would wait for the timeout."""
        if connected or not self._asking or self._client is None:
            return
        answer = self._client.ctx.response_future
        if not answer.done():
            answer.set_exception(ConnectionException("the PLC closed the connection"))

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        if self._asking and isinstance(self._wire, Serial):
            self._quiet_from = asyncio.get_running_loop().time() + self._timeout_ms / 1000
        client.close()


async def _open_serial(create: Callable[[], Awaitable[Any]]) -> Any:
    """The library's connection; its set-up comes a turn later, and would fail where it is closed before."""
    made = await create()
    try:
        await asyncio.sleep(0)
    except BaseException:
        made[0].abort()
        raise
    return made


async def _open(client: _Client, wire: Tcp | Tls, context: ssl.SSLContext | None) -> Any:
    """A TCP or TLS connection for a client."""
    name = (wire.server_name or wire.host) if isinstance(wire, Tls) else None
    return await asyncio.get_running_loop().create_connection(
        client.ctx.handle_new_connection, wire.host, wire.port, ssl=context, server_hostname=name
    )


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
