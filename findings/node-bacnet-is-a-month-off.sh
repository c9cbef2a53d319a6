#!/usr/bin/env bash
# A date that a BACnet device tells is a month later in node-bacnet, and a clock that node-bacnet sets is a month slow.
#
# Packages: node-bacnet==0.2.4, @bacnet-js/client==3.3.2 (npm), bacpypes3==0.0.110 (PyPI)
# Guess: a Date of BACnet has the month as 1 to 12 (ASHRAE 135, 20.2.12), and a JavaScript library turns that to the 0 to 11 of its
#   Date and back, so what a device holds is read and a device's clock can be set. UTC time synchronization sends UTC.
# Behaviour: the number is taken over as it is, both ways. 30 November is read as 30 December, 31 January as 3 March; a clock is set to the
#   month before, in January to month 0, which there is not. What one end of the library writes the other reads, so its own tests pass.
#   @bacnet-js/client has the months right. UTC synchronization of both sends the local time, here that of Taipei.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
npm_packages node-bacnet@0.2.4 @bacnet-js/client@3.3.2
pip_packages bacpypes3==0.0.110

cat >client.js <<'JAVASCRIPT'
const [, , name, address, own] = process.argv;
const Bacnet = require(name);
const client = new (Bacnet.default ?? Bacnet)({ interface: "127.0.0.1", port: Number(own) });
const device = name === "node-bacnet" ? address : { address };
const dateValue = { type: 42, instance: 1 };

client.on("listening", async () => {
  for (const month of [10, 0]) {
    client.timeSync(device, new Date(2026, month, 30, 10, 0));
    client.timeSyncUTC(device, new Date(2026, month, 30, 10, 0));
  }
  for (let read = 0; read < 3; read++) {
    const { values } = await new Promise((resolve, reject) => {
      client.readProperty(device, dateValue, 85, {}, (error, answer) => (error ? reject(error) : resolve(answer)))?.then(resolve, reject);
    });
    console.log(values[0].value.toDateString());
  }
  process.exit();
});
JAVASCRIPT

cat >device.py <<'PYTHON'
import os
import socket
import subprocess
import sys

from bacpypes3.pdu import PDUData
from bacpypes3.primitivedata import Date, TagList, Time

DATES = [(126, 11, 30, 1), (126, 1, 31, 6), (126, 12, 31, 4)]
for name in ("node-bacnet", "@bacnet-js/client"):
    device = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    device.bind(("127.0.0.1", 0))
    device.settimeout(60)
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(("127.0.0.1", 0))
    port = own.getsockname()[1]
    own.close()
    command = ["node", "client.js", name, f"127.0.0.1:{device.getsockname()[1]}", str(port)]
    client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TZ": "Asia/Taipei"})
    for sync in ("local", "UTC") * 2:
        octets = device.recv(1500)
        tags = TagList.decode(PDUData(octets[octets.index(b"\xa4") :]))
        print(f"{name} sets the clock, {sync}:", Date.decode(tags), Time.decode(tags))
    for told in DATES:
        octets, client_address = device.recvfrom(1500)
        apdu = octets[octets.index(b"\x0c\x0a\x80\x00\x01") - 4 :]
        (tag,) = Date(told).encode()
        answer = b"\x01\x00\x30" + apdu[2:3] + b"\x0c\x0c\x0a\x80\x00\x01\x19\x55\x3e" + bytes(tag.encode().pduData) + b"\x3f"
        device.sendto(b"\x81\x0a" + (len(answer) + 4).to_bytes(2, "big") + answer, client_address)
    for told, read in zip(DATES, client.communicate(timeout=60)[0].splitlines(), strict=True):
        print(f"{name} reads {Date(told)} as {read}")
PYTHON
"$python" -I -W ignore device.py >"$saw"

still_seen <<'SEEN'
node-bacnet sets the clock, local: 2026-10-30 mon 10:00:00.00
node-bacnet sets the clock, UTC: 2026-10-30 mon 10:00:00.00
node-bacnet sets the clock, local: 2026-0-30 fri 10:00:00.00
node-bacnet sets the clock, UTC: 2026-0-30 fri 10:00:00.00
node-bacnet reads 2026-11-30 mon as Wed Dec 30 2026
node-bacnet reads 2026-1-31 sat as Tue Mar 03 2026
node-bacnet reads 2026-12-31 thu as Sun Jan 31 2027
@bacnet-js/client sets the clock, local: 2026-11-30 mon 10:00:00.00
@bacnet-js/client sets the clock, UTC: 2026-11-30 mon 10:00:00.00
@bacnet-js/client sets the clock, local: 2026-1-30 fri 10:00:00.00
@bacnet-js/client sets the clock, UTC: 2026-1-30 fri 10:00:00.00
@bacnet-js/client reads 2026-11-30 mon as Mon Nov 30 2026
@bacnet-js/client reads 2026-1-31 sat as Sat Jan 31 2026
@bacnet-js/client reads 2026-12-31 thu as Thu Dec 31 2026
SEEN
