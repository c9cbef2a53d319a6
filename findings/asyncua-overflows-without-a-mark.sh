#!/usr/bin/env bash
# Values that a server of asyncua throws away because the queue is full leave no mark, and the wrong ones are thrown away.
#
# Packages: asyncua==2.1.0 (PyPI)
# Guess: of ten values in a queue of three, between two publishings, the three newest come, the first of them with the overflow
#   bit (OPC UA Part 4, 5.13.1.5 and 7.39.1); with DiscardOldest off the two oldest and the newest, which has the bit.
# Behaviour: the three newest come both times, all plainly good. A host that asked for a queue in order to lose nothing, and looks
#   at the bit to know when it did, does not know; one that asked to keep the first values after a stop gets the last.
# Seen: 2026-11-29, Debian 12, Python 3.11.7; asyncua on both ends, and the client shows the status as it came

. "$(dirname "$0")/_tools"
pip_packages asyncua==2.1.0

"$python" -I - >"$saw" <<'PYTHON'
import asyncio
import logging

from asyncua import Client, Server, ua

logging.disable(logging.CRITICAL)


class Told:
    def __init__(self):
        self.values = asyncio.Queue()

    def datachange_notification(self, _node, value, data):
        self.values.put_nowait(f"{value} ({data.monitored_item.Value.StatusCode.value:#x})")


async def told(client, node, discard_oldest):
    listener = Told()
    subscription = await client.create_subscription(1000, listener)
    asked = ua.MonitoredItemCreateRequest()
    asked.ItemToMonitor.NodeId, asked.ItemToMonitor.AttributeId = node.nodeid, ua.AttributeIds.Value
    asked.MonitoringMode = ua.MonitoringMode.Reporting
    asked.RequestedParameters = ua.MonitoringParameters(ClientHandle=201, SamplingInterval=0, QueueSize=3, DiscardOldest=discard_oldest)
    await subscription.create_monitored_items([asked])
    await asyncio.wait_for(listener.values.get(), 10)
    for parcel in range(1, 11):
        await node.write_value(parcel, ua.VariantType.Int32)
    seen = [await asyncio.wait_for(listener.values.get(), 10) for _ in range(3)]
    await subscription.delete()
    return ", ".join(seen)


async def main():
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    node = await server.nodes.objects.add_variable(2, "parcel", 0, ua.VariantType.Int32)
    async with server:
        port = server.bserver._server.sockets[0].getsockname()[1]
        async with Client(f"opc.tcp://127.0.0.1:{port}") as client:
            for discard_oldest in (True, False):
                print(f"1 to 10 in a queue of 3, DiscardOldest {discard_oldest}: {await told(client, node, discard_oldest)}")


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
1 to 10 in a queue of 3, DiscardOldest True: 8 (0x0), 9 (0x0), 10 (0x0)
1 to 10 in a queue of 3, DiscardOldest False: 8 (0x0), 9 (0x0), 10 (0x0)
SEEN
