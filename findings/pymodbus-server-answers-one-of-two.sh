#!/usr/bin/env bash
# Of two requests that reach a server of pymodbus in one piece, the second is never answered.
#
# Packages: pymodbus==3.16.1 (PyPI)
# Guess: a Modbus TCP server answers every request; a client may have several open (Messaging on TCP/IP V1.0b, 4.2), and how TCP cuts
#   what it carries means nothing.
# Behaviour: the server takes one request of what arrived and leaves the rest in its buffer, which the answer to the first then empties.
#   Sent together, the second request is forgotten, and so is whatever stood behind it; sent one after the other, both are answered. A
#   client with two requests open, or a gateway in front of it, times out as soon as the server is a moment late.
# Seen: 2026-11-30, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages pymodbus==3.16.1

"$python" -I - >"$saw" <<'PYTHON'
import asyncio
import struct

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


def request(number):
    """Two holding registers from 0 on, of unit 1."""
    return struct.pack(">HHHBBHH", number, 0, 6, 1, 3, 0, 2)


async def answered(port, *pieces):
    """The numbers of the requests that are answered, until nothing comes for a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found = []
    for piece in pieces:
        writer.write(piece)
        try:
            while True:
                async with asyncio.timeout(1):
                    head = await reader.readexactly(6)
                    found.append(int.from_bytes(head[:2]))
                    await reader.readexactly(int.from_bytes(head[4:]))
        except TimeoutError:
            pass
    writer.close()
    await writer.wait_closed()
    return found


async def main():
    device = SimDevice(id=1, simdata=[SimData(0, count=10, values=7, datatype=DataType.REGISTERS)])
    server = ModbusTcpServer(device, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    port = server.transport.sockets[0].getsockname()[1]
    print("one after the other:", *await answered(port, request(1), request(2), request(3)))
    print("in one piece:", *await answered(port, request(1) + request(2) + request(3)))
    await server.shutdown()


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
one after the other: 1 2 3
in one piece: 1
SEEN
