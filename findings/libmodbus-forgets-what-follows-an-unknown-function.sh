#!/usr/bin/env bash
# A server on libmodbus that does not know one function leaves the requests behind it without an answer.
#
# Packages: libmodbus5=3.1.6-2.1+deb12u1 (Debian 12)
# Guess: who asks for the device identification (function 43) of a server without one gets exception 1, and the two
#   reads that were sent with it get their values, as two reads behind an unknown register do.
# Behaviour: libmodbus waits for half a second, its own response timeout, then throws away all that has come meanwhile,
#   and only then says exception 1. The reads are never answered; nobody else is served during that half second either.
# Seen: 2026-11-29, Debian 12. Several requests may be under way on one connection (MODBUS Messaging on TCP/IP V1.0b, 4.2).

. "$(dirname "$0")/_tools"
deb_packages libmodbus5=3.1.6-2.1+deb12u1

python3 -I - >"$saw" <<'PYTHON'
import ctypes
import socket
import struct
import threading

library = ctypes.CDLL("libmodbus.so.5")
library.modbus_new_tcp.restype = library.modbus_mapping_new.restype = ctypes.c_void_p
context = ctypes.c_void_p(library.modbus_new_tcp(b"127.0.0.1", 0))
tables = ctypes.c_void_p(library.modbus_mapping_new(8, 8, 8, 8))
listener = ctypes.c_int(library.modbus_tcp_listen(context, 1))
port = socket.fromfd(listener.value, socket.AF_INET, socket.SOCK_STREAM).getsockname()[1]


def serve():
    library.modbus_tcp_accept(context, ctypes.byref(listener))
    request = ctypes.create_string_buffer(260)
    while (length := library.modbus_receive(context, request)) >= 0:
        if length:
            library.modbus_reply(context, request, length, tables)


threading.Thread(target=serve, daemon=True).start()
wire = socket.create_connection(("127.0.0.1", port))
wire.settimeout(3)
reads = [bytes.fromhex("0300000001"), bytes.fromhex("0300010001")]
for what, first in (("register 99", bytes.fromhex("0300630001")), ("identification", bytes.fromhex("2B0E0100"))):
    requests = [first, *reads]
    wire.sendall(b"".join(struct.pack(">HHHB", n, 0, len(pdu) + 1, 1) + pdu for n, pdu in enumerate(requests)))
    answers = []
    while len(answers) < len(requests):
        try:
            number, _, length = struct.unpack(">HHH", wire.recv(6, socket.MSG_WAITALL))
        except TimeoutError:
            break
        answers.append(f"{number}: {wire.recv(length, socket.MSG_WAITALL)[1:].hex()}")
    print(f"{what} and two reads: {', '.join(answers)}")
PYTHON

still_seen <<'SEEN'
register 99 and two reads: 0: 8302, 1: 03020000, 2: 03020000
identification and two reads: 0: ab01
SEEN
