#!/usr/bin/env bash
# Past the end of its map a server of jsmodbus answers with fewer values than asked, and pymodbus makes coils that are off of it.
#
# Packages: jsmodbus==5.0.0 (npm), pymodbus==3.16.1 (PyPI)
# Guess: two registers from the last address of a map on are exception 2, illegal data address (Modbus Application Protocol
#   1.1b3, 6.1 and 6.3), and so are eight coils from the last two on.
# Behaviour: the server sends what is left, down to no register at all, as a good answer. pymodbus and jsmodbus' own client
#   take it: half a 32 bit value, and six coils that no machine has, all off. Writes past the end are exception 2.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages pymodbus==3.16.1
npm_packages jsmodbus@5.0.0

cat >server.js <<'JAVASCRIPT'
const net = require("net");
const { client, server } = require("jsmodbus");

const listener = net.createServer();
const registers = Buffer.alloc(200);
registers.writeUInt16BE(1099, 198);
new server.TCP(listener, { holding: registers, coils: Buffer.alloc(100, 0xff) });
listener.listen(0, "127.0.0.1", () => console.log(listener.address().port));

const socket = new net.Socket();
const reader = new client.TCP(socket, 1);
process.stdin.once("end", process.exit).once("data", () => {
  socket.connect(listener.address());
  socket.once("connect", async () => {
    const { response } = await reader.readHoldingRegisters(99, 2);
    console.log("jsmodbus: 2 registers from 99:", response.body.valuesAsArray);
    process.exit();
  });
});
JAVASCRIPT
coproc node server.js
read -r -t 60 port <&"${COPROC[0]}"

"$python" -I - "$port" >"$saw" <<'PYTHON'
import sys

from pymodbus.client import ModbusTcpClient

with ModbusTcpClient("127.0.0.1", port=int(sys.argv[1])) as client:
    for address, count in ((99, 1), (99, 2), (100, 2)):
        answer = client.read_holding_registers(address, count=count)
        print(f"pymodbus: {count} registers from {address}: error {answer.isError()}, {answer.registers}")
    answer = client.read_coils(798, count=8)
    print(f"pymodbus: 8 coils from 798, all on: error {answer.isError()}, {answer.bits}")
    print("pymodbus: 2 registers written from 99: exception", client.write_registers(99, [1, 2]).exception_code)
PYTHON
echo >&"${COPROC[1]}"
read -r -t 60 line <&"${COPROC[0]}"
echo "$line" >>"$saw"

still_seen <<'SEEN'
pymodbus: 1 registers from 99: error False, [1099]
pymodbus: 2 registers from 99: error False, [1099]
pymodbus: 2 registers from 100: error False, []
pymodbus: 8 coils from 798, all on: error False, [True, True, False, False, False, False, False, False]
pymodbus: 2 registers written from 99: exception 2
jsmodbus: 2 registers from 99: [ 1099 ]
SEEN
