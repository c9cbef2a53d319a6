#!/usr/bin/env bash
# A server of node-opcua takes three numbers for a variable that holds one, and one number for an array.
#
# Packages: node-opcua-server==2.182.2 (npm), asyncua==2.1.0 (PyPI)
# Guess: a write that does not fit is BadTypeMismatch (OPC UA part 4, 5.10.4): by its type, as Int16 for an Int32, and by its rank as well,
#   which the server tells of each variable (ValueRank -1, a scalar; 1, an array).
# Behaviour: the type is looked at, the rank is not. The variable says ValueRank -1 and holds an array from then on; every client that
#   reads a number gets a list. An array that became a number refuses the write of one element, and has no length any more.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
npm_packages node-opcua-server@2.182.2
pip_packages asyncua==2.1.0

cat >server.js <<'JAVASCRIPT'
const { OPCUAServer } = require("node-opcua-server");
const { DataType, VariantArrayType } = require("node-opcua-variant");

async function main() {
  const server = new OPCUAServer({ host: "127.0.0.1", port: Number(process.argv[2]) });
  await server.initialize();
  const { addressSpace } = server.engine;
  const add = (name, value, valueRank) =>
    addressSpace.getOwnNamespace().addVariable({
      organizedBy: addressSpace.rootFolder.objects, browseName: name, nodeId: `s=${name}`, dataType: "Int32", valueRank, value,
    });
  add("speed", { dataType: DataType.Int32, value: 1200 }, -1);
  add("lanes", { dataType: DataType.Int32, arrayType: VariantArrayType.Array, value: new Int32Array([1, 2, 3]) }, 1);
  await server.start();
  console.log("ready");
}
process.stdin.on("end", process.exit).resume();
main();
JAVASCRIPT
port=$("$python" -I -c "import socket; print(socket.create_server(('127.0.0.1', 0)).getsockname()[1])")
coproc HOME=$work XDG_CONFIG_HOME=$work node server.js "$port" 2>server.log
until [ "${line:-}" = ready ]; do read -r -t 120 line <&"${COPROC[0]}"; done

"$python" -I - "$port" >"$saw" <<'PYTHON'
import asyncio
import logging
import sys

from asyncua import Client, ua

logging.disable()


async def write(node, value, kind, index_range=None):
    what = ua.WriteValue(node.nodeid, ua.AttributeIds.Value, index_range, ua.DataValue(ua.Variant(value, kind)))
    (status,) = await node.session.write(ua.WriteParameters([what]))
    return status.name


async def main():
    async with Client(f"opc.tcp://127.0.0.1:{sys.argv[1]}") as client:
        short, whole = ua.VariantType.Int16, ua.VariantType.Int32
        for name, writes in (
            ("speed", ((900, short), (900, whole), ([7, 8, 9], whole))),
            ("lanes", (([4, 5], whole), ([6], whole, "1"), (3, whole), ([6], whole, "1"))),
        ):
            node = client.get_node(f"ns=1;s={name}")
            for value, kind, *index_range in writes:
                status = await write(node, value, kind, *index_range)
                rank = (await node.read_attribute(ua.AttributeIds.ValueRank)).Value.Value
                print(f"{name}, ValueRank {int(rank)}: {kind.name} {value} at {index_range or 'all'}: {status}, now {await node.read_value()}")


asyncio.run(main())
PYTHON

still_seen <<'SEEN'
speed, ValueRank -1: Int16 900 at all: BadTypeMismatch, now 1200
speed, ValueRank -1: Int32 900 at all: Good, now 900
speed, ValueRank -1: Int32 [7, 8, 9] at all: Good, now [7, 8, 9]
lanes, ValueRank 1: Int32 [4, 5] at all: Good, now [4, 5]
lanes, ValueRank 1: Int32 [6] at ['1']: Good, now [4, 6]
lanes, ValueRank 1: Int32 3 at all: Good, now 3
lanes, ValueRank 1: Int32 [6] at ['1']: BadTypeMismatch, now 3
SEEN
