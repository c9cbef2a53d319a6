#!/usr/bin/env bash
# One answer that comes too late makes mbpoll refuse every answer after it, although all come at once.
#
# Packages: mbpoll=1.4.11+dfsg-2, libmodbus5=3.1.6-2.1+deb12u1 (Debian 12)
# Guess: a poll that got no answer in time is lost, and the next ones are good again: Modbus TCP numbers its answers, so
#   the late one can be told from the one that is waited for and dropped.
# Behaviour: libmodbus compares the numbers, calls the late answer invalid, and leaves what is behind it to the next
#   request. From then on each poll finds the answer to the poll before. It mends itself only by a new connection.
# Seen: 2026-11-29, Debian 12. The server answers the first request after 2 s and all others at once.

. "$(dirname "$0")/_tools"
deb_packages mbpoll=1.4.11+dfsg-2 libmodbus5=3.1.6-2.1+deb12u1

python3 -I - >"$saw" <<'PYTHON'
import re
import socket
import subprocess
import threading
import time


def serve(listener, late_s):
    wire = listener.accept()[0]
    while request := wire.recv(260):
        time.sleep(late_s)
        late_s = 0
        wire.sendall(request[:4] + bytes.fromhex("0005") + request[6:8] + bytes.fromhex("02002A"))


for late_s in (0, 2):
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listener, late_s), daemon=True).start()
    port = str(listener.getsockname()[1])
    command = ["stdbuf", "-oL", "mbpoll", "-m", "tcp", "-p", port, "-r", "1", "-o", "1", "-l", "100", "127.0.0.1"]
    said = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as mbpoll:
        for line in mbpoll.stdout:
            if found := re.match(r"\[1\]:\s*(.*)|Read .* failed: (.*)", line):
                said.append(found[1] or found[2])
            if len(said) == 40:
                break
        mbpoll.terminate()
    print(f"first answer after {late_s} s: first poll {said[0]!r}, polls 21 to 40 {sorted(set(said[20:]))}")
PYTHON

still_seen <<'SEEN'
first answer after 0 s: first poll '42', polls 21 to 40 ['42']
first answer after 2 s: first poll 'Connection timed out', polls 21 to 40 ['Invalid data']
SEEN
