#!/usr/bin/env bash
# Registers that all exist cannot be read in one request from modbus_tk, where they lie in two blocks that touch.
#
# Packages: modbus_tk==1.1.5, pymodbus==3.16.1 (PyPI)
# Guess: a simulator or gateway has registers 0 to 9 and 10 to 19, so 8 to 11 can be read; exception 2, illegal data address,
#   is for what is not there (Modbus Application Protocol 1.1b3, 6.3).
# Behaviour: exception 2 for each request over the seam, as if registers were missing. A reader that tells holes by exception 2
#   finds one that is none, where whoever made the blocks happened to end one.
# Seen: 2026-11-29, Debian 12, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages modbus_tk==1.1.5 pymodbus==3.16.1

"$python" -I - >"$saw" <<'PYTHON'
import socket

from modbus_tk.defines import HOLDING_REGISTERS
from modbus_tk.modbus_tcp import TcpServer
from pymodbus.client import ModbusTcpClient

with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
server = TcpServer(port=port, address="127.0.0.1")
unit = server.add_slave(1)
for name, first in (("drives", 0), ("meters", 10)):
    unit.add_block(name, HOLDING_REGISTERS, first, 10)
    unit.set_values(name, first, list(range(first, first + 10)))
server.start()
client = ModbusTcpClient("127.0.0.1", port=port)
while not client.connect():  # its thread begins to listen
    pass
with client:
    for first, count in ((8, 2), (10, 2), (8, 4), (0, 20)):
        answer = client.read_holding_registers(first, count=count, device_id=1)
        said = f"exception {answer.exception_code}" if answer.isError() else answer.registers
        print(f"registers {first} to {first + count - 1}: {said}")
server.stop()
PYTHON

still_seen <<'SEEN'
registers 8 to 9: [8, 9]
registers 10 to 11: [10, 11]
registers 8 to 11: exception 2
registers 0 to 19: exception 2
SEEN
