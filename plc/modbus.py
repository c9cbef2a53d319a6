"""The mailbox over Modbus TCP: blocks of holding registers, one request at a time.

Public names: ModbusLink.

Source: MODBUS Application Protocol V1.1b3, 6.3 and 6.12; MODBUS Messaging on TCP/IP V1.0b, 4.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Awaitable, Callable, Sequence

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from plc.driver import PlcError

_UP_WORDS = 102
_DOWN_WORDS = 74
_REGISTERS = 65_536

# Every fault is raised as PlcError; without a handler here an unconfigured program would print them as well.
logging.getLogger("pymodbus.logging").addHandler(logging.NullHandler())


class ModbusLink:
    """One connection to the mailbox of the PLC ``name`` (a PlcLink).

    ``up`` and ``down`` are the first holding registers of the blocks, counted from 0. ``timeout_ms`` limits each
    call. Any error, timeout or cancellation closes the connection at once: an answer that comes late finds no
    one who could take it for the answer to a later request. Raises ValueError where a value is out of range.
    """

    def __init__(
        self,
        name: str,
        host: str,
        port: int = 502,
        device_id: int = 1,
        up: int = 0,
        down: int = 200,
        timeout_ms: int = 250,
    ) -> None:
        for what, value, low, high in (
            ("port", port, 1, 65_535),
            ("device id", device_id, 0, 255),
            ("first register of UP", up, 0, _REGISTERS - _UP_WORDS),
            ("first register of DOWN", down, 0, _REGISTERS - _DOWN_WORDS),
            ("timeout in ms", timeout_ms, 1, 60_000),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name}: {what} {value} is not within {low}..{high}")
        if up < down + _DOWN_WORDS and down < up + _UP_WORDS:
            raise ValueError(f"{name}: UP at register {up} and DOWN at register {down} overlap")
        self._name = name
        self._host = host
        self._port = port
        self._device_id = device_id
        self._up = up
        self._down = down
        self._timeout_ms = timeout_ms
        self._client: AsyncModbusTcpClient | None = None
        self._asking = False

    async def connect(self) -> None:
        """Opens a new connection; one that is open is closed before."""
        await self.close()
        client = AsyncModbusTcpClient(
            self._host,
            port=self._port,
            name=self._name,
            timeout=self._timeout_ms / 1000,
            retries=0,
            reconnect_delay=0,
            reconnect_delay_max=0,
            trace_connect=self._on_connect,
        )
        client.set_max_no_responses(0)
        self._client = client
        try:
            connected = await client.connect()
        except BaseException:
            self._drop()
            raise
        if not connected:
            self._drop()
            raise PlcError(f"{self._where}: no connection within {self._timeout_ms} ms")
        wire = client.ctx.transport.get_extra_info("socket")
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def read_up(self) -> Sequence[int]:
        return await self._read(self._up, _UP_WORDS)

    async def read_down(self) -> Sequence[int]:
        return await self._read(self._down, _DOWN_WORDS)

    async def write_down(self, words: Sequence[int]) -> None:
        if len(words) != _DOWN_WORDS:
            raise ValueError(f"{self._name}: {len(words)} words for DOWN, which has {_DOWN_WORDS}")
        reply = await self._ask(
            self._down,
            _DOWN_WORDS,
            lambda client: client.write_registers(self._down, words, device_id=self._device_id),
        )
        if (reply.address, reply.count) != (self._down, _DOWN_WORDS):
            raise self._fault(self._down, _DOWN_WORDS, f"{reply.count} written at {reply.address}")

    async def close(self) -> None:
        self._drop()

    @property
    def _where(self) -> str:
        return f"{self._name}: {self._host}:{self._port}"

    async def _read(self, first: int, count: int) -> Sequence[int]:
        reply = await self._ask(
            first,
            count,
            lambda client: client.read_holding_registers(first, count=count, device_id=self._device_id),
        )
        if len(reply.registers) != count:
            raise self._fault(first, count, f"{len(reply.registers)} registers came")
        return reply.registers

    async def _ask(
        self, first: int, count: int, request: Callable[[AsyncModbusTcpClient], Awaitable[ModbusPDU]]
    ) -> ModbusPDU:
        client = self._client
        if client is None:
            raise PlcError(f"{self._where}: not connected")
        self._asking = True
        try:
            reply = await request(client)
        except (ModbusException, OSError) as error:
            raise self._fault(first, count, self._reason(error)) from error
        except BaseException:
            self._drop()
            raise
        finally:
            self._asking = False
        if reply.isError():
            raise self._fault(first, count, f"exception code {reply.exception_code}")
        return reply

    def _reason(self, error: Exception) -> str:
        if isinstance(error, ConnectionException | OSError):
            return str(error)
        return f"no answer within {self._timeout_ms} ms"

    def _fault(self, first: int, count: int, reason: str) -> PlcError:
        """Closes the connection; the error to raise."""
        self._drop()
        return PlcError(f"{self._where}: holding registers {first}-{first + count - 1}: {reason}")

    def _on_connect(self, connected: bool) -> None:
        """Ends a request whose connection is lost at once; the library would wait for the timeout."""
        if connected or not self._asking or self._client is None:
            return
        answer = self._client.ctx.response_future
        if not answer.done():
            answer.set_exception(ConnectionException("the PLC closed the connection"))

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()
