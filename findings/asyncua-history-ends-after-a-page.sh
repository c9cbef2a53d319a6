#!/usr/bin/env bash
# The history that a server of asyncua tells page by page ends after the first page.
#
# Packages: asyncua==2.1.0 (PyPI)
# Guess: who asks for at most four of ten values of an hour gets four and a continuation point, and with that the next four
#   (OPC UA Part 11, 6.5.3.2: when more is there than may be sent, a continuation point is returned). ReturnBounds adds the
#   values before and after the hour, or BadBoundNotSupported in their place.
# Behaviour: four values, Good, and no continuation point, which says that there are no more: a historian that reads in pages
#   has four of ten and takes the rest of the hour for standstill. Bounds are left out, and Good too.
# Seen: 2026-11-29, Debian 12, Python 3.11.7; asyncua on both ends, its history in memory; HistorySQLite answers the same

. "$(dirname "$0")/_tools"
pip_packages asyncua==2.1.0

"$python" -I - >"$saw" <<'PYTHON'
import asyncio
import logging
from datetime import datetime, timedelta, timezone

from asyncua import Client, Server, ua

logging.disable(logging.CRITICAL)
HOUR = datetime(2026, 11, 2, 8, tzinfo=timezone.utc)


async def main():
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    node = await server.nodes.objects.add_variable(2, "parcel", 0, ua.VariantType.Int32)
    async with server:
        await server.historize_node_data_change(node, period=None, count=1000)
        for parcel in range(12):
            at = HOUR + timedelta(minutes=6 * parcel - 3)
            await node.write_value(ua.DataValue(ua.Variant(parcel, ua.VariantType.Int32), SourceTimestamp=at, ServerTimestamp=at))
        port = server.bserver._server.sockets[0].getsockname()[1]
        async with Client(f"opc.tcp://127.0.0.1:{port}") as client:
            for most, bounds in ((0, False), (4, False), (0, True)):
                asked = ua.ReadRawModifiedDetails(
                    IsReadModified=False,
                    StartTime=HOUR,
                    EndTime=HOUR + timedelta(hours=1),
                    NumValuesPerNode=most,
                    ReturnBounds=bounds,
                )
                answer = await client.get_node(node.nodeid).history_read(asked)
                values = [value.Value.Value for value in answer.HistoryData.DataValues]
                print(f"at most {most or 'all'}{', with bounds' if bounds else ''}: {answer.StatusCode.name} {values}, continue at {answer.ContinuationPoint}")


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
at most all: Good [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], continue at None
at most 4: Good [1, 2, 3, 4], continue at None
at most all, with bounds: Good [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], continue at None
SEEN
