#!/usr/bin/env bash
# A node id with the URI of its namespace, read by asyncua, is a node of the standard's own namespace.
#
# Packages: asyncua==2.1.0 (PyPI)
# Guess: "nsu=URI;i=2258" (OPC UA Part 6, 5.3.1.11) is resolved by the server's NamespaceArray, or refused where it is given.
# Behaviour: it is taken, the URI is kept and never looked up, and index 0 goes to the server. What is read under the PLC's
#   own number is the standard node of that number, with status Good: here the server's clock in place of a speed of 7.
#   A number or name that namespace 0 has not is BadNodeIdUnknown.
# Seen: 2026-11-29, Debian 12, Python 3.11.7; asyncua on both ends

. "$(dirname "$0")/_tools"
pip_packages asyncua==2.1.0

"$python" -I - >"$saw" <<'PYTHON'
import asyncio
import logging

from asyncua import Client, Server, ua

logging.disable(logging.CRITICAL)


async def main():
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    index = await server.register_namespace("urn:example:plc")
    for identifier in (2258, "speed"):
        await server.nodes.objects.add_variable(ua.NodeId(identifier, index), str(identifier), 7)
    async with server:
        port = server.bserver._server.sockets[0].getsockname()[1]
        async with Client(f"opc.tcp://127.0.0.1:{port}") as client:
            for text in (f"ns={index};i=2258", "nsu=urn:example:plc;i=2258", "nsu=urn:example:plc;s=speed"):
                node = client.get_node(text)
                value = await node.read_data_value(raise_on_bad_status=False)
                print(f"{text}: asks ns={node.nodeid.NamespaceIndex}: {value.StatusCode.name}, {type(value.Value.Value).__name__}")


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
ns=2;i=2258: asks ns=2: Good, int
nsu=urn:example:plc;i=2258: asks ns=0: Good, datetime
nsu=urn:example:plc;s=speed: asks ns=0: BadNodeIdUnknown, NoneType
SEEN
