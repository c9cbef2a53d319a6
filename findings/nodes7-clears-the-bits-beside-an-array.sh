#!/usr/bin/env bash
# Two bits that nodes7 writes to an S7 as an array clear the other bits of their byte.
#
# Packages: nodes7@0.3.18 (npm), python-snap7==2.0.2 (PyPI, the server of libsnap7)
# Guess: DB1,X0.3.2 is an array of two bits from bit 3 on, and to write it changes these two, as its library reads these two, and as
#   to write the bits one by one does. Where S7 has no write for so few bits, the library reads the byte first or refuses.
# Behaviour: the byte is written whole, with 0 for each bit that is not in the array: permits, lamps and motors that share the byte go off,
#   and nothing is said. What crosses into the next byte clears the rest of that too. The bits themselves read back
#   as written, so a look at them shows nothing.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages python-snap7==2.0.2
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
block = (ctypes.c_uint8 * 8)(*[0xFF] * 8)
plc = Server()
plc.register_area(SrvArea.DB, 1, block)
plc.start(tcp_port=port)
print(port, flush=True)
for _ in sys.stdin:
    print(" ".join(f"{octet:08b}" for octet in block[:2]), flush=True)
    block[:] = [0xFF] * 8
plc.stop()
PYTHON

node - "$python" >"$saw" <<'JAVASCRIPT'
const { spawn } = require("child_process");
const { createInterface } = require("readline");
const nodes7 = require("nodes7");

(async () => {
    const plc = spawn(process.argv[2], ["-I", "-u", "plc.py"], { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: plc.stdout })[Symbol.asyncIterator]();
    const told = async () => (await lines.next()).value;
    const client = new nodes7({ silent: true });
    const port = Number(await told());
    await new Promise((done, failed) =>
        client.initiateConnection({ host: "127.0.0.1", port, rack: 0, slot: 1 }, (error) => (error ? failed(error) : done())));

    async function write(address, value) {
        const bad = await new Promise((done) => client.writeItems(address, value, done));
        client.addItems(address);
        const read = await new Promise((done) => client.readAllItems((_, values) => done(values)));
        client.removeItems();
        plc.stdin.write("\n");
        console.log(`${address} ${JSON.stringify(value)}: bad is ${bad}, reads ${JSON.stringify(Object.values(read))}, bytes 0 and 1: ${await told()}`);
    }

    console.log("all 16 bits of both bytes are on before each write; bit 0 stands at the right");
    await write("DB1,X0.3", false);
    await write("DB1,X0.3.2", [false, true]);
    await write("DB1,X0.3.2", [true, true]);
    await write("DB1,X0.6.3", [true, true, true]);
    await write(["DB1,X0.3", "DB1,X0.4"], [false, true]);
    client.dropConnection(() => plc.stdin.end());
    plc.on("exit", () => process.exit());
})();
JAVASCRIPT

still_seen <<'SEEN'
all 16 bits of both bytes are on before each write; bit 0 stands at the right
DB1,X0.3 false: bad is false, reads [false], bytes 0 and 1: 11110111 11111111
DB1,X0.3.2 [false,true]: bad is false, reads [[false,true]], bytes 0 and 1: 00010000 11111111
DB1,X0.3.2 [true,true]: bad is false, reads [[true,true]], bytes 0 and 1: 00011000 11111111
DB1,X0.6.3 [true,true,true]: bad is false, reads [[true,true,true]], bytes 0 and 1: 11000000 00000001
DB1,X0.3,DB1,X0.4 [false,true]: bad is false, reads [false,true], bytes 0 and 1: 11110111 11111111
SEEN
