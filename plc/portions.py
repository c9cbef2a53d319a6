"""What comes on a connection, so much in one turn of the loop, however much there is.

Public names: TurnPortions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class TurnPortions:
    """Gives on what comes on a connection, ``most`` octets a turn of the loop, and lets nothing more come meanwhile.

    Without it uvloop reads megabytes in one turn from a device that floods. What a connection that is over had left is
    dropped.
    """

    def __init__(self, transport: asyncio.Transport, most: int, take: Callable[[bytes], object]) -> None:
        self._transport = transport
        self._most = most
        self._take = take
        self._held = bytearray()
        self._waits = False

    def came(self, octets: bytes) -> None:
        """Takes what the transport brings."""
        if self._waits or len(octets) > self._most:
            self._held += octets
            if not self._waits:
                self._go_on()
        elif not self._transport.is_closing():
            self._take(octets)

    def _go_on(self) -> None:
        transport, waited = self._transport, self._waits
        portion = bytes(self._held[: self._most])
        del self._held[: self._most]
        if not transport.is_closing():
            self._take(portion)
        if transport.is_closing():
            self._held.clear()
            return
        self._waits = bool(self._held)
        if self._waits != waited:
            (transport.pause_reading if self._waits else transport.resume_reading)()
        if self._waits:
            asyncio.get_running_loop().call_soon(self._go_on)
