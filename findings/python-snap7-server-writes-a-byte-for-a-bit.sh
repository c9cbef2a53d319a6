#!/usr/bin/env bash
# A bit that is written to the simulated S7 of python-snap7 3 replaces its byte; in version 2 it was a bit.
#
# Packages: python-snap7==3.3.0, python-snap7==2.0.2 (PyPI), nodes7@0.3.18 (npm)
# Guess: version 3 is the same server written anew in Python: a write of one bit (transport size 1) changes that bit, and several bits in
#   one request are each written, as on a PLC and as in version 2, which is the C library.
# Behaviour: the byte becomes 1 or 0, wherever in it the bit was: bit 3 switched on reads as bit 0, and the others are off.
#   Of two bits in one request the answer is an error. A client that was tested against it was tested against another PLC.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
npm_packages nodes7@0.3.18

cat >plc.py <<'PYTHON'
import ctypes
import logging
import socket
import sys

from snap7.server import Server
from snap7.type import SrvArea

logging.disable(logging.CRITICAL)
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
block = (ctypes.c_uint8 * 8)()
plc = Server()
plc.register_area(SrvArea.DB, 1, block)
plc.start(tcp_port=port)
print(port, flush=True)
sys.stdin.read()
plc.stop()
PYTHON

cat >client.js <<'JAVASCRIPT'
const { spawn } = require("child_process");
const nodes7 = require("nodes7");

const plc = spawn(process.argv[2], ["-I", "plc.py"], { stdio: ["pipe", "pipe", "inherit"] });
plc.on("exit", () => process.exit());
plc.stdout.once("data", async (port) => {
    const client = new nodes7({ silent: true });
    const write = (addresses, values) => new Promise((done) => client.writeItems(addresses, values, done));
    await new Promise((done) => client.initiateConnection({ host: "127.0.0.1", port: Number(port), rack: 0, slot: 1 }, done));
    client.addItems("DB1,BYTE0");
    for (const [before, addresses, values] of [
        [0b00000000, "DB1,X0.3", true],
        [0b11111111, "DB1,X0.3", false],
        [0b11111111, "DB1,X0.0", true],
        [0b00000000, ["DB1,X0.3", "DB1,X0.4"], [true, true]],
    ]) {
        await write("DB1,BYTE0", before);
        const bad = await write(addresses, values);
        const { "DB1,BYTE0": after } = await new Promise((done) => client.readAllItems((_, read) => done(read)));
        const [from, to] = [before, after].map((octet) => octet.toString(2).padStart(8, "0"));
        console.log(`python-snap7 ${process.argv[3]}: ${from}, then ${addresses} ${values}: ${to}${bad ? " and an error" : ""}`);
    }
    client.dropConnection(() => plc.stdin.end());
});
JAVASCRIPT

for version in 2.0.2 3.3.0; do
    pip_packages python-snap7==$version
    node client.js "$python" $version >>"$saw"
done

still_seen <<'SEEN'
python-snap7 2.0.2: 00000000, then DB1,X0.3 true: 00001000
python-snap7 2.0.2: 11111111, then DB1,X0.3 false: 11110111
python-snap7 2.0.2: 11111111, then DB1,X0.0 true: 11111111
python-snap7 2.0.2: 00000000, then DB1,X0.3,DB1,X0.4 true,true: 00011000
python-snap7 3.3.0: 00000000, then DB1,X0.3 true: 00000001
python-snap7 3.3.0: 11111111, then DB1,X0.3 false: 00000000
python-snap7 3.3.0: 11111111, then DB1,X0.0 true: 00000001
python-snap7 3.3.0: 00000000, then DB1,X0.3,DB1,X0.4 true,true: 00000001 and an error
SEEN
