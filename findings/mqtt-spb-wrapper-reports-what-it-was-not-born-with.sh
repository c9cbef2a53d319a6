#!/usr/bin/env bash
# The metrics of which mqtt-spb-wrapper sends values are none of those that its birth certificate names.
#
# Packages: mqtt-spb-wrapper==2.1.2 (PyPI), sparkplug-payload@1.0.3 (npm)
# Guess: a birth certificate names each metric that will ever be reported, and DATA has those names or their aliases (Sparkplug 3.0,
#   6.4.7 and 6.4.16), so a host of any make knows which value has changed.
# Behaviour: the birth says DATA/weight, the data says weight. Two of this library understand each other, for they cut the
#   prefix off; to any other host each value is of a metric that was never born, for which it asks for a rebirth, in vain.
#   With data.birth_prefix = "" the name in the birth is /weight.
# Seen: 2026-11-29, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages mqtt-spb-wrapper==2.1.2
npm_packages sparkplug-payload@1.0.3

"$python" -I - <<'PYTHON'
from pathlib import Path

from mqtt_spb_wrapper import SpbEntity

for prefix in ("as it is", ""):
    scale = SpbEntity("site", "line3", "scale")
    if not prefix:
        scale.data.birth_prefix = prefix
    scale.data.set_value("weight", 500)
    Path(f"{prefix} birth").write_bytes(scale.serialize_payload_birth())
    scale.data.set_value("weight", 750)
    Path(f"{prefix} data").write_bytes(scale.serialize_payload_data())
PYTHON

cat >names.cjs <<'JAVASCRIPT'
const { readFileSync } = require("fs");
const { decodePayload } = require("sparkplug-payload").get("spBv1.0");

const names = (file) => decodePayload(readFileSync(file)).metrics.map(({ name }) => name);
for (const prefix of ["as it is", ""]) console.log(`prefix ${prefix || "''"}: born with ${names(`${prefix} birth`)}, reports ${names(`${prefix} data`)}`);
JAVASCRIPT
node names.cjs >"$saw"

still_seen <<'SEEN'
prefix as it is: born with DATA/weight, reports weight
prefix '': born with /weight, reports weight
SEEN
