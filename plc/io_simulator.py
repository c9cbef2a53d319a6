"""Simulated remote I/O: discrete inputs, coils and a counter behind a real Modbus server, without any program.

Public names: SimulatedIo.

Source: MODBUS Application Protocol V1.1b3, 6.1, 6.2, 6.4, 6.5 and 6.11.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from plc.driver import PlcError
from plc.simulated_server import TcpServer

BITS = 256
"""Inputs, and coils."""


class SimulatedIo:
    """One station on the network; any device id is answered.

    ``inputs()`` gives the discrete inputs as a mask, ``counts()`` the encoder, which stands high word first in input
    registers 0 and 1, its low word alone in register 2. ``coils(mask)`` is told what is written.
    """

    def __init__(
        self, name: str, inputs: Callable[[], int], counts: Callable[[], int], coils: Callable[[int], None]
    ) -> None:
        self.reads = 0
        self._name = name
        self._inputs = inputs
        self._counts = counts
        self._changed = coils
        self._coils = 0
        self._server: ModbusTcpServer | None = None

    @property
    def port(self) -> int:
        """The TCP port that is listened on; 0 before the start."""
        if self._server is None:
            return 0
        return int(cast(asyncio.Server, self._server.transport).sockets[0].getsockname()[1])

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens. Raises PlcError where the address cannot be listened on."""
        blocks = (
            [SimData(0, count=BITS // 16, datatype=DataType.BITS)],
            [SimData(0, count=BITS // 16, datatype=DataType.BITS)],
            [SimData(0, count=1, datatype=DataType.REGISTERS)],
            [SimData(0, count=3, datatype=DataType.REGISTERS)],
        )
        server = TcpServer(SimDevice(id=0, simdata=blocks, action=self._access), address=(host, port))
        try:
            await server.serve_forever(background=True)
        except RuntimeError as error:
            raise PlcError(f"{self._name}: cannot listen on {host}:{port}: address in use or not ours") from error
        self._server = server

    async def stop(self) -> None:
        """Closes every connection and the listener."""
        if self._server is not None:
            server, self._server = self._server, None
            await server.shutdown()  # type: ignore[no-untyped-call]  # untyped there

    async def _access(
        self,
        function_code: int,
        _start: int,
        address: int,
        _count: int,
        current_registers: list[int],
        set_values: Sequence[int] | Sequence[bool] | None,
    ) -> ExcCodes | None:
        """Called by the server before each access."""
        match function_code:
            case 2:
                self.reads += 1
                inputs = self._inputs()
                current_registers[:] = [inputs >> 16 * index & 0xFFFF for index in range(len(current_registers))]
            case 4:
                counts = self._counts()
                current_registers[:3] = [counts >> 16 & 0xFFFF, counts & 0xFFFF, counts & 0xFFFF]
            case _:
                if set_values is not None and function_code in (5, 15):
                    for at, value in enumerate(set_values, address):
                        bit = 1 << at
                        self._coils = self._coils | bit if value else self._coils & ~bit
                    self._changed(self._coils)
        return None
