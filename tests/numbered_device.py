"""A Modbus device that tells on its reader: register N holds N, bit N is the parity of N; what is written stays.

Public names: NumberedDevice.

Written from MODBUS Application Protocol V1.1b3 with nothing but the standard library.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Collection
from types import TracebackType


class NumberedDevice:
    """Addresses in ``missing`` do not exist; more than ``most`` registers in a request are refused with exception 3.

    ``asked``: every request so far as (function, first, count). ``mask`` False: function 22 is not served.
    """

    def __init__(self, missing: Collection[int] = (), most: int = 125, *, mask: bool = True) -> None:
        self.missing = frozenset(missing)
        self.most = most
        self.mask = mask
        self.asked: list[tuple[int, int, int]] = []
        self.written: dict[int, int] = {}
        self.coils: dict[int, int] = {}
        self.port = 0
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> NumberedDevice:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()

    def register(self, at: int) -> int:
        return self.written.get(at, at)

    def bit(self, at: int) -> int:
        return self.coils.get(at, at.bit_count() & 1)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                number, _, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
                pdu = await reader.readexactly(length - 1)
                answer = self.answer(pdu)
                writer.write(struct.pack(">HHHB", number, 0, len(answer) + 1, unit) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, pdu: bytes) -> bytes:
        """What it says to a request, both without what a transport adds."""
        function, first, count = struct.unpack(">BHH", pdu[:5])
        count = 1 if function in (5, 22) else count
        self.asked.append((function, first, count))
        if function in (3, 4, 16) and count > self.most:
            return bytes((function | 0x80, 3))
        if self.missing & set(range(first, first + count)) or first + count > 65_536:
            return bytes((function | 0x80, 2))
        if function in (1, 2):
            bits = sum(self.bit(first + at) << at for at in range(count))
            size = (count + 7) // 8
            return bytes((function, size)) + bits.to_bytes(size, "little")
        if function in (3, 4):
            words = [self.register(first + at) for at in range(count)]
            return struct.pack(f">BB{count}H", function, 2 * count, *words)
        if function == 15:
            bits = int.from_bytes(pdu[6:], "little")
            self.coils.update((first + at, bits >> at & 1) for at in range(count))
            return pdu[:5]
        if function == 16:
            self.written.update(zip(range(first, first + count), struct.unpack(f">{count}H", pdu[6:]), strict=True))
            return pdu[:5]
        if function == 22 and self.mask:
            keep, put = struct.unpack(">HH", pdu[3:7])
            self.written[first] = (self.register(first) & keep) | (put & ~keep)
            return pdu
        return bytes((function | 0x80, 1))
