#!/usr/bin/env bash
# One value whose time is a whole second, and a server of asyncua can no longer read the history that it keeps in SQLite.
#
# Packages: asyncua==2.1.0 (PyPI) with aiosqlite, which it installs
# Guess: the source timestamp of a value is the device's, and many devices' clocks have seconds and no more; a value that was
#   written to the history without complaint is read from it.
# Behaviour: it is written, and from then on each reading of a time that it lies in is BadInternalError, for all its values. SQLite
#   has the time as text, without a fraction where that is nought, and the way back stumbles over the offset behind it.
# Seen: 2026-11-29, Debian 12, Python 3.11.7; asyncua on both ends

. "$(dirname "$0")/_tools"
pip_packages asyncua==2.1.0

"$python" -I - >"$saw" <<'PYTHON'
import asyncio
import logging
from datetime import datetime, timedelta, timezone

from asyncua import Client, Server, ua
from asyncua.server.history_sql import HistorySQLite

logging.disable(logging.CRITICAL)
EIGHT = datetime(2026, 11, 2, 8, tzinfo=timezone.utc)


async def main():
    storage = HistorySQLite("history.sql")
    await storage.init()
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    server.iserver.history_manager.set_storage(storage)
    node = await server.nodes.objects.add_variable(2, "parcel", 0, ua.VariantType.Int32)
    async with server:
        await server.historize_node_data_change(node, period=None, count=1000)
        port = server.bserver._server.sockets[0].getsockname()[1]
        async with Client(f"opc.tcp://127.0.0.1:{port}") as client:
            for parcel, seconds in enumerate((0.25, 1.5, 2, 3.5), 1):
                at = EIGHT + timedelta(seconds=seconds)
                value = ua.DataValue(ua.Variant(parcel, ua.VariantType.Int32), SourceTimestamp=at, ServerTimestamp=EIGHT.replace(microsecond=1))
                await node.write_value(value)
                await asyncio.sleep(1)
                try:
                    read = [value.Value.Value for value in await client.get_node(node.nodeid).read_raw_history(EIGHT, EIGHT + timedelta(minutes=1))]
                except ua.UaStatusCodeError as error:
                    read = type(error).__name__
                print(f"a value of 8:00:{seconds:05.2f} is written; the minute from 8:00 on: {read}")
            read = [value.Value.Value for value in await client.get_node(node.nodeid).read_raw_history(EIGHT, EIGHT + timedelta(seconds=1.9))]
            print(f"up to 8:00:01.90: {read}")


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
a value of 8:00:00.25 is written; the minute from 8:00 on: [1]
a value of 8:00:01.50 is written; the minute from 8:00 on: [1, 2]
a value of 8:00:02.00 is written; the minute from 8:00 on: BadInternalError
a value of 8:00:03.50 is written; the minute from 8:00 on: BadInternalError
up to 8:00:01.90: [1, 2]
SEEN
