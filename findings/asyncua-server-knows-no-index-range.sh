#!/usr/bin/env bash
# One element of an array, written to a server of asyncua, replaces the whole array.
#
# Packages: asyncua==2.1.0 (PyPI)
# Guess: with IndexRange "1:2" a read gives two elements and a write changes two (OPC UA Part 4, 7.27), or the server says
#   BadWriteNotSupported or BadIndexRangeInvalid.
# Behaviour: IndexRange is not looked at, and the status is Good. A read gives all elements, and a write leaves nothing but
#   the elements that were written: of four words one is left, and the next reader finds another array length.
# Seen: 2026-11-29, Debian 12, Python 3.11.7; asyncua on both ends, and the client sends the range

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
    words = await server.nodes.objects.add_variable(2, "words", [10, 11, 12, 13], ua.VariantType.UInt16)
    await words.set_writable()
    async with server:
        port = server.bserver._server.sockets[0].getsockname()[1]
        async with Client(f"opc.tcp://127.0.0.1:{port}") as client:
            asked = ua.ReadValueId()
            asked.NodeId, asked.AttributeId, asked.IndexRange = words.nodeid, ua.AttributeIds.Value, "1:2"
            (read,) = await client.uaclient.read(ua.ReadParameters(NodesToRead=[asked]))
            print("read 1:2 of [10, 11, 12, 13]:", read.StatusCode.name, read.Value.Value)
            change = ua.WriteValue()
            change.NodeId, change.AttributeId, change.IndexRange = words.nodeid, ua.AttributeIds.Value, "2"
            change.Value = ua.DataValue(ua.Variant([99], ua.VariantType.UInt16))
            (status,) = await client.uaclient.write(ua.WriteParameters(NodesToWrite=[change]))
            print("write [99] at 2:", status.name, "- then", await client.get_node(words.nodeid).read_value())


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
read 1:2 of [10, 11, 12, 13]: Good [10, 11, 12, 13]
write [99] at 2: Good - then [99]
SEEN
