"""A simulated PLC: the mailbox's PLC side behind a real Modbus server, scanned in a cycle.

Public names: SimulatedPlc.

Source: docs/plc-mailbox.md; MODBUS Application Protocol V1.1b3, 6.3, 6.6, 6.12, 6.17.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import cast

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from plc.driver import PlcError
from plc.packml import PackmlState
from plc.plc_side import PlcSide
from plc.points import Point, Table
from plc.simulated_faults import PlcFault, PlcFaults
from plc.simulated_points import PointMemory
from plc.simulated_server import TcpServer, TlsServer
from plc.wires import Serial
from plc.words import DOWN_WORDS, UP_1_WORDS, UP_WORDS, EventType, LaneChange, MailboxError, Opcode, serial_add

_OPEN_ROUTES = 4096
_ACCEPTED = 4
"""Turns of the loop in which a connection that was accepted becomes known."""
_TABLES = {
    **dict.fromkeys((1, 5, 15), Table.COIL),
    2: Table.DISCRETE,
    **dict.fromkeys((3, 6, 16, 22, 23), Table.HOLDING),
    4: Table.INPUT,
}
"""By function code."""


class SimulatedPlc:
    """One PLC on the network. UP stands at holding register ``up``, read only; DOWN at ``down``, written by anyone.

    UP shows the state at the end of the newest scan, whole. ``clock_ms`` is PLC time; ``monotonic_us`` times the
    reactions. ``on_scan`` is called with PLC time before each scan: there the floor moves and emits its events.
    Any device id is answered. ``points``: Modbus points that it has besides.
    """

    def __init__(
        self,
        name: str,
        side: PlcSide,
        clock_ms: Callable[[], int],
        scan_ms: int = 5,
        up: int = 0,
        down: int = 200,
        *,
        points: Iterable[Point] = (),
        on_scan: Callable[[int], None] | None = None,
        monotonic_us: Callable[[], int] = lambda: time.monotonic_ns() // 1000,
    ) -> None:
        if scan_ms < 1:
            raise ValueError(f"{name}: scan of {scan_ms} ms is below 1 ms")
        up_words = UP_1_WORDS if side.version == 1 else UP_WORDS
        if up < down + DOWN_WORDS and down < up + up_words:
            raise ValueError(f"{name}: UP at register {up} and DOWN at register {down} overlap")
        self.side = side
        self.points = PointMemory(points)
        """Its points beside the mailbox, for its owner to set; anyone may write them."""
        self.reactions_us: list[int] = []
        """From an INDUCTED shown in UP until its first ROUTE was handled, in order of handling."""
        self._name = name
        self._clock_ms = clock_ms
        self._scan_ms = scan_ms
        self._up_at = up
        self._down_at = down
        self._on_scan = on_scan
        self._monotonic_us = monotonic_us
        self._down = [0] * DOWN_WORDS
        self._taken: list[int] = []
        self._faults = PlcFaults()
        self._stalled = False  # the newest write was held: its answer is not sent
        self._up: list[int] = []
        self._shown = side.event_newest
        self._inducted_us: dict[int, int] = {}
        self._server: ModbusTcpServer | ModbusSerialServer | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._show()

    @property
    def port(self) -> int:
        """The TCP port that is listened on; 0 before the start, and on a serial line."""
        if self._server is None or isinstance(self._server, ModbusSerialServer):
            return 0
        listener = cast(asyncio.Server, self._server.transport)  # what create_server gave, of any event loop
        return int(listener.sockets[0].getsockname()[1])

    async def start(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        scanning: bool = True,
        tls: ssl.SSLContext | None = None,
        rtu: bool = False,
    ) -> None:
        """Listens, and scans every ``scan_ms`` unless ``scanning`` is False: then the owner calls ``scan``.

        ``rtu``: it speaks as behind a serial device server.

        Raises PlcError where the address cannot be listened on.
        """
        if tls is None:
            framer = FramerType.RTU if rtu else FramerType.SOCKET
            server: ModbusTcpServer = TcpServer(
                self._device(), address=(host, port), framer=framer, trace_packet=self._packet
            )
        else:
            # The library's own framer for TLS takes whatever arrives at once for one frame.
            server = TlsServer(
                self._device(),
                address=(host, port),
                sslctx=tls,
                framer=FramerType.SOCKET,
                trace_packet=self._packet,
            )
        await self._serve(server, f"cannot listen on {host}:{port}: address in use or not ours", scanning)

    async def start_serial(self, line: Serial, *, scanning: bool = True) -> None:
        """As ``start``, with Modbus RTU on a serial line."""
        server = ModbusSerialServer(
            self._device(),
            port=line.device,
            baudrate=line.baud,
            parity=line.parity.value,
            stopbits=line.stop_bits,
            reconnect_delay=0,
            trace_packet=self._packet,
        )
        await self._serve(server, f"{line.device} cannot be used", scanning)

    async def _serve(self, server: ModbusTcpServer | ModbusSerialServer, trouble: str, scanning: bool) -> None:
        try:
            await server.serve_forever(background=True)
        except RuntimeError as error:
            raise PlcError(f"{self._name}: {trouble}") from error
        self._server = server
        if scanning:
            self._due = asyncio.get_running_loop().time()
            self._tick()

    async def stop(self) -> None:
        """Closes every connection and the listener."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._server is not None:
            server, self._server = self._server, None
            if isinstance(server, ModbusTcpServer):
                await _accepted(cast(asyncio.Server, server.transport))
            await server.shutdown()  # type: ignore[no-untyped-call]  # untyped there

    def restart(self, side: PlcSide) -> None:
        """The PLC starts anew: another ``side``, DOWN cleared, every connection closed."""
        self.side = side
        self._shown = side.event_newest
        self._inducted_us.clear()
        self._down = [0] * DOWN_WORDS
        self._faults.forget()
        self._close_connections()
        self._show()

    def fault(self, fault: PlcFault, amount: int | None = None) -> None:
        """Something goes wrong from now on, or once. ``amount``: see ``AMOUNTS``; ValueError: not one of them."""
        amount = self._faults.begin(fault, amount)
        match fault:
            case PlcFault.RESET:
                self._close_connections()
                self.mend(fault)
            case PlcFault.RESTART:
                self.restart(self.side.anew())
                self.mend(fault)
            case PlcFault.LOST_CONFIRMATIONS:
                self.side.kept_back = frozenset({EventType.DIVERTED})
            case PlcFault.JAM:
                self.side.emit(EventType.JAM, station=amount, value=1)
            case PlcFault.LANE_FULL:
                self.side.emit(EventType.LANE, station=amount, value=LaneChange.FULL)
            case PlcFault.EMERGENCY_STOP:
                self._become(PackmlState.ABORTED)
            case _:
                pass

    def mend(self, fault: PlcFault | None = None) -> None:
        """That fault is over; None = all are."""
        for one in PlcFault if fault is None else (fault,):
            amount = self._faults.end(one, self._clock_ms())
            if amount is None:
                continue
            match one:
                case PlcFault.LOST_CONFIRMATIONS:
                    self.side.kept_back = frozenset()
                case PlcFault.JAM:
                    self.side.emit(EventType.JAM, station=amount, value=0)
                case PlcFault.LANE_FULL:
                    self.side.emit(EventType.LANE, station=amount, value=LaneChange.FREE)
                case PlcFault.EMERGENCY_STOP:
                    self._become(PackmlState.EXECUTE)
                case _:
                    pass

    @property
    def stands(self) -> bool:
        """Whether an emergency stop holds the machine."""
        return PlcFault.EMERGENCY_STOP in self._faults

    def _become(self, state: PackmlState) -> None:
        self.side.plc_state = state
        self.side.emit(EventType.STATE, value=state)

    def _close_connections(self) -> None:
        if self._server is not None:
            for connection in list(self._server.active_connections.values()):
                connection.close()

    @property
    def up_words(self) -> Sequence[int]:
        """UP as it is shown."""
        return self._up

    def take_down(self, words: Sequence[int]) -> None:
        """DOWN as somebody wrote it by another way than Modbus; the same again is no other write."""
        if list(words) != self._taken:
            self._taken = list(words)
            self._write_down(self._taken)

    def scan(self) -> None:
        """One scan: the floor moves, DOWN is obeyed, UP is shown."""
        now_ms = self._clock_ms()
        if self._on_scan is not None:
            self._on_scan(now_ms)
        if (held := self._faults.due(now_ms)) is not None:
            self._down = list(held)
        self.side.scan(self._down, now_ms)
        self._time_routes()
        self._show(scanned=True)

    def _tick(self) -> None:
        self.scan()
        loop = asyncio.get_running_loop()
        self._due = max(self._due + self._scan_ms / 1000, loop.time())
        self._timer = loop.call_at(self._due, self._tick)

    def _show(self, *, scanned: bool = False) -> None:
        """Shows UP, and notes the time of each INDUCTED that was not there before."""
        side = self.side
        self._up = side.up(self._clock_ms())
        if self._faults:
            self._faults.show(self._up, scanned)
        while self._shown != side.event_newest:
            self._shown = serial_add(self._shown, 1)
            try:
                event = side.event(self._shown)
            except MailboxError:
                continue  # a host acknowledged it before it was shown
            if event.type is EventType.INDUCTED:
                if len(self._inducted_us) >= _OPEN_ROUTES:
                    self._inducted_us.pop(next(iter(self._inducted_us)))
                self._inducted_us[event.track_id] = self._monotonic_us()

    def _time_routes(self) -> None:
        for sent in self.side.handled:
            if sent.command.opcode is Opcode.ROUTE:
                shown_us = self._inducted_us.pop(sent.command.value, None)
                if shown_us is not None:
                    self.reactions_us.append(self._monotonic_us() - shown_us)

    def _device(self) -> SimDevice:
        def block(table: Table, extra: Sequence[int] = ()) -> list[SimData]:
            kind = DataType.BITS if table.of_bits else DataType.REGISTERS
            used = [*self.points.addresses(table), *extra] or [0]
            return [SimData(min(used), count=max(used) - min(used) + 1, datatype=kind)]

        ends = (self._up_at, self._up_at + UP_WORDS - 1, self._down_at, self._down_at + DOWN_WORDS - 1)
        tables = (block(Table.COIL), block(Table.DISCRETE), block(Table.HOLDING, ends), block(Table.INPUT))
        return SimDevice(id=0, simdata=tables, action=self._access)

    async def _access(
        self,
        function_code: int,
        start_address: int,
        address: int,
        count: int,
        current_registers: list[int],
        set_values: Sequence[int] | Sequence[bool] | None,
    ) -> ExcCodes | None:
        """Called by the server before each access: shows the newest words, takes what is written.

        In tables of bits ``start_address`` and ``address`` count bits, ``count`` and ``current_registers`` are words.
        """
        if self._faults:
            await asyncio.sleep(self._faults.slow_s)
        table = _TABLES[function_code]
        if table.of_bits:
            return self._access_bits(table, start_address, address, count, current_registers, set_values)
        up = range(self._up_at, self._up_at + len(self._up))
        down = range(self._down_at, self._down_at + DOWN_WORDS)
        mailbox = table is Table.HOLDING
        shown = self.points.read(table, address, count)
        for at in range(address, address + count):
            if mailbox and at in up:
                shown[at - address] = self._up[at - up.start]
            elif mailbox and at in down:
                shown[at - address] = self._down[at - down.start]
            elif not self.points.has(table, at, 1):
                return ExcCodes.ILLEGAL_ADDRESS
        if set_values is not None:
            if mailbox and address < up.stop and up.start < address + count:
                return ExcCodes.ILLEGAL_ADDRESS
            written = list(self._down)
            for at, value in enumerate(set_values, address):
                if mailbox and at in down:
                    written[at - down.start] = int(value)
            if mailbox and address < down.stop and down.start < address + count:
                self._write_down(written)
                self._stalled = PlcFault.STALL in self._faults
            if not self._faults.unanswered:
                self.points.write(table, address, map(int, set_values))
        current_registers[address - start_address : address - start_address + count] = shown
        return None

    def _write_down(self, words: list[int]) -> None:
        if self._faults.written(words, self._clock_ms()):
            self._down = words

    def _packet(self, sending: bool, octets: bytes) -> bytes:
        """What really goes over the wire."""
        if not sending or not (self._faults.unanswered or self._stalled):
            return octets
        self._stalled = False
        return b""

    def _access_bits(
        self,
        table: Table,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        set_values: Sequence[int] | Sequence[bool] | None,
    ) -> ExcCodes | None:
        first = address - address % 16
        if set_values is not None:
            if not self.points.has(table, address, len(set_values)):
                return ExcCodes.ILLEGAL_ADDRESS
            self.points.write(table, address, map(int, set_values))
        bits = self.points.read(table, first, 16 * count)
        at = first // 16 - start
        registers[at : at + count] = [
            sum(bit << place for place, bit in enumerate(bits[word : word + 16])) for word in range(0, len(bits), 16)
        ]
        return None


async def _accepted(server: asyncio.Server) -> None:
    """Has no more come in, and what was accepted become a connection, which a server of Python 3.11 else forgets."""
    for listener in server.sockets:
        asyncio.get_running_loop().remove_reader(listener.fileno())
    for _ in range(_ACCEPTED):
        await asyncio.sleep(0)
