#!/usr/bin/env bash
# A write that a server of uModbus refuses has changed the registers before the one that is missing.
#
# Packages: umodbus==1.0.4, pymodbus==3.16.1 (PyPI)
# Guess: exception 2 for three registers of which the last is not there says that nothing was done: addresses are checked
#   before anything is written (Modbus Application Protocol 1.1b3, 6.11 and 6.12).
# Behaviour: exception 2, and the first two hold the new values; coils as well. Who takes a refusal for "as it was" and writes
#   a setpoint of two words with a third behind it has half of it changed.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages umodbus==1.0.4 pymodbus==3.16.1

"$python" -I - >"$saw" <<'PYTHON'
import threading
from socketserver import TCPServer

from pymodbus.client import ModbusTcpClient
from umodbus.server.tcp import RequestHandler, get_server

server = get_server(TCPServer, ("127.0.0.1", 0), RequestHandler)
values = dict.fromkeys(range(50), 0)


@server.route(slave_ids=[1], function_codes=[1, 3, 15, 16], addresses=list(values))
def serve(slave_id, function_code, address, value=None):
    if value is None:
        return values[address]
    values[address] = value


threading.Thread(target=server.serve_forever, daemon=True).start()
with ModbusTcpClient("127.0.0.1", port=server.server_address[1]) as client:
    for what, write, read, new in (
        ("registers", client.write_registers, client.read_holding_registers, [7, 8, 9]),
        ("coils", client.write_coils, client.read_coils, [True, True, True]),
    ):
        values.update({48: 0, 49: 0})
        answer = write(48, new, device_id=1)
        print(f"{what} 48 to 50, of 0 to 49: exception {answer.exception_code}, then", values[48], values[49])
PYTHON

still_seen <<'SEEN'
registers 48 to 50, of 0 to 49: exception 2, then 7 8
coils 48 to 50, of 0 to 49: exception 2, then 1 1
SEEN
