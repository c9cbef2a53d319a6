#!/usr/bin/env bash
# A server of asyncua reports each value of an item that is to be sampled only until another item changes.
#
# Packages: asyncua==2.1.0 (PyPI)
# Guess: an item in mode Sampling is queued and not reported, until the item that triggers it is (OPC UA Part 4, 5.13.1.3 and
#   5.13.5): of a scale that trembles, one weight for each parcel. A server that cannot do this says BadServiceUnsupported
#   or revises the mode.
# Behaviour: it says Good and reports each value at once, as in mode Reporting.
# Seen: 2026-11-29, Debian 12, Python 3.11.7; asyncua on both ends

. "$(dirname "$0")/_tools"
pip_packages asyncua==2.1.0

"$python" -I - >"$saw" <<'PYTHON'
import asyncio
import logging

from asyncua import Client, Server, ua

logging.disable(logging.CRITICAL)


class Told:
    def __init__(self):
        self.values = []

    def datachange_notification(self, _node, value, _data):
        self.values.append(value)


async def main():
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    weight = await server.nodes.objects.add_variable(2, "weight", 0, ua.VariantType.Int32)
    async with server:
        port = server.bserver._server.sockets[0].getsockname()[1]
        async with Client(f"opc.tcp://127.0.0.1:{port}") as client:
            for mode in ua.MonitoringMode:
                await weight.write_value(0, ua.VariantType.Int32)
                told = Told()
                subscription = await client.create_subscription(100, told)
                asked = ua.MonitoredItemCreateRequest()
                asked.ItemToMonitor.NodeId, asked.ItemToMonitor.AttributeId = weight.nodeid, ua.AttributeIds.Value
                asked.MonitoringMode = mode
                asked.RequestedParameters = ua.MonitoringParameters(ClientHandle=201, SamplingInterval=0, QueueSize=10, DiscardOldest=True)
                (item,) = await subscription.create_monitored_items([asked])
                for grams in (501, 499, 500):
                    await weight.write_value(grams, ua.VariantType.Int32)
                    await asyncio.sleep(0.5)
                print(f"{mode.name}: {'created' if isinstance(item, int) else item}, reported {told.values}")
                await subscription.delete()


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
Disabled: created, reported []
Sampling: created, reported [0, 501, 499, 500]
Reporting: created, reported [0, 501, 499, 500]
SEEN
