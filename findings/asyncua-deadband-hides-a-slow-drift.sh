#!/usr/bin/env bash
# A value that creeps is never told by a server of asyncua to who asked for a deadband.
#
# Packages: asyncua==2.1.0 (PyPI)
# Guess: an absolute deadband of 1 tells a value as soon as it is more than 1 away from the one that was told last (OPC UA
#   Part 4, 7.22.2 and Part 8, 6.2), so a belt's temperature that rises by 0.5 a minute is told every third minute.
# Behaviour: each value is compared with the one before it, told or not. In steps of 0.5 the value goes from 0 to 10 and
#   the client still has 0; a step of 2 is told.
# Seen: 2026-11-29, Debian 12, Python 3.11.7; asyncua on both ends, the server compares

. "$(dirname "$0")/_tools"
pip_packages asyncua==2.1.0

"$python" -I - >"$saw" <<'PYTHON'
import asyncio
import logging

from asyncua import Client, Server, ua

logging.disable(logging.CRITICAL)


class Told(asyncio.Queue):
    def datachange_notification(self, node, value, data):
        self.put_nowait(value)


async def main():
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    value = await server.nodes.objects.add_variable(2, "temperature", 0.0)
    async with server:
        port = server.bserver._server.sockets[0].getsockname()[1]
        async with Client(f"opc.tcp://127.0.0.1:{port}") as client:
            told = Told()
            subscription = await client.create_subscription(10, told)
            await subscription.deadband_monitor(client.get_node(value.nodeid), 1.0)
            print("at first:", await told.get())
            for step in range(1, 21):
                await value.write_value(step / 2)
                await asyncio.sleep(0.05)
            await value.write_value(12.0)
            print("after 0.5, 1.0, 1.5 ... 10.0 and 12.0:", await told.get())


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
at first: 0.0
after 0.5, 1.0, 1.5 ... 10.0 and 12.0: 12.0
SEEN
