"""One connection to a Modbus address, which all that is behind it share: mailboxes first, then points.

Public names: ModbusBus, Buses.

Many PLCs serve one connection only, or end the older of two. On TCP a request has a number, so that the answer to one
that was given up is told from the next; a serial line is left in peace until such an answer cannot come any more.

Source: MODBUS Messaging on TCP/IP V1.0b, 4; MODBUS over Serial Line V1.02, 2.4.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from contextlib import suppress

from pymodbus.pdu import ModbusPDU

from plc.modbus_transactions import Connection, RequestPdu
from plc.patience import Patience
from plc.wires import Wire

GRACE_S = 0.05
"""What is urgent waits so long for an answer to what is not; then it is asked beside it, if requests have numbers."""


class ModbusBus:
    """The connection to one address: made when the first comes who wants it, closed when the last has left.

    ``settle_s``: nothing is asked for so long after it was made.
    """

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.settle_s = 0.0
        self._connection: Connection | None = None
        self._users: set[Hashable] = set()
        self._opening = asyncio.Lock()
        self._taken = False
        self._urgent: deque[asyncio.Future[bool]] = deque()
        self._others: deque[asyncio.Future[bool]] = deque()
        self._quiet_s = 0.0  # loop time until which an answer may come that nobody waits for

    async def join(self, user: Hashable, limit_s: float) -> Connection:
        """The connection, made now where there is none.

        Raises OSError, and PlcError of a TLS context; TimeoutError where it takes too long.
        """
        self._users.add(user)
        try:
            async with self._opening:
                if self._connection is None or self._connection.lost:
                    await self._peace()
                    connection = Connection(self.wire)
                    await connection.open(limit_s)
                    self._connection = connection
                    try:
                        await asyncio.sleep(self.settle_s)
                    except asyncio.CancelledError:
                        self.reset("not connected")
                        raise
                return self._connection
        except BaseException:
            self.leave(user)
            raise

    def leave(self, user: Hashable) -> None:
        """The last who leaves closes the connection."""
        self._users.discard(user)
        if not self._users:
            self.reset("not connected")

    def reset(self, reason: str) -> None:
        """Ends the connection for all; the others make a new one with their next request."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.end(reason, quietly=True)

    async def ask(
        self, connection: Connection, request: RequestPdu, patience: Patience, *, urgent: bool, any_unit: bool
    ) -> ModbusPDU:
        """One request and its answer, in its turn. Raises ConnectionError, TimeoutError, AnswerError."""
        if self._taken:
            held = await self._turn(urgent, beside=urgent and connection.numbered)
        else:
            self._taken = held = True
        try:
            if self._quiet_s:
                await self._peace()
            return await connection.ask(request, patience, any_unit=any_unit)
        except BaseException:
            if not connection.numbered and not connection.lost:
                self._quiet_s = asyncio.get_running_loop().time() + patience.limit_ms / 1000
            raise
        finally:
            if held:
                self._pass_on()

    async def _peace(self) -> None:
        if (wait_s := self._quiet_s - asyncio.get_running_loop().time()) > 0:
            await asyncio.sleep(wait_s)
        self._quiet_s = 0.0

    async def _turn(self, urgent: bool, *, beside: bool) -> bool:
        """Waits for the turn; False = goes ``beside`` whose turn it is."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        queue = self._urgent if urgent else self._others
        queue.append(waiter)
        grace = loop.call_later(GRACE_S, _goes_beside, waiter) if beside else None
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.result():
                self._pass_on()
            raise
        finally:
            if grace is not None:
                grace.cancel()
            with suppress(ValueError):
                queue.remove(waiter)

    def _pass_on(self) -> None:
        for queue in (self._urgent, self._others):
            while queue:
                waiter = queue.popleft()
                if not waiter.done():
                    waiter.set_result(True)
                    return
        self._taken = False


class Buses:
    """The connections of a process, one for each address."""

    def __init__(self) -> None:
        self._buses: dict[Hashable, ModbusBus] = {}

    def to(self, wire: Wire) -> ModbusBus:
        """The one to this address."""
        return self._buses.setdefault((type(wire), str(wire)), ModbusBus(wire))


def _goes_beside(waiter: asyncio.Future[bool]) -> None:
    if not waiter.done():
        waiter.set_result(False)
