#!/usr/bin/env bash
# The asyncio serial client of pymodbus stops the whole event loop for five seconds while it connects to socket://, whatever its timeout is.
#
# Packages: pymodbus==3.16.1, pyserial==3.5 (PyPI)
# Guess: AsyncModbusSerialClient takes "socket://host:port" for RTU behind a device server, and connects as all of asyncio does: others go on meanwhile, and
#   after timeout=0.25 it gives up.
# Behaviour: pyserial connects, blocking, with a limit of its own. While the device server is off nothing else in the process runs for 5 s, at every try.
#   AsyncModbusTcpClient with framer=FramerType.RTU speaks the same without that.
# Seen: 2026-11-29, Debian 12, Python 3.11.7; the "server that is off" is a listening socket whose queue is full, so that nobody answers

. "$(dirname "$0")/_tools"
pip_packages pymodbus==3.16.1 pyserial==3.5

"$python" -I - >"$saw" <<'PYTHON'
import asyncio
import logging
import socket
import time

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.framer import FramerType

logging.disable(logging.CRITICAL)
full = socket.create_server(("127.0.0.1", 0), backlog=0)
port = full.getsockname()[1]
waiting = [socket.socket() for _ in range(3)]
for one in waiting:
    one.setblocking(False)
    one.connect_ex(("127.0.0.1", port))


async def main():
    longest = 0

    async def others():
        nonlocal longest
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            longest = max(longest, time.monotonic() - began)

    ticking = asyncio.create_task(others())
    settings = {"timeout": 0.25, "retries": 0, "reconnect_delay": 0}
    for client in (
        AsyncModbusSerialClient(f"socket://127.0.0.1:{port}", **settings),
        AsyncModbusTcpClient("127.0.0.1", port=port, framer=FramerType.RTU, **settings),
    ):
        await asyncio.sleep(0.1)
        longest = 0
        connected = await client.connect()
        await asyncio.sleep(0.1)
        print(f"{type(client).__name__}: connected {connected}, others stood {'5 s' if longest > 4 else 'less than 1 s'}")
        client.close()
    ticking.cancel()


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
AsyncModbusSerialClient: connected False, others stood 5 s
AsyncModbusTcpClient: connected False, others stood less than 1 s
SEEN
