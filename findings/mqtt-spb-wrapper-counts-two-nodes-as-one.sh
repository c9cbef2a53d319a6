#!/usr/bin/env bash
# Two edge nodes of mqtt-spb-wrapper in one process count their messages together.
#
# Packages: mqtt-spb-wrapper==2.1.2 (PyPI), sparkplug-payload@1.0.3 (npm)
# Guess: seq begins at 0 with the birth of an edge node and grows by one with each message of that node (Sparkplug 3.0, 6.4.8):
#   a host that sees a gap has lost a message, and asks for a rebirth.
# Behaviour: there is one counter for all nodes of a process, and each birth sets it to 0. With two nodes each host sees gaps in both
#   at every turn, and numbers come again when one of them is born, whatever arrives.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages mqtt-spb-wrapper==2.1.2
npm_packages sparkplug-payload@1.0.3

"$python" -I - <<'PYTHON'
from pathlib import Path

from mqtt_spb_wrapper import SpbEntity

lines = {name: SpbEntity("site", name) for name in ("line3", "line4")}


def told(number, name, payload):
    Path(f"{number} {name}").write_bytes(payload)


for number, name in enumerate(lines):
    lines[name].data.set_value("parcels", 0)
    told(number, name, lines[name].serialize_payload_birth())
for number in range(2, 8):
    name = ("line3", "line4")[number % 2]
    lines[name].data.set_value("parcels", number)
    told(number, name, lines[name].serialize_payload_data())
told(8, "line4", lines["line4"].serialize_payload_birth())
lines["line3"].data.set_value("parcels", 9)
told(9, "line3", lines["line3"].serialize_payload_data())
PYTHON

cat >numbers.cjs <<'JAVASCRIPT'
const { readdirSync, readFileSync } = require("fs");
const { decodePayload } = require("sparkplug-payload").get("spBv1.0");

for (const line of ["line3", "line4"]) {
  const files = readdirSync(".").filter((file) => file.endsWith(` ${line}`)).sort();
  console.log(line, "seq", files.map((file) => Number(decodePayload(readFileSync(file)).seq)).join(", "));
}
JAVASCRIPT
node numbers.cjs >"$saw"

still_seen <<'SEEN'
line3 seq 0, 1, 3, 5, 1
line4 seq 0, 2, 4, 6, 0
SEEN
