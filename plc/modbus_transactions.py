"""One connection of pymodbus: its transports, frames and messages, with more than one request under way.

Public names: Connection, RequestPdu, AnswerError, WriteRegisters, IDLE_S.

What the library does itself, and what was measured of it, stands in docs/adr/0025-one-connection-to-an-address.md.

Source: MODBUS Messaging on TCP/IP V1.0b, 3.1.3 and 4; MODBUS over Serial Line V1.02, 2.4 and 2.5.
"""

from __future__ import annotations

import asyncio
import logging
import math
import struct
import termios
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, Self, assert_never, cast

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersResponse,
    WriteMultipleRegistersRequest,
)
from pymodbus.transaction import TransactionManager
from pymodbus.transport import CommParams, CommType
from pymodbus.transport.serialtransport import SerialTransport

from plc.patience import Patience
from plc.portions import TurnPortions
from plc.wires import RtuOverTcp, Serial, Tcp, Tls, Wire

IDLE_S = 0.4
"""A connection that its peer ends after such a silence was idle to it: the next request makes another."""
_ITSELF = (0, 255)
"""Units by which a device on TCP means itself. Source: Messaging on TCP/IP, 4.4.2.1."""
_HELD_MOST, _HELD_MOST_RTU = 2_048, 512
"""Octets that are looked through: several answers; without numbers one, behind the request as adapters echo it."""
_PORTION = 512
"""Octets that are taken in one turn of the loop: more than an answer has."""
_TCP_LEAST, _TCP_MOST = 2, 254
_FUNCTIONS = (1, 2, 3, 4, 5, 6, 15, 16, 22, 23)
_READ_WRITE = 23
_OF_REGISTERS = (3, 4, _READ_WRITE)
_WORDS = tuple(struct.Struct(f">{count}H") for count in range(128))
_THEIR_OWN_ANSWER = (5, 6, 22)
_HEADER = struct.Struct(">HHHB")
"""Of a frame on TCP: number, 0, how many octets follow, and the first of them, the unit. Source: 3.1.3."""
_EARLY_S = 0.001
"""Time limits are kept to so much: uvloop rounds to it."""

# Every fault is raised; without a handler here an unconfigured program would print them as well.
logging.getLogger("pymodbus.logging").addHandler(logging.NullHandler())


class AnswerError(ValueError):
    """An answer that is none to what was asked."""


class WriteRegisters(WriteMultipleRegistersRequest):
    """Function 16, packed at once: the library packs word by word. Source: 6.12."""

    def encode(self) -> bytes:
        return struct.pack(f">HHB{self.count}H", self.address, self.count, 2 * self.count, *self.registers)


class _Registers(ReadHoldingRegistersResponse):
    """An answer that holds registers; of a poll nothing else is looked at."""

    def __init__(self, registers: Sequence[int]) -> None:
        self.registers = registers


class _Messages(DecodePDU):
    """Unpacks registers at once; the library does it word by word, and words them for its log although that is off.

    Source: 6.3, 6.4 and 6.17.
    """

    def decode(self, frame: bytes) -> ModbusPDU | None:
        if frame[0] not in _OF_REGISTERS:
            return super().decode(frame)
        if len(frame) < 2 or len(frame) < 2 + frame[1]:
            return None
        return _Registers(list(_WORDS[frame[1] // 2].unpack_from(frame, 2)))


_MESSAGES = _Messages(False)


class RequestPdu(NamedTuple):
    """A message to a unit, encoded once however often it is sent. ``octets``: its function and what follows."""

    unit: int
    function: int
    octets: bytes

    @classmethod
    def of(cls, message: ModbusPDU) -> Self:
        """As the library encodes it. Raises ValueError where a field is out of range."""
        return cls(message.dev_id, message.function_code, bytes((message.function_code,)) + message.encode())

    @classmethod
    def read_write(cls, unit: int, read_first: int, read_count: int, first: int, words: Sequence[int]) -> Self:
        """Function 23: writes registers, then reads others. Raises struct.error where a word has no 16 bits.

        The library's message has a field for each of these, and takes longer to make than all the rest of a poll.
        Source: 6.17.
        """
        head = _READ_WRITE, read_first, read_count, first, len(words), 2 * len(words)
        return cls(unit, _READ_WRITE, struct.pack(f">BHHHHB{len(words)}H", *head, *words))


class _TcpFrames(FramerSocket):
    """Passes over what is no frame, octet by octet; the library waits for its end."""

    def decode(self, data: bytes) -> tuple[int, int, int, bytes]:
        at, last = 0, len(data) - self.MIN_SIZE
        while at <= last and (
            data[at + 2] or data[at + 3] or not _TCP_LEAST <= data[at + 4] << 8 | data[at + 5] <= _TCP_MOST
        ):
            at += 1
        return (at, 0, 0, b"") if at else super().decode(data)


class _RtuFrames(FramerRTU):
    """Finds an answer behind noise, or behind the request as adapters echo it; the library throws all of it away.

    Passes over where none can begin, or a flood in small pieces has a thousand checksums computed anew for each.
    """

    def decode(self, data: bytes) -> tuple[int, int, int, bytes]:
        ends = max(0, len(data) - self.MIN_SIZE)
        begun = ends
        for at in range(ends):
            if data[at + 1] & 0x7F not in _FUNCTIONS:
                continue
            rest = data[at:]
            answer = self.decoder.lookupPduClass(rest)
            size = answer.calculateRtuFrameSize(rest) if answer is not None else 0
            if 0 < size <= len(rest) and self.check_CRC(rest[: size - 2], int.from_bytes(rest[size - 2 : size])):
                return at + size, rest[0], 0, rest[1 : size - 2]
            if not 0 < size <= len(rest):
                begun = min(begun, at)
        return begun, 0, 0, b""


class _Asked(NamedTuple):
    request: RequestPdu
    answer: asyncio.Future[ModbusPDU]
    any_unit: bool
    until_s: float


class Connection(TransactionManager):
    """One connection for as long as it lasts. ``lost``: why it is over; ``quietly``: that is no reason to worry.

    ``numbered``: answers have the number of their request. ``heard_s``: loop time of the newest frame, or of the
    beginning. ``odd``: what came that nobody asked for. Raises PlcError of a TLS context.
    """

    def __init__(self, wire: Wire) -> None:
        self.numbered = self._on_tcp = isinstance(wire, Tcp | Tls)
        frames = (_TcpFrames if self._on_tcp else _RtuFrames)(_MESSAGES)
        super().__init__(_parameters(wire), frames, 0, False, None, None, None)
        if isinstance(wire, Tls):
            # Its TLS frames take whatever arrives at once for one, and it has no key for the name in a certificate.
            self.call_create = partial(
                self.loop.create_connection,
                self.handle_new_connection,
                wire.host,
                wire.port,
                ssl=wire.context(),
                server_hostname=wire.server_name or wire.host,
            )
        self._asked: dict[int, _Asked] = {}
        self._echo = b""
        self._limit: asyncio.TimerHandle | None = None
        self._limit_s = math.inf
        self.heard_s = self.loop.time()
        self.lost = ""
        self.quietly = False
        self.odd = ""

    async def open(self, limit_s: float) -> None:
        """Makes it. Raises OSError, and TimeoutError where it takes too long."""
        try:
            async with asyncio.timeout(limit_s):
                self.transport, _ = await self.call_create()
                # The library sets a serial line up a turn later, and would fail where it is closed before.
                await asyncio.sleep(0)
        except termios.error as error:
            raise OSError(*error.args) from error
        except UnicodeError as error:
            raise OSError("no host has such a name: each of its parts has 1 to 63 characters") from error
        except BaseException as error:
            self.end("not connected", quietly=True)
            if isinstance(error, ValueError) and not isinstance(error, OSError):  # a baud rate that the line has not
                raise OSError(str(error)) from error
            raise

    def end(self, reason: str, *, quietly: bool) -> None:
        """Ends it; who waits for an answer hears why."""
        if not self.lost:
            self.lost, self.quietly = reason, quietly
        for asked in self._asked.values():
            if not asked.answer.done():
                asked.answer.set_exception(ConnectionError(self.lost))
        if self._limit is not None:
            self._limit.cancel()
        self._limit, self._limit_s = None, math.inf
        self.close()

    def callback_disconnected(self, exc: Exception | None) -> None:  # noqa: ARG002  the library gives it by this name
        self.end("the PLC closed the connection", quietly=self.loop.time() - self.heard_s >= IDLE_S)

    async def ask(self, request: RequestPdu, patience: Patience, *, any_unit: bool) -> ModbusPDU:
        """The answer, waited for as long as ``patience`` says. Raises ConnectionError, TimeoutError, AnswerError."""
        if self.lost or self.transport.is_closing():
            await asyncio.sleep(0)  # it is told of its end in a moment
            raise ConnectionError(self.lost or "the PLC closed the connection")
        number = self.getNextTID()
        if not self._asked:
            self.recv_buffer = b""
        answer: asyncio.Future[ModbusPDU] = self.loop.create_future()
        asked_s, limit_ms = self.loop.time(), patience.limit_ms
        until_s = asked_s + limit_ms / 1000
        self._asked[number] = _Asked(request, answer, any_unit, until_s)
        if until_s < self._limit_s:
            self._look_at(until_s)
        try:
            octets, unit = request.octets, request.unit
            if self._on_tcp:
                frame = _HEADER.pack(number, 0, len(octets) + 1, unit) + octets
            else:
                frame = self.framer.encode(octets, unit, number)
            self._echo = b"" if self.numbered or request.function in _THEIR_OWN_ANSWER else frame
            self.transport.write(frame)  # type: ignore[attr-defined]
            reply = await answer
        except TimeoutError as error:
            patience.silent()
            raise TimeoutError(f"no answer within {limit_ms} ms by unit {request.unit}") from error
        else:
            patience.answered((self.heard_s - asked_s) * 1000)
            return reply
        finally:
            del self._asked[number]

    def _look_at(self, until_s: float) -> None:
        """One timer sees to the limits of all requests, as nearly all are answered long before."""
        if self._limit is not None:
            self._limit.cancel()
        self._limit, self._limit_s = self.loop.call_at(until_s, self._look), until_s

    def _look(self) -> None:
        self._limit, self._limit_s = None, math.inf
        due_s = self.loop.time() + _EARLY_S
        waiting = [asked for asked in self._asked.values() if not asked.answer.done()]
        for asked in waiting:
            if asked.until_s <= due_s:
                asked.answer.set_exception(TimeoutError)
        if later := [asked.until_s for asked in waiting if asked.until_s > due_s]:
            self._look_at(min(later))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A serial line brings no more than a thousand octets a turn by itself, and cannot be held up."""
        self._take: Callable[[bytes], object] = self._took
        if not isinstance(transport, SerialTransport):
            self._take = TurnPortions(cast("asyncio.Transport", transport), _PORTION, self._took).came
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """What came."""
        self._take(data)

    def _took(self, data: bytes) -> None:
        """Every answer that is whole now: the library takes one, and forgets two that came in one piece."""
        if self._on_tcp and not self.recv_buffer and not self._echo and len(data) > _HEADER.size:
            number, protocol, size, unit = _HEADER.unpack_from(data)
            if not protocol and size == len(data) - 6 and size <= _TCP_MOST:  # one answer and nothing else, as ever
                self._came(unit, number, data[7:])
                return
        data = (self.recv_buffer + data)[-(_HELD_MOST if self._on_tcp else _HELD_MOST_RTU) :]
        if self._echo and data.startswith(self._echo):  # adapters hear what they say; to a checksum it may look right
            data, self._echo = data[len(self._echo) :], b""
        while data and not self._echo.startswith(data):  # else the rest of it is to come
            used, unit, number, frame = self.framer.decode(data)
            if not used:
                break
            data = data[used:]
            if frame:
                self._came(unit, number, frame)
        self.recv_buffer = data

    def _came(self, unit: int, number: int, frame: bytes) -> None:
        self.heard_s = self.loop.time()
        if number == 0 and len(self._asked) == 1:  # without numbers, as on a serial line; some devices give none on TCP
            self.numbered = False
            (number,) = self._asked
        asked = self._asked.get(number)
        if asked is None:
            if self.numbered and not 0 < number <= self.next_tid:  # else it is late
                self.odd = f"an answer to request {number} came in place of one to {self.next_tid}"
            return
        request, answer, any_unit, _ = asked
        function = frame[0] & 0x7F
        if answer.done() or (function != request.function and not self.numbered):
            return
        if request.unit and unit != request.unit and not (any_unit and unit in _ITSELF):
            more = ": any_unit = true takes it" if unit in _ITSELF else ""
            answer.set_exception(AnswerError(f"unit {unit} answered in place of unit {request.unit}{more}"))
        elif function != request.function:
            answer.set_exception(AnswerError(f"function {function} in place of {request.function}"))
        elif (message := self.framer.decoder.decode(frame)) is None:
            answer.set_exception(AnswerError(f"{len(frame)} octets are no answer to function {function}"))
        else:
            answer.set_result(message)


def _parameters(wire: Wire) -> CommParams:
    match wire:
        case Tcp(host, port) | Tls(host, port) | RtuOverTcp(host, port):
            # Its serial client takes socket:// too, but there pyserial connects, and the whole loop waits for it.
            return CommParams(comm_type=CommType.TCP, host=host, port=port)
        case Serial(device, baud, parity, stop_bits):
            return CommParams(
                comm_type=CommType.SERIAL,
                host=device,
                baudrate=baud,
                bytesize=8,
                parity=parity.value,
                stopbits=stop_bits,
            )
        case _:
            assert_never(wire)
