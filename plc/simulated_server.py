"""Modbus servers of simulated devices, at which every request is answered, in order, also of several in one piece.

Public names: TcpServer, TlsServer.

The library's own serve one request and forget what came behind it, since an answer empties what is received (3.16). A
controller that asks for points and mailbox at once heard nothing of one of them, where the simulator was late.

Source: MODBUS Messaging on TCP/IP V1.0b, 4.2: a client may have several transactions open.
"""

from __future__ import annotations

import asyncio
from collections import deque

from pymodbus.constants import ExcCodes
from pymodbus.exceptions import NoSuchIdException
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.server import ModbusTcpServer, ModbusTlsServer
from pymodbus.server.requesthandler import ServerRequestHandler


class _Handler(ServerRequestHandler):
    def __init__(self, owner: ModbusTcpServer) -> None:
        super().__init__(owner, owner.trace_packet, owner.trace_pdu, owner.trace_connect)  # type: ignore[no-untyped-call]  # untyped there
        self._requests: deque[ModbusPDU] = deque()
        self._serving: asyncio.Task[None] | None = None

    def callback_data(self, data: bytes, addr: tuple[str, int] | None = None) -> int:
        used = 0
        while used < len(data):
            more = super().callback_data(data[used:], addr)
            if not more:
                break
            used += more
            if self.last_pdu:
                self._requests.append(self.last_pdu)
        return used

    def handle_later(self) -> None:
        if self._requests and (self._serving is None or self._serving.done()):
            self._serving = self.loop.create_task(self._serve())

    async def _serve(self) -> None:
        while self._requests:
            request = self._requests.popleft()
            try:
                answer = await request.datastore_update(self.server.context, request.dev_id)
            except NoSuchIdException:
                answer = ExceptionResponse(request.function_code, ExcCodes.GATEWAY_NO_RESPONSE)
            answer.transaction_id, answer.dev_id = request.transaction_id, request.dev_id
            rest = self.recv_buffer
            self.server_send(answer, None)  # type: ignore[no-untyped-call]  # untyped there
            self.recv_buffer = rest


class TcpServer(ModbusTcpServer):
    """The library's, see above."""

    def callback_new_connection(self) -> ServerRequestHandler:
        return _Handler(self)


class TlsServer(ModbusTlsServer):
    """The same over TLS."""

    def callback_new_connection(self) -> ServerRequestHandler:
        return _Handler(self)
