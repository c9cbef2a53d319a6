#!/usr/bin/env bash
# A server of modbus-serial says that two registers were written, although its own program refused the second.
#
# Packages: modbus-serial==8.0.25 (npm), pymodbus==3.16.1 (PyPI)
# Guess: a program that refuses a register, by an error with a modbusErrorCode or a promise that fails with one, refuses the request,
#   whichever of its registers it was: exception 2 (Modbus Application Protocol 1.1b3, 6.12).
# Behaviour: whichever register is through first decides, and the errors of the others are dropped. Of errors that are thrown that is
#   the first register, of promises one that was taken: a good answer, with a register that was not written. Those behind a
#   refused one are written whatever the answer is. Coils are refused as guessed, and so is what goes to setRegisterArray. So a
#   simulated PLC whose map ends inside a block says yes, where the real one says no.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
npm_packages modbus-serial@8.0.25
pip_packages pymodbus==3.16.1

cat >server.js <<'JAVASCRIPT'
const { ServerTCP } = require("modbus-serial");

const words = Array(200).fill(0);
function set(address, value) {
  if (address === 100) throw { modbusErrorCode: 2 };
  words[address] = Number(value);
}
const thrown = { setRegister: (address, value) => set(address, value), setCoil: (address, value) => set(address, value) };
const promised = { setRegister: async (address, value) => set(address, value), setCoil: async (address, value) => set(address, value) };
for (const [way, program] of [thrown, promised].entries()) {
  const vector = { getHoldingRegister: (address) => words[address], ...program };
  const server = new ServerTCP(vector, { host: "127.0.0.1", port: process.argv[2 + way], unitID: 1 });
  server.on("initialized", () => console.log("ready"));
}
process.stdin.on("end", process.exit).resume();
JAVASCRIPT
free="import socket; found = [socket.create_server(('127.0.0.1', 0)) for _ in range(2)]; print(*(one.getsockname()[1] for one in found))"
read -r thrown promised <<<"$("$python" -I -c "$free")"
coproc node server.js "$thrown" "$promised"
for _ in thrown promised; do read -r -t 60 <&"${COPROC[0]}"; done

"$python" -I - "$thrown" "$promised" >"$saw" <<'PYTHON'
import sys

from pymodbus.client import ModbusTcpClient


def said(answer):
    return f"exception {answer.exception_code}" if answer.isError() else "written"


for way, port in zip(("thrown", "promised"), sys.argv[1:], strict=True):
    with ModbusTcpClient("127.0.0.1", port=int(port)) as client:
        client.write_registers(98, [0, 0])
        client.write_register(101, 0)
        print(f"{way}: register 100, which is refused: {said(client.write_register(100, 1))}")
        for first in (98, 99, 100):
            answer = client.write_registers(first, [first + 1000] * 2)
            values = [client.read_holding_registers(address, count=1).registers[0] for address in (98, 99, 100, 101)]
            print(f"{way}: registers {first} and {first + 1}: {said(answer)}, 98 to 101 are {values}")
        print(f"{way}: coils 99 and 100: {said(client.write_coils(99, [True, True]))}")
PYTHON
exec {COPROC[1]}>&-

still_seen <<'SEEN'
thrown: register 100, which is refused: exception 2
thrown: registers 98 and 99: written, 98 to 101 are [1098, 1098, 0, 0]
thrown: registers 99 and 100: written, 98 to 101 are [1098, 1099, 0, 0]
thrown: registers 100 and 101: exception 2, 98 to 101 are [1098, 1099, 0, 1100]
thrown: coils 99 and 100: exception 2
promised: register 100, which is refused: exception 2
promised: registers 98 and 99: written, 98 to 101 are [1098, 1098, 0, 0]
promised: registers 99 and 100: written, 98 to 101 are [1098, 1099, 0, 0]
promised: registers 100 and 101: written, 98 to 101 are [1098, 1099, 0, 1100]
promised: coils 99 and 100: exception 2
SEEN
